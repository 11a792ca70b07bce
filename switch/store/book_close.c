/* CLOSE: outcome, clearing item, totals and what is due, in one step. */
#include "switch/store/book_internal.h"

/* What is stored when @state is asked for. A reversal that came while it was open forbids approval:
 * if the issuer was asked it may hold the money, else it certainly does not. And nothing can be
 * reversed that moves no money or that nobody was chosen for. */
static uint8_t state_allowed(const struct record *record, uint8_t state)
{
    if (record->marked) {
        state = record->asked ? STATE_UNKNOWN : STATE_DECLINED;
    }
    if (state == STATE_UNKNOWN && (record->money == MONEY_NONE || record->issuer[0] == 0)) {
        state = STATE_DECLINED;
    }
    return state;
}

static int finish_approved(struct book *book, struct record *record)
{
    record->remaining_minor = record->approved_minor;
    if (record->money == MONEY_CREDIT || record->money == MONEY_DEBIT) {
        return book_item_add(book, record, record->day, record->money == MONEY_CREDIT ? 'S' : 'R',
                             record->approved_minor, 0, &record->item_seq);
    }
    return 0;
}

static int finish_not_approved(struct book *book, struct record *record, int64_t wall_ms,
                               struct book_answer *answer)
{
    struct totals_row *totals = NULL;
    record->remaining_minor = 0;
    /* A repeat is answered with the recorded code: it must not approve what is not. */
    if (code_approves(record->code)) {
        memcpy(record->code, "91", sizeof record->code);
    }
    TRY(book_totals_change(book, record->day, record, &totals));
    if (record->state == STATE_DECLINED) {
        totals->declined_count++;
        return 0;
    }
    totals->unknown_count++;
    return book_due_add(book, record, wall_ms, answer);
}

/* One less is open of its day; a day that drains is drained by the last. */
static int day_close_one(struct book *book, uint32_t day_number, int64_t wall_ms)
{
    struct day_row *day = NULL;
    int rc = book_day_change(book, day_number, &day);
    if (rc == ERR_NOT_FOUND || (rc == 0 && day->open_count == 0)) {
        return ERR_CORRUPT;
    }
    TRY(rc);
    day->open_count--;
    if (day->state == DAY_DRAINING && day->open_count == 0) {
        day->state = DAY_DRAINED;
        day->closed_ms = wall_ms;
    }
    return 0;
}

int book_finish(struct book *book, struct record *record, uint8_t state, enum journal_type type,
                int64_t wall_ms, struct book_answer *answer)
{
    CHECK(record->state == STATE_OPEN);
    CHECK(state == STATE_APPROVED || state == STATE_DECLINED || state == STATE_UNKNOWN);
    CHECK_IMPLIES(state == STATE_APPROVED, record->approved_minor >= 0);
    record->state = state_allowed(record, state);
    if (record->state == STATE_APPROVED) {
        TRY(finish_approved(book, record));
    } else {
        TRY(finish_not_approved(book, record, wall_ms, answer));
    }
    KEY_U64(key, record->seq);
    int rc = kv_del(book->txn, KV_open, key);
    TRY(rc == ERR_NOT_FOUND ? ERR_CORRUPT : rc);
    TRY(day_close_one(book, record->day, wall_ms));
    return book_record_write(book, record, KV_REPLACE, type, wall_ms);
}

int book_do_close(struct book *book, const struct book_request *request, struct book_answer *answer)
{
    const struct record *asked = &request->record;
    struct record *record = &answer->record;
    int rc = book_get(book->txn, asked->seq, record);
    if (rc == ERR_NOT_FOUND || (rc == 0 && record->state != STATE_OPEN)) {
        answer->result = BOOK_IS_NO_SUCH;
        return 0;
    }
    TRY(rc);
    record->asked = asked->asked;
    record->handed_ms = asked->handed_ms;
    record->closed_ms = asked->closed_ms != 0 ? asked->closed_ms : request->wall_ms;
    record->approved_minor = asked->approved_minor;
    memcpy(record->code, asked->code, sizeof record->code);
    memcpy(record->auth, asked->auth, sizeof record->auth);
    memcpy(record->balance, asked->balance, sizeof record->balance);
    answer->result = BOOK_IS_STORED;
    return book_finish(book, record, asked->state, JOURNAL_CLOSE, request->wall_ms, answer);
}
