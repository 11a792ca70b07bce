#include "tests/load/dataset.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/load/grow.h"
#include "tests/load/table.h"

struct reading {
    struct dataset *dataset;
    const char *group;
    uint32_t next; /* terminal to look at first for the next row of keys */
    uint32_t capacity;
};

static int on_terminal(void *user, const struct span *cells, uint32_t line)
{
    (void)line;
    struct reading *reading = user;
    struct dataset *dataset = reading->dataset;
    if (reading->group != NULL && !span_equal_text(cells[2], reading->group)) {
        return 0;
    }
    void *items = dataset->terminals;
    TRY(grow_array(&items, dataset->terminal_count, &reading->capacity,
                   sizeof *dataset->terminals));
    dataset->terminals = items;
    struct dataset_terminal *terminal = &dataset->terminals[dataset->terminal_count];
    memset(terminal, 0, sizeof *terminal);
    if (cells[0].len != 8) {
        return ERR_FORMAT;
    }
    TRY(table_text(cells[0], terminal->id, sizeof terminal->id));
    TRY(table_text(cells[1], terminal->merchant, sizeof terminal->merchant));
    TRY(table_text(cells[2], terminal->group, sizeof terminal->group));
    dataset->terminal_count++;
    return 0;
}

static int key_read(struct span hex, uint8_t *key, bool *has)
{
    *has = hex.len != 0;
    if (hex.len != 0 && hex.len != 2 * DATASET_KEY_LEN) {
        return ERR_LENGTH;
    }
    return hex_decode(hex, key);
}

/* Both files have the terminals in one order, so each row's terminal is the next one, or none. */
static int on_keys(void *user, const struct span *cells, uint32_t line)
{
    (void)line;
    struct reading *reading = user;
    struct dataset *dataset = reading->dataset;
    if (reading->next == dataset->terminal_count ||
        !span_equal_text(cells[0], dataset->terminals[reading->next].id)) {
        return 0; /* of another group */
    }
    struct dataset_terminal *terminal = &dataset->terminals[reading->next++];
    TRY(key_read(cells[1], terminal->tpk, &terminal->has_tpk));
    return key_read(cells[2], terminal->tak, &terminal->has_tak);
}

static int on_card(void *user, const struct span *cells, uint32_t line)
{
    (void)line;
    struct reading *reading = user;
    struct dataset *dataset = reading->dataset;
    void *items = dataset->cards;
    TRY(grow_array(&items, dataset->card_count, &reading->capacity, sizeof *dataset->cards));
    dataset->cards = items;
    struct dataset_card *card = &dataset->cards[dataset->card_count];
    memset(card, 0, sizeof *card);
    TRY(table_text(cells[0], card->pan, sizeof card->pan));
    TRY(table_text(cells[1], card->expiry, sizeof card->expiry));
    TRY(table_text(cells[2], card->pin, sizeof card->pin));
    TRY(table_text(cells[3], card->track2, sizeof card->track2));
    TRY(table_text(cells[4], card->issuer, sizeof card->issuer));
    size_t len = cells[0].len;
    if (len < 13 || !span_is_digits(cells[0])) {
        return ERR_FORMAT;
    }
    memset(card->masked, '*', len);
    memcpy(card->masked, card->pan, 6);
    memcpy(card->masked + len - 4, card->pan + len - 4, 4);
    dataset->card_count++;
    return 0;
}

static int file_read(const char *dir, const char *name, const char *columns,
                     int (*on_row)(void *, const struct span *, uint32_t), struct reading *reading)
{
    char path[1024];
    int len = snprintf(path, sizeof path, "%s/%s", dir, name);
    if (len >= (int)sizeof path) {
        return ERR_LENGTH;
    }
    bool torn = false;
    struct table_plan plan = {path, ',', columns, on_row, reading};
    TRY(table_read(&plan, &torn));
    if (torn) {
        fprintf(stderr, "%s: error: the last line has no newline\n", path);
        return ERR_CONFIG;
    }
    return 0;
}

int dataset_read(const char *dir, const char *group, struct dataset *dataset)
{
    memset(dataset, 0, sizeof *dataset);
    struct reading terminals = {dataset, group, 0, 0};
    struct reading cards = {dataset, group, 0, 0};
    TRY(file_read(dir, "terminals.csv", "id,merchant,group", on_terminal, &terminals));
    TRY(file_read(dir, "terminal-keys.csv", "id,tpk,tak", on_keys, &terminals));
    TRY(file_read(dir, "test-cards.csv", "pan,expiry,pin,track2,issuer", on_card, &cards));
    if (terminals.next != dataset->terminal_count || dataset->card_count == 0 ||
        dataset->terminal_count == 0) {
        fprintf(stderr, "%s: error: no terminals, no cards, or a terminal without its keys\n", dir);
        return ERR_CONFIG;
    }
    return 0;
}

int dataset_hash(struct dataset *dataset, const char *salt)
{
    for (uint32_t i = 0; i < dataset->card_count; i++) {
        struct dataset_card *card = &dataset->cards[i];
        uint8_t text[64];
        uint8_t hash[32];
        struct writer w = writer_make(text, sizeof text);
        writer_text(&w, salt);
        writer_text(&w, card->pan);
        CHECK(!w.overflow);
        if (EVP_Digest(text, w.len, hash, NULL, EVP_sha256(), NULL) != 1) {
            return ERR_CRYPTO;
        }
        hex_encode(span_make(hash, 8), (uint8_t *)card->pan_hash);
    }
    return 0;
}

void dataset_free(struct dataset *dataset)
{
    if (dataset->terminals != NULL) {
        bytes_wipe(dataset->terminals, dataset->terminal_count * sizeof *dataset->terminals);
    }
    if (dataset->cards != NULL) {
        bytes_wipe(dataset->cards, dataset->card_count * sizeof *dataset->cards);
    }
    free(dataset->terminals);
    free(dataset->cards);
    memset(dataset, 0, sizeof *dataset);
}
