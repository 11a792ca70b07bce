/* Whole load runs, with a terminal and an issuer of one script connected to each other on
 * 127.0.0.1. What is asserted is true on a machine of any speed: counts of a schedule, and times
 * that cannot be shorter. */
#include <check.h>
#include <jansson.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/exit_code.h"
#include "tools/isotest/load.h"

static char folder[] = "/tmp/test_load_run.XXXXXX";
static char script[64];
static char records[64];
static char latencies[64];
static struct load_options options;

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

static void setup(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_ptr_nonnull(freopen("/dev/null", "w", stdout));
    (void)snprintf(script, sizeof script, "%s/t.isot", folder);
    (void)snprintf(records, sizeof records, "%s/t.ndjson", folder);
    (void)snprintf(latencies, sizeof latencies, "%s/t.hgrm", folder);
    options = (struct load_options){.path = script,
                                    .no_screen = true,
                                    .settle_ms = 10000,
                                    .out = records,
                                    .hgrm = latencies,
                                    .seed = 1};
}

static void teardown(void)
{
    (void)unlink(script);
    (void)unlink(records);
    (void)unlink(latencies);
    (void)rmdir(folder);
}

static void script_write(const char *tests)
{
    int port = free_port();
    FILE *file = fopen(script, "w");
    ck_assert_ptr_nonnull(file);
    fprintf(file,
            "terminal T[1..1] {\n connect 127.0.0.1:%d\n dialect iso87_bcd\n frame len2\n"
            " reversal off\n 41 \"TERM{{n:4}}\"\n}\n"
            "issuer HOST {\n listen 127.0.0.1:%d\n dialect iso87_bcd\n frame len2\n}\n%s",
            port, port, tests);
    ck_assert_int_eq(fclose(file), 0);
}

/* The last record of --out; the caller's. */
static json_t *summary_read(void)
{
    char line[16384];
    json_t *last = NULL;
    FILE *file = fopen(records, "r");
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof line, file) != NULL) {
        json_decref(last);
        last = json_loads(line, 0, NULL);
        ck_assert_msg(last != NULL, "no JSON: %s", line);
    }
    (void)fclose(file);
    ck_assert_ptr_nonnull(last);
    ck_assert_str_eq(json_string_value(json_object_get(last, "phase")), "summary");
    return last;
}

static int64_t figure(const json_t *record, const char *part, const char *name)
{
    const json_t *from = part == NULL ? record : json_object_get(record, part);
    const json_t *value = json_object_get(from, name);
    ck_assert_msg(json_is_integer(value), "%s", name);
    return json_integer_value(value);
}

#define PING    "send 0800 from T\n 70 301\nexpect 0810 within 30s\n 39 == 00\n"
#define SCRIPT  "test \"echo\" {\n" PING "}\n"
#define DELAYED "test \"echo\" {\non HOST 0800 reply 0810 after 20ms\n 39 00\n" PING "}\n"

START_TEST(schedule_without_ramp_and_warm_up_is_what_is_measured)
{
    script_write(SCRIPT);
    options.per_s = 200;
    options.warmup_ms = 250;
    options.duration_ms = 500;
    options.window = 1000;
    const char *why;
    ck_assert_int_eq(threshold_parse("rate>=200/s", &options.thresholds[0], &why), 0);
    options.threshold_count = 1;
    ck_assert_int_eq(load_run(&options), EXIT_GOOD); /* N a second are N: the last one counts. */
    json_t *summary = summary_read();
    /* Due every 5 ms: of those behind 250 ms, 100 up to 750 ms. */
    ck_assert_int_eq(figure(summary, NULL, "transactions"), 100);
    ck_assert_int_eq(figure(summary, NULL, "not_begun"), 0);
    ck_assert_int_eq(figure(summary, "latency", "count"), figure(summary, NULL, "passed"));
    json_decref(summary);
}
END_TEST

START_TEST(transaction_that_fails_is_bad_unless_a_threshold_allows_it)
{
    script_write("test \"echo\" {\n" PING "}\ntest \"no\" weight 1 {\nsend 0800 from T\n 70 301\n"
                 "expect 0810\n 39 == 99\n}\n");
    options.per_s = 200;
    options.duration_ms = 100;
    options.window = 1000;
    ck_assert_int_eq(load_run(&options), EXIT_BAD);
    json_t *summary = summary_read();
    ck_assert_int_eq(figure(summary, NULL, "failed"), 10);
    json_decref(summary);
    const char *why;
    ck_assert_int_eq(threshold_parse("failed<60%", &options.thresholds[0], &why), 0);
    options.threshold_count = 1;
    ck_assert_int_eq(load_run(&options), EXIT_GOOD);
    ck_assert_int_eq(threshold_parse("failed<40%", &options.thresholds[0], &why), 0);
    ck_assert_int_eq(load_run(&options), EXIT_BAD);
}
END_TEST

START_TEST(slow_peer_delays_what_waits_for_a_terminal_and_latency_tells)
{
    script_write(DELAYED);
    options.per_s = 100;
    options.duration_ms = 300;
    options.window = 1;
    (void)load_run(&options);
    json_t *summary = summary_read();
    int64_t ended = figure(summary, NULL, "transactions");
    ck_assert_int_gt(ended, 1);
    /* 30 are due, every 10 ms. One at a time, each of at least 20 ms: the n-th of them was due at
     * 10 n ms and is answered at 10 + 20 n ms or later. */
    ck_assert_int_eq(ended + figure(summary, NULL, "not_begun"), 30);
    ck_assert_int_ge(figure(summary, "service", "min_us"), 20000);
    ck_assert_int_ge(figure(summary, "latency", "max_us"), 10000 * (ended + 1));
    ck_assert_int_ge(figure(summary, NULL, "late"), ended - 1);
    json_decref(summary);
}
END_TEST

START_TEST(closed_model_waits_for_each_answer)
{
    script_write(DELAYED);
    options.is_closed = true;
    options.duration_ms = 300;
    ck_assert_int_eq(load_run(&options), EXIT_GOOD);
    json_t *summary = summary_read();
    ck_assert_int_le(figure(summary, NULL, "transactions"), 15);
    ck_assert_int_eq(figure(summary, NULL, "not_begun"), 0);
    /* It begins when it is meant to: what waiting costs is not seen. */
    ck_assert_int_eq(figure(summary, NULL, "transactions"), figure(summary, NULL, "passed"));
    json_decref(summary);
}
END_TEST

START_TEST(tests_of_a_script_are_mixed_by_weight)
{
    script_write("test \"a\" {\n" PING "}\ntest \"b\" tags x weight 4 {\n" PING "}\n");
    options.per_s = 1000;
    options.duration_ms = 500;
    options.window = 1000;
    ck_assert_int_eq(load_run(&options), EXIT_GOOD);
    json_t *summary = summary_read();
    const json_t *steps = json_object_get(summary, "steps");
    ck_assert_uint_eq(json_array_size(steps), 2);
    int64_t one = figure(json_array_get(steps, 0), NULL, "taken");
    int64_t two = figure(json_array_get(steps, 1), NULL, "taken");
    int64_t rare = one < two ? one : two;
    ck_assert_int_gt(rare, 0);
    ck_assert_int_eq(figure(summary, NULL, "transactions"), one + two);
    ck_assert_int_le(llabs((one + two) - 5 * rare), 5);
    json_decref(summary);
}
END_TEST

START_TEST(answers_that_are_not_as_expected_miss_a_threshold)
{
    const char *why = "";
    script_write("test \"echo\" {\non HOST 0800 reply 0810\n 39 96\n" PING "}\n");
    options.per_s = 100;
    options.duration_ms = 200;
    options.window = 100;
    options.threshold_count = 1;
    ck_assert_int_eq(threshold_parse("failed<1%", &options.thresholds[0], &why), 0);
    ck_assert_int_eq(load_run(&options), EXIT_BAD);
    json_t *summary = summary_read();
    ck_assert(json_is_false(json_object_get(summary, "thresholds_hold")));
    ck_assert_int_eq(figure(summary, NULL, "not_as_expected"),
                     figure(summary, NULL, "transactions"));
    ck_assert_int_eq(figure(summary, "codes", "96"), figure(summary, NULL, "answered"));
    json_decref(summary);
}
END_TEST

START_TEST(latencies_are_written_as_a_percentile_file)
{
    char line[256] = "";
    char last[256] = "";
    char want[64];
    script_write(SCRIPT);
    options.per_s = 200;
    options.duration_ms = 200;
    options.window = 1000;
    ck_assert_int_eq(load_run(&options), EXIT_GOOD);
    json_t *summary = summary_read();
    FILE *file = fopen(latencies, "r");
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof line, file) != NULL && line[0] != '#') {
        memcpy(last, line, sizeof last);
    }
    (void)fclose(file);
    (void)snprintf(want, sizeof want, "1.000000000000 %10lld\n",
                   (long long)figure(summary, "latency", "count"));
    ck_assert_msg(strstr(last, want) != NULL, "%s", last);
    json_decref(summary);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        schedule_without_ramp_and_warm_up_is_what_is_measured,
        transaction_that_fails_is_bad_unless_a_threshold_allows_it,
        slow_peer_delays_what_waits_for_a_terminal_and_latency_tells,
        closed_model_waits_for_each_answer,
        tests_of_a_script_are_mixed_by_weight,
        answers_that_are_not_as_expected_miss_a_threshold,
        latencies_are_written_as_a_percentile_file,
    };
    Suite *suite = suite_create("isotest load runs");
    for (size_t i = 0; i < ARRAY_COUNT(tests); i++) {
        TCase *tcase = tcase_create(tests[i]->name);
        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, tests[i]);
        tcase_set_timeout(tcase, 120);
        suite_add_tcase(suite, tcase);
    }
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
