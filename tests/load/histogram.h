/* Latencies in buckets whose width grows with the value: 64 to a power of two, so a percentile is
 * true to 1.6 %. Fixed memory, no allocation. */
#pragma once

#include <stdint.h>

enum { HISTOGRAM_SUB = 64, HISTOGRAM_BUCKETS = HISTOGRAM_SUB * 40 };

struct histogram {
    uint64_t count;
    uint64_t max;
    uint64_t bucket[HISTOGRAM_BUCKETS];
};

static inline void histogram_add(struct histogram *histogram, uint64_t value)
{
    unsigned shift = value < 2 * HISTOGRAM_SUB ? 0 : 57u - (unsigned)__builtin_clzll(value);
    uint64_t index = (uint64_t)shift * HISTOGRAM_SUB + (value >> shift);
    histogram->bucket[index < HISTOGRAM_BUCKETS ? index : HISTOGRAM_BUCKETS - 1]++;
    histogram->count++;
    histogram->max = value > histogram->max ? value : histogram->max;
}

/* The value that @per_mille of a thousand are not above (the bucket's upper end), 0 if empty. */
static inline uint64_t histogram_at(const struct histogram *histogram, uint64_t per_mille)
{
    uint64_t wanted = (histogram->count * per_mille + 999) / 1000;
    uint64_t seen = 0;
    for (uint64_t i = 0; i < HISTOGRAM_BUCKETS && wanted != 0; i++) {
        seen += histogram->bucket[i];
        if (seen >= wanted) {
            uint64_t shift = i < 2 * HISTOGRAM_SUB ? 0 : i / HISTOGRAM_SUB - 1;
            uint64_t top = ((i - shift * HISTOGRAM_SUB + 1) << shift) - 1;
            return top < histogram->max ? top : histogram->max;
        }
    }
    return histogram->max;
}
