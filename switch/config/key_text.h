/* Keys as they stand in configuration files: cryptograms under the HSM's LMK. Only their shape is
 * checked here; whether the HSM can use them only the HSM knows. */
#pragma once

#include "switch/core/settings.h"

/* Shapes that a key may have, as bits. */
enum {
    KEY_SHAPE_SINGLE = 1, /* 16H */
    KEY_SHAPE_PAIR = 2,   /* 32H: two single keys, a Visa PVK pair */
    KEY_SHAPE_DOUBLE = 4, /* U 32H */
    KEY_SHAPE_TRIPLE = 8, /* T 48H */
};
enum { KEY_SHAPES_ANY = KEY_SHAPE_SINGLE | KEY_SHAPE_DOUBLE | KEY_SHAPE_TRIPLE };

/* @text to @key, in upper case. Returns 0, or ERR_FORMAT if it has none of @shapes. */
MUST_USE int key_text_parse(struct span text, unsigned shapes, struct key_text *key);

/* What @shapes look like, for an error text: "16 hex digits, or U and 32, or T and 48". Static. */
const char *key_shapes_text(unsigned shapes);
