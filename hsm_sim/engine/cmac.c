#include "hsm_sim/engine/cmac.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

/* By cipher and length of the key as the cipher takes it. */
static const struct {
    uint8_t cipher;
    uint8_t key_len;
    uint8_t block_len;
    const char *name;
} rows[] = {
    {CMAC_AES, 16, 16, "AES-128-CBC"},
    {CMAC_AES, 24, 16, "AES-192-CBC"},
    {CMAC_AES, 32, 16, "AES-256-CBC"},
    {CMAC_TDES, 24, 8, "DES-EDE3-CBC"},
};

static int context_key(struct cmac *cmac, const char *name, struct secret_span key)
{
    char cipher[16];
    (void)memcpy(cipher, name, strlen(name) + 1);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, cipher, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "CMAC", NULL);
    cmac->ctx = mac == NULL ? NULL : EVP_MAC_CTX_new(mac);
    EVP_MAC_free(mac);
    return cmac->ctx != NULL && EVP_MAC_init(cmac->ctx, key.ptr, key.len, params) == 1 ? 0
                                                                                       : ERR_CRYPTO;
}

int cmac_init(struct cmac *cmac, enum cmac_cipher cipher, struct secret_span key)
{
    uint8_t whole[32];
    size_t len = key.len;
    if (len > sizeof whole) {
        return ERR_LENGTH;
    }
    memcpy(whole, key.ptr, len);
    if (cipher == CMAC_TDES && len == 16) { /* K1 K2 K1 */
        memcpy(whole + len, key.ptr, 8);
        len += 8;
    }
    int status = ERR_LENGTH;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        if (rows[i].cipher == cipher && rows[i].key_len == len) {
            cmac->len = rows[i].block_len;
            status = context_key(cmac, rows[i].name, (struct secret_span){whole, len});
        }
    }
    bytes_wipe(whole, sizeof whole);
    return status;
}

int cmac_make(struct cmac *cmac, struct span data, uint8_t *out)
{
    size_t len = 0;
    /* Without a key the context begins anew under the one it has. */
    bool done = EVP_MAC_init(cmac->ctx, NULL, 0, NULL) == 1 &&
                EVP_MAC_update(cmac->ctx, data.ptr, data.len) == 1 &&
                EVP_MAC_final(cmac->ctx, out, &len, CMAC_LEN_MAX) == 1;
    return done && len == cmac->len ? 0 : ERR_CRYPTO;
}

void cmac_deinit(struct cmac *cmac)
{
    EVP_MAC_CTX_free(cmac->ctx);
    memset(cmac, 0, sizeof *cmac);
}
