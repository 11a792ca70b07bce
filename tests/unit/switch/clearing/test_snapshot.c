/* Goal: no walk holds a snapshot long, and none reads anything else for it. Method: a day of more
 * items than a snapshot is kept for, on the real store; how often a reader begins is counted. */
#include "switch/clearing/extract.h"
#include "tests/unit/switch/clearing/cut.h"

enum { ITEMS = 2 * SNAPSHOT_ROWS + 50 };

/* A store that counts its readers, and passes everything on. */
static struct kv_ops counting_ops;
static struct kv counting = {&counting_ops};
static struct kv *real;
static unsigned begun;

static int counting_begin(struct kv *kv, bool write, struct kv_txn **out)
{
    ck_assert_ptr_eq(kv, &counting);
    begun++;
    return kv_begin(real, write, out);
}

static struct kv *count_readers(void)
{
    real = store_kv(day->store);
    counting_ops = *real->ops;
    counting_ops.begin = counting_begin;
    begun = 0;
    return &counting;
}

static void long_day(void)
{
    for (unsigned i = 0; i < ITEMS; i++) {
        (void)store_day_approve(day, 'S', 100 + i, "visa", 978);
    }
    store_day_cutover(day, NEXT_DAY);
}

/* Walk the items of the day that are in @file_seq; a sale of the next day is written meanwhile. */
static uint64_t walk(struct snapshot *snapshot, uint64_t file_seq, int *rc)
{
    struct extract extract;
    struct clearing_row row;
    uint64_t count = 0;
    uint64_t last = 0;
    extract_open(&extract, snapshot, day->seal, STORE_DAY, file_seq);
    while ((*rc = extract_next(&extract, &row)) == 1) {
        ck_assert_uint_gt(row.item.item_seq, last);
        ck_assert_int_eq(row.item.amount_minor, 100 + (int64_t)count);
        last = row.item.item_seq;
        if (++count % (SNAPSHOT_ROWS / 2) == 0) {
            (void)store_day_approve(day, 'S', 5, "visa", 978);
        }
        extract_wipe(&row);
    }
    return count;
}

START_TEST(settled_walk_renews_its_snapshot_and_misses_nothing)
{
    struct snapshot snapshot;
    int rc = 0;
    long_day();
    ck_assert_int_eq(run_to(STORE_DAY, RUN_ASSIGNED, "12345678901", STORE_DAY_NOON_MS), 0);
    ck_assert_int_eq(snapshot_open(&snapshot, count_readers(), true), 0);
    ck_assert_uint_eq(walk(&snapshot, 1, &rc), ITEMS);
    ck_assert_int_eq(rc, 0);
    ck_assert_uint_eq(begun, 3);
    snapshot_close(&snapshot);
    snapshot_close(&snapshot); /* a second time does nothing */

    /* The journal, too: it has more rows than a page, and the chain holds across pages. */
    char text[4096] = "";
    ck_assert_int_eq(run(STORE_DAY), 0);
    ck_assert_uint_eq(result.manifest.items, ITEMS);
    ck_assert_msg(faults(true, text, sizeof text) == 0, "%s", text);
}
END_TEST

START_TEST(unsettled_walk_is_one_snapshot_and_is_given_up_when_it_is_old)
{
    struct snapshot snapshot;
    int rc = 0;
    long_day();
    ck_assert_int_eq(snapshot_open(&snapshot, count_readers(), false), 0);
    ck_assert_uint_eq(walk(&snapshot, 0, &rc), ITEMS);
    ck_assert_int_eq(rc, 0);
    ck_assert_uint_eq(begun, 1);
    snapshot.begun_ms -= SNAPSHOT_MS_MAX + 1;
    ck_assert_uint_eq(walk(&snapshot, 0, &rc), 0);
    ck_assert_int_eq(rc, ERR_STALE);
    snapshot_close(&snapshot);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("snapshot");
    TCase *tcase = tcase_create("snapshot");
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, cut_setup, cut_teardown);
    tcase_add_test(tcase, settled_walk_renews_its_snapshot_and_misses_nothing);
    tcase_add_test(tcase, unsettled_walk_is_one_snapshot_and_is_given_up_when_it_is_old);
    suite_add_tcase(suite, tcase);
    return row_main(suite);
}
