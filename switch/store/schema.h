/* The tables: keys, rows, version. Numbers in keys are big-endian, so that byte order is their
 * order. Rows are written field by field (big-endian) by schema.c, each with a CRC-32C behind it.
 *
 * meta     name: "version" -> u32; "next" -> the sequences given last; "chain" -> hash of the
 *          newest journal row; "current_day" -> u32; "seal" -> 16 bytes that tell the key file
 * ids      K (33) -> seq (8): the duplicate check, for all but the newest: see book_ids.c
 * txns     seq (8) -> checksum (4), record_encode()
 * journal  jseq (8) -> checksum (4), hash of the row before (32), type, seq, wall_ms, body
 * trail    seq (8), jseq (8) -> nothing: the journal's rows of a transaction
 * open     seq (8) -> day (4)
 * due      issuer (16, zero filled), due_seq (8) -> struct due_row
 * dead     issuer (16, zero filled), due_seq (8) -> nothing: which rows of `due` are dead letters
 * items    day (4), item_seq (8) -> struct item_row: clearing items
 * totals   day (4), issuer (16), acquirer (12), currency (2) -> struct totals_row
 * tombs    kind (1), terminal (8), STAN or RRN (12), card (8), amount (8) -> struct tomb_row:
 *          reversals of the unseen
 * lookup   bucket (4), kind (1), hash (8), seq (8) -> nothing: by DE32+DE41+DE11, DE37+DE41,
 *          PAN token; see book_find.c
 * summary  bucket (4) -> what it cannot have: book_summary.c
 * days     day (4) -> struct day_row
 * files    file_seq (8) -> struct file_row */
#pragma once

#include "switch/core/book.h"
#include "switch/store/kv.h"

enum { SCHEMA_VERSION = 3, CRC_LEN = 4, CHAIN_LEN = 32 };

enum day_state {
    DAY_OPEN = 'O',
    DAY_DRAINING = 'D',
    DAY_DRAINED = 'R',
    DAY_CUT = 'C',
    DAY_CLOSED = 'X'
};

struct day_row {
    uint32_t day;
    uint8_t state; /* enum day_state */
    int64_t opened_ms;
    int64_t closed_ms;   /* when its last state was reached */
    uint64_t open_count; /* OPEN records stamped with it: 0 lets DRAINING become DRAINED */
    uint64_t due_count;  /* rows in `due` of its records: 0 lets it be signed off */
    uint64_t dead_count; /* of them: dead letters */
};

struct due_row {
    uint64_t due_seq;
    uint64_t seq; /* of the original */
    char issuer[RECORD_NAME_LEN + 1];
    /* Times drawn: 0 means that it was never sent. Of a dead letter, when it became one, the times
     * that it was sent. */
    uint32_t tries;
    int64_t since_ms;
    bool dead;
};

enum item_state { ITEM_OPEN = 'O', ITEM_NETTED = 'N', ITEM_IN_FILE = 'F' };

/* One clearing item: 'S' sale, 'R' refund; reversal items (of what is in a file already) are
 * 'V' of a sale, 'W' of a refund. */
struct item_row {
    uint64_t item_seq;
    uint64_t seq; /* of its transaction: the record has PAN, texts, ARN parts */
    uint32_t day; /* the business day it is cleared in */
    uint8_t kind;
    uint8_t state;        /* enum item_state */
    int64_t amount_minor; /* >= 0 */
    uint16_t currency;
    char issuer[RECORD_NAME_LEN + 1];
    char acquirer[12];
    uint64_t file_seq;      /* 0: in none */
    uint64_t original_item; /* of a reversal item */
};

/* Running totals of (day, issuer, acquirer, currency). Counts and minor units. Reversed ones stay
 * in approved and are counted in reversed: approved - reversed = sum of items (I8). */
struct totals_row {
    uint64_t sales_count, refunds_count, sales_reversed_count, refunds_reversed_count;
    int64_t sales_minor, refunds_minor, sales_reversed_minor, refunds_reversed_minor;
    uint64_t declined_count, unknown_count, reversal_done_count, late_count;
};

enum tomb_kind { TOMB_STAN = 'S', TOMB_RRN = 'R' };
struct tomb_row {
    uint64_t seq; /* of the reversal that names it */
    int64_t wall_ms;
    uint8_t pan_token[16];
    int64_t amount_minor;
};

enum file_state {
    FILE_IS_ASSIGNING = 'A', /* some items of its day may not be in it yet */
    FILE_BUILDING = 'B',
    FILE_IS_BUILT = 'T',
    FILE_IS_PUBLISHED = 'P'
};
struct file_row {
    uint64_t file_seq;
    uint32_t day;
    uint8_t state;      /* enum file_state */
    int64_t created_ms; /* stamped once; part of the bytes */
    uint64_t count;     /* items */
    uint64_t bytes;
    uint8_t hash[32];       /* SHA-256 of the IPM file */
    uint64_t assigned_upto; /* item sequence: those of the day up to here were looked at */
};

/* Journal row types. The body of OPEN and REVERSAL is the new record as record_encode() writes it;
 * of CLOSE, MARK, DUE, RECOVER and a done SETTLE its state (1), flags (1: marked, 2: asked),
 * handed, closed (8 each), approved, remaining (8 each), item and due sequence (8 each), code (2),
 * auth (6) and balance text; of a dead SETTLE "dead"; of LATE code (2) and auth (6); of CUTOVER day
 * (4) and the state it was signed off to or 0; of FILE day (4) and step. */
#define JOURNAL_MAP(X)                                                                             \
    X(OPEN)                                                                                        \
    X(CLOSE)                                                                                       \
    X(REVERSAL)                                                                                    \
    X(MARK)                                                                                        \
    X(DUE)                                                                                         \
    X(SETTLE)                                                                                      \
    X(LATE)                                                                                        \
    X(RECOVER)                                                                                     \
    X(CUTOVER)                                                                                     \
    X(FILE)                                                                                        \
    X(STAFF)
enum journal_type {
#define JOURNAL_ENUM(name) JOURNAL_##name,
    JOURNAL_MAP(JOURNAL_ENUM)
#undef JOURNAL_ENUM
        JOURNAL_COUNT
};

enum {
    TRAIL_KEY_LEN = 8 + 8,
    JOURNAL_BODY_AT = CRC_LEN + CHAIN_LEN + 1 + 8 + 8, /* checksum, hash before, type, seq, time */
};

/* Is the sequence in a row of @type a transaction's? (That of FILE is a file's.) */
static inline bool journal_is_of_txn(enum journal_type type)
{
    return type != JOURNAL_CUTOVER && type != JOURNAL_FILE;
}

/* CRC-32C (Castagnoli) of @bytes, continuing from @crc (0 to begin). */
uint32_t crc32c(uint32_t crc, struct span bytes);
/* The same on any processor; for its test. */
uint32_t crc32c_by_slices(uint32_t crc, struct span bytes);

/* Rows to bytes and back; decode checks the checksum: ERR_CORRUPT. */
int day_row_encode(const struct day_row *row, struct writer *out);
int day_row_decode(struct span bytes, struct day_row *row);
int due_row_encode(const struct due_row *row, struct writer *out);
int due_row_decode(struct span bytes, struct due_row *row);
int item_row_encode(const struct item_row *row, struct writer *out);
int item_row_decode(struct span bytes, struct item_row *row);
int totals_row_encode(const struct totals_row *row, struct writer *out);
int totals_row_decode(struct span bytes, struct totals_row *row);
int tomb_row_encode(const struct tomb_row *row, struct writer *out);
int tomb_row_decode(struct span bytes, struct tomb_row *row);
int file_row_encode(const struct file_row *row, struct writer *out);
int file_row_decode(struct span bytes, struct file_row *row);
