/* switch/edge/hsm_client.c and hsm_unit.c against two HSMs that answer as told, over real sockets:
 * an answer moves only the question that it belongs to; swapped, repeated and foreign ones cut the
 * connection; what is lost, slow or full gets no questions while another is there. */
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
static uint32_t trips;

const struct driver_parts *__wrap_driver_parts(const struct driver *of);
void __wrap_driver_feed(struct driver *to, struct event *event);
void __wrap_driver_alarm(struct driver *of, const char *name, const char *subject, int64_t number);
void __wrap_driver_alarm_why(struct driver *of, const char *name, const char *subject,
                             int64_t number, const char *why);

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
    trips += strcmp(name, "hsm.tripped") == 0;
}

void __wrap_driver_alarm_why(struct driver *of, const char *name, const char *subject,
                             int64_t number, const char *why)
{
    (void)of;
    (void)subject;
    (void)number;
    (void)why;
    mismatches += strcmp(name, "hsm.mismatch") == 0;
}

/* The peers: they keep what they were asked, and answer when the test says. */
enum { PEERS = 2, ASKED_MAX = 16 };
static struct peer {
    struct conn_pool *pool;
    struct listener *listener;
    struct endpoint endpoint;
    conn_id conn;
    uint8_t asked[ASKED_MAX][512];
    size_t asked_len[ASKED_MAX];
    uint32_t asked_count;
    uint32_t closed;
} peers[PEERS];

static void peer_open(void *user, conn_id conn, const char *address)
{
    struct peer *peer = user;
    (void)address;
    peer->conn = conn;
}

static void peer_message(void *user, conn_id conn, struct span tpdu, struct span message)
{
    struct peer *peer = user;
    (void)conn;
    (void)tpdu;
    ck_assert_uint_lt(peer->asked_count, ASKED_MAX);
    memcpy(peer->asked[peer->asked_count], message.ptr, message.len);
    peer->asked_len[peer->asked_count++] = message.len;
}

static void peer_close(void *user, conn_id conn, enum conn_reason reason, int error,
                       struct span first)
{
    struct peer *peer = user;
    (void)conn;
    (void)reason;
    (void)error;
    (void)first;
    peer->closed++;
}

static const struct conn_events peer_events = {
    .on_open = peer_open, .on_message = peer_message, .on_close = peer_close};
static uv_loop_t loop;
static struct hsm_client *client;
static struct config config;

static void peer_listen(struct peer *peer, char *address, size_t size)
{
    struct conn_limits limits = {.count_max = 4, .in_len = 8192, .out_len = 8192};
    int uv_error = 0;
    static int port;
    int rc = ERR_IO;
    memset(peer, 0, sizeof *peer);
    peer->pool = conn_pool_new(&loop, &limits);
    peer->endpoint =
        (struct endpoint){.events = &peer_events, .framing = framing_find("len2"), .user = peer};
    port = port == 0 ? 20000 + (int)(getpid() % 10000) : port;
    for (; rc != 0 && port < 32000; port++) {
        snprintf(address, size, "127.0.0.1:%d", port);
        rc = listener_open(peer->pool, address, 4, &peer->endpoint, &peer->listener, &uv_error);
    }
    ck_assert_int_eq(rc, 0);
}

static bool all_up(void)
{
    for (uint32_t i = 0; i < config.hsm_count; i++) {
        if (hsm_unit_figures(hsm_client_unit(client, i)).state != HSM_IS_UP || peers[i].conn == 0) {
            return false;
        }
    }
    return true;
}

static void begin(uint32_t count)
{
    fed_count = 0;
    mismatches = 0;
    trips = 0;
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    for (uint32_t i = 0; i < count; i++) {
        peer_listen(&peers[i], config.hsm_addresses[i], sizeof config.hsm_addresses[i]);
    }
    config.hsm_count = count;
    config.hsm_header_len = 4;
    config.hsm_in_flight = 8;
    config.core.hsm_ms = 60000;
    driver.parts = (struct driver_parts){.loop = &loop, .config = &config, .epoch = 77};
    client = hsm_client_new(&driver);
    ck_assert_ptr_nonnull(client);
    ck_assert_int_eq(hsm_client_dial(client), 0);
    while (!all_up()) {
        uv_run(&loop, UV_RUN_ONCE);
    }
}

static void setup(void)
{
    begin(1);
}

static void setup_two(void)
{
    begin(PEERS);
}

static void teardown(void)
{
    hsm_client_shutdown(client);
    for (uint32_t i = 0; i < config.hsm_count; i++) {
        listener_close(peers[i].listener);
        conn_pool_shutdown(peers[i].pool);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    hsm_client_free(client);
    for (uint32_t i = 0; i < config.hsm_count; i++) {
        conn_pool_free(peers[i].pool);
    }
    ck_assert_int_eq(uv_loop_close(&loop), 0);
}

static void ask_only(uint64_t token, enum event_kind answer)
{
    struct hsm_command command = {.code = HSM_CODE('B', '2')};
    command.arg[HSM_ARG_DATA] = SPAN_LITERAL("ping");
    hsm_client_ask(client, token, answer, &command);
}

static uint32_t asked(void)
{
    return peers[0].asked_count + (config.hsm_count == 1 ? 0 : peers[1].asked_count);
}

static void ask(uint64_t token, enum event_kind answer)
{
    uint32_t before = asked();
    ask_only(token, answer);
    while (asked() == before) {
        uv_run(&loop, UV_RUN_ONCE);
    }
}

/* @peer answers with the header and trailer of its questions @header and @trailer. */
static void answer_of(struct peer *peer, uint32_t header, uint32_t trailer, uint16_t code)
{
    uint8_t bytes[256];
    struct hsm_command command;
    struct hsm_envelope of_header;
    struct hsm_envelope of_trailer;
    struct hsm_reply reply = {.code = code, .error = code == HSM_CODE('B', '3') ? 0 : HSM_DISABLED};
    ck_assert_int_eq(hsm_command_decode(span_make(peer->asked[header], peer->asked_len[header]), 4,
                                        &command, &of_header),
                     0);
    ck_assert_int_eq(hsm_command_decode(span_make(peer->asked[trailer], peer->asked_len[trailer]),
                                        4, &command, &of_trailer),
                     0);
    of_header.trailer = of_trailer.trailer;
    reply.arg[HSM_ARG_DATA] = SPAN_LITERAL("ping");
    if (code == HSM_CODE('N', 'D')) {
        reply.error = 0;
        reply.arg[HSM_ARG_CHECK_VALUE] = SPAN_LITERAL("2686047700000000");
        reply.arg[HSM_ARG_FIRMWARE] = SPAN_LITERAL("0007-E000");
    }
    struct writer out = writer_make(bytes, sizeof bytes);
    ck_assert_int_eq(hsm_reply_encode(&reply, &of_header, &out), 0);
    ck_assert_int_eq(conn_send(peer->pool, peer->conn, SPAN_NONE, writer_written(&out)), 0);
}

static void answer(uint32_t header, uint32_t trailer, uint16_t code)
{
    answer_of(&peers[0], header, trailer, code);
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
    while (peers[0].closed == 0) {
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
    while (peers[0].closed == 0) {
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
    while (peers[0].closed == 0) {
        uv_run(&loop, UV_RUN_ONCE);
    }
    ck_assert_uint_eq(fed_count, 0);
    ck_assert_uint_eq(mismatches, 1);
}
END_TEST

START_TEST(after_a_cut_it_connects_again_and_old_answers_are_foreign)
{
    ask(101, EV_MAC_CHECKED);
    conn_close(peers[0].pool, peers[0].conn, false);
    conn_id old = peers[0].conn;
    while (peers[0].conn == old || !all_up()) {
        uv_run(&loop, UV_RUN_ONCE);
    }
    answer(0, 0, HSM_CODE('B', '3'));
    while (mismatches == 0) {
        uv_run(&loop, UV_RUN_ONCE);
    }
    ck_assert_uint_eq(fed_count, 0);
}
END_TEST

START_TEST(questions_are_shared_by_those_that_answer)
{
    for (uint64_t token = 1; token <= 8; token++) {
        ask(token, EV_MAC_CHECKED);
    }
    ck_assert_uint_eq(peers[0].asked_count, 4);
    ck_assert_uint_eq(peers[1].asked_count, 4);
}
END_TEST

START_TEST(one_that_is_lost_gets_none_and_the_other_all)
{
    conn_pool_shutdown(peers[0].pool); /* Its listener stays; nobody is let in. */
    while (hsm_unit_figures(hsm_client_unit(client, 0)).state != HSM_IS_DOWN) {
        uv_run(&loop, UV_RUN_ONCE);
    }
    for (uint64_t token = 1; token <= 4; token++) {
        ask(token, EV_PIN_CHECKED);
    }
    ck_assert_uint_eq(peers[1].asked_count, 4);
    ck_assert_int_eq(hsm_client_figures(client).state, HSM_IS_UP);
}
END_TEST

START_TEST(more_than_its_limit_is_given_to_no_unit)
{
    for (uint64_t token = 1; token <= 8; token++) {
        ask(token, EV_MAC_CHECKED);
    }
    ask_only(9, EV_MAC_CHECKED);
    ck_assert_uint_eq(hsm_client_unsent(client), 1);
    answer(0, 0, HSM_CODE('B', '3'));
    run_until_fed(1);
    ask(10, EV_MAC_CHECKED);
    ck_assert_uint_eq(hsm_client_unsent(client), 1);
    ck_assert_uint_eq(hsm_client_figures(client).in_flight, 8);
}
END_TEST

/* Overdue questions trip it; the other is asked alone; a probe that is answered lets it in again. */
START_TEST(one_that_does_not_answer_is_left_alone_until_it_answers_a_probe)
{
    config.core.hsm_ms = 10;
    while (trips == 0) {
        uint32_t at_two = peers[1].asked_count;
        ask(1, EV_MAC_CHECKED);
        if (peers[1].asked_count > at_two) {
            fed_count = 0;
            answer_of(&peers[1], peers[1].asked_count - 1, peers[1].asked_count - 1,
                      HSM_CODE('B', '3'));
            peers[1].asked_count = 0;
            run_until_fed(1);
        }
    }
    ck_assert_int_eq(hsm_unit_figures(hsm_client_unit(client, 0)).state, HSM_IS_TRIPPED);
    ck_assert_int_eq(hsm_client_figures(client).state, HSM_IS_UP);
    uint32_t probe = peers[0].asked_count;
    ck_assert_uint_ge(probe, HSM_FAILURES_MAX);
    while (peers[0].asked_count == probe) {
        uv_run(&loop, UV_RUN_ONCE);
    }
    config.core.hsm_ms = 60000;
    answer(probe, probe, HSM_CODE('N', 'D'));
    while (hsm_unit_figures(hsm_client_unit(client, 0)).state != HSM_IS_UP) {
        uv_run(&loop, UV_RUN_ONCE);
    }
    ck_assert_uint_eq(mismatches, 0);
}
END_TEST

START_TEST(answer_to_an_overdue_question_is_late_and_not_foreign)
{
    config.core.hsm_ms = 1;
    ask(101, EV_MAC_CHECKED);
    while (hsm_client_figures(client).overdue == 0) {
        uv_run(&loop, UV_RUN_ONCE);
    }
    ck_assert_uint_eq(hsm_client_figures(client).in_flight, 0);
    answer(0, 0, HSM_CODE('B', '3'));
    run_until_fed(1);
    ck_assert_uint_eq(fed_token[0], 101);
    ck_assert_uint_eq(mismatches, 0);
}
END_TEST

static TCase *cases(const char *name, void (*begins)(void), const TTest *const *tests, size_t count)
{
    TCase *tcase = tcase_create(name);
    tcase_add_checked_fixture(tcase, begins, teardown);
    tcase_set_timeout(tcase, 60);
    for (size_t i = 0; i < count; i++) {
        tcase_add_test(tcase, tests[i]);
    }
    return tcase;
}

int main(void)
{
    const TTest *const one[] = {
        answers_out_of_order_reach_their_own_questions,
        header_and_trailer_of_two_questions_cut_the_connection,
        same_answer_twice_cuts_the_connection,
        reply_to_another_command_cuts_the_connection,
        after_a_cut_it_connects_again_and_old_answers_are_foreign,
        more_than_its_limit_is_given_to_no_unit,
        answer_to_an_overdue_question_is_late_and_not_foreign,
    };
    const TTest *const two[] = {
        questions_are_shared_by_those_that_answer,
        one_that_is_lost_gets_none_and_the_other_all,
        one_that_does_not_answer_is_left_alone_until_it_answers_a_probe,
    };
    Suite *suite = suite_create("hsm_client");
    suite_add_tcase(suite, cases("one", setup, one, ARRAY_COUNT(one)));
    suite_add_tcase(suite, cases("two", setup_two, two, ARRAY_COUNT(two)));
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
