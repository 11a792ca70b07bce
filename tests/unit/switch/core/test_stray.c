/* What is told of an answer that pairs with nothing, and of a terminal's message that nothing can
 * be read of: one pending request, and frames that are nearly its answer. */
#include "tests/unit/switch/core/small_core.h"

enum { PENDING_SEQ = 42 };

/* A core whose link is up, with one request of ours pending. */
static struct small_core *waiting_core(void)
{
    struct small_core *s = small_core_open();
    struct event opened = {.kind = EV_ISSUER_OPENED};
    small_core_step(s, &opened);
    struct txn *t = slab_acquire(&s->core->slab);
    memcpy(t->record.proc, "000000", 7);
    memcpy(t->record.terminal, "TERM0001", 9);
    memcpy(t->record.rrn, "632512000001", 13);
    t->record.seq = PENDING_SEQ;
    t->record.amount_minor = 1000;
    t->record.currency = 978;
    t->awaits = EV_ISSUER_ANSWERED;
    struct pair_key key = pair_key_make(2, "000001", "1121120000", "632512000001");
    ck_assert_int_eq(link_await(&s->core->links[0], &key, (uint32_t)(t - s->core->slab.slots)), 0);
    return s;
}

struct answer {
    uint16_t mti;
    const char *stan;
    const char *de7;
    const char *rrn;
    const char *amount;
};

/* Feed it, and return what is told of it. */
static const struct stray *told(struct small_core *s, struct answer answer)
{
    static uint8_t bytes[512];
    struct iso_msg msg;
    struct iso_error error;
    struct writer out = writer_make(bytes, sizeof bytes);
    struct event event = {.kind = EV_ISSUER_FRAME};
    iso_init(&msg, answer.mti);
    iso_set(&msg, 2, SPAN_LITERAL("4111111111111111"));
    iso_set(&msg, 3, SPAN_LITERAL("000000"));
    iso_set(&msg, 4, span_text(answer.amount));
    iso_set(&msg, 7, span_text(answer.de7));
    iso_set(&msg, 11, span_text(answer.stan));
    iso_set(&msg, 37, span_text(answer.rrn));
    iso_set(&msg, 39, SPAN_LITERAL("00"));
    iso_set(&msg, 41, SPAN_LITERAL("TERM0001"));
    ck_assert_int_eq(iso_encode(&msg, s->link.dialect, &out, &error), 0);
    event.u.issuer.message = writer_written(&out);
    small_core_step(s, &event);
    const struct action *action = small_core_did(s, ACT_STRAY);
    ck_assert_ptr_nonnull(action);
    return &action->u.stray;
}

START_TEST(stray_names_the_nearest_request_and_the_field_that_differs)
{
    static const struct {
        struct answer answer;
        unsigned de;
        const char *expected;
        const char *got;
    } rows[] = {
        {{0x0210, "000002", "1121120000", "632512000001", "000000001000"}, 11, "000001", "000002"},
        {{0x0210, "000001", "1121120001", "632512000001", "000000001000"},
         7,
         "1121120000",
         "1121120001"},
        {{0x0210, "000001", "1121120000", "632512000009", "000000001000"},
         37,
         "632512000001",
         "632512000009"},
        {{0x0430, "000001", "1121120000", "632512000001", "000000001000"}, 0, "02xx", "04xx"},
        /* It pairs, and is not its answer all the same. */
        {{0x0210, "000001", "1121120000", "632512000001", "000000001001"},
         4,
         "000000001000",
         "000000001001"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct small_core *s = waiting_core();
        const struct stray *stray = told(s, rows[i].answer);
        ck_assert_uint_eq(stray->link, 0);
        ck_assert_uint_eq(stray->mti, rows[i].answer.mti);
        ck_assert_str_eq(stray->stan, rows[i].answer.stan);
        ck_assert_str_eq(stray->rrn, rows[i].answer.rrn);
        ck_assert_str_eq(stray->code, "00");
        ck_assert_uint_eq(stray->near_seq, PENDING_SEQ);
        ck_assert_str_eq(stray->near_stan, "000001");
        ck_assert_str_eq(stray->near_rrn, "632512000001");
        ck_assert_uint_eq(stray->differ_count, 1);
        ck_assert_uint_eq(stray->differs[0].de, rows[i].de);
        ck_assert_str_eq(stray->differs[0].expected, rows[i].expected);
        ck_assert_str_eq(stray->differs[0].got, rows[i].got);
        small_core_close(s);
    }
}
END_TEST

START_TEST(stray_far_from_everything_has_no_nearest)
{
    struct small_core *s = waiting_core();
    const struct stray *stray =
        told(s, (struct answer){0x0210, "000009", "1121120009", "632512000009", "000000001000"});
    ck_assert_uint_eq(stray->near_seq, 0);
    ck_assert_uint_eq(stray->differ_count, 0);
    ck_assert_uint_eq(core_link_figures(s->core, 0).unmatched, 1);
    small_core_close(s);
}
END_TEST

START_TEST(stray_that_differs_twice_tells_both)
{
    struct small_core *s = waiting_core();
    const struct stray *stray =
        told(s, (struct answer){0x0210, "000009", "1121120009", "632512000001", "000000001000"});
    ck_assert_uint_eq(stray->differ_count, 2);
    ck_assert_uint_eq(stray->differs[0].de, 11);
    ck_assert_uint_eq(stray->differs[1].de, 7);
    small_core_close(s);
}
END_TEST

START_TEST(stray_of_one_that_is_answered_differs_in_nothing)
{
    struct small_core *s = waiting_core();
    s->core->slab.slots[1].awaits = EV_CLOSED; /* slot 0 is the core's spare */
    ck_assert_uint_eq(s->core->slab.slots[1].record.seq, PENDING_SEQ);
    const struct stray *stray =
        told(s, (struct answer){0x0210, "000001", "1121120000", "632512000001", "000000001000"});
    ck_assert_uint_eq(stray->near_seq, PENDING_SEQ);
    ck_assert_uint_eq(stray->differ_count, 0);
    small_core_close(s);
}
END_TEST

static void feed_terminal(struct small_core *s, struct span message)
{
    struct event event = {.kind = EV_TERMINAL_FRAME};
    event.u.terminal.conn = 77;
    event.u.terminal.message = message;
    small_core_step(s, &event);
}

static struct span terminal_message(struct small_core *s, bool complete)
{
    static uint8_t bytes[512];
    struct iso_msg msg;
    struct iso_error error;
    struct writer out = writer_make(bytes, sizeof bytes);
    iso_init(&msg, 0x0800);
    iso_set(&msg, 70, SPAN_LITERAL("301"));
    if (complete) {
        iso_set(&msg, 11, SPAN_LITERAL("000001"));
        iso_set(&msg, 41, SPAN_LITERAL("TERM0001"));
    }
    ck_assert_int_eq(iso_encode(&msg, s->listener.dialect, &out, &error), 0);
    return writer_written(&out);
}

START_TEST(only_what_does_not_decode_is_held_against_its_connection)
{
    struct small_core *s = small_core_open();
    feed_terminal(s, SPAN_LITERAL("GGGGGGGGGGGGGGGG"));
    const struct action *action = small_core_did(s, ACT_UNREADABLE);
    ck_assert_ptr_nonnull(action);
    ck_assert_uint_eq(action->u.terminal.conn, 77);
    ck_assert_int_eq(small_core_did(s, ACT_ALARM)->u.alarm.alarm, ALARM_MESSAGE_UNREADABLE);

    feed_terminal(s, terminal_message(s, false));
    ck_assert_ptr_null(small_core_did(s, ACT_UNREADABLE));
    ck_assert_int_eq(small_core_did(s, ACT_ALARM)->u.alarm.alarm, ALARM_MESSAGE_INCOMPLETE);

    feed_terminal(s, terminal_message(s, true));
    ck_assert_ptr_null(small_core_did(s, ACT_UNREADABLE));
    ck_assert_ptr_null(small_core_did(s, ACT_ALARM));
    small_core_close(s);
}
END_TEST

START_TEST(nonsense_is_told_when_no_slot_is_free_too)
{
    struct small_core *s = small_core_open();
    s->core->terminal_slots = s->settings.slots_max;
    feed_terminal(s, SPAN_LITERAL("GGGGGGGGGGGGGGGG"));
    ck_assert_ptr_nonnull(small_core_did(s, ACT_UNREADABLE));
    ck_assert_ptr_null(small_core_did(s, ACT_SEND_TERMINAL));
    small_core_close(s);
}
END_TEST

SUITE_MAIN("stray", stray_names_the_nearest_request_and_the_field_that_differs,
           stray_far_from_everything_has_no_nearest, stray_that_differs_twice_tells_both,
           stray_of_one_that_is_answered_differs_in_nothing,
           only_what_does_not_decode_is_held_against_its_connection,
           nonsense_is_told_when_no_slot_is_free_too)
