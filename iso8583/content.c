#include "iso8583/content.h"

#include "iso8583/wide.h"

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

static const char *const wanted[] = {
    [ISO_NONE] = "nothing",  [ISO_N] = "digit",
    [ISO_A] = "letter",      [ISO_AN] = "letter or digit",
    [ISO_ANS] = "text",      [ISO_B] = "byte",
    [ISO_Z] = "track digit", [ISO_XN] = "C or D and digits",
};

const char *content_wanted(enum iso_content content)
{
    return wanted[content];
}

bool content_has(enum iso_content content, uint8_t byte)
{
    return ((unsigned)classes[byte] >> content & 1u) != 0;
}

size_t content_count_valid(enum iso_content content, struct span value)
{
    size_t i = 0;
    if (content == ISO_XN && value.len > 0 && (value.ptr[0] == 'C' || value.ptr[0] == 'D')) {
        i = 1;
    } else if (content == ISO_XN) {
        return 0;
    }
    while (i < value.len && content_has(content, value.ptr[i])) {
        i++;
    }
    return i;
}

/* Order and repetition do not matter here, so the last bytes are read by a load that overlaps. */
__attribute__((always_inline)) static inline bool all_right(struct span value, wide (*wrong)(wide))
{
    const uint8_t *ptr = value.ptr;
    size_t left = value.len;
    if (left == 0) {
        return true;
    }
    if (left < WIDE_LEN) {
        return !wide_any(wrong(wide_gather(ptr, left)));
    }
    wide found = wrong(wide_load(ptr + left - WIDE_LEN));
    for (; left > WIDE_LEN; left -= WIDE_LEN, ptr += WIDE_LEN) {
        found |= wrong(wide_load(ptr));
    }
    return !wide_any(found);
}

bool content_is(enum iso_content content, struct span value)
{
    switch (content) {
    case ISO_N:
        return all_right(value, wide_not_digits);
    case ISO_A:
        return all_right(value, wide_not_letters);
    case ISO_AN:
        return all_right(value, wide_not_alnum);
    case ISO_ANS:
        return all_right(value, wide_not_text);
    case ISO_B:
        return true;
    case ISO_NONE:
    case ISO_Z:
    case ISO_XN:
        break;
    }
    return (content != ISO_XN || value.len > 0) && content_count_valid(content, value) == value.len;
}
