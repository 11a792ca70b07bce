/* A script as a tree: what parse.c makes of the text, what check.c resolves, and what everything
 * else walks. The language is described in isot(5).
 *
 * Every node lives in the arena of its script and dies with it. Lists are in the order of the text.
 * Names are resolved by script_check(): after it, every reference is an index or a pointer, a field
 * has its number, a constant its bytes, so that a run looks at no text. Members that the check sets
 * are marked (check). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "iso8583/base/bytes.h"
#include "iso8583/dialect.h"
#include "iso8583/frame.h"

enum {
    SCRIPT_DEPTH_MAX = 32,      /* of blocks in blocks, and of includes */
    SCRIPT_LINE_LEN_MAX = 4096, /* with its continuations */
    SCRIPT_FILES_MAX = 64,
    SCRIPT_RULES_MAX = 256, /* `on` in a test */
    /* Terminals of a range: a machine has some 28000 ports to call one address from. */
    SCRIPT_RANGE_MAX = 30000,
};

/* Where a node stands: enough for file:line:col, the line and a caret. */
struct spot {
    uint16_t file; /* index in struct script.files */
    uint16_t col;  /* from 1, in bytes */
    uint16_t len;  /* bytes that the caret underlines */
    uint32_t line; /* from 1 */
};

/* --- values ----------------------------------------------------------------------------------- */

/* What a field path names: 2, 55.9F26, mti, hdr.tpdu, or an alias (pan, amount). */
enum path_kind { PATH_FIELD, PATH_TAG /* of DE55 and other TLV fields */, PATH_MTI, PATH_TPDU };

struct path {
    uint8_t kind; /* enum path_kind */
    uint8_t de;
    uint32_t tag; /* PATH_TAG: as its bytes read, 0x9F26 */
};

/* A piece of a template: "quoted {{name}}". */
enum part_kind {
    PART_BYTES,    /* as they stand */
    PART_VARIABLE, /* {{name}}: a `set`, a capture, --var */
    PART_ROW,      /* row.name: a column of the current data row */
    PART_SENT,     /* sent.FIELD: of the last message that this strand sent */
    PART_ASKED,    /* asked.FIELD: of the last message that an issuer of the script received */
    PART_GOT,      /* got.FIELD: of the last message that an `expect` took */
    PART_INDEX,    /* {{n}}: which of terminal T[1..200] this is; in `repeat` and `parallel`, which
                      round */
};

struct part {
    struct part *next;
    uint8_t kind;     /* enum part_kind */
    uint8_t width;    /* {{n:7}}: filled with zeros in front; 0: as it is */
    struct path path; /* SENT ASKED GOT */
    uint32_t slot;    /* (check) VARIABLE: index of struct script.variables; ROW: of struct
                         script.columns */
    struct span text; /* BYTES; else the name as written */
    struct spot spot;
};

enum value_kind {
    VALUE_TEMPLATE, /* parts, one after the other; a bare word or a quoted text */
    VALUE_BYTES,    /* x'9F2608', or (check) anything whose bytes are known: @bytes */
    VALUE_AMOUNT,   /* amount 12.50 EUR: @parts is the number, @exponent of the currency */
    VALUE_NOW,      /* now(MMDDhhmmss): @bytes is the pattern; UTC */
    VALUE_RAND,     /* rand(digits 6): @count, @set; seeded */
    VALUE_SEQ,      /* seq(name): a counter of the run, one a name */
    VALUE_ARPC,     /* arpc CARD: in a reply of an issuer */
};

struct card;

struct value {
    uint8_t kind;       /* enum value_kind */
    uint8_t set;        /* RAND: 'd' digits, 'h' hex, 'a' letters */
    uint8_t exponent;   /* AMOUNT */
    uint16_t count;     /* RAND: characters */
    uint16_t currency;  /* AMOUNT: numeric */
    uint32_t slot;      /* SEQ: (check) index of struct script.counters */
    struct part *parts; /* TEMPLATE, AMOUNT */
    struct span bytes;
    struct card *card; /* ARPC */
    struct spot spot;
};

enum pred_kind {
    PRED_EQ,
    PRED_NE,
    PRED_LT,
    PRED_LE,
    PRED_GT,
    PRED_GE,      /* @values, one; numbers if both are, else bytes */
    PRED_IN,      /* @values */
    PRED_MATCHES, /* @regex */
    PRED_PRESENT,
    PRED_ABSENT,
    PRED_LEN,      /* @relop and @number */
    PRED_CONTAINS, /* @values, one */
};

struct value_list {
    struct value_list *next;
    struct value value;
};

struct pred {
    uint8_t kind;  /* enum pred_kind */
    uint8_t relop; /* LEN: PRED_EQ .. PRED_GE */
    int64_t number;
    struct value_list *values;
    struct span pattern; /* MATCHES, without its slashes */
    void *regex;         /* (check) pcre2_code, freed with the script */
    struct spot spot;
};

/* --- declarations ------------------------------------------------------------------------------
 */

/* keyref: a declared key by name (tpk:T1), or a template that gives one: tpk:T{{n:7}}. */
struct keyref {
    struct value name; /* absent: parts NULL */
};

struct field_line { /* "FIELD value", "FIELD -" */
    struct field_line *next;
    struct path path;
    bool remove;
    struct value value;
    struct spot spot;
};

struct path_list {
    struct path_list *next;
    struct path path;
    struct spot spot;
};

enum mac_name { MAC_X9_19, MAC_X9_9, MAC_ISO9797_1_1, MAC_ISO9797_1_3, MAC_CMAC };

struct key { /* key tpk:T1 80577FB0... ; each row of: keys "file.csv" */
    struct key *next;
    struct span name;
    struct value value; /* hex digits */
    struct spot spot;
};

struct key_file { /* keys "terminal-keys.csv": its columns are tpk, tak, ..., its rows ids */
    struct key_file *next;
    struct span path; /* beside the script */
    struct spot spot;
};

/* A terminal or an issuer: one end of connections. */
struct peer_decl {
    struct peer_decl *next;
    struct span name;
    bool is_issuer;
    bool listens;         /* issuer: `listen`, else `connect` */
    uint32_t first, last; /* T[1..200]; 0, 0: one */
    struct value address; /* HOST:PORT */
    const struct iso_dialect *dialect;
    const struct framing *framing;
    struct span tpdu;   /* 5 bytes, or empty: the default */
    struct keyref pin;  /* `pin KEY [dukpt|iso0|iso3]` */
    uint8_t pin_format; /* 0 ISO-0, 3 ISO-3 */
    bool pin_dukpt;     /* the key is a BDK; the KSN goes to @ksn_field */
    uint8_t ksn_field;  /* 53 or 62 */
    struct value ksn;   /* `ksn FFFF9876543210E00000`: of the first message */
    struct keyref mac;
    uint8_t mac_name;   /* enum mac_name */
    uint8_t mac_field;  /* 64 or 128; 0: 64, or 128 when a field above 64 is there */
    bool reversal_auto; /* an unanswered request is reversed by the tool, as a terminal would */
    uint32_t reversal_ms;
    struct path_list *match;   /* how an answer finds its request; NULL: mti, 11, 41 */
    struct field_line *fields; /* set in every message */
    uint32_t index;            /* (check) among struct script.peers */
    struct spot spot;
};

struct card_line {
    struct card_line *next;
    struct span name; /* pan exp svc psn pin track2 imk cvn atc cvv ... */
    struct value value;
    struct spot spot;
};

struct card {
    struct card *next;
    struct span name;
    struct card_line *lines;
    bool uses_row; /* (check) a line takes row.* */
    struct spot spot;
};

enum data_order { DATA_SEQUENTIAL, DATA_RANDOM, DATA_UNIQUE };

struct data {
    struct data *next;
    struct span name;
    struct span path; /* beside the script */
    struct spot path_spot;
    uint8_t order;         /* enum data_order */
    uint32_t column_count; /* (check) */
    uint32_t *columns;  /* (check) of each the slot in struct script.columns, where equal names of
                           several files share one */
    uint32_t row_count; /* (check) */
    struct span *cells; /* (check) row_count x column_count */
    struct spot spot;
};

/* --- statements ----------------------------------------------------------------------------------
 */

enum stmt_kind {
    STMT_SEND,
    STMT_EXPECT,
    STMT_ON,
    STMT_CAPTURE,
    STMT_WAIT,
    STMT_ADMIN,
    STMT_EXEC,
    STMT_REPEAT,
    STMT_FOR,
    STMT_PARALLEL,
    STMT_IF,
    STMT_SET,
    STMT_DISCONNECT,
    STMT_NEXT,
};

enum entry_mode { ENTRY_CHIP, ENTRY_MAGSTRIPE, ENTRY_MANUAL, ENTRY_ECOM };

struct send {
    uint16_t mti;            /* 0: not said (only with raw or copy) */
    struct peer_decl *from;  /* (check) never NULL: the only terminal, if not named */
    struct value from_index; /* from T[{{i}}]: parts NULL if not given */
    struct span from_name;
    struct span copy;   /* copy NAME: the message kept under that capture, sent again */
    uint32_t copy_slot; /* (check) the variable of @copy */
    struct value raw;   /* raw x'..': kind VALUE_BYTES with bytes, or parts NULL and no bytes */
    bool is_raw;
    struct field_line *fields;
    struct card *card; /* (check) */
    struct span card_name;
    uint8_t entry;    /* enum entry_mode */
    struct card *pin; /* (check) whose PIN */
    struct span pin_name;
    struct card *emv; /* (check) whose chip data beyond `card by chip`, with @emv_lines */
    struct span emv_name;
    struct card_line *emv_lines; /* tag value */
    bool mac;                    /* `mac`: made although the terminal has none by default */
    bool mac_bad;
};

enum check_kind { CHECK_FIELD, CHECK_MAC_VALID, CHECK_ARPC, CHECK_LATENCY, CHECK_SAME };

struct check {
    struct check *next;
    uint8_t kind;           /* enum check_kind */
    struct path path;       /* FIELD */
    struct pred pred;       /* FIELD; LATENCY: relop and number in ms */
    struct path_list *same; /* SAME ... as sent */
    struct card *card;      /* ARPC (check) */
    struct span card_name;
    struct spot spot;
};

enum expect_kind { EXPECT_MESSAGE, EXPECT_NONE, EXPECT_REVERSAL };

struct expect {
    uint8_t kind; /* enum expect_kind */
    uint16_t mti;
    struct peer_decl *at; /* (check) NULL: at the terminal that sent last */
    struct span at_name;
    uint32_t within_ms; /* default 10 s */
    struct check *checks;
};

enum on_kind { ON_REPLY, ON_DROP, ON_DUPLICATE, ON_CLOSE, ON_GARBLE };

struct on {
    struct peer_decl *issuer; /* (check) */
    struct span issuer_name;
    uint16_t mti;
    bool has_where;
    struct path where_path;
    struct pred where;
    uint8_t kind;       /* enum on_kind */
    uint16_t reply_mti; /* 0: the answer to @mti */
    uint32_t after_ms;
    uint32_t times; /* DROP, DUPLICATE: how often; 0: for ever (DUPLICATE: once more) */
    struct field_line *fields;
};

enum capture_kind { CAPTURE_FIELD, CAPTURE_LATENCY, CAPTURE_TRACE, CAPTURE_VALUE, CAPTURE_MESSAGE };

struct capture_line {
    struct capture_line *next;
    uint32_t slot; /* (check) variable */
    struct span name;
    uint8_t kind; /* enum capture_kind; FIELD: of the last message taken; VALUE: sent.11, ... */
    struct path path;
    struct value value;
    struct spot spot;
};

struct json_line { /* admin: "NAME = .path" or ".path pred" */
    struct json_line *next;
    struct span name; /* empty: a check */
    uint32_t slot;    /* (check) */
    struct span path; /* ".previous.state" */
    struct pred pred;
    struct spot spot;
};

struct exec_line {
    struct exec_line *next;
    enum { EXEC_EXIT, EXEC_CSV, EXEC_STDOUT } kind;
    struct value file; /* CSV */
    struct span where_column;
    struct value where_value;
    struct span column;
    struct pred pred; /* EXIT: relop in kind EQ.., number */
    struct spot spot;
};

struct stmt {
    struct stmt *next;
    uint8_t kind; /* enum stmt_kind */
    struct spot spot;
    struct stmt *body;  /* REPEAT FOR PARALLEL IF */
    struct stmt *other; /* IF: else */
    union {
        struct send send;
        struct expect expect;
        struct on on;
        struct capture_line *captures;
        struct {
            uint32_t ms;       /* wait 5s */
            bool until;        /* wait until QUERY pred within 5s */
            struct span query; /* saf.VISA.depth, day.previous.state: table in admin.h */
            struct pred pred;
            uint32_t within_ms;
        } wait;
        struct {
            struct value command; /* as after switchctl */
            struct json_line *lines;
        } admin;
        struct {
            struct value command;
            struct exec_line *lines;
        } exec;
        struct {
            uint64_t count;  /* repeat 50 */
            uint32_t for_ms; /* repeat for 10s */
            uint32_t rate;   /* a second; 0: as fast as it goes */
        } repeat;
        struct {
            struct data *data; /* (check) */
            struct span name;
        } rows; /* for row in NAME; next NAME */
        struct {
            uint32_t count;         /* parallel 20 */
            struct peer_decl *peer; /* (check) parallel T[*]: one a terminal */
            struct span peer_name;
        } parallel;
        struct {
            struct value value;
            struct pred pred;
        } branch;
        struct {
            uint32_t slot; /* (check) */
            struct span name;
            struct value value;
        } set;
        struct {
            struct peer_decl *peer; /* (check) */
            struct span name;
        } disconnect;
    } u;
};

struct test {
    struct test *next;
    struct span title;
    struct span_list {
        struct span_list *next;
        struct span text;
    } * tags;
    uint32_t weight; /* `weight 3` behind the tags: share in a load mix; default 1 */
    struct stmt *body;
    struct spot spot;
};

struct script_file {
    const char *path; /* as written, relative to the including file */
    struct span text;
    uint32_t first_line; /* private to spots */
};

struct setting {
    struct setting *next;
    struct span name;
    struct value value;
    uint32_t slot; /* (check) */
    struct spot spot;
};

enum secret_kind { SECRET_KEY, SECRET_PAN, SECRET_PIN };

struct secret { /* what no output may show: see conceal.h */
    struct secret *next;
    uint8_t kind; /* enum secret_kind */
    struct span value;
};

struct names;
struct regex_list;

struct script {
    struct arena *arena;
    struct script_file files[SCRIPT_FILES_MAX];
    uint32_t file_count;
    struct setting *settings;
    struct data *datas;
    struct key *keys; /* (check) also those of @key_files */
    struct key_file *key_files;
    struct peer_decl *peers; /* terminals and issuers */
    struct card *cards;
    struct test *tests; /* of the files named, not of those they include */
    /* (check) */
    struct span *variables; /* names by slot */
    uint32_t variable_count;
    struct span *columns; /* of all data files, by slot; equal names share one */
    uint32_t column_count;
    struct span *counters;
    uint32_t counter_count;
    uint32_t peer_count;
    struct secret *secrets;
    bool uses_exec; /* some test has an `exec`: the first stands at @exec_spot */
    struct spot exec_spot;
    struct names *key_names;    /* private: for script_key() */
    struct regex_list *regexes; /* private: freed with the script */
};

/* What is told of a script that is wrong: "lab.isot:12:8: error: ..." with line and caret; several
 * lines, no newline at the end, valid for the call. */
typedef void (*script_report)(void *context, const char *text);

struct script_options {
    script_report report;
    void *context;
    struct span (*variable)(void *context,
                            struct span name); /* --var NAME=...; SPAN_NONE: not given */
    bool allow_exec;
    bool no_files; /* include, data and keys are refused: nothing but the text is read */
};

/* Read @path and what it includes, parse and check. Returns 0 and sets @out, or ERR_CONFIG after
 * reports (at most SOURCE_ERRORS_MAX), ERR_IO, ERR_MEMORY. */
MUST_USE int script_load(const char *path, const struct script_options *options,
                         struct script **out);

/* The same of a text in memory (@name is shown; includes are looked for beside it): for tests and
 * the fuzzer. */
MUST_USE int script_parse_text(const char *name, struct span text,
                               const struct script_options *options, struct script **out);

void script_free(struct script *script);

/* The declared key @name, or NULL. */
const struct key *script_key(const struct script *script, struct span name);

/* "purchase.isot:18:5" of @spot, in @buf. */
const char *script_spot_text(const struct script *script, struct spot spot, char *buf, size_t cap);

/* The line of @spot, a caret under its place, and @message, as every error looks. */
void script_tell(const struct script *script, struct spot spot, script_report report, void *context,
                 const char *format, ...) __attribute__((format(printf, 5, 6)));
