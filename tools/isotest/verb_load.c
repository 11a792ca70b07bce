/* isotest load: its options. */
#include <argp.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "tools/duration.h"
#include "tools/exit_code.h"
#include "tools/isotest/load.h"
#include "tools/isotest/verb.h"

enum {
    RATE_MAX = 10000000,
    COUNT_MAX = 100000,
    DURATION_MS_DEFAULT = 10000,
    SETTLE_MS_DEFAULT = 35000,
};

enum {
    OPTION_RATE = 'r',
    OPTION_DURATION = 't',
    OPTION_VAR = 'v',
    OPTION_DATA = 'd',
    OPTION_SOCKET = 's',
    OPTION_OUT = 'o',
    OPTION_MAX = 0x100,
    OPTION_CLOSED,
    OPTION_POISSON,
    OPTION_RAMP,
    OPTION_WARMUP,
    OPTION_TERMINALS,
    OPTION_WINDOW,
    OPTION_THRESHOLD,
    OPTION_HGRM,
    OPTION_NO_SCREEN,
    OPTION_SEED,
    OPTION_SETTLE,
    OPTION_NO_MONEY,
};

static const struct argp_option argp_rows[] = {
    {NULL, 0, NULL, 0, "How many:", 1},
    {"rate", OPTION_RATE, "N/s", 0,
     "open model: so many transactions are due a second, whatever the answers do", 1},
    {"poisson", OPTION_POISSON, NULL, 0, "at random around that rate, not evenly spaced", 1},
    {"closed", OPTION_CLOSED, NULL, 0,
     "closed model: each terminal begins its next when one of its own has ended", 1},
    {"max", OPTION_MAX, NULL, 0, "the same, pipelined: as fast as it goes", 1},
    {"terminals", OPTION_TERMINALS, "N", 0, "so many terminals, with a connection each", 1},
    {"window", OPTION_WINDOW, "N", 0,
     "transactions that a terminal may have under way (default: 64 over all terminals, at least "
     "one each; with --closed one each)",
     1},
    {NULL, 0, NULL, 0, "How long:", 2},
    {"ramp", OPTION_RAMP, "DURATION", 0, "grow from 0 to the full load first", 2},
    {"warmup", OPTION_WARMUP, "DURATION", 0, "then leave this time out of the figures", 2},
    {"duration", OPTION_DURATION, "DURATION", 0, "then measure (default 10s)", 2},
    {"settle", OPTION_SETTLE, "DURATION", 0,
     "for issuers of the script to be connected to, before the clock runs (default 35s)", 2},
    {NULL, 0, NULL, 0, "What is told:", 3},
    {"threshold", OPTION_THRESHOLD, "FIGURE<LIMIT", 0,
     "p50 p90 p99 p99.9 max (latency), failed (of the transactions) or rate, like p99<100ms, "
     "failed<0.1%, rate>=2000/s; exit 1 if one is missed",
     3},
    {"hgrm", OPTION_HGRM, "FILE", 0, "the latencies as an HdrHistogram percentile file (ms)", 3},
    {"out", OPTION_OUT, "FILE", 0, "a record a second as NDJSON", 3},
    {"no-screen", OPTION_NO_SCREEN, NULL, 0, "a line every 5 s although stderr is a terminal", 3},
    {"no-money-check", OPTION_NO_MONEY, NULL, 0,
     "do not compare what terminals, issuers and switch hold", 3},
    {NULL, 0, NULL, 0, "What it runs with:", 4},
    {"var", OPTION_VAR, "NAME=VALUE", 0, "a variable, stronger than the script's `set`", 4},
    {"seed", OPTION_SEED, "NUMBER", 0, "of rand(), random rows and --poisson (default: drawn)", 4},
    {"switch-socket", OPTION_SOCKET, "PATH", 0, "the switch's admin socket", 4},
    {"data", OPTION_DATA, "DIR", 0, "the switch's data directory, with admin.sock", 4},
    {0},
};

static uint32_t number_take(struct argp_state *state, const char *name, struct span text,
                            uint64_t least, uint64_t most)
{
    uint64_t number = 0;
    if (span_number(text, &number) < 0 || number < least || number > most) {
        argp_error(state, "--%s takes a number from %llu to %llu", name, (unsigned long long)least,
                   (unsigned long long)most);
    }
    return (uint32_t)number;
}

static uint32_t duration_take(struct argp_state *state, const char *text)
{
    uint32_t ms = 0;
    if (duration_parse(text, &ms) < 0) {
        argp_error(state, "'%s' is not a duration (like 500ms, 10s, 5m)", text);
    }
    return ms;
}

static void socket_take(struct load_options *options, struct argp_state *state, const char *folder,
                        const char *name)
{
    int len = snprintf(options->socket, sizeof options->socket, "%s%s", folder, name);
    if (len < 0 || (size_t)len >= sizeof options->socket) {
        argp_error(state, "the path is too long");
    }
    options->has_socket = true;
}

/* "2000/s" or "2000". */
static void rate_take(struct load_options *options, struct argp_state *state, const char *text)
{
    size_t digits = strspn(text, "0123456789");
    if (text[digits] != '\0' && strcmp(text + digits, "/s") != 0) {
        argp_error(state, "--rate takes a rate like 2000/s");
    }
    options->per_s = number_take(state, "rate", span_make(text, digits), 1, RATE_MAX);
}

static void threshold_take(struct load_options *options, struct argp_state *state, const char *text)
{
    const char *why = "";
    if (options->threshold_count == THRESHOLDS_MAX) {
        argp_error(state, "--threshold is taken %d times at most", THRESHOLDS_MAX);
    }
    if (threshold_parse(text, &options->thresholds[options->threshold_count], &why) < 0) {
        argp_error(state, "--threshold '%s': %s", text, why);
    }
    options->threshold_count++;
}

/* Options with a value. */
static bool value_option(struct load_options *options, struct argp_state *state, int key, char *arg)
{
    struct span text = span_text(arg);
    switch (key) {
    case OPTION_RATE:
        rate_take(options, state, arg);
        return true;
    case OPTION_TERMINALS:
        options->terminals = number_take(state, "terminals", text, 1, SCRIPT_RANGE_MAX);
        return true;
    case OPTION_WINDOW:
        options->window = number_take(state, "window", text, 1, COUNT_MAX);
        return true;
    case OPTION_RAMP:
        options->ramp_ms = duration_take(state, arg);
        return true;
    case OPTION_WARMUP:
        options->warmup_ms = duration_take(state, arg);
        return true;
    case OPTION_DURATION:
        options->duration_ms = duration_take(state, arg);
        return true;
    case OPTION_SETTLE:
        options->settle_ms = duration_take(state, arg);
        return true;
    case OPTION_THRESHOLD:
        threshold_take(options, state, arg);
        return true;
    case OPTION_HGRM:
        options->hgrm = arg;
        return true;
    case OPTION_OUT:
        options->out = arg;
        return true;
    case OPTION_VAR:
        if (strchr(arg, '=') == NULL || options->var_count == LOAD_VARS_MAX) {
            argp_error(state, "--var takes NAME=VALUE, %d times at most", LOAD_VARS_MAX);
        }
        options->vars[options->var_count++] = arg;
        return true;
    case OPTION_SEED:
        options->seed = number_take(state, "seed", text, 0, UINT32_MAX);
        return true;
    case OPTION_SOCKET:
        socket_take(options, state, arg, "");
        return true;
    case OPTION_DATA:
        socket_take(options, state, arg, "/admin.sock");
        return true;
    default:
        return false;
    }
}

static bool models[2]; /* --closed, --max */

static error_t on_argument(int key, char *arg, struct argp_state *state)
{
    struct load_options *options = state->input;
    if (key != ARGP_KEY_ARG && arg != NULL && value_option(options, state, key, arg)) {
        return 0;
    }
    switch (key) {
    case OPTION_CLOSED:
        models[0] = true;
        return 0;
    case OPTION_MAX:
        models[1] = true;
        return 0;
    case OPTION_POISSON:
        options->is_poisson = true;
        return 0;
    case OPTION_NO_SCREEN:
        options->no_screen = true;
        return 0;
    case OPTION_NO_MONEY:
        options->no_money = true;
        return 0;
    case ARGP_KEY_ARG:
        if (options->path != NULL) {
            argp_error(state, "one script at a time");
        }
        options->path = arg;
        return 0;
    case ARGP_KEY_END:
        if (options->path == NULL) {
            argp_error(state, "which script?");
        }
        if ((options->per_s != 0) + models[0] + models[1] != 1) {
            argp_error(state, "one of --rate, --closed and --max says how many");
        }
        if (options->is_poisson && options->per_s == 0) {
            argp_error(state, "--poisson goes with --rate");
        }
        if (options->duration_ms == 0) {
            argp_error(state, "--duration is above 0");
        }
        options->is_closed = models[0];
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int verb_load(int argc, char **argv)
{
    static const struct argp argp = {
        argp_rows,
        on_argument,
        "FILE",
        "Run the tests of a script (isot(5)) as load: each test is a transaction, and `weight N` "
        "behind its tags is its share of the mix.\v"
        "On a terminal a screen shows how it goes; ? tells its keys. Exit codes: 0 done, 1 a "
        "threshold was missed, the money differs, nothing passed, or a transaction failed and no "
        "threshold of `failed` allows it, 2 usage, 3 the script is "
        "wrong, 4 nobody could be connected to, 5 I/O, 130 and 143 interrupted (after the report).",
        NULL,
        NULL,
        NULL};
    static struct load_options options = {.duration_ms = DURATION_MS_DEFAULT,
                                          .settle_ms = SETTLE_MS_DEFAULT};
    argp_err_exit_status = EXIT_CALLED_WRONG;
    if (getrandom(&options.seed, sizeof options.seed, 0) != (ssize_t)sizeof options.seed) {
        options.seed = (uint64_t)getpid();
    }
    options.seed %= 1000000; /* to be typed */
    if (argp_parse(&argp, argc, argv, 0, NULL, &options) != 0) {
        return EXIT_CALLED_WRONG;
    }
    return load_run(&options);
}
