/* Reading a message. There are two ways over the elements and they agree: fields_fast() takes the
 * usual rows by their op, sixteen bytes at a time, and only finds out whether anything at all is
 * wrong; then fields_careful() reads again, row by row, to say what. */
#include "iso8583/content.h"
#include "iso8583/dialect.h"
#include "iso8583/ebcdic.h"
#include "iso8583/fail.h"
#include "iso8583/field.h"
#include "iso8583/message.h"
#include "iso8583/mti.h"
#include "iso8583/op.h"
#include "iso8583/wide.h"

enum { MTI_DE = 0, BITMAP_DE = 1, THIRD_DE = 65 };

#define BIT1 (1ull << 63)

struct decoder {
    const struct iso_dialect *dialect;
    struct reader in;
    struct writer *scratch;
    struct iso_msg *msg;
    struct iso_error *error;
};

COLD static int fail_head(struct decoder *d, int code, unsigned de, const char *what)
{
    (void)iso_fail_at(d->error, code, reader_offset(&d->in), what);
    d->error->de = (uint8_t)de;
    return code;
}

COLD static int fail_short(struct decoder *d, unsigned de, size_t needed)
{
    (void)fail_head(d, ERR_TRUNCATED, de, "bytes");
    d->error->expected = (uint32_t)needed;
    d->error->got = (uint32_t)reader_left(&d->in);
    return ERR_TRUNCATED;
}

/* --- header, MTI, bitmaps ----------------------------------------------------------------------
 */

static int mti_decode(struct decoder *d)
{
    bool bcd = d->dialect->mti_coding == ISO_BCD;
    uint8_t zero = d->dialect->mti_coding == ISO_ASCII ? '0' : 0xF0;
    size_t width = bcd ? 2 : 4;
    struct reader rest = d->in;
    struct span wire;
    if (reader_take(&rest, width, &wire) < 0) {
        return fail_short(d, MTI_DE, width);
    }
    unsigned mti = 0;
    unsigned wrong = 0;
    for (size_t i = 0; i < 4; i++) {
        unsigned digit = bcd ? (unsigned)wire.ptr[i / 2] >> (i % 2 == 0 ? 4 : 0) & 15u
                             : (unsigned)wire.ptr[i] - zero;
        wrong |= digit > 9;
        mti = mti << 4 | (digit & 15u);
    }
    if (wrong != 0) {
        return fail_head(d, ERR_FORMAT, MTI_DE, "digit");
    }
    d->msg->mti = (uint16_t)mti;
    d->in.ptr = rest.ptr;
    return 0;
}

/* One bitmap of 64 bits: 8 bytes or 16 hex characters. */
static int bitmap_decode(struct decoder *d, uint64_t *bits)
{
    bool hex = d->dialect->bitmap_coding != ISO_BINARY;
    size_t width = hex ? 16 : 8;
    struct reader rest = d->in;
    struct span wire;
    if (reader_take(&rest, width, &wire) < 0) {
        return fail_short(d, BITMAP_DE, width);
    }
    if (!hex) {
        *bits = be64_get(wire.ptr);
        d->in.ptr = rest.ptr;
        return 0;
    }
    const uint8_t *table = d->dialect->bitmap_coding == ISO_HEX ? NULL : ebcdic_from(ISO_CP500);
    uint64_t value = 0;
    int wrong = 0;
    for (size_t i = 0; i < width; i++) {
        int digit = hex_value(table != NULL ? table[wire.ptr[i]] : wire.ptr[i]);
        wrong |= digit;
        value = value << 4 | (uint64_t)(digit & 15);
    }
    if (wrong < 0) {
        return fail_head(d, ERR_FORMAT, BITMAP_DE, "hex digit");
    }
    *bits = value;
    d->in.ptr = rest.ptr;
    return 0;
}

static int head_decode(struct decoder *d)
{
    const struct iso_dialect *dialect = d->dialect;
    uint64_t *named = d->msg->named;
    if (dialect->header.len != 0 && reader_take(&d->in, dialect->header.len, &d->msg->header) < 0) {
        return fail_short(d, MTI_DE, dialect->header.len);
    }
    TRY(mti_decode(d));
    TRY(bitmap_decode(d, &named[0]));
    if ((named[0] & BIT1) != 0 || dialect->bitmap_fixed) {
        TRY(bitmap_decode(d, &named[1]));
    }
    named[0] &= ~BIT1;
    if (dialect->third == ISO_THIRD_AHEAD && (named[1] & BIT1) != 0) {
        TRY(bitmap_decode(d, &named[2]));
        named[1] &= ~BIT1;
    }
    return 0;
}

/* --- the careful way ---------------------------------------------------------------------------
 */

static int element_decode(struct decoder *d, unsigned de, struct iso_error *error)
{
    const struct iso_field_row *row = &d->dialect->field[de];
    if (de == THIRD_DE && d->dialect->third == ISO_THIRD_IN_65) {
        struct decoder third = *d;
        third.error = error;
        d->msg->named[1] &= ~BIT1;
        TRY(bitmap_decode(&third, &d->msg->named[2]));
        d->in.ptr = third.in.ptr;
        return 0;
    }
    if (row->content == ISO_NONE) {
        return iso_fail_at(error, ERR_FIELD_UNKNOWN, reader_offset(&d->in), "field");
    }
    return field_decode(row, &d->in, d->scratch, &d->msg->field[de], error);
}

/* The last element of @msg, or the bitmap. */
static unsigned last_de(const struct iso_msg *msg)
{
    for (unsigned word = ISO_BITMAPS; word-- > 0;) {
        if (msg->present[word] != 0) {
            return word * 64 + 64 - (unsigned)__builtin_ctzll(msg->present[word]);
        }
    }
    return BITMAP_DE;
}

/* One element after the other. Behind the first that is bad, what is read is in doubt; where the
 * end of an element is not known, reading is over. */
COLD static int fields_careful(struct decoder *d)
{
    struct iso_msg *msg = d->msg;
    struct iso_error later = {0};
    int first = 0;
    for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
        unsigned word = (de - 1) >> 6;
        uint64_t bit = BIT1 >> ((de - 1) & 63u);
        if ((msg->named[word] & bit) == 0) {
            continue;
        }
        const uint8_t *start = d->in.ptr;
        int result = element_decode(d, de, first < 0 ? &later : d->error);
        msg->reached = (uint8_t)de;
        if (result == 0 && (msg->named[word] & bit) != 0) {
            *(first < 0 ? &msg->doubt[word] : &msg->present[word]) |= bit;
        }
        if (result < 0 && first == 0) {
            d->error->de =
                de == THIRD_DE && d->dialect->third != ISO_THIRD_NONE ? BITMAP_DE : (uint8_t)de;
            first = result;
        }
        if (result < 0 && (d->in.ptr == start || result == ERR_SPACE)) {
            return first;
        }
    }
    if (first == 0 && reader_left(&d->in) != 0) {
        size_t left = reader_left(&d->in);
        (void)fail_head(d, ERR_TRAILING, last_de(msg), "bytes");
        d->error->got = (uint32_t)left;
        return ERR_TRAILING;
    }
    return first;
}

/* --- the fast way ------------------------------------------------------------------------------
 */

/* What @wrong finds in the @len bytes at @p. Reads the 16 bytes that end with them, which lie
 * within the frame: the caller has seen to it. */
__attribute__((always_inline)) static inline wide find(wide (*wrong)(wide), const uint8_t *p,
                                                       size_t len)
{
    wide found = wrong(wide_load(p + len - WIDE_LEN)) & wide_last(len < WIDE_LEN ? len : WIDE_LEN);
    for (; len > WIDE_LEN; len -= WIDE_LEN, p += WIDE_LEN) {
        found |= wrong(wide_load(p));
    }
    return found;
}

/* The number of digits in @p, each from @zero; more than any length if they are none. */
__attribute__((always_inline)) static inline size_t digits_number(const uint8_t *p, size_t count,
                                                                  uint8_t zero)
{
    size_t number = 0;
    for (size_t i = 0; i < count; i++) {
        size_t digit = (size_t)p[i] - zero;
        number = number * 10 + digit + (digit > 9) * (size_t)UINT32_MAX;
    }
    return number;
}

__attribute__((always_inline)) static inline size_t bcd_number(uint8_t byte)
{
    return byte / 16u * 10 + byte % 16u +
           ((byte >> 4 > 9) | ((byte & 15) > 9)) * (size_t)UINT32_MAX;
}

enum { PREFIX_LEN_MAX = 3 };

/* The number in the prefix of @shape at @p, where PREFIX_LEN_MAX bytes can be read; sets its
 * @width. */
__attribute__((always_inline)) static inline size_t prefix_number(enum op_shape shape,
                                                                  const uint8_t *p, size_t *width)
{
    switch (shape) {
    case OP_LL:
        *width = 2;
        return digits_number(p, 2, '0');
    case OP_LLL:
        *width = 3;
        return digits_number(p, 3, '0');
    case OP_E_LL:
        *width = 2;
        return digits_number(p, 2, 0xF0);
    case OP_E_LLL:
        *width = 3;
        return digits_number(p, 3, 0xF0);
    case OP_BCD1:
        *width = 1;
        return bcd_number(p[0]);
    case OP_BCD2:
        *width = 2;
        return bcd_number(p[0]) * 100 + bcd_number(p[1]);
    case OP_BIN1:
        *width = 1;
        return p[0];
    case OP_FIXED:
    case OP_SHAPES:
        break;
    }
    return SIZE_MAX;
}

/* --- values that are not canonical on the wire: into the scratch, sixteen characters a step -----
 */

/* What a step may read behind the value, and write behind it in the scratch. */
enum { STEP_LEN = WIDE_LEN };

/* Unpack the @len digits of the BCD at @p; sets the view and adds to @found. False if the row's pad
 * needs the careful way. */
__attribute__((always_inline)) static inline bool bcd_unpack(const struct iso_field_row *row,
                                                             const uint8_t *p, size_t len,
                                                             struct writer *scratch,
                                                             struct iso_field *field, wide *found)
{
    uint8_t *to = scratch->ptr + scratch->len;
    bool odd = len % 2 != 0;
    bool front = odd && row->pad == ISO_PAD_0_FRONT;
    if (odd && !front) {
        unsigned fill = p[len / 2] & 15u;
        if (row->pad == ISO_PAD_F_FRONT || (fill != 0 && fill != 15)) {
            return false;
        }
    }
    size_t count = len + front;
    for (size_t i = 0; i < count; i += WIDE_LEN) {
        size_t left = count - i < WIDE_LEN ? count - i : WIDE_LEN;
        wide digits = wide_nibbles(p + i / 2) | WIDE_ALL('0');
        wide wrong = row->content == ISO_Z ? wide_not_track(digits) : wide_not_digits(digits);
        *found |= wrong & wide_first(left);
        wide_store(to + i, digits);
    }
    if (front && p[0] >> 4 != 0) {
        return false;
    }
    field->ptr = to + front;
    scratch->len += count;
    return true;
}

/* Translate the @len EBCDIC digits at @p. */
__attribute__((always_inline)) static inline void ebcdic_digits(const uint8_t *p, size_t len,
                                                                struct writer *scratch,
                                                                struct iso_field *field,
                                                                wide *found)
{
    uint8_t *to = scratch->ptr + scratch->len;
    for (size_t i = 0; i < len; i += WIDE_LEN) {
        size_t left = len - i < WIDE_LEN ? len - i : WIDE_LEN;
        wide digits = wide_load(p + i) ^ WIDE_ALL(0xC0);
        *found |= wide_not_digits(digits) & wide_first(left);
        wide_store(to + i, digits);
    }
    field->ptr = to;
    scratch->len += len;
}

/* Translate the @len EBCDIC characters at @p. */
static inline bool ebcdic_text(const struct iso_field_row *row, const uint8_t *p, size_t len,
                               struct writer *scratch, struct iso_field *field)
{
    const uint8_t *table = ebcdic_from(row->coding);
    uint8_t *to = scratch->ptr + scratch->len;
    for (size_t i = 0; i < len; i++) {
        to[i] = table[p[i]];
    }
    field->ptr = to;
    scratch->len += len;
    return content_is(row->content, span_make(to, len));
}

/* Read the value of @row, @len digits or characters, that begins at @p; there are STEP_LEN bytes
 * more to read behind it and to write in the scratch. False if the careful way has to see it. */
static bool coded_value(const struct iso_field_row *row, const uint8_t *p, size_t len,
                        struct writer *scratch, struct iso_field *field, wide *found)
{
    switch (op_check(row->op)) {
    case OP_BCD_N:
    case OP_BCD_Z:
        return bcd_unpack(row, p, len, scratch, field, found);
    case OP_E_N:
        ebcdic_digits(p, len, scratch, field, found);
        return true;
    case OP_E_TEXT:
        return ebcdic_text(row, p, len, scratch, field);
    default:
        return false;
    }
}

/* --- all elements ------------------------------------------------------------------------------
 */

/* The view of a value that is canonical as it stands: checked, what is wrong added to @found. False
 * if it is not such a value, or has a D to be made '='. */
__attribute__((always_inline)) static inline bool plain_value(enum op_check check, const uint8_t *p,
                                                              size_t len, wide *found)
{
    switch (check) {
    case OP_BYTES:
        return true;
    case OP_N:
        *found |= find(wide_not_digits, p, len);
        return true;
    case OP_A:
        *found |= find(wide_not_letters, p, len);
        return true;
    case OP_AN:
        *found |= find(wide_not_alnum, p, len);
        return true;
    case OP_ANS:
        *found |= find(wide_not_text, p, len);
        return true;
    case OP_Z:
        return !wide_any(find(wide_not_track, p, len));
    default:
        return false;
    }
}

/* Read one element of @row at @p by its op. Returns the byte behind it, or NULL if the careful way
 * has to see it. */
__attribute__((always_inline)) static inline const uint8_t *
element_fast(struct decoder *d, const struct iso_field_row *row, const uint8_t *p,
             struct iso_field *field, wide *found)
{
    enum op_shape shape = op_shape(row->op);
    enum op_check check = op_check(row->op);
    size_t room = (size_t)(d->in.end - p);
    size_t len = row->len;
    size_t width = 0;
    if (shape != OP_FIXED) {
        size_t number = room < PREFIX_LEN_MAX ? SIZE_MAX : prefix_number(shape, p, &width);
        if (number > len) {
            return NULL;
        }
        len = number;
    }
    const uint8_t *value = p + width;
    field->len = (uint16_t)len;
    field->at = (uint16_t)(p - d->in.start);
    if (check < OP_BCD_N) {
        bool near_start = (size_t)(value - d->in.start) + len < WIDE_LEN;
        if (room < width + len || near_start || !plain_value(check, value, len, found)) {
            return NULL;
        }
        field->ptr = value;
        return value + len;
    }
    struct writer *scratch = d->scratch;
    size_t wire_len = check < OP_E_N ? (len + 1) / 2 : len;
    if (room < width + wire_len + STEP_LEN || scratch->cap - scratch->len < len + 2 * STEP_LEN ||
        !coded_value(row, value, len, scratch, field, found)) {
        return NULL;
    }
    return value + wire_len;
}

/* Read the elements that are named, if all is well; else false, and what was read is not to be
 * used. */
static bool fields_fast(struct decoder *d)
{
    struct iso_msg *msg = d->msg;
    const uint8_t *p = d->in.ptr;
    wide found = WIDE_ALL(0);
    for (unsigned word = 0; word < ISO_BITMAPS; word++) {
        uint64_t left = msg->named[word];
        const struct iso_field_row *rows = &d->dialect->field[64 * word + 1];
        struct iso_field *fields = &msg->field[64 * word + 1];
        while (left != 0) {
            unsigned bit = (unsigned)__builtin_clzll(left);
            left &= ~(BIT1 >> bit);
            const uint8_t *behind = element_fast(d, &rows[bit], p, &fields[bit], &found);
            if (__builtin_expect(behind == NULL, 0)) {
                d->in.ptr = p;
                if (rows[bit].content == ISO_NONE ||
                    field_decode(&rows[bit], &d->in, d->scratch, &fields[bit], d->error) < 0) {
                    return false;
                }
                behind = d->in.ptr;
            }
            p = behind;
        }
        msg->present[word] = msg->named[word];
    }
    return p == d->in.end && !wide_any(found);
}

int iso_decode(const struct iso_dialect *dialect, struct span wire, struct writer *scratch,
               struct iso_msg *msg, struct iso_error *error)
{
    CHECK(dialect != NULL);
    struct decoder decoder = {dialect, reader_make(wire), scratch, msg, error};
    iso_init(msg, 0);
    msg->dialect = dialect;
    if (wire.len > UINT16_MAX) {
        return fail_head(&decoder, ERR_LENGTH, MTI_DE, "message");
    }
    TRY(head_decode(&decoder));
    struct reader in = decoder.in;
    size_t scratch_len = scratch->len;
    bool third_inside = dialect->third == ISO_THIRD_IN_65 && (msg->named[1] & BIT1) != 0;
    if (!third_inside && fields_fast(&decoder)) {
        return 0;
    }
    decoder.in = in;
    scratch->len = scratch_len;
    scratch->overflow = false;
    memset(msg->present, 0, sizeof msg->present);
    return fields_careful(&decoder);
}
