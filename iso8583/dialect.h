/* A dialect is a table: for each data element its content, its encoding and its length prefix.
 *
 * To add a dialect: one file in dialects/ with its rows, one row in dialect.c; the golden vectors
 * in tests/vectors/ run on it at once. Encodings are chosen per field, for value and prefix apart.
 * In every column 0 is the usual thing, so a row names only what is special about it.
 *
 * A table that is made or changed at run time (a user's dialect, a test's) is finished by
 * dialect_compile(); the built-in ones are made by ISO_ROW, which does the same when it is
 * compiled.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "iso8583/message.h"

struct iso_parts; /* iso8583/parts.h */

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

/* How the canonical value (message.h) is written. Which contents a coding fits:
 * N, Z and XN: ASCII, BCD, EBCDIC (CP500, CP037, CP1047); A, AN, ANS: ASCII, EBCDIC;
 * B: BINARY, HEX, HEX_EBCDIC. */
enum iso_coding {
    ISO_ASCII,  /* a character a byte */
    ISO_BCD,    /* two digits a byte; odd: per @pad. The sign of x+n: per @sign */
    ISO_BINARY, /* bytes as they are */
    ISO_HEX,    /* a byte as two hex characters in ASCII; a length prefix counts the characters */
    ISO_CP500,  /* a character a byte, EBCDIC international; canonical is ASCII or Latin-1 */
    ISO_CP037,  /* the same, EBCDIC of the USA: seven characters stand elsewhere */
    ISO_CP1047, /* the same, EBCDIC of open systems (and of Java): as CP037 but for [ ] ^ */
    ISO_HEX_EBCDIC, /* as HEX, its characters in EBCDIC (the same in all its code pages) */
};
enum { ISO_CODINGS = ISO_HEX_EBCDIC + 1 };

/* A character a byte, in one of the EBCDIC pages. */
#define ISO_IS_EBCDIC(coding)                                                                      \
    ((coding) == ISO_CP500 || (coding) == ISO_CP037 || (coding) == ISO_CP1047)

/* What a length prefix counts. */
enum iso_unit {
    ISO_UNIT_USUAL, /* digits, characters or bytes of the value; of HEX its characters */
    ISO_UNIT_VALUE, /* digits, characters or bytes of the value, whatever the coding */
    ISO_UNIT_WIRE, /* bytes on the wire. BCD: an odd count is told by the nibble F where @pad has it
                    */
    ISO_UNIT_NIBBLES, /* half bytes on the wire, two a byte */
};

/* The nibble that fills an odd count of BCD digits, and where. Behind, 0 and F are read alike. */
enum iso_pad { ISO_PAD_F_BEHIND, ISO_PAD_0_BEHIND, ISO_PAD_0_FRONT, ISO_PAD_F_FRONT };

/* What a value shorter than its fixed length is filled with. A filler that is not of the content
 * (spaces beside digits) is taken off again when read; one that is of it stays. */
enum iso_fill {
    ISO_FILL_USUAL, /* zeros in front of N and XN (behind the sign), spaces behind text; B and Z:
                       none (too short is an error) */
    ISO_FILL_SPACE_FRONT,
    ISO_FILL_SPACE_BEHIND,
    ISO_FILL_ZERO_FRONT, /* '0'; of bytes 00 */
    ISO_FILL_ZERO_BEHIND,
};

/* Where a value ends. */
enum iso_extent {
    ISO_EXTENT_USUAL,  /* by its prefix; without one it is @len long */
    ISO_EXTENT_FILLED, /* has a prefix, but is filled up to @len when written (FLL) */
    ISO_EXTENT_AREA,   /* has a prefix that tells its length, in an area of always @len */
    ISO_EXTENT_TOKEN, /* no prefix: ends before the byte @token, which is passed over; at most @len.
                         Where the bytes end first, the value ends with them */
    ISO_EXTENT_REST,  /* no prefix: all that is left, at most @len; only as the last of its level */
};

/* How the sign of x+n is written; canonical is always 'C' or 'D' in front, and @len counts it. */
enum iso_sign {
    ISO_SIGN_USUAL,  /* the letter as a character of the coding; before BCD in ASCII */
    ISO_SIGN_EBCDIC, /* the letter in EBCDIC, before BCD */
    ISO_SIGN_ZONED,  /* EBCDIC: no letter; the zone of the last digit is F of credit, D of debit */
};

enum iso_mask { ISO_SHOW, ISO_MASK_PAN, ISO_MASK_ALL };

/* One data element, or one part of a composite. @len: digits, characters or bytes of the canonical
 * value (content decides); the maximum if it varies. A frame has at most 65,535 bytes, so has a
 * value.
 */
struct iso_field_row {
    const char *name;              /* "pan", "stan"; static, or the dialect's owner's */
    const struct iso_parts *parts; /* what is inside its value, or NULL */
    uint16_t len;
    uint8_t op;            /* op.h; dialect_compile() sets it, 0: looked at column by column */
    uint8_t content;       /* enum iso_content */
    uint8_t coding;        /* enum iso_coding of the value */
    uint8_t prefix;        /* digits of the length prefix: 0 none, 1..6; bytes 1..3 if BINARY */
    uint8_t prefix_coding; /* ISO_ASCII, ISO_BCD, ISO_CP500, ISO_BINARY (big-endian) */
    uint8_t prefix_unit;   /* enum iso_unit */
    uint8_t mask;          /* enum iso_mask */
    uint8_t pad;           /* enum iso_pad, for BCD */
    uint8_t fill;          /* enum iso_fill */
    uint8_t extent;        /* enum iso_extent */
    uint8_t sign;          /* enum iso_sign, for XN */
    uint8_t token;         /* the byte that ends it, for ISO_EXTENT_TOKEN */
    uint8_t separator;     /* of Z in characters, as written: 0 '=', or 'D'; both are read */
};

/* Where the bitmap of DE129..192 stands. */
enum iso_third {
    ISO_THIRD_NONE,  /* there is none: DE65 is what its row says */
    ISO_THIRD_AHEAD, /* behind the second, before DE2; bit 65 says that it is there */
    ISO_THIRD_IN_65, /* where DE65 would stand */
};

/* Whose elements the table has: edition.h. The others of a later edition mean the same. */
enum iso_edition { ISO_1987, ISO_1993, ISO_2003 };

enum { ISO_HEADER_LEN_MAX = 64 };

/* Bytes before the MTI that belong to the dialect (not to the framing). A message that was read
 * keeps its own (struct iso_msg), and one that has one writes it again; else @blank is written. */
struct iso_header {
    uint8_t len;      /* 0: none */
    uint8_t total_at; /* where the big-endian 2-byte length of header and message stands; 0: none */
    const uint8_t *blank; /* @len bytes for a new message, or NULL: zeros */
};

struct iso_dialect {
    const char *name;      /* "iso87_bcd" */
    uint8_t mti_coding;    /* ISO_ASCII, ISO_BCD, ISO_CP500 */
    uint8_t bitmap_coding; /* ISO_BINARY, ISO_HEX, ISO_HEX_EBCDIC */
    uint8_t bitmap_fixed;  /* 1: both bitmaps always, and bit 1 stays 0 */
    uint8_t third;         /* enum iso_third */
    uint8_t edition;       /* enum iso_edition */
    struct iso_header header;
    struct iso_field_row field[ISO_DE_MAX + 1];
};

/* The built-in dialect of this name, or NULL. Static. */
const struct iso_dialect *dialect_find(const char *name);

/* The built-in dialects by index, NULL past the last. */
const struct iso_dialect *dialect_at(size_t index);

/* What is wrong with a row (its columns contradict each other, or are out of range), as a static
 * text ("bcd holds digits only"), or NULL if it is sound. Does not look into @row->parts. */
const char *dialect_row_flaw(const struct iso_field_row *row);

/* Finish a table made at run time, after its last change: sets each row's @op. (Parts need none:
 * they are always read column by column.) */
void dialect_compile(struct iso_dialect *dialect);

/* The op that dialect_compile() gives @row. */
uint8_t dialect_row_op(const struct iso_field_row *row);
