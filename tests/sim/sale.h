/* One purchase (or what else a terminal does) as its terminal sees it: what it sent and what it
 * heard. All sales together are the first of the auditor's three logs. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SALE_DE7_MAX = 24, SALE_CONNS_MAX = 32 };

/* An issuer never acknowledges the reversal of such an amount: a dead letter for good, that may
 * hold up no other. */
static inline bool amount_is_poison(int64_t amount_minor)
{
    return amount_minor >= 70000 && amount_minor < 72000;
}

/* How a terminal names the original in its reversal. */
enum naming { NAMED_DE90, NAMED_STAN, NAMED_RRN, NAMING_COUNT };

struct heard {
    bool any;
    char code[3];
    char auth[7];
    char rrn[13];
    int64_t amount_minor;
};

struct sale {
    uint32_t id;
    uint8_t kind; /* enum mark_kind */
    uint16_t terminal;
    uint16_t card;
    int64_t amount_minor;
    uint16_t currency;
    uint32_t stan;
    char time[7];
    char date[5];
    char de7[11]; /* of the last sending */
    char rrn[13]; /* the terminal's own, "": the switch makes one */
    bool track;   /* DE35 instead of DE2 */
    bool merchant;
    bool acquirer; /* it sends DE32: what its group had when the world began */
    bool chip;
    bool pin;
    bool pin_wrong;
    bool bad_card;    /* the check digit is wrong */
    bool forged;      /* somebody else's: its MAC is wrong */
    bool twin;        /* has the K of another sale, and other content */
    bool has_twin;    /* there is one like that */
    uint32_t partner; /* the other of the two + 1, 0: none */

    /* the plan of its terminal */
    uint32_t sends_max;
    int64_t timeout_ms;
    bool gives_up;
    bool reverses_when_silent;
    bool reverses_first;
    bool has_rival; /* and so is another sale under its STAN */
    bool reverses_in_flight;
    bool reverses_approved;
    bool repeats_after;

    /* what happened */
    int64_t first_sent_ms;
    uint32_t sends;
    uint32_t timer;              /* the newest; older ones are void */
    char de7s[SALE_DE7_MAX][11]; /* all it sent: an answer echoes one of them */
    uint32_t de7_count;
    size_t conns[SALE_CONNS_MAX]; /* on which it reached the switch */
    uint32_t conn_count;
    struct heard first;    /* the first answer */
    struct heard approval; /* the first approval: not the first answer after an unrecorded 96 */
    bool told_96;          /* refused unrecorded, perhaps: then it is not repeated */
    size_t conn_after_reversal; /* connection of a repeat that was sent after the reversal was
                                   acknowledged; nothing else was sent on it */
    bool gave_up;

    struct {
        bool wanted;
        uint16_t mti;
        uint8_t naming; /* enum naming */
        uint32_t stan;
        char time[7];
        char date[5];
        char de7[11];
        char original_de7[11];
        uint32_t sends;
        uint32_t timer;
        bool answered;
        bool accepted; /* 00 */
        char code[3];
    } reversal;
};
