#include "routes/stub_account.h"

#include <stdlib.h>

#include "iso8583/base/pan.h"
#include "routes/csv_rows.h"

enum column { PAN, EXPIRY, STATUS, BALANCE, LIMIT, CURRENCY, PVV };

struct reading {
    struct stub_account *account;
    size_t count;
    size_t cap;
    bool no_memory;
};

static bool digits_read(struct source *source, const struct csv_cell *cell, size_t len_min,
                        size_t len_max, const char *what, char *out)
{
    if (cell->text.len < len_min || cell->text.len > len_max || !span_is_digits(cell->text)) {
        source_error(source, cell->place, "%s", what);
        return false;
    }
    memcpy(out, cell->text.ptr, cell->text.len);
    out[cell->text.len] = '\0';
    return true;
}

static bool amount_read(struct source *source, const struct csv_cell *cell, int64_t *out)
{
    bool is_negative = cell->text.len > 0 && cell->text.ptr[0] == '-';
    uint64_t number = 0;
    /* Twelve digits are what DE4 and DE54 hold. */
    if (span_number(span_skip(cell->text, is_negative ? 1 : 0), &number) < 0 ||
        number > 999999999999u) {
        source_error(source, cell->place, "an amount is up to 12 digits of minor units");
        return false;
    }
    *out = is_negative ? -(int64_t)number : (int64_t)number;
    return true;
}

static bool row_read(struct source *source, const struct csv_cell *cells, struct stub_account *out)
{
    bool good = digits_read(source, &cells[PAN], 12, PAN_LEN_MAX,
                            "a card number is 12 to 19 digits", out->pan);
    good &= digits_read(source, &cells[EXPIRY], 4, 4, "an expiry is YYMM", out->expiry);
    if (out->expiry[0] != '\0' &&
        (memcmp(out->expiry + 2, "01", 2) < 0 || memcmp(out->expiry + 2, "12", 2) > 0)) {
        source_error(source, cells[EXPIRY].place, "an expiry is YYMM");
        good = false;
    }
    out->blocked = span_equal_text(cells[STATUS].text, "blocked");
    if (!out->blocked && !span_equal_text(cells[STATUS].text, "active")) {
        source_error(source, cells[STATUS].place, "a status is active or blocked");
        good = false;
    }
    good &= amount_read(source, &cells[BALANCE], &out->balance_minor);
    good &= amount_read(source, &cells[LIMIT], &out->limit_minor);
    good &= digits_read(source, &cells[CURRENCY], 3, 3, "a currency is three digits (978)",
                        out->currency);
    if (cells[PVV].text.len > 0) {
        good &= digits_read(source, &cells[PVV], 4, 4, "a PVV is four digits, or empty", out->pvv);
    }
    return good;
}

static void on_row(void *user, struct source *source, const struct csv_cell *cells)
{
    struct reading *reading = user;
    struct stub_account account = {0};
    if (!row_read(source, cells, &account) || reading->no_memory) {
        return;
    }
    if (reading->count == reading->cap) {
        size_t cap = reading->cap == 0 ? 256 : reading->cap * 2;
        struct stub_account *more = realloc(reading->account, cap * sizeof *more);
        reading->no_memory = more == NULL;
        if (more == NULL) {
            return;
        }
        reading->account = more;
        reading->cap = cap;
    }
    reading->account[reading->count++] = account;
}

int accounts_parse(struct source *source, struct stub_account **out, size_t *count)
{
    struct reading reading = {0};
    int status = csv_rows_parse(source, "pan,expiry,status,balance_minor,limit_minor,currency,pvv",
                                on_row, &reading);
    status = reading.no_memory ? ERR_MEMORY : status;
    if (status < 0) {
        free(reading.account);
        return status;
    }
    *out = reading.account;
    *count = reading.count;
    return 0;
}

void pan_mask(struct span pan, char *out)
{
    size_t len = pan.len < PAN_MASKED_LEN_MAX ? pan.len : PAN_MASKED_LEN_MAX - 1;
    for (size_t i = 0; i < len; i++) {
        out[i] = pan_shows(pan.len, i) ? (char)pan.ptr[i] : '*';
    }
    if (len == 0) {
        out[len++] = '-';
    }
    out[len] = '\0';
}
