/* PERMIT: what tables and the clock decide, after OPEN so that every repeat is told the same: 58 (a
 * closed terminal, another merchant), 92 (no route), 54 (expired). */
#include "iso8583/base/calendar.h"
#include "switch/core/core_state.h"

#include <stdlib.h>

static enum verdict refuse(struct txn *t, const char *code)
{
    memcpy(t->outcome.code, code, 3);
    t->end = "not permitted";
    return DECLINE;
}

/* DE14 is YYMM, good to the end of its month; no card is issued for more than 50 years. */
static bool is_expired(const char *expiry, int64_t wall_ms)
{
    uint64_t yymm;
    if (span_number(span_text(expiry), &yymm) != 0 || strlen(expiry) != 4) {
        return false;
    }
    struct civil now = civil_from_ms(wall_ms);
    int year = now.year / 100 * 100 + (int)(yymm / 100);
    year -= year > now.year + 50 ? 100 : 0;
    return year * 12 + (int)(yymm % 100) < now.year * 12 + now.month;
}

enum verdict permit_enter(struct core *core, struct txn *t)
{
    const struct terminal_settings *terminal = terminal_of(core, t);
    if (terminal->state == TERMINAL_CLOSED) {
        return refuse(t, "58");
    }
    if (terminal->merchant[0] != '\0' && strcmp(terminal->merchant, t->record.merchant) != 0) {
        return refuse(t, "58");
    }
    if (t->route.issuer < 0) {
        return refuse(t, "92");
    }
    if (is_expired(t->record.expiry, core->wall_ms)) {
        return refuse(t, "54");
    }
    return GO;
}
