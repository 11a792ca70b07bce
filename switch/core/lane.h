/* Who waits, in the order of their deadlines.
 *
 * All who wait in one lane wait equally long, so a FIFO is sorted by nature and the head expires
 * first: no heap, no wheel. A lane whose waits differ a little (back-off with jitter) still keeps
 * its order, because insertion walks back from the tail. */
#pragma once

#include "switch/core/txn.h"

struct lane {
    struct list head;
};

static inline void lane_init(struct lane *lane)
{
    list_init(&lane->head);
}

/* Let @t wait until @deadline_ms. It must wait nowhere. */
static inline void lane_add(struct lane *lane, struct txn *t, int64_t deadline_ms)
{
    CHECK(list_is_empty(&t->wait));
    t->deadline_ms = deadline_ms;
    struct list *after = lane->head.prev;
    while (after != &lane->head && LIST_OWNER(after, struct txn, wait)->deadline_ms > deadline_ms) {
        after = after->prev;
    }
    list_append(after->next, &t->wait);
}

static inline void lane_remove(struct txn *t)
{
    list_remove(&t->wait);
}

static inline struct txn *lane_first(const struct lane *lane)
{
    struct list *node = list_first(&lane->head);
    return node == NULL ? NULL : LIST_OWNER(node, struct txn, wait);
}

/* When the head expires; INT64_MAX: the lane is empty. */
static inline int64_t lane_deadline_ms(const struct lane *lane)
{
    const struct txn *t = lane_first(lane);
    return t == NULL ? INT64_MAX : t->deadline_ms;
}

/* Everyone in it expires now: a link was cut. */
static inline void lane_expire(struct lane *lane, int64_t now_ms)
{
    for (struct list *node = lane->head.next; node != &lane->head; node = node->next) {
        struct txn *t = LIST_OWNER(node, struct txn, wait);
        t->deadline_ms = t->deadline_ms < now_ms ? t->deadline_ms : now_ms;
    }
}

/* One of it expires now, before the others. */
static inline void lane_hurry(struct lane *lane, struct txn *t, int64_t now_ms)
{
    list_remove(&t->wait);
    t->deadline_ms = now_ms;
    list_append(lane->head.next, &t->wait);
}
