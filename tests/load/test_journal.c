/* The journal file: what is in it after good ends, bad ends and restarts. */
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/load/audit.h"
#include "tests/load/journal.h"
#include "tests/load/support.h"

static struct support support;
static char path[SUPPORT_PATH_CAP];

/* What journal_open() told of the lines that are there. */
static struct {
    uint32_t count;
    uint32_t stan;
    char terminal[9];
} told;

static void setup_dir(void)
{
    support_init(&support);
    support_path(&support, "journal", path);
    memset(&told, 0, sizeof told);
}

static void teardown_dir(void)
{
    support_deinit(&support);
}

static void on_line(void *user, struct span terminal, uint32_t stan)
{
    (void)user;
    told.count++;
    told.stan = stan;
    ck_assert_uint_eq(terminal.len, 8);
    memcpy(told.terminal, terminal.ptr, 8);
}

static struct journal_line line_make(enum journal_event event, uint32_t stan)
{
    return (struct journal_line){.time_ms = 1795164000123,
                                 .event = event,
                                 .terminal = "T0000001",
                                 .stan = stan,
                                 .sent_stan = stan,
                                 .mti = 0x0200,
                                 .date = "1120",
                                 .time = "084000",
                                 .de7 = "1120084000",
                                 .amount_minor = 1234,
                                 .currency = 978,
                                 .proc = "000000",
                                 .pan_masked = "411111******1111",
                                 .pan_hash = "0011223344556677",
                                 .code = "00",
                                 .auth = "A1B2C3",
                                 .rrn = "632400000017"};
}

static void lines_write(uint32_t first, uint32_t count)
{
    struct journal journal;
    ck_assert_int_eq(journal_open(&journal, path, on_line, NULL), 0);
    for (uint32_t i = 0; i < count; i++) {
        struct journal_line line = line_make(JOURNAL_SENT, first + i);
        journal_put(&journal, &line);
    }
    ck_assert_int_eq(journal_sync(&journal), 0);
    journal_close(&journal);
}

static off_t size_of_file(void)
{
    struct stat stat_;
    ck_assert_int_eq(stat(path, &stat_), 0);
    return stat_.st_size;
}

/* The whole file as text; the caller frees it. */
static char *file_text(void)
{
    size_t len = (size_t)size_of_file();
    char *text = calloc(1, len + 1);
    FILE *file = fopen(path, "r");
    ck_assert(text != NULL && file != NULL);
    ck_assert_uint_eq(fread(text, 1, len, file), len);
    fclose(file);
    return text;
}

static uint32_t audited_count(void)
{
    struct audit audit;
    audit_init(&audit);
    ck_assert_int_eq(audit_read_terminals(&audit, path), 0);
    uint32_t count = audit.sale_count;
    audit_deinit(&audit);
    return count;
}

START_TEST(line_is_what_the_header_says)
{
    lines_write(17, 1);
    char *text = file_text();
    const char *line =
        "1795164000123\tSENT\tT0000001\t000017\t000017\t0200\t1120\t084000\t1120084000"
        "\t1234\t978\t000000\t411111******1111\t0011223344556677\t00\tA1B2C3\t"
        "632400000017\n";
    ck_assert_ptr_nonnull(strstr(text, line));
    ck_assert_int_eq(strncmp(text, "#terminal-journal v=1 salt=", 27), 0);
    ck_assert_ptr_nonnull(strstr(text, "\ntime_ms\tevent\tterminal\tstan\tsent_stan\tmti\t"));
    free(text);
}
END_TEST

START_TEST(nothing_is_a_dash)
{
    struct journal journal;
    ck_assert_int_eq(journal_open(&journal, path, on_line, NULL), 0);
    struct journal_line line = line_make(JOURNAL_GAVE_UP, 5);
    line.code = NULL;
    line.auth = "";
    line.rrn = NULL;
    journal_put(&journal, &line);
    journal_close(&journal);
    char *text = file_text();
    ck_assert_ptr_nonnull(strstr(text, "0011223344556677\t-\t-\t-\n"));
    free(text);
}
END_TEST

START_TEST(line_is_on_disk_only_after_the_sync)
{
    struct journal journal;
    ck_assert_int_eq(journal_open(&journal, path, on_line, NULL), 0);
    off_t before = size_of_file();
    struct journal_line line = line_make(JOURNAL_SENT, 1);
    journal_put(&journal, &line);
    ck_assert_int_eq(size_of_file(), before);
    ck_assert_int_eq(journal_sync(&journal), 0);
    ck_assert_int_gt(size_of_file(), before);
    journal_close(&journal);
}
END_TEST

START_TEST(restart_is_told_every_line_and_keeps_the_salt)
{
    struct journal journal;
    char salt[JOURNAL_SALT_LEN + 1];
    ck_assert_int_eq(journal_open(&journal, path, on_line, NULL), 0);
    memcpy(salt, journal.salt, sizeof salt);
    journal_close(&journal);
    lines_write(1, 3);
    ck_assert_uint_eq(told.count, 0);
    ck_assert_int_eq(journal_open(&journal, path, on_line, NULL), 0);
    ck_assert_uint_eq(told.count, 3);
    ck_assert_uint_eq(told.stan, 3);
    ck_assert_str_eq(told.terminal, "T0000001");
    ck_assert_str_eq(journal.salt, salt);
    journal_close(&journal);
}
END_TEST

/* Cut the last line at every byte: what is left is always the lines before it, and goes on. */
START_TEST(torn_last_line_is_cut_wherever_it_was_torn)
{
    lines_write(1, 2);
    off_t two = size_of_file();
    lines_write(3, 1);
    off_t three = size_of_file();
    for (off_t size = two + 1; size < three; size++) {
        ck_assert_int_eq(truncate(path, size), 0);
        ck_assert_uint_eq(audited_count(), 2);
        memset(&told, 0, sizeof told);
        lines_write(3, 1);
        ck_assert_uint_eq(told.count, 2);
        ck_assert_int_eq(size_of_file(), three);
        ck_assert_uint_eq(audited_count(), 3);
    }
}
END_TEST

START_TEST(more_lines_than_the_buffer_holds_are_all_there)
{
    lines_write(1, 20000);
    ck_assert_int_gt(size_of_file(), 2 * JOURNAL_BUFFER_LEN);
    ck_assert_uint_eq(audited_count(), 20000);
}
END_TEST

START_TEST(another_file_is_not_taken_for_a_journal)
{
    struct journal journal;
    support_write(&support, "journal", "pan,expiry\n4111111111111111,3001\n");
    ck_assert_int_eq(journal_open(&journal, path, on_line, NULL), ERR_CONFIG);
    journal_close(&journal);
}
END_TEST

START_TEST(no_journal_is_no_error)
{
    struct journal journal;
    struct journal_line line = line_make(JOURNAL_SENT, 1);
    ck_assert_int_eq(journal_open(&journal, NULL, on_line, NULL), 0);
    journal_put(&journal, &line);
    ck_assert_int_eq(journal_sync(&journal), 0);
    journal_close(&journal);
}
END_TEST

START_TEST(event_names_are_found)
{
    ck_assert_int_eq(journal_event_find(SPAN_LITERAL("SENT")), JOURNAL_SENT);
    ck_assert_int_eq(journal_event_find(SPAN_LITERAL("GAVE_UP")), JOURNAL_GAVE_UP);
    ck_assert_int_eq(journal_event_find(SPAN_LITERAL("SEN")), -1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("journal");
    TCase *file = tcase_create("file");
    tcase_add_checked_fixture(file, setup_dir, teardown_dir);
    tcase_set_timeout(file, 60);
    tcase_add_test(file, line_is_what_the_header_says);
    tcase_add_test(file, nothing_is_a_dash);
    tcase_add_test(file, line_is_on_disk_only_after_the_sync);
    tcase_add_test(file, restart_is_told_every_line_and_keeps_the_salt);
    tcase_add_test(file, torn_last_line_is_cut_wherever_it_was_torn);
    tcase_add_test(file, more_lines_than_the_buffer_holds_are_all_there);
    tcase_add_test(file, another_file_is_not_taken_for_a_journal);
    tcase_add_test(file, no_journal_is_no_error);
    tcase_add_test(file, event_names_are_found);
    suite_add_tcase(suite, file);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
