/* K, what a message is identified by (BEHAVIOUR): time, kind, acquirer, terminal, STAN, DE95.
 *
 * Which time, a terminal group declares; the book looks under the other rules, too, while records
 * made under them are within the window, so that a group may change its rule. The acquirer is in K
 * only where DE32 names another than the group's: the group's may change, or the terminal get
 * another group, between a message and its repeat. What names one is looked for with and without
 * it. */
#pragma once

#include "switch/core/record.h"

/* The K of @record under the rule @identity, with its acquirer or without: 0 and @key;
 * ERR_NOT_FOUND if it lacks the fields, ERR_FORMAT if they are no date. The year is the one nearest
 * to @wall_ms; @other is the same with the neighbour year where that is nearly as near, else all
 * zero. IDENTITY_DAY has zeros for the time: the writer fills in the business day. */
MUST_USE int identity_key(const struct record *record, enum identity identity, bool with_acquirer,
                          int64_t wall_ms, uint8_t key[RECORD_KEY_LEN],
                          uint8_t other[RECORD_KEY_LEN]);
