#include "hsm_sim/engine/tester.h"

#include "hsm_sim/engine/mac.h"
#include "hsm_sim/engine/pinverify.h"

enum { PAN_LEN_MIN = 13, PAN_LEN_MAX = 19 };

/* A key with its algorithms, for one call. */
struct clear_key {
    struct tdes_ciphers ciphers;
    struct tdes tdes;
};

static int clear_key_init(struct clear_key *key, struct secret_span clear)
{
    memset(key, 0, sizeof *key);
    TRY(tdes_ciphers_init(&key->ciphers));
    return tdes_set_key(&key->tdes, &key->ciphers, clear) < 0 ? ERR_FORMAT : 0;
}

static void clear_key_deinit(struct clear_key *key)
{
    tdes_deinit(&key->tdes);
    tdes_ciphers_deinit(&key->ciphers);
}

static int pin_parse(struct secret_span text, struct pin *pin)
{
    memset(pin, 0, sizeof *pin);
    if (text.len < PIN_LEN_MIN || text.len > PIN_LEN_MAX) {
        return ERR_FORMAT;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (!byte_is_digit(text.ptr[i])) {
            return ERR_FORMAT;
        }
        pin->digit[i] = (uint8_t)(text.ptr[i] - '0');
    }
    pin->len = (uint8_t)text.len;
    return 0;
}

/* The 12 rightmost digits without the check digit. */
static int account_of(struct span pan, struct span *account)
{
    if (pan.len < PAN_LEN_MIN || pan.len > PAN_LEN_MAX || !span_is_digits(pan)) {
        return ERR_FORMAT;
    }
    *account = span_last(span_first(pan, pan.len - 1), PIN_ACCOUNT_LEN);
    return 0;
}

int hsm_tester_pin_block(struct secret_span tpk, struct secret_span pin_text, struct span pan,
                         uint8_t *out)
{
    struct pin pin;
    struct span account;
    struct clear_key key;
    struct random unused = random_make(1);
    TRY(account_of(pan, &account));
    TRY(pin_parse(pin_text, &pin));
    int status = clear_key_init(&key, tpk);
    if (status == 0) {
        status = pin_encode(pin_format_find(SPAN_LITERAL("01")), &pin, account, &unused, out);
    }
    if (status == 0) {
        status = tdes_block(&key.tdes, TDES_ENCRYPT, out, out);
    }
    clear_key_deinit(&key);
    bytes_wipe(&pin, sizeof pin);
    return status;
}

int hsm_tester_mac(struct secret_span clear, unsigned padding, struct span data, uint8_t *out)
{
    struct clear_key key;
    if (padding != MAC_PAD_ZEROS && padding != MAC_PAD_BIT) {
        return ERR_FORMAT;
    }
    struct mac_plan plan = {MAC_ALGORITHM_3, (enum mac_padding)padding, true};
    int status = clear_key_init(&key, clear);
    memset(out, 0, MAC_LEN);
    if (status == 0) {
        status = mac_update(&key.tdes, plan, data, out);
    }
    clear_key_deinit(&key);
    return status == ERR_LENGTH ? ERR_FORMAT : status;
}

int hsm_tester_pvv(struct secret_span pvk, struct secret_span pin_text, struct span pan, char pvki,
                   uint8_t *out)
{
    struct pin pin;
    struct span account;
    struct clear_key key;
    TRY(account_of(pan, &account));
    if (!byte_is_digit((uint8_t)pvki)) {
        return ERR_FORMAT;
    }
    TRY(pin_parse(pin_text, &pin));
    int status = clear_key_init(&key, pvk);
    if (status == 0) {
        status = pvv_make(&key.tdes, account, (uint8_t)pvki, &pin, out);
    }
    clear_key_deinit(&key);
    bytes_wipe(&pin, sizeof pin);
    return status;
}

int hsm_tester_offset(struct secret_span pvk, struct secret_span pin_text, struct span pan,
                      struct span dectab, struct span validation, uint8_t *out)
{
    struct pin pin;
    struct span account;
    struct clear_key key;
    uint8_t block[DES_BLOCK_LEN];
    uint8_t natural[OFFSET_LEN];
    TRY(account_of(pan, &account));
    if (dectab.len != DECTAB_LEN || !span_is_digits(dectab)) {
        return ERR_FORMAT;
    }
    TRY(validation_expand(validation, account, block));
    TRY(pin_parse(pin_text, &pin));
    int status = clear_key_init(&key, pvk);
    if (status == 0) {
        status = natural_pin_make(&key.tdes, block, dectab, natural);
    }
    memset(out, 'F', OFFSET_LEN);
    for (size_t i = 0; i < pin.len && status == 0; i++) {
        out[i] = (uint8_t)('0' + (10 + pin.digit[i] - natural[i]) % 10);
    }
    clear_key_deinit(&key);
    bytes_wipe(natural, sizeof natural);
    bytes_wipe(&pin, sizeof pin);
    return status;
}

void hsm_tester_parity(uint8_t *key, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        key[i] ^= (uint8_t)!__builtin_parity(key[i]);
    }
}
