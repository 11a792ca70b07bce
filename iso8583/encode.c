#include "iso8583/message.h"

#include "iso8583/dialect.h"
#include "iso8583/field.h"
#include "iso8583/mti.h"

static void mti_encode(const struct iso_dialect *dialect, uint16_t mti, struct writer *out)
{
    if (dialect->mti_coding == ISO_BCD) {
        writer_be16(out, mti);
        return;
    }
    uint8_t *to = writer_room(out, 4);
    if (to != NULL) {
        mti_print(mti, to);
    }
}

static void bitmap_encode(const struct iso_dialect *dialect, uint64_t bits, struct writer *out)
{
    uint8_t bytes[8];
    be64_put(bytes, bits);
    if (dialect->bitmap_coding == ISO_HEX) {
        writer_hex(out, span_make(bytes, sizeof bytes));
    } else {
        writer_put(out, bytes, sizeof bytes);
    }
}

static int fields_encode(const struct iso_msg *msg, const struct iso_dialect *dialect,
                         unsigned half, size_t start, struct writer *out, struct iso_error *error)
{
    uint64_t left = msg->present[half];
    while (left != 0) {
        unsigned bit = (unsigned)__builtin_clzll(left);
        unsigned de = half * 64 + bit + 1;
        const struct iso_field_row *row = &dialect->field[de];
        const struct iso_field *field = &msg->field[de];
        size_t at = out->len - start;
        int result = ERR_FIELD_UNKNOWN;
        if (row->content != ISO_NONE) {
            result = field_encode(row, span_make(field->ptr, field->len), out, error);
        } else {
            *error = (struct iso_error){.code = result, .what = "field"};
        }
        if (result < 0) {
            error->de = (uint8_t)de;
            error->at = (uint16_t)at;
            return result;
        }
        left &= ~(1ull << (63 - bit));
    }
    return 0;
}

int iso_encode(const struct iso_msg *msg, const struct iso_dialect *dialect, struct writer *out,
               struct iso_error *error)
{
    CHECK(dialect != NULL);
    const uint64_t bit1 = 1ull << 63;
    CHECK((msg->present[0] & bit1) == 0);
    size_t start = out->len;
    bool second = msg->present[1] != 0;
    mti_encode(dialect, msg->mti, out);
    bitmap_encode(dialect, msg->present[0] | (second && !dialect->bitmap_fixed ? bit1 : 0), out);
    if (second || dialect->bitmap_fixed) {
        bitmap_encode(dialect, msg->present[1], out);
    }
    TRY(fields_encode(msg, dialect, 0, start, out, error));
    TRY(fields_encode(msg, dialect, 1, start, out, error));
    if (out->overflow) {
        *error = (struct iso_error){.code = ERR_SPACE, .de = 1, .what = "buffer"};
        return ERR_SPACE;
    }
    return 0;
}
