/* A terminal's own journal: what the people at the terminal would swear to. tests/load/day_audit
 * reads it as the third witness beside the issuer and the clearing file.
 *
 * Text, one event a line, cells separated by tabs, appended only. The first line is a comment with
 * the salt of the PAN hashes, the second the header:
 *
 *   #terminal-journal v=1 salt=0123456789abcdef
 *   time_ms event terminal stan sent_stan mti date time de7 amount currency proc pan pan_hash code
 *   auth rrn      (one line)
 *
 *   SENT      a request is about to be sent for the first time (its answer may never be seen)
 *   REPEAT    it is about to be sent again
 *   ANSWER    it was answered: code, auth, rrn and amount as the answer has them. 00 and 10 approve
 *   REVERSAL  a reversal is about to be sent, for the first time or again
 *   REVERSED  the reversal was answered 00: the transaction has no effect
 *   GAVE_UP   the terminal stops: nobody knows. mti is what it sent last: a reversal (0400, 0401)
 * is then still owed by the switch, a request is open
 *
 * stan is DE11 of the transaction's request, which all its lines share; sent_stan that of the
 * message itself (a reversal has its own). date and time are DE13 and DE12 of the request, de7 that
 * of the message, amount minor units, time_ms UTC. "-" stands for nothing. A transaction is
 * terminal + date + time + stan. It is final when it has an ANSWER that approves and no REVERSAL,
 * an ANSWER that does not, or REVERSED; a transaction with neither was in flight when the terminal
 * died. A last line without newline was being written then: it was never followed by its action.
 *
 * Lines gather in memory; journal_sync() writes and fdatasyncs them once a loop turn, before what
 * follows from them is sent. */
#pragma once

#include "iso8583/base/bytes.h"

#define JOURNAL_COLUMNS                                                                            \
    "time_ms,event,terminal,stan,sent_stan,mti,date,time,de7,amount,currency,proc,pan,pan_hash,"   \
    "code,auth,rrn"

/* To add an event, add it here; the names are the file's. */
#define JOURNAL_EVENT_MAP(X)                                                                       \
    X(SENT)                                                                                        \
    X(REPEAT)                                                                                      \
    X(ANSWER)                                                                                      \
    X(REVERSAL)                                                                                    \
    X(REVERSED)                                                                                    \
    X(GAVE_UP)

enum journal_event {
#define JOURNAL_EVENT_ENUM(name) JOURNAL_##name,
    JOURNAL_EVENT_MAP(JOURNAL_EVENT_ENUM)
#undef JOURNAL_EVENT_ENUM
        JOURNAL_EVENT_COUNT
};

enum { JOURNAL_SALT_LEN = 16, JOURNAL_LINE_LEN_MAX = 256, JOURNAL_BUFFER_LEN = 1 << 20 };

/* One line. Texts are borrowed for the call. */
struct journal_line {
    int64_t time_ms;
    enum journal_event event;
    const char *terminal;
    uint32_t stan;
    uint32_t sent_stan;
    uint16_t mti;
    const char *date;
    const char *time;
    const char *de7;
    uint64_t amount_minor;
    uint16_t currency;
    const char *proc;
    const char *pan_masked;
    const char *pan_hash;
    const char *code; /* "" or NULL: nothing, as are the next two */
    const char *auth;
    const char *rrn;
};

struct journal {
    int fd; /* -1: no journal is kept, and every call does nothing */
    size_t len;
    int error;     /* the first ERR_IO; the witness is then unfit, and the caller stops */
    bool unsynced; /* written but not yet on the disk */
    char salt[JOURNAL_SALT_LEN + 1];
    uint8_t *buffer; /* JOURNAL_BUFFER_LEN */
};

/* Open @path, made if it is not there; a torn last line is cut off. For each line that is there
 * @on_line is called with terminal and sent_stan, in order: the last of a terminal is where its
 * STANs go on. @path NULL: no journal. Returns 0, ERR_IO, ERR_CONFIG or ERR_MEMORY after a line on
 * stderr. journal_close() it in any case. */
MUST_USE int journal_open(struct journal *journal, const char *path,
                          void (*on_line)(void *user, struct span terminal, uint32_t sent_stan),
                          void *user);

/* Append a line to what the next journal_sync() writes. */
void journal_put(struct journal *journal, const struct journal_line *line);

/* Make all lines durable. Returns 0 or the ERR_IO that has happened (told once on stderr). */
MUST_USE int journal_sync(struct journal *journal);

/* Sync and close. */
void journal_close(struct journal *journal);

/* The event of this name, or -1. */
int journal_event_find(struct span name);
