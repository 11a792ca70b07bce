/* PIN: verified here (Visa PVV) or translated to the issuer's zone key, as the issuer's row says. A
 * message without DE52 passes. The clear PIN exists only in the HSM; a wrong PIN, a bad block and
 * bad parity are told alike (55). */
#include "switch/core/core_state.h"

#include <stdlib.h>

static int compare_pan(const void *key, const void *row)
{
    return strcmp(key, ((const struct card_settings *)row)->pan);
}

static enum verdict refuse(struct txn *t, const char *code)
{
    memcpy(t->outcome.code, code, 3);
    t->end = "pin refused";
    return DECLINE;
}

/* The block's 16 hex characters and the account's 12 digits (rightmost, without the check digit).
 */
static void put_block(struct core *core, const struct txn *t, struct hsm_command *ask)
{
    struct span block = iso_get(&t->intake.msg, 52);
    struct span pan = span_text(t->record.pan);
    uint8_t *hex = core_bytes(core, 16);
    hex_encode(block, hex);
    ask->arg[HSM_ARG_PIN_BLOCK] = span_make(hex, 16);
    ask->arg[HSM_ARG_FORMAT] = SPAN_LITERAL("01");
    uint8_t *account = core_bytes(core, 12);
    struct span digits = span_last(span_make(pan.ptr, pan.len - 1), 12);
    memset(account, '0', 12);
    memcpy(account + 12 - digits.len, digits.ptr, digits.len);
    ask->arg[HSM_ARG_ACCOUNT] = span_make(account, 12);
}

static enum verdict translate(struct core *core, struct txn *t,
                              const struct issuer_settings *issuer)
{
    struct hsm_command *ask = core_hsm(core, t, HSM_CODE('C', 'A'), EV_PIN_CHECKED);
    ask->arg[HSM_ARG_KEY] = span_text(terminal_of(core, t)->tpk.text);
    ask->arg[HSM_ARG_DEST_KEY] = span_text(issuer->zpk.text);
    ask->arg[HSM_ARG_PIN_LEN_MAX] = SPAN_LITERAL("12");
    ask->arg[HSM_ARG_DEST_FORMAT] = SPAN_LITERAL("01");
    put_block(core, t, ask);
    return WAIT;
}

static enum verdict verify(struct core *core, struct txn *t, const struct issuer_settings *issuer)
{
    const struct core_settings *settings = core->settings;
    const struct card_settings *card = bsearch(t->record.pan, settings->cards, settings->card_count,
                                               sizeof *settings->cards, compare_pan);
    if (card == NULL) {
        return refuse(t, "14");
    }
    struct hsm_command *ask = core_hsm(core, t, HSM_CODE('D', 'C'), EV_PIN_CHECKED);
    ask->arg[HSM_ARG_KEY] = span_text(terminal_of(core, t)->tpk.text);
    ask->arg[HSM_ARG_PVK] = span_text(issuer->pvk.text);
    ask->arg[HSM_ARG_PVKI] = span_make(&card->pvki, 1);
    ask->arg[HSM_ARG_PVV] = span_text(card->pvv);
    put_block(core, t, ask);
    return WAIT;
}

enum verdict pin_enter(struct core *core, struct txn *t)
{
    if (!iso_has(&t->intake.msg, 52)) {
        return GO;
    }
    const struct issuer_settings *issuer = &core->settings->issuers[t->route.issuer];
    if (terminal_of(core, t)->tpk.text[0] == '\0' || iso_get(&t->intake.msg, 52).len != 8) {
        return refuse(t, "55");
    }
    switch (issuer->pin_mode) {
    case PIN_TRANSLATE:
        return translate(core, t, issuer);
    case PIN_VERIFY:
        return verify(core, t, issuer);
    default:
        return refuse(t, "55");
    }
}

enum verdict pin_resume(struct core *core, struct txn *t, const struct event *event)
{
    const struct hsm_reply *reply = event->u.hsm.reply;
    switch (reply->error) {
    case HSM_OK:
        break;
    case HSM_VERIFY_FAILED:
    case HSM_PIN_BLOCK:
    case HSM_PIN_LEN:
        return refuse(t, "55");
    default:
        core_alarm(core, ALARM_HSM_REFUSED, "pin", reply->error);
        return refuse(t, "96");
    }
    if (core->settings->issuers[t->route.issuer].pin_mode == PIN_TRANSLATE) {
        struct span block = reply->arg[HSM_ARG_PIN_BLOCK];
        if (block.len != 16 || hex_decode(block, t->hsm.pin_block) != 0) {
            core_alarm(core, ALARM_HSM_REFUSED, "pin", HSM_INPUT);
            return refuse(t, "96");
        }
        t->hsm.translated = true;
    }
    return GO;
}
