/* Transactions and their journal as JSON. */
#include <stdio.h>
#include <string.h>

#include "switch/edge/tables.h"
#include "switch/store/schema.h"

enum { LIST_DEFAULT = 20, LIST_MAX = 1000, JOURNAL_ROWS_MAX = 1000 };

/* What the amounts of @record are in: a reversal may come without DE49, and is in its original's
 * currency. 0: not known. */
static uint16_t currency_of(struct kv_txn *txn, const struct record *record)
{
    struct record original;
    bool is_told = record->currency != 0 || record->original_seq == 0;
    if (is_told || book_get(txn, record->original_seq, &original) != 0) {
        return record->currency;
    }
    return original.currency;
}

static json_t *record_json(struct kv_txn *txn, const struct record *record)
{
    char day[11];
    char mti[5];
    tables_print_day(record->day, day);
    snprintf(mti, sizeof mti, "%04X", record->mti);
    json_t *tx =
        json_pack("{s:I,s:s,s:s,s:s,s:I,s:I,s:I}", "seq", (json_int_t)record->seq, "state",
                  record_state_name(record->state), "mti", mti, "day", day, "opened_ms",
                  (json_int_t)record->opened_ms, "handed_ms", (json_int_t)record->handed_ms,
                  "closed_ms", (json_int_t)record->closed_ms);
    static const struct {
        const char *name;
        size_t at;
    } texts[] = {
        {"group", offsetof(struct record, group)},
        {"acquirer", offsetof(struct record, acquirer)},
        {"terminal", offsetof(struct record, terminal)},
        {"merchant", offsetof(struct record, merchant)},
        {"stan", offsetof(struct record, stan)},
        {"rrn", offsetof(struct record, rrn)},
        {"proc", offsetof(struct record, proc)},
        {"mcc", offsetof(struct record, mcc)},
        {"pan", offsetof(struct record, pan_masked)},
        {"issuer", offsetof(struct record, issuer)},
        {"link", offsetof(struct record, link)},
        {"link_stan", offsetof(struct record, link_stan)},
        {"reversal_stan", offsetof(struct record, reversal_stan)},
        {"code", offsetof(struct record, code)},
        {"auth", offsetof(struct record, auth)},
    };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        json_object_set_new(tx, texts[i].name, json_string((const char *)record + texts[i].at));
    }
    json_object_set_new(tx, "amount_minor", json_integer(record->amount_minor));
    json_object_set_new(tx, "approved_minor", json_integer(record->approved_minor));
    json_object_set_new(tx, "remaining_minor", json_integer(record->remaining_minor));
    json_object_set_new(tx, "currency", json_integer(currency_of(txn, record)));
    json_object_set_new(tx, "marked", json_boolean(record->marked));
    json_object_set_new(tx, "asked", json_boolean(record->asked));
    json_object_set_new(tx, "original_seq", json_integer((json_int_t)record->original_seq));
    json_object_set_new(tx, "item_seq", json_integer((json_int_t)record->item_seq));
    json_object_set_new(tx, "due_seq", json_integer((json_int_t)record->due_seq));
    return tx;
}

static const char *journal_name(uint8_t type)
{
    static const char *const names[] = {
#define JOURNAL_NAME(name) [JOURNAL_##name] = #name,
        JOURNAL_MAP(JOURNAL_NAME)
#undef JOURNAL_NAME
    };
    return type < JOURNAL_COUNT ? names[type] : "?";
}

/* The part of @body that people should see: where the transaction came to, or who ended it. */
static json_t *journal_text(uint8_t type, struct span body)
{
    enum { CODE_AT = 50, LATE_LEN = 8, TEXT_LEN_MAX = 16 };
    char text[32] = "";
    if (type == JOURNAL_OPEN || type == JOURNAL_REVERSAL) {
        return json_string("");
    }
    if (body.len >= CODE_AT + 2) { /* what changed of the record: schema.h */
        const char *code = (const char *)body.ptr + CODE_AT;
        snprintf(text, sizeof text, "%s%s%.2s", record_state_name(body.ptr[0]),
                 code[0] == 0 ? "" : " ", code);
    } else if (type == JOURNAL_LATE && body.len == LATE_LEN) {
        snprintf(text, sizeof text, "%.2s %.6s", (const char *)body.ptr,
                 (const char *)body.ptr + 2);
    } else {
        snprintf(text, sizeof text, "%.*s",
                 (int)(body.len < TEXT_LEN_MAX ? body.len : TEXT_LEN_MAX), (const char *)body.ptr);
    }
    for (char *c = text; *c != 0; c++) {
        *c = *c >= ' ' && *c <= '~' ? *c : '?'; /* an issuer's DE39 may be any bytes */
    }
    return json_string(text);
}

/* The rows of the journal that speak of @seq, oldest first: by their trail. */
static json_t *journal_json(struct kv_txn *txn, uint64_t seq)
{
    json_t *rows = json_array();
    uint8_t trail[TRAIL_KEY_LEN];
    struct span found;
    struct span row;
    be64_put(trail, seq);
    be64_put(trail + 8, 0);
    while (json_array_size(rows) < JOURNAL_ROWS_MAX &&
           kv_seek(txn, KV_trail, span_make(trail, sizeof trail), &found, &row) == 1 &&
           found.len == TRAIL_KEY_LEN && be64_get(found.ptr) == seq) {
        uint64_t at = be64_get(found.ptr + 8);
        be64_put(trail + 8, at + 1);
        uint8_t key[8];
        be64_put(key, at);
        if (kv_get(txn, KV_journal, span_make(key, sizeof key), &row) != 0 ||
            row.len < JOURNAL_BODY_AT) {
            break;
        }
        const uint8_t *fields = row.ptr + CRC_LEN + CHAIN_LEN;
        json_array_append_new(
            rows, json_pack("{s:I,s:I,s:s,s:o}", "seq", (json_int_t)at, "at_ms",
                            (json_int_t)be64_get(fields + 9), "what", journal_name(fields[0]),
                            "text", journal_text(fields[0], span_skip(row, JOURNAL_BODY_AT))));
    }
    return rows;
}

/* Copy the text @name of @request; false if it is none, or longer than it may be. */
static bool text_take(const json_t *request, const char *name, char *out, size_t cap)
{
    const json_t *value = json_object_get(request, name);
    const char *text = json_string_value(value);
    if (value == NULL) {
        return true;
    }
    if (text == NULL || text[0] == 0 || strlen(text) >= cap) {
        return false;
    }
    memcpy(out, text, strlen(text) + 1);
    return true;
}

int tables_tx_named(const json_t *request, struct record *like, const char **error)
{
    const json_t *seq = json_object_get(request, "seq");
    memset(like, 0, sizeof *like);
    *error = "name it by seq, by terminal and stan, or by rrn";
    if (seq != NULL) {
        like->seq = (uint64_t)json_integer_value(seq);
        *error = "seq is the number of a transaction, as tx.list shows it";
        return json_is_integer(seq) && json_integer_value(seq) > 0 ? 0 : ERR_USAGE;
    }
    bool is_good = text_take(request, "terminal", like->terminal, sizeof like->terminal) &&
                   text_take(request, "stan", like->stan, sizeof like->stan) &&
                   text_take(request, "rrn", like->rrn, sizeof like->rrn);
    bool is_named = like->rrn[0] != 0 || (like->terminal[0] != 0 && like->stan[0] != 0);
    return is_good && is_named ? 0 : ERR_USAGE;
}

json_t *tables_tx_show(struct kv *kv, uint64_t seq, const char **error)
{
    struct record record;
    json_t *answer = NULL;
    struct kv_txn *txn = tables_begin(kv, error);
    if (txn == NULL) {
        return NULL;
    }
    if (book_get(txn, seq, &record) == 0) {
        json_t *tx = record_json(txn, &record);
        json_object_set_new(tx, "journal", journal_json(txn, record.seq));
        answer = json_pack("{s:o}", "tx", tx);
    } else {
        *error = "there is no such transaction";
    }
    kv_abort(txn);
    return answer;
}

json_t *tables_tx_list(struct kv *kv, const json_t *request, const char **error)
{
    const json_t *last = json_object_get(request, "last");
    json_int_t count = last == NULL ? LIST_DEFAULT : json_integer_value(last);
    struct span key;
    struct span row;
    struct record record;
    struct kv_txn *txn = tables_begin(kv, error);
    if (txn == NULL) {
        return NULL;
    }
    count = count < 1 ? 1 : count > LIST_MAX ? LIST_MAX : count;
    json_t *txs = json_array();
    uint64_t seq = kv_last(txn, KV_txns, &key, &row) == 1 ? be64_get(key.ptr) : 0;
    for (; seq > 0 && count > 0; seq--, count--) {
        if (book_get(txn, seq, &record) == 0) {
            json_array_append_new(txs, record_json(txn, &record));
        }
    }
    kv_abort(txn);
    return json_pack("{s:o}", "txs", txs);
}
