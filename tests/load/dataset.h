/* What the simulator reads of a set made by setup.c: its terminals with clear keys, its cards. */
#pragma once

#include "iso8583/base/bytes.h"

enum { DATASET_KEY_LEN = 16 };

struct dataset_terminal {
    char id[9];
    char merchant[16];
    char group[16];
    bool has_tpk;
    bool has_tak;
    uint8_t tpk[DATASET_KEY_LEN]; /* clear */
    uint8_t tak[DATASET_KEY_LEN];
};

struct dataset_card {
    char pan[20];
    char masked[20];   /* 411111******1111 */
    char pan_hash[17]; /* of the journal's salt and the PAN; "" until dataset_hash() */
    char expiry[5];
    char pin[13];
    char track2[38];
    char issuer[16];
};

struct dataset {
    struct dataset_terminal *terminals;
    uint32_t terminal_count;
    struct dataset_card *cards;
    uint32_t card_count;
};

/* Read the set in @dir; only terminals of @group if it is not NULL. dataset_free() it in any case.
 * Returns 0, or ERR_IO, ERR_CONFIG, ERR_MEMORY after a line on stderr. */
MUST_USE int dataset_read(const char *dir, const char *group, struct dataset *dataset);

/* Fill the cards' hashes with SHA-256(@salt, PAN), the first 8 bytes as hex. 0 or ERR_CRYPTO. */
MUST_USE int dataset_hash(struct dataset *dataset, const char *salt);

/* Wipe the keys and PINs and free. */
void dataset_free(struct dataset *dataset);
