/* What came against what is expected, and how people are shown the difference. */
#include "station_world.h"

#include "tools/isotest/diff.h"

/* Whether `39 <pred>` (or another field's) holds of an 0810 that has @line. */
static bool holds(const char *line, const char *check)
{
    char text[2048];
    struct miss misses[MISSES_MAX];
    (void)snprintf(text, sizeof text,
                   T1 "set word = abc\n" TEST("send 0810 from T1\n %s\nexpect 0810\n %s\n"), line,
                   check);
    struct world *w = world_open(text);
    for (uint32_t i = 0; i < w->script->variable_count; i++) {
        w->variables[i] = SPAN_LITERAL("51");
    }
    world_send(w, 0);
    int count =
        judge(w->station[0], &world_stmt(w, 1)->u.expect, &w->scope, NULL, &w->made, 38000, misses);
    ck_assert_int_ge(count, 0);
    ck_assert_int_le(count, 1);
    world_close(w);
    return count == 0;
}

START_TEST(every_predicate_tells_both_ways)
{
    static const struct {
        const char *line, *yes, *no;
    } cases[] = {
        {"39 51", "39 == 51", "39 == 00"},
        {"39 51", "39 != 00", "39 != 51"},
        {"39 51", "39 == {{word}}", "39 != {{word}}"},
        {"39 51", "39 in (00, 51)", "39 in (00, 05)"},
        {"39 51", "39 present", "39 absent"},
        {"39 51", "38 absent", "38 present"},
        {"39 51", "39 matches /^\\d{2}$/", "39 matches /^\\d{3}$/"},
        {"39 51", "39 len == 2", "39 len > 2"},
        {"43 \"A SHOP\"", "43 contains SHOP", "43 contains SHOPS"},
        {"4 000000001250", "4 < 1251", "4 < 1250"},
        {"4 000000001250", "4 <= 1250", "4 <= 1249"},
        {"4 000000001250", "4 > 999", "4 > 1250"},
        {"4 000000001250", "4 >= 1250", "4 >= 1251"},
        {"4 000000001250", "4 == amount 12.50 EUR", "4 == amount 12.51 EUR"},
        {"39 51", "latency < 100ms", "latency < 38ms"},
        {"39 51", "latency >= 38ms", "latency == 39ms"},
        {"52 x'0102030405060708'", "52 == x'0102030405060708'", "52 == x'0102030405060709'"},
        {"52 x'0102030405060708'", "52 == 0102030405060708", "52 != 0102030405060708"},
        {"55 9F270180", "55.9F27 == 80", "55.9F27 == 40"},
        {"55 9F270180", "55.9F26 absent", "55.9F27 absent"},
        {"39 51", "mti == 0810", "mti == 0210"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        ck_assert_msg(holds(cases[i].line, cases[i].yes), "%s: %s", cases[i].line, cases[i].yes);
        ck_assert_msg(!holds(cases[i].line, cases[i].no), "%s: not %s", cases[i].line, cases[i].no);
    }
}
END_TEST

START_TEST(absent_field_fails_every_comparison)
{
    static const char *const checks[] = {"38 == 1",      "38 != 1",         "38 < 9",
                                         "38 in (1)",    "38 matches /.*/", "38 len < 9",
                                         "38 contains 1"};
    for (size_t i = 0; i < ARRAY_COUNT(checks); i++) {
        ck_assert_msg(!holds("39 00", checks[i]), "%s", checks[i]);
    }
}
END_TEST

START_TEST(equal_numbers_are_equal_in_numeric_fields_only)
{
    ck_assert(holds("4 000000001250", "4 == 1250"));
    ck_assert(holds("4 000000001250", "4 in (1, 1250)"));
    ck_assert(!holds("39 08", "39 == 8"));
    ck_assert(!holds("39 00", "39 == 0"));
}
END_TEST

static bool plain(unsigned kind, const char *got, const char *wanted)
{
    struct value_list list = {.value = {.kind = VALUE_BYTES, .bytes = span_text(wanted)}};
    struct pred pred = {.kind = (uint8_t)kind, .values = &list};
    struct scope scope = {0};
    return pred_holds(&pred, &scope, true, span_text(got), NULL, 0, NULL);
}

START_TEST(numbers_of_any_length_and_sign_are_compared_as_numbers)
{
    ck_assert(plain(PRED_LT, "9", "10"));
    ck_assert(plain(PRED_GT, "100000000000000000000000000000000001",
                    "100000000000000000000000000000000000"));
    ck_assert(plain(PRED_EQ, "007", "7"));
    ck_assert(plain(PRED_EQ, "-0", "0"));
    ck_assert(plain(PRED_LT, "-5", "-3"));
    ck_assert(plain(PRED_LT, "-5", "3"));
    ck_assert(plain(PRED_GT, "0", "-1"));
    ck_assert(plain(PRED_LT, "9x", "A")); /* bytes */
    ck_assert(plain(PRED_GT, "9x", "10x"));
    ck_assert(!plain(PRED_EQ, "", "0"));
}
END_TEST

START_TEST(expression_that_would_never_end_is_cut)
{
    struct world *w = world_open(
        T1 TEST("send 0810 from T1\n 48 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\n"
                "expect 0810\n 48 matches /^(a+)+$/\n"));
    struct miss misses[MISSES_MAX];
    world_send(w, 0);
    ck_assert_int_eq(
        judge(w->station[0], &world_stmt(w, 1)->u.expect, &w->scope, NULL, &w->made, 0, misses), 1);
    world_close(w);
}
END_TEST

START_TEST(same_as_sent_compares_each_field)
{
    struct world *w = world_open(T1 TEST(
        "send 0200 from T1\n 3 000000\n 4 amount 1.00 EUR\n 11 000017\n 2 4111111111111111\n"
        "send 0210 from T1\n 3 000000\n 4 amount 1.01 EUR\n 11 000017\n 2 4111111111111112\n 12 -\n"
        "expect 0210\n same 2, 3, 4, 11, 12, 38 as sent\n"));
    struct miss misses[MISSES_MAX];
    world_send(w, 0);
    world_carry(&w->made, "iso87_bcd", &w->sent);
    world_send(w, 1);
    ck_assert_int_eq(
        judge(w->station[0], &world_stmt(w, 2)->u.expect, &w->scope, &w->sent, &w->made, 0, misses),
        3);
    ck_assert_uint_eq(misses[0].path->de, 2);
    ck_assert_str_eq(misses[0].expected, "411111******1111");
    ck_assert_str_eq(misses[0].got, "411111******1112");
    ck_assert_uint_eq(misses[1].path->de, 4);
    ck_assert_str_eq(misses[1].got, "000000000101");
    ck_assert_uint_eq(misses[2].path->de, 12);
    ck_assert_str_eq(misses[2].got, "absent");
    world_close(w);
}
END_TEST

START_TEST(mac_is_checked_over_the_bytes_that_came)
{
    struct world *w =
        world_open(KEY_LINES T1_BEGIN " mac tak:T1\n}\n" TEST("send 0210 from T1\n 39 00\n"
                                                              "expect 0210\n mac valid\n"));
    struct expect *expect = &world_stmt(w, 1)->u.expect;
    struct miss misses[MISSES_MAX];
    world_send(w, 0);
    world_carry(&w->made, "iso87_bcd", &w->got);
    ck_assert_int_eq(judge(w->station[0], expect, &w->scope, NULL, &w->got, 0, misses), 0);
    for (size_t at = 0; at < w->got.wire_len; at += 7) {
        w->got.wire[at] ^= 1;
        ck_assert_int_eq(judge(w->station[0], expect, &w->scope, NULL, &w->got, 0, misses), 1);
        w->got.wire[at] ^= 1;
    }
    ck_assert_str_eq(misses[0].expected, "valid");
    ck_assert_str_eq(misses[0].got, "wrong");
    iso_unset(&w->got.msg, 64);
    ck_assert_int_eq(judge(w->station[0], expect, &w->scope, NULL, &w->got, 0, misses), 1);
    ck_assert_str_eq(misses[0].got, "absent");
    world_close(w);
}
END_TEST

START_TEST(miss_shows_what_was_expected_masked)
{
    struct world *w = world_open(
        T1 TEST("send 0210 from T1\n 39 55\n 2 4111111111111111\n 52 x'0102030405060708'\n"
                " 35 4111111111111111=29122010000\n"
                "expect 0210\n 39 == 00\n 2 == 5500000000000004\n 52 == x'1102030405060708'\n"
                " 35 == 5500000000000004=29122010000\n 38 matches /^\\d{6}$/\n 39 in (00, 51)\n"
                " 38 == {{sent.38}}\n"));
    struct miss m[MISSES_MAX];
    world_send(w, 0);
    ck_assert_int_eq(
        judge(w->station[0], &world_stmt(w, 1)->u.expect, &w->scope, NULL, &w->made, 0, m), 7);
    ck_assert_str_eq(m[0].expected, "00 (approved)");
    ck_assert_str_eq(m[0].got, "55 (incorrect PIN)");
    ck_assert_str_eq(m[1].expected, "550000******0004");
    ck_assert_str_eq(m[1].got, "411111******1111");
    ck_assert_str_eq(m[2].expected, "********");
    ck_assert_str_eq(m[2].got, "********");
    ck_assert_uint_eq(strspn(m[3].got, "*"), strlen(m[3].got));
    ck_assert_str_eq(m[4].expected, "/^\\d{6}$/");
    ck_assert_str_eq(m[4].got, "absent");
    ck_assert_str_eq(m[5].expected, "one of 00 (approved), 51 (insufficient funds)");
    ck_assert_str_eq(m[6].expected, "sent.38 is not there");
    world_close(w);
}
END_TEST

START_TEST(misses_beyond_the_maximum_are_not_written)
{
    char text[8192] = T1 "test \"t\" {\nsend 0210 from T1\nexpect 0210\n";
    size_t len = strlen(text);
    for (int i = 0; i < MISSES_MAX + 5; i++) {
        len += (size_t)snprintf(text + len, sizeof text - len, " 39 == 00\n");
    }
    (void)snprintf(text + len, sizeof text - len, "}\n");
    struct world *w = world_open(text);
    struct miss misses[MISSES_MAX];
    world_send(w, 0);
    ck_assert_int_eq(
        judge(w->station[0], &world_stmt(w, 1)->u.expect, &w->scope, NULL, &w->made, 0, misses),
        MISSES_MAX);
    world_close(w);
}
END_TEST

START_TEST(diff_marks_only_what_differs)
{
    struct world *w = world_open(KEY_LINES T1_BEGIN " mac tak:T1\n}\n" TEST(
        "send 0200 from T1\n 2 4111111111111111\n 4 amount 12.50 EUR\n 11 000017\n"
        "send 0210 from T1\n 2 4111111111111111\n 4 amount 12.50 EUR\n 11 000017\n 39 55\n 7 -\n "
        "12 -\n"
        " 13 -\n 37 -\n 42 -\n"
        "expect 0210\n 39 == 00\n 38 matches /^\\d{6}$/\n same 4, 11 as sent\n mac valid\n"
        " latency < 10ms\n"));
    struct miss misses[MISSES_MAX];
    char text[4096] = "";
    struct expect *expect = &world_stmt(w, 2)->u.expect;
    world_send(w, 0);
    world_carry(&w->made, "iso87_bcd", &w->sent);
    world_send(w, 1);
    world_carry(&w->made, "iso87_bcd", &w->got);
    int count = judge(w->station[0], expect, &w->scope, &w->sent, &w->got, 38000, misses);
    ck_assert_int_eq(count, 3);
    FILE *out = fmemopen(text, sizeof text, "w");
    ck_assert_ptr_nonnull(out);
    diff_print(out, w->got.msg.dialect, "T1", 38000, expect, &w->sent, &w->got, misses, count);
    ck_assert_int_eq(fclose(out), 0);
    ck_assert_str_eq(
        text, "  0210 from T1 (+38 ms)        expected          received\n"
              "     DE2   pan                                  411111******1111\n"
              "     DE4   amount             000000001250      000000001250     12.50 EUR\n"
              "     DE11  stan               000017            000017\n"
              "   ! DE38  approval           /^\\d{6}$/         absent\n"
              "   ! DE39  response           00                55               incorrect PIN\n"
              "     DE41  terminal                             TERM0001\n"
              "     DE49  currency                             978\n"
              "     DE64  mac                valid             valid\n"
              "   ! latency < 10 ms, took 38.0 ms\n");
    world_close(w);
}
END_TEST

START_TEST(one_line_has_what_finds_a_message)
{
    struct world *w =
        world_open(T1 TEST("send 0810 from T1\n 11 000018\n 39 00\n 2 4111111111111111\n"));
    char line[200];
    world_send(w, 0);
    message_line(w->made.msg.dialect, &w->made.msg, line, sizeof line);
    ck_assert_str_eq(line, "0810  11=000018 41=TERM0001 39=00");
    message_line(w->made.msg.dialect, &w->made.msg, line, 20); /* too short: cut, not beyond */
    ck_assert_uint_lt(strlen(line), 20);
    world_close(w);
}
END_TEST

START_TEST(response_codes_have_words)
{
    ck_assert_str_eq(response_words(SPAN_LITERAL("00")), "approved");
    ck_assert_str_eq(response_words(SPAN_LITERAL("55")), "incorrect PIN");
    ck_assert_str_eq(response_words(SPAN_LITERAL("ZZ")), "");
    ck_assert_str_eq(response_words(SPAN_NONE), "");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        every_predicate_tells_both_ways,
        absent_field_fails_every_comparison,
        equal_numbers_are_equal_in_numeric_fields_only,
        numbers_of_any_length_and_sign_are_compared_as_numbers,
        expression_that_would_never_end_is_cut,
        same_as_sent_compares_each_field,
        mac_is_checked_over_the_bytes_that_came,
        miss_shows_what_was_expected_masked,
        misses_beyond_the_maximum_are_not_written,
        diff_marks_only_what_differs,
        one_line_has_what_finds_a_message,
        response_codes_have_words,
    };
    return run_tests("station judge", tests, ARRAY_COUNT(tests));
}
