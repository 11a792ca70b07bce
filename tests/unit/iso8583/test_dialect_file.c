/* Dialect files, right and wrong. What is told of a wrong one is compared to the byte: these texts
 * are what a user works with. */
#include "iso8583/dialect_file.h"

#include <stdio.h>
#include <unistd.h>

#include "iso8583/parts.h"
#include "tests/unit/iso8583/wire.h"

struct told {
    char text[8192];
    size_t len;
};

static void tell(void *context, const char *text)
{
    struct told *told = context;
    int len = snprintf(told->text + told->len, sizeof told->text - told->len, "%s%s",
                       told->len > 0 ? "\n" : "", text);
    told->len += (size_t)len;
    ck_assert_uint_lt(told->len, sizeof told->text);
}

static struct iso_dialect *parse(const char *text)
{
    struct told told = {.len = 0};
    struct iso_dialect *dialect = NULL;
    int err = dialect_parse(span_text(text), "mine.yml", tell, &told, &dialect);
    ck_assert_str_eq(told.text, "");
    ck_assert_int_eq(err, 0);
    return dialect;
}

/* --- wrong files -------------------------------------------------------------------------------
 */

/* clang-format off */
/* To add a case: the file, and every byte that is told. */
static const struct {
    const char *text;
    const char *told;
} wrongs[] = {
    {"fields: {2: {mask: all}}\n",
     "mine.yml:1:1: error: the section 'extends' is missing\n"
     "      1 | fields: {2: {mask: all}}\n"
     "        | ^"},
    {"extends: iso87_bdc\n",
     "mine.yml:1:10: error: extends: 'iso87_bdc' is none of: none, iso87_ascii, iso87_asciihex, iso87_bcd, "
     "iso87_ebcdic, iso93_ascii, iso93_bcd, iso2003, base1, ipm_ascii, ipm_ebcdic; did you mean 'iso87_bcd'?\n"
     "      1 | extends: iso87_bdc\n"
     "        |          ^^^^^^^^^"},
    {"extends: none\n",
     "mine.yml:1:1: error: extends: 'mti' and 'bitmap' are needed where nothing is extended\n"
     "      1 | extends: none\n"
     "        | ^^^^^^^"},
    {"extends: iso87_bcd\nmti: utf8\n",
     "mine.yml:2:6: error: mti: 'utf8' is none of: ascii, bcd, cp500\n"
     "      2 | mti: utf8\n"
     "        |      ^^^^"},
    {"extends: iso87_bcd\nbitmaps: hex\n",
     "mine.yml:2:1: error: unknown key 'bitmaps'; did you mean 'bitmap'?\n"
     "      2 | bitmaps: hex\n"
     "        | ^^^^^^^"},
    {"extends: iso87_bcd\nheader: {length: 4, total_at: 3}\n",
     "mine.yml:2:31: error: header: a header of 4 bytes ends before it\n"
     "      2 | header: {length: 4, total_at: 3}\n"
     "        |                               ^"},
    {"extends: iso87_bcd\nheader: {length: 4, blank: \"0102\"}\n",
     "mine.yml:2:28: error: header: it has 2 bytes, the header 4\n"
     "      2 | header: {length: 4, blank: \"0102\"}\n"
     "        |                            ^^^^^^"},
    {"extends: iso87_bcd\nfields:\n  1: {length: 3}\n",
     "mine.yml:3:3: error: fields.1: '1' is not the number of a data element (2-192)\n"
     "      3 |   1: {length: 3}\n"
     "        |   ^"},
    {"extends: iso87_bcd\nfields:\n  63: {lenght: 3}\n",
     "mine.yml:3:8: error: fields.63: unknown key 'lenght'; did you mean 'length'?\n"
     "      3 |   63: {lenght: 3}\n"
     "        |        ^^^^^^"},
    {"extends: iso87_bcd\nfields:\n  35: {coding: binary}\n",
     "mine.yml:3:3: error: fields.35: binary and hex hold bytes only\n"
     "      3 |   35: {coding: binary}\n"
     "        |   ^^"},
    {"extends: iso87_bcd\nfields:\n  32: {length: 100}\n",
     "mine.yml:3:16: error: fields.32: its prefix counts to 99, 100 would be needed\n"
     "      3 |   32: {length: 100}\n"
     "        |                ^^^"},
    {"extends: iso87_bcd\nfields:\n  65: {content: n, length: 4}\n",
     "mine.yml:3:3: error: fields.65: what is extended does not have it, so 'coding' is needed\n"
     "      3 |   65: {content: n, length: 4}\n"
     "        |   ^^"},
    {"extends: iso87_bcd\nfields:\n  65: {content: n, coding: ascii, length: 4, prefix: 2}\n",
     "mine.yml:3:3: error: fields.65: what is extended does not have it, so 'prefix_coding' is needed\n"
     "      3 |   65: {content: n, coding: ascii, length: 4, prefix: 2}\n"
     "        |   ^^"},
    {"extends: iso87_bcd\nfields:\n  65: {content: none}\n",
     "mine.yml:3:17: error: fields.65: what is extended does not have it\n"
     "      3 |   65: {content: none}\n"
     "        |                 ^^^^"},
    {"extends: iso87_bcd\nfields:\n  130: {content: n, coding: bcd, length: 4}\n",
     "mine.yml:3:3: error: fields.130: elements above 128 need 'third_bitmap'\n"
     "      3 |   130: {content: n, coding: bcd, length: 4}\n"
     "        |   ^^^"},
    /* Masks. */
    {"extends: iso87_bcd\nfields:\n  2: {mask: show}\n",
     "mine.yml:3:13: error: fields.2: card data stand here: its mask cannot be less than 'pan'\n"
     "      3 |   2: {mask: show}\n"
     "        |             ^^^^"},
    {"extends: iso87_bcd\nfields:\n  35: {mask: pan}\n",
     "mine.yml:3:14: error: fields.35: card data stand here: its mask cannot be less than 'all'\n"
     "      3 |   35: {mask: pan}\n"
     "        |              ^^^"},
    {"extends: iso87_bcd\nfields:\n  62: {parts: tlv}\n  62.57: {content: b, coding: binary, length: 19, mask: show}\n",
     "mine.yml:4:57: error: fields.62.57: card data stand here: its mask cannot be less than 'all'\n"
     "      4 |   62.57: {content: b, coding: binary, length: 19, mask: show}\n"
     "        |                                                         ^^^^"},
    /* Parts. */
    {"extends: iso87_bcd\nfields:\n  62: {bitmap_bytes: 8}\n",
     "mine.yml:3:22: error: fields.62: it has no parts\n"
     "      3 |   62: {bitmap_bytes: 8}\n"
     "        |                      ^"},
    {"extends: iso87_bcd\nfields:\n  62: {parts: bitmap}\n",
     "mine.yml:3:15: error: fields.62: 'parts: bitmap' needs 'bitmap_bytes'\n"
     "      3 |   62: {parts: bitmap}\n"
     "        |               ^^^^^^"},
    {"extends: iso87_bcd\nfields:\n  62: {parts: tagged, tag_length: 2}\n",
     "mine.yml:3:15: error: fields.62: 'parts: tagged' needs 'tag_length' and 'part_prefix'\n"
     "      3 |   62: {parts: tagged, tag_length: 2}\n"
     "        |               ^^^^^^"},
    {"extends: iso87_bcd\nfields:\n  62.1: {content: n, coding: ascii, length: 9}\n",
     "mine.yml:3:3: error: fields.62.1: what is above '1' has no parts: it needs 'parts'\n"
     "      3 |   62.1: {content: n, coding: ascii, length: 9}\n"
     "        |   ^^^^"},
    {"extends: iso87_bcd\nfields:\n  62: {parts: pds}\n  62.023: {content: n, coding: ascii, length: 9}\n",
     "mine.yml:4:3: error: fields.62.023: '023' is no tag here\n"
     "      4 |   62.023: {content: n, coding: ascii, length: 9}\n"
     "        |   ^^^^^^"},
    {"extends: iso87_bcd\nfields:\n  62: {parts: bitmap, bitmap_bytes: 2}\n  62.17: {content: n, coding: ascii, length: 9}\n",
     "mine.yml:4:3: error: fields.62.17: '17' is no bit here\n"
     "      4 |   62.17: {content: n, coding: ascii, length: 9}\n"
     "        |   ^^^^^"},
    {"extends: iso87_bcd\nfields:\n  62: {parts: positional}\n  62.1: {content: n, coding: ascii, length: 9}\n"
     "  62.01: {content: n, coding: ascii, length: 9}\n",
     "mine.yml:5:3: error: fields.62.01: this part is described as '62.1' already\n"
     "      5 |   62.01: {content: n, coding: ascii, length: 9}\n"
     "        |   ^^^^^"},
    {"extends: iso87_bcd\nfields:\n  62: {parts: positional}\n  62.1: {content: b, coding: binary, length: 9, extent: rest}\n"
     "  62.2: {content: n, coding: ascii, length: 9}\n",
     "mine.yml:4:3: error: fields.62.1: '62.1' takes all the rest, but there is a part behind it\n"
     "      4 |   62.1: {content: b, coding: binary, length: 9, extent: rest}\n"
     "        |   ^^^^"},
    {"extends: iso87_bcd\nfields:\n  62: {extent: rest, prefix: 0}\n",
     "mine.yml:3:16: error: fields.62: 'rest' is for the last part of a composite, not for an element\n"
     "      3 |   62: {extent: rest, prefix: 0}\n"
     "        |                ^^^^"},
    {"extends: iso87_bcd\nfields:\n  62: {parts: pds}\n  62.0023: {content: n, coding: ascii, length: 9, prefix: 2, prefix_coding: ascii}\n",
     "mine.yml:4:59: error: fields.62.0023: a part with a tag ends where the length beside the tag says\n"
     "      4 |   62.0023: {content: n, coding: ascii, length: 9, prefix: 2, prefix_coding: ascii}\n"
     "        |                                                           ^"},
    {"extends: iso87_bcd\nfields:\n  62: {token: abc}\n",
     "mine.yml:3:15: error: fields.62.token: a byte is needed: one character, or two hex digits\n"
     "      3 |   62: {token: abc}\n"
     "        |               ^^^"},
};
/* clang-format on */

START_TEST(each_wrong_file_is_told_to_the_byte)
{
    struct told told = {.len = 0};
    struct iso_dialect *dialect = NULL;
    int err = dialect_parse(span_text(wrongs[_i].text), "mine.yml", tell, &told, &dialect);
    ck_assert_msg(strcmp(told.text, wrongs[_i].told) == 0, "%s\n--- told:\n%s\n--- wanted:\n%s",
                  wrongs[_i].text, told.text, wrongs[_i].told);
    ck_assert_int_eq(err, ERR_CONFIG);
    ck_assert_ptr_null(dialect);
}
END_TEST

START_TEST(all_problems_are_told_in_one_run)
{
    struct told told = {.len = 0};
    struct iso_dialect *dialect = NULL;
    const char *text =
        "extends: iso87_bcd\nmti: x\nfields:\n  2: {mask: show}\n  300: {length: 1}\n"
        "  48: {content: q}\n";
    ck_assert_int_eq(dialect_parse(span_text(text), "m", tell, &told, &dialect), ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(told.text, "m:2:6: error: "));
    ck_assert_ptr_nonnull(strstr(told.text, "m:4:13: error: "));
    ck_assert_ptr_nonnull(strstr(told.text, "m:5:3: error: "));
    ck_assert_ptr_nonnull(strstr(told.text, "m:6:17: error: "));
}
END_TEST

START_TEST(no_problem_shows_a_card_number)
{
    struct told told = {.len = 0};
    struct iso_dialect *dialect = NULL;
    const char *text = "extends: iso87_bcd\nfields:\n  2: {name: 4111111111111111, mask: show}\n";
    ck_assert_int_eq(dialect_parse(span_text(text), "m", tell, &told, &dialect), ERR_CONFIG);
    ck_assert_ptr_null(strstr(told.text, "4111111111111111"));
}
END_TEST

/* --- right files -------------------------------------------------------------------------------
 */

START_TEST(every_key_of_an_element_reaches_its_column)
{
    struct iso_dialect *dialect = parse(
        "extends: none\nmti: cp500\nbitmap: hex_ebcdic\nbitmap_fixed: yes\nthird_bitmap: in_65\n"
        "header: {length: 3, total_at: 1, blank: \"0A0B0C\"}\n"
        "fields:\n"
        "  28: {name: fee, content: xn, coding: cp037, length: 9, sign: zoned, mask: pan}\n"
        "  32: {name: acquirer, content: n, coding: bcd, length: 11, prefix: 2, prefix_coding: "
        "cp500,"
        " prefix_counts: wire, pad: f_front}\n"
        "  37: {name: rrn, content: ans, coding: ascii, length: 12, fill: space_front}\n"
        "  44: {name: text, content: ans, coding: ascii, length: 25, extent: token, token: "
        "\"1C\"}\n"
        "  46: {name: area, content: ans, coding: ascii, length: 30, extent: area, prefix: 2,"
        " prefix_coding: ascii}\n"
        "  35: {name: track2, content: z, coding: ascii, length: 37, prefix: 2,"
        " prefix_coding: ascii, separator: D}\n"
        "  190: {name: far, content: b, coding: hex_ebcdic, length: 8}\n");
    const struct iso_field_row *row = dialect->field;
    ck_assert_str_eq(dialect->name, "mine.yml");
    ck_assert_int_eq(dialect->mti_coding, ISO_CP500);
    ck_assert_int_eq(dialect->bitmap_coding, ISO_HEX_EBCDIC);
    ck_assert_int_eq(dialect->bitmap_fixed, 1);
    ck_assert_int_eq(dialect->third, ISO_THIRD_IN_65);
    ck_assert_int_eq(dialect->header.len, 3);
    ck_assert_int_eq(dialect->header.total_at, 1);
    ck_assert_mem_eq(dialect->header.blank, "\x0A\x0B\x0C", 3);
    ck_assert_str_eq(row[28].name, "fee");
    ck_assert_int_eq(row[28].content, ISO_XN);
    ck_assert_int_eq(row[28].coding, ISO_CP037);
    ck_assert_int_eq(row[28].len, 9);
    ck_assert_int_eq(row[28].sign, ISO_SIGN_ZONED);
    ck_assert_int_eq(row[28].mask, ISO_MASK_PAN);
    ck_assert_int_eq(row[32].prefix, 2);
    ck_assert_int_eq(row[32].prefix_coding, ISO_CP500);
    ck_assert_int_eq(row[32].prefix_unit, ISO_UNIT_WIRE);
    ck_assert_int_eq(row[32].pad, ISO_PAD_F_FRONT);
    ck_assert_int_eq(row[37].fill, ISO_FILL_SPACE_FRONT);
    ck_assert_int_eq(row[44].extent, ISO_EXTENT_TOKEN);
    ck_assert_int_eq(row[44].token, 0x1C);
    ck_assert_int_eq(row[46].extent, ISO_EXTENT_AREA);
    ck_assert_int_eq(row[35].separator, 'D');
    ck_assert_int_eq(row[35].mask, ISO_MASK_ALL); /* Not said, and masked all the same. */
    ck_assert_int_eq(row[190].coding, ISO_HEX_EBCDIC);
    ck_assert_int_eq(row[3].content, ISO_NONE);
    dialect_free(dialect);
}
END_TEST

START_TEST(what_is_not_said_stays_as_it_was)
{
    struct iso_dialect *dialect =
        parse("extends: iso87_bcd\nfields:\n  63: {length: 20}\n  128: {content: none}\n");
    const struct iso_dialect *base = dialect_named("iso87_bcd");
    for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
        const struct iso_field_row *row = &dialect->field[de];
        ck_assert_int_eq(row->content, de == 128 ? ISO_NONE : base->field[de].content);
        if (de != 63 && de != 128) {
            ck_assert_mem_eq(row, &base->field[de], sizeof *row);
        }
    }
    ck_assert_uint_eq(dialect->field[63].len, 20);
    ck_assert_str_eq(dialect->field[63].name, base->field[63].name);
    dialect_free(dialect);
}
END_TEST

/* The part at @path of DE48 of @wire. */
static void check_part(const struct iso_dialect *dialect, const char *path, const char *text)
{
    static struct wire wire;
    uint8_t scratch[256];
    struct writer room = writer_make(scratch, sizeof scratch);
    struct iso_part part;
    struct iso_error error;
    int err = wire_decode(&wire, dialect,
                          span_text("0800"
                                    "8000000000000000"
                                    "0000000000000000"));
    (void)err;
    static const char value[] = "ABCD"
                                "01"
                                "04"
                                "wxyz"
                                "02"
                                "03"
                                "789";
    iso_init(&wire.msg, 0x0800);
    wire.msg.dialect = dialect;
    iso_set(&wire.msg, 48, span_text(value));
    err = iso_part_find(&wire.msg, path, &room, &part, &error);
    ck_assert_msg(err == 0, "%s: %d", path, err);
    ck_assert_span_text(part.value, text);
}

START_TEST(parts_are_described_by_their_paths_in_any_order)
{
    struct iso_dialect *dialect =
        parse("extends: iso87_ascii\n"
              "fields:\n"
              "  48.2.02: {name: number, content: n, coding: ascii, length: 3}\n"
              "  48.2.01: {name: text, content: ans, coding: ascii, length: 9}\n"
              "  48.2: {content: ans, coding: ascii, length: 99, extent: rest, parts: tagged,"
              " tag_length: 2, part_prefix: 2}\n"
              "  48.1: {content: a, coding: ascii, length: 4}\n"
              "  48: {parts: positional}\n");
    check_part(dialect, "48.1", "ABCD");
    check_part(dialect, "48.2.01", "wxyz");
    check_part(dialect, "48.2.02", "789");
    dialect_free(dialect);
}
END_TEST

START_TEST(changing_a_part_leaves_what_is_extended_alone)
{
    const struct iso_parts *base = dialect_named("iso87_bcd")->field[55].parts;
    struct iso_dialect *dialect = parse(
        "extends: iso87_bcd\nfields:\n  55.82: {name: aip, mask: all}\n  55.84: {content: none}\n"
        "  55.DF8101: {content: b, coding: binary, length: 4}\n");
    const struct iso_parts *own = dialect->field[55].parts;
    ck_assert_ptr_nonnull(base);
    ck_assert_ptr_ne(own, base);
    ck_assert_uint_eq(own->count, base->count);
    for (uint16_t i = 0; i < base->count; i++) {
        ck_assert_uint_ne(own->rows[i].tag, 0x84);
        if (own->rows[i].tag == 0x82) {
            ck_assert_str_eq(own->rows[i].row.name, "aip");
            ck_assert_int_eq(own->rows[i].row.mask, ISO_MASK_ALL);
        }
        if (base->rows[i].tag == 0x82) {
            ck_assert_str_ne(base->rows[i].row.name, "aip");
        }
        ck_assert(i == 0 || own->rows[i - 1].tag < own->rows[i].tag);
    }
    ck_assert_uint_eq(own->rows[own->count - 1].tag, 0xDF8101);
    ck_assert_int_eq(own->rows[own->count - 1].row.mask, ISO_MASK_ALL); /* As its element. */
    dialect_free(dialect);
}
END_TEST

/* --- written and read again --------------------------------------------------------------------
 */

static void rows_compare(const struct iso_field_row *a, const struct iso_field_row *b);

/* Depth by depth: a row's parts are compared by a loop over a list of what is left. */
static void rows_compare(const struct iso_field_row *a, const struct iso_field_row *b)
{
    struct {
        const struct iso_field_row *a;
        const struct iso_field_row *b;
    } left[2048] = {{a, b}};
    size_t count = 1;
    while (count > 0) {
        count--;
        struct iso_field_row one = *left[count].a;
        struct iso_field_row two = *left[count].b;
        ck_assert_str_eq(one.name == NULL ? "" : one.name, two.name == NULL ? "" : two.name);
        ck_assert_int_eq(one.parts == NULL, two.parts == NULL);
        if (one.parts != NULL) {
            struct iso_parts p = *one.parts;
            struct iso_parts q = *two.parts;
            ck_assert_uint_eq(p.count, q.count);
            for (uint16_t i = 0; i < p.count; i++) {
                ck_assert_uint_eq(p.rows[i].tag, q.rows[i].tag);
                ck_assert_uint_lt(count, ARRAY_COUNT(left));
                left[count].a = &p.rows[i].row;
                left[count++].b = &q.rows[i].row;
            }
            ck_assert_int_eq(p.layout, q.layout);
            ck_assert_int_eq(p.bitmap_coding, q.bitmap_coding);
            ck_assert_int_eq(p.bitmap_len, q.bitmap_len);
            ck_assert_int_eq(p.bitmap_grows, q.bitmap_grows);
            ck_assert_int_eq(p.tag_coding, q.tag_coding);
            ck_assert_int_eq(p.tag_len, q.tag_len);
            ck_assert_int_eq(p.length_coding, q.length_coding);
            ck_assert_int_eq(p.length_len, q.length_len);
            ck_assert_int_eq(p.length_with_tag, q.length_with_tag);
            ck_assert_int_eq(p.length_first, q.length_first);
            ck_assert_int_eq(p.other.content, q.other.content);
        }
        one.name = two.name = NULL;
        one.parts = two.parts = NULL;
        if (one.prefix == 0) {
            one.prefix_coding = two.prefix_coding = 0; /* Says nothing there, and is not written. */
        }
        one.op = two.op = 0;
        ck_assert_mem_eq(&one, &two, sizeof one);
    }
}

START_TEST(a_built_in_dialect_is_written_and_read_as_itself)
{
    const struct iso_dialect *dialect = dialect_at((size_t)_i);
    static uint8_t buffer[1 << 20];
    struct told told = {.len = 0};
    struct writer out = writer_make(buffer, sizeof buffer);
    struct iso_dialect *again = NULL;
    if (dialect == NULL) {
        return;
    }
    dialect_write(dialect, &out);
    ck_assert(!out.overflow);
    int err = dialect_parse(writer_written(&out), "written.yml", tell, &told, &again);
    ck_assert_msg(err == 0, "%s: %s", dialect->name, told.text);
    ck_assert_int_eq(again->mti_coding, dialect->mti_coding);
    ck_assert_int_eq(again->bitmap_coding, dialect->bitmap_coding);
    ck_assert_int_eq(again->bitmap_fixed, dialect->bitmap_fixed);
    ck_assert_int_eq(again->third, dialect->third);
    ck_assert_int_eq(again->header.len, dialect->header.len);
    ck_assert_int_eq(again->header.total_at, dialect->header.total_at);
    for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
        rows_compare(&dialect->field[de], &again->field[de]);
    }
    dialect_free(again);
}
END_TEST

/* --- files -------------------------------------------------------------------------------------
 */

static char folder[64];

static const char *file_put(const char *name, const char *text)
{
    static char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
    return path;
}

static void folder_make(void)
{
    (void)snprintf(folder, sizeof folder, "/tmp/dialect-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void folder_remove(void)
{
    static const char *const names[] = {"base.yml", "mine.yml", "x.yml", "a.yml", "switch.yml"};
    char path[128];
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    ck_assert_int_eq(rmdir(folder), 0);
}

START_TEST(a_file_extends_a_file_beside_it)
{
    struct told told = {.len = 0};
    struct iso_dialect *dialect = NULL;
    (void)file_put("base.yml", "extends: iso87_bcd\nfields:\n  62: {parts: pds}\n"
                               "  62.0023: {content: an, coding: ascii, length: 3}\n");
    const char *path = file_put("mine.yml", "extends: base.yml\nfields:\n  62.0023: {length: 4}\n"
                                            "  63: {length: 7}\n");
    ck_assert_int_eq(dialect_load(path, tell, &told, &dialect), 0);
    ck_assert_str_eq(told.text, "");
    ck_assert_uint_eq(dialect->field[62].parts->rows[0].row.len, 4);
    ck_assert_uint_eq(dialect->field[63].len, 7);
    dialect_free(dialect);
}
END_TEST

START_TEST(a_circle_is_told_where_it_closes)
{
    struct told told = {.len = 0};
    struct iso_dialect *dialect = NULL;
    (void)file_put("base.yml", "extends: mine.yml\n");
    const char *path = file_put("mine.yml", "extends: base.yml\n");
    ck_assert_int_eq(dialect_load(path, tell, &told, &dialect), ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(told.text, "base.yml:1:10: error: extends: it extends itself"));
}
END_TEST

START_TEST(what_cannot_be_read_is_told_where_it_is_named)
{
    struct told told = {.len = 0};
    struct iso_dialect *dialect = NULL;
    const char *path = file_put("mine.yml", "extends: nowhere.yml\n");
    ck_assert_int_eq(dialect_load(path, tell, &told, &dialect), ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(
        told.text, "mine.yml:1:10: error: extends: it cannot be read: No such file or directory"));
}
END_TEST

START_TEST(files_are_eight_deep_at_most)
{
    struct told told = {.len = 0};
    struct iso_dialect *dialect = NULL;
    /* Nine names for one file would be a circle: nine files. */
    char text[64];
    char name[16];
    char path[128] = "";
    for (int i = 0; i < 9; i++) {
        (void)snprintf(name, sizeof name, "%d.yml", i);
        (void)snprintf(text, sizeof text, "extends: %s\n", i == 0 ? "iso87_bcd" : "");
        if (i > 0) {
            (void)snprintf(text, sizeof text, "extends: %d.yml\n", i - 1);
        }
        (void)snprintf(path, sizeof path, "%s", file_put(name, text));
    }
    ck_assert_int_eq(dialect_load(path, tell, &told, &dialect), ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(told.text, "1.yml:1:10: error: extends: more than 8 files"));
    for (int i = 0; i < 9; i++) {
        (void)snprintf(path, sizeof path, "%s/%d.yml", folder, i);
        ck_assert_int_eq(unlink(path), 0);
    }
}
END_TEST

START_TEST(a_name_is_a_built_in_dialect_or_a_file)
{
    struct told told = {.len = 0};
    const struct iso_dialect *dialect = NULL;
    const struct iso_dialect *again = NULL;
    char beside[128];
    ck_assert_int_eq(dialect_get("iso87_bcd", NULL, tell, &told, &dialect), 0);
    ck_assert_ptr_eq(dialect, dialect_find("iso87_bcd"));
    (void)file_put("mine.yml", "extends: iso87_bcd\nfields:\n  63: {length: 7}\n");
    (void)snprintf(beside, sizeof beside, "%s/switch.yml", folder);
    ck_assert_int_eq(dialect_get("mine.yml", beside, tell, &told, &dialect), 0);
    ck_assert_uint_eq(dialect->field[63].len, 7);
    ck_assert_int_eq(dialect_get("mine.yml", beside, tell, &told, &again), 0);
    ck_assert_ptr_eq(dialect, again);
    ck_assert_str_eq(told.text, "");
}
END_TEST

START_TEST(a_file_that_has_changed_is_another_dialect)
{
    struct told told = {.len = 0};
    const struct iso_dialect *before = NULL;
    const struct iso_dialect *after = NULL;
    char path[128];
    (void)file_put("base.yml", "extends: iso87_bcd\n");
    (void)snprintf(path, sizeof path, "%s", file_put("mine.yml", "extends: base.yml\n"));
    ck_assert_int_eq(dialect_get(path, NULL, tell, &told, &before), 0);
    (void)file_put("base.yml", "extends: iso87_bcd\nfields:\n  63: {length: 7}\n");
    ck_assert_int_eq(dialect_get(path, NULL, tell, &told, &after), 0);
    ck_assert_ptr_ne(before, after);
    ck_assert_uint_eq(before->field[63].len, dialect_find("iso87_bcd")->field[63].len);
    ck_assert_uint_eq(after->field[63].len, 7);
}
END_TEST

START_TEST(a_name_that_is_neither_tells_what_there_is)
{
    struct told told = {.len = 0};
    const struct iso_dialect *dialect = NULL;
    ck_assert_int_eq(dialect_get("iso87_bc", NULL, tell, &told, &dialect), ERR_NOT_FOUND);
    ck_assert_ptr_nonnull(
        strstr(told.text, "unknown dialect 'iso87_bc'; did you mean 'iso87_bcd'?: there are "));
    ck_assert_ptr_null(dialect);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dialect files");
    TCase *texts = tcase_create("texts");
    tcase_add_loop_test(texts, each_wrong_file_is_told_to_the_byte, 0, ARRAY_COUNT(wrongs));
    tcase_add_test(texts, all_problems_are_told_in_one_run);
    tcase_add_test(texts, no_problem_shows_a_card_number);
    tcase_add_test(texts, every_key_of_an_element_reaches_its_column);
    tcase_add_test(texts, what_is_not_said_stays_as_it_was);
    tcase_add_test(texts, parts_are_described_by_their_paths_in_any_order);
    tcase_add_test(texts, changing_a_part_leaves_what_is_extended_alone);
    tcase_add_loop_test(texts, a_built_in_dialect_is_written_and_read_as_itself, 0, 16);
    TCase *files = tcase_create("files");
    tcase_add_checked_fixture(files, folder_make, folder_remove);
    tcase_add_test(files, a_file_extends_a_file_beside_it);
    tcase_add_test(files, a_circle_is_told_where_it_closes);
    tcase_add_test(files, what_cannot_be_read_is_told_where_it_is_named);
    tcase_add_test(files, files_are_eight_deep_at_most);
    tcase_add_test(files, a_name_is_a_built_in_dialect_or_a_file);
    tcase_add_test(files, a_file_that_has_changed_is_another_dialect);
    tcase_add_test(files, a_name_that_is_neither_tells_what_there_is);
    suite_add_tcase(suite, texts);
    suite_add_tcase(suite, files);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
