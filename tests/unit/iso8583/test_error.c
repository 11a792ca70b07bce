#include "iso8583/base/error.h"

#include <string.h>

#include "tests/unit/iso8583/suite.h"

static const int codes[] = {
#define CODE(code, value, text) code,
    ERR_MAP(CODE)
#undef CODE
};

enum { CODES = sizeof codes / sizeof codes[0] };

START_TEST(every_error_is_negative_with_its_own_number_name_and_text)
{
    for (int i = 0; i < CODES; i++) {
        ck_assert_int_lt(codes[i], 0);
        ck_assert_int_eq(strncmp(err_name(codes[i]), "ERR_", 4), 0);
        ck_assert_uint_gt(strlen(err_text(codes[i])), 5);
        for (int j = 0; j < i; j++) {
            ck_assert_int_ne(codes[i], codes[j]);
            ck_assert_str_ne(err_name(codes[i]), err_name(codes[j]));
            ck_assert_str_ne(err_text(codes[i]), err_text(codes[j]));
        }
    }
}
END_TEST

START_TEST(foreign_numbers_have_no_name)
{
    ck_assert_str_eq(err_name(1), "?");
    ck_assert_str_eq(err_text(-1000), "?");
    ck_assert_str_eq(err_name(0), "ERR_NONE");
    ck_assert_str_eq(err_name(ERR_TRUNCATED), "ERR_TRUNCATED");
}
END_TEST

static int passed;

static int try_it(int first)
{
    TRY(first);
    passed++;
    return 7;
}

START_TEST(try_returns_errors_and_passes_the_rest)
{
    passed = 0;
    ck_assert_int_eq(try_it(ERR_FULL), ERR_FULL);
    ck_assert_int_eq(passed, 0);
    ck_assert_int_eq(try_it(0), 7);
    ck_assert_int_eq(try_it(3), 7);
    ck_assert_int_eq(passed, 2);
}
END_TEST

SUITE_MAIN("error", every_error_is_negative_with_its_own_number_name_and_text,
           foreign_numbers_have_no_name, try_returns_errors_and_passes_the_rest)
