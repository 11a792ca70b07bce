/* The figures that every operator asks for: counts by kind and code, times per stage and whole,
 * alarms. Fixed memory; kept by the driver on the loop thread. */
#pragma once

#include "iso8583/base/bytes.h"
#include "switch/core/action.h"

enum {
    FIGURES_CODES_MAX = 256, /* kind x DE39 pairs that were seen */
    FIGURES_ALARMS_MAX = 64, /* names */
    HISTOGRAM_BUCKETS = 64 * 32,
};

/* Log-linear: 32 linear steps in each power of two, so a percentile is within 3 %. */
struct histogram {
    uint64_t bucket[HISTOGRAM_BUCKETS];
    uint64_t count;
    uint64_t sum;
    uint64_t largest;
};

void histogram_add(struct histogram *histogram, uint64_t value);
/* The value below which @percent (0..100, in hundredths: 9990 is 99.9 %) of all lie. */
uint64_t histogram_percentile(const struct histogram *histogram, uint32_t percent_hundredths);

struct code_count {
    const char *kind; /* static */
    char code[3];
    uint64_t count;
    uint64_t repeats;
};

struct alarm_count {
    char name[32];
    char subject[48]; /* of the newest */
    int64_t number;
    int64_t wall_ms;
    uint64_t count;
};

struct figures {
    struct code_count codes[FIGURES_CODES_MAX];
    uint32_t code_count;
    struct alarm_count alarms[FIGURES_ALARMS_MAX];
    uint32_t alarm_count;
    struct histogram total_us; /* of transactions answered to terminals */
    struct histogram stage_us[STAGE_COUNT];
    uint64_t dropped; /* transactions that ended without an answer */
};

void figures_trace(struct figures *figures, const struct trace *trace);
void figures_alarm(struct figures *figures, const char *name, const char *subject, int64_t number,
                   int64_t wall_ms);
