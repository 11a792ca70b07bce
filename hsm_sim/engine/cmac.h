/* CMAC (NIST SP 800-38B) over AES or TDES, the keyed context kept. */
#pragma once

#include <openssl/evp.h>

#include "iso8583/base/bytes.h"

enum { CMAC_LEN_MAX = 16 };
enum cmac_cipher { CMAC_AES, CMAC_TDES };

/* Zero it before its first use. */
struct cmac {
    EVP_MAC_CTX *ctx;
    uint8_t len; /* of a MAC: the cipher's block */
};

/* @key: 16, 24 or 32 bytes for AES, 16 or 24 for TDES; not kept by us. 0, ERR_LENGTH, ERR_CRYPTO;
 * deinit in either case. */
MUST_USE int cmac_init(struct cmac *cmac, enum cmac_cipher cipher, struct secret_span key);

/* The MAC of @data: cmac->len bytes in @out (CMAC_LEN_MAX). 0 or ERR_CRYPTO. */
MUST_USE int cmac_make(struct cmac *cmac, struct span data, uint8_t *out);

void cmac_deinit(struct cmac *cmac);
