/* Steps and how a transaction moves through them.
 *
 * A step asks on entry, waits for at most one kind of event, and judges the answer; it never
 * decides where to go. txn_advance() alone maps verdicts to movement, and the phase says what a
 * refusal takes, so no step can forget a reversal. */
#pragma once

#include "switch/core/txn.h"

#define STEP_MAP(X)                                                                                \
    X(CHECK)   /* what the message itself decides */                                               \
    X(MAC)     /* is it really this terminal */                                                    \
    X(NETWORK) /* 0800: what it wants */                                                           \
    X(ROUTE)   /* who may come to hold the money; chooses, never refuses */                        \
    X(OPEN)    /* durable; the same commit is the duplicate check */                               \
    X(PERMIT)  /* what tables and the clock decide */                                              \
    X(PIN)     /* verify or translate */                                                           \
    X(ISSUER)  /* ask */                                                                           \
    X(CLOSE)   /* the outcome is durable */                                                        \
    X(SIGN)    /* the answer's bytes, and their MAC */                                             \
    X(REPLY)   /* to the terminal */                                                               \
    X(REVERSE) /* our reversal to the issuer, until it is acknowledged */                          \
    X(SETTLE)  /* its end is durable */                                                            \
    X(END)

enum step_index {
#define STEP_ENUM(name) STEP_##name,
    STEP_MAP(STEP_ENUM)
#undef STEP_ENUM
        STEP_COUNT
};

typedef enum verdict step_enter_fn(struct core *core, struct txn *t);
typedef enum verdict step_resume_fn(struct core *core, struct txn *t, const struct event *event);

/* Which lane it waits in. */
enum wait_kind { WAIT_NONE, WAIT_HSM, WAIT_LINK, WAIT_REVERSAL };

struct step {
    const char *name;
    step_enter_fn *enter;
    uint8_t awaits; /* enum event_kind */
    step_resume_fn *resume;
    uint8_t wait;    /* enum wait_kind */
    uint8_t silence; /* enum verdict */
    uint8_t stage;   /* enum stage it is timed as, STAGE_COUNT: none */
};

const struct step *step_at(unsigned index);
const char *step_name(unsigned index);

extern const uint8_t flow_purchase[];
extern const uint8_t flow_reversal_in[];
extern const uint8_t flow_network[];
extern const uint8_t flow_reversal[];

/* Put @t at the start of @flow and go as far as it goes. */
void txn_start(struct core *core, struct txn *t, const uint8_t *flow);

/* An event for it arrived, of the kind that it awaits. */
void txn_resume(struct core *core, struct txn *t, const struct event *event);

/* What it waited for did not come in time. */
void txn_expire(struct core *core, struct txn *t);

/* Let @t's outcome be that of @record, as it is told to a repeat: the recorded answer, unless it
 * has been reversed since; then declined. */
void txn_take_outcome(struct txn *t, const struct record *record);

/* The one that a waiting repeat (@t) follows has closed: let it answer in its place. */
void txn_answer_repeat(struct core *core, struct txn *t, const struct record *record);

/* Let go of it without a word. */
void txn_drop(struct core *core, struct txn *t, const char *end);

step_enter_fn check_enter, mac_enter, network_enter, route_enter, open_enter, permit_enter,
    pin_enter, issuer_enter, close_enter, sign_enter, reply_enter, reverse_enter, settle_enter;
step_resume_fn mac_resume, open_resume, pin_resume, issuer_resume, close_resume, sign_resume,
    reverse_resume, settle_resume;

/* A reversal of ours was sent and not acknowledged. */
void reverse_count(struct txn *t);
