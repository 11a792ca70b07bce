#include <stdlib.h>

#include "switch/core/book.h"
#include "tests/unit/switch/store/fixture.h"

#define SET(field, text) memcpy((field), (text), sizeof(text))

/* Goal: every member survives. Method: fill the struct with texts and numbers that all differ. */
static struct record full_record(void)
{
    struct record r = fixture_purchase(7, 12345);
    r.seq = 0x0102030405060708u;
    r.state = STATE_REVERSAL_DUE;
    r.identity = IDENTITY_DAY;
    r.marked = true;
    r.asked = true;
    r.day = 20261121;
    memset(r.key_other, 9, sizeof r.key_other);
    r.opened_ms = 1;
    r.handed_ms = 2;
    r.closed_ms = -3;
    memset(r.location, 'L', sizeof r.location - 1);
    memset(r.balance, 'B', sizeof r.balance - 1);
    memset(r.issuer, 'I', sizeof r.issuer - 1);
    memset(r.cryptogram, 8, sizeof r.cryptogram);
    SET(r.mcc, "5411");
    SET(r.entry, "051");
    SET(r.condition, "00");
    SET(r.expiry, "2812");
    SET(r.link_de7, "1121120001");
    SET(r.code, "00");
    SET(r.auth, "A12345");
    SET(r.original_mti, "0200");
    SET(r.original_stan, "000006");
    SET(r.original_de7, "1121115959");
    r.approved_minor = 4;
    r.remaining_minor = 5;
    r.replacement_minor = 6;
    r.original_seq = 7;
    r.item_seq = 8;
    r.due_seq = 9;
    return r;
}

static struct span encode(const struct record *record, uint8_t out[RECORD_LEN_MAX])
{
    struct writer w = writer_make(out, RECORD_LEN_MAX);
    ck_assert_int_eq(record_encode(record, &w), 0);
    return writer_written(&w);
}

START_TEST(every_member_survives)
{
    uint8_t bytes[RECORD_LEN_MAX];
    uint8_t again[RECORD_LEN_MAX];
    struct record record = full_record();
    struct record read;
    struct span stored = encode(&record, bytes);
    ck_assert_int_eq(record_decode(stored, &read), 0);
    ck_assert(span_equal(stored, encode(&read, again)));
    ck_assert_uint_eq(read.seq, record.seq);
    ck_assert_int_eq(read.closed_ms, -3);
    ck_assert_str_eq(read.location, record.location);
    ck_assert_str_eq(read.balance, record.balance);
    ck_assert_str_eq(read.original_de7, record.original_de7);
    ck_assert_mem_eq(read.pan_sealed, record.pan_sealed, sizeof read.pan_sealed);
    ck_assert_mem_eq(read.key_other, record.key_other, sizeof read.key_other);
    ck_assert_mem_eq(read.cryptogram, record.cryptogram, sizeof read.cryptogram);
    ck_assert_uint_eq(read.due_seq, 9);
    ck_assert(read.marked && read.asked);
}
END_TEST

START_TEST(clear_pan_is_not_stored)
{
    uint8_t bytes[RECORD_LEN_MAX];
    struct record record = full_record();
    struct record read;
    SET(record.pan, "4999888877776666");
    struct span stored = encode(&record, bytes);
    ck_assert_ptr_null(memmem(stored.ptr, stored.len, "4999888877776666", 16));
    ck_assert_int_eq(record_decode(stored, &read), 0);
    ck_assert_str_eq(read.pan, "");
}
END_TEST

START_TEST(outcome_does_not_change_the_length)
{
    uint8_t bytes[RECORD_LEN_MAX];
    uint8_t closed[RECORD_LEN_MAX];
    struct record record = fixture_purchase(1, 100);
    record.state = STATE_OPEN;
    size_t len = encode(&record, bytes).len;
    record.state = STATE_APPROVED;
    SET(record.code, "00");
    SET(record.auth, "A12345");
    record.approved_minor = INT64_MAX;
    record.item_seq = 77;
    record.due_seq = 78;
    ck_assert_uint_eq(encode(&record, closed).len, len);
}
END_TEST

START_TEST(shorter_or_longer_bytes_are_corrupt)
{
    uint8_t bytes[RECORD_LEN_MAX + 1] = {0};
    struct record record = full_record();
    struct record read;
    struct span stored = encode(&record, bytes);
    for (size_t len = 0; len < stored.len; len++) {
        /* A copy of exactly this length, so that a sanitizer sees a read behind it. */
        uint8_t *exact = malloc(len + 1);
        memcpy(exact, bytes, len);
        ck_assert_int_eq(record_decode(span_make(exact, len), &read), ERR_CORRUPT);
        free(exact);
    }
    ck_assert_int_eq(record_decode(span_make(bytes, stored.len + 1), &read), ERR_CORRUPT);
}
END_TEST

START_TEST(another_version_or_state_is_corrupt)
{
    uint8_t bytes[RECORD_LEN_MAX];
    struct record record = full_record();
    struct record read;
    struct span stored = encode(&record, bytes);
    bytes[0] = RECORD_VERSION + 1;
    ck_assert_int_eq(record_decode(stored, &read), ERR_CORRUPT);
    bytes[0] = RECORD_VERSION;
    bytes[9] = 'Z';
    ck_assert_int_eq(record_decode(stored, &read), ERR_CORRUPT);
}
END_TEST

START_TEST(any_changed_byte_decodes_or_is_corrupt)
{
    uint8_t bytes[RECORD_LEN_MAX];
    struct record record = full_record();
    struct span stored = encode(&record, bytes);
    for (size_t i = 0; i < stored.len; i++) {
        struct record read;
        uint8_t kept = bytes[i];
        bytes[i] = 0xFF;
        int rc = record_decode(stored, &read);
        ck_assert(rc == 0 || rc == ERR_CORRUPT);
        bytes[i] = kept;
    }
}
END_TEST

START_TEST(small_buffer_is_an_error)
{
    uint8_t bytes[100];
    struct record record = full_record();
    struct writer w = writer_make(bytes, sizeof bytes);
    ck_assert_int_eq(record_encode(&record, &w), ERR_SPACE);
}
END_TEST

START_TEST(names_are_unique_and_total)
{
    for (unsigned i = 0; i < BOOK_OP_COUNT; i++) {
        for (unsigned k = 0; k < i; k++) {
            ck_assert_str_ne(book_op_name((enum book_op)i), book_op_name((enum book_op)k));
        }
    }
    ck_assert_str_eq(book_op_name(BOOK_SIGN_OFF), "SIGN_OFF");
    ck_assert_str_eq(book_result_name(BOOK_IS_TOMBED), "TOMBED");
    ck_assert_str_eq(book_op_name(BOOK_OP_COUNT), "?");
    ck_assert_str_eq(book_result_name(BOOK_RESULT_COUNT), "?");
    ck_assert_str_eq(record_state_name(STATE_REVERSED), "reversed");
    ck_assert_str_eq(record_state_name('?'), "?");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("record");
    TCase *tc = tcase_create("record");
    tcase_add_test(tc, every_member_survives);
    tcase_add_test(tc, clear_pan_is_not_stored);
    tcase_add_test(tc, outcome_does_not_change_the_length);
    tcase_add_test(tc, shorter_or_longer_bytes_are_corrupt);
    tcase_add_test(tc, another_version_or_state_is_corrupt);
    tcase_add_test(tc, any_changed_byte_decodes_or_is_corrupt);
    tcase_add_test(tc, small_buffer_is_an_error);
    tcase_add_test(tc, names_are_unique_and_total);
    suite_add_tcase(suite, tc);
    return fixture_main(suite);
}
