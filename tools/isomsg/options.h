/* What `isomsg` was called with. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "iso8583/dialect.h"
#include "iso8583/frame.h"

struct options {
    const char *verb;
    char **args; /* behind the verb */
    int arg_count;
    const struct framing *framing;     /* default: none */
    const struct iso_dialect *dialect; /* NULL: not given */
    const char *hex;
    const char *connect;
    const char *mti;
    uint32_t timeout_ms;
    bool json;
    bool unmask;
};

/* The verbs; each returns the exit code. */
int view_run(const struct options *options);
int send_run(const struct options *options);
int fields_run(const struct options *options);
