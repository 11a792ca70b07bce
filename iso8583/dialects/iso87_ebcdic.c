/* ISO 8583:1987 in EBCDIC (code page 500), as hosts of mainframes write it: bitmap, PIN block, MAC
 * and chip data are bytes. */
#include "iso8583/dialects/dialects.h"
#include "iso8583/dialects/iso87_rows.h"

#define KIND_N        ISO_N, ISO_CP500, NULL
#define KIND_ORIGINAL ISO_N, ISO_CP500, &parts_original
#define KIND_AN       ISO_AN, ISO_CP500, NULL
#define KIND_ANS      ISO_ANS, ISO_CP500, NULL
#define KIND_Z        ISO_Z, ISO_CP500, NULL
#define KIND_XN       ISO_XN, ISO_CP500, NULL
#define KIND_CURRENCY ISO_AN, ISO_CP500, NULL
#define KIND_BITS     ISO_B, ISO_BINARY, NULL
#define KIND_TLV      ISO_B, ISO_BINARY, &parts_emv
#define KIND_PRIVATE  ISO_ANS, ISO_CP500, NULL
#define LENGTH_CODING ISO_CP500

const struct iso_dialect iso87_ebcdic = {
    .name = "iso87_ebcdic",
    .mti_coding = ISO_CP500,
    .bitmap_coding = ISO_BINARY,
    .field = {ISO87_ROWS(ISO87_ROW)},
};
