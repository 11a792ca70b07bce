#include "routes/stub_rules.h"

#include "tests/unit/iso8583/suite.h"
#include "tests/unit/routes/collect.h"

static struct collected collected;
static struct rules rules;

static int parse(const char *text, bool is_line)
{
    collected = (struct collected){0};
    memset(&rules, 0, sizeof rules);
    struct source source = {.name = is_line ? "--rule" : "rules",
                            .text = span_text(text),
                            .report = collect,
                            .context = &collected};
    return rules_parse(&rules, &source, is_line);
}

static struct iso_msg purchase(void)
{
    struct iso_msg msg;
    iso_init(&msg, 0x0200);
    iso_set(&msg, 2, SPAN_LITERAL("4111111111111111"));
    iso_set(&msg, 3, SPAN_LITERAL("000000"));
    iso_set(&msg, 4, SPAN_LITERAL("000000006600"));
    iso_set(&msg, 11, SPAN_LITERAL("000017"));
    iso_set(&msg, 41, SPAN_LITERAL("TERM1   "));
    return msg;
}

static const struct {
    const char *rule;
    bool matches;
} conditions[] = {
    {"when amount == 6600 then drop", true},
    {"when amount == 660 then drop", false},
    {"when amount != 6600 then drop", false},
    {"when amount > 6599 and amount < 6601 then drop", true},
    {"when amount > 6600 then drop", false},
    {"when amount < 6600 then drop", false},
    {"when amount >= 6600 and amount <= 6600 then drop", true},
    {"when amount >= 6601 then drop", false},
    {"when amount <= 6599 then drop", false},
    {"when stan == 17 then drop", true},
    {"when pan prefix 411111 then drop", true},
    {"when pan prefix 42 then drop", false},
    {"when pan == 4111111111111111 then drop", true},
    {"when mti == 0200 then drop", true},
    {"when mti prefix 02 and proc prefix 00 then drop", true},
    {"when mti != 0200 then drop", false},
    {"when terminal == TERM1 then drop", true},
    {"when terminal != TERM1 then drop", false},
    {"when terminal == TERM then drop", false},
    {"when merchant != SHOP then drop", false}, /* absent: matches nothing */
    {"when network == 301 then drop", false},
    {"  when\tamount   == 6600 then   drop  ", true},
};

START_TEST(condition_matches_what_it_says)
{
    struct iso_msg msg = purchase();
    ck_assert_int_eq(parse(conditions[_i].rule, true), 0);
    ck_assert_msg((rules_match(&rules, &msg) != NULL) == conditions[_i].matches, "%s",
                  conditions[_i].rule);
}
END_TEST

START_TEST(pan_is_taken_from_track_2_if_need_be)
{
    struct iso_msg msg = purchase();
    iso_unset(&msg, 2);
    iso_set(&msg, 35, SPAN_LITERAL("5555555555554444=30121010000000000"));
    ck_assert_int_eq(parse("when pan == 5555555555554444 then drop", true), 0);
    ck_assert_ptr_nonnull(rules_match(&rules, &msg));
}
END_TEST

START_TEST(first_match_wins_and_times_run_out)
{
    struct iso_msg msg = purchase();
    ck_assert_int_eq(parse("# two rules\n"
                           "\n"
                           "when amount == 6600 then decline 05 times 2\n"
                           "when amount == 6600 then late 3000\n"
                           "when amount == 6600 then silent\n",
                           false),
                     0);
    ck_assert_uint_eq(rules.count, 3);
    for (int i = 0; i < 2; i++) {
        const struct rule *rule = rules_match(&rules, &msg);
        ck_assert_int_eq(rule->verb, RULE_DECLINE);
        ck_assert_str_eq(rule->code, "05");
    }
    const struct rule *rule = rules_match(&rules, &msg);
    ck_assert_int_eq(rule->verb, RULE_LATE);
    ck_assert_uint_eq(rule->ms, 3000);
}
END_TEST

START_TEST(every_verb_is_read)
{
    static const struct {
        const char *text;
        enum rule_verb verb;
    } verbs[] = {
        {"when stan == 1 then approve", RULE_APPROVE},
        {"when stan == 1 then decline 91", RULE_DECLINE},
        {"when stan == 1 then partial 500", RULE_PARTIAL},
        {"when stan == 1 then drop", RULE_DROP},
        {"when stan == 1 then close", RULE_CLOSE},
        {"when stan == 1 then silent", RULE_SILENT},
        {"when stan == 1 then delay 20", RULE_DELAY},
        {"when stan == 1 then late 3000 times 1", RULE_LATE},
        {"when stan == 1 then duplicate", RULE_DUPLICATE},
    };
    for (size_t i = 0; i < ARRAY_COUNT(verbs); i++) {
        ck_assert_int_eq(parse(verbs[i].text, true), 0);
        ck_assert_int_eq(rules.rule[0].verb, verbs[i].verb);
    }
}
END_TEST

static const struct {
    const char *text;
    const char *errors;
} golden[] = {
    {"", "--rule:1:1: error: the file is empty\n"},
    {"amount == 1 then drop", "--rule:1:1: error: expected 'when', not 'amount'\n"
                              "      1 | amount == 1 then drop\n"
                              "        | ^^^^^^\n"},
    {"when amuont == 1 then drop",
     "--rule:1:6: error: expected a field, not 'amuont'; did you mean 'amount'?\n"
     "      1 | when amuont == 1 then drop\n"
     "        |      ^^^^^^\n"},
    {"when amount = 1 then drop",
     "--rule:1:13: error: expected an operator (== != prefix < > <= >=), not '='\n"
     "      1 | when amount = 1 then drop\n"
     "        |             ^\n"},
    {"when terminal < A then drop", "--rule:1:15: error: '<' does not apply to terminal\n"
                                    "      1 | when terminal < A then drop\n"
                                    "        |               ^\n"},
    {"when amount prefix 1 then drop", "--rule:1:13: error: 'prefix' does not apply to amount\n"
                                       "      1 | when amount prefix 1 then drop\n"
                                       "        |             ^^^^^^\n"},
    {"when amount == 1x then drop", "--rule:1:16: error: expected a number, not '1x'\n"
                                    "      1 | when amount == 1x then drop\n"
                                    "        |                ^^\n"},
    {"when amount == 1", "--rule:1:17: error: expected 'and' or 'then', but the rule ends\n"
                         "      1 | when amount == 1\n"
                         "        |                 ^\n"},
    {"when amount == 1 then dorp",
     "--rule:1:23: error: expected what to do, not 'dorp'; did you mean 'drop'?\n"
     "      1 | when amount == 1 then dorp\n"
     "        |                       ^^^^\n"},
    {"when amount == 1 then decline 00",
     "--rule:1:31: error: expected a response code of two characters other than 00, not '00'\n"
     "      1 | when amount == 1 then decline 00\n"
     "        |                               ^^\n"},
    {"when amount == 1 then late", "--rule:1:27: error: expected milliseconds, a day at most, but "
                                   "the rule ends\n"
                                   "      1 | when amount == 1 then late\n"
                                   "        |                           ^\n"},
    {"when pan == 4111111111111111 then drop times 0",
     "--rule:1:46: error: expected how many times, not '0'\n"
     "      1 | when pan == 411111******1111 then drop times 0\n"
     "        |                                              ^\n"},
    {"when amount == 1 then drop now",
     "--rule:1:28: error: expected 'times' or the end of the rule, not 'now'\n"
     "      1 | when amount == 1 then drop now\n"
     "        |                            ^^^\n"},
};

START_TEST(every_error_is_told_with_its_place_and_line)
{
    ck_assert_int_eq(parse(golden[_i].text, true), ERR_CONFIG);
    ck_assert_str_eq(collected.text, golden[_i].errors);
    ck_assert_uint_eq(rules.count, 0);
}
END_TEST

START_TEST(file_of_rules_tells_its_line_and_wants_its_last_newline)
{
    ck_assert_int_eq(parse("# x\nwhen amount == 1 then drop\nwhen\n", false), ERR_CONFIG);
    ck_assert_str_eq(collected.text, "rules:3:5: error: expected a field, but the rule ends\n"
                                     "      3 | when\n"
                                     "        |     ^\n");
    ck_assert_int_eq(parse("when amount == 1 then drop", false), ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(collected.text, "rules:1:27: error: the last line does not end"));
}
END_TEST

START_TEST(too_many_conditions_or_rules_are_refused)
{
    static char text[RULES_MAX * 40 + 100];
    (void)snprintf(text, sizeof text, "%s", "when stan == 1");
    for (int i = 0; i < RULE_CONDITIONS_MAX; i++) {
        text_append(text, sizeof text, " and stan == 1");
    }
    text_append(text, sizeof text, " then drop");
    ck_assert_int_eq(parse(text, true), ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(collected.text, "more than 8 conditions"));
    text[0] = '\0';
    for (int i = 0; i < RULES_MAX; i++) {
        text_append(text, sizeof text, "when stan == 1 then drop\n");
    }
    ck_assert_int_eq(parse(text, false), 0);
    text_append(text, sizeof text, "when stan == 1 then drop\n");
    ck_assert_int_eq(parse(text, false), ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(collected.text, "rules:129:1: error: more than 128 rules"));
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("stub_rules");
    tcase_add_loop_test(tcase, condition_matches_what_it_says, 0, (int)ARRAY_COUNT(conditions));
    tcase_add_test(tcase, pan_is_taken_from_track_2_if_need_be);
    tcase_add_test(tcase, first_match_wins_and_times_run_out);
    tcase_add_test(tcase, every_verb_is_read);
    tcase_add_loop_test(tcase, every_error_is_told_with_its_place_and_line, 0,
                        (int)ARRAY_COUNT(golden));
    tcase_add_test(tcase, file_of_rules_tells_its_line_and_wants_its_last_newline);
    tcase_add_test(tcase, too_many_conditions_or_rules_are_refused);
    Suite *suite = suite_create("stub_rules");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
