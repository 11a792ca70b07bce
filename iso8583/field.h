/* The encodings a field row may name: one element between its wire form and its canonical form.
 *
 * Both directions of an encoding stand together in field.c. To add one: a constant in enum
 * iso_coding, a decode and an encode function beside the others, and a case in the two switches at
 * the end of the file. */
#pragma once

#include "iso8583/dialect.h"

/* Read one element (length prefix and value) of @row from @in, whose start is byte 0 of the frame.
 *
 * Returns 0 and sets @field, or a negative enum err with @error filled, all but its @de. The bytes
 * of @field borrow from @in, or from @scratch where the wire form is not the canonical one. */
MUST_USE int field_decode(const struct iso_field_row *row, struct reader *in,
                          struct writer *scratch, struct iso_field *field, struct iso_error *error);

/* Append the element with the canonical bytes @value to @out, as @row says.
 *
 * Returns 0, or a negative enum err with @error filled, all but its @de and @at. */
MUST_USE int field_encode(const struct iso_field_row *row, struct span value, struct writer *out,
                          struct iso_error *error);

/* The number of leading bytes of @value that are of @content; value.len if all are. */
size_t field_count_valid(enum iso_content content, struct span value);
