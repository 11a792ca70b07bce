/* The messages of a terminal: what it writes into an exchange's wire, what it reads of an answer.
 */
#pragma once

#include "iso8583/edition.h"
#include "tests/load/terminal.h"

/* What is read of an answer; the spans borrow from the message or the caller's scratch. */
struct answer {
    uint16_t mti;
    bool to_reversal;
    bool mac_good; /* or none is asked for */
    uint32_t stan;
    uint64_t amount_minor; /* 0 if there is none */
    struct span proc;
    struct span de7;
    struct span terminal;
    struct span merchant;
    char code[3];
    char auth[7]; /* "" if absent */
    char rrn[13];
    uint8_t scratch[2 * WIRE_LEN_MAX + EDITION_ROOM];
};

/* MTI and DE3 of a kind. */
uint16_t kind_mti(enum exchange_kind kind);
const char *kind_proc(enum exchange_kind kind);

/* 00 approves, and 10 a part. */
bool code_approves(const char *code);

/* Put the request of @x, or its reversal, into x->wire with this DE7; @repeat: with the MTI of a
 * repeat. 0, or an error of the codec or ERR_CRYPTO. */
MUST_USE int message_request(struct exchange *x, const char *de7, bool repeat);
MUST_USE int message_reversal(struct exchange *x, const char *de7, bool repeat);

/* Read @message. Returns 0, or ERR_FORMAT if it is no message in the dialect, or no 0110, 0210 or
 * 0410 with DE11 and DE39. */
MUST_USE int answer_read(struct terminal *terminal, struct span message, struct answer *answer);
