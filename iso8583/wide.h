/* Sixteen bytes at a time: how contents are checked. Vector extensions that gcc and clang share, so
 * there is one code for every processor. A mask has FF where something is the case, else 00. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { WIDE_LEN = 16 };

typedef uint8_t wide __attribute__((vector_size(16)));
typedef uint64_t wide_halves __attribute__((vector_size(16)));

#define WIDE_ALL(b) ((wide){b, b, b, b, b, b, b, b, b, b, b, b, b, b, b, b})

static inline wide wide_load(const uint8_t *p)
{
    wide v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline void wide_store(uint8_t *p, wide v)
{
    memcpy(p, &v, sizeof v);
}

static inline bool wide_any(wide mask)
{
    wide_halves halves = (wide_halves)mask;
    return (halves[0] | halves[1]) != 0;
}

/* FF in the last @len bytes, at most 16. */
static inline wide wide_last(size_t len)
{
    static const uint8_t ends[32] = {0,    0,    0,    0,    0,    0,    0,    0,
                                     0,    0,    0,    0,    0,    0,    0,    0,
                                     0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                     0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
    return wide_load(ends + len);
}

/* FF in the first @len bytes, at most 16. */
static inline wide wide_first(size_t len)
{
    return ~wide_last(WIDE_LEN - len);
}

/* The 16 nibbles of the 8 bytes at @p, in order, each as a byte. */
static inline wide wide_nibbles(const uint8_t *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    wide v = (wide)(wide_halves){word, word};
    wide high = v >> 4;
    wide low = v & WIDE_ALL(15);
    return __builtin_shufflevector(high, low, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7,
                                   23);
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "wide_pack() shifts towards the front");

/* The reverse: the low nibbles of 16 characters as 8 bytes. */
static inline uint64_t wide_pack(wide v)
{
    wide_halves lanes = (wide_halves)(v & WIDE_ALL(15));
    uint64_t packed[2];
    for (int i = 0; i < 2; i++) {
        uint64_t x = lanes[i];
        x = (x << 4 | x >> 8) & 0x00FF00FF00FF00FFull;
        x = (x | x >> 8) & 0x0000FFFF0000FFFFull;
        packed[i] = (x | x >> 16) & 0xFFFFFFFFull;
    }
    return packed[0] | packed[1] << 32;
}

/* @len bytes, 1 to 16, and nothing beyond them; some stand twice, in no order: good for checking.
 */
static inline wide wide_gather(const uint8_t *p, size_t len)
{
    uint64_t word = 0;
    uint64_t last = 0;
    if (len >= 8) {
        memcpy(&word, p, 8);
        memcpy(&last, p + len - 8, 8);
    } else if (len >= 4) {
        memcpy(&word, p, 4);
        memcpy(&last, p + len - 4, 4);
        word |= last << 32;
        last = word;
    } else {
        word = p[0] * 0x0101010101010101ull;
        word = word << 16 | (uint64_t)p[len / 2] << 8 | p[len - 1];
        last = word;
    }
    return (wide)(wide_halves){word, last};
}

/* --- what is not of a content: FF at each byte that may not stand in it ------------------------
 */

static inline wide wide_between(wide v, wide first, wide count)
{
    return (wide)((wide)(v - first) < count);
}

static inline wide wide_not_digits(wide v)
{
    return ~wide_between(v, WIDE_ALL('0'), WIDE_ALL(10));
}

/* A track that needs no change: digits and '='. */
static inline wide wide_not_track(wide v)
{
    return ~(wide_between(v, WIDE_ALL('0'), WIDE_ALL(10)) | (wide)(v == WIDE_ALL('=')));
}

static inline wide wide_not_letters(wide v)
{
    return ~(wide_between(v | WIDE_ALL(0x20), WIDE_ALL('a'), WIDE_ALL(26)) |
             (wide)(v == WIDE_ALL(' ')));
}

static inline wide wide_not_alnum(wide v)
{
    return wide_not_letters(v) & wide_not_digits(v);
}

static inline wide wide_not_text(wide v)
{
    return (wide)(v < WIDE_ALL(0x20)) | (wide)(v == WIDE_ALL(0x7F));
}
