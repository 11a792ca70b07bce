/* The words of dialect files, for those who read them and those who write them. */
#pragma once

#include "iso8583/dialect_entry.h"

extern const struct bind_word dialect_contents[];
extern const struct bind_word dialect_codings[];
extern const struct bind_word dialect_digit_codings[];
extern const struct bind_word dialect_mti_codings[];
extern const struct bind_word dialect_bitmap_codings[];
extern const struct bind_word dialect_units[];
extern const struct bind_word dialect_masks[];
extern const struct bind_word dialect_pads[];
extern const struct bind_word dialect_fills[];
extern const struct bind_word dialect_extents[];
extern const struct bind_word dialect_signs[];
extern const struct bind_word dialect_layouts[];
extern const struct bind_word dialect_part_counts[];
extern const struct bind_word dialect_thirds[];
extern const struct bind_word dialect_editions[];
extern const struct bind_word dialect_yes_no[];

/* The word for @value, which the table must have. Static. */
const char *dialect_word(const struct bind_word *words, uint8_t value);
