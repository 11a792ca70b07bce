#include "hsm_sim/engine/mac.h"

int mac_update(struct tdes *key, struct mac_plan plan, struct span data, uint8_t *chain)
{
    enum tdes_use use = plan.algorithm == MAC_ALGORITHM_3 ? TDES_CBC_FIRST : TDES_CBC;
    size_t part_len = data.len % DES_BLOCK_LEN;
    struct span whole = span_first(data, data.len - part_len);
    if (!plan.is_last) {
        return part_len != 0 || whole.len == 0 ? ERR_LENGTH : tdes_chain(key, use, chain, whole);
    }
    uint8_t last[DES_BLOCK_LEN] = {0};
    if (part_len != 0) {
        if (plan.padding == MAC_PAD_NONE) {
            return ERR_LENGTH;
        }
        memcpy(last, data.ptr + whole.len, part_len);
    } else if (plan.padding != MAC_PAD_BIT) {
        if (whole.len == 0) {
            return ERR_LENGTH;
        }
        whole.len -= DES_BLOCK_LEN;
        memcpy(last, data.ptr + whole.len, DES_BLOCK_LEN);
    }
    if (plan.padding == MAC_PAD_BIT) {
        last[part_len] = 0x80;
    }
    TRY(tdes_chain(key, use, chain, whole));
    /* The last block goes through the whole key in either algorithm: for algorithm 3 that is the
     * single-DES step and its output transformation in one. */
    for (size_t i = 0; i < DES_BLOCK_LEN; i++) {
        last[i] ^= chain[i];
    }
    return tdes_block(key, TDES_ENCRYPT, last, chain);
}
