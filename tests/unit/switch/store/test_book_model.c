/* Goal: whatever the order of operations and wherever it crashes, money balances and nothing that
 * was answered is lost. Method: seeded random operations against a model that knows only what was
 * asked and answered; crashes between commits and failures of random writes and commits. */
#include <stdio.h>

#include "tests/sim/kv_memory.h"
#include "tests/unit/switch/store/fixture.h"

enum { SEEDS = 24, STEPS = 400, TXNS_MAX = 256, BATCH_MAX = 8, DAYS = 4 };

/* What the model knows of one purchase, from the answers. */
struct known {
    struct record record; /* as last answered */
};

struct model {
    uint64_t random;
    struct fixture *f;
    struct known known[TXNS_MAX];
    size_t count;
    uint32_t day;
    unsigned crashes;
};

static struct model m;

static unsigned draw(unsigned bound)
{
    m.random ^= m.random << 13;
    m.random ^= m.random >> 7;
    m.random ^= m.random << 17;
    return (unsigned)(m.random % bound);
}

static struct book_request random_open(void)
{
    struct book_request request = {.op = BOOK_OPEN};
    unsigned stan = 1 + draw(TXNS_MAX - 1);
    request.record = fixture_purchase(stan, 100 + stan);
    /* All that the content depends on is drawn from the STAN, so a second one is a repeat. */
    request.record.money = stan % 5 == 0 ? MONEY_DEBIT : stan % 7 == 0 ? MONEY_HOLD : MONEY_CREDIT;
    snprintf(request.record.acquirer, sizeof request.record.acquirer, "%011u", stan % 3);
    return request;
}

static struct book_request random_close(void)
{
    static const uint8_t states[] = {STATE_APPROVED, STATE_APPROVED, STATE_DECLINED, STATE_UNKNOWN};
    struct book_request request = {.op = BOOK_CLOSE, .record = m.known[draw(TXNS_MAX)].record};
    request.record.state = states[draw(ARRAY_COUNT(states))];
    request.record.asked = draw(4) != 0;
    request.record.approved_minor = request.record.amount_minor - draw(2);
    memcpy(request.record.code, request.record.state == STATE_APPROVED ? "00" : "05", 3);
    return request;
}

static struct book_request random_request(void)
{
    struct book_request request = {0};
    const struct record *any = &m.known[draw(TXNS_MAX)].record;
    switch (draw(16)) {
    case 0:
        request = (struct book_request){.op = BOOK_DRAW, .count_max = 3};
        memcpy(request.issuer, "bank", 5);
        return request;
    case 1:
    case 2:
        request = random_open(); /* Of what may never have been seen. */
        request.record = fixture_reversal(any->seq != 0 ? any : &request.record);
        request.op = BOOK_REVERSAL;
        return request;
    case 3:
    case 4:
        request.op = BOOK_SETTLE;
        request.seq = any->seq;
        request.due_seq = any->due_seq;
        request.settle = draw(8) == 0 ? SETTLE_DEAD : SETTLE_DONE;
        return request;
    case 5:
        request.op = BOOK_LATE;
        request.seq = any->seq;
        memcpy(request.record.code, "00", 3);
        return request;
    case 6:
        request.op = draw(6) == 0 ? BOOK_CUTOVER : BOOK_FILE;
        request.day = request.op == BOOK_CUTOVER ? FIXTURE_DAY + draw(DAYS) : m.day - draw(2);
        request.file_step = FILE_ASSIGN;
        return request;
    case 7:
    case 8:
    case 9:
    case 10:
    case 11:
        return random_close();
    default:
        return random_open();
    }
}

static void learn(const struct record *record)
{
    unsigned stan = be32_get(record->key + 21);
    if (stan < TXNS_MAX && record->seq != 0 && record->mti == 0x0200) {
        m.known[stan].record = *record;
    }
}

static void on_answer(void *context, const struct book_answer *answer)
{
    (void)context;
    m.count++;
    if (answer->op == BOOK_CUTOVER) {
        m.day = answer->day;
    } else if (answer->result != BOOK_IS_OTHER) {
        learn(&answer->record);
    }
}

/* What is stored must be what was answered last, or what may have followed from it. */
static bool may_follow(const struct record *answered, const struct record *stored)
{
    switch (answered->state) {
    case STATE_OPEN:
    case STATE_UNKNOWN:
    case STATE_REVERSAL_DUE:
    case STATE_REVERSED: /* a late answer makes it due again */
        return true;
    case STATE_APPROVED:
        return stored->state == STATE_APPROVED || stored->state == STATE_REVERSAL_DUE ||
               stored->state == STATE_REVERSED;
    default:
        return stored->state == answered->state;
    }
}

/* Each record against its answer, its item, its due row and the open table; then the sums. */
static void audit(void)
{
    size_t open_count = 0;
    size_t due_count = 0;
    size_t day_open_count = 0;
    for (unsigned i = 0; i < TXNS_MAX; i++) {
        if (m.known[i].record.seq == 0) {
            continue;
        }
        struct record stored = fixture_record(m.f, m.known[i].record.seq);
        ck_assert_msg(may_follow(&m.known[i].record, &stored), "%s after %s",
                      record_state_name(stored.state), record_state_name(m.known[i].record.state));
        ck_assert_int_eq(stored.amount_minor, 100 + i);
        open_count += stored.state == STATE_OPEN;
        bool due = stored.state == STATE_UNKNOWN || stored.state == STATE_REVERSAL_DUE;
        due_count += due;
        ck_assert_int_eq(due, stored.due_seq != 0);
        if (stored.state == STATE_APPROVED && stored.money != MONEY_HOLD) {
            struct item_row item = fixture_item(m.f, stored.day, stored.item_seq);
            ck_assert_int_eq(item.amount_minor, stored.approved_minor);
            ck_assert_uint_ne(item.state, ITEM_NETTED);
        }
        m.known[i].record = stored;
    }
    for (uint32_t day = FIXTURE_DAY; day <= m.day; day++) {
        struct kv_txn *txn = NULL;
        struct span value;
        uint8_t key[4];
        be32_put(key, day);
        ck_assert_int_eq(kv_begin(m.f->kv, false, &txn), 0);
        bool exists = kv_get(txn, KV_days, span_make(key, 4), &value) == 0;
        kv_abort(txn);
        if (exists) {
            struct day_row row = fixture_day(m.f, day);
            day_open_count += row.open_count;
            ck_assert(row.state != DAY_DRAINED || row.open_count == 0);
            ck_assert(row.state != DAY_DRAINING || row.open_count > 0);
        }
        fixture_audit(m.f, day);
    }
    ck_assert_uint_eq(fixture_rows(m.f, KV_open), open_count);
    ck_assert_uint_eq(fixture_rows(m.f, KV_due), due_count);
    ck_assert_uint_eq(day_open_count, open_count);
}

/* A failed batch answered nothing; a durable one may have happened all the same. */
static void crash(const struct book_request *requests, size_t count)
{
    fixture_reload(m.f);
    m.crashes++;
    m.day = book_current_day(m.f->book);
    /* Whoever asked asks again: what was stored without an answer is learned, as a repeat is. */
    for (size_t i = 0; i < count; i++) {
        if (requests[i].op == BOOK_OPEN) {
            m.f->wall_ms++;
            struct book_request again = requests[i];
            again.wall_ms = m.f->wall_ms;
            ck_assert_int_eq(book_execute(m.f->book, &again, 1, on_answer, NULL), 0);
        }
    }
}

static void step(void)
{
    struct book_request requests[BATCH_MAX];
    size_t count = 1 + draw(BATCH_MAX);
    m.f->wall_ms += draw(1000);
    for (size_t i = 0; i < count; i++) {
        requests[i] = random_request();
        requests[i].wall_ms = m.f->wall_ms;
    }
    unsigned fault = draw(20);
    if (fault == 0) {
        kv_memory_fail_write(m.f->kv, 1 + draw(40), ERR_IO);
    } else if (fault <= 2) {
        kv_memory_fail_commit(m.f->kv, 1, fault == 1);
    }
    m.count = 0;
    int rc = book_execute(m.f->book, requests, count, on_answer, NULL);
    kv_memory_fail_write(m.f->kv, 0, 0);
    kv_memory_fail_commit(m.f->kv, 0, false);
    if (rc < 0) {
        ck_assert_int_eq(rc, ERR_IO);
        ck_assert_uint_eq(m.count, 0);
        crash(requests, count);
    } else {
        ck_assert_uint_ge(m.count, count);
    }
}

START_TEST(money_balances_at_every_commit_and_after_every_crash)
{
    memset(&m, 0, sizeof m);
    m.random = 0x9E3779B97F4A7C15u * (unsigned)(_i + 1);
    m.f = fixture_open(FIXTURE_MEMORY);
    m.day = FIXTURE_DAY;
    for (unsigned i = 0; i < STEPS; i++) {
        step();
        if (i % 16 == 0) {
            audit();
        }
        if (draw(50) == 0) {
            struct book_recovered found;
            fixture_reload(m.f);
            ck_assert_int_eq(book_recover(m.f->book, m.f->wall_ms, NULL, NULL, &found), 0);
            ck_assert_uint_eq(fixture_rows(m.f, KV_open), 0);
            ck_assert_uint_eq(fixture_rows(m.f, KV_due), found.due_count);
            audit();
        }
    }
    audit();
    ck_assert_uint_gt(m.crashes, 10);
    fixture_close(m.f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("book: model");
    TCase *tc = tcase_create("model");
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, money_balances_at_every_commit_and_after_every_crash, 0, SEEDS);
    suite_add_tcase(suite, tc);
    return fixture_main(suite);
}
