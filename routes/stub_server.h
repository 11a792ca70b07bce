/* The issuer stub as a process: messages in, verdicts, the journal, answers out when they are due.
 *
 * Group commit: the answers of a loop turn are gathered; then the journal is written and synced
 * once, and only then they are sent, or queued if they are to be late. */
#pragma once

#include "iso8583/dialect.h"
#include "iso8583/net/conn.h"
#include "routes/stub_journal.h"

struct server_settings {
    const char *name;   /* "visa" */
    const char *listen; /* "127.0.0.1:9001" */
    const char *hsm;    /* "127.0.0.1:1500", or NULL */
    const struct iso_dialect *dialect;
    struct framing framing;
    bool answers_keepalives;
    uint32_t conns_max;
    uint32_t delayed_max; /* answers that wait for their time; more are lost, and counted */
};

/* How a server ended. */
enum server_end {
    SERVER_STOPPED = 0, /* SIGTERM or SIGINT */
    SERVER_USAGE = 2,   /* an address does not parse */
    SERVER_BIND = 4,
    SERVER_IO = 5, /* the journal failed (or memory) */
};

/* Serve until a signal. @journal NULL: none. Both are the caller's and outlive the call. */
enum server_end server_run(const struct server_settings *settings, struct stub *stub,
                           struct stub_journal *journal);
