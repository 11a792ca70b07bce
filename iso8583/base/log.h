/* One line = one event. A line is built field by field and written whole; text or JSON by setting:
 *
 *     2026-11-20T16:20:09.123Z INFO  link.up link=visa port=5001
 *     {"time":"2026-11-20T16:20:09.123Z","level":"INFO","event":"link.up","link":"visa","port":5001}
 *
 *     struct log_line line;
 *     log_begin(&line, LOG_INFO, "link.up");
 *     log_text(&line, "link", "visa");
 *     log_number(&line, "port", 5001);
 *     log_end(&line);
 *
 * There is no call that takes a secret_span, and a PAN has a call of its own that masks it. Lines
 * go to a sink (default: write(2) on stderr). A program with an event loop sets one that never
 * blocks. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "iso8583/base/bytes.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

enum { LOG_LINE_LEN_MAX = 1024 };

struct log_line {
    char buf[LOG_LINE_LEN_MAX];
    size_t len;
    bool wanted; /* false: the level is off, and every call does nothing */
};

/* Process-wide settings, made once at start, before other threads log. @sink is called with a whole
 * line including its newline; it must not keep the bytes. NULL: stderr. */
void log_setup(enum log_level level, bool json, void (*sink)(void *context, struct span line),
               void *context);

/* True if lines of @level are written: ask before building what only a line needs. */
bool log_wants(enum log_level level);

void log_begin(struct log_line *line, enum log_level level, const char *event);
void log_text(struct log_line *line, const char *key, const char *text);
void log_number(struct log_line *line, const char *key, int64_t number);
/* Printable bytes as they are, others as \xHH; cut when the line is full. Not for card data. */
void log_span(struct log_line *line, const char *key, struct span bytes);
/* First six, last four, stars between (fewer than 13 digits: all stars). */
void log_pan(struct log_line *line, const char *key, struct span pan);
void log_end(struct log_line *line);

/* Lines that stderr did not take whole, since the start. Any thread. */
uint64_t log_dropped(void);
