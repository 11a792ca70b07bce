/* What leaves the tool shows no card number, track, key or PIN, wherever it stands in a text. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/isotest/conceal.h"

static struct script *script_of(const char *text)
{
    struct script_options options = {0};
    struct script *script = NULL;
    ck_assert_int_eq(script_parse_text("t.isot", span_text(text), &options, &script), 0);
    return script;
}

static void becomes(const struct script *script, const char *text, const char *wanted)
{
    char got[400];
    (void)conceal_span(script, span_text(text), got, sizeof got);
    ck_assert_str_eq(got, wanted);
}

START_TEST(a_card_number_is_masked_wherever_it_stands)
{
    becomes(NULL, "got x 4111111111111111", "got x 411111******1111");
    becomes(NULL, "DE48 0011604111111111111111 ", "DE48 001160411111******1111 ");
    becomes(NULL, "41111111111111112912", "411111******11112912");
    becomes(NULL, "A5 34313131313131313131313131313131", "A5 ********************************");
    becomes(NULL, "f4f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1", "********************************");
    becomes(NULL, "\xC3\xA9 \"6799990100000000019\"", "\xC3\xA9 \"679999*********0019\"");
}
END_TEST

START_TEST(what_follows_a_card_number_on_its_track_is_starred)
{
    becomes(NULL, "411111******1111=29122010000", "411111******1111=***********");
    becomes(NULL, "got x 4111111111111111=29122010000", "got x 411111******1111=***********");
    becomes(NULL, "57134111111111111111D29122010000F", "5713411111******1111D***********F");
    becomes(NULL, "B4111111111111111^DOE/JOHN^29122010000?",
            "B411111******1111^********^***********?");
}
END_TEST

START_TEST(what_is_no_secret_stays)
{
    static const char *const texts[] = {
        "0210 from T1 (+38 ms)  11=000018 41=TERM0001 39=00",
        "DE4 000000001000 12.50 EUR",
        "DE90 020000001711211704270000000000000000000000",
        "4111111111111112 is no card number, nor 1763744667",
        "",
    };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        becomes(NULL, texts[i], texts[i]);
    }
}
END_TEST

START_TEST(keys_and_pins_that_a_script_declares_are_starred)
{
    struct script *script = script_of("key tpk:T1 80577FB0985DCD8AC8EF7CF4F2B9F46D\n"
                                      "card gold {\n  pan 4111111111111112\n  pin 8264\n}\n");
    becomes(script, "got x 80577fb0985dcd8ac8ef7cf4f2b9f46d",
            "got x ********************************");
    becomes(script, "AA80577FB0985DCD8AC8EF7CF4F2B9F46DBB", "AA********************************BB");
    becomes(script, "pin 8264, 82641 and 98264 at +8264 ms",
            "pin ****, 82641 and 98264 at +8264 ms");
    becomes(script, "4111111111111112", "411111******1112");
    script_free(script);
}
END_TEST

static struct span var_given(void *context, struct span name)
{
    (void)context;
    return span_equal_text(name, "K") ? span_text("0123456789ABCDEFFEDCBA9876543210") : SPAN_NONE;
}

START_TEST(keys_and_pins_that_come_by_a_variable_are_starred)
{
    const char *text = "set K = 80577FB0985DCD8AC8EF7CF4F2B9F46D\nset P = 8264\n"
                       "key tpk:T1 {{K}}\ncard gold {\n  pan 4111111111111111\n  pin {{P}}\n}\n";
    struct script_options options = {.variable = var_given};
    struct script *script = NULL;
    ck_assert_int_eq(script_parse_text("t.isot", span_text(text), &options, &script), 0);
    becomes(script, "--var K=0123456789ABCDEFFEDCBA9876543210 P 8264",
            "--var K=******************************** P ****");
    becomes(script, "80577FB0985DCD8AC8EF7CF4F2B9F46D", "********************************");
    script_free(script);
}
END_TEST

START_TEST(a_card_number_that_a_limit_cuts_is_starred)
{
    char got[20];
    (void)conceal_span(NULL, SPAN_LITERAL("title 4111111111111111"), got, sizeof got);
    ck_assert_str_eq(got, "title *************");
    (void)conceal_span(NULL, SPAN_LITERAL("amount of 123456 EUR"), got, sizeof got);
    ck_assert_str_eq(got, "amount of 123456 EU");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("conceal");
    TCase *cases = tcase_create("conceal");
    tcase_add_test(cases, a_card_number_is_masked_wherever_it_stands);
    tcase_add_test(cases, what_follows_a_card_number_on_its_track_is_starred);
    tcase_add_test(cases, what_is_no_secret_stays);
    tcase_add_test(cases, keys_and_pins_that_a_script_declares_are_starred);
    tcase_add_test(cases, keys_and_pins_that_come_by_a_variable_are_starred);
    tcase_add_test(cases, a_card_number_that_a_limit_cuts_is_starred);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
