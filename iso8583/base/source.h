/* A text that people wrote (bins, accounts, rules), and telling them what is wrong with it:
 *
 *     bins.csv:118:1: error: prefix 411111 is also on line 31
 *         118 | 411111,mc
 *             | ^^^^^^
 *
 * The offending line is shown with a caret under the place. Runs of 13 digits and more are masked
 * (6 + 4) wherever they stand, because a card number may stand in any of these files. */
#pragma once

#include "iso8583/base/bytes.h"

enum { SOURCE_ERRORS_MAX = 20, SOURCE_TEXT_LEN_MAX = 1024, SOURCE_FILE_LEN_MAX = 256 << 20 };

/* Where in a text: line and column count from 1, column and length in bytes. */
struct place {
    uint32_t line;
    uint32_t col;
    uint32_t len;
};

/* Called with one error: several lines, no newline at the end, valid for the call. */
typedef void (*source_report)(void *context, const char *text);

struct source {
    const char *name; /* path as the user wrote it, or "--rule"; borrowed */
    struct span text; /* borrowed */
    source_report report;
    void *context;
    uint32_t error_count; /* readers stop at SOURCE_ERRORS_MAX */
};

/* Report one error at @at. Beyond SOURCE_ERRORS_MAX errors nothing is told, only counted. */
__attribute__((format(printf, 3, 4))) void source_error(struct source *source, struct place at,
                                                        const char *format, ...);

/* Check what each such file must be: not empty, and ended by a newline (its absence means a
 * truncated file). Returns 0, or ERR_CONFIG after the report. */
MUST_USE int source_check_whole(struct source *source);

/* The next line of @source (without its newline) from byte @offset on, which is advanced. @line is
 * counted up: begin with 0. False at the end. */
bool source_next_line(const struct source *source, size_t *offset, uint32_t *line,
                      struct span *out);

/* The one of @names that differs from @word by at most two letters, the nearest first, or NULL:
 * for "did you mean". */
const char *source_suggest(struct span word, const char *const *names, size_t count);

/* Read the file @path whole into memory that the caller frees. Returns 0 and sets @out, or ERR_IO,
 * ERR_MEMORY, ERR_LENGTH (above SOURCE_FILE_LEN_MAX) after a report "PATH: error: ...". */
MUST_USE int source_load(const char *path, source_report report, void *context, struct span *out);
