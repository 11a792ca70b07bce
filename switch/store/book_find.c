/* Looking up by what a message names: DE32+DE41+DE11, DE37+DE41, the PAN.
 *
 * Key: bucket (4) = sequence / 65,536, kind (1), hash (8), sequence (8); no value. The bucket keeps
 * what is written today on few pages (random keys over a whole table cost 10 to 60 times as much as
 * appended ones); a look-up tries the buckets from the newest, and an original is mostly in the
 * first; of the others, those that may have it (book_summary.c). Rows are written in batches; what
 * is not written yet is searched in memory. */
#include "switch/store/book_internal.h"

enum { LOOKUP_KEY_LEN = 4 + 1 + 8 + 8, LOOKUP_HASH_AT = 5, LOOKUP_SEQ_AT = 13 };

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
        hash = hash_text(hash_text(hash, record->terminal), record->stan);
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
        /* Without DE32: a terminal may send it with the one and leave it out with the other. */
        return strcmp(a->terminal, b->terminal) == 0 && strcmp(a->stan, b->stan) == 0;
    case LOOKUP_RRN:
        return strcmp(a->rrn, b->rrn) == 0 && strcmp(a->terminal, b->terminal) == 0;
    default:
        return memcmp(a->pan_token, b->pan_token, sizeof a->pan_token) == 0;
    }
}

/* A reversal is found by its PAN only: what a reversal names is never another reversal. */
void book_find_add(struct book *book, const struct record *record)
{
    CHECK(record->seq == book->now.seq);
    CHECK(record->seq - book->now.lookup_upto < BOOK_PENDING_SLOTS);
    uint64_t *hashes = book->pending[pending_slot(record->seq)];
    bool reversal = record_is_reversal(record);
    for (unsigned kind = 0; kind < LOOKUP_KIND_COUNT; kind++) {
        hashes[kind] = reversal && kind != LOOKUP_PAN ? 0 : hash_of((enum lookup_kind)kind, record);
    }
    book_ids_add(book, record);
}

static uint64_t bucket_of(const struct book *book, uint64_t seq)
{
    return seq >> book->settings.bucket_bits;
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
static size_t pending_sort(struct book *book, enum lookup_kind kind)
{
    enum { TOP_BITS = 10 };
    uint32_t starts[(1 << TOP_BITS) + 1] = {0};
    for (uint64_t seq = book->now.lookup_upto + 1; seq <= book->now.round_upto; seq++) {
        starts[(book->pending[pending_slot(seq)][kind] >> (64 - TOP_BITS)) + 1]++;
    }
    for (size_t i = 1; i < ARRAY_COUNT(starts); i++) {
        starts[i] += starts[i - 1];
    }
    for (uint64_t seq = book->now.lookup_upto + 1; seq <= book->now.round_upto; seq++) {
        uint64_t top = book->pending[pending_slot(seq)][kind] >> (64 - TOP_BITS);
        book->pending_order[starts[top]++] = (uint32_t)(seq - book->now.lookup_upto);
    }
    return (size_t)(book->now.round_upto - book->now.lookup_upto);
}

static int pending_write(struct book *book, enum lookup_kind kind)
{
    size_t count = pending_sort(book, kind);
    for (size_t i = 0; i < count; i++) {
        uint64_t seq = book->now.lookup_upto + book->pending_order[i];
        uint64_t hash = book->pending[pending_slot(seq)][kind];
        uint8_t key[LOOKUP_KEY_LEN];
        if (hash != 0) {
            lookup_key(bucket_of(book, seq), kind, hash, seq, key);
            TRY(kv_put(book->txn, KV_lookup, span_make(key, sizeof key), SPAN_NONE, KV_REPLACE));
            TRY(book_summary_add(book, bucket_of(book, seq), hash));
        }
    }
    return 0;
}

/* All rows are written of what the round went up to. */
static int round_end(struct book *book)
{
    struct book_counters *now = &book->now;
    uint64_t full = bucket_of(book, now->lookup_upto + 1); /* those before it are full already */
    now->lookup_upto = now->round_upto;
    now->round_upto = 0;
    for (; full < bucket_of(book, now->lookup_upto + 1); full++) {
        TRY(book_summary_write(book, full));
    }
    return 0;
}

/* A round takes several batches, so that none of them keeps its terminals waiting for all of it. A
 * restart between them writes some rows again. Where the map is nearly full it waits: what is left
 * is for what ends. The last thing of a batch: after an abort memory still holds what @saved
 * counts. */
int book_find_flush(struct book *book)
{
    struct book_counters *now = &book->now;
    uint64_t missing = now->seq - now->lookup_upto;
    if (book->room == ROOM_FOR_ENDS ||
        (book->room != ROOM_FOR_ALL && missing < 2 * BOOK_PENDING_MAX)) {
        return 0;
    }
    if (now->round_upto == 0) {
        book->batches_unindexed += missing > 0 ? 1 : 0;
        if (missing < BOOK_PENDING_MAX && book->batches_unindexed <= book->settings.round_batches) {
            return 0;
        }
        book->batches_unindexed = 0;
        now->round_upto = now->seq;
        now->round_step = 0;
    }
    if (now->round_step == 0) {
        TRY(book_ids_write(book));
    } else {
        TRY(pending_write(book, (enum lookup_kind)(now->round_step - 1)));
    }
    return ++now->round_step == ROUND_STEPS ? round_end(book) : 0;
}

/* Make the summary of @bucket, which is not full, from its rows. */
static int bucket_summarize(struct book *book, uint64_t bucket)
{
    uint8_t key[LOOKUP_KEY_LEN + 1] = {0};
    size_t len = 4;
    be32_put(key, (uint32_t)bucket);
    for (;;) {
        struct span found;
        struct span value;
        int rc = kv_seek(book->txn, KV_lookup, span_make(key, len), &found, &value);
        TRY(rc);
        if (rc == 0 || found.len != LOOKUP_KEY_LEN || be32_get(found.ptr) != bucket) {
            return 0;
        }
        memcpy(key, found.ptr, LOOKUP_KEY_LEN);
        len = sizeof key; /* The zero byte behind it: the next key. */
        TRY(book_summary_add(book, bucket, be64_get(key + LOOKUP_HASH_AT)));
    }
}

int book_find_load(struct book *book)
{
    uint64_t last = book->now.seq;
    uint64_t bucket = 0;
    TRY(book_summary_load(book, &bucket));
    for (; bucket <= bucket_of(book, last); bucket++) {
        TRY(bucket_summarize(book, bucket));
    }
    if (last - book->now.lookup_upto >= BOOK_PENDING_SLOTS) {
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
    unsigned (*fits)(const void *context, const struct record *record);
    const void *context;
    unsigned fit; /* of the best up to now, which is @seq */
    uint64_t seq;
};

/* Keep @seq if it fits better than what was found before, or as well and @is_newer. */
static int search_record(struct book *book, struct search *search, uint64_t seq, bool is_newer)
{
    struct record record;
    TRY(book_get(book->txn, seq, &record));
    unsigned fit =
        agrees(search->kind, &record, search->like) ? search->fits(search->context, &record) : 0;
    CHECK(fit <= FIT_BEST);
    if (fit > search->fit || (fit == search->fit && fit != 0 && is_newer)) {
        search->fit = fit;
        search->seq = seq;
    }
    return 0;
}

/* Rows of one hash are in order of sequence, so of equals in one bucket the last is the newest. */
static int search_bucket(struct book *book, struct search *search, uint32_t bucket)
{
    uint64_t seq = 0;
    unsigned before = search->fit;
    for (;;) {
        uint8_t key[LOOKUP_KEY_LEN];
        struct span found;
        struct span value;
        lookup_key(bucket, search->kind, search->hash, seq, key);
        int rc = kv_seek(book->txn, KV_lookup, span_make(key, sizeof key), &found, &value);
        TRY(rc);
        if (rc == 0 || found.len != LOOKUP_KEY_LEN || memcmp(found.ptr, key, LOOKUP_SEQ_AT) != 0) {
            return 0;
        }
        uint64_t candidate = be64_get(found.ptr + LOOKUP_SEQ_AT);
        seq = candidate + 1;
        TRY(search_record(book, search, candidate, search->fit > before));
    }
}

/* The best of what is pending, then of the buckets, each from the newest, until none can be better.
 */
static int search_all(struct book *book, struct search *search)
{
    struct span found;
    struct span value;
    for (uint64_t seq = book->now.seq; seq > book->now.lookup_upto; seq--) {
        if (book->pending[pending_slot(seq)][search->kind] == search->hash) {
            TRY(search_record(book, search, seq, false));
        }
    }
    int rc = kv_seek(book->txn, KV_lookup, SPAN_NONE, &found, &value);
    TRY(rc);
    uint32_t oldest = rc == 1 ? be32_get(found.ptr) : 1;
    uint32_t newest = rc == 1 ? (uint32_t)bucket_of(book, book->now.lookup_upto) : 0;
    for (uint32_t bucket = newest + 1; bucket-- > oldest && search->fit < FIT_BEST;) {
        if (!book_summary_excludes(book, bucket, search->hash)) {
            TRY(search_bucket(book, search, bucket));
        }
    }
    return 0;
}

int book_find(struct book *book, enum lookup_kind kind, const struct record *like,
              unsigned (*fits)(const void *context, const struct record *record),
              const void *context, struct record *out)
{
    struct search search = {
        .kind = kind, .hash = hash_of(kind, like), .like = like, .fits = fits, .context = context};
    if (search.hash == 0) {
        return 0;
    }
    TRY(search_all(book, &search));
    if (search.fit == 0) {
        return 0;
    }
    TRY(book_get(book->txn, search.seq, out));
    return 1;
}
