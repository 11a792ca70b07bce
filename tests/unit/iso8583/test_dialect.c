/* Walks every row of every built-in dialect, so that a bad row fails here and not at night. */
#include "iso8583/dialect.h"

#include "iso8583/ebcdic.h"
#include "iso8583/parts.h"
#include "iso8583/prefix.h"
#include "tests/unit/iso8583/suite.h"

START_TEST(dialects_are_found_by_their_own_name)
{
    static const char *const names[] = {
        "iso87_ascii", "iso87_asciihex", "iso87_bcd", "iso87_ebcdic", "iso93_ascii",
        "iso93_bcd",   "iso2003",        "base1",     "ipm_ascii",    "ipm_ebcdic"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        ck_assert_ptr_nonnull(dialect_at(i));
        ck_assert_ptr_eq(dialect_find(names[i]), dialect_at(i));
        ck_assert_str_eq(dialect_at(i)->name, names[i]);
        ck_assert_uint_le(dialect_at(i)->header.len, ISO_HEADER_LEN_MAX);
    }
    ck_assert_ptr_null(dialect_at(ARRAY_COUNT(names)));
    ck_assert_ptr_null(dialect_find("iso87"));
}
END_TEST

static void assert_sound(const char *dialect, unsigned de, const struct iso_field_row *row)
{
    const char *flaw = dialect_row_flaw(row);
    ck_assert_msg(flaw == NULL, "%s DE%u: %s", dialect, de, flaw);
    ck_assert_msg(row->name[0] != '\0', "%s DE%u", dialect, de);
    if (row->prefix != 0) {
        size_t max = prefix_max(row->prefix_coding, row->prefix);
        ck_assert_msg(row->len <= max, "%s DE%u", dialect, de);
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
                assert_sound(dialect->name, de, &dialect->field[de]);
                rows++;
            }
        }
        ck_assert_uint_eq(rows, 126);
    }
}
END_TEST

START_TEST(ops_made_by_the_compiler_are_those_made_at_run_time)
{
    unsigned usual = 0;
    for (size_t i = 0; dialect_at(i) != NULL; i++) {
        struct iso_dialect dialect = *dialect_at(i);
        for (unsigned de = 0; de <= ISO_DE_MAX; de++) {
            uint8_t op = dialect_at(i)->field[de].op;
            ck_assert_uint_eq(op, dialect_row_op(&dialect_at(i)->field[de]));
            dialect.field[de].op = 0xFF;
            usual += op != 0;
        }
        dialect_compile(&dialect);
        ck_assert_mem_eq(&dialect, dialect_at(i), sizeof dialect);
    }
    ck_assert_uint_gt(usual, 1000);
}
END_TEST

START_TEST(parts_have_sound_rows_with_tags_of_their_own)
{
    unsigned composites = 0;
    for (size_t i = 0; dialect_at(i) != NULL; i++) {
        for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
            const struct iso_parts *parts = dialect_at(i)->field[de].parts;
            for (size_t j = 0; parts != NULL && j < parts->count; j++) {
                assert_sound(dialect_at(i)->name, de, &parts->rows[j].row);
                ck_assert(j == 0 || parts->rows[j - 1].tag < parts->rows[j].tag);
            }
            composites += parts != NULL;
        }
    }
    ck_assert_uint_ge(composites, 20);
}
END_TEST

static bool is_1987(const struct iso_dialect *dialect)
{
    return strncmp(dialect->name, "iso87_", 6) == 0 || strcmp(dialect->name, "base1") == 0;
}

START_TEST(names_are_unique_in_a_dialect_and_the_same_in_all)
{
    for (size_t i = 0; dialect_at(i) != NULL; i++) {
        const struct iso_field_row *field = dialect_at(i)->field;
        for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
            if (field[de].name == NULL) {
                continue;
            }
            if (is_1987(dialect_at(i))) {
                ck_assert_str_eq(field[de].name, dialect_at(0)->field[de].name);
            }
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
            if (strncmp(dialect_at(i)->name, "iso87_", 6) != 0) {
                continue;
            }
            ck_assert_uint_eq(a->len, b->len);
            ck_assert_uint_eq(a->prefix, b->prefix);
            ck_assert_uint_eq(a->mask, b->mask);
        }
    }
}
END_TEST

START_TEST(a_row_that_contradicts_itself_is_told)
{
    static const struct {
        struct iso_field_row row;
        const char *flaw;
    } rows[] = {
        {{.name = "x", .len = 3}, "no such content"},
        {{.len = 3, .content = ISO_N}, "no name"},
        {{.name = "x", .content = ISO_N}, "no length"},
        {{.name = "x", .len = 3, .content = ISO_N, .pad = 9}, "a column is out of its range"},
        {{.name = "x", .len = 3, .content = ISO_N, .coding = ISO_CODINGS}, "no such coding"},
        {{.name = "x", .len = 3, .content = ISO_B}, "bytes are binary or hex"},
        {{.name = "x", .len = 3, .content = ISO_ANS, .coding = ISO_BCD}, "bcd holds digits only"},
        {{.name = "x", .len = 3, .content = ISO_ANS, .coding = ISO_HEX},
         "binary and hex hold bytes only"},
        {{.name = "x", .len = 3, .content = ISO_N, .prefix = 7},
         "a length prefix has 1 to 6 digits"},
        {{.name = "x", .len = 3, .content = ISO_N, .prefix = 4, .prefix_coding = ISO_BINARY},
         "a length prefix has 1 to 3 bytes"},
        {{.name = "x", .len = 3, .content = ISO_N, .prefix = 1, .prefix_coding = ISO_HEX},
         "a length prefix is ascii, bcd, ebcdic or binary"},
        {{.name = "x", .len = 3, .content = ISO_N, .prefix = 2, .extent = ISO_EXTENT_REST},
         "a value that ends by itself has no length prefix"},
        {{.name = "x", .len = 3, .content = ISO_XN, .sign = ISO_SIGN_ZONED},
         "a zoned sign is ebcdic"},
        {{.name = "x", .len = 1, .content = ISO_XN},
         "an amount has a sign and digits, filled with zeros"},
        {{.name = "x", .len = 3, .content = ISO_XN, .fill = ISO_FILL_ZERO_BEHIND},
         "an amount is filled in front"},
        {{.name = "x", .len = 3, .content = ISO_N, .coding = ISO_BCD, .fill = ISO_FILL_SPACE_FRONT},
         "spaces fill characters only"},
        {{.name = "x",
          .len = 3,
          .content = ISO_N,
          .prefix = 2,
          .extent = ISO_EXTENT_AREA,
          .fill = ISO_FILL_ZERO_FRONT},
         "an area is filled behind"},
        {{.name = "x", .len = 3, .content = ISO_Z, .separator = '-'},
         "the separator of a track is = or D"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const char *flaw = dialect_row_flaw(&rows[i].row);
        ck_assert_msg(flaw != NULL && strcmp(flaw, rows[i].flaw) == 0, "%zu: %s", i, flaw);
    }
}
END_TEST

START_TEST(ebcdic_pages_are_permutations_that_differ_in_a_few_places)
{
    unsigned different = 0;
    unsigned other = 0;
    for (unsigned byte = 0; byte < 256; byte++) {
        ck_assert_uint_eq(ebcdic_to(ISO_CP500)[ebcdic_from(ISO_CP500)[byte]], byte);
        ck_assert_uint_eq(ebcdic_to(ISO_CP037)[ebcdic_from(ISO_CP037)[byte]], byte);
        ck_assert_uint_eq(ebcdic_to(ISO_CP1047)[ebcdic_from(ISO_CP1047)[byte]], byte);
        different += ebcdic_from(ISO_CP500)[byte] != ebcdic_from(ISO_CP037)[byte];
        other += ebcdic_from(ISO_CP037)[byte] != ebcdic_from(ISO_CP1047)[byte];
    }
    ck_assert_uint_eq(different, 7);
    ck_assert_uint_eq(other, 6);
    ck_assert_uint_eq(ebcdic_from(ISO_CP500)[0x4A], '[');
    ck_assert_uint_eq(ebcdic_from(ISO_CP037)[0xBA], '[');
    ck_assert_uint_eq(ebcdic_from(ISO_CP500)[0xF7], '7');
    ck_assert_uint_eq(ebcdic_from(ISO_CP500)[0x40], ' ');
}
END_TEST

SUITE_MAIN("dialect", dialects_are_found_by_their_own_name, every_row_is_sane,
           ops_made_by_the_compiler_are_those_made_at_run_time,
           parts_have_sound_rows_with_tags_of_their_own,
           names_are_unique_in_a_dialect_and_the_same_in_all,
           what_is_secret_is_masked_in_every_dialect, a_value_fits_one_dialect_as_it_fits_another,
           a_row_that_contradicts_itself_is_told,
           ebcdic_pages_are_permutations_that_differ_in_a_few_places)
