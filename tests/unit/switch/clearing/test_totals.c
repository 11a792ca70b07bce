/* Goal: sums by issuer, acquirer, currency and kind; the proof holds exactly when nothing is
 * missing.
 */
#include <stdio.h>
#include <stdlib.h>

#include "switch/clearing/totals.h"
#include "tests/unit/switch/clearing/rows.h"

static struct totals *totals;

static void setup(void)
{
    ck_assert_int_eq(totals_open(&totals), 0);
}

static void teardown(void)
{
    totals_close(totals);
}

static void count(const char *issuer, uint16_t currency, enum clearing_kind kind, int64_t minor,
                  uint8_t state, bool in_file)
{
    struct item_row item = {.amount_minor = minor, .currency = currency, .state = state};
    (void)snprintf(item.issuer, sizeof item.issuer, "%s", issuer);
    (void)snprintf(item.acquirer, sizeof item.acquirer, "1");
    ck_assert_int_eq(totals_item(totals, &item, kind, in_file), 0);
}

START_TEST(lines_are_sorted_and_currencies_never_added)
{
    uint32_t lines = 0;
    count("visa", 978, CLEARING_S, 100, ITEM_IN_FILE, true);
    count("amex", 978, CLEARING_S, 10, ITEM_IN_FILE, true);
    count("visa", 392, CLEARING_S, 1, ITEM_IN_FILE, true);
    count("visa", 978, CLEARING_S, 200, ITEM_IN_FILE, true);
    const struct totals_line *line = totals_lines(totals, &lines);
    ck_assert_uint_eq(lines, 3);
    ck_assert_str_eq(line[0].issuer, "amex");
    ck_assert_uint_eq(line[1].currency, 392);
    ck_assert_int_eq(line[2].kinds[CLEARING_S].count, 2);
    ck_assert_int_eq(line[2].kinds[CLEARING_S].minor, 300);
    ck_assert_ptr_eq(totals_find(totals, "visa", "1", 978), &line[2]);
    ck_assert_ptr_null(totals_find(totals, "visa", "2", 978));
}
END_TEST

START_TEST(net_is_what_the_acquirer_is_owed)
{
    count("visa", 978, CLEARING_S, 1000, ITEM_IN_FILE, true);
    count("visa", 978, CLEARING_SR, 300, ITEM_IN_FILE, true);
    count("visa", 978, CLEARING_R, 90, ITEM_IN_FILE, true);
    count("visa", 978, CLEARING_RR, 4, ITEM_IN_FILE, true);
    struct totals_sum net = totals_net(totals_find(totals, "visa", "1", 978));
    ck_assert_int_eq(net.count, 4);
    ck_assert_int_eq(net.minor, 1000 - 300 - 90 + 4);
}
END_TEST

/* Approved 3 sales of 100 and a refund of 30; one sale netted, one reversal of yesterday's. */
static struct totals_line proven(void)
{
    return (struct totals_line){
        .kinds = {[CLEARING_S] = {2, 200}, [CLEARING_R] = {1, 30}, [CLEARING_SR] = {1, 50}},
        .late = {1, -50},
        .netted = {1, 0},
        .approved = {4, 270},
        .reversed = {2, 150},
    };
}

START_TEST(proof_holds_when_every_item_is_accounted_for)
{
    struct totals_line line = proven();
    struct totals_sum proof[PROOF_COUNT];
    totals_prove(&line, proof);
    ck_assert_int_eq(proof[PROOF_CARRIED_IN].minor, -50);
    ck_assert_int_eq(proof[PROOF_NETTED].minor, 100);
    ck_assert_int_eq(proof[PROOF_PRESENTED].count, 4);
    ck_assert_int_eq(proof[PROOF_PRESENTED].minor, 120);
    ck_assert_int_eq(proof[PROOF_DIFFERENCE].count, 0);
    ck_assert_int_eq(proof[PROOF_DIFFERENCE].minor, 0);
}
END_TEST

START_TEST(lost_invented_or_changed_item_is_a_difference)
{
    struct totals_sum proof[PROOF_COUNT];
    struct totals_line line = proven();
    line.kinds[CLEARING_S] = (struct totals_sum){1, 100}; /* lost */
    totals_prove(&line, proof);
    ck_assert_int_eq(proof[PROOF_DIFFERENCE].count, 1);
    ck_assert_int_eq(proof[PROOF_DIFFERENCE].minor, 100);
    line = proven();
    line.kinds[CLEARING_S] = (struct totals_sum){2, 201}; /* changed */
    totals_prove(&line, proof);
    ck_assert_int_eq(proof[PROOF_DIFFERENCE].count, 0);
    ck_assert_int_eq(proof[PROOF_DIFFERENCE].minor, -1);
    line = proven();
    line.netted.count = 0; /* presented and reversed */
    totals_prove(&line, proof);
    ck_assert_int_eq(proof[PROOF_DIFFERENCE].count, 1);
}
END_TEST

START_TEST(item_outside_the_file_is_carried_out_and_a_netted_one_is_not_presented)
{
    struct totals_sum proof[PROOF_COUNT];
    count("visa", 978, CLEARING_S, 0, ITEM_OPEN, false);
    count("visa", 978, CLEARING_S, 70, ITEM_NETTED, false);
    const struct totals_line *line = totals_find(totals, "visa", "1", 978);
    totals_prove(line, proof);
    ck_assert_int_eq(proof[PROOF_CARRIED_OUT].count, 1);
    ck_assert_int_eq(proof[PROOF_NETTED].count, 1);
    ck_assert_int_eq(proof[PROOF_PRESENTED].count, 0);
    ck_assert(!totals_balance(totals)); /* The store approved none of them. */
}
END_TEST

START_TEST(sum_that_overflows_is_refused)
{
    struct item_row item = {
        .amount_minor = INT64_MAX, .currency = 978, .state = ITEM_IN_FILE, .issuer = "visa"};
    ck_assert_int_eq(totals_item(totals, &item, CLEARING_S, true), 0);
    ck_assert_int_eq(totals_item(totals, &item, CLEARING_S, true), ERR_RANGE);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("totals");
    TCase *tcase = tcase_create("totals");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, lines_are_sorted_and_currencies_never_added);
    tcase_add_test(tcase, net_is_what_the_acquirer_is_owed);
    tcase_add_test(tcase, proof_holds_when_every_item_is_accounted_for);
    tcase_add_test(tcase, lost_invented_or_changed_item_is_a_difference);
    tcase_add_test(tcase, item_outside_the_file_is_carried_out_and_a_netted_one_is_not_presented);
    tcase_add_test(tcase, sum_that_overflows_is_refused);
    suite_add_tcase(suite, tcase);
    return row_main(suite);
}
