/* Every golden message whose dialect is built in, or differs from one only by the overrides that
 * the vector names, decodes to exactly its fields and is written back to the same bytes. */
#include <jansson.h>
#include <stdio.h>

#include "tests/unit/iso8583/wire.h"

static struct wire wire;

/* What a vector does that no field_overrides say. To add one: a row. */
enum quirk { QUIRK_NONE, QUIRK_TRACK_PAD_0, QUIRK_TRACK_D };

static const struct {
    const char *id;
    enum quirk quirk;
} quirks[] = {
    {"M05", QUIRK_TRACK_PAD_0}, /* fills the odd digit of DE35 with 0 for F */
    {"M40", QUIRK_TRACK_D},     /* writes the separator of DE35 as the letter D */
    {"M42", QUIRK_TRACK_D},     {"M43", QUIRK_TRACK_D}, {"M44", QUIRK_TRACK_D},
};

static enum quirk quirk_of(const char *id)
{
    for (size_t i = 0; i < ARRAY_COUNT(quirks); i++) {
        if (strcmp(quirks[i].id, id) == 0) {
            return quirks[i].quirk;
        }
    }
    return QUIRK_NONE;
}

static const char *text_of(const json_t *vector, const char *key)
{
    const char *text = json_string_value(json_object_get(vector, key));
    return text != NULL ? text : "";
}

/* The dialect that a vector's words mean. To add one: a row; the first that fits. */
static const struct {
    const char *words;
    const char *bitmap;
    const char *dialect;
} dialects[] = {
    {"1987 EBCDIC", "ehex", "iso87_ebcdic"},
    {"1987 ASCII", "ahex", "iso87_asciihex"},
    {"1987 ASCII", "", "iso87_ascii"},
    {"1987, ASCII", "", "iso87_ascii"},
    {"1987", "", "iso87_bcd"},
    {"1993 MTI, BCD", "", "iso93_bcd"},
    {"1993 Mastercard IPM", "", "ipm_ascii"},
    {"1993 ASCII", "", "iso93_ascii"},
    {"same, EBCDIC cp500", "", "ipm_ebcdic"},
};

static const struct iso_dialect *base_of(const json_t *vector)
{
    for (size_t i = 0; i < ARRAY_COUNT(dialects); i++) {
        if (strncmp(text_of(vector, "dialect"), dialects[i].words, strlen(dialects[i].words)) ==
                0 &&
            strncmp(text_of(vector, "bitmap"), dialects[i].bitmap, strlen(dialects[i].bitmap)) ==
                0) {
            return dialect_named(dialects[i].dialect);
        }
    }
    ck_abort_msg("%s: no such dialect", text_of(vector, "dialect"));
}

/* The override @kind ("LLLb:BB", "LLLa", "n", ...) of @row: n for digits, b for any byte, a for
 * text in EBCDIC or any byte, :BB for a BCD prefix of two bytes. */
static void override(struct iso_field_row *row, const char *kind, size_t max)
{
    size_t prefix = strspn(kind, "L");
    bool ebcdic = row->coding == ISO_CP500;
    bool hex = row->coding == ISO_HEX && max == 2u * row->len;
    if (prefix == row->prefix && (hex || (max == row->len && row->content != ISO_ANS))) {
        return; /* the dialect says the same */
    }
    ck_assert_msg(strchr("abn", kind[prefix]) != NULL, "unknown override %s", kind);
    row->content = kind[prefix] == 'n' ? ISO_N : ISO_B;
    row->coding = kind[prefix] == 'n' ? row->coding : ISO_BINARY;
    if (kind[prefix] == 'a' && (ebcdic || row->prefix_coding == ISO_CP500)) {
        row->content = ISO_ANS;
        row->coding = ISO_CP500;
    }
    row->prefix = (uint8_t)prefix;
    row->len = (uint16_t)max;
    if (strstr(kind, ":BB") != NULL) {
        row->prefix_coding = ISO_BCD;
    }
}

/* The number that a key names. */
static unsigned json_de(const char *key)
{
    uint64_t de = 0;
    ck_assert(span_number(span_text(key), &de) == 0 && de >= 2 && de <= ISO_DE_MAX);
    return (unsigned)de;
}

static struct iso_dialect dialect_of(const json_t *vector)
{
    const char *bitmap = text_of(vector, "bitmap");
    struct iso_dialect dialect = *base_of(vector);
    dialect.bitmap_fixed = strcmp(bitmap, "ahex32") == 0;
    if (strcmp(bitmap, "ehex") == 0) {
        dialect.bitmap_coding = ISO_HEX_EBCDIC;
    }
    const char *de;
    json_t *rule;
    json_object_foreach(json_object_get(vector, "field_overrides"), de, rule)
    {
        override(&dialect.field[json_de(de)], json_string_value(json_array_get(rule, 0)),
                 (size_t)json_integer_value(json_array_get(rule, 1)));
    }
    switch (quirk_of(text_of(vector, "id"))) {
    case QUIRK_TRACK_PAD_0:
        dialect.field[35].pad = ISO_PAD_0_BEHIND;
        break;
    case QUIRK_TRACK_D:
        dialect.field[35].separator = 'D';
        break;
    case QUIRK_NONE:
        break;
    }
    dialect_compile(&dialect);
    return dialect;
}

/* The canonical bytes that the vector's @text stands for: hex in elements of bytes, else characters
 * (those above 7F as two of UTF-8), with = as separator of tracks. */
static struct span canonical(unsigned de, const json_t *text, uint8_t *out)
{
    struct span in = span_make(json_string_value(text), json_string_length(text));
    size_t len = 0;
    bool hex = de == 52 || de == 55 || de == 64 || de == 128;
    if (hex && wire.msg.dialect->field[de].content == ISO_B) {
        ck_assert_int_eq(hex_decode(in, out), 0);
        return span_make(out, in.len / 2);
    }
    for (size_t i = 0; i < in.len; i++) {
        uint8_t byte = in.ptr[i];
        if (byte >= 0xC2 && byte <= 0xC3) {
            byte = (uint8_t)((byte & 3u) << 6 | (in.ptr[++i] & 0x3Fu));
        } else if (de == 35 && (byte | 0x20) == 'd') {
            byte = '=';
        }
        out[len++] = byte;
    }
    return span_make(out, len);
}

static void assert_fields(const char *id, const json_t *fields)
{
    unsigned count = 0;
    for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
        char key[8];
        uint8_t bytes[WIRE_LEN_MAX];
        snprintf(key, sizeof key, "%u", de);
        const json_t *value = json_object_get(fields, key);
        ck_assert_msg(iso_has(&wire.msg, de) == (value != NULL), "%s: DE%u", id, de);
        if (value != NULL) {
            struct span expected = canonical(de, value, bytes);
            ck_assert_msg(span_equal(iso_get(&wire.msg, de), expected), "%s: DE%u", id, de);
            count++;
        }
    }
    ck_assert_uint_eq(count, json_object_size(fields));
    ck_assert_uint_gt(count, 0);
}

static void assert_written_back(const char *id, const struct iso_dialect *dialect,
                                struct span original)
{
    uint8_t buffer[WIRE_LEN_MAX];
    struct writer out = writer_make(buffer, sizeof buffer);
    char text[ISO_TEXT_LEN_MAX];
    int result = iso_encode(&wire.msg, dialect, &out, &wire.error);
    ck_assert_msg(result == 0, "%s: %s", id,
                  iso_error_text(&wire.error, dialect, text, sizeof text));
    ck_assert_msg(span_equal(writer_written(&out), original), "%s", id);
}

static struct span bytes_of(const json_t *vector, uint8_t *out)
{
    struct span hex = span_text(text_of(vector, "hex"));
    size_t skip = (size_t)json_integer_value(json_object_get(vector, "skip"));
    size_t trail = (size_t)json_integer_value(json_object_get(vector, "trail"));
    ck_assert_uint_le(hex.len / 2, WIRE_LEN_MAX);
    ck_assert_int_eq(hex_decode(hex, out), 0);
    return span_make(out + skip, hex.len / 2 - skip - trail);
}

static json_t *vectors_load(void)
{
    json_error_t error;
    json_t *root = json_load_file(VECTORS "/messages.json", JSON_ALLOW_NUL, &error);
    ck_assert_msg(root != NULL, "%s:%d: %s", VECTORS "/messages.json", error.line, error.text);
    return root;
}

START_TEST(golden_messages_decode_to_their_fields_and_back)
{
    json_t *root = vectors_load();
    size_t index;
    json_t *vector;
    unsigned done = 0;
    json_array_foreach(json_object_get(root, "messages"), index, vector)
    {
        const char *id = text_of(vector, "id");
        if (json_object_get(vector, "negative") != NULL) {
            continue; /* the next test */
        }
        uint8_t bytes[WIRE_LEN_MAX];
        struct span message = bytes_of(vector, bytes);
        struct iso_dialect dialect = dialect_of(vector);
        char text[ISO_TEXT_LEN_MAX];
        int result = wire_decode(&wire, &dialect, message);
        ck_assert_msg(result == 0, "%s: %s", id,
                      iso_error_text(&wire.error, &dialect, text, sizeof text));
        assert_fields(id, json_object_get(vector, "fields"));
        assert_written_back(id, &dialect, message);
        done++;
    }
    printf("%u vectors decoded and written back\n", done);
    ck_assert_uint_eq(done, 26);
    json_decref(root);
}
END_TEST

START_TEST(negative_vector_tells_element_length_and_place)
{
    json_t *root = vectors_load();
    size_t index;
    json_t *vector;
    unsigned done = 0;
    json_array_foreach(json_object_get(root, "messages"), index, vector)
    {
        if (json_object_get(vector, "negative") == NULL) {
            continue;
        }
        uint8_t bytes[WIRE_LEN_MAX];
        struct iso_dialect dialect = dialect_of(vector);
        ck_assert_str_eq(text_of(vector, "id"), "M14");
        ck_assert_str_eq(text_of(vector, "negative"), "F55 len 3737>255 at 101");
        ck_assert_int_eq(wire_decode(&wire, &dialect, bytes_of(vector, bytes)), ERR_LENGTH);
        ck_assert_uint_eq(wire.error.de, 55);
        ck_assert_uint_eq(wire.error.at + 2u, 101); /* the vector counts behind the prefix */
        ck_assert_uint_eq(wire.error.got, 3737);
        ck_assert_uint_eq(wire.error.expected, 255);
        ck_assert(iso_has(&wire.msg, 41) && !iso_has(&wire.msg, 55));
        done++;
    }
    ck_assert_uint_eq(done, 1);
    json_decref(root);
}
END_TEST

SUITE_MAIN("vectors", golden_messages_decode_to_their_fields_and_back,
           negative_vector_tells_element_length_and_place)
