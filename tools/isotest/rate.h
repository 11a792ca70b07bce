/* When arrivals are due: an open model's schedule, which does not wait for answers. Arrivals are
 * evenly spaced, or at random (Poisson) around the same rate; while it ramps, the rate grows
 * linearly from 0. Pure: time is an argument, in microseconds since the schedule began. */
#pragma once

#include "iso8583/base/bytes.h"

struct rate {
    double per_s;
    double ramp_us;
    bool is_poisson;
    uint64_t random;
    double due_us; /* of the next arrival */
};

/* @per_s (above 0) arrivals a second after @ramp_us; the first is due one interval after 0. */
void rate_init(struct rate *rate, double per_s, int64_t ramp_us, bool is_poisson, uint64_t seed);

/* When the next arrival is due. */
static inline int64_t rate_due_us(const struct rate *rate)
{
    return (int64_t)(rate->due_us + 0.5);
}

/* It has arrived: on to the one after it. */
void rate_next(struct rate *rate);

/* Another rate from @now_us on; arrivals that are due by then stay due. */
void rate_change(struct rate *rate, double per_s, int64_t now_us);

/* Nothing happened from now on until @now_us (a pause): what was due is no longer. */
void rate_skip(struct rate *rate, int64_t now_us);

/* The rate that is meant at @at_us: less while it ramps. */
double rate_at(const struct rate *rate, int64_t at_us);
