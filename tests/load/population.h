/* A population of terminals on one event loop: connections, schedule, waits, journal.
 *
 * A loop turn: answers are heard and judged, waits expire, new transactions begin; all of that only
 * writes messages into exchanges and lines into the journal. At the end of the turn the journal is
 * made durable, and only then is anything sent: an intent is on the disk before the switch can act
 * on it, and an answer before anything follows from it. */
#pragma once

#include "iso8583/frame.h"
#include "tests/load/journal.h"
#include "tests/load/summary.h"

struct population;

struct population_plan {
    const char *address; /* "127.0.0.1:8583" */
    struct framing framing;
    const char *journal_path; /* NULL: none */
    uint32_t terminal_first;  /* index in the data set */
    uint32_t terminal_count;
    uint32_t window;      /* outstanding transactions of a terminal */
    uint32_t connections; /* of a terminal */
    uint64_t rate;        /* transactions a second; 0: closed model, as fast as answers come */
    uint64_t count;       /* transactions to begin; 0: no limit */
    uint64_t duration_ms; /* 0: no limit */
    uint32_t repeat_ms;   /* unanswered: send again after */
    uint32_t repeats;     /* this often */
    uint32_t reversal_ms; /* after the last, reverse after */
    uint32_t settle_ms;   /* at the end wait for what is in flight */
    uint32_t connect_ms;  /* without any connection: give up after */
    uint64_t seed;
    bool quiet; /* no progress lines on stderr */
};

/* Build all terminals. @rules and @dataset (which gets the journal's hashes) are the caller's and
 * outlive it. Returns 0 and @out, or an error after a line on stderr. */
MUST_USE int population_open(const struct population_plan *plan, const struct terminal_rules *rules,
                             struct dataset *dataset, struct population **out);

/* Run to the end: count, duration, or SIGTERM or SIGINT (a second one ends the settling). Returns
 * 0, ERR_CONNECT if no connection was ever made, or ERR_IO if the journal failed. */
MUST_USE int population_run(struct population *population);

const struct summary *population_summary(const struct population *population);
void population_close(struct population *population);
