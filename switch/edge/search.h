/* Find a record by what no index has (a DE37 without its terminal, the STAN of a reversal): a walk
 * over all records, newest first, to the end, so that its answer is complete: some 4 s for ten
 * million records that are in memory. It walks on a thread of the loop's pool, because rows that
 * are not in memory are waited for, and in slices, because no reader may hold old pages for long.
 */
#pragma once

#include <uv.h>

#include "switch/store/book.h"

enum { SEARCH_SLICE_MS = 20 };

/* Begin. @like: what is wanted of terminal, stan and rrn; "" is any. @done is called once, on the
 * loop: 0 and the sequence, ERR_NOT_FOUND, ERR_IO, or ERR_CLOSED if *@stopping became true. @kv and
 * @stopping outlive the loop's last turn. ERR_MEMORY. */
MUST_USE int search_start(uv_loop_t *loop, struct kv *kv, const bool *stopping,
                          const struct record *like,
                          void (*done)(void *context, int result, uint64_t seq), void *context);
