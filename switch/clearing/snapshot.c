#include "switch/clearing/snapshot.h"

#include <errno.h>
#include <lmdb.h>
#include <stdlib.h>

enum { SNAPSHOT_READERS_MAX = 126 };

struct snapshot {
    struct kv kv;
    MDB_env *env;
    MDB_dbi tables[KV_TABLE_COUNT];
};

struct snapshot_txn {
    struct kv_txn base;
    MDB_txn *txn;
    MDB_cursor *cursors[KV_TABLE_COUNT]; /* opened by the first seek */
};

static int translate(int code)
{
    switch (code) {
    case MDB_SUCCESS:
        return 0;
    case MDB_NOTFOUND:
        return ERR_NOT_FOUND;
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

static struct snapshot *snapshot_of(const struct kv *kv)
{
    return (struct snapshot *)(uintptr_t)kv;
}

static struct snapshot_txn *txn_of(struct kv_txn *txn)
{
    return (struct snapshot_txn *)(void *)txn;
}

static MDB_val val(struct span bytes)
{
    return (MDB_val){bytes.len, (void *)(uintptr_t)bytes.ptr};
}

static int snapshot_begin(struct kv *kv, bool write, struct kv_txn **out)
{
    struct snapshot *snapshot = snapshot_of(kv);
    if (write) {
        return ERR_USAGE;
    }
    struct snapshot_txn *txn = calloc(1, sizeof *txn);
    if (txn == NULL) {
        return ERR_MEMORY;
    }
    int code = mdb_txn_begin(snapshot->env, NULL, MDB_RDONLY, &txn->txn);
    if (code == MDB_MAP_RESIZED) { /* The daemon was given a larger map since. */
        code = mdb_env_set_mapsize(snapshot->env, 0);
        code = code == 0 ? mdb_txn_begin(snapshot->env, NULL, MDB_RDONLY, &txn->txn) : code;
    }
    if (code != 0) {
        free(txn);
        return translate(code);
    }
    txn->base.kv = kv;
    *out = &txn->base;
    return 0;
}

static void snapshot_abort(struct kv_txn *base)
{
    struct snapshot_txn *txn = txn_of(base);
    for (size_t i = 0; i < KV_TABLE_COUNT; i++) {
        if (txn->cursors[i] != NULL) {
            mdb_cursor_close(txn->cursors[i]);
        }
    }
    mdb_txn_abort(txn->txn);
    free(txn);
}

static int snapshot_commit(struct kv_txn *base)
{
    snapshot_abort(base);
    return 0;
}

static int snapshot_get(struct kv_txn *base, enum kv_table table, struct span key,
                        struct span *value)
{
    MDB_val k = val(key);
    MDB_val v;
    TRY(translate(mdb_get(txn_of(base)->txn, snapshot_of(base->kv)->tables[table], &k, &v)));
    *value = span_make(v.mv_data, v.mv_size);
    return 0;
}

static int cursor_get(struct kv_txn *base, enum kv_table table, MDB_cursor_op op, struct span key,
                      struct span *found, struct span *value)
{
    struct snapshot_txn *txn = txn_of(base);
    MDB_val k = val(key);
    MDB_val v;
    if (txn->cursors[table] == NULL) {
        TRY(translate(
            mdb_cursor_open(txn->txn, snapshot_of(base->kv)->tables[table], &txn->cursors[table])));
    }
    int code = mdb_cursor_get(txn->cursors[table], &k, &v, op);
    if (code == MDB_NOTFOUND) {
        return 0;
    }
    TRY(translate(code));
    *found = span_make(k.mv_data, k.mv_size);
    *value = span_make(v.mv_data, v.mv_size);
    return 1;
}

static int snapshot_seek(struct kv_txn *base, enum kv_table table, struct span key,
                         struct span *found, struct span *value)
{
    return cursor_get(base, table, key.len == 0 ? MDB_FIRST : MDB_SET_RANGE, key, found, value);
}

static int snapshot_last(struct kv_txn *base, enum kv_table table, struct span *found,
                         struct span *value)
{
    return cursor_get(base, table, MDB_LAST, SPAN_NONE, found, value);
}

static int snapshot_put(struct kv_txn *txn, enum kv_table table, struct span key, struct span value,
                        enum kv_put how)
{
    (void)txn;
    (void)table;
    (void)key;
    (void)value;
    (void)how;
    return ERR_USAGE;
}

static int snapshot_del(struct kv_txn *txn, enum kv_table table, struct span key)
{
    (void)txn;
    (void)table;
    (void)key;
    return ERR_USAGE;
}

static uint32_t snapshot_used_permille(struct kv *kv)
{
    (void)kv;
    return 0;
}

static const struct kv_ops snapshot_ops = {
    .begin = snapshot_begin,
    .commit = snapshot_commit,
    .abort = snapshot_abort,
    .get = snapshot_get,
    .put = snapshot_put,
    .del = snapshot_del,
    .seek = snapshot_seek,
    .last = snapshot_last,
    .used_permille = snapshot_used_permille,
};

static int tables_open(struct snapshot *snapshot)
{
#define KV_TABLE_NAME(name) #name,
    static const char *const names[KV_TABLE_COUNT] = {KV_TABLE_MAP(KV_TABLE_NAME)};
#undef KV_TABLE_NAME
    MDB_txn *txn = NULL;
    TRY(translate(mdb_txn_begin(snapshot->env, NULL, MDB_RDONLY, &txn)));
    for (size_t i = 0; i < KV_TABLE_COUNT; i++) {
        int code = mdb_dbi_open(txn, names[i], 0, &snapshot->tables[i]);
        if (code != 0) {
            mdb_txn_abort(txn);
            return code == MDB_NOTFOUND ? ERR_CORRUPT : translate(code);
        }
    }
    return translate(mdb_txn_commit(txn)); /* Keeps the handles. */
}

static int env_open(struct snapshot *snapshot, const char *path)
{
    TRY(translate(mdb_env_create(&snapshot->env)));
    TRY(translate(mdb_env_set_maxdbs(snapshot->env, KV_TABLE_COUNT)));
    TRY(translate(mdb_env_set_maxreaders(snapshot->env, SNAPSHOT_READERS_MAX)));
    TRY(translate(mdb_env_open(snapshot->env, path, MDB_RDONLY | MDB_NOTLS, 0600)));
    return tables_open(snapshot);
}

int snapshot_open(const char *path, struct kv **out)
{
    struct snapshot *snapshot = calloc(1, sizeof *snapshot);
    if (snapshot == NULL) {
        return ERR_MEMORY;
    }
    snapshot->kv.ops = &snapshot_ops;
    int rc = env_open(snapshot, path);
    if (rc < 0) {
        int saved = errno;
        snapshot_close(&snapshot->kv);
        errno = saved;
        return rc;
    }
    *out = &snapshot->kv;
    return 0;
}

void snapshot_close(struct kv *kv)
{
    struct snapshot *snapshot = snapshot_of(kv);
    if (snapshot->env != NULL) {
        mdb_env_close(snapshot->env);
    }
    free(snapshot);
}

uint64_t snapshot_map_bytes(const struct kv *kv)
{
    MDB_envinfo info = {0};
    (void)mdb_env_info(snapshot_of(kv)->env, &info);
    return info.me_mapsize;
}
