/* What the terminals of a world are to do: each sale, its script, and the noise around them. All is
 * drawn before anything happens; terminals.c lives it. */
#include <stdio.h>

#include "tests/sim/message.h"

enum {
    SENDS_MAX_MOST = 6,
    AMOUNT_ODDS = 1000,
    FORGED_MORE_MINOR = 7,
};

/* --- Scripts ---------------------------------------------------------------------------------- */

static struct sale *sale_add(struct world *world)
{
    world->sales =
        world_grow(world->sales, world->sale_count, &world->sale_cap, sizeof *world->sales);
    struct sale *sale = &world->sales[world->sale_count];
    memset(sale, 0, sizeof *sale);
    sale->id = (uint32_t)world->sale_count++;
    return sale;
}

uint32_t terminals_new_stan(struct world *world, uint16_t terminal)
{
    return ++world->next_stan[terminal];
}

static int64_t draw_amount(struct dice *dice)
{
    uint32_t odds = dice_below(dice, AMOUNT_ODDS);
    int64_t usual = dice_between(dice, 100, 20000);
    int64_t declined = dice_between(dice, 80000, 84999);
    int64_t partial = dice_between(dice, 90000, 99000);
    int64_t poison = dice_between(dice, 70000, 71999);
    return odds < 40 ? declined : odds < 100 ? partial : odds < 130 ? poison : usual;
}

static void draw_content(struct world *world, struct sale *sale)
{
    static const uint8_t kinds[] = {KIND_purchase, KIND_purchase,      KIND_purchase, KIND_cash,
                                    KIND_refund,   KIND_authorization, KIND_balance};
    struct dice *dice = &world->dice_terminal;
    bool odd_card = dice_hits(dice, 40);
    uint32_t odd = dice_between(dice, 0, 1) == 0 ? PLAN_CARD_EXPIRED : PLAN_CARD_UNROUTED;
    sale->kind = kinds[dice_below(dice, ARRAY_COUNT(kinds))];
    sale->terminal = (uint16_t)dice_below(dice, PLAN_TERMINALS);
    bool of_the_signed = dice_hits(dice, 500);
    if (of_the_signed && world->plan.crypto) {
        sale->terminal = PLAN_GROUP_SIGNED; /* the first of them */
    }
    sale->card = (uint16_t)dice_below(dice, 2 * PLAN_ISSUER_CARDS);
    sale->card = odd_card ? (uint16_t)odd : sale->card;
    sale->amount_minor = draw_amount(dice);
    sale->currency = dice_hits(dice, 20) ? 840 : 978;
    sale->track = dice_hits(dice, 300);
    sale->merchant = world->plan.terminals[sale->terminal].merchant[0] != '\0';
    sale->acquirer = sale->terminal % 3 == 0;
    sale->chip = dice_hits(dice, 300);
    bool pin = dice_hits(dice, 500);
    bool wrong = dice_hits(dice, 100);
    bool rrn = dice_hits(dice, 500);
    sale->bad_card = dice_hits(dice, 10);
    sale->pin = pin && world->plan.terminals[sale->terminal].tpk.text[0] != '\0';
    sale->pin_wrong = sale->pin && wrong;
    sale->stan = terminals_new_stan(world, sale->terminal);
    /* Few STANs come round within a second, as no real range does: then only a DE37 of the terminal
     * tells two requests apart. */
    if (rrn || world->plan.settings.stan_last < STAN_LAST) {
        snprintf(sale->rrn, sizeof sale->rrn, "5%011u", sale->id);
    }
}

static void draw_script(struct world *world, struct sale *sale)
{
    const struct rates *rates = &world->plan.rates;
    struct dice *dice = &world->dice_terminal;
    sale->sends_max = dice_below(dice, SENDS_MAX_MOST) + 1;
    sale->timeout_ms = dice_between(dice, 2000, 20000);
    sale->gives_up = dice_hits(dice, rates->give_up);
    sale->reverses_when_silent = dice_hits(dice, 600);
    sale->reverses_first = dice_hits(dice, rates->reverse_first);
    sale->has_rival = dice_hits(dice, rates->rival);
    sale->reverses_in_flight = dice_hits(dice, rates->reverse_in_flight);
    sale->reverses_approved = dice_hits(dice, rates->reverse);
    sale->repeats_after = dice_hits(dice, rates->repeat_after);
}

/* --- Noise ------------------------------------------------------------------------------------ */

/* A message of a terminal that is in no file, or of a known one with its end cut off. */
static void make_noise(struct world *world, const struct task *task)
{
    struct dice *dice = &world->dice_terminal;
    struct telegram telegram;
    struct sale odd = {.id = 999999, .card = 0, .amount_minor = 5000, .currency = 978};
    (void)task;
    odd.terminal = (uint16_t)dice_below(dice, PLAN_TERMINALS);
    odd.stan = terminals_new_stan(world, odd.terminal);
    message_stamp(world, odd.terminal, odd.de7, odd.time, odd.date);
    bool unknown = dice_hits(dice, 300);
    bool garbage = dice_hits(dice, 300);
    char id = world->plan.terminals[odd.terminal].id[0];
    world->plan.terminals[odd.terminal].id[0] = unknown ? 'X' : id;
    message_request(world, &odd, false, &telegram);
    world->plan.terminals[odd.terminal].id[0] = id;
    if (!unknown) {
        telegram.len -= dice_below(dice, (uint32_t)telegram.len - 1) + 1;
        mark_world(WORLD_MALFORMED);
    }
    for (size_t i = 0; garbage && !unknown && i < telegram.len; i++) {
        telegram.bytes[i] = (uint8_t)dice_below(dice, 256);
    }
    net_terminal_sends(world, odd.terminal, 0, span_make(telegram.bytes, telegram.len));
}

/* --- The whole -------------------------------------------------------------------------------- */

static void schedule(struct world *world, uint32_t id, int64_t at_ms)
{
    world_later(world, at_ms, terminals_start_sale, id, 0, SPAN_NONE);
}

/* Another sale under the K of @id, with other content; @forged: by somebody without the key. */
static void add_double(struct world *world, uint32_t id, bool forged, int64_t at_ms)
{
    struct sale *copy = sale_add(world);
    uint32_t copy_id = copy->id;
    *copy = world->sales[id];
    copy->id = copy_id;
    copy->forged = forged;
    copy->twin = !forged;
    copy->amount_minor += forged ? FORGED_MORE_MINOR : 1;
    copy->sends_max = 1;
    copy->partner = id + 1;
    world->sales[id].partner = copy_id + 1;
    world->sales[id].has_twin = !forged;
    schedule(world, copy_id, at_ms);
}

void terminals_begin(struct world *world)
{
    const struct rates *rates = &world->plan.rates;
    struct dice *dice = &world->dice_terminal;
    for (uint32_t i = 0; i < world->plan.sale_count; i++) {
        struct sale *sale = sale_add(world);
        uint32_t id = sale->id;
        draw_content(world, sale);
        draw_script(world, sale);
        int64_t at_ms = dice_between(dice, 100, world->plan.faults_ms);
        int64_t apart_ms = dice_between(dice, 0, 3000);
        bool twin = dice_hits(dice, rates->twin);
        bool forged = dice_hits(dice, rates->forge);
        bool usual = sale->amount_minor < 79000 && !sale->bad_card;
        bool has_key = world->plan.terminals[sale->terminal].tak.text[0] != '\0';
        schedule(world, id, at_ms);
        if (forged && has_key && usual) {
            add_double(world, id, true, at_ms > apart_ms ? at_ms - apart_ms : 0);
        } else if (twin && usual) {
            add_double(world, id, false, at_ms + apart_ms / 2);
        }
    }
    for (uint32_t i = 0; i < rates->noise_count; i++) {
        int64_t at_ms = dice_between(dice, 100, world->plan.faults_ms);
        world_later(world, at_ms, make_noise, 0, 0, SPAN_NONE);
    }
}
