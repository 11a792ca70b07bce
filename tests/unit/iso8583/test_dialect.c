/* Walks every row of every built-in dialect, so that a bad row fails here and not at night. */
#include "iso8583/dialect.h"

#include "tests/unit/iso8583/suite.h"

START_TEST(dialects_are_found_by_their_own_name)
{
    size_t count = 0;
    for (; dialect_at(count) != NULL; count++) {
        const struct iso_dialect *dialect = dialect_at(count);
        ck_assert_ptr_eq(dialect_find(dialect->name), dialect);
        ck_assert(dialect->mti_coding == ISO_ASCII || dialect->mti_coding == ISO_BCD);
        ck_assert(dialect->bitmap_coding == ISO_BINARY || dialect->bitmap_coding == ISO_HEX);
    }
    ck_assert_uint_ge(count, 3);
    ck_assert_ptr_nonnull(dialect_find("iso87_ascii"));
    ck_assert_ptr_nonnull(dialect_find("iso87_asciihex"));
    ck_assert_ptr_nonnull(dialect_find("iso87_bcd"));
    ck_assert_ptr_null(dialect_find("iso87"));
}
END_TEST

static void assert_row(const struct iso_dialect *dialect, unsigned de)
{
    const struct iso_field_row *row = &dialect->field[de];
    static const uint16_t len_max[] = {[0] = 64, [2] = 99, [3] = 999};
    ck_assert_msg(row->name != NULL && row->name[0] != '\0', "%s DE%u", dialect->name, de);
    ck_assert_msg(row->content <= ISO_XN, "%s DE%u", dialect->name, de);
    ck_assert_msg(row->prefix == 0 || row->prefix == 2 || row->prefix == 3, "%s DE%u",
                  dialect->name, de);
    ck_assert_msg(row->len > 0 && row->len <= len_max[row->prefix], "%s DE%u", dialect->name, de);
    ck_assert_msg(row->prefix_coding == ISO_ASCII || row->prefix_coding == ISO_BCD, "%s DE%u",
                  dialect->name, de);
    ck_assert_msg(row->mask <= ISO_MASK_ALL && row->pad <= ISO_PAD_0_FRONT, "%s DE%u",
                  dialect->name, de);
    bool bytes = row->content == ISO_B;
    bool digits = row->content == ISO_N || row->content == ISO_Z || row->content == ISO_XN;
    switch ((enum iso_coding)row->coding) {
    case ISO_ASCII:
        ck_assert_msg(!bytes, "%s DE%u", dialect->name, de);
        break;
    case ISO_BCD:
        ck_assert_msg(digits, "%s DE%u", dialect->name, de);
        break;
    case ISO_BINARY:
    case ISO_HEX:
        ck_assert_msg(bytes, "%s DE%u", dialect->name, de);
        break;
    }
}

START_TEST(every_row_is_sane)
{
    for (size_t i = 0; dialect_at(i) != NULL; i++) {
        const struct iso_dialect *dialect = dialect_at(i);
        ck_assert_uint_eq(dialect->field[0].content, ISO_NONE);
        ck_assert_uint_eq(dialect->field[1].content, ISO_NONE);
        ck_assert_uint_eq(dialect->field[65].content, ISO_NONE);
        unsigned rows = 0;
        for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
            if (dialect->field[de].content != ISO_NONE) {
                assert_row(dialect, de);
                rows++;
            }
        }
        ck_assert_uint_eq(rows, 126);
    }
}
END_TEST

START_TEST(names_are_unique_in_a_dialect_and_the_same_in_all)
{
    for (size_t i = 0; dialect_at(i) != NULL; i++) {
        const struct iso_field_row *field = dialect_at(i)->field;
        for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
            if (field[de].name == NULL) {
                continue;
            }
            ck_assert_str_eq(field[de].name, dialect_at(0)->field[de].name);
            for (unsigned other = 2; other < de; other++) {
                ck_assert(field[other].name == NULL ||
                          strcmp(field[de].name, field[other].name) != 0);
            }
        }
    }
}
END_TEST

START_TEST(what_is_secret_is_masked_in_every_dialect)
{
    static const unsigned all[] = {34, 35, 36, 45, 52, 53, 55};
    for (size_t i = 0; dialect_at(i) != NULL; i++) {
        ck_assert_uint_eq(dialect_at(i)->field[2].mask, ISO_MASK_PAN);
        for (size_t j = 0; j < ARRAY_COUNT(all); j++) {
            ck_assert_uint_eq(dialect_at(i)->field[all[j]].mask, ISO_MASK_ALL);
        }
    }
}
END_TEST

START_TEST(a_value_fits_one_dialect_as_it_fits_another)
{
    for (size_t i = 1; dialect_at(i) != NULL; i++) {
        for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
            const struct iso_field_row *a = &dialect_at(0)->field[de];
            const struct iso_field_row *b = &dialect_at(i)->field[de];
            ck_assert_uint_eq(a->len, b->len);
            ck_assert_uint_eq(a->prefix, b->prefix);
            ck_assert_uint_eq(a->mask, b->mask);
        }
    }
}
END_TEST

SUITE_MAIN("dialect", dialects_are_found_by_their_own_name, every_row_is_sane,
           names_are_unique_in_a_dialect_and_the_same_in_all,
           what_is_secret_is_masked_in_every_dialect, a_value_fits_one_dialect_as_it_fits_another)
