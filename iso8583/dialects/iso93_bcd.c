/* ISO 8583:1993 with digits, tracks and lengths as BCD, text as characters, bitmaps as bytes. */
#include "iso8583/dialects/dialects.h"
#include "iso8583/dialects/iso93_rows.h"

#define KIND_N        ISO_N, ISO_BCD, NULL
#define KIND_AN       ISO_AN, ISO_ASCII, NULL
#define KIND_ANS      ISO_ANS, ISO_ASCII, NULL
#define KIND_Z        ISO_Z, ISO_BCD, NULL
#define KIND_XN       ISO_XN, ISO_BCD, NULL
#define KIND_CURRENCY ISO_N, ISO_BCD, NULL
#define KIND_BITS     ISO_B, ISO_BINARY, NULL
#define KIND_TLV      ISO_B, ISO_BINARY, &parts_emv
#define KIND_PRIVATE  ISO_ANS, ISO_ASCII, NULL
#define KIND_TLVBITS  ISO_B, ISO_BINARY, NULL
#define LENGTH_CODING ISO_BCD

const struct iso_dialect iso93_bcd = {
    .name = "iso93_bcd",
    .edition = ISO_1993,
    .mti_coding = ISO_BCD,
    .bitmap_coding = ISO_BINARY,
    .field = {ISO93_ROWS(ISO93_ROW)},
};
