/* Who sends more than a turn's share waits behind the others. Goal: nobody is kept waiting by one
 * who floods, and nothing of a flood is lost, reordered or taken for late. Method: whole floods lie
 * in the kernel before the loop is turned. */
#include "tests/unit/iso8583/net/world.h"

enum { TURN = 4, FLOOD = 400, MESSAGE = 20, FRAME = MESSAGE + 2 };

static struct conn_limits limits_of_turns(void)
{
    struct conn_limits limits = limits_default;
    limits.turn_max = TURN;
    return limits;
}

/* Send @count messages at once; nothing of them is looked at yet. */
static void flood(int fd, uint8_t *sent, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        (void)frame_make(sent + i * FRAME, MESSAGE, i);
    }
    ck_assert_int_eq((int)send(fd, sent, count * FRAME, MSG_NOSIGNAL), (int)(count * FRAME));
}

START_TEST(a_flood_takes_no_more_than_its_share_of_a_turn)
{
    static uint8_t sent[FLOOD * FRAME], got[sizeof sent];
    world_open(limits_of_turns());
    int fd = peer_open(NULL);
    flood(fd, sent, FLOOD);
    while (w.messages < FLOOD) {
        uint32_t before = w.messages;
        uv_run(&w.loop, UV_RUN_NOWAIT);
        /* A share of what was held, and one of what is read anew. */
        ck_assert_uint_le(w.messages - before, 2 * TURN);
    }
    ck_assert(peer_receive(fd, got, sizeof got));
    ck_assert_mem_eq(got, sent, sizeof sent);
    close(fd);
    world_close();
}
END_TEST

START_TEST(one_quiet_peer_is_answered_in_the_midst_of_many_floods)
{
    enum { FLOODS = 6 };
    static uint8_t sent[FLOODS][FLOOD * FRAME], got[sizeof sent[0]];
    int fds[FLOODS];
    uint8_t frame[FRAME], answer[FRAME];
    world_open(limits_of_turns());
    int quiet = peer_open(NULL);
    for (int i = 0; i < FLOODS; i++) {
        fds[i] = peer_open(NULL);
    }
    for (int i = 0; i < FLOODS; i++) {
        flood(fds[i], sent[i], FLOOD);
    }
    RUN_UNTIL(w.messages > FLOODS * TURN); /* all of them are at it */
    uint32_t before = w.messages;
    (void)frame_make(frame, MESSAGE, 77);
    peer_send(quiet, frame, sizeof frame);
    ck_assert(peer_receive(quiet, answer, sizeof answer));
    ck_assert_mem_eq(answer, frame, sizeof frame);
    /* Within two turns of all of them, and not after them. */
    ck_assert_uint_le(w.messages - before, 4 * FLOODS * TURN);
    for (int i = 0; i < FLOODS; i++) {
        ck_assert(peer_receive(fds[i], got, sizeof got));
        ck_assert_mem_eq(got, sent[i], sizeof got);
        close(fds[i]);
    }
    close(quiet);
    world_close();
}
END_TEST

START_TEST(floods_have_their_turns_alike)
{
    enum { FLOODS = 7 };
    static uint8_t sent[FLOOD * FRAME];
    static uint8_t got[FLOODS][sizeof sent];
    size_t lens[FLOODS] = {0};
    int fds[FLOODS];
    world_open(limits_of_turns());
    for (int i = 0; i < FLOODS; i++) {
        fds[i] = peer_open(NULL);
    }
    for (int i = 0; i < FLOODS; i++) {
        flood(fds[i], sent, FLOOD);
    }
    while (w.messages < FLOODS * FLOOD) {
        size_t least = SIZE_MAX;
        size_t most = 0;
        uv_run(&w.loop, UV_RUN_NOWAIT);
        for (int i = 0; i < FLOODS; i++) {
            ssize_t len = recv(fds[i], got[i] + lens[i], sizeof got[i] - lens[i], 0);
            lens[i] += len > 0 ? (size_t)len : 0;
            least = lens[i] < least ? lens[i] : least;
            most = lens[i] > most ? lens[i] : most;
        }
        /* What one buffer holds more or less: it is where a round of reading begins. */
        ck_assert_uint_le(most - least, limits_default.in_len + 4 * TURN * FRAME);
    }
    for (int i = 0; i < FLOODS; i++) {
        ck_assert(peer_receive(fds[i], got[i] + lens[i], sizeof got[i] - lens[i]));
        ck_assert_mem_eq(got[i], sent, sizeof sent);
        close(fds[i]);
    }
    world_close();
}
END_TEST

START_TEST(one_who_is_held_is_not_late)
{
    static uint8_t sent[FLOOD * FRAME], got[sizeof sent];
    struct conn_limits limits = limits_of_turns();
    limits.frame_ms = 30;
    limits.idle_ms = 30;
    world_open(limits);
    int fd = peer_open(NULL);
    flood(fd, sent, FLOOD);
    /* Longer than any limit of time, in turns of 2 ms each. */
    for (int i = 0; i < 40 && w.messages < FLOOD; i++) {
        uint64_t until_ms = uv_hrtime() / 1000000 + 2;
        while (uv_hrtime() / 1000000 < until_ms) {
        }
        uv_run(&w.loop, UV_RUN_NOWAIT);
    }
    ck_assert_uint_lt(w.messages, FLOOD);
    ck_assert_uint_eq(w.closed, 0);
    ck_assert(peer_receive(fd, got, sizeof got));
    ck_assert_mem_eq(got, sent, sizeof sent);
    RUN_UNTIL(w.closed == 1); /* and then it is idle as anybody else */
    ck_assert_int_eq(w.reason, CONN_IDLE_TIMEOUT);
    close(fd);
    world_close();
}
END_TEST

START_TEST(a_flood_that_ends_in_a_part_of_a_frame_has_its_time_for_the_rest)
{
    static uint8_t sent[FLOOD * FRAME], got[sizeof sent];
    uint8_t frame[FRAME];
    struct conn_limits limits = limits_of_turns();
    limits.frame_ms = 400;
    world_open(limits);
    int fd = peer_open(NULL);
    flood(fd, sent, FLOOD);
    (void)frame_make(frame, MESSAGE, 9);
    peer_send(fd, frame, 5);
    ck_assert(peer_receive(fd, got, sizeof got));
    peer_send(fd, frame + 5, sizeof frame - 5);
    ck_assert(peer_receive(fd, got, sizeof frame));
    ck_assert_mem_eq(got, frame, sizeof frame);
    peer_send(fd, frame, 5);
    RUN_UNTIL(w.closed == 1);
    ck_assert_int_eq(w.reason, CONN_FRAME_TIMEOUT);
    close(fd);
    world_close();
}
END_TEST

START_TEST(a_flood_before_the_end_of_the_stream_is_answered)
{
    static uint8_t sent[FLOOD * FRAME], got[sizeof sent];
    world_open(limits_of_turns());
    int fd = peer_open(NULL);
    flood(fd, sent, FLOOD);
    ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
    ck_assert(peer_receive(fd, got, sizeof got));
    ck_assert_mem_eq(got, sent, sizeof sent);
    ck_assert(peer_sees_end(fd));
    RUN_UNTIL(w.closed == 1);
    ck_assert_int_eq(w.reason, CONN_PEER_CLOSED);
    close(fd);
    world_close();
}
END_TEST

START_TEST(one_who_is_held_can_be_closed_and_drained)
{
    static uint8_t sent[FLOOD * FRAME];
    for (int drain = 0; drain <= 1; drain++) {
        conn_id conn;
        world_open(limits_of_turns());
        int fd = peer_open(&conn);
        flood(fd, sent, FLOOD);
        RUN_UNTIL(w.messages > TURN);
        ck_assert_uint_lt(w.messages, FLOOD);
        conn_close(w.pool, conn, drain);
        uint32_t messages = w.messages;
        RUN_UNTIL(drain == 0 ? w.closed == 1 : recv(fd, sent, sizeof sent, 0) == 0);
        close(fd);
        RUN_UNTIL(w.closed == 1);
        ck_assert_uint_eq(w.messages, messages);
        ck_assert_int_eq(w.reason, CONN_LOCAL);
        world_close();
    }
}
END_TEST

START_TEST(one_that_a_message_closes_while_held_is_closed_once)
{
    static uint8_t sent[FLOOD * FRAME];
    world_open(limits_of_turns());
    int fd = peer_open(NULL);
    flood(fd, sent, FLOOD);
    RUN_UNTIL(w.messages >= 2 * TURN);
    w.act = ACT_CLOSE;
    RUN_UNTIL(w.closed == 1);
    close(fd);
    world_close();
}
END_TEST

START_TEST(framing_that_is_lost_while_held_is_told_after_the_answers)
{
    static uint8_t sent[FLOOD * FRAME], got[sizeof sent];
    world_open(limits_of_turns());
    int fd = peer_open(NULL);
    flood(fd, sent, FLOOD);
    peer_send(fd, "\xFF\xFF", 2);
    ck_assert(peer_receive(fd, got, sizeof got));
    ck_assert_mem_eq(got, sent, sizeof sent);
    RUN_UNTIL(w.closed == 1);
    ck_assert_int_eq(w.reason, CONN_FRAME_ERROR);
    ck_assert_uint_eq(w.messages, FLOOD);
    close(fd);
    world_close();
}
END_TEST

START_TEST(shutdown_of_a_pool_ends_those_that_are_held)
{
    static uint8_t sent[FLOOD * FRAME];
    world_open(limits_of_turns());
    int fd = peer_open(NULL);
    flood(fd, sent, FLOOD);
    RUN_UNTIL(w.messages > TURN);
    world_close();
    close(fd);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("turns");
    TCase *tc = tcase_create("turns");
    tcase_add_test(tc, a_flood_takes_no_more_than_its_share_of_a_turn);
    tcase_add_test(tc, one_quiet_peer_is_answered_in_the_midst_of_many_floods);
    tcase_add_test(tc, floods_have_their_turns_alike);
    tcase_add_test(tc, one_who_is_held_is_not_late);
    tcase_add_test(tc, a_flood_that_ends_in_a_part_of_a_frame_has_its_time_for_the_rest);
    tcase_add_test(tc, a_flood_before_the_end_of_the_stream_is_answered);
    tcase_add_test(tc, one_who_is_held_can_be_closed_and_drained);
    tcase_add_test(tc, one_that_a_message_closes_while_held_is_closed_once);
    tcase_add_test(tc, framing_that_is_lost_while_held_is_told_after_the_answers);
    tcase_add_test(tc, shutdown_of_a_pool_ends_those_that_are_held);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
