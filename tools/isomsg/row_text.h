/* One element's row of a dialect as a short text, and a dialect that differs from a named one in a
 * few places, as --dialect takes it:
 *
 *     iso87_asciihex+bitmap=both+55=LLLb255,binary,bcd
 *
 * A part behind a + is a tweak. DE=ROW gives an element another row: as many L as the length prefix
 * has digits (none: fixed), the content (n a an ans b z xn), the length or maximum, then the coding
 * of the value and of the prefix where they are not those of the row before. The others are rows of
 * the table in row_text.c. What needs more than a line is a file: dialect(5). */
#pragma once

#include "iso8583/dialect.h"

enum { ROW_TEXT_LEN = 48, TWEAK_WHY_LEN = 160 };

/* "n" "ans" "b"...; "bcd" "ascii"...; "?" for a number that is none. Static. */
const char *content_name(unsigned content);
const char *coding_name(unsigned coding);

/* @row as ROW above, its codings always named: "LLLb255,binary,bcd". Returns @out. */
const char *row_text(const struct iso_field_row *row, char out[ROW_TEXT_LEN]);

/* Change @dialect as the tweak @text (without its +) says. Returns 0, or ERR_USAGE with @why. */
MUST_USE int tweak_apply(struct iso_dialect *dialect, struct span text, char why[TWEAK_WHY_LEN]);

/* The tweaks that are not of one element, by index ("bitmap=both"), NULL past the last: what doctor
 * tries. @about says it in words. */
const char *tweak_at(size_t index, const char **about);
