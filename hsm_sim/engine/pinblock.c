#include "hsm_sim/engine/pinblock.h"

#include "hsm_sim/wire/command.h"

enum { NIBBLES = 2 * PIN_BLOCK_LEN, NO_CONTROL = 0xFF };

/* How the nibbles behind the PIN are filled. */
enum fill { FILL_F, FILL_RANDOM, FILL_RANDOM_A_TO_F };

/* To add a format: a row. ISO-2 (34 and its like) has none: a device does not take it as input. */
static const struct pin_format {
    char code[3];
    uint8_t control;     /* the first nibble, before a length nibble; NO_CONTROL: the PIN begins */
    uint8_t fill;        /* enum fill */
    bool is_bound;       /* XORed with the account */
    bool is_unbound_iso; /* ISO-1 */
} formats[] = {
    {"01", 0, FILL_F, true, false},             /* ISO-0, ANSI X9.8 */
    {"03", NO_CONTROL, FILL_F, false, false},   /* Diebold, IBM ATM */
    {"05", 1, FILL_RANDOM, false, true},        /* ISO-1 */
    {"47", 3, FILL_RANDOM_A_TO_F, true, false}, /* ISO-3 */
};

const struct pin_format *pin_format_find(struct span code)
{
    for (size_t i = 0; i < ARRAY_COUNT(formats); i++) {
        if (span_equal_text(code, formats[i].code)) {
            return &formats[i];
        }
    }
    return NULL;
}

bool pin_format_may_become(const struct pin_format *from, const struct pin_format *to)
{
    return !(from->is_bound && to->is_unbound_iso);
}

/* XOR the account field (0000 and 12 digits) onto the block's nibbles. */
static void account_bind(uint8_t *nibble, struct span account)
{
    CHECK(account.len == PIN_ACCOUNT_LEN);
    for (size_t i = 0; i < PIN_ACCOUNT_LEN; i++) {
        nibble[NIBBLES - PIN_ACCOUNT_LEN + i] ^= (uint8_t)(account.ptr[i] - '0');
    }
}

static bool fill_is_good(enum fill fill, uint8_t nibble)
{
    return fill == FILL_RANDOM || nibble == 0xF || (fill == FILL_RANDOM_A_TO_F && nibble >= 0xA);
}

static uint8_t nibbles_judge(const struct pin_format *format, const uint8_t *nibble,
                             struct pin *pin)
{
    size_t start = 2;
    size_t len = nibble[1];
    if (format->control == NO_CONTROL) {
        start = 0;
        len = 0;
        while (len < NIBBLES && nibble[len] <= 9) {
            len++;
        }
    } else if (nibble[0] != format->control) {
        return HSM_PIN_BLOCK;
    }
    if (len < PIN_LEN_MIN || len > PIN_LEN_MAX) {
        return HSM_PIN_LEN;
    }
    for (size_t i = start; i < NIBBLES; i++) {
        bool is_pin = i < start + len;
        if (is_pin ? nibble[i] > 9 : !fill_is_good(format->fill, nibble[i])) {
            return HSM_PIN_BLOCK;
        }
    }
    memcpy(pin->digit, nibble + start, len);
    pin->len = (uint8_t)len;
    return HSM_OK;
}

uint8_t pin_decode(const struct pin_format *format, const uint8_t *block, struct span account,
                   struct pin *pin)
{
    uint8_t nibble[NIBBLES];
    for (size_t i = 0; i < NIBBLES; i++) {
        nibble[i] = i % 2 == 0 ? block[i / 2] >> 4 : block[i / 2] & 0xF;
    }
    if (format->is_bound) {
        account_bind(nibble, account);
    }
    memset(pin, 0, sizeof *pin);
    pin->len = PIN_LEN_MIN;
    uint8_t error = nibbles_judge(format, nibble, pin);
    bytes_wipe(nibble, sizeof nibble);
    return error;
}

int pin_encode(const struct pin_format *format, const struct pin *pin, struct span account,
               struct random *random, uint8_t *block)
{
    uint8_t nibble[NIBBLES];
    CHECK(pin->len >= PIN_LEN_MIN && pin->len <= PIN_LEN_MAX);
    memset(nibble, 0xF, sizeof nibble);
    if (format->fill != FILL_F) {
        TRY(random_fill(random, nibble, sizeof nibble));
        for (size_t i = 0; i < NIBBLES; i++) {
            nibble[i] =
                format->fill == FILL_RANDOM ? nibble[i] & 0xF : (uint8_t)(0xA + nibble[i] % 6);
        }
    }
    size_t start = 0;
    if (format->control != NO_CONTROL) {
        nibble[0] = format->control;
        nibble[1] = pin->len;
        start = 2;
    }
    memcpy(nibble + start, pin->digit, pin->len);
    if (format->is_bound) {
        account_bind(nibble, account);
    }
    for (size_t i = 0; i < PIN_BLOCK_LEN; i++) {
        block[i] = (uint8_t)(nibble[2 * i] << 4 | nibble[2 * i + 1]);
    }
    bytes_wipe(nibble, sizeof nibble);
    return 0;
}
