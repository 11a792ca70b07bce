/* The CSV files that this folder writes, read back a row at a time. */
#pragma once

#include <stdio.h>

#include <csv.h>

#include "iso8583/base/bytes.h"

enum { CSV_CELLS_MAX = 40, CSV_CELL_MAX = 128 };

struct csv_reader {
    FILE *file; /* the caller's */
    struct csv_parser parser;
    char *line; /* getline()'s */
    size_t line_cap;
    unsigned count; /* cells of the row */
    bool malformed; /* of the row: too many cells, or too long */
    bool row_done;
    uint64_t rows;                           /* read so far */
    char cells[CSV_CELLS_MAX][CSV_CELL_MAX]; /* NUL-terminated */
};

/* ERR_MEMORY. */
MUST_USE int csv_open(struct csv_reader *reader, FILE *file);
void csv_close(struct csv_reader *reader);

/* The next row in reader->cells: 1, 0 at the end, ERR_FORMAT (not CSV, or not ours), ERR_IO. */
MUST_USE int csv_next(struct csv_reader *reader);

/* True if the next row is @header (cells with commas between). */
bool csv_header_is(struct csv_reader *reader, const char *header);
