/* The contract of the tables, on both kinds. */
#include "switch/store/kv.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "switch/store/kv_lmdb.h"
#include "tests/sim/kv_memory.h"
#include "tests/unit/switch/store/fixture.h"

static struct kv_txn *begin(struct fixture *f, bool write)
{
    struct kv_txn *txn = NULL;
    ck_assert_int_eq(kv_begin(f->kv, write, &txn), 0);
    return txn;
}

#define PUT(txn, key, value, how)                                                                  \
    kv_put((txn), KV_tombs, SPAN_LITERAL(key), SPAN_LITERAL(value), (how))

START_TEST(rows_come_in_order_of_bytes)
{
    struct fixture *f = fixture_open(_i);
    struct kv_txn *txn = begin(f, true);
    struct span key;
    struct span value;
    ck_assert_int_eq(kv_seek(txn, KV_tombs, SPAN_NONE, &key, &value), 0);
    ck_assert_int_eq(kv_last(txn, KV_tombs, &key, &value), 0);
    ck_assert_int_eq(PUT(txn, "b", "2", KV_REPLACE), 0);
    ck_assert_int_eq(PUT(txn, "\xff", "4", KV_REPLACE), 0);
    ck_assert_int_eq(PUT(txn, "a", "1", KV_REPLACE), 0);
    ck_assert_int_eq(PUT(txn, "b\0", "3", KV_REPLACE), 0);
    ck_assert_int_eq(kv_seek(txn, KV_tombs, SPAN_NONE, &key, &value), 1);
    ck_assert(span_equal_text(key, "a"));
    ck_assert_int_eq(kv_seek(txn, KV_tombs, SPAN_LITERAL("b"), &key, &value), 1);
    ck_assert(span_equal_text(value, "2"));
    ck_assert_int_eq(kv_seek(txn, KV_tombs, SPAN_LITERAL("b\0"), &key, &value), 1);
    ck_assert(span_equal_text(value, "3"));
    ck_assert_int_eq(kv_seek(txn, KV_tombs, SPAN_LITERAL("c"), &key, &value), 1);
    ck_assert(span_equal_text(value, "4"));
    ck_assert_int_eq(kv_seek(txn, KV_tombs, SPAN_LITERAL("\xff\x01"), &key, &value), 0);
    ck_assert_int_eq(kv_last(txn, KV_tombs, &key, &value), 1);
    ck_assert(span_equal_text(value, "4"));
    kv_abort(txn);
    fixture_close(f);
}
END_TEST

START_TEST(fresh_and_append_refuse_what_is_there)
{
    struct fixture *f = fixture_open(_i);
    struct kv_txn *txn = begin(f, true);
    struct span value;
    ck_assert_int_eq(PUT(txn, "b", "2", KV_FRESH), 0);
    ck_assert_int_eq(PUT(txn, "b", "3", KV_FRESH), ERR_EXISTS);
    ck_assert_int_eq(kv_get(txn, KV_tombs, SPAN_LITERAL("b"), &value), 0);
    ck_assert(span_equal_text(value, "2"));
    ck_assert_int_eq(PUT(txn, "b", "4", KV_REPLACE), 0);
    ck_assert_int_eq(PUT(txn, "c", "5", KV_APPEND), 0);
    ck_assert_int_eq(PUT(txn, "a", "6", KV_APPEND), ERR_EXISTS);
    ck_assert_int_eq(kv_del(txn, KV_tombs, SPAN_LITERAL("b")), 0);
    ck_assert_int_eq(kv_del(txn, KV_tombs, SPAN_LITERAL("b")), ERR_NOT_FOUND);
    ck_assert_int_eq(kv_get(txn, KV_tombs, SPAN_LITERAL("b"), &value), ERR_NOT_FOUND);
    ck_assert_int_eq(kv_commit(txn), 0);
    ck_assert_uint_eq(fixture_rows(f, KV_tombs), 1);
    fixture_close(f);
}
END_TEST

START_TEST(abort_leaves_the_last_commit)
{
    struct fixture *f = fixture_open(_i);
    struct kv_txn *txn = begin(f, true);
    struct span value;
    ck_assert_int_eq(PUT(txn, "kept", "1", KV_REPLACE), 0);
    ck_assert_int_eq(PUT(txn, "gone", "1", KV_REPLACE), 0);
    ck_assert_int_eq(kv_commit(txn), 0);
    for (unsigned round = 0; round < 2; round++) {
        txn = begin(f, true);
        ck_assert_int_eq(PUT(txn, "kept", "2", KV_REPLACE), 0);
        ck_assert_int_eq(PUT(txn, "kept", "33", KV_REPLACE), 0);
        ck_assert_int_eq(PUT(txn, "new", "3", KV_FRESH), 0);
        ck_assert_int_eq(kv_del(txn, KV_tombs, SPAN_LITERAL("gone")), 0);
        ck_assert_int_eq(PUT(txn, "gone", "4", KV_FRESH), 0);
        ck_assert_int_eq(kv_del(txn, KV_tombs, SPAN_LITERAL("new")), 0);
        if (round == 0) {
            kv_abort(txn);
            fixture_reload(f);
            ck_assert_uint_eq(fixture_rows(f, KV_tombs), 2);
            txn = begin(f, false);
            ck_assert_int_eq(kv_get(txn, KV_tombs, SPAN_LITERAL("kept"), &value), 0);
            ck_assert(span_equal_text(value, "1"));
            ck_assert_int_eq(kv_get(txn, KV_tombs, SPAN_LITERAL("gone"), &value), 0);
            ck_assert(span_equal_text(value, "1"));
            kv_abort(txn);
        } else {
            ck_assert_int_eq(kv_commit(txn), 0);
            txn = begin(f, false);
            ck_assert_int_eq(kv_get(txn, KV_tombs, SPAN_LITERAL("kept"), &value), 0);
            ck_assert(span_equal_text(value, "33"));
            ck_assert_int_eq(kv_get(txn, KV_tombs, SPAN_LITERAL("gone"), &value), 0);
            ck_assert(span_equal_text(value, "4"));
            kv_abort(txn);
        }
    }
    fixture_close(f);
}
END_TEST

START_TEST(tables_are_apart)
{
    struct fixture *f = fixture_open(_i);
    struct kv_txn *txn = begin(f, true);
    struct span value;
    ck_assert_int_eq(PUT(txn, "a", "1", KV_REPLACE), 0);
    ck_assert_int_eq(kv_get(txn, KV_files, SPAN_LITERAL("a"), &value), ERR_NOT_FOUND);
    ck_assert_int_eq(kv_put(txn, KV_lookup, SPAN_LITERAL("a"), SPAN_NONE, KV_REPLACE), 0);
    ck_assert_int_eq(kv_get(txn, KV_lookup, SPAN_LITERAL("a"), &value), 0);
    ck_assert_uint_eq(value.len, 0);
    kv_abort(txn);
    fixture_close(f);
}
END_TEST

START_TEST(memory_is_full_at_its_limit_and_a_crash_rolls_back)
{
    struct kv *kv = kv_memory_open(10);
    struct kv_txn *txn = NULL;
    ck_assert_int_eq(kv_begin(kv, true, &txn), 0);
    ck_assert_int_eq(PUT(txn, "a", "1234", KV_REPLACE), 0);
    ck_assert_uint_eq(kv->ops->used_permille(kv), 500);
    ck_assert_int_eq(PUT(txn, "b", "12345", KV_REPLACE), ERR_FULL);
    ck_assert_int_eq(PUT(txn, "a", "123456789", KV_REPLACE), 0);
    kv_memory_crash(kv);
    ck_assert_uint_eq(kv_memory_count(kv, KV_tombs), 0);
    ck_assert_uint_eq(kv->ops->used_permille(kv), 0);
    kv_memory_close(kv);
}
END_TEST

/* A process that reads the store, and is killed in the middle of it. Returns its id; what it saw it
 * holds. */
static pid_t reader_start(const char *dir)
{
    int ready[2];
    char byte = 0;
    ck_assert_int_eq(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        struct kv *kv = NULL;
        struct kv_txn *txn = NULL;
        bool reads = kv_lmdb_open_readonly(dir, &kv) == 0 && kv_begin(kv, false, &txn) == 0;
        (void)!write(ready[1], reads ? "r" : "f", 1);
        for (;;) {
            pause();
        }
    }
    ck_assert_int_gt(child, 0);
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    ck_assert_int_eq(byte, 'r');
    close(ready[0]);
    close(ready[1]);
    return child;
}

START_TEST(reader_that_was_killed_holds_no_pages)
{
    enum { MAP_BYTES = 4 << 20, COMMITS = 1500 };
    char dir[64];
    struct kv *kv = NULL;
    fixture_dir_make(dir);
    ck_assert_int_eq(kv_lmdb_open(dir, MAP_BYTES, &kv), 0);
    kv_lmdb_close(kv);
    pid_t child = reader_start(dir);
    ck_assert_int_eq(kv_lmdb_open(dir, MAP_BYTES, &kv), 0);
    ck_assert_int_eq(kill(child, SIGKILL), 0);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    /* Each commit frees the pages that it replaces: held, they fill the map in some hundreds. */
    for (int i = 0; i < COMMITS; i++) {
        struct kv_txn *txn = NULL;
        ck_assert_int_eq(kv_begin(kv, true, &txn), 0);
        ck_assert_msg(PUT(txn, "a", "1", KV_REPLACE) == 0, "full after %d commits", i);
        ck_assert_msg(kv_commit(txn) == 0, "full after %d commits", i);
    }
    kv_lmdb_close(kv);
    fixture_dir_remove(dir);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kv");
    TCase *tc = tcase_create("kv");
    tcase_add_loop_test(tc, rows_come_in_order_of_bytes, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, fresh_and_append_refuse_what_is_there, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, abort_leaves_the_last_commit, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, tables_are_apart, 0, FIXTURE_KV_COUNT);
    tcase_add_test(tc, reader_that_was_killed_holds_no_pages);
    tcase_add_test(tc, memory_is_full_at_its_limit_and_a_crash_rolls_back);
    suite_add_tcase(suite, tc);
    return fixture_main(suite);
}
