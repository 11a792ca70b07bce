/* K to sequence: the rows of `ids`, written in rounds (book_find.c).
 *
 * A row for each OPEN in its own commit would touch a page of its own, since keys of one second lie
 * in no order: that was half of all page writes. What makes K durable is the record, which holds
 * it. So the K of the newest records are kept here, all of them (there is one writer, and a start
 * reads them again from their records); the others have a row. */
#include "switch/store/book_internal.h"

/* Keys are mostly digits: each byte counts. */
static uint64_t *head_of(struct book *book, const uint8_t key[RECORD_KEY_LEN])
{
    uint64_t hash = 0xCBF29CE484222325ull ^ key[RECORD_KEY_LEN - 1];
    for (size_t i = 0; i + 8 < RECORD_KEY_LEN; i += 8) {
        hash = (hash ^ be64_get(key + i)) * 0xD6E8FEB86659FD93ull;
        hash ^= hash >> 32;
    }
    return &book->id_heads[hash % BOOK_ID_HEADS];
}
static_assert(RECORD_KEY_LEN % 8 == 1, "four words and a byte");

void book_ids_add(struct book *book, const struct record *record)
{
    struct pending_id *id = &book->ids[pending_slot(record->seq)];
    uint64_t *head = head_of(book, record->key);
    CHECK(*head < record->seq);
    memcpy(id->key, record->key, sizeof id->key);
    id->older = *head;
    *head = record->seq;
}

/* The newest first, so what is older than all that is pending ends the list, and nothing ever has
 * to be taken out of it. */
int book_ids_find(struct book *book, const uint8_t key[RECORD_KEY_LEN], uint64_t *seq)
{
    struct span value;
    for (*seq = *head_of(book, key); *seq > book->now.lookup_upto;) {
        const struct pending_id *id = &book->ids[pending_slot(*seq)];
        if (memcmp(id->key, key, sizeof id->key) == 0) {
            return 1;
        }
        *seq = id->older;
    }
    int rc = kv_get(book->txn, KV_ids, span_make(key, RECORD_KEY_LEN), &value);
    if (rc == ERR_NOT_FOUND) {
        return 0;
    }
    TRY(rc);
    if (value.len != 8) {
        return ERR_CORRUPT;
    }
    *seq = be64_get(value.ptr);
    return 1;
}

int book_ids_write(struct book *book)
{
    for (uint64_t seq = book->now.lookup_upto + 1; seq <= book->now.round_upto; seq++) {
        KEY_U64(value, seq);
        TRY(kv_put(book->txn, KV_ids, span_make(book->ids[pending_slot(seq)].key, RECORD_KEY_LEN),
                   value, KV_REPLACE));
    }
    return 0;
}

void book_ids_forget(struct book *book)
{
    memset(book->id_heads, 0, sizeof book->id_heads);
    for (uint64_t seq = book->now.lookup_upto + 1; seq <= book->now.seq; seq++) {
        struct pending_id *id = &book->ids[pending_slot(seq)];
        uint64_t *head = head_of(book, id->key);
        id->older = *head;
        *head = seq;
    }
}
