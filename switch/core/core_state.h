/* The core's inside: what the files of switch/core share. Nothing outside includes it. */
#pragma once

#include "routes/policy.h"
#include "switch/core/core.h"
#include "switch/core/kinds.h"
#include "switch/core/lane.h"
#include "switch/core/stans.h"
#include "switch/core/steps.h"

enum { LINKS_PER_ISSUER_MAX = 16 };

/* An issuer's running state: its links, and the pump of its reversals. */
struct issuer {
    const struct issuer_settings *settings;
    struct link *links[LINKS_PER_ISSUER_MAX];
    uint32_t link_count;
    uint32_t turn;
    struct {                     /* core/pump.c */
        uint64_t cursor;         /* up to here due rows were drawn */
        uint64_t dead_cursor;    /* the same of dead letters, in this sweep */
        uint32_t in_flight;      /* slots that it fills */
        uint32_t dead_in_flight; /* of them by dead letters */
        uint32_t asked;          /* rows that the running draw may still bring */
        bool drawing;
        bool drawing_dead;
        bool more;        /* there may be due rows behind the cursor */
        bool sweeping;    /* there may be dead letters behind theirs */
        int64_t sweep_ms; /* when the next sweep begins; INT64_MAX: no dead letter is known */
    } pump;
};

struct core {
    const struct core_settings *settings;
    int64_t start_wall_ms;
    int64_t now_ms; /* of the event that is being stepped */
    int64_t wall_ms;
    int64_t now_us;
    struct actions *out;
    uint64_t random;
    struct stans
        stans; /* of all issuers: so that the DE37 made of one is unique at a terminal too */

    struct slab slab;
    uint32_t terminal_slots; /* used by terminals' transactions */
    struct txn *spare;       /* to read what no slot is free for */
    struct map by_seq;       /* record seq (8 bytes) -> slot, while it is open */
    struct issuer *issuers;
    struct link *links;
    struct lane *link_lanes; /* WAIT_LINK, one a link */
    struct lane hsm_lane;
    struct lane reversal_lane;
    struct lane retry_lane;
    bool draining;

    struct iso_msg answer; /* the issuer's message that is being stepped */
    uint8_t scratch[2 * FRAME_LEN_MAX + EDITION_ROOM];
};

static inline const struct group_settings *group_of(const struct core *core, const struct txn *t)
{
    return &core->settings->groups[core->settings->terminals[t->intake.terminal].group];
}

static inline const struct terminal_settings *terminal_of(const struct core *core,
                                                          const struct txn *t)
{
    return &core->settings->terminals[t->intake.terminal];
}

/* A new action, zeroed where it matters. There is always room: each event's actions are bounded. */
struct action *core_act(struct core *core, enum action_kind kind);
/* True while another transaction may be moved in this step (expiry stops short and is called
 * again). */
bool core_has_room(const struct core *core);
void core_alarm(struct core *core, enum alarm alarm, const char *subject, int64_t number);
/* Room for @len bytes that an action borrows; lives as long as the actions. */
uint8_t *core_bytes(struct core *core, size_t len);
/* One draw of the seeded generator. */
uint64_t core_random(struct core *core);
/* Ask the store, as @t and step's awaited question. The request is zeroed but for op, ref, wall_ms.
 */
struct book_request *core_store(struct core *core, const struct txn *t, enum book_op op,
                                enum event_kind question);
/* Ask the HSM. */
struct hsm_command *core_hsm(struct core *core, const struct txn *t, uint16_t code,
                             enum event_kind question);

/* intake.c: frames become transactions, answers find theirs. */
void intake_terminal(struct core *core, const struct event *event);
void intake_issuer(struct core *core, const struct event *event);

/* stray.c: tell of an answer (core->answer) that pairs with nothing on link @index; @key is its
 * own. stray_wrong(): it pairs with @t, but DE @de disagrees. */
void stray_tell(struct core *core, uint16_t index, const struct pair_key *key);
void stray_wrong(struct core *core, uint16_t index, const struct txn *t, unsigned de);

/* network.c: links' 08xx, both ways. */
void network_need(struct core *core, uint16_t link, enum link_need need);
void network_message(struct core *core, uint16_t link, struct span frame);

/* pump.c: reversals of ours. */
void pump_wake(struct core *core, const char *issuer_name);
void pump_run(struct core *core, uint32_t issuer);
void pump_row(struct core *core, const struct book_answer *answer);
void pump_end(struct core *core, const struct book_answer *answer);
void pump_done(struct core *core, struct txn *t);
/* A link of this issuer signed on: those that wait to try again do it now, dead letters too. */
void pump_hurry(struct core *core, uint32_t issuer);
/* @t is, or still is, a dead letter: it is tried again with the next sweep. */
void pump_died(struct core *core, const struct txn *t);
void pump_tick(struct core *core, uint32_t issuer);

int issuer_by_name(const struct core *core, const char *name);
int link_by_name(const struct core *core, const char *name);

/* Let a transaction's STANs be drawn again. */
void stans_give_back(struct core *core, struct txn *t);
/* No longer pending on its link; its answer, if it comes, belongs to record @seq (0: to nobody). */
void pending_end(struct core *core, struct txn *t, uint64_t seq);

static inline void text_set(char *out, size_t cap, struct span bytes)
{
    size_t len = bytes.len < cap - 1 ? bytes.len : cap - 1;
    if (len != 0) {
        memcpy(out, bytes.ptr, len);
    }
    out[len] = '\0';
}

/* Copy canonical bytes into a NUL-terminated array. */
#define TEXT_SET(array, bytes) text_set((array), sizeof(array), (bytes))
