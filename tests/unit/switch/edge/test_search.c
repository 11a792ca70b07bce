/* Goal: what no index has is found however far back it is, while the loop goes on turning. The
 * tables in memory are for one thread, so nothing else asks them while it runs. */
#include "switch/edge/search.h"

#include "tests/unit/iso8583/suite.h"
#include "tests/unit/switch/store/fixture.h"

enum { MANY = 20000, TURNS = 10 };

static uv_loop_t loop;
static struct fixture *f;
static bool stopping;
static unsigned done_count;
static int done_result;
static uint64_t done_seq;

static void on_done(void *context, int result, uint64_t seq)
{
    ck_assert_ptr_eq(context, &loop);
    done_count++;
    done_result = result;
    done_seq = seq;
}

static void begin(unsigned count)
{
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    f = fixture_open(FIXTURE_MEMORY);
    for (unsigned stan = 1; stan <= count; stan++) {
        struct record purchase = fixture_purchase(stan, 1000);
        fixture_do_open(f, &purchase);
    }
}

static void end(void)
{
    fixture_close(f);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
}

static void start(const char *terminal, const char *stan, const char *rrn)
{
    struct record like = {0};
    memcpy(like.terminal, terminal, strlen(terminal));
    memcpy(like.stan, stan, strlen(stan));
    memcpy(like.rrn, rrn, strlen(rrn));
    done_count = 0;
    ck_assert_int_eq(search_start(&loop, f->kv, &stopping, &like, on_done, &loop), 0);
}

static const struct kv_ops *real_ops;

static int get_slowly(struct kv_txn *txn, enum kv_table table, struct span key, struct span *value)
{
    uv_sleep(1);
    return real_ops->get(txn, table, key, value);
}

/* A store whose rows are waited for: a walk of 100 takes some slices. */
static void slow_get(struct fixture *fixture)
{
    static struct kv_ops slow;
    real_ops = fixture->kv->ops;
    slow = *real_ops;
    slow.get = get_slowly;
    fixture->kv->ops = &slow;
}

/* Search to the end; how many turns of the loop it took. */
static unsigned search(const char *terminal, const char *stan, const char *rrn)
{
    unsigned turns = 0;
    start(terminal, stan, rrn);
    while (done_count == 0) {
        (void)uv_run(&loop, UV_RUN_NOWAIT);
        turns++;
    }
    ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
    ck_assert_uint_eq(done_count, 1);
    return turns;
}

START_TEST(the_oldest_and_the_newest_are_found)
{
    begin(MANY);
    search("", "", "000632500001");
    ck_assert_int_eq(done_result, 0);
    ck_assert_uint_eq(done_seq, 1);
    search("TERM0001", "020000", "");
    ck_assert_uint_eq(done_seq, MANY);
    end();
}
END_TEST

START_TEST(what_is_not_there_is_told_at_the_end)
{
    begin(100);
    search("", "", "999999999999");
    ck_assert_int_eq(done_result, ERR_NOT_FOUND);
    search("TERM0009", "", "000632500001"); /* there, but of another terminal */
    ck_assert_int_eq(done_result, ERR_NOT_FOUND);
    end();
    begin(0);
    search("", "", "000632500001");
    ck_assert_int_eq(done_result, ERR_NOT_FOUND);
    end();
}
END_TEST

START_TEST(a_reversal_is_found_by_its_own_stan)
{
    begin(10);
    struct record original = fixture_record(f, 4);
    struct record reversal = fixture_reversal(&original);
    ck_assert_int_eq(fixture_do_reversal(f, &reversal)->result, BOOK_IS_FRESH);
    search("TERM0001", reversal.stan, "");
    ck_assert_int_eq(done_result, 0);
    ck_assert_uint_eq(done_seq, 11);
    end();
}
END_TEST

START_TEST(rows_that_are_waited_for_hold_up_no_turn)
{
    begin(100);
    slow_get(f);
    ck_assert_uint_gt(search("", "", "000632500001"), TURNS);
    ck_assert_uint_eq(done_seq, 1);
    end();
}
END_TEST

START_TEST(a_stop_ends_it)
{
    begin(100);
    slow_get(f);
    start("", "", "000632500001");
    stopping = true;
    ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
    ck_assert_uint_eq(done_count, 1);
    ck_assert_int_eq(done_result, ERR_CLOSED);
    end();
}
END_TEST

SUITE_MAIN("search", the_oldest_and_the_newest_are_found, what_is_not_there_is_told_at_the_end,
           a_reversal_is_found_by_its_own_stan, rows_that_are_waited_for_hold_up_no_turn,
           a_stop_ends_it)
