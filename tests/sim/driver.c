/* What switch/edge/driver.c is in the daemon: feed an event, perform its actions, in order. Here
 * each action also goes into the hash that tells whether a seed replays, and a crash may fall
 * between two of them. */
#include <stdio.h>

#include "iso8583/mti.h"
#include "switch/core/kinds.h"
#include "tests/sim/hsm.h"
#include "tests/sim/world.h"

static void hash_bytes(struct world *world, const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    uint64_t hash = world->hash;
    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ p[i]) * 0x100000001B3ull;
    }
    world->hash = (hash ^ len) * 0x100000001B3ull;
}

static void hash_number(struct world *world, uint64_t number)
{
    world->hash = (world->hash ^ number) * 0x9E3779B97F4A7C15ull;
    world->hash ^= world->hash >> 29;
}

static void hash_text(struct world *world, const char *text)
{
    hash_bytes(world, text, strlen(text));
}

static void hash_book(struct world *world, const struct book_request *ask)
{
    uint8_t bytes[RECORD_LEN_MAX];
    struct writer out = writer_make(bytes, sizeof bytes);
    int result = record_encode(&ask->record, &out);
    CHECK(result == 0);
    hash_number(world, ask->op);
    hash_number(world, ask->ref);
    hash_number(world, (uint64_t)ask->wall_ms);
    hash_bytes(world, bytes, out.len);
    hash_number(world, ask->seq);
    hash_number(world, ask->due_seq);
    hash_number(world, ask->settle);
    hash_text(world, ask->issuer);
    hash_number(world, ask->after_due_seq);
    hash_number(world, ask->count_max);
}

static void hash_action(struct world *world, const struct action *action)
{
    hash_number(world, (uint64_t)world->now_ms);
    hash_number(world, action->kind);
    switch (action->kind) {
    case ACT_SEND_TERMINAL:
        hash_number(world, action->u.terminal.conn);
        hash_bytes(world, action->u.terminal.tpdu.ptr, action->u.terminal.tpdu.len);
        hash_bytes(world, action->u.terminal.message.ptr, action->u.terminal.message.len);
        break;
    case ACT_UNREADABLE:
        hash_number(world, action->u.terminal.conn);
        break;
    case ACT_STRAY:
        hash_number(world, action->u.stray.link);
        hash_text(world, action->u.stray.stan);
        hash_number(world, action->u.stray.near_seq);
        hash_number(world, action->u.stray.differ_count);
        break;
    case ACT_SEND_ISSUER:
        hash_number(world, action->u.issuer.link);
        hash_bytes(world, action->u.issuer.message.ptr, action->u.issuer.message.len);
        break;
    case ACT_CUT_ISSUER:
        hash_number(world, action->u.issuer.link);
        break;
    case ACT_ASK_HSM:
        hash_number(world, action->u.hsm.token);
        hash_number(world, action->u.hsm.command.code);
        for (unsigned i = 0; i < HSM_ARG_COUNT; i++) {
            hash_bytes(world, action->u.hsm.command.arg[i].ptr, action->u.hsm.command.arg[i].len);
        }
        break;
    case ACT_STORE:
        hash_book(world, &action->u.book);
        break;
    case ACT_TRACE:
        hash_number(world, action->u.trace.seq);
        hash_text(world, action->u.trace.end);
        hash_text(world, action->u.trace.code);
        hash_number(world, action->u.trace.total_us);
        break;
    default:
        hash_number(world, action->u.alarm.alarm);
        hash_text(world, action->u.alarm.subject);
        hash_number(world, (uint64_t)action->u.alarm.number);
        break;
    }
}

/* I15: no run of 13 digits that could be a card number in what people will read. */
static void check_secrets(struct world *world, const char *text)
{
    size_t digits = 0;
    for (size_t i = 0; text[i] != '\0'; i++) {
        digits = byte_is_digit((uint8_t)text[i]) ? digits + 1 : 0;
        if (digits >= 13) {
            world_fail(world, "I15", "a card number in a trace or an alarm");
            return;
        }
    }
}

static void check_stray(struct world *world, const struct stray *stray)
{
    check_secrets(world, stray->stan);
    check_secrets(world, stray->rrn);
    for (uint32_t i = 0; i < stray->differ_count; i++) {
        check_secrets(world, stray->differs[i].expected);
        check_secrets(world, stray->differs[i].got);
    }
}

static void say_action(const struct world *world, const struct action *action)
{
    switch (action->kind) {
    case ACT_STORE:
        world_say(world, "    store %s seq %llu stan %s state %s code %s",
                  book_op_name(action->u.book.op),
                  (unsigned long long)(action->u.book.seq != 0 ? action->u.book.seq
                                                               : action->u.book.record.seq),
                  action->u.book.record.stan, record_state_name(action->u.book.record.state),
                  action->u.book.record.code);
        break;
    case ACT_TRACE:
        world_say(world, "    end of %s %s stan %s: %s %s pan %s", action->u.trace.kind,
                  action->u.trace.terminal, action->u.trace.stan, action->u.trace.end,
                  action->u.trace.code, action->u.trace.pan_masked);
        break;
    case ACT_ALARM:
        world_say(world, "    alarm %s %s %lld", alarm_name(action->u.alarm.alarm),
                  action->u.alarm.subject, (long long)action->u.alarm.number);
        break;
    default:
        world_say(world, "    %s", action_name(action->kind));
        break;
    }
}

static void note_alarm(struct world *world, const struct action *action)
{
    check_secrets(world, action->u.alarm.subject);
    switch (action->u.alarm.alarm) {
    case ALARM_SLAB_FULL:
        mark_world(WORLD_OVERLOADED);
        break;
    case ALARM_STORE_FULL:
        mark_world(WORLD_STORE_FULL);
        break;
    case ALARM_TERMINAL_UNKNOWN:
        mark_world(WORLD_TERMINAL_UNKNOWN);
        break;
    default:
        break;
    }
}

static void perform_store(struct world *world, struct book_request *ask)
{
    if (ask->op == BOOK_OPEN || ask->op == BOOK_REVERSAL) {
        sim_seal(&ask->record);
    }
    memset(ask->record.pan, 0, sizeof ask->record.pan);
    if (ask->op == BOOK_CLOSE) {
        terminals_closes(world, &ask->record);
    }
    disk_submit(world, ask);
}

static void reversal_ends(struct world *world, uint64_t seq)
{
    for (size_t i = 0; i < ARRAY_COUNT(world->in_flight); i++) {
        world->in_flight[i] = world->in_flight[i] == seq ? 0 : world->in_flight[i];
    }
}

static void perform(struct world *world, struct action *action)
{
    switch (action->kind) {
    case ACT_SEND_TERMINAL:
        net_switch_sends_terminal(world, action->u.terminal.conn, action->u.terminal.tpdu,
                                  action->u.terminal.message);
        break;
    case ACT_SEND_ISSUER:
        net_switch_sends_issuer(world, action->u.issuer.link, action->u.issuer.message);
        break;
    case ACT_CUT_ISSUER:
        net_cut_link(world, action->u.issuer.link);
        break;
    case ACT_ASK_HSM:
        hsm_ask(world, action->u.hsm.token, (enum event_kind)action->u.hsm.question,
                &action->u.hsm.command);
        break;
    case ACT_STORE:
        perform_store(world, &action->u.book);
        break;
    case ACT_TRACE:
        check_secrets(world, action->u.trace.pan_masked);
        if (strcmp(action->u.trace.kind, kind_pumped()->name) == 0) {
            reversal_ends(world, action->u.trace.seq);
        }
        break;
    case ACT_STRAY:
        check_stray(world, &action->u.stray);
        break;
    case ACT_UNREADABLE: /* the simulator's terminals are never closed for it */
        break;
    default:
        note_alarm(world, action);
        break;
    }
}

/* I13: slots are bounded, and the last of them are for reversals. The answer to overload is 96, and
 * only where silence would not be safer. */
static void check_bounds(struct world *world, const struct event *event, uint32_t slots_before)
{
    const struct core_settings *settings = &world->settings;
    struct core_figures figures = core_figures(world->core);
    if (figures.terminal_slots > settings->slots_max) {
        world_fail(world, "I13", "%u slots of %u", figures.terminal_slots, settings->slots_max);
    }
    if (event->kind != EV_TERMINAL_FRAME) {
        return;
    }
    uint8_t scratch[2 * FRAME_LEN_MAX];
    struct writer room = writer_make(scratch, sizeof scratch);
    struct iso_msg msg;
    struct iso_error error;
    int result = iso_decode(world->plan.listeners[event->u.terminal.listener].dialect,
                            event->u.terminal.message, &room, &msg, &error);
    const struct action *first = &world->actions->list[0];
    const struct action *last = &world->actions->list[world->actions->count - 1];
    if (world->actions->count > 1 && last->kind != ACT_UNREADABLE && first->kind == ACT_ALARM &&
        first->u.alarm.alarm == ALARM_SLAB_FULL && mti_is_repeat(msg.mti)) {
        world_fail(world, "I13", "a repeat is answered when the slab is full");
    }
    if (result == 0 && mti_class(msg.mti) != 4 && figures.terminal_slots > slots_before &&
        figures.terminal_slots > settings->slots_max - settings->slots_reserved) {
        world_fail(world, "I13", "a request took a slot that is reserved");
    }
}

static void note_frame(struct world *world, const struct event *event)
{
    uint8_t scratch[2 * FRAME_LEN_MAX];
    struct writer room = writer_make(scratch, sizeof scratch);
    struct iso_msg msg;
    struct iso_error error;
    size_t conn = (size_t)event->u.terminal.conn;
    int result = iso_decode(world->plan.listeners[event->u.terminal.listener].dialect,
                            event->u.terminal.message, &room, &msg, &error);
    if (result == 0) {
        terminals_arrives(world, world->wires[conn - 1].terminal, conn, &msg);
    }
}

void world_feed(struct world *world, struct event *event)
{
    CHECK(world->up);
    uint32_t slots_before = core_figures(world->core).terminal_slots;
    event->now_ms = world->now_ms;
    event->now_us = world->now_ms * 1000;
    event->wall_ms = world_wall_ms(world);
    if (world->verbose && event->kind != EV_TICKED) {
        world_say(world, "  %s", event_name(event->kind));
    }
    if (event->kind == EV_TERMINAL_FRAME) {
        note_frame(world, event);
    }
    core_step(world->core, event, world->actions);
    check_bounds(world, event, slots_before);
    uint32_t count = world->actions->count;
    for (uint32_t i = 0; i < count; i++) {
        bool killed = dice_hits(&world->dice_fate, world->plan.rates.crash_in_actions);
        if (killed) {
            world_crash(world, WORLD_CRASH_IN_ACTIONS);
            return;
        }
        hash_action(world, &world->actions->list[i]);
        say_action(world, &world->actions->list[i]);
        perform(world, &world->actions->list[i]);
    }
    world->actions_count += count;
}
