/* The tables on LMDB: one file `data.mdb`, one writing thread, readers on any. LMDB's codes and
 * types end here. */
#pragma once

#include "switch/store/kv.h"

/* Open the environment in the directory @path (it must exist), with a map of @map_bytes, making
 * files and tables that are not there. ERR_IO (errno tells), ERR_FULL, ERR_CORRUPT (not LMDB's, or
 * of another version). @out is the caller's until kv_lmdb_close(). */
MUST_USE int kv_lmdb_open(const char *path, size_t map_bytes, struct kv **out);

/* No transaction may be running. */
void kv_lmdb_close(struct kv *kv);
