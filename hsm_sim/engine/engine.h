/* The HSM itself: a command in, a reply out; pure apart from its keys.
 *
 * No sockets, clock or files here: hsm_sim/main.c is the process, tests/sim calls this directly. */
#pragma once

#include "hsm_sim/wire/command.h"

struct hsm_engine; /* LMKs, caches of unwrapped working keys with their OpenSSL contexts */

struct hsm_settings {
    bool double_length_zmk;    /* a bare hex ZMK is 32H (default true) */
    bool dectab_plain;         /* clear decimalisation tables are allowed (default true) */
    uint8_t encrypted_pin_len; /* digits of a PIN under LMK, 5..13 (default 5) */
    uint64_t seed;             /* of the generator behind random fill; 0: the system's randomness */
    const char *lmk_check;     /* the LMK check value of NC, 16H; copied */
};

#define HSM_SETTINGS_DEFAULT ((struct hsm_settings){true, true, 5, 0, "2686040000000000"})

/* Bytes a reply may need in its scratch. */
enum { HSM_SCRATCH_LEN = 4096 };

/* A new engine under the published variant test LMK; NULL if OpenSSL refuses. Free it with
 * hsm_engine_close(), which wipes every key. */
struct hsm_engine *hsm_engine_open(const struct hsm_settings *settings);
void hsm_engine_close(struct hsm_engine *engine);

/* Execute @command. @reply borrows from @scratch (HSM_SCRATCH_LEN bytes, the caller's) and is
 * always filled: a refusal is a reply with its error code. Secrets are wiped from scratch before it
 * returns. */
void hsm_execute(struct hsm_engine *engine, const struct hsm_command *command,
                 struct hsm_reply *reply, uint8_t *scratch);

/* For testers (terminal-sim, isotest, the key generator): wrap a clear key under the test LMK.
 * @type is the 3-character key type ("001", "002", "003", "009"); @clear 8, 16 or 24 bytes, odd
 * parity is set; @scheme 'Z', 'U' or 'T'. Writes the wire form and a NUL to @out (50 bytes).
 * Returns 0, ERR_FORMAT for an unknown type or length, or ERR_CRYPTO. */
MUST_USE int hsm_key_wrap(struct hsm_engine *engine, const char *type, char scheme,
                          struct secret_span clear, char *out);
