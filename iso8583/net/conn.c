#include "iso8583/net/conn.h"

#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "iso8583/base/list.h"
#include "iso8583/net/address.h"
#include "iso8583/net/owner.h"
#include "iso8583/net/ring.h"

enum {
    FIRST_LEN_MAX = 64,
    DRAIN_MS = 2000, /* a peer that does not read does not hold a closing connection longer */
    SWEEP_MS_MAX = 250,
    KEEPALIVE_S = 60,
};

/* FREE -> ACQUIRED -> OPEN -> (DRAINING ->) CLOSING -> FREE; any but FREE may go to CLOSING. */
enum conn_state {
    STATE_FREE,
    STATE_ACQUIRED, /* its owner connects it */
    STATE_OPEN,
    STATE_DRAINING, /* the ring is sent, then our end is shut, then the peer's end is awaited */
    STATE_CLOSING,  /* uv_close() was called */
};

struct conn {
    uv_tcp_t tcp;
    uv_write_t write;
    uv_shutdown_t shutdown;
    struct list taken; /* in pool->taken while not free, else in pool->free */
    struct list dirty; /* in pool->dirty if the ring holds what no write carries yet */
    struct conn_pool *pool;
    struct conn_owner *owner;
    const struct endpoint *endpoint;
    uint32_t generation;
    enum conn_state state;
    enum conn_reason reason;
    int error;
    bool opened;        /* on_open was told: on_close is owed */
    bool ended;         /* the peer sends no more */
    bool full;          /* the last conn_send() found no room */
    size_t in_len;      /* bytes of an incomplete frame */
    size_t writing_len; /* bytes that the write in flight carries */
    uint8_t *in;
    struct ring out;
    uint64_t frame_ms; /* when the incomplete frame began */
    uint64_t heard_ms; /* when the last byte came */
    uint64_t drain_ms; /* when draining began */
    size_t first_len;
    uint8_t first[FIRST_LEN_MAX];
    char peer[ADDRESS_TEXT_LEN];
};

struct conn_pool {
    uv_loop_t *loop;
    struct conn_limits limits;
    uv_prepare_t prepare;
    uv_timer_t sweep;
    uint64_t sweep_ms; /* interval */
    uint64_t swept_ms; /* when last */
    uint32_t handles;  /* of prepare and sweep, those not yet closed */
    uint32_t count;
    bool shut;
    struct list taken;
    struct list free;
    struct list dirty;
    uint8_t *buffers;
    struct conn *conns;
};

static struct conn *conn_find(const struct conn_pool *pool, conn_id id)
{
    uint32_t index = (uint32_t)id - 1;
    if (index >= pool->limits.count_max) {
        return NULL;
    }
    struct conn *conn = &pool->conns[index];
    bool current = conn->generation == (uint32_t)(id >> 32) && conn->state != STATE_FREE;
    return current ? conn : NULL;
}

static conn_id conn_id_of(const struct conn *conn)
{
    return (uint64_t)conn->generation << 32 | (uint64_t)(conn - conn->pool->conns + 1);
}

/* --- Closing ---------------------------------------------------------------------------------- */

/* The only place where a slot becomes free: libuv is done with its memory. */
static void on_handle_closed(uv_handle_t *handle)
{
    struct conn *conn = handle->data;
    struct conn_pool *pool = conn->pool;
    CHECK(conn->state == STATE_CLOSING);
    conn->owner->on_gone(conn->owner);
    const struct endpoint *endpoint = conn->endpoint;
    if (conn->opened && endpoint->events->on_close != NULL) {
        endpoint->events->on_close(endpoint->user, conn_id_of(conn), conn->reason, conn->error,
                                   span_make(conn->first, conn->first_len));
    }
    /* Card data went through these: the next user of the slot must not find them. */
    bytes_wipe(conn->in, pool->limits.in_len);
    bytes_wipe(conn->out.ptr, pool->limits.out_len);
    bytes_wipe(conn->first, sizeof conn->first);
    conn->state = STATE_FREE;
    conn->generation++;
    list_remove(&conn->taken);
    /* To the front: the slot that was used last is the next, and the memory of those that were
     * never needed is never touched. */
    list_append(pool->free.next, &conn->taken);
    pool->count--;
    if (pool->count == 0 && !pool->shut) {
        uv_timer_stop(&pool->sweep);
    }
}

static void handle_close(struct conn *conn)
{
    conn->state = STATE_CLOSING;
    list_remove(&conn->dirty);
    uv_close((uv_handle_t *)&conn->tcp, on_handle_closed);
}

/* Close at once. The reason that was given first stays. */
static void conn_abort(struct conn *conn, enum conn_reason reason, int error)
{
    if (conn->state == STATE_CLOSING) {
        return;
    }
    if (conn->state != STATE_DRAINING) {
        conn->reason = reason;
        conn->error = error;
    }
    handle_close(conn);
}

static void io_failed(struct conn *conn, int status)
{
    bool unread = status == UV_ETIMEDOUT && conn->pool->limits.unread_ms != 0;
    conn_abort(conn, unread ? CONN_UNREAD_TIMEOUT : CONN_IO_ERROR, ERR_IO);
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
    struct conn *conn = request->data;
    if (status < 0 && conn->state == STATE_DRAINING) {
        handle_close(conn);
    }
}

/* All is sent. Closing now would make the kernel reset the stream if the peer has sent more, and
 * the reset would destroy what we sent: shut our end, and await the peer's. */
static void drain_sent(struct conn *conn)
{
    if (conn->ended || uv_shutdown(&conn->shutdown, (uv_stream_t *)&conn->tcp, on_shutdown) != 0) {
        handle_close(conn);
    }
}

static void drain_begin(struct conn *conn, enum conn_reason reason)
{
    CHECK(conn->state == STATE_OPEN);
    conn->state = STATE_DRAINING;
    conn->reason = reason;
    conn->drain_ms = uv_now(conn->pool->loop);
    conn->in_len = 0;
    if (conn->out.len == 0) {
        drain_sent(conn);
    }
}

/* --- Writing ---------------------------------------------------------------------------------- */

static void dirty_mark(struct conn *conn)
{
    if (list_is_empty(&conn->dirty) && conn->writing_len == 0) {
        list_append(&conn->pool->dirty, &conn->dirty);
    }
}

static void on_written(uv_write_t *request, int status)
{
    struct conn *conn = request->data;
    size_t len = conn->writing_len;
    conn->writing_len = 0;
    if (conn->state == STATE_CLOSING) {
        return;
    }
    if (status < 0) {
        io_failed(conn, status);
        return;
    }
    ring_drop(&conn->out, len);
    if (conn->out.len != 0) {
        dirty_mark(conn);
    } else if (conn->state == STATE_DRAINING) {
        drain_sent(conn);
    }
}

/* Send the ring: what the kernel takes at once (nearly always all) costs one system call and no
 * callback; the rest is the one write in flight. */
static void conn_flush(struct conn *conn)
{
    list_remove(&conn->dirty);
    if (conn->writing_len != 0 || conn->out.len == 0) {
        return;
    }
    uv_buf_t bufs[2];
    unsigned count = ring_bufs(&conn->out, bufs);
    int sent = uv_try_write((uv_stream_t *)&conn->tcp, bufs, count);
    if (sent < 0 && sent != UV_EAGAIN) {
        io_failed(conn, sent);
        return;
    }
    ring_drop(&conn->out, sent > 0 ? (size_t)sent : 0);
    if (conn->out.len == 0) {
        if (conn->state == STATE_DRAINING) {
            drain_sent(conn);
        }
        return;
    }
    count = ring_bufs(&conn->out, bufs);
    if (uv_write(&conn->write, (uv_stream_t *)&conn->tcp, bufs, count, on_written) != 0) {
        conn_abort(conn, CONN_IO_ERROR, ERR_IO);
        return;
    }
    conn->writing_len = conn->out.len;
}

void conn_flush_all(struct conn_pool *pool)
{
    for (struct list *node = list_first(&pool->dirty); node != NULL;
         node = list_first(&pool->dirty)) {
        conn_flush(LIST_OWNER(node, struct conn, dirty));
    }
}

int conn_send(struct conn_pool *pool, conn_id id, struct span tpdu, struct span message)
{
    struct conn *conn = conn_find(pool, id);
    if (conn == NULL || conn->state != STATE_OPEN) {
        return ERR_CLOSED;
    }
    uint8_t head[FRAME_HEAD_LEN_MAX];
    int head_len = frame_head(conn->endpoint->framing, tpdu, message.len, head);
    TRY(head_len);
    conn->full = ring_room(&conn->out) < (size_t)head_len + message.len;
    if (conn->full) {
        return ERR_FULL;
    }
    ring_put(&conn->out, span_make(head, (size_t)head_len));
    ring_put(&conn->out, message);
    dirty_mark(conn);
    return 0;
}

/* --- Reading ---------------------------------------------------------------------------------- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    struct conn *conn = handle->data;
    CHECK(conn->in_len < conn->pool->limits.in_len);
    *buf = uv_buf_init((char *)conn->in + conn->in_len,
                       (unsigned)(conn->pool->limits.in_len - conn->in_len));
}

/* Hand out every whole message of the buffer, then move what is left to its front, once. The slot
 * cannot be taken by another meanwhile (it is freed in its close callback only), so its state tells
 * whether a callback closed it. */
static void frames_take(struct conn *conn)
{
    const struct endpoint *endpoint = conn->endpoint;
    struct reader in = reader_make(span_make(conn->in, conn->in_len));
    struct span tpdu, message;
    int status;
    while ((status = frame_next(endpoint->framing, &in, &tpdu, &message)) == 1) {
        if (message.len == 0) {
            continue; /* A keep-alive: it was heard, and that is all it is for. */
        }
        endpoint->events->on_message(endpoint->user, conn_id_of(conn), tpdu, message);
        if (conn->state != STATE_OPEN) {
            return;
        }
    }
    size_t left = reader_left(&in);
    if (status < 0) {
        conn_flush(conn); /* the answers to the messages before it */
        if (conn->state == STATE_OPEN) {
            conn->first_len = left < FIRST_LEN_MAX ? left : FIRST_LEN_MAX;
            memcpy(conn->first, in.ptr, conn->first_len);
            conn_abort(conn, CONN_FRAME_ERROR, status);
        }
        return;
    }
    if (left != 0 && in.ptr != conn->in) {
        memmove(conn->in, in.ptr, left);
        conn->frame_ms = conn->heard_ms;
    }
    conn->in_len = left;
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf)
{
    (void)buf;
    struct conn *conn = stream->data;
    if (count == UV_EOF) {
        /* The peer may have shut its end only: what it is owed is still sent. */
        conn->ended = true;
        if (conn->state == STATE_OPEN) {
            drain_begin(conn, CONN_PEER_CLOSED);
        } else if (conn->out.len == 0) {
            handle_close(conn);
        }
    } else if (count < 0) {
        io_failed(conn, (int)count);
    } else if (count > 0 && conn->state == STATE_OPEN) {
        conn->heard_ms = uv_now(conn->pool->loop);
        if (conn->in_len == 0) {
            conn->frame_ms = conn->heard_ms;
        }
        conn->in_len += (size_t)count;
        frames_take(conn);
    }
}

/* --- Time ------------------------------------------------------------------------------------- */

static bool is_over(uint64_t now_ms, uint64_t since_ms, uint32_t limit_ms)
{
    return limit_ms != 0 && now_ms - since_ms >= limit_ms;
}

/* One coarse timer for all: a limit is late by a quarter of itself at most, and a message costs no
 * timer. No user is called from here (on_close comes from the close callback), so the list holds
 * still. */
static void on_sweep(uv_timer_t *timer)
{
    struct conn_pool *pool = timer->data;
    uint64_t now_ms = uv_now(pool->loop);
    bool late = now_ms - pool->swept_ms > 2 * pool->sweep_ms;
    pool->swept_ms = now_ms;
    if (late) {
        return; /* The loop was held up: the kernel may hold what a peer sent in time. Read first.
                 */
    }
    for (struct list *node = pool->taken.next; node != &pool->taken; node = node->next) {
        struct conn *conn = LIST_OWNER(node, struct conn, taken);
        if (conn->state == STATE_DRAINING) {
            if (is_over(now_ms, conn->drain_ms, DRAIN_MS)) {
                handle_close(conn);
            }
        } else if (conn->state != STATE_OPEN) {
            continue;
        } else if (conn->in_len != 0 && is_over(now_ms, conn->frame_ms, pool->limits.frame_ms)) {
            conn_abort(conn, CONN_FRAME_TIMEOUT, 0);
        } else if (is_over(now_ms, conn->heard_ms, pool->limits.idle_ms)) {
            conn_abort(conn, CONN_IDLE_TIMEOUT, 0);
        }
    }
}

static uint64_t sweep_interval_ms(const struct conn_limits *limits)
{
    uint64_t interval_ms = SWEEP_MS_MAX;
    const uint32_t limits_ms[] = {limits->frame_ms, limits->idle_ms};
    for (size_t i = 0; i < ARRAY_COUNT(limits_ms); i++) {
        if (limits_ms[i] != 0 && limits_ms[i] / 4 < interval_ms) {
            interval_ms = limits_ms[i] / 4;
        }
    }
    return interval_ms > 0 ? interval_ms : 1;
}

/* --- Owners (owner.h) ------------------------------------------------------------------------- */

uv_loop_t *conn_pool_loop(const struct conn_pool *pool)
{
    return pool->loop;
}

conn_id conn_acquire(struct conn_pool *pool, struct conn_owner *owner)
{
    struct list *node = list_first(&pool->free);
    if (node == NULL || pool->shut) {
        return 0;
    }
    struct conn *conn = LIST_OWNER(node, struct conn, taken);
    CHECK(conn->state == STATE_FREE);
    CHECK(owner->endpoint->framing->width > 0);      /* a stream without lengths has no messages */
    CHECK(uv_tcp_init(pool->loop, &conn->tcp) == 0); /* opens nothing, so it cannot fail */
    conn->tcp.data = conn;
    conn->write.data = conn;
    conn->shutdown.data = conn;
    conn->owner = owner;
    conn->endpoint = owner->endpoint;
    conn->state = STATE_ACQUIRED;
    conn->reason = CONN_LOCAL;
    conn->error = 0;
    conn->opened = conn->ended = conn->full = false;
    conn->in_len = conn->writing_len = conn->first_len = 0;
    conn->out.head = conn->out.len = 0;
    conn->peer[0] = '\0';
    list_remove(&conn->taken);
    list_append(&pool->taken, &conn->taken);
    if (pool->count++ == 0) {
        pool->swept_ms = uv_now(pool->loop);
        CHECK(uv_timer_start(&pool->sweep, on_sweep, pool->sweep_ms, pool->sweep_ms) == 0);
    }
    return conn_id_of(conn);
}

uv_tcp_t *conn_tcp(struct conn_pool *pool, conn_id id)
{
    struct conn *conn = conn_find(pool, id);
    return conn != NULL ? &conn->tcp : NULL;
}

/* The kernel counts what the peer has not taken, in its own buffers too, whose bytes we no longer
 * see: with this limit set a window that stays shut is an error (RFC 5482). */
static bool unread_limit(struct conn *conn)
{
    unsigned wait_ms = conn->pool->limits.unread_ms;
    uv_os_fd_t fd = -1;
    return wait_ms == 0 ||
           (uv_fileno((uv_handle_t *)&conn->tcp, &fd) == 0 &&
            setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &wait_ms, sizeof wait_ms) == 0);
}

int conn_start(struct conn_pool *pool, conn_id id)
{
    struct conn *conn = conn_find(pool, id);
    CHECK(conn != NULL && conn->state == STATE_ACQUIRED);
    struct sockaddr_storage peer = {0};
    int peer_len = sizeof peer;
    /* A message is whole when it is written: Nagle could only delay it. */
    if (uv_tcp_getpeername(&conn->tcp, (struct sockaddr *)&peer, &peer_len) != 0 ||
        uv_tcp_nodelay(&conn->tcp, 1) != 0 || uv_tcp_keepalive(&conn->tcp, 1, KEEPALIVE_S) != 0 ||
        !unread_limit(conn) || uv_read_start((uv_stream_t *)&conn->tcp, on_alloc, on_read) != 0) {
        conn_abort(conn, CONN_IO_ERROR, ERR_IO);
        return ERR_IO;
    }
    address_format(&peer, conn->peer);
    conn->state = STATE_OPEN;
    conn->opened = true;
    conn->heard_ms = uv_now(pool->loop);
    if (conn->endpoint->events->on_open != NULL) {
        conn->endpoint->events->on_open(conn->endpoint->user, id, conn->peer);
    }
    return 0;
}

/* --- The pool --------------------------------------------------------------------------------- */

static void on_prepare(uv_prepare_t *prepare)
{
    conn_flush_all(prepare->data);
}

static void on_pool_handle_closed(uv_handle_t *handle)
{
    struct conn_pool *pool = handle->data;
    pool->handles--;
}

struct conn_pool *conn_pool_new(uv_loop_t *loop, const struct conn_limits *limits)
{
    CHECK(limits->count_max > 0);
    CHECK(limits->in_len >= FRAME_LEN_MAX + FRAME_HEAD_LEN_MAX && limits->in_len <= INT32_MAX);
    CHECK(limits->out_len > 0 && limits->out_len <= INT32_MAX);
    struct conn_pool *pool = calloc(1, sizeof *pool);
    if (pool == NULL) {
        return NULL;
    }
    pool->conns = calloc(limits->count_max, sizeof *pool->conns);
    pool->buffers = calloc(limits->count_max, limits->in_len + limits->out_len);
    if (pool->conns == NULL || pool->buffers == NULL) {
        free(pool->conns);
        free(pool->buffers);
        free(pool);
        return NULL;
    }
    pool->loop = loop;
    pool->limits = *limits;
    pool->sweep_ms = sweep_interval_ms(limits);
    list_init(&pool->taken);
    list_init(&pool->free);
    list_init(&pool->dirty);
    uint8_t *buffer = pool->buffers;
    for (uint32_t i = 0; i < limits->count_max; i++) {
        struct conn *conn = &pool->conns[i];
        conn->pool = pool;
        conn->generation = 1;
        conn->in = buffer;
        conn->out = (struct ring){.ptr = buffer + limits->in_len, .cap = limits->out_len};
        buffer += limits->in_len + limits->out_len;
        list_init(&conn->dirty);
        list_append(&pool->free, &conn->taken);
    }
    /* libuv 1.44 writes without MSG_NOSIGNAL: a peer that is gone must be an error, not a death. */
    (void)signal(SIGPIPE, SIG_IGN);
    CHECK(uv_prepare_init(loop, &pool->prepare) == 0);
    CHECK(uv_timer_init(loop, &pool->sweep) == 0);
    pool->prepare.data = pool;
    pool->sweep.data = pool;
    pool->handles = 2;
    CHECK(uv_prepare_start(&pool->prepare, on_prepare) == 0);
    /* A loop whose connections are all closed has nothing to wait for. */
    uv_unref((uv_handle_t *)&pool->prepare);
    uv_unref((uv_handle_t *)&pool->sweep);
    return pool;
}

void conn_pool_shutdown(struct conn_pool *pool)
{
    if (pool->shut) {
        return;
    }
    pool->shut = true;
    for (struct list *node = pool->taken.next; node != &pool->taken; node = node->next) {
        struct conn *conn = LIST_OWNER(node, struct conn, taken);
        if (conn->state != STATE_CLOSING) {
            conn_flush(conn); /* what this turn produced */
        }
        conn_abort(conn, CONN_LOCAL, 0);
    }
    uv_close((uv_handle_t *)&pool->prepare, on_pool_handle_closed);
    uv_close((uv_handle_t *)&pool->sweep, on_pool_handle_closed);
}

void conn_pool_free(struct conn_pool *pool)
{
    if (pool == NULL) {
        return;
    }
    CHECK(pool->count == 0);
    CHECK(pool->handles == 0);
    free(pool->buffers);
    free(pool->conns);
    free(pool);
}

uint32_t conn_pool_count(const struct conn_pool *pool)
{
    return pool->count;
}

void conn_close(struct conn_pool *pool, conn_id id, bool drain)
{
    struct conn *conn = conn_find(pool, id);
    if (conn == NULL || conn->state == STATE_CLOSING) {
        return;
    }
    enum conn_reason reason = conn->full ? CONN_RING_FULL : CONN_LOCAL;
    if (!drain || conn->state == STATE_ACQUIRED) {
        conn_abort(conn, reason, 0);
    } else if (conn->state == STATE_OPEN) {
        drain_begin(conn, reason);
    }
}

size_t conn_pending(const struct conn_pool *pool, conn_id id)
{
    const struct conn *conn = conn_find(pool, id);
    return conn != NULL ? conn->out.len : 0;
}

const char *conn_peer(const struct conn_pool *pool, conn_id id)
{
    const struct conn *conn = conn_find(pool, id);
    return conn != NULL ? conn->peer : "";
}
