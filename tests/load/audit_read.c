#include <stdlib.h>

#include "tests/load/audit.h"
#include "tests/load/journal.h"
#include "tests/load/table.h"

enum {
    TERMINAL_LEN = 8,
    RRN_LEN = 12,
    SALE_KEY_LEN = 24,
    GROUP_KEY_LEN = 20,
    POSTING_KEY_LEN = 40
};

void audit_init(struct audit *audit)
{
    memset(audit, 0, sizeof *audit);
    audit->sale_of.key_len = SALE_KEY_LEN;
    audit->posting_of.key_len = POSTING_KEY_LEN;
    audit->group_of.key_len = GROUP_KEY_LEN;
}

void audit_deinit(struct audit *audit)
{
    free(audit->sales);
    free(audit->postings);
    free(audit->groups);
    free(audit->sale_of.memory);
    free(audit->posting_of.memory);
    free(audit->group_of.memory);
    memset(audit, 0, sizeof *audit);
}

struct currency_sum *audit_sum(struct audit *audit, uint32_t currency)
{
    for (uint32_t i = 0; i < audit->sum_count; i++) {
        if (audit->sums[i].currency == currency) {
            return &audit->sums[i];
        }
    }
    if (audit->sum_count == CURRENCIES_MAX) {
        return NULL;
    }
    struct currency_sum *sum = &audit->sums[audit->sum_count++];
    sum->currency = currency;
    return sum;
}

/* Append @cell to a key, filled with spaces up to @len. */
static int key_cell(struct writer *key, struct span cell, size_t len)
{
    if (cell.len > len) {
        return ERR_LENGTH;
    }
    writer_span(key, cell);
    for (size_t i = cell.len; i < len; i++) {
        writer_u8(key, ' ');
    }
    return 0;
}

/* A cell that may be '-': nothing. */
static int text_or_none(struct span cell, char *out, size_t cap)
{
    return table_text(span_equal_text(cell, "-") ? SPAN_NONE : cell, out, cap);
}

static int cell_number32(struct span cell, uint32_t *out)
{
    int64_t number = 0;
    TRY(table_number(cell, &number));
    if (number < 0 || number > UINT32_MAX) {
        return ERR_RANGE;
    }
    *out = (uint32_t)number;
    return 0;
}

/* +1 for a debit of the card (a sale), -1 for a refund, 0 if no money moves. */
static int proc_sign(struct span proc)
{
    struct span kind = span_first(proc, 2);
    if (span_equal_text(kind, "30") || span_equal_text(kind, "31")) {
        return 0;
    }
    return span_equal_text(kind, "20") ? -1 : 1;
}

/* The group of @terminal and @rrn, made at first need. */
static int group_get(struct audit *audit, struct span terminal, struct span rrn, uint32_t *out)
{
    uint8_t bytes[GROUP_KEY_LEN];
    struct writer key = writer_make(bytes, sizeof bytes);
    TRY(key_cell(&key, terminal, TERMINAL_LEN));
    TRY(key_cell(&key, rrn, RRN_LEN));
    if (grow_map_find(&audit->group_of, bytes, out)) {
        return 0;
    }
    void *items = audit->groups;
    TRY(grow_array(&items, audit->group_count, &audit->group_capacity, sizeof *audit->groups));
    audit->groups = items;
    TRY(grow_map_add(&audit->group_of, bytes, audit->group_count));
    struct group *group = &audit->groups[audit->group_count];
    memset(group, 0, sizeof *group);
    group->sale = GROUP_NONE;
    TRY(table_text(terminal, group->terminal, sizeof group->terminal));
    TRY(table_text(rrn, group->rrn, sizeof group->rrn));
    *out = audit->group_count++;
    return 0;
}

static void group_currency(struct group *group, uint32_t currency)
{
    group->mixed = group->mixed || (group->currency != 0 && group->currency != currency);
    group->currency = currency;
}

/* --- Terminals -------------------------------------------------------------------------------- */

static const char terminal_columns[] =
    "event,terminal,date,time,stan,mti,amount,currency,proc,code,"
    "auth,rrn";
enum {
    T_EVENT,
    T_TERMINAL,
    T_DATE,
    T_TIME,
    T_STAN,
    T_MTI,
    T_AMOUNT,
    T_CURRENCY,
    T_PROC,
    T_CODE,
    T_AUTH,
    T_RRN
};

static int sale_add(struct audit *audit, const struct span *cells, const uint8_t *key)
{
    void *items = audit->sales;
    TRY(grow_array(&items, audit->sale_count, &audit->sale_capacity, sizeof *audit->sales));
    audit->sales = items;
    struct sale *sale = &audit->sales[audit->sale_count];
    memset(sale, 0, sizeof *sale);
    TRY(table_text(cells[T_TERMINAL], sale->terminal, sizeof sale->terminal));
    TRY(table_text(cells[T_PROC], sale->proc, sizeof sale->proc));
    TRY(cell_number32(cells[T_STAN], &sale->stan));
    TRY(cell_number32(cells[T_CURRENCY], &sale->currency));
    TRY(table_number(cells[T_AMOUNT], &sale->signed_minor));
    sale->signed_minor *= proc_sign(cells[T_PROC]);
    TRY(grow_map_add(&audit->sale_of, key, audit->sale_count));
    audit->sale_count++;
    return 0;
}

static int sale_answer(struct sale *sale, const struct span *cells)
{
    TRY(text_or_none(cells[T_AUTH], sale->auth, sizeof sale->auth));
    TRY(text_or_none(cells[T_RRN], sale->rrn, sizeof sale->rrn));
    if (sale->state != SALE_OPEN) {
        return 0; /* too late to change anything */
    }
    bool approves = span_equal_text(cells[T_CODE], "00") || span_equal_text(cells[T_CODE], "10");
    sale->state = approves ? SALE_APPROVED : SALE_DECLINED;
    if (approves) {
        TRY(table_number(cells[T_AMOUNT], &sale->signed_minor));
        sale->signed_minor *= proc_sign(cells[T_PROC]);
    }
    return 0;
}

static int on_terminal_line(void *user, const struct span *cells, uint32_t line)
{
    (void)line;
    struct audit *audit = user;
    uint8_t bytes[SALE_KEY_LEN];
    struct writer key = writer_make(bytes, sizeof bytes);
    TRY(key_cell(&key, cells[T_TERMINAL], TERMINAL_LEN));
    TRY(key_cell(&key, cells[T_DATE], 4));
    TRY(key_cell(&key, cells[T_TIME], 6));
    TRY(key_cell(&key, cells[T_STAN], 6));
    int event = journal_event_find(cells[T_EVENT]);
    if (event == JOURNAL_SENT) {
        return sale_add(audit, cells, bytes);
    }
    uint32_t index = 0;
    if (event < 0 || !grow_map_find(&audit->sale_of, bytes, &index)) {
        return ERR_NOT_FOUND; /* An event of what was never sent: this is no journal of ours. */
    }
    struct sale *sale = &audit->sales[index];
    switch (event) {
    case JOURNAL_ANSWER:
        return sale_answer(sale, cells);
    case JOURNAL_REVERSAL:
        sale->state = SALE_REVERSING;
        return 0;
    case JOURNAL_REVERSED:
        sale->state = SALE_REVERSED;
        return 0;
    case JOURNAL_GAVE_UP:
        sale->state = sale->state == SALE_REVERSING ? SALE_OWED : sale->state;
        return 0;
    default:
        return 0;
    }
}

int audit_read_terminals(struct audit *audit, const char *path)
{
    struct table_plan plan = {path, '\t', terminal_columns, on_terminal_line, audit};
    return table_read(&plan, NULL);
}

/* --- Issuers ---------------------------------------------------------------------------------- */

static const char issuer_columns[] = "event,mti,stan,de7,rrn,terminal,amount,currency,proc,auth";
enum { I_EVENT, I_MTI, I_STAN, I_DE7, I_RRN, I_TERMINAL, I_AMOUNT, I_CURRENCY, I_PROC, I_AUTH };

static int posting_key(const struct span *cells, uint8_t *bytes)
{
    struct writer key = writer_make(bytes, POSTING_KEY_LEN);
    TRY(key_cell(&key, cells[I_TERMINAL], TERMINAL_LEN));
    TRY(key_cell(&key, cells[I_RRN], RRN_LEN));
    TRY(key_cell(&key, cells[I_MTI], 4));
    TRY(key_cell(&key, cells[I_STAN], 6));
    return key_cell(&key, cells[I_DE7], 10);
}

static int posting_add(struct audit *audit, const struct span *cells, const uint8_t *key,
                       int64_t amount_minor)
{
    uint32_t group = 0;
    TRY(group_get(audit, cells[I_TERMINAL], cells[I_RRN], &group));
    void *items = audit->postings;
    TRY(grow_array(&items, audit->posting_count, &audit->posting_capacity,
                   sizeof *audit->postings));
    audit->postings = items;
    struct posting *posting = &audit->postings[audit->posting_count];
    *posting = (struct posting){
        .group = (int32_t)group, .sign = proc_sign(cells[I_PROC]), .net_minor = amount_minor};
    TRY(cell_number32(cells[I_CURRENCY], &posting->currency));
    TRY(text_or_none(cells[I_AUTH], posting->auth, sizeof posting->auth));
    group_currency(&audit->groups[group], posting->currency);
    /* One name booked twice is two postings; what takes it back is then held against the first. */
    int result = grow_map_add(&audit->posting_of, key, audit->posting_count);
    audit->posting_count++;
    return result == ERR_EXISTS ? 0 : result;
}

static int on_issuer_line(void *user, const struct span *cells, uint32_t line)
{
    (void)line;
    struct audit *audit = user;
    uint8_t key[POSTING_KEY_LEN];
    int64_t amount_minor = 0;
    TRY(posting_key(cells, key));
    TRY(table_number(cells[I_AMOUNT], &amount_minor));
    bool posts = span_equal_text(cells[I_EVENT], "P") || span_equal_text(cells[I_EVENT], "A");
    bool takes_back = span_equal_text(cells[I_EVENT], "R");
    bool is_hold = span_equal_text(cells[I_MTI], "0100");
    if (proc_sign(cells[I_PROC]) == 0 || is_hold || amount_minor == 0) {
        return 0; /* no money is booked */
    }
    if (posts) {
        return posting_add(audit, cells, key, amount_minor);
    }
    if (takes_back) {
        uint32_t index = 0;
        if (!grow_map_find(&audit->posting_of, key, &index)) {
            return ERR_NOT_FOUND;
        }
        audit->postings[index].net_minor -= amount_minor;
    }
    return 0;
}

int audit_read_issuer(struct audit *audit, const char *path)
{
    struct table_plan plan = {path, '\t', issuer_columns, on_issuer_line, audit};
    return table_read(&plan, NULL);
}

/* --- Clearing --------------------------------------------------------------------------------- */

/* Rows of enum item_kind: the name in files, the sign of the money, and what it does to the count
 * of what is presented. */
static const struct {
    const char *name;
    int sign;
    int count;
} item_kinds[ITEM_KIND_COUNT] = {
    [ITEM_S] = {"S", 1, 1},
    [ITEM_SR] = {"SR", -1, -1},
    [ITEM_R] = {"R", -1, 1},
    [ITEM_RR] = {"RR", 1, -1},
};

static int item_kind_find(struct span name)
{
    for (int i = 0; i < ITEM_KIND_COUNT; i++) {
        if (span_equal_text(name, item_kinds[i].name)) {
            return i;
        }
    }
    return -1;
}

static int item_sum_add(struct item_sum *sum, int64_t count, int64_t minor)
{
    return __builtin_add_overflow(sum->count, count, &sum->count) ||
                   __builtin_add_overflow(sum->minor, minor, &sum->minor)
               ? ERR_RANGE
               : 0;
}

static const char clearing_columns[] = "kind,amount_minor,currency,stan,rrn,auth_code,terminal";
enum { C_KIND, C_AMOUNT, C_CURRENCY, C_STAN, C_RRN, C_AUTH, C_TERMINAL };

static int on_clearing_line(void *user, const struct span *cells, uint32_t line)
{
    (void)line;
    struct audit *audit = user;
    int kind = item_kind_find(cells[C_KIND]);
    int64_t minor = 0;
    uint32_t currency = 0;
    uint32_t index = 0;
    if (kind < 0) {
        return ERR_FORMAT;
    }
    TRY(table_number(cells[C_AMOUNT], &minor));
    TRY(cell_number32(cells[C_CURRENCY], &currency));
    TRY(group_get(audit, cells[C_TERMINAL], cells[C_RRN], &index));
    struct group *group = &audit->groups[index];
    struct currency_sum *sum = audit_sum(audit, currency);
    if (sum == NULL) {
        return ERR_FULL;
    }
    TRY(item_sum_add(&sum->items[kind], 1, minor));
    group_currency(group, currency);
    group->presented_count += item_kinds[kind].count;
    if (__builtin_add_overflow(group->presented_minor, item_kinds[kind].sign * minor,
                               &group->presented_minor)) {
        return ERR_RANGE;
    }
    TRY(cell_number32(cells[C_STAN], &group->presented_stan));
    return text_or_none(cells[C_AUTH], group->presented_auth, sizeof group->presented_auth);
}

int audit_read_clearing(struct audit *audit, const char *path)
{
    struct table_plan plan = {path, ',', clearing_columns, on_clearing_line, audit};
    audit->has_clearing = true;
    return table_read(&plan, NULL);
}

static int on_totals_line(void *user, const struct span *cells, uint32_t line)
{
    (void)line;
    struct audit *audit = user;
    int kind = item_kind_find(cells[0]);
    int64_t count = 0;
    int64_t minor = 0;
    uint32_t currency = 0;
    TRY(cell_number32(cells[1], &currency));
    TRY(table_number(cells[2], &count));
    TRY(table_number(cells[3], &minor));
    struct currency_sum *sum = audit_sum(audit, currency);
    if (sum == NULL) {
        return ERR_FULL;
    }
    /* The other rows prove the file against itself; swclear verify looks at those. */
    return kind < 0 ? 0 : item_sum_add(&sum->totals[kind], count, minor);
}

int audit_read_totals(struct audit *audit, const char *path)
{
    struct table_plan plan = {path, ',', "kind,currency,count,amount_minor", on_totals_line, audit};
    audit->has_totals = true;
    return table_read(&plan, NULL);
}
