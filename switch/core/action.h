/* What to do next: the only way out of the core. Names are imperative.
 *
 * Actions and the bytes they borrow (from @bytes) belong to the caller of core_step() and are valid
 * until its next call. They are to be performed in order. */
#pragma once

#include "hsm_sim/wire/command.h"
#include "switch/core/book.h"

/* X(name, who performs it) */
#define ACTION_MAP(X)                                                                              \
    X(SEND_TERMINAL) /* edge/terminal: frame and send; a connection that is gone is counted */     \
    X(SEND_ISSUER)   /* edge/issuer: a link that cannot take it is cut */                          \
    X(CUT_ISSUER)    /* edge/issuer: close the link's connection */                                \
    X(ASK_HSM)       /* edge/hsm_client: silence is the core's to time */                          \
    X(STORE)         /* store: u.book, after sealing its record */                                 \
    X(TRACE)         /* driver: a transaction came to its end; log and count it */                 \
    X(ALARM)         /* driver: a named event that staff should see; log and count it */           \
    X(STRAY)         /* driver: an answer that pairs with nothing; keep it for staff */            \
    X(UNREADABLE)    /* edge/terminal: nothing of a message could be read; u.terminal has whose */

enum action_kind {
#define ACTION_ENUM(name) ACT_##name,
    ACTION_MAP(ACTION_ENUM)
#undef ACTION_ENUM
        ACTION_COUNT
};

/* Alarms and counted oddities, by name. X(name, text) */
#define ALARM_MAP(X)                                                                               \
    X(TERMINAL_UNKNOWN, "terminal.unknown")     /* DE41 is not in the file: dropped */             \
    X(MESSAGE_UNREADABLE, "message.unreadable") /* could not be decoded as far as DE11, DE41 */    \
    X(MESSAGE_INCOMPLETE, "message.incomplete") /* decodes, but has no DE11 or DE41: dropped */    \
    X(MESSAGE_UNEXPECTED, "message.unexpected") /* an answer from a terminal, or a foreign MTI */  \
    X(DUPLICATE_OTHER, "duplicate.other")       /* same K, other content: 94 */                    \
    X(SLAB_FULL, "slab.full")                   /* overload: 96 or silence */                      \
    X(STORE_FULL, "store.full")                 /* what is fresh refused: raise store.map */       \
    X(LINK_UP, "link.up")                                                                          \
    X(LINK_DOWN, "link.down")                                                                      \
    X(LINK_REFUSED, "link.refused")         /* sign-on answered other than 00 */                   \
    X(ANSWER_UNMATCHED, "answer.unmatched") /* pairs with nothing that is pending */               \
    X(ANSWER_WRONG, "answer.wrong")         /* pairs, but DE3, 4, 41 or 49 differ */               \
    X(ANSWER_LATE, "answer.late")           /* after UNKNOWN */                                    \
    X(REVERSAL_OLD, "reversal.old")         /* of something unknown, older than the window */      \
    X(REVERSAL_DEAD, "reversal.dead")                                                              \
    X(REVERSAL_AGAIN, "reversal.again")                                                            \
    X(ANSWER_SHORTENED, "answer.shortened") /* left out: the terminal's dialect cannot say it */   \
    X(ANSWER_UNSAYABLE, "answer.unsayable") /* not even without: the terminal hears nothing */     \
    X(HSM_SILENT, "hsm.silent")                                                                    \
    X(HSM_REFUSED, "hsm.refused") /* an error that is not the card holder's */                     \
    X(STANS_EXHAUSTED, "stans.exhausted")                                                          \
    X(ANSWER_LOST, "answer.lost") /* approved, and nobody there to be told */

enum alarm {
#define ALARM_ENUM(name, text) ALARM_##name,
    ALARM_MAP(ALARM_ENUM)
#undef ALARM_ENUM
        ALARM_COUNT
};

/* Stages whose times add up to the whole of a transaction. */
#define STAGE_MAP(X) X(mac) X(open) X(pin) X(issuer) X(close) X(sign)
enum stage {
#define STAGE_ENUM(name) STAGE_##name,
    STAGE_MAP(STAGE_ENUM)
#undef STAGE_ENUM
        STAGE_COUNT
};

struct trace {
    uint64_t seq;     /* 0: was never recorded */
    const char *kind; /* kinds.c name; static */
    const char *end;  /* "replied", "dropped", "settled", ... ; static */
    uint16_t mti;
    uint16_t repeat; /* answered from the record */
    char terminal[9];
    char stan[7];
    char rrn[13];
    char code[3];
    char pan_masked[20];
    char issuer[RECORD_NAME_LEN + 1];
    int64_t amount_minor;
    uint16_t currency;
    uint32_t stage_us[STAGE_COUNT];
    uint32_t total_us;
};

/* An issuer's answer that pairs with nothing: what it says of itself, the pending request that is
 * nearest to it, and where the two differ. Never card data; texts are as they came, NUL-terminated.
 */
enum { STRAY_DIFFERS_MAX = 4 };

struct stray_difference {
    uint8_t de; /* 0: the MTI's class */
    char expected[13];
    char got[13];
};

struct stray {
    uint16_t link; /* index */
    uint16_t mti;
    char stan[7];
    char rrn[13];
    char code[3];
    uint64_t near_seq; /* record of the nearest pending request; 0: none is near */
    char near_stan[7];
    char near_rrn[13];
    uint32_t differ_count; /* 0 with a near_seq: it has its answer already */
    struct stray_difference differs[STRAY_DIFFERS_MAX];
};

enum { ACTIONS_MAX = 64, ACTION_BYTES_MAX = 65536 };

struct action {
    enum action_kind kind;
    union {
        struct {
            uint64_t conn;
            uint16_t listener; /* index: whose connection, and so whose dialect */
            struct span tpdu;  /* of the request: the edge turns it round */
            struct span message;
        } terminal;
        struct {
            uint16_t link;
            struct span message;
        } issuer;
        struct {
            uint64_t token;
            uint8_t question; /* enum event_kind that answers it */
            struct hsm_command command;
        } hsm;
        struct book_request book;
        struct trace trace;
        struct stray stray;
        struct {
            enum alarm alarm;
            char subject[48]; /* a name, never card data */
            int64_t number;
        } alarm;
    } u;
};

struct actions {
    uint32_t count;
    struct writer bytes; /* over @buffer: what the spans above borrow from */
    struct action list[ACTIONS_MAX];
    uint8_t buffer[ACTION_BYTES_MAX];
};

const char *action_name(enum action_kind kind);
const char *alarm_name(enum alarm alarm);
