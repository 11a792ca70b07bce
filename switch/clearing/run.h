/* A business day into files, exactly once, whatever dies in between:
 *
 *   assign   (store)  the file gets its number and creation time, its items their file: asked again
 *                     until all have it, so that no commit is held up by a long day
 *   write             every format, totals and manifest as .tmp, made durable
 *   built    (store)  size, count and SHA-256 of the IPM file
 *   rename            .tmp to the final names, the directory made durable
 *   publish  (store)  the day is cut
 *
 * Started again at any point it does what is left: items stay assigned, the files are written again
 * and must have the hash that the store remembers. So there is no repair code of its own. */
#pragma once

#include "switch/clearing/manifest.h"
#include "switch/clearing/totals.h"
#include "switch/clearing/writer_port.h"

enum run_step { RUN_ASSIGNED, RUN_WRITTEN, RUN_BUILT, RUN_RENAMED, RUN_PUBLISHED };

struct run_settings {
    const char *out_dir;
    const char *processor; /* 11 digits */
    bool production;
    const struct issuer_id *issuers;
    uint32_t issuer_count;
    int64_t wall_ms;         /* the file's creation time if it is a new one */
    enum run_step last_step; /* RUN_PUBLISHED; less: as if killed after it (tests) */
    bool progress;           /* lines on stderr */
};

struct run_result {
    bool again;               /* it was published before: the files are the same ones again */
    struct manifest manifest; /* of what was written */
    struct totals *totals;    /* NULL, or run_result_deinit()'s to free */
    char why[256];            /* after 1 or an error: a sentence */
};

/* Cut @day. 0; 1 if it may not be cut or does not balance (nothing is published then); or an error
 * of the store, disk or daemon. @seal opens PANs. @result is wholly set. */
MUST_USE int run_day(struct writer_port *port, struct seal *seal, uint32_t day,
                     const struct run_settings *settings, struct run_result *result);
void run_result_deinit(struct run_result *result);

/* The newest day in state @state; 0: there is none. */
MUST_USE int run_newest(struct kv *kv, enum day_state state, uint32_t *day);

/* Days of the store in state @state, oldest first: at most @max; @count is set. */
MUST_USE int run_days(struct kv *kv, enum day_state state, uint32_t *days, size_t max,
                      size_t *count);

/* The row of @day, and of its file (file_seq 0: none). ERR_NOT_FOUND: no such day. */
MUST_USE int run_look(struct kv_txn *txn, uint32_t day, struct day_row *row, struct file_row *file);

const char *day_state_name(uint8_t state);
