#include "tools/isomsg/guess_row.h"

/* To add a way to write values: a row. */
static const struct {
    uint8_t content;
    uint8_t coding;
} values[] = {
    {ISO_NONE, 0}, /* as it is */
    {ISO_B, ISO_BINARY},  {ISO_B, ISO_HEX}, {ISO_N, ISO_ASCII},   {ISO_N, ISO_BCD},
    {ISO_ANS, ISO_ASCII}, {ISO_Z, ISO_BCD}, {ISO_ANS, ISO_CP500}, {ISO_N, ISO_CP500},
};

/* To add a kind of length: a row. @prefix 0: fixed. */
static const struct {
    uint8_t prefix;
    uint8_t coding;
} lengths[] = {
    {0xFF, 0}, /* as it is */
    {0, ISO_ASCII},  {2, ISO_ASCII},  {3, ISO_ASCII}, {2, ISO_BCD},   {3, ISO_BCD},
    {1, ISO_BINARY}, {2, ISO_BINARY}, {2, ISO_CP500}, {3, ISO_CP500},
};

/* To add a length: a number (of digits or bytes); 0: as it is, or for a prefix the most it can say.
 * LAST: all that is left. */
enum { LAST = 0xFFFF };
static const uint16_t sizes[] = {0, LAST, 6, 4, 3, 8, 12};

enum { COST = 120, COST_COLUMN = 50 };

/* The most that a prefix can say. */
static uint16_t prefix_max(const struct iso_field_row *row)
{
    if (row->prefix_coding == ISO_BINARY) {
        return row->prefix > 1 ? 999 : 255;
    }
    return row->prefix > 2 ? 999 : row->prefix > 1 ? 99 : 9;
}

/* How many digits, characters or bytes of @row stand in @left bytes; 0: none do. */
static size_t count_in(const struct iso_field_row *row, size_t left)
{
    switch (row->coding) {
    case ISO_BCD:
        return 2 * left;
    case ISO_HEX:
    case ISO_HEX_EBCDIC:
        return left % 2 == 0 ? left / 2 : 0;
    default:
        return left;
    }
}

int row_alternative(const struct iso_field_row *row, size_t index, size_t left,
                    struct iso_field_row *other)
{
    size_t value = index % ARRAY_COUNT(values);
    size_t length = index / ARRAY_COUNT(values) % ARRAY_COUNT(lengths);
    size_t size = index / ARRAY_COUNT(values) / ARRAY_COUNT(lengths);
    if (size >= ARRAY_COUNT(sizes)) {
        return -1;
    }
    *other = *row;
    if (values[value].content != ISO_NONE) {
        other->content = values[value].content;
        other->coding = values[value].coding;
        other->sign = ISO_SIGN_USUAL;
    }
    if (lengths[length].prefix != 0xFF) {
        other->prefix = lengths[length].prefix;
        other->prefix_coding = lengths[length].coding;
        other->extent = ISO_EXTENT_USUAL;
        other->len = other->prefix != 0 ? prefix_max(other) : row->len;
    }
    if (sizes[size] == LAST) {
        size_t count = count_in(other, left);
        if (other->prefix != 0 || left == 0 || count == 0 || count > 999) {
            return 0;
        }
        other->len = (uint16_t)count;
    } else if (sizes[size] != 0) {
        if (other->prefix != 0 || (other->content != ISO_N && other->content != ISO_B)) {
            return 0;
        }
        other->len = sizes[size];
    }
    int columns = (other->content != row->content) + (other->coding != row->coding) +
                  (other->prefix != row->prefix) + (other->prefix_coding != row->prefix_coding) +
                  (other->len != row->len);
    if (columns == 0 || dialect_row_flaw(other) != NULL) {
        return 0;
    }
    return COST + COST_COLUMN * columns;
}
