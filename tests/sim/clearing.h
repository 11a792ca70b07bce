/* The end of day of a world: files are assigned, built and published, days signed off. */
#pragma once

#include "tests/sim/world.h"

/* A day has ended: its file is cut some time later, if nothing comes between. */
void clearing_after_cutover(struct world *world);

/* The book's answer to staff. */
void clearing_hear(struct world *world, const struct book_answer *answer);

/* The switch is killed: so is a run. */
void clearing_crash(struct world *world);

/* Nothing is left to do: end today, and bring every day to its end. Before the audit. */
void clearing_rest(struct world *world);
