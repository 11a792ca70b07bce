/* One encoding at a time, over rows made for the purpose. */
#include "iso8583/field.h"

#include "tests/unit/iso8583/suite.h"

#define BYTES(...) span_make((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static uint8_t scratch_bytes[4096];
static struct iso_field field;
static struct iso_error error;

static int decode(const struct iso_field_row *row, struct span wire, struct span *value)
{
    struct reader in = reader_make(wire);
    struct writer scratch = writer_make(scratch_bytes, sizeof scratch_bytes);
    int result = field_decode(row, &in, &scratch, &field, &error);
    *value = span_make(field.ptr, field.len);
    if (result == 0) {
        CHECK(reader_left(&in) == 0);
    }
    return result;
}

static struct span encode(const struct iso_field_row *row, struct span value)
{
    static uint8_t buffer[4096];
    struct writer out = writer_make(buffer, sizeof buffer);
    ck_assert_int_eq(field_encode(row, value, &out, &error), 0);
    return writer_written(&out);
}

/* @wire and @value are two forms of the same, both ways. */
static void assert_pair(struct iso_field_row row, struct span wire, const char *value)
{
    struct span got;
    ck_assert_int_eq(decode(&row, wire, &got), 0);
    ck_assert_span_text(got, value);
    ck_assert(span_equal(encode(&row, span_text(value)), wire));
}

static void assert_bad(struct iso_field_row row, struct span wire, int code, unsigned at)
{
    struct span got;
    ck_assert_int_eq(decode(&row, wire, &got), code);
    ck_assert_int_eq(error.code, code);
    ck_assert_uint_eq(error.at, at);
}

static struct iso_field_row bcd(enum iso_content content, unsigned prefix, enum iso_pad pad,
                                unsigned len)
{
    return (struct iso_field_row){.content = (uint8_t)content,
                                  .coding = ISO_BCD,
                                  .prefix = (uint8_t)prefix,
                                  .prefix_coding = ISO_BCD,
                                  .pad = (uint8_t)pad,
                                  .len = (uint16_t)len};
}

static struct iso_field_row text(enum iso_content content, unsigned prefix, unsigned len)
{
    return (struct iso_field_row){.content = (uint8_t)content,
                                  .coding = ISO_ASCII,
                                  .prefix = (uint8_t)prefix,
                                  .prefix_coding = ISO_ASCII,
                                  .len = (uint16_t)len};
}

START_TEST(odd_digits_are_padded_as_the_row_says)
{
    assert_pair(bcd(ISO_N, 0, ISO_PAD_0_FRONT, 3), BYTES(0x09, 0x78), "978");
    assert_pair(bcd(ISO_N, 0, ISO_PAD_F_BEHIND, 3), BYTES(0x97, 0x8F), "978");
    assert_pair(bcd(ISO_N, 0, ISO_PAD_0_BEHIND, 3), BYTES(0x97, 0x80), "978");
    assert_pair(bcd(ISO_N, 0, ISO_PAD_0_FRONT, 1), BYTES(0x07), "7");
    assert_pair(bcd(ISO_N, 0, ISO_PAD_F_BEHIND, 1), BYTES(0x7F), "7");
    assert_pair(bcd(ISO_N, 0, ISO_PAD_F_BEHIND, 4), BYTES(0x01, 0x23), "0123");
    assert_pair(bcd(ISO_N, 2, ISO_PAD_F_BEHIND, 19), BYTES(0x03, 0x12, 0x3F), "123");
    assert_pair(bcd(ISO_N, 2, ISO_PAD_0_FRONT, 19), BYTES(0x03, 0x01, 0x23), "123");
    assert_pair(bcd(ISO_N, 2, ISO_PAD_F_BEHIND, 19), BYTES(0x00), "");
}
END_TEST

START_TEST(a_padding_nibble_is_0_or_f_and_no_other)
{
    struct span value;
    struct iso_field_row behind = bcd(ISO_N, 0, ISO_PAD_F_BEHIND, 3);
    ck_assert_int_eq(decode(&behind, BYTES(0x97, 0x80), &value), 0);
    assert_bad(behind, BYTES(0x97, 0x81), ERR_FORMAT, 1);
    assert_bad(behind, BYTES(0x97, 0x8D), ERR_FORMAT, 1);
    assert_bad(bcd(ISO_N, 0, ISO_PAD_0_FRONT, 3), BYTES(0x19, 0x78), ERR_FORMAT, 0);
    assert_bad(bcd(ISO_N, 0, ISO_PAD_0_FRONT, 3), BYTES(0xF9, 0x78), ERR_FORMAT, 0);
}
END_TEST

START_TEST(every_bcd_byte_is_two_digits_or_an_error)
{
    struct iso_field_row row = bcd(ISO_N, 0, ISO_PAD_F_BEHIND, 2);
    unsigned good = 0;
    for (unsigned byte = 0; byte < 256; byte++) {
        uint8_t wire = (uint8_t)byte;
        struct span value;
        if (decode(&row, span_make(&wire, 1), &value) == 0) {
            ck_assert_uint_eq(value.ptr[0], '0' + byte / 16);
            ck_assert_uint_eq(value.ptr[1], '0' + byte % 16);
            good++;
        }
    }
    ck_assert_uint_eq(good, 100);
    assert_bad(bcd(ISO_N, 0, ISO_PAD_F_BEHIND, 6), BYTES(0x12, 0x34, 0xA6), ERR_FORMAT, 2);
}
END_TEST

START_TEST(track_has_its_separator_as_d_in_bcd)
{
    assert_pair(bcd(ISO_Z, 2, ISO_PAD_F_BEHIND, 37), BYTES(0x07, 0x12, 0x3D, 0x45, 0x6F),
                "123=456");
    assert_pair(bcd(ISO_Z, 2, ISO_PAD_F_BEHIND, 37), BYTES(0x06, 0x12, 0x3D, 0x45), "123=45");
    assert_bad(bcd(ISO_Z, 2, ISO_PAD_F_BEHIND, 37), BYTES(0x06, 0x12, 0x3B, 0x45), ERR_FORMAT, 2);
    assert_bad(bcd(ISO_N, 2, ISO_PAD_F_BEHIND, 19), BYTES(0x06, 0x12, 0x3D, 0x45), ERR_FORMAT, 2);
}
END_TEST

START_TEST(track_in_characters_is_copied_only_where_it_has_a_d)
{
    struct iso_field_row row = text(ISO_Z, 2, 37);
    struct span wire = span_text("07123=456");
    struct span value;
    ck_assert_int_eq(decode(&row, wire, &value), 0);
    ck_assert_ptr_eq(value.ptr, wire.ptr + 2);
    ck_assert_int_eq(decode(&row, span_text("07123D456"), &value), 0);
    ck_assert_ptr_eq(value.ptr, scratch_bytes);
    ck_assert_span_text(value, "123=456");
    assert_bad(row, span_text("07123^456"), ERR_FORMAT, 5);
}
END_TEST

START_TEST(amounts_with_sign)
{
    assert_pair(bcd(ISO_XN, 0, ISO_PAD_0_FRONT, 9), BYTES('D', 0, 0, 0x12, 0x34), "D00001234");
    assert_pair(text(ISO_XN, 0, 9), span_text("C00001234"), "C00001234");
    assert_pair(bcd(ISO_XN, 0, ISO_PAD_0_FRONT, 4), BYTES('C', 0x01, 0x23), "C123");
    assert_bad(bcd(ISO_XN, 0, ISO_PAD_0_FRONT, 9), BYTES('X', 0, 0, 0x12, 0x34), ERR_FORMAT, 0);
    assert_bad(bcd(ISO_XN, 0, ISO_PAD_0_FRONT, 9), BYTES('C', 0, 0, 0x1A, 0x34), ERR_FORMAT, 3);
    assert_bad(text(ISO_XN, 0, 9), span_text("+00001234"), ERR_FORMAT, 0);
    assert_bad(text(ISO_XN, 0, 9), span_text("C0000C234"), ERR_FORMAT, 5);
    assert_bad(bcd(ISO_XN, 2, ISO_PAD_0_FRONT, 9), BYTES(0x00, 'C'), ERR_LENGTH, 1);
}
END_TEST

START_TEST(hex_characters_become_bytes_and_a_prefix_counts_characters)
{
    struct iso_field_row row = {.content = ISO_B, .coding = ISO_HEX, .len = 3};
    assert_pair(row, span_text("41424A"), "ABJ");
    struct span value;
    ck_assert_int_eq(decode(&row, span_text("41424a"), &value), 0);
    ck_assert_span_text(value, "ABJ");
    assert_bad(row, span_text("4142g1"), ERR_FORMAT, 4);
    row.prefix = 2;
    row.prefix_coding = ISO_ASCII;
    assert_pair(row, span_text("044142"), "AB");
    assert_bad(row, span_text("03414"), ERR_FORMAT, 5);
    assert_bad(row, span_text("08"), ERR_LENGTH, 0);
}
END_TEST

START_TEST(length_prefixes_are_checked)
{
    assert_pair(text(ISO_ANS, 2, 25), span_text("03abc"), "abc");
    assert_pair(text(ISO_ANS, 3, 999), span_text("003abc"), "abc");
    assert_pair(text(ISO_ANS, 2, 25), span_text("00"), "");
    assert_bad(text(ISO_ANS, 2, 25), span_text("26"), ERR_LENGTH, 0);
    ck_assert_uint_eq(error.expected, 25);
    ck_assert_uint_eq(error.got, 26);
    assert_bad(text(ISO_ANS, 2, 25), span_text("0x"), ERR_FORMAT, 0);
    assert_bad(text(ISO_ANS, 2, 25), span_text("0"), ERR_TRUNCATED, 0);
    assert_bad(text(ISO_ANS, 2, 25), span_text("05abc"), ERR_TRUNCATED, 2);
    ck_assert_uint_eq(error.expected, 5);
    ck_assert_uint_eq(error.got, 3);
    assert_bad(bcd(ISO_B, 3, ISO_PAD_F_BEHIND, 255), BYTES(0x37, 0x37), ERR_LENGTH, 0);
    ck_assert_uint_eq(error.got, 3737);
    assert_bad(bcd(ISO_N, 2, ISO_PAD_F_BEHIND, 19), BYTES(0x1A), ERR_FORMAT, 0);
}
END_TEST

/* The fast checks by eights against the slow one by bytes: one wrong byte at each place of each
 * length, for each byte there is. */
START_TEST(one_wrong_byte_is_found_wherever_it_stands)
{
    static const struct {
        enum iso_content content;
        const char *good;
    } rows[] = {
        {ISO_N, "0123456789"},           {ISO_A, "aAzZ "}, {ISO_AN, "0aA9zZ "},
        {ISO_ANS, "\x20 ~\x80\xFF*a0Z"}, {ISO_Z, "0=9D"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        size_t good_len = strlen(rows[i].good);
        for (unsigned len = 1; len <= 33; len++) {
            struct iso_field_row row = text(rows[i].content, 0, len);
            uint8_t wire[33];
            for (size_t k = 0; k < len; k++) {
                wire[k] = (uint8_t)rows[i].good[k % good_len];
            }
            struct span value;
            ck_assert_int_eq(decode(&row, span_make(wire, len), &value), 0);
            for (unsigned at = 0; at < len; at++) {
                uint8_t kept = wire[at];
                for (unsigned byte = 0; byte < 256; byte++) {
                    wire[at] = (uint8_t)byte;
                    bool good = field_count_valid(rows[i].content, span_make(wire, len)) == len;
                    int result = decode(&row, span_make(wire, len), &value);
                    if (result != (good ? 0 : ERR_FORMAT) || (!good && error.at != at)) {
                        ck_abort_msg("content %u, byte %02X at %u of %u", rows[i].content, byte, at,
                                     len);
                    }
                }
                wire[at] = kept;
            }
        }
    }
}
END_TEST

START_TEST(contents_take_what_they_should)
{
    static const struct {
        enum iso_content content;
        unsigned count;
    } rows[] = {{ISO_N, 10}, {ISO_A, 53}, {ISO_AN, 63}, {ISO_ANS, 223}, {ISO_B, 256}, {ISO_Z, 12}};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        unsigned count = 0;
        for (unsigned byte = 0; byte < 256; byte++) {
            uint8_t one = (uint8_t)byte;
            count += field_count_valid(rows[i].content, span_make(&one, 1)) == 1;
        }
        ck_assert_uint_eq(count, rows[i].count);
    }
}
END_TEST

START_TEST(each_column_is_written_as_its_bytes_say)
{
    static const struct {
        struct iso_field_row row;
        const char *value;
        const char *wire; /* hex */
    } rows[] = {
        {{.len = 3, .content = ISO_N, .coding = ISO_CP500}, "978", "F9F7F8"},
        {{.len = 5,
          .content = ISO_ANS,
          .coding = ISO_CP500,
          .prefix = 2,
          .prefix_coding = ISO_CP500},
         "A[!b",
         "F0F4C14A4F82"},
        {{.len = 5, .content = ISO_ANS, .coding = ISO_CP037, .prefix = 2}, "A[!b", "3034C1BA5A82"},
        {{.len = 5, .content = ISO_ANS, .coding = ISO_CP1047, .prefix = 2}, "A[^]", "3034C1AD5FBD"},
        {{.len = 5, .content = ISO_XN, .coding = ISO_CP500}, "D0012", "C4F0F0F1F2"},
        {{.len = 5, .content = ISO_XN, .coding = ISO_CP500, .sign = ISO_SIGN_ZONED},
         "D0012",
         "F0F0F1D2"},
        {{.len = 5, .content = ISO_XN, .coding = ISO_CP500, .sign = ISO_SIGN_ZONED},
         "C0012",
         "F0F0F1F2"},
        {{.len = 5, .content = ISO_XN, .coding = ISO_BCD, .sign = ISO_SIGN_EBCDIC},
         "D0012",
         "C40012"},
        {{.len = 2, .content = ISO_B, .coding = ISO_HEX_EBCDIC}, "\x1F\xA0", "F1C6C1F0"},
        {{.len = 9, .content = ISO_B, .coding = ISO_HEX, .prefix = 2}, "\x1F", "30323146"},
        {{.len = 9,
          .content = ISO_B,
          .coding = ISO_HEX,
          .prefix = 2,
          .prefix_unit = ISO_UNIT_VALUE},
         "\x1F",
         "30313146"},
        {{.len = 9,
          .content = ISO_N,
          .coding = ISO_BCD,
          .prefix = 1,
          .prefix_coding = ISO_BINARY,
          .prefix_unit = ISO_UNIT_WIRE},
         "123",
         "02123F"},
        {{.len = 9,
          .content = ISO_N,
          .coding = ISO_BCD,
          .pad = ISO_PAD_F_FRONT,
          .prefix = 3,
          .prefix_coding = ISO_BINARY},
         "123",
         "000003F123"},
        {{.len = 9, .content = ISO_N, .prefix = 6}, "7", "30303030303137"},
        {{.len = 9, .content = ISO_N, .prefix = 5, .prefix_coding = ISO_BCD}, "7", "00000137"},
        {{.len = 5, .content = ISO_N, .fill = ISO_FILL_SPACE_FRONT}, "42", "2020203432"},
        {{.len = 5, .content = ISO_N, .fill = ISO_FILL_SPACE_BEHIND}, "42", "3432202020"},
        {{.len = 4, .content = ISO_Z, .separator = 'D'}, "12=3", "31324433"},
        {{.len = 5, .content = ISO_Z, .coding = ISO_BCD, .pad = ISO_PAD_0_BEHIND},
         "12=34",
         "12D340"},
        {{.len = 5, .content = ISO_ANS, .extent = ISO_EXTENT_TOKEN, .token = '|'}, "ab", "61627C"},
        {{.len = 5, .content = ISO_ANS, .extent = ISO_EXTENT_REST}, "ab", "6162"},
        {{.len = 4,
          .content = ISO_B,
          .coding = ISO_BINARY,
          .extent = ISO_EXTENT_AREA,
          .prefix = 1,
          .prefix_coding = ISO_BINARY},
         "\x01\x02",
         "0201020000"},
        {{.len = 4, .content = ISO_N, .extent = ISO_EXTENT_FILLED, .prefix = 2},
         "0012",
         "303430303132"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        uint8_t bytes[64];
        struct iso_field_row row = rows[i].row;
        row.name = "row";
        ck_assert_msg(dialect_row_flaw(&row) == NULL, "%zu: %s", i, dialect_row_flaw(&row));
        ck_assert_int_eq(hex_decode(span_text(rows[i].wire), bytes), 0);
        assert_pair(row, span_make(bytes, strlen(rows[i].wire) / 2), rows[i].value);
    }
}
END_TEST

START_TEST(a_short_value_is_filled_where_its_row_says)
{
    static const struct {
        struct iso_field_row row;
        const char *value;
        const char *wire;
    } rows[] = {
        {{.len = 4, .content = ISO_N, .extent = ISO_EXTENT_FILLED, .prefix = 2}, "12", "040012"},
        {{.len = 4, .content = ISO_AN, .extent = ISO_EXTENT_FILLED, .prefix = 2}, "AB", "04AB  "},
        {{.len = 4, .content = ISO_ANS, .fill = ISO_FILL_SPACE_FRONT}, "AB", "  AB"},
        {{.len = 4, .content = ISO_ANS, .fill = ISO_FILL_ZERO_BEHIND}, "AB", "AB00"},
        {{.len = 4, .content = ISO_XN}, "D7", "D007"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        uint8_t bytes[16];
        struct writer out = writer_make(bytes, sizeof bytes);
        ck_assert_int_eq(field_encode(&rows[i].row, span_text(rows[i].value), &out, &error), 0);
        ck_assert_span_text(writer_written(&out), rows[i].wire);
    }
}
END_TEST

START_TEST(what_ends_by_itself_may_not_hold_its_end_nor_be_too_long)
{
    struct iso_field_row row = {
        .len = 3, .content = ISO_ANS, .extent = ISO_EXTENT_TOKEN, .token = '|'};
    uint8_t bytes[16];
    struct writer out = writer_make(bytes, sizeof bytes);
    ck_assert_int_eq(field_encode(&row, span_text("a|b"), &out, &error), ERR_FORMAT);
    assert_bad(row, BYTES('a', 'b', 'c', 'd', '|'), ERR_LENGTH, 0);
    row.extent = ISO_EXTENT_REST;
    assert_bad(row, BYTES('a', 'b', 'c', 'd'), ERR_LENGTH, 0);
}
END_TEST

SUITE_MAIN("field", each_column_is_written_as_its_bytes_say,
           a_short_value_is_filled_where_its_row_says,
           what_ends_by_itself_may_not_hold_its_end_nor_be_too_long,
           odd_digits_are_padded_as_the_row_says, a_padding_nibble_is_0_or_f_and_no_other,
           every_bcd_byte_is_two_digits_or_an_error, track_has_its_separator_as_d_in_bcd,
           track_in_characters_is_copied_only_where_it_has_a_d, amounts_with_sign,
           hex_characters_become_bytes_and_a_prefix_counts_characters, length_prefixes_are_checked,
           one_wrong_byte_is_found_wherever_it_stands, contents_take_what_they_should)
