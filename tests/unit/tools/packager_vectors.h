/* What each class of jPOS packs, worked out by hand from what it does. */
#pragma once

/* clang-format off */
/* Class, length, pad, token; the bytes of the element; its value (bytes as hex). EBCDIC: digits are
 * F0 to F9, A is C1, B is C2, D is C4, E is C5. To add a class: a row. */
static const struct {
    const char *class;
    unsigned length;
    const char *more;
    const char *wire;
    const char *value;
} fields[] = {
    {"IF_CHAR", 6, "", "4142 31 32 20 20", "AB12  "},
    {"IF_ECHAR", 4, "", "C1C2 F1F2", "AB12"},
    {"IF_TCHAR", 9, "token=\"|\"", "4142 7C", "AB"},           /* ends before the token */
    {"IFA_NUMERIC", 6, "", "303031323334", "001234"},
    {"IFA_LLNUM", 19, "", "3034 31323334", "1234"},
    {"IFA_LLLNUM", 19, "", "303034 31323334", "1234"},
    {"IFA_LLBNUM", 19, "", "3034 1234", "1234"},               /* the length counts half bytes */
    {"IFA_LLBNUM", 19, "pad=\"true\"", "3036 012345", "012345"}, /* the filler is one of them */
    {"IFA_FLLNUM", 6, "", "3034 31323334 2020", "1234"},       /* the length, then always 6 */
    {"IFA_FLLCHAR", 6, "", "3032 4142 20202020", "AB"},
    {"IFA_LCHAR", 9, "", "32 4142", "AB"},
    {"IFA_LLCHAR", 99, "", "3032 4142", "AB"},
    {"IFA_LLLCHAR", 999, "", "303032 4142", "AB"},
    {"IFA_LLLLCHAR", 9999, "", "30303032 4142", "AB"},
    {"IFA_LLLLLCHAR", 65535, "", "3030303032 4142", "AB"},
    {"IFA_LLLLLLCHAR", 65535, "", "303030303032 4142", "AB"},
    {"IFA_BINARY", 2, "", "44454144", "DEAD"},                 /* hex characters; 2 counts bytes */
    {"IFA_LBINARY", 9, "", "32 DEAD", "DEAD"},                 /* bytes as they are */
    {"IFA_LLBINARY", 99, "", "3032 DEAD", "DEAD"},
    {"IFA_LLLBINARY", 999, "", "303032 DEAD", "DEAD"},
    {"IFA_LLLLBINARY", 9999, "", "30303032 DEAD", "DEAD"},
    {"IFA_LLLLLBINARY", 9999, "", "3030303032 DEAD", "DEAD"},
    {"IFA_LLLLLLBINARY", 9999, "", "303030303032 DEAD", "DEAD"},
    {"IFA_LLABINARY", 99, "", "3032 44454144", "DEAD"},        /* the length counts bytes */
    {"IFA_LLLABINARY", 999, "", "303032 44454144", "DEAD"},
    {"IFA_AMOUNT", 9, "", "44 3030303031323334", "D00001234"}, /* the sign counts */
    {"IFA_AMOUNT2003", 16, "", "39373832303030303030303031323334", "9782000000001234"},
    {"IFB_NUMERIC", 5, "", "123450", "12345"},                 /* no pad: behind */
    {"IFB_NUMERIC", 5, "pad=\"false\"", "123450", "12345"},
    {"IFB_NUMERIC", 5, "pad=\"true\"", "012345", "12345"},     /* pad: in front */
    {"IFB_NUMERIC", 6, "pad=\"true\"", "001234", "001234"},
    {"IFB_FNUMERIC", 5, "", "12345F", "12345"},
    {"IFB_FNUMERIC", 5, "pad=\"true\"", "012345", "12345"},
    {"IFB_LLNUM", 19, "", "05 123450", "12345"},               /* the length counts digits */
    {"IFB_LLNUM", 19, "pad=\"true\"", "05 012345", "12345"},
    {"IFB_LLNUM", 19, "", "16 4111111111111111", "4111111111111111"},
    {"IFB_LLLNUM", 104, "", "0005 123450", "12345"},
    {"IFB_LLLNUM", 104, "pad=\"true\"", "0005 012345", "12345"},
    {"IFB_FLLNUM", 19, "", "05 12345F", "12345"},
    {"IFB_FLLNUM", 19, "pad=\"true\"", "05 012345", "12345"},
    {"IFB_FLLLNUM", 104, "", "0005 12345F", "12345"},
    {"IFB_LLHNUM", 28, "", "0C 123456789012", "123456789012"}, /* a binary length: 12 is 0C */
    {"IFB_LLHNUM", 28, "pad=\"true\"", "05 012345", "12345"},
    {"IFB_LLLHNUM", 28, "", "000C 123456789012", "123456789012"},
    {"IFB_LLCHAR", 99, "", "12 414243444142434441424344", "ABCDABCDABCD"}, /* a BCD length */
    {"IFB_LLLCHAR", 999, "", "0012 414243444142434441424344", "ABCDABCDABCD"},
    {"IFB_LLLLCHAR", 9999, "", "0012 414243444142434441424344", "ABCDABCDABCD"},
    {"IFB_LLLLLLCHAR", 9999, "", "000012 414243444142434441424344", "ABCDABCDABCD"},
    {"IFB_LLHCHAR", 255, "", "0C 414243444142434441424344", "ABCDABCDABCD"},
    {"IFB_LLLHCHAR", 999, "", "000C 414243444142434441424344", "ABCDABCDABCD"},
    {"IFB_LLHECHAR", 255, "", "0C C1C2C3C4C1C2C3C4C1C2C3C4", "ABCDABCDABCD"},
    {"IFB_LLLHECHAR", 999, "", "000C C1C2C3C4C1C2C3C4C1C2C3C4", "ABCDABCDABCD"},
    {"IFB_BINARY", 2, "", "DEAD", "DEAD"},
    {"IFB_LLBINARY", 99, "", "02 DEAD", "DEAD"},
    {"IFB_LLLBINARY", 999, "", "0010 00112233445566778899", "00112233445566778899"},
    {"IFB_LLLLBINARY", 9999, "", "0010 00112233445566778899", "00112233445566778899"},
    {"IFB_LLHBINARY", 255, "", "0A 00112233445566778899", "00112233445566778899"},
    {"IFB_LLLHBINARY", 999, "", "000A 00112233445566778899", "00112233445566778899"},
    {"IFB_LLHFBINARY", 4, "", "02 DEAD0000", "DEAD"},          /* the length, then always 4 */
    {"IFB_HEX", 4, "", "DEAD", "DEAD"},                        /* its length counts digits */
    {"IFB_LLHEX", 99, "", "04 DEAD", "DEAD"},                  /* the length counts half bytes */
    {"IFB_LLLHEX", 999, "", "0004 DEAD", "DEAD"},
    {"IFB_AMOUNT", 9, "pad=\"true\"", "44 00001234", "D00001234"}, /* the sign in ASCII */
    {"IFB_AMOUNT", 8, "pad=\"true\"", "43 01234567", "C1234567"},
    {"IFB_AMOUNT", 8, "", "43 12345670", "C1234567"},
    {"IFB_AMOUNT2003", 16, "", "9782000000001234", "9782000000001234"},
    {"IFE_CHAR", 4, "", "C1C24040", "AB  "},
    {"IFE_NUMERIC", 4, "", "F0F0F1F2", "0012"},
    {"IFE_LLNUM", 19, "", "F0F2 F1F2", "12"},
    {"IFE_LLLNUM", 19, "", "F0F0F2 F1F2", "12"},
    {"IFE_LCHAR", 9, "", "F2 C1C2", "AB"},
    {"IFE_LLCHAR", 99, "", "F0F2 C1C2", "AB"},
    {"IFE_LLLCHAR", 999, "", "F0F0F2 C1C2", "AB"},
    {"IFE_LLLLCHAR", 9999, "", "F0F0F0F2 C1C2", "AB"},
    {"IFE_BINARY", 2, "", "C4C5C1C4", "DEAD"},                 /* hex characters in EBCDIC */
    {"IFE_LBINARY", 9, "", "F2 DEAD", "DEAD"},
    {"IFE_LLBINARY", 99, "", "F0F2 DEAD", "DEAD"},
    {"IFE_LLLBINARY", 999, "", "F0F0F2 DEAD", "DEAD"},
    {"IFE_LLLLBINARY", 9999, "", "F0F0F0F2 DEAD", "DEAD"},
    {"IFE_LLEBINARY", 99, "", "F0F2 C1C2", "AB"},              /* its bytes are characters */
    {"IFE_LLLEBINARY", 999, "", "F0F0F2 C1C2", "AB"},
    {"IFE_AMOUNT", 9, "", "C4 F0F0F0F0F1F2F3F4", "D00001234"},
    {"IFE_SIGNED_NUMERIC", 5, "", "F0F1F2F3F4", "C01234"},     /* the zone of the last digit */
    {"IFE_SIGNED_NUMERIC", 5, "", "F0F1F2F3D4", "D01234"},
    {"IFAE_LLCHAR", 99, "", "3032 C1C2", "AB"},
    {"IFEA_LLCHAR", 99, "", "F0F2 4142", "AB"},
    {"IFEB_LLNUM", 19, "", "F0F3 12345F", "12345"},            /* the length counts bytes */
    {"IFEB_LLNUM", 19, "", "F0F2 1234", "1234"},
    {"IFEB_LLLNUM", 19, "", "F0F0F3 12345F", "12345"},
};

/* Class, the packager around, and its attributes; number and attributes of the part; the bytes of
 * the composite; the part's path and value. */
static const struct {
    const char *class;
    const char *packager;
    const char *around;
    unsigned id;
    const char *more;
    const char *wire;
    const char *path;
    const char *value;
} tags[] = {
#define MAPPED(digits) "org.jpos.iso.packager.GenericTaggedFieldsPackager", "tagMapper=\"org.jpos.iso.packager." digits "DecimalTagMapper\""
    {"IFA_TTLCHAR", MAPPED("TT"), 3, "", "3033 32 4142", "48.03", "AB"},
    {"IFA_TTLLCHAR", MAPPED("TT"), 3, "", "3033 3032 4142", "48.03", "AB"},
    {"IFA_TTLLLCHAR", MAPPED("TT"), 3, "", "3033 303032 4142", "48.03", "AB"},
    {"IFA_TTLLLLCHAR", MAPPED("TT"), 3, "", "3033 30303032 4142", "48.03", "AB"},
    {"IFA_TTTLLLCHAR", MAPPED("TTT"), 3, "", "303033 303032 4142", "48.003", "AB"},
    {"IFA_TTLBINARY", MAPPED("TT"), 3, "", "3033 32 DEAD", "48.03", "DEAD"},
    {"IFA_TTLLBINARY", MAPPED("TT"), 3, "", "3033 3032 DEAD", "48.03", "DEAD"},
    {"IFA_TTLLLBINARY", MAPPED("TT"), 3, "", "3033 303032 DEAD", "48.03", "DEAD"},
    {"IFA_TTLLLLBINARY", MAPPED("TT"), 3, "", "3033 30303032 DEAD", "48.03", "DEAD"},
#define EURO "org.jpos.iso.packager.EuroSubFieldPackager", ""
    {"IFMC_LLCHAR", EURO, 23, "", "3233 3032 4142", "48.23", "AB"},
    {"IFMC_LLLCHAR", EURO, 23, "", "3233 303032 4142", "48.23", "AB"},
    {"IFMC_LLBINARY", EURO, 23, "", "3233 3032 DEAD", "48.23", "DEAD"},
    {"IFMC_LLLBINARY", EURO, 23, "", "3233 303032 DEAD", "48.23", "DEAD"},
    {"IFIPM_LLLCHAR", EURO, 23, "", "30303233 303032 4142", "48.0023", "AB"},
    {"IFEMC_LLCHAR", EURO, 23, "", "3233 F0F2 C1C2", "48.23", "AB"},      /* its tag in ASCII */
    {"IFEP_LLCHAR", EURO, 23, "", "3034 3233 4142", "48.23", "AB"},       /* the length first, and */
    {"IFEP_LLLCHAR", EURO, 23, "", "F0F0F4 F2F3 4142", "48.23", "AB"},    /* it counts the tag */
    {"IFEP_LLLBINARY", EURO, 23, "", "F0F0F4 F2F3 DEAD", "48.23", "DEAD"},
    {"IFELPE_LLLCHAR", EURO, 23, "", "F0F0F4 F2F3 C1C2", "48.23", "AB"},
#define MASTERCARD "org.jpos.iso.packager.MasterCardEBCDICSubFieldPackager", ""
    {"IFEMC_LLLCHAR", MASTERCARD, 23, "", "F0F0F2F3 F0F0F2 C1C2", "48.0023", "AB"},
    {"IFEPE_LLCHAR", MASTERCARD, 23, "", "F2F3 F0F2 C1C2", "48.23", "AB"},
    {"IFEPE_LLLCHAR", MASTERCARD, 23, "", "F0F2F3 F0F0F2 C1C2", "48.023", "AB"},
#define SEQUENCE "org.jpos.tlv.packager.TaggedSequencePackager", "token=\"0000\""
    {"IFTA_LLCHAR", SEQUENCE, 1, "token=\"0023\"", "30303233 3032 4142", "48.0023", "AB"},
    {"IFTA_LLLCHAR", SEQUENCE, 1, "token=\"0023\"", "30303233 303032 4142", "48.0023", "AB"},
    {"IFTA_LLNUM", SEQUENCE, 1, "token=\"0023\"", "30303233 3032 3132", "48.0023", "12"},
    {"IFTA_LLLNUM", SEQUENCE, 1, "token=\"0023\"", "30303233 303032 3132", "48.0023", "12"},
    {"IFTA_LLBINARY", SEQUENCE, 1, "token=\"0023\"", "30303233 3032 DEAD", "48.0023", "DEAD"},
    {"IFTA_LLLBINARY", SEQUENCE, 1, "token=\"0023\"", "30303233 303032 DEAD", "48.0023", "DEAD"},
    {"IFTB_LLBINARY", SEQUENCE, 1, "token=\"0023\"", "30303233 02 DEAD", "48.0023", "DEAD"},
};
/* clang-format on */
