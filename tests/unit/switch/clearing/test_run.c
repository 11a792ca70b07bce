/* Goal: a day is presented exactly once, whatever dies between the steps. Method: a real store; a
 * run is stopped after each step and run again. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/switch/clearing/cut.h"

START_TEST(published_day_reads_as_what_was_approved)
{
    struct oracle oracle;
    struct oracle_record record;
    unsigned count = 0;
    long sum = 0;
    char value[100];
    busy_day();
    ck_assert_msg(run(STORE_DAY) == 0, "%s", result.why);
    size_t len = file_read("20261120_00001.ipm", bytes[0]);
    oracle_open(&oracle, bytes[0], len);
    while (oracle_next(&oracle, &record)) {
        count++;
        ck_assert_int_eq(strtol(record.element[71], NULL, 10), count);
        if (strcmp(record.mti, "1240") == 0) {
            sum += strtol(record.element[4], NULL, 10);
            ck_assert_str_eq(record.element[2], "4111111111111111");
            bool bank = strcmp(record.element[49], "978") == 0;
            ck_assert_str_eq(record.element[93], bank ? "54321" : "0");
            ck_assert_str_ne(record.element[4], "000000000999");
        }
    }
    oracle_close(&oracle);
    ck_assert_uint_eq(count, 6);
    ck_assert_int_eq(sum, 1250 + 300 + 500000 + 1);
    ck_assert_str_eq(record.element[24], "695");
    ck_assert(oracle_pds(&record, "0301", value));
    ck_assert_int_eq(strtol(value, NULL, 10), sum);
    ck_assert(oracle_pds(&record, "0306", value));
    ck_assert_str_eq(value, "00000006");
    ck_assert_uint_eq(result.manifest.items, 4);
    ck_assert(!result.again);
}
END_TEST

START_TEST(totals_file_is_the_documented_text)
{
    busy_day();
    ck_assert_int_eq(run(STORE_DAY), 0);
    size_t len = file_read("20261120_totals.csv", bytes[0]);
    bytes[0][len] = '\0';
#define ROW(rest) "20261120,0022611201234567890100001," rest "\n"
    ck_assert_str_eq(
        (char *)bytes[0],
        "business_day,file_id,issuer,acquirer,currency,exponent,kind,count,"
        "amount_minor\n" ROW("bank,00000012345,978,2,S,2,1251") ROW(
            "bank,00000012345,978,2,R,1,300") ROW("bank,00000012345,978,2,NET,3,951")
            ROW("bank,00000012345,978,2,CARRIED_IN,0,0") ROW(
                "bank,00000012345,978,2,APPROVED,4,1950") ROW("bank,00000012345,978,2,NETTED,1,999")
                ROW("bank,00000012345,978,2,PRESENTED,3,951")
                    ROW("bank,00000012345,978,2,CARRIED_OUT,0,0")
                        ROW("bank,00000012345,978,2,DIFFERENCE,0,0")
                            ROW("visa,00000012345,392,0,S,1,500000")
                                ROW("visa,00000012345,392,0,NET,1,500000")
                                    ROW("visa,00000012345,392,0,CARRIED_IN,0,0")
                                        ROW("visa,00000012345,392,0,APPROVED,1,500000")
                                            ROW("visa,00000012345,392,0,NETTED,0,0") ROW(
                                                "visa,00000012345,392,0,PRESENTED,1,500000")
                                                ROW("visa,00000012345,392,0,CARRIED_OUT,0,0")
                                                    ROW("visa,00000012345,392,0,DIFFERENCE,0,0"));
}
END_TEST

START_TEST(run_killed_after_any_step_ends_with_the_same_bytes_published_once)
{
    static const char *const names[] = {"20261120_00001.ipm", "20261120_00001.csv",
                                        "20261120_totals.csv", "20261120_manifest.json"};
    char text[4096] = "";
    busy_day();
    if (_i >= 0) {
        /* The clock of the second run is another one: the bytes may not know. */
        ck_assert_int_eq(run_to(STORE_DAY, (enum run_step)_i, "12345678901", 1795199999000), 0);
        store_day_release(day);
        store_day_resume(day);
    }
    ck_assert_msg(run_to(STORE_DAY, RUN_PUBLISHED, "12345678901", 1795399999000) == 0, "%s",
                  result.why);
    ck_assert_int_eq(result.again, _i == RUN_PUBLISHED);
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        size_t len = file_read(names[i], bytes[0]);
        ck_assert_int_eq(run_to(STORE_DAY, RUN_PUBLISHED, "12345678901", 1795499999000), 0);
        ck_assert(result.again);
        ck_assert_uint_eq(file_read(names[i], bytes[1]), len);
        ck_assert_mem_eq(bytes[0], bytes[1], len);
    }
    ck_assert_uint_eq(files_count(".ipm"), 1);
    ck_assert_uint_eq(files_count(""), 4);
    ck_assert_msg(faults(true, text, sizeof text) == 0, "%s", text);
    /* The creation time is that of the run that assigned. */
    ck_assert_int_eq(result.manifest.created_ms, 1795399999000 - (_i >= 0 ? 200000000 : 0));
}
END_TEST

START_TEST(day_that_is_not_drained_is_refused_and_says_why)
{
    struct record open;
    (void)store_day_approve(day, 'S', 1250, "bank", 978);
    ck_assert_int_eq(run(STORE_DAY), 1);
    ck_assert_ptr_nonnull(strstr(result.why, "is OPEN"));
    open = store_day_leave_open(day);
    store_day_cutover(day, NEXT_DAY);
    ck_assert_int_eq(run(STORE_DAY), 1);
    ck_assert_ptr_nonnull(strstr(result.why, "DRAINING with 1 transactions open"));
    ck_assert_int_eq(run(20251120), 1);
    ck_assert_ptr_nonnull(strstr(result.why, "no such day"));
    ck_assert_uint_eq(files_count(""), 0);
    (void)open;
}
END_TEST

START_TEST(empty_day_is_a_header_and_a_trailer)
{
    char text[4096] = "";
    struct oracle oracle;
    struct oracle_record record;
    store_day_cutover(day, NEXT_DAY);
    ck_assert_int_eq(run(STORE_DAY), 0);
    size_t len = file_read("20261120_00001.ipm", bytes[0]);
    ck_assert_uint_eq(len, 1014);
    oracle_open(&oracle, bytes[0], len);
    ck_assert(oracle_next(&oracle, &record));
    ck_assert(oracle_next(&oracle, &record));
    ck_assert(!oracle_next(&oracle, &record));
    oracle_close(&oracle);
    ck_assert_msg(faults(true, text, sizeof text) == 0, "%s", text);
}
END_TEST

START_TEST(late_reversal_is_an_item_of_the_next_day_and_leaves_the_first_file_alone)
{
    char text[4096] = "";
    char value[100];
    char arn[24];
    struct oracle oracle;
    struct oracle_record record;
    struct record sale = store_day_approve(day, 'S', 1250, "bank", 978);
    store_day_cutover(day, NEXT_DAY);
    ck_assert_int_eq(run(STORE_DAY), 0);
    size_t len = file_read("20261120_00001.ipm", bytes[0]);
    oracle_open(&oracle, bytes[0], len);
    ck_assert(oracle_next(&oracle, &record));
    ck_assert(oracle_next(&oracle, &record));
    memcpy(arn, record.element[31], sizeof arn);
    oracle_close(&oracle);

    store_day_reverse(day, &sale);
    store_day_cutover(day, NEXT_NEXT_DAY);
    ck_assert_msg(run(NEXT_DAY) == 0, "%s", result.why);
    uint32_t count = 0;
    const struct totals_line *line = totals_lines(result.totals, &count);
    ck_assert_uint_eq(count, 1);
    ck_assert_int_eq(totals_net(line).minor, -1250);
    size_t next_len = file_read("20261121_00002.ipm", bytes[1]);
    oracle_open(&oracle, bytes[1], next_len);
    ck_assert(oracle_next(&oracle, &record));
    ck_assert(oracle_next(&oracle, &record));
    ck_assert_str_eq(record.element[31], arn);
    ck_assert(oracle_pds(&record, "0025", value));
    ck_assert_str_eq(value, "R261120");
    oracle_close(&oracle);
    ck_assert_uint_eq(file_read("20261120_00001.ipm", bytes[1]), len);
    ck_assert_mem_eq(bytes[0], bytes[1], len);
    ck_assert_msg(faults(true, text, sizeof text) == 0, "%s", text);
}
END_TEST

START_TEST(other_options_never_change_a_published_file)
{
    busy_day();
    ck_assert_int_eq(run(STORE_DAY), 0);
    size_t len = file_read("20261120_00001.ipm", bytes[0]);
    ck_assert_int_eq(run_to(STORE_DAY, RUN_PUBLISHED, "00000000001", STORE_DAY_NOON_MS), 1);
    ck_assert_ptr_nonnull(strstr(result.why, "--processor-id"));
    ck_assert_uint_eq(file_read("20261120_00001.ipm", bytes[1]), len);
    ck_assert_mem_eq(bytes[0], bytes[1], len);
    ck_assert_uint_eq(files_count(".tmp"), 0);
}
END_TEST

START_TEST(option_may_be_corrected_until_the_file_has_its_name)
{
    char text[4096] = "";
    busy_day();
    ck_assert_int_eq(run_to(STORE_DAY, RUN_BUILT, "00000000001", STORE_DAY_NOON_MS), 0);
    ck_assert_int_eq(run(STORE_DAY), 0);
    ck_assert_msg(faults(true, text, sizeof text) == 0, "%s", text);
}
END_TEST

START_TEST(files_that_the_store_does_not_know_stop_the_cut)
{
    busy_day();
    file_write("20261120_manifest.json", (const uint8_t *)"{}\n", 3);
    ck_assert_int_eq(run(STORE_DAY), 1);
    ck_assert_ptr_nonnull(strstr(result.why, "backup"));
}
END_TEST

START_TEST(second_run_at_the_same_time_leaves_with_a_message)
{
    busy_day();
    int fd = open(day->out, O_RDONLY | O_DIRECTORY);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(flock(fd, LOCK_EX), 0);
    ck_assert_int_eq(run(STORE_DAY), 1);
    ck_assert_ptr_nonnull(strstr(result.why, "another run"));
    (void)close(fd);
    ck_assert_int_eq(run(STORE_DAY), 0);
}
END_TEST

START_TEST(clear_pans_are_in_the_ipm_file_alone_and_files_are_private)
{
    static const char *const names[] = {"20261120_00001.csv", "20261120_totals.csv",
                                        "20261120_manifest.json", "20261120_00001.ipm"};
    busy_day();
    ck_assert_int_eq(run(STORE_DAY), 0);
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        char path[256];
        struct stat stat_of;
        size_t len = file_read(names[i], bytes[0]);
        bool found = memmem(bytes[0], len, "4111111111111111", 16) != NULL;
        ck_assert_int_eq(found, i == 3);
        (void)snprintf(path, sizeof path, "%s/%s", day->out, names[i]);
        ck_assert_int_eq(stat(path, &stat_of), 0);
        ck_assert_uint_eq(stat_of.st_mode & 0777, 0600);
    }
}
END_TEST

START_TEST(directory_that_cannot_be_written_leaves_the_day_uncut)
{
    size_t count = 0;
    uint32_t days[4];
    busy_day();
    ck_assert_int_eq(rmdir(day->out), 0);
    ck_assert_int_eq(run(STORE_DAY), ERR_IO);
    ck_assert_int_eq(run_days(store_kv(day->store), DAY_DRAINED, days, 4, &count), 0);
    ck_assert_uint_eq(count, 1);
    ck_assert_uint_eq(days[0], STORE_DAY);
    ck_assert_int_eq(mkdir(day->out, 0700), 0);
    ck_assert_int_eq(run(STORE_DAY), 0);
    ck_assert_int_eq(run_days(store_kv(day->store), DAY_DRAINED, days, 4, &count), 0);
    ck_assert_uint_eq(count, 0);
}
END_TEST

START_TEST(many_items_stream_through_blocks_and_verify)
{
    char text[4096] = "";
    for (unsigned i = 0; i < 150; i++) {
        (void)store_day_approve(day, i % 7 == 0 ? 'R' : 'S', 100 + i, i % 3 == 0 ? "bank" : "visa",
                                978);
    }
    store_day_cutover(day, NEXT_DAY);
    ck_assert_msg(run(STORE_DAY) == 0, "%s", result.why);
    ck_assert_uint_eq(result.manifest.items, 150);
    ck_assert_uint_eq(result.manifest.records, 152);
    ck_assert_uint_eq(result.manifest.hash_total, 150 * 100 + 149 * 75);
    ck_assert_msg(faults(true, text, sizeof text) == 0, "%s", text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("run");
    TCase *tcase = tcase_create("run");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, cut_setup, cut_teardown);
    tcase_add_test(tcase, published_day_reads_as_what_was_approved);
    tcase_add_test(tcase, totals_file_is_the_documented_text);
    tcase_add_loop_test(tcase, run_killed_after_any_step_ends_with_the_same_bytes_published_once,
                        -1, RUN_PUBLISHED + 1);
    tcase_add_test(tcase, day_that_is_not_drained_is_refused_and_says_why);
    tcase_add_test(tcase, empty_day_is_a_header_and_a_trailer);
    tcase_add_test(tcase, late_reversal_is_an_item_of_the_next_day_and_leaves_the_first_file_alone);
    tcase_add_test(tcase, other_options_never_change_a_published_file);
    tcase_add_test(tcase, option_may_be_corrected_until_the_file_has_its_name);
    tcase_add_test(tcase, files_that_the_store_does_not_know_stop_the_cut);
    tcase_add_test(tcase, second_run_at_the_same_time_leaves_with_a_message);
    tcase_add_test(tcase, clear_pans_are_in_the_ipm_file_alone_and_files_are_private);
    tcase_add_test(tcase, directory_that_cannot_be_written_leaves_the_day_uncut);
    tcase_add_test(tcase, many_items_stream_through_blocks_and_verify);
    suite_add_tcase(suite, tcase);
    return row_main(suite);
}
