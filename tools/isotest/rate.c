#include "tools/isotest/rate.h"

#include <math.h>

/* A number above 0, at most 1. */
static double random_share(struct rate *rate)
{
    /* splitmix64 (Vigna). */
    rate->random += 0x9E3779B97F4A7C15u;
    uint64_t mixed = rate->random;
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EBu;
    mixed ^= mixed >> 31;
    return ((double)(mixed >> 11) + 1) / 9007199254740992.0; /* 2^53 */
}

/* When the area under the rate, from @from_us on, is @need arrivals. While it ramps that area is
 * per_s / (2 * ramp) * (to^2 - from^2). */
static double area_end_us(const struct rate *rate, double from_us, double need)
{
    double per_us = rate->per_s / 1e6;
    if (from_us < rate->ramp_us) {
        double slope = per_us / (2 * rate->ramp_us);
        double left = slope * (rate->ramp_us * rate->ramp_us - from_us * from_us);
        if (need <= left) {
            return sqrt(from_us * from_us + need / slope);
        }
        need -= left;
        from_us = rate->ramp_us;
    }
    return from_us + need / per_us;
}

void rate_next(struct rate *rate)
{
    double need = rate->is_poisson ? -log(random_share(rate)) : 1;
    rate->due_us = area_end_us(rate, rate->due_us, need);
}

void rate_init(struct rate *rate, double per_s, int64_t ramp_us, bool is_poisson, uint64_t seed)
{
    CHECK(per_s > 0);
    *rate = (struct rate){.per_s = per_s,
                          .ramp_us = (double)ramp_us,
                          .is_poisson = is_poisson,
                          .random = seed,
                          .due_us = 0};
    rate_next(rate);
}

void rate_change(struct rate *rate, double per_s, int64_t now_us)
{
    CHECK(per_s > 0);
    double old_per_s = rate->per_s;
    rate->per_s = per_s;
    if (rate->due_us > (double)now_us) {
        /* What is left of the interval goes on at the new pace. */
        rate->due_us = (double)now_us + (rate->due_us - (double)now_us) * old_per_s / per_s;
    }
}

void rate_skip(struct rate *rate, int64_t now_us)
{
    if (rate->due_us < (double)now_us) {
        rate->due_us = area_end_us(rate, (double)now_us, 1);
    }
}

double rate_at(const struct rate *rate, int64_t at_us)
{
    bool is_ramp = (double)at_us < rate->ramp_us;
    return is_ramp ? rate->per_s * (double)at_us / rate->ramp_us : rate->per_s;
}
