#include "tools/isotest/parse.h"

#include <sys/stat.h>

/* What may stand at the top level, by enum top. */
enum top {
    TOP_INCLUDE,
    TOP_SET,
    TOP_DATA,
    TOP_KEY,
    TOP_KEYS,
    TOP_TERMINAL,
    TOP_ISSUER,
    TOP_CARD,
    TOP_TEST
};

const char *const top_words[] = {"include",  "set",    "data", "key", "keys",
                                 "terminal", "issuer", "card", "test"};
const size_t top_word_count = ARRAY_COUNT(top_words);

bool line_is_top(const struct parser *parser)
{
    const struct token *token = &parser->line.token[0];
    int word = word_index(token, top_words, top_word_count);
    if (word == TOP_TEST || word == TOP_INCLUDE) {
        return token[1].kind == TOKEN_STRING;
    }
    return word >= TOP_TERMINAL && parser->line.opens;
}

static void tell_lexical(void *context, struct spot spot, const char *what)
{
    struct parser *parser = context;
    teller_tell(parser->teller, spot, "%s", what);
}

static void file_parse(struct parser *parser, uint16_t file);

/* --- files ---------------------------------------------------------------------------------------
 */

/* @name beside the file @from, with a NUL, in the arena. */
const char *path_beside(struct arena *arena, const char *from, struct span name)
{
    const char *slash = strrchr(from, '/');
    size_t folder =
        slash == NULL || (name.len > 0 && name.ptr[0] == '/') ? 0 : (size_t)(slash - from) + 1;
    char *path = arena_array(arena, folder + name.len + 1, 1);
    if (path == NULL) {
        return "";
    }
    memcpy(path, from, folder);
    if (name.len > 0) {
        memcpy(path + folder, name.ptr, name.len);
    }
    return path;
}

/* Whether @path may be read; tells if not. Sets what it is, to know it again. */
static bool file_is_good(struct parser *parser, struct spot spot, const char *path,
                         struct file_id *id)
{
    struct stat status;
    if (parser->options->no_files) {
        return fail(parser, spot, "files are not read here");
    }
    if (stat(path, &status) != 0) {
        return fail(parser, spot, "there is no file '%.200s'", path);
    }
    if (!S_ISREG(status.st_mode)) {
        return fail(parser, spot, "'%.200s' is no file", path);
    }
    *id = (struct file_id){(uint64_t)status.st_dev, (uint64_t)status.st_ino, true};
    return true;
}

/* A file is read once, however often it is included. */
static bool include_take(struct parser *parser)
{
    struct span name;
    struct file_id id;
    const struct token *token = peek(parser);
    struct script *script = parser->script;
    if (!take_string(parser, "the path of a script in quotes", &name)) {
        return false;
    }
    const char *path = path_beside(parser->arena, script->files[parser->lexer->file].path, name);
    if (!file_is_good(parser, token->spot, path, &id)) {
        return false;
    }
    for (uint32_t i = 0; i < script->file_count; i++) {
        if (parser->ids[i].device == id.device && parser->ids[i].inode == id.inode) {
            return parser->ids[i].open ? fail(parser, token->spot, "this file includes itself")
                                       : line_end(parser);
        }
    }
    if (script->file_count == SCRIPT_FILES_MAX || parser->file_depth == SCRIPT_DEPTH_MAX) {
        return fail(parser, token->spot, "too many files are included");
    }
    uint16_t file = (uint16_t)script->file_count;
    struct span text;
    if (source_load(path, parser->options->report, parser->options->context, &text) < 0) {
        parser->teller->count++;
        return false;
    }
    script->files[file] = (struct script_file){.path = path, .text = text};
    parser->ids[file] = id;
    script->file_count++;
    if (!line_end(parser)) {
        return true;
    }
    file_parse(parser, file);
    return true;
}

/* --- lines of the top level ----------------------------------------------------------------------
 */

static bool setting_take(struct parser *parser)
{
    struct setting *setting = NEW(parser, struct setting);
    word_split(parser, '=');
    setting->spot = peek(parser)->spot;
    if (!take_name(parser, "the name of a variable", &setting->name) || !take(parser, "=") ||
        !take_value(parser, "a value", &setting->value)) {
        return false;
    }
    *parser->settings_tail = setting;
    parser->settings_tail = &setting->next;
    return line_end(parser);
}

static bool data_take(struct parser *parser)
{
    /* By enum data_order. */
    static const char *const orders[] = {"sequential", "random", "unique"};
    struct data *data = NEW(parser, struct data);
    word_split(parser, '=');
    data->spot = peek(parser)->spot;
    if (!take_name(parser, "a name for the data", &data->name) || !take(parser, "=")) {
        return false;
    }
    data->path_spot = peek(parser)->spot;
    if (!take_string(parser, "the path of a CSV file in quotes", &data->path)) {
        return false;
    }
    if (peek(parser)->kind != TOKEN_END) {
        int order = take_word_of(parser, orders, ARRAY_COUNT(orders));
        if (order < 0) {
            return false;
        }
        data->order = (uint8_t)order;
    }
    *parser->datas_tail = data;
    parser->datas_tail = &data->next;
    return line_end(parser);
}

static bool key_take(struct parser *parser)
{
    struct key *key = NEW(parser, struct key);
    const struct token *token = peek(parser);
    key->spot = token->spot;
    key->name = token->text;
    if (token->kind != TOKEN_WORD || memchr(token->text.ptr, ':', token->text.len) == NULL) {
        return fail_expected(parser, "the name of a key (tpk:T1)");
    }
    if (memmem(token->text.ptr, token->text.len, "{{", 2) != NULL) {
        return fail(parser, token->spot, "the name of a key has no {{...}}");
    }
    parser->at++;
    line_hide(parser);
    if (!take_value(parser, "the key in hex digits", &key->value)) {
        return false;
    }
    *parser->keys_tail = key;
    parser->keys_tail = &key->next;
    return line_end(parser);
}

static bool keys_take(struct parser *parser)
{
    struct key_file *keys = NEW(parser, struct key_file);
    keys->spot = peek(parser)->spot;
    if (!take_string(parser, "the path of a CSV file in quotes", &keys->path)) {
        return false;
    }
    *parser->key_files_tail = keys;
    parser->key_files_tail = &keys->next;
    return line_end(parser);
}

static bool test_head(struct parser *parser, struct test *test)
{
    struct span_list **tail = &test->tags;
    uint64_t weight = 1;
    test->spot = peek(parser)->spot;
    if (!take_string(parser, "a title in quotes", &test->title)) {
        return false;
    }
    if (take_if(parser, "tags")) {
        do {
            struct span_list *tag = NEW(parser, struct span_list);
            if (!take_name(parser, "a tag", &tag->text)) {
                return false;
            }
            *tail = tag;
            tail = &tag->next;
        } while (take_if(parser, ","));
    }
    if (take_if(parser, "weight") && !take_number(parser, "a weight", 1, 1000000, &weight)) {
        return false;
    }
    test->weight = (uint32_t)weight;
    if (!token_is(peek(parser), "{")) {
        return fail_expected(parser, test->weight != 1    ? "'{'"
                                     : test->tags != NULL ? "',', weight or '{'"
                                                          : "tags, weight or '{'");
    }
    return true;
}

/* Tests of included files are read, but are not this script's. */
static void test_take(struct parser *parser, bool *lost)
{
    struct test *test = NEW(parser, struct test);
    (void)test_head(parser, test);
    if (!line_open(parser)) {
        *lost = true;
        return;
    }
    bool uses_exec = parser->script->uses_exec;
    test->body = block_parse(parser, test->spot);
    if (parser->file_depth > 1) {
        parser->script->uses_exec = uses_exec;
        return;
    }
    *parser->tests_tail = test;
    parser->tests_tail = &test->next;
}

/* What begins the current line is nothing of the top level: tell, and guess what was meant. */
static int top_guess(struct parser *parser)
{
    struct token *token = &parser->line.token[0];
    bool is_step = word_index(token, step_words, step_word_count) >= 0;
    char hint[HINT_LEN];
    const char *near = token->kind == TOKEN_WORD && !is_step
                           ? hint_make(token->text, top_words, top_word_count, hint)
                           : NULL;
    if (is_step) {
        (void)fail(parser, token->spot, "steps stand in a test \"...\" { }");
    } else if (token_is(token, "}")) {
        (void)fail(parser, token->spot, "there is no block to close here");
    } else {
        (void)fail_words(parser, top_words, top_word_count);
    }
    if (near == NULL) {
        return -1;
    }
    token->text = span_text(near);
    return word_index(token, top_words, top_word_count);
}

/* @lost: the line before was nothing of the top level, so that what follows may belong to it. */
static void top_parse(struct parser *parser, bool *lost)
{
    int word = word_index(&parser->line.token[0], top_words, top_word_count);
    if (word < 0 && !*lost) {
        word = top_guess(parser);
    }
    *lost = word < 0;
    if (*lost) {
        line_skip(parser);
        return;
    }
    parser->at = 1;
    switch ((enum top)word) {
    case TOP_TERMINAL:
        terminal_parse(parser);
        return;
    case TOP_ISSUER:
        issuer_parse(parser);
        return;
    case TOP_CARD:
        card_parse(parser);
        return;
    case TOP_TEST:
        test_take(parser, lost);
        return;
    default:
        break;
    }
    bool good = word == TOP_INCLUDE ? include_take(parser)
                : word == TOP_SET   ? setting_take(parser)
                : word == TOP_DATA  ? data_take(parser)
                : word == TOP_KEY   ? key_take(parser)
                                    : keys_take(parser);
    if (!good && parser->have) {
        line_skip(parser);
    }
}

static void file_parse(struct parser *parser, uint16_t file)
{
    struct lexer lexer;
    struct lexer *outer = parser->lexer;
    uint8_t *outer_text = parser->text;
    lexer_init(&lexer, parser->script->files[file].text, file, tell_lexical, parser);
    parser->lexer = &lexer;
    parser->text = (uint8_t *)(uintptr_t)parser->script->files[file].text.ptr;
    parser->file_depth++;
    bool lost = false;
    while (parser_line(parser)) {
        parser->unclosed_told = false;
        parser->at = 0;
        top_parse(parser, &lost);
    }
    parser->file_depth--;
    parser->ids[file].open = false;
    parser->lexer = outer;
    parser->text = outer_text;
}

void parser_run(struct parser *parser)
{
    struct script *script = parser->script;
    struct stat status;
    parser->settings_tail = &script->settings;
    parser->datas_tail = &script->datas;
    parser->keys_tail = &script->keys;
    parser->key_files_tail = &script->key_files;
    parser->peers_tail = &script->peers;
    parser->cards_tail = &script->cards;
    parser->tests_tail = &script->tests;
    parser->ids[0] = (struct file_id){.open = true};
    if (!parser->options->no_files && stat(script->files[0].path, &status) == 0) {
        parser->ids[0].device = (uint64_t)status.st_dev;
        parser->ids[0].inode = (uint64_t)status.st_ino;
    }
    file_parse(parser, 0);
}
