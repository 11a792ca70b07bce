/* The rules of OPEN, CLOSE, SETTLE, LATE and DRAW, one case a rule, on both kinds of tables. */
#include <stdio.h>

#include "switch/store/book.h"

#include "switch/core/identity.h"
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
    ck_assert_uint_eq(fixture_rows(f, KV_txns), 1);
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

/* @record as a terminal sends it whose group has the rule @identity. */
static struct record under_rule(struct record record, enum identity identity, int64_t wall_ms)
{
    record.identity = (uint8_t)identity;
    ck_assert_int_eq(identity_key(&record, identity, false, wall_ms, record.key, record.key_other),
                     0);
    return record;
}

START_TEST(repeat_after_the_group_changed_its_identity_is_a_repeat)
{
    static const enum identity changes[][2] = {{IDENTITY_DE12, IDENTITY_DE7},
                                               {IDENTITY_DE7, IDENTITY_DE12},
                                               {IDENTITY_DE12, IDENTITY_DAY},
                                               {IDENTITY_DAY, IDENTITY_DE7}};
    for (unsigned i = 0; i < ARRAY_COUNT(changes); i++) {
        struct fixture *f = fixture_open(_i);
        struct record sale = fixture_purchase(1, 1000);
        struct record before = under_rule(sale, changes[i][0], f->wall_ms);
        struct record after = under_rule(sale, changes[i][1], f->wall_ms);
        struct record other = fixture_purchase(1, 2000);
        fixture_closed(f, &before, STATE_APPROVED);
        fixture_reload(f);
        ck_assert_int_eq(fixture_do_open(f, &after)->result, BOOK_IS_REPEAT);
        ck_assert_uint_eq(fixture_rows(f, KV_txns), 1);
        /* Another content under the old key is no duplicate: its rule is another. */
        other = under_rule(other, changes[i][1], f->wall_ms);
        ck_assert_int_eq(fixture_do_open(f, &other)->result, BOOK_IS_FRESH);
        fixture_close(f);
    }
}
END_TEST

START_TEST(old_identity_is_forgotten_after_a_window)
{
    struct fixture *f = fixture_open(_i);
    struct record sale = fixture_purchase(1, 1000);
    struct record before = under_rule(sale, IDENTITY_DE12, f->wall_ms);
    struct record after = under_rule(sale, IDENTITY_DE7, f->wall_ms);
    fixture_closed(f, &before, STATE_APPROVED);
    f->wall_ms += 24 * HOUR_MS + 1;
    ck_assert_int_eq(fixture_do_open(f, &after)->result, BOOK_IS_TOO_OLD);
    f->wall_ms += HOUR_MS;
    ck_assert_int_eq(fixture_do_open(f, &after)->result, BOOK_IS_FRESH);
    fixture_close(f);
}
END_TEST

/* A sale as the core makes it: with DE32 if @acquirer says so, of a terminal whose group's acquirer
 * is @group_acquirer. */
static struct record of_group(const char *acquirer, const char *group_acquirer,
                              enum identity identity, int64_t wall_ms)
{
    struct record record = fixture_purchase(1, 1000);
    bool other = acquirer != NULL && strcmp(acquirer, group_acquirer) != 0;
    snprintf(record.acquirer, sizeof record.acquirer, "%s",
             acquirer != NULL ? acquirer : group_acquirer);
    record.sent =
        (uint8_t)((acquirer != NULL ? SENT_ACQUIRER : 0) | (other ? SENT_OTHER_ACQUIRER : 0));
    record.identity = (uint8_t)identity;
    ck_assert_int_eq(identity_key(&record, identity, other, wall_ms, record.key, record.key_other),
                     0);
    return record;
}

START_TEST(repeat_after_the_groups_acquirer_changed_is_a_repeat)
{
    static const struct {
        const char *first;
        const char *second;
        bool same;
    } sent[] = {{NULL, NULL, true},   {"111", "111", true}, {"222", "222", true},
                {NULL, "111", true},  {"111", NULL, true},  {"333", "333", true},
                {"333", "111", false}};
    static const enum identity rules[] = {IDENTITY_DE12, IDENTITY_DE7, IDENTITY_DAY};
    for (unsigned i = 0; i < ARRAY_COUNT(sent) * ARRAY_COUNT(rules); i++) {
        struct fixture *f = fixture_open(_i);
        enum identity rule = rules[i % ARRAY_COUNT(rules)];
        unsigned row = i / ARRAY_COUNT(rules);
        struct record before = of_group(sent[row].first, "111", rule, f->wall_ms);
        struct record after = of_group(sent[row].second, "222", rule, f->wall_ms);
        fixture_closed(f, &before, STATE_APPROVED);
        ck_assert_msg((fixture_do_open(f, &after)->result == BOOK_IS_REPEAT) == sent[row].same,
                      "row %u, rule %d", row, (int)rule);
        fixture_close(f);
    }
}
END_TEST

START_TEST(repeat_after_acquirer_and_identity_changed_is_a_repeat)
{
    struct fixture *f = fixture_open(_i);
    struct record before = of_group("111", "111", IDENTITY_DE12, f->wall_ms);
    struct record after = of_group("111", "222", IDENTITY_DE7, f->wall_ms);
    fixture_closed(f, &before, STATE_APPROVED);
    ck_assert_int_eq(fixture_do_open(f, &after)->result, BOOK_IS_REPEAT);
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
    late.record.state = STATE_DECLINED;
    fixture_ask(f, late);
    ck_assert(!f->answers[0].due_added);
    memcpy(late.record.code, "00", 3);
    late.record.state = STATE_APPROVED;
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

START_TEST(dead_letters_are_drawn_when_asked_for)
{
    struct fixture *f = fixture_open(_i);
    for (unsigned stan = 1; stan <= 3; stan++) {
        struct record purchase = fixture_purchase(stan, 1000);
        struct record closed = fixture_closed(f, &purchase, STATE_UNKNOWN);
        if (stan != 2) {
            fixture_do_settle(f, &closed, SETTLE_DEAD);
        }
    }
    struct book_request ask = draw("bank", 0, 200);
    ask.dead = true;
    fixture_ask(f, ask);
    ck_assert_uint_eq(f->answer_count, 3);
    ck_assert_uint_eq(f->answers[0].due_seq, 1);
    ck_assert_uint_eq(f->answers[1].due_seq, 3);
    ck_assert_int_eq(f->answers[2].result, BOOK_IS_DRAW_END);
    /* The end says how far it looked, whatever it passed over. */
    fixture_ask(f, draw("bank", 2, 200));
    ck_assert_uint_eq(f->answer_count, 1);
    ck_assert_uint_eq(f->answers[0].due_seq, 3);
    fixture_close(f);
}
END_TEST

START_TEST(staff_ends_dead_letters_only)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = fixture_purchase(1, 1000);
    struct record closed = fixture_closed(f, &purchase, STATE_UNKNOWN);
    struct book_request staff = {.op = BOOK_SETTLE, .settle = SETTLE_STAFF, .seq = closed.seq};
    ck_assert_int_eq(fixture_ask(f, staff)->result, BOOK_IS_NO_SUCH);
    fixture_do_settle(f, &closed, SETTLE_DEAD);
    ck_assert_uint_eq(fixture_day(f, FIXTURE_DAY).dead_count, 1);
    ck_assert_int_eq(fixture_ask(f, staff)->result, BOOK_IS_STORED);
    ck_assert_uint_eq(fixture_record(f, closed.seq).state, STATE_REVERSED);
    ck_assert_uint_eq(fixture_rows(f, KV_due), 0);
    ck_assert_uint_eq(fixture_day(f, FIXTURE_DAY).dead_count, 0);
    ck_assert_int_eq(fixture_ask(f, staff)->result, BOOK_IS_NO_SUCH);
    staff.seq = 77;
    ck_assert_int_eq(fixture_ask(f, staff)->result, BOOK_IS_NO_SUCH);
    fixture_audit(f, FIXTURE_DAY);
    fixture_close(f);
}
END_TEST

START_TEST(reversal_of_something_old_and_unknown_is_for_staff)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = fixture_purchase(1, 1000);
    struct record reversal = fixture_reversal(&purchase);
    memcpy(reversal.original_de7, "1120110000", 11); /* 25 h ago */
    reversal.issuer[0] = '\0';
    const struct book_answer *answer = fixture_do_reversal(f, &reversal);
    ck_assert_str_eq(answer->code, "00");
    ck_assert(answer->is_of_old && !answer->due_added);
    uint64_t seq = answer->record.seq;
    ck_assert_uint_eq(fixture_day(f, FIXTURE_DAY).dead_count, 1);
    ck_assert_int_ge((int64_t)fixture_rows(f, KV_tombs), 1);
    struct book_request staff = {.op = BOOK_SETTLE, .settle = SETTLE_STAFF, .seq = seq};
    ck_assert_int_eq(fixture_ask(f, staff)->result, BOOK_IS_STORED);
    ck_assert_uint_eq(fixture_rows(f, KV_due), 0);
    /* Its repeat is answered as before, and nothing is due again. */
    ck_assert_int_eq(fixture_do_reversal(f, &reversal)->result, BOOK_IS_REPEAT);
    ck_assert_uint_eq(fixture_rows(f, KV_due), 0);
    fixture_close(f);
}
END_TEST

/* A terminal that insists makes one dead letter and not one a reversal, also when staff ended it.
 */
START_TEST(dead_letter_of_the_unknown_is_joined)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = fixture_purchase(1, 1000);
    struct record reversal = fixture_reversal(&purchase);
    memcpy(reversal.original_de7, "1120110000", 11); /* 25 h ago */
    reversal.issuer[0] = '\0';
    uint64_t first = 0;
    for (unsigned i = 0; i < 5; i++) {
        reversal.key[24] = (uint8_t)(100 + i);
        const struct book_answer *answer = fixture_do_reversal(f, &reversal);
        ck_assert_int_eq(answer->result, BOOK_IS_FRESH);
        ck_assert_str_eq(answer->code, "00");
        ck_assert(answer->is_of_old == (i == 0));
        first = i == 0 ? answer->record.seq : first;
    }
    ck_assert_uint_eq(fixture_rows(f, KV_due), 1);
    ck_assert_uint_eq(fixture_day(f, FIXTURE_DAY).dead_count, 1);
    struct book_request staff = {.op = BOOK_SETTLE, .settle = SETTLE_STAFF, .seq = first};
    ck_assert_int_eq(fixture_ask(f, staff)->result, BOOK_IS_STORED);
    reversal.key[24] = 110;
    ck_assert(!fixture_do_reversal(f, &reversal)->is_of_old);
    ck_assert_uint_eq(fixture_rows(f, KV_due), 0);
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
    tcase_add_loop_test(close, repeat_after_the_group_changed_its_identity_is_a_repeat, 0,
                        FIXTURE_KV_COUNT);
    tcase_add_loop_test(close, repeat_after_the_groups_acquirer_changed_is_a_repeat, 0,
                        FIXTURE_KV_COUNT);
    tcase_add_loop_test(close, repeat_after_acquirer_and_identity_changed_is_a_repeat, 0,
                        FIXTURE_KV_COUNT);
    tcase_add_loop_test(close, old_identity_is_forgotten_after_a_window, 0, FIXTURE_KV_COUNT);
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
    tcase_add_loop_test(due, dead_letters_are_drawn_when_asked_for, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(due, staff_ends_dead_letters_only, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(due, dead_letter_of_the_unknown_is_joined, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(due, reversal_of_something_old_and_unknown_is_for_staff, 0,
                        FIXTURE_KV_COUNT);
    suite_add_tcase(suite, due);
    return fixture_main(suite);
}
