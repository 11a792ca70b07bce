/* The three books of a day, and their comparison: what terminals, issuers and clearing say of the
 * same money, each from its own log.
 *
 *   sale     a transaction as its terminal saw it (tests/load/journal.h); found by terminal, date,
 *            time and STAN
 *   posting  one booking of an issuer (routes/stub_entry.h), less what was taken back
 *   group    what belongs together by terminal and RRN: at most one sale, any postings and items
 *
 * Signs: a sale is positive, a refund negative, in minor units of its currency. */
#pragma once

#include <stdio.h>

#include "tests/load/grow.h"

enum { GROUP_NONE = -1, CURRENCIES_MAX = 16 };

enum sale_state {
    SALE_OPEN,     /* in flight when the terminal died, or given up without a reversal */
    SALE_APPROVED, /* and final */
    SALE_DECLINED,
    SALE_REVERSING, /* a reversal was begun; the terminal died before its answer */
    SALE_REVERSED,
    SALE_OWED, /* given up after a reversal was sent: the switch owes it */
};

struct sale {
    char terminal[9];
    char rrn[13]; /* "": the terminal does not know it */
    char auth[7];
    char proc[7];
    uint32_t stan;
    uint32_t currency;
    int64_t signed_minor; /* as approved, else as asked; 0: it moves no money */
    enum sale_state state;
    bool undecided; /* open, and allowed to be */
    bool taken;     /* an open one that was found at an issuer without its RRN */
};

struct posting {
    int32_t group;
    int sign;
    int64_t net_minor; /* unsigned: booked less taken back */
    uint32_t currency;
    char auth[7];
};

struct group {
    char terminal[9];
    char rrn[13];
    int32_t sale; /* index, or GROUP_NONE */
    uint32_t currency;
    bool mixed;              /* more than one currency */
    uint32_t live_count;     /* postings that were not (wholly) taken back */
    uint32_t posted_count;   /* postings ever */
    int64_t posted_minor;    /* signed, net */
    char posted_auth[7];     /* of the last live one */
    int32_t presented_count; /* items less their reversals */
    int64_t presented_minor; /* signed, net */
    char presented_auth[7];
    uint32_t presented_stan; /* of the terminal */
};

/* A kind of clearing item, of all files together, in one currency. */
enum item_kind { ITEM_S, ITEM_SR, ITEM_R, ITEM_RR, ITEM_KIND_COUNT };
struct item_sum {
    int64_t count;
    int64_t minor;
};

struct currency_sum {
    uint32_t currency;
    int64_t terminals_minor;
    int64_t issuers_minor;
    int64_t clearing_minor;
    uint64_t terminals_count;
    uint64_t issuers_count;
    int64_t clearing_count;
    struct item_sum items[ITEM_KIND_COUNT];  /* of the clearing files */
    struct item_sum totals[ITEM_KIND_COUNT]; /* of totals.csv */
};

/* To add a sort of difference: a line here, and where it is found in audit_compare.c. */
#define DIFFERENCE_MAP(X)                                                                          \
    X(LOST, "lost", "approved at the terminal, but no issuer holds it")                            \
    X(DOUBLED, "doubled", "an issuer holds it more than once")                                     \
    X(AMOUNT, "amount", "the issuer holds another amount or currency")                             \
    X(AUTH, "auth", "the approval code is another")                                                \
    X(UNREVERSED, "unreversed", "the terminal has no sale, but an issuer still holds it")          \
    X(UNSEEN, "unseen", "an issuer holds what no terminal saw")                                    \
    X(UNPRESENTED, "unpresented", "approved at the terminal, but not in clearing")                 \
    X(PRESENTED_TWICE, "presented-twice", "more than once in clearing")                            \
    X(PRESENTED_OTHER, "presented-other", "in clearing with another amount, STAN or approval")     \
    X(PRESENTED_FALSELY, "presented-falsely", "in clearing, but there is no such sale")            \
    X(DISAGREE, "disagree", "undecided at the terminal; issuer and clearing disagree")             \
    X(OPEN, "open", "in flight at the terminal (see --allow-open)")                                \
    X(RRN, "rrn", "two sales of one terminal have one RRN")                                        \
    X(TOTALS, "totals", "totals.csv is not the sum of the clearing files")                         \
    X(SUM, "sum", "the sums differ")

enum difference {
#define DIFFERENCE_ENUM(name, word, text) DIFFERENCE_##name,
    DIFFERENCE_MAP(DIFFERENCE_ENUM)
#undef DIFFERENCE_ENUM
        DIFFERENCE_COUNT
};

struct audit {
    FILE *out; /* differences and the table; NULL: nothing is printed */
    bool allow_open;
    bool has_clearing;
    bool has_totals;
    struct sale *sales;
    uint32_t sale_count, sale_capacity;
    struct posting *postings;
    uint32_t posting_count, posting_capacity;
    struct group *groups;
    uint32_t group_count, group_capacity;
    struct grow_map sale_of;    /* terminal 8, date 4, time 6, STAN 6 */
    struct grow_map posting_of; /* terminal 8, RRN 12, MTI 4, STAN 6, DE7 10 */
    struct grow_map group_of;   /* terminal 8, RRN 12 */
    struct currency_sum sums[CURRENCIES_MAX];
    uint32_t sum_count;
    uint64_t state_count[SALE_OWED + 1];
    uint64_t moneyless_count; /* approved balance inquiries: no posting, no item */
    uint64_t undecided_count;
    uint64_t differences[DIFFERENCE_COUNT];
    uint64_t difference_count;
};

void audit_init(struct audit *audit);
void audit_deinit(struct audit *audit);

/* Add a file to its book. Return 0, or ERR_CONFIG, ERR_IO, ERR_MEMORY, ERR_FORMAT, ... after a line
 * on stderr: the file is wrong, nothing can be said. Torn last lines were never acted upon, and are
 * passed over. */
MUST_USE int audit_read_terminals(struct audit *audit, const char *path);
MUST_USE int audit_read_issuer(struct audit *audit, const char *path);
MUST_USE int audit_read_clearing(struct audit *audit, const char *path);
MUST_USE int audit_read_totals(struct audit *audit, const char *path);

/* The sums of @currency, made at first need; NULL above CURRENCIES_MAX. */
struct currency_sum *audit_sum(struct audit *audit, uint32_t currency);

/* Compare all books, print each difference and the table, and "difference N" at the end. Returns
 * N. ERR_MEMORY, ERR_RANGE (a sum that overflows). */
MUST_USE int64_t audit_compare(struct audit *audit);
