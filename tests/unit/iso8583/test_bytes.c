#include "iso8583/base/bytes.h"

#include "tests/unit/iso8583/suite.h"

START_TEST(span_parts_stay_inside)
{
    struct span a = span_text("abcdef");
    ck_assert_span_text(span_skip(a, 2), "cdef");
    ck_assert_span_text(span_first(a, 2), "ab");
    ck_assert_span_text(span_last(a, 2), "ef");
    ck_assert_uint_eq(span_skip(a, 6).len, 0);
    ck_assert_uint_eq(span_skip(a, 99).len, 0);
    ck_assert_ptr_eq(span_skip(a, 99).ptr, a.ptr + 6);
    ck_assert_uint_eq(span_first(a, 99).len, 6);
    ck_assert_uint_eq(span_last(a, 99).len, 6);
}
END_TEST

START_TEST(spans_are_equal_by_bytes_and_length)
{
    ck_assert(span_equal(span_text("ab"), SPAN_LITERAL("ab")));
    ck_assert(!span_equal(span_text("ab"), SPAN_LITERAL("abc")));
    ck_assert(!span_equal(span_text("ab"), SPAN_LITERAL("ac")));
    ck_assert(span_equal(SPAN_NONE, span_text("")));
}
END_TEST

START_TEST(number_takes_digits_up_to_the_largest_only)
{
    uint64_t value = 7;
    ck_assert_int_eq(span_number(span_text("18446744073709551615"), &value), 0);
    ck_assert(value == UINT64_MAX);
    ck_assert_int_eq(span_number(span_text("18446744073709551616"), &value), ERR_RANGE);
    ck_assert_int_eq(span_number(span_text("99999999999999999999"), &value), ERR_RANGE);
    ck_assert_int_eq(span_number(span_text(""), &value), ERR_FORMAT);
    ck_assert_int_eq(span_number(span_text("12a"), &value), ERR_FORMAT);
    ck_assert_int_eq(span_number(span_text("-1"), &value), ERR_FORMAT);
    ck_assert_int_eq(span_number(span_text("000042"), &value), 0);
    ck_assert_uint_eq(value, 42);
}
END_TEST

START_TEST(hex_goes_there_and_back_for_every_byte)
{
    for (unsigned i = 0; i < 256; i++) {
        uint8_t byte = (uint8_t)i;
        uint8_t text[2];
        uint8_t again;
        hex_encode(span_make(&byte, 1), text);
        ck_assert_int_eq(hex_decode(span_make(text, 2), &again), 0);
        ck_assert_uint_eq(again, byte);
    }
}
END_TEST

START_TEST(hex_takes_both_cases_and_nothing_else)
{
    unsigned taken = 0;
    for (unsigned i = 0; i < 256; i++) {
        taken += hex_value((uint8_t)i) >= 0;
    }
    ck_assert_uint_eq(taken, 22);
    ck_assert_int_eq(hex_value('f'), 15);
    ck_assert_int_eq(hex_value('F'), 15);
    uint8_t out[2];
    ck_assert_int_eq(hex_decode(span_text("abc"), out), ERR_FORMAT);
    ck_assert_int_eq(hex_decode(span_text("0g"), out), ERR_FORMAT);
}
END_TEST

START_TEST(numbers_are_big_endian)
{
    uint8_t bytes[8];
    be64_put(bytes, 0x0102030405060708ull);
    for (unsigned i = 0; i < 8; i++) {
        ck_assert_uint_eq(bytes[i], i + 1);
    }
    ck_assert(be64_get(bytes) == 0x0102030405060708ull);
    ck_assert_uint_eq(be32_get(bytes), 0x01020304);
    ck_assert_uint_eq(be16_get(bytes), 0x0102);
}
END_TEST

START_TEST(digits_keep_their_width)
{
    uint8_t out[6];
    digits_put(out, 6, 123);
    ck_assert_span_text(span_make(out, 6), "000123");
    digits_put(out, 6, 9876543210);
    ck_assert_span_text(span_make(out, 6), "543210");
}
END_TEST

START_TEST(reader_takes_all_or_nothing)
{
    struct reader r = reader_make(span_text("abcde"));
    struct span out;
    uint64_t wide;
    ck_assert_int_eq(reader_take(&r, 3, &out), 0);
    ck_assert_span_text(out, "abc");
    ck_assert_int_eq(reader_take(&r, 3, &out), ERR_TRUNCATED);
    ck_assert_int_eq(reader_be64(&r, &wide), ERR_TRUNCATED);
    ck_assert_uint_eq(reader_offset(&r), 3);
    ck_assert_uint_eq(reader_left(&r), 2);
    ck_assert_int_eq(reader_take(&r, SIZE_MAX, &out), ERR_TRUNCATED);
    uint16_t pair;
    ck_assert_int_eq(reader_be16(&r, &pair), 0);
    ck_assert_uint_eq(pair, 'd' << 8 | 'e');
    ck_assert_uint_eq(reader_left(&r), 0);
}
END_TEST

START_TEST(writer_drops_everything_after_what_did_not_fit)
{
    uint8_t buffer[8];
    struct writer w = writer_make(buffer, 5);
    memset(buffer, '.', sizeof buffer);
    writer_text(&w, "abc");
    writer_text(&w, "def");
    ck_assert(w.overflow);
    writer_u8(&w, 'x');
    ck_assert_span_text(writer_written(&w), "abc");
    ck_assert_span_text(span_make(buffer, 8), "abc.....");
    ck_assert_ptr_null(writer_room(&w, 0));
}
END_TEST

START_TEST(writer_fills_to_the_last_byte)
{
    uint8_t buffer[15];
    struct writer w = writer_make(buffer, sizeof buffer);
    writer_be16(&w, 0x4142);
    writer_be32(&w, 0x43444546);
    writer_digits(&w, 3, 7);
    writer_hex(&w, SPAN_LITERAL("\xAB\x01\xFF"));
    ck_assert(!w.overflow);
    ck_assert_span_text(writer_written(&w), "ABCDEF007AB01FF");
    writer_put(&w, NULL, 0);
    ck_assert(!w.overflow);
    writer_u8(&w, 0);
    ck_assert(w.overflow);
}
END_TEST

SUITE_MAIN("bytes", span_parts_stay_inside, spans_are_equal_by_bytes_and_length,
           number_takes_digits_up_to_the_largest_only, hex_goes_there_and_back_for_every_byte,
           hex_takes_both_cases_and_nothing_else, numbers_are_big_endian, digits_keep_their_width,
           reader_takes_all_or_nothing, writer_drops_everything_after_what_did_not_fit,
           writer_fills_to_the_last_byte)
