#include "switch/core/steps.h"

#include "switch/core/core_state.h"

/* One row per step: what it does on entry, what it waits for, how long, and what silence means.
 * To add a step: a file step_x.c with enter and resume, a name in STEP_MAP, a row here, and its
 * place in the flows below. Our own disk is never silent: the store's steps have no time limit. */
static const struct step steps[STEP_COUNT] = {
    /* clang-format off */
    /*                name       enter          awaits                resume          wait           silence  stage         */
    [STEP_CHECK]   = {"check",   check_enter,   EVENT_COUNT,          NULL,           WAIT_NONE,     DROP,    STAGE_COUNT},
    [STEP_MAC]     = {"mac",     mac_enter,     EV_MAC_CHECKED,       mac_resume,     WAIT_HSM,      DROP,    STAGE_mac},
    [STEP_NETWORK] = {"network", network_enter, EVENT_COUNT,          NULL,           WAIT_NONE,     DROP,    STAGE_COUNT},
    [STEP_ROUTE]   = {"route",   route_enter,   EVENT_COUNT,          NULL,           WAIT_NONE,     DROP,    STAGE_COUNT},
    [STEP_OPEN]    = {"open",    open_enter,    EV_OPENED,            open_resume,    WAIT_NONE,     DROP,    STAGE_open},
    [STEP_PERMIT]  = {"permit",  permit_enter,  EVENT_COUNT,          NULL,           WAIT_NONE,     DROP,    STAGE_COUNT},
    [STEP_PIN]     = {"pin",     pin_enter,     EV_PIN_CHECKED,       pin_resume,     WAIT_HSM,      DECLINE, STAGE_pin},
    [STEP_ISSUER]  = {"issuer",  issuer_enter,  EV_ISSUER_ANSWERED,   issuer_resume,  WAIT_LINK,     DECLINE, STAGE_issuer},
    [STEP_CLOSE]   = {"close",   close_enter,   EV_CLOSED,            close_resume,   WAIT_NONE,     DROP,    STAGE_close},
    [STEP_SIGN]    = {"sign",    sign_enter,    EV_ANSWER_SIGNED,     sign_resume,    WAIT_HSM,      DROP,    STAGE_sign},
    [STEP_REPLY]   = {"reply",   reply_enter,   EVENT_COUNT,          NULL,           WAIT_NONE,     DROP,    STAGE_COUNT},
    [STEP_REVERSE] = {"reverse", reverse_enter, EV_REVERSAL_ANSWERED, reverse_resume, WAIT_REVERSAL, AGAIN,   STAGE_COUNT},
    [STEP_SETTLE]  = {"settle",  settle_enter,  EV_SETTLED,           settle_resume,  WAIT_NONE,     DROP,    STAGE_COUNT},
    [STEP_END]     = {"end",     NULL,          EVENT_COUNT,          NULL,           WAIT_NONE,     DROP,    STAGE_COUNT},
    /* clang-format on */
};

const uint8_t flow_purchase[] = {STEP_CHECK,  STEP_MAC,   STEP_ROUTE,  STEP_OPEN,
                                 STEP_PERMIT, STEP_PIN,   STEP_ISSUER, STEP_CLOSE,
                                 STEP_SIGN,   STEP_REPLY, STEP_END};
/* A terminal's 0400 is one commit, and answered when that is durable. */
const uint8_t flow_reversal_in[] = {STEP_CHECK, STEP_MAC,   STEP_OPEN,
                                    STEP_SIGN,  STEP_REPLY, STEP_END};
const uint8_t flow_network[] = {STEP_CHECK, STEP_MAC,   STEP_NETWORK,
                                STEP_SIGN,  STEP_REPLY, STEP_END};
/* Ours, drawn from the store. */
const uint8_t flow_reversal[] = {STEP_REVERSE, STEP_SETTLE, STEP_END};
/* What a refusal takes, by how far it went. */
static const uint8_t flow_reject[] = {STEP_SIGN, STEP_REPLY, STEP_END};
static const uint8_t flow_decline[] = {STEP_CLOSE, STEP_SIGN, STEP_REPLY, STEP_END};

const struct step *step_at(unsigned index)
{
    return index < STEP_COUNT ? &steps[index] : NULL;
}

const char *step_name(unsigned index)
{
    return index < STEP_COUNT ? steps[index].name : "?";
}

static const struct step *current(const struct txn *t)
{
    return &steps[t->flow[t->flow_at]];
}

static void trace(struct core *core, const struct txn *t)
{
    struct trace *out = &core_act(core, ACT_TRACE)->u.trace;
    *out = (struct trace){.seq = t->record.seq,
                          .kind = t->kind != NULL ? t->kind->name : "unknown",
                          .end = t->end,
                          .mti = t->intake.msg.mti != 0 ? t->intake.msg.mti : t->record.mti,
                          .repeat = t->outcome.repeat,
                          .amount_minor = t->record.amount_minor,
                          .currency = t->record.currency,
                          .total_us = (uint32_t)(core->now_us - t->began_us)};
    memcpy(out->terminal, t->record.terminal, sizeof out->terminal);
    memcpy(out->stan, t->record.stan, sizeof out->stan);
    memcpy(out->rrn, t->record.rrn, sizeof out->rrn);
    memcpy(out->code, t->outcome.code, sizeof out->code);
    memcpy(out->pan_masked, t->record.pan_masked, sizeof out->pan_masked);
    memcpy(out->issuer, t->record.issuer, sizeof out->issuer);
    memcpy(out->stage_us, t->stage_us, sizeof out->stage_us);
}

/* The one way out of the slab. A repeat that waits for this one's answer will come again by itself.
 */
static void txn_end(struct core *core, struct txn *t)
{
    trace(core, t);
    if (t->intake.follower != SLOT_NONE) {
        struct txn *follower = &core->slab.slots[t->intake.follower];
        t->intake.follower = SLOT_NONE;
        txn_drop(core, follower, "original unanswered");
    }
    if (t->route.pending) {
        pending_end(core, t, 0);
    }
    stans_give_back(core, t);
    uint32_t slot;
    uint8_t key[8];
    be64_put(key, t->record.seq);
    if (t->record.seq != 0 && map_find(&core->by_seq, key, &slot) && slot == t->slot) {
        map_remove(&core->by_seq, key);
    }
    if (t->route.issuer_of_pump >= 0) {
        pump_done(core, t);
    } else {
        core->terminal_slots--;
    }
    lane_remove(t);
    slab_release(&core->slab, t);
}

static enum verdict enter(struct core *core, struct txn *t)
{
    t->stage_began_us = core->now_us;
    return current(t)->enter(core, t);
}

static void wait_for(struct core *core, struct txn *t)
{
    const struct step *step = current(t);
    t->awaits = step->awaits;
    switch (step->wait) {
    case WAIT_HSM:
        lane_add(&core->hsm_lane, t, core->now_ms + core->settings->hsm_ms);
        break;
    case WAIT_LINK:
        lane_add(&core->link_lanes[t->route.link], t,
                 core->now_ms + core->settings->links[t->route.link].answer_ms);
        break;
    case WAIT_REVERSAL:
        lane_add(&core->reversal_lane, t, core->now_ms + core->settings->reversal_answer_ms);
        break;
    default:
        break;
    }
}

/* Try the same step again later: doubling, with up to a quarter of seeded jitter. */
static void wait_again(struct core *core, struct txn *t)
{
    const struct core_settings *settings = core->settings;
    uint64_t wait_ms = settings->retry_first_ms;
    for (uint32_t i = 1; i < t->reverse.backoff && wait_ms < settings->retry_max_ms; i++) {
        wait_ms *= 2;
    }
    wait_ms = wait_ms > settings->retry_max_ms ? settings->retry_max_ms : wait_ms;
    wait_ms += core_random(core) % (wait_ms / 4 + 1);
    t->awaits = EVENT_COUNT;
    lane_add(&core->retry_lane, t, core->now_ms + (int64_t)wait_ms);
}

/* What a refusal takes, by how far the transaction went. */
static enum verdict refuse(struct core *core, struct txn *t)
{
    switch (t->phase) {
    case PHASE_FRESH:
        t->flow = flow_reject;
        t->phase = PHASE_CLOSED;
        break;
    case PHASE_OPENED:
        t->outcome.state = STATE_DECLINED;
        t->flow = flow_decline;
        break;
    case PHASE_ASKED:
        t->outcome.state = STATE_UNKNOWN;
        t->flow = flow_decline;
        break;
    default:
        return DROP;
    }
    t->flow_at = 0;
    return enter(core, t);
}

/* The only place where a transaction moves. */
static void txn_advance(struct core *core, struct txn *t, enum verdict verdict)
{
    for (;;) {
        switch (verdict) {
        case GO:
            t->flow_at++;
            if (t->flow[t->flow_at] == STEP_END) {
                txn_end(core, t);
                return;
            }
            verdict = enter(core, t);
            break;
        case WAIT:
            wait_for(core, t);
            return;
        case AGAIN:
            wait_again(core, t);
            return;
        case DECLINE:
            verdict = refuse(core, t);
            break;
        case REPEAT:
            t->outcome.repeat = true;
            t->phase = PHASE_CLOSED;
            t->flow = flow_reject;
            t->flow_at = 0;
            verdict = enter(core, t);
            break;
        case DROP:
            txn_end(core, t);
            return;
        default:
            CHECK(verdict != VERDICT_NONE);
            return;
        }
    }
}

void txn_start(struct core *core, struct txn *t, const uint8_t *flow)
{
    t->flow = flow;
    t->flow_at = 0;
    t->began_us = core->now_us;
    txn_advance(core, t, enter(core, t));
}

static void leave_wait(struct core *core, struct txn *t)
{
    const struct step *step = current(t);
    lane_remove(t);
    t->awaits = EVENT_COUNT;
    if (step->stage < STAGE_COUNT) {
        t->stage_us[step->stage] += (uint32_t)(core->now_us - t->stage_began_us);
    }
}

void txn_resume(struct core *core, struct txn *t, const struct event *event)
{
    CHECK(t->awaits == event->kind);
    const struct step *step = current(t);
    leave_wait(core, t);
    txn_advance(core, t, step->resume(core, t, event));
}

void txn_expire(struct core *core, struct txn *t)
{
    if (t->awaits == EVENT_COUNT) { /* its back-off is over */
        lane_remove(t);
        txn_advance(core, t, enter(core, t));
        return;
    }
    const struct step *step = current(t);
    leave_wait(core, t);
    if (step->wait == WAIT_HSM) {
        core_alarm(core, ALARM_HSM_SILENT, step->name, 0);
        t->end = "hsm silent";
        memcpy(t->outcome.code, "96", 3);
    }
    if (step->wait == WAIT_LINK) {
        core->links[t->route.link].timed_out++;
        t->end = "issuer silent";
        memcpy(t->outcome.code, group_of(core, t)->timeout_is_68 ? "68" : "91", 3);
    }
    if (step->wait == WAIT_REVERSAL) {
        reverse_count(t);
    }
    if (t->route.pending) {
        pending_end(core, t, step->wait == WAIT_LINK ? t->record.seq : 0);
    }
    txn_advance(core, t, (enum verdict)step->silence);
}

void txn_take_outcome(struct txn *t, const struct record *record)
{
    memcpy(t->outcome.code, record->code, sizeof t->outcome.code);
    memcpy(t->outcome.auth, record->auth, sizeof t->outcome.auth);
    memcpy(t->outcome.balance, record->balance, sizeof t->outcome.balance);
    memcpy(t->record.rrn, record->rrn, sizeof t->record.rrn);
    t->outcome.approved_minor = record->approved_minor;
    t->record.day = record->day;
    if (record->state != STATE_APPROVED && code_approves(record->code)) {
        memcpy(t->outcome.code, "12", 3); /* reversed since: declined */
        t->outcome.auth[0] = '\0';
    }
}

void txn_answer_repeat(struct core *core, struct txn *t, const struct record *record)
{
    CHECK(t->awaits == EV_OPENED && list_is_empty(&t->wait));
    t->awaits = EVENT_COUNT;
    t->end = "repeat";
    txn_take_outcome(t, record);
    txn_advance(core, t, REPEAT);
}

void txn_drop(struct core *core, struct txn *t, const char *end)
{
    t->end = end;
    txn_end(core, t);
}
