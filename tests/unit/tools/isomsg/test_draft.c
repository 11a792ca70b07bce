/* Messages from arguments and JSON, and dialects changed on the command line. */
#include <stdio.h>

#include "iso8583/dialect.h"
#include "tests/unit/iso8583/suite.h"
#include "tools/isomsg/dialect_name.h"
#include "tools/isomsg/draft.h"

static struct draft *draft;

static void begin(const char *dialect)
{
    ck_assert_int_eq(draft_open(dialect_find(dialect), &draft), 0);
}

static const char *written(void)
{
    static char hex[4096];
    uint8_t room[2048];
    struct writer out = writer_make(room, sizeof room);
    if (draft_write(draft, &out) < 0) {
        return "refused";
    }
    hex_encode(writer_written(&out), (uint8_t *)hex);
    hex[2 * out.len] = '\0';
    return hex;
}

START_TEST(arguments_make_a_message)
{
    begin("iso87_bcd");
    ck_assert_int_eq(draft_argument(draft, "mti=0800"), 0);
    ck_assert_int_eq(draft_argument(draft, "11=17"), 0);
    ck_assert_int_eq(draft_argument(draft, "70=301"), 0);
    ck_assert_str_eq(written(), "080080200000000000000400000000000000000017"
                                "0301");
    draft_close(draft);
}
END_TEST

START_TEST(parts_of_chip_data_are_put_together_in_their_order)
{
    begin("iso87_ascii");
    ck_assert_int_eq(draft_argument(draft, "mti=0200"), 0);
    ck_assert_int_eq(draft_argument(draft, "55.9F26=0102030405060708"), 0);
    ck_assert_int_eq(draft_argument(draft, "55.82=3900"), 0);
    ck_assert_str_eq(written(), "303230300000000000000200303135"
                                "9F2608010203040506070882023900");
    draft_close(draft);
}
END_TEST

START_TEST(json_as_view_prints_it_makes_the_message_again)
{
    size_t at = 0;
    static const char text[] =
        "{\"mti\":\"0200\",\"fields\":{\"11\":\"000017\",\"55\":{\"82\":\"3900\"}}}\n"
        "{\"mti\":\"0800\",\"fields\":{\"11\":\"000018\"}}\n";
    begin("iso87_ascii");
    ck_assert_int_eq(draft_json(draft, "x", text, &at), 1);
    ck_assert_str_eq(written(), "30323030002000000000020030303030313730303482023900");
    draft_clear(draft);
    ck_assert_int_eq(draft_json(draft, "x", text, &at), 1);
    ck_assert_str_eq(written(), "303830300020000000000000303030303138");
    ck_assert_int_eq(draft_json(draft, "x", text, &at), 0);
    draft_close(draft);
}
END_TEST

START_TEST(what_is_no_field_is_refused)
{
    static const char *const wrong[] = {"x=1",   "1=1",      "193=1",  "11",
                                        "=1",    "mti=8",    "52=0",   "52=XY",
                                        "55.=1", "55.XY=00", "11.1=5", "52=****************"};
    begin("iso87_ascii");
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        ck_assert_msg(draft_argument(draft, wrong[i]) < 0, "%s", wrong[i]);
    }
    draft_close(draft);
}
END_TEST

START_TEST(json_that_is_none_is_refused)
{
    static const char *const wrong[] = {
        "{",
        "[]",
        "{\"mti\":\"0200\"}",
        "{\"mti\":200,\"fields\":{}}",
        "{\"mti\":\"0200\",\"fields\":{\"11\":17}}",
        "{\"mti\":\"0200\",\"fields\":{\"2\":\"411111******1111\"}}",
        "{\"mti\":\"0200\",\"fields\":{},\"error\":{}}",
        "{\"mti\":\"0200\",\"fields\":{\"11\":\"1\",\"11\":\"2\"}}"};
    begin("iso87_ascii");
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        size_t at = 0;
        ck_assert_msg(draft_json(draft, "x", wrong[i], &at) < 0, "%s", wrong[i]);
    }
    draft_close(draft);
}
END_TEST

START_TEST(a_message_without_type_or_with_a_wrong_value_is_not_written)
{
    begin("iso87_ascii");
    ck_assert_str_eq(written(), "refused");
    ck_assert_int_eq(draft_argument(draft, "mti=0200"), 0);
    ck_assert_int_eq(draft_argument(draft, "11=x"), 0);
    ck_assert_str_eq(written(), "refused");
    draft_close(draft);
}
END_TEST

START_TEST(a_dialect_is_changed_by_what_stands_behind_a_plus)
{
    const struct iso_dialect *dialect =
        dialect_spelled("iso87_ascii+bitmap=both+55=LLb255,binary,bcd+41=n6");
    ck_assert_ptr_nonnull(dialect);
    ck_assert_uint_eq(dialect->bitmap_fixed, 1);
    ck_assert_uint_eq(dialect->field[55].prefix, 2);
    ck_assert_uint_eq(dialect->field[55].prefix_coding, ISO_BCD);
    ck_assert_uint_eq(dialect->field[55].len, 255);
    ck_assert_uint_eq(dialect->field[41].content, ISO_N);
    ck_assert_uint_eq(dialect->field[41].len, 6);
    ck_assert_uint_eq(dialect_find("iso87_ascii")->bitmap_fixed, 0);
}
END_TEST

/* What doctor prints, --dialect takes. */
START_TEST(a_row_is_read_as_it_is_written)
{
    for (size_t i = 0; dialect_at(i) != NULL; i++) {
        for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
            const struct iso_field_row *row = &dialect_at(i)->field[de];
            static struct iso_dialect copy;
            char text[ROW_TEXT_LEN];
            char tweak[ROW_TEXT_LEN + 8];
            char why[TWEAK_WHY_LEN];
            if (row->content == ISO_NONE) {
                continue;
            }
            copy = *dialect_at(i);
            (void)snprintf(tweak, sizeof tweak, "%u=%s", de, row_text(row, text));
            ck_assert_msg(tweak_apply(&copy, span_text(tweak), why) == 0, "%s %s: %s", copy.name,
                          tweak, why);
            ck_assert_msg(
                copy.field[de].content == row->content && copy.field[de].coding == row->coding &&
                    copy.field[de].prefix == row->prefix && copy.field[de].len == row->len,
                "%s %s", copy.name, tweak);
        }
    }
}
END_TEST

START_TEST(a_wrong_change_is_no_dialect)
{
    static const char *const wrong[] = {"nothing",          "iso87_ascii+x",
                                        "iso87_ascii+55=",  "iso87_ascii+55=LLLq",
                                        "iso87_ascii+1=n3", "iso87_ascii+55=b8,what",
                                        "iso87_ascii+",     "iso87_ascii+55=LLLLLLLb9"};
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        bool is_empty_tail = wrong[i][strlen(wrong[i]) - 1] == '+';
        ck_assert_msg((dialect_spelled(wrong[i]) == NULL) != is_empty_tail, "%s", wrong[i]);
    }
}
END_TEST

SUITE_MAIN("draft", arguments_make_a_message, parts_of_chip_data_are_put_together_in_their_order,
           json_as_view_prints_it_makes_the_message_again, what_is_no_field_is_refused,
           json_that_is_none_is_refused,
           a_message_without_type_or_with_a_wrong_value_is_not_written,
           a_dialect_is_changed_by_what_stands_behind_a_plus, a_row_is_read_as_it_is_written,
           a_wrong_change_is_no_dialect)
