/* ROUTE: who may come to hold the money, so that OPEN can say it and a restart knows whom to send
 * the reversal. It chooses and never refuses: "no route" is declined after OPEN (PERMIT), or a
 * repeat of an approved purchase would be refused because a table changed. */
#include "iso8583/base/calendar.h"
#include "switch/core/core_state.h"

/* DE37: the terminal's own, else YDDDHH and the six digits of our STAN. */
static void make_rrn(struct record *record, const struct civil *now)
{
    if (record->rrn[0] != '\0') {
        return;
    }
    uint8_t *out = (uint8_t *)record->rrn;
    digits_put(out, 1, (uint64_t)now->year % 10);
    digits_put(out + 1, 3, (uint64_t)now->day_of_year);
    digits_put(out + 4, 2, (uint64_t)now->hour);
    memcpy(out + 6, record->link_stan, 6);
    out[12] = '\0';
}

static void make_de7(struct record *record, const struct civil *now)
{
    uint8_t *out = (uint8_t *)record->link_de7;
    digits_put(out, 2, (uint64_t)now->month);
    digits_put(out + 2, 2, (uint64_t)now->day);
    digits_put(out + 4, 2, (uint64_t)now->hour);
    digits_put(out + 6, 2, (uint64_t)now->minute);
    digits_put(out + 8, 2, (uint64_t)now->second);
    out[10] = '\0';
}

static bool draw_stan(struct stans *stans, char out[7])
{
    uint32_t stan = stans_draw(stans);
    digits_put((uint8_t *)out, 6, stan);
    out[6] = '\0';
    return stan != 0;
}

enum verdict route_enter(struct core *core, struct txn *t)
{
    struct record *record = &t->record;
    struct civil now = civil_from_ms(core->wall_ms);
    int found = routes_find(core->settings->routes, span_text(record->pan), NULL);
    make_de7(record, &now);
    memcpy(record->link_stan, "000000", 7);
    memcpy(record->reversal_stan, "000000", 7);
    if (found == ROUTE_NONE) {
        make_rrn(record, &now);
        return GO;
    }
    struct issuer *issuer = &core->issuers[found];
    bool first = draw_stan(&core->stans, record->link_stan);
    bool second = draw_stan(&core->stans, record->reversal_stan);
    t->route.stans_held = true;
    t->route.issuer = found;
    TEXT_SET(record->issuer, span_text(issuer->settings->name));
    if (!first || !second) {
        core_alarm(core, ALARM_STANS_EXHAUSTED, record->issuer, core->stans.used);
        t->route.link = LINK_NONE;
        make_rrn(record, &now);
        return GO;
    }
    make_rrn(record, &now);
    struct link_set set = {issuer->links, issuer->link_count, &issuer->turn};
    int chosen = policy_at(issuer->settings->policy)->choose(&set);
    if (chosen != LINK_NONE) {
        t->route.link = (int32_t)(issuer->links[chosen] - core->links);
        TEXT_SET(record->link, span_text(core->settings->links[t->route.link].name));
    }
    return GO;
}
