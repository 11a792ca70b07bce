/* switch/edge/figures.c: counts by kind and code, histograms against a sorted list of the values.
 */
#include "switch/edge/figures.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/iso8583/suite.h"

static int compare(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

START_TEST(percentiles_are_within_a_thirtieth_of_the_true_ones)
{
    enum { COUNT = 20000 };
    static struct histogram histogram;
    static uint64_t values[COUNT];
    uint64_t seed = 7;
    for (size_t i = 0; i < COUNT; i++) {
        seed = seed * 6364136223846793005ull + 1442695040888963407ull;
        values[i] = seed >> 33 >> (seed >> 20 & 15);
        histogram_add(&histogram, values[i]);
    }
    qsort(values, COUNT, sizeof values[0], compare);
    static const uint32_t percents[] = {100, 5000, 9000, 9900, 9990};
    for (size_t i = 0; i < ARRAY_COUNT(percents); i++) {
        uint64_t truth = values[(uint64_t)COUNT * percents[i] / 10000];
        uint64_t told = histogram_percentile(&histogram, percents[i]);
        ck_assert_msg(told <= truth && truth - told <= truth / 30 + 1, "%u: told %lu, is %lu",
                      percents[i], (unsigned long)told, (unsigned long)truth);
    }
    ck_assert_uint_eq(histogram.largest, values[COUNT - 1]);
    ck_assert_uint_eq(histogram.count, COUNT);
}
END_TEST

START_TEST(largest_value_that_there_is_has_a_bucket)
{
    static struct histogram histogram;
    histogram_add(&histogram, UINT64_MAX);
    histogram_add(&histogram, 0);
    ck_assert_uint_eq(histogram_percentile(&histogram, 0), 0);
    ck_assert_uint_gt(histogram_percentile(&histogram, 9999), UINT32_MAX);
}
END_TEST

START_TEST(answers_are_counted_by_kind_and_code_and_repeats_apart)
{
    static struct figures figures;
    struct trace trace = {.kind = "purchase", .total_us = 5};
    memcpy(trace.code, "00", 3);
    figures_trace(&figures, &trace);
    trace.repeat = 1;
    figures_trace(&figures, &trace);
    memcpy(trace.code, "55", 3);
    trace.repeat = 0;
    figures_trace(&figures, &trace);
    ck_assert_uint_eq(figures.code_count, 2);
    ck_assert_uint_eq(figures.codes[0].count, 2);
    ck_assert_uint_eq(figures.codes[0].repeats, 1);
    ck_assert_str_eq(figures.codes[1].code, "55");
    ck_assert_uint_eq(figures.total_us.count, 3);
}
END_TEST

START_TEST(alarms_keep_the_newest_subject_and_count_by_name)
{
    static struct figures figures;
    figures_alarm(&figures, "link.down", "visa1", 3, 1000);
    figures_alarm(&figures, "link.down", "mc1", 4, 2000);
    figures_alarm(&figures, "slab.full", "pos", 5, 3000);
    ck_assert_uint_eq(figures.alarm_count, 2);
    ck_assert_uint_eq(figures.alarms[0].count, 2);
    ck_assert_str_eq(figures.alarms[0].subject, "mc1");
    ck_assert_int_eq(figures.alarms[0].wall_ms, 2000);
    for (int i = 0; i < 2 * FIGURES_ALARMS_MAX; i++) {
        char name[16];
        snprintf(name, sizeof name, "alarm.%d", i);
        figures_alarm(&figures, name, "", 0, 0);
    }
    ck_assert_uint_eq(figures.alarm_count, FIGURES_ALARMS_MAX);
}
END_TEST

SUITE_MAIN("figures", percentiles_are_within_a_thirtieth_of_the_true_ones,
           largest_value_that_there_is_has_a_bucket,
           answers_are_counted_by_kind_and_code_and_repeats_apart,
           alarms_keep_the_newest_subject_and_count_by_name)
