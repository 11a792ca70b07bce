/* What is due to issuers: DRAW hands it out, SETTLE ends it, LATE may bring it back. */
#include "switch/store/book_internal.h"

static int due_put(struct book *book, const struct due_row *due)
{
    uint8_t key[DUE_KEY_LEN];
    uint8_t bytes[64];
    struct writer out = writer_make(bytes, sizeof bytes);
    book_due_key(due->issuer, due->due_seq, key);
    TRY(due_row_encode(due, &out));
    return kv_put(book->txn, KV_due, span_make(key, sizeof key), writer_written(&out), KV_REPLACE);
}

static bool awaits_reversal(const struct record *record, uint64_t due_seq)
{
    return (record->state == STATE_UNKNOWN || record->state == STATE_REVERSAL_DUE) &&
           record->due_seq == due_seq && due_seq != 0;
}

/* The reversal was acknowledged: the only way to REVERSED. */
static int settle_done(struct book *book, struct record *record, int64_t wall_ms)
{
    struct totals_row *totals = NULL;
    TRY(book_due_remove(book, record));
    record->state = STATE_REVERSED;
    record->due_seq = 0;
    record->remaining_minor = 0;
    TRY(book_totals_change(book, record->day, record, &totals));
    totals->reversal_done_count++;
    return book_record_write(book, record, KV_REPLACE, JOURNAL_SETTLE, wall_ms);
}

/* The row of @record, which is due. */
static int due_get(struct book *book, const struct record *record, struct due_row *due)
{
    uint8_t key[DUE_KEY_LEN];
    struct span row;
    book_due_key(record->issuer, record->due_seq, key);
    int rc = kv_get(book->txn, KV_due, span_make(key, sizeof key), &row);
    TRY(rc == ERR_NOT_FOUND ? ERR_CORRUPT : rc);
    return due_row_decode(row, due);
}

/* The issuer will not take it: it stays due, for staff, and blocks the signing off of its day. */
static int settle_dead(struct book *book, const struct record *record,
                       const struct book_request *request)
{
    struct due_row due;
    TRY(due_get(book, record, &due));
    if (!due.dead) {
        struct day_row *day = NULL;
        TRY(book_day_change(book, record->day, &day));
        day->dead_count++;
        TRY(book_dead_add(book, &due));
    }
    due.dead = true;
    due.tries = request->due_tries > due.tries ? request->due_tries : due.tries;
    TRY(due_put(book, &due));
    return book_journal_add(book, JOURNAL_SETTLE, record->seq, request->wall_ms,
                            SPAN_LITERAL("dead"));
}

/* Staff settled a dead letter with the issuer by other means; the journal says who ended it. */
static int settle_staff(struct book *book, struct record *record, int64_t wall_ms,
                        struct book_answer *answer)
{
    struct due_row due;
    answer->result = BOOK_IS_NO_SUCH;
    memcpy(answer->code, "dl", sizeof answer->code);
    if (record->due_seq == 0) {
        return 0;
    }
    TRY(due_get(book, record, &due));
    if (!due.dead) {
        return 0;
    }
    answer->result = BOOK_IS_STORED;
    TRY(book_journal_add(book, JOURNAL_SETTLE, record->seq, wall_ms, SPAN_LITERAL("staff")));
    if (!record_is_reversal(record)) {
        return settle_done(book, record, wall_ms);
    }
    TRY(book_due_remove(book, record));
    record->due_seq = 0;
    return book_record_write(book, record, KV_REPLACE, JOURNAL_SETTLE, wall_ms);
}

int book_do_settle(struct book *book, const struct book_request *request,
                   struct book_answer *answer)
{
    struct record *record = &answer->record;
    int rc = book_get(book->txn, request->seq, record);
    if (rc == 0 && request->settle == SETTLE_STAFF) {
        return settle_staff(book, record, request->wall_ms, answer);
    }
    if (rc == ERR_NOT_FOUND || (rc == 0 && !awaits_reversal(record, request->due_seq))) {
        answer->result = BOOK_IS_NO_SUCH;
        memcpy(answer->code, "dl", sizeof answer->code);
        return 0;
    }
    TRY(rc);
    answer->result = BOOK_IS_STORED;
    return request->settle == SETTLE_DONE ? settle_done(book, record, request->wall_ms)
                                          : settle_dead(book, record, request);
}

/* An answer after UNKNOWN. It never cancels a reversal; but if the reversal was done already and
 * this does not decline, the issuer may have seen them in the other order: it is due again. */
int book_do_late(struct book *book, const struct book_request *request, struct book_answer *answer)
{
    struct record *record = &answer->record;
    const char *code = request->record.code;
    struct totals_row *totals = NULL;
    uint8_t body[8] = {0};
    int rc = book_get(book->txn, request->seq, record);
    if (rc == ERR_NOT_FOUND) {
        answer->result = BOOK_IS_NO_SUCH;
        return 0;
    }
    TRY(rc);
    memcpy(body, code, strnlen(code, 2));
    memcpy(body + 2, request->record.auth, strnlen(request->record.auth, 6));
    TRY(book_journal_add(book, JOURNAL_LATE, record->seq, request->wall_ms,
                         span_make(body, sizeof body)));
    TRY(book_totals_change(book, record->day, record, &totals));
    totals->late_count++;
    answer->result = BOOK_IS_STORED;
    bool declines = request->record.state == STATE_DECLINED;
    if (record->state != STATE_REVERSED || declines) {
        return 0;
    }
    record->state = STATE_REVERSAL_DUE;
    TRY(book_due_add(book, record, request->wall_ms, answer));
    return book_record_write(book, record, KV_REPLACE, JOURNAL_DUE, request->wall_ms);
}

/* The next row of @table (KV_due: with dead letters, KV_dead: dead letters alone) of @issuer behind
 * *@upto, which it becomes: 1 and @due, or 0 at the end. */
static int due_behind(struct book *book, enum kv_table table, const char *issuer, uint64_t *upto,
                      struct due_row *due)
{
    uint8_t key[DUE_KEY_LEN];
    struct span found;
    struct span row;
    if (*upto == UINT64_MAX) {
        return 0;
    }
    book_due_key(issuer, *upto + 1, key);
    int rc = kv_seek(book->txn, table, span_make(key, sizeof key), &found, &row);
    TRY(rc);
    if (rc == 0 || found.len != DUE_KEY_LEN || memcmp(found.ptr, key, 16) != 0) {
        return 0;
    }
    if (table == KV_dead) {
        memcpy(key, found.ptr, DUE_KEY_LEN);
        rc = kv_get(book->txn, KV_due, span_make(key, sizeof key), &row);
        TRY(rc == ERR_NOT_FOUND ? ERR_CORRUPT : rc);
    }
    TRY(due_row_decode(row, due));
    *upto = due->due_seq;
    return 1;
}

/* The next row that is a dead letter or not, as @dead says: 1, or 0 at the end. The cursor passes
 * over what it is not, so that no row is looked at twice. */
static int due_next(struct book *book, const char *issuer, bool dead, uint64_t *upto,
                    struct due_row *due)
{
    int rc = 0;
    do {
        rc = due_behind(book, dead ? KV_dead : KV_due, issuer, upto, due);
    } while (rc == 1 && due->dead != dead);
    return rc;
}

int book_do_draw(struct book *book, const struct book_request *request, struct book_answer *answer)
{
    struct due_row due;
    uint64_t upto = request->after_due_seq;
    for (uint32_t count = 0; count < request->count_max; count++) {
        int rc = due_next(book, request->issuer, request->dead, &upto, &due);
        TRY(rc);
        if (rc == 0) {
            break;
        }
        answer->result = BOOK_IS_DRAWN;
        answer->due_seq = due.due_seq;
        answer->due_tries = due.tries;
        rc = book_get(book->txn, due.seq, &answer->record);
        TRY(rc == ERR_NOT_FOUND ? ERR_CORRUPT : rc);
        /* Counted before it is sent: after a restart it is a 0421. */
        due.tries += due.tries < UINT32_MAX ? 1 : 0;
        TRY(due_put(book, &due));
        answer = book_answer_add(book, request);
        if (answer == NULL) {
            return ERR_MEMORY;
        }
    }
    answer->result = BOOK_IS_DRAW_END;
    answer->due_seq = upto;
    return 0;
}
