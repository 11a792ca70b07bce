#include "tools/isotest/histogram.h"

#include <math.h>

enum { TICKS_PER_HALF = 5 }; /* lines of the table from 50 % to 75 %, to 87.5 %, ... */

void histogram_reset(struct histogram *histogram)
{
    memset(histogram, 0, sizeof *histogram);
}

void histogram_merge(struct histogram *to, const struct histogram *from)
{
    if (from->count == 0) {
        return;
    }
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        to->buckets[i] += from->buckets[i];
    }
    to->min_us = to->count == 0 || from->min_us < to->min_us ? from->min_us : to->min_us;
    to->max_us = from->max_us > to->max_us ? from->max_us : to->max_us;
    to->count += from->count;
}

static uint32_t shift_of(uint32_t index)
{
    return index < 2 * HISTOGRAM_HALF ? 0 : index / HISTOGRAM_HALF - 1;
}

/* The lowest and the highest value of a bucket. */
static int64_t bucket_low(uint32_t index)
{
    uint32_t shift = shift_of(index);
    return (int64_t)(index - shift * HISTOGRAM_HALF) << shift;
}

static int64_t bucket_high(uint32_t index)
{
    return bucket_low(index) + ((int64_t)1 << shift_of(index)) - 1;
}

static int64_t value_shown(const struct histogram *histogram, uint32_t index)
{
    int64_t high = bucket_high(index);
    return high < histogram->max_us ? high : histogram->max_us;
}

int64_t histogram_at(const struct histogram *histogram, uint32_t per_million)
{
    /* The rank, rounded up; the counts of a run times a million fit by far. */
    uint64_t wanted = (histogram->count * per_million + 999999) / 1000000;
    uint64_t seen = 0;
    wanted += wanted == 0;
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS && histogram->count != 0; i++) {
        seen += histogram->buckets[i];
        if (seen >= wanted) {
            return value_shown(histogram, i);
        }
    }
    return histogram->max_us;
}

uint64_t histogram_between(const struct histogram *histogram, int64_t low_us, int64_t high_us)
{
    uint64_t count = 0;
    CHECK(0 < low_us && low_us < high_us);
    for (uint32_t i = histogram_index((uint64_t)low_us);
         i <= histogram_index((uint64_t)high_us - 1) && i < HISTOGRAM_BUCKETS; i++) {
        count += histogram->buckets[i];
    }
    return count;
}

static void line_write(FILE *out, int64_t us, double percentile, uint64_t total)
{
    fprintf(out, "%12.3f %2.12f %10llu", (double)us / 1000, percentile, (unsigned long long)total);
    if (percentile < 1) {
        fprintf(out, " %14.2f", 1 / (1 - percentile));
    }
    fprintf(out, "\n");
}

/* The next level: the distance to 100 % is halved, and each half has as many lines. */
static double level_next(double level)
{
    double halves = floor(log2(100 / (100 - level))) + 1;
    return level + 100 / (TICKS_PER_HALF * exp2(halves));
}

static void foot_write(const struct histogram *histogram, FILE *out)
{
    double count = histogram->count == 0 ? 1 : (double)histogram->count;
    double sum = 0;
    double squares = 0;
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        double middle = (double)(bucket_low(i) + bucket_high(i)) / 2000;
        sum += middle * (double)histogram->buckets[i];
        squares += middle * middle * (double)histogram->buckets[i];
    }
    double mean = sum / count;
    double variance = squares / count - mean * mean;
    fprintf(out, "#[Mean    = %12.3f, StdDeviation   = %12.3f]\n", mean,
            variance > 0 ? sqrt(variance) : 0);
    fprintf(out, "#[Max     = %12.3f, Total count    = %12llu]\n", (double)histogram->max_us / 1000,
            (unsigned long long)histogram->count);
    fprintf(out, "#[Buckets = %12d, SubBuckets     = %12d]\n", HISTOGRAM_SHIFT_MAX + 1,
            2 * HISTOGRAM_HALF);
}

int histogram_write(const struct histogram *histogram, FILE *out)
{
    uint64_t seen = 0;
    double level = 0;
    fprintf(out, "%12s %14s %10s %14s\n\n", "Value", "Percentile", "TotalCount",
            "1/(1-Percentile)");
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS && seen < histogram->count; i++) {
        if (histogram->buckets[i] == 0) {
            continue;
        }
        seen += histogram->buckets[i];
        double reached = 100 * (double)seen / (double)histogram->count;
        while (level <= reached && seen < histogram->count) {
            line_write(out, value_shown(histogram, i), level / 100, seen);
            level = level_next(level);
        }
    }
    line_write(out, histogram->max_us, 1, histogram->count);
    foot_write(histogram, out);
    return fflush(out) == 0 && !ferror(out) ? 0 : ERR_IO;
}
