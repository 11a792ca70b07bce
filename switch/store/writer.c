/* The writer thread: group commit.
 *
 * The loop thread fills a ring and publishes it once a turn; the writer takes all that is
 * published, which is what gathered while its last commit was syncing. Requests stay in their slots
 * until they are committed; answers are handed over in one swap. */
#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "switch/store/store_internal.h"

enum { ANSWERS_FIRST = 512 };

static int answers_grow(struct answers *answers, size_t count)
{
    size_t cap = answers->cap == 0 ? ANSWERS_FIRST : answers->cap;
    while (cap < count) {
        cap *= 2;
    }
    if (cap > answers->cap) {
        struct book_answer *rows = realloc(answers->rows, cap * sizeof *rows);
        if (rows == NULL) {
            return ERR_MEMORY;
        }
        answers->rows = rows;
        answers->cap = cap;
    }
    return 0;
}

static void answers_swap(struct answers *a, struct answers *b)
{
    struct answers kept = *a;
    *a = *b;
    *b = kept;
}

/* Say why and stop: the caller's way, which does not return. */
static void fail_stop(struct store *store, int err, const char *what)
{
    int saved = errno;
    store_mark_failed(store);
    errno = saved;
    store->on_failure(store->context, err, what);
    abort(); /* A failed store never goes on. */
}

static void keep_answer(void *context, const struct book_answer *answer)
{
    struct store *store = context;
    if (answers_grow(&store->batch, store->batch.count + 1) < 0) {
        fail_stop(store, ERR_MEMORY, "answers of a batch");
    }
    store->batch.rows[store->batch.count++] = *answer;
}

/* Wait for requests: how many stand in a row from *@first, or 0 when there are no more to come. */
static uint32_t batch_take(struct store *store, uint32_t *first)
{
    uint32_t slots = store->settings.queue_max;
    pthread_mutex_lock(&store->mutex);
    while (store->published == store->tail && !store->stopping) {
        pthread_cond_wait(&store->work, &store->mutex);
    }
    uint64_t count = store->published - store->tail;
    *first = (uint32_t)(store->tail % slots);
    pthread_mutex_unlock(&store->mutex);
    if (count > store->settings.batch_max) {
        count = store->settings.batch_max;
    }
    if (count > slots - *first) {
        count = slots - *first;
    }
    return (uint32_t)count;
}

/* An eventfd and no uv_async_t: that one's receiver spins until its sender has returned from the
 * write that woke it, which on a busy machine is as long as the sender does not run. */
static void bell_ring(int fd)
{
    uint64_t one = 1;
    CHECK(write(fd, &one, sizeof one) == sizeof one);
}

static void batch_hand_over(struct store *store, uint32_t count)
{
    int rc = 0;
    pthread_mutex_lock(&store->mutex);
    store->tail += count;
    store->commits++;
    store->batch_largest = count > store->batch_largest ? count : store->batch_largest;
    if (store->ready.count == 0) {
        answers_swap(&store->ready, &store->batch);
    } else {
        rc = answers_grow(&store->ready, store->ready.count + store->batch.count);
        if (rc == 0) {
            memcpy(store->ready.rows + store->ready.count, store->batch.rows,
                   store->batch.count * sizeof store->batch.rows[0]);
            store->ready.count += store->batch.count;
        }
    }
    pthread_mutex_unlock(&store->mutex);
    store->batch.count = 0;
    if (rc < 0) {
        fail_stop(store, rc, "answers waiting");
    }
    bell_ring(store->bell_fd);
}

static void *writer_run(void *context)
{
    struct store *store = context;
    for (;;) {
        uint32_t first = 0;
        uint32_t count = batch_take(store, &first);
        if (count == 0) {
            return NULL;
        }
        int rc = book_execute(store->book, store->ring + first, count, keep_answer, store);
        if (rc < 0) {
            fail_stop(store, rc, "commit");
        }
        batch_hand_over(store, count);
    }
}

static void deliver(struct store *store)
{
    pthread_mutex_lock(&store->mutex);
    answers_swap(&store->ready, &store->delivering);
    pthread_mutex_unlock(&store->mutex);
    for (size_t i = 0; i < store->delivering.count; i++) {
        store->on_answer(store->context, &store->delivering.rows[i]);
    }
    store->delivering.count = 0;
}

static void on_bell(uv_poll_t *bell, int status, int events)
{
    struct store *store = bell->data;
    uint64_t rings = 0;
    (void)events;
    CHECK(status == 0);
    if (read(store->bell_fd, &rings, sizeof rings) == sizeof rings) {
        deliver(store);
    }
}

static void on_closed(uv_handle_t *handle)
{
    free(handle);
}

static int bell_open(struct store *store, uv_loop_t *loop)
{
    store->bell = malloc(sizeof *store->bell);
    if (store->bell == NULL) {
        return ERR_MEMORY;
    }
    store->bell_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (store->bell_fd < 0 || uv_poll_init(loop, store->bell, store->bell_fd) != 0) {
        free(store->bell);
        if (store->bell_fd >= 0) {
            close(store->bell_fd);
        }
        return ERR_IO;
    }
    store->bell->data = store;
    CHECK(uv_poll_start(store->bell, UV_READABLE, on_bell) == 0);
    return 0;
}

static void bell_close(struct store *store)
{
    uv_close((uv_handle_t *)store->bell, on_closed);
    close(store->bell_fd); /* uv_close() has taken it out of the loop */
    store->bell = NULL;
}

int store_start(struct store *store, uv_loop_t *loop,
                void (*on_answer)(void *context, const struct book_answer *answer),
                void (*on_failure)(void *context, int err, const char *what), void *context)
{
    CHECK(!store->running);
    CHECK(store->settings.queue_max > 0);
    CHECK(store->settings.batch_max > 0);
    if (store->settings.batch_max > BOOK_REQUESTS_MAX) {
        store->settings.batch_max = BOOK_REQUESTS_MAX;
    }
    store->on_answer = on_answer;
    store->on_failure = on_failure;
    store->context = context;
    if (store->ring == NULL) {
        store->ring = malloc(store->settings.queue_max * sizeof *store->ring);
    }
    if (store->ring == NULL) {
        return ERR_MEMORY;
    }
    TRY(bell_open(store, loop));
    store->stopping = false;
    if (pthread_create(&store->thread, NULL, writer_run, store) != 0) {
        bell_close(store);
        return ERR_IO;
    }
    store->running = true;
    return 0;
}

int store_submit(struct store *store, const struct book_request *request)
{
    uint32_t slots = store->settings.queue_max;
    if (!store->running) {
        return ERR_CLOSED;
    }
    if (store->head - store->tail_seen == slots) {
        pthread_mutex_lock(&store->mutex);
        store->tail_seen = store->tail;
        pthread_mutex_unlock(&store->mutex);
        if (store->head - store->tail_seen == slots) {
            return ERR_FULL;
        }
    }
    struct book_request *slot = &store->ring[store->head++ % slots];
    *slot = *request;
    /* The clear PAN does not leave the loop thread. */
    bytes_wipe(slot->record.pan, sizeof slot->record.pan);
    return 0;
}

static void publish(struct store *store, bool stopping)
{
    pthread_mutex_lock(&store->mutex);
    bool news = store->published != store->head || stopping;
    store->published = store->head;
    store->stopping = stopping;
    pthread_mutex_unlock(&store->mutex);
    if (news) {
        pthread_cond_signal(&store->work);
    }
}

void store_flush(struct store *store)
{
    if (store->running) {
        publish(store, false);
    }
}

void store_stop(struct store *store)
{
    CHECK(store->running);
    publish(store, true);
    CHECK(pthread_join(store->thread, NULL) == 0);
    store->running = false;
    deliver(store);
    bell_close(store);
}

struct store_figures store_figures(const struct store *store)
{
    struct store *locked = (struct store *)(uintptr_t)store;
    pthread_mutex_lock(&locked->mutex);
    struct store_figures figures = {
        .commits = store->commits,
        .requests = store->tail,
        .batch_largest = store->batch_largest,
        .waiting = (uint32_t)(store->published - store->tail),
        .used_permille = store->kv->ops->used_permille(store->kv),
    };
    pthread_mutex_unlock(&locked->mutex);
    return figures;
}
