/* One payment terminal, without its sockets, timers and journal: it makes requests, judges answers.
 *
 *   IDLE -> ASKED (0200 sent) -> final: APPROVED, DECLINED
 *                             -> REVERSING (no answer, or the sale is taken back) -> final:
 * REVERSED
 *
 * An exchange is one transaction's life; a terminal has as many as its window, and remembers the
 * last ones that ended, so that a late or repeated answer can be held against the first. Time comes
 * in as an argument, everything random from the terminal's own generator. */
#pragma once

#include "hsm_sim/engine/tdes.h"
#include "iso8583/base/list.h"
#include "iso8583/dialect.h"
#include "tests/load/dataset.h"
#include "tests/load/prng.h"

enum {
    STAN_MAX = 999999,
    WIRE_LEN_MAX = 768,
    DE7_KEPT = 8,        /* times that an answer may echo: the last sendings' */
    REFUSALS_MAX = 20,   /* answers to a reversal other than 00, then the terminal gives up */
    PAST_COUNT_MIN = 32, /* ended exchanges that are remembered, and twice the window */
    WINDOW_MAX = 256,
};

/* What all terminals of a run do alike. Chances in parts per million. */
struct terminal_rules {
    const struct iso_dialect *dialect;
    uint16_t currency;
    bool mac;        /* sign and verify, where the terminal has a TAK */
    bool restamp;    /* DE7 is new on a repeat */
    bool repeat_mti; /* a repeat is an xx01 */
    uint64_t amount_low_minor;
    uint64_t amount_high_minor;
    uint32_t pin_ppm;
    uint32_t wrong_pin_ppm; /* of those with a PIN */
    uint32_t refund_ppm;
    uint32_t balance_ppm;
    uint32_t reversal_ppm; /* of approved sales: taken back at once */
};

/* A moment as messages write it; the caller makes one a turn. */
struct stamp {
    int64_t wall_ms;
    char de7[11]; /* MMDDhhmmss */
    char time[7]; /* hhmmss */
    char date[5]; /* MMDD */
};

/* UTC: the terminals live in that zone. */
void stamp_make(struct stamp *stamp, int64_t wall_ms);

enum exchange_kind { EXCHANGE_SALE, EXCHANGE_REFUND, EXCHANGE_BALANCE, EXCHANGE_KIND_COUNT };
enum exchange_state { EXCHANGE_IDLE, EXCHANGE_ASKED, EXCHANGE_REVERSING };

struct terminal;

struct exchange {
    struct terminal *terminal;
    struct list waiting; /* the population's: free, or in the lane of its wait */
    struct list ready;   /* the population's: to be sent this turn */
    uint64_t deadline_ms;
    uint64_t intended_us; /* when it should have begun: latency counts from here */
    enum exchange_state state;
    enum exchange_kind kind;
    bool answered; /* code, auth and rrn hold the first answer */
    bool stalled;  /* its wait is over, but there is no connection */
    bool track;    /* the card is swiped: DE35 */
    bool pin;
    bool wrong_pin;
    uint8_t refusals;
    const struct dataset_card *card;
    uint64_t amount_minor;
    uint64_t approved_minor;
    uint32_t stan;
    uint32_t reversal_stan;
    uint32_t tries;    /* sendings of the present message */
    uint32_t sendings; /* of request and reversal together */
    struct stamp began;
    struct stamp reversal_began;
    char de7_sent[DE7_KEPT][11]; /* a ring */
    char code[3];
    char auth[7];
    char rrn[13];
    uint16_t wire_mti;
    size_t wire_len;
    uint8_t wire[WIRE_LEN_MAX];
};

/* An exchange that has ended: enough to judge a late answer. */
struct past {
    uint32_t stan; /* 0: none */
    uint32_t reversal_stan;
    bool answered;
    bool reversed;
    char code[3];
    char auth[7];
    char rrn[13];
};

struct terminal {
    const struct terminal_rules *rules;
    const struct dataset *dataset;
    const struct dataset_terminal *row;
    struct prng prng;
    uint32_t stan;       /* the last used */
    bool stan_wrapped;   /* all have been used */
    uint32_t stan_first; /* the first one of this process: lower ones may be of an earlier */
    bool resumed;        /* there was an earlier process */
    struct tdes tpk;
    struct tdes tak;
    struct exchange *exchanges; /* @window, the caller's */
    uint32_t window;
    struct past *past; /* @past_count, the caller's */
    uint32_t past_count;
    uint32_t past_next;
};

/* What an answer was. From BAD_MAC on they are broken invariants. */
#define HEARD_MAP(X)                                                                               \
    X(APPROVED, "approved")                                                                        \
    X(DECLINED, "declined")                                                                        \
    X(REVERSED, "reversed")                                                                        \
    X(REVERSAL_AGAIN, "reversal not answered 00: to be sent again")                                \
    X(LATE, "the first answer, but it is being reversed already")                                  \
    X(DUPLICATE, "the same answer once more")                                                      \
    X(UNMATCHED, "answer to something too long ago to be judged")                                  \
    X(BAD_MAC, "bad MAC")                                                                          \
    X(ECHO, "an echoed field is not what was sent")                                                \
    X(INVENTED, "answer to something never sent")                                                  \
    X(CONTRADICTED, "another answer to the same question")                                         \
    X(GARBLED, "not a message, or not an answer")

enum heard {
#define HEARD_ENUM(name, text) HEARD_##name,
    HEARD_MAP(HEARD_ENUM)
#undef HEARD_ENUM
        HEARD_COUNT
};

const char *heard_name(enum heard heard);

/* True if @heard breaks what a switch promises. */
bool heard_is_broken(enum heard heard);

/* A terminal on the caller's memory: @exchanges (window) and @past (past_count), zeroed. Returns 0,
 * or ERR_CRYPTO. terminal_deinit() wipes its keys. */
MUST_USE int terminal_init(struct terminal *terminal, const struct terminal_rules *rules,
                           const struct dataset *dataset, const struct dataset_terminal *row,
                           const struct tdes_ciphers *ciphers, uint64_t seed);
void terminal_deinit(struct terminal *terminal);

/* Let the STANs go on behind @stan, which an earlier process used. */
void terminal_resume(struct terminal *terminal, uint32_t stan);

/* Begin a transaction in the idle exchange @x: draw card, kind and amount, and put its request into
 * x->wire. Returns 0, or an error of the codec or of OpenSSL (a fault of the set-up). */
MUST_USE int exchange_begin(struct exchange *x, const struct stamp *now);

/* Put the present message into x->wire again, restamped and renamed as the rules say. */
MUST_USE int exchange_repeat(struct exchange *x, const struct stamp *now);

/* Begin to reverse: an 0400 with a STAN of its own that names the request in DE90. */
MUST_USE int exchange_reverse(struct exchange *x, const struct stamp *now);

/* Whether an approved sale is taken back (the customer has changed his mind). */
bool exchange_wants_reversal(struct exchange *x);

/* The exchange has ended: remember it, and be idle. */
void exchange_end(struct exchange *x, bool reversed);

/* Judge @message, received by @terminal. Sets @x if it concerns one that is not idle, else NULL. On
 * APPROVED, DECLINED and LATE x->code, auth, rrn, approved_minor are filled; ending or reversing it
 * is the caller's. @code (3 bytes) is DE39, or "". */
enum heard terminal_hear(struct terminal *terminal, struct span message, struct exchange **x,
                         char *code);
