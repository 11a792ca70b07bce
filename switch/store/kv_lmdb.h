/* The tables on LMDB: one file `data.mdb`, one writing thread, readers on any. LMDB's codes and
 * types end here. */
#pragma once

#include "switch/store/kv.h"

/* Open the environment in the directory @path (it must exist), with a map of @map_bytes, making
 * files and tables that are not there. ERR_IO (errno tells), ERR_FULL, ERR_CORRUPT (not LMDB's, or
 * of another version). @out is the caller's until kv_lmdb_close(). */
MUST_USE int kv_lmdb_open(const char *path, size_t map_bytes, struct kv **out);

/* The same to read only, beside the process that writes: nothing is made, put and del are
 * ERR_USAGE. The map is as large as it was last written with. ERR_NOT_FOUND if there is no store.
 * LMDB must not be open twice in one process: close this before store_open() on the same directory.
 */
MUST_USE int kv_lmdb_open_readonly(const char *path, struct kv **out);

/* The size of the map in bytes. */
uint64_t kv_lmdb_map_bytes(struct kv *kv);

/* No transaction may be running. */
void kv_lmdb_close(struct kv *kv);
