/* The pump of our reversals: due rows are drawn from the store in order, at most a window an
 * issuer, when a link of it is signed on. So a dead issuer fills the disk and not the slab, and a
 * restart needs no special case. Dead letters are out of that order: they are swept, one try each,
 * at a sign-on and some time after one became a dead letter or remained it. */
#include "switch/core/core_state.h"

enum { DEAD_SHARE = 4 }; /* of the window, at most one in so many is a dead letter */

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

/* Ask the book for the next rows: living ones, or dead letters. */
static void draw(struct core *core, uint32_t index, bool dead, uint32_t count)
{
    struct issuer *issuer = &core->issuers[index];
    struct book_request *ask = &core_act(core, ACT_STORE)->u.book;
    memset(ask, 0, sizeof *ask);
    ask->op = BOOK_DRAW;
    ask->ref = index;
    ask->wall_ms = core->wall_ms;
    TEXT_SET(ask->issuer, span_text(issuer->settings->name));
    ask->after_due_seq = dead ? issuer->pump.dead_cursor : issuer->pump.cursor;
    ask->dead = dead;
    ask->count_max = count;
    issuer->pump.drawing = true;
    issuer->pump.drawing_dead = dead;
    issuer->pump.asked = count;
}

/* The living first; dead letters have a share of the window, so that they hold up nobody. */
void pump_run(struct core *core, uint32_t index)
{
    struct issuer *issuer = &core->issuers[index];
    uint32_t room = core->settings->reversals_max - issuer->pump.in_flight;
    uint32_t dead_max = core->settings->reversals_max / DEAD_SHARE + 1;
    if (issuer->pump.drawing || room == 0 || !has_link(issuer)) {
        return;
    }
    if (issuer->pump.more) {
        issuer->pump.more = false;
        draw(core, index, false, room);
    } else if (issuer->pump.sweeping && issuer->pump.dead_in_flight < dead_max) {
        uint32_t dead_room = dead_max - issuer->pump.dead_in_flight;
        draw(core, index, true, dead_room < room ? dead_room : room);
    }
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
    if (issuer->pump.drawing_dead) {
        issuer->pump.dead_in_flight++;
        t->reverse.was_dead = true;
    }
    t->kind = kind_pumped();
    t->record = answer->record;
    t->phase = PHASE_CLOSED;
    t->route.issuer = (int32_t)answer->ref;
    t->route.issuer_of_pump = (int32_t)answer->ref;
    t->reverse.due_seq = answer->due_seq;
    t->reverse.tries = answer->due_tries;
    txn_start(core, t, flow_reversal);
}

/* A draw ends when it has its count, or at the end of the book: then there is no more for now. */
void pump_end(struct core *core, const struct book_answer *answer)
{
    struct issuer *issuer = &core->issuers[answer->ref];
    bool limited = issuer->pump.asked == 0;
    issuer->pump.drawing = false;
    if (issuer->pump.drawing_dead) {
        issuer->pump.dead_cursor = answer->due_seq;
        issuer->pump.sweeping = limited;
    } else {
        issuer->pump.cursor = answer->due_seq;
        issuer->pump.more = issuer->pump.more || limited;
    }
    pump_run(core, (uint32_t)answer->ref);
}

void pump_done(struct core *core, struct txn *t)
{
    struct issuer *issuer = &core->issuers[t->route.issuer_of_pump];
    CHECK(issuer->pump.in_flight > 0);
    issuer->pump.in_flight--;
    if (t->reverse.was_dead) {
        CHECK(issuer->pump.dead_in_flight > 0);
        issuer->pump.dead_in_flight--;
    }
    pump_run(core, (uint32_t)t->route.issuer_of_pump);
}

/* Every dead letter is tried once. A sweep that has not ended goes on; while one of its letters is
 * in flight none begins, so that no letter is in flight twice. */
static void sweep(struct core *core, uint32_t index)
{
    struct issuer *issuer = &core->issuers[index];
    bool busy = issuer->pump.dead_in_flight > 0 ||
                (issuer->pump.drawing && issuer->pump.drawing_dead) || issuer->pump.sweeping;
    issuer->pump.sweep_ms = busy ? core->now_ms + core->settings->retry_first_ms : INT64_MAX;
    if (!busy) {
        issuer->pump.sweeping = true;
        issuer->pump.dead_cursor = 0;
    }
}

void pump_died(struct core *core, const struct txn *t)
{
    struct issuer *issuer = &core->issuers[t->route.issuer_of_pump];
    int64_t again_ms = core->now_ms + core->settings->dead_retry_ms;
    issuer->pump.sweep_ms = again_ms < issuer->pump.sweep_ms ? again_ms : issuer->pump.sweep_ms;
}

void pump_tick(struct core *core, uint32_t index)
{
    if (core->issuers[index].pump.sweep_ms <= core->now_ms) {
        sweep(core, index);
        pump_run(core, index);
    }
}

void pump_hurry(struct core *core, uint32_t index)
{
    struct list *node = core->retry_lane.head.next;
    while (node != &core->retry_lane.head) {
        struct txn *t = LIST_OWNER(node, struct txn, wait);
        node = node->next;
        if (t->route.issuer_of_pump == (int32_t)index) {
            t->reverse.backoff = 0;
            lane_hurry(&core->retry_lane, t, core->now_ms);
        }
    }
    core->issuers[index].pump.more = true;
    sweep(core, index);
    pump_run(core, index);
}
