/* REVERSE: our 0420 to the issuer, and again until it is acknowledged: the same STAN, 0421 from the
 * second sending on. On the link of its 0200 while that is signed on, else on another of the
 * issuer. What is not acknowledged after agains_max tries gives its slot back as a dead letter, so
 * that it does not hold up the issuer's others; a dead letter that is drawn again has one try.
 *
 * 25 ("original unknown") is believed only 60 s after the request was handed over, and not if the
 * request was answered while the reversal was on its way: it may post after its reversal. */
#include "switch/core/core_state.h"
#include "switch/core/outbound.h"

enum { UNKNOWN_BELIEVED_MS = 60000 };

static int choose_link(const struct core *core, const struct txn *t)
{
    int own = link_by_name(core, t->record.link);
    if (own >= 0 && core->links[own].state >= LINK_IS_SIGNED_ON) {
        return own;
    }
    struct issuer *issuer = &core->issuers[t->route.issuer];
    for (uint32_t i = 0; i < issuer->link_count; i++) {
        if (issuer->links[i]->state >= LINK_IS_SIGNED_ON) {
            return (int)(issuer->links[i] - core->links);
        }
    }
    return -1;
}

void reverse_count(struct txn *t)
{
    t->reverse.agains++;
    t->reverse.backoff++;
}

static enum verdict again(struct txn *t)
{
    reverse_count(t);
    return AGAIN;
}

static enum verdict bury(struct core *core, struct txn *t, enum alarm alarm)
{
    t->reverse.dead = true;
    if (!t->reverse.was_dead) {
        core_alarm(core, alarm, t->record.issuer, (int64_t)t->record.seq);
    }
    return GO;
}

static bool is_hopeless(const struct core *core, const struct txn *t)
{
    return t->reverse.agains >= (t->reverse.was_dead ? 1 : core->settings->agains_max);
}

enum verdict reverse_enter(struct core *core, struct txn *t)
{
    struct iso_msg msg;
    struct span bytes;
    struct iso_error error;
    if (is_hopeless(core, t)) {
        return bury(core, t, ALARM_REVERSAL_AGAIN);
    }
    int chosen = choose_link(core, t);
    if (chosen < 0) {
        return AGAIN; /* nobody was asked: it does not count */
    }
    struct link *link = &core->links[chosen];
    outbound_reversal(core, t, &msg);
    t->route.link = chosen;
    t->route.key = pair_key_of(&msg);
    if (outbound_encode(core, &msg, SPAN_NONE, link->rules.dialect, &bytes, &error) != 0 ||
        link_await(link, &t->route.key, t->slot) != 0) {
        return AGAIN;
    }
    t->route.pending = true;
    t->reverse.overtaken = false;
    t->reverse.tries++;
    link->sent++;
    struct action *send = core_act(core, ACT_SEND_ISSUER);
    send->u.issuer.link = (uint16_t)chosen;
    send->u.issuer.message = bytes;
    return WAIT;
}

enum verdict reverse_resume(struct core *core, struct txn *t, const struct event *event)
{
    struct span code = iso_get(&core->answer, 39);
    (void)event;
    if (span_equal_text(code, "00") || span_equal_text(code, "94")) {
        return GO;
    }
    if (span_equal_text(code, "25")) {
        int64_t handed =
            t->record.handed_ms > core->start_wall_ms ? t->record.handed_ms : core->start_wall_ms;
        bool believed = core->wall_ms - handed >= UNKNOWN_BELIEVED_MS && !t->reverse.overtaken;
        return believed ? GO : again(t);
    }
    if (code.len == 2 && code.ptr[0] == '9') {
        return again(t);
    }
    return bury(core, t, ALARM_REVERSAL_DEAD);
}
