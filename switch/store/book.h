/* The book of transactions: the rules of money over ordered tables.
 *
 * Everything that must be true after a crash is decided here, inside one write transaction for a
 * whole batch of requests: the duplicate check, states, clearing items, totals, what is due, the
 * journal and its chain, business days. No threads, clock or files: times come with the requests.
 * It runs on any kv (LMDB in the daemon, memory in the simulator). */
#pragma once

#include "switch/core/book.h"
#include "switch/store/kv.h"
#include "switch/store/schema.h"

struct book;

enum { BOOK_REQUESTS_MAX = 4096 }; /* in one book_execute() */

struct book_settings {
    int64_t window_ms;     /* how old a request may be and still answer a repeat: 24 h */
    int64_t window_day_ms; /* the same for IDENTITY_DAY requests: 1 h */
    /* From these shares of the map on is REFUSED: what is fresh and can be told so (requests);
     * reversals of what is unknown; everything that is fresh. The rest is for what ends. */
    uint32_t full_permille; /* 900 */
    uint32_t bury_permille; /* 940 */
    uint32_t ends_permille; /* 970 */
    uint32_t assign_max;    /* items that one FILE_ASSIGN looks at: 2048, which take 1 ms */
    uint32_t sweep_max;     /* tombstones that a commit looks at after a cutover: 256 */
    uint32_t round_batches; /* index rows are written after so many batches at the latest: 256 */
    /* Records of a bucket of the index, as a power of two: 16. The same all a store's life. */
    uint32_t bucket_bits;
};

#define BOOK_SETTINGS_DEFAULT                                                                      \
    ((struct book_settings){86400000, 3600000, 900, 940, 970, 2048, 256, 256, 16})

/* A new store's first rows: version, first business day. Within a write transaction of its own. */
MUST_USE int book_create(struct kv *kv, uint32_t day, int64_t wall_ms);

/* Load counters, days, chain head from @kv; check version and the newest rows' checksums and chain.
 * ERR_CORRUPT if anything is not as written. @book lives as long as @kv. */
MUST_USE int book_load(struct kv *kv, const struct book_settings *settings, struct book **out);
void book_free(struct book *book);

/* What a restart found and finished: every OPEN becomes UNKNOWN with its reversal due (DECLINED if
 * it has no issuer or moves no money), in batches of one transaction each, before anyone listens.
 * Can be killed and run again. @on_due (may be NULL) is told the original record of every due row
 * then in the book, and of what was REVERSED in the last hour (the newest): for the pairing keys,
 * the STANs in use, and a late approval of what is reversed. */
struct book_recovered {
    uint64_t open_count;     /* found open */
    uint64_t unknown_count;  /* of them: reversal now due */
    uint64_t declined_count; /* of them: closed DECLINED */
    uint64_t due_count;      /* due rows altogether, after it */
};
MUST_USE int book_recover(struct book *book, int64_t wall_ms,
                          void (*on_due)(void *context, const struct record *original),
                          void *context, struct book_recovered *out);

/* Execute @requests (at most BOOK_REQUESTS_MAX) in order in ONE write transaction and commit it.
 * @on_answer is called for each answer (a DRAW may give several), after the commit, in order. Where
 * the map is nearly full they may take several transactions. Returns 0, or an error after which
 * nothing more may be approved (fail stop): the transaction is aborted and none of its answers was
 * given. What begins is REFUSED before it takes the room of what ends, so that ERR_FULL means that
 * a map is too small for what is open. */
MUST_USE int book_execute(struct book *book, const struct book_request *requests, size_t count,
                          void (*on_answer)(void *context, const struct book_answer *answer),
                          void *context);

uint32_t book_current_day(const struct book *book);

/* The newest STAN that we gave to an issuer, from the newest records; 0 if there is none. */
MUST_USE int book_last_stan(struct book *book, uint32_t *stan);

/* Look one record up inside a transaction: 0, ERR_NOT_FOUND, ERR_CORRUPT. */
MUST_USE int book_get(struct kv_txn *txn, uint64_t seq, struct record *out);

/* Walk the journal from @from to @to (0, UINT64_MAX: all): checksums and chain. ERR_CORRUPT with
 * @bad set to the first bad row. */
MUST_USE int book_verify_chain(struct kv_txn *txn, uint64_t from, uint64_t to, uint64_t *bad,
                               uint64_t *rows);

/* Check every row that has a checksum, in all tables, and the whole chain: what is done after a
 * stop that a failed sync forced, and by `swclear verify`. ERR_CORRUPT with @table set. */
MUST_USE int book_verify_rows(struct kv_txn *txn, enum kv_table *table);

/* Recount what is open and what is due of every day and compare it with the day's row. 0, or
 * ERR_CORRUPT with @day set to the first that differs; ERR_MEMORY. */
MUST_USE int book_check_days(struct kv_txn *txn, uint32_t *day);

/* One group of totals that does not agree with its items (invariant I8). */
struct book_totals_fault {
    char issuer[RECORD_NAME_LEN + 1];
    char acquirer[12];
    uint16_t currency;
    int64_t items_minor;  /* S - R - V + W of the items that are not netted */
    int64_t totals_minor; /* sales - sales_reversed - refunds + refunds_reversed */
};

/* Recount the items of @day and compare them with its totals, per issuer, acquirer and currency.
 * 0, or ERR_CORRUPT with @fault set; ERR_MEMORY. */
MUST_USE int book_check_totals(struct kv_txn *txn, uint32_t day, struct book_totals_fault *fault);
