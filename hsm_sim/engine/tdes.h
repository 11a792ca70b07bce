/* Triple DES with one key, the EVP contexts kept.
 *
 * Keying a context costs three times a block, so a key makes each context that it comes to need
 * once and keeps it. A single-length key is K|K|K: OpenSSL 3's default provider has no single DES,
 * and the result is the same. */
#pragma once

#include <openssl/evp.h>

#include "iso8583/base/bytes.h"

enum { DES_BLOCK_LEN = 8, TDES_KEY_LEN_MAX = 24 };

/* What a context is for. */
enum tdes_use {
    TDES_ENCRYPT,   /* ECB */
    TDES_DECRYPT,   /* ECB */
    TDES_CBC,       /* CBC encryption with the whole key */
    TDES_CBC_FIRST, /* CBC encryption with the key's first 8 bytes alone, as single DES */
    TDES_USE_COUNT
};

/* Fetched algorithms, shared by all keys that point at them. */
struct tdes_ciphers {
    EVP_CIPHER *ecb;
    EVP_CIPHER *cbc;
};

/* Zero it before its first use; the memory is the caller's, and should be locked. */
struct tdes {
    const struct tdes_ciphers *ciphers;
    EVP_CIPHER_CTX *ctx[TDES_USE_COUNT]; /* made at first need, kept for later keys */
    bool keyed[TDES_USE_COUNT];          /* ctx[] holds the present key */
    uint8_t key[TDES_KEY_LEN_MAX];       /* left, middle, right */
    uint8_t key_len;                     /* 8, 16 or 24, as given */
};

/* Returns 0 or ERR_CRYPTO. Deinit in either case. */
MUST_USE int tdes_ciphers_init(struct tdes_ciphers *ciphers);
void tdes_ciphers_deinit(struct tdes_ciphers *ciphers);

/* Use @key (copied) from now on. Returns 0, or ERR_LENGTH unless it is 8, 16 or 24 bytes. */
MUST_USE int tdes_set_key(struct tdes *tdes, const struct tdes_ciphers *ciphers,
                          struct secret_span key);

/* One block, @use TDES_ENCRYPT or TDES_DECRYPT; @in and @out may be the same. 0 or ERR_CRYPTO. */
MUST_USE int tdes_block(struct tdes *tdes, enum tdes_use use, const uint8_t *in, uint8_t *out);

/* CBC over @data (whole blocks), @use TDES_CBC or TDES_CBC_FIRST, starting from @chain, which
 * becomes the last block of ciphertext; the rest of it is dropped. 0 or ERR_CRYPTO. */
MUST_USE int tdes_chain(struct tdes *tdes, enum tdes_use use, uint8_t *chain, struct span data);

/* Wipe the key and free the contexts. */
void tdes_deinit(struct tdes *tdes);
