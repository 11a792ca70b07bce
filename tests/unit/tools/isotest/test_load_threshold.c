/* Thresholds: read from text, judged over figures. */
#include <check.h>

#include "tools/isotest/threshold.h"

static struct threshold read_one(const char *text)
{
    struct threshold threshold;
    const char *why = "";
    ck_assert_msg(threshold_parse(text, &threshold, &why) == 0, "%s: %s", text, why);
    return threshold;
}

START_TEST(figures_and_units_are_read)
{
    static const struct {
        const char *text;
        enum threshold_figure figure;
        uint32_t per_million;
        bool is_least;
        bool is_open;
        int64_t limit;
    } rows[] = {
        {"p99<100ms", THRESHOLD_LATENCY, 990000, false, true, 100000},
        {"p50<=800us", THRESHOLD_LATENCY, 500000, false, false, 800},
        {"p99.9<1.5s", THRESHOLD_LATENCY, 999000, false, true, 1500000},
        {"p99.99<0.25ms", THRESHOLD_LATENCY, 999900, false, true, 250},
        {"p100<1s", THRESHOLD_LATENCY, 1000000, false, true, 1000000},
        {"max<=2s", THRESHOLD_LATENCY, 1000000, false, false, 2000000},
        {"failed<0.1%", THRESHOLD_FAILED, 0, false, true, 1000},
        {"failed<=0%", THRESHOLD_FAILED, 0, false, false, 0},
        {"failed<0.017%", THRESHOLD_FAILED, 0, false, true, 170},
        {"rate>=2000/s", THRESHOLD_RATE, 0, true, false, 2000000},
        {"rate>1999.5", THRESHOLD_RATE, 0, true, true, 1999500},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct threshold got = read_one(rows[i].text);
        ck_assert_uint_eq(got.figure, rows[i].figure);
        ck_assert_uint_eq(got.per_million, rows[i].per_million);
        ck_assert_int_eq(got.is_least, rows[i].is_least);
        ck_assert_int_eq(got.is_open, rows[i].is_open);
        ck_assert_int_eq(got.limit, rows[i].limit);
        ck_assert_str_eq(got.text, rows[i].text);
    }
}
END_TEST

START_TEST(what_is_no_threshold_is_refused_with_the_reason)
{
    static const struct {
        const char *text;
        const char *why; /* a part of it */
    } rows[] = {
        {"", "a threshold is"},
        {"p99", "a threshold is"},
        {"p99=100ms", "a threshold is"},
        {"p99 < 100ms", "a threshold is"},
        {"p101<1s", "a threshold is"},
        {"p<1s", "a threshold is"},
        {"p99.<1s", "a threshold is"},
        {"mean<1s", "a threshold is"},
        {"p99<100", "the limit is a time"},
        {"p99<ms", "the limit is a time"},
        {"p99<1%", "the limit is a time"},
        {"p99<100 ms", "the limit is a time"},
        {"p99<1.2.3ms", "the limit is a time"},
        {"p99<-1ms", "the limit is a time"},
        {"p99<99999999999999999999ms", "the limit is a time"},
        {"p99<9223372036854775s", "the limit is a time"},
        {"failed<1", "the limit is a share"},
        {"failed<1ms", "the limit is a share"},
        {"rate>=2000/m", "the limit is a rate"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct threshold threshold;
        const char *why = "";
        ck_assert_msg(threshold_parse(rows[i].text, &threshold, &why) == ERR_USAGE, "%s",
                      rows[i].text);
        ck_assert_msg(strstr(why, rows[i].why) == why, "%s: %s", rows[i].text, why);
    }
}
END_TEST

static struct histogram latency;

/* Judge @text over latencies of 10, 20, ... 1000 us, 3 of 3000 failed, 1500/s. */
static bool holds(const char *text, char got[THRESHOLD_TEXT_LEN])
{
    struct threshold threshold = read_one(text);
    struct threshold_figures figures = {
        .latency = &latency, .passed = 2997, .failed = 3, .rate_milli = 1500000};
    histogram_reset(&latency);
    for (int64_t us = 10; us <= 1000; us += 10) {
        histogram_add(&latency, us);
    }
    return threshold_judge(&threshold, &figures, got);
}

START_TEST(limit_itself_is_a_miss_of_an_open_threshold_only)
{
    char got[THRESHOLD_TEXT_LEN];
    ck_assert(!holds("p50<500us", got));
    ck_assert_str_eq(got, "0.50 ms");
    ck_assert(holds("p50<=500us", got));
    ck_assert(holds("p50<501us", got));
    ck_assert(holds("p50>=500us", got));
    ck_assert(!holds("p50>500us", got));
    ck_assert(holds("max<=1ms", got));
    ck_assert(!holds("max<1ms", got));
    ck_assert(!holds("rate>1500/s", got));
    ck_assert(holds("rate>=1500/s", got));
    ck_assert_str_eq(got, "1500.0/s");
    ck_assert(!holds("rate>=1500.001/s", got));
}
END_TEST

START_TEST(share_of_failed_is_judged_without_rounding)
{
    char got[THRESHOLD_TEXT_LEN];
    ck_assert(!holds("failed<0.1%", got)); /* 3 of 3000 is 0.1 % */
    ck_assert_str_eq(got, "0.1 %  (3 of 3000)");
    ck_assert(holds("failed<=0.1%", got));
    ck_assert(!holds("failed<=0.099%", got));
    ck_assert(holds("failed<0.101%", got));
    /* One in a million and a bit is not one in a million. */
    struct threshold threshold = read_one("failed<=0.001%");
    struct threshold_figures figures = {.latency = &latency, .passed = 99998, .failed = 1};
    ck_assert(!threshold_judge(&threshold, &figures, got));
    figures.passed = 99999;
    ck_assert(threshold_judge(&threshold, &figures, got));
}
END_TEST

START_TEST(where_nothing_was_measured_no_threshold_holds)
{
    static const char *const texts[] = {"p99<1s", "max>=0s", "failed<=100%", "rate>=0"};
    static struct histogram empty;
    struct threshold_figures figures = {.latency = &empty};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        char got[THRESHOLD_TEXT_LEN];
        struct threshold threshold = read_one(texts[i]);
        ck_assert(!threshold_judge(&threshold, &figures, got));
        ck_assert_str_eq(got, "nothing was measured");
    }
}
END_TEST

START_TEST(latencies_are_told_for_people)
{
    char text[LATENCY_TEXT_LEN];
    ck_assert_str_eq(latency_text(0, text), "0.00 ms");
    ck_assert_str_eq(latency_text(857, text), "0.85 ms");
    ck_assert_str_eq(latency_text(11940, text), "11.9 ms");
    ck_assert_str_eq(latency_text(12345678, text), "12.3 s");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        figures_and_units_are_read,
        what_is_no_threshold_is_refused_with_the_reason,
        limit_itself_is_a_miss_of_an_open_threshold_only,
        share_of_failed_is_judged_without_rounding,
        where_nothing_was_measured_no_threshold_holds,
        latencies_are_told_for_people,
    };
    Suite *suite = suite_create("isotest threshold");
    for (size_t i = 0; i < ARRAY_COUNT(tests); i++) {
        TCase *tcase = tcase_create(tests[i]->name);
        tcase_add_test(tcase, tests[i]);
        suite_add_tcase(suite, tcase);
    }
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
