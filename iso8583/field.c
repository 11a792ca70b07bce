#include "iso8583/field.h"

#include "iso8583/ebcdic.h"
#include "iso8583/fail.h"
#include "iso8583/prefix.h"
#include "iso8583/coding.h"

static bool has_prefix(const struct iso_field_row *row)
{
    return row->extent == ISO_EXTENT_USUAL
               ? row->prefix != 0
               : row->extent == ISO_EXTENT_FILLED || row->extent == ISO_EXTENT_AREA;
}

/* Whether a short value is filled up when it is written. */
static bool is_filled(const struct iso_field_row *row)
{
    return row->extent == ISO_EXTENT_USUAL
               ? row->prefix == 0
               : row->extent == ISO_EXTENT_FILLED || row->extent == ISO_EXTENT_AREA;
}

static bool counts_wire(const struct iso_field_row *row)
{
    bool hex = row->coding == ISO_HEX || row->coding == ISO_HEX_EBCDIC;
    return row->prefix_unit == ISO_UNIT_WIRE || row->prefix_unit == ISO_UNIT_NIBBLES ||
           (row->prefix_unit == ISO_UNIT_USUAL && hex);
}

/* What one byte on the wire adds to the number. */
static size_t wire_scale(const struct iso_field_row *row)
{
    return row->prefix_unit == ISO_UNIT_NIBBLES ? 2 : 1;
}

/* The number in the prefix of a value of @count. */
static size_t prefix_number(const struct iso_field_row *row, size_t count)
{
    return counts_wire(row) ? wire_scale(row) * coding_wire_len(row, count) : count;
}

/* What is where, once the end of an element is known. */
struct place {
    struct span wire; /* of the value */
    size_t count;     /* digits, characters or bytes in it */
};

/* --- where it ends -----------------------------------------------------------------------------
 */

static int take(struct reader *in, size_t len, struct span *wire, struct iso_error *error)
{
    if (reader_take(in, len, wire) < 0) {
        return iso_fail_numbers(error, ERR_TRUNCATED, "bytes", len, reader_left(in));
    }
    return 0;
}

static int prefixed_place(const struct iso_field_row *row, struct reader *in, struct place *place,
                          struct iso_error *error)
{
    size_t number;
    TRY(prefix_decode(row->prefix_coding, row->prefix, in, &number, error));
    size_t max = prefix_number(row, row->len);
    if (number > max) {
        return iso_fail_numbers(error, ERR_LENGTH, "length", max, number);
    }
    error->at = (uint16_t)reader_offset(in);
    if (!counts_wire(row)) {
        place->count = number;
        TRY(take(in, coding_wire_len(row, number), &place->wire, error));
    } else {
        if (number % wire_scale(row) != 0) {
            return iso_fail_numbers(error, ERR_LENGTH, "even length", number + 1, number);
        }
        TRY(take(in, number / wire_scale(row), &place->wire, error));
        place->count = coding_count(row, place->wire);
    }
    if (row->extent == ISO_EXTENT_AREA) {
        struct span rest;
        TRY(take(in, coding_wire_len(row, row->len) - place->wire.len, &rest, error));
    }
    return 0;
}

static int token_place(const struct iso_field_row *row, struct reader *in, struct place *place,
                       struct iso_error *error)
{
    size_t left = reader_left(in);
    const uint8_t *token = left == 0 ? NULL : memchr(in->ptr, row->token, left);
    size_t len = token == NULL ? left : (size_t)(token - in->ptr);
    place->wire = span_make(in->ptr, len);
    place->count = coding_count(row, place->wire);
    if (place->count > row->len) {
        return iso_fail_numbers(error, ERR_LENGTH, "length", row->len, place->count);
    }
    in->ptr += len + (token != NULL);
    return 0;
}

static int place_find(const struct iso_field_row *row, struct reader *in, struct place *place,
                      struct iso_error *error)
{
    if (has_prefix(row)) {
        return prefixed_place(row, in, place, error);
    }
    switch ((enum iso_extent)row->extent) {
    case ISO_EXTENT_TOKEN:
        return token_place(row, in, place, error);
    case ISO_EXTENT_REST:
        TRY(take(in, reader_left(in), &place->wire, error));
        place->count = coding_count(row, place->wire);
        if (place->count > row->len) {
            in->ptr = place->wire.ptr;
            return iso_fail_numbers(error, ERR_LENGTH, "length", row->len, place->count);
        }
        return 0;
    case ISO_EXTENT_USUAL:
    case ISO_EXTENT_FILLED:
    case ISO_EXTENT_AREA:
        break;
    }
    place->count = row->len;
    return take(in, coding_wire_len(row, row->len), &place->wire, error);
}

/* --- fillers -----------------------------------------------------------------------------------
 */

static bool fills_front(const struct iso_field_row *row)
{
    if (row->extent == ISO_EXTENT_AREA) {
        return false;
    }
    switch ((enum iso_fill)row->fill) {
    case ISO_FILL_USUAL:
        return row->content == ISO_N || row->content == ISO_XN;
    case ISO_FILL_SPACE_FRONT:
    case ISO_FILL_ZERO_FRONT:
        return true;
    case ISO_FILL_SPACE_BEHIND:
    case ISO_FILL_ZERO_BEHIND:
        break;
    }
    return false;
}

/* The canonical byte that fills. */
static uint8_t filler(const struct iso_field_row *row)
{
    bool number = row->content == ISO_N || row->content == ISO_XN;
    bool zero = row->fill == ISO_FILL_ZERO_FRONT || row->fill == ISO_FILL_ZERO_BEHIND ||
                (row->fill == ISO_FILL_USUAL && number);
    return row->content == ISO_B ? 0 : zero ? '0' : ' ';
}

/* Take the filler off where it is not of the content: spaces beside digits. */
static void strip(const struct iso_field_row *row, struct place *place, struct iso_error *error)
{
    bool ebcdic = ISO_IS_EBCDIC(row->coding);
    uint8_t space = ebcdic ? ebcdic_to(row->coding)[filler(row)] : filler(row);
    struct span wire = place->wire;
    bool none = row->fill == ISO_FILL_USUAL && row->extent == ISO_EXTENT_USUAL;
    if (!is_filled(row) || none || row->coding == ISO_BCD || row->content == ISO_B ||
        content_has(row->content, filler(row))) {
        return;
    }
    while (fills_front(row) && wire.len > 0 && wire.ptr[0] == space) {
        wire = span_skip(wire, 1);
        error->at++;
    }
    while (!fills_front(row) && wire.len > 0 && wire.ptr[wire.len - 1] == space) {
        wire.len--;
    }
    place->count -= place->wire.len - wire.len;
    place->wire = wire;
}

/* --- a whole element ---------------------------------------------------------------------------
 */

int field_decode(const struct iso_field_row *row, struct reader *in, struct writer *scratch,
                 struct iso_field *field, struct iso_error *error)
{
    struct reader rest = *in;
    struct place place = {SPAN_NONE, 0};
    error->at = field->at = (uint16_t)reader_offset(in);
    TRY(place_find(row, &rest, &place, error));
    in->ptr = rest.ptr;
    strip(row, &place, error);
    return coding_decode(row, place.wire, place.count, scratch, field, error);
}

/* Whether @value may stand in @row, its length aside. */
static int content_check(const struct iso_field_row *row, struct span value,
                         struct iso_error *error)
{
    if (!content_is(row->content, value)) {
        return iso_fail(error, ERR_FORMAT, content_wanted(row->content));
    }
    if (row->content == ISO_Z && value.len > 0 && memchr(value.ptr, 'D', value.len) != NULL) {
        return iso_fail(error, ERR_FORMAT, "= as separator");
    }
    return 0;
}

static int length_check(const struct iso_field_row *row, struct span value, struct iso_error *error)
{
    bool exact = is_filled(row) && row->extent == ISO_EXTENT_USUAL && row->fill == ISO_FILL_USUAL &&
                 (row->content == ISO_B || row->content == ISO_Z);
    if (value.len > row->len || (exact && value.len != row->len)) {
        return iso_fail_numbers(error, ERR_LENGTH, "length", row->len, value.len);
    }
    return 0;
}

int field_encode(const struct iso_field_row *row, struct span value, struct writer *out,
                 struct iso_error *error)
{
    TRY(length_check(row, value, error));
    TRY(content_check(row, value, error));
    bool prefixed = has_prefix(row);
    struct coding_fill fill = {0, 0, filler(row)};
    if (is_filled(row)) {
        size_t missing = row->len - value.len;
        fill.front = fills_front(row) ? missing : 0;
        fill.behind = missing - fill.front;
    }
    size_t count = fill.front + value.len + fill.behind;
    size_t said = prefix_number(row, row->extent == ISO_EXTENT_AREA ? value.len : count);
    if (prefixed && said > prefix_max(row->prefix_coding, row->prefix)) {
        return iso_fail_numbers(error, ERR_LENGTH, "length",
                                prefix_max(row->prefix_coding, row->prefix), said);
    }
    size_t width = prefixed ? prefix_width(row->prefix_coding, row->prefix) : 0;
    size_t len = coding_wire_len(row, count);
    bool token = row->extent == ISO_EXTENT_TOKEN;
    uint8_t *to = writer_room(out, width + len + token);
    if (to == NULL) {
        return iso_fail(error, ERR_SPACE, "buffer");
    }
    if (prefixed) {
        prefix_encode(row->prefix_coding, row->prefix, said, to);
    }
    coding_encode(row, value, fill, to + width);
    if (token && len > 0 && memchr(to + width, row->token, len) != NULL) {
        return iso_fail(error, ERR_FORMAT, "value without its end mark");
    }
    if (token) {
        to[width + len] = row->token;
    }
    return 0;
}
