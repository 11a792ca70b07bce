/* The whole authorization, with real processes: terminals -> switchd -> hsm-sim, issuer-stub, LMDB.
 *
 * Every answer that is counted was durable twice. Each row has a fresh store. With --yardsticks the
 * same row is run on a model without routing, rules, timers or logs (a ceiling for this machine)
 * just before: a machine that others share is compared by ratios only. */
#include <argp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/bench.h"
#include "tests/bench/bench_drive.h"
#include "tests/bench/bench_world.h"

enum {
    PREALLOCATE_MIB = 1024,
    RATE_MAX = 70000,     /* sales made for a second; more would end a run early */
    MAC_RATE_MAX = 30000, /* the same with MACs, which take longer to make */
    PROBES_MAX = 2000,
    PROBE_WAIT_MS = 5,
    WARM_MS = 500,
};

/* To add a row, add it here. */
static const struct load {
    uint32_t connections;
    uint32_t outstanding;
    bool mac;
} loads[] = {
    {64, 1, false}, {256, 1, false}, {64, 16, false}, {64, 1, true}, {256, 1, true}, {64, 16, true},
};

struct options {
    bool json;
    double seconds;
    unsigned row; /* only this one, from 1; 0: all */
    unsigned preallocate_mib;
    const char *data;
    const char *yardsticks;
};

/* CPU seconds of everybody. */
struct cpu {
    double daemon;
    double hsm;
    double issuer;
    double self;
};

struct run {
    const struct load *load;
    struct world *world;
    struct cpu begin;
    struct cpu end;
    struct driven driven;
    double model_tps; /* 0: not run */
    double model_p50_us;
    double model_p99_us;
};

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){0, ms * 1000000}, NULL);
}

static void on_mark(void *context, bool end)
{
    struct run *run = context;
    struct cpu now = {world_cpu(run->world, "switch"), world_cpu(run->world, "hsm"),
                      world_cpu(run->world, "issuer"), (double)clock() / CLOCKS_PER_SEC};
    if (end) {
        run->end = now;
    } else {
        run->begin = now;
    }
}

/* --- The model -------------------------------------------------------------------------------- */

static int model_start(struct world *world, const char *kit, int *port)
{
    char stub[WORLD_PATH_MAX];
    char model[WORLD_PATH_MAX];
    char ports[3][WORLD_TEXT_MAX];
    *port = world_port();
    snprintf(ports[0], sizeof ports[0], "%d", *port);
    snprintf(ports[1], sizeof ports[1], "%d", world_port());
    snprintf(ports[2], sizeof ports[2], "%d", world_port());
    snprintf(stub, sizeof stub, "%s/stub", kit);
    snprintf(model, sizeof model, "%s/sw_model", kit);
    const char *const hsm_argv[] = {stub, ports[1], "hsm", NULL};
    const char *const issuer_argv[] = {stub, ports[2], "iss", NULL};
    const char *const model_argv[] = {model, ports[0], ports[1], ports[2], "2", world->dir, NULL};
    TRY(world_run(world, "hsm", hsm_argv));
    TRY(world_run(world, "issuer", issuer_argv));
    pause_ms(
        100); /* it gives up at once if they do not listen yet, and says nothing when it does */
    return world_run(world, "model", model_argv);
}

/* Its generator prints one line and waits for the model by itself. */
static int model_drive(struct run *run, const char *kit, int port, double seconds)
{
    char command[2 * WORLD_PATH_MAX];
    snprintf(command, sizeof command, "'%s/lg' -p %d -c %u -w %u -s %.1f -n 0.5", kit, port,
             run->load->connections, run->load->outstanding, seconds);
    FILE *pipe = popen(command, "r");
    int got = pipe == NULL ? 0
                           : fscanf(pipe,
                                    "conns %*d window %*d rate %*f: %lf msg/s p50 %lf p90 "
                                    "%*f p99 %lf",
                                    &run->model_tps, &run->model_p50_us, &run->model_p99_us);
    if (pipe != NULL) {
        pclose(pipe);
    }
    return got == 3 ? 0 : ERR_IO;
}

static int model_run(struct run *run, const char *kit, double seconds)
{
    char path[WORLD_PATH_MAX];
    int port = 0;
    int result = model_start(run->world, kit, &port);
    result = result == 0 ? model_drive(run, kit, port, seconds) : result;
    world_stop(run->world);
    unlink(world_path(run->world, "sw.tmp", path));
    unlink(world_path(run->world, "sw.tmp-lock", path));
    if (result != 0) {
        fprintf(stderr, "bench: the yardstick in %s did not run\n", kit);
    }
    return result;
}

/* --- Ours ------------------------------------------------------------------------------------- */

static int sales_make(const struct world *world, const struct load *load, double seconds,
                      struct sales *sales)
{
    char path[WORLD_PATH_MAX];
    struct dataset dataset = {0};
    double wanted = (seconds + WARM_MS / 1000.0) * (load->mac ? MAC_RATE_MAX : RATE_MAX);
    uint32_t count = wanted < SALES_MAX ? (uint32_t)wanted : SALES_MAX;
    int result =
        dataset_read(world_path(world, "set", path), load->mac ? "shops" : "kiosks", &dataset);
    result = result == 0 ? sales_init(sales, &dataset, count) : result;
    dataset_free(&dataset);
    return result;
}

/* Until the first approval: then the link is signed on and the HSM answers. */
static int await_ready(const struct world *world, const struct sales *sales, uint32_t *used)
{
    for (*used = 0; *used < PROBES_MAX && *used < sales->count; (*used)++) {
        if (drive_probe(world->port, sales, *used) == 0) {
            (*used)++;
            return 0;
        }
        pause_ms(PROBE_WAIT_MS);
    }
    fprintf(stderr, "bench: the switch approves nothing\n");
    world_show_log(world, "switch");
    return ERR_CONNECT;
}

static int switch_run(struct run *run, const struct options *options)
{
    struct sales sales = {0};
    struct drive drive = {.connections = run->load->connections,
                          .outstanding = run->load->outstanding,
                          .warm_ns = WARM_MS * 1000000ull,
                          .run_ns = (uint64_t)(options->seconds * 1e9),
                          .mark = on_mark,
                          .context = run};
    int result = sales_make(run->world, run->load, options->seconds, &sales);
    result = result == 0 ? world_start(run->world, options->preallocate_mib) : result;
    result = result == 0 ? await_ready(run->world, &sales, &drive.first) : result;
    drive.port = run->world->port;
    result = result == 0 ? drive_run(&drive, &sales, &run->driven) : result;
    world_stop(run->world);
    sales_deinit(&sales);
    if (result == 0 && run->driven.refused != 0) {
        fprintf(stderr, "bench: %llu sales were not approved\n",
                (unsigned long long)run->driven.refused);
    }
    return result;
}

/* --- Telling ---------------------------------------------------------------------------------- */

static double cpu_us(double begin, double end, const struct driven *driven)
{
    return driven->count == 0 ? 0 : (end - begin) * 1e6 / (double)driven->count;
}

static void print_json(const struct run *run)
{
    const struct load *load = run->load;
    const struct driven *driven = &run->driven;
    double tps = (double)driven->count / driven->seconds;
    const struct {
        const char *what;
        double value;
        const char *unit;
    } rows[] = {
        {"tps", tps, "1/s"},
        {"p50", driven->p50_us, "us"},
        {"p99", driven->p99_us, "us"},
        {"cpu_switch", cpu_us(run->begin.daemon, run->end.daemon, driven), "us"},
        {"cpu_hsm", cpu_us(run->begin.hsm, run->end.hsm, driven), "us"},
        {"cpu_issuer", cpu_us(run->begin.issuer, run->end.issuer, driven), "us"},
        {"cpu_bench", cpu_us(run->begin.self, run->end.self, driven), "us"},
        {"refused", (double)driven->refused, ""},
        {"yardstick_tps", run->model_tps, "1/s"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char what[WORLD_TEXT_MAX];
        snprintf(what, sizeof what, "%ux%u_mac_%s_%s", load->connections, load->outstanding,
                 load->mac ? "on" : "off", rows[i].what);
        if (strcmp(rows[i].what, "yardstick_tps") != 0 || run->model_tps > 0) {
            bench_print(true, "switch", what, rows[i].value, rows[i].unit);
        }
    }
}

static void print_row(const struct run *run)
{
    const struct driven *driven = &run->driven;
    double tps = (double)driven->count / driven->seconds;
    printf("%4u x %-3u %-3s %8.0f %8.2f %8.2f %8.1f %6.1f %6.1f %6.1f", run->load->connections,
           run->load->outstanding, run->load->mac ? "on" : "off", tps, driven->p50_us / 1000,
           driven->p99_us / 1000, cpu_us(run->begin.daemon, run->end.daemon, driven),
           cpu_us(run->begin.hsm, run->end.hsm, driven),
           cpu_us(run->begin.issuer, run->end.issuer, driven),
           cpu_us(run->begin.self, run->end.self, driven));
    if (run->model_tps > 0) {
        printf(" %9.0f %8.2f %6.2f", run->model_tps, run->model_p50_us / 1000,
               tps / run->model_tps);
    }
    printf("\n");
    fflush(stdout);
}

static void print_head(const struct options *options)
{
    printf("connections    durable       ms                CPU us a transaction%s\n",
           options->yardsticks != NULL ? "            yardstick" : "");
    printf("x window   MAC     TPS      p50      p99   switch    hsm issuer  bench%s\n",
           options->yardsticks != NULL ? "       TPS   p50 ms  ratio" : "");
}

/* --- Options ---------------------------------------------------------------------------------- */

enum {
    OPTION_SECONDS = 0x100,
    OPTION_YARDSTICKS,
    OPTION_DATA,
    OPTION_ROW,
    OPTION_MIB,
    OPTION_JSON
};

static const struct argp_option option_rows[] = {
    {"seconds", OPTION_SECONDS, "N", 0, "of each row (3)", 0},
    {"row", OPTION_ROW, "N", 0, "only the Nth row of the table", 0},
    {"data", OPTION_DATA, "DIR", 0, "on the disk to measure (build/bench-data)", 0},
    {"preallocate", OPTION_MIB, "MIB", 0, "of each store (1024)", 0},
    {"yardsticks", OPTION_YARDSTICKS, "DIR", 0, "has sw_model, stub and lg: run them beside", 0},
    {"json", OPTION_JSON, NULL, 0, "one JSON object a figure", 0},
    {0},
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case OPTION_SECONDS:
        options->seconds = strtod(value, NULL);
        return options->seconds > 0 ? 0 : EINVAL;
    case OPTION_ROW:
        options->row = (unsigned)strtoul(value, NULL, 10);
        return options->row <= ARRAY_COUNT(loads) ? 0 : EINVAL;
    case OPTION_MIB:
        options->preallocate_mib = (unsigned)strtoul(value, NULL, 10);
        return 0;
    case OPTION_DATA:
        options->data = value;
        return 0;
    case OPTION_YARDSTICKS:
        options->yardsticks = value;
        return 0;
    case OPTION_JSON:
        options->json = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int run_rows(const struct options *options, struct world *world)
{
    int result = 0;
    for (size_t i = 0; i < ARRAY_COUNT(loads) && result == 0; i++) {
        struct run run = {.load = &loads[i], .world = world};
        if (options->row != 0 && options->row != i + 1) {
            continue;
        }
        if (options->yardsticks != NULL) {
            result = model_run(&run, options->yardsticks, options->seconds);
        }
        result = result == 0 ? switch_run(&run, options) : result;
        if (result == 0 && options->json) {
            print_json(&run);
        } else if (result == 0) {
            print_row(&run);
        }
    }
    return result;
}

int bench_switch(int argc, char **argv, bool json)
{
    static const struct argp argp = {.options = option_rows, .parser = parse};
    struct options options = {
        .json = json, .seconds = 3, .preallocate_mib = PREALLOCATE_MIB, .data = "build/bench-data"};
    struct world world;
    if (argp_parse(&argp, argc, argv, 0, NULL, &options) != 0) {
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    int result = world_make(&world, options.data);
    if (result == 0 && !options.json) {
        print_head(&options);
    }
    result = result == 0 ? run_rows(&options, &world) : result;
    if (result != 0) {
        fprintf(stderr, "bench: switch: %s\n", err_text(result));
    }
    world_end(&world);
    return result == 0 ? 0 : 1;
}
