#include "switch/store/schema.h"

#include "tests/unit/switch/store/fixture.h"

START_TEST(crc32c_equals_the_known_values)
{
    uint8_t zeros[32] = {0};
    uint8_t rising[32];
    for (uint8_t i = 0; i < 32; i++) {
        rising[i] = i;
    }
    /* RFC 3720, appendix B.4. */
    ck_assert_uint_eq(crc32c(0, span_make(zeros, 32)), 0x8A9136AAu);
    ck_assert_uint_eq(crc32c(0, span_make(rising, 32)), 0x46DD794Eu);
    ck_assert_uint_eq(crc32c(0, SPAN_LITERAL("123456789")), 0xE3069283u);
}
END_TEST

START_TEST(crc32c_goes_on_at_any_place)
{
    struct span text = SPAN_LITERAL("The quick brown fox jumps over the lazy dog");
    uint32_t whole = crc32c(0, text);
    for (size_t i = 0; i <= text.len; i++) {
        ck_assert_uint_eq(crc32c(crc32c(0, span_first(text, i)), span_skip(text, i)), whole);
        ck_assert_uint_eq(crc32c_by_slices(0, span_first(text, i)), crc32c(0, span_first(text, i)));
    }
}
END_TEST

/* Encode, decode, compare; then every changed byte and every shorter row must be refused. */
#define ROW_SURVIVES(type, ...)                                                                    \
    do {                                                                                           \
        struct type row_ = {__VA_ARGS__};                                                          \
        struct type read_;                                                                         \
        uint8_t bytes_[256];                                                                       \
        struct writer w_ = writer_make(bytes_, sizeof bytes_);                                     \
        memset(&read_, 0, sizeof read_);                                                           \
        ck_assert_int_eq(type##_encode(&row_, &w_), 0);                                            \
        struct span stored_ = writer_written(&w_);                                                 \
        ck_assert_int_eq(type##_decode(stored_, &read_), 0);                                       \
        uint8_t again_[256];                                                                       \
        struct writer w2_ = writer_make(again_, sizeof again_);                                    \
        ck_assert_int_eq(type##_encode(&read_, &w2_), 0);                                          \
        ck_assert(span_equal(stored_, writer_written(&w2_)));                                      \
        for (size_t i_ = 0; i_ < stored_.len; i_++) {                                              \
            ck_assert_int_eq(type##_decode(span_first(stored_, i_), &read_), ERR_CORRUPT);         \
            bytes_[i_] ^= 0x10;                                                                    \
            ck_assert_int_eq(type##_decode(stored_, &read_), ERR_CORRUPT);                         \
            bytes_[i_] ^= 0x10;                                                                    \
        }                                                                                          \
        struct writer small_ = writer_make(again_, stored_.len - 1);                               \
        ck_assert_int_eq(type##_encode(&row_, &small_), ERR_SPACE);                                \
    } while (0)

START_TEST(rows_survive_and_damage_is_found)
{
    ROW_SURVIVES(day_row, 20261121, DAY_DRAINING, 1, -2, 3, 4, 5);
    ROW_SURVIVES(due_row, 1, 2, "bank", 3, 4, true);
    ROW_SURVIVES(item_row, 1, 2, 20261121, 'S', ITEM_OPEN, 5, 978, "abcdefghijklmno", "00000000001",
                 6, 7);
    ROW_SURVIVES(totals_row, 1, 2, 3, 4, 5, -6, 7, 8, 9, 10, 11, 12);
    ROW_SURVIVES(tomb_row, 1, 2, {3, 4}, 5);
    ROW_SURVIVES(file_row, 1, 20261121, FILE_IS_BUILT, 2, 3, 4, {5, 6}, 7);
}
END_TEST

START_TEST(values_come_back)
{
    struct totals_row row = {.sales_count = 3, .refunds_minor = -9, .late_count = 12};
    struct totals_row read;
    uint8_t bytes[256];
    struct writer w = writer_make(bytes, sizeof bytes);
    ck_assert_int_eq(totals_row_encode(&row, &w), 0);
    ck_assert_int_eq(totals_row_decode(writer_written(&w), &read), 0);
    ck_assert_uint_eq(read.sales_count, 3);
    ck_assert_int_eq(read.refunds_minor, -9);
    ck_assert_uint_eq(read.late_count, 12);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("schema");
    TCase *tc = tcase_create("schema");
    tcase_add_test(tc, crc32c_equals_the_known_values);
    tcase_add_test(tc, crc32c_goes_on_at_any_place);
    tcase_add_test(tc, rows_survive_and_damage_is_found);
    tcase_add_test(tc, values_come_back);
    suite_add_tcase(suite, tc);
    return fixture_main(suite);
}
