/* REVERSAL: a terminal's 0400 or 0420, inserted and acted upon in one step.
 *
 * It is answered as soon as it is durable; what it takes at the issuer is done later, from `due`.
 * Partial reversals of an approved transaction are not supported: they are answered 12, unless
 * they change nothing. */
#include "iso8583/base/calendar.h"
#include "switch/store/book_internal.h"

/* Two stamps that may be of one payment and its repeats; the next day's same STAN is further off.
 */
#define NEAR_MS (12 * 3600 * INT64_C(1000))

/* The parts of DE90 that are used to tell its original: "" and zeros say nothing. */
static bool text_says(const char *text)
{
    return span_says(span_text(text));
}

/* The MTI of four digits as a number, without its last one (the origin or a repeat mark). */
static uint16_t mti_class(const char *text)
{
    uint16_t mti = 0;
    for (size_t i = 0; text[i] != 0; i++) {
        mti = (uint16_t)(mti << 4 | (text[i] & 0x0F));
    }
    return mti & 0xFFF0u;
}

/* Card and money must agree, whatever named it. After a partial approval a terminal may state
 * either amount. */
static bool money_agrees(const struct record *reversal, const struct record *original)
{
    bool amount =
        reversal->amount_minor == original->amount_minor ||
        (original->approved_minor > 0 && reversal->amount_minor == original->approved_minor);
    return amount && !record_is_reversal(original) &&
           (reversal->currency == 0 || reversal->currency == original->currency) &&
           memcmp(reversal->pan_token, original->pan_token, sizeof original->pan_token) == 0;
}

/* What was declined needs no reversal: it is meant only if nothing else is. */
static unsigned fit_of(const struct record *original, bool same_time)
{
    return FIT_BEST - (same_time ? 0u : 2u) - (original->state == STATE_DECLINED ? 1u : 0u);
}

/* How far apart two stamps of one terminal's clock are, whatever year the switch takes them for. */
static bool is_near(const char *de7, const struct record *original)
{
    int64_t sent_ms = 0;
    int64_t said_ms = 0;
    if (!text_says(de7) || ms_nearest(original->de7, original->opened_ms, &sent_ms) != 0 ||
        ms_nearest(de7, sent_ms, &said_ms) != 0) {
        return true;
    }
    int64_t apart_ms = said_ms > sent_ms ? said_ms - sent_ms : sent_ms - said_ms;
    return apart_ms <= NEAR_MS;
}

/* Whether the local time that DE56 names is that of @original; true where either has none. */
static bool is_local(const struct record *reversal, const struct record *original)
{
    const char *said = reversal->original_local;
    return !text_says(said) || original->date[0] == '\0' || original->time[0] == '\0' ||
           (strncmp(said, original->date, 4) == 0 && strcmp(said + 4, original->time) == 0);
}

/* Whether what DE90 says besides the STAN and the time agrees. */
static bool is_named(const struct record *reversal, const struct record *original)
{
    return money_agrees(reversal, original) &&
           (!text_says(reversal->original_mti) ||
            mti_class(reversal->original_mti) == (original->mti & 0xFFF0u));
}

/* What DE90 names. Its DE7 tells exactly only where terminals keep theirs: others stamp each repeat
 * anew, and what is stored is the stamp of the one that came through. But a terminal whose STANs
 * begin again each day does not mean yesterday's. */
static unsigned fits_de90(const void *context, const struct record *original)
{
    const struct record *reversal = context;
    if (!is_named(reversal, original) || !is_near(reversal->original_de7, original) ||
        !is_local(reversal, original)) {
        return FIT_NOT;
    }
    bool same_time = strcmp(reversal->original_de7, original->de7) == 0 ||
                     (text_says(reversal->original_local) && original->time[0] != '\0');
    if (original->identity == IDENTITY_DE7 && text_says(reversal->original_de7) && !same_time) {
        return FIT_NOT;
    }
    return fit_of(original, same_time);
}

/* The same from another time, and there is money in it: somebody must look. */
static unsigned fits_far(const void *context, const struct record *original)
{
    const struct record *reversal = context;
    bool holds = original->state != STATE_DECLINED && original->state != STATE_REVERSED;
    return holds && is_named(reversal, original) ? FIT_BEST : FIT_NOT;
}

static bool same_time_of(const struct record *reversal, const struct record *original)
{
    bool same_de7 = text_says(reversal->de7) && strcmp(reversal->de7, original->de7) == 0;
    bool same_de12 = text_says(reversal->time) && strcmp(reversal->time, original->time) == 0 &&
                     strcmp(reversal->date, original->date) == 0;
    return same_de7 || same_de12;
}

/* What has the reversal's own STAN: that of its original, if the terminal keeps it. Where DE90 has
 * another, the own STAN is a new number and names nothing, unless the rest is of that time, too. */
static unsigned fits_own(const void *context, const struct record *original)
{
    const struct record *reversal = context;
    bool same_time = same_time_of(reversal, original);
    bool renumbered =
        text_says(reversal->original_stan) && strcmp(reversal->original_stan, reversal->stan) != 0;
    if (!money_agrees(reversal, original) || (renumbered && !same_time)) {
        return FIT_NOT;
    }
    return fit_of(original, same_time);
}

static unsigned fits_rrn(const void *context, const struct record *original)
{
    return money_agrees(context, original) ? fit_of(original, true) : FIT_NOT;
}

/* @reversal with the STAN that DE90 names. */
static struct record like_de90(const struct record *reversal)
{
    struct record like = *reversal;
    memcpy(like.stan, reversal->original_stan, sizeof like.stan);
    return like;
}

/* By DE90, by DE11+DE41 (a terminal without DE90 repeats the STAN of its original), by DE37+DE41;
 * each in turn. 1 and @original, or 0; @by_de90 tells whether it was the first. */
static int original_find(struct book *book, const struct record *reversal, struct record *original,
                         bool *by_de90)
{
    bool named = text_says(reversal->original_stan);
    struct record like = like_de90(reversal);
    int rc = named ? book_find(book, LOOKUP_STAN, &like, fits_de90, reversal, original) : 0;
    *by_de90 = rc == 1;
    if (rc == 0) {
        rc = book_find(book, LOOKUP_STAN, reversal, fits_own, reversal, original);
    }
    if (rc != 0) {
        return rc;
    }
    return book_find(book, LOOKUP_RRN, reversal, fits_rrn, reversal, original);
}

/* Net the item of @original while its day is open or draining and no file has it; later, an item
 * of today takes the money back. */
static int item_reverse(struct book *book, const struct record *original)
{
    uint8_t key[ITEM_KEY_LEN];
    struct span row;
    struct item_row item;
    const struct day_row *day = NULL;
    book_item_key(original->day, original->item_seq, key);
    int rc = kv_get(book->txn, KV_items, span_make(key, sizeof key), &row);
    TRY(rc == ERR_NOT_FOUND ? ERR_CORRUPT : rc);
    TRY(item_row_decode(row, &item));
    TRY(book_day_read(book, original->day, &day));

    uint8_t kind = item.kind == 'S' ? 'V' : 'W';
    bool day_runs = day->state == DAY_OPEN || day->state == DAY_DRAINING;
    if (day_runs && item.state == ITEM_OPEN && item.file_seq == 0) {
        item.state = ITEM_NETTED;
        TRY(book_item_put(book, &item, KV_REPLACE));
        return book_totals_count(book, item.day, original, kind, item.amount_minor);
    }
    uint64_t item_seq = 0;
    return book_item_add(book, original, book_today(book), kind, item.amount_minor, item.item_seq,
                         &item_seq);
}

static int reverse_approved(struct book *book, struct record *original, int64_t wall_ms,
                            struct book_answer *answer)
{
    if (original->money == MONEY_NONE) {
        return 0; /* A kind that moves no money is never reversed. */
    }
    original->state = STATE_REVERSAL_DUE;
    original->remaining_minor = 0;
    if (original->item_seq != 0) {
        TRY(item_reverse(book, original));
    }
    TRY(book_due_add(book, original, wall_ms, answer));
    return book_record_write(book, original, KV_REPLACE, JOURNAL_DUE, wall_ms);
}

static int tomb_put(struct book *book, uint8_t kind, const struct record *reversal,
                    const char *number, uint64_t seq, int64_t wall_ms)
{
    struct tomb_row tomb = {.seq = seq, .wall_ms = wall_ms, .amount_minor = reversal->amount_minor};
    uint8_t key[TOMB_KEY_LEN];
    uint8_t bytes[64];
    struct writer out = writer_make(bytes, sizeof bytes);
    if (number[0] == 0) {
        return 0;
    }
    memcpy(tomb.pan_token, reversal->pan_token, sizeof tomb.pan_token);
    book_tomb_key(kind, reversal, number, key);
    TRY(tomb_row_encode(&tomb, &out));
    return kv_put(book->txn, KV_tombs, span_make(key, sizeof key), writer_written(&out),
                  KV_REPLACE);
}

/* Whether @reversal says that its original was sent longer ago than a window. */
static bool is_of_old(const struct book *book, const struct record *reversal, int64_t wall_ms)
{
    const char *de7 = text_says(reversal->original_de7) ? reversal->original_de7 : reversal->de7;
    int64_t sent_ms = 0;
    return ms_nearest(de7, wall_ms, &sent_ms) == 0 && wall_ms - sent_ms > book->settings.window_ms;
}

/* The dead letter that an earlier reversal of the same is for staff, or was: 1 and its @seq, or 0.
 */
static int buried_before(struct book *book, const struct record *reversal, const char *stan,
                         int64_t wall_ms, uint64_t *seq)
{
    struct tomb_row tomb;
    struct record earlier;
    int rc = book_tomb_get(book, TOMB_STAN, reversal, stan, wall_ms, &tomb);
    if (rc == 0) {
        rc = book_tomb_get(book, TOMB_RRN, reversal, reversal->rrn, wall_ms, &tomb);
    }
    if (rc != 1) {
        return rc;
    }
    rc = book_get(book->txn, tomb.seq, &earlier);
    if (rc < 0) {
        return rc == ERR_NOT_FOUND ? 0 : rc;
    }
    bool told = earlier.due_seq != 0 || is_of_old(book, &earlier, earlier.opened_ms);
    bool same = told && earlier.amount_minor == reversal->amount_minor &&
                memcmp(earlier.pan_token, reversal->pan_token, sizeof earlier.pan_token) == 0;
    *seq = same ? tomb.seq : reversal->seq;
    return same ? 1 : 0;
}

/* Is there one that DE90 would name, were it not for the time? */
static int is_far(struct book *book, const struct record *reversal)
{
    struct record original;
    struct record like = like_de90(reversal);
    return text_says(reversal->original_stan)
               ? book_find(book, LOOKUP_STAN, &like, fits_far, reversal, &original)
               : 0;
}

/* What it names was never seen, and may still be on its way. If it should have been here long ago,
 * staff must find out what became of it. */
static int bury(struct book *book, struct record *reversal, int64_t wall_ms,
                struct book_answer *answer)
{
    const char *stan =
        text_says(reversal->original_stan) ? reversal->original_stan : reversal->stan;
    uint64_t seq = reversal->seq;
    int joins = buried_before(book, reversal, stan, wall_ms, &seq);
    TRY(joins);
    TRY(tomb_put(book, TOMB_STAN, reversal, stan, seq, wall_ms));
    TRY(tomb_put(book, TOMB_RRN, reversal, reversal->rrn, seq, wall_ms));
    if (joins == 1) {
        return 0;
    }
    int far = is_far(book, reversal);
    TRY(far);
    if (far == 0 && !is_of_old(book, reversal, wall_ms)) {
        return 0;
    }
    answer->is_of_old = true;
    return book_due_add(book, reversal, wall_ms, answer);
}

/* A replacement amount that is not zero asks for a part; zero is a full reversal. */
static bool is_partial(const struct record *reversal)
{
    return reversal->replacement_minor > 0;
}

/* Do to @original (NULL: unknown) what @reversal asks for, and set the code of its answer. */
static int act(struct book *book, struct record *reversal, struct record *original, int64_t wall_ms,
               struct book_answer *answer)
{
    memcpy(reversal->code, "00", sizeof reversal->code);
    if (original != NULL) {
        reversal->original_seq = original->seq;
    }
    if (is_partial(reversal)) {
        bool no_change = original != NULL && original->state == STATE_APPROVED &&
                         reversal->replacement_minor == original->remaining_minor;
        memcpy(reversal->code, no_change ? "00" : "12", sizeof reversal->code);
        return 0;
    }
    if (original == NULL) {
        return bury(book, reversal, wall_ms, answer);
    }
    switch ((enum record_state)original->state) {
    case STATE_OPEN:
        answer->marked_seq = original->seq;
        if (original->marked) {
            return 0;
        }
        original->marked = true;
        return book_record_write(book, original, KV_REPLACE, JOURNAL_MARK, wall_ms);
    case STATE_APPROVED:
        return reverse_approved(book, original, wall_ms, answer);
    case STATE_UNKNOWN:
    case STATE_REVERSAL_DUE: /* joins what exists */
    case STATE_DECLINED:     /* nothing to send */
    case STATE_REVERSED:     /* answered again */
    case STATE_NONE:
        break;
    }
    return 0;
}

int book_do_reversal(struct book *book, const struct book_request *request,
                     struct book_answer *answer)
{
    struct record *reversal = &answer->record;
    struct record original;
    bool by_de90 = false;
    *reversal = request->record;
    int rc = book_identify(book, reversal, request->wall_ms, false, &answer->result);
    TRY(rc);
    if (rc == 1) {
        bool repeat = answer->result == BOOK_IS_REPEAT;
        memcpy(answer->code, repeat ? reversal->code : "94", sizeof answer->code);
        return 0;
    }
    rc = original_find(book, reversal, &original, &by_de90);
    TRY(rc);
    if (book->room >= (rc == 1 ? ROOM_FOR_ENDS : ROOM_FOR_KNOWN)) {
        answer->result = BOOK_IS_REFUSED;
        return 0;
    }
    answer->result = BOOK_IS_FRESH;
    reversal->seq = ++book->now.seq;
    reversal->money = MONEY_NONE;
    reversal->marked = false;
    reversal->asked = false;
    reversal->opened_ms = reversal->opened_ms != 0 ? reversal->opened_ms : request->wall_ms;
    reversal->closed_ms = request->wall_ms;
    reversal->approved_minor = 0;
    reversal->remaining_minor = 0;
    reversal->original_seq = 0;
    reversal->item_seq = 0;
    reversal->due_seq = 0;
    book_find_add(book, reversal);
    if (rc == 1 && !by_de90 && text_says(reversal->original_stan)) {
        /* What DE90 names may be on its way all the same. */
        TRY(tomb_put(book, TOMB_STAN, reversal, reversal->original_stan, reversal->seq,
                     request->wall_ms));
    }
    TRY(act(book, reversal, rc == 1 ? &original : NULL, request->wall_ms, answer));
    reversal->state = strcmp(reversal->code, "00") == 0 ? STATE_APPROVED : STATE_DECLINED;
    memcpy(answer->code, reversal->code, sizeof answer->code);
    return book_record_write(book, reversal, KV_APPEND, JOURNAL_REVERSAL, request->wall_ms);
}
