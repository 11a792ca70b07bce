/* The store's seal without cryptography: it takes the same fields as switch/store/seal.c, so that
 * what is one card, and what is the same content, is decided alike. The PAN is only folded, because
 * a world ends with its memory. */
#include "tests/sim/world.h"

static uint64_t mix(uint64_t hash, const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ p[i]) * 0x100000001B3ull;
    }
    hash ^= hash >> 32;
    return hash * 0xD6E8FEB86659FD93ull;
}

static uint64_t content(const struct record *record, uint64_t hash)
{
    uint8_t numbers[10];
    be64_put(numbers, (uint64_t)record->amount_minor);
    be16_put(numbers + 8, record->currency);
    hash = mix(hash, record->pan, strlen(record->pan) + 1);
    hash = mix(hash, record->proc, strlen(record->proc) + 1);
    hash = mix(hash, numbers, sizeof numbers);
    if ((record->sent & SENT_MERCHANT) != 0) {
        hash = mix(hash, record->merchant, strlen(record->merchant) + 1);
    }
    return mix(hash, record->cryptogram, sizeof record->cryptogram);
}

void sim_seal(struct record *record)
{
    size_t len = strlen(record->pan);
    memset(record->pan_sealed, 0, sizeof record->pan_sealed);
    memset(record->pan_token, 0, sizeof record->pan_token);
    if (len != 0) {
        for (size_t i = 0; i < len; i++) {
            record->pan_sealed[i] = (uint8_t)record->pan[i] ^ 0xA5u;
        }
        record->pan_sealed[RECORD_PAN_SEALED_LEN - 1] = (uint8_t)len;
        be64_put(record->pan_token, mix(1, record->pan, len));
        be64_put(record->pan_token + 8, mix(2, record->pan, len));
    }
    for (uint64_t i = 0; i < 4; i++) {
        be64_put(record->fingerprint + 8 * i, content(record, i + 3));
    }
    record->seal_key_id = 1;
    memset(record->pan, 0, sizeof record->pan);
}

void sim_seal_open(struct record *record)
{
    size_t len = record->pan_sealed[RECORD_PAN_SEALED_LEN - 1];
    CHECK(len < sizeof record->pan);
    memset(record->pan, 0, sizeof record->pan);
    for (size_t i = 0; i < len; i++) {
        record->pan[i] = (char)(record->pan_sealed[i] ^ 0xA5u);
    }
}
