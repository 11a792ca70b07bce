/* Composites: an element whose value has parts of its own, to any depth.
 *
 * A row names its struct iso_parts; each part is again a row, and may have parts. Nothing is read
 * before it is asked for: iso_decode() takes the element as one value, and parts_next() walks over
 * that value. @bytes is always the canonical value of the element or part around (so text parts of
 * an EBCDIC element are ASCII already, if the element's content is text; parts that mix codings
 * stand in an element of bytes, ISO_B, and name their own).
 *
 * A part is named by a number: its position or bit (ISO_POSITIONAL, ISO_BITMAPPED), its tag as the
 * bytes read (BER 0x9F26, dataset 0x56), or of ISO_TAGGED its characters, PDS "0023" is 0x30303233.
 * In a path it is written "22", "9F26", "0023": "48.0023", "127.22.3", "55.9F26", "56.01.9F02".
 *
 * To add a layout: a constant here, and a row in parts.c's table with its two functions. */
#pragma once

#include "iso8583/dialect.h"

enum iso_layout {
    ISO_POSITIONAL, /* one after the other, as the rows stand; what follows may be left out */
    ISO_BITMAPPED,  /* a bitmap of its own in front, as DE127; bit n is part n */
    ISO_BER,        /* BER-TLV: tags of many bytes, lengths as BER has them; 00 and FF between are
                       passed over */
    ISO_TAGGED,     /* tag of fixed length, length of fixed length, value: PDS is 4 + 3 digits */
    ISO_DATASETS,   /* 1 byte of name, 2 bytes of length, then what the row says (mostly BER) */
    ISO_DBM, /* a bitmap as data sets 71 to FE of ISO 8583:2003 have it: 2 bytes, then single ones;
                bit 1 of each says that another follows, the last bit of the last that TLV follow
                (an error: they are not read); the bits between are parts 1, 2, ... */
};

enum { PARTS_BITMAP_LEN_MAX = 24, PARTS_TAG_LEN_MAX = 8, PARTS_DEPTH_MAX = 6 };

/* One part: its number or tag, and how it is written. In ISO_BER, ISO_TAGGED and ISO_DATASETS the
 * length comes from the layout, so its row has neither prefix nor fixed length: @len is a maximum.
 */
struct iso_part_row {
    uint64_t tag;
    struct iso_field_row row;
};

struct iso_parts {
    uint8_t layout;        /* enum iso_layout */
    uint8_t bitmap_coding; /* BITMAPPED: ISO_BINARY, ISO_HEX, ISO_HEX_EBCDIC */
    uint8_t bitmap_len;    /* BITMAPPED: in bytes of bits: 1..24; 8 holds parts 1 to 64 */
    uint8_t bitmap_grows;  /* BITMAPPED: 1: bit 1 of each 8 bytes says that 8 more follow */
    uint8_t tag_coding;    /* TAGGED: ISO_ASCII, ISO_BINARY (bytes), ISO_CP500, ISO_BCD (digits) */
    uint8_t tag_len;       /* TAGGED: characters, bytes or digits of the tag, 1..8; BCD: even */
    uint8_t length_coding; /* TAGGED: as prefix_coding of a row */
    uint8_t length_len;    /* TAGGED: as prefix of a row */
    uint8_t length_with_tag; /* TAGGED: 1: the length counts the tag too (Mastercard DE48: no) */
    uint8_t length_first;    /* TAGGED: 1: the length stands before the tag (Europay DE48) */
    uint16_t count;          /* of @rows */
    const struct iso_part_row *rows; /* POSITIONAL: in order; else sorted by tag */
    struct iso_field_row other; /* how a part without a row is read; content ISO_NONE: as bytes */
};

/* A part as it was read. */
struct iso_part {
    uint64_t tag;
    const struct iso_field_row *row; /* its own, or the @other of its parts */
    bool known;                      /* it has a row of its own */
    struct span value;               /* canonical: in the bytes walked over, or in the scratch */
    struct span raw;                 /* the whole part as it stands, tag and length too */
    size_t at;                       /* where it begins in the bytes walked over */
};

/* A walk over the parts of one value. Made by parts_walk(); the caller may read the counts. */
struct parts_walk {
    const struct iso_parts *parts;
    struct reader in;
    uint64_t bits[PARTS_BITMAP_LEN_MAX / 8]; /* BITMAPPED: those not walked over yet */
    size_t index;                            /* POSITIONAL: the next row */
    unsigned count;                          /* parts so far */
    unsigned unknown;                        /* of them without a row */
    bool opened;
};

/* Walk over @bytes, the canonical value of an element or part whose row names @parts. */
struct parts_walk parts_walk(const struct iso_parts *parts, struct span bytes);

/* The next part. Returns 1 and sets @part, 0 at the end, or a negative enum err with @error filled
 * (its at counts from the start of the bytes, its path is the part's tag); then the walk is over.
 * @scratch takes what is not canonical as it stands, at most twice the bytes; the views live as
 * long as the bytes and the scratch. */
MUST_USE int parts_next(struct parts_walk *walk, struct writer *scratch, struct iso_part *part,
                        struct iso_error *error);

/* The part that @path names below the element of @row: "22.3", "9F26". ERR_NOT_FOUND if it is not
 * there (or the path is no path here), or an error of parts_next(). */
MUST_USE int parts_find(const struct iso_field_row *row, struct span value, const char *path,
                        struct writer *scratch, struct iso_part *part, struct iso_error *error);

/* The same from the message: "48.0023"; "48" alone is the element itself. */
MUST_USE int iso_part_find(const struct iso_msg *msg, const char *path, struct writer *scratch,
                           struct iso_part *part, struct iso_error *error);

/* Check every part of @value at every depth. 0 (and @unknown, if not NULL, counts parts without a
 * row), or the first error. */
MUST_USE int parts_check(const struct iso_field_row *row, struct span value, struct writer *scratch,
                         unsigned *unknown, struct iso_error *error);

/* One part to be written: its canonical value (a composite part's: its own parts, encoded). */
struct iso_part_value {
    uint64_t tag;
    struct span value;
};

/* Append the value of a composite with these parts to @out. POSITIONAL and BITMAPPED: in rising
 * order. Returns 0, ERR_SPACE, ERR_LENGTH, ERR_FORMAT, ERR_FIELD_UNKNOWN (a part that has no row
 * where one is needed), with @error filled. */
MUST_USE int parts_encode(const struct iso_parts *parts, const struct iso_part_value *values,
                          size_t count, struct writer *out, struct iso_error *error);

/* The tag as a path has it ("22", "9F26", "0023"), with a NUL, at most @cap bytes; returns @buf. */
const char *parts_tag_text(const struct iso_parts *parts, uint64_t tag, char *buf, size_t cap);

/* The reverse, of the first piece of a path (up to its end or a '.'). 0, or ERR_FORMAT. */
MUST_USE int parts_tag_parse(const struct iso_parts *parts, struct span text, uint64_t *tag);
