/* The switch's HSMs: each question goes to the unit that has the fewest in flight. A unit that is
 * down or tripped (hsm_unit.h) gets none; where there is no other, a question is met with silence.
 * Silence is not timed here: the core's step does that. */
#pragma once

#include "switch/edge/hsm_unit.h"

struct hsm_client;

/* NULL if memory is short. */
struct hsm_client *hsm_client_new(struct driver *driver);
MUST_USE int hsm_client_dial(struct hsm_client *client);
void hsm_client_shutdown(struct hsm_client *client);
void hsm_client_free(struct hsm_client *client);

/* Ask one; the reply is fed as an event of kind @answer. */
void hsm_client_ask(struct hsm_client *client, uint64_t token, enum event_kind answer,
                    const struct hsm_command *command);

/* All units together: the best state, sums, the worst p99. */
struct hsm_unit_figures hsm_client_figures(const struct hsm_client *client);

/* Questions that no unit took. */
uint64_t hsm_client_unsent(const struct hsm_client *client);

/* The units by index; NULL past the last. */
const struct hsm_unit *hsm_client_unit(const struct hsm_client *client, size_t index);
