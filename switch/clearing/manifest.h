/* The manifest of a day's files: what they are called, how long, their SHA-256; canonical JSON
 * (keys sorted, no spaces, one line), so that the same files give the same manifest. Its own SHA-256
 * ("seal", over the JSON without it) stands inside: no byte of it changes unnoticed. */
#pragma once

#include "switch/clearing/format.h"

enum { MANIFEST_FILES = FORMAT_COUNT + 1, MANIFEST_TOTALS = FORMAT_COUNT };

struct manifest {
    uint32_t day;
    uint64_t file_seq;
    int64_t created_ms;
    char file_id[FILE_ID_LEN + 1];
    bool production;
    uint64_t items;
    uint64_t records;                         /* PDS0306 */
    uint64_t hash_total;                      /* PDS0301 */
    struct output_file files[MANIFEST_FILES]; /* by format, then the totals */
};

/* The text, with line end. malloc()ed: the caller's to free. NULL: out of memory. */
char *manifest_encode(const struct manifest *manifest);

/* The reverse. ERR_FORMAT if anything is missing, of the wrong type, not canonical, or not what
 * the seal is of. */
MUST_USE int manifest_decode(struct span text, struct manifest *manifest);
