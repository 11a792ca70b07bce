/* How else an element may be written than its row says: what doctor tries where a reading fails. */
#pragma once

#include "iso8583/dialect.h"

/* The @index-th other way to write an element of @row, into @other. @left: the bytes of the message
 * from where the element begins, if it is the last one there (else 0). Returns what the change
 * costs in tenths of a bit, 0 for a combination that is none (go on), -1 past the last. */
int row_alternative(const struct iso_field_row *row, size_t index, size_t left,
                    struct iso_field_row *other);
