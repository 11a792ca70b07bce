/* SETTLE: the end of our reversal is durable: done, or a dead letter for staff. */
#include "switch/core/core_state.h"

enum verdict settle_enter(struct core *core, struct txn *t)
{
    struct book_request *ask = core_store(core, t, BOOK_SETTLE, EV_SETTLED);
    ask->seq = t->record.seq;
    ask->due_seq = t->reverse.due_seq;
    ask->settle = t->reverse.dead ? SETTLE_DEAD : SETTLE_DONE;
    memcpy(t->outcome.code, t->reverse.dead ? "dd" : "00", 3);
    return WAIT;
}

enum verdict settle_resume(struct core *core, struct txn *t, const struct event *event)
{
    (void)core;
    (void)event;
    t->end = t->reverse.dead ? "dead letter" : "reversed";
    /* What was UNKNOWN held its STANs until now. What was approved gave them back then, and they
     * may be another's by now. */
    t->route.stans_held = !t->reverse.dead && t->record.state == STATE_UNKNOWN;
    return GO;
}
