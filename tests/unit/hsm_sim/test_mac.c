#include "harness.h"
#include "hsm_sim/engine/mac.h"
#include "hsm_sim/engine/tester.h"

static struct tdes_ciphers ciphers;
static struct tdes key;

static void key_setup(const char *clear)
{
    ck_assert_int_eq(tdes_ciphers_init(&ciphers), 0);
    ck_assert_int_eq(tdes_set_key(&key, &ciphers, secret(unhex(clear))), 0);
}

static void key_teardown(void)
{
    tdes_deinit(&key);
    tdes_ciphers_deinit(&ciphers);
}

/* ISO 9797-1 as the standard writes it, block by block with single keys: the reference. */
static void mac_by_the_book(const char *clear, bool is_alg3, struct span padded, uint8_t *out)
{
    struct tdes whole = {0};
    struct tdes left = {0};
    struct tdes right = {0};
    struct span k = unhex(clear);
    uint8_t x[8] = {0};
    ck_assert_int_eq(tdes_set_key(&whole, &ciphers, secret(k)), 0);
    ck_assert_int_eq(tdes_set_key(&left, &ciphers, secret(span_first(k, 8))), 0);
    ck_assert_int_eq(tdes_set_key(&right, &ciphers, secret(span_last(k, 8))), 0);
    for (size_t at = 0; at < padded.len; at += 8) {
        for (size_t i = 0; i < 8; i++) {
            x[i] ^= padded.ptr[at + i];
        }
        ck_assert_int_eq(tdes_block(is_alg3 ? &left : &whole, TDES_ENCRYPT, x, x), 0);
    }
    if (is_alg3) {
        ck_assert_int_eq(tdes_block(&right, TDES_DECRYPT, x, x), 0);
        ck_assert_int_eq(tdes_block(&left, TDES_ENCRYPT, x, x), 0);
    }
    memcpy(out, x, 8);
    tdes_deinit(&whole);
    tdes_deinit(&left);
    tdes_deinit(&right);
}

#define DOUBLE_KEY "0123456789ABCDEFFEDCBA9876543210"

START_TEST(mac_is_what_the_standard_says_for_every_length)
{
    enum { LEN_MAX = 1100 }; /* across the internal chunk */
    uint8_t data[LEN_MAX + 8];
    key_setup(DOUBLE_KEY);
    for (size_t len = 0; len <= LEN_MAX; len += len < 40 ? 1 : 53) {
        for (unsigned padding = MAC_PAD_ZEROS; padding <= MAC_PAD_BIT; padding++) {
            for (unsigned algorithm = 1; algorithm <= 3; algorithm += 2) {
                uint8_t chain[8] = {0};
                uint8_t expected[8];
                struct mac_plan plan = {(enum mac_algorithm)algorithm, (enum mac_padding)padding,
                                        true};
                memset(data, 0, sizeof data);
                for (size_t i = 0; i < len; i++) {
                    data[i] = (uint8_t)(i * 7 + 1);
                }
                int status = mac_update(&key, plan, span_make(data, len), chain);
                if (len == 0 && padding == MAC_PAD_ZEROS) {
                    ck_assert_int_eq(status, ERR_LENGTH);
                    continue;
                }
                ck_assert_int_eq(status, 0);
                size_t padded = padding == MAC_PAD_BIT ? (len / 8 + 1) * 8 : (len + 7) / 8 * 8;
                data[len] = padding == MAC_PAD_BIT ? 0x80 : 0;
                mac_by_the_book(DOUBLE_KEY, algorithm == 3, span_make(data, padded), expected);
                ck_assert_mem_eq(chain, expected, 8);
            }
        }
    }
    key_teardown();
}
END_TEST

START_TEST(mac_in_parts_is_the_mac_in_one)
{
    uint8_t data[61];
    key_setup(DOUBLE_KEY);
    memset(data, 0x5A, sizeof data);
    for (unsigned algorithm = 1; algorithm <= 3; algorithm += 2) {
        uint8_t whole[8] = {0};
        uint8_t parts[8] = {0};
        struct mac_plan plan = {(enum mac_algorithm)algorithm, MAC_PAD_ZEROS, true};
        struct mac_plan more = {(enum mac_algorithm)algorithm, MAC_PAD_ZEROS, false};
        ck_assert_int_eq(mac_update(&key, plan, span_make(data, 61), whole), 0);
        ck_assert_int_eq(mac_update(&key, more, span_make(data, 16), parts), 0);
        ck_assert_int_eq(mac_update(&key, more, span_make(data + 16, 32), parts), 0);
        ck_assert_int_eq(mac_update(&key, plan, span_make(data + 48, 13), parts), 0);
        ck_assert_mem_eq(whole, parts, 8);
    }
    key_teardown();
}
END_TEST

START_TEST(part_of_a_block_needs_padding)
{
    uint8_t chain[8] = {0};
    struct mac_plan none = {MAC_ALGORITHM_1, MAC_PAD_NONE, true};
    struct mac_plan more = {MAC_ALGORITHM_1, MAC_PAD_BIT, false};
    key_setup(DOUBLE_KEY);
    ck_assert_int_eq(mac_update(&key, none, SPAN_LITERAL("1234567"), chain), ERR_LENGTH);
    ck_assert_int_eq(mac_update(&key, none, SPAN_NONE, chain), ERR_LENGTH);
    ck_assert_int_eq(mac_update(&key, none, SPAN_LITERAL("12345678"), chain), 0);
    ck_assert_int_eq(mac_update(&key, more, SPAN_LITERAL("123456789"), chain), ERR_LENGTH);
    ck_assert_int_eq(mac_update(&key, more, SPAN_NONE, chain), ERR_LENGTH);
    key_teardown();
}
END_TEST

START_TEST(tester_mac_is_algorithm_3)
{
    uint8_t mac[8];
    uint8_t expected[8];
    key_setup(DOUBLE_KEY);
    struct secret_span clear = secret(unhex(DOUBLE_KEY));
    ck_assert_int_eq(hsm_tester_mac(clear, 1, SPAN_LITERAL("hello world"), mac), 0);
    mac_by_the_book(DOUBLE_KEY, true, span_make("hello world\0\0\0\0\0", 16), expected);
    ck_assert_mem_eq(mac, expected, 8);
    ck_assert_int_eq(hsm_tester_mac(clear, 2, SPAN_LITERAL("hello world"), mac), 0);
    mac_by_the_book(DOUBLE_KEY, true, span_make("hello world\x80\0\0\0\0", 16), expected);
    ck_assert_mem_eq(mac, expected, 8);
    ck_assert_int_eq(hsm_tester_mac(clear, 0, SPAN_LITERAL("12345678"), mac), ERR_FORMAT);
    ck_assert_int_eq(hsm_tester_mac(clear, 1, SPAN_NONE, mac), ERR_FORMAT);
    key_teardown();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        mac_is_what_the_standard_says_for_every_length,
        mac_in_parts_is_the_mac_in_one,
        part_of_a_block_needs_padding,
        tester_mac_is_algorithm_3,
    };
    return run_tests("hsm mac", tests, ARRAY_COUNT(tests));
}
