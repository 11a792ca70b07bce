/* The rules of OPEN, CLOSE, SETTLE, LATE, DRAW and of a restart, one case a rule, on both kinds of
 * tables. */
#include "switch/store/book.h"

#include <stdio.h>

#include "tests/sim/kv_memory.h"
#include "tests/unit/switch/store/fixture.h"

/* Let @repeat look like another sending of the same message. */
static struct record repeat_of(const struct record *record)
{
    struct record repeat = *record;
    memcpy(repeat.de7, "1121235959", sizeof repeat.de7);
    return repeat;
}

START_TEST(fresh_request_is_stamped_and_open)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = fixture_purchase(1, 1000);
    memcpy(purchase.pan, "4111111111111111", 17);
    const struct book_answer *answer = fixture_do_open(f, &purchase);
    ck_assert_int_eq(answer->result, BOOK_IS_FRESH);
    ck_assert_uint_eq(answer->record.seq, 1);
    ck_assert_uint_eq(answer->record.day, FIXTURE_DAY);
    ck_assert_uint_eq(answer->record.state, STATE_OPEN);
    ck_assert_int_eq(answer->record.opened_ms, f->wall_ms);
    ck_assert_uint_eq(fixture_rows(f, KV_open), 1);
    ck_assert_uint_eq(fixture_day(f, FIXTURE_DAY).open_count, 1);
    ck_assert_str_eq(fixture_record(f, 1).pan, "");
    fixture_close(f);
}
END_TEST

START_TEST(repeat_of_open_finds_it_open)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = fixture_purchase(1, 1000);
    struct record repeat = repeat_of(&purchase);
    fixture_do_open(f, &purchase);
    const struct book_answer *answer = fixture_do_open(f, &repeat);
    ck_assert_int_eq(answer->result, BOOK_IS_REPEAT_OPEN);
    ck_assert_uint_eq(answer->record.seq, 1);
    ck_assert_uint_eq(fixture_rows(f, KV_txns), 1);
    fixture_close(f);
}
END_TEST

START_TEST(repeat_of_closed_gets_same_answer)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = fixture_purchase(1, 1000);
    fixture_closed(f, &purchase, STATE_APPROVED);
    fixture_reload(f);
    const struct book_answer *answer = fixture_do_open(f, &purchase);
    ck_assert_int_eq(answer->result, BOOK_IS_REPEAT);
    ck_assert_str_eq(answer->record.code, "00");
    ck_assert_str_eq(answer->record.auth, "A12345");
    ck_assert_uint_eq(answer->record.state, STATE_APPROVED);
    ck_assert_uint_eq(fixture_rows(f, KV_items), 1);
    fixture_close(f);
}
END_TEST

START_TEST(duplicate_in_one_batch_is_found)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = fixture_purchase(1, 1000);
    struct book_request requests[3] = {{.op = BOOK_OPEN, .record = purchase},
                                       {.op = BOOK_OPEN, .record = purchase},
                                       {.op = BOOK_OPEN, .record = fixture_purchase(2, 5)}};
    fixture_execute(f, requests, 3);
    ck_assert_int_eq(f->answers[0].result, BOOK_IS_FRESH);
    ck_assert_int_eq(f->answers[1].result, BOOK_IS_REPEAT_OPEN);
    ck_assert_uint_eq(f->answers[1].record.seq, f->answers[0].record.seq);
    ck_assert_int_eq(f->answers[2].result, BOOK_IS_FRESH);
    ck_assert_uint_eq(f->answers[2].ref, 102);
    fixture_close(f);
}
END_TEST

START_TEST(same_key_with_other_content_is_other)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = fixture_purchase(1, 1000);
    struct record other = fixture_purchase(1, 2000);
    fixture_do_open(f, &purchase);
    ck_assert_int_eq(fixture_do_open(f, &other)->result, BOOK_IS_OTHER);
    ck_assert_uint_eq(fixture_rows(f, KV_txns), 1);
    fixture_close(f);
}
END_TEST

START_TEST(request_older_than_the_window_is_too_old)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = fixture_purchase(1, 1000);
    fixture_closed(f, &purchase, STATE_APPROVED);
    f->wall_ms += 24 * HOUR_MS;
    ck_assert_int_eq(fixture_do_open(f, &purchase)->result, BOOK_IS_REPEAT);
    f->wall_ms += 1;
    ck_assert_int_eq(fixture_do_open(f, &purchase)->result, BOOK_IS_TOO_OLD);
    fixture_close(f);
}
END_TEST

START_TEST(advice_has_no_window)
{
    struct fixture *f = fixture_open(_i);
    struct record advice = fixture_purchase(1, 1000);
    advice.mti = 0x0220;
    advice.key[7] = 'A';
    fixture_closed(f, &advice, STATE_APPROVED);
    f->wall_ms += 300 * HOUR_MS;
    ck_assert_int_eq(fixture_do_open(f, &advice)->result, BOOK_IS_REPEAT);
    fixture_close(f);
}
END_TEST

START_TEST(key_of_the_neighbour_year_is_tried)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = fixture_purchase(1, 1000);
    struct record repeat = purchase;
    fixture_do_open(f, &purchase);
    memcpy(repeat.key_other, purchase.key, sizeof repeat.key_other);
    repeat.key[1] = 0x27;
    ck_assert_int_eq(fixture_do_open(f, &repeat)->result, BOOK_IS_REPEAT_OPEN);
    ck_assert_uint_eq(fixture_rows(f, KV_ids), 1);
    fixture_close(f);
}
END_TEST

static struct record dateless(unsigned stan, int64_t amount_minor)
{
    struct record record = fixture_purchase(stan, amount_minor);
    record.identity = IDENTITY_DAY;
    memset(record.key, 0, 7);
    return record;
}

START_TEST(key_without_date_is_found_across_a_cutover)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = dateless(1, 1000);
    f->wall_ms += 11 * HOUR_MS;
    struct record first = fixture_closed(f, &purchase, STATE_APPROVED);
    ck_assert_mem_eq(first.key, "\x20\x26\x11\x21\x00\x00\x00", 7);
    f->wall_ms += HOUR_MS / 4;
    fixture_do_cutover(f, 20261122);
    /* The day before was opened long ago, but was the current one 15 minutes ago. */
    f->wall_ms += HOUR_MS / 4;
    const struct book_answer *answer = fixture_do_open(f, &purchase);
    ck_assert_int_eq(answer->result, BOOK_IS_REPEAT);
    ck_assert_uint_eq(answer->record.seq, first.seq);
    fixture_reload(f);
    ck_assert_int_eq(fixture_do_open(f, &purchase)->result, BOOK_IS_REPEAT);
    fixture_close(f);
}
END_TEST

START_TEST(stan_that_begins_again_at_cutover_is_fresh)
{
    struct fixture *f = fixture_open(_i);
    struct record before = dateless(1, 1000);
    struct record other = dateless(1, 2000);
    fixture_closed(f, &before, STATE_APPROVED);
    fixture_do_cutover(f, 20261122);
    ck_assert_int_eq(fixture_do_open(f, &other)->result, BOOK_IS_FRESH);
    fixture_close(f);
}
END_TEST

START_TEST(key_without_date_has_a_window_of_one_hour)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = dateless(1, 1000);
    fixture_closed(f, &purchase, STATE_APPROVED);
    f->wall_ms += HOUR_MS + 1;
    ck_assert_int_eq(fixture_do_open(f, &purchase)->result, BOOK_IS_TOO_OLD);
    fixture_do_cutover(f, 20261122);
    ck_assert_int_eq(fixture_do_open(f, &purchase)->result, BOOK_IS_FRESH);
    fixture_close(f);
}
END_TEST

START_TEST(approved_sale_has_item_and_totals)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = fixture_purchase(1, 1000);
    struct record closed = fixture_closed(f, &purchase, STATE_APPROVED);
    struct item_row item = fixture_item(f, FIXTURE_DAY, closed.item_seq);
    struct totals_row totals = fixture_totals(f, FIXTURE_DAY);
    ck_assert_uint_eq(closed.state, STATE_APPROVED);
    ck_assert_int_eq(closed.remaining_minor, 1000);
    ck_assert_uint_eq(item.kind, 'S');
    ck_assert_uint_eq(item.state, ITEM_OPEN);
    ck_assert_int_eq(item.amount_minor, 1000);
    ck_assert_uint_eq(item.seq, closed.seq);
    ck_assert_uint_eq(totals.sales_count, 1);
    ck_assert_int_eq(totals.sales_minor, 1000);
    ck_assert_uint_eq(fixture_rows(f, KV_open), 0);
    ck_assert_uint_eq(fixture_day(f, FIXTURE_DAY).open_count, 0);
    fixture_audit(f, FIXTURE_DAY);
    fixture_close(f);
}
END_TEST

START_TEST(partial_approval_counts_what_was_approved)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = fixture_purchase(1, 1000);
    struct book_request close = {.op = BOOK_CLOSE, .record = fixture_do_open(f, &purchase)->record};
    close.record.state = STATE_APPROVED;
    close.record.approved_minor = 600;
    memcpy(close.record.code, "10", 3);
    struct record closed = fixture_ask(f, close)->record;
    ck_assert_int_eq(closed.remaining_minor, 600);
    ck_assert_int_eq(fixture_item(f, FIXTURE_DAY, closed.item_seq).amount_minor, 600);
    ck_assert_int_eq(fixture_totals(f, FIXTURE_DAY).sales_minor, 600);
    fixture_audit(f, FIXTURE_DAY);
    fixture_close(f);
}
END_TEST

START_TEST(approved_refund_is_the_other_sign)
{
    struct fixture *f = fixture_open(_i);
    struct record refund = fixture_purchase(1, 300);
    refund.money = MONEY_DEBIT;
    struct record closed = fixture_closed(f, &refund, STATE_APPROVED);
    ck_assert_uint_eq(fixture_item(f, FIXTURE_DAY, closed.item_seq).kind, 'R');
    ck_assert_int_eq(fixture_totals(f, FIXTURE_DAY).refunds_minor, 300);
    fixture_audit(f, FIXTURE_DAY);
    fixture_close(f);
}
END_TEST

START_TEST(hold_and_balance_have_no_item)
{
    struct fixture *f = fixture_open(_i);
    struct record hold = fixture_purchase(1, 300);
    struct record balance = fixture_purchase(2, 0);
    hold.money = MONEY_HOLD;
    balance.money = MONEY_NONE;
    ck_assert_uint_eq(fixture_closed(f, &hold, STATE_APPROVED).item_seq, 0);
    ck_assert_uint_eq(fixture_closed(f, &balance, STATE_APPROVED).item_seq, 0);
    ck_assert_uint_eq(fixture_rows(f, KV_items), 0);
    ck_assert_uint_eq(fixture_totals(f, FIXTURE_DAY).sales_count, 0);
    fixture_close(f);
}
END_TEST

START_TEST(declined_counts_and_leaves_nothing_due)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = fixture_purchase(1, 1000);
    struct record closed = fixture_closed(f, &purchase, STATE_DECLINED);
    ck_assert_uint_eq(closed.state, STATE_DECLINED);
    ck_assert(!f->answers[0].due_added);
    ck_assert_uint_eq(fixture_rows(f, KV_due), 0);
    ck_assert_uint_eq(fixture_totals(f, FIXTURE_DAY).declined_count, 1);
    fixture_close(f);
}
END_TEST

START_TEST(unknown_is_due_in_the_same_commit)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = fixture_purchase(1, 1000);
    struct record closed = fixture_closed(f, &purchase, STATE_UNKNOWN);
    ck_assert(f->answers[0].due_added);
    ck_assert_str_eq(f->answers[0].due_issuer, "bank");
    ck_assert_uint_eq(closed.due_seq, 1);
    fixture_reload(f);
    ck_assert_uint_eq(fixture_record(f, closed.seq).state, STATE_UNKNOWN);
    ck_assert_uint_eq(fixture_rows(f, KV_due), 1);
    ck_assert_uint_eq(fixture_rows(f, KV_items), 0);
    ck_assert_uint_eq(fixture_totals(f, FIXTURE_DAY).unknown_count, 1);
    fixture_close(f);
}
END_TEST

START_TEST(unknown_balance_is_declined)
{
    struct fixture *f = fixture_open(_i);
    struct record balance = fixture_purchase(1, 0);
    balance.money = MONEY_NONE;
    ck_assert_uint_eq(fixture_closed(f, &balance, STATE_UNKNOWN).state, STATE_DECLINED);
    ck_assert_uint_eq(fixture_rows(f, KV_due), 0);
    fixture_close(f);
}
END_TEST

START_TEST(close_of_what_is_not_open_changes_nothing)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = fixture_purchase(1, 1000);
    struct record closed = fixture_closed(f, &purchase, STATE_DECLINED);
    size_t journal = fixture_rows(f, KV_journal);
    ck_assert_int_eq(fixture_do_close(f, &closed, STATE_APPROVED)->result, BOOK_IS_NO_SUCH);
    closed.seq = 99;
    ck_assert_int_eq(fixture_do_close(f, &closed, STATE_APPROVED)->result, BOOK_IS_NO_SUCH);
    ck_assert_uint_eq(fixture_rows(f, KV_journal), journal);
    ck_assert_uint_eq(fixture_rows(f, KV_items), 0);
    fixture_close(f);
}
END_TEST

START_TEST(settled_reversal_is_reversed_and_not_due)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = fixture_purchase(1, 1000);
    struct record closed = fixture_closed(f, &purchase, STATE_UNKNOWN);
    const struct book_answer *answer = fixture_do_settle(f, &closed, SETTLE_DONE);
    ck_assert_int_eq(answer->result, BOOK_IS_STORED);
    ck_assert_uint_eq(answer->record.state, STATE_REVERSED);
    ck_assert_uint_eq(fixture_rows(f, KV_due), 0);
    ck_assert_uint_eq(fixture_totals(f, FIXTURE_DAY).reversal_done_count, 1);
    ck_assert_int_eq(fixture_do_settle(f, &closed, SETTLE_DONE)->result, BOOK_IS_NO_SUCH);
    ck_assert_uint_eq(fixture_totals(f, FIXTURE_DAY).reversal_done_count, 1);
    fixture_close(f);
}
END_TEST

START_TEST(approved_is_never_settled)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = fixture_purchase(1, 1000);
    struct record closed = fixture_closed(f, &purchase, STATE_APPROVED);
    ck_assert_int_eq(fixture_do_settle(f, &closed, SETTLE_DONE)->result, BOOK_IS_NO_SUCH);
    closed.due_seq = 1;
    ck_assert_int_eq(fixture_do_settle(f, &closed, SETTLE_DONE)->result, BOOK_IS_NO_SUCH);
    ck_assert_uint_eq(fixture_record(f, closed.seq).state, STATE_APPROVED);
    fixture_close(f);
}
END_TEST

START_TEST(late_answer_to_unknown_is_only_recorded)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = fixture_purchase(1, 1000);
    struct record closed = fixture_closed(f, &purchase, STATE_UNKNOWN);
    struct book_request late = {.op = BOOK_LATE, .seq = closed.seq};
    memcpy(late.record.code, "00", 3);
    ck_assert_int_eq(fixture_ask(f, late)->result, BOOK_IS_STORED);
    ck_assert(!f->answers[0].due_added);
    ck_assert_uint_eq(fixture_rows(f, KV_due), 1);
    ck_assert_uint_eq(fixture_record(f, closed.seq).state, STATE_UNKNOWN);
    ck_assert_uint_eq(fixture_totals(f, FIXTURE_DAY).late_count, 1);
    late.seq = 77;
    ck_assert_int_eq(fixture_ask(f, late)->result, BOOK_IS_NO_SUCH);
    fixture_close(f);
}
END_TEST

START_TEST(late_approval_of_reversed_is_due_again)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = fixture_purchase(1, 1000);
    struct record closed = fixture_closed(f, &purchase, STATE_UNKNOWN);
    struct book_request late = {.op = BOOK_LATE, .seq = closed.seq};
    fixture_do_settle(f, &closed, SETTLE_DONE);
    memcpy(late.record.code, "05", 3);
    fixture_ask(f, late);
    ck_assert(!f->answers[0].due_added);
    memcpy(late.record.code, "00", 3);
    fixture_ask(f, late);
    ck_assert(f->answers[0].due_added);
    ck_assert_uint_eq(f->answers[0].record.state, STATE_REVERSAL_DUE);
    ck_assert_uint_gt(f->answers[0].record.due_seq, closed.due_seq);
    ck_assert_uint_eq(fixture_rows(f, KV_due), 1);
    /* An old acknowledgement says nothing of the new one. */
    ck_assert_int_eq(fixture_do_settle(f, &closed, SETTLE_DONE)->result, BOOK_IS_NO_SUCH);
    ck_assert_uint_eq(fixture_rows(f, KV_due), 1);
    fixture_close(f);
}
END_TEST

static struct book_request draw(const char *issuer, uint64_t after, uint32_t count_max)
{
    struct book_request request = {.op = BOOK_DRAW, .after_due_seq = after, .count_max = count_max};
    memcpy(request.issuer, issuer, strlen(issuer));
    return request;
}

START_TEST(draw_hands_out_in_order_and_counts_tries)
{
    struct fixture *f = fixture_open(_i);
    for (unsigned stan = 1; stan <= 3; stan++) {
        struct record purchase = fixture_purchase(stan, 1000 + stan);
        fixture_closed(f, &purchase, STATE_UNKNOWN);
    }
    struct record elsewhere = fixture_purchase(9, 1);
    memcpy(elsewhere.issuer, "other", 6);
    fixture_closed(f, &elsewhere, STATE_UNKNOWN);

    fixture_ask(f, draw("bank", 0, 2));
    ck_assert_uint_eq(f->answer_count, 3);
    ck_assert_int_eq(f->answers[0].result, BOOK_IS_DRAWN);
    ck_assert_uint_eq(f->answers[0].due_seq, 1);
    ck_assert_uint_eq(f->answers[0].due_tries, 0);
    ck_assert_int_eq(f->answers[0].record.amount_minor, 1001);
    ck_assert_uint_eq(f->answers[1].due_seq, 2);
    ck_assert_int_eq(f->answers[2].result, BOOK_IS_DRAW_END);

    fixture_reload(f);
    fixture_ask(f, draw("bank", 1, 200));
    ck_assert_uint_eq(f->answer_count, 3);
    ck_assert_uint_eq(f->answers[0].due_seq, 2);
    ck_assert_uint_eq(f->answers[0].due_tries, 1);
    ck_assert_uint_eq(f->answers[1].due_seq, 3);
    ck_assert_uint_eq(f->answers[1].due_tries, 0);

    fixture_ask(f, draw("bank", 3, 200));
    ck_assert_uint_eq(f->answer_count, 1);
    ck_assert_int_eq(f->answers[0].result, BOOK_IS_DRAW_END);
    fixture_ask(f, draw("nobody", 0, 200));
    ck_assert_int_eq(f->answers[0].result, BOOK_IS_DRAW_END);
    fixture_close(f);
}
END_TEST

START_TEST(dead_letter_stays_due_and_is_not_drawn)
{
    struct fixture *f = fixture_open(_i);
    struct record one = fixture_purchase(1, 1);
    struct record two = fixture_purchase(2, 2);
    struct record dead = fixture_closed(f, &one, STATE_UNKNOWN);
    fixture_closed(f, &two, STATE_UNKNOWN);
    ck_assert_int_eq(fixture_do_settle(f, &dead, SETTLE_DEAD)->result, BOOK_IS_STORED);
    ck_assert_uint_eq(fixture_record(f, dead.seq).state, STATE_UNKNOWN);
    fixture_ask(f, draw("bank", 0, 200));
    ck_assert_uint_eq(f->answer_count, 2);
    ck_assert_uint_eq(f->answers[0].due_seq, 2);
    ck_assert_uint_eq(fixture_rows(f, KV_due), 2);
    /* Staff may still settle it. */
    ck_assert_int_eq(fixture_do_settle(f, &dead, SETTLE_DONE)->result, BOOK_IS_STORED);
    ck_assert_uint_eq(fixture_rows(f, KV_due), 1);
    fixture_close(f);
}
END_TEST

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
    /* Four of each request; then day, totals, counters, chain. */
    ck_assert_uint_eq(failures, 12);
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
    ck_assert_int_eq(f->answers[1].result, BOOK_IS_REFUSED);
    ck_assert_int_eq(f->answers[MANY].result, BOOK_IS_REFUSED);
    ck_assert_int_eq(f->answers[MANY + 1].result, BOOK_IS_STORED);
    ck_assert_uint_eq(f->answers[MANY + 1].record.state, STATE_APPROVED);
    /* Nothing of the first attempt is left in the caches. */
    ck_assert_uint_eq(fixture_day(f, FIXTURE_DAY).open_count, 0);
    ck_assert_uint_eq(fixture_totals(f, FIXTURE_DAY).sales_count, 2);
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
    Suite *suite = suite_create("book");
    TCase *open = tcase_create("open");
    tcase_add_loop_test(open, fresh_request_is_stamped_and_open, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(open, repeat_of_open_finds_it_open, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(open, repeat_of_closed_gets_same_answer, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(open, duplicate_in_one_batch_is_found, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(open, same_key_with_other_content_is_other, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(open, request_older_than_the_window_is_too_old, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(open, advice_has_no_window, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(open, key_of_the_neighbour_year_is_tried, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(open, key_without_date_is_found_across_a_cutover, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(open, stan_that_begins_again_at_cutover_is_fresh, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(open, key_without_date_has_a_window_of_one_hour, 0, FIXTURE_KV_COUNT);
    suite_add_tcase(suite, open);

    TCase *close = tcase_create("close");
    tcase_add_loop_test(close, approved_sale_has_item_and_totals, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(close, partial_approval_counts_what_was_approved, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(close, approved_refund_is_the_other_sign, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(close, hold_and_balance_have_no_item, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(close, declined_counts_and_leaves_nothing_due, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(close, unknown_is_due_in_the_same_commit, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(close, unknown_balance_is_declined, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(close, close_of_what_is_not_open_changes_nothing, 0, FIXTURE_KV_COUNT);
    suite_add_tcase(suite, close);

    TCase *due = tcase_create("due");
    tcase_add_loop_test(due, settled_reversal_is_reversed_and_not_due, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(due, approved_is_never_settled, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(due, late_answer_to_unknown_is_only_recorded, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(due, late_approval_of_reversed_is_due_again, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(due, draw_hands_out_in_order_and_counts_tries, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(due, dead_letter_stays_due_and_is_not_drawn, 0, FIXTURE_KV_COUNT);
    suite_add_tcase(suite, due);

    TCase *rest = tcase_create("restart, faults, audit");
    tcase_set_timeout(rest, 60);
    tcase_add_loop_test(rest, restart_finds_every_open_in_doubt, 0, FIXTURE_KV_COUNT);
    tcase_add_test(rest, recovery_may_be_killed_between_batches);
    tcase_add_loop_test(rest, last_stan_is_that_of_the_newest_record, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(rest, failed_commit_answers_nobody_and_stops, 0, 2);
    tcase_add_test(rest, failure_of_any_write_leaves_the_last_commit);
    tcase_add_test(rest, full_store_refuses_fresh_but_finishes_open_ones);
    tcase_add_test(rest, map_full_inside_a_batch_refuses_only_what_begins);
    tcase_add_loop_test(rest, overflow_of_money_stops, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(rest, load_finds_damage_of_the_newest_rows, 0, 10);
    tcase_add_loop_test(rest, chain_finds_change_removal_and_a_cut_tail, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(rest, audit_finds_an_item_that_totals_do_not_count, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(rest, totals_of_many_groups_survive_the_cache, 0, FIXTURE_KV_COUNT);
    suite_add_tcase(suite, rest);
    return fixture_main(suite);
}
