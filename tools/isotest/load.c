/* A load run from its options to its exit code: connect, let it run, compare the money, report. */
#include "tools/isotest/load.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tools/exit_code.h"
#include "tools/isotest/conceal.h"
#include "tools/isotest/screen.h"

enum {
    UNDER_WAY_DEFAULT = 64, /* with --max and the open model, over all terminals */
    UNDER_WAY_MAX = 1 << 18,
    MONEY_SETTLE_US = 5000000,
    CONNECT_US = 10000000, /* for terminals: what is not connected then connects as it can */
    HEARD_MIN = 256,
    TERMINALS_MANY = 64,
    MONEY_ENTRIES = 1 << 17, /* a reversal finds its original for a minute at 2000/s */
};

int64_t load_cpu_us(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
           usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

uint64_t load_memory(void)
{
    unsigned long long all = 0;
    unsigned long long resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file != NULL) {
        if (fscanf(file, "%llu %llu", &all, &resident) != 2) {
            resident = 0;
        }
        (void)fclose(file);
    }
    return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}
/* --- connecting ------------------------------------------------------------------------------- */

/* Terminals of the script, and those that have a connection. */
static void terminals_count(const struct load *load, uint32_t *all, uint32_t *open)
{
    struct peer *peer;
    *all = 0;
    *open = 0;
    for (uint32_t i = 0; (peer = engine_peer(load->engine, i)) != NULL; i++) {
        if (!station_decl(peer_station(peer))->is_issuer) {
            ++*all;
            *open += peer_is_open(peer);
        }
    }
}

static bool issuers_ready(const struct load *load, struct peer **waiting)
{
    for (uint32_t i = 0; i < load->test_count; i++) {
        if (!engine_is_ready(load->engine, load->tests[i].test, waiting)) {
            return false;
        }
    }
    return true;
}

/* All connections are made before the clock runs. False after telling why it cannot begin. */
static bool connections_await(struct load *load)
{
    int64_t began_us = engine_now_us();
    int64_t settle_us = (int64_t)load->options->settle_ms * 1000;
    struct peer *waiting = NULL;
    uint32_t all = 0;
    uint32_t open = 0;
    engine_connect_all(load->engine);
    for (;;) {
        int64_t waited_us = engine_now_us() - began_us;
        terminals_count(load, &all, &open);
        bool is_ready = issuers_ready(load, &waiting);
        if (load->stop_signal != 0) {
            return false;
        }
        if (is_ready && (open == all || (waited_us >= CONNECT_US && open > 0))) {
            break;
        }
        if (waited_us >= settle_us || (is_ready && waited_us >= CONNECT_US)) {
            if (!is_ready) {
                fprintf(stderr,
                        "isotest: nobody has connected to issuer %s at %s within %u ms "
                        "(--settle)\n",
                        peer_name(waiting), station_address(peer_station(waiting)),
                        load->options->settle_ms);
            } else {
                fprintf(stderr, "isotest: none of %u terminals could connect\n", all);
            }
            return false;
        }
        (void)uv_run(&load->loop, UV_RUN_ONCE);
    }
    if (open < all) {
        fprintf(stderr, "isotest: %u of %u terminals could not connect yet\n", all - open, all);
    }
    return true;
}

/* --- the money check -------------------------------------------------------------------------- */

static const char *socket_of(const struct load *load)
{
    return load->options->has_socket ? load->options->socket : NULL;
}

static void money_start(struct load *load)
{
    if (load->options->no_money) {
        return;
    }
    load->money = money_open(MONEY_ENTRIES);
    int err = load->money == NULL ? ERR_MEMORY : money_begin(load->money, socket_of(load));
    if (err < 0) {
        fprintf(stderr, "isotest: no money check: %s: %s\n",
                load->options->has_socket ? load->options->socket : "", err_text(err));
        money_close(load->money);
        load->money = NULL;
    }
}

/* Reversals and late answers may still be on their way: compare until it is right and no issuer has
 * anything more to say, or time is up. */
static void money_settle(struct load *load)
{
    struct money_result result;
    struct engine_counts counts;
    int64_t until_us = engine_now_us() + MONEY_SETTLE_US;
    for (;;) {
        int err = money_compare(load->money, load->script, socket_of(load), &result);
        if (err < 0) {
            (void)snprintf(load->money_line, sizeof load->money_line,
                           "MONEY CHECK  not made, the switch cannot be asked: %s", err_text(err));
            return;
        }
        engine_counts(load->engine, &counts);
        bool is_settled = result.is_balanced && counts.delayed == 0;
        if (is_settled || engine_now_us() >= until_us || load->stops > 1) {
            break;
        }
        for (int i = 0; i < 3; i++) {
            (void)uv_run(&load->loop, UV_RUN_ONCE);
        }
    }
    if (!result.has_switch && !result.has_issuers) {
        return; /* One party alone proves nothing. */
    }
    (void)money_text(&result, load->money_line);
    load->unbalanced = !result.is_balanced;
    while (load->unbalanced && load->money_extra_count < ARRAY_COUNT(load->money_extras) &&
           money_extra(load->money, load->money_extra_count,
                       load->money_extras[load->money_extra_count])) {
        conceal_text(load->script, load->money_extras[load->money_extra_count]);
        load->money_extra_count++;
    }
}

/* --- opening and closing ---------------------------------------------------------------------- */

static void script_told(void *context, const char *text)
{
    (void)context;
    fprintf(stderr, "%s\n", text);
}

/* Whether the script has a variable of the name that --var gives. */
static bool var_is_known[LOAD_VARS_MAX];

static struct span on_variable(void *context, struct span name)
{
    const struct load *load = context;
    for (uint32_t i = load->options->var_count; i-- > 0;) {
        const char *var = load->options->vars[i];
        size_t len = strcspn(var, "=");
        if (span_equal(name, span_make(var, len))) {
            var_is_known[i] = true;
            return span_text(var + len + 1);
        }
    }
    return span_equal_text(name, "seed") ? span_text(load->seed_text) : SPAN_NONE;
}

/* How many terminals there are, and how many transactions each may have under way. False after
 * telling what is wrong with the options. */
static bool terminals_plan(struct load *load, struct script *script)
{
    uint32_t wanted = load->options->terminals;
    load->terminal_count = 1;
    for (struct peer_decl *decl = script->peers; decl != NULL; decl = decl->next) {
        if (decl->is_issuer || decl->last == 0) {
            continue;
        }
        if (wanted != 0) {
            decl->last = decl->first + wanted - 1;
        }
        uint32_t count = decl->last - decl->first + 1;
        if (count > load->terminal_count || load->terminal_first == 0) {
            load->terminal_count = count;
            load->terminal_first = decl->first;
        }
    }
    if (wanted > 1 && load->terminal_first == 0) {
        fprintf(stderr,
                "isotest: --terminals: %s declares no terminal with a range, like: terminal "
                "T[1..%u]\n",
                load->options->path, wanted);
        return false;
    }
    load->window = load->options->window;
    if (load->window == 0) {
        uint32_t share = UNDER_WAY_DEFAULT / load->terminal_count;
        load->window = load->options->is_closed || share == 0 ? 1 : share;
    }
    if ((uint64_t)load->window * load->terminal_count > UNDER_WAY_MAX) {
        fprintf(stderr, "isotest: %u terminals with %u each under way are more than %d\n",
                load->terminal_count, load->window, UNDER_WAY_MAX);
        return false;
    }
    load->free_cap = load->window * load->terminal_count;
    load->free_terminals = calloc(load->free_cap, sizeof *load->free_terminals);
    for (uint32_t i = 0; load->free_terminals != NULL && i < load->free_cap; i++) {
        load->free_terminals[load->free_count++] = i % load->terminal_count;
    }
    return load->free_terminals != NULL;
}

/* A connection is a descriptor, two if both its ends are here. */
static void descriptors_raise(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void loop_open(struct load *load)
{
    CHECK(uv_loop_init(&load->loop) == 0);
    load_drive_open(load);
}

static void loop_close(struct load *load)
{
    load_drive_close(load);
    if (load->engine != NULL) {
        engine_close(load->engine);
    }
    (void)uv_run(&load->loop, UV_RUN_DEFAULT);
    if (load->engine != NULL) {
        engine_free(load->engine);
    }
    (void)close(load->due_fd);
    CHECK(uv_loop_close(&load->loop) == 0);
}

/* 0, or an exit code. */
static int engine_begin(struct load *load)
{
    uint32_t heard = load->free_cap * 2;
    struct engine_options options = {
        .family_count_max = load->free_cap,
        .heard_count_max = heard < HEARD_MIN ? HEARD_MIN : heard,
        .ring_len = load->terminal_count > TERMINALS_MANY ? 64u << 10 : 0,
        .seed = load->options->seed,
        .socket = socket_of(load),
        .variable = on_variable,
        .variable_context = load,
        .observer = load_observer(load),
    };
    struct fault fault;
    int err = engine_open(&load->loop, load->script, &options, &load->engine, &fault);
    for (uint32_t i = 0; i < load->options->var_count; i++) {
        if (!var_is_known[i]) {
            fprintf(stderr, "isotest: warning: --var %.*s: the script has no such variable\n",
                    (int)strcspn(load->options->vars[i], "="), load->options->vars[i]);
        }
    }
    if (err == 0) {
        return EXIT_GOOD;
    }
    if (fault.spot.line != 0) {
        script_tell(load->script, fault.spot, script_told, NULL, "%s", fault.text);
    } else {
        fprintf(stderr, "isotest: %s\n", fault.text);
    }
    return err == ERR_IO ? EXIT_IO : EXIT_INPUT;
}

static int files_open(struct load *load)
{
    if (load->options->out == NULL) {
        return 0;
    }
    load->ndjson = fopen(load->options->out, "w");
    if (load->ndjson == NULL) {
        fprintf(stderr, "isotest: %s: %s\n", load->options->out, strerror(errno));
        return ERR_IO;
    }
    return 0;
}

static int hgrm_write(const struct load *load)
{
    const char *path = load->options->hgrm;
    FILE *file = path == NULL ? NULL : fopen(path, "w");
    int err = path == NULL ? 0 : ERR_IO;
    if (file != NULL) {
        err = histogram_write(load->latency, file);
        err = fclose(file) != 0 ? ERR_IO : err;
    }
    if (err < 0) {
        fprintf(stderr, "isotest: %s: %s\n", path, strerror(errno));
    }
    return err;
}

static int exit_code(const struct load *load, bool holds)
{
    if (load->stop_signal != 0) {
        return 128 + load->stop_signal;
    }
    if (load->io_wrong) {
        return EXIT_IO;
    }
    /* How many may fail is what a `failed` threshold says; without one it is none. */
    bool may_fail = false;
    for (uint32_t i = 0; i < load->options->threshold_count; i++) {
        may_fail = may_fail || load->options->thresholds[i].figure == THRESHOLD_FAILED;
    }
    bool is_good =
        holds && !load->unbalanced && load->all.passed > 0 && (may_fail || load->all.failed == 0);
    return is_good ? EXIT_GOOD : EXIT_BAD;
}

/* The clock runs. */
static int load_course(struct load *load)
{
    money_start(load);
    load->screen = load->options->no_screen ? NULL : screen_open();
    load_begin(load);
    while (load->phase != LOAD_OVER) {
        (void)uv_run(&load->loop, UV_RUN_ONCE);
    }
    screen_close(load->screen);
    load->screen = NULL;
    load_second(load, engine_now_us());
    if (load->money != NULL) {
        money_settle(load);
    }
    load->io_wrong = hgrm_write(load) < 0;
    load_crypto_time(load);
    bool holds = load_report(load, stdout);
    if (load->ndjson != NULL && fclose(load->ndjson) != 0) {
        load->io_wrong = true;
    }
    load->ndjson = NULL;
    return exit_code(load, holds);
}

static int script_run(struct load *load)
{
    int err = load_count_open(load);
    if (err < 0) {
        fprintf(stderr, "isotest: %s: %s\n", load->options->path,
                err == ERR_FULL ? "too many tests for a mix" : err_text(err));
        return EXIT_INPUT;
    }
    if (load->test_count == 0) {
        fprintf(stderr, "isotest: %s has no test\n", load->options->path);
        return EXIT_INPUT;
    }
    if (files_open(load) < 0) {
        return EXIT_IO;
    }
    loop_open(load);
    int code = engine_begin(load);
    if (code == EXIT_GOOD) {
        code = connections_await(load)  ? load_course(load)
               : load->stop_signal != 0 ? 128 + load->stop_signal
                                        : EXIT_CONNECT;
    }
    loop_close(load);
    if (load->ndjson != NULL) {
        (void)fclose(load->ndjson);
    }
    money_close(load->money);
    return code;
}

int load_run(const struct load_options *options)
{
    struct load *load = calloc(1, sizeof *load);
    struct script *script = NULL;
    if (load == NULL) {
        return EXIT_IO;
    }
    load->options = options;
    (void)snprintf(load->seed_text, sizeof load->seed_text, "%llu",
                   (unsigned long long)options->seed);
    struct script_options script_options = {
        .report = script_told, .variable = on_variable, .context = load};
    int code = EXIT_INPUT;
    int err = script_load(options->path, &script_options, &script);
    if (err < 0 && err != ERR_CONFIG) {
        fprintf(stderr, "isotest: %s: %s\n", options->path,
                err == ERR_IO ? strerror(errno) : err_text(err));
    }
    descriptors_raise();
    if (err == 0) {
        load->script = script;
        code = terminals_plan(load, script) ? script_run(load) : EXIT_CALLED_WRONG;
        load_count_close(load);
        script_free(script);
    }
    free(load->free_terminals);
    free(load);
    return code;
}
