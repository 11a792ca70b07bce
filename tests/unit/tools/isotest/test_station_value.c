/* Values: what the script wrote to bytes. Method: one `send` or `set`, one field. */
#include "station_world.h"

/* The bytes that field @de has after "send 0800" with the line @line. */
static const char *made_of(const char *line, unsigned de)
{
    static char kept[256];
    char text[2048];
    (void)snprintf(text, sizeof text, T1 "set word = abc\n" TEST("send 0200 from T1\n %s\n"), line);
    struct world *w = world_open(text);
    for (uint32_t i = 0; i < w->script->variable_count; i++) {
        w->variables[i] = SPAN_LITERAL("42");
    }
    world_send(w, 0);
    (void)snprintf(kept, sizeof kept, "%s", text_of(&w->made, de));
    world_close(w);
    return kept;
}

START_TEST(amount_has_the_decimals_of_its_currency)
{
    ck_assert_str_eq(made_of("4 amount 12.50 EUR", 4), "000000001250");
    ck_assert_str_eq(made_of("4 amount 12.5 EUR", 4), "000000001250");
    ck_assert_str_eq(made_of("4 amount 12 EUR", 4), "000000001200");
    ck_assert_str_eq(made_of("4 amount 1250 JPY", 4), "000000001250");
    ck_assert_str_eq(made_of("4 amount 0.005 BHD", 4), "000000000005");
    ck_assert_str_eq(made_of("4 amount 9999999999.99 EUR", 4), "999999999999");
}
END_TEST

START_TEST(amount_of_a_variable_is_made_like_a_constant_one)
{
    ck_assert_str_eq(made_of("4 amount {{word}} EUR", 4), "000000004200");
    ck_assert_str_eq(made_of("4 amount {{word}}.07 EUR", 4), "000000004207");
    ck_assert_str_eq(made_of("4 amount 1{{word}} JPY", 4), "000000000142");
}
END_TEST

START_TEST(amount_that_cannot_be_is_told)
{
    static const char *const bad[] = {
        "1.", "", "1.234", "1,00", "-1", "10000000000.00", "92233720368547758070", ".5", "1.2.3"};
    struct world *w =
        world_open(T1 "set word = abc\n" TEST("send 0200 from T1\n 4 amount {{word}} EUR\n"));
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        w->variables[0] = span_text(bad[i]);
        ck_assert_msg(world_try_send(w, 0) < 0, "%s", bad[i]);
        ck_assert_msg(strstr(w->fault.text, "amount") != NULL, "%s", w->fault.text);
        ck_assert_uint_ne(w->fault.spot.line, 0);
    }
    w->variables[0] = SPAN_LITERAL("1.23");
    ck_assert_int_eq(world_try_send(w, 0), 0);
    world_close(w);
}
END_TEST

START_TEST(time_is_written_by_its_pattern_in_utc)
{
    ck_assert_str_eq(made_of("7 now(MMDDhhmmss)", 7), "1121101530");
    ck_assert_str_eq(made_of("12 now(hhmmss)", 12), "101530");
    ck_assert_str_eq(made_of("73 now(YYMMDD)", 73), "261121");
    ck_assert_str_eq(made_of("43 now(YYYYMMDD)", 43), "20261121                                ");
    ck_assert_str_eq(made_of("38 now(YYDDD)", 38), "26325 ");
}
END_TEST

START_TEST(random_characters_are_of_their_set_and_of_the_seed)
{
    struct world *w = world_open(
        T1 TEST("send 0200 from T1\n 38 rand(digits 6)\n 43 rand(letters 40)\n 62 rand(hex 8)\n"));
    char first[2][64];
    for (int round = 0; round < 2; round++) {
        w->random = 77;
        world_send(w, 0);
        (void)snprintf(first[round], 64, "%s", text_of(&w->made, 43));
        ck_assert_uint_eq(strspn(text_of(&w->made, 38), "0123456789"), 6);
        ck_assert_uint_eq(strspn(first[round], "ABCDEFGHIJKLMNOPQRSTUVWXYZ"), 40);
        ck_assert_uint_eq(strlen(text_of(&w->made, 62)), 8); /* 8 hex digits: 4 bytes */
    }
    ck_assert_str_eq(first[0], first[1]);
    world_send(w, 0);
    ck_assert_str_ne(text_of(&w->made, 43), first[0]);
    world_close(w);
}
END_TEST

START_TEST(sequence_goes_on_by_name)
{
    struct world *w =
        world_open(T1 TEST("send 0200 from T1\n 11 seq(a)\n 38 seq(a)\n 40 seq(b)\n"));
    world_send(w, 0);
    ck_assert_str_eq(text_of(&w->made, 11), "000001");
    ck_assert_str_eq(text_of(&w->made, 38), "2     ");
    ck_assert_str_eq(text_of(&w->made, 40), "1  ");
    world_send(w, 0);
    ck_assert_str_eq(text_of(&w->made, 11), "000003");
    world_close(w);
}
END_TEST

START_TEST(template_takes_fields_of_other_messages)
{
    struct world *w = world_open(T1 VISA TEST(
        "send 0200 from T1\n 11 000123\n 52 0123456789ABCDEF\n 32 00000004711\n"
        "expect 0200 at VISA\n"
        "send 0420 from T1\n 90 \"0200{{sent.11}}{{asked.7}}{{asked.32}}00000000000\"\n"
        " 52 {{sent.52}}\n 43 \"pin {{sent.52}}\"\n"));
    world_send(w, 0);
    world_carry(&w->made, "iso87_bcd", &w->sent);
    world_carry(&w->made, "iso87_bcd", &w->asked);
    world_send(w, 2);
    ck_assert_str_eq(text_of(&w->made, 90), "020000012311211015300000000471100000000000");
    ck_assert_str_eq(text_of(&w->made, 52), "0123456789ABCDEF");
    ck_assert_str_eq(text_of(&w->made, 43), "pin 0123456789ABCDEF                    ");
    world_close(w);
}
END_TEST

START_TEST(what_is_not_there_is_named)
{
    struct world *w =
        world_open(T1 TEST("send 0200 from T1\nsend 0200 from T1\n 38 {{sent.38}}\n"));
    ck_assert_int_eq(world_try_send(w, 1), ERR_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(w->fault.text, "sent.38"));
    world_send(w, 0);
    world_carry(&w->made, "iso87_bcd", &w->sent);
    ck_assert_int_eq(world_try_send(w, 1), ERR_NOT_FOUND);
    world_close(w);
}
END_TEST

START_TEST(hex_of_a_variable_becomes_bytes_only_where_the_field_is_binary)
{
    struct world *w =
        world_open(T1 "set h = abc\n" TEST("send 0200 from T1\n 62 {{h}}\n 52 {{h}}\n 48 {{h}}\n"));
    w->variables[0] = SPAN_LITERAL("0123456789abcdef");
    world_send(w, 0);
    ck_assert_str_eq(text_of(&w->made, 62), "0123456789ABCDEF");
    ck_assert_str_eq(text_of(&w->made, 52), "0123456789ABCDEF");
    ck_assert_str_eq(text_of(&w->made, 48), "0123456789abcdef");
    w->variables[0] = SPAN_LITERAL("\x01\x02\x03\x04\x05\x06\x07\x08"); /* bytes already */
    ck_assert_int_lt(world_try_send(w, 0), 0);                          /* but no text for DE48 */
    world_close(w);
}
END_TEST

START_TEST(number_of_the_terminal_fills_its_width)
{
    struct world *w = world_parse("terminal T[1..3] {\n connect 127.0.0.1:8583\n"
                                  " dialect iso87_bcd\n frame len2\n 41 T{{n:7}}\n"
                                  " 42 {{n}}\n}\n" TEST("send 0800 from T[2]\n"));
    ck_assert_int_eq(station_open(w->script->peers, 2, &w->scope, &w->station[0], &w->fault), 0);
    ck_assert_uint_eq(station_index(w->station[0]), 2);
    w->scope.index = 99; /* a loop's: not the station's */
    world_send(w, 0);
    ck_assert_str_eq(text_of(&w->made, 41), "T0000002");
    ck_assert_str_eq(text_of(&w->made, 42), "2              ");
    world_close(w);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        amount_has_the_decimals_of_its_currency,
        amount_of_a_variable_is_made_like_a_constant_one,
        amount_that_cannot_be_is_told,
        time_is_written_by_its_pattern_in_utc,
        random_characters_are_of_their_set_and_of_the_seed,
        sequence_goes_on_by_name,
        template_takes_fields_of_other_messages,
        what_is_not_there_is_named,
        hex_of_a_variable_becomes_bytes_only_where_the_field_is_binary,
        number_of_the_terminal_fills_its_width,
    };
    return run_tests("station value", tests, ARRAY_COUNT(tests));
}
