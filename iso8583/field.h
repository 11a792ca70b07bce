/* One element between its wire form and its canonical form, by its row and nothing else: the
 * careful way, which can say what is wrong. decode.c and encode.c take the usual rows a shorter way
 * (op.h) and come here for the rest.
 *
 * prefix.c has the length prefixes, coding.c the codings of values, both directions side by side.
 * To add a coding: a constant in enum iso_coding, its cases in coding.c, a line in
 * dialect_row_flaw().
 */
#pragma once

#include "iso8583/content.h"
#include "iso8583/dialect.h"

/* Read one element (length prefix and value) of @row from @in, whose start is byte 0 of the frame.
 *
 * Returns 0 and sets @field, or a negative enum err with @error filled, all but its @de. Where the
 * end of the element is known in spite of the error, @in stands behind it; else it has not moved.
 * The bytes of @field borrow from @in, or from @scratch where the wire form is not the canonical
 * one. */
MUST_USE int field_decode(const struct iso_field_row *row, struct reader *in,
                          struct writer *scratch, struct iso_field *field, struct iso_error *error);

/* Append the element with the canonical bytes @value to @out, as @row says.
 *
 * Returns 0, or a negative enum err with @error filled, all but its @de and @at. */
MUST_USE int field_encode(const struct iso_field_row *row, struct span value, struct writer *out,
                          struct iso_error *error);

/* The number of leading bytes of @value that are of @content; value.len if all are. */
static inline size_t field_count_valid(enum iso_content content, struct span value)
{
    return content_count_valid(content, value);
}
