/* The card numbers of a capture, and the test card that stands for each.
 *
 * A test card has the length of the number it stands for and an IIN of the same class, then a
 * number that counts the cards in the order they were seen, and a good check digit. Nothing of the
 * real number behind its class goes in: what is derived from a card number, however mixed, can be
 * searched backwards. Expiry, service code and PIN are made up, too.
 *
 * So that no card number stands in what is written, everything that is can be searched for all of
 * them: as characters (also with spaces and dashes in between), as BCD at any nibble, as EBCDIC. */
#pragma once

#include "iso8583/base/bytes.h"

enum {
    PAN_LEN_MAX = 19,
    PAN_LEN_SEARCHED = 12, /* shorter ones are found in every second number */
    CARDS_MAX = 50000,
    CARD_NONE = UINT32_MAX,
};

struct recorded_card {
    uint8_t pan[PAN_LEN_MAX]; /* the real one: for nobody's eyes */
    uint8_t pan_len;
    uint8_t test_pan[PAN_LEN_MAX + 1]; /* a text, after cards_name() */
    const struct test_card *test;      /* that it is of, after cards_name(); NULL: made up */
    uint8_t cvn;                       /* 10, 18, 22; 0: not seen */
    bool has_chip;
    bool has_pin;
    bool is_used; /* by a line that is written (record_write.c) */
};

/* A card that somebody knows: a row of a table. The texts are made to be written as they are. */
struct test_card {
    struct span pan;
    struct span expiry; /* YYMM; all but @pan may be absent */
    struct span service;
    struct span psn;
    struct span pin;
};

/* Half a byte of @bytes, by its place: the first byte has 0 and 1. */
static inline uint8_t nibble_at(struct span bytes, size_t at)
{
    unsigned byte = bytes.ptr[at / 2];
    return (uint8_t)(at % 2 == 0 ? byte >> 4 : byte & 15u);
}

struct cards;

/* ERR_MEMORY. */
MUST_USE int cards_make(struct cards **out);
void cards_drop(struct cards *cards); /* wipes them */

/* The card with this number, which becomes known if it is not. CARD_NONE: it is no card number
 * (8 to 19 digits), or there are too many. */
uint32_t cards_see(struct cards *cards, struct span pan);

/* Let @pan be searched for, too, without a card. Ignored if it is none. */
void cards_shun(struct cards *cards, struct span pan);

uint32_t cards_count(const struct cards *cards);
struct recorded_card *cards_at(struct cards *cards, uint32_t index);

/* Whether a number was left out because there are too many. */
bool cards_are_full(const struct cards *cards);

/* Choose the test cards, when all card numbers of the capture are known: none of them is one. Each
 * card takes the next of @tests (@count, in this order) of its class, a made-up one if there is
 * none left. @tests stay the caller's, and must live as long as @cards. Returns how many were made
 * up. */
uint32_t cards_name(struct cards *cards, const struct test_card *tests, size_t count);

/* Whether a known card number stands in @bytes in any of the forms above, or what by length, first
 * digit and check digit must be one. */
bool cards_stand_in(const struct cards *cards, struct span bytes);

/* The same of a text that is written: known numbers as characters only. */
bool cards_stand_in_text(const struct cards *cards, struct span text);
