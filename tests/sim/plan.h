/* What one world is like: its tables, and how often what goes wrong. Drawn whole from the seed
 * before anything happens, so that --verbose can tell it and nothing else need draw it. */
#pragma once

#include "routes/stub_account.h"
#include "switch/core/settings.h"
#include "switch/store/book.h"
#include "tests/sim/dice.h"

enum {
    PLAN_LISTENERS = 3,
    PLAN_GROUPS = 6,
    PLAN_TERMINALS = 12,
    PLAN_ISSUERS = 2,
    PLAN_LINKS_MAX = 5,
    PLAN_CARDS = 14,
    PLAN_ISSUER_CARDS = 6, /* 0..5 of issuer 0, 6..11 of issuer 1 */
    PLAN_CARD_EXPIRED = 12,
    PLAN_CARD_UNROUTED = 13,
    PLAN_PIN_LEN = 4,
    PLAN_GROUP_CLOCK_OFF = 3, /* and the next: DE12, DE7 */
    PLAN_GROUP_SIGNED = 5,    /* the group whose messages have a MAC, and a PIN at times */
};

/* How often, in thousandths, unless the name says otherwise. */
struct rates {
    uint32_t terminal_cut;
    uint32_t terminal_hangs_up; /* after a request */
    uint32_t terminal_slow;
    uint32_t terminal_ms; /* usual delay up to */
    uint32_t link_cut;
    uint32_t link_slow;
    uint32_t link_ms;
    uint32_t disk_ms;
    uint32_t disk_slow;
    uint32_t hsm_lost;
    uint32_t hsm_late;
    uint32_t hsm_error;
    uint32_t issuer_drop;
    uint32_t issuer_silent;
    uint32_t issuer_late;
    uint32_t issuer_twice;
    uint32_t issuer_wrong;
    uint32_t issuer_doubt;
    uint32_t issuer_odd_code; /* an approval under another code than 00 */
    uint32_t issuer_hang_up;
    uint32_t issuer_slow;
    uint32_t issuer_stalls; /* longer than any 25 is doubted; never where the switch may crash */
    uint32_t issuer_ms;
    uint32_t sign_on_refused;
    uint32_t reversal_again;
    uint32_t reversal_dead;
    uint32_t crash_at_commit;
    uint32_t crash_in_actions;
    uint32_t crash_in_recovery;
    uint32_t commit_fails;
    uint32_t crash_count;   /* at any moment */
    uint32_t cutover_count; /* and so on: times in the life of this world */
    uint32_t step_count;
    uint32_t order_count;
    uint32_t reload_count;
    uint32_t noise_count; /* unknown terminals, malformed messages */
    uint32_t repeat_after;
    uint32_t reverse; /* what was approved */
    uint32_t reverse_in_flight;
    uint32_t reverse_first;
    uint32_t rival;   /* of those: another sale under the same STAN as well */
    uint32_t give_up; /* a terminal that neither repeats on nor reverses */
    uint32_t twin;
    uint32_t forge;
};

struct plan {
    uint64_t seed;
    bool crypto; /* the signed group sends MACs and PINs */
    struct rates rates;
    uint32_t sale_count;
    int64_t faults_ms; /* how long they go on */
    int64_t start_wall_ms;
    uint32_t start_day;
    int64_t clock_off_ms; /* of the terminals of two groups: half a year, where years flip */
    struct book_settings book;
    bool forgetful[PLAN_ISSUERS];     /* an issuer without tombstones: 25, and posts what comes */
    bool unknown_is_25[PLAN_ISSUERS]; /* what an issuer with tombstones says */

    struct core_settings settings;
    struct core_settings reloaded; /* the same issuers and links, a closed terminal, a lost route */
    struct listener_settings listeners[PLAN_LISTENERS];
    struct group_settings groups[PLAN_GROUPS];
    struct group_settings groups_reloaded[PLAN_GROUPS]; /* some have another identity */
    struct terminal_settings terminals[PLAN_TERMINALS];
    struct terminal_settings terminals_reloaded[PLAN_TERMINALS];
    struct issuer_settings issuers[PLAN_ISSUERS];
    struct link_settings links[PLAN_LINKS_MAX];
    struct card_settings cards[PLAN_CARDS];
    struct stub_account accounts[PLAN_CARDS];
    struct routes *routes;
    struct routes *routes_reloaded;
};

/* Whether the terminals of @group keep DE7 on a repeat: where it identifies a message, or will. */
static inline bool plan_keeps_de7(const struct plan *plan, uint16_t group)
{
    return plan->groups[group].identity == IDENTITY_DE7 ||
           plan->groups_reloaded[group].identity == IDENTITY_DE7;
}

/* Draw @plan, which stays at its address (it points into itself). plan_deinit() it. */
void plan_init(struct plan *plan, uint64_t seed);
void plan_deinit(struct plan *plan);

/* One line of what is unusual, for --verbose. */
void plan_print(const struct plan *plan);
