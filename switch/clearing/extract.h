/* From a snapshot of the store to rows in item order: an item, the record of its transaction, and
 * what every format says of it. One row at a time: a day is never held in memory. */
#pragma once

#include "switch/clearing/snapshot.h"
#include "switch/store/book.h"
#include "switch/store/seal.h"

enum { ARN_LEN = 23 };

/* Kinds of items as a file tells them; the order is that of totals and reports. */
enum clearing_kind { CLEARING_S, CLEARING_SR, CLEARING_R, CLEARING_RR, CLEARING_KIND_COUNT };

struct clearing_row {
    struct item_row item;
    enum clearing_kind kind;
    uint32_t de71; /* record number in the file: the header is 1, the first item 2 */
    /* All below only if the item is in the file that is extracted. */
    struct record record;  /* what was bought; pan is clear: extract_wipe() */
    char arn[ARN_LEN + 1]; /* DE31; a reversal item has its original's */
    char local[15];        /* YYYYMMDDhhmmss, local to the terminal */
};

struct extract {
    struct snapshot *snapshot; /* the caller's */
    struct seal *seal;
    uint32_t day;
    uint64_t file_seq;
    uint64_t next_item;
    uint32_t de71;
};

/* Walk all items of @day in @snapshot (which is another one after each row: borrow nothing across
 * extract_next()); records are read, and PANs opened by @seal, only for items of
 * file @file_seq (0: for all that are in no file and not netted; @seal NULL: PANs stay sealed). */
void extract_open(struct extract *extract, struct snapshot *snapshot, struct seal *seal,
                  uint32_t day, uint64_t file_seq);

/* The next item: 1 and @row, 0 at the end. ERR_CORRUPT, ERR_IO, ERR_NOT_FOUND (an item without its
 * record), ERR_STALE (the snapshot). @row holds copies and a clear PAN: extract_wipe() before it
 * goes out of scope. */
MUST_USE int extract_next(struct extract *extract, struct clearing_row *row);

/* True if extract_next() read the record, too: the item is of the file that is extracted. */
bool extract_is_in_file(const struct extract *extract, const struct clearing_row *row);

void extract_wipe(struct clearing_row *row);

/* How @kind is written ("S", "SR", "R", "RR"). Static. */
const char *clearing_kind_name(enum clearing_kind kind);
/* +1 if @kind is credited to the acquirer, -1 if debited. */
int clearing_kind_sign(enum clearing_kind kind);

/* Fill arn and local of @row from its item and record (both valid dates).
 * For extract_next() and for tests. */
void clearing_row_derive(struct clearing_row *row);
