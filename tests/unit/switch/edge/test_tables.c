/* The store's tables page by page: what a command reads is bounded, whatever is in the store. */
#include "switch/edge/tables.h"

#include <string.h>

#include "tests/unit/iso8583/suite.h"
#include "tests/unit/switch/store/fixture.h"

/* Purchases of two issuers that became UNKNOWN: a reversal is due of each. */
static struct fixture *fixture_with_due(unsigned count)
{
    struct fixture *f = fixture_open(FIXTURE_MEMORY);
    for (unsigned i = 0; i < count; i++) {
        struct record record = fixture_purchase(i + 1, 1000);
        if (i % 3 == 0) {
            memcpy(record.issuer, "amex", 5);
        }
        (void)fixture_closed(f, &record, STATE_UNKNOWN);
    }
    return f;
}

/* A page: asked by @limit (0: not) and @after (NULL: not). */
static json_t *page(struct fixture *f, int limit, const char *after)
{
    const char *error = NULL;
    json_t *request = json_object();
    if (limit != 0) {
        json_object_set_new(request, "limit", json_integer(limit));
    }
    if (after != NULL) {
        json_object_set_new(request, "after", json_string(after));
    }
    json_t *answer = tables_saf_list(f->kv, request, &error);
    json_decref(request);
    ck_assert((answer == NULL) == (error != NULL));
    return answer;
}

static size_t rows_of(const json_t *answer)
{
    return json_array_size(json_object_get(answer, "saf"));
}

START_TEST(pages_give_every_due_row_once_and_in_order)
{
    enum { COUNT = 25 };
    struct fixture *f = fixture_with_due(COUNT);
    bool seen[2 * COUNT + 2] = {false};
    char after[64] = "";
    size_t count = 0;
    for (int pages = 0; pages < 4; pages++) {
        json_t *answer = page(f, 7, pages == 0 ? NULL : after);
        ck_assert_ptr_nonnull(answer);
        ck_assert_uint_eq(rows_of(answer), pages < 3 ? 7 : 4);
        ck_assert_int_eq(json_integer_value(json_object_get(answer, "total")), COUNT);
        for (size_t i = 0; i < rows_of(answer); i++) {
            const json_t *row = json_array_get(json_object_get(answer, "saf"), i);
            json_int_t seq = json_integer_value(json_object_get(row, "seq"));
            ck_assert(seq > 0 && seq < (json_int_t)ARRAY_COUNT(seen) && !seen[seq]);
            seen[seq] = true;
            count++;
        }
        const char *next = json_string_value(json_object_get(answer, "next"));
        ck_assert((next == NULL) == (pages == 3));
        snprintf(after, sizeof after, "%s", next == NULL ? "" : next);
        json_decref(answer);
    }
    ck_assert_uint_eq(count, COUNT);
    fixture_close(f);
}
END_TEST

START_TEST(a_page_that_ends_with_the_last_row_has_no_next)
{
    struct fixture *f = fixture_with_due(7);
    json_t *answer = page(f, 7, NULL);
    ck_assert_uint_eq(rows_of(answer), 7);
    ck_assert_ptr_null(json_object_get(answer, "next"));
    json_decref(answer);
    answer = page(f, 6, NULL);
    ck_assert_ptr_nonnull(json_object_get(answer, "next"));
    json_decref(answer);
    fixture_close(f);
}
END_TEST

START_TEST(a_page_has_a_hundred_rows_unless_told_and_a_thousand_at_most)
{
    struct fixture *f = fixture_with_due(150);
    json_t *answer = page(f, 0, NULL);
    ck_assert_uint_eq(rows_of(answer), 100);
    json_decref(answer);
    answer = page(f, 1000000, NULL);
    ck_assert_uint_eq(rows_of(answer), 150);
    json_decref(answer);
    answer = page(f, -5, NULL);
    ck_assert_uint_eq(rows_of(answer), 1);
    json_decref(answer);
    fixture_close(f);
}
END_TEST

START_TEST(a_place_that_no_page_named_is_refused)
{
    static const char *const wrong[] = {"",       "visa",    "visa/",
                                        "visa/x", "visa/-1", "a-name-of-many-letters/7"};
    struct fixture *f = fixture_with_due(3);
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        ck_assert_msg(page(f, 0, wrong[i]) == NULL, "%s", wrong[i]);
    }
    json_t *answer = page(f, 0, "zzz/1"); /* behind all: an empty page, no error */
    ck_assert_uint_eq(rows_of(answer), 0);
    json_decref(answer);
    fixture_close(f);
}
END_TEST

/* The journal of transaction @seq as "WHAT text, WHAT text". */
static const char *journal_of(struct fixture *f, uint64_t seq)
{
    static char out[512];
    const char *error = NULL;
    size_t index;
    const json_t *row;
    json_t *answer = tables_tx_show(f->kv, seq, &error);
    ck_assert_msg(answer != NULL, "%s", error);
    out[0] = 0;
    json_array_foreach(json_object_get(json_object_get(answer, "tx"), "journal"), index, row)
    {
        size_t len = strlen(out);
        snprintf(out + len, sizeof out - len, "%s%s %s", index == 0 ? "" : ", ",
                 json_string_value(json_object_get(row, "what")),
                 json_string_value(json_object_get(row, "text")));
    }
    json_decref(answer);
    return out;
}

START_TEST(a_transaction_shows_its_own_journal_with_what_each_row_says)
{
    struct fixture *f = fixture_open(FIXTURE_MEMORY);
    struct record sale = fixture_purchase(1, 1000);
    struct record doubt = fixture_purchase(2, 1000);
    struct record approved = fixture_closed(f, &sale, STATE_APPROVED);
    struct record unknown = fixture_closed(f, &doubt, STATE_UNKNOWN);
    struct book_request late = {.op = BOOK_LATE, .seq = unknown.seq};
    memcpy(late.record.code, "0\n", 2);
    memcpy(late.record.auth, "A12345", 6);
    fixture_ask(f, late);
    fixture_do_settle(f, &unknown, SETTLE_DEAD);
    fixture_do_settle(f, &unknown, SETTLE_STAFF);
    fixture_do_cutover(f, FIXTURE_DAY + 1);
    /* A file's sequence is the same number as the first transaction's by accident. */
    struct book_request file = {.op = BOOK_FILE, .day = FIXTURE_DAY, .file_step = FILE_ASSIGN};
    ck_assert_uint_eq(fixture_ask(f, file)->file_seq, approved.seq);
    ck_assert_str_eq(journal_of(f, approved.seq), "OPEN , CLOSE approved 00");
    ck_assert_str_eq(journal_of(f, unknown.seq),
                     "OPEN , CLOSE unknown 91, LATE 0? A12345, SETTLE dead, SETTLE staff, "
                     "SETTLE reversed 91");
    fixture_close(f);
}
END_TEST

/* What tx.show makes of @text; NULL if it is refused. */
static const struct record *named(const char *text)
{
    static struct record like;
    const char *error = NULL;
    json_t *request = json_loads(text, 0, NULL);
    int result = tables_tx_named(request, &like, &error);
    ck_assert_ptr_nonnull(request);
    json_decref(request);
    return result == 0 ? &like : NULL;
}

START_TEST(a_transaction_is_named_by_sequence_by_terminal_and_stan_or_by_rrn)
{
    ck_assert_uint_eq(named("{\"seq\":7}")->seq, 7);
    ck_assert_str_eq(named("{\"terminal\":\"T0000001\",\"stan\":\"000017\"}")->stan, "000017");
    ck_assert_str_eq(named("{\"rrn\":\"632516000017\"}")->rrn, "632516000017");
    static const char *const wrong[] = {"{}",
                                        "{\"seq\":0}",
                                        "{\"seq\":-1}",
                                        "{\"seq\":\"7\"}",
                                        "{\"terminal\":\"T0000001\"}",
                                        "{\"stan\":\"000017\"}",
                                        "{\"rrn\":\"\"}",
                                        "{\"rrn\":17}",
                                        "{\"rrn\":\"6325160000171\"}",
                                        "{\"terminal\":\"T00000012\",\"rrn\":\"632516000017\"}"};
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        ck_assert_msg(named(wrong[i]) == NULL, "%s", wrong[i]);
    }
}
END_TEST

SUITE_MAIN("tables", a_transaction_shows_its_own_journal_with_what_each_row_says,
           a_transaction_is_named_by_sequence_by_terminal_and_stan_or_by_rrn,
           pages_give_every_due_row_once_and_in_order,
           a_page_that_ends_with_the_last_row_has_no_next,
           a_page_has_a_hundred_rows_unless_told_and_a_thousand_at_most,
           a_place_that_no_page_named_is_refused)
