#include "iso8583/frame.h"

enum coding { WHOLE, BINARY, BCD, DIGITS, HEX };

/* To add a framing: one row (both it and its "+tpdu" form follow). A new coding of the length also
 * needs its case in prefix_get() and prefix_put(). */
#define FRAMINGS(X)                                                                                \
    /* name   coding  width  inclusive */                                                          \
    X("none", WHOLE, 0, 0)                                                                         \
    X("len2", BINARY, 2, 0)                                                                        \
    X("len2i", BINARY, 2, 1)                                                                       \
    X("len4", BINARY, 4, 0)                                                                        \
    X("bcd2", BCD, 2, 0)                                                                           \
    X("ascii4", DIGITS, 4, 0)                                                                      \
    X("hex4", HEX, 4, 0)

#define PLAIN_AND_TPDU(name, coding, width, inclusive)                                             \
    {name, coding, width, inclusive, 0}, {name "+tpdu", coding, width, inclusive, TPDU_LEN},

static const struct framing framings[] = {FRAMINGS(PLAIN_AND_TPDU)};

const struct framing *framing_at(size_t index)
{
    return index < ARRAY_COUNT(framings) ? &framings[index] : NULL;
}

const struct framing *framing_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(framings); i++) {
        if (strcmp(framings[i].name, name) == 0) {
            return &framings[i];
        }
    }
    return NULL;
}

/* The number that the prefix @wire says, whatever it counts. Returns 0 or ERR_FORMAT. */
static int prefix_get(const struct framing *framing, struct span wire, size_t *number)
{
    size_t sum = 0;
    for (size_t i = 0; i < wire.len; i++) {
        unsigned byte = wire.ptr[i];
        int digit = hex_value(wire.ptr[i]);
        switch ((enum coding)framing->coding) {
        case WHOLE:
        case BINARY:
            sum = sum << 8 | byte;
            break;
        case BCD:
            if (byte >> 4 > 9 || (byte & 15) > 9) {
                return ERR_FORMAT;
            }
            sum = sum * 100 + (byte >> 4) * 10 + (byte & 15);
            break;
        case DIGITS:
            if (digit < 0 || digit > 9) {
                return ERR_FORMAT;
            }
            sum = sum * 10 + (unsigned)digit;
            break;
        case HEX:
            if (digit < 0) {
                return ERR_FORMAT;
            }
            sum = sum << 4 | (unsigned)digit;
            break;
        }
    }
    *number = sum;
    return 0;
}

/* @number into the framing->width bytes at @to, last digit first. */
static void prefix_put(const struct framing *framing, size_t number, uint8_t *to)
{
    for (size_t i = framing->width; i-- > 0;) {
        switch ((enum coding)framing->coding) {
        case WHOLE:
        case BINARY:
            to[i] = (uint8_t)number;
            number >>= 8;
            break;
        case BCD:
            to[i] = (uint8_t)(number / 10 % 10 << 4 | number % 10);
            number /= 100;
            break;
        case DIGITS:
            to[i] = (uint8_t)('0' + number % 10);
            number /= 10;
            break;
        case HEX:
            to[i] = hex_digit((unsigned)number);
            number >>= 4;
            break;
        }
    }
}

/* The bytes behind the prefix at the front of @in: 1 and @len, 0 if the prefix is not whole yet. */
static int body_len(const struct framing *framing, const struct reader *in, size_t *len)
{
    struct reader peek = *in;
    struct span prefix;
    if (framing->coding == WHOLE) {
        *len = reader_left(in);
        return *len != 0;
    }
    if (reader_take(&peek, framing->width, &prefix) < 0) {
        return 0;
    }
    TRY(prefix_get(framing, prefix, len));
    if (framing->inclusive) {
        if (*len < framing->width) {
            return ERR_FRAME_LENGTH;
        }
        *len -= framing->width;
    }
    return 1;
}

int frame_next(const struct framing *framing, struct reader *in, struct span *tpdu,
               struct span *message)
{
    size_t len;
    int whole = body_len(framing, in, &len);
    if (whole <= 0) {
        return whole;
    }
    if (len > FRAME_LEN_MAX || (len != 0 && len < framing->tpdu)) {
        return ERR_FRAME_LENGTH;
    }
    struct reader rest = *in;
    struct span body;
    TRY(reader_take(&rest, framing->width, &body));
    if (reader_take(&rest, len, &body) < 0) {
        return 0;
    }
    *in = rest;
    *tpdu = span_first(body, framing->tpdu);
    *message = span_skip(body, framing->tpdu);
    return 1;
}

int frame_head(const struct framing *framing, struct span tpdu, size_t message_len, uint8_t *head)
{
    CHECK(tpdu.len == 0 || tpdu.len == TPDU_LEN);
    if (message_len > (size_t)FRAME_LEN_MAX - framing->tpdu) {
        return ERR_FRAME_LENGTH;
    }
    size_t len = message_len + framing->tpdu;
    prefix_put(framing, framing->inclusive ? len + framing->width : len, head);
    if (framing->tpdu != 0) {
        static const uint8_t unaddressed[TPDU_LEN] = {0x60, 0, 0, 0, 0};
        const uint8_t *from = tpdu.len != 0 ? tpdu.ptr : unaddressed;
        uint8_t *to = head + framing->width;
        to[0] = from[0];
        memcpy(to + 1, from + 3, 2);
        memcpy(to + 3, from + 1, 2);
    }
    return framing->width + framing->tpdu;
}
