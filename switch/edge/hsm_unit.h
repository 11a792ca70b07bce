/* One HSM: questions pipelined on one connection, each answer bound to its question, and how well
 * it does.
 *
 * The header is a counter; the token (process epoch and the core's token) travels in the X'19'
 * trailer, which a payShield echoes. A pair that does not match (swapped, repeated, foreign) cuts
 * the connection.
 *
 * A question without an answer after the answer time is overdue: the core has gone on without it.
 * After HSM_FAILURES_MAX of these (or answers 41, an internal error) in a row the unit is tripped:
 * nothing is asked of it but NC once a second, until that is answered. */
#pragma once

#include "hsm_sim/wire/command.h"
#include "switch/edge/driver.h"

enum { HSM_FAILURES_MAX = 5, HSM_PROBE_MS = 1000, HSM_IN_FLIGHT_MAX = 4096 };

struct hsm_unit;

enum hsm_state { HSM_IS_DOWN, HSM_IS_TRIPPED, HSM_IS_UP };

struct hsm_unit_figures {
    enum hsm_state state;
    uint32_t in_flight;
    uint64_t asked;
    uint64_t answered;
    uint64_t overdue;
    uint64_t mismatched;
    uint64_t p99_us; /* from question to answer */
};

/* @address lives as long as the unit. NULL if memory is short. */
struct hsm_unit *hsm_unit_new(struct driver *driver, const char *address);
MUST_USE int hsm_unit_dial(struct hsm_unit *unit);
void hsm_unit_shutdown(struct hsm_unit *unit);
void hsm_unit_free(struct hsm_unit *unit);

/* Whether a question may be given to it: connected, not tripped, and fewer in flight than the
 * configuration lets. */
bool hsm_unit_takes(const struct hsm_unit *unit);

uint32_t hsm_unit_in_flight(const struct hsm_unit *unit);

/* Ask; the reply is fed as an event of kind @answer. False if it could not be sent. */
bool hsm_unit_ask(struct hsm_unit *unit, uint64_t token, enum event_kind answer,
                  const struct hsm_command *command);

/* What time does: call it every 50 ms or so. */
void hsm_unit_tick(struct hsm_unit *unit);

struct hsm_unit_figures hsm_unit_figures(const struct hsm_unit *unit);
const char *hsm_unit_address(const struct hsm_unit *unit);
const char *hsm_state_name(enum hsm_state state);
