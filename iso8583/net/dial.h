/* Keep one connection to an address: connect, and again with back-off when it is lost. */
#pragma once

#include "iso8583/net/conn.h"

struct dialler;

struct dial_backoff {
    uint32_t first_ms; /* default 200 */
    uint32_t max_ms;   /* doubling up to; default 30000 */
};

/* Start dialling "ADDR:PORT", at the loop's next turn. A try takes 5 s at most. on_open of
 * @endpoint's events tells each success, on_close each loss; failures to connect are told by
 * @on_failure (may be NULL) with the uv error and the wait before the next try. Returns 0,
 * ERR_USAGE, ERR_MEMORY. */
MUST_USE int dialler_open(struct conn_pool *pool, const char *address, struct dial_backoff backoff,
                          const struct endpoint *endpoint,
                          void (*on_failure)(void *user, int uv_error, uint32_t wait_ms),
                          struct dialler **out);

/* The current connection, or 0 (already in the on_close that tells its loss). */
conn_id dialler_conn(const struct dialler *dialler);

/* Go back to the first, shortest wait (a peer that answered is healthy). */
void dialler_healthy(struct dialler *dialler);

/* Stop dialling and close the connection (what is in its ring is sent); frees itself when its
 * handles are closed. */
void dialler_close(struct dialler *dialler);
