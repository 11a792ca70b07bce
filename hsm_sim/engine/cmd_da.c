#include "hsm_sim/engine/call.h"
#include "hsm_sim/engine/pinverify.h"

/* The offset's digits that count, and F or anything of the same kind behind them. */
static bool offset_is_good(struct span offset, size_t check_len)
{
    return check_len >= PIN_LEN_MIN && check_len <= PIN_LEN_MAX &&
           span_is_digits(span_first(offset, check_len));
}

static uint8_t verify(struct call *call, const char *pin_key_type)
{
    struct tdes *key;
    struct tdes *pvk;
    uint8_t error = call_key(call, HSM_ARG_KEY, pin_key_type, HSM_SOURCE_PARITY, &key);
    if (error != HSM_OK) {
        return error;
    }
    error = call_key(call, HSM_ARG_PVK, "002", HSM_DEST_PARITY, &pvk);
    if (error != HSM_OK) {
        return error;
    }
    struct span offset = call->arg[HSM_ARG_OFFSET];
    struct span dectab = call->arg[HSM_ARG_DECTAB];
    size_t check_len = call_number(call, HSM_ARG_CHECK_LEN);
    uint8_t validation[DES_BLOCK_LEN];
    if (!call->engine->settings.dectab_plain || !dectab_is_good(dectab)) {
        return HSM_DECTAB;
    }
    if (!offset_is_good(offset, check_len) ||
        validation_expand(call->arg[HSM_ARG_VALIDATION], call->arg[HSM_ARG_ACCOUNT], validation) <
            0) {
        return HSM_INPUT;
    }
    struct pin pin;
    uint8_t natural[OFFSET_LEN];
    error = call_pin(call, key, &pin);
    if (error == HSM_OK || call_pin_is_bad(error)) {
        if (natural_pin_make(pvk, validation, dectab, natural) < 0) {
            error = HSM_INTERNAL;
        } else {
            bool agrees = offset_agrees(natural, offset, check_len, &pin);
            /* 02 is a warning here: the result is good, but the algorithm was made for a
             * single-length PVK. */
            uint8_t verdict = !agrees                        ? HSM_VERIFY_FAILED
                              : pvk->key_len > DES_BLOCK_LEN ? HSM_KEY_LENGTH
                                                             : HSM_OK;
            error = error == HSM_OK ? verdict : error;
        }
        bytes_wipe(natural, sizeof natural);
    }
    bytes_wipe(&pin, sizeof pin);
    return error;
}

/* DA: verify a PIN under a TPK by its IBM 3624 offset. */
uint8_t cmd_da(struct call *call)
{
    return verify(call, "002");
}

/* EA: verify a PIN under a ZPK by its IBM 3624 offset. */
uint8_t cmd_ea(struct call *call)
{
    return verify(call, "001");
}
