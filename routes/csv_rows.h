/* A CSV file with a header, row by row, each cell with its place in the file (libcsv does the
 * quoting). Empty lines and lines that begin with '#' are passed over; a cell stays on its line. */
#pragma once

#include "iso8583/base/source.h"

enum { CSV_COLUMNS_MAX = 8, CSV_LINE_LEN_MAX = 1024 };

struct csv_cell {
    struct span text; /* unquoted, trimmed; valid for the call */
    struct place place;
};

/* Called for each row below the header, with exactly as many cells as the header has. What is wrong
 * with a row is told by source_error(). */
typedef void (*csv_on_row)(void *user, struct source *source, const struct csv_cell *cells);

/* Read all of @source, whose first row must be @header ("prefix,issuer"; at most CSV_COLUMNS_MAX
 * names). Returns 0, ERR_CONFIG if anything was reported (by @on_row too), or ERR_MEMORY. */
MUST_USE int csv_rows_parse(struct source *source, const char *header, csv_on_row on_row,
                            void *user);
