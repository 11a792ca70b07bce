/* What a load run counts of what the engine tells: from the intended start, measured time only.
 * The engine is played here: its observer's functions are called with made-up times. */
#include <check.h>
#include <stdlib.h>

#include "iso8583/dialect.h"
#include "tools/isotest/load.h"

static struct load load;
static struct load_options options;
static struct script *script;
static struct engine_observer observer;

static void on_report(void *context, const char *text)
{
    (void)context;
    ck_abort_msg("%s", text);
}

static void setup(void)
{
    static const char text[] = "terminal T {\n connect 127.0.0.1:1\n dialect iso87_bcd\n"
                               " frame len2\n 41 TERM0001\n}\n"
                               "test \"rare\" tags a weight 1 {\n send 0800 from T\n"
                               " expect 0810\n}\n"
                               "test \"often\" tags a weight 3 {\n send 0800 from T\n"
                               " expect 0810\n  39 == 00\n}\n";
    static uint32_t free_terminals[8];
    struct script_options script_options = {.report = on_report};
    ck_assert_int_eq(script_parse_text("t.isot", span_text(text), &script_options, &script), 0);
    options = (struct load_options){.path = "t.isot"};
    load = (struct load){.options = &options,
                         .script = script,
                         .phase = LOAD_DRAINING, /* nothing begins */
                         .free_terminals = free_terminals,
                         .free_cap = ARRAY_COUNT(free_terminals),
                         .under_way = ARRAY_COUNT(free_terminals)};
    ck_assert_int_eq(load_count_open(&load), 0);
    observer = load_observer(&load);
}

static void teardown(void)
{
    load_count_close(&load);
    script_free(script);
}

static const struct stmt *expect_of(uint32_t test)
{
    const struct stmt *stmt = load.tests[test].test->body;
    while (stmt->kind != STMT_EXPECT) {
        stmt = stmt->next;
    }
    return stmt;
}

/* The @answers-th answer of a transaction that was intended for @intended_us came at @got_us,
 * @latency_us after it was asked for. */
static void match(bool is_measured, uint32_t answers, int64_t intended_us, int64_t got_us,
                  int64_t latency_us)
{
    static struct held sent;
    static struct held got;
    struct strand_view strand = {
        .tag = load_tag(1, 0, is_measured), .intended_us = intended_us, .answers = answers};
    sent.at_us = got_us - latency_us;
    got.at_us = got_us;
    observer.on_matched(observer.context, &strand, expect_of(1), NULL, &sent, &got, latency_us);
}

static void end(bool is_measured, int64_t intended_us, int64_t started_us, bool passed)
{
    struct strand_view root = {
        .tag = load_tag(1, 0, is_measured), .intended_us = intended_us, .started_us = started_us};
    observer.on_end(observer.context, &root, passed);
}

static void answer(const char *code)
{
    static struct held held;
    struct strand_view strand = {.tag = load_tag(1, 0, true)};
    struct engine_message message = {.strand = &strand, .fate = MESSAGE_ANSWER, .held = &held};
    held.msg = (struct iso_msg){.mti = 0x0810};
    iso_set(&held.msg, 39, span_text(code));
    observer.on_message(observer.context, &message);
}

START_TEST(latency_counts_from_the_intended_start_and_service_from_the_sending)
{
    match(true, 1, 1000, 91000, 2000);
    ck_assert_int_eq(load.latency->max_us, 90000);
    ck_assert_int_eq(load.service->max_us, 2000);
    ck_assert_int_eq(load.steps[0].service->max_us, 2000);
    ck_assert_uint_eq(load.latency->count, 1);
}
END_TEST

START_TEST(later_answers_of_a_transaction_count_from_their_own_sending)
{
    match(true, 2, 1000, 91000, 2000);
    ck_assert_int_eq(load.latency->max_us, 2000);
    ck_assert_int_eq(load.service->max_us, 2000);
}
END_TEST

START_TEST(answer_that_is_not_as_expected_has_a_latency_and_a_timeout_none)
{
    static struct held got = {.at_us = 91000};
    struct strand_view strand = {.tag = load_tag(1, 0, true), .intended_us = 1000, .answers = 1};
    struct failure slow = {
        .kind = FAIL_CHECK, .stmt = expect_of(1), .got = &got, .latency_us = 2000};
    struct failure timeout = {.kind = FAIL_TIMEOUT, .stmt = expect_of(1)};
    observer.on_failure(observer.context, &strand, &slow);
    observer.on_failure(observer.context, &strand, &timeout);
    ck_assert_uint_eq(load.latency->count, 1);
    ck_assert_int_eq(load.latency->max_us, 90000);
    ck_assert_int_eq(load.service->max_us, 2000);
}
END_TEST

START_TEST(what_was_due_in_the_warm_up_is_in_no_figure)
{
    struct strand_view strand = {.tag = load_tag(1, 0, false)};
    struct failure failure = {.kind = FAIL_TIMEOUT, .stmt = expect_of(1)};
    match(false, 1, 1000, 91000, 2000);
    observer.on_failure(observer.context, &strand, &failure);
    end(false, 1000, 91000, false);
    ck_assert_uint_eq(load.latency->count, 0);
    ck_assert_uint_eq(load.service->count, 0);
    ck_assert_uint_eq(load.step_count, 0);
    ck_assert_uint_eq(load.why_count, 0);
    ck_assert_uint_eq(load.tests[1].counts.ended, 0);
    ck_assert_uint_eq(load.over, 1);
}
END_TEST

START_TEST(transaction_is_late_if_it_began_more_than_a_millisecond_after_its_time)
{
    end(true, 5000, 6000, true);
    ck_assert_uint_eq(load.tests[1].counts.late, 0);
    end(true, 5000, 6001, true);
    ck_assert_uint_eq(load.tests[1].counts.late, 1);
    ck_assert_uint_eq(load.tests[1].counts.ended, 2);
    ck_assert_uint_eq(load.tests[1].counts.passed, 2);
    ck_assert_uint_eq(load.tests[0].counts.ended, 0);
}
END_TEST

START_TEST(terminal_is_free_again_when_its_transaction_ended)
{
    ck_assert_uint_eq(load.free_count, 0);
    end(true, 5000, 5000, true);
    ck_assert_uint_eq(load.free_count, 1);
    ck_assert_uint_eq(load.under_way, load.free_cap - 1);
}
END_TEST

START_TEST(response_codes_are_counted_and_approvals_known)
{
    static const char *const codes[] = {"00", "08", "10", "11", "05", "00", "91", "00"};
    for (size_t i = 0; i < ARRAY_COUNT(codes); i++) {
        answer(codes[i]);
    }
    ck_assert_uint_eq(load.tests[1].counts.answered, 8);
    ck_assert_uint_eq(load.tests[1].counts.approved, 6);
    ck_assert_uint_eq(load.tests[1].counts.declined, 2);
    ck_assert_uint_eq(load.code_count, 6);
    ck_assert_str_eq(load.codes[0].text, "00");
    ck_assert_uint_eq(load.codes[0].count, 3);
}
END_TEST

START_TEST(more_codes_than_rows_are_still_approved_or_declined)
{
    for (unsigned i = 0; i < 2 * LOAD_CODES_MAX; i++) {
        char code[3] = {(char)('A' + i / 26), (char)('A' + i % 26), '\0'};
        answer(code);
    }
    ck_assert_uint_eq(load.code_count, LOAD_CODES_MAX);
    ck_assert_uint_eq(load.tests[1].counts.declined, 2 * LOAD_CODES_MAX);
}
END_TEST

START_TEST(failures_are_counted_by_statement_and_reason)
{
    struct strand_view strand = {.tag = load_tag(1, 0, true)};
    struct failure timeout = {.kind = FAIL_TIMEOUT, .stmt = expect_of(1)};
    struct failure wrong = {.kind = FAIL_CHECK, .stmt = expect_of(1), .latency_us = -1};
    struct failure elsewhere = {.kind = FAIL_TIMEOUT, .stmt = expect_of(0)};
    observer.on_failure(observer.context, &strand, &timeout);
    observer.on_failure(observer.context, &strand, &timeout);
    observer.on_failure(observer.context, &strand, &wrong);
    observer.on_failure(observer.context, &strand, &elsewhere);
    ck_assert_uint_eq(load.why_count, 3);
    ck_assert_uint_eq(load.whys[0].count, 2);
    ck_assert_ptr_nonnull(strstr(load.whys[0].text, "no answer in time"));
    ck_assert_uint_eq(load.tests[1].counts.timed_out, 3);
    ck_assert_uint_eq(load.tests[1].counts.wrong, 1);
    ck_assert_uint_eq(load.steps[0].failed, 3);
}
END_TEST

START_TEST(mix_is_by_weight_and_even)
{
    uint32_t counts[2] = {0};
    for (int i = 0; i < 400; i++) {
        counts[load_pick(&load)]++;
        if (i % 4 == 3) { /* never more than a round away from the ratio */
            ck_assert_uint_eq(counts[0], (uint32_t)(i + 1) / 4);
            ck_assert_uint_eq(counts[1], (uint32_t)(i + 1) / 4 * 3);
        }
    }
}
END_TEST

/* --- what held it back ------------------------------------------------------------------------ */

static void measured(int64_t us, int64_t cpu_us)
{
    load.measure_us = 1000;
    load.ended_us = 1000 + us;
    load.cpu_us = cpu_us;
}

static void assert_held_back(const char *want)
{
    const char *got = load_held_back(&load);
    if (want == NULL) {
        ck_assert_ptr_null(got);
    } else {
        ck_assert_ptr_nonnull(got);
        ck_assert_msg(strstr(got, want) != NULL, "%s", got);
    }
}

START_TEST(tool_without_processor_time_says_so)
{
    measured(1000000, 890000);
    assert_held_back(NULL);
    measured(1000000, 910000);
    assert_held_back("THIS TOOL IS THE BOTTLENECK");
}
END_TEST

START_TEST(open_model_that_begins_late_says_why)
{
    measured(1000000, 100000);
    options.per_s = 1000;
    load.all.ended = 1000;
    load.all.late = 10;
    assert_held_back(NULL);
    load.all.late = 11;
    assert_held_back("this machine was busy");
    load.not_begun = 1;
    assert_held_back("the peer is too slow");
    measured(1000000, 990000);
    assert_held_back("THIS TOOL IS THE BOTTLENECK");
}
END_TEST

START_TEST(closed_model_is_never_behind_schedule)
{
    measured(1000000, 100000);
    load.all.ended = 1000;
    load.all.late = 1000;
    assert_held_back(NULL);
}
END_TEST

START_TEST(tool_that_is_the_bottleneck_is_known_while_it_runs)
{
    load.phase = LOAD_MEASURING;
    load.measure_us = 1000;
    load.second_us = 1001000; /* a second after */
    load.cpu_us = 950000;
    assert_held_back("THIS TOOL IS THE BOTTLENECK");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        latency_counts_from_the_intended_start_and_service_from_the_sending,
        later_answers_of_a_transaction_count_from_their_own_sending,
        answer_that_is_not_as_expected_has_a_latency_and_a_timeout_none,
        what_was_due_in_the_warm_up_is_in_no_figure,
        transaction_is_late_if_it_began_more_than_a_millisecond_after_its_time,
        terminal_is_free_again_when_its_transaction_ended,
        response_codes_are_counted_and_approvals_known,
        more_codes_than_rows_are_still_approved_or_declined,
        failures_are_counted_by_statement_and_reason,
        mix_is_by_weight_and_even,
        tool_without_processor_time_says_so,
        open_model_that_begins_late_says_why,
        closed_model_is_never_behind_schedule,
        tool_that_is_the_bottleneck_is_known_while_it_runs,
    };
    Suite *suite = suite_create("isotest load counts");
    for (size_t i = 0; i < ARRAY_COUNT(tests); i++) {
        TCase *tcase = tcase_create(tests[i]->name);
        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, tests[i]);
        suite_add_tcase(suite, tcase);
    }
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
