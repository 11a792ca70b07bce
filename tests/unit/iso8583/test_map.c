/* The map against a plain array of what it should hold, over long random runs of few keys, so that
 * runs of probing form, wrap around and are broken up again. */
#include "iso8583/base/map.h"

#include <string.h>

#include "tests/unit/iso8583/suite.h"

enum { KEYS = 64, COUNT_MAX = 40, OPS = 30000, MEMORY_MAX = 4096 };

static uint64_t random_state;

static uint32_t random_below(uint32_t bound)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 33) % bound;
}

struct model {
    bool used[KEYS];
    uint32_t value[KEYS];
    uint32_t count;
};

static void key_make(uint32_t key, uint8_t *out, size_t key_len)
{
    memset(out, 0x5A, key_len);
    out[0] = (uint8_t)key;
}

static void assert_same(const struct map *map, const struct model *model)
{
    bool seen[KEYS] = {false};
    uint32_t cursor = 0;
    uint32_t count = 0;
    const uint8_t *key;
    uint32_t value;
    while (map_next(map, &cursor, &key, &value)) {
        ck_assert_uint_lt(key[0], KEYS);
        ck_assert(model->used[key[0]] && !seen[key[0]]);
        ck_assert_uint_eq(value, model->value[key[0]]);
        seen[key[0]] = true;
        count++;
    }
    ck_assert_uint_eq(count, model->count);
    ck_assert_uint_eq(map->count, model->count);
}

static void op(struct map *map, struct model *model, size_t key_len)
{
    uint8_t key[16];
    uint32_t k = random_below(KEYS);
    uint32_t kind = random_below(3);
    uint32_t value = random_below(UINT32_MAX);
    uint32_t found = 0;
    key_make(k, key, key_len);
    if (kind == 0) {
        int want = model->used[k] ? ERR_EXISTS : model->count == COUNT_MAX ? ERR_FULL : 0;
        ck_assert_int_eq(map_add(map, key, value), want);
        if (want == 0) {
            model->used[k] = true;
            model->value[k] = value;
            model->count++;
        }
    } else if (kind == 1) {
        ck_assert(map_remove(map, key) == model->used[k]);
        model->count -= model->used[k];
        model->used[k] = false;
    }
    ck_assert(map_find(map, key, &found) == model->used[k]);
    ck_assert(!model->used[k] || found == model->value[k]);
}

START_TEST(random_operations_agree_with_a_plain_array)
{
    static const size_t key_lens[] = {1, 7, 16};
    for (size_t i = 0; i < sizeof key_lens / sizeof key_lens[0]; i++) {
        static uint8_t memory[MEMORY_MAX];
        struct map map;
        struct model model = {.count = 0};
        random_state = 88172645463325252ull + i;
        ck_assert_uint_le(map_memory(COUNT_MAX, key_lens[i]), MEMORY_MAX);
        map_init(&map, memory, COUNT_MAX, key_lens[i]);
        for (unsigned n = 0; n < OPS; n++) {
            op(&map, &model, key_lens[i]);
            if (n % 64 == 0) {
                assert_same(&map, &model);
            }
        }
        ck_assert_uint_gt(model.count, 0);
    }
}
END_TEST

START_TEST(full_map_refuses_the_new_and_keeps_the_old)
{
    uint8_t memory[MEMORY_MAX];
    struct map map;
    uint32_t value;
    map_init(&map, memory, 3, 1);
    for (uint8_t key = 1; key <= 3; key++) {
        ck_assert_int_eq(map_add(&map, &key, key), 0);
    }
    uint8_t fourth = 4;
    uint8_t first = 1;
    ck_assert_int_eq(map_add(&map, &fourth, 4), ERR_FULL);
    ck_assert_int_eq(map_add(&map, &first, 9), ERR_EXISTS);
    ck_assert(map_find(&map, &first, &value));
    ck_assert_uint_eq(value, 1);
    ck_assert(map_remove(&map, &first));
    ck_assert(!map_remove(&map, &first));
    ck_assert_int_eq(map_add(&map, &fourth, 4), 0);
}
END_TEST

SUITE_MAIN("map", random_operations_agree_with_a_plain_array,
           full_map_refuses_the_new_and_keeps_the_old)
