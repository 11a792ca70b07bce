/* What a run has seen, counted, and told at its end. */
#pragma once

#include <stdbool.h>

#include "tests/load/histogram.h"
#include "tests/load/terminal.h"

enum { CODES_MAX = 64 };

struct summary {
    uint64_t started; /* transactions */
    uint64_t approved;
    uint64_t declined;
    uint64_t reversed;
    uint64_t gave_up;
    uint64_t left_open; /* of gave_up: not even a reversal was begun */
    uint64_t messages_sent;
    uint64_t repeats;
    uint64_t reversals;       /* begun */
    uint64_t reversals_again; /* sent again */
    uint64_t connects;
    uint64_t losses;
    uint64_t late_starts; /* open model: more than 1 ms behind schedule */
    uint64_t heard[HEARD_COUNT];
    struct {
        char code[3];
        uint64_t count;
    } codes[CODES_MAX];          /* of answers to requests that did not approve */
    struct histogram latency_us; /* first answers, from the intended start */
    uint64_t began_us;
    uint64_t ended_us;
};

void summary_decline(struct summary *summary, const char *code);

/* True if something was heard that may never be. */
bool summary_is_broken(const struct summary *summary);

/* Write it to stdout, for people or as one JSON document. */
void summary_print(const struct summary *summary, bool json);
