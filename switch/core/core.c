#include "switch/core/core.h"

#include "switch/core/core_state.h"

/* Room that one transaction's movement may take; expiry stops short of it and is called again. */
enum { ACTIONS_PER_MOVE = 16, BYTES_PER_MOVE = 4 * FRAME_LEN_MAX };

static size_t align16(size_t n)
{
    return (n + 15) & ~(size_t)15;
}

static uint32_t slot_count(const struct core_settings *settings)
{
    return settings->slots_max + settings->issuer_count * settings->reversals_max + 1;
}

static struct link_rules rules_of(const struct link_settings *link)
{
    return (struct link_rules){link->dialect, link->answer_ms, link->echo_ms, link->pending_max};
}

size_t core_memory(const struct core_settings *settings)
{
    uint32_t slots = slot_count(settings);
    size_t bytes = align16(sizeof(struct core)) + align16(slots * sizeof(struct txn)) +
                   align16(map_memory(slots, 8)) +
                   align16(settings->issuer_count * sizeof(struct issuer)) +
                   align16(settings->link_count * sizeof(struct link)) +
                   align16(settings->link_count * sizeof(struct lane));
    for (uint32_t i = 0; i < settings->link_count; i++) {
        struct link_rules rules = rules_of(&settings->links[i]);
        bytes += align16(link_memory(&rules));
    }
    return bytes;
}

static void *carve(uint8_t **at, size_t bytes)
{
    void *out = *at;
    *at += align16(bytes);
    return out;
}

static void init_links(struct core *core, uint8_t **at)
{
    const struct core_settings *settings = core->settings;
    for (uint32_t i = 0; i < settings->link_count; i++) {
        struct link_rules rules = rules_of(&settings->links[i]);
        struct issuer *issuer = &core->issuers[settings->links[i].issuer];
        link_init(&core->links[i], &rules, carve(at, link_memory(&rules)));
        lane_init(&core->link_lanes[i]);
        CHECK(issuer->link_count < LINKS_PER_ISSUER_MAX);
        issuer->links[issuer->link_count++] = &core->links[i];
    }
}

struct core *core_init(void *memory, const struct core_settings *settings, int64_t wall_ms)
{
    CHECK(settings->slots_reserved < settings->slots_max);
    uint8_t *at = memory;
    uint32_t slots = slot_count(settings);
    struct core *core = carve(&at, sizeof *core);
    core->settings = settings;
    core->start_wall_ms = wall_ms;
    core->random = settings->seed;
    slab_init(&core->slab, carve(&at, slots * sizeof(struct txn)), slots);
    map_init(&core->by_seq, carve(&at, map_memory(slots, 8)), slots, 8);
    core->issuers = carve(&at, settings->issuer_count * sizeof *core->issuers);
    core->links = carve(&at, settings->link_count * sizeof *core->links);
    core->link_lanes = carve(&at, settings->link_count * sizeof *core->link_lanes);
    lane_init(&core->hsm_lane);
    lane_init(&core->reversal_lane);
    lane_init(&core->retry_lane);
    for (uint32_t i = 0; i < settings->issuer_count; i++) {
        core->issuers[i].settings = &settings->issuers[i];
        core->issuers[i].pump.sweep_ms = INT64_MAX;
    }
    stans_init(&core->stans, settings->stan_first, settings->stan_last);
    init_links(core, &at);
    core->spare = slab_acquire(&core->slab);
    return core;
}

void core_resume_stan(struct core *core, uint32_t stan)
{
    struct stans *stans = &core->stans;
    if (stan >= stans->first && stan < stans->last) {
        stans->next = stan + 1;
    }
}

struct action *core_act(struct core *core, enum action_kind kind)
{
    CHECK(core->out->count < ACTIONS_MAX);
    struct action *action = &core->out->list[core->out->count++];
    action->kind = kind;
    return action;
}

bool core_has_room(const struct core *core)
{
    return core->out->count + ACTIONS_PER_MOVE <= ACTIONS_MAX &&
           core->out->bytes.cap - core->out->bytes.len >= BYTES_PER_MOVE;
}

void core_alarm(struct core *core, enum alarm alarm, const char *subject, int64_t number)
{
    struct action *action = core_act(core, ACT_ALARM);
    action->u.alarm.alarm = alarm;
    action->u.alarm.number = number;
    TEXT_SET(action->u.alarm.subject, span_text(subject));
}

uint8_t *core_bytes(struct core *core, size_t len)
{
    uint8_t *at = writer_room(&core->out->bytes, len);
    CHECK(at != NULL);
    return at;
}

/* splitmix64: good enough for jitter, and the same everywhere. */
uint64_t core_random(struct core *core)
{
    core->random += 0x9E3779B97F4A7C15ull;
    uint64_t z = core->random;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ z >> 27) * 0x94D049BB133111EBull;
    return z ^ z >> 31;
}

struct book_request *core_store(struct core *core, const struct txn *t, enum book_op op,
                                enum event_kind question)
{
    struct book_request *ask = &core_act(core, ACT_STORE)->u.book;
    memset(ask, 0, sizeof *ask);
    ask->op = op;
    ask->ref = token_make(t, question);
    ask->wall_ms = core->wall_ms;
    return ask;
}

struct hsm_command *core_hsm(struct core *core, const struct txn *t, uint16_t code,
                             enum event_kind question)
{
    struct action *action = core_act(core, ACT_ASK_HSM);
    memset(&action->u.hsm, 0, sizeof action->u.hsm);
    action->u.hsm.token = token_make(t, question);
    action->u.hsm.question = (uint8_t)question;
    action->u.hsm.command.code = code;
    return &action->u.hsm.command;
}

static bool give_stan(struct stans *stans, const char *text)
{
    uint64_t stan;
    if (span_number(span_text(text), &stan) != 0) {
        return false;
    }
    stans_free(stans, (uint32_t)stan);
    return true;
}

void stans_give_back(struct core *core, struct txn *t)
{
    if (t->route.stans_held) {
        give_stan(&core->stans, t->record.link_stan);
        give_stan(&core->stans, t->record.reversal_stan);
    }
    t->route.stans_held = false;
}

/* An answer of the HSM or the store: it moves only the transaction that asked, and only while that
 * waits for this kind of answer. */
static void resume(struct core *core, uint64_t token, const struct event *event)
{
    struct txn *t = slab_find(&core->slab, token);
    if (t != NULL && t->awaits == event->kind && token_question(token) == event->kind) {
        txn_resume(core, t, event);
    }
}

/* A reversal arrived while its original is open: it may not be asked any more, nor answered. */
static void mark(struct core *core, uint64_t seq)
{
    uint8_t key[8];
    uint32_t slot;
    be64_put(key, seq);
    if (seq != 0 && map_find(&core->by_seq, key, &slot)) {
        core->slab.slots[slot].marked = true;
    }
}

static void store_answered(struct core *core, const struct event *event)
{
    const struct book_answer *answer = event->u.book;
    mark(core, answer->marked_seq);
    switch (event->kind) {
    case EV_REVERSAL_DUE:
        pump_row(core, answer);
        break;
    case EV_DRAW_ENDED:
        pump_end(core, answer);
        break;
    case EV_NOTED:
        break;
    default:
        resume(core, answer->ref, event);
        break;
    }
    if (answer->due_added) {
        pump_wake(core, answer->due_issuer);
    }
}

static void terminal_closed(struct core *core, uint64_t conn)
{
    const struct core_settings *settings = core->settings;
    bool matters = false;
    for (uint32_t i = 0; i < settings->group_count; i++) {
        matters = matters || settings->groups[i].lost_answer_reverse;
    }
    for (uint32_t i = 0; matters && i < core->slab.count; i++) {
        struct txn *t = &core->slab.slots[i];
        if (t->generation % 2 == 1 && t->intake.conn == conn && t->intake.terminal >= 0) {
            t->intake.conn_lost = true;
        }
    }
}

static void issuer_closed(struct core *core, uint16_t index)
{
    struct link *link = &core->links[index];
    if (link->state != LINK_IS_DOWN) {
        link_closed(link, core->now_ms);
        core_alarm(core, ALARM_LINK_DOWN, core->settings->links[index].name, link->pending.count);
    }
    lane_expire(&core->link_lanes[index], core->now_ms);
    struct list *node = core->reversal_lane.head.next;
    while (node != &core->reversal_lane.head) {
        struct txn *t = LIST_OWNER(node, struct txn, wait);
        node = node->next;
        if (t->route.link == index) {
            lane_hurry(&core->reversal_lane, t, core->now_ms);
        }
    }
}

static void hold_stan(struct core *core, const char *text)
{
    uint64_t stan;
    if (span_number(span_text(text), &stan) == 0) {
        stans_hold(&core->stans, (uint32_t)stan);
    }
}

/* The STANs of what is UNKNOWN are in use, and a late answer to what is due or REVERSED must find
 * it. */
static void recovered_due(struct core *core, const struct record *record)
{
    int issuer = issuer_by_name(core, record->issuer);
    int link = link_by_name(core, record->link);
    if (issuer < 0) {
        return;
    }
    if (record->state == STATE_UNKNOWN) {
        hold_stan(core, record->link_stan);
        hold_stan(core, record->reversal_stan);
    }
    if (link >= 0) {
        struct pair_key key =
            pair_key_make(record->mti >> 8 & 15u, record->link_stan, record->link_de7, record->rrn);
        link_forget(&core->links[link], &key, record->seq);
    }
    if (record->state != STATE_REVERSED) {
        core->issuers[issuer].pump.more = true;
    }
}

static void expire(struct core *core, struct lane *lane)
{
    while (core_has_room(core) && lane_deadline_ms(lane) <= core->now_ms) {
        txn_expire(core, lane_first(lane));
    }
}

static void ticked(struct core *core)
{
    expire(core, &core->hsm_lane);
    expire(core, &core->reversal_lane);
    expire(core, &core->retry_lane);
    for (uint32_t i = 0; i < core->settings->issuer_count; i++) {
        if (core_has_room(core)) {
            pump_tick(core, i);
        }
    }
    for (uint32_t i = 0; i < core->settings->link_count; i++) {
        expire(core, &core->link_lanes[i]);
        if (core_has_room(core)) {
            network_need(core, (uint16_t)i, link_tick(&core->links[i], core->now_ms));
        }
    }
}

static void order_link(struct core *core, const struct event *event)
{
    uint16_t index = event->u.issuer.link;
    enum link_wish wish = event->u.issuer.wish;
    network_need(
        core, index,
        link_order(&core->links[index], wish != LINK_DOWN, wish == LINK_DRAIN, core->now_ms));
}

void core_step(struct core *core, const struct event *event, struct actions *out)
{
    out->count = 0;
    out->bytes = writer_make(out->buffer, sizeof out->buffer);
    core->out = out;
    core->now_ms = event->now_ms;
    core->wall_ms = event->wall_ms;
    core->now_us = event->now_us;
    switch (event->kind) {
    case EV_TERMINAL_FRAME:
        intake_terminal(core, event);
        break;
    case EV_TERMINAL_CLOSED:
        terminal_closed(core, event->u.terminal.conn);
        break;
    case EV_ISSUER_OPENED:
        network_need(core, event->u.issuer.link,
                     link_opened(&core->links[event->u.issuer.link], core->now_ms));
        break;
    case EV_ISSUER_FRAME:
        intake_issuer(core, event);
        break;
    case EV_ISSUER_CLOSED:
        issuer_closed(core, event->u.issuer.link);
        break;
    case EV_MAC_CHECKED:
    case EV_PIN_CHECKED:
    case EV_ANSWER_SIGNED:
        resume(core, event->u.hsm.token, event);
        break;
    case EV_RECOVERED_DUE:
        recovered_due(core, event->u.record);
        break;
    case EV_LINK_ORDERED:
        order_link(core, event);
        break;
    case EV_TICKED:
        ticked(core);
        break;
    default:
        store_answered(core, event);
        break;
    }
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t core_deadline_ms(const struct core *core)
{
    int64_t deadline = lane_deadline_ms(&core->hsm_lane);
    deadline = earlier(deadline, lane_deadline_ms(&core->reversal_lane));
    deadline = earlier(deadline, lane_deadline_ms(&core->retry_lane));
    for (uint32_t i = 0; i < core->settings->issuer_count; i++) {
        deadline = earlier(deadline, core->issuers[i].pump.sweep_ms);
    }
    for (uint32_t i = 0; i < core->settings->link_count; i++) {
        deadline = earlier(deadline, lane_deadline_ms(&core->link_lanes[i]));
        deadline = earlier(deadline, link_deadline_ms(&core->links[i]));
    }
    return deadline;
}

void core_reload(struct core *core, const struct core_settings *settings)
{
    CHECK(settings->issuer_count == core->settings->issuer_count);
    CHECK(settings->link_count == core->settings->link_count);
    core->settings = settings;
    for (uint32_t i = 0; i < settings->issuer_count; i++) {
        core->issuers[i].settings = &settings->issuers[i];
    }
}

void core_drain(struct core *core, bool draining)
{
    core->draining = draining;
}

struct core_figures core_figures(const struct core *core)
{
    uint32_t spare = 1;
    return (struct core_figures){.terminal_slots = core->terminal_slots,
                                 .slots_used = core->slab.used - spare,
                                 .slots_free = core->slab.count - core->slab.used,
                                 .slots_peak = core->slab.peak - spare};
}

struct link_figures core_link_figures(const struct core *core, uint16_t index)
{
    const struct link *link = &core->links[index];
    const struct issuer *issuer = &core->issuers[core->settings->links[index].issuer];
    return (struct link_figures){.state = link_state_name(link->state),
                                 .since_ms = link->since_ms,
                                 .pending = link->pending.count,
                                 .reversals = issuer->pump.in_flight,
                                 .sent = link->sent,
                                 .answered = link->answered,
                                 .timed_out = link->timed_out,
                                 .late = link->late_count,
                                 .unmatched = link->unmatched};
}

uint32_t core_reversals(const struct core *core, struct core_reversal *out, uint32_t max)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < core->slab.count && count < max; i++) {
        const struct txn *t = &core->slab.slots[i];
        bool is_used = t->generation % 2 == 1;
        if (is_used && t->reverse.due_seq != 0) {
            out[count++] = (struct core_reversal){t->reverse.due_seq, t->reverse.tries};
        }
    }
    return count;
}
