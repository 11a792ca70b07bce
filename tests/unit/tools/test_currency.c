#include "iso8583/base/currency.h"

#include "tests/unit/iso8583/suite.h"

START_TEST(the_table_is_in_order_and_whole)
{
    size_t count = 0;
    for (; currency_at(count) != NULL; count++) {
        const struct currency *currency = currency_at(count);
        ck_assert(count == 0 || currency_at(count - 1)->numeric < currency->numeric);
        ck_assert_uint_le(currency->numeric, 999);
        ck_assert_uint_le(currency->exponent, 4);
        ck_assert_uint_eq(strlen(currency->alpha), 3);
        ck_assert_ptr_eq(currency_find(currency->numeric), currency);
        ck_assert_ptr_eq(currency_find_alpha(span_text(currency->alpha)), currency);
    }
    ck_assert_uint_gt(count, 170);
    ck_assert_ptr_null(currency_find(1));
    ck_assert_ptr_null(currency_find_alpha(SPAN_LITERAL("EU")));
}
END_TEST

START_TEST(currencies_have_the_decimals_of_the_standard)
{
    static const struct {
        const char *alpha;
        uint16_t numeric;
        uint8_t exponent;
    } known[] = {{"EUR", 978, 2}, {"USD", 840, 2}, {"GBP", 826, 2}, {"JPY", 392, 0},
                 {"KWD", 414, 3}, {"BHD", 48, 3},  {"CLF", 990, 4}, {"CHF", 756, 2},
                 {"ISK", 352, 0}, {"HUF", 348, 2}, {"TND", 788, 3}, {"XCG", 532, 2}};
    for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
        const struct currency *currency = currency_find(known[i].numeric);
        ck_assert_ptr_nonnull(currency);
        ck_assert_str_eq(currency->alpha, known[i].alpha);
        ck_assert_uint_eq(currency->exponent, known[i].exponent);
    }
}
END_TEST

START_TEST(money_is_written_as_people_do)
{
    char out[MONEY_TEXT_LEN];
    ck_assert_str_eq(money_format(123456, 978, out), "1234.56 EUR");
    ck_assert_str_eq(money_format(5, 978, out), "0.05 EUR");
    ck_assert_str_eq(money_format(-5, 978, out), "-0.05 EUR");
    ck_assert_str_eq(money_format(0, 978, out), "0.00 EUR");
    ck_assert_str_eq(money_format(-1234, 392, out), "-1234 JPY");
    ck_assert_str_eq(money_format(1234, 48, out), "1.234 BHD");
    ck_assert_str_eq(money_format(12, 990, out), "0.0012 CLF");
    ck_assert_str_eq(money_format(INT64_MIN, 978, out), "-92233720368547758.08 EUR");
    ck_assert_str_eq(money_format(12, 1, out), "12 001?");
    ck_assert_str_eq(money_format(100, 0, out), "100 minor units");
    ck_assert_str_eq(money_format(INT64_MIN, 0, out), "-9223372036854775808 minor units");
}
END_TEST

SUITE_MAIN("currency", the_table_is_in_order_and_whole,
           currencies_have_the_decimals_of_the_standard, money_is_written_as_people_do)
