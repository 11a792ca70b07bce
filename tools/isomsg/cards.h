/* Test cards that stand for real ones: the same number always becomes the same test number, of the
 * same length and first digit, with a good check digit, numbered in the order they are met. Nothing
 * else of the real number goes in. */
#pragma once

#include "iso8583/base/bytes.h"

enum { CARDS_MAX = 1 << 16, CARD_LEN_MAX = 19 };

struct cards;

/* ERR_MEMORY. */
MUST_USE int cards_open(struct cards **out);
void cards_close(struct cards *cards); /* wipes them */

/* Write the test number for @pan (1 to 19 digits; what is no digit stays) over it, in place.
 * Numbers after CARDS_MAX others, and those of fewer than 12 digits, become zeros. */
void card_replace(struct cards *cards, uint8_t *pan, size_t len);

/* Write a test track over the track @track, in place: the test number for its number, expiry 4912,
 * service code 201, zeros. @separators: what may stand behind the number ("=Dd" or "^"). What does
 * not begin with a number becomes zeros. */
void track_replace(struct cards *cards, uint8_t *track, size_t len, const char *separators);
