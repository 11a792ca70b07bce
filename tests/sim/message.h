/* The messages of the terminals of a world: what they send, and how they read what comes. */
#pragma once

#include "iso8583/frame.h"
#include "switch/core/stans.h"
#include "tests/sim/world.h"

/* An encoded message. */
struct telegram {
    size_t len;
    uint8_t bytes[FRAME_LEN_MAX];
};

/* One row a kind of sale, in the order of MARK_KIND_MAP. */
struct sale_kind {
    uint16_t mti;
    const char *proc;
    bool money;
};
const struct sale_kind *sale_kind_at(unsigned kind);

/* The request of @sale (a repeat: @mark sets the last digit of its MTI) under the DE7 it has now.
 */
void message_request(struct world *world, const struct sale *sale, bool repeat_mark,
                     struct telegram *out);

/* Its reversal. @replacement_minor 0: full. */
void message_reversal(struct world *world, const struct sale *sale, bool repeat_mark,
                      int64_t replacement_minor, struct telegram *out);

/* A reversal that names the reversal of @sale. */
void message_reversal_of_reversal(struct world *world, const struct sale *sale, uint32_t stan,
                                  struct telegram *out);

/* Now by the terminal's clock as DE7 (MMDDhhmmss) and DE12 with DE13; "" where the terminal's group
 * sends none. */
void message_stamp(const struct world *world, uint16_t terminal, char de7[11], char time[7],
                   char date[5]);

/* Read an answer: 0 and @msg (which borrows from @scratch and @bytes), or an error. Its MAC, where
 * the terminal has a key, must be right: else ERR_CRYPTO. */
MUST_USE int message_read(const struct world *world, uint16_t terminal, struct span bytes,
                          struct writer *scratch, struct iso_msg *msg);
