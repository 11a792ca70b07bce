/* Reading composites. One function a layout finds the next part and its value's bytes; what the
 * value is, field_decode() reads by the part's row, as it reads an element. */
#include "iso8583/parts.h"

#include <stdio.h>

#include "iso8583/content.h"
#include "iso8583/ebcdic.h"
#include "iso8583/fail.h"
#include "iso8583/field.h"
#include "iso8583/prefix.h"
#include "iso8583/tlv.h"

/* How a part without a row is read. */
static const struct iso_field_row as_bytes = {.name = "unknown",
                                              .len = UINT16_MAX,
                                              .content = ISO_B,
                                              .coding = ISO_BINARY,
                                              .extent = ISO_EXTENT_REST,
                                              .mask = ISO_MASK_ALL};

struct parts_walk parts_walk(const struct iso_parts *parts, struct span bytes)
{
    /* Nothing may be added to no pointer, not even 0. */
    return (struct parts_walk){.parts = parts,
                               .in = reader_make(bytes.len == 0 ? SPAN_LITERAL("") : bytes)};
}

static const struct iso_field_row *row_of(const struct iso_parts *parts, uint64_t tag, bool *known)
{
    for (size_t i = 0; i < parts->count; i++) {
        if (parts->rows[i].tag == tag) {
            *known = true;
            return &parts->rows[i].row;
        }
    }
    *known = false;
    return parts->other.content != ISO_NONE ? &parts->other : &as_bytes;
}

/* --- names of parts ----------------------------------------------------------------------------
 */

/* Parts are named by numbers, not by tags. */
static bool has_numbers(const struct iso_parts *parts)
{
    return parts->layout == ISO_POSITIONAL || parts->layout == ISO_BITMAPPED ||
           parts->layout == ISO_DBM;
}

const char *parts_tag_text(const struct iso_parts *parts, uint64_t tag, char *buf, size_t cap)
{
    CHECK(cap > 0);
    if (has_numbers(parts)) {
        snprintf(buf, cap, "%u", (unsigned)tag);
    } else if (parts->layout == ISO_TAGGED && parts->tag_coding != ISO_BINARY) {
        size_t len = 0;
        for (unsigned shift = 64; shift > 0; shift -= 8) {
            uint8_t byte = (uint8_t)(tag >> (shift - 8));
            if (byte != 0 && len + 1 < cap) {
                buf[len++] = byte > 0x20 && byte < 0x7F && byte != '.' ? (char)byte : '?';
            }
        }
        buf[len] = '\0';
    } else {
        snprintf(buf, cap, "%02llX", (unsigned long long)tag);
    }
    return buf;
}

static int hex_tag(struct span text, uint64_t *tag)
{
    *tag = 0;
    for (size_t i = 0; i < text.len; i++) {
        int digit = hex_value(text.ptr[i]);
        if (digit < 0) {
            return ERR_FORMAT;
        }
        *tag = *tag << 4 | (uint64_t)digit;
    }
    return text.len % 2 == 0 ? 0 : ERR_FORMAT;
}

int parts_tag_parse(const struct iso_parts *parts, struct span text, uint64_t *tag)
{
    const uint8_t *dot = text.len == 0 ? NULL : memchr(text.ptr, '.', text.len);
    struct span name = dot == NULL ? text : span_first(text, (size_t)(dot - text.ptr));
    if (name.len == 0) {
        return ERR_FORMAT;
    }
    if (has_numbers(parts)) {
        return name.len <= 5 ? span_number(name, tag) : ERR_FORMAT;
    }
    if (parts->layout == ISO_TAGGED && parts->tag_coding != ISO_BINARY) {
        *tag = 0;
        for (size_t i = 0; i < name.len; i++) {
            *tag = *tag << 8 | name.ptr[i];
        }
        return name.len <= PARTS_TAG_LEN_MAX ? 0 : ERR_FORMAT;
    }
    return name.len <= 2 * PARTS_TAG_LEN_MAX ? hex_tag(name, tag) : ERR_FORMAT;
}

/* --- the layouts: each sets tag, row and known of @part and the @value that field_decode() reads -
 */

static int positional_next(struct parts_walk *walk, struct iso_part *part)
{
    if (reader_left(&walk->in) == 0 || walk->index == walk->parts->count) {
        return 0;
    }
    const struct iso_part_row *row = &walk->parts->rows[walk->index++];
    part->tag = row->tag;
    part->row = &row->row;
    part->known = true;
    return 1;
}

/* The bytes of one 8-byte step of the bitmap, as bits from the top of a word. */
static int bitmap_step(struct parts_walk *walk, size_t len, uint64_t *bits, struct iso_error *error)
{
    bool hex = walk->parts->bitmap_coding != ISO_BINARY;
    struct span wire;
    if (reader_take(&walk->in, hex ? 2 * len : len, &wire) < 0) {
        return iso_fail_numbers(error, ERR_TRUNCATED, "bitmap", hex ? 2 * len : len,
                                reader_left(&walk->in));
    }
    uint8_t text[16];
    uint8_t bytes[8] = {0};
    for (size_t i = 0; hex && i < wire.len; i++) {
        text[i] = walk->parts->bitmap_coding == ISO_HEX ? wire.ptr[i]
                                                        : ebcdic_from(ISO_CP500)[wire.ptr[i]];
    }
    if (!hex) {
        memcpy(bytes, wire.ptr, wire.len);
    } else if (hex_decode(span_make(text, wire.len), bytes) < 0) {
        return iso_fail(error, ERR_FORMAT, "hex digit");
    }
    *bits = be64_get(bytes);
    return 0;
}

static int bitmap_open(struct parts_walk *walk, struct iso_error *error)
{
    const struct iso_parts *parts = walk->parts;
    const uint64_t bit1 = 1ull << 63;
    for (size_t at = 0; at < parts->bitmap_len; at += 8) {
        size_t len = parts->bitmap_len - at < 8 ? parts->bitmap_len - at : 8;
        uint64_t *bits = &walk->bits[at / 8];
        TRY(bitmap_step(walk, len, bits, error));
        if (parts->bitmap_grows && (*bits & bit1) == 0) {
            break;
        }
        *bits &= parts->bitmap_grows ? ~bit1 : ~0ull;
    }
    return 0;
}

/* The bitmap of a data set. */
static int dbm_open(struct parts_walk *walk, struct iso_error *error)
{
    unsigned part = 1;
    unsigned width = 16;
    for (bool more = true; more; width = 8) {
        struct span wire;
        if (reader_take(&walk->in, width / 8, &wire) < 0) {
            return iso_fail_numbers(error, ERR_TRUNCATED, "bitmap", width / 8,
                                    reader_left(&walk->in));
        }
        unsigned word = width == 16 ? be16_get(wire.ptr) : wire.ptr[0];
        more = (word >> (width - 1) & 1u) != 0;
        if (!more && (word & 1u) != 0) {
            return iso_fail(error, ERR_FORMAT, "bitmap without TLV behind");
        }
        for (unsigned bit = 2; bit <= (more ? width : width - 1); bit++, part++) {
            if (part > 8 * PARTS_BITMAP_LEN_MAX) {
                return iso_fail(error, ERR_LENGTH, "bitmap");
            }
            uint64_t is_set = word >> (width - bit) & 1u;
            walk->bits[(part - 1) / 64] |= is_set << (63 - (part - 1) % 64);
        }
    }
    return 0;
}

static int bitmapped_next(struct parts_walk *walk, struct iso_part *part, struct iso_error *error)
{
    if (!walk->opened && reader_left(&walk->in) != 0) {
        TRY(walk->parts->layout == ISO_DBM ? dbm_open(walk, error) : bitmap_open(walk, error));
    }
    for (size_t word = 0; word < ARRAY_COUNT(walk->bits); word++) {
        if (walk->bits[word] == 0) {
            continue;
        }
        unsigned bit = (unsigned)__builtin_clzll(walk->bits[word]);
        walk->bits[word] &= ~(1ull << (63 - bit));
        part->tag = 64 * word + bit + 1;
        part->row = row_of(walk->parts, part->tag, &part->known);
        part->at = reader_offset(&walk->in);
        /* Where it would end is not known. */
        return part->known ? 1 : iso_fail(error, ERR_FIELD_UNKNOWN, "part");
    }
    return 0;
}

/* A tag of its own, then @value of the length told. */
static int ber_next(struct parts_walk *walk, struct iso_part *part, struct span *value,
                    struct iso_error *error)
{
    struct tlv tlv = {0, SPAN_NONE};
    while (reader_left(&walk->in) != 0 && (*walk->in.ptr == 0x00 || *walk->in.ptr == 0xFF)) {
        walk->in.ptr++;
    }
    part->at = reader_offset(&walk->in);
    error->at = (uint16_t)part->at;
    struct reader rest = walk->in;
    int result = tlv_next(&rest, &tlv);
    if (result < 0) {
        part->tag = tlv.tag;
        return iso_fail_numbers(error, result, "tag, length and value", 0, reader_left(&walk->in));
    }
    walk->in.ptr = rest.ptr;
    part->tag = tlv.tag;
    *value = tlv.value;
    return result;
}

static int tag_take(const struct iso_parts *parts, struct reader *in, uint64_t *tag,
                    struct iso_error *error)
{
    size_t width = parts->tag_coding == ISO_BCD ? (parts->tag_len + 1u) / 2u : parts->tag_len;
    bool ebcdic = ISO_IS_EBCDIC(parts->tag_coding);
    struct span wire;
    if (reader_take(in, width, &wire) < 0) {
        return iso_fail_numbers(error, ERR_TRUNCATED, "tag", width, reader_left(in));
    }
    *tag = 0;
    for (size_t i = 0; i < width; i++) {
        uint8_t byte = ebcdic ? ebcdic_from(parts->tag_coding)[wire.ptr[i]] : wire.ptr[i];
        if (parts->tag_coding == ISO_BCD) {
            *tag = *tag << 8 | (uint8_t)('0' + (byte >> 4));
            byte = (uint8_t)('0' + (byte & 15u));
        }
        if (parts->tag_coding != ISO_BINARY && !content_has(ISO_AN, byte)) {
            return iso_fail(error, ERR_FORMAT, "tag");
        }
        *tag = *tag << 8 | byte;
    }
    return 0;
}

static int tagged_next(struct parts_walk *walk, struct iso_part *part, struct span *value,
                       struct iso_error *error)
{
    const struct iso_parts *parts = walk->parts;
    struct reader rest = walk->in;
    size_t len = 0;
    if (reader_left(&rest) == 0) {
        return 0;
    }
    if (parts->length_first) {
        TRY(prefix_decode(parts->length_coding, parts->length_len, &rest, &len, error));
    }
    size_t tag_at = reader_offset(&rest);
    error->at = (uint16_t)tag_at;
    TRY(tag_take(parts, &rest, &part->tag, error));
    size_t tag_width = reader_offset(&rest) - tag_at;
    error->at = (uint16_t)(parts->length_first ? part->at : reader_offset(&rest));
    if (!parts->length_first) {
        TRY(prefix_decode(parts->length_coding, parts->length_len, &rest, &len, error));
    }
    if (parts->length_with_tag && len < tag_width) {
        return iso_fail_numbers(error, ERR_LENGTH, "length", tag_width, len);
    }
    len -= parts->length_with_tag ? tag_width : 0;
    error->at = (uint16_t)reader_offset(&rest);
    if (reader_take(&rest, len, value) < 0) {
        return iso_fail_numbers(error, ERR_TRUNCATED, "bytes", len, reader_left(&rest));
    }
    walk->in.ptr = rest.ptr;
    return 1;
}

static int dataset_next(struct parts_walk *walk, struct iso_part *part, struct span *value,
                        struct iso_error *error)
{
    struct reader rest = walk->in;
    uint8_t name;
    uint16_t len;
    if (reader_left(&rest) == 0) {
        return 0;
    }
    if (reader_u8(&rest, &name) < 0 || reader_be16(&rest, &len) < 0) {
        return iso_fail_numbers(error, ERR_TRUNCATED, "length", 3, reader_left(&walk->in));
    }
    part->tag = name;
    error->at = (uint16_t)reader_offset(&rest);
    if (reader_take(&rest, len, value) < 0) {
        return iso_fail_numbers(error, ERR_TRUNCATED, "bytes", len, reader_left(&rest));
    }
    walk->in.ptr = rest.ptr;
    return 1;
}

/* --- one part ----------------------------------------------------------------------------------
 */

/* Read @value, whose end the layout told, by the part's row: whatever prefix or length that has,
 * here it takes all. */
static int told_decode(struct iso_part *part, struct span value, size_t start,
                       struct writer *scratch, struct iso_error *error)
{
    struct iso_field_row row = *part->row;
    struct iso_field field;
    struct reader in = reader_make(value);
    row.prefix = 0;
    row.extent = ISO_EXTENT_REST;
    int result = field_decode(&row, &in, scratch, &field, error);
    if (result < 0) {
        error->at = (uint16_t)(error->at + start);
        return result;
    }
    part->value = span_make(field.ptr, field.len);
    return 0;
}

/* The tag as an error may tell it. A tag that nobody knows may be the middle of a card number where
 * a length went wrong: of a long one nothing is told. */
static void told_tag(const struct parts_walk *walk, const struct iso_part *part, char *buf,
                     size_t cap)
{
    enum { TOLD_LEN_MAX = 4 };
    bool known = false;
    (void)row_of(walk->parts, part->tag, &known);
    (void)parts_tag_text(walk->parts, part->tag, buf, cap);
    if (!known && strlen(buf) > TOLD_LEN_MAX) {
        snprintf(buf, cap, "?");
    }
}

static int fail_part(const struct parts_walk *walk, const struct iso_part *part,
                     struct iso_error *error)
{
    told_tag(walk, part, error->path, sizeof error->path);
    return error->code;
}

int parts_next(struct parts_walk *walk, struct writer *scratch, struct iso_part *part,
               struct iso_error *error)
{
    struct span value = SPAN_NONE;
    int result = 0;
    *part = (struct iso_part){.at = reader_offset(&walk->in)};
    error->at = (uint16_t)part->at;
    switch ((enum iso_layout)walk->parts->layout) {
    case ISO_POSITIONAL:
        result = positional_next(walk, part);
        break;
    case ISO_BITMAPPED:
    case ISO_DBM:
        result = bitmapped_next(walk, part, error);
        walk->opened = true;
        break;
    case ISO_BER:
        result = ber_next(walk, part, &value, error);
        break;
    case ISO_TAGGED:
        result = tagged_next(walk, part, &value, error);
        break;
    case ISO_DATASETS:
        result = dataset_next(walk, part, &value, error);
        break;
    }
    if (result == 0) {
        size_t left = reader_left(&walk->in);
        error->at = (uint16_t)reader_offset(&walk->in);
        return left == 0 ? 0 : iso_fail_numbers(error, ERR_TRAILING, "bytes", 0, left);
    }
    if (result < 0) {
        return fail_part(walk, part, error);
    }
    if (part->row == NULL) {
        part->row = row_of(walk->parts, part->tag, &part->known);
        result = told_decode(part, value, reader_offset(&walk->in) - value.len, scratch, error);
    } else {
        struct iso_field field;
        result = field_decode(part->row, &walk->in, scratch, &field, error);
        part->value = result < 0 ? SPAN_NONE : span_make(field.ptr, field.len);
    }
    if (result < 0) {
        return fail_part(walk, part, error);
    }
    part->raw = span_make(walk->in.start + part->at, reader_offset(&walk->in) - part->at);
    walk->count++;
    walk->unknown += !part->known;
    return 1;
}

/* --- by path, and all of them ------------------------------------------------------------------
 */

/* The part with @tag among those of @row's @value. */
static int part_named(const struct iso_parts *parts, struct span value, uint64_t tag,
                      struct writer *scratch, struct iso_part *part, struct iso_error *error)
{
    struct parts_walk walk = parts_walk(parts, value);
    for (;;) {
        size_t scratch_len = scratch->len;
        int result = parts_next(&walk, scratch, part, error);
        TRY(result);
        if (result == 0) {
            return ERR_NOT_FOUND;
        }
        if (part->tag == tag) {
            return 0;
        }
        scratch->len = scratch_len;
    }
}

int parts_find(const struct iso_field_row *row, struct span value, const char *path,
               struct writer *scratch, struct iso_part *part, struct iso_error *error)
{
    struct span rest = span_text(path);
    *part = (struct iso_part){.row = row, .known = true, .value = value, .raw = value};
    for (unsigned depth = 0; rest.len > 0; depth++) {
        uint64_t tag;
        const struct iso_parts *parts = part->row->parts;
        if (depth == PARTS_DEPTH_MAX || parts == NULL || parts_tag_parse(parts, rest, &tag) < 0) {
            (void)iso_fail_at(error, ERR_NOT_FOUND, 0, "part");
            return ERR_NOT_FOUND;
        }
        TRY(part_named(parts, part->value, tag, scratch, part, error));
        const uint8_t *dot = memchr(rest.ptr, '.', rest.len);
        rest = dot == NULL ? SPAN_NONE : span_skip(rest, (size_t)(dot - rest.ptr) + 1);
    }
    return 0;
}

int iso_part_find(const struct iso_msg *msg, const char *path, struct writer *scratch,
                  struct iso_part *part, struct iso_error *error)
{
    struct span text = span_text(path);
    const uint8_t *dot = text.len == 0 ? NULL : memchr(text.ptr, '.', text.len);
    struct span head = dot == NULL ? text : span_first(text, (size_t)(dot - text.ptr));
    uint64_t de = 0;
    if (head.len > 3 || span_number(head, &de) < 0 || de < 2 || de > ISO_DE_MAX ||
        msg->dialect == NULL || !iso_has(msg, (unsigned)de)) {
        (void)iso_fail_at(error, ERR_NOT_FOUND, 0, "element");
        return ERR_NOT_FOUND;
    }
    int result = parts_find(&msg->dialect->field[de], iso_get(msg, (unsigned)de),
                            dot == NULL ? "" : (const char *)dot + 1, scratch, part, error);
    if (result < 0) {
        error->de = (uint8_t)de;
    }
    return result;
}

/* The path of the walk that failed, outermost tag first: its own tag is in @error already. */
static void path_make(const struct parts_walk *walks, const struct iso_part *parts, size_t depth,
                      struct iso_error *error)
{
    char path[ISO_PATH_LEN_MAX] = "";
    size_t len = 0;
    for (size_t i = 0; i < depth; i++) {
        char tag[ISO_PATH_LEN_MAX];
        told_tag(&walks[i], &parts[i], tag, sizeof tag);
        int more = snprintf(path + len, sizeof path - len, "%s.", tag);
        len = len + (size_t)more < sizeof path ? len + (size_t)more : sizeof path - 1;
    }
    snprintf(path + len, sizeof path - len, "%s", error->path);
    memcpy(error->path, path, sizeof path);
}

int parts_check(const struct iso_field_row *row, struct span value, struct writer *scratch,
                unsigned *unknown, struct iso_error *error)
{
    struct parts_walk walks[PARTS_DEPTH_MAX];
    struct iso_part parts[PARTS_DEPTH_MAX];
    size_t depth = 0;
    unsigned count = 0;
    if (row->parts == NULL) {
        return 0;
    }
    walks[0] = parts_walk(row->parts, value);
    for (;;) {
        int result = parts_next(&walks[depth], scratch, &parts[depth], error);
        if (result < 0) {
            path_make(walks, parts, depth, error);
            return result;
        }
        if (result == 1) {
            count += !parts[depth].known;
            const struct iso_parts *inner = parts[depth].row->parts;
            if (inner != NULL && depth + 1 < PARTS_DEPTH_MAX) {
                walks[depth + 1] = parts_walk(inner, parts[depth].value);
                depth++;
            }
        } else if (depth-- == 0) {
            break;
        }
    }
    if (unknown != NULL) {
        *unknown = count;
    }
    return 0;
}
