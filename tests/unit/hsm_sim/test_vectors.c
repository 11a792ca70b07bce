/* Goal: agree with devices and other simulators. Method: every vector of hsm.json that the engine
 * covers, on the wire or by its algorithm; the others are printed with the reason. */
#include <jansson.h>

#include "harness.h"
#include "hsm_sim/engine/cmac.h"
#include "hsm_sim/engine/dukpt.h"
#include "hsm_sim/engine/emv.h"
#include "hsm_sim/engine/keys.h"
#include "hsm_sim/engine/mac.h"
#include "hsm_sim/engine/pinverify.h"
#include "hsm_sim/wire/layout.h"

static struct hsm_engine *engine;
static struct keys keys;

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "" : text;
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static void tdes_open(struct tdes *tdes, const char *clear)
{
    memset(tdes, 0, sizeof *tdes);
    ck_assert_int_eq(tdes_set_key(tdes, &keys.ciphers, secret(unhex(clear))), 0);
}

/* A check of one vector. Returns NULL if it passed, or why it was not tried; fails the test if it
 * does not agree. */
typedef const char *vector_fn(const json_t *inputs, const json_t *expected, const char *id);

static const char *check_wire(const json_t *inputs, const json_t *expected, const char *id)
{
    const char *request = text_of(inputs, "request");
    if (strlen(request) < 2) {
        return "request is not text";
    }
    if (wire_layout_find(be16_get((const uint8_t *)request)) == NULL) {
        return "command is not offered";
    }
    if (strcmp(text_of(inputs, "lmk"), "test-variant") != 0) {
        return "another LMK";
    }
    const char *response = ask(engine, request);
    if (begins(response, "M700") && begins(text_of(expected, "response"), "M700000")) {
        /* That simulator puts a 4H length before the MAC; devices do not. The MAC must agree. */
        ck_assert_msg(strcmp(response + 4, text_of(expected, "response") + 8) == 0, "%s", id);
        return NULL;
    }
    ck_assert_msg(strcmp(response, text_of(expected, "response")) == 0, "%s: %s, not %s", id,
                  response, text_of(expected, "response"));
    return NULL;
}

static const char *check_key(const json_t *inputs, const json_t *expected, const char *id)
{
    const char *clear = text_of(expected, "clear");
    const char *wire = text_of(inputs, "key_under_lmk");
    char type[4] = "";
    if (strcmp(text_of(inputs, "lmk"), "test-variant") != 0) {
        return "another LMK";
    }
    (void)snprintf(type, sizeof type, "%s", text_of(inputs, "key_type"));
    if (type[0] == '\0') {
        return "no key type names this LMK pair";
    }
    if (wire[0] == '\0') {
        wire = text_of(expected, "key_under_lmk");
        clear = text_of(inputs, "clear");
    }
    char scheme = wire[0];
    char made[KEY_WIRE_LEN_MAX + 1];
    scheme = hex_value((uint8_t)scheme) < 0 ? scheme : 'Z';
    ck_assert_int_eq(keys_wrap(&keys, type, scheme, secret(unhex(clear)), made), 0);
    ck_assert_msg(strcmp(made, wire) == 0, "%s: %s", id, made);
    struct tdes *key = NULL;
    ck_assert_msg(keys_find(&keys, type, span_text(wire), &key) == HSM_OK, "%s", id);
    ck_assert_msg(memcmp(key->key, unhex(clear).ptr, strlen(clear) / 2) == 0, "%s", id);
    uint8_t check[8] = {0};
    ck_assert_int_eq(tdes_block(key, TDES_ENCRYPT, check, check), 0);
    const char *kcv = text_of(expected, "kcv");
    ck_assert_msg(begins(hex_text(check, 8), kcv), "%s", id);
    return NULL;
}

/* The account of a vector: given, or the PAN's 12 digits before the last. */
static struct span account_of(const json_t *inputs)
{
    const char *pan = text_of(inputs, "pan");
    if (pan[0] == '\0') {
        return span_text(text_of(inputs, "account12"));
    }
    return span_last(span_make(pan, strlen(pan) - 1), 12);
}

static struct pin pin_of(const char *text)
{
    struct pin pin = {.len = (uint8_t)strlen(text)};
    for (size_t i = 0; i < pin.len; i++) {
        pin.digit[i] = (uint8_t)(text[i] - '0');
    }
    return pin;
}

static const char *check_iso0(const json_t *inputs, const json_t *expected, const char *id)
{
    struct random unused = random_make(1);
    struct pin pin = pin_of(text_of(inputs, "pin"));
    struct pin back;
    uint8_t block[PIN_BLOCK_LEN];
    const struct pin_format *format = pin_format_find(SPAN_LITERAL("01"));
    ck_assert_int_eq(pin_encode(format, &pin, account_of(inputs), &unused, block), 0);
    ck_assert_msg(strcmp(hex_text(block, 8), text_of(expected, "block")) == 0, "%s", id);
    ck_assert_int_eq(pin_decode(format, block, account_of(inputs), &back), HSM_OK);
    ck_assert_mem_eq(&pin, &back, sizeof pin);
    return NULL;
}

static const char *check_iso3(const json_t *inputs, const json_t *expected, const char *id)
{
    struct pin pin = pin_of(text_of(expected, "pin"));
    struct pin back;
    ck_assert_msg(pin_decode(pin_format_find(SPAN_LITERAL("47")),
                             unhex(text_of(inputs, "block")).ptr, account_of(inputs),
                             &back) == HSM_OK,
                  "%s", id);
    ck_assert_mem_eq(&pin, &back, sizeof pin);
    return NULL;
}

static const char *check_pvv(const json_t *inputs, const json_t *expected, const char *id)
{
    struct tdes key;
    struct pin pin = pin_of(text_of(inputs, "pin"));
    uint8_t pvv[PVV_LEN];
    tdes_open(&key, text_of(inputs, "pvk"));
    ck_assert_int_eq(
        pvv_make(&key, account_of(inputs), (uint8_t)text_of(inputs, "pvki")[0], &pin, pvv), 0);
    ck_assert_msg(memcmp(pvv, text_of(expected, "pvv"), PVV_LEN) == 0, "%s", id);
    tdes_deinit(&key);
    return NULL;
}

static const char *check_offset(const json_t *inputs, const json_t *expected, const char *id)
{
    struct tdes key;
    uint8_t validation[8];
    uint8_t natural[OFFSET_LEN];
    char offset[OFFSET_LEN + 1] = "";
    const char *field = text_of(inputs, "validation_data_field");
    struct pin pin = pin_of(text_of(inputs, "pin"));
    if (field[0] != '\0') {
        ck_assert_int_eq(validation_expand(span_text(field), account_of(inputs), validation), 0);
    } else {
        memcpy(validation, unhex(text_of(inputs, "validation_data")).ptr, sizeof validation);
    }
    (void)snprintf(offset, sizeof offset, "%.*sFFFFFFFFFFFF", pin.len, text_of(expected, "offset"));
    struct span table = span_text(text_of(inputs, "decimalisation_table"));
    ck_assert(dectab_is_good(table));
    tdes_open(&key, text_of(inputs, "pvk"));
    ck_assert_int_eq(natural_pin_make(&key, validation, table, natural), 0);
    ck_assert_msg(offset_agrees(natural, span_make(offset, OFFSET_LEN), pin.len, &pin), "%s", id);
    tdes_deinit(&key);
    return NULL;
}

static void mac_agrees(const char *clear, struct mac_plan plan, const json_t *inputs,
                       const json_t *expected, const char *id)
{
    struct tdes key;
    uint8_t mac[MAC_LEN] = {0};
    tdes_open(&key, clear);
    ck_assert_int_eq(mac_update(&key, plan, unhex(text_of(inputs, "data")), mac), 0);
    ck_assert_msg(begins(hex_text(mac, MAC_LEN), text_of(expected, "mac")), "%s", id);
    tdes_deinit(&key);
}

static enum mac_padding padding_of(const json_t *inputs)
{
    return json_integer_value(json_object_get(inputs, "padding")) == 2 ? MAC_PAD_BIT
                                                                       : MAC_PAD_ZEROS;
}

static const char *check_mac1(const json_t *inputs, const json_t *expected, const char *id)
{
    struct mac_plan plan = {MAC_ALGORITHM_1, padding_of(inputs), true};
    mac_agrees(text_of(inputs, "key"), plan, inputs, expected, id);
    return NULL;
}

static const char *check_mac3(const json_t *inputs, const json_t *expected, const char *id)
{
    struct mac_plan plan = {MAC_ALGORITHM_3, padding_of(inputs), true};
    char key[33];
    const char *key1 = text_of(inputs, "key1");
    const char *key2 = text_of(inputs, "key2");
    if (key1[0] == '\0') {
        mac_agrees(text_of(inputs, "key"), plan, inputs, expected, id);
        return NULL;
    }
    /* Two keys of two equal halves each are single DES keys. */
    ck_assert_int_eq(memcmp(key1, key1 + 16, 16), 0);
    ck_assert_int_eq(memcmp(key2, key2 + 16, 16), 0);
    (void)snprintf(key, sizeof key, "%.16s%.16s", key1, key2);
    mac_agrees(key, plan, inputs, expected, id);
    return NULL;
}

static const char *check_cmac(const json_t *inputs, const json_t *expected, const char *id)
{
    struct cmac cmac = {0};
    uint8_t mac[CMAC_LEN_MAX];
    ck_assert_int_eq(cmac_init(&cmac, CMAC_AES, secret(unhex(text_of(inputs, "key")))), 0);
    for (int i = 0; i < 2; i++) { /* the second time by the context as it is left */
        ck_assert_int_eq(cmac_make(&cmac, unhex(text_of(inputs, "data")), mac), 0);
        ck_assert_msg(strcmp(hex_text(mac, cmac.len), text_of(expected, "mac")) == 0, "%s", id);
    }
    cmac_deinit(&cmac);
    return NULL;
}

/* The key of a vector's KSN for @use. A vector may sit on a counter that no terminal uses. */
static const char *dukpt_vector_key(const json_t *inputs, enum dukpt_use use, uint8_t *out)
{
    struct dukpt dukpt = {0};
    struct span ksn = unhex(text_of(inputs, "ksn"));
    struct span bdk = unhex(text_of(inputs, "bdk"));
    ck_assert_uint_eq(ksn.len, DUKPT_KSN_LEN);
    ck_assert_int_eq(dukpt_init(&dukpt, &keys.ciphers, secret(bdk), ksn.ptr), 0);
    bool is_used = memcmp(dukpt.ksn, ksn.ptr, DUKPT_KSN_LEN) == 0;
    if (is_used) {
        ck_assert_int_eq(dukpt_key(&dukpt, use, out), 0);
    }
    dukpt_deinit(&dukpt);
    return is_used ? NULL : "no terminal uses this counter";
}

static const char *check_dukpt_ik(const json_t *inputs, const json_t *expected, const char *id)
{
    struct dukpt dukpt = {0};
    ck_assert_int_eq(dukpt_init(&dukpt, &keys.ciphers, secret(unhex(text_of(inputs, "bdk"))),
                                unhex(text_of(inputs, "ksn")).ptr),
                     0);
    ck_assert_msg(strcmp(hex_text(dukpt.key[0], DUKPT_KEY_LEN), text_of(expected, "ik")) == 0, "%s",
                  id);
    dukpt_deinit(&dukpt);
    return NULL;
}

static const char *check_dukpt_key(const json_t *inputs, const json_t *expected, const char *id)
{
    uint8_t key[DUKPT_KEY_LEN];
    const char *why = dukpt_vector_key(inputs, DUKPT_PLAIN, key);
    ck_assert_msg(why != NULL || strcmp(hex_text(key, sizeof key), text_of(expected, "key")) == 0,
                  "%s", id);
    return why;
}

static const char *check_dukpt_pin(const json_t *inputs, const json_t *expected, const char *id)
{
    struct random unused = random_make(1);
    struct tdes key;
    struct pin pin = pin_of(text_of(inputs, "pin"));
    uint8_t block[PIN_BLOCK_LEN];
    uint8_t clear[DUKPT_KEY_LEN];
    const char *why = dukpt_vector_key(inputs, DUKPT_PIN, clear);
    if (why != NULL) {
        return why;
    }
    memset(&key, 0, sizeof key);
    ck_assert_int_eq(tdes_set_key(&key, &keys.ciphers, secret(span_make(clear, sizeof clear))), 0);
    ck_assert_int_eq(
        pin_encode(pin_format_find(SPAN_LITERAL("01")), &pin, account_of(inputs), &unused, block),
        0);
    ck_assert_int_eq(tdes_block(&key, TDES_ENCRYPT, block, block), 0);
    ck_assert_msg(strcmp(hex_text(block, 8), text_of(expected, "block")) == 0, "%s", id);
    tdes_deinit(&key);
    return NULL;
}

static const char *check_dukpt_cmac(const json_t *inputs, const json_t *expected, const char *id)
{
    struct cmac cmac = {0};
    uint8_t clear[DUKPT_KEY_LEN];
    uint8_t mac[CMAC_LEN_MAX];
    const char *why = dukpt_vector_key(inputs, DUKPT_MAC, clear);
    if (why != NULL) {
        return why;
    }
    ck_assert_int_eq(cmac_init(&cmac, CMAC_TDES, secret(span_make(clear, sizeof clear))), 0);
    ck_assert_int_eq(cmac_make(&cmac, unhex(text_of(inputs, "data")), mac), 0);
    ck_assert_msg(begins(hex_text(mac, cmac.len), text_of(expected, "mac")), "%s", id);
    cmac_deinit(&cmac);
    return NULL;
}

/* The card key of a vector, and the session key if it says that there is one. */
static const char *emv_vector_keys(const json_t *inputs, struct tdes *card, struct tdes *session)
{
    struct tdes imk;
    uint8_t clear[EMV_KEY_LEN];
    uint8_t r[8] = {0};
    const char *scheme = text_of(inputs, "session_key");
    if (strcmp(text_of(inputs, "derivation"), "B") == 0 || strcmp(scheme, "mchip") == 0) {
        return "option B and M/Chip session keys are not offered";
    }
    tdes_open(&imk, text_of(inputs, "mk"));
    ck_assert_int_eq(emv_card_key(&imk, span_text(text_of(inputs, "pan")),
                                  span_text(text_of(inputs, "psn")), clear),
                     0);
    tdes_open(card, hex_text(clear, sizeof clear));
    const char *from = text_of(inputs, "r");
    from = from[0] == '\0' ? text_of(inputs, "atc") : from;
    memcpy(r, unhex(from).ptr, strlen(from) / 2);
    bool has_session = begins(scheme, "emv-csk") || text_of(inputs, "sk")[0] != '\0';
    if (has_session) {
        ck_assert_int_eq(emv_session_key(card, r, clear), 0);
    }
    tdes_open(session, hex_text(clear, sizeof clear));
    tdes_deinit(&imk);
    return NULL;
}

static const char *check_arqc(const json_t *inputs, const json_t *expected, const char *id)
{
    struct tdes card;
    struct tdes session;
    uint8_t arqc[EMV_AC_LEN];
    const char *why = emv_vector_keys(inputs, &card, &session);
    if (why != NULL) {
        return why;
    }
    ck_assert_int_eq(
        emv_cryptogram(&session, padding_of(inputs), unhex(text_of(inputs, "data")), arqc), 0);
    ck_assert_msg(strcmp(hex_text(arqc, sizeof arqc), text_of(expected, "arqc")) == 0, "%s", id);
    tdes_deinit(&card);
    tdes_deinit(&session);
    return NULL;
}

static const char *check_arpc(const json_t *inputs, const json_t *expected, const char *id)
{
    struct tdes card;
    struct tdes session;
    uint8_t arpc[EMV_AC_LEN];
    size_t len = EMV_AC_LEN;
    struct span arqc = unhex(text_of(inputs, "arqc"));
    const char *arc = text_of(inputs, "arc");
    const char *why = emv_vector_keys(inputs, &card, &session);
    if (why != NULL) {
        return why;
    }
    if (arc[0] != '\0') {
        ck_assert_int_eq(emv_arpc1(&session, arqc.ptr, unhex(arc).ptr, arpc), 0);
    } else {
        len = EMV_ARPC2_LEN;
        ck_assert_int_eq(
            emv_arpc2(&session, arqc.ptr, unhex(text_of(inputs, "csu")).ptr, SPAN_NONE, arpc), 0);
    }
    ck_assert_msg(strcmp(hex_text(arpc, len), text_of(expected, "arpc")) == 0, "%s", id);
    tdes_deinit(&card);
    tdes_deinit(&session);
    return NULL;
}

static const char *check_udk(const json_t *inputs, const json_t *expected, const char *id)
{
    struct tdes card;
    struct tdes session;
    uint8_t check[8] = {0};
    const char *why = emv_vector_keys(inputs, &card, &session);
    ck_assert_ptr_null(why);
    ck_assert_int_eq(tdes_block(&card, TDES_ENCRYPT, check, check), 0);
    ck_assert_msg(begins(hex_text(check, 8), text_of(expected, "kcv2")), "%s", id);
    tdes_deinit(&card);
    tdes_deinit(&session);
    return NULL;
}

/* To cover a kind: a row. "wire:" takes all of its kinds. */
static const struct {
    const char *kind;
    vector_fn *check;
    size_t tried_min; /* so that a vector that is lost is noticed */
} rows[] = {
    {"wire:", check_wire, 17},
    {"key_under_lmk", check_key, 11},
    {"pinblock_iso0", check_iso0, 4},
    {"pinblock_iso3_decode", check_iso3, 1},
    {"pvv", check_pvv, 3},
    {"ibm3624_offset", check_offset, 6},
    {"mac_iso9797_alg1", check_mac1, 1},
    {"mac_iso9797_alg3", check_mac3, 1},
    {"mac_x99", check_mac1, 1},
    {"mac_x919", check_mac3, 1},
    {"cmac_aes128", check_cmac, 2},
    {"dukpt_tdes_ik", check_dukpt_ik, 1},
    {"dukpt_tdes_txnkey", check_dukpt_key, 15},
    {"dukpt_tdes_pin", check_dukpt_pin, 15},
    {"dukpt_tdes_cmac_req", check_dukpt_cmac, 15},
    {"arqc_cvn10", check_arqc, 1},
    {"arqc_cvn22", check_arqc, 1},
    {"arqc_csk", check_arqc, 1},
    {"arqc_vsdc", check_arqc, 1},
    {"arqc_emv-csk", check_arqc, 1},
    {"arpc_method1", check_arpc, 4},
    {"arpc_method2", check_arpc, 3},
    {"emv_udk_a", check_udk, 1},
};

START_TEST(every_covered_vector_agrees)
{
    json_error_t error;
    json_t *file = json_load_file(VECTORS "/hsm.json", 0, &error);
    ck_assert_msg(file != NULL, "%s", error.text);
    void *memory = calloc(1, keys_memory());
    ck_assert_int_eq(keys_init(&keys, memory), 0);
    engine = engine_new();
    size_t tried[ARRAY_COUNT(rows)] = {0};
    size_t index;
    const json_t *vector;
    json_array_foreach(json_object_get(file, "vectors"), index, vector)
    {
        const char *why = "kind is not covered";
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
            const char *kind = text_of(vector, "kind");
            if (i == 0 ? begins(kind, rows[i].kind) : strcmp(kind, rows[i].kind) == 0) {
                why = rows[i].check(json_object_get(vector, "inputs"),
                                    json_object_get(vector, "expected"), text_of(vector, "id"));
                tried[i] += why == NULL;
            }
        }
        if (why != NULL) {
            (void)printf("skipped %s: %s\n", text_of(vector, "id"), why);
        }
    }
    (void)fflush(stdout);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        (void)printf("agreed %s %zu\n", rows[i].kind, tried[i]);
        ck_assert_msg(tried[i] >= rows[i].tried_min, "%s: only %zu", rows[i].kind, tried[i]);
    }
    hsm_engine_close(engine);
    keys_deinit(&keys);
    free(memory);
    json_decref(file);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {every_covered_vector_agrees};
    return run_tests("hsm vectors", tests, ARRAY_COUNT(tests));
}
