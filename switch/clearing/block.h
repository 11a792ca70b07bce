/* The envelope of an IPM-style file, both directions: records with lengths, in blocks.
 *
 * A record is a 4-byte big-endian length (of the data alone) and the data; a length of 0 ends the
 * file. That stream is cut into blocks of 1012 bytes, each followed by 40 40; the last is filled
 * with 40. A stream that ends exactly with a block gets no further block: readers accept either.
 * (frame.h cuts the same envelope, "rdw1014", out of memory.) */
#pragma once

#include <stdio.h>

#include "iso8583/frame.h"

enum {
    BLOCK_LEN = FRAME_BLOCK_LEN,
    BLOCK_DATA_LEN = FRAME_BLOCK_DATA_LEN,
    BLOCK_FILL = FRAME_FILL,
};

/* Writing: how full the block under way is. Zero it to begin. */
struct block_writer {
    size_t filled; /* 0..BLOCK_DATA_LEN-1 */
};

/* The most bytes that a record of @len bytes, or the end (0), adds to a file. */
#define BLOCK_ROOM(len) (BLOCK_LEN + 4 + (len) + 2 * (((len) + 4) / BLOCK_DATA_LEN + 1))

/* Append @record (1 byte or more) with its length and the tails of blocks that it fills. */
void block_record(struct block_writer *block, struct span record, struct writer *out);

/* Append the end mark and the filling of the last block. */
void block_end(struct block_writer *block, struct writer *out);

/* Reading, strictly: what is tolerated is silence about a damaged file. */
struct block_reader {
    FILE *file;      /* the caller's */
    uint64_t blocks; /* read so far */
    size_t at;       /* in @block */
    const char *why; /* after an error: what is wrong. Static */
    uint8_t block[BLOCK_LEN];
};

void block_open(struct block_reader *reader, FILE *file);

/* The next record into @buffer (@cap bytes): 1 and @record, which borrows from @buffer; 0 at a well
 * formed end: only filling behind the end mark, nothing behind its block. ERR_CORRUPT, ERR_LENGTH
 * (more than @cap), ERR_TRUNCATED (no end mark), ERR_IO. */
MUST_USE int block_next(struct block_reader *reader, uint8_t *buffer, size_t cap,
                        struct span *record);
