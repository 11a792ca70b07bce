/* Growable array and map for programs that read whole files: the auditor is no hot path. */
#pragma once

#include "iso8583/base/map.h"

struct grow_map {
    struct map map;
    void *memory; /* NULL until the first key */
    size_t key_len;
};

/* Make room for one more item of @size bytes at *@items, which is moved if it must be: *@items,
 * *@capacity change. 0 or ERR_MEMORY. */
MUST_USE int grow_array(void **items, uint32_t count, uint32_t *capacity, size_t size);

/* As map_add(), but never full: 0, ERR_EXISTS or ERR_MEMORY. Free @memory at the end. */
MUST_USE int grow_map_add(struct grow_map *grow, const void *key, uint32_t value);
bool grow_map_find(const struct grow_map *grow, const void *key, uint32_t *value);
