/* Card data in a text: where card numbers, tracks and PIN blocks stand in it.
 *
 * Found are: a card number as a run of its own (also in groups with spaces or dashes) that has the
 * length, the first digits and the check digit of a network; in a longer run of digits the same;
 * tracks 1 and 2; 16 hex digits behind a name of PIN blocks; and numbers and tracks as they stand
 * in a run of hex digits. */
#pragma once

#include "iso8583/base/bytes.h"

enum secret_kind { SECRET_PAN, SECRET_TRACK, SECRET_PIN };

struct secret {
    enum secret_kind kind;
    size_t at;
    size_t len; /* with the separators of a grouped number */
};

/* What counts as a card number in the middle of a longer run of digits. A message is one long run,
 * and a tenth of all numbers in it have a good check digit. */
enum secret_search {
    SEARCH_EXACT, /* only what stands behind its own length (16 4111...) or an EMV tag (5A08
                     4111...) */
    SEARCH_WIDE,  /* whatever could be one */
};

/* The first card data of @text, in plain characters, at or behind @from: true and @found. They come
 * in order, and do not overlap if the next search begins behind the one found. */
bool secret_next(struct span text, size_t from, enum secret_search search, struct secret *found);

/* Whether @digits (ASCII) is of a length, begins and ends as the card numbers of a network do. */
bool pan_is_likely(struct span digits);

/* Whether the last digit is the check digit of the others (ISO/IEC 7812). */
bool luhn_is_good(struct span digits);

/* What text_mark() sets. */
enum {
    MARK_HIDDEN = 1, /* a character that must not be seen */
    MARK_ZONE = 2,   /* of a digit's two hex characters the one that is no digit: the same */
};

/* Mark the card data of @text in @marks (a byte a character, zero before). Runs of hex digits, and
 * groups of 2, 4 or 8 of them on one line, are looked into: characters in ASCII and EBCDIC, and BCD. Of a number that stands in plain characters
 * the digits that pan.h lets be seen are not marked. */
void text_mark(struct span text, enum secret_search search, uint8_t *marks);

/* @text (of an argument, for a message on stderr) with stars over whatever may be card data in it,
 * whole or mistyped; cut off if it is long. Static; until the next call but three. */
const char *text_told(const char *text);

/* Overwrite what text_mark() marks in @text (@len characters) by stars. */
void text_redact(char *text, size_t len, enum secret_search search);
