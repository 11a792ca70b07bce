/* Looking up by what a message names: DE32+DE41+DE11, DE37+DE41, the PAN.
 *
 * Key: bucket (4) = sequence / 65536, kind (1), hash (8), sequence (8); no value. The bucket keeps
 * what is written today on few pages (random keys over a whole table cost 10 to 60 times as much as
 * appended ones); a look-up tries the buckets from the newest, and an original is mostly in the
 * first. Rows are written in batches; what is not written yet is searched in memory. */
#include "switch/store/book_internal.h"

enum { LOOKUP_KEY_LEN = 4 + 1 + 8 + 8, LOOKUP_HASH_AT = 5, LOOKUP_SEQ_AT = 13, BUCKET_BITS = 16 };

static const uint8_t kind_letters[LOOKUP_KIND_COUNT] = {'S', 'R', 'P'};

/* Continue a hash over the text with its NUL, so that neighbours do not run together. */
static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ p[i]) * 0x100000001B3ull;
    }
    return hash;
}

static uint64_t hash_text(uint64_t hash, const char *text)
{
    return hash_bytes(hash, text, strlen(text) + 1);
}

static uint64_t hash_end(uint64_t hash)
{
    hash ^= hash >> 32;
    hash *= 0xD6E8FEB86659FD93ull;
    hash ^= hash >> 32;
    return hash | 1u; /* 0 says: does not have it */
}

/* 0 if @record has not what @kind is made of. */
static uint64_t hash_of(enum lookup_kind kind, const struct record *record)
{
    static const uint8_t none[sizeof record->pan_token];
    uint64_t hash = 0xCBF29CE484222325ull + kind;
    switch (kind) {
    case LOOKUP_STAN:
        hash =
            hash_text(hash_text(hash_text(hash, record->acquirer), record->terminal), record->stan);
        return record->stan[0] == 0 ? 0 : hash_end(hash);
    case LOOKUP_RRN:
        hash = hash_text(hash_text(hash, record->rrn), record->terminal);
        return record->rrn[0] == 0 ? 0 : hash_end(hash);
    default:
        CHECK(kind == LOOKUP_PAN);
        hash = hash_bytes(hash, record->pan_token, sizeof record->pan_token);
        return memcmp(record->pan_token, none, sizeof none) == 0 ? 0 : hash_end(hash);
    }
}

static bool agrees(enum lookup_kind kind, const struct record *a, const struct record *b)
{
    switch (kind) {
    case LOOKUP_STAN:
        return strcmp(a->acquirer, b->acquirer) == 0 && strcmp(a->terminal, b->terminal) == 0 &&
               strcmp(a->stan, b->stan) == 0;
    case LOOKUP_RRN:
        return strcmp(a->rrn, b->rrn) == 0 && strcmp(a->terminal, b->terminal) == 0;
    default:
        return memcmp(a->pan_token, b->pan_token, sizeof a->pan_token) == 0;
    }
}

static size_t pending_count(const struct book *book)
{
    return (size_t)(book->now.seq - book->now.lookup_upto);
}

/* A reversal is found by its PAN only: what a reversal names is never another reversal. */
void book_find_add(struct book *book, const struct record *record)
{
    CHECK(record->seq == book->now.seq);
    size_t index = (size_t)(record->seq - book->now.lookup_upto - 1);
    CHECK(index < ARRAY_COUNT(book->pending));
    bool reversal = record_is_reversal(record);
    for (unsigned kind = 0; kind < LOOKUP_KIND_COUNT; kind++) {
        book->pending[index][kind] =
            reversal && kind != LOOKUP_PAN ? 0 : hash_of((enum lookup_kind)kind, record);
    }
}

static void lookup_key(uint64_t bucket, enum lookup_kind kind, uint64_t hash, uint64_t seq,
                       uint8_t out[LOOKUP_KEY_LEN])
{
    be32_put(out, (uint32_t)bucket);
    out[4] = kind_letters[kind];
    be64_put(out + LOOKUP_HASH_AT, hash);
    be64_put(out + LOOKUP_SEQ_AT, seq);
}

/* Order the pending rows of @kind by the top bits of their hash: neighbours share a page. */
static void pending_sort(struct book *book, enum lookup_kind kind, size_t count)
{
    enum { TOP_BITS = 10 };
    uint32_t starts[(1 << TOP_BITS) + 1] = {0};
    for (size_t i = 0; i < count; i++) {
        starts[(book->pending[i][kind] >> (64 - TOP_BITS)) + 1]++;
    }
    for (size_t i = 1; i < ARRAY_COUNT(starts); i++) {
        starts[i] += starts[i - 1];
    }
    for (size_t i = 0; i < count; i++) {
        book->pending_order[starts[book->pending[i][kind] >> (64 - TOP_BITS)]++] = (uint32_t)i;
    }
}

static int pending_write(struct book *book)
{
    size_t count = pending_count(book);
    for (unsigned kind = 0; kind < LOOKUP_KIND_COUNT; kind++) {
        pending_sort(book, (enum lookup_kind)kind, count);
        for (size_t i = 0; i < count; i++) {
            size_t index = book->pending_order[i];
            uint64_t hash = book->pending[index][kind];
            uint64_t seq = book->now.lookup_upto + 1 + index;
            uint8_t key[LOOKUP_KEY_LEN];
            if (hash != 0) {
                lookup_key(seq >> BUCKET_BITS, (enum lookup_kind)kind, hash, seq, key);
                TRY(kv_put(book->txn, KV_lookup, span_make(key, sizeof key), SPAN_NONE,
                           KV_REPLACE));
            }
        }
    }
    book->now.lookup_upto = book->now.seq;
    return 0;
}

/* The last thing of a batch: after an abort @pending must still hold what @saved counts. */
int book_find_flush(struct book *book)
{
    size_t count = pending_count(book);
    bool wanted = count >= BOOK_PENDING_MAX || book->batches_unindexed >= BOOK_PENDING_BATCHES;
    if (count > 0 && wanted) {
        book->batches_unindexed = 0;
        return pending_write(book);
    }
    book->batches_unindexed += count > 0 ? 1 : 0;
    return 0;
}

int book_find_load(struct book *book)
{
    uint64_t last = book->now.seq;
    if (last - book->now.lookup_upto > BOOK_PENDING_MAX) {
        return ERR_CORRUPT;
    }
    for (uint64_t seq = book->now.lookup_upto + 1; seq <= last; seq++) {
        struct record record;
        TRY(book_get(book->txn, seq, &record));
        book->now.seq = seq;
        book_find_add(book, &record);
    }
    return 0;
}

/* What one look-up carries. */
struct search {
    enum lookup_kind kind;
    uint64_t hash;
    const struct record *like;
    bool (*fits)(const void *context, const struct record *record);
    const void *context;
};

static int search_record(struct book *book, const struct search *search, uint64_t seq,
                         struct record *out)
{
    TRY(book_get(book->txn, seq, out));
    return agrees(search->kind, out, search->like) && search->fits(search->context, out) ? 1 : 0;
}

/* Rows of one hash are in order of sequence, so the newest that fits is the last. */
static int search_bucket(struct book *book, const struct search *search, uint32_t bucket,
                         struct record *out)
{
    uint64_t seq = 0;
    uint64_t newest = 0;
    for (;;) {
        uint8_t key[LOOKUP_KEY_LEN];
        struct span found;
        struct span value;
        lookup_key(bucket, search->kind, search->hash, seq, key);
        int rc = kv_seek(book->txn, KV_lookup, span_make(key, sizeof key), &found, &value);
        TRY(rc);
        if (rc == 0 || found.len != LOOKUP_KEY_LEN || memcmp(found.ptr, key, LOOKUP_SEQ_AT) != 0) {
            break;
        }
        uint64_t candidate = be64_get(found.ptr + LOOKUP_SEQ_AT);
        seq = candidate + 1;
        rc = search_record(book, search, candidate, out);
        TRY(rc);
        newest = rc == 1 ? candidate : newest;
    }
    return newest == 0 ? 0 : search_record(book, search, newest, out);
}

int book_find(struct book *book, enum lookup_kind kind, const struct record *like,
              bool (*fits)(const void *context, const struct record *record), const void *context,
              struct record *out)
{
    struct search search = {kind, hash_of(kind, like), like, fits, context};
    struct span found;
    struct span value;
    if (search.hash == 0) {
        return 0;
    }
    for (size_t i = pending_count(book); i-- > 0;) {
        if (book->pending[i][kind] == search.hash) {
            int rc = search_record(book, &search, book->now.lookup_upto + 1 + i, out);
            if (rc != 0) {
                return rc;
            }
        }
    }
    int rc = kv_seek(book->txn, KV_lookup, SPAN_NONE, &found, &value);
    if (rc <= 0) {
        return rc;
    }
    uint32_t oldest = be32_get(found.ptr);
    uint32_t newest = (uint32_t)(book->now.lookup_upto >> BUCKET_BITS);
    for (uint32_t bucket = newest + 1; bucket-- > oldest;) {
        rc = search_bucket(book, &search, bucket, out);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}
