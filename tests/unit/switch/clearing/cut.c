#include "tests/unit/switch/clearing/cut.h"

#include <dirent.h>
#include <stdio.h>

#include "switch/store/kv_lmdb.h"
#include "switch/clearing/verify.h"

static const struct issuer_id issuers[] = {{"bank", "54321"}};
struct store_day *day;
struct run_result result;
uint8_t bytes[2][FILE_MAX];

void cut_setup(void)
{
    day = store_day_open();
}

void cut_teardown(void)
{
    run_result_deinit(&result);
    store_day_close(day);
}

int run_to(uint32_t business_day, enum run_step last, const char *processor, int64_t wall_ms)
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

int run(uint32_t business_day)
{
    return run_to(business_day, RUN_PUBLISHED, "12345678901", STORE_DAY_NOON_MS);
}

size_t file_read(const char *name, uint8_t *to)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", day->out, name);
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s is not there", path);
    size_t len = fread(to, 1, FILE_MAX, file);
    (void)fclose(file);
    return len;
}

void file_write(const char *name, const uint8_t *from, size_t len)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", day->out, name);
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(from, 1, len, file), len);
    ck_assert_int_eq(fclose(file), 0);
}

size_t files_count(const char *end)
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
unsigned faults(bool with_store, char *text, size_t cap)
{
    struct verify verify = {0};
    verify.report = fmemopen(text, cap, "w");
    ck_assert_ptr_nonnull(verify.report);
    if (with_store) {
        store_day_release(day);
        ck_assert_int_eq(kv_lmdb_open_readonly(day->data, &verify.kv), 0);
    }
    ck_assert_int_eq(verify_dir(&verify, day->out), 0);
    if (with_store) {
        kv_lmdb_close(verify.kv);
        store_day_resume(day);
    }
    (void)fclose(verify.report);
    return verify.faults;
}

/* Sales of two issuers and currencies, a refund, a netted sale, a declined one, an amount of 0. */
void busy_day(void)
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
