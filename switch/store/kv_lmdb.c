#include "switch/store/kv_lmdb.h"

#include <errno.h>
#include <lmdb.h>
#include <stdatomic.h>
#include <stdlib.h>

enum {
    READERS_MAX = 126,
    /* Above this share of the map the free pages inside it are counted, too: that is a walk, made
     * once in so many commits. */
    FREE_COUNT_PERMILLE = 800,
    FREE_COUNT_COMMITS = 8,
    FREE_COUNT_OFTEN_PERMILLE = 880, /* and above this one, as often as it costs next to nothing */
    FREE_COUNT_ROWS = 16,            /* a commit */
    /* Below this share nothing that one transaction writes comes near the end. */
    LEAVES_PERMILLE = 600,
    LEAVES_PAGES_MAX = 16384, /* of a larger map this much counts */
    READER_CHECK_COMMITS = 128,
};

struct lmdb_txn {
    struct kv_txn base;
    MDB_txn *txn;
    MDB_cursor *cursors[KV_TABLE_COUNT]; /* opened by the first seek */
    bool write;
};

struct lmdb {
    struct kv kv;
    MDB_env *env;
    MDB_dbi tables[KV_TABLE_COUNT];
    struct lmdb_txn writer; /* the one write transaction */
    size_t page_len;
    size_t map_pages;
    uint64_t free_pages; /* writer thread: as of the last walk */
    uint32_t free_rows;  /* of the last walk: while somebody reads, one a commit is added */
    uint32_t commits_since_walk;
    uint32_t commits; /* writer thread */
    bool readonly;
    bool poisoned;             /* writer thread: a commit failed */
    _Atomic uint32_t permille; /* written by the writer thread, read by any */
};

/* LMDB's codes to ours. */
static int translate(int code)
{
    switch (code) {
    case MDB_SUCCESS:
        return 0;
    case MDB_NOTFOUND:
        return ERR_NOT_FOUND;
    case MDB_KEYEXIST:
        return ERR_EXISTS;
    case MDB_MAP_FULL:
        return ERR_FULL;
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
        return ERR_CORRUPT;
    case ENOENT:
        return ERR_NOT_FOUND;
    case ENOMEM:
        return ERR_MEMORY;
    default:
        errno = code > 0 ? code : EIO;
        return ERR_IO;
    }
}

static struct lmdb *lmdb_of(struct kv *kv)
{
    return (struct lmdb *)(void *)kv;
}

static struct lmdb_txn *txn_of(struct kv_txn *txn)
{
    return (struct lmdb_txn *)(void *)txn;
}

static MDB_val val(struct span bytes)
{
    return (MDB_val){bytes.len, (void *)(uintptr_t)bytes.ptr};
}

static struct span span_of(MDB_val value)
{
    return span_make(value.mv_data, value.mv_size);
}

/* A line of LMDB's list of readers ends with the transaction that its reader sees. */
static int oldest_keep(const char *line, void *context)
{
    size_t *oldest = context;
    uint64_t number = 0;
    const char *last = strrchr(line, ' ');
    size_t len = last == NULL ? 0 : strcspn(last + 1, "\n");
    if (len > 0 && span_number(span_make((const uint8_t *)last + 1, len), &number) == 0) {
        *oldest = number < *oldest ? (size_t)number : *oldest;
    }
    return 0;
}

/* Pages of the free list that no reader sees: each of its rows is of the transaction that freed
 * them, and begins with how many they are. */
static int free_count(struct lmdb *lmdb, uint64_t *pages)
{
    MDB_txn *txn = NULL;
    MDB_cursor *cursor = NULL;
    MDB_val key;
    MDB_val value;
    size_t oldest = SIZE_MAX;
    *pages = 0;
    lmdb->free_rows = 0;
    (void)mdb_reader_list(lmdb->env, oldest_keep, &oldest); /* what it returns is the callback's */
    TRY(translate(mdb_txn_begin(lmdb->env, NULL, MDB_RDONLY, &txn)));
    int code = mdb_cursor_open(txn, 0, &cursor);
    if (code == 0) {
        while ((code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
            size_t freed_by = 0;
            size_t count = 0;
            memcpy(&freed_by, key.mv_data, sizeof freed_by);
            memcpy(&count, value.mv_data, sizeof count);
            *pages += freed_by < oldest ? count : 0;
            lmdb->free_rows++;
        }
        mdb_cursor_close(cursor);
    }
    mdb_txn_abort(txn);
    return code == MDB_NOTFOUND ? 0 : translate(code);
}

/* A reader that was killed (swclear, in the middle of a day) leaves its slot in the table, and what
 * it saw would never be used again: the store of a running switch would grow until it is full. */
static int dead_readers_clear(struct lmdb *lmdb)
{
    return translate(mdb_reader_check(lmdb->env, NULL));
}

/* The pages in use. LMDB's count only grows: pages that were freed are below it, and are used
 * again before it grows. */
static int usage_count(struct lmdb *lmdb)
{
    MDB_envinfo info;
    TRY(translate(mdb_env_info(lmdb->env, &info)));
    uint64_t pages = info.me_last_pgno + 1;
    uint32_t every =
        atomic_load_explicit(&lmdb->permille, memory_order_relaxed) < FREE_COUNT_OFTEN_PERMILLE
            ? FREE_COUNT_COMMITS
            : 1;
    if (pages * 1000 / lmdb->map_pages >= FREE_COUNT_PERMILLE &&
        ++lmdb->commits_since_walk >= every + lmdb->free_rows / FREE_COUNT_ROWS) {
        lmdb->commits_since_walk = 0;
        TRY(free_count(lmdb, &lmdb->free_pages));
    }
    pages -= lmdb->free_pages < pages ? lmdb->free_pages : pages;
    atomic_store_explicit(&lmdb->permille, (uint32_t)(pages * 1000 / lmdb->map_pages),
                          memory_order_relaxed);
    return 0;
}

static int lmdb_begin(struct kv *kv, bool write, struct kv_txn **out)
{
    struct lmdb *lmdb = lmdb_of(kv);
    struct lmdb_txn *txn = &lmdb->writer;
    if (write) {
        CHECK(txn->txn == NULL);
        if (lmdb->poisoned || lmdb->readonly) {
            return lmdb->readonly ? ERR_USAGE : ERR_IO;
        }
    } else {
        txn = calloc(1, sizeof *txn);
        if (txn == NULL) {
            return ERR_MEMORY;
        }
    }
    txn->base.kv = kv;
    txn->write = write;
    int code = mdb_txn_begin(lmdb->env, NULL, write ? 0 : MDB_RDONLY, &txn->txn);
    if (code == MDB_MAP_RESIZED && lmdb->readonly) { /* The writer was given a larger map since. */
        code = mdb_env_set_mapsize(lmdb->env, 0);
        code = code == 0 ? mdb_txn_begin(lmdb->env, NULL, MDB_RDONLY, &txn->txn) : code;
    }
    if (code != 0) {
        txn->txn = NULL;
        if (!write) {
            free(txn);
        }
        return translate(code);
    }
    *out = &txn->base;
    return 0;
}

static void cursors_close(struct lmdb_txn *txn)
{
    for (size_t i = 0; i < KV_TABLE_COUNT; i++) {
        if (txn->cursors[i] != NULL) {
            mdb_cursor_close(txn->cursors[i]);
            txn->cursors[i] = NULL;
        }
    }
}

static void lmdb_abort(struct kv_txn *base)
{
    struct lmdb_txn *txn = txn_of(base);
    cursors_close(txn);
    mdb_txn_abort(txn->txn);
    txn->txn = NULL;
    if (!txn->write) {
        free(txn);
    }
}

static int lmdb_commit(struct kv_txn *base)
{
    struct lmdb_txn *txn = txn_of(base);
    struct lmdb *lmdb = lmdb_of(base->kv);
    if (!txn->write) {
        lmdb_abort(base);
        return 0;
    }
    cursors_close(txn);
    int rc = translate(mdb_txn_commit(txn->txn));
    txn->txn = NULL;
    if (rc == 0 && ++lmdb->commits % READER_CHECK_COMMITS == 0) {
        rc = dead_readers_clear(lmdb);
    }
    if (rc == 0) {
        rc = usage_count(lmdb);
    }
    /* LMDB forgets a failed fdatasync: the next commit would succeed over a hole. */
    lmdb->poisoned = rc < 0 && rc != ERR_FULL;
    return rc;
}

/* LMDB does not tell how many pages a transaction has left: take them, in one within it that is
 * aborted. A value of a page is on a page of its own. */
static int probe(struct lmdb *lmdb, MDB_txn *parent, size_t pages)
{
    enum { PAGE_HEADER_LEN = 16 };
    MDB_txn *txn = NULL;
    TRY(translate(mdb_txn_begin(lmdb->env, parent, 0, &txn)));
    int code = 0;
    for (size_t i = 0; i < pages && code == 0; i++) {
        uint8_t bytes[8];
        be64_put(bytes, i);
        MDB_val key = {sizeof bytes, bytes};
        MDB_val value = {lmdb->page_len - PAGE_HEADER_LEN, NULL};
        code = mdb_put(txn, lmdb->tables[KV_meta], &key, &value, MDB_RESERVE);
    }
    mdb_txn_abort(txn);
    return translate(code);
}

static int lmdb_get(struct kv_txn *base, enum kv_table table, struct span key, struct span *value)
{
    struct lmdb_txn *txn = txn_of(base);
    MDB_val k = val(key);
    MDB_val v;
    int code = mdb_get(txn->txn, lmdb_of(base->kv)->tables[table], &k, &v);
    if (code == 0) {
        *value = span_of(v);
    }
    return translate(code);
}

static int lmdb_put(struct kv_txn *base, enum kv_table table, struct span key, struct span value,
                    enum kv_put how)
{
    static const unsigned flags[] = {
        [KV_REPLACE] = 0, [KV_FRESH] = MDB_NOOVERWRITE, [KV_APPEND] = MDB_APPEND};
    struct lmdb_txn *txn = txn_of(base);
    MDB_val k = val(key);
    MDB_val v = val(value);
    return translate(mdb_put(txn->txn, lmdb_of(base->kv)->tables[table], &k, &v, flags[how]));
}

static int lmdb_del(struct kv_txn *base, enum kv_table table, struct span key)
{
    struct lmdb_txn *txn = txn_of(base);
    MDB_val k = val(key);
    return translate(mdb_del(txn->txn, lmdb_of(base->kv)->tables[table], &k, NULL));
}

static int cursor_of(struct lmdb_txn *txn, enum kv_table table, MDB_cursor **out)
{
    if (txn->cursors[table] == NULL) {
        TRY(translate(
            mdb_cursor_open(txn->txn, lmdb_of(txn->base.kv)->tables[table], &txn->cursors[table])));
    }
    *out = txn->cursors[table];
    return 0;
}

static int cursor_get(MDB_cursor *cursor, struct span key, MDB_cursor_op op, struct span *found,
                      struct span *value)
{
    MDB_val k = val(key);
    MDB_val v;
    int code = mdb_cursor_get(cursor, &k, &v, op);
    if (code == MDB_NOTFOUND) {
        return 0;
    }
    TRY(translate(code));
    *found = span_of(k);
    *value = span_of(v);
    return 1;
}

static int lmdb_seek(struct kv_txn *base, enum kv_table table, struct span key, struct span *found,
                     struct span *value)
{
    MDB_cursor *cursor = NULL;
    TRY(cursor_of(txn_of(base), table, &cursor));
    return cursor_get(cursor, key, key.len == 0 ? MDB_FIRST : MDB_SET_RANGE, found, value);
}

static int lmdb_last(struct kv_txn *base, enum kv_table table, struct span *found,
                     struct span *value)
{
    MDB_cursor *cursor = NULL;
    TRY(cursor_of(txn_of(base), table, &cursor));
    return cursor_get(cursor, SPAN_NONE, MDB_LAST, found, value);
}

static int lmdb_leaves(struct kv_txn *base, uint32_t permille)
{
    struct lmdb *lmdb = lmdb_of(base->kv);
    size_t pages = lmdb->map_pages < LEAVES_PAGES_MAX ? lmdb->map_pages : LEAVES_PAGES_MAX;
    if (atomic_load_explicit(&lmdb->permille, memory_order_relaxed) < LEAVES_PERMILLE) {
        return 0;
    }
    return probe(lmdb, txn_of(base)->txn, pages * permille / 1000);
}

static uint32_t lmdb_used_permille(struct kv *kv)
{
    return atomic_load_explicit(&lmdb_of(kv)->permille, memory_order_relaxed);
}

static const struct kv_ops lmdb_ops = {
    .begin = lmdb_begin,
    .commit = lmdb_commit,
    .abort = lmdb_abort,
    .get = lmdb_get,
    .put = lmdb_put,
    .del = lmdb_del,
    .seek = lmdb_seek,
    .last = lmdb_last,
    .leaves = lmdb_leaves,
    .used_permille = lmdb_used_permille,
};

static int tables_open(struct lmdb *lmdb)
{
#define KV_TABLE_NAME(name) #name,
    static const char *const names[KV_TABLE_COUNT] = {KV_TABLE_MAP(KV_TABLE_NAME)};
#undef KV_TABLE_NAME
    MDB_txn *txn = NULL;
    TRY(translate(mdb_txn_begin(lmdb->env, NULL, lmdb->readonly ? MDB_RDONLY : 0, &txn)));
    for (size_t i = 0; i < KV_TABLE_COUNT; i++) {
        int code = mdb_dbi_open(txn, names[i], lmdb->readonly ? 0 : MDB_CREATE, &lmdb->tables[i]);
        if (code != 0) {
            mdb_txn_abort(txn);
            /* An environment without our tables is no store. */
            return code == MDB_NOTFOUND ? ERR_CORRUPT : translate(code);
        }
    }
    return translate(mdb_txn_commit(txn));
}

/* MDB_NOTLS: a read transaction belongs to its handle, not to its thread, so one thread may hold a
 * reader and others come and go. */
static int env_open(struct lmdb *lmdb, const char *path, size_t map_bytes)
{
    MDB_stat stat;
    TRY(translate(mdb_env_create(&lmdb->env)));
    TRY(translate(mdb_env_set_maxdbs(lmdb->env, KV_TABLE_COUNT)));
    TRY(translate(mdb_env_set_maxreaders(lmdb->env, READERS_MAX)));
    if (!lmdb->readonly) {
        TRY(translate(mdb_env_set_mapsize(lmdb->env, map_bytes)));
    }
    TRY(translate(
        mdb_env_open(lmdb->env, path, MDB_NOTLS | (lmdb->readonly ? MDB_RDONLY : 0), 0600)));
    TRY(dead_readers_clear(lmdb));
    TRY(tables_open(lmdb));
    TRY(translate(mdb_env_stat(lmdb->env, &stat)));
    lmdb->page_len = stat.ms_psize;
    lmdb->map_pages = kv_lmdb_map_bytes(&lmdb->kv) / lmdb->page_len;
    return usage_count(lmdb);
}

uint64_t kv_lmdb_map_bytes(struct kv *kv)
{
    MDB_envinfo info;
    return mdb_env_info(lmdb_of(kv)->env, &info) == 0 ? info.me_mapsize : 0;
}

static int open_kv(const char *path, size_t map_bytes, bool readonly, struct kv **out)
{
    struct lmdb *lmdb = calloc(1, sizeof *lmdb);
    if (lmdb == NULL) {
        return ERR_MEMORY;
    }
    lmdb->kv.ops = &lmdb_ops;
    lmdb->readonly = readonly;
    int rc = env_open(lmdb, path, map_bytes);
    if (rc < 0) {
        int saved = errno;
        kv_lmdb_close(&lmdb->kv);
        errno = saved;
        return rc;
    }
    *out = &lmdb->kv;
    return 0;
}

int kv_lmdb_open(const char *path, size_t map_bytes, struct kv **out)
{
    return open_kv(path, map_bytes, false, out);
}

int kv_lmdb_open_readonly(const char *path, struct kv **out)
{
    return open_kv(path, 0, true, out);
}

void kv_lmdb_close(struct kv *kv)
{
    struct lmdb *lmdb = lmdb_of(kv);
    if (lmdb->env != NULL) {
        mdb_env_close(lmdb->env);
    }
    free(lmdb);
}
