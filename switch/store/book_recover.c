/* After a restart: nobody knows whether an open transaction was asked, so each is in doubt. */
#include "switch/store/book_internal.h"

/* Late is an answer within an hour; of the newest records only, so that a start stays short. */
enum { RECOVER_BATCH = 256, RECENT_MAX = 65536, RECENT_MS = 3600000 };

/* Finish one batch of at most @batch open records. *@left: whether there may be more. */
static int recover_some(struct book *book, int64_t wall_ms, unsigned batch,
                        struct book_recovered *out, bool *left)
{
    struct book_recovered counts = *out;
    for (unsigned i = 0; i < batch; i++) {
        struct span key;
        struct span value;
        struct record record;
        int rc = kv_seek(book->txn, KV_open, SPAN_NONE, &key, &value);
        TRY(rc);
        if (rc == 0) {
            *left = false;
            break;
        }
        rc = book_get(book->txn, be64_get(key.ptr), &record);
        if (rc == ERR_NOT_FOUND || (rc == 0 && record.state != STATE_OPEN)) {
            return ERR_CORRUPT;
        }
        TRY(rc);
        record.asked = true;
        record.closed_ms = wall_ms;
        memcpy(record.code, record.issuer[0] == 0 ? "92" : "91", sizeof record.code);
        TRY(book_finish(book, &record, STATE_UNKNOWN, JOURNAL_RECOVER, wall_ms, NULL));
        counts.open_count++;
        counts.unknown_count += record.state == STATE_UNKNOWN;
        counts.declined_count += record.state == STATE_DECLINED;
    }
    TRY(book_commit(book));
    *out = counts;
    return 0;
}

static int tell_due(struct kv_txn *txn,
                    void (*on_due)(void *context, const struct record *original), void *context,
                    uint64_t *count)
{
    uint8_t key[DUE_KEY_LEN + 1] = {0};
    size_t key_len = 0;
    for (;;) {
        struct span found;
        struct span row;
        struct due_row due;
        struct record record;
        int rc = kv_seek(txn, KV_due, span_make(key, key_len), &found, &row);
        if (rc <= 0) {
            return rc;
        }
        if (found.len != DUE_KEY_LEN) {
            return ERR_CORRUPT;
        }
        memcpy(key, found.ptr, DUE_KEY_LEN);
        key_len = DUE_KEY_LEN + 1; /* The zero byte behind it: the next key. */
        TRY(due_row_decode(row, &due));
        rc = book_get(txn, due.seq, &record);
        TRY(rc == ERR_NOT_FOUND ? ERR_CORRUPT : rc);
        ++*count;
        if (on_due != NULL) {
            on_due(context, &record);
        }
    }
}

/* An issuer may still answer what was reversed lately, and is then not believed to hold nothing. */
static int tell_reversed(const struct book *book, struct kv_txn *txn, int64_t wall_ms,
                         void (*on_due)(void *context, const struct record *original),
                         void *context)
{
    uint64_t last = book->now.seq;
    uint64_t first = last > RECENT_MAX ? last - RECENT_MAX + 1 : 1;
    for (uint64_t seq = first; seq <= last; seq++) {
        struct record record;
        TRY(book_get(txn, seq, &record));
        if (record.state == STATE_REVERSED && record.asked &&
            wall_ms - record.opened_ms <= RECENT_MS) {
            on_due(context, &record);
        }
    }
    return 0;
}

int book_recover(struct book *book, int64_t wall_ms,
                 void (*on_due)(void *context, const struct record *original), void *context,
                 struct book_recovered *out)
{
    struct kv_txn *txn = NULL;
    bool left = true;
    unsigned batch = RECOVER_BATCH;
    memset(out, 0, sizeof *out);
    while (left) {
        int rc = book_begin(book);
        if (rc == 0) {
            book->room = ROOM_FOR_ENDS;
            book->leave_permille = batch > 1 ? LEAVE_FOR_NEXT_PERMILLE : 0;
            rc = recover_some(book, wall_ms, batch, out, &left);
        }
        if (rc == ERR_FULL && batch > 1) { /* A smaller one copies fewer pages. */
            book_abort(book);
            left = true;
            batch /= 2;
            continue;
        }
        if (rc < 0) {
            book_abort(book);
            book->failed = true;
            return rc;
        }
    }
    TRY(kv_begin(book->kv, false, &txn));
    int rc = tell_due(txn, on_due, context, &out->due_count);
    if (rc == 0 && on_due != NULL) {
        rc = tell_reversed(book, txn, wall_ms, on_due, context);
    }
    kv_abort(txn);
    return rc;
}
