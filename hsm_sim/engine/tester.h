/* What testers need of an HSM's arithmetic with clear keys: the terminals' and issuers' side of a
 * test, and card files. Never part of the switch: it has no clear keys.
 *
 * Keys are 8, 16 or 24 bytes. All return 0, ERR_FORMAT for a PIN, PAN or key that cannot be one, or
 * ERR_CRYPTO. A PAN is 13 to 19 ASCII digits with its check digit, a PIN 4 to 12 ASCII digits. */
#pragma once

#include "iso8583/base/bytes.h"

/* The ISO-0 PIN block of @pin and @pan, encrypted under the clear @tpk: 8 bytes in @out. */
MUST_USE int hsm_tester_pin_block(struct secret_span tpk, struct secret_span pin, struct span pan,
                                  uint8_t *out);

/* The ISO 9797-1 algorithm 3 (X9.19) MAC of @data with @padding 1 (zeros) or 2 (80..) under the
 * clear @key: 8 bytes in @out, of which a field may hold the first 4. */
MUST_USE int hsm_tester_mac(struct secret_span key, unsigned padding, struct span data,
                            uint8_t *out);

/* The Visa PVV of @pin and @pan under the clear pair @pvk with key index @pvki ('0'..'9'): 4 ASCII
 * digits in @out. */
MUST_USE int hsm_tester_pvv(struct secret_span pvk, struct secret_span pin, struct span pan,
                            char pvki, uint8_t *out);

/* The IBM 3624 offset of @pin and @pan under the clear @pvk, with decimalisation table @dectab (16
 * digits) and @validation (12 characters, one of them N) as a host command has them: 12 characters,
 * filled with F, in @out. */
MUST_USE int hsm_tester_offset(struct secret_span pvk, struct secret_span pin, struct span pan,
                               struct span dectab, struct span validation, uint8_t *out);

/* Set odd parity in @len bytes of a clear key, in place: a device takes no other. */
void hsm_tester_parity(uint8_t *key, size_t len);
