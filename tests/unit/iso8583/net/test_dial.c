/* Dialling: a second endpoint of the same pool dials the listener of world.h. */
#include "tests/unit/iso8583/suite.h"
#include "tests/unit/iso8583/net/world.h"

static struct {
    struct dialler *dialler;
    char address[32];
    struct conn_events events;
    struct endpoint endpoint;
    uint32_t opened, closed, messages, failures;
    uint32_t waits_ms[16];
    int uv_error;
    bool close_on_failure;
} d;

static void dial_opened(void *user, conn_id conn, const char *peer)
{
    ck_assert_ptr_eq(user, &d);
    ck_assert_str_eq(peer, d.address);
    ck_assert_uint_eq(dialler_conn(d.dialler), conn);
    d.opened++;
}

static void dial_message(void *user, conn_id conn, struct span tpdu, struct span message)
{
    (void)user, (void)conn, (void)tpdu, (void)message;
    d.messages++;
}

static void dial_closed(void *user, conn_id conn, enum conn_reason reason, int error,
                        struct span first)
{
    (void)user, (void)conn, (void)reason, (void)error, (void)first;
    if (d.dialler != NULL) {
        ck_assert_uint_eq(dialler_conn(d.dialler), 0);
    }
    d.closed++;
}

static void dial_failed(void *user, int uv_error, uint32_t wait_ms)
{
    ck_assert_ptr_eq(user, &d);
    ck_assert_uint_eq(dialler_conn(d.dialler), 0);
    d.waits_ms[d.failures++ % ARRAY_COUNT(d.waits_ms)] = wait_ms;
    d.uv_error = uv_error;
    if (d.close_on_failure) {
        dialler_close(d.dialler);
        d.dialler = NULL;
    }
}

static void dial_world_open(struct conn_limits limits)
{
    world_open(limits);
    memset(&d, 0, sizeof d);
    d.events = (struct conn_events){dial_opened, dial_message, dial_closed};
    d.endpoint =
        (struct endpoint){.framing = framing_find("len2"), .events = &d.events, .user = &d};
    (void)snprintf(d.address, sizeof d.address, "127.0.0.1:%d", w.port);
}

static void dial_begin(uint32_t first_ms, uint32_t max_ms)
{
    struct dial_backoff backoff = {first_ms, max_ms};
    ck_assert_int_eq(dialler_open(w.pool, d.address, backoff, &d.endpoint, dial_failed, &d.dialler),
                     0);
    ck_assert_uint_eq(dialler_conn(d.dialler), 0);
}

static void dial_world_close(void)
{
    if (d.dialler != NULL) {
        dialler_close(d.dialler);
        d.dialler = NULL;
    }
    world_close();
    ck_assert_uint_eq(d.opened, d.closed);
}

static void listener_again(void)
{
    int uv_error = 0;
    ck_assert_int_eq(listener_open(w.pool, d.address, 4, &w.endpoint, &w.listener, &uv_error), 0);
}

START_TEST(dialled_connection_sends_and_receives)
{
    dial_world_open(limits_default);
    dial_begin(5, 20);
    RUN_UNTIL(d.opened == 1 && w.opened == 1);
    conn_id conn = dialler_conn(d.dialler);
    ck_assert_str_eq(conn_peer(w.pool, conn), d.address);
    for (int i = 0; i < 10; i++) {
        ck_assert_int_eq(conn_send(w.pool, conn, SPAN_NONE, SPAN_LITERAL("0800")), 0);
    }
    RUN_UNTIL(d.messages == 10);
    ck_assert_uint_eq(w.messages, 10);
    ck_assert_uint_eq(d.failures, 0);
    dial_world_close();
}
END_TEST

START_TEST(waits_double_up_to_the_longest)
{
    dial_world_open(limits_default);
    listener_close(w.listener);
    w.listener = NULL;
    dial_begin(5, 30);
    RUN_UNTIL(d.failures == 6);
    ck_assert_int_eq(d.uv_error, UV_ECONNREFUSED);
    const uint32_t expected[] = {5, 10, 20, 30, 30, 30};
    ck_assert_mem_eq(d.waits_ms, expected, sizeof expected);
    dialler_healthy(d.dialler);
    RUN_UNTIL(d.failures == 7);
    ck_assert_uint_eq(d.waits_ms[6], 5);
    dial_world_close();
}
END_TEST

START_TEST(dialler_reconnects_after_the_listener_comes_back)
{
    dial_world_open(limits_default);
    dial_begin(2, 10);
    RUN_UNTIL(d.opened == 1 && w.opened == 1);
    listener_close(w.listener);
    w.listener = NULL;
    conn_close(w.pool, w.last_open, false);
    RUN_UNTIL(d.closed == 1);
    ck_assert_uint_eq(dialler_conn(d.dialler), 0);
    RUN_UNTIL(d.failures >= 2);
    listener_again();
    RUN_UNTIL(d.opened == 2 && w.opened == 2);
    ck_assert_int_eq(conn_send(w.pool, dialler_conn(d.dialler), SPAN_NONE, SPAN_LITERAL("0800")),
                     0);
    RUN_UNTIL(d.messages == 1);
    dial_world_close();
}
END_TEST

/* A peer that accepts and hangs up must not be dialled as fast as the loop turns. */
START_TEST(peer_that_hangs_up_at_once_is_dialled_with_growing_waits)
{
    dial_world_open(limits_default);
    w.act = ACT_CLOSE;
    dial_begin(10, 1000);
    uint64_t start_ms = uv_hrtime() / 1000000;
    for (uint32_t i = 1; i <= 4; i++) {
        RUN_UNTIL(d.opened == i && w.opened == i);
        conn_close(w.pool, w.last_open, false);
        RUN_UNTIL(d.closed == i);
    }
    ck_assert_uint_ge(uv_hrtime() / 1000000 - start_ms, 10 + 20 + 40 - 3);
    ck_assert_uint_eq(d.failures, 0);
    dial_world_close();
}
END_TEST

START_TEST(pool_without_a_place_is_a_failure_that_is_tried_again)
{
    struct conn_limits limits = limits_default;
    limits.count_max = 2;
    dial_world_open(limits);
    int first = peer_open(NULL);
    int second = peer_open(NULL);
    dial_begin(2, 4);
    RUN_UNTIL(d.failures >= 2);
    ck_assert_int_eq(d.uv_error, UV_ENOBUFS);
    close(first);
    close(second);
    RUN_UNTIL(d.opened == 1);
    dial_world_close();
}
END_TEST

START_TEST(close_ends_dialling_in_every_state)
{
    dial_world_open(limits_default);
    dial_begin(5, 5); /* not yet begun */
    dialler_close(d.dialler);
    dial_begin(5, 5); /* connecting, or just connected */
    uv_run(&w.loop, UV_RUN_NOWAIT);
    dialler_close(d.dialler);
    d.dialler = NULL;
    RUN_UNTIL(conn_pool_count(w.pool) == 0);
    uint32_t opened = d.opened;
    dial_begin(5, 5); /* connected: what it holds is sent */
    RUN_UNTIL(d.opened == opened + 1);
    uint32_t messages = w.messages;
    ck_assert_int_eq(conn_send(w.pool, dialler_conn(d.dialler), SPAN_NONE, SPAN_LITERAL("0800")),
                     0);
    dialler_close(d.dialler);
    d.dialler = NULL;
    RUN_UNTIL(w.messages == messages + 1);
    RUN_UNTIL(conn_pool_count(w.pool) == 0);
    listener_close(w.listener); /* waiting, and from within the callback */
    w.listener = NULL;
    d.close_on_failure = true;
    dial_begin(5, 5);
    RUN_UNTIL(d.dialler == NULL);
    uint32_t failures = d.failures;
    run_ms(20);
    ck_assert_uint_eq(d.failures, failures);
    dial_world_close();
}
END_TEST

START_TEST(address_that_cannot_be_dialled_is_wrong_usage)
{
    dial_world_open(limits_default);
    struct dial_backoff backoff = {0, 0};
    static const char *const wrong[] = {"", "127.0.0.1", "127.0.0.1:0", "visa.example:5001"};
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        struct dialler *dialler;
        ck_assert_int_eq(
            dialler_open(w.pool, wrong[i], backoff, &d.endpoint, dial_failed, &dialler), ERR_USAGE);
    }
    dial_world_close();
}
END_TEST

SUITE_MAIN("dial", dialled_connection_sends_and_receives, waits_double_up_to_the_longest,
           dialler_reconnects_after_the_listener_comes_back,
           peer_that_hangs_up_at_once_is_dialled_with_growing_waits,
           pool_without_a_place_is_a_failure_that_is_tried_again,
           close_ends_dialling_in_every_state, address_that_cannot_be_dialled_is_wrong_usage)
