/* What codes mean, in words: the MTI, code elements of a message, tags and values of chip data.
 *
 * All are tables in meaning_code.c and meaning_chip.c, each with its source. What a table does not
 * know has no words: nothing is guessed. The texts hold no card data. */
#pragma once

#include <stdint.h>

#include "iso8583/message.h"

enum { MEANING_LEN = 200 };

/* "reversal advice, repeat" of 0421; "" of an MTI that is none. Returns @out. */
const char *mti_meaning(uint16_t mti, char out[MEANING_LEN]);

/* What DE @de of @msg means, in the version of ISO 8583 that its MTI says; "" if nothing is known.
 * Returns @out. */
const char *field_meaning(const struct iso_msg *msg, unsigned de, char out[MEANING_LEN]);

/* Whether codes of DE @de are told by a table, and this one of @msg is in it: -1 no table, 0 not in
 * it, 1 known. */
int field_is_known(const struct iso_msg *msg, unsigned de);

/* One tag of chip data: EMV book 3, annex A. */
struct chip_tag {
    uint32_t tag;
    const char *name;
    bool hidden; /* holds what DE2, DE35, a name or a PIN holds: never shown without --unmask */
};

/* The row of @tag, or NULL. Static. */
const struct chip_tag *chip_tag_find(uint32_t tag);

/* What the value of @tag means; "" if nothing is known. Returns @out. */
const char *chip_meaning(uint32_t tag, struct span value, char out[MEANING_LEN]);
