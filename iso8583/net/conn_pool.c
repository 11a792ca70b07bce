#include <signal.h>
#include <stdlib.h>

#include "iso8583/net/conn_state.h"

enum {
    DRAIN_MS = 2000, /* a peer that does not read does not hold a closing connection longer */
    SWEEP_MS_MAX = 250,
    HELD_TURNS = 4, /* in a turn of the loop, so many of those that are held have theirs */
};

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
                conn_handle_close(conn);
            }
        } else if (conn->state != STATE_OPEN || !list_is_empty(&conn->held)) {
            continue; /* Whom we hold is not late. */
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

/* --- Turns ------------------------------------------------------------------------------------ */

void conn_pool_turn(uv_idle_t *idle)
{
    struct conn_pool *pool = idle->data;
    pool->turn++;
    for (int i = 0; i < HELD_TURNS && !list_is_empty(&pool->held); i++) {
        struct conn *conn = LIST_OWNER(list_first(&pool->held), struct conn, held);
        list_remove(&conn->held);
        conn->heard_ms = uv_now(pool->loop); /* It waited for us, not we for it. */
        conn->frame_ms = conn->heard_ms;
        conn_take(conn);
    }
    if (list_is_empty(&pool->held)) {
        (void)uv_idle_stop(idle);
    }
}

void conn_pool_wake(struct conn_pool *pool)
{
    pool->swept_ms = uv_now(pool->loop);
    CHECK(uv_timer_start(&pool->sweep, on_sweep, pool->sweep_ms, pool->sweep_ms) == 0);
}

/* --- The pool --------------------------------------------------------------------------------- */

static void on_prepare(uv_prepare_t *prepare)
{
    struct conn_pool *pool = prepare->data;
    conn_flush_all(pool);
    pool->turn++;
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
    list_init(&pool->held);
    uint8_t *buffer = pool->buffers;
    for (uint32_t i = 0; i < limits->count_max; i++) {
        struct conn *conn = &pool->conns[i];
        conn->pool = pool;
        conn->generation = 1;
        conn->in = buffer;
        conn->out = (struct ring){.ptr = buffer + limits->in_len, .cap = limits->out_len};
        buffer += limits->in_len + limits->out_len;
        list_init(&conn->dirty);
        list_init(&conn->held);
        list_append(&pool->free, &conn->taken);
    }
    /* libuv 1.44 writes without MSG_NOSIGNAL: a peer that is gone must be an error, not a death. */
    (void)signal(SIGPIPE, SIG_IGN);
    CHECK(uv_prepare_init(loop, &pool->prepare) == 0);
    CHECK(uv_idle_init(loop, &pool->idle) == 0);
    CHECK(uv_timer_init(loop, &pool->sweep) == 0);
    pool->prepare.data = pool;
    pool->idle.data = pool;
    pool->sweep.data = pool;
    pool->handles = 3;
    CHECK(uv_prepare_start(&pool->prepare, on_prepare) == 0);
    /* A loop whose connections are all closed has nothing to wait for. */
    uv_unref((uv_handle_t *)&pool->prepare);
    uv_unref((uv_handle_t *)&pool->idle);
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
    uv_close((uv_handle_t *)&pool->idle, on_pool_handle_closed);
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
