/* The keys of a station and what is done with them: PIN blocks and MACs. The algorithms are those
 * of hsm_sim/engine; the keys are clear, since a tester's are, and wiped at the end. */
#pragma once

#include "hsm_sim/engine/cmac.h"
#include "hsm_sim/engine/dukpt.h"
#include "hsm_sim/engine/emv.h"
#include "tools/isotest/script.h"

struct fault;
struct scope;

enum { KCV_TEXT_LEN = 7, KEY_NAME_TEXT_LEN = 48, MAC_FIELD_LEN = 8, CLEAR_KEY_LEN_MAX = 32 };

/* A key as it may be told of. */
struct key_label {
    char name[KEY_NAME_TEXT_LEN];
    char kcv[KCV_TEXT_LEN];
};

struct crypt {
    struct tdes_ciphers ciphers;
    bool has_pin;
    bool is_dukpt;
    bool ksn_used; /* the next PIN block takes the next KSN */
    uint8_t pin_format;
    struct key_label pin_label;
    struct tdes pin;
    struct dukpt dukpt;
    bool has_mac;
    uint8_t mac_name; /* enum mac_name */
    struct key_label mac_label;
    struct tdes mac;
    struct cmac cmac;
    struct tdes session; /* of the chip transaction in hand */
    struct tdes scratch;
    uint64_t pin_count; /* PIN blocks made */
    uint64_t mac_count; /* MACs made, also to be compared */
    uint64_t mac_bytes; /* that they covered */
};

/* The keys that @decl names. 0, or a negative enum err with @fault filled. crypt_close() in either
 * case, which wipes them. */
MUST_USE int crypt_open(struct crypt *crypt, const struct peer_decl *decl,
                        const struct scope *scope, struct fault *fault);
void crypt_close(struct crypt *crypt);

/* The clear key that @ref names (a declared key, or hex digits): its bytes in @out
 * (CLEAR_KEY_LEN_MAX), to be wiped, its name in @label. Returns their count, or a negative enum err
 * with @fault filled. */
MUST_USE int crypt_clear_key(const struct value *ref, const struct scope *scope,
                             struct key_label *label, uint8_t *out, struct fault *fault);

/* The check value of @key as six hex digits. 0 or ERR_CRYPTO. */
MUST_USE int crypt_kcv(struct tdes *key, char out[KCV_TEXT_LEN]);

/* The encrypted PIN block of @pin (digits) and @pan: 8 bytes in @out. With DUKPT the KSN goes on,
 * and crypt->dukpt.ksn is this block's. @random: of ISO-3's fill. 0, ERR_FORMAT for a PIN or PAN
 * that cannot be one, ERR_RANGE if there is no KSN left, ERR_CRYPTO. */
MUST_USE int crypt_pin_block(struct crypt *crypt, struct secret_span pin, struct span pan,
                             uint64_t *random, uint8_t *out);

/* The MAC of @data as its field has it: MAC_FIELD_LEN bytes in @out. 0 or a negative enum err. */
MUST_USE int crypt_mac(struct crypt *crypt, struct span data, uint8_t *out);

/* "X9.19": for people. */
const char *crypt_mac_text(uint8_t mac_name);
