#include "tests/unit/switch/clearing/store_day.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT(member, ...) (void)snprintf((member), sizeof(member), __VA_ARGS__)

enum { MAP_BYTES = 16 << 20 };

struct store_settings store_day_settings(const char *data)
{
    struct store_settings settings = {.path = data,
                                      .map_bytes = MAP_BYTES,
                                      .prealloc_bytes = 0,
                                      .queue_max = 16,
                                      .batch_max = 16,
                                      .book = BOOK_SETTINGS_DEFAULT};
    settings.book.assign_max = 2; /* most days take steps */
    return settings;
}

void store_day_resume(struct store_day *day)
{
    struct store_settings settings = store_day_settings(day->data);
    ck_assert_int_eq(store_open(&settings, &day->store), 0);
}

void store_day_release(struct store_day *day)
{
    if (day->store != NULL) {
        store_close(day->store);
        day->store = NULL;
    }
}

struct store_day *store_day_open(void)
{
    struct store_day *day = calloc(1, sizeof *day);
    char key[STORE_DAY_PATH_LEN + 8];
    ck_assert_ptr_nonnull(day);
    TEXT(day->root, "/tmp/switch-clearing-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(day->root));
    TEXT(day->data, "%s/data", day->root);
    TEXT(day->out, "%s/out", day->root);
    ck_assert_int_eq(mkdir(day->out, 0700), 0);
    struct store_settings settings = store_day_settings(day->data);
    ck_assert_int_eq(store_create(&settings, STORE_DAY, STORE_DAY_NOON_MS), 0);
    store_day_resume(day);
    TEXT(key, "%s/key", day->data);
    ck_assert_int_eq(seal_open(key, NULL, &day->seal), 0);
    return day;
}

static void dir_remove(const char *path)
{
    DIR *dir = opendir(path);
    if (dir != NULL) {
        for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
            (void)unlinkat(dirfd(dir), entry->d_name, 0);
        }
        (void)closedir(dir);
        (void)rmdir(path);
    }
}

void store_day_close(struct store_day *day)
{
    store_day_release(day);
    seal_close(day->seal);
    dir_remove(day->data);
    dir_remove(day->out);
    (void)rmdir(day->root);
    free(day);
}

static void answer_take(void *context, const struct book_answer *answer)
{
    *(struct book_answer *)context = *answer;
}

static struct book_answer ask(struct store_day *day, struct book_request *request)
{
    struct book_answer answer = {0};
    request->wall_ms = STORE_DAY_NOON_MS + day->stan;
    ck_assert_int_eq(book_execute(store_book(day->store), request, 1, answer_take, &answer), 0);
    return answer;
}

static struct record request_make(struct store_day *day)
{
    struct record r = {.mti = 0x0200, .money = MONEY_CREDIT, .identity = IDENTITY_DE12};
    unsigned stan = ++day->stan;
    memcpy(r.key, "\x20\x26\x11\x20\x12\x00\x00Q", 8);
    memcpy(r.key + 14, "TERM0001", 8);
    be32_put(r.key + 21, stan);
    TEXT(r.group, "shops");
    TEXT(r.acquirer, "00000012345");
    TEXT(r.terminal, "TERM0001");
    TEXT(r.merchant, "MERCHANT0000001");
    TEXT(r.stan, "%06u", stan);
    TEXT(r.de7, "1120%06u", stan);
    TEXT(r.time, "120000");
    TEXT(r.date, "1120");
    TEXT(r.proc, "000000");
    TEXT(r.mcc, "5411");
    TEXT(r.entry, "051");
    TEXT(r.condition, "00");
    TEXT(r.expiry, "2812");
    TEXT(r.location, "Corner shop              PARIS        FR");
    TEXT(r.link, "bank-1");
    TEXT(r.link_stan, "%06u", 2 * stan);
    TEXT(r.reversal_stan, "%06u", 2 * stan + 1);
    TEXT(r.rrn, "%012u", 632400000u + stan);
    TEXT(r.pan, "4111111111111111");
    r.replacement_minor = -1;
    r.opened_ms = STORE_DAY_NOON_MS + stan;
    return r;
}

static struct record request_open(struct store_day *day, const struct record *made)
{
    struct book_request request = {.op = BOOK_OPEN, .record = *made};
    ck_assert_int_eq(seal_record(day->seal, &request.record), 0);
    struct book_answer answer = ask(day, &request);
    ck_assert_int_eq(answer.result, BOOK_IS_FRESH);
    return answer.record;
}

static struct record request_close(struct store_day *day, const struct record *opened,
                                   enum record_state state)
{
    struct book_request request = {.op = BOOK_CLOSE, .record = *opened};
    request.record.state = (uint8_t)state;
    request.record.asked = true;
    request.record.handed_ms = request.record.closed_ms = opened->opened_ms + 1;
    request.record.approved_minor = state == STATE_APPROVED ? opened->amount_minor : 0;
    TEXT(request.record.code, "%s", state == STATE_APPROVED ? "00" : "05");
    TEXT(request.record.auth, "%s", state == STATE_APPROVED ? "331204" : "");
    struct book_answer answer = ask(day, &request);
    ck_assert_int_eq(answer.result, BOOK_IS_STORED);
    return answer.record;
}

struct record store_day_approve(struct store_day *day, char kind, int64_t amount_minor,
                                const char *issuer, uint16_t currency)
{
    struct record record = request_make(day);
    TEXT(record.issuer, "%s", issuer);
    TEXT(record.proc, "%s", kind == 'S' ? "000000" : "200000");
    record.money = kind == 'S' ? MONEY_CREDIT : MONEY_DEBIT;
    record.amount_minor = amount_minor;
    record.currency = currency;
    record = request_open(day, &record);
    return request_close(day, &record, STATE_APPROVED);
}

struct record store_day_leave_open(struct store_day *day)
{
    struct record record = request_make(day);
    TEXT(record.issuer, "bank");
    record.amount_minor = 100;
    record.currency = 978;
    return request_open(day, &record);
}

void store_day_decline(struct store_day *day)
{
    struct record record = store_day_leave_open(day);
    (void)request_close(day, &record, STATE_DECLINED);
}

void store_day_reverse(struct store_day *day, const struct record *original)
{
    struct record r = request_make(day);
    r.mti = 0x0420;
    r.key[7] = 'R';
    r.amount_minor = original->amount_minor;
    r.currency = original->currency;
    TEXT(r.original_mti, "0200");
    TEXT(r.original_stan, "%s", original->stan);
    TEXT(r.original_de7, "%s", original->de7);
    r.rrn[0] = '\0';
    struct book_request request = {.op = BOOK_REVERSAL, .record = r};
    ck_assert_int_eq(seal_record(day->seal, &request.record), 0);
    struct book_answer answer = ask(day, &request);
    ck_assert_int_eq(answer.result, BOOK_IS_FRESH);
    ck_assert_str_eq(answer.code, "00");
}

void store_day_cutover(struct store_day *day, uint32_t next)
{
    struct book_request request = {.op = BOOK_CUTOVER, .day = next};
    struct book_answer answer = ask(day, &request);
    ck_assert_int_eq(answer.result, BOOK_IS_STORED);
    ck_assert_uint_eq(answer.day, next);
}

uint32_t store_day_today(const struct store_day *day)
{
    return book_current_day(store_book(day->store));
}
