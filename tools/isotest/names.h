/* Names to what they name: a hash table that grows, with keys of any length (base/map.h has keys of
 * one length and a fixed capacity). Names borrow; the table's memory is its arena's. */
#pragma once

#include "tools/isotest/arena.h"

struct name_slot {
    struct span name; /* ptr NULL: free */
    void *thing;
};

struct names {
    struct arena *arena;
    struct name_slot *slots;
    uint32_t capacity; /* a power of two, or 0 */
    uint32_t count;
};

/* Add @name for @thing (not NULL), unless it is there: then return what it names, else NULL. */
void *names_add(struct names *names, struct span name, void *thing);

/* What @name names, or NULL. */
void *names_find(const struct names *names, struct span name);

/* Names to numbers from 0 up, in the order in which they were first seen. */
struct slots {
    struct names names;
    struct span *array; /* names by number */
    uint32_t count;
    uint32_t cap;
};

enum { SLOT_NONE = UINT32_MAX };

/* The number of @name, which is added if it is new. */
uint32_t slots_take(struct slots *slots, struct span name);

/* The number of @name, or SLOT_NONE. */
uint32_t slots_find(const struct slots *slots, struct span name);
