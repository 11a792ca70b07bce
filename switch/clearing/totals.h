/* What a day's file adds up to, for each issuer, acquirer and currency, and the proof that nothing
 * was lost or invented between the running totals of the store and the items of the file:
 *
 *     carried in + approved - netted = presented + carried out
 *
 * in counts, and in money as the acquirer is owed it (sales less refunds). Approved is what the
 * store counted as it approved; the rest is counted from the items. Currencies are never added. */
#pragma once

#include "switch/clearing/output.h"
#include "switch/clearing/presentment.h"

enum { TOTALS_LINES_MAX = 16384 };

/* X(name): the rows of the proof, in the order of the file. */
#define TOTALS_PROOF_MAP(X)                                                                        \
    X(CARRIED_IN)  /* reversals of what an earlier file has presented */                           \
    X(APPROVED)    /* by the store's running totals */                                             \
    X(NETTED)      /* reversed before it was in a file */                                          \
    X(PRESENTED)   /* in this file */                                                              \
    X(CARRIED_OUT) /* in no file: amounts of zero are not presented */                             \
    X(DIFFERENCE)  /* must be 0 */

enum totals_proof_row {
#define TOTALS_PROOF_ENUM(name) PROOF_##name,
    TOTALS_PROOF_MAP(TOTALS_PROOF_ENUM)
#undef TOTALS_PROOF_ENUM
        PROOF_COUNT
};

struct totals_sum {
    int64_t count;
    int64_t minor;
};

/* One issuer, acquirer and currency. */
struct totals_line {
    char issuer[RECORD_NAME_LEN + 1];
    char acquirer[12];
    uint16_t currency;
    struct totals_sum kinds[CLEARING_KIND_COUNT]; /* presented, unsigned */
    struct totals_sum late;                       /* reversal items; signed */
    struct totals_sum netted;                     /* count only */
    struct totals_sum out;                        /* in no file; signed */
    struct totals_sum approved;                   /* by the store; signed */
    struct totals_sum reversed;                   /* by the store, late ones too; signed */
};

struct totals;

MUST_USE int totals_open(struct totals **out); /* ERR_MEMORY */
void totals_close(struct totals *totals);      /* NULL is fine */

/* Count one item of the day; @in_file: it is in the file. ERR_FULL (more than TOTALS_LINES_MAX
 * lines), ERR_RANGE. */
MUST_USE int totals_item(struct totals *totals, const struct item_row *item,
                         enum clearing_kind kind, bool in_file);

/* Add the store's running totals of @day, from the same snapshot. */
MUST_USE int totals_store(struct totals *totals, struct kv_txn *txn, uint32_t day);

/* The lines, sorted by issuer, acquirer, currency. Borrowed until the next item or store. */
const struct totals_line *totals_lines(struct totals *totals, uint32_t *count);

/* The line of an issuer, acquirer and currency among the sorted ones, or NULL. Borrowed as above.
 */
const struct totals_line *totals_find(struct totals *totals, const char *issuer,
                                      const char *acquirer, uint16_t currency);

/* What the acquirer is owed by @line's items of the file, and how many they are. */
struct totals_sum totals_net(const struct totals_line *line);

/* The rows of the proof of one line. */
void totals_prove(const struct totals_line *line, struct totals_sum proof[PROOF_COUNT]);
const char *totals_proof_name(enum totals_proof_row row);

/* True if every line's DIFFERENCE is 0 in count and money. */
bool totals_balance(struct totals *totals);

/* Write the whole totals file (README: columns). */
MUST_USE int totals_write(struct totals *totals, const struct clearing_file *file,
                          struct output *out);
extern const char totals_header[];
