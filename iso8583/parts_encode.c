/* Writing composites: the reverse of parts.c, layout by layout. */
#include "iso8583/ebcdic.h"
#include "iso8583/fail.h"
#include "iso8583/field.h"
#include "iso8583/parts.h"
#include "iso8583/prefix.h"
#include "iso8583/tlv.h"

static const struct iso_field_row *row_of(const struct iso_parts *parts, uint64_t tag)
{
    for (size_t i = 0; i < parts->count; i++) {
        if (parts->rows[i].tag == tag) {
            return &parts->rows[i].row;
        }
    }
    return NULL;
}

static int fail_part(const struct iso_parts *parts, uint64_t tag, struct iso_error *error)
{
    (void)parts_tag_text(parts, tag, error->path, sizeof error->path);
    return error->code;
}

static int fail_unknown(const struct iso_parts *parts, uint64_t tag, struct iso_error *error)
{
    (void)iso_fail_at(error, ERR_FIELD_UNKNOWN, 0, "part");
    return fail_part(parts, tag, error);
}

/* --- by position and by bitmap -----------------------------------------------------------------
 */

static int positional_encode(const struct iso_parts *parts, const struct iso_part_value *values,
                             size_t count, struct writer *out, struct iso_error *error)
{
    for (size_t i = 0; i < count; i++) {
        /* Nothing may be left out before another. */
        if (i >= parts->count || parts->rows[i].tag != values[i].tag) {
            return fail_unknown(parts, values[i].tag, error);
        }
        if (field_encode(&parts->rows[i].row, values[i].value, out, error) < 0) {
            return fail_part(parts, values[i].tag, error);
        }
    }
    return 0;
}

static void bitmap_put(const struct iso_parts *parts, const uint64_t *bits, struct writer *out)
{
    for (size_t at = 0; at < parts->bitmap_len; at += 8) {
        size_t len = parts->bitmap_len - at < 8 ? parts->bitmap_len - at : 8;
        bool more = at + 8 < parts->bitmap_len && bits[at / 8 + 1] != 0;
        bool third = at + 16 < parts->bitmap_len && bits[at / 8 + 2] != 0;
        uint64_t mark = parts->bitmap_grows && (more || third) ? 1ull << 63 : 0;
        uint8_t bytes[8];
        uint8_t text[16];
        be64_put(bytes, bits[at / 8] | mark);
        if (parts->bitmap_coding == ISO_BINARY) {
            writer_put(out, bytes, len);
        } else {
            hex_encode(span_make(bytes, len), text);
            for (size_t i = 0; parts->bitmap_coding == ISO_HEX_EBCDIC && i < 2 * len; i++) {
                text[i] = ebcdic_to(ISO_CP500)[text[i]];
            }
            writer_put(out, text, 2 * len);
        }
        if (parts->bitmap_grows && mark == 0) {
            break;
        }
    }
}

/* The bitmap of a data set whose last part is @last. */
static void dbm_put(const uint64_t *bits, uint64_t last, struct writer *out)
{
    unsigned part = 1;
    unsigned width = 16;
    for (bool more = true; more; width = 8) {
        more = last >= part + width - 2;
        unsigned word = more ? 1u << (width - 1) : 0;
        for (unsigned bit = 2; bit <= (more ? width : width - 1); bit++, part++) {
            uint64_t is_set = bits[(part - 1) / 64] >> (63 - (part - 1) % 64) & 1u;
            word |= (unsigned)is_set << (width - bit);
        }
        if (width == 16) {
            writer_be16(out, (uint16_t)word);
        } else {
            writer_u8(out, (uint8_t)word);
        }
    }
}

static int bitmapped_encode(const struct iso_parts *parts, const struct iso_part_value *values,
                            size_t count, struct writer *out, struct iso_error *error)
{
    uint64_t bits[PARTS_BITMAP_LEN_MAX / 8 + 2] = {0};
    uint64_t last = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t tag = values[i].tag;
        bool is_mark = parts->bitmap_grows && tag % 64 == 1;
        uint64_t max = 8u * (parts->layout == ISO_DBM ? PARTS_BITMAP_LEN_MAX : parts->bitmap_len);
        if (tag <= last || tag > max || is_mark || row_of(parts, tag) == NULL) {
            return fail_unknown(parts, tag, error);
        }
        bits[(tag - 1) / 64] |= 1ull << (63 - (tag - 1) % 64);
        last = tag;
    }
    if (parts->layout == ISO_DBM) {
        dbm_put(bits, last, out);
    } else {
        bitmap_put(parts, bits, out);
    }
    for (size_t i = 0; i < count; i++) {
        if (field_encode(row_of(parts, values[i].tag), values[i].value, out, error) < 0) {
            return fail_part(parts, values[i].tag, error);
        }
    }
    return 0;
}

/* --- with tag and length -----------------------------------------------------------------------
 */

static size_t tag_width(const struct iso_parts *parts)
{
    return parts->tag_coding == ISO_BCD ? (parts->tag_len + 1u) / 2u : parts->tag_len;
}

static int tag_put(const struct iso_parts *parts, uint64_t tag, struct writer *out,
                   struct iso_error *error)
{
    bool ebcdic = ISO_IS_EBCDIC(parts->tag_coding);
    if (parts->tag_len < 8 && tag >> (8u * parts->tag_len) != 0) {
        return iso_fail_at(error, ERR_LENGTH, 0, "tag");
    }
    for (size_t i = parts->tag_len; i-- > 0;) {
        uint8_t byte = (uint8_t)(tag >> (8 * i));
        if (parts->tag_coding == ISO_BCD) {
            uint8_t low = (uint8_t)(tag >> (8 * --i));
            if (!byte_is_digit(byte) || !byte_is_digit(low)) {
                return iso_fail_at(error, ERR_FORMAT, 0, "tag");
            }
            writer_u8(out, (uint8_t)((byte & 15u) << 4 | (low & 15u)));
            continue;
        }
        if (parts->tag_coding != ISO_BINARY && !content_has(ISO_AN, byte)) {
            return iso_fail_at(error, ERR_FORMAT, 0, "tag");
        }
        writer_u8(out, ebcdic ? ebcdic_to(parts->tag_coding)[byte] : byte);
    }
    return 0;
}

/* Put tag and length of a value of @len bytes before it. */
static int head_put(const struct iso_parts *parts, uint64_t tag, size_t len, struct writer *out,
                    struct iso_error *error)
{
    if (parts->layout == ISO_DATASETS) {
        if (tag > UINT8_MAX || len > UINT16_MAX) {
            return iso_fail_at(error, ERR_LENGTH, 0, "length");
        }
        writer_u8(out, (uint8_t)tag);
        writer_be16(out, (uint16_t)len);
        return 0;
    }
    if (!parts->length_first) {
        TRY(tag_put(parts, tag, out, error));
    }
    size_t said = len + (parts->length_with_tag ? tag_width(parts) : 0);
    size_t max = prefix_max(parts->length_coding, parts->length_len);
    if (said > max) {
        error->at = 0;
        return iso_fail_numbers(error, ERR_LENGTH, "length", max, said);
    }
    uint8_t *to = writer_room(out, prefix_width(parts->length_coding, parts->length_len));
    if (to != NULL) {
        prefix_encode(parts->length_coding, parts->length_len, said, to);
    }
    return parts->length_first ? tag_put(parts, tag, out, error) : 0;
}

/* The value of a part as its row writes it, without prefix: its end is told by the layout. */
static int value_put(const struct iso_parts *parts, const struct iso_part_value *value,
                     struct writer *out, struct iso_error *error)
{
    const struct iso_field_row *found = row_of(parts, value->tag);
    found = found != NULL ? found : parts->other.content != ISO_NONE ? &parts->other : NULL;
    if (found == NULL) {
        writer_span(out, value->value);
        return 0;
    }
    struct iso_field_row row = *found;
    row.prefix = 0;
    row.extent = ISO_EXTENT_REST;
    return field_encode(&row, value->value, out, error);
}

static int told_encode(const struct iso_parts *parts, const struct iso_part_value *value,
                       struct writer *out, struct iso_error *error)
{
    size_t start = out->len;
    TRY(value_put(parts, value, out, error));
    size_t len = out->len - start;
    /* The value was written where its head goes: now its length is known, it moves behind it. */
    uint8_t head_bytes[PARTS_TAG_LEN_MAX + 16];
    struct writer head = writer_make(head_bytes, sizeof head_bytes);
    if (parts->layout == ISO_BER) {
        if (value->tag > UINT32_MAX) {
            return iso_fail_at(error, ERR_LENGTH, 0, "tag");
        }
        tlv_head_put(&head, (uint32_t)value->tag, len);
    } else {
        TRY(head_put(parts, value->tag, len, &head, error));
    }
    if (writer_room(out, head.len) != NULL) {
        memmove(out->ptr + start + head.len, out->ptr + start, len);
        memcpy(out->ptr + start, head_bytes, head.len);
    }
    return 0;
}

int parts_encode(const struct iso_parts *parts, const struct iso_part_value *values, size_t count,
                 struct writer *out, struct iso_error *error)
{
    int result = 0;
    error->at = 0;
    switch ((enum iso_layout)parts->layout) {
    case ISO_POSITIONAL:
        result = positional_encode(parts, values, count, out, error);
        break;
    case ISO_BITMAPPED:
    case ISO_DBM:
        result = bitmapped_encode(parts, values, count, out, error);
        break;
    case ISO_BER:
    case ISO_TAGGED:
    case ISO_DATASETS:
        for (size_t i = 0; i < count && result == 0; i++) {
            result = told_encode(parts, &values[i], out, error);
            if (result < 0) {
                (void)fail_part(parts, values[i].tag, error);
            }
        }
        break;
    }
    if (result == 0 && out->overflow) {
        return iso_fail_at(error, ERR_SPACE, 0, "buffer");
    }
    return result;
}
