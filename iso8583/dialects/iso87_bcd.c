/* ISO 8583:1987 as POS terminals pack it: digits, tracks and lengths as BCD, text as characters.
 * DE60..63 are bytes here, since terminal vendors keep tables and encrypted data in them. */
#include "iso8583/dialects/dialects.h"
#include "iso8583/dialects/iso87_rows.h"

#define KIND_N        ISO_N, ISO_BCD, NULL
#define KIND_ORIGINAL ISO_N, ISO_BCD, &parts_original
#define KIND_AN       ISO_AN, ISO_ASCII, NULL
#define KIND_ANS      ISO_ANS, ISO_ASCII, NULL
#define KIND_Z        ISO_Z, ISO_BCD, NULL
#define KIND_XN       ISO_XN, ISO_BCD, NULL
#define KIND_CURRENCY ISO_N, ISO_BCD, NULL
#define KIND_BITS     ISO_B, ISO_BINARY, NULL
#define KIND_TLV      ISO_B, ISO_BINARY, &parts_emv
#define KIND_PRIVATE  ISO_B, ISO_BINARY, NULL
#define LENGTH_CODING ISO_BCD

const struct iso_dialect iso87_bcd = {
    .name = "iso87_bcd",
    .mti_coding = ISO_BCD,
    .bitmap_coding = ISO_BINARY,
    .field = {ISO87_ROWS(ISO87_ROW)},
};
