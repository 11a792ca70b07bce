/* Goal: what a framing does to messages and keep-alives, it does on a connection too. Peers are
 * plain sockets that write frames by hand. */
#include "tests/unit/iso8583/net/world.h"

/* @message as @framing writes it for an answer to a request with @tpdu. */
static size_t frame_write(const struct framing *framing, struct span tpdu, struct span message,
                          uint8_t *frame)
{
    int head = frame_head(framing, tpdu, message.len, frame);
    struct span tail = frame_tail(framing);
    ck_assert_int_ge(head, 0);
    memcpy(frame + head, message.ptr, message.len);
    if (tail.len != 0) {
        memcpy(frame + head + message.len, tail.ptr, tail.len);
    }
    return (size_t)head + message.len + tail.len;
}

START_TEST(message_goes_there_and_back_in_every_framing)
{
    static const uint8_t tpdu[] = {0x60, 0x00, 0x01, 0x00, 0x02};
    const char *names[FRAMING_COUNT_MAX + 2];
    size_t count = framing_names(false, names);
    names[count++] = "len2+header:ISO026000050+etx";
    names[count++] = "ascii4+header:0x00FF+tpdu";
    for (size_t i = 0; i < count; i++) {
        struct framing framing;
        ck_assert_int_eq(framing_parse(span_text(names[i]), &framing), 0);
        world_open(limits_default);
        w.endpoint.framing = &framing;
        int fd = peer_open(NULL);
        uint8_t frame[64], got[64];
        /* What came in turned goes out as it was, and a label as it came. */
        struct span there = span_make(tpdu, framing.tpdu);
        size_t len = frame_write(&framing, there, SPAN_LITERAL("0800"), frame);
        peer_send(fd, frame, len);
        ck_assert(peer_receive(fd, got, len));
        struct reader in = reader_make(span_make(got, len));
        struct span back, message;
        ck_assert_int_eq(frame_next(&framing, &in, &back, &message), 1);
        ck_assert(span_equal(message, SPAN_LITERAL("0800")));
        ck_assert_msg(span_equal(back, there), "%s", names[i]);
        ck_assert_uint_eq(w.messages, 1);
        close(fd);
        world_close();
    }
}
END_TEST

static const struct {
    const char *framing;
    const char *bytes;
    const char *answer;
    size_t len;
} keepalives[] = {
    {"len2", "\0\0", "\0\0", 2},
    {"ascii4", "0000", "0000", 4},
    {"len2z", "\0\0\0\0", "\0\0\0\0", 4},
    {"vap", "\0\0\0\x10", "\0\0\0\x10", 4},
    {"vml", "\0\3\0\x20xyz", "\0\3\0\x20xyz", 7},
    {"len2+tpdu", "\0\0", "\0\0", 2},
    {"len2+tpdu", "\0\5\x60\0\1\0\2", "\0\5\x60\0\2\0\1", 7},
    {"len2+etx", "\0\1\3", "\0\1\3", 3},
};

START_TEST(keep_alive_is_answered_where_the_endpoint_says_so)
{
    world_open(limits_default);
    struct framing framing;
    ck_assert_int_eq(framing_parse(span_text(keepalives[_i].framing), &framing), 0);
    w.endpoint.framing = &framing;
    w.endpoint.answers_keepalives = true;
    int fd = peer_open(NULL);
    size_t len = keepalives[_i].len;
    uint8_t got[64], frame[64];
    /* Two of them around a message: the answers come in their order. */
    struct span there = span_make("\x60\0\1\0\2", framing.tpdu);
    size_t frame_len = frame_write(&framing, there, SPAN_LITERAL("0800"), frame);
    peer_send(fd, keepalives[_i].bytes, len);
    peer_send(fd, frame, frame_len);
    peer_send(fd, keepalives[_i].bytes, len);
    ck_assert(peer_receive(fd, got, 2 * len + frame_len));
    ck_assert_mem_eq(got, keepalives[_i].answer, len);
    ck_assert_mem_eq(got + len + frame_len, keepalives[_i].answer, len);
    ck_assert_uint_eq(w.messages, 1);
    ck_assert_uint_eq(w.closed, 0);
    close(fd);
    world_close();
}
END_TEST

START_TEST(keep_alive_is_swallowed_where_it_does_not)
{
    world_open(limits_default);
    struct framing framing;
    ck_assert_int_eq(framing_parse(span_text(keepalives[_i].framing), &framing), 0);
    w.endpoint.framing = &framing;
    int fd = peer_open(NULL);
    uint8_t got[64], frame[64];
    struct span there = span_make("\x60\0\1\0\2", framing.tpdu);
    size_t frame_len = frame_write(&framing, there, SPAN_LITERAL("0800"), frame);
    peer_send(fd, keepalives[_i].bytes, keepalives[_i].len);
    peer_send(fd, frame, frame_len);
    /* The first that comes back is the message's answer. */
    ck_assert(peer_receive(fd, got, frame_len));
    struct reader in = reader_make(span_make(got, frame_len));
    struct span back, message;
    ck_assert_int_eq(frame_next(&framing, &in, &back, &message), 1);
    ck_assert(span_equal(message, SPAN_LITERAL("0800")));
    close(fd);
    world_close();
}
END_TEST

/* Answers are owed to one who reads: of a flood whose answers nobody takes, the ring takes what it
 * can, and then the connection is closed. */
START_TEST(keep_alives_without_end_from_one_who_does_not_read_close_it)
{
    static const uint8_t zeros[4096];
    struct conn_limits limits = limits_default;
    limits.out_len = 64;
    world_open(limits);
    w.endpoint.answers_keepalives = true;
    conn_id conn;
    int fd = peer_open(&conn);
    uint64_t start_ms = uv_hrtime() / 1000000;
    while (w.closed == 0) {
        (void)send(fd, zeros, sizeof zeros, MSG_NOSIGNAL);
        uv_run(&w.loop, UV_RUN_NOWAIT);
        ck_assert_uint_lt(uv_hrtime() / 1000000 - start_ms, WATCHDOG_MS);
    }
    ck_assert_int_eq(w.reason, CONN_RING_FULL);
    ck_assert_uint_eq(w.messages, 0);
    close(fd);
    world_close();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("conn_framings");
    TCase *tcase = tcase_create("conn_framings");
    tcase_set_timeout(tcase, 30);
    tcase_add_test(tcase, message_goes_there_and_back_in_every_framing);
    tcase_add_loop_test(tcase, keep_alive_is_answered_where_the_endpoint_says_so, 0,
                        ARRAY_COUNT(keepalives));
    tcase_add_loop_test(tcase, keep_alive_is_swallowed_where_it_does_not, 0,
                        ARRAY_COUNT(keepalives));
    tcase_add_test(tcase, keep_alives_without_end_from_one_who_does_not_read_close_it);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
