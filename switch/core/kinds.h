/* The kinds of transaction: a table. MTI and processing code pick a row; the row names the flow,
 * the fields that must be there and how the money moves. */
#pragma once

#include "switch/core/txn.h"

enum { REQUIRED_MAX = 12 };

struct kind {
    const char *name;
    uint16_t mti;     /* without the repeat mark */
    const char *proc; /* first two digits of DE3; NULL: any or none */
    const uint8_t *flow;
    uint8_t money; /* enum money: what an approval does */
    bool reserved; /* may use the reserved slots: advices and reversals */
    bool amount_may_be_zero;
    uint8_t required[REQUIRED_MAX]; /* DEs beside 11 and 41, 0 ends */
};

/* The row for @mti (as received) and DE3, or NULL: 12. */
const struct kind *kind_find(uint16_t mti, struct span proc);

/* True if the switch knows this MTI in any kind. */
bool kind_knows_mti(uint16_t mti);

/* The pseudo kind of reversals that are drawn from the store. */
const struct kind *kind_pumped(void);

/* Row @index, NULL past the last. */
const struct kind *kind_at(size_t index);
