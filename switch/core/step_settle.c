/* SETTLE: the end of our reversal is durable: done, or a dead letter, for staff and for a later
 * try. What was one before and still is has nothing to write. */
#include "switch/core/core_state.h"

enum verdict settle_enter(struct core *core, struct txn *t)
{
    if (t->reverse.dead) {
        pump_died(core, t);
        t->end = "dead letter";
        memcpy(t->outcome.code, "dd", 3);
    }
    if (t->reverse.dead && t->reverse.was_dead) {
        return GO;
    }
    struct book_request *ask = core_store(core, t, BOOK_SETTLE, EV_SETTLED);
    ask->seq = t->record.seq;
    ask->due_seq = t->reverse.due_seq;
    ask->due_tries = t->reverse.tries;
    ask->settle = t->reverse.dead ? SETTLE_DEAD : SETTLE_DONE;
    if (!t->reverse.dead) {
        memcpy(t->outcome.code, "00", 3);
    }
    return WAIT;
}

enum verdict settle_resume(struct core *core, struct txn *t, const struct event *event)
{
    (void)core;
    (void)event;
    t->end = t->reverse.dead ? t->end : "reversed";
    /* What was UNKNOWN held its STANs until now. What was approved gave them back then, and they
     * may be another's by now. */
    t->route.stans_held = !t->reverse.dead && t->record.state == STATE_UNKNOWN;
    return GO;
}
