/* The usual rows, boiled down to one byte: what decode.c and encode.c do without looking at
 * columns.
 *
 * An op is a check (what the value is and how it is written) and a shape (where it ends). Both are
 * worked out when a table is made: by ISO_OP() when it is compiled, by dialect_compile() when it is
 * loaded. A row that has no op (0) is read and written by field.c, column by column, to the same
 * bytes: tests/unit/iso8583/test_property.c compares the two ways.
 *
 * To add one: its constant, its line in the macro, its case in decode.c and in encode.c. */
#pragma once

#include "iso8583/dialect.h"

enum op_shape {
    OP_FIXED,
    OP_LL, /* ASCII digits */
    OP_LLL,
    OP_E_LL, /* EBCDIC digits */
    OP_E_LLL,
    OP_BCD1, /* LL in one byte of BCD */
    OP_BCD2, /* LLL or LLLL in two */
    OP_BIN1, /* one byte */
    OP_SHAPES,
};

enum op_check {
    OP_SLOW,
    OP_BYTES, /* as they are, nothing to check */
    OP_N,     /* as they are, checked */
    OP_A,
    OP_AN,
    OP_ANS,
    OP_Z,
    OP_BCD_N, /* unpacked */
    OP_BCD_Z,
    OP_E_N, /* EBCDIC, translated */
    OP_E_TEXT,
};

#define OP_CHECK_ASCII(content)                                                                    \
    ((content) == ISO_N     ? OP_N                                                                 \
     : (content) == ISO_A   ? OP_A                                                                 \
     : (content) == ISO_AN  ? OP_AN                                                                \
     : (content) == ISO_ANS ? OP_ANS                                                               \
     : (content) == ISO_Z   ? OP_Z                                                                 \
                            : OP_SLOW)

#define OP_CHECK_EBCDIC(content)                                                                   \
    ((content) == ISO_N                                                  ? OP_E_N                  \
     : (content) == ISO_A || (content) == ISO_AN || (content) == ISO_ANS ? OP_E_TEXT               \
                                                                         : OP_SLOW)

#define OP_CHECK_BCD(content)                                                                      \
    ((content) == ISO_N ? OP_BCD_N : (content) == ISO_Z ? OP_BCD_Z : OP_SLOW)

#define OP_CHECK(content, coding)                                                                  \
    ((coding) == ISO_ASCII                          ? OP_CHECK_ASCII(content)                      \
     : (coding) == ISO_BCD                          ? OP_CHECK_BCD(content)                        \
     : ISO_IS_EBCDIC(coding)                        ? OP_CHECK_EBCDIC(content)                     \
     : (coding) == ISO_BINARY && (content) == ISO_B ? OP_BYTES                                     \
                                                    : OP_SLOW)

#define OP_SHAPE(prefix, coding)                                                                   \
    ((prefix) == 0                                             ? OP_FIXED                          \
     : (coding) == ISO_ASCII && (prefix) == 2                  ? OP_LL                             \
     : (coding) == ISO_ASCII && (prefix) == 3                  ? OP_LLL                            \
     : (coding) == ISO_CP500 && (prefix) == 2                  ? OP_E_LL                           \
     : (coding) == ISO_CP500 && (prefix) == 3                  ? OP_E_LLL                          \
     : (coding) == ISO_BCD && (prefix) == 2                    ? OP_BCD1                           \
     : (coding) == ISO_BCD && ((prefix) == 3 || (prefix) == 4) ? OP_BCD2                           \
     : (coding) == ISO_BINARY && (prefix) == 1                 ? OP_BIN1                           \
                                                               : OP_SHAPES)

/* The op of a row whose other columns are 0 (or, of @pad, anything). */
#define ISO_OP(content, coding, prefix, prefix_coding)                                             \
    (uint8_t)(OP_CHECK(content, coding) == OP_SLOW || OP_SHAPE(prefix, prefix_coding) == OP_SHAPES \
                  ? 0                                                                              \
                  : OP_CHECK(content, coding) << 3 | OP_SHAPE(prefix, prefix_coding))

_Static_assert(OP_SHAPES == 8, "three bits");

static inline enum op_shape op_shape(uint8_t op)
{
    return (enum op_shape)(op & 7u);
}

static inline enum op_check op_check(uint8_t op)
{
    return (enum op_check)(op >> 3);
}
