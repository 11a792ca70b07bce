/* The engine, with a terminal and an issuer of one script connected to each other on 127.0.0.1.
 * Each test is a script, what its family came to, and what the observer was told on the way. */
#include <check.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/isotest/money.h"

enum { RUN_MS_MAX = 20000, FATES = MESSAGE_BROKEN + 1 };

struct told {
    uint32_t fates[FATES];
    uint32_t matched;
    uint32_t steps;
    uint32_t failures;
    uint32_t ended;
    bool passed;
    uint8_t kind; /* of the first failure */
    int miss_count;
    unsigned line;
    char text[400];
    uint32_t heard; /* at the failing peer */
    struct money *money;
};

static struct told told;
static uv_loop_t loop;
static struct engine *engine;
static struct script *script;
static uv_timer_t limit;
static char address[32];

/* --- a world ---------------------------------------------------------------------------------- */

/* A port below 32768 that nobody listens on. */
static int free_port(void)
{
    for (int port = 20000 + (int)(getpid() % 11000);; port = port >= 31000 ? 20000 : port + 1) {
        struct sockaddr_in at = {.sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        int one = 1;
        ck_assert_int_ge(fd, 0);
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        int status = bind(fd, (const struct sockaddr *)&at, sizeof at);
        (void)close(fd);
        if (status == 0) {
            return port;
        }
    }
}

static struct span variable(void *context, struct span name)
{
    (void)context;
    return span_equal_text(name, "at") ? span_text(address) : SPAN_NONE;
}

static void on_message(void *context, const struct engine_message *message)
{
    (void)context;
    told.fates[message->fate]++;
    if (told.money != NULL) {
        money_message(told.money, message);
    }
}

static void on_matched(void *context, const struct strand_view *strand, const struct stmt *stmt,
                       struct peer *peer, const struct held *sent, const struct held *got,
                       int64_t latency_us)
{
    (void)context;
    (void)strand;
    (void)stmt;
    (void)peer;
    ck_assert_ptr_nonnull(got);
    ck_assert((sent == NULL) == (latency_us < 0));
    told.matched++;
}

static void on_failure(void *context, const struct strand_view *strand,
                       const struct failure *failure)
{
    (void)context;
    (void)strand;
    if (told.failures++ > 0) {
        return;
    }
    const struct held *held;
    uint8_t fate;
    told.kind = failure->kind;
    told.miss_count = failure->miss_count;
    told.line = failure->spot.line;
    (void)snprintf(told.text, sizeof told.text, "%s", failure->text);
    while (failure->peer != NULL && peer_heard(failure->peer, told.heard, &held, &fate)) {
        told.heard++;
    }
}

static void on_step(void *context, const struct strand_view *strand, const struct stmt *stmt)
{
    (void)context;
    (void)strand;
    (void)stmt;
    told.steps++;
}

static void on_end(void *context, const struct strand_view *root, bool passed)
{
    (void)context;
    ck_assert_uint_eq(root->id, root->root);
    told.ended++;
    told.passed = passed;
}

static void on_report(void *context, const char *text)
{
    (void)context;
    (void)fprintf(stderr, "%s\n", text);
}

static void on_limit(uv_timer_t *timer)
{
    (void)timer;
    ck_abort_msg("the script did not end");
}

static void world_open(const char *body, bool keep_messages)
{
    static const char peers[] = "set at = none\n"
                                "terminal T[1..4] {\n connect {{at}}\n dialect iso87_bcd\n"
                                " frame len2+tpdu\n reversal off\n 41 \"TERM{{n:4}}\"\n}\n"
                                "issuer HOST {\n listen {{at}}\n dialect iso87_bcd\n"
                                " frame len2+tpdu\n}\n";
    static char text[8192];
    struct script_options load = {.report = on_report, .variable = variable, .allow_exec = true};
    struct engine_options options = {.seed = 1,
                                     .variable = variable,
                                     .keep_messages = keep_messages,
                                     .allow_exec = true,
                                     .observer = {.on_message = on_message,
                                                  .on_matched = on_matched,
                                                  .on_failure = on_failure,
                                                  .on_step = on_step,
                                                  .on_end = on_end}};
    struct fault fault;
    struct money *money = told.money;
    told = (struct told){.money = money};
    (void)snprintf(address, sizeof address, "127.0.0.1:%d", free_port());
    (void)snprintf(text, sizeof text, "%s%s", peers, body);
    ck_assert_int_eq(script_parse_text("t.isot", span_text(text), &load, &script), 0);
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    ck_assert_int_eq(uv_timer_init(&loop, &limit), 0);
    ck_assert_int_eq(uv_timer_start(&limit, on_limit, RUN_MS_MAX, 0), 0);
    int err = engine_open(&loop, script, &options, &engine, &fault);
    ck_assert_msg(err == 0, "%s", fault.text);
}

static void world_close(void)
{
    engine_close(engine);
    uv_close((uv_handle_t *)&limit, NULL);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    engine_free(engine);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    script_free(script);
}

/* Run the first test of the script to its end. */
static void world_run(void)
{
    strand_id id;
    uint32_t ended = told.ended;
    ck_assert_int_eq(engine_start(engine, script->tests, 1, 0, 0, &id), 0);
    while (told.ended == ended) {
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
    struct engine_counts counts;
    engine_counts(engine, &counts);
    ck_assert_uint_eq(counts.strands, 0);
}

static void run(const char *body)
{
    world_open(body, true);
    world_run();
    world_close();
}

#define SALE   "send 0200 from T\n 2 4111111111111111\n 3 000000\n 4 amount 1.00 EUR\n"
#define REPLY  "on HOST 0200 reply\n 39 00\n"
#define ANSWER "expect 0210 within 5s\n 39 == 00\n"

/* The first line of the test in those scripts: peers come before it. */
enum { TEST_LINE = 14 };

/* --- statements ------------------------------------------------------------------------------- */

START_TEST(repeat_runs_its_body_as_often_as_said)
{
    run("test \"t\" {\n repeat 3 {\n repeat 5 {\n" SALE "}\n }\n}\n");
    ck_assert(told.passed);
    ck_assert_uint_eq(told.fates[MESSAGE_SENT], 15);
}
END_TEST

START_TEST(repeat_keeps_its_pace)
{
    int64_t began_us = engine_now_us();
    run("test \"t\" {\n repeat 11 rate 100/s {\n set x = {{n}}\n }\n}\n");
    ck_assert(told.passed);
    ck_assert_int_ge(engine_now_us() - began_us, 100000);
}
END_TEST

START_TEST(if_takes_one_branch)
{
    run("set a = yes\ntest \"t\" {\n if {{a}} == yes {\n" SALE "} else {\n" SALE SALE "}\n"
        " if {{a}} == no {\n" SALE SALE SALE "} else {\n" SALE "}\n if {{a}} == no {\n" SALE
        "}\n}\n");
    ck_assert(told.passed);
    ck_assert_uint_eq(told.fates[MESSAGE_SENT], 2);
}
END_TEST

START_TEST(blocks_may_be_empty)
{
    run("test \"t\" {\n repeat 3 {\n }\n parallel 3 {\n }\n if 1 == 1 {\n } else {\n }\n}\n");
    ck_assert(told.passed);
}
END_TEST

START_TEST(branches_each_get_their_own_answer)
{
    run("test \"t\" {\n" REPLY "set mine = 0\n parallel 20 {\n repeat 10 {\n" SALE
        "set mine = {{sent.11}}\n" ANSWER " 11 == {{mine}}\n }\n }\n}\n");
    ck_assert_msg(told.passed, "line %u: %s", told.line, told.text);
    ck_assert_uint_eq(told.matched, 200);
    ck_assert_uint_eq(told.fates[MESSAGE_ANSWER], 200);
}
END_TEST

START_TEST(each_terminal_of_a_range_speaks_for_itself)
{
    run("test \"t\" {\n" REPLY " parallel T[*] {\n" SALE ANSWER " 41 == \"TERM{{n:4}}\"\n }\n}\n");
    ck_assert_msg(told.passed, "line %u: %s", told.line, told.text);
    ck_assert_uint_eq(told.matched, 4);
}
END_TEST

START_TEST(one_branch_that_fails_ends_the_family)
{
    run("test \"t\" {\n parallel 5 {\n if {{n}} == 3 {\n" SALE "expect 0210 within 50ms\n }\n"
        " wait 15s\n }\n}\n");
    ck_assert(!told.passed);
    ck_assert_uint_eq(told.failures, 1);
    ck_assert_uint_eq(told.ended, 1);
    ck_assert_int_eq(told.kind, FAIL_TIMEOUT);
}
END_TEST

START_TEST(what_a_branch_sets_stays_in_it)
{
    run("set a = 1\ntest \"t\" {\n parallel 3 {\n set a = 2\n }\n if {{a}} == 2 {\n" SALE "}\n}\n");
    ck_assert(told.passed);
    ck_assert_uint_eq(told.fates[MESSAGE_SENT], 0);
}
END_TEST

START_TEST(variables_that_grow_in_a_loop_find_room)
{
    run("set a = 1\nset b = 2\ntest \"t\" {\n repeat 200 {\n set a = \"{{a}}{{n}}\"\n"
        " set b = {{n}}\n if {{n}} == 50 {\n set a = x\n }\n if {{n}} == 120 {\n set a = y\n }\n"
        " }\n if {{b}} == 200 {\n" SALE "}\n}\n");
    ck_assert_msg(told.passed, "%s", told.text);
    ck_assert_uint_eq(told.fates[MESSAGE_SENT], 1);
}
END_TEST

START_TEST(value_that_is_not_there_is_a_failure_with_its_name)
{
    run("test \"t\" {\n" REPLY SALE ANSWER SALE " 38 {{got.38}}\n}\n");
    ck_assert(!told.passed);
    ck_assert_int_eq(told.kind, FAIL_COMPOSE);
    ck_assert_ptr_nonnull(strstr(told.text, "got.38"));
}
END_TEST

START_TEST(program_that_fails_is_told_with_its_last_words)
{
    run("test \"t\" {\n exec \"sh -c 'echo good'\"\n stdout == good\n"
        " exec \"sh -c 'echo bad >&2; exit 3'\"\n}\n");
    ck_assert(!told.passed);
    ck_assert_ptr_nonnull(strstr(told.text, "3: bad"));
}
END_TEST

/* --- pairing ---------------------------------------------------------------------------------- */

START_TEST(answer_that_comes_before_its_expect_waits)
{
    run("test \"t\" {\n" REPLY SALE "wait 50ms\n expect 0200 at HOST\n" ANSWER "}\n");
    ck_assert(told.passed);
    ck_assert_uint_eq(told.matched, 2);
}
END_TEST

START_TEST(answers_are_told_apart_whatever_their_order)
{
    run("test \"t\" {\n on HOST 0200 where 4 == 000000000100 reply after 60ms\n 39 00\n"
        " on HOST 0200 reply\n 39 51\n" SALE "set first = {{sent.11}}\n"
        "send 0200 from T\n 2 4111111111111111\n 3 000000\n 4 amount 2.00 EUR\n"
        "expect 0210\n 39 == 51\n 11 == {{sent.11}}\n expect 0210\n 39 == 00\n"
        " 11 == {{first}}\n}\n");
    ck_assert_msg(told.passed, "line %u: %s", told.line, told.text);
}
END_TEST

START_TEST(answer_that_pairs_with_nothing_is_kept_for_the_failure)
{
    run("test \"t\" {\n on HOST 0200 reply\n 11 999999\n 39 00\n" SALE
        "expect 0210 within 100ms\n}\n");
    ck_assert_int_eq(told.kind, FAIL_TIMEOUT);
    ck_assert_uint_eq(told.fates[MESSAGE_UNMATCHED], 1);
    ck_assert_uint_eq(told.heard, 1);
}
END_TEST

START_TEST(answer_to_what_was_given_up_is_late)
{
    world_open("test \"t\" {\n on HOST 0200 reply after 100ms\n 39 00\n" SALE
               "expect 0200 at HOST\n}\n",
               true);
    world_run();
    ck_assert(told.passed);
    while (told.fates[MESSAGE_LATE] == 0) {
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
    ck_assert_uint_eq(told.fates[MESSAGE_ANSWER], 0);
    world_close();
}
END_TEST

START_TEST(check_that_does_not_hold_stops_at_its_line)
{
    run("test \"t\" {\n" REPLY SALE "expect 0210\n 4 == 000000000100\n 39 == 51\n}\n");
    ck_assert_int_eq(told.kind, FAIL_CHECK);
    ck_assert_int_eq(told.miss_count, 1);
    ck_assert_uint_eq(told.line, TEST_LINE + 9);
}
END_TEST

START_TEST(expect_none_objects_to_a_second_answer)
{
    run("test \"t\" {\n on HOST 0200 duplicate\n" REPLY SALE ANSWER "expect none within 5s\n}\n");
    ck_assert(!told.passed);
    ck_assert_int_eq(told.kind, FAIL_UNWANTED);
}
END_TEST

START_TEST(expect_none_passes_when_nothing_comes)
{
    run("test \"t\" {\n" REPLY SALE "expect 0200 at HOST\n" ANSWER
        "expect none at HOST within 50ms\n expect none within 50ms\n}\n");
    ck_assert_msg(told.passed, "line %u: %s", told.line, told.text);
}
END_TEST

START_TEST(asked_is_what_the_last_expect_at_an_issuer_took)
{
    run("test \"t\" {\n" REPLY SALE "set first = {{sent.11}}\n expect 0200 at HOST\n" ANSWER SALE
        " 90 \"0200{{asked.11}}00000000000000000000000000000000\"\n expect 0200 at HOST\n"
        " 90 contains {{first}}\n 90 contains {{asked.11}}\n}\n");
    ck_assert_msg(told.passed, "line %u: %s", told.line, told.text);
}
END_TEST

START_TEST(asked_is_what_came_where_no_expect_took_it)
{
    run("test \"t\" {\n" REPLY SALE ANSWER " 11 == {{asked.11}}\n" SALE ANSWER
        " 11 == {{asked.11}}\n}\n");
    ck_assert_msg(told.passed, "line %u: %s", told.line, told.text);
}
END_TEST

START_TEST(message_that_cannot_be_read_is_told)
{
    run("test \"t\" {\n on HOST 0200 garble\n" REPLY SALE "expect 0210 within 100ms\n}\n");
    ck_assert_int_eq(told.kind, FAIL_TIMEOUT);
    ck_assert_uint_eq(told.fates[MESSAGE_BROKEN], 1);
    ck_assert_uint_eq(told.heard, 1);
}
END_TEST

START_TEST(message_is_sent_again_as_it_was)
{
    run("test \"t\" {\n" REPLY SALE "capture\n first = message\n" ANSWER
        "send 0200 from T copy first\n expect 0210\n 11 == {{sent.11}}\n}\n");
    ck_assert_msg(told.passed, "line %u: %s", told.line, told.text);
    ck_assert_uint_eq(told.fates[MESSAGE_SENT], 2);
}
END_TEST

/* --- rules ------------------------------------------------------------------------------------ */

START_TEST(first_rule_that_fits_wins_and_a_spent_one_falls_through)
{
    run("test \"t\" {\n on HOST 0200 drop times 2\n" REPLY SALE SALE SALE
        "expect 0210\n 11 == {{sent.11}}\n expect none within 50ms\n}\n");
    ck_assert_msg(told.passed, "line %u: %s", told.line, told.text);
    ck_assert_uint_eq(told.fates[MESSAGE_DROPPED], 2);
    ck_assert_uint_eq(told.fates[MESSAGE_REPLIED], 1);
}
END_TEST

START_TEST(rule_is_in_force_from_its_statement_on)
{
    run("test \"t\" {\n" SALE "expect 0200 at HOST\n expect none within 50ms\n" REPLY SALE ANSWER
        "}\n");
    ck_assert_msg(told.passed, "line %u: %s", told.line, told.text);
}
END_TEST

START_TEST(rule_of_a_request_answers_its_repeats)
{
    run("test \"t\" {\n on HOST 0420 reply\n 39 00\n send 0421 from T\n 3 000000\n"
        " 4 amount 1.00 EUR\n expect 0430\n 39 == 00\n}\n");
    ck_assert_msg(told.passed, "line %u: %s", told.line, told.text);
}
END_TEST

START_TEST(echo_is_answered_without_a_rule_and_is_no_unwanted_message)
{
    run("test \"t\" {\n send 0800 from T\n 70 301\n expect 0810\n 39 == 00\n"
        " send 0800 from T\n 70 301\n expect none at HOST within 50ms\n}\n");
    ck_assert_msg(told.passed, "line %u: %s", told.line, told.text);
}
END_TEST

START_TEST(issuer_that_hangs_up_is_connected_to_again)
{
    run("test \"t\" {\n on HOST 0200 where 4 == 000000000100 close\n" REPLY SALE
        "expect none within 100ms\n wait 300ms\n send 0200 from T\n 2 4111111111111111\n"
        " 3 000000\n 4 amount 2.00 EUR\n" ANSWER "}\n");
    ck_assert_msg(told.passed, "line %u: %s", told.line, told.text);
}
END_TEST

START_TEST(disconnect_connects_anew_when_next_sent)
{
    run("test \"t\" {\n" REPLY SALE ANSWER "disconnect T\n" SALE ANSWER "}\n");
    ck_assert_msg(told.passed, "line %u: %s", told.line, told.text);
}
END_TEST

/* --- load ------------------------------------------------------------------------------------- */

START_TEST(thousands_of_strands_share_peers_and_leave_nothing_behind)
{
    enum { STRANDS = 3000 };
    world_open("test \"t\" {\n on HOST 0200 reply after 20ms\n 39 00\n" SALE ANSWER "}\n", false);
    engine_close(engine); /* one with room for them all */
    (void)uv_run(&loop, UV_RUN_NOWAIT);
    uv_close((uv_handle_t *)&limit, NULL);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    engine_free(engine);
    struct engine_options options = {.family_count_max = STRANDS,
                                     .variable = variable,
                                     .observer = {.on_failure = on_failure, .on_end = on_end}};
    struct fault fault;
    strand_id id;
    ck_assert_int_eq(uv_timer_init(&loop, &limit), 0);
    ck_assert_int_eq(uv_timer_start(&limit, on_limit, RUN_MS_MAX, 0), 0);
    ck_assert_int_eq(engine_open(&loop, script, &options, &engine, &fault), 0);
    for (uint32_t i = 0; i < STRANDS; i++) {
        ck_assert_int_eq(engine_start(engine, script->tests, 1 + i % 4, 0, i, &id), 0);
    }
    uint32_t more = 0; /* a few are spare */
    while (more < 100 && engine_start(engine, script->tests, 1, 0, 0, &id) == 0) {
        more++;
    }
    ck_assert_uint_lt(more, 100);
    while (told.ended < STRANDS + more) {
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
    struct engine_counts counts;
    engine_counts(engine, &counts);
    ck_assert_msg(told.failures == 0, "%s", told.text);
    ck_assert_uint_eq(counts.sent, STRANDS + more);
    ck_assert_uint_eq(counts.answered, STRANDS + more);
    ck_assert_uint_eq(counts.unanswered, 0);
    ck_assert_uint_eq(counts.strands, 0);
    ck_assert_uint_eq(counts.refused, 1);
    world_close();
}
END_TEST

START_TEST(strand_that_is_cancelled_is_stale)
{
    strand_id id;
    world_open("test \"t\" {\n wait 15s\n}\n", true);
    ck_assert_int_eq(engine_start(engine, script->tests, 1, 0, 0, &id), 0);
    (void)uv_run(&loop, UV_RUN_NOWAIT);
    engine_cancel(engine, id);
    ck_assert_uint_eq(told.ended, 1);
    ck_assert(!told.passed);
    engine_cancel(engine, id);
    ck_assert_uint_eq(told.ended, 1);
    world_close();
}
END_TEST

/* --- money ------------------------------------------------------------------------------------ */

static struct money_result money_of(const char *body)
{
    struct money_result result;
    told.money = money_open(64);
    ck_assert_ptr_nonnull(told.money);
    world_open(body, true);
    world_run();
    ck_assert_msg(told.passed, "line %u: %s", told.line, told.text);
    ck_assert_int_eq(money_compare(told.money, script, NULL, &result), 0);
    world_close();
    money_close(told.money);
    told.money = NULL;
    return result;
}

START_TEST(money_agrees_when_both_sides_say_yes)
{
    /* More sales than are remembered: those that agree make room. */
    struct money_result result =
        money_of("test \"t\" {\n" REPLY "repeat 200 {\n" SALE ANSWER "}\n}\n");
    ck_assert(result.is_balanced && result.has_issuers && !result.has_switch);
    ck_assert_uint_eq(result.count, 1);
    ck_assert_int_eq(result.lines[0].terminals.minor, 20000);
    ck_assert_int_eq(result.lines[0].terminals.count, 200);
    ck_assert_int_eq(result.lines[0].issuers.minor, 20000);
}
END_TEST

START_TEST(money_of_a_refund_and_a_reversal_is_taken_off)
{
    struct money_result result =
        money_of("test \"t\" {\n" REPLY "on HOST 0400 reply\n 39 00\n" SALE ANSWER SALE ANSWER
                 "set old = {{sent.11}}\n send 0200 from T\n 2 4111111111111111\n 3 200000\n"
                 " 4 amount 0.30 EUR\n" ANSWER "send 0400 from T\n 2 4111111111111111\n 3 000000\n"
                 " 4 amount 1.00 EUR\n 90 \"0200{{old}}00000000000000000000000000000000\"\n"
                 "expect 0410\n 39 == 00\n}\n");
    ck_assert(result.is_balanced);
    ck_assert_int_eq(result.lines[0].terminals.minor, 70);
    ck_assert_int_eq(result.lines[0].issuers.minor, 70);
    ck_assert_int_eq(result.lines[0].terminals.count, 2);
}
END_TEST

START_TEST(money_that_only_the_issuer_holds_is_a_difference)
{
    struct money_result result =
        money_of("test \"t\" {\n on HOST 0200 reply\n 11 999999\n 39 00\n" SALE "wait 50ms\n}\n");
    ck_assert(!result.is_balanced);
    ck_assert_int_eq(result.lines[0].terminals.minor, 0);
    ck_assert_int_eq(result.lines[0].issuers.minor, 100);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        repeat_runs_its_body_as_often_as_said,
        repeat_keeps_its_pace,
        if_takes_one_branch,
        blocks_may_be_empty,
        branches_each_get_their_own_answer,
        each_terminal_of_a_range_speaks_for_itself,
        one_branch_that_fails_ends_the_family,
        what_a_branch_sets_stays_in_it,
        variables_that_grow_in_a_loop_find_room,
        value_that_is_not_there_is_a_failure_with_its_name,
        program_that_fails_is_told_with_its_last_words,
        answer_that_comes_before_its_expect_waits,
        answers_are_told_apart_whatever_their_order,
        answer_that_pairs_with_nothing_is_kept_for_the_failure,
        answer_to_what_was_given_up_is_late,
        check_that_does_not_hold_stops_at_its_line,
        expect_none_objects_to_a_second_answer,
        expect_none_passes_when_nothing_comes,
        asked_is_what_the_last_expect_at_an_issuer_took,
        asked_is_what_came_where_no_expect_took_it,
        message_that_cannot_be_read_is_told,
        message_is_sent_again_as_it_was,
        first_rule_that_fits_wins_and_a_spent_one_falls_through,
        rule_is_in_force_from_its_statement_on,
        rule_of_a_request_answers_its_repeats,
        echo_is_answered_without_a_rule_and_is_no_unwanted_message,
        issuer_that_hangs_up_is_connected_to_again,
        disconnect_connects_anew_when_next_sent,
        thousands_of_strands_share_peers_and_leave_nothing_behind,
        strand_that_is_cancelled_is_stale,
        money_agrees_when_both_sides_say_yes,
        money_of_a_refund_and_a_reversal_is_taken_off,
        money_that_only_the_issuer_holds_is_a_difference,
    };
    Suite *suite = suite_create("isotest engine");
    for (size_t i = 0; i < ARRAY_COUNT(tests); i++) {
        TCase *tcase = tcase_create(tests[i]->name);
        tcase_add_test(tcase, tests[i]);
        tcase_set_timeout(tcase, 60);
        suite_add_tcase(suite, tcase);
    }
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
