/* Card data in texts: what is found, and what is left alone. */
#include <stdio.h>

#include "tests/unit/iso8583/suite.h"
#include "tools/isomsg/redact.h"

static const char *redacted(const char *text, enum secret_search search)
{
    static char out[4096];
    size_t len = strlen(text);
    ck_assert_uint_lt(len, sizeof out);
    memcpy(out, text, len + 1);
    text_redact(out, len, search);
    ck_assert_uint_eq(strlen(out), len);
    return out;
}

#define ck_assert_redacted(text, expected) ck_assert_str_eq(redacted(text, SEARCH_WIDE), expected)
#define ck_assert_kept(text)               ck_assert_str_eq(redacted(text, SEARCH_WIDE), text)

START_TEST(card_numbers_keep_six_and_four_digits)
{
    ck_assert_redacted("pan=4111111111111111.", "pan=411111******1111.");
    ck_assert_redacted("4111 1111 1111 1111", "4111 11** **** 1111");
    ck_assert_redacted("5500-0055-5555-5559", "5500-00**-****-5559");
    ck_assert_redacted("378282246310005", "378282*****0005");
    ck_assert_redacted("two: 4111111111111111 4012888888881881",
                       "two: 411111******1111 401288******1881");
}
END_TEST

START_TEST(numbers_that_are_no_cards_are_left)
{
    ck_assert_kept("4111111111111112"); /* check digit */
    ck_assert_kept("9999999999999995"); /* no network's */
    ck_assert_kept("411111111111111");  /* 15 digits, which is no Visa */
    ck_assert_kept("stan=000017 rrn=632516000017 amount=000000001250");
    ck_assert_kept("2026-11-20T16:20:09.123Z");
    ck_assert_kept("");
}
END_TEST

START_TEST(numbers_in_hex_dumps_are_hidden)
{
    ck_assert_redacted("x 34313131313137383238363231383534 x",
                       "x ******************************** x");
    ck_assert_redacted("01 16 41 11 11 78 28 62 18 54 00", "01 16 41 11 11 ** ** ** 18 54 00");
    ck_assert_redacted("00000010  16 41 11 11 78 28 62 18  54 01 02", /* hexdump -C */
                       "00000010  16 41 11 11 ** ** ** 18  54 01 02");
    ck_assert_redacted("00000010: 1234 1641 1111 7828 6218 5401", /* xxd */
                       "00000010: 1234 1641 1111 **** **18 5401");
    ck_assert_redacted("34 31 31 31 31 31 37 38  32 38 36 32 31 38 35 34  |4111117828621854|",
                       "** ** ** ** ** ** ** **  ** ** ** ** ** ** ** **  |411111******1854|");
    ck_assert_redacted("F4 F1 F1 F1 F1 F1 F7 F8 F2 F8 F6 F2 F1 F8 F5 F4",
                       "** ** ** ** ** ** ** ** ** ** ** ** ** ** ** **");
}
END_TEST

START_TEST(hex_dumps_without_a_card_are_left)
{
    ck_assert_kept("12 08 00 01 20 26 11 20 00 00 00 17 12 34 56 78");
    ck_assert_kept("00000000: 0800 8220 0000 0000 0000 0400 0000 0000");
    ck_assert_kept("be ad de fa ce");
}
END_TEST

START_TEST(tracks_are_hidden_whole)
{
    ck_assert_redacted(";4111111111111111=29121011000012345678?",
                       ";*************************************?");
    ck_assert_redacted("4111111111111111D2912101 x", "************************ x");
    /* The number of a track need not pass: who would write such a thing otherwise? */
    ck_assert_redacted("4111111111111112=2912101", "************************");
    ck_assert_redacted("%B4111111111111111^DOE/JOHN^2912101000?",
                       "%*************************************?");
}
END_TEST

START_TEST(pin_blocks_are_found_by_their_names)
{
    ck_assert_redacted("pin_block: 0123456789ABCDEF", "pin_block: ****************");
    ck_assert_redacted("{\"52\":\"0123456789ABCDEF\"}", "{\"52\":\"****************\"}");
    ck_assert_redacted("  DE52  pin   0123456789abcdef", "  DE52  pin   ****************");
    ck_assert_kept("mac: 0123456789ABCDEF");
    ck_assert_kept("pin entry capability 1");
    ck_assert_kept("pinch 0123456789ABCDEF");
}
END_TEST

START_TEST(hex_is_looked_into)
{
    /* ASCII, EBCDIC, BCD: with its length before it, as a message has it. */
    ck_assert_redacted("3230300A3136343131313131313131313131313131310A",
                       "3230300A3136********************************0A");
    ck_assert_redacted("F2F0F00AF1F6F4F1F1F1F1F1F1F1F1F1F1F1F1F1F1F10A",
                       "F2F0F00AF1F6********************************0A");
    ck_assert_redacted("0200C0FFEE00000000164111111111111111AA",
                       "0200C0FFEE0000000016411111******1111AA");
    ck_assert_redacted("9F26080102030405060708CC5A084111111111111111",
                       "9F26080102030405060708CC5A08411111******1111");
    /* Track 2 in BCD, behind its length. */
    ck_assert_redacted("0200C0FFEE0000000000374111111111111111D2912101F",
                       "0200C0FFEE000000000037************************F");
}
END_TEST

START_TEST(an_exact_search_leaves_numbers_within_numbers)
{
    /* Without its length it may be anything; a wide search hides it all the same. */
    ck_assert_str_eq(redacted("00000041111111111111110000000", SEARCH_EXACT),
                     "00000041111111111111110000000");
    ck_assert_str_ne(redacted("00000041111111111111110000000", SEARCH_WIDE),
                     "00000041111111111111110000000");
    ck_assert_str_eq(redacted("000000164111111111111111000000", SEARCH_EXACT),
                     "00000016411111******1111000000");
}
END_TEST

START_TEST(secrets_come_in_order_and_apart)
{
    static const char text[] = "4111111111111111 ;4012888888881881=2912101? "
                               "pinblock 0123456789ABCDEF";
    static const enum secret_kind kinds[] = {SECRET_PAN, SECRET_TRACK, SECRET_PIN};
    struct secret secret;
    size_t from = 0;
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        ck_assert(secret_next(span_text(text), from, SEARCH_WIDE, &secret));
        ck_assert_int_eq(secret.kind, kinds[i]);
        ck_assert_uint_ge(secret.at, from);
        from = secret.at + secret.len;
    }
    ck_assert(!secret_next(span_text(text), from, SEARCH_WIDE, &secret));
}
END_TEST

/* Wherever a number stands in a long text, also across the pieces that are looked at together. */
START_TEST(no_place_in_a_long_run_of_hex_is_blind)
{
    static char text[12001];
    static const char pan[] = "313634313131313131313131313131313131";
    for (size_t at = 0; at + sizeof pan < sizeof text - 1; at += 38) {
        memset(text, 'C', sizeof text - 1);
        memcpy(text + at, pan, sizeof pan - 1);
        text_redact(text, sizeof text - 1, SEARCH_WIDE);
        ck_assert_msg(memcmp(text + at + 4, "****", 4) == 0, "at %zu", at);
        ck_assert_msg(text[at + sizeof pan - 2] == '*', "at %zu", at);
    }
}
END_TEST

SUITE_MAIN("redact", card_numbers_keep_six_and_four_digits, numbers_that_are_no_cards_are_left,
           numbers_in_hex_dumps_are_hidden, hex_dumps_without_a_card_are_left,
           tracks_are_hidden_whole, pin_blocks_are_found_by_their_names, hex_is_looked_into,
           an_exact_search_leaves_numbers_within_numbers, secrets_come_in_order_and_apart,
           no_place_in_a_long_run_of_hex_is_blind)
