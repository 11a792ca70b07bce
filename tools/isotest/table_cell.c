/* One cell of a CSV file that a program wrote. */
#include <csv.h>
#include <errno.h>
#include <stdio.h>

#include "tools/isotest/spawn.h"

enum { COLUMN_NONE = -1 };

struct search {
    struct span where_column;
    struct span where_value;
    struct span column;
    char *text;
    size_t cap;
    int len; /* of what was found, or -1 */
    int row; /* from 0: the heading */
    int at;  /* cell of the row */
    int where_at;
    int column_at;
    bool is_match;
    int candidate; /* length of this row's cell in @text, or -1 */
};

static void on_cell(void *bytes, size_t len, void *context)
{
    struct search *search = context;
    struct span cell = span_make(bytes, len);
    int at = search->at++;
    if (search->len >= 0) {
        return;
    }
    if (search->row == 0) {
        search->where_at = span_equal(cell, search->where_column) ? at : search->where_at;
        search->column_at = span_equal(cell, search->column) ? at : search->column_at;
        return;
    }
    if (at == search->where_at) {
        search->is_match = span_equal(cell, search->where_value);
    }
    if (at == search->column_at) {
        search->candidate = snprintf(search->text, search->cap, "%.*s", (int)len, (char *)bytes);
    }
}

static void on_row(int end, void *context)
{
    struct search *search = context;
    (void)end;
    if (search->row > 0 && search->is_match && search->len < 0) {
        search->len = search->candidate;
    }
    search->row++;
    search->at = 0;
    search->is_match = false;
    search->candidate = -1;
}

int table_cell(const char *path, struct span where_column, struct span where_value,
               struct span column, char *text, size_t cap, const char **error)
{
    struct search search = {.where_column = where_column,
                            .where_value = where_value,
                            .column = column,
                            .text = text,
                            .cap = cap,
                            .len = -1,
                            .where_at = COLUMN_NONE,
                            .column_at = COLUMN_NONE,
                            .candidate = -1};
    struct csv_parser parser;
    char block[4096];
    size_t got;
    FILE *file = fopen(path, "re");
    if (file == NULL || csv_init(&parser, CSV_STRICT) != 0) {
        *error = file == NULL ? "the file cannot be opened" : "out of memory";
        if (file != NULL) {
            (void)fclose(file);
        }
        return -1;
    }
    bool is_good = true;
    while (is_good && (got = fread(block, 1, sizeof block, file)) > 0) {
        is_good = csv_parse(&parser, block, got, on_cell, on_row, &search) == got;
    }
    is_good = is_good && csv_fini(&parser, on_cell, on_row, &search) == 0;
    csv_free(&parser);
    (void)fclose(file);
    *error = !is_good                          ? "it is no CSV file"
             : search.where_at == COLUMN_NONE  ? "it has no column of the `where`"
             : search.column_at == COLUMN_NONE ? "it has no such column"
                                               : "it has no such row";
    return is_good ? search.len : -1;
}
