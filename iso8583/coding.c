#include "iso8583/coding.h"

#include "iso8583/content.h"
#include "iso8583/ebcdic.h"
#include "iso8583/fail.h"

static bool is_ebcdic(enum iso_coding coding)
{
    return ISO_IS_EBCDIC(coding) || coding == ISO_HEX_EBCDIC;
}

static bool is_hex(enum iso_coding coding)
{
    return coding == ISO_HEX || coding == ISO_HEX_EBCDIC;
}

static bool is_zoned(const struct iso_field_row *row)
{
    return row->content == ISO_XN && row->sign == ISO_SIGN_ZONED;
}

size_t coding_wire_len(const struct iso_field_row *row, size_t count)
{
    if (row->coding == ISO_BCD) {
        return row->content == ISO_XN ? 1 + count / 2 : (count + 1) / 2;
    }
    if (is_hex(row->coding)) {
        return 2 * count;
    }
    return is_zoned(row) && count > 0 ? count - 1 : count;
}

size_t coding_count(const struct iso_field_row *row, struct span wire)
{
    if (row->coding != ISO_BCD) {
        return is_hex(row->coding) ? wire.len / 2 : wire.len + is_zoned(row);
    }
    size_t sign = row->content == ISO_XN && wire.len > 0;
    size_t digits = 2 * (wire.len - sign);
    if (digits == 0) {
        return sign;
    }
    bool filled = sign + digits == row->len + 1u ||
                  (row->pad == ISO_PAD_F_BEHIND && (wire.ptr[wire.len - 1] & 15) == 15) ||
                  (row->pad == ISO_PAD_F_FRONT && wire.ptr[sign] >> 4 == 15);
    return sign + digits - filled;
}

COLD static int fail_content(struct iso_error *error, enum iso_content content, struct span value)
{
    error->at = (uint16_t)(error->at + content_count_valid(content, value));
    return iso_fail(error, ERR_FORMAT, content_wanted(content));
}

static uint8_t *room(struct writer *scratch, size_t len, struct iso_field *field,
                     struct iso_error *error)
{
    uint8_t *to = writer_room(scratch, len);
    if (to == NULL) {
        (void)iso_fail(error, ERR_SPACE, "scratch");
        return NULL;
    }
    field->ptr = to;
    field->len = (uint16_t)len;
    return to;
}

/* --- characters and raw bytes ------------------------------------------------------------------
 */

/* The separator of a track is canonical as '='. */
static void separators_to_equals(uint8_t *track, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        track[i] = track[i] == 'D' ? '=' : track[i];
    }
}

static int plain_decode(const struct iso_field_row *row, struct span wire, struct writer *scratch,
                        struct iso_field *field, struct iso_error *error)
{
    if (!content_is(row->content, wire)) {
        return fail_content(error, row->content, wire);
    }
    field->ptr = wire.ptr;
    field->len = (uint16_t)wire.len;
    if (row->content == ISO_Z && wire.len > 0 && memchr(wire.ptr, 'D', wire.len) != NULL) {
        uint8_t *to = room(scratch, wire.len, field, error);
        if (to == NULL) {
            return ERR_SPACE;
        }
        memcpy(to, wire.ptr, wire.len);
        separators_to_equals(to, wire.len);
    }
    return 0;
}

static int ebcdic_decode(const struct iso_field_row *row, struct span wire, struct writer *scratch,
                         struct iso_field *field, struct iso_error *error)
{
    const uint8_t *table = ebcdic_from(row->coding);
    uint8_t *to = room(scratch, wire.len, field, error);
    if (to == NULL) {
        return ERR_SPACE;
    }
    for (size_t i = 0; i < wire.len; i++) {
        to[i] = table[wire.ptr[i]];
    }
    if (!content_is(row->content, span_make(to, wire.len))) {
        return fail_content(error, row->content, span_make(to, wire.len));
    }
    if (row->content == ISO_Z) {
        separators_to_equals(to, wire.len);
    }
    return 0;
}

/* The character of @canonical on the wire. */
static uint8_t character(const struct iso_field_row *row, uint8_t canonical)
{
    if (row->content == ISO_Z && canonical == '=' && row->separator != 0) {
        canonical = row->separator;
    }
    return is_ebcdic(row->coding) ? ebcdic_to(row->coding)[canonical] : canonical;
}

static void characters_encode(const struct iso_field_row *row, struct span value,
                              struct coding_fill fill, uint8_t *to)
{
    bool same = !is_ebcdic(row->coding) && row->content != ISO_Z;
    memset(to, character(row, fill.with), fill.front);
    to += fill.front;
    if (same && value.len != 0) {
        memcpy(to, value.ptr, value.len);
    }
    for (size_t i = 0; !same && i < value.len; i++) {
        to[i] = character(row, value.ptr[i]);
    }
    memset(to + value.len, character(row, fill.with), fill.behind);
}

/* --- zoned: digits in EBCDIC, the sign in the zone of the last ---------------------------------
 */

static int zoned_decode(struct span wire, struct writer *scratch, struct iso_field *field,
                        struct iso_error *error)
{
    uint8_t *to = room(scratch, wire.len + 1, field, error);
    if (to == NULL) {
        return ERR_SPACE;
    }
    to[0] = wire.len > 0 && wire.ptr[wire.len - 1] >> 4 == 0xD ? 'D' : 'C';
    for (size_t i = 0; i < wire.len; i++) {
        unsigned zone = i + 1 == wire.len && to[0] == 'D' ? 0xD0 : 0xF0;
        unsigned digit = wire.ptr[i] - zone;
        if (digit > 9) {
            error->at = (uint16_t)(error->at + i);
            return iso_fail(error, ERR_FORMAT, "digit");
        }
        to[1 + i] = (uint8_t)('0' + digit);
    }
    return 0;
}

static void zoned_encode(struct span value, struct coding_fill fill, uint8_t *to)
{
    size_t digits = fill.front + value.len - 1;
    memset(to, 0xF0, fill.front);
    for (size_t i = 1; i < value.len; i++) {
        to[fill.front + i - 1] = (uint8_t)(0xF0 | (value.ptr[i] & 15u));
    }
    if (digits > 0 && value.ptr[0] == 'D') {
        to[digits - 1] = (uint8_t)(0xD0 | (to[digits - 1] & 15u));
    }
}

/* --- BCD: digits by nibbles, = as D ------------------------------------------------------------
 */

/* Nibble to character, 0 where there is none. */
static const uint8_t digit_of[2][16] = {
    {'0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 0, 0, 0, 0, 0, 0},
    {'0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 0, 0, 0, '=', 0, 0},
};

static unsigned nibble_at(struct span wire, size_t index)
{
    return index % 2 == 0 ? wire.ptr[index / 2] >> 4 : wire.ptr[index / 2] & 15u;
}

/* Whether @nibble may fill up an odd count. Behind, 0 and F are read alike. */
static bool is_filler(enum iso_pad pad, unsigned nibble)
{
    switch (pad) {
    case ISO_PAD_0_FRONT:
        return nibble == 0;
    case ISO_PAD_F_FRONT:
        return nibble == 15;
    case ISO_PAD_F_BEHIND:
    case ISO_PAD_0_BEHIND:
        break;
    }
    return nibble == 0 || nibble == 15;
}

static bool pads_front(const struct iso_field_row *row)
{
    return row->pad == ISO_PAD_0_FRONT || row->pad == ISO_PAD_F_FRONT;
}

/* Unpack @count digits of @wire to @to. */
static int nibbles_unpack(const struct iso_field_row *row, struct span wire, size_t count,
                          uint8_t *to, struct iso_error *error)
{
    const uint8_t *digits = digit_of[row->content == ISO_Z];
    size_t filler = count % 2 == 0 ? SIZE_MAX : pads_front(row) ? 0 : count;
    size_t first = filler == 0;
    size_t start = error->at;
    for (size_t i = 0; i < 2 * wire.len; i++) {
        unsigned nibble = nibble_at(wire, i);
        error->at = (uint16_t)(start + i / 2);
        if (i == filler) {
            if (!is_filler(row->pad, nibble)) {
                return iso_fail(error, ERR_FORMAT, "padding nibble");
            }
        } else if (digits[nibble] == 0) {
            return iso_fail(error, ERR_FORMAT, content_wanted(row->content));
        } else {
            to[i - first] = digits[nibble];
        }
    }
    return 0;
}

/* The letter of x+n before BCD. */
static uint8_t sign_byte(const struct iso_field_row *row, uint8_t letter)
{
    return row->sign == ISO_SIGN_EBCDIC ? ebcdic_to(ISO_CP500)[letter] : letter;
}

static int bcd_decode(const struct iso_field_row *row, struct span wire, size_t count,
                      struct writer *scratch, struct iso_field *field, struct iso_error *error)
{
    uint8_t *to = room(scratch, count, field, error);
    if (to == NULL) {
        return ERR_SPACE;
    }
    if (row->content == ISO_XN) {
        if (count == 0) {
            return iso_fail_numbers(error, ERR_LENGTH, "length", 1, 0);
        }
        bool debit = wire.ptr[0] == sign_byte(row, 'D');
        if (!debit && wire.ptr[0] != sign_byte(row, 'C')) {
            return iso_fail(error, ERR_FORMAT, content_wanted(ISO_XN));
        }
        *to++ = debit ? 'D' : 'C';
        wire = span_skip(wire, 1);
        error->at++;
        count--;
    }
    return nibbles_unpack(row, wire, count, to, error);
}

/* Digits, zeros in front and behind them, in (digits + 1) / 2 bytes at @to. */
static void bcd_encode(const struct iso_field_row *row, struct span value, struct coding_fill fill,
                       uint8_t *to)
{
    size_t count = fill.front + value.len + fill.behind;
    bool odd = count % 2 != 0;
    size_t at = fill.front + (odd && pads_front(row));
    memset(to, 0, (count + 1) / 2);
    if (odd && row->pad == ISO_PAD_F_BEHIND) {
        to[count / 2] = 0x0F;
    } else if (odd && row->pad == ISO_PAD_F_FRONT) {
        to[0] = 0xF0;
    }
    for (size_t i = 0; i < value.len; i++, at++) {
        unsigned nibble = value.ptr[i] == '=' ? 0xD : value.ptr[i] & 15u;
        to[at / 2] = (uint8_t)(to[at / 2] | nibble << (at % 2 == 0 ? 4 : 0));
    }
}

/* --- bytes as hex characters -------------------------------------------------------------------
 */

static int hex_chars_decode(const struct iso_field_row *row, struct span wire,
                            struct writer *scratch, struct iso_field *field,
                            struct iso_error *error)
{
    const uint8_t *table = row->coding == ISO_HEX_EBCDIC ? ebcdic_from(ISO_CP500) : NULL;
    uint8_t *to = room(scratch, wire.len / 2, field, error);
    if (to == NULL) {
        return ERR_SPACE;
    }
    for (size_t i = 0; i < wire.len; i++) {
        int digit = hex_value(table != NULL ? table[wire.ptr[i]] : wire.ptr[i]);
        if (digit < 0) {
            error->at = (uint16_t)(error->at + i);
            return iso_fail(error, ERR_FORMAT, "hex digit");
        }
        if (i % 2 == 0 && i + 1 < wire.len) {
            to[i / 2] = (uint8_t)(digit << 4);
        } else if (i % 2 != 0) {
            to[i / 2] = (uint8_t)(to[i / 2] | digit);
        }
    }
    if (wire.len % 2 != 0) {
        error->at = (uint16_t)(error->at + wire.len);
        return iso_fail(error, ERR_FORMAT, "even number of hex digits");
    }
    return 0;
}

static void hex_chars_encode(const struct iso_field_row *row, struct span value,
                             struct coding_fill fill, uint8_t *to)
{
    size_t len = fill.front + value.len + fill.behind;
    memset(to, '0', 2 * len);
    hex_encode(value, to + 2 * fill.front);
    for (size_t i = 0; row->coding == ISO_HEX_EBCDIC && i < 2 * len; i++) {
        to[i] = ebcdic_to(ISO_CP500)[to[i]];
    }
}

/* --- all of them -------------------------------------------------------------------------------
 */

int coding_decode(const struct iso_field_row *row, struct span wire, size_t count,
                  struct writer *scratch, struct iso_field *field, struct iso_error *error)
{
    switch ((enum iso_coding)row->coding) {
    case ISO_BCD:
        return bcd_decode(row, wire, count, scratch, field, error);
    case ISO_HEX:
    case ISO_HEX_EBCDIC:
        return hex_chars_decode(row, wire, scratch, field, error);
    case ISO_CP500:
    case ISO_CP037:
    case ISO_CP1047:
        return is_zoned(row) ? zoned_decode(wire, scratch, field, error)
                             : ebcdic_decode(row, wire, scratch, field, error);
    case ISO_ASCII:
    case ISO_BINARY:
        break;
    }
    return plain_decode(row, wire, scratch, field, error);
}

void coding_encode(const struct iso_field_row *row, struct span value, struct coding_fill fill,
                   uint8_t *to)
{
    if (is_zoned(row)) {
        zoned_encode(value, fill, to);
        return;
    }
    if (row->content == ISO_XN) {
        *to++ =
            row->coding == ISO_BCD ? sign_byte(row, value.ptr[0]) : character(row, value.ptr[0]);
        value = span_skip(value, 1);
    }
    switch ((enum iso_coding)row->coding) {
    case ISO_BCD:
        bcd_encode(row, value, fill, to);
        break;
    case ISO_HEX:
    case ISO_HEX_EBCDIC:
        hex_chars_encode(row, value, fill, to);
        break;
    case ISO_ASCII:
    case ISO_BINARY:
    case ISO_CP500:
    case ISO_CP037:
    case ISO_CP1047:
        characters_encode(row, value, fill, to);
        break;
    }
}
