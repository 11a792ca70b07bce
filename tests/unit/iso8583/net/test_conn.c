/* A pool with real sockets on the loopback, in one loop with the peers that push at it. */
#include "tests/unit/iso8583/net/world.h"

static uint32_t writes;
static size_t write_len_max = SIZE_MAX; /* what the kernel is made to take of one write */

int __real_uv_try_write(uv_stream_t *stream, const uv_buf_t bufs[], unsigned count);
int __wrap_uv_try_write(uv_stream_t *stream, const uv_buf_t bufs[], unsigned count);

int __wrap_uv_try_write(uv_stream_t *stream, const uv_buf_t bufs[], unsigned count)
{
    writes++;
    uv_buf_t taken[2] = {bufs[0], bufs[count - 1]};
    size_t left = write_len_max;
    for (unsigned i = 0; i < count; i++) {
        taken[i].len = taken[i].len < left ? taken[i].len : left;
        left -= taken[i].len;
    }
    return write_len_max == 0 ? UV_EAGAIN : __real_uv_try_write(stream, taken, count);
}

/* --- Messages --------------------------------------------------------------------------------- */

START_TEST(pipelined_messages_are_answered_in_order)
{
    world_open(limits_default);
    int fd = peer_open(NULL);
    static uint8_t sent[300 * 300], got[sizeof sent];
    size_t len = 0;
    for (uint32_t i = 0; i < 300; i++) {
        len += frame_make(sent + len, 1 + i % 290, i);
    }
    size_t done = 0; /* In parts: the ring does not hold all. */
    while (done < len) {
        size_t part = len - done < 8000 ? len - done : 8000;
        peer_send(fd, sent + done, part);
        done += part;
        uv_run(&w.loop, UV_RUN_NOWAIT);
    }
    ck_assert(peer_receive(fd, got, len));
    ck_assert_mem_eq(got, sent, len);
    ck_assert_uint_eq(w.messages, 300);
    close(fd);
    world_close();
}
END_TEST

START_TEST(message_split_at_every_byte_is_one_message)
{
    world_open(limits_default);
    int fd = peer_open(NULL);
    uint8_t frame[64], got[64];
    size_t len = frame_make(frame, 40, 7);
    for (size_t split = 1; split < len; split++) {
        w.messages = 0;
        peer_send(fd, frame, split);
        uv_run(&w.loop, UV_RUN_NOWAIT);
        uv_run(&w.loop, UV_RUN_NOWAIT);
        ck_assert_uint_eq(w.messages, 0);
        peer_send(fd, frame + split, len - split);
        ck_assert(peer_receive(fd, got, len));
        ck_assert_mem_eq(got, frame, len);
        ck_assert_uint_eq(w.messages, 1);
        ck_assert_uint_eq(w.last_len, 40);
    }
    close(fd);
    world_close();
}
END_TEST

START_TEST(message_sent_byte_by_byte_is_one_message)
{
    world_open(limits_default);
    int fd = peer_open(NULL);
    uint8_t frame[FRAME_LEN_MAX + 2];
    size_t len = frame_make(frame, 200, 3);
    for (size_t i = 0; i < len; i++) {
        ck_assert_uint_eq(w.messages, 0);
        peer_send(fd, frame + i, 1);
        uv_run(&w.loop, UV_RUN_NOWAIT);
    }
    RUN_UNTIL(w.messages == 1);
    ck_assert_mem_eq(w.last, frame + 2, 200);
    close(fd);
    world_close();
}
END_TEST

START_TEST(longest_message_fits_the_smallest_buffer)
{
    world_open(limits_default);
    int fd = peer_open(NULL);
    static uint8_t frame[FRAME_LEN_MAX + 2], got[sizeof frame];
    size_t len = frame_make(frame, FRAME_LEN_MAX, 5);
    for (int i = 0; i < 9; i++) {
        peer_send(fd, frame, len);
        ck_assert(peer_receive(fd, got, len));
        ck_assert_mem_eq(got, frame, len);
    }
    close(fd);
    world_close();
}
END_TEST

START_TEST(messages_of_one_turn_leave_in_few_writes)
{
    struct conn_limits limits = limits_default;
    limits.in_len = 65536;
    limits.out_len = 65536;
    world_open(limits);
    int fd = peer_open(NULL);
    static uint8_t sent[200 * 102], got[sizeof sent];
    size_t len = 0;
    for (uint32_t i = 0; i < 200; i++) {
        len += frame_make(sent + len, 100, i);
    }
    writes = 0;
    peer_send(fd, sent, len);
    ck_assert(peer_receive(fd, got, len));
    ck_assert_mem_eq(got, sent, len);
    ck_assert_uint_ge(writes, 1);
    ck_assert_uint_le(writes, 5);
    /* And a connection with nothing to say costs none. */
    writes = 0;
    run_ms(5);
    ck_assert_uint_eq(writes, 0);
    close(fd);
    world_close();
}
END_TEST

START_TEST(explicit_flush_needs_no_turn_of_the_loop)
{
    world_open(limits_default);
    conn_id conn;
    int fd = peer_open(&conn);
    uint8_t got[6];
    ck_assert_int_eq(conn_send(w.pool, conn, SPAN_NONE, SPAN_LITERAL("0800")), 0);
    ck_assert_uint_eq(conn_pending(w.pool, conn), 6);
    ck_assert_int_lt((int)recv(fd, got, sizeof got, 0), 0);
    conn_flush_all(w.pool);
    ck_assert_uint_eq(conn_pending(w.pool, conn), 0);
    ck_assert_int_eq((int)recv(fd, got, sizeof got, 0), 6);
    ck_assert_mem_eq(got,
                     "\x00\x04"
                     "0800",
                     6);
    close(fd);
    world_close();
}
END_TEST

START_TEST(keep_alive_without_bytes_is_not_told)
{
    world_open(limits_default);
    int fd = peer_open(NULL);
    peer_send(fd, "\0\0\0\0\0\001A\0\0", 9);
    RUN_UNTIL(w.messages == 1);
    run_ms(3);
    ck_assert_uint_eq(w.messages, 1);
    ck_assert_uint_eq(w.last_len, 1);
    ck_assert_uint_eq(w.closed, 0);
    close(fd);
    world_close();
}
END_TEST

START_TEST(tpdu_is_handed_out_and_comes_back)
{
    world_open(limits_default);
    w.endpoint.framing = framing_find("len2+tpdu");
    ck_assert_ptr_nonnull(w.endpoint.framing);
    int fd = peer_open(NULL);
    uint8_t got[11];
    peer_send(fd,
              "\x00\x09\x60\x00\x01\x00\x02"
              "0800",
              11);
    ck_assert(peer_receive(fd, got, sizeof got));
    ck_assert_mem_eq(got,
                     "\x00\x09\x60\x00\x02\x00\x01"
                     "0800",
                     11);
    ck_assert_uint_eq(w.last_len, 4);
    close(fd);
    world_close();
}
END_TEST

START_TEST(message_that_no_frame_can_hold_is_refused)
{
    world_open(limits_default);
    conn_id conn;
    int fd = peer_open(&conn);
    static uint8_t long_message[FRAME_LEN_MAX + 1];
    ck_assert_int_eq(
        conn_send(w.pool, conn, SPAN_NONE, span_make(long_message, sizeof long_message)),
        ERR_FRAME_LENGTH);
    ck_assert_uint_eq(conn_pending(w.pool, conn), 0);
    close(fd);
    world_close();
}
END_TEST

/* --- The ring --------------------------------------------------------------------------------- */

/* Fill the ring of @conn until it is full. Returns the messages that it took. */
static uint32_t ring_fill(conn_id conn, size_t len, uint32_t number)
{
    uint8_t frame[FRAME_LEN_MAX + 2];
    int status;
    uint32_t count = 0;
    do {
        size_t frame_len = frame_make(frame, len, number + count);
        size_t before = conn_pending(w.pool, conn);
        status = conn_send(w.pool, conn, SPAN_NONE, span_make(frame + 2, frame_len - 2));
        ck_assert_uint_eq(conn_pending(w.pool, conn), before + (status == 0 ? frame_len : 0));
        count += status == 0;
        uv_run(&w.loop, UV_RUN_NOWAIT);
    } while (status == 0);
    ck_assert_int_eq(status, ERR_FULL);
    return count;
}

static void messages_expect(int fd, size_t len, uint32_t from, uint32_t to)
{
    uint8_t frame[FRAME_LEN_MAX + 2], got[FRAME_LEN_MAX + 2];
    for (uint32_t i = from; i < to; i++) {
        size_t frame_len = frame_make(frame, len, i);
        ck_assert(peer_receive(fd, got, frame_len));
        ck_assert_mem_eq(got, frame, frame_len);
    }
}

START_TEST(slow_reader_is_told_full_and_harms_no_other)
{
    world_open(limits_default);
    int slow = peer_connect_small(w.port, 4096);
    RUN_UNTIL(w.opened == 1);
    conn_id slow_conn = w.last_open;
    int quick = peer_open(NULL);
    uint32_t count = ring_fill(slow_conn, 1001, 0);
    ck_assert_uint_gt(count, 16);

    uint8_t frame[102], got[102];
    size_t len = frame_make(frame, 100, 9);
    for (int i = 0; i < 20; i++) {
        peer_send(quick, frame, len);
        ck_assert(peer_receive(quick, got, len));
        ck_assert_mem_eq(got, frame, len);
    }
    ck_assert_int_eq(conn_send(w.pool, slow_conn, SPAN_NONE, span_make(frame, 100)), 0);
    ck_assert_uint_eq(w.closed, 0);

    /* It reads at last: nothing is lost or out of order, over several turns of the ring. */
    messages_expect(slow, 1001, 0, count);
    ck_assert(peer_receive(slow, got, 102));
    ck_assert_mem_eq(got + 2, frame, 100);
    for (uint32_t round = 0; round < 5; round++) {
        uint32_t more = ring_fill(slow_conn, 997, 1000 * round);
        messages_expect(slow, 997, 1000 * round, 1000 * round + more);
    }
    RUN_UNTIL(conn_pending(w.pool, slow_conn) == 0);
    close(slow);
    close(quick);
    world_close();
}
END_TEST

START_TEST(ring_takes_what_fits_to_the_last_byte)
{
    struct conn_limits limits = limits_default;
    limits.out_len = 100;
    world_open(limits);
    conn_id conn;
    int fd = peer_open(&conn);
    uint8_t frame[128], got[128];
    size_t len = frame_make(frame, 99, 1);
    ck_assert_int_eq(conn_send(w.pool, conn, SPAN_NONE, span_make(frame + 2, 99)), ERR_FULL);
    ck_assert_uint_eq(conn_pending(w.pool, conn), 0);
    len = frame_make(frame, 98, 1);
    ck_assert_int_eq(conn_send(w.pool, conn, SPAN_NONE, span_make(frame + 2, 98)), 0);
    ck_assert_int_eq(conn_send(w.pool, conn, SPAN_NONE, SPAN_LITERAL("x")), ERR_FULL);
    ck_assert_uint_eq(conn_pending(w.pool, conn), 100);
    ck_assert(peer_receive(fd, got, len));
    ck_assert_mem_eq(got, frame, len);
    close(fd);
    world_close();
}
END_TEST

/* Send messages of growing numbers and changing lengths until the ring is full; their count. */
static uint32_t ring_top_up(conn_id conn, uint32_t number)
{
    uint32_t count = 0;
    int status;
    do {
        uint8_t frame[128];
        size_t len = frame_make(frame, 1 + (number + count) % 100, number + count);
        status = conn_send(w.pool, conn, SPAN_NONE, span_make(frame + 2, len - 2));
        count += status == 0;
    } while (status == 0);
    ck_assert_int_eq(status, ERR_FULL);
    return count;
}

/* The kernel takes odd portions, the rest is a write in flight, and the ring is filled up while it
 * flies: it wraps at every offset, in what is sent and in what waits. */
START_TEST(bytes_keep_their_order_while_the_ring_goes_round)
{
    struct conn_limits limits = limits_default;
    limits.out_len = 1009;
    world_open(limits);
    conn_id conn;
    int fd = peer_open(&conn);
    uint32_t sent = 0, taken = 0, random = 1;
    while (taken < 5000) {
        sent += ring_top_up(conn, sent);
        random = random * 1664525u + 1013904223u;
        write_len_max = (random >> 16) % ((random >> 28) % 2 == 0 ? 50 : 900);
        conn_flush_all(w.pool);
        sent += ring_top_up(conn, sent);
        uv_run(&w.loop, UV_RUN_NOWAIT);
        uint8_t frame[128], got[128];
        for (;; taken++) {
            size_t len = frame_make(frame, 1 + taken % 100, taken);
            if (recv(fd, got, len, MSG_PEEK) < (ssize_t)len) {
                break;
            }
            ck_assert_int_eq((int)recv(fd, got, len, 0), (int)len);
            ck_assert_mem_eq(got, frame, len);
        }
        ck_assert_uint_le(taken, sent);
    }
    write_len_max = SIZE_MAX;
    close(fd);
    world_close();
}
END_TEST

START_TEST(closing_a_full_connection_tells_the_peer_does_not_read)
{
    world_open(limits_default);
    int fd = peer_connect_small(w.port, 4096);
    RUN_UNTIL(w.opened == 1);
    (void)ring_fill(w.last_open, 1000, 0);
    conn_close(w.pool, w.last_open, false);
    ck_assert_uint_eq(w.closed, 0);
    RUN_UNTIL(w.closed == 1);
    ck_assert_int_eq(w.reason, CONN_RING_FULL);
    close(fd);
    world_close();
}
END_TEST

/* 100 bytes fit the kernel's buffers easily, a ring more or less does not: neither may be held for
 * one who reads nothing. */
START_TEST(peer_that_reads_nothing_is_closed_in_time)
{
    struct conn_limits limits = limits_default;
    limits.unread_ms = 1000;
    world_open(limits);
    int fd = peer_connect_small(w.port, 4096);
    RUN_UNTIL(w.opened == 1);
    uint8_t frame[1002];
    size_t len = frame_make(frame, 1000, 1);
    for (int i = 0; i < (_i == 0 ? 64 : 100000) && conn_pending(w.pool, w.last_open) == 0; i++) {
        ck_assert_int_eq(conn_send(w.pool, w.last_open, SPAN_NONE, span_make(frame + 2, len - 2)),
                         0);
        conn_flush_all(w.pool);
    }
    ck_assert((conn_pending(w.pool, w.last_open) != 0) == (_i == 1));
    RUN_UNTIL(w.closed == 1);
    ck_assert_int_eq(w.reason, CONN_UNREAD_TIMEOUT);
    close(fd);
    world_close();
}
END_TEST

/* --- Closing ---------------------------------------------------------------------------------- */

START_TEST(close_with_drain_delivers_everything)
{
    world_open(limits_default);
    int fd = peer_connect_small(w.port, 4096);
    RUN_UNTIL(w.opened == 1);
    uint32_t count = ring_fill(w.last_open, 1000, 0);
    /* The peer says something that nobody will read: a plain close would reset the stream. */
    peer_send(fd,
              "\x00\x04"
              "0800",
              6);
    ck_assert_uint_gt(conn_pending(w.pool, w.last_open), 0);
    conn_close(w.pool, w.last_open, true);
    ck_assert_int_eq(conn_send(w.pool, w.last_open, SPAN_NONE, SPAN_LITERAL("x")), ERR_CLOSED);
    messages_expect(fd, 1000, 0, count);
    ck_assert(peer_sees_end(fd));
    ck_assert_uint_eq(w.closed, 0); /* Our end is shut; the peer's is awaited. */
    close(fd);
    RUN_UNTIL(w.closed == 1);
    ck_assert_uint_eq(w.messages, 0);
    world_close();
}
END_TEST

START_TEST(close_with_drain_of_an_empty_ring_ends_the_stream)
{
    world_open(limits_default);
    int fd = peer_open(NULL);
    conn_close(w.pool, w.last_open, true);
    conn_close(w.pool, w.last_open, true);
    ck_assert(peer_sees_end(fd));
    close(fd);
    RUN_UNTIL(w.closed == 1);
    ck_assert_int_eq(w.reason, CONN_LOCAL);
    world_close();
}
END_TEST

START_TEST(drain_is_bounded_when_the_peer_never_reads)
{
    world_open(limits_default);
    int fd = peer_connect_small(w.port, 4096);
    RUN_UNTIL(w.opened == 1);
    (void)ring_fill(w.last_open, 1000, 0);
    uint64_t start_ms = uv_now(&w.loop);
    conn_close(w.pool, w.last_open, true);
    RUN_UNTIL(w.closed == 1);
    ck_assert_uint_ge(uv_now(&w.loop) - start_ms, 2000);
    ck_assert_uint_lt(uv_now(&w.loop) - start_ms, 5000);
    close(fd);
    world_close();
}
END_TEST

START_TEST(callback_that_closes_sees_no_further_message)
{
    world_open(limits_default);
    w.act = ACT_CLOSE;
    int fd = peer_open(NULL);
    peer_send(fd, "\0\001A\0\001B\0\001C", 9);
    RUN_UNTIL(w.closed == 1);
    ck_assert_uint_eq(w.messages, 1);
    ck_assert_uint_eq(w.last[0], 'A');
    ck_assert_int_eq(w.reason, CONN_LOCAL);
    close(fd);
    world_close();
}
END_TEST

START_TEST(callback_that_answers_and_closes_delivers_the_answer)
{
    world_open(limits_default);
    w.act = ACT_ECHO_CLOSE;
    int fd = peer_open(NULL);
    uint8_t got[3];
    peer_send(fd, "\0\001A\0\001B", 6);
    ck_assert(peer_receive(fd, got, 3));
    ck_assert_mem_eq(got, "\0\001A", 3);
    ck_assert(peer_sees_end(fd));
    close(fd);
    RUN_UNTIL(w.closed == 1);
    ck_assert_uint_eq(w.messages, 1);
    world_close();
}
END_TEST

START_TEST(peer_that_shuts_its_end_still_gets_its_answers)
{
    world_open(limits_default);
    int fd = peer_open(NULL);
    uint8_t got[6];
    peer_send(fd, "\0\001A\0\001B", 6);
    ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
    ck_assert(peer_receive(fd, got, 6));
    ck_assert_mem_eq(got, "\0\001A\0\001B", 6);
    ck_assert(peer_sees_end(fd));
    RUN_UNTIL(w.closed == 1);
    ck_assert_int_eq(w.reason, CONN_PEER_CLOSED);
    close(fd);
    world_close();
}
END_TEST

START_TEST(reset_by_the_peer_is_an_input_output_error)
{
    world_open(limits_default);
    int fd = peer_open(NULL);
    struct linger reset = {.l_onoff = 1, .l_linger = 0};
    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
    close(fd);
    RUN_UNTIL(w.closed == 1);
    ck_assert_int_eq(w.reason, CONN_IO_ERROR);
    ck_assert_int_eq(w.error, ERR_IO);
    world_close();
}
END_TEST

START_TEST(stale_id_is_answered_closed)
{
    world_open(limits_default);
    conn_id first, second;
    int fd = peer_open(&first);
    ck_assert_str_eq(conn_peer(w.pool, first), w.peer);
    ck_assert_int_eq(strncmp(w.peer, "127.0.0.1:", 10), 0);
    conn_close(w.pool, first, false);
    RUN_UNTIL(w.closed == 1);
    close(fd);
    fd = peer_open(&second);
    ck_assert_uint_eq((uint32_t)first, (uint32_t)second); /* the same slot */
    ck_assert_uint_ne(first, second);
    const conn_id stale[] = {0, first, UINT64_MAX, 0x100000000u, second + 1};
    for (size_t i = 0; i < ARRAY_COUNT(stale); i++) {
        ck_assert_int_eq(conn_send(w.pool, stale[i], SPAN_NONE, SPAN_LITERAL("x")), ERR_CLOSED);
        ck_assert_uint_eq(conn_pending(w.pool, stale[i]), 0);
        ck_assert_str_eq(conn_peer(w.pool, stale[i]), "");
        conn_close(w.pool, stale[i], false);
    }
    run_ms(3);
    ck_assert_uint_eq(w.closed, 1);
    ck_assert_int_eq(conn_send(w.pool, second, SPAN_NONE, SPAN_LITERAL("x")), 0);
    close(fd);
    world_close();
}
END_TEST

START_TEST(shutdown_closes_every_connection)
{
    world_open(limits_default);
    int fds[3];
    for (size_t i = 0; i < 3; i++) {
        fds[i] = peer_open(NULL);
    }
    ck_assert_int_eq(conn_send(w.pool, w.last_open, SPAN_NONE, SPAN_LITERAL("bye")), 0);
    conn_pool_shutdown(w.pool);
    conn_pool_shutdown(w.pool);
    ck_assert_uint_eq(w.closed, 0);
    RUN_UNTIL(w.closed == 3);
    ck_assert_int_eq(w.reason, CONN_LOCAL);
    uint8_t got[5];
    ck_assert(peer_receive(fds[2], got, 5));
    int late = peer_connect(w.port); /* Nothing is taken any more. */
    ck_assert(peer_sees_end(late));
    close(late);
    for (size_t i = 0; i < 3; i++) {
        close(fds[i]);
    }
    world_close();
}
END_TEST

/* Peers and callbacks close in every order; world.h checks each id, the end checks the sum. */
START_TEST(every_open_is_told_closed_exactly_once)
{
    struct conn_limits limits = limits_default;
    limits.count_max = 16;
    world_open(limits);
    int fds[24];
    uint32_t random = 1;
    memset(fds, -1, sizeof fds);
    for (int i = 0; i < 3000; i++) {
        random = random * 1664525u + 1013904223u;
        size_t at = (random >> 8) % ARRAY_COUNT(fds);
        unsigned what = random >> 20 & 7;
        if (fds[at] < 0) {
            fds[at] = peer_connect(w.port);
        } else if (what < 3) {
            (void)!send(fds[at], "\0\002ab\0\002cd\0", 9, MSG_NOSIGNAL);
        } else if (what == 3) {
            (void)!send(fds[at], "\xff\xff garbage", 10, MSG_NOSIGNAL);
        } else if (what == 4) {
            conn_close(w.pool, w.last_open, (random >> 24 & 1) != 0);
        } else {
            close(fds[at]);
            fds[at] = -1;
        }
        w.act = (random >> 25 & 3) == 0 ? ACT_CLOSE : ACT_ECHO;
        if ((random >> 27 & 3) != 0) {
            uv_run(&w.loop, UV_RUN_NOWAIT);
        }
    }
    ck_assert_uint_gt(w.opened, 100);
    ck_assert_uint_gt(w.messages, 100);
    for (size_t i = 0; i < ARRAY_COUNT(fds); i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
    RUN_UNTIL(conn_pool_count(w.pool) == 0);
    ck_assert_uint_eq(w.opened, w.closed);
    world_close();
}
END_TEST

/* --- Framing lost, and time ------------------------------------------------------------------- */

START_TEST(lost_framing_tells_the_first_bytes_after_answering_what_came_before)
{
    world_open(limits_default);
    int fd = peer_open(NULL);
    uint8_t bad[80], got[3];
    memset(bad, 'G', sizeof bad);
    peer_send(fd, "\0\001A", 3);
    peer_send(fd, bad, sizeof bad);
    ck_assert(peer_receive(fd, got, 3));
    ck_assert_mem_eq(got, "\0\001A", 3);
    RUN_UNTIL(w.closed == 1);
    ck_assert_uint_eq(w.messages, 1);
    ck_assert_int_eq(w.reason, CONN_FRAME_ERROR);
    ck_assert_int_eq(w.error, ERR_FRAME_LENGTH);
    ck_assert_uint_gt(w.first_len, 1);
    ck_assert_uint_le(w.first_len, 64);
    ck_assert_mem_eq(w.first, bad, w.first_len);
    close(fd);
    world_close();
}
END_TEST

START_TEST(frame_that_does_not_end_in_time_closes)
{
    struct conn_limits limits = limits_default;
    limits.frame_ms = 40;
    world_open(limits);
    int whole = peer_open(NULL);
    conn_id conn;
    int part = peer_open(&conn);
    peer_send(whole, "\0\001A", 3);
    uint64_t start_ms = uv_hrtime() / 1000000;
    peer_send(part, "\0\004AB", 4);
    RUN_UNTIL(w.closed == 1);
    ck_assert_uint_ge(uv_hrtime() / 1000000 - start_ms, 38);
    ck_assert_uint_eq(w.last_closed, conn);
    ck_assert_int_eq(w.reason, CONN_FRAME_TIMEOUT);
    run_ms(100);
    ck_assert_uint_eq(w.closed, 1); /* One between two frames has all the time of the world. */
    close(whole);
    close(part);
    world_close();
}
END_TEST

START_TEST(more_bytes_of_a_frame_do_not_give_it_more_time)
{
    struct conn_limits limits = limits_default;
    limits.frame_ms = 60;
    world_open(limits);
    int fd = peer_open(NULL);
    peer_send(fd, "\x0f\xff", 2);
    uint64_t start_ms = uv_hrtime() / 1000000;
    uint64_t sent_ms = 0;
    while (w.closed == 0) {
        if (uv_now(&w.loop) != sent_ms) { /* a byte a millisecond: the frame never gets whole */
            sent_ms = uv_now(&w.loop);
            (void)!send(fd, "z", 1, MSG_NOSIGNAL);
        }
        uv_run(&w.loop, UV_RUN_ONCE);
        ck_assert_uint_lt(uv_hrtime() / 1000000 - start_ms, WATCHDOG_MS);
    }
    ck_assert_int_eq(w.reason, CONN_FRAME_TIMEOUT);
    close(fd);
    world_close();
}
END_TEST

/* There is never a moment without an incomplete frame, but each ends in time. */
START_TEST(each_frame_has_its_own_time)
{
    struct conn_limits limits = limits_default;
    limits.frame_ms = 100;
    world_open(limits);
    w.act = ACT_KEEP;
    int fd = peer_open(NULL);
    uint64_t start_ms = uv_hrtime() / 1000000;
    peer_send(fd, "\0\002a", 3);
    while (uv_hrtime() / 1000000 - start_ms < 400) {
        peer_send(fd, "b\0\002a", 4);
        uv_run(&w.loop, UV_RUN_ONCE);
    }
    ck_assert_uint_eq(w.closed, 0);
    ck_assert_uint_gt(w.messages, 2);
    RUN_UNTIL(w.closed == 1);
    ck_assert_int_eq(w.reason, CONN_FRAME_TIMEOUT);
    close(fd);
    world_close();
}
END_TEST

START_TEST(peer_that_is_silent_too_long_is_closed)
{
    struct conn_limits limits = limits_default;
    limits.idle_ms = 60;
    world_open(limits);
    conn_id silent_conn;
    int silent = peer_open(&silent_conn);
    int alive = peer_open(NULL);
    uint64_t start_ms = uv_hrtime() / 1000000;
    while (w.closed == 0) {
        peer_send(alive, "\0\0", 2); /* A keep-alive is enough. */
        uv_run(&w.loop, UV_RUN_ONCE);
        ck_assert_uint_lt(uv_hrtime() / 1000000 - start_ms, WATCHDOG_MS);
    }
    ck_assert_uint_ge(uv_hrtime() / 1000000 - start_ms, 50);
    ck_assert_uint_eq(w.last_closed, silent_conn);
    ck_assert_int_eq(w.reason, CONN_IDLE_TIMEOUT);
    ck_assert(peer_sees_end(silent));
    RUN_UNTIL(w.closed == 2);
    close(silent);
    close(alive);
    world_close();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("conn");
    const struct {
        const char *name;
        const TTest *tests[10];
    } cases[] = {
        {"messages",
         {pipelined_messages_are_answered_in_order, message_split_at_every_byte_is_one_message,
          message_sent_byte_by_byte_is_one_message, longest_message_fits_the_smallest_buffer,
          messages_of_one_turn_leave_in_few_writes, explicit_flush_needs_no_turn_of_the_loop,
          keep_alive_without_bytes_is_not_told, tpdu_is_handed_out_and_comes_back,
          message_that_no_frame_can_hold_is_refused}},
        {"ring",
         {slow_reader_is_told_full_and_harms_no_other, ring_takes_what_fits_to_the_last_byte,
          bytes_keep_their_order_while_the_ring_goes_round,
          closing_a_full_connection_tells_the_peer_does_not_read}},
        {"closing",
         {close_with_drain_delivers_everything, close_with_drain_of_an_empty_ring_ends_the_stream,
          drain_is_bounded_when_the_peer_never_reads, callback_that_closes_sees_no_further_message,
          callback_that_answers_and_closes_delivers_the_answer,
          peer_that_shuts_its_end_still_gets_its_answers,
          reset_by_the_peer_is_an_input_output_error, stale_id_is_answered_closed,
          shutdown_closes_every_connection, every_open_is_told_closed_exactly_once}},
        {"framing and time",
         {lost_framing_tells_the_first_bytes_after_answering_what_came_before,
          frame_that_does_not_end_in_time_closes, more_bytes_of_a_frame_do_not_give_it_more_time,
          each_frame_has_its_own_time, peer_that_is_silent_too_long_is_closed}},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        TCase *tcase = tcase_create(cases[i].name);
        tcase_set_timeout(tcase, 30);
        for (size_t j = 0; j < ARRAY_COUNT(cases[i].tests) && cases[i].tests[j] != NULL; j++) {
            tcase_add_test(tcase, cases[i].tests[j]);
        }
        if (i == 1) {
            tcase_add_loop_test(tcase, peer_that_reads_nothing_is_closed_in_time, 0, 2);
        }
        suite_add_tcase(suite, tcase);
    }
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
