/* A dialect is a table: for each data element its content, its encoding and its length prefix.
 *
 * To add a dialect: one file in dialects/ with its rows, one row in dialect.c; the golden vectors
 * in tests/vectors/ run on it at once. Encodings are chosen per field, for value and prefix apart.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "iso8583/message.h"

enum iso_content {
    ISO_NONE, /* not defined in this dialect */
    ISO_N,    /* digits */
    ISO_A,    /* letters */
    ISO_AN,   /* letters and digits (and space: fixed fields are filled with it) */
    ISO_ANS,  /* any printable */
    ISO_B,    /* bytes */
    ISO_Z,    /* track 2 */
    ISO_XN,   /* C or D, then digits */
};

enum iso_coding {
    ISO_ASCII,  /* a character a byte */
    ISO_BCD,    /* two digits a byte; odd: per @pad. The sign of x+n stays a character in front */
    ISO_BINARY, /* bytes as they are */
    ISO_HEX,    /* two hex characters a byte; a length prefix counts the characters */
};

/* Where the nibble that fills an odd count of BCD digits goes. Behind, 0 and F are read alike. */
enum iso_pad { ISO_PAD_F_BEHIND, ISO_PAD_0_BEHIND, ISO_PAD_0_FRONT };

enum iso_mask { ISO_SHOW, ISO_MASK_PAN, ISO_MASK_ALL };

/* One data element. @len: digits, characters or bytes (content decides); the maximum if variable.
 */
struct iso_field_row {
    const char *name;      /* "pan", "stan"; static */
    uint8_t content;       /* enum iso_content */
    uint8_t coding;        /* enum iso_coding of the value */
    uint8_t prefix;        /* digits of the length prefix: 0 fixed, 2 LL, 3 LLL */
    uint8_t prefix_coding; /* ISO_ASCII, ISO_BCD */
    uint8_t mask;          /* enum iso_mask */
    uint8_t pad;           /* enum iso_pad, for BCD */
    uint16_t len;
};

struct iso_dialect {
    const char *name;      /* "iso87_bcd" */
    uint8_t mti_coding;    /* ISO_ASCII, ISO_BCD */
    uint8_t bitmap_coding; /* ISO_BINARY, ISO_HEX */
    uint8_t bitmap_fixed;  /* 1: both bitmaps always, and bit 1 stays 0 */
    struct iso_field_row field[ISO_DE_MAX + 1];
};

/* The built-in dialect of this name, or NULL. Static. */
const struct iso_dialect *dialect_find(const char *name);

/* The built-in dialects by index, NULL past the last. */
const struct iso_dialect *dialect_at(size_t index);
