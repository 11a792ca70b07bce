/* The script of what was said (record_talk.h). */
#pragma once

#include "tools/isotest/record.h"
#include "tools/isotest/record_talk.h"

/* A side of the capture, with what was said on it. */
struct played {
    const struct record_side *side;
    struct talk talk;
    bool asker_is_client; /* whose requests are looked at: of who connects to the port */
    bool has_mac;         /* record_write.c */
};

/* What the script says, and how much of what was said it does not. */
struct written {
    struct span text; /* malloc'ed */
    uint32_t tests;
    uint32_t network_only;  /* conversations that an issuer holds of itself */
    uint32_t of_other_side; /* requests that the other end sent */
    uint32_t uncalled;      /* conversations with an issuer for which no terminal asked */
};

/* Write the script for talk_join()ed messages, the cards' names chosen. Not laid out yet.
 * ERR_MEMORY. */
MUST_USE int record_write(struct played *sides, size_t count, struct cards *cards,
                          const struct record_options *options, struct written *out);
