/* What the files of the book share, and nobody else includes.
 *
 * book.c executes batches; book_open, book_close, book_reversal, book_due and book_day hold the
 * rules, one file an operation; book_rows caches the rows that many requests of a batch touch;
 * book_journal chains; book_find indexes; book_recover and book_audit work on a book at rest.
 *
 * A batch works on @now and the caches; book_commit() writes them once and makes @now @saved;
 * book_abort() goes back to @saved and forgets the caches. Nothing else may outlive a batch. */
#pragma once

#include <openssl/evp.h>

#include "switch/store/book.h"

enum {
    BOOK_TOTALS_SLOTS = 1024,   /* direct-mapped; a power of two */
    BOOK_DAY_SLOTS = 16,        /* the same */
    BOOK_RECENT_DAYS = 8,       /* days that a key without a date may belong to */
    BOOK_PENDING_MAX = 4096,    /* records missing in the indexes: with more, a round is begun */
    BOOK_PENDING_SLOTS = 32768, /* a power of two: what may be missing while a round is written */
    BOOK_ID_HEADS = 8192,       /* a power of two */
    BOOK_CHECKED_ROWS = 1024,   /* newest rows that book_load() checks */
    TOTALS_KEY_LEN = 4 + 16 + 12 + 2,
    DUE_KEY_LEN = 16 + 8,
    ITEM_KEY_LEN = 4 + 8,
    TOMB_KEY_LEN = 1 + 8 + 12 + 8 + 8,
};

/* The secondary index: 64-bit hashes, told apart by looking at the record. */
enum lookup_kind { LOOKUP_STAN, LOOKUP_RRN, LOOKUP_PAN, LOOKUP_KIND_COUNT };

/* A round writes the rows of `ids` and of each kind of `lookup`, a batch each. It takes what
 * gathered during the round before it, or up to twice BOOK_PENDING_MAX and a batch. */
enum { ROUND_STEPS = 1 + LOOKUP_KIND_COUNT };
static_assert((2 * ROUND_STEPS - 1) * BOOK_REQUESTS_MAX < BOOK_PENDING_SLOTS &&
                  2 * BOOK_PENDING_MAX + ROUND_STEPS * BOOK_REQUESTS_MAX < BOOK_PENDING_SLOTS,
              "what is pending at the end of a round has a slot each");

struct book_day {
    uint32_t day;
    int64_t opened_ms;
};

/* All that a batch changes besides tables. Sequences are the last ones given. */
struct book_counters {
    uint64_t seq;
    uint64_t journal_seq;
    uint64_t due_seq;
    uint64_t item_seq;
    uint64_t file_seq;
    uint64_t lookup_upto; /* records up to here are in both indexes, later ones in memory */
    uint64_t round_upto;  /* up to where the round that is being written goes; 0: there is none */
    uint32_t round_step;
    uint8_t chain[CHAIN_LEN];
    int64_t rule_ms[IDENTITY_COUNT]; /* newest record of each rule, true to a minute; 0: none */
    /* Tombstones from before @sweep_before_ms are being taken away, up to @sweep_key so far. Not on
     * disk: what a restart leaves, the next cutover takes. */
    bool sweeping;
    int64_t sweep_before_ms;
    size_t sweep_key_len;
    uint8_t sweep_key[TOMB_KEY_LEN + 1];
    uint32_t recent_count;
    struct book_day recent[BOOK_RECENT_DAYS]; /* newest first; [0] is the current day */
};

/* What is taken, by how full the map is; each refuses what those before it do. */
enum room {
    ROOM_FOR_ALL,
    ROOM_FOR_TOLD,  /* no fresh requests: they are told to come later */
    ROOM_FOR_KNOWN, /* nor reversals that name nothing: they would only be buried */
    ROOM_FOR_ENDS,  /* nothing that is fresh */
};

struct day_slot {
    struct day_row row;
    bool used;
    bool dirty;
};

struct totals_slot {
    uint8_t key[TOTALS_KEY_LEN];
    struct totals_row row;
    bool used;
    bool dirty;
};

/* K of a record that has no row in `ids` yet. */
struct pending_id {
    uint8_t key[RECORD_KEY_LEN];
    uint64_t older; /* the next older record of the same head */
};

struct book {
    struct kv *kv;
    struct book_settings settings;
    struct kv_txn *txn;      /* the batch's, NULL between batches */
    enum room room;          /* in this batch */
    uint32_t leave_permille; /* of the map, that this batch may not take */
    bool failed;             /* a batch failed: nothing more is done */
    struct book_counters now;
    struct book_counters saved;
    struct day_slot days[BOOK_DAY_SLOTS];
    struct totals_slot totals[BOOK_TOTALS_SLOTS];
    uint16_t totals_dirty[BOOK_TOTALS_SLOTS];
    size_t totals_dirty_count;
    EVP_MD *sha256;
    EVP_MD_CTX *digest;
    uint32_t batches_unindexed;
    /* Of the records behind lookup_upto, each in the slot of its sequence. */
    uint64_t pending[BOOK_PENDING_SLOTS][LOOKUP_KIND_COUNT]; /* hashes */
    struct pending_id ids[BOOK_PENDING_SLOTS];
    uint64_t id_heads[BOOK_ID_HEADS]; /* newest record with such a key */
    uint32_t pending_order[BOOK_PENDING_SLOTS];
    uint8_t **summaries; /* by bucket; NULL: it may have anything */
    size_t summary_cap;
    struct book_answer *answers;
    size_t answer_count;
    size_t answer_cap;
    uint8_t row[JOURNAL_BODY_AT + RECORD_LEN_MAX];
    uint8_t encoded[CRC_LEN + RECORD_LEN_MAX];
};

/* Keys and rows in the caller's memory, as spans. */
#define KEY_U64(name, value)                                                                       \
    uint8_t name##_bytes_[8];                                                                      \
    be64_put(name##_bytes_, (value));                                                              \
    struct span name = span_make(name##_bytes_, sizeof name##_bytes_)
#define KEY_U32(name, value)                                                                       \
    uint8_t name##_bytes_[4];                                                                      \
    be32_put(name##_bytes_, (value));                                                              \
    struct span name = span_make(name##_bytes_, sizeof name##_bytes_)

/* book.c: one write transaction. */
MUST_USE int book_begin(struct book *book);
/* How full the map may be after a batch: what begins leaves room for what ends, and a batch that
 * only ends something for the next of them. A single operation may take all. */
enum { LEAVE_FOR_ENDS_PERMILLE = 30, LEAVE_FOR_NEXT_PERMILLE = 15 };
MUST_USE int book_commit(struct book *book);
void book_abort(struct book *book);
/* The next answer of this batch, zeroed but for op and ref; NULL if memory is out. It may move with
 * the next call. */
struct book_answer *book_answer_add(struct book *book, const struct book_request *request);

/* book_rows.c: rows by value, days and totals cached until the commit. */
static inline uint32_t book_today(const struct book *book)
{
    return book->now.recent[0].day;
}
/* A day's row to look at, or to change. ERR_NOT_FOUND. Dies with the next call. */
MUST_USE int book_day_read(struct book *book, uint32_t day, const struct day_row **row);
MUST_USE int book_day_change(struct book *book, uint32_t day, struct day_row **row);
MUST_USE int book_day_add(struct book *book, const struct day_row *row);
/* The totals that @record counts in on @day, to change. Dies with the next call. */
MUST_USE int book_totals_change(struct book *book, uint32_t day, const struct record *record,
                                struct totals_row **row);
void book_totals_key(uint32_t day, const char *issuer, const char *acquirer, uint16_t currency,
                     uint8_t out[TOTALS_KEY_LEN]);
MUST_USE int book_rows_flush(struct book *book);
void book_rows_forget(struct book *book);
/* Write @record to its row. The journal gets the whole of a new one (KV_APPEND), and of one that is
 * replaced what may have changed: its other members stand in its first row. */
MUST_USE int book_record_write(struct book *book, const struct record *record, enum kv_put how,
                               enum journal_type type, int64_t wall_ms);
/* A clearing item of @day with its totals: sets *@item_seq. */
MUST_USE int book_item_add(struct book *book, const struct record *record, uint32_t day,
                           uint8_t kind, int64_t amount_minor, uint64_t original_item,
                           uint64_t *item_seq);
void book_item_key(uint32_t day, uint64_t item_seq, uint8_t out[ITEM_KEY_LEN]);
MUST_USE int book_item_put(struct book *book, const struct item_row *item, enum kv_put how);
/* Count @amount_minor in the totals as an item of @kind does. */
MUST_USE int book_totals_count(struct book *book, uint32_t day, const struct record *record,
                               uint8_t kind, int64_t amount_minor);
void book_due_key(const char *issuer, uint64_t due_seq, uint8_t out[DUE_KEY_LEN]);
/* Make @record due for reversal (due_seq is set in it) and tell so in @answer (may be NULL). A
 * terminal's reversal is due to no issuer, but to staff: a dead letter from the start. */
MUST_USE int book_due_add(struct book *book, struct record *record, int64_t wall_ms,
                          struct book_answer *answer);
/* Keep the list of dead letters: @due is one from now on. */
MUST_USE int book_dead_add(struct book *book, const struct due_row *due);
/* The reverse: take the row of @record away (its due_seq is left to the caller). */
MUST_USE int book_due_remove(struct book *book, const struct record *record);

/* book_journal.c */
MUST_USE int book_journal_add(struct book *book, enum journal_type type, uint64_t seq,
                              int64_t wall_ms, struct span body);
MUST_USE int book_journal_open(struct book *book);
void book_journal_close(struct book *book);

/* book_find.c. A record that was just inserted is added at once. */
void book_find_add(struct book *book, const struct record *record);
MUST_USE int book_find_flush(struct book *book);
MUST_USE int book_find_load(struct book *book);
/* Of the records that agree with @like in what @kind is made of the one that @fits says fits best
 * (0 not at all, FIT_BEST cannot be better), of equals the newest. 1 and @out, 0 if there is none.
 */
enum { FIT_NOT = 0, FIT_BEST = 4 };
MUST_USE int book_find(struct book *book, enum lookup_kind kind, const struct record *like,
                       unsigned (*fits)(const void *context, const struct record *record),
                       const void *context, struct record *out);

/* book_summary.c: a hash that a bucket has, or cannot have; its row, when the bucket is full. */
MUST_USE int book_summary_add(struct book *book, uint64_t bucket, uint64_t hash);
bool book_summary_excludes(const struct book *book, uint64_t bucket, uint64_t hash);
MUST_USE int book_summary_write(struct book *book, uint64_t bucket);
/* All rows there are; *@next: the bucket behind the last of them. */
MUST_USE int book_summary_load(struct book *book, uint64_t *next);
void book_summary_free(struct book *book);

/* book_ids.c: K to sequence. Those of an aborted batch are forgotten after now is what it was. */
void book_ids_add(struct book *book, const struct record *record);
/* 1 and @seq, or 0. */
MUST_USE int book_ids_find(struct book *book, const uint8_t key[RECORD_KEY_LEN], uint64_t *seq);
MUST_USE int book_ids_write(struct book *book);
void book_ids_forget(struct book *book);

/* book_open.c: what stands under the K of @record (its day is set here)?
 * 0: nothing; the caller takes it with book_find_add(). 1: @result says, and @record is what is
 * stored (but not for REFUSED). */
MUST_USE int book_identify(struct book *book, struct record *record, int64_t wall_ms,
                           bool refusable, enum book_result *result);
/* @record's terminal, the @number that names it, and for TOMB_STAN its card and amount: two
 * reversals that name one STAN with other cards or amounts are two tombstones. */
void book_tomb_key(uint8_t kind, const struct record *record, const char *number,
                   uint8_t out[TOMB_KEY_LEN]);

/* 1 and @tomb if one of the last window stands under that key, or 0. */
MUST_USE int book_tomb_get(struct book *book, uint8_t kind, const struct record *record,
                           const char *number, int64_t wall_ms, struct tomb_row *tomb);
static inline uint32_t pending_slot(uint64_t seq)
{
    return (uint32_t)(seq % BOOK_PENDING_SLOTS);
}
static inline bool record_is_reversal(const struct record *record)
{
    return (record->mti & 0x0F00) == 0x0400;
}
static inline bool record_is_request(const struct record *record)
{
    return !record_is_reversal(record) && (record->mti & 0x00F0) == 0;
}

/* book_close.c: write the outcome @state of the open @record, whose other fields are set. */
MUST_USE int book_finish(struct book *book, struct record *record, uint8_t state,
                         enum journal_type type, int64_t wall_ms, struct book_answer *answer);

/* book_day.c: a step of the sweep that a cutover began, if there is one. */
MUST_USE int book_tombs_sweep(struct book *book);

/* One function an operation: 0 with @answer filled, or an error that fails the batch. */
MUST_USE int book_do_open(struct book *book, const struct book_request *request,
                          struct book_answer *answer);
MUST_USE int book_do_close(struct book *book, const struct book_request *request,
                           struct book_answer *answer);
MUST_USE int book_do_reversal(struct book *book, const struct book_request *request,
                              struct book_answer *answer);
MUST_USE int book_do_settle(struct book *book, const struct book_request *request,
                            struct book_answer *answer);
MUST_USE int book_do_late(struct book *book, const struct book_request *request,
                          struct book_answer *answer);
MUST_USE int book_do_draw(struct book *book, const struct book_request *request,
                          struct book_answer *answer);
MUST_USE int book_do_look(struct book *book, const struct book_request *request,
                          struct book_answer *answer);
MUST_USE int book_do_cutover(struct book *book, const struct book_request *request,
                             struct book_answer *answer);
MUST_USE int book_do_file(struct book *book, const struct book_request *request,
                          struct book_answer *answer);
MUST_USE int book_do_sign_off(struct book *book, const struct book_request *request,
                              struct book_answer *answer);
