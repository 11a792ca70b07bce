/* A whole IPM-style file, read and checked record by record: header, presentments, trailer; record
 * numbers, counts, hash total, file id, ARNs. Nothing of it comes from the code that writes. */
#pragma once

#include "switch/clearing/block.h"
#include "switch/clearing/ipm.h"

struct ipm_walk {
    struct block_reader blocks;
    uint64_t records;    /* read so far */
    uint64_t items;      /* presentments among them */
    uint64_t hash_total; /* sum of DE4 */
    char file_id[26];    /* PDS0105 of the header; "" before */
    bool production;     /* PDS0122 */
    bool ended;          /* the trailer was read */
    const char *why;     /* after an error: a sentence. Static */
    struct ipm_fault fault;
    uint8_t buffer[IPM_RECORD_LEN_MAX];
};

/* Begin at the start of @file, which stays the caller's. */
void ipm_walk_open(struct ipm_walk *walk, FILE *file);

/* The next presentment: 1 and @record (borrows from @walk until the next call); 0 at the end, when
 * all is as it should be; or an error with walk->why, walk->records and walk->fault. It has DE2, 3,
 * 4, 12, 24, 31, 41, 48, 49, 71, 93 and 94 and an ARN that passes. */
MUST_USE int ipm_walk_next(struct ipm_walk *walk, struct ipm_record *record);

/* True if the presentment is a reversal (PDS0025 begins with R). */
bool ipm_is_reversal(const struct ipm_record *record);
