#include "hsm_sim/wire/layout.h"

/* What both ends agree on, one row a command.
 *
 * To add a command: a row here (the request's fields in the order of the wire, then the reply's),
 * new arguments in HSM_ARG_MAP (command.h), a file engine/cmd_xx.c and its row in engine/engine.c.
 * The optional tails of every request (%nn, X'19' and trailer) and the end of a list need no entry.
 * An argument that is there only sometimes is a kind of its own, see layout.h. */
/* clang-format off */
#define R(name, ...) {HSM_ARG_##name, __VA_ARGS__}

#define TRANSLATE(a, b)                                                                            \
    {HSM_CODE(a, b),                                                                               \
     {R(KEY, W_KEY, 0), R(DEST_KEY, W_KEY, 0), R(PIN_LEN_MAX, W_DIGITS, 2),                        \
      R(PIN_BLOCK, W_HEX, 16), R(FORMAT, W_DIGITS, 2), R(DEST_FORMAT, W_DIGITS, 2),                \
      R(ACCOUNT, W_DIGITS, 12)},                                                                   \
     {R(PIN_LEN, W_DIGITS, 2), R(PIN_BLOCK, W_HEX, 16), R(DEST_FORMAT, W_DIGITS, 2)}}

#define VERIFY_OFFSET(a, b)                                                                        \
    {HSM_CODE(a, b),                                                                               \
     {R(KEY, W_KEY, 0), R(PVK, W_KEY, 0), R(PIN_LEN_MAX, W_DIGITS, 2), R(PIN_BLOCK, W_HEX, 16),    \
      R(FORMAT, W_DIGITS, 2), R(CHECK_LEN, W_DIGITS, 2), R(ACCOUNT, W_DIGITS, 12),                 \
      R(DECTAB, W_HEX, 16), R(VALIDATION, W_TEXT, 12), R(OFFSET, W_HEX, 12)},                      \
     {{0}}}

#define VERIFY_PVV(a, b)                                                                           \
    {HSM_CODE(a, b),                                                                               \
     {R(KEY, W_KEY, 0), R(PVK, W_KEY_PAIR, 0), R(PIN_BLOCK, W_HEX, 16), R(FORMAT, W_DIGITS, 2),    \
      R(ACCOUNT, W_DIGITS, 12), R(PVKI, W_DIGITS, 1), R(PVV, W_DIGITS, 4)},                        \
     {{0}}}

#define MAC_FIELDS                                                                                 \
    R(MODE, W_DIGITS, 1), R(IN_FORMAT, W_DIGITS, 1), R(MAC_SIZE, W_DIGITS, 1),                     \
    R(MAC_ALGORITHM, W_DIGITS, 1), R(PADDING, W_DIGITS, 1), R(KEY_TYPE, W_HEX, 3),                 \
    R(KEY, W_KEY, 0), R(IV, W_IV_BY_MODE, 16), R(DATA, W_COUNTED, 0)

static const struct wire_layout layouts[] = {
    /* status */
    {HSM_CODE('N', 'C'), {{0}}, {R(CHECK_VALUE, W_HEX, 16), R(FIRMWARE, W_TEXT, 9)}},
    {HSM_CODE('N', 'O'), {R(MODE, W_HEX, 2)}, {R(STATUS, W_REST, 0)}},
    {HSM_CODE('B', '2'), {R(DATA, W_COUNTED, 0)}, {R(DATA, W_REST, 0)}},
    /* keys */
    {HSM_CODE('B', 'U'),
     {R(KEY_TYPE, W_KEY_TYPE, 2), R(KEY_LEN_FLAG, W_HEX, 1), R(KEY, W_KEY_BY_FLAG, 0),
      R(KEY_TYPE, W_KEY_TYPE_TAIL, 3), R(CHECK_TYPE, W_CHECK_TAIL, 1)},
     {R(CHECK_VALUE, W_HEX_TAIL, 6)}},
    /* PIN */
    TRANSLATE('C', 'A'),
    TRANSLATE('C', 'C'),
    VERIFY_OFFSET('D', 'A'),
    VERIFY_OFFSET('E', 'A'),
    VERIFY_PVV('D', 'C'),
    VERIFY_PVV('E', 'C'),
    /* MAC: in modes 1 and 2 the reply carries the IV to go on with, M7 in the MAC's place */
    {HSM_CODE('M', '6'), {MAC_FIELDS}, {R(MAC, W_HEX_TAIL, 8)}},
    {HSM_CODE('M', '8'), {MAC_FIELDS, R(MAC, W_MAC_BY_SIZE, 0)}, {R(IV, W_HEX_TAIL, 0)}},
};
/* clang-format on */

const struct wire_layout *wire_layout_find(uint16_t code)
{
    for (size_t i = 0; i < ARRAY_COUNT(layouts); i++) {
        if (layouts[i].code == code) {
            return &layouts[i];
        }
    }
    return NULL;
}

const struct wire_layout *wire_layout_at(size_t index)
{
    return index < ARRAY_COUNT(layouts) ? &layouts[index] : NULL;
}
