/* Goal: a day is presented exactly once, whatever dies between the steps, and what happens to the
 * files later is found. Method: a real store; a run is stopped after each step and run again. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "switch/clearing/run.h"
#include "switch/clearing/snapshot.h"
#include "switch/clearing/verify.h"
#include "tests/unit/switch/clearing/rows.h"
#include "tests/unit/switch/clearing/store_day.h"

enum { FILE_MAX = 65536, NEXT_DAY = 20261121, NEXT_NEXT_DAY = 20261122 };

static const struct issuer_id issuers[] = {{"bank", "54321"}};
static struct store_day *day;
static struct run_result result;
static uint8_t bytes[2][FILE_MAX];

static void setup(void)
{
    day = store_day_open();
}

static void teardown(void)
{
    run_result_deinit(&result);
    store_day_close(day);
}

static int run_to(uint32_t business_day, enum run_step last, const char *processor, int64_t wall_ms)
{
    struct writer_port *port = NULL;
    struct run_settings settings = {.out_dir = day->out,
                                    .processor = processor,
                                    .issuers = issuers,
                                    .issuer_count = 1,
                                    .wall_ms = wall_ms,
                                    .last_step = last};
    ck_assert_int_eq(writer_port_book(store_kv(day->store), store_book(day->store), &port), 0);
    run_result_deinit(&result);
    int rc = run_day(port, day->seal, business_day, &settings, &result);
    port->close(port);
    return rc;
}

static int run(uint32_t business_day)
{
    return run_to(business_day, RUN_PUBLISHED, "12345678901", STORE_DAY_NOON_MS);
}

static size_t file_read(const char *name, uint8_t *to)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", day->out, name);
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s is not there", path);
    size_t len = fread(to, 1, FILE_MAX, file);
    (void)fclose(file);
    return len;
}

static void file_write(const char *name, const uint8_t *from, size_t len)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", day->out, name);
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(from, 1, len, file), len);
    ck_assert_int_eq(fclose(file), 0);
}

static size_t files_count(const char *end)
{
    size_t count = 0;
    DIR *dir = opendir(day->out);
    ck_assert_ptr_nonnull(dir);
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        size_t len = strlen(entry->d_name);
        count += entry->d_name[0] != '.' && len >= strlen(end) &&
                 strcmp(entry->d_name + len - strlen(end), end) == 0;
    }
    (void)closedir(dir);
    return count;
}

/* Faults found in the files, with the store or without. The report goes to @text. */
static unsigned faults(bool with_store, char *text, size_t cap)
{
    struct verify verify = {0};
    verify.report = fmemopen(text, cap, "w");
    ck_assert_ptr_nonnull(verify.report);
    if (with_store) {
        store_day_release(day);
        ck_assert_int_eq(snapshot_open(day->data, &verify.kv), 0);
    }
    ck_assert_int_eq(verify_dir(&verify, day->out), 0);
    if (with_store) {
        snapshot_close(verify.kv);
        store_day_resume(day);
    }
    (void)fclose(verify.report);
    return verify.faults;
}

/* Sales of two issuers and currencies, a refund, a netted sale, a declined one, an amount of 0. */
static void busy_day(void)
{
    (void)store_day_approve(day, 'S', 1250, "bank", 978);
    (void)store_day_approve(day, 'R', 300, "bank", 978);
    struct record netted = store_day_approve(day, 'S', 999, "bank", 978);
    store_day_reverse(day, &netted);
    store_day_decline(day);
    (void)store_day_approve(day, 'S', 500000, "visa", 392);
    (void)store_day_approve(day, 'S', 1, "bank", 978);
    store_day_cutover(day, NEXT_DAY);
}

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

START_TEST(changed_byte_of_any_file_is_found)
{
    static const char *const names[] = {"20261120_00001.ipm", "20261120_00001.csv",
                                        "20261120_totals.csv", "20261120_manifest.json"};
    char text[4096] = "";
    busy_day();
    ck_assert_int_eq(run(STORE_DAY), 0);
    ck_assert_uint_eq(faults(false, text, sizeof text), 0);
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        size_t len = file_read(names[i], bytes[0]);
        for (size_t at = 0; at < len; at += 1 + len / 40) {
            memcpy(bytes[1], bytes[0], len);
            bytes[1][at] ^= 1;
            file_write(names[i], bytes[1], len);
            ck_assert_msg(faults(false, text, sizeof text) > 0, "%s byte %zu", names[i], at);
        }
        file_write(names[i], bytes[0], len - 1);
        ck_assert_uint_gt(faults(false, text, sizeof text), 0);
        file_write(names[i], bytes[0], len);
    }
    ck_assert_uint_eq(faults(false, text, sizeof text), 0);
}
END_TEST

START_TEST(removed_file_is_found_and_put_back_by_a_run)
{
    char text[4096] = "";
    char path[256];
    busy_day();
    ck_assert_int_eq(run(STORE_DAY), 0);
    (void)snprintf(path, sizeof path, "%s/20261120_00001.csv", day->out);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_uint_eq(faults(false, text, sizeof text), 1);
    ck_assert_ptr_nonnull(strstr(text, "20261120_00001.csv"));
    (void)snprintf(path, sizeof path, "%s/20261120_manifest.json", day->out);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_uint_ge(faults(true, text, sizeof text), 1);
    ck_assert_int_eq(run(STORE_DAY), 0);
    ck_assert_uint_eq(faults(true, text, sizeof text), 0);
}
END_TEST

/* A forger who makes the hashes right: the sums still tell. */
static unsigned forge(const char *name, const char *from, const char *to)
{
    char text[4096] = "";
    struct manifest manifest;
    char command[512];
    uint8_t hash[OUTPUT_HASH_LEN];
    size_t len = file_read(name, bytes[0]);
    uint8_t *at = memmem(bytes[0], len, from, strlen(from));
    ck_assert_ptr_nonnull(at);
    ck_assert_uint_eq(strlen(from), strlen(to));
    memcpy(at, to, strlen(to));
    file_write(name, bytes[0], len);
    (void)snprintf(command, sizeof command, "sha256sum %s/%s", day->out, name);
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    char line[65] = "";
    ck_assert_uint_eq(fread(line, 1, 64, pipe), 64);
    (void)pclose(pipe);
    ck_assert_int_eq(hex_decode(span_make(line, 64), hash), 0);
    len = file_read("20261120_manifest.json", bytes[1]);
    ck_assert_int_eq(manifest_decode(span_make(bytes[1], len), &manifest), 0);
    for (unsigned i = 0; i < MANIFEST_FILES; i++) {
        if (strcmp(manifest.files[i].name, name) == 0) {
            memcpy(manifest.files[i].sha256, hash, sizeof hash);
        }
    }
    char *json = manifest_encode(&manifest);
    ck_assert_ptr_nonnull(json);
    file_write("20261120_manifest.json", (uint8_t *)json, strlen(json));
    free(json);
    return faults(false, text, sizeof text);
}

START_TEST(forged_amount_with_a_right_hash_is_found_by_the_sums)
{
    busy_day();
    ck_assert_int_eq(run(STORE_DAY), 0);
    ck_assert_uint_eq(forge("20261120_00001.csv", ",1250,", ",1251,"), 1);
    ck_assert_int_eq(run(STORE_DAY), 0);
    ck_assert_uint_eq(forge("20261120_00001.ipm", "000000001250", "000000001251"), 1);
    ck_assert_int_eq(run(STORE_DAY), 0);
    ck_assert_uint_eq(forge("20261120_totals.csv", ",S,2,1251", ",S,2,1252"), 1);
    ck_assert_int_eq(run(STORE_DAY), 0);
    ck_assert_uint_eq(forge("20261120_totals.csv", "APPROVED,4,1950", "APPROVED,4,1951"), 1);
    ck_assert_int_eq(run(STORE_DAY), 0);
    ck_assert_uint_eq(forge("20261120_totals.csv", ",bank,", ",bonk,"), 1);
}
END_TEST

START_TEST(left_over_and_unnamed_files_are_found)
{
    char text[4096] = "";
    busy_day();
    ck_assert_int_eq(run_to(STORE_DAY, RUN_WRITTEN, "12345678901", STORE_DAY_NOON_MS), 0);
    ck_assert_uint_eq(faults(false, text, sizeof text), 4);
    ck_assert_ptr_nonnull(strstr(text, "run again"));
    ck_assert_int_eq(run(STORE_DAY), 0);
    file_write("20261120_00009.ipm", bytes[0], 1014);
    ck_assert_uint_eq(faults(false, text, sizeof text), 1);
    ck_assert_ptr_nonnull(strstr(text, "no manifest names it"));
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
    tcase_add_checked_fixture(tcase, setup, teardown);
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
    tcase_add_test(tcase, changed_byte_of_any_file_is_found);
    tcase_add_test(tcase, removed_file_is_found_and_put_back_by_a_run);
    tcase_add_test(tcase, forged_amount_with_a_right_hash_is_found_by_the_sums);
    tcase_add_test(tcase, left_over_and_unnamed_files_are_found);
    tcase_add_test(tcase, directory_that_cannot_be_written_leaves_the_day_uncut);
    tcase_add_test(tcase, many_items_stream_through_blocks_and_verify);
    suite_add_tcase(suite, tcase);
    return row_main(suite);
}
