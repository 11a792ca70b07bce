/* What --dialect may say: a built-in dialect, a file of dialect(5) (a name with a / or a . in it),
 * and behind either the tweaks of row_text.h. */
#pragma once

#include "tools/isomsg/row_text.h"

enum { DIALECT_NAME_LEN = 320 };

/* The dialect that @text names; it lives until the program ends, and its name is @text. NULL with
 * the reason told on stderr. */
const struct iso_dialect *dialect_spelled(const char *text);

/* Whether what stands before the first + of @text is a file: then that it is wrong is no wrong
 * call.
 */
bool dialect_is_file(const char *text);
