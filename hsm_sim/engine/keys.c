#include "hsm_sim/engine/keys.h"

/* The published test LMK, as everyone has it. The row is the last two characters of a key type. */
static const struct {
    const char *pair; /* as the manuals number them */
    uint8_t half[2][DES_BLOCK_LEN];
} lmk_pairs[] = {
/* clang-format off */
#define SAME(b) {b, b, b, b, b, b, b, b}
    {"04-05", {SAME(0x40), SAME(0x51)}}, /* 00: ZMK */
    {"06-07", {SAME(0x61), SAME(0x70)}}, /* 01: ZPK */
    {"14-15", {{0xE0, 0xE0, 1, 1, 1, 1, 1, 1}, {0xF1, 0xF1, 1, 1, 1, 1, 1, 1}}}, /* 02: TPK PVK */
    {"16-17", {{0x1C, 0x58, 0x7F, 0x1C, 0x13, 0x92, 0x4F, 0xEF}, SAME(0x01)}}, /* 03: TAK */
    {"18-19", {SAME(0x01), SAME(0x01)}}, /* 04 */
    {"20-21", {SAME(0x02), SAME(0x04)}}, /* 05 */
    {"22-23", {SAME(0x07), SAME(0x10)}}, /* 06 */
    {"24-25", {SAME(0x13), SAME(0x15)}}, /* 07 */
    {"26-27", {SAME(0x16), SAME(0x19)}}, /* 08: ZAK */
    {"28-29", {SAME(0x1A), SAME(0x1C)}}, /* 09: BDK */
    {"30-31", {SAME(0x23), SAME(0x25)}}, /* 0A: ZEK */
    {"32-33", {SAME(0x26), SAME(0x29)}}, /* 0B: DEK */
    {"34-35", {SAME(0x2A), SAME(0x2C)}}, /* 0C */
    {"36-37", {SAME(0x2F), SAME(0x31)}}, /* 0D */
    {"38-39", {SAME(0x01), SAME(0x01)}}, /* 0E */
#undef SAME
    /* clang-format on */
};

/* What is XORed onto the first byte of the LMK's left half for variant V. */
static const uint8_t variants[10] = {0, 0xA6, 0x5A, 0x6A, 0xDE, 0x2B, 0x50, 0x74, 0x9C, 0xFA};

/* How the parts of a key are told apart, one row a scheme: what is XORed onto the first byte of the
 * LMK's right half for each. To add a scheme: a row here and its length in wire/codec.c. */
static const struct scheme {
    char name; /* 'Z': bare hex */
    uint8_t len_min;
    uint8_t len_max;
    uint8_t part[3];
} schemes[] = {
    {'Z', 8, 24, {0, 0, 0}},        {'X', 16, 16, {0, 0, 0}},          {'Y', 24, 24, {0, 0, 0}},
    {'U', 16, 16, {0xA6, 0x5A, 0}}, {'T', 24, 24, {0x6A, 0xDE, 0x2B}},
};

static const struct scheme *scheme_find(char name, size_t key_len)
{
    for (size_t i = 0; i < ARRAY_COUNT(schemes); i++) {
        if (schemes[i].name == name && key_len >= schemes[i].len_min &&
            key_len <= schemes[i].len_max && key_len % DES_BLOCK_LEN == 0) {
            return &schemes[i];
        }
    }
    return NULL;
}

/* "VPP" to variant and row. */
static int type_parse(const char *type, unsigned *variant, unsigned *row)
{
    uint8_t pair;
    if (strlen(type) != 3 || !byte_is_digit((uint8_t)type[0]) ||
        hex_decode(span_make(type + 1, 2), &pair) < 0 || pair >= ARRAY_COUNT(lmk_pairs)) {
        return ERR_FORMAT;
    }
    *variant = (unsigned)(type[0] - '0');
    *row = pair;
    return 0;
}

/* @in to @out (may be the same) under the LMK, part by part; both directions. */
static int lmk_crypt(struct keys *keys, enum tdes_use use, const char *type,
                     const struct scheme *scheme, struct secret_span in, uint8_t *out)
{
    unsigned variant;
    unsigned row;
    TRY(type_parse(type, &variant, &row));
    int status = 0;
    uint8_t lmk[2 * DES_BLOCK_LEN];
    for (size_t at = 0; at < in.len && status == 0; at += DES_BLOCK_LEN) {
        memcpy(lmk, lmk_pairs[row].half, sizeof lmk);
        lmk[0] ^= variants[variant];
        lmk[DES_BLOCK_LEN] ^= scheme->part[at / DES_BLOCK_LEN];
        status = tdes_set_key(&keys->lmk, &keys->ciphers, (struct secret_span){lmk, sizeof lmk});
        if (status == 0) {
            status = tdes_block(&keys->lmk, use, in.ptr + at, out + at);
        }
    }
    bytes_wipe(lmk, sizeof lmk);
    return status;
}

static bool parity_is_odd(struct secret_span key)
{
    unsigned even = 0;
    for (size_t i = 0; i < key.len; i++) {
        even |= (unsigned)!__builtin_parity(key.ptr[i]);
    }
    return even == 0;
}

/* @wire to @clear (TDES_KEY_LEN_MAX bytes) and its length. An HSM_ error leaves nothing there. */
static uint8_t unwrap(struct keys *keys, const char *type, struct span wire, uint8_t *clear,
                      size_t *clear_len)
{
    char name = 'Z';
    struct span hex = wire;
    if (hex_value(wire.ptr[0]) < 0) {
        name = (char)wire.ptr[0];
        hex = span_skip(wire, 1);
    }
    struct secret_span key = {clear, hex.len / 2};
    const struct scheme *scheme = scheme_find(name, key.len);
    if (scheme == NULL) {
        return name == 'Z' ? HSM_INPUT : HSM_KEY_SCHEME;
    }
    if (hex_decode(hex, clear) < 0) {
        return HSM_INPUT;
    }
    *clear_len = key.len;
    int status = lmk_crypt(keys, TDES_DECRYPT, type, scheme, key, clear);
    if (status == 0 && parity_is_odd(key)) {
        return HSM_OK;
    }
    bytes_wipe(clear, key.len);
    return status == 0            ? HSM_SOURCE_PARITY
           : status == ERR_FORMAT ? HSM_KEY_TYPE_CODE
                                  : HSM_INTERNAL;
}

/* Take a free entry, or that of the key used longest ago. */
static struct key *entry_take(struct keys *keys)
{
    if (keys->count < KEYS_COUNT_MAX) {
        struct key *fresh = &keys->entry[keys->count++];
        list_init(&fresh->recency);
        return fresh;
    }
    struct key *oldest = LIST_OWNER(list_first(&keys->recency), struct key, recency);
    list_remove(&oldest->recency);
    CHECK(map_remove(&keys->by_name, oldest->name));
    return oldest;
}

uint8_t keys_find(struct keys *keys, const char *type, struct span wire, struct tdes **out)
{
    uint8_t name[KEY_NAME_LEN] = {0};
    uint32_t index = 0;
    CHECK(strlen(type) == 3);
    CHECK(wire.len > 0);
    if (wire.len > KEY_WIRE_LEN_MAX) {
        return HSM_KEY_SCHEME;
    }
    memcpy(name, type, 3);
    memcpy(name + 3, wire.ptr, wire.len);
    if (map_find(&keys->by_name, name, &index)) {
        struct key *hit = &keys->entry[index];
        list_remove(&hit->recency);
        list_append(&keys->recency, &hit->recency);
        *out = &hit->tdes;
        return HSM_OK;
    }
    uint8_t clear[TDES_KEY_LEN_MAX];
    size_t clear_len = 0;
    uint8_t error = unwrap(keys, type, wire, clear, &clear_len);
    if (error != HSM_OK) {
        return error; /* A bad key does not push a good one out. */
    }
    struct key *key = entry_take(keys);
    memcpy(key->name, name, sizeof name);
    CHECK(tdes_set_key(&key->tdes, &keys->ciphers, (struct secret_span){clear, clear_len}) == 0);
    CHECK(map_add(&keys->by_name, name, (uint32_t)(key - keys->entry)) == 0);
    list_append(&keys->recency, &key->recency);
    bytes_wipe(clear, sizeof clear);
    *out = &key->tdes;
    return HSM_OK;
}

int keys_wrap(struct keys *keys, const char *type, char scheme_name, struct secret_span clear,
              char *out)
{
    const struct scheme *scheme = scheme_find(scheme_name, clear.len);
    if (scheme == NULL) {
        return ERR_FORMAT;
    }
    uint8_t key[TDES_KEY_LEN_MAX];
    for (size_t i = 0; i < clear.len; i++) {
        key[i] = (uint8_t)(clear.ptr[i] ^ (unsigned)!__builtin_parity(clear.ptr[i]));
    }
    int status =
        lmk_crypt(keys, TDES_ENCRYPT, type, scheme, (struct secret_span){key, clear.len}, key);
    if (status == 0) {
        struct writer text = writer_make(out, KEY_WIRE_LEN_MAX + 1);
        if (scheme_name != 'Z') {
            writer_u8(&text, (uint8_t)scheme_name);
        }
        writer_hex(&text, span_make(key, clear.len));
        writer_u8(&text, 0);
        CHECK(!text.overflow);
    }
    bytes_wipe(key, sizeof key);
    return status;
}

size_t keys_memory(void)
{
    return KEYS_COUNT_MAX * sizeof(struct key) + map_memory(KEYS_COUNT_MAX, KEY_NAME_LEN);
}

int keys_init(struct keys *keys, void *memory)
{
    memset(keys, 0, sizeof *keys);
    keys->entry = memory;
    list_init(&keys->recency);
    map_init(&keys->by_name, &keys->entry[KEYS_COUNT_MAX], KEYS_COUNT_MAX, KEY_NAME_LEN);
    return tdes_ciphers_init(&keys->ciphers);
}

void keys_deinit(struct keys *keys)
{
    for (size_t i = 0; i < keys->count; i++) {
        tdes_deinit(&keys->entry[i].tdes);
    }
    tdes_deinit(&keys->lmk);
    tdes_ciphers_deinit(&keys->ciphers);
    bytes_wipe(keys->entry, keys_memory());
    keys->count = 0;
}
