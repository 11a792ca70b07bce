#include "tools/isotest/record_table.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/isotest/table.h"

enum { TOLD_LEN = 600 };

/* To add a column: a row. A cell has @len_min to @len_max digits, or nothing unless it is needed.
 */
static const struct column {
    const char *name;
    size_t at; /* in struct test_card */
    size_t len_min;
    size_t len_max;
    bool is_needed;
} columns[] = {
    {"pan", offsetof(struct test_card, pan), PAN_LEN_SEARCHED, PAN_LEN_MAX, true},
    {"exp", offsetof(struct test_card, expiry), 4, 4, false},
    {"expiry", offsetof(struct test_card, expiry), 4, 4, false},
    {"svc", offsetof(struct test_card, service), 3, 3, false},
    {"psn", offsetof(struct test_card, psn), 1, 3, false},
    {"pin", offsetof(struct test_card, pin), 4, 12, false},
};

static struct span *cell_of(struct test_card *card, const struct column *column)
{
    return (struct span *)(void *)((uint8_t *)card + column->at);
}

static bool cell_is_good(const struct column *column, struct span cell)
{
    return cell.len == 0
               ? !column->is_needed
               : cell.len >= column->len_min && cell.len <= column->len_max && span_is_digits(cell);
}

static const struct column *column_find(struct span name)
{
    for (size_t i = 0; i < ARRAY_COUNT(columns); i++) {
        if (span_equal_text(name, columns[i].name)) {
            return &columns[i];
        }
    }
    return NULL;
}

/* Column @index of @table into @cards. */
static int column_take(const struct table *table, uint32_t index, const char *path,
                       script_report report, void *context, struct test_card *cards)
{
    const struct column *column = column_find(table->columns[index]);
    char text[TOLD_LEN];
    for (uint32_t row = 0; column != NULL && row < table->row_count; row++) {
        struct span cell = table->cells[(size_t)row * table->column_count + index];
        if (!cell_is_good(column, cell)) {
            (void)snprintf(text, sizeof text, "%.400s: error: row %u: '%s' has %zu to %zu digits",
                           path, row + 1, column->name, column->len_min, column->len_max);
            report(context, text);
            return ERR_CONFIG;
        }
        if (cell.len > 0) {
            *cell_of(&cards[row], column) = cell;
        }
    }
    return 0;
}

int test_cards_read(const char *path, script_report report, void *context, struct arena *arena,
                    struct test_card **tests, uint32_t *count)
{
    struct source source = {.name = path, .report = report, .context = context};
    struct table table = {0};
    struct span text;
    char told[TOLD_LEN];
    bool has_pan = false;
    if (source_load(path, report, context, &text) < 0) {
        return ERR_CONFIG;
    }
    int status = table_parse(&source, text, arena, &table);
    bytes_wipe((void *)(uintptr_t)text.ptr, text.len);
    free((void *)(uintptr_t)text.ptr);
    *tests = status < 0 ? NULL : arena_array(arena, table.row_count + 1, sizeof **tests);
    *count = table.row_count;
    if (*tests == NULL) {
        return status < 0 ? status : ERR_MEMORY;
    }
    for (uint32_t i = 0; i < table.column_count && status == 0; i++) {
        has_pan = has_pan || span_equal_text(table.columns[i], "pan");
        status = column_take(&table, i, path, report, context, *tests);
    }
    if (status == 0 && !has_pan) {
        (void)snprintf(told, sizeof told, "%.400s: error: there is no column 'pan'", path);
        report(context, told);
        status = ERR_CONFIG;
    }
    return status;
}
