#include "switch/edge/search.h"

#include <stdlib.h>
#include <string.h>

enum { CLOCK_ROWS = 32 }; /* so many rows between two looks at the clock */

/* While a slice is under way all but @work, @stopping, @done and @context are its thread's. */
struct search {
    uv_work_t work;
    struct kv *kv;
    const bool *stopping;
    char terminal[sizeof((struct record *)NULL)->terminal];
    char stan[sizeof((struct record *)NULL)->stan];
    char rrn[sizeof((struct record *)NULL)->rrn];
    uint64_t next; /* the sequence to look at */
    int result;    /* of the slice: 1 found (@next), 0 go on, or an error; ERR_NOT_FOUND: the end */
    void (*done)(void *context, int result, uint64_t seq);
    void *context;
};

static bool is_like(const char *wanted, const char *text)
{
    return wanted[0] == 0 || strcmp(wanted, text) == 0;
}

/* Decoding a record takes longer than seeing that it has not the bytes. 1, 0 or an error. */
static int look(const struct search *search, struct kv_txn *txn, uint64_t seq)
{
    struct record record;
    struct span row;
    uint8_t key[8];
    struct span rare = span_text(search->rrn[0] != 0 ? search->rrn : search->stan);
    be64_put(key, seq);
    int rc = kv_get(txn, KV_txns, span_make(key, sizeof key), &row);
    if (rc < 0) {
        return rc == ERR_NOT_FOUND ? 0 : rc; /* older ones may be in an archive */
    }
    if (memmem(row.ptr, row.len, rare.ptr, rare.len) == NULL) {
        return 0;
    }
    TRY(book_get(txn, seq, &record));
    return is_like(search->terminal, record.terminal) && is_like(search->stan, record.stan) &&
                   is_like(search->rrn, record.rrn)
               ? 1
               : 0;
}

static void walk_slice(uv_work_t *work)
{
    struct search *search = work->data;
    uint64_t until_ns = uv_hrtime() + SEARCH_SLICE_MS * 1000000ull;
    struct kv_txn *txn = NULL;
    int rc = kv_begin(search->kv, false, &txn);
    if (rc == 0) {
        for (unsigned count = 1; rc == 0 && search->next > 0; count++) {
            if (count % CLOCK_ROWS == 0 && uv_hrtime() >= until_ns) {
                break;
            }
            rc = look(search, txn, search->next);
            search->next -= rc == 0 ? 1 : 0;
        }
        kv_abort(txn);
    }
    search->result = rc == 0 && search->next == 0 ? ERR_NOT_FOUND : rc;
}

static void on_slice(uv_work_t *work, int status)
{
    struct search *search = work->data;
    CHECK(status == 0); /* nobody cancels it */
    int rc = *search->stopping && search->result == 0 ? ERR_CLOSED : search->result;
    if (rc == 0) {
        CHECK(uv_queue_work(work->loop, work, walk_slice, on_slice) == 0);
        return;
    }
    search->done(search->context, rc == 1 ? 0 : rc, search->next);
    free(search);
}

/* The newest sequence; 0: there is none. */
static int newest(struct kv *kv, uint64_t *seq)
{
    struct kv_txn *txn = NULL;
    struct span key;
    struct span row;
    *seq = 0;
    TRY(kv_begin(kv, false, &txn));
    int rc = kv_last(txn, KV_txns, &key, &row);
    if (rc == 1 && key.len == 8) {
        *seq = be64_get(key.ptr);
    }
    kv_abort(txn);
    return rc < 0 ? rc : 0;
}

int search_start(uv_loop_t *loop, struct kv *kv, const bool *stopping, const struct record *like,
                 void (*done)(void *context, int result, uint64_t seq), void *context)
{
    uint64_t seq = 0;
    TRY(newest(kv, &seq));
    struct search *search = calloc(1, sizeof *search);
    if (search == NULL) {
        return ERR_MEMORY;
    }
    search->kv = kv;
    search->stopping = stopping;
    search->next = seq;
    search->done = done;
    search->context = context;
    memcpy(search->terminal, like->terminal, sizeof search->terminal);
    memcpy(search->stan, like->stan, sizeof search->stan);
    memcpy(search->rrn, like->rrn, sizeof search->rrn);
    search->work.data = search;
    CHECK(uv_queue_work(loop, &search->work, walk_slice, on_slice) == 0);
    return 0;
}
