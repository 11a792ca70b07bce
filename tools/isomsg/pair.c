#include "tools/isomsg/pair.h"

#include <stdlib.h>

#include "iso8583/mti.h"

enum { ELEMENTS_MAX = 5, PART_LEN_MAX = 64 };

/* To add a round: a row with the elements that must be there and equal; the strictest first. The
 * type of message belongs to every key. */
static const struct {
    uint8_t de[ELEMENTS_MAX];
} rounds[PAIR_KEYS] = {
    {{11, 41, 7, 37}},
    {{11, 41, 7}},
    {{11, 41}},
    {{37}},
};

/* FNV-1a, 64 bits. Keys that only collide would pair two messages whose difference is then shown:
 * it is not for safety. */
static uint64_t hash_add(uint64_t hash, struct span bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        hash = (hash ^ bytes.ptr[i]) * 0x100000001B3ull;
    }
    return (hash ^ 0xFF) * 0x100000001B3ull; /* where one part ends */
}

struct pair_key pair_key_of(const struct iso_msg *msg)
{
    struct pair_key key = {.partner = PAIR_NONE};
    for (size_t i = 0; i < PAIR_KEYS; i++) {
        uint8_t mti[2];
        /* The version is that of the dialect: the same message has another one in another. */
        be16_put(mti, mti_original(msg->mti) & 0x0FFF);
        uint64_t hash = hash_add(0xCBF29CE484222325ull, span_make(mti, sizeof mti));
        bool has_all = true;
        for (size_t k = 0; k < ELEMENTS_MAX && rounds[i].de[k] != 0; k++) {
            has_all = has_all && iso_has(msg, rounds[i].de[k]);
            hash = hash_add(hash, iso_get(msg, rounds[i].de[k]));
        }
        key.hash[i] = !has_all ? 0 : hash != 0 ? hash : 1;
    }
    return key;
}

/* A message in the order of one round's keys. */
struct place {
    uint64_t hash;
    size_t index;
};

static int place_compare(const void *a, const void *b)
{
    const struct place *x = a;
    const struct place *y = b;
    if (x->hash != y->hash) {
        return x->hash < y->hash ? -1 : 1;
    }
    return x->index < y->index ? -1 : x->index > y->index;
}

/* Those of @keys that are free and have a key in @round, in its order. */
static size_t places_make(const struct pair_key *keys, size_t count, size_t round,
                          struct place *places)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        if (keys[i].partner == PAIR_NONE && keys[i].hash[round] != 0) {
            places[found++] = (struct place){keys[i].hash[round], i};
        }
    }
    qsort(places, found, sizeof places[0], place_compare);
    return found;
}

int pairs_make(struct pair_key *a, size_t a_count, struct pair_key *b, size_t b_count)
{
    struct place *a_places = calloc(a_count + 1, sizeof *a_places);
    struct place *b_places = calloc(b_count + 1, sizeof *b_places);
    if (a_places == NULL || b_places == NULL) {
        free(a_places);
        free(b_places);
        return ERR_MEMORY;
    }
    for (size_t round = 0; round < PAIR_KEYS; round++) {
        size_t a_left = places_make(a, a_count, round, a_places);
        size_t b_left = places_make(b, b_count, round, b_places);
        for (size_t i = 0, k = 0; i < a_left && k < b_left;) {
            if (a_places[i].hash == b_places[k].hash) {
                a[a_places[i].index].partner = (long)b_places[k].index;
                b[b_places[k].index].partner = (long)a_places[i].index;
                i++;
                k++;
            } else if (a_places[i].hash < b_places[k].hash) {
                i++;
            } else {
                k++;
            }
        }
    }
    free(a_places);
    free(b_places);
    return 0;
}
