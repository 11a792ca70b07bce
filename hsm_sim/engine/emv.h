/* The card's and the issuer's side of EMV cryptograms: what a test card computes, and what answers
 * it. TDES, 16-byte keys (EMV Book 2, annexes A1 and 8).
 *
 * IMK --option A, PAN and sequence number--> card key --ATC--> session key. CVN 10 signs with the
 * card key itself; CVN 18 and 22 with the session key. */
#pragma once

#include "hsm_sim/engine/mac.h"

enum { EMV_KEY_LEN = 16, EMV_AC_LEN = 8, EMV_ARPC2_LEN = 4, EMV_CSU_LEN = 4, EMV_ARC_LEN = 2 };

/* The card key of @pan and @psn (two digits) under the issuer's master key @imk, by option A, with
 * odd parity: EMV_KEY_LEN bytes in @out. 0, ERR_FORMAT if they are not digits, or ERR_CRYPTO. */
MUST_USE int emv_card_key(struct tdes *imk, struct span pan, struct span psn, uint8_t *out);

/* The common session key of @card for diversifier @r (8 bytes: the ATC and zeros): EMV_KEY_LEN
 * bytes in @out. 0 or ERR_CRYPTO. */
MUST_USE int emv_session_key(struct tdes *card, const uint8_t *r, uint8_t *out);

/* The application cryptogram of @data under @key (card key or session key): EMV_AC_LEN bytes in
 * @out. CVN 10 fills with zeros, the others with 80 and zeros. 0, ERR_LENGTH or ERR_CRYPTO. */
MUST_USE int emv_cryptogram(struct tdes *key, enum mac_padding padding, struct span data,
                            uint8_t *out);

/* The answer's cryptogram by method 1: of @arqc and the response code @arc, 8 bytes in @out. 0 or
 * ERR_CRYPTO. */
MUST_USE int emv_arpc1(struct tdes *key, const uint8_t *arqc, const uint8_t *arc, uint8_t *out);

/* By method 2: of @arqc, the card status update @csu and @extra proprietary bytes (at most 8; may
 * be none), 4 bytes in @out. 0, ERR_LENGTH or ERR_CRYPTO. */
MUST_USE int emv_arpc2(struct tdes *key, const uint8_t *arqc, const uint8_t *csu, struct span extra,
                       uint8_t *out);
