/* One issuer link as a state machine: sign-on, echo, who waits, and whom a late answer belongs to.
 */
#include "routes/link.h"
#include "tests/unit/iso8583/suite.h"

enum { ANSWER_MS = 1000, ECHO_MS = 30000, PENDING_MAX = 4, BEGIN_MS = 1000 };

static struct link link_of_test;
static void *memory;

static struct link *open_link(void)
{
    struct link_rules rules = {dialect_find("iso87_ascii"), ANSWER_MS, ECHO_MS, PENDING_MAX};
    memory = calloc(1, link_memory(&rules));
    ck_assert_ptr_nonnull(memory);
    link_init(&link_of_test, &rules, memory);
    return &link_of_test;
}

static void ask(struct link *link, const char *function, int64_t now_ms)
{
    struct iso_msg msg;
    uint8_t scratch[40];
    link_network_message(link, function, "1121120000", now_ms, &msg, scratch);
    ck_assert_uint_eq(msg.mti, 0x0800);
    ck_assert_span_text(iso_get(&msg, 70), function);
    ck_assert_span_text(iso_get(&msg, 7), "1121120000");
}

static struct link *signed_on_link(int64_t now_ms)
{
    struct link *link = open_link();
    ck_assert_int_eq(link_opened(link, now_ms), LINK_NEEDS_SIGN_ON);
    ask(link, "001", now_ms);
    ck_assert(link_network_answered(link, SPAN_LITERAL("00"), now_ms));
    ck_assert_int_eq(link->state, LINK_IS_SIGNED_ON);
    return link;
}

static struct pair_key key_of(const char *stan)
{
    return pair_key_make(2, stan, "1121120000", "632512000001");
}

START_TEST(link_signs_on_by_00_to_its_own_question_only)
{
    struct link *link = open_link();
    ck_assert_int_eq(link_deadline_ms(link), INT64_MAX);
    ck_assert_int_eq(link_opened(link, 100), LINK_NEEDS_SIGN_ON);
    ck_assert(!link_network_answered(link, SPAN_LITERAL("00"), 110)); /* nothing was asked */
    ask(link, "001", 120);
    ck_assert(!link_network_answered(link, SPAN_LITERAL("91"), 130));
    ck_assert_int_eq(link->state, LINK_IS_CONNECTED);
    ask(link, "001", 140);
    ck_assert(link_network_answered(link, SPAN_LITERAL("00"), 150));
    ck_assert_int_eq(link->state, LINK_IS_SIGNED_ON);
    ck_assert(!link_network_answered(link, SPAN_LITERAL("00"), 160)); /* it is signed on already */
    free(memory);
}
END_TEST

START_TEST(refused_sign_on_is_asked_again_after_the_idle_time)
{
    struct link *link = open_link();
    ck_assert_int_eq(link_opened(link, 100), LINK_NEEDS_SIGN_ON);
    ask(link, "001", 100);
    ck_assert(!link_network_answered(link, SPAN_LITERAL("91"), 200));
    ck_assert_int_eq(link_deadline_ms(link), 100 + ECHO_MS);
    ck_assert_int_eq(link_tick(link, 100 + ECHO_MS), LINK_NEEDS_SIGN_ON);
    free(memory);
}
END_TEST

START_TEST(unanswered_sign_on_cuts)
{
    struct link *link = open_link();
    ck_assert_int_eq(link_opened(link, 100), LINK_NEEDS_SIGN_ON);
    ask(link, "001", 100);
    ck_assert_int_eq(link_deadline_ms(link), 100 + ANSWER_MS);
    ck_assert_int_eq(link_tick(link, 99 + ANSWER_MS), LINK_NEEDS_NOTHING);
    ck_assert_int_eq(link_tick(link, 100 + ANSWER_MS), LINK_NEEDS_CUT);
    free(memory);
}
END_TEST

START_TEST(idle_link_is_echoed_and_two_misses_cut_it)
{
    struct link *link = signed_on_link(BEGIN_MS);
    int64_t now_ms = BEGIN_MS + ECHO_MS;
    ck_assert_int_eq(link_tick(link, now_ms - 1), LINK_NEEDS_NOTHING);
    ck_assert_int_eq(link_tick(link, now_ms), LINK_NEEDS_ECHO);
    ask(link, "301", now_ms);
    ck_assert_int_eq(link_tick(link, now_ms + ANSWER_MS), LINK_NEEDS_ECHO);
    ask(link, "301", now_ms + ANSWER_MS);
    ck_assert_int_eq(link_tick(link, now_ms + 2 * ANSWER_MS), LINK_NEEDS_CUT);
    free(memory);
}
END_TEST

START_TEST(any_frame_proves_the_peer_alive)
{
    struct link *link = signed_on_link(BEGIN_MS);
    link_heard(link, 20000);
    ck_assert_int_eq(link_deadline_ms(link), 20000 + ECHO_MS);
    ck_assert_int_eq(link_tick(link, 20000 + ECHO_MS), LINK_NEEDS_ECHO);
    ask(link, "301", 50000);
    ck_assert_int_eq(link_tick(link, 51000), LINK_NEEDS_ECHO); /* one miss */
    ask(link, "301", 51000);
    link_heard(link, 51500);
    ck_assert_int_eq(link_tick(link, 52000), LINK_NEEDS_ECHO); /* one again, not two */
    free(memory);
}
END_TEST

START_TEST(orders_take_the_link_down_drain_it_and_bring_it_back)
{
    struct link *link = signed_on_link(BEGIN_MS);
    ck_assert_int_eq(link_order(link, true, true, 1010), LINK_NEEDS_NOTHING);
    ck_assert_int_eq(link->state, LINK_IS_DRAINING);
    ck_assert_int_eq(link_order(link, true, false, 1020), LINK_NEEDS_NOTHING);
    ck_assert_int_eq(link->state, LINK_IS_SIGNED_ON);
    ck_assert_int_eq(link_order(link, false, false, 1030), LINK_NEEDS_SIGN_OFF);
    link_closed(link, 1040);
    ck_assert_int_eq(link_opened(link, 1050), LINK_NEEDS_NOTHING); /* it is not wanted */
    ck_assert_int_eq(link_deadline_ms(link), INT64_MAX);
    ck_assert_int_eq(link_order(link, true, false, 1060), LINK_NEEDS_SIGN_ON);
    free(memory);
}
END_TEST

START_TEST(closed_link_forgets_its_question)
{
    struct link *link = signed_on_link(BEGIN_MS);
    ck_assert_int_eq(link_tick(link, BEGIN_MS + ECHO_MS), LINK_NEEDS_ECHO);
    ask(link, "301", BEGIN_MS + ECHO_MS);
    link_closed(link, BEGIN_MS + ECHO_MS + 10);
    ck_assert_int_eq(link_deadline_ms(link), INT64_MAX);
    ck_assert_int_eq(link_opened(link, BEGIN_MS + ECHO_MS + 20), LINK_NEEDS_SIGN_ON);
    ck_assert(!link_network_answered(link, SPAN_LITERAL("00"), BEGIN_MS + ECHO_MS + 30));
    free(memory);
}
END_TEST

START_TEST(network_stan_counts_up_and_wraps)
{
    struct link *link = open_link();
    struct iso_msg msg;
    uint8_t scratch[40];
    link->network_stan = 999999;
    link_network_message(link, "301", "1121120000", 5, &msg, scratch);
    ck_assert_span_text(iso_get(&msg, 11), "999999");
    link_network_message(link, "301", "1121120000", 6, &msg, scratch);
    ck_assert_span_text(iso_get(&msg, 11), "000001");
    free(memory);
}
END_TEST

START_TEST(who_waits_is_taken_once)
{
    struct link *link = open_link();
    struct pair_key key = key_of("000001");
    uint32_t slot = 0;
    uint64_t seq = 0;
    ck_assert_int_eq(link_await(link, &key, 7), 0);
    ck_assert_int_eq(link_await(link, &key, 8), ERR_EXISTS);
    ck_assert(link_take(link, &key, &slot));
    ck_assert_uint_eq(slot, 7);
    ck_assert(!link_take(link, &key, &slot));
    ck_assert(!link_take_late(link, &key, &seq));
    free(memory);
}
END_TEST

START_TEST(pending_is_bounded)
{
    struct link *link = open_link();
    char stan[7] = "000000";
    uint32_t slot = 0;
    int result = 0;
    for (uint32_t i = 0; result == 0; i++) {
        ck_assert_uint_le(i, 4 * PENDING_MAX);
        digits_put((uint8_t *)stan, 6, i);
        struct pair_key key = key_of(stan);
        result = link_await(link, &key, i);
    }
    ck_assert_int_eq(result, ERR_FULL);
    ck_assert_uint_ge(link->pending.count, PENDING_MAX);
    struct pair_key first = key_of("000000");
    ck_assert(link_take(link, &first, &slot));
    free(memory);
}
END_TEST

START_TEST(late_answer_belongs_to_its_record_once)
{
    struct link *link = open_link();
    struct pair_key key = key_of("000001");
    struct pair_key other = key_of("000002");
    uint64_t seq = 0;
    uint32_t slot = 0;
    ck_assert_int_eq(link_await(link, &key, 7), 0);
    link_forget(link, &key, 42);
    ck_assert(!link_take(link, &key, &slot));
    ck_assert(!link_take_late(link, &other, &seq));
    ck_assert(link_take_late(link, &key, &seq));
    ck_assert_uint_eq(seq, 42);
    ck_assert(!link_take_late(link, &key, &seq));
    free(memory);
}
END_TEST

START_TEST(what_is_forgotten_without_a_record_is_nobodys)
{
    struct link *link = open_link();
    struct pair_key key = key_of("000001");
    uint64_t seq = 0;
    ck_assert_int_eq(link_await(link, &key, 7), 0);
    link_forget(link, &key, 0);
    ck_assert(!link_take_late(link, &key, &seq));
    free(memory);
}
END_TEST

START_TEST(newest_late_keys_push_out_the_oldest)
{
    struct link *link = open_link();
    char stan[7] = "000000";
    uint64_t seq = 0;
    for (uint32_t i = 1; i <= LINK_LATE_MAX + 10; i++) {
        digits_put((uint8_t *)stan, 6, i);
        struct pair_key key = key_of(stan);
        link_forget(link, &key, i);
    }
    for (uint32_t i = 1; i <= LINK_LATE_MAX + 10; i++) {
        digits_put((uint8_t *)stan, 6, i);
        struct pair_key key = key_of(stan);
        ck_assert_int_eq(link_take_late(link, &key, &seq), i > 10);
        ck_assert(i <= 10 || seq == i);
    }
    free(memory);
}
END_TEST

START_TEST(pairing_needs_class_stan_time_and_reference)
{
    struct iso_msg msg;
    iso_init(&msg, 0x0210);
    iso_set(&msg, 7, SPAN_LITERAL("1121120000"));
    iso_set(&msg, 11, SPAN_LITERAL("000001"));
    iso_set(&msg, 37, SPAN_LITERAL("632512000001"));
    struct pair_key right = key_of("000001");
    struct pair_key found = pair_key_of(&msg);
    ck_assert_mem_eq(found.bytes, right.bytes, PAIR_KEY_LEN);
    static const unsigned des[] = {7, 11, 37};
    for (size_t i = 0; i < ARRAY_COUNT(des); i++) {
        struct iso_msg other = msg;
        iso_unset(&other, des[i]);
        found = pair_key_of(&other);
        ck_assert_mem_ne(found.bytes, right.bytes, PAIR_KEY_LEN);
    }
    msg.mti = 0x0430;
    found = pair_key_of(&msg);
    ck_assert_mem_ne(found.bytes, right.bytes, PAIR_KEY_LEN);
}
END_TEST

static void await_key(struct link *link, unsigned class, const char *stan, const char *de7,
                      const char *rrn, uint32_t slot)
{
    struct pair_key key = pair_key_make(class, stan, de7, rrn);
    ck_assert_int_eq(link_await(link, &key, slot), 0);
}

/* The slot of who is nearest, 99 if nobody is. */
static uint32_t nearest_to(const struct link *link, unsigned class, const char *stan,
                           const char *de7, const char *rrn)
{
    struct pair_key key = pair_key_make(class, stan, de7, rrn);
    struct pair_key near;
    uint32_t slot = 99;
    return link_nearest(link, &key, &near, &slot) ? slot : 99;
}

START_TEST(nearest_shares_most_of_the_key)
{
    struct link *link = open_link();
    ck_assert_uint_eq(nearest_to(link, 2, "000001", "1121120000", "632512000001"), 99);
    await_key(link, 2, "000001", "1121120000", "632512000001", 1);
    await_key(link, 2, "000002", "1121120000", "632512000002", 2);
    await_key(link, 4, "000003", "1121120001", "632512000003", 3);
    /* Two of three outweigh one, whichever they are. */
    ck_assert_uint_eq(nearest_to(link, 2, "000009", "1121120000", "632512000002"), 2);
    ck_assert_uint_eq(nearest_to(link, 2, "000001", "1121120000", "632512000009"), 1);
    ck_assert_uint_eq(nearest_to(link, 2, "000002", "1121120009", "632512000002"), 2);
    /* Two of another class outweigh one of the same. */
    ck_assert_uint_eq(nearest_to(link, 2, "000003", "1121120009", "632512000003"), 3);
    /* One is enough; none is too little, the class alone tells nothing. */
    ck_assert_uint_eq(nearest_to(link, 2, "000009", "1121120009", "632512000003"), 3);
    ck_assert_uint_eq(nearest_to(link, 2, "000009", "1121120009", "632512000009"), 99);
    free(memory);
}
END_TEST

START_TEST(of_the_equally_near_one_is_always_the_same)
{
    static const char *const stans[] = {"000004", "000002", "000003"};
    for (size_t first = 0; first < ARRAY_COUNT(stans); first++) {
        struct link *link = open_link();
        for (size_t i = 0; i < ARRAY_COUNT(stans); i++) {
            size_t at = (first + i) % ARRAY_COUNT(stans);
            await_key(link, 2, stans[at], "1121120000", "632512000001", (uint32_t)at);
        }
        await_key(link, 4, "000001", "1121120000", "632512000001", 9);
        ck_assert_uint_eq(nearest_to(link, 2, "000007", "1121120000", "632512000001"), 1);
        ck_assert_uint_eq(nearest_to(link, 4, "000007", "1121120000", "632512000001"), 9);
        free(memory);
    }
}
END_TEST

START_TEST(parts_of_a_key_are_compared_one_by_one)
{
    struct pair_key a = pair_key_make(2, "000001", "1121120000", "632512000001");
    struct pair_key b = pair_key_make(4, "000002", "1121120001", "632512000002");
    struct pair_key c = pair_key_make(4, "000001", "1121120001", "632512000001");
    for (unsigned i = 0; i < PAIR_PART_COUNT; i++) {
        ck_assert(pair_part_agrees(&a, &a, i));
        ck_assert(!pair_part_agrees(&a, &b, i));
        ck_assert(pair_part_agrees(&a, &c, i) ==
                  (pair_parts[i].de == 11 || pair_parts[i].de == 37));
    }
}
END_TEST

SUITE_MAIN("link", link_signs_on_by_00_to_its_own_question_only,
           refused_sign_on_is_asked_again_after_the_idle_time, unanswered_sign_on_cuts,
           idle_link_is_echoed_and_two_misses_cut_it, any_frame_proves_the_peer_alive,
           orders_take_the_link_down_drain_it_and_bring_it_back, closed_link_forgets_its_question,
           network_stan_counts_up_and_wraps, who_waits_is_taken_once, pending_is_bounded,
           late_answer_belongs_to_its_record_once, what_is_forgotten_without_a_record_is_nobodys,
           newest_late_keys_push_out_the_oldest, nearest_shares_most_of_the_key,
           of_the_equally_near_one_is_always_the_same, parts_of_a_key_are_compared_one_by_one,
           pairing_needs_class_stan_time_and_reference)
