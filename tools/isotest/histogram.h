/* Latencies in microseconds, in buckets whose width grows with the value: exact to 2047 us, then
 * 1024 buckets to a power of two, so that every percentile is true to three digits (0.1 %) from a
 * microsecond to more than an hour. It is HdrHistogram's layout for three significant digits, and
 * histogram_write() writes its percentile format, which its plotters read. Fixed memory; adding is
 * a shift and an increment. */
#pragma once

#include <stdio.h>

#include "iso8583/base/bytes.h"

enum {
    HISTOGRAM_HALF = 1024, /* buckets to a power of two */
    HISTOGRAM_SHIFT_MAX = 21,
    HISTOGRAM_BUCKETS = (HISTOGRAM_SHIFT_MAX + 2) * HISTOGRAM_HALF,
};

#define HISTOGRAM_US_MAX 4294967295ll /* 71 minutes; what is above counts as this */

struct histogram {
    uint64_t count;
    int64_t min_us; /* exact; 0 while empty */
    int64_t max_us; /* exact */
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

static inline uint32_t histogram_index(uint64_t us)
{
    unsigned shift = us < 2 * HISTOGRAM_HALF ? 0 : 53u - (unsigned)__builtin_clzll(us);
    return shift * HISTOGRAM_HALF + (uint32_t)(us >> shift);
}

/* Count @us; below 0 is 0. */
static inline void histogram_add(struct histogram *histogram, int64_t us)
{
    int64_t value = us < 0 ? 0 : us > HISTOGRAM_US_MAX ? HISTOGRAM_US_MAX : us;
    histogram->buckets[histogram_index((uint64_t)value)]++;
    histogram->min_us =
        histogram->count == 0 || value < histogram->min_us ? value : histogram->min_us;
    histogram->max_us = value > histogram->max_us ? value : histogram->max_us;
    histogram->count++;
}

/* Forget everything. */
void histogram_reset(struct histogram *histogram);

/* Add all of @from. */
void histogram_merge(struct histogram *to, const struct histogram *from);

/* The value in microseconds that @per_million of a million are not above (990000: p99): the upper
 * end of its bucket, at most the maximum; 0 if empty. */
int64_t histogram_at(const struct histogram *histogram, uint32_t per_million);

/* How many values lie from @low_us (above 0) to below @high_us; true where both are powers of two.
 */
uint64_t histogram_between(const struct histogram *histogram, int64_t low_us, int64_t high_us);

/* The percentile table of HdrHistogram, values in milliseconds. 0 or ERR_IO. */
MUST_USE int histogram_write(const struct histogram *histogram, FILE *out);
