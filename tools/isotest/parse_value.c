#include <stdio.h>

#include "iso8583/base/currency.h"
#include "tools/isotest/parse.h"

/* --- field paths ---------------------------------------------------------------------------------
 */

const char *const *alias_names(size_t *count)
{
    static const char *names[ISO_DE_MAX + 3];
    static size_t name_count;
    if (name_count == 0) {
        names[name_count++] = "mti";
        names[name_count++] = "hdr.tpdu";
        const struct iso_dialect *dialect = dialect_at(0);
        for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
            if (dialect->field[de].content != ISO_NONE) {
                names[name_count++] = dialect->field[de].name;
            }
        }
    }
    *count = name_count;
    return names;
}

/* The field that an alias names, or 0. The dialects call the same fields the same. */
static unsigned alias_find(struct span name)
{
    const struct iso_dialect *dialect = dialect_at(0);
    for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
        if (dialect->field[de].content != ISO_NONE &&
            span_equal_text(name, dialect->field[de].name)) {
            return de;
        }
    }
    return 0;
}

/* "55.9F26" in front of and behind its point. */
static struct span path_head(struct span text, struct span *tail)
{
    const uint8_t *point = text.len > 0 ? memchr(text.ptr, '.', text.len) : NULL;
    size_t len = point != NULL ? (size_t)(point - text.ptr) : text.len;
    *tail = point != NULL ? span_skip(text, len + 1) : SPAN_NONE;
    return span_first(text, len);
}

bool text_is_path(struct span text)
{
    struct span tail;
    struct span head = path_head(text, &tail);
    return head.len > 0 && (byte_is_digit(head.ptr[0]) || span_equal_text(head, "mti") ||
                            span_equal_text(head, "hdr") || alias_find(head) != 0);
}

/* A BER tag of as many bytes as its own bytes say. */
static bool tag_parse(struct span text, uint32_t *tag)
{
    uint8_t bytes[4];
    if (text.len < 2 || text.len > 8 || hex_decode(text, bytes) < 0) {
        return false;
    }
    size_t len = 1;
    if ((bytes[0] & 0x1Fu) == 0x1F) {
        while (len < text.len / 2 && (bytes[len] & 0x80u) != 0) {
            len++;
        }
        len++;
    }
    *tag = 0;
    for (size_t i = 0; i < text.len / 2; i++) {
        *tag = *tag << 8 | bytes[i];
    }
    return len == text.len / 2 && *tag != 0;
}

static bool path_unknown(struct parser *parser, struct span head, struct spot spot)
{
    char hint[HINT_LEN];
    size_t count;
    const char *const *names = alias_names(&count);
    (void)hint_make(head, names, count, hint);
    return fail(parser, spot, "there is no field '" WORD_FORMAT "'%s", WORD(head), hint);
}

bool path_parse(struct parser *parser, struct span text, struct spot spot, struct path *path)
{
    struct span tail;
    struct span head = path_head(text, &tail);
    uint64_t de = 0;
    *path = (struct path){.kind = PATH_FIELD};
    if (span_equal_text(text, "mti") || span_equal_text(text, "hdr.tpdu")) {
        path->kind = text.len == 3 ? PATH_MTI : PATH_TPDU;
        return true;
    }
    if (span_is_digits(head)) {
        if (span_number(head, &de) < 0 || de < 2 || de > ISO_DE_MAX || de == 65) {
            return fail(parser, spot, "a field is 2 to 192%s",
                        de == 0    ? "; the message type is mti"
                        : de == 1  ? "; bitmaps make themselves"
                        : de == 65 ? ", but not 65 (that would be a third bitmap)"
                                   : "");
        }
    } else {
        de = alias_find(head);
        if (de == 0) {
            return path_unknown(parser, head, spot);
        }
    }
    path->de = (uint8_t)de;
    if (head.len == text.len) {
        return true;
    }
    path->kind = PATH_TAG;
    if (!tag_parse(tail, &path->tag)) {
        return fail(parser, spot,
                    "'" WORD_FORMAT "' is no tag: hex digits as in 55.9F26, of one to four bytes",
                    WORD(tail));
    }
    return true;
}

bool take_path(struct parser *parser, struct path *path, struct spot *spot)
{
    const struct token *token = peek(parser);
    if (token->kind != TOKEN_WORD) {
        return fail_expected(parser, "a field (2, 55.9F26, pan)");
    }
    *spot = token->spot;
    if (!path_parse(parser, token->text, token->spot, path)) {
        return false;
    }
    parser->at++;
    return true;
}

bool path_is_secret(const struct path *path)
{
    return path->de != 0 && dialect_at(0)->field[path->de].mask == ISO_MASK_ALL;
}

bool take_path_list(struct parser *parser, struct path_list **list)
{
    struct path_list **tail = list;
    do {
        struct path_list *node = NEW(parser, struct path_list);
        if (!take_path(parser, &node->path, &node->spot)) {
            return false;
        }
        *tail = node;
        tail = &node->next;
    } while (take_if(parser, ","));
    return true;
}

/* --- templates -----------------------------------------------------------------------------------
 */

/* The message that "sent." and its like in front of a field name, or PART_BYTES. */
static enum part_kind prefix_kind(struct span text, struct span *rest)
{
    static const struct {
        const char *prefix;
        enum part_kind kind;
    } rows[] = {
        {"row.", PART_ROW}, {"sent.", PART_SENT}, {"asked.", PART_ASKED}, {"got.", PART_GOT}};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        size_t len = strlen(rows[i].prefix);
        if (text.len > len && span_equal_text(span_first(text, len), rows[i].prefix)) {
            *rest = span_skip(text, len);
            return rows[i].kind;
        }
    }
    return PART_BYTES;
}

static bool name_is_good(struct span name)
{
    for (size_t i = 0; i < name.len; i++) {
        uint8_t lower = name.ptr[i] | 0x20u;
        if ((lower < 'a' || lower > 'z') && !byte_is_digit(name.ptr[i]) && name.ptr[i] != '_' &&
            (i == 0 || name.ptr[i] != '-')) {
            return false;
        }
    }
    return name.len > 0 && !byte_is_digit(name.ptr[0]);
}

/* row.pan, sent.11 as one part. */
static bool prefixed_part(struct parser *parser, enum part_kind kind, struct span rest,
                          struct part *part)
{
    part->kind = (uint8_t)kind;
    part->text = rest;
    if (kind != PART_ROW) {
        return path_parse(parser, rest, part->spot, &part->path);
    }
    if (name_is_good(rest)) {
        return true;
    }
    return fail(parser, part->spot, "'" WORD_FORMAT "' is no name of a column", WORD(rest));
}

/* What stands between {{ and }}. */
static bool reference_parse(struct parser *parser, struct span text, struct part *part)
{
    while (text.len > 0 && (text.ptr[0] == ' ' || text.ptr[0] == '\t')) {
        text = span_skip(text, 1);
    }
    while (text.len > 0 && (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == '\t')) {
        text.len--;
    }
    struct span rest = SPAN_NONE;
    enum part_kind kind = prefix_kind(text, &rest);
    if (kind != PART_BYTES) {
        return prefixed_part(parser, kind, rest, part);
    }
    const uint8_t *colon = text.len > 0 ? memchr(text.ptr, ':', text.len) : NULL;
    struct span name = colon != NULL ? span_first(text, (size_t)(colon - text.ptr)) : text;
    if (!name_is_good(name)) {
        return fail(parser, part->spot,
                    "expected a name, row.COLUMN, sent.FIELD, asked.FIELD, got.FIELD or n between "
                    "{{ and }}");
    }
    bool is_index = span_equal_text(name, "n");
    part->kind = is_index ? PART_INDEX : PART_VARIABLE;
    part->text = name;
    uint64_t width = 0;
    if (colon != NULL && (!is_index || span_number(span_skip(text, name.len + 1), &width) < 0 ||
                          width < 1 || width > 19)) {
        return fail(parser, part->spot, "only {{n}} has a width: {{n:7}}, 1 to 19");
    }
    part->width = (uint8_t)width;
    return true;
}

/* @text as its bytes: the escapes of a quoted text are gone. */
static struct span unescape(struct parser *parser, struct span text)
{
    if (memchr(text.ptr, '\\', text.len) == NULL) {
        return text;
    }
    uint8_t *copy = arena_array(parser->arena, text.len, 1);
    size_t len = 0;
    for (size_t i = 0; copy != NULL && i < text.len; i++) {
        if (text.ptr[i] == '\\' && i + 1 < text.len) {
            i++;
            copy[len++] = text.ptr[i] == 'n' ? '\n' : text.ptr[i];
        } else {
            copy[len++] = text.ptr[i];
        }
    }
    return copy != NULL ? span_make(copy, len) : SPAN_NONE;
}

static struct spot spot_part(struct spot base, size_t from, size_t len)
{
    base.col = (uint16_t)(base.col + from);
    base.len = (uint16_t)len;
    return base;
}

/* The parts of @text, whose first byte stands at @spot. */
static bool template_parse(struct parser *parser, struct span text, struct spot spot, bool escapes,
                           struct part **parts)
{
    struct part **tail = parts;
    size_t at = 0;
    do {
        struct span rest = span_skip(text, at);
        const uint8_t *open = rest.len > 0 ? memmem(rest.ptr, rest.len, "{{", 2) : NULL;
        size_t plain = open != NULL ? (size_t)(open - rest.ptr) : rest.len;
        struct part *part = NEW(parser, struct part);
        if (plain > 0 || text.len == 0) {
            struct span bytes = span_first(rest, plain);
            *part = (struct part){.kind = PART_BYTES, .spot = spot_part(spot, at, plain)};
            part->text = escapes && plain > 0 ? unescape(parser, bytes) : bytes;
            at += plain;
        } else {
            const uint8_t *close = memmem(rest.ptr, rest.len, "}}", 2);
            if (close == NULL) {
                return fail(parser, spot_part(spot, at, 2), "'{{' is not closed by '}}'");
            }
            size_t len = (size_t)(close - rest.ptr);
            part->spot = spot_part(spot, at, len + 2);
            if (!reference_parse(parser, span_first(span_skip(rest, 2), len - 2), part)) {
                return false;
            }
            at += len + 2;
        }
        *tail = part;
        tail = &part->next;
    } while (at < text.len);
    return true;
}

/* --- values --------------------------------------------------------------------------------------
 */

static bool hex_value_parse(struct parser *parser, const struct token *token, struct value *value)
{
    uint8_t *bytes = arena_array(parser->arena, token->text.len / 2 + 1, 1);
    size_t digits = 0;
    for (size_t i = 0; bytes != NULL && i < token->text.len; i++) {
        int digit = hex_value(token->text.ptr[i]);
        if (token->text.ptr[i] == ' ') {
            continue;
        }
        if (digit < 0) {
            return fail(parser, spot_part(token->spot, 2 + i, 1), "expected a hex digit");
        }
        bytes[digits / 2] = (uint8_t)(bytes[digits / 2] << 4 | digit);
        digits++;
    }
    if (digits % 2 != 0) {
        return fail(parser, token->spot, "an odd number of hex digits");
    }
    value->kind = VALUE_BYTES;
    value->bytes = span_make(bytes, digits / 2);
    return true;
}

/* amount 12.50 EUR, behind the word. Decimals are the check's. */
static bool amount_parse(struct parser *parser, struct value *value)
{
    const struct token *number = peek(parser);
    value->kind = VALUE_AMOUNT;
    if (number->kind != TOKEN_WORD) {
        return fail_expected(parser, "an amount (12.50 EUR)");
    }
    if (!template_parse(parser, number->text, number->spot, false, &value->parts)) {
        return false;
    }
    parser->at++;
    const struct token *code = peek(parser);
    if (code->kind != TOKEN_WORD) {
        return fail_expected(parser, "a currency (EUR, 978)");
    }
    uint64_t numeric = 0;
    const struct currency *currency = code->text.len == 3 && span_number(code->text, &numeric) == 0
                                          ? currency_find((uint16_t)numeric)
                                          : currency_find_alpha(code->text);
    if (currency == NULL) {
        return fail(parser, code->spot, "there is no currency '" WORD_FORMAT "' in ISO 4217",
                    WORD(code->text));
    }
    value->currency = currency->numeric;
    value->exponent = currency->exponent;
    parser->at++;
    return true;
}

static bool now_parse(struct parser *parser, struct value *value)
{
    static const char *const units[] = {"YYYY", "YY", "Y",  "MM", "DDD",
                                        "DD",   "hh", "HH", "mm", "ss"};
    const struct token *pattern = peek(parser);
    value->kind = VALUE_NOW;
    value->bytes = pattern->text;
    for (size_t at = 0; pattern->kind == TOKEN_WORD && at < pattern->text.len;) {
        struct span rest = span_skip(pattern->text, at);
        size_t len = 0;
        for (size_t i = 0; i < ARRAY_COUNT(units) && len == 0; i++) {
            struct span head = span_first(rest, strlen(units[i]));
            len = span_equal_text(head, units[i]) ? head.len : 0;
        }
        if (len == 0) {
            return fail(
                parser, spot_part(pattern->spot, at, 1),
                "a time is made of YYYY, YY, Y, MM, DD, DDD (day of the year), hh, mm and ss");
        }
        at += len;
    }
    if (pattern->kind != TOKEN_WORD) {
        return fail_expected(parser, "a time (MMDDhhmmss)");
    }
    parser->at++;
    return true;
}

static bool rand_parse(struct parser *parser, struct value *value)
{
    static const char *const sets[] = {"digits", "hex", "letters"};
    static const uint8_t codes[] = {'d', 'h', 'a'};
    int set = take_word_of(parser, sets, ARRAY_COUNT(sets));
    uint64_t count = 0;
    if (set < 0 || !take_number(parser, "how many characters", 1, 999, &count)) {
        return false;
    }
    value->kind = VALUE_RAND;
    value->set = codes[set];
    value->count = (uint16_t)count;
    return true;
}

/* now(...), rand(...), seq(...): @word is its index. */
static bool call_parse(struct parser *parser, int word, struct value *value)
{
    parser->at += 2;
    bool good = word == 0   ? now_parse(parser, value)
                : word == 1 ? rand_parse(parser, value)
                            : take_name(parser, "the name of a counter", &value->bytes);
    if (word == 2) {
        value->kind = VALUE_SEQ;
    }
    return good && take(parser, ")");
}

static bool word_value_parse(struct parser *parser, struct value *value)
{
    const struct token *token = peek(parser);
    struct span rest = SPAN_NONE;
    enum part_kind kind = prefix_kind(token->text, &rest);
    value->kind = VALUE_TEMPLATE;
    if (kind == PART_BYTES) {
        parser->at++;
        return template_parse(parser, token->text, token->spot, false, &value->parts);
    }
    struct part *part = NEW(parser, struct part);
    part->spot = token->spot;
    value->parts = part;
    parser->at++;
    return prefixed_part(parser, kind, rest, part);
}

bool take_value(struct parser *parser, const char *what, struct value *value)
{
    static const char *const calls[] = {"now", "rand", "seq"};
    const struct token *token = peek(parser);
    size_t first = parser->at;
    bool good = false;
    *value = (struct value){.kind = VALUE_TEMPLATE, .spot = token->spot};
    if (token->kind == TOKEN_STRING) {
        parser->at++;
        good = template_parse(parser, token->text, spot_part(token->spot, 1, token->text.len), true,
                              &value->parts);
    } else if (token->kind == TOKEN_HEX) {
        parser->at++;
        good = hex_value_parse(parser, token, value);
    } else if (token->kind != TOKEN_WORD) {
        return fail_expected(parser, what);
    } else if (word_index(token, calls, 3) >= 0 && token_is(token + 1, "(")) {
        good = call_parse(parser, word_index(token, calls, 3), value);
    } else if (token_is(token, "amount") && token[1].kind == TOKEN_WORD) {
        parser->at++;
        good = amount_parse(parser, value);
    } else {
        good = word_value_parse(parser, value);
    }
    value->spot = spot_from(parser, first);
    return good;
}

/* --- predicates ----------------------------------------------------------------------------------
 */

static const char *const relops[] = {"==", "!=", "<", "<=", ">", ">="};

bool take_relop(struct parser *parser, uint8_t *relop)
{
    for (size_t i = 0; i < ARRAY_COUNT(relops); i++) {
        if (take_if(parser, relops[i])) {
            *relop = (uint8_t)(PRED_EQ + i);
            return true;
        }
    }
    return fail_words(parser, relops, ARRAY_COUNT(relops));
}

static bool pred_in_parse(struct parser *parser, struct pred *pred)
{
    struct value_list **tail = &pred->values;
    if (!take(parser, "(")) {
        return false;
    }
    do {
        struct value_list *node = NEW(parser, struct value_list);
        if (!take_value(parser, "a value", &node->value)) {
            return false;
        }
        *tail = node;
        tail = &node->next;
    } while (take_if(parser, ","));
    if (take_if(parser, ")")) {
        return true;
    }
    return fail_expected(parser, "',' or ')'");
}

static bool pred_value_parse(struct parser *parser, struct pred *pred)
{
    pred->values = NEW(parser, struct value_list);
    bool good = take_value(parser, "a value", &pred->values->value);
    pred->spot = pred->values->value.spot;
    return good;
}

static bool pred_matches_parse(struct parser *parser, struct pred *pred)
{
    const struct token *token = peek(parser);
    if (token->kind != TOKEN_REGEX) {
        return fail_expected(parser, "a regular expression (/^[0-9]+$/)");
    }
    pred->pattern = token->text;
    pred->spot = token->spot;
    parser->at++;
    return true;
}

bool take_pred(struct parser *parser, struct pred *pred)
{
    static const char *const words[] = {
        "==", "!=", "<", "<=", ">", ">=", "in", "matches", "present", "absent", "len", "contains"};
    const struct token *token = peek(parser);
    size_t first = parser->at;
    uint64_t number = 0;
    *pred = (struct pred){.spot = token->spot};
    if (token->kind == TOKEN_OP && !token_is(token, "=")) {
        return take_relop(parser, &pred->kind) && pred_value_parse(parser, pred);
    }
    switch (word_index(token, words + 6, 6)) {
    case 0:
        parser->at++;
        pred->kind = PRED_IN;
        if (!pred_in_parse(parser, pred)) {
            return false;
        }
        break;
    case 1:
        parser->at++;
        pred->kind = PRED_MATCHES;
        return pred_matches_parse(parser, pred);
    case 2:
    case 3:
        parser->at++;
        pred->kind = token_is(token, "present") ? PRED_PRESENT : PRED_ABSENT;
        return true;
    case 4:
        parser->at++;
        pred->kind = PRED_LEN;
        if (!take_relop(parser, &pred->relop) ||
            !take_number(parser, "a length", 0, 9999, &number)) {
            return false;
        }
        pred->number = (int64_t)number;
        break;
    case 5:
        parser->at++;
        pred->kind = PRED_CONTAINS;
        return pred_value_parse(parser, pred);
    default:
        return fail_words(parser, words, ARRAY_COUNT(words));
    }
    pred->spot = spot_from(parser, first);
    return true;
}

/* --- field lines ---------------------------------------------------------------------------------
 */

bool take_field_line(struct parser *parser, bool in_reply, struct field_line ***tail)
{
    struct field_line *node = NEW(parser, struct field_line);
    if (!take_path(parser, &node->path, &node->spot)) {
        return false;
    }
    if (path_is_secret(&node->path)) {
        line_hide(parser);
    }
    if (token_is(peek(parser), "-") && peek_behind(parser)->kind == TOKEN_END) {
        parser->at++;
        node->remove = true;
    } else if (in_reply && token_is(peek(parser), "arpc") &&
               peek_behind(parser)->kind == TOKEN_WORD) {
        parser->at++;
        node->value.kind = VALUE_ARPC;
        node->value.spot = peek(parser)->spot;
        if (!take_name(parser, "the name of a card", &node->value.bytes)) {
            return false;
        }
    } else if (peek(parser)->kind == TOKEN_OP) {
        return fail_expected(parser, "a value (a field line sets a field: 39 00)");
    } else if (!take_value(parser, in_reply ? "a value, - or arpc CARD" : "a value or -",
                           &node->value)) {
        return false;
    }
    **tail = node;
    *tail = &node->next;
    return true;
}
