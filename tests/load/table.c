#include "tests/load/table.h"

#include <csv.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { COLUMN_NONE = -1, READ_LEN = 1 << 16 };

struct table {
    const struct table_plan *plan;
    bool header_seen;
    int result;
    uint32_t line; /* of the row being read, counting every line that libcsv ends */
    size_t wanted_count;
    int column_of[TABLE_COLUMNS_MAX]; /* file column -> index in @cells, or COLUMN_NONE */
    size_t column_count;              /* cells of the row so far */
    size_t used;
    bool comment;
    struct span cells[TABLE_WANTED_MAX];
    uint8_t bytes[TABLE_ROW_LEN_MAX];
};

static int table_fail(struct table *table, int result, const char *text)
{
    if (table->result == 0) {
        table->result = result;
        fprintf(stderr, "%s:%u: error: %s\n", table->plan->path, table->line, text);
    }
    return result;
}

/* The index of @name among the wanted columns, or COLUMN_NONE. */
static int wanted_index(const char *columns, struct span name)
{
    int index = 0;
    while (*columns != '\0') {
        size_t len = strcspn(columns, ",");
        if (span_equal(name, span_make(columns, len))) {
            return index;
        }
        index++;
        columns += columns[len] == ',' ? len + 1 : len;
    }
    return COLUMN_NONE;
}

static void on_cell(void *bytes, size_t len, void *context)
{
    struct table *table = context;
    size_t column = table->column_count++;
    struct span cell = span_make(bytes, len);
    if (column == 0) {
        table->comment = len > 0 && cell.ptr[0] == '#';
    }
    if (table->result != 0 || table->comment) {
        return;
    }
    if (column >= TABLE_COLUMNS_MAX) {
        (void)table_fail(table, ERR_CONFIG, "too many columns");
        return;
    }
    if (!table->header_seen) {
        table->column_of[column] = wanted_index(table->plan->columns, cell);
        return;
    }
    if (table->column_of[column] == COLUMN_NONE) {
        return;
    }
    if (len > sizeof table->bytes - table->used) {
        (void)table_fail(table, ERR_LENGTH, "the row is too long");
        return;
    }
    uint8_t *copy = table->bytes + table->used;
    if (len > 0) {
        memcpy(copy, bytes, len);
    }
    table->used += len;
    table->cells[table->column_of[column]] = span_make(copy, len);
}

/* Every wanted column must have been named by the header. */
static void header_check(struct table *table)
{
    size_t found = 0;
    for (size_t i = 0; i < table->column_count && i < TABLE_COLUMNS_MAX; i++) {
        found += table->column_of[i] != COLUMN_NONE;
    }
    if (found != table->wanted_count) {
        char text[256];
        (void)snprintf(text, sizeof text, "the header must have these columns: %.200s",
                       table->plan->columns);
        (void)table_fail(table, ERR_CONFIG, text);
    }
    table->header_seen = true;
}

static void on_row_end(int terminator, void *context)
{
    struct table *table = context;
    table->line++;
    /* At the end of the file libcsv flushes what it has: that row was torn. */
    if (table->result == 0 && !table->comment && terminator != -1 && table->column_count > 0) {
        if (!table->header_seen) {
            header_check(table);
        } else {
            int result = table->plan->on_row(table->plan->user, table->cells, table->line);
            if (result != 0) {
                (void)table_fail(table, result, err_text(result));
            }
        }
    }
    for (size_t i = 0; i < table->wanted_count; i++) {
        table->cells[i] = SPAN_NONE;
    }
    table->column_count = 0;
    table->used = 0;
    table->comment = false;
}

static size_t column_count(const char *columns)
{
    size_t count = 1;
    for (; *columns != '\0'; columns++) {
        count += *columns == ',';
    }
    return count;
}

static int file_feed(struct table *table, FILE *file, struct csv_parser *parser, char *buf,
                     bool *torn)
{
    char last = '\n';
    size_t len = fread(buf, 1, READ_LEN, file);
    while (len > 0 && table->result == 0) {
        if (csv_parse(parser, buf, len, on_cell, on_row_end, table) != len) {
            return table_fail(table, ERR_CONFIG, csv_strerror(csv_error(parser)));
        }
        last = buf[len - 1];
        len = fread(buf, 1, READ_LEN, file);
    }
    if (ferror(file)) {
        return table_fail(table, ERR_IO, "cannot be read");
    }
    if (torn != NULL) {
        *torn = last != '\n';
    }
    if (table->result == 0 && !table->header_seen) {
        return table_fail(table, ERR_CONFIG, "the file has no header");
    }
    return table->result;
}

int table_read(const struct table_plan *plan, bool *torn)
{
    FILE *file = fopen(plan->path, "rb");
    if (file == NULL) {
        fprintf(stderr, "%s: error: %s\n", plan->path, strerror(errno));
        return ERR_IO;
    }
    struct table *table = calloc(1, sizeof *table);
    char *buf = malloc(READ_LEN);
    int result = ERR_MEMORY;
    struct csv_parser parser;
    if (table != NULL && buf != NULL && csv_init(&parser, CSV_STRICT) == 0) {
        table->plan = plan;
        table->wanted_count = column_count(plan->columns);
        CHECK(table->wanted_count <= TABLE_WANTED_MAX);
        csv_set_delim(&parser, (unsigned char)plan->delimiter);
        result = file_feed(table, file, &parser, buf, torn);
        csv_free(&parser);
    }
    free(buf);
    free(table);
    fclose(file);
    return result;
}

int table_text(struct span cell, char *out, size_t cap)
{
    if (cell.len >= cap) {
        return ERR_LENGTH;
    }
    if (cell.len > 0) {
        memcpy(out, cell.ptr, cell.len);
    }
    out[cell.len] = '\0';
    return 0;
}

int table_number(struct span cell, int64_t *out)
{
    bool negative = cell.len > 0 && cell.ptr[0] == '-';
    uint64_t value = 0;
    TRY(span_number(negative ? span_skip(cell, 1) : cell, &value));
    if (value > INT64_MAX) {
        return ERR_RANGE;
    }
    *out = negative ? -(int64_t)value : (int64_t)value;
    return 0;
}
