/* ISO 8583:1987 in characters throughout, as BASE24 and many host links have it: bitmap, PIN block
 * and MAC are hex digits. Chip data alone stays bytes, as the links that were seen send it. */
#include "iso8583/dialects/dialects.h"
#include "iso8583/dialects/iso87_rows.h"

#define KIND_N        .content = ISO_N, .coding = ISO_ASCII
#define KIND_AN       .content = ISO_AN, .coding = ISO_ASCII
#define KIND_ANS      .content = ISO_ANS, .coding = ISO_ASCII
#define KIND_Z        .content = ISO_Z, .coding = ISO_ASCII
#define KIND_XN       .content = ISO_XN, .coding = ISO_ASCII
#define KIND_CURRENCY .content = ISO_AN, .coding = ISO_ASCII
#define KIND_BITS     .content = ISO_B, .coding = ISO_HEX
#define KIND_TLV      .content = ISO_B, .coding = ISO_BINARY
#define KIND_PRIVATE  .content = ISO_ANS, .coding = ISO_ASCII
#define LENGTH_CODING ISO_ASCII

const struct iso_dialect iso87_asciihex = {
    .name = "iso87_asciihex",
    .mti_coding = ISO_ASCII,
    .bitmap_coding = ISO_HEX,
    .field = {ISO87_ROWS(ISO87_ROW)},
};
