#include "iso8583/net/dial.h"

#include <stdlib.h>

#include "iso8583/net/address.h"
#include "iso8583/net/owner.h"

enum { FIRST_MS_DEFAULT = 200, MAX_MS_DEFAULT = 30000, CONNECT_MS = 5000 };

/* Waiting (timer, no connection) -> connecting (timer bounds it) -> connected (no timer). */
struct dialler {
    struct conn_owner owner; /* first: conn_owner and dialler have one address */
    struct conn_pool *pool;
    struct sockaddr_storage address;
    struct dial_backoff backoff;
    void (*on_failure)(void *user, int uv_error, uint32_t wait_ms);
    uv_connect_t connect;
    uv_timer_t timer;
    conn_id conn;
    bool connected;
    bool closing;
    bool timer_closed;
    int uv_error;     /* of the try that is being given up */
    uint32_t wait_ms; /* before the next try, should this one fail */
};

static void on_timer(uv_timer_t *timer);

static void dialler_release(struct dialler *dialler)
{
    if (dialler->timer_closed && dialler->conn == 0) {
        free(dialler);
    }
}

static void timer_arm(struct dialler *dialler, uint32_t wait_ms)
{
    CHECK(uv_timer_start(&dialler->timer, on_timer, wait_ms, 0) == 0);
}

/* Wait, longer each time; only dialler_healthy() shortens it: a peer that accepts and hangs up is
 * not better than one that refuses. Returns the wait. */
static uint32_t retry_arm(struct dialler *dialler)
{
    uint32_t wait_ms = dialler->wait_ms;
    uint32_t max_ms = dialler->backoff.max_ms;
    dialler->wait_ms = wait_ms > max_ms / 2 ? max_ms : wait_ms * 2;
    timer_arm(dialler, wait_ms);
    return wait_ms;
}

static void try_failed(struct dialler *dialler, int uv_error)
{
    uint32_t wait_ms = retry_arm(dialler);
    if (dialler->on_failure != NULL) {
        dialler->on_failure(dialler->owner.endpoint->user, uv_error, wait_ms);
    }
}

/* The slot is free again: a connection is lost, or a try has failed. */
static void on_gone(struct conn_owner *owner)
{
    struct dialler *dialler = (struct dialler *)owner;
    bool was_connected = dialler->connected;
    dialler->conn = 0;
    dialler->connected = false;
    if (dialler->closing) {
        dialler_release(dialler);
    } else if (was_connected) {
        (void)retry_arm(dialler);
    } else {
        try_failed(dialler, dialler->uv_error);
    }
}

static void try_abandon(struct dialler *dialler, int uv_error)
{
    dialler->uv_error = uv_error;
    conn_close(dialler->pool, dialler->conn, false);
}

static void on_connected(uv_connect_t *request, int status)
{
    struct dialler *dialler = request->data;
    if (status == UV_ECANCELED) {
        return; /* The handle is being closed, and on_gone() follows. */
    }
    if (status != 0) {
        try_abandon(dialler, status);
        return;
    }
    uv_timer_stop(&dialler->timer);
    dialler->connected = true; /* before on_open, which may ask */
    if (conn_start(dialler->pool, dialler->conn) != 0) {
        dialler->connected = false;
        dialler->uv_error = UV_ECONNRESET;
    }
}

static void try_begin(struct dialler *dialler)
{
    dialler->conn = conn_acquire(dialler->pool, &dialler->owner);
    if (dialler->conn == 0) {
        try_failed(dialler, UV_ENOBUFS);
        return;
    }
    dialler->uv_error = UV_ECANCELED;
    timer_arm(dialler, CONNECT_MS);
    int status = uv_tcp_connect(&dialler->connect, conn_tcp(dialler->pool, dialler->conn),
                                (const struct sockaddr *)&dialler->address, on_connected);
    if (status != 0) {
        try_abandon(dialler, status);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct dialler *dialler = timer->data;
    if (dialler->conn != 0) {
        try_abandon(dialler, UV_ETIMEDOUT);
    } else {
        try_begin(dialler);
    }
}

int dialler_open(struct conn_pool *pool, const char *address, struct dial_backoff backoff,
                 const struct endpoint *endpoint,
                 void (*on_failure)(void *user, int uv_error, uint32_t wait_ms),
                 struct dialler **out)
{
    struct sockaddr_storage parsed;
    TRY(address_parse(address, &parsed));
    if (address_port(&parsed) == 0) {
        return ERR_USAGE;
    }
    struct dialler *dialler = calloc(1, sizeof *dialler);
    if (dialler == NULL) {
        return ERR_MEMORY;
    }
    dialler->owner = (struct conn_owner){.endpoint = endpoint, .on_gone = on_gone};
    dialler->pool = pool;
    dialler->address = parsed;
    dialler->backoff.first_ms = backoff.first_ms != 0 ? backoff.first_ms : FIRST_MS_DEFAULT;
    dialler->backoff.max_ms = backoff.max_ms != 0 ? backoff.max_ms : MAX_MS_DEFAULT;
    dialler->on_failure = on_failure;
    dialler->wait_ms = dialler->backoff.first_ms;
    dialler->connect.data = dialler;
    CHECK(uv_timer_init(conn_pool_loop(pool), &dialler->timer) == 0);
    dialler->timer.data = dialler;
    timer_arm(dialler, 0);
    *out = dialler;
    return 0;
}

conn_id dialler_conn(const struct dialler *dialler)
{
    return dialler->connected ? dialler->conn : 0;
}

void dialler_healthy(struct dialler *dialler)
{
    dialler->wait_ms = dialler->backoff.first_ms;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct dialler *dialler = handle->data;
    dialler->timer_closed = true;
    dialler_release(dialler);
}

void dialler_close(struct dialler *dialler)
{
    CHECK(!dialler->closing);
    dialler->closing = true;
    uv_close((uv_handle_t *)&dialler->timer, on_timer_closed);
    conn_close(dialler->pool, dialler->conn, true);
}
