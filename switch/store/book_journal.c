/* The journal: append-only, every row holding the hash of the row before it.
 *
 * row = checksum (4), hash of the row before (32), type (1), seq (8), wall_ms (8), body
 * Rows of a transaction are in `trail`, too, so that nobody walks the journal for them.
 * hash = SHA-256(journal sequence (8), row without its checksum)
 * The hash of the newest row is kept in `meta`, so that a cut tail is found, too. */
#include "switch/store/book_internal.h"

static int row_hash(EVP_MD_CTX *digest, const EVP_MD *sha256, struct span key, struct span row,
                    uint8_t out[CHAIN_LEN])
{
    bool ok = EVP_DigestInit_ex2(digest, sha256, NULL) == 1 &&
              EVP_DigestUpdate(digest, key.ptr, key.len) == 1 &&
              EVP_DigestUpdate(digest, row.ptr + CRC_LEN, row.len - CRC_LEN) == 1 &&
              EVP_DigestFinal_ex(digest, out, NULL) == 1;
    return ok ? 0 : ERR_CRYPTO;
}

int book_journal_open(struct book *book)
{
    book->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    book->digest = EVP_MD_CTX_new();
    return book->sha256 != NULL && book->digest != NULL ? 0 : ERR_CRYPTO;
}

void book_journal_close(struct book *book)
{
    EVP_MD_CTX_free(book->digest);
    EVP_MD_free(book->sha256);
}

/* The first row of a transaction is of the newest sequence. */
static int trail_add(struct book *book, enum journal_type type, uint64_t seq)
{
    uint8_t key[TRAIL_KEY_LEN];
    if (!journal_is_of_txn(type)) {
        return 0;
    }
    bool is_first = type == JOURNAL_OPEN || type == JOURNAL_REVERSAL;
    be64_put(key, seq);
    be64_put(key + 8, book->now.journal_seq);
    return kv_put(book->txn, KV_trail, span_make(key, sizeof key), SPAN_NONE,
                  is_first ? KV_APPEND : KV_REPLACE);
}

int book_journal_add(struct book *book, enum journal_type type, uint64_t seq, int64_t wall_ms,
                     struct span body)
{
    struct writer out = writer_make(book->row + CRC_LEN, sizeof book->row - CRC_LEN);
    writer_put(&out, book->now.chain, CHAIN_LEN);
    writer_u8(&out, (uint8_t)type);
    writer_be64(&out, seq);
    writer_be64(&out, (uint64_t)wall_ms);
    writer_span(&out, body);
    CHECK(!out.overflow);
    be32_put(book->row, crc32c(0, writer_written(&out)));

    struct span row = span_make(book->row, CRC_LEN + out.len);
    book->now.journal_seq++;
    KEY_U64(key, book->now.journal_seq);
    TRY(row_hash(book->digest, book->sha256, key, row, book->now.chain));
    TRY(kv_put(book->txn, KV_journal, key, row, KV_APPEND));
    return trail_add(book, type, seq);
}

/* Check one row against the hash of the one before (NULL: unknown, taken on trust) and make
 * @chain its own hash. */
static int row_check(EVP_MD_CTX *digest, const EVP_MD *sha256, struct span key, struct span row,
                     bool trust, uint8_t chain[CHAIN_LEN])
{
    if (key.len != 8 || row.len < JOURNAL_BODY_AT ||
        be32_get(row.ptr) != crc32c(0, span_skip(row, CRC_LEN))) {
        return ERR_CORRUPT;
    }
    if (!trust && memcmp(row.ptr + CRC_LEN, chain, CHAIN_LEN) != 0) {
        return ERR_CORRUPT;
    }
    return row_hash(digest, sha256, key, row, chain);
}

/* The newest row must be the one that `meta` names. */
static int head_check(struct kv_txn *txn, const uint8_t chain[CHAIN_LEN])
{
    struct span head;
    int rc = kv_get(txn, KV_meta, SPAN_LITERAL("chain"), &head);
    if (rc == ERR_NOT_FOUND || (rc == 0 && head.len != CHAIN_LEN + CRC_LEN)) {
        return ERR_CORRUPT;
    }
    TRY(rc);
    return memcmp(head.ptr, chain, CHAIN_LEN) == 0 ? 0 : ERR_CORRUPT;
}

static int chain_walk(struct kv_txn *txn, EVP_MD_CTX *digest, const EVP_MD *sha256, uint64_t from,
                      uint64_t to, uint64_t *bad, uint64_t *rows)
{
    uint8_t chain[CHAIN_LEN] = {0};
    uint64_t next = from == 0 ? 1 : from;
    bool trust = next > 1;
    for (;; next++) {
        KEY_U64(key, next);
        struct span found;
        struct span row;
        int rc = kv_seek(txn, KV_journal, key, &found, &row);
        TRY(rc);
        *bad = next;
        if (rc == 0) {
            /* An empty range says nothing about the head. */
            return *rows == 0 && trust ? 0 : head_check(txn, chain);
        }
        if (!span_equal(found, key)) {
            return ERR_CORRUPT;
        }
        TRY(row_check(digest, sha256, found, row, trust, chain));
        trust = false;
        ++*rows;
        if (next >= to) {
            return 0;
        }
    }
}

int book_verify_chain(struct kv_txn *txn, uint64_t from, uint64_t to, uint64_t *bad, uint64_t *rows)
{
    EVP_MD *sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    int rc = ERR_CRYPTO;
    *bad = 0;
    *rows = 0;
    if (sha256 != NULL && digest != NULL) {
        rc = chain_walk(txn, digest, sha256, from, to, bad, rows);
    }
    EVP_MD_CTX_free(digest);
    EVP_MD_free(sha256);
    return rc;
}
