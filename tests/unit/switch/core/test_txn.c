#include "switch/core/txn.h"
#include "tests/unit/iso8583/suite.h"

enum { SLOTS = 3 };

static struct slab slab;
static struct txn slots[SLOTS];

START_TEST(slab_gives_each_slot_once_and_then_none)
{
    struct txn *taken[SLOTS];
    slab_init(&slab, slots, SLOTS);
    for (size_t i = 0; i < SLOTS; i++) {
        taken[i] = slab_acquire(&slab);
        ck_assert_ptr_nonnull(taken[i]);
        for (size_t j = 0; j < i; j++) {
            ck_assert_ptr_ne(taken[i], taken[j]);
        }
    }
    ck_assert_ptr_null(slab_acquire(&slab));
    ck_assert_uint_eq(slab.used, SLOTS);
    slab_release(&slab, taken[1]);
    ck_assert_ptr_eq(slab_acquire(&slab), taken[1]);
    ck_assert_uint_eq(slab.peak, SLOTS);
}
END_TEST

START_TEST(token_tells_slot_generation_and_question)
{
    slab_init(&slab, slots, SLOTS);
    slab_acquire(&slab);
    struct txn *t = slab_acquire(&slab);
    for (unsigned kind = 0; kind < EVENT_COUNT; kind++) {
        uint64_t token = token_make(t, (enum event_kind)kind);
        ck_assert_uint_eq(token_slot(token), t->slot);
        ck_assert_uint_eq(token_generation(token), t->generation);
        ck_assert_uint_eq(token_question(token), kind);
        ck_assert_ptr_eq(slab_find(&slab, token), t);
    }
}
END_TEST

START_TEST(token_of_who_is_gone_finds_nobody)
{
    slab_init(&slab, slots, 1);
    struct txn *t = slab_acquire(&slab);
    uint64_t token = token_make(t, EV_MAC_CHECKED);
    slab_release(&slab, t);
    ck_assert_ptr_null(slab_find(&slab, token));
    struct txn *next = slab_acquire(&slab);
    ck_assert_ptr_eq(next, t);
    ck_assert_ptr_null(slab_find(&slab, token));
    ck_assert_ptr_eq(slab_find(&slab, token_make(next, EV_MAC_CHECKED)), next);
}
END_TEST

START_TEST(token_of_a_free_or_unknown_slot_finds_nobody)
{
    slab_init(&slab, slots, SLOTS);
    ck_assert_ptr_null(slab_find(&slab, 0));
    ck_assert_ptr_null(slab_find(&slab, UINT64_MAX));
    ck_assert_ptr_null(slab_find(&slab, SLOTS));
}
END_TEST

static size_t count_of(const void *bytes, size_t len, const char *text)
{
    size_t count = 0;
    for (size_t i = 0; i + strlen(text) <= len; i++) {
        count += memcmp((const uint8_t *)bytes + i, text, strlen(text)) == 0 ? 1 : 0;
    }
    return count;
}

START_TEST(release_wipes_what_was_secret)
{
    static const char pan[] = "4111111111111111";
    slab_init(&slab, slots, 1);
    struct txn *t = slab_acquire(&slab);
    memcpy(t->bytes + 100, pan, sizeof pan);
    memcpy(t->out + 50, pan, sizeof pan);
    memcpy(t->record.pan, pan, sizeof pan);
    memcpy(t->hsm.pin_block, pan, sizeof t->hsm.pin_block);
    memcpy(t->outcome.passed_bytes, pan, sizeof pan);
    t->outcome.passed_len = sizeof pan;
    t->bytes_len = 200;
    t->out_len = 200;
    slab_release(&slab, t);
    ck_assert_uint_eq(count_of(t, sizeof *t, pan), 0);
    ck_assert_uint_eq(count_of(t, sizeof *t, "41111111"), 0);
}
END_TEST

/* Whatever a transaction left behind, the next one begins like the first. */
START_TEST(acquired_slot_remembers_nothing)
{
    slab_init(&slab, slots, 1);
    struct txn *t = slab_acquire(&slab);
    t->marked = true;
    t->phase = PHASE_ASKED;
    t->intake.conn = 9;
    t->intake.conn_lost = true;
    t->intake.follower = 0;
    t->intake.tpdu_len = 5;
    t->hsm.translated = true;
    t->route.link = 1;
    t->route.stans_held = true;
    t->outcome.repeat = true;
    t->outcome.passed_count = 3;
    t->reverse.dead = true;
    t->record.seq = 7;
    t->record.marked = true;
    slab_release(&slab, t);
    ck_assert_ptr_eq(slab_acquire(&slab), t);
    ck_assert(!t->marked && !t->intake.conn_lost && !t->hsm.translated && !t->route.stans_held);
    ck_assert(!t->outcome.repeat && !t->reverse.dead && !t->record.marked && !t->route.pending);
    ck_assert_int_eq(t->phase, PHASE_FRESH);
    ck_assert_int_eq(t->awaits, EVENT_COUNT);
    ck_assert_uint_eq(t->intake.follower, SLOT_NONE);
    ck_assert_uint_eq(t->intake.conn, 0);
    ck_assert_uint_eq(t->intake.tpdu_len, 0);
    ck_assert_uint_eq(t->outcome.passed_count, 0);
    ck_assert_int_eq(t->route.link, -1);
    ck_assert_int_eq(t->route.issuer, -1);
    ck_assert_int_eq(t->route.issuer_of_pump, -1);
    ck_assert_int_eq(t->intake.terminal, -1);
    ck_assert_uint_eq(t->record.seq, 0);
    ck_assert_int_eq(t->record.replacement_minor, -1);
}
END_TEST

SUITE_MAIN("txn", slab_gives_each_slot_once_and_then_none, token_tells_slot_generation_and_question,
           token_of_who_is_gone_finds_nobody, token_of_a_free_or_unknown_slot_finds_nobody,
           release_wipes_what_was_secret, acquired_slot_remembers_nothing)
