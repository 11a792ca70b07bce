#include "harness.h"
#include "hsm_sim/engine/pinblock.h"
#include "hsm_sim/engine/tester.h"

#define ACCOUNT "550000025321"

static const char *const codes[] = {"01", "03", "05", "47"};

static uint8_t decode(const char *code, const char *block, const char *account, struct pin *pin)
{
    const struct pin_format *format = pin_format_find(span_text(code));
    ck_assert_ptr_nonnull(format);
    return pin_decode(format, unhex(block).ptr, span_text(account), pin);
}

START_TEST(every_format_gives_every_length_of_pin_back)
{
    struct random random = random_make(3);
    for (size_t i = 0; i < ARRAY_COUNT(codes); i++) {
        const struct pin_format *format = pin_format_find(span_text(codes[i]));
        for (uint8_t len = PIN_LEN_MIN; len <= PIN_LEN_MAX; len++) {
            struct pin pin = {{9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0}, len};
            struct pin back;
            uint8_t block[PIN_BLOCK_LEN];
            memset(pin.digit + len, 0, (size_t)(PIN_LEN_MAX - len));
            ck_assert_int_eq(pin_encode(format, &pin, span_text(ACCOUNT), &random, block), 0);
            ck_assert_int_eq(pin_decode(format, block, span_text(ACCOUNT), &back), HSM_OK);
            ck_assert_mem_eq(&pin, &back, sizeof pin);
        }
    }
}
END_TEST

START_TEST(known_blocks_are_read)
{
    struct pin pin;
    ck_assert_int_eq(decode("01", "041261FFFFFDACDE", ACCOUNT, &pin), HSM_OK);
    ck_assert_uint_eq(pin.len, 4);
    ck_assert_mem_eq(pin.digit, "\1\2\3\4", 4);
    ck_assert_int_eq(decode("03", "1234FFFFFFFFFFFF", ACCOUNT, &pin), HSM_OK);
    ck_assert_uint_eq(pin.len, 4);
    ck_assert_int_eq(decode("05", "15123459A6BC0F71", ACCOUNT, &pin), HSM_OK);
    ck_assert_uint_eq(pin.len, 5);
    ck_assert_int_eq(decode("47", "341261AAAAEDCBA9", "555555123456", &pin), HSM_OK);
    ck_assert_mem_eq(pin.digit, "\1\2\3\4", 4);
}
END_TEST

/* ISO-0 without account digits at work: account 000000000000. */
START_TEST(bad_blocks_are_told_apart_and_leave_a_pin_that_can_be_verified)
{
    static const struct {
        const char *code;
        const char *block;
        uint8_t error;
    } rows[] = {
        {"01", "141234FFFFFFFFFF", HSM_PIN_BLOCK}, /* control digit of ISO-1 */
        {"01", "03123FFFFFFFFFFF", HSM_PIN_LEN},   /* three digits */
        {"01", "0D1234567890123F", HSM_PIN_LEN},   /* thirteen */
        {"01", "041A34FFFFFFFFFF", HSM_PIN_BLOCK}, /* a PIN digit that is none */
        {"01", "041234FFFFFFFFF0", HSM_PIN_BLOCK}, /* fill that is none */
        {"01", "041234AAAAAAAAAA", HSM_PIN_BLOCK}, /* fill of ISO-3 */
        {"03", "123FFFFFFFFFFFFF", HSM_PIN_LEN},
        {"03", "12345678901234FF", HSM_PIN_LEN},
        {"03", "1234FFFFFFFFFFF1", HSM_PIN_BLOCK},
        {"05", "0412345678901234", HSM_PIN_BLOCK},
        {"05", "141B340000000000", HSM_PIN_BLOCK},
        {"05", "1312340000000000", HSM_PIN_LEN},
        {"47", "041234FFFFFFFFFF", HSM_PIN_BLOCK},
        {"47", "341234FFFFFFFFF9", HSM_PIN_BLOCK}, /* fill below A */
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        static const struct pin zeros = {{0}, 4};
        struct pin pin;
        memset(&pin, 0xEE, sizeof pin);
        ck_assert_msg(decode(rows[i].code, rows[i].block, "000000000000", &pin) == rows[i].error,
                      "row %zu", i);
        ck_assert_mem_eq(&pin, &zeros, sizeof pin);
    }
}
END_TEST

START_TEST(block_for_another_account_is_bad)
{
    struct pin pin;
    ck_assert_int_eq(decode("01", "041261FFFFFDACDE", "550000025322", &pin), HSM_PIN_BLOCK);
}
END_TEST

START_TEST(fill_is_random_where_the_format_says_so)
{
    struct random random = random_make(0);
    struct pin pin = {{1, 2, 3, 4}, 4};
    for (size_t i = 0; i < ARRAY_COUNT(codes); i++) {
        uint8_t a[PIN_BLOCK_LEN];
        uint8_t b[PIN_BLOCK_LEN];
        const struct pin_format *format = pin_format_find(span_text(codes[i]));
        ck_assert_int_eq(pin_encode(format, &pin, span_text(ACCOUNT), &random, a), 0);
        ck_assert_int_eq(pin_encode(format, &pin, span_text(ACCOUNT), &random, b), 0);
        bool is_random = i >= 2;
        ck_assert_int_eq(memcmp(a, b, sizeof a) != 0, is_random);
    }
}
END_TEST

START_TEST(seeded_fill_is_repeatable)
{
    struct random a = random_make(5);
    struct random b = random_make(5);
    uint8_t x[32];
    uint8_t y[32];
    ck_assert_int_eq(random_fill(&a, x, sizeof x), 0);
    ck_assert_int_eq(random_fill(&b, y, sizeof y), 0);
    ck_assert_mem_eq(x, y, sizeof x);
}
END_TEST

START_TEST(bound_block_may_not_become_unbound)
{
    for (size_t i = 0; i < ARRAY_COUNT(codes); i++) {
        for (size_t j = 0; j < ARRAY_COUNT(codes); j++) {
            bool refused = (i == 0 || i == 3) && j == 2;
            ck_assert_int_eq(pin_format_may_become(pin_format_find(span_text(codes[i])),
                                                   pin_format_find(span_text(codes[j]))),
                             !refused);
        }
    }
    ck_assert_ptr_null(pin_format_find(SPAN_LITERAL("34"))); /* ISO-2 */
    ck_assert_ptr_null(pin_format_find(SPAN_LITERAL("99")));
}
END_TEST

START_TEST(tester_makes_the_block_that_a_terminal_makes)
{
    uint8_t block[PIN_BLOCK_LEN];
    struct secret_span tpk = secret(unhex("0123456789ABCDEFFEDCBA9876543210"));
    struct secret_span pin = secret(SPAN_LITERAL("1234"));
    ck_assert_int_eq(hsm_tester_pin_block(tpk, pin, SPAN_LITERAL("5432101234567891"), block), 0);
    struct span clear = unhex("041215FEDCBA9876");
    ck_assert_mem_ne(block, clear.ptr, sizeof block);
    ck_assert_int_eq(hsm_tester_pin_block(tpk, secret(SPAN_LITERAL("123")),
                                          SPAN_LITERAL("5432101234567891"), block),
                     ERR_FORMAT);
    ck_assert_int_eq(hsm_tester_pin_block(tpk, pin, SPAN_LITERAL("54321012345"), block),
                     ERR_FORMAT);
    ck_assert_int_eq(
        hsm_tester_pin_block(secret(unhex("0123")), pin, SPAN_LITERAL("5432101234567891"), block),
        ERR_FORMAT);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        every_format_gives_every_length_of_pin_back,
        known_blocks_are_read,
        bad_blocks_are_told_apart_and_leave_a_pin_that_can_be_verified,
        block_for_another_account_is_bad,
        fill_is_random_where_the_format_says_so,
        seeded_fill_is_repeatable,
        bound_block_may_not_become_unbound,
        tester_makes_the_block_that_a_terminal_makes,
    };
    return run_tests("hsm pinblock", tests, ARRAY_COUNT(tests));
}
