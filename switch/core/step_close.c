/* CLOSE: outcome, clearing item, totals and "due" where it is, durable before the terminal hears.
 */
#include "switch/core/core_state.h"

/* Who is to be told: the newest repeat, unless only its original's connection is still there. */
static const struct txn *listening(const struct core *core, const struct txn *t)
{
    const struct txn *follower =
        t->intake.follower == SLOT_NONE ? t : &core->slab.slots[t->intake.follower];
    return follower->intake.conn_lost ? t : follower;
}

/* A kind that moves no money is never reversed. */
static uint8_t intended_state(const struct core *core, const struct txn *t)
{
    uint8_t state = t->outcome.state;
    if (state == STATE_APPROVED && listening(core, t)->intake.conn_lost &&
        t->record.money != MONEY_NONE && group_of(core, t)->lost_answer_reverse) {
        return STATE_UNKNOWN; /* nobody is there to be told, and it can do neither repeat nor
                                 reversal */
    }
    if (state == STATE_UNKNOWN && t->record.money == MONEY_NONE) {
        return STATE_DECLINED;
    }
    return state;
}

enum verdict close_enter(struct core *core, struct txn *t)
{
    struct record *record = &t->record;
    record->state = intended_state(core, t);
    record->closed_ms = core->wall_ms;
    memcpy(record->code, t->outcome.code, sizeof record->code);
    memcpy(record->auth, t->outcome.auth, sizeof record->auth);
    memcpy(record->balance, t->outcome.balance, sizeof record->balance);
    record->approved_minor = record->state == STATE_APPROVED ? t->outcome.approved_minor : 0;
    struct book_request *ask = core_store(core, t, BOOK_CLOSE, EV_CLOSED);
    ask->record = *record;
    return WAIT;
}

enum verdict close_resume(struct core *core, struct txn *t, const struct event *event)
{
    const struct book_answer *answer = event->u.book;
    const struct record *stored = &answer->record;
    CHECK(answer->result == BOOK_IS_STORED);
    uint8_t intended = t->record.state;
    if (stored->state == STATE_UNKNOWN) {
        t->route.stans_held = false; /* its reversal is due under them; SETTLE gives them back */
    }
    t->phase = PHASE_CLOSED;
    t->record.state = stored->state;
    if (stored->state != intended || (stored->marked && stored->state == STATE_UNKNOWN)) {
        t->end = "reversed while open";
        return DROP; /* its reversal was answered already: no 0210 */
    }
    if (t->intake.follower != SLOT_NONE) {
        struct txn *follower = &core->slab.slots[t->intake.follower];
        bool is_told = listening(core, t) == follower;
        t->intake.follower = SLOT_NONE;
        if (!is_told) {
            txn_drop(core, follower, "its connection is gone");
            return GO;
        }
        memcpy(follower->outcome.passed, t->outcome.passed, sizeof t->outcome.passed);
        memcpy(follower->outcome.passed_bytes, t->outcome.passed_bytes, t->outcome.passed_len);
        follower->outcome.passed_count = t->outcome.passed_count;
        follower->outcome.passed_len = t->outcome.passed_len;
        txn_answer_repeat(core, follower, stored);
        t->end = "answered to its repeat";
        return DROP;
    }
    if (t->intake.conn_lost && code_approves(t->outcome.code)) {
        core_alarm(core, ALARM_ANSWER_LOST, t->record.terminal, (int64_t)t->record.seq);
    }
    return GO;
}
