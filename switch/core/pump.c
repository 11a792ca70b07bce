/* The pump of our reversals: due rows are drawn from the store in order, at most a window an
 * issuer, when a link of it is signed on. So a dead issuer fills the disk and not the slab, and a
 * restart needs no special case. */
#include "switch/core/core_state.h"

int issuer_by_name(const struct core *core, const char *name)
{
    for (uint32_t i = 0; i < core->settings->issuer_count; i++) {
        if (strcmp(core->settings->issuers[i].name, name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

int link_by_name(const struct core *core, const char *name)
{
    for (uint32_t i = 0; i < core->settings->link_count; i++) {
        if (strcmp(core->settings->links[i].name, name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static bool has_link(const struct issuer *issuer)
{
    for (uint32_t i = 0; i < issuer->link_count; i++) {
        if (issuer->links[i]->state >= LINK_IS_SIGNED_ON) {
            return true;
        }
    }
    return false;
}

void pump_run(struct core *core, uint32_t index)
{
    struct issuer *issuer = &core->issuers[index];
    uint32_t window = core->settings->reversals_max;
    if (!issuer->pump.more || issuer->pump.drawing || issuer->pump.in_flight >= window ||
        !has_link(issuer)) {
        return;
    }
    struct book_request *ask = &core_act(core, ACT_STORE)->u.book;
    memset(ask, 0, sizeof *ask);
    ask->op = BOOK_DRAW;
    ask->ref = index;
    ask->wall_ms = core->wall_ms;
    TEXT_SET(ask->issuer, span_text(issuer->settings->name));
    ask->after_due_seq = issuer->pump.cursor;
    ask->count_max = window - issuer->pump.in_flight;
    issuer->pump.drawing = true;
    issuer->pump.more = false;
    issuer->pump.asked = ask->count_max;
}

void pump_wake(struct core *core, const char *issuer_name)
{
    int index = issuer_by_name(core, issuer_name);
    if (index >= 0) {
        core->issuers[index].pump.more = true;
        pump_run(core, (uint32_t)index);
    }
}

void pump_row(struct core *core, const struct book_answer *answer)
{
    struct issuer *issuer = &core->issuers[answer->ref];
    struct txn *t = slab_acquire(&core->slab);
    CHECK(t != NULL && issuer->pump.in_flight < core->settings->reversals_max);
    issuer->pump.in_flight++;
    issuer->pump.asked--;
    issuer->pump.cursor = answer->due_seq;
    t->kind = kind_pumped();
    t->record = answer->record;
    t->phase = PHASE_CLOSED;
    t->route.issuer = (int32_t)answer->ref;
    t->route.issuer_of_pump = (int32_t)answer->ref;
    t->reverse.due_seq = answer->due_seq;
    t->reverse.tries = answer->due_tries;
    txn_start(core, t, flow_reversal);
}

void pump_end(struct core *core, const struct book_answer *answer)
{
    struct issuer *issuer = &core->issuers[answer->ref];
    issuer->pump.drawing = false;
    if (issuer->pump.asked == 0) {
        issuer->pump.more = true; /* the draw was limited by its window, not by the book */
    }
    pump_run(core, (uint32_t)answer->ref);
}

void pump_done(struct core *core, struct txn *t)
{
    struct issuer *issuer = &core->issuers[t->route.issuer_of_pump];
    CHECK(issuer->pump.in_flight > 0);
    issuer->pump.in_flight--;
    pump_run(core, (uint32_t)t->route.issuer_of_pump);
}

void pump_hurry(struct core *core, uint32_t index)
{
    struct list *node = core->retry_lane.head.next;
    while (node != &core->retry_lane.head) {
        struct txn *t = LIST_OWNER(node, struct txn, wait);
        node = node->next;
        if (t->route.issuer_of_pump == (int32_t)index) {
            t->reverse.agains = 0;
            lane_hurry(&core->retry_lane, t, core->now_ms);
        }
    }
    core->issuers[index].pump.more = true;
    pump_run(core, index);
}
