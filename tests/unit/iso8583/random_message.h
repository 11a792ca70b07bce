/* Random rows, values and messages for properties: seeded, so that what fails fails again. */
#pragma once

#include <stdlib.h>

#include "iso8583/dialect.h"
#include "iso8583/message.h"
#include "tests/unit/iso8583/suite.h"

struct dice {
    uint64_t state;
};

static inline uint32_t dice_roll(struct dice *dice, uint32_t sides)
{
    dice->state ^= dice->state << 13;
    dice->state ^= dice->state >> 7;
    dice->state ^= dice->state << 17;
    return (uint32_t)(dice->state >> 32) % sides;
}

/* One canonical byte of @content. */
static inline uint8_t random_byte(struct dice *dice, enum iso_content content)
{
    static const char alnum[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ abcdefghijklmnopqrstuvwxyz";
    switch (content) {
    case ISO_N:
    case ISO_XN:
        return (uint8_t)('0' + dice_roll(dice, 10));
    case ISO_Z:
        return (uint8_t) "0123456789="[dice_roll(dice, 11)];
    case ISO_A:
        return (uint8_t)alnum[10 + dice_roll(dice, 53)];
    case ISO_AN:
        return (uint8_t)alnum[dice_roll(dice, 63)];
    case ISO_ANS: {
        uint32_t byte = 0x20 + dice_roll(dice, 0xE0);
        return (uint8_t)(byte == 0x7F ? ' ' : byte);
    }
    case ISO_B:
    case ISO_NONE:
        break;
    }
    return (uint8_t)dice_roll(dice, 256);
}

/* A length for @row, the edges more often than the rest. */
static inline size_t random_len(struct dice *dice, const struct iso_field_row *row, size_t max)
{
    bool exact = row->prefix == 0 && row->extent == ISO_EXTENT_USUAL;
    size_t top = row->len < max ? row->len : max;
    size_t least = row->content == ISO_XN ? 2 : 0;
    if (exact) {
        return row->len;
    }
    switch (dice_roll(dice, 6)) {
    case 0:
        return least;
    case 1:
        return top > least ? least + 1 : least;
    case 2:
        return top;
    case 3:
        return top > least ? top - 1 : top;
    default:
        return least + dice_roll(dice, (uint32_t)(top - least + 1));
    }
}

/* @len canonical bytes for @row at @to. */
static inline struct span random_value(struct dice *dice, const struct iso_field_row *row,
                                       size_t len, uint8_t *to)
{
    for (size_t i = 0; i < len; i++) {
        to[i] = random_byte(dice, row->content);
    }
    if (row->content == ISO_XN && len > 0) {
        to[0] = dice_roll(dice, 2) == 0 ? 'C' : 'D';
    }
    return span_make(to, len);
}

/* A message of @dialect with about one element in @one_in, its values in @bytes. */
static inline struct iso_msg random_message(struct dice *dice, const struct iso_dialect *dialect,
                                            uint32_t one_in, uint8_t *bytes, size_t cap)
{
    struct iso_msg msg;
    size_t used = 0;
    iso_init(&msg, (uint16_t)(0x0100 + 0x100 * dice_roll(dice, 8) + 0x10 * dice_roll(dice, 10)));
    for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
        const struct iso_field_row *row = &dialect->field[de];
        if (row->content == ISO_NONE || dice_roll(dice, one_in) != 0 || cap - used < row->len) {
            continue;
        }
        size_t len = random_len(dice, row, 300);
        iso_set(&msg, de, random_value(dice, row, len, bytes + used));
        used += len;
    }
    return msg;
}
