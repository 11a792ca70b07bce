/* switchd: the command line of the daemon. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "iso8583/base/calendar.h"
#include "iso8583/base/log.h"
#include "switch/edge/daemon.h"
#include "switch/edge/log_thread.h"

/* One table of exit codes for every program of cardswitch. */
enum { EXIT_GOOD = 0, EXIT_BAD = 1, EXIT_INPUT = 3, EXIT_ADDRESS = 4, EXIT_STORE = 5 };

const char *argp_program_version = "switchd " SWITCH_VERSION;

struct options {
    const char *config;
    const char *data;
    const char *log_level;
    const char *log_format;
    uint32_t day;
    bool init;
    bool check;
    bool print_memory;
};

enum {
    OPTION_DATA = 256,
    OPTION_INIT,
    OPTION_DAY,
    OPTION_CHECK,
    OPTION_LEVEL,
    OPTION_FORMAT,
    OPTION_MEMORY
};

static const struct argp_option option_rows[] = {
    {"config", 'c', "FILE", 0, "Configuration (default switch/etc/switch.yml)", 0},
    {"data", OPTION_DATA, "DIR", 0, "Data directory (default ./data)", 0},
    {"init", OPTION_INIT, NULL, 0, "Create the store in the data directory and stop", 0},
    {"day", OPTION_DAY, "YYYY-MM-DD", 0,
     "With --init: the first business day (default: today, UTC)", 0},
    {"check", OPTION_CHECK, NULL, 0, "Check the configuration and stop: 0 good, 1 errors", 0},
    {"log-level", OPTION_LEVEL, "LEVEL", 0, "error, warn, info or debug: over the configuration",
     0},
    {"log-format", OPTION_FORMAT, "FORMAT", 0, "text or json: over the configuration", 0},
    {"print-memory", OPTION_MEMORY, NULL, 0, "Print what memory the limits take and stop", 0},
    {0},
};

static uint32_t parse_day(const char *text)
{
    char digits[9];
    if (strlen(text) != 10 || text[4] != '-' || text[7] != '-') {
        return 0;
    }
    memcpy(digits, text, 4);
    memcpy(digits + 4, text + 5, 2);
    memcpy(digits + 6, text + 8, 2);
    digits[8] = '\0';
    uint64_t day;
    if (span_number(span_text(digits), &day) != 0 || !day_is_valid((uint32_t)day)) {
        return 0;
    }
    return (uint32_t)day;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case 'c':
        options->config = arg;
        break;
    case OPTION_DATA:
        options->data = arg;
        break;
    case OPTION_INIT:
        options->init = true;
        break;
    case OPTION_DAY:
        options->day = parse_day(arg);
        if (options->day == 0) {
            argp_error(state, "--day: '%s' is not a date like 2026-11-21", arg);
        }
        break;
    case OPTION_CHECK:
        options->check = true;
        break;
    case OPTION_LEVEL:
        options->log_level = arg;
        break;
    case OPTION_FORMAT:
        options->log_format = arg;
        break;
    case OPTION_MEMORY:
        options->print_memory = true;
        break;
    case ARGP_KEY_ARG:
        argp_error(state, "'%s' is not an option", arg);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static void report(void *context, const char *text)
{
    int *count = context;
    (*count)++;
    fprintf(stderr, "%s\n", text);
}

static int64_t wall_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Why --init touched nothing. */
static const char *init_refusal(const char *data_dir)
{
    static const struct {
        const char *file;
        const char *why;
    } reasons[] = {
        {"data.mdb", "there is a store already; nothing was changed"},
        {"key", "its file `key` is there, and no data.mdb: restore that from your backup, or move "
                "the key away; nothing was changed"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(reasons); i++) {
        char file[1200];
        snprintf(file, sizeof file, "%s/%s", data_dir, reasons[i].file);
        if (access(file, F_OK) == 0) {
            return reasons[i].why;
        }
    }
    return "another process is making it";
}

static int init_store(const struct options *options, const struct config *config)
{
    struct store_settings settings = daemon_store_settings(config, options->data);
    struct civil today = civil_from_ms(wall_now_ms());
    uint32_t day = options->day != 0
                       ? options->day
                       : (uint32_t)(today.year * 10000 + today.month * 100 + today.day);
    int result = store_create(&settings, day, wall_now_ms());
    if (result != 0) {
        int reason = errno;
        fprintf(stderr, "switchd: %s: cannot create the store: %s%s%s\n", options->data,
                result == ERR_EXISTS ? init_refusal(options->data) : err_text(result),
                result == ERR_IO ? ": " : "", result == ERR_IO ? strerror(reason) : "");
        return EXIT_STORE;
    }
    fprintf(stderr, "store created in %s: business day %04u-%02u-%02u, %llu MiB preallocated\n",
            options->data, day / 10000, day / 100 % 100, day % 100,
            (unsigned long long)(config->store_prealloc_bytes >> 20));
    return EXIT_GOOD;
}

static bool setup_log(const struct options *options, const struct config *config,
                      struct log_thread **thread)
{
    static const char *const levels[] = {"error", "warn", "info", "debug"};
    unsigned level = config->log_level;
    bool json = config->log_json;
    if (options->log_level != NULL) {
        for (level = 0; level < ARRAY_COUNT(levels); level++) {
            if (strcmp(options->log_level, levels[level]) == 0) {
                break;
            }
        }
        if (level == ARRAY_COUNT(levels)) {
            fprintf(stderr, "switchd: --log-level: '%s' is none of error, warn, info, debug\n",
                    options->log_level);
            return false;
        }
    }
    if (options->log_format != NULL) {
        json = strcmp(options->log_format, "json") == 0;
        if (!json && strcmp(options->log_format, "text") != 0) {
            fprintf(stderr, "switchd: --log-format: '%s' is neither text nor json\n",
                    options->log_format);
            return false;
        }
    }
    log_setup((enum log_level)level, json, NULL, NULL);
    *thread = log_thread_start((int)level, json);
    return true;
}

int main(int argc, char **argv)
{
    struct options options = {.config = "switch/etc/switch.yml", .data = "data"};
    static const struct argp argp = {
        option_rows,
        parse_option,
        NULL,
        "The card switch: terminals to issuers, every approval durable before it is told.\v"
        "Exit codes: 0 done, 1 --check found errors, 2 usage, 3 a wrong input file, 4 an address "
        "that cannot be listened on, 5 storage.",
        NULL,
        NULL,
        NULL};
    struct log_thread *log = NULL;
    int errors = 0;
    argp_err_exit_status = 2;
    argp_parse(&argp, argc, argv, 0, NULL, &options);

    struct config *config = NULL;
    int result = config_load(options.config, &config, report, &errors);
    if (result != 0) {
        fprintf(stderr, "%d error%s\n", errors, errors == 1 ? "" : "s");
        return options.check ? EXIT_BAD : EXIT_INPUT;
    }
    char socket_path[ADMIN_PATH_LEN_MAX + 1];
    int exit_code = EXIT_GOOD;
    if (options.print_memory) {
        config_memory_plan(config, core_memory(&config->core), stdout);
    } else if (daemon_admin_path(config, options.data, socket_path) != 0) {
        exit_code = options.check ? EXIT_BAD : EXIT_ADDRESS;
    } else if (options.check) {
        fprintf(stderr, "%s: good\n", options.config);
    } else if (options.init) {
        exit_code = init_store(&options, config);
    } else if (!setup_log(&options, config, &log)) {
        exit_code = 2;
    } else {
        static struct daemon daemon;
        daemon.config_path = options.config;
        daemon.data_dir = options.data;
        daemon.config = config;
        exit_code = daemon_start(&daemon);
        if (exit_code == 0) {
            exit_code = daemon_run(&daemon);
        }
    }
    log_thread_stop(log);
    config_free(config);
    return exit_code;
}
