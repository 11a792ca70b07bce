/* isotest run: tests against a switch, an issuer, a terminal. */
#include "tools/isotest/run.h"

#include <argp.h>
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "tools/duration.h"
#include "tools/exit_code.h"
#include "tools/isotest/verb.h"

enum { TICK_MS = 50, SETTLE_MS_DEFAULT = 35000 };

enum {
    OPTION_TAGS = 't',
    OPTION_VAR = 'v',
    OPTION_JOBS = 'j',
    OPTION_KEEP_GOING = 'k',
    OPTION_DATA = 'd',
    OPTION_SOCKET = 's',
    OPTION_JUNIT = 0x100,
    OPTION_TAP,
    OPTION_JSON,
    OPTION_FROM,
    OPTION_SEED,
    OPTION_ALLOW_EXEC,
    OPTION_EXPLAIN,
    OPTION_TIMEOUT,
    OPTION_SETTLE,
    OPTION_KEEP_TMP,
    OPTION_NO_MONEY,
    OPTION_QUIET,
    OPTION_AT,
};

static const struct argp_option argp_rows[] = {
    {"tags", OPTION_TAGS, "TAG,!TAG", 0, "only tests with one of these tags (and none of those)",
     0},
    {"var", OPTION_VAR, "NAME=VALUE", 0, "a variable, stronger than the script's `set`", 0},
    {"jobs", OPTION_JOBS, "COUNT", 0,
     "files at once, a process each. Files that listen on the same address run one after the "
     "other in any case, as do the tests of a file; there is no money check then",
     0},
    {"keep-going", OPTION_KEEP_GOING, NULL, 0, "go on with a file's next test after one has failed",
     0},
    {"from", OPTION_FROM, "LINE", 0, "only the test that stands at this line", 0},
    {"seed", OPTION_SEED, "NUMBER", 0, "of rand() and random rows (default: drawn, and printed)",
     0},
    {"at", OPTION_AT, "seq.NAME=N|data.NAME=N", 0,
     "where seq(NAME), or the rows of data NAME, stand when the tests begin (a rerun says it)", 0},
    {"switch-socket", OPTION_SOCKET, "PATH", 0, "the switch's admin socket", 0},
    {"data", OPTION_DATA, "DIR", 0, "the switch's data directory, with admin.sock", 0},
    {"junit", OPTION_JUNIT, "FILE", 0, "results as JUnit XML", 0},
    {"tap", OPTION_TAP, NULL, 0, "results as TAP on stdout", 0},
    {"json", OPTION_JSON, "FILE", 0, "results as NDJSON (-: stdout)", 0},
    {"allow-exec", OPTION_ALLOW_EXEC, NULL, 0, "let `exec` run programs", 0},
    {"explain", OPTION_EXPLAIN, NULL, 0, "show each step of MACs, PIN blocks and cryptograms", 0},
    {"timeout", OPTION_TIMEOUT, "DURATION", 0, "of the whole run", 0},
    {"settle", OPTION_SETTLE, "DURATION", 0,
     "for issuers of the script to be connected to (default 35s)", 0},
    {"keep-tmp", OPTION_KEEP_TMP, NULL, 0, "leave {{tmp}} where it is", 0},
    {"no-money-check", OPTION_NO_MONEY, NULL, 0,
     "do not compare what terminals, issuers and switch hold", 0},
    {"quiet-children", OPTION_QUIET, NULL, OPTION_HIDDEN, NULL, 0},
    {0},
};

static uint64_t number_take(struct argp_state *state, const char *name, const char *text,
                            uint64_t least, uint64_t most)
{
    uint64_t number = 0;
    if (span_number(span_text(text), &number) < 0 || number < least || number > most) {
        argp_error(state, "--%s takes a number from %llu to %llu", name, (unsigned long long)least,
                   (unsigned long long)most);
    }
    return number;
}

static uint32_t duration_take(struct argp_state *state, const char *text)
{
    uint32_t ms = 0;
    if (duration_parse(text, &ms) < 0) {
        argp_error(state, "'%s' is not a duration (like 500ms, 10s, 5m)", text);
    }
    return ms;
}

/* Note an option for child processes, and for the line that says how to run a test again. */
static void pass_note(struct run_options *options, struct argp_state *state, const char *name,
                      const char *value)
{
    char *text = NULL;
    if (asprintf(&text, "--%s%s%s", name, value == NULL ? "" : "=", value == NULL ? "" : value) <
            0 ||
        options->pass_count == RUN_PASS_MAX) {
        argp_error(state, "too many options");
        return;
    }
    options->pass[options->pass_count++] = text;
    if (strcmp(name, "tags") != 0 && strcmp(name, "keep-going") != 0) {
        size_t len = strlen(options->rerun);
        (void)snprintf(options->rerun + len, sizeof options->rerun - len, " --%s%s", name,
                       value == NULL ? "" : " ");
        if (value != NULL) {
            shell_word(options->rerun, sizeof options->rerun, value);
        }
    }
}

static void socket_take(struct run_options *options, struct argp_state *state, const char *folder,
                        const char *name)
{
    int len = snprintf(options->socket, sizeof options->socket, "%s%s", folder, name);
    if (len < 0 || (size_t)len >= sizeof options->socket) {
        argp_error(state, "the path is too long");
    }
    options->has_socket = true;
}

/* Options that are no more than kept: those that take a value. */
static bool value_option(struct run_options *options, struct argp_state *state, int key, char *arg)
{
    switch (key) {
    case OPTION_TAGS:
        options->tags = arg;
        pass_note(options, state, "tags", arg);
        return true;
    case OPTION_VAR:
        if (strchr(arg, '=') == NULL || options->var_count == RUN_VARS_MAX) {
            argp_error(state, "--var takes NAME=VALUE, %d times at most", RUN_VARS_MAX);
        }
        options->vars[options->var_count++] = arg;
        pass_note(options, state, "var", arg);
        return true;
    case OPTION_AT:
        if (options->at_count == RUN_VARS_MAX) {
            argp_error(state, "--at comes %d times at most", RUN_VARS_MAX);
        }
        options->at[options->at_count++] = arg;
        return true;
    case OPTION_SOCKET:
        socket_take(options, state, arg, "");
        pass_note(options, state, "switch-socket", arg);
        return true;
    case OPTION_DATA:
        socket_take(options, state, arg, "/admin.sock");
        pass_note(options, state, "data", arg);
        return true;
    case OPTION_JOBS:
        options->jobs = (uint32_t)number_take(state, "jobs", arg, 1, 64);
        return true;
    case OPTION_FROM:
        options->from_line = (unsigned)number_take(state, "from", arg, 1, UINT32_MAX);
        return true;
    case OPTION_SEED:
        options->seed = number_take(state, "seed", arg, 0, INT64_MAX);
        return true;
    case OPTION_JUNIT:
        options->junit = arg;
        return true;
    case OPTION_JSON:
        options->json = arg;
        return true;
    case OPTION_TIMEOUT:
        options->timeout_ms = duration_take(state, arg);
        return true;
    case OPTION_SETTLE:
        options->settle_ms = duration_take(state, arg);
        pass_note(options, state, "settle", arg);
        return true;
    default:
        return false;
    }
}

static error_t on_argument(int key, char *arg, struct argp_state *state)
{
    struct run_options *options = state->input;
    if (arg != NULL && value_option(options, state, key, arg)) {
        return 0;
    }
    switch (key) {
    case OPTION_KEEP_GOING:
        options->keep_going = true;
        pass_note(options, state, "keep-going", NULL);
        return 0;
    case OPTION_TAP:
        options->tap = true;
        return 0;
    case OPTION_ALLOW_EXEC:
        options->allow_exec = true;
        pass_note(options, state, "allow-exec", NULL);
        return 0;
    case OPTION_EXPLAIN:
        options->explain = true;
        return 0;
    case OPTION_KEEP_TMP:
        options->keep_tmp = true;
        return 0;
    case OPTION_NO_MONEY:
        options->no_money = true;
        return 0;
    case OPTION_QUIET:
        options->is_child = true;
        return 0;
    case ARGP_KEY_ARGS:
        options->paths = state->argv + state->next;
        options->path_count = state->argc - state->next;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* --- what a run has --------------------------------------------------------------------------- */

/* Whether some script has a variable of the name that --var gives. */
static bool var_is_known[RUN_VARS_MAX];

static void vars_warn(const struct run_options *options)
{
    for (uint32_t i = 0; i < options->var_count && !options->is_child; i++) {
        if (!var_is_known[i]) {
            fprintf(stderr, "isotest: warning: --var %.*s: no script has such a variable\n",
                    (int)strcspn(options->vars[i], "="), options->vars[i]);
        }
    }
}

struct span run_variable(void *context, struct span name)
{
    const struct run *run = context;
    for (uint32_t i = run->options->var_count; i-- > 0;) {
        const char *var = run->options->vars[i];
        size_t len = strcspn(var, "=");
        if (span_equal(name, span_make(var, len))) {
            var_is_known[i] = true;
            return span_text(var + len + 1);
        }
    }
    if (span_equal_text(name, "seed")) {
        return span_text(run->seed_text);
    }
    return span_equal_text(name, "tmp") ? span_text(run->tmp) : SPAN_NONE;
}

bool run_is_over(const struct run *run)
{
    return run->stop_signal != 0 || run->timed_out;
}

static void on_signal(uv_signal_t *handle, int signal)
{
    struct run *run = handle->data;
    run->stop_signal = signal;
}

static void on_tick(uv_timer_t *timer)
{
    struct run *run = timer->data;
    run->timed_out =
        run->timed_out || (run->deadline_us != 0 && engine_now_us() >= run->deadline_us);
    report_tick(&run->report);
}

static int entry_remove(const char *path, const struct stat *stat, int kind, struct FTW *walk)
{
    (void)stat;
    (void)kind;
    (void)walk;
    return remove(path);
}

static bool tmp_make(struct run *run)
{
    const char *base = getenv("TMPDIR");
    (void)snprintf(run->tmp, sizeof run->tmp, "%s/isotest-XXXXXX", base == NULL ? "/tmp" : base);
    if (mkdtemp(run->tmp) == NULL) {
        fprintf(stderr, "isotest: %s: %s\n", run->tmp, strerror(errno));
        run->tmp[0] = '\0';
        return false;
    }
    return true;
}

static void tmp_remove(struct run *run)
{
    if (run->tmp[0] == '\0') {
        return;
    }
    if (run->options->keep_tmp) {
        fprintf(stderr, "kept: %s\n", run->tmp);
        return;
    }
    if (nftw(run->tmp, entry_remove, 16, FTW_DEPTH | FTW_PHYS) != 0) {
        fprintf(stderr, "isotest: %s: %s\n", run->tmp, strerror(errno));
    }
}

static bool wants_color(void)
{
    return isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL;
}

static int exit_code(const struct run *run)
{
    if (run->stop_signal != 0) {
        return 128 + run->stop_signal;
    }
    if (run->timed_out) {
        return EXIT_TIMEOUT;
    }
    if (run->script_wrong) {
        return EXIT_INPUT;
    }
    if (run->called_wrong) {
        return EXIT_CALLED_WRONG;
    }
    if (run->io_wrong) {
        return EXIT_IO;
    }
    if (report_is_connect_only(&run->report)) {
        return EXIT_CONNECT;
    }
    return report_failed(&run->report) > 0 || run->unbalanced ? EXIT_BAD : EXIT_GOOD;
}

static void loop_open(struct run *run)
{
    CHECK(uv_loop_init(&run->loop) == 0);
    CHECK(uv_timer_init(&run->loop, &run->tick) == 0);
    CHECK(uv_signal_init(&run->loop, &run->on_int) == 0);
    CHECK(uv_signal_init(&run->loop, &run->on_term) == 0);
    run->tick.data = run;
    run->on_int.data = run;
    run->on_term.data = run;
    CHECK(uv_timer_start(&run->tick, on_tick, TICK_MS, TICK_MS) == 0);
    CHECK(uv_signal_start(&run->on_int, on_signal, SIGINT) == 0);
    CHECK(uv_signal_start(&run->on_term, on_signal, SIGTERM) == 0);
}

static void loop_end(struct run *run)
{
    uv_close((uv_handle_t *)&run->tick, NULL);
    uv_close((uv_handle_t *)&run->on_int, NULL);
    uv_close((uv_handle_t *)&run->on_term, NULL);
    (void)uv_run(&run->loop, UV_RUN_DEFAULT);
    CHECK(uv_loop_close(&run->loop) == 0);
}

/* The files in turn, in this process. */
static void files_run(struct run *run, char *const *files, uint32_t count)
{
    loop_open(run);
    for (uint32_t i = 0; i < count && !run_is_over(run); i++) {
        run_file(run, files[i]);
    }
    loop_end(run);
}

static int run_all(const struct run_options *options)
{
    struct run run = {.options = options};
    struct report_options report = {.out = stdout,
                                    .color = wants_color(),
                                    .progress = isatty(STDERR_FILENO) != 0,
                                    .tap = options->tap,
                                    .junit = options->junit,
                                    .json = options->json,
                                    .socket = options->has_socket ? options->socket : NULL,
                                    .rerun = options->rerun,
                                    .seed = options->seed};
    char **files = NULL;
    uint32_t count = 0;
    if (files_find(options, &files, &count) < 0) {
        files_free(files, count);
        return EXIT_INPUT;
    }
    if (count > 1 && (options->from_line != 0 || options->at_count != 0)) {
        fprintf(stderr, "isotest: --from and --at speak of one file, and here are %u\n", count);
        files_free(files, count);
        return EXIT_CALLED_WRONG;
    }
    if (options->timeout_ms != 0) {
        run.deadline_us = engine_now_us() + (int64_t)options->timeout_ms * 1000;
    }
    (void)snprintf(run.seed_text, sizeof run.seed_text, "%llu", (unsigned long long)options->seed);
    report_open(&run.report, &report);
    int code = EXIT_IO;
    if (tmp_make(&run)) {
        if (options->jobs > 1 && count > 1 && files_are_apart(options, files, count)) {
            run_jobs(&run, files, count);
        } else {
            files_run(&run, files, count);
        }
        if (!run.script_wrong) {
            vars_warn(options);
        }
        if (run.report.count == 0 && !run.called_wrong && !run.script_wrong && !run.io_wrong &&
            !run_is_over(&run)) {
            run.called_wrong = true;
            if (!options->is_child) {
                fprintf(stderr, "isotest: there is no test to run%s%s\n",
                        options->tags == NULL ? "" : " with --tags ",
                        options->tags == NULL ? "" : options->tags);
            }
        }
        run.io_wrong = report_finish(&run.report, run_is_over(&run)) < 0 || run.io_wrong;
        code = exit_code(&run);
        tmp_remove(&run);
    }
    report_close(&run.report);
    files_free(files, count);
    return code;
}

int verb_run(int argc, char **argv)
{
    static const struct argp argp = {
        argp_rows,
        on_argument,
        "[FILE|FOLDER]...",
        "Run the tests of scripts (isot(5)); of a folder all *.isot below it (default: here).\v"
        "Exit codes: 0 all passed, 1 a test failed or the money differs, 2 usage, 3 a script is "
        "wrong, 4 a peer could not be connected to, 5 I/O, 6 --timeout, 130 and 143 interrupted.",
        NULL,
        NULL,
        NULL};
    static struct run_options options = {.jobs = 1, .settle_ms = SETTLE_MS_DEFAULT};
    argp_err_exit_status = EXIT_CALLED_WRONG;
    if (getrandom(&options.seed, sizeof options.seed, 0) != (ssize_t)sizeof options.seed) {
        options.seed = (uint64_t)getpid();
    }
    options.seed %= 1000000; /* to be typed */
    if (argp_parse(&argp, argc, argv, 0, NULL, &options) != 0) {
        return EXIT_CALLED_WRONG;
    }
    int code = run_all(&options);
    for (uint32_t i = 0; i < options.pass_count; i++) {
        free((void *)(uintptr_t)options.pass[i]);
    }
    return code;
}
