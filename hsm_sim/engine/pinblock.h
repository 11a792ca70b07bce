/* Clear PIN blocks: a PIN and, where the format binds it, an account, to 8 bytes and back. */
#pragma once

#include "hsm_sim/engine/random.h"

enum { PIN_BLOCK_LEN = 8, PIN_LEN_MIN = 4, PIN_LEN_MAX = 12, PIN_ACCOUNT_LEN = 12 };

/* A clear PIN: a secret, to be wiped by whoever declared it. */
struct pin {
    uint8_t digit[PIN_LEN_MAX]; /* values, not characters; zeros behind the last */
    uint8_t len;
};

struct pin_format;

/* The format of this 2N code ("01"), or NULL: unknown, or no longer allowed. Static. */
const struct pin_format *pin_format_find(struct span code);

/* Whether a PIN may be translated from one format to the other. A block that is bound to an account
 * may not become an unbound ISO-1: whoever holds it could then bind it to another account. */
bool pin_format_may_become(const struct pin_format *from, const struct pin_format *to);

/* @block of @format to @pin; @account is 12 ASCII digits. Returns HSM_OK, HSM_PIN_BLOCK if control
 * digit, PIN digits or fill are wrong, or HSM_PIN_LEN; @pin is then "0000", so that a verification
 * can go on and take as long as for a good block. */
MUST_USE uint8_t pin_decode(const struct pin_format *format, const uint8_t *block,
                            struct span account, struct pin *pin);

/* The other way. Returns 0, or ERR_CRYPTO if there is no randomness for the fill. */
MUST_USE int pin_encode(const struct pin_format *format, const struct pin *pin, struct span account,
                        struct random *random, uint8_t *block);
