/* What create.c and store.c (files) and writer.c (thread) share, and nobody else includes. */
#pragma once

#include <pthread.h>

#include "switch/store/store.h"

enum { STORE_PATH_MAX = 1024, SEAL_CHECK_LEN = 16 };

/* Answers on their way to the loop; grows to the largest batch that ever was. */
struct answers {
    struct book_answer *rows;
    size_t count;
    size_t cap;
};

struct store {
    char path[STORE_PATH_MAX];
    struct store_settings settings;
    int lock_fd;
    struct kv *kv;
    struct book *book; /* after store_start(): the writer thread's */
    struct seal *seal;

    /* Callbacks and loop: set by store_start(), constant while the thread runs. */
    void (*on_answer)(void *context, const struct book_answer *answer);
    void (*on_failure)(void *context, int err, const char *what);
    void *context;
    uv_poll_t *bell; /* freed by its close callback */
    int bell_fd;     /* an eventfd: the writer thread rings, the loop hears */
    pthread_t thread;
    bool running;

    /* The ring: slots of [tail, published) are the writer thread's, the others the loop's. */
    struct book_request *ring; /* settings.queue_max slots */
    uint64_t head;             /* loop thread: submitted so far */
    uint64_t tail_seen;        /* loop thread: @tail when it last looked */

    struct answers batch;      /* writer thread: of the batch that runs */
    struct answers delivering; /* loop thread */

    pthread_mutex_t mutex; /* of what follows */
    pthread_cond_t work;
    uint64_t published;
    uint64_t tail; /* executed so far */
    bool stopping;
    struct answers ready; /* committed, not yet taken by the loop */
    uint64_t commits;
    uint32_t batch_largest;
};

/* Join @name to the store's path; ERR_LENGTH. */
MUST_USE int store_path(const char *path, const char *name, char out[STORE_PATH_MAX]);

/* Lock the directory @path for this process, until *@out is closed. ERR_EXISTS if another has it,
 * ERR_NOT_FOUND if there is none, ERR_IO. */
MUST_USE int store_lock(const char *path, int *out);

/* What was made, renamed or removed in @path is so after a power loss, too. 0 or ERR_IO. */
int store_directory_sync(const char *path);

/* Take away what a store_create() that was killed left in its folder; it does not touch the store.
 */
void store_leftovers_remove(const char *path);

/* Leave a mark that a sync failed, so that the next start trusts no cache. Best effort. */
void store_mark_failed(const struct store *store);
