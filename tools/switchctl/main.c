/* switchctl: ask the running switch, and tell it what to do, over its admin socket. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "iso8583/base/bytes.h"
#include "tools/duration.h"
#include "tools/exit_code.h"
#include "tools/switchctl/client.h"
#include "tools/switchctl/verb.h"

const char *argp_program_version = "switchctl " SWITCH_VERSION;

enum { SOCKET_LEN_MAX = 256, LAST_MAX = 1000 };
enum {
    OPTION_SOCKET = 's',
    OPTION_DATA = 'd',
    OPTION_YES = 'y',
    OPTION_LAST = 'n',
    OPTION_JSON = 0x100,
    OPTION_TIMEOUT,
    OPTION_TERMINAL,
    OPTION_STAN,
    OPTION_RRN,
    OPTION_DAY,
    OPTION_LIMIT,
    OPTION_FORCE,
    OPTION_AFTER
};

static const struct argp_option argp_rows[] = {
    {"socket", OPTION_SOCKET, "PATH", 0, "the daemon's admin socket", 0},
    {"data", OPTION_DATA, "DIR", 0, "the daemon's data directory, with admin.sock (default data)",
     0},
    {"json", OPTION_JSON, NULL, 0, "print the answer as it came", 0},
    {"timeout", OPTION_TIMEOUT, "DURATION", 0, "until the answer (default 10s)", 0},
    {"yes", OPTION_YES, NULL, 0, "do not ask before a dangerous verb", 0},
    {"terminal", OPTION_TERMINAL, "ID", 0, "tx show: with --stan or --rrn", 0},
    {"stan", OPTION_STAN, "STAN", 0, "tx show: with --terminal", 0},
    {"rrn", OPTION_RRN, "RRN", 0, "tx show: the retrieval reference number", 0},
    {"last", OPTION_LAST, "COUNT", 0, "tx list: how many (default 20)", 0},
    {"limit", OPTION_LIMIT, "COUNT", 0, "saf list: how many a page (default 100)", 0},
    {"after", OPTION_AFTER, "NEXT", 0, "saf list: the page behind this one", 0},
    {"force", OPTION_FORCE, NULL, 0, "day cutover: also to a day more than a week ahead", 0},
    {"day", OPTION_DAY, "YYYY-MM-DD", 0, "day verbs: which day", 0},
    {0},
};

struct call {
    char socket[SOCKET_LEN_MAX];
    struct verb_options options;
    uint32_t timeout_ms;
    char **words;
    int word_count;
    bool json;
    bool yes;
};

static void path_take(struct argp_state *state, const char *folder, const char *name)
{
    struct call *call = state->input;
    int len = snprintf(call->socket, sizeof call->socket, "%s%s", folder, name);
    if (len < 0 || (size_t)len >= sizeof call->socket) {
        argp_error(state, "the path is too long");
    }
}

static uint32_t count_parse(struct argp_state *state, const char *option, const char *arg)
{
    uint64_t last = 0;
    if (span_number(span_text(arg), &last) < 0 || last == 0 || last > LAST_MAX) {
        argp_error(state, "--%s takes a number from 1 to %d", option, LAST_MAX);
    }
    return (uint32_t)last;
}

static error_t on_argument(int key, char *arg, struct argp_state *state)
{
    struct call *call = state->input;
    switch (key) {
    case OPTION_SOCKET:
        path_take(state, arg, "");
        return 0;
    case OPTION_DATA:
        path_take(state, arg, "/admin.sock");
        return 0;
    case OPTION_TIMEOUT:
        if (duration_parse(arg, &call->timeout_ms) < 0) {
            argp_error(state, "'%s' is not a duration (like 500ms, 10s, 5m)", arg);
        }
        return 0;
    case OPTION_LAST:
        call->options.last = count_parse(state, "last", arg);
        return 0;
    case OPTION_LIMIT:
        call->options.limit = count_parse(state, "limit", arg);
        return 0;
    case OPTION_AFTER:
        call->options.after = arg;
        return 0;
    case OPTION_JSON:
        call->json = true;
        return 0;
    case OPTION_YES:
        call->yes = true;
        return 0;
    case OPTION_TERMINAL:
        call->options.terminal = arg;
        return 0;
    case OPTION_STAN:
        call->options.stan = arg;
        return 0;
    case OPTION_RRN:
        call->options.rrn = arg;
        return 0;
    case OPTION_FORCE:
        call->options.force = true;
        return 0;
    case OPTION_DAY:
        call->options.day = arg;
        return 0;
    case ARGP_KEY_ARGS:
        call->words = state->argv + state->next;
        call->word_count = state->argc - state->next;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_usage(state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The list of verbs below the options of --help. */
static char *help_filter(int key, const char *text, void *input)
{
    (void)input;
    if (key != ARGP_KEY_HELP_POST_DOC) {
        return (char *)(uintptr_t)text;
    }
    char *out = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&out, &size);
    if (file == NULL) {
        return NULL;
    }
    fputs("Verbs:\n", file);
    for (size_t i = 0; verb_at(i) != NULL; i++) {
        const struct verb *verb = verb_at(i);
        char words[48];
        (void)snprintf(words, sizeof words, "%s%s%s%s%s", verb->first,
                       verb->second == NULL ? "" : " ", verb->second == NULL ? "" : verb->second,
                       verb->arg == NULL ? "" : " ", verb->arg == NULL ? "" : verb->arg);
        fprintf(file, "  %-20s %s\n", words, verb->help);
    }
    fputs("\nExit codes: 0 good, 1 refused or bad news (a link down), 2 usage, 4 no daemon, 6 "
          "timeout.\n",
          file);
    return fclose(file) == 0 ? out : NULL;
}

/* Ask whoever sits there. True: go on. */
static bool is_confirmed(const struct verb *verb, bool yes)
{
    if (verb->warning == NULL || yes) {
        return true;
    }
    if (!isatty(STDIN_FILENO)) {
        fprintf(stderr, "switchctl: this would %s: say --yes\n", verb->warning);
        return false;
    }
    char line[8] = "";
    fprintf(stderr, "This will %s. Go on? [y/N] ", verb->warning);
    return fgets(line, sizeof line, stdin) != NULL && (line[0] == 'y' || line[0] == 'Y');
}

/* Say why nothing was answered; the exit code. */
static int ask_failed(const struct call *call, int err)
{
    if (err == ERR_NOT_FOUND) {
        fprintf(stderr, "switchctl: no answer within %u ms\n", call->timeout_ms);
        return EXIT_TIMEOUT;
    }
    if (err == ERR_CONNECT) {
        fprintf(stderr, "switchctl: %s: %s\n", call->socket, strerror(errno));
        return EXIT_CONNECT;
    }
    fprintf(stderr, "switchctl: %s: %s\n", call->socket, err_text(err));
    return err == ERR_CLOSED ? EXIT_CONNECT : EXIT_IO;
}

static int answer_show(const struct call *call, const struct verb *verb, const json_t *answer)
{
    bool is_ok = json_is_true(json_object_get(answer, "ok"));
    if (call->json) {
        (void)json_dumpf(answer, stdout, JSON_COMPACT);
        printf("\n");
        return is_ok ? EXIT_GOOD : EXIT_BAD;
    }
    if (!is_ok) {
        const char *error = json_string_value(json_object_get(answer, "error"));
        fprintf(stderr, "switchctl: %s\n", error == NULL ? "refused" : error);
        return EXIT_BAD;
    }
    return verb->print(answer);
}

static int verb_run(const struct call *call, const struct verb *verb, const char *arg)
{
    json_t *request = json_pack("{s:s}", "cmd", verb->cmd);
    const char *wrong = verb->build(request, arg, &call->options);
    if (wrong != NULL) {
        fprintf(stderr, "switchctl: %s\n", wrong);
        json_decref(request);
        return EXIT_CALLED_WRONG;
    }
    json_t *answer = NULL;
    int err = client_ask(call->socket, request, call->timeout_ms, &answer);
    json_decref(request);
    if (err < 0) {
        return ask_failed(call, err);
    }
    int code = answer_show(call, verb, answer);
    json_decref(answer);
    return code;
}

int main(int argc, char **argv)
{
    static const struct argp argp = {
        argp_rows, on_argument, "VERB [ARG]", "Ask the running switch, and tell it what to do.\v",
        NULL,      help_filter, NULL};
    struct call call = {.socket = "data/admin.sock", .timeout_ms = 10000};
    argp_err_exit_status = EXIT_CALLED_WRONG;
    if (argp_parse(&argp, argc, argv, 0, NULL, &call) != 0) {
        return EXIT_CALLED_WRONG;
    }
    int used = 0;
    const struct verb *verb = verb_find(call.words, call.word_count, &used);
    if (verb == NULL) {
        fprintf(stderr, "switchctl: there is no such verb, see switchctl --help\n");
        return EXIT_CALLED_WRONG;
    }
    int left = call.word_count - used;
    bool is_optional = verb->arg != NULL && verb->arg[0] == '[';
    if (left > (verb->arg != NULL) || (left == 0 && verb->arg != NULL && !is_optional)) {
        fprintf(stderr, "switchctl: %s%s%s takes %s\n", verb->first,
                verb->second == NULL ? "" : " ", verb->second == NULL ? "" : verb->second,
                verb->arg == NULL ? "no argument" : verb->arg);
        return EXIT_CALLED_WRONG;
    }
    if (!is_confirmed(verb, call.yes)) {
        return EXIT_CALLED_WRONG;
    }
    return verb_run(&call, verb, left > 0 ? call.words[used] : NULL);
}
