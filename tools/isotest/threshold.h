/* Thresholds of a load run: `p99<100ms`, `failed<0.1%`, `rate>=2000`. All numbers are integers. */
#pragma once

#include "tools/isotest/histogram.h"

enum { THRESHOLDS_MAX = 16, THRESHOLD_TEXT_LEN = 64, LATENCY_TEXT_LEN = 32 };

/* To add a figure: a name, a row in figures[] of threshold.c and a case in threshold_judge(). */
enum threshold_figure {
    THRESHOLD_LATENCY, /* a percentile from the intended start; microseconds */
    THRESHOLD_FAILED,  /* share of transactions; millionths */
    THRESHOLD_RATE,    /* transactions a second; thousandths */
};

struct threshold {
    const char *text;     /* as given; borrowed */
    uint8_t figure;       /* enum threshold_figure */
    uint32_t per_million; /* LATENCY: which percentile */
    bool is_least;        /* > or >= */
    bool is_open;         /* < or >: the limit itself is a miss */
    int64_t limit;
};

/* What was measured. */
struct threshold_figures {
    const struct histogram *latency;
    uint64_t passed;
    uint64_t failed;
    int64_t rate_milli;
};

/* Read one. 0, or ERR_USAGE with *@why (static) in words. */
MUST_USE int threshold_parse(const char *text, struct threshold *out, const char **why);

/* Whether it holds; what was measured is written to @got ("11.9 ms"). Where nothing was measured it
 * does not hold. */
bool threshold_judge(const struct threshold *threshold, const struct threshold_figures *figures,
                     char got[THRESHOLD_TEXT_LEN]);

/* "11.9 ms", "0.85 ms", "12.3 s": @us for people. */
const char *latency_text(int64_t us, char buf[LATENCY_TEXT_LEN]);
