#include "tests/load/setup.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "hsm_sim/engine/engine.h"
#include "hsm_sim/engine/tester.h"
#include "tests/load/prng.h"

enum { KEY_LEN = 16, KEY_WIRE_CAP = 50, PATH_CAP = 1024, PAN_LEN = 16, PIN_DIGITS = 4 };

/* Branches of the generator: what is drawn for one kind of thing never changes another. */
enum branch { BRANCH_ISSUERS = 1, BRANCH_TERMINALS, BRANCH_CARDS };

/* The two issuers of the set. To add one, add a row (and its BINs below). */
enum { ISSUER_VISA, ISSUER_MC, ISSUER_COUNT };
static const struct {
    const char *name;
    const char *accounts;
    bool in_cards; /* the switch itself verifies PINs of these */
} issuers[ISSUER_COUNT] = {
    [ISSUER_VISA] = {"visa", "accounts-visa.csv", false},
    [ISSUER_MC] = {"mc", "accounts-mc.csv", true},
};

/* Test BIN ranges that card schemes publish for trying things out. */
static const struct {
    const char *digits;
    int issuer;
} test_bins[] = {
    {"411111", ISSUER_VISA}, {"555555", ISSUER_MC}, {"400000", ISSUER_VISA}, {"222300", ISSUER_MC}};

/* Groups of terminals, in turn. To add one, add a row. */
static const struct {
    const char *name;
    const char *mcc;
    bool mac; /* has a TAK */
} groups[] = {{"shops", "5411", true}, {"shops", "5812", true}, {"kiosks", "7523", false}};

struct making {
    const struct setup *setup;
    struct hsm_engine *hsm;
    uint8_t pvk[ISSUER_COUNT][KEY_LEN];
};

char luhn_digit(struct span digits)
{
    unsigned sum = 0;
    for (size_t i = 0; i < digits.len; i++) {
        unsigned digit = (unsigned)(digits.ptr[digits.len - 1 - i] - '0');
        unsigned doubled = i % 2 == 0 ? digit * 2 : digit;
        sum += doubled > 9 ? doubled - 9 : doubled;
    }
    return (char)('0' + (10 - sum % 10) % 10);
}

static void key_draw(struct prng *prng, uint8_t *key)
{
    be64_put(key, prng_next(prng));
    be64_put(key + 8, prng_next(prng));
    hsm_tester_parity(key, KEY_LEN);
}

static int key_wrap(struct making *making, const char *type, const uint8_t *key, char *out)
{
    struct secret_span clear = {key, KEY_LEN};
    int result = hsm_key_wrap(making->hsm, type, 'U', clear, out);
    if (result != 0) {
        fprintf(stderr, "terminal-sim: error: wrapping a key: %s\n", err_text(result));
    }
    return result;
}

static FILE *file_create(const struct setup *setup, const char *name)
{
    char path[PATH_CAP];
    int len = snprintf(path, sizeof path, "%s/%s", setup->dir, name);
    FILE *file = len < (int)sizeof path ? fopen(path, "w") : NULL;
    if (file == NULL) {
        fprintf(stderr, "terminal-sim: error: %s/%s: %s\n", setup->dir, name, strerror(errno));
    }
    return file;
}

static int file_close(FILE *file, const char *name)
{
    bool bad = ferror(file) != 0;
    if (fclose(file) != 0 || bad) {
        fprintf(stderr, "terminal-sim: error: writing %s: %s\n", name, strerror(errno));
        return ERR_IO;
    }
    return 0;
}

static int terminal_write(struct making *making, uint32_t index, FILE *file, FILE *clear)
{
    struct prng prng = prng_fork(making->setup->seed + BRANCH_TERMINALS, index);
    uint8_t tpk[KEY_LEN];
    uint8_t tak[KEY_LEN];
    char tpk_wire[KEY_WIRE_CAP];
    char tak_wire[KEY_WIRE_CAP];
    uint8_t hex[2][2 * KEY_LEN];
    key_draw(&prng, tpk);
    key_draw(&prng, tak);
    TRY(key_wrap(making, "002", tpk, tpk_wire));
    TRY(key_wrap(making, "003", tak, tak_wire));
    hex_encode(span_make(tpk, KEY_LEN), hex[0]);
    hex_encode(span_make(tak, KEY_LEN), hex[1]);
    size_t group = index % ARRAY_COUNT(groups);
    bool mac = groups[group].mac;
    unsigned number = index + 1;
    fprintf(file, "T%07u,MERCHANT%07u,%s,%s,active,%s,%s\n", number, index / 4 + 1,
            groups[group].mcc, groups[group].name, tpk_wire, mac ? tak_wire : "");
    fprintf(clear, "T%07u,%.*s,%.*s\n", number, 2 * KEY_LEN, (const char *)hex[0],
            mac ? 2 * KEY_LEN : 0, (const char *)hex[1]);
    return 0;
}

static int terminals_write(struct making *making)
{
    FILE *file = file_create(making->setup, "terminals.csv");
    FILE *clear = file_create(making->setup, "terminal-keys.csv");
    int result = file != NULL && clear != NULL ? 0 : ERR_IO;
    if (result == 0) {
        fprintf(file, "id,merchant,mcc,group,state,tpk,tak\n");
        fprintf(clear, "id,tpk,tak\n");
    }
    for (uint32_t i = 0; i < making->setup->terminal_count && result == 0; i++) {
        result = terminal_write(making, i, file, clear);
    }
    int closed = file != NULL ? file_close(file, "terminals.csv") : 0;
    int clear_closed = clear != NULL ? file_close(clear, "terminal-keys.csv") : 0;
    return result != 0 ? result : closed != 0 ? closed : clear_closed;
}

/* A card: PAN, expiry, PIN and what follows from them. */
struct card_made {
    int issuer;
    char pan[PAN_LEN + 1];
    char expiry[5];
    char pin[PIN_DIGITS + 1];
    char pvv[PIN_DIGITS + 1];
};

static int card_draw(struct making *making, uint32_t index, struct card_made *card)
{
    struct prng prng = prng_fork(making->setup->seed + BRANCH_CARDS, index);
    size_t bin = index % ARRAY_COUNT(test_bins);
    uint64_t offset = prng_fork(making->setup->seed, BRANCH_CARDS).state;
    memset(card, 0, sizeof *card);
    card->issuer = test_bins[bin].issuer;
    memcpy(card->pan, test_bins[bin].digits, 6);
    /* An odd factor that is no multiple of 5 permutes the numbers below 10^9: no PAN twice. */
    digits_put((uint8_t *)card->pan + 6, 9, (offset % 1000000000 + index * 700000001ull));
    card->pan[15] = luhn_digit(span_make(card->pan, 15));
    uint64_t month = prng_below(&prng, 12) + 1;
    uint64_t year = prng_below(&prng, 4) + 29;
    digits_put((uint8_t *)card->expiry, 4, year * 100 + month);
    digits_put((uint8_t *)card->pin, PIN_DIGITS, prng_below(&prng, 10000));
    struct secret_span pvk = {making->pvk[card->issuer], KEY_LEN};
    struct secret_span pin = {(const uint8_t *)card->pin, PIN_DIGITS};
    return hsm_tester_pvv(pvk, pin, span_make(card->pan, PAN_LEN), '1', (uint8_t *)card->pvv);
}

enum { FILE_CARDS, FILE_TEST_CARDS, FILE_ACCOUNTS, CARD_FILES = FILE_ACCOUNTS + ISSUER_COUNT };

static int card_write(struct making *making, uint32_t index, FILE *const *files)
{
    struct card_made card;
    int result = card_draw(making, index, &card);
    if (result != 0) {
        fprintf(stderr, "terminal-sim: error: making a card: %s\n", err_text(result));
        return result;
    }
    /* Balances are beyond what a test spends: a decline is then never the data's fault. */
    fprintf(files[FILE_ACCOUNTS + card.issuer], "%s,%s,active,100000000000,0,978,%s\n", card.pan,
            card.expiry, card.pvv);
    fprintf(files[FILE_TEST_CARDS], "%s,%s,%s,%s=%s2011%s00000,%s\n", card.pan, card.expiry,
            card.pin, card.pan, card.expiry, card.pvv, issuers[card.issuer].name);
    if (issuers[card.issuer].in_cards) {
        fprintf(files[FILE_CARDS], "%s,%s,1,%s\n", card.pan, card.expiry, card.pvv);
    }
    return 0;
}

static int cards_write(struct making *making)
{
    const char *names[CARD_FILES] = {"cards.csv", "test-cards.csv"};
    FILE *files[CARD_FILES] = {NULL};
    int result = 0;
    for (int i = 0; i < CARD_FILES; i++) {
        names[i] = i >= FILE_ACCOUNTS ? issuers[i - FILE_ACCOUNTS].accounts : names[i];
        files[i] = result == 0 ? file_create(making->setup, names[i]) : NULL;
        result = files[i] == NULL ? ERR_IO : result;
    }
    if (result == 0) {
        fprintf(files[FILE_CARDS], "pan,expiry,pvki,pvv\n");
        fprintf(files[FILE_TEST_CARDS], "pan,expiry,pin,track2,issuer\n");
        for (int i = FILE_ACCOUNTS; i < CARD_FILES; i++) {
            fprintf(files[i], "pan,expiry,status,balance_minor,limit_minor,currency,pvv\n");
        }
    }
    for (uint32_t i = 0; i < making->setup->card_count && result == 0; i++) {
        result = card_write(making, i, files);
    }
    for (int i = 0; i < CARD_FILES; i++) {
        int closed = files[i] != NULL ? file_close(files[i], names[i]) : 0;
        result = result != 0 ? result : closed;
    }
    return result;
}

static int bins_write(const struct setup *setup)
{
    FILE *file = file_create(setup, "bins.csv");
    if (file == NULL) {
        return ERR_IO;
    }
    fprintf(file, "prefix,issuer\n4,visa\n51-55,mc\n2221-2720,mc\n");
    return file_close(file, "bins.csv");
}

static int keys_write(struct making *making)
{
    struct prng prng = prng_fork(making->setup->seed, BRANCH_ISSUERS);
    uint8_t zpk_clear[KEY_LEN];
    char zpk[KEY_WIRE_CAP];
    char pvk[ISSUER_COUNT][KEY_WIRE_CAP];
    key_draw(&prng, zpk_clear);
    TRY(key_wrap(making, "001", zpk_clear, zpk));
    for (int i = 0; i < ISSUER_COUNT; i++) {
        key_draw(&prng, making->pvk[i]);
        TRY(key_wrap(making, "002", making->pvk[i], pvk[i]));
    }
    FILE *file = file_create(making->setup, "keys.env");
    if (file == NULL) {
        return ERR_IO;
    }
    fprintf(file, "ZPK_VISA=%s\nPVK_VISA=%s\nPVK_MC=%s\n", zpk, pvk[ISSUER_VISA], pvk[ISSUER_MC]);
    return file_close(file, "keys.env");
}

int setup_make(const struct setup *setup)
{
    CHECK(setup->terminal_count <= SETUP_TERMINALS_MAX);
    CHECK(setup->card_count <= SETUP_CARDS_MAX);
    if (mkdir(setup->dir, 0777) != 0 && errno != EEXIST) {
        fprintf(stderr, "terminal-sim: error: %s: %s\n", setup->dir, strerror(errno));
        return ERR_IO;
    }
    struct making making = {.setup = setup, .hsm = hsm_engine_open(&HSM_SETTINGS_DEFAULT)};
    if (making.hsm == NULL) {
        fprintf(stderr, "terminal-sim: error: the HSM engine cannot be opened\n");
        return ERR_CRYPTO;
    }
    int result = keys_write(&making);
    result = result == 0 ? terminals_write(&making) : result;
    result = result == 0 ? cards_write(&making) : result;
    result = result == 0 ? bins_write(setup) : result;
    hsm_engine_close(making.hsm);
    return result;
}
