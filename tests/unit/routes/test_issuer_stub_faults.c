/* PINs, rules, chances, restarts: what goes wrong around the simulated issuer's money. */
#include "tests/unit/routes/stub_world.h"

START_TEST(pin_is_asked_of_the_hsm_as_the_card_says)
{
    struct message m = purchase(VISA, 2500, 1);
    iso_set(&m.msg, 52, SPAN_LITERAL("\x01\x23\x45\x67\x89\xAB\xCD\xEF"));
    ck_assert_str_eq(ask(bind(&m)), "--");
    ck_assert_int_eq(verdict.fate, STUB_ASK_PIN);
    ck_assert_uint_eq(verdict.entry_count, 0);
    const struct hsm_command *command = &verdict.pin_command;
    ck_assert_uint_eq(command->code, HSM_CODE('E', 'C'));
    ck_assert_span_text(command->arg[HSM_ARG_KEY], "UZPK");
    ck_assert_span_text(command->arg[HSM_ARG_PVK], "UPVK");
    ck_assert_span_text(command->arg[HSM_ARG_PIN_BLOCK], "0123456789ABCDEF");
    ck_assert_span_text(command->arg[HSM_ARG_FORMAT], "01");
    ck_assert_span_text(command->arg[HSM_ARG_ACCOUNT], "111111111111");
    ck_assert_span_text(command->arg[HSM_ARG_PVKI], "1");
    ck_assert_span_text(command->arg[HSM_ARG_PVV], "1234");
    ck_assert_str_eq(resume(&m.msg, HSM_OK), "00");
    ck_assert_int_eq(account(VISA)->balance_minor, 1000000 - 2500);
    stub_verdict_wipe(&verdict);
    ck_assert(memcmp(verdict.bytes.pin_block, (uint8_t[16]){0}, 16) == 0);
}
END_TEST

static const struct {
    int hsm_error;
    const char *code;
} pin_errors[] = {
    {HSM_VERIFY_FAILED, "55"}, {HSM_PIN_BLOCK, "55"},     {HSM_PIN_LEN, "55"},
    {HSM_INTERNAL, "96"},      {HSM_SOURCE_PARITY, "96"}, {STUB_HSM_SILENT, "96"},
};

START_TEST(pin_that_does_not_verify_is_declined_unposted)
{
    struct message m = purchase(VISA, 2500, 1);
    iso_set(&m.msg, 52, SPAN_LITERAL("\x01\x23\x45\x67\x89\xAB\xCD\xEF"));
    ck_assert_str_eq(ask(bind(&m)), "--");
    ck_assert_str_eq(resume(&m.msg, pin_errors[_i].hsm_error), pin_errors[_i].code);
    ck_assert_int_eq(account(VISA)->balance_minor, 1000000);
    /* The repeat is not given another try. */
    ck_assert_str_eq(ask(&m.msg), pin_errors[_i].code);
}
END_TEST

START_TEST(pin_that_nobody_can_verify_is_not_accepted)
{
    struct stub_settings settings = {.seed = 42, .posted_max = 64};
    struct message m = purchase(NO_PIN, 2500, 1);
    iso_set(&m.msg, 52, SPAN_LITERAL("\x01\x23\x45\x67\x89\xAB\xCD\xEF"));
    ck_assert_str_eq(ask(bind(&m)), "96");
    open_with(&settings, NULL);
    m = purchase(VISA, 2500, 1);
    iso_set(&m.msg, 52, SPAN_LITERAL("\x01\x23\x45\x67\x89\xAB\xCD\xEF"));
    ck_assert_str_eq(ask(bind(&m)), "96");
    ck_assert_int_eq(account(VISA)->balance_minor, 1000000);
}
END_TEST

START_TEST(reversal_while_the_pin_is_checked_wins)
{
    struct message m = purchase(VISA, 2500, 1);
    iso_set(&m.msg, 52, SPAN_LITERAL("\x01\x23\x45\x67\x89\xAB\xCD\xEF"));
    ck_assert_str_eq(ask(bind(&m)), "--");
    struct stub_plan plan = verdict.plan;
    struct message reversal = reversal_of(&m, 2);
    ck_assert_str_eq(ask(bind(&reversal)), "00");
    stub_resume(stub, &m.msg, &plan, HSM_OK, now_ms, &verdict);
    entries_replay();
    ck_assert(span_equal_text(iso_get(&verdict.answer, 39), "12"));
    ck_assert_int_eq(account(VISA)->balance_minor, 1000000);
}
END_TEST

START_TEST(repeat_while_the_pin_is_checked_posts_once)
{
    struct message m = purchase(VISA, 2500, 1);
    iso_set(&m.msg, 52, SPAN_LITERAL("\x01\x23\x45\x67\x89\xAB\xCD\xEF"));
    ck_assert_str_eq(ask(bind(&m)), "--");
    ck_assert_str_eq(ask(bind(&m)), "--");
    ck_assert_str_eq(resume(&m.msg, HSM_OK), "00");
    struct stub_plan plan = {0};
    stub_resume(stub, &m.msg, &plan, HSM_VERIFY_FAILED, now_ms, &verdict);
    ck_assert(span_equal_text(iso_get(&verdict.answer, 39), "00"));
    ck_assert_uint_eq(verdict.entry_count, 0);
    ck_assert_int_eq(account(VISA)->balance_minor, 1000000 - 2500);
}
END_TEST

START_TEST(network_messages_are_echoed)
{
    static const char *const codes[][2] = {
        {"001", "00"}, {"002", "00"}, {"201", "00"}, {"301", "00"}, {"777", "12"}};
    for (size_t i = 0; i < ARRAY_COUNT(codes); i++) {
        struct iso_msg msg;
        iso_init(&msg, 0x0800);
        iso_set(&msg, 7, SPAN_LITERAL("1121120000"));
        iso_set(&msg, 11, SPAN_LITERAL("000001"));
        iso_set(&msg, 70, span_text(codes[i][0]));
        ck_assert_str_eq(ask(&msg), codes[i][1]);
        ck_assert(span_equal_text(iso_get(&verdict.answer, 7), "1121120000"));
        ck_assert(span_equal_text(iso_get(&verdict.answer, 11), "000001"));
        ck_assert(span_equal_text(iso_get(&verdict.answer, 70), codes[i][0]));
        ck_assert_uint_eq(verdict.entry_count, 0);
    }
}
END_TEST

START_TEST(answers_and_nonsense_are_not_answered_as_requests)
{
    struct message m = purchase(VISA, 100, 1);
    m.msg.mti = 0x0210;
    ck_assert_str_eq(ask(bind(&m)), "--");
    ck_assert_uint_eq(stub_counts(stub)->stray, 1);
    m.msg.mti = 0x0500;
    ck_assert_str_eq(ask(bind(&m)), "12");
    m.msg.mti = 0x0200;
    iso_unset(&m.msg, 11);
    ck_assert_str_eq(ask(&m.msg), "30");
    ck_assert_int_eq(account(VISA)->balance_minor, 1000000);
}
END_TEST

START_TEST(dropped_request_was_never_seen)
{
    open_with(&with_hsm, "when amount == 6600 then drop times 1");
    struct message m = purchase(VISA, 6600, 1);
    ck_assert_str_eq(ask(bind(&m)), "--");
    ck_assert_int_eq(verdict.fate, STUB_NO_ANSWER);
    ck_assert_uint_eq(verdict.entry_count, 0);
    ck_assert_int_eq(account(VISA)->balance_minor, 1000000);
    ck_assert_str_eq(ask(bind(&m)), "00");
    ck_assert_uint_eq(stub_counts(stub)->repeats, 0);
}
END_TEST

START_TEST(silent_request_is_posted)
{
    open_with(&with_hsm, "when amount == 6600 then silent");
    struct message m = purchase(VISA, 6600, 1);
    ck_assert_str_eq(ask(bind(&m)), "--");
    ck_assert_int_eq(verdict.fate, STUB_NO_ANSWER);
    ck_assert_uint_eq(verdict.entry_count, 1);
    ck_assert_int_eq(account(VISA)->balance_minor, 1000000 - 6600);
    struct message reversal = reversal_of(&m, 2);
    (void)snprintf(reversal.amount, sizeof reversal.amount, "%012d", 1);
    ck_assert_str_eq(ask(bind(&reversal)), "00");
    ck_assert_int_eq(account(VISA)->balance_minor, 1000000);
}
END_TEST

START_TEST(silent_request_with_a_pin_is_posted_after_it)
{
    open_with(&with_hsm, "when amount == 6600 then silent");
    struct message m = purchase(VISA, 6600, 1);
    iso_set(&m.msg, 52, SPAN_LITERAL("\x01\x23\x45\x67\x89\xAB\xCD\xEF"));
    ck_assert_str_eq(ask(bind(&m)), "--");
    ck_assert_int_eq(verdict.fate, STUB_ASK_PIN);
    struct stub_plan plan = verdict.plan;
    stub_resume(stub, &m.msg, &plan, HSM_OK, now_ms, &verdict);
    ck_assert_int_eq(verdict.fate, STUB_NO_ANSWER);
    ck_assert_uint_eq(verdict.entry_count, 1);
}
END_TEST

START_TEST(closed_connection_posts_nothing)
{
    open_with(&with_hsm, "when amount == 6600 then close");
    struct message m = purchase(VISA, 6600, 1);
    ck_assert_str_eq(ask(bind(&m)), "--");
    ck_assert_int_eq(verdict.fate, STUB_HANG_UP);
    ck_assert_uint_eq(verdict.entry_count, 0);
}
END_TEST

START_TEST(late_delay_and_duplicate_are_planned)
{
    struct stub_settings settings = with_hsm;
    settings.delay_ms = 30;
    open_with(&settings, "when amount == 7700 then late 3000");
    struct message m = purchase(VISA, 7700, 1);
    ck_assert_str_eq(ask(bind(&m)), "00");
    ck_assert_uint_eq(verdict.plan.delay_ms, 3000);
    ck_assert_int_eq(account(VISA)->balance_minor, 1000000 - 7700);
    m = purchase(VISA, 1, 2);
    ck_assert_str_eq(ask(bind(&m)), "00");
    ck_assert_uint_eq(verdict.plan.delay_ms, 30);
    open_with(&settings, "when amount == 7700 then delay 20");
    m = purchase(VISA, 7700, 1);
    ck_assert_str_eq(ask(bind(&m)), "00");
    ck_assert_uint_eq(verdict.plan.delay_ms, 50);
    open_with(&settings, "when amount == 7700 then duplicate");
    m = purchase(VISA, 7700, 1);
    ck_assert_str_eq(ask(bind(&m)), "00");
    ck_assert(verdict.plan.is_duplicate);
    ck_assert_int_eq(account(VISA)->balance_minor, 1000000 - 7700);
}
END_TEST

START_TEST(partial_approval_posts_and_tells_its_amount)
{
    open_with(&with_hsm, "when amount >= 500 then partial 500");
    struct message m = purchase(VISA, 7700, 1);
    for (int i = 0; i < 2; i++) {
        ck_assert_str_eq(ask(bind(&m)), "10");
        ck_assert(span_equal_text(iso_get(&verdict.answer, 4), "000000000500"));
        ck_assert(iso_has(&verdict.answer, 38));
        ck_assert_int_eq(account(VISA)->balance_minor, 1000000 - 500);
    }
    m = purchase(VISA, 500, 2);
    ck_assert_str_eq(ask(bind(&m)), "00");
    struct message reversal = reversal_of(&m, 3);
    ck_assert_str_eq(ask(bind(&reversal)), "00");
    ck_assert_int_eq(account(VISA)->balance_minor, 1000000 - 500);
}
END_TEST

START_TEST(rule_declines_a_request_for_good_and_an_advice_for_now)
{
    open_with(&with_hsm, "when proc == 000000 then decline 05 times 1");
    struct message m = purchase(VISA, 100, 1);
    ck_assert_str_eq(ask(bind(&m)), "05");
    ck_assert_str_eq(ask(bind(&m)), "05");
    open_with(&with_hsm, "when mti prefix 022 then decline 91 times 2");
    m = purchase(VISA, 100, 1);
    m.msg.mti = 0x0220;
    ck_assert_str_eq(ask(bind(&m)), "91");
    m.msg.mti = 0x0221;
    ck_assert_str_eq(ask(bind(&m)), "91");
    ck_assert_int_eq(account(VISA)->balance_minor, 1000000);
    ck_assert_str_eq(ask(bind(&m)), "00");
    ck_assert_int_eq(account(VISA)->balance_minor, 1000000 - 100);
}
END_TEST

START_TEST(rule_declines_a_reversal_for_now)
{
    open_with(&with_hsm, "when mti prefix 042 then decline 91 times 1");
    struct message m = purchase(VISA, 100, 1);
    ck_assert_str_eq(ask(bind(&m)), "00");
    struct message reversal = reversal_of(&m, 2);
    ck_assert_str_eq(ask(bind(&reversal)), "91");
    ck_assert_int_eq(account(VISA)->balance_minor, 1000000 - 100);
    ck_assert_str_eq(ask(bind(&reversal)), "00");
    ck_assert_int_eq(account(VISA)->balance_minor, 1000000);
}
END_TEST

START_TEST(forced_approval_asks_nothing_of_the_card)
{
    open_with(&with_hsm, "when amount >= 0 then approve");
    struct message m = purchase("4999999999999999", 100, 1);
    iso_set(&m.msg, 52, SPAN_LITERAL("\x01\x23\x45\x67\x89\xAB\xCD\xEF"));
    ck_assert_str_eq(ask(bind(&m)), "00");
    struct message reversal = reversal_of(&m, 2);
    ck_assert_str_eq(ask(bind(&reversal)), "00");
    ck_assert_uint_eq(verdict.entry_count, 1);
    m = purchase(BLOCKED, 100, 3);
    ck_assert_str_eq(ask(bind(&m)), "00");
    ck_assert_int_eq(account(BLOCKED)->balance_minor, 1000000 - 100);
}
END_TEST

START_TEST(oldest_is_forgotten_for_the_newest_and_nothing_else)
{
    struct stub_settings settings = with_hsm;
    settings.posted_max = 8;
    open_with(&settings, NULL);
    for (unsigned stan = 1; stan <= 100; stan++) {
        struct message m = purchase(VISA, 1, stan);
        ck_assert_str_eq(ask(bind(&m)), "00");
        for (unsigned back = 0; back < 8 && back < stan; back++) {
            struct message repeat = purchase(VISA, 1, stan - back);
            ck_assert_str_eq(ask(bind(&repeat)), "00");
            ck_assert_uint_eq(verdict.entry_count, 0);
        }
    }
    ck_assert_int_eq(account(VISA)->balance_minor, 1000000 - 100);
    struct message forgotten = purchase(VISA, 1, 92);
    ck_assert_str_eq(ask(bind(&forgotten)), "00");
    ck_assert_uint_eq(verdict.entry_count, 1);
}
END_TEST

/* Two of one RRN and STAN, the older forgotten: its place is taken by a stranger, which must not be
 * reached by the link to it, and the newer must still be known. */
START_TEST(forgotten_namesake_leaves_the_newer_one_known)
{
    struct stub_settings settings = with_hsm;
    settings.posted_max = 4;
    open_with(&settings, NULL);
    struct message older = purchase(VISA, 1, 1);
    struct message newer = purchase(VISA, 10, 1);
    iso_set(&newer.msg, 41, SPAN_LITERAL("TERM0002"));
    ck_assert_str_eq(ask(bind(&older)), "00");
    ck_assert_str_eq(ask(bind(&newer)), "00");
    for (unsigned stan = 2; stan <= 4; stan++) {
        struct message stranger = purchase(VISA, 100, stan);
        ck_assert_str_eq(ask(bind(&stranger)), "00");
    }
    ck_assert_str_eq(ask(bind(&newer)), "00");
    ck_assert_uint_eq(verdict.entry_count, 0);
    struct message reversal = older;
    reversal.msg.mti = 0x0400;
    ck_assert_str_eq(ask(bind(&reversal)), "00");
    ck_assert_int_eq(verdict.entry[0].event, STUB_TOMBSTONE);
    ck_assert_int_eq(account(VISA)->balance_minor, 1000000 - 311);
}
END_TEST

/* Everything that a run of one seed did, as text. */
static void run_world(uint64_t seed, char *out, size_t cap)
{
    struct stub_settings settings = with_hsm;
    settings.seed = seed;
    settings.drop_ppm = 100000;
    settings.late_ppm = 100000;
    settings.late_ms = 9000;
    settings.duplicate_ppm = 100000;
    settings.delay_ms = 10;
    settings.delay_jitter_ms = 100;
    open_with(&settings, NULL);
    out[0] = '\0';
    for (unsigned i = 0; i < 200; i++) {
        struct message m = purchase(i % 3 == 0 ? POOR : VISA, i, i / 2);
        struct message reversal = reversal_of(&m, 1000 + i);
        char line[64];
        const char *code = ask(i % 5 == 0 ? bind(&reversal) : bind(&m));
        struct span auth = iso_get(&verdict.answer, 38);
        (void)snprintf(line, sizeof line, "%s %u %d %.*s\n", code, verdict.plan.delay_ms,
                       verdict.plan.is_duplicate, code[0] == '-' ? 0 : (int)auth.len,
                       (const char *)auth.ptr);
        text_append(out, cap, line);
    }
}

START_TEST(same_seed_same_verdicts_and_another_seed_others)
{
    static char first[16384];
    static char again[16384];
    static char other[16384];
    run_world(7, first, sizeof first);
    run_world(7, again, sizeof again);
    run_world(8, other, sizeof other);
    ck_assert(strcmp(first, again) == 0);
    ck_assert(strcmp(first, other) != 0);
    ck_assert_uint_gt(stub_counts(stub)->dropped, 5);
    ck_assert_uint_gt(stub_counts(stub)->late, 5);
    ck_assert_uint_gt(stub_counts(stub)->duplicated, 5);
}
END_TEST

START_TEST(chances_do_not_touch_network_messages)
{
    struct stub_settings settings = with_hsm;
    settings.drop_ppm = 1000000;
    open_with(&settings, NULL);
    struct iso_msg msg;
    iso_init(&msg, 0x0800);
    iso_set(&msg, 11, SPAN_LITERAL("000001"));
    iso_set(&msg, 70, SPAN_LITERAL("301"));
    ck_assert_str_eq(ask(&msg), "00");
    struct message m = purchase(VISA, 1, 1);
    ck_assert_str_eq(ask(bind(&m)), "--");
}
END_TEST

START_TEST(restart_knows_what_was_answered)
{
    struct message m = purchase(VISA, 2500, 1);
    ck_assert_str_eq(ask(bind(&m)), "00");
    char auth[6];
    memcpy(auth, iso_get(&verdict.answer, 38).ptr, sizeof auth);
    struct message poor = purchase(POOR, 5000, 2);
    ck_assert_str_eq(ask(bind(&poor)), "51");
    struct message unseen = purchase(VISA, 70, 3);
    struct message tomb = reversal_of(&unseen, 4);
    ck_assert_str_eq(ask(bind(&tomb)), "00");
    /* The shadow has read the journal and nothing else: let it go on. */
    struct stub *killed = stub;
    stub = shadow;
    stub_answer(stub, bind(&m), now_ms, &verdict);
    ck_assert(span_equal_text(iso_get(&verdict.answer, 39), "00"));
    ck_assert(span_equal(iso_get(&verdict.answer, 38), span_make(auth, 6)));
    ck_assert_uint_eq(verdict.entry_count, 0);
    stub_answer(stub, bind(&poor), now_ms, &verdict);
    ck_assert(span_equal_text(iso_get(&verdict.answer, 39), "51"));
    stub_answer(stub, bind(&unseen), now_ms, &verdict);
    ck_assert(span_equal_text(iso_get(&verdict.answer, 39), "12"));
    struct message reversal = reversal_of(&m, 5);
    stub_answer(stub, bind(&reversal), now_ms, &verdict);
    ck_assert_uint_eq(verdict.entry_count, 1);
    ck_assert_int_eq(account(VISA)->balance_minor, 1000000);
    stub = killed;
}
END_TEST

START_TEST(journal_of_other_accounts_is_refused)
{
    struct message m = purchase(VISA, 2500, 1);
    ck_assert_str_eq(ask(bind(&m)), "00");
    struct stub_entry entry = verdict.entry[0];
    entry.account = 2;
    ck_assert_int_eq(stub_replay(shadow, &entry), ERR_NOT_FOUND);
    entry.account = 99;
    ck_assert_int_eq(stub_replay(shadow, &entry), ERR_NOT_FOUND);
}
END_TEST

START_TEST(two_accounts_of_one_card_are_refused)
{
    struct stub_account twice[] = {accounts[0], accounts[1], accounts[0]};
    struct stub *out = NULL;
    size_t duplicate = 0;
    ck_assert_int_eq(stub_open(&with_hsm, twice, 3, NULL, &out, &duplicate), ERR_EXISTS);
    ck_assert_uint_eq(duplicate, 2);
    ck_assert_ptr_null(out);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        pin_is_asked_of_the_hsm_as_the_card_says,
        pin_that_nobody_can_verify_is_not_accepted,
        reversal_while_the_pin_is_checked_wins,
        repeat_while_the_pin_is_checked_posts_once,
        network_messages_are_echoed,
        answers_and_nonsense_are_not_answered_as_requests,
        dropped_request_was_never_seen,
        silent_request_is_posted,
        silent_request_with_a_pin_is_posted_after_it,
        closed_connection_posts_nothing,
        late_delay_and_duplicate_are_planned,
        partial_approval_posts_and_tells_its_amount,
        rule_declines_a_request_for_good_and_an_advice_for_now,
        rule_declines_a_reversal_for_now,
        forced_approval_asks_nothing_of_the_card,
        oldest_is_forgotten_for_the_newest_and_nothing_else,
        forgotten_namesake_leaves_the_newer_one_known,
        same_seed_same_verdicts_and_another_seed_others,
        chances_do_not_touch_network_messages,
        restart_knows_what_was_answered,
        journal_of_other_accounts_is_refused,
        two_accounts_of_one_card_are_refused,
    };
    TCase *tcase = tcase_create("issuer_stub_faults");
    for (size_t i = 0; i < ARRAY_COUNT(tests); i++) {
        tcase_add_test(tcase, tests[i]);
    }
    tcase_add_loop_test(tcase, pin_that_does_not_verify_is_declined_unposted, 0,
                        (int)ARRAY_COUNT(pin_errors));
    return stub_world_run("issuer_stub_faults", tcase);
}
