#include "tests/unit/iso8583/wire.h"

static struct wire wire;

/* Expect that @hex fails in @dialect with @code at @de and byte @at. */
static void assert_fails(const char *dialect, const char *hex, int code, unsigned de, unsigned at)
{
    int result = wire_decode_hex(&wire, dialect, hex);
    char text[ISO_TEXT_LEN_MAX];
    ck_assert_msg(result == code && wire.error.code == code && wire.error.de == de &&
                      wire.error.at == at,
                  "%s: result %d: %s", hex, result,
                  iso_error_text(&wire.error, dialect_named(dialect), text, sizeof text));
}

START_TEST(message_without_elements_is_read)
{
    ck_assert_int_eq(wire_decode_hex(&wire, "iso87_bcd", "0800 0000000000000000"), 0);
    ck_assert_uint_eq(wire.msg.mti, 0x0800);
    ck_assert(wire.msg.present[0] == 0 && wire.msg.present[1] == 0);
    ck_assert_ptr_eq(wire.msg.dialect, dialect_named("iso87_bcd"));
    ck_assert_int_eq(wire_decode_text(&wire, "iso87_asciihex", "08000000000000000000"), 0);
}
END_TEST

START_TEST(secondary_bitmap_is_read_and_is_no_element)
{
    ck_assert_int_eq(
        wire_decode_text(&wire, "iso87_asciihex", "080080000000000000000400000000000000301"), 0);
    ck_assert(!iso_has(&wire.msg, 1));
    ck_assert_span_text(iso_get(&wire.msg, 70), "301");
    ck_assert_uint_eq(wire.msg.field[70].at, 36);
}
END_TEST

START_TEST(views_point_into_the_frame_where_the_wire_is_canonical)
{
    ck_assert_int_eq(wire_decode_text(&wire, "iso87_asciihex",
                                      "02004020000020000000"
                                      "164761739001010010"
                                      "000135"
                                      "334761739001010010=2712201114387808"),
                     0);
    ck_assert_ptr_eq(iso_get(&wire.msg, 2).ptr, wire.bytes + 22);
    ck_assert_uint_eq(wire.msg.field[2].at, 20);
    ck_assert_ptr_eq(iso_get(&wire.msg, 11).ptr, wire.bytes + 38);
    ck_assert_uint_eq(wire.msg.field[11].at, 38);
    ck_assert_ptr_eq(iso_get(&wire.msg, 35).ptr, wire.bytes + 46);
    ck_assert_uint_eq(wire.msg.field[35].at, 44);
}
END_TEST

START_TEST(short_mti_and_bitmaps_are_told)
{
    assert_fails("iso87_ascii", "", ERR_TRUNCATED, 0, 0);
    assert_fails("iso87_ascii", "303230", ERR_TRUNCATED, 0, 0);
    assert_fails("iso87_ascii", "30323a30 0000000000000000", ERR_FORMAT, 0, 0);
    assert_fails("iso87_bcd", "02a0 0000000000000000", ERR_FORMAT, 0, 0);
    assert_fails("iso87_ascii", "30323030 00000000000000", ERR_TRUNCATED, 1, 4);
    assert_fails("iso87_bcd", "0200 8000000000000000 00", ERR_TRUNCATED, 1, 10);
    assert_fails("iso87_asciihex", "30323030 30303030303030303030303030303047", ERR_FORMAT, 1, 4);
}
END_TEST

START_TEST(undefined_elements_are_refused)
{
    assert_fails("iso87_bcd", "0200 8000000000000000 8000000000000000 00", ERR_FIELD_UNKNOWN, 65,
                 18);
}
END_TEST

START_TEST(what_came_before_the_error_is_kept_and_nothing_else)
{
    /* DE3, DE4, DE7 (bad digit in its second byte), DE11. */
    assert_fails("iso87_bcd", "0200 3220000000000000 000000 000000001500 07A8123456 000001",
                 ERR_FORMAT, 7, 20);
    ck_assert_span_text(iso_get(&wire.msg, 3), "000000");
    ck_assert_span_text(iso_get(&wire.msg, 4), "000000001500");
    ck_assert(!iso_has(&wire.msg, 7));
    ck_assert(!iso_has(&wire.msg, 11));
    ck_assert_str_eq(wire.error.what, "digit");
    /* Likewise across the bitmaps: DE3, then DE70 short. */
    assert_fails("iso87_bcd", "0800 A000000000000000 0400000000000000 000000 03", ERR_TRUNCATED, 70,
                 21);
    ck_assert(iso_has(&wire.msg, 3));
    ck_assert(!iso_has(&wire.msg, 70));
    ck_assert_uint_eq(wire.error.expected, 2);
    ck_assert_uint_eq(wire.error.got, 1);
}
END_TEST

START_TEST(left_over_bytes_are_told_and_the_elements_kept)
{
    assert_fails("iso87_bcd", "0200 2000000000000000 000000 AABB", ERR_TRAILING, 3, 13);
    ck_assert_uint_eq(wire.error.got, 2);
    ck_assert_span_text(iso_get(&wire.msg, 3), "000000");
    assert_fails("iso87_bcd", "0200 0000000000000000 AA", ERR_TRAILING, 1, 10);
}
END_TEST

START_TEST(every_cut_of_a_message_is_truncated_at_an_element_within_it)
{
    const char *hex = "0200 7020058020C01004 16 4761739001010010 000000 000000001500 000001 0051"
                      "0071 00 25 4761739001010010D27120000F 5445535430303031"
                      "4D45524348414E5430303030303031 A1A2A3A4A5A6A7A8 0006 303030303037";
    ck_assert_int_eq(wire_decode_hex(&wire, "iso87_bcd", hex), 0);
    uint8_t whole[256];
    size_t len = wire.len;
    memcpy(whole, wire.bytes, len);
    for (size_t cut = 0; cut < len; cut++) {
        ck_assert_int_eq(wire_decode(&wire, dialect_named("iso87_bcd"), span_make(whole, cut)),
                         ERR_TRUNCATED);
        ck_assert_uint_le(wire.error.at, cut);
        ck_assert_uint_gt(wire.error.expected, wire.error.got);
        ck_assert(wire.error.de < 2 || !iso_has(&wire.msg, wire.error.de));
    }
}
END_TEST

START_TEST(too_small_a_scratch_is_told)
{
    uint8_t bytes[] = {0x02, 0x00, 0x20, 0, 0, 0, 0, 0, 0, 0, 0x12, 0x34, 0x56};
    uint8_t small[5];
    struct writer scratch = writer_make(small, sizeof small);
    struct iso_msg msg;
    struct iso_error error;
    ck_assert_int_eq(iso_decode(dialect_named("iso87_bcd"), span_make(bytes, sizeof bytes),
                                &scratch, &msg, &error),
                     ERR_SPACE);
    ck_assert_uint_eq(error.de, 3);
}
END_TEST

START_TEST(a_frame_too_long_for_offsets_is_refused)
{
    static uint8_t big[UINT16_MAX + 1];
    struct writer scratch = writer_make(big, 0);
    struct iso_msg msg;
    struct iso_error error;
    ck_assert_int_eq(
        iso_decode(dialect_named("iso87_bcd"), span_make(big, sizeof big), &scratch, &msg, &error),
        ERR_LENGTH);
}
END_TEST

START_TEST(both_bitmaps_always_where_the_dialect_says_so)
{
    struct iso_dialect dialect = *dialect_named("iso87_asciihex");
    dialect.bitmap_fixed = 1;
    ck_assert_int_eq(wire_decode(&wire, &dialect,
                                 span_text("0800200000000000000004000000000000000000003"
                                           "01")),
                     0);
    ck_assert_span_text(iso_get(&wire.msg, 3), "000000");
    ck_assert_span_text(iso_get(&wire.msg, 70), "301");
}
END_TEST

SUITE_MAIN("decode", message_without_elements_is_read, secondary_bitmap_is_read_and_is_no_element,
           views_point_into_the_frame_where_the_wire_is_canonical, short_mti_and_bitmaps_are_told,
           undefined_elements_are_refused, what_came_before_the_error_is_kept_and_nothing_else,
           left_over_bytes_are_told_and_the_elements_kept,
           every_cut_of_a_message_is_truncated_at_an_element_within_it, too_small_a_scratch_is_told,
           a_frame_too_long_for_offsets_is_refused, both_bitmaps_always_where_the_dialect_says_so)
