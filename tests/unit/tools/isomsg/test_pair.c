/* Which messages of two captures belong together. */
#include <stdio.h>

#include "tests/unit/iso8583/suite.h"
#include "tools/isomsg/pair.h"

static struct pair_key key(uint16_t mti, const char *stan, const char *terminal, const char *sent,
                           const char *rrn)
{
    struct iso_msg msg;
    iso_init(&msg, mti);
    const struct {
        unsigned de;
        const char *value;
    } set[] = {{11, stan}, {41, terminal}, {7, sent}, {37, rrn}};
    for (size_t i = 0; i < ARRAY_COUNT(set); i++) {
        if (set[i].value != NULL) {
            iso_set(&msg, set[i].de, span_text(set[i].value));
        }
    }
    return pair_key_of(&msg);
}

START_TEST(messages_are_paired_by_what_they_have)
{
    struct pair_key a[] = {key(0x0200, "000001", "T1", "1120080000", "R1"),
                           key(0x0200, "000002", "T1", NULL, NULL),
                           key(0x0200, NULL, NULL, NULL, "R3")};
    struct pair_key b[] = {key(0x0200, "000009", "T9", NULL, "R3"),
                           key(0x0200, "000002", "T1", NULL, NULL),
                           key(0x0200, "000001", "T1", "1120080000", "R1")};
    ck_assert_int_eq(pairs_make(a, 3, b, 3), 0);
    ck_assert_int_eq(a[0].partner, 2);
    ck_assert_int_eq(a[1].partner, 1);
    ck_assert_int_eq(a[2].partner, 0);
    ck_assert_int_eq(b[0].partner, 2);
}
END_TEST

START_TEST(a_request_is_no_partner_of_its_answer)
{
    struct pair_key a[] = {key(0x0200, "000001", "T1", NULL, NULL)};
    struct pair_key b[] = {key(0x0210, "000001", "T1", NULL, NULL)};
    ck_assert_int_eq(pairs_make(a, 1, b, 1), 0);
    ck_assert_int_eq(a[0].partner, PAIR_NONE);
    ck_assert_int_eq(b[0].partner, PAIR_NONE);
}
END_TEST

START_TEST(repeats_and_other_versions_are_of_one_type)
{
    struct pair_key a[] = {key(0x0421, "000001", "T1", NULL, NULL),
                           key(0x0200, "000002", "T1", NULL, NULL)};
    struct pair_key b[] = {key(0x0420, "000001", "T1", NULL, NULL),
                           key(0x1200, "000002", "T1", NULL, NULL)};
    ck_assert_int_eq(pairs_make(a, 2, b, 2), 0);
    ck_assert_int_eq(a[0].partner, 0);
    ck_assert_int_eq(a[1].partner, 1);
}
END_TEST

START_TEST(the_strictest_key_goes_first)
{
    /* By STAN and terminal the first of a would take the first of b; the time says otherwise. */
    struct pair_key a[] = {key(0x0200, "000001", "T1", "1120080001", NULL),
                           key(0x0200, "000001", "T1", "1120080000", NULL)};
    struct pair_key b[] = {key(0x0200, "000001", "T1", "1120080000", NULL),
                           key(0x0200, "000001", "T1", "1120080002", NULL)};
    ck_assert_int_eq(pairs_make(a, 2, b, 2), 0);
    ck_assert_int_eq(a[1].partner, 0);
    ck_assert_int_eq(a[0].partner, 1);
}
END_TEST

START_TEST(of_equal_keys_the_first_go_together_and_the_rest_stay_alone)
{
    struct pair_key a[3];
    struct pair_key b[2];
    for (size_t i = 0; i < 3; i++) {
        a[i] = key(0x0200, "000001", "T1", NULL, NULL);
    }
    b[0] = b[1] = a[0];
    ck_assert_int_eq(pairs_make(a, 3, b, 2), 0);
    ck_assert_int_eq(a[0].partner, 0);
    ck_assert_int_eq(a[1].partner, 1);
    ck_assert_int_eq(a[2].partner, PAIR_NONE);
}
END_TEST

START_TEST(nothing_is_paired_by_what_both_lack)
{
    struct pair_key a[] = {key(0x0800, NULL, NULL, NULL, NULL)};
    struct pair_key b[] = {key(0x0800, NULL, NULL, NULL, NULL)};
    ck_assert_int_eq(pairs_make(a, 1, b, 1), 0);
    ck_assert_int_eq(a[0].partner, PAIR_NONE);
    ck_assert_int_eq(pairs_make(a, 0, b, 0), 0);
}
END_TEST

SUITE_MAIN("pair", messages_are_paired_by_what_they_have, a_request_is_no_partner_of_its_answer,
           repeats_and_other_versions_are_of_one_type, the_strictest_key_goes_first,
           of_equal_keys_the_first_go_together_and_the_rest_stay_alone,
           nothing_is_paired_by_what_both_lack)
