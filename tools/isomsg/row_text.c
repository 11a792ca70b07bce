#include "tools/isomsg/row_text.h"

#include <stdio.h>

static const char *const content_names[] = {
    [ISO_NONE] = "-",  [ISO_N] = "n", [ISO_A] = "a", [ISO_AN] = "an",
    [ISO_ANS] = "ans", [ISO_B] = "b", [ISO_Z] = "z", [ISO_XN] = "xn",
};

/* To add a coding of the codec: its row. */
static const char *const coding_names[ISO_CODINGS] = {
    [ISO_ASCII] = "ascii",   [ISO_BCD] = "bcd",
    [ISO_BINARY] = "binary", [ISO_HEX] = "hex",
    [ISO_CP500] = "cp500",   [ISO_CP037] = "cp037",
    [ISO_CP1047] = "cp1047", [ISO_HEX_EBCDIC] = "hex_ebcdic",
};

const char *content_name(unsigned content)
{
    return content < ARRAY_COUNT(content_names) ? content_names[content] : "?";
}

const char *coding_name(unsigned coding)
{
    return coding < ARRAY_COUNT(coding_names) ? coding_names[coding] : "?";
}

const char *row_text(const struct iso_field_row *row, char out[ROW_TEXT_LEN])
{
    static const char prefixes[] = "LLLLLL";
    int prefix = row->prefix < sizeof prefixes ? row->prefix : (int)sizeof prefixes - 1;
    int len = snprintf(out, ROW_TEXT_LEN, "%.*s%s%u,%s", prefix, prefixes,
                       content_name(row->content), (unsigned)row->len, coding_name(row->coding));
    if (row->prefix != 0 && len > 0 && len < ROW_TEXT_LEN) {
        (void)snprintf(out + len, ROW_TEXT_LEN - (size_t)len, ",%s",
                       coding_name(row->prefix_coding));
    }
    return out;
}

/* --- tweaks ------------------------------------------------------------------------------------
 */

static void bitmap_both(struct iso_dialect *dialect)
{
    dialect->bitmap_fixed = 1;
}

/* Hex characters are of the set that the MTI is written in. */
static uint8_t hex_of(const struct iso_dialect *dialect)
{
    return dialect->mti_coding == ISO_CP500 ? ISO_HEX_EBCDIC : ISO_HEX;
}

static void bitmap_hex(struct iso_dialect *dialect)
{
    dialect->bitmap_coding = hex_of(dialect);
}

static void bitmap_binary(struct iso_dialect *dialect)
{
    dialect->bitmap_coding = ISO_BINARY;
}

/* PIN blocks, MACs and the like: the elements of bytes without a length. */
static void bits_set(struct iso_dialect *dialect, uint8_t coding)
{
    for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
        struct iso_field_row *row = &dialect->field[de];
        if (row->content == ISO_B && row->prefix == 0) {
            row->coding = coding;
        }
    }
}

static void bits_hex(struct iso_dialect *dialect)
{
    bits_set(dialect, hex_of(dialect));
}

static void bits_binary(struct iso_dialect *dialect)
{
    bits_set(dialect, ISO_BINARY);
}

/* To add a tweak: a function above and a row. Doctor tries all of them. */
static const struct {
    const char *text;
    void (*apply)(struct iso_dialect *dialect);
    const char *about;
} tweaks[] = {
    {"bitmap=hex", bitmap_hex, "the bitmap is hex characters"},
    {"bitmap=binary", bitmap_binary, "the bitmap is bytes"},
    {"bitmap=both", bitmap_both, "both bitmaps are always there, and bit 1 is 0"},
    {"bits=hex", bits_hex, "PIN block and MAC are hex characters"},
    {"bits=binary", bits_binary, "PIN block and MAC are bytes"},
};

const char *tweak_at(size_t index, const char **about)
{
    if (index >= ARRAY_COUNT(tweaks)) {
        return NULL;
    }
    *about = tweaks[index].about;
    return tweaks[index].text;
}

/* The index of the longest of @names that @text begins with, or -1. */
static int name_match(const char *const *names, size_t count, struct span text)
{
    int best = -1;
    size_t best_len = 0;
    for (size_t i = 0; i < count; i++) {
        size_t len = names[i] == NULL ? 0 : strlen(names[i]);
        if (len > best_len && len <= text.len && memcmp(text.ptr, names[i], len) == 0) {
            best = (int)i;
            best_len = len;
        }
    }
    return best;
}

/* What stands in front of the next comma; @text goes on behind it. */
static struct span part_take(struct span *text)
{
    const uint8_t *comma = text->len == 0 ? NULL : memchr(text->ptr, ',', text->len);
    size_t len = comma == NULL ? text->len : (size_t)(comma - text->ptr);
    struct span part = span_first(*text, len);
    *text = span_skip(*text, comma == NULL ? len : len + 1);
    return part;
}

static int coding_read(struct span text, uint8_t *coding)
{
    int found = name_match(coding_names, ARRAY_COUNT(coding_names), text);
    if (found < 0 || strlen(coding_names[found]) != text.len) {
        return ERR_USAGE;
    }
    *coding = (uint8_t)found;
    return 0;
}

/* "LLLb255,binary,bcd" over @row. */
static int row_read(struct span text, struct iso_field_row *row)
{
    struct span shape = part_take(&text);
    size_t prefix = 0;
    while (prefix < shape.len && shape.ptr[prefix] == 'L') {
        prefix++;
    }
    shape = span_skip(shape, prefix);
    int content = name_match(content_names, ARRAY_COUNT(content_names), shape);
    if (prefix > 6 || content <= ISO_NONE) {
        return ERR_USAGE;
    }
    shape = span_skip(shape, strlen(content_names[content]));
    uint64_t len = row->len;
    if (shape.len != 0 && (span_number(shape, &len) < 0 || len < 1 || len > 9999)) {
        return ERR_USAGE;
    }
    if (content == ISO_B && row->content != ISO_B) {
        row->coding = ISO_BINARY;
    }
    row->content = (uint8_t)content;
    row->prefix = (uint8_t)prefix;
    row->len = (uint16_t)len;
    if (text.len != 0) {
        TRY(coding_read(part_take(&text), &row->coding));
    }
    if (text.len != 0) {
        TRY(coding_read(part_take(&text), &row->prefix_coding));
    }
    return text.len == 0 && row->len != 0 ? 0 : ERR_USAGE;
}

int tweak_apply(struct iso_dialect *dialect, struct span text, char why[TWEAK_WHY_LEN])
{
    for (size_t i = 0; i < ARRAY_COUNT(tweaks); i++) {
        if (span_equal_text(text, tweaks[i].text)) {
            tweaks[i].apply(dialect);
            dialect_compile(dialect);
            return 0;
        }
    }
    const uint8_t *equals = text.len == 0 ? NULL : memchr(text.ptr, '=', text.len);
    uint64_t de = 0;
    if (equals == NULL || span_number(span_first(text, (size_t)(equals - text.ptr)), &de) < 0 ||
        de < 2 || de > ISO_DE_MAX) {
        (void)snprintf(why, TWEAK_WHY_LEN, "'+%.*s': no such change of a dialect",
                       (int)span_first(text, 40).len, (const char *)text.ptr);
        return ERR_USAGE;
    }
    struct iso_field_row *row = &dialect->field[de];
    struct iso_field_row changed = *row;
    if (row_read(span_skip(text, (size_t)(equals - text.ptr) + 1), &changed) < 0) {
        (void)snprintf(why, TWEAK_WHY_LEN,
                       "'+%.*s': a row is written like LLLb255,binary,bcd or n6",
                       (int)span_first(text, 40).len, (const char *)text.ptr);
        return ERR_USAGE;
    }
    if (changed.name == NULL) {
        changed.name = "";
    }
    const char *flaw = dialect_row_flaw(&changed);
    if (flaw != NULL) {
        (void)snprintf(why, TWEAK_WHY_LEN, "'+%.*s': %s", (int)span_first(text, 40).len,
                       (const char *)text.ptr, flaw);
        return ERR_USAGE;
    }
    *row = changed;
    row->op = dialect_row_op(row);
    return 0;
}
