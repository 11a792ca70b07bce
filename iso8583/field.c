#include "iso8583/field.h"

#include <stdbool.h>

/* --- contents: which bytes they may be ---------------------------------------------------------
 */

/* For each byte the contents it may stand in, as bits (1 << enum iso_content). Text lets bytes
 * above 7F pass (names with accents), control characters never. */
#define DIGIT(c)  ((c) >= '0' && (c) <= '9')
#define LETTER(c) (((c) >= 'A' && (c) <= 'Z') || ((c) >= 'a' && (c) <= 'z') || (c) == ' ')
#define CLASS(c)                                                                                   \
    (uint8_t)(                                                                                     \
        (1 << ISO_B) | (DIGIT(c) ? 1 << ISO_N | 1 << ISO_AN | 1 << ISO_Z | 1 << ISO_XN : 0) |      \
        (LETTER(c) ? 1 << ISO_A | 1 << ISO_AN : 0) | ((c) == '=' || (c) == 'D' ? 1 << ISO_Z : 0) | \
        ((c) >= 0x20 && (c) != 0x7F ? 1 << ISO_ANS : 0))
#define CLASS4(c)  CLASS(c), CLASS((c) + 1), CLASS((c) + 2), CLASS((c) + 3)
#define CLASS16(c) CLASS4(c), CLASS4((c) + 4), CLASS4((c) + 8), CLASS4((c) + 12)
#define CLASS64(c) CLASS16(c), CLASS16((c) + 16), CLASS16((c) + 32), CLASS16((c) + 48)

static const uint8_t classes[256] = {CLASS64(0), CLASS64(64), CLASS64(128), CLASS64(192)};

_Static_assert(ISO_XN < 8, "a class is one bit of a byte");

/* What was wanted where a byte does not fit, by content. */
static const char *const wanted[] = {
    [ISO_NONE] = "nothing",  [ISO_N] = "digit",
    [ISO_A] = "letter",      [ISO_AN] = "letter or digit",
    [ISO_ANS] = "text",      [ISO_B] = "byte",
    [ISO_Z] = "track digit", [ISO_XN] = "C or D and digits",
};

/* Digits and text are most of a message, so these two are also told eight bytes at a time, as the
 * top bits of the bytes that are not. A digit's high nibble is 3, also after 6 is added; a sum
 * carries into the next byte only out of one that is caught. */
#define EACH(byte) ((byte)*0x0101010101010101ull)

static inline uint64_t not_digits(uint64_t word)
{
    return ((word ^ EACH(0x30)) | ((word + EACH(0x06)) ^ EACH(0x30))) & EACH(0xF0);
}

/* (x - 1) & ~x sets a top bit exactly if some byte of x is 0: here one below 20, or one that is 7F.
 */
static inline uint64_t not_text(uint64_t word)
{
    uint64_t control = word & EACH(0xE0);
    uint64_t delete = word ^ EACH(0x7F);
    return (((control - EACH(1)) & ~control) | ((delete - EACH(1)) & ~delete)) & EACH(0x80);
}

/* True if @wrong finds nothing in @value. Order and repetition do not matter to that, so the rest
 * is read by loads that overlap. */
__attribute__((always_inline)) static inline bool all_right(struct span value,
                                                            uint64_t (*wrong)(uint64_t word))
{
    const uint8_t *ptr = value.ptr;
    size_t len = value.len;
    uint64_t word = 0;
    uint64_t found = 0;
    uint32_t front = 0;
    uint32_t behind = 0;
    if (len >= 8) {
        for (; len > 8; len -= 8, ptr += 8) {
            memcpy(&word, ptr, 8);
            found |= wrong(word);
        }
        memcpy(&word, ptr + len - 8, 8);
    } else if (len >= 4) {
        memcpy(&front, ptr, 4);
        memcpy(&behind, ptr + len - 4, 4);
        word = (uint64_t)front << 32 | behind;
    } else if (len > 0) {
        word = (EACH((uint64_t)ptr[0]) << 16) | (uint64_t)ptr[len / 2] << 8 | ptr[len - 1];
    } else {
        return true;
    }
    return (found | wrong(word)) == 0;
}

static inline bool span_is_of(enum iso_content content, struct span value)
{
    if (content == ISO_N) {
        return all_right(value, not_digits);
    }
    if (content == ISO_ANS) {
        return all_right(value, not_text);
    }
    uint8_t shared = 0xFF;
    size_t i = 0;
    for (; i + 4 <= value.len; i += 4) {
        shared &= classes[value.ptr[i]] & classes[value.ptr[i + 1]] & classes[value.ptr[i + 2]] &
                  classes[value.ptr[i + 3]];
    }
    for (; i < value.len; i++) {
        shared &= classes[value.ptr[i]];
    }
    return ((unsigned)shared >> content & 1u) != 0;
}

/* The usual way through is kept short: what is rare stands apart from it. */
#define COLD     __attribute__((cold))
#define NOINLINE __attribute__((noinline))

/* --- errors ------------------------------------------------------------------------------------
 */

COLD static int fail(struct iso_error *error, int code, const char *what)
{
    error->code = code;
    error->what = what;
    error->expected = 0;
    error->got = 0;
    return code;
}

COLD static int fail_numbers(struct iso_error *error, int code, const char *what, size_t expected,
                             size_t got)
{
    (void)fail(error, code, what);
    error->expected = (uint32_t)expected;
    error->got = (uint32_t)got;
    return code;
}

/* --- checking ----------------------------------------------------------------------------------
 */

size_t field_count_valid(enum iso_content content, struct span value)
{
    size_t i = 0;
    if (content == ISO_XN && value.len > 0 && (value.ptr[0] == 'C' || value.ptr[0] == 'D')) {
        i = 1;
    } else if (content == ISO_XN) {
        return 0;
    }
    while (i < value.len && ((unsigned)classes[value.ptr[i]] >> content & 1u) != 0) {
        i++;
    }
    return i;
}

/* @value is not of @content: say so, and move @error->at on by the bytes that are. */
COLD static int fail_content(struct iso_error *error, enum iso_content content, struct span value)
{
    error->at = (uint16_t)(error->at + field_count_valid(content, value));
    return fail(error, ERR_FORMAT, wanted[content]);
}

/* Check that all of @value is of @content. */
static inline int content_check(enum iso_content content, struct span value,
                                struct iso_error *error)
{
    if (content == ISO_XN) {
        bool good = value.len > 0 && field_count_valid(content, value) == value.len;
        return good ? 0 : fail_content(error, content, value);
    }
    if (content == ISO_B || span_is_of(content, value)) {
        return 0;
    }
    return fail_content(error, content, value);
}

/* True if @value is a track with D for =. */
static inline bool is_track_with_d(enum iso_content content, struct span value)
{
    return content == ISO_Z && value.len > 0 && memchr(value.ptr, 'D', value.len) != NULL;
}

/* --- length prefixes: ASCII digits, or BCD with as many digits as its bytes hold ----------------
 */

static inline size_t prefix_width(const struct iso_field_row *row)
{
    return row->prefix_coding == ISO_BCD ? (row->prefix + 1u) / 2u : row->prefix;
}

/* What a length prefix may say: digits, characters or bytes on the wire. */
static inline size_t count_max(const struct iso_field_row *row)
{
    return row->coding == ISO_HEX ? 2u * row->len : row->len;
}

static inline int prefix_decode(const struct iso_field_row *row, struct reader *in, size_t *count,
                                struct iso_error *error)
{
    size_t width = prefix_width(row);
    struct span wire;
    if (reader_take(in, width, &wire) < 0) {
        return fail_numbers(error, ERR_TRUNCATED, "length", width, reader_left(in));
    }
    size_t sum = 0;
    if (row->prefix_coding == ISO_BCD) {
        for (size_t i = 0; i < width; i++) {
            if (wire.ptr[i] >> 4 > 9 || (wire.ptr[i] & 15) > 9) {
                return fail(error, ERR_FORMAT, "length digit");
            }
            sum = sum * 100 + wire.ptr[i] / 16u * 10 + wire.ptr[i] % 16u;
        }
    } else {
        for (size_t i = 0; i < width; i++) {
            if (!byte_is_digit(wire.ptr[i])) {
                return fail(error, ERR_FORMAT, "length digit");
            }
            sum = sum * 10 + wire.ptr[i] - '0';
        }
    }
    if (sum > count_max(row)) {
        return fail_numbers(error, ERR_LENGTH, "length", count_max(row), sum);
    }
    *count = sum;
    return 0;
}

/* Write the prefix_width() bytes at @to. */
static inline void prefix_encode(const struct iso_field_row *row, size_t count, uint8_t *to)
{
    size_t width = prefix_width(row);
    if (row->prefix_coding != ISO_BCD) {
        digits_put(to, width, count);
        return;
    }
    for (size_t i = width; i-- > 0;) {
        to[i] = (uint8_t)(count / 10 % 10 << 4 | count % 10);
        count /= 100;
    }
}

/* --- characters and raw bytes ------------------------------------------------------------------
 */

static inline int plain_decode(const struct iso_field_row *row, struct span wire,
                               struct writer *scratch, struct iso_field *field,
                               struct iso_error *error)
{
    TRY(content_check(row->content, wire, error));
    field->ptr = wire.ptr;
    field->len = (uint16_t)wire.len;
    if (!is_track_with_d(row->content, wire)) {
        return 0;
    }
    uint8_t *copy = writer_room(scratch, wire.len);
    if (copy == NULL) {
        return fail(error, ERR_SPACE, "scratch");
    }
    for (size_t i = 0; i < wire.len; i++) {
        copy[i] = wire.ptr[i] == 'D' ? '=' : wire.ptr[i];
    }
    field->ptr = copy;
    return 0;
}

/* Write @zeros, @value and @spaces at @to. */
static inline void plain_encode(struct span value, size_t zeros, size_t spaces, uint8_t *to)
{
    if (zeros + spaces != 0) {
        memset(to, '0', zeros);
        memset(to + zeros + value.len, ' ', spaces);
    }
    if (value.len != 0) {
        memcpy(to + zeros, value.ptr, value.len);
    }
}

/* --- BCD: digits by nibbles, = as D ------------------------------------------------------------
 */

/* Nibble to character, 0 where there is none. */
static const uint8_t digit_of[2][16] = {
    {'0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 0, 0, 0, 0, 0, 0},
    {'0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 0, 0, 0, '=', 0, 0},
};

/* Unpack @count digits of @wire to @to. The fill nibble must be 0 in front, 0 or F behind. */
static int nibbles_unpack(const struct iso_field_row *row, struct span wire, size_t count,
                          uint8_t *to, struct iso_error *error)
{
    const uint8_t *digits = digit_of[row->content == ISO_Z];
    bool front = count % 2 != 0 && row->pad == ISO_PAD_0_FRONT;
    bool behind = count % 2 != 0 && !front;
    size_t at = 0;
    if (front) {
        to[0] = wire.ptr[0] >> 4 == 0 ? digits[wire.ptr[0] & 15] : 0;
        if (to[0] == 0) {
            return fail(error, ERR_FORMAT, "digit");
        }
        to++;
        at = 1;
    }
    for (; at < wire.len - behind; at++, to += 2) {
        to[0] = digits[wire.ptr[at] >> 4];
        to[1] = digits[wire.ptr[at] & 15];
        if (to[0] == 0 || to[1] == 0) {
            error->at = (uint16_t)(error->at + at);
            return fail(error, ERR_FORMAT, wanted[row->content]);
        }
    }
    if (behind) {
        unsigned fill = wire.ptr[at] & 15u;
        to[0] = digits[wire.ptr[at] >> 4];
        if (to[0] == 0 || (fill != 0 && fill != 15)) {
            error->at = (uint16_t)(error->at + at);
            return fail(error, ERR_FORMAT, to[0] == 0 ? wanted[row->content] : "padding nibble");
        }
    }
    return 0;
}

NOINLINE static int bcd_decode(const struct iso_field_row *row, struct span wire, size_t count,
                               struct writer *scratch, struct iso_field *field,
                               struct iso_error *error)
{
    uint8_t *to = writer_room(scratch, count);
    if (to == NULL) {
        return fail(error, ERR_SPACE, "scratch");
    }
    field->ptr = to;
    field->len = (uint16_t)count;
    if (row->content == ISO_XN) {
        if (count == 0) {
            return fail_numbers(error, ERR_LENGTH, "length", 1, 0);
        }
        if (field_count_valid(ISO_XN, span_first(wire, 1)) != 1) {
            return fail(error, ERR_FORMAT, wanted[ISO_XN]);
        }
        *to++ = wire.ptr[0];
        wire = span_skip(wire, 1);
        error->at++;
        count--;
    }
    return nibbles_unpack(row, wire, count, to, error);
}

/* Pack @zeros zeros and then @value, digits and = that were checked, into (digits + 1) / 2 bytes at
 * @to. */
NOINLINE static void bcd_encode(const struct iso_field_row *row, struct span value, size_t zeros,
                                uint8_t *to)
{
    size_t count = zeros + value.len;
    bool odd = count % 2 != 0;
    memset(to, 0, (count + 1) / 2);
    if (odd && row->pad == ISO_PAD_F_BEHIND) {
        to[count / 2] = 0x0F;
    }
    size_t at = zeros + (odd && row->pad == ISO_PAD_0_FRONT);
    for (size_t i = 0; i < value.len; i++, at++) {
        unsigned nibble = value.ptr[i] == '=' ? 0xD : value.ptr[i] - '0';
        to[at / 2] = (uint8_t)(to[at / 2] | nibble << (at % 2 == 0 ? 4 : 0));
    }
}

/* --- bytes as hex characters -------------------------------------------------------------------
 */

NOINLINE static int hex_field_decode(struct span wire, struct writer *scratch,
                                     struct iso_field *field, struct iso_error *error)
{
    uint8_t *to = writer_room(scratch, wire.len / 2);
    if (to == NULL) {
        return fail(error, ERR_SPACE, "scratch");
    }
    field->ptr = to;
    field->len = (uint16_t)(wire.len / 2);
    if (hex_decode(wire, to) == 0) {
        return 0;
    }
    size_t good = 0;
    while (good < wire.len && hex_value(wire.ptr[good]) >= 0) {
        good++;
    }
    error->at = (uint16_t)(error->at + good);
    return fail(error, ERR_FORMAT, good == wire.len ? "even number of hex digits" : "hex digit");
}

/* --- a whole element ---------------------------------------------------------------------------
 */

/* The bytes on the wire of @count digits, characters or bytes (as count_max() counts them). */
static inline size_t wire_len(const struct iso_field_row *row, size_t count)
{
    if (row->coding != ISO_BCD) {
        return count;
    }
    return row->content == ISO_XN ? 1 + count / 2 : (count + 1) / 2;
}

int field_decode(const struct iso_field_row *row, struct reader *in, struct writer *scratch,
                 struct iso_field *field, struct iso_error *error)
{
    struct reader rest = *in;
    size_t count = count_max(row);
    error->at = field->at = (uint16_t)reader_offset(&rest);
    if (row->prefix != 0) {
        TRY(prefix_decode(row, &rest, &count, error));
        error->at = (uint16_t)reader_offset(&rest);
    }
    size_t len = wire_len(row, count);
    struct span wire;
    if (reader_take(&rest, len, &wire) < 0) {
        return fail_numbers(error, ERR_TRUNCATED, "bytes", len, reader_left(&rest));
    }
    in->ptr = rest.ptr;
    switch ((enum iso_coding)row->coding) {
    case ISO_BCD:
        return bcd_decode(row, wire, count, scratch, field, error);
    case ISO_HEX:
        return hex_field_decode(wire, scratch, field, error);
    case ISO_ASCII:
    case ISO_BINARY:
        break;
    }
    return plain_decode(row, wire, scratch, field, error);
}

/* @value into the wire_len() bytes at @to, with @fill more to make up a fixed length: zeros for
 * numbers (behind the sign), spaces for text. */
static inline void value_encode(const struct iso_field_row *row, struct span value, size_t fill,
                                uint8_t *to)
{
    bool number = row->content == ISO_N || row->content == ISO_XN;
    if (row->content == ISO_XN) {
        *to++ = value.ptr[0];
        value = span_skip(value, 1);
    }
    switch ((enum iso_coding)row->coding) {
    case ISO_BCD:
        bcd_encode(row, value, fill, to);
        break;
    case ISO_HEX:
        hex_encode(value, to);
        break;
    case ISO_ASCII:
    case ISO_BINARY:
        plain_encode(value, number ? fill : 0, number ? 0 : fill, to);
        break;
    }
}

int field_encode(const struct iso_field_row *row, struct span value, struct writer *out,
                 struct iso_error *error)
{
    bool fixed = row->prefix == 0;
    bool exact = row->content == ISO_B || row->content == ISO_Z;
    if (value.len > row->len || (fixed && exact && value.len != row->len)) {
        return fail_numbers(error, ERR_LENGTH, "length", row->len, value.len);
    }
    TRY(content_check(row->content, value, error));
    if (is_track_with_d(row->content, value)) {
        return fail(error, ERR_FORMAT, "= as separator");
    }
    size_t fill = fixed ? row->len - value.len : 0;
    size_t count = (value.len + fill) * (row->coding == ISO_HEX ? 2 : 1);
    size_t width = fixed ? 0 : prefix_width(row);
    uint8_t *to = writer_room(out, width + wire_len(row, count));
    if (to == NULL) {
        return fail(error, ERR_SPACE, "buffer");
    }
    if (!fixed) {
        prefix_encode(row, count, to);
    }
    value_encode(row, value, fill, to + width);
    return 0;
}
