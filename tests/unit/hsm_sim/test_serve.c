#include "harness.h"
#include "hsm_sim/serve.h"

static struct serve serve;

static const char *served(const char *message)
{
    static char out[HSM_MESSAGE_LEN_MAX];
    struct writer w = writer_make(out, sizeof out - 1);
    if (!serve_message(&serve, span_text(message), &w)) {
        return NULL;
    }
    out[w.len] = '\0';
    return out;
}

START_TEST(answer_carries_header_and_trailer_of_its_request)
{
    struct hsm_engine *engine = engine_new();
    serve_init(&serve, engine, 0);
    ck_assert_str_eq(served("0017B20002hi\x19token"), "0017B300hi\x19token");
    ck_assert_str_eq(served("0018ZZx\x19token"), "0018Z[68\x19token");
    ck_assert_str_eq(served("0019CAx\x19token"), "0019CB15\x19token");
    hsm_engine_close(engine);
}
END_TEST

START_TEST(message_without_a_code_is_counted_and_not_answered)
{
    struct hsm_engine *engine = engine_new();
    serve_init(&serve, engine, 0);
    ck_assert_ptr_null(served(""));
    ck_assert_ptr_null(served("0017N"));
    ck_assert_uint_eq(serve.malformed, 2);
    ck_assert_uint_eq(serve.counter_count, 0);
    hsm_engine_close(engine);
}
END_TEST

START_TEST(commands_and_refusals_are_counted_by_code)
{
    struct hsm_engine *engine = engine_new();
    serve_init(&serve, engine, 0);
    (void)served("0017NC");
    (void)served("0017NC");
    (void)served("0017NC%01");
    (void)served("0017NO00");
    ck_assert_uint_eq(serve.counter_count, 2);
    ck_assert_uint_eq(serve.counter[0].count, 3);
    ck_assert_uint_eq(serve.counter[0].refused, 1);
    ck_assert_uint_eq(serve.counter[1].count, 1);
    for (unsigned i = 0; i < 1000; i++) {
        char message[] = "0017??";
        message[4] = (char)('a' + i % 26);
        message[5] = (char)('a' + i / 26);
        (void)served(message);
    }
    ck_assert_uint_eq(serve.counter_count, SERVE_CODES_MAX);
    hsm_engine_close(engine);
}
END_TEST

START_TEST(faults_strike_at_their_rate_and_repeatably)
{
    struct hsm_engine *engine = engine_new();
    unsigned struck[2] = {0};
    for (unsigned run = 0; run < 2; run++) {
        serve_init(&serve, engine, 42);
        ck_assert_int_eq(serve_fault_parse("10%:24", &serve.fault), 0);
        for (unsigned i = 0; i < 10000; i++) {
            struck[run] += strcmp(served("0017NC"), "0017ND24") == 0;
        }
    }
    ck_assert_uint_eq(struck[0], struck[1]);
    ck_assert_uint_gt(struck[0], 900);
    ck_assert_uint_lt(struck[0], 1100);
    hsm_engine_close(engine);
}
END_TEST

START_TEST(fault_texts_are_read_exactly)
{
    struct serve_fault fault;
    ck_assert_int_eq(serve_fault_parse("0.1%:24", &fault), 0);
    ck_assert_uint_eq(fault.per_million, 1000);
    ck_assert_uint_eq(fault.error, 24);
    ck_assert_int_eq(serve_fault_parse("100%:68", &fault), 0);
    ck_assert_uint_eq(fault.per_million, 1000000);
    ck_assert_int_eq(serve_fault_parse("0.0001%:1", &fault), 0);
    ck_assert_uint_eq(fault.per_million, 1);
    static const char *const wrong[] = {"",       "24",     "1%",        "1:24",  "%:24",
                                        "101%:1", "1.%:1",  "100.1%:1",  "1%:00", "1%:100",
                                        "1%:x",   "-1%:24", "0.00001%:1"};
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        ck_assert_msg(serve_fault_parse(wrong[i], &fault) == ERR_USAGE, "%s", wrong[i]);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        answer_carries_header_and_trailer_of_its_request,
        message_without_a_code_is_counted_and_not_answered,
        commands_and_refusals_are_counted_by_code,
        faults_strike_at_their_rate_and_repeatably,
        fault_texts_are_read_exactly,
    };
    return run_tests("hsm serve", tests, ARRAY_COUNT(tests));
}
