/* One message on its way from one edition to another: what the rules are given. Private to
 * edition*.c. */
#pragma once

#include "iso8583/edition.h"
#include "iso8583/fail.h"

struct turn {
    const struct iso_msg *from;
    struct iso_msg *to;
    struct writer *room; /* where values that are made stand */
    struct iso_error *error;
    int64_t wall_ms; /* writing */
    uint8_t edition; /* of the side that is not 1987's */
    bool is_answer;
    int result; /* of the first rule that failed */
};

/* A rule reads @from and sets what it is about in @to. 0, or a negative enum err with @error. */
typedef int (*turn_fn)(struct turn *turn);

struct edition_rule {
    uint8_t editions; /* 1 << edition, ... */
    turn_fn read;     /* from the later edition; NULL: nothing of it */
    turn_fn write;    /* from 1987 */
};

#define SINCE_1993 (1u << ISO_1993 | 1u << ISO_2003)
#define ONLY_1993  (1u << ISO_1993)
#define ONLY_2003  (1u << ISO_2003)

/* Elements that mean the same and are written alike; ended by 0. */
extern const uint8_t edition_same[];
extern const uint8_t edition_same_1993[]; /* but not in 2003 */

/* Room for @len bytes that live as long as the message, or NULL after ERR_SPACE in @error. */
uint8_t *turn_room(struct turn *turn, size_t len);

/* DE @de of @from cannot be said: @what was expected. Returns @code. The first one stays in @error;
 * the rules go on behind it, for what they can turn is what a refusal is answered with. */
COLD int turn_fail(struct turn *turn, int code, unsigned de, const char *what);

/* Let DE @de of @to be a copy of @bytes. */
MUST_USE int turn_put(struct turn *turn, unsigned de, struct span bytes);

int read_stan(struct turn *turn);
int read_amount(struct turn *turn);
int read_datetime(struct turn *turn);
int read_day(struct turn *turn);
int read_category(struct turn *turn);
int read_entry(struct turn *turn);
int read_entry_2003(struct turn *turn);
int read_code(struct turn *turn);
int read_terminal(struct turn *turn);
int read_balance(struct turn *turn);
int read_original(struct turn *turn);
int read_replacement(struct turn *turn);
int read_function(struct turn *turn);

int write_stan(struct turn *turn);
int write_amount(struct turn *turn);
int write_datetime(struct turn *turn);
int write_day(struct turn *turn);
int write_category(struct turn *turn);
int write_entry(struct turn *turn);
int write_code(struct turn *turn);
int write_terminal(struct turn *turn);
int write_balance(struct turn *turn);
int write_original(struct turn *turn);
int write_replacement(struct turn *turn);
int write_function(struct turn *turn);
int write_reason(struct turn *turn);
