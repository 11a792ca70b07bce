#include "routes/route_file.h"

#include <stdlib.h>

#include "routes/csv_rows.h"

enum { COLUMN_PREFIX, COLUMN_ISSUER };

struct table {
    const char *const *issuers;
    size_t issuer_count;
    struct route_row *row;
    size_t count;
    size_t cap;
    bool no_memory;
};

static bool digits_read(struct span text, char *out)
{
    if (text.len > ROUTE_DIGITS_MAX || !span_is_digits(text)) {
        return false;
    }
    memcpy(out, text.ptr, text.len);
    out[text.len] = '\0';
    return true;
}

/* "411111" or "222100-272099". */
static bool range_read(struct source *source, const struct csv_cell *cell, struct route_row *row)
{
    const uint8_t *dash = memchr(cell->text.ptr, '-', cell->text.len);
    size_t len = dash != NULL ? (size_t)(dash - cell->text.ptr) : cell->text.len;
    struct span low = span_first(cell->text, len);
    struct span high = dash != NULL ? span_skip(cell->text, len + 1) : low;
    if (!digits_read(low, row->low) || !digits_read(high, row->high)) {
        source_error(source, cell->place,
                     "'%.*s' is neither a prefix of 1 to %d digits nor a range like 222100-272099",
                     (int)cell->text.len, (const char *)cell->text.ptr, ROUTE_DIGITS_MAX);
        return false;
    }
    if (low.len != high.len) {
        source_error(source, cell->place, "both ends of a range have the same number of digits");
        return false;
    }
    if (memcmp(low.ptr, high.ptr, low.len) > 0) {
        source_error(source, cell->place, "the range ends before it begins");
        return false;
    }
    return true;
}

static bool issuer_read(const struct table *table, struct source *source,
                        const struct csv_cell *cell, struct route_row *row)
{
    for (size_t i = 0; i < table->issuer_count; i++) {
        if (span_equal_text(cell->text, table->issuers[i])) {
            row->issuer = (uint16_t)i;
            return true;
        }
    }
    const char *nearest = source_suggest(cell->text, table->issuers, table->issuer_count);
    source_error(source, cell->place, "unknown issuer '%.*s'%s%s%s", (int)cell->text.len,
                 (const char *)cell->text.ptr, nearest != NULL ? "; did you mean '" : "",
                 nearest != NULL ? nearest : "", nearest != NULL ? "'?" : "");
    return false;
}

static void on_row(void *user, struct source *source, const struct csv_cell *cells)
{
    struct table *table = user;
    struct route_row row = {.line = cells[COLUMN_PREFIX].place.line};
    bool range_good = range_read(source, &cells[COLUMN_PREFIX], &row);
    bool issuer_good = issuer_read(table, source, &cells[COLUMN_ISSUER], &row);
    if (!range_good || !issuer_good || table->no_memory) {
        return;
    }
    if (table->count == table->cap) {
        size_t cap = table->cap == 0 ? 256 : table->cap * 2;
        struct route_row *more = realloc(table->row, cap * sizeof *more);
        table->no_memory = more == NULL;
        if (more == NULL) {
            return;
        }
        table->row = more;
        table->cap = cap;
    }
    table->row[table->count++] = row;
}

static const struct route_row *row_at_line(const struct table *table, uint32_t line)
{
    for (size_t i = 0; i < table->count; i++) {
        if (table->row[i].line == line) {
            return &table->row[i];
        }
    }
    CHECK(false);
    return NULL;
}

/* Tell that the row of line @second equals, or half covers, that of line @first; take it out, so
 * that the next such pair is found. */
static void equal_report(struct table *table, struct source *source, uint32_t first,
                         uint32_t second)
{
    const struct route_row *other = row_at_line(table, first);
    const struct route_row *row = row_at_line(table, second);
    bool is_prefix = strcmp(row->low, row->high) == 0;
    size_t low_len = strlen(row->low);
    struct place place = {second, 1, (uint32_t)(is_prefix ? low_len : 2 * low_len + 1)};
    const char *issuer = row->issuer == other->issuer ? "" : ", with another issuer";
    if (strcmp(row->low, other->low) == 0 && strcmp(row->high, other->high) == 0) {
        source_error(source, place, "%s %s%s%s is also on line %u%s",
                     is_prefix ? "prefix" : "range", row->low, is_prefix ? "" : "-",
                     is_prefix ? "" : row->high, (unsigned)first, issuer);
    } else {
        source_error(source, place,
                     "this row and line %u share cards and are equally wide: neither is narrower%s",
                     (unsigned)first, issuer);
    }
    size_t index = (size_t)(row - table->row);
    memmove(&table->row[index], &table->row[index + 1],
            (table->count - index - 1) * sizeof *table->row);
    table->count--;
}

int routes_parse(struct span text, const char *name, const char *const *issuers,
                 size_t issuer_count, source_report report, void *context, struct routes **out)
{
    CHECK(issuer_count <= UINT16_MAX);
    struct source source = {.name = name, .text = text, .report = report, .context = context};
    struct table table = {.issuers = issuers, .issuer_count = issuer_count};
    int status = csv_rows_parse(&source, "prefix,issuer", on_row, &table);
    status = table.no_memory ? ERR_MEMORY : status;
    /* Rows that were good are still compared, so that one run tells everything. */
    while (status == 0 || status == ERR_CONFIG) {
        uint32_t first = 0;
        uint32_t second = 0;
        struct routes *routes = NULL;
        int built = routes_build(table.row, table.count, &routes, &first, &second);
        if (built == ERR_EXISTS && source.error_count < SOURCE_ERRORS_MAX) {
            equal_report(&table, &source, first, second);
            status = ERR_CONFIG;
            continue;
        }
        CHECK(built != ERR_FORMAT);
        if (status == 0 && built == 0) {
            *out = routes;
        } else {
            routes_free(routes);
            status = status == 0 ? built : status;
        }
        break;
    }
    free(table.row);
    return status;
}

int routes_read(const char *path, const char *const *issuers, size_t issuer_count,
                source_report report, void *context, struct routes **out)
{
    struct span text;
    int status = source_load(path, report, context, &text);
    if (status < 0) {
        return status == ERR_LENGTH ? ERR_CONFIG : status;
    }
    status = routes_parse(text, path, issuers, issuer_count, report, context, out);
    free((void *)(uintptr_t)text.ptr);
    return status;
}
