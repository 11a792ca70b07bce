/* jPOS packager files: each class that is known packs a value as its vector here says (worked out
 * by hand from what the class does), the imported dialect reads it, and writes the same bytes.
 * Files that cannot be imported are told to the byte. */
#include "tools/isomsg/import_packager.h"

#include <stdio.h>

#include "iso8583/dialect_file.h"
#include "tests/unit/iso8583/wire.h"
#include "tests/unit/tools/packager_vectors.h"
#include "tools/isomsg/import_class.h"

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

static uint8_t yaml[1 << 20];
static struct wire wire;

/* The dialect that the packager with these elements means. */
static struct iso_dialect *import_body(const char *attrs, const char *body, struct told *told)
{
    static char xml[65536];
    struct iso_dialect *dialect = NULL;
    struct writer out = writer_make(yaml, sizeof yaml);
    int len = snprintf(xml, sizeof xml,
                       "<?xml version=\"1.0\"?>\n<isopackager%s>\n%s</isopackager>\n", attrs, body);
    ck_assert(len > 0 && (size_t)len < sizeof xml);
    if (import_packager(span_text(xml), "p.xml", &out, tell, told) != 0) {
        return NULL;
    }
    struct told again = {.len = 0};
    ck_assert_int_eq(dialect_parse(writer_written(&out), "p.yml", tell, &again, &dialect), 0);
    return dialect;
}

#define TYPE_AND_BITMAP                                                                            \
    "<isofield id=\"0\" length=\"4\" name=\"MTI\" class=\"org.jpos.iso.IFA_NUMERIC\"/>\n"          \
    "<isofield id=\"1\" length=\"16\" name=\"BIT MAP\" class=\"org.jpos.iso.IFB_BITMAP\"/>\n"

/* The bytes of @hex, spaces allowed, appended to @out. */
static void put_hex(struct writer *out, const char *hex)
{
    for (; *hex != '\0'; hex++) {
        if (*hex == ' ') {
            continue;
        }
        uint8_t byte = 0;
        ck_assert_int_eq(hex_decode(span_make(hex, 2), &byte), 0);
        writer_u8(out, byte);
        hex++;
    }
}

/* Decode 0800 with the element of @bitmap and @hex behind; @what is told if that fails. */
static void decode(const struct iso_dialect *dialect, const char *head, const char *hex,
                   const char *what)
{
    uint8_t bytes[1024];
    char text[ISO_TEXT_LEN_MAX];
    struct writer out = writer_make(bytes, sizeof bytes);
    put_hex(&out, head);
    put_hex(&out, hex);
    int err = wire_decode(&wire, dialect, writer_written(&out));
    ck_assert_msg(err == 0, "%s: %s", what,
                  iso_error_text(&wire.error, dialect, text, sizeof text));
}

static void check_written(const struct iso_dialect *dialect, const char *what)
{
    uint8_t bytes[1024];
    struct writer out = writer_make(bytes, sizeof bytes);
    int err = iso_encode(&wire.msg, dialect, &out, &wire.error);
    ck_assert_msg(err == 0, "%s: %s", what, wire.error.what);
    ck_assert_msg(out.len == wire.len && memcmp(bytes, wire.bytes, wire.len) == 0,
                  "%s: written otherwise", what);
}

static void check_value(const char *what, const struct iso_field_row *row, struct span value,
                        const char *wanted)
{
    char got[512] = "";
    if (row->content == ISO_B) {
        hex_encode(value, (uint8_t *)got);
    } else {
        memcpy(got, value.ptr, value.len);
    }
    ck_assert_msg(strcmp(got, wanted) == 0, "%s: '%s', not '%s'", what, got, wanted);
}

/* --- fields ------------------------------------------------------------------------------------
 */

#define HEAD_44 "30383030 0000000000100000"
#define HEAD_48 "30383030 0000000000010000"

static const char *package_of(const char *class)
{
    return strncmp(class, "IFT", 3) == 0 ? "org.jpos.tlv.packager" : "org.jpos.iso";
}

START_TEST(a_field_is_read_and_written_as_its_class_does)
{
    char body[2048];
    struct told told = {.len = 0};
    (void)snprintf(body, sizeof body,
                   TYPE_AND_BITMAP "<isofield id=\"44\" length=\"%u\" name=\"X\" "
                                   "class=\"org.jpos.iso.%s\" %s/>\n",
                   fields[_i].length, fields[_i].class, fields[_i].more);
    struct iso_dialect *dialect = import_body("", body, &told);
    ck_assert_msg(dialect != NULL, "%s", told.text);
    decode(dialect, HEAD_44, fields[_i].wire, fields[_i].class);
    check_value(fields[_i].class, &dialect->field[44], iso_get(&wire.msg, 44), fields[_i].value);
    check_written(dialect, fields[_i].class);
    dialect_free(dialect);
}
END_TEST

/* The parts of DE48, taken apart and put together again, are the same bytes. */
static void check_together(const struct iso_field_row *row, struct span value, const char *what)
{
    uint8_t scratch[1024];
    uint8_t bytes[1024];
    struct writer room = writer_make(scratch, sizeof scratch);
    struct writer out = writer_make(bytes, sizeof bytes);
    struct parts_walk walk = parts_walk(row->parts, value);
    struct iso_part_value values[16];
    struct iso_part part;
    struct iso_error error = {.code = 0};
    size_t count = 0;
    int next;
    while ((next = parts_next(&walk, &room, &part, &error)) == 1) {
        ck_assert_uint_lt(count, ARRAY_COUNT(values));
        values[count++] = (struct iso_part_value){part.tag, part.value};
    }
    ck_assert_msg(next == 0, "%s: %d", what, next);
    ck_assert_int_eq(parts_encode(row->parts, values, count, &out, &error), 0);
    ck_assert_msg(span_equal(writer_written(&out), value), "%s: put together otherwise", what);
}

/* Decode DE48 with the length in front that IFA_LLLBINARY has, and find @path. */
static void check_part(const struct iso_dialect *dialect, const char *hex, const char *path,
                       const char *value)
{
    char text[1024];
    uint8_t scratch[1024];
    struct writer room = writer_make(scratch, sizeof scratch);
    struct iso_part part;
    struct iso_error error = {.code = 0};
    size_t digits = 0;
    for (const char *c = hex; *c != '\0'; c++) {
        digits += *c != ' ' ? 1 : 0;
    }
    size_t len = digits / 2;
    (void)snprintf(text, sizeof text, "3%zu 3%zu 3%zu %s", len / 100, len / 10 % 10, len % 10, hex);
    decode(dialect, HEAD_48, text, path);
    int err = iso_part_find(&wire.msg, path, &room, &part, &error);
    ck_assert_msg(err == 0, "%s: %d %s", path, err, error.what == NULL ? "" : error.what);
    check_value(path, part.row, part.value, value);
    check_together(&dialect->field[48], iso_get(&wire.msg, 48), path);
    check_written(dialect, path);
}

START_TEST(a_part_with_a_tag_is_read_as_its_class_does)
{
    char body[2048];
    struct told told = {.len = 0};
    (void)snprintf(body, sizeof body,
                   TYPE_AND_BITMAP
                   "<isofieldpackager id=\"48\" length=\"999\" name=\"X\" "
                   "class=\"org.jpos.iso.IFA_LLLBINARY\" %s packager=\"%s\">\n"
                   "<isofield id=\"%u\" length=\"9\" name=\"Y\" class=\"%s.%s\" %s/>\n"
                   "</isofieldpackager>\n",
                   tags[_i].around, tags[_i].packager, tags[_i].id, package_of(tags[_i].class),
                   tags[_i].class, tags[_i].more);
    struct iso_dialect *dialect = import_body("", body, &told);
    ck_assert_msg(dialect != NULL, "%s: %s", tags[_i].class, told.text);
    check_part(dialect, tags[_i].wire, tags[_i].path, tags[_i].value);
    dialect_free(dialect);
}
END_TEST

START_TEST(every_class_that_is_known_has_a_vector)
{
    const struct import_class *class;
    for (size_t i = 0; (class = import_class_at(i)) != NULL; i++) {
        bool has = class->kind == CLASS_REFUSED || class->kind == CLASS_NOTHING ||
                   class->kind == CLASS_BITMAP;
        for (size_t k = 0; k < ARRAY_COUNT(fields); k++) {
            has = has || strcmp(fields[k].class, class->name) == 0;
        }
        for (size_t k = 0; k < ARRAY_COUNT(tags); k++) {
            has = has || strcmp(tags[k].class, class->name) == 0;
        }
        ck_assert_msg(has, "%s", class->name);
    }
}
END_TEST

/* --- bitmaps, headers, composites --------------------------------------------------------------
 */

START_TEST(a_message_begins_as_elements_0_and_1_say)
{
    static const struct {
        const char *type;
        const char *bitmap;
        const char *head;
    } heads[] = {
        {"IFA_NUMERIC", "IFA_BITMAP", "30383030 30303030303030303030313030303030"},
        {"IFB_NUMERIC", "IFB_BITMAP", "0800 0000000000100000"},
        {"IFE_NUMERIC", "IFE_BITMAP", "F0F8F0F0 F0F0F0F0F0F0F0F0F0F0F1F0F0F0F0F0"},
        {"IF_CHAR", "IFB_BITMAP", "30383030 0000000000100000"},
        {"IFE_CHAR", "IFB_BITMAP", "F0F8F0F0 0000000000100000"},
    };
    char body[2048];
    for (size_t i = 0; i < ARRAY_COUNT(heads); i++) {
        struct told told = {.len = 0};
        (void)snprintf(
            body, sizeof body,
            "<isofield id=\"0\" length=\"4\" name=\"T\" class=\"org.jpos.iso.%s\"/>\n"
            "<isofield id=\"1\" length=\"16\" name=\"B\" class=\"org.jpos.iso.%s\"/>\n"
            "<isofield id=\"44\" length=\"2\" name=\"X\" class=\"org.jpos.iso.IF_CHAR\"/>\n",
            heads[i].type, heads[i].bitmap);
        struct iso_dialect *dialect = import_body("", body, &told);
        ck_assert_msg(dialect != NULL, "%s", told.text);
        decode(dialect, heads[i].head, "4142", heads[i].bitmap);
        ck_assert_uint_eq(wire.msg.mti, 0x0800);
        check_value("DE44", &dialect->field[44], iso_get(&wire.msg, 44), "AB");
        check_written(dialect, heads[i].bitmap);
        dialect_free(dialect);
    }
}
END_TEST

#define FIELD_44 "<isofield id=\"44\" length=\"2\" name=\"X\" class=\"org.jpos.iso.IF_CHAR\"/>\n"

START_TEST(a_header_stands_before_the_type)
{
    struct told told = {.len = 0};
    struct iso_dialect *dialect =
        import_body(" headerLength=\"3\"", TYPE_AND_BITMAP FIELD_44, &told);
    ck_assert_msg(dialect != NULL, "%s", told.text);
    decode(dialect, "112233" HEAD_44, "4142", "header");
    ck_assert_mem_eq(wire.msg.header.ptr, "\x11\x22\x33", 3);
    check_written(dialect, "header");
    dialect_free(dialect);
}
END_TEST

#define COMPOSITE(attrs, packager, parts)                                                          \
    TYPE_AND_BITMAP "<isofieldpackager id=\"48\" length=\"255\" name=\"C\" "                       \
                    "class=\"org.jpos.iso.IFA_LLLBINARY\" " attrs " packager=\"org.jpos." packager \
                    "\">\n" parts "</isofieldpackager>\n"
#define PART(id, length, class)                                                                    \
    "<isofield id=\"" #id "\" length=\"" #length "\" name=\"Part " #id                             \
    "\" class=\"org.jpos." class "\"/>\n"

/* clang-format off */
/* To add a layout: a row. */
static const struct {
    const char *body;
    const char *wire;
    const char *path;
    const char *value;
} composites[] = {
    /* One after the other from firstField on; what follows may be missing. */
    {COMPOSITE("emitBitmap=\"false\" firstField=\"0\"", "iso.packager.GenericSubFieldPackager",
               PART(0, 2, "iso.IF_CHAR") PART(1, 4, "iso.IFB_NUMERIC") PART(2, 3, "iso.IF_CHAR")),
     "4142 1234", "48.1", "1234"},
    {COMPOSITE("emitBitmap=\"false\"", "iso.packager.GenericSubFieldPackager",
               PART(0, 2, "iso.IF_CHAR") PART(1, 4, "iso.IFB_NUMERIC")),
     "1234", "48.1", "1234"},
    /* A bitmap in element 1: bit n is part n. */
    {COMPOSITE("", "iso.packager.GenericSubFieldPackager",
               PART(0, 0, "iso.IF_CHAR") PART(1, 8, "iso.IFB_BITMAP") PART(2, 9, "iso.IFA_LLCHAR") PART(3, 2, "iso.IF_CHAR")),
     "6000000000000000 3031 41 4243", "48.3", "BC"},
    /* A bitmap in element 0, and of 2 bytes. */
    {COMPOSITE("emitBitmap=\"true\" bitmapField=\"0\"", "iso.packager.GenericSubFieldPackager",
               PART(0, 2, "iso.IFB_BITMAP") PART(1, 2, "iso.IF_CHAR") PART(9, 2, "iso.IF_CHAR")),
     "8080 4142 4344", "48.9", "CD"},
    /* A bitmap of 16 bytes at most, whose bit 1 says that the second half is there. */
    {COMPOSITE("bitmapField=\"0\"", "iso.packager.GenericSubFieldPackager",
               PART(0, 16, "iso.IFB_BITMAP") PART(2, 2, "iso.IF_CHAR") PART(70, 2, "iso.IF_CHAR")),
     "C000000000000000 0400000000000000 4142 4344", "48.70", "CD"},
    {COMPOSITE("bitmapField=\"0\"", "iso.packager.GenericSubFieldPackager",
               PART(0, 16, "iso.IFB_BITMAP") PART(2, 2, "iso.IF_CHAR") PART(70, 2, "iso.IF_CHAR")),
     "4000000000000000 4142", "48.2", "AB"},
    /* The bitmap of Visa's fields: 8 bytes, and bit 1 is part 1. */
    {COMPOSITE("", "iso.packager.Base1SubFieldPackager",
               PART(0, 8, "iso.packager.Base1_BITMAP126") PART(1, 2, "iso.IFE_CHAR") PART(2, 2, "iso.IFE_CHAR")),
     "C000000000000000 C1C2 C3C4", "48.2", "CD"},
    /* A bitmap in hex characters, in EBCDIC too. */
    {COMPOSITE("bitmapField=\"0\"", "iso.packager.GenericSubFieldPackager",
               PART(0, 16, "iso.IFA_BITMAP") PART(2, 2, "iso.IF_CHAR")),
     "34303030303030303030303030303030 4142", "48.2", "AB"},
    {COMPOSITE("bitmapField=\"0\"", "iso.packager.GenericSubFieldPackager",
               PART(0, 2, "iso.IFE_BITMAP") PART(2, 2, "iso.IFE_CHAR")),
     "F4F0F0F0 C1C2", "48.2", "AB"},
    /* A packager of messages inside: its header, then its bitmap. */
    {COMPOSITE("bitmapField=\"0\" firstField=\"0\" headerLength=\"1\"", "iso.packager.GenericPackager",
               PART(0, 2, "iso.IFE_BITMAP") PART(2, 2, "iso.IFE_CHAR")),
     "07 F4F0F0F0 C1C2", "48.1.2", "AB"},
    /* What stands before tags. */
    {COMPOSITE("", "iso.packager.EuroSubFieldPackager",
               PART(0, 1, "iso.IF_CHAR") PART(23, 9, "iso.IFMC_LLCHAR")),
     "54 3233 3032 4142", "48.1.23", "AB"},
    /* A tag that no part names is kept. */
    {COMPOSITE("token=\"00\"", "tlv.packager.TaggedSequencePackager",
               "<isofield id=\"1\" length=\"9\" name=\"D\" token=\"##\" class=\"org.jpos.tlv.packager.IFTA_LLCHAR\"/>\n"),
     "3939 3032 4142", "48.99", "AB"},
    /* BER, in bytes and in characters. */
    {COMPOSITE("", "tlv.packager.bertlv.BERTLVBinaryPackager", ""), "9F2602DEAD 820139", "48.9F26", "DEAD"},
    {COMPOSITE("", "tlv.packager.bertlv.BERTLVAsciiHexPackager", ""), "38323032 44454144", "48.82", "DEAD"},
    {COMPOSITE("", "tlv.packager.bertlv.BERTLVEbcdicHexPackager", ""), "F8F2F0F2 C4C5C1C4", "48.82", "DEAD"},
    {COMPOSITE("", "iso.packager.ICCDataPackager", ""), "9F2602DEAD", "48.9F26", "DEAD"},
    {COMPOSITE("", "iso.packager.DatasetPackager", ""), "01 0005 9F2602DEAD", "48.01.9F26", "DEAD"},
    /* Data sets above 70 have a bitmap; one that another byte follows, too. */
    {COMPOSITE("", "iso.packager.DatasetPackager", PART(2, 9, "iso.IFB_LLCHAR") PART(6, 2, "iso.IF_CHAR")),
     "71 0007 2200 02 4142 4344", "48.71.6", "CD"},
    {COMPOSITE("", "iso.packager.DatasetPackager", PART(2, 9, "iso.IFB_LLCHAR") PART(16, 2, "iso.IF_CHAR")),
     "71 0008 A000 40 02 4142 4344", "48.71.16", "CD"},
    {COMPOSITE("", "iso.packager.DatasetPackager", PART(2, 9, "iso.IFB_LLCHAR")),
     "01 0005 9F2602DEAD", "48.01.9F26", "DEAD"},
    /* To any depth. */
    {COMPOSITE("emitBitmap=\"false\"", "iso.packager.GenericSubFieldPackager",
               PART(1, 2, "iso.IF_CHAR")
               "<isofieldpackager id=\"2\" length=\"99\" name=\"Inner\" class=\"org.jpos.iso.IFA_LLBINARY\" bitmapField=\"0\" "
               "packager=\"org.jpos.iso.packager.GenericSubFieldPackager\">\n"
               PART(0, 1, "iso.IFB_BITMAP")
               "<isofieldpackager id=\"3\" length=\"9\" name=\"Inmost\" class=\"org.jpos.iso.IFA_LLCHAR\" "
               "packager=\"org.jpos.iso.packager.EuroSubFieldPackager\">\n"
               PART(7, 9, "iso.IFMC_LLCHAR") "</isofieldpackager>\n</isofieldpackager>\n"),
     "4142 3039 20 3036 3037 3032 5859", "48.2.3.07", "XY"},
};
/* clang-format on */

START_TEST(a_composite_is_read_as_its_packager_does)
{
    struct told told = {.len = 0};
    struct iso_dialect *dialect = import_body("", composites[_i].body, &told);
    ck_assert_msg(dialect != NULL, "%s", told.text);
    check_part(dialect, composites[_i].wire, composites[_i].path, composites[_i].value);
    dialect_free(dialect);
}
END_TEST

START_TEST(the_third_bitmap_is_where_it_is_said)
{
    struct told told = {.len = 0};
    struct iso_dialect *dialect =
        import_body(" thirdBitmapField=\"65\"",
                    TYPE_AND_BITMAP PART(65, 8, "iso.IFB_BITMAP") PART(66, 2, "iso.IF_CHAR")
                        PART(130, 2, "iso.IF_CHAR"),
                    &told);
    ck_assert_msg(dialect != NULL, "%s", told.text);
    decode(dialect, "30383030 8000000000000000 C000000000000000", "4000000000000000 4142 4344",
           "65");
    check_value("DE66", &dialect->field[66], iso_get(&wire.msg, 66), "AB");
    check_value("DE130", &dialect->field[130], iso_get(&wire.msg, 130), "CD");
    dialect_free(dialect);
}
END_TEST

/* --- notes and masks ---------------------------------------------------------------------------
 */

START_TEST(what_is_harmless_is_noted_and_stands_in_the_file)
{
    struct told told = {.len = 0};
    struct iso_dialect *dialect = import_body(
        "", TYPE_AND_BITMAP PART(44, 255, "iso.IFB_LLCHAR") PART(44, 100, "iso.IFB_LLCHAR"), &told);
    ck_assert_ptr_nonnull(dialect);
    ck_assert_uint_eq(dialect->field[44].len, 99);
    ck_assert_str_eq(told.text, "p.xml:5:27: note: length 255 is taken as 99: no more can be told\n"
                                "p.xml:6:15: note: element 44 is there again: the later counts\n"
                                "p.xml:6:27: note: length 100 is taken as 99: no more can be told");
    ck_assert_ptr_nonnull(strstr((char *)yaml, "# Line 6: element 44 is there again"));
    dialect_free(dialect);
}
END_TEST

START_TEST(card_data_are_masked_without_a_word_of_it_in_the_file)
{
    struct told told = {.len = 0};
    struct iso_dialect *dialect = import_body(
        "",
        TYPE_AND_BITMAP PART(2, 19, "iso.IFA_LLNUM") PART(35, 37, "iso.IFA_LLNUM") PART(
            52, 8, "iso.IFA_BINARY") "<isofieldpackager id=\"48\" length=\"255\" name=\"C\" "
                                     "class=\"org.jpos.iso.IFA_LLLCHAR\" "
                                     "emitBitmap=\"false\" "
                                     "packager=\"org.jpos.iso.packager.GenericSubFieldPackager\">\n"
                                     "<isofield id=\"1\" length=\"3\" name=\"CVV2 data\" "
                                     "class=\"org.jpos.iso.IF_CHAR\"/>\n"
                                     "<isofield id=\"2\" length=\"3\" name=\"Company\" "
                                     "class=\"org.jpos.iso.IF_CHAR\"/>\n"
                                     "</isofieldpackager>\n",
        &told);
    ck_assert_ptr_nonnull(dialect);
    ck_assert_int_eq(dialect->field[2].mask, ISO_MASK_PAN);
    ck_assert_int_eq(dialect->field[35].mask, ISO_MASK_ALL);
    ck_assert_int_eq(dialect->field[35].content, ISO_Z);
    ck_assert_int_eq(dialect->field[52].mask, ISO_MASK_ALL);
    ck_assert_int_eq(dialect->field[48].parts->rows[0].row.mask, ISO_MASK_ALL);
    ck_assert_int_eq(dialect->field[48].parts->rows[1].row.mask, ISO_SHOW);
    dialect_free(dialect);
}
END_TEST

/* --- refusals ----------------------------------------------------------------------------------
 */

/* clang-format off */
/* To add a case: the elements behind 0 and 1 (which are lines 3 and 4), and every byte told. */
static const struct {
    const char *body;
    const char *told;
} refusals[] = {
    {PART(44, 9, "iso.IFMC_TCC"),
     "p.xml:5:52: error: the class org.jpos.iso.IFMC_TCC cannot be expressed: it is there only if a letter or a space stands in its place\n"
     "      5 | <isofield id=\"44\" length=\"9\" name=\"Part 44\" class=\"org.jpos.iso.IFMC_TCC\"/>\n"
     "        |                                                    ^^^^^^^^^^^^^^^^^^^^^"},
    {PART(44, 9, "iso.IFA_LLCHR"),
     "p.xml:5:52: error: the class org.jpos.iso.IFA_LLCHR is not known; did you mean IFA_LLCHAR?\n"
     "      5 | <isofield id=\"44\" length=\"9\" name=\"Part 44\" class=\"org.jpos.iso.IFA_LLCHR\"/>\n"
     "        |                                                    ^^^^^^^^^^^^^^^^^^^^^^"},
    {"<isofield id=\"44\" length=\"9\" class=\"com.example.IFA_LLCHAR\"/>\n",
     "p.xml:5:37: error: the class com.example.IFA_LLCHAR is not known\n"
     "      5 | <isofield id=\"44\" length=\"9\" class=\"com.example.IFA_LLCHAR\"/>\n"
     "        |                                     ^^^^^^^^^^^^^^^^^^^^^^"},
    {"<isofield id=\"44\" class=\"org.jpos.iso.IFA_LLCHAR\"/>\n",
     "p.xml:5:1: error: the attribute 'length' is missing\n"
     "      5 | <isofield id=\"44\" class=\"org.jpos.iso.IFA_LLCHAR\"/>\n"
     "        | ^^^^^^^^^"},
    {"<isofield id=\"x\" length=\"9\" class=\"org.jpos.iso.IFA_LLCHAR\"/>\n",
     "p.xml:5:15: error: id=\"x\" is not a number from 0 to 192\n"
     "      5 | <isofield id=\"x\" length=\"9\" class=\"org.jpos.iso.IFA_LLCHAR\"/>\n"
     "        |               ^"},
    {"<isofield id=\"44\" length=\"9\" class=\"org.jpos.iso.IF_TCHAR\" token=\"--\"/>\n",
     "p.xml:5:67: error: the class org.jpos.iso.IF_TCHAR needs a token of one character\n"
     "      5 | <isofield id=\"44\" length=\"9\" class=\"org.jpos.iso.IF_TCHAR\" token=\"--\"/>\n"
     "        |                                                                   ^^"},
    {"<isofield id=\"44\" length=\"5\" class=\"org.jpos.iso.IFB_HEX\"/>\n",
     "p.xml:5:27: error: the class org.jpos.iso.IFB_HEX with an odd length cannot be expressed\n"
     "      5 | <isofield id=\"44\" length=\"5\" class=\"org.jpos.iso.IFB_HEX\"/>\n"
     "        |                           ^"},
    {"<isofieldvalidator class=\"x\"/>\n",
     "p.xml:5:1: error: an element 'isofieldvalidator' is not known here\n"
     "      5 | <isofieldvalidator class=\"x\"/>\n"
     "        | ^^^^^^^^^^^^^^^^^^"},
    {"<isofieldpackager id=\"48\" length=\"9\" class=\"org.jpos.iso.IFA_LLLCHAR\"\n packager=\"com.example.Own\"/>\n",
     "p.xml:6:12: error: the packager com.example.Own is not known\n"
     "      6 |  packager=\"com.example.Own\"/>\n"
     "        |            ^^^^^^^^^^^^^^^"},
    {"<isofieldpackager id=\"48\" length=\"9\" class=\"org.jpos.iso.IFA_LLLCHAR\"\n"
     " packager=\"org.jpos.iso.packager.GenericTaggedFieldsPackager\" tagMapper=\"com.example.Map\">\n"
     PART(1, 9, "iso.IFA_TTLLCHAR") "</isofieldpackager>\n",
     "p.xml:6:74: error: the tagMapper com.example.Map cannot be expressed: which tag is which number is not known\n"
     "      6 |  packager=\"org.jpos.iso.packager.GenericTaggedFieldsPackager\" tagMapper=\"com.example.Map\">\n"
     "        |                                                                          ^^^^^^^^^^^^^^^"},
    {"<isofieldpackager id=\"48\" length=\"9\" class=\"org.jpos.iso.IFA_LLLCHAR\"\n"
     " packager=\"org.jpos.iso.packager.EuroSubFieldPackager\">\n"
     PART(1, 9, "iso.IFMC_LLCHAR") PART(2, 9, "iso.IFMC_LLLCHAR") "</isofieldpackager>\n",
     "p.xml:8:50: error: the class org.jpos.iso.IFMC_LLLCHAR cannot be expressed beside org.jpos.iso.IFMC_LLCHAR: their tags or lengths differ\n"
     "      8 | <isofield id=\"2\" length=\"9\" name=\"Part 2\" class=\"org.jpos.iso.IFMC_LLLCHAR\"/>\n"
     "        |                                                  ^^^^^^^^^^^^^^^^^^^^^^^^^"},
};
/* clang-format on */

START_TEST(each_refusal_names_class_and_line)
{
    char body[4096];
    struct told told = {.len = 0};
    (void)snprintf(body, sizeof body, TYPE_AND_BITMAP "%s", refusals[_i].body);
    struct iso_dialect *dialect = import_body("", body, &told);
    ck_assert_msg(strcmp(told.text, refusals[_i].told) == 0, "told:\n%s\nwanted:\n%s", told.text,
                  refusals[_i].told);
    ck_assert_ptr_null(dialect);
}
END_TEST

START_TEST(what_is_no_packager_is_told)
{
    static const struct {
        const char *attrs;
        const char *body;
        const char *told;
    } rows[] = {
        {"", FIELD_44, "p.xml:2:1: error: element 0 is missing: it is no packager of messages"},
        {" emitBitmap=\"false\"", TYPE_AND_BITMAP,
         "p.xml:2:26: error: a message without a bitmap cannot be expressed"},
        {" bitmapField=\"0\"", TYPE_AND_BITMAP,
         "p.xml:2:27: error: a bitmap in element 0 cannot be expressed: it is element 1"},
        {" thirdBitmapField=\"127\"", TYPE_AND_BITMAP,
         "p.xml:2:32: error: a third bitmap in element 127 cannot be expressed: it is element 65"},
        {"", TYPE_AND_BITMAP PART(130, 2, "iso.IF_CHAR"),
         "p.xml:2:1: error: element 130 cannot be expressed: there is no third bitmap"},
        {"", "<isofield", "p.xml:3:"},
        {"", TYPE_AND_BITMAP "<a/>", "p.xml:5:1: error: an element 'a' is not known here"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct told told = {.len = 0};
        ck_assert_ptr_null(import_body(rows[i].attrs, rows[i].body, &told));
        ck_assert_msg(strncmp(told.text, rows[i].told, strlen(rows[i].told)) == 0,
                      "told:\n%s\nwanted:\n%s", told.text, rows[i].told);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("import-packager");
    TCase *tcase = tcase_create("import-packager");
    tcase_add_loop_test(tcase, a_field_is_read_and_written_as_its_class_does, 0,
                        ARRAY_COUNT(fields));
    tcase_add_loop_test(tcase, a_part_with_a_tag_is_read_as_its_class_does, 0, ARRAY_COUNT(tags));
    tcase_add_test(tcase, every_class_that_is_known_has_a_vector);
    tcase_add_test(tcase, a_message_begins_as_elements_0_and_1_say);
    tcase_add_test(tcase, a_header_stands_before_the_type);
    tcase_add_loop_test(tcase, a_composite_is_read_as_its_packager_does, 0,
                        ARRAY_COUNT(composites));
    tcase_add_test(tcase, the_third_bitmap_is_where_it_is_said);
    tcase_add_test(tcase, what_is_harmless_is_noted_and_stands_in_the_file);
    tcase_add_test(tcase, card_data_are_masked_without_a_word_of_it_in_the_file);
    tcase_add_loop_test(tcase, each_refusal_names_class_and_line, 0, ARRAY_COUNT(refusals));
    tcase_add_test(tcase, what_is_no_packager_is_told);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
