#include "hsm_sim/engine/pinverify.h"

enum { ACCOUNT_TAIL_LEN = 5, PVV_ACCOUNT_LEN = 11, HEX_LEN = 2 * DES_BLOCK_LEN };

int pvv_make(struct tdes *pvk, struct span account, uint8_t pvki, const struct pin *pin,
             uint8_t *pvv)
{
    uint8_t text[HEX_LEN];
    uint8_t block[DES_BLOCK_LEN];
    CHECK(account.len == PIN_ACCOUNT_LEN);
    /* Transformed security parameter: 11 account digits, key index, 4 PIN digits. */
    memcpy(text, account.ptr + 1, PVV_ACCOUNT_LEN);
    text[PVV_ACCOUNT_LEN] = pvki;
    for (size_t i = 0; i < PVV_LEN; i++) {
        text[PVV_ACCOUNT_LEN + 1 + i] = (uint8_t)('0' + pin->digit[i]);
    }
    int status = hex_decode(span_make(text, sizeof text), block);
    CHECK(status == 0);
    status = tdes_block(pvk, TDES_ENCRYPT, block, block);
    hex_encode(span_make(block, sizeof block), text);
    /* Decimal digits from left to right; if they do not suffice, A to F as 0 to 5. */
    size_t count = 0;
    for (unsigned pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < sizeof text && count < PVV_LEN; i++) {
            bool is_letter = text[i] >= 'A';
            if (is_letter == (pass == 1)) {
                pvv[count++] = is_letter ? (uint8_t)(text[i] - 'A' + '0') : text[i];
            }
        }
    }
    CHECK(count == PVV_LEN);
    bytes_wipe(text, sizeof text);
    bytes_wipe(block, sizeof block);
    return status;
}

bool dectab_is_good(struct span dectab)
{
    enum { DIFFERENT_MIN = 8, SAME_MAX = 4 };
    unsigned seen[10] = {0};
    unsigned different = 0;
    if (dectab.len != DECTAB_LEN || !span_is_digits(dectab)) {
        return false;
    }
    for (size_t i = 0; i < dectab.len; i++) {
        unsigned *times = &seen[dectab.ptr[i] - '0'];
        different += *times == 0;
        *times += 1;
        if (*times > SAME_MAX) {
            return false;
        }
    }
    return different >= DIFFERENT_MIN;
}

int validation_expand(struct span validation, struct span account, uint8_t *block)
{
    uint8_t text[HEX_LEN];
    struct writer out = writer_make(text, sizeof text);
    CHECK(account.len == PIN_ACCOUNT_LEN);
    for (size_t i = 0; i < validation.len; i++) {
        if (validation.ptr[i] == 'N') {
            writer_span(&out, span_last(account, ACCOUNT_TAIL_LEN));
        } else {
            writer_u8(&out, validation.ptr[i]);
        }
    }
    return out.overflow || out.len != HEX_LEN ? ERR_FORMAT
                                              : hex_decode(writer_written(&out), block);
}

int natural_pin_make(struct tdes *pvk, const uint8_t *validation, struct span dectab,
                     uint8_t *natural)
{
    uint8_t block[DES_BLOCK_LEN];
    CHECK(dectab.len == DECTAB_LEN);
    int status = tdes_block(pvk, TDES_ENCRYPT, validation, block);
    for (size_t i = 0; i < OFFSET_LEN; i++) {
        unsigned nibble = i % 2 == 0 ? block[i / 2] >> 4 : block[i / 2] & 0xFu;
        natural[i] = (uint8_t)(dectab.ptr[nibble] - '0');
    }
    bytes_wipe(block, sizeof block);
    return status;
}

bool offset_agrees(const uint8_t *natural, struct span offset, size_t check_len,
                   const struct pin *pin)
{
    CHECK(offset.len == OFFSET_LEN && check_len <= OFFSET_LEN);
    unsigned differs = pin->len < check_len;
    for (size_t i = 0; i < check_len; i++) {
        unsigned expected = (natural[i] + (offset.ptr[i] - (unsigned)'0')) % 10;
        differs |= expected ^ pin->digit[i];
    }
    return differs == 0;
}
