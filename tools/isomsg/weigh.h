/* How much a message looks like one: what doctor ranks its guesses by.
 *
 * The unit is a tenth of a bit of evidence: ten times the binary logarithm of how much likelier the
 * bytes are as elements of the dialect than as bytes thrown by dice. Digits in ASCII weigh much,
 * digits in BCD little, bytes nothing; then come the codes, dates, check digits and repetitions
 * that are right or wrong. So guesses of different framings and dialects can be compared, and a
 * change of a dialect must earn what it costs. Nothing is learned: the tables are in weigh.c. */
#pragma once

#include "iso8583/dialect.h"

/* What was found right (bits of a set), in the order they are told. */
enum fact {
    FACT_LUHN,
    FACT_TRACK,
    FACT_DATES,
    FACT_CODES,
    FACT_CURRENCY,
    FACT_CHIP,
    FACT_ORIGINAL,
    FACT_VERSION,
    FACTS
};

struct weight {
    int32_t tenths;
    uint32_t facts;     /* 1 << enum fact */
    unsigned chip_tags; /* known ones */
};

/* Weigh what of @msg was read in @dialect (all of it, or up to an error). Adds to @weight. */
void message_weigh(const struct iso_dialect *dialect, const struct iso_msg *msg,
                   struct weight *weight);

/* Whether an MTI like this is seen: a version, class, function and origin that are defined. */
bool mti_is_plausible(uint16_t mti);

/* The facts in words, "DE2 passes the check digit, dates are dates, ..." (no card data), at most
 * @cap bytes with a NUL; returns @buf. */
const char *facts_text(const struct weight *weight, char *buf, size_t cap);

/* What characters in front of a message weigh (a header), and the bytes of a number that is right
 * (a frame's length). */
int32_t text_weigh(struct span text);
