#include "routes/stub_ledger.h"

#include <stdlib.h>

#include "iso8583/mti.h"

/* Far above what accounts.csv can hold and far below INT64_MAX: whatever is taken back still fits.
 */
static const int64_t balance_minor_max = 1000000000000000000;

/* To add a processing code: one row. */
static const struct {
    char proc[3];
    uint8_t effect; /* enum effect */
} effects[] = {
    {"00", EFFECT_DEBIT},  {"01", EFFECT_DEBIT},   {"09", EFFECT_DEBIT},
    {"20", EFFECT_CREDIT}, {"30", EFFECT_INQUIRY}, {"31", EFFECT_INQUIRY},
};

enum effect effect_of(const char *proc)
{
    for (size_t i = 0; i < ARRAY_COUNT(effects); i++) {
        if (memcmp(proc, effects[i].proc, 2) == 0) {
            return (enum effect)effects[i].effect;
        }
    }
    return EFFECT_UNKNOWN;
}

static bool pan_key(struct span pan, uint8_t key[PAN_LEN_MAX])
{
    if (pan.len == 0 || pan.len > PAN_LEN_MAX) {
        return false;
    }
    memset(key, 0, PAN_LEN_MAX);
    memcpy(key, pan.ptr, pan.len);
    return true;
}

uint32_t ledger_account_number(const struct ledger *ledger, struct span pan)
{
    uint8_t key[PAN_LEN_MAX];
    uint32_t index = 0;
    return pan_key(pan, key) && map_find(&ledger->pans, key, &index) ? index + 1 : 0;
}

struct stub_account *ledger_account(const struct ledger *ledger, uint32_t number)
{
    CHECK(number <= ledger->account_count);
    return number == 0 ? NULL : &ledger->account[number - 1];
}

/* Book @amount_minor of a transaction of @mti and @proc (or take it back: negative). */
static void account_book(struct stub_account *account, uint16_t mti, const char *proc,
                         int64_t amount_minor)
{
    int64_t *which =
        mti_class(mti) == MTI_AUTHORIZATION ? &account->held_minor : &account->balance_minor;
    bool is_debit = effect_of(proc) == EFFECT_DEBIT;
    bool adds = which == &account->held_minor ? true : !is_debit;
    CHECK(!__builtin_add_overflow(*which, adds ? amount_minor : -amount_minor, which));
}

bool ledger_has_room(const struct stub_account *account)
{
    return account->balance_minor > -balance_minor_max &&
           account->balance_minor < balance_minor_max && account->held_minor < balance_minor_max;
}

static void apply_reversal(struct ledger *ledger, const struct stub_entry *entry)
{
    struct posted *original = posted_find(&ledger->posted, &entry->name);
    struct stub_account *account = ledger_account(ledger, entry->account);
    if (account != NULL) {
        account_book(account, entry->name.mti, entry->proc, -entry->amount_minor);
    }
    if (original == NULL) {
        return; /* At start: it is older than all that is remembered. */
    }
    original->remaining_minor -= entry->amount_minor;
    if (original->remaining_minor <= 0) {
        original->remaining_minor = 0;
        original->state = POSTED_REVERSED;
    }
}

void ledger_apply(struct ledger *ledger, const struct stub_entry *entry)
{
    if (entry->event == STUB_REVERSED) {
        apply_reversal(ledger, entry);
        return;
    }
    struct posted *posted = posted_add(&ledger->posted, &entry->name);
    posted->account = entry->account;
    posted->amount_minor = entry->amount_minor;
    memcpy(posted->proc, entry->proc, sizeof posted->proc);
    memcpy(posted->auth, entry->auth, sizeof posted->auth);
    memcpy(posted->code, entry->code, sizeof posted->code);
    posted->state = POSTED_REFUSED;
    if (entry->event == STUB_TOMBSTONE) {
        posted->state = POSTED_TOMB;
    } else if (entry->event != STUB_REFUSED) {
        posted->state = POSTED_HELD;
        posted->remaining_minor = entry->amount_minor;
        struct stub_account *account = ledger_account(ledger, entry->account);
        if (account != NULL) {
            account_book(account, entry->name.mti, entry->proc, entry->amount_minor);
        }
    }
}

const struct posted *ledger_find(const struct ledger *ledger, const struct stub_name *name)
{
    return posted_find(&ledger->posted, name);
}

static bool tomb_names(const struct posted *tomb, const struct stub_name *name)
{
    return tomb->state == POSTED_TOMB && (tomb->name.mti == 0 || tomb->name.mti == name->mti) &&
           (text_is_blank(tomb->name.de7, sizeof name->de7) ||
            memcmp(tomb->name.de7, name->de7, sizeof name->de7) == 0) &&
           (text_is_blank(tomb->name.terminal, sizeof name->terminal) ||
            memcmp(tomb->name.terminal, name->terminal, sizeof name->terminal) == 0);
}

bool ledger_is_entombed(const struct ledger *ledger, const struct stub_name *name)
{
    const struct posted *posted = posted_newest(&ledger->posted, name);
    for (int i = 0; posted != NULL && i < POSTED_WALK_MAX; i++) {
        if (tomb_names(posted, name)) {
            return true;
        }
        posted = posted_older(&ledger->posted, posted);
    }
    return false;
}

const struct posted *ledger_find_original(const struct ledger *ledger, const struct stub_name *name,
                                          uint32_t account)
{
    const struct posted *posted = posted_newest(&ledger->posted, name);
    for (int i = 0; posted != NULL && i < POSTED_WALK_MAX; i++) {
        const struct stub_name *found = &posted->name;
        bool agrees = (name->mti == 0 || found->mti == name->mti ||
                       (found->mti == 0 && posted->state == POSTED_TOMB)) &&
                      (text_is_blank(name->de7, sizeof name->de7) ||
                       text_is_blank(found->de7, sizeof found->de7) ||
                       memcmp(name->de7, found->de7, sizeof name->de7) == 0) &&
                      (text_is_blank(name->terminal, sizeof name->terminal) ||
                       memcmp(name->terminal, found->terminal, sizeof name->terminal) == 0) &&
                      (account == 0 || posted->account == account);
        if (agrees) {
            return posted;
        }
        posted = posted_older(&ledger->posted, posted);
    }
    return NULL;
}

int ledger_open(struct ledger *ledger, const struct stub_account *accounts, size_t account_count,
                uint32_t posted_max, size_t *duplicate)
{
    CHECK(account_count < 1u << 28);
    *ledger = (struct ledger){.account_count = (uint32_t)account_count};
    ledger->account = calloc(account_count + 1, sizeof *ledger->account);
    ledger->pans_memory = malloc(map_memory((uint32_t)account_count + 1, PAN_LEN_MAX));
    TRY(posted_open(&ledger->posted, posted_max));
    if (ledger->account == NULL || ledger->pans_memory == NULL) {
        return ERR_MEMORY;
    }
    map_init(&ledger->pans, ledger->pans_memory, (uint32_t)account_count + 1, PAN_LEN_MAX);
    for (size_t i = 0; i < account_count; i++) {
        uint8_t key[PAN_LEN_MAX];
        ledger->account[i] = accounts[i];
        CHECK(pan_key(span_text(accounts[i].pan), key));
        *duplicate = i;
        TRY(map_add(&ledger->pans, key, (uint32_t)i));
    }
    return 0;
}

void ledger_close(struct ledger *ledger)
{
    posted_close(&ledger->posted);
    free(ledger->pans_memory);
    free(ledger->account);
}
