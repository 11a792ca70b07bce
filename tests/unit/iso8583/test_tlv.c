#include "iso8583/tlv.h"

#include "tests/unit/iso8583/suite.h"

#define BYTES(...) span_make((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static struct tlv only(struct span bytes)
{
    struct reader in = reader_make(bytes);
    struct tlv tlv;
    ck_assert_int_eq(tlv_next(&in, &tlv), 1);
    struct tlv none;
    ck_assert_int_eq(tlv_next(&in, &none), 0);
    return tlv;
}

static int first(struct span bytes)
{
    struct reader in = reader_make(bytes);
    struct tlv tlv;
    return tlv_next(&in, &tlv);
}

START_TEST(tags_of_one_to_four_bytes_are_read)
{
    ck_assert_uint_eq(only(BYTES(0x82, 1, 7)).tag, 0x82);
    ck_assert_uint_eq(only(BYTES(0x9F, 0x26, 1, 7)).tag, 0x9F26);
    ck_assert_uint_eq(only(BYTES(0xDF, 0x81, 0x01, 1, 7)).tag, 0xDF8101);
    ck_assert_uint_eq(only(BYTES(0xDF, 0x81, 0x82, 0x03, 0)).tag, 0xDF818203);
    ck_assert_int_eq(first(BYTES(0xDF, 0x81, 0x82, 0x83, 0x04, 0)), ERR_FORMAT);
}
END_TEST

START_TEST(long_lengths_are_read_and_indefinite_refused)
{
    ck_assert_uint_eq(only(BYTES(0x82, 0x81, 2, 7, 8)).value.len, 2);
    ck_assert_uint_eq(only(BYTES(0x82, 0x82, 0, 1, 7)).value.len, 1);
    ck_assert_uint_eq(only(BYTES(0x82, 0x84, 0, 0, 0, 1, 7)).value.len, 1);
    ck_assert_int_eq(first(BYTES(0x82, 0x80, 7, 0, 0)), ERR_FORMAT);
    ck_assert_int_eq(first(BYTES(0x82, 0x85, 0, 0, 0, 0, 1, 7)), ERR_FORMAT);
    ck_assert_int_eq(first(BYTES(0x82, 0x84, 0xFF, 0xFF, 0xFF, 0xFF, 1)), ERR_TRUNCATED);
}
END_TEST

START_TEST(every_cut_of_an_element_is_truncated)
{
    struct span whole = BYTES(0x9F, 0x26, 0x81, 3, 1, 2, 3);
    ck_assert_int_eq(first(whole), 1);
    for (size_t len = 1; len < whole.len; len++) {
        ck_assert_int_eq(first(span_first(whole, len)), ERR_TRUNCATED);
    }
    ck_assert_int_eq(first(SPAN_NONE), 0);
}
END_TEST

START_TEST(padding_between_elements_is_passed_over)
{
    struct span bytes = BYTES(0, 0xFF, 0x82, 1, 7, 0, 0, 0x84, 1, 9, 0xFF, 0);
    struct span value;
    ck_assert_int_eq(tlv_find(bytes, 0x84, &value), 0);
    ck_assert_uint_eq(value.ptr[0], 9);
    ck_assert_int_eq(tlv_find(bytes, 0x85, &value), ERR_NOT_FOUND);
}
END_TEST

START_TEST(the_first_of_two_is_found_and_a_broken_tail_is_told)
{
    struct span bytes = BYTES(0x82, 1, 7, 0x82, 1, 8, 0x95, 5, 0);
    struct span value;
    ck_assert_int_eq(tlv_find(bytes, 0x82, &value), 0);
    ck_assert_uint_eq(value.ptr[0], 7);
    ck_assert_int_eq(tlv_find(bytes, 0x95, &value), ERR_TRUNCATED);
}
END_TEST

START_TEST(what_is_put_is_read_at_each_border_of_length)
{
    static const size_t lens[] = {0, 1, 127, 128, 255, 256, 65535, 65536};
    static const uint32_t tags[] = {0x5A, 0x9F26, 0xDF8101, 0xDF818203};
    static uint8_t value[65536];
    static uint8_t buffer[65536 + 16];
    for (size_t i = 0; i < ARRAY_COUNT(lens); i++) {
        for (size_t j = 0; j < ARRAY_COUNT(tags); j++) {
            struct writer out = writer_make(buffer, sizeof buffer);
            tlv_put(&out, tags[j], span_make(value, lens[i]));
            ck_assert(!out.overflow);
            struct tlv tlv = only(writer_written(&out));
            ck_assert_uint_eq(tlv.tag, tags[j]);
            ck_assert_uint_eq(tlv.value.len, lens[i]);
        }
    }
}
END_TEST

SUITE_MAIN("tlv", tags_of_one_to_four_bytes_are_read, long_lengths_are_read_and_indefinite_refused,
           every_cut_of_an_element_is_truncated, padding_between_elements_is_passed_over,
           the_first_of_two_is_found_and_a_broken_tail_is_told,
           what_is_put_is_read_at_each_border_of_length)
