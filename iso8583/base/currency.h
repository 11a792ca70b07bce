/* ISO 4217: the currencies by number and by letters, and how many decimals their amounts have.
 *
 * Amounts are int64 minor units everywhere; only people see a decimal point, through
 * money_format(). */
#pragma once

#include "iso8583/base/bytes.h"

struct currency {
    uint16_t numeric;
    char alpha[4];
    uint8_t
        exponent; /* decimals: 2 EUR, 0 JPY, 3 BHD; 0 where the standard says "not applicable" */
};

enum { MONEY_TEXT_LEN = 40 };

/* The currency with this number (DE49) or these three letters, or NULL. Static. */
const struct currency *currency_find(uint16_t numeric);
const struct currency *currency_find_alpha(struct span alpha);

/* The currencies by index, in the order of their numbers; NULL past the last. */
const struct currency *currency_at(size_t index);

/* @amount_minor as people write it: "1234.56 EUR", "-5 JPY", "0.005 BHD". An amount whose
 * currency is not known (0) is "123456 minor units"; a number that is no currency is shown behind
 * it: "123456 999?". Writes at most MONEY_TEXT_LEN bytes with a NUL to @out and returns it. */
const char *money_format(int64_t amount_minor, uint16_t numeric, char out[MONEY_TEXT_LEN]);
