/* How many lines of one event and subject (a listener, a link) are written: whoever sends nonsense
 * fast must not fill the disk with it. The first LOG_LIMIT_LINES of a second are, and then one that
 * says how many were left out. Counters (figures.h) are not limited. Fixed memory, no clock. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { LOG_LIMIT_LINES = 10, LOG_LIMIT_MS = 1000, LOG_LIMIT_ROWS = 64 };

struct log_limit_row {
    char event[32]; /* "": the row is free */
    char subject[48];
    int64_t since_ms; /* of the second that is counted */
    uint32_t lines;
    uint64_t left_out;
};

struct log_limit {
    struct log_limit_row rows[LOG_LIMIT_ROWS]; /* the last is for all that find none */
};

/* May a line of @event about @subject be written at @now_ms (any clock that only grows)? If not, it
 * is counted as left out. */
bool log_limit_takes(struct log_limit *limit, const char *event, const char *subject,
                     int64_t now_ms);

/* The next row whose second is over and that left lines out: true, with @row a copy, and the row
 * begins anew. Call until false, then again when log_limit_waits() and a second has passed. */
bool log_limit_next(struct log_limit *limit, int64_t now_ms, struct log_limit_row *row);
bool log_limit_waits(const struct log_limit *limit);
