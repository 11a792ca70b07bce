/* The vocabulary between the core and the store: what can be asked of the book of transactions, and
 * what it answers. A store operation is a copy: core, loop and writer threads share no memory of
 * it. The rules behind each operation are in switch/store/book.c; they are BEHAVIOUR's sections 1,
 * 2 and 6. */
#pragma once

#include "switch/core/record.h"

/* X(name, what it does) - every one is one durable step, in one transaction of the store. */
#define BOOK_OP_MAP(X)                                                                             \
    X(OPEN)     /* insert a fresh record under its K, or find what is there */                     \
    X(CLOSE)    /* write the outcome; item, totals and due as it demands */                        \
    X(REVERSAL) /* a terminal's 0400/0420: insert it and act on its original, one commit */        \
    X(SETTLE)   /* our reversal was acknowledged (done), or is dead */                             \
    X(LATE)     /* an 0210 after UNKNOWN: record it; due again unless it declines, if reversed */  \
    X(DRAW)     /* read due rows of an issuer after a cursor; counts the try, nothing else */      \
    X(LOOK)     /* the newest record by a terminal's STAN or RRN; changes nothing */               \
    X(CUTOVER)  /* begin business day @day */                                                      \
    X(FILE)     /* clearing: assign items to a file (in steps), mark built, mark published */      \
    X(SIGN_OFF) /* CUT -> CLOSED, if nothing of the day is due */

enum book_op {
#define BOOK_OP_ENUM(name) BOOK_##name,
    BOOK_OP_MAP(BOOK_OP_ENUM)
#undef BOOK_OP_ENUM
        BOOK_OP_COUNT
};

/* What the book found or did. */
#define BOOK_RESULT_MAP(X)                                                                         \
    X(FRESH)       /* OPEN: inserted; REVERSAL: inserted and acted upon. record = as stored */     \
    X(REPEAT_OPEN) /* OPEN: same K and F, still open. record = the stored one */                   \
    X(REPEAT)      /* OPEN, REVERSAL: same K and F, closed. record = the stored one */             \
    X(OTHER)       /* same K, other F: 94 */                                                       \
    X(TOO_OLD)     /* same K, older than the window: 94 */                                         \
    X(TOMBED)      /* OPEN: a reversal of it came first; inserted as DECLINED */                   \
    X(REFUSED)     /* OPEN, REVERSAL: the store is nearly full; nothing inserted */                \
    X(STORED)      /* CLOSE, LATE, SETTLE, CUTOVER, FILE, SIGN_OFF: done. record = as stored */    \
    X(FOUND)       /* LOOK: record = the stored one */                                             \
    X(DRAWN)       /* DRAW: one due row; record = the original it reverses */                      \
    X(DRAW_END)    /* DRAW: no more rows for now */                                                \
    X(MORE)        /* FILE_ASSIGN: a step of it is done, and it is not at its end: ask again */    \
    X(NO_SUCH)     /* nothing by that name; or the step is not allowed now (@code tells) */

enum book_result {
#define BOOK_RESULT_ENUM(name) BOOK_IS_##name,
    BOOK_RESULT_MAP(BOOK_RESULT_ENUM)
#undef BOOK_RESULT_ENUM
        BOOK_RESULT_COUNT
};

const char *book_op_name(enum book_op op);
const char *book_result_name(enum book_result result);

/* How a reversal of ours ended (SETTLE). */
enum settle { SETTLE_DONE, SETTLE_DEAD, SETTLE_STAFF /* a dead letter: staff saw to it */ };

/* Steps of a clearing file (FILE). */
enum file_step { FILE_ASSIGN, FILE_BUILT, FILE_PUBLISHED };

struct book_request {
    enum book_op op;
    uint64_t ref;    /* the asker's, returned as it is */
    int64_t wall_ms; /* when it was asked: window, tombstones, journal */

    /* LOOK: record.terminal with record.stan, or else with record.rrn; older than record.seq, if
     * that is not 0.
     * OPEN, CLOSE, REVERSAL: the record. CLOSE: state, code, auth, balance, approved_minor, asked,
     * handed_ms, closed_ms are what changes; the rest is as OPEN returned it. */
    struct record record;

    /* SETTLE, LATE: of the original; SETTLE_STAFF needs no due_seq. LATE: record.code and
     * record.auth of the late answer, record.state what it means. */
    uint64_t seq;
    uint64_t due_seq;
    enum settle settle;
    uint32_t due_tries; /* SETTLE_DEAD: how often it was sent */

    /* DRAW */
    char issuer[RECORD_NAME_LEN + 1];
    uint64_t after_due_seq;
    uint32_t count_max;
    bool dead; /* dead letters, and not the others */

    /* CUTOVER, FILE, SIGN_OFF */
    uint32_t day;
    enum file_step file_step;
    uint64_t file_seq;   /* FILE_BUILT, FILE_PUBLISHED */
    uint64_t file_bytes; /* FILE_BUILT */
    uint64_t file_count;
    uint8_t file_hash[32];
};

struct book_answer {
    enum book_op op;
    enum book_result result;
    uint64_t ref;
    struct record record;
    char code[3];   /* REVERSAL: the DE39 it is answered with */
    bool due_added; /* a row of @due_issuer became due: wake its pump */
    char due_issuer[RECORD_NAME_LEN + 1];
    bool is_of_old; /* REVERSAL: of something unknown, older than the window: a dead letter */
    /* REVERSAL: the original is open at this moment; the core is to be told. */
    uint64_t marked_seq; /* 0: none */
    /* DRAWN: the row. DRAW_END: the last row that was looked at, of either kind. */
    uint64_t due_seq;
    uint32_t due_tries; /* times it was drawn before this process: > 0 means 0421 */
    uint32_t day;       /* CUTOVER: the current day after it */
    uint64_t file_seq;  /* FILE_ASSIGN */
    uint64_t file_created_ms;
};
