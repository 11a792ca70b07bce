/* The keys of X9.24-1 are checked by test_vectors.c; here how a terminal goes through them. */
#include "harness.h"
#include "hsm_sim/engine/dukpt.h"

#define BDK "0123456789ABCDEFFEDCBA9876543210"

static struct tdes_ciphers ciphers;

static void dukpt_open(struct dukpt *dukpt, const char *ksn)
{
    if (ciphers.ecb == NULL) {
        ck_assert_int_eq(tdes_ciphers_init(&ciphers), 0);
    }
    memset(dukpt, 0, sizeof *dukpt);
    ck_assert_int_eq(dukpt_init(dukpt, &ciphers, secret(unhex(BDK)), unhex(ksn).ptr), 0);
}

START_TEST(first_ksn_is_the_one_behind_counter_0)
{
    struct dukpt dukpt;
    dukpt_open(&dukpt, "FFFF9876543210E00000");
    ck_assert_str_eq(hex_text(dukpt.ksn, 10), "FFFF9876543210E00001");
    dukpt_deinit(&dukpt);
}
END_TEST

START_TEST(ksns_with_more_than_ten_bits_are_skipped)
{
    /* The last ones of X9.24-1 A.4. */
    static const char *const ksns[] = {
        "FFFF9876543210EFF800", "FFFF9876543210EFF801", "FFFF9876543210EFF802",
        "FFFF9876543210EFF804", "FFFF9876543210EFF808", "FFFF9876543210EFF810",
    };
    struct dukpt dukpt;
    dukpt_open(&dukpt, ksns[0]);
    for (size_t i = 1; i < ARRAY_COUNT(ksns); i++) {
        ck_assert_int_eq(dukpt_next(&dukpt), 0);
        ck_assert_str_eq(hex_text(dukpt.ksn, 10), ksns[i]);
    }
    dukpt_deinit(&dukpt);
}
END_TEST

START_TEST(life_of_a_terminal_ends)
{
    struct dukpt dukpt;
    dukpt_open(&dukpt, "FFFF9876543210FFC000");
    ck_assert_int_eq(dukpt_next(&dukpt), 0);
    ck_assert_str_eq(hex_text(dukpt.ksn, 10), "FFFF9876543210FFC001");
    dukpt_deinit(&dukpt);
    dukpt_open(&dukpt, "FFFF9876543210FFF800");
    ck_assert_str_eq(hex_text(dukpt.ksn, 10), "FFFF9876543210FFF800");
    ck_assert_int_eq(dukpt_next(&dukpt), ERR_RANGE);
    dukpt_deinit(&dukpt);
}
END_TEST

START_TEST(key_is_the_same_however_the_counter_was_reached)
{
    struct dukpt going;
    struct dukpt fresh;
    uint8_t a[DUKPT_KEY_LEN];
    uint8_t b[DUKPT_KEY_LEN];
    char ksn[21] = "";
    dukpt_open(&going, "FFFF9876543210EFF7F0");
    for (int i = 0; i < 200; i++) {
        ck_assert_int_eq(dukpt_key(&going, DUKPT_PIN, a), 0);
        hex_encode(span_make(going.ksn, sizeof going.ksn), (uint8_t *)ksn);
        dukpt_open(&fresh, ksn);
        ck_assert_int_eq(dukpt_key(&fresh, DUKPT_PIN, b), 0);
        ck_assert_mem_eq(a, b, sizeof a);
        ck_assert_int_eq(dukpt_next(&going), 0);
        dukpt_deinit(&fresh);
    }
    dukpt_deinit(&going);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        first_ksn_is_the_one_behind_counter_0,
        ksns_with_more_than_ten_bits_are_skipped,
        life_of_a_terminal_ends,
        key_is_the_same_however_the_counter_was_reached,
    };
    return run_tests("dukpt", tests, ARRAY_COUNT(tests));
}
