/* The switch as a function: an event in, actions out.
 *
 * No sockets, disk, HSM, clock, randomness or allocation after core_new(): the same events give the
 * same actions, so a seed replays any night (tests/sim). Time comes with each event; the caller
 * asks for the next deadline and feeds EV_TICKED when it has passed. */
#pragma once

#include "switch/core/action.h"
#include "switch/core/event.h"
#include "switch/core/settings.h"

struct core;

/* Memory for a core with @settings (all of it, at once): allocate core_memory() bytes, zero them,
 * and give them to core_init(). @settings and what it points to outlive the core. @wall_ms: the
 * start. */
size_t core_memory(const struct core_settings *settings);
struct core *core_init(void *memory, const struct core_settings *settings, int64_t wall_ms);

/* After a restart, before the first event: the newest STAN that was given (0: none). */
void core_resume_stan(struct core *core, uint32_t stan);

/* One event. @out is emptied first. */
void core_step(struct core *core, const struct event *event, struct actions *out);

/* When EV_TICKED is due (monotonic ms), INT64_MAX: never. May lie in the past: tick again. */
int64_t core_deadline_ms(const struct core *core);

/* Swap the routing table and the terminals; an index of a group, issuer or link must not change its
 * meaning. The old ones are the caller's to free after this returns. */
void core_reload(struct core *core, const struct core_settings *settings);

/* Begin (or end) draining: no new request of a terminal is taken, what is under way is finished. */
void core_drain(struct core *core, bool draining);

/* What is going on inside, for status and for the simulator's "no stuck work". */
struct core_figures {
    uint32_t terminal_slots; /* transactions of terminals under way */
    uint32_t slots_used;     /* and reversals of ours */
    uint32_t slots_free;
    uint32_t slots_peak;
};
struct core_figures core_figures(const struct core *core);

/* Reversals of ours that are under way: at most @max of them. Returns how many. */
struct core_reversal {
    uint64_t due_seq;
    uint32_t tries; /* sendings; of a process before this one, at least those that are known */
};
uint32_t core_reversals(const struct core *core, struct core_reversal *out, uint32_t max);

struct link_figures {
    const char *state; /* "down", "connecting", "connected", "signed-on", "draining"; static */
    int64_t since_ms;  /* monotonic */
    uint32_t pending;
    uint32_t reversals; /* being pumped to its issuer */
    uint64_t sent;
    uint64_t answered;
    uint64_t timed_out;
    uint64_t late;
    uint64_t unmatched;
};
struct link_figures core_link_figures(const struct core *core, uint16_t link);
