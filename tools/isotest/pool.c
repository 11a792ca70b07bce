/* Messages that are kept, and what is due at a time. */
#include "tools/isotest/engine_state.h"

/* --- messages that are kept ------------------------------------------------------------------- */

static struct kept *kept_get(struct engine *engine)
{
    struct kept *kept = engine->kept_free;
    if (kept != NULL) {
        engine->kept_free = kept->next;
    } else if (engine->kept_fresh < engine->kept_max) {
        kept = &engine->kepts[engine->kept_fresh++];
    }
    return kept;
}

struct kept *kept_take(struct engine *engine)
{
    struct kept *kept = kept_get(engine);
    while (kept == NULL && !list_is_empty(&engine->heard)) {
        engine->counts.forgotten++;
        heard_free(engine, LIST_OWNER(list_first(&engine->heard), struct heard, order));
        kept = kept_get(engine);
    }
    if (kept != NULL) {
        kept->refs = 1;
    }
    return kept;
}

void kept_hold(struct kept *kept)
{
    CHECK(kept->refs > 0);
    kept->refs++;
}

void kept_drop(struct engine *engine, struct kept *kept)
{
    if (kept != NULL && --kept->refs == 0) {
        /* Card data lies in it: the next message may be shorter. Wiped where it was used. */
        bytes_wipe(kept->held.wire, kept->held.wire_len);
        bytes_wipe(kept->held.room, kept->held.room_len);
        kept->held.present = false;
        kept->next = engine->kept_free;
        engine->kept_free = kept;
    }
}

void kept_put(struct engine *engine, struct kept **slot, struct kept *kept)
{
    if (kept != NULL) {
        kept_hold(kept);
    }
    kept_drop(engine, *slot);
    *slot = kept;
}

/* --- what is due: a binary heap of times ------------------------------------------------------ */

static void heap_place(struct engine *engine, uint32_t place, struct timed *timed)
{
    engine->heap[place] = timed;
    timed->place = place;
}

static void heap_up(struct engine *engine, uint32_t place)
{
    struct timed *timed = engine->heap[place];
    while (place > 1 && engine->heap[place / 2]->at_us > timed->at_us) {
        heap_place(engine, place, engine->heap[place / 2]);
        place /= 2;
    }
    heap_place(engine, place, timed);
}

static void heap_down(struct engine *engine, uint32_t place)
{
    struct timed *timed = engine->heap[place];
    for (;;) {
        uint32_t child = place * 2;
        if (child > engine->heap_len) {
            break;
        }
        if (child < engine->heap_len &&
            engine->heap[child + 1]->at_us < engine->heap[child]->at_us) {
            child++;
        }
        if (engine->heap[child]->at_us >= timed->at_us) {
            break;
        }
        heap_place(engine, place, engine->heap[child]);
        place = child;
    }
    heap_place(engine, place, timed);
}

void timed_clear(struct engine *engine, struct timed *timed)
{
    uint32_t place = timed->place;
    if (place == 0) {
        return;
    }
    struct timed *last = engine->heap[engine->heap_len--];
    timed->place = 0;
    if (last != timed) {
        heap_place(engine, place, last);
        heap_up(engine, place);
        heap_down(engine, last->place);
    }
}

static void on_timer(uv_timer_t *timer);

/* The timer rings for the earliest; it may ring early when that one was cleared since. */
static void timer_arm(struct engine *engine)
{
    if (engine->heap_len == 0 || engine->closing) {
        return;
    }
    int64_t left_us = engine->heap[1]->at_us - engine_now_us();
    uint64_t left_ms = left_us <= 0 ? 0 : (uint64_t)(left_us + 999) / 1000;
    uv_update_time(engine->loop);
    CHECK(uv_timer_start(&engine->timer, on_timer, left_ms, 0) == 0);
}

void timed_set(struct engine *engine, struct timed *timed, int64_t at_us)
{
    timed_clear(engine, timed);
    timed->at_us = at_us;
    CHECK(engine->heap_len < engine->heap_max);
    heap_place(engine, ++engine->heap_len, timed);
    heap_up(engine, engine->heap_len);
    if (timed->place == 1) {
        timer_arm(engine);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct engine *engine = timer->data;
    int64_t now_us = engine_look(engine);
    while (engine->heap_len > 0 && engine->heap[1]->at_us <= now_us) {
        struct timed *timed = engine->heap[1];
        timed_clear(engine, timed);
        switch ((enum timed_kind)timed->kind) {
        case TIMED_STRAND:
            strand_due((struct strand *)timed);
            break;
        case TIMED_REVERSAL:
            pending_due((struct pending *)timed);
            break;
        case TIMED_REPLY:
            delayed_due((struct delayed *)timed);
            break;
        }
    }
    timer_arm(engine);
}
