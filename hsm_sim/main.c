/* hsm-sim: the process around the engine. Listens, answers each framed request in one write, and
 * plays the faults that a tester asks for. Exit codes: 0 ok, 2 usage, 4 cannot listen. */
#include <argp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "hsm_sim/delay.h"
#include "hsm_sim/serve.h"
#include "iso8583/base/log.h"
#include "iso8583/net/listen.h"

enum {
    EXIT_USAGE = 2,
    EXIT_LISTEN = 4,
    CONNS_MAX = 64, /* as a device */
    IN_LEN = 16 * 1024,
    OUT_LEN = 256 * 1024,
    DELAY_MS_MAX = 600000,
};

struct options {
    const char *listen;
    const char *lmk_check;
    uint64_t header_len;
    uint64_t delay_ms;
    uint64_t jitter_pct;
    uint64_t seed;
    struct serve_fault fault;
    bool hang;
    bool log_commands;
};

struct sim {
    const struct options *options;
    uv_loop_t loop;
    uv_signal_t signals[2];
    struct conn_pool *pool;
    struct listener *listener;
    struct delay *delay; /* NULL: answers go out at once */
    struct serve serve;
};

/* Options ---------------------------------------------------------------------------------------*/

const char *argp_program_version = "hsm-sim " SWITCH_VERSION;

enum {
    OPT_LISTEN = 0x100,
    OPT_HEADER,
    OPT_DELAY,
    OPT_JITTER,
    OPT_FAIL,
    OPT_HANG,
    OPT_SEED,
    OPT_LMK_CHECK,
    OPT_LOG
};

static const struct argp_option option_rows[] = {
    {"listen", OPT_LISTEN, "ADDR:PORT", 0, "Listen here (default 127.0.0.1:1500)", 0},
    {"header-len", OPT_HEADER, "N", 0, "Bytes of message header (default 4)", 0},
    {"delay", OPT_DELAY, "MS", 0, "Hold every answer back for MS milliseconds", 0},
    {"jitter", OPT_JITTER, "PCT", 0, "Vary the delay by up to PCT percent", 0},
    {"fail", OPT_FAIL, "RATE:CODE", 0, "Answer a part with an error, e.g. 0.1%:24", 0},
    {"hang", OPT_HANG, NULL, 0, "Accept and read, but never answer", 0},
    {"seed", OPT_SEED, "N", 0, "Make faults, jitter and random fill repeatable", 0},
    {"lmk-check", OPT_LMK_CHECK, "16H", 0, "LMK check value that NC answers", 0},
    {"log-commands", OPT_LOG, NULL, 0, "Log code and error of every command", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static void number_option(const char *text, const char *name, uint64_t max,
                          const struct argp_state *state, uint64_t *out)
{
    if (span_number(span_text(text), out) < 0 || *out > max) {
        argp_error(state, "%s: not a number from 0 to %llu", name, (unsigned long long)max);
    }
}

static error_t option_parse(int key, char *arg, struct argp_state *state)
{
    struct options *options = state->input;
    uint8_t check[8];
    switch (key) {
    case OPT_LISTEN:
        options->listen = arg;
        break;
    case OPT_HEADER:
        number_option(arg, "--header-len", UINT8_MAX, state, &options->header_len);
        break;
    case OPT_DELAY:
        number_option(arg, "--delay", DELAY_MS_MAX, state, &options->delay_ms);
        break;
    case OPT_JITTER:
        number_option(arg, "--jitter", 100, state, &options->jitter_pct);
        break;
    case OPT_FAIL:
        if (serve_fault_parse(arg, &options->fault) < 0) {
            argp_error(state, "--fail: not RATE%%:CODE, e.g. 0.1%%:24");
        }
        break;
    case OPT_HANG:
        options->hang = true;
        break;
    case OPT_SEED:
        number_option(arg, "--seed", UINT64_MAX, state, &options->seed);
        break;
    case OPT_LMK_CHECK:
        if (strlen(arg) != 2 * sizeof check || hex_decode(span_text(arg), check) < 0) {
            argp_error(state, "--lmk-check: not 16 hex digits");
        }
        options->lmk_check = arg;
        break;
    case OPT_LOG:
        options->log_commands = true;
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp parser = {
    option_rows,
    option_parse,
    NULL,
    "An HSM that speaks the payShield host protocol under the published test LMK. For tests only: "
    "its keys protect nothing.",
    NULL,
    NULL,
    NULL,
};

/* Sockets ---------------------------------------------------------------------------------------*/

static void answer_send(void *user, conn_id conn, struct span answer)
{
    struct sim *sim = user;
    if (conn_send(sim->pool, conn, SPAN_NONE, answer) == ERR_FULL) {
        conn_close(sim->pool, conn, false); /* It asks without reading. */
    }
}

static void on_message(void *user, conn_id conn, struct span tpdu, struct span message)
{
    struct sim *sim = user;
    uint8_t buffer[HSM_MESSAGE_LEN_MAX + 64];
    struct writer out = writer_make(buffer, sizeof buffer);
    (void)tpdu;
    if (sim->options->hang || !serve_message(&sim->serve, message, &out)) {
        return;
    }
    if (sim->delay == NULL) {
        answer_send(sim, conn, writer_written(&out));
        return;
    }
    uint64_t wait_ms = sim->options->delay_ms;
    uint64_t spread = wait_ms * sim->options->jitter_pct / 100;
    wait_ms = wait_ms - spread + serve_random(&sim->serve, 2 * spread + 1);
    if (delay_add(sim->delay, conn, writer_written(&out), wait_ms) < 0) {
        sim->serve.dropped++; /* A device that is overloaded stays silent. */
    }
}

static void on_signal(uv_signal_t *signal, int number)
{
    struct sim *sim = signal->data;
    (void)number;
    for (size_t i = 0; i < ARRAY_COUNT(sim->signals); i++) {
        uv_close((uv_handle_t *)&sim->signals[i], NULL);
    }
    if (sim->delay != NULL) {
        delay_close(sim->delay);
    }
    listener_close(sim->listener);
    conn_pool_shutdown(sim->pool);
}

static void signals_open(struct sim *sim)
{
    static const int numbers[] = {SIGTERM, SIGINT};
    for (size_t i = 0; i < ARRAY_COUNT(sim->signals); i++) {
        CHECK(uv_signal_init(&sim->loop, &sim->signals[i]) == 0);
        sim->signals[i].data = sim;
        CHECK(uv_signal_start(&sim->signals[i], on_signal, numbers[i]) == 0);
    }
    (void)signal(SIGPIPE, SIG_IGN);
}

/* Listen and serve until a signal. Returns the exit code. */
static int run(struct sim *sim)
{
    static const struct conn_limits limits = {
        .count_max = CONNS_MAX, .in_len = IN_LEN, .out_len = OUT_LEN};
    static const struct conn_events events = {.on_message = on_message};
    const struct endpoint endpoint = {
        .framing = framing_find("len2"), .events = &events, .user = sim};
    int uv_error = 0;
    CHECK(uv_loop_init(&sim->loop) == 0);
    sim->pool = conn_pool_new(&sim->loop, &limits);
    CHECK(sim->pool != NULL);
    int status = listener_open(sim->pool, sim->options->listen, CONNS_MAX, &endpoint,
                               &sim->listener, &uv_error);
    if (status < 0) {
        (void)fprintf(stderr, "hsm-sim: cannot listen on %s: %s\n", sim->options->listen,
                      status == ERR_IO ? uv_strerror(uv_error) : err_text(status));
        conn_pool_shutdown(sim->pool);
    } else {
        if (sim->options->delay_ms > 0) {
            sim->delay = delay_open(&sim->loop, answer_send, sim);
            CHECK(sim->delay != NULL);
        }
        signals_open(sim);
        const char *colon = strrchr(sim->options->listen, ':');
        (void)fprintf(stderr, "hsm-sim listening on %.*s:%d\n", (int)(colon - sim->options->listen),
                      sim->options->listen, listener_port(sim->listener));
    }
    (void)uv_run(&sim->loop, UV_RUN_DEFAULT);
    conn_pool_free(sim->pool);
    CHECK(uv_loop_close(&sim->loop) == 0);
    return status == 0 ? 0 : status == ERR_USAGE ? EXIT_USAGE : EXIT_LISTEN;
}

/* Whoever reads the log may be slow; answers are not held up for it, a line is lost instead. (A
 * pipe that polls writable takes PIPE_BUF bytes, which is more than a line.) */
static void log_write(void *context, struct span line)
{
    struct pollfd out = {STDERR_FILENO, POLLOUT, 0};
    (void)context;
    if (poll(&out, 1, 0) == 1 && write(STDERR_FILENO, line.ptr, line.len) < 0) {
        return; /* Nobody is left to be told. */
    }
}

int main(int argc, char **argv)
{
    /* Keys stay in this process: no core, no reading by another one of the same user. */
    static const struct rlimit no_core = {0, 0};
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    (void)setrlimit(RLIMIT_CORE, &no_core);

    struct hsm_settings settings = HSM_SETTINGS_DEFAULT;
    struct options options = {.listen = "127.0.0.1:1500", .lmk_check = settings.lmk_check};
    options.header_len = HSM_HEADER_LEN_DEFAULT;
    argp_err_exit_status = EXIT_USAGE;
    (void)argp_parse(&parser, argc, argv, 0, NULL, &options);
    log_setup(LOG_INFO, false, log_write, NULL);

    static struct sim sim;
    settings.seed = options.seed;
    settings.lmk_check = options.lmk_check;
    struct hsm_engine *engine = hsm_engine_open(&settings);
    CHECK(engine != NULL);
    serve_init(&sim.serve, engine, options.seed);
    sim.options = &options;
    sim.serve.header_len = (size_t)options.header_len;
    sim.serve.fault = options.fault;
    sim.serve.log_commands = options.log_commands;
    int code = run(&sim);
    if (code == 0) {
        serve_log_counters(&sim.serve);
    }
    hsm_engine_close(engine);
    return code;
}
