#include "tools/isotest/arena.h"

#include <stdlib.h>

enum { BLOCK_LEN = 64 << 10, ALIGNMENT = 16 };

struct arena_block {
    struct arena_block *next;
    size_t len; /* of @bytes */
    alignas(16) uint8_t bytes[];
};

void arena_init(struct arena *arena, size_t len_max)
{
    *arena = (struct arena){.len_max = len_max};
}

void arena_deinit(struct arena *arena)
{
    while (arena->blocks != NULL) {
        struct arena_block *block = arena->blocks;
        arena->blocks = block->next;
        bytes_wipe(block->bytes, block->len);
        free(block);
    }
    bytes_wipe(arena->sink, sizeof arena->sink);
    arena->ptr = NULL;
    arena->left = 0;
}

static uint8_t *block_add(struct arena *arena, size_t len)
{
    if (len > arena->len_max || arena->len > arena->len_max - len) {
        return NULL;
    }
    struct arena_block *block = calloc(1, sizeof *block + len);
    if (block == NULL) {
        return NULL;
    }
    arena->len += len;
    block->len = len;
    block->next = arena->blocks;
    arena->blocks = block;
    return block->bytes;
}

static void *take(struct arena *arena, size_t len)
{
    if (arena->failed || len > SIZE_MAX - ALIGNMENT) {
        arena->failed = true;
        return NULL;
    }
    len = (len + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (len <= arena->left) {
        uint8_t *at = arena->ptr;
        arena->ptr += len;
        arena->left -= len;
        return at;
    }
    /* What is large has a block of its own, and the one in use goes on. */
    if (len > BLOCK_LEN / 4) {
        uint8_t *large = block_add(arena, len);
        arena->failed = large == NULL;
        return large;
    }
    uint8_t *block = block_add(arena, BLOCK_LEN);
    if (block == NULL) {
        arena->failed = true;
        return NULL;
    }
    arena->ptr = block + len;
    arena->left = BLOCK_LEN - len;
    return block;
}

void *arena_take(struct arena *arena, size_t len)
{
    CHECK(len <= ARENA_PIECE_LEN_MAX);
    void *piece = take(arena, len);
    if (piece == NULL) {
        memset(arena->sink, 0, sizeof arena->sink);
        return arena->sink;
    }
    return piece;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
    size_t len;
    if (__builtin_mul_overflow(count, size, &len)) {
        arena->failed = true;
        return NULL;
    }
    return take(arena, len);
}

struct span arena_copy(struct arena *arena, struct span bytes)
{
    uint8_t *copy = arena_array(arena, bytes.len, 1);
    if (copy == NULL) {
        return SPAN_NONE;
    }
    if (bytes.len > 0) {
        memcpy(copy, bytes.ptr, bytes.len);
    }
    return span_make(copy, bytes.len);
}
