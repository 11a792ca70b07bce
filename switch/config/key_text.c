#include "switch/config/key_text.h"

/* To add a shape: a bit in key_text.h and a row here. @letter 0: the key begins with a digit. */
static const struct shape {
    unsigned bit;
    char letter;
    size_t hex_len;
} shapes_known[] = {
    {KEY_SHAPE_SINGLE, 0, 16},
    {KEY_SHAPE_PAIR, 0, 32},
    {KEY_SHAPE_DOUBLE, 'U', 32},
    {KEY_SHAPE_TRIPLE, 'T', 48},
};

static bool span_is_hex(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (hex_value(text.ptr[i]) < 0) {
            return false;
        }
    }
    return true;
}

int key_text_parse(struct span text, unsigned shapes, struct key_text *key)
{
    for (size_t i = 0; i < ARRAY_COUNT(shapes_known); i++) {
        const struct shape *shape = &shapes_known[i];
        size_t letters = shape->letter == 0 ? 0 : 1;
        if ((shapes & shape->bit) == 0 || text.len != letters + shape->hex_len ||
            (letters == 1 && (text.ptr[0] & 0xDF) != shape->letter) ||
            !span_is_hex(span_skip(text, letters))) {
            continue;
        }
        memset(key, 0, sizeof *key);
        for (size_t k = 0; k < text.len; k++) {
            key->text[k] = (char)(byte_is_digit(text.ptr[k]) ? text.ptr[k] : text.ptr[k] & 0xDF);
        }
        return 0;
    }
    return ERR_FORMAT;
}

const char *key_shapes_text(unsigned shapes)
{
    return (shapes & KEY_SHAPE_PAIR) != 0 ? "32 hex digits, or U and 32"
                                          : "16 hex digits, or U and 32, or T and 48";
}
