/* Random fill of PIN blocks: the system's, or a generator that a test can repeat. */
#pragma once

#include "iso8583/base/bytes.h"

struct random {
    uint64_t state; /* of the generator; unused if the system's randomness is */
    bool is_seeded;
};

/* @seed 0: the system's randomness. */
struct random random_make(uint64_t seed);

/* Fill @out with @len bytes. Returns 0 or ERR_CRYPTO. */
MUST_USE int random_fill(struct random *random, uint8_t *out, size_t len);
