#include "tests/sim/kv_memory.h"

#include <stdlib.h>

struct row {
    size_t key_len;
    size_t value_len;
    uint8_t bytes[]; /* key, value */
};

struct table {
    struct row **rows;
    size_t count;
    size_t cap;
};

/* @before is what stood under the key: NULL if nothing did. The key is that of @before or of the
 * row which is there now. */
struct undo {
    enum kv_table table;
    struct row *before;
    struct row *after; /* not owned: it is in the table; NULL after a del */
};

struct memory {
    struct kv kv;
    struct kv_txn txn;
    bool running;
    bool writing;
    struct table tables[KV_TABLE_COUNT];
    struct undo *undo;
    size_t undo_count;
    size_t undo_cap;
    size_t bytes;
    size_t bytes_max;
    uint32_t fail_commit;
    bool fail_durable;
    uint32_t fail_write;
    int fail_write_err;
};

static struct memory *memory_of(struct kv_txn *txn)
{
    return (struct memory *)(void *)txn->kv;
}

static int compare(const struct row *row, struct span key)
{
    size_t shorter = row->key_len < key.len ? row->key_len : key.len;
    int order = shorter == 0 ? 0 : memcmp(row->bytes, key.ptr, shorter);
    return order != 0 ? order : (row->key_len > key.len) - (row->key_len < key.len);
}

/* Where the first row with a key >= @key is; *@same if it has that key. */
static size_t find(const struct table *table, struct span key, bool *same)
{
    size_t low = 0;
    size_t high = table->count;
    *same = false;
    if (high > 0 && compare(table->rows[high - 1], key) < 0) {
        return high;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(table->rows[middle], key);
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
            *same = *same || order == 0;
        }
    }
    return low;
}

static void insert_at(struct table *table, size_t at, struct row *row)
{
    if (table->count == table->cap) {
        table->cap = table->cap == 0 ? 64 : 2 * table->cap;
        table->rows = realloc(table->rows, table->cap * sizeof(struct row *));
        CHECK(table->rows != NULL);
    }
    memmove(table->rows + at + 1, table->rows + at, (table->count - at) * sizeof(struct row *));
    table->rows[at] = row;
    table->count++;
}

static void remove_at(struct table *table, size_t at)
{
    table->count--;
    memmove(table->rows + at, table->rows + at + 1, (table->count - at) * sizeof(struct row *));
}

static void remember(struct memory *memory, enum kv_table table, struct row *before,
                     struct row *after)
{
    if (memory->undo_count == memory->undo_cap) {
        memory->undo_cap = memory->undo_cap == 0 ? 256 : 2 * memory->undo_cap;
        memory->undo = realloc(memory->undo, memory->undo_cap * sizeof *memory->undo);
        CHECK(memory->undo != NULL);
    }
    memory->undo[memory->undo_count++] = (struct undo){table, before, after};
}

static size_t row_len(const struct row *row)
{
    return row == NULL ? 0 : row->key_len + row->value_len;
}

static void roll_back(struct memory *memory)
{
    while (memory->undo_count > 0) {
        struct undo *undo = &memory->undo[--memory->undo_count];
        struct table *table = &memory->tables[undo->table];
        struct row *named = undo->after != NULL ? undo->after : undo->before;
        bool same = false;
        size_t at = find(table, span_make(named->bytes, named->key_len), &same);
        CHECK(same == (undo->after != NULL));
        if (undo->after != NULL) {
            remove_at(table, at);
        }
        if (undo->before != NULL) {
            insert_at(table, at, undo->before);
        }
        memory->bytes = memory->bytes + row_len(undo->before) - row_len(undo->after);
        free(undo->after);
    }
}

static void keep(struct memory *memory)
{
    for (size_t i = 0; i < memory->undo_count; i++) {
        free(memory->undo[i].before);
    }
    memory->undo_count = 0;
}

static int memory_begin(struct kv *kv, bool write, struct kv_txn **out)
{
    struct memory *memory = (struct memory *)(void *)kv;
    CHECK(!memory->running);
    memory->running = true;
    memory->writing = write;
    memory->txn.kv = kv;
    *out = &memory->txn;
    return 0;
}

static void memory_abort(struct kv_txn *txn)
{
    struct memory *memory = memory_of(txn);
    CHECK(memory->running);
    roll_back(memory);
    memory->running = false;
}

static int memory_commit(struct kv_txn *txn)
{
    struct memory *memory = memory_of(txn);
    CHECK(memory->running);
    memory->running = false;
    if (memory->writing && memory->fail_commit > 0 && --memory->fail_commit == 0) {
        if (memory->fail_durable) {
            keep(memory);
        } else {
            roll_back(memory);
        }
        return ERR_IO;
    }
    keep(memory);
    return 0;
}

static int memory_get(struct kv_txn *txn, enum kv_table table, struct span key, struct span *value)
{
    struct memory *memory = memory_of(txn);
    bool same = false;
    CHECK(memory->running);
    size_t at = find(&memory->tables[table], key, &same);
    if (!same) {
        return ERR_NOT_FOUND;
    }
    struct row *row = memory->tables[table].rows[at];
    *value = span_make(row->bytes + row->key_len, row->value_len);
    return 0;
}

/* True if this write is the one that was asked to fail. */
static bool write_fails(struct memory *memory)
{
    CHECK(memory->running);
    CHECK(memory->writing);
    return memory->fail_write > 0 && --memory->fail_write == 0;
}

static int memory_put(struct kv_txn *txn, enum kv_table table_index, struct span key,
                      struct span value, enum kv_put how)
{
    struct memory *memory = memory_of(txn);
    struct table *table = &memory->tables[table_index];
    bool same = false;
    if (write_fails(memory)) {
        return memory->fail_write_err;
    }
    CHECK(key.len > 0);
    size_t at = find(table, key, &same);
    if ((how == KV_FRESH && same) || (how == KV_APPEND && at < table->count)) {
        return ERR_EXISTS;
    }
    struct row *before = same ? table->rows[at] : NULL;
    size_t bytes = memory->bytes - row_len(before) + key.len + value.len;
    if (memory->bytes_max > 0 && bytes > memory->bytes_max) {
        return ERR_FULL;
    }
    struct row *row = malloc(sizeof *row + key.len + value.len);
    CHECK(row != NULL);
    row->key_len = key.len;
    row->value_len = value.len;
    memcpy(row->bytes, key.ptr, key.len);
    if (value.len > 0) {
        memcpy(row->bytes + key.len, value.ptr, value.len);
    }
    if (same) {
        table->rows[at] = row;
    } else {
        insert_at(table, at, row);
    }
    memory->bytes = bytes;
    remember(memory, table_index, before, row);
    return 0;
}

static int memory_del(struct kv_txn *txn, enum kv_table table_index, struct span key)
{
    struct memory *memory = memory_of(txn);
    struct table *table = &memory->tables[table_index];
    bool same = false;
    if (write_fails(memory)) {
        return memory->fail_write_err;
    }
    size_t at = find(table, key, &same);
    if (!same) {
        return ERR_NOT_FOUND;
    }
    struct row *before = table->rows[at];
    remove_at(table, at);
    memory->bytes -= row_len(before);
    remember(memory, table_index, before, NULL);
    return 0;
}

static int row_at(struct table *table, size_t at, struct span *found, struct span *value)
{
    if (at >= table->count) {
        return 0;
    }
    struct row *row = table->rows[at];
    *found = span_make(row->bytes, row->key_len);
    *value = span_make(row->bytes + row->key_len, row->value_len);
    return 1;
}

static int memory_seek(struct kv_txn *txn, enum kv_table table, struct span key, struct span *found,
                       struct span *value)
{
    struct memory *memory = memory_of(txn);
    bool same = false;
    CHECK(memory->running);
    return row_at(&memory->tables[table], find(&memory->tables[table], key, &same), found, value);
}

static int memory_last(struct kv_txn *txn, enum kv_table table_index, struct span *found,
                       struct span *value)
{
    struct memory *memory = memory_of(txn);
    struct table *table = &memory->tables[table_index];
    CHECK(memory->running);
    return table->count == 0 ? 0 : row_at(table, table->count - 1, found, value);
}

static int memory_leaves(struct kv_txn *txn, uint32_t permille)
{
    const struct memory *memory = memory_of(txn);
    size_t left = memory->bytes_max / 1000 * permille;
    return memory->bytes_max > 0 && memory->bytes + left > memory->bytes_max ? ERR_FULL : 0;
}

static uint32_t memory_used_permille(struct kv *kv)
{
    struct memory *memory = (struct memory *)(void *)kv;
    return memory->bytes_max == 0 ? 0 : (uint32_t)(memory->bytes * 1000 / memory->bytes_max);
}

static const struct kv_ops memory_ops = {
    .begin = memory_begin,
    .commit = memory_commit,
    .abort = memory_abort,
    .get = memory_get,
    .put = memory_put,
    .del = memory_del,
    .seek = memory_seek,
    .last = memory_last,
    .leaves = memory_leaves,
    .used_permille = memory_used_permille,
};

struct kv *kv_memory_open(size_t bytes_max)
{
    struct memory *memory = calloc(1, sizeof *memory);
    CHECK(memory != NULL);
    memory->kv.ops = &memory_ops;
    memory->bytes_max = bytes_max;
    return &memory->kv;
}

void kv_memory_close(struct kv *kv)
{
    struct memory *memory = (struct memory *)(void *)kv;
    kv_memory_crash(kv);
    for (size_t t = 0; t < KV_TABLE_COUNT; t++) {
        for (size_t i = 0; i < memory->tables[t].count; i++) {
            free(memory->tables[t].rows[i]);
        }
        free(memory->tables[t].rows);
    }
    free(memory->undo);
    free(memory);
}

void kv_memory_crash(struct kv *kv)
{
    struct memory *memory = (struct memory *)(void *)kv;
    if (memory->running) {
        memory_abort(&memory->txn);
    }
}

void kv_memory_fail_commit(struct kv *kv, uint32_t nth, bool durable)
{
    struct memory *memory = (struct memory *)(void *)kv;
    memory->fail_commit = nth;
    memory->fail_durable = durable;
}

void kv_memory_fail_write(struct kv *kv, uint32_t nth, int err)
{
    struct memory *memory = (struct memory *)(void *)kv;
    memory->fail_write = nth;
    memory->fail_write_err = err;
}

size_t kv_memory_count(struct kv *kv, enum kv_table table)
{
    return ((struct memory *)(void *)kv)->tables[table].count;
}
