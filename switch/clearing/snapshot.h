/* The store as a reader sees it that is not the daemon: LMDB opened read-only, behind struct kv.
 *
 * Safe while the daemon writes. Only begin (for reading), abort, get and seek do anything. LMDB
 * must not be open twice in one process: close this before store_open() on the same directory. */
#pragma once

#include "switch/store/kv.h"

/* Open the store in directory @path. ERR_NOT_FOUND if there is none, ERR_IO (errno tells),
 * ERR_CORRUPT (not a store of this kind). */
MUST_USE int snapshot_open(const char *path, struct kv **out);
void snapshot_close(struct kv *kv);

/* The map that the store was last written with, in bytes. */
uint64_t snapshot_map_bytes(const struct kv *kv);
