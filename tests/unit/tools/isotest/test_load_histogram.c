/* The latency histogram: against sorted values, and its file as HdrHistogram's plotters read it. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "tools/isotest/histogram.h"

enum { VALUES = 100000 };

static struct histogram histogram;
static int64_t values[VALUES];

static uint64_t drawn = 1;
static uint64_t draw(void)
{
    drawn = drawn * 6364136223846793005u + 1442695040888963407u;
    return drawn >> 33;
}

static int order(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

/* The value of which @per_million of a million of the sorted values are not above. */
static int64_t true_percentile(uint32_t per_million)
{
    uint64_t rank = ((uint64_t)VALUES * per_million + 999999) / 1000000;
    return values[rank == 0 ? 0 : rank - 1];
}

START_TEST(percentiles_are_true_to_three_digits_from_microseconds_to_an_hour)
{
    static const uint32_t shares[] = {1, 10000, 500000, 900000, 990000, 999000, 999900, 1000000};
    /* As many values in each power of two, so that all widths of buckets are used. */
    for (size_t i = 0; i < VALUES; i++) {
        int64_t low = (int64_t)1 << draw() % 32;
        values[i] = low + (int64_t)(draw() % (uint64_t)low);
        histogram_add(&histogram, values[i]);
    }
    qsort(values, VALUES, sizeof values[0], order);
    for (size_t i = 0; i < ARRAY_COUNT(shares); i++) {
        int64_t want = true_percentile(shares[i]);
        int64_t got = histogram_at(&histogram, shares[i]);
        ck_assert_int_ge(got, want);
        ck_assert_int_le((got - want) * 1000, want);
    }
    ck_assert_int_eq(histogram.min_us, values[0]);
    ck_assert_int_eq(histogram.max_us, values[VALUES - 1]);
    ck_assert_int_eq(histogram_at(&histogram, 1000000), values[VALUES - 1]);
}
END_TEST

START_TEST(values_below_two_milliseconds_are_exact)
{
    for (int64_t us = 0; us < 2 * HISTOGRAM_HALF; us++) {
        histogram_reset(&histogram);
        histogram_add(&histogram, us);
        histogram_add(&histogram, 1000000);
        ck_assert_int_eq(histogram_at(&histogram, 500000), us);
    }
}
END_TEST

START_TEST(rank_is_rounded_up)
{
    for (int64_t us = 1; us <= 100; us++) {
        histogram_add(&histogram, us);
    }
    ck_assert_int_eq(histogram_at(&histogram, 500000), 50);
    ck_assert_int_eq(histogram_at(&histogram, 500001), 51);
    ck_assert_int_eq(histogram_at(&histogram, 990000), 99);
    ck_assert_int_eq(histogram_at(&histogram, 999000), 100);
    ck_assert_int_eq(histogram_at(&histogram, 0), 1);
}
END_TEST

START_TEST(values_out_of_range_count_at_its_ends)
{
    ck_assert_int_eq(histogram_at(&histogram, 990000), 0); /* empty */
    histogram_add(&histogram, -5);
    ck_assert_int_eq(histogram.max_us, 0);
    histogram_add(&histogram, INT64_MAX);
    ck_assert_int_eq(histogram.max_us, HISTOGRAM_US_MAX);
    ck_assert_int_eq(histogram.min_us, 0);
    ck_assert_uint_eq(histogram.count, 2);
    ck_assert_uint_eq(histogram_index(HISTOGRAM_US_MAX), HISTOGRAM_BUCKETS - 1);
}
END_TEST

START_TEST(merged_is_as_if_all_were_added_to_one)
{
    static struct histogram parts[2];
    static struct histogram merged;
    for (int64_t i = 0; i < 5000; i++) {
        int64_t us = (int64_t)(draw() % 5000000) + 7;
        histogram_add(&histogram, us);
        histogram_add(&parts[i % 2], us);
    }
    histogram_merge(&merged, &parts[0]);
    histogram_merge(&merged, &parts[1]);
    histogram_merge(&merged, &(struct histogram){0});
    ck_assert_mem_eq(&merged, &histogram, sizeof merged);
}
END_TEST

START_TEST(between_powers_of_two_counts_what_lies_there)
{
    static const int64_t sample[] = {1, 1023, 1024, 2047, 2048, 4095, 4096, 1 << 20};
    for (size_t i = 0; i < ARRAY_COUNT(sample); i++) {
        histogram_add(&histogram, sample[i]);
    }
    ck_assert_uint_eq(histogram_between(&histogram, 1, 1024), 2);
    ck_assert_uint_eq(histogram_between(&histogram, 1024, 2048), 2);
    ck_assert_uint_eq(histogram_between(&histogram, 2048, 4096), 2);
    ck_assert_uint_eq(histogram_between(&histogram, 1 << 20, 1 << 21), 1);
}
END_TEST

/* --- the file --------------------------------------------------------------------------------- */

static char text[1 << 16];

static void write_text(void)
{
    FILE *out = fmemopen(text, sizeof text, "w");
    ck_assert_ptr_nonnull(out);
    ck_assert_int_eq(histogram_write(&histogram, out), 0);
    ck_assert_int_eq(fclose(out), 0);
}

START_TEST(file_of_four_values_is_as_hdrhistogram_writes_it)
{
    static const char want[] = "       Value     Percentile TotalCount 1/(1-Percentile)\n\n"
                               "       1.000 0.000000000000          1           1.00\n"
                               "       1.000 0.100000000000          1           1.11\n"
                               "       1.000 0.200000000000          1           1.25\n"
                               "       2.000 0.300000000000          2           1.43\n"
                               "       2.000 0.400000000000          2           1.67\n"
                               "       2.000 0.500000000000          2           2.00\n"
                               "       3.001 0.550000000000          3           2.22\n"
                               "       3.001 0.600000000000          3           2.50\n"
                               "       3.001 0.650000000000          3           2.86\n"
                               "       3.001 0.700000000000          3           3.33\n"
                               "       3.001 0.750000000000          3           4.00\n"
                               "       4.000 1.000000000000          4\n"
                               "#[Mean    =        2.500, StdDeviation   =        1.118]\n"
                               "#[Max     =        4.000, Total count    =            4]\n"
                               "#[Buckets =           22, SubBuckets     =         2048]\n";
    for (int64_t us = 1000; us <= 4000; us += 1000) {
        histogram_add(&histogram, us);
    }
    write_text();
    ck_assert_str_eq(text, want);
}
END_TEST

START_TEST(file_rises_to_its_last_line_and_counts_all)
{
    uint64_t lines = 0;
    double last_value = 0;
    double last_share = -1;
    unsigned long long last_count = 0;
    for (int64_t i = 0; i < 20000; i++) {
        histogram_add(&histogram, (int64_t)(draw() % 3000000));
    }
    write_text();
    const char *at = strstr(text, "\n\n");
    ck_assert_ptr_nonnull(at);
    for (at += 2; *at != '#'; at = strchr(at, '\n') + 1, lines++) {
        double value = 0;
        double share = 0;
        unsigned long long count = 0;
        ck_assert_int_eq(sscanf(at, "%lf %lf %llu", &value, &share, &count), 3);
        ck_assert(value >= last_value && share > last_share && count >= last_count);
        ck_assert(fabs((double)histogram_at(&histogram, (uint32_t)(share * 1e6)) / 1000 - value) <=
                  value / 500 + 0.001);
        last_value = value;
        last_share = share;
        last_count = count;
    }
    ck_assert_uint_gt(lines, 40);
    ck_assert_uint_eq(last_count, 20000);
    ck_assert_double_eq(last_share, 1);
    ck_assert_int_eq((int64_t)(last_value * 1000 + 0.5), histogram.max_us);
}
END_TEST

START_TEST(file_of_nothing_has_its_frame)
{
    write_text();
    ck_assert_ptr_nonnull(strstr(text, "1.000000000000          0\n#[Mean"));
    ck_assert_ptr_nonnull(strstr(text, "Total count    =            0]"));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        percentiles_are_true_to_three_digits_from_microseconds_to_an_hour,
        values_below_two_milliseconds_are_exact,
        rank_is_rounded_up,
        values_out_of_range_count_at_its_ends,
        merged_is_as_if_all_were_added_to_one,
        between_powers_of_two_counts_what_lies_there,
        file_of_four_values_is_as_hdrhistogram_writes_it,
        file_rises_to_its_last_line_and_counts_all,
        file_of_nothing_has_its_frame,
    };
    Suite *suite = suite_create("isotest histogram");
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
