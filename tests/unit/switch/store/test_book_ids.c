/* Goal: every K is found, wherever it is: in memory, in rows of a round that is being written, in
 * rows alone, and after a crash at any of these. Method: rounds of openings, with repeats of the
 * oldest, the middle and the newest behind every batch. */
#include "tests/sim/kv_memory.h"
#include "tests/unit/switch/store/fixture.h"

enum { BATCH = 500, BATCHES = 40 };

static void open_batch(struct fixture *f, unsigned first)
{
    static struct book_request requests[BATCH];
    for (unsigned i = 0; i < BATCH; i++) {
        requests[i] =
            (struct book_request){.op = BOOK_OPEN, .record = fixture_purchase(first + i, 1000)};
    }
    fixture_execute(f, requests, BATCH);
    for (unsigned i = 0; i < BATCH; i++) {
        ck_assert_int_eq(f->answers[i].result, BOOK_IS_FRESH);
        ck_assert_uint_eq(f->answers[i].record.seq, first + i);
    }
}

static void is_repeat(struct fixture *f, unsigned stan)
{
    struct record purchase = fixture_purchase(stan, 1000);
    const struct book_answer *answer = fixture_do_open(f, &purchase);
    ck_assert_int_eq(answer->result, BOOK_IS_REPEAT_OPEN);
    ck_assert_uint_eq(answer->record.seq, stan);
}

/* With @_i the book is loaded again behind every batch. */
START_TEST(repeat_is_found_in_memory_in_rows_and_after_a_restart)
{
    struct fixture *f = fixture_open(FIXTURE_MEMORY);
    size_t written = 0;
    unsigned rounds = 0;
    for (unsigned batch = 0; batch < BATCHES; batch++) {
        unsigned first = batch * BATCH + 1;
        open_batch(f, first);
        if (_i != 0) {
            fixture_reload(f);
        }
        is_repeat(f, 1);
        is_repeat(f, first / 2 + 1);
        is_repeat(f, first);
        is_repeat(f, first + BATCH - 1);
        size_t rows = fixture_rows(f, KV_ids);
        rounds += rows > written ? 1 : 0;
        written = rows;
    }
    /* Rows come in rounds, and the newest have none yet. */
    ck_assert_uint_gt(rounds, 1);
    ck_assert_uint_lt(rounds, BATCHES / 2);
    ck_assert_uint_lt(written, BATCHES * BATCH);
    fixture_close(f);
}
END_TEST

START_TEST(crash_between_the_batches_of_a_round_loses_no_key)
{
    struct fixture *f = fixture_open(FIXTURE_MEMORY);
    unsigned opened = 0;
    while (fixture_rows(f, KV_ids) == 0) {
        open_batch(f, opened + 1);
        opened += BATCH;
    }
    /* The rows of ids are there, those of the look-up are not: the round has only begun. */
    ck_assert_uint_eq(fixture_rows(f, KV_lookup), 0);
    fixture_reload(f);
    for (unsigned stan = 1; stan <= opened; stan += 37) {
        is_repeat(f, stan);
    }
    ck_assert_uint_eq(fixture_rows(f, KV_ids), opened);
    fixture_close(f);
}
END_TEST

/* What an aborted batch added is forgotten, and what was in memory before it is not. */
START_TEST(aborted_batch_leaves_no_key)
{
    enum { ROOM = 120000 };
    struct fixture *f = fixture_open(FIXTURE_MEMORY);
    static struct book_request requests[BATCH];
    book_free(f->book);
    kv_memory_close(f->kv);
    f->kv = kv_memory_open(ROOM);
    ck_assert_int_eq(book_create(f->kv, FIXTURE_DAY, f->wall_ms), 0);
    ck_assert_int_eq(book_load(f->kv, &BOOK_SETTINGS_DEFAULT, &f->book), 0);
    for (unsigned stan = 1; stan <= 20; stan++) {
        struct record purchase = fixture_purchase(stan, 1000);
        fixture_do_open(f, &purchase);
    }
    for (unsigned i = 0; i < BATCH; i++) {
        requests[i] =
            (struct book_request){.op = BOOK_OPEN, .record = fixture_purchase(100 + i, 1000)};
    }
    fixture_execute(f, requests, BATCH);
    bool taken[BATCH];
    unsigned count = 0;
    for (unsigned i = 0; i < BATCH; i++) {
        taken[i] = f->answers[i].result == BOOK_IS_FRESH;
        ck_assert(taken[i] || f->answers[i].result == BOOK_IS_REFUSED);
        count += taken[i] ? 1 : 0;
    }
    ck_assert_uint_lt(count, BATCH / 2);
    ck_assert_uint_eq(fixture_rows(f, KV_txns), 20 + count);
    for (unsigned stan = 1; stan <= 20; stan++) {
        is_repeat(f, stan);
    }
    for (unsigned i = 0; i < BATCH; i++) {
        struct record again = fixture_purchase(100 + i, 1000);
        enum book_result result = fixture_do_open(f, &again)->result;
        ck_assert_int_eq(result == BOOK_IS_REPEAT_OPEN, taken[i]);
    }
    fixture_close(f);
}
END_TEST

/* Buckets of four: the original is in an old one, whose summary was stored, in the unfinished one,
 * whose summary is made anew, or not written yet. */
START_TEST(original_is_found_in_any_bucket_after_a_restart)
{
    enum { SALES = 30 };
    struct fixture *f = fixture_open(_i);
    f->settings.bucket_bits = 2;
    f->settings.round_batches = 0;
    fixture_reload(f);
    for (unsigned i = 0; i < SALES; i++) {
        struct record purchase = fixture_purchase(i + 1, 1000);
        fixture_closed(f, &purchase, STATE_APPROVED);
        if (i % 5 == 4) {
            fixture_reload(f);
        }
    }
    ck_assert_uint_ge(fixture_rows(f, KV_summary), SALES / 4 - 2);
    for (unsigned i = SALES; i-- > 0;) {
        struct record purchase = fixture_purchase(i + 1, 1000);
        struct record reversal = fixture_reversal(&purchase);
        ck_assert_str_eq(fixture_do_reversal(f, &reversal)->code, "00");
        ck_assert_uint_eq(f->answers[0].record.original_seq, i + 1);
    }
    fixture_audit(f, FIXTURE_DAY);
    fixture_close(f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("book: ids");
    TCase *keys = tcase_create("keys");
    tcase_set_timeout(keys, 60);
    tcase_add_loop_test(keys, repeat_is_found_in_memory_in_rows_and_after_a_restart, 0, 2);
    tcase_add_test(keys, crash_between_the_batches_of_a_round_loses_no_key);
    tcase_add_test(keys, aborted_batch_leaves_no_key);
    tcase_add_loop_test(keys, original_is_found_in_any_bucket_after_a_restart, 0, FIXTURE_KV_COUNT);
    suite_add_tcase(suite, keys);
    return fixture_main(suite);
}
