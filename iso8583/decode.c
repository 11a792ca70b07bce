#include "iso8583/message.h"

#include "iso8583/dialect.h"
#include "iso8583/field.h"
#include "iso8583/mti.h"

enum { MTI_DE = 0, BITMAP_DE = 1 };

static int fail(struct iso_error *error, int code, unsigned de, size_t at, const char *what)
{
    *error = (struct iso_error){.code = code, .de = (uint8_t)de, .at = (uint16_t)at, .what = what};
    return code;
}

static int fail_short(struct iso_error *error, unsigned de, size_t needed, const struct reader *in)
{
    (void)fail(error, ERR_TRUNCATED, de, reader_offset(in), "bytes");
    error->expected = (uint32_t)needed;
    error->got = (uint32_t)reader_left(in);
    return ERR_TRUNCATED;
}

static int mti_decode(const struct iso_dialect *dialect, struct reader *in, uint16_t *mti,
                      struct iso_error *error)
{
    size_t width = dialect->mti_coding == ISO_BCD ? 2 : 4;
    struct span wire;
    if (reader_take(in, width, &wire) < 0) {
        return fail_short(error, MTI_DE, width, in);
    }
    if (dialect->mti_coding == ISO_BCD) {
        *mti = be16_get(wire.ptr);
    } else if (span_is_digits(wire)) {
        *mti = mti_parse(wire.ptr);
    } else {
        return fail(error, ERR_FORMAT, MTI_DE, 0, "digit");
    }
    for (unsigned shift = 0; shift < 16; shift += 4) {
        if (((unsigned)*mti >> shift & 15u) > 9) {
            return fail(error, ERR_FORMAT, MTI_DE, 0, "digit");
        }
    }
    return 0;
}

/* One bitmap of 64 bits: 8 bytes or 16 hex characters. */
static int bitmap_decode(const struct iso_dialect *dialect, struct reader *in, uint64_t *bits,
                         struct iso_error *error)
{
    size_t width = dialect->bitmap_coding == ISO_HEX ? 16 : 8;
    size_t at = reader_offset(in);
    struct span wire;
    if (reader_take(in, width, &wire) < 0) {
        return fail_short(error, BITMAP_DE, width, in);
    }
    uint8_t bytes[8];
    if (dialect->bitmap_coding == ISO_HEX) {
        if (hex_decode(wire, bytes) < 0) {
            return fail(error, ERR_FORMAT, BITMAP_DE, at, "hex digit");
        }
        wire = span_make(bytes, sizeof bytes);
    }
    *bits = be64_get(wire.ptr);
    return 0;
}

/* The elements that @bits of bitmap @half name, in order. What was read is marked present. */
static int fields_decode(const struct iso_dialect *dialect, unsigned half, uint64_t bits,
                         struct reader *in, struct writer *scratch, struct iso_msg *msg,
                         struct iso_error *error)
{
    uint64_t left = bits;
    while (left != 0) {
        unsigned bit = (unsigned)__builtin_clzll(left);
        unsigned de = half * 64 + bit + 1;
        const struct iso_field_row *row = &dialect->field[de];
        int result = row->content == ISO_NONE
                         ? fail(error, ERR_FIELD_UNKNOWN, de, reader_offset(in), "field")
                         : field_decode(row, in, scratch, &msg->field[de], error);
        if (result < 0) {
            error->de = (uint8_t)de;
            msg->present[half] = bits & ~left;
            return result;
        }
        left &= ~(1ull << (63 - bit));
    }
    msg->present[half] = bits;
    return 0;
}

/* The last element of @msg, or the bitmap. */
static unsigned last_de(const struct iso_msg *msg)
{
    for (unsigned half = 2; half-- > 0;) {
        if (msg->present[half] != 0) {
            return half * 64 + 64 - (unsigned)__builtin_ctzll(msg->present[half]);
        }
    }
    return BITMAP_DE;
}

int iso_decode(const struct iso_dialect *dialect, struct span wire, struct writer *scratch,
               struct iso_msg *msg, struct iso_error *error)
{
    CHECK(dialect != NULL);
    struct reader in = reader_make(wire);
    const uint64_t bit1 = 1ull << 63;
    uint64_t bits[2] = {0, 0};
    iso_init(msg, 0);
    msg->dialect = dialect;
    if (wire.len > UINT16_MAX) {
        return fail(error, ERR_LENGTH, MTI_DE, 0, "message");
    }
    TRY(mti_decode(dialect, &in, &msg->mti, error));
    TRY(bitmap_decode(dialect, &in, &bits[0], error));
    if ((bits[0] & bit1) != 0 || dialect->bitmap_fixed) {
        TRY(bitmap_decode(dialect, &in, &bits[1], error));
    }
    TRY(fields_decode(dialect, 0, bits[0] & ~bit1, &in, scratch, msg, error));
    if (bits[1] != 0) {
        TRY(fields_decode(dialect, 1, bits[1], &in, scratch, msg, error));
    }
    if (reader_left(&in) != 0) {
        (void)fail(error, ERR_TRAILING, last_de(msg), reader_offset(&in), "bytes");
        error->got = (uint32_t)reader_left(&in);
        return ERR_TRAILING;
    }
    return 0;
}
