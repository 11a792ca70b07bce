/* Every step meets every event. Goal: no row crashes, and nothing but the awaited answer of the
 * question that was asked moves a transaction. Method: a transaction is put by hand where a step
 * waits, in each phase that it can have there, and is then fed whatever there is. */
#include "tests/unit/switch/core/small_core.h"

/* Flows that begin where the transaction is to wait, so that it goes on as in life. */
static const uint8_t flows[STEP_COUNT][8] = {
    [STEP_MAC] = {STEP_MAC, STEP_ROUTE, STEP_OPEN, STEP_CLOSE, STEP_SIGN, STEP_REPLY, STEP_END},
    [STEP_OPEN] = {STEP_OPEN, STEP_PERMIT, STEP_CLOSE, STEP_SIGN, STEP_REPLY, STEP_END},
    [STEP_PIN] = {STEP_PIN, STEP_CLOSE, STEP_SIGN, STEP_REPLY, STEP_END},
    [STEP_ISSUER] = {STEP_ISSUER, STEP_CLOSE, STEP_SIGN, STEP_REPLY, STEP_END},
    [STEP_CLOSE] = {STEP_CLOSE, STEP_SIGN, STEP_REPLY, STEP_END},
    [STEP_SIGN] = {STEP_SIGN, STEP_REPLY, STEP_END},
    [STEP_REVERSE] = {STEP_REVERSE, STEP_SETTLE, STEP_END},
    [STEP_SETTLE] = {STEP_SETTLE, STEP_END},
};

static const uint8_t waiting_steps[] = {STEP_MAC,   STEP_OPEN, STEP_PIN,     STEP_ISSUER,
                                        STEP_CLOSE, STEP_SIGN, STEP_REVERSE, STEP_SETTLE};

/* Those that the core feeds itself; from outside they do not come. */
static bool is_inner(unsigned event)
{
    return event == EV_ISSUER_ANSWERED || event == EV_REVERSAL_ANSWERED;
}

static uint8_t phase_at(unsigned step)
{
    switch (step) {
    case STEP_MAC:
    case STEP_OPEN:
        return PHASE_FRESH;
    case STEP_PIN:
        return PHASE_OPENED;
    case STEP_ISSUER:
        return PHASE_ASKED;
    case STEP_CLOSE:
        return PHASE_JUDGED;
    default:
        return PHASE_CLOSED;
    }
}

static void fill_record(struct record *record)
{
    record->mti = 0x0200;
    record->money = MONEY_CREDIT;
    record->amount_minor = 1000;
    record->currency = 978;
    TEXT_SET(record->terminal, SPAN_LITERAL("TERM0001"));
    TEXT_SET(record->stan, SPAN_LITERAL("000007"));
    TEXT_SET(record->proc, SPAN_LITERAL("000000"));
    TEXT_SET(record->pan, SPAN_LITERAL("4111111111111111"));
    TEXT_SET(record->issuer, SPAN_LITERAL("visa"));
    TEXT_SET(record->link, SPAN_LITERAL("link"));
    TEXT_SET(record->link_stan, SPAN_LITERAL("000001"));
    TEXT_SET(record->reversal_stan, SPAN_LITERAL("000002"));
    TEXT_SET(record->link_de7, SPAN_LITERAL("1121120000"));
    TEXT_SET(record->rrn, SPAN_LITERAL("632512000001"));
}

static void fill_message(struct iso_msg *msg)
{
    iso_init(msg, 0x0200);
    iso_set(msg, 3, SPAN_LITERAL("000000"));
    iso_set(msg, 4, SPAN_LITERAL("000000001000"));
    iso_set(msg, 11, SPAN_LITERAL("000007"));
    iso_set(msg, 41, SPAN_LITERAL("TERM0001"));
}

/* A transaction that waits in @step, as if it had asked at SMALL_NOW_MS. */
static struct txn *wait_in(struct small_core *s, unsigned step)
{
    struct core *core = s->core;
    struct txn *t = slab_acquire(&core->slab);
    bool ours = step == STEP_REVERSE || step == STEP_SETTLE;
    core->now_ms = SMALL_NOW_MS;
    fill_record(&t->record);
    fill_message(&t->intake.msg);
    t->kind = ours ? kind_pumped() : kind_find(0x0200, SPAN_LITERAL("000000"));
    t->intake.terminal = ours ? -1 : 0;
    t->route.issuer = 0;
    t->route.link = 0;
    t->flow = flows[step];
    t->phase = phase_at(step);
    t->awaits = step_at(step)->awaits;
    t->began_us = 0;
    t->outcome.state = STATE_DECLINED;
    memcpy(t->outcome.code, "05", 3);
    if (ours) {
        t->route.issuer_of_pump = 0;
        core->issuers[0].pump.in_flight++;
    } else {
        core->terminal_slots++;
        t->record.seq = step == STEP_MAC || step == STEP_OPEN ? 0 : 42;
    }
    struct lane *lanes[] = {NULL, &core->hsm_lane, &core->link_lanes[0], &core->reversal_lane};
    int64_t waits_ms[] = {0, 1000, 10000, 2000};
    unsigned wait = step_at(step)->wait;
    if (lanes[wait] != NULL) {
        lane_add(lanes[wait], t, SMALL_NOW_MS + waits_ms[wait]);
    }
    return t;
}

/* What an event carries, addressed to @token. The pump's events name an issuer instead. */
static struct event event_for(unsigned kind, uint64_t token, struct book_answer *answer,
                              const struct hsm_reply *reply)
{
    static const struct record no_record;
    struct event event = {.kind = (enum event_kind)kind};
    answer->ref = kind == EV_REVERSAL_DUE || kind == EV_DRAW_ENDED ? 0 : token;
    switch (kind) {
    case EV_TERMINAL_FRAME:
        event.u.terminal.message = SPAN_LITERAL("0200 is not a message");
        break;
    case EV_ISSUER_FRAME:
        event.u.issuer.message = SPAN_LITERAL("0210 is not a message");
        break;
    case EV_TERMINAL_CLOSED:
    case EV_ISSUER_OPENED:
    case EV_ISSUER_CLOSED:
    case EV_LINK_ORDERED:
    case EV_TICKED:
        break;
    case EV_MAC_CHECKED:
    case EV_PIN_CHECKED:
    case EV_ANSWER_SIGNED:
        event.u.hsm.token = token;
        event.u.hsm.reply = reply;
        break;
    case EV_RECOVERED_DUE:
        event.u.record = &no_record;
        break;
    default:
        event.u.book = answer;
        break;
    }
    return event;
}

START_TEST(unawaited_event_moves_nothing)
{
    for (size_t i = 0; i < ARRAY_COUNT(waiting_steps); i++) {
        unsigned step = waiting_steps[i];
        for (unsigned kind = 0; kind < EVENT_COUNT; kind++) {
            if (kind == step_at(step)->awaits || is_inner(kind)) {
                continue;
            }
            struct small_core *s = small_core_open();
            struct txn *t = wait_in(s, step);
            struct book_answer answer = {.op = BOOK_CLOSE, .result = BOOK_IS_STORED};
            struct hsm_reply reply = {0};
            struct event event =
                event_for(kind, token_make(t, (enum event_kind)kind), &answer, &reply);
            uint32_t generation = t->generation;
            small_core_step(s, &event);
            ck_assert_msg(t->generation == generation && t->flow == flows[step] &&
                              t->flow_at == 0 && t->awaits == step_at(step)->awaits &&
                              t->phase == phase_at(step),
                          "%s moved by %s", step_name(step), event_name((enum event_kind)kind));
            small_core_close(s);
        }
    }
}
END_TEST

/* The right kind of answer, but to a question of another generation, slot, or kind. */
START_TEST(answer_to_another_question_moves_nothing)
{
    for (size_t i = 0; i < ARRAY_COUNT(waiting_steps); i++) {
        unsigned step = waiting_steps[i];
        enum event_kind awaits = (enum event_kind)step_at(step)->awaits;
        if (is_inner(awaits)) {
            continue;
        }
        struct small_core *s = small_core_open();
        struct txn *t = wait_in(s, step);
        uint64_t token = token_make(t, awaits);
        uint64_t wrong[] = {token + (2ull << 32),
                            token - (1ull << 32),
                            token ^ 1u,
                            token ^ (1u << 24),
                            0,
                            UINT64_MAX};
        for (size_t j = 0; j < ARRAY_COUNT(wrong); j++) {
            struct book_answer answer = {.op = BOOK_CLOSE, .result = BOOK_IS_STORED};
            struct hsm_reply reply = {0};
            struct event event = event_for(awaits, wrong[j], &answer, &reply);
            small_core_step(s, &event);
            ck_assert_msg(t->awaits == awaits && t->flow_at == 0, "%s", step_name(step));
            ck_assert_uint_eq(s->out.count, 0);
        }
        small_core_close(s);
    }
}
END_TEST

START_TEST(no_hsm_error_crashes_a_step_or_leaves_it_waiting)
{
    static const uint8_t steps[] = {STEP_MAC, STEP_PIN, STEP_SIGN};
    for (size_t i = 0; i < ARRAY_COUNT(steps); i++) {
        for (unsigned error = 0; error < 256; error++) {
            struct small_core *s = small_core_open();
            struct txn *t = wait_in(s, steps[i]);
            uint8_t awaits = t->awaits;
            struct book_answer answer = {0};
            struct hsm_reply reply = {.error = (uint8_t)error};
            struct event event =
                event_for(awaits, token_make(t, (enum event_kind)awaits), &answer, &reply);
            small_core_step(s, &event);
            ck_assert_msg(t->awaits != awaits, "%s waits on after %u", step_name(steps[i]), error);
            small_core_close(s);
        }
    }
}
END_TEST

static struct event ask_open(struct small_core *s, struct txn *t, struct book_answer *answer,
                             enum book_result result)
{
    (void)s;
    *answer = (struct book_answer){.op = BOOK_OPEN, .result = result};
    answer->record = t->record;
    answer->record.seq = 42;
    answer->record.state = STATE_DECLINED;
    memcpy(answer->record.code, "05", 3);
    struct hsm_reply unused = {0};
    return event_for(EV_OPENED, token_make(t, EV_OPENED), answer, &unused);
}

START_TEST(every_result_of_open_is_acted_upon)
{
    static const enum book_result results[] = {BOOK_IS_FRESH,  BOOK_IS_REPEAT_OPEN, BOOK_IS_REPEAT,
                                               BOOK_IS_OTHER,  BOOK_IS_TOO_OLD,     BOOK_IS_TOMBED,
                                               BOOK_IS_REFUSED};
    for (size_t i = 0; i < ARRAY_COUNT(results); i++) {
        struct small_core *s = small_core_open();
        struct txn *t = wait_in(s, STEP_OPEN);
        struct book_answer answer;
        struct event event = ask_open(s, t, &answer, results[i]);
        small_core_step(s, &event);
        bool told = small_core_did(s, ACT_SEND_TERMINAL) != NULL;
        bool stores = small_core_did(s, ACT_STORE) != NULL;
        bool goes_on = results[i] == BOOK_IS_FRESH || results[i] == BOOK_IS_REPEAT_OPEN;
        ck_assert_msg(told != goes_on && stores == goes_on, "%s", book_result_name(results[i]));
        small_core_close(s);
    }
}
END_TEST

static void expect_silence(unsigned step, int64_t at_ms, struct small_core **out)
{
    struct small_core *s = small_core_open();
    wait_in(s, step);
    struct event event = {.kind = EV_TICKED, .now_ms = at_ms - 1};
    ck_assert_int_eq(core_deadline_ms(s->core), at_ms);
    small_core_step(s, &event);
    ck_assert_uint_eq(s->out.count, 0);
    event.now_ms = at_ms;
    small_core_step(s, &event);
    *out = s;
}

START_TEST(silent_hsm_before_open_makes_us_silent)
{
    struct small_core *s;
    expect_silence(STEP_MAC, SMALL_NOW_MS + 1000, &s);
    ck_assert_ptr_null(small_core_did(s, ACT_SEND_TERMINAL));
    ck_assert_ptr_null(small_core_did(s, ACT_STORE));
    ck_assert_uint_eq(core_figures(s->core).slots_used, 0);
    small_core_close(s);
}
END_TEST

START_TEST(silent_hsm_after_open_is_recorded_as_declined)
{
    struct small_core *s;
    expect_silence(STEP_PIN, SMALL_NOW_MS + 1000, &s);
    const struct action *store = small_core_did(s, ACT_STORE);
    ck_assert_ptr_nonnull(store);
    ck_assert_int_eq(store->u.book.op, BOOK_CLOSE);
    ck_assert_uint_eq(store->u.book.record.state, STATE_DECLINED);
    ck_assert_str_eq(store->u.book.record.code, "96");
    ck_assert_ptr_null(small_core_did(s, ACT_SEND_TERMINAL));
    small_core_close(s);
}
END_TEST

START_TEST(silent_issuer_is_recorded_as_unknown_before_the_terminal_is_told)
{
    struct small_core *s;
    expect_silence(STEP_ISSUER, SMALL_NOW_MS + 10000, &s);
    const struct action *store = small_core_did(s, ACT_STORE);
    ck_assert_ptr_nonnull(store);
    ck_assert_uint_eq(store->u.book.record.state, STATE_UNKNOWN);
    ck_assert_str_eq(store->u.book.record.code, "91");
    ck_assert_ptr_null(small_core_did(s, ACT_SEND_TERMINAL));
    small_core_close(s);
}
END_TEST

START_TEST(silent_signing_drops_and_leaves_the_record_alone)
{
    struct small_core *s;
    expect_silence(STEP_SIGN, SMALL_NOW_MS + 1000, &s);
    ck_assert_ptr_null(small_core_did(s, ACT_STORE));
    ck_assert_ptr_null(small_core_did(s, ACT_SEND_TERMINAL));
    ck_assert_uint_eq(core_figures(s->core).slots_used, 0);
    small_core_close(s);
}
END_TEST

START_TEST(silent_reversal_is_tried_again)
{
    struct small_core *s;
    expect_silence(STEP_REVERSE, SMALL_NOW_MS + 2000, &s);
    int64_t next_ms = core_deadline_ms(s->core);
    ck_assert_uint_eq(core_figures(s->core).slots_used, 1);
    ck_assert_int_ge(next_ms, SMALL_NOW_MS + 3000);
    ck_assert_int_le(next_ms, SMALL_NOW_MS + 3250);
    small_core_close(s);
}
END_TEST

/* An answer of the issuer, with the key of what it answers. */
static void issuer_says(struct small_core *s, uint16_t mti, const char *stan, const char *code)
{
    uint8_t bytes[FRAME_LEN_MAX];
    struct writer out = writer_make(bytes, sizeof bytes);
    struct iso_msg msg;
    struct iso_error error;
    iso_init(&msg, mti);
    iso_set(&msg, 7, SPAN_LITERAL("1121120000"));
    iso_set(&msg, 11, span_text(stan));
    iso_set(&msg, 37, SPAN_LITERAL("632512000001"));
    iso_set(&msg, 39, span_text(code));
    ck_assert_int_eq(iso_encode(&msg, s->link.dialect, &out, &error), 0);
    struct event event = {.kind = EV_ISSUER_FRAME, .u.issuer.message = writer_written(&out)};
    small_core_step(s, &event);
}

/* A reversal on its way, and its request unanswered since long ago. */
static struct txn *reversal_waits(struct small_core *s)
{
    struct txn *t = wait_in(s, STEP_REVERSE);
    struct link *link = &s->core->links[0];
    struct pair_key request = pair_key_make(2, "000001", "1121120000", "632512000001");
    t->record.seq = 42;
    t->record.state = STATE_UNKNOWN;
    t->record.handed_ms = SMALL_WALL_MS - 90000;
    s->core->start_wall_ms = SMALL_WALL_MS - 100000;
    t->route.key = pair_key_make(4, "000002", "1121120000", "632512000001");
    t->route.pending = true;
    link->state = LINK_IS_SIGNED_ON;
    ck_assert_int_eq(link_await(link, &t->route.key, t->slot), 0);
    link_forget(link, &request, 42);
    return t;
}

START_TEST(unknown_original_is_believed_long_after_the_request)
{
    struct small_core *s = small_core_open();
    reversal_waits(s);
    issuer_says(s, 0x0430, "000002", "25");
    const struct action *store = small_core_did(s, ACT_STORE);
    ck_assert_ptr_nonnull(store);
    ck_assert_int_eq(store->u.book.op, BOOK_SETTLE);
    ck_assert_int_eq(store->u.book.settle, SETTLE_DONE);
    small_core_close(s);
}
END_TEST

/* It posts 90 s late, and its 25 was said before that. */
START_TEST(unknown_original_is_not_believed_when_its_answer_came_meanwhile)
{
    struct small_core *s = small_core_open();
    reversal_waits(s);
    issuer_says(s, 0x0210, "000001", "00");
    ck_assert_int_eq(small_core_did(s, ACT_STORE)->u.book.op, BOOK_LATE);
    issuer_says(s, 0x0430, "000002", "25");
    ck_assert_ptr_null(small_core_did(s, ACT_STORE));
    ck_assert_int_ge(core_deadline_ms(s->core), SMALL_NOW_MS + 1000);
    small_core_close(s);
}
END_TEST

START_TEST(reversal_that_is_never_acknowledged_becomes_a_dead_letter)
{
    struct small_core *s = small_core_open();
    struct txn *t = reversal_waits(s);
    t->reverse.agains = s->settings.agains_max - 1;
    issuer_says(s, 0x0430, "000002", "91");
    ck_assert_ptr_null(small_core_did(s, ACT_STORE));
    struct event event = {.kind = EV_TICKED, .now_ms = core_deadline_ms(s->core)};
    small_core_step(s, &event);
    const struct action *store = small_core_did(s, ACT_STORE);
    ck_assert_ptr_nonnull(store);
    ck_assert_int_eq(store->u.book.op, BOOK_SETTLE);
    ck_assert_int_eq(store->u.book.settle, SETTLE_DEAD);
    ck_assert_ptr_nonnull(small_core_did(s, ACT_ALARM));
    ck_assert_int_eq(s->core->issuers[0].pump.sweep_ms, event.now_ms + 3600000);
    small_core_close(s);
}
END_TEST

START_TEST(our_disk_has_no_time_limit)
{
    static const uint8_t steps[] = {STEP_OPEN, STEP_CLOSE, STEP_SETTLE};
    for (size_t i = 0; i < ARRAY_COUNT(steps); i++) {
        struct small_core *s = small_core_open();
        wait_in(s, steps[i]);
        ck_assert_int_eq(core_deadline_ms(s->core), INT64_MAX);
        small_core_close(s);
    }
}
END_TEST

START_TEST(every_row_has_what_its_kind_of_wait_needs)
{
    for (unsigned i = 0; i < STEP_COUNT; i++) {
        const struct step *step = step_at(i);
        ck_assert_ptr_nonnull(step->name);
        for (unsigned j = 0; j < i; j++) {
            ck_assert_str_ne(step->name, step_at(j)->name);
        }
        ck_assert_int_eq(step->resume == NULL, step->awaits == EVENT_COUNT);
        ck_assert_int_eq(step->enter == NULL, i == STEP_END);
        ck_assert(step->wait == WAIT_NONE || step->resume != NULL);
        ck_assert_uint_ne(step->silence, VERDICT_NONE);
    }
    ck_assert_ptr_null(step_at(STEP_COUNT));
}
END_TEST

/* A group that can neither repeat nor reverse: as long as one of its connections is there, somebody
 * is told, and else the approval does not stand. */
START_TEST(approval_stands_while_any_connection_of_its_terminal_is_there)
{
    static const struct {
        bool first_lost;
        bool newest_lost;
        uint8_t state;
    } rows[] = {{false, false, STATE_APPROVED},
                {true, false, STATE_APPROVED},
                {false, true, STATE_APPROVED},
                {true, true, STATE_UNKNOWN}};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct small_core *s = small_core_open();
        struct event event = {.kind = EV_TICKED};
        small_core_step(s, &event);
        s->group.lost_answer_reverse = true;
        struct txn *t = wait_in(s, STEP_CLOSE);
        struct txn *newest = slab_acquire(&s->core->slab);
        t->outcome.state = STATE_APPROVED;
        t->intake.follower = newest->slot;
        t->intake.conn_lost = rows[i].first_lost;
        newest->intake.conn_lost = rows[i].newest_lost;
        ck_assert_int_eq(close_enter(s->core, t), WAIT);
        const struct action *store = small_core_did(s, ACT_STORE);
        ck_assert_ptr_nonnull(store);
        ck_assert_uint_eq(store->u.book.record.state, rows[i].state);
        small_core_close(s);
    }
}
END_TEST

SUITE_MAIN("steps", unawaited_event_moves_nothing, answer_to_another_question_moves_nothing,
           no_hsm_error_crashes_a_step_or_leaves_it_waiting, every_result_of_open_is_acted_upon,
           silent_hsm_before_open_makes_us_silent, silent_hsm_after_open_is_recorded_as_declined,
           silent_issuer_is_recorded_as_unknown_before_the_terminal_is_told,
           silent_signing_drops_and_leaves_the_record_alone, silent_reversal_is_tried_again,
           unknown_original_is_believed_long_after_the_request,
           unknown_original_is_not_believed_when_its_answer_came_meanwhile,
           reversal_that_is_never_acknowledged_becomes_a_dead_letter, our_disk_has_no_time_limit,
           approval_stands_while_any_connection_of_its_terminal_is_there,
           every_row_has_what_its_kind_of_wait_needs)
