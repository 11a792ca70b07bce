/* The network of a world: connections that delay, lose their rest when they are cut, and overtake
 * one another, but keep the order within one. */
#include <stdio.h>

#include "tests/sim/world.h"

enum { FRAMES_SURVIVE_PERMILLE = 500, TPDU_COUNT = 5 };

static int64_t draw_delay(struct world *world, uint32_t usual_ms, uint32_t slow, int64_t slow_ms)
{
    struct dice *dice = &world->dice_net;
    bool is_slow = dice_hits(dice, slow);
    int64_t delay_ms = dice_between(dice, 0, usual_ms);
    int64_t more_ms = dice_between(dice, 1000, slow_ms);
    return delay_ms + (is_slow ? more_ms : 0);
}

/* When a frame arrives that is sent now: not before the one sent before it. */
static int64_t queue_behind(struct world *world, int64_t *last_ms, int64_t delay_ms)
{
    int64_t at_ms = world->now_ms + delay_ms;
    *last_ms = at_ms > *last_ms ? at_ms : *last_ms;
    return *last_ms - world->now_ms;
}

/* --- Terminals -------------------------------------------------------------------------------- */

static struct wire *wire_at(struct world *world, uint64_t conn)
{
    CHECK(conn >= 1 && conn <= world->wire_count);
    return &world->wires[conn - 1];
}

/* The TPDU of a connection's messages, on the listener that has one. */
static struct span tpdu_of(uint64_t conn, uint16_t listener, uint8_t out[TPDU_COUNT])
{
    memset(out, 0x60, TPDU_COUNT);
    be32_put(out + 1, (uint32_t)conn);
    return listener == 1 ? span_make(out, TPDU_COUNT) : SPAN_NONE;
}

static uint16_t listener_of(uint16_t terminal)
{
    return terminal % PLAN_LISTENERS;
}

size_t net_connect(struct world *world, uint16_t terminal)
{
    world->wires =
        world_grow(world->wires, world->wire_count, &world->wire_cap, sizeof *world->wires);
    world->wires[world->wire_count++] =
        (struct wire){.open = true, .life = world->life, .terminal = terminal};
    world->newest[terminal] = world->wire_count;
    return world->wire_count;
}

static void closed_arrives(struct world *world, const struct task *task)
{
    struct wire *wire = wire_at(world, task->a);
    struct event event = {.kind = EV_TERMINAL_CLOSED};
    wire->open = false;
    wire->told_closed = true;
    if (world->up && wire->life == world->life) {
        event.u.terminal.conn = task->a;
        event.u.terminal.listener = listener_of(wire->terminal);
        world_feed(world, &event);
    }
}

/* What is on its way to the switch still arrives, or is lost with the connection. */
static void cut_terminal(struct world *world, size_t conn)
{
    struct wire *wire = wire_at(world, conn);
    bool abrupt = dice_hits(&world->dice_net, FRAMES_SURVIVE_PERMILLE);
    if (world->newest[wire->terminal] == conn) {
        world->newest[wire->terminal] = 0;
    }
    if (abrupt) {
        wire->open = false;
    }
    int64_t wait_ms = queue_behind(world, &wire->up_ms, 0);
    world_later(world, abrupt ? 0 : wait_ms, closed_arrives, conn, 0, SPAN_NONE);
}

bool net_stands(const struct world *world, size_t conn)
{
    const struct wire *wire = &world->wires[conn - 1];
    return wire->life == world->life && !wire->told_closed;
}

static void hangs_up(struct world *world, const struct task *task)
{
    if (wire_at(world, task->a)->open) {
        cut_terminal(world, (size_t)task->a);
    }
}

void net_hang_up(struct world *world, uint16_t terminal, size_t conn)
{
    int64_t wait_ms = dice_between(&world->dice_net, 0, 2000);
    conn = conn == 0 ? world->newest[terminal] : conn;
    if (conn != 0) {
        world_later(world, wait_ms, hangs_up, conn, 0, SPAN_NONE);
    }
}

static void terminal_frame_arrives(struct world *world, const struct task *task)
{
    const struct wire *wire = wire_at(world, task->a);
    uint8_t tpdu[TPDU_COUNT];
    if (!wire->open || !world->up || wire->life != world->life) {
        return;
    }
    struct event event = {.kind = EV_TERMINAL_FRAME};
    event.u.terminal.conn = task->a;
    event.u.terminal.listener = listener_of(wire->terminal);
    event.u.terminal.tpdu = tpdu_of(task->a, event.u.terminal.listener, tpdu);
    event.u.terminal.message = span_make(task->bytes, task->len);
    world_feed(world, &event);
}

void net_terminal_sends(struct world *world, uint16_t terminal, size_t conn, struct span message)
{
    const struct rates *rates = &world->plan.rates;
    if (conn == 0) {
        conn = world->newest[terminal];
    }
    if (conn == 0 || !wire_at(world, conn)->open || wire_at(world, conn)->life != world->life) {
        conn = net_connect(world, terminal);
    }
    if (!world->up) {
        return; /* refused; the terminal will try again */
    }
    bool lost = dice_hits(&world->dice_net, rates->terminal_cut);
    int64_t delay_ms = draw_delay(world, rates->terminal_ms, rates->terminal_slow, 15000);
    if (lost) {
        cut_terminal(world, conn);
        return;
    }
    int64_t wait_ms = queue_behind(world, &wire_at(world, conn)->up_ms, delay_ms);
    world_later(world, wait_ms, terminal_frame_arrives, conn, 0, message);
}

static void answer_arrives(struct world *world, const struct task *task)
{
    const struct wire *wire = wire_at(world, task->a);
    /* What a switch wrote before it died may still be delivered. */
    bool survives = dice_hits(&world->dice_net, FRAMES_SURVIVE_PERMILLE);
    if (wire->open || (wire->life != world->life && survives)) {
        terminals_hear(world, wire->terminal, task->a, span_make(task->bytes, task->len));
    }
}

void net_switch_sends_terminal(struct world *world, uint64_t conn, struct span tpdu,
                               struct span message)
{
    const struct rates *rates = &world->plan.rates;
    uint8_t expected[TPDU_COUNT];
    struct wire *wire = wire_at(world, conn);
    if (!span_equal(tpdu, tpdu_of(conn, listener_of(wire->terminal), expected))) {
        world_fail(world, "I2", "an answer without the TPDU of its request");
    }
    bool lost = dice_hits(&world->dice_net, rates->terminal_cut);
    int64_t delay_ms = draw_delay(world, rates->terminal_ms, rates->terminal_slow, 15000);
    if (!wire->open) {
        return;
    }
    if (lost) {
        cut_terminal(world, (size_t)conn);
        return;
    }
    int64_t wait_ms = queue_behind(world, &wire->down_ms, delay_ms);
    world_later(world, wait_ms, answer_arrives, conn, 0, message);
}

/* --- Issuers ---------------------------------------------------------------------------------- */

static void dial(struct world *world, const struct task *task)
{
    struct link_wire *wire = &world->links[task->a];
    if (task->b != world->life || !world->up || wire->open) {
        return;
    }
    wire->open = true;
    wire->epoch++;
    wire->up_ms = world->now_ms;
    wire->down_ms = world->now_ms;
    struct event event = {.kind = EV_ISSUER_OPENED};
    event.u.issuer.link = (uint16_t)task->a;
    world_feed(world, &event);
}

static void dial_later(struct world *world, uint16_t link)
{
    int64_t wait_ms = dice_between(&world->dice_net, 200, world->faults ? 8000 : 400);
    world_later(world, wait_ms, dial, link, world->life, SPAN_NONE);
}

void net_dial_all(struct world *world)
{
    for (uint32_t i = 0; i < world->settings.link_count; i++) {
        dial_later(world, (uint16_t)i);
    }
}

static void link_closed_arrives(struct world *world, const struct task *task)
{
    if (task->b == world->life && world->up) {
        struct event event = {.kind = EV_ISSUER_CLOSED};
        event.u.issuer.link = (uint16_t)task->a;
        world_feed(world, &event);
        if (task->b == world->life && world->up) {
            dial_later(world, (uint16_t)task->a);
        }
    }
}

void net_cut_link(struct world *world, uint16_t link)
{
    struct link_wire *wire = &world->links[link];
    if (wire->open) {
        wire->open = false;
        world_later(world, 0, link_closed_arrives, link, world->life, SPAN_NONE);
    }
}

static void request_arrives(struct world *world, const struct task *task)
{
    const struct link_wire *wire = &world->links[task->a];
    bool current = wire->open && wire->epoch == task->b;
    /* What was written before a cut may lie in the peer's buffer, and be read. */
    bool survives = dice_hits(&world->dice_net, FRAMES_SURVIVE_PERMILLE);
    if (!current) {
        issuer_was_cut(world, (uint16_t)task->a, span_make(task->bytes, task->len));
    }
    if (current || survives) {
        issuer_hears(world, (uint16_t)task->a, (uint32_t)task->b,
                     span_make(task->bytes, task->len));
    }
}

void net_switch_sends_issuer(struct world *world, uint16_t link, struct span message)
{
    const struct rates *rates = &world->plan.rates;
    struct link_wire *wire = &world->links[link];
    if (!wire->open) {
        return;
    }
    bool lost = dice_hits(&world->dice_net, rates->link_cut);
    int64_t delay_ms = draw_delay(world, rates->link_ms, rates->link_slow, 20000);
    int64_t wait_ms = queue_behind(world, &wire->up_ms, delay_ms);
    world_later(world, wait_ms, request_arrives, link, wire->epoch, message);
    if (lost) {
        net_cut_link(world, link);
    }
}

static void issuer_frame_arrives(struct world *world, const struct task *task)
{
    const struct link_wire *wire = &world->links[task->a];
    if (!wire->open || wire->epoch != task->b || !world->up) {
        return;
    }
    net_issuer_delivers(world, (uint16_t)task->a, span_make(task->bytes, task->len));
}

void net_issuer_sends(struct world *world, uint16_t link, uint32_t epoch, struct span message)
{
    const struct rates *rates = &world->plan.rates;
    struct link_wire *wire = &world->links[link];
    if (!wire->open || wire->epoch != epoch) {
        return;
    }
    bool lost = dice_hits(&world->dice_net, rates->link_cut);
    int64_t delay_ms = draw_delay(world, rates->link_ms, rates->link_slow, 20000);
    if (lost) {
        net_cut_link(world, link);
        return;
    }
    int64_t wait_ms = queue_behind(world, &wire->down_ms, delay_ms);
    world_later(world, wait_ms, issuer_frame_arrives, link, epoch, message);
}

bool net_issuer_delivers(struct world *world, uint16_t link, struct span message)
{
    if (!world->links[link].open || !world->up) {
        return false;
    }
    issuer_got_through(world, link, message);
    struct event event = {.kind = EV_ISSUER_FRAME};
    event.u.issuer.link = link;
    event.u.issuer.message = message;
    world_feed(world, &event);
    return true;
}

/* The switch is dead: so are all its connections, though frames that it wrote may still arrive. */
void net_crash(struct world *world)
{
    for (size_t i = 0; i < world->wire_count; i++) {
        world->wires[i].open = false;
    }
    memset(world->newest, 0, sizeof world->newest);
    for (uint32_t i = 0; i < PLAN_LINKS_MAX; i++) {
        world->links[i].open = false;
    }
}
