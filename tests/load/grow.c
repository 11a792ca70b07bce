#include "tests/load/grow.h"

#include <stdlib.h>

enum { COUNT_FIRST = 1024 };

int grow_array(void **items, uint32_t count, uint32_t *capacity, size_t size)
{
    if (count < *capacity) {
        return 0;
    }
    uint32_t wanted = *capacity == 0 ? COUNT_FIRST : *capacity * 2;
    void *more = realloc(*items, wanted * size);
    if (more == NULL) {
        return ERR_MEMORY;
    }
    *items = more;
    *capacity = wanted;
    return 0;
}

/* Move everything into a map of twice the size. */
static int grow_map_double(struct grow_map *grow)
{
    uint32_t wanted = grow->memory == NULL ? COUNT_FIRST : grow->map.count_max * 2;
    void *memory = malloc(map_memory(wanted, grow->key_len));
    if (memory == NULL) {
        return ERR_MEMORY;
    }
    struct map map;
    map_init(&map, memory, wanted, grow->key_len);
    uint32_t cursor = 0;
    const uint8_t *key = NULL;
    uint32_t value = 0;
    int result = 0;
    while (grow->memory != NULL && result == 0 && map_next(&grow->map, &cursor, &key, &value)) {
        result = map_add(&map, key, value);
    }
    free(grow->memory);
    grow->memory = memory;
    grow->map = map;
    return result;
}

int grow_map_add(struct grow_map *grow, const void *key, uint32_t value)
{
    int result = grow->memory == NULL ? ERR_FULL : map_add(&grow->map, key, value);
    if (result != ERR_FULL) {
        return result;
    }
    TRY(grow_map_double(grow));
    return map_add(&grow->map, key, value);
}

bool grow_map_find(const struct grow_map *grow, const void *key, uint32_t *value)
{
    return grow->memory != NULL && map_find(&grow->map, key, value);
}
