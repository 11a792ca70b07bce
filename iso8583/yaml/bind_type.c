#include "iso8583/yaml/bind_type.h"

#include <inttypes.h>
#include <stdio.h>

enum { WORD_COUNT_MAX = 32 };

/* What a type's function is given; the text is not empty. */
struct value {
    const struct yaml_node_s *node;
    struct span text;
    const struct bind_key *key;
    void *member;
    char quote[QUOTE_LEN];
};

struct unit {
    const char *name;
    uint64_t factor;
};

/* From small to large. */
static const struct unit duration_units[] = {
    {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {NULL, 0}};
static const struct unit bytes_units[] = {
    {"KiB", 1u << 10}, {"MiB", 1u << 20}, {"GiB", 1u << 30}, {"TiB", 1ull << 40}, {NULL, 0}};

static void store_number(const struct value *value, uint64_t number)
{
    if (value->key->size == sizeof(uint32_t)) {
        uint32_t narrow = (uint32_t)number;
        CHECK(narrow == number);
        memcpy(value->member, &narrow, sizeof narrow);
        return;
    }
    CHECK(value->key->size == sizeof number);
    memcpy(value->member, &number, sizeof number);
}

static void store_text(const struct value *value)
{
    CHECK(value->text.len < value->key->size);
    memset(value->member, 0, value->key->size);
    memcpy(value->member, value->text.ptr, value->text.len);
}

static void read_text(struct yaml_bind *bind, const struct value *value)
{
    for (size_t i = 0; i < value->text.len; i++) {
        if (value->text.ptr[i] < 0x20 || value->text.ptr[i] == 0x7F) {
            bind_error(bind, value->node, "'%s' has a character that is not printable",
                       value->quote);
            return;
        }
    }
    if (value->text.len < value->key->min || value->text.len > value->key->max) {
        bind_error(bind, value->node,
                   "'%s' has %zu characters, %" PRIu64 " to %" PRIu64 " are possible", value->quote,
                   value->text.len, value->key->min, value->key->max);
        return;
    }
    store_text(value);
}

static void read_digits(struct yaml_bind *bind, const struct value *value)
{
    uint64_t min = value->key->min;
    uint64_t max = value->key->max;
    if (span_is_digits(value->text) && value->text.len >= min && value->text.len <= max) {
        store_text(value);
    } else if (min == max) {
        bind_error(bind, value->node, "'%s' is not %" PRIu64 " digits", value->quote, min);
    } else {
        bind_error(bind, value->node, "'%s' is not %" PRIu64 " to %" PRIu64 " digits", value->quote,
                   min, max);
    }
}

static void read_number(struct yaml_bind *bind, const struct value *value)
{
    uint64_t number = 0;
    if (span_number(value->text, &number) < 0 || number < value->key->min ||
        number > value->key->max) {
        bind_error(bind, value->node, "'%s' is not a number from %" PRIu64 " to %" PRIu64,
                   value->quote, value->key->min, value->key->max);
        return;
    }
    store_number(value, number);
}

/* @number in the largest unit that divides it: "5m". */
static const char *unit_format(uint64_t number, const struct unit *units, char *out, size_t cap)
{
    const struct unit *best = units;
    for (const struct unit *unit = units; unit->name != NULL; unit++) {
        best = number % unit->factor == 0 && number != 0 ? unit : best;
    }
    (void)snprintf(out, cap, "%" PRIu64 "%s", number / best->factor, best->name);
    return out;
}

static int unit_parse(struct span text, const struct unit *units, uint64_t *number)
{
    size_t digits = 0;
    while (digits < text.len && byte_is_digit(text.ptr[digits])) {
        digits++;
    }
    TRY(span_number(span_first(text, digits), number));
    struct span name = span_skip(text, digits);
    for (const struct unit *unit = units; unit->name != NULL; unit++) {
        if (span_equal_text(name, unit->name)) {
            return __builtin_mul_overflow(*number, unit->factor, number) ? ERR_RANGE : 0;
        }
    }
    return ERR_FORMAT;
}

static void read_unit(struct yaml_bind *bind, const struct value *value, const struct unit *units,
                      const char *what)
{
    uint64_t number = 0;
    int err = unit_parse(value->text, units, &number);
    if (err == ERR_FORMAT) {
        bind_error(bind, value->node, "'%s' is not a %s", value->quote, what);
        return;
    }
    if (err < 0 || number < value->key->min || number > value->key->max) {
        char min[32];
        char max[32];
        bind_error(bind, value->node, "'%s' is not from %s to %s", value->quote,
                   unit_format(value->key->min, units, min, sizeof min),
                   unit_format(value->key->max, units, max, sizeof max));
        return;
    }
    store_number(value, number);
}

static void read_duration(struct yaml_bind *bind, const struct value *value)
{
    read_unit(bind, value, duration_units, "duration (like 500ms, 10s, 5m, 24h)");
}

static void read_bytes(struct yaml_bind *bind, const struct value *value)
{
    read_unit(bind, value, bytes_units, "size (like 512KiB, 64MiB, 4GiB)");
}

static void read_word(struct yaml_bind *bind, const struct value *value)
{
    const char *words[WORD_COUNT_MAX + 1] = {NULL};
    size_t count = 0;
    for (const struct bind_word *word = value->key->words; word->word != NULL; word++) {
        if (span_equal_text(value->text, word->word)) {
            memcpy(value->member, &word->value, 1);
            return;
        }
        CHECK(count < WORD_COUNT_MAX);
        words[count++] = word->word;
    }
    bind_error_words(bind, value->node, value->text, words);
}

static void (*const types[])(struct yaml_bind *bind, const struct value *value) = {
    [BIND_TEXT] = read_text,         [BIND_DIGITS] = read_digits, [BIND_NUMBER] = read_number,
    [BIND_DURATION] = read_duration, [BIND_BYTES] = read_bytes,   [BIND_WORD] = read_word,
};

void bind_type_read(struct yaml_bind *bind, const struct bind_key *key,
                    const struct yaml_node_s *node, struct span text, void *member)
{
    struct value value = {.node = node, .text = text, .key = key, .member = member};
    CHECK(key->type < ARRAY_COUNT(types));
    (void)problem_quote(text, value.quote);
    types[key->type](bind, &value);
}
