#include "switch/core/stans.h"
#include "tests/unit/iso8583/suite.h"

static struct stans stans;

START_TEST(range_is_drawn_in_order_and_wraps)
{
    stans_init(&stans, 5, 7);
    for (uint32_t round = 0; round < 3; round++) {
        for (uint32_t stan = 5; stan <= 7; stan++) {
            ck_assert_uint_eq(stans_draw(&stans), stan);
            stans_free(&stans, stan);
        }
    }
}
END_TEST

START_TEST(stan_in_use_is_not_given_again)
{
    stans_init(&stans, 1, 4);
    ck_assert_uint_eq(stans_draw(&stans), 1);
    ck_assert_uint_eq(stans_draw(&stans), 2);
    stans_free(&stans, 1);
    ck_assert_uint_eq(stans_draw(&stans), 3);
    ck_assert_uint_eq(stans_draw(&stans), 4);
    ck_assert_uint_eq(stans_draw(&stans), 1);
    ck_assert_uint_eq(stans_draw(&stans), 0);
    stans_free(&stans, 3);
    ck_assert_uint_eq(stans_draw(&stans), 3);
}
END_TEST

START_TEST(held_stan_is_passed_over_until_it_is_freed)
{
    stans_init(&stans, 1, 3);
    stans_hold(&stans, 2);
    stans_hold(&stans, 2); /* is in use once */
    ck_assert_uint_eq(stans_draw(&stans), 1);
    ck_assert_uint_eq(stans_draw(&stans), 3);
    ck_assert_uint_eq(stans_draw(&stans), 0);
    stans_free(&stans, 2);
    ck_assert_uint_eq(stans_draw(&stans), 2);
}
END_TEST

START_TEST(stan_of_another_range_changes_nothing)
{
    stans_init(&stans, 10, 11);
    stans_hold(&stans, 9);
    stans_hold(&stans, 12);
    stans_hold(&stans, 0);
    stans_free(&stans, 12);
    ck_assert_uint_eq(stans.used, 0);
    ck_assert_uint_eq(stans_draw(&stans), 10);
    ck_assert_uint_eq(stans_draw(&stans), 11);
    ck_assert_uint_eq(stans_draw(&stans), 0);
}
END_TEST

START_TEST(whole_range_can_be_in_use)
{
    stans_init(&stans, 1, STAN_LAST);
    for (uint32_t i = 1; i <= STAN_LAST; i++) {
        ck_assert_uint_eq(stans_draw(&stans), i);
    }
    ck_assert_uint_eq(stans_draw(&stans), 0);
    stans_free(&stans, STAN_LAST);
    ck_assert_uint_eq(stans_draw(&stans), STAN_LAST);
}
END_TEST

SUITE_MAIN("stans", range_is_drawn_in_order_and_wraps, stan_in_use_is_not_given_again,
           held_stan_is_passed_over_until_it_is_freed, stan_of_another_range_changes_nothing,
           whole_range_can_be_in_use)
