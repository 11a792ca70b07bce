/* Bytes with bounds: the only place that touches raw pointers into a message.
 *
 * span    a borrowed view: pointer + length. Who lends it says for how long.
 * reader  a span that is consumed from the front; remembers where it began, so offsets can be told.
 * writer  a caller's array that is filled; the first thing that does not fit sets @overflow, and
 *         everything after it is dropped, so a sequence of writes is checked once, at its end. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "iso8583/base/check.h"
#include "iso8583/base/error.h"

struct span {
    const uint8_t *ptr;
    size_t len;
};

/* A span whose bytes no log, format or error text may take: the compiler refuses it (other type).
 */
struct secret_span {
    const uint8_t *ptr;
    size_t len;
};

#define SPAN_LITERAL(s) ((struct span){(const uint8_t *)(s), sizeof(s) - 1})
#define SPAN_NONE       ((struct span){NULL, 0})

static inline struct span span_make(const void *ptr, size_t len)
{
    return (struct span){(const uint8_t *)ptr, len};
}

/* The bytes of a NUL-terminated text, without the NUL. Borrows @text. */
static inline struct span span_text(const char *text)
{
    return (struct span){(const uint8_t *)text, strlen(text)};
}

static inline bool span_equal(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool span_equal_text(struct span a, const char *text)
{
    return span_equal(a, span_text(text));
}

/* @a without its first @n bytes; empty if it has fewer. */
static inline struct span span_skip(struct span a, size_t n)
{
    size_t skipped = n < a.len ? n : a.len;
    /* An empty span may have no pointer, and nothing may be added to none. */
    return span_make(skipped == 0 ? a.ptr : a.ptr + skipped, a.len - skipped);
}

/* The first @n bytes of @a, or all of it. */
static inline struct span span_first(struct span a, size_t n)
{
    return n >= a.len ? a : span_make(a.ptr, n);
}

/* The last @n bytes of @a, or all of it. */
static inline struct span span_last(struct span a, size_t n)
{
    return n >= a.len ? a : span_skip(a, a.len - n);
}

static inline bool byte_is_digit(uint8_t byte)
{
    return (uint8_t)(byte - '0') <= 9;
}

/* True if @a is one or more ASCII digits. */
static inline bool span_is_digits(struct span a)
{
    for (size_t i = 0; i < a.len; i++) {
        if (!byte_is_digit(a.ptr[i])) {
            return false;
        }
    }
    return a.len > 0;
}

/* True if @a says something: a number of zeros and blanks only, with which many senders fill what
 * they do not have, says nothing. */
static inline bool span_says(struct span a)
{
    for (size_t i = 0; i < a.len; i++) {
        if (a.ptr[i] != '0' && a.ptr[i] != ' ') {
            return true;
        }
    }
    return false;
}

/* ASCII digits to a number. Returns 0 and sets @value, ERR_FORMAT if empty or not digits,
 * ERR_RANGE above UINT64_MAX. */
MUST_USE static inline int span_number(struct span a, uint64_t *value)
{
    if (!span_is_digits(a)) {
        return ERR_FORMAT;
    }
    uint64_t number = 0;
    for (size_t i = 0; i < a.len; i++) {
        if (__builtin_mul_overflow(number, 10u, &number) ||
            __builtin_add_overflow(number, (uint64_t)(a.ptr[i] - '0'), &number)) {
            return ERR_RANGE;
        }
    }
    *value = number;
    return 0;
}

/* The value of a hex digit of either case, or -1. */
static inline int hex_value(uint8_t byte)
{
    if (byte_is_digit(byte)) {
        return byte - '0';
    }
    uint8_t upper = byte & 0xDFu;
    return upper >= 'A' && upper <= 'F' ? upper - 'A' + 10 : -1;
}

static inline uint8_t hex_digit(unsigned nibble)
{
    return (uint8_t) "0123456789ABCDEF"[nibble & 15u];
}

/* @text (hex of either case, even length) to bytes in @out, which holds text.len / 2.
 * Returns 0, or ERR_FORMAT for an odd length or another character. */
MUST_USE static inline int hex_decode(struct span text, uint8_t *out)
{
    if (text.len % 2 != 0) {
        return ERR_FORMAT;
    }
    for (size_t i = 0; i < text.len; i += 2) {
        int high = hex_value(text.ptr[i]);
        int low = hex_value(text.ptr[i + 1]);
        if (high < 0 || low < 0) {
            return ERR_FORMAT;
        }
        out[i / 2] = (uint8_t)(high << 4 | low);
    }
    return 0;
}

/* @bytes as upper-case hex in @out, which holds 2 * bytes.len. No NUL. */
static inline void hex_encode(struct span bytes, uint8_t *out)
{
    for (size_t i = 0; i < bytes.len; i++) {
        out[2 * i] = hex_digit(bytes.ptr[i] >> 4);
        out[2 * i + 1] = hex_digit(bytes.ptr[i]);
    }
}

/* @value as exactly @count ASCII digits with leading zeros (its last @count digits). No NUL. */
static inline void digits_put(uint8_t *out, size_t count, uint64_t value)
{
    for (size_t i = count; i-- > 0;) {
        out[i] = (uint8_t)('0' + value % 10);
        value /= 10;
    }
}

/* Wipe bytes that were secret; the compiler may not leave it out. */
static inline void bytes_wipe(void *ptr, size_t len)
{
    memset(ptr, 0, len);
    __asm__ volatile("" : : "r"(ptr) : "memory");
}

static inline uint16_t be16_get(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t be32_get(const uint8_t *p)
{
    return (uint32_t)be16_get(p) << 16 | be16_get(p + 2);
}

static inline uint64_t be64_get(const uint8_t *p)
{
    return (uint64_t)be32_get(p) << 32 | be32_get(p + 4);
}

static inline void be16_put(uint8_t *p, uint16_t value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}

static inline void be32_put(uint8_t *p, uint32_t value)
{
    be16_put(p, (uint16_t)(value >> 16));
    be16_put(p + 2, (uint16_t)value);
}

static inline void be64_put(uint8_t *p, uint64_t value)
{
    be32_put(p, (uint32_t)(value >> 32));
    be32_put(p + 4, (uint32_t)value);
}

struct reader {
    const uint8_t *start;
    const uint8_t *ptr;
    const uint8_t *end;
};

static inline struct reader reader_make(struct span a)
{
    return (struct reader){a.ptr, a.ptr, a.ptr + a.len};
}

static inline size_t reader_left(const struct reader *r)
{
    return (size_t)(r->end - r->ptr);
}

/* Bytes consumed so far. */
static inline size_t reader_offset(const struct reader *r)
{
    return (size_t)(r->ptr - r->start);
}

/* Take @len bytes. Returns 0 and sets @out, or ERR_TRUNCATED and takes nothing. */
MUST_USE static inline int reader_take(struct reader *r, size_t len, struct span *out)
{
    if (reader_left(r) < len) {
        return ERR_TRUNCATED;
    }
    *out = span_make(r->ptr, len);
    r->ptr += len;
    return 0;
}

/* Fixed-width big-endian numbers; ERR_TRUNCATED if there are too few bytes. */
MUST_USE static inline int reader_u8(struct reader *r, uint8_t *out)
{
    struct span bytes;
    TRY(reader_take(r, 1, &bytes));
    *out = bytes.ptr[0];
    return 0;
}

MUST_USE static inline int reader_be16(struct reader *r, uint16_t *out)
{
    struct span bytes;
    TRY(reader_take(r, 2, &bytes));
    *out = be16_get(bytes.ptr);
    return 0;
}

MUST_USE static inline int reader_be32(struct reader *r, uint32_t *out)
{
    struct span bytes;
    TRY(reader_take(r, 4, &bytes));
    *out = be32_get(bytes.ptr);
    return 0;
}

MUST_USE static inline int reader_be64(struct reader *r, uint64_t *out)
{
    struct span bytes;
    TRY(reader_take(r, 8, &bytes));
    *out = be64_get(bytes.ptr);
    return 0;
}

/* Copy @len bytes to the caller's @out. */
MUST_USE static inline int reader_copy(struct reader *r, void *out, size_t len)
{
    struct span bytes;
    TRY(reader_take(r, len, &bytes));
    memcpy(out, bytes.ptr, len);
    return 0;
}

struct writer {
    uint8_t *ptr;
    size_t len;
    size_t cap;
    bool overflow;
};

static inline struct writer writer_make(void *buffer, size_t cap)
{
    return (struct writer){(uint8_t *)buffer, 0, cap, false};
}

/* Room for @len bytes at the end, to be filled by the caller, or NULL after setting overflow. */
static inline uint8_t *writer_room(struct writer *w, size_t len)
{
    if (w->overflow || w->cap - w->len < len) {
        w->overflow = true;
        return NULL;
    }
    uint8_t *at = w->ptr + w->len;
    w->len += len;
    return at;
}

static inline void writer_put(struct writer *w, const void *bytes, size_t len)
{
    uint8_t *at = writer_room(w, len);
    if (at != NULL && len != 0) {
        memcpy(at, bytes, len);
    }
}

static inline void writer_span(struct writer *w, struct span bytes)
{
    writer_put(w, bytes.ptr, bytes.len);
}

static inline void writer_text(struct writer *w, const char *text)
{
    writer_put(w, text, strlen(text));
}

static inline void writer_u8(struct writer *w, uint8_t value)
{
    writer_put(w, &value, 1);
}

static inline void writer_be16(struct writer *w, uint16_t value)
{
    uint8_t *at = writer_room(w, 2);
    if (at != NULL) {
        be16_put(at, value);
    }
}

static inline void writer_be32(struct writer *w, uint32_t value)
{
    uint8_t *at = writer_room(w, 4);
    if (at != NULL) {
        be32_put(at, value);
    }
}

static inline void writer_be64(struct writer *w, uint64_t value)
{
    uint8_t *at = writer_room(w, 8);
    if (at != NULL) {
        be64_put(at, value);
    }
}

static inline void writer_digits(struct writer *w, size_t count, uint64_t value)
{
    uint8_t *at = writer_room(w, count);
    if (at != NULL) {
        digits_put(at, count, value);
    }
}

static inline void writer_hex(struct writer *w, struct span bytes)
{
    uint8_t *at = writer_room(w, 2 * bytes.len);
    if (at != NULL) {
        hex_encode(bytes, at);
    }
}

static inline struct span writer_written(const struct writer *w)
{
    return span_make(w->ptr, w->len);
}
