/* isotest record: a script from a capture. */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>

#include "iso8583/dialect.h"
#include "tools/exit_code.h"
#include "tools/isotest/record.h"
#include "tools/isotest/verb.h"

enum {
    OPTION_TERMINALS = 't',
    OPTION_ISSUER = 'i',
    OPTION_OUT = 'o',
    OPTION_KEYS = 0x100,
    OPTION_CARDS,
    OPTION_KEEP,
    SIDE_LEN_MAX = 120,
    NAME_LEN_MAX = 32,
};

struct asked {
    const char *capture;
    const char *out;
    struct record_options record;
    struct record_side sides[RECORD_SIDES_MAX];
    char text[RECORD_SIDES_MAX][SIDE_LEN_MAX]; /* what the sides' names stand in */
};

static void on_report(void *context, const char *text)
{
    (void)context;
    fprintf(stderr, "%s\n", text);
}

/* --- what is asked -------------------------------------------------------------------------------
 */

static void framing_take(struct record_side *side, struct argp_state *state, const char *name)
{
    side->framing = framing_find(name);
    if (side->framing != NULL && !side->framing->file) {
        return;
    }
    fprintf(stderr, "%s: there is no framing '%s'; there are:", state->name, name);
    for (size_t i = 0; framing_at(i) != NULL; i++) {
        if (!framing_at(i)->file && strchr(framing_at(i)->name, '+') == NULL) {
            fprintf(stderr, " %s", framing_at(i)->name);
        }
    }
    fputs(", each with +tpdu, +etx\n", stderr);
    exit(EXIT_CALLED_WRONG);
}

static void dialect_take(struct record_side *side, struct argp_state *state, const char *name)
{
    side->dialect = dialect_find(name);
    if (side->dialect != NULL) {
        return;
    }
    fprintf(stderr, "%s: there is no dialect '%s'; there are:", state->name, name);
    for (size_t i = 0; dialect_at(i) != NULL; i++) {
        fprintf(stderr, " %s", dialect_at(i)->name);
    }
    fputc('\n', stderr);
    exit(EXIT_CALLED_WRONG);
}

/* A name of the language (isot(5)). */
static bool is_name(const char *text)
{
    for (size_t i = 0; text[i] != '\0'; i++) {
        uint8_t lower = (uint8_t)text[i] | 0x20u;
        bool letter = (lower >= 'a' && lower <= 'z') || text[i] == '_';
        if (!letter && (i == 0 || (!byte_is_digit((uint8_t)text[i]) && text[i] != '-'))) {
            return false;
        }
    }
    return text[0] != '\0' && strlen(text) < NAME_LEN_MAX && strcmp(text, "switch") != 0;
}

static void port_take(const struct asked *asked, struct record_side *side, struct argp_state *state,
                      const char *text)
{
    uint64_t number = 0;
    if (span_number(span_text(text), &number) < 0 || number < 1 || number > 65535) {
        argp_error(state, "'%s' is no port: 1 to 65535", text);
    }
    side->port = (uint16_t)number;
    for (size_t i = 0; i < asked->record.side_count; i++) {
        if (asked->sides[i].port == side->port) {
            argp_error(state, "port %s is said twice", text);
        }
    }
}

/* [NAME=]PORT[,FRAMING,DIALECT] */
static void side_take(struct asked *asked, struct argp_state *state, const char *text,
                      bool is_issuer)
{
    size_t index = asked->record.side_count;
    if (index == RECORD_SIDES_MAX || strlen(text) >= SIDE_LEN_MAX) {
        argp_error(state, "'%.120s' is too much", text);
    }
    struct record_side *side = &asked->sides[index];
    (void)snprintf(asked->text[index], SIDE_LEN_MAX, "%s", text);
    char *at = asked->text[index];
    char *equals = is_issuer ? strchr(at, '=') : NULL;
    side->name = is_issuer ? "ISSUER" : NULL;
    if (equals != NULL) {
        *equals = '\0';
        side->name = at;
        at = equals + 1;
    }
    if (side->name != NULL && !is_name(side->name)) {
        argp_error(state, "'%s' is no name for an issuer (letters, digits, _ and -; not 'switch')",
                   side->name);
    }
    for (size_t i = 0; i < index; i++) {
        const char *other = asked->sides[i].name;
        if (other == NULL ? side->name == NULL
                          : side->name != NULL && strcmp(other, side->name) == 0) {
            argp_error(state, "%s: said twice", side->name == NULL ? "--terminals" : side->name);
        }
    }
    char *framing = strchr(at, ',');
    char *dialect = framing == NULL ? NULL : strchr(framing + 1, ',');
    if (framing != NULL) {
        *framing = '\0';
        if (dialect == NULL) {
            argp_error(state,
                       "'%s': both the framing and the dialect, or none: PORT,len2,iso87_bcd",
                       text);
            return;
        }
        *dialect = '\0';
        framing_take(side, state, framing + 1);
        dialect_take(side, state, dialect + 1);
    }
    port_take(asked, side, state, at);
    asked->record.side_count++;
}

/* "48,60": fields. */
static void keep_take(struct asked *asked, struct argp_state *state, const char *text)
{
    while (*text != '\0') {
        size_t len = strcspn(text, ",");
        uint64_t de = 0;
        if (span_number(span_make(text, len), &de) < 0 || de < 2 || de > ISO_DE_MAX) {
            argp_error(state, "--keep is fields, 2 to 128: 48,60");
        }
        asked->record.keep[de] = true;
        text += len + (text[len] == ',');
    }
}

static error_t on_option(int key, char *arg, struct argp_state *state)
{
    struct asked *asked = state->input;
    switch (key) {
    case OPTION_TERMINALS:
    case OPTION_ISSUER:
        side_take(asked, state, arg, key == OPTION_ISSUER);
        return 0;
    case OPTION_KEYS:
        asked->record.keys = arg;
        if (strpbrk(arg, "\"\\\n") != NULL) {
            argp_error(state, "--keys: a script cannot name such a file");
        }
        return 0;
    case OPTION_CARDS:
        asked->record.cards = arg;
        return 0;
    case OPTION_KEEP:
        keep_take(asked, state, arg);
        return 0;
    case OPTION_OUT:
        asked->out = arg;
        return 0;
    case ARGP_KEY_ARG:
        if (asked->capture != NULL) {
            argp_usage(state);
        }
        asked->capture = arg;
        return 0;
    case ARGP_KEY_END:
        if (asked->capture == NULL || asked->record.side_count == 0) {
            argp_error(state, "a capture and --terminals or --issuer are needed");
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* --- what is done --------------------------------------------------------------------------------
 */

static int script_write(const char *path, struct span script)
{
    FILE *out = path == NULL ? stdout : fopen(path, "w");
    bool good = out != NULL && fwrite(script.ptr, 1, script.len, out) == script.len;
    if (out != NULL) {
        good = (out == stdout ? fflush(out) : fclose(out)) == 0 && good;
    }
    if (!good) {
        fprintf(stderr, "%s: cannot be written: %s\n", path == NULL ? "stdout" : path,
                strerror(errno));
    }
    return good ? EXIT_GOOD : EXIT_IO;
}

static int record_run(struct asked *asked)
{
    struct span script;
    FILE *capture = strcmp(asked->capture, "-") == 0 ? stdin : fopen(asked->capture, "rb");
    if (capture == NULL) {
        fprintf(stderr, "%s: %s\n", asked->capture, strerror(errno));
        return EXIT_INPUT;
    }
    asked->out = asked->out != NULL && strcmp(asked->out, "-") == 0 ? NULL : asked->out;
    asked->record.source = asked->capture;
    asked->record.script = asked->out == NULL ? "recorded.isot" : asked->out;
    asked->record.sides = asked->sides;
    asked->record.report = on_report;
    int status = record_script(capture, &asked->record, &script);
    if (status < 0) {
        if (status == ERR_MEMORY) {
            fprintf(stderr, "%s: %s\n", asked->capture, err_text(status));
        }
        return status == ERR_MEMORY ? EXIT_IO : status == ERR_CORRUPT ? EXIT_BAD : EXIT_INPUT;
    }
    int code = script_write(asked->out, script);
    free((void *)(uintptr_t)script.ptr);
    return code;
}

int verb_record(int argc, char **argv)
{
    static const struct argp_option rows[] = {
        {"terminals", OPTION_TERMINALS, "PORT[,FRAMING,DIALECT]", 0,
         "the port of the switch that terminals call: the script plays them", 0},
        {"issuer", OPTION_ISSUER, "[NAME=]PORT[,FRAMING,DIALECT]", 0,
         "the port of a link to an issuer, whoever calls it: the script plays the issuer; NAME is "
         "ISSUER if not given. May come again",
         0},
        {"keys", OPTION_KEYS, "FILE", 0,
         "a table of test keys (id,tpk,tak) beside the script, named in it; without: placeholders "
         "to fill in",
         0},
        {"cards", OPTION_CARDS, "FILE", 0,
         "a table of test cards (pan, and exp or expiry, svc, psn, pin) to take; without, or when "
         "they are used up: made up",
         0},
        {"keep", OPTION_KEEP, "FIELDS", 0,
         "private fields (46-48, 56-63, 105-127) that are written as they were: 48,60", 0},
        {"output", OPTION_OUT, "FILE", 0, "the script (default: stdout)", 0},
        {0},
    };
    static const struct argp argp = {
        rows,
        on_option,
        "CAPTURE",
        "Make a script of a capture (pcap, pcapng; - is stdin): a test for each conversation of a "
        "terminal, with the rules by which issuers answered. Every card number is replaced by a "
        "test card's, the same by the same; tracks, PIN blocks, MACs, chip data, times and numbers "
        "are made anew.\vA framing is len2, bcd2, ascii4 and so on, with +tpdu behind "
        "it if there is a TPDU (isot(5), frame); a dialect is what 'isotest fields' names. Without "
        "them an error "
        "tells what the port looks like.\n\nExit codes: 0 written (notes tell what was left out), "
        "1 what was recorded cannot be written, 2 usage, 3 no capture, nothing on the port, not so "
        "framed, or a table that is wrong, 5 I/O.",
        NULL,
        NULL,
        NULL};
    struct asked asked = {0};
    argp_err_exit_status = EXIT_CALLED_WRONG;
    if (argp_parse(&argp, argc, argv, 0, NULL, &asked) != 0) {
        return EXIT_CALLED_WRONG;
    }
    return record_run(&asked);
}
