/* For listen.c and dial.c alone: how a stream comes into a pool, and how the one who brought it
 * learns that it is gone. */
#pragma once

#include "iso8583/net/conn.h"

/* Embedded in a listener or dialler; outlives the connections that it brought. */
struct conn_owner {
    const struct endpoint *endpoint;
    /* The stream is closed. Called before on_close tells the user, so that the user sees the
     * owner's new state. Called for each id that conn_acquire() gave, opened or not. */
    void (*on_gone)(struct conn_owner *owner);
};

uv_loop_t *conn_pool_loop(const struct conn_pool *pool);

/* Take a slot for @owner, its handle initialised but not connected. Returns 0 if all are taken or
 * the pool is shut down. Give it back with conn_close() in any case. */
MUST_USE conn_id conn_acquire(struct conn_pool *pool, struct conn_owner *owner);

/* The handle of an acquired slot, to be connected or opened. NULL for a stale id. */
uv_tcp_t *conn_tcp(struct conn_pool *pool, conn_id conn);

/* The handle is connected: tell on_open and read. Returns 0, or ERR_IO (it is being closed then,
 * and on_open was not told). */
MUST_USE int conn_start(struct conn_pool *pool, conn_id conn);
