/* Rules of edition.c: the elements of 1987 written as a later edition has them. */
#include <stdio.h>

#include "iso8583/action_code.h"
#include "iso8583/base/calendar.h"
#include "iso8583/base/currency.h"
#include "iso8583/edition_turn.h"
#include "iso8583/mti.h"
#include "iso8583/point_of_service.h"

enum { STAN_LEN = 6, AMOUNT_LEN = 12 };

#define AHEAD_MS (7 * 24 * 3600 * INT64_C(1000)) /* a clock may be fast, a business day begun */

int write_stan(struct turn *turn)
{
    struct span stan = iso_get(turn->from, 11);
    if (stan.len != STAN_LEN) {
        return 0;
    }
    uint8_t *room = turn_room(turn, 12);
    if (room == NULL) {
        return ERR_SPACE;
    }
    memset(room, '0', 12);
    memcpy(room + 12 - STAN_LEN, stan.ptr, STAN_LEN);
    iso_set(turn->to, 11, span_make(room, 12));
    return 0;
}

int write_terminal(struct turn *turn)
{
    struct span merchant = iso_get(turn->from, 42);
    iso_copy(turn->to, turn->from, 41);
    if (iso_has(turn->from, 42)) {
        while (merchant.len > 0 && merchant.ptr[merchant.len - 1] == ' ') {
            merchant.len--;
        }
        iso_set(turn->to, 42, merchant);
    }
    return 0;
}

/* Currency and decimals, as 2003 has them before an amount. */
static int money_put(struct turn *turn, uint8_t *out)
{
    uint64_t numeric = 0;
    const struct currency *currency = iso_number(turn->from, 49, &numeric) == 0 && numeric <= 999
                                          ? currency_find((uint16_t)numeric)
                                          : NULL;
    if (currency == NULL) {
        return turn_fail(turn, ERR_RANGE, 49, "a currency");
    }
    digits_put(out, 3, numeric);
    out[3] = (uint8_t)('0' + currency->exponent);
    return 0;
}

int write_amount(struct turn *turn)
{
    struct span amount = iso_get(turn->from, 4);
    if (amount.len != AMOUNT_LEN) {
        return 0;
    }
    uint8_t *room = turn_room(turn, 4 + AMOUNT_LEN);
    if (room == NULL) {
        return ERR_SPACE;
    }
    TRY(money_put(turn, room));
    memcpy(room + 4, amount.ptr, AMOUNT_LEN);
    iso_set(turn->to, 4, span_make(room, 4 + AMOUNT_LEN));
    return 0;
}

int write_balance(struct turn *turn)
{
    struct span parts = iso_get(turn->from, 54);
    if (!iso_has(turn->from, 54)) {
        return 0;
    }
    if (parts.len % 20 != 0) {
        return turn_fail(turn, ERR_LENGTH, 54, "parts of 20 characters");
    }
    size_t len = parts.len / 20 * 21;
    uint8_t *room = turn_room(turn, len);
    if (room == NULL) {
        return ERR_SPACE;
    }
    for (size_t i = 0; i < parts.len / 20; i++) {
        const uint8_t *part = parts.ptr + 20 * i;
        uint64_t numeric = 0;
        const struct currency *currency = span_number(span_make(part + 4, 3), &numeric) == 0
                                              ? currency_find((uint16_t)numeric)
                                              : NULL;
        if (currency == NULL) {
            return turn_fail(turn, ERR_RANGE, 54, "a currency");
        }
        memcpy(room + 21 * i, part, 7);
        room[21 * i + 7] = (uint8_t)('0' + currency->exponent);
        memcpy(room + 21 * i + 8, part + 7, 13);
    }
    iso_set(turn->to, 54, span_make(room, len));
    return 0;
}

/* Century and year of MMDDhhmmss: four digits at @out. */
static int year_put(struct turn *turn, unsigned de, const char *when, uint8_t *out)
{
    int year = 0;
    int other = 0;
    if (year_nearest(when, turn->wall_ms, &year, &other) != 0) {
        return turn_fail(turn, ERR_FORMAT, de, "a date");
    }
    /* A transaction that lies ahead is one of the year before, but for a clock that is fast. */
    char stamp[11];
    int64_t ms = 0;
    (void)snprintf(stamp, sizeof stamp, "%.10s", when);
    bool is_ahead = ms_nearest(stamp, turn->wall_ms, &ms) == 0 && ms > turn->wall_ms + AHEAD_MS;
    digits_put(out, 4, (uint64_t)(is_ahead ? year - 1 : year));
    return 0;
}

static bool is_date(const char *when)
{
    int64_t ms = 0;
    return ms_nearest(when, 0, &ms) == 0;
}

/* Set DE @de to CCYY and the digits of @when, as many as 1993 (without century) or 2003 have. */
static int date_put(struct turn *turn, unsigned de, const char *when, size_t digits)
{
    size_t skip = turn->edition == ISO_1993 ? 2 : 0;
    uint8_t *room = turn_room(turn, 4 + digits);
    if (room == NULL) {
        return ERR_SPACE;
    }
    bool is_reversal = mti_class(turn->from->mti) == 4 && !turn->is_answer;
    if (is_reversal && !is_date(when)) {
        return 0; /* Money must come back, whatever the terminal's clock said. */
    }
    TRY(year_put(turn, de, when, room));
    memcpy(room + 4, when, digits);
    iso_set(turn->to, de, span_make(room + skip, 4 + digits - skip));
    return 0;
}

int write_datetime(struct turn *turn)
{
    char when[11];
    struct span time = iso_get(turn->from, 12);
    struct span date = iso_get(turn->from, 13);
    if (time.len != 6 || date.len != 4) {
        return 0;
    }
    (void)snprintf(when, sizeof when, "%.4s%.6s", (const char *)date.ptr, (const char *)time.ptr);
    return date_put(turn, 12, when, 10);
}

int write_day(struct turn *turn)
{
    char when[11];
    struct span day = iso_get(turn->from, 15);
    if (day.len != 4) {
        return 0;
    }
    (void)snprintf(when, sizeof when, "%.4s120000", (const char *)day.ptr);
    return date_put(turn, 15, when, 4);
}

int write_category(struct turn *turn)
{
    if (iso_has(turn->from, 18)) {
        iso_set(turn->to, 26, iso_get(turn->from, 18));
    }
    return 0;
}

int write_entry(struct turn *turn)
{
    char entry[4] = "";
    char condition[3] = "";
    struct span digits = iso_get(turn->from, 22);
    struct span where = iso_get(turn->from, 25);
    uint8_t positions[POINT_OF_SERVICE_LEN];
    if (!iso_has(turn->from, 22)) {
        return 0;
    }
    memcpy(entry, digits.ptr, digits.len < 3 ? digits.len : 3);
    if (where.len == 2) {
        memcpy(condition, where.ptr, 2);
    }
    point_of_service(entry, condition, positions);
    return turn_put(turn, 22, span_make(positions, sizeof positions));
}

int write_code(struct turn *turn)
{
    uint8_t digits[ACTION_CODE_LEN_MAX];
    if (!iso_has(turn->from, 39)) {
        return 0;
    }
    size_t len = action_code_of(iso_get(turn->from, 39), mti_class(turn->from->mti),
                                (enum iso_edition)turn->edition, digits);
    return turn_put(turn, 39, span_make(digits, len));
}

/* DE90 into DE56. The original's local time is that of this message: a reversal has its original's
 * DE12 and 13. The acquirer of 1993 has its own length in front. */
int write_original(struct turn *turn)
{
    struct span original = iso_get(turn->from, 90);
    struct span when = iso_get(turn->to, 12);
    struct span acquirer = iso_get(turn->from, 32);
    if (original.len < 10) {
        return 0;
    }
    size_t stan_len = turn->edition == ISO_1993 ? 6 : 12;
    size_t when_len = turn->edition == ISO_1993 ? 12 : 14;
    bool is_1993 = turn->edition == ISO_1993;
    if (acquirer.len > 11) {
        return turn_fail(turn, ERR_LENGTH, 32, "eleven digits");
    }
    size_t len = 4 + stan_len + when_len + (is_1993 ? 2 + acquirer.len : 11);
    uint8_t *room = turn_room(turn, len);
    if (room == NULL) {
        return ERR_SPACE;
    }
    memset(room, '0', len);
    if (is_1993) {
        digits_put(room + len - acquirer.len - 2, 2, acquirer.len);
    }
    memcpy(room, original.ptr, 4);
    room[0] = (uint8_t)('0' + turn->edition);
    memcpy(room + 4 + stan_len - STAN_LEN, original.ptr + 4, STAN_LEN);
    if (when.len == when_len) {
        memcpy(room + 4 + stan_len, when.ptr, when_len);
    }
    if (acquirer.len != 0) {
        memcpy(room + len - acquirer.len, acquirer.ptr, acquirer.len);
    }
    iso_set(turn->to, 56, span_make(room, len));
    return 0;
}

/* A reversal of a part: DE4 is what is left, DE30 the amount of the original. */
int write_replacement(struct turn *turn)
{
    struct span left = span_first(iso_get(turn->from, 95), AMOUNT_LEN);
    struct span amount = iso_get(turn->to, 4);
    if (left.len != AMOUNT_LEN || amount.len < AMOUNT_LEN) {
        return 0;
    }
    uint8_t *room = turn_room(turn, 3 * amount.len);
    if (room == NULL) {
        return ERR_SPACE;
    }
    memset(room, '0', 3 * amount.len);
    memcpy(room, amount.ptr, amount.len);
    memcpy(room + 2 * amount.len, amount.ptr, amount.len - AMOUNT_LEN);
    memcpy(room + 3 * amount.len - AMOUNT_LEN, left.ptr, AMOUNT_LEN);
    iso_set(turn->to, 30, span_make(room, 2 * amount.len));
    iso_set(turn->to, 4, span_make(room + 2 * amount.len, amount.len));
    return 0;
}

/* DE24 of a request: what it is for. An answer has its request's. */
int write_function(struct turn *turn)
{
    static const struct {
        const char *de70;
        const char *function;
    } rows[] = {{"001", "801"}, {"002", "802"}, {"101", "811"},
                {"161", "811"}, {"201", "821"}, {"301", "831"}};
    unsigned class = mti_class(turn->from->mti);
    if (class == 1 || class == 2 || class == 4) {
        iso_set(turn->to, 24,
                class == 1                ? SPAN_LITERAL("100")
                : class == 2              ? SPAN_LITERAL("200")
                : iso_has(turn->from, 95) ? SPAN_LITERAL("401")
                                          : SPAN_LITERAL("400"));
    }
    for (size_t i = 0; i < ARRAY_COUNT(rows) && class == 8; i++) {
        if (span_equal_text(iso_get(turn->from, 70), rows[i].de70)) {
            iso_set(turn->to, 24, span_text(rows[i].function));
        }
    }
    return 0;
}

/* DE25 of a reversal: why. Ours are sent because no answer came, or none that could be believed. */
int write_reason(struct turn *turn)
{
    if (mti_class(turn->from->mti) == 4 && !turn->is_answer) {
        iso_set(turn->to, 25, SPAN_LITERAL("4021"));
    }
    return 0;
}
