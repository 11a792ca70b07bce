#include "hsm_sim/engine/emv.h"

#include "hsm_sim/engine/tester.h"

enum { DIVERSIFIER_DIGITS = 16, EXTRA_LEN_MAX = 8 };

/* The rightmost 16 digits of PAN and sequence number, zeros in front of fewer, as BCD. */
static int diversifier_make(struct span pan, struct span psn, uint8_t *out)
{
    uint8_t digit[DIVERSIFIER_DIGITS];
    size_t count = pan.len + psn.len;
    if (!span_is_digits(pan) || !span_is_digits(psn)) {
        return ERR_FORMAT;
    }
    for (size_t i = 0; i < DIVERSIFIER_DIGITS; i++) {
        size_t behind = DIVERSIFIER_DIGITS - i; /* counted from the end: 1 is the last */
        digit[i] = 0;
        if (behind <= psn.len) {
            digit[i] = (uint8_t)(psn.ptr[psn.len - behind] - '0');
        } else if (behind <= count) {
            digit[i] = (uint8_t)(pan.ptr[count - behind] - '0');
        }
    }
    for (size_t i = 0; i < DES_BLOCK_LEN; i++) {
        out[i] = (uint8_t)(digit[2 * i] << 4 | digit[2 * i + 1]);
    }
    return 0;
}

int emv_card_key(struct tdes *imk, struct span pan, struct span psn, uint8_t *out)
{
    uint8_t y[DES_BLOCK_LEN];
    TRY(diversifier_make(pan, psn, y));
    TRY(tdes_block(imk, TDES_ENCRYPT, y, out));
    for (size_t i = 0; i < sizeof y; i++) {
        y[i] ^= 0xFF;
    }
    TRY(tdes_block(imk, TDES_ENCRYPT, y, out + DES_BLOCK_LEN));
    hsm_tester_parity(out, EMV_KEY_LEN);
    return 0;
}

int emv_session_key(struct tdes *card, const uint8_t *r, uint8_t *out)
{
    uint8_t half[DES_BLOCK_LEN];
    memcpy(half, r, sizeof half);
    half[2] = 0xF0;
    TRY(tdes_block(card, TDES_ENCRYPT, half, out));
    half[2] = 0x0F;
    return tdes_block(card, TDES_ENCRYPT, half, out + DES_BLOCK_LEN);
}

int emv_cryptogram(struct tdes *key, enum mac_padding padding, struct span data, uint8_t *out)
{
    struct mac_plan plan = {MAC_ALGORITHM_3, padding, true};
    memset(out, 0, EMV_AC_LEN);
    return mac_update(key, plan, data, out);
}

int emv_arpc1(struct tdes *key, const uint8_t *arqc, const uint8_t *arc, uint8_t *out)
{
    uint8_t block[DES_BLOCK_LEN];
    memcpy(block, arqc, sizeof block);
    block[0] ^= arc[0];
    block[1] ^= arc[1];
    return tdes_block(key, TDES_ENCRYPT, block, out);
}

int emv_arpc2(struct tdes *key, const uint8_t *arqc, const uint8_t *csu, struct span extra,
              uint8_t *out)
{
    uint8_t data[EMV_AC_LEN + EMV_CSU_LEN + EXTRA_LEN_MAX];
    uint8_t mac[EMV_AC_LEN];
    struct writer w = writer_make(data, sizeof data);
    writer_put(&w, arqc, EMV_AC_LEN);
    writer_put(&w, csu, EMV_CSU_LEN);
    writer_span(&w, extra);
    if (w.overflow) {
        return ERR_LENGTH;
    }
    TRY(emv_cryptogram(key, MAC_PAD_BIT, writer_written(&w), mac));
    memcpy(out, mac, EMV_ARPC2_LEN);
    return 0;
}
