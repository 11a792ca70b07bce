/* Fixed-capacity hash map in the caller's memory: fixed-length keys to 32-bit values.
 *
 * Open addressing with linear probing and backward-shift removal, so there are no tombstones and a
 * long-lived map does not decay. Deterministic: the same operations give the same layout. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "iso8583/base/error.h"

struct map {
    uint8_t *slots; /* capacity * stride bytes, the caller's */
    size_t stride;  /* used (1), value (4), key */
    size_t key_len;
    uint32_t capacity; /* slots; a power of two */
    uint32_t count;
    uint32_t count_max; /* 3/4 of the capacity: probes stay short */
};

/* Bytes of memory that a map for @count_max entries of @key_len bytes needs. */
size_t map_memory(uint32_t count_max, size_t key_len);

/* Make an empty map in @memory (map_memory() bytes, owned by the caller, as long as the map). */
void map_init(struct map *map, void *memory, uint32_t count_max, size_t key_len);

/* Add @key (key_len bytes, copied). Returns 0, ERR_EXISTS (nothing changed), or ERR_FULL. */
MUST_USE int map_add(struct map *map, const void *key, uint32_t value);

/* Find @key; true and *@value if it is there. */
bool map_find(const struct map *map, const void *key, uint32_t *value);

/* Remove @key; false if it was not there. */
bool map_remove(struct map *map, const void *key);

/* Visit the entries in slot order: start with *@cursor = 0; false at the end. Do not change the map
 * while visiting. @key borrows from the map. */
bool map_next(const struct map *map, uint32_t *cursor, const uint8_t **key, uint32_t *value);
