/* The durable store of the daemon: LMDB behind one writer thread with group commit.
 *
 * store_submit() copies a request into the queue; the writer takes all that gathered while its last
 * commit was syncing, runs it through the book in one transaction, and hands the answers back on
 * the loop thread. Our own disk is never silent: a request is answered, or the process
 * stops (exit 5) before another word is said. */
#pragma once

#include <uv.h>

#include "switch/store/book.h"
#include "switch/store/seal.h"

struct store;

struct store_settings {
    const char *path;   /* data directory */
    uint64_t map_bytes; /* LMDB map, also the limit of the file */
    /* Zeros written by store_create(): a growing file costs a factor of 2 to 7. */
    uint64_t prealloc_bytes;
    uint32_t queue_max; /* requests waiting or in a batch */
    uint32_t batch_max; /* requests a commit */
    struct book_settings book;
};

/* --init: make the directory's files (data.mdb preallocated, key file 0400). They are
 * made in a folder of their own and put in place when all is on disk, data.mdb last: killed at any
 * moment it leaves a whole store, or what the next call takes away. ERR_EXISTS, with nothing
 * touched, if there is a data.mdb or a key already, or another process makes them; ERR_IO (errno
 * tells) e.g. a full disk: then what was made is removed; ERR_LENGTH. */
MUST_USE int store_create(const struct store_settings *settings, uint32_t day, int64_t wall_ms);

/* Open for this process alone (the directory is locked; ERR_EXISTS if another has it, ERR_NOT_FOUND
 * if there is no store), reading past the page cache where the last stop was a failed sync; checks
 * version (ERR_VERSION: another program's schema), and checksums, chain tail and that the key file
 * is the store's: ERR_CORRUPT. */
MUST_USE int store_open(const struct store_settings *settings, struct store **out);
void store_close(struct store *store);

struct book *store_book(struct store *store); /* before store_start(), for book_recover() */
struct kv *store_kv(struct store *store);     /* read transactions, any thread */
struct seal *store_seal(struct store *store); /* loop thread; the store's, until store_close() */

/* Start the writer thread. @on_answer is called on the loop thread. @on_failure is called on the
 * writer thread when a commit failed: it must not return (say why, _exit(5)). */
MUST_USE int store_start(struct store *store, uv_loop_t *loop,
                         void (*on_answer)(void *context, const struct book_answer *answer),
                         void (*on_failure)(void *context, int err, const char *what),
                         void *context);

/* Queue a copy of @request, without its clear PAN. ERR_FULL if queue_max are waiting: the caller's
 * slab is sized so that it cannot happen for transactions. ERR_CLOSED after store_stop(), also from
 * within the answers that it delivers. Requests gather until store_flush() (once a loop turn). */
MUST_USE int store_submit(struct store *store, const struct book_request *request);
void store_flush(struct store *store);

/* Let the writer finish what is queued, deliver the answers, stop the thread. */
void store_stop(struct store *store);

/* For figures: commits, requests, and the largest batch so far; requests waiting now. */
struct store_figures {
    uint64_t commits;
    uint64_t requests;
    uint32_t batch_largest;
    uint32_t waiting;
    uint32_t used_permille;
};
struct store_figures store_figures(const struct store *store);
