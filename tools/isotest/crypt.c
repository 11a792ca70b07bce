#include "tools/isotest/crypt.h"

#include <stdio.h>

#include "hsm_sim/engine/pinblock.h"
#include "tools/isotest/station_state.h"

enum { PAN_LEN_MIN = 13, PAN_LEN_MAX = 19, X9_9_LEN = 4 };

/* To add a MAC: a name in enum mac_name and a row. CMAC is another library call and has no plan. */
static const struct {
    const char *text;
    struct mac_plan plan;
    uint8_t len; /* bytes of it in the field, from the left; the others are 0 */
} macs[] = {
    [MAC_X9_19] = {"X9.19", {MAC_ALGORITHM_3, MAC_PAD_ZEROS, true}, 8},
    [MAC_X9_9] = {"X9.9", {MAC_ALGORITHM_1, MAC_PAD_ZEROS, true}, X9_9_LEN},
    [MAC_ISO9797_1_1] = {"ISO 9797-1 algorithm 1", {MAC_ALGORITHM_1, MAC_PAD_BIT, true}, 8},
    [MAC_ISO9797_1_3] = {"ISO 9797-1 algorithm 3", {MAC_ALGORITHM_3, MAC_PAD_BIT, true}, 8},
    [MAC_CMAC] = {"CMAC", {MAC_ALGORITHM_1, MAC_PAD_NONE, true}, 8},
};

const char *crypt_mac_text(uint8_t mac_name)
{
    return macs[mac_name].text;
}

int crypt_clear_key(const struct value *ref, const struct scope *scope, struct key_label *label,
                    uint8_t *out, struct fault *fault)
{
    uint8_t name_room[KEY_NAME_TEXT_LEN];
    uint8_t text_room[2 * CLEAR_KEY_LEN_MAX + 2];
    struct writer name_out = writer_make(name_room, sizeof name_room - 1);
    struct writer text_out = writer_make(text_room, sizeof text_room);
    struct span name;
    struct span text;
    TRY(value_need(ref, scope, NULL, 0, &name_out, &name, fault));
    const struct key *key = script_key(scope->script, name);
    if (key == NULL) {
        fault_set(fault, ref->spot, "there is no key %.*s", (int)name.len, (const char *)name.ptr);
        return ERR_CONFIG;
    }
    (void)snprintf(label->name, sizeof label->name, "%.*s", (int)name.len, (const char *)name.ptr);
    int status = value_need(&key->value, scope, NULL, 0, &text_out, &text, fault);
    if (status == 0 && hex_decode(text, text_room) == 0) { /* in place: it gets shorter */
        text.len /= 2;
    }
    if (status == 0 && (text.len > CLEAR_KEY_LEN_MAX || text.len < 8 || text.len % 8 != 0)) {
        fault_set(fault, key->spot, "key %s is no key of 8, 16, 24 or 32 bytes", label->name);
        status = ERR_CONFIG;
    }
    if (status == 0) {
        memcpy(out, text.ptr, text.len);
        status = (int)text.len;
    }
    bytes_wipe(text_room, sizeof text_room);
    return status;
}

int crypt_kcv(struct tdes *key, char out[KCV_TEXT_LEN])
{
    uint8_t check[DES_BLOCK_LEN] = {0};
    TRY(tdes_block(key, TDES_ENCRYPT, check, check));
    hex_encode(span_make(check, (KCV_TEXT_LEN - 1) / 2), (uint8_t *)out);
    out[KCV_TEXT_LEN - 1] = '\0';
    return 0;
}

static int pin_open(struct crypt *crypt, const struct peer_decl *decl, const struct scope *scope,
                    struct secret_span clear, struct fault *fault)
{
    uint8_t ksn_room[2 * DUKPT_KSN_LEN];
    struct writer ksn_out = writer_make(ksn_room, sizeof ksn_room);
    struct span ksn;
    crypt->is_dukpt = decl->pin_dukpt;
    crypt->pin_format = decl->pin_format;
    TRY(tdes_set_key(&crypt->pin, &crypt->ciphers, clear));
    TRY(crypt_kcv(&crypt->pin, crypt->pin_label.kcv));
    crypt->has_pin = true;
    if (!crypt->is_dukpt) {
        return 0;
    }
    TRY(value_eval_binary(&decl->ksn, scope, &ksn_out, &ksn, &(struct span){NULL, 0}));
    if (ksn.len != DUKPT_KSN_LEN) {
        fault_set(fault, decl->ksn.spot, "a KSN is 20 hex digits");
        return ERR_CONFIG;
    }
    return dukpt_init(&crypt->dukpt, &crypt->ciphers, clear, ksn.ptr);
}

static int mac_open(struct crypt *crypt, const struct peer_decl *decl, struct secret_span clear)
{
    uint8_t unused[CMAC_LEN_MAX];
    uint8_t zeros[CMAC_LEN_MAX] = {0};
    crypt->mac_name = decl->mac_name;
    crypt->has_mac = true;
    if (crypt->mac_name == MAC_CMAC) {
        /* 24 bytes are a triple DES key: AES-192 is nowhere in use for this. */
        TRY(cmac_init(&crypt->cmac, clear.len == 24 ? CMAC_TDES : CMAC_AES, clear));
        TRY(cmac_make(&crypt->cmac, span_make(zeros, crypt->cmac.len), unused));
        hex_encode(span_make(unused, (KCV_TEXT_LEN - 1) / 2), (uint8_t *)crypt->mac_label.kcv);
        return 0;
    }
    TRY(tdes_set_key(&crypt->mac, &crypt->ciphers, clear));
    TRY(crypt_kcv(&crypt->mac, crypt->mac_label.kcv));
    if (crypt->mac_name == MAC_X9_9) { /* a single DES MAC: the left half of a longer key */
        TRY(tdes_set_key(&crypt->mac, &crypt->ciphers, (struct secret_span){clear.ptr, 8}));
    }
    /* Make its contexts now rather than under the first message. */
    return crypt_mac(crypt, span_make(zeros, sizeof zeros), unused);
}

int crypt_open(struct crypt *crypt, const struct peer_decl *decl, const struct scope *scope,
               struct fault *fault)
{
    uint8_t clear[CLEAR_KEY_LEN_MAX];
    int status = tdes_ciphers_init(&crypt->ciphers);
    if (status == 0 && !value_is_absent(&decl->pin.name)) {
        status = crypt_clear_key(&decl->pin.name, scope, &crypt->pin_label, clear, fault);
        if (status >= 0) {
            status =
                pin_open(crypt, decl, scope, (struct secret_span){clear, (size_t)status}, fault);
        }
    }
    if (status == 0 && !value_is_absent(&decl->mac.name)) {
        status = crypt_clear_key(&decl->mac.name, scope, &crypt->mac_label, clear, fault);
        if (status >= 0) {
            status = mac_open(crypt, decl, (struct secret_span){clear, (size_t)status});
        }
    }
    crypt->mac_count = 0;
    crypt->mac_bytes = 0;
    bytes_wipe(clear, sizeof clear);
    if (status < 0 && fault != NULL && fault->text[0] == '\0') {
        fault_set(fault, decl->spot, "keys of %.*s: %s", (int)decl->name.len,
                  (const char *)decl->name.ptr, err_text(status));
    }
    return status;
}

void crypt_close(struct crypt *crypt)
{
    tdes_deinit(&crypt->pin);
    tdes_deinit(&crypt->mac);
    tdes_deinit(&crypt->session);
    tdes_deinit(&crypt->scratch);
    dukpt_deinit(&crypt->dukpt);
    cmac_deinit(&crypt->cmac);
    tdes_ciphers_deinit(&crypt->ciphers);
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

/* The key of this PIN block, going on to the next KSN if it is a DUKPT terminal. */
static int pin_key(struct crypt *crypt, struct tdes **out)
{
    uint8_t clear[DUKPT_KEY_LEN];
    *out = &crypt->pin;
    if (!crypt->is_dukpt) {
        return 0;
    }
    if (crypt->ksn_used) {
        TRY(dukpt_next(&crypt->dukpt));
    }
    crypt->ksn_used = true;
    TRY(dukpt_key(&crypt->dukpt, DUKPT_PIN, clear));
    *out = &crypt->scratch;
    int status =
        tdes_set_key(&crypt->scratch, &crypt->ciphers, (struct secret_span){clear, sizeof clear});
    bytes_wipe(clear, sizeof clear);
    return status;
}

int crypt_pin_block(struct crypt *crypt, struct secret_span text, struct span pan, uint64_t *random,
                    uint8_t *out)
{
    struct pin pin;
    struct tdes *key = NULL;
    struct random fill = {*random, true};
    CHECK(crypt->has_pin);
    crypt->pin_count++;
    if (pan.len < PAN_LEN_MIN || pan.len > PAN_LEN_MAX || !span_is_digits(pan)) {
        return ERR_FORMAT;
    }
    struct span account = span_last(span_first(pan, pan.len - 1), PIN_ACCOUNT_LEN);
    struct span format = crypt->pin_format == 3 ? SPAN_LITERAL("47") : SPAN_LITERAL("01");
    TRY(pin_parse(text, &pin));
    TRY(pin_key(crypt, &key));
    int status = pin_encode(pin_format_find(format), &pin, account, &fill, out);
    *random = fill.state;
    bytes_wipe(&pin, sizeof pin);
    return status < 0 ? status : tdes_block(key, TDES_ENCRYPT, out, out);
}

int crypt_mac(struct crypt *crypt, struct span data, uint8_t *out)
{
    uint8_t mac[CMAC_LEN_MAX] = {0};
    CHECK(crypt->has_mac);
    crypt->mac_count++;
    crypt->mac_bytes += data.len;
    if (crypt->mac_name == MAC_CMAC) {
        TRY(cmac_make(&crypt->cmac, data, mac));
    } else {
        TRY(mac_update(&crypt->mac, macs[crypt->mac_name].plan, data, mac));
    }
    memset(out, 0, MAC_FIELD_LEN);
    memcpy(out, mac, macs[crypt->mac_name].len);
    return 0;
}
