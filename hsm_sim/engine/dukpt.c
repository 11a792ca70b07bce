#include "hsm_sim/engine/dukpt.h"

enum { COUNTER_BITS = 21, REGISTER_LEN = 8 };
#define COUNTER_MAX ((1u << COUNTER_BITS) - 1)

/* The counter is the KSN's last 21 bits: they begin in the byte before the last two. */
static uint32_t counter_get(const uint8_t *ksn)
{
    return be32_get(ksn + DUKPT_KSN_LEN - 4) & COUNTER_MAX;
}

static void counter_put(uint8_t *ksn, uint32_t counter)
{
    uint8_t *last = ksn + DUKPT_KSN_LEN - 4;
    be32_put(last, (be32_get(last) & ~COUNTER_MAX) | counter);
}

static bool counter_is_used(uint32_t counter)
{
    int ones = __builtin_popcount(counter);
    return ones >= 1 && ones <= DUKPT_ONES_MAX;
}

/* Turn both halves of a key into another one (X9.24-1: C0C0C0C000000000). */
static void key_mark(uint8_t *key)
{
    for (size_t i = 0; i < 4; i++) {
        key[i] ^= 0xC0;
        key[i + DES_BLOCK_LEN] ^= 0xC0;
    }
}

/* One half of a step: encrypt the register by the left half, masked with the right half. */
static int half_make(struct dukpt *dukpt, const uint8_t *key, const uint8_t *reg, uint8_t *out)
{
    const uint8_t *right = key + DES_BLOCK_LEN;
    struct secret_span left = {key, DES_BLOCK_LEN};
    TRY(tdes_set_key(&dukpt->des, dukpt->des.ciphers, left));
    for (size_t i = 0; i < DES_BLOCK_LEN; i++) {
        out[i] = reg[i] ^ right[i];
    }
    TRY(tdes_block(&dukpt->des, TDES_ENCRYPT, out, out));
    for (size_t i = 0; i < DES_BLOCK_LEN; i++) {
        out[i] ^= right[i];
    }
    return 0;
}

/* The key one bit further: @reg is the KSN's last 8 bytes with the bits so far. */
static int step_make(struct dukpt *dukpt, const uint8_t *from, const uint8_t *reg, uint8_t *out)
{
    uint8_t marked[DUKPT_KEY_LEN];
    memcpy(marked, from, sizeof marked);
    key_mark(marked);
    int status = half_make(dukpt, marked, reg, out);
    if (status == 0) {
        status = half_make(dukpt, from, reg, out + DES_BLOCK_LEN);
    }
    bytes_wipe(marked, sizeof marked);
    return status;
}

int dukpt_init(struct dukpt *dukpt, const struct tdes_ciphers *ciphers, struct secret_span bdk,
               const uint8_t *ksn)
{
    uint8_t key[DUKPT_KEY_LEN];
    uint8_t name[DUKPT_KSN_LEN];
    if (bdk.len != DUKPT_KEY_LEN) {
        return ERR_LENGTH;
    }
    memcpy(dukpt->ksn, ksn, DUKPT_KSN_LEN);
    memcpy(name, ksn, DUKPT_KSN_LEN);
    counter_put(name, 0);
    memcpy(key, bdk.ptr, sizeof key);
    for (size_t half = 0; half < DUKPT_KEY_LEN; half += DES_BLOCK_LEN) {
        TRY(tdes_set_key(&dukpt->des, ciphers, (struct secret_span){key, sizeof key}));
        TRY(tdes_block(&dukpt->des, TDES_ENCRYPT, name, dukpt->key[0] + half));
        key_mark(key);
    }
    bytes_wipe(key, sizeof key);
    return counter_is_used(counter_get(ksn)) ? 0 : dukpt_next(dukpt);
}

int dukpt_key(struct dukpt *dukpt, enum dukpt_use use, uint8_t *out)
{
    /* ANSI X9.24-1:2009 table A-1: the byte of each half that tells uses apart. */
    static const uint8_t variant_at[] = {[DUKPT_PIN] = 7, [DUKPT_MAC] = 6};
    uint32_t counter = counter_get(dukpt->ksn);
    uint8_t ksn[DUKPT_KSN_LEN];
    CHECK(counter_is_used(counter));
    /* Back to a key whose bits are the first bits of this counter. */
    while (dukpt->depth > 0) {
        uint32_t at = dukpt->at[dukpt->depth];
        uint32_t lowest = at & (~at + 1);
        if ((counter & ~(lowest - 1)) == at) {
            break;
        }
        dukpt->depth--;
    }
    memcpy(ksn, dukpt->ksn, sizeof ksn);
    for (uint32_t left = counter & ~dukpt->at[dukpt->depth]; left != 0; dukpt->depth++) {
        uint32_t bit = 1u << (31 - __builtin_clz(left));
        unsigned d = dukpt->depth;
        dukpt->at[d + 1] = dukpt->at[d] | bit;
        counter_put(ksn, dukpt->at[d + 1]);
        TRY(step_make(dukpt, dukpt->key[d], ksn + DUKPT_KSN_LEN - REGISTER_LEN, dukpt->key[d + 1]));
        left &= ~bit;
    }
    memcpy(out, dukpt->key[dukpt->depth], DUKPT_KEY_LEN);
    if (use != DUKPT_PLAIN) {
        out[variant_at[use]] ^= 0xFF;
        out[variant_at[use] + DES_BLOCK_LEN] ^= 0xFF;
    }
    return 0;
}

int dukpt_next(struct dukpt *dukpt)
{
    uint32_t counter = counter_get(dukpt->ksn);
    do {
        /* Above ten ones, adding the lowest one skips all that have more. */
        bool full = __builtin_popcount(counter) >= DUKPT_ONES_MAX;
        counter += full ? counter & (~counter + 1) : 1;
    } while (counter <= COUNTER_MAX && !counter_is_used(counter));
    if (counter > COUNTER_MAX) {
        return ERR_RANGE;
    }
    counter_put(dukpt->ksn, counter);
    return 0;
}

void dukpt_deinit(struct dukpt *dukpt)
{
    tdes_deinit(&dukpt->des);
    bytes_wipe(dukpt, sizeof *dukpt);
}
