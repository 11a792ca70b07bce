#include "tools/isomsg/cards.h"

#include <stdlib.h>

#include "iso8583/base/map.h"

enum { KEY_LEN = 20, CARD_LEN_MIN = 12, BIN_LEN = 6 };

struct cards {
    struct map map; /* length and digits to a number */
    uint32_t count;
    size_t memory_len;
    void *memory;
};

int cards_open(struct cards **out)
{
    struct cards *cards = calloc(1, sizeof *cards);
    if (cards == NULL) {
        return ERR_MEMORY;
    }
    cards->memory_len = map_memory(CARDS_MAX, KEY_LEN);
    cards->memory = malloc(cards->memory_len);
    if (cards->memory == NULL) {
        free(cards);
        return ERR_MEMORY;
    }
    map_init(&cards->map, cards->memory, CARDS_MAX, KEY_LEN);
    *out = cards;
    return 0;
}

void cards_close(struct cards *cards)
{
    if (cards != NULL) {
        bytes_wipe(cards->memory, cards->memory_len);
        free(cards->memory);
    }
    free(cards);
}

/* How test numbers begin, by the first digit of the real one: ranges that the networks keep for
 * tests or have not issued. To change one: its row. */
static const char *const bins[10] = {
    "000000", "100000", "222100", "371449", "400000",
    "520082", "601100", "700000", "810000", "979200",
};

/* The digit that makes the others and it pass the check of ISO/IEC 7812. */
static uint8_t check_digit(const uint8_t *digits, size_t len)
{
    unsigned sum = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned digit = (unsigned)(digits[len - 1 - i] - '0');
        sum += i % 2 != 0 ? digit : 2 * digit / 10 + 2 * digit % 10;
    }
    return (uint8_t)('0' + (10 - sum % 10) % 10);
}

static void test_number_put(uint32_t number, uint8_t *pan, size_t len)
{
    uint8_t first = pan[0];
    memcpy(pan, bins[first - '0'], BIN_LEN);
    digits_put(pan + BIN_LEN, len - BIN_LEN - 1, number);
    pan[len - 1] = check_digit(pan, len - 1);
}

void card_replace(struct cards *cards, uint8_t *pan, size_t len)
{
    uint8_t key[KEY_LEN] = {(uint8_t)len};
    uint8_t real[CARD_LEN_MAX];
    uint32_t number = 0;
    bool is_card =
        len >= CARD_LEN_MIN && len <= CARD_LEN_MAX && span_is_digits(span_make(pan, len));
    if (is_card) {
        memcpy(key + 1, pan, len);
        memcpy(real, pan, len);
    }
    if (is_card && !map_find(&cards->map, key, &number)) {
        number = ++cards->count;
        is_card = map_add(&cards->map, key, number) == 0;
    }
    if (is_card) {
        test_number_put(number, pan, len);
        if (memcmp(pan, real, len) == 0) { /* a test card of our own: it has another number */
            test_number_put(CARDS_MAX + number, pan, len);
        }
    } else {
        for (size_t i = 0; i < len; i++) {
            pan[i] = byte_is_digit(pan[i]) ? '0' : pan[i];
        }
    }
    bytes_wipe(key, sizeof key);
    bytes_wipe(real, sizeof real);
}

void track_replace(struct cards *cards, uint8_t *track, size_t len, const char *separators)
{
    static const char rest[] = "4912201";
    size_t digits = 0;
    while (digits < len && byte_is_digit(track[digits])) {
        digits++;
    }
    bool is_track = digits < len && strchr(separators, track[digits]) != NULL;
    card_replace(cards, track, is_track || digits <= CARD_LEN_MAX ? digits : 0);
    for (size_t i = is_track                 ? digits + 1
                    : digits <= CARD_LEN_MAX ? digits
                                             : 0,
                k = 0;
         i < len; i++) {
        bool is_end = track[i] == '?' || track[i] == '^';
        bool is_digit = byte_is_digit(track[i]);
        if (!is_digit && !is_end && track[i] != ' ') {
            track[i] = track[i] >= 'A' ? 'X' : track[i];
        } else if (is_digit) {
            track[i] = (uint8_t)(is_track && k < sizeof rest - 1 ? rest[k] : '0');
            k++;
        }
    }
}
