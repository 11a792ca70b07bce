/* The HSM of a world: the real hsm_execute() behind a line that delays, loses and refuses.
 *
 * One engine and one set of keys serve all worlds of the process: they are constants, and
 * unwrapping them costs more than a world. */
#pragma once

#include "hsm_sim/engine/engine.h"
#include "switch/core/action.h"
#include "switch/core/event.h"
#include "switch/core/settings.h"

struct world;

/* The keys under the test LMK, as the switch has them. */
struct sim_keys {
    struct key_text tpk;
    struct key_text tak;
    struct key_text zpk;
    struct key_text pvk;
};
const struct sim_keys *sim_keys(void);
struct hsm_engine *sim_engine(void);
void sim_hsm_close(void);

/* The PIN of every card, and its PVV for @pan. */
struct secret_span sim_pin(void);
void sim_keys_pvv(const char *pan, char out[5]);

/* The terminals' side: a PIN block of @pin under the TPK, a MAC over @data under the TAK. */
void sim_pin_block(struct secret_span pin, const char *pan, uint8_t out[8]);
void sim_mac(struct span data, uint8_t out[8]);

/* Perform ACT_ASK_HSM. */
void hsm_ask(struct world *world, uint64_t token, enum event_kind question,
             const struct hsm_command *command);
