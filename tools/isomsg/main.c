/* isomsg: look at ISO 8583 messages, and send one. */
#include <argp.h>
#include <stdlib.h>

#include "tools/duration.h"
#include "tools/exit_code.h"
#include "tools/isomsg/options.h"

const char *argp_program_version = "isomsg " SWITCH_VERSION;

/* To add a verb: a function in options.h and a row here. */
static const struct verb {
    const char *name;
    int (*run)(const struct options *options);
    int arg_count_max;
    bool needs_dialect;
} verbs[] = {
    {"view", view_run, 1, true},
    {"send", send_run, ISO_DE_MAX, true},
    {"fields", fields_run, 0, false},
};

enum {
    OPTION_FRAME = 'f',
    OPTION_DIALECT = 'd',
    OPTION_HEX = 'x',
    OPTION_CONNECT = 'c',
    OPTION_MTI = 'm',
    OPTION_TIMEOUT = 't',
    OPTION_JSON = 0x100,
    OPTION_UNMASK
};

static const struct argp_option argp_rows[] = {
    {"frame", OPTION_FRAME, "FRAME", 0, "framing (`isomsg fields` lists them; default none)", 0},
    {"dialect", OPTION_DIALECT, "DIALECT", 0, "dialect (`isomsg fields` lists them)", 0},
    {"hex", OPTION_HEX, "HEX", 0, "the bytes as hex digits, spaces allowed", 0},
    {"json", OPTION_JSON, NULL, 0, "print one JSON object a message", 0},
    {"unmask", OPTION_UNMASK, NULL, 0, "show card data", 0},
    {"connect", OPTION_CONNECT, "ADDRESS:PORT", 0, "send: the peer", 0},
    {"mti", OPTION_MTI, "MTI", 0, "send: the message type, like 0800", 0},
    {"timeout", OPTION_TIMEOUT, "DURATION", 0, "send: until the answer (default 10s)", 0},
    {0},
};

static void option_take(int key, char *arg, struct argp_state *state)
{
    static struct framing framing;
    struct options *options = state->input;
    switch (key) {
    case OPTION_FRAME:
        options->framing = &framing;
        if (framing_parse(span_text(arg), &framing) < 0) {
            argp_error(state, "there is no framing '%s'", arg);
        }
        break;
    case OPTION_DIALECT:
        options->dialect = dialect_find(arg);
        if (options->dialect == NULL) {
            argp_error(state, "there is no dialect '%s'", arg);
        }
        break;
    case OPTION_TIMEOUT:
        if (duration_parse(arg, &options->timeout_ms) < 0) {
            argp_error(state, "'%s' is not a duration (like 500ms, 10s, 5m)", arg);
        }
        break;
    case OPTION_HEX:
        options->hex = arg;
        break;
    case OPTION_CONNECT:
        options->connect = arg;
        break;
    case OPTION_MTI:
        options->mti = arg;
        break;
    case OPTION_JSON:
        options->json = true;
        break;
    default:
        options->unmask = true;
        break;
    }
}

static error_t on_argument(int key, char *arg, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case OPTION_FRAME:
    case OPTION_DIALECT:
    case OPTION_TIMEOUT:
    case OPTION_HEX:
    case OPTION_CONNECT:
    case OPTION_MTI:
    case OPTION_JSON:
    case OPTION_UNMASK:
        option_take(key, arg, state);
        return 0;
    case ARGP_KEY_ARGS: /* The first of them is the verb. */
        options->verb = state->argv[state->next];
        options->args = state->argv + state->next + 1;
        options->arg_count = state->argc - state->next - 1;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_usage(state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char **argv)
{
    static const struct argp argp = {
        argp_rows,
        on_argument,
        "view [FILE]\nsend [DE=VALUE...]\nfields",
        "Look at ISO 8583 messages: view a file, stdin or --hex; send one and view the answer; "
        "list "
        "a dialect's fields.\vCard data is masked unless --unmask is given.\n\nExit codes: 0 good, "
        "1 "
        "the message or answer is bad, 2 usage, 3 nothing to view, 4 no connection, 5 I/O, 6 "
        "timeout.",
        NULL,
        NULL,
        NULL};
    struct options options = {.framing = framing_find("none"), .timeout_ms = 10000};
    argp_err_exit_status = EXIT_CALLED_WRONG;
    if (argp_parse(&argp, argc, argv, 0, NULL, &options) != 0) {
        return EXIT_CALLED_WRONG;
    }
    for (size_t i = 0; i < ARRAY_COUNT(verbs); i++) {
        if (strcmp(options.verb, verbs[i].name) != 0) {
            continue;
        }
        if (options.arg_count > verbs[i].arg_count_max) {
            fprintf(stderr, "isomsg: too many arguments for %s\n", verbs[i].name);
            return EXIT_CALLED_WRONG;
        }
        if (verbs[i].needs_dialect && options.dialect == NULL) {
            fprintf(stderr, "isomsg: --dialect is needed; `isomsg fields` lists them\n");
            return EXIT_CALLED_WRONG;
        }
        return verbs[i].run(&options);
    }
    fprintf(stderr, "isomsg: there is no verb '%s' (view, send, fields)\n", options.verb);
    return EXIT_CALLED_WRONG;
}
