/* Seeded draws: the only source of chance in a simulated world.
 *
 * Each neighbour has dice of its own, so that another draw in one does not disturb the others. One
 * draw per statement: C leaves the order of evaluation open, and a seed must replay everywhere. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "iso8583/base/check.h"

struct dice {
    uint64_t state;
};

/* splitmix64 */
static inline uint64_t dice_next(struct dice *dice)
{
    dice->state += 0x9E3779B97F4A7C15ull;
    uint64_t z = dice->state;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ z >> 27) * 0x94D049BB133111EBull;
    return z ^ z >> 31;
}

static inline struct dice dice_make(uint64_t seed, uint64_t who)
{
    struct dice dice = {seed * 0xD6E8FEB86659FD93ull + who};
    dice_next(&dice);
    return dice;
}

/* 0 .. @count - 1. */
static inline uint32_t dice_below(struct dice *dice, uint32_t count)
{
    CHECK(count > 0);
    uint64_t drawn = dice_next(dice);
    return (uint32_t)(drawn % count);
}

/* @low .. @high, both included. */
static inline int64_t dice_between(struct dice *dice, int64_t low, int64_t high)
{
    CHECK(low <= high);
    uint64_t drawn = dice_next(dice);
    return low + (int64_t)(drawn % (uint64_t)(high - low + 1));
}

/* True in @permille of a thousand draws. Draws even if the answer is certain. */
static inline bool dice_hits(struct dice *dice, uint32_t permille)
{
    uint64_t drawn = dice_next(dice);
    return drawn % 1000 < permille;
}
