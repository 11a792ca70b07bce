/* A file of rows with a header, read once from front to back: CSV by libcsv, or tab-separated.
 *
 * The reader is told the columns by name and hands out their cells in that order, whatever else the
 * file has and in whatever order: so a column more in a clearing file breaks nobody. Rows whose
 * first cell begins with '#' are comments. A last line without its newline was torn by a crash; it
 * is dropped and told. */
#pragma once

#include "iso8583/base/bytes.h"

enum { TABLE_COLUMNS_MAX = 64, TABLE_WANTED_MAX = 24, TABLE_ROW_LEN_MAX = 8192 };

struct table_plan {
    const char *path;
    char delimiter;
    const char *columns; /* "terminal,stan,amount": every one must be in the header */
    /* Called with the cells (valid for the call), in the order of @columns. Returns 0, or a
     * negative enum err if the row is wrong: it is told with its line, and reading stops. */
    int (*on_row)(void *user, const struct span *cells, uint32_t line);
    void *user;
};

/* Returns 0 and sets @torn (may be NULL) if the last line was cut, or ERR_IO, ERR_CONFIG,
 * ERR_MEMORY after a line "PATH:LINE: error: ..." on stderr. */
MUST_USE int table_read(const struct table_plan *plan, bool *torn);

/* Copy @cell with a NUL into @out of @cap bytes. ERR_LENGTH if it does not fit. */
MUST_USE int table_text(struct span cell, char *out, size_t cap);

/* A cell with an optional sign as a number. ERR_FORMAT or ERR_RANGE. */
MUST_USE int table_number(struct span cell, int64_t *out);
