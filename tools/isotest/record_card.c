#include "tools/isotest/record_card.h"

#include <stdio.h>
#include <stdlib.h>

#include "iso8583/base/map.h"

/* KNOWN_MAX is below the numbers that the shortest test card has behind its IIN: one is always
 * left.
 */
enum { KEY_LEN = PAN_LEN_MAX + 1, PAN_LEN_MIN = 8, KNOWN_MAX = 90000 };

_Static_assert((int)CARDS_MAX <= (int)KNOWN_MAX, "every card is known");

struct cards {
    struct map known; /* all numbers that are searched for: KEY_LEN bytes to the card, or CARD_NONE
                         of those without */
    void *known_memory;
    struct recorded_card *card;
    uint32_t count;
    uint32_t cap;
    bool full;
};

int cards_make(struct cards **out)
{
    struct cards *cards = calloc(1, sizeof *cards);
    void *memory = calloc(1, map_memory(KNOWN_MAX, KEY_LEN));
    if (cards == NULL || memory == NULL) {
        free(cards);
        free(memory);
        return ERR_MEMORY;
    }
    cards->known_memory = memory;
    map_init(&cards->known, memory, KNOWN_MAX, KEY_LEN);
    *out = cards;
    return 0;
}

void cards_drop(struct cards *cards)
{
    if (cards == NULL) {
        return;
    }
    bytes_wipe(cards->known_memory, map_memory(KNOWN_MAX, KEY_LEN));
    if (cards->card != NULL) {
        bytes_wipe(cards->card, cards->cap * sizeof *cards->card);
    }
    free(cards->known_memory);
    free(cards->card);
    free(cards);
}

static void key_make(struct span pan, uint8_t key[KEY_LEN])
{
    CHECK(pan.len <= PAN_LEN_MAX);
    memset(key, 0, KEY_LEN);
    key[0] = (uint8_t)pan.len;
    memcpy(key + 1, pan.ptr, pan.len);
}

static bool is_pan(struct span pan)
{
    return pan.len >= PAN_LEN_MIN && pan.len <= PAN_LEN_MAX && span_is_digits(pan);
}

static bool card_add(struct cards *cards, struct span pan, uint32_t *at)
{
    if (cards->count == cards->cap) {
        uint32_t cap = cards->cap == 0 ? 64 : cards->cap * 2;
        struct recorded_card *more =
            cards->count >= CARDS_MAX ? NULL : calloc(cap, sizeof *cards->card);
        if (more == NULL) {
            return false;
        }
        if (cards->count > 0) {
            memcpy(more, cards->card, cards->count * sizeof *more);
            bytes_wipe(cards->card, cards->count * sizeof *more);
        }
        free(cards->card);
        cards->card = more;
        cards->cap = cap;
    }
    *at = cards->count++;
    memcpy(cards->card[*at].pan, pan.ptr, pan.len);
    cards->card[*at].pan_len = (uint8_t)pan.len;
    return true;
}

uint32_t cards_see(struct cards *cards, struct span pan)
{
    uint8_t key[KEY_LEN];
    uint32_t at = CARD_NONE;
    if (!is_pan(pan)) {
        return CARD_NONE;
    }
    key_make(pan, key);
    if (map_find(&cards->known, key, &at) && at != CARD_NONE) {
        return at;
    }
    if (!card_add(cards, pan, &at)) {
        cards->full = true;
        cards_shun(cards, pan);
        return CARD_NONE;
    }
    (void)map_remove(&cards->known, key);
    cards->full = map_add(&cards->known, key, at) < 0 || cards->full;
    return at;
}

void cards_shun(struct cards *cards, struct span pan)
{
    uint8_t key[KEY_LEN];
    uint32_t at;
    if (!is_pan(pan)) {
        return;
    }
    key_make(pan, key);
    if (!map_find(&cards->known, key, &at)) {
        cards->full = map_add(&cards->known, key, CARD_NONE) < 0 || cards->full;
    }
}

uint32_t cards_count(const struct cards *cards)
{
    return cards->count;
}

struct recorded_card *cards_at(struct cards *cards, uint32_t index)
{
    CHECK(index < cards->count);
    return &cards->card[index];
}

bool cards_are_full(const struct cards *cards)
{
    return cards->full;
}

/* --- test cards ----------------------------------------------------------------------------------
 */

/* To add a class of cards: a row, the narrower one first: the first that fits is taken. The first
 * four digits of its numbers, and the IIN of its test cards. */
static const struct {
    uint16_t low;
    uint16_t high;
    const char *iin;
} classes[] = {
    {4000, 4999, "411111"}, {5100, 5599, "555555"}, {2221, 2720, "222300"}, {3400, 3499, "343434"},
    {3700, 3799, "378282"}, {3528, 3589, "353011"}, {3000, 3059, "305693"}, {3600, 3699, "360000"},
    {3800, 3999, "385200"}, {6011, 6011, "601111"}, {6440, 6599, "650000"}, {6200, 6299, "620000"},
    {5000, 5099, "500000"}, {5600, 5899, "560000"}, {6000, 6999, "675900"},
};

/* The check digit behind @digits (ISO/IEC 7812-1, annex B). */
static uint8_t luhn_digit(struct span digits)
{
    unsigned sum = 0;
    for (size_t i = 0; i < digits.len; i++) {
        unsigned digit = digits.ptr[digits.len - 1 - i] & 15u;
        digit = i % 2 == 0 ? digit * 2 : digit;
        sum += digit > 9 ? digit - 9 : digit;
    }
    return (uint8_t)('0' + (10 - sum % 10) % 10);
}

static bool luhn_is_good(struct span pan)
{
    return luhn_digit(span_first(pan, pan.len - 1)) == pan.ptr[pan.len - 1];
}

/* The row of @pan, ARRAY_COUNT(classes) if there is none. */
static size_t class_of(struct span pan)
{
    uint64_t front = 0;
    CHECK(span_number(span_first(pan, 4), &front) == 0);
    size_t i = 0;
    while (i < ARRAY_COUNT(classes) && (front < classes[i].low || front > classes[i].high)) {
        i++;
    }
    return i;
}

static void test_pan_make(const struct recorded_card *card, uint64_t number, uint8_t *out)
{
    char iin[] = "900000"; /* of no class: the same first digit, if that can be one */
    size_t class = class_of(span_make(card->pan, card->pan_len));
    iin[0] = card->pan[0] == '0' ? '9' : (char)card->pan[0];
    size_t len = card->pan_len < PAN_LEN_SEARCHED ? 16 : card->pan_len;
    memcpy(out, class < ARRAY_COUNT(classes) ? classes[class].iin : iin, 6);
    digits_put(out + 6, len - 7, number);
    out[len - 1] = luhn_digit(span_make(out, len - 1));
    out[len] = '\0';
}

static bool is_known(const struct cards *cards, struct span digits)
{
    uint8_t key[KEY_LEN];
    uint32_t unused;
    key_make(digits, key);
    return map_find(&cards->known, key, &unused);
}

/* Give @card the next test card of its class. @next: by class, where to go on. */
static bool test_card_take(const struct cards *cards, struct recorded_card *card,
                           const struct test_card *tests, size_t count, size_t *next)
{
    size_t class = class_of(span_make(card->pan, card->pan_len));
    for (size_t i = next[class]; i < count; i++) {
        if (class_of(tests[i].pan) == class && !is_known(cards, tests[i].pan)) {
            next[class] = i + 1;
            card->test = &tests[i];
            memcpy(card->test_pan, tests[i].pan.ptr, tests[i].pan.len);
            card->test_pan[tests[i].pan.len] = '\0';
            return true;
        }
    }
    next[class] = count;
    return false;
}

uint32_t cards_name(struct cards *cards, const struct test_card *tests, size_t count)
{
    size_t next[ARRAY_COUNT(classes) + 1] = {0};
    uint64_t number = 0;
    uint32_t made_up = 0;
    for (uint32_t i = 0; i < cards->count; i++) {
        struct recorded_card *card = &cards->card[i];
        if (test_card_take(cards, card, tests, count, next)) {
            continue;
        }
        made_up++;
        do {
            test_pan_make(card, ++number, card->test_pan);
        } while (is_known(cards, span_text((const char *)card->test_pan)));
    }
    return made_up;
}

/* --- searching -----------------------------------------------------------------------------------
 */

/* Digits that follow each other, whatever they were written as. */
struct run {
    size_t len;
    uint8_t digit[PAN_LEN_MAX + 1]; /* the last of them */
    size_t total;
};

/* One more digit: whether a known number ends with it. */
static bool run_add(const struct cards *cards, struct run *run, uint8_t digit)
{
    if (run->len == PAN_LEN_MAX) {
        memmove(run->digit, run->digit + 1, PAN_LEN_MAX - 1);
        run->len--;
    }
    run->digit[run->len++] = digit;
    run->total++;
    for (size_t len = PAN_LEN_SEARCHED; len <= run->len; len++) {
        if (is_known(cards, span_make(run->digit + run->len - len, len))) {
            return true;
        }
    }
    return false;
}

/* The run is over: whether it is, as a whole, what looks like a card number. */
static bool run_end(struct run *run)
{
    bool found = run->total == run->len && run->len >= 13 && run->digit[0] >= '2' &&
                 run->digit[0] <= '6' && luhn_is_good(span_make(run->digit, run->len));
    *run = (struct run){0};
    return found;
}

/* The digit that a byte is, 0xFF if it is none; @is_ebcdic: as a mainframe writes it. */
static uint8_t byte_digit(uint8_t byte, bool is_ebcdic)
{
    uint8_t digit = (uint8_t)(byte - (is_ebcdic ? 0xF0 : '0'));
    return digit <= 9 ? (uint8_t)('0' + digit) : 0xFF;
}

/* @guesses: also what only looks like a card number. */
static bool stand_in_characters(const struct cards *cards, struct span bytes, bool is_ebcdic,
                                bool guesses)
{
    struct run run = {0};
    bool gap = false;
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t digit = byte_digit(bytes.ptr[i], is_ebcdic);
        bool is_gap = bytes.ptr[i] == ' ' || bytes.ptr[i] == '-';
        if (digit != 0xFF) {
            if (run_add(cards, &run, digit)) {
                return true;
            }
        } else if ((!is_gap || gap) && run_end(&run) && guesses) {
            return true;
        }
        gap = is_gap;
    }
    return run_end(&run) && guesses;
}

/* Characters have nibbles, too, but what these look like means nothing. */
static bool is_text(struct span bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.ptr[i] < 0x20 || bytes.ptr[i] > 0x7E) {
            return false;
        }
    }
    return true;
}

static bool stand_in_nibbles(const struct cards *cards, struct span bytes)
{
    struct run run = {0};
    bool guesses = !is_text(bytes);
    for (size_t i = 0; i < 2 * bytes.len; i++) {
        uint8_t nibble = nibble_at(bytes, i);
        if (nibble <= 9) {
            if (run_add(cards, &run, (uint8_t)('0' + nibble))) {
                return true;
            }
        } else if (run_end(&run) && guesses) {
            return true;
        }
    }
    return run_end(&run) && guesses;
}

bool cards_stand_in(const struct cards *cards, struct span bytes)
{
    return stand_in_characters(cards, bytes, false, true) ||
           stand_in_characters(cards, bytes, true, true) || stand_in_nibbles(cards, bytes);
}

bool cards_stand_in_text(const struct cards *cards, struct span text)
{
    return stand_in_characters(cards, text, false, false);
}
