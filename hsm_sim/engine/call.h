/* One call of a host command, as the cmd_*.c files see it: arguments in, arguments out.
 *
 * The arguments have the lengths and characters of their layout (hsm_execute() checked), so a
 * command decides only what they mean. It returns the reply's error; what it put into the reply is
 * dropped unless that is HSM_OK or a warning. */
#pragma once

#include "hsm_sim/engine/engine.h"
#include "hsm_sim/engine/keys.h"
#include "hsm_sim/engine/pinblock.h"

enum { LMK_CHECK_LEN = 16 };

#define HSM_FIRMWARE "0007-E000" /* nnnn-nnnn, as NC and NO tell it */

struct hsm_engine {
    struct hsm_settings settings;
    uint8_t lmk_check[LMK_CHECK_LEN];
    struct keys keys;
    struct random random;
    size_t memory_len; /* of the whole locked mapping that begins here */
};

struct call {
    struct hsm_engine *engine;
    const struct span *arg;
    struct span *reply;    /* by enum hsm_arg */
    struct writer scratch; /* the caller's HSM_SCRATCH_LEN bytes: what the reply points at */
};

typedef uint8_t call_fn(struct call *call);

/* Put into the reply: bytes as hex, a number as digits, or text as it is. */
void call_reply_hex(struct call *call, enum hsm_arg arg, const uint8_t *bytes, size_t len);
void call_reply_digits(struct call *call, enum hsm_arg arg, size_t count, uint64_t value);
void call_reply_text(struct call *call, enum hsm_arg arg, struct span text);

/* A one-digit argument as a number. */
unsigned call_digit(const struct call *call, enum hsm_arg arg);

/* A two-digit argument as a number. */
unsigned call_number(const struct call *call, enum hsm_arg arg);

/* The key in @arg as one of @type ("001"). Returns HSM_OK and sets @out; @parity_error, which is 10
 * or 11 by the key's part in the command; or the errors of keys_find(). */
MUST_USE uint8_t call_key(struct call *call, enum hsm_arg arg, const char *type,
                          uint8_t parity_error, struct tdes **out);

/* The PIN in PIN_BLOCK under @key, of FORMAT and ACCOUNT, no longer than PIN_LEN_MAX where the
 * command has that. Returns HSM_OK, HSM_PIN_FORMAT, HSM_INPUT, HSM_INTERNAL; or HSM_PIN_BLOCK or
 * HSM_PIN_LEN, and then @pin can still be verified (see pin_decode). The caller wipes @pin. */
MUST_USE uint8_t call_pin(struct call *call, struct tdes *key, struct pin *pin);

/* Whether call_pin()'s @error tells that the block is bad: to be told only after the same work as
 * for a good one. */
bool call_pin_is_bad(uint8_t error);

/* The commands, one file each (a family that differs in a key type shares one). */
call_fn cmd_b2;
call_fn cmd_bu;
call_fn cmd_ca;
call_fn cmd_cc;
call_fn cmd_da;
call_fn cmd_dc;
call_fn cmd_ea;
call_fn cmd_ec;
call_fn cmd_m6;
call_fn cmd_m8;
call_fn cmd_nc;
call_fn cmd_no;
