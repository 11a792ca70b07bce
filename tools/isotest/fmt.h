/* The canonical layout of a script: two spaces a level, lines of a step one level below it, one
 * space between words, comments behind lines that follow each other in one column, at most one
 * empty line. Words, comments and their order stay as they are; a line that was continued stays so.
 */
#pragma once

#include "tools/isotest/script.h"

/* Lay out @text (shown as @name) anew into @out, which the caller frees. Returns 0, ERR_CONFIG
 * after reports if the words cannot be read or braces do not match, or ERR_MEMORY. */
MUST_USE int fmt_text(const char *name, struct span text, script_report report, void *context,
                      struct span *out);
