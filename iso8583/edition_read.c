/* Rules of edition.c: a message of a later edition read into the elements of 1987. */
#include "iso8583/action_code.h"
#include "iso8583/base/currency.h"
#include "iso8583/edition_turn.h"
#include "iso8583/mti.h"
#include "iso8583/point_of_service.h"

enum { STAN_LEN = 6, AMOUNT_LEN = 12, TERMINAL_LEN = 8, MERCHANT_LEN = 15 };

int read_stan(struct turn *turn)
{
    struct span stan = iso_get(turn->from, 11);
    if (!iso_has(turn->from, 11)) {
        return 0;
    }
    iso_set(turn->to, 11, span_last(stan, STAN_LEN));
    if (stan.len < STAN_LEN || span_says(span_first(stan, stan.len - STAN_LEN))) {
        return turn_fail(turn, ERR_RANGE, 11, "a number of six digits");
    }
    return 0;
}

static struct span text_trim(struct span text)
{
    while (text.len > 0 && text.ptr[text.len - 1] == ' ') {
        text.len--;
    }
    return text;
}

/* @text filled with blanks up to @len; longer stays. */
static int text_fill(struct turn *turn, unsigned de, size_t len)
{
    struct span text = text_trim(iso_get(turn->from, de));
    if (!iso_has(turn->from, de)) {
        return 0;
    }
    if (text.len > len) {
        return turn_fail(turn, ERR_LENGTH, de, de == 41 ? "eight characters" : "15 characters");
    }
    uint8_t *room = turn_room(turn, len);
    if (room == NULL) {
        return ERR_SPACE;
    }
    memset(room, ' ', len);
    if (text.len != 0) {
        memcpy(room, text.ptr, text.len);
    }
    iso_set(turn->to, de, span_make(room, len));
    return 0;
}

int read_terminal(struct turn *turn)
{
    TRY(text_fill(turn, 41, TERMINAL_LEN));
    return text_fill(turn, 42, MERCHANT_LEN);
}

/* Whether amounts of the currency with this number have so many decimals. */
static bool exponent_is(struct span number, uint8_t digit)
{
    uint64_t numeric = 0;
    const struct currency *currency = span_number(number, &numeric) == 0 && numeric <= 999
                                          ? currency_find((uint16_t)numeric)
                                          : NULL;
    return currency != NULL && digit == '0' + currency->exponent;
}

/* Currency, how many decimals, amount. */
int read_amount(struct turn *turn)
{
    struct span amount = iso_get(turn->from, 4);
    if (!iso_has(turn->from, 4)) {
        return 0;
    }
    if (amount.len != 4 + AMOUNT_LEN) {
        return turn_fail(turn, ERR_LENGTH, 4, "currency, decimals and amount");
    }
    iso_set(turn->to, 4, span_last(amount, AMOUNT_LEN));
    iso_set(turn->to, 49, span_first(amount, 3));
    if (!exponent_is(span_first(amount, 3), amount.ptr[3])) {
        return turn_fail(turn, ERR_RANGE, 4, "the decimals of a currency");
    }
    return 0;
}

/* Parts of 20 characters in 1987 and 1993, of 21 in 2003: decimals behind the currency. */
int read_balance(struct turn *turn)
{
    struct span parts = iso_get(turn->from, 54);
    if (!iso_has(turn->from, 54)) {
        return 0;
    }
    if (parts.len % 21 != 0) {
        return turn_fail(turn, ERR_LENGTH, 54, "parts of 21 characters");
    }
    size_t len = parts.len / 21 * 20;
    uint8_t *room = turn_room(turn, len);
    if (room == NULL) {
        return ERR_SPACE;
    }
    for (size_t i = 0; i < parts.len / 21; i++) {
        if (!exponent_is(span_make(parts.ptr + 21 * i + 4, 3), parts.ptr[21 * i + 7])) {
            if (turn->is_answer) {
                return 0; /* No balance is told rather than a wrong one. */
            }
            return turn_fail(turn, ERR_RANGE, 54, "the decimals of the currency");
        }
        memcpy(room + 20 * i, parts.ptr + 21 * i, 7);
        memcpy(room + 20 * i + 7, parts.ptr + 21 * i + 8, 13);
    }
    iso_set(turn->to, 54, span_make(room, len));
    return 0;
}

/* [CC]YYMMDDhhmmss */
int read_datetime(struct turn *turn)
{
    struct span when = iso_get(turn->from, 12);
    if (when.len >= 12) {
        iso_set(turn->to, 12, span_last(when, 6));
        iso_set(turn->to, 13, span_first(span_last(when, 10), 4));
    }
    return 0;
}

/* [CC]YYMMDD */
int read_day(struct turn *turn)
{
    struct span day = iso_get(turn->from, 15);
    if (day.len >= 6) {
        iso_set(turn->to, 15, span_last(day, 4));
    }
    return 0;
}

int read_category(struct turn *turn)
{
    if (iso_has(turn->from, 26)) {
        iso_set(turn->to, 18, iso_get(turn->from, 26));
    } else if (turn->edition == ISO_1993) {
        iso_copy(turn->to, turn->from, 18);
    }
    return 0;
}

int read_entry(struct turn *turn)
{
    char entry[4];
    char condition[3];
    struct span positions = iso_get(turn->from, 22);
    if (positions.len != POINT_OF_SERVICE_LEN) {
        return 0;
    }
    point_of_service_1987(positions.ptr, entry, condition);
    TRY(turn_put(turn, 22, span_text(entry)));
    return turn_put(turn, 25, span_text(condition));
}

/* 2003's DE22 tells devices apart in bits that no two networks use alike: what was sent tells how
 * the card was read. */
int read_entry_2003(struct turn *turn)
{
    bool is_request = !turn->is_answer && mti_class(turn->to->mti) < 3;
    if (is_request) {
        iso_set(turn->to, 22,
                iso_has(turn->from, 55)   ? SPAN_LITERAL("051")
                : iso_has(turn->from, 35) ? SPAN_LITERAL("021")
                                          : SPAN_LITERAL("011"));
    }
    return 0;
}

int read_code(struct turn *turn)
{
    if (iso_has(turn->from, 39)) {
        const char *code = action_code_1987(iso_get(turn->from, 39), mti_class(turn->to->mti));
        if (code != NULL) { /* Else nothing was said that can be believed. */
            iso_set(turn->to, 39, span_text(code));
        }
    }
    return 0;
}

/* DE56: type, STAN, local date and time, acquirer. 1987's DE90 has DE7 where that has DE12: it is
 * not known; the local MMDDhhmmss stands behind its 42 digits. */
int read_original(struct turn *turn)
{
    struct span original = iso_get(turn->from, 56);
    size_t stan_len = turn->edition == ISO_1993 ? 6 : 12;
    if (!iso_has(turn->from, 56)) {
        return 0;
    }
    if (original.len < 4 + stan_len || !span_is_digits(span_first(original, 4 + stan_len))) {
        return turn_fail(turn, ERR_LENGTH, 56, "type and STAN of the original");
    }
    uint8_t *room = turn_room(turn, EDITION_ORIGINAL_LEN);
    if (room == NULL) {
        return ERR_SPACE;
    }
    size_t skip = 4 + stan_len + (turn->edition == ISO_1993 ? 2 : 4);
    struct span when = span_first(span_skip(original, skip), 10);
    memset(room, '0', EDITION_ORIGINAL_LEN);
    memcpy(room + 1, original.ptr + 1, 3);
    memcpy(room + 4, original.ptr + 4 + stan_len - STAN_LEN, STAN_LEN);
    if (when.len == 10) {
        memcpy(room + 42, when.ptr, 10);
    }
    iso_set(turn->to, 90, span_make(room, EDITION_ORIGINAL_LEN));
    return 0;
}

/* A reversal of a part: DE30 has the amount of the original, DE4 what is left of it. */
int read_replacement(struct turn *turn)
{
    struct span original = iso_get(turn->from, 30);
    size_t skip = turn->edition == ISO_1993 ? 0 : 4;
    struct span amount = span_first(span_skip(original, skip), AMOUNT_LEN);
    struct span left = iso_get(turn->to, 4);
    if (mti_class(turn->to->mti) != 4 || amount.len != AMOUNT_LEN || left.len != AMOUNT_LEN ||
        span_equal(amount, left)) {
        return 0;
    }
    uint8_t *room = turn_room(turn, 42);
    if (room == NULL) {
        return ERR_SPACE;
    }
    memset(room, '0', 42);
    memcpy(room, left.ptr, AMOUNT_LEN);
    iso_set(turn->to, 95, span_make(room, 42));
    iso_set(turn->to, 4, amount);
    return 0;
}

int read_function(struct turn *turn)
{
    static const struct {
        const char *function;
        const char *de70;
    } rows[] = {{"801", "001"}, {"802", "002"}, {"811", "161"}, {"821", "201"}, {"831", "301"}};
    if (mti_class(turn->to->mti) == 8) {
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
            if (span_equal_text(iso_get(turn->from, 24), rows[i].function)) {
                iso_set(turn->to, 70, span_text(rows[i].de70));
            }
        }
    }
    return 0;
}
