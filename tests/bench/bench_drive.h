/* The load of a bench: connections that each keep so many sales outstanding, on one thread. */
#pragma once

#include "tests/bench/bench_sales.h"

struct drive {
    int port; /* on 127.0.0.1 */
    uint32_t connections;
    uint32_t outstanding; /* on each */
    uint32_t first;       /* sale to begin with */
    uint64_t warm_ns;
    uint64_t run_ns;
    /* Called when the warming ends and when the run does, for the figures of others. */
    void (*mark)(void *context, bool end);
    void *context;
};

struct driven {
    uint64_t count;   /* answered within the run */
    uint64_t refused; /* in all: anything but an approval */
    double seconds;
    double p50_us; /* of those sent and answered within the run */
    double p99_us;
};

/* Run it until the time or the sales are over. 0 with @out, or ERR_CLOSED, ERR_IO, ERR_MEMORY,
 * ERR_RANGE if the sales did not last for the warming, or an error of the codec. */
MUST_USE int drive_run(const struct drive *drive, const struct sales *sales, struct driven *out);

/* Send the sale at @index once on a connection of its own and wait for the answer: 0 if it is an
 * approval, ERR_IO if there is none to connect to, ERR_FORMAT for another answer. */
MUST_USE int drive_probe(int port, const struct sales *sales, uint32_t index);
