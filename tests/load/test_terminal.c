/* A terminal alone: what it sends, and how it judges what it hears. */
#include <check.h>
#include <stdlib.h>

#include "hsm_sim/engine/tester.h"
#include "iso8583/mti.h"
#include "tests/load/message.h"
#include "tests/load/setup.h"
#include "tests/load/support.h"
#include "tests/load/values.h"

enum { PAST = 8, SHOP = 0, KIOSK = 2 };

static const int64_t wall_ms = 1795164000123; /* 2026-11-20T08:40:00.123Z */

/* One terminal with a window of two, made anew for each test. */
struct bench {
    struct support support;
    struct tdes_ciphers ciphers;
    struct terminal_rules rules;
    struct terminal terminal;
    struct exchange exchanges[2];
    struct past past[PAST];
    struct stamp now;
    struct exchange *x; /* what the last answer concerned */
    char code[3];
};

static struct bench bench;

static void bench_open(size_t terminal)
{
    struct bench *b = &bench;
    memset(b, 0, sizeof *b);
    support_init(&b->support);
    b->rules = (struct terminal_rules){.dialect = dialect_find("iso87_bcd"),
                                       .currency = 978,
                                       .mac = true,
                                       .amount_low_minor = 100,
                                       .amount_high_minor = 20000};
    b->terminal.exchanges = b->exchanges;
    b->terminal.window = 2;
    b->terminal.past = b->past;
    b->terminal.past_count = PAST;
    stamp_make(&b->now, wall_ms);
    ck_assert_int_eq(tdes_ciphers_init(&b->ciphers), 0);
    ck_assert_int_eq(terminal_init(&b->terminal, &b->rules, &b->support.dataset,
                                   &b->support.dataset.terminals[terminal], &b->ciphers, 5),
                     0);
}

static void bench_shut(void)
{
    terminal_deinit(&bench.terminal);
    tdes_ciphers_deinit(&bench.ciphers);
    support_deinit(&bench.support);
}

static struct span wire_of(const struct exchange *x)
{
    return span_make(x->wire, x->wire_len);
}

/* Decode @wire; the bytes live until the next call. */
static const struct iso_msg *decoded(struct span wire)
{
    static struct iso_msg msg;
    static uint8_t bytes[2 * FRAME_LEN_MAX];
    struct writer scratch = writer_make(bytes, sizeof bytes);
    struct iso_error error;
    ck_assert_int_eq(iso_decode(bench.rules.dialect, wire, &scratch, &msg, &error), 0);
    return &msg;
}

/* The answer to @wire; with a MAC if the terminal has a TAK. */
struct reply {
    uint8_t bytes[FRAME_LEN_MAX];
    size_t len;
};

static struct reply reply_to(struct span wire, const char *code)
{
    struct reply reply;
    reply.len = answer_make(bench.rules.dialect, wire, code, reply.bytes);
    const struct dataset_terminal *row = bench.terminal.row;
    if (row->has_tak && bench.rules.mac) {
        /* DE64 is the last bit of the first bitmap, which stands behind the MTI (2 bytes). */
        uint8_t *mac = reply.bytes + reply.len;
        reply.bytes[2 + 7] |= 1;
        struct secret_span tak = {row->tak, DATASET_KEY_LEN};
        ck_assert_int_eq(hsm_tester_mac(tak, 1, span_make(reply.bytes, reply.len), mac), 0);
        reply.len += 8;
    }
    return reply;
}

static enum heard hear(const struct reply *reply)
{
    return terminal_hear(&bench.terminal, span_make(reply->bytes, reply->len), &bench.x,
                         bench.code);
}

static struct exchange *begun(void)
{
    struct exchange *x = &bench.exchanges[0];
    ck_assert_int_eq(exchange_begin(x, &bench.now), 0);
    return x;
}

START_TEST(request_carries_what_names_it)
{
    bench_open(KIOSK);
    const struct exchange *x = begun();
    const struct iso_msg *msg = decoded(wire_of(x));
    ck_assert_uint_eq(msg->mti, 0x0200);
    ck_assert(span_equal_text(iso_get(msg, 3), "000000"));
    ck_assert(span_equal_text(iso_get(msg, 7), "1120084000"));
    ck_assert(span_equal_text(iso_get(msg, 11), "000001"));
    ck_assert(span_equal_text(iso_get(msg, 12), "084000"));
    ck_assert(span_equal_text(iso_get(msg, 13), "1120"));
    ck_assert(span_equal_text(iso_get(msg, 41), "T0000003"));
    ck_assert(span_equal_text(iso_get(msg, 42), "MERCHANT0000001"));
    ck_assert(span_equal_text(iso_get(msg, 49), "978"));
    ck_assert(iso_has(msg, 2) != iso_has(msg, 35));
    ck_assert(!iso_has(msg, 64));
    ck_assert_uint_ge(x->amount_minor, 100);
    ck_assert_uint_le(x->amount_minor, 20000);
    bench_shut();
}
END_TEST

START_TEST(shop_signs_with_its_tak)
{
    bench_open(SHOP);
    const struct exchange *x = begun();
    uint8_t mac[8];
    struct secret_span tak = {bench.terminal.row->tak, DATASET_KEY_LEN};
    ck_assert_int_eq(hsm_tester_mac(tak, 1, span_make(x->wire, x->wire_len - 8), mac), 0);
    ck_assert_mem_eq(x->wire + x->wire_len - 8, mac, 8);
    ck_assert(span_equal(iso_get(decoded(wire_of(x)), 64), span_make(mac, 8)));
    bench_shut();
}
END_TEST

START_TEST(pin_block_is_iso_0_under_the_tpk)
{
    bench_open(KIOSK);
    bench.rules.pin_ppm = PPM_ALL;
    const struct exchange *x = begun();
    uint8_t block[8];
    struct secret_span tpk = {bench.terminal.row->tpk, DATASET_KEY_LEN};
    struct secret_span pin = {(const uint8_t *)x->card->pin, 4};
    ck_assert_int_eq(hsm_tester_pin_block(tpk, pin, span_text(x->card->pan), block), 0);
    const struct iso_msg *msg = decoded(wire_of(x));
    ck_assert(span_equal(iso_get(msg, 52), span_make(block, 8)));
    ck_assert(span_equal_text(iso_get(msg, 22), "051"));
    bench_shut();
}
END_TEST

START_TEST(approval_and_decline_are_told_apart)
{
    bench_open(SHOP);
    struct exchange *x = begun();
    struct reply reply = reply_to(wire_of(x), "00");
    ck_assert_int_eq(hear(&reply), HEARD_APPROVED);
    ck_assert_ptr_eq(bench.x, x);
    ck_assert_str_eq(x->rrn, "777777000001");
    ck_assert_str_eq(x->auth, "000001");
    ck_assert_uint_eq(x->approved_minor, x->amount_minor);
    exchange_end(x, false);
    x = begun();
    reply = reply_to(wire_of(x), "51");
    ck_assert_int_eq(hear(&reply), HEARD_DECLINED);
    ck_assert_str_eq(bench.code, "51");
    bench_shut();
}
END_TEST

START_TEST(answer_with_wrong_or_missing_mac_is_refused)
{
    bench_open(SHOP);
    const struct exchange *x = begun();
    struct reply reply = reply_to(wire_of(x), "00");
    reply.bytes[reply.len - 1] ^= 1;
    ck_assert_int_eq(hear(&reply), HEARD_BAD_MAC);
    reply.len = answer_make(bench.rules.dialect, wire_of(x), "00", reply.bytes);
    ck_assert_int_eq(hear(&reply), HEARD_BAD_MAC);
    ck_assert_int_eq(x->state, EXCHANGE_ASKED);
    bench_shut();
}
END_TEST

START_TEST(answer_must_echo_its_request)
{
    bench_open(KIOSK);
    const struct exchange *x = begun();
    struct reply good = reply_to(wire_of(x), "00");
    const struct iso_msg *msg = decoded(span_make(good.bytes, good.len));
    static const uint8_t echoed[] = {3, 4, 7, 41, 42};
    uint16_t at[ARRAY_COUNT(echoed)];
    for (size_t i = 0; i < ARRAY_COUNT(echoed); i++) {
        at[i] = msg->field[echoed[i]].at;
    }
    for (size_t i = 0; i < ARRAY_COUNT(echoed); i++) {
        struct reply bad = good;
        bad.bytes[at[i]] ^= 1;
        ck_assert_msg(hear(&bad) == HEARD_ECHO, "DE%u was not looked at", echoed[i]);
    }
    ck_assert_int_eq(hear(&good), HEARD_APPROVED);
    bench_shut();
}
END_TEST

START_TEST(partial_approval_has_its_own_amount)
{
    bench_open(KIOSK);
    bench.rules.amount_low_minor = 5000;
    struct exchange *x = begun();
    uint64_t asked = x->amount_minor;
    x->amount_minor = 1234;
    ck_assert_int_eq(exchange_repeat(x, &bench.now), 0);
    struct reply reply = reply_to(wire_of(x), "10");
    x->amount_minor = asked;
    ck_assert_int_eq(hear(&reply), HEARD_APPROVED);
    ck_assert_uint_eq(x->approved_minor, 1234);
    bench_shut();
}
END_TEST

START_TEST(answer_to_nothing_sent_is_invented)
{
    bench_open(KIOSK);
    struct exchange *x = begun();
    uint32_t stan = x->stan;
    x->stan = 4711;
    ck_assert_int_eq(exchange_repeat(x, &bench.now), 0);
    struct reply reply = reply_to(wire_of(x), "00");
    x->stan = stan;
    ck_assert_int_eq(hear(&reply), HEARD_INVENTED);
    struct reply garbage = {.bytes = {2, 0, 1, 2}, .len = 4};
    ck_assert_int_eq(hear(&garbage), HEARD_GARBLED);
    bench_shut();
}
END_TEST

START_TEST(second_answer_must_be_the_first)
{
    bench_open(KIOSK);
    struct exchange *x = begun();
    struct reply approval = reply_to(wire_of(x), "00");
    struct reply decline = reply_to(wire_of(x), "51");
    ck_assert_int_eq(hear(&approval), HEARD_APPROVED);
    exchange_end(x, false);
    ck_assert_int_eq(hear(&approval), HEARD_DUPLICATE);
    ck_assert_int_eq(hear(&decline), HEARD_CONTRADICTED);
    bench_shut();
}
END_TEST

START_TEST(reversed_one_may_be_declined_then)
{
    bench_open(KIOSK);
    struct exchange *x = begun();
    struct reply approval = reply_to(wire_of(x), "00");
    struct reply decline = reply_to(wire_of(x), "12");
    ck_assert_int_eq(hear(&approval), HEARD_APPROVED);
    ck_assert_int_eq(exchange_reverse(x, &bench.now), 0);
    struct reply done = reply_to(wire_of(x), "00");
    ck_assert_int_eq(hear(&decline), HEARD_DUPLICATE);
    ck_assert_int_eq(hear(&done), HEARD_REVERSED);
    exchange_end(x, true);
    ck_assert_int_eq(hear(&decline), HEARD_DUPLICATE);
    ck_assert_int_eq(hear(&done), HEARD_DUPLICATE);
    bench_shut();
}
END_TEST

START_TEST(reversal_names_the_request_it_takes_back)
{
    bench_open(SHOP);
    struct exchange *x = begun();
    ck_assert_int_eq(exchange_reverse(x, &bench.now), 0);
    const struct iso_msg *msg = decoded(wire_of(x));
    ck_assert_uint_eq(msg->mti, 0x0400);
    ck_assert(span_equal_text(iso_get(msg, 11), "000002"));
    ck_assert(span_equal_text(iso_get(msg, 90), "020000000111200840000000000000000000000000"));
    ck_assert(!iso_has(msg, 37));
    ck_assert(iso_has(msg, 128));
    ck_assert(!iso_has(msg, 52));
    bench_shut();
}
END_TEST

START_TEST(refused_reversal_is_sent_again)
{
    bench_open(KIOSK);
    struct exchange *x = begun();
    ck_assert_int_eq(exchange_reverse(x, &bench.now), 0);
    struct reply refusal = reply_to(wire_of(x), "96");
    ck_assert_int_eq(hear(&refusal), HEARD_REVERSAL_AGAIN);
    ck_assert_int_eq(x->state, EXCHANGE_REVERSING);
    bench_shut();
}
END_TEST

START_TEST(repeat_keeps_its_name_and_restamps_only_de7)
{
    bench_open(SHOP);
    bench.rules.restamp = true;
    bench.rules.repeat_mti = true;
    struct exchange *x = begun();
    struct reply first = reply_to(wire_of(x), "00");
    struct stamp later = {0};
    stamp_make(&later, wall_ms + 3000);
    ck_assert_int_eq(exchange_repeat(x, &later), 0);
    const struct iso_msg *msg = decoded(wire_of(x));
    ck_assert_uint_eq(msg->mti, 0x0201);
    ck_assert(span_equal_text(iso_get(msg, 11), "000001"));
    ck_assert(span_equal_text(iso_get(msg, 7), "1120084003"));
    ck_assert(span_equal_text(iso_get(msg, 12), "084000"));
    ck_assert(span_equal_text(iso_get(msg, 13), "1120"));
    /* The answer to either sending is good. */
    struct reply second = reply_to(wire_of(x), "00");
    ck_assert_int_eq(hear(&first), HEARD_APPROVED);
    exchange_end(x, false);
    ck_assert_int_eq(hear(&second), HEARD_DUPLICATE);
    bench_shut();
}
END_TEST

START_TEST(late_answer_does_not_stop_a_reversal)
{
    bench_open(KIOSK);
    struct exchange *x = begun();
    struct reply approval = reply_to(wire_of(x), "00");
    ck_assert_int_eq(exchange_reverse(x, &bench.now), 0);
    ck_assert_int_eq(hear(&approval), HEARD_LATE);
    ck_assert_int_eq(x->state, EXCHANGE_REVERSING);
    ck_assert_str_eq(x->rrn, "777777000001");
    bench_shut();
}
END_TEST

START_TEST(stans_wrap_and_never_are_zero)
{
    bench_open(KIOSK);
    terminal_resume(&bench.terminal, STAN_MAX - 1);
    ck_assert_uint_eq(begun()->stan, STAN_MAX);
    exchange_end(&bench.exchanges[0], false);
    ck_assert_uint_eq(begun()->stan, 1);
    bench_shut();
}
END_TEST

START_TEST(stans_go_on_behind_the_newest_whatever_line_is_last)
{
    bench_open(KIOSK);
    terminal_resume(&bench.terminal, STAN_MAX);
    terminal_resume(&bench.terminal, 1);
    terminal_resume(&bench.terminal, STAN_MAX); /* an older request is answered last */
    ck_assert_uint_eq(begun()->stan, 2);
    bench_shut();
}
END_TEST

START_TEST(same_seed_makes_the_same_set)
{
    struct support one;
    struct support two;
    support_init(&one);
    support_init(&two);
    for (uint32_t i = 0; i < SUPPORT_CARDS; i++) {
        struct span pan = span_text(one.dataset.cards[i].pan);
        ck_assert_str_eq(one.dataset.cards[i].track2, two.dataset.cards[i].track2);
        ck_assert_int_eq(luhn_digit(span_first(pan, pan.len - 1)), pan.ptr[pan.len - 1]);
    }
    for (uint32_t i = 0; i < SUPPORT_TERMINALS; i++) {
        ck_assert_mem_eq(one.dataset.terminals[i].tpk, two.dataset.terminals[i].tpk, 16);
        ck_assert_int_eq(one.dataset.terminals[i].has_tak,
                         strcmp(one.dataset.terminals[i].group, "shops") == 0);
    }
    support_deinit(&one);
    support_deinit(&two);
}
END_TEST

START_TEST(option_values_are_read_exactly)
{
    uint32_t out = 0;
    uint64_t low = 0;
    uint64_t high = 0;
    ck_assert_int_eq(value_percent("30%", &out), 0);
    ck_assert_uint_eq(out, 300000);
    ck_assert_int_eq(value_percent("0.25%", &out), 0);
    ck_assert_uint_eq(out, 2500);
    ck_assert_int_lt(value_percent("101%", &out), 0);
    ck_assert_int_lt(value_percent("3", &out), 0);
    ck_assert_int_eq(value_duration("500ms", &out), 0);
    ck_assert_uint_eq(out, 500);
    ck_assert_int_eq(value_duration("2m", &out), 0);
    ck_assert_uint_eq(out, 120000);
    ck_assert_int_lt(value_duration("2 m", &out), 0);
    ck_assert_int_eq(value_range("100-20000", 1000000, &low, &high), 0);
    ck_assert_uint_eq(low, 100);
    ck_assert_uint_eq(high, 20000);
    ck_assert_int_lt(value_range("5-4", 1000000, &low, &high), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("terminal");
    TCase *alone = tcase_create("alone");
    tcase_add_test(alone, request_carries_what_names_it);
    tcase_add_test(alone, shop_signs_with_its_tak);
    tcase_add_test(alone, pin_block_is_iso_0_under_the_tpk);
    tcase_add_test(alone, approval_and_decline_are_told_apart);
    tcase_add_test(alone, answer_with_wrong_or_missing_mac_is_refused);
    tcase_add_test(alone, answer_must_echo_its_request);
    tcase_add_test(alone, partial_approval_has_its_own_amount);
    tcase_add_test(alone, answer_to_nothing_sent_is_invented);
    tcase_add_test(alone, second_answer_must_be_the_first);
    tcase_add_test(alone, reversed_one_may_be_declined_then);
    tcase_add_test(alone, reversal_names_the_request_it_takes_back);
    tcase_add_test(alone, refused_reversal_is_sent_again);
    tcase_add_test(alone, repeat_keeps_its_name_and_restamps_only_de7);
    tcase_add_test(alone, late_answer_does_not_stop_a_reversal);
    tcase_add_test(alone, stans_wrap_and_never_are_zero);
    tcase_add_test(alone, stans_go_on_behind_the_newest_whatever_line_is_last);
    tcase_add_test(alone, same_seed_makes_the_same_set);
    tcase_add_test(alone, option_values_are_read_exactly);
    suite_add_tcase(suite, alone);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
