/* One world: virtual time, the real core and the real book, and faulty neighbours around them.
 *
 * Everything that happens is a task at a time; tasks of one time run in the order in which they
 * were made. The world ends when the faults have stopped and nothing is left to do; then the
 * auditor (audit.h) compares what terminals saw, what issuers posted, and what the store says. */
#pragma once

#include "routes/issuer_stub.h"
#include "switch/core/core.h"
#include "switch/store/book.h"
#include "tests/sim/kv_memory.h"
#include "tests/sim/marks.h"
#include "tests/sim/plan.h"
#include "tests/sim/sale.h"

struct world;
struct task;
typedef void task_fn(struct world *world, const struct task *task);

struct task {
    int64_t at_ms;
    uint64_t order;
    task_fn *run;
    uint64_t a;
    uint64_t b;
    uint8_t *bytes; /* a copy, freed after it ran */
    size_t len;
};

/* A terminal's connection. Frames of one direction arrive in the order in which they were sent. */
struct wire {
    bool open;
    bool told_closed; /* the switch was told that it is closed */
    uint32_t life;    /* of the switch that it leads to */
    uint16_t terminal;
    int64_t up_ms; /* when the last frame on its way arrives */
    int64_t down_ms;
};

/* A link to an issuer: the same, and which of its connections in a row it is. */
struct link_wire {
    bool open;
    uint32_t epoch;
    int64_t up_ms;
    int64_t down_ms;
};

/* What an issuer did, in its own words: the second of the auditor's logs. */
struct posting {
    uint16_t issuer;
    uint32_t sale; /* told by the terminal in DE62 */
    enum stub_event event;
    struct stub_name name;
    int64_t amount_minor;
    char auth[7];
};

/* What an issuer remembers of a request on the wire, whatever it did with it: to see that it is
 * given to it once, and that its STAN is not used again before it is resolved. */
struct heard_request {
    uint16_t issuer;
    uint16_t link;
    struct stub_name name;
    uint32_t sale;
    bool came;           /* it did; else only a reversal of it */
    bool resolved;       /* its answer, or a reversal of it, got through */
    bool answered_right; /* an answer without a planted error was sent */
    bool answered_wrong;
    bool answered_in_doubt;
    bool reversal_seen;
    bool unmarked_seen; /* as 0420: from the second sending on it is 0421 */
    char reversal_stan[7];
};

/* What a clearing file was made of when it was written. */
struct sim_file {
    uint32_t day;
    uint64_t file_seq;
    uint64_t count;
    uint64_t hash;
    uint64_t left;    /* items of the day that are in none, and should be */
    uint64_t strange; /* in another */
};

enum { SIM_FILES_MAX = 16 };

struct clearing {
    bool runs;
    uint32_t life; /* of the switch that it runs with */
    uint32_t day;
    enum file_step step;
    uint32_t steps; /* of the assignment, so far */
    bool signs_off;
    uint64_t file_seq;
    struct sim_file files[SIM_FILES_MAX];
    size_t file_count;
};

struct host {
    struct stub *stub;
    int64_t refuses_until_ms; /* sign-on */
};

struct world {
    struct plan plan;
    struct dice dice_net;
    struct dice dice_disk;
    struct dice dice_hsm;
    struct dice dice_issuer;
    struct dice dice_terminal;
    struct dice dice_fate; /* crashes, cutovers, clocks */
    struct dice dice_clearing;

    /* time */
    int64_t now_ms;
    int64_t wall_offset_ms;
    bool faults; /* still going wrong */
    bool verbose;
    struct task *heap;
    size_t heap_count;
    size_t heap_cap;
    uint64_t order;
    uint64_t ticks_in_row;

    /* the switch */
    bool up;
    uint32_t life; /* counts its restarts */
    void *core_memory;
    struct core *core;
    struct core_settings settings; /* as in force */
    struct actions *actions;
    struct kv *kv;
    struct book *book;
    uint64_t in_flight[64]; /* sequences of what our reversals take back, 0: free */
    uint64_t hash;          /* of all actions */
    uint64_t actions_count;

    /* disk.c */
    struct book_request *queue;
    size_t queue_count;
    size_t queue_cap;
    bool committing;
    int64_t answers_ms; /* when the last batch's answers arrive */
    struct book_answer *answers;
    size_t answer_count;
    size_t answer_cap;

    /* net.c */
    struct wire *wires; /* index + 1 is the connection's id */
    size_t wire_count;
    size_t wire_cap;
    size_t newest[PLAN_TERMINALS]; /* id of the connection in use, 0: none */
    struct link_wire links[PLAN_LINKS_MAX];

    /* issuer.c */
    struct host hosts[PLAN_ISSUERS];
    struct posting *postings;
    size_t posting_count;
    size_t posting_cap;
    struct heard_request *requests;
    size_t request_count;
    size_t request_cap;

    /* terminals.c */
    struct sale *sales; /* one more for each twin and forgery */
    size_t sale_count;
    size_t sale_cap;
    uint32_t next_stan[PLAN_TERMINALS];

    struct clearing clearing;

    /* the first violation; "" none */
    char fault_name[16];
    char fault_text[256];
};

/* Run the world of @seed to its end and audit it. False: an invariant was violated (fault_name).
 * @world is overwritten; world_free() it in any case. */
bool world_run(struct world *world, uint64_t seed, bool verbose);
void world_free(struct world *world);

/* Let @run be called in @delay_ms with @a, @b and a copy of @bytes. */
void world_later(struct world *world, int64_t delay_ms, task_fn *run, uint64_t a, uint64_t b,
                 struct span bytes);

int64_t world_wall_ms(const struct world *world);

/* Feed @event to the core and perform its actions (driver.c). The switch must be up. */
void world_feed(struct world *world, struct event *event);

/* Stop the switch as a kill -9 does, and start it again some time later. */
void world_crash(struct world *world, enum mark_world why);

/* Report the first violation; later ones are ignored. */
__attribute__((format(printf, 3, 4))) void world_fail(struct world *world, const char *invariant,
                                                      const char *format, ...);

/* One line of the --verbose log. */
__attribute__((format(printf, 2, 3))) void world_say(const struct world *world, const char *format,
                                                     ...);

/* Grow @array so that it has room for one more of @size bytes. */
void *world_grow(void *array, size_t count, size_t *cap, size_t size);

/* What the fingerprint and the sealed PAN are in a world (seal.c): the same fields as the real seal
 * takes, without cryptography. */
void sim_seal(struct record *record);
void sim_seal_open(struct record *record);

/* disk.c */
void disk_submit(struct world *world, const struct book_request *request);
void disk_crash(struct world *world);

/* net.c */
void net_terminal_sends(struct world *world, uint16_t terminal, size_t conn, struct span message);
size_t net_connect(struct world *world, uint16_t terminal);
/* As far as the switch knows, @conn stands. */
bool net_stands(const struct world *world, size_t conn);
/* Its terminal closes @conn (0: the one in use) at once. */
void net_hang_up(struct world *world, uint16_t terminal, size_t conn);
void net_switch_sends_terminal(struct world *world, uint64_t conn, struct span tpdu,
                               struct span message);
void net_switch_sends_issuer(struct world *world, uint16_t link, struct span message);
void net_issuer_sends(struct world *world, uint16_t link, uint32_t epoch, struct span message);
/* At once, if the link has a connection: else false. */
bool net_issuer_delivers(struct world *world, uint16_t link, struct span message);
void net_cut_link(struct world *world, uint16_t link);
void net_dial_all(struct world *world);
void net_crash(struct world *world);

/* issuer.c */
void issuer_hears(struct world *world, uint16_t link, uint32_t epoch, struct span message);
void issuers_open(struct world *world);
void issuers_close(struct world *world);
/* The link of a message was cut while it was on its way. */
void issuer_was_cut(struct world *world, uint16_t link, struct span message);
/* An answer of an issuer got through to the switch. */
void issuer_got_through(struct world *world, uint16_t link, struct span message);

/* script.c: draw all sales and schedule their beginnings; a STAN that its terminal never used. */
void terminals_begin(struct world *world);
uint32_t terminals_new_stan(struct world *world, uint16_t terminal);

/* terminals.c */
task_fn terminals_start_sale;
void terminals_hear(struct world *world, uint16_t terminal, uint64_t conn, struct span message);
/* A request of @terminal arrives on @conn. */
void terminals_arrives(struct world *world, uint16_t terminal, size_t conn,
                       const struct iso_msg *msg);
/* The switch writes the outcome of a request. */
void terminals_closes(struct world *world, const struct record *record);
/* Everyone has what they wait for. */
bool terminals_done(const struct world *world);
