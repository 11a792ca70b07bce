#include "tests/unit/iso8583/wire.h"

static uint8_t buffer[WIRE_LEN_MAX];
static struct iso_error error;

static int encode(const struct iso_msg *msg, const char *dialect, size_t cap, struct span *wire)
{
    struct writer out = writer_make(buffer, cap);
    int result = iso_encode(msg, dialect_named(dialect), &out, &error);
    *wire = writer_written(&out);
    return result;
}

/* Expect that @msg is written in @dialect as @hex (with spaces). */
static void assert_wire(const struct iso_msg *msg, const char *dialect, const char *hex)
{
    static struct wire expected;
    struct span wire;
    ck_assert_int_eq(encode(msg, dialect, sizeof buffer, &wire), 0);
    int result = wire_decode_hex(&expected, dialect, hex);
    ck_assert_msg(result == 0, "%s does not decode", hex);
    ck_assert(span_equal(wire, span_make(expected.bytes, expected.len)));
}

static struct iso_msg message(void)
{
    struct iso_msg msg;
    iso_init(&msg, 0x0200);
    iso_set(&msg, 3, span_text("000000"));
    iso_set(&msg, 11, span_text("000001"));
    iso_set(&msg, 41, span_text("TERM0001"));
    return msg;
}

START_TEST(one_message_is_written_as_each_dialect_says)
{
    struct iso_msg msg = message();
    iso_set(&msg, 64, span_text("ABCDEFGH"));
    assert_wire(&msg, "iso87_bcd",
                "0200 2020000000800001 000000 000001 5445524D30303031 4142434445464748");
    assert_wire(&msg, "iso87_ascii",
                "30323030 2020000000800001 303030303030 303030303031 5445524D30303031"
                "4142434445464748");
    assert_wire(&msg, "iso87_asciihex",
                "30323030 32303230303030303030383030303031 303030303030 303030303031"
                "5445524D30303031 34313432343334343435343634373438");
}
END_TEST

START_TEST(secondary_bitmap_appears_with_its_first_element)
{
    struct iso_msg msg;
    iso_init(&msg, 0x0800);
    iso_set(&msg, 70, span_text("301"));
    assert_wire(&msg, "iso87_bcd", "0800 8000000000000000 0400000000000000 0301");
    iso_unset(&msg, 70);
    assert_wire(&msg, "iso87_bcd", "0800 0000000000000000");
}
END_TEST

START_TEST(short_values_fill_their_fixed_length)
{
    struct iso_msg msg;
    iso_init(&msg, 0x0200);
    iso_set(&msg, 4, span_text("1500"));
    iso_set(&msg, 28, span_text("D25"));
    iso_set(&msg, 41, span_text("T1"));
    assert_wire(&msg, "iso87_bcd",
                "0200 1000001000800000 000000001500 44 00000025 5431202020202020");
    assert_wire(&msg, "iso87_ascii",
                "30323030 1000001000800000 303030303030303031353030 443030303030303235"
                "5431202020202020");
}
END_TEST

/* The elements of 1987 are alike in all its dialects. */
static bool is_1987(const struct iso_dialect *dialect)
{
    return strncmp(dialect->name, "iso87_", 6) == 0;
}

START_TEST(a_message_goes_through_every_dialect_and_comes_back)
{
    static struct wire wire;
    struct iso_msg msg = message();
    iso_set(&msg, 2, span_text("6734000000000000067"));
    iso_set(&msg, 35, span_text("6734000000000000067=2712201"));
    iso_set(&msg, 28, span_text("C00000100"));
    iso_set(&msg, 49, span_text("978"));
    iso_set(&msg, 52, SPAN_LITERAL("\x00\x01\x02\x03\xFC\xFD\xFE\xFF"));
    iso_set(&msg, 55, SPAN_LITERAL("\x9F\x27\x01\x80"));
    iso_set(&msg, 90, span_text("020000000107181234560000000000000000000000"));
    iso_set(&msg, 128, SPAN_LITERAL("\xFF\x01\x02\x03\xFC\xFD\xFE\xFF"));
    for (size_t i = 0; dialect_at(i) != NULL; i++) {
        struct span bytes;
        if (!is_1987(dialect_at(i))) {
            continue;
        }
        ck_assert_int_eq(encode(&msg, dialect_at(i)->name, sizeof buffer, &bytes), 0);
        ck_assert_int_eq(wire_decode(&wire, dialect_at(i), bytes), 0);
        ck_assert(wire.msg.present[0] == msg.present[0] && wire.msg.present[1] == msg.present[1]);
        for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
            ck_assert(span_equal(iso_get(&wire.msg, de), iso_get(&msg, de)));
        }
    }
}
END_TEST

START_TEST(what_does_not_fit_its_row_is_refused)
{
    static const struct {
        unsigned de;
        const char *value;
        int code;
    } rows[] = {
        {4, "1234567890123", ERR_LENGTH},
        {2, "12345678901234567890", ERR_LENGTH},
        {52, "1234567", ERR_LENGTH},
        {41, "123456789", ERR_LENGTH},
        {4, "12x", ERR_FORMAT},
        {4, "-1", ERR_FORMAT},
        {35, "4761739001010010D2712", ERR_FORMAT},
        {28, "100", ERR_FORMAT},
        {28, "", ERR_FORMAT},
        {37, "abc-def", ERR_FORMAT},
        {43, "line\nfeed", ERR_FORMAT},
        {65, "1", ERR_FIELD_UNKNOWN},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        for (size_t j = 0; dialect_at(j) != NULL; j++) {
            struct iso_msg msg = message();
            struct span wire;
            if (!is_1987(dialect_at(j))) {
                continue;
            }
            iso_set(&msg, rows[i].de, span_text(rows[i].value));
            ck_assert_int_eq(encode(&msg, dialect_at(j)->name, sizeof buffer, &wire), rows[i].code);
            ck_assert_int_eq(error.code, rows[i].code);
            ck_assert_uint_eq(error.de, rows[i].de);
        }
    }
}
END_TEST

START_TEST(every_buffer_too_small_is_told_and_not_overrun)
{
    struct iso_msg msg = message();
    struct span wire;
    iso_set(&msg, 2, span_text("4761739001010010"));
    iso_set(&msg, 70, span_text("301"));
    for (size_t i = 0; dialect_at(i) != NULL; i++) {
        const char *name = dialect_at(i)->name;
        ck_assert_int_eq(encode(&msg, name, sizeof buffer, &wire), 0);
        size_t whole = wire.len;
        for (size_t cap = 0; cap < whole; cap++) {
            buffer[cap] = 0xEE;
            ck_assert_int_eq(encode(&msg, name, cap, &wire), ERR_SPACE);
            ck_assert_int_eq(error.code, ERR_SPACE);
            ck_assert_uint_eq(buffer[cap], 0xEE);
        }
        ck_assert_int_eq(encode(&msg, name, whole, &wire), 0);
    }
}
END_TEST

START_TEST(it_appends_to_what_is_written_and_tells_places_from_its_own_start)
{
    struct iso_msg msg = message();
    struct writer out = writer_make(buffer, sizeof buffer);
    writer_text(&out, "head");
    iso_set(&msg, 41, span_text("123456789"));
    ck_assert_int_eq(iso_encode(&msg, dialect_named("iso87_bcd"), &out, &error), ERR_LENGTH);
    ck_assert_uint_eq(error.at, 16);
    ck_assert_span_text(span_make(buffer, 4), "head");
}
END_TEST

SUITE_MAIN("encode", one_message_is_written_as_each_dialect_says,
           secondary_bitmap_appears_with_its_first_element, short_values_fill_their_fixed_length,
           a_message_goes_through_every_dialect_and_comes_back,
           what_does_not_fit_its_row_is_refused, every_buffer_too_small_is_told_and_not_overrun,
           it_appends_to_what_is_written_and_tells_places_from_its_own_start)
