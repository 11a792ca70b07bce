/* The issuer stub's side of the HSM: questions in flight, each with the request that waits for it.
 *
 * Pipelined: the header is a counter, the token (epoch, slot, generation) travels in the trailer.
 * An answer that does not belong to its question cuts the connection; one that comes too late is
 * ignored. */
#pragma once

#include "iso8583/net/dial.h"
#include "routes/issuer_stub.h"

struct stub_hsm;

/* A request that waits, as the asker gave it; the bytes are the HSM client's, for the call. */
struct stub_hsm_waiter {
    conn_id conn;
    struct span tpdu;
    struct span message;
    struct stub_plan plan;
};

struct stub_hsm_events {
    /* The HSM's error code, or STUB_HSM_SILENT after a second or when the connection is lost. */
    void (*on_verdict)(void *user, const struct stub_hsm_waiter *waiter, int hsm_error);
    void (*on_settled)(void *user); /* the first try to connect has ended, well or not */
    void *user;
};

/* Dial @address. Returns 0 and @out, ERR_USAGE, ERR_MEMORY. */
MUST_USE int hsm_open(struct conn_pool *pool, uv_loop_t *loop, const char *address,
                      const struct stub_hsm_events *events, struct stub_hsm **out);

/* Ask @command for @waiter, which is copied. Returns 0, ERR_CLOSED if there is no connection, or
 * ERR_FULL if too many wait. */
MUST_USE int hsm_ask(struct stub_hsm *hsm, const struct hsm_command *command,
                     const struct stub_hsm_waiter *waiter);

/* Stop dialling; those who wait are told nothing. Free it when the loop has run out. */
void hsm_close(struct stub_hsm *hsm);
void hsm_free(struct stub_hsm *hsm);
