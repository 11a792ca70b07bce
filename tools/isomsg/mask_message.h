/* A message with its card data replaced, as long as it was. */
#pragma once

#include "iso8583/dialect.h"
#include "tools/isomsg/cards.h"

enum mask_with { MASK_STARS, MASK_CARDS };

enum { MASK_WHY_LEN = 240 };

/* Replace the card data of the message @wire (of @dialect) in place: what rows and tags mask, the
 * expiry date, and card numbers that are found in the rest. @with MASK_CARDS: by test cards and
 * zeros; then a reader of @dialect reads it as before. MASK_STARS: by stars, where the wire holds
 * characters.
 *
 * Returns 0, or with @why (no card data) ERR_FORMAT: it cannot be read, or what must be hidden can
 * be no stars. Then its bytes are to be thrown away. */
MUST_USE int message_mask(const struct iso_dialect *dialect, struct cards *cards,
                          enum mask_with with, uint8_t *wire, size_t len, char why[MASK_WHY_LEN]);
