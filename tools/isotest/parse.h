/* The parser's own header: what its files share. parse.c reads files and declarations at the top
 * level, parse_decl.c terminals, issuers and cards, parse_step.c, parse_message.c and parse_block.c
 * statements, parse_value.c values, fields and predicates, parse_word.c single words.
 *
 * A statement of the lexer is looked at whole (@line, from token @at on). What is wrong is told
 * once a line, and parsing goes on: functions that take something return false after telling, and
 * the rest of their line is left. Strings in the tree borrow from the files' texts. */
#pragma once

#include "tools/isotest/arena.h"
#include "tools/isotest/lexer.h"
#include "tools/isotest/tell.h"

struct parser {
    struct script *script;
    struct arena *arena;
    struct teller *teller;
    const struct script_options *options;
    struct lexer *lexer;
    uint8_t *text; /* what @lexer reads, to be written by line_hide() */
    struct line line;
    bool have;           /* @line is there and not taken */
    bool told;           /* something was told of @line */
    bool unclosed_told;  /* a block is not closed: said once */
    size_t at;           /* the token to look at */
    unsigned depth;      /* of blocks */
    unsigned file_depth; /* of includes */
    struct setting **settings_tail;
    struct data **datas_tail;
    struct key **keys_tail;
    struct key_file **key_files_tail;
    struct peer_decl **peers_tail;
    struct card **cards_tail;
    struct test **tests_tail;
    struct file_id {
        uint64_t device;
        uint64_t inode;
        bool open; /* being read: an include of it goes in a circle */
    } ids[SCRIPT_FILES_MAX];
};

#define NEW(parser, type) ((type *)arena_take((parser)->arena, sizeof(type)))

/* --- parse_word.c: tokens ----------------------------------------------------------------------
 */

/* Make @parser->line the statement to look at; false at the end of the file or if all is lost. */
bool parser_line(struct parser *parser);

/* The statement is done with: the next parser_line() reads on. */
void parser_drop(struct parser *parser);

const struct token *peek(const struct parser *parser);
const struct token *peek_behind(const struct parser *parser); /* the one behind peek() */

/* Whether words are left that belong to the statement: nothing ends it, no block begins. */
bool more(const struct parser *parser);

/* Tell of the current line, unless something was told of it. Always returns false. */
__attribute__((format(printf, 3, 4))) bool fail(struct parser *parser, struct spot spot,
                                                const char *format, ...);

/* "expected WHAT, not 'x'" at the current token. Always returns false. */
bool fail_expected(struct parser *parser, const char *what);

/* The same with all of @words, and with a suggestion. */
bool fail_words(struct parser *parser, const char *const *words, size_t count);

/* Take the current token if it is this word, punctuation or operator. */
bool take_if(struct parser *parser, const char *text);

/* Take this very punctuation or operator, or tell. */
bool take(struct parser *parser, const char *text);

/* Nothing may follow; an opening brace only if @opens. Drops the line; if it opens a block that is
 * not expected, the whole block. */
bool line_end(struct parser *parser);

/* '{' must end the line. Drops it. False if there is none: then no block follows. */
bool line_open(struct parser *parser);

/* Pass over the current line, and the block that it opens. */
void line_skip(struct parser *parser);

/* Pass over what is left of a block whose '{' was taken, with its '}'. */
void block_skip(struct parser *parser);

/* Split the current word behind its first @len bytes, if it has more. */
void word_split_at(struct parser *parser, size_t len);

/* Split it at the first @byte that is not its first: "a=b" into three, "500/s" into 500 and /s. */
void word_split(struct parser *parser, char byte);

/* Star out, in the script's copy of its text, the values from the current token on: keys, PINs,
 * tracks. Their tokens keep what was there; no error can quote it any more. */
void line_hide(struct parser *parser);

bool take_name(struct parser *parser, const char *what, struct span *name);
bool take_string(struct parser *parser, const char *what, struct span *text);
bool take_number(struct parser *parser, const char *what, uint64_t min, uint64_t max,
                 uint64_t *number);
bool take_duration(struct parser *parser, uint32_t *ms);
bool take_mti(struct parser *parser, uint16_t *mti);

/* One of @words: its index, or -1 after telling. */
int take_word_of(struct parser *parser, const char *const *words, size_t count);

/* Whether @token is one of @words: its index, or -1. */
int word_index(const struct token *token, const char *const *words, size_t count);

/* From the first token of the line to the one in front of the current. */
struct spot spot_from(const struct parser *parser, size_t first);

/* --- parse_value.c -----------------------------------------------------------------------------
 */

/* Read @text, which stands at @spot, as a field path, or tell. */
bool path_parse(struct parser *parser, struct span text, struct spot spot, struct path *path);

/* Whether a word looks like a field path: a number, an alias, mti, hdr.tpdu. */
bool text_is_path(struct span text);

/* Whether what the field holds may be shown to nobody. */
bool path_is_secret(const struct path *path);

bool take_path(struct parser *parser, struct path *path, struct spot *spot);
bool take_path_list(struct parser *parser, struct path_list **list);
bool take_value(struct parser *parser, const char *what, struct value *value);
bool take_pred(struct parser *parser, struct pred *pred);
bool take_relop(struct parser *parser, uint8_t *relop);

/* "FIELD value" or "FIELD -", appended to @tail, which goes on. */
bool take_field_line(struct parser *parser, bool in_reply, struct field_line ***tail);

/* The names of all fields, and how many. */
const char *const *alias_names(size_t *count);

/* --- parse_decl.c ------------------------------------------------------------------------------
 */

void terminal_parse(struct parser *parser);
void issuer_parse(struct parser *parser);
void card_parse(struct parser *parser);

/* --- parse_step.c, parse_block.c ---------------------------------------------------------------
 */

/* What lines may stand under a step, for child_next(). */
struct open_lines {
    const char *const *words;
    size_t word_count;
    bool fields;  /* lines that begin with a field path */
    bool assigns; /* NAME = ... */
    bool paths;   /* .path ... */
};

/* Whether the next line belongs to the step. What belongs to nothing is told and passed over. */
bool child_next(struct parser *parser, const struct open_lines *open);

/* A line is read: end it if that went well (@good), else pass over it. */
void line_done(struct parser *parser, bool good);

/* parse_message.c: the steps about messages, behind their word. */
void send_parse(struct parser *parser, struct stmt *stmt);
void expect_parse(struct parser *parser, struct stmt *stmt);
void on_parse(struct parser *parser, struct stmt *stmt);

/* Parse the step that begins the current line, with its lines, into @stmt. @keyword: index in
 * step_words. */
void step_parse(struct parser *parser, int keyword, struct stmt *stmt);

/* Statements up to '}', which is taken. @opened: where the block began. */
struct stmt *block_parse(struct parser *parser, struct spot opened);

extern const char *const step_words[];
extern const size_t step_word_count;
extern const char *const top_words[];
extern const size_t top_word_count;

/* Whether the current line is one of the top level, which can only mean that a '}' is missing. */
bool line_is_top(const struct parser *parser);

/* --- parse.c -----------------------------------------------------------------------------------
 */

/* @name as a path beside the file @from. In the arena. */
const char *path_beside(struct arena *arena, const char *from, struct span name);

/* Parse @path, whose text is in @script->files[0] already, with what it includes. */
void parser_run(struct parser *parser);
