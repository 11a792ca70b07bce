#include "tools/isomsg/reveal.h"

#include <stdio.h>

#include "iso8583/base/pan.h"
#include "tools/isomsg/meaning.h"
#include "tools/isomsg/redact.h"

enum { DE_PAN = 2, DE_TRACK2 = 35, DE_CHIP = 55 };

/* --- parts -------------------------------------------------------------------------------------
 */

const struct iso_parts *parts_of(const struct iso_field_row *row, unsigned de)
{
    static const struct iso_parts chip = {.layout = ISO_BER};
    if (row->parts != NULL) {
        return row->parts;
    }
    return de == DE_CHIP && row->content == ISO_B ? &chip : NULL;
}

/* Where @inner begins in @outer, SIZE_MAX if it is not of it. */
static size_t place_in(struct span outer, struct span inner)
{
    bool is_inside = inner.ptr >= outer.ptr && inner.ptr + inner.len <= outer.ptr + outer.len;
    return is_inside ? (size_t)(inner.ptr - outer.ptr) : SIZE_MAX;
}

static void path_add(char path[ISO_PATH_LEN_MAX], const char *outer, const struct iso_parts *parts,
                     uint64_t tag)
{
    char text[ISO_PATH_LEN_MAX];
    (void)parts_tag_text(parts, tag, text, sizeof text);
    (void)snprintf(path, ISO_PATH_LEN_MAX, "%.14s%s%.16s", outer, outer[0] == '\0' ? "" : ".",
                   text);
}

int parts_visit(const struct reveal *reveal, unsigned de,
                void (*visit)(void *context, const struct part_visit *at), void *context)
{
    static uint8_t room[2 * REVEAL_LEN_MAX];
    struct writer scratch = writer_make(room, sizeof room);
    const struct iso_parts *parts = parts_of(&reveal->dialect->field[de], de);
    struct span value = iso_get(reveal->msg, de);
    struct {
        struct parts_walk walk;
        char path[ISO_PATH_LEN_MAX];
    } levels[PARTS_DEPTH_MAX];
    size_t depth = 0;
    if (parts == NULL) {
        return 0;
    }
    levels[0].walk = parts_walk(parts, value);
    levels[0].path[0] = '\0';
    for (;;) {
        struct part_visit at = {.depth = (unsigned)depth, .parts = levels[depth].walk.parts};
        struct iso_error error;
        int result = parts_next(&levels[depth].walk, &scratch, &at.part, &error);
        TRY(result);
        if (result == 0) {
            if (depth-- == 0) {
                return 0;
            }
            continue;
        }
        at.value_at = place_in(value, at.part.value);
        at.raw_at = place_in(value, at.part.raw);
        path_add(at.path, levels[depth].path, at.parts, at.part.tag);
        visit(context, &at);
        if (at.part.row != NULL && at.part.row->parts != NULL && depth + 1 < PARTS_DEPTH_MAX) {
            depth++;
            levels[depth].walk = parts_walk(at.part.row->parts, at.part.value);
            memcpy(levels[depth].path, at.path, sizeof at.path);
        }
    }
}

/* --- what is hidden ----------------------------------------------------------------------------
 */

/* A template of BER: elements within elements are not looked into unless the dialect says how. */
static bool tag_is_constructed(uint64_t tag)
{
    while (tag > 0xFF) {
        tag >>= 8;
    }
    return (tag & 0x20) != 0;
}

/* A part is masked as its row or its tag says. Where neither knows it, it is as the element around
 * it is; of chip data it is shown: what is secret there has a tag that is known. */
static enum iso_mask part_mask(const struct iso_field_row *element, const struct iso_parts *parts,
                               const struct iso_part *part)
{
    enum iso_mask own = part->known ? part->row->mask : ISO_SHOW;
    if (parts->layout != ISO_BER || own != ISO_SHOW) {
        return part->known ? own : element->mask;
    }
    const struct chip_tag *tag =
        part->tag <= UINT32_MAX ? chip_tag_find((uint32_t)part->tag) : NULL;
    bool is_closed =
        tag_is_constructed(part->tag) && (part->row == NULL || part->row->parts == NULL);
    return is_closed || (tag != NULL && tag->hidden) ? ISO_MASK_ALL : ISO_SHOW;
}

bool part_is_hidden(const struct iso_field_row *element, const struct iso_parts *parts,
                    const struct iso_part *part)
{
    return part_mask(element, parts, part) != ISO_SHOW;
}

static void hide(uint8_t *hidden, size_t len, enum iso_mask mask)
{
    for (size_t i = 0; i < len; i++) {
        hidden[i] |= mask == ISO_MASK_ALL || (mask == ISO_MASK_PAN && !pan_shows(len, i));
    }
}

struct hiding {
    const struct iso_field_row *element;
    uint8_t *hidden; /* a flag a byte of the element's value */
    size_t read_len; /* of it, in whole parts of the outermost level */
};

static void part_hide(void *context, const struct part_visit *at)
{
    struct hiding *hiding = context;
    enum iso_mask mask = part_mask(hiding->element, at->parts, &at->part);
    if (at->depth == 0 && at->raw_at != SIZE_MAX) {
        hiding->read_len = at->raw_at + at->part.raw.len;
    }
    if (at->value_at != SIZE_MAX) {
        hide(hiding->hidden + at->value_at, at->part.value.len, mask);
    } else if (at->raw_at != SIZE_MAX && mask != ISO_SHOW) {
        hide(hiding->hidden + at->raw_at, at->part.raw.len, ISO_MASK_ALL);
    }
}

/* Whether card data on the wire may touch DE @de, which was read from a message that is bad: then
 * nothing says that its bytes are its own. */
static bool is_in_doubt(const struct reveal *reveal, unsigned de)
{
    return reveal->is_bad && reveal->dialect->field[de].mask == ISO_SHOW &&
           !reveal_shows(reveal, de, reveal->msg->field[de].at);
}

/* A flag for each byte of DE @de's value: whether it is hidden. */
static void field_hide(const struct reveal *reveal, unsigned de, uint8_t *hidden)
{
    const struct iso_field_row *row = &reveal->dialect->field[de];
    struct span value = iso_get(reveal->msg, de);
    memset(hidden, 0, value.len);
    if (is_in_doubt(reveal, de)) {
        memset(hidden, 1, value.len);
    } else if (parts_of(row, de) != NULL) {
        struct hiding hiding = {row, hidden, 0};
        if (parts_visit(reveal, de, part_hide, &hiding) < 0) {
            memset(hidden + hiding.read_len, 1, value.len - hiding.read_len);
        }
    } else {
        hide(hidden, value.len, row->mask);
    }
}

/* --- text --------------------------------------------------------------------------------------
 */

/* Bytes above 7F as characters of Latin-1 in UTF-8; the rest as it is. */
static size_t utf8_put(uint8_t byte, char *out)
{
    if (byte < 0x80) {
        out[0] = (char)byte;
        return 1;
    }
    out[0] = (char)(0xC0 | byte >> 6);
    out[1] = (char)(0x80 | (byte & 0x3F));
    return 2;
}

/* @value as text with stars where @hidden (NULL: nowhere) says so. */
static size_t value_text(bool as_hex, bool json, struct span value, const uint8_t *hidden,
                         char *out)
{
    size_t len = 0;
    for (size_t i = 0; i < value.len; i++) {
        uint8_t byte = value.ptr[i];
        bool is_hidden = hidden != NULL && hidden[i] != 0;
        if (as_hex) {
            out[len++] = is_hidden ? '*' : (char)hex_digit(byte >> 4);
            out[len++] = is_hidden ? '*' : (char)hex_digit(byte);
        } else if (is_hidden) {
            out[len++] = '*';
        } else if (json) {
            len += utf8_put(byte, out + len);
        } else {
            out[len++] = (char)(byte >= 0x20 && byte < 0x7F ? byte : '.');
        }
    }
    out[len] = '\0';
    return len;
}

/* The card number that the message itself names, in DE2 or DE35. */
static struct span own_pan(const struct iso_msg *msg)
{
    struct span pan = iso_get(msg, DE_PAN);
    if (pan.len >= 12 && span_is_digits(pan)) {
        return pan;
    }
    struct span track = iso_get(msg, DE_TRACK2);
    size_t len = 0;
    while (len < track.len && byte_is_digit(track.ptr[len])) {
        len++;
    }
    return len >= 12 ? span_first(track, len) : SPAN_NONE;
}

/* Stars over the message's own card number in @text. */
static void own_pan_hide(const struct iso_msg *msg, char *text, size_t len)
{
    struct span pan = own_pan(msg);
    for (size_t at = 0; pan.len != 0 && at + pan.len <= len; at++) {
        if (memcmp(text + at, pan.ptr, pan.len) == 0) {
            memset(text + at, '*', pan.len);
        }
    }
}

/* Look for card data in what is left as it is. Numbers of fixed form are what they are. */
static void leftovers_hide(const struct reveal *reveal, const struct iso_field_row *row, char *text,
                           size_t len)
{
    own_pan_hide(reveal->msg, text, len);
    bool is_number = row != NULL && (row->content == ISO_N || row->content == ISO_XN) &&
                     (row->prefix == 0 || row->len < 12);
    if (!is_number || reveal->is_bad) {
        text_redact(text, len, SEARCH_EXACT);
    }
}

const char *reveal_field(const struct reveal *reveal, unsigned de)
{
    static char text[REVEAL_LEN_MAX];
    static uint8_t hidden[UINT16_MAX + 1];
    const struct iso_field_row *row = &reveal->dialect->field[de];
    struct span value = iso_get(reveal->msg, de);
    bool as_hex = row->content == ISO_B;
    if (reveal->unmask) {
        (void)value_text(as_hex, reveal->json, value, NULL, text);
        return text;
    }
    field_hide(reveal, de, hidden);
    size_t len = value_text(as_hex, reveal->json, value, hidden, text);
    if (row->mask != ISO_MASK_PAN) {
        leftovers_hide(reveal, row, text, len);
    }
    return text;
}

const char *reveal_part(const struct reveal *reveal, unsigned de, const struct iso_parts *parts,
                        const struct iso_part *part)
{
    static char text[REVEAL_LEN_MAX];
    static uint8_t hidden[UINT16_MAX + 1];
    bool as_hex =
        part->row == NULL || part->row->content == ISO_B || part->row->content == ISO_NONE;
    if (reveal->unmask) {
        (void)value_text(as_hex, reveal->json, part->value, NULL, text);
        return text;
    }
    const struct iso_field_row *element = &reveal->dialect->field[de];
    enum iso_mask mask = is_in_doubt(reveal, de) ? ISO_MASK_ALL : part_mask(element, parts, part);
    memset(hidden, 0, part->value.len);
    hide(hidden, part->value.len, mask);
    size_t len = value_text(as_hex, reveal->json, part->value, hidden, text);
    if (mask == ISO_SHOW) {
        leftovers_hide(reveal, part->row, text, len);
    }
    return text;
}

/* --- the wire of a message that is bad -----------------------------------------------------------
 */

/* Whether DE @de was read, is masked anyway, and is the card number or track that it should be:
 * then its bytes are accounted for. */
static bool is_accounted_for(const struct reveal *reveal, unsigned de)
{
    struct span value = iso_get(reveal->msg, de);
    size_t digits = 0;
    while (digits < value.len && byte_is_digit(value.ptr[digits])) {
        digits++;
    }
    bool is_track = digits < value.len && value.ptr[digits] == '=';
    return reveal->dialect->field[de].mask != ISO_SHOW && digits >= 12 &&
           (is_track || pan_is_likely(span_first(value, digits)));
}

/* Where the bytes of DE @de end: where the next element that was read begins, or one byte on. */
static size_t field_end(const struct reveal *reveal, unsigned de, size_t at)
{
    for (unsigned next = de + 1; de > 1 && next <= ISO_DE_MAX; next++) {
        if (iso_has(reveal->msg, next) && reveal->msg->field[next].at > at) {
            return reveal->msg->field[next].at;
        }
    }
    return at + 1;
}

void reveal_look(struct reveal *reveal, uint8_t *touched)
{
    static uint8_t bytes[UINT16_MAX];
    static uint8_t hex[2 * UINT16_MAX];
    static uint8_t marks[2 * UINT16_MAX];
    size_t len = reveal->wire.len;
    reveal->touched = touched;
    if (len > sizeof bytes) {
        memset(touched, 1, len);
        return;
    }
    memcpy(bytes, reveal->wire.ptr, len);
    for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
        size_t from = iso_has(reveal->msg, de) ? reveal->msg->field[de].at : len;
        size_t end = field_end(reveal, de, from);
        if (from < len && end <= len && is_accounted_for(reveal, de)) {
            memset(bytes + from, 0xAA, end - from); /* no digit in any writing */
        }
    }
    hex_encode(span_make(bytes, len), hex);
    memset(marks, 0, 2 * len);
    text_mark(span_make(hex, 2 * len), SEARCH_EXACT, marks);
    for (size_t i = 0; i < len; i++) {
        touched[i] = marks[2 * i] | marks[2 * i + 1];
    }
}

bool reveal_shows(const struct reveal *reveal, unsigned de, size_t at)
{
    if (reveal->unmask || (de > 1 && reveal->dialect->field[de].mask != ISO_SHOW)) {
        return reveal->unmask;
    }
    for (size_t i = at, end = field_end(reveal, de, at);
         reveal->touched != NULL && i < end && i < reveal->wire.len; i++) {
        if (reveal->touched[i] != 0) {
            return false;
        }
    }
    return true;
}
