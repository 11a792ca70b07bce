/* The codings of values: what enum iso_coding names, both directions. Lengths are known here. */
#pragma once

#include "iso8583/dialect.h"

/* The bytes on the wire of @count digits, characters or bytes of @row (a sign is one). */
size_t coding_wire_len(const struct iso_field_row *row, size_t count);

/* The reverse: how many @wire holds. Of BCD an odd count shows by the nibble F where the row's pad
 * is one; of hex characters half a byte is a count of its own, so the caller can refuse it. */
size_t coding_count(const struct iso_field_row *row, struct span wire);

/* Read @wire, which is coding_wire_len() of @count. Returns 0 and sets ptr and len of @field, or
 * ERR_FORMAT, ERR_LENGTH, ERR_SPACE with @error filled: its at, that of the value, is moved on. */
MUST_USE int coding_decode(const struct iso_field_row *row, struct span wire, size_t count,
                           struct writer *scratch, struct iso_field *field,
                           struct iso_error *error);

/* What is added to a value that is shorter than its fixed length. */
struct coding_fill {
    size_t front; /* behind the sign of x+n */
    size_t behind;
    uint8_t with; /* canonical: '0', ' ' or 00 */
};

/* Write @value, checked against its row, and its fill at @to: coding_wire_len() of all of it. */
void coding_encode(const struct iso_field_row *row, struct span value, struct coding_fill fill,
                   uint8_t *to);
