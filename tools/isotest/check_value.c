#include <stdio.h>

#include "iso8583/base/currency.h"
#include "iso8583/field.h"
#include "tools/isotest/check.h"
#include "tools/isotest/regex.h"

enum { KNOWN_LEN_MAX = SCRIPT_LINE_LEN_MAX };

/* --- variables -----------------------------------------------------------------------------------
 */

struct variable_state *variable_state(struct checker *checker, uint32_t slot)
{
    if (slot >= checker->state_cap) {
        uint32_t cap = slot < 64 ? 128 : slot * 2;
        struct variable_state *states = arena_array(checker->arena, cap, sizeof *states);
        if (states == NULL) {
            static struct variable_state sink;
            return &sink;
        }
        if (checker->state_cap > 0) {
            memcpy(states, checker->states, checker->state_cap * sizeof *states);
        }
        checker->states = states;
        checker->state_cap = cap;
    }
    return &checker->states[slot];
}

uint32_t variable_set(struct checker *checker, struct span name, bool is_message)
{
    if (span_equal_text(name, "n")) {
        tell_name(checker, name, "n is the number of the terminal or round, and cannot be set");
    }
    uint32_t slot = slots_take(&checker->variables, name);
    struct variable_state *state = variable_state(checker, slot);
    state->test = checker->test;
    state->everywhere = state->everywhere || checker->test == 0;
    state->is_message = is_message;
    return slot;
}

/* Whether the name is given from outside: --var, or one of the run's own. */
static bool is_given(struct checker *checker, struct span name)
{
    static const char *const own[] = {"tmp", "seed"};
    for (size_t i = 0; i < ARRAY_COUNT(own); i++) {
        if (span_equal_text(name, own[i])) {
            return true;
        }
    }
    return checker->options->variable != NULL &&
           checker->options->variable(checker->options->context, name).ptr != NULL;
}

/* {{name}}: true if it is set, @part has its slot then. */
static bool variable_resolve(struct checker *checker, struct part *part)
{
    uint32_t slot = slots_find(&checker->variables, part->text);
    if (slot == SLOT_NONE && is_given(checker, part->text)) {
        slot = slots_take(&checker->variables, part->text);
        variable_state(checker, slot)->everywhere = true;
    }
    part->slot = slot == SLOT_NONE ? 0 : slot;
    if (slot == SLOT_NONE) {
        return false;
    }
    const struct variable_state *state = variable_state(checker, slot);
    return state->everywhere || (checker->test != 0 && state->test == checker->test);
}

static void variable_check(struct checker *checker, struct part *part, enum place_kind place)
{
    if (variable_resolve(checker, part)) {
        if (variable_state(checker, part->slot)->is_message) {
            tell_at(checker, part->spot,
                    "'" WORD_FORMAT "' is a captured message: it can only be sent, by copy",
                    WORD(part->text));
        }
        return;
    }
    if (place == PLACE_REPLY) {
        struct deferred *deferred = arena_take(checker->arena, sizeof *deferred);
        *deferred = (struct deferred){checker->deferred, part};
        checker->deferred = deferred;
        return;
    }
    if (slots_find(&checker->variables, part->text) != SLOT_NONE) {
        tell_at(checker, part->spot, "'" WORD_FORMAT "' is not set in this test before this line",
                WORD(part->text));
        return;
    }
    tell_unknown(checker, "variable", part->text, part->spot, &checker->variables.names);
}

void deferred_check(struct checker *checker)
{
    for (struct deferred *at = checker->deferred; at != NULL; at = at->next) {
        variable_check(checker, at->part, PLACE_STEP);
        if (checker->arena->failed) {
            break;
        }
    }
    checker->deferred = NULL;
}

/* --- references ----------------------------------------------------------------------------------
 */

static void row_check(struct checker *checker, struct part *part, enum place_kind place)
{
    uint32_t slot = slots_find(&checker->columns, part->text);
    if (slot == SLOT_NONE && checker->script->datas == NULL) {
        tell_at(checker, part->spot, "the script has no data (data NAME = \"FILE\")");
        return;
    }
    if (slot == SLOT_NONE) {
        tell_unknown(checker, "column", part->text, part->spot, &checker->columns.names);
        return;
    }
    part->slot = slot;
    if (place == PLACE_TOP || place == PLACE_PEER) {
        tell_at(checker, part->spot, "there is no row of data here");
    } else if (place == PLACE_STEP && !checker->has_row) {
        tell_at(checker, part->spot,
                "there is no row of data yet: 'next NAME' or 'for row in NAME' comes first");
    }
    checker->card_uses_row = true;
}

static void message_check(struct checker *checker, const struct part *part, enum place_kind place)
{
    const char *name = part->kind == PART_SENT    ? "sent"
                       : part->kind == PART_ASKED ? "asked"
                                                  : "got";
    (void)path_check(checker, &part->path, part->spot, NULL);
    if (place != PLACE_STEP && place != PLACE_REPLY) {
        tell_at(checker, part->spot, "%s.FIELD stands in tests only", name);
    } else if (part->kind == PART_ASKED && !checker->has_issuer) {
        tell_at(checker, part->spot, "the script has no issuer that could be asked");
    } else if (place == PLACE_STEP && part->kind == PART_SENT && !checker->sent) {
        tell_at(checker, part->spot, "nothing was sent before this line");
    } else if (place == PLACE_STEP && part->kind == PART_GOT && !checker->taken) {
        tell_at(checker, part->spot, "no expect took a message before this line");
    }
}

static void part_check(struct checker *checker, struct part *part, enum place_kind place)
{
    switch ((enum part_kind)part->kind) {
    case PART_BYTES:
        return;
    case PART_VARIABLE:
        variable_check(checker, part, place);
        return;
    case PART_ROW:
        row_check(checker, part, place);
        return;
    case PART_SENT:
    case PART_ASKED:
    case PART_GOT:
        message_check(checker, part, place);
        return;
    case PART_INDEX:
        if (place == PLACE_TOP || (place == PLACE_PEER && !checker->range)) {
            tell_at(checker, part->spot,
                    "{{n}} stands in a terminal with a range (T[1..200]) and in tests");
        }
        return;
    }
}

/* The bytes of a template without references, in one piece. */
static bool parts_join(struct checker *checker, const struct part *parts, struct span *bytes)
{
    size_t len = 0;
    for (const struct part *part = parts; part != NULL; part = part->next) {
        if (part->kind != PART_BYTES) {
            return false;
        }
        len += part->text.len;
    }
    if (parts == NULL || parts->next == NULL) {
        *bytes = parts != NULL ? parts->text : SPAN_NONE;
        return parts != NULL;
    }
    uint8_t *joined = arena_array(checker->arena, len, 1);
    size_t at = 0;
    for (const struct part *part = parts; joined != NULL && part != NULL; part = part->next) {
        memcpy(joined + at, part->text.ptr, part->text.len);
        at += part->text.len;
    }
    *bytes = span_make(joined, at);
    return joined != NULL;
}

/* --- amounts -------------------------------------------------------------------------------------
 */

/* "12.50" with @exponent decimals to 12 digits of minor units. False after telling. */
static bool amount_digits(struct checker *checker, const struct value *value, struct span text,
                          uint8_t digits[12])
{
    const struct currency *currency = currency_find(value->currency);
    const uint8_t *point = text.len > 0 ? memchr(text.ptr, '.', text.len) : NULL;
    size_t whole_len = point != NULL ? (size_t)(point - text.ptr) : text.len;
    struct span whole = span_first(text, whole_len);
    struct span decimals = point != NULL ? span_skip(text, whole_len + 1) : SPAN_NONE;
    struct spot spot = value->parts->spot;
    if (!span_is_digits(whole) || (point != NULL && !span_is_digits(decimals))) {
        tell_at(checker, spot, "expected an amount like 12.50, not '" WORD_FORMAT "'", WORD(text));
        return false;
    }
    if (decimals.len > value->exponent) {
        if (value->exponent == 0) {
            tell_at(checker, spot, "amounts in %s have no decimals", currency->alpha);
        } else {
            tell_at(checker, spot, "amounts in %s have %u decimal%s, not %zu", currency->alpha,
                    (unsigned)value->exponent, value->exponent == 1 ? "" : "s", decimals.len);
        }
        return false;
    }
    while (whole.len > 1 && whole.ptr[0] == '0') {
        whole = span_skip(whole, 1);
    }
    if (whole.len + value->exponent > 12) {
        tell_at(checker, spot, "the amount is above 12 digits");
        return false;
    }
    memset(digits, '0', 12);
    size_t at = 12 - value->exponent - whole.len;
    memcpy(digits + at, whole.ptr, whole.len);
    if (decimals.len > 0) {
        memcpy(digits + 12 - value->exponent, decimals.ptr, decimals.len);
    }
    return true;
}

static void amount_check(struct checker *checker, struct value *value)
{
    struct span text;
    uint8_t digits[12];
    if (parts_join(checker, value->parts, &text) && amount_digits(checker, value, text, digits)) {
        value->bytes = arena_copy(checker->arena, span_make(digits, sizeof digits));
    }
}

void value_check(struct checker *checker, struct value *value, enum place_kind place)
{
    if (value->kind == VALUE_SEQ) {
        value->slot = slots_take(&checker->counters, value->bytes);
        return;
    }
    if (value->kind == VALUE_ARPC) {
        value->card = card_find(checker, value->bytes);
        return;
    }
    for (struct part *part = value->parts; part != NULL; part = part->next) {
        part_check(checker, part, place);
    }
    if (value->kind == VALUE_AMOUNT) {
        amount_check(checker, value);
        return;
    }
    struct span bytes;
    if (value->kind == VALUE_TEMPLATE && parts_join(checker, value->parts, &bytes)) {
        value->kind = VALUE_BYTES;
        value->bytes = bytes;
    }
}

/* @value was written as text (not x'..') and its bytes are known. */
static bool is_known_text(const struct value *value)
{
    return value->kind == VALUE_BYTES && value->parts != NULL;
}

bool value_is_known(const struct value *value)
{
    return value->kind == VALUE_BYTES;
}

/* --- fields --------------------------------------------------------------------------------------
 */

/* By enum iso_content: how ISO 8583 writes it, and what a byte of it is. */
static const struct {
    const char *code;
    const char *unit;
    const char *units;
} contents[] = {
    [ISO_NONE] = {"-", "nothing", "bytes"},
    [ISO_N] = {"n", "digit", "digits"},
    [ISO_A] = {"a", "letter", "letters"},
    [ISO_AN] = {"an", "letter or digit", "characters"},
    [ISO_ANS] = {"ans", "text", "characters"},
    [ISO_B] = {"b", "byte", "bytes"},
    [ISO_Z] = {"z", "digit or =", "characters"},
    [ISO_XN] = {"x+n", "C or D and digits", "characters"},
};

bool path_check(struct checker *checker, const struct path *path, struct spot spot,
                const struct iso_dialect *dialect)
{
    if (path->de == 0 || dialect == NULL) {
        return true;
    }
    const struct iso_field_row *row = &dialect->field[path->de];
    if (row->content == ISO_NONE) {
        tell_at(checker, spot, "dialect %s has no field %u", dialect->name, (unsigned)path->de);
        return false;
    }
    if (path->kind == PATH_TAG && row->content != ISO_B) {
        tell_at(checker, spot, "DE%u %s holds no tags: it is %s %u in %s", (unsigned)path->de,
                row->name, contents[row->content].code, (unsigned)row->len, dialect->name);
        return false;
    }
    return true;
}

/* Hex digits to the bytes that they are. */
static bool hex_take(struct checker *checker, struct value *value, const char *what)
{
    uint8_t *bytes = arena_array(checker->arena, value->bytes.len / 2 + 1, 1);
    if (bytes == NULL) {
        return false;
    }
    for (size_t i = 0; i < value->bytes.len; i++) {
        if (hex_value(value->bytes.ptr[i]) < 0) {
            tell_at(checker, value->spot, "%s is written in hex digits: a byte here is none", what);
            return false;
        }
    }
    if (hex_decode(value->bytes, bytes) < 0) {
        tell_at(checker, value->spot, "%s is written in hex digits, two a byte: there are %zu",
                what, value->bytes.len);
        return false;
    }
    value->bytes = span_make(bytes, value->bytes.len / 2);
    value->parts = NULL;
    return true;
}

/* How many characters a value will have that is made in the run, and of which content; 0: open. */
static size_t made_len(const struct value *value, enum iso_content *content)
{
    *content = ISO_N;
    if (value->kind == VALUE_RAND) {
        *content = value->set == 'd' ? ISO_N : value->set == 'h' ? ISO_AN : ISO_A;
        return value->count;
    }
    /* Each unit of a time is as many digits as letters. */
    return value->kind == VALUE_NOW ? value->bytes.len : 0;
}

static void too_long(struct checker *checker, const struct value *value, unsigned de,
                     const struct iso_field_row *row, size_t len)
{
    bool exact = row->prefix == 0 && (row->content == ISO_B || row->content == ISO_Z);
    tell_at(checker, value->spot, "DE%u %s has %s%u %s (%s%s%u), not %zu", de, row->name,
            exact           ? ""
            : row->len == 1 ? ""
                            : "at most ",
            (unsigned)row->len, contents[row->content].units, contents[row->content].code,
            row->prefix == 0   ? " "
            : row->prefix == 2 ? ".."
                               : "...",
            (unsigned)row->len, len);
}

static void made_fit(struct checker *checker, const struct value *value, unsigned de,
                     const struct iso_field_row *row)
{
    enum iso_content content;
    size_t len = made_len(value, &content);
    if (row->content == ISO_B) {
        if (len % 2 != 0) {
            tell_at(checker, value->spot,
                    "DE%u %s holds bytes, written in hex digits, two a byte: there are %zu", de,
                    row->name, len);
        }
        len /= 2;
    } else if ((row->content == ISO_N || row->content == ISO_Z) && content != ISO_N) {
        tell_at(checker, value->spot, "DE%u %s holds digits only", de, row->name);
        return;
    }
    if (len > row->len) {
        too_long(checker, value, de, row, len);
    }
}

static void known_fit(struct checker *checker, const struct value *value, unsigned de,
                      const struct iso_field_row *row, struct span bytes)
{
    bool exact = row->prefix == 0 && (row->content == ISO_B || row->content == ISO_Z);
    if (bytes.len > row->len || (exact && bytes.len != row->len)) {
        too_long(checker, value, de, row, bytes.len);
        return;
    }
    size_t good = field_count_valid(row->content, bytes);
    if (row->content == ISO_Z && good == bytes.len && bytes.len > 0 &&
        memchr(bytes.ptr, 'D', bytes.len) != NULL) {
        tell_at(checker, value->spot, "DE%u %s has '=' between card number and expiry", de,
                row->name);
    } else if (row->content != ISO_B &&
               (good < bytes.len || (row->content == ISO_XN && good < 2))) {
        struct spot spot = value->spot;
        /* A bare word stands in the text as it is: show the very character. */
        if (value->parts != NULL && value->parts->next == NULL && good < bytes.len &&
            value->parts->text.ptr == bytes.ptr && value->parts->spot.len == bytes.len) {
            spot = value->parts->spot;
            spot.col = (uint16_t)(spot.col + good);
            spot.len = 1;
        }
        tell_at(checker, spot, "DE%u %s is %s %u: expected %s here", de, row->name,
                contents[row->content].code, (unsigned)row->len, contents[row->content].unit);
    }
}

/* mti, hdr.tpdu, tags: their values have no row. */
static void rowless_fit(struct checker *checker, struct value *value, const struct path *path,
                        bool must_fit)
{
    if (path->kind == PATH_MTI) {
        if (must_fit && value_is_known(value) &&
            (value->bytes.len != 4 || !span_is_digits(value->bytes))) {
            tell_at(checker, value->spot, "a message type is four digits");
        }
        return;
    }
    if (is_known_text(value) &&
        !hex_take(checker, value, path->kind == PATH_TAG ? "the tag's value" : "a TPDU")) {
        return;
    }
    if (must_fit && path->kind == PATH_TPDU && value_is_known(value) &&
        value->bytes.len != TPDU_LEN && value->bytes.len != FRAME_LABEL_LEN) {
        tell_at(checker, value->spot, "a TPDU is 5 bytes, 10 hex digits");
    }
}

void value_fit(struct checker *checker, struct value *value, const struct path *path,
               const struct iso_dialect *dialect, bool must_fit)
{
    if (value->kind == VALUE_ARPC) {
        if (path->kind != PATH_TAG && path->de != 0) {
            tell_at(checker, value->spot, "an ARPC stands in a tag (55.91)");
        }
        return;
    }
    if (path->kind != PATH_FIELD) {
        rowless_fit(checker, value, path, must_fit);
        return;
    }
    if (dialect == NULL || dialect->field[path->de].content == ISO_NONE) {
        if (is_known_text(value)) {
            value->kind = VALUE_TEMPLATE; /* The run knows whether it is hex digits. */
        }
        return;
    }
    const struct iso_field_row *row = &dialect->field[path->de];
    char what[60];
    (void)snprintf(what, sizeof what, "DE%u %s", (unsigned)path->de, row->name);
    if (row->content == ISO_B && is_known_text(value) && !hex_take(checker, value, what)) {
        return;
    }
    if (!must_fit) {
        return;
    }
    if (value->kind == VALUE_RAND || value->kind == VALUE_NOW) {
        made_fit(checker, value, path->de, row);
    } else if (value->kind == VALUE_AMOUNT && (row->content != ISO_N || row->len < 12)) {
        tell_at(checker, value->spot, "DE%u %s is %s %u: no place for an amount of n 12",
                (unsigned)path->de, row->name, contents[row->content].code, (unsigned)row->len);
    } else if (value_is_known(value)) {
        known_fit(checker, value, path->de, row, value->bytes);
    }
}

/* --- predicates ----------------------------------------------------------------------------------
 */

void pred_check(struct checker *checker, struct pred *pred, enum place_kind place,
                const struct path *path, const struct iso_dialect *dialect)
{
    if (pred->kind == PRED_MATCHES) {
        regex_check(checker, pred);
    }
    for (struct value_list *node = pred->values; node != NULL; node = node->next) {
        value_check(checker, &node->value, place);
        if (path != NULL) {
            value_fit(checker, &node->value, path, dialect,
                      pred->kind == PRED_EQ || pred->kind == PRED_IN);
        }
    }
}
