#include "switch/config/card_file.h"

#include <stdlib.h>

#include "iso8583/base/pan.h"
#include "routes/csv_rows.h"
#include "switch/config/first_line.h"

enum column { COL_PAN, COL_EXPIRY, COL_PVKI, COL_PVV, COL_COUNT };
enum { PAN_LEN_MIN = 13, PAN_LEN_MAX = 19 };

static const char header[] = "pan,expiry,pvki,pvv";

/* A card and where it stands, while sorting. */
struct card_row {
    struct card_settings card;
    struct place place;
};

struct reading {
    struct source *source;
    struct card_row *rows;
    uint32_t count;
    uint32_t cap;
    int err;
};

static const char *pan_masked(const char *pan, char out[PAN_LEN_MAX + 1])
{
    size_t len = strlen(pan);
    CHECK(len >= PAN_LEN_MIN && len <= PAN_LEN_MAX);
    for (size_t i = 0; i <= len; i++) { /* with its NUL */
        out[i] = i == len || pan_shows(len, i) ? pan[i] : '*';
    }
    return out;
}

static bool is_digits(struct span text, size_t len_min, size_t len_max)
{
    return span_is_digits(text) && text.len >= len_min && text.len <= len_max;
}

static bool expiry_is_good(struct span text)
{
    if (text.len == 0) {
        return true;
    }
    if (!is_digits(text, 4, 4)) {
        return false;
    }
    int month = (text.ptr[2] - '0') * 10 + (text.ptr[3] - '0');
    return month >= 1 && month <= 12;
}

/* Add a problem at the column unless @is_good. Not a byte of the field is told: a file whose
 * columns are swapped has PANs everywhere. */
static bool require(struct reading *reading, const struct csv_cell *row, enum column column,
                    bool is_good, const char *what)
{
    if (!is_good) {
        source_error(reading->source, row[column].place, "%s", what);
    }
    return is_good;
}

static void add(struct reading *reading, const struct card_row *row)
{
    if (reading->count == reading->cap) {
        uint32_t cap = reading->cap == 0 ? 256 : 2 * reading->cap;
        struct card_row *larger = malloc(cap * sizeof *larger);
        if (larger == NULL) {
            reading->err = ERR_MEMORY;
            return;
        }
        if (reading->rows != NULL) { /* Not realloc(): what it leaves behind is not wiped. */
            memcpy(larger, reading->rows, reading->count * sizeof *larger);
            bytes_wipe(reading->rows, reading->count * sizeof *larger);
            free(reading->rows);
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
    struct card_row new = {.place = row[COL_PAN].place};
    if (reading->err < 0) {
        return;
    }
    if (reading->count == CARD_COUNT_MAX) {
        source_error(reading->source, new.place, "more than %d cards", CARD_COUNT_MAX);
        reading->err = ERR_FULL;
        return;
    }
    struct span pan = row[COL_PAN].text;
    struct span expiry = row[COL_EXPIRY].text;
    struct span pvki = row[COL_PVKI].text;
    struct span pvv = row[COL_PVV].text;
    bool is_good = require(reading, row, COL_PAN, is_digits(pan, PAN_LEN_MIN, PAN_LEN_MAX),
                           "pan: not 13 to 19 digits");
    is_good &=
        require(reading, row, COL_EXPIRY, expiry_is_good(expiry), "expiry: neither YYMM nor empty");
    is_good &= require(reading, row, COL_PVKI, is_digits(pvki, 1, 1) && pvki.ptr[0] <= '6',
                       "pvki: not a digit 0 to 6");
    is_good &= require(reading, row, COL_PVV, is_digits(pvv, 4, 4), "pvv: not 4 digits");
    if (!is_good) {
        return;
    }
    memcpy(new.card.pan, pan.ptr, pan.len);
    memcpy(new.card.expiry, expiry.ptr, expiry.len);
    memcpy(new.card.pvv, pvv.ptr, pvv.len);
    new.card.pvki = (char)pvki.ptr[0];
    add(reading, &new);
    bytes_wipe(&new, sizeof new);
}

/* By PAN as text, then by line, so that of two equals the later is told. */
static int row_compare(const void *a, const void *b)
{
    const struct card_row *left = a;
    const struct card_row *right = b;
    int order = strcmp(left->card.pan, right->card.pan);
    return order != 0                             ? order
           : left->place.line < right->place.line ? -1
                                                  : left->place.line > right->place.line;
}

static int finish(struct reading *reading, struct card_settings **out)
{
    if (reading->count == 0) {
        return 0;
    }
    qsort(reading->rows, reading->count, sizeof reading->rows[0], row_compare);
    struct card_settings *cards = calloc(reading->count, sizeof *cards);
    if (cards == NULL) {
        return ERR_MEMORY;
    }
    for (uint32_t i = 0; i < reading->count; i++) {
        const struct card_row *row = &reading->rows[i];
        cards[i] = row->card;
        if (i > 0 && strcmp(row->card.pan, cards[i - 1].pan) == 0) {
            char masked[PAN_LEN_MAX + 1];
            source_error(reading->source, row->place, "pan: card %s is already on line %u",
                         pan_masked(row->card.pan, masked), reading->rows[i - 1].place.line);
        }
    }
    *out = cards;
    return reading->source->error_count > 0 ? ERR_CONFIG : 0;
}

int card_file_parse(struct span text, const char *name, source_report report, void *context,
                    struct card_settings **out, uint32_t *count)
{
    struct first_line first_line = {report, context};
    struct source source = {name, text, first_line_report, &first_line, 0};
    struct reading reading = {.source = &source};
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
    } else if (*out != NULL) {
        bytes_wipe(*out, reading.count * sizeof **out);
        free(*out);
        *out = NULL;
    }
    if (reading.rows != NULL) {
        bytes_wipe(reading.rows, reading.cap * sizeof reading.rows[0]);
    }
    free(reading.rows);
    return err;
}
