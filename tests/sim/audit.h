/* The auditor: three independent logs must tell one story.
 *
 * It knows what the terminals saw (world->sales), what the issuers posted (world->postings), and
 * what the store says after it was loaded afresh. It knows nothing of the core. The first violated
 * invariant (BEHAVIOUR section 3) is reported by world_fail(). */
#pragma once

#include "tests/sim/world.h"

/* At a restart: totals and items of every day agree, and every checksum and the chain hold. */
void audit_totals(struct world *world);

/* At rest: everything. */
void audit_rest(struct world *world);

/* The time is up and something is still to be done: say what. */
void audit_stuck(struct world *world);

/* Due reversals, but for the dead letters that will never be acknowledged. */
size_t audit_due_alive(const struct world *world);
