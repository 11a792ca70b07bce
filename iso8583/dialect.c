#include "iso8583/dialect.h"

#include <string.h>

#include "iso8583/dialects/dialects.h"
#include "iso8583/op.h"

/* To add a built-in dialect: its file in dialects/, its declaration in dialects/dialects.h, and one
 * row here. */
static const struct iso_dialect *const dialects[] = {
    &iso87_ascii, &iso87_asciihex, &iso87_bcd, &iso87_ebcdic, &iso93_ascii,
    &iso93_bcd,   &iso2003,        &base1,     &ipm_ascii,    &ipm_ebcdic,
};

const struct iso_dialect *dialect_at(size_t index)
{
    return index < ARRAY_COUNT(dialects) ? dialects[index] : NULL;
}

const struct iso_dialect *dialect_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(dialects); i++) {
        if (strcmp(dialects[i]->name, name) == 0) {
            return dialects[i];
        }
    }
    return NULL;
}

static bool is_text(enum iso_content content)
{
    return content == ISO_A || content == ISO_AN || content == ISO_ANS;
}

static const char *coding_flaw(const struct iso_field_row *row)
{
    switch ((enum iso_coding)row->coding) {
    case ISO_ASCII:
    case ISO_CP500:
    case ISO_CP037:
    case ISO_CP1047:
        return row->content == ISO_B ? "bytes are binary or hex" : NULL;
    case ISO_BCD:
        return row->content == ISO_B || is_text(row->content) ? "bcd holds digits only" : NULL;
    case ISO_BINARY:
    case ISO_HEX:
    case ISO_HEX_EBCDIC:
        return row->content != ISO_B ? "binary and hex hold bytes only" : NULL;
    }
    return "no such coding";
}

static const char *prefix_flaw(const struct iso_field_row *row)
{
    bool prefixed = row->extent == ISO_EXTENT_USUAL
                        ? row->prefix != 0
                        : row->extent == ISO_EXTENT_FILLED || row->extent == ISO_EXTENT_AREA;
    if (!prefixed) {
        return row->prefix != 0 ? "a value that ends by itself has no length prefix" : NULL;
    }
    switch (row->prefix_coding) {
    case ISO_ASCII:
    case ISO_BCD:
    case ISO_CP500:
    case ISO_CP037:
    case ISO_CP1047:
        return row->prefix == 0 || row->prefix > 6 ? "a length prefix has 1 to 6 digits" : NULL;
    case ISO_BINARY:
        return row->prefix == 0 || row->prefix > 3 ? "a length prefix has 1 to 3 bytes" : NULL;
    default:
        return "a length prefix is ascii, bcd, ebcdic or binary";
    }
}

static const char *rest_flaw(const struct iso_field_row *row)
{
    bool zoned = row->sign == ISO_SIGN_ZONED;
    bool ebcdic = ISO_IS_EBCDIC(row->coding);
    bool spaces = row->fill == ISO_FILL_SPACE_FRONT || row->fill == ISO_FILL_SPACE_BEHIND;
    bool bytes = row->content == ISO_B;
    bool front = row->fill == ISO_FILL_SPACE_FRONT || row->fill == ISO_FILL_ZERO_FRONT;
    if (zoned && !ebcdic) {
        return "a zoned sign is ebcdic";
    }
    if (row->content == ISO_XN && (row->len < 2 || spaces)) {
        return "an amount has a sign and digits, filled with zeros";
    }
    if (spaces && (bytes || row->coding == ISO_BCD)) {
        return "spaces fill characters only";
    }
    if (row->content == ISO_XN && row->fill == ISO_FILL_ZERO_BEHIND) {
        return "an amount is filled in front";
    }
    if (row->extent == ISO_EXTENT_AREA && (front || row->content == ISO_XN)) {
        return "an area is filled behind";
    }
    if (row->extent == ISO_EXTENT_AREA && row->coding == ISO_BCD) {
        return "an area holds characters or bytes";
    }
    if (row->separator != 0 && row->separator != '=' && row->separator != 'D') {
        return "the separator of a track is = or D";
    }
    return NULL;
}

const char *dialect_row_flaw(const struct iso_field_row *row)
{
    if (row->content == ISO_NONE || row->content > ISO_XN) {
        return "no such content";
    }
    if (row->name == NULL || row->len == 0) {
        return row->name == NULL ? "no name" : "no length";
    }
    if (row->mask > ISO_MASK_ALL || row->pad > ISO_PAD_F_FRONT ||
        row->fill > ISO_FILL_ZERO_BEHIND || row->extent > ISO_EXTENT_REST ||
        row->sign > ISO_SIGN_ZONED || row->prefix_unit > ISO_UNIT_NIBBLES) {
        return "a column is out of its range";
    }
    const char *flaw = coding_flaw(row);
    flaw = flaw != NULL ? flaw : prefix_flaw(row);
    return flaw != NULL ? flaw : rest_flaw(row);
}

uint8_t dialect_row_op(const struct iso_field_row *row)
{
    bool usual = row->prefix_unit == ISO_UNIT_USUAL && row->fill == ISO_FILL_USUAL &&
                 row->extent == ISO_EXTENT_USUAL && row->separator == 0;
    return (uint8_t)(usual ? ISO_OP(row->content, row->coding, row->prefix, row->prefix_coding)
                           : 0);
}

void dialect_compile(struct iso_dialect *dialect)
{
    for (unsigned de = 0; de <= ISO_DE_MAX; de++) {
        dialect->field[de].op = dialect_row_op(&dialect->field[de]);
    }
}
