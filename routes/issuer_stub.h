/* A simulated issuer host: accounts, and what it answers to a request; pure.
 *
 * No socket, clock or file here: issuer_stub_main.c is the process, tests/sim calls this directly.
 * The same seed and the same calls give the same verdicts. All memory is taken by stub_open().
 *
 * How it behaves (BEHAVIOUR of the switch's own side is another matter):
 *   0100       a hold: reserves DE4 (DE3 00 01 09), or tells the balance (30 31)
 *   0200       books DE4: debit (00 01 09), credit (20), or tells the balance (30 31)
 *   x120 x121  an advice is booked once, whatever the balance; one that names a hold (DE90, DE37)
 *              completes it: the hold is released
 *   0400 0420  takes the original back, once, found by DE90 and DE37, else by DE37 and DE11; with
 *              DE95 only down to that amount. One that was never seen leaves a tombstone: the
 *              original, should it come yet, is declined with 12 (an advice answered 00), unposted
 *   08xx       DE70 001 002 201 301 are answered 00
 *   a repeat (same MTI but for the repeat mark, DE11, DE7, DE37, DE41) gets the same answer and
 *   posts nothing; after its reversal it is declined with 12
 * Codes: 12 transaction or currency, 13 amount, 14 no such card, 51 balance, 54 expired, 55 PIN,
 * 61 limit, 62 blocked, 96 the PIN could not be verified. Rules (stub_rules.h) go before all that.
 *
 * What is done to money is an entry (stub_entry.h, which documents the journal). The caller makes a
 * verdict's entries durable before its answer leaves. */
#pragma once

#include "hsm_sim/wire/command.h"
#include "iso8583/message.h"
#include "routes/stub_entry.h"
#include "routes/stub_rules.h"

struct stub;

/* Chances are parts of a million messages; network messages are spared. */
struct stub_settings {
    uint64_t seed;
    uint32_t posted_max; /* transactions remembered; default 1 << 20 */
    bool unknown_is_25;  /* answer to a reversal of an unknown original: 25, else 00 */
    uint32_t drop_ppm;
    uint32_t duplicate_ppm;
    uint32_t late_ppm;
    uint32_t late_ms; /* how late is late */
    uint32_t delay_ms;
    uint32_t delay_jitter_ms; /* up to this much more */
    /* PIN verification; borrowed by the stub. @zpk NULL: no HSM, a DE52 is answered 96. */
    const char *zpk;
    const char *pvk;
    const char *pvki;
};

/* Returns 0 and @out (stub_close() it), or ERR_MEMORY. @accounts and @rules are copied; @rules may
 * be NULL. Two accounts of one PAN: ERR_EXISTS, @duplicate is the index of the second. */
MUST_USE int stub_open(const struct stub_settings *settings, const struct stub_account *accounts,
                       size_t account_count, const struct rules *rules, struct stub **out,
                       size_t *duplicate);
void stub_close(struct stub *stub);

enum stub_fate {
    STUB_ANSWER,    /* send @answer, after @plan.delay_ms; twice if @plan.is_duplicate */
    STUB_NO_ANSWER, /* nothing to send (dropped, silent, or not a request) */
    STUB_HANG_UP,   /* cut the connection */
    STUB_ASK_PIN,   /* ask the HSM @pin_command, then stub_resume() */
};

/* How the answer is to leave, decided when the request came. */
struct stub_plan {
    uint32_t delay_ms;
    bool is_silent;
    bool is_duplicate;
    bool is_forced;        /* approve without checks */
    int64_t partial_minor; /* 0: no partial approval */
};

struct stub_verdict {
    enum stub_fate fate;
    struct stub_plan plan; /* with STUB_ASK_PIN: keep it for stub_resume() */
    struct iso_msg answer; /* borrows from the request and from this verdict */
    struct stub_entry entry[2];
    unsigned entry_count;           /* to be journalled, in this order; done already in memory */
    struct hsm_command pin_command; /* borrows from the settings, the stub and this verdict */
    struct {
        uint8_t amount[12];
        uint8_t auth[6];
        uint8_t code[2];
        uint8_t balance[20];
        uint8_t pin_block[16]; /* hex, secret: wipe with stub_verdict_wipe() */
        uint8_t account[12];
    } bytes;
};

/* Decide what becomes of @request, which came at @now_ms (UTC milliseconds). Never fails: all that
 * can happen is a verdict. Do not copy @out: it borrows from itself. */
void stub_answer(struct stub *stub, const struct iso_msg *request, int64_t now_ms,
                 struct stub_verdict *out);

enum { STUB_HSM_SILENT = -1 };

/* Go on after STUB_ASK_PIN: @request as it was, the @plan of that verdict, and the HSM's error code
 * or STUB_HSM_SILENT. */
void stub_resume(struct stub *stub, const struct iso_msg *request, const struct stub_plan *plan,
                 int hsm_error, int64_t now_ms, struct stub_verdict *out);

void stub_verdict_wipe(struct stub_verdict *verdict);

/* Apply an entry of the journal (at start). Returns 0, or ERR_NOT_FOUND if it names an account that
 * is not the one it was written for. */
MUST_USE int stub_replay(struct stub *stub, const struct stub_entry *entry);

/* The account of @pan, or NULL; the stub's. */
const struct stub_account *stub_account_find(const struct stub *stub, struct span pan);

/* X(name): how often, since stub_open(). */
#define STUB_COUNT_MAP(X)                                                                          \
    X(requests)                                                                                    \
    X(approved)                                                                                    \
    X(declined)                                                                                    \
    X(repeats)                                                                                     \
    X(advices)                                                                                     \
    X(reversals)                                                                                   \
    X(tombstones)                                                                                  \
    X(network)                                                                                     \
    X(pins)                                                                                        \
    X(dropped)                                                                                     \
    X(silent)                                                                                      \
    X(late)                                                                                        \
    X(duplicated)                                                                                  \
    X(hung_up)                                                                                     \
    X(stray)

struct stub_counts {
#define STUB_COUNT_MEMBER(name) uint64_t name;
    STUB_COUNT_MAP(STUB_COUNT_MEMBER)
#undef STUB_COUNT_MEMBER
};

const struct stub_counts *stub_counts(const struct stub *stub);
