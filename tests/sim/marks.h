/* What the worlds have reached: kind of transaction x what befell it. A fault that never strikes
 * tests nothing, so the tests ask for the rows of the table to be non-zero. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* X(name): columns. How a row of terminals.c's table of kinds is called for short. */
#define MARK_KIND_MAP(X) X(purchase) X(cash) X(refund) X(authorization) X(balance)

/* X(name, what happened to one transaction, or around it). To add one: a line here, and a call of
 * mark() where it happens. */
#define MARK_MAP(X)                                                                                \
    X(APPROVED, "approved at the terminal")                                                        \
    X(PARTIAL, "approved in part")                                                                 \
    X(DECLINED, "declined at the terminal")                                                        \
    X(REPEATED, "repeated by the terminal")                                                        \
    X(REPEAT_AFTER, "repeated after its answer")                                                   \
    X(REPEAT_REVERSED, "repeated after its reversal")                                              \
    X(OTHER_CONTENT, "same K, other content")                                                      \
    X(FORGED, "preceded by a forged message")                                                      \
    X(REVERSED_APPROVED, "reversed after its approval")                                            \
    X(REVERSED_UNANSWERED, "reversed without an answer")                                           \
    X(REVERSED_IN_FLIGHT, "reversed while in flight")                                              \
    X(REVERSED_FIRST, "reversed before it came")                                                   \
    X(REVERSED_FIRST_TWICE, "reversed first, and so a rival")                                      \
    X(REVERSAL_REPEATED, "its reversal was repeated")                                              \
    X(REVERSAL_REVERSED, "its reversal was reversed")                                              \
    X(REVERSAL_PARTIAL, "reversed in part")                                                        \
    X(ISSUER_DROPPED, "lost at the issuer")                                                        \
    X(ISSUER_SILENT, "posted, no answer")                                                          \
    X(ISSUER_LATE, "answered late")                                                                \
    X(ISSUER_TWICE, "answered twice")                                                              \
    X(ISSUER_WRONG, "answered wrongly")                                                            \
    X(ISSUER_DOUBT, "answered in doubt")                                                           \
    X(ISSUER_ODD_CODE, "approved under another code than 00")                                      \
    X(ISSUER_HANG_UP, "issuer hung up")                                                            \
    X(ISSUER_SLOW, "processed after its reversal")                                                 \
    X(ISSUER_STALLED, "processed long after its reversal")                                         \
    X(LINK_CUT, "in flight when its link was cut")                                                 \
    X(ANSWER_LOST, "nobody there to hear it, so reversed")                                         \
    X(CLOSED_UNKNOWN, "stored UNKNOWN")                                                            \
    X(CLOSED_MARKED, "stored as reversed while open")                                              \
    X(CLOSED_TOMBED, "stored as reversed before it came")                                          \
    X(RECOVERED, "found open at a restart")                                                        \
    X(PRESENTED, "has a clearing item")                                                            \
    X(NETTED, "its item was netted")

/* X(name, what happened to the world) */
#define MARK_WORLD_MAP(X)                                                                          \
    X(CRASH, "crash at any moment")                                                                \
    X(CRASH_BEFORE_COMMIT, "crash before a commit")                                                \
    X(CRASH_AFTER_COMMIT, "crash after a commit, before its answers")                              \
    X(CRASH_IN_ACTIONS, "crash between two actions")                                               \
    X(CRASH_IN_RECOVERY, "crash while recovering")                                                 \
    X(COMMIT_FAILED, "a commit failed: fail stop")                                                 \
    X(CUTOVER, "business day cut over")                                                            \
    X(DAY_CUT, "its clearing file is published")                                                   \
    X(DAY_SIGNED_OFF, "business day signed off")                                                   \
    X(CLEARING_KILLED, "clearing killed")                                                          \
    X(CRASH_IN_ASSIGN, "crash while items are assigned to a file")                                 \
    X(CLOCK_STEPPED, "clock stepped")                                                              \
    X(RELOADED, "tables reloaded")                                                                 \
    X(LINK_ORDERED, "link ordered down or drained")                                                \
    X(SIGN_ON_REFUSED, "sign-on refused or unanswered")                                            \
    X(HSM_LOST, "HSM silent")                                                                      \
    X(HSM_LATE, "HSM answered too late")                                                           \
    X(HSM_ERROR, "HSM error")                                                                      \
    X(OVERLOADED, "slab full")                                                                     \
    X(STORE_FULL, "store nearly full")                                                             \
    X(STORE_FULLER, "store too full for a reversal")                                               \
    X(TERMINAL_UNKNOWN, "unknown terminal")                                                        \
    X(MALFORMED, "malformed message")                                                              \
    X(REVERSAL_AGAIN, "issuer: again")                                                             \
    X(REVERSAL_DEAD, "issuer: refuses a reversal")                                                 \
    X(REVERSAL_POISON, "dead letter for good")                                                     \
    X(TOO_OLD, "repeat too old")

enum mark_kind {
#define MARK_KIND_ENUM(name) KIND_##name,
    MARK_KIND_MAP(MARK_KIND_ENUM)
#undef MARK_KIND_ENUM
        KIND_COUNT
};

enum mark {
#define MARK_ENUM(name, text) MARK_##name,
    MARK_MAP(MARK_ENUM)
#undef MARK_ENUM
        MARK_COUNT
};

enum mark_world {
#define MARK_WORLD_ENUM(name, text) WORLD_##name,
    MARK_WORLD_MAP(MARK_WORLD_ENUM)
#undef MARK_WORLD_ENUM
        WORLD_MARK_COUNT
};

/* Count one. The counts are of the process, over all its worlds. */
void mark(enum mark_kind kind, enum mark what);
void mark_world(enum mark_world what);

/* The table, to stdout. */
void marks_print(void);

/* True if every row was reached that a run of a thousand worlds is to reach; the others' names go
 * to stdout. */
bool marks_complete(void);
