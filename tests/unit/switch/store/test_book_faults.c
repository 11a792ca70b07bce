/* Restart, failing writes and commits, a full store, damage and the audits. */
#include "switch/store/book.h"

#include <stdio.h>

#include "tests/sim/kv_memory.h"
#include "switch/store/book_internal.h"
#include "tests/unit/switch/store/fixture.h"

struct told {
    unsigned count;
    uint64_t due_seq;
};

static void tell(void *context, const struct record *original)
{
    struct told *told = context;
    told->count++;
    told->due_seq = original->due_seq;
    ck_assert(original->state == STATE_UNKNOWN || original->state == STATE_REVERSAL_DUE);
}

START_TEST(restart_finds_every_open_in_doubt)
{
    struct fixture *f = fixture_open(_i);
    struct book_recovered found;
    struct told told = {0};
    struct record sale = fixture_purchase(1, 1000);
    struct record balance = fixture_purchase(2, 0);
    struct record routeless = fixture_purchase(3, 5);
    struct record closed = fixture_purchase(4, 6);
    balance.money = MONEY_NONE;
    routeless.issuer[0] = 0;
    fixture_do_open(f, &sale);
    fixture_do_open(f, &balance);
    fixture_do_open(f, &routeless);
    fixture_closed(f, &closed, STATE_UNKNOWN);
    fixture_reload(f);
    ck_assert_int_eq(book_recover(f->book, f->wall_ms, tell, &told, &found), 0);
    ck_assert_uint_eq(found.open_count, 3);
    ck_assert_uint_eq(found.unknown_count, 1);
    ck_assert_uint_eq(found.declined_count, 2);
    ck_assert_uint_eq(found.due_count, 2);
    ck_assert_uint_eq(told.count, 2);
    ck_assert_uint_eq(told.due_seq, 2);
    ck_assert_uint_eq(fixture_record(f, 1).state, STATE_UNKNOWN);
    ck_assert_uint_eq(fixture_record(f, 2).state, STATE_DECLINED);
    ck_assert_str_eq(fixture_record(f, 3).code, "92");
    ck_assert_uint_eq(fixture_day(f, FIXTURE_DAY).open_count, 0);

    fixture_reload(f);
    ck_assert_int_eq(book_recover(f->book, f->wall_ms, NULL, NULL, &found), 0);
    ck_assert_uint_eq(found.open_count, 0);
    ck_assert_uint_eq(found.due_count, 2);
    fixture_audit(f, FIXTURE_DAY);
    fixture_close(f);
}
END_TEST

START_TEST(recovery_may_be_killed_between_batches)
{
    enum { OPENS = 600 };
    struct fixture *f = fixture_open(FIXTURE_MEMORY);
    struct book_recovered found;
    for (unsigned stan = 1; stan <= OPENS; stan++) {
        struct record purchase = fixture_purchase(stan, stan);
        fixture_do_open(f, &purchase);
    }
    fixture_reload(f);
    kv_memory_fail_commit(f->kv, 2, false);
    ck_assert_int_eq(book_recover(f->book, f->wall_ms, NULL, NULL, &found), ERR_IO);
    size_t left = fixture_rows(f, KV_open);
    ck_assert_uint_gt(left, 0);
    ck_assert_uint_lt(left, OPENS);
    fixture_reload(f);
    ck_assert_int_eq(book_recover(f->book, f->wall_ms, NULL, NULL, &found), 0);
    ck_assert_uint_eq(found.open_count, left);
    ck_assert_uint_eq(found.due_count, OPENS);
    ck_assert_uint_eq(fixture_rows(f, KV_open), 0);
    fixture_audit(f, FIXTURE_DAY);
    fixture_close(f);
}
END_TEST

START_TEST(last_stan_is_that_of_the_newest_record)
{
    struct fixture *f = fixture_open(_i);
    uint32_t stan = 1;
    ck_assert_int_eq(book_last_stan(f->book, &stan), 0);
    ck_assert_uint_eq(stan, 0);
    struct record one = fixture_purchase(100, 1);
    struct record two = fixture_purchase(200, 1);
    memcpy(two.issuer, "other", 6);
    fixture_do_open(f, &one);
    fixture_do_open(f, &two);
    fixture_reload(f);
    ck_assert_int_eq(book_last_stan(f->book, &stan), 0);
    ck_assert_uint_eq(stan, 401);
    fixture_close(f);
}
END_TEST

static void no_answer(void *context, const struct book_answer *answer)
{
    (void)context;
    ck_abort_msg("answered %s", book_result_name(answer->result));
}

START_TEST(failed_commit_answers_nobody_and_stops)
{
    struct fixture *f = fixture_open(FIXTURE_MEMORY);
    struct book_request request = {
        .op = BOOK_OPEN, .record = fixture_purchase(1, 1000), .wall_ms = f->wall_ms};
    kv_memory_fail_commit(f->kv, 1, _i == 1);
    ck_assert_int_eq(book_execute(f->book, &request, 1, no_answer, NULL), ERR_IO);
    ck_assert_int_eq(book_execute(f->book, &request, 1, no_answer, NULL), ERR_CLOSED);
    fixture_reload(f);
    /* Whether the disk has it nobody knew; both are whole. */
    ck_assert_int_eq(fixture_do_open(f, &request.record)->result,
                     _i == 1 ? BOOK_IS_REPEAT_OPEN : BOOK_IS_FRESH);
    fixture_close(f);
}
END_TEST

static void count_answer(void *context, const struct book_answer *answer)
{
    struct fixture *f = context;
    ck_assert_str_ne(book_result_name(answer->result), "?");
    f->answer_count++;
}

START_TEST(failure_of_any_write_leaves_the_last_commit)
{
    /* Fail the first, second ... write of a batch until it passes. */
    struct fixture *f = fixture_open(FIXTURE_MEMORY);
    struct record purchase = fixture_purchase(1, 1000);
    struct record opened = fixture_do_open(f, &purchase)->record;
    struct book_request requests[2] = {{.op = BOOK_CLOSE, .record = opened},
                                       {.op = BOOK_OPEN, .record = fixture_purchase(2, 7)}};
    uint32_t failures = 0;
    requests[0].record.state = STATE_APPROVED;
    requests[0].record.approved_minor = 1000;
    for (;;) {
        f->answer_count = 0;
        kv_memory_fail_write(f->kv, failures + 1, ERR_IO);
        if (book_execute(f->book, requests, 2, count_answer, f) == 0) {
            break;
        }
        ck_assert_uint_eq(f->answer_count, 0);
        failures++;
        fixture_reload(f);
        ck_assert_uint_eq(fixture_record(f, opened.seq).state, STATE_OPEN);
        ck_assert_uint_eq(fixture_rows(f, KV_txns), 1);
        ck_assert_uint_eq(fixture_rows(f, KV_items), 0);
        fixture_audit(f, FIXTURE_DAY);
    }
    /* Five of the CLOSE, four of the OPEN; then day, totals, counters, chain. */
    ck_assert_uint_eq(failures, 13);
    ck_assert_uint_eq(f->answer_count, 2);
    kv_memory_fail_write(f->kv, 0, 0);
    ck_assert_uint_eq(fixture_record(f, opened.seq).state, STATE_APPROVED);
    fixture_audit(f, FIXTURE_DAY);
    fixture_close(f);
}
END_TEST

START_TEST(full_store_refuses_fresh_but_finishes_open_ones)
{
    struct kv *kv = kv_memory_open(60000);
    struct fixture *f = fixture_open(FIXTURE_MEMORY);
    struct record open_ones[200];
    size_t count = 0;
    book_free(f->book);
    kv_memory_close(f->kv);
    f->kv = kv;
    ck_assert_int_eq(book_create(kv, FIXTURE_DAY, f->wall_ms), 0);
    ck_assert_int_eq(book_load(kv, &BOOK_SETTINGS_DEFAULT, &f->book), 0);
    for (;;) {
        struct record purchase = fixture_purchase((unsigned)count + 1, 1000);
        const struct book_answer *answer = fixture_do_open(f, &purchase);
        if (answer->result == BOOK_IS_REFUSED) {
            break;
        }
        ck_assert_int_eq(answer->result, BOOK_IS_FRESH);
        ck_assert_uint_lt(count, 200);
        open_ones[count++] = answer->record;
    }
    ck_assert_uint_gt(count, 20);
    /* What is there is found, and can be finished. */
    ck_assert_int_eq(fixture_do_open(f, &open_ones[0])->result, BOOK_IS_REPEAT_OPEN);
    ck_assert_int_eq(fixture_do_close(f, &open_ones[0], STATE_APPROVED)->result, BOOK_IS_STORED);
    ck_assert_int_eq(fixture_do_open(f, &open_ones[0])->result, BOOK_IS_REPEAT);
    fixture_audit(f, FIXTURE_DAY);
    fixture_close(f);
}
END_TEST

START_TEST(map_full_inside_a_batch_refuses_only_what_begins)
{
    /* One batch opens more than there is room for, between two closes of what is open. */
    enum { MANY = 100 };
    struct fixture *f = fixture_open(FIXTURE_MEMORY);
    static struct book_request requests[MANY + 2];
    book_free(f->book);
    kv_memory_close(f->kv);
    f->kv = kv_memory_open(30000);
    ck_assert_int_eq(book_create(f->kv, FIXTURE_DAY, f->wall_ms), 0);
    ck_assert_int_eq(book_load(f->kv, &BOOK_SETTINGS_DEFAULT, &f->book), 0);
    for (unsigned i = 0; i < 2; i++) {
        struct record purchase = fixture_purchase(1 + i, 1000);
        struct book_request *close = &requests[i == 0 ? 0 : MANY + 1];
        *close = (struct book_request){.op = BOOK_CLOSE,
                                       .record = fixture_do_open(f, &purchase)->record};
        close->record.state = STATE_APPROVED;
        close->record.approved_minor = 1000;
    }
    for (unsigned i = 1; i <= MANY; i++) {
        requests[i] =
            (struct book_request){.op = BOOK_OPEN, .record = fixture_purchase(2 + i, 1000)};
    }
    fixture_execute(f, requests, MANY + 2);
    ck_assert_uint_eq(f->answer_count, MANY + 2);
    ck_assert_int_eq(f->answers[0].result, BOOK_IS_STORED);
    unsigned taken = 0;
    for (unsigned i = 1; i <= MANY; i++) {
        bool is_fresh = f->answers[i].result == BOOK_IS_FRESH;
        ck_assert(is_fresh || f->answers[i].result == BOOK_IS_REFUSED);
        taken += is_fresh ? 1 : 0;
    }
    ck_assert_uint_lt(taken, MANY - 10);
    ck_assert_int_eq(f->answers[MANY + 1].result, BOOK_IS_STORED);
    ck_assert_uint_eq(f->answers[MANY + 1].record.state, STATE_APPROVED);
    /* Nothing of the first attempt is left in the caches. */
    ck_assert_uint_eq(fixture_day(f, FIXTURE_DAY).open_count, taken);
    ck_assert_uint_eq(fixture_totals(f, FIXTURE_DAY).sales_count, 2);
    fixture_audit(f, FIXTURE_DAY);
    fixture_close(f);
}
END_TEST

/* Fill the store with what @request makes of a number until it is refused: how many were taken. */
static unsigned fill(struct fixture *f, unsigned first,
                     struct book_request (*request)(unsigned number))
{
    unsigned taken = 0;
    while (fixture_ask(f, request(first + taken))->result != BOOK_IS_REFUSED) {
        ck_assert_uint_lt(++taken, 1000);
    }
    return taken;
}

static struct book_request ask_open(unsigned number)
{
    return (struct book_request){.op = BOOK_OPEN, .record = fixture_purchase(number, 1000)};
}

static struct book_request ask_bury(unsigned number)
{
    struct record unknown = fixture_purchase(10000 + number, 1000);
    return (struct book_request){.op = BOOK_REVERSAL, .record = fixture_reversal(&unknown)};
}

static struct book_request ask_reverse(unsigned number)
{
    struct record known = fixture_purchase(number, 1000);
    return (struct book_request){.op = BOOK_REVERSAL, .record = fixture_reversal(&known)};
}

START_TEST(a_store_that_fills_up_refuses_one_class_after_the_other)
{
    struct fixture *f = fixture_open(FIXTURE_MEMORY);
    book_free(f->book);
    kv_memory_close(f->kv);
    f->kv = kv_memory_open(200000);
    ck_assert_int_eq(book_create(f->kv, FIXTURE_DAY, f->wall_ms), 0);
    ck_assert_int_eq(book_load(f->kv, &BOOK_SETTINGS_DEFAULT, &f->book), 0);
    unsigned requests = fill(f, 1, ask_open);
    unsigned buried = fill(f, 1, ask_bury);
    unsigned reversed = fill(f, 1, ask_reverse);
    ck_assert_uint_ge(requests, 50);
    ck_assert_uint_ge(buried, 5);
    ck_assert_uint_ge(reversed, 3);
    ck_assert_uint_lt(reversed, requests);
    /* What was taken is answered again, what was not leaves no trace. */
    ck_assert_int_eq(fixture_ask(f, ask_bury(1))->result, BOOK_IS_REPEAT);
    ck_assert_uint_eq(fixture_rows(f, KV_txns), requests + buried + reversed);
    ck_assert_int_eq(fixture_ask(f, ask_open(1))->result, BOOK_IS_REPEAT_OPEN);
    /* What is left is enough for all that ends. */
    for (unsigned i = 0; i < requests; i++) {
        struct book_request close = {.op = BOOK_CLOSE, .record = fixture_record(f, i + 1)};
        close.record.state = STATE_APPROVED;
        close.record.approved_minor = 1000;
        const struct book_answer *answer = fixture_ask(f, close);
        ck_assert_int_eq(answer->result, BOOK_IS_STORED);
        ck_assert_uint_eq(answer->record.state, i < reversed ? STATE_DECLINED : STATE_APPROVED);
        if (i == requests / 50) {
            break; /* a small store has room for few */
        }
    }
    fixture_reload(f);
    fixture_audit(f, FIXTURE_DAY);
    fixture_close(f);
}
END_TEST

START_TEST(overflow_of_money_stops)
{
    struct fixture *f = fixture_open(_i);
    struct record big = fixture_purchase(1, INT64_MAX);
    struct record more = fixture_purchase(2, 1);
    fixture_closed(f, &big, STATE_APPROVED);
    struct book_request close = {.op = BOOK_CLOSE, .record = fixture_do_open(f, &more)->record};
    close.record.state = STATE_APPROVED;
    close.record.approved_minor = 1;
    ck_assert_int_eq(book_execute(f->book, &close, 1, no_answer, NULL), ERR_RANGE);
    fixture_close(f);
}
END_TEST

/* Change one byte at @at (from the end if negative) of the last row of @table. */
static void damage(struct fixture *f, enum kv_table table, int at)
{
    struct kv_txn *txn = NULL;
    struct span key;
    struct span value;
    uint8_t k[64];
    uint8_t v[2048];
    ck_assert_int_eq(kv_begin(f->kv, true, &txn), 0);
    ck_assert_int_eq(kv_last(txn, table, &key, &value), 1);
    memcpy(k, key.ptr, key.len);
    memcpy(v, value.ptr, value.len);
    v[at < 0 ? (int)value.len + at : at] ^= 1;
    ck_assert_int_eq(kv_put(txn, table, span_make(k, key.len), span_make(v, value.len), KV_REPLACE),
                     0);
    ck_assert_int_eq(kv_commit(txn), 0);
}

START_TEST(load_finds_damage_of_the_newest_rows)
{
    static const struct {
        enum kv_table table;
        int at;
    } places[] = {{KV_txns, 60}, {KV_txns, 0}, {KV_journal, 10}, {KV_journal, -1}, {KV_days, 5}};
    struct fixture *f = fixture_open(_i / (int)ARRAY_COUNT(places));
    struct record purchase = fixture_purchase(1, 1000);
    struct book *book = NULL;
    fixture_closed(f, &purchase, STATE_APPROVED);
    size_t place = (size_t)_i % ARRAY_COUNT(places);
    damage(f, places[place].table, places[place].at);
    ck_assert_int_eq(book_load(f->kv, &BOOK_SETTINGS_DEFAULT, &book), ERR_CORRUPT);
    fixture_close(f);
}
END_TEST

START_TEST(store_of_another_version_is_refused_as_such)
{
    struct fixture *f = fixture_open(_i);
    struct kv_txn *txn = NULL;
    struct book *book = NULL;
    uint8_t row[8];
    be32_put(row, SCHEMA_VERSION - 1);
    be32_put(row + 4, crc32c(0, span_make(row, 4)));
    ck_assert_int_eq(kv_begin(f->kv, true, &txn), 0);
    ck_assert_int_eq(
        kv_put(txn, KV_meta, SPAN_LITERAL("version"), span_make(row, sizeof row), KV_REPLACE), 0);
    ck_assert_int_eq(kv_commit(txn), 0);
    ck_assert_int_eq(book_load(f->kv, &BOOK_SETTINGS_DEFAULT, &book), ERR_VERSION);
    fixture_close(f);
}
END_TEST

START_TEST(chain_finds_change_removal_and_a_cut_tail)
{
    struct fixture *f = fixture_open(_i);
    struct kv_txn *txn = NULL;
    uint64_t bad = 0;
    uint64_t rows = 0;
    for (unsigned stan = 1; stan <= 10; stan++) {
        struct record purchase = fixture_purchase(stan, stan);
        fixture_closed(f, &purchase, STATE_APPROVED);
    }
    ck_assert_int_eq(kv_begin(f->kv, false, &txn), 0);
    ck_assert_int_eq(book_verify_chain(txn, 0, UINT64_MAX, &bad, &rows), 0);
    ck_assert_uint_eq(rows, 21);
    ck_assert_int_eq(book_verify_chain(txn, 5, 9, &bad, &rows), 0);
    ck_assert_uint_eq(rows, 5);
    kv_abort(txn);

    uint8_t key[8];
    uint8_t kept[2048];
    struct span value;
    /* Edit row 7 with a right checksum: row 8 does not follow from it. */
    ck_assert_int_eq(kv_begin(f->kv, true, &txn), 0);
    be64_put(key, 7);
    ck_assert_int_eq(kv_get(txn, KV_journal, span_make(key, 8), &value), 0);
    size_t len = value.len;
    memcpy(kept, value.ptr, len);
    kept[len - 1] ^= 1;
    be32_put(kept, crc32c(0, span_make(kept + 4, len - 4)));
    ck_assert_int_eq(kv_put(txn, KV_journal, span_make(key, 8), span_make(kept, len), KV_REPLACE),
                     0);
    ck_assert_int_eq(book_verify_chain(txn, 0, UINT64_MAX, &bad, &rows), ERR_CORRUPT);
    ck_assert_uint_eq(bad, 8);
    kv_abort(txn);

    /* Remove row 7; remove the newest. */
    ck_assert_int_eq(kv_begin(f->kv, true, &txn), 0);
    ck_assert_int_eq(kv_del(txn, KV_journal, span_make(key, 8)), 0);
    ck_assert_int_eq(book_verify_chain(txn, 0, UINT64_MAX, &bad, &rows), ERR_CORRUPT);
    ck_assert_uint_eq(bad, 7);
    kv_abort(txn);
    ck_assert_int_eq(kv_begin(f->kv, true, &txn), 0);
    be64_put(key, 21);
    ck_assert_int_eq(kv_del(txn, KV_journal, span_make(key, 8)), 0);
    ck_assert_int_eq(book_verify_chain(txn, 0, UINT64_MAX, &bad, &rows), ERR_CORRUPT);
    kv_abort(txn);
    fixture_close(f);
}
END_TEST

START_TEST(audit_finds_an_item_that_totals_do_not_count)
{
    struct fixture *f = fixture_open(_i);
    struct kv_txn *txn = NULL;
    struct book_totals_fault fault;
    struct record purchase = fixture_purchase(1, 1000);
    struct record closed = fixture_closed(f, &purchase, STATE_APPROVED);
    uint8_t key[12];
    be32_put(key, FIXTURE_DAY);
    be64_put(key + 4, closed.item_seq);
    ck_assert_int_eq(kv_begin(f->kv, true, &txn), 0);
    ck_assert_int_eq(kv_del(txn, KV_items, span_make(key, sizeof key)), 0);
    ck_assert_int_eq(book_check_totals(txn, FIXTURE_DAY, &fault), ERR_CORRUPT);
    ck_assert_str_eq(fault.issuer, "bank");
    ck_assert_str_eq(fault.acquirer, "00000000001");
    ck_assert_int_eq(fault.totals_minor, 1000);
    ck_assert_int_eq(fault.items_minor, 0);
    kv_abort(txn);
    fixture_close(f);
}
END_TEST

START_TEST(totals_of_many_groups_survive_the_cache)
{
    /* More groups than slots: rows are written back in the middle of a batch. */
    enum { GROUPS = 1500, BATCH = 250 };
    struct fixture *f = fixture_open(_i);
    static struct book_request requests[BATCH];
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned at = 0; at < GROUPS; at += BATCH) {
            for (unsigned i = 0; i < BATCH; i++) {
                struct record purchase = fixture_purchase(1 + round * GROUPS + at + i, 10);
                snprintf(purchase.acquirer, sizeof purchase.acquirer, "%011u", at + i);
                requests[i] = (struct book_request){.op = BOOK_OPEN, .record = purchase};
            }
            fixture_execute(f, requests, BATCH);
            for (unsigned i = 0; i < BATCH; i++) {
                requests[i] =
                    (struct book_request){.op = BOOK_CLOSE, .record = f->answers[i].record};
                requests[i].record.state = STATE_APPROVED;
                requests[i].record.approved_minor = 10;
            }
            fixture_execute(f, requests, BATCH);
        }
    }
    ck_assert_uint_eq(fixture_rows(f, KV_totals), GROUPS);
    fixture_audit(f, FIXTURE_DAY);
    fixture_close(f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("book: faults");
    TCase *rest = tcase_create("restart, faults, audit");
    tcase_set_timeout(rest, 60);
    tcase_add_loop_test(rest, restart_finds_every_open_in_doubt, 0, FIXTURE_KV_COUNT);
    tcase_add_test(rest, recovery_may_be_killed_between_batches);
    tcase_add_loop_test(rest, last_stan_is_that_of_the_newest_record, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(rest, failed_commit_answers_nobody_and_stops, 0, 2);
    tcase_add_test(rest, failure_of_any_write_leaves_the_last_commit);
    tcase_add_test(rest, full_store_refuses_fresh_but_finishes_open_ones);
    tcase_add_test(rest, a_store_that_fills_up_refuses_one_class_after_the_other);
    tcase_add_test(rest, map_full_inside_a_batch_refuses_only_what_begins);
    tcase_add_loop_test(rest, overflow_of_money_stops, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(rest, store_of_another_version_is_refused_as_such, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(rest, load_finds_damage_of_the_newest_rows, 0, 10);
    tcase_add_loop_test(rest, chain_finds_change_removal_and_a_cut_tail, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(rest, audit_finds_an_item_that_totals_do_not_count, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(rest, totals_of_many_groups_survive_the_cache, 0, FIXTURE_KV_COUNT);
    suite_add_tcase(suite, rest);
    return fixture_main(suite);
}
