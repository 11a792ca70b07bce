#include "tools/isotest/parse.h"

/* By enum stmt_kind. */
const char *const step_words[] = {"send",  "expect", "on",         "capture", "wait",
                                  "admin", "exec",   "repeat",     "for",     "parallel",
                                  "if",    "set",    "disconnect", "next"};
const size_t step_word_count = ARRAY_COUNT(step_words);

_Static_assert(ARRAY_COUNT(step_words) == STMT_NEXT + 1, "one word a statement");
_Static_assert(sizeof(struct stmt) <= ARENA_PIECE_LEN_MAX, "a statement fits a piece");

/* --- heads of blocks -----------------------------------------------------------------------------
 */

static bool repeat_head(struct parser *parser, struct stmt *stmt)
{
    uint64_t rate = 0;
    if (take_if(parser, "for")) {
        if (!take_duration(parser, &stmt->u.repeat.for_ms)) {
            return false;
        }
    } else if (peek(parser)->kind != TOKEN_WORD || !span_is_digits(peek(parser)->text)) {
        return fail_expected(parser, "how often (50) or for DURATION");
    } else if (!take_number(parser, "how often", 1, 1000000000, &stmt->u.repeat.count)) {
        return false;
    }
    if (token_is(peek(parser), "{")) {
        return true;
    }
    if (!token_is(peek(parser), "rate")) {
        return fail_expected(parser, "rate or '{'");
    }
    parser->at++;
    word_split(parser, '/');
    if (!take_number(parser, "a rate", 1, 1000000, &rate) || !take(parser, "/s")) {
        return false;
    }
    stmt->u.repeat.rate = (uint32_t)rate;
    return true;
}

static bool for_head(struct parser *parser, struct stmt *stmt)
{
    return take(parser, "row") && take(parser, "in") &&
           take_name(parser, "the name of a data file", &stmt->u.rows.name);
}

static bool parallel_head(struct parser *parser, struct stmt *stmt)
{
    uint64_t count = 0;
    if (peek(parser)->kind == TOKEN_WORD && span_is_digits(peek(parser)->text)) {
        if (!take_number(parser, "how many", 1, 100000, &count)) {
            return false;
        }
        stmt->u.parallel.count = (uint32_t)count;
        return true;
    }
    return take_name(parser, "how many (20) or a terminal's name", &stmt->u.parallel.peer_name) &&
           take(parser, "[") && take(parser, "*") && take(parser, "]");
}

static bool if_head(struct parser *parser, struct stmt *stmt)
{
    return take_value(parser, "a value ({{name}}, got.39)", &stmt->u.branch.value) &&
           take_pred(parser, &stmt->u.branch.pred);
}

static bool block_head(struct parser *parser, struct stmt *stmt)
{
    switch ((enum stmt_kind)stmt->kind) {
    case STMT_REPEAT:
        return repeat_head(parser, stmt);
    case STMT_FOR:
        return for_head(parser, stmt);
    case STMT_PARALLEL:
        return parallel_head(parser, stmt);
    default:
        return if_head(parser, stmt);
    }
}

/* A step with a block, behind its word. */
static void compound_parse(struct parser *parser, struct stmt *stmt)
{
    (void)block_head(parser, stmt);
    bool opens = line_open(parser);
    if (opens) {
        stmt->body = block_parse(parser, stmt->spot);
    }
    if (stmt->kind != STMT_IF || !parser_line(parser) ||
        !token_is(&parser->line.token[0], "else")) {
        return;
    }
    struct spot spot = peek(parser)->spot;
    parser->at = 1;
    if (line_open(parser)) {
        stmt->other = block_parse(parser, spot);
    }
}

/* --- statements ----------------------------------------------------------------------------------
 */

/* What begins the current line is no step: tell, and put in its place what was meant if that can be
 * guessed, else pass over it. */
static int step_guess(struct parser *parser)
{
    struct token *token = &parser->line.token[0];
    char hint[HINT_LEN] = "";
    const char *near = token->kind == TOKEN_WORD
                           ? hint_make(token->text, step_words, step_word_count, hint)
                           : NULL;
    if (near != NULL) {
        (void)fail(parser, token->spot, "there is no step '" WORD_FORMAT "'%s", WORD(token->text),
                   hint);
        token->text = span_text(near);
        return word_index(token, step_words, step_word_count);
    }
    if (token->kind == TOKEN_WORD && (text_is_path(token->text) || token->text.ptr[0] == '.')) {
        (void)fail(
            parser, token->spot,
            "this line belongs to no step: fields stand below send, expect and on ... reply");
    } else if (token_is(token, "else")) {
        (void)fail(parser, token->spot, "'else' without 'if'");
    } else {
        (void)fail_words(parser, step_words, step_word_count);
    }
    return -1;
}

/* @lost: the line before was no step's, and neither may those be that follow. */
static void statement_parse(struct parser *parser, bool *lost, struct stmt ***tail)
{
    const struct token *token = &parser->line.token[0];
    int keyword = word_index(token, step_words, step_word_count);
    if (keyword < 0 && !(*lost && token->kind == TOKEN_WORD &&
                         (text_is_path(token->text) || token->text.ptr[0] == '.'))) {
        keyword = step_guess(parser);
    }
    *lost = keyword < 0;
    if (keyword < 0) {
        line_skip(parser);
        return;
    }
    struct stmt *stmt = NEW(parser, struct stmt);
    stmt->kind = (uint8_t)keyword;
    parser->at = parser->line.count > 1 ? 2 : 1;
    stmt->spot = spot_from(parser, 0);
    parser->at = 1;
    bool compound = keyword == STMT_REPEAT || keyword == STMT_FOR || keyword == STMT_PARALLEL ||
                    keyword == STMT_IF;
    if (compound) {
        compound_parse(parser, stmt);
    } else {
        step_parse(parser, keyword, stmt);
    }
    **tail = stmt;
    *tail = &stmt->next;
}

struct stmt *block_parse(struct parser *parser, struct spot opened)
{
    struct stmt *first = NULL;
    struct stmt **tail = &first;
    if (parser->depth == SCRIPT_DEPTH_MAX) {
        teller_tell(parser->teller, opened, "blocks stand in blocks more than %d deep",
                    SCRIPT_DEPTH_MAX);
        block_skip(parser);
        return NULL;
    }
    parser->depth++;
    bool closed = false;
    bool lost = false;
    while (!closed && parser_line(parser) && !line_is_top(parser)) {
        parser->at = 0;
        if (token_is(&parser->line.token[0], "}")) {
            parser->at = 1;
            (void)line_end(parser);
            closed = true;
        } else {
            statement_parse(parser, &lost, &tail);
        }
    }
    parser->depth--;
    if (!closed && !parser->unclosed_told && !teller_is_full(parser->teller) &&
        !parser->arena->failed) {
        parser->unclosed_told = true;
        teller_tell(parser->teller, opened, "the block that begins here is not closed by '}'");
    }
    return first;
}
