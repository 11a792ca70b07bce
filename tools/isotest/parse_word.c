#include <stdarg.h>
#include <stdio.h>

#include "tools/isotest/parse.h"

bool parser_line(struct parser *parser)
{
    if (parser->have) {
        return true;
    }
    if (teller_is_full(parser->teller) || parser->arena->failed) {
        return false;
    }
    parser->at = 0;
    parser->told = false;
    while (lexer_next(parser->lexer, &parser->line)) {
        parser->told = parser->line.bad;
        if (parser->line.count > 0) {
            parser->have = true;
            return true;
        }
    }
    return false;
}

void parser_drop(struct parser *parser)
{
    parser->have = false;
}

const struct token *peek(const struct parser *parser)
{
    return &parser->line.token[parser->at];
}

const struct token *peek_behind(const struct parser *parser)
{
    return &parser->line.token[parser->at < parser->line.count ? parser->at + 1 : parser->at];
}

bool more(const struct parser *parser)
{
    return peek(parser)->kind != TOKEN_END && !token_is(peek(parser), "{");
}

bool fail(struct parser *parser, struct spot spot, const char *format, ...)
{
    if (!parser->told) {
        char text[SOURCE_TEXT_LEN_MAX / 2];
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(text, sizeof text, format, arguments);
        va_end(arguments);
        teller_tell(parser->teller, spot, "%s", text);
    }
    parser->told = true;
    return false;
}

static bool fail_hint(struct parser *parser, const char *what, const char *hint)
{
    const struct token *token = peek(parser);
    if (token->kind == TOKEN_END) {
        return fail(parser, token->spot, "expected %s at the end of the line", what);
    }
    return fail(parser, token->spot, "expected %s, not '" WORD_FORMAT "'%s", what, WORD(token->raw),
                hint);
}

bool fail_expected(struct parser *parser, const char *what)
{
    return fail_hint(parser, what, "");
}

bool fail_words(struct parser *parser, const char *const *words, size_t count)
{
    char list[LIST_LEN];
    char hint[HINT_LEN] = "";
    if (peek(parser)->kind == TOKEN_WORD) {
        (void)hint_make(peek(parser)->text, words, count, hint);
    }
    return fail_hint(parser, list_make(words, count, list), hint);
}

bool take_if(struct parser *parser, const char *text)
{
    if (!token_is(peek(parser), text)) {
        return false;
    }
    parser->at++;
    return true;
}

bool take(struct parser *parser, const char *text)
{
    if (take_if(parser, text)) {
        return true;
    }
    char what[40];
    (void)snprintf(what, sizeof what, "'%s'", text);
    return fail_expected(parser, what);
}

void block_skip(struct parser *parser)
{
    unsigned depth = 1;
    while (depth > 0 && parser_line(parser)) {
        if (parser->line.opens) {
            depth++;
        } else if (token_is(&parser->line.token[0], "}")) {
            depth--;
        }
        parser_drop(parser);
    }
}

void line_skip(struct parser *parser)
{
    bool opens = parser->line.opens;
    parser_drop(parser);
    if (opens) {
        block_skip(parser);
    }
}

bool line_end(struct parser *parser)
{
    const struct token *token = peek(parser);
    bool good = token->kind == TOKEN_END;
    if (token_is(token, "{")) {
        (void)fail(parser, token->spot, "no block begins here");
    } else if (!good && parser->at > 0 && token[-1].kind == TOKEN_WORD &&
               token->kind == TOKEN_WORD) {
        (void)fail(parser, token->spot,
                   "expected the end of the line, not '" WORD_FORMAT
                   "' (a value with spaces stands in quotes)",
                   WORD(token->raw));
    } else if (!good) {
        (void)fail_expected(parser, "the end of the line");
    }
    line_skip(parser);
    return good;
}

bool line_open(struct parser *parser)
{
    bool opens = parser->line.opens;
    if (!token_is(peek(parser), "{")) {
        (void)fail_expected(parser, "'{'");
    }
    parser_drop(parser);
    return opens;
}

void word_split_at(struct parser *parser, size_t len)
{
    struct line *line = &parser->line;
    struct token *token = &line->token[parser->at];
    if (len == 0 || len >= token->text.len || line->count == TOKENS_MAX) {
        return;
    }
    memmove(token + 1, token, (line->count + 1 - parser->at) * sizeof *token);
    line->count++;
    token->text = token->raw = span_first(token->text, len);
    token->spot.len = (uint16_t)len;
    struct token *rest = token + 1;
    rest->text = rest->raw = span_skip(rest->text, len);
    rest->spot.col = (uint16_t)(rest->spot.col + len);
    rest->spot.len = (uint16_t)(rest->spot.len - len);
    rest->glued = true;
    if (span_equal_text(rest->text, "=")) {
        rest->kind = TOKEN_OP;
    }
}

void word_split(struct parser *parser, char byte)
{
    const struct token *token = peek(parser);
    const uint8_t *found = token->kind == TOKEN_WORD && token->text.len > 1
                               ? memchr(token->text.ptr + 1, byte, token->text.len - 1)
                               : NULL;
    if (found == NULL) {
        return;
    }
    size_t len = (size_t)(found - token->text.ptr);
    word_split_at(parser, len);
    if (byte != '/') {
        parser->at++;
        word_split_at(parser, 1); /* the byte is a word of its own */
        parser->at--;
    }
}

/* Whether a word shows what must not be shown, and not only where that comes from. */
static bool is_secret(struct span text)
{
    static const char *const prefixes[] = {"row.", "sent.", "asked.", "got."};
    bool digits = false;
    for (size_t i = 0; i < text.len; i++) {
        digits = digits || byte_is_digit(text.ptr[i]);
    }
    for (size_t i = 0; i < ARRAY_COUNT(prefixes); i++) {
        if (span_equal_text(span_first(text, strlen(prefixes[i])), prefixes[i])) {
            return false;
        }
    }
    return digits && memmem(text.ptr, text.len, "{{", 2) == NULL;
}

void line_hide(struct parser *parser)
{
    const struct span whole = parser->lexer->text;
    for (size_t i = parser->at; i < parser->line.count; i++) {
        struct token *token = &parser->line.token[i];
        bool is_value =
            token->kind == TOKEN_WORD || token->kind == TOKEN_STRING || token->kind == TOKEN_HEX;
        if (!is_value || !is_secret(token->text)) {
            continue;
        }
        token->text = arena_copy(parser->arena, token->text);
        /* The script owns its text, and nobody else looks at this one. */
        size_t at = (size_t)(token->raw.ptr - whole.ptr);
        memset(parser->text + at, '*', token->raw.len);
    }
}

static bool is_name(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.ptr[i];
        uint8_t lower = byte | 0x20u;
        bool letter = (lower >= 'a' && lower <= 'z') || byte == '_';
        if (!letter && (i == 0 || (!byte_is_digit(byte) && byte != '-'))) {
            return false;
        }
    }
    return text.len > 0;
}

bool take_name(struct parser *parser, const char *what, struct span *name)
{
    const struct token *token = peek(parser);
    if (token->kind != TOKEN_WORD) {
        return fail_expected(parser, what);
    }
    if (!is_name(token->text)) {
        return fail(parser, token->spot,
                    "expected %s, not '" WORD_FORMAT "' (a name: letters, digits, _ and -)", what,
                    WORD(token->raw));
    }
    *name = token->text;
    parser->at++;
    return true;
}

bool take_string(struct parser *parser, const char *what, struct span *text)
{
    const struct token *token = peek(parser);
    if (token->kind != TOKEN_STRING) {
        return fail_expected(parser, what);
    }
    *text = token->text;
    parser->at++;
    return true;
}

bool take_number(struct parser *parser, const char *what, uint64_t min, uint64_t max,
                 uint64_t *number)
{
    const struct token *token = peek(parser);
    if (token->kind != TOKEN_WORD || span_number(token->text, number) < 0) {
        return fail_expected(parser, what);
    }
    if (*number < min || *number > max) {
        return fail(parser, token->spot, "%s is %llu to %llu", what, (unsigned long long)min,
                    (unsigned long long)max);
    }
    parser->at++;
    return true;
}

bool take_duration(struct parser *parser, uint32_t *ms)
{
    static const struct {
        const char *name;
        uint64_t factor;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}};
    enum { DAY_MS = 86400000 };
    const struct token *token = peek(parser);
    size_t digits = 0;
    while (token->kind == TOKEN_WORD && digits < token->text.len &&
           byte_is_digit(token->text.ptr[digits])) {
        digits++;
    }
    uint64_t number = 0;
    bool is_number = digits > 0 && span_number(span_first(token->text, digits), &number) == 0;
    for (size_t i = 0; is_number && i < ARRAY_COUNT(units); i++) {
        if (!span_equal_text(span_skip(token->text, digits), units[i].name)) {
            continue;
        }
        if (number > DAY_MS / units[i].factor) {
            return fail(parser, token->spot, "a duration is at most a day");
        }
        *ms = (uint32_t)(number * units[i].factor);
        parser->at++;
        return true;
    }
    return fail_expected(parser, "a duration (500ms, 2s, 5m)");
}

bool take_mti(struct parser *parser, uint16_t *mti)
{
    const struct token *token = peek(parser);
    uint16_t number = 0;
    for (size_t i = 0;
         i < 4 && token->kind == TOKEN_WORD && token->text.len == 4 && span_is_digits(token->text);
         i++) {
        number = (uint16_t)(number << 4 | (token->text.ptr[i] - '0'));
    }
    if (number == 0) {
        return fail_expected(parser, "a message type (four digits, like 0200)");
    }
    *mti = number;
    parser->at++;
    return true;
}

int word_index(const struct token *token, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count && token->kind == TOKEN_WORD; i++) {
        if (span_equal_text(token->text, words[i])) {
            return (int)i;
        }
    }
    return -1;
}

int take_word_of(struct parser *parser, const char *const *words, size_t count)
{
    int index = word_index(peek(parser), words, count);
    if (index < 0) {
        (void)fail_words(parser, words, count);
    } else {
        parser->at++;
    }
    return index;
}

struct spot spot_from(const struct parser *parser, size_t first)
{
    struct spot spot = parser->line.token[first].spot;
    for (size_t i = first + 1; i < parser->at; i++) {
        struct spot next = parser->line.token[i].spot;
        if (next.line == spot.line) {
            spot.len = (uint16_t)(next.col + next.len - spot.col);
        }
    }
    return spot;
}
