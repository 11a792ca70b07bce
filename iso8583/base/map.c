#include "iso8583/base/map.h"

#include <string.h>

#include "iso8583/base/check.h"

enum { SLOT_USED = 0, SLOT_VALUE = 1, SLOT_KEY = 5 };

static uint32_t capacity_for(uint32_t count_max)
{
    uint32_t capacity = 8;
    while (capacity / 4 * 3 < count_max) {
        CHECK(capacity < 1u << 30);
        capacity *= 2;
    }
    return capacity;
}

static uint8_t *slot_at(const struct map *map, uint32_t index)
{
    return map->slots + (size_t)index * map->stride;
}

static uint32_t hash(const struct map *map, const uint8_t *key)
{
    uint64_t h = 0x9E3779B97F4A7C15ull;
    for (size_t i = 0; i < map->key_len; i++) {
        h = (h ^ key[i]) * 0x100000001B3ull;
    }
    h ^= h >> 32;
    h *= 0xD6E8FEB86659FD93ull;
    return (uint32_t)(h >> 32) & (map->capacity - 1);
}

/* The slot that holds @key, or the free one where it would go. */
static uint32_t probe(const struct map *map, const void *key)
{
    uint32_t index = hash(map, key);
    while (slot_at(map, index)[SLOT_USED] != 0 &&
           memcmp(slot_at(map, index) + SLOT_KEY, key, map->key_len) != 0) {
        index = (index + 1) & (map->capacity - 1);
    }
    return index;
}

size_t map_memory(uint32_t count_max, size_t key_len)
{
    return (size_t)capacity_for(count_max) * (SLOT_KEY + key_len);
}

void map_init(struct map *map, void *memory, uint32_t count_max, size_t key_len)
{
    CHECK(memory != NULL);
    *map = (struct map){.slots = memory,
                        .stride = SLOT_KEY + key_len,
                        .key_len = key_len,
                        .capacity = capacity_for(count_max),
                        .count_max = count_max};
    memset(memory, 0, map_memory(count_max, key_len));
}

int map_add(struct map *map, const void *key, uint32_t value)
{
    uint32_t index = probe(map, key);
    uint8_t *slot = slot_at(map, index);
    if (slot[SLOT_USED] != 0) {
        return ERR_EXISTS;
    }
    if (map->count >= map->count_max) {
        return ERR_FULL;
    }
    slot[SLOT_USED] = 1;
    memcpy(slot + SLOT_VALUE, &value, sizeof value);
    memcpy(slot + SLOT_KEY, key, map->key_len);
    map->count++;
    return 0;
}

bool map_find(const struct map *map, const void *key, uint32_t *value)
{
    const uint8_t *slot = slot_at(map, probe(map, key));
    if (slot[SLOT_USED] == 0) {
        return false;
    }
    memcpy(value, slot + SLOT_VALUE, sizeof *value);
    return true;
}

bool map_remove(struct map *map, const void *key)
{
    uint32_t hole = probe(map, key);
    if (slot_at(map, hole)[SLOT_USED] == 0) {
        return false;
    }
    /* Close the hole: pull back each later entry of the run whose home lies at or before the hole.
     */
    uint32_t mask = map->capacity - 1;
    for (uint32_t i = (hole + 1) & mask; slot_at(map, i)[SLOT_USED] != 0; i = (i + 1) & mask) {
        uint32_t home = hash(map, slot_at(map, i) + SLOT_KEY);
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            memcpy(slot_at(map, hole), slot_at(map, i), map->stride);
            hole = i;
        }
    }
    memset(slot_at(map, hole), 0, map->stride);
    map->count--;
    return true;
}

bool map_next(const struct map *map, uint32_t *cursor, const uint8_t **key, uint32_t *value)
{
    for (; *cursor < map->capacity; (*cursor)++) {
        const uint8_t *slot = slot_at(map, *cursor);
        if (slot[SLOT_USED] != 0) {
            *key = slot + SLOT_KEY;
            memcpy(value, slot + SLOT_VALUE, sizeof *value);
            (*cursor)++;
            return true;
        }
    }
    return false;
}
