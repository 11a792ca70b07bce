/* Working keys under the LMK: unwrap, wrap, and a bounded cache of unwrapped ones.
 *
 * A key comes with every command, as a cryptogram. The cache knows it by type and cryptogram, so a
 * hit costs neither unwrapping nor a key schedule. When it is full the key that was used longest
 * ago goes. The LMK is the published variant test LMK: pairs of 8-byte halves; a key type "VPP"
 * names variant V of the pair in row PP. */
#pragma once

#include "hsm_sim/engine/tdes.h"
#include "hsm_sim/wire/command.h"
#include "iso8583/base/list.h"
#include "iso8583/base/map.h"

enum {
    KEYS_COUNT_MAX = 4096,
    KEY_WIRE_LEN_MAX = 49,               /* T and 48H */
    KEY_NAME_LEN = 3 + KEY_WIRE_LEN_MAX, /* type and cryptogram, filled with zeros */
};

struct key {
    struct list recency;
    struct tdes tdes;
    uint8_t name[KEY_NAME_LEN];
};

struct keys {
    struct tdes_ciphers ciphers;
    struct tdes lmk; /* a scratch: the LMK variant in use */
    struct map by_name;
    struct list recency; /* least recently used first */
    uint32_t count;      /* entries in use, from the front of the array */
    struct key *entry;   /* KEYS_COUNT_MAX */
};

/* Bytes of (locked) memory that keys_init() takes. */
size_t keys_memory(void);

/* @memory: keys_memory() zeroed bytes, the caller's, until keys_deinit(), which wipes it. Returns 0
 * or ERR_CRYPTO; deinit in either case. */
MUST_USE int keys_init(struct keys *keys, void *memory);
void keys_deinit(struct keys *keys);

/* The unwrapped key of @wire (as in a command) as one of @type ("001").
 *
 * Returns HSM_OK and sets @out, valid until KEYS_COUNT_MAX - 1 others were found; HSM_SOURCE_PARITY
 * for even parity, which is what a key of another type gives; HSM_KEY_TYPE_CODE; HSM_KEY_SCHEME for
 * a key block, which a variant LMK does not have; HSM_INPUT; HSM_INTERNAL. */
MUST_USE uint8_t keys_find(struct keys *keys, const char *type, struct span wire,
                           struct tdes **out);

/* Wrap @clear (8, 16 or 24 bytes; odd parity is set) as a key of @type by @scheme: 'Z' (bare hex),
 * 'X', 'Y', 'U' or 'T'. Writes the wire form and a NUL to @out (KEY_WIRE_LEN_MAX + 1 bytes).
 * Returns 0, ERR_FORMAT for an unknown type, scheme or a length that is not the scheme's, or
 * ERR_CRYPTO. */
MUST_USE int keys_wrap(struct keys *keys, const char *type, char scheme, struct secret_span clear,
                       char *out);
