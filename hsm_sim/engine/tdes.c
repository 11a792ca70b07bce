#include "hsm_sim/engine/tdes.h"

int tdes_ciphers_init(struct tdes_ciphers *ciphers)
{
    ciphers->ecb = EVP_CIPHER_fetch(NULL, "DES-EDE3-ECB", NULL);
    ciphers->cbc = EVP_CIPHER_fetch(NULL, "DES-EDE3-CBC", NULL);
    return ciphers->ecb != NULL && ciphers->cbc != NULL ? 0 : ERR_CRYPTO;
}

void tdes_ciphers_deinit(struct tdes_ciphers *ciphers)
{
    EVP_CIPHER_free(ciphers->ecb);
    EVP_CIPHER_free(ciphers->cbc);
    memset(ciphers, 0, sizeof *ciphers);
}

int tdes_set_key(struct tdes *tdes, const struct tdes_ciphers *ciphers, struct secret_span key)
{
    if (key.len != 8 && key.len != 16 && key.len != 24) {
        return ERR_LENGTH;
    }
    /* K1 K2 K3, K1 K2 K1 or K1 K1 K1. */
    for (size_t i = 0; i < TDES_KEY_LEN_MAX; i++) {
        tdes->key[i] = key.ptr[i % key.len];
    }
    tdes->key_len = (uint8_t)key.len;
    tdes->ciphers = ciphers;
    memset(tdes->keyed, 0, sizeof tdes->keyed);
    return 0;
}

static int context_key(struct tdes *tdes, enum tdes_use use)
{
    static const uint8_t zero_iv[DES_BLOCK_LEN];
    uint8_t first[TDES_KEY_LEN_MAX];
    const uint8_t *key = tdes->key;
    if (use == TDES_CBC_FIRST) {
        for (size_t i = 0; i < sizeof first; i++) {
            first[i] = key[i % DES_BLOCK_LEN];
        }
        key = first;
    }
    bool is_cbc = use == TDES_CBC || use == TDES_CBC_FIRST;
    if (tdes->ctx[use] == NULL) {
        tdes->ctx[use] = EVP_CIPHER_CTX_new();
    }
    EVP_CIPHER_CTX *ctx = tdes->ctx[use];
    /* A context that is told its cipher again frees and allocates: tell it only once. */
    const EVP_CIPHER *cipher = is_cbc ? tdes->ciphers->cbc : tdes->ciphers->ecb;
    if (ctx != NULL && EVP_CIPHER_CTX_get0_cipher(ctx) == cipher) {
        cipher = NULL;
    }
    bool done = ctx != NULL &&
                EVP_CipherInit_ex2(ctx, cipher, key, is_cbc ? zero_iv : NULL, use != TDES_DECRYPT,
                                   NULL) == 1 &&
                EVP_CIPHER_CTX_set_padding(ctx, 0) == 1;
    if (use == TDES_CBC_FIRST) {
        bytes_wipe(first, sizeof first);
    }
    tdes->keyed[use] = done;
    return done ? 0 : ERR_CRYPTO;
}

int tdes_block(struct tdes *tdes, enum tdes_use use, const uint8_t *in, uint8_t *out)
{
    CHECK(use == TDES_ENCRYPT || use == TDES_DECRYPT);
    CHECK(tdes->key_len != 0);
    int len = 0;
    if (!tdes->keyed[use]) {
        TRY(context_key(tdes, use));
    }
    if (EVP_CipherUpdate(tdes->ctx[use], out, &len, in, DES_BLOCK_LEN) != 1) {
        return ERR_CRYPTO;
    }
    return len == DES_BLOCK_LEN ? 0 : ERR_CRYPTO;
}

int tdes_chain(struct tdes *tdes, enum tdes_use use, uint8_t *chain, struct span data)
{
    enum { CHUNK_LEN = 512 };
    uint8_t cipher[CHUNK_LEN];
    CHECK(use == TDES_CBC || use == TDES_CBC_FIRST);
    CHECK(data.len % DES_BLOCK_LEN == 0);
    if (data.len == 0) {
        return 0;
    }
    if (!tdes->keyed[use]) {
        TRY(context_key(tdes, use));
    }
    EVP_CIPHER_CTX *ctx = tdes->ctx[use];
    /* A new IV without a key leaves the key schedule as it is. */
    if (EVP_CipherInit_ex2(ctx, NULL, NULL, chain, -1, NULL) != 1) {
        return ERR_CRYPTO;
    }
    while (data.len > 0) {
        struct span chunk = span_first(data, CHUNK_LEN);
        int len = 0;
        if (EVP_CipherUpdate(ctx, cipher, &len, chunk.ptr, (int)chunk.len) != 1 ||
            (size_t)len != chunk.len) {
            return ERR_CRYPTO;
        }
        memcpy(chain, cipher + chunk.len - DES_BLOCK_LEN, DES_BLOCK_LEN);
        data = span_skip(data, CHUNK_LEN);
    }
    return 0;
}

void tdes_deinit(struct tdes *tdes)
{
    for (size_t i = 0; i < TDES_USE_COUNT; i++) {
        EVP_CIPHER_CTX_free(tdes->ctx[i]);
    }
    bytes_wipe(tdes, sizeof *tdes);
}
