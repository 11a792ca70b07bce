/* Composites of a Visa BASE I-like dialect, each with a bitmap of its own: elements of bytes, whose
 * parts are EBCDIC text or BCD. As public samples and packagers have them. */
#include "iso8583/dialects/parts.h"

/* Part, name, length, mask; digits in BCD, an odd count filled in front. */
#define TEXT(number, part_name, length, masking)                                                   \
    {.tag = (number),                                                                              \
     .row = {.name = (part_name),                                                                  \
             .len = (length),                                                                      \
             .content = ISO_ANS,                                                                   \
             .coding = ISO_CP500,                                                                  \
             .mask = ISO_##masking}},
#define DIGITS(number, part_name, length)                                                          \
    {.tag = (number),                                                                              \
     .row = {.name = (part_name),                                                                  \
             .len = (length),                                                                      \
             .content = ISO_N,                                                                     \
             .coding = ISO_BCD,                                                                    \
             .pad = ISO_PAD_0_FRONT}},

// clang-format off
static const struct iso_part_row rows_62[] = {
    TEXT(1, "authorization_characteristics", 1, SHOW)
    DIGITS(2, "transaction_id", 15)
    TEXT(3, "validation_code", 4, SHOW)
    TEXT(4, "market_data", 1, SHOW)
    DIGITS(5, "duration", 2)
    TEXT(6, "prestigious_property", 1, SHOW)
};

static const struct iso_part_row rows_63[] = {
    DIGITS(1, "network", 4)
    DIGITS(2, "time_limit", 4)
    DIGITS(3, "reason", 4)
    DIGITS(4, "stand_in_reason", 4)
};

static const struct iso_part_row rows_126[] = {
    TEXT(1, "customer_name", 25, SHOW)
    TEXT(2, "customer_address", 57, SHOW)
    TEXT(3, "biller_address", 57, SHOW)
    TEXT(4, "biller_telephone", 18, SHOW)
    TEXT(5, "process_by", 6, SHOW)
    DIGITS(8, "transaction_id", 40)
    DIGITS(9, "transaction_stain", 40)
    TEXT(10, "cvv2_request", 6, MASK_ALL)
};
// clang-format on

const struct iso_parts parts_base1_62 = {
    .layout = ISO_BITMAPPED,
    .bitmap_len = 8,
    .count = ARRAY_COUNT(rows_62),
    .bitmap_coding = ISO_BINARY,
    .rows = rows_62,
};

const struct iso_parts parts_base1_63 = {
    .layout = ISO_BITMAPPED,
    .bitmap_len = 3,
    .count = ARRAY_COUNT(rows_63),
    .bitmap_coding = ISO_BINARY,
    .rows = rows_63,
};

const struct iso_parts parts_base1_126 = {
    .layout = ISO_BITMAPPED,
    .bitmap_len = 8,
    .count = ARRAY_COUNT(rows_126),
    .bitmap_coding = ISO_BINARY,
    .rows = rows_126,
};
