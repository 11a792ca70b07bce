/* The money check: what terminals were told is approved (and not reversed since) is what the
 * script's issuers have posted is what the switch has in its totals.
 *
 * It sees the messages of an engine, and joins a transaction's two sides by DE37 + DE41, else by
 * the terminal's DE11 + DE41. Memory is bounded: transactions whose sides agree make room. */
#pragma once

#include <jansson.h>

#include "tools/isotest/engine.h"

enum { MONEY_CURRENCIES_MAX = 8, MONEY_TEXT_MAX = 512 };

struct money;

struct money_sum {
    int64_t count;
    int64_t minor; /* refunds and reversals subtracted */
};

/* By currency; equal places are of one currency. */
struct money_line {
    uint16_t currency;
    struct money_sum terminals;
    struct money_sum issuers;
    struct money_sum switched; /* the switch's, all issuers, since money_begin() */
    struct money_sum named;    /* of those issuers that the script plays, by name */
};

struct money_result {
    uint32_t count;
    struct money_line lines[MONEY_CURRENCIES_MAX];
    bool has_issuers; /* an issuer of the script answered something financial */
    bool has_switch;  /* its totals were read */
    bool names_agree; /* issuers of the script are called as the switch's */
    bool is_balanced;
};

/* @entry_count_max transactions are remembered. NULL if memory is short. */
struct money *money_open(uint32_t entry_count_max);
void money_close(struct money *money);

/* A message of the engine (struct engine_observer.on_message). */
void money_message(struct money *money, const struct engine_message *message);

/* Ask the switch at @socket (NULL: none) for its totals: what was there before is subtracted.
 * Blocks up to 5 s. 0, or what client_ask() returns. */
MUST_USE int money_begin(struct money *money, const char *socket);

/* Compare now. @script: for the issuers' names. 0, or what client_ask() returns. */
MUST_USE int money_compare(struct money *money, const struct script *script, const char *socket,
                           struct money_result *result);

/* "MONEY CHECK  terminals 3 approved 37.50 EUR = issuers 3 approved 37.50 EUR = switch ...". One
 * line without newline. */
const char *money_text(const struct money_result *result, char text[MONEY_TEXT_MAX]);

/* The @index-th transaction whose sides differ, as one line: true, or false past the last. */
bool money_extra(const struct money *money, uint32_t index, char text[MONEY_TEXT_MAX]);
