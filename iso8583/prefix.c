#include "iso8583/prefix.h"

#include "iso8583/fail.h"

/* An odd count of BCD digits stands behind a nibble that may be a digit too: LLL in two bytes may
 * say 1234 and is then too long, not unreadable. */
size_t prefix_max(enum iso_coding coding, size_t digits)
{
    size_t base = coding == ISO_BINARY ? 256 : 10;
    size_t max = 1;
    for (size_t i = 0; i < digits; i++) {
        max *= base;
    }
    return max - 1;
}

static int bcd_number(struct span wire, size_t *number)
{
    for (size_t i = 0; i < wire.len; i++) {
        if (wire.ptr[i] >> 4 > 9 || (wire.ptr[i] & 15) > 9) {
            return ERR_FORMAT;
        }
        *number = *number * 100 + wire.ptr[i] / 16u * 10 + wire.ptr[i] % 16u;
    }
    return 0;
}

/* Characters: @zero is that of the code. */
static int text_number(struct span wire, uint8_t zero, size_t *number)
{
    for (size_t i = 0; i < wire.len; i++) {
        unsigned digit = (unsigned)wire.ptr[i] - zero;
        if (digit > 9) {
            return ERR_FORMAT;
        }
        *number = *number * 10 + digit;
    }
    return 0;
}

static uint8_t zero_of(enum iso_coding coding)
{
    return ISO_IS_EBCDIC(coding) ? 0xF0 : '0';
}

int prefix_decode(enum iso_coding coding, size_t digits, struct reader *in, size_t *number,
                  struct iso_error *error)
{
    size_t width = prefix_width(coding, digits);
    struct reader rest = *in;
    struct span wire;
    if (reader_take(&rest, width, &wire) < 0) {
        return iso_fail_numbers(error, ERR_TRUNCATED, "length", width, reader_left(in));
    }
    int result = 0;
    *number = 0;
    if (coding == ISO_BINARY) {
        for (size_t i = 0; i < width; i++) {
            *number = *number << 8 | wire.ptr[i];
        }
    } else if (coding == ISO_BCD) {
        result = bcd_number(wire, number);
    } else {
        result = text_number(wire, zero_of(coding), number);
    }
    if (result < 0) {
        return iso_fail(error, ERR_FORMAT, "length digit");
    }
    in->ptr = rest.ptr;
    return 0;
}

void prefix_encode(enum iso_coding coding, size_t digits, size_t number, uint8_t *to)
{
    uint8_t zero = zero_of(coding);
    for (size_t i = prefix_width(coding, digits); i-- > 0;) {
        if (coding == ISO_BINARY) {
            to[i] = (uint8_t)number;
            number >>= 8;
        } else if (coding == ISO_BCD) {
            to[i] = (uint8_t)(number / 10 % 10 << 4 | number % 10);
            number /= 100;
        } else {
            to[i] = (uint8_t)(zero + number % 10);
            number /= 10;
        }
    }
}
