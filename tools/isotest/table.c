#include "tools/isotest/table.h"

#include <csv.h>

struct reading {
    struct source *source;
    struct arena *arena;
    struct table *table;
    uint32_t cell_cap;
    uint32_t cell_count; /* of all rows */
    uint32_t in_row;
    uint32_t line; /* of the row's end */
    struct span text;
};

static void on_cell(void *bytes, size_t len, void *context)
{
    struct reading *reading = context;
    struct table *table = reading->table;
    uint32_t columns_max = table->columns == NULL ? TABLE_COLUMNS_MAX : table->column_count;
    reading->in_row++;
    if (reading->in_row > columns_max) {
        return; /* Told at the end of the row. */
    }
    if (reading->cell_count == reading->cell_cap) {
        uint32_t cap = reading->cell_cap == 0 ? 256 : reading->cell_cap * 2;
        struct span *cells = arena_array(reading->arena, cap, sizeof *cells);
        if (cells == NULL) {
            return;
        }
        if (reading->cell_count > 0) {
            memcpy(cells, table->cells, reading->cell_count * sizeof *cells);
        }
        table->cells = cells;
        reading->cell_cap = cap;
    }
    table->cells[reading->cell_count++] =
        arena_copy(reading->arena, len > 0 ? span_make(bytes, len) : SPAN_NONE);
}

/* The first row: names, none empty, none twice. */
static void header_take(struct reading *reading)
{
    struct table *table = reading->table;
    struct place place = {reading->line, 1, (uint32_t)reading->text.len};
    table->columns = table->cells;
    table->column_count = reading->cell_count;
    table->cells = NULL;
    reading->cell_cap = reading->cell_count = 0;
    if (reading->in_row > TABLE_COLUMNS_MAX) {
        source_error(reading->source, place, "more than %d columns", TABLE_COLUMNS_MAX);
    }
    for (uint32_t i = 0; i < table->column_count; i++) {
        if (table->columns[i].len == 0) {
            source_error(reading->source, place, "column %u has no name", (unsigned)i + 1);
        }
        for (uint32_t j = 0; j < i; j++) {
            if (span_equal(table->columns[i], table->columns[j])) {
                source_error(reading->source, place, "two columns have the name '%.*s'",
                             (int)(table->columns[i].len % 60),
                             (const char *)table->columns[i].ptr);
            }
        }
    }
}

static void on_row(int terminator, void *context)
{
    (void)terminator;
    struct reading *reading = context;
    struct table *table = reading->table;
    if (reading->arena->failed) {
        return;
    }
    if (table->columns == NULL) {
        header_take(reading);
    } else if (reading->in_row != table->column_count) {
        source_error(reading->source, (struct place){reading->line, 1, (uint32_t)reading->text.len},
                     "%u columns expected, %u found", (unsigned)table->column_count,
                     (unsigned)reading->in_row);
        reading->cell_count = table->row_count * table->column_count;
    } else {
        table->row_count++;
    }
    reading->in_row = 0;
}

int table_parse(struct source *source, struct span text, struct arena *arena, struct table *table)
{
    const struct source whole = {.text = text};
    struct reading reading = {.source = source, .arena = arena, .table = table};
    struct csv_parser parser;
    size_t offset = 0;
    *table = (struct table){0};
    if (text.len == 0 || text.ptr[text.len - 1] != '\n') {
        source_error(source, (struct place){1, 1, 1}, "the file %s",
                     text.len == 0 ? "is empty"
                                   : "does not end with a newline: it may be truncated");
        return ERR_CONFIG;
    }
    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
        return ERR_MEMORY;
    }
    bool good = true;
    while (good && source->error_count < SOURCE_ERRORS_MAX && !arena->failed &&
           source_next_line(&whole, &offset, &reading.line, &reading.text)) {
        if (reading.in_row == 0 && reading.text.len > 0 && reading.text.ptr[0] == '#') {
            continue;
        }
        size_t len = reading.text.len + 1; /* with its newline, which is there: checked */
        good = csv_parse(&parser, reading.text.ptr, len, on_cell, on_row, &reading) == len;
    }
    good = good && csv_fini(&parser, on_cell, on_row, &reading) == 0;
    bool broken = !good && csv_error(&parser) == CSV_EPARSE;
    csv_free(&parser);
    if (arena->failed || (!good && !broken)) {
        return ERR_MEMORY;
    }
    if (broken) {
        source_error(source, (struct place){reading.line, 1, (uint32_t)reading.text.len},
                     "a quote must enclose a whole cell");
    } else if (table->row_count == 0 && source->error_count == 0) {
        source_error(source, (struct place){reading.line, 1, 0}, "there are no rows");
    }
    return source->error_count == 0 ? 0 : ERR_CONFIG;
}
