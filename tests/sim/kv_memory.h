/* Ordered tables in memory, with the semantics of the real store and faults on demand.
 *
 * One thread, one transaction at a time. A write transaction keeps an undo log, so abort() and a
 * crash roll back to the last commit, which is what a disk would still hold. Rows are sorted arrays
 * of pointers: quick for the thousands of rows of a simulated night, and simple to trust. */
#pragma once

#include "switch/store/kv.h"

/* A new empty store; @bytes_max 0: no limit, else keys and values may take this much (ERR_FULL).
 * Never NULL. */
struct kv *kv_memory_open(size_t bytes_max);
void kv_memory_close(struct kv *kv);

/* Power loss: a transaction that runs is rolled back (its handle is dead), what was committed
 * stays. */
void kv_memory_crash(struct kv *kv);

/* Let the @nth commit from now (1: the next) fail with ERR_IO, as a failed sync does. Nobody can
 * know then whether the disk has it: @durable says whether it does. 0: no failure. */
void kv_memory_fail_commit(struct kv *kv, uint32_t nth, bool durable);

/* Let the @nth put or del from now fail with @err. 0: no failure. */
void kv_memory_fail_write(struct kv *kv, uint32_t nth, int err);

/* Rows in a table. */
size_t kv_memory_count(struct kv *kv, enum kv_table table);
