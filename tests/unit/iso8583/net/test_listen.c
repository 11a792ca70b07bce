/* Accepting: the limit, the port, and what happens when descriptors run out. */
#include "tests/unit/iso8583/suite.h"
#include "tests/unit/iso8583/net/world.h"

#include <sys/resource.h>

START_TEST(connection_above_the_limit_is_closed_at_once)
{
    struct conn_limits limits = limits_default;
    limits.count_max = 2;
    world_open(limits);
    int first = peer_open(NULL);
    int second = peer_open(NULL);
    int third = peer_connect(w.port);
    ck_assert(peer_sees_end(third));
    ck_assert_uint_eq(w.opened, 2);
    ck_assert_uint_eq(conn_pool_count(w.pool), 2);
    close(third);
    close(first);
    RUN_UNTIL(conn_pool_count(w.pool) == 1);
    third = peer_open(NULL); /* A place is free again. */
    uint8_t got[3];
    peer_send(third, "\0\001A", 3);
    ck_assert(peer_receive(third, got, 3));
    close(second);
    close(third);
    world_close();
}
END_TEST

START_TEST(listener_keeps_to_its_share_of_the_pool)
{
    world_open(limits_default);
    int port;
    struct listener *small = world_listen(1, &port);
    ck_assert_int_eq(listener_port(small), port);
    int first = peer_connect(port);
    RUN_UNTIL(w.opened == 1);
    int second = peer_connect(port);
    ck_assert(peer_sees_end(second));
    int other = peer_open(NULL);
    ck_assert_uint_eq(w.opened, 2);
    close(first);
    RUN_UNTIL(w.closed == 1);
    close(second);
    second = peer_connect(port);
    RUN_UNTIL(w.opened == 3);
    listener_close(small);
    close(second);
    close(other);
    world_close();
}
END_TEST

START_TEST(connections_outlive_their_listener)
{
    world_open(limits_default);
    int fd = peer_open(NULL);
    listener_close(w.listener);
    w.listener = NULL;
    run_ms(3);
    uint8_t got[3];
    peer_send(fd, "\0\001A", 3);
    ck_assert(peer_receive(fd, got, 3));
    ck_assert_uint_eq(w.closed, 0);
    close(fd);
    RUN_UNTIL(w.closed == 1);
    world_close();
}
END_TEST

START_TEST(port_is_free_at_once_after_close)
{
    world_open(limits_default);
    char address[32];
    (void)snprintf(address, sizeof address, "127.0.0.1:%d", w.port);
    struct listener *again = NULL;
    int uv_error = 0;
    ck_assert_int_eq(listener_open(w.pool, address, 1, &w.endpoint, &again, &uv_error), ERR_IO);
    ck_assert_int_eq(uv_error, UV_EADDRINUSE);
    listener_close(w.listener);
    ck_assert_int_eq(listener_open(w.pool, address, 1, &w.endpoint, &w.listener, &uv_error), 0);
    int fd = peer_open(NULL);
    close(fd);
    world_close();
}
END_TEST

START_TEST(address_that_does_not_parse_is_wrong_usage)
{
    static const char *const wrong[] = {"",
                                        "5001",
                                        ":5001",
                                        "127.0.0.1",
                                        "127.0.0.1:",
                                        "127.0.0.1:65536",
                                        "localhost:1",
                                        "127.0.0.1:+5",
                                        "::1:5001",
                                        "[::1]",
                                        "[]:5001",
                                        "127.0.0.256:1",
                                        "[127.0.0.1:5001"};
    world_open(limits_default);
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        struct listener *listener;
        int uv_error;
        ck_assert_int_eq(listener_open(w.pool, wrong[i], 1, &w.endpoint, &listener, &uv_error),
                         ERR_USAGE);
    }
    world_close();
}
END_TEST

/* The kernel has completed the connect, so the listening socket stays readable all the while: a
 * loop that tried again at once would turn thousands of times. */
START_TEST(accepting_rests_while_there_are_no_descriptors)
{
    world_open(limits_default);
    int fd = peer_connect(w.port);
    struct rlimit before, none;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = (rlim_t)fd + 1;    /* the lowest free one would be above */
    ck_assert_int_eq(dup(fd), fd + 1); /* so that it is: close it when the limit stands */
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    close(fd + 1);
    uint64_t until_ms = uv_hrtime() / 1000000 + 150;
    uint32_t turns = 0;
    while (uv_hrtime() / 1000000 < until_ms) {
        uv_run(&w.loop, UV_RUN_ONCE);
        turns++;
    }
    ck_assert_uint_eq(w.opened, 0);
    ck_assert_uint_le(turns, 320); /* the test's own tick is 150 of them */
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    RUN_UNTIL(w.opened == 1);
    close(fd);
    world_close();
}
END_TEST

SUITE_MAIN("listen", connection_above_the_limit_is_closed_at_once,
           listener_keeps_to_its_share_of_the_pool, connections_outlive_their_listener,
           port_is_free_at_once_after_close, address_that_does_not_parse_is_wrong_usage,
           accepting_rests_while_there_are_no_descriptors)
