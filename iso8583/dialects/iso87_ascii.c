/* ISO 8583:1987 in characters, with what is bytes (bitmap, PIN block, MAC, chip data) as bytes. */
#include "iso8583/dialects/dialects.h"
#include "iso8583/dialects/iso87_rows.h"

#define KIND_N        ISO_N, ISO_ASCII, NULL
#define KIND_ORIGINAL ISO_N, ISO_ASCII, &parts_original
#define KIND_AN       ISO_AN, ISO_ASCII, NULL
#define KIND_ANS      ISO_ANS, ISO_ASCII, NULL
#define KIND_Z        ISO_Z, ISO_ASCII, NULL
#define KIND_XN       ISO_XN, ISO_ASCII, NULL
#define KIND_CURRENCY ISO_AN, ISO_ASCII, NULL
#define KIND_BITS     ISO_B, ISO_BINARY, NULL
#define KIND_TLV      ISO_B, ISO_BINARY, &parts_emv
#define KIND_PRIVATE  ISO_ANS, ISO_ASCII, NULL
#define LENGTH_CODING ISO_ASCII

const struct iso_dialect iso87_ascii = {
    .name = "iso87_ascii",
    .mti_coding = ISO_ASCII,
    .bitmap_coding = ISO_BINARY,
    .field = {ISO87_ROWS(ISO87_ROW)},
};
