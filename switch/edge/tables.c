#include "switch/edge/tables.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "iso8583/base/calendar.h"
#include "switch/store/schema.h"

enum {
    PAGE_MAX = 1000,
    PAGE_DEFAULT = 100,
    DUE_KEY_LEN = 24, /* issuer (16, zero filled), due_seq (8) */
};

void tables_print_day(uint32_t day, char out[11])
{
    snprintf(out, 11, "%04u-%02u-%02u", day / 10000 % 10000, day / 100 % 100, day % 100);
}

uint32_t tables_parse_day(const json_t *day)
{
    const char *text = json_string_value(day);
    uint64_t year;
    uint64_t month;
    uint64_t date;
    if (text == NULL || strlen(text) != 10 || text[4] != '-' || text[7] != '-' ||
        span_number(span_make(text, 4), &year) != 0 ||
        span_number(span_make(text + 5, 2), &month) != 0 ||
        span_number(span_make(text + 8, 2), &date) != 0) {
        return 0;
    }
    uint32_t number = (uint32_t)(year * 10000 + month * 100 + date);
    return day_is_valid(number) ? number : 0;
}

struct kv_txn *tables_begin(struct kv *kv, const char **error)
{
    struct kv_txn *txn = NULL;
    if (kv_begin(kv, false, &txn) != 0) {
        *error = "the store cannot be read";
        return NULL;
    }
    return txn;
}

uint32_t tables_current_day(struct kv *kv)
{
    const char *error = NULL;
    struct kv_txn *txn = tables_begin(kv, &error);
    struct span key;
    struct span row;
    uint32_t day = 0;
    if (txn == NULL) {
        return 0;
    }
    if (kv_last(txn, KV_days, &key, &row) == 1 && key.len == 4) {
        day = be32_get(key.ptr);
    }
    kv_abort(txn);
    return day;
}

/* Walk the days, oldest first. Returns 1 and the row behind @after, or 0. */
static int next_day(struct kv_txn *txn, uint32_t after, struct day_row *row)
{
    uint8_t key[4];
    struct span found;
    struct span value;
    be32_put(key, after + 1);
    int rc = kv_seek(txn, KV_days, span_make(key, sizeof key), &found, &value);
    return rc == 1 && day_row_decode(value, row) == 0 ? 1 : 0;
}

uint32_t tables_oldest_cut(struct kv *kv)
{
    const char *error = NULL;
    struct kv_txn *txn = tables_begin(kv, &error);
    struct day_row row = {0};
    uint32_t day = 0;
    if (txn == NULL) {
        return 0;
    }
    while (day == 0 && next_day(txn, row.day, &row) == 1) {
        day = row.state == DAY_CUT ? row.day : 0;
    }
    kv_abort(txn);
    return day;
}

static const char *day_state_name(uint8_t state)
{
    switch ((enum day_state)state) {
    case DAY_OPEN:
        return "OPEN";
    case DAY_DRAINING:
        return "DRAINING";
    case DAY_DRAINED:
        return "DRAINED";
    case DAY_CUT:
        return "CUT";
    case DAY_CLOSED:
        return "CLOSED";
    }
    return "?";
}

static json_t *totals_row_json(struct span key, const struct totals_row *row)
{
    char issuer[17] = {0};
    char acquirer[13] = {0};
    memcpy(issuer, key.ptr + 4, 16);
    memcpy(acquirer, key.ptr + 20, 12);
    json_t *out = json_pack("{s:s,s:s,s:i}", "issuer", issuer, "acquirer", acquirer, "currency",
                            (int)be16_get(key.ptr + 32));
    const struct {
        const char *name;
        json_int_t value;
    } numbers[] = {
        {"sales_count", (json_int_t)row->sales_count},
        {"sales_minor", row->sales_minor},
        {"refunds_count", (json_int_t)row->refunds_count},
        {"refunds_minor", row->refunds_minor},
        {"sales_reversed_count", (json_int_t)row->sales_reversed_count},
        {"sales_reversed_minor", row->sales_reversed_minor},
        {"refunds_reversed_count", (json_int_t)row->refunds_reversed_count},
        {"refunds_reversed_minor", row->refunds_reversed_minor},
        {"declined_count", (json_int_t)row->declined_count},
        {"unknown_count", (json_int_t)row->unknown_count},
        {"reversal_done_count", (json_int_t)row->reversal_done_count},
        {"late_count", (json_int_t)row->late_count},
        {"net_minor", row->sales_minor - row->sales_reversed_minor - row->refunds_minor +
                          row->refunds_reversed_minor},
    };
    for (size_t i = 0; i < ARRAY_COUNT(numbers); i++) {
        json_object_set_new(out, numbers[i].name, json_integer(numbers[i].value));
    }
    return out;
}

static json_t *day_totals_json(struct kv_txn *txn, uint32_t day)
{
    enum { TOTALS_KEY = 34 };
    uint8_t from[TOTALS_KEY + 1] = {0};
    size_t from_len = 4;
    struct span key;
    struct span row;
    struct totals_row totals;
    json_t *rows = json_array();
    be32_put(from, day);
    while (kv_seek(txn, KV_totals, span_make(from, from_len), &key, &row) == 1 &&
           key.len == TOTALS_KEY && be32_get(key.ptr) == day &&
           totals_row_decode(row, &totals) == 0) {
        memcpy(from, key.ptr, TOTALS_KEY);
        from_len = TOTALS_KEY + 1;
        json_array_append_new(rows, totals_row_json(key, &totals));
    }
    return rows;
}

static json_t *day_json(struct kv_txn *txn, const struct day_row *row)
{
    char day[11];
    tables_print_day(row->day, day);
    return json_pack(
        "{s:s,s:s,s:I,s:I,s:I,s:I,s:I,s:o}", "day", day, "state", day_state_name(row->state),
        "opened_ms", (json_int_t)row->opened_ms, "closed_ms", (json_int_t)row->closed_ms,
        "open_count", (json_int_t)row->open_count, "due_count", (json_int_t)row->due_count,
        "dead_count", (json_int_t)row->dead_count, "totals", day_totals_json(txn, row->day));
}

json_t *tables_day_show(struct kv *kv, const json_t *request, const char **error)
{
    const json_t *wanted = json_object_get(request, "day");
    uint32_t only = wanted == NULL ? 0 : tables_parse_day(wanted);
    struct day_row row = {0};
    if (wanted != NULL && only == 0) {
        *error = "day is not a date like 2026-11-21";
        return NULL;
    }
    struct kv_txn *txn = tables_begin(kv, error);
    if (txn == NULL) {
        return NULL;
    }
    json_t *days = json_array();
    while (next_day(txn, row.day, &row) == 1) {
        if (only == 0 || only == row.day) {
            json_array_insert_new(days, 0, day_json(txn, &row));
        }
    }
    kv_abort(txn);
    if (only != 0 && json_array_size(days) == 0) {
        json_decref(days);
        *error = "no such business day";
        return NULL;
    }
    return json_pack("{s:o}", "days", days);
}

/* The due row behind @key (of @key_len bytes; 0: the first), whose own key and the zero byte behind
 * it then stand in @key. Returns 1, 0 at the end, or an error. */
static int next_due(struct kv_txn *txn, uint8_t key[DUE_KEY_LEN + 1], size_t *key_len,
                    struct due_row *due)
{
    struct span found;
    struct span row;
    int rc = kv_seek(txn, KV_due, span_make(key, *key_len), &found, &row);
    if (rc != 1) {
        return rc;
    }
    if (found.len != DUE_KEY_LEN) {
        return ERR_CORRUPT;
    }
    TRY(due_row_decode(row, due));
    memcpy(key, found.ptr, DUE_KEY_LEN);
    key[DUE_KEY_LEN] = 0;
    *key_len = DUE_KEY_LEN + 1;
    return 1;
}

/* How many rows are due: the sum of what the days count. */
static json_int_t count_all_due(struct kv_txn *txn)
{
    struct day_row row = {0};
    json_int_t count = 0;
    while (next_day(txn, row.day, &row) == 1) {
        count += (json_int_t)row.due_count;
    }
    return count;
}

static json_t *due_json(const struct due_row *due, const struct record *record)
{
    return json_pack(
        "{s:I,s:I,s:s,s:I,s:i,s:b,s:I,s:i,s:s,s:s}", "due_seq", (json_int_t)due->due_seq, "seq",
        (json_int_t)due->seq, "issuer", due->issuer, "since_ms", (json_int_t)due->since_ms, "tries",
        (int)due->tries, "dead", (int)due->dead, "amount_minor", (json_int_t)record->amount_minor,
        "currency", (int)record->currency, "pan", record->pan_masked, "terminal", record->terminal);
}

/* Where a page begins: behind "visa/117", which `next` of the page before said. An absent @after:
 * at the first row. ERR_FORMAT if it is not of that form. */
static int due_cursor(const json_t *after, uint8_t key[DUE_KEY_LEN + 1], size_t *key_len)
{
    const char *text = json_string_value(after);
    const char *slash = text == NULL ? NULL : strrchr(text, '/');
    uint64_t due_seq = 0;
    *key_len = 0;
    if (after == NULL) {
        return 0;
    }
    if (slash == NULL || slash - text > 16 || span_number(span_text(slash + 1), &due_seq) != 0) {
        return ERR_FORMAT;
    }
    memset(key, 0, DUE_KEY_LEN + 1);
    memcpy(key, text, (size_t)(slash - text));
    be64_put(key + 16, due_seq);
    *key_len = DUE_KEY_LEN + 1;
    return 0;
}

/* At most @limit rows from @key on, and "next" if others follow. */
static int due_page(struct kv_txn *txn, uint8_t key[DUE_KEY_LEN + 1], size_t key_len,
                    json_int_t limit, json_t *answer)
{
    struct due_row due;
    struct record record;
    char last[32] = "";
    json_t *list = json_array();
    json_object_set_new(answer, "saf", list);
    for (json_int_t i = 0;; i++) {
        int rc = next_due(txn, key, &key_len, &due);
        if (rc != 1) {
            return rc;
        }
        if (i == limit) {
            return json_object_set_new(answer, "next", json_string(last)) == 0 ? 0 : ERR_MEMORY;
        }
        TRY(book_get(txn, due.seq, &record));
        json_array_append_new(list, due_json(&due, &record));
        snprintf(last, sizeof last, "%.16s/%" PRIu64, due.issuer, due.due_seq);
    }
}

json_t *tables_saf_list(struct kv *kv, const json_t *request, const char **error)
{
    const json_t *limit = json_object_get(request, "limit");
    json_int_t count = limit == NULL ? PAGE_DEFAULT : json_integer_value(limit);
    uint8_t key[DUE_KEY_LEN + 1];
    size_t key_len = 0;
    if (due_cursor(json_object_get(request, "after"), key, &key_len) != 0) {
        *error = "after is not the \"next\" of a page";
        return NULL;
    }
    struct kv_txn *txn = tables_begin(kv, error);
    if (txn == NULL) {
        return NULL;
    }
    json_t *answer = json_pack("{s:I}", "total", count_all_due(txn));
    count = count < 1 ? 1 : count > PAGE_MAX ? PAGE_MAX : count;
    int rc = due_page(txn, key, key_len, count, answer);
    kv_abort(txn);
    if (rc < 0) {
        json_decref(answer);
        *error = "the store cannot be read";
        return NULL;
    }
    return answer;
}

static bool member_is(const json_t *request, const char *member, const char *text)
{
    const char *value = json_string_value(json_object_get(request, member));
    return value != NULL && strcmp(value, text) == 0;
}

int tables_book_request(const json_t *request, struct book_request *out, const char **error)
{
    static const struct {
        const char *name;
        enum file_step step;
    } steps[] = {{"assign", FILE_ASSIGN}, {"built", FILE_BUILT}, {"published", FILE_PUBLISHED}};
    memset(out, 0, sizeof *out);
    out->op = member_is(request, "op", "SIGN_OFF") ? BOOK_SIGN_OFF : BOOK_FILE;
    out->day = tables_parse_day(json_object_get(request, "day"));
    out->file_seq = (uint64_t)json_integer_value(json_object_get(request, "file_seq"));
    out->file_bytes = (uint64_t)json_integer_value(json_object_get(request, "bytes"));
    out->file_count = (uint64_t)json_integer_value(json_object_get(request, "count"));
    if (out->day == 0) {
        *error = "day is not a date like 2026-11-21";
        return ERR_FORMAT;
    }
    if (out->op == BOOK_SIGN_OFF) {
        return 0;
    }
    size_t i = 0;
    while (i < ARRAY_COUNT(steps) && !member_is(request, "step", steps[i].name)) {
        i++;
    }
    if (!member_is(request, "op", "FILE") || i == ARRAY_COUNT(steps)) {
        *error = "op is FILE (step assign, built, published) or SIGN_OFF";
        return ERR_FORMAT;
    }
    out->file_step = steps[i].step;
    const char *hash = json_string_value(json_object_get(request, "sha256"));
    if (out->file_step == FILE_BUILT &&
        (hash == NULL || strlen(hash) != 64 || hex_decode(span_text(hash), out->file_hash) != 0)) {
        *error = "sha256 is not 64 hex digits";
        return ERR_FORMAT;
    }
    return 0;
}
