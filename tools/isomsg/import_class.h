/* What the field and composite classes of jPOS put on the wire, as rows of a dialect. */
#pragma once

#include "iso8583/parts.h"

enum class_kind {
    CLASS_FIELD,   /* a value */
    CLASS_TAG,     /* a value behind a tag, inside a composite */
    CLASS_BITMAP,  /* the bitmap */
    CLASS_NOTHING, /* not a byte */
    CLASS_REFUSED, /* what it does cannot be said in a dialect; @why tells */
};

/* One class of fields. A CLASS_TAG's prefix is the length behind (or before) its tag. */
struct import_class {
    const char *name; /* without its package */
    uint8_t kind;
    uint8_t content;
    uint8_t coding;
    uint8_t prefix;
    uint8_t prefix_coding;
    uint8_t unit;
    uint8_t pad;      /* the nibble of an odd count, pad="false" or not given */
    uint8_t pad_true; /* pad="true" */
    uint8_t fill;
    uint8_t extent;
    uint8_t sign;
    uint8_t tag_len; /* 0: as long as the token says */
    uint8_t tag_coding;
    bool length_first;  /* of the tag: LLTT */
    bool counts_tag;    /* of the tag: the length counts it */
    bool counts_digits; /* its length is in hex digits: two a byte */
    bool counts_sign;   /* its length does not count the sign, which ours does */
    const char *why;
};

/* How a composite is laid out. */
enum composite_kind {
    COMPOSITE_GENERIC,   /* bitmap or positions, by attributes */
    COMPOSITE_SUBFIELDS, /* the same, and element 0 is one like the others */
    COMPOSITE_BASE1,     /* a bitmap of 8 bytes in element 0 */
    COMPOSITE_TAGS,      /* each part a CLASS_TAG; element 0, if there is one, comes first */
    COMPOSITE_MAPPED,    /* the same; a tagMapper says how numbers are tags */
    COMPOSITE_SEQUENCE,  /* each part a CLASS_TAG with its own token */
    COMPOSITE_BER,
    COMPOSITE_BER_HEX,
    COMPOSITE_BER_HEX_EBCDIC,
    COMPOSITE_DATASETS,
    COMPOSITE_REFUSED,
};

struct import_composite {
    const char *name;
    uint8_t kind;
    const char *why;
};

/* The row of @name, with or without its package; NULL: not known. */
const struct import_class *import_class_find(const char *name);
const struct import_composite *import_composite_find(const char *name);

/* The rows by index, NULL past the last: for tests, which try every one. */
const struct import_class *import_class_at(size_t index);

/* The known class that @name may have been meant for, or NULL. */
const char *import_class_suggest(const char *name);

/* The number of digits of tags that the tagMapper class @name makes of numbers, or 0: not known. */
uint8_t import_mapper_digits(const char *name);
