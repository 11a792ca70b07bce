#include "tools/isomsg/import_class.h"

#include "iso8583/base/source.h"

/* jPOS's one EBCDIC is IBM1047. */
#define E ISO_CP1047
/* Digits of lengths and tags are the same in all code pages. */
#define E_DIGITS ISO_CP500

/* Columns of a value: content, coding; of its length: digits or bytes, coding. */
#define FIXED(content_, coding_) .content = ISO_##content_, .coding = (coding_)
#define VARIABLE(content_, coding_, prefix_, prefix_coding_)                                       \
    FIXED(content_, coding_), .prefix = (prefix_), .prefix_coding = (prefix_coding_)
#define PADDED(pad_)      .pad = ISO_PAD_##pad_##_BEHIND, .pad_true = ISO_PAD_0_FRONT
#define TAG(len, coding_) .kind = CLASS_TAG, .tag_len = (len), .tag_coding = (coding_)
#define LENGTH_FIRST      .length_first = true, .counts_tag = true
#define REFUSED(reason)   .kind = CLASS_REFUSED, .why = (reason)

/* To add a class: a row, and a vector of what it packs in
 * tests/unit/tools/test_import_packager.c. */
/* clang-format off */
static const struct import_class classes[] = {
    /* Nothing, or as it is. */
    {"IF_NOP",    .kind = CLASS_NOTHING},
    {"IF_UNUSED", .kind = CLASS_NOTHING},
    {"IF_CHAR",   FIXED(ANS, ISO_ASCII)},
    {"IF_ECHAR",  FIXED(ANS, E)},
    {"IF_TCHAR",  FIXED(ANS, ISO_ASCII), .extent = ISO_EXTENT_TOKEN},
    {"IF_FSTBINARY", REFUSED("it does not write what it reads")},
    {"IF_FSTCHAR",   REFUSED("it does not write what it reads")},

    /* Values and lengths in ASCII. */
    {"IFA_NUMERIC",    FIXED(N, ISO_ASCII)},
    {"IFA_LLNUM",      VARIABLE(N, ISO_ASCII, 2, ISO_ASCII)},
    {"IFA_LLLNUM",     VARIABLE(N, ISO_ASCII, 3, ISO_ASCII)},
    {"IFA_LLBNUM",     VARIABLE(N, ISO_BCD, 2, ISO_ASCII), PADDED(0), .unit = ISO_UNIT_NIBBLES},
    {"IFA_FLLNUM",     VARIABLE(N, ISO_ASCII, 2, ISO_ASCII), .extent = ISO_EXTENT_AREA, .fill = ISO_FILL_SPACE_BEHIND},
    {"IFA_FLLCHAR",    VARIABLE(ANS, ISO_ASCII, 2, ISO_ASCII), .extent = ISO_EXTENT_AREA},
    {"IFA_LCHAR",      VARIABLE(ANS, ISO_ASCII, 1, ISO_ASCII)},
    {"IFA_LLCHAR",     VARIABLE(ANS, ISO_ASCII, 2, ISO_ASCII)},
    {"IFA_LLLCHAR",    VARIABLE(ANS, ISO_ASCII, 3, ISO_ASCII)},
    {"IFA_LLLLCHAR",   VARIABLE(ANS, ISO_ASCII, 4, ISO_ASCII)},
    {"IFA_LLLLLCHAR",  VARIABLE(ANS, ISO_ASCII, 5, ISO_ASCII)},
    {"IFA_LLLLLLCHAR", VARIABLE(ANS, ISO_ASCII, 6, ISO_ASCII)},
    {"IFA_BINARY",     FIXED(B, ISO_HEX)},
    {"IFA_LBINARY",    VARIABLE(B, ISO_BINARY, 1, ISO_ASCII)},
    {"IFA_LLBINARY",   VARIABLE(B, ISO_BINARY, 2, ISO_ASCII)},
    {"IFA_LLLBINARY",  VARIABLE(B, ISO_BINARY, 3, ISO_ASCII)},
    {"IFA_LLLLBINARY", VARIABLE(B, ISO_BINARY, 4, ISO_ASCII)},
    {"IFA_LLLLLBINARY",  VARIABLE(B, ISO_BINARY, 5, ISO_ASCII)},
    {"IFA_LLLLLLBINARY", VARIABLE(B, ISO_BINARY, 6, ISO_ASCII)},
    {"IFA_LLABINARY",  VARIABLE(B, ISO_HEX, 2, ISO_ASCII), .unit = ISO_UNIT_VALUE},
    {"IFA_LLLABINARY", VARIABLE(B, ISO_HEX, 3, ISO_ASCII), .unit = ISO_UNIT_VALUE},
    {"IFA_AMOUNT",     FIXED(XN, ISO_ASCII)},
    {"IFA_AMOUNT2003", FIXED(N, ISO_ASCII)},
    {"IFA_BITMAP",     .kind = CLASS_BITMAP, .coding = ISO_HEX},
    {"IFA_BITMAPStandalone", .kind = CLASS_BITMAP, .coding = ISO_HEX},

    /* Digits in BCD, bytes as they are; lengths in BCD, or binary where there is an H. */
    {"IFB_NUMERIC",    FIXED(N, ISO_BCD), PADDED(0)},
    {"IFB_FNUMERIC",   FIXED(N, ISO_BCD), PADDED(F)},
    {"IFB_LLNUM",      VARIABLE(N, ISO_BCD, 2, ISO_BCD), PADDED(0)},
    {"IFB_LLLNUM",     VARIABLE(N, ISO_BCD, 3, ISO_BCD), PADDED(0)},
    {"IFB_FLLNUM",     VARIABLE(N, ISO_BCD, 2, ISO_BCD), PADDED(F)},
    {"IFB_FLLLNUM",    VARIABLE(N, ISO_BCD, 3, ISO_BCD), PADDED(F)},
    {"IFB_LLHNUM",     VARIABLE(N, ISO_BCD, 1, ISO_BINARY), PADDED(0)},
    {"IFB_LLLHNUM",    VARIABLE(N, ISO_BCD, 2, ISO_BINARY), PADDED(0)},
    {"IFB_LLCHAR",     VARIABLE(ANS, ISO_ASCII, 2, ISO_BCD)},
    {"IFB_LLLCHAR",    VARIABLE(ANS, ISO_ASCII, 3, ISO_BCD)},
    {"IFB_LLLLCHAR",   VARIABLE(ANS, ISO_ASCII, 4, ISO_BCD)},
    {"IFB_LLLLLLCHAR", VARIABLE(ANS, ISO_ASCII, 6, ISO_BCD)},
    {"IFB_LLHCHAR",    VARIABLE(ANS, ISO_ASCII, 1, ISO_BINARY)},
    {"IFB_LLLHCHAR",   VARIABLE(ANS, ISO_ASCII, 2, ISO_BINARY)},
    {"IFB_LLHECHAR",   VARIABLE(ANS, E, 1, ISO_BINARY)},
    {"IFB_LLLHECHAR",  VARIABLE(ANS, E, 2, ISO_BINARY)},
    {"IFB_BINARY",     FIXED(B, ISO_BINARY)},
    {"IFB_LLBINARY",   VARIABLE(B, ISO_BINARY, 2, ISO_BCD)},
    {"IFB_LLLBINARY",  VARIABLE(B, ISO_BINARY, 3, ISO_BCD)},
    {"IFB_LLLLBINARY", VARIABLE(B, ISO_BINARY, 4, ISO_BCD)},
    {"IFB_LLHBINARY",  VARIABLE(B, ISO_BINARY, 1, ISO_BINARY)},
    {"IFB_LLLHBINARY", VARIABLE(B, ISO_BINARY, 2, ISO_BINARY)},
    {"IFB_LLHFBINARY", VARIABLE(B, ISO_BINARY, 1, ISO_BINARY), .extent = ISO_EXTENT_AREA, .fill = ISO_FILL_ZERO_BEHIND},
    {"IFB_HEX",        FIXED(B, ISO_BINARY), .counts_digits = true},
    {"IFB_LLHEX",      VARIABLE(B, ISO_BINARY, 2, ISO_BCD), .unit = ISO_UNIT_NIBBLES},
    {"IFB_LLLHEX",     VARIABLE(B, ISO_BINARY, 3, ISO_BCD), .unit = ISO_UNIT_NIBBLES},
    {"IFB_AMOUNT",     FIXED(XN, ISO_BCD), PADDED(0)},
    {"IFB_AMOUNT2003", FIXED(N, ISO_BCD), PADDED(0)},
    {"IFB_BITMAP",     .kind = CLASS_BITMAP, .coding = ISO_BINARY},
    {"Base1_BITMAP126", .kind = CLASS_BITMAP, .coding = ISO_BINARY},

    /* Values and lengths in EBCDIC. */
    {"IFE_CHAR",       FIXED(ANS, E)},
    {"IFE_NUMERIC",    FIXED(N, E)},
    {"IFE_LLNUM",      VARIABLE(N, E, 2, E_DIGITS)},
    {"IFE_LLLNUM",     VARIABLE(N, E, 3, E_DIGITS)},
    {"IFE_LCHAR",      VARIABLE(ANS, E, 1, E_DIGITS)},
    {"IFE_LLCHAR",     VARIABLE(ANS, E, 2, E_DIGITS)},
    {"IFE_LLLCHAR",    VARIABLE(ANS, E, 3, E_DIGITS)},
    {"IFE_LLLLCHAR",   VARIABLE(ANS, E, 4, E_DIGITS)},
    {"IFE_BINARY",     FIXED(B, ISO_HEX_EBCDIC)},
    {"IFE_LBINARY",    VARIABLE(B, ISO_BINARY, 1, E_DIGITS)},
    {"IFE_LLBINARY",   VARIABLE(B, ISO_BINARY, 2, E_DIGITS)},
    {"IFE_LLLBINARY",  VARIABLE(B, ISO_BINARY, 3, E_DIGITS)},
    {"IFE_LLLLBINARY", VARIABLE(B, ISO_BINARY, 4, E_DIGITS)},
    {"IFE_LLEBINARY",  VARIABLE(ANS, E, 2, E_DIGITS)},
    {"IFE_LLLEBINARY", VARIABLE(ANS, E, 3, E_DIGITS)},
    {"IFE_AMOUNT",     FIXED(XN, E)},
    {"IFE_SIGNED_NUMERIC", FIXED(XN, E), .sign = ISO_SIGN_ZONED, .counts_sign = true},
    {"IFE_BITMAP",     .kind = CLASS_BITMAP, .coding = ISO_HEX_EBCDIC},

    /* Value in one, length in the other. */
    {"IFAE_LLCHAR",    VARIABLE(ANS, E, 2, ISO_ASCII)},
    {"IFEA_LLCHAR",    VARIABLE(ANS, ISO_ASCII, 2, E_DIGITS)},
    {"IFEB_LLNUM",     VARIABLE(N, ISO_BCD, 2, E_DIGITS), .unit = ISO_UNIT_WIRE},
    {"IFEB_LLLNUM",    VARIABLE(N, ISO_BCD, 3, E_DIGITS), .unit = ISO_UNIT_WIRE},

    /* A tag, a length, a value. */
    {"IFA_TTLCHAR",      VARIABLE(ANS, ISO_ASCII, 1, ISO_ASCII), TAG(2, ISO_ASCII)},
    {"IFA_TTLLCHAR",     VARIABLE(ANS, ISO_ASCII, 2, ISO_ASCII), TAG(2, ISO_ASCII)},
    {"IFA_TTLLLCHAR",    VARIABLE(ANS, ISO_ASCII, 3, ISO_ASCII), TAG(2, ISO_ASCII)},
    {"IFA_TTLLLLCHAR",   VARIABLE(ANS, ISO_ASCII, 4, ISO_ASCII), TAG(2, ISO_ASCII)},
    {"IFA_TTTLLLCHAR",   VARIABLE(ANS, ISO_ASCII, 3, ISO_ASCII), TAG(3, ISO_ASCII)},
    {"IFA_TTLBINARY",    VARIABLE(B, ISO_BINARY, 1, ISO_ASCII), TAG(2, ISO_ASCII)},
    {"IFA_TTLLBINARY",   VARIABLE(B, ISO_BINARY, 2, ISO_ASCII), TAG(2, ISO_ASCII)},
    {"IFA_TTLLLBINARY",  VARIABLE(B, ISO_BINARY, 3, ISO_ASCII), TAG(2, ISO_ASCII)},
    {"IFA_TTLLLLBINARY", VARIABLE(B, ISO_BINARY, 4, ISO_ASCII), TAG(2, ISO_ASCII)},
    {"IFMC_LLCHAR",      VARIABLE(ANS, ISO_ASCII, 2, ISO_ASCII), TAG(2, ISO_ASCII)},
    {"IFMC_LLLCHAR",     VARIABLE(ANS, ISO_ASCII, 3, ISO_ASCII), TAG(2, ISO_ASCII)},
    {"IFMC_LLBINARY",    VARIABLE(B, ISO_BINARY, 2, ISO_ASCII), TAG(2, ISO_ASCII)},
    {"IFMC_LLLBINARY",   VARIABLE(B, ISO_BINARY, 3, ISO_ASCII), TAG(2, ISO_ASCII)},
    {"IFMC_TCC",         REFUSED("it is there only if a letter or a space stands in its place")},
    {"IFEMC_LLCHAR",     VARIABLE(ANS, E, 2, E_DIGITS), TAG(2, ISO_ASCII)},
    {"IFEMC_LLLCHAR",    VARIABLE(ANS, E, 3, E_DIGITS), TAG(4, E_DIGITS)},
    {"IFEMC_TCC",        REFUSED("it is there only if a letter or a space stands in its place")},
    {"IFEPE_LLCHAR",     VARIABLE(ANS, E, 2, E_DIGITS), TAG(2, E_DIGITS)},
    {"IFEPE_LLLCHAR",    VARIABLE(ANS, E, 3, E_DIGITS), TAG(3, E_DIGITS)},
    {"IFIPM_LLLCHAR",    VARIABLE(ANS, ISO_ASCII, 3, ISO_ASCII), TAG(4, ISO_ASCII)},
    {"IFEP_LLCHAR",      VARIABLE(ANS, ISO_ASCII, 2, ISO_ASCII), TAG(2, ISO_ASCII), LENGTH_FIRST},
    {"IFEP_LLLCHAR",     VARIABLE(ANS, ISO_ASCII, 3, E_DIGITS), TAG(2, E_DIGITS), LENGTH_FIRST},
    {"IFEP_LLLBINARY",   VARIABLE(B, ISO_BINARY, 3, E_DIGITS), TAG(2, E_DIGITS), LENGTH_FIRST},
    {"IFELPE_LLLCHAR",   VARIABLE(ANS, E, 3, E_DIGITS), TAG(2, E_DIGITS), LENGTH_FIRST},
    {"IFTA_LLCHAR",      VARIABLE(ANS, ISO_ASCII, 2, ISO_ASCII), TAG(0, ISO_ASCII)},
    {"IFTA_LLLCHAR",     VARIABLE(ANS, ISO_ASCII, 3, ISO_ASCII), TAG(0, ISO_ASCII)},
    {"IFTA_LLNUM",       VARIABLE(N, ISO_ASCII, 2, ISO_ASCII), TAG(0, ISO_ASCII)},
    {"IFTA_LLLNUM",      VARIABLE(N, ISO_ASCII, 3, ISO_ASCII), TAG(0, ISO_ASCII)},
    {"IFTA_LLBINARY",    VARIABLE(B, ISO_BINARY, 2, ISO_ASCII), TAG(0, ISO_ASCII)},
    {"IFTA_LLLBINARY",   VARIABLE(B, ISO_BINARY, 3, ISO_ASCII), TAG(0, ISO_ASCII)},
    {"IFTB_LLBINARY",    VARIABLE(B, ISO_BINARY, 2, ISO_BCD), TAG(0, ISO_ASCII)},
};

/* To add a composite: a row; a new way of laying out parts: a kind, and its case in
 * import_packager.c. */
static const struct import_composite composites[] = {
    {"GenericPackager",                 COMPOSITE_GENERIC, NULL},
    {"GenericSubFieldPackager",         COMPOSITE_SUBFIELDS, NULL},
    {"Base1SubFieldPackager",           COMPOSITE_BASE1, NULL},
    {"EuroSubFieldPackager",            COMPOSITE_TAGS, NULL},
    {"MasterCardEBCDICSubFieldPackager", COMPOSITE_TAGS, NULL},
    {"GICCSubFieldPackager",            COMPOSITE_TAGS, NULL},
    {"GenericTaggedFieldsPackager",     COMPOSITE_MAPPED, NULL},
    {"TaggedSequencePackager",          COMPOSITE_SEQUENCE, NULL},
    {"BinaryHexTaggedSequencePackager", COMPOSITE_REFUSED, "its tags are bytes, those of its parts characters"},
    {"BERTLVBinaryPackager",            COMPOSITE_BER, NULL},
    {"BERTLVAsciiHexPackager",          COMPOSITE_BER_HEX, NULL},
    {"BERTLVEbcdicHexPackager",         COMPOSITE_BER_HEX_EBCDIC, NULL},
    {"ICCDataPackager",                 COMPOSITE_BER, NULL},
    {"DatasetPackager",                 COMPOSITE_DATASETS, NULL},
};

static const struct {
    const char *name;
    uint8_t digits;
} mappers[] = {{"TTDecimalTagMapper", 2}, {"TTTDecimalTagMapper", 3}};
/* clang-format on */

/* @name without the packages it is known by; another's class is another class. */
static const char *plain(const char *name)
{
    static const char *const packages[] = {"org.jpos.iso.packager.", "org.jpos.iso.",
                                           "org.jpos.tlv.packager.bertlv.",
                                           "org.jpos.tlv.packager."};
    for (size_t i = 0; i < ARRAY_COUNT(packages); i++) {
        size_t len = strlen(packages[i]);
        if (strncmp(name, packages[i], len) == 0 && strchr(name + len, '.') == NULL) {
            return name + len;
        }
    }
    return name;
}

const struct import_class *import_class_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(classes); i++) {
        if (strcmp(classes[i].name, plain(name)) == 0) {
            return &classes[i];
        }
    }
    return NULL;
}

const struct import_class *import_class_at(size_t index)
{
    return index < ARRAY_COUNT(classes) ? &classes[index] : NULL;
}

const struct import_composite *import_composite_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(composites); i++) {
        if (strcmp(composites[i].name, plain(name)) == 0) {
            return &composites[i];
        }
    }
    return NULL;
}

const char *import_class_suggest(const char *name)
{
    const char *names[ARRAY_COUNT(classes)];
    for (size_t i = 0; i < ARRAY_COUNT(classes); i++) {
        names[i] = classes[i].name;
    }
    return source_suggest(span_text(plain(name)), names, ARRAY_COUNT(names));
}

uint8_t import_mapper_digits(const char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(mappers); i++) {
        if (strcmp(mappers[i].name, plain(name)) == 0) {
            return mappers[i].digits;
        }
    }
    return 0;
}
