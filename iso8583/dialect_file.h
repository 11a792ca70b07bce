/* A user's own dialect: a YAML file that extends a built-in dialect, or another such file, and says
 * what is different. dialect(5) is its manual; the tables in dialect_file.c are what may stand in
 * it.
 *
 *     extends: iso87_ascii
 *     bitmap: hex
 *     fields:
 *       55: {coding: binary}
 *       48: {parts: tagged, tag_length: 2, part_prefix: 2}
 *       48.01: {name: promotion, content: ans, coding: ascii, length: 20}
 *
 * Everything that is wrong is told in one run, with file, line, column, the line and a caret. */
#pragma once

#include "iso8583/base/source.h"
#include "iso8583/dialect.h"

/* Load the dialect file @path. Returns 0 and sets @out (dialect_free() it; its name is @path), or
 * ERR_CONFIG, ERR_IO, ERR_LENGTH, ERR_MEMORY after reporting problems. */
MUST_USE int dialect_load(const char *path, source_report report, void *context,
                          struct iso_dialect **out);

/* The same from a text, named @name in problems. It can only extend a built-in dialect. */
MUST_USE int dialect_parse(struct span text, const char *name, source_report report, void *context,
                           struct iso_dialect **out);

/* Free what dialect_load() or dialect_parse() made. NULL is nothing. */
void dialect_free(struct iso_dialect *dialect);

/* Whether @name can only be a path: it has a '.' or a '/', which no built-in name has. */
bool dialect_name_is_path(const char *name);

/* The dialect that a user calls @name: a built-in one, or the file of that path, which is relative
 * to the folder of the file @beside (NULL: to the working directory).
 *
 * Returns 0 and sets @out; or ERR_NOT_FOUND if @name is neither a path nor a built-in dialect,
 * after a report of one line that names those there are; or an error of dialect_load(). What is
 * loaded stays for the life of the process, as the built-in ones do: a file that was loaded and is
 * still what it was gives the same pointer again. Not thread-safe: for the start and for reloads.
 */
MUST_USE int dialect_get(const char *name, const char *beside, source_report report, void *context,
                         const struct iso_dialect **out);

/* Append @dialect to @out as a dialect file that extends nothing, so that it says all there is.
 * dialect_parse() makes the same table of it again. */
void dialect_write(const struct iso_dialect *dialect, struct writer *out);
