/* ISO 8583:1993 in characters; bitmaps, PIN block and MAC are hex digits, chip data is bytes. */
#include "iso8583/dialects/dialects.h"
#include "iso8583/dialects/iso93_rows.h"

#define KIND_N        ISO_N, ISO_ASCII, NULL
#define KIND_AN       ISO_AN, ISO_ASCII, NULL
#define KIND_ANS      ISO_ANS, ISO_ASCII, NULL
#define KIND_Z        ISO_Z, ISO_ASCII, NULL
#define KIND_XN       ISO_XN, ISO_ASCII, NULL
#define KIND_CURRENCY ISO_AN, ISO_ASCII, NULL
#define KIND_BITS     ISO_B, ISO_HEX, NULL
#define KIND_TLV      ISO_B, ISO_BINARY, &parts_emv
#define KIND_PRIVATE  ISO_ANS, ISO_ASCII, NULL
#define KIND_TLVBITS  ISO_B, ISO_BINARY, NULL
#define LENGTH_CODING ISO_ASCII

const struct iso_dialect iso93_ascii = {
    .name = "iso93_ascii",
    .edition = ISO_1993,
    .mti_coding = ISO_ASCII,
    .bitmap_coding = ISO_HEX,
    .field = {ISO93_ROWS(ISO93_ROW)},
};
