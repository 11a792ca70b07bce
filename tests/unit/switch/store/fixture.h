/* A book on either kind of tables, and short ways to ask it. Test case loops run over both kinds:
 * _i is the enum fixture_kv. */
#pragma once

#include <check.h>

#include "switch/store/book.h"

enum fixture_kv { FIXTURE_MEMORY, FIXTURE_LMDB, FIXTURE_KV_COUNT };

enum {
    FIXTURE_DAY = 20261121,
    FIXTURE_ANSWERS_MAX = 512,
};
#define FIXTURE_NOON_MS 1795262400000LL /* 2026-11-21T12:00:00Z */
#define HOUR_MS         3600000LL

struct fixture {
    enum fixture_kv kind;
    char dir[64];
    struct kv *kv;
    struct book *book;
    struct book_settings settings; /* the default; others from the next fixture_reload() on */
    int64_t wall_ms;               /* stamped into every request */
    struct book_answer answers[FIXTURE_ANSWERS_MAX];
    size_t answer_count;
};

/* An empty store of business day FIXTURE_DAY, at noon. */
struct fixture *fixture_open(int kind);
void fixture_close(struct fixture *f);

/* Forget the book and load it again, as after a crash: a transaction that runs is gone. */
void fixture_reload(struct fixture *f);

/* A private directory under /tmp (made), and its removal with all files in it. */
void fixture_dir_make(char dir[64]);
void fixture_dir_remove(const char *dir);

/* A purchase of @amount_minor by STAN @stan: K of DE12, complete but for the sequence. */
struct record fixture_purchase(unsigned stan, int64_t amount_minor);

/* A terminal's 0420 for @original, of its own K, that names it by DE90. */
struct record fixture_reversal(const struct record *original);

/* Execute requests as one batch; the answers are in f->answers. Fails the test on an error. */
void fixture_execute(struct fixture *f, struct book_request *requests, size_t count);

/* The same for one request; returns its first answer (borrowed until the next). */
const struct book_answer *fixture_ask(struct fixture *f, struct book_request request);

/* Each as a batch of its own. */
const struct book_answer *fixture_do_open(struct fixture *f, const struct record *record);
const struct book_answer *fixture_do_close(struct fixture *f, const struct record *opened,
                                           enum record_state state);
const struct book_answer *fixture_do_reversal(struct fixture *f, const struct record *record);
const struct book_answer *fixture_do_settle(struct fixture *f, const struct record *original,
                                            enum settle settle);
const struct book_answer *fixture_do_cutover(struct fixture *f, uint32_t day);

/* Open @record and close it with @state: the record as stored. */
struct record fixture_closed(struct fixture *f, const struct record *record,
                             enum record_state state);

/* What is stored. */
struct record fixture_record(struct fixture *f, uint64_t seq);
size_t fixture_rows(struct fixture *f, enum kv_table table);
struct day_row fixture_day(struct fixture *f, uint32_t day);
struct totals_row fixture_totals(struct fixture *f, uint32_t day);
struct item_row fixture_item(struct fixture *f, uint32_t day, uint64_t item_seq);

/* The standing checks: totals equal items on @day, every checksum and the chain hold. */
void fixture_audit(struct fixture *f, uint32_t day);

/* Run @suite and return main()'s exit code. */
int fixture_main(Suite *suite);
