#include "switch/core/lane.h"
#include "tests/unit/iso8583/suite.h"

enum { WAITERS = 6 };

static struct lane lane;
static struct txn waiters[WAITERS];

static void setup(void)
{
    lane_init(&lane);
    for (size_t i = 0; i < WAITERS; i++) {
        list_init(&waiters[i].wait);
    }
}

/* Take all out, and see that they come in the order of their deadlines. */
static size_t drain_in_order(void)
{
    int64_t last_ms = INT64_MIN;
    size_t count = 0;
    for (struct txn *t = lane_first(&lane); t != NULL; t = lane_first(&lane)) {
        ck_assert_int_ge(t->deadline_ms, last_ms);
        ck_assert_int_eq(lane_deadline_ms(&lane), t->deadline_ms);
        last_ms = t->deadline_ms;
        lane_remove(t);
        count++;
    }
    return count;
}

START_TEST(empty_lane_never_expires)
{
    setup();
    ck_assert_ptr_null(lane_first(&lane));
    ck_assert_int_eq(lane_deadline_ms(&lane), INT64_MAX);
}
END_TEST

START_TEST(equal_waits_leave_in_the_order_they_came)
{
    setup();
    for (size_t i = 0; i < WAITERS; i++) {
        lane_add(&lane, &waiters[i], 100);
    }
    for (size_t i = 0; i < WAITERS; i++) {
        ck_assert_ptr_eq(lane_first(&lane), &waiters[i]);
        lane_remove(&waiters[i]);
    }
}
END_TEST

START_TEST(jitter_keeps_the_order_of_deadlines)
{
    static const int64_t deadlines[WAITERS] = {100, 140, 120, 90, 200, 130};
    setup();
    for (size_t i = 0; i < WAITERS; i++) {
        lane_add(&lane, &waiters[i], deadlines[i]);
    }
    ck_assert_uint_eq(drain_in_order(), WAITERS);
}
END_TEST

START_TEST(removed_waiter_may_wait_again_and_removal_is_idempotent)
{
    setup();
    lane_add(&lane, &waiters[0], 10);
    lane_add(&lane, &waiters[1], 20);
    lane_remove(&waiters[0]);
    lane_remove(&waiters[0]);
    lane_add(&lane, &waiters[0], 30);
    ck_assert_ptr_eq(lane_first(&lane), &waiters[1]);
    ck_assert_uint_eq(drain_in_order(), 2);
}
END_TEST

START_TEST(cut_expires_all_and_delays_nobody)
{
    setup();
    lane_add(&lane, &waiters[0], 10);
    lane_add(&lane, &waiters[1], 2000);
    lane_add(&lane, &waiters[2], 3000);
    lane_expire(&lane, 50);
    ck_assert_int_eq(waiters[0].deadline_ms, 10);
    ck_assert_int_eq(waiters[1].deadline_ms, 50);
    ck_assert_int_eq(waiters[2].deadline_ms, 50);
    ck_assert_uint_eq(drain_in_order(), 3);
}
END_TEST

START_TEST(hurried_one_expires_first)
{
    setup();
    for (size_t i = 0; i < 4; i++) {
        lane_add(&lane, &waiters[i], 1000 + (int64_t)i);
    }
    lane_hurry(&lane, &waiters[2], 70);
    ck_assert_ptr_eq(lane_first(&lane), &waiters[2]);
    ck_assert_int_eq(lane_deadline_ms(&lane), 70);
    ck_assert_uint_eq(drain_in_order(), 4);
}
END_TEST

SUITE_MAIN("lane", empty_lane_never_expires, equal_waits_leave_in_the_order_they_came,
           jitter_keeps_the_order_of_deadlines,
           removed_waiter_may_wait_again_and_removal_is_idempotent,
           cut_expires_all_and_delays_nobody, hurried_one_expires_first)
