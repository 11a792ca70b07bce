/* Business days and clearing files, one case a rule, on both kinds of tables. */
#include "tests/unit/switch/store/fixture.h"

enum { TOMORROW = 20261122 };

static const struct book_answer *file_step(struct fixture *f, enum file_step step, uint32_t day,
                                           uint64_t file_seq)
{
    return fixture_ask(f, (struct book_request){.op = BOOK_FILE,
                                                .day = day,
                                                .file_step = step,
                                                .file_seq = file_seq,
                                                .file_count = 1,
                                                .file_bytes = 2,
                                                .file_hash = {3}});
}

static const struct book_answer *sign_off(struct fixture *f, uint32_t day)
{
    return fixture_ask(f, (struct book_request){.op = BOOK_SIGN_OFF, .day = day});
}

static struct file_row file_of(struct fixture *f, uint64_t file_seq)
{
    struct kv_txn *txn = NULL;
    struct span value;
    struct file_row row;
    uint8_t key[8];
    be64_put(key, file_seq);
    ck_assert_int_eq(kv_begin(f->kv, false, &txn), 0);
    ck_assert_int_eq(kv_get(txn, KV_files, span_make(key, 8), &value), 0);
    ck_assert_int_eq(file_row_decode(value, &row), 0);
    kv_abort(txn);
    return row;
}

START_TEST(cutover_begins_the_named_day)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = fixture_purchase(1, 1000);
    ck_assert_uint_eq(book_current_day(f->book), FIXTURE_DAY);
    const struct book_answer *answer = fixture_do_cutover(f, TOMORROW);
    ck_assert_int_eq(answer->result, BOOK_IS_STORED);
    ck_assert_uint_eq(answer->day, TOMORROW);
    ck_assert_uint_eq(book_current_day(f->book), TOMORROW);
    ck_assert_uint_eq(fixture_day(f, FIXTURE_DAY).state, DAY_DRAINED);
    ck_assert_uint_eq(fixture_day(f, TOMORROW).state, DAY_OPEN);
    ck_assert_int_eq(fixture_day(f, TOMORROW).opened_ms, f->wall_ms);
    fixture_reload(f);
    ck_assert_uint_eq(book_current_day(f->book), TOMORROW);
    ck_assert_uint_eq(fixture_do_open(f, &purchase)->record.day, TOMORROW);
    fixture_close(f);
}
END_TEST

START_TEST(cutover_to_today_or_before_changes_nothing)
{
    struct fixture *f = fixture_open(_i);
    fixture_do_cutover(f, TOMORROW);
    size_t journal = fixture_rows(f, KV_journal);
    ck_assert_int_eq(fixture_do_cutover(f, TOMORROW)->result, BOOK_IS_STORED);
    ck_assert_int_eq(fixture_do_cutover(f, FIXTURE_DAY)->result, BOOK_IS_STORED);
    ck_assert_uint_eq(f->answers[0].day, TOMORROW);
    ck_assert_uint_eq(fixture_rows(f, KV_journal), journal);
    ck_assert_uint_eq(fixture_rows(f, KV_days), 2);
    fixture_close(f);
}
END_TEST

START_TEST(cutover_to_no_date_is_refused)
{
    struct fixture *f = fixture_open(_i);
    ck_assert_int_eq(fixture_do_cutover(f, 20261131)->result, BOOK_IS_NO_SUCH);
    ck_assert_str_eq(f->answers[0].code, "da");
    ck_assert_uint_eq(f->answers[0].day, FIXTURE_DAY);
    fixture_close(f);
}
END_TEST

START_TEST(day_is_drained_by_its_last_open_one)
{
    struct fixture *f = fixture_open(_i);
    struct record one = fixture_purchase(1, 1000);
    struct record two = fixture_purchase(2, 2000);
    struct record new_day = fixture_purchase(3, 3000);
    one = fixture_do_open(f, &one)->record;
    two = fixture_do_open(f, &two)->record;
    fixture_do_cutover(f, TOMORROW);
    new_day = fixture_do_open(f, &new_day)->record;
    ck_assert_uint_eq(fixture_day(f, FIXTURE_DAY).state, DAY_DRAINING);
    fixture_do_close(f, &one, STATE_APPROVED);
    ck_assert_uint_eq(fixture_day(f, FIXTURE_DAY).state, DAY_DRAINING);
    f->wall_ms += 7;
    fixture_do_close(f, &two, STATE_UNKNOWN);
    ck_assert_uint_eq(fixture_day(f, FIXTURE_DAY).state, DAY_DRAINED);
    ck_assert_int_eq(fixture_day(f, FIXTURE_DAY).closed_ms, f->wall_ms);
    ck_assert_uint_eq(fixture_day(f, TOMORROW).open_count, 1);
    /* The answer after the cutover belongs to the day of its OPEN. */
    ck_assert_int_eq(fixture_totals(f, FIXTURE_DAY).sales_minor, 1000);
    ck_assert_uint_eq(fixture_totals(f, TOMORROW).sales_count, 0);
    fixture_audit(f, FIXTURE_DAY);
    fixture_close(f);
}
END_TEST

START_TEST(restart_drains_a_draining_day)
{
    struct fixture *f = fixture_open(_i);
    struct book_recovered found;
    struct record one = fixture_purchase(1, 1000);
    fixture_do_open(f, &one);
    fixture_do_cutover(f, TOMORROW);
    fixture_reload(f);
    ck_assert_int_eq(book_recover(f->book, f->wall_ms, NULL, NULL, &found), 0);
    ck_assert_uint_eq(fixture_day(f, FIXTURE_DAY).state, DAY_DRAINED);
    fixture_close(f);
}
END_TEST

START_TEST(file_takes_the_open_items_of_a_drained_day)
{
    struct fixture *f = fixture_open(_i);
    struct record sale = fixture_purchase(1, 1000);
    struct record netted = fixture_purchase(2, 2000);
    struct record free_sale = fixture_purchase(3, 0);
    struct record later = fixture_purchase(4, 4000);
    struct record closed = fixture_closed(f, &sale, STATE_APPROVED);
    struct record reversed = fixture_closed(f, &netted, STATE_APPROVED);
    struct record nothing = fixture_closed(f, &free_sale, STATE_APPROVED);
    struct record reversal = fixture_reversal(&netted);
    fixture_do_reversal(f, &reversal);
    fixture_do_cutover(f, TOMORROW);
    struct record other_day = fixture_closed(f, &later, STATE_APPROVED);

    const struct book_answer *answer = file_step(f, FILE_ASSIGN, FIXTURE_DAY, 0);
    ck_assert_int_eq(answer->result, BOOK_IS_STORED);
    ck_assert_uint_eq(answer->file_seq, 1);
    ck_assert_uint_eq(answer->file_created_ms, (uint64_t)f->wall_ms);
    struct item_row item = fixture_item(f, FIXTURE_DAY, closed.item_seq);
    ck_assert_uint_eq(item.state, ITEM_IN_FILE);
    ck_assert_uint_eq(item.file_seq, 1);
    ck_assert_uint_eq(fixture_item(f, FIXTURE_DAY, reversed.item_seq).state, ITEM_NETTED);
    ck_assert_uint_eq(fixture_item(f, FIXTURE_DAY, nothing.item_seq).file_seq, 0);
    ck_assert_uint_eq(fixture_item(f, TOMORROW, other_day.item_seq).file_seq, 0);
    ck_assert_uint_eq(file_of(f, 1).count, 1);
    fixture_audit(f, FIXTURE_DAY);
    fixture_close(f);
}
END_TEST

START_TEST(assigning_again_gives_the_same_file)
{
    struct fixture *f = fixture_open(_i);
    fixture_do_cutover(f, TOMORROW);
    file_step(f, FILE_ASSIGN, FIXTURE_DAY, 0);
    int64_t created_ms = f->wall_ms;
    f->wall_ms += 5000;
    fixture_reload(f);
    const struct book_answer *answer = file_step(f, FILE_ASSIGN, FIXTURE_DAY, 0);
    ck_assert_int_eq(answer->result, BOOK_IS_STORED);
    ck_assert_uint_eq(answer->file_seq, 1);
    ck_assert_uint_eq(answer->file_created_ms, (uint64_t)created_ms);
    ck_assert_uint_eq(fixture_rows(f, KV_files), 1);
    fixture_close(f);
}
END_TEST

/* Two items a step: killed after any of them, it goes on where it was. */
START_TEST(assignment_of_a_long_day_goes_on_in_steps)
{
    enum { ITEMS = 7 };
    struct fixture *f = fixture_open(_i);
    struct record sales[ITEMS];
    struct record again = fixture_purchase(1, 1001);
    for (unsigned i = 0; i < ITEMS; i++) {
        struct record purchase = fixture_purchase(i + 1, 1001 + i);
        sales[i] = fixture_closed(f, &purchase, STATE_APPROVED);
    }
    struct record netted = fixture_reversal(&again);
    fixture_do_reversal(f, &netted);
    fixture_do_cutover(f, TOMORROW);
    f->settings.assign_max = 2;
    int64_t created_ms = 0;
    for (unsigned step = 1; step <= 3; step++) {
        fixture_reload(f);
        f->wall_ms += 1000;
        created_ms = step == 1 ? f->wall_ms : created_ms;
        ck_assert_int_eq(file_step(f, FILE_ASSIGN, FIXTURE_DAY, 0)->result, BOOK_IS_MORE);
        ck_assert_uint_eq(f->answers[0].file_seq, 1);
        ck_assert_uint_eq(file_of(f, 1).state, FILE_IS_ASSIGNING);
        ck_assert_uint_eq(file_of(f, 1).count, 2 * step - 1);
        ck_assert_int_eq(file_step(f, FILE_BUILT, 0, 1)->result, BOOK_IS_NO_SUCH);
        ck_assert_int_eq(file_step(f, FILE_PUBLISHED, 0, 1)->result, BOOK_IS_NO_SUCH);
    }
    /* What is reversed between two steps is an item of today, in its file already or not. */
    for (unsigned i = 1; i < ITEMS; i += ITEMS - 2) {
        struct record reversal = fixture_reversal(&sales[i]);
        ck_assert_int_eq(fixture_do_reversal(f, &reversal)->result, BOOK_IS_FRESH);
    }
    ck_assert_int_eq(file_step(f, FILE_ASSIGN, FIXTURE_DAY, 0)->result, BOOK_IS_STORED);
    ck_assert_uint_eq(f->answers[0].file_created_ms, (uint64_t)created_ms);
    for (unsigned i = 0; i < ITEMS; i++) {
        struct item_row item = fixture_item(f, FIXTURE_DAY, sales[i].item_seq);
        ck_assert_uint_eq(item.state, i == 0 ? ITEM_NETTED : ITEM_IN_FILE);
        ck_assert_uint_eq(item.file_seq, i == 0 ? 0 : 1);
    }
    ck_assert_uint_eq(file_of(f, 1).count, ITEMS - 1);
    ck_assert_uint_eq(fixture_item(f, TOMORROW, ITEMS + 1).kind, 'V');
    ck_assert_uint_eq(fixture_item(f, TOMORROW, ITEMS + 2).kind, 'V');
    ck_assert_int_eq(file_step(f, FILE_BUILT, 0, 1)->result, BOOK_IS_STORED);
    fixture_audit(f, FIXTURE_DAY);
    fixture_audit(f, TOMORROW);
    fixture_close(f);
}
END_TEST

START_TEST(day_that_is_not_drained_has_no_file)
{
    struct fixture *f = fixture_open(_i);
    struct record one = fixture_purchase(1, 1000);
    ck_assert_int_eq(file_step(f, FILE_ASSIGN, FIXTURE_DAY, 0)->result, BOOK_IS_NO_SUCH);
    ck_assert_str_eq(f->answers[0].code, "dr");
    fixture_do_open(f, &one);
    fixture_do_cutover(f, TOMORROW);
    ck_assert_int_eq(file_step(f, FILE_ASSIGN, FIXTURE_DAY, 0)->result, BOOK_IS_NO_SUCH);
    ck_assert_int_eq(file_step(f, FILE_ASSIGN, 20250101, 0)->result, BOOK_IS_NO_SUCH);
    ck_assert_str_eq(f->answers[0].code, "da");
    ck_assert_uint_eq(fixture_rows(f, KV_files), 0);
    fixture_close(f);
}
END_TEST

START_TEST(file_is_built_then_published_and_the_day_is_cut)
{
    struct fixture *f = fixture_open(_i);
    fixture_do_cutover(f, TOMORROW);
    file_step(f, FILE_ASSIGN, FIXTURE_DAY, 0);
    ck_assert_int_eq(file_step(f, FILE_PUBLISHED, 0, 1)->result, BOOK_IS_NO_SUCH);
    ck_assert_str_eq(f->answers[0].code, "fi");
    ck_assert_int_eq(file_step(f, FILE_BUILT, 0, 1)->result, BOOK_IS_STORED);
    ck_assert_uint_eq(file_of(f, 1).state, FILE_IS_BUILT);
    ck_assert_uint_eq(file_of(f, 1).bytes, 2);
    ck_assert_int_eq(file_step(f, FILE_BUILT, 0, 1)->result, BOOK_IS_STORED);
    ck_assert_uint_eq(fixture_day(f, FIXTURE_DAY).state, DAY_DRAINED);
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_int_eq(file_step(f, FILE_PUBLISHED, 0, 1)->result, BOOK_IS_STORED);
        ck_assert_uint_eq(fixture_day(f, FIXTURE_DAY).state, DAY_CUT);
    }
    /* Published is final: the same bytes are a repeat, others are refused. */
    ck_assert_int_eq(file_step(f, FILE_BUILT, 0, 1)->result, BOOK_IS_STORED);
    ck_assert_uint_eq(file_of(f, 1).state, FILE_IS_PUBLISHED);
    struct book_request other = {.op = BOOK_FILE, .file_step = FILE_BUILT, .file_seq = 1};
    ck_assert_int_eq(fixture_ask(f, other)->result, BOOK_IS_NO_SUCH);
    ck_assert_int_eq(file_step(f, FILE_BUILT, 0, 9)->result, BOOK_IS_NO_SUCH);
    fixture_close(f);
}
END_TEST

START_TEST(day_is_signed_off_when_nothing_of_it_is_due)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = fixture_purchase(1, 1000);
    struct record of_tomorrow = fixture_purchase(2, 2000);
    struct record due = fixture_closed(f, &purchase, STATE_UNKNOWN);
    fixture_do_cutover(f, TOMORROW);
    fixture_closed(f, &of_tomorrow, STATE_UNKNOWN);
    ck_assert_int_eq(sign_off(f, FIXTURE_DAY)->result, BOOK_IS_NO_SUCH);
    ck_assert_str_eq(f->answers[0].code, "cu");
    file_step(f, FILE_ASSIGN, FIXTURE_DAY, 0);
    file_step(f, FILE_BUILT, 0, 1);
    file_step(f, FILE_PUBLISHED, 0, 1);
    ck_assert_int_eq(sign_off(f, FIXTURE_DAY)->result, BOOK_IS_NO_SUCH);
    ck_assert_str_eq(f->answers[0].code, "du");
    /* A dead letter blocks, too. */
    ck_assert_uint_eq(fixture_day(f, FIXTURE_DAY).due_count, 1);
    ck_assert_uint_eq(fixture_day(f, FIXTURE_DAY).dead_count, 0);
    for (unsigned i = 0; i < 2; i++) {
        fixture_do_settle(f, &due, SETTLE_DEAD);
        ck_assert_uint_eq(fixture_day(f, FIXTURE_DAY).due_count, 1);
        ck_assert_uint_eq(fixture_day(f, FIXTURE_DAY).dead_count, 1);
    }
    ck_assert_int_eq(sign_off(f, FIXTURE_DAY)->result, BOOK_IS_NO_SUCH);
    fixture_do_settle(f, &due, SETTLE_DONE);
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_int_eq(sign_off(f, FIXTURE_DAY)->result, BOOK_IS_STORED);
        ck_assert_uint_eq(fixture_day(f, FIXTURE_DAY).state, DAY_CLOSED);
    }
    ck_assert_uint_eq(fixture_day(f, FIXTURE_DAY).due_count, 0);
    ck_assert_uint_eq(fixture_day(f, FIXTURE_DAY).dead_count, 0);
    ck_assert_uint_eq(fixture_day(f, TOMORROW).due_count, 1);
    ck_assert_int_eq(sign_off(f, 20200101)->result, BOOK_IS_NO_SUCH);
    ck_assert_str_eq(f->answers[0].code, "da");
    fixture_audit(f, FIXTURE_DAY);
    fixture_close(f);
}
END_TEST

START_TEST(day_that_counts_wrongly_is_found)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = fixture_purchase(1, 1000);
    struct record left_open = fixture_purchase(2, 2000);
    struct record due = fixture_closed(f, &purchase, STATE_UNKNOWN);
    fixture_do_open(f, &left_open);
    fixture_do_settle(f, &due, SETTLE_DEAD);
    const struct day_row right = fixture_day(f, FIXTURE_DAY);
    for (unsigned i = 0; i < 4; i++) {
        struct day_row row = right;
        uint32_t day = 0;
        row.open_count += i == 1;
        row.due_count -= i == 2;
        row.dead_count += i == 3;
        uint8_t key[4];
        uint8_t bytes[64];
        struct writer out = writer_make(bytes, sizeof bytes);
        struct kv_txn *txn = NULL;
        be32_put(key, FIXTURE_DAY);
        ck_assert_int_eq(day_row_encode(&row, &out), 0);
        ck_assert_int_eq(kv_begin(f->kv, true, &txn), 0);
        ck_assert_int_eq(kv_put(txn, KV_days, span_make(key, 4), writer_written(&out), KV_REPLACE),
                         0);
        ck_assert_int_eq(book_check_days(txn, &day), i == 0 ? 0 : ERR_CORRUPT);
        ck_assert_uint_eq(day, i == 0 ? 0 : FIXTURE_DAY);
        kv_abort(txn);
    }
    fixture_close(f);
}
END_TEST

START_TEST(reversal_of_what_is_in_a_file_is_an_item_of_today)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = fixture_purchase(1, 1000);
    struct record closed = fixture_closed(f, &purchase, STATE_APPROVED);
    fixture_do_cutover(f, TOMORROW);
    file_step(f, FILE_ASSIGN, FIXTURE_DAY, 0);
    struct record reversal = fixture_reversal(&purchase);
    ck_assert_int_eq(fixture_do_reversal(f, &reversal)->result, BOOK_IS_FRESH);
    ck_assert_uint_eq(fixture_item(f, FIXTURE_DAY, closed.item_seq).state, ITEM_IN_FILE);
    ck_assert_uint_eq(fixture_item(f, TOMORROW, 2).kind, 'V');
    fixture_audit(f, FIXTURE_DAY);
    fixture_audit(f, TOMORROW);
    fixture_close(f);
}
END_TEST

/* Some with each commit, and those of the window stay. */
START_TEST(cutover_takes_old_tombstones_in_steps)
{
    enum { OLD = 5, NEW = 4 };
    struct fixture *f = fixture_open(_i);
    struct record purchases[OLD + NEW];
    f->settings.sweep_max = 2;
    fixture_reload(f);
    for (unsigned i = 0; i < OLD + NEW; i++) {
        purchases[i] = fixture_purchase(i + 1, 1000);
        purchases[i].rrn[0] = 0; /* one tombstone each */
        struct record reversal = fixture_reversal(&purchases[i]);
        ck_assert_str_eq(fixture_do_reversal(f, &reversal)->code, "00");
        f->wall_ms += i == OLD - 1 ? 24 * HOUR_MS : 0;
    }
    f->wall_ms++;
    ck_assert_uint_eq(fixture_rows(f, KV_tombs), OLD + NEW);
    fixture_do_cutover(f, 20261122);
    size_t left = OLD + NEW;
    for (unsigned commits = 0; commits < (OLD + NEW + 1) / 2; commits++) {
        ck_assert_uint_ge(fixture_rows(f, KV_tombs) + 2, left);
        left = fixture_rows(f, KV_tombs);
        fixture_do_cutover(f, 20261122); /* a no-op */
    }
    ck_assert_uint_eq(fixture_rows(f, KV_tombs), NEW);
    for (unsigned i = 0; i < OLD + NEW; i++) {
        ck_assert_int_eq(fixture_do_open(f, &purchases[i])->result,
                         i < OLD ? BOOK_IS_FRESH : BOOK_IS_TOMBED);
    }
    fixture_close(f);
}
END_TEST

START_TEST(many_days_are_kept_in_order)
{
    struct fixture *f = fixture_open(_i);
    uint32_t day = TOMORROW;
    for (unsigned i = 0; i < 40; i++, day += day == 20261130 ? 71 : day == 20261231 ? 8870 : 1) {
        ck_assert_int_eq(fixture_do_cutover(f, day)->result, BOOK_IS_STORED);
        ck_assert_uint_eq(f->answers[0].day, day);
        if (i % 7 == 0) {
            fixture_reload(f);
            ck_assert_uint_eq(book_current_day(f->book), day);
        }
    }
    ck_assert_uint_eq(fixture_rows(f, KV_days), 41);
    ck_assert_uint_eq(fixture_day(f, 20261215).state, DAY_DRAINED);
    fixture_close(f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("book: days");
    TCase *tc = tcase_create("days");
    tcase_add_loop_test(tc, cutover_begins_the_named_day, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, cutover_to_today_or_before_changes_nothing, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, cutover_to_no_date_is_refused, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, day_is_drained_by_its_last_open_one, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, restart_drains_a_draining_day, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, file_takes_the_open_items_of_a_drained_day, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, assigning_again_gives_the_same_file, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, assignment_of_a_long_day_goes_on_in_steps, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, day_that_counts_wrongly_is_found, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, day_that_is_not_drained_has_no_file, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, file_is_built_then_published_and_the_day_is_cut, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, day_is_signed_off_when_nothing_of_it_is_due, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, reversal_of_what_is_in_a_file_is_an_item_of_today, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, cutover_takes_old_tombstones_in_steps, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, many_days_are_kept_in_order, 0, FIXTURE_KV_COUNT);
    suite_add_tcase(suite, tc);
    return fixture_main(suite);
}
