#include "harness.h"
#include "hsm_sim/engine/pinverify.h"
#include "hsm_sim/engine/tester.h"

#define PVK    "0123456789ABCDEFFEDCBA9876543210"
#define DECTAB "1234567890123456"

START_TEST(pvv_uses_the_leftmost_four_digits)
{
    uint8_t a[PVV_LEN];
    uint8_t b[PVV_LEN];
    struct secret_span pvk = secret(unhex(PVK));
    struct span pan = SPAN_LITERAL("1122334455667788");
    ck_assert_int_eq(hsm_tester_pvv(pvk, secret(SPAN_LITERAL("1912")), pan, '2', a), 0);
    ck_assert_mem_eq(a, "3244", 4);
    ck_assert_int_eq(hsm_tester_pvv(pvk, secret(SPAN_LITERAL("191277")), pan, '2', b), 0);
    ck_assert_mem_eq(a, b, 4);
    ck_assert_int_eq(hsm_tester_pvv(pvk, secret(SPAN_LITERAL("1912")), pan, 'x', b), ERR_FORMAT);
    ck_assert_int_eq(hsm_tester_pvv(pvk, secret(SPAN_LITERAL("19a2")), pan, '2', b), ERR_FORMAT);
}
END_TEST

/* Goal: the second pass (A to F as 0 to 5) is reached. Method: try PINs until a cryptogram has
 * fewer than four decimal digits, which the result must then still be four digits of. */
START_TEST(pvv_always_has_four_digits)
{
    struct tdes_ciphers ciphers;
    struct tdes key = {0};
    size_t second_passes = 0;
    ck_assert_int_eq(tdes_ciphers_init(&ciphers), 0);
    ck_assert_int_eq(tdes_set_key(&key, &ciphers, secret(unhex(PVK))), 0);
    for (unsigned i = 0; i < 20000; i++) {
        struct pin pin = {{(uint8_t)(i / 1000 % 10), (uint8_t)(i / 100 % 10),
                           (uint8_t)(i / 10 % 10), (uint8_t)(i % 10)},
                          4};
        char account[13];
        uint8_t pvv[PVV_LEN];
        uint8_t block[8];
        char text[17];
        (void)snprintf(account, sizeof account, "1234567890%02u", i / 10000);
        (void)snprintf(text, sizeof text, "%s1%04u", account + 1, i % 10000);
        ck_assert_int_eq(pvv_make(&key, span_text(account), '1', &pin, pvv), 0);
        ck_assert(span_is_digits(span_make(pvv, sizeof pvv)));
        ck_assert_int_eq(tdes_block(&key, TDES_ENCRYPT, unhex(text).ptr, block), 0);
        const char *hex = hex_text(block, 8);
        char expected[5] = "";
        size_t count = 0;
        for (size_t j = 0; j < 16 && count < 4; j++) {
            if (hex[j] <= '9') {
                expected[count++] = hex[j];
            }
        }
        second_passes += count < 4;
        for (size_t j = 0; j < 16 && count < 4; j++) {
            if (hex[j] > '9') {
                expected[count++] = (char)(hex[j] - 'A' + '0');
            }
        }
        ck_assert_mem_eq(pvv, expected, 4);
    }
    ck_assert_uint_gt(second_passes, 0);
    tdes_deinit(&key);
    tdes_ciphers_deinit(&ciphers);
}
END_TEST

START_TEST(offset_that_the_tester_makes_agrees_and_no_other_pin)
{
    struct tdes_ciphers ciphers;
    struct tdes key = {0};
    uint8_t offset[OFFSET_LEN];
    uint8_t block[8];
    uint8_t natural[OFFSET_LEN];
    struct pin pin = {{4, 5, 2, 4, 1, 9}, 6};
    struct span pan = SPAN_LITERAL("4012345678901236");
    struct span account = SPAN_LITERAL("234567890123");
    struct span validation = SPAN_LITERAL("50123456789N");
    ck_assert_int_eq(hsm_tester_offset(secret(unhex(PVK)), secret(SPAN_LITERAL("452419")), pan,
                                       SPAN_LITERAL(DECTAB), validation, offset),
                     0);
    ck_assert_mem_eq(offset + 6, "FFFFFF", 6);
    ck_assert_int_eq(tdes_ciphers_init(&ciphers), 0);
    ck_assert_int_eq(tdes_set_key(&key, &ciphers, secret(unhex(PVK))), 0);
    ck_assert_int_eq(validation_expand(validation, account, block), 0);
    ck_assert_str_eq(hex_text(block, 8), "5012345678990123");
    ck_assert_int_eq(natural_pin_make(&key, block, SPAN_LITERAL(DECTAB), natural), 0);
    struct span made = span_make(offset, sizeof offset);
    ck_assert(offset_agrees(natural, made, 6, &pin));
    for (size_t i = 0; i < 6; i++) {
        pin.digit[i] = (uint8_t)((pin.digit[i] + 1) % 10);
        ck_assert(!offset_agrees(natural, made, 6, &pin));
        pin.digit[i] = (uint8_t)((pin.digit[i] + 9) % 10);
    }
    tdes_deinit(&key);
    tdes_ciphers_deinit(&ciphers);
}
END_TEST

START_TEST(check_length_says_how_many_digits_count)
{
    static const uint8_t natural[OFFSET_LEN] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2};
    struct pin pin = {{2, 2, 3, 3, 9, 9}, 6};
    struct span offset = SPAN_LITERAL("1009FFFFFFFF");
    ck_assert(offset_agrees(natural, offset, 4, &pin));
    pin.digit[3] = 4;
    ck_assert(!offset_agrees(natural, offset, 4, &pin));
    pin.digit[3] = 3;
    pin.len = 4;
    ck_assert(offset_agrees(natural, offset, 4, &pin));
    ck_assert(!offset_agrees(natural, SPAN_LITERAL("10095FFFFFFF"), 5, &pin));
}
END_TEST

START_TEST(validation_data_must_come_to_sixteen_digits)
{
    uint8_t block[8];
    struct span account = SPAN_LITERAL("923000000431");
    ck_assert_int_eq(validation_expand(SPAN_LITERAL("9230000N0431"), account, block), 0);
    ck_assert_str_eq(hex_text(block, 8), "9230000004310431");
    ck_assert_int_eq(validation_expand(SPAN_LITERAL("923000000431"), account, block), ERR_FORMAT);
    ck_assert_int_eq(validation_expand(SPAN_LITERAL("92300N0N0431"), account, block), ERR_FORMAT);
    ck_assert_int_eq(validation_expand(SPAN_LITERAL("923000xN0431"), account, block), ERR_FORMAT);
}
END_TEST

START_TEST(weak_decimalisation_tables_are_refused)
{
    ck_assert(dectab_is_good(SPAN_LITERAL("0123456789012345")));
    ck_assert(dectab_is_good(SPAN_LITERAL("3456789012345678")));
    ck_assert(dectab_is_good(SPAN_LITERAL("0000111123456789")));
    ck_assert(!dectab_is_good(SPAN_LITERAL("0000000000000000")));
    ck_assert(!dectab_is_good(SPAN_LITERAL("0000012345678912")));
    ck_assert(!dectab_is_good(SPAN_LITERAL("0123456012345601")));
    ck_assert(!dectab_is_good(SPAN_LITERAL("012345678901234F")));
    ck_assert(!dectab_is_good(SPAN_LITERAL("012345678901234")));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        pvv_uses_the_leftmost_four_digits,
        pvv_always_has_four_digits,
        offset_that_the_tester_makes_agrees_and_no_other_pin,
        check_length_says_how_many_digits_count,
        validation_data_must_come_to_sixteen_digits,
        weak_decimalisation_tables_are_refused,
    };
    return run_tests("hsm pinverify", tests, ARRAY_COUNT(tests));
}
