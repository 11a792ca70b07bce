/* Checks of a book at rest: money against items, and every checksum. */
#include <stdlib.h>

#include "switch/store/book_internal.h"

/* One group of totals and what its items sum up to. */
struct group {
    uint8_t key[TOTALS_KEY_LEN];
    int64_t totals_minor;
    int64_t items_minor;
};

static int money_count(int64_t *sum_minor, char sign, int64_t amount_minor)
{
    bool overflow = sign == '+' ? __builtin_add_overflow(*sum_minor, amount_minor, sum_minor)
                                : __builtin_sub_overflow(*sum_minor, amount_minor, sum_minor);
    return overflow ? ERR_RANGE : 0;
}

/* Copy @found and the zero byte that makes it the next key. */
static struct span key_behind(struct span found, uint8_t *bytes, size_t cap)
{
    CHECK(found.len < cap);
    memcpy(bytes, found.ptr, found.len);
    bytes[found.len] = 0;
    return span_make(bytes, found.len + 1);
}

/* Append the totals of @day to @groups, which grows. They come in order of their keys. */
static int groups_load(struct kv_txn *txn, uint32_t day, struct group **groups, size_t *count)
{
    uint8_t bytes[TOTALS_KEY_LEN + 1];
    size_t cap = 0;
    be32_put(bytes, day);
    struct span key = span_make(bytes, 4);
    for (;;) {
        struct span found;
        struct span row;
        struct totals_row t;
        int rc = kv_seek(txn, KV_totals, key, &found, &row);
        TRY(rc);
        if (rc == 0 || be32_get(found.ptr) != day) {
            return 0;
        }
        if (*count == cap) {
            cap = cap == 0 ? 64 : 2 * cap;
            struct group *more = realloc(*groups, cap * sizeof *more);
            if (more == NULL) {
                return ERR_MEMORY;
            }
            *groups = more;
        }
        if (found.len != TOTALS_KEY_LEN) {
            return ERR_CORRUPT;
        }
        TRY(totals_row_decode(row, &t));
        struct group *group = &(*groups)[(*count)++];
        memset(group, 0, sizeof *group);
        memcpy(group->key, found.ptr, TOTALS_KEY_LEN);
        TRY(money_count(&group->totals_minor, '+', t.sales_minor));
        TRY(money_count(&group->totals_minor, '-', t.sales_reversed_minor));
        TRY(money_count(&group->totals_minor, '-', t.refunds_minor));
        TRY(money_count(&group->totals_minor, '+', t.refunds_reversed_minor));
        key = key_behind(found, bytes, sizeof bytes);
    }
}

static int compare_groups(const void *a, const void *b)
{
    return memcmp(a, b, TOTALS_KEY_LEN);
}

static int item_count(struct group *groups, size_t count, const struct item_row *item,
                      struct book_totals_fault *fault)
{
    struct group like = {0};
    char sign = item->kind == 'S' || item->kind == 'W' ? '+' : '-';
    if (item->state == ITEM_NETTED) {
        return 0;
    }
    book_totals_key(item->day, item->issuer, item->acquirer, item->currency, like.key);
    struct group *group =
        count == 0 ? NULL : bsearch(&like, groups, count, sizeof like, compare_groups);
    if (group == NULL) {
        memcpy(fault->issuer, item->issuer, sizeof fault->issuer);
        memcpy(fault->acquirer, item->acquirer, sizeof fault->acquirer);
        fault->currency = item->currency;
        fault->items_minor = item->amount_minor;
        return ERR_CORRUPT;
    }
    return money_count(&group->items_minor, sign, item->amount_minor);
}

static int items_count(struct kv_txn *txn, uint32_t day, struct group *groups, size_t count,
                       struct book_totals_fault *fault)
{
    uint8_t bytes[ITEM_KEY_LEN + 1];
    be32_put(bytes, day);
    struct span key = span_make(bytes, 4);
    for (;;) {
        struct span found;
        struct span row;
        struct item_row item;
        int rc = kv_seek(txn, KV_items, key, &found, &row);
        TRY(rc);
        if (rc == 0 || be32_get(found.ptr) != day) {
            return 0;
        }
        TRY(item_row_decode(row, &item));
        TRY(item_count(groups, count, &item, fault));
        key = key_behind(found, bytes, sizeof bytes);
    }
}

int book_check_totals(struct kv_txn *txn, uint32_t day, struct book_totals_fault *fault)
{
    struct group *groups = NULL;
    size_t count = 0;
    memset(fault, 0, sizeof *fault);
    int rc = groups_load(txn, day, &groups, &count);
    rc = rc < 0 ? rc : items_count(txn, day, groups, count, fault);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        if (groups[i].items_minor != groups[i].totals_minor) {
            memcpy(fault->issuer, groups[i].key + 4, RECORD_NAME_LEN);
            memcpy(fault->acquirer, groups[i].key + 20, sizeof fault->acquirer - 1);
            fault->currency = be16_get(groups[i].key + 32);
            fault->items_minor = groups[i].items_minor;
            fault->totals_minor = groups[i].totals_minor;
            rc = ERR_CORRUPT;
        }
    }
    free(groups);
    return rc;
}

/* What the rows of one day say, minus what is found: nothing is to be left. */
struct day_balance {
    uint32_t day;
    uint64_t open_count;
    uint64_t due_count;
    uint64_t dead_count;
};

struct balances {
    struct day_balance *rows; /* in order of their days */
    size_t count;
    size_t cap;
};

static int compare_balances(const void *a, const void *b)
{
    const struct day_balance *x = a;
    const struct day_balance *y = b;
    return (x->day > y->day) - (x->day < y->day);
}

static struct day_balance *balance_of(struct balances *balances, uint32_t day)
{
    struct day_balance like = {.day = day};
    return balances->count == 0
               ? NULL
               : bsearch(&like, balances->rows, balances->count, sizeof like, compare_balances);
}

static int balance_load(struct balances *balances, struct kv_txn *txn, struct span row)
{
    struct day_row day;
    (void)txn;
    TRY(day_row_decode(row, &day));
    if (balances->count == balances->cap) {
        size_t cap = balances->cap == 0 ? 64 : 2 * balances->cap;
        struct day_balance *more = realloc(balances->rows, cap * sizeof *more);
        if (more == NULL) {
            return ERR_MEMORY;
        }
        balances->rows = more;
        balances->cap = cap;
    }
    balances->rows[balances->count++] =
        (struct day_balance){day.day, day.open_count, day.due_count, day.dead_count};
    return 0;
}

static int balance_open(struct balances *balances, struct kv_txn *txn, struct span row)
{
    (void)txn;
    struct day_balance *balance = row.len == 4 ? balance_of(balances, be32_get(row.ptr)) : NULL;
    if (balance == NULL) {
        return ERR_CORRUPT;
    }
    balance->open_count--;
    return 0;
}

static int balance_due(struct balances *balances, struct kv_txn *txn, struct span row)
{
    struct due_row due;
    struct record record;
    TRY(due_row_decode(row, &due));
    int rc = book_get(txn, due.seq, &record);
    TRY(rc == ERR_NOT_FOUND ? ERR_CORRUPT : rc);
    struct day_balance *balance = balance_of(balances, record.day);
    if (balance == NULL) {
        return ERR_CORRUPT;
    }
    balance->due_count--;
    balance->dead_count -= due.dead;
    return 0;
}

static int balance_walk(struct balances *balances, struct kv_txn *txn, enum kv_table table,
                        int (*each)(struct balances *balances, struct kv_txn *txn, struct span row))
{
    uint8_t bytes[64];
    struct span key = SPAN_NONE;
    for (;;) {
        struct span found;
        struct span row;
        int rc = kv_seek(txn, table, key, &found, &row);
        if (rc <= 0) {
            return rc;
        }
        key = key_behind(found, bytes, sizeof bytes);
        TRY(each(balances, txn, row));
    }
}

int book_check_days(struct kv_txn *txn, uint32_t *day)
{
    struct balances balances = {0};
    *day = 0;
    int rc = balance_walk(&balances, txn, KV_days, balance_load);
    rc = rc < 0 ? rc : balance_walk(&balances, txn, KV_open, balance_open);
    rc = rc < 0 ? rc : balance_walk(&balances, txn, KV_due, balance_due);
    for (size_t i = 0; rc == 0 && i < balances.count; i++) {
        const struct day_balance *row = &balances.rows[i];
        if ((row->open_count | row->due_count | row->dead_count) != 0) {
            *day = row->day;
            rc = ERR_CORRUPT;
        }
    }
    free(balances.rows);
    return rc;
}

static int check_behind(struct span row)
{
    size_t len = row.len - CRC_LEN;
    return row.len >= CRC_LEN && crc32c(0, span_first(row, len)) == be32_get(row.ptr + len)
               ? 0
               : ERR_CORRUPT;
}

static int check_before(struct span row)
{
    return row.len >= CRC_LEN && crc32c(0, span_skip(row, CRC_LEN)) == be32_get(row.ptr)
               ? 0
               : ERR_CORRUPT;
}

/* Where the checksum of a table's rows is; tables without one (ids, trail, open, dead, lookup) only
 * point. */
static int (*const checks[KV_TABLE_COUNT])(struct span row) = {
    [KV_meta] = check_behind,  [KV_txns] = check_before,    [KV_journal] = check_before,
    [KV_due] = check_behind,   [KV_items] = check_behind,   [KV_totals] = check_behind,
    [KV_tombs] = check_behind, [KV_summary] = check_behind, [KV_days] = check_behind,
    [KV_files] = check_behind,
};

static int table_check(struct kv_txn *txn, enum kv_table table)
{
    uint8_t bytes[64];
    struct span key = SPAN_NONE;
    for (;;) {
        struct span found;
        struct span row;
        int rc = kv_seek(txn, table, key, &found, &row);
        if (rc <= 0) {
            return rc;
        }
        TRY(checks[table](row));
        key = key_behind(found, bytes, sizeof bytes);
    }
}

int book_verify_rows(struct kv_txn *txn, enum kv_table *table)
{
    uint64_t bad = 0;
    uint64_t rows = 0;
    for (unsigned i = 0; i < KV_TABLE_COUNT; i++) {
        *table = (enum kv_table)i;
        if (checks[i] != NULL) {
            TRY(table_check(txn, *table));
        }
    }
    *table = KV_journal;
    return book_verify_chain(txn, 0, UINT64_MAX, &bad, &rows);
}
