#include "routes/stub_posted.h"

#include <stdlib.h>

static_assert(offsetof(struct stub_name, stan) == 12 && offsetof(struct stub_name, de7) == 18,
              "RRN and STAN stand side by side: they are the key");

int posted_open(struct posted_table *table, uint32_t capacity)
{
    CHECK(capacity > 0);
    *table = (struct posted_table){.capacity = capacity, .next_seq = 1};
    table->ring = calloc(capacity, sizeof *table->ring);
    table->map_memory = malloc(map_memory(capacity, STUB_KEY_LEN));
    if (table->ring == NULL || table->map_memory == NULL) {
        return ERR_MEMORY;
    }
    map_init(&table->map, table->map_memory, capacity, STUB_KEY_LEN);
    return 0;
}

void posted_close(struct posted_table *table)
{
    free(table->ring);
    free(table->map_memory);
    *table = (struct posted_table){0};
}

static struct posted *slot_of(const struct posted_table *table, uint64_t seq)
{
    return &table->ring[seq % table->capacity];
}

struct posted *posted_newest(const struct posted_table *table, const struct stub_name *name)
{
    uint32_t index = 0;
    return map_find(&table->map, name->rrn, &index) ? &table->ring[index] : NULL;
}

struct posted *posted_older(const struct posted_table *table, const struct posted *posted)
{
    struct posted *older = slot_of(table, posted->older);
    return posted->older != 0 && older->seq == posted->older ? older : NULL;
}

static bool names_equal(const struct stub_name *a, const struct stub_name *b)
{
    return a->mti == b->mti && memcmp(a->rrn, b->rrn, sizeof a->rrn) == 0 &&
           memcmp(a->stan, b->stan, sizeof a->stan) == 0 &&
           memcmp(a->de7, b->de7, sizeof a->de7) == 0 &&
           memcmp(a->terminal, b->terminal, sizeof a->terminal) == 0;
}

struct posted *posted_find(const struct posted_table *table, const struct stub_name *name)
{
    struct posted *posted = posted_newest(table, name);
    for (int i = 0; posted != NULL && i < POSTED_WALK_MAX; i++) {
        if (posted->state != POSTED_TOMB && names_equal(&posted->name, name)) {
            return posted;
        }
        posted = posted_older(table, posted);
    }
    return NULL;
}

struct posted *posted_add(struct posted_table *table, const struct stub_name *name)
{
    uint64_t seq = table->next_seq++;
    uint32_t index = (uint32_t)(seq % table->capacity);
    struct posted *posted = &table->ring[index];
    uint32_t found = 0;
    /* Only the newest of its chain is in the map; older ones are reached by links, which a new seq
     * in this slot makes stale. */
    if (posted->seq != 0 && map_find(&table->map, posted->name.rrn, &found) && found == index) {
        CHECK(map_remove(&table->map, posted->name.rrn));
    }
    uint64_t older = 0;
    if (map_find(&table->map, name->rrn, &found)) {
        older = table->ring[found].seq;
        CHECK(map_remove(&table->map, name->rrn));
    }
    CHECK(map_add(&table->map, name->rrn, index) == 0);
    *posted = (struct posted){.seq = seq, .older = older, .name = *name};
    return posted;
}
