#include "iso8583/message.h"

#include "iso8583/mti.h"
#include "tests/unit/iso8583/wire.h"

static const char *show(const char *dialect, unsigned de, struct span value)
{
    static char buf[ISO_TEXT_LEN_MAX];
    struct iso_msg msg;
    iso_init(&msg, 0x0200);
    iso_set(&msg, de, value);
    return iso_show(&msg, dialect_named(dialect), de, buf, sizeof buf);
}

START_TEST(what_is_set_is_there_until_it_is_unset)
{
    struct iso_msg msg;
    iso_init(&msg, 0x0200);
    for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
        ck_assert(!iso_has(&msg, de));
        iso_set(&msg, de, span_text("x"));
        ck_assert(iso_has(&msg, de));
    }
    for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
        ck_assert_span_text(iso_get(&msg, de), "x");
        iso_unset(&msg, de);
        ck_assert(!iso_has(&msg, de));
        ck_assert_uint_eq(iso_get(&msg, de).len, 0);
    }
    ck_assert(msg.present[0] == 0 && msg.present[1] == 0);
}
END_TEST

START_TEST(copy_takes_what_is_there_and_leaves_the_rest)
{
    struct iso_msg from;
    struct iso_msg to;
    iso_init(&from, 0x0200);
    iso_init(&to, 0x0210);
    iso_set(&from, 11, span_text("000001"));
    iso_set(&to, 12, span_text("120000"));
    iso_copy(&to, &from, 11);
    iso_copy(&to, &from, 12);
    ck_assert_span_text(iso_get(&to, 11), "000001");
    ck_assert_span_text(iso_get(&to, 12), "120000");
}
END_TEST

START_TEST(number_of_an_element)
{
    struct iso_msg msg;
    uint64_t value;
    iso_init(&msg, 0x0200);
    ck_assert_int_eq(iso_number(&msg, 4, &value), ERR_NOT_FOUND);
    iso_set(&msg, 4, span_text("000000012345"));
    ck_assert_int_eq(iso_number(&msg, 4, &value), 0);
    ck_assert_uint_eq(value, 12345);
    iso_set(&msg, 4, span_text("12x"));
    ck_assert_int_eq(iso_number(&msg, 4, &value), ERR_FORMAT);
}
END_TEST

START_TEST(pan_shows_six_and_four_and_a_short_one_nothing)
{
    ck_assert_str_eq(show("iso87_bcd", 2, span_text("4761739001010010")), "476173******0010");
    ck_assert_str_eq(show("iso87_bcd", 2, span_text("4761739001010010123")), "476173*********0123");
    ck_assert_str_eq(show("iso87_bcd", 2, span_text("4761739001010")), "476173***1010");
    char pan[] = "4761739001010010123456";
    for (size_t len = 0; len < sizeof pan; len++) {
        struct span shown = span_text(show("iso87_bcd", 2, span_make(pan, len)));
        size_t star_count = 0;
        for (size_t i = 0; i < shown.len; i++) {
            star_count += shown.ptr[i] == '*';
        }
        ck_assert_uint_eq(shown.len, len);
        ck_assert_uint_eq(star_count, len < 13 || len > 19 ? len : len - 10);
    }
}
END_TEST

START_TEST(tracks_and_pin_data_show_stars_only)
{
    static const unsigned masked[] = {34, 35, 36, 45, 52, 53, 55};
    for (size_t i = 0; i < ARRAY_COUNT(masked); i++) {
        for (size_t j = 0; dialect_at(j) != NULL; j++) {
            ck_assert_str_eq(show(dialect_at(j)->name, masked[i], span_text("12345678")),
                             "********");
        }
    }
}
END_TEST

START_TEST(bytes_show_as_hex_and_what_is_unprintable_as_dots)
{
    ck_assert_str_eq(show("iso87_ascii", 64, SPAN_LITERAL("\x00\xFFgh\n678")), "00FF67680A363738");
    ck_assert_str_eq(show("iso87_ascii", 43, SPAN_LITERAL("a\n\x1B[\xE9z")), "a..[.z");
    ck_assert_str_eq(show("iso87_ascii", 3, span_text("000000")), "000000");
}
END_TEST

START_TEST(show_stays_within_its_buffer)
{
    struct iso_msg msg;
    char buf[8] = "#######";
    iso_init(&msg, 0x0200);
    iso_set(&msg, 64, span_text("12345678"));
    iso_set(&msg, 42, span_text("123456789012345"));
    ck_assert_str_eq(iso_show(&msg, dialect_named("iso87_ascii"), 64, buf, 6), "3132");
    ck_assert_int_eq(buf[6], '#');
    ck_assert_str_eq(iso_show(&msg, dialect_named("iso87_ascii"), 42, buf, 6), "12345");
    ck_assert_str_eq(iso_show(&msg, dialect_named("iso87_ascii"), 41, buf, 6), "");
    ck_assert_str_eq(iso_show(&msg, dialect_named("iso87_ascii"), 42, buf, 1), "");
}
END_TEST

START_TEST(error_texts_say_element_fact_and_place)
{
    char buf[ISO_TEXT_LEN_MAX];
    const struct iso_dialect *dialect = dialect_named("iso87_ascii");
    const struct {
        struct iso_error error;
        const char *text;
    } rows[] = {
        {{.code = ERR_LENGTH, .de = 35, .at = 61, .expected = 37, .got = 38, .what = "length"},
         "DE35 track2: length 38 > 37 at byte 61"},
        {{.code = ERR_LENGTH, .de = 64, .at = 0, .expected = 8, .got = 7, .what = "length"},
         "DE64 mac: length 7 < 8 at byte 0"},
        {{.code = ERR_TRUNCATED, .de = 55, .at = 9, .expected = 141, .got = 93, .what = "bytes"},
         "DE55 chip: bytes: 141 needed, 93 left at byte 9"},
        {{.code = ERR_FORMAT, .de = 4, .at = 23, .expected = 0, .got = 0, .what = "digit"},
         "DE4 amount: digit expected at byte 23"},
        {{.code = ERR_FORMAT, .de = 0, .at = 0, .expected = 0, .got = 0, .what = "digit"},
         "MTI: digit expected at byte 0"},
        {{.code = ERR_TRUNCATED, .de = 1, .at = 4, .expected = 8, .got = 3, .what = "bytes"},
         "bitmap: bytes: 8 needed, 3 left at byte 4"},
        {{.code = ERR_FIELD_UNKNOWN, .de = 65, .at = 20, .expected = 0, .got = 0, .what = "field"},
         "DE65: not defined in iso87_ascii, at byte 20"},
        {{.code = ERR_TRAILING, .de = 70, .at = 44, .expected = 0, .got = 3, .what = "bytes"},
         "3 bytes left over after DE70 network_code at byte 44"},
        {{.code = ERR_SPACE, .de = 41, .at = 99, .expected = 0, .got = 0, .what = "buffer"},
         "DE41 terminal: the caller's buffer is too small at byte 99"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        ck_assert_str_eq(iso_error_text(&rows[i].error, dialect, buf, sizeof buf), rows[i].text);
    }
    ck_assert_str_eq(iso_error_text(&rows[0].error, dialect, buf, 5), "DE35");
    ck_assert_str_eq(iso_error_text(&rows[0].error, NULL, buf, sizeof buf),
                     "DE35: length 38 > 37 at byte 61");
}
END_TEST

START_TEST(mti_arithmetic)
{
    uint8_t text[4];
    ck_assert_uint_eq(mti_parse((const uint8_t *)"0421"), 0x0421);
    ck_assert_uint_eq(mti_parse((const uint8_t *)"04a1"), 0);
    mti_print(0x0810, text);
    ck_assert_span_text(span_make(text, 4), "0810");
    ck_assert_uint_eq(mti_answer(0x0200), 0x0210);
    ck_assert_uint_eq(mti_answer(0x0421), 0x0430);
    ck_assert_uint_eq(mti_repeat(0x0420), 0x0421);
    ck_assert_uint_eq(mti_original(0x0201), 0x0200);
    ck_assert(mti_is_repeat(0x0201) && !mti_is_repeat(0x0200));
    ck_assert(mti_is_request(0x0420) && !mti_is_request(0x0430));
    ck_assert_uint_eq(mti_class(0x1804), 8);
    ck_assert_uint_eq(mti_version(0x1804), 1);
    ck_assert_uint_eq(mti_origin(0x1804), 4);
}
END_TEST

SUITE_MAIN("message", what_is_set_is_there_until_it_is_unset,
           copy_takes_what_is_there_and_leaves_the_rest, number_of_an_element,
           pan_shows_six_and_four_and_a_short_one_nothing, tracks_and_pin_data_show_stars_only,
           bytes_show_as_hex_and_what_is_unprintable_as_dots, show_stays_within_its_buffer,
           error_texts_say_element_fact_and_place, mti_arithmetic)
