/* The journal as a file: what a restart finds after every way of ending. */
#include "routes/stub_journal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/iso8583/suite.h"
#include "tests/unit/routes/collect.h"

static const struct stub_account accounts[] = {
    {"4111111111111111", "3012", false, "978", "1234", 1000000, 0, 0}};
static char directory[] = "/tmp/test_stub_journal.XXXXXX";
static char path[64];
static struct collected collected;
static struct stub *stub;

static void setup(void)
{
    memcpy(directory + sizeof directory - 7, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(directory));
    (void)snprintf(path, sizeof path, "%s/journal", directory);
}

static void teardown(void)
{
    stub_close(stub);
    stub = NULL;
    unlink(path);
    rmdir(directory);
}

/* A new stub that has read what the file says. */
static int reopen(struct stub_journal **out)
{
    struct stub_settings settings = {.seed = 1, .posted_max = 64};
    size_t duplicate = 0;
    stub_close(stub);
    stub = NULL;
    collected = (struct collected){0};
    ck_assert_int_eq(stub_open(&settings, accounts, 1, NULL, &stub, &duplicate), 0);
    return journal_open(path, stub, collect, &collected, out);
}

static int64_t balance(void)
{
    return stub_account_find(stub, span_text(accounts[0].pan))->balance_minor;
}

static void purchase(struct stub_journal *journal, const char *stan)
{
    static struct stub_verdict verdict;
    struct iso_msg msg;
    iso_init(&msg, 0x0200);
    iso_set(&msg, 2, span_text(accounts[0].pan));
    iso_set(&msg, 3, SPAN_LITERAL("000000"));
    iso_set(&msg, 4, SPAN_LITERAL("000000000100"));
    iso_set(&msg, 11, span_text(stan));
    stub_answer(stub, &msg, 1795262400000, &verdict);
    for (unsigned i = 0; i < verdict.entry_count; i++) {
        journal_append(journal, &verdict.entry[i]);
    }
}

static off_t file_len(void)
{
    int fd = open(path, O_RDONLY);
    off_t len = lseek(fd, 0, SEEK_END);
    close(fd);
    return len;
}

static void file_append(const char *text)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

START_TEST(what_was_synced_is_there_after_a_restart)
{
    struct stub_journal *journal = NULL;
    ck_assert_int_eq(reopen(&journal), 0);
    purchase(journal, "000001");
    purchase(journal, "000002");
    ck_assert_int_eq(journal_sync(journal), 0);
    purchase(journal, "000003"); /* not synced: was never answered */
    journal_close(journal);
    ck_assert_int_eq(reopen(&journal), 0);
    ck_assert_int_eq(balance(), 1000000 - 200);
    purchase(journal, "000002"); /* a repeat */
    purchase(journal, "000004");
    ck_assert_int_eq(journal_sync(journal), 0);
    journal_close(journal);
    ck_assert_int_eq(reopen(&journal), 0);
    ck_assert_int_eq(balance(), 1000000 - 300);
    journal_close(journal);
}
END_TEST

START_TEST(nothing_to_sync_writes_nothing)
{
    struct stub_journal *journal = NULL;
    ck_assert_int_eq(reopen(&journal), 0);
    off_t len = file_len();
    ck_assert_int_eq(len, sizeof STUB_JOURNAL_HEADER - 1);
    ck_assert_int_eq(journal_sync(journal), 0);
    ck_assert_int_eq(file_len(), len);
    journal_close(journal);
}
END_TEST

/* Cut the file at every byte: what is whole counts, what is not is gone, and it goes on from there.
 */
START_TEST(file_cut_at_any_byte_is_taken_up_again)
{
    struct stub_journal *journal = NULL;
    ck_assert_int_eq(reopen(&journal), 0);
    off_t header_len = file_len();
    purchase(journal, "000001");
    ck_assert_int_eq(journal_sync(journal), 0);
    off_t first_len = file_len();
    purchase(journal, "000002");
    ck_assert_int_eq(journal_sync(journal), 0);
    off_t whole_len = file_len();
    journal_close(journal);
    for (off_t len = whole_len; len >= 0; len--) {
        ck_assert_int_eq(truncate(path, len), 0);
        ck_assert_int_eq(reopen(&journal), 0);
        ck_assert_int_eq(balance(), len == whole_len   ? 1000000 - 200
                                    : len >= first_len ? 1000000 - 100
                                                       : 1000000);
        ck_assert_int_eq(file_len(), len == whole_len   ? whole_len
                                     : len >= first_len ? first_len
                                                        : header_len);
        journal_close(journal);
    }
}
END_TEST

START_TEST(more_than_a_buffer_of_entries_is_written_in_order)
{
    struct stub_journal *journal = NULL;
    ck_assert_int_eq(reopen(&journal), 0);
    for (unsigned i = 0; i < 9000; i++) {
        char stan[7];
        (void)snprintf(stan, sizeof stan, "%06u", i);
        purchase(journal, stan);
    }
    ck_assert_int_eq(journal_sync(journal), 0);
    journal_close(journal);
    ck_assert_int_eq(reopen(&journal), 0);
    ck_assert_int_eq(balance(), 1000000 - 9000 * 100);
    journal_close(journal);
}
END_TEST

START_TEST(damaged_line_is_told_with_its_place)
{
    struct stub_journal *journal = NULL;
    ck_assert_int_eq(reopen(&journal), 0);
    journal_close(journal);
    file_append("X\n");
    ck_assert_int_eq(reopen(&journal), ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(collected.text, "journal:2:1: error: a journal line has 15"));
}
END_TEST

START_TEST(other_file_is_not_taken_for_a_journal)
{
    struct stub_journal *journal = NULL;
    file_append("prefix,issuer\n");
    ck_assert_int_eq(reopen(&journal), ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(collected.text, "journal:1:1: error: this is no journal"));
    ck_assert_int_eq(file_len(), 14);
}
END_TEST

START_TEST(full_disk_fails_the_sync_for_good)
{
    struct stub_journal *journal = NULL;
    (void)snprintf(path, sizeof path, "/dev/full");
    ck_assert_int_eq(reopen(&journal), ERR_IO);
    (void)snprintf(path, sizeof path, "%s/none/journal", directory);
    ck_assert_int_eq(reopen(&journal), ERR_IO);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("stub_journal");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, what_was_synced_is_there_after_a_restart);
    tcase_add_test(tcase, nothing_to_sync_writes_nothing);
    tcase_add_test(tcase, file_cut_at_any_byte_is_taken_up_again);
    tcase_add_test(tcase, more_than_a_buffer_of_entries_is_written_in_order);
    tcase_add_test(tcase, damaged_line_is_told_with_its_place);
    tcase_add_test(tcase, other_file_is_not_taken_for_a_journal);
    tcase_add_test(tcase, full_disk_fails_the_sync_for_good);
    Suite *suite = suite_create("stub_journal");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
