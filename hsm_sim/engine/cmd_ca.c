#include "hsm_sim/engine/call.h"

static uint8_t translate(struct call *call, const char *source_type)
{
    struct tdes *source;
    struct tdes *dest;
    struct pin pin;
    uint8_t block[PIN_BLOCK_LEN];
    const struct pin_format *from = pin_format_find(call->arg[HSM_ARG_FORMAT]);
    const struct pin_format *to = pin_format_find(call->arg[HSM_ARG_DEST_FORMAT]);
    uint8_t error = call_key(call, HSM_ARG_KEY, source_type, HSM_SOURCE_PARITY, &source);
    if (error != HSM_OK) {
        return error;
    }
    error = call_key(call, HSM_ARG_DEST_KEY, "001", HSM_DEST_PARITY, &dest);
    if (error != HSM_OK) {
        return error;
    }
    if (from == NULL || to == NULL || !pin_format_may_become(from, to)) {
        return HSM_PIN_FORMAT;
    }
    error = call_pin(call, source, &pin);
    if (error == HSM_OK) {
        if (pin_encode(to, &pin, call->arg[HSM_ARG_ACCOUNT], &call->engine->random, block) < 0 ||
            tdes_block(dest, TDES_ENCRYPT, block, block) < 0) {
            error = HSM_INTERNAL;
        } else {
            call_reply_digits(call, HSM_ARG_PIN_LEN, 2, pin.len);
            call_reply_hex(call, HSM_ARG_PIN_BLOCK, block, sizeof block);
            call_reply_text(call, HSM_ARG_DEST_FORMAT, call->arg[HSM_ARG_DEST_FORMAT]);
        }
        bytes_wipe(block, sizeof block);
    }
    bytes_wipe(&pin, sizeof pin);
    return error;
}

/* CA: translate a PIN from a TPK to a ZPK. */
uint8_t cmd_ca(struct call *call)
{
    return translate(call, "002");
}

/* CC: translate a PIN from one ZPK to another. */
uint8_t cmd_cc(struct call *call)
{
    return translate(call, "001");
}
