/* Reference values of a PIN: Visa PVV and IBM 3624 offset. */
#pragma once

#include "hsm_sim/engine/pinblock.h"
#include "hsm_sim/engine/tdes.h"

enum { PVV_LEN = 4, DECTAB_LEN = 16, VALIDATION_LEN = 12, OFFSET_LEN = 12 };

/* The PVV of the leftmost four digits of @pin under the pair @pvk, as 4 ASCII digits in @pvv.
 * @account is 12 ASCII digits (the rightmost 11 count), @pvki one ASCII digit. 0 or ERR_CRYPTO. */
MUST_USE int pvv_make(struct tdes *pvk, struct span account, uint8_t pvki, const struct pin *pin,
                      uint8_t *pvv);

/* Whether 16 characters are a decimalisation table that a device takes: decimal digits, at least
 * eight different ones, none more than four times (a weak table gives the PIN away by trials). */
bool dectab_is_good(struct span dectab);

/* Expand validation data (hex, with one "N" for the last five digits of @account) to the 8 bytes
 * that are encrypted. 0 or ERR_FORMAT. */
MUST_USE int validation_expand(struct span validation, struct span account, uint8_t *block);

/* The IBM 3624 natural PIN: 12 digits (values) of @validation under @pvk, decimalised by @dectab
 * (16 ASCII digits). A secret. 0 or ERR_CRYPTO. */
MUST_USE int natural_pin_make(struct tdes *pvk, const uint8_t *validation, struct span dectab,
                              uint8_t *natural);

/* Whether @pin is @natural plus @offset (ASCII digits) in its leftmost @check_len digits. Takes the
 * same time whatever they are. */
bool offset_agrees(const uint8_t *natural, struct span offset, size_t check_len,
                   const struct pin *pin);
