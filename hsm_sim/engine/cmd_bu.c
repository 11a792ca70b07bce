#include "hsm_sim/engine/call.h"

/* Key types of two digits are rows of the LMK table without a variant. */
static const char *type_text(struct span type, char *text)
{
    memcpy(text, "000", 4);
    memcpy(text + 3 - type.len, type.ptr, type.len);
    return text;
}

/* BU: check value of a key, 16H, or 6H where the request says so. */
uint8_t cmd_bu(struct call *call)
{
    static const uint8_t zeros[DES_BLOCK_LEN];
    char type[4];
    struct tdes *key;
    uint8_t flag = call->arg[HSM_ARG_KEY_LEN_FLAG].ptr[0];
    bool is_short = span_equal_text(call->arg[HSM_ARG_CHECK_TYPE], "1");
    if (flag > '2') {
        return HSM_KEY_LEN_FLAG;
    }
    uint8_t error = call_key(call, HSM_ARG_KEY, type_text(call->arg[HSM_ARG_KEY_TYPE], type),
                             HSM_SOURCE_PARITY, &key);
    if (error != HSM_OK) {
        return error;
    }
    if (key->key_len != (flag - '0' + 1) * DES_BLOCK_LEN) {
        return HSM_KEY_LEN_FLAG;
    }
    uint8_t check[DES_BLOCK_LEN];
    if (tdes_block(key, TDES_ENCRYPT, zeros, check) < 0) {
        return HSM_INTERNAL;
    }
    call_reply_hex(call, HSM_ARG_CHECK_VALUE, check, is_short ? 3 : sizeof check);
    return HSM_OK;
}
