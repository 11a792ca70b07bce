/* Goal: the CSV says what the README promises, is safe in a spreadsheet, and has no clear PAN. */
#include <stdio.h>
#include <stdlib.h>

#include "switch/clearing/csv_reader.h"
#include "switch/clearing/format.h"
#include "tests/unit/switch/clearing/rows.h"

static char text[4096];

static const char *line_of(const struct clearing_row *row)
{
    struct clearing_file file = row_file();
    struct writer out = writer_make(text, sizeof text - 1);
    ck_assert_int_eq(csv_line(&file, row, &out), 0);
    text[out.len] = '\0';
    return text;
}

static const char *cell_of(const char *value)
{
    struct writer out = writer_make(text, sizeof text - 1);
    csv_text(&out, span_text(value));
    ck_assert(!out.overflow);
    text[out.len] = '\0';
    return text;
}

START_TEST(line_has_the_columns_of_the_header_in_order)
{
    struct clearing_row row = row_sale();
    ck_assert_str_eq(line_of(&row),
                     "7,0022611201234567890100003,2,20261120,0200,S,411111******1111,"
                     "A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5,000000,1250,978,2,20261120183015,000017,"
                     "632412000017,00123456324000000000070,331204,TERM0001,MERCHANT0000001,5411,"
                     "00000012345,bank,0,,0,0,issuer:bank:978,acquirer:00000012345:978,"
                     "PRESENTED\n");
    size_t commas[2] = {0, 0};
    for (const char *at = text; *at != '\0'; at++) {
        commas[0] += *at == ',';
    }
    for (const char *at = format_csv_header; *at != '\0'; at++) {
        commas[1] += *at == ',';
    }
    ck_assert_uint_eq(commas[0], commas[1]);
    ck_assert_uint_eq(csv_column("state"), commas[1]);
}
END_TEST

START_TEST(refund_and_reversal_debit_the_acquirer)
{
    struct clearing_row row = row_sale();
    row.kind = CLEARING_SR;
    ck_assert_ptr_nonnull(
        strstr(line_of(&row), ",acquirer:00000012345:978,issuer:bank:978,PRESENTED"));
    row.kind = CLEARING_R;
    ck_assert_ptr_nonnull(strstr(line_of(&row), ",acquirer:00000012345:978,issuer:bank:978,"));
    row.kind = CLEARING_RR;
    ck_assert_ptr_nonnull(strstr(line_of(&row), ",issuer:bank:978,acquirer:00000012345:978,"));
}
END_TEST

START_TEST(clear_pan_is_nowhere_in_the_line)
{
    struct clearing_row row = row_sale();
    ck_assert_ptr_null(strstr(line_of(&row), "4111111111111111"));
    ck_assert_ptr_null(strstr(line_of(&row), "111111111"));
}
END_TEST

START_TEST(text_that_a_spreadsheet_would_compute_is_guarded)
{
    ck_assert_str_eq(cell_of("=1+1"), "'=1+1");
    ck_assert_str_eq(cell_of("+1"), "'+1");
    ck_assert_str_eq(cell_of("-1"), "'-1");
    ck_assert_str_eq(cell_of("@SUM(A1)"), "'@SUM(A1)");
    ck_assert_str_eq(cell_of("1=1"), "1=1");
    ck_assert_str_eq(cell_of(""), "");
}
END_TEST

START_TEST(quotes_commas_and_strange_bytes_survive_rfc_4180)
{
    ck_assert_str_eq(cell_of("a,b"), "\"a,b\"");
    ck_assert_str_eq(cell_of("say \"x\""), "\"say \"\"x\"\"\"");
    ck_assert_str_eq(cell_of("a\nb"), "\"a b\"");
    ck_assert_str_eq(cell_of("caf\xE9"), "caf?");
    ck_assert_str_eq(cell_of("=\"x\",y"), "\"'=\"\"x\"\",y\"");
}
END_TEST

START_TEST(reader_gives_back_what_was_written)
{
    struct clearing_row row = row_sale();
    static struct csv_reader reader;
    memcpy(row.record.merchant, "=A, \"B\"        ", 16);
    const char *line = line_of(&row);
    FILE *file = fmemopen(text, strlen(line), "rb");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(csv_open(&reader, file), 0);
    ck_assert_int_eq(csv_next(&reader), 1);
    ck_assert_uint_eq(reader.count, csv_column("state") + 1);
    ck_assert_str_eq(reader.cells[csv_column("merchant")], "'=A, \"B\"        ");
    ck_assert_str_eq(reader.cells[csv_column("amount_minor")], "1250");
    ck_assert_str_eq(reader.cells[csv_column("state")], "PRESENTED");
    ck_assert_int_eq(csv_next(&reader), 0);
    csv_close(&reader);
    (void)fclose(file);
}
END_TEST

START_TEST(formats_have_names_of_their_own)
{
    for (unsigned i = 0; i < FORMAT_COUNT; i++) {
        ck_assert_ptr_nonnull(formats[i]);
        ck_assert_ptr_nonnull(formats[i]->begin);
        ck_assert_ptr_nonnull(formats[i]->item);
        ck_assert_ptr_nonnull(formats[i]->end);
        for (unsigned j = 0; j < i; j++) {
            ck_assert_str_ne(formats[i]->name, formats[j]->name);
            ck_assert_str_ne(formats[i]->extension, formats[j]->extension);
        }
    }
    ck_assert_str_eq(formats[FORMAT_IPM]->name, "ipm");
    ck_assert_str_eq(formats[FORMAT_CSV]->name, "csv");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("format_csv");
    TCase *tcase = tcase_create("format_csv");
    tcase_add_test(tcase, line_has_the_columns_of_the_header_in_order);
    tcase_add_test(tcase, refund_and_reversal_debit_the_acquirer);
    tcase_add_test(tcase, clear_pan_is_nowhere_in_the_line);
    tcase_add_test(tcase, text_that_a_spreadsheet_would_compute_is_guarded);
    tcase_add_test(tcase, quotes_commas_and_strange_bytes_survive_rfc_4180);
    tcase_add_test(tcase, reader_gives_back_what_was_written);
    tcase_add_test(tcase, formats_have_names_of_their_own);
    suite_add_tcase(suite, tcase);
    return row_main(suite);
}
