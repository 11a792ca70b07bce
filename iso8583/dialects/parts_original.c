/* DE90 of ISO 8583:1987: what the reversed message was. The element is canonical digits, so its
 * parts are ASCII in every dialect. */
#include "iso8583/dialects/parts.h"

#define DIGITS(number, part_name, length)                                                          \
    {.tag = (number), .row = {.name = (part_name), .len = (length), .content = ISO_N}},

static const struct iso_part_row rows[] = {
    // clang-format off
    DIGITS(1, "mti", 4)
    DIGITS(2, "stan", 6)
    DIGITS(3, "transmission", 10)
    DIGITS(4, "acquirer", 11)
    DIGITS(5, "forwarder", 11)
    // clang-format on
};

const struct iso_parts parts_original = {
    .layout = ISO_POSITIONAL,
    .count = ARRAY_COUNT(rows),
    .rows = rows,
};
