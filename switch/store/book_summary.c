/* What a bucket of the index cannot have: a Bloom filter of its hashes.
 *
 * What never came (a reversal overtook its request) is looked for in every bucket. Without this
 * that is a page of each for each kind, mostly out of the cache: with 5 million records 0.25 ms
 * when all is in memory, 0.2 to 1.2 s when nothing is. With it, it is four bits of each, in memory:
 * 0.03 and 20 ms. 1 in 100 says wrongly "perhaps", none wrongly "no". 32 bits a record: 57 MB for
 * 14 million, which a start reads (5 million: 25 ms, 0.5 s from a cold disk).
 *
 * The filter of a bucket grows with its rows and is written once, with the last of them; a start
 * loads all and makes that of the unfinished bucket anew. Bits of an aborted batch do no harm. */
#include <stdlib.h>

#include "switch/store/book_internal.h"

enum { BITS_A_HASH = 4, BYTES_A_RECORD = 4 };

static size_t summary_len(const struct book *book)
{
    return (size_t)BYTES_A_RECORD << book->settings.bucket_bits;
}

/* The number of the bit: a hash has 64, of which the lowest is always set. */
static size_t bit_of(const struct book *book, uint64_t hash, unsigned i)
{
    uint64_t step = hash >> 32 | 1;
    return (size_t)(((hash >> 1) + i * step) % (summary_len(book) * 8));
}

/* The filter of @bucket, made if there is none, with room for its checksum; NULL without memory. */
static uint8_t *summary_of(struct book *book, uint64_t bucket)
{
    if (bucket >= book->summary_cap) {
        size_t cap = (size_t)bucket + 256;
        uint8_t **more = realloc(book->summaries, cap * sizeof *more);
        if (more == NULL) {
            return NULL;
        }
        memset(more + book->summary_cap, 0, (cap - book->summary_cap) * sizeof *more);
        book->summaries = more;
        book->summary_cap = cap;
    }
    if (book->summaries[bucket] == NULL) {
        book->summaries[bucket] = calloc(1, summary_len(book) + CRC_LEN);
    }
    return book->summaries[bucket];
}

int book_summary_add(struct book *book, uint64_t bucket, uint64_t hash)
{
    uint8_t *bits = summary_of(book, bucket);
    if (bits == NULL) {
        return ERR_MEMORY;
    }
    for (unsigned i = 0; i < BITS_A_HASH; i++) {
        size_t bit = bit_of(book, hash, i);
        bits[bit / 8] = (uint8_t)(bits[bit / 8] | 1u << bit % 8);
    }
    return 0;
}

bool book_summary_excludes(const struct book *book, uint64_t bucket, uint64_t hash)
{
    const uint8_t *bits = bucket < book->summary_cap ? book->summaries[bucket] : NULL;
    for (unsigned i = 0; bits != NULL && i < BITS_A_HASH; i++) {
        size_t bit = bit_of(book, hash, i);
        if ((bits[bit / 8] >> bit % 8 & 1) == 0) {
            return true;
        }
    }
    return false;
}

int book_summary_write(struct book *book, uint64_t bucket)
{
    uint8_t *bits = summary_of(book, bucket);
    size_t len = summary_len(book);
    KEY_U32(key, (uint32_t)bucket);
    if (bits == NULL) {
        return ERR_MEMORY;
    }
    be32_put(bits + len, crc32c(0, span_make(bits, len)));
    return kv_put(book->txn, KV_summary, key, span_make(bits, len + CRC_LEN), KV_REPLACE);
}

int book_summary_load(struct book *book, uint64_t *next)
{
    size_t len = summary_len(book);
    *next = 0;
    for (;;) {
        struct span found;
        struct span row;
        KEY_U32(key, (uint32_t)*next);
        int rc = kv_seek(book->txn, KV_summary, key, &found, &row);
        if (rc <= 0) {
            return rc;
        }
        if (found.len != 4 || row.len != len + CRC_LEN ||
            crc32c(0, span_first(row, len)) != be32_get(row.ptr + len)) {
            return ERR_CORRUPT;
        }
        uint8_t *bits = summary_of(book, be32_get(found.ptr));
        if (bits == NULL) {
            return ERR_MEMORY;
        }
        memcpy(bits, row.ptr, len);
        *next = (uint64_t)be32_get(found.ptr) + 1;
    }
}

void book_summary_free(struct book *book)
{
    for (size_t i = 0; i < book->summary_cap; i++) {
        free(book->summaries[i]);
    }
    free(book->summaries);
}
