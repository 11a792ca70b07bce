/* Good scripts: the examples, and what the tree of each construct says. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tools/isotest/script.h"

#define PEERS                                                                                      \
    "terminal T1 { connect 127.0.0.1:8583\n"                                                       \
    "dialect iso87_bcd\n"                                                                          \
    "frame len2+tpdu 6000010000\n"                                                                 \
    "pin tpk:T1\n"                                                                                 \
    "mac tak:T1 x9.19 in 64 }\n"                                                                   \
    "issuer VISA { listen 127.0.0.1:9001\n"                                                        \
    "dialect iso87_ascii\n"                                                                        \
    "frame len2 }\n"                                                                               \
    "key tpk:T1 80577FB0985DCD8AC8EF7CF4F2B9F46D\n"                                                \
    "key tak:T1 DA6D04E58951A845FD859B1A7A373B7C\n"                                                \
    "card gold { pan 4111111111111111\n"                                                           \
    "pin 1234 }\n"

static char told[8192];

static void on_report(void *context, const char *text)
{
    (void)context;
    size_t len = strlen(told);
    (void)snprintf(told + len, sizeof told - len, "%s\n", text);
}

static const struct script_options plain = {.report = on_report};

/* A script of @text, which must be good. */
static struct script *good(const char *text)
{
    struct script *script = NULL;
    told[0] = '\0';
    int status = script_parse_text("t.isot", span_text(text), &plain, &script);
    ck_assert_msg(status == 0, "%s", told);
    return script;
}

/* The statements of a test with @steps. */
static struct stmt *steps(struct script **script, const char *text)
{
    char whole[4096];
    (void)snprintf(whole, sizeof whole, "test \"t\" {\n%s}\n%s", text, PEERS);
    *script = good(whole);
    return (*script)->tests->body;
}

static bool is(struct span text, const char *expected)
{
    return span_equal_text(text, expected);
}

START_TEST(examples_of_the_manual_are_good)
{
    static const char *const names[] = {"lab", "echo", "purchase_pin", "timeout_reversal",
                                        "clearing_day"};
    char path[512];
    struct script *script = NULL;
    (void)snprintf(path, sizeof path, "%s/isot/%s.isot", VECTORS, names[_i]);
    told[0] = '\0';
    ck_assert_msg(script_load(path, &plain, &script) == 0, "%s", told);
    ck_assert(_i == 0 ? script->tests == NULL : script->tests != NULL);
    ck_assert_uint_eq(script->peer_count, 2);
    script_free(script);
}
END_TEST

START_TEST(braces_may_stand_on_the_lines_of_what_they_enclose)
{
    struct script *script = good(PEERS);
    const struct peer_decl *t1 = script->peers;
    ck_assert(is(t1->name, "T1") && !t1->is_issuer && t1->next->is_issuer && t1->next->listens);
    ck_assert_str_eq(t1->dialect->name, "iso87_bcd");
    ck_assert_str_eq(t1->framing->name, "len2+tpdu");
    ck_assert_uint_eq(t1->tpdu.len, 5);
    ck_assert(is(t1->address.bytes, "127.0.0.1:8583"));
    ck_assert(is(t1->pin.name.bytes, "tpk:T1") && is(t1->mac.name.bytes, "tak:T1"));
    ck_assert_int_eq(t1->mac_name, MAC_X9_19);
    ck_assert_int_eq(t1->mac_field, 64);
    ck_assert(is(script_key(script, span_text("tpk:T1"))->value.bytes,
                 "80577FB0985DCD8AC8EF7CF4F2B9F46D"));
    ck_assert_ptr_null(script_key(script, span_text("tpk:T2")));
    script_free(script);
}
END_TEST

START_TEST(frame_may_have_a_header_or_a_label)
{
    struct script *script = good("terminal A {\n"
                                 "  connect 127.0.0.1:1\n"
                                 "  dialect iso87_bcd\n"
                                 "  frame len2+header:ISO026000050+tpdu+etx 6000010000\n"
                                 "}\n"
                                 "terminal B {\n"
                                 "  connect 127.0.0.1:1\n"
                                 "  dialect iso87_bcd\n"
                                 "  frame vml 0014\n"
                                 "}\n");
    const struct peer_decl *peer = script->peers;
    ck_assert_str_eq(peer->framing->name, "len2+header:ISO026000050+tpdu+etx");
    ck_assert_uint_eq(peer->framing->header_len, 12);
    ck_assert_uint_eq(peer->tpdu.len, 5);
    ck_assert_str_eq(peer->next->framing->name, "vml");
    ck_assert(span_equal(peer->next->tpdu, SPAN_LITERAL("\x00\x14")));
    script_free(script);
}
END_TEST

START_TEST(terminal_lines_say_what_a_terminal_does)
{
    struct script *script = good("terminal P[1..200] {\n"
                                 "  connect \"host{{n}}:8583\"\n"
                                 "  dialect iso87_bcd\n"
                                 "  frame len2\n"
                                 "  pin bdk:P dukpt iso3 in 62 ksn FFFF9876543210E00000\n"
                                 "  mac tak:P{{n:7}} iso9797-1/3 in 128\n"
                                 "  reversal auto 5s\n"
                                 "  match 7, terminal\n"
                                 "  41 P{{n:7}}\n"
                                 "}\n"
                                 "key bdk:P 0123456789ABCDEFFEDCBA9876543210\n");
    const struct peer_decl *peer = script->peers;
    ck_assert_uint_eq(peer->first, 1);
    ck_assert_uint_eq(peer->last, 200);
    ck_assert(peer->pin_dukpt && peer->pin_format == 3 && peer->ksn_field == 62);
    ck_assert(is(peer->ksn.bytes, "FFFF9876543210E00000"));
    ck_assert_int_eq(peer->mac_name, MAC_ISO9797_1_3);
    ck_assert_int_eq(peer->mac_field, 128);
    const struct part *part = peer->mac.name.parts;
    ck_assert(part->kind == PART_BYTES && is(part->text, "tak:P"));
    ck_assert(part->next->kind == PART_INDEX && part->next->width == 7);
    ck_assert(peer->reversal_auto && peer->reversal_ms == 5000);
    ck_assert_uint_eq(peer->match->path.de, 7);
    ck_assert_uint_eq(peer->match->next->path.de, 41);
    ck_assert_uint_eq(peer->fields->path.de, 41);
    script_free(script);
}
END_TEST

START_TEST(values_are_bytes_where_they_are_known)
{
    struct script *script;
    const struct stmt *stmt = steps(&script, "  send 0200\n"
                                             "    stan 000017\n"
                                             "    4 amount 12.5 EUR\n"
                                             "    43 \"a \\\"b\\\" \\\\ # {x}\"\n"
                                             "    52 0123456789abcdef\n"
                                             "    60 x'00 FF'\n"
                                             "    chip.9F33 E0F8C8\n"
                                             "    7 now(MMDDhhmmss)\n"
                                             "    37 rand(digits 12)\n"
                                             "    38 seq(codes)\n"
                                             "    12 -\n");
    const struct field_line *line = stmt->u.send.fields;
    ck_assert(line->path.de == 11 && is(line->value.bytes, "000017"));
    line = line->next;
    ck_assert(line->value.kind == VALUE_AMOUNT && is(line->value.bytes, "000000001250"));
    ck_assert_uint_eq(line->value.currency, 978);
    line = line->next;
    ck_assert(is(line->value.bytes, "a \"b\" \\ # {x}"));
    line = line->next;
    ck_assert(line->value.kind == VALUE_BYTES && line->value.bytes.len == 8);
    ck_assert_mem_eq(line->value.bytes.ptr, "\x01\x23\x45\x67\x89\xAB\xCD\xEF", 8);
    line = line->next;
    ck_assert_uint_eq(line->value.bytes.len, 2);
    line = line->next;
    ck_assert(line->path.kind == PATH_TAG && line->path.tag == 0x9F33 && line->path.de == 55);
    ck_assert_mem_eq(line->value.bytes.ptr, "\xE0\xF8\xC8", 3);
    line = line->next;
    ck_assert(line->value.kind == VALUE_NOW && is(line->value.bytes, "MMDDhhmmss"));
    line = line->next;
    ck_assert(line->value.kind == VALUE_RAND && line->value.count == 12 && line->value.set == 'd');
    line = line->next;
    ck_assert(line->value.kind == VALUE_SEQ && is(script->counters[line->value.slot], "codes"));
    ck_assert(line->next->remove && line->next->next == NULL);
    script_free(script);
}
END_TEST

START_TEST(send_lines_are_the_steps_and_mac_with_a_value_is_the_field)
{
    struct script *script;
    const struct stmt *stmt = steps(&script, "  send 0200 from T1\n"
                                             "    card gold by magstripe\n"
                                             "    pin gold\n"
                                             "    mac bad\n"
                                             "  send 0200\n"
                                             "    mac x'0102030405060708'\n"
                                             "    emv gold 9F33 E0F8C8 95 0000008000\n"
                                             "  send raw x'0800' from T1\n");
    const struct send *send = &stmt->u.send;
    ck_assert(send->from == script->peers && send->card == script->cards);
    ck_assert(send->entry == ENTRY_MAGSTRIPE && send->pin == script->cards);
    ck_assert(send->mac && send->mac_bad && send->mti == 0x0200);
    send = &stmt->next->u.send;
    ck_assert(!send->mac && send->fields->path.de == 64);
    ck_assert(send->emv == script->cards && is(send->emv_lines->next->name, "95"));
    ck_assert_uint_eq(send->emv_lines->next->value.bytes.len, 5);
    send = &stmt->next->next->u.send;
    ck_assert(send->is_raw && send->mti == 0 && send->raw.bytes.len == 2);
    script_free(script);
}
END_TEST

START_TEST(checks_of_an_expect_are_read)
{
    struct script *script;
    const struct stmt *stmt = steps(&script, "  send 0200\n"
                                             "  expect 0210 within 300ms\n"
                                             "    39==00\n"
                                             "    39 in (00, \"51\", x'3038')\n"
                                             "    38 matches /^a\\/\\d+$/\n"
                                             "    38 len >= 6\n"
                                             "    43 contains \"{{sent.41}}\"\n"
                                             "    55 absent\n"
                                             "    mac present\n"
                                             "    mac valid\n"
                                             "    same 7, 11 as sent\n"
                                             "    latency < 300ms\n");
    const struct expect *expect = &stmt->next->u.expect;
    ck_assert_uint_eq(expect->within_ms, 300);
    const struct check *check = expect->checks;
    ck_assert(check->pred.kind == PRED_EQ && is(check->pred.values->value.bytes, "00"));
    ck_assert_uint_eq(check->pred.spot.col, 9);
    check = check->next;
    ck_assert(check->pred.kind == PRED_IN && is(check->pred.values->next->value.bytes, "51"));
    ck_assert(is(check->pred.values->next->next->value.bytes, "08"));
    check = check->next;
    ck_assert(check->pred.kind == PRED_MATCHES && check->pred.regex != NULL);
    check = check->next;
    ck_assert(check->pred.kind == PRED_LEN && check->pred.relop == PRED_GE);
    ck_assert_int_eq(check->pred.number, 6);
    check = check->next;
    ck_assert(check->pred.kind == PRED_CONTAINS);
    ck_assert_int_eq(check->pred.values->value.parts->kind, PART_SENT);
    check = check->next;
    ck_assert(check->pred.kind == PRED_ABSENT && check->path.de == 55);
    check = check->next;
    ck_assert(check->kind == CHECK_FIELD && check->path.de == 64);
    ck_assert_int_eq(check->next->kind, CHECK_MAC_VALID);
    ck_assert_int_eq(check->next->next->kind, CHECK_SAME);
    check = check->next->next->next;
    ck_assert(check->kind == CHECK_LATENCY && check->pred.kind == PRED_LT);
    ck_assert_int_eq(check->pred.number, 300);
    script_free(script);
}
END_TEST

START_TEST(rules_of_an_issuer_are_read)
{
    struct script *script;
    const struct stmt *stmt = steps(&script, "  on VISA 0200 where 4 > 100000 reply after 5ms\n"
                                             "    39 51\n"
                                             "  on VISA 0200 drop times 2\n"
                                             "  on VISA 0200 duplicate\n"
                                             "  on VISA 0200 reply 0230\n"
                                             "    39 00\n"
                                             "  on VISA 0420 garble\n"
                                             "  on VISA 0420 reply\n" /* which is garbled */
                                             "    39 00\n"
                                             "  on VISA 0800 close\n");
    const struct on *on = &stmt->u.on;
    ck_assert(on->issuer == script->peers->next && on->has_where && on->where_path.de == 4);
    ck_assert(on->kind == ON_REPLY && on->after_ms == 5 && on->reply_mti == 0);
    on = &stmt->next->u.on;
    ck_assert(on->kind == ON_DROP && on->times == 2);
    on = &stmt->next->next->u.on;
    ck_assert(on->kind == ON_DUPLICATE && on->times == 0);
    on = &stmt->next->next->next->u.on;
    ck_assert(on->reply_mti == 0x0230 && is(on->fields->value.bytes, "00"));
    script_free(script);
}
END_TEST

START_TEST(captured_messages_can_be_sent_again)
{
    struct script *script;
    const struct stmt *stmt = steps(&script, "  send 0200\n"
                                             "  expect 0210\n"
                                             "  capture first = message\n"
                                             "    rrn = 37\n"
                                             "    t=trace\n"
                                             "    when = latency\n"
                                             "    all = \"{{rrn}}-{{got.39}}\"\n"
                                             "  send copy first\n"
                                             "    11 -\n");
    const struct capture_line *line = stmt->next->next->u.captures;
    const struct stmt *copy = stmt->next->next->next;
    ck_assert(line->kind == CAPTURE_MESSAGE && line->slot == copy->u.send.copy_slot);
    ck_assert_int_eq(line->next->kind, CAPTURE_FIELD);
    ck_assert_int_eq(line->next->next->kind, CAPTURE_TRACE);
    ck_assert_int_eq(line->next->next->next->kind, CAPTURE_LATENCY);
    line = line->next->next->next->next;
    ck_assert_int_eq(line->kind, CAPTURE_VALUE);
    ck_assert_uint_eq(line->value.parts->slot, stmt->next->next->u.captures->next->slot);
    ck_assert(is(script->variables[line->slot], "all"));
    ck_assert(copy->u.send.mti == 0 && copy->u.send.fields->remove);
    script_free(script);
}
END_TEST

START_TEST(blocks_stand_in_blocks)
{
    struct script *script = good("test \"t\" tags a, b weight 3 {\n"
                                 "  set x = 5\n"
                                 "  if {{x}} == 5 { wait 10ms } else { wait 1s }\n"
                                 "  repeat for 2m rate 500/s {\n"
                                 "    parallel P[*] {\n"
                                 "      send 0800 from P[{{n}}]\n"
                                 "    }\n"
                                 "  }\n"
                                 "  repeat 50 {\n"
                                 "    disconnect P\n"
                                 "  }\n"
                                 "  wait until saf.VISA.depth == 0 within 5s\n"
                                 "}\n"
                                 "terminal P[1..9] { connect 127.0.0.1:1\n"
                                 "dialect iso87_bcd\n"
                                 "frame len2 }\n");
    const struct test *test = script->tests;
    ck_assert(is(test->tags->text, "a") && is(test->tags->next->text, "b") && test->weight == 3);
    const struct stmt *stmt = test->body->next;
    ck_assert(stmt->kind == STMT_IF && stmt->body->u.wait.ms == 10 &&
              stmt->other->u.wait.ms == 1000);
    stmt = stmt->next;
    ck_assert(stmt->kind == STMT_REPEAT && stmt->u.repeat.for_ms == 120000);
    ck_assert_uint_eq(stmt->u.repeat.rate, 500);
    ck_assert_ptr_eq(stmt->body->u.parallel.peer, script->peers);
    ck_assert_int_eq(stmt->body->body->kind, STMT_SEND);
    stmt = stmt->next;
    ck_assert_uint_eq(stmt->u.repeat.count, 50);
    ck_assert_ptr_eq(stmt->body->u.disconnect.peer, script->peers);
    stmt = stmt->next;
    ck_assert(stmt->u.wait.until && is(stmt->u.wait.query, "saf.VISA.depth"));
    script_free(script);
}
END_TEST

START_TEST(programs_and_the_switch_are_asked)
{
    struct script *script;
    const struct stmt *stmt = steps(&script, "  admin \"day show\"\n"
                                             "    day = .business_date\n"
                                             "    .previous.state == \"open\"\n"
                                             "  exec \"x --date {{day}} {{tmp}}\"\n"
                                             "    exit == 0\n"
                                             "    csv \"a.csv\" where network=VISA: total >= 5\n"
                                             "    csv \"a.csv\" where key = tpk:T1: total == 5\n"
                                             "    csv \"a.csv\" where network=\"V S\":total == 5\n"
                                             "    stdout contains ok\n");
    ck_assert(is(stmt->u.admin.lines->name, "day") &&
              is(stmt->u.admin.lines->path, ".business_date"));
    ck_assert(is(stmt->u.admin.lines->next->path, ".previous.state"));
    const struct exec_line *line = stmt->next->u.exec.lines;
    ck_assert(line->kind == EXEC_EXIT && line->pred.kind == PRED_EQ && line->pred.number == 0);
    line = line->next;
    ck_assert(is(line->where_column, "network") && is(line->where_value.bytes, "VISA"));
    ck_assert(is(line->column, "total") && line->pred.kind == PRED_GE);
    ck_assert(is(line->next->where_value.bytes, "tpk:T1"));
    ck_assert(is(line->next->next->where_value.bytes, "V S"));
    ck_assert_int_eq(line->next->next->next->kind, EXEC_STDOUT);
    ck_assert(script->uses_exec && script->exec_spot.line == 5);
    script_free(script);
}
END_TEST

START_TEST(lines_are_continued_and_comments_are_passed_over)
{
    struct script *script;
    const struct stmt *stmt = steps(&script, "  # nothing\n"
                                             "  send 0200 \\\n"
                                             "    from T1 # yes\n"
                                             "    43 a#b   # a '#' in a word is part of it\n");
    ck_assert_ptr_eq(stmt->u.send.from, script->peers);
    ck_assert(is(stmt->u.send.fields->value.bytes, "a#b"));
    ck_assert_ptr_null(stmt->next);
    script_free(script);
}
END_TEST

START_TEST(replies_may_refer_to_what_is_set_further_down)
{
    struct script *script;
    (void)steps(&script, "  on VISA 0200 reply\n"
                         "    38 {{code}}\n"
                         "    37 {{sent.37}}\n"
                         "  set code = 123456\n");
    script_free(script);
}
END_TEST

static struct span var_given(void *context, struct span name)
{
    (void)context;
    return span_equal_text(name, "merchant") ? span_text("M1") : SPAN_NONE;
}

START_TEST(variables_may_be_given_from_outside)
{
    static const char text[] = "test \"t\" {\n send 0800\n  42 {{merchant}}\n}\n" PEERS;
    struct script_options options = {.report = on_report, .variable = var_given};
    struct script *script = NULL;
    ck_assert_int_eq(script_parse_text("t.isot", span_text(text), &options, &script), 0);
    ck_assert(
        is(script->variables[script->tests->body->u.send.fields->value.parts->slot], "merchant"));
    script_free(script);
    ck_assert_int_eq(script_parse_text("t.isot", span_text(text), &plain, &script), ERR_CONFIG);
}
END_TEST

/* --- files ------------------------------------------------------------------------------------ */

static char folder[64];

static void folder_make(void)
{
    (void)snprintf(folder, sizeof folder, "/tmp/isot-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    told[0] = '\0';
}

static void folder_remove(void)
{
    char command[128];
    (void)snprintf(command, sizeof command, "rm -r '%s'", folder);
    ck_assert_int_eq(system(command), 0);
}

static const char *file_write(const char *name, const char *text)
{
    static char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
    return path;
}

START_TEST(data_and_keys_come_from_csv_files)
{
    (void)file_write("cards.csv",
                     "pan,exp\n4111111111111111,2912\n\"5555555555554444\",\"3001\"\n");
    (void)file_write("more.csv", "name,pan\nx,1\n");
    (void)file_write("keys.csv", "id,tpk,tak\nT1,80577FB0985DCD8AC8EF7CF4F2B9F46D,"
                                 "DA6D04E58951A845FD859B1A7A373B7C\n"
                                 "T2,1AD5F2B68561DF01A88675617632F2A8,\n");
    const char *path = file_write("t.isot", "data cards = \"cards.csv\" unique\n"
                                            "data more = \"more.csv\"\n"
                                            "keys \"keys.csv\"\n"
                                            "terminal T1 { connect 127.0.0.1:1\n"
                                            "dialect iso87_bcd\n"
                                            "frame len2\n"
                                            "pin tpk:T1 }\n"
                                            "card row { pan {{row.pan}}\n"
                                            "exp row.exp }\n"
                                            "test \"t\" {\n"
                                            "  for row in cards {\n"
                                            "    send 0200\n"
                                            "      card row by manual\n"
                                            "  }\n"
                                            "}\n");
    struct script *script = NULL;
    ck_assert_msg(script_load(path, &plain, &script) == 0, "%s", told);
    const struct data *data = script->datas;
    ck_assert(data->order == DATA_UNIQUE && data->row_count == 2 && data->column_count == 2);
    ck_assert(is(data->cells[2], "5555555555554444") && is(data->cells[3], "3001"));
    ck_assert(is(script->columns[data->columns[1]], "exp"));
    ck_assert_uint_eq(data->columns[0], data->next->columns[1]); /* both are called pan */
    ck_assert_uint_eq(script->column_count, 3);
    ck_assert(script->cards->uses_row);
    ck_assert(is(script_key(script, span_text("tak:T1"))->value.bytes,
                 "DA6D04E58951A845FD859B1A7A373B7C"));
    ck_assert_ptr_nonnull(script_key(script, span_text("tpk:T2")));
    ck_assert_ptr_null(script_key(script, span_text("tak:T2"))); /* an empty cell is no key */
    ck_assert_ptr_eq(script->tests->body->u.rows.data, data);
    script_free(script);
}
END_TEST

START_TEST(wrong_files_are_told_and_keys_are_not_quoted)
{
    (void)file_write("cards.csv", "pan,exp\n4111111111111111\n");
    (void)file_write("keys.csv", "id,tpk\nT1,80577FB0985DCD8AC8EF7CF4F2B9F46,7\n");
    struct script *script = NULL;
    const char *path = file_write("t.isot", "data cards = \"cards.csv\"\nkeys \"keys.csv\"\n"
                                            "data x = \"none.csv\"\n");
    ck_assert_int_eq(script_load(path, &plain, &script), ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(told, "cards.csv:2:1: error: 2 columns expected, 1 found"));
    ck_assert_ptr_nonnull(strstr(told, "keys.csv:2:1: error: 2 columns expected, 3 found"));
    ck_assert_ptr_nonnull(strstr(told, "none.csv: error: No such file"));
    ck_assert_ptr_null(strstr(told, "80577FB0"));
    ck_assert_ptr_null(strstr(told, "4111111111111111"));
}
END_TEST

START_TEST(a_dialect_may_be_a_file_beside_the_script)
{
    struct script *script = NULL;
    (void)file_write("mine.yml", "extends: iso87_bcd\nfields:\n  63: {length: 7}\n");
    const char *path = file_write("t.isot", "terminal T1 { connect 127.0.0.1:1\n"
                                            "dialect \"mine.yml\"\n"
                                            "frame len2 }\n");
    ck_assert_msg(script_load(path, &plain, &script) == 0, "%s", told);
    ck_assert_uint_eq(script->peers->dialect->field[63].len, 7);
    script_free(script);

    (void)file_write("mine.yml", "extends: iso87_bcd\nfields:\n  63: {length: many}\n");
    path = file_write("t.isot", "terminal T1 { connect 127.0.0.1:1\n"
                                "dialect \"mine.yml\"\n"
                                "frame len2 }\n");
    ck_assert_int_eq(script_load(path, &plain, &script), ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(told, "/mine.yml:3:16: error: fields.63.length: 'many' is not"));
    ck_assert_ptr_nonnull(strstr(told, "/t.isot:2:9: error: there is no good dialect file"));
}
END_TEST

START_TEST(a_file_is_included_once_and_never_in_a_circle)
{
    struct script *script = NULL;
    (void)file_write("peers.isot", PEERS "test \"not ours\" {\n}\n");
    (void)file_write("more.isot", "include \"peers.isot\"\n");
    const char *path = file_write("t.isot", "include \"peers.isot\"\ninclude \"more.isot\"\n"
                                            "test \"ours\" {\n  send 0800\n}\n");
    ck_assert_msg(script_load(path, &plain, &script) == 0, "%s", told);
    ck_assert(is(script->tests->title, "ours") && script->tests->next == NULL);
    ck_assert_uint_eq(script->peer_count, 2);
    script_free(script);

    (void)file_write("a.isot", "include \"b.isot\"\n");
    path = file_write("b.isot", "include \"a.isot\"\n");
    ck_assert_int_eq(script_load(path, &plain, &script), ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(told, "a.isot:1:9: error: this file includes itself"));
}
END_TEST

START_TEST(errors_of_an_included_file_name_that_file)
{
    struct script *script = NULL;
    (void)file_write("peers.isot", "terminal T1 {\n  frme len2\n}\n");
    const char *path = file_write("t.isot", "include \"peers.isot\"\n");
    ck_assert_int_eq(script_load(path, &plain, &script), ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(told, "/peers.isot:2:3: error: expected connect"));
    ck_assert_ptr_nonnull(strstr(told, "did you mean 'frame'?"));
}
END_TEST

START_TEST(a_place_is_told_as_file_line_and_column)
{
    struct script *script;
    const struct stmt *stmt = steps(&script, "  send 0800\n  expect 0810\n    39 == 00\n");
    char text[64];
    ck_assert_str_eq(
        script_spot_text(script, stmt->next->u.expect.checks->pred.spot, text, sizeof text),
        "t.isot:4:11");
    told[0] = '\0';
    script_tell(script, stmt->next->spot, on_report, NULL, "no %s", "answer");
    ck_assert_str_eq(told, "t.isot:3:3: error: no answer\n"
                           "      3 |   expect 0810\n"
                           "        |   ^^^^^^^^^^^\n");
    script_free(script);
}
END_TEST

/* A hundred thousand lines are read in well under a second; the bound here only finds what is
 * quadratic. */
START_TEST(a_long_script_takes_time_by_its_length)
{
    enum { TESTS = 10000, LEN_MAX = TESTS * 200 };
    char *text = malloc(LEN_MAX);
    size_t len = (size_t)snprintf(text, LEN_MAX, "%s", PEERS);
    for (int i = 0; i < TESTS; i++) {
        len += (size_t)snprintf(text + len, LEN_MAX - len,
                                "card c%d { pan 4111111111111111 }\n"
                                "test \"t%d\" {\n"
                                "  on VISA 0200 reply\n"
                                "    39 00\n"
                                "  send 0200\n"
                                "    card c%d by manual\n"
                                "  expect 0210\n"
                                "    38 matches /^\\d{6}$/\n"
                                "  capture v%d = 38\n"
                                "}\n",
                                i, i, i, i);
    }
    struct script *script = NULL;
    clock_t start = clock();
    ck_assert_int_eq(script_parse_text("t.isot", span_make(text, len), &plain, &script), 0);
    ck_assert_int_lt((clock() - start) / CLOCKS_PER_SEC, 10);
    ck_assert_uint_eq(script->variable_count, TESTS);
    script_free(script);
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("language_script");
    TCase *tcase = tcase_create("texts");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, examples_of_the_manual_are_good, 0, 5);
    tcase_add_test(tcase, braces_may_stand_on_the_lines_of_what_they_enclose);
    tcase_add_test(tcase, frame_may_have_a_header_or_a_label);
    tcase_add_test(tcase, terminal_lines_say_what_a_terminal_does);
    tcase_add_test(tcase, values_are_bytes_where_they_are_known);
    tcase_add_test(tcase, send_lines_are_the_steps_and_mac_with_a_value_is_the_field);
    tcase_add_test(tcase, checks_of_an_expect_are_read);
    tcase_add_test(tcase, rules_of_an_issuer_are_read);
    tcase_add_test(tcase, captured_messages_can_be_sent_again);
    tcase_add_test(tcase, blocks_stand_in_blocks);
    tcase_add_test(tcase, programs_and_the_switch_are_asked);
    tcase_add_test(tcase, lines_are_continued_and_comments_are_passed_over);
    tcase_add_test(tcase, replies_may_refer_to_what_is_set_further_down);
    tcase_add_test(tcase, variables_may_be_given_from_outside);
    tcase_add_test(tcase, a_place_is_told_as_file_line_and_column);
    tcase_add_test(tcase, a_long_script_takes_time_by_its_length);
    suite_add_tcase(suite, tcase);
    TCase *files = tcase_create("files");
    tcase_add_checked_fixture(files, folder_make, folder_remove);
    tcase_add_test(files, data_and_keys_come_from_csv_files);
    tcase_add_test(files, wrong_files_are_told_and_keys_are_not_quoted);
    tcase_add_test(files, a_dialect_may_be_a_file_beside_the_script);
    tcase_add_test(files, a_file_is_included_once_and_never_in_a_circle);
    tcase_add_test(files, errors_of_an_included_file_name_that_file);
    suite_add_tcase(suite, files);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
