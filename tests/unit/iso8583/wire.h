/* Messages as tests write them: a dialect and the hex of the wire, with a scratch to decode into.
 */
#pragma once

#include "iso8583/dialect.h"
#include "iso8583/message.h"
#include "tests/unit/iso8583/suite.h"

enum { WIRE_LEN_MAX = 4096 };

struct wire {
    uint8_t bytes[WIRE_LEN_MAX];
    size_t len;
    uint8_t scratch[2 * WIRE_LEN_MAX];
    struct iso_msg msg;
    struct iso_error error;
};

static inline const struct iso_dialect *dialect_named(const char *name)
{
    const struct iso_dialect *dialect = dialect_find(name);
    ck_assert_msg(dialect != NULL, "no dialect %s", name);
    return dialect;
}

/* Decode @bytes, copied into @wire. */
static inline int wire_decode(struct wire *wire, const struct iso_dialect *dialect,
                              struct span bytes)
{
    ck_assert_uint_le(bytes.len, WIRE_LEN_MAX);
    wire->len = bytes.len;
    if (bytes.len != 0) {
        memcpy(wire->bytes, bytes.ptr, bytes.len);
    }
    struct writer scratch = writer_make(wire->scratch, 2 * bytes.len);
    wire->error = (struct iso_error){.code = 0};
    return iso_decode(dialect, span_make(wire->bytes, wire->len), &scratch, &wire->msg,
                      &wire->error);
}

/* Decode the hex @text (spaces allowed). */
static inline int wire_decode_hex(struct wire *wire, const char *dialect, const char *text)
{
    char packed[2 * WIRE_LEN_MAX];
    size_t len = 0;
    for (const char *c = text; *c != '\0'; c++) {
        if (*c != ' ') {
            ck_assert_uint_lt(len, sizeof packed);
            packed[len++] = *c;
        }
    }
    uint8_t bytes[WIRE_LEN_MAX];
    ck_assert_int_eq(hex_decode(span_make(packed, len), bytes), 0);
    return wire_decode(wire, dialect_named(dialect), span_make(bytes, len / 2));
}

/* Decode the characters @text. */
static inline int wire_decode_text(struct wire *wire, const char *dialect, const char *text)
{
    return wire_decode(wire, dialect_named(dialect), span_text(text));
}
