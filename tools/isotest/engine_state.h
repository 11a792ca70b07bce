/* What the files of the engine share: engine.c (opening), pool.c (messages, time), family.c
 * (strands as a whole), strand.c, step.c and step_control.c (statements), pair.c (what comes and
 * whom it is for), rule.c (what issuers answer), peer.c (connections). Nobody else includes it. */
#pragma once

#include <jansson.h>

#include "iso8583/base/list.h"
#include "iso8583/net/dial.h"
#include "iso8583/net/listen.h"
#include "tools/isotest/engine.h"
#include "tools/isotest/program.h"

enum {
    ISSUER_CONNS_MAX = 16, /* connections of one issuer that it remembers to send on */
    COPIES_MAX = 4,        /* messages that a strand keeps under names */
    TRACES_MAX = 4,        /* sent messages of a strand that requests at issuers are traced to */
    BUDGET_OPS = 4096,     /* a strand takes in one go: others want their turn */
};

/* A message that several may hold. */
struct kept {
    struct kept *next; /* while free */
    uint32_t refs;
    struct held held;
};

/* Something that is due at a time: a node of the engine's heap. */
enum timed_kind { TIMED_STRAND, TIMED_REVERSAL, TIMED_REPLY };
struct timed {
    int64_t at_us;
    uint32_t place; /* in the heap, from 1; 0: not in it */
    uint8_t kind;
};

struct strand;

/* A question that waits for its answer. */
struct pending {
    struct timed timed;   /* reversal auto; first */
    struct pending *next; /* in its bucket, or while free */
    struct list order;    /* in engine->pendings, oldest first */
    struct list in_strand;
    struct peer *peer;
    struct strand *strand; /* NULL: given up; an answer is late */
    struct kept *sent;
    struct kept *reverses; /* a reversal of the tool's own: what it reverses, or NULL */
    uint64_t key;
    uint32_t repeats;
};

/* A message that no strand has taken yet. */
struct heard {
    struct list order;   /* in engine->heard, oldest first; or free */
    struct list in_peer; /* newest last */
    struct list in_strand;
    struct strand *strand; /* whose transaction it is, or NULL */
    struct peer *peer;
    struct kept *got;
    struct kept *sent; /* what it answers, or NULL */
    int64_t latency_us;
    uint64_t number; /* of arrival */
    uint8_t fate;    /* enum message_fate */
    bool automatic;  /* sign-on or echo, answered by itself */
};

/* An answer that is sent later. */
struct delayed {
    struct timed timed; /* first */
    struct delayed *next;
    struct peer *peer;
    struct kept *message;
    struct kept *request;
    conn_id conn;
    uint32_t copies;
    uint8_t tpdu_len;
    uint8_t tpdu[TPDU_LEN];
};

struct trace {
    struct trace *next; /* in its bucket */
    struct strand *strand;
    uint64_t key; /* 0: not in a bucket */
};

struct loop {
    uint32_t op;
    uint64_t done;
    int64_t began_us;
    uint32_t round; /* {{n}} around it */
};

enum strand_wait {
    WAIT_FREE,
    WAIT_TURN,    /* in engine->ready */
    WAIT_MESSAGE, /* `expect` */
    WAIT_NONE,    /* `expect none` */
    WAIT_OPEN,    /* for a connection */
    WAIT_ROOM,    /* for a connection's ring to empty */
    WAIT_TIME,    /* `wait`, the pace of `repeat` */
    WAIT_POLL,    /* `wait until`, before the next question */
    WAIT_CONTROL, /* for the switch's admin socket */
    WAIT_EXEC,
    WAIT_JOIN,
};

struct strand {
    struct timed timed; /* first */
    struct engine *engine;
    uint32_t generation;
    uint8_t wait; /* enum strand_wait */
    uint8_t depth;
    struct list ready;   /* in engine->ready or engine->free */
    struct list waiting; /* in peer->waiting */
    struct list member;  /* in root->family */
    struct list family;  /* root: all its strands but itself */
    struct list pendings;
    struct list inbox; /* struct heard */
    struct strand *root;
    struct strand *parent;
    uint32_t children;
    const struct routine *routine;
    uint32_t op;
    uint32_t index;
    uint32_t round; /* {{n}} */
    uint64_t tag;
    int64_t intended_us;
    int64_t started_us;
    int64_t step_us; /* when the present statement began */
    uint64_t random;
    struct loop loops[SCRIPT_DEPTH_MAX];
    struct peer *at;       /* WAIT_MESSAGE NONE OPEN */
    struct peer *from;     /* that sent last */
    struct peer *taken_at; /* where the last `expect` took a message, and its number */
    uint64_t taken_number;
    struct kept *sent;
    struct kept *asked;
    struct kept *asked_before; /* @asked when it last sent */
    struct kept *got;
    struct {
        uint32_t slot;
        struct kept *message;
    } copies[COPIES_MAX]; /* capture NAME = message */
    int64_t latency_us;
    uint32_t answers; /* that it has taken */
    bool begun;       /* the present statement: it was told and timed */
    bool asked_taken; /* @asked was taken by an `expect`: arrivals do not change it */
    bool any_answer;  /* what was sent has no key: any answer will do */
    bool has_row;
    struct trace traces[TRACES_MAX];
    uint32_t trace_at;
    uint32_t rule_left[SCRIPT_RULES_MAX]; /* root: uses left; 0: not in force */
    struct span *variables;
    struct span *row;
    uint8_t *room; /* of the variables set here */
    uint32_t room_len;
    void *job; /* exec.c: the program that runs, or NULL */
};

struct peer {
    struct engine *engine;
    struct station *station;
    const struct peer_decl *decl;
    uint32_t index; /* in engine->peers */
    char name[48];
    struct endpoint endpoint;
    struct dialler *dialler;
    struct listener *listener;
    conn_id conns[ISSUER_CONNS_MAX]; /* newest last */
    uint32_t conn_count;
    bool answered_sign_on;
    bool is_local; /* issuer: a terminal of the script connects to it */
    int64_t signed_us;
    struct list waiting; /* strands */
    struct list heard;
};

/* What the script makes of a declaration. */
struct decl_use {
    uint32_t peer_first;
    uint32_t peer_count;
    uint32_t expected; /* bit per MTI class that some `expect` asks of it */
};

struct control;

struct engine {
    uv_loop_t *loop;
    const struct script *script;
    struct engine_options options;
    struct engine_observer observer;
    struct program program;
    struct conn_pool *pool;
    uv_timer_t timer;
    uv_idle_t turn;
    bool turning; /* the idle handle is active */
    bool closing;
    int64_t clock_us; /* engine_look() */
    int64_t wall_us;  /* the clock when @wall_ms was read */
    int64_t wall_ms;
    uint32_t handles;
    struct peer *peers;
    uint32_t peer_count;
    uint32_t issuer_conns_max; /* that one accepts */
    struct decl_use *uses;     /* by decl->index */
    struct strand *strands;
    uint32_t strand_max;
    struct list free;
    struct list ready;
    struct strand *sender;              /* of the last `send`, or NULL */
    struct strand *newest;              /* root, or NULL */
    const struct routine *last_routine; /* load: its replies hold for what comes when none runs */
    struct timed **heap;                /* from 1 */
    uint32_t heap_len;
    uint32_t heap_max;
    struct kept *kepts;
    uint32_t kept_fresh; /* those behind were never used: their memory is untouched */
    uint32_t kept_max;
    struct kept *kept_free;
    struct pending *pending_slab;
    struct pending *pending_free;
    struct pending **buckets;
    struct list pendings;
    struct trace **traces;
    uint32_t bucket_mask;
    struct heard *heard_slab;
    struct list heard;
    struct list heard_free;
    uint64_t heard_number;
    struct delayed *delayed_slab;
    struct delayed *delayed_free;
    struct kept reply;      /* where an answer is made that goes at once */
    struct span *variables; /* of the script, as every strand begins */
    uint8_t *variable_bytes;
    struct span *span_slab;
    uint8_t *room_slab;
    uint32_t room_cap; /* of one strand */
    uint64_t *counters;
    uint32_t *cursors; /* by data, in the order of the script */
    uint64_t random;
    uint64_t seeds;
    struct control *control;
    struct engine_counts counts;
    uint8_t scratch[FRAME_LEN_MAX * 4];
};

/* --- pool.c --------------------------------------------------------------------------------- */

/* A message with one reference, or NULL: none is free even after the oldest heard was dropped. */
struct kept *kept_take(struct engine *engine);
void kept_hold(struct kept *kept);
void kept_drop(struct engine *engine, struct kept *kept); /* NULL is ignored */
/* *@slot now holds @kept. */
void kept_put(struct engine *engine, struct kept **slot, struct kept *kept);

void timed_set(struct engine *engine, struct timed *timed, int64_t at_us);
void timed_clear(struct engine *engine, struct timed *timed);

/* --- family.c --------------------------------------------------------------------------------- */

int64_t engine_wall_ms(void); /* UTC */
/* Look at the steady clock, and keep it in engine->clock_us: whatever a look, a turn or an arrival
 * leads to takes that as its time. A look costs a tenth of what an echo does. */
int64_t engine_look(struct engine *engine);
/* A generator's first state from a seed: neighbours get unlike ones. */
uint64_t seed_mix(uint64_t seed);
/* End @root's family; the observer is told last, when all slots are free. */
void family_end(struct strand *root, bool passed);
/* A turn of the ready strands will come. */
void turn_begin(struct engine *engine);
/* @strand takes its next step in this or the next turn. */
void strand_ready(struct strand *strand);
struct strand *strand_find(struct engine *engine, strand_id id);
strand_id strand_id_of(const struct strand *strand);
struct strand_view strand_view_of(const struct strand *strand);
struct scope scope_of(struct strand *strand);
/* Begin a branch of @parent at @op; NULL if no strand is free. */
struct strand *strand_fork(struct strand *parent, uint32_t op, uint32_t index, uint32_t round);
/* A strand is done: a branch joins its parent, a root ends the family. */
void strand_done(struct strand *strand);
/* Tell the observer, end the family. @failure's strand is dead after it. */
void strand_fail(struct strand *strand, struct failure *failure);
/* A failure of the present statement with a text. */
void strand_fail_text(struct strand *strand, enum failure_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Set a variable; false if the strand's room is used up. */
bool strand_set(struct strand *strand, uint32_t slot, struct span value);

/* --- strand.c --------------------------------------------------------------------------------- */

/* What a statement's step says. */
enum step { STEP_NEXT, STEP_JUMP /* op is set */, STEP_WAIT, STEP_GONE /* it has ended */ };

/* step.c, step_control.c: the statements that reach outside the strand. */
enum step step_send(struct strand *strand, const struct op *op);
enum step step_expect(struct strand *strand, const struct op *op);
enum step step_capture(struct strand *strand, const struct op *op);
enum step step_wait(struct strand *strand, const struct op *op);
enum step step_admin(struct strand *strand, const struct op *op);
enum step step_exec(struct strand *strand, const struct op *op);
enum step step_disconnect(struct strand *strand, const struct op *op);
/* Ask the switch for its record of what was sent last (capture NAME = trace). */
enum step trace_ask(struct strand *strand);
/* WAIT_POLL is over: ask again. */
void step_poll(struct strand *strand);
/* @value where the strand stands, in the engine's scratch until the next. A failure ends the
 * strand: then false. */
bool strand_value(struct strand *strand, const struct value *value, struct span *out);

/* Go on until it must wait. */
void strand_run(struct strand *strand);
/* Its time has come. */
void strand_due(struct strand *strand);
/* An `expect` takes @got. The strand goes on, or ends. */
void strand_take(struct strand *strand, struct peer *peer, struct kept *got, struct kept *sent,
                 int64_t latency_us, uint64_t number);
/* Whether the `expect` that @strand waits in wants a message of @mti. */
bool strand_wants(const struct strand *strand, uint16_t mti);
void strand_stop_waiting(struct strand *strand);
/* The switch has answered, or not (control_told); its program has ended (spawn_told). */
void strand_answered(struct strand *strand, const json_t *answer, const char *error);
void strand_exited(struct strand *strand, int64_t code, struct span out, struct span err);
/* Its statement is done: on to the next, in its turn. */
void strand_next(struct strand *strand);

/* --- pair.c ----------------------------------------------------------------------------------- */

/* A message has come. */
void pair_arrived(struct peer *peer, conn_id conn, struct span tpdu, struct span wire);
/* @sent has been sent by @strand: its answer is awaited. */
void pair_sent(struct strand *strand, struct peer *peer, struct kept *sent);
/* A heard message that the `expect` of @strand wants, taken out of its lists (free it with
 * heard_free()), or NULL. */
struct heard *pair_find(struct strand *strand, struct peer *peer);
/* One that `expect none` objects to, or NULL. It stays where it is. */
struct heard *pair_unwanted(struct strand *strand, struct peer *peer);
void heard_free(struct engine *engine, struct heard *heard);
/* @strand is gone: nothing is its any more. */
void pair_forget(struct strand *strand);
void heard_forget_all(struct engine *engine);
void pending_due(struct pending *pending);
void pending_free(struct engine *engine, struct pending *pending);
void message_tell(struct engine *engine, struct strand *strand, struct peer *peer,
                  enum message_fate fate, const struct held *held, const struct held *about,
                  const struct iso_error *error);

/* --- rule.c ----------------------------------------------------------------------------------- */

struct rule_outcome {
    bool is_silent;    /* it gets no answer because a rule says so */
    bool is_automatic; /* sign-on or echo, answered without a rule */
};

/* Do with the request @kept what the rules say. @owner: whose transaction it is, or NULL; it may
 * have ended (its answer could not be made) on return. */
struct rule_outcome rule_apply(struct peer *peer, conn_id conn, struct span tpdu,
                               struct strand *owner, struct kept *kept);
void delayed_due(struct delayed *delayed);
void delayed_free(struct engine *engine, struct delayed *delayed);

/* --- peer.c ----------------------------------------------------------------------------------- */

MUST_USE int peer_open(struct peer *peer, struct fault *fault);
void peer_close(struct peer *peer);
/* A connection to send on, or 0. A terminal begins to connect. */
conn_id peer_conn(struct peer *peer);
MUST_USE int peer_connect(struct peer *peer);
void peer_disconnect(struct peer *peer);
MUST_USE int peer_send(struct peer *peer, conn_id conn, struct span tpdu, const struct held *held);
/* The peer of @decl for a strand that speaks for terminal @index. */
struct peer *peer_of(struct engine *engine, const struct peer_decl *decl, uint32_t index);
