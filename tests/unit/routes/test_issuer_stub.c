/* What the simulated issuer promises of money: each a case, as a switch would see it. */
#include "tests/unit/routes/stub_world.h"

START_TEST(purchase_debits_and_echoes)
{
    struct message m = purchase(VISA, 2500, 1);
    iso_set(&m.msg, 15, SPAN_LITERAL("1121"));
    iso_set(&m.msg, 32, SPAN_LITERAL("123456"));
    iso_set(&m.msg, 55, SPAN_LITERAL("secret"));
    ck_assert_str_eq(ask(bind(&m)), "00");
    ck_assert_int_eq(account(VISA)->balance_minor, 1000000 - 2500);
    static const uint8_t echoed[] = {2, 3, 4, 7, 11, 15, 32, 37, 41, 42, 49};
    for (size_t i = 0; i < sizeof echoed; i++) {
        ck_assert(span_equal(iso_get(&verdict.answer, echoed[i]), iso_get(&m.msg, echoed[i])));
    }
    ck_assert(!iso_has(&verdict.answer, 55));
    ck_assert_uint_eq(iso_get(&verdict.answer, 38).len, 6);
    ck_assert(span_is_digits(iso_get(&verdict.answer, 38)));
    ck_assert_uint_eq(verdict.entry_count, 1);
    ck_assert_int_eq(verdict.entry[0].event, STUB_POSTED);
    ck_assert_str_eq(verdict.entry[0].pan, "411111******1111");
    ck_assert_uint_eq(verdict.entry[0].account, 1);
}
END_TEST

START_TEST(refund_credits)
{
    struct message m;
    message_make(&m, 0x0200, VISA, "200000", 2500, 1);
    ck_assert_str_eq(ask(bind(&m)), "00");
    ck_assert_int_eq(account(VISA)->balance_minor, 1000000 + 2500);
}
END_TEST

START_TEST(authorization_holds_what_others_cannot_spend)
{
    struct message hold;
    message_make(&hold, 0x0100, POOR, "000000", 600, 1);
    ck_assert_str_eq(ask(bind(&hold)), "00");
    ck_assert_int_eq(account(POOR)->balance_minor, 1000);
    ck_assert_int_eq(account(POOR)->held_minor, 600);
    struct message m = purchase(POOR, 401, 2);
    ck_assert_str_eq(ask(bind(&m)), "51");
    m = purchase(POOR, 400, 3);
    ck_assert_str_eq(ask(bind(&m)), "00");
    struct message reversal = reversal_of(&hold, 4);
    ck_assert_str_eq(ask(bind(&reversal)), "00");
    ck_assert_int_eq(account(POOR)->held_minor, 0);
    ck_assert_int_eq(account(POOR)->balance_minor, 600);
}
END_TEST

START_TEST(completion_releases_its_hold)
{
    struct message hold;
    message_make(&hold, 0x0100, VISA, "000000", 10000, 1);
    ck_assert_str_eq(ask(bind(&hold)), "00");
    struct message m = reversal_of(&hold, 2);
    m.msg.mti = 0x0220;
    (void)snprintf(m.amount, sizeof m.amount, "%012u", 7000u);
    ck_assert_str_eq(ask(bind(&m)), "00");
    ck_assert_int_eq(account(VISA)->held_minor, 0);
    ck_assert_int_eq(account(VISA)->balance_minor, 1000000 - 7000);
    ck_assert_uint_eq(verdict.entry_count, 2);
    ck_assert_int_eq(verdict.entry[0].event, STUB_REVERSED);
    ck_assert_int_eq(verdict.entry[1].event, STUB_ADVISED);
    struct message late = reversal_of(&hold, 3);
    ck_assert_str_eq(ask(bind(&late)), "00");
    ck_assert_uint_eq(verdict.entry_count, 0);
}
END_TEST

START_TEST(balance_is_told_and_nothing_posted)
{
    struct message hold;
    struct message m;
    message_make(&hold, 0x0100, POOR, "000000", 600, 1);
    ck_assert_str_eq(ask(bind(&hold)), "00");
    message_make(&m, 0x0100, POOR, "310000", 0, 2);
    ck_assert_str_eq(ask(bind(&m)), "00");
    ck_assert(span_equal_text(iso_get(&verdict.answer, 54), "0002978C000000000400"));
    ck_assert(!iso_has(&verdict.answer, 38));
    ck_assert_uint_eq(verdict.entry_count, 0);
    struct message advice;
    message_make(&advice, 0x0220, POOR, "000000", 3000, 3);
    ck_assert_str_eq(ask(bind(&advice)), "00");
    message_make(&m, 0x0200, POOR, "300000", 0, 4);
    ck_assert_str_eq(ask(bind(&m)), "00");
    ck_assert(span_equal_text(iso_get(&verdict.answer, 54), "0002978D000000002600"));
}
END_TEST

static const struct {
    const char *pan;
    const char *proc;
    unsigned amount;
    const char *expiry; /* DE14, or NULL */
    const char *currency;
    const char *code;
} declines[] = {
    {POOR, "000000", 1000, NULL, "978", "00"},
    {POOR, "000000", 1001, NULL, "978", "51"},
    {POOR, "010000", 1001, NULL, "978", "51"},
    {POOR, "200000", 99999, NULL, "978", "00"},
    {VISA, "000000", 500000, NULL, "978", "00"},
    {VISA, "000000", 500001, NULL, "978", "61"},
    {VISA, "200000", 500001, NULL, "978", "00"},
    {BLOCKED, "000000", 1, NULL, "978", "62"},
    {EXPIRED, "000000", 1, NULL, "978", "54"},
    {VISA, "000000", 1, "2610", "978", "54"},
    {VISA, "000000", 1, "2611", "978", "00"},
    {VISA, "000000", 1, NULL, "840", "12"},
    {"4999999999999999", "000000", 1, NULL, "978", "14"},
    {VISA, "990000", 1, NULL, "978", "12"},
    {VISA, "000000", 0, NULL, "978", "13"},
    {"", "000000", 1, NULL, "978", "14"},
};

START_TEST(request_is_declined_for_what_is_wrong_with_it)
{
    struct message m;
    message_make(&m, 0x0200, declines[_i].pan, declines[_i].proc, declines[_i].amount, 1);
    iso_set(&m.msg, 49, span_text(declines[_i].currency));
    if (declines[_i].expiry != NULL) {
        iso_set(&m.msg, 14, span_text(declines[_i].expiry));
    }
    ck_assert_str_eq(ask(bind(&m)), declines[_i].code);
    if (strcmp(declines[_i].code, "00") != 0) {
        ck_assert(!iso_has(&verdict.answer, 38));
        ck_assert_uint_eq(verdict.entry_count, 1);
        ck_assert_int_eq(verdict.entry[0].event, STUB_REFUSED);
        ck_assert_int_eq(account(VISA)->balance_minor, 1000000);
        ck_assert_int_eq(account(POOR)->balance_minor, 1000);
    }
}
END_TEST

START_TEST(repeat_gets_same_answer_and_posts_nothing)
{
    struct message m = purchase(VISA, 2500, 1);
    ck_assert_str_eq(ask(bind(&m)), "00");
    char auth[6];
    memcpy(auth, iso_get(&verdict.answer, 38).ptr, sizeof auth);
    for (int i = 0; i < 3; i++) {
        m.msg.mti = i == 0 ? 0x0200 : 0x0201;
        ck_assert_str_eq(ask(bind(&m)), "00");
        ck_assert_uint_eq(verdict.entry_count, 0);
        ck_assert(span_equal(iso_get(&verdict.answer, 38), span_make(auth, sizeof auth)));
    }
    ck_assert_int_eq(account(VISA)->balance_minor, 1000000 - 2500);
    ck_assert_uint_eq(stub_counts(stub)->repeats, 3);
}
END_TEST

START_TEST(repeat_of_declined_is_declined_though_money_came_meanwhile)
{
    struct message m = purchase(POOR, 5000, 1);
    ck_assert_str_eq(ask(bind(&m)), "51");
    struct message refund;
    message_make(&refund, 0x0200, POOR, "200000", 9000, 2);
    ck_assert_str_eq(ask(bind(&refund)), "00");
    ck_assert_str_eq(ask(bind(&m)), "51");
    ck_assert_int_eq(account(POOR)->balance_minor, 10000);
}
END_TEST

START_TEST(another_terminal_stan_or_time_is_another_transaction)
{
    struct message m = purchase(VISA, 100, 1);
    ck_assert_str_eq(ask(bind(&m)), "00");
    struct message other = m;
    iso_set(&other.msg, 41, SPAN_LITERAL("TERM0002"));
    ck_assert_str_eq(ask(bind(&other)), "00");
    other = m;
    other.de7[9] = '9';
    ck_assert_str_eq(ask(bind(&other)), "00");
    other = m;
    other.stan[5] = '9';
    ck_assert_str_eq(ask(bind(&other)), "00");
    other = m;
    other.rrn[11] = '9';
    ck_assert_str_eq(ask(bind(&other)), "00");
    ck_assert_int_eq(account(VISA)->balance_minor, 1000000 - 500);
    ck_assert_uint_eq(stub_counts(stub)->repeats, 0);
    /* And each is found again. */
    ck_assert_str_eq(ask(bind(&m)), "00");
    ck_assert_uint_eq(stub_counts(stub)->repeats, 1);
}
END_TEST

START_TEST(reversal_takes_back_once_however_often_it_comes)
{
    struct message m = purchase(VISA, 2500, 1);
    ck_assert_str_eq(ask(bind(&m)), "00");
    struct message reversal = reversal_of(&m, 2);
    ck_assert_str_eq(ask(bind(&reversal)), "00");
    ck_assert_uint_eq(verdict.entry_count, 1);
    ck_assert_int_eq(verdict.entry[0].event, STUB_REVERSED);
    ck_assert_int_eq(verdict.entry[0].amount_minor, 2500);
    ck_assert(memcmp(verdict.entry[0].name.stan, "000001", 6) == 0);
    ck_assert(memcmp(verdict.entry[0].by_stan, "000002", 6) == 0);
    ck_assert_int_eq(account(VISA)->balance_minor, 1000000);
    reversal.msg.mti = 0x0421;
    ck_assert_str_eq(ask(bind(&reversal)), "00");
    struct message another = reversal_of(&m, 3);
    ck_assert_str_eq(ask(bind(&another)), "00");
    ck_assert_uint_eq(verdict.entry_count, 0);
    ck_assert_int_eq(account(VISA)->balance_minor, 1000000);
    ck_assert_str_eq(ask(bind(&m)), "12"); /* The repeat of what was taken back. */
    ck_assert_int_eq(account(VISA)->balance_minor, 1000000);
}
END_TEST

START_TEST(reversal_whose_de90_has_no_time_finds_its_original_by_the_rest)
{
    struct message m = purchase(VISA, 2500, 1);
    ck_assert_str_eq(ask(bind(&m)), "00");
    struct message reversal = reversal_of(&m, 2);
    memset(reversal.original + 10, '0', 10);
    ck_assert_str_eq(ask(bind(&reversal)), "00");
    ck_assert_int_eq(account(VISA)->balance_minor, 1000000);
    ck_assert_uint_eq(stub_counts(stub)->tombstones, 0);
}
END_TEST

START_TEST(reversal_without_de90_finds_its_original_by_de37_and_de11)
{
    struct message m = purchase(VISA, 2500, 1);
    ck_assert_str_eq(ask(bind(&m)), "00");
    struct message reversal = m;
    reversal.msg.mti = 0x0400;
    (void)snprintf(reversal.de7, sizeof reversal.de7, "1122000000");
    ck_assert_str_eq(ask(bind(&reversal)), "00");
    ck_assert_int_eq(account(VISA)->balance_minor, 1000000);
    struct message zeros = purchase(VISA, 100, 2);
    ck_assert_str_eq(ask(bind(&zeros)), "00");
    reversal = zeros;
    reversal.msg.mti = 0x0400;
    (void)snprintf(reversal.original, sizeof reversal.original, "%042d", 0);
    ck_assert_str_eq(ask(bind(&reversal)), "00");
    ck_assert_int_eq(account(VISA)->balance_minor, 1000000);
}
END_TEST

START_TEST(reversal_leaves_alone_what_it_does_not_name)
{
    struct message m = purchase(VISA, 2500, 1);
    ck_assert_str_eq(ask(bind(&m)), "00");
    struct message reversal = reversal_of(&m, 2);
    iso_set(&reversal.msg, 2, SPAN_LITERAL(POOR));
    ck_assert_str_eq(ask(bind(&reversal)), "00");
    reversal = reversal_of(&m, 3);
    iso_set(&reversal.msg, 41, SPAN_LITERAL("TERM0002"));
    ck_assert_str_eq(ask(bind(&reversal)), "00");
    reversal = reversal_of(&m, 4);
    reversal.original[19] ^= 1; /* DE7 */
    ck_assert_str_eq(ask(bind(&reversal)), "00");
    reversal = reversal_of(&m, 5);
    reversal.original[1] = '1'; /* MTI 0100 */
    ck_assert_str_eq(ask(bind(&reversal)), "00");
    ck_assert_uint_eq(stub_counts(stub)->tombstones, 4);
    ck_assert_int_eq(account(VISA)->balance_minor, 1000000 - 2500);
    reversal = reversal_of(&m, 6);
    ck_assert_str_eq(ask(bind(&reversal)), "00");
    ck_assert_int_eq(account(VISA)->balance_minor, 1000000);
}
END_TEST

START_TEST(original_behind_its_reversal_is_declined_unposted)
{
    struct message m = purchase(VISA, 2500, 1);
    struct message reversal = reversal_of(&m, 2);
    ck_assert_str_eq(ask(bind(&reversal)), "00");
    ck_assert_int_eq(verdict.entry[0].event, STUB_TOMBSTONE);
    reversal.msg.mti = 0x0421;
    ck_assert_str_eq(ask(bind(&reversal)), "00");
    ck_assert_uint_eq(verdict.entry_count, 0);
    ck_assert_str_eq(ask(bind(&m)), "12");
    ck_assert_str_eq(ask(bind(&m)), "12");
    ck_assert_str_eq(ask(bind(&reversal)), "00");
    ck_assert_int_eq(account(VISA)->balance_minor, 1000000);
    ck_assert_uint_eq(stub_counts(stub)->tombstones, 1);
}
END_TEST

START_TEST(advice_behind_its_reversal_is_answered_and_unposted)
{
    struct message m = purchase(VISA, 2500, 1);
    m.msg.mti = 0x0220;
    struct message reversal = reversal_of(&m, 2);
    ck_assert_str_eq(ask(bind(&reversal)), "00");
    ck_assert_str_eq(ask(bind(&m)), "00");
    m.msg.mti = 0x0221;
    ck_assert_str_eq(ask(bind(&m)), "00");
    ck_assert_int_eq(account(VISA)->balance_minor, 1000000);
}
END_TEST

START_TEST(unknown_reversal_is_answered_25_if_so_set)
{
    struct stub_settings settings = with_hsm;
    settings.unknown_is_25 = true;
    open_with(&settings, NULL);
    struct message m = purchase(VISA, 2500, 1);
    struct message reversal = reversal_of(&m, 2);
    ck_assert_str_eq(ask(bind(&reversal)), "25");
    ck_assert_str_eq(ask(bind(&reversal)), "25");
    ck_assert_str_eq(ask(bind(&m)), "12");
    ck_assert_str_eq(ask(bind(&reversal)), "00"); /* Known by now, and nothing to take back. */
}
END_TEST

START_TEST(reversal_of_declined_is_done_at_once)
{
    struct message m = purchase(POOR, 5000, 1);
    ck_assert_str_eq(ask(bind(&m)), "51");
    struct message reversal = reversal_of(&m, 2);
    ck_assert_str_eq(ask(bind(&reversal)), "00");
    ck_assert_uint_eq(verdict.entry_count, 0);
    ck_assert_int_eq(account(POOR)->balance_minor, 1000);
}
END_TEST

START_TEST(partial_reversal_leaves_the_replacement_amount)
{
    struct message m = purchase(VISA, 2500, 1);
    ck_assert_str_eq(ask(bind(&m)), "00");
    struct message partial = reversal_of(&m, 2);
    (void)snprintf(partial.replacement, sizeof partial.replacement, "%012d%030d", 1000, 0);
    ck_assert_str_eq(ask(bind(&partial)), "00");
    ck_assert_int_eq(account(VISA)->balance_minor, 1000000 - 1000);
    ck_assert_str_eq(ask(bind(&partial)), "00");
    ck_assert_int_eq(account(VISA)->balance_minor, 1000000 - 1000);
    ck_assert_str_eq(ask(bind(&m)), "00"); /* Its repeat: still approved. */
    struct message too_much = reversal_of(&m, 3);
    (void)snprintf(too_much.replacement, sizeof too_much.replacement, "%012d%030d", 2501, 0);
    ck_assert_str_eq(ask(bind(&too_much)), "12");
    struct message full = reversal_of(&m, 4);
    ck_assert_str_eq(ask(bind(&full)), "00");
    ck_assert_int_eq(verdict.entry[0].amount_minor, 1000);
    ck_assert_int_eq(account(VISA)->balance_minor, 1000000);
}
END_TEST

START_TEST(advice_is_posted_once_whatever_the_balance)
{
    struct message m;
    message_make(&m, 0x0220, POOR, "000000", 5000, 1);
    iso_set(&m.msg, 38, SPAN_LITERAL("OFFL01"));
    ck_assert_str_eq(ask(bind(&m)), "00");
    ck_assert(span_equal_text(iso_get(&verdict.answer, 38), "OFFL01"));
    m.msg.mti = 0x0221;
    ck_assert_str_eq(ask(bind(&m)), "00");
    ck_assert_int_eq(account(POOR)->balance_minor, 1000 - 5000);
    message_make(&m, 0x0220, "4999999999999999", "000000", 5000, 2);
    ck_assert_str_eq(ask(bind(&m)), "14");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        purchase_debits_and_echoes,
        refund_credits,
        authorization_holds_what_others_cannot_spend,
        completion_releases_its_hold,
        balance_is_told_and_nothing_posted,
        repeat_gets_same_answer_and_posts_nothing,
        repeat_of_declined_is_declined_though_money_came_meanwhile,
        another_terminal_stan_or_time_is_another_transaction,
        reversal_takes_back_once_however_often_it_comes,
        reversal_whose_de90_has_no_time_finds_its_original_by_the_rest,
        reversal_without_de90_finds_its_original_by_de37_and_de11,
        reversal_leaves_alone_what_it_does_not_name,
        original_behind_its_reversal_is_declined_unposted,
        advice_behind_its_reversal_is_answered_and_unposted,
        unknown_reversal_is_answered_25_if_so_set,
        reversal_of_declined_is_done_at_once,
        partial_reversal_leaves_the_replacement_amount,
        advice_is_posted_once_whatever_the_balance,
    };
    TCase *tcase = tcase_create("issuer_stub");
    for (size_t i = 0; i < ARRAY_COUNT(tests); i++) {
        tcase_add_test(tcase, tests[i]);
    }
    tcase_add_loop_test(tcase, request_is_declined_for_what_is_wrong_with_it, 0,
                        (int)ARRAY_COUNT(declines));
    return stub_world_run("issuer_stub", tcase);
}
