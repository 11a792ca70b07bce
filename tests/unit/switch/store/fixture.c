#include "tests/unit/switch/store/fixture.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "switch/store/kv_lmdb.h"
#include "tests/sim/kv_memory.h"

enum { FIXTURE_MAP_BYTES = 16 << 20 };

void fixture_dir_make(char dir[64])
{
    snprintf(dir, 64, "/tmp/switch-store-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
}

void fixture_dir_remove(const char *dir)
{
    DIR *d = opendir(dir);
    if (d == NULL) {
        return;
    }
    for (struct dirent *entry = readdir(d); entry != NULL; entry = readdir(d)) {
        unlinkat(dirfd(d), entry->d_name, 0);
    }
    closedir(d);
    rmdir(dir);
}

struct fixture *fixture_open(int kind)
{
    struct fixture *f = calloc(1, sizeof *f);
    ck_assert_ptr_nonnull(f);
    f->kind = (enum fixture_kv)kind;
    f->settings = BOOK_SETTINGS_DEFAULT;
    f->wall_ms = FIXTURE_NOON_MS;
    if (f->kind == FIXTURE_LMDB) {
        fixture_dir_make(f->dir);
        ck_assert_int_eq(kv_lmdb_open(f->dir, FIXTURE_MAP_BYTES, &f->kv), 0);
    } else {
        f->kv = kv_memory_open(0);
    }
    ck_assert_int_eq(book_create(f->kv, FIXTURE_DAY, f->wall_ms - 12 * HOUR_MS), 0);
    ck_assert_int_eq(book_load(f->kv, &f->settings, &f->book), 0);
    return f;
}

void fixture_close(struct fixture *f)
{
    book_free(f->book);
    if (f->kind == FIXTURE_LMDB) {
        kv_lmdb_close(f->kv);
        fixture_dir_remove(f->dir);
    } else {
        kv_memory_close(f->kv);
    }
    free(f);
}

void fixture_reload(struct fixture *f)
{
    book_free(f->book);
    if (f->kind == FIXTURE_LMDB) {
        kv_lmdb_close(f->kv);
        ck_assert_int_eq(kv_lmdb_open(f->dir, FIXTURE_MAP_BYTES, &f->kv), 0);
    } else {
        kv_memory_crash(f->kv);
    }
    ck_assert_int_eq(book_load(f->kv, &f->settings, &f->book), 0);
}

#define TEXT(field, ...) snprintf((field), sizeof(field), __VA_ARGS__)

struct record fixture_purchase(unsigned stan, int64_t amount_minor)
{
    struct record r = {.mti = 0x0200, .money = MONEY_CREDIT, .identity = IDENTITY_DE12};
    memcpy(r.key, "\x20\x26\x11\x21\x12\x00\x00Q", 8);
    memcpy(r.key + 14, "TERM0001", 8);
    be32_put(r.key + 21, stan);
    TEXT(r.group, "shops");
    TEXT(r.acquirer, "00000000001");
    TEXT(r.terminal, "TERM0001");
    TEXT(r.merchant, "MERCHANT0000001");
    TEXT(r.stan, "%06u", stan % 1000000);
    TEXT(r.de7, "1121%06u", stan % 1000000);
    TEXT(r.time, "120000");
    TEXT(r.date, "1121");
    TEXT(r.proc, "000000");
    TEXT(r.issuer, "bank");
    TEXT(r.link, "bank-1");
    TEXT(r.link_stan, "%06u", (2 * stan) % 1000000);
    TEXT(r.reversal_stan, "%06u", (2 * stan + 1) % 1000000);
    TEXT(r.rrn, "%012u", 632500000u + stan);
    TEXT(r.pan_masked, "411111******1111");
    r.currency = 978;
    r.amount_minor = amount_minor;
    r.replacement_minor = -1;
    memset(r.pan_token, 0x41, sizeof r.pan_token);
    memset(r.pan_sealed, 0x42, sizeof r.pan_sealed);
    be64_put(r.fingerprint, (uint64_t)amount_minor);
    r.fingerprint[31] = 1;
    r.seal_key_id = 1;
    return r;
}

struct record fixture_reversal(const struct record *original)
{
    struct record r = *original;
    unsigned stan = (unsigned)strtoul(original->stan, NULL, 10) + 500000;
    r.seq = 0;
    r.state = 0;
    r.mti = 0x0420;
    r.key[7] = 'R';
    be32_put(r.key + 21, stan);
    TEXT(r.stan, "%06u", stan % 1000000);
    TEXT(r.original_mti, "0200");
    memcpy(r.original_stan, original->stan, sizeof r.original_stan);
    memcpy(r.original_de7, original->de7, sizeof r.original_de7);
    TEXT(r.rrn, "%s", "");
    TEXT(r.code, "%s", "");
    r.opened_ms = 0;
    return r;
}

static void keep_answer(void *context, const struct book_answer *answer)
{
    struct fixture *f = context;
    ck_assert_uint_lt(f->answer_count, FIXTURE_ANSWERS_MAX);
    f->answers[f->answer_count++] = *answer;
}

void fixture_execute(struct fixture *f, struct book_request *requests, size_t count)
{
    f->answer_count = 0;
    for (size_t i = 0; i < count; i++) {
        requests[i].wall_ms = f->wall_ms;
        requests[i].ref = 100 + i;
    }
    ck_assert_int_eq(book_execute(f->book, requests, count, keep_answer, f), 0);
    ck_assert_uint_ge(f->answer_count, count);
}

const struct book_answer *fixture_ask(struct fixture *f, struct book_request request)
{
    fixture_execute(f, &request, 1);
    ck_assert_int_eq(f->answers[0].op, request.op);
    ck_assert_uint_eq(f->answers[0].ref, 100);
    return &f->answers[0];
}

const struct book_answer *fixture_do_open(struct fixture *f, const struct record *record)
{
    return fixture_ask(f, (struct book_request){.op = BOOK_OPEN, .record = *record});
}

const struct book_answer *fixture_do_close(struct fixture *f, const struct record *opened,
                                           enum record_state state)
{
    struct book_request request = {.op = BOOK_CLOSE, .record = *opened};
    request.record.state = (uint8_t)state;
    request.record.asked = true;
    request.record.handed_ms = f->wall_ms;
    if (state == STATE_APPROVED) {
        request.record.approved_minor = opened->amount_minor;
        TEXT(request.record.code, "00");
        TEXT(request.record.auth, "A12345");
    } else {
        TEXT(request.record.code, "%s", state == STATE_DECLINED ? "05" : "91");
    }
    return fixture_ask(f, request);
}

const struct book_answer *fixture_do_reversal(struct fixture *f, const struct record *record)
{
    return fixture_ask(f, (struct book_request){.op = BOOK_REVERSAL, .record = *record});
}

const struct book_answer *fixture_do_settle(struct fixture *f, const struct record *original,
                                            enum settle settle)
{
    return fixture_ask(f, (struct book_request){.op = BOOK_SETTLE,
                                                .seq = original->seq,
                                                .due_seq = original->due_seq,
                                                .settle = settle});
}

const struct book_answer *fixture_do_cutover(struct fixture *f, uint32_t day)
{
    return fixture_ask(f, (struct book_request){.op = BOOK_CUTOVER, .day = day});
}

struct record fixture_closed(struct fixture *f, const struct record *record,
                             enum record_state state)
{
    const struct book_answer *answer = fixture_do_open(f, record);
    ck_assert_int_eq(answer->result, BOOK_IS_FRESH);
    struct record opened = answer->record;
    answer = fixture_do_close(f, &opened, state);
    ck_assert_int_eq(answer->result, BOOK_IS_STORED);
    return answer->record;
}

static struct kv_txn *reader(struct fixture *f)
{
    struct kv_txn *txn = NULL;
    ck_assert_int_eq(kv_begin(f->kv, false, &txn), 0);
    return txn;
}

struct record fixture_record(struct fixture *f, uint64_t seq)
{
    struct record record;
    struct kv_txn *txn = reader(f);
    ck_assert_int_eq(book_get(txn, seq, &record), 0);
    kv_abort(txn);
    return record;
}

size_t fixture_rows(struct fixture *f, enum kv_table table)
{
    struct kv_txn *txn = reader(f);
    uint8_t key[128];
    struct span at = SPAN_NONE;
    struct span found;
    struct span value;
    size_t count = 0;
    while (kv_seek(txn, table, at, &found, &value) == 1) {
        memcpy(key, found.ptr, found.len);
        key[found.len] = 0;
        at = span_make(key, found.len + 1);
        count++;
    }
    kv_abort(txn);
    return count;
}

struct day_row fixture_day(struct fixture *f, uint32_t day)
{
    struct kv_txn *txn = reader(f);
    struct span value;
    struct day_row row;
    uint8_t key[4];
    be32_put(key, day);
    ck_assert_int_eq(kv_get(txn, KV_days, span_make(key, sizeof key), &value), 0);
    ck_assert_int_eq(day_row_decode(value, &row), 0);
    kv_abort(txn);
    return row;
}

struct totals_row fixture_totals(struct fixture *f, uint32_t day)
{
    struct kv_txn *txn = reader(f);
    struct span value;
    struct totals_row row;
    uint8_t key[34] = {0};
    be32_put(key, day);
    memcpy(key + 4, "bank", 4);
    memcpy(key + 20, "00000000001", 11);
    be16_put(key + 32, 978);
    memset(&row, 0, sizeof row);
    if (kv_get(txn, KV_totals, span_make(key, sizeof key), &value) == 0) {
        ck_assert_int_eq(totals_row_decode(value, &row), 0);
    }
    kv_abort(txn);
    return row;
}

struct item_row fixture_item(struct fixture *f, uint32_t day, uint64_t item_seq)
{
    struct kv_txn *txn = reader(f);
    struct span value;
    struct item_row row;
    uint8_t key[12];
    be32_put(key, day);
    be64_put(key + 4, item_seq);
    ck_assert_int_eq(kv_get(txn, KV_items, span_make(key, sizeof key), &value), 0);
    ck_assert_int_eq(item_row_decode(value, &row), 0);
    kv_abort(txn);
    return row;
}

/* `trail` has the transactions' rows of the journal, `dead` the dead letters of `due`: all, and no
 * others. */
static void check_pointers(struct fixture *f)
{
    struct kv_txn *txn = reader(f);
    struct span key = SPAN_NONE;
    struct span row;
    struct span none;
    uint8_t bytes[64];
    size_t trail_count = 0;
    size_t dead_count = 0;
    while (kv_seek(txn, KV_journal, key, &key, &row) == 1) {
        uint8_t trail[TRAIL_KEY_LEN];
        const uint8_t *type = row.ptr + CRC_LEN + CHAIN_LEN;
        memcpy(trail, type + 1, 8);
        memcpy(trail + 8, key.ptr, 8);
        bool is_there = kv_get(txn, KV_trail, span_make(trail, sizeof trail), &none) == 0;
        ck_assert_int_eq(is_there, journal_is_of_txn((enum journal_type) * type));
        trail_count += is_there;
        be64_put(bytes, be64_get(key.ptr) + 1);
        key = span_make(bytes, 8);
    }
    key = SPAN_NONE;
    while (kv_seek(txn, KV_due, key, &key, &row) == 1) {
        struct due_row due;
        ck_assert_int_eq(due_row_decode(row, &due), 0);
        ck_assert_int_eq(kv_get(txn, KV_dead, key, &none) == 0, due.dead);
        dead_count += due.dead;
        memcpy(bytes, key.ptr, key.len);
        bytes[key.len] = 0;
        key = span_make(bytes, key.len + 1);
    }
    kv_abort(txn);
    ck_assert_uint_eq(fixture_rows(f, KV_trail), trail_count);
    ck_assert_uint_eq(fixture_rows(f, KV_dead), dead_count);
}

void fixture_audit(struct fixture *f, uint32_t day)
{
    check_pointers(f);
    struct kv_txn *txn = reader(f);
    struct book_totals_fault fault;
    enum kv_table table = KV_meta;
    uint32_t found_day = 0;
    ck_assert_int_eq(book_check_totals(txn, day, &fault), 0);
    ck_assert_int_eq(book_verify_rows(txn, &table), 0);
    ck_assert_int_eq(book_check_days(txn, &found_day), 0);
    kv_abort(txn);
}

int fixture_main(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
