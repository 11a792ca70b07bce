/* One request to one answer: decode, execute, encode, count; and the faults that a tester asked
 * for. Knows no sockets. */
#pragma once

#include "hsm_sim/engine/engine.h"

/* A fault in this many of a million requests, answered with @error instead of being executed. */
struct serve_fault {
    uint32_t per_million;
    uint8_t error;
};

enum { SERVE_CODES_MAX = 64 };

/* One command's line in the table of counters. */
struct serve_counter {
    uint16_t code;
    uint64_t count;
    uint64_t refused; /* any error but 00 */
};

struct serve {
    struct hsm_engine *engine; /* the caller's */
    size_t header_len;
    struct serve_fault fault;
    bool log_commands;
    uint64_t random;    /* state of the generator behind faults and jitter */
    uint64_t malformed; /* messages too short to have a header and a code */
    uint64_t dropped;   /* answers that found no room to be delayed in */
    struct serve_counter counter[SERVE_CODES_MAX]; /* [0] also takes what found no room */
    size_t counter_count;
    uint8_t scratch[HSM_SCRATCH_LEN];
};

/* @seed of the faults and the jitter; @engine outlives it. The other settings may be set after. */
void serve_init(struct serve *serve, struct hsm_engine *engine, uint64_t seed);

/* Answer @message into @out (HSM_MESSAGE_LEN_MAX bytes). Returns true, or false if it is not even a
 * header and a code, and there is nothing that could be answered. */
bool serve_message(struct serve *serve, struct span message, struct writer *out);

/* A number below @limit (at least 1) from the faults' generator. */
uint64_t serve_random(struct serve *serve, uint64_t limit);

/* Log the counters, one line. */
void serve_log_counters(const struct serve *serve);

/* "0.1%:24": rate and error code. Returns 0 and sets @out, or ERR_USAGE. */
MUST_USE int serve_fault_parse(const char *text, struct serve_fault *out);
