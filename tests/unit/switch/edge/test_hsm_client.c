/* switch/edge/hsm_client.c against an HSM that answers as told, over a real socket: an answer moves
 * only the question that it belongs to; swapped, repeated and foreign ones cut the connection. */
#include "switch/edge/hsm_client.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "iso8583/net/listen.h"
#include "tests/unit/iso8583/suite.h"

/* The driver's part that the client needs: what it was fed is kept. */
struct driver {
    struct driver_parts parts;
};

static struct driver driver;
static uint64_t fed_token[8];
static enum event_kind fed_kind[8];
static uint32_t fed_count;
static uint32_t mismatches;

const struct driver_parts *__wrap_driver_parts(const struct driver *of);
void __wrap_driver_feed(struct driver *to, struct event *event);
void __wrap_driver_alarm(struct driver *of, const char *name, const char *subject, int64_t number);

const struct driver_parts *__wrap_driver_parts(const struct driver *of)
{
    return &of->parts;
}

void __wrap_driver_feed(struct driver *to, struct event *event)
{
    (void)to;
    ck_assert_uint_lt(fed_count, ARRAY_COUNT(fed_token));
    fed_kind[fed_count] = event->kind;
    fed_token[fed_count++] = event->u.hsm.token;
}

void __wrap_driver_alarm(struct driver *of, const char *name, const char *subject, int64_t number)
{
    (void)of;
    (void)subject;
    (void)number;
    mismatches += strcmp(name, "hsm.mismatch") == 0;
}

/* The peer: keeps what it was asked, answers when the test says. */
static struct {
    struct conn_pool *pool;
    conn_id conn;
    uint8_t asked[4][512];
    size_t asked_len[4];
    uint32_t asked_count;
    uint32_t closed;
} peer;

static void peer_open(void *user, conn_id conn, const char *address)
{
    (void)user;
    (void)address;
    peer.conn = conn;
}

static void peer_message(void *user, conn_id conn, struct span tpdu, struct span message)
{
    (void)user;
    (void)conn;
    (void)tpdu;
    ck_assert_uint_lt(peer.asked_count, 4);
    memcpy(peer.asked[peer.asked_count], message.ptr, message.len);
    peer.asked_len[peer.asked_count++] = message.len;
}

static void peer_close(void *user, conn_id conn, enum conn_reason reason, int error,
                       struct span first)
{
    (void)user;
    (void)conn;
    (void)reason;
    (void)error;
    (void)first;
    peer.closed++;
}

static const struct conn_events peer_events = {
    .on_open = peer_open, .on_message = peer_message, .on_close = peer_close};
static struct endpoint peer_endpoint = {.events = &peer_events};
static uv_loop_t loop;
static struct hsm_client *client;
static struct listener *listener;
static struct config config;

static void setup(void)
{
    char address[32];
    int uv_error = 0;
    struct conn_limits limits = {.count_max = 4, .in_len = 8192, .out_len = 8192};
    fed_count = 0;
    mismatches = 0;
    memset(&peer, 0, sizeof peer);
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    peer.pool = conn_pool_new(&loop, &limits);
    peer_endpoint.framing = framing_find("len2");
    int port = 20000 + (int)(getpid() % 10000);
    int rc = ERR_IO;
    for (; rc != 0 && port < 32000; port++) {
        snprintf(address, sizeof address, "127.0.0.1:%d", port);
        rc = listener_open(peer.pool, address, 4, &peer_endpoint, &listener, &uv_error);
    }
    ck_assert_int_eq(rc, 0);
    snprintf(config.hsm_address, sizeof config.hsm_address, "%s", address);
    config.hsm_header_len = 4;
    driver.parts = (struct driver_parts){.loop = &loop, .config = &config, .epoch = 77};
    client = hsm_client_new(&driver);
    ck_assert_ptr_nonnull(client);
    ck_assert_int_eq(hsm_client_dial(client), 0);
    while (!hsm_client_figures(client).connected || peer.conn == 0) {
        uv_run(&loop, UV_RUN_ONCE);
    }
}

static void teardown(void)
{
    hsm_client_shutdown(client);
    listener_close(listener);
    conn_pool_shutdown(peer.pool);
    uv_run(&loop, UV_RUN_DEFAULT);
    hsm_client_free(client);
    conn_pool_free(peer.pool);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
}

static void ask(uint64_t token, enum event_kind answer)
{
    struct hsm_command command = {.code = HSM_CODE('B', '2')};
    uint32_t before = peer.asked_count;
    command.arg[HSM_ARG_DATA] = SPAN_LITERAL("ping");
    hsm_client_ask(client, token, answer, &command);
    while (peer.asked_count == before) {
        uv_run(&loop, UV_RUN_ONCE);
    }
}

/* Answer question @index with the header and trailer of questions @header and @trailer. */
static void answer(uint32_t header, uint32_t trailer, uint16_t code)
{
    uint8_t bytes[256];
    struct hsm_command command;
    struct hsm_envelope of_header;
    struct hsm_envelope of_trailer;
    struct hsm_reply reply = {.code = code, .error = code == HSM_CODE('B', '3') ? 0 : HSM_DISABLED};
    ck_assert_int_eq(hsm_command_decode(span_make(peer.asked[header], peer.asked_len[header]), 4,
                                        &command, &of_header),
                     0);
    ck_assert_int_eq(hsm_command_decode(span_make(peer.asked[trailer], peer.asked_len[trailer]), 4,
                                        &command, &of_trailer),
                     0);
    of_header.trailer = of_trailer.trailer;
    reply.arg[HSM_ARG_DATA] = SPAN_LITERAL("ping");
    struct writer out = writer_make(bytes, sizeof bytes);
    ck_assert_int_eq(hsm_reply_encode(&reply, &of_header, &out), 0);
    ck_assert_int_eq(conn_send(peer.pool, peer.conn, SPAN_NONE, writer_written(&out)), 0);
}

static void run_until_fed(uint32_t count)
{
    while (fed_count < count && mismatches == 0) {
        uv_run(&loop, UV_RUN_ONCE);
    }
}

START_TEST(answers_out_of_order_reach_their_own_questions)
{
    ask(101, EV_MAC_CHECKED);
    ask(102, EV_PIN_CHECKED);
    answer(1, 1, HSM_CODE('B', '3'));
    answer(0, 0, HSM_CODE('B', '3'));
    run_until_fed(2);
    ck_assert_uint_eq(fed_token[0], 102);
    ck_assert_int_eq(fed_kind[0], EV_PIN_CHECKED);
    ck_assert_uint_eq(fed_token[1], 101);
    ck_assert_int_eq(fed_kind[1], EV_MAC_CHECKED);
    ck_assert_uint_eq(mismatches, 0);
}
END_TEST

START_TEST(header_and_trailer_of_two_questions_cut_the_connection)
{
    ask(101, EV_MAC_CHECKED);
    ask(102, EV_PIN_CHECKED);
    answer(0, 1, HSM_CODE('B', '3'));
    while (peer.closed == 0) {
        uv_run(&loop, UV_RUN_ONCE);
    }
    ck_assert_uint_eq(fed_count, 0);
    ck_assert_uint_eq(mismatches, 1);
}
END_TEST

START_TEST(same_answer_twice_cuts_the_connection)
{
    ask(101, EV_MAC_CHECKED);
    answer(0, 0, HSM_CODE('B', '3'));
    run_until_fed(1);
    answer(0, 0, HSM_CODE('B', '3'));
    while (peer.closed == 0) {
        uv_run(&loop, UV_RUN_ONCE);
    }
    ck_assert_uint_eq(fed_count, 1);
    ck_assert_uint_eq(mismatches, 1);
}
END_TEST

START_TEST(reply_to_another_command_cuts_the_connection)
{
    ask(101, EV_MAC_CHECKED);
    answer(0, 0, HSM_CODE('N', 'D'));
    while (peer.closed == 0) {
        uv_run(&loop, UV_RUN_ONCE);
    }
    ck_assert_uint_eq(fed_count, 0);
    ck_assert_uint_eq(mismatches, 1);
}
END_TEST

START_TEST(after_a_cut_it_connects_again_and_old_answers_are_foreign)
{
    ask(101, EV_MAC_CHECKED);
    conn_close(peer.pool, peer.conn, false);
    conn_id old = peer.conn;
    while (peer.conn == old || !hsm_client_figures(client).connected) {
        uv_run(&loop, UV_RUN_ONCE);
    }
    answer(0, 0, HSM_CODE('B', '3'));
    while (mismatches == 0) {
        uv_run(&loop, UV_RUN_ONCE);
    }
    ck_assert_uint_eq(fed_count, 0);
}
END_TEST

int main(void)
{
    static const TTest *const *const tests[] = {
        &answers_out_of_order_reach_their_own_questions,
        &header_and_trailer_of_two_questions_cut_the_connection,
        &same_answer_twice_cuts_the_connection,
        &reply_to_another_command_cuts_the_connection,
        &after_a_cut_it_connects_again_and_old_answers_are_foreign,
    };
    TCase *tcase = tcase_create("hsm_client");
    tcase_add_checked_fixture(tcase, setup, teardown);
    for (size_t i = 0; i < ARRAY_COUNT(tests); i++) {
        tcase_add_test(tcase, *tests[i]);
    }
    Suite *suite = suite_create("hsm_client");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
