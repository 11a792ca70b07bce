/* ISSUER: ask, once, on the link that ROUTE chose; what was given to a link is never given to
 * another. From here on a refusal needs a reversal, because the issuer may hold the money. */
#include "iso8583/mti.h"
#include "switch/core/core_state.h"
#include "switch/core/outbound.h"
#include "switch/core/outcome.h"

static enum verdict refuse(struct txn *t, const char *code, const char *end)
{
    memcpy(t->outcome.code, code, 3);
    t->end = end;
    return DECLINE;
}

void pending_end(struct core *core, struct txn *t, uint64_t seq)
{
    CHECK(t->route.pending);
    link_forget(&core->links[t->route.link], &t->route.key, seq);
    t->route.pending = false;
}

enum verdict issuer_enter(struct core *core, struct txn *t)
{
    if (t->marked) {
        return refuse(t, "12", "reversed while open");
    }
    if (t->route.link < 0) {
        return refuse(t, "91", "no link");
    }
    struct link *link = &core->links[t->route.link];
    if (link->state != LINK_IS_SIGNED_ON) {
        return refuse(t, "91", "link down");
    }
    struct iso_msg msg;
    struct span bytes;
    struct iso_error error;
    outbound_request(core, t, &msg);
    if (outbound_check(core, t, &msg, link->rules.dialect, &error) != 0 ||
        outbound_encode(core, &msg, SPAN_NONE, link->rules.dialect, &bytes, &error) != 0) {
        iso_error_text(&error, link->rules.dialect, t->outcome.diagnosis,
                       sizeof t->outcome.diagnosis);
        return refuse(t, "30", "not sayable in the issuer's dialect");
    }
    t->route.key = pair_key_of(&msg);
    int added = link_await(link, &t->route.key, t->slot);
    if (added != 0) {
        return refuse(t, "91", added == ERR_FULL ? "link full" : "pairing key taken");
    }
    t->route.pending = true;
    t->phase = PHASE_ASKED;
    t->record.asked = true;
    t->record.handed_ms = core->wall_ms;
    link->sent++;
    struct action *send = core_act(core, ACT_SEND_ISSUER);
    send->u.issuer.link = (uint16_t)t->route.link;
    send->u.issuer.message = bytes;
    return WAIT;
}

/* What an issuer says to the terminal itself: its answer text, chip and private data. Kept as it is
 * until the answer is made; not with the record, so that a repeat goes without. */
static void pass_back(struct core *core, struct txn *t, const struct iso_msg *answer)
{
    static const uint8_t passed_back[] = {44, 46, 47, 48, 55, 59, 60, 61, 62, 63};
    size_t used = 0;
    t->outcome.passed_count = 0;
    for (size_t i = 0; i < ARRAY_COUNT(passed_back); i++) {
        struct span bytes = iso_get(answer, passed_back[i]);
        if (bytes.len == 0) {
            continue;
        }
        if (bytes.len > sizeof t->outcome.passed_bytes - used) {
            core_alarm(core, ALARM_ANSWER_SHORTENED, t->record.terminal, passed_back[i]);
            continue;
        }
        memcpy(t->outcome.passed_bytes + used, bytes.ptr, bytes.len);
        t->outcome.passed[t->outcome.passed_count++] =
            (struct passed){passed_back[i], (uint16_t)used, (uint16_t)bytes.len};
        used += bytes.len;
    }
    t->outcome.passed_len = (uint16_t)used;
}

enum verdict issuer_resume(struct core *core, struct txn *t, const struct event *event)
{
    const struct iso_msg *answer = &core->answer;
    (void)event;
    TEXT_SET(t->outcome.code, iso_get(answer, 39));
    TEXT_SET(t->outcome.auth, iso_get(answer, 38));
    TEXT_SET(t->outcome.balance, iso_get(answer, 54));
    pass_back(core, t, answer);
    t->end = "replied";
    enum record_state state = outcome_of(&core->settings->issuers[t->route.issuer], answer,
                                         t->record.amount_minor, &t->outcome.approved_minor);
    if (state != STATE_APPROVED) {
        t->outcome.auth[0] = '\0';
    }
    if (state == STATE_UNKNOWN) {
        t->outcome.passed_count = 0;
        /* A terminal is not told what it may take for an approval. */
        if (strlen(t->outcome.code) != 2 || code_approves(t->outcome.code)) {
            memcpy(t->outcome.code, "96", 3);
        }
        return DECLINE; /* still ASKED: UNKNOWN, and a reversal */
    }
    t->phase = PHASE_JUDGED;
    t->outcome.state = (uint8_t)state;
    if (state == STATE_APPROVED && !code_approves(t->outcome.code)) {
        memcpy(t->outcome.code, "00", 3); /* a code of this issuer's own, unknown to terminals */
    }
    return GO;
}
