/* Lines are left out and counted, a second at a time; the clock is the test's. */
#include "switch/edge/log_limit.h"

#include <stdio.h>

#include "tests/unit/iso8583/suite.h"

static struct log_limit limit;

static unsigned taken(const char *event, const char *subject, int64_t now_ms, unsigned count)
{
    unsigned lines = 0;
    for (unsigned i = 0; i < count; i++) {
        lines += log_limit_takes(&limit, event, subject, now_ms);
    }
    return lines;
}

static void begin(void)
{
    memset(&limit, 0, sizeof limit);
}

START_TEST(first_ten_of_a_second_are_written_and_the_others_counted)
{
    struct log_limit_row row;
    begin();
    ck_assert_uint_eq(taken("message.unreadable", "pos", 5000, 540), LOG_LIMIT_LINES);
    ck_assert(log_limit_waits(&limit));
    ck_assert(!log_limit_next(&limit, 5999, &row));
    ck_assert(log_limit_next(&limit, 6000, &row));
    ck_assert_str_eq(row.event, "message.unreadable");
    ck_assert_str_eq(row.subject, "pos");
    ck_assert_uint_eq(row.left_out, 530);
    ck_assert(!log_limit_next(&limit, 6000, &row));
    ck_assert(!log_limit_waits(&limit));
}
END_TEST

START_TEST(a_flood_of_many_seconds_costs_eleven_lines_each)
{
    struct log_limit_row row;
    uint64_t lines = 0;
    uint64_t left_out = 0;
    begin();
    for (int64_t now_ms = 0; now_ms < 10000; now_ms++) {
        lines += taken("e", "s", now_ms, 3);
        if (now_ms % 1000 == 999 && log_limit_next(&limit, now_ms + 1, &row)) {
            lines++;
            left_out += row.left_out;
        }
    }
    ck_assert_uint_eq(left_out, 30000 - 10 * LOG_LIMIT_LINES);
    ck_assert_uint_eq(lines, 10 * (LOG_LIMIT_LINES + 1));
}
END_TEST

START_TEST(slow_lines_are_never_left_out)
{
    begin();
    for (int64_t now_ms = 0; now_ms < 60000; now_ms += 100) {
        ck_assert(log_limit_takes(&limit, "e", "s", now_ms));
    }
    ck_assert(!log_limit_waits(&limit));
}
END_TEST

START_TEST(events_and_subjects_are_limited_apart)
{
    begin();
    ck_assert_uint_eq(taken("e", "one", 0, 100), LOG_LIMIT_LINES);
    ck_assert_uint_eq(taken("e", "two", 0, 100), LOG_LIMIT_LINES);
    ck_assert_uint_eq(taken("f", "one", 0, 100), LOG_LIMIT_LINES);
}
END_TEST

START_TEST(more_subjects_than_rows_share_the_last)
{
    struct log_limit_row row;
    unsigned lines = 0;
    uint64_t left_out = 0;
    begin();
    for (int i = 0; i < 10 * LOG_LIMIT_ROWS; i++) {
        char subject[16];
        snprintf(subject, sizeof subject, "T%07d", i);
        lines += taken("duplicate.other", subject, 0, 1);
    }
    ck_assert_uint_eq(lines, LOG_LIMIT_ROWS - 1 + LOG_LIMIT_LINES);
    while (log_limit_next(&limit, 1000, &row)) {
        ck_assert_str_eq(row.event, "others");
        left_out += row.left_out;
    }
    ck_assert_uint_eq(lines + left_out, 10 * LOG_LIMIT_ROWS);
    /* A second later the rows of those that are silent serve others. */
    ck_assert_uint_eq(taken("e", "new", 1000, 100), LOG_LIMIT_LINES);
    while (log_limit_next(&limit, 2000, &row)) {
        ck_assert_str_eq(row.event, "e");
    }
}
END_TEST

SUITE_MAIN("log_limit", first_ten_of_a_second_are_written_and_the_others_counted,
           a_flood_of_many_seconds_costs_eleven_lines_each, slow_lines_are_never_left_out,
           events_and_subjects_are_limited_apart, more_subjects_than_rows_share_the_last)
