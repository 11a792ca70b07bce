/* OPEN: the durable insert, and the duplicate check before it (one thread writes, so that nothing
 * comes between).
 *
 * What stands under K decides: nothing -> inserted; the same fingerprint -> a repeat; another ->
 * OTHER. A request's record answers repeats for a window only; advices and reversals for ever. */
#include "switch/core/identity.h"
#include "switch/store/book_internal.h"

/* Bytes of K that are its time; a key of IDENTITY_DAY has the business day there. How exactly it is
 * known when a rule was last in use. */
enum { KEY_TIME_LEN = 7, RULE_MS = 60000 };

static void key_set_day(uint8_t key[RECORD_KEY_LEN], uint32_t day)
{
    uint8_t digits[8];
    digits_put(digits, sizeof digits, day);
    for (size_t i = 0; i < 4; i++) {
        /* Packed decimal: the value is below 0x9A. */
        key[i] = (uint8_t)((digits[2 * i] - '0') << 4 | (digits[2 * i + 1] - '0'));
    }
    memset(key + 4, 0, KEY_TIME_LEN - 4);
}

/* The record that @key points at: 1 and @found, or 0. */
static int look_under(struct book *book, const uint8_t key[RECORD_KEY_LEN], struct record *found)
{
    uint64_t seq = 0;
    int rc = book_ids_find(book, key, &seq);
    if (rc <= 0) {
        return rc;
    }
    rc = book_get(book->txn, seq, found);
    TRY(rc == ERR_NOT_FOUND ? ERR_CORRUPT : rc);
    return 1;
}

static int64_t window_ms(const struct book *book, const struct record *record,
                         enum identity identity)
{
    return identity == IDENTITY_DAY && record_is_request(record) ? book->settings.window_day_ms
                                                                 : book->settings.window_ms;
}

static bool same_content(const struct record *a, const struct record *b)
{
    return memcmp(a->fingerprint, b->fingerprint, sizeof a->fingerprint) == 0;
}

static enum book_result judge(const struct book *book, const struct record *record,
                              const struct record *found, int64_t wall_ms)
{
    if (!same_content(record, found)) {
        return BOOK_IS_OTHER;
    }
    if (record_is_request(record) &&
        wall_ms - found->opened_ms > window_ms(book, record, found->identity)) {
        return BOOK_IS_TOO_OLD;
    }
    return found->state == STATE_OPEN ? BOOK_IS_REPEAT_OPEN : BOOK_IS_REPEAT;
}

/* A key without a date: a repeat may come after a cutover. Tries the days behind the @first newest
 * that were current within the window. Another day's key is another K, so only a repeat counts: a
 * STAN that began again at the cutover is none. */
static int look_in_days(struct book *book, const struct record *record, uint8_t *key,
                        uint32_t first, int64_t wall_ms, struct record *found)
{
    for (uint32_t i = first; i < book->now.recent_count; i++) {
        /* Day i was current until day i - 1 was opened. */
        if (i > 0 &&
            wall_ms - book->now.recent[i - 1].opened_ms > window_ms(book, record, IDENTITY_DAY)) {
            break;
        }
        key_set_day(key, book->now.recent[i].day);
        int rc = look_under(book, key, found);
        TRY(rc);
        if (rc == 1 && same_content(record, found) &&
            wall_ms - found->opened_ms <= window_ms(book, record, IDENTITY_DAY)) {
            return 1;
        }
    }
    return 0;
}

/* The record under the K that @record would have by @rule, with its acquirer or without, if it is
 * the same message. */
static int look_under_rule(struct book *book, const struct record *record, enum identity rule,
                           bool with_acquirer, int64_t wall_ms, struct record *found)
{
    uint8_t key[2][RECORD_KEY_LEN];
    if (identity_key(record, rule, with_acquirer, wall_ms, key[0], key[1]) < 0) {
        return 0;
    }
    if (rule == IDENTITY_DAY) {
        return look_in_days(book, record, key[0], 0, wall_ms, found);
    }
    for (unsigned i = 0; i < 2; i++) {
        int rc = look_under(book, key[i], found);
        TRY(rc);
        if (rc == 1 && same_content(record, found)) {
            return 1;
        }
    }
    return 0;
}

/* The acquirer of a terminal's group may have changed, or its group: what names an acquirer may
 * have been recorded when that was the group's, or was not. */
static int look_with_and_without(struct book *book, const struct record *record, enum identity rule,
                                 int64_t wall_ms, struct record *found)
{
    bool in_key = (record->sent & SENT_OTHER_ACQUIRER) != 0;
    int rc = 0;
    if (rule != record->identity) { /* else it was looked for already */
        rc = look_under_rule(book, record, rule, in_key, wall_ms, found);
    }
    if (rc == 0 && (record->sent & SENT_ACQUIRER) != 0) {
        rc = look_under_rule(book, record, rule, !in_key, wall_ms, found);
        rc = rc == 1 && strcmp(record->acquirer, found->acquirer) != 0 ? 0 : rc;
    }
    return rc;
}

/* A terminal's group may have changed its rule: what was recorded under another one is looked for
 * there while it is within the window. */
static int look_under_others(struct book *book, const struct record *record, int64_t wall_ms,
                             struct record *found)
{
    for (unsigned rule = 0; rule < IDENTITY_COUNT; rule++) {
        int64_t newest_ms = book->now.rule_ms[rule];
        bool lives = newest_ms != 0 && wall_ms - newest_ms <= book->settings.window_ms + RULE_MS;
        if (rule != record->identity && !lives) {
            continue;
        }
        int rc = look_with_and_without(book, record, (enum identity)rule, wall_ms, found);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

/* Records are made under the rule of @record: known to a minute, so that the row is rarely written.
 */
static void note_rule(struct book *book, const struct record *record, int64_t wall_ms)
{
    int64_t *newest_ms = &book->now.rule_ms[record->identity];
    if (wall_ms - *newest_ms > RULE_MS) {
        *newest_ms = wall_ms;
    }
}

int book_identify(struct book *book, struct record *record, int64_t wall_ms, bool refusable,
                  enum book_result *result)
{
    static const uint8_t no_key[RECORD_KEY_LEN];
    struct record found;
    int rc = 0;
    record->day = book_today(book);
    if (record->identity == IDENTITY_DAY) {
        uint8_t key[RECORD_KEY_LEN];
        memcpy(key, record->key, sizeof key);
        key_set_day(record->key, record->day);
        rc = look_in_days(book, record, key, 1, wall_ms, &found);
    } else if (memcmp(record->key_other, no_key, sizeof no_key) != 0) {
        rc = look_under(book, record->key_other, &found);
    }
    TRY(rc);
    if (rc == 0) {
        rc = look_under(book, record->key, &found);
        TRY(rc);
    }
    if (rc == 0) {
        rc = look_under_others(book, record, wall_ms, &found);
        TRY(rc);
    }
    if (rc == 0) {
        if (!refusable) {
            note_rule(book, record, wall_ms);
        }
        *result = BOOK_IS_REFUSED;
        return refusable ? 1 : 0;
    }
    *result = judge(book, record, &found, wall_ms);
    *record = found;
    return 1;
}

void book_tomb_key(uint8_t kind, const struct record *record, const char *number,
                   uint8_t out[TOMB_KEY_LEN])
{
    memset(out, 0, TOMB_KEY_LEN);
    out[0] = kind;
    memcpy(out + 1, record->terminal, strnlen(record->terminal, 8));
    memcpy(out + 9, number, strnlen(number, 12));
    if (kind == TOMB_STAN) {
        memcpy(out + 21, record->pan_token, 8);
        be64_put(out + 29, (uint64_t)record->amount_minor);
    }
}

int book_tomb_get(struct book *book, uint8_t kind, const struct record *record, const char *number,
                  int64_t wall_ms, struct tomb_row *tomb)
{
    uint8_t key[TOMB_KEY_LEN];
    struct span row;
    if (number[0] == 0) {
        return 0;
    }
    book_tomb_key(kind, record, number, key);
    int rc = kv_get(book->txn, KV_tombs, span_make(key, sizeof key), &row);
    if (rc == ERR_NOT_FOUND) {
        return 0;
    }
    TRY(rc);
    TRY(tomb_row_decode(row, tomb));
    return wall_ms - tomb->wall_ms <= book->settings.window_ms ? 1 : 0;
}

/* 1 if a reversal that came first names @record. */
static int is_tombed(struct book *book, const struct record *record, int64_t wall_ms)
{
    struct tomb_row tomb;
    int rc = book_tomb_get(book, TOMB_STAN, record, record->stan, wall_ms, &tomb);
    TRY(rc);
    if (rc == 1 && tomb.amount_minor == record->amount_minor &&
        memcmp(tomb.pan_token, record->pan_token, sizeof tomb.pan_token) == 0) {
        return 1;
    }
    return book_tomb_get(book, TOMB_RRN, record, record->rrn, wall_ms, &tomb);
}

/* A request that was reversed before it came is declined; an advice was told of, and is answered
 * 00, but moves nothing. */
static int insert_tombed(struct book *book, struct record *record, int64_t wall_ms)
{
    struct totals_row *totals = NULL;
    record->state = STATE_DECLINED;
    record->closed_ms = wall_ms;
    memcpy(record->code, record_is_request(record) ? "12" : "00", sizeof record->code);
    TRY(book_totals_change(book, record->day, record, &totals));
    totals->declined_count++;
    return book_record_write(book, record, KV_APPEND, JOURNAL_OPEN, wall_ms);
}

static int insert_open(struct book *book, struct record *record, int64_t wall_ms)
{
    struct day_row *day = NULL;
    KEY_U64(key, record->seq);
    KEY_U32(value, record->day);
    record->state = STATE_OPEN;
    TRY(book_day_change(book, record->day, &day));
    day->open_count++;
    TRY(book_record_write(book, record, KV_APPEND, JOURNAL_OPEN, wall_ms));
    return kv_put(book->txn, KV_open, key, value, KV_APPEND);
}

int book_do_open(struct book *book, const struct book_request *request, struct book_answer *answer)
{
    struct record *record = &answer->record;
    *record = request->record;
    bool refused = book->room >= (record_is_request(record) ? ROOM_FOR_TOLD : ROOM_FOR_ENDS);
    int rc = book_identify(book, record, request->wall_ms, refused, &answer->result);
    if (rc != 0) {
        return rc < 0 ? rc : 0;
    }
    record->seq = ++book->now.seq;
    record->marked = false;
    record->asked = false;
    record->opened_ms = record->opened_ms != 0 ? record->opened_ms : request->wall_ms;
    record->handed_ms = 0;
    record->closed_ms = 0;
    record->approved_minor = 0;
    record->remaining_minor = 0;
    record->original_seq = 0;
    record->item_seq = 0;
    record->due_seq = 0;
    book_find_add(book, record);
    rc = is_tombed(book, record, request->wall_ms);
    TRY(rc);
    answer->result = rc == 1 ? BOOK_IS_TOMBED : BOOK_IS_FRESH;
    return rc == 1 ? insert_tombed(book, record, request->wall_ms)
                   : insert_open(book, record, request->wall_ms);
}
