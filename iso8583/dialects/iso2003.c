/* ISO 8583:2003 with digits and lengths as BCD, text and tracks as characters, the rest as bytes.
 */
#include "iso8583/dialects/dialects.h"
#include "iso8583/dialects/iso2003_rows.h"

#define KIND_N        ISO_N, ISO_BCD, NULL
#define KIND_AN       ISO_AN, ISO_ASCII, NULL
#define KIND_ANS      ISO_ANS, ISO_ASCII, NULL
#define KIND_Z        ISO_Z, ISO_ASCII, NULL
#define KIND_XN       ISO_XN, ISO_BCD, NULL
#define KIND_BITS     ISO_B, ISO_BINARY, NULL
#define KIND_TLV      ISO_B, ISO_BINARY, &parts_emv
#define KIND_PRIVATE  ISO_ANS, ISO_ASCII, NULL
#define KIND_BYTES    ISO_B, ISO_BINARY, NULL
#define LENGTH_CODING ISO_BCD

const struct iso_dialect iso2003 = {
    .name = "iso2003",
    .edition = ISO_2003,
    .mti_coding = ISO_BCD,
    .bitmap_coding = ISO_BINARY,
    .field = {ISO2003_ROWS(ISO2003_ROW)},
};
