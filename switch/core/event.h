/* What happened: the only way into the core. Names are past tense.
 *
 * Every event carries both clocks, because the core has none. Bytes are borrowed for the call. */
#pragma once

#include "hsm_sim/wire/command.h"
#include "switch/core/book.h"

/* X(name, who feeds it) */
#define EVENT_MAP(X)                                                                               \
    X(TERMINAL_FRAME)  /* edge/terminal: a message came in on a listener's connection */           \
    X(TERMINAL_CLOSED) /* edge/terminal: a connection is gone */                                   \
    X(ISSUER_OPENED)   /* edge/issuer: a link's connection stands */                               \
    X(ISSUER_FRAME)    /* edge/issuer: a message came in on a link */                              \
    X(ISSUER_CLOSED)   /* edge/issuer: it is gone; all its pending are UNKNOWN */                  \
    X(MAC_CHECKED)     /* edge/hsm_client: answers, one kind per question asked */                 \
    X(PIN_CHECKED)                                                                                 \
    X(ANSWER_SIGNED)                                                                               \
    X(OPENED)          /* store: BOOK_OPEN or BOOK_REVERSAL is durable */                          \
    X(CLOSED)          /* store: BOOK_CLOSE is durable */                                          \
    X(SETTLED)         /* store: BOOK_SETTLE is durable */                                         \
    X(REVERSAL_DUE)    /* store: a row of BOOK_DRAW */                                             \
    X(DRAW_ENDED)      /* store: no more rows for now */                                           \
    X(NOTED)           /* store: BOOK_LATE or another that nobody waits for */                     \
    X(RECOVERED_DUE)   /* start-up: what is due (its STANs are in use), or was REVERSED lately */  \
    X(ISSUER_ANSWERED) /* the core itself: a frame that pairs with a request of ours */            \
    X(REVERSAL_ANSWERED) /* the core itself: a frame that pairs with a reversal of ours */         \
    X(LINK_ORDERED)      /* admin: a link is to be up, down, or drained */                         \
    X(TICKED)            /* driver: the deadline passed */

enum event_kind {
#define EVENT_ENUM(name) EV_##name,
    EVENT_MAP(EVENT_ENUM)
#undef EVENT_ENUM
        EVENT_COUNT
};

enum link_wish { LINK_UP, LINK_DOWN, LINK_DRAIN };

struct event {
    enum event_kind kind;
    int64_t now_ms;  /* monotonic */
    int64_t now_us;  /* the same clock, finer: for figures only, decides nothing */
    int64_t wall_ms; /* UTC since 1970 */
    union {
        struct {
            uint64_t conn;     /* the edge's handle, returned in ACT_SEND_TERMINAL */
            uint16_t listener; /* index */
            struct span tpdu;
            struct span message;
        } terminal;
        struct {
            uint16_t link; /* index */
            struct span message;
            enum link_wish wish;
        } issuer;
        struct {
            uint64_t token; /* of the ACT_ASK_HSM */
            const struct hsm_reply *reply;
        } hsm;
        const struct book_answer *book; /* store events */
        const struct record *record;    /* EV_RECOVERED_DUE */
    } u;
};

const char *event_name(enum event_kind kind);
