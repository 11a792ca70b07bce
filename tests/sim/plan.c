#include "tests/sim/plan.h"

#include <stdio.h>

#include "tests/sim/hsm.h"

enum { NEVER_PERMILLE = 450 };

static const int64_t HALF_YEAR_MS = 15768000000LL; /* 182.5 days */

/* Half of the faults never happen in a given world, so that those which do are not drowned. */
static uint32_t rate(struct dice *dice, uint32_t most)
{
    bool never = dice_hits(dice, NEVER_PERMILLE);
    uint32_t drawn = dice_below(dice, most) + 1;
    return never ? 0 : drawn;
}

static uint32_t one_of(struct dice *dice, const uint32_t *list, uint32_t count)
{
    return list[dice_below(dice, count)];
}

static void draw_rates(struct rates *r, struct dice *dice)
{
    static const uint32_t delays[] = {5, 50, 400};
    static const uint32_t commits[] = {2, 20, 300};
    r->terminal_cut = rate(dice, 60);
    r->terminal_slow = rate(dice, 60);
    r->terminal_ms = one_of(dice, delays, 3);
    r->link_cut = rate(dice, 40);
    r->link_slow = rate(dice, 40);
    r->link_ms = one_of(dice, delays, 3);
    r->disk_ms = one_of(dice, commits, 3);
    r->disk_slow = rate(dice, 30);
    r->hsm_lost = rate(dice, 60);
    r->hsm_late = rate(dice, 200);
    r->hsm_error = rate(dice, 40);
    r->issuer_drop = rate(dice, 80);
    r->issuer_silent = rate(dice, 80);
    r->issuer_late = rate(dice, 80);
    r->issuer_twice = rate(dice, 120);
    r->issuer_wrong = rate(dice, 60);
    r->issuer_doubt = rate(dice, 80);
    r->issuer_odd_code = rate(dice, 120);
    r->issuer_hang_up = rate(dice, 30);
    r->issuer_slow = rate(dice, 80);
    r->issuer_stalls = rate(dice, 60);
    r->issuer_ms = one_of(dice, delays, 3);
    r->sign_on_refused = rate(dice, 400);
    r->reversal_again = rate(dice, 400);
    r->reversal_dead = rate(dice, 15);
    r->crash_at_commit = rate(dice, 15);
    r->crash_in_actions = rate(dice, 3);
    r->crash_in_recovery = rate(dice, 400);
    r->commit_fails = rate(dice, 4);
    r->crash_count = rate(dice, 4);
    r->cutover_count = rate(dice, 4);
    r->step_count = rate(dice, 3);
    r->order_count = rate(dice, 3);
    r->reload_count = rate(dice, 1);
    r->noise_count = rate(dice, 6);
    r->repeat_after = rate(dice, 300);
    r->reverse = rate(dice, 400);
    r->reverse_in_flight = rate(dice, 150);
    r->reverse_first = rate(dice, 80);
    r->give_up = rate(dice, 300);
    r->twin = rate(dice, 50);
    r->forge = rate(dice, 100);
    r->rival = rate(dice, 300);
    r->terminal_hangs_up = rate(dice, 120);
}

/* In the other worlds the switch lives on, so that what takes long in them is not cut short. */
static void spare_crashes(struct rates *r, bool spared)
{
    if (!spared) {
        return;
    }
    r->crash_at_commit = 0;
    r->crash_in_actions = 0;
    r->crash_in_recovery = 0;
    r->commit_fails = 0;
    r->crash_count = 0;
}

static void make_listeners(struct plan *plan)
{
    static const char *const dialects[] = {"iso87_ascii", "iso87_bcd", "iso87_asciihex"};
    for (uint32_t i = 0; i < PLAN_LISTENERS; i++) {
        struct listener_settings *row = &plan->listeners[i];
        snprintf(row->name, sizeof row->name, "gate%u", i);
        row->framing = *framing_find(i == 1 ? "len2+tpdu" : "len2");
        row->dialect = dialect_find(dialects[i]);
        row->connections_max = 1024;
        CHECK(row->dialect != NULL);
    }
}

static void make_groups(struct plan *plan)
{
    static const struct group_settings groups[PLAN_GROUPS] = {
        {.name = "north", .identity = IDENTITY_DE12, .acquirer = "100001", .diagnostics = true},
        {.name = "south", .identity = IDENTITY_DE7, .acquirer = "100001", .repeats = true},
        {.name = "east",
         .identity = IDENTITY_DAY,
         .acquirer = "100002",
         .repeats = true,
         .timeout_is_68 = true},
        {.name = "west",
         .identity = IDENTITY_DE12,
         .acquirer = "100002",
         .lost_answer_reverse = true},
        {.name = "middle", .identity = IDENTITY_DE7, .acquirer = "100003"},
        {.name = "signed", .identity = IDENTITY_DE12, .acquirer = "100003", .mac_padding = 1},
    };
    memcpy(plan->groups, groups, sizeof groups);
    plan->groups[PLAN_GROUP_SIGNED].mac_required = plan->crypto;
    memcpy(plan->groups_reloaded, plan->groups, sizeof plan->groups);
    plan->groups_reloaded[0].identity = IDENTITY_DE7;
    plan->groups_reloaded[1].identity = IDENTITY_DE12;
    plan->groups_reloaded[PLAN_GROUP_SIGNED].identity = IDENTITY_DAY;
    for (uint32_t i = 0; i < PLAN_GROUPS; i++) {
        char *acquirer = plan->groups_reloaded[i].acquirer;
        acquirer[0] = '9';
    }
}

static void make_terminals(struct plan *plan, struct dice *dice)
{
    for (uint32_t i = 0; i < PLAN_TERMINALS; i++) {
        struct terminal_settings *row = &plan->terminals[i];
        snprintf(row->id, sizeof row->id, "T%07u", i);
        snprintf(row->mcc, sizeof row->mcc, "5411");
        row->group = (uint16_t)(i % PLAN_GROUPS);
        if (dice_hits(dice, 500)) {
            snprintf(row->merchant, sizeof row->merchant, "MERCHANT%07u", i);
        }
        if (plan->crypto && row->group == PLAN_GROUP_SIGNED) {
            row->tpk = sim_keys()->tpk;
            row->tak = sim_keys()->tak;
        }
    }
    memcpy(plan->terminals_reloaded, plan->terminals, sizeof plan->terminals);
    uint32_t closed = dice_below(dice, PLAN_TERMINALS);
    plan->terminals_reloaded[closed].state = TERMINAL_CLOSED;
    for (uint32_t i = 0; i < PLAN_TERMINALS; i++) {
        struct terminal_settings *row = &plan->terminals_reloaded[i];
        if (row->merchant[0] == '\0') {
            snprintf(row->merchant, sizeof row->merchant, "NEWOWNER%07u", i);
        }
    }
}

static void make_issuers(struct plan *plan, struct dice *dice)
{
    static const struct issuer_settings issuers[PLAN_ISSUERS] = {
        {.name = "visa",
         .id = "400001",
         .policy = POLICY_PRIMARY,
         .approve = {"00", "08", "10"},
         .doubt = {"68", "91", "96"}},
        {.name = "mc",
         .id = "500001",
         .policy = POLICY_ROTATE,
         .approve = {"00", "08", "10", "11", "77"},
         .doubt = {"68", "91", "96"}},
    };
    static const char *const dialects[] = {"iso87_bcd", "iso87_ascii"};
    memcpy(plan->issuers, issuers, sizeof issuers);
    if (plan->crypto) {
        plan->issuers[0].pin_mode = PIN_TRANSLATE;
        plan->issuers[0].zpk = sim_keys()->zpk;
        plan->issuers[1].pin_mode = PIN_VERIFY;
        plan->issuers[1].pvk = sim_keys()->pvk;
    }
    for (uint32_t i = 0; i < PLAN_ISSUERS; i++) {
        plan->forgetful[i] = dice_hits(dice, 400);
        plan->unknown_is_25[i] = dice_hits(dice, 500);
    }
    uint32_t count = dice_below(dice, PLAN_LINKS_MAX - 1) + PLAN_ISSUERS;
    for (uint32_t i = 0; i < count; i++) {
        struct link_settings *row = &plan->links[i];
        snprintf(row->name, sizeof row->name, "link%u", i);
        row->issuer = (uint16_t)(i % PLAN_ISSUERS);
        row->framing = *framing_find("len2");
        row->dialect = dialect_find(dialects[row->issuer]);
        row->answer_ms = (uint32_t)dice_between(dice, 1000, 10000);
        row->echo_ms = 30000;
        row->pending_max = dice_hits(dice, 200) ? 3 : 256;
    }
    plan->settings.link_count = count;
}

/* The check digit of @pan, whose last character is overwritten. ISO/IEC 7812-1 annex B. */
static void put_check_digit(char *pan)
{
    size_t len = strlen(pan);
    unsigned sum = 0;
    for (size_t i = 1; i < len; i++) {
        unsigned digit = (unsigned)(pan[len - 1 - i] - '0');
        unsigned doubled = i % 2 == 1 ? digit * 2 : digit;
        sum += doubled > 9 ? doubled - 9 : doubled;
    }
    pan[len - 1] = (char)('0' + (10 - sum % 10) % 10);
}

static void make_cards(struct plan *plan)
{
    for (uint32_t i = 0; i < PLAN_CARDS; i++) {
        struct card_settings *card = &plan->cards[i];
        struct stub_account *account = &plan->accounts[i];
        const char *bin = i < PLAN_ISSUER_CARDS       ? "411111"
                          : i < 2 * PLAN_ISSUER_CARDS ? "520000"
                          : i == PLAN_CARD_UNROUTED   ? "601100"
                                                      : "530000";
        snprintf(card->pan, sizeof card->pan, "%s%09u0", bin, 7000 + i);
        put_check_digit(card->pan);
        snprintf(card->expiry, sizeof card->expiry, "%s", i == PLAN_CARD_EXPIRED ? "2001" : "3012");
        card->pvki = '1';
        sim_keys_pvv(card->pan, card->pvv);
        *account = (struct stub_account){.balance_minor = 100000000};
        memcpy(account->pan, card->pan, sizeof card->pan);
        memcpy(account->expiry, "3012", 5);
        memcpy(account->currency, "978", 4);
        memcpy(account->pvv, card->pvv, sizeof card->pvv);
    }
    plan->accounts[2].balance_minor = 30000;
    plan->accounts[3].blocked = true;
    plan->accounts[8].balance_minor = 30000;
}

static struct routes *make_routes(bool whole)
{
    struct route_row rows[3] = {
        {.low = "411111", .high = "411111", .issuer = 0, .line = 1},
        {.low = "530000", .high = "530000", .issuer = 1, .line = 2},
        {.low = "520000", .high = "520000", .issuer = 1, .line = 3},
    };
    struct routes *routes = NULL;
    uint32_t first = 0;
    uint32_t second = 0;
    int result = routes_build(rows, whole ? 3 : 2, &routes, &first, &second);
    CHECK(result == 0);
    return routes;
}

static void draw_settings(struct plan *plan, struct dice *dice)
{
    struct core_settings *s = &plan->settings;
    bool tight = dice_hits(dice, plan->crypto ? 500 : 200);
    bool few_stans = dice_hits(dice, 350);
    s->listeners = plan->listeners;
    s->groups = plan->groups;
    s->terminals = plan->terminals;
    s->issuers = plan->issuers;
    s->links = plan->links;
    s->cards = plan->cards;
    s->routes = plan->routes;
    s->listener_count = PLAN_LISTENERS;
    s->group_count = PLAN_GROUPS;
    s->terminal_count = PLAN_TERMINALS;
    s->issuer_count = PLAN_ISSUERS;
    s->card_count = PLAN_CARDS; /* sorted, because the BINs above are */
    s->slots_max = tight ? (uint32_t)dice_between(dice, 3, 6) : 48;
    s->slots_reserved = tight ? (uint32_t)dice_between(dice, 1, 2) : 4;
    s->reversals_max = tight ? 1 : (uint32_t)dice_between(dice, 1, 12);
    s->hsm_ms = 1000;
    s->reversal_answer_ms = (uint32_t)dice_between(dice, 1000, 5000);
    s->retry_first_ms = (uint32_t)dice_between(dice, 500, 5000);
    s->retry_max_ms = s->retry_first_ms * 8;
    s->agains_max = (uint32_t)dice_between(dice, 1, 8);
    s->dead_retry_ms = (uint32_t)dice_between(dice, 20000, 60000);
    s->seed = plan->seed;
    s->stan_first = few_stans ? 1001 : 1;
    s->stan_last = few_stans ? 1001 + (uint32_t)dice_between(dice, 24, 50) : 999999;
    plan->reloaded = *s;
    plan->reloaded.terminals = plan->terminals_reloaded;
    plan->reloaded.groups = plan->groups_reloaded;
    plan->reloaded.routes = plan->routes_reloaded;
}

static void draw_book(struct plan *plan, struct dice *dice)
{
    static const uint32_t sizes[] = {1, 2, 4}; /* of 64 MiB */
    static const uint32_t steps[] = {1, 3, 16};
    static const uint32_t buckets[] = {3, 6, 10};
    static const uint32_t rounds[] = {0, 20, 256};
    plan->book = BOOK_SETTINGS_DEFAULT;
    plan->book.assign_max = steps[plan->seed % 3];
    plan->book.bucket_bits = buckets[plan->seed / 3 % 3];
    plan->book.round_batches = rounds[plan->seed / 9 % 3];
    plan->book.sweep_max = 1 + (uint32_t)(plan->seed % 2);
    if (dice_hits(dice, 100)) {
        plan->book.window_ms = 180000;
        /* What is older than that is forgotten when its rule changes, and repeats may be. */
        memcpy(plan->groups_reloaded, plan->groups, sizeof plan->groups);
    }
    if (dice_hits(dice, 60)) {
        plan->book.full_permille = one_of(dice, sizes, 3);
        plan->book.bury_permille = plan->book.full_permille + (uint32_t)(plan->seed % 2);
        plan->book.ends_permille = plan->book.bury_permille + (uint32_t)(plan->seed / 2 % 2);
    }
    /* 2026-11-21T12:00:00Z, or just before the year ends. */
    bool new_year = dice_hits(dice, 150);
    plan->start_wall_ms = new_year ? 1798761540000LL : 1795262400000LL;
    bool clock_off = dice_hits(dice, 150);
    int64_t flip_ms = dice_between(dice, 0, plan->faults_ms);
    plan->clock_off_ms = clock_off ? HALF_YEAR_MS + flip_ms : 0;
    plan->start_day = new_year ? 20261231 : 20261121;
}

void plan_init(struct plan *plan, uint64_t seed)
{
    struct dice dice = dice_make(seed, 1);
    memset(plan, 0, sizeof *plan);
    plan->seed = seed;
    plan->crypto = dice_hits(&dice, 250);
    plan->sale_count = (uint32_t)dice_between(&dice, 20, 160);
    bool short_day = dice_hits(&dice, 500);
    plan->faults_ms = dice_between(&dice, 15000, short_day ? 60000 : 200000);
    draw_rates(&plan->rates, &dice);
    spare_crashes(&plan->rates, dice_hits(&dice, 250));
    plan->routes = make_routes(true);
    plan->routes_reloaded = make_routes(false);
    make_listeners(plan);
    make_groups(plan);
    make_terminals(plan, &dice);
    make_issuers(plan, &dice);
    make_cards(plan);
    draw_settings(plan, &dice);
    draw_book(plan, &dice);
}

void plan_deinit(struct plan *plan)
{
    routes_free(plan->routes);
    routes_free(plan->routes_reloaded);
}

void plan_print(const struct plan *plan)
{
    const struct rates *r = &plan->rates;
    printf("seed %llu: %u sales in %lld s, %u links, %u slots, STANs %u-%u%s\n",
           (unsigned long long)plan->seed, plan->sale_count, (long long)plan->faults_ms / 1000,
           plan->settings.link_count, plan->settings.slots_max, plan->settings.stan_first,
           plan->settings.stan_last, plan->crypto ? ", MAC and PIN" : "");
    printf("  issuers drop %u silent %u late %u twice %u wrong %u doubt %u odd %u slow %u hang up "
           "%u\n",
           r->issuer_drop, r->issuer_silent, r->issuer_late, r->issuer_twice, r->issuer_wrong,
           r->issuer_doubt, r->issuer_odd_code, r->issuer_slow, r->issuer_hang_up);
    printf("  cuts %u/%u, crashes %u + %u/%u per commit/actions, cutovers %u\n", r->terminal_cut,
           r->link_cut, r->crash_count, r->crash_at_commit, r->crash_in_actions, r->cutover_count);
}
