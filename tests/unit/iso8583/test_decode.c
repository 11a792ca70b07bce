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

START_TEST(the_length_that_shifted_the_rest_is_blamed)
{
    static const char good[] = "0200"
                               "7000000000C08000"
                               "164111111111111111"
                               "000000"
                               "000000001500"
                               "TERM0001"
                               "MERCHANT0000001"
                               "978";
    char text[ISO_TEXT_LEN_MAX];
    uint8_t bytes[sizeof good];
    uint8_t scratch_bytes[2 * sizeof good];
    memcpy(bytes, good, sizeof good);
    bytes[21] = '4'; /* DE2 says 14 digits, and 16 follow */
    const struct iso_dialect *dialect = dialect_named("iso87_asciihex");
    ck_assert_int_eq(wire_decode(&wire, dialect, span_make(bytes, sizeof good - 1)), ERR_TRAILING);
    ck_assert_uint_eq(wire.error.de, 49);
    ck_assert_uint_eq(wire.error.culprit, 0);
    struct writer scratch = writer_make(scratch_bytes, sizeof scratch_bytes);
    iso_blame(dialect, span_make(wire.bytes, wire.len), &wire.msg, &scratch, &wire.error);
    ck_assert_uint_eq(wire.error.culprit, 2);
    ck_assert_uint_eq(wire.error.culprit_at, 20);
    ck_assert_str_eq(iso_error_text(&wire.error, dialect, text, sizeof text),
                     "2 bytes left over after DE49 currency at byte 80; likely cause: the length "
                     "of DE2 pan at byte 20");
    ck_assert_uint_eq(scratch.len, 0);
}
END_TEST

START_TEST(nobody_is_blamed_for_a_cut_message)
{
    uint8_t scratch_bytes[256];
    struct writer scratch = writer_make(scratch_bytes, sizeof scratch_bytes);
    ck_assert_int_eq(wire_decode_text(&wire, "iso87_asciihex", "02003000000000000000000000000000"),
                     ERR_TRUNCATED);
    iso_blame(dialect_named("iso87_asciihex"), span_make(wire.bytes, wire.len), &wire.msg, &scratch,
              &wire.error);
    ck_assert_uint_eq(wire.error.culprit, 0);
}
END_TEST

START_TEST(every_element_says_what_became_of_it)
{
    /* DE4 holds a letter, DE49 is cut off. */
    ck_assert_int_eq(wire_decode_text(&wire, "iso87_asciihex",
                                      "02007000000000C08000164111111111111111000000"
                                      "00000000x500TERM0001MERCHANT000000197"),
                     ERR_FORMAT);
    ck_assert_uint_eq(wire.error.de, 4);
    ck_assert_uint_eq(wire.error.at, 52);
    static const struct {
        unsigned de;
        enum iso_state state;
    } rows[] = {
        {2, ISO_STATE_OK},     {3, ISO_STATE_OK},   {4, ISO_STATE_BAD},     {41, ISO_STATE_DOUBT},
        {42, ISO_STATE_DOUBT}, {49, ISO_STATE_BAD}, {50, ISO_STATE_ABSENT},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        ck_assert_msg(iso_state(&wire.msg, rows[i].de) == rows[i].state, "DE%u", rows[i].de);
        ck_assert(iso_has(&wire.msg, rows[i].de) == (rows[i].state == ISO_STATE_OK));
    }
    ck_assert_span_text(span_make(wire.msg.field[41].ptr, wire.msg.field[41].len), "TERM0001");
    /* A length that is none ends the reading. */
    ck_assert_int_eq(wire_decode_text(&wire, "iso87_asciihex", "02007000000000C08000x6411"),
                     ERR_FORMAT);
    ck_assert(iso_state(&wire.msg, 2) == ISO_STATE_BAD);
    ck_assert(iso_state(&wire.msg, 3) == ISO_STATE_UNREAD);
}
END_TEST

START_TEST(a_third_bitmap_stands_ahead_or_in_element_65)
{
    static const char *const texts[] = {
        "02008000000000000000"
        "8000000000000000"
        "8000000000000001"
        "03abc02zz",
        "0200A000000000000000"
        "8000000000000000"
        "123456"
        "8000000000000001"
        "03abc02zz",
    };
    for (unsigned i = 0; i < 2; i++) {
        struct iso_dialect dialect = *dialect_named("iso87_asciihex");
        struct iso_field_row more = dialect.field[44];
        dialect.field[129] = more;
        dialect.field[192] = more;
        dialect.third = i == 0 ? ISO_THIRD_AHEAD : ISO_THIRD_IN_65;
        dialect_compile(&dialect);
        uint8_t buffer[256];
        struct writer out = writer_make(buffer, sizeof buffer);
        ck_assert_int_eq(wire_decode(&wire, &dialect, span_text(texts[i])), 0);
        ck_assert_span_text(iso_get(&wire.msg, 129), "abc");
        ck_assert_span_text(iso_get(&wire.msg, 192), "zz");
        ck_assert(!iso_has(&wire.msg, 65) && iso_has(&wire.msg, 3) == (i == 1));
        ck_assert_int_eq(iso_encode(&wire.msg, &dialect, &out, &wire.error), 0);
        ck_assert_span_text(writer_written(&out), texts[i]);
        dialect.third = ISO_THIRD_NONE;
        out.len = 0;
        ck_assert_int_eq(iso_encode(&wire.msg, &dialect, &out, &wire.error), ERR_FIELD_UNKNOWN);
        ck_assert_uint_eq(wire.error.de, 129);
        struct span cut = span_first(span_text(texts[i]), strlen(texts[i]) - 20);
        dialect.third = i == 0 ? ISO_THIRD_AHEAD : ISO_THIRD_IN_65;
        ck_assert_int_eq(wire_decode(&wire, &dialect, cut), ERR_TRUNCATED);
        ck_assert_uint_eq(wire.error.de, 1);
    }
}
END_TEST

START_TEST(the_header_of_a_dialect_is_kept_and_echoed_with_its_length_set)
{
    const struct iso_dialect *dialect = dialect_named("base1");
    uint8_t buffer[256];
    struct writer out = writer_make(buffer, sizeof buffer);
    ck_assert_int_eq(wire_decode_hex(&wire, "base1",
                                     "16010200231234560000010000000000000000000000"
                                     "0800"
                                     "2000000000000000"
                                     "990000"),
                     0);
    ck_assert_uint_eq(wire.msg.header.len, 22);
    ck_assert_uint_eq(wire.msg.field[3].at, 32);
    iso_set(&wire.msg, 11, SPAN_LITERAL("000001"));
    ck_assert_int_eq(iso_encode(&wire.msg, dialect, &out, &wire.error), 0);
    ck_assert_uint_eq(out.len, 38);
    ck_assert_uint_eq(be16_get(buffer + 3), 38);
    ck_assert_mem_eq(buffer + 5, wire.bytes + 5, 17);
    struct iso_msg msg;
    iso_init(&msg, 0x0800);
    out.len = 0;
    ck_assert_int_eq(iso_encode(&msg, dialect, &out, &wire.error), 0);
    ck_assert(buffer[0] == 22 && be16_get(buffer + 3) == 32 && buffer[5] == 0);
    ck_assert_int_eq(wire_decode_hex(&wire, "base1", "160102"), ERR_TRUNCATED);
    ck_assert_uint_eq(wire.error.expected, 22);
}
END_TEST

SUITE_MAIN("decode", message_without_elements_is_read, secondary_bitmap_is_read_and_is_no_element,
           views_point_into_the_frame_where_the_wire_is_canonical, short_mti_and_bitmaps_are_told,
           undefined_elements_are_refused, what_came_before_the_error_is_kept_and_nothing_else,
           left_over_bytes_are_told_and_the_elements_kept,
           every_cut_of_a_message_is_truncated_at_an_element_within_it, too_small_a_scratch_is_told,
           a_frame_too_long_for_offsets_is_refused, both_bitmaps_always_where_the_dialect_says_so,
           the_length_that_shifted_the_rest_is_blamed, nobody_is_blamed_for_a_cut_message,
           every_element_says_what_became_of_it, a_third_bitmap_stands_ahead_or_in_element_65,
           the_header_of_a_dialect_is_kept_and_echoed_with_its_length_set)
