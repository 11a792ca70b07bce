#include <openssl/crypto.h>

#include "hsm_sim/engine/call.h"
#include "hsm_sim/engine/mac.h"

enum mac_mode { MODE_ONLY, MODE_FIRST, MODE_MIDDLE, MODE_LAST, MODE_COUNT };
enum in_format { IN_BINARY, IN_HEX, IN_TEXT, IN_COUNT };

struct mac_call {
    struct tdes *key;
    struct mac_plan plan;
    size_t mac_len;
};

/* The fields that M6 and M8 share. The errors are these commands' own. */
static uint8_t arguments_read(struct call *call, struct mac_call *out)
{
    unsigned mode = call_digit(call, HSM_ARG_MODE);
    unsigned algorithm = call_digit(call, HSM_ARG_MAC_ALGORITHM);
    unsigned size = call_digit(call, HSM_ARG_MAC_SIZE);
    unsigned padding = call_digit(call, HSM_ARG_PADDING);
    if (mode >= MODE_COUNT) {
        return HSM_MAC_MODE;
    }
    if (call_digit(call, HSM_ARG_IN_FORMAT) >= IN_COUNT) {
        return HSM_MAC_IN_FORMAT;
    }
    if ((algorithm != MAC_ALGORITHM_1 && algorithm != MAC_ALGORITHM_3) || size > 1) {
        return HSM_MAC_ALGORITHM;
    }
    if (padding > MAC_PAD_BIT) {
        return HSM_MAC_PADDING;
    }
    /* TAK and ZAK; FFF says "see the key block", which a variant LMK does not have. */
    struct span type = call->arg[HSM_ARG_KEY_TYPE];
    const char *type_text = span_equal_text(type, "003")   ? "003"
                            : span_equal_text(type, "008") ? "008"
                                                           : NULL;
    if (type_text == NULL) {
        return HSM_MAC_KEY_TYPE;
    }
    uint8_t error = call_key(call, HSM_ARG_KEY, type_text, HSM_SOURCE_PARITY, &out->key);
    if (error == HSM_OK && algorithm == MAC_ALGORITHM_3 && out->key->key_len == DES_BLOCK_LEN) {
        error = HSM_KEY_INCOMPATIBLE;
    }
    out->mac_len = size == 1 ? MAC_LEN : MAC_LEN / 2;
    out->plan =
        (struct mac_plan){algorithm == MAC_ALGORITHM_3 ? MAC_ALGORITHM_3 : MAC_ALGORITHM_1,
                          (enum mac_padding)padding, mode == MODE_ONLY || mode == MODE_LAST};
    return error;
}

static uint8_t data_take(const struct mac_call *mac, struct span data, uint8_t *chain)
{
    int status = mac_update(mac->key, mac->plan, data, chain);
    return status == 0 ? HSM_OK : status == ERR_LENGTH ? HSM_MAC_DATA_LEN : HSM_INTERNAL;
}

/* Read the arguments and go over the data: @chain becomes the MAC, or the IV to go on with. */
static uint8_t mac_run(struct call *call, struct mac_call *out, uint8_t *chain)
{
    struct span data = call->arg[HSM_ARG_DATA];
    struct span iv = call->arg[HSM_ARG_IV];
    uint8_t error = arguments_read(call, out);
    if (error != HSM_OK) {
        return error;
    }
    memset(chain, 0, MAC_LEN);
    /* Modes 0 and 1 begin a message; the layout has an IV in modes 2 and 3 only. */
    if (call_digit(call, HSM_ARG_MODE) >= MODE_MIDDLE && hex_decode(iv, chain) < 0) {
        return HSM_INPUT;
    }
    if (call_digit(call, HSM_ARG_IN_FORMAT) != IN_HEX) {
        return data_take(out, data, chain);
    }
    if (data.len % 2 != 0) {
        return HSM_MAC_DATA_LEN;
    }
    size_t len = data.len / 2;
    uint8_t *bytes = writer_room(&call->scratch, len);
    if (bytes == NULL) {
        return HSM_DATA_LEN;
    }
    error = hex_decode(data, bytes) < 0 ? HSM_INPUT : data_take(out, span_make(bytes, len), chain);
    bytes_wipe(bytes, len);
    call->scratch.len -= len;
    return error;
}

/* M6: generate a MAC. */
uint8_t cmd_m6(struct call *call)
{
    struct mac_call mac;
    uint8_t chain[MAC_LEN];
    uint8_t error = mac_run(call, &mac, chain);
    if (error == HSM_OK) {
        call_reply_hex(call, HSM_ARG_MAC, chain, mac.plan.is_last ? mac.mac_len : MAC_LEN);
    }
    return error;
}

/* M8: verify a MAC. */
uint8_t cmd_m8(struct call *call)
{
    struct mac_call mac;
    uint8_t chain[MAC_LEN];
    uint8_t given[MAC_LEN];
    uint8_t error = mac_run(call, &mac, chain);
    if (error != HSM_OK) {
        return error;
    }
    if (!mac.plan.is_last) {
        call_reply_hex(call, HSM_ARG_IV, chain, MAC_LEN);
        return HSM_OK;
    }
    if (hex_decode(call->arg[HSM_ARG_MAC], given) < 0) {
        return HSM_INPUT;
    }
    bool agrees = CRYPTO_memcmp(chain, given, mac.mac_len) == 0;
    bytes_wipe(chain, sizeof chain);
    return agrees ? HSM_OK : HSM_VERIFY_FAILED;
}
