/* The engine: runs the statements of checked scripts over real connections. One engine serves
 * `isotest run` (one test at a time) and `isotest load` (thousands of strands at once).
 *
 * strand   a test body that is under way: a place in the linear program (program.h), a loop stack,
 *          variables, a data row, the messages sent / asked / got, and what it waits for.
 * `parallel` forks strands and waits for them; a test's strands are its family. peer     a station
 * (station.h) with its connections: a terminal connects when it first sends, an issuer listens (or
 * connects) from the start. pairing  an answer finds its strand by match_key() of the station it
 * came to; a request that an issuer receives finds the strand whose transaction it is by DE37 +
 * DE41 (DE11 + DE41 if there is no DE37). A message that finds none is kept, in a bounded list, for
 * reports.
 *
 * Everything is allocated by engine_open(): strands, messages, rules and connections come from
 * pools; where a pool is empty the engine refuses or forgets the oldest, and counts it. All of it
 * runs on one libuv loop in one thread. Writes gather: what a loop turn sends to a connection is
 * one system call.
 *
 * Whoever runs an engine is told by callbacks (struct engine_observer). They are called from inside
 * the engine: they may call engine_start(), engine_cancel() and the readers below, not
 * engine_close(), and keep no pointer beyond the call. */
#pragma once

#include <uv.h>

#include "tools/isotest/station.h"

struct engine;
struct peer;

/* A strand by index and generation: 0 is never one; of a strand that has ended it is stale. */
typedef uint64_t strand_id;

/* What the observer is told of a strand. Borrowed for the call. */
struct strand_view {
    strand_id id;
    strand_id root; /* of its family: what engine_start() gave; equals @id but in `parallel` */
    const struct test *test;
    uint32_t index;      /* {{n}}: which terminal of T[1..200] it speaks for */
    int64_t intended_us; /* when it should have begun (engine_start()), steady clock */
    int64_t started_us;  /* when it did */
    uint64_t tag;        /* the caller's, as given to engine_start() */
    uint32_t answers;    /* that it has taken so far */
};

enum message_fate {
    MESSAGE_SENT,      /* by a `send` */
    MESSAGE_REPLIED,   /* by an issuer, for an `on` or of itself (0800) */
    MESSAGE_REVERSED,  /* by a terminal with `reversal auto` */
    MESSAGE_ANSWER,    /* came and was paired with what a strand sent */
    MESSAGE_ASKED,     /* a request came to a station */
    MESSAGE_DROPPED,   /* the same, and `on ... drop` (close, garble) left it unanswered */
    MESSAGE_UNMATCHED, /* an answer came that pairs with nothing */
    MESSAGE_LATE,      /* an answer came to what was given up by then */
    MESSAGE_BROKEN,    /* what came does not decode; @error */
};

struct engine_message {
    const struct strand_view *strand; /* NULL: no strand's */
    struct peer *peer;
    uint8_t fate;                  /* enum message_fate */
    const struct held *held;       /* the message; at_us is its time */
    const struct held *about;      /* ANSWER LATE: what it answers; REPLIED: the request; or NULL */
    const struct iso_error *error; /* BROKEN */
};

enum failure_kind {
    FAIL_TIMEOUT,  /* `expect` and nothing that fits came */
    FAIL_CHECK,    /* it came, and checks do not hold: @misses */
    FAIL_UNWANTED, /* `expect none`, and @got came */
    FAIL_CONNECT,  /* no connection, or it was lost */
    FAIL_COMPOSE,  /* a message or value could not be made */
    FAIL_STEP,     /* wait until, admin, exec, next, reversal */
    FAIL_FULL,     /* a pool of the engine is empty */
};

/* Why a strand stopped. Borrowed for the call. */
struct failure {
    uint8_t kind; /* enum failure_kind */
    const struct stmt *stmt;
    struct spot spot;        /* the check, else the statement */
    struct peer *peer;       /* where it was waited or sent, or NULL */
    const struct held *sent; /* the question, or NULL */
    const struct held *got;  /* CHECK UNWANTED */
    const struct miss *misses;
    int miss_count;
    int64_t waited_us; /* since the step began */
    int64_t latency_us;
    char text[400]; /* one line, masked */
};

/* All may be NULL. */
struct engine_observer {
    void *context;
    /* Every message that is sent or comes. */
    void (*on_message)(void *context, const struct engine_message *message);
    /* An `expect` took @got, and all its checks hold. @sent: what it answers, or NULL (a request
     * that an issuer received: @latency_us is -1). @latency_us is from the actual send. */
    void (*on_matched)(void *context, const struct strand_view *strand, const struct stmt *stmt,
                       struct peer *peer, const struct held *sent, const struct held *got,
                       int64_t latency_us);
    /* A strand stops here: the family is cancelled, on_end of its root follows. */
    void (*on_failure)(void *context, const struct strand_view *strand,
                       const struct failure *failure);
    /* A statement begins (progress, tracing). */
    void (*on_step)(void *context, const struct strand_view *strand, const struct stmt *stmt);
    /* A family is over. Its slot is free already: engine_start() may be called here. */
    void (*on_end)(void *context, const struct strand_view *root, bool passed);
    /* A connection opened, was lost, or could not be made (@text, one line). */
    void (*on_connection)(void *context, struct peer *peer, bool is_open, const char *text);
    /* --explain: one step of a computation. */
    void (*on_explain)(void *context, const char *line);
};

struct engine_options {
    uint32_t family_count_max; /* tests at once, with all their branches; 0: one */
    uint32_t heard_count_max;  /* messages kept that no strand has taken, for all peers; 0: 256 */
    size_t ring_len;           /* bytes of each connection's output; 0: 256 KiB, less with many */
    uint64_t seed;             /* of rand() and random data */
    bool allow_exec;
    const char *socket; /* the switch's admin socket, or NULL: `admin` and `wait until` fail */
    /* A variable that is given from outside (--var, {{seed}}, {{tmp}}), before any `set` of the
     * script; SPAN_NONE: not given. Its bytes outlive the engine. May be NULL. */
    struct span (*variable)(void *context, struct span name);
    void *variable_context;
    bool explain;
    bool keep_messages; /* heard requests are kept although no `expect` of the script asks for them
                           (`run`: failure texts); load leaves it off */
    struct engine_observer observer;
};

/* What there is now and since the start. */
struct engine_counts {
    uint64_t sent; /* by strands: requests */
    uint64_t replied;
    uint64_t answered;
    uint64_t asked;
    uint64_t unmatched;
    uint64_t late;
    uint64_t broken;
    uint64_t ring_full;      /* a message was not sent because its peer does not read */
    uint64_t connect_failed; /* tries */
    uint64_t connections_lost;
    uint64_t refused;     /* engine_start() and `parallel` without a free strand */
    uint64_t forgotten;   /* heard messages that made room for newer ones */
    uint32_t delayed;     /* answers that issuers will send later (`reply after`), now */
    uint32_t unanswered;  /* questions that wait for an answer or were given up, now */
    uint32_t connections; /* now */
    uint32_t strands;     /* now */
};

/* Open stations and listeners of @script, compile its statements. @loop and @script outlive the
 * engine. 0, or a negative enum err with @fault filled (ERR_IO: an address cannot be listened on;
 * ERR_CONFIG and others: a key, a value, an address). *@out is set in any case but ERR_MEMORY of
 * the very first bytes (then NULL): after an error, too, it is to be closed and freed. */
MUST_USE int engine_open(uv_loop_t *loop, const struct script *script,
                         const struct engine_options *options, struct engine **out,
                         struct fault *fault);

/* Close all connections; run the loop until it has nothing of the engine's left (uv_run() with
 * UV_RUN_DEFAULT returns then, if the caller's own handles are closed or uv_unref()ed), then call
 * engine_free(). */
void engine_close(struct engine *engine);
void engine_free(struct engine *engine);

/* Begin @test as terminal @index (0: the first of its range); it takes its first step in this turn
 * of the loop, never inside this call. @intended_us: when it should have begun, steady clock
 * (engine_now_us()); 0: now. 0 and *@out, or ERR_FULL. */
MUST_USE int engine_start(struct engine *engine, const struct test *test, uint32_t index,
                          int64_t intended_us, uint64_t tag, strand_id *out);

/* End a family without a failure; on_end is told (passed: false). Stale ids are ignored. */
void engine_cancel(struct engine *engine, strand_id root);

/* Whether every issuer that @test needs has a peer that is signed on, as far as it can be seen: a
 * connection, and 0800 answered on it. An issuer that a terminal of the script connects to itself
 * is always ready. @waiting (may be NULL): one that is not. */
bool engine_is_ready(const struct engine *engine, const struct test *test, struct peer **waiting);

/* Connect every terminal now, instead of when it first sends (load: before the clock starts). */
void engine_connect_all(struct engine *engine);

int64_t engine_now_us(void); /* steady clock */
void engine_counts(const struct engine *engine, struct engine_counts *out);
const struct script *engine_script(const struct engine *engine);

/* Where the @index-th counter stands: "seq.NAME" (of a seq(NAME)) or "data.NAME" (rows taken) in
 * @name, and *@number. False past the last. */
bool engine_mark(const struct engine *engine, uint32_t index, char *name, size_t cap,
                 uint64_t *number);
/* Let it stand at @number. 0, or ERR_NOT_FOUND, ERR_RANGE. */
MUST_USE int engine_mark_set(struct engine *engine, struct span name, uint64_t number);

/* Peers by index (terminals with a range: one each), NULL past the last. */
struct peer *engine_peer(const struct engine *engine, uint32_t index);
struct station *peer_station(const struct peer *peer);
const char *peer_name(const struct peer *peer); /* "T1", "T[7]", "VISA" */
bool peer_is_open(const struct peer *peer);     /* has a connection */

/* What came to @peer and was taken by no strand, newest first: true and *@held, *@fate for @index
 * 0, 1, ... Borrowed until the loop turns. */
bool peer_heard(const struct peer *peer, uint32_t index, const struct held **held, uint8_t *fate);
