/* What a long walk reads with. A read transaction keeps every page that it may see: while one
 * lasts, the store of a busy switch only grows, and nothing that was freed is used again. So none
 * lasts:
 *
 * settled    what is read does not change any more (the items and totals of a day whose file is
 *            assigned, the journal's rows): the transaction is renewed every SNAPSHOT_ROWS rows,
 * and the walk goes on behind the row that it has. unsettled  (a preview of a day that is open)
 * rows of different moments would not add up: it is one snapshot, given up (ERR_STALE) when it is
 * older than SNAPSHOT_MS_MAX. */
#pragma once

#include "switch/store/kv.h"

enum { SNAPSHOT_ROWS = 1024, SNAPSHOT_MS_MAX = 30000 };

struct snapshot {
    struct kv *kv;
    struct kv_txn *txn; /* to read in; another after each snapshot_turn() */
    bool settled;
    uint32_t rows; /* since it began */
    int64_t begun_ms;
};

/* Begin. Errors are kv_begin()'s; snapshot_close() is allowed after one, too. */
MUST_USE int snapshot_open(struct snapshot *snapshot, struct kv *kv, bool settled);
void snapshot_close(struct snapshot *snapshot);

/* Before each row: nothing that was read may still be borrowed. 0, ERR_STALE, or what kv_begin()
 * says. */
MUST_USE int snapshot_turn(struct snapshot *snapshot);
