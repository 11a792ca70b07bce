/* Rows of the tables by value. Days and totals, which nearly every request changes, are kept in
 * direct-mapped caches and written once a batch; a slot that another key needs is written back
 * first. The caches may keep rows between batches because nobody else writes. */
#include "switch/store/book_internal.h"

static int day_write(struct book *book, struct day_slot *slot)
{
    uint8_t bytes[64];
    struct writer out = writer_make(bytes, sizeof bytes);
    KEY_U32(key, slot->row.day);
    TRY(day_row_encode(&slot->row, &out));
    TRY(kv_put(book->txn, KV_days, key, writer_written(&out), KV_REPLACE));
    slot->dirty = false;
    return 0;
}

/* The slot of @day, freed of another day; its row is to be filled unless it has it. */
static int day_slot(struct book *book, uint32_t day, struct day_slot **out)
{
    struct day_slot *slot = &book->days[day % BOOK_DAY_SLOTS];
    if (slot->used && slot->row.day != day) {
        if (slot->dirty) {
            TRY(day_write(book, slot));
        }
        slot->used = false;
    }
    *out = slot;
    return 0;
}

static int day_get(struct book *book, uint32_t day, struct day_slot **out)
{
    TRY(day_slot(book, day, out));
    if (!(*out)->used) {
        struct span row;
        KEY_U32(key, day);
        TRY(kv_get(book->txn, KV_days, key, &row));
        TRY(day_row_decode(row, &(*out)->row));
        (*out)->used = true;
        (*out)->dirty = false;
    }
    return 0;
}

int book_day_read(struct book *book, uint32_t day, const struct day_row **row)
{
    struct day_slot *slot = NULL;
    TRY(day_get(book, day, &slot));
    *row = &slot->row;
    return 0;
}

int book_day_change(struct book *book, uint32_t day, struct day_row **row)
{
    struct day_slot *slot = NULL;
    TRY(day_get(book, day, &slot));
    slot->dirty = true;
    *row = &slot->row;
    return 0;
}

int book_day_add(struct book *book, const struct day_row *row)
{
    struct day_slot *slot = NULL;
    TRY(day_slot(book, row->day, &slot));
    slot->row = *row;
    slot->used = true;
    slot->dirty = true;
    return 0;
}

void book_totals_key(uint32_t day, const char *issuer, const char *acquirer, uint16_t currency,
                     uint8_t out[TOTALS_KEY_LEN])
{
    memset(out, 0, TOTALS_KEY_LEN);
    be32_put(out, day);
    memcpy(out + 4, issuer, strnlen(issuer, 16));
    memcpy(out + 20, acquirer, strnlen(acquirer, 12));
    be16_put(out + 32, currency);
}

static int totals_write(struct book *book, struct totals_slot *slot)
{
    uint8_t bytes[128];
    struct writer out = writer_make(bytes, sizeof bytes);
    TRY(totals_row_encode(&slot->row, &out));
    TRY(kv_put(book->txn, KV_totals, span_make(slot->key, TOTALS_KEY_LEN), writer_written(&out),
               KV_REPLACE));
    slot->dirty = false;
    return 0;
}

static int totals_load(struct book *book, struct totals_slot *slot)
{
    struct span row;
    int rc = kv_get(book->txn, KV_totals, span_make(slot->key, TOTALS_KEY_LEN), &row);
    if (rc == ERR_NOT_FOUND) {
        memset(&slot->row, 0, sizeof slot->row);
        return 0;
    }
    TRY(rc);
    return totals_row_decode(row, &slot->row);
}

int book_totals_change(struct book *book, uint32_t day, const struct record *record,
                       struct totals_row **row)
{
    uint8_t key[TOTALS_KEY_LEN];
    book_totals_key(day, record->issuer, record->acquirer, record->currency, key);
    uint32_t index = crc32c(0, span_make(key, sizeof key)) & (BOOK_TOTALS_SLOTS - 1);
    struct totals_slot *slot = &book->totals[index];
    if (!slot->used || memcmp(slot->key, key, sizeof key) != 0) {
        if (slot->dirty) {
            TRY(totals_write(book, slot));
        }
        slot->used = false;
        memcpy(slot->key, key, sizeof key);
        TRY(totals_load(book, slot));
        slot->used = true;
    }
    if (!slot->dirty) {
        slot->dirty = true;
        if (book->totals_dirty_count < BOOK_TOTALS_SLOTS) {
            book->totals_dirty[book->totals_dirty_count++] = (uint16_t)index;
        }
    }
    *row = &slot->row;
    return 0;
}

/* The list of dirty slots may name one twice (written back and dirtied again), and is complete
 * unless it is full: then all are looked at. */
int book_rows_flush(struct book *book)
{
    for (size_t i = 0; i < BOOK_DAY_SLOTS; i++) {
        if (book->days[i].dirty) {
            TRY(day_write(book, &book->days[i]));
        }
    }
    bool all = book->totals_dirty_count == BOOK_TOTALS_SLOTS;
    for (size_t i = 0; i < book->totals_dirty_count; i++) {
        struct totals_slot *slot = &book->totals[all ? i : book->totals_dirty[i]];
        if (slot->dirty) {
            TRY(totals_write(book, slot));
        }
    }
    book->totals_dirty_count = 0;
    return 0;
}

void book_rows_forget(struct book *book)
{
    for (size_t i = 0; i < BOOK_DAY_SLOTS; i++) {
        book->days[i].used = false;
        book->days[i].dirty = false;
    }
    for (size_t i = 0; i < BOOK_TOTALS_SLOTS; i++) {
        book->totals[i].used = false;
        book->totals[i].dirty = false;
    }
    book->totals_dirty_count = 0;
}

int book_get(struct kv_txn *txn, uint64_t seq, struct record *out)
{
    struct span row;
    KEY_U64(key, seq);
    TRY(kv_get(txn, KV_txns, key, &row));
    if (row.len < CRC_LEN || be32_get(row.ptr) != crc32c(0, span_skip(row, CRC_LEN))) {
        return ERR_CORRUPT;
    }
    TRY(record_decode(span_skip(row, CRC_LEN), out));
    return out->seq == seq ? 0 : ERR_CORRUPT;
}

/* All of a record that changes after its OPEN: what the journal's later rows of it say. */
static struct span outcome_encode(const struct record *record, uint8_t *bytes, size_t cap)
{
    struct writer out = writer_make(bytes, cap);
    writer_u8(&out, record->state);
    writer_u8(&out, (uint8_t)(record->marked | record->asked << 1));
    writer_be64(&out, (uint64_t)record->handed_ms);
    writer_be64(&out, (uint64_t)record->closed_ms);
    writer_be64(&out, (uint64_t)record->approved_minor);
    writer_be64(&out, (uint64_t)record->remaining_minor);
    writer_be64(&out, record->item_seq);
    writer_be64(&out, record->due_seq);
    writer_put(&out, record->code, sizeof record->code - 1);
    writer_put(&out, record->auth, sizeof record->auth - 1);
    writer_text(&out, record->balance);
    CHECK(!out.overflow);
    return writer_written(&out);
}

int book_record_write(struct book *book, const struct record *record, enum kv_put how,
                      enum journal_type type, int64_t wall_ms)
{
    uint8_t outcome[256];
    struct writer out = writer_make(book->encoded + CRC_LEN, sizeof book->encoded - CRC_LEN);
    KEY_U64(key, record->seq);
    TRY(record_encode(record, &out));
    struct span body = writer_written(&out);
    be32_put(book->encoded, crc32c(0, body));
    TRY(kv_put(book->txn, KV_txns, key, span_make(book->encoded, CRC_LEN + out.len), how));
    if (how != KV_APPEND) {
        body = outcome_encode(record, outcome, sizeof outcome);
    }
    return book_journal_add(book, type, record->seq, wall_ms, body);
}

void book_item_key(uint32_t day, uint64_t item_seq, uint8_t out[ITEM_KEY_LEN])
{
    be32_put(out, day);
    be64_put(out + 4, item_seq);
}

int book_item_put(struct book *book, const struct item_row *item, enum kv_put how)
{
    uint8_t key[ITEM_KEY_LEN];
    uint8_t bytes[128];
    struct writer out = writer_make(bytes, sizeof bytes);
    book_item_key(item->day, item->item_seq, key);
    TRY(item_row_encode(item, &out));
    return kv_put(book->txn, KV_items, span_make(key, sizeof key), writer_written(&out), how);
}

static int money_add(int64_t *sum_minor, int64_t amount_minor)
{
    return __builtin_add_overflow(*sum_minor, amount_minor, sum_minor) ? ERR_RANGE : 0;
}

int book_totals_count(struct book *book, uint32_t day, const struct record *record, uint8_t kind,
                      int64_t amount_minor)
{
    struct totals_row *totals = NULL;
    TRY(book_totals_change(book, day, record, &totals));
    switch (kind) {
    case 'S':
        totals->sales_count++;
        return money_add(&totals->sales_minor, amount_minor);
    case 'R':
        totals->refunds_count++;
        return money_add(&totals->refunds_minor, amount_minor);
    case 'V':
        totals->sales_reversed_count++;
        return money_add(&totals->sales_reversed_minor, amount_minor);
    default:
        CHECK(kind == 'W');
        totals->refunds_reversed_count++;
        return money_add(&totals->refunds_reversed_minor, amount_minor);
    }
}

int book_item_add(struct book *book, const struct record *record, uint32_t day, uint8_t kind,
                  int64_t amount_minor, uint64_t original_item, uint64_t *item_seq)
{
    struct item_row item = {
        .item_seq = ++book->now.item_seq,
        .seq = record->seq,
        .day = day,
        .kind = kind,
        .state = ITEM_OPEN,
        .amount_minor = amount_minor,
        .currency = record->currency,
        .original_item = original_item,
    };
    memcpy(item.issuer, record->issuer, sizeof item.issuer);
    memcpy(item.acquirer, record->acquirer, sizeof item.acquirer);
    *item_seq = item.item_seq;
    /* No item is of a later day than today, so today's are the last of the table. */
    TRY(book_item_put(book, &item, day == book_today(book) ? KV_APPEND : KV_FRESH));
    return book_totals_count(book, day, record, kind, amount_minor);
}

void book_due_key(const char *issuer, uint64_t due_seq, uint8_t out[DUE_KEY_LEN])
{
    memset(out, 0, DUE_KEY_LEN);
    memcpy(out, issuer, strnlen(issuer, 16));
    be64_put(out + 16, due_seq);
}

static int due_day_change(struct book *book, const struct record *record, struct day_row **day)
{
    int rc = book_day_change(book, record->day, day);
    return rc == ERR_NOT_FOUND ? ERR_CORRUPT : rc;
}

int book_dead_add(struct book *book, const struct due_row *due)
{
    uint8_t key[DUE_KEY_LEN];
    book_due_key(due->issuer, due->due_seq, key);
    return kv_put(book->txn, KV_dead, span_make(key, sizeof key), SPAN_NONE, KV_REPLACE);
}

int book_due_add(struct book *book, struct record *record, int64_t wall_ms,
                 struct book_answer *answer)
{
    struct due_row due = {.due_seq = ++book->now.due_seq,
                          .seq = record->seq,
                          .since_ms = wall_ms,
                          .dead = record_is_reversal(record)};
    struct day_row *day = NULL;
    uint8_t key[DUE_KEY_LEN];
    uint8_t bytes[64];
    struct writer out = writer_make(bytes, sizeof bytes);
    memcpy(due.issuer, record->issuer, sizeof due.issuer);
    record->due_seq = due.due_seq;
    book_due_key(due.issuer, due.due_seq, key);
    TRY(due_row_encode(&due, &out));
    TRY(kv_put(book->txn, KV_due, span_make(key, sizeof key), writer_written(&out), KV_FRESH));
    if (due.dead) {
        TRY(book_dead_add(book, &due));
    }
    TRY(due_day_change(book, record, &day));
    day->due_count++;
    day->dead_count += due.dead ? 1 : 0;
    if (answer != NULL && !due.dead) {
        answer->due_added = true;
        memcpy(answer->due_issuer, due.issuer, sizeof answer->due_issuer);
    }
    return 0;
}

int book_due_remove(struct book *book, const struct record *record)
{
    uint8_t key[DUE_KEY_LEN];
    struct span row;
    struct due_row due;
    struct day_row *day = NULL;
    book_due_key(record->issuer, record->due_seq, key);
    int rc = kv_get(book->txn, KV_due, span_make(key, sizeof key), &row);
    TRY(rc == ERR_NOT_FOUND ? ERR_CORRUPT : rc);
    TRY(due_row_decode(row, &due));
    TRY(kv_del(book->txn, KV_due, span_make(key, sizeof key)));
    if (due.dead) {
        TRY(kv_del(book->txn, KV_dead, span_make(key, sizeof key)));
    }
    TRY(due_day_change(book, record, &day));
    if (day->due_count == 0 || day->dead_count < due.dead) {
        return ERR_CORRUPT;
    }
    day->due_count--;
    day->dead_count -= due.dead;
    return 0;
}
