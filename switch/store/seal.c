#include "switch/store/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "iso8583/base/pan.h"

enum {
    KEY_LEN = 32,
    KEY_TEXT_LEN = 2 * KEY_LEN,
    HMAC_LEN = 32,
    NONCE_LEN = 12,
    PLAIN_LEN = 20, /* the PAN, zero-filled: its length does not show */
    TAG_LEN = 16,
    SEAL_KEY_ID = 1,
    CHECK_VALUE_LEN = 16,
};

static_assert(NONCE_LEN + PLAIN_LEN + TAG_LEN == RECORD_PAN_SEALED_LEN, "the sealed PAN's parts");
static_assert(PLAIN_LEN == sizeof(((struct record *)0)->pan), "the whole PAN is sealed");

struct seal {
    EVP_MAC *hmac;
    EVP_MAC_CTX *token;       /* keyed; reset for each use */
    EVP_MAC_CTX *fingerprint; /* the same */
    EVP_CIPHER *gcm;
    EVP_CIPHER_CTX *encrypt;
    EVP_CIPHER_CTX *decrypt;
    /* A random start for this process and a counter in its last eight bytes: unlike random nonces
     * they do not repeat after 2^32 of them. */
    uint8_t nonce[NONCE_LEN];
    uint8_t check[CHECK_VALUE_LEN];
};

static int hmac_begin(EVP_MAC_CTX *ctx, const uint8_t *key, size_t len)
{
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    return EVP_MAC_init(ctx, key, len, key != NULL ? params : NULL) == 1 ? 0 : ERR_CRYPTO;
}

static int hmac_end(EVP_MAC_CTX *ctx, uint8_t out[HMAC_LEN])
{
    size_t len = 0;
    return EVP_MAC_final(ctx, out, &len, HMAC_LEN) == 1 && len == HMAC_LEN ? 0 : ERR_CRYPTO;
}

/* A key for one purpose from the file's key, which is used for nothing else. */
static int derive(EVP_MAC *hmac, const uint8_t master[KEY_LEN], const char *purpose,
                  uint8_t out[HMAC_LEN])
{
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(hmac);
    int rc = ctx == NULL ? ERR_CRYPTO : hmac_begin(ctx, master, KEY_LEN);
    if (rc == 0 && EVP_MAC_update(ctx, (const uint8_t *)purpose, strlen(purpose)) != 1) {
        rc = ERR_CRYPTO;
    }
    rc = rc < 0 ? rc : hmac_end(ctx, out);
    EVP_MAC_CTX_free(ctx);
    return rc;
}

static int keyed(EVP_MAC *hmac, const uint8_t master[KEY_LEN], const char *purpose,
                 EVP_MAC_CTX **out)
{
    uint8_t key[HMAC_LEN];
    *out = EVP_MAC_CTX_new(hmac);
    int rc = *out == NULL ? ERR_CRYPTO : derive(hmac, master, purpose, key);
    rc = rc < 0 ? rc : hmac_begin(*out, key, sizeof key);
    bytes_wipe(key, sizeof key);
    return rc;
}

static int ciphers_open(struct seal *seal, const uint8_t master[KEY_LEN])
{
    uint8_t key[HMAC_LEN];
    TRY(derive(seal->hmac, master, "pan", key));
    bool ok = EVP_EncryptInit_ex2(seal->encrypt, seal->gcm, key, NULL, NULL) == 1 &&
              EVP_DecryptInit_ex2(seal->decrypt, seal->gcm, key, NULL, NULL) == 1 &&
              RAND_bytes(seal->nonce, NONCE_LEN) == 1;
    bytes_wipe(key, sizeof key);
    return ok ? 0 : ERR_CRYPTO;
}

static int contexts_open(struct seal *seal, const uint8_t master[KEY_LEN])
{
    uint8_t check[HMAC_LEN];
    seal->hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    seal->gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    seal->encrypt = EVP_CIPHER_CTX_new();
    seal->decrypt = EVP_CIPHER_CTX_new();
    if (seal->hmac == NULL || seal->gcm == NULL || seal->encrypt == NULL || seal->decrypt == NULL) {
        return ERR_CRYPTO;
    }
    TRY(keyed(seal->hmac, master, "token", &seal->token));
    TRY(keyed(seal->hmac, master, "fingerprint", &seal->fingerprint));
    TRY(derive(seal->hmac, master, "check", check));
    memcpy(seal->check, check, sizeof seal->check);
    return ciphers_open(seal, master);
}

/* The key file's bytes. It is written whole by seal_create(), so a short read is a wrong file. */
static int key_read(const char *path, uint8_t key[KEY_LEN])
{
    uint8_t text[KEY_TEXT_LEN + 2];
    struct stat stat;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    }
    bool safe = fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode) &&
                ((stat.st_mode & 0777) == 0400 || (stat.st_mode & 0777) == 0600);
    ssize_t len = safe ? read(fd, text, sizeof text) : 0;
    close(fd);
    bool whole = len == KEY_TEXT_LEN || (len == KEY_TEXT_LEN + 1 && text[KEY_TEXT_LEN] == '\n');
    int rc = whole && hex_decode(span_make(text, KEY_TEXT_LEN), key) == 0 ? 0 : ERR_CONFIG;
    bytes_wipe(text, sizeof text);
    return rc;
}

int seal_open(const char *key_path, const uint8_t *check, struct seal **out)
{
    uint8_t key[KEY_LEN];
    TRY(key_read(key_path, key));
    struct seal *seal = calloc(1, sizeof *seal);
    int rc = seal == NULL ? ERR_MEMORY : contexts_open(seal, key);
    bytes_wipe(key, sizeof key);
    if (rc == 0 && check != NULL && CRYPTO_memcmp(check, seal->check, sizeof seal->check) != 0) {
        rc = ERR_CORRUPT;
    }
    if (rc < 0) {
        seal_close(seal);
        return rc;
    }
    *out = seal;
    return 0;
}

void seal_close(struct seal *seal)
{
    if (seal != NULL) {
        EVP_MAC_CTX_free(seal->token);
        EVP_MAC_CTX_free(seal->fingerprint);
        EVP_CIPHER_CTX_free(seal->encrypt);
        EVP_CIPHER_CTX_free(seal->decrypt);
        EVP_CIPHER_free(seal->gcm);
        EVP_MAC_free(seal->hmac);
        free(seal);
    }
}

int seal_create(const char *key_path)
{
    uint8_t key[KEY_LEN];
    uint8_t text[KEY_TEXT_LEN + 1];
    int fd = open(key_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
    if (fd < 0) {
        return errno == EEXIST ? ERR_EXISTS : ERR_IO;
    }
    int rc = RAND_priv_bytes(key, sizeof key) == 1 ? 0 : ERR_CRYPTO;
    hex_encode(span_make(key, sizeof key), text);
    text[KEY_TEXT_LEN] = '\n';
    if (rc == 0 && (write(fd, text, sizeof text) != (ssize_t)sizeof text || fsync(fd) != 0)) {
        rc = ERR_IO;
    }
    bytes_wipe(key, sizeof key);
    bytes_wipe(text, sizeof text);
    if (close(fd) != 0 && rc == 0) {
        rc = ERR_IO;
    }
    if (rc < 0) {
        unlink(key_path);
    }
    return rc;
}

void seal_check_value(const struct seal *seal, uint8_t out[16])
{
    memcpy(out, seal->check, sizeof seal->check);
}

static void mask(const char *pan, char masked[20])
{
    size_t len = strlen(pan);
    memset(masked, 0, 20);
    for (size_t i = 0; i < len; i++) {
        masked[i] = pan_shows(len, i) ? pan[i] : '*';
    }
}

static int make_token(struct seal *seal, struct record *record)
{
    uint8_t full[HMAC_LEN];
    TRY(hmac_begin(seal->token, NULL, 0));
    if (EVP_MAC_update(seal->token, (const uint8_t *)record->pan, strlen(record->pan)) != 1) {
        return ERR_CRYPTO;
    }
    TRY(hmac_end(seal->token, full));
    memcpy(record->pan_token, full, sizeof record->pan_token);
    return 0;
}

/* What makes two messages the same: PAN, DE3, DE4, DE49, DE42, 9F26 and 9F36. All of fixed length,
 * so that no two contents run together. DE42 as the terminal sent it: what the table of terminals
 * says may change between a message and its repeat. */
static int make_fingerprint(struct seal *seal, struct record *record)
{
    uint8_t bytes[128];
    struct writer out = writer_make(bytes, sizeof bytes);
    writer_put(&out, record->pan, sizeof record->pan);
    writer_put(&out, record->proc, sizeof record->proc);
    writer_be64(&out, (uint64_t)record->amount_minor);
    writer_be16(&out, record->currency);
    static const char none[sizeof record->merchant];
    bool sent = (record->sent & SENT_MERCHANT) != 0;
    writer_put(&out, sent ? record->merchant : none, sizeof record->merchant);
    writer_put(&out, record->cryptogram, sizeof record->cryptogram);
    CHECK(!out.overflow);
    int rc = hmac_begin(seal->fingerprint, NULL, 0);
    if (rc == 0 && EVP_MAC_update(seal->fingerprint, bytes, out.len) != 1) {
        rc = ERR_CRYPTO;
    }
    bytes_wipe(bytes, sizeof bytes);
    return rc < 0 ? rc : hmac_end(seal->fingerprint, record->fingerprint);
}

/* The token is authenticated with it: a sealed PAN moved to another card's record does not open. */
static int encrypt_pan(struct seal *seal, struct record *record)
{
    uint8_t *nonce = record->pan_sealed;
    uint8_t *body = nonce + NONCE_LEN;
    int len = 0;
    int rest = 0;
    be64_put(seal->nonce + 4, be64_get(seal->nonce + 4) + 1);
    memcpy(nonce, seal->nonce, NONCE_LEN);
    bool ok =
        EVP_EncryptInit_ex2(seal->encrypt, NULL, NULL, nonce, NULL) == 1 &&
        EVP_EncryptUpdate(seal->encrypt, NULL, &len, record->pan_token,
                          (int)sizeof record->pan_token) == 1 &&
        EVP_EncryptUpdate(seal->encrypt, body, &len, (const uint8_t *)record->pan, PLAIN_LEN) ==
            1 &&
        EVP_EncryptFinal_ex(seal->encrypt, body + len, &rest) == 1 &&
        EVP_CIPHER_CTX_ctrl(seal->encrypt, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, body + PLAIN_LEN) == 1;
    return ok && len == PLAIN_LEN && rest == 0 ? 0 : ERR_CRYPTO;
}

static int seal_fields(struct seal *seal, struct record *record)
{
    memset(record->pan_sealed, 0, sizeof record->pan_sealed);
    memset(record->pan_token, 0, sizeof record->pan_token);
    mask(record->pan, record->pan_masked);
    if (record->pan[0] != 0) {
        TRY(make_token(seal, record));
        TRY(encrypt_pan(seal, record));
    }
    record->seal_key_id = SEAL_KEY_ID;
    return make_fingerprint(seal, record);
}

int seal_record(struct seal *seal, struct record *record)
{
    /* What stands behind the NUL is nobody's, and would be part of the fingerprint. */
    size_t len = strnlen(record->pan, sizeof record->pan);
    CHECK(len < sizeof record->pan);
    memset(record->pan + len, 0, sizeof record->pan - len);
    len = strnlen(record->proc, sizeof record->proc);
    memset(record->proc + len, 0, sizeof record->proc - len);
    len = strnlen(record->merchant, sizeof record->merchant);
    memset(record->merchant + len, 0, sizeof record->merchant - len);
    int rc = seal_fields(seal, record);
    bytes_wipe(record->pan, sizeof record->pan);
    return rc;
}

int seal_open_pan(struct seal *seal, struct record *record)
{
    static const uint8_t none[RECORD_PAN_SEALED_LEN];
    const uint8_t *nonce = record->pan_sealed;
    const uint8_t *body = nonce + NONCE_LEN;
    uint8_t tag[TAG_LEN];
    uint8_t plain[PLAIN_LEN];
    int len = 0;
    int rest = 0;
    memset(record->pan, 0, sizeof record->pan);
    if (memcmp(record->pan_sealed, none, sizeof none) == 0) {
        return 0;
    }
    memcpy(tag, body + PLAIN_LEN, TAG_LEN);
    bool ok = EVP_DecryptInit_ex2(seal->decrypt, NULL, NULL, nonce, NULL) == 1 &&
              EVP_DecryptUpdate(seal->decrypt, NULL, &len, record->pan_token,
                                (int)sizeof record->pan_token) == 1 &&
              EVP_DecryptUpdate(seal->decrypt, plain, &len, body, PLAIN_LEN) == 1 &&
              len == PLAIN_LEN &&
              EVP_CIPHER_CTX_ctrl(seal->decrypt, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, tag) == 1 &&
              EVP_DecryptFinal_ex(seal->decrypt, plain + len, &rest) == 1;
    ok = ok && plain[PLAIN_LEN - 1] == 0;
    if (ok) {
        memcpy(record->pan, plain, PLAIN_LEN);
    }
    bytes_wipe(plain, sizeof plain);
    return ok ? 0 : ERR_CORRUPT;
}
