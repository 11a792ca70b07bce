/* Codes in words: the tables, and that they are looked up by the version of the message. */
#include "iso8583/dialect.h"
#include "tests/unit/iso8583/suite.h"
#include "tools/isomsg/meaning.h"
#include "tools/isomsg/meaning_code.h"

static char words[MEANING_LEN];

static const char *told(uint16_t mti, unsigned de, const char *value)
{
    struct iso_msg msg;
    iso_init(&msg, mti);
    iso_set(&msg, de, span_text(value));
    return field_meaning(&msg, de, words);
}

START_TEST(an_mti_is_told_with_its_repeat_and_issuer)
{
    ck_assert_str_eq(mti_meaning(0x0200, words), "financial request");
    ck_assert_str_eq(mti_meaning(0x0421, words), "reversal advice, repeat");
    ck_assert_str_eq(mti_meaning(0x1814, words), "network management request response");
    ck_assert_str_eq(mti_meaning(0x0202, words), "financial request of the issuer");
    ck_assert_str_eq(mti_meaning(0x0900, words), "");
    ck_assert_str_eq(mti_meaning(0x02F0, words), "");
}
END_TEST

START_TEST(codes_of_1987_are_told)
{
    ck_assert_str_eq(told(0x0200, 3, "000000"), "purchase");
    ck_assert_str_eq(told(0x0200, 3, "012000"), "cash withdrawal, from cheque account");
    ck_assert_str_eq(told(0x0200, 22, "051"), "chip, can take PINs");
    ck_assert_str_eq(told(0x0200, 25, "59"), "electronic commerce");
    ck_assert_str_eq(told(0x0210, 39, "51"), "not sufficient funds");
    ck_assert_str_eq(told(0x0800, 70, "301"), "echo test");
    ck_assert_str_eq(told(0x0200, 49, "978"), "EUR");
    ck_assert_str_eq(told(0x0200, 49, "EUR"), "EUR");
}
END_TEST

START_TEST(the_version_chooses_the_table)
{
    ck_assert_str_eq(told(0x1210, 39, "116"), "not sufficient funds");
    ck_assert_str_eq(told(0x0210, 39, "116"), ""); /* 1987 has two characters */
    ck_assert_str_eq(told(0x1210, 39, "51"), "");
    ck_assert_str_eq(told(0x1800, 24, "831"), "echo test");
    ck_assert_str_eq(told(0x0800, 24, "831"), ""); /* the NII */
}
END_TEST

START_TEST(what_is_not_known_has_no_words)
{
    ck_assert_str_eq(told(0x0210, 39, "ZZ"), "");
    ck_assert_str_eq(told(0x0200, 11, "000017"), "");
    ck_assert_str_eq(told(0x0200, 49, "000"), "");
}
END_TEST

START_TEST(an_amount_is_told_in_its_currency)
{
    struct iso_msg msg;
    iso_init(&msg, 0x0200);
    iso_set(&msg, 4, span_text("000000001250"));
    ck_assert_str_eq(field_meaning(&msg, 4, words), "");
    iso_set(&msg, 49, span_text("978"));
    ck_assert_str_eq(field_meaning(&msg, 4, words), "12.50 EUR");
    iso_set(&msg, 49, span_text("392"));
    ck_assert_str_eq(field_meaning(&msg, 4, words), "1250 JPY");
}
END_TEST

START_TEST(chip_tags_are_named_and_their_bits_told)
{
    ck_assert_str_eq(chip_tag_find(0x9F26)->name, "application cryptogram");
    ck_assert(chip_tag_find(0x5A)->hidden && !chip_tag_find(0x95)->hidden);
    ck_assert_ptr_null(chip_tag_find(0xDF01));
    ck_assert_str_eq(chip_meaning(0x95, SPAN_LITERAL("\x80\x00\x04\x00\x00"), words),
                     "offline data authentication not done, online PIN entered");
    ck_assert_str_eq(chip_meaning(0x95, SPAN_LITERAL("\x80"), words), ""); /* too short to be one */
    ck_assert_str_eq(chip_meaning(0x9F27, SPAN_LITERAL("\x80"), words), "ARQC, asks online");
    ck_assert_str_eq(chip_meaning(0x9F27, SPAN_LITERAL("\x40"), words), "TC, approved offline");
    ck_assert_str_eq(chip_meaning(0x9F34, SPAN_LITERAL("\x42\x03\x02"), words),
                     "PIN online, successful");
    ck_assert_str_eq(chip_meaning(0x5F2A, SPAN_LITERAL("\x09\x78"), words), "EUR");
    ck_assert_str_eq(chip_meaning(0x5F2A, SPAN_LITERAL("\x0F\x78"), words), "");
}
END_TEST

/* A row that stands twice would hide its second text for ever. */
START_TEST(no_table_has_a_code_twice)
{
    static const struct code_table *const tables[] = {
        &code_processing, &code_account_from, &code_account_to, &code_entry,  &code_pin_entry,
        &code_function,   &code_condition,    &code_response,   &code_action, &code_network};
    for (size_t i = 0; i < ARRAY_COUNT(tables); i++) {
        ck_assert_uint_gt(tables[i]->count, 0);
        for (size_t k = 0; k < tables[i]->count; k++) {
            const struct code *row = &tables[i]->rows[k];
            ck_assert_msg(code_find(tables[i], span_text(row->code)) == row->text, "table %zu: %s",
                          i, row->code);
            ck_assert_uint_eq(strlen(row->code), strlen(tables[i]->rows[0].code));
        }
    }
}
END_TEST

SUITE_MAIN("meaning", an_mti_is_told_with_its_repeat_and_issuer, codes_of_1987_are_told,
           the_version_chooses_the_table, what_is_not_known_has_no_words,
           an_amount_is_told_in_its_currency, chip_tags_are_named_and_their_bits_told,
           no_table_has_a_code_twice)
