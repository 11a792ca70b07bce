/* Length prefixes: 1 to 6 digits in ASCII, BCD or EBCDIC, or 1 to 3 bytes. */
#pragma once

#include "iso8583/dialect.h"

/* The bytes of a prefix with @digits in @coding (of ISO_BINARY they are bytes already). */
static inline size_t prefix_width(enum iso_coding coding, size_t digits)
{
    return coding == ISO_BCD ? (digits + 1) / 2 : digits;
}

/* The largest number a prefix can hold. */
size_t prefix_max(enum iso_coding coding, size_t digits);

/* Read the prefix. Returns 0 and sets @number, ERR_TRUNCATED or ERR_FORMAT with @error filled. */
MUST_USE int prefix_decode(enum iso_coding coding, size_t digits, struct reader *in, size_t *number,
                           struct iso_error *error);

/* Write its prefix_width() bytes at @to; @number fits (prefix_max()). */
void prefix_encode(enum iso_coding coding, size_t digits, size_t number, uint8_t *to);
