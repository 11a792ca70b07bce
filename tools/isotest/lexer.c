#include "tools/isotest/lexer.h"

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

static uint8_t byte_at(const struct lexer *lexer, size_t at)
{
    return at < lexer->line_end ? lexer->text.ptr[at] : '\n';
}

static struct spot spot_at(const struct lexer *lexer, size_t at, size_t len)
{
    return (struct spot){.file = lexer->file,
                         .line = lexer->line,
                         .col = (uint16_t)(at - lexer->line_start + 1),
                         .len = (uint16_t)len};
}

static void tell(struct lexer *lexer, struct line *line, size_t at, size_t len, const char *what)
{
    if (!line->bad) {
        lexer->tell(lexer->context, spot_at(lexer, at, len), what);
    }
    line->bad = true;
}

/* Begin a line of text at @at. */
static void line_enter(struct lexer *lexer, size_t at)
{
    const uint8_t *end =
        at < lexer->text.len ? memchr(lexer->text.ptr + at, '\n', lexer->text.len - at) : NULL;
    lexer->at = lexer->line_start = at;
    lexer->line_end = end != NULL ? (size_t)(end - lexer->text.ptr) : lexer->text.len;
    lexer->line++;
}

/* Bytes of the byte order mark at @at, 0 if none is there. */
static size_t mark_len(const struct lexer *lexer, size_t at)
{
    struct span mark = SPAN_LITERAL("\xEF\xBB\xBF");
    return span_equal(span_first(span_skip(lexer->text, at), mark.len), mark) ? mark.len : 0;
}

void lexer_init(struct lexer *lexer, struct span text, uint16_t file,
                void (*report)(void *context, struct spot spot, const char *what), void *context)
{
    *lexer = (struct lexer){.text = text, .file = file, .tell = report, .context = context};
    line_enter(lexer, 0);
    lexer->at = mark_len(lexer, 0);
}

/* A line that is too long is told and passed over. */
static void length_check(struct lexer *lexer, struct line *line)
{
    size_t len = lexer->line_end - lexer->line_start;
    if (len > SCRIPT_LINE_LEN_MAX || lexer->taken > SCRIPT_LINE_LEN_MAX - len) {
        tell(lexer, line, lexer->line_start, 1, "the line is longer than 4096 bytes");
        lexer->at = lexer->line_end;
    }
}

static struct token *token_add(struct lexer *lexer, struct line *line, enum token_kind kind,
                               size_t start, size_t quotes)
{
    size_t end = lexer->at;
    if (line->count == TOKENS_MAX) {
        tell(lexer, line, start, end - start, "there are too many words on this line");
        return NULL;
    }
    struct token *token = &line->token[line->count++];
    struct span raw = span_make(lexer->text.ptr + start, end - start);
    *token = (struct token){
        .kind = (uint8_t)kind,
        .glued = start > lexer->line_start && !is_blank(lexer->text.ptr[start - 1]),
        .raw = raw,
        .text = quotes == 0 ? raw : span_make(raw.ptr + quotes, raw.len - quotes - 1),
        .spot = spot_at(lexer, start, end - start)};
    return token;
}

/* Bytes of the UTF-8 character at @at, 0 if it is none. */
static size_t utf8_len(const struct lexer *lexer, size_t at)
{
    uint8_t first = byte_at(lexer, at);
    size_t len = first < 0x80   ? 1
                 : first < 0xC2 ? 0
                 : first < 0xE0 ? 2
                 : first < 0xF0 ? 3
                 : first < 0xF5 ? 4
                                : 0;
    uint8_t second = byte_at(lexer, at + 1);
    bool is_good = !(first == 0xE0 && second < 0xA0) && !(first == 0xED && second > 0x9F) &&
                   !(first == 0xF0 && second < 0x90) && !(first == 0xF4 && second > 0x8F);
    for (size_t i = 1; i < len; i++) {
        is_good = is_good && (byte_at(lexer, at + i) & 0xC0u) == 0x80;
    }
    return is_good ? len : 0;
}

/* "...", x'...' or /.../ of which @open bytes are in front of the text. @escapes: `\` takes the
 * next byte with it. */
static void quoted_read(struct lexer *lexer, struct line *line, enum token_kind kind, size_t open,
                        bool escapes, const char *unended)
{
    size_t start = lexer->at;
    uint8_t quote = lexer->text.ptr[start + open - 1];
    size_t at = start + open;
    while (at < lexer->line_end && lexer->text.ptr[at] != quote) {
        uint8_t byte = lexer->text.ptr[at];
        if ((byte < ' ' && byte != '\t') || byte == 0x7F) {
            tell(lexer, line, at, 1, "a control character");
        }
        size_t len = utf8_len(lexer, at);
        if (len == 0) {
            tell(lexer, line, at, 1, "this byte is no UTF-8; bytes are written x'...'");
            len = 1;
        }
        if (kind == TOKEN_STRING && byte == '\\' && byte_at(lexer, at + 1) != '"' &&
            byte_at(lexer, at + 1) != '\\' && byte_at(lexer, at + 1) != 'n') {
            tell(lexer, line, at, 2, "no such escape: there are \\\" \\\\ and \\n");
        }
        at += escapes && byte == '\\' && at + 1 < lexer->line_end ? 2 : len;
    }
    if (at >= lexer->line_end) {
        lexer->at = lexer->line_end;
        tell(lexer, line, start, lexer->line_end - start, unended);
        return;
    }
    lexer->at = at + 1;
    (void)token_add(lexer, line, kind, start, open);
}

/* Whether a `\` at @at is the last of its line. */
static bool continues_at(const struct lexer *lexer, size_t at)
{
    if (byte_at(lexer, at) != '\\') {
        return false;
    }
    do {
        at++;
    } while (at < lexer->line_end && is_blank(lexer->text.ptr[at]));
    return at >= lexer->line_end;
}

/* Bytes of the comparison at @at that may also stand inside a run of characters: 39==00. */
static size_t comparison_len(const struct lexer *lexer, size_t at)
{
    uint8_t byte = byte_at(lexer, at);
    bool equals = byte_at(lexer, at + 1) == '=';
    if (byte == '<' || byte == '>') {
        return equals ? 2 : 1;
    }
    return (byte == '=' || byte == '!') && equals ? 2 : 0;
}

/* Bytes of the character at @at of a word; what is none is told. */
static size_t word_char_len(struct lexer *lexer, struct line *line, size_t at)
{
    size_t len = utf8_len(lexer, at);
    if (len == 0) {
        tell(lexer, line, at, 1, "this byte is no UTF-8; bytes are written x'...'");
    } else if (mark_len(lexer, at) != 0) {
        tell(lexer, line, at, len, "a byte order mark stands only where the file begins");
    }
    return len == 0 ? 1 : len;
}

static void word_read(struct lexer *lexer, struct line *line)
{
    size_t start = lexer->at;
    size_t at = start;
    while (at < lexer->line_end) {
        uint8_t byte = lexer->text.ptr[at];
        if (byte == '{' && byte_at(lexer, at + 1) == '{') {
            const uint8_t *close = memmem(lexer->text.ptr + at, lexer->line_end - at, "}}", 2);
            if (close == NULL) {
                lexer->at = lexer->line_end;
                tell(lexer, line, at, 2, "'{{' is not closed by '}}' on this line");
                return;
            }
            at = (size_t)(close - lexer->text.ptr) + 2;
            continue;
        }
        if (is_blank(byte) || strchr("\",()[]{}", byte) != NULL || comparison_len(lexer, at) > 0 ||
            byte == '\\') {
            break; /* NUL is found by strchr, too. */
        }
        if (byte < ' ' || byte == 0x7F) {
            break;
        }
        at += word_char_len(lexer, line, at);
    }
    lexer->at = at;
    if (at == start) {
        tell(lexer, line, at, 1,
             byte_at(lexer, at) == '\\' ? "a '\\' stands at the end of a line, or in quotes"
                                        : "a control character");
        lexer->at = lexer->line_end;
        return;
    }
    (void)token_add(lexer, line, TOKEN_WORD, start, 0);
}

static void token_read(struct lexer *lexer, struct line *line)
{
    size_t start = lexer->at;
    uint8_t byte = byte_at(lexer, start);
    uint8_t next = byte_at(lexer, start + 1);
    size_t comparison = comparison_len(lexer, start);
    bool after_matches = line->count > 0 && token_is(&line->token[line->count - 1], "matches");
    if (byte == '"') {
        quoted_read(lexer, line, TOKEN_STRING, 1, true, "the quoted text does not end on its line");
    } else if (byte == 'x' && next == '\'') {
        quoted_read(lexer, line, TOKEN_HEX, 2, false, "x'...' does not end on its line");
    } else if (byte == '/' && after_matches) {
        quoted_read(lexer, line, TOKEN_REGEX, 1, true, "/.../ does not end on its line");
    } else if (comparison > 0 || byte == '=') {
        lexer->at = start + (comparison > 0 ? comparison : 1);
        (void)token_add(lexer, line, TOKEN_OP, start, 0);
    } else if (byte != '\0' && strchr(",()[]{}", byte) != NULL && !(byte == '{' && next == '{')) {
        lexer->at = start + 1;
        (void)token_add(lexer, line, TOKEN_PUNCT, start, 0);
    } else {
        word_read(lexer, line);
    }
}

/* Take the comment at the lexer's place, if there is one. */
static void comment_read(struct lexer *lexer, struct line *line)
{
    if (byte_at(lexer, lexer->at) != '#') {
        return;
    }
    size_t end = lexer->line_end;
    while (is_blank(lexer->text.ptr[end - 1])) {
        end--;
    }
    line->comment = span_make(lexer->text.ptr + lexer->at, end - lexer->at);
    lexer->at = lexer->line_end;
}

static void blanks_skip(struct lexer *lexer)
{
    while (lexer->at < lexer->line_end && is_blank(lexer->text.ptr[lexer->at])) {
        lexer->at++;
    }
}

/* Behind a brace: a comment on its line is its own, and nothing else makes the line blank. */
static void brace_end(struct lexer *lexer, struct line *line)
{
    blanks_skip(lexer);
    comment_read(lexer, line);
    if (lexer->at >= lexer->line_end && lexer->line_end < lexer->text.len) {
        line_enter(lexer, lexer->line_end + 1);
    }
}

/* At the end of a line of text: true if what is there is to be told. */
static bool newline(struct lexer *lexer, struct line *line, bool was_empty)
{
    line_enter(lexer, lexer->line_end + 1);
    if (line->count > 0 || line->bad) {
        return true;
    }
    if (lexer->keep_trivia && (was_empty || line->comment.len > 0)) {
        line->kind = line->comment.len > 0 ? LINE_COMMENT : LINE_BLANK;
        return true;
    }
    line->comment = SPAN_NONE;
    line->starts = true;
    return false;
}

static bool line_read(struct lexer *lexer, struct line *line)
{
    bool broken = false;
    for (;;) {
        if (lexer->at == lexer->line_start) {
            length_check(lexer, line);
        }
        bool was_empty = lexer->at == lexer->line_start;
        blanks_skip(lexer);
        comment_read(lexer, line);
        if (lexer->at >= lexer->line_end) {
            if (lexer->line_end >= lexer->text.len) {
                line->kind = line->count == 0 && line->comment.len > 0 && lexer->keep_trivia
                                 ? LINE_COMMENT
                                 : LINE_STATEMENT;
                return line->count > 0 || line->bad || line->kind == LINE_COMMENT;
            }
            if (newline(lexer, line, was_empty)) {
                return true;
            }
            continue;
        }
        if (continues_at(lexer, lexer->at)) {
            lexer->taken += lexer->line_end - lexer->line_start;
            lexer->at = lexer->line_end;
            if (lexer->line_end < lexer->text.len) {
                line_enter(lexer, lexer->line_end + 1);
            }
            broken = line->count > 0;
            continue;
        }
        if (byte_at(lexer, lexer->at) == '}' && line->count > 0) {
            return true;
        }
        uint32_t count = line->count;
        token_read(lexer, line);
        if (line->count == count) {
            continue;
        }
        struct token *token = &line->token[count];
        token->broken = broken;
        broken = false;
        if (token_is(token, "{") || token_is(token, "}")) {
            line->opens = token->text.ptr[0] == '{';
            brace_end(lexer, line);
            return true;
        }
    }
}

bool lexer_next(struct lexer *lexer, struct line *line)
{
    line->kind = LINE_STATEMENT;
    line->opens = line->bad = false;
    line->comment = SPAN_NONE;
    line->count = 0;
    line->starts = lexer->at == lexer->line_start;
    lexer->taken = 0;
    bool found = line_read(lexer, line);
    struct token *end = &line->token[line->count];
    *end = (struct token){.kind = TOKEN_END, .spot = spot_at(lexer, lexer->line_start, 1)};
    if (line->count > 0) {
        end->spot = end[-1].spot;
        end->spot.col = (uint16_t)(end->spot.col + end->spot.len);
        end->spot.len = 1;
    }
    return found;
}
