/* Three books that agree, and then one planted difference of each sort: each must be found, as what
 * it is, and nothing else. */
#include <check.h>
#include <stdarg.h>
#include <stdlib.h>

#include "tests/load/audit.h"
#include "tests/load/support.h"

enum { TEXT_CAP = 16384 };

/* A day's files as texts, written out when they are compared. */
struct day {
    struct support support;
    struct audit audit;
    char terminals[TEXT_CAP];
    char issuer[TEXT_CAP];
    char clearing[TEXT_CAP];
    char totals[TEXT_CAP];
    bool allow_open;
    bool no_clearing;
};

static struct day day;

static void append(char *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void append(char *text, const char *format, ...)
{
    size_t len = strlen(text);
    va_list args;
    va_start(args, format);
    int added = vsnprintf(text + len, TEXT_CAP - len, format, args);
    va_end(args);
    ck_assert_int_lt(added, (int)(TEXT_CAP - len));
}

/* One transaction of T0000001: STAN n, RRN 63240000000n, auth AUTH0n, 1000 + n minor units. */
static void terminal_line(const char *event, int n, const char *mti, const char *code, bool named)
{
    append(day.terminals, "1795164000123\t%s\tT0000001\t%06d\t%06d\t%s\t1120\t084000\t1120084000\t",
           event, n, n, mti);
    append(day.terminals, "%d\t978\t000000\t411111******1111\t0011223344556677\t%s\t", 1000 + n,
           code);
    if (named) {
        append(day.terminals, "AUTH%02d\t63240000%04d\n", n, n);
    } else {
        append(day.terminals, "-\t-\n");
    }
}

static void issuer_line(const char *event, int n, int stan, int amount)
{
    append(day.issuer, "%s\t1795164000200\t0200\t9%05d\t1120084000\t63240000%04d\tT0000001\t",
           event, stan, n);
    append(day.issuer, "%d\t978\t000000\tAUTH%02d\t00\t1\t411111******1111\t-\n", amount, n);
}

static void clearing_line(const char *kind, int n, int amount)
{
    append(day.clearing, "%d,1,2,20261120,0200,%s,411111******1111,x,000000,%d,978,2,", n, kind,
           amount);
    append(day.clearing, "20261120084000,%06d,63240000%04d,1,AUTH%02d,T0000001,M,5411,1,visa,\n", n,
           n, n);
}

static void sale_sent(int n)
{
    terminal_line("SENT", n, "0200", "-", false);
}

static void sale_approved(int n)
{
    sale_sent(n);
    terminal_line("ANSWER", n, "0210", "00", true);
}

/* A sale that all three agree upon. */
static void sale_good(int n)
{
    sale_approved(n);
    issuer_line("P", n, n, 1000 + n);
    clearing_line("S", n, 1000 + n);
}

/* A sale without an answer, then reversed. */
static void sale_reversed(int n)
{
    sale_sent(n);
    terminal_line("REVERSAL", n, "0400", "-", false);
    terminal_line("REVERSED", n, "0410", "-", false);
}

static void day_begin(void)
{
    memset(&day, 0, sizeof day);
    support_init(&day.support);
    append(day.terminals,
           "#terminal-journal v=1 salt=0123456789ABCDEF\n"
           "time_ms\tevent\tterminal\tstan\tsent_stan\tmti\tdate\ttime\tde7\tamount\t"
           "currency\tproc\tpan\tpan_hash\tcode\tauth\trrn\n");
    append(day.issuer, "event\twall_ms\tmti\tstan\tde7\trrn\tterminal\tamount\tcurrency\tproc\t"
                       "auth\tcode\taccount\tpan\tby\n");
    append(day.clearing,
           "item_seq,file_id,de71,business_day,mti,kind,pan_masked,pan_token,proc_code,"
           "amount_minor,currency,exponent,local_datetime,stan,rrn,arn,auth_code,terminal,merchant,"
           "mcc,acquirer,issuer,orig_item_seq\n");
    sale_good(1);
    sale_good(2);
    sale_reversed(3);
    issuer_line("P", 3, 3, 1003);
    issuer_line("R", 3, 3, 1003);
    sale_sent(4);
    terminal_line("ANSWER", 4, "0210", "51", true);
}

static void day_end(void)
{
    audit_deinit(&day.audit);
    support_deinit(&day.support);
}

static int64_t day_compare(void)
{
    char path[SUPPORT_PATH_CAP];
    audit_init(&day.audit);
    day.audit.allow_open = day.allow_open;
    support_write(&day.support, "terminals", day.terminals);
    support_write(&day.support, "issuer", day.issuer);
    support_write(&day.support, "clearing", day.clearing);
    support_write(&day.support, "totals", day.totals);
    ck_assert_int_eq(
        audit_read_terminals(&day.audit, support_path(&day.support, "terminals", path)), 0);
    ck_assert_int_eq(audit_read_issuer(&day.audit, support_path(&day.support, "issuer", path)), 0);
    if (!day.no_clearing) {
        ck_assert_int_eq(
            audit_read_clearing(&day.audit, support_path(&day.support, "clearing", path)), 0);
    }
    if (day.totals[0] != '\0') {
        ck_assert_int_eq(audit_read_totals(&day.audit, support_path(&day.support, "totals", path)),
                         0);
    }
    return audit_compare(&day.audit);
}

/* Exactly @count differences, all of @kind. */
static void expect(enum difference kind, int64_t count)
{
    int64_t found = day_compare();
    ck_assert_int_eq(found, count);
    ck_assert_uint_eq(day.audit.differences[kind], (uint64_t)count);
}

START_TEST(books_that_agree_have_no_difference)
{
    ck_assert_int_eq(day_compare(), 0);
    const struct currency_sum *sum = audit_sum(&day.audit, 978);
    ck_assert_int_eq(sum->terminals_minor, 2003);
    ck_assert_int_eq(sum->issuers_minor, 2003);
    ck_assert_int_eq(sum->clearing_minor, 2003);
}
END_TEST

START_TEST(approval_that_no_issuer_holds_is_lost)
{
    sale_approved(7);
    clearing_line("S", 7, 1007);
    expect(DIFFERENCE_LOST, 1);
}
END_TEST

START_TEST(approval_whose_posting_was_taken_back_is_lost)
{
    sale_good(7);
    issuer_line("R", 7, 7, 1007);
    expect(DIFFERENCE_LOST, 1);
}
END_TEST

START_TEST(sale_posted_twice_is_doubled)
{
    sale_good(7);
    issuer_line("P", 7, 8, 1007); /* another STAN of the switch: a new posting */
    expect(DIFFERENCE_DOUBLED, 1);
}
END_TEST

START_TEST(sale_posted_twice_under_one_name_is_doubled)
{
    sale_good(7);
    issuer_line("P", 7, 7, 1007);
    expect(DIFFERENCE_DOUBLED, 1);
}
END_TEST

START_TEST(wrong_amount_at_the_issuer_is_found)
{
    sale_approved(7);
    issuer_line("P", 7, 7, 1006);
    clearing_line("S", 7, 1007);
    expect(DIFFERENCE_AMOUNT, 1);
}
END_TEST

START_TEST(unreversed_one_is_found_though_the_terminal_has_no_rrn)
{
    sale_reversed(7);
    issuer_line("P", 7, 7, 1007);
    expect(DIFFERENCE_UNREVERSED, 1);
}
END_TEST

START_TEST(sale_taken_back_by_its_terminal_must_be_taken_back_at_the_issuer)
{
    sale_good(7);
    terminal_line("REVERSAL", 7, "0400", "-", true);
    terminal_line("REVERSED", 7, "0410", "-", true);
    clearing_line("SR", 7, 1007);
    expect(DIFFERENCE_UNREVERSED, 1);
}
END_TEST

START_TEST(declined_one_may_not_be_held)
{
    sale_sent(7);
    terminal_line("ANSWER", 7, "0210", "91", true);
    issuer_line("P", 7, 7, 1007);
    expect(DIFFERENCE_UNREVERSED, 1);
}
END_TEST

START_TEST(one_given_up_after_a_reversal_must_be_reversed)
{
    sale_sent(7);
    terminal_line("REVERSAL", 7, "0400", "-", false);
    terminal_line("GAVE_UP", 7, "0400", "-", false);
    issuer_line("P", 7, 7, 1007);
    expect(DIFFERENCE_UNREVERSED, 1);
    audit_deinit(&day.audit);
    issuer_line("R", 7, 7, 1007);
    ck_assert_int_eq(day_compare(), 0);
}
END_TEST

START_TEST(posting_that_no_terminal_saw_is_found)
{
    issuer_line("P", 77, 77, 500);
    expect(DIFFERENCE_UNSEEN, 1);
}
END_TEST

START_TEST(sale_missing_in_clearing_is_found)
{
    sale_approved(7);
    issuer_line("P", 7, 7, 1007);
    expect(DIFFERENCE_UNPRESENTED, 1);
}
END_TEST

START_TEST(sale_presented_twice_is_found)
{
    sale_good(7);
    clearing_line("S", 7, 1007);
    expect(DIFFERENCE_PRESENTED_TWICE, 1);
}
END_TEST

START_TEST(item_with_another_amount_is_found)
{
    sale_approved(7);
    issuer_line("P", 7, 7, 1007);
    clearing_line("S", 7, 1008);
    expect(DIFFERENCE_PRESENTED_OTHER, 1);
}
END_TEST

START_TEST(item_of_a_reversed_sale_is_found)
{
    clearing_line("S", 3, 1003);
    expect(DIFFERENCE_PRESENTED_FALSELY, 1);
}
END_TEST

START_TEST(item_and_its_reversal_are_nothing)
{
    clearing_line("S", 3, 1003);
    clearing_line("SR", 3, 1003);
    ck_assert_int_eq(day_compare(), 0);
}
END_TEST

START_TEST(open_one_is_a_difference_unless_allowed)
{
    sale_sent(7);
    expect(DIFFERENCE_OPEN, 1);
    audit_deinit(&day.audit);
    day.allow_open = true;
    ck_assert_int_eq(day_compare(), 0);
}
END_TEST

START_TEST(open_one_may_go_either_way_if_issuer_and_clearing_agree)
{
    day.allow_open = true;
    sale_sent(7);
    issuer_line("P", 7, 7, 1007);
    clearing_line("S", 7, 1007);
    ck_assert_int_eq(day_compare(), 0);
    ck_assert_uint_eq(day.audit.undecided_count, 1);
    ck_assert_int_eq(audit_sum(&day.audit, 978)->terminals_minor, 3010);
}
END_TEST

START_TEST(open_one_that_only_the_issuer_has_is_a_difference)
{
    day.allow_open = true;
    sale_sent(7);
    issuer_line("P", 7, 7, 1007);
    expect(DIFFERENCE_DISAGREE, 1);
}
END_TEST

START_TEST(one_open_sale_excuses_only_one_posting)
{
    day.allow_open = true;
    sale_sent(7);
    issuer_line("P", 7, 7, 1007);
    clearing_line("S", 7, 1007);
    issuer_line("P", 77, 77, 1007);
    expect(DIFFERENCE_UNSEEN, 1);
}
END_TEST

START_TEST(repeat_and_late_answer_change_nothing)
{
    sale_sent(7);
    terminal_line("REPEAT", 7, "0201", "-", false);
    terminal_line("REVERSAL", 7, "0400", "-", false);
    terminal_line("ANSWER", 7, "0210", "00", true);
    terminal_line("REVERSED", 7, "0410", "-", true);
    ck_assert_int_eq(day_compare(), 0);
    ck_assert_uint_eq(day.audit.state_count[SALE_REVERSED], 2);
}
END_TEST

START_TEST(two_books_can_be_compared_before_clearing)
{
    day.no_clearing = true;
    ck_assert_int_eq(day_compare(), 0);
}
END_TEST

START_TEST(totals_must_be_the_sum_of_the_items)
{
    append(day.totals, "business_day,file_id,issuer,acquirer,currency,exponent,kind,count,"
                       "amount_minor\n20261120,1,visa,1,978,2,S,2,2003\n"
                       "20261120,1,visa,1,978,2,NET,2,2003\n");
    ck_assert_int_eq(day_compare(), 0);
    audit_deinit(&day.audit);
    append(day.totals, "20261120,1,mc,1,978,2,S,1,5\n");
    expect(DIFFERENCE_TOTALS, 1);
}
END_TEST

START_TEST(event_of_what_was_never_sent_makes_the_file_wrong)
{
    char path[SUPPORT_PATH_CAP];
    terminal_line("ANSWER", 99, "0210", "00", true);
    support_write(&day.support, "terminals", day.terminals);
    audit_init(&day.audit);
    ck_assert_int_lt(
        audit_read_terminals(&day.audit, support_path(&day.support, "terminals", path)), 0);
}
END_TEST

START_TEST(balance_inquiry_moves_nothing)
{
    append(day.terminals, "1\tSENT\tT0000001\t000008\t000008\t0100\t1120\t084000\t1120084000\t0\t"
                          "978\t310000\t4\t0\t-\t-\t-\n");
    append(day.terminals, "1\tANSWER\tT0000001\t000008\t000008\t0110\t1120\t084000\t1120084000\t0\t"
                          "978\t310000\t4\t0\t00\tAUTH08\t632400000008\n");
    append(day.issuer, "P\t1\t0100\t900008\t1120084000\t632400000008\tT0000001\t0\t978\t310000\t"
                       "AUTH08\t00\t1\t4\t-\n");
    ck_assert_int_eq(day_compare(), 0);
    ck_assert_uint_eq(day.audit.moneyless_count, 1);
    ck_assert_uint_eq(day.audit.state_count[SALE_APPROVED] - day.audit.moneyless_count,
                      audit_sum(&day.audit, 978)->terminals_count);
}
END_TEST

START_TEST(refund_counts_negative_in_all_books)
{
    append(day.terminals, "1\tSENT\tT0000001\t000008\t000008\t0200\t1120\t084000\t1120084000\t300\t"
                          "978\t200000\t4\t0\t-\t-\t-\n");
    append(day.terminals, "1\tANSWER\tT0000001\t000008\t000008\t0210\t1120\t084000\t1120084000\t"
                          "300\t978\t200000\t4\t0\t00\tAUTH08\t632400000008\n");
    append(day.issuer, "P\t1\t0200\t900008\t1120084000\t632400000008\tT0000001\t300\t978\t200000\t"
                       "AUTH08\t00\t1\t4\t-\n");
    clearing_line("R", 8, 300);
    ck_assert_int_eq(day_compare(), 0);
    ck_assert_int_eq(audit_sum(&day.audit, 978)->clearing_minor, 1703);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("day audit");
    TCase *books = tcase_create("books");
    tcase_add_checked_fixture(books, day_begin, day_end);
    tcase_add_test(books, books_that_agree_have_no_difference);
    tcase_add_test(books, approval_that_no_issuer_holds_is_lost);
    tcase_add_test(books, approval_whose_posting_was_taken_back_is_lost);
    tcase_add_test(books, sale_posted_twice_is_doubled);
    tcase_add_test(books, sale_posted_twice_under_one_name_is_doubled);
    tcase_add_test(books, wrong_amount_at_the_issuer_is_found);
    tcase_add_test(books, unreversed_one_is_found_though_the_terminal_has_no_rrn);
    tcase_add_test(books, sale_taken_back_by_its_terminal_must_be_taken_back_at_the_issuer);
    tcase_add_test(books, declined_one_may_not_be_held);
    tcase_add_test(books, one_given_up_after_a_reversal_must_be_reversed);
    tcase_add_test(books, posting_that_no_terminal_saw_is_found);
    tcase_add_test(books, sale_missing_in_clearing_is_found);
    tcase_add_test(books, sale_presented_twice_is_found);
    tcase_add_test(books, item_with_another_amount_is_found);
    tcase_add_test(books, item_of_a_reversed_sale_is_found);
    tcase_add_test(books, item_and_its_reversal_are_nothing);
    tcase_add_test(books, open_one_is_a_difference_unless_allowed);
    tcase_add_test(books, open_one_may_go_either_way_if_issuer_and_clearing_agree);
    tcase_add_test(books, open_one_that_only_the_issuer_has_is_a_difference);
    tcase_add_test(books, one_open_sale_excuses_only_one_posting);
    tcase_add_test(books, repeat_and_late_answer_change_nothing);
    tcase_add_test(books, two_books_can_be_compared_before_clearing);
    tcase_add_test(books, totals_must_be_the_sum_of_the_items);
    tcase_add_test(books, event_of_what_was_never_sent_makes_the_file_wrong);
    tcase_add_test(books, balance_inquiry_moves_nothing);
    tcase_add_test(books, refund_counts_negative_in_all_books);
    suite_add_tcase(suite, books);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
