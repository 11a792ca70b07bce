#include "tools/isomsg/options.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/duration.h"
#include "tools/exit_code.h"
#include "tools/isomsg/dialect_name.h"
#include "tools/isomsg/redact.h"

enum { OPTIONS_MAX = 24, KEY_LONG = 0x100 };

/* To add an option: a member of struct options, a row here, its case in option_take(), and its
 * letter in the rows of the verbs that take it (main.c). A capital letter has no short form. */
static const struct argp_option option_rows[] = {
    {"frame", 'f', "FRAME", 0, "framing (`isomsg fields` lists them; default none)", 0},
    {"dialect", 'd', "DIALECT", 0, "dialect: a name, or a file (`isomsg fields` lists them)", 0},
    {"frame-second", 'F', "FRAME", 0, "framing of the second (default: as the first)", 0},
    {"dialect-second", 'D', "DIALECT", 0, "dialect of the second (default: as the first)", 0},
    {"hex", 'x', "HEX", 0, "the bytes as hex digits, spaces allowed", 0},
    {"json", 'j', NULL, 0, "print JSON, one object a line", 0},
    {"unmask", 'U', NULL, 0, "show card data", 0},
    {"port", 'P', "PORT", 0, "of a capture: only the connections to this TCP port", 0},
    {"connect", 'c', "ADDRESS:PORT", 0, "the peer", 0},
    {"mti", 'm', "MTI", 0, "the message type, like 0800", 0},
    {"from", 'r', "FILE", 0, "read the message from JSON, as `isomsg view` prints it (-: stdin)",
     0},
    {"tpdu", 'T', "HEX", 0, "the TPDU to answer with (default 60 and zeros)", 0},
    {"timeout", 't', "DURATION", 0, "until the answer (default 10s)", 0},
    {"output", 'o', "FILE", 0, "write to FILE (default stdout)", 0},
    {"binary", 'b', NULL, 0, "write bytes, not hex", 0},
    {"ignore", 'i', "DE,...", 0, "do not compare these elements", 0},
    {"with", 'w', "stars|cards", 0, "what stands for card data", 0},
    {"text", 'X', NULL, 0, "the input is a text (the default without --dialect)", 0},
    {"all", 'a', NULL, 0, "show all, not only the first or what differs", 0},
};

static int key_of(char letter)
{
    return letter >= 'A' && letter <= 'Z' ? KEY_LONG + letter : letter;
}

static void framing_take(const char *arg, struct argp_state *state, struct framing *room,
                         const struct framing **out)
{
    if (framing_parse(span_text(arg), room) < 0) {
        argp_error(state, "there is no framing '%s'; `isomsg fields` lists them", text_told(arg));
    }
    *out = room;
}

static void dialect_take(const char *arg, const struct iso_dialect **out)
{
    *out = dialect_spelled(arg);
    if (*out == NULL) {
        exit(dialect_is_file(arg) ? EXIT_INPUT : EXIT_CALLED_WRONG);
    }
}

static void hex_take(const char *arg, struct argp_state *state, struct options *options)
{
    if (options->hex_count == OPTION_HEX_MAX) {
        argp_error(state, "--hex is given too often");
        return;
    }
    options->hex[options->hex_count++] = arg;
}

/* The options that only name something or are only there. */
static void option_note(int key, const char *arg, struct options *options)
{
    const char **texts[] = {
        ['c'] = &options->connect, ['m'] = &options->mti,    ['r'] = &options->from,
        ['o'] = &options->output,  ['i'] = &options->ignore, ['w'] = &options->with};
    bool *flags[] = {['j'] = &options->json,
                     ['U'] = &options->unmask,
                     ['b'] = &options->binary,
                     ['X'] = &options->text,
                     ['a'] = &options->all};
    size_t letter = (size_t)(key > KEY_LONG ? key - KEY_LONG : key);
    if (letter < ARRAY_COUNT(texts) && texts[letter] != NULL) {
        *texts[letter] = arg;
    } else if (key == KEY_LONG + 'T') {
        options->tpdu = arg;
    } else if (letter < ARRAY_COUNT(flags) && flags[letter] != NULL) {
        *flags[letter] = true;
    }
}

static void option_take(int key, const char *arg, struct argp_state *state)
{
    static struct framing framings[2];
    struct options *options = state->input;
    uint64_t number = 0;
    switch (key) {
    case 'f':
        framing_take(arg, state, &framings[0], &options->framing);
        break;
    case KEY_LONG + 'F':
        framing_take(arg, state, &framings[1], &options->framing_second);
        break;
    case 'd':
        dialect_take(arg, &options->dialect);
        break;
    case KEY_LONG + 'D':
        dialect_take(arg, &options->dialect_second);
        break;
    case 'x':
        hex_take(arg, state, options);
        break;
    case 't':
        if (duration_parse(arg, &options->timeout_ms) < 0) {
            argp_error(state, "'%s' is not a duration (like 500ms, 10s, 5m)", text_told(arg));
        }
        break;
    case KEY_LONG + 'P':
        if (span_number(span_text(arg), &number) < 0 || number == 0 || number > UINT16_MAX) {
            argp_error(state, "'%s' is not a port", text_told(arg));
        }
        options->port = (uint16_t)number;
        break;
    default:
        option_note(key, arg, options);
        break;
    }
}

static error_t on_argument(int key, char *arg, struct argp_state *state)
{
    struct options *options = state->input;
    if (key == ARGP_KEY_ARGS) {
        options->args = state->argv + state->next;
        options->arg_count = state->argc - state->next;
        return 0;
    }
    for (size_t i = 0; i < ARRAY_COUNT(option_rows); i++) {
        if (key == key_of((char)option_rows[i].key)) {
            option_take(key, arg, state);
            return 0;
        }
    }
    return key == ARGP_KEY_END || key == ARGP_KEY_NO_ARGS ? 0 : ARGP_ERR_UNKNOWN;
}

void options_parse(const struct verb *verb, int argc, char **argv, struct options *options)
{
    struct argp_option rows[OPTIONS_MAX] = {0};
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_COUNT(option_rows); i++) {
        if (strchr(verb->letters, option_rows[i].key) != NULL) {
            rows[count] = option_rows[i];
            rows[count++].key = key_of((char)option_rows[i].key);
        }
    }
    const struct argp argp = {rows, on_argument, verb->args, verb->about, NULL, NULL, NULL};
    char name[64];
    (void)snprintf(name, sizeof name, "isomsg %s", verb->name);
    argv[0] = name;
    if (argp_parse(&argp, argc, argv, 0, NULL, options) != 0) {
        exit(EXIT_CALLED_WRONG);
    }
    options->verb = verb->name;
    const char *fault = options->arg_count > verb->arg_count_max   ? "too many arguments for"
                        : options->arg_count < verb->arg_count_min ? "an argument is missing for"
                                                                   : NULL;
    if (fault != NULL) {
        fprintf(stderr, "isomsg: %s %s; see isomsg %s --help\n", fault, verb->name, verb->name);
        exit(EXIT_CALLED_WRONG);
    }
    if (verb->needs_dialect && options->dialect == NULL) {
        fprintf(stderr, "isomsg: --dialect is needed; `isomsg fields` lists them, `isomsg doctor` "
                        "finds it\n");
        exit(EXIT_CALLED_WRONG);
    }
    if (options->framing_second == NULL) {
        options->framing_second = options->framing;
    }
    if (options->dialect_second == NULL) {
        options->dialect_second = options->dialect;
    }
}

void unmask_warn(const struct options *options)
{
    if (options->unmask) {
        fprintf(stderr, "isomsg: --unmask: card data is shown; keep it where it may be kept\n");
    }
}
