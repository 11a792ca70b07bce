/* What a simulated issuer remembers of each transaction, so that a repeat gets the same answer and
 * a reversal finds its original. A ring of fixed capacity: the oldest is forgotten for the newest.
 * Records are found by RRN and STAN; those that share both are linked, the newest first. */
#pragma once

#include "iso8583/base/map.h"
#include "routes/stub_entry.h"

enum posted_state {
    POSTED_HELD,     /* money is posted: all of it, or what a partial reversal left */
    POSTED_REVERSED, /* it was, and all of it was taken back */
    POSTED_REFUSED,  /* it never was */
    POSTED_TOMB,     /* not seen yet, and its reversal is answered already */
};

struct posted {
    uint64_t seq;   /* from 1 */
    uint64_t older; /* seq of the next with the same RRN and STAN, perhaps forgotten; 0: none */
    struct stub_name name;
    enum posted_state state;
    int64_t amount_minor;
    int64_t remaining_minor;
    uint32_t account;
    char proc[2];
    char auth[6];
    char code[2];
};

struct posted_table {
    struct map map; /* RRN and STAN to the index of the newest */
    void *map_memory;
    struct posted *ring;
    uint32_t capacity;
    uint64_t next_seq;
};

/* Room for @capacity records. Returns 0, or ERR_MEMORY; posted_close() it in either case. */
MUST_USE int posted_open(struct posted_table *table, uint32_t capacity);
void posted_close(struct posted_table *table);

/* The newest record with the RRN and STAN of @name, then the older ones; NULL at the end. Each is
 * valid until the next posted_add(). Walks at most POSTED_WALK_MAX. */
enum { POSTED_WALK_MAX = 64 };
struct posted *posted_newest(const struct posted_table *table, const struct stub_name *name);
struct posted *posted_older(const struct posted_table *table, const struct posted *posted);

/* The record of exactly this transaction, or NULL. */
struct posted *posted_find(const struct posted_table *table, const struct stub_name *name);

/* A new record named @name, all else zero. Never fails: it takes the place of the oldest. */
struct posted *posted_add(struct posted_table *table, const struct stub_name *name);
