/* A CSV file as a table: the header names the columns, libcsv does the quoting. Empty lines and
 * lines that begin with '#' are passed over. */
#pragma once

#include "iso8583/base/source.h"
#include "tools/isotest/arena.h"

enum { TABLE_COLUMNS_MAX = 64, TABLE_CELL_LEN_MAX = 4096 };

struct table {
    uint32_t column_count;
    uint32_t row_count;
    struct span *columns; /* names */
    struct span *cells;   /* row_count x column_count */
};

/* Read all of @text. Errors are those of @source: where its own text is empty (a file of keys), no
 * line is quoted. Everything in @table lives in @arena. Returns 0, or ERR_CONFIG after reports,
 * ERR_MEMORY. */
MUST_USE int table_parse(struct source *source, struct span text, struct arena *arena,
                         struct table *table);
