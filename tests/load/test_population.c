/* A population against a switch that answers by itself, and what its journal then says. */
#include <check.h>
#include <stdio.h>
#include <sys/resource.h>

#include "tests/load/audit.h"
#include "tests/load/population.h"
#include "tests/load/support.h"

struct crowd {
    struct support support;
    struct terminal_rules rules;
    struct answerer_plan answerer;
    struct population_plan plan;
    struct summary summary;
    char address[64];
    char journal[SUPPORT_PATH_CAP];
    int64_t cpu_us;
};

static struct crowd crowd;

static void crowd_open(void)
{
    memset(&crowd, 0, sizeof crowd);
    support_init(&crowd.support);
    crowd.answerer.framing = framing_find("len2+tpdu");
    crowd.answerer.dialect = dialect_find("iso87_bcd");
    crowd.rules = (struct terminal_rules){.dialect = crowd.answerer.dialect,
                                          .currency = 978,
                                          .amount_low_minor = 100,
                                          .amount_high_minor = 20000};
    crowd.plan = (struct population_plan){.address = crowd.address,
                                          .framing = *crowd.answerer.framing,
                                          .terminal_count = SUPPORT_TERMINALS,
                                          .window = 4,
                                          .connections = 1,
                                          .count = 300,
                                          .repeat_ms = 30,
                                          .repeats = 2,
                                          .reversal_ms = 30,
                                          .settle_ms = 20000,
                                          .connect_ms = 5000,
                                          .seed = 3,
                                          .quiet = true};
    crowd.plan.journal_path = support_path(&crowd.support, "journal", crowd.journal);
}

static int64_t cpu_now_us(void)
{
    struct rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 + usage.ru_utime.tv_usec +
           usage.ru_stime.tv_usec;
}

static void crowd_run(void)
{
    struct answerer *answerer =
        answerer_start(&crowd.answerer, crowd.address, sizeof crowd.address);
    struct population *population = NULL;
    ck_assert_int_eq(
        population_open(&crowd.plan, &crowd.rules, &crowd.support.dataset, &population), 0);
    crowd.cpu_us = -cpu_now_us();
    ck_assert_int_eq(population_run(population), 0);
    crowd.cpu_us += cpu_now_us();
    crowd.summary = *population_summary(population);
    population_close(population);
    ck_assert_uint_gt(answerer_stop(answerer), 0);
    ck_assert(!summary_is_broken(&crowd.summary));
}

/* How many sales the journal has in @state, as the auditor reads it. */
static uint64_t journal_count(enum sale_state state)
{
    struct audit audit;
    uint64_t count = 0;
    audit_init(&audit);
    ck_assert_int_eq(audit_read_terminals(&audit, crowd.journal), 0);
    for (uint32_t i = 0; i < audit.sale_count; i++) {
        count += audit.sales[i].state == state;
    }
    audit_deinit(&audit);
    return count;
}

START_TEST(population_gets_every_sale_answered)
{
    crowd_open();
    crowd.rules.reversal_ppm = 100000;
    crowd.answerer.refuse_every = 10;
    crowd.answerer.answer_twice = true;
    crowd_run();
    const struct summary *s = &crowd.summary;
    ck_assert_uint_eq(s->started, 300);
    ck_assert_uint_eq(s->declined, 30);
    ck_assert_uint_gt(s->reversed, 0);
    ck_assert_uint_eq(s->approved + s->declined + s->reversed, 300);
    ck_assert_uint_gt(s->heard[HEARD_DUPLICATE], 0);
    ck_assert_uint_eq(journal_count(SALE_APPROVED), s->approved);
    ck_assert_uint_eq(journal_count(SALE_REVERSED), s->reversed);
    ck_assert_uint_eq(journal_count(SALE_DECLINED), 30);
    support_deinit(&crowd.support);
}
END_TEST

START_TEST(intent_is_in_the_journal_before_it_is_sent)
{
    crowd_open();
    crowd.plan.count = 100;
    crowd.plan.repeats = 0;
    crowd.plan.reversal_ms = 2000;
    crowd.answerer.journal_path = crowd.journal;
    crowd_run();
    ck_assert_uint_eq(crowd.summary.approved, 100);
    support_deinit(&crowd.support);
}
END_TEST

START_TEST(unanswered_request_is_repeated)
{
    crowd_open();
    crowd.answerer.first_silent = true;
    crowd.plan.count = 60;
    crowd.plan.repeat_ms = 200;
    crowd.plan.reversal_ms = 5000;
    crowd_run();
    ck_assert_uint_ge(crowd.summary.repeats, 50); /* A few may share a hash in the answerer. */
    ck_assert_uint_eq(crowd.summary.approved, 60);
    ck_assert_uint_eq(journal_count(SALE_APPROVED), 60);
    support_deinit(&crowd.support);
}
END_TEST

START_TEST(request_never_answered_is_reversed)
{
    crowd_open();
    crowd.answerer.requests_silent = true;
    crowd.plan.count = 60;
    crowd_run();
    ck_assert_uint_eq(crowd.summary.reversed, 60);
    ck_assert_uint_eq(crowd.summary.approved, 0);
    ck_assert_uint_ge(crowd.summary.repeats, 120);
    ck_assert_uint_eq(journal_count(SALE_REVERSED), 60);
    support_deinit(&crowd.support);
}
END_TEST

START_TEST(lost_connection_is_made_again_and_nothing_forgotten)
{
    crowd_open();
    crowd.answerer.hang_up_every = 25;
    crowd.plan.connections = 2;
    crowd_run();
    const struct summary *s = &crowd.summary;
    ck_assert_uint_gt(s->losses, 0);
    ck_assert_uint_eq(s->approved + s->reversed, 300);
    ck_assert_uint_eq(s->gave_up, 0);
    support_deinit(&crowd.support);
}
END_TEST

START_TEST(next_process_goes_on_with_the_stans)
{
    crowd_open();
    crowd.plan.count = 50;
    crowd_run();
    crowd_run();
    /* The auditor refuses a journal in which one name is sent twice. */
    ck_assert_uint_eq(journal_count(SALE_APPROVED), 100);
    support_deinit(&crowd.support);
}
END_TEST

START_TEST(open_model_counts_from_the_intended_start)
{
    crowd_open();
    crowd.plan.rate = 400;
    crowd.plan.count = 120;
    crowd_run();
    const struct summary *s = &crowd.summary;
    ck_assert_uint_eq(s->approved, 120);
    ck_assert_uint_ge(s->ended_us - s->began_us, 119 * 1000000ull / 400);
    ck_assert_uint_eq(s->latency_us.count, 120);
    support_deinit(&crowd.support);
}
END_TEST

START_TEST(sigterm_finishes_what_is_in_flight)
{
    crowd_open();
    crowd.plan.count = 0;
    crowd.answerer.terminate_at = 100;
    crowd_run();
    const struct summary *s = &crowd.summary;
    ck_assert_uint_ge(s->started, 100);
    ck_assert_uint_eq(s->approved, s->started);
    ck_assert_uint_eq(s->gave_up, 0);
    support_deinit(&crowd.support);
}
END_TEST

START_TEST(what_cannot_be_settled_is_given_up)
{
    crowd_open();
    crowd.plan.count = 10;
    crowd.plan.repeat_ms = 60000;
    crowd.plan.settle_ms = 50;
    crowd.answerer.requests_silent = true;
    crowd_run();
    ck_assert_uint_eq(crowd.summary.gave_up, 10);
    ck_assert_uint_eq(crowd.summary.left_open, 10);
    ck_assert_uint_eq(journal_count(SALE_OPEN), 10);
    support_deinit(&crowd.support);
}
END_TEST

START_TEST(nobody_there_is_told_as_no_connection)
{
    crowd_open();
    struct population *population = NULL;
    (void)snprintf(crowd.address, sizeof crowd.address, "127.0.0.1:1");
    crowd.plan.connect_ms = 300;
    ck_assert_int_eq(
        population_open(&crowd.plan, &crowd.rules, &crowd.support.dataset, &population), 0);
    ck_assert_int_eq(population_run(population), ERR_CONNECT);
    population_close(population);
    support_deinit(&crowd.support);
}
END_TEST

/* The bound is a fifth of what is wanted of one core (50,000 messages a second, out and in), in CPU
 * time, so that a loaded or instrumented build does not fail it by chance. */
START_TEST(one_core_carries_a_large_load)
{
    crowd_open();
    crowd.plan.journal_path = NULL;
    crowd.plan.count = 20000;
    crowd.plan.window = 32;
    crowd.plan.repeat_ms = 20000;
    crowd_run();
    ck_assert_uint_eq(crowd.summary.approved, 20000);
    int64_t per_second = 2 * 20000 * 1000000ll / (crowd.cpu_us + 1);
    printf("population: %lld messages a second of CPU time\n", (long long)per_second);
    ck_assert_int_gt(per_second, 10000);
    support_deinit(&crowd.support);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("population");
    TCase *many = tcase_create("population");
    tcase_set_timeout(many, 60);
    tcase_add_test(many, population_gets_every_sale_answered);
    tcase_add_test(many, intent_is_in_the_journal_before_it_is_sent);
    tcase_add_test(many, unanswered_request_is_repeated);
    tcase_add_test(many, request_never_answered_is_reversed);
    tcase_add_test(many, lost_connection_is_made_again_and_nothing_forgotten);
    tcase_add_test(many, next_process_goes_on_with_the_stans);
    tcase_add_test(many, open_model_counts_from_the_intended_start);
    tcase_add_test(many, sigterm_finishes_what_is_in_flight);
    tcase_add_test(many, what_cannot_be_settled_is_given_up);
    tcase_add_test(many, nobody_there_is_told_as_no_connection);
    tcase_add_test(many, one_core_carries_a_large_load);
    suite_add_tcase(suite, many);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
