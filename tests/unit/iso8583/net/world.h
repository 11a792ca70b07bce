/* One loop, one pool, one listener, and peers that are plain sockets: what the tests of net/ stand
 * on. Nothing sleeps: the loop is turned until a condition holds, and a watchdog ends a test whose
 * condition never does. */
#pragma once

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "iso8583/net/conn.h"
#include "iso8583/net/dial.h"
#include "iso8583/net/listen.h"

enum { WATCHDOG_MS = 15000, IDS_MAX = 512 };

struct world {
    uv_loop_t loop;
    uv_timer_t tick; /* wakes the loop each millisecond, so that conditions are looked at */
    struct conn_pool *pool;
    struct conn_events events;
    struct endpoint endpoint;
    struct listener *listener;
    int port;
    /* What was told. */
    uint32_t opened, closed, messages;
    conn_id last_open, last_closed;
    conn_id ids[IDS_MAX]; /* opened and not yet closed */
    enum conn_reason reason;
    int error;
    uint8_t first[64];
    size_t first_len;
    char peer[64];
    uint8_t last[FRAME_LEN_MAX];
    size_t last_len;
    /* What is done with a message, besides counting it. */
    enum { ACT_KEEP, ACT_ECHO, ACT_CLOSE, ACT_ECHO_CLOSE } act;
};

static struct world w;

static void told_open(void *user, conn_id conn, const char *peer)
{
    ck_assert_ptr_eq(user, &w);
    ck_assert_uint_ne(conn, 0);
    ck_assert_str_eq(peer, conn_peer(w.pool, conn));
    size_t free_at = IDS_MAX;
    for (size_t i = 0; i < IDS_MAX; i++) {
        ck_assert_uint_ne(w.ids[i], conn);
        free_at = w.ids[i] == 0 ? i : free_at;
    }
    ck_assert_uint_lt(free_at, IDS_MAX);
    w.ids[free_at] = conn;
    w.opened++;
    w.last_open = conn;
    (void)snprintf(w.peer, sizeof w.peer, "%s", peer);
}

static void told_message(void *user, conn_id conn, struct span tpdu, struct span message)
{
    ck_assert_ptr_eq(user, &w);
    w.messages++;
    w.last_len = message.len;
    memcpy(w.last, message.ptr, message.len);
    if (w.act == ACT_ECHO || w.act == ACT_ECHO_CLOSE) {
        ck_assert_int_eq(conn_send(w.pool, conn, tpdu, message), 0);
    }
    if (w.act == ACT_CLOSE || w.act == ACT_ECHO_CLOSE) {
        uint32_t closed = w.closed;
        conn_close(w.pool, conn, w.act == ACT_ECHO_CLOSE);
        ck_assert_uint_eq(w.closed, closed); /* never told from within a call */
        ck_assert_int_eq(conn_send(w.pool, conn, tpdu, message), ERR_CLOSED);
    }
}

static void told_close(void *user, conn_id conn, enum conn_reason reason, int error,
                       struct span first)
{
    ck_assert_ptr_eq(user, &w);
    size_t at = IDS_MAX;
    for (size_t i = 0; i < IDS_MAX; i++) {
        at = w.ids[i] == conn ? i : at;
    }
    ck_assert_uint_lt(at, IDS_MAX); /* opened, and not told closed before */
    w.ids[at] = 0;
    w.closed++;
    w.last_closed = conn;
    w.reason = reason;
    w.error = error;
    w.first_len = first.len;
    memcpy(w.first, first.ptr, first.len);
    ck_assert_str_ne(conn_peer(w.pool, conn), "");
    ck_assert_int_eq(conn_send(w.pool, conn, SPAN_NONE, SPAN_LITERAL("late")), ERR_CLOSED);
}

static void on_tick(uv_timer_t *timer)
{
    (void)timer;
}

/* Turn the loop until @condition holds. */
#define RUN_UNTIL(condition)                                                                       \
    do {                                                                                           \
        uint64_t start_ms_ = uv_hrtime() / 1000000;                                                \
        while (!(condition)) {                                                                     \
            uv_run(&w.loop, UV_RUN_ONCE);                                                          \
            if (uv_hrtime() / 1000000 - start_ms_ > WATCHDOG_MS) {                                 \
                ck_abort_msg("never came true: " #condition);                                      \
            }                                                                                      \
        }                                                                                          \
    } while (0)

static inline void run_ms(uint64_t ms)
{
    uint64_t until_ms = uv_hrtime() / 1000000 + ms;
    RUN_UNTIL(uv_hrtime() / 1000000 >= until_ms);
}

/* Listen on a port that is free, below the range from which the kernel gives ports to clients. */
static inline struct listener *world_listen(uint32_t count_max, int *port)
{
    int base = 20000 + (int)((unsigned)getpid() * 131u % 10000u);
    for (int i = 0; i < 1000; i++) {
        char address[32];
        struct listener *listener;
        int uv_error = 0;
        *port = base + i;
        (void)snprintf(address, sizeof address, "127.0.0.1:%d", *port);
        int status = listener_open(w.pool, address, count_max, &w.endpoint, &listener, &uv_error);
        if (status == 0) {
            return listener;
        }
        ck_assert_int_eq(status, ERR_IO);
        ck_assert_int_eq(uv_error, UV_EADDRINUSE);
    }
    ck_abort_msg("no free port");
    return NULL;
}

static inline void world_open(struct conn_limits limits)
{
    memset(&w, 0, sizeof w);
    ck_assert_int_eq(uv_loop_init(&w.loop), 0);
    uv_timer_init(&w.loop, &w.tick);
    uv_timer_start(&w.tick, on_tick, 1, 1);
    w.pool = conn_pool_new(&w.loop, &limits);
    ck_assert_ptr_nonnull(w.pool);
    w.events = (struct conn_events){told_open, told_message, told_close};
    w.endpoint =
        (struct endpoint){.framing = framing_find("len2"), .events = &w.events, .user = &w};
    w.act = ACT_ECHO;
    w.listener = world_listen(limits.count_max, &w.port);
}

/* Everything closes, every open was told its close, and nothing is left on the loop. */
static inline void world_close(void)
{
    if (w.listener != NULL) {
        listener_close(w.listener);
    }
    conn_pool_shutdown(w.pool);
    uv_close((uv_handle_t *)&w.tick, NULL);
    ck_assert_int_eq(uv_run(&w.loop, UV_RUN_DEFAULT), 0);
    ck_assert_uint_eq(conn_pool_count(w.pool), 0);
    ck_assert_uint_eq(w.opened, w.closed);
    conn_pool_free(w.pool);
    ck_assert_int_eq(uv_loop_close(&w.loop), 0);
}

static const struct conn_limits limits_default = {
    .count_max = 8, .in_len = FRAME_LEN_MAX + FRAME_HEAD_LEN_MAX, .out_len = 16384};

/* --- Peers ------------------------------------------------------------------------------------ */

/* A connected socket that does not block; the kernel completes it before it is accepted. */
static inline int peer_connect_small(int port, int receive_len)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    if (receive_len != 0) {
        ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_len, sizeof receive_len),
                         0);
    }
    struct sockaddr_in address;
    ck_assert_int_eq(uv_ip4_addr("127.0.0.1", port, &address), 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    int one = 1;
    ck_assert_int_eq(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one), 0);
    ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

static inline int peer_connect(int port)
{
    return peer_connect_small(port, 0);
}

/* Connect and wait until it is told. */
static inline int peer_open(conn_id *conn)
{
    uint32_t opened = w.opened;
    int fd = peer_connect(w.port);
    RUN_UNTIL(w.opened == opened + 1);
    if (conn != NULL) {
        *conn = w.last_open;
    }
    return fd;
}

static inline void peer_send(int fd, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    while (len != 0) {
        ssize_t sent = send(fd, at, len, MSG_NOSIGNAL);
        ck_assert(sent > 0 || errno == EAGAIN);
        at += sent > 0 ? sent : 0;
        len -= sent > 0 ? (size_t)sent : 0;
        if (sent < 0) {
            uv_run(&w.loop, UV_RUN_NOWAIT);
        }
    }
}

/* Turn the loop until @len bytes have come. Returns false if the stream ended before. */
static inline bool peer_receive(int fd, void *bytes, size_t len)
{
    uint8_t *at = bytes;
    uint64_t start_ms = uv_hrtime() / 1000000;
    while (len != 0) {
        ssize_t got = recv(fd, at, len, 0);
        if (got == 0 || (got < 0 && errno != EAGAIN)) {
            return false;
        }
        if (got < 0) {
            uv_run(&w.loop, UV_RUN_ONCE);
            ck_assert_uint_le(uv_hrtime() / 1000000 - start_ms, WATCHDOG_MS);
        } else {
            at += got;
            len -= (size_t)got;
        }
    }
    return true;
}

/* Turn the loop until the stream has ended; true if it ended in order and without more bytes. */
static inline bool peer_sees_end(int fd)
{
    uint8_t byte;
    ssize_t got;
    RUN_UNTIL((got = recv(fd, &byte, 1, 0)) >= 0 || errno != EAGAIN);
    return got == 0;
}

/* Message @number of @len bytes, framed with len2, into @out. Returns the bytes of the frame. */
static inline size_t frame_make(uint8_t *out, size_t len, uint32_t number)
{
    be16_put(out, (uint16_t)len);
    for (size_t i = 0; i < len; i++) {
        out[2 + i] = (uint8_t)(number * 31 + i);
    }
    return len + 2;
}
