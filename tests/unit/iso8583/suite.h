/* The main() of a test program: one suite, one case, the tests it names. */
#pragma once

#include <check.h>
#include <stdlib.h>

#define SUITE_MAIN(suite_name, ...)                                                                \
    int main(void)                                                                                 \
    {                                                                                              \
        const TTest *tests[] = {__VA_ARGS__};                                                      \
        TCase *tcase = tcase_create(suite_name);                                                   \
        for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {                              \
            tcase_add_test(tcase, tests[i]);                                                       \
        }                                                                                          \
        Suite *suite = suite_create(suite_name);                                                   \
        suite_add_tcase(suite, tcase);                                                             \
        SRunner *runner = srunner_create(suite);                                                   \
        srunner_run_all(runner, CK_NORMAL);                                                        \
        int failed = srunner_ntests_failed(runner);                                                \
        srunner_free(runner);                                                                      \
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;                                          \
    }

/* @span is exactly the characters of @text. */
#define ck_assert_span_text(span, text) ck_assert(span_equal_text((span), (text)))
