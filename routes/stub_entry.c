#include "routes/stub_entry.h"

#include "iso8583/mti.h"

enum column {
    EVENT,
    WALL_MS,
    MTI,
    STAN,
    DE7,
    RRN,
    TERMINAL,
    AMOUNT,
    CURRENCY,
    PROC,
    AUTH,
    CODE,
    ACCOUNT,
    PAN,
    BY,
    COLUMN_COUNT,
};

static void text_write(struct writer *out, const char *text, size_t len)
{
    writer_u8(out, '\t');
    size_t used = len;
    while (used > 0 && text[used - 1] == ' ') {
        used--;
    }
    if (used == 0) {
        writer_u8(out, '-');
        return;
    }
    for (size_t i = 0; i < used; i++) {
        bool is_plain = text[i] >= ' ' && text[i] <= '~';
        writer_u8(out, is_plain ? (uint8_t)text[i] : '?');
    }
}

static void number_write(struct writer *out, uint64_t number)
{
    uint8_t digits[20];
    size_t count = 1;
    for (uint64_t rest = number / 10; rest > 0; rest /= 10) {
        count++;
    }
    digits_put(digits, count, number);
    writer_u8(out, '\t');
    writer_put(out, digits, count);
}

void entry_write(const struct stub_entry *entry, struct writer *out)
{
    const struct stub_name *name = &entry->name;
    uint8_t mti[4];
    CHECK(entry->amount_minor >= 0);
    writer_u8(out, (uint8_t)entry->event);
    number_write(out, entry->wall_ms < 0 ? 0 : (uint64_t)entry->wall_ms);
    mti_print(name->mti, mti);
    text_write(out, (const char *)mti, sizeof mti);
    text_write(out, name->stan, sizeof name->stan);
    text_write(out, name->de7, sizeof name->de7);
    text_write(out, name->rrn, sizeof name->rrn);
    text_write(out, name->terminal, sizeof name->terminal);
    number_write(out, (uint64_t)entry->amount_minor);
    text_write(out, entry->currency, sizeof entry->currency);
    text_write(out, entry->proc, sizeof entry->proc);
    text_write(out, entry->auth, sizeof entry->auth);
    text_write(out, entry->code, sizeof entry->code);
    number_write(out, entry->account);
    text_write(out, entry->pan, strnlen(entry->pan, sizeof entry->pan));
    if (entry->by_mti == 0) {
        text_write(out, "", 0);
    } else {
        mti_print(entry->by_mti, mti);
        text_write(out, (const char *)mti, sizeof mti);
        writer_u8(out, ':');
        writer_put(out, entry->by_stan, sizeof entry->by_stan);
    }
    writer_u8(out, '\n');
}

struct columns {
    struct source *source;
    struct span line;
    uint32_t line_number;
    struct span cell[COLUMN_COUNT];
};

static bool cell_wrong(const struct columns *columns, enum column column, const char *what)
{
    struct span cell = columns->cell[column];
    source_error(columns->source,
                 (struct place){columns->line_number, (uint32_t)(cell.ptr - columns->line.ptr) + 1,
                                (uint32_t)cell.len},
                 "%s", what);
    return false;
}

static bool text_read(const struct columns *columns, enum column column, char *out, size_t len)
{
    struct span cell = columns->cell[column];
    memset(out, ' ', len);
    if (span_equal_text(cell, "-")) {
        return true;
    }
    if (cell.len == 0 || cell.len > len) {
        return cell_wrong(columns, column, "the column is empty or too long");
    }
    memcpy(out, cell.ptr, cell.len);
    return true;
}

static bool number_read(const struct columns *columns, enum column column, uint64_t max,
                        uint64_t *out)
{
    return (span_number(columns->cell[column], out) == 0 && *out <= max) ||
           cell_wrong(columns, column, "the column is no number, or too large");
}

static bool by_read(const struct columns *columns, struct stub_entry *out)
{
    struct span by = columns->cell[BY];
    memset(out->by_stan, ' ', sizeof out->by_stan);
    if (span_equal_text(by, "-")) {
        return true;
    }
    if (by.len != 11 || by.ptr[4] != ':' || mti_parse(by.ptr) == 0) {
        return cell_wrong(columns, BY, "expected MTI:STAN");
    }
    out->by_mti = mti_parse(by.ptr);
    memcpy(out->by_stan, by.ptr + 5, sizeof out->by_stan);
    return true;
}

/* Cut the line at its tabs. */
static bool columns_cut(struct columns *columns)
{
    size_t start = 0;
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        struct span rest = span_skip(columns->line, start);
        const uint8_t *tab = memchr(rest.ptr, '\t', rest.len);
        bool is_last = i + 1 == COLUMN_COUNT;
        if ((tab == NULL) != is_last) {
            source_error(columns->source,
                         (struct place){columns->line_number, 1, (uint32_t)columns->line.len},
                         "a journal line has %d columns", COLUMN_COUNT);
            return false;
        }
        columns->cell[i] = tab != NULL ? span_first(rest, (size_t)(tab - rest.ptr)) : rest;
        start += columns->cell[i].len + 1;
    }
    return true;
}

static bool name_read(const struct columns *columns, struct stub_name *name)
{
    struct span mti = columns->cell[MTI];
    if (mti.len != 4 || !span_is_digits(mti)) {
        return cell_wrong(columns, MTI, "expected an MTI");
    }
    name->mti = mti_parse(mti.ptr);
    return text_read(columns, STAN, name->stan, sizeof name->stan) &&
           text_read(columns, DE7, name->de7, sizeof name->de7) &&
           text_read(columns, RRN, name->rrn, sizeof name->rrn) &&
           text_read(columns, TERMINAL, name->terminal, sizeof name->terminal);
}

int entry_read(struct source *source, uint32_t line_number, struct span line,
               struct stub_entry *out)
{
    struct columns columns = {.source = source, .line = line, .line_number = line_number};
    uint64_t wall_ms = 0;
    uint64_t amount = 0;
    uint64_t account = 0;
    *out = (struct stub_entry){0};
    if (!columns_cut(&columns)) {
        return ERR_CONFIG;
    }
    struct span event = columns.cell[EVENT];
    if (event.len != 1 || event.ptr[0] == '\0' || strchr("PARDT", event.ptr[0]) == NULL) {
        (void)cell_wrong(&columns, EVENT, "expected one of P A R D T");
        return ERR_CONFIG;
    }
    out->event = (enum stub_event)event.ptr[0];
    struct span pan = span_first(columns.cell[PAN], sizeof out->pan - 1);
    memcpy(out->pan, pan.ptr, pan.len);
    bool good = number_read(&columns, WALL_MS, INT64_MAX, &wall_ms) &&
                name_read(&columns, &out->name) &&
                number_read(&columns, AMOUNT, 999999999999u, &amount) &&
                text_read(&columns, CURRENCY, out->currency, sizeof out->currency) &&
                text_read(&columns, PROC, out->proc, sizeof out->proc) &&
                text_read(&columns, AUTH, out->auth, sizeof out->auth) &&
                text_read(&columns, CODE, out->code, sizeof out->code) &&
                number_read(&columns, ACCOUNT, UINT32_MAX, &account) && by_read(&columns, out);
    out->wall_ms = (int64_t)wall_ms;
    out->amount_minor = (int64_t)amount;
    out->account = (uint32_t)account;
    return good ? 0 : ERR_CONFIG;
}
