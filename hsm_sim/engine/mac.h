/* Retail MACs: ISO 9797-1 algorithm 1 (CBC-MAC) and 3 (X9.19), over TDES, in one go or in parts. */
#pragma once

#include "hsm_sim/engine/tdes.h"

enum { MAC_LEN = 8 };
enum mac_algorithm { MAC_ALGORITHM_1 = 1, MAC_ALGORITHM_3 = 3 };
enum mac_padding { MAC_PAD_NONE, MAC_PAD_ZEROS, MAC_PAD_BIT };

struct mac_plan {
    enum mac_algorithm algorithm;
    enum mac_padding padding;
    bool is_last; /* @data ends the message: pad it, and finish */
};

/* Go on from @chain (zeros at the beginning of a message) over @data; @chain becomes the value to
 * go on from, or the 8-byte MAC. Returns 0, ERR_LENGTH if there is no block, or a part of one
 * that may not be padded, or ERR_CRYPTO. */
MUST_USE int mac_update(struct tdes *key, struct mac_plan plan, struct span data, uint8_t *chain);
