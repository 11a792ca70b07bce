/* Ordered key-value tables in transactions: what the book of transactions is written on.
 *
 * Two things stand behind it: LMDB (kv_lmdb.c) and, in the simulator, memory with crashes
 * (tests/sim). So the rules of money (book.c) are one code, run against both.
 * Keys sort as bytes. There is one write transaction at a time; spans that get and next hand out
 * borrow from the store until the next write or the end of the transaction. */
#pragma once

#include "iso8583/base/bytes.h"

/* X(name): the tables of BEHAVIOUR section 1; keys and rows in schema.h. */
#define KV_TABLE_MAP(X)                                                                            \
    X(meta)                                                                                        \
    X(ids)                                                                                         \
    X(txns)                                                                                        \
    X(journal)                                                                                     \
    X(trail)                                                                                       \
    X(open)                                                                                        \
    X(due)                                                                                         \
    X(dead)                                                                                        \
    X(items)                                                                                       \
    X(totals)                                                                                      \
    X(tombs)                                                                                       \
    X(lookup)                                                                                      \
    X(summary)                                                                                     \
    X(days)                                                                                        \
    X(files)

enum kv_table {
#define KV_TABLE_ENUM(name) KV_##name,
    KV_TABLE_MAP(KV_TABLE_ENUM)
#undef KV_TABLE_ENUM
        KV_TABLE_COUNT
};

enum kv_put {
    KV_REPLACE,
    KV_FRESH,  /* ERR_EXISTS if the key is there */
    KV_APPEND, /* the key is greater than all in the table: faster */
};

struct kv;     /* a store */
struct kv_txn; /* a transaction on it */

struct kv_ops {
    /* Begin; @write false: a snapshot for reading, on the calling thread. 0, ERR_IO, ERR_FULL. */
    int (*begin)(struct kv *kv, bool write, struct kv_txn **out);
    /* Make durable. Any error but ERR_FULL means the process must stop (fail stop). Ends @txn. */
    int (*commit)(struct kv_txn *txn);
    void (*abort)(struct kv_txn *txn);
    /* 0 and @value, or ERR_NOT_FOUND, ERR_IO. */
    int (*get)(struct kv_txn *txn, enum kv_table table, struct span key, struct span *value);
    /* 0, ERR_EXISTS, ERR_FULL (the map: nothing more can be written), ERR_IO. */
    int (*put)(struct kv_txn *txn, enum kv_table table, struct span key, struct span value,
               enum kv_put how);
    /* 0 or ERR_NOT_FOUND, ERR_IO. */
    int (*del)(struct kv_txn *txn, enum kv_table table, struct span key);
    /* The first row whose key is >= @key (@key empty: the first row). 1 and the row, 0 at the end,
     * or an error. To go on: seek again with the key found plus a zero byte, see kv_next(). */
    int (*seek)(struct kv_txn *txn, enum kv_table table, struct span key, struct span *found,
                struct span *value);
    /* The last row of the table: 1, 0 if it is empty, or an error. */
    int (*last)(struct kv_txn *txn, enum kv_table table, struct span *found, struct span *value);
    /* Whether @permille of the space would be free still after what @txn wrote: 0, ERR_FULL,
     * ERR_IO. It may write some more. */
    int (*leaves)(struct kv_txn *txn, uint32_t permille);
    /* Share of the space in use, in thousandths. */
    uint32_t (*used_permille)(struct kv *kv);
};

struct kv {
    const struct kv_ops *ops;
};
struct kv_txn {
    struct kv *kv;
};

#define kv_begin(kv_, write_, out_)      ((kv_)->ops->begin((kv_), (write_), (out_)))
#define kv_commit(t_)                    ((t_)->kv->ops->commit(t_))
#define kv_abort(t_)                     ((t_)->kv->ops->abort(t_))
#define kv_get(t_, table_, key_, value_) ((t_)->kv->ops->get((t_), (table_), (key_), (value_)))
#define kv_put(t_, table_, key_, val_, h_)                                                         \
    ((t_)->kv->ops->put((t_), (table_), (key_), (val_), (h_)))
#define kv_del(t_, table_, key_)          ((t_)->kv->ops->del((t_), (table_), (key_)))
#define kv_seek(t_, table_, key_, f_, v_) ((t_)->kv->ops->seek((t_), (table_), (key_), (f_), (v_)))
#define kv_leaves(t_, permille_)          ((t_)->kv->ops->leaves((t_), (permille_)))
#define kv_last(t_, table_, f_, v_)       ((t_)->kv->ops->last((t_), (table_), (f_), (v_)))
