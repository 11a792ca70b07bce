/* ISO 8583:1987 in characters, with what is bytes (bitmap, PIN block, MAC, chip data) as bytes. */
#include "iso8583/dialects/dialects.h"
#include "iso8583/dialects/iso87_rows.h"

#define KIND_N        .content = ISO_N, .coding = ISO_ASCII
#define KIND_AN       .content = ISO_AN, .coding = ISO_ASCII
#define KIND_ANS      .content = ISO_ANS, .coding = ISO_ASCII
#define KIND_Z        .content = ISO_Z, .coding = ISO_ASCII
#define KIND_XN       .content = ISO_XN, .coding = ISO_ASCII
#define KIND_CURRENCY .content = ISO_AN, .coding = ISO_ASCII
#define KIND_BITS     .content = ISO_B, .coding = ISO_BINARY
#define KIND_TLV      .content = ISO_B, .coding = ISO_BINARY
#define KIND_PRIVATE  .content = ISO_ANS, .coding = ISO_ASCII
#define LENGTH_CODING ISO_ASCII

const struct iso_dialect iso87_ascii = {
    .name = "iso87_ascii",
    .mti_coding = ISO_ASCII,
    .bitmap_coding = ISO_BINARY,
    .field = {ISO87_ROWS(ISO87_ROW)},
};
