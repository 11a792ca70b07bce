#include "switch/edge/figures.h"

static uint32_t bucket_of(uint64_t value)
{
    if (value < 32) {
        return (uint32_t)value;
    }
    unsigned exponent = 63u - (unsigned)__builtin_clzll(value);
    uint32_t index = (exponent - 4) * 32 + (uint32_t)(value >> (exponent - 5) & 31u);
    return index < HISTOGRAM_BUCKETS ? index : HISTOGRAM_BUCKETS - 1;
}

static uint64_t bucket_value(uint32_t index)
{
    if (index < 32) {
        return index;
    }
    unsigned exponent = index / 32 + 4;
    return (1ull << exponent) + ((uint64_t)(index % 32) << (exponent - 5));
}

void histogram_add(struct histogram *histogram, uint64_t value)
{
    histogram->bucket[bucket_of(value)]++;
    histogram->count++;
    histogram->sum += value;
    histogram->largest = value > histogram->largest ? value : histogram->largest;
}

uint64_t histogram_percentile(const struct histogram *histogram, uint32_t percent_hundredths)
{
    uint64_t wanted = (uint64_t)((__uint128_t)histogram->count * percent_hundredths / 10000);
    uint64_t seen = 0;
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += histogram->bucket[i];
        if (seen > wanted) {
            return bucket_value(i);
        }
    }
    return histogram->largest;
}

static void count_code(struct figures *figures, const struct trace *trace)
{
    for (uint32_t i = 0; i < figures->code_count; i++) {
        struct code_count *row = &figures->codes[i];
        if (row->kind == trace->kind && memcmp(row->code, trace->code, 3) == 0) {
            row->count++;
            row->repeats += trace->repeat;
            return;
        }
    }
    if (figures->code_count < FIGURES_CODES_MAX) {
        struct code_count *row = &figures->codes[figures->code_count++];
        *row = (struct code_count){.kind = trace->kind, .count = 1, .repeats = trace->repeat};
        memcpy(row->code, trace->code, sizeof row->code);
    }
}

void figures_trace(struct figures *figures, const struct trace *trace)
{
    count_code(figures, trace);
    histogram_add(&figures->total_us, trace->total_us);
    for (unsigned i = 0; i < STAGE_COUNT; i++) {
        histogram_add(&figures->stage_us[i], trace->stage_us[i]);
    }
}

static void copy_text(char *out, size_t cap, const char *text)
{
    size_t len = strnlen(text, cap - 1);
    memcpy(out, text, len);
    out[len] = '\0';
}

void figures_alarm(struct figures *figures, const char *name, const char *subject, int64_t number,
                   int64_t wall_ms)
{
    uint32_t i = 0;
    while (i < figures->alarm_count && strcmp(figures->alarms[i].name, name) != 0) {
        i++;
    }
    if (i == FIGURES_ALARMS_MAX) {
        return;
    }
    if (i == figures->alarm_count) {
        figures->alarm_count++;
    }
    struct alarm_count *row = &figures->alarms[i];
    copy_text(row->name, sizeof row->name, name);
    copy_text(row->subject, sizeof row->subject, subject);
    row->number = number;
    row->wall_ms = wall_ms;
    row->count++;
}
