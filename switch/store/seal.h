/* What the store may know of a card: the PAN encrypted, and keyed hashes to find and compare it.
 *
 * AES-256-GCM and HMAC-SHA-256 by OpenSSL EVP with contexts kept, under keys derived from the
 * store's key file (32 random bytes in hex, mode 0400, made by --init). Called on the loop thread
 * only. */
#pragma once

#include "switch/core/record.h"

struct seal;

/* Read the key file. ERR_NOT_FOUND, ERR_CONFIG (not 64 hex digits, or readable by others: the mode
 * must be 0400 or 0600), ERR_CORRUPT if it is not the key this store was made with (@check, 16
 * bytes kept in `meta`; NULL: do not check). */
MUST_USE int seal_open(const char *key_path, const uint8_t *check, struct seal **out);
void seal_close(struct seal *seal);

/* Make a new key file (fails if it exists): ERR_EXISTS, ERR_IO, ERR_CRYPTO. */
MUST_USE int seal_create(const char *key_path);

/* 16 bytes that tell whether a key is the same, and nothing else about it. */
void seal_check_value(const struct seal *seal, uint8_t out[16]);

/* Fill pan_sealed, pan_token, pan_masked and fingerprint of @record from its clear fields, then
 * wipe record->pan. ERR_CRYPTO. */
MUST_USE int seal_record(struct seal *seal, struct record *record);

/* The reverse: record->pan from pan_sealed. ERR_CORRUPT if the tag does not fit. */
MUST_USE int seal_open_pan(struct seal *seal, struct record *record);
