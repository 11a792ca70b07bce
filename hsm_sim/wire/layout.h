/* Between layout.c (the table) and codec.c (which walks it); engine and tests walk it, too.
 *
 * A layout is two lists of fields, each ended by W_END: what follows the command code in the
 * request, and what follows error 00 in the reply. Length and characters of a field follow from its
 * kind, its length and the arguments before it, by one rule for both directions (codec.c). */
#pragma once

#include "hsm_sim/wire/command.h"

enum wire_kind {
    W_END,
    W_DIGITS,        /* len decimal digits */
    W_HEX,           /* len hex digits */
    W_TEXT,          /* len printable characters */
    W_KEY,           /* a key; bare hex is single length, 16H */
    W_KEY_PAIR,      /* a key; bare hex is a pair, 32H */
    W_KEY_BY_FLAG,   /* a key; bare hex is 16H, 32H or 48H as KEY_LEN_FLAG (0, 1, 2) says */
    W_KEY_TYPE,      /* BU: 2H, or "FF" where the type is 3H and follows in a W_KEY_TYPE_TAIL */
    W_KEY_TYPE_TAIL, /* ";" 3H, there if and only if the W_KEY_TYPE before it was "FF" */
    W_CHECK_TAIL,    /* optional: ";00" (reserved) and 1N */
    W_IV_BY_MODE,    /* 16H, there if and only if MODE is 2 or 3 */
    W_MAC_BY_SIZE,   /* 8H or 16H as MAC_SIZE (0, 1) says; absent if MODE is 1 or 2 */
    W_HEX_TAIL,      /* 6H, 8H or 16H: what is left; may be absent if len is 0 */
    W_COUNTED,       /* 4H count, then that many bytes of any value */
    W_REST,          /* what is left, of any value */
};

struct wire_field {
    uint8_t arg;  /* enum hsm_arg */
    uint8_t kind; /* enum wire_kind */
    uint8_t len;  /* of the kinds that name it */
};

enum { WIRE_FIELDS_MAX = 16 };

struct wire_layout {
    uint16_t code;
    struct wire_field request[WIRE_FIELDS_MAX];
    struct wire_field reply[WIRE_FIELDS_MAX];
};

/* The layout of the command @code (of a request), or NULL. Static. */
const struct wire_layout *wire_layout_find(uint16_t code);

/* The layouts by index, NULL past the last. Static. */
const struct wire_layout *wire_layout_at(size_t index);

/* Whether @command has the arguments of its layout, each of its length and characters: what
 * hsm_command_encode() would say. So the engine can rely on lengths, whoever filled the command. */
MUST_USE int hsm_command_check(const struct hsm_command *command);
