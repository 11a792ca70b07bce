#include "routes/stub_entry.h"

#include <stdlib.h>

#include "tests/unit/iso8583/suite.h"
#include "tests/unit/routes/collect.h"

static struct collected collected;

static int read_line(const char *line, struct stub_entry *out)
{
    collected = (struct collected){0};
    struct source source = {"j", span_text(line), collect, &collected, 0};
    return entry_read(&source, 1, span_text(line), out);
}

/* The format is read by others, too: this is what it looks like. */
#define LINE_POSTED                                                                                \
    "P\t1795262400000\t0200\t000017\t1121120000\t632512000017\tTERM0001\t2500\t978\t000000\t"      \
    "331204\t00\t1\t411111******1111\t-"
#define LINE_REVERSED                                                                              \
    "R\t1795262400000\t0200\t000017\t1121120000\t632512000017\tTERM "                              \
    "1\t999999999999\t978\t000000\t"                                                               \
    "331204\t00\t1\t411111******1111\t0421:000018"
#define LINE_TOMB "T\t0\t0000\t000017\t-\t-\t-\t0\t-\t-\t-\t25\t0\t-\t0420:000018"
static const char *const lines[] = {LINE_POSTED, LINE_REVERSED, LINE_TOMB};

START_TEST(lines_go_there_and_back)
{
    struct stub_entry entry;
    char text[STUB_ENTRY_LEN_MAX];
    struct writer out = writer_make(text, sizeof text);
    ck_assert_int_eq(read_line(lines[_i], &entry), 0);
    entry_write(&entry, &out);
    ck_assert(!out.overflow);
    ck_assert_uint_eq(out.len, strlen(lines[_i]) + 1);
    ck_assert(memcmp(text, lines[_i], out.len - 1) == 0);
    ck_assert_int_eq(text[out.len - 1], '\n');
}
END_TEST

START_TEST(columns_are_what_the_header_says)
{
    struct stub_entry entry;
    ck_assert_int_eq(read_line(lines[1], &entry), 0);
    ck_assert_int_eq(entry.event, STUB_REVERSED);
    ck_assert_uint_eq(entry.name.mti, 0x0200);
    ck_assert(memcmp(entry.name.terminal, "TERM 1  ", 8) == 0);
    ck_assert_int_eq(entry.amount_minor, 999999999999);
    ck_assert_uint_eq(entry.by_mti, 0x0421);
    ck_assert(memcmp(entry.by_stan, "000018", 6) == 0);
    ck_assert_int_eq(read_line(lines[2], &entry), 0);
    ck_assert(text_is_blank(entry.name.de7, sizeof entry.name.de7));
    size_t tabs = 0;
    size_t header_tabs = 0;
    for (const char *p = lines[0]; *p != '\0'; p++) {
        tabs += *p == '\t' ? 1 : 0;
    }
    for (const char *p = STUB_JOURNAL_HEADER; *p != '\0'; p++) {
        header_tabs += *p == '\t' ? 1 : 0;
    }
    ck_assert_uint_eq(tabs, header_tabs);
}
END_TEST

START_TEST(any_damaged_column_is_refused_with_its_place)
{
    /* Put something impossible into each column in turn. */
    for (size_t column = 0; column < 15; column++) {
        static const char impossible[] = "?????????????????????????????????????????????";
        char text[512] = "";
        size_t at = 0;
        size_t col = 1;
        for (size_t i = 0; i < 15; i++) {
            size_t len = strcspn(lines[0] + at, "\t");
            char cell[64];
            (void)snprintf(cell, sizeof cell, "%.*s", (int)len, lines[0] + at);
            if (i == column) {
                col = strlen(text) + 1;
            }
            text_append(text, sizeof text, i == column ? impossible : cell);
            text_append(text, sizeof text, i < 14 ? "\t" : "");
            at += len + 1;
        }
        struct stub_entry entry;
        int status = read_line(text, &entry);
        if (column == 13) {
            ck_assert_int_eq(status, 0); /* pan: what is not the account's is refused in replay */
            continue;
        }
        char place[32];
        (void)snprintf(place, sizeof place, "j:1:%zu: error: ", col);
        ck_assert_msg(status == ERR_CONFIG, "column %zu", column);
        ck_assert_msg(strstr(collected.text, place) == collected.text, "column %zu: %s", column,
                      collected.text);
    }
    struct stub_entry entry;
    ck_assert_int_eq(read_line("P\t1", &entry), ERR_CONFIG);
    char longer[512] = "";
    text_append(longer, sizeof longer, lines[0]);
    text_append(longer, sizeof longer, "\tx");
    ck_assert_int_eq(read_line(longer, &entry), ERR_CONFIG);
}
END_TEST

static int parse_accounts(const char *text, struct stub_account **out, size_t *count)
{
    collected = (struct collected){0};
    struct source source = {"accounts.csv", span_text(text), collect, &collected, 0};
    return accounts_parse(&source, out, count);
}

#define ACCOUNTS_HEADER "pan,expiry,status,balance_minor,limit_minor,currency,pvv\n"

START_TEST(accounts_are_read)
{
    struct stub_account *account = NULL;
    size_t count = 0;
    ck_assert_int_eq(parse_accounts(ACCOUNTS_HEADER
                                    "4111111111111111,3012,active,-100,50000,978,1234\n"
                                    "400000000002,2601,blocked,999999999999,0,840,\n",
                                    &account, &count),
                     0);
    ck_assert_uint_eq(count, 2);
    ck_assert_str_eq(account[0].pan, "4111111111111111");
    ck_assert_int_eq(account[0].balance_minor, -100);
    ck_assert_int_eq(account[0].limit_minor, 50000);
    ck_assert_str_eq(account[0].pvv, "1234");
    ck_assert(!account[0].blocked);
    ck_assert(account[1].blocked);
    ck_assert_str_eq(account[1].pvv, "");
    ck_assert_str_eq(account[1].currency, "840");
    free(account);
}
END_TEST

static const char *const bad_accounts[][2] = {
    {"411111111111111x,3012,active,1,1,978,\n", "2:1: error: a card number is 12 to 19 digits"},
    {"41111111111,3012,active,1,1,978,\n", "2:1: error: a card number is 12 to 19 digits"},
    {"4111111111111111,3013,active,1,1,978,\n", "2:18: error: an expiry is YYMM"},
    {"4111111111111111,3000,active,1,1,978,\n", "2:18: error: an expiry is YYMM"},
    {"4111111111111111,12/30,active,1,1,978,\n", "2:18: error: an expiry is YYMM"},
    {"4111111111111111,3012,lost,1,1,978,\n", "2:23: error: a status is active or blocked"},
    {"4111111111111111,3012,active,1.0,1,978,\n", "2:30: error: an amount is up to 12 digits"},
    {"4111111111111111,3012,active,1,1000000000000,978,\n", "2:32: error: an amount is up to 12"},
    {"4111111111111111,3012,active,1,1,EUR,\n", "2:34: error: a currency is three digits"},
    {"4111111111111111,3012,active,1,1,978,12345\n", "2:38: error: a PVV is four digits"},
};

START_TEST(bad_account_is_told_with_its_place_and_without_its_number)
{
    struct stub_account *account = NULL;
    size_t count = 0;
    char text[256] = ACCOUNTS_HEADER;
    text_append(text, sizeof text, bad_accounts[_i][0]);
    ck_assert_int_eq(parse_accounts(text, &account, &count), ERR_CONFIG);
    ck_assert_uint_eq(collected.count, 1);
    ck_assert_msg(strncmp(collected.text + strlen("accounts.csv:"), bad_accounts[_i][1],
                          strlen(bad_accounts[_i][1])) == 0,
                  "%s", collected.text);
    ck_assert_ptr_null(strstr(collected.text, "4111111111111111"));
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("stub_entry");
    tcase_add_loop_test(tcase, lines_go_there_and_back, 0, (int)ARRAY_COUNT(lines));
    tcase_add_test(tcase, columns_are_what_the_header_says);
    tcase_add_test(tcase, any_damaged_column_is_refused_with_its_place);
    tcase_add_test(tcase, accounts_are_read);
    tcase_add_loop_test(tcase, bad_account_is_told_with_its_place_and_without_its_number, 0,
                        (int)ARRAY_COUNT(bad_accounts));
    Suite *suite = suite_create("stub_entry");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
