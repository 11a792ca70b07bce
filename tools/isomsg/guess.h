/* How bytes are framed and written, guessed: every framing that cuts them, every dialect, each also
 * with the tweaks of row_text.h, and where a reading comes to an end at one element, that element
 * or one before it written otherwise. What is weighed is told in weigh.h.
 * That every message reads to its last byte weighs much, but is not all: a message that was cut off
 * reads so in some dialect that somebody made up. */
#pragma once

#include "iso8583/frame.h"
#include "tools/isomsg/dialect_name.h"

enum { GUESSES_MAX = 24, GUESS_WHY_LEN = 480, GUESS_STREAMS_MAX = 64 };

struct guess {
    struct framing framing;
    char dialect[DIALECT_NAME_LEN]; /* as --dialect takes it */
    uint16_t mti;                   /* of the first message; 0: none was read */
    bool whole;                     /* every message reads to its end */
    unsigned messages;
    unsigned fields;
    size_t left;             /* bytes that nothing was made of */
    int32_t tenths;          /* what it weighs */
    char why[GUESS_WHY_LEN]; /* the reason it fits, or the byte where it fails; no card data */
};

struct guesses {
    size_t count;
    struct guess best[GUESSES_MAX]; /* the best first; one for each framing and base dialect */
    unsigned framings;              /* that were tried */
    unsigned cutting;               /* that cut the bytes into messages */
    unsigned dialects;
    unsigned readings; /* how often a message was read */
};

/* Guess of @streams (@count of them, each the bytes of one direction or file). @own: a dialect of
 * the user's, tried beside the built-in ones, or NULL. After @readings_max readings of a message
 * (0: the default, some seconds) it is over with what was found. ERR_MEMORY. */
MUST_USE int guesses_make(const struct span *streams, size_t count, const struct iso_dialect *own,
                          unsigned readings_max, struct guesses *out);
