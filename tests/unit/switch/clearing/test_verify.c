/* Goal: whatever happens to published files or to the store's history is found, by a reader that
 * trusts neither. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "switch/clearing/format.h"
#include "switch/clearing/report.h"
#include "switch/store/kv_lmdb.h"
#include "switch/clearing/verify.h"
#include "switch/store/kv_lmdb.h"
#include "tests/unit/switch/clearing/cut.h"

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
        size_t step = strstr(names[i], "manifest") != NULL ? 1 : 1 + len / 40;
        for (size_t at = 0; at < len; at += step) {
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

START_TEST(one_file_or_one_day_is_verified_by_itself)
{
    char text[4096] = "";
    char path[256];
    struct verify verify = {.quiet = true};
    busy_day();
    ck_assert_int_eq(run(STORE_DAY), 0);
    verify.report = fmemopen(text, sizeof text, "w");
    ck_assert_ptr_nonnull(verify.report);
    (void)snprintf(path, sizeof path, "%s/20261120_00001.ipm", day->out);
    ck_assert_int_eq(verify_file(&verify, path), 0);
    ck_assert_uint_eq(verify.items, 4);
    ck_assert_int_eq(truncate(path, 1013), 0);
    ck_assert_uint_eq(verify.faults, 0);
    ck_assert_int_eq(verify_file(&verify, path), 0);
    ck_assert_uint_eq(verify.faults, 1);
    (void)snprintf(path, sizeof path, "%s/20261120_manifest.json", day->out);
    ck_assert_int_eq(verify_file(&verify, path), 0);
    ck_assert_uint_eq(verify.faults, 2);
    ck_assert_int_eq(verify_file(&verify, "something.else"), ERR_USAGE);
    (void)fclose(verify.report);
}
END_TEST

START_TEST(edited_journal_is_found)
{
    char text[4096] = "";
    struct verify verify = {.quiet = true};
    struct kv *kv = NULL;
    struct kv_txn *txn = NULL;
    struct span key;
    struct span value;
    uint8_t first[16];
    busy_day();
    ck_assert_int_eq(run(STORE_DAY), 0);
    store_day_release(day);
    ck_assert_int_eq(kv_lmdb_open(day->data, 16 << 20, &kv), 0);
    ck_assert_int_eq(kv_begin(kv, true, &txn), 0);
    ck_assert_int_eq(kv_seek(txn, KV_journal, SPAN_NONE, &key, &value), 1);
    memcpy(first, key.ptr, key.len);
    ck_assert_int_eq(kv_del(txn, KV_journal, span_make(first, key.len)), 0);
    ck_assert_int_eq(kv_commit(txn), 0);
    kv_lmdb_close(kv);
    verify.report = fmemopen(text, sizeof text, "w");
    ck_assert_ptr_nonnull(verify.report);
    ck_assert_int_eq(kv_lmdb_open_readonly(day->data, &verify.kv), 0);
    ck_assert_int_eq(verify_dir(&verify, day->out), 0);
    kv_lmdb_close(verify.kv);
    (void)fclose(verify.report);
    ck_assert_uint_eq(verify.faults, 1);
    ck_assert_ptr_nonnull(strstr(text, "journal"));
}
END_TEST

START_TEST(people_see_records_with_the_pan_masked)
{
    char text[16384] = "";
    char path[256];
    char why[256] = "";
    busy_day();
    ck_assert_int_eq(run(STORE_DAY), 0);
    (void)snprintf(path, sizeof path, "%s/20261120_00001.ipm", day->out);
    FILE *out = fmemopen(text, sizeof text, "w");
    ck_assert_ptr_nonnull(out);
    ck_assert_int_eq(report_file(path, out, why), 0);
    (void)fclose(out);
    ck_assert_ptr_nonnull(strstr(text, "411111******1111"));
    ck_assert_ptr_null(strstr(text, "4111111111111111"));
    ck_assert_ptr_nonnull(strstr(text, "6  1644/695"));
}
END_TEST

START_TEST(of_a_short_pan_people_see_nothing)
{
    char text[4096] = "";
    char path[256];
    char why[256] = "";
    struct clearing_file file = row_file();
    struct clearing_row row = row_sale();
    struct format_state state = {0};
    struct output *output = NULL;
    struct output_file written;
    (void)snprintf(row.record.pan, sizeof row.record.pan, "41111117");
    int dir_fd = open(day->out, O_RDONLY | O_DIRECTORY);
    ck_assert_int_eq(output_open(dir_fd, "short.ipm", &output), 0);
    ck_assert_int_eq(format_ipm.begin(&state, &file, output), 0);
    ck_assert_int_eq(format_ipm.item(&state, &file, &row, output), 0);
    ck_assert_int_eq(format_ipm.end(&state, &file, output), 0);
    ck_assert_int_eq(output_finish(output, &written), 0);
    ck_assert_int_eq(output_publish(dir_fd, "short.ipm"), 0);
    (void)close(dir_fd);
    (void)snprintf(path, sizeof path, "%s/short.ipm", day->out);
    FILE *out = fmemopen(text, sizeof text, "w");
    ck_assert_ptr_nonnull(out);
    ck_assert_int_eq(report_file(path, out, why), 0);
    (void)fclose(out);
    ck_assert_ptr_nonnull(strstr(text, "********\n"));
    ck_assert_ptr_null(strstr(text, "4111"));
    ck_assert_ptr_null(strstr(text, "1117"));
}
END_TEST

START_TEST(preview_shows_the_day_and_changes_nothing)
{
    char text[8192] = "";
    uint64_t exceptions = 99;
    size_t count = 0;
    uint32_t days[4];
    busy_day();
    FILE *out = fmemopen(text, sizeof text, "w");
    ck_assert_ptr_nonnull(out);
    ck_assert_int_eq(report_preview(store_kv(day->store), day->seal, STORE_DAY, out, &exceptions),
                     0);
    (void)fclose(out);
    ck_assert_uint_eq(exceptions, 0);
    ck_assert_ptr_nonnull(strstr(text, "12.51 EUR"));
    ck_assert_ptr_nonnull(strstr(text, "500000 JPY"));
    ck_assert_int_eq(run_days(store_kv(day->store), DAY_DRAINED, days, 4, &count), 0);
    ck_assert_uint_eq(count, 1);
    ck_assert_uint_eq(files_count(""), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("verify");
    TCase *tcase = tcase_create("verify");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, cut_setup, cut_teardown);
    tcase_add_test(tcase, changed_byte_of_any_file_is_found);
    tcase_add_test(tcase, removed_file_is_found_and_put_back_by_a_run);
    tcase_add_test(tcase, forged_amount_with_a_right_hash_is_found_by_the_sums);
    tcase_add_test(tcase, left_over_and_unnamed_files_are_found);
    tcase_add_test(tcase, one_file_or_one_day_is_verified_by_itself);
    tcase_add_test(tcase, edited_journal_is_found);
    tcase_add_test(tcase, people_see_records_with_the_pan_masked);
    tcase_add_test(tcase, of_a_short_pan_people_see_nothing);
    tcase_add_test(tcase, preview_shows_the_day_and_changes_nothing);
    suite_add_tcase(suite, tcase);
    return row_main(suite);
}
