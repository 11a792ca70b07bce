/* Goal: the envelope is exact at every border of a block, and the reader notices every damage. */
#include <stdio.h>
#include <stdlib.h>

#include "switch/clearing/block.h"
#include "tests/unit/switch/clearing/rows.h"

enum { FILE_MAX = 16384 };

static uint8_t bytes[FILE_MAX];

/* One record of @len bytes in blocks: the length of the file. */
static size_t file_of(size_t len)
{
    uint8_t data[4096];
    struct block_writer block = {0};
    struct writer out = writer_make(bytes, sizeof bytes);
    memset(data, 'x', sizeof data);
    block_record(&block, span_make(data, len), &out);
    block_end(&block, &out);
    ck_assert(!out.overflow);
    return out.len;
}

static int read_all(size_t len, size_t *records, const char **why)
{
    static uint8_t buffer[6000];
    static struct block_reader reader;
    struct span record;
    FILE *file = fmemopen(bytes, len, "rb");
    int rc = 0;
    ck_assert_ptr_nonnull(file);
    block_open(&reader, file);
    *records = 0;
    while ((rc = block_next(&reader, buffer, sizeof buffer, &record)) == 1) {
        (*records)++;
    }
    *why = reader.why;
    (void)fclose(file);
    return rc;
}

START_TEST(small_file_is_one_block_filled_with_40)
{
    ck_assert_uint_eq(file_of(1), 1014);
    ck_assert_mem_eq(bytes, "\0\0\0\1x\0\0\0\0@@@", 12);
    for (size_t i = 9; i < 1014; i++) {
        ck_assert_uint_eq(bytes[i], 0x40);
    }
}
END_TEST

START_TEST(stream_that_ends_with_a_block_gets_no_further_block)
{
    /* 4 + 1004 + 4 = 1012 */
    ck_assert_uint_eq(file_of(1004), 1014);
    ck_assert_mem_eq(bytes + 1008, "\0\0\0\0@@", 6);
    ck_assert_uint_eq(file_of(1005), 2028);
    ck_assert_uint_eq(file_of(1004 + 1012), 2028);
}
END_TEST

START_TEST(framing_rdw1014_cuts_what_is_written)
{
    size_t len = (size_t)_i;
    struct span blocks = span_make(bytes, file_of(len));
    struct writer out = writer_make(bytes, sizeof bytes);
    const struct framing *framing = framing_find("rdw1014");
    size_t at = 0;
    ck_assert(framing->blocked);
    ck_assert_int_eq(frame_unblock(blocks, &out, &at), 0);
    struct reader in = reader_make(writer_written(&out));
    struct span tpdu, record;
    ck_assert_int_eq(frame_next(framing, &in, &tpdu, &record), 1);
    ck_assert_uint_eq(record.len, len);
    ck_assert_uint_eq(record.ptr[len - 1], 'x');
    ck_assert_int_eq(frame_next(framing, &in, &tpdu, &record), 1);
    ck_assert_uint_eq(record.len, 0); /* the end mark, and the filling with it */
    ck_assert_uint_eq(reader_left(&in), 0);
}
END_TEST

START_TEST(every_length_is_read_back_across_block_borders)
{
    size_t len = (size_t)_i;
    size_t size = file_of(len);
    struct oracle oracle;
    size_t records = 0;
    const char *why = NULL;
    oracle_open(&oracle, bytes, size);
    ck_assert_uint_eq(be32_get(oracle.stream), len);
    for (size_t i = 0; i < len; i++) {
        ck_assert_uint_eq(oracle.stream[4 + i], 'x');
    }
    ck_assert_uint_eq(be32_get(oracle.stream + 4 + len), 0);
    oracle_close(&oracle);
    ck_assert_int_eq(read_all(size, &records, &why), 0);
    ck_assert_uint_eq(records, 1);
}
END_TEST

START_TEST(damage_is_found_and_named)
{
    size_t records = 0;
    const char *why = NULL;
    size_t size = file_of(2000);
    ck_assert_uint_eq(size, 2028);
    ck_assert_int_eq(read_all(size - 1, &records, &why), ERR_CORRUPT);
    ck_assert_ptr_nonnull(strstr(why, "1014"));
    ck_assert_int_eq(read_all(1014, &records, &why), ERR_TRUNCATED);
    bytes[1013] = 0;
    ck_assert_int_eq(read_all(size, &records, &why), ERR_CORRUPT);
    ck_assert_ptr_nonnull(strstr(why, "40 40"));
    size = file_of(2000);
    bytes[2020] = 0;
    ck_assert_int_eq(read_all(size, &records, &why), ERR_CORRUPT);
    ck_assert_ptr_nonnull(strstr(why, "end mark"));
    size = file_of(100);
    memset(bytes + size, 0x40, 1014);
    ck_assert_int_eq(read_all(size + 1014, &records, &why), ERR_CORRUPT);
    ck_assert_ptr_nonnull(strstr(why, "follows the last"));
    size = file_of(100);
    bytes[2] = 0xFF;
    ck_assert_int_eq(read_all(size, &records, &why), ERR_LENGTH);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("block");
    TCase *tcase = tcase_create("block");
    tcase_add_test(tcase, small_file_is_one_block_filled_with_40);
    tcase_add_test(tcase, stream_that_ends_with_a_block_gets_no_further_block);
    tcase_add_loop_test(tcase, framing_rdw1014_cuts_what_is_written, 990, 1030);
    tcase_add_loop_test(tcase, framing_rdw1014_cuts_what_is_written, 2000, 2040);
    tcase_add_loop_test(tcase, every_length_is_read_back_across_block_borders, 990, 1030);
    tcase_add_loop_test(tcase, every_length_is_read_back_across_block_borders, 2000, 2040);
    tcase_add_test(tcase, damage_is_found_and_named);
    suite_add_tcase(suite, tcase);
    return row_main(suite);
}
