#include "iso8583/dialect_words.h"

/* To add a word: a row. The manual dialect(5) has the same tables. */

/* clang-format off */
const struct bind_word dialect_contents[] = {
    {"none", ISO_NONE}, {"n", ISO_N}, {"a", ISO_A}, {"an", ISO_AN}, {"ans", ISO_ANS}, {"b", ISO_B},
    {"z", ISO_Z}, {"xn", ISO_XN}, {NULL, 0}};
const struct bind_word dialect_codings[] = {
    {"ascii", ISO_ASCII}, {"bcd", ISO_BCD}, {"binary", ISO_BINARY}, {"hex", ISO_HEX},
    {"cp500", ISO_CP500}, {"cp037", ISO_CP037}, {"cp1047", ISO_CP1047}, {"hex_ebcdic", ISO_HEX_EBCDIC}, {NULL, 0}};
const struct bind_word dialect_digit_codings[] = {
    {"ascii", ISO_ASCII}, {"bcd", ISO_BCD}, {"cp500", ISO_CP500}, {"cp037", ISO_CP037},
    {"cp1047", ISO_CP1047}, {"binary", ISO_BINARY}, {NULL, 0}};
const struct bind_word dialect_mti_codings[] = {
    {"ascii", ISO_ASCII}, {"bcd", ISO_BCD}, {"cp500", ISO_CP500}, {NULL, 0}};
const struct bind_word dialect_bitmap_codings[] = {
    {"binary", ISO_BINARY}, {"hex", ISO_HEX}, {"hex_ebcdic", ISO_HEX_EBCDIC}, {NULL, 0}};
const struct bind_word dialect_units[] = {
    {"usual", ISO_UNIT_USUAL}, {"value", ISO_UNIT_VALUE}, {"wire", ISO_UNIT_WIRE},
    {"nibbles", ISO_UNIT_NIBBLES}, {NULL, 0}};
const struct bind_word dialect_masks[] = {
    {"show", ISO_SHOW}, {"pan", ISO_MASK_PAN}, {"all", ISO_MASK_ALL}, {NULL, 0}};
const struct bind_word dialect_pads[] = {
    {"f_behind", ISO_PAD_F_BEHIND}, {"0_behind", ISO_PAD_0_BEHIND}, {"0_front", ISO_PAD_0_FRONT},
    {"f_front", ISO_PAD_F_FRONT}, {NULL, 0}};
const struct bind_word dialect_fills[] = {
    {"usual", ISO_FILL_USUAL}, {"space_front", ISO_FILL_SPACE_FRONT},
    {"space_behind", ISO_FILL_SPACE_BEHIND}, {"zero_front", ISO_FILL_ZERO_FRONT},
    {"zero_behind", ISO_FILL_ZERO_BEHIND}, {NULL, 0}};
const struct bind_word dialect_extents[] = {
    {"usual", ISO_EXTENT_USUAL}, {"filled", ISO_EXTENT_FILLED}, {"area", ISO_EXTENT_AREA},
    {"token", ISO_EXTENT_TOKEN}, {"rest", ISO_EXTENT_REST}, {NULL, 0}};
const struct bind_word dialect_signs[] = {
    {"usual", ISO_SIGN_USUAL}, {"ebcdic", ISO_SIGN_EBCDIC}, {"zoned", ISO_SIGN_ZONED}, {NULL, 0}};
const struct bind_word dialect_layouts[] = {
    {"none", LAYOUT_NO_PARTS}, {"positional", ISO_POSITIONAL}, {"bitmap", ISO_BITMAPPED},
    {"tlv", ISO_BER}, {"tagged", ISO_TAGGED}, {"pds", LAYOUT_PDS}, {"datasets", ISO_DATASETS},
    {"dataset_bitmap", ISO_DBM},
    {NULL, 0}};
const struct bind_word dialect_part_counts[] = {{"value", 0}, {"tag_and_value", 1}, {NULL, 0}};
const struct bind_word dialect_thirds[] = {
    {"none", ISO_THIRD_NONE}, {"ahead", ISO_THIRD_AHEAD}, {"in_65", ISO_THIRD_IN_65}, {NULL, 0}};
const struct bind_word dialect_editions[] = {
    {"1987", ISO_1987}, {"1993", ISO_1993}, {"2003", ISO_2003}, {NULL, 0}};
const struct bind_word dialect_yes_no[] = {{"no", 0}, {"yes", 1}, {NULL, 0}};
/* clang-format on */

const char *dialect_word(const struct bind_word *words, uint8_t value)
{
    while (words->word != NULL && words->value != value) {
        words++;
    }
    CHECK(words->word != NULL);
    return words->word;
}
