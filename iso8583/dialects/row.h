/* How a built-in table writes a row: ISO_ROW(DE, name, KIND, digits of the prefix, coding of the
 * prefix, length or maximum, mask). A KIND is a macro of three constants: content, coding, and what
 * is inside (parts.h) or NULL:
 *   #define KIND_N ISO_N, ISO_ASCII, NULL
 *
 * An odd count of BCD digits is filled in front in a fixed field, as numbers are, else behind;
 * where a table has it otherwise it defines PAD_VARIABLE. A row that needs another column is
 * written out. */
#pragma once

#include "iso8583/dialect.h"
#include "iso8583/dialects/parts.h"
#include "iso8583/op.h"

#define ISO_ROW(de, field_name, kind, digits, digits_coding, length, masking)                      \
    ISO_ROW_OF(de, field_name, kind, digits, digits_coding, length, masking)

#define ISO_ROW_OF(de, field_name, row_content, row_coding, inside, digits, digits_coding, length, \
                   masking)                                                                        \
    [de] = {.name = (field_name),                                                                  \
            .parts = (inside),                                                                     \
            .len = (length),                                                                       \
            .op = ISO_OP(row_content, row_coding, digits, digits_coding),                          \
            .content = (row_content),                                                              \
            .coding = (row_coding),                                                                \
            .prefix = (digits),                                                                    \
            .prefix_coding = (digits_coding),                                                      \
            .mask = (masking),                                                                     \
            .pad = (digits) != 0 ? PAD_VARIABLE : ISO_PAD_0_FRONT},

#ifndef PAD_VARIABLE
#define PAD_VARIABLE ISO_PAD_F_BEHIND
#endif
