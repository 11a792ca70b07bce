/* How a port is framed and written, guessed from the first bytes of its streams: for the error that
 * tells it. */
#pragma once

#include "tools/capture/stream.h"

struct iso_dialect;
struct framing;
struct guesses;

/* What was said to be, and what that would have been. */
struct guess {
    const struct framing *framing; /* NULL: none that is known fits */
    const struct iso_dialect *dialect;
    uint32_t messages; /* that can be read so */
};

/* ERR_MEMORY. */
MUST_USE int guesses_open(struct guesses **out);
void guesses_close(struct guesses *guesses); /* wipes the bytes */

/* Keep @bytes of a stream, if they are among its first. */
void guesses_keep(struct guesses *guesses, struct stream_id id, struct span bytes);

/* Whether there were any bytes. */
bool guesses_have(const struct guesses *guesses);

/* The framing and dialect in which most messages can be read; of equals the first of the tables. */
struct guess guesses_best(const struct guesses *guesses);

/* The names of what is tried, into @buf of @cap bytes; returns @buf. */
const char *guesses_tried(char *buf, size_t cap);
