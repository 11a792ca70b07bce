/* The terminals of a world: each sale is an actor of its own that sends, waits, repeats, reverses
 * and gives up as its script says, and keeps a log of what it heard. What a terminal can see to be
 * wrong, it says at once. */
#include <stdio.h>

#include "iso8583/mti.h"
#include "tests/sim/message.h"

enum {
    WINDOW_SLACK_MS = 10000, /* clocks step, and a message is on its way */
    LONG_WINDOW_MS = 3600000,
};

static const struct group_settings *group_of(const struct world *world, const struct sale *sale)
{
    return &world->plan.groups[world->plan.terminals[sale->terminal].group];
}

static enum mark_kind kind_of(const struct sale *sale)
{
    return (enum mark_kind)sale->kind;
}

static bool approves(const char *code)
{
    static const char approvals[][3] = {"00", "08", "10", "11", "16", "85"};
    for (size_t i = 0; i < ARRAY_COUNT(approvals); i++) {
        if (strcmp(code, approvals[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* --- Sending ---------------------------------------------------------------------------------- */

static void request_timer(struct world *world, const struct task *task);
static void reversal_timer(struct world *world, const struct task *task);

static void stamp(struct world *world, struct sale *sale)
{
    char de7[11];
    char time[7];
    char date[5];
    message_stamp(world, sale->terminal, de7, time, date);
    bool first = sale->sends == 0 && sale->de7[0] == '\0';
    const struct sale *partner = sale->partner == 0 ? sale : &world->sales[sale->partner - 1];
    if (first && partner->de7[0] != '\0') { /* the same K */
        memcpy(de7, partner->de7, sizeof de7);
        memcpy(time, partner->time, sizeof time);
        memcpy(date, partner->date, sizeof date);
    }
    if (first || !plan_keeps_de7(&world->plan, world->plan.terminals[sale->terminal].group)) {
        memcpy(sale->de7, de7, sizeof de7); /* many restamp it on a repeat */
    }
    if (first) {
        memcpy(sale->time, time, sizeof time);
        memcpy(sale->date, date, sizeof date);
    }
    if (sale->de7_count < SALE_DE7_MAX) {
        memcpy(sale->de7s[sale->de7_count++], sale->de7, sizeof sale->de7);
    }
}

/* Send the request on @conn (0: the one in use). A group that does not repeat with the same MTI
 * marks its repeats. */
static void send_request(struct world *world, struct sale *sale, size_t conn)
{
    struct telegram telegram;
    bool same_mti = dice_hits(&world->dice_terminal, 500);
    bool mark_it = sale->sends > 0 && !(group_of(world, sale)->repeats && same_mti);
    stamp(world, sale);
    if (sale->sends == 0) {
        sale->first_sent_ms = world_wall_ms(world);
    } else {
        mark(kind_of(sale), MARK_REPEATED);
    }
    sale->sends++;
    message_request(world, sale, mark_it, &telegram);
    world_say(world, "terminal %u: sale %u%s STAN %06u, sending %u", sale->terminal, sale->id,
              sale->forged ? " (forged)"
              : sale->twin ? " (other content)"
                           : "",
              sale->stan, sale->sends);
    net_terminal_sends(world, sale->terminal, conn, span_make(telegram.bytes, telegram.len));
    /* Where it matters most, most often. */
    uint32_t more = group_of(world, sale)->lost_answer_reverse ? 4 : 1;
    bool hangs_up = dice_hits(&world->dice_terminal, more * world->plan.rates.terminal_hangs_up);
    if (hangs_up) {
        net_hang_up(world, sale->terminal, conn);
    }
}

static void wait_for_answer(struct world *world, struct sale *sale)
{
    sale->timer++;
    world_later(world, sale->timeout_ms, request_timer, sale->id, sale->timer, SPAN_NONE);
}

static void send_reversal(struct world *world, struct sale *sale)
{
    struct telegram telegram;
    bool other_conn = dice_hits(&world->dice_terminal, 200);
    bool same_mti = dice_hits(&world->dice_terminal, 500);
    bool mark_it = sale->reversal.sends > 0 && !(group_of(world, sale)->repeats && same_mti);
    size_t conn = other_conn ? net_connect(world, sale->terminal) : 0;
    if (sale->reversal.sends > 0) {
        mark(kind_of(sale), MARK_REVERSAL_REPEATED);
    }
    sale->reversal.sends++;
    message_reversal(world, sale, mark_it, 0, &telegram);
    world_say(world, "terminal %u: reversal of sale %u, STAN %06u, sending %u", sale->terminal,
              sale->id, sale->reversal.stan, sale->reversal.sends);
    net_terminal_sends(world, sale->terminal, conn, span_make(telegram.bytes, telegram.len));
    if (!sale->reversal.answered) {
        sale->reversal.timer++;
        world_later(world, sale->timeout_ms, reversal_timer, sale->id, sale->reversal.timer,
                    SPAN_NONE);
    }
}

/* A partial reversal is refused, or changes nothing; it is nobody's, so it has a STAN of its own.
 */
static void send_partial(struct world *world, const struct sale *sale)
{
    struct telegram telegram;
    struct sale partial = *sale;
    bool equal = dice_hits(&world->dice_terminal, 500);
    partial.reversal.stan = terminals_new_stan(world, sale->terminal);
    partial.reversal.naming = NAMED_DE90;
    mark(kind_of(sale), MARK_REVERSAL_PARTIAL);
    message_reversal(world, &partial, false,
                     equal ? sale->amount_minor : sale->amount_minor / 2 + 1, &telegram);
    net_terminal_sends(world, sale->terminal, 0, span_make(telegram.bytes, telegram.len));
}

/* Another sale under the same STAN, of another amount or card, is reversed before either came: a
 * terminal whose counter began again. Its tombstone is another. */
static void send_rival_reversal(struct world *world, const struct sale *sale)
{
    struct telegram telegram;
    struct sale rival = *sale;
    bool other_card = dice_hits(&world->dice_terminal, 500);
    if (other_card && sale->card < 2 * PLAN_ISSUER_CARDS) {
        rival.card = (uint16_t)((sale->card + 1) % (2 * PLAN_ISSUER_CARDS));
    } else {
        rival.amount_minor++;
    }
    rival.reversal.stan = terminals_new_stan(world, sale->terminal);
    rival.reversal.naming = NAMED_DE90;
    mark(kind_of(sale), MARK_REVERSED_FIRST_TWICE);
    message_reversal(world, &rival, false, 0, &telegram);
    net_terminal_sends(world, sale->terminal, 0, span_make(telegram.bytes, telegram.len));
}

static void begin_reversal(struct world *world, struct sale *sale)
{
    struct dice *dice = &world->dice_terminal;
    if (sale->reversal.wanted) {
        return;
    }
    bool rrn_known = sale->rrn[0] != '\0' || sale->first.rrn[0] != '\0';
    bool advice = dice_hits(dice, 500);
    uint32_t naming = dice_below(dice, NAMING_COUNT);
    bool partial = dice_hits(dice, 60);
    uint32_t which = dice_below(dice, sale->de7_count > 0 ? sale->de7_count : 1);
    sale->reversal.wanted = true;
    sale->reversal.mti = advice ? 0x0420 : 0x0400;
    sale->reversal.naming =
        (uint8_t)(naming == NAMED_RRN && !rrn_known ? (uint32_t)NAMED_DE90 : naming);
    sale->reversal.stan = sale->reversal.naming == NAMED_STAN
                              ? sale->stan
                              : terminals_new_stan(world, sale->terminal);
    message_stamp(world, sale->terminal, sale->reversal.de7, sale->reversal.time,
                  sale->reversal.date);
    if (sale->de7_count == 0) { /* it goes before its request */
        message_stamp(world, sale->terminal, sale->de7, sale->time, sale->date);
        memcpy(sale->reversal.original_de7, sale->de7, sizeof sale->de7);
    } else {
        memcpy(sale->reversal.original_de7, sale->de7s[which], sizeof sale->de7);
    }
    if (partial) {
        send_partial(world, sale);
    }
    send_reversal(world, sale);
}

/* --- Timers ----------------------------------------------------------------------------------- */

static void request_timer(struct world *world, const struct task *task)
{
    struct sale *sale = &world->sales[task->a];
    if (task->b != sale->timer || sale->first.any || sale->gave_up || sale->reversal.wanted) {
        return;
    }
    if (sale->sends < sale->sends_max || !(sale->gives_up || sale->reverses_when_silent)) {
        bool other_conn = dice_hits(&world->dice_terminal, 300);
        size_t conn = other_conn ? net_connect(world, sale->terminal) : 0;
        send_request(world, sale, conn);
        wait_for_answer(world, sale);
        return;
    }
    if (sale->gives_up) {
        sale->gave_up = true;
        return;
    }
    mark(kind_of(sale), MARK_REVERSED_UNANSWERED);
    begin_reversal(world, sale);
}

static void reversal_timer(struct world *world, const struct task *task)
{
    struct sale *sale = &world->sales[task->a];
    if (task->b == sale->reversal.timer && !sale->reversal.answered) {
        send_reversal(world, sale);
    }
}

static void reverse_approved(struct world *world, const struct task *task)
{
    mark(kind_of(&world->sales[task->a]), MARK_REVERSED_APPROVED);
    begin_reversal(world, &world->sales[task->a]);
}

static void reverse_in_flight(struct world *world, const struct task *task)
{
    struct sale *sale = &world->sales[task->a];
    if (!sale->first.any) {
        mark(kind_of(sale), MARK_REVERSED_IN_FLIGHT);
    }
    begin_reversal(world, sale);
}

static void repeat_after(struct world *world, const struct task *task)
{
    struct sale *sale = &world->sales[task->a];
    if (!sale->told_96) {
        mark(kind_of(sale), MARK_REPEAT_AFTER);
        send_request(world, sale, 0);
    }
}

/* On a connection of its own, so that its answer is known to be its. */
static void repeat_reversed(struct world *world, const struct task *task)
{
    struct sale *sale = &world->sales[task->a];
    if (sale->sends > 0) {
        size_t conn = net_connect(world, sale->terminal);
        mark(kind_of(sale), MARK_REPEAT_REVERSED);
        sale->conn_after_reversal = conn;
        send_request(world, sale, conn);
        world->newest[sale->terminal] = 0;
    }
}

static void reverse_reversal(struct world *world, const struct task *task)
{
    struct sale *sale = &world->sales[task->a];
    struct telegram telegram;
    mark(kind_of(sale), MARK_REVERSAL_REVERSED);
    message_reversal_of_reversal(world, sale, terminals_new_stan(world, sale->terminal), &telegram);
    net_terminal_sends(world, sale->terminal, 0, span_make(telegram.bytes, telegram.len));
}

static void repeat_reversal(struct world *world, const struct task *task)
{
    send_reversal(world, &world->sales[task->a]);
}

static void later_request(struct world *world, const struct task *task)
{
    struct sale *sale = &world->sales[task->a];
    send_request(world, sale, net_connect(world, sale->terminal));
}

void terminals_start_sale(struct world *world, const struct task *task)
{
    struct sale *sale = &world->sales[task->a];
    struct dice *dice = &world->dice_terminal;
    int64_t soon_ms = dice_between(dice, 1, 4000);
    if (sale->forged || sale->twin) {
        mark(kind_of(sale), sale->forged ? MARK_FORGED : MARK_OTHER_CONTENT);
        send_request(world, sale, net_connect(world, sale->terminal));
        sale->gave_up = true;
        return;
    }
    if (sale->reverses_first) {
        mark(kind_of(sale), MARK_REVERSED_FIRST);
        begin_reversal(world, sale);
        if (sale->has_rival) {
            send_rival_reversal(world, sale);
        }
        world_later(world, soon_ms, later_request, sale->id, 0, SPAN_NONE);
        return;
    }
    send_request(world, sale, 0);
    wait_for_answer(world, sale);
    if (sale->reverses_in_flight) {
        world_later(world, soon_ms, reverse_in_flight, sale->id, 0, SPAN_NONE);
    }
}

/* --- Hearing ---------------------------------------------------------------------------------- */

static void text_of(char *out, size_t cap, struct span bytes)
{
    struct span cut = span_first(bytes, cap - 1);
    memset(out, 0, cap);
    if (cut.len != 0) {
        memcpy(out, cut.ptr, cut.len);
    }
}

/* An answer echoes what its request had. */
static void check_echo(struct world *world, const struct sale *sale, const struct iso_msg *msg)
{
    const char *merchant = world->plan.terminals[sale->terminal].merchant;
    uint64_t amount = 0;
    bool known_de7 = sale->de7_count == SALE_DE7_MAX; /* more than it remembers */
    for (uint32_t i = 0; i < sale->de7_count; i++) {
        known_de7 = known_de7 || span_equal_text(iso_get(msg, 7), sale->de7s[i]);
    }
    unsigned de = 0;
    if (!span_equal_text(iso_get(msg, 3), sale_kind_at(sale->kind)->proc)) {
        de = 3;
    } else if (!span_equal_text(iso_get(msg, 39), "10") &&
               (iso_number(msg, 4, &amount) != 0 || (int64_t)amount != sale->amount_minor)) {
        de = 4;
    } else if (!known_de7) {
        de = 7;
    } else if (sale->rrn[0] != '\0' && !span_equal_text(iso_get(msg, 37), sale->rrn)) {
        de = 37;
    } else if (sale->merchant && !span_equal_text(iso_get(msg, 42), merchant)) {
        de = 42;
    }
    if (de != 0) {
        world_fail(world, "I2", "an answer to sale %u does not echo DE%u", sale->id, de);
    }
}

/* 94 is for who sent other content under the same K, or came too late. */
static bool may_be_94(const struct world *world, const struct sale *sale)
{
    int64_t age_ms = world_wall_ms(world) - sale->first_sent_ms;
    return sale->twin || sale->has_twin || age_ms + WINDOW_SLACK_MS > world->plan.book.window_ms;
}

/* Overload is told only unsigned, a nearly full store to everyone. */
static bool may_be_unrecorded(const struct world *world, const struct sale *sale)
{
    return world->plan.terminals[sale->terminal].tak.text[0] == '\0' ||
           world->plan.book.full_permille < BOOK_SETTINGS_DEFAULT.full_permille;
}

/* I4: the same question, the same answer; unless it was reversed, or refused unrecorded. */
static void check_same(struct world *world, struct sale *sale, const struct heard *heard,
                       uint64_t conn)
{
    const struct heard *first = &sale->first;
    if (strcmp(heard->code, "94") == 0 && !may_be_94(world, sale)) {
        world_fail(world, "I4", "sale %u is told 94, but only one content was sent", sale->id);
    }
    if (sale->conn_after_reversal == conn && approves(heard->code) &&
        sale_kind_at(sale->kind)->money) {
        world_fail(world, "I4", "sale %u is approved to a repeat after its reversal", sale->id);
    }
    bool same = strcmp(first->code, heard->code) == 0 && strcmp(first->auth, heard->auth) == 0 &&
                strcmp(first->rrn, heard->rrn) == 0 && first->amount_minor == heard->amount_minor;
    /* Of two contents under one K, the second is another K after a cutover if it has no date, and
     * after its group's rule has changed. */
    uint16_t group = world->plan.terminals[sale->terminal].group;
    bool other_rule = world->plan.groups[group].identity != world->settings.groups[group].identity;
    bool excused = sale->reversal.sends > 0 || sale->told_96 ||
                   (sale->has_twin && group_of(world, sale)->identity == IDENTITY_DAY) ||
                   (other_rule && (sale->twin || sale->has_twin)) || strcmp(heard->code, "94") == 0;
    if (!same && !excused) {
        world_fail(world, "I4", "sale %u was told %s %s %s, and then %s %s %s", sale->id,
                   first->code, first->auth, first->rrn, heard->code, heard->auth, heard->rrn);
    }
}

static void after_first(struct world *world, struct sale *sale)
{
    struct dice *dice = &world->dice_terminal;
    int64_t soon_ms = dice_between(dice, 0, 30000);
    bool too_late = dice_hits(dice, 200);
    bool approved = approves(sale->first.code);
    mark(kind_of(sale), approved ? MARK_APPROVED : MARK_DECLINED);
    if (strcmp(sale->first.code, "10") == 0) {
        mark(kind_of(sale), MARK_PARTIAL);
    }
    if (sale->twin || sale->forged) {
        return;
    }
    if (approved && sale->reverses_approved) {
        world_later(world, soon_ms, reverse_approved, sale->id, 0, SPAN_NONE);
    }
    if (sale->repeats_after) {
        bool forgotten = world->plan.book.window_ms < LONG_WINDOW_MS && too_late;
        world_later(world, forgotten ? world->plan.book.window_ms + soon_ms : soon_ms / 2,
                    repeat_after, sale->id, 0, SPAN_NONE);
    }
}

static void hear_request_answer(struct world *world, struct sale *sale, const struct iso_msg *msg,
                                uint64_t conn)
{
    struct heard heard = {.any = true};
    uint64_t amount = 0;
    text_of(heard.code, sizeof heard.code, iso_get(msg, 39));
    text_of(heard.auth, sizeof heard.auth, iso_get(msg, 38));
    text_of(heard.rrn, sizeof heard.rrn, iso_get(msg, 37));
    if (iso_number(msg, 4, &amount) == 0) {
        heard.amount_minor = (int64_t)amount;
    }
    world_say(world, "terminal %u: sale %u hears %s", sale->terminal, sale->id, heard.code);
    check_echo(world, sale, msg);
    if (sale->forged && strcmp(heard.code, "63") != 0) {
        world_fail(world, "I2", "a forged message is answered %s", heard.code);
    }
    /* Overload and a full store refuse without a record: then a repeat may fare otherwise. */
    sale->told_96 =
        sale->told_96 || (strcmp(heard.code, "96") == 0 && may_be_unrecorded(world, sale));
    if (approves(heard.code) && !sale->approval.any) {
        sale->approval = heard;
    }
    if (sale->first.any) {
        check_same(world, sale, &heard, conn);
        return;
    }
    sale->first = heard;
    check_same(world, sale, &heard, conn);
    after_first(world, sale);
}

static void hear_reversal_answer(struct world *world, struct sale *sale, const struct iso_msg *msg)
{
    struct dice *dice = &world->dice_terminal;
    char code[3];
    text_of(code, sizeof code, iso_get(msg, 39));
    world_say(world, "terminal %u: reversal of sale %u hears %s", sale->terminal, sale->id, code);
    if (strcmp(code, "96") == 0) {
        return; /* not now: it is sent again */
    }
    if (sale->reversal.answered) {
        if (strcmp(sale->reversal.code, code) != 0) {
            world_fail(world, "I4", "the reversal of sale %u was told %s, and then %s", sale->id,
                       sale->reversal.code, code);
        }
        return;
    }
    sale->reversal.answered = true;
    sale->reversal.accepted = strcmp(code, "00") == 0;
    if (!sale->reversal.accepted && !(sale->bad_card && strcmp(code, "14") == 0)) {
        world_fail(world, "I7", "the reversal of sale %u is refused: %s", sale->id, code);
    }
    memcpy(sale->reversal.code, code, sizeof code);
    bool repeats = dice_hits(dice, 250);
    bool reverses = dice_hits(dice, 40);
    bool again = dice_hits(dice, 150);
    int64_t soon_ms = dice_between(dice, 0, 8000);
    if (repeats) {
        world_later(world, soon_ms, repeat_reversed, sale->id, 0, SPAN_NONE);
    }
    if (reverses) {
        world_later(world, soon_ms, reverse_reversal, sale->id, 0, SPAN_NONE);
    }
    if (again) {
        world_later(world, soon_ms, repeat_reversal, sale->id, 0, SPAN_NONE);
    }
}

/* The sale that an answer is for: by DE11, and by DE4 where content differs. */
static struct sale *find_sale(struct world *world, uint16_t terminal, const struct iso_msg *msg,
                              bool reversal)
{
    struct sale *found = NULL;
    uint64_t stan = 0;
    uint64_t amount = 0;
    if (iso_number(msg, 11, &stan) != 0 || iso_number(msg, 4, &amount) != 0) {
        return NULL;
    }
    for (size_t i = 0; i < world->sale_count; i++) {
        struct sale *sale = &world->sales[i];
        uint32_t has = reversal ? sale->reversal.stan : sale->stan;
        if (sale->terminal == terminal && has == stan &&
            (found == NULL || (int64_t)amount == sale->amount_minor)) {
            found = sale;
        }
    }
    return found;
}

void terminals_hear(struct world *world, uint16_t terminal, uint64_t conn, struct span message)
{
    uint8_t scratch[2 * FRAME_LEN_MAX];
    struct writer room = writer_make(scratch, sizeof scratch);
    struct iso_msg msg;
    int result = message_read(world, terminal, message, &room, &msg);
    if (result != 0) {
        world_fail(world, "I2", "terminal %u cannot take an answer: %s", terminal,
                   err_name(result));
        return;
    }
    bool reversal = mti_class(msg.mti) == 4;
    if (mti_is_request(msg.mti) ||
        !span_equal_text(iso_get(&msg, 41), world->plan.terminals[terminal].id)) {
        world_fail(world, "I2", "terminal %u is told what is another's", terminal);
        return;
    }
    struct sale *sale = find_sale(world, terminal, &msg, reversal);
    if (sale == NULL) {
        return; /* of a partial or odd one, or noise */
    }
    if (reversal) {
        hear_reversal_answer(world, sale, &msg);
    } else {
        hear_request_answer(world, sale, &msg, conn);
    }
}

/* --- Being there to be told ------------------------------------------------------------------- */

void terminals_arrives(struct world *world, uint16_t terminal, size_t conn,
                       const struct iso_msg *msg)
{
    struct sale *sale = mti_class(msg->mti) == 4 ? NULL : find_sale(world, terminal, msg, false);
    if (sale != NULL && sale->conn_count < SALE_CONNS_MAX) {
        sale->conns[sale->conn_count++] = conn;
    }
}

/* A terminal that can neither repeat nor reverse is not left with an approval when the switch knows
 * that it is gone. */
void terminals_closes(struct world *world, const struct record *record)
{
    struct sale *sale = NULL;
    for (size_t i = 0; i < world->sale_count; i++) {
        struct sale *each = &world->sales[i];
        uint64_t stan = 0;
        if (strcmp(world->plan.terminals[each->terminal].id, record->terminal) == 0 &&
            span_number(span_text(record->stan), &stan) == 0 && stan == each->stan &&
            each->amount_minor == record->amount_minor) {
            sale = each;
        }
    }
    if (sale == NULL || !group_of(world, sale)->lost_answer_reverse ||
        !sale_kind_at(sale->kind)->money || sale->conn_count == SALE_CONNS_MAX) {
        return;
    }
    bool stands = false;
    for (uint32_t i = 0; i < sale->conn_count; i++) {
        stands = stands || net_stands(world, sale->conns[i]);
    }
    if (!stands && record->state == STATE_APPROVED) {
        world_fail(world, "I1", "sale %u is approved when its terminal is gone for ever", sale->id);
    }
    if (!stands && record->state == STATE_UNKNOWN && approves(record->code)) {
        mark(kind_of(sale), MARK_ANSWER_LOST);
    }
}

bool terminals_done(const struct world *world)
{
    for (size_t i = 0; i < world->sale_count; i++) {
        const struct sale *sale = &world->sales[i];
        bool answered = sale->first.any || sale->gave_up || sale->reversal.wanted;
        if (!answered || (sale->reversal.wanted && !sale->reversal.answered)) {
            return false;
        }
    }
    return true;
}
