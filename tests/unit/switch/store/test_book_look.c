/* What staff look for: a record by its receipt, the journal of one transaction, dead letters. Goal:
 * each is a look-up, whatever else the store has. Method: the tables are asked through a layer that
 * counts how many rows were looked at. */
#include "tests/unit/switch/store/fixture.h"

static const struct kv_ops *real_ops;
static size_t looks;

static int count_get(struct kv_txn *txn, enum kv_table table, struct span key, struct span *value)
{
    looks++;
    return real_ops->get(txn, table, key, value);
}

static int count_seek(struct kv_txn *txn, enum kv_table table, struct span key, struct span *found,
                      struct span *value)
{
    looks++;
    return real_ops->seek(txn, table, key, found, value);
}

/* Count from now on; the store must live no longer than the test. */
static void count_looks(struct fixture *f)
{
    static struct kv_ops counting;
    real_ops = f->kv->ops;
    counting = *real_ops;
    counting.get = count_get;
    counting.seek = count_seek;
    f->kv->ops = &counting;
    looks = 0;
}

static const struct book_answer *look(struct fixture *f, const char *terminal, const char *stan,
                                      const char *rrn)
{
    struct book_request ask = {.op = BOOK_LOOK};
    memcpy(ask.record.terminal, terminal, strlen(terminal));
    memcpy(ask.record.stan, stan, strlen(stan));
    memcpy(ask.record.rrn, rrn, strlen(rrn));
    return fixture_ask(f, ask);
}

static void fill(struct fixture *f, unsigned from, unsigned count)
{
    for (unsigned stan = from; stan < from + count; stan++) {
        struct record purchase = fixture_purchase(stan, 1000);
        ck_assert_int_eq(fixture_do_open(f, &purchase)->result, BOOK_IS_FRESH);
    }
}

START_TEST(older_ones_of_one_name_are_found_behind_the_newest)
{
    struct fixture *f = fixture_open(_i);
    struct book_request ask = {.op = BOOK_LOOK};
    for (unsigned i = 0; i < 3; i++) {
        struct record purchase = fixture_purchase(7, 1000);
        be32_put(purchase.key + 17, i); /* of other days: the STAN began again */
        ck_assert_int_eq(fixture_do_open(f, &purchase)->result, BOOK_IS_FRESH);
        fill(f, 100 * (i + 1), 10);
    }
    memcpy(ask.record.terminal, "TERM0001", 8);
    memcpy(ask.record.stan, "000007", 6);
    for (unsigned i = 3; i-- > 0;) {
        ck_assert_int_eq(fixture_ask(f, ask)->result, BOOK_IS_FOUND);
        ck_assert_uint_eq(f->answers[0].record.seq, 11 * i + 1);
        ask.record.seq = f->answers[0].record.seq;
    }
    ck_assert_int_eq(fixture_ask(f, ask)->result, BOOK_IS_NO_SUCH);
    fixture_close(f);
}
END_TEST

START_TEST(a_record_is_found_by_stan_and_by_rrn)
{
    struct fixture *f = fixture_open(_i);
    fill(f, 1, 20);
    ck_assert_int_eq(look(f, "TERM0001", "000007", "")->result, BOOK_IS_FOUND);
    ck_assert_uint_eq(f->answers[0].record.seq, 7);
    ck_assert_int_eq(look(f, "TERM0001", "", "000632500009")->result, BOOK_IS_FOUND);
    ck_assert_uint_eq(f->answers[0].record.seq, 9);
    ck_assert_int_eq(look(f, "TERM0002", "000007", "")->result, BOOK_IS_NO_SUCH);
    ck_assert_int_eq(look(f, "TERM0001", "000021", "")->result, BOOK_IS_NO_SUCH);
    ck_assert_int_eq(look(f, "TERM0001", "000007", "000632500009")->result, BOOK_IS_NO_SUCH);
    ck_assert_int_eq(look(f, "TERM0001", "000007", "000632500007")->result, BOOK_IS_FOUND);
    fixture_close(f);
}
END_TEST

START_TEST(the_newest_of_one_stan_is_found_and_no_reversal)
{
    struct fixture *f = fixture_open(_i);
    struct record first = fixture_purchase(7, 1000);
    struct record second = fixture_purchase(7, 2000);
    second.key[5] = 0x13; /* an hour later */
    fixture_closed(f, &first, STATE_DECLINED);
    struct record newest = fixture_closed(f, &second, STATE_APPROVED);
    struct record reversal = fixture_reversal(&newest);
    memcpy(reversal.stan, newest.stan, sizeof reversal.stan);
    fixture_do_reversal(f, &reversal);
    ck_assert_int_eq(look(f, "TERM0001", "000007", "")->result, BOOK_IS_FOUND);
    ck_assert_uint_eq(f->answers[0].record.seq, newest.seq);
    fixture_close(f);
}
END_TEST

START_TEST(an_old_record_is_found_without_a_walk_and_nothing_is_changed)
{
    enum { MANY = 12000 };
    struct fixture *f = fixture_open(FIXTURE_MEMORY);
    fill(f, 1, MANY);
    size_t journal_rows = fixture_rows(f, KV_journal);
    count_looks(f);
    ck_assert_int_eq(look(f, "TERM0001", "000003", "")->result, BOOK_IS_FOUND);
    ck_assert_uint_eq(f->answers[0].record.seq, 3);
    ck_assert_uint_le(looks, 20);
    looks = 0;
    ck_assert_int_eq(look(f, "TERM0001", "999999", "")->result, BOOK_IS_NO_SUCH);
    ck_assert_uint_le(looks, 20);
    f->kv->ops = real_ops;
    ck_assert_uint_eq(fixture_rows(f, KV_journal), journal_rows);
    fixture_audit(f, FIXTURE_DAY);
    fixture_close(f);
}
END_TEST

static const struct book_answer *draw_dead(struct fixture *f, uint64_t after)
{
    return fixture_ask(f, (struct book_request){.op = BOOK_DRAW,
                                                .after_due_seq = after,
                                                .count_max = 10,
                                                .issuer = "bank",
                                                .dead = true});
}

START_TEST(dead_letters_are_drawn_past_any_number_of_living_rows)
{
    enum { LIVING = 3000 };
    struct fixture *f = fixture_open(FIXTURE_MEMORY);
    struct record first = fixture_purchase(1, 1000);
    struct record dead = fixture_closed(f, &first, STATE_UNKNOWN);
    for (unsigned stan = 2; stan < 2 + LIVING; stan++) {
        struct record purchase = fixture_purchase(stan, 1000);
        fixture_closed(f, &purchase, STATE_UNKNOWN);
    }
    struct record last = fixture_purchase(9000, 1000);
    struct record other = fixture_closed(f, &last, STATE_UNKNOWN);
    fixture_do_settle(f, &dead, SETTLE_DEAD);
    fixture_do_settle(f, &other, SETTLE_DEAD);
    count_looks(f);
    ck_assert_uint_eq(draw_dead(f, 0)->due_seq, dead.due_seq);
    ck_assert_uint_eq(f->answer_count, 3);
    ck_assert_uint_eq(f->answers[1].due_seq, other.due_seq);
    ck_assert_int_eq(f->answers[2].result, BOOK_IS_DRAW_END);
    ck_assert_uint_le(looks, 20);
    f->kv->ops = real_ops;
    fixture_audit(f, FIXTURE_DAY);
    fixture_do_settle(f, &dead, SETTLE_DONE);
    ck_assert_uint_eq(draw_dead(f, 0)->due_seq, other.due_seq);
    ck_assert_uint_eq(f->answer_count, 2);
    fixture_audit(f, FIXTURE_DAY);
    fixture_close(f);
}
END_TEST

START_TEST(a_dead_letter_counts_how_often_it_was_sent)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = fixture_purchase(1, 1000);
    struct record dead = fixture_closed(f, &purchase, STATE_UNKNOWN);
    struct book_request ask = {.op = BOOK_DRAW, .issuer = "bank", .count_max = 1};
    ck_assert_uint_eq(fixture_ask(f, ask)->due_tries, 0);
    fixture_ask(f, (struct book_request){.op = BOOK_SETTLE,
                                         .seq = dead.seq,
                                         .due_seq = dead.due_seq,
                                         .settle = SETTLE_DEAD,
                                         .due_tries = 20});
    ck_assert_uint_eq(draw_dead(f, 0)->due_tries, 20);
    ck_assert_uint_eq(draw_dead(f, 0)->due_tries, 21);
    fixture_close(f);
}
END_TEST

START_TEST(a_file_of_the_same_number_leaves_no_trail)
{
    struct fixture *f = fixture_open(_i);
    struct record purchase = fixture_purchase(1, 1000);
    fixture_closed(f, &purchase, STATE_APPROVED);
    fixture_do_cutover(f, FIXTURE_DAY + 1);
    struct book_request ask = {.op = BOOK_FILE, .day = FIXTURE_DAY, .file_step = FILE_ASSIGN};
    ck_assert_uint_eq(fixture_ask(f, ask)->file_seq, 1);
    ck_assert_uint_eq(fixture_rows(f, KV_trail), 2); /* its OPEN and its CLOSE */
    fixture_audit(f, FIXTURE_DAY);
    fixture_close(f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("look");
    TCase *both = tcase_create("on both kinds of tables");
    tcase_add_loop_test(both, a_record_is_found_by_stan_and_by_rrn, 0, 2);
    tcase_add_loop_test(both, older_ones_of_one_name_are_found_behind_the_newest, 0, 2);
    tcase_add_loop_test(both, the_newest_of_one_stan_is_found_and_no_reversal, 0, 2);
    tcase_add_loop_test(both, a_dead_letter_counts_how_often_it_was_sent, 0, 2);
    tcase_add_loop_test(both, a_file_of_the_same_number_leaves_no_trail, 0, 2);
    suite_add_tcase(suite, both);
    TCase *steps = tcase_create("bounded steps");
    tcase_set_timeout(steps, 60);
    tcase_add_test(steps, an_old_record_is_found_without_a_walk_and_nothing_is_changed);
    tcase_add_test(steps, dead_letters_are_drawn_past_any_number_of_living_rows);
    suite_add_tcase(suite, steps);
    return fixture_main(suite);
}
