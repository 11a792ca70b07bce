/* A small seeded generator (splitmix64): the same seed gives the same population, on any machine.
 * One draw per statement, so that replay does not hang on evaluation order. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { PPM_ALL = 1000000 };

struct prng {
    uint64_t state;
};

static inline uint64_t prng_next(struct prng *prng)
{
    prng->state += 0x9E3779B97F4A7C15u;
    uint64_t z = prng->state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* A generator of its own for the @index-th of something, so that drawing more for one does not
 * change the others. */
static inline struct prng prng_fork(uint64_t seed, uint64_t index)
{
    struct prng prng = {seed ^ (index + 1) * 0xD1342543DE82EF95u};
    (void)prng_next(&prng);
    return prng;
}

/* 0 .. @count - 1; @count is not 0. (The bias of the modulo is below 2^-32 for our counts.) */
static inline uint64_t prng_below(struct prng *prng, uint64_t count)
{
    return prng_next(prng) % count;
}

/* True in @ppm of a million draws. */
static inline bool prng_chance(struct prng *prng, uint32_t ppm)
{
    return prng_below(prng, PPM_ALL) < ppm;
}
