/* iso8583/base/calendar.c: dates without a clock, against known ones and against each other. */
#include "iso8583/base/calendar.h"

#include "iso8583/base/check.h"

#include "tests/unit/iso8583/suite.h"

static int64_t ms_of(int year, int month, int day, int hour)
{
    struct civil civil = {.year = year, .month = month, .day = day, .hour = hour};
    return civil_to_ms(&civil);
}

START_TEST(known_instants_are_their_dates)
{
    struct civil epoch = civil_from_ms(0);
    ck_assert_int_eq(epoch.year, 1970);
    ck_assert_int_eq(epoch.day_of_year, 1);
    struct civil leap = civil_from_ms(951782400000); /* 2000-02-29T00:00:00Z */
    ck_assert_int_eq(leap.year, 2000);
    ck_assert_int_eq(leap.month, 2);
    ck_assert_int_eq(leap.day, 29);
    ck_assert_int_eq(leap.day_of_year, 60);
    struct civil late = civil_from_ms(1795305599999); /* 2026-11-21T23:59:59.999Z */
    ck_assert_int_eq(late.year, 2026);
    ck_assert_int_eq(late.month, 11);
    ck_assert_int_eq(late.day, 21);
    ck_assert_int_eq(late.hour, 23);
    ck_assert_int_eq(late.minute, 59);
    ck_assert_int_eq(late.second, 59);
    ck_assert_int_eq(late.day_of_year, 325);
}
END_TEST

START_TEST(every_day_of_four_centuries_comes_back)
{
    uint32_t day = 19700101;
    int64_t at = 0;
    for (int i = 0; i < 146097; i++) {
        struct civil civil = civil_from_ms(at);
        ck_assert_uint_eq((uint32_t)(civil.year * 10000 + civil.month * 100 + civil.day), day);
        ck_assert_int_eq(civil_to_ms(&civil), at);
        ck_assert(day_is_valid(day));
        day = day_next(day);
        at += 86400000;
    }
    ck_assert_uint_eq(day, 23700101);
}
END_TEST

START_TEST(days_that_do_not_exist_are_refused)
{
    static const uint32_t bad[] = {0,        20260229, 20261301, 20261100,
                                   20261131, 21000229, 19691231, 100000101};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        ck_assert_msg(!day_is_valid(bad[i]), "%u", bad[i]);
    }
    ck_assert(day_is_valid(20280229));
}
END_TEST

START_TEST(year_of_a_date_is_the_nearest_across_new_year)
{
    int year = 0;
    int other = 0;
    /* Stamped on new year's eve, arriving on new year's day, and the reverse. */
    ck_assert_int_eq(year_nearest("1231235959", ms_of(2027, 1, 1, 0), &year, &other), 0);
    ck_assert_int_eq(year, 2026);
    ck_assert_int_eq(other, 2026);
    ck_assert_int_eq(year_nearest("0101000001", ms_of(2026, 12, 31, 23), &year, &other), 0);
    ck_assert_int_eq(year, 2027);
    ck_assert_int_eq(other, 2027);
}
END_TEST

START_TEST(neighbour_year_is_told_only_near_the_flip)
{
    int year = 0;
    int other = 0;
    /* Half a year away, give or take a day: either year could be meant. */
    ck_assert_int_eq(year_nearest("0521120000", ms_of(2026, 11, 20, 0), &year, &other), 0);
    ck_assert_int_ne(year, other);
    ck_assert_int_eq(year + other, 2026 + 2027);
    ck_assert_int_eq(year_nearest("1001120000", ms_of(2026, 11, 20, 0), &year, &other), 0);
    ck_assert_int_eq(year, 2026);
    ck_assert_int_eq(other, 2026);
}
END_TEST

START_TEST(what_is_no_date_is_an_error)
{
    static const char *const bad[] = {"0001120000", "1301120000", "1100120000", "1132120000",
                                      "1121240000", "1121126000", "1121120060", "11x1120000"};
    int year = 0;
    int other = 0;
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        ck_assert_int_eq(year_nearest(bad[i], 0, &year, &other), ERR_FORMAT);
    }
}
END_TEST

SUITE_MAIN("calendar", known_instants_are_their_dates, every_day_of_four_centuries_comes_back,
           days_that_do_not_exist_are_refused, year_of_a_date_is_the_nearest_across_new_year,
           neighbour_year_is_told_only_near_the_flip, what_is_no_date_is_an_error)
