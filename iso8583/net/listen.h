/* Accept connections on an address into a pool. Above the limit a connection is accepted and closed
 * at once (a refused peer learns it; a full backlog would tell nobody). When the process has no
 * descriptors left, accepting rests for a moment instead of spinning. */
#pragma once

#include "iso8583/net/conn.h"

struct listener;

/* Listen on "ADDR:PORT" (port 0: any free one). Returns 0 and sets @out, ERR_USAGE for an address
 * that does not parse, ERR_IO if it cannot be bound (@uv_error tells), ERR_MEMORY. @endpoint is the
 * caller's and outlives the listener. @count_max bounds this listener's share of the pool. */
MUST_USE int listener_open(struct conn_pool *pool, const char *address, uint32_t count_max,
                           const struct endpoint *endpoint, struct listener **out, int *uv_error);

/* From now on call @on_refused with the endpoint's user for each peer that is closed at once
 * because the listener's share of the pool, or the pool, is taken. */
void listener_tell_refused(struct listener *listener, void (*on_refused)(void *user));

/* The port that is listened on. */
int listener_port(const struct listener *listener);

/* Stop accepting; the port is free at once. Connections go on, and the last of them frees the
 * listener. */
void listener_close(struct listener *listener);
