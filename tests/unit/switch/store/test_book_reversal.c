/* What a terminal's reversal does to its original, one case a rule, on both kinds of tables. */
#include <stdio.h>

#include "tests/unit/switch/store/fixture.h"

/* The answer to @reversal must be fresh and have @code. */
#define ANSWERS(f, reversal, code_)                                                                \
    do {                                                                                           \
        ck_assert_int_eq(fixture_do_reversal((f), &(reversal))->result, BOOK_IS_FRESH);            \
        ck_assert_str_eq((f)->answers[0].code, (code_));                                           \
    } while (0)

START_TEST(reversal_of_open_marks_it)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = fixture_purchase(1, 1000);
    struct record opened = fixture_do_open(f, &purchase)->record;
    struct record reversal = fixture_reversal(&purchase);
    ANSWERS(f, reversal, "00");
    ck_assert_uint_eq(f->answers[0].marked_seq, opened.seq);
    ck_assert_uint_eq(f->answers[0].record.original_seq, opened.seq);
    ck_assert_uint_eq(f->answers[0].record.state, STATE_APPROVED);
    ck_assert(!f->answers[0].due_added);
    ck_assert(fixture_record(f, opened.seq).marked);
    fixture_close(f);
}
END_TEST

START_TEST(marked_and_asked_becomes_unknown_and_due)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = fixture_purchase(1, 1000);
    struct record opened = fixture_do_open(f, &purchase)->record;
    struct record reversal = fixture_reversal(&purchase);
    ANSWERS(f, reversal, "00");
    fixture_reload(f);
    const struct book_answer *answer = fixture_do_close(f, &opened, STATE_APPROVED);
    ck_assert_uint_eq(answer->record.state, STATE_UNKNOWN);
    ck_assert_str_eq(answer->record.code, "91");
    ck_assert(answer->due_added);
    ck_assert_uint_eq(fixture_rows(f, KV_items), 0);
    ck_assert_uint_eq(fixture_totals(f, FIXTURE_DAY).sales_count, 0);
    fixture_close(f);
}
END_TEST

START_TEST(marked_and_not_asked_becomes_declined)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = fixture_purchase(1, 1000);
    struct record reversal = fixture_reversal(&purchase);
    struct book_request close = {.op = BOOK_CLOSE, .record = fixture_do_open(f, &purchase)->record};
    ANSWERS(f, reversal, "00");
    close.record.state = STATE_UNKNOWN;
    ck_assert_uint_eq(fixture_ask(f, close)->record.state, STATE_DECLINED);
    ck_assert_uint_eq(fixture_rows(f, KV_due), 0);
    fixture_close(f);
}
END_TEST

START_TEST(reversal_and_close_in_one_batch_keep_their_order)
{
    struct fixture *f = fixture_open(_i);
    for (unsigned order = 0; order < 2; order++) {
        struct record purchase = fixture_purchase(1 + order, 1000);
        struct book_request requests[2];
        struct book_request close = {.op = BOOK_CLOSE,
                                     .record = fixture_do_open(f, &purchase)->record};
        close.record.state = STATE_APPROVED;
        close.record.asked = true;
        close.record.approved_minor = 1000;
        requests[order] = close;
        requests[1 - order] =
            (struct book_request){.op = BOOK_REVERSAL, .record = fixture_reversal(&purchase)};
        fixture_execute(f, requests, 2);
        /* Closed first: an approval whose item is netted. Reversed first: never approved. */
        ck_assert_uint_eq(fixture_record(f, close.record.seq).state,
                          order == 0 ? STATE_REVERSAL_DUE : STATE_UNKNOWN);
    }
    ck_assert_uint_eq(fixture_rows(f, KV_due), 2);
    ck_assert_uint_eq(fixture_rows(f, KV_items), 1);
    fixture_audit(f, FIXTURE_DAY);
    fixture_close(f);
}
END_TEST

START_TEST(reversal_of_approved_is_due_and_nets_the_item)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = fixture_purchase(1, 1000);
    struct record closed = fixture_closed(f, &purchase, STATE_APPROVED);
    struct record reversal = fixture_reversal(&purchase);
    ANSWERS(f, reversal, "00");
    ck_assert(f->answers[0].due_added);
    ck_assert_str_eq(f->answers[0].due_issuer, "bank");
    struct record stored = fixture_record(f, closed.seq);
    ck_assert_uint_eq(stored.state, STATE_REVERSAL_DUE);
    ck_assert_int_eq(stored.remaining_minor, 0);
    ck_assert_uint_eq(stored.due_seq, 1);
    ck_assert_uint_eq(fixture_item(f, FIXTURE_DAY, closed.item_seq).state, ITEM_NETTED);
    ck_assert_int_eq(fixture_totals(f, FIXTURE_DAY).sales_reversed_minor, 1000);
    fixture_audit(f, FIXTURE_DAY);
    ck_assert_int_eq(fixture_do_settle(f, &stored, SETTLE_DONE)->result, BOOK_IS_STORED);
    ck_assert_uint_eq(fixture_record(f, closed.seq).state, STATE_REVERSED);
    fixture_audit(f, FIXTURE_DAY);
    fixture_close(f);
}
END_TEST

START_TEST(original_is_named_by_the_same_stan_where_de90_names_nothing)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = fixture_purchase(1, 1000);
    struct record closed = fixture_closed(f, &purchase, STATE_APPROVED);
    struct record reversal = fixture_reversal(&purchase);
    memcpy(reversal.stan, purchase.stan, sizeof reversal.stan);
    memcpy(reversal.original_stan, "999999", 7);
    ANSWERS(f, reversal, "00");
    ck_assert_uint_eq(fixture_record(f, closed.seq).state, STATE_REVERSAL_DUE);
    fixture_close(f);
}
END_TEST

/* The reversal has a new STAN, which another sale had; what DE90 names is on its way. */
START_TEST(new_stan_of_a_reversal_names_nothing)
{
    struct fixture *f = fixture_open(_i);
    struct record sale = fixture_purchase(602, 1000);
    struct record named = fixture_purchase(601, 1000);
    struct record closed = fixture_closed(f, &sale, STATE_APPROVED);
    struct record reversal = fixture_reversal(&named);
    memcpy(reversal.stan, sale.stan, sizeof reversal.stan);
    memcpy(reversal.time, "130000", 7);
    memcpy(reversal.de7, "1121130000", 11);
    ANSWERS(f, reversal, "00");
    ck_assert_uint_eq(fixture_record(f, closed.seq).state, STATE_APPROVED);
    ck_assert_int_eq(fixture_do_open(f, &named)->result, BOOK_IS_TOMBED);
    fixture_close(f);
}
END_TEST

/* DE90 names nothing that is here, DE37 does: the one is reversed, the other kept from coming. */
START_TEST(what_de90_names_is_kept_from_coming_when_de37_names_another)
{
    struct fixture *f = fixture_open(_i);
    struct record sale = fixture_purchase(7, 1000);
    struct record named = fixture_purchase(601, 1000);
    struct record closed = fixture_closed(f, &sale, STATE_APPROVED);
    struct record reversal = fixture_reversal(&named);
    memcpy(reversal.rrn, sale.rrn, sizeof reversal.rrn);
    ANSWERS(f, reversal, "00");
    ck_assert_uint_eq(fixture_record(f, closed.seq).state, STATE_REVERSAL_DUE);
    ck_assert_int_eq(fixture_do_open(f, &named)->result, BOOK_IS_TOMBED);
    fixture_close(f);
}
END_TEST

/* The STANs of some terminals begin again each day: the same card pays the same again. */
START_TEST(same_stan_of_the_day_before_is_not_the_original_but_for_staff)
{
    struct fixture *f = fixture_open(_i);
    struct record yesterday = fixture_purchase(4, 1000);
    struct record closed = fixture_closed(f, &yesterday, STATE_APPROVED);
    struct record reversal = fixture_reversal(&yesterday);
    f->wall_ms += 24 * HOUR_MS;
    memcpy(reversal.original_de7, "1122000004", 11);
    memcpy(reversal.de7, "1122000104", 11);
    reversal.issuer[0] = '\0';
    const struct book_answer *answer = fixture_do_reversal(f, &reversal);
    ck_assert_str_eq(answer->code, "00");
    ck_assert(answer->is_of_old);
    ck_assert_uint_eq(fixture_record(f, closed.seq).state, STATE_APPROVED);
    ck_assert_uint_eq(fixture_day(f, FIXTURE_DAY).dead_count, 1);
    fixture_close(f);
}
END_TEST

/* DE56 of the later editions has the local time of the original, and no DE7. */
START_TEST(local_time_of_the_original_tells_where_de7_is_not_known)
{
    static const char *const times[] = {"1121120000", "1101120000", "1121120001"};
    for (size_t i = 0; i < ARRAY_COUNT(times); i++) {
        struct fixture *f = fixture_open(_i);
        struct record sale = fixture_purchase(1, 1000);
        memcpy(sale.date, "1121", 5);
        memcpy(sale.time, "120000", 7);
        struct record closed = fixture_closed(f, &sale, STATE_APPROVED);
        struct record reversal = fixture_reversal(&sale);
        memset(reversal.original_de7, 0, sizeof reversal.original_de7);
        memcpy(reversal.original_local, times[i], 11);
        memcpy(reversal.stan, "000077", 7);
        reversal.rrn[0] = 0;
        ANSWERS(f, reversal, "00");
        ck_assert_uint_eq(fixture_record(f, closed.seq).state,
                          i == 0 ? STATE_REVERSAL_DUE : STATE_APPROVED);
        fixture_close(f);
    }
}
END_TEST

START_TEST(approved_and_exact_one_is_meant_and_not_a_newer_decline)
{
    for (unsigned exact = 0; exact < 2; exact++) {
        struct fixture *f = fixture_open(_i);
        struct record first = fixture_purchase(42, 1000);
        struct record second = first;
        struct record closed = fixture_closed(f, &first, STATE_APPROVED);
        second.key[6] = 1;
        memcpy(second.time, "120001", 7);
        memcpy(second.de7, "1121000043", 11);
        fixture_closed(f, &second, STATE_DECLINED);
        struct record reversal = fixture_reversal(&first);
        if (exact == 0) {
            memcpy(reversal.original_de7, "1121000050", 11); /* stamped anew: of neither */
        }
        ANSWERS(f, reversal, "00");
        ck_assert_uint_eq(fixture_record(f, closed.seq).state, STATE_REVERSAL_DUE);
        fixture_close(f);
    }
}
END_TEST

START_TEST(reversal_of_a_refund_nets_it)
{
    struct fixture *f = fixture_open(_i);
    struct record refund = fixture_purchase(1, 700);
    refund.money = MONEY_DEBIT;
    fixture_closed(f, &refund, STATE_APPROVED);
    struct record reversal = fixture_reversal(&refund);
    ANSWERS(f, reversal, "00");
    ck_assert_int_eq(fixture_totals(f, FIXTURE_DAY).refunds_reversed_minor, 700);
    fixture_audit(f, FIXTURE_DAY);
    fixture_close(f);
}
END_TEST

START_TEST(reversal_of_a_hold_is_due_without_item)
{
    struct fixture *f = fixture_open(_i);
    struct record hold = fixture_purchase(1, 700);
    hold.money = MONEY_HOLD;
    hold.mti = 0x0100;
    fixture_closed(f, &hold, STATE_APPROVED);
    struct record reversal = fixture_reversal(&hold);
    memcpy(reversal.original_mti, "0100", 5);
    ANSWERS(f, reversal, "00");
    ck_assert_uint_eq(fixture_rows(f, KV_due), 1);
    ck_assert_uint_eq(fixture_rows(f, KV_items), 0);
    fixture_audit(f, FIXTURE_DAY);
    fixture_close(f);
}
END_TEST

START_TEST(reversal_of_a_balance_sends_nothing)
{
    struct fixture *f = fixture_open(_i);
    struct record balance = fixture_purchase(1, 0);
    balance.money = MONEY_NONE;
    fixture_closed(f, &balance, STATE_APPROVED);
    struct record reversal = fixture_reversal(&balance);
    ANSWERS(f, reversal, "00");
    ck_assert_uint_eq(fixture_rows(f, KV_due), 0);
    fixture_close(f);
}
END_TEST

START_TEST(reversal_joins_what_is_due_already)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = fixture_purchase(1, 1000);
    struct record closed = fixture_closed(f, &purchase, STATE_UNKNOWN);
    struct record reversal = fixture_reversal(&purchase);
    ANSWERS(f, reversal, "00");
    ck_assert(!f->answers[0].due_added);
    ck_assert_uint_eq(fixture_rows(f, KV_due), 1);
    ck_assert_uint_eq(fixture_record(f, closed.seq).state, STATE_UNKNOWN);
    fixture_do_settle(f, &closed, SETTLE_DONE);
    reversal.key[6]++;
    ANSWERS(f, reversal, "00");
    ck_assert_uint_eq(fixture_rows(f, KV_due), 0);
    ck_assert_uint_eq(fixture_record(f, closed.seq).state, STATE_REVERSED);
    fixture_close(f);
}
END_TEST

START_TEST(reversal_of_declined_sends_nothing)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = fixture_purchase(1, 1000);
    fixture_closed(f, &purchase, STATE_DECLINED);
    struct record reversal = fixture_reversal(&purchase);
    ANSWERS(f, reversal, "00");
    ck_assert_uint_eq(fixture_rows(f, KV_due), 0);
    ck_assert_uint_eq(fixture_rows(f, KV_tombs), 0);
    fixture_close(f);
}
END_TEST

START_TEST(repeat_of_a_reversal_acts_once)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = fixture_purchase(1, 1000);
    fixture_closed(f, &purchase, STATE_APPROVED);
    struct record reversal = fixture_reversal(&purchase);
    ANSWERS(f, reversal, "00");
    f->wall_ms += 100 * HOUR_MS;
    ck_assert_int_eq(fixture_do_reversal(f, &reversal)->result, BOOK_IS_REPEAT);
    ck_assert_str_eq(f->answers[0].code, "00");
    ck_assert_uint_eq(fixture_totals(f, FIXTURE_DAY).sales_reversed_count, 1);
    ck_assert_uint_eq(fixture_rows(f, KV_due), 1);
    reversal.fingerprint[0] ^= 1;
    ck_assert_int_eq(fixture_do_reversal(f, &reversal)->result, BOOK_IS_OTHER);
    ck_assert_str_eq(f->answers[0].code, "94");
    fixture_close(f);
}
END_TEST

/* How a reversal may name its original. Each row changes the reversal of purchase 1. */
enum naming { BY_DE90, BY_DE90_WITHOUT_DE7, BY_OWN_STAN, BY_RRN, NAMING_COUNT };

static struct record named(const struct record *purchase, enum naming naming)
{
    struct record reversal = fixture_reversal(purchase);
    switch (naming) {
    case BY_DE90:
        break;
    case BY_DE90_WITHOUT_DE7:
        memcpy(reversal.original_de7, "0000000000", 11);
        break;
    case BY_OWN_STAN:
        reversal.original_stan[0] = 0;
        memcpy(reversal.stan, purchase->stan, sizeof reversal.stan);
        break;
    case BY_RRN:
        reversal.original_stan[0] = 0;
        memcpy(reversal.rrn, purchase->rrn, sizeof reversal.rrn);
        break;
    case NAMING_COUNT:
        break;
    }
    return reversal;
}

START_TEST(every_way_of_naming_finds_the_original)
{
    struct fixture *f = fixture_open(_i / NAMING_COUNT);
    struct record other = fixture_purchase(2, 1000);
    struct record purchase = fixture_purchase(1, 1000);
    struct record closed = fixture_closed(f, &purchase, STATE_APPROVED);
    fixture_closed(f, &other, STATE_APPROVED);
    struct record reversal = named(&purchase, (enum naming)(_i % NAMING_COUNT));
    ANSWERS(f, reversal, "00");
    ck_assert_uint_eq(f->answers[0].record.original_seq, closed.seq);
    ck_assert_uint_eq(fixture_record(f, closed.seq).state, STATE_REVERSAL_DUE);
    fixture_close(f);
}
END_TEST

START_TEST(restamped_de7_names_its_original_all_the_same)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = fixture_purchase(1, 1000);
    struct record closed = fixture_closed(f, &purchase, STATE_APPROVED);
    struct record reversal = fixture_reversal(&purchase);
    memcpy(reversal.original_de7, "1121999999", 11);
    ck_assert_int_eq(purchase.identity, IDENTITY_DE12);
    ANSWERS(f, reversal, "00");
    ck_assert_uint_eq(fixture_record(f, closed.seq).state, STATE_REVERSAL_DUE);
    fixture_close(f);
}
END_TEST

START_TEST(original_is_found_whether_or_not_both_have_de32)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = fixture_purchase(1, 1000);
    struct record closed = fixture_closed(f, &purchase, STATE_APPROVED);
    struct record reversal = fixture_reversal(&purchase);
    memcpy(reversal.acquirer, "12345", 6);
    ANSWERS(f, reversal, "00");
    ck_assert_uint_eq(fixture_record(f, closed.seq).state, STATE_REVERSAL_DUE);
    fixture_close(f);
}
END_TEST

START_TEST(second_tombstone_of_a_stan_leaves_the_first)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = fixture_purchase(1, 300);
    struct record other = fixture_purchase(1, 400);
    struct record first = fixture_reversal(&purchase);
    struct record second = fixture_reversal(&other);
    second.key[6] = 1; /* another message */
    ANSWERS(f, first, "00");
    ANSWERS(f, second, "00");
    fixture_do_open(f, &purchase);
    ck_assert_int_eq(f->answers[0].result, BOOK_IS_TOMBED);
    fixture_close(f);
}
END_TEST

START_TEST(what_does_not_agree_is_not_the_original)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = fixture_purchase(1, 1000);
    purchase.identity = IDENTITY_DE7; /* only then does DE7 tell two transactions apart */
    struct record closed = fixture_closed(f, &purchase, STATE_APPROVED);
    struct record wrong[6];
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        wrong[i] = fixture_reversal(&purchase);
        wrong[i].key[6] = (uint8_t)i;
    }
    wrong[0].amount_minor = 999;
    wrong[1].pan_token[3] ^= 1;
    wrong[2].currency = 840;
    wrong[3].terminal[7] = '2';
    memcpy(wrong[4].original_de7, "1121999999", 11);
    memcpy(wrong[5].original_mti, "0100", 5);
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        ANSWERS(f, wrong[i], "00");
        ck_assert_uint_eq(f->answers[0].record.original_seq, 0);
    }
    ck_assert_uint_eq(fixture_record(f, closed.seq).state, STATE_APPROVED);
    fixture_close(f);
}
END_TEST

START_TEST(newest_of_equals_is_reversed)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = fixture_purchase(1, 1000);
    struct record old = fixture_closed(f, &purchase, STATE_APPROVED);
    purchase.key[0] = 0x21;
    struct record newest = fixture_closed(f, &purchase, STATE_APPROVED);
    struct record reversal = fixture_reversal(&purchase);
    ANSWERS(f, reversal, "00");
    ck_assert_uint_eq(fixture_record(f, old.seq).state, STATE_APPROVED);
    ck_assert_uint_eq(fixture_record(f, newest.seq).state, STATE_REVERSAL_DUE);
    fixture_close(f);
}
END_TEST

START_TEST(original_is_found_in_the_written_index)
{
    /* Enough single batches that the index is written, then the oldest and newest are reversed;
     * half of the way also after a reload, with the rest of the index rebuilt. */
    enum { MANY = 700, TWINS = 900 };
    struct fixture *f = fixture_open(_i);
    for (unsigned stan = 1; stan <= MANY; stan++) {
        struct record purchase = fixture_purchase(stan, 1000);
        fixture_do_open(f, &purchase);
        if (stan <= 3) {
            purchase = fixture_purchase(TWINS, 1000);
            purchase.key[6] = (uint8_t)stan;
            fixture_do_open(f, &purchase);
        }
    }
    /* Of three alike in the written index the newest is meant. */
    struct record twin = fixture_purchase(TWINS, 1000);
    struct record of_twin = fixture_reversal(&twin);
    ANSWERS(f, of_twin, "00");
    ck_assert_uint_eq(f->answers[0].marked_seq, 6);
    ck_assert_uint_gt(fixture_rows(f, KV_lookup), 0);
    ck_assert_uint_lt(fixture_rows(f, KV_lookup), 3 * MANY);
    for (unsigned round = 0; round < 2; round++) {
        const unsigned stans[] = {1 + round, MANY / 2 + round, MANY - round};
        for (size_t i = 0; i < ARRAY_COUNT(stans); i++) {
            struct record purchase = fixture_purchase(stans[i], 1000);
            struct record reversal = fixture_reversal(&purchase);
            ANSWERS(f, reversal, "00");
            struct record found = fixture_record(f, f->answers[0].marked_seq);
            ck_assert_str_eq(found.stan, purchase.stan);
            ck_assert(found.marked);
        }
        fixture_reload(f);
    }
    fixture_close(f);
}
END_TEST

START_TEST(request_that_a_tombstone_names_is_declined)
{
    struct fixture *f = fixture_open(_i / NAMING_COUNT);
    struct record purchase = fixture_purchase(1, 1000);
    struct record reversal = named(&purchase, (enum naming)(_i % NAMING_COUNT));
    ANSWERS(f, reversal, "00");
    ck_assert_uint_eq(f->answers[0].record.original_seq, 0);
    fixture_reload(f);
    const struct book_answer *answer = fixture_do_open(f, &purchase);
    ck_assert_int_eq(answer->result, BOOK_IS_TOMBED);
    ck_assert_uint_eq(answer->record.state, STATE_DECLINED);
    ck_assert_str_eq(answer->record.code, "12");
    ck_assert_uint_eq(fixture_rows(f, KV_open), 0);
    ck_assert_uint_eq(fixture_day(f, FIXTURE_DAY).open_count, 0);
    ck_assert_int_eq(fixture_do_open(f, &purchase)->result, BOOK_IS_REPEAT);
    fixture_close(f);
}
END_TEST

START_TEST(advice_that_a_tombstone_names_is_answered_without_item)
{
    struct fixture *f = fixture_open(_i);
    struct record advice = fixture_purchase(1, 1000);
    struct record reversal = fixture_reversal(&advice);
    advice.mti = 0x0220;
    ANSWERS(f, reversal, "00");
    const struct book_answer *answer = fixture_do_open(f, &advice);
    ck_assert_int_eq(answer->result, BOOK_IS_TOMBED);
    ck_assert_str_eq(answer->record.code, "00");
    ck_assert_uint_eq(fixture_rows(f, KV_items), 0);
    fixture_close(f);
}
END_TEST

START_TEST(tombstone_needs_agreeing_money_and_lasts_one_window)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = fixture_purchase(1, 1000);
    struct record reversal = fixture_reversal(&purchase);
    struct record other = fixture_purchase(1, 2000);
    other.key[6] = 9;
    ANSWERS(f, reversal, "00");
    ck_assert_int_eq(fixture_do_open(f, &other)->result, BOOK_IS_FRESH);
    f->wall_ms += 24 * HOUR_MS + 1;
    ck_assert_int_eq(fixture_do_open(f, &purchase)->result, BOOK_IS_FRESH);
    fixture_do_cutover(f, 20261122);
    ck_assert_uint_eq(fixture_rows(f, KV_tombs), 0);
    fixture_close(f);
}
END_TEST

START_TEST(cutover_keeps_tombstones_of_the_window)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = fixture_purchase(1, 1000);
    struct record reversal = fixture_reversal(&purchase);
    ANSWERS(f, reversal, "00");
    fixture_do_cutover(f, 20261122);
    ck_assert_int_eq(fixture_do_open(f, &purchase)->result, BOOK_IS_TOMBED);
    fixture_close(f);
}
END_TEST

START_TEST(partial_reversal_is_refused_unless_it_changes_nothing)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = fixture_purchase(1, 1000);
    struct record closed = fixture_closed(f, &purchase, STATE_APPROVED);
    struct record partial = fixture_reversal(&purchase);
    partial.replacement_minor = 400;
    ANSWERS(f, partial, "12");
    ck_assert_uint_eq(f->answers[0].record.state, STATE_DECLINED);
    partial.replacement_minor = 1000;
    partial.key[32] = 1;
    ANSWERS(f, partial, "00");
    ck_assert_uint_eq(fixture_record(f, closed.seq).state, STATE_APPROVED);
    ck_assert_uint_eq(fixture_rows(f, KV_due), 0);
    /* A replacement by nothing is a full reversal. */
    partial.replacement_minor = 0;
    partial.key[32] = 2;
    ANSWERS(f, partial, "00");
    ck_assert_uint_eq(fixture_record(f, closed.seq).state, STATE_REVERSAL_DUE);
    fixture_audit(f, FIXTURE_DAY);
    fixture_close(f);
}
END_TEST

START_TEST(reversal_may_state_the_amount_that_was_approved)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = fixture_purchase(1, 1000);
    struct book_request close = {.op = BOOK_CLOSE, .record = fixture_do_open(f, &purchase)->record};
    close.record.state = STATE_APPROVED;
    close.record.approved_minor = 600;
    struct record closed = fixture_ask(f, close)->record;
    struct record reversal = fixture_reversal(&purchase);
    reversal.amount_minor = 600;
    ANSWERS(f, reversal, "00");
    ck_assert_uint_eq(fixture_record(f, closed.seq).state, STATE_REVERSAL_DUE);
    ck_assert_int_eq(fixture_totals(f, FIXTURE_DAY).sales_reversed_minor, 600);
    fixture_audit(f, FIXTURE_DAY);
    fixture_close(f);
}
END_TEST

START_TEST(reversal_in_the_draining_day_nets_the_item)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = fixture_purchase(1, 1000);
    struct record holds_the_day = fixture_purchase(2, 1);
    struct record closed = fixture_closed(f, &purchase, STATE_APPROVED);
    fixture_do_open(f, &holds_the_day);
    fixture_do_cutover(f, 20261122);
    struct record reversal = fixture_reversal(&purchase);
    ANSWERS(f, reversal, "00");
    ck_assert_uint_eq(f->answers[0].record.day, 20261122);
    ck_assert_uint_eq(fixture_item(f, FIXTURE_DAY, closed.item_seq).state, ITEM_NETTED);
    ck_assert_uint_eq(fixture_rows(f, KV_items), 1);
    fixture_audit(f, FIXTURE_DAY);
    fixture_close(f);
}
END_TEST

START_TEST(reversal_after_the_day_is_an_item_of_today)
{
    struct fixture *f = fixture_open(_i);
    struct record sale = fixture_purchase(1, 1000);
    struct record refund = fixture_purchase(2, 300);
    refund.money = MONEY_DEBIT;
    struct record closed_sale = fixture_closed(f, &sale, STATE_APPROVED);
    fixture_closed(f, &refund, STATE_APPROVED);
    fixture_do_cutover(f, 20261122);
    struct record reversal = fixture_reversal(&sale);
    ANSWERS(f, reversal, "00");
    reversal = fixture_reversal(&refund);
    ANSWERS(f, reversal, "00");
    struct item_row back = fixture_item(f, 20261122, 3);
    ck_assert_uint_eq(back.kind, 'V');
    ck_assert_uint_eq(back.original_item, closed_sale.item_seq);
    ck_assert_uint_eq(back.seq, closed_sale.seq);
    ck_assert_int_eq(back.amount_minor, 1000);
    ck_assert_uint_eq(fixture_item(f, 20261122, 4).kind, 'W');
    ck_assert_uint_eq(fixture_item(f, FIXTURE_DAY, closed_sale.item_seq).state, ITEM_OPEN);
    ck_assert_int_eq(fixture_totals(f, 20261122).sales_reversed_minor, 1000);
    ck_assert_int_eq(fixture_totals(f, FIXTURE_DAY).sales_reversed_minor, 0);
    fixture_audit(f, FIXTURE_DAY);
    fixture_audit(f, 20261122);
    fixture_close(f);
}
END_TEST

START_TEST(reversal_names_no_other_reversal)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = fixture_purchase(1, 1000);
    struct record closed = fixture_closed(f, &purchase, STATE_APPROVED);
    struct record first = named(&purchase, BY_OWN_STAN);
    struct record second = first;
    second.key[6] = 1;
    ANSWERS(f, first, "00");
    ANSWERS(f, second, "00");
    ck_assert_uint_eq(f->answers[0].record.original_seq, closed.seq);
    ck_assert_uint_eq(fixture_rows(f, KV_due), 1);
    fixture_close(f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("book: reversals");
    TCase *tc = tcase_create("states");
    tcase_add_loop_test(tc, reversal_of_open_marks_it, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, marked_and_asked_becomes_unknown_and_due, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, marked_and_not_asked_becomes_declined, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, reversal_and_close_in_one_batch_keep_their_order, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, new_stan_of_a_reversal_names_nothing, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, what_de90_names_is_kept_from_coming_when_de37_names_another, 0,
                        FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, local_time_of_the_original_tells_where_de7_is_not_known, 0,
                        FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, same_stan_of_the_day_before_is_not_the_original_but_for_staff, 0,
                        FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, approved_and_exact_one_is_meant_and_not_a_newer_decline, 0,
                        FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, original_is_named_by_the_same_stan_where_de90_names_nothing, 0,
                        FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, reversal_of_approved_is_due_and_nets_the_item, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, reversal_of_a_refund_nets_it, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, reversal_of_a_hold_is_due_without_item, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, reversal_of_a_balance_sends_nothing, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, reversal_joins_what_is_due_already, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, reversal_of_declined_sends_nothing, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, repeat_of_a_reversal_acts_once, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, partial_reversal_is_refused_unless_it_changes_nothing, 0,
                        FIXTURE_KV_COUNT);
    suite_add_tcase(suite, tc);

    tc = tcase_create("naming");
    tcase_add_loop_test(tc, every_way_of_naming_finds_the_original, 0,
                        NAMING_COUNT * FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, what_does_not_agree_is_not_the_original, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, original_is_found_whether_or_not_both_have_de32, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, second_tombstone_of_a_stan_leaves_the_first, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, restamped_de7_names_its_original_all_the_same, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, newest_of_equals_is_reversed, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, original_is_found_in_the_written_index, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, reversal_may_state_the_amount_that_was_approved, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, reversal_names_no_other_reversal, 0, FIXTURE_KV_COUNT);
    suite_add_tcase(suite, tc);

    tc = tcase_create("the unseen");
    tcase_add_loop_test(tc, request_that_a_tombstone_names_is_declined, 0,
                        NAMING_COUNT * FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, advice_that_a_tombstone_names_is_answered_without_item, 0,
                        FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, tombstone_needs_agreeing_money_and_lasts_one_window, 0,
                        FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, cutover_keeps_tombstones_of_the_window, 0, FIXTURE_KV_COUNT);
    suite_add_tcase(suite, tc);

    tc = tcase_create("days");
    tcase_add_loop_test(tc, reversal_in_the_draining_day_nets_the_item, 0, FIXTURE_KV_COUNT);
    tcase_add_loop_test(tc, reversal_after_the_day_is_an_item_of_today, 0, FIXTURE_KV_COUNT);
    suite_add_tcase(suite, tc);
    return fixture_main(suite);
}
