#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "iso8583/net/conn_state.h"

enum { KEEPALIVE_S = 60 };

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

void conn_handle_close(struct conn *conn)
{
    conn->state = STATE_CLOSING;
    list_remove(&conn->dirty);
    list_remove(&conn->held);
    uv_close((uv_handle_t *)&conn->tcp, on_handle_closed);
}

void conn_abort(struct conn *conn, enum conn_reason reason, int error)
{
    if (conn->state == STATE_CLOSING) {
        return;
    }
    if (conn->state != STATE_DRAINING) {
        conn->reason = reason;
        conn->error = error;
    }
    conn_handle_close(conn);
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
        conn_handle_close(conn);
    }
}

static void read_again(struct conn *conn);

/* All is sent. Closing now would make the kernel reset the stream if the peer has sent more, and
 * the reset would destroy what we sent: shut our end, and await the peer's. */
static void drain_sent(struct conn *conn)
{
    if (conn->ended || uv_shutdown(&conn->shutdown, (uv_stream_t *)&conn->tcp, on_shutdown) != 0) {
        conn_handle_close(conn);
    }
}

static void drain_begin(struct conn *conn, enum conn_reason reason)
{
    CHECK(conn->state == STATE_OPEN);
    conn->state = STATE_DRAINING;
    conn->reason = reason;
    conn->drain_ms = uv_now(conn->pool->loop);
    conn->in_len = 0;
    list_remove(&conn->held);
    read_again(conn); /* for the peer's end */
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
void conn_flush(struct conn *conn)
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

/* All three into the ring, or ERR_FULL and none. */
static int conn_put(struct conn *conn, struct span head, struct span message, struct span tail)
{
    conn->full = ring_room(&conn->out) < head.len + message.len + tail.len;
    if (conn->full) {
        return ERR_FULL;
    }
    ring_put(&conn->out, head);
    ring_put(&conn->out, message);
    ring_put(&conn->out, tail);
    dirty_mark(conn);
    return 0;
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
    return conn_put(conn, span_make(head, (size_t)head_len), message,
                    frame_tail(conn->endpoint->framing));
}

const char *conn_unsent_text(int result)
{
    return result == ERR_CLOSED ? "its connection is gone"
           : result == ERR_FULL ? "the peer does not read"
                                : err_text(result);
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

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf);

static void read_again(struct conn *conn)
{
    if (conn->unread && uv_read_start((uv_stream_t *)&conn->tcp, on_alloc, on_read) != 0) {
        conn_abort(conn, CONN_IO_ERROR, ERR_IO);
    }
    conn->unread = false;
}

/* May one more of its messages be taken in this turn of the loop? */
static bool may_take(struct conn *conn)
{
    if (conn->turn != conn->pool->turn) {
        conn->turn = conn->pool->turn;
        conn->taken_count = 0;
    }
    uint32_t turn_max = conn->pool->limits.turn_max;
    return turn_max == 0 || conn->taken_count < turn_max;
}

/* Its turn is over, and there may be more: it waits behind the others, and what it sends meanwhile
 * waits in the kernel. */
static void conn_hold(struct conn *conn)
{
    struct conn_pool *pool = conn->pool;
    if (!conn->unread) {
        (void)uv_read_stop((uv_stream_t *)&conn->tcp);
        conn->unread = true;
    }
    if (list_is_empty(&pool->held)) {
        (void)uv_idle_start(&pool->idle, conn_pool_turn);
    }
    list_append(&pool->held, &conn->held);
}

/* A keep-alive's answer is its own bytes, whatever kind it is; only a TPDU that came alone must be
 * turned round. Who asks without reading the answers is cut off. */
static void keepalive_answer(struct conn *conn, struct span frame, struct span tpdu)
{
    for (int tries = 2; tries > 0 && conn->state == STATE_OPEN; tries--) {
        int err = tpdu.len == TPDU_LEN ? conn_send(conn->pool, conn_id_of(conn), tpdu, SPAN_NONE)
                                       : conn_put(conn, frame, SPAN_NONE, SPAN_NONE);
        if (err == 0) {
            return;
        }
        conn_flush(conn); /* One turn may bring more of them than a ring holds. */
    }
    conn_abort(conn, CONN_RING_FULL, 0);
}

/* Hand out whole messages of the buffer, then move what is left to its front, once. The slot cannot
 * be taken by another meanwhile (it is freed in its close callback only), so its state tells
 * whether a callback closed it. */
void conn_take(struct conn *conn)
{
    const struct endpoint *endpoint = conn->endpoint;
    struct reader in = reader_make(span_make(conn->in, conn->in_len));
    struct span tpdu, message;
    const uint8_t *at = in.ptr;
    int status = 0;
    bool may;
    for (; (may = may_take(conn)) &&
           (status = frame_next(endpoint->framing, &in, &tpdu, &message)) == 1;
         at = in.ptr) {
        conn->taken_count++;
        if (message.len != 0) {
            endpoint->events->on_message(endpoint->user, conn_id_of(conn), tpdu, message);
        } else if (endpoint->answers_keepalives) {
            keepalive_answer(conn, span_make(at, (size_t)(in.ptr - at)), tpdu);
        }
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
    if (!may && left != 0) {
        conn_hold(conn);
    } else {
        read_again(conn);
    }
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
            conn_handle_close(conn);
        }
    } else if (count < 0) {
        io_failed(conn, (int)count);
    } else if (count > 0 && conn->state == STATE_OPEN) {
        conn->heard_ms = uv_now(conn->pool->loop);
        if (conn->in_len == 0) {
            conn->frame_ms = conn->heard_ms;
        }
        conn->in_len += (size_t)count;
        conn_take(conn);
    }
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
    CHECK(!owner->endpoint->framing->file);          /* a stream without lengths has no messages */
    CHECK(uv_tcp_init(pool->loop, &conn->tcp) == 0); /* opens nothing, so it cannot fail */
    conn->tcp.data = conn;
    conn->write.data = conn;
    conn->shutdown.data = conn;
    conn->owner = owner;
    conn->endpoint = owner->endpoint;
    conn->state = STATE_ACQUIRED;
    conn->reason = CONN_LOCAL;
    conn->error = 0;
    conn->opened = conn->ended = conn->full = conn->unread = false;
    conn->taken_count = 0;
    conn->in_len = conn->writing_len = conn->first_len = 0;
    conn->out.head = conn->out.len = 0;
    conn->peer[0] = '\0';
    list_remove(&conn->taken);
    list_append(&pool->taken, &conn->taken);
    if (pool->count++ == 0) {
        conn_pool_wake(pool);
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

/* --- Users ----------------------------------------------------------------------------------- */

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
