/* The words of a script, statement by statement.
 *
 * A statement is a line with its continuations (`\` at the end), but it also ends behind '{',
 * before and behind '}': "terminal T1 { dialect iso87_bcd" are two. A word is a run of anything but
 * blanks, quotes, brackets, commas and comparisons; {{...}} in it may hold blanks. '#' begins a
 * comment where a word could begin. See isot(5). */
#pragma once

#include "tools/isotest/script.h"

enum { TOKENS_MAX = 1024 /* in a statement */ };

enum token_kind {
    TOKEN_END,    /* behind the last */
    TOKEN_WORD,   /* 000000, {{auth}}, tpk:T1 */
    TOKEN_STRING, /* "..."; @text is between the quotes, escapes as they stand */
    TOKEN_HEX,    /* x'9F 26'; @text is between the quotes */
    TOKEN_REGEX,  /* /.../ behind the word "matches"; @text is between the slashes */
    TOKEN_PUNCT,  /* , ( ) [ ] { } */
    TOKEN_OP,     /* == != < <= > >= = */
};

struct token {
    uint8_t kind;     /* enum token_kind */
    bool glued;       /* no blank in front of it */
    bool broken;      /* the first behind a continuation */
    struct span text; /* borrows from the lexed text */
    struct span raw;  /* with its quotes */
    struct spot spot;
};

enum line_kind { LINE_STATEMENT, LINE_COMMENT, LINE_BLANK };

struct line {
    uint8_t kind;        /* enum line_kind; the last two only with keep_trivia */
    bool opens;          /* its last token is '{' */
    bool bad;            /* told; the tokens are what could be read */
    bool starts;         /* it is the first statement of its line of text */
    struct span comment; /* with its '#', without blanks at its end */
    uint32_t count;      /* tokens, without the TOKEN_END */
    struct token token[TOKENS_MAX + 1];
};

struct lexer {
    struct span text;
    uint16_t file;
    bool keep_trivia; /* own-line comments and empty lines are told, too */
    void (*tell)(void *context, struct spot spot, const char *what);
    void *context;
    size_t at; /* private from here on */
    size_t line_start;
    size_t line_end; /* where its newline is, or the text ends */
    uint32_t line;
    size_t taken; /* bytes of the statement before this line of text */
};

void lexer_init(struct lexer *lexer, struct span text, uint16_t file,
                void (*tell)(void *context, struct spot spot, const char *what), void *context);

/* The next statement into @line; false at the end of the text. */
bool lexer_next(struct lexer *lexer, struct line *line);

/* Whether @token is this word, punctuation or operator. */
static inline bool token_is(const struct token *token, const char *text)
{
    return (token->kind == TOKEN_WORD || token->kind == TOKEN_PUNCT || token->kind == TOKEN_OP) &&
           span_equal_text(token->text, text);
}
