#include "tools/isotest/parse.h"

/* --- lines under a step --------------------------------------------------------------------------
 */

static void lines_list(const struct open_lines *open, const char **words, size_t *count)
{
    *count = 0;
    if (open->fields) {
        words[(*count)++] = "a field";
    }
    if (open->assigns) {
        words[(*count)++] = "NAME = ...";
    }
    if (open->paths) {
        words[(*count)++] = ".path ...";
    }
    for (size_t i = 0; i < open->word_count; i++) {
        words[(*count)++] = open->words[i];
    }
    for (size_t i = 0; i < step_word_count; i++) {
        words[(*count)++] = step_words[i];
    }
}

/* The current line is none that may stand here: tell. True if the word that was meant is put in its
 * place, so that the line can be read. */
static bool line_correct(struct parser *parser, const struct open_lines *open)
{
    enum { WORDS_MAX = 256 };
    const char *words[WORDS_MAX];
    size_t count;
    lines_list(open, words, &count);
    struct token *token = &parser->line.token[0];
    char hint[HINT_LEN];
    size_t listed = count;
    size_t alias_count = 0;
    const char *const *aliases = open->fields ? alias_names(&alias_count) : NULL;
    for (size_t i = 0; i < alias_count && count < WORDS_MAX; i++) {
        words[count++] = aliases[i];
    }
    const char *near = token->kind == TOKEN_WORD && token->text.len > 1
                           ? hint_make(token->text, words, count, hint)
                           : NULL;
    if (near == NULL) {
        char list[LIST_LEN];
        return fail_expected(parser, list_make(words, listed, list));
    }
    (void)fail(parser, token->spot, "there is no line '" WORD_FORMAT "' here%s", WORD(token->text),
               hint);
    token->text = span_text(near);
    return true;
}

/* Whether the current line is one of @open's. */
static bool line_is_open(const struct parser *parser, const struct open_lines *open)
{
    const struct token *token = &parser->line.token[0];
    if (token->kind != TOKEN_WORD || parser->line.opens) {
        return false;
    }
    return word_index(token, open->words, open->word_count) >= 0 ||
           (open->paths && token->text.ptr[0] == '.') ||
           (open->fields && text_is_path(token->text));
}

bool child_next(struct parser *parser, const struct open_lines *open)
{
    while (parser_line(parser)) {
        struct token *token = &parser->line.token[0];
        parser->at = 0;
        if (token_is(token, "}") || line_is_top(parser)) {
            return false;
        }
        if (open->assigns) {
            word_split(parser, '=');
            if (token->kind == TOKEN_WORD && token_is(token + 1, "=")) {
                return true;
            }
        }
        if (word_index(token, step_words, step_word_count) >= 0) {
            return false;
        }
        if (line_is_open(parser, open)) {
            return true;
        }
        if (parser->line.opens) {
            return false; /* An unknown step with a block: the block's to tell. */
        }
        if (line_correct(parser, open)) {
            return line_is_open(parser, open);
        }
        parser_drop(parser);
    }
    return false;
}

void line_done(struct parser *parser, bool good)
{
    if (good) {
        (void)line_end(parser);
    } else {
        line_skip(parser);
    }
}

/* --- capture and set -----------------------------------------------------------------------------
 */

static bool capture_line(struct parser *parser, struct capture_line ***tail)
{
    struct capture_line *line = NEW(parser, struct capture_line);
    word_split(parser, '=');
    line->spot = peek(parser)->spot;
    if (!take_name(parser, "a name for what is captured", &line->name) || !take(parser, "=")) {
        return false;
    }
    const struct token *token = peek(parser);
    struct spot spot;
    bool good = true;
    bool is_plain = token->kind == TOKEN_WORD && token->text.len > 0 &&
                    memchr(token->text.ptr, '{', token->text.len) == NULL;
    if (take_if(parser, "latency")) {
        line->kind = CAPTURE_LATENCY;
    } else if (take_if(parser, "trace")) {
        line->kind = CAPTURE_TRACE;
    } else if (take_if(parser, "message")) {
        line->kind = CAPTURE_MESSAGE;
    } else if (is_plain && text_is_path(token->text)) {
        line->kind = CAPTURE_FIELD;
        good = take_path(parser, &line->path, &spot);
    } else {
        line->kind = CAPTURE_VALUE;
        good = take_value(parser, "a field, latency, trace, message or a value", &line->value);
        if (good && is_plain && line->value.kind == VALUE_TEMPLATE && line->value.parts != NULL &&
            line->value.parts->kind == PART_BYTES) {
            size_t count;
            char hint[HINT_LEN];
            const char *const *aliases = alias_names(&count);
            (void)hint_make(token->text, aliases, count, hint);
            return fail(parser, token->spot,
                        "'" WORD_FORMAT "' is no field, and a text stands in quotes%s",
                        WORD(token->text), hint);
        }
    }
    **tail = line;
    *tail = &line->next;
    return good;
}

static void capture_parse(struct parser *parser, struct stmt *stmt)
{
    static const struct open_lines open = {NULL, 0, false, true, false};
    struct capture_line **tail = &stmt->u.captures;
    struct spot spot = peek(parser)[-1].spot;
    bool good = peek(parser)->kind == TOKEN_END || capture_line(parser, &tail);
    line_done(parser, good);
    while (child_next(parser, &open)) {
        good = capture_line(parser, &tail) && good;
        line_done(parser, good);
    }
    if (good && stmt->u.captures == NULL) {
        parser->told = false;
        teller_tell(parser->teller, spot,
                    "nothing is captured: NAME = FIELD belongs here or below");
    }
}

static void set_parse(struct parser *parser, struct stmt *stmt)
{
    word_split(parser, '=');
    line_done(parser, take_name(parser, "the name of a variable", &stmt->u.set.name) &&
                          take(parser, "=") && take_value(parser, "a value", &stmt->u.set.value));
}

/* --- wait, admin, exec ---------------------------------------------------------------------------
 */

static bool wait_head(struct parser *parser, struct stmt *stmt)
{
    stmt->u.wait.within_ms = 10000;
    if (!take_if(parser, "until")) {
        if (peek(parser)->kind == TOKEN_WORD && byte_is_digit(peek(parser)->text.ptr[0])) {
            return take_duration(parser, &stmt->u.wait.ms);
        }
        return fail_expected(parser, "a duration (500ms) or until");
    }
    stmt->u.wait.until = true;
    if (peek(parser)->kind != TOKEN_WORD) {
        return fail_expected(parser, "what to ask (saf.VISA.depth)");
    }
    stmt->u.wait.query = peek(parser)->text;
    parser->at++;
    return take_pred(parser, &stmt->u.wait.pred) &&
           (!take_if(parser, "within") || take_duration(parser, &stmt->u.wait.within_ms));
}

static void wait_parse(struct parser *parser, struct stmt *stmt)
{
    line_done(parser, wait_head(parser, stmt));
}

/* .previous.state */
static bool take_json_path(struct parser *parser, struct span *path)
{
    const struct token *token = peek(parser);
    if (token->kind != TOKEN_WORD || token->text.ptr[0] != '.' || token->text.len < 2) {
        return fail_expected(parser, "a path (.previous.state)");
    }
    *path = token->text;
    parser->at++;
    return true;
}

static bool json_line(struct parser *parser, struct json_line ***tail)
{
    struct json_line *line = NEW(parser, struct json_line);
    line->spot = peek(parser)->spot;
    bool good = false;
    if (token_is(peek_behind(parser), "=")) {
        good = take_name(parser, "a name for what is captured", &line->name) && take(parser, "=") &&
               take_json_path(parser, &line->path);
    } else {
        good = take_json_path(parser, &line->path) && take_pred(parser, &line->pred);
    }
    if (good) {
        **tail = line;
        *tail = &line->next;
    }
    return good;
}

static void admin_parse(struct parser *parser, struct stmt *stmt)
{
    static const struct open_lines open = {NULL, 0, false, true, true};
    struct json_line **tail = &stmt->u.admin.lines;
    line_done(parser, take_value(parser, "a command (\"day show\")", &stmt->u.admin.command));
    while (child_next(parser, &open)) {
        line_done(parser, json_line(parser, &tail));
    }
}

/* csv "FILE" where COL=VALUE: COL pred, behind the word. */
static bool exec_csv(struct parser *parser, struct exec_line *line)
{
    line->kind = EXEC_CSV;
    if (!take_value(parser, "the path of a CSV file", &line->file) || !take(parser, "where")) {
        return false;
    }
    word_split(parser, '=');
    if (!take_name(parser, "the name of a column", &line->where_column) || !take(parser, "=")) {
        return false;
    }
    /* The last colon ends the value. */
    const struct token *value = peek(parser);
    const uint8_t *colon =
        value->kind == TOKEN_WORD ? memrchr(value->text.ptr, ':', value->text.len) : NULL;
    if (colon != NULL) {
        word_split_at(parser, (size_t)(colon - value->text.ptr));
    }
    parser->at++;
    word_split_at(parser, 1); /* ":difference" */
    parser->at--;
    if (!take_value(parser, "a value", &line->where_value) || !take(parser, ":")) {
        return false;
    }
    return take_name(parser, "the name of a column", &line->column) &&
           take_pred(parser, &line->pred);
}

static bool exec_line(struct parser *parser, struct exec_line ***tail)
{
    struct exec_line *line = NEW(parser, struct exec_line);
    uint64_t status = 0;
    line->spot = peek(parser)->spot;
    bool good = false;
    size_t first = parser->at + 1;
    if (take_if(parser, "exit")) {
        line->kind = EXEC_EXIT;
        good = take_relop(parser, &line->pred.kind) &&
               take_number(parser, "an exit code", 0, 255, &status);
        line->pred.relop = line->pred.kind;
        line->pred.number = (int64_t)status;
        line->pred.spot = spot_from(parser, first);
    } else if (take_if(parser, "csv")) {
        good = exec_csv(parser, line);
    } else if (take(parser, "stdout")) {
        line->kind = EXEC_STDOUT;
        good = take_pred(parser, &line->pred);
    }
    if (good) {
        **tail = line;
        *tail = &line->next;
    }
    return good;
}

static void exec_parse(struct parser *parser, struct stmt *stmt)
{
    static const char *const words[] = {"exit", "csv", "stdout"};
    static const struct open_lines open = {words, ARRAY_COUNT(words), false, false, false};
    struct exec_line **tail = &stmt->u.exec.lines;
    if (!parser->script->uses_exec) {
        parser->script->exec_spot = stmt->spot;
    }
    parser->script->uses_exec = true;
    line_done(parser, take_value(parser, "a command (\"swclear run\")", &stmt->u.exec.command));
    while (child_next(parser, &open)) {
        line_done(parser, exec_line(parser, &tail));
    }
}

/* --- disconnect and next -------------------------------------------------------------------------
 */

static void disconnect_parse(struct parser *parser, struct stmt *stmt)
{
    line_done(parser,
              take_name(parser, "the name of a terminal or an issuer", &stmt->u.disconnect.name));
}

static void next_parse(struct parser *parser, struct stmt *stmt)
{
    line_done(parser, take_name(parser, "the name of a data file", &stmt->u.rows.name));
}

/* --- the table -----------------------------------------------------------------------------------
 */

/* To add a step: its word here, in the same order as step_words in parse_block.c, and its function;
 * steps with blocks are parse_block.c's. */
void step_parse(struct parser *parser, int keyword, struct stmt *stmt)
{
    static void (*const parse[])(struct parser * parser, struct stmt * stmt) = {
        [STMT_SEND] = send_parse,
        [STMT_EXPECT] = expect_parse,
        [STMT_ON] = on_parse,
        [STMT_CAPTURE] = capture_parse,
        [STMT_WAIT] = wait_parse,
        [STMT_ADMIN] = admin_parse,
        [STMT_EXEC] = exec_parse,
        [STMT_SET] = set_parse,
        [STMT_DISCONNECT] = disconnect_parse,
        [STMT_NEXT] = next_parse,
    };
    CHECK(keyword >= 0 && (size_t)keyword < ARRAY_COUNT(parse) && parse[keyword] != NULL);
    parse[keyword](parser, stmt);
}
