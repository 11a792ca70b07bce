/* What of a text may leave the tool. Whatever a person or a file is told (results, titles, load,
 * --explain) goes through here once, last: a card number hides in any field, and in what programs
 * print.
 *
 * Starred are: card numbers (those of the script's cards, and every run of 12 to 19 digits that
 * passes the Luhn test and does not begin with 0: no issuer's does) as base/pan.h says, also where
 * they stand as hex of their characters; what of a track follows one behind = D or ^; the key
 * values and PINs that the script declares, by --var also. */
#pragma once

#include "tools/isotest/script.h"

/* Star what is secret in @text, in place: its length stays, and with it columns. @script may be
 * NULL: then only what shows itself is found. */
void conceal_text(const struct script *script, char *text);

/* Star the digits at the end of @text, which a limit has cut: they may begin a card number. */
void conceal_cut(char *text);

/* The same as conceal_text() of @from, copied to @to (at most @cap bytes with the NUL). Returns @to. */
const char *conceal_span(const struct script *script, struct span from, char *to, size_t cap);
