/* Which messages of two files belong together.
 *
 * Each message has a key of its type and what tells it from others of it. Pairs are made in rounds,
 * the strictest key first (pair.c has the table), of what no round before has taken; of messages
 * with equal keys the first goes with the first. Repeats (0201, 0421) are of the type they repeat,
 * and no card data is in a key. */
#pragma once

#include "iso8583/message.h"

enum { PAIR_KEYS = 4, PAIR_NONE = -1 };

/* The keys of one message, as numbers: 0 where it lacks what the key is made of. */
struct pair_key {
    uint64_t hash[PAIR_KEYS];
    long partner; /* index in the other file, or PAIR_NONE */
};

/* The keys of @msg (partner PAIR_NONE). */
struct pair_key pair_key_of(const struct iso_msg *msg);

/* Pair the @a_count messages of @a with those of @b: sets their partners. ERR_MEMORY. */
MUST_USE int pairs_make(struct pair_key *a, size_t a_count, struct pair_key *b, size_t b_count);
