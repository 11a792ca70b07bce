#include "tests/bench/bench_sales.h"

#include <stdlib.h>
#include <time.h>

#include "hsm_sim/engine/mac.h"
#include "hsm_sim/engine/pinblock.h"
#include "iso8583/dialect.h"
#include "iso8583/message.h"
#include "tests/bench/bench_chip.h"

static const struct {
    unsigned de;
    const char *text;
} alike[] = {
    {3, "000000"}, {4, "000000012345"}, {18, "5411"},
    {22, "051"},   {25, "00"},          {43, "ACME STORE 42            BRUSSELS     BE"},
    {49, "978"},
};

/* The keys of one terminal, ready to work. */
struct signer {
    struct tdes tpk;
    struct tdes tak;
};

struct making {
    const struct iso_dialect *dialect;
    const struct dataset *dataset;
    struct tdes_ciphers ciphers;
    struct signer *signers; /* one a terminal */
    const struct dataset_card **cards;
    uint32_t card_count;
    struct tm now;
};

static int pin_make(struct tdes *tpk, const struct dataset_card *card, uint8_t out[PIN_BLOCK_LEN])
{
    struct pin pin = {.len = (uint8_t)strlen(card->pin)};
    struct random unused = random_make(1);
    struct span pan = span_text(card->pan);
    struct span account = span_last(span_first(pan, pan.len - 1), PIN_ACCOUNT_LEN);
    for (size_t i = 0; i < pin.len; i++) {
        pin.digit[i] = (uint8_t)(card->pin[i] - '0');
    }
    TRY(pin_encode(pin_format_find(SPAN_LITERAL("01")), &pin, account, &unused, out));
    return tdes_block(tpk, TDES_ENCRYPT, out, out);
}

/* What tells the time: DE7, 12, 13, in @text of 10 characters. */
static void time_put(const struct making *making, struct iso_msg *msg, uint8_t *text)
{
    const int parts[] = {making->now.tm_mon + 1, making->now.tm_mday, making->now.tm_hour,
                         making->now.tm_min, making->now.tm_sec};
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
        digits_put(text + 2 * i, 2, (uint64_t)parts[i]);
    }
    iso_set(msg, 7, span_make(text, 10));
    iso_set(msg, 12, span_make(text + 4, 6));
    iso_set(msg, 13, span_make(text, 4));
}

static int sale_make(const struct making *making, uint32_t index, struct sale *sale)
{
    static const uint8_t no_mac[MAC_LEN];
    uint32_t at = index % making->dataset->terminal_count;
    const struct dataset_terminal *terminal = &making->dataset->terminals[at];
    const struct dataset_card *card = making->cards[index % making->card_count];
    struct signer *signer = &making->signers[at];
    struct iso_msg msg;
    struct iso_error error;
    uint8_t time[10];
    uint8_t stan[6];
    uint8_t pin[PIN_BLOCK_LEN];
    uint8_t mac[MAC_LEN] = {0};
    iso_init(&msg, 0x0200);
    for (size_t i = 0; i < ARRAY_COUNT(alike); i++) {
        iso_set(&msg, alike[i].de, span_text(alike[i].text));
    }
    time_put(making, &msg, time);
    digits_put(stan, sizeof stan, index + 1);
    iso_set(&msg, 11, span_make(stan, sizeof stan));
    iso_set(&msg, 2, span_text(card->pan));
    iso_set(&msg, 14, span_text(card->expiry));
    iso_set(&msg, 35, span_text(card->track2));
    iso_set(&msg, 41, span_text(terminal->id));
    iso_set(&msg, 42, span_text(terminal->merchant));
    iso_set(&msg, 55, span_make(chip, sizeof chip));
    TRY(pin_make(&signer->tpk, card, pin));
    iso_set(&msg, 52, span_make(pin, sizeof pin));
    if (terminal->has_tak) {
        iso_set(&msg, 64, span_make(no_mac, sizeof no_mac));
    }
    struct writer out = writer_make(sale->frame + 2, sizeof sale->frame - 2);
    TRY(iso_encode(&msg, making->dialect, &out, &error));
    be16_put(sale->frame, (uint16_t)out.len);
    sale->len = (uint16_t)(2 + out.len);
    if (terminal->has_tak) {
        struct mac_plan plan = {MAC_ALGORITHM_3, MAC_PAD_ZEROS, true};
        TRY(mac_update(&signer->tak, plan, span_make(out.ptr, out.len - MAC_LEN), mac));
        memcpy(out.ptr + out.len - MAC_LEN, mac, MAC_LEN);
    }
    return 0;
}

static int making_init(struct making *making)
{
    const struct dataset *dataset = making->dataset;
    making->dialect = dialect_find("iso87_ascii");
    making->signers = calloc(dataset->terminal_count, sizeof *making->signers);
    making->cards = calloc(dataset->card_count, sizeof(struct dataset_card *));
    time_t now = time(NULL);
    if (making->signers == NULL || making->cards == NULL || gmtime_r(&now, &making->now) == NULL) {
        return ERR_MEMORY;
    }
    TRY(tdes_ciphers_init(&making->ciphers));
    for (uint32_t i = 0; i < dataset->terminal_count; i++) {
        const struct dataset_terminal *row = &dataset->terminals[i];
        struct signer *signer = &making->signers[i];
        TRY(tdes_set_key(&signer->tpk, &making->ciphers,
                         (struct secret_span){row->tpk, DATASET_KEY_LEN}));
        TRY(tdes_set_key(&signer->tak, &making->ciphers,
                         (struct secret_span){row->tak, DATASET_KEY_LEN}));
    }
    for (uint32_t i = 0; i < dataset->card_count; i++) {
        if (strcmp(dataset->cards[i].issuer, "visa") == 0) {
            making->cards[making->card_count++] = &dataset->cards[i];
        }
    }
    return dataset->terminal_count > 0 && making->card_count > 0 ? 0 : ERR_NOT_FOUND;
}

static void making_deinit(struct making *making)
{
    for (uint32_t i = 0; making->signers != NULL && i < making->dataset->terminal_count; i++) {
        tdes_deinit(&making->signers[i].tpk);
        tdes_deinit(&making->signers[i].tak);
    }
    tdes_ciphers_deinit(&making->ciphers);
    free(making->signers);
    free(making->cards);
}

int sales_init(struct sales *sales, const struct dataset *dataset, uint32_t count)
{
    CHECK(count > 0 && count <= SALES_MAX);
    struct making making = {.dataset = dataset};
    sales->rows = malloc(count * sizeof *sales->rows);
    sales->count = 0;
    int result = sales->rows == NULL ? ERR_MEMORY : making_init(&making);
    for (uint32_t i = 0; i < count && result == 0; i++) {
        result = sale_make(&making, i, &sales->rows[i]);
        sales->count = i + 1;
    }
    making_deinit(&making);
    return result;
}

void sales_deinit(struct sales *sales)
{
    free(sales->rows);
    *sales = (struct sales){0};
}

int sale_answer(struct span message, uint32_t *stan, bool *approved)
{
    static const struct iso_dialect *dialect;
    uint8_t digits[2 * SALE_LEN_MAX];
    struct writer scratch = writer_make(digits, sizeof digits);
    struct iso_msg msg;
    struct iso_error error;
    uint64_t number = 0;
    if (dialect == NULL) {
        dialect = dialect_find("iso87_ascii");
    }
    TRY(iso_decode(dialect, message, &scratch, &msg, &error));
    TRY(iso_number(&msg, 11, &number));
    *stan = (uint32_t)number;
    *approved = span_equal_text(iso_get(&msg, 39), "00");
    return 0;
}
