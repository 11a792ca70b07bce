/* Intake: frames become transactions, answers find theirs. */
#include "iso8583/edition.h"
#include "iso8583/mti.h"
#include "switch/core/core_state.h"
#include "switch/core/outbound.h"
#include "switch/core/outcome.h"

#include <stdlib.h>

static int compare_id(const void *key, const void *row)
{
    return memcmp(key, ((const struct terminal_settings *)row)->id, 8);
}

static int32_t find_terminal(const struct core *core, struct span id)
{
    const struct core_settings *settings = core->settings;
    if (id.len != 8) {
        return -1;
    }
    const struct terminal_settings *found =
        bsearch(id.ptr, settings->terminals, settings->terminal_count, sizeof *settings->terminals,
                compare_id);
    return found == NULL ? -1 : (int32_t)(found - settings->terminals);
}

/* Copy the frame into the slot and read it there: its views live as long as the slot. */
static int read_frame(struct core *core, struct txn *t, const struct event *event,
                      struct iso_error *error)
{
    const struct listener_settings *listener =
        &core->settings->listeners[event->u.terminal.listener];
    struct span message = event->u.terminal.message;
    struct span tpdu = event->u.terminal.tpdu;
    if (message.len > FRAME_LEN_MAX) {
        return ERR_LENGTH;
    }
    memcpy(t->bytes, message.ptr, message.len);
    t->intake.frame_len = message.len;
    t->intake.conn = event->u.terminal.conn;
    t->intake.listener = event->u.terminal.listener;
    t->intake.tpdu_len = (uint8_t)(tpdu.len < TPDU_LEN ? tpdu.len : TPDU_LEN);
    if (t->intake.tpdu_len != 0) {
        memcpy(t->intake.tpdu, tpdu.ptr, t->intake.tpdu_len);
    }
    struct writer scratch = writer_make(t->bytes + message.len, sizeof t->bytes - message.len);
    int result = edition_read(listener->dialect, span_make(t->bytes, message.len), &scratch,
                              &t->intake.msg, error);
    t->bytes_len = message.len + scratch.len;
    t->intake.repeat_mark = mti_is_repeat(t->intake.msg.mti);
    return result;
}

/* A message without the fields that an answer needs. What does not even decode is held against its
 * connection; what only lacks them is not. */
static void unanswerable(struct core *core, const struct txn *t, int decoded)
{
    const char *listener = core->settings->listeners[t->intake.listener].name;
    if (decoded == 0) {
        core_alarm(core, ALARM_MESSAGE_INCOMPLETE, listener, t->intake.msg.mti);
        return;
    }
    core_alarm(core, ALARM_MESSAGE_UNREADABLE, listener, (int64_t)t->intake.frame_len);
    struct action *action = core_act(core, ACT_UNREADABLE);
    action->u.terminal.conn = t->intake.conn;
    action->u.terminal.listener = t->intake.listener;
    action->u.terminal.tpdu = SPAN_NONE;
    action->u.terminal.message = SPAN_NONE;
}

/* Whose id it is that nobody told us of: "pos/T0000099". Staff read it, so it is made printable. */
static void alarm_unknown(struct core *core, const char *listener, struct span terminal)
{
    char subject[48];
    struct writer out = writer_make(subject, sizeof subject - 1);
    writer_text(&out, listener);
    writer_text(&out, "/");
    for (size_t i = 0; i < terminal.len; i++) {
        bool is_printable = terminal.ptr[i] > ' ' && terminal.ptr[i] <= '~';
        writer_u8(&out, is_printable ? terminal.ptr[i] : '?');
    }
    subject[out.len] = 0;
    core_alarm(core, ALARM_TERMINAL_UNKNOWN, subject, 0);
}

/* What can be said of a message as far as it was read (@decoded: what read_frame() returned):
 * nothing at all (false), or a refusal. */
static bool can_answer(struct core *core, struct txn *t, int decoded)
{
    const struct iso_msg *msg = &t->intake.msg;
    const struct listener_settings *listener = &core->settings->listeners[t->intake.listener];
    if (msg->mti == 0 || !iso_has(msg, 11) || !iso_has(msg, 41)) {
        unanswerable(core, t, decoded);
        return false;
    }
    if (!mti_is_request(msg->mti)) {
        core_alarm(core, ALARM_MESSAGE_UNEXPECTED, listener->name, msg->mti);
        return false;
    }
    t->intake.terminal = find_terminal(core, iso_get(msg, 41));
    if (t->intake.terminal < 0) {
        alarm_unknown(core, listener->name, iso_get(msg, 41));
        return false;
    }
    return true;
}

static void give_back(struct core *core, struct txn *t)
{
    core->terminal_slots--;
    slab_release(&core->slab, t);
}

/* No slot: 96 without slot or commit, but only where silence is not the safer answer (a repeat, or
 * a group that repeats by itself) and where an unsigned answer would be believed. */
static void overloaded(struct core *core, const struct event *event)
{
    struct iso_error error;
    struct txn *t = core->spare;
    core_alarm(core, ALARM_SLAB_FULL, core->settings->listeners[event->u.terminal.listener].name,
               core->terminal_slots);
    int decoded = read_frame(core, t, event, &error);
    if (can_answer(core, t, decoded) && decoded == 0 && !t->intake.repeat_mark &&
        !group_of(core, t)->repeats && terminal_of(core, t)->tak.text[0] == '\0') {
        memcpy(t->outcome.code, "96", 3);
        if (outbound_answer(core, t, false) == 0) {
            reply_enter(core, t);
        }
    }
    bytes_wipe(t->bytes, t->bytes_len);
    bytes_wipe(t->out, t->out_len);
    t->outcome.code[0] = '\0';
    t->intake.terminal = -1;
}

/* Advices and reversals may use the reserved slots; what it is shows in the MTI, read beforehand.
 */
static struct txn *slot_for(struct core *core, const struct event *event)
{
    struct iso_error error;
    const struct core_settings *settings = core->settings;
    if (core->terminal_slots < settings->slots_max - settings->slots_reserved) {
        return slab_acquire(&core->slab);
    }
    if (core->terminal_slots >= settings->slots_max) {
        return NULL;
    }
    int result = read_frame(core, core->spare, event, &error);
    bytes_wipe(core->spare->bytes, core->spare->bytes_len);
    const struct kind *kind =
        result == 0 ? kind_find(core->spare->intake.msg.mti, SPAN_LITERAL("00")) : NULL;
    return kind != NULL && kind->reserved ? slab_acquire(&core->slab) : NULL;
}

/* Refuse what cannot even be checked: nothing of it is recorded. */
static void refuse_early(struct core *core, struct txn *t, const char *code, const char *end)
{
    static const uint8_t flow_refuse[] = {STEP_SIGN, STEP_REPLY, STEP_END};
    memcpy(t->outcome.code, code, 3);
    t->phase = PHASE_CLOSED;
    t->end = end;
    TEXT_SET(t->record.terminal, iso_get(&t->intake.msg, 41));
    TEXT_SET(t->record.stan, iso_get(&t->intake.msg, 11));
    TEXT_SET(t->record.rrn, iso_get(&t->intake.msg, 37));
    txn_start(core, t, flow_refuse);
}

void intake_terminal(struct core *core, const struct event *event)
{
    struct iso_error error = {0};
    if (core->draining) {
        return;
    }
    struct txn *t = slot_for(core, event);
    if (t == NULL) {
        overloaded(core, event);
        return;
    }
    core->terminal_slots++;
    int result = read_frame(core, t, event, &error);
    if (!can_answer(core, t, result)) {
        give_back(core, t);
        return;
    }
    if (result != 0) {
        const struct listener_settings *listener = &core->settings->listeners[t->intake.listener];
        iso_error_text(&error, listener->dialect, t->outcome.diagnosis,
                       sizeof t->outcome.diagnosis);
        refuse_early(core, t, "30", "unreadable");
        return;
    }
    t->kind = kind_find(t->intake.msg.mti, iso_get(&t->intake.msg, 3));
    if (t->kind == NULL) {
        refuse_early(core, t, "12", "unknown kind");
        return;
    }
    txn_start(core, t, t->kind->flow);
}

/* An answer must agree with its request in what both carry: DE3, 41, 49, and DE4 unless it is a
 * partial approval. Returns 0, or the field that differs. */
static unsigned disagreement(const struct iso_msg *answer, const struct record *record)
{
    uint8_t amount[12];
    uint8_t currency[3];
    digits_put(amount, 12, (uint64_t)record->amount_minor);
    digits_put(currency, 3, record->currency);
    if (iso_has(answer, 3) && !span_equal_text(iso_get(answer, 3), record->proc)) {
        return 3;
    }
    if (iso_has(answer, 4) && !span_equal_text(iso_get(answer, 39), "10") &&
        !span_equal(iso_get(answer, 4), span_make(amount, 12))) {
        return 4;
    }
    if (iso_has(answer, 41) && !span_equal_text(iso_get(answer, 41), record->terminal)) {
        return 41;
    }
    if (iso_has(answer, 49) && record->currency != 0 &&
        !span_equal(iso_get(answer, 49), span_make(currency, 3))) {
        return 49;
    }
    return 0;
}

/* The issuer worked on request @seq after all. What it says to a reversal that was on its way at
 * that moment may be older. */
static void overtake(struct core *core, uint64_t seq)
{
    struct list *head = &core->reversal_lane.head;
    for (struct list *node = head->next; node != head; node = node->next) {
        struct txn *t = LIST_OWNER(node, struct txn, wait);
        t->reverse.overtaken = t->reverse.overtaken || t->record.seq == seq;
    }
}

static void unmatched(struct core *core, uint16_t index, const struct pair_key *key)
{
    struct link *link = &core->links[index];
    uint64_t seq;
    if (mti_class(core->answer.mti) <= 2 && link_take_late(link, key, &seq)) {
        link->late_count++;
        core_alarm(core, ALARM_ANSWER_LATE, core->settings->links[index].name, (int64_t)seq);
        struct book_request *ask = &core_act(core, ACT_STORE)->u.book;
        memset(ask, 0, sizeof *ask);
        ask->op = BOOK_LATE;
        ask->wall_ms = core->wall_ms;
        ask->seq = seq;
        TEXT_SET(ask->record.code, iso_get(&core->answer, 39));
        TEXT_SET(ask->record.auth, iso_get(&core->answer, 38));
        int64_t approved_minor;
        uint16_t issuer = core->settings->links[index].issuer;
        ask->record.state = (uint8_t)outcome_of(&core->settings->issuers[issuer], &core->answer,
                                                INT64_MAX, &approved_minor);
        overtake(core, seq);
        return;
    }
    link->unmatched++;
    core_alarm(core, ALARM_ANSWER_UNMATCHED, core->settings->links[index].name, core->answer.mti);
    stray_tell(core, index, key);
}

static void answered(struct core *core, uint16_t index)
{
    struct link *link = &core->links[index];
    struct pair_key key = pair_key_of(&core->answer);
    uint32_t slot;
    if (!map_find(&link->pending, key.bytes, &slot)) {
        unmatched(core, index, &key);
        return;
    }
    struct txn *t = &core->slab.slots[slot];
    unsigned de = disagreement(&core->answer, &t->record);
    if (de != 0) {
        core_alarm(core, ALARM_ANSWER_WRONG, core->settings->links[index].name, de);
        stray_wrong(core, index, t, de);
        return; /* as if it had not come: silence will make it UNKNOWN */
    }
    link->answered++;
    enum event_kind kind =
        mti_class(core->answer.mti) == 4 ? EV_REVERSAL_ANSWERED : EV_ISSUER_ANSWERED;
    if (t->awaits != kind) {
        unmatched(core, index, &key);
        return;
    }
    /* A reversed transaction's first answer may still come; an answered one's is done with. */
    pending_end(core, t, 0);
    struct event found = {.kind = kind, .now_ms = core->now_ms, .wall_ms = core->wall_ms};
    txn_resume(core, t, &found);
}

void intake_issuer(struct core *core, const struct event *event)
{
    uint16_t index = event->u.issuer.link;
    struct link *link = &core->links[index];
    struct iso_error error;
    struct writer scratch = writer_make(core->scratch, sizeof core->scratch);
    if (link->state == LINK_IS_DOWN) {
        return;
    }
    link_heard(link, core->now_ms);
    if (edition_read(link->rules.dialect, event->u.issuer.message, &scratch, &core->answer,
                     &error) != 0) {
        core_alarm(core, ALARM_MESSAGE_UNREADABLE, core->settings->links[index].name, error.de);
        return;
    }
    if (mti_class(core->answer.mti) == 8) {
        network_message(core, index, event->u.issuer.message);
    } else if (!mti_is_request(core->answer.mti)) {
        answered(core, index);
    } else {
        core_alarm(core, ALARM_MESSAGE_UNEXPECTED, core->settings->links[index].name,
                   core->answer.mti);
    }
}
