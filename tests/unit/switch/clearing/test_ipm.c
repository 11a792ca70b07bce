/* Goal: the records have the published layout, byte for byte. Method: golden bytes written down
 * from the tables of offsets, and a reader that shares nothing with the writer. */
#include <stdlib.h>

#include "iso8583/point_of_service.h"
#include "switch/clearing/country.h"
#include "tests/unit/switch/clearing/rows.h"

static uint8_t bytes[IPM_RECORD_LEN_MAX];

static struct oracle_record *parsed(const struct writer *out)
{
    static struct oracle_record record;
    ck_assert(!out->overflow);
    oracle_parse(out->ptr, out->len, &record);
    return &record;
}

static struct oracle_record *presented(const struct clearing_row *row)
{
    struct clearing_file file = row_file();
    struct writer out = writer_make(bytes, sizeof bytes);
    ck_assert_int_eq(ipm_presentment(&file, row, &out), 0);
    return parsed(&out);
}

START_TEST(header_has_the_74_golden_bytes)
{
    static const char golden[] = "1644"
                                 "\x80\x00\x01\x00\x00\x01\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00"
                                 "697"
                                 "040"
                                 "0105025"
                                 "002"
                                 "261120"
                                 "12345678901"
                                 "00003"
                                 "0122001T"
                                 "00000001";
    struct clearing_file file = row_file();
    struct writer out = writer_make(bytes, sizeof bytes);
    ck_assert_int_eq(ipm_header(&file, &out), 0);
    ck_assert_uint_eq(out.len, 74);
    ck_assert_mem_eq(bytes, golden, 74);
}
END_TEST

START_TEST(trailer_has_the_104_golden_bytes)
{
    static const char golden[] = "1644"
                                 "\x80\x00\x01\x00\x00\x01\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00"
                                 "695"
                                 "070"
                                 "0105025"
                                 "0022611201234567890100003"
                                 "0301016"
                                 "0000000000001250"
                                 "0306008"
                                 "00000003"
                                 "00000003";
    struct clearing_file file = row_file();
    struct writer out = writer_make(bytes, sizeof bytes);
    ck_assert_int_eq(ipm_trailer(&file, 1250, 3, &out), 0);
    ck_assert_uint_eq(out.len, 104);
    ck_assert_mem_eq(bytes, golden, 104);
    ck_assert_int_eq(ipm_trailer(&file, 10000000000000000u, 3, &out), ERR_RANGE);
    ck_assert_int_eq(ipm_trailer(&file, 0, 100000000, &out), ERR_RANGE);
}
END_TEST

/* The example of the layout: with DE25, 33 and 40, which we leave out by default. */
START_TEST(encoder_puts_the_299_byte_example_at_its_offsets)
{
    static const struct {
        unsigned de;
        const char *value;
        size_t at;
    } example[] = {
        {2, "5555555555554444", 20},
        {3, "000000", 38},
        {4, "000000001250", 44},
        {12, "261120183015", 56},
        {22, "510101C99001", 68},
        {24, "200", 80},
        {25, "1400", 83},
        {26, "5411", 87},
        {31, "01234563240000000000079", 91},
        {33, "00000012345", 116},
        {37, "632412000017", 129},
        {38, "331204", 141},
        {40, "201", 147},
        {41, "TERM0001", 150},
        {42, "MERCHANT0000001", 158},
        {43, "CORNER SHOP 1\\RUE 1\\PARIS 75\\75001     IDFFRA", 173},
        {48,
         "0023003POI00520032100148004978201650"
         "01M",
         220},
        {49, "978", 262},
        {71, "00000002", 265},
        {93, "00000054321", 273},
        {94, "00000012345", 286},
    };
    static const uint8_t bitmap[] = {0xF0, 0x10, 0x05, 0xC2, 0x8D, 0xE1, 0x80, 0x00,
                                     0x02, 0x00, 0x00, 0x0C, 0x00, 0x00, 0x00, 0x00};
    struct ipm_record record = {.mti = SPAN_LITERAL("1240")};
    struct writer out = writer_make(bytes, sizeof bytes);
    for (size_t i = 0; i < ARRAY_COUNT(example); i++) {
        record.de[example[i].de] = span_text(example[i].value);
    }
    ck_assert_int_eq(ipm_encode(&record, &out), 0);
    struct oracle_record *read = parsed(&out);
    ck_assert_mem_eq(bytes + 4, bitmap, sizeof bitmap);
    for (size_t i = 0; i < ARRAY_COUNT(example); i++) {
        ck_assert_uint_eq(read->at[example[i].de], example[i].at);
        ck_assert_str_eq(read->element[example[i].de], example[i].value);
    }
    ck_assert_uint_eq(out.len, 299);
}
END_TEST

START_TEST(presentment_says_what_was_bought)
{
    static const struct {
        unsigned de;
        const char *value;
    } golden[] = {
        {2, "4111111111111111"},
        {3, "000000"},
        {4, "000000001250"},
        {12, "261120183015"},
        {14, "2812"},
        {22, "510101C99001"},
        {24, "200"},
        {26, "5411"},
        {32, "00000012345"},
        {37, "632412000017"},
        {38, "331204"},
        {41, "TERM0001"},
        {42, "MERCHANT0000001"},
        {43, "CORNER SHOP\\ \\PARIS\\             FRA"},
        {48, "0023003POI01480049782016500"
             "1M"},
        {49, "978"},
        {71, "00000002"},
        {93, "0"},
        {94, "00000012345"},
    };
    struct clearing_row row = row_sale();
    struct oracle_record *read = presented(&row);
    ck_assert_str_eq(read->mti, "1240");
    for (size_t i = 0; i < ARRAY_COUNT(golden); i++) {
        ck_assert_str_eq(read->element[golden[i].de], golden[i].value);
    }
    ck_assert_uint_eq(read->at[30], 0);
    ck_assert_uint_eq(read->at[25], 0);
    /* Mixed use, acquirer 012345, year 6 day 324, item 7, and a Luhn digit checked by hand. */
    ck_assert_str_eq(read->element[31], "0012345632400000000007"
                                        "0");
}
END_TEST

/* 0 if @digits pass the Luhn test; written the other way round than luhn_digit(). */
static unsigned luhn_rest(const char *digits)
{
    unsigned sum = 0;
    size_t len = strlen(digits);
    for (size_t i = 0; i < len; i++) {
        static const unsigned twice[] = {0, 2, 4, 6, 8, 1, 3, 5, 7, 9};
        unsigned digit = (unsigned)(digits[i] - '0');
        sum += (len - i) % 2 == 0 ? twice[digit] : digit;
    }
    return sum % 10;
}

START_TEST(every_reference_passes_luhn_and_is_unique)
{
    struct clearing_row row = row_sale();
    char last[ARN_LEN + 1] = "";
    ck_assert_uint_eq(luhn_rest("4111111111111111"), 0);
    for (uint64_t seq = 99999999980; seq < 100000000020; seq++) {
        row.item.item_seq = seq;
        clearing_row_derive(&row);
        ck_assert_uint_eq(strlen(row.arn), 23);
        ck_assert_uint_eq(luhn_rest(row.arn), 0);
        ck_assert_str_ne(row.arn, last);
        memcpy(last, row.arn, sizeof last);
    }
    ck_assert_int_eq(strncmp(row.arn + 11, "00000000019", 11), 0);
}
END_TEST

START_TEST(reversal_item_carries_its_originals_reference)
{
    struct clearing_row sale = row_sale();
    struct clearing_row row = sale;
    char value[100];
    row.item.kind = 'V';
    row.kind = CLEARING_SR;
    row.item.item_seq = 900;
    row.item.original_item = 7;
    row.item.day = 20261122;
    clearing_row_derive(&row);
    struct oracle_record *read = presented(&row);
    ck_assert_str_eq(read->element[31], sale.arn);
    ck_assert_str_eq(read->element[24], "200");
    ck_assert(oracle_pds(read, "0025", value));
    ck_assert_str_eq(value, "R261120");
    read = presented(&sale);
    ck_assert(!oracle_pds(read, "0025", value));
}
END_TEST

START_TEST(last_evening_of_the_year_cleared_in_the_new_one_keeps_its_year)
{
    struct clearing_row row = row_sale();
    row.record.day = 20270101;
    memcpy(row.record.date, "1231", 5);
    memcpy(row.record.time, "235959", 7);
    clearing_row_derive(&row);
    ck_assert_str_eq(row.local, "20261231235959");
    row.record.day = 20261231;
    memcpy(row.record.date, "0101", 5);
    memcpy(row.record.time, "000001", 7);
    clearing_row_derive(&row);
    ck_assert_str_eq(row.local, "20270101000001");
}
END_TEST

START_TEST(leap_day_is_the_366th_and_a_terminal_without_a_date_gets_the_arrival)
{
    struct clearing_row row = row_sale();
    row.record.day = 20281231;
    row.record.date[0] = '\0';
    row.record.opened_ms = 1861919999000; /* 2028-12-31T23:59:59Z */
    clearing_row_derive(&row);
    ck_assert_int_eq(strncmp(row.arn + 7, "8366", 4), 0);
    ck_assert_str_eq(row.local, "20281231235959");
}
END_TEST

START_TEST(partial_amount_is_presented_and_the_original_told)
{
    struct clearing_row row = row_sale();
    row.item.amount_minor = 1000;
    struct oracle_record *read = presented(&row);
    ck_assert_str_eq(read->element[4], "000000001000");
    ck_assert_str_eq(read->element[30], "000000001250000000000000");
}
END_TEST

START_TEST(location_is_made_of_letters_on_which_code_pages_agree)
{
    uint8_t text[99];
    struct writer out = writer_make(text, sizeof text);
    ipm_location("Caf\xE9 \\ [Bar] ^|!            zz           QQ", &out);
    ck_assert_uint_eq(out.len, strlen("CAF     BAR\\ \\ZZ\\             ZZZ"));
    ck_assert_mem_eq(text, "CAF     BAR\\ \\ZZ\\             ZZZ", out.len);
    out = writer_make(text, sizeof text);
    ipm_location("", &out);
    ck_assert_mem_eq(text, "UNKNOWN\\ \\ \\             ZZZ", out.len);
}
END_TEST

START_TEST(amount_of_thirteen_digits_is_refused)
{
    struct clearing_row row = row_sale();
    struct clearing_file file = row_file();
    struct writer out = writer_make(bytes, sizeof bytes);
    row.item.amount_minor = row.record.amount_minor = 999999999999;
    ck_assert_int_eq(ipm_presentment(&file, &row, &out), 0);
    row.item.amount_minor = 1000000000000;
    ck_assert_int_eq(ipm_presentment(&file, &row, &out), ERR_RANGE);
    row = row_sale();
    row.de71 = 100000000;
    ck_assert_int_eq(ipm_presentment(&file, &row, &out), ERR_RANGE);
}
END_TEST

START_TEST(issuer_of_the_list_is_the_destination)
{
    static const struct issuer_id issuers[] = {{"other", "1"}, {"bank", "54321"}};
    struct clearing_row row = row_sale();
    struct clearing_file file = row_file();
    struct writer out = writer_make(bytes, sizeof bytes);
    file.issuers = issuers;
    file.issuer_count = 2;
    ck_assert_int_eq(ipm_presentment(&file, &row, &out), 0);
    ck_assert_str_eq(parsed(&out)->element[93], "54321");
}
END_TEST

START_TEST(decoder_reads_what_the_encoder_wrote_and_refuses_the_rest)
{
    struct clearing_row row = row_sale();
    struct clearing_file file = row_file();
    struct writer out = writer_make(bytes, sizeof bytes);
    struct ipm_record record;
    struct ipm_fault fault;
    ck_assert_int_eq(ipm_presentment(&file, &row, &out), 0);
    ck_assert_int_eq(ipm_decode(writer_written(&out), &record, &fault), 0);
    ck_assert(span_equal_text(record.de[2], "4111111111111111"));
    for (size_t len = 0; len < out.len; len++) {
        ck_assert_int_eq(ipm_decode(span_make(bytes, len), &record, &fault), ERR_TRUNCATED);
    }
    ck_assert_int_eq(ipm_decode(span_make(bytes, out.len + 1), &record, &fault), ERR_TRAILING);
    bytes[4] |= 0x02; /* DE7: no reader knows it */
    ck_assert_int_eq(ipm_decode(writer_written(&out), &record, &fault), ERR_FIELD_UNKNOWN);
    ck_assert_uint_eq(fault.de, 7);
    bytes[4] &= (uint8_t)~0x02;
    bytes[44] = 'x';
    ck_assert_int_eq(ipm_decode(writer_written(&out), &record, &fault), ERR_FORMAT);
    ck_assert_uint_eq(fault.de, 4);
    ck_assert_uint_eq(fault.offset, 44);
}
END_TEST

START_TEST(table_has_only_elements_that_the_common_reader_knows)
{
    static const uint8_t known[] = {2,  3,  4,  5,  6,  9,  10, 12, 14,  22,  23,  24,  25,  26, 30,
                                    31, 32, 33, 37, 38, 40, 41, 42, 43,  48,  49,  50,  51,  54, 55,
                                    62, 63, 71, 72, 73, 93, 94, 95, 100, 111, 123, 124, 125, 127};
    size_t count = 0;
    const struct ipm_field *fields = ipm_fields(&count);
    ck_assert_uint_eq(count, sizeof known);
    for (size_t i = 0; i < count; i++) {
        ck_assert_uint_eq(fields[i].de, known[i]);
    }
}
END_TEST

START_TEST(point_of_service_is_twelve_known_characters)
{
    static const char *const entries[] = {"011", "021", "051", "052", "071", "801",
                                          "812", "901", "911", "000", "",    "9"};
    static const char *const conditions[] = {"00", "01", "02", "05", "08", "27", "59", "77", ""};
    uint8_t pos[12];
    for (size_t i = 0; i < ARRAY_COUNT(entries); i++) {
        for (size_t j = 0; j < ARRAY_COUNT(conditions); j++) {
            point_of_service(entries[i], conditions[j], pos);
            for (size_t k = 0; k < sizeof pos; k++) {
                ck_assert(pos[k] != '\0' && strchr("0123456789ABCMS", pos[k]) != NULL);
            }
        }
    }
    point_of_service("812", "59", pos);
    ck_assert_mem_eq(pos, "600550S99000", 12);
}
END_TEST

START_TEST(codes_are_found)
{
    ck_assert_uint_eq(clearing_exponent(978), 2);
    ck_assert_uint_eq(clearing_exponent(392), 0);
    ck_assert_uint_eq(clearing_exponent(414), 3);
    ck_assert_str_eq(country_alpha3("AD"), "AND");
    ck_assert_str_eq(country_alpha3("FR"), "FRA");
    ck_assert_str_eq(country_alpha3("ZW"), "ZWE");
    ck_assert_str_eq(country_alpha3("  "), "ZZZ");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ipm");
    TCase *tcase = tcase_create("ipm");
    tcase_add_test(tcase, header_has_the_74_golden_bytes);
    tcase_add_test(tcase, trailer_has_the_104_golden_bytes);
    tcase_add_test(tcase, encoder_puts_the_299_byte_example_at_its_offsets);
    tcase_add_test(tcase, presentment_says_what_was_bought);
    tcase_add_test(tcase, every_reference_passes_luhn_and_is_unique);
    tcase_add_test(tcase, reversal_item_carries_its_originals_reference);
    tcase_add_test(tcase, last_evening_of_the_year_cleared_in_the_new_one_keeps_its_year);
    tcase_add_test(tcase, leap_day_is_the_366th_and_a_terminal_without_a_date_gets_the_arrival);
    tcase_add_test(tcase, partial_amount_is_presented_and_the_original_told);
    tcase_add_test(tcase, location_is_made_of_letters_on_which_code_pages_agree);
    tcase_add_test(tcase, amount_of_thirteen_digits_is_refused);
    tcase_add_test(tcase, issuer_of_the_list_is_the_destination);
    tcase_add_test(tcase, decoder_reads_what_the_encoder_wrote_and_refuses_the_rest);
    tcase_add_test(tcase, table_has_only_elements_that_the_common_reader_knows);
    tcase_add_test(tcase, point_of_service_is_twelve_known_characters);
    tcase_add_test(tcase, codes_are_found);
    suite_add_tcase(suite, tcase);
    return row_main(suite);
}
