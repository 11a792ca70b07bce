#include <openssl/crypto.h>

#include "hsm_sim/engine/call.h"
#include "hsm_sim/engine/pinverify.h"

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
    if (pvk->key_len != 2 * DES_BLOCK_LEN) {
        return HSM_KEY_INCOMPATIBLE;
    }
    struct pin pin;
    uint8_t pvv[PVV_LEN];
    error = call_pin(call, key, &pin);
    if (error == HSM_OK || call_pin_is_bad(error)) {
        if (pvv_make(pvk, call->arg[HSM_ARG_ACCOUNT], call->arg[HSM_ARG_PVKI].ptr[0], &pin, pvv) <
            0) {
            error = HSM_INTERNAL;
        } else {
            bool agrees = CRYPTO_memcmp(pvv, call->arg[HSM_ARG_PVV].ptr, PVV_LEN) == 0;
            uint8_t verdict = agrees ? HSM_OK : HSM_VERIFY_FAILED;
            error = error == HSM_OK ? verdict : error;
        }
        bytes_wipe(pvv, sizeof pvv);
    }
    bytes_wipe(&pin, sizeof pin);
    return error;
}

/* DC: verify a PIN under a TPK by its Visa PVV. */
uint8_t cmd_dc(struct call *call)
{
    return verify(call, "002");
}

/* EC: verify a PIN under a ZPK by its Visa PVV. */
uint8_t cmd_ec(struct call *call)
{
    return verify(call, "001");
}
