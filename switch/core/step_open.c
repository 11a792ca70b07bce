/* OPEN: the record, with its K in it, is durable before anything goes to an issuer; the same commit
 * tells whether that K was there before. A terminal's reversal takes the same step: its one commit
 * does it all. */
#include "iso8583/mti.h"
#include "switch/core/core_state.h"

static bool is_reversal(const struct txn *t)
{
    return mti_class(t->record.mti) == 4;
}

enum verdict open_enter(struct core *core, struct txn *t)
{
    struct book_request *ask =
        core_store(core, t, is_reversal(t) ? BOOK_REVERSAL : BOOK_OPEN, EV_OPENED);
    ask->record = t->record;
    return WAIT;
}

/* Its original is still open: the newest repeat gets the answer, an older one gets none. */
static enum verdict follow(struct core *core, struct txn *t, const struct record *original)
{
    uint8_t key[8];
    uint32_t slot;
    be64_put(key, original->seq);
    if (!map_find(&core->by_seq, key, &slot) || core->slab.slots[slot].phase == PHASE_CLOSED) {
        return open_enter(core, t); /* closed since: ask again, and be told its outcome */
    }
    struct txn *leader = &core->slab.slots[slot];
    if (leader->intake.follower != SLOT_NONE) {
        struct txn *older = &core->slab.slots[leader->intake.follower];
        leader->intake.follower = SLOT_NONE;
        txn_drop(core, older, "repeated again");
    }
    leader->intake.follower = t->slot;
    return WAIT;
}

static enum verdict refuse(struct txn *t, const char *code, const char *end)
{
    memcpy(t->outcome.code, code, 3);
    t->end = end;
    t->phase = PHASE_FRESH; /* nothing of this message was recorded */
    return DECLINE;
}

static enum verdict opened_fresh(struct core *core, struct txn *t, const struct book_answer *answer)
{
    uint8_t key[8];
    t->record.seq = answer->record.seq;
    t->record.day = answer->record.day;
    if (is_reversal(t)) {
        if (answer->is_of_old) {
            core_alarm(core, ALARM_REVERSAL_OLD, t->record.terminal, (int64_t)t->record.seq);
        }
        memcpy(t->outcome.code, answer->code, sizeof t->outcome.code);
        t->phase = PHASE_CLOSED;
        return GO;
    }
    if (answer->result == BOOK_IS_TOMBED) {
        memcpy(t->outcome.code, answer->record.code, sizeof t->outcome.code);
        t->end = "reversed before it came";
        t->phase = PHASE_CLOSED;
        return REPEAT;
    }
    be64_put(key, t->record.seq);
    int added = map_add(&core->by_seq, key, t->slot);
    CHECK(added == 0); /* a fresh sequence number, and room for every slot */
    t->phase = PHASE_OPENED;
    return GO;
}

enum verdict open_resume(struct core *core, struct txn *t, const struct event *event)
{
    const struct book_answer *answer = event->u.book;
    switch (answer->result) {
    case BOOK_IS_FRESH:
    case BOOK_IS_TOMBED:
        return opened_fresh(core, t, answer);
    case BOOK_IS_REPEAT_OPEN:
        return follow(core, t, &answer->record);
    case BOOK_IS_REPEAT:
        t->end = "repeat";
        txn_take_outcome(t, &answer->record);
        return REPEAT;
    case BOOK_IS_OTHER:
        core_alarm(core, ALARM_DUPLICATE_OTHER, t->record.terminal, 0);
        return refuse(t, "94", "duplicate with other content");
    case BOOK_IS_TOO_OLD:
        return refuse(t, "94", "duplicate too old");
    default:
        core_alarm(core, ALARM_STORE_FULL, t->record.terminal, 0);
        if (t->kind->reserved) { /* No code would make its terminal keep it, silence does. */
            t->end = "store full";
            return DROP;
        }
        return refuse(t, "96", "store full");
    }
}
