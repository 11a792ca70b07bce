#include "iso8583/net/listen.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "iso8583/net/address.h"
#include "iso8583/net/owner.h"

enum {
    BACKLOG = 511,
    ACCEPT_COUNT_MAX = 64, /* a turn: a flood of connects does not starve those who are connected */
    REST_MS = 100,         /* without descriptors or memory */
};

/* The socket is accepted on by hand, beneath a uv_poll_t: uv_listen() accepts before it asks, needs
 * a handle to refuse a peer with, and loops for ever if descriptors run out for good. */
struct listener {
    struct conn_owner owner; /* first: conn_owner and listener have one address */
    struct conn_pool *pool;
    uv_poll_t poll;
    uv_timer_t rest;
    void (*on_refused)(void *user); /* or NULL */
    int fd;
    uint32_t handles;
    uint32_t count;
    uint32_t count_max;
};

static void listener_release(struct listener *listener)
{
    if (listener->handles == 0 && listener->count == 0) {
        free(listener);
    }
}

static void on_gone(struct conn_owner *owner)
{
    struct listener *listener = (struct listener *)owner;
    CHECK(listener->count > 0);
    listener->count--;
    listener_release(listener);
}

static void on_acceptable(uv_poll_t *poll, int status, int events);

static void on_rested(uv_timer_t *timer)
{
    struct listener *listener = timer->data;
    CHECK(uv_poll_start(&listener->poll, UV_READABLE, on_acceptable) == 0);
}

/* Give the accepted @fd to the pool, or close it if there is no place. */
static void stream_take(struct listener *listener, int fd)
{
    conn_id conn = 0;
    if (listener->count < listener->count_max) {
        conn = conn_acquire(listener->pool, &listener->owner);
    }
    if (conn == 0) {
        close(fd);
        if (listener->on_refused != NULL) {
            listener->on_refused(listener->owner.endpoint->user);
        }
        return;
    }
    listener->count++;
    if (uv_tcp_open(conn_tcp(listener->pool, conn), fd) != 0) {
        close(fd);
        conn_close(listener->pool, conn, false);
        return;
    }
    /* A peer that is gone already is nobody's loss: on_open was not told. */
    (void)!conn_start(listener->pool, conn);
}

static void on_acceptable(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    struct listener *listener = poll->data;
    for (int i = 0; i < ACCEPT_COUNT_MAX && listener->fd >= 0; i++) {
        int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            stream_take(listener, fd);
        } else if (errno == EAGAIN) {
            return;
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            uv_poll_stop(&listener->poll);
            CHECK(uv_timer_start(&listener->rest, on_rested, REST_MS, 0) == 0);
            return;
        }
        /* Any other error is that one peer's (accept(2)): go on with the next. */
    }
}

/* A socket that listens on @address, or a negative uv error. */
static int socket_listen(const struct sockaddr_storage *address)
{
    int fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return uv_translate_sys_error(errno);
    }
    int one = 1;
    socklen_t len =
        address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
        bind(fd, (const struct sockaddr *)address, len) != 0 || listen(fd, BACKLOG) != 0) {
        int error = uv_translate_sys_error(errno);
        close(fd);
        return error;
    }
    return fd;
}

int listener_open(struct conn_pool *pool, const char *address, uint32_t count_max,
                  const struct endpoint *endpoint, struct listener **out, int *uv_error)
{
    struct sockaddr_storage parsed;
    TRY(address_parse(address, &parsed));
    struct listener *listener = calloc(1, sizeof *listener);
    if (listener == NULL) {
        return ERR_MEMORY;
    }
    uv_loop_t *loop = conn_pool_loop(pool);
    listener->owner = (struct conn_owner){.endpoint = endpoint, .on_gone = on_gone};
    listener->pool = pool;
    listener->count_max = count_max;
    listener->fd = socket_listen(&parsed);
    int status =
        listener->fd < 0 ? listener->fd : uv_poll_init(loop, &listener->poll, listener->fd);
    if (status != 0) {
        if (listener->fd >= 0) {
            close(listener->fd);
        }
        free(listener);
        *uv_error = status;
        return ERR_IO;
    }
    CHECK(uv_timer_init(loop, &listener->rest) == 0);
    listener->handles = 2;
    listener->poll.data = listener;
    listener->rest.data = listener;
    on_rested(&listener->rest);
    *out = listener;
    return 0;
}

void listener_tell_refused(struct listener *listener, void (*on_refused)(void *user))
{
    listener->on_refused = on_refused;
}

int listener_port(const struct listener *listener)
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof address;
    CHECK(getsockname(listener->fd, (struct sockaddr *)&address, &len) == 0);
    return address_port(&address);
}

static void on_closed(uv_handle_t *handle)
{
    struct listener *listener = handle->data;
    listener->handles--;
    listener_release(listener);
}

void listener_close(struct listener *listener)
{
    CHECK(listener->fd >= 0);
    uv_close((uv_handle_t *)&listener->poll, on_closed);
    uv_close((uv_handle_t *)&listener->rest, on_closed);
    close(listener->fd); /* libuv lets the descriptor go in uv_close(), not in the callback */
    listener->fd = -1;
}
