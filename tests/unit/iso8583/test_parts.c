/* Composites: each layout both ways, nesting, paths, unknown parts, and what is wrong with a part.
 */
#include "iso8583/parts.h"

#include "tests/unit/iso8583/wire.h"

static uint8_t scratch_bytes[8192];
static struct writer scratch;
static struct iso_error error;
static struct iso_part part;

#define BYTES(...) span_make((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void setup(void)
{
    scratch = writer_make(scratch_bytes, sizeof scratch_bytes);
}

/* An element that holds @parts. */
static struct iso_field_row holds(const struct iso_parts *parts)
{
    return (struct iso_field_row){.name = "holder",
                                  .parts = parts,
                                  .len = 999,
                                  .content = ISO_B,
                                  .coding = ISO_BINARY,
                                  .prefix = 3};
}

static const struct iso_field_row *row_of(const char *dialect, unsigned de)
{
    return &dialect_named(dialect)->field[de];
}

START_TEST(emv_tags_are_found_and_unknown_ones_kept_and_counted)
{
    setup();
    const struct iso_field_row *row = row_of("iso87_ascii", 55);
    struct span value = BYTES(0x9F, 0x26, 2, 0xAB, 0xCD, 0x00, 0xDF, 0x81, 0x29, 1, 0x77, 0x5A, 0);
    struct parts_walk walk = parts_walk(row->parts, value);
    ck_assert_int_eq(parts_next(&walk, &scratch, &part, &error), 1);
    ck_assert(part.tag == 0x9F26 && part.known && part.value.len == 2 && part.at == 0);
    ck_assert_int_eq(parts_next(&walk, &scratch, &part, &error), 1);
    ck_assert(part.tag == 0xDF8129 && !part.known && part.at == 6);
    ck_assert(span_equal(part.raw, BYTES(0xDF, 0x81, 0x29, 1, 0x77)));
    ck_assert_uint_eq(part.row->mask, ISO_MASK_ALL);
    ck_assert_int_eq(parts_next(&walk, &scratch, &part, &error), 1);
    ck_assert(part.tag == 0x5A && part.value.len == 0);
    ck_assert_int_eq(parts_next(&walk, &scratch, &part, &error), 0);
    ck_assert(walk.count == 3 && walk.unknown == 1);
    ck_assert_int_eq(parts_find(row, value, "DF8129", &scratch, &part, &error), 0);
    ck_assert(span_equal(part.value, BYTES(0x77)));
    ck_assert_int_eq(parts_find(row, value, "9F02", &scratch, &part, &error), ERR_NOT_FOUND);
    ck_assert_int_eq(parts_find(row, value, "9F2", &scratch, &part, &error), ERR_NOT_FOUND);
    unsigned unknown = 0;
    ck_assert_int_eq(parts_check(row, value, &scratch, &unknown, &error), 0);
    ck_assert_uint_eq(unknown, 1);
}
END_TEST

START_TEST(a_cut_tag_is_told_with_its_place)
{
    setup();
    struct span value = BYTES(0x82, 2, 0x39, 0x00, 0x9F, 0x03, 6, 0, 0, 0);
    ck_assert_int_eq(parts_check(row_of("iso87_bcd", 55), value, &scratch, NULL, &error),
                     ERR_TRUNCATED);
    ck_assert_uint_eq(error.at, 4);
    ck_assert_str_eq(error.path, "9F03");
}
END_TEST

START_TEST(an_unknown_tag_that_could_be_card_data_is_not_told)
{
    setup();
    struct span value = BYTES(0x5F, 0x99, 0x76, 0x02, 0x7F);
    ck_assert_int_eq(parts_check(row_of("iso87_bcd", 55), value, &scratch, NULL, &error),
                     ERR_TRUNCATED);
    ck_assert_str_eq(error.path, "?");
    ck_assert_ptr_null(strstr(error.path, "99"));
}
END_TEST

START_TEST(private_data_subelements_are_read_in_both_codes)
{
    static struct wire wire;
    static const char *const texts[] = {"0023003CT10158012ABC\\DEF 1234",
                                        "\xF0\xF0\xF2\xF3\xF0\xF0\xF3\xC3\xE3\xF1"};
    static const char *const dialects[] = {"ipm_ascii", "ipm_ebcdic"};
    for (size_t i = 0; i < ARRAY_COUNT(dialects); i++) {
        setup();
        const struct iso_dialect *dialect = dialect_named(dialects[i]);
        uint8_t buffer[256];
        struct writer out = writer_make(buffer, sizeof buffer);
        struct iso_msg msg;
        iso_init(&msg, 0x1240);
        iso_set(&msg, 48, i == 0 ? span_text(texts[0]) : SPAN_LITERAL("0023003CT1"));
        ck_assert_int_eq(iso_encode(&msg, dialect, &out, &error), 0);
        ck_assert(i == 0 || memcmp(buffer + out.len - 10, texts[1], 10) == 0);
        ck_assert_int_eq(wire_decode(&wire, dialect, writer_written(&out)), 0);
        ck_assert_int_eq(iso_part_find(&wire.msg, "48.0023", &scratch, &part, &error), 0);
        ck_assert_span_text(part.value, "CT1");
        ck_assert_int_eq(iso_part_find(&wire.msg, "48", &scratch, &part, &error), 0);
        ck_assert_int_eq(iso_part_find(&wire.msg, "48.0024", &scratch, &part, &error),
                         ERR_NOT_FOUND);
        ck_assert_int_eq(iso_part_find(&wire.msg, "62.0023", &scratch, &part, &error),
                         ERR_NOT_FOUND);
        ck_assert_int_eq(iso_part_find(&wire.msg, "x", &scratch, &part, &error), ERR_NOT_FOUND);
    }
}
END_TEST

START_TEST(tagged_text_that_is_cut_or_no_digit_is_told)
{
    static const struct {
        const char *text;
        int code;
        unsigned at;
        const char *path;
    } rows[] = {
        {"0023003CT", ERR_TRUNCATED, 7, "0023"},  {"00230x3CT1", ERR_FORMAT, 4, "0023"},
        {"0023003CT1002", ERR_TRUNCATED, 10, ""}, {"0023003CT1*0230", ERR_FORMAT, 10, ""},
        {"0023003C\x01T", ERR_FORMAT, 8, "0023"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        setup();
        ck_assert_int_eq(
            parts_check(row_of("ipm_ascii", 48), span_text(rows[i].text), &scratch, NULL, &error),
            rows[i].code);
        ck_assert_msg(error.at == rows[i].at, "%zu: at %u", i, error.at);
        ck_assert(rows[i].path[0] == '\0' || strcmp(error.path, rows[i].path) == 0);
    }
}
END_TEST

START_TEST(positional_parts_may_end_early)
{
    setup();
    const struct iso_field_row *row = row_of("iso87_ebcdic", 90);
    struct span value = SPAN_LITERAL("020012345607181234560000000000000000000000");
    ck_assert_int_eq(parts_find(row, value, "2", &scratch, &part, &error), 0);
    ck_assert_span_text(part.value, "123456");
    ck_assert_str_eq(part.row->name, "stan");
    ck_assert_int_eq(parts_find(row, span_first(value, 10), "3", &scratch, &part, &error),
                     ERR_NOT_FOUND);
    ck_assert_int_eq(parts_check(row, span_first(value, 12), &scratch, NULL, &error),
                     ERR_TRUNCATED);
    ck_assert_str_eq(error.path, "3");
    ck_assert_int_eq(parts_check(row, SPAN_LITERAL("0200123456071812345600000000000000000000001"),
                                 &scratch, NULL, &error),
                     ERR_TRAILING);
}
END_TEST

START_TEST(parts_with_a_bitmap_of_their_own_are_read_by_it)
{
    setup();
    const struct iso_field_row *row = row_of("base1", 62);
    struct span value =
        BYTES(0xC0, 0, 0, 0, 0, 0, 0, 0, 0xE8, 0x01, 0x23, 0x45, 0x67, 0x89, 0x01, 0x23, 0x45);
    ck_assert_int_eq(parts_find(row, value, "1", &scratch, &part, &error), 0);
    ck_assert_span_text(part.value, "Y");
    ck_assert_int_eq(parts_find(row, value, "2", &scratch, &part, &error), 0);
    ck_assert_span_text(part.value, "123456789012345");
    ck_assert_int_eq(parts_check(row, span_first(value, 5), &scratch, NULL, &error), ERR_TRUNCATED);
    ck_assert_str_eq(error.what, "bitmap");
    ck_assert_int_eq(parts_check(row, BYTES(0, 0, 0, 0, 0, 0, 0, 1), &scratch, NULL, &error),
                     ERR_FIELD_UNKNOWN);
    ck_assert_str_eq(error.path, "64");
    ck_assert_int_eq(parts_check(row, SPAN_NONE, &scratch, NULL, &error), 0);
}
END_TEST

/* --- layouts that no built-in dialect has ------------------------------------------------------
 */

static const struct iso_part_row names[] = {
    {.tag = 1, .row = {.name = "first", .len = 9, .content = ISO_ANS, .prefix = 2}},
    {.tag = 2,
     .row = {.name = "second",
             .len = 20,
             .content = ISO_ANS,
             .extent = ISO_EXTENT_TOKEN,
             .token = '|'}},
    {.tag = 3, .row = {.name = "third", .len = 20, .content = ISO_ANS, .extent = ISO_EXTENT_REST}},
};
static const struct iso_parts positional = {
    .layout = ISO_POSITIONAL, .count = ARRAY_COUNT(names), .rows = names};

static const struct iso_part_row numbered[] = {
    {.tag = 2, .row = {.name = "two", .len = 2, .content = ISO_N}},
    {.tag = 66,
     .row = {.name = "names", .parts = &positional, .len = 50, .content = ISO_ANS, .prefix = 2}},
    {.tag = 130, .row = {.name = "last", .len = 1, .content = ISO_A}},
};
static const struct iso_parts grown = {.layout = ISO_BITMAPPED,
                                       .bitmap_coding = ISO_HEX,
                                       .bitmap_len = 24,
                                       .bitmap_grows = 1,
                                       .count = ARRAY_COUNT(numbered),
                                       .rows = numbered};

static const struct iso_parts ber = {.layout = ISO_BER};
static const struct iso_part_row sets[] = {
    {.tag = 1,
     .row = {.name = "tags", .parts = &ber, .len = 999, .content = ISO_B, .coding = ISO_BINARY}}};
static const struct iso_parts datasets = {.layout = ISO_DATASETS, .count = 1, .rows = sets};

START_TEST(datasets_hold_tags_and_are_found_by_path)
{
    setup();
    struct iso_field_row row = holds(&datasets);
    struct span value = BYTES(0x01, 0, 4, 0xC0, 2, 0x12, 0x34, 0x02, 0, 1, 0xFF);
    ck_assert_int_eq(parts_find(&row, value, "01.C0", &scratch, &part, &error), 0);
    ck_assert(span_equal(part.value, BYTES(0x12, 0x34)));
    unsigned unknown = 0;
    ck_assert_int_eq(parts_check(&row, value, &scratch, &unknown, &error), 0);
    ck_assert_uint_eq(unknown, 2); /* tag C0, dataset 02 */
    ck_assert_int_eq(parts_check(&row, BYTES(0x01, 0, 3, 0xC0, 2, 0x12), &scratch, NULL, &error),
                     ERR_TRUNCATED);
    ck_assert_str_eq(error.path, "01.C0");
    ck_assert_int_eq(parts_check(&row, BYTES(0x01, 0), &scratch, NULL, &error), ERR_TRUNCATED);
    ck_assert_int_eq(parts_check(&row, BYTES(0x01, 0, 9, 1), &scratch, NULL, &error),
                     ERR_TRUNCATED);
}
END_TEST

START_TEST(a_bitmap_grows_and_parts_nest_in_parts)
{
    setup();
    uint8_t inner_bytes[64];
    uint8_t bytes[256];
    struct writer inner = writer_make(inner_bytes, sizeof inner_bytes);
    struct writer out = writer_make(bytes, sizeof bytes);
    const struct iso_part_value people[] = {
        {1, SPAN_LITERAL("Ann")}, {2, SPAN_LITERAL("Bo")}, {3, SPAN_LITERAL("Cy|d")}};
    ck_assert_int_eq(parts_encode(&positional, people, 3, &inner, &error), 0);
    ck_assert_span_text(writer_written(&inner), "03AnnBo|Cy|d");
    const struct iso_part_value all[] = {
        {2, SPAN_LITERAL("42")}, {66, writer_written(&inner)}, {130, SPAN_LITERAL("Z")}};
    ck_assert_int_eq(parts_encode(&grown, all, 3, &out, &error), 0);
    ck_assert_span_text(writer_written(&out), "C000000000000000C0000000000000004000000000000000"
                                              "4212"
                                              "03AnnBo|Cy|d"
                                              "Z");
    struct iso_field_row row = holds(&grown);
    struct span value = writer_written(&out);
    ck_assert_int_eq(parts_check(&row, value, &scratch, NULL, &error), 0);
    ck_assert_int_eq(parts_find(&row, value, "66.2", &scratch, &part, &error), 0);
    ck_assert_span_text(part.value, "Bo");
    ck_assert_int_eq(parts_find(&row, value, "66.3", &scratch, &part, &error), 0);
    ck_assert_span_text(part.value, "Cy|d");
    ck_assert_int_eq(parts_find(&row, value, "66.3.1", &scratch, &part, &error), ERR_NOT_FOUND);
    ck_assert_int_eq(parts_find(&row, value, "130", &scratch, &part, &error), 0);
    ck_assert_span_text(part.value, "Z");
}
END_TEST

/* ISO 8583:2003, data sets 71 to FE: two bytes, then single ones; the first bit of each says that
 * another follows. */
START_TEST(a_data_sets_bitmap_has_as_many_bytes_as_its_last_part_needs)
{
    static const struct iso_part_row letters[] = {
        {.tag = 1, .row = {.name = "one", .len = 1, .content = ISO_ANS}},
        {.tag = 14, .row = {.name = "fourteen", .len = 1, .content = ISO_ANS}},
        {.tag = 15, .row = {.name = "fifteen", .len = 1, .content = ISO_ANS}},
        {.tag = 16, .row = {.name = "sixteen", .len = 1, .content = ISO_ANS}},
        {.tag = 23, .row = {.name = "twenty-three", .len = 1, .content = ISO_ANS}}};
    static const struct iso_parts set = {
        .layout = ISO_DBM, .count = ARRAY_COUNT(letters), .rows = letters};
    static const struct {
        uint64_t tags[2];
        size_t count;
        const char *bytes;
    } rows[] = {{{1, 14}, 2, "40024142"},
                {{1, 15}, 2, "C001004142"},
                {{16, 0}, 1, "80004041"},
                {{1, 23}, 2, "C00080404142"},
                {{14, 16}, 2, "8002404142"}};
    static const struct iso_part_value none[] = {{24, SPAN_LITERAL("A")}};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        setup();
        uint8_t bytes[64];
        uint8_t wanted[64];
        struct writer out = writer_make(bytes, sizeof bytes);
        struct iso_part_value values[] = {{rows[i].tags[0], SPAN_LITERAL("A")},
                                          {rows[i].tags[1], SPAN_LITERAL("B")}};
        struct span hex = span_text(rows[i].bytes);
        ck_assert_int_eq(hex_decode(hex, wanted), 0);
        ck_assert_int_eq(parts_encode(&set, values, rows[i].count, &out, &error), 0);
        ck_assert_msg(span_equal(writer_written(&out), span_make(wanted, hex.len / 2)), "%zu", i);
        struct parts_walk walk = parts_walk(&set, writer_written(&out));
        for (size_t j = 0; j < rows[i].count; j++) {
            ck_assert_int_eq(parts_next(&walk, &scratch, &part, &error), 1);
            ck_assert_uint_eq(part.tag, rows[i].tags[j]);
            ck_assert(span_equal(part.value, values[j].value));
        }
        ck_assert_int_eq(parts_next(&walk, &scratch, &part, &error), 0);
    }
    uint8_t little[8];
    struct writer out = writer_make(little, sizeof little);
    ck_assert_int_eq(parts_encode(&set, none, 1, &out, &error), ERR_FIELD_UNKNOWN);
    struct iso_field_row row = holds(&set);
    ck_assert_int_eq(parts_check(&row, BYTES(0x40), &scratch, NULL, &error), ERR_TRUNCATED);
    ck_assert_int_eq(parts_check(&row, BYTES(0x80, 0), &scratch, NULL, &error), ERR_TRUNCATED);
    ck_assert_int_eq(parts_check(&row, BYTES(0, 1), &scratch, NULL, &error), ERR_FORMAT);
    uint8_t endless[64];
    memset(endless, 0x80, sizeof endless);
    ck_assert_int_eq(parts_check(&row, span_make(endless, sizeof endless), &scratch, NULL, &error),
                     ERR_LENGTH);
}
END_TEST

START_TEST(what_is_walked_over_is_written_back_byte_for_byte)
{
    static const struct iso_parts pds_bcd = {.layout = ISO_TAGGED,
                                             .tag_coding = ISO_BCD,
                                             .tag_len = 4,
                                             .length_coding = ISO_BCD,
                                             .length_len = 2,
                                             .length_with_tag = 1};
    static const struct iso_parts pds_binary = {.layout = ISO_TAGGED,
                                                .tag_coding = ISO_BINARY,
                                                .tag_len = 2,
                                                .length_coding = ISO_BINARY,
                                                .length_len = 1};
    static const struct iso_parts pds_ebcdic = {.layout = ISO_TAGGED,
                                                .tag_coding = ISO_CP500,
                                                .tag_len = 2,
                                                .length_coding = ISO_CP500,
                                                .length_len = 2};
    const struct {
        const struct iso_parts *parts;
        struct span value;
        size_t count;
    } rows[] = {
        {&pds_bcd, BYTES(0x00, 0x23, 0x04, 0xAA, 0xBB, 0x01, 0x58, 0x02), 2},
        {&pds_binary, BYTES(0x00, 0x23, 2, 0xAA, 0xBB, 0xFF, 0x01, 0), 2},
        {&pds_ebcdic, BYTES(0xC1, 0xF2, 0xF0, 0xF1, 0x40), 1},
        {row_of("iso87_ascii", 55)->parts, BYTES(0x9F, 0x26, 1, 0xAB, 0xDF, 0x81, 0x29, 0), 2},
        {row_of("ipm_ascii", 48)->parts, SPAN_LITERAL("0023003CT10158000"), 2},
        {&datasets, BYTES(0x01, 0, 3, 0xC0, 1, 0x12, 0x02, 0, 0), 2},
        {&positional, SPAN_LITERAL("03AnnBo|"), 2},
        {row_of("base1", 63)->parts, BYTES(0xA0, 0, 0, 0x00, 0x02, 0x20, 0x11), 2},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        setup();
        struct iso_part_value values[8];
        uint8_t bytes[256];
        struct writer out = writer_make(bytes, sizeof bytes);
        struct parts_walk walk = parts_walk(rows[i].parts, rows[i].value);
        size_t count = 0;
        int result;
        while ((result = parts_next(&walk, &scratch, &part, &error)) == 1) {
            char text[ISO_PATH_LEN_MAX];
            uint64_t tag;
            values[count++] = (struct iso_part_value){part.tag, part.value};
            parts_tag_text(rows[i].parts, part.tag, text, sizeof text);
            ck_assert_int_eq(parts_tag_parse(rows[i].parts, span_text(text), &tag), 0);
            ck_assert(tag == part.tag);
        }
        ck_assert_msg(result == 0, "%zu: %s", i, error.what);
        ck_assert_uint_eq(count, rows[i].count);
        ck_assert_int_eq(parts_encode(rows[i].parts, values, count, &out, &error), 0);
        ck_assert_msg(span_equal(writer_written(&out), rows[i].value), "%zu", i);
    }
}
END_TEST

START_TEST(what_cannot_be_written_is_refused)
{
    const struct iso_parts *emv = row_of("iso87_ascii", 55)->parts;
    const struct iso_parts *pds = row_of("ipm_ascii", 48)->parts;
    static uint8_t big[1000];
    memset(big, 'x', sizeof big);
    const struct {
        const struct iso_parts *parts;
        struct iso_part_value value;
        int code;
    } rows[] = {
        {&positional, {2, SPAN_LITERAL("Bo")}, ERR_FIELD_UNKNOWN}, /* 1 is missing */
        {&positional, {1, SPAN_LITERAL("too long a name")}, ERR_LENGTH},
        {&grown, {65, SPAN_LITERAL("1")}, ERR_FIELD_UNKNOWN}, /* the mark of the third */
        {&grown, {193, SPAN_LITERAL("1")}, ERR_FIELD_UNKNOWN},
        {&grown, {2, SPAN_LITERAL("x")}, ERR_FORMAT},
        {emv, {0x9F26, span_make(big, 300)}, ERR_LENGTH},
        {emv, {0x1FFFFFFFF, SPAN_LITERAL("1")}, ERR_LENGTH},
        {pds, {0x30303233, span_make(big, 1000)}, ERR_LENGTH},
        {pds, {0x3030303233, SPAN_LITERAL("1")}, ERR_LENGTH},
        {pds, {0x01303233, SPAN_LITERAL("1")}, ERR_FORMAT},
        {&datasets, {256, SPAN_LITERAL("1")}, ERR_LENGTH},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        static uint8_t bytes[4096];
        struct writer out = writer_make(bytes, sizeof bytes);
        ck_assert_msg(parts_encode(rows[i].parts, &rows[i].value, 1, &out, &error) == rows[i].code,
                      "%zu", i);
        ck_assert_int_eq(error.code, rows[i].code);
        ck_assert(error.path[0] != '\0');
    }
    uint8_t small[4];
    struct writer out = writer_make(small, sizeof small);
    struct iso_part_value value = {0x9F26, SPAN_LITERAL("12345")};
    ck_assert_int_eq(parts_encode(emv, &value, 1, &out, &error), ERR_SPACE);
}
END_TEST

SUITE_MAIN("parts", emv_tags_are_found_and_unknown_ones_kept_and_counted,
           a_cut_tag_is_told_with_its_place, an_unknown_tag_that_could_be_card_data_is_not_told,
           private_data_subelements_are_read_in_both_codes,
           tagged_text_that_is_cut_or_no_digit_is_told, positional_parts_may_end_early,
           parts_with_a_bitmap_of_their_own_are_read_by_it,
           datasets_hold_tags_and_are_found_by_path, a_bitmap_grows_and_parts_nest_in_parts,
           a_data_sets_bitmap_has_as_many_bytes_as_its_last_part_needs,
           what_is_walked_over_is_written_back_byte_for_byte, what_cannot_be_written_is_refused)
