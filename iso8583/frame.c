#include "iso8583/frame.h"

enum coding { WHOLE, BINARY, BCD, DIGITS, HEX };

/* What stands between the length and what it counts. */
enum behind { NOTHING, ZEROS, LABEL, SESSION };

enum { ETX = 0x03, SESSION_CONTROL = 2 };

/* To add a framing: one row (of FORMS if it may have a TPDU and an ETX). A new coding of the length
 * also needs its case in prefix_get() and prefix_put(). */
/* clang-format off */
#define FORMS(name, coding, width, inclusive, behind)                                     \
    {name,             coding, width, inclusive, behind, 0, 0, 0,        0, 0, {0}},      \
    {name "+tpdu",     coding, width, inclusive, behind, 0, 0, TPDU_LEN, 0, 0, {0}},      \
    {name "+etx",      coding, width, inclusive, behind, 0, 0, 0,        1, 0, {0}},      \
    {name "+tpdu+etx", coding, width, inclusive, behind, 0, 0, TPDU_LEN, 1, 0, {0}}

static const struct framing framings[] = {
    /* name  coding  width  inclusive  behind  file  blocked  tpdu  etx */
    {"none",      WHOLE, 0, 0, NOTHING, 1, 0, 0,        0, 0, {0}},
    {"none+tpdu", WHOLE, 0, 0, NOTHING, 1, 0, TPDU_LEN, 0, 0, {0}},
    FORMS("len2",    BINARY, 2, 0, NOTHING),
    FORMS("len2i",   BINARY, 2, 1, NOTHING),
    FORMS("len3",    BINARY, 3, 0, NOTHING),
    FORMS("len3i",   BINARY, 3, 1, NOTHING),
    FORMS("len4",    BINARY, 4, 0, NOTHING),
    FORMS("len4i",   BINARY, 4, 1, NOTHING),
    FORMS("len2z",   BINARY, 2, 0, ZEROS),
    FORMS("len2zi",  BINARY, 2, 1, ZEROS),
    FORMS("bcd2",    BCD,    2, 0, NOTHING),
    FORMS("bcd2i",   BCD,    2, 1, NOTHING),
    FORMS("ascii4",  DIGITS, 4, 0, NOTHING),
    FORMS("ascii4i", DIGITS, 4, 1, NOTHING),
    FORMS("hex4",    HEX,    4, 0, NOTHING),
    FORMS("hex4i",   HEX,    4, 1, NOTHING),
    FORMS("ascii2",  DIGITS, 2, 0, NOTHING),
    FORMS("ascii3",  DIGITS, 3, 0, NOTHING),
    FORMS("ascii5",  DIGITS, 5, 0, NOTHING),
    FORMS("ascii6",  DIGITS, 6, 0, NOTHING),
    FORMS("ascii7",  DIGITS, 7, 0, NOTHING),
    FORMS("ascii8",  DIGITS, 8, 0, NOTHING),
    {"vap",       BINARY, 2, 0, LABEL,   0, 0, FRAME_LABEL_LEN, 0, 0, {0}},
    {"vml",       BINARY, 2, 0, SESSION, 0, 0, FRAME_LABEL_LEN, 0, 0, {0}},
    {"rdw",       BINARY, 4, 0, NOTHING, 1, 0, 0,         0, 0, {0}},
    {"rdw1014",   BINARY, 4, 0, NOTHING, 1, 1, 0,         0, 0, {0}},
};
/* clang-format on */

/* --- names ------------------------------------------------------------------------------------ */

const struct framing *framing_at(size_t index)
{
    return index < ARRAY_COUNT(framings) ? &framings[index] : NULL;
}

/* The row whose name is @base and @forms one after the other. */
static const struct framing *row_find(struct span base, struct span forms)
{
    for (size_t i = 0; i < ARRAY_COUNT(framings); i++) {
        struct span name = span_text(framings[i].name);
        if (name.len == base.len + forms.len && span_equal(span_first(name, base.len), base) &&
            span_equal(span_skip(name, base.len), forms)) {
            return &framings[i];
        }
    }
    return NULL;
}

const struct framing *framing_find(const char *name)
{
    return row_find(span_text(name), SPAN_NONE);
}

size_t framing_names(bool bases, const char *names[])
{
    static_assert(ARRAY_COUNT(framings) <= FRAMING_COUNT_MAX, "all names have room");
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_COUNT(framings); i++) {
        if (!framings[i].file && !(bases && strchr(framings[i].name, '+') != NULL)) {
            names[count++] = framings[i].name;
        }
    }
    return count;
}

/* Up to the next '+', or all of it. */
static struct span word_of(struct span text)
{
    const uint8_t *plus = text.len == 0 ? NULL : memchr(text.ptr, '+', text.len);
    return plus == NULL ? text : span_first(text, (size_t)(plus - text.ptr));
}

static int header_set(struct framing *framing, struct span text)
{
    bool is_hex = text.len >= 2 && text.ptr[0] == '0' && text.ptr[1] == 'x';
    struct span digits = span_skip(text, is_hex ? 2 : 0);
    size_t len = is_hex ? digits.len / 2 : text.len;
    if (len == 0 || len > FRAMING_HEADER_LEN_MAX) {
        return ERR_FORMAT;
    }
    framing->header_len = (uint8_t)len;
    if (is_hex) {
        return hex_decode(digits, framing->header);
    }
    for (size_t i = 0; i < len; i++) {
        if (text.ptr[i] <= ' ' || text.ptr[i] > '~') {
            return ERR_FORMAT;
        }
    }
    memcpy(framing->header, text.ptr, len);
    return 0;
}

int framing_parse(struct span name, struct framing *framing)
{
    static const char mark[] = "+header:";
    struct span base = word_of(name);
    struct span header = SPAN_NONE;
    struct span forms = span_skip(name, base.len);
    bool has_header = span_equal_text(span_first(forms, sizeof mark - 1), mark);
    if (has_header) {
        header = word_of(span_skip(forms, sizeof mark - 1));
        forms = span_skip(forms, sizeof mark - 1 + header.len);
    }
    const struct framing *row = row_find(base, forms);
    if (row == NULL) {
        return ERR_NOT_FOUND;
    }
    *framing = *row;
    if (has_header) {
        TRY(header_set(framing, header));
        static_assert(sizeof "ascii4i+header:0x+tpdu+etx" + 2 * FRAMING_HEADER_LEN_MAX <=
                          sizeof framing->name,
                      "a name has room");
        memset(framing->name, 0, sizeof framing->name);
        memcpy(framing->name, name.ptr, name.len);
    }
    return 0;
}

/* --- the length ------------------------------------------------------------------------------- */

static int refuse(int err, struct span at, struct span *fault)
{
    *fault = at;
    return err;
}

/* The number that the prefix @wire says, whatever it counts. Returns 0, or ERR_FORMAT and @fault.
 */
static int prefix_get(const struct framing *framing, struct span wire, size_t *number,
                      struct span *fault)
{
    size_t sum = 0;
    for (size_t i = 0; i < wire.len; i++) {
        unsigned byte = wire.ptr[i];
        int digit = hex_value(wire.ptr[i]);
        bool is_good = true;
        switch ((enum coding)framing->coding) {
        case WHOLE:
        case BINARY:
            sum = sum << 8 | byte;
            break;
        case BCD:
            is_good = byte >> 4 <= 9 && (byte & 15) <= 9;
            sum = sum * 100 + (byte >> 4) * 10 + (byte & 15);
            break;
        case DIGITS:
            is_good = digit >= 0 && digit <= 9;
            sum = sum * 10 + (unsigned)digit;
            break;
        case HEX:
            is_good = digit >= 0;
            sum = sum << 4 | (unsigned)digit;
            break;
        }
        if (!is_good) {
            return refuse(ERR_FORMAT, span_make(wire.ptr + i, 1), fault);
        }
    }
    *number = sum;
    return 0;
}

/* @number into the framing->width bytes at @to, last digit first. Returns 0, or ERR_FRAME_LENGTH if
 * it has more digits than that. */
static int prefix_put(const struct framing *framing, size_t number, uint8_t *to)
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
    return number == 0 || framing->coding == WHOLE ? 0 : ERR_FRAME_LENGTH;
}

/* --- reading ---------------------------------------------------------------------------------- */

static size_t behind_len(const struct framing *framing)
{
    return framing->behind == NOTHING ? 0 : FRAME_LABEL_LEN;
}

/* The bytes of the TPDU among those that the length counts. */
static size_t counted_tpdu_len(const struct framing *framing)
{
    return framing->tpdu == TPDU_LEN ? TPDU_LEN : 0;
}

/* What the length at the front of @in counts, without its own bytes: 1 and @len, 0 if it is not
 * whole yet, or an error and @fault. */
static int length_next(const struct framing *framing, struct reader *in, size_t *len,
                       struct span *fault)
{
    struct span prefix = span_make(in->ptr, reader_left(in) != 0);
    size_t own_len = framing->inclusive ? framing->width + behind_len(framing) : 0;
    size_t least = framing->header_len + counted_tpdu_len(framing) + framing->etx;
    if (framing->coding == WHOLE) {
        *len = reader_left(in);
    } else if (reader_take(in, framing->width, &prefix) == 0) {
        TRY(prefix_get(framing, prefix, len, fault));
    } else {
        return 0;
    }
    if (*len == 0) { /* A keep-alive, in an inclusive framing too: no frame is that short. */
        return framing->coding != WHOLE;
    }
    if (*len < own_len || *len - own_len > FRAME_LEN_MAX) {
        return refuse(ERR_FRAME_LENGTH, prefix, fault);
    }
    *len -= own_len;
    return *len == 0 || *len >= least ? 1 : refuse(ERR_FRAME_LENGTH, prefix, fault);
}

/* What stands behind the length: 1 and @label, 0, or an error and @fault. */
static int label_next(const struct framing *framing, struct reader *in, struct span *label,
                      struct span *fault)
{
    if (reader_take(in, behind_len(framing), label) < 0) {
        return 0;
    }
    for (size_t i = 0; framing->behind == ZEROS && i < label->len; i++) {
        if (label->ptr[i] != 0) {
            return refuse(ERR_FORMAT, span_make(label->ptr + i, 1), fault);
        }
    }
    return 1;
}

/* The first byte of @got that is not the framing's header, as far as @got goes: 0, or ERR_FORMAT.
 */
static int header_check(const struct framing *framing, struct span got, struct span *fault)
{
    for (size_t i = 0; i < framing->header_len && i < got.len; i++) {
        if (got.ptr[i] != framing->header[i]) {
            return refuse(ERR_FORMAT, span_make(got.ptr + i, 1), fault);
        }
    }
    return 0;
}

/* Behind the end of a file only filling may stand: 1, or ERR_FORMAT. */
static int end_next(struct reader *in, struct span *fault)
{
    struct span rest;
    TRY(reader_take(in, reader_left(in), &rest));
    for (size_t i = 0; i < rest.len; i++) {
        if (rest.ptr[i] != FRAME_FILL) {
            return refuse(ERR_FORMAT, span_make(rest.ptr + i, 1), fault);
        }
    }
    return 1;
}

int frame_next(const struct framing *framing, struct reader *in, struct span *tpdu,
               struct span *message)
{
    struct reader rest = *in;
    struct span label, body;
    size_t len = 0;
    *tpdu = SPAN_NONE;
    *message = SPAN_NONE;
    int result = length_next(framing, &rest, &len, message);
    result = result == 1 ? label_next(framing, &rest, &label, message) : result;
    if (result <= 0) {
        return result;
    }
    struct span got = span_first(span_make(rest.ptr, reader_left(&rest)), len);
    TRY(header_check(framing, got, message));
    if (reader_take(&rest, len, &body) < 0) {
        return 0;
    }
    if (len == 0 && framing->file) {
        TRY(end_next(&rest, message));
    }
    if (framing->etx && len != 0 && body.ptr[len - 1] != ETX) {
        return refuse(ERR_FORMAT, span_last(body, 1), message);
    }
    *in = rest;
    if (framing->behind == LABEL || framing->behind == SESSION) {
        *tpdu = label;
    }
    if (len == 0 || (framing->behind == SESSION && label.ptr[1] >> 4 == SESSION_CONTROL)) {
        return 1;
    }
    body = span_skip(span_first(body, len - framing->etx), framing->header_len);
    if (framing->tpdu == TPDU_LEN) {
        *tpdu = span_first(body, TPDU_LEN);
        body = span_skip(body, TPDU_LEN);
    }
    *message = body;
    return 1;
}

/* --- writing ---------------------------------------------------------------------------------- */

/* The TPDU at @from with its addresses swapped. */
static void tpdu_turn(const uint8_t *from, uint8_t *to)
{
    to[0] = from[0];
    memcpy(to + 1, from + 3, 2);
    memcpy(to + 3, from + 1, 2);
}

int frame_head(const struct framing *framing, struct span tpdu, size_t message_len, uint8_t *head)
{
    static const uint8_t unaddressed[TPDU_LEN] = {0x60, 0, 0, 0, 0};
    struct writer out = writer_make(head, FRAME_HEAD_LEN_MAX);
    size_t more = framing->header_len + counted_tpdu_len(framing) + framing->etx;
    if (message_len > FRAME_LEN_MAX - more) {
        return ERR_FRAME_LENGTH;
    }
    size_t own_len = framing->inclusive ? framing->width + behind_len(framing) : 0;
    uint8_t *prefix = writer_room(&out, framing->width);
    TRY(prefix_put(framing, message_len + more + own_len, prefix));
    bool has_tpdu = tpdu.len == framing->tpdu && tpdu.len != 0;
    if (framing->behind != NOTHING) {
        static const uint8_t zeros[FRAME_LABEL_LEN] = {0};
        writer_put(&out, has_tpdu && framing->behind != ZEROS ? tpdu.ptr : zeros, FRAME_LABEL_LEN);
    }
    writer_put(&out, framing->header, framing->header_len);
    if (framing->tpdu == TPDU_LEN) {
        tpdu_turn(has_tpdu ? tpdu.ptr : unaddressed, writer_room(&out, TPDU_LEN));
    }
    CHECK(!out.overflow);
    return (int)out.len;
}

struct span frame_tail(const struct framing *framing)
{
    static const uint8_t etx = ETX;
    return span_make(&etx, framing->etx);
}

/* --- blocks ----------------------------------------------------------------------------------- */

int frame_unblock(struct span blocks, struct writer *out, size_t *at)
{
    CHECK(out->cap - out->len >= blocks.len);
    for (size_t from = 0; from < blocks.len; from += FRAME_BLOCK_LEN) {
        struct span block = span_first(span_skip(blocks, from), FRAME_BLOCK_LEN);
        if (block.len < FRAME_BLOCK_LEN) {
            *at = blocks.len;
            return ERR_FORMAT;
        }
        for (size_t i = FRAME_BLOCK_DATA_LEN; i < FRAME_BLOCK_LEN; i++) {
            if (block.ptr[i] != FRAME_FILL) {
                *at = from + i;
                return ERR_FORMAT;
            }
        }
        memmove(writer_room(out, FRAME_BLOCK_DATA_LEN), block.ptr, FRAME_BLOCK_DATA_LEN);
    }
    return 0;
}
