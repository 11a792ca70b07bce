/* Batches: begin, dispatch, commit, answer. The rules of each operation are in its own file. */
#include "switch/store/book.h"

#include <stdlib.h>

#include "iso8583/base/calendar.h"
#include "switch/store/book_internal.h"

enum {
    ANSWERS_FIRST = 2048,
    STAN_SEARCH_MAX = 65536,
    REFUSED_TOGETHER_MAX = 32, /* more than these may be too many for what is left, and fewer fit */
    NEXT_LEN = 6 * 8,
    RULES_LEN = IDENTITY_COUNT * 8
};

/* One row an operation: to add one, add it to BOOK_OP_MAP and its function here. */
static int (*const operations[BOOK_OP_COUNT])(struct book *, const struct book_request *,
                                              struct book_answer *) = {
    [BOOK_OPEN] = book_do_open,         [BOOK_CLOSE] = book_do_close,
    [BOOK_REVERSAL] = book_do_reversal, [BOOK_SETTLE] = book_do_settle,
    [BOOK_LATE] = book_do_late,         [BOOK_DRAW] = book_do_draw,
    [BOOK_LOOK] = book_do_look,         [BOOK_CUTOVER] = book_do_cutover,
    [BOOK_FILE] = book_do_file,         [BOOK_SIGN_OFF] = book_do_sign_off,
};

static int meta_put(struct kv_txn *txn, struct span name, struct span value)
{
    uint8_t bytes[128];
    struct writer out = writer_make(bytes, sizeof bytes);
    writer_span(&out, value);
    writer_be32(&out, crc32c(0, value));
    CHECK(!out.overflow);
    return kv_put(txn, KV_meta, name, writer_written(&out), KV_REPLACE);
}

/* The value of @len bytes under @name; ERR_CORRUPT if it is not there or not as written. */
static int meta_get(struct kv_txn *txn, struct span name, size_t len, struct span *value)
{
    int rc = kv_get(txn, KV_meta, name, value);
    if (rc == ERR_NOT_FOUND || (rc == 0 && value->len != len + CRC_LEN)) {
        return ERR_CORRUPT;
    }
    TRY(rc);
    *value = span_first(*value, len);
    return crc32c(0, *value) == be32_get(value->ptr + len) ? 0 : ERR_CORRUPT;
}

static int rules_write(struct book *book)
{
    uint8_t bytes[RULES_LEN];
    struct writer out = writer_make(bytes, sizeof bytes);
    for (unsigned i = 0; i < IDENTITY_COUNT; i++) {
        writer_be64(&out, (uint64_t)book->now.rule_ms[i]);
    }
    return meta_put(book->txn, SPAN_LITERAL("rules"), writer_written(&out));
}

static int counters_write(struct book *book)
{
    uint8_t bytes[NEXT_LEN];
    struct writer out = writer_make(bytes, sizeof bytes);
    writer_be64(&out, book->now.seq);
    writer_be64(&out, book->now.journal_seq);
    writer_be64(&out, book->now.due_seq);
    writer_be64(&out, book->now.item_seq);
    writer_be64(&out, book->now.file_seq);
    writer_be64(&out, book->now.lookup_upto);
    TRY(meta_put(book->txn, SPAN_LITERAL("next"), writer_written(&out)));
    TRY(meta_put(book->txn, SPAN_LITERAL("chain"), span_make(book->now.chain, CHAIN_LEN)));
    if (memcmp(book->now.rule_ms, book->saved.rule_ms, sizeof book->now.rule_ms) != 0) {
        TRY(rules_write(book));
    }
    if (book_today(book) != book->saved.recent[0].day) {
        KEY_U32(day, book_today(book));
        TRY(meta_put(book->txn, SPAN_LITERAL("current_day"), day));
    }
    return 0;
}

static enum room room_of(const struct book *book)
{
    uint32_t used = book->kv->ops->used_permille(book->kv);
    return used >= book->settings.ends_permille   ? ROOM_FOR_ENDS
           : used >= book->settings.bury_permille ? ROOM_FOR_KNOWN
           : used >= book->settings.full_permille ? ROOM_FOR_TOLD
                                                  : ROOM_FOR_ALL;
}

int book_begin(struct book *book)
{
    CHECK(book->txn == NULL);
    book->room = room_of(book);
    book->leave_permille = 0;
    book->answer_count = 0;
    return kv_begin(book->kv, true, &book->txn);
}

void book_abort(struct book *book)
{
    if (book->txn != NULL) {
        kv_abort(book->txn);
        book->txn = NULL;
    }
    book->now = book->saved;
    book->answer_count = 0;
    book_rows_forget(book);
    book_ids_forget(book);
}

/* Write what was kept for the end of the batch, and commit. */
int book_commit(struct book *book)
{
    TRY(book_tombs_sweep(book));
    TRY(book_find_flush(book));
    TRY(book_rows_flush(book));
    /* Whatever counts is journalled; without a row there only indexing may have moved. */
    if (book->now.journal_seq != book->saved.journal_seq ||
        book->now.lookup_upto != book->saved.lookup_upto) {
        TRY(counters_write(book));
    }
    if (book->leave_permille > 0) {
        TRY(kv_leaves(book->txn, book->leave_permille));
    }
    struct kv_txn *txn = book->txn;
    book->txn = NULL;
    TRY(kv_commit(txn));
    book->saved = book->now;
    return 0;
}

struct book_answer *book_answer_add(struct book *book, const struct book_request *request)
{
    if (book->answer_count == book->answer_cap) {
        size_t cap = 2 * book->answer_cap;
        struct book_answer *more = realloc(book->answers, cap * sizeof *more);
        if (more == NULL) {
            return NULL;
        }
        book->answers = more;
        book->answer_cap = cap;
    }
    struct book_answer *answer = &book->answers[book->answer_count++];
    memset(answer, 0, sizeof *answer);
    answer->op = request->op;
    answer->ref = request->ref;
    return answer;
}

static int run(struct book *book, const struct book_request *requests, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        CHECK((unsigned)requests[i].op < BOOK_OP_COUNT);
        struct book_answer *answer = book_answer_add(book, &requests[i]);
        if (answer == NULL) {
            return ERR_MEMORY;
        }
        TRY(operations[requests[i].op](book, &requests[i], answer));
    }
    return book_commit(book);
}

/* One transaction that takes no more than @room. ERR_FULL: aborted, to be tried with less. */
static int run_in(struct book *book, enum room room, const struct book_request *requests,
                  size_t count)
{
    TRY(book_begin(book));
    book->room = room > book->room ? room : book->room;
    if (book->room < ROOM_FOR_ENDS) {
        book->leave_permille = LEAVE_FOR_ENDS_PERMILLE;
    } else if (count > 1) {
        book->leave_permille = LEAVE_FOR_NEXT_PERMILLE;
    }
    int rc = run(book, requests, count);
    if (rc == ERR_FULL) {
        room = book->room;
        book_abort(book);
        book->room = room;
    }
    return rc;
}

/* The same; a few are tried again with less and less that begins: what ends must find room. */
static int run_some(struct book *book, const struct book_request *requests, size_t count)
{
    int rc = run_in(book, ROOM_FOR_ALL, requests, count);
    while (rc == ERR_FULL && count <= REFUSED_TOGETHER_MAX && book->room < ROOM_FOR_ENDS) {
        rc = run_in(book, book->room + 1, requests, count);
    }
    return rc;
}

int book_execute(struct book *book, const struct book_request *requests, size_t count,
                 void (*on_answer)(void *context, const struct book_answer *answer), void *context)
{
    CHECK(count <= BOOK_REQUESTS_MAX);
    if (book->failed) {
        return ERR_CLOSED;
    }
    size_t done = 0;
    size_t step = count;
    do {
        size_t some = step < count - done ? step : count - done;
        int rc = run_some(book, requests + done, some);
        if (rc == ERR_FULL && some > 1) {
            step = some / 2; /* A smaller one copies fewer pages. */
            continue;
        }
        if (rc < 0) {
            book_abort(book);
            book->failed = true;
            return rc;
        }
        done += some;
        for (size_t i = 0; i < book->answer_count; i++) {
            on_answer(context, &book->answers[i]);
        }
    } while (done < count);
    return 0;
}

static struct book *book_make(struct kv *kv, const struct book_settings *settings)
{
    struct book *book = calloc(1, sizeof *book);
    if (book == NULL) {
        return NULL;
    }
    book->kv = kv;
    CHECK(settings->assign_max > 0);
    CHECK(settings->sweep_max > 0);
    CHECK(settings->bucket_bits <= 24);
    book->settings = *settings;
    book->answer_cap = ANSWERS_FIRST;
    book->answers = malloc(ANSWERS_FIRST * sizeof *book->answers);
    if (book->answers == NULL || book_journal_open(book) < 0) {
        book_free(book);
        return NULL;
    }
    return book;
}

void book_free(struct book *book)
{
    if (book != NULL) {
        book_journal_close(book);
        book_summary_free(book);
        free(book->answers);
        free(book);
    }
}

static int create(struct book *book, uint32_t day, int64_t wall_ms)
{
    uint8_t body[5] = {0};
    KEY_U32(version, SCHEMA_VERSION);
    TRY(meta_put(book->txn, SPAN_LITERAL("version"), version));
    TRY(book_day_add(book, &(struct day_row){.day = day, .state = DAY_OPEN, .opened_ms = wall_ms}));
    book->now.recent[0] = (struct book_day){day, wall_ms};
    book->now.recent_count = 1;
    TRY(rules_write(book));
    be32_put(body, day);
    TRY(book_journal_add(book, JOURNAL_CUTOVER, 0, wall_ms, span_make(body, sizeof body)));
    return book_commit(book);
}

int book_create(struct kv *kv, uint32_t day, int64_t wall_ms)
{
    if (!day_is_valid(day)) {
        return ERR_RANGE;
    }
    struct book *book = book_make(kv, &BOOK_SETTINGS_DEFAULT);
    if (book == NULL) {
        return ERR_MEMORY;
    }
    int rc = book_begin(book);
    if (rc == 0) {
        rc = create(book, day, wall_ms);
        if (rc < 0) {
            book_abort(book);
        }
    }
    book_free(book);
    return rc;
}

static int load_counters(struct book *book)
{
    struct span value;
    TRY(meta_get(book->txn, SPAN_LITERAL("version"), 4, &value));
    if (be32_get(value.ptr) != SCHEMA_VERSION) {
        return ERR_VERSION;
    }
    TRY(meta_get(book->txn, SPAN_LITERAL("next"), NEXT_LEN, &value));
    book->now.seq = be64_get(value.ptr);
    book->now.journal_seq = be64_get(value.ptr + 8);
    book->now.due_seq = be64_get(value.ptr + 16);
    book->now.item_seq = be64_get(value.ptr + 24);
    book->now.file_seq = be64_get(value.ptr + 32);
    book->now.lookup_upto = be64_get(value.ptr + 40);
    TRY(meta_get(book->txn, SPAN_LITERAL("rules"), RULES_LEN, &value));
    for (unsigned i = 0; i < IDENTITY_COUNT; i++) {
        book->now.rule_ms[i] = (int64_t)be64_get(value.ptr + 8u * i);
    }
    TRY(meta_get(book->txn, SPAN_LITERAL("chain"), CHAIN_LEN, &value));
    memcpy(book->now.chain, value.ptr, CHAIN_LEN);
    return book->now.lookup_upto <= book->now.seq ? 0 : ERR_CORRUPT;
}

static int load_days(struct book *book)
{
    struct book_counters *now = &book->now;
    struct span found;
    struct span value;
    uint32_t next = 0;
    for (;;) {
        struct day_row day;
        KEY_U32(key, next);
        int rc = kv_seek(book->txn, KV_days, key, &found, &value);
        TRY(rc);
        if (rc == 0) {
            break;
        }
        TRY(day_row_decode(value, &day));
        memmove(now->recent + 1, now->recent, sizeof now->recent - sizeof now->recent[0]);
        now->recent[0] = (struct book_day){day.day, day.opened_ms};
        now->recent_count += now->recent_count < BOOK_RECENT_DAYS ? 1 : 0;
        next = day.day + 1;
    }
    TRY(meta_get(book->txn, SPAN_LITERAL("current_day"), 4, &value));
    return now->recent_count > 0 && now->recent[0].day == be32_get(value.ptr) ? 0 : ERR_CORRUPT;
}

/* The newest rows are as they were written, and are the newest. */
static int load_check(struct book *book)
{
    const struct book_counters *now = &book->now;
    struct span key;
    struct span value;
    uint64_t bad = 0;
    uint64_t rows = 0;
    uint64_t from = now->journal_seq > BOOK_CHECKED_ROWS ? now->journal_seq - BOOK_CHECKED_ROWS : 1;
    TRY(book_verify_chain(book->txn, from, UINT64_MAX, &bad, &rows));
    int rc = kv_last(book->txn, KV_journal, &key, &value);
    TRY(rc);
    if (rc == 0 || be64_get(key.ptr) != now->journal_seq) {
        return ERR_CORRUPT;
    }
    rc = kv_last(book->txn, KV_txns, &key, &value);
    TRY(rc);
    if ((rc == 1 ? be64_get(key.ptr) : 0) != now->seq) {
        return ERR_CORRUPT;
    }
    for (uint64_t i = 0; i < BOOK_CHECKED_ROWS && i < now->seq; i++) {
        struct record record;
        rc = book_get(book->txn, now->seq - i, &record);
        TRY(rc == ERR_NOT_FOUND ? ERR_CORRUPT : rc);
    }
    return 0;
}

int book_load(struct kv *kv, const struct book_settings *settings, struct book **out)
{
    struct book *book = book_make(kv, settings);
    if (book == NULL) {
        return ERR_MEMORY;
    }
    int rc = kv_begin(kv, false, &book->txn);
    if (rc == 0) {
        rc = load_counters(book);
        rc = rc < 0 ? rc : load_days(book);
        rc = rc < 0 ? rc : load_check(book);
        rc = rc < 0 ? rc : book_find_load(book);
        kv_abort(book->txn);
        book->txn = NULL;
    }
    if (rc < 0) {
        book_free(book);
        return rc;
    }
    book->saved = book->now;
    *out = book;
    return 0;
}

uint32_t book_current_day(const struct book *book)
{
    return book->saved.recent[0].day;
}

static int last_stan(struct kv_txn *txn, uint64_t seq, uint32_t *stan)
{
    for (uint64_t i = 0; i < STAN_SEARCH_MAX && i < seq; i++) {
        struct record record;
        uint64_t number = 0;
        int rc = book_get(txn, seq - i, &record);
        if (rc == ERR_NOT_FOUND) {
            return 0; /* Older ones are in an archive. */
        }
        TRY(rc);
        const char *last = record.reversal_stan[0] != 0 ? record.reversal_stan : record.link_stan;
        if (record.issuer[0] != 0 && last[0] != 0) {
            TRY(span_number(span_text(last), &number));
            *stan = (uint32_t)number;
            return 0;
        }
    }
    return 0;
}

int book_last_stan(struct book *book, uint32_t *stan)
{
    struct kv_txn *txn = NULL;
    *stan = 0;
    TRY(kv_begin(book->kv, false, &txn));
    int rc = last_stan(txn, book->saved.seq, stan);
    kv_abort(txn);
    return rc;
}
