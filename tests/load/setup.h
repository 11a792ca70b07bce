/* clang-format off */
/* `terminal-sim make`: a consistent set of terminals, cards, accounts and keys, all from one seed.
 *
 * The files of the set, each by whom it is read:
 *   terminals.csv      id,merchant,mcc,group,state,tpk,tak   switch; keys under the test LMK
 *   bins.csv           prefix,issuer                         switch
 *   cards.csv          pan,expiry,pvki,pvv                   switch: cards whose PIN it verifies
 *   keys.env           ZPK_VISA= PVK_VISA= PVK_MC=           switch, issuer stubs; cryptograms
 *   accounts-*.csv     pan,expiry,status,balance_minor,limit_minor,currency,pvv
 *                                                            issuer stubs
 *   terminal-keys.csv  id,tpk,tak                            simulator alone: CLEAR test keys
 *   test-cards.csv     pan,expiry,pin,track2,issuer          simulator alone
 *
 * The clear keys are worth nothing: they come from the seed and stand under a published LMK. */
/* clang-format on */
#pragma once

#include "iso8583/base/bytes.h"

enum { SETUP_TERMINALS_MAX = 9999999, SETUP_CARDS_MAX = 10000000 };

struct setup {
    const char *dir; /* made if it is not there */
    uint64_t seed;
    uint32_t terminal_count;
    uint32_t card_count;
};

/* Write the set. Returns 0, ERR_IO, ERR_CRYPTO or ERR_MEMORY after a line on stderr. */
MUST_USE int setup_make(const struct setup *setup);

/* The check digit of @digits (ISO/IEC 7812-1 annex B) as a character. */
char luhn_digit(struct span digits);
