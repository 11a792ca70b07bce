#include "switch/config/terminal_file.h"

#include <stdlib.h>

#include "routes/csv_rows.h"
#include "iso8583/yaml/problems.h"
#include "switch/config/first_line.h"
#include "switch/config/key_text.h"

enum column { COL_ID, COL_MERCHANT, COL_MCC, COL_GROUP, COL_STATE, COL_TPK, COL_TAK, COL_COUNT };

static const char header[] = "id,merchant,mcc,group,state,tpk,tak";

/* A terminal and where it stands, while sorting. */
struct terminal_row {
    struct terminal_settings terminal;
    struct place place;
};

struct reading {
    struct source *source;
    const struct group_settings *groups;
    uint32_t group_count;
    struct terminal_row *rows;
    uint32_t count;
    uint32_t cap;
    int err;
};

static bool is_printable(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < 0x20 || text.ptr[i] > 0x7E) {
            return false;
        }
    }
    return true;
}

/* Copy the field into @to (@cap bytes, zeroed) if it is printable and fits. */
static bool read_text(struct reading *reading, const struct csv_cell *row, enum column column,
                      const char *what, char *to, size_t cap)
{
    struct span text = row[column].text;
    if (text.len >= cap || !is_printable(text)) {
        source_error(reading->source, row[column].place,
                     "%s: up to %zu printable characters are possible", what, cap - 1);
        return false;
    }
    memcpy(to, text.ptr, text.len);
    return true;
}

static bool read_mcc(struct reading *reading, const struct csv_cell *row, char *to)
{
    struct span text = row[COL_MCC].text;
    char quote[QUOTE_LEN];
    if (text.len != 0 && (text.len != 4 || !span_is_digits(text))) {
        source_error(reading->source, row[COL_MCC].place, "mcc: '%s' is not 4 digits",
                     problem_quote(text, quote));
        return false;
    }
    memcpy(to, text.ptr, text.len);
    return true;
}

static bool read_group(struct reading *reading, const struct csv_cell *row, uint16_t *to)
{
    struct span text = row[COL_GROUP].text;
    char quote[QUOTE_LEN];
    for (uint32_t i = 0; i < reading->group_count; i++) {
        if (span_equal_text(text, reading->groups[i].name)) {
            *to = (uint16_t)i;
            return true;
        }
    }
    source_error(reading->source, row[COL_GROUP].place, "group: there is no group '%s'",
                 problem_quote(text, quote));
    return false;
}

static bool read_state(struct reading *reading, const struct csv_cell *row, uint8_t *to)
{
    struct span text = row[COL_STATE].text;
    char quote[QUOTE_LEN];
    bool is_closed = span_equal_text(text, "closed");
    if (!is_closed && !span_equal_text(text, "active")) {
        source_error(reading->source, row[COL_STATE].place,
                     "state: '%s' is neither active nor closed", problem_quote(text, quote));
        return false;
    }
    *to = is_closed ? TERMINAL_CLOSED : TERMINAL_ACTIVE;
    return true;
}

static bool read_key(struct reading *reading, const struct csv_cell *row, enum column column,
                     const char *what, struct key_text *to)
{
    struct span text = row[column].text;
    if (text.len != 0 && key_text_parse(text, KEY_SHAPES_ANY, to) < 0) {
        source_error(reading->source, row[column].place,
                     "%s: %zu characters that are not a key (%s)", what, text.len,
                     key_shapes_text(KEY_SHAPES_ANY));
        return false;
    }
    return true;
}

/* What a terminal must have because of its group. */
static bool check_group(struct reading *reading, const struct csv_cell *row,
                        const struct terminal_settings *terminal)
{
    const struct group_settings *group = &reading->groups[terminal->group];
    bool is_bad =
        group->mac_required && terminal->state == TERMINAL_ACTIVE && terminal->tak.text[0] == '\0';
    if (is_bad) {
        source_error(reading->source, row[COL_TAK].place,
                     "tak: a key is needed, group '%s' requires a MAC", group->name);
    }
    return !is_bad;
}

static void add(struct reading *reading, const struct terminal_row *row)
{
    if (reading->count == reading->cap) {
        uint32_t cap = reading->cap == 0 ? 256 : 2 * reading->cap;
        struct terminal_row *larger = realloc(reading->rows, cap * sizeof *larger);
        if (larger == NULL) {
            reading->err = ERR_MEMORY;
            return;
        }
        reading->rows = larger;
        reading->cap = cap;
    }
    reading->rows[reading->count++] = *row;
}

static void on_row(void *user, struct source *source, const struct csv_cell *row)
{
    struct reading *reading = user;
    (void)source;
    struct terminal_row new = {.place = row[COL_ID].place};
    struct terminal_settings *terminal = &new.terminal;
    if (reading->err < 0) {
        return;
    }
    if (reading->count == TERMINAL_COUNT_MAX) {
        source_error(reading->source, new.place, "more than %d terminals", TERMINAL_COUNT_MAX);
        reading->err = ERR_FULL;
        return;
    }
    bool is_good = read_text(reading, row, COL_ID, "id", terminal->id, sizeof terminal->id);
    if (row[COL_ID].text.len == 0) {
        source_error(reading->source, new.place, "id: 1 to 8 characters are needed");
        is_good = false;
    }
    is_good &= read_text(reading, row, COL_MERCHANT, "merchant", terminal->merchant,
                         sizeof terminal->merchant);
    is_good &= read_mcc(reading, row, terminal->mcc);
    is_good &= read_group(reading, row, &terminal->group);
    is_good &= read_state(reading, row, &terminal->state);
    is_good &= read_key(reading, row, COL_TPK, "tpk", &terminal->tpk);
    is_good &= read_key(reading, row, COL_TAK, "tak", &terminal->tak);
    if (!is_good || !check_group(reading, row, terminal)) {
        return;
    }
    for (size_t i = row[COL_ID].text.len; i < sizeof terminal->id - 1; i++) {
        terminal->id[i] = ' ';
    }
    add(reading, &new);
}

/* By id, then by line, so that of two equals the later is told. */
static int row_compare(const void *a, const void *b)
{
    const struct terminal_row *left = a;
    const struct terminal_row *right = b;
    int order = memcmp(left->terminal.id, right->terminal.id, sizeof left->terminal.id);
    return order != 0                             ? order
           : left->place.line < right->place.line ? -1
                                                  : left->place.line > right->place.line;
}

static int finish(struct reading *reading, struct terminal_settings **out)
{
    if (reading->count == 0) {
        return 0;
    }
    qsort(reading->rows, reading->count, sizeof reading->rows[0], row_compare);
    struct terminal_settings *terminals = calloc(reading->count, sizeof *terminals);
    if (terminals == NULL) {
        return ERR_MEMORY;
    }
    for (uint32_t i = 0; i < reading->count; i++) {
        const struct terminal_row *row = &reading->rows[i];
        terminals[i] = row->terminal;
        if (i > 0 && memcmp(row->terminal.id, terminals[i - 1].id, sizeof row->terminal.id) == 0) {
            source_error(reading->source, row->place, "id: terminal '%s' is already on line %u",
                         row->terminal.id, reading->rows[i - 1].place.line);
        }
    }
    *out = terminals;
    return reading->source->error_count > 0 ? ERR_CONFIG : 0;
}

int terminal_file_parse(struct span text, const char *name, const struct group_settings *groups,
                        uint32_t group_count, source_report report, void *context,
                        struct terminal_settings **out, uint32_t *count)
{
    struct first_line first_line = {report, context};
    struct source source = {name, text, first_line_report, &first_line, 0};
    struct reading reading = {.source = &source, .groups = groups, .group_count = group_count};
    *out = NULL;
    *count = 0;
    int err = csv_rows_parse(&source, header, on_row, &reading);
    err = reading.err == ERR_MEMORY ? ERR_MEMORY : err;
    if (err == 0 || err == ERR_CONFIG) { /* Duplicates are told with the rest. */
        int finished = finish(&reading, out);
        err = err == 0 ? finished : err;
    }
    if (err == 0) {
        *count = reading.count;
    } else {
        free(*out);
        *out = NULL;
    }
    free(reading.rows);
    return err;
}
