#include "switch/clearing/snapshot.h"

#include <time.h>

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int snapshot_open(struct snapshot *snapshot, struct kv *kv, bool settled)
{
    *snapshot = (struct snapshot){.kv = kv, .settled = settled, .begun_ms = now_ms()};
    return kv_begin(kv, false, &snapshot->txn);
}

void snapshot_close(struct snapshot *snapshot)
{
    if (snapshot->txn != NULL) {
        kv_abort(snapshot->txn);
        snapshot->txn = NULL;
    }
}

int snapshot_turn(struct snapshot *snapshot)
{
    if (!snapshot->settled) {
        return now_ms() - snapshot->begun_ms > SNAPSHOT_MS_MAX ? ERR_STALE : 0;
    }
    if (snapshot->rows++ < SNAPSHOT_ROWS) {
        return 0;
    }
    snapshot->rows = 1;
    snapshot_close(snapshot);
    return kv_begin(snapshot->kv, false, &snapshot->txn);
}
