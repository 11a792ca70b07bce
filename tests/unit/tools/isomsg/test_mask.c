/* Messages with their card data replaced: read as before, as long as before, without the card. */
#include <stdio.h>

#include "iso8583/dialect.h"
#include "tests/unit/iso8583/suite.h"
#include "tools/isomsg/mask_message.h"
#include "tools/isomsg/redact.h"

enum { WIRE_MAX = 1024 };

static uint8_t wire[WIRE_MAX];
static uint8_t scratch[2 * WIRE_MAX];
static struct iso_msg msg;
static struct cards *cards;
static char why[MASK_WHY_LEN];

static const uint8_t chip[] = {0x5A, 0x08, 0x41, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
                               0x57, 0x0D, 0x41, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
                               0xD2, 0x91, 0x21, 0x01, 0x0F, 0x9A, 0x03, 0x26, 0x11, 0x20};

static size_t sale_write(const struct iso_dialect *dialect, const char *pan)
{
    char track[40];
    struct iso_msg sale;
    struct iso_error error;
    struct writer out = writer_make(wire, sizeof wire);
    (void)snprintf(track, sizeof track, "%s=29121010000000000", pan);
    iso_init(&sale, 0x0200);
    iso_set(&sale, 2, span_text(pan));
    iso_set(&sale, 4, span_text("000000001250"));
    iso_set(&sale, 11, span_text("000017"));
    iso_set(&sale, 14, span_text("2912"));
    iso_set(&sale, 35, span_text(track));
    iso_set(&sale, 41, span_text("TERM0001"));
    iso_set(&sale, 48, span_text("for 4111111111111111"));
    iso_set(&sale, 52, SPAN_LITERAL("\x12\x34\x56\x78\x9A\xBC\xDE\xF0"));
    iso_set(&sale, 55, span_make(chip, sizeof chip));
    ck_assert_int_eq(iso_encode(&sale, dialect, &out, &error), 0);
    return out.len;
}

static void masked_read(const struct iso_dialect *dialect, size_t len)
{
    struct writer room = writer_make(scratch, sizeof scratch);
    struct iso_error error;
    ck_assert_int_eq(message_mask(dialect, cards, MASK_CARDS, wire, len, why), 0);
    ck_assert_int_eq(iso_decode(dialect, span_make(wire, len), &room, &msg, &error), 0);
}

START_TEST(a_masked_message_reads_as_before_without_its_card)
{
    ck_assert_int_eq(cards_open(&cards), 0);
    static const char *const names[] = {"iso87_ascii", "iso87_asciihex", "iso87_bcd",
                                        "iso87_ebcdic"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        const struct iso_dialect *dialect = dialect_find(names[i]);
        ck_assert_ptr_nonnull(dialect);
        masked_read(dialect, sale_write(dialect, "4111111111111111"));
        struct span pan = iso_get(&msg, 2);
        ck_assert_uint_eq(pan.len, 16);
        ck_assert(pan.ptr[0] == '4' && luhn_is_good(pan));
        ck_assert(!span_equal_text(pan, "4111111111111111"));
        ck_assert(span_equal(span_first(iso_get(&msg, 35), 16), pan));
        ck_assert_span_text(span_skip(iso_get(&msg, 35), 16), "=49122010000000000");
        ck_assert_span_text(iso_get(&msg, 14), "4912");
        ck_assert_span_text(iso_get(&msg, 4), "000000001250");
        ck_assert_span_text(iso_get(&msg, 41), "TERM0001");
        ck_assert(span_equal(iso_get(&msg, 52), SPAN_LITERAL("\0\0\0\0\0\0\0\0")));
        ck_assert(span_equal(span_skip(iso_get(&msg, 48), 4), pan));
    }
    cards_close(cards);
}
END_TEST

START_TEST(chip_data_keeps_its_shape)
{
    const struct iso_dialect *dialect = dialect_find("iso87_bcd");
    ck_assert_int_eq(cards_open(&cards), 0);
    masked_read(dialect, sale_write(dialect, "4111111111111111"));
    struct span value = iso_get(&msg, 55);
    ck_assert_uint_eq(value.len, sizeof chip);
    ck_assert(memcmp(value.ptr, chip, 2) == 0 && memcmp(value.ptr + 2, chip + 2, 8) != 0);
    ck_assert_int_eq(value.ptr[20], 0xD4);                /* the separator stands where it stood */
    ck_assert(memcmp(value.ptr + 25, chip + 25, 5) == 0); /* the date is nobody's secret */
    /* It is the same card in all three places. */
    uint8_t pan[8];
    ck_assert_int_eq(hex_decode(iso_get(&msg, 2), pan), 0);
    ck_assert(memcmp(value.ptr + 2, pan, 8) == 0 && memcmp(value.ptr + 12, pan, 8) == 0);
    cards_close(cards);
}
END_TEST

START_TEST(a_card_becomes_the_same_test_card_each_time)
{
    uint8_t one[] = "4111111111111111";
    uint8_t again[] = "4111111111111111";
    uint8_t other[] = "4012888888881881";
    uint8_t amex[] = "378282246310005";
    uint8_t text[] = "12345";
    ck_assert_int_eq(cards_open(&cards), 0);
    card_replace(cards, one, 16);
    card_replace(cards, other, 16);
    card_replace(cards, again, 16);
    card_replace(cards, amex, 15);
    card_replace(cards, text, 5);
    ck_assert_str_eq((char *)one, (char *)again);
    ck_assert_str_ne((char *)one, (char *)other);
    ck_assert(luhn_is_good(span_make(one, 16)) && luhn_is_good(span_make(amex, 15)));
    ck_assert(one[0] == '4' && amex[0] == '3');
    ck_assert_str_eq((char *)text, "00000");
    cards_close(cards);
}
END_TEST

START_TEST(a_test_card_of_ours_becomes_another)
{
    uint8_t first[] = "4111111111111111";
    uint8_t second[17];
    ck_assert_int_eq(cards_open(&cards), 0);
    card_replace(cards, first, 16);
    cards_close(cards);
    memcpy(second, first, sizeof second);
    ck_assert_int_eq(cards_open(&cards), 0);
    card_replace(cards, second, 16);
    ck_assert_str_ne((char *)first, (char *)second);
    cards_close(cards);
}
END_TEST

START_TEST(stars_stand_where_the_wire_has_characters)
{
    const struct iso_dialect *dialect = dialect_find("iso87_ascii");
    struct iso_msg sale;
    struct iso_error error;
    struct writer out = writer_make(wire, sizeof wire);
    iso_init(&sale, 0x0200);
    iso_set(&sale, 2, span_text("4111111111111111"));
    iso_set(&sale, 11, span_text("000017"));
    ck_assert_int_eq(iso_encode(&sale, dialect, &out, &error), 0);
    ck_assert_int_eq(cards_open(&cards), 0);
    ck_assert_int_eq(message_mask(dialect, cards, MASK_STARS, wire, out.len, why), 0);
    ck_assert(memcmp(wire + 12, "16411111******1111000017", 24) == 0);
    /* BCD has no stars. */
    size_t len = sale_write(dialect_find("iso87_bcd"), "4111111111111111");
    ck_assert_int_eq(message_mask(dialect_find("iso87_bcd"), cards, MASK_STARS, wire, len, why),
                     ERR_FORMAT);
    ck_assert_ptr_nonnull(strstr(why, "--with cards"));
    cards_close(cards);
}
END_TEST

START_TEST(what_cannot_be_read_cannot_be_masked)
{
    const struct iso_dialect *dialect = dialect_find("iso87_ascii");
    size_t len = sale_write(dialect, "4111111111111111");
    ck_assert_int_eq(cards_open(&cards), 0);
    ck_assert_int_eq(message_mask(dialect, cards, MASK_CARDS, wire, len - 5, why), ERR_FORMAT);
    ck_assert(why[0] != '\0' && strstr(why, "4111") == NULL);
    cards_close(cards);
}
END_TEST

SUITE_MAIN("mask", a_masked_message_reads_as_before_without_its_card, chip_data_keeps_its_shape,
           a_card_becomes_the_same_test_card_each_time, a_test_card_of_ours_becomes_another,
           stars_stand_where_the_wire_has_characters, what_cannot_be_read_cannot_be_masked)
