/* The money of a simulated issuer: its accounts, and the record of each transaction. Entries are
 * the only thing that changes it, at start and later alike. */
#pragma once

#include "routes/stub_posted.h"

struct ledger {
    struct stub_account *account;
    uint32_t account_count;
    struct map pans; /* PAN filled with zero bytes, to the index of its account */
    void *pans_memory;
    struct posted_table posted;
};

/* The class digit of an MTI. */
enum { MTI_AUTHORIZATION = 1, MTI_REVERSAL = 4, MTI_NETWORK = 8 };

/* How a processing code moves money. */
enum effect { EFFECT_UNKNOWN, EFFECT_DEBIT, EFFECT_CREDIT, EFFECT_INQUIRY };

/* Of DE3, by its first two digits. */
enum effect effect_of(const char *proc);

/* Copy @accounts, and make room for @posted_max transactions. Returns 0, ERR_MEMORY, or ERR_EXISTS
 * if two accounts have one PAN (@duplicate is the index of the second). ledger_close() it always.
 */
MUST_USE int ledger_open(struct ledger *ledger, const struct stub_account *accounts,
                         size_t account_count, uint32_t posted_max, size_t *duplicate);
void ledger_close(struct ledger *ledger);

/* Accounts are numbered as the rows of accounts.csv, from 1; 0 is no account, and NULL. */
uint32_t ledger_account_number(const struct ledger *ledger, struct span pan);
struct stub_account *ledger_account(const struct ledger *ledger, uint32_t number);

/* False if the account is so rich or so poor that a sum might overflow. */
bool ledger_has_room(const struct stub_account *account);

/* Do what @entry says. */
void ledger_apply(struct ledger *ledger, const struct stub_entry *entry);

/* The record of exactly this transaction, or NULL; valid until the next ledger_apply(). */
const struct posted *ledger_find(const struct ledger *ledger, const struct stub_name *name);

/* The newest record (a tombstone, too) that a reversal can mean by @name, where mti 0, a blank de7
 * and a blank terminal stand for any; of @account unless that is 0. NULL if there is none. */
const struct posted *ledger_find_original(const struct ledger *ledger, const struct stub_name *name,
                                          uint32_t account);

/* True if the reversal of the transaction @name is here already. */
bool ledger_is_entombed(const struct ledger *ledger, const struct stub_name *name);
