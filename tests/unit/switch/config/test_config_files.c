/* terminals.csv and cards.csv, and config_load() over real files in a private folder. */
#include "switch/config/config.h"

#include <stdio.h>
#include <unistd.h>

#include "switch/config/card_file.h"
#include "iso8583/yaml/problems.h"
#include "switch/config/terminal_file.h"
#include "tests/unit/iso8583/suite.h"

#define TERMINALS "id,merchant,mcc,group,state,tpk,tak\n"
#define CARDS     "pan,expiry,pvki,pvv\n"
#define KEY       "U0123456789ABCDEF0123456789ABCDEF"

static const struct group_settings groups[] = {{.name = "shops"},
                                               {.name = "kiosks", .mac_required = true}};

static char told[4096];

static void on_report(void *context, const char *text)
{
    (void)context;
    size_t len = strlen(told);
    ck_assert_int_lt(snprintf(told + len, sizeof told - len, "%s\n", text),
                     (int)(sizeof told - len));
}

/* What is told of @text, "" if it is right. */
static const char *terminals_told(const char *text)
{
    struct terminal_settings *terminals = NULL;
    uint32_t count = 0;
    told[0] = '\0';
    int err = terminal_file_parse(span_text(text), "t.csv", groups, ARRAY_COUNT(groups), on_report,
                                  NULL, &terminals, &count);
    ck_assert_int_eq(err, told[0] == '\0' ? 0 : ERR_CONFIG);
    ck_assert((terminals == NULL) == (err < 0));
    free(terminals);
    return told;
}

static const char *cards_told(const char *text)
{
    struct card_settings *cards = NULL;
    uint32_t count = 0;
    told[0] = '\0';
    int err = card_file_parse(span_text(text), "c.csv", on_report, NULL, &cards, &count);
    ck_assert_int_eq(err, told[0] == '\0' ? 0 : ERR_CONFIG);
    ck_assert((cards == NULL) == (err < 0));
    free(cards);
    return told;
}

START_TEST(terminals_are_sorted_and_their_ids_filled)
{
    struct terminal_settings *t = NULL;
    uint32_t count = 0;
    told[0] = '\0';
    int err = terminal_file_parse(
        span_text(TERMINALS "# a comment\n"
                            "TERM0002,\"M, 1\",5411,kiosks,active," KEY ",0123456789abcdef\n"
                            "\n"
                            "B1,,,shops,closed,,\n"),
        "t.csv", groups, ARRAY_COUNT(groups), on_report, NULL, &t, &count);
    ck_assert_str_eq(told, "");
    ck_assert_int_eq(err, 0);
    ck_assert_uint_eq(count, 2);
    ck_assert_str_eq(t[0].id, "B1      ");
    ck_assert_uint_eq(t[0].state, TERMINAL_CLOSED);
    ck_assert_uint_eq(t[0].group, 0);
    ck_assert_str_eq(t[0].tpk.text, "");
    ck_assert_str_eq(t[1].id, "TERM0002");
    ck_assert_str_eq(t[1].merchant, "M, 1");
    ck_assert_str_eq(t[1].mcc, "5411");
    ck_assert_uint_eq(t[1].group, 1);
    ck_assert_uint_eq(t[1].state, TERMINAL_ACTIVE);
    ck_assert_str_eq(t[1].tpk.text, KEY);
    ck_assert_str_eq(t[1].tak.text, "0123456789ABCDEF");
    free(t);
}
END_TEST

START_TEST(every_field_of_a_terminal_is_checked)
{
    ck_assert_str_eq(terminals_told(TERMINALS "TERM00001,M,5411,shops,active,,\n"),
                     "t.csv:2:1: error: id: up to 8 printable characters are possible\n");
    ck_assert_str_eq(terminals_told(TERMINALS ",M,5411,shops,active,,\n"),
                     "t.csv:2:1: error: id: 1 to 8 characters are needed\n");
    ck_assert_str_eq(terminals_told(TERMINALS "T,1234567890123456,5411,shops,active,,\n"),
                     "t.csv:2:3: error: merchant: up to 15 printable characters are possible\n");
    ck_assert_str_eq(terminals_told(TERMINALS "T,M,541,shops,active,,\n"),
                     "t.csv:2:5: error: mcc: '541' is not 4 digits\n");
    ck_assert_str_eq(terminals_told(TERMINALS "T,M,5411,shop,active,,\n"),
                     "t.csv:2:10: error: group: there is no group 'shop'\n");
    ck_assert_str_eq(terminals_told(TERMINALS "T,M,5411,shops,on,,\n"),
                     "t.csv:2:16: error: state: 'on' is neither active nor closed\n");
    ck_assert_str_eq(terminals_told(TERMINALS "T,M,5411,kiosks,active,,\n"),
                     "t.csv:2:25: error: tak: a key is needed, group 'kiosks' requires a MAC\n");
    ck_assert_str_eq(terminals_told(TERMINALS "T,M,5411,kiosks,closed,,\n"), "");
}
END_TEST

START_TEST(a_key_of_a_terminal_is_not_shown)
{
    ck_assert_str_eq(terminals_told(TERMINALS "T,M,5411,shops,active,FEDCBA9876543210F,\n"),
                     "t.csv:2:23: error: tpk: 17 characters that are not a key (16 hex digits, or "
                     "U and 32, or T and 48)\n");
}
END_TEST

START_TEST(a_terminal_twice_is_told_with_both_lines)
{
    ck_assert_str_eq(
        terminals_told(TERMINALS "T,,,shops,active,,\nA,,,shops,active,,\nT ,,,shops,closed,,\n"),
        "t.csv:4:1: error: id: terminal 'T       ' is already on line 2\n");
}
END_TEST

START_TEST(rows_must_be_whole)
{
    ck_assert_ptr_nonnull(strstr(terminals_told(TERMINALS "T,M\n"), "t.csv:2:1: error: 7 "));
    ck_assert_ptr_nonnull(strstr(terminals_told("id,merchant\n"), "t.csv:1:1: error: "));
    ck_assert_ptr_nonnull(strstr(terminals_told(TERMINALS "T,,,shops,active,,"), "truncated"));
    ck_assert_ptr_nonnull(strstr(terminals_told(TERMINALS "\"T,,,shops,active,,\n"), "t.csv:2:"));
}
END_TEST

START_TEST(cards_are_sorted_by_pan)
{
    struct card_settings *cards = NULL;
    uint32_t count = 0;
    told[0] = '\0';
    ck_assert_int_eq(card_file_parse(span_text(CARDS "5500000000000004,,0,0000\n"
                                                     "4111111111111111,2812,6,1234\n"),
                                     "c.csv", on_report, NULL, &cards, &count),
                     0);
    ck_assert_uint_eq(count, 2);
    ck_assert_str_eq(cards[0].pan, "4111111111111111");
    ck_assert_str_eq(cards[0].expiry, "2812");
    ck_assert_str_eq(cards[0].pvv, "1234");
    ck_assert_int_eq(cards[0].pvki, '6');
    ck_assert_str_eq(cards[1].expiry, "");
    free(cards);
}
END_TEST

START_TEST(every_field_of_a_card_is_checked)
{
    ck_assert_str_eq(cards_told(CARDS "411111111111,2812,1,1234\n"),
                     "c.csv:2:1: error: pan: not 13 to 19 digits\n");
    ck_assert_str_eq(cards_told(CARDS "41111111111111111111,2812,1,1234\n"),
                     "c.csv:2:1: error: pan: not 13 to 19 digits\n");
    ck_assert_str_eq(cards_told(CARDS "4111111111111111,2813,1,1234\n"),
                     "c.csv:2:18: error: expiry: neither YYMM nor empty\n");
    ck_assert_str_eq(cards_told(CARDS "4111111111111111,2812,7,1234\n"),
                     "c.csv:2:23: error: pvki: not a digit 0 to 6\n");
    ck_assert_str_eq(cards_told(CARDS "4111111111111111,2812,1,12a4\n"),
                     "c.csv:2:25: error: pvv: not 4 digits\n");
}
END_TEST

START_TEST(a_pan_is_shown_masked)
{
    ck_assert_str_eq(
        cards_told(CARDS "4111111111111111,2812,1,1234\n4111111111111111,2812,1,1234\n"),
        "c.csv:3:1: error: pan: card 411111******1111 is already on line 2\n");
    /* Columns swapped: the PAN stands where no PAN is expected. */
    ck_assert_ptr_null(strstr(cards_told(CARDS "2812,4111111111111111,1,1234\n"), "41111111"));
}
END_TEST

/* --- whole configurations ----------------------------------------------------------------------
 */

static char folder[] = "/tmp/config_test_XXXXXX";

static void file_write(const char *name, const char *text)
{
    char path[64];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static const char *path_of(const char *name)
{
    static char path[64];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void folder_make(void)
{
    memcpy(folder, "/tmp/config_test_XXXXXX", sizeof folder);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    told[0] = '\0';
    file_write("switch.yml",
               "hsm: {address: 127.0.0.1:1500}\n"
               "files: {terminals: terminals.csv, bins: bins.csv, cards: cards.csv}\n"
               "listeners: {pos: {address: 127.0.0.1:1, frame: len2, dialect: iso87_bcd}}\n"
               "groups: {shops: {identity: de12, acquirer: 1}}\n"
               "issuers: {mc: {id: 1}, visa: {id: 2}}\n"
               "links:\n"
               "  m: {issuer: mc, address: 127.0.0.1:2, frame: len2, dialect: iso87_ascii}\n"
               "  v: {issuer: visa, address: 127.0.0.1:3, frame: len2, dialect: iso87_ascii}\n");
    file_write("terminals.csv", TERMINALS "TERM0001,M,5411,shops,active,,\n");
    file_write("bins.csv", "prefix,issuer\n4,visa\n5,mc\n");
    file_write("cards.csv", CARDS "4111111111111111,2812,1,1234\n");
}

static void folder_remove(void)
{
    static const char *const names[] = {"switch.yml", "terminals.csv", "bins.csv", "cards.csv"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        (void)unlink(path_of(names[i]));
    }
    ck_assert_int_eq(rmdir(folder), 0);
}

START_TEST(files_are_found_beside_the_configuration)
{
    folder_make();
    struct config *config = NULL;
    int err = config_load(path_of("switch.yml"), &config, on_report, NULL);
    ck_assert_str_eq(told, "");
    ck_assert_int_eq(err, 0);
    ck_assert_str_eq(config->terminals_path, path_of("terminals.csv"));
    ck_assert_uint_eq(config->core.terminal_count, 1);
    ck_assert_uint_eq(config->core.card_count, 1);
    ck_assert_int_eq(routes_find(config->core.routes, SPAN_LITERAL("4111111111111111"), NULL), 1);
    ck_assert_int_eq(routes_find(config->core.routes, SPAN_LITERAL("5500000000000004"), NULL), 0);
    config_free(config);
    folder_remove();
}
END_TEST

START_TEST(all_files_are_told_in_one_run)
{
    folder_make();
    file_write("switch.yml",
               "hsm: {address: 127.0.0.1:0}\n"
               "files: {terminals: terminals.csv, bins: bins.csv, cards: cards.csv}\n");
    file_write("terminals.csv", TERMINALS "TERM0001,M,541,shops,active,,\n");
    file_write("bins.csv", "prefix,issuer\nx,visa\n");
    (void)unlink(path_of("cards.csv"));
    struct config *config = NULL;
    ck_assert_int_eq(config_load(path_of("switch.yml"), &config, on_report, NULL), ERR_CONFIG);
    ck_assert_ptr_null(config);
    ck_assert_ptr_nonnull(strstr(told, "switch.yml:1:16: error: hsm.address"));
    ck_assert_ptr_nonnull(strstr(told, "terminals.csv:2:12: error: mcc"));
    ck_assert_ptr_nonnull(strstr(told, "bins.csv:2:"));
    ck_assert_ptr_nonnull(strstr(told, "cards.csv: error: No such file"));
    folder_remove();
}
END_TEST

START_TEST(a_missing_file_is_an_error_of_input)
{
    folder_make();
    (void)unlink(path_of("terminals.csv"));
    struct config *config = NULL;
    ck_assert_int_eq(config_load(path_of("switch.yml"), &config, on_report, NULL), ERR_IO);
    ck_assert_int_eq(config_load(path_of("nothing.yml"), &config, on_report, NULL), ERR_IO);
    folder_remove();
}
END_TEST

START_TEST(the_memory_plan_adds_up)
{
    folder_make();
    struct config *config = NULL;
    ck_assert_int_eq(config_load(path_of("switch.yml"), &config, on_report, NULL), 0);
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    config_memory_plan(config, 8u << 20, out);
    ck_assert_int_eq(fclose(out), 0);
    ck_assert_ptr_nonnull(strstr(text, "  transaction slots      4096      8.0 MiB\n"));
    ck_assert_ptr_nonnull(strstr(text, "4.0 GiB of address space"));
    free(text);
    config_free(config);
    folder_remove();
}
END_TEST

SUITE_MAIN("config_files", terminals_are_sorted_and_their_ids_filled,
           every_field_of_a_terminal_is_checked, a_key_of_a_terminal_is_not_shown,
           a_terminal_twice_is_told_with_both_lines, rows_must_be_whole, cards_are_sorted_by_pan,
           every_field_of_a_card_is_checked, a_pan_is_shown_masked,
           files_are_found_beside_the_configuration, all_files_are_told_in_one_run,
           a_missing_file_is_an_error_of_input, the_memory_plan_adds_up)
