/* The HSM's client: questions pipelined on one connection, each answer bound to its question.
 *
 * The header is a counter; the token (process epoch and the core's token) travels in the X'19'
 * trailer, which a payShield echoes. A pair that does not match (swapped, repeated, foreign) cuts
 * the connection. Silence is not timed here: the core's step does that. */
#pragma once

#include "hsm_sim/wire/command.h"
#include "switch/edge/driver.h"

struct hsm_client *hsm_client_new(struct driver *driver);
MUST_USE int hsm_client_dial(struct hsm_client *client);
void hsm_client_shutdown(struct hsm_client *client);
void hsm_client_free(struct hsm_client *client);

/* Ask; the reply is fed as an event of kind @answer. Without a connection, or with a ring that is
 * full, the question is not sent: silence. */
void hsm_client_ask(struct hsm_client *client, uint64_t token, enum event_kind answer,
                    const struct hsm_command *command);

struct hsm_figures {
    bool connected;
    uint64_t asked;
    uint64_t answered;
    uint64_t unsent;
    uint64_t mismatched;
    uint64_t p99_us; /* from question to answer */
};
struct hsm_figures hsm_client_figures(const struct hsm_client *client);
