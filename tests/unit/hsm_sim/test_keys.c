#include "harness.h"
#include "hsm_sim/engine/keys.h"

static struct keys keys;
static void *memory;

static void keys_setup(void)
{
    memory = calloc(1, keys_memory());
    ck_assert_int_eq(keys_init(&keys, memory), 0);
}

static void keys_teardown(void)
{
    keys_deinit(&keys);
    free(memory);
}

static uint8_t find(const char *type, const char *wire, struct tdes **out)
{
    return keys_find(&keys, type, span_text(wire), out);
}

START_TEST(wrapped_key_comes_back_under_every_scheme)
{
    static const struct {
        char scheme;
        const char *clear;
    } rows[] = {
        {'Z', "0123456789ABCDEF"},
        {'Z', "0123456789ABCDEFFEDCBA9876543210"},
        {'X', "0123456789ABCDEFFEDCBA9876543210"},
        {'U', "0123456789ABCDEFFEDCBA9876543210"},
        {'Y', "0123456789ABCDEFFEDCBA98765432101337457957EA9B3D"},
        {'T', "0123456789ABCDEFFEDCBA98765432101337457957EA9B3D"},
    };
    keys_setup();
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char wire[KEY_WIRE_LEN_MAX + 1];
        struct tdes *key = NULL;
        struct span clear = unhex(rows[i].clear);
        ck_assert_int_eq(keys_wrap(&keys, "402", rows[i].scheme, secret(clear), wire), 0);
        ck_assert_uint_eq(strlen(wire), 2 * clear.len + (rows[i].scheme != 'Z'));
        ck_assert_int_eq(find("402", wire, &key), HSM_OK);
        ck_assert_uint_eq(key->key_len, clear.len);
        ck_assert_mem_eq(key->key, clear.ptr, clear.len);
    }
    keys_teardown();
}
END_TEST

START_TEST(key_of_another_type_or_variant_fails_parity)
{
    char wire[KEY_WIRE_LEN_MAX + 1];
    struct tdes *key = NULL;
    struct span clear = unhex("0123456789ABCDEFFEDCBA9876543210");
    keys_setup();
    ck_assert_int_eq(keys_wrap(&keys, "001", 'U', secret(clear), wire), 0);
    ck_assert_int_eq(find("002", wire, &key), HSM_SOURCE_PARITY);
    ck_assert_int_eq(find("101", wire, &key), HSM_SOURCE_PARITY);
    wire[0] = 'X';
    ck_assert_int_eq(find("001", wire, &key), HSM_SOURCE_PARITY);
    ck_assert_ptr_null(key);
    wire[0] = 'U';
    ck_assert_int_eq(find("001", wire, &key), HSM_OK);
    /* The cache must not answer for another type what it knows of this one. */
    ck_assert_int_eq(find("002", wire, &key), HSM_SOURCE_PARITY);
    keys_teardown();
}
END_TEST

START_TEST(wrap_sets_odd_parity)
{
    char wire[KEY_WIRE_LEN_MAX + 1];
    char odd[KEY_WIRE_LEN_MAX + 1];
    keys_setup();
    ck_assert_int_eq(keys_wrap(&keys, "003", 'Z', secret(unhex("0022446688AACCEE")), wire), 0);
    ck_assert_int_eq(keys_wrap(&keys, "003", 'Z', secret(unhex("0123456789ABCDEF")), odd), 0);
    ck_assert_str_eq(wire, odd);
    keys_teardown();
}
END_TEST

START_TEST(what_is_no_key_is_refused_by_name)
{
    char wire[KEY_WIRE_LEN_MAX + 1];
    struct tdes *key = NULL;
    struct span clear = unhex("0123456789ABCDEFFEDCBA9876543210");
    keys_setup();
    ck_assert_int_eq(find("00F", "U8463435FC4B4DAA0C49025272C29B12C", &key), HSM_KEY_TYPE_CODE);
    ck_assert_int_eq(find("A01", "U8463435FC4B4DAA0C49025272C29B12C", &key), HSM_KEY_TYPE_CODE);
    ck_assert_int_eq(find("001", "U8463435FC4B4DAA0", &key), HSM_KEY_SCHEME);
    ck_assert_int_eq(find("001", "S00072P0TB00E0001", &key), HSM_KEY_SCHEME);
    ck_assert_int_eq(find("001", "0406FBB23A5214DFFF", &key), HSM_INPUT);
    ck_assert_int_eq(keys_wrap(&keys, "001", 'T', secret(clear), wire), ERR_FORMAT);
    ck_assert_int_eq(keys_wrap(&keys, "001", 'Q', secret(clear), wire), ERR_FORMAT);
    ck_assert_int_eq(keys_wrap(&keys, "00F", 'U', secret(clear), wire), ERR_FORMAT);
    clear.len = 12;
    ck_assert_int_eq(keys_wrap(&keys, "001", 'Z', secret(clear), wire), ERR_FORMAT);
    keys_teardown();
}
END_TEST

/* Goal: a hit is the same entry with its contexts; the cache is bounded and drops the oldest. */
START_TEST(full_cache_drops_the_key_used_longest_ago)
{
    enum { COUNT = KEYS_COUNT_MAX + 1 };
    static char wire[COUNT][KEY_WIRE_LEN_MAX + 1];
    struct tdes *first = NULL;
    struct tdes *key = NULL;
    uint8_t block[8];
    uint8_t again[8];
    keys_setup();
    for (size_t i = 0; i < COUNT; i++) {
        uint8_t clear[8] = {
            0x40, 2, 4, 8, 16, (uint8_t)(i >> 12 << 1), (uint8_t)(i >> 6 << 1), (uint8_t)(i << 1)};
        clear[5] &= 0x7E;
        clear[6] &= 0x7E;
        clear[7] &= 0x7E;
        ck_assert_int_eq(
            keys_wrap(&keys, "003", 'Z', (struct secret_span){clear, sizeof clear}, wire[i]), 0);
    }
    ck_assert_int_eq(find("003", wire[0], &first), HSM_OK);
    ck_assert_int_eq(tdes_block(first, TDES_ENCRYPT, (const uint8_t *)"12345678", block), 0);
    const EVP_CIPHER_CTX *kept = first->ctx[TDES_ENCRYPT];
    for (size_t i = 1; i < KEYS_COUNT_MAX; i++) {
        ck_assert_int_eq(find("003", wire[i], &key), HSM_OK);
    }
    ck_assert_int_eq(find("003", wire[0], &key), HSM_OK);
    ck_assert_ptr_eq(key, first);
    ck_assert(first->keyed[TDES_ENCRYPT]);
    ck_assert_ptr_eq(first->ctx[TDES_ENCRYPT], kept);
    ck_assert_uint_eq(keys.by_name.count, KEYS_COUNT_MAX);
    /* The 0th was just used, so it is the 1st that goes, and its entry serves the newcomer. */
    struct tdes *oldest = &keys.entry[1].tdes;
    ck_assert_int_eq(find("003", wire[KEYS_COUNT_MAX], &key), HSM_OK);
    ck_assert_ptr_eq(key, oldest);
    ck_assert_uint_eq(keys.by_name.count, KEYS_COUNT_MAX);
    /* Forgotten, then unwrapped again into another entry: the result is what it was. */
    for (size_t i = 1; i < COUNT; i++) {
        ck_assert_int_eq(find("003", wire[i], &key), HSM_OK);
    }
    ck_assert_int_eq(find("003", wire[0], &key), HSM_OK);
    ck_assert_int_eq(tdes_block(key, TDES_ENCRYPT, (const uint8_t *)"12345678", again), 0);
    ck_assert_mem_eq(block, again, sizeof block);
    keys_teardown();
}
END_TEST

START_TEST(bad_key_pushes_nothing_out_of_the_cache)
{
    struct tdes *key = NULL;
    keys_setup();
    for (unsigned i = 0; i < 100; i++) {
        char wire[17];
        (void)snprintf(wire, sizeof wire, "%016X", i);
        (void)find("003", wire, &key);
    }
    ck_assert_uint_lt(keys.count, 10); /* One in 256 has odd parity by chance. */
    ck_assert_uint_eq(keys.count, keys.by_name.count);
    keys_teardown();
}
END_TEST

START_TEST(single_and_double_length_keys_agree_with_triple_des)
{
    struct tdes tdes = {0};
    uint8_t single[8];
    uint8_t triple[8];
    keys_setup();
    ck_assert_int_eq(tdes_set_key(&tdes, &keys.ciphers, secret(unhex("0123456789ABCDEF"))), 0);
    /* FIPS 81's example of single DES. */
    ck_assert_int_eq(tdes_block(&tdes, TDES_ENCRYPT, (const uint8_t *)"Now is t", single), 0);
    ck_assert_str_eq(hex_text(single, 8), "3FA40E8A984D4815");
    ck_assert_int_eq(tdes_block(&tdes, TDES_DECRYPT, single, single), 0);
    ck_assert_mem_eq(single, "Now is t", 8);
    ck_assert_int_eq(
        tdes_set_key(&tdes, &keys.ciphers, secret(unhex("0123456789ABCDEFFEDCBA9876543210"))), 0);
    ck_assert_int_eq(tdes_block(&tdes, TDES_ENCRYPT, (const uint8_t *)"Now is t", single), 0);
    ck_assert_int_eq(
        tdes_set_key(&tdes, &keys.ciphers,
                     secret(unhex("0123456789ABCDEFFEDCBA98765432100123456789ABCDEF"))),
        0);
    ck_assert_int_eq(tdes_block(&tdes, TDES_ENCRYPT, (const uint8_t *)"Now is t", triple), 0);
    ck_assert_mem_eq(single, triple, 8);
    ck_assert_int_eq(tdes_set_key(&tdes, &keys.ciphers, secret(unhex("0123"))), ERR_LENGTH);
    tdes_deinit(&tdes);
    keys_teardown();
}
END_TEST

START_TEST(closing_wipes_keys)
{
    struct tdes *key = NULL;
    keys_setup();
    ck_assert_int_eq(find("001", "U34E2FC8EAD7CD07BFA2B7ED5FE4D8212", &key), HSM_OK);
    keys_deinit(&keys);
    const uint8_t *byte = memory;
    for (size_t i = 0; i < keys_memory(); i++) {
        ck_assert_uint_eq(byte[i], 0);
    }
    free(memory);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        wrapped_key_comes_back_under_every_scheme,
        key_of_another_type_or_variant_fails_parity,
        wrap_sets_odd_parity,
        what_is_no_key_is_refused_by_name,
        full_cache_drops_the_key_used_longest_ago,
        bad_key_pushes_nothing_out_of_the_cache,
        single_and_double_length_keys_agree_with_triple_des,
        closing_wipes_keys,
    };
    return run_tests("hsm keys", tests, ARRAY_COUNT(tests));
}
