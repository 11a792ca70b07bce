#include "routes/stub_judge.h"

#include "hsm_sim/wire/command.h"
#include "iso8583/base/calendar.h"
#include "iso8583/mti.h"

static bool is_expired(const struct asked *asked)
{
    struct civil now = civil_from_ms(asked->now_ms);
    uint8_t today[4];
    digits_put(today, 2, (uint64_t)(now.year % 100));
    digits_put(today + 2, 2, (uint64_t)now.month);
    struct span expiry = iso_get(asked->request, 14);
    if (expiry.len != 4) {
        expiry = span_text(asked->account->expiry);
    }
    return memcmp(expiry.ptr, today, sizeof today) < 0;
}

/* BEHAVIOUR: 01, 20 and 24 on PIN commands mean a wrong PIN; all else that the HSM could not tell.
 */
static const char *pin_code(int hsm_error)
{
    switch (hsm_error) {
    case HSM_OK:
        return "00";
    case HSM_VERIFY_FAILED:
    case HSM_PIN_BLOCK:
    case HSM_PIN_LEN:
        return "55";
    default:
        return "96";
    }
}

/* NULL: the HSM must be asked first. */
static const char *judge_pin(const struct asked *asked, bool has_hsm)
{
    if (!iso_has(asked->request, 52)) {
        return "00";
    }
    if (asked->hsm_error != JUDGE_PIN_UNKNOWN) {
        return pin_code(asked->hsm_error);
    }
    bool can_ask =
        has_hsm && asked->account->pvv[0] != '\0' && iso_get(asked->request, 52).len == 8;
    return can_ask ? NULL : "96";
}

static const char *judge_funds(const struct asked *asked, int64_t amount_minor)
{
    const struct stub_account *account = asked->account;
    if (asked->effect != EFFECT_DEBIT) {
        return "00";
    }
    if (account->limit_minor > 0 && amount_minor > account->limit_minor) {
        return "61";
    }
    return account->balance_minor - account->held_minor < amount_minor ? "51" : "00";
}

const char *judge(const struct asked *asked, bool has_hsm, bool is_forced, int64_t amount_minor)
{
    const struct stub_account *account = asked->account;
    bool is_hold = mti_class(asked->request->mti) == MTI_AUTHORIZATION;
    if (asked->effect == EFFECT_UNKNOWN || (is_hold && asked->effect == EFFECT_CREDIT) ||
        (asked->is_advice && asked->effect == EFFECT_INQUIRY)) {
        return "12";
    }
    if (asked->effect != EFFECT_INQUIRY && amount_minor == 0) {
        return "13";
    }
    if (is_forced) {
        return account != NULL && !ledger_has_room(account) ? "13" : "00";
    }
    if (account == NULL) {
        return "14";
    }
    if (!ledger_has_room(account)) {
        return "13";
    }
    if (asked->is_advice) {
        return "00"; /* It has happened: only the card must be ours. */
    }
    if (is_expired(asked)) {
        return "54";
    }
    if (account->blocked) {
        return "62";
    }
    struct span currency = iso_get(asked->request, 49);
    if (currency.len > 0 && !span_equal_text(currency, account->currency)) {
        return "12";
    }
    const char *pin = judge_pin(asked, has_hsm);
    if (pin == NULL || strcmp(pin, "00") != 0) {
        return pin;
    }
    return judge_funds(asked, amount_minor);
}
