#include "routes/stub_rules.h"

#include "iso8583/mti.h"
#include "routes/stub_account.h"

enum field_kind { FIELD_TEXT, FIELD_NUMBER, FIELD_MTI, FIELD_PAN };

/* To add a field a rule may name: one row. */
static const struct rule_field {
    const char *name;
    uint8_t kind; /* enum field_kind */
    uint8_t de;
} fields[] = {
    {"mti", FIELD_MTI, 0},        {"pan", FIELD_PAN, 2},        {"proc", FIELD_TEXT, 3},
    {"amount", FIELD_NUMBER, 4},  {"stan", FIELD_NUMBER, 11},   {"mcc", FIELD_TEXT, 18},
    {"rrn", FIELD_TEXT, 37},      {"terminal", FIELD_TEXT, 41}, {"merchant", FIELD_TEXT, 42},
    {"currency", FIELD_TEXT, 49}, {"network", FIELD_TEXT, 70},
};

enum rule_op { OP_EQUAL, OP_UNEQUAL, OP_PREFIX, OP_LESS, OP_MORE, OP_LESS_EQUAL, OP_MORE_EQUAL };

static const char *const ops[] = {
    [OP_EQUAL] = "==", [OP_UNEQUAL] = "!=",    [OP_PREFIX] = "prefix", [OP_LESS] = "<",
    [OP_MORE] = ">",   [OP_LESS_EQUAL] = "<=", [OP_MORE_EQUAL] = ">=",
};

enum argument { ARGUMENT_NONE, ARGUMENT_CODE, ARGUMENT_AMOUNT, ARGUMENT_MS };

/* To add a verb: a constant in enum rule_verb, a row here, and what it does in issuer_stub.c. */
static const struct rule_word {
    const char *name;
    uint8_t argument; /* enum argument */
} verbs[] = {
    [RULE_APPROVE] = {"approve", ARGUMENT_NONE},     [RULE_DECLINE] = {"decline", ARGUMENT_CODE},
    [RULE_PARTIAL] = {"partial", ARGUMENT_AMOUNT},   [RULE_DROP] = {"drop", ARGUMENT_NONE},
    [RULE_CLOSE] = {"close", ARGUMENT_NONE},         [RULE_SILENT] = {"silent", ARGUMENT_NONE},
    [RULE_DELAY] = {"delay", ARGUMENT_MS},           [RULE_LATE] = {"late", ARGUMENT_MS},
    [RULE_DUPLICATE] = {"duplicate", ARGUMENT_NONE},
};

enum { DELAY_MS_MAX = 24 * 3600 * 1000 };

/* --- Reading ---------------------------------------------------------------------------------- */

/* One line, word by word. */
struct words {
    struct source *source;
    struct span line;
    uint32_t line_number;
    size_t at;
    struct span word; /* the last one taken; empty at the end of the line */
};

static bool is_space(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

static void word_take(struct words *words)
{
    while (words->at < words->line.len && is_space(words->line.ptr[words->at])) {
        words->at++;
    }
    size_t start = words->at;
    while (words->at < words->line.len && !is_space(words->line.ptr[words->at])) {
        words->at++;
    }
    words->word = span_make(words->line.ptr + start, words->at - start);
}

static struct place word_place(const struct words *words)
{
    size_t start = (size_t)(words->word.ptr - words->line.ptr);
    return (struct place){words->line_number, (uint32_t)start + 1, (uint32_t)words->word.len};
}

/* Tell that another word was expected here, and which was perhaps meant. */
static bool word_wrong(const struct words *words, const char *expected, const char *nearest)
{
    if (words->word.len == 0) {
        source_error(words->source, word_place(words), "expected %s, but the rule ends", expected);
    } else {
        source_error(words->source, word_place(words), "expected %s, not '%.*s'%s%s%s", expected,
                     (int)words->word.len, (const char *)words->word.ptr,
                     nearest != NULL ? "; did you mean '" : "", nearest != NULL ? nearest : "",
                     nearest != NULL ? "'?" : "");
    }
    return false;
}

static bool word_is(const struct words *words, const char *text)
{
    return span_equal_text(words->word, text);
}

static bool field_read(struct words *words, struct rule_condition *condition)
{
    const char *names[ARRAY_COUNT(fields)];
    for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
        names[i] = fields[i].name;
        if (word_is(words, names[i])) {
            condition->field = (uint8_t)i;
            return true;
        }
    }
    return word_wrong(words, "a field", source_suggest(words->word, names, ARRAY_COUNT(names)));
}

static bool op_read(struct words *words, struct rule_condition *condition)
{
    for (size_t i = 0; i < ARRAY_COUNT(ops); i++) {
        if (!word_is(words, ops[i])) {
            continue;
        }
        const struct rule_field *field = &fields[condition->field];
        if ((field->kind == FIELD_NUMBER) ? i == OP_PREFIX : i >= OP_LESS) {
            source_error(words->source, word_place(words), "'%s' does not apply to %s", ops[i],
                         field->name);
            return false;
        }
        condition->op = (uint8_t)i;
        return true;
    }
    return word_wrong(words, "an operator (== != prefix < > <= >=)", NULL);
}

static bool value_read(struct words *words, struct rule_condition *condition)
{
    if (fields[condition->field].kind == FIELD_NUMBER) {
        return span_number(words->word, &condition->number) == 0 ||
               word_wrong(words, "a number", NULL);
    }
    if (words->word.len == 0 || words->word.len > sizeof condition->text) {
        return word_wrong(words, "a value of 1 to 24 characters", NULL);
    }
    memcpy(condition->text, words->word.ptr, words->word.len);
    condition->text_len = (uint8_t)words->word.len;
    return true;
}

static bool conditions_read(struct words *words, struct rule *rule)
{
    word_take(words);
    if (!word_is(words, "when")) {
        return word_wrong(words, "'when'", NULL);
    }
    do {
        word_take(words);
        if (rule->condition_count == RULE_CONDITIONS_MAX) {
            source_error(words->source, word_place(words), "more than %d conditions",
                         RULE_CONDITIONS_MAX);
            return false;
        }
        struct rule_condition *condition = &rule->condition[rule->condition_count++];
        if (!field_read(words, condition)) {
            return false;
        }
        word_take(words);
        if (!op_read(words, condition)) {
            return false;
        }
        word_take(words);
        if (!value_read(words, condition)) {
            return false;
        }
        word_take(words);
    } while (word_is(words, "and"));
    return word_is(words, "then") || word_wrong(words, "'and' or 'then'", NULL);
}

static bool argument_read(struct words *words, struct rule *rule)
{
    uint64_t number = 0;
    switch ((enum argument)verbs[rule->verb].argument) {
    case ARGUMENT_NONE:
        return true;
    case ARGUMENT_CODE:
        word_take(words);
        if (words->word.len != 2 || hex_value(words->word.ptr[0]) < 0 ||
            hex_value(words->word.ptr[1]) < 0 || word_is(words, "00")) {
            return word_wrong(words, "a response code of two characters other than 00", NULL);
        }
        memcpy(rule->code, words->word.ptr, 2);
        return true;
    case ARGUMENT_AMOUNT:
        word_take(words);
        if (span_number(words->word, &number) < 0 || number == 0 || number > 999999999999u) {
            return word_wrong(words, "an amount in minor units", NULL);
        }
        rule->amount_minor = (int64_t)number;
        return true;
    case ARGUMENT_MS:
        word_take(words);
        if (span_number(words->word, &number) < 0 || number > DELAY_MS_MAX) {
            return word_wrong(words, "milliseconds, a day at most", NULL);
        }
        rule->ms = (uint32_t)number;
        return true;
    }
    return false;
}

static bool verb_read(struct words *words, struct rule *rule)
{
    const char *names[ARRAY_COUNT(verbs)];
    word_take(words);
    for (size_t i = 0; i < ARRAY_COUNT(verbs); i++) {
        names[i] = verbs[i].name;
        if (word_is(words, names[i])) {
            rule->verb = (enum rule_verb)i;
            return argument_read(words, rule);
        }
    }
    return word_wrong(words, "what to do", source_suggest(words->word, names, ARRAY_COUNT(names)));
}

static bool rule_read(struct words *words, struct rule *rule)
{
    if (!conditions_read(words, rule) || !verb_read(words, rule)) {
        return false;
    }
    word_take(words);
    if (word_is(words, "times")) {
        uint64_t times = 0;
        word_take(words);
        if (span_number(words->word, &times) < 0 || times == 0 || times > UINT32_MAX) {
            return word_wrong(words, "how many times", NULL);
        }
        rule->is_limited = true;
        rule->times_left = (uint32_t)times;
        word_take(words);
    }
    return words->word.len == 0 || word_wrong(words, "'times' or the end of the rule", NULL);
}

int rules_parse(struct rules *rules, struct source *source, bool is_line)
{
    if (!is_line || source->text.len == 0) {
        TRY(source_check_whole(source));
    }
    struct words words = {.source = source};
    size_t offset = 0;
    while (source->error_count < SOURCE_ERRORS_MAX &&
           source_next_line(source, &offset, &words.line_number, &words.line)) {
        words.at = 0;
        word_take(&words);
        if (words.word.len == 0 || words.word.ptr[0] == '#') {
            continue;
        }
        words.at = 0;
        struct rule rule = {0};
        if (!rule_read(&words, &rule)) {
            continue;
        }
        if (rules->count == RULES_MAX) {
            source_error(source, (struct place){words.line_number, 1, (uint32_t)words.line.len},
                         "more than %d rules", RULES_MAX);
            break;
        }
        rules->rule[rules->count++] = rule;
    }
    return source->error_count == 0 ? 0 : ERR_CONFIG;
}

/* --- Matching --------------------------------------------------------------------------------- */

static bool number_matches(enum rule_op op, uint64_t value, uint64_t wanted)
{
    switch (op) {
    case OP_EQUAL:
        return value == wanted;
    case OP_UNEQUAL:
        return value != wanted;
    case OP_LESS:
        return value < wanted;
    case OP_MORE:
        return value > wanted;
    case OP_LESS_EQUAL:
        return value <= wanted;
    case OP_MORE_EQUAL:
        return value >= wanted;
    case OP_PREFIX:
        break;
    }
    return false;
}

static bool text_matches(enum rule_op op, struct span value, struct span wanted)
{
    if (op == OP_PREFIX) {
        return value.len >= wanted.len && span_equal(span_first(value, wanted.len), wanted);
    }
    /* Fixed text is filled with spaces on the wire; a rule has none. */
    while (value.len > 0 && value.ptr[value.len - 1] == ' ') {
        value.len--;
    }
    return span_equal(value, wanted) == (op == OP_EQUAL);
}

static bool condition_matches(const struct rule_condition *condition, const struct iso_msg *msg)
{
    const struct rule_field *field = &fields[condition->field];
    enum rule_op op = (enum rule_op)condition->op;
    struct span wanted = span_make(condition->text, condition->text_len);
    uint8_t mti[4];
    uint64_t number = 0;
    struct span value = SPAN_NONE;
    switch ((enum field_kind)field->kind) {
    case FIELD_NUMBER:
        return iso_number(msg, field->de, &number) == 0 &&
               number_matches(op, number, condition->number);
    case FIELD_MTI:
        mti_print(msg->mti, mti);
        return text_matches(op, span_make(mti, sizeof mti), wanted);
    case FIELD_PAN:
        value = message_pan(msg);
        break;
    case FIELD_TEXT:
        value = iso_get(msg, field->de);
        break;
    }
    return value.len > 0 && text_matches(op, value, wanted);
}

static bool rule_matches(const struct rule *rule, const struct iso_msg *msg)
{
    for (uint32_t i = 0; i < rule->condition_count; i++) {
        if (!condition_matches(&rule->condition[i], msg)) {
            return false;
        }
    }
    return true;
}

const struct rule *rules_match(struct rules *rules, const struct iso_msg *msg)
{
    for (uint32_t i = 0; i < rules->count; i++) {
        struct rule *rule = &rules->rule[i];
        if ((rule->is_limited && rule->times_left == 0) || !rule_matches(rule, msg)) {
            continue;
        }
        rule->times_left -= rule->is_limited ? 1 : 0;
        return rule;
    }
    return NULL;
}
