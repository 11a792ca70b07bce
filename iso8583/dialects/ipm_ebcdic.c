/* Clearing records of IPM files in EBCDIC (code page 500); bitmaps, PIN block and chip data are
 * bytes. */
#include "iso8583/dialects/dialects.h"
#include "iso8583/dialects/ipm_rows.h"

#define KIND_N        ISO_N, ISO_CP500, NULL
#define KIND_AN       ISO_AN, ISO_CP500, NULL
#define KIND_ANS      ISO_ANS, ISO_CP500, NULL
#define KIND_Z        ISO_Z, ISO_CP500, NULL
#define KIND_XN       ISO_XN, ISO_CP500, NULL
#define KIND_CURRENCY ISO_N, ISO_CP500, NULL
#define KIND_BITS     ISO_B, ISO_BINARY, NULL
#define KIND_TLV      ISO_B, ISO_BINARY, &parts_emv
#define KIND_PRIVATE  ISO_ANS, ISO_CP500, NULL
#define KIND_TLVBITS  ISO_B, ISO_BINARY, NULL
#define KIND_PDS      ISO_ANS, ISO_CP500, &parts_pds
#define LENGTH_CODING ISO_CP500

const struct iso_dialect ipm_ebcdic = {
    .name = "ipm_ebcdic",
    .edition = ISO_1993,
    .mti_coding = ISO_CP500,
    .bitmap_coding = ISO_BINARY,
    .field = {IPM_ROWS(IPM_ROW)},
};
