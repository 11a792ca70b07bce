#include "routes/csv_rows.h"

#include <csv.h>

/* libcsv tells cells but not where they stand, so it is fed byte by byte: when it tells a cell, the
 * byte just fed is the delimiter behind it. */
struct rows {
    struct source *source;
    const char *header;
    size_t column_count;
    csv_on_row on_row;
    void *user;
    bool header_seen;
    size_t row_count;
    uint32_t line;
    struct span text;  /* the line being fed */
    size_t at;         /* index in it of the byte being fed */
    size_t cell_start; /* index in it of the cell being read */
    size_t cell_count; /* may exceed the array: then the row is wrong anyway */
    size_t used;
    bool row_ended;
    struct csv_cell cell[CSV_COLUMNS_MAX];
    uint8_t bytes[CSV_LINE_LEN_MAX];
};

static struct place cell_place(const struct rows *rows)
{
    size_t start = rows->cell_start;
    size_t end = rows->at;
    while (start < end && (rows->text.ptr[start] == ' ' || rows->text.ptr[start] == '\t')) {
        start++;
    }
    while (end > start && (rows->text.ptr[end - 1] == ' ' || rows->text.ptr[end - 1] == '\t')) {
        end--;
    }
    return (struct place){rows->line, (uint32_t)start + 1, (uint32_t)(end - start)};
}

static void on_cell(void *bytes, size_t len, void *context)
{
    struct rows *rows = context;
    if (rows->cell_count < CSV_COLUMNS_MAX) {
        CHECK(rows->used + len <= sizeof rows->bytes); /* unquoting only shortens */
        uint8_t *copy = rows->bytes + rows->used;
        if (len > 0) {
            memcpy(copy, bytes, len);
        }
        rows->used += len;
        rows->cell[rows->cell_count] = (struct csv_cell){span_make(copy, len), cell_place(rows)};
    }
    rows->cell_count++;
    rows->cell_start = rows->at + 1;
}

static bool is_header(const struct rows *rows)
{
    const char *name = rows->header;
    for (size_t i = 0; i < rows->column_count; i++) {
        size_t len = strcspn(name, ",");
        if (i >= rows->cell_count || !span_equal(rows->cell[i].text, span_make(name, len))) {
            return false;
        }
        name += name[len] == ',' ? len + 1 : len;
    }
    return rows->cell_count == rows->column_count;
}

static void on_row_end(int terminator, void *context)
{
    (void)terminator;
    struct rows *rows = context;
    rows->row_ended = true;
    struct place whole = {rows->line, 1, (uint32_t)rows->text.len};
    if (!rows->header_seen) {
        rows->header_seen = true;
        if (!is_header(rows)) {
            source_error(rows->source, whole, "the first row must be the header '%s'",
                         rows->header);
        }
        return;
    }
    rows->row_count++;
    if (rows->cell_count != rows->column_count) {
        source_error(rows->source, whole, "%zu columns expected (%s), %zu found",
                     rows->column_count, rows->header, rows->cell_count);
        return;
    }
    rows->on_row(rows->user, rows->source, rows->cell);
}

static bool is_blank(struct span line)
{
    for (size_t i = 0; i < line.len; i++) {
        if (strchr(" \t\r", line.ptr[i]) == NULL || line.ptr[i] == '\0') {
            return false;
        }
    }
    return true;
}

/* Feed one line and its newline. Returns 0, ERR_CONFIG after which the parser's state is lost, or
 * ERR_MEMORY. */
static int line_feed(struct rows *rows, struct csv_parser *parser)
{
    rows->cell_start = rows->cell_count = rows->used = 0;
    rows->row_ended = false;
    if (rows->text.len > CSV_LINE_LEN_MAX) {
        source_error(rows->source, (struct place){rows->line, CSV_LINE_LEN_MAX, 1},
                     "the line is longer than %d bytes", CSV_LINE_LEN_MAX);
        return 0;
    }
    for (rows->at = 0; rows->at <= rows->text.len; rows->at++) {
        const uint8_t *byte =
            rows->at < rows->text.len ? &rows->text.ptr[rows->at] : (const uint8_t *)"\n";
        if (csv_parse(parser, byte, 1, on_cell, on_row_end, rows) != 1) {
            if (csv_error(parser) != CSV_EPARSE) {
                return ERR_MEMORY;
            }
            source_error(rows->source, (struct place){rows->line, (uint32_t)rows->at + 1, 1},
                         "a quote must enclose a whole cell");
            return ERR_CONFIG;
        }
        if (rows->row_ended && rows->at + 1 < rows->text.len) {
            source_error(rows->source, (struct place){rows->line, (uint32_t)rows->at + 1, 1},
                         "a carriage return may only stand at the end of a line");
            return ERR_CONFIG;
        }
        if (rows->row_ended) {
            return 0;
        }
    }
    source_error(rows->source,
                 (struct place){rows->line, (uint32_t)rows->cell_start + 1,
                                (uint32_t)(rows->text.len - rows->cell_start)},
                 "the quoted cell does not end on its line");
    return ERR_CONFIG;
}

int csv_rows_parse(struct source *source, const char *header, csv_on_row on_row, void *user)
{
    TRY(source_check_whole(source));
    struct rows rows = {
        .source = source, .header = header, .on_row = on_row, .user = user, .column_count = 1};
    for (const char *p = header; *p != '\0'; p++) {
        rows.column_count += *p == ',' ? 1 : 0;
    }
    CHECK(rows.column_count <= CSV_COLUMNS_MAX);
    struct csv_parser parser;
    if (csv_init(&parser, CSV_STRICT) != 0) {
        return ERR_MEMORY;
    }
    int status = 0;
    size_t offset = 0;
    while (status == 0 && source->error_count < SOURCE_ERRORS_MAX &&
           source_next_line(source, &offset, &rows.line, &rows.text)) {
        if (!is_blank(rows.text) && rows.text.ptr[0] != '#') {
            status = line_feed(&rows, &parser);
        }
    }
    csv_free(&parser);
    TRY(status);
    if (rows.row_count == 0 && source->error_count == 0) {
        source_error(source, (struct place){rows.line, 1, 0}, "there are no rows");
    }
    return source->error_count == 0 ? 0 : ERR_CONFIG;
}
