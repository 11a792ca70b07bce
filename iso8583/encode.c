/* Writing a message. As in decode.c there is a fast way by op over the usual rows, which only finds
 * out whether anything is wrong, and field_encode() for every other row and to say what. */
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

struct encoder {
    const struct iso_msg *msg;
    const struct iso_dialect *dialect;
    struct writer *out;
    size_t start; /* of the message in @out */
    struct iso_error *error;
};

/* --- header, MTI, bitmaps ----------------------------------------------------------------------
 */

static void header_encode(struct encoder *e)
{
    const struct iso_header *header = &e->dialect->header;
    const uint8_t *from =
        e->msg->header.len == header->len ? e->msg->header.ptr : e->dialect->header.blank;
    uint8_t *to = header->len == 0 ? NULL : writer_room(e->out, header->len);
    if (to != NULL && from != NULL) {
        memcpy(to, from, header->len);
    } else if (to != NULL) {
        memset(to, 0, header->len);
    }
}

static void mti_encode(struct encoder *e)
{
    uint16_t mti = e->msg->mti;
    if (e->dialect->mti_coding == ISO_BCD) {
        writer_be16(e->out, mti);
        return;
    }
    uint8_t zone = e->dialect->mti_coding == ISO_ASCII ? 0 : 0xC0;
    uint8_t *to = writer_room(e->out, 4);
    if (to == NULL) {
        return;
    }
    mti_print(mti, to);
    for (size_t i = 0; i < 4; i++) {
        to[i] |= zone;
    }
}

static void bitmap_encode(struct encoder *e, uint64_t bits)
{
    bool hex = e->dialect->bitmap_coding != ISO_BINARY;
    uint8_t bytes[8];
    uint8_t *to = writer_room(e->out, hex ? 16 : 8);
    if (to == NULL) {
        return;
    }
    if (!hex) {
        be64_put(to, bits);
        return;
    }
    be64_put(bytes, bits);
    hex_encode(span_make(bytes, sizeof bytes), to);
    for (size_t i = 0; e->dialect->bitmap_coding == ISO_HEX_EBCDIC && i < 16; i++) {
        to[i] = ebcdic_to(ISO_CP500)[to[i]];
    }
}

static void head_encode(struct encoder *e)
{
    const struct iso_dialect *dialect = e->dialect;
    const uint64_t *present = e->msg->present;
    bool third = dialect->third != ISO_THIRD_NONE && present[2] != 0;
    uint64_t second = present[1] | (third ? BIT1 : 0);
    bool marked = second != 0 && !dialect->bitmap_fixed;
    header_encode(e);
    mti_encode(e);
    bitmap_encode(e, present[0] | (marked ? BIT1 : 0));
    if (second != 0 || dialect->bitmap_fixed) {
        bitmap_encode(e, second);
    }
    if (third && dialect->third == ISO_THIRD_AHEAD) {
        bitmap_encode(e, present[2]);
    }
}

/* --- the fast way ------------------------------------------------------------------------------
 */

/* Copy @len bytes and return what @wrong finds in them. Reads and writes nothing beyond them. */
__attribute__((always_inline)) static inline wide copy(wide (*wrong)(wide), uint8_t *to,
                                                       const uint8_t *from, size_t len)
{
    if (len >= WIDE_LEN) {
        wide last = wide_load(from + len - WIDE_LEN);
        wide found = wrong(last);
        wide_store(to + len - WIDE_LEN, last);
        for (size_t i = 0; i + WIDE_LEN < len; i += WIDE_LEN) {
            wide v = wide_load(from + i);
            found |= wrong(v);
            wide_store(to + i, v);
        }
        return found;
    }
    if (len >= 8) {
        uint64_t front;
        uint64_t behind;
        memcpy(&front, from, 8);
        memcpy(&behind, from + len - 8, 8);
        memcpy(to, &front, 8);
        memcpy(to + len - 8, &behind, 8);
        return wrong((wide)(wide_halves){front, behind});
    }
    if (len >= 4) {
        uint32_t front;
        uint32_t behind;
        memcpy(&front, from, 4);
        memcpy(&behind, from + len - 4, 4);
        memcpy(to, &front, 4);
        memcpy(to + len - 4, &behind, 4);
        uint64_t both = (uint64_t)behind << 32 | front;
        return wrong((wide)(wide_halves){both, both});
    }
    if (len == 0) {
        return WIDE_ALL(0);
    }
    to[0] = from[0];
    to[len / 2] = from[len / 2];
    to[len - 1] = from[len - 1];
    return wrong(wide_gather(from, len));
}

static inline wide nothing(wide v)
{
    return v ^ v;
}

static inline void digits2(uint8_t *to, size_t number, uint8_t zero)
{
    to[0] = (uint8_t)(zero + number / 10);
    to[1] = (uint8_t)(zero + number % 10);
}

static inline uint8_t bcd2(size_t number)
{
    return (uint8_t)(number / 10 << 4 | number % 10);
}

/* Write the prefix of @shape and return its width; 0 if @number does not fit. */
__attribute__((always_inline)) static inline size_t prefix_put(enum op_shape shape, uint8_t *to,
                                                               size_t number)
{
    uint8_t zero = shape == OP_E_LL || shape == OP_E_LLL ? 0xF0 : '0';
    switch (shape) {
    case OP_LL:
    case OP_E_LL:
        digits2(to, number, zero);
        return number <= 99 ? 2 : 0;
    case OP_LLL:
    case OP_E_LLL:
        to[0] = (uint8_t)(zero + number / 100);
        digits2(to + 1, number % 100, zero);
        return number <= 999 ? 3 : 0;
    case OP_BCD1:
        to[0] = bcd2(number);
        return number <= 99 ? 1 : 0;
    case OP_BCD2:
        to[0] = bcd2(number / 100);
        to[1] = bcd2(number % 100);
        return number <= 999 ? 2 : 0;
    case OP_BIN1:
        to[0] = (uint8_t)number;
        return number <= 255 ? 1 : 0;
    case OP_FIXED:
    case OP_SHAPES:
        break;
    }
    return 0;
}

/* --- values that are not canonical on the wire -------------------------------------------------
 */

/* Pack the @len digits at @from, an odd count filled as @pad says. */
static void bcd_pack(enum iso_pad pad, const uint8_t *from, size_t len, uint8_t *to)
{
    size_t pairs = len / 2;
    if (len % 2 != 0 && (pad == ISO_PAD_0_FRONT || pad == ISO_PAD_F_FRONT)) {
        *to++ = (uint8_t)((pad == ISO_PAD_F_FRONT ? 0xF0 : 0) | (*from++ & 15u));
    } else if (len % 2 != 0) {
        to[pairs] = (uint8_t)((from[len - 1] & 15u) << 4 | (pad == ISO_PAD_F_BEHIND ? 15 : 0));
    }
    for (; pairs >= 8; pairs -= 8, from += 16, to += 8) {
        uint64_t packed = wide_pack(wide_load(from));
        memcpy(to, &packed, sizeof packed);
    }
    for (; pairs > 0; pairs--, from += 2) {
        *to++ = (uint8_t)((from[0] & 15u) << 4 | (from[1] & 15u));
    }
}

/* Write the value of @row that is not canonical on the wire; false if something is wrong with it.
 */
__attribute__((noinline)) static bool coded_put(const struct iso_field_row *row, struct span value,
                                                uint8_t *to)
{
    bool bcd = op_check(row->op) < OP_E_N;
    const uint8_t *table = bcd ? NULL : ebcdic_to(row->coding);
    /* Of a track in BCD D would pass for '=' here, and is not canonical. */
    bool letter_d = row->content == ISO_Z && value.len > 0 && memchr(value.ptr, 'D', value.len);
    if (!content_is(row->content, value) || letter_d) {
        return false;
    }
    if (bcd) {
        bcd_pack(row->pad, value.ptr, value.len, to);
        return true;
    }
    for (size_t i = 0; i < value.len; i++) {
        to[i] = table[value.ptr[i]];
    }
    return true;
}

/* What the shortest way may write beyond an element's end: a prefix. */
enum { SLACK = 4 };

/* The element @value of @row at @to, where there are @room bytes. Returns its length on the wire,
 * or 0 if the careful way has to see it; adds to @found. */
__attribute__((always_inline)) static inline size_t element_put(const struct iso_field_row *row,
                                                                const struct iso_field *field,
                                                                uint8_t *to, size_t room,
                                                                wide *found)
{
    enum op_shape shape = op_shape(row->op);
    size_t len = field->len;
    size_t width = 0;
    if (room < len + SLACK) {
        return 0;
    }
    if (shape != OP_FIXED) {
        width = prefix_put(shape, to, len);
        if (width == 0 || len > row->len) {
            return 0;
        }
    } else if (len != row->len) {
        return 0;
    }
    switch (op_check(row->op)) {
    case OP_BYTES:
        (void)copy(nothing, to + width, field->ptr, len);
        break;
    case OP_N:
        *found |= copy(wide_not_digits, to + width, field->ptr, len);
        break;
    case OP_A:
        *found |= copy(wide_not_letters, to + width, field->ptr, len);
        break;
    case OP_AN:
        *found |= copy(wide_not_alnum, to + width, field->ptr, len);
        break;
    case OP_ANS:
        *found |= copy(wide_not_text, to + width, field->ptr, len);
        break;
    case OP_Z:
        *found |= copy(wide_not_track, to + width, field->ptr, len);
        break;
    case OP_BCD_N:
    case OP_BCD_Z:
    case OP_E_N:
    case OP_E_TEXT:
        if (!coded_put(row, span_make(field->ptr, len), to + width)) {
            return 0;
        }
        return width + (op_check(row->op) < OP_E_N ? (len + 1) / 2 : len);
    default:
        return 0;
    }
    return width + len;
}

/* --- all elements ------------------------------------------------------------------------------
 */

static bool has_third(const struct encoder *e)
{
    return e->dialect->third != ISO_THIRD_NONE && e->msg->present[2] != 0;
}

__attribute__((noinline)) static int element_encode(struct encoder *e, unsigned de)
{
    const struct iso_field_row *row = &e->dialect->field[de];
    const struct iso_field *field = &e->msg->field[de];
    size_t at = e->out->len - e->start;
    bool hidden =
        de > 2 * 64 ? !has_third(e) : de == THIRD_DE && e->dialect->third != ISO_THIRD_NONE;
    int result = ERR_FIELD_UNKNOWN;
    if (row->content == ISO_NONE || hidden) {
        (void)iso_fail_at(e->error, result, 0, "field");
    } else {
        result = field_encode(row, span_make(field->ptr, field->len), e->out, e->error);
    }
    if (result < 0) {
        e->error->de = (uint8_t)de;
        e->error->at = (uint16_t)at;
    }
    return result;
}

/* The elements of one bitmap, in order; fast where that goes, if @found is given: what that way
 * finds wrong is added to it. */
static int word_encode(struct encoder *e, unsigned word, wide *found)
{
    const struct iso_field_row *rows = &e->dialect->field[64 * word + 1];
    const struct iso_field *fields = &e->msg->field[64 * word + 1];
    struct writer *out = e->out;
    uint8_t *to = out->ptr + out->len;
    uint8_t *end = out->ptr + out->cap;
    uint64_t left = e->msg->present[word];
    while (left != 0) {
        unsigned bit = (unsigned)__builtin_clzll(left);
        size_t len = 0;
        left &= ~(BIT1 >> bit);
        if (found != NULL) {
            len = element_put(&rows[bit], &fields[bit], to, (size_t)(end - to), found);
            to += len;
        }
        if (__builtin_expect(len == 0, 0)) {
            out->len = (size_t)(to - out->ptr);
            TRY(element_encode(e, 64 * word + bit + 1));
            to = out->ptr + out->len;
        }
    }
    out->len = (size_t)(to - out->ptr);
    return 0;
}

static int elements_encode(struct encoder *e, wide *found)
{
    bool odd_third = e->msg->present[2] != 0 || (e->msg->present[1] & BIT1) != 0;
    TRY(word_encode(e, 0, found));
    if (e->dialect->third == ISO_THIRD_IN_65 && has_third(e)) {
        bitmap_encode(e, e->msg->present[2]);
    }
    TRY(word_encode(e, 1, odd_third ? NULL : found));
    return word_encode(e, 2, has_third(e) ? found : NULL);
}

int iso_encode(const struct iso_msg *msg, const struct iso_dialect *dialect, struct writer *out,
               struct iso_error *error)
{
    CHECK(dialect != NULL);
    CHECK((msg->present[0] & BIT1) == 0);
    struct encoder encoder = {msg, dialect, out, out->len, error};
    wide found = WIDE_ALL(0);
    head_encode(&encoder);
    size_t elements_at = out->len;
    int result = out->overflow ? 0 : elements_encode(&encoder, &found);
    if (result < 0 || (!out->overflow && wide_any(found))) {
        /* Which one is the first that is wrong, the careful way says. */
        out->len = elements_at;
        out->overflow = false;
        result = elements_encode(&encoder, NULL);
        CHECK(result < 0);
    }
    if (result == 0 && out->overflow) {
        (void)iso_fail_at(error, ERR_SPACE, 0, "buffer");
        error->de = BITMAP_DE;
        return ERR_SPACE;
    }
    size_t len = out->len - encoder.start;
    if (result == 0 && dialect->header.total_at != 0) {
        be16_put(out->ptr + encoder.start + dialect->header.total_at, (uint16_t)len);
    }
    return result;
}
