#include "routes/route.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/iso8583/suite.h"

static struct route_row row(const char *low, const char *high, uint16_t issuer, uint32_t line)
{
    struct route_row made = {.issuer = issuer, .line = line};
    memcpy(made.low, low, strlen(low));
    memcpy(made.high, high, strlen(high));
    return made;
}

static struct routes *build(const struct route_row *rows, size_t count)
{
    struct routes *routes = NULL;
    uint32_t first = 0;
    uint32_t second = 0;
    ck_assert_int_eq(routes_build(rows, count, &routes, &first, &second), 0);
    ck_assert_ptr_nonnull(routes);
    return routes;
}

static int find(const struct routes *routes, const char *pan)
{
    return routes_find(routes, span_text(pan), NULL);
}

START_TEST(narrowest_row_wins_on_both_sides_of_it)
{
    struct route_row rows[] = {row("4", "4", 1, 1), row("411111", "411111", 2, 2),
                               row("4111", "4111", 3, 3), row("411100", "411120", 4, 4)};
    struct routes *routes = build(rows, ARRAY_COUNT(rows));
    ck_assert_int_eq(find(routes, "4000000000000002"), 1);
    ck_assert_int_eq(find(routes, "4110999999999999"), 1);
    ck_assert_int_eq(find(routes, "4111000000000000"), 4);
    ck_assert_int_eq(find(routes, "4111110000000000"), 2);
    ck_assert_int_eq(find(routes, "4111119999999999"), 2);
    ck_assert_int_eq(find(routes, "4111120000000000"), 4);
    ck_assert_int_eq(find(routes, "4111210000000000"), 3);
    ck_assert_int_eq(find(routes, "4112000000000000"), 1);
    ck_assert_int_eq(find(routes, "5000000000000000"), ROUTE_NONE);
    ck_assert_int_eq(find(routes, "3999999999999999"), ROUTE_NONE);
    ck_assert_uint_eq(routes_count(routes), 4);
    uint32_t line = 0;
    ck_assert_int_eq(routes_find(routes, span_text("4111210000000000"), &line), 3);
    ck_assert_uint_eq(line, 3);
    routes_free(routes);
}
END_TEST

START_TEST(leading_zeros_count)
{
    struct route_row rows[] = {row("0041", "0041", 1, 1), row("41", "41", 2, 2)};
    struct routes *routes = build(rows, ARRAY_COUNT(rows));
    ck_assert_int_eq(find(routes, "0041111111111111"), 1);
    ck_assert_int_eq(find(routes, "4111111111111111"), 2);
    ck_assert_int_eq(find(routes, "0411111111111111"), ROUTE_NONE);
    routes_free(routes);
}
END_TEST

START_TEST(eleven_digits_are_told_apart_and_the_twelfth_is_not)
{
    struct route_row rows[] = {row("41111111111", "41111111111", 1, 1),
                               row("41111111112", "41111111112", 2, 2)};
    struct routes *routes = build(rows, ARRAY_COUNT(rows));
    ck_assert_int_eq(find(routes, "4111111111199999"), 1);
    ck_assert_int_eq(find(routes, "4111111111200000"), 2);
    ck_assert_int_eq(find(routes, "4111111111300000"), ROUTE_NONE);
    routes_free(routes);
}
END_TEST

START_TEST(row_of_one_number_at_the_end_of_another_is_found)
{
    struct route_row rows[] = {row("4111111111", "4111111111", 1, 1),
                               row("41111111119", "41111111119", 2, 2)};
    struct routes *routes = build(rows, ARRAY_COUNT(rows));
    ck_assert_int_eq(find(routes, "4111111111800000"), 1);
    ck_assert_int_eq(find(routes, "4111111111900000"), 2);
    ck_assert_int_eq(find(routes, "4111111112000000"), ROUTE_NONE);
    routes_free(routes);
}
END_TEST

START_TEST(what_is_no_card_number_has_no_route)
{
    struct route_row rows[] = {row("0", "9", 1, 1)};
    struct routes *routes = build(rows, 1);
    ck_assert_int_eq(find(routes, ""), ROUTE_NONE);
    ck_assert_int_eq(find(routes, "41x1111111111111"), ROUTE_NONE);
    ck_assert_int_eq(find(routes, "4"), 1);
    routes_free(routes);
    routes = build(rows, 0);
    ck_assert_int_eq(find(routes, "4111111111111111"), ROUTE_NONE);
    routes_free(routes);
}
END_TEST

static int refused(const struct route_row *rows, size_t count, uint32_t *first, uint32_t *second)
{
    struct routes *routes = NULL;
    int status = routes_build(rows, count, &routes, first, second);
    ck_assert_ptr_null(routes);
    return status;
}

START_TEST(equal_rows_are_an_error_that_names_both_lines)
{
    uint32_t first = 0;
    uint32_t second = 0;
    struct route_row same[] = {row("42", "42", 1, 9), row("5", "5", 1, 5), row("42", "42", 2, 7)};
    ck_assert_int_eq(refused(same, 3, &first, &second), ERR_EXISTS);
    ck_assert_uint_eq(first, 7);
    ck_assert_uint_eq(second, 9);
    struct route_row written_otherwise[] = {row("42", "42", 1, 1), row("420", "429", 2, 2)};
    ck_assert_int_eq(refused(written_otherwise, 2, &first, &second), ERR_EXISTS);
    struct route_row half[] = {row("40", "45", 1, 1), row("43", "48", 2, 2)};
    ck_assert_int_eq(refused(half, 2, &first, &second), ERR_EXISTS);
    struct route_row beside[] = {row("40", "42", 1, 1), row("43", "45", 2, 2)};
    routes_free(build(beside, 2));
}
END_TEST

START_TEST(bad_digits_are_an_error_that_names_the_line)
{
    uint32_t first = 0;
    uint32_t second = 0;
    const struct route_row bad[] = {row("4x", "4x", 1, 3), row("", "", 1, 3), row("4", "45", 1, 3),
                                    row("45", "44", 1, 3)};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        first = 0;
        ck_assert_int_eq(refused(&bad[i], 1, &first, &second), ERR_FORMAT);
        ck_assert_uint_eq(first, 3);
    }
}
END_TEST

/* An oracle that looks at every row for every card. */
static int find_slowly(const struct route_row *rows, size_t count, const char *pan)
{
    int best = ROUTE_NONE;
    unsigned long long best_width = ~0ull;
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(rows[i].low);
        unsigned long long width =
            strtoull(rows[i].high, NULL, 10) - strtoull(rows[i].low, NULL, 10) + 1;
        for (size_t j = len; j < ROUTE_DIGITS_MAX; j++) {
            width *= 10;
        }
        if (memcmp(pan, rows[i].low, len) >= 0 && memcmp(pan, rows[i].high, len) <= 0 &&
            width < best_width) {
            best = rows[i].issuer;
            best_width = width;
        }
    }
    return best;
}

static uint64_t random_state;

static unsigned draw(unsigned below)
{
    random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
    return (unsigned)(random_state >> 33) % below;
}

/* Few digits, so that rows nest, overlap and touch all the time. */
static struct route_row random_row(uint32_t line)
{
    size_t len = 1 + draw(4);
    unsigned limit = 1;
    for (size_t i = 0; i < len; i++) {
        limit *= 10;
    }
    unsigned low = draw(limit);
    unsigned span = draw(3) == 0 ? draw(limit - low) : 0;
    char text[2][ROUTE_DIGITS_MAX + 1];
    (void)snprintf(text[0], sizeof text[0], "%0*u", (int)len, low);
    (void)snprintf(text[1], sizeof text[1], "%0*u", (int)len, low + span);
    return row(text[0], text[1], (uint16_t)line, line);
}

START_TEST(random_tables_agree_with_a_slow_oracle)
{
    random_state = (uint64_t)_i + 1;
    struct route_row rows[40];
    size_t wanted = 1 + draw(ARRAY_COUNT(rows));
    size_t count = 0;
    for (uint32_t line = 1; count < wanted && line < 400; line++) {
        struct routes *routes = NULL;
        uint32_t first = 0;
        uint32_t second = 0;
        rows[count] = random_row(line);
        if (routes_build(rows, count + 1, &routes, &first, &second) == 0) {
            count++; /* Rows as wide as one they meet are left out. */
        }
        routes_free(routes);
    }
    struct routes *routes = build(rows, count);
    for (unsigned i = 0; i < 100000; i += 1 + draw(40)) {
        char pan[17];
        (void)snprintf(pan, sizeof pan, "%05u%011u", i, draw(1000000));
        ck_assert_msg(find(routes, pan) == find_slowly(rows, count, pan), "pan %s", pan);
    }
    routes_free(routes);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("route");
    tcase_add_test(tcase, narrowest_row_wins_on_both_sides_of_it);
    tcase_add_test(tcase, leading_zeros_count);
    tcase_add_test(tcase, eleven_digits_are_told_apart_and_the_twelfth_is_not);
    tcase_add_test(tcase, row_of_one_number_at_the_end_of_another_is_found);
    tcase_add_test(tcase, what_is_no_card_number_has_no_route);
    tcase_add_test(tcase, equal_rows_are_an_error_that_names_both_lines);
    tcase_add_test(tcase, bad_digits_are_an_error_that_names_the_line);
    tcase_add_loop_test(tcase, random_tables_agree_with_a_slow_oracle, 0, 60);
    Suite *suite = suite_create("route");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
