#include "tools/isotest/fmt.h"

#include <stdlib.h>

#include "tools/isotest/parse.h"

enum { SPACES_A_LEVEL = 2, SPACES_CONTINUED = 4 };

/* A line that was laid out: @len bytes from @start of the code, then its comment. */
struct laid {
    size_t start;
    size_t len;
    struct span comment;
    unsigned indent;  /* spaces */
    struct spot spot; /* where its statement stood */
    bool opens;
    bool closes; /* nothing but '}' */
};

/* An own-line comment or (empty) an empty line, in front of the statement to come. */
struct trivia {
    struct span comment;
};

struct layout {
    struct lexer lexer;
    struct teller teller;
    struct script *script; /* for the teller: one file */
    struct line *line;
    uint8_t *code;
    size_t code_len;
    size_t code_cap;
    struct laid *lines;
    size_t line_count;
    size_t line_cap;
    struct trivia *trivia;
    size_t trivia_count;
    size_t trivia_cap;
    bool no_memory;
    bool too_deep;
    unsigned depth;    /* of open blocks */
    unsigned in_steps; /* the depth at which a block of steps began; 0: none */
    bool under_step;   /* a step stands in the block already */
    bool assigns;      /* it is one with lines NAME = ... */
};

/* Room for one more in an array. */
static bool grow(struct layout *layout, void **array, size_t count, size_t *cap, size_t size)
{
    if (count < *cap) {
        return true;
    }
    size_t more = *cap == 0 ? 256 : *cap * 2;
    void *larger = realloc(*array, more * size);
    if (larger == NULL) {
        layout->no_memory = true;
        return false;
    }
    *array = larger;
    *cap = more;
    return true;
}

static void put(struct layout *layout, struct span text)
{
    while (layout->code_cap - layout->code_len < text.len) {
        size_t more = layout->code_cap == 0 ? 4096 : layout->code_cap * 2;
        uint8_t *larger = realloc(layout->code, more);
        if (larger == NULL) {
            layout->no_memory = true;
            return;
        }
        layout->code = larger;
        layout->code_cap = more;
    }
    if (text.len > 0) {
        memcpy(layout->code + layout->code_len, text.ptr, text.len);
    }
    layout->code_len += text.len;
}

static struct laid *line_begin(struct layout *layout, unsigned indent)
{
    if (!grow(layout, (void **)&layout->lines, layout->line_count, &layout->line_cap,
              sizeof *layout->lines)) {
        return NULL;
    }
    struct laid *line = &layout->lines[layout->line_count++];
    *line = (struct laid){
        .start = layout->code_len, .indent = indent, .spot = layout->line->token[0].spot};
    return line;
}

/* --- words of a line -----------------------------------------------------------------------------
 */

static bool is_text(const struct token *token)
{
    return token->kind == TOKEN_WORD || token->kind == TOKEN_STRING || token->kind == TOKEN_HEX;
}

/* Whether a space stands between two words. */
static bool is_spaced(const struct token *before, const struct token *token)
{
    if (token_is(before, "(") || token_is(before, "[") || token_is(token, ",") ||
        token_is(token, ")") || token_is(token, "]") || token_is(token, "[")) {
        return false;
    }
    if (token_is(token, "(")) {
        return !token_is(before, "now") && !token_is(before, "rand") && !token_is(before, "seq");
    }
    return !(token->glued && is_text(token) && is_text(before)); /* network="VISA": */
}

/* --- a statement ---------------------------------------------------------------------------------
 */

static unsigned indent_of(unsigned level)
{
    return level * SPACES_A_LEVEL;
}

/* The comments and the empty line in front of a statement at @level. */
static void trivia_put(struct layout *layout, unsigned level, bool closes)
{
    bool blank = false;
    for (size_t i = 0; i < layout->trivia_count; i++) {
        if (layout->trivia[i].comment.len == 0) {
            blank = true;
            continue;
        }
        bool after_open = layout->line_count == 0 || layout->lines[layout->line_count - 1].opens;
        if (blank && !after_open) {
            (void)line_begin(layout, 0);
        }
        blank = false;
        struct laid *line = line_begin(layout, indent_of(level));
        if (line != NULL) {
            line->comment = layout->trivia[i].comment;
        }
    }
    bool after_open = layout->line_count == 0 || layout->lines[layout->line_count - 1].opens;
    if (blank && !after_open && !closes) {
        (void)line_begin(layout, 0);
    }
    layout->trivia_count = 0;
}

/* Which level the statement stands on; keeps what is open in mind. */
static unsigned level_of(struct layout *layout)
{
    const struct token *token = layout->line->token;
    if (token_is(token, "}")) {
        return layout->depth > 0 ? layout->depth - 1 : 0;
    }
    if (layout->in_steps == 0 || layout->depth == 0) {
        return layout->depth;
    }
    bool is_assignment = layout->assigns && token_is(token + 1, "=");
    if (word_index(token, step_words, step_word_count) >= 0 && !is_assignment) {
        layout->under_step = true;
        layout->assigns = token_is(token, "capture") || token_is(token, "admin");
        return layout->depth;
    }
    if (token_is(token, "else") || layout->line->opens || !layout->under_step) {
        return layout->depth;
    }
    return layout->depth + 1;
}

static void statement_put(struct layout *layout)
{
    struct line *line = layout->line;
    const struct token *token = line->token;
    bool closes = token_is(token, "}");
    unsigned level = level_of(layout);
    trivia_put(layout, closes ? layout->depth : level, closes);
    struct laid *last = layout->line_count > 0 ? &layout->lines[layout->line_count - 1] : NULL;
    struct laid *laid = NULL;
    if (token_is(token, "else") && last != NULL && last->closes && last->comment.len == 0) {
        laid = last;
        put(layout, SPAN_LITERAL(" "));
    } else {
        laid = line_begin(layout, indent_of(level));
    }
    for (uint32_t i = 0; i < line->count && laid != NULL; i++) {
        if (i > 0 && token[i].broken) {
            put(layout, SPAN_LITERAL(" \\"));
            laid->len = layout->code_len - laid->start;
            laid = line_begin(layout, indent_of(level) + SPACES_CONTINUED);
        } else if (i > 0 && is_spaced(&token[i - 1], &token[i])) {
            put(layout, SPAN_LITERAL(" "));
        }
        put(layout, token[i].raw);
    }
    if (laid == NULL || layout->no_memory) {
        return;
    }
    laid->len = layout->code_len - laid->start;
    laid->comment = line->comment;
    laid->opens = line->opens;
    laid->closes = closes && line->count == 1;
}

/* Keep count of the blocks. */
static void braces_count(struct layout *layout)
{
    const struct token *token = layout->line->token;
    if (token_is(token, "}")) {
        if (layout->depth == 0) {
            teller_tell(&layout->teller, token->spot, "there is no block to close here");
            return;
        }
        if (layout->in_steps == layout->depth) {
            layout->in_steps = 0;
        }
        layout->depth--;
        layout->under_step = layout->assigns = false;
    } else if (layout->line->opens) {
        if (layout->depth == SCRIPT_DEPTH_MAX) {
            layout->too_deep = true;
            teller_tell(&layout->teller, token->spot, "blocks stand in blocks more than %d deep",
                        SCRIPT_DEPTH_MAX);
            return;
        }
        layout->depth++;
        if (layout->in_steps == 0 && token_is(token, "test")) {
            layout->in_steps = layout->depth;
        }
        layout->under_step = layout->assigns = false;
    }
}

/* --- the whole -----------------------------------------------------------------------------------
 */

static void tell_lexical(void *context, struct spot spot, const char *what)
{
    struct layout *layout = context;
    teller_tell(&layout->teller, spot, "%s", what);
}

static void read_all(struct layout *layout)
{
    while (!teller_is_full(&layout->teller) && !layout->no_memory && !layout->too_deep &&
           lexer_next(&layout->lexer, layout->line)) {
        if (layout->line->kind == LINE_STATEMENT) {
            if (layout->line->count > 0) {
                statement_put(layout);
                braces_count(layout);
            }
            continue;
        }
        if (grow(layout, (void **)&layout->trivia, layout->trivia_count, &layout->trivia_cap,
                 sizeof *layout->trivia)) {
            layout->trivia[layout->trivia_count++].comment = layout->line->comment;
        }
    }
    trivia_put(layout, layout->depth, true);
    if (layout->depth > 0 && layout->teller.count == 0) {
        teller_tell(&layout->teller, layout->line->token[0].spot,
                    "a block is not closed by '}' at the end of the file");
    }
}

/* Characters, not bytes. */
static size_t width_of(const struct layout *layout, const struct laid *line)
{
    size_t width = line->indent;
    for (size_t i = 0; i < line->len; i++) {
        width += (layout->code[line->start + i] & 0xC0u) != 0x80;
    }
    return width;
}

static bool has_both(const struct laid *line)
{
    return line->len > 0 && line->comment.len > 0;
}

static void spaces_put(struct writer *out, size_t count)
{
    uint8_t *at = writer_room(out, count);
    if (at != NULL) {
        memset(at, ' ', count);
    }
}

/* Write all lines; comments behind lines that follow each other begin in one column. */
static void write_all(const struct layout *layout, struct writer *out)
{
    size_t run_end = 0;
    size_t column = 0;
    for (size_t i = 0; i < layout->line_count; i++) {
        const struct laid *line = &layout->lines[i];
        if (i >= run_end) {
            column = 0;
            for (run_end = i; run_end < layout->line_count && has_both(&layout->lines[run_end]);
                 run_end++) {
                size_t width = width_of(layout, &layout->lines[run_end]);
                column = width > column ? width : column;
            }
            run_end = run_end == i ? i + 1 : run_end;
        }
        if (line->len > 0 || line->comment.len > 0) {
            spaces_put(out, line->indent);
        }
        if (line->len > 0) {
            writer_put(out, layout->code + line->start, line->len);
        }
        if (has_both(line)) {
            spaces_put(out, column - width_of(layout, line) + 2);
        }
        writer_span(out, line->comment);
        writer_u8(out, '\n');
    }
}

static size_t room_needed(const struct layout *layout)
{
    size_t sum = 1;
    size_t widest = 0;
    for (size_t i = 0; i < layout->line_count; i++) {
        size_t width = layout->lines[i].indent + layout->lines[i].len;
        widest = has_both(&layout->lines[i]) && width > widest ? width : widest;
    }
    for (size_t i = 0; i < layout->line_count; i++) {
        const struct laid *line = &layout->lines[i];
        sum += line->indent + line->len + line->comment.len + 1 + (has_both(line) ? widest + 2 : 0);
    }
    return sum;
}

/* What was laid out is read again: a line that has become too long for the language is told where
 * it came from. */
static void tell_laid(void *context, struct spot spot, const char *what)
{
    struct layout *layout = context;
    struct spot from = spot.line <= layout->line_count ? layout->lines[spot.line - 1].spot : spot;
    from.len = from.len == 0 ? 1 : from.len;
    teller_tell(&layout->teller, from, "laid out anew: %s", what);
}

static void laid_check(struct layout *layout, struct span text)
{
    struct lexer lexer;
    lexer_init(&lexer, text, 0, tell_laid, layout);
    while (!teller_is_full(&layout->teller) && lexer_next(&lexer, layout->line)) {
    }
}

int fmt_text(const char *name, struct span text, script_report report, void *context,
             struct span *out)
{
    struct layout layout = {.script = calloc(1, sizeof *layout.script),
                            .line = malloc(sizeof *layout.line)};
    uint8_t *bytes = NULL;
    struct writer writer = {0};
    if (layout.script != NULL && layout.line != NULL) {
        layout.script->files[0] = (struct script_file){.path = name, .text = text};
        layout.teller =
            (struct teller){.script = layout.script, .report = report, .context = context};
        lexer_init(&layout.lexer, text, 0, tell_lexical, &layout);
        layout.lexer.keep_trivia = true;
        read_all(&layout);
        size_t room = room_needed(&layout);
        bytes = malloc(room);
        writer = writer_make(bytes, room);
    }
    bool good = bytes != NULL && !layout.no_memory;
    bool wrong = good && layout.teller.count != 0;
    if (good && !wrong) {
        write_all(&layout, &writer);
        CHECK(!writer.overflow);
        *out = writer_written(&writer);
        laid_check(&layout, *out);
        wrong = layout.teller.count != 0;
    }
    if (!good || wrong) {
        free(bytes);
    }
    free(layout.script);
    free(layout.line);
    free(layout.code);
    free(layout.lines);
    free(layout.trivia);
    return !good ? ERR_MEMORY : wrong ? ERR_CONFIG : 0;
}
