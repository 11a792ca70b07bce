/* TDES DUKPT (ANSI X9.24-1:2009, annex A): a terminal whose every PIN has a key of its own.
 *
 * A KSN is 59 bits of name and 21 bits of counter. The key of a counter is found by setting its
 * bits one after the other, from the left; each step cannot be undone. Terminals skip counters with
 * more than ten bits set. The keys along the way are kept: the next counter shares most of it. */
#pragma once

#include "hsm_sim/engine/tdes.h"

enum { DUKPT_KSN_LEN = 10, DUKPT_KEY_LEN = 16, DUKPT_ONES_MAX = 10 };

enum dukpt_use { DUKPT_PLAIN, DUKPT_PIN, DUKPT_MAC };

struct dukpt {
    struct tdes des;            /* a scratch */
    uint8_t ksn[DUKPT_KSN_LEN]; /* of the present transaction */
    unsigned depth;             /* steps below the initial key that are known */
    uint32_t at[DUKPT_ONES_MAX + 1];
    uint8_t key[DUKPT_ONES_MAX + 1][DUKPT_KEY_LEN]; /* of counter at[]; [0] is the initial key */
};

/* Zero @dukpt before. The initial key of @bdk (16 bytes) and @ksn (DUKPT_KSN_LEN bytes); a counter
 * that no terminal uses (0, or more than ten bits) moves on to the next that is. 0, ERR_LENGTH,
 * ERR_RANGE if there is none, or ERR_CRYPTO. dukpt_deinit() in either case. */
MUST_USE int dukpt_init(struct dukpt *dukpt, const struct tdes_ciphers *ciphers,
                        struct secret_span bdk, const uint8_t *ksn);

/* The present KSN's key for @use: DUKPT_KEY_LEN bytes in @out. Secret. 0 or ERR_CRYPTO. */
MUST_USE int dukpt_key(struct dukpt *dukpt, enum dukpt_use use, uint8_t *out);

/* Go on to the next KSN that may be used. 0, or ERR_RANGE at the end of the terminal's life. */
MUST_USE int dukpt_next(struct dukpt *dukpt);

/* Wipe the keys. */
void dukpt_deinit(struct dukpt *dukpt);
