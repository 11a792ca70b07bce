/* Wrong scripts, and what is told of each: place, line, caret and words, exactly. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/isotest/script.h"

/* What most of them need to be wrong in one thing only; names may be used before they are
 * declared. */
#define LAB                                                                                        \
    "terminal T1 { connect 127.0.0.1:8583\n"                                                       \
    "dialect iso87_bcd\n"                                                                          \
    "frame len2+tpdu 6000010000\n"                                                                 \
    "pin tpk:T1\n"                                                                                 \
    "mac tak:T1 }\n"                                                                               \
    "issuer VISA { listen 127.0.0.1:9001\n"                                                        \
    "dialect iso87_ascii\n"                                                                        \
    "frame len2 }\n"                                                                               \
    "key tpk:T1 80577FB0985DCD8AC8EF7CF4F2B9F46D\n"                                                \
    "key tak:T1 DA6D04E58951A845FD859B1A7A373B7C\n"                                                \
    "key imk:test 0123456789ABCDEFFEDCBA9876543210\n"                                              \
    "card gold { pan 4111111111111111\n"                                                           \
    "exp 2912\n"                                                                                   \
    "pin 1234\n"                                                                                   \
    "imk imk:test }\n"

/* To add a wrong script: a row. */
// clang-format off
static const struct row {
    const char *name;
    const char *script;
    const char *told;
} rows[] = {
    {"field_that_cannot_hold_a_ksn",
     "key bdk:1 0123456789ABCDEFFEDCBA9876543210\n"
     "terminal T2 {\n  connect 127.0.0.1:8583\n  dialect iso87_bcd\n  frame len2\n"
     "  pin bdk:1 dukpt in 53 ksn FFFF9876543210E00000\n}\n",
     "t.isot:6:7: error: DE53 of iso87_bcd cannot hold a KSN (20 hex digits)\n"
     "      6 |   pin bdk:1 dukpt in 53 ksn FFFF9876543210E00000\n"
     "        |       ^^^^^"},
    {"no_such_class_of_messages",
     "test \"t\" {\n  send 9999\n}\n" LAB,
     "t.isot:2:3: error: there is no message type 9999: classes (the second digit) are 1 to 8\n"
     "      2 |   send 9999\n"
     "        |   ^^^^^^^^^"},
    {"answer_to_a_repeat",
     "test \"t\" {\n  send 0201\n  expect 0211\n}\n" LAB,
     "t.isot:3:3: error: there is no message type 0211: a repeat is answered as its original is\n"
     "      3 |   expect 0211\n"
     "        |   ^^^^^^^^^^^"},
    {"unknown_query",
     "test \"t\" {\n  wait until day.sate == OPEN\n  wait until sag.depth == 0\n}\n" LAB,
     "t.isot:3:14: error: there is no query 'sag.depth'; did you mean 'saf.depth'?\n"
     "      3 |   wait until sag.depth == 0\n"
     "        |              ^^^^^^^^^"},
    {"unknown_command_of_switchctl",
     "test \"t\" {\n  admin \"day shwo\"\n}\n" LAB,
     "t.isot:2:9: error: switchctl has no command 'day shwo'; did you mean 'day show'?\n"
     "      2 |   admin \"day shwo\"\n"
     "        |         ^^^^^^^^^^"},
    {"two_tests_of_one_title",
     "test \"t\" {\n}\ntest \"t\" {\n}\n" LAB,
     "t.isot:3:6: error: the test of line 1 has this title, too\n"
     "      3 | test \"t\" {\n"
     "        |      ^^^"},
    {"what_the_run_gives_is_not_set",
     "set seed = 1\ntest \"t\" {\n  set tmp = x\n}\n" LAB,
     "t.isot:1:5: error: {{seed}} is given by the run and cannot be set\n"
     "      1 | set seed = 1\n"
     "        |     ^^^^\n"
     "t.isot:3:3: error: {{tmp}} is given by the run and cannot be set\n"
     "      3 |   set tmp = x\n"
     "        |   ^^^^^^^"},
    {"names_are_not_looked_up",
     "terminal T2 {\n  connect localhost:8583\n  dialect iso87_bcd\n  frame len2\n}\n",
     "t.isot:2:11: error: names are not looked up: expected an address, like 127.0.0.1:8583\n"
     "      2 |   connect localhost:8583\n"
     "        |           ^^^^^^^^^^^^^^"},
    {"title_that_is_no_utf8",
     "test \"caf\xE9\" {\n}\n" LAB,
     "t.isot:1:10: error: this byte is no UTF-8; bytes are written x'...'\n"
     "      1 | test \"caf?\" {\n"
     "        |          ^"},
    {"word_that_is_no_utf8",
     "set WORD = caf\xE9\n" LAB,
     "t.isot:1:15: error: this byte is no UTF-8; bytes are written x'...'\n"
     "      1 | set WORD = caf?\n"
     "        |               ^"},
    {"byte_order_mark_inside",
     "\xEF\xBB\xBF\n\xEF\xBB\xBFset WORD = word\n" LAB,
     "t.isot:2:1: error: a byte order mark stands only where the file begins\n"
     "      2 | ???set WORD = word\n"
     "        | ^^^"},
    {"misspelt_step",
     "test \"t\" {\n"
     "  sned 0800\n"
     "    70 301\n"
     "  expct 0810\n"
     "    39 == 00\n"
     "}\n" LAB,
     "t.isot:2:3: error: there is no step 'sned'; did you mean 'send'?\n"
     "      2 |   sned 0800\n"
     "        |   ^^^^\n"
     "t.isot:4:3: error: there is no line 'expct' here; did you mean 'expect'?\n"
     "      4 |   expct 0810\n"
     "        |   ^^^^^"},
    {"unknown_word_at_top",
     "termnal T2 {\n"
     "}\n" LAB,
     "t.isot:1:1: error: expected include, set, data, key, keys, terminal, issuer, card or test, not 'termnal'; did you mean 'terminal'?\n"
     "      1 | termnal T2 {\n"
     "        | ^^^^^^^"},
    {"no_near_word_at_top",
     "banana\n" LAB,
     "t.isot:1:1: error: expected include, set, data, key, keys, terminal, issuer, card or test, not 'banana'\n"
     "      1 | banana\n"
     "        | ^^^^^^"},
    {"step_outside_a_test",
     "send 0800\n"
     "  70 301\n"
     "expect 0810\n" LAB,
     "t.isot:1:1: error: steps stand in a test \"...\" { }\n"
     "      1 | send 0800\n"
     "        | ^^^^"},
    {"misspelt_alias",
     "test \"t\" {\n"
     "  send 0800\n"
     "    pna 4111111111111111\n"
     "}\n" LAB,
     "t.isot:3:5: error: there is no line 'pna' here; did you mean 'pin'?\n"
     "      3 |     pna 411111******1111\n"
     "        |     ^^^"},
    {"misspelt_word_under_send",
     "test \"t\" {\n"
     "  send 0800\n"
     "    crad gold by chip\n"
     "}\n" LAB,
     "t.isot:3:5: error: there is no line 'crad' here; did you mean 'card'?\n"
     "      3 |     crad gold by chip\n"
     "        |     ^^^^"},
    {"nothing_near_under_send",
     "test \"t\" {\n"
     "  send 0800\n"
     "    zzzzzz 1\n"
     "}\n" LAB,
     "t.isot:3:5: error: expected a field, card, pin, emv, mac, send, expect, on, capture, wait, admin, exec, repeat, for, parallel, if, set, disconnect or next, not 'zzzzzz'\n"
     "      3 |     zzzzzz 1\n"
     "        |     ^^^^^^"},
    {"line_without_step",
     "test \"t\" {\n"
     "  39 == 00\n"
     "  41 X\n"
     "}\n" LAB,
     "t.isot:2:3: error: this line belongs to no step: fields stand below send, expect and on ... reply\n"
     "      2 |   39 == 00\n"
     "        |   ^^"},
    {"field_number_too_high",
     "test \"t\" {\n"
     "  send 0800\n"
     "    193 1\n"
     "}\n" LAB,
     "t.isot:3:5: error: a field is 2 to 192\n"
     "      3 |     193 1\n"
     "        |     ^^^"},
    {"bitmap_is_no_field",
     "test \"t\" {\n"
     "  send 0800\n"
     "    1 00\n"
     "}\n" LAB,
     "t.isot:3:5: error: a field is 2 to 192; bitmaps make themselves\n"
     "      3 |     1 00\n"
     "        |     ^"},
    {"field_65",
     "test \"t\" {\n"
     "  send 0800\n"
     "    65 00\n"
     "}\n" LAB,
     "t.isot:3:5: error: a field is 2 to 192, but not 65 (that would be a third bitmap)\n"
     "      3 |     65 00\n"
     "        |     ^^"},
    {"bad_tag",
     "test \"t\" {\n"
     "  send 0800\n"
     "    55.9F 00\n"
     "}\n" LAB,
     "t.isot:3:5: error: '9F' is no tag: hex digits as in 55.9F26, of one to four bytes\n"
     "      3 |     55.9F 00\n"
     "        |     ^^^^^"},
    {"value_missing",
     "test \"t\" {\n"
     "  send 0800\n"
     "    39\n"
     "}\n" LAB,
     "t.isot:3:7: error: expected a value or - at the end of the line\n"
     "      3 |     39\n"
     "        |       ^"},
    {"two_values",
     "test \"t\" {\n"
     "  send 0800\n"
     "    43 Some Shop\n"
     "}\n" LAB,
     "t.isot:3:13: error: expected the end of the line, not 'Shop' (a value with spaces stands in quotes)\n"
     "      3 |     43 Some Shop\n"
     "        |             ^^^^"},
    {"operator_in_send",
     "test \"t\" {\n"
     "  send 0800\n"
     "    39 == 00\n"
     "}\n" LAB,
     "t.isot:3:8: error: expected a value (a field line sets a field: 39 00), not '=='\n"
     "      3 |     39 == 00\n"
     "        |        ^^"},
    {"no_operator_in_expect",
     "test \"t\" {\n"
     "  send 0800\n"
     "  expect 0810\n"
     "    39 00\n"
     "}\n" LAB,
     "t.isot:4:8: error: expected ==, !=, <, <=, >, >=, in, matches, present, absent, len or contains, not '00'\n"
     "      4 |     39 00\n"
     "        |        ^^"},
    {"misspelt_predicate",
     "test \"t\" {\n"
     "  send 0800\n"
     "  expect 0810\n"
     "    39 presnt\n"
     "}\n" LAB,
     "t.isot:4:8: error: expected ==, !=, <, <=, >, >=, in, matches, present, absent, len or contains, not 'presnt'; did you mean 'present'?\n"
     "      4 |     39 presnt\n"
     "        |        ^^^^^^"},
    {"assignment_in_expect",
     "test \"t\" {\n"
     "  send 0800\n"
     "  expect 0810\n"
     "    39 = 00\n"
     "}\n" LAB,
     "t.isot:4:8: error: expected ==, !=, <, <=, >, >=, in, matches, present, absent, len or contains, not '='\n"
     "      4 |     39 = 00\n"
     "        |        ^"},
    {"bad_mti",
     "test \"t\" {\n"
     "  send 08x0\n"
     "}\n" LAB,
     "t.isot:2:8: error: expected a message type (four digits, like 0200), not '08x0'\n"
     "      2 |   send 08x0\n"
     "        |        ^^^^"},
    {"short_mti",
     "test \"t\" {\n"
     "  send 800\n"
     "}\n" LAB,
     "t.isot:2:8: error: expected a message type (four digits, like 0200), not '800'\n"
     "      2 |   send 800\n"
     "        |        ^^^"},
    {"expect_nothing",
     "test \"t\" {\n"
     "  send 0800\n"
     "  expect\n"
     "}\n" LAB,
     "t.isot:3:9: error: expected a message type (0210), none or reversal at the end of the line\n"
     "      3 |   expect\n"
     "        |         ^"},
    {"bad_duration",
     "test \"t\" {\n"
     "  send 0800\n"
     "  expect 0810 within 2 s\n"
     "}\n" LAB,
     "t.isot:3:22: error: expected a duration (500ms, 2s, 5m), not '2'\n"
     "      3 |   expect 0810 within 2 s\n"
     "        |                      ^"},
    {"duration_above_a_day",
     "test \"t\" {\n"
     "  send 0800\n"
     "  wait 90000s\n"
     "}\n" LAB,
     "t.isot:3:8: error: a duration is at most a day\n"
     "      3 |   wait 90000s\n"
     "        |        ^^^^^^"},
    {"misspelt_within",
     "test \"t\" {\n"
     "  send 0800\n"
     "  expect 0810 withn 2s\n"
     "}\n" LAB,
     "t.isot:3:15: error: expected at or within, not 'withn'; did you mean 'within'?\n"
     "      3 |   expect 0810 withn 2s\n"
     "        |               ^^^^^"},
    {"unknown_terminal",
     "test \"t\" {\n"
     "  send 0800 from T2\n"
     "}\n" LAB,
     "t.isot:2:18: error: there is no terminal or issuer 'T2'; did you mean 'T1'?\n"
     "      2 |   send 0800 from T2\n"
     "        |                  ^^"},
    {"unknown_issuer",
     "test \"t\" {\n"
     "  on VIZA 0200 drop\n"
     "}\n" LAB,
     "t.isot:2:6: error: there is no terminal or issuer 'VIZA'; did you mean 'VISA'?\n"
     "      2 |   on VIZA 0200 drop\n"
     "        |      ^^^^"},
    {"on_at_a_terminal",
     "test \"t\" {\n"
     "  on T1 0200 drop\n"
     "}\n" LAB,
     "t.isot:2:6: error: T1 is a terminal, and 'on' is for issuers\n"
     "      2 |   on T1 0200 drop\n"
     "        |      ^^"},
    {"unknown_card",
     "test \"t\" {\n"
     "  send 0800\n"
     "    card gol by chip\n"
     "}\n" LAB,
     "t.isot:3:10: error: there is no card 'gol'; did you mean 'gold'?\n"
     "      3 |     card gol by chip\n"
     "        |          ^^^"},
    {"bad_entry_mode",
     "test \"t\" {\n"
     "  send 0800\n"
     "    card gold by chp\n"
     "}\n" LAB,
     "t.isot:3:18: error: expected chip, magstripe, manual or ecom, not 'chp'; did you mean 'chip'?\n"
     "      3 |     card gold by chp\n"
     "        |                  ^^^"},
    {"unknown_variable",
     "set merchant = 12345\n"
     "test \"t\" {\n"
     "  send 0800\n"
     "    42 {{merchnt}}\n"
     "}\n" LAB,
     "t.isot:4:8: error: there is no variable 'merchnt'; did you mean 'merchant'?\n"
     "      4 |     42 {{merchnt}}\n"
     "        |        ^^^^^^^^^^^"},
    {"variable_before_it_is_set",
     "test \"t\" {\n"
     "  send 0800\n"
     "    42 {{m}}\n"
     "  set m = 1\n"
     "}\n" LAB,
     "t.isot:3:8: error: 'm' is not set in this test before this line\n"
     "      3 |     42 {{m}}\n"
     "        |        ^^^^^"},
    {"variable_of_another_test",
     "test \"t\" {\n"
     "  send 0800\n"
     "  set m = 1\n"
     "}\n"
     "test \"u\" {\n"
     "  send 0800\n"
     "    42 {{m}}\n"
     "}\n" LAB,
     "t.isot:7:8: error: 'm' is not set in this test before this line\n"
     "      7 |     42 {{m}}\n"
     "        |        ^^^^^"},
    {"too_long",
     "test \"t\" {\n"
     "  send 0800\n"
     "    39 000\n"
     "}\n" LAB,
     "t.isot:3:8: error: DE39 response has at most 2 characters (an 2), not 3\n"
     "      3 |     39 000\n"
     "        |        ^^^"},
    {"too_long_number",
     "test \"t\" {\n"
     "  send 0800\n"
     "    4 1234567890123\n"
     "}\n" LAB,
     "t.isot:3:7: error: DE4 amount has at most 12 digits (n 12), not 13\n"
     "      3 |     4 123456***0123\n"
     "        |       ^^^^^^^^^^^^^"},
    {"letter_in_a_number",
     "test \"t\" {\n"
     "  send 0800\n"
     "    3 00A000\n"
     "}\n" LAB,
     "t.isot:3:9: error: DE3 processing is n 6: expected digit here\n"
     "      3 |     3 00A000\n"
     "        |         ^"},
    {"letter_in_a_quoted_number",
     "test \"t\" {\n"
     "  send 0800\n"
     "    3 \"00A000\"\n"
     "}\n" LAB,
     "t.isot:3:10: error: DE3 processing is n 6: expected digit here\n"
     "      3 |     3 \"00A000\"\n"
     "        |          ^"},
    {"odd_hex",
     "test \"t\" {\n"
     "  send 0800\n"
     "    52 0123456789ABCDE\n"
     "}\n" LAB,
     "t.isot:3:8: error: DE52 pin is written in hex digits, two a byte: there are 15\n"
     "      3 |     52 ***************\n"
     "        |        ^^^^^^^^^^^^^^^"},
    {"no_hex",
     "test \"t\" {\n"
     "  send 0800\n"
     "    52 \"0123456789ABCDEG\"\n"
     "}\n" LAB,
     "t.isot:3:8: error: DE52 pin is written in hex digits: a byte here is none\n"
     "      3 |     52 ******************\n"
     "        |        ^^^^^^^^^^^^^^^^^^"},
    {"wrong_length_of_bytes",
     "test \"t\" {\n"
     "  send 0800\n"
     "    52 x'0102'\n"
     "}\n" LAB,
     "t.isot:3:8: error: DE52 pin has 8 bytes (b 8), not 2\n"
     "      3 |     52 *******\n"
     "        |        ^^^^^^^"},
    {"odd_hex_literal",
     "test \"t\" {\n"
     "  send 0800\n"
     "    52 x'012'\n"
     "}\n" LAB,
     "t.isot:3:8: error: an odd number of hex digits\n"
     "      3 |     52 ******\n"
     "        |        ^^^^^^"},
    {"bad_hex_literal",
     "test \"t\" {\n"
     "  send 0800\n"
     "    52 x'0g'\n"
     "}\n" LAB,
     "t.isot:3:11: error: expected a hex digit\n"
     "      3 |     52 *****\n"
     "        |           ^"},
    {"decimals_of_yen",
     "test \"t\" {\n"
     "  send 0800\n"
     "    4 amount 12.50 JPY\n"
     "}\n" LAB,
     "t.isot:3:14: error: amounts in JPY have no decimals\n"
     "      3 |     4 amount 12.50 JPY\n"
     "        |              ^^^^^"},
    {"decimals_of_euro",
     "test \"t\" {\n"
     "  send 0800\n"
     "    4 amount 12.505 EUR\n"
     "}\n" LAB,
     "t.isot:3:14: error: amounts in EUR have 2 decimals, not 3\n"
     "      3 |     4 amount 12.505 EUR\n"
     "        |              ^^^^^^"},
    {"amount_too_big",
     "test \"t\" {\n"
     "  send 0800\n"
     "    4 amount 12345678901.00 EUR\n"
     "}\n" LAB,
     "t.isot:3:14: error: the amount is above 12 digits\n"
     "      3 |     4 amount 12345678901.00 EUR\n"
     "        |              ^^^^^^^^^^^^^^"},
    {"no_amount",
     "test \"t\" {\n"
     "  send 0800\n"
     "    4 amount 12,50 EUR\n"
     "}\n" LAB,
     "t.isot:3:16: error: expected a currency (EUR, 978), not ','\n"
     "      3 |     4 amount 12,50 EUR\n"
     "        |                ^"},
    {"no_amount_word",
     "test \"t\" {\n"
     "  send 0800\n"
     "    4 amount abc EUR\n"
     "}\n" LAB,
     "t.isot:3:14: error: expected an amount like 12.50, not 'abc'\n"
     "      3 |     4 amount abc EUR\n"
     "        |              ^^^"},
    {"unknown_currency",
     "test \"t\" {\n"
     "  send 0800\n"
     "    4 amount 12.50 EUX\n"
     "}\n" LAB,
     "t.isot:3:20: error: there is no currency 'EUX' in ISO 4217\n"
     "      3 |     4 amount 12.50 EUX\n"
     "        |                    ^^^"},
    {"amount_in_a_text_field",
     "test \"t\" {\n"
     "  send 0800\n"
     "    39 amount 1.00 EUR\n"
     "}\n" LAB,
     "t.isot:3:8: error: DE39 response is an 2: no place for an amount of n 12\n"
     "      3 |     39 amount 1.00 EUR\n"
     "        |        ^^^^^^^^^^^^^^^"},
    {"random_too_long",
     "test \"t\" {\n"
     "  send 0800\n"
     "    38 rand(digits 7)\n"
     "}\n" LAB,
     "t.isot:3:8: error: DE38 approval has at most 6 characters (an 6), not 7\n"
     "      3 |     38 rand(digits 7)\n"
     "        |        ^^^^^^^^^^^^^^"},
    {"random_hex_in_a_number",
     "test \"t\" {\n"
     "  send 0800\n"
     "    11 rand(hex 6)\n"
     "}\n" LAB,
     "t.isot:3:8: error: DE11 stan holds digits only\n"
     "      3 |     11 rand(hex 6)\n"
     "        |        ^^^^^^^^^^^"},
    {"time_too_long",
     "test \"t\" {\n"
     "  send 0800\n"
     "    7 now(YYYYMMDDhhmmss)\n"
     "}\n" LAB,
     "t.isot:3:7: error: DE7 transmission has at most 10 digits (n 10), not 14\n"
     "      3 |     7 now(YYYYMMDDhhmmss)\n"
     "        |       ^^^^^^^^^^^^^^^^^^^"},
    {"bad_time",
     "test \"t\" {\n"
     "  send 0800\n"
     "    7 now(MMDDhhmmxx)\n"
     "}\n" LAB,
     "t.isot:3:19: error: a time is made of YYYY, YY, Y, MM, DD, DDD (day of the year), hh, mm and ss\n"
     "      3 |     7 now(MMDDhhmmxx)\n"
     "        |                   ^"},
    {"track_with_d",
     "test \"t\" {\n"
     "  send 0800\n"
     "    35 4111111111111111D2912\n"
     "}\n" LAB,
     "t.isot:3:8: error: DE35 track2 has '=' between card number and expiry\n"
     "      3 |     35 *********************\n"
     "        |        ^^^^^^^^^^^^^^^^^^^^^"},
    {"never_equal",
     "test \"t\" {\n"
     "  send 0800\n"
     "  expect 0810\n"
     "    39 == 000\n"
     "}\n" LAB,
     "t.isot:4:11: error: DE39 response has at most 2 characters (an 2), not 3\n"
     "      4 |     39 == 000\n"
     "        |           ^^^"},
    {"tag_of_a_text_field",
     "test \"t\" {\n"
     "  send 0800\n"
     "  expect 0810\n"
     "    48.9F26 present\n"
     "}\n" LAB,
     "t.isot:4:5: error: DE48 data_private holds no tags: it is ans 999 in iso87_bcd\n"
     "      4 |     48.9F26 present\n"
     "        |     ^^^^^^^"},
    {"bad_regex",
     "test \"t\" {\n"
     "  send 0800\n"
     "  expect 0810\n"
     "    38 matches /^[0-9{6}$/\n"
     "}\n" LAB,
     "t.isot:4:26: error: the regular expression is wrong here: missing terminating ] for character class\n"
     "      4 |     38 matches /^[0-9{6}$/\n"
     "        |                          ^"},
    {"regex_without_end",
     "test \"t\" {\n"
     "  send 0800\n"
     "  expect 0810\n"
     "    38 matches /^x\n"
     "}\n" LAB,
     "t.isot:4:16: error: /.../ does not end on its line\n"
     "      4 |     38 matches /^x\n"
     "        |                ^^^"},
    {"text_without_end",
     "test \"t\" {\n"
     "  send 0800\n"
     "    43 \"Shop\n"
     "}\n" LAB,
     "t.isot:3:8: error: the quoted text does not end on its line\n"
     "      3 |     43 \"Shop\n"
     "        |        ^^^^^"},
    {"unknown_escape",
     "test \"t\" {\n"
     "  send 0800\n"
     "    43 \"a\\tb\"\n"
     "}\n" LAB,
     "t.isot:3:10: error: no such escape: there are \\\" \\\\ and \\n\n"
     "      3 |     43 \"a\\tb\"\n"
     "        |          ^^"},
    {"brace_without_end",
     "test \"t\" {\n"
     "  send 0800\n"
     "    43 {{x\n"
     "}\n" LAB,
     "t.isot:3:8: error: '{{' is not closed by '}}' on this line\n"
     "      3 |     43 {{x\n"
     "        |        ^^"},
    {"width_of_a_variable",
     "test \"t\" {\n"
     "  send 0800\n"
     "    43 {{x:3}}\n"
     "}\n" LAB,
     "t.isot:3:8: error: only {{n}} has a width: {{n:7}}, 1 to 19\n"
     "      3 |     43 {{x:3}}\n"
     "        |        ^^^^^^^"},
    {"sent_before_any_send",
     "test \"t\" {\n"
     "  on VISA 0200 reply\n"
     "    39 {{sent.39}}\n"
     "  set x = sent.11\n"
     "}\n" LAB,
     "t.isot:4:11: error: nothing was sent before this line\n"
     "      4 |   set x = sent.11\n"
     "        |           ^^^^^^^"},
    {"got_before_any_expect",
     "test \"t\" {\n"
     "  send 0800\n"
     "    39 {{got.39}}\n"
     "}\n" LAB,
     "t.isot:3:8: error: no expect took a message before this line\n"
     "      3 |     39 {{got.39}}\n"
     "        |        ^^^^^^^^^^"},
    {"expect_before_any_send",
     "test \"t\" {\n"
     "  expect 0810\n"
     "    39 == 00\n"
     "}\n" LAB,
     "t.isot:2:3: error: nothing was sent before this line, so say at whom: at NAME\n"
     "      2 |   expect 0810\n"
     "        |   ^^^^^^^^^^^"},
    {"expect_at_a_terminal_before_any_send",
     "test \"t\" {\n"
     "  expect 0810 at T1\n"
     "}\n" LAB,
     "t.isot:2:3: error: nothing was sent before this line\n"
     "      2 |   expect 0810 at T1\n"
     "        |   ^^^^^^^^^^^"},
    {"capture_before_any_expect",
     "test \"t\" {\n"
     "  send 0800\n"
     "  capture\n"
     "    x = 37\n"
     "}\n" LAB,
     "t.isot:4:5: error: no expect took a message before this line\n"
     "      4 |     x = 37\n"
     "        |     ^"},
    {"captured_word",
     "test \"t\" {\n"
     "  send 0800\n"
     "  expect 0810\n"
     "  capture\n"
     "    x = rnn\n"
     "}\n" LAB,
     "t.isot:5:9: error: 'rnn' is no field, and a text stands in quotes; did you mean 'rrn'?\n"
     "      5 |     x = rnn\n"
     "        |         ^^^"},
    {"empty_capture",
     "test \"t\" {\n"
     "  send 0800\n"
     "  capture\n"
     "}\n" LAB,
     "t.isot:3:3: error: nothing is captured: NAME = FIELD belongs here or below\n"
     "      3 |   capture\n"
     "        |   ^^^^^^^"},
    {"row_without_data",
     "test \"t\" {\n"
     "  send 0800\n"
     "    2 {{row.pan}}\n"
     "}\n" LAB,
     "t.isot:3:7: error: the script has no data (data NAME = \"FILE\")\n"
     "      3 |     2 {{row.pan}}\n"
     "        |       ^^^^^^^^^^^"},
    {"unknown_data",
     "test \"t\" {\n"
     "  send 0800\n"
     "  next cards\n"
     "}\n" LAB,
     "t.isot:3:8: error: there is no data 'cards'\n"
     "      3 |   next cards\n"
     "        |        ^^^^^"},
    {"dead_rule",
     "test \"t\" {\n"
     "  on VISA 0200 reply\n"
     "    39 00\n"
     "  on VISA 0200 drop\n"
     "}\n" LAB,
     "t.isot:4:3: error: this can never fire: the 'on' of line 2 takes every such message\n"
     "      4 |   on VISA 0200 drop\n"
     "        |   ^^^^^^^"},
    {"dead_rule_for_repeats",
     "test \"t\" {\n"
     "  on VISA 0420 drop\n"
     "  on VISA 0421 reply\n"
     "}\n" LAB,
     "t.isot:3:3: error: this can never fire: the 'on' of line 2 takes every such message\n"
     "      3 |   on VISA 0421 reply\n"
     "        |   ^^^^^^^"},
    {"rule_for_an_answer",
     "test \"t\" {\n"
     "  on VISA 0210 drop\n"
     "}\n" LAB,
     "t.isot:2:3: error: this can never fire: 0210 is an answer, and 'on' is for what is asked\n"
     "      2 |   on VISA 0210 drop\n"
     "        |   ^^^^^^^"},
    {"mac_without_key",
     "terminal T2 { connect 127.0.0.1:1\n"
     "dialect iso87_bcd\n"
     "frame len2 }\n"
     "test \"t\" {\n"
     "  send 0200 from T2\n"
     "    pin gold\n"
     "    mac bad\n"
     "}\n" LAB,
     "t.isot:6:9: error: T2 has no key for PINs: its 'pin' line is missing\n"
     "      6 |     pin gold\n"
     "        |         ^^^^\n"
     "t.isot:5:3: error: T2 has no key for MACs: its 'mac' line is missing\n"
     "      5 |   send 0200 from T2\n"
     "        |   ^^^^^^^^^"},
    {"unknown_key",
     "terminal T2 { connect 127.0.0.1:1\n"
     "dialect iso87_bcd\n"
     "frame len2\n"
     "pin tpk:T3 }\n" LAB,
     "t.isot:4:5: error: there is no key 'tpk:T3'; did you mean 'tpk:T1'?\n"
     "      4 | pin tpk:T3 }\n"
     "        |     ^^^^^^"},
    {"unknown_dialect",
     "terminal T2 { connect 127.0.0.1:1\n"
     "dialect iso87_bdc\n"
     "frame len2 }\n" LAB,
     "t.isot:2:9: error: expected iso87_ascii, iso87_asciihex, iso87_bcd, "
     "iso87_ebcdic, iso93_ascii, iso93_bcd, iso2003, base1, ipm_ascii or ipm_ebcdic, not 'iso87_bdc'; did you mean 'iso87_bcd'?\n"
     "      2 | dialect iso87_bdc\n"
     "        |         ^^^^^^^^^"},
    {"unknown_frame",
     "terminal T2 { connect 127.0.0.1:1\n"
     "dialect iso87_bcd\n"
     "frame len5 }\n" LAB,
     "t.isot:3:7: error: expected len2, len2i, len3, len3i, len4, len4i, len2z, len2zi, bcd2, bcd2i, ascii4, ascii4i, hex4, hex4i, ascii2, ascii3, ascii5, ascii6, ascii7, ascii8, vap or vml, with +header:TEXT, +tpdu, +etx or not, not 'len5'; did you mean 'len2'?\n"
     "      3 | frame len5 }\n"
     "        |       ^^^^"},
    {"missing_frame",
     "terminal T2 { connect 127.0.0.1:1\n"
     "dialect iso87_bcd }\n" LAB,
     "t.isot:1:10: error: terminal T2 has no 'frame' line\n"
     "      1 | terminal T2 { connect 127.0.0.1:1\n"
     "        |          ^^"},
    {"missing_address",
     "terminal T2 { dialect iso87_bcd\n"
     "frame len2 }\n" LAB,
     "t.isot:1:10: error: terminal T2 has no 'connect' line\n"
     "      1 | terminal T2 { dialect iso87_bcd\n"
     "        |          ^^"},
    {"bad_port",
     "terminal T2 { connect localhost:70000\n"
     "dialect iso87_bcd\n"
     "frame len2 }\n" LAB,
     "t.isot:1:23: error: expected HOST:PORT, the port 1 to 65535\n"
     "      1 | terminal T2 { connect localhost:70000\n"
     "        |                       ^^^^^^^^^^^^^^^"},
    {"tls",
     "terminal T2 {\n"
     "  connect 127.0.0.1:1 tls {\n"
     "    ca = \"x\"\n"
     "  }\n"
     "  dialect iso87_bcd\n"
     "  frame len2\n"
     "}\n" LAB,
     "t.isot:2:23: error: TLS is not supported yet\n"
     "      2 |   connect 127.0.0.1:1 tls {\n"
     "        |                       ^^^"},
    {"listen_in_a_terminal",
     "terminal T2 {\n"
     "  listen localhost:1\n"
     "}\n" LAB,
     "t.isot:2:3: error: expected connect, dialect, frame, pin, mac, reversal, match or a field, not 'listen'\n"
     "      2 |   listen localhost:1\n"
     "        |   ^^^^^^"},
    {"bad_range",
     "terminal T2[5..1] { connect 127.0.0.1:1\n"
     "dialect iso87_bcd\n"
     "frame len2 }\n" LAB,
     "t.isot:1:13: error: a range goes up, from 1 to at most 30000\n"
     "      1 | terminal T2[5..1] { connect 127.0.0.1:1\n"
     "        |             ^^^^"},
    {"number_without_range",
     "terminal T2 { connect 127.0.0.1:1\n"
     "dialect iso87_bcd\n"
     "frame len2\n"
     "41 T{{n:7}} }\n" LAB,
     "t.isot:4:5: error: {{n}} stands in a terminal with a range (T[1..200]) and in tests\n"
     "      4 | 41 T{{n:7}} }\n"
     "        |     ^^^^^^^"},
    {"index_outside_the_range",
     "terminal P[1..9] { connect 127.0.0.1:1\n"
     "dialect iso87_bcd\n"
     "frame len2 }\n"
     "test \"t\" {\n"
     "  send 0800 from P[10]\n"
     "  send 0800 from T1[1]\n"
     "}\n" LAB,
     "t.isot:5:20: error: P is [1..9]\n"
     "      5 |   send 0800 from P[10]\n"
     "        |                    ^^\n"
     "t.isot:6:21: error: T1 is one terminal, without a range\n"
     "      6 |   send 0800 from T1[1]\n"
     "        |                     ^"},
    {"dukpt_without_ksn",
     "terminal T2 { connect 127.0.0.1:1\n"
     "dialect iso87_bcd\n"
     "frame len2\n"
     "pin tpk:T1 dukpt in 62 }\n" LAB,
     "t.isot:4:23: error: expected ksn HEX (that of the first message) at the end of the line\n"
     "      4 | pin tpk:T1 dukpt in 62 }\n"
     "        |                       ^"},
    {"short_ksn",
     "terminal T2 { connect 127.0.0.1:1\n"
     "dialect iso87_bcd\n"
     "frame len2\n"
     "pin tpk:T1 dukpt ksn FFFF }\n" LAB,
     "t.isot:4:22: error: a KSN is 20 hex digits\n"
     "      4 | pin tpk:T1 dukpt ksn FFFF }\n"
     "        |                      ^^^^"},
    {"mac_algorithm",
     "terminal T2 { connect 127.0.0.1:1\n"
     "dialect iso87_bcd\n"
     "frame len2\n"
     "mac tpk:T1 x9.20 }\n" LAB,
     "t.isot:4:12: error: expected x9.19, x9.9, iso9797-1/1, iso9797-1/3, cmac or in, not 'x9.20'; did you mean 'x9.19'?\n"
     "      4 | mac tpk:T1 x9.20 }\n"
     "        |            ^^^^^"},
    {"declared_twice",
     "card gold {\n"
     "  pan 4111111111111111\n"
     "}\n" LAB,
     "t.isot:15:6: error: card 'gold' is declared on line 1 already\n"
     "     15 | card gold { pan 411111******1111\n"
     "        |      ^^^^"},
    {"card_word",
     "card x {\n"
     "  pna 4111111111111111\n"
     "}\n" LAB,
     "t.isot:2:3: error: expected pan, exp, svc, psn, pin, track2, cvv, imk, cvn, atc or a tag (9F33), not 'pna'; did you mean 'pan'?\n"
     "      2 |   pna 411111******1111\n"
     "        |   ^^^"},
    {"card_pin_is_hidden",
     "card x {\n"
     "  pin 12345678901234\n"
     "}\n" LAB,
     "t.isot:2:7: error: a PIN is 4 to 12 digits\n"
     "      2 |   pin **************\n"
     "        |       ^^^^^^^^^^^^^^"},
    {"key_is_hidden",
     "key tpk:T9 80577FB0985DCD8AC8EF7CF4F2B9F46\n" LAB,
     "t.isot:1:12: error: a key is 16, 32, 48 or 64 hex digits\n"
     "      1 | key tpk:T9 *******************************\n"
     "        |            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^"},
    {"from_which_terminal",
     "terminal T2 { connect 127.0.0.1:1\n"
     "dialect iso87_bcd\n"
     "frame len2 }\n"
     "test \"t\" {\n"
     "  send 0800\n"
     "}\n" LAB,
     "t.isot:5:3: error: say from which terminal: from T2, T1\n"
     "      5 |   send 0800\n"
     "        |   ^^^^^^^^^"},
    {"unclosed_test",
     "test \"a\" {\n"
     "  send 0800\n"
     "test \"b\" {\n"
     "  send 0800\n"
     "}\n" LAB,
     "t.isot:1:6: error: the block that begins here is not closed by '}'\n"
     "      1 | test \"a\" {\n"
     "        |      ^^^"},
    {"unclosed_at_the_end",
     "test \"t\" {\n"
     "  repeat 3 {\n"
     "    send 0800\n"
     "\n",
     "t.isot:2:3: error: the block that begins here is not closed by '}'\n"
     "      2 |   repeat 3 {\n"
     "        |   ^^^^^^^^"},
    {"brace_too_many",
     "card x {\n"
     "  pan 4111111111111111\n"
     "}\n"
     "}\n" LAB,
     "t.isot:4:1: error: there is no block to close here\n"
     "      4 | }\n"
     "        | ^"},
    {"block_that_is_none",
     "test \"t\" {\n"
     "  send 0800 {\n"
     "    70 301\n"
     "  }\n"
     "  send 0800\n"
     "}\n" LAB,
     "t.isot:2:13: error: no block begins here\n"
     "      2 |   send 0800 {\n"
     "        |             ^"},
    {"test_without_brace",
     "test \"a\"\n"
     "  send 0800\n" LAB,
     "t.isot:1:9: error: expected tags, weight or '{' at the end of the line\n"
     "      1 | test \"a\"\n"
     "        |         ^"},
    {"repeat_of_nothing",
     "test \"t\" {\n"
     "  repeat x {\n"
     "  }\n"
     "}\n" LAB,
     "t.isot:2:10: error: expected how often (50) or for DURATION, not 'x'\n"
     "      2 |   repeat x {\n"
     "        |          ^"},
    {"bad_rate",
     "test \"t\" {\n"
     "  repeat 5 rate 10 {\n"
     "  }\n"
     "}\n" LAB,
     "t.isot:2:20: error: expected '/s', not '{'\n"
     "      2 |   repeat 5 rate 10 {\n"
     "        |                    ^"},
    {"else_without_if",
     "test \"t\" {\n"
     "  else {\n"
     "    send 0800\n"
     "  }\n"
     "}\n" LAB,
     "t.isot:2:3: error: 'else' without 'if'\n"
     "      2 |   else {\n"
     "        |   ^^^^"},
    {"parallel_of_one_terminal",
     "test \"t\" {\n"
     "  parallel T1[*] {\n"
     "    send 0800\n"
     "  }\n"
     "}\n" LAB,
     "t.isot:2:12: error: T1 is one, without a range\n"
     "      2 |   parallel T1[*] {\n"
     "        |            ^^"},
    {"latency_without_unit",
     "test \"t\" {\n"
     "  send 0800\n"
     "  expect 0810\n"
     "    latency < 300\n"
     "}\n" LAB,
     "t.isot:4:15: error: expected a duration (500ms, 2s, 5m), not '300'\n"
     "      4 |     latency < 300\n"
     "        |               ^^^"},
    {"exit_code",
     "test \"t\" {\n"
     "  send 0800\n"
     "  exec \"true\"\n"
     "    exit 0\n"
     "}\n" LAB,
     "t.isot:4:10: error: expected ==, !=, <, <=, > or >=, not '0'\n"
     "      4 |     exit 0\n"
     "        |          ^"},
    {"csv_without_where",
     "test \"t\" {\n"
     "  send 0800\n"
     "  exec \"true\"\n"
     "    csv \"x.csv\" network=VISA: a == 1\n"
     "}\n" LAB,
     "t.isot:4:17: error: expected 'where', not 'network=VISA:'\n"
     "      4 |     csv \"x.csv\" network=VISA: a == 1\n"
     "        |                 ^^^^^^^^^^^^^"},
    {"copy_of_nothing",
     "test \"t\" {\n"
     "  send 0800\n"
     "  send copy first\n"
     "}\n" LAB,
     "t.isot:3:13: error: no message is captured as 'first' before this line (capture first = message)\n"
     "      3 |   send copy first\n"
     "        |             ^^^^^"},
    {"message_as_text",
     "test \"t\" {\n"
     "  send 0800\n"
     "  expect 0810\n"
     "  capture m = message\n"
     "  send 0800\n"
     "    43 {{m}}\n"
     "}\n" LAB,
     "t.isot:6:8: error: 'm' is a captured message: it can only be sent, by copy\n"
     "      6 |     43 {{m}}\n"
     "        |        ^^^^^"},
    {"raw_with_lines",
     "test \"t\" {\n"
     "  send raw x'0800'\n"
     "    70 301\n"
     "}\n" LAB,
     "t.isot:2:3: error: raw bytes are sent as they are: no lines stand below\n"
     "      2 |   send raw x'0800'\n"
     "        |   ^^^^^^^^"},
    {"none_with_checks",
     "test \"t\" {\n"
     "  send 0800\n"
     "  expect none within 1s\n"
     "    39 == 00\n"
     "}\n" LAB,
     "t.isot:4:5: error: nothing is expected: there is nothing to check\n"
     "      4 |     39 == 00\n"
     "        |     ^^"},
    {"no_files",
     "include \"lab.isot\"\n" LAB,
     "t.isot:1:9: error: files are not read here\n"
     "      1 | include \"lab.isot\"\n"
     "        |         ^^^^^^^^^^"},
    {"control_character",
     "test \"t\" {\n"
     "  send 0800\n"
     "    43 a\001b\n"
     "}\n" LAB,
     "t.isot:3:9: error: a control character\n"
     "      3 |     43 a?b\n"
     "        |         ^"},
    {"pan_is_masked",
     "test \"t\" {\n"
     "  send 0800\n"
     "    2 41111111111111119999\n"
     "}\n" LAB,
     "t.isot:3:7: error: DE2 pan has at most 19 digits (n..19), not 20\n"
     "      3 |     2 411111**********9999\n"
     "        |       ^^^^^^^^^^^^^^^^^^^^"},
    {"a_lost_line_does_not_hide_the_next",
     "test \"t\" {\n"
     "  send 0800\n"
     "    39 000\n"
     "    43 \"x\n"
     "    40 \"\"\n"
     "    193 x\n"
     "}\n" LAB,
     "t.isot:4:8: error: the quoted text does not end on its line\n"
     "      4 |     43 \"x\n"
     "        |        ^^\n"
     "t.isot:6:5: error: a field is 2 to 192\n"
     "      6 |     193 x\n"
     "        |     ^^^"},
    {"hex_in_a_tag",
     "test \"t\" {\n"
     "  send 0800\n"
     "    55.9F33 E0F8C\n"
     "}\n" LAB,
     "t.isot:3:13: error: the tag's value is written in hex digits, two a byte: there are 5\n"
     "      3 |     55.9F33 *****\n"
     "        |             ^^^^^"},
    {"unknown_own_variable",
     "test \"t\" {\n"
     "  send 0800\n"
     "    43 {{tmpp}}\n"
     "}\n" LAB,
     "t.isot:3:8: error: there is no variable 'tmpp'\n"
     "      3 |     43 {{tmpp}}\n"
     "        |        ^^^^^^^^"},
    {"expect_at_no_name",
     "test \"t\" {\n"
     "  expect 0200 at\n"
     "}\n" LAB,
     "t.isot:2:17: error: expected the name of a terminal or an issuer at the end of the line\n"
     "      2 |   expect 0200 at\n"
     "        |                 ^"},
    {"key_without_colon",
     "key T1 0123456789ABCDEF\n" LAB,
     "t.isot:1:5: error: expected the name of a key (tpk:T1), not 'T1'\n"
     "      1 | key T1 0123456789ABCDEF\n"
     "        |     ^^"},
    {"bad_tpdu",
     "terminal T2 { connect 127.0.0.1:1\n"
     "dialect iso87_bcd\n"
     "frame len2+tpdu 6000 }\n" LAB,
     "t.isot:3:17: error: expected a TPDU (10 hex digits, like 6000010000), not '6000'\n"
     "      3 | frame len2+tpdu 6000 }\n"
     "        |                 ^^^^"},
    {"bad_label",
     "terminal T2 { connect 127.0.0.1:1\n"
     "dialect iso87_bcd\n"
     "frame vap 6000010000 }\n" LAB,
     "t.isot:3:11: error: expected the 2 bytes behind the length (4 hex digits), not '6000010000'\n"
     "      3 | frame vap 6000010000 }\n"
     "        |           ^^^^^^^^^^"},
    {"bad_header",
     "terminal T2 { connect 127.0.0.1:1\n"
     "dialect iso87_bcd\n"
     "frame len2+header:0x1 }\n" LAB,
     "t.isot:3:7: error: the header of a frame is 1 to 16 characters, or 0x and hex digits\n"
     "      3 | frame len2+header:0x1 }\n"
     "        |       ^^^^^^^^^^^^^^^"},
    {"card_without_pin",
     "card poor {\n"
     "  pan 4111111111111111\n"
     "}\n"
     "test \"t\" {\n"
     "  send 0800\n"
     "    pin poor\n"
     "}\n" LAB,
     "t.isot:6:9: error: card poor has no 'pin', which a pin line needs\n"
     "      6 |     pin poor\n"
     "        |         ^^^^"},
    {"arpc_outside_a_tag",
     "test \"t\" {\n"
     "  on VISA 0200 reply\n"
     "    39 arpc gold\n"
     "}\n" LAB,
     "t.isot:3:13: error: an ARPC stands in a tag (55.91)\n"
     "      3 |     39 arpc gold\n"
     "        |             ^^^^"},
    {"field_line_under_drop",
     "test \"t\" {\n"
     "  on VISA 0200 drop\n"
     "    39 00\n"
     "}\n" LAB,
     "t.isot:3:5: error: this line belongs to no step: fields stand below send, expect and on ... reply\n"
     "      3 |     39 00\n"
     "        |     ^^"},
    {"names_begin_with_a_letter",
     "test \"t\" {\n"
     "  send 0800\n"
     "  set 1x = 5\n"
     "}\n" LAB,
     "t.isot:3:7: error: expected the name of a variable, not '1x' (a name: letters, digits, _ and -)\n"
     "      3 |   set 1x = 5\n"
     "        |       ^^"},
    {"n_is_not_set",
     "test \"t\" {\n"
     "  send 0800\n"
     "  set n = 5\n"
     "}\n" LAB,
     "t.isot:3:7: error: n is the number of the terminal or round, and cannot be set\n"
     "      3 |   set n = 5\n"
     "        |       ^"},
    {"nothing_in_the_braces",
     "test \"t\" {\n"
     "  send 0800\n"
     "    43 {{}}\n"
     "}\n" LAB,
     "t.isot:3:8: error: expected a name, row.COLUMN, sent.FIELD, asked.FIELD, got.FIELD or n between {{ and }}\n"
     "      3 |     43 {{}}\n"
     "        |        ^^^^"},
    {"backslash_in_a_word",
     "test \"t\" {\n"
     "  send 0800\n"
     "    43 a\\b\n"
     "}\n" LAB,
     "t.isot:3:9: error: a '\\' stands at the end of a line, or in quotes\n"
     "      3 |     43 a\\b\n"
     "        |         ^"},
    {"mac_made_and_set",
     "test \"t\" {\n"
     "  send 0800\n"
     "    mac bad\n"
     "    64 x'0102030405060708'\n"
     "}\n" LAB,
     "t.isot:4:5: error: the MAC is made by the 'mac' line, or set here\n"
     "      4 |     64 x'010203******0708'\n"
     "        |     ^^"},
    {"two_macs",
     "test \"t\" {\n"
     "  send 0800\n"
     "    64 x'0102030405060708'\n"
     "    mac2 x'0102030405060708'\n"
     "}\n" LAB,
     "t.isot:4:5: error: a message has its MAC in 64 or in 128, not in both\n"
     "      4 |     mac2 x'010203******0708'\n"
     "        |     ^^^^"},
    {"depth_of_blocks",
     "test \"t\" {\n"
     "  repeat 2 {\n"
     "  repeat 2 {\n"
     "  repeat 2 {\n"
     "  repeat 2 {\n"
     "  repeat 2 {\n"
     "  repeat 2 {\n"
     "  repeat 2 {\n"
     "  repeat 2 {\n"
     "  repeat 2 {\n"
     "  repeat 2 {\n"
     "  repeat 2 {\n"
     "  repeat 2 {\n"
     "  repeat 2 {\n"
     "  repeat 2 {\n"
     "  repeat 2 {\n"
     "  repeat 2 {\n"
     "  repeat 2 {\n"
     "  repeat 2 {\n"
     "  repeat 2 {\n"
     "  repeat 2 {\n"
     "  repeat 2 {\n"
     "  repeat 2 {\n"
     "  repeat 2 {\n"
     "  repeat 2 {\n"
     "  repeat 2 {\n"
     "  repeat 2 {\n"
     "  repeat 2 {\n"
     "  repeat 2 {\n"
     "  repeat 2 {\n"
     "  repeat 2 {\n"
     "  repeat 2 {\n"
     "  repeat 2 {\n"
     "  repeat 2 {\n"
     "  }\n"
     "  }\n"
     "  }\n"
     "  }\n"
     "  }\n"
     "  }\n"
     "  }\n"
     "  }\n"
     "  }\n"
     "  }\n"
     "  }\n"
     "  }\n"
     "  }\n"
     "  }\n"
     "  }\n"
     "  }\n"
     "  }\n"
     "  }\n"
     "  }\n"
     "  }\n"
     "  }\n"
     "  }\n"
     "  }\n"
     "  }\n"
     "  }\n"
     "  }\n"
     "  }\n"
     "  }\n"
     "  }\n"
     "  }\n"
     "  }\n"
     "  }\n"
     "  }\n"
     "}\n" LAB,
     "t.isot:33:3: error: blocks stand in blocks more than 32 deep\n"
     "     33 |   repeat 2 {\n"
     "        |   ^^^^^^^^"},
};
// clang-format on

enum { TOLD_LEN_MAX = 32768 };

static void on_report(void *context, const char *text)
{
    char *told = context;
    size_t len = strlen(told);
    (void)snprintf(told + len, TOLD_LEN_MAX - len, "%s%s", len > 0 ? "\n" : "", text);
}

START_TEST(wrong_script_is_told_where_and_why)
{
    const struct row *row = &rows[_i];
    char told[TOLD_LEN_MAX] = "";
    struct script_options options = {.report = on_report, .context = told, .no_files = true};
    struct script *script = NULL;
    ck_assert_msg(script_parse_text("t.isot", span_text(row->script), &options, &script) ==
                      ERR_CONFIG,
                  "%s: nothing is told", row->name);
    ck_assert_ptr_null(script);
    ck_assert_msg(strcmp(told, row->told) == 0, "%s:\n%s\ninstead of\n%s", row->name, told,
                  row->told);
}
END_TEST

START_TEST(not_more_than_twenty_errors_are_told)
{
    char script[4096] = "test \"t\" {\n  send 0800\n";
    char told[TOLD_LEN_MAX] = "";
    for (int i = 0; i < 30; i++) {
        strncat(script, "    193 x\n", sizeof script - strlen(script) - 1);
    }
    struct script_options options = {.report = on_report, .context = told, .no_files = true};
    struct script *out = NULL;
    ck_assert_int_eq(script_parse_text("t.isot", span_text(script), &options, &out), ERR_CONFIG);
    int count = 0;
    for (const char *p = told; (p = strstr(p, ": error: ")) != NULL; p++) {
        count++;
    }
    ck_assert_int_eq(count, 20);
}
END_TEST

START_TEST(keys_pins_and_tracks_are_never_quoted)
{
    static const char *const secrets[] = {
        "key tpk:T9 80577FB0985DCD8AC8EF7CF4F2B9F46D oops\n",
        "card x {\n pin 7777 oops\n}\n",
        "card x {\n track2 80577FB0985DCD8A\n}\n",
        "test \"t\" {\n send 0800\n 52 80577FB0985DCD8A oops\n}\n" LAB,
        "test \"t\" {\n send 0800\n 35 \"7777=80577FB0\" oops\n}\n" LAB,
        "test \"t\" {\n send 0800\n expect 0810\n 52 == 80577FB0985DCD8A oops\n}\n" LAB,
    };
    for (size_t i = 0; i < ARRAY_COUNT(secrets); i++) {
        char told[TOLD_LEN_MAX] = "";
        struct script_options options = {.report = on_report, .context = told, .no_files = true};
        struct script *out = NULL;
        ck_assert_int_eq(script_parse_text("t.isot", span_text(secrets[i]), &options, &out),
                         ERR_CONFIG);
        ck_assert_ptr_nonnull(strstr(told, "error"));
        ck_assert_ptr_null(strstr(told, "80577FB0"));
        ck_assert_ptr_null(strstr(told, "7777"));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("language_wrong");
    TCase *tcase = tcase_create("all");
    tcase_add_loop_test(tcase, wrong_script_is_told_where_and_why, 0, (int)ARRAY_COUNT(rows));
    tcase_add_test(tcase, not_more_than_twenty_errors_are_told);
    tcase_add_test(tcase, keys_pins_and_tracks_are_never_quoted);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
