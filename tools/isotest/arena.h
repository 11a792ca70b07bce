/* An arena: memory that is taken piece by piece and freed all at once.
 *
 * A tree has thousands of nodes and one life. So that its builders need not ask after every node
 * whether there was memory, an arena that is out of it goes on to hand out one and the same piece
 * (the sink) and sets @failed: builders look at it now and then and stop, nobody walks what was
 * built. */
#pragma once

#include <stdalign.h>

#include "iso8583/base/bytes.h"

enum { ARENA_PIECE_LEN_MAX = 1024 /* what arena_take() may be asked for */ };

struct arena_block;

struct arena {
    struct arena_block *blocks;
    uint8_t *ptr;
    size_t left;
    size_t len;     /* taken from the system */
    size_t len_max; /* beyond it, @failed */
    bool failed;
    alignas(16) uint8_t sink[ARENA_PIECE_LEN_MAX];
};

void arena_init(struct arena *arena, size_t len_max);

/* Wipes everything (scripts hold keys) and frees it. */
void arena_deinit(struct arena *arena);

/* @len (at most ARENA_PIECE_LEN_MAX) zeroed bytes, aligned for anything. Never NULL. */
void *arena_take(struct arena *arena, size_t len);

/* Zeroed bytes for @count things of @size, or NULL after setting @failed. */
void *arena_array(struct arena *arena, size_t count, size_t size);

/* A copy of @bytes that lives in the arena; empty after setting @failed. */
struct span arena_copy(struct arena *arena, struct span bytes);
