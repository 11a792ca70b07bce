/* The open model's schedule: when arrivals are due. Times are microseconds since it began. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "tools/isotest/rate.h"

static struct rate rate;

/* How many arrivals are due before @until_us; they have arrived. */
static uint64_t arrive_until(int64_t until_us)
{
    uint64_t count = 0;
    for (; rate_due_us(&rate) < until_us; count++) {
        rate_next(&rate);
    }
    return count;
}

START_TEST(arrivals_are_evenly_spaced_from_one_interval_on)
{
    rate_init(&rate, 1000, 0, false, 1);
    for (int64_t due_us = 1000; due_us <= 1000000; due_us += 1000) {
        ck_assert_int_eq(rate_due_us(&rate), due_us);
        rate_next(&rate);
    }
}
END_TEST

START_TEST(interval_that_is_no_whole_number_does_not_drift)
{
    rate_init(&rate, 3, 0, false, 1);
    for (int i = 0; i < 3 * 86400; i++) {
        rate_next(&rate);
    }
    /* A day later the next is still due a third of a second after the day's end. */
    ck_assert_int_le(llabs(rate_due_us(&rate) - 86400333333ll), 1000);
}
END_TEST

START_TEST(ramp_grows_linearly_to_the_rate)
{
    rate_init(&rate, 1000, 10000000, false, 1);
    /* In a tenth of the ramp a hundredth of its arrivals, in half of it a quarter. */
    ck_assert_int_le(llabs((int64_t)arrive_until(1000000) - 50), 1);
    ck_assert_int_le(llabs((int64_t)arrive_until(5000000) - 1200), 1);
    ck_assert_int_le(llabs((int64_t)arrive_until(10000000) - 3750), 1);
    ck_assert_int_le(llabs((int64_t)arrive_until(11000000) - 1000), 1);
    ck_assert_double_eq(rate_at(&rate, 5000000), 500);
    ck_assert_double_eq(rate_at(&rate, 20000000), 1000);
}
END_TEST

START_TEST(arrivals_while_it_ramps_come_ever_closer)
{
    double last_us = 0;
    double interval_us = INFINITY;
    rate_init(&rate, 100, 2000000, false, 1);
    for (int i = 0; i < 99; i++) {
        ck_assert_double_lt(rate.due_us - last_us, interval_us);
        interval_us = rate.due_us - last_us;
        last_us = rate.due_us;
        rate_next(&rate);
    }
    ck_assert_double_ge(interval_us, 10000);
}
END_TEST

START_TEST(random_arrivals_keep_the_rate_with_its_spread)
{
    enum { ARRIVALS = 200000 };
    double last_us = 0;
    double squares = 0;
    rate_init(&rate, 1000, 0, true, 7);
    for (int i = 0; i < ARRIVALS; i++) {
        double interval_us = rate.due_us - last_us;
        squares += interval_us * interval_us;
        last_us = rate.due_us;
        rate_next(&rate);
    }
    double mean_us = last_us / ARRIVALS;
    ck_assert_double_le(fabs(mean_us - 1000), 10);
    /* Exponential: the deviation is the mean. */
    ck_assert_double_le(fabs(sqrt(squares / ARRIVALS - mean_us * mean_us) - 1000), 20);
}
END_TEST

START_TEST(seed_decides_random_arrivals)
{
    struct rate same;
    struct rate other;
    rate_init(&rate, 1000, 0, true, 7);
    rate_init(&same, 1000, 0, true, 7);
    rate_init(&other, 1000, 0, true, 8);
    for (int i = 0; i < 100; i++) {
        ck_assert_double_eq(rate.due_us, same.due_us);
        ck_assert_double_ne(rate.due_us, other.due_us);
        rate_next(&rate);
        rate_next(&same);
        rate_next(&other);
    }
}
END_TEST

START_TEST(change_stretches_what_is_left_of_the_interval)
{
    rate_init(&rate, 10, 0, false, 1);
    (void)arrive_until(1050000);
    ck_assert_int_eq(rate_due_us(&rate), 1100000);
    rate_change(&rate, 100, 1050000);
    ck_assert_int_eq(rate_due_us(&rate), 1055000);
    rate_next(&rate);
    ck_assert_int_eq(rate_due_us(&rate), 1065000);
}
END_TEST

START_TEST(change_leaves_due_what_is_due)
{
    rate_init(&rate, 10, 0, false, 1);
    rate_change(&rate, 1, 350000);
    ck_assert_int_eq(rate_due_us(&rate), 100000);
}
END_TEST

START_TEST(pause_drops_what_was_due_in_it)
{
    rate_init(&rate, 10, 0, false, 1);
    rate_skip(&rate, 5000000);
    ck_assert_int_eq(rate_due_us(&rate), 5100000);
    rate_skip(&rate, 5050000); /* nothing was due */
    ck_assert_int_eq(rate_due_us(&rate), 5100000);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        arrivals_are_evenly_spaced_from_one_interval_on,
        interval_that_is_no_whole_number_does_not_drift,
        ramp_grows_linearly_to_the_rate,
        arrivals_while_it_ramps_come_ever_closer,
        random_arrivals_keep_the_rate_with_its_spread,
        seed_decides_random_arrivals,
        change_stretches_what_is_left_of_the_interval,
        change_leaves_due_what_is_due,
        pause_drops_what_was_due_in_it,
    };
    Suite *suite = suite_create("isotest rate");
    for (size_t i = 0; i < ARRAY_COUNT(tests); i++) {
        TCase *tcase = tcase_create(tests[i]->name);
        tcase_add_test(tcase, tests[i]);
        suite_add_tcase(suite, tcase);
    }
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
