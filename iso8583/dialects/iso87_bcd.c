/* ISO 8583:1987 as POS terminals pack it: digits, tracks and lengths as BCD, text as characters.
 * DE60..63 are bytes here, since terminal vendors keep tables and encrypted data in them. */
#include "iso8583/dialects/dialects.h"
#include "iso8583/dialects/iso87_rows.h"

#define KIND_N        .content = ISO_N, .coding = ISO_BCD
#define KIND_AN       .content = ISO_AN, .coding = ISO_ASCII
#define KIND_ANS      .content = ISO_ANS, .coding = ISO_ASCII
#define KIND_Z        .content = ISO_Z, .coding = ISO_BCD
#define KIND_XN       .content = ISO_XN, .coding = ISO_BCD
#define KIND_CURRENCY .content = ISO_N, .coding = ISO_BCD
#define KIND_BITS     .content = ISO_B, .coding = ISO_BINARY
#define KIND_TLV      .content = ISO_B, .coding = ISO_BINARY
#define KIND_PRIVATE  .content = ISO_B, .coding = ISO_BINARY
#define LENGTH_CODING ISO_BCD

const struct iso_dialect iso87_bcd = {
    .name = "iso87_bcd",
    .mti_coding = ISO_BCD,
    .bitmap_coding = ISO_BINARY,
    .field = {ISO87_ROWS(ISO87_ROW)},
};
