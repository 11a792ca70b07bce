/* Private data subelements: "0023" "003" "CT1". Any tag may stand there, so there are no rows. */
#include "iso8583/dialects/parts.h"

const struct iso_parts parts_pds = {
    .layout = ISO_TAGGED,
    .tag_coding = ISO_ASCII,
    .tag_len = 4,
    .length_coding = ISO_ASCII,
    .length_len = 3,
    .other = {.name = "pds", .len = 999, .content = ISO_ANS, .coding = ISO_ASCII},
};
