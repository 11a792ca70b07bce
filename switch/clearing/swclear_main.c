/* swclear: the end of a business day. Sub-commands are rows of a table. */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "iso8583/base/calendar.h"
#include "switch/clearing/report.h"
#include "switch/clearing/run.h"
#include "switch/store/kv_lmdb.h"
#include "switch/clearing/verify.h"
#include "switch/store/store.h"

enum { ISSUERS_MAX = 256, DAYS_MAX = 4096, PATH_LEN = 1024, WHY_LEN = 256 };

/* One table for every program of the switch. */
enum {
    EXIT_GOOD = 0,
    EXIT_BAD = 1,
    EXIT_USED_WRONG = 2,
    EXIT_INPUT = 3,
    EXIT_PEER = 4,
    EXIT_DISK = 5
};

enum {
    OPTION_DATA = 256,
    OPTION_OUT,
    OPTION_DAY,
    OPTION_PROCESSOR,
    OPTION_PRODUCTION,
    OPTION_ISSUER,
    OPTION_SOCKET,
    OPTION_KEY,
};

struct options {
    const char *command;
    const char *data;
    const char *out;
    const char *target; /* of verify and show */
    const char *socket;
    const char *key;
    uint32_t day; /* 0: all that are drained */
    char processor[PROCESSOR_LEN + 1];
    bool production;
    bool quiet;
    struct issuer_id issuers[ISSUERS_MAX];
    uint32_t issuer_count;
};

const char *argp_program_version = "swclear " SWITCH_VERSION;

static const struct argp_option option_rows[] = {
    {"data", OPTION_DATA, "DIR", 0, "The daemon's data directory", 0},
    {"out", OPTION_OUT, "DIR", 0, "run: where the files go", 0},
    {"day", OPTION_DAY, "YYYY-MM-DD", 0, "run, preview: one day (default: all that are ready)", 0},
    {"processor-id", OPTION_PROCESSOR, "DIGITS", 0, "run: 11 digits of the file id (default 0)", 0},
    {"production", OPTION_PRODUCTION, NULL, 0, "run: the file says production, not test", 0},
    {"issuer", OPTION_ISSUER, "NAME=ID", 0, "run: DE93 of an issuer (default 0); repeatable", 0},
    {"admin-socket", OPTION_SOCKET, "PATH", 0, "run: the daemon's (default DIR/admin.sock)", 0},
    {"key", OPTION_KEY, "FILE", 0, "The store's key file (default DIR/key)", 0},
    {"quiet", 'q', NULL, 0, "No progress; only what is wrong", 0},
    {0},
};

/* "2026-11-20" or "20261120". */
static bool day_parse(const char *text, uint32_t *day)
{
    bool dashed = strlen(text) == 10 && text[4] == '-' && text[7] == '-';
    uint32_t number = 0;
    if (!dashed && strlen(text) != 8) {
        return false;
    }
    for (size_t i = 0; text[i] != '\0'; i++) {
        if (dashed && (i == 4 || i == 7)) {
            continue;
        }
        if (!byte_is_digit((uint8_t)text[i])) {
            return false;
        }
        number = number * 10 + (uint32_t)(text[i] - '0');
    }
    *day = number;
    return day_is_valid(number);
}

static void issuer_parse(struct argp_state *state, struct options *options, const char *text)
{
    const char *equals = strchr(text, '=');
    size_t name_len = equals == NULL ? 0 : (size_t)(equals - text);
    struct span id = span_text(equals == NULL ? "" : equals + 1);
    if (name_len == 0 || name_len > RECORD_NAME_LEN || !span_is_digits(id) ||
        id.len > ISSUER_ID_LEN_MAX || options->issuer_count == ISSUERS_MAX) {
        argp_error(state, "--issuer %s: must be NAME=ID, the id 1 to 11 digits", text);
        return;
    }
    struct issuer_id *issuer = &options->issuers[options->issuer_count++];
    memcpy(issuer->name, text, name_len);
    memcpy(issuer->id, id.ptr, id.len);
}

static void processor_parse(struct argp_state *state, struct options *options, const char *text)
{
    uint64_t number = 0;
    if (strlen(text) > PROCESSOR_LEN || span_number(span_text(text), &number) != 0) {
        argp_error(state, "--processor-id %s: must be up to 11 digits", text);
        return;
    }
    digits_put((uint8_t *)options->processor, PROCESSOR_LEN, number);
}

static error_t option_parse(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case OPTION_DATA:
        options->data = argument;
        return 0;
    case OPTION_OUT:
        options->out = argument;
        return 0;
    case OPTION_DAY:
        if (!day_parse(argument, &options->day)) {
            argp_error(state, "--day %s: must be a date as 2026-11-20", argument);
        }
        return 0;
    case OPTION_PROCESSOR:
        processor_parse(state, options, argument);
        return 0;
    case OPTION_PRODUCTION:
        options->production = true;
        return 0;
    case OPTION_ISSUER:
        issuer_parse(state, options, argument);
        return 0;
    case OPTION_SOCKET:
        options->socket = argument;
        return 0;
    case OPTION_KEY:
        options->key = argument;
        return 0;
    case 'q':
        options->quiet = true;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num == 0) {
            options->command = argument;
        } else if (state->arg_num == 1) {
            options->target = argument;
        } else {
            argp_error(state, "too many arguments: %s", argument);
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int exit_code(int rc)
{
    switch (rc) {
    case 0:
        return EXIT_GOOD;
    case 1:
        return EXIT_BAD;
    case ERR_USAGE:
        return EXIT_USED_WRONG;
    case ERR_CONFIG:
        return EXIT_INPUT;
    case ERR_CONNECT:
    case ERR_CLOSED:
        return EXIT_PEER;
    default:
        return EXIT_DISK;
    }
}

static int complain(int rc, const char *what, const char *why)
{
    (void)fprintf(stderr, "swclear: %s: %s\n", what, why);
    return exit_code(rc);
}

static int seal_find(const struct options *options, struct seal **seal)
{
    char path[PATH_LEN];
    int len = options->key != NULL ? snprintf(path, sizeof path, "%s", options->key)
                                   : snprintf(path, sizeof path, "%s/key", options->data);
    if (len < 0 || (size_t)len >= sizeof path) {
        return complain(ERR_CONFIG, "the key file", err_text(ERR_LENGTH));
    }
    int rc = seal_open(path, NULL, seal);
    return rc < 0 ? complain(ERR_CONFIG, path, err_text(rc)) : 0;
}

/* ---- run ---- */

static int64_t wall_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int run_one(struct writer_port *port, struct seal *seal, uint32_t day,
                   const struct run_settings *settings)
{
    struct run_result result;
    int rc = run_day(port, seal, day, settings, &result);
    if (result.totals != NULL) {
        report_totals(result.totals, stdout);
    }
    if (rc != 0) {
        (void)fprintf(stderr, "swclear: %s\n", result.why);
    } else {
        for (unsigned i = 0; i < MANIFEST_FILES; i++) {
            uint8_t hash[2 * OUTPUT_HASH_LEN];
            const struct output_file *file = &result.manifest.files[i];
            hex_encode(span_make(file->sha256, OUTPUT_HASH_LEN), hash);
            (void)printf("%.*s  %s/%s\n", (int)sizeof hash, (const char *)hash, settings->out_dir,
                         file->name);
        }
    }
    run_result_deinit(&result);
    return exit_code(rc);
}

/* Why there is nothing to do: the next day is not ready yet, or the last one is done. */
static int tell_nothing_to_do(struct kv *kv, const struct options *options)
{
    static const enum day_state states[] = {DAY_DRAINING, DAY_CUT, DAY_CLOSED};
    uint32_t days[ARRAY_COUNT(states)] = {0};
    for (size_t i = 0; i < ARRAY_COUNT(states); i++) {
        int rc = run_newest(kv, states[i], &days[i]);
        if (rc < 0) {
            return complain(rc, options->data, err_text(rc));
        }
    }
    uint32_t draining = days[0];
    uint32_t done = days[1] > days[2] ? days[1] : days[2];
    (void)fprintf(stderr, "no business day is DRAINED: nothing to do\n");
    if (draining != 0) {
        (void)fprintf(stderr,
                      "business day %u is DRAINING: it has transactions open, and is cut when they "
                      "are closed; run this again then\n",
                      draining);
    }
    if (done != 0) {
        (void)fprintf(stderr, "business day %u is done; --day %u makes its files again\n", done,
                      done);
    }
    return EXIT_GOOD;
}

static int run_each(struct writer_port *port, struct seal *seal, const struct options *options,
                    const struct run_settings *settings)
{
    uint32_t days[DAYS_MAX];
    size_t count = 1;
    int code = EXIT_GOOD;
    days[0] = options->day;
    if (options->day == 0) {
        int rc = run_days(port->kv, DAY_DRAINED, days, DAYS_MAX, &count);
        if (rc < 0) {
            return complain(rc, options->data, err_text(rc));
        }
        if (count == 0 && !options->quiet) {
            return tell_nothing_to_do(port->kv, options);
        }
    }
    for (size_t i = 0; i < count && code == EXIT_GOOD; i++) {
        code = run_one(port, seal, days[i], settings);
    }
    return code;
}

static int command_run(const struct options *options)
{
    struct writer_port *port = NULL;
    struct seal *seal = NULL;
    char why[WHY_LEN] = "";
    struct run_settings settings = {.out_dir = options->out,
                                    .processor = options->processor,
                                    .production = options->production,
                                    .issuers = options->issuers,
                                    .issuer_count = options->issuer_count,
                                    .wall_ms = wall_ms(),
                                    .last_step = RUN_PUBLISHED,
                                    .progress = !options->quiet};
    if (mkdir(options->out, 0700) != 0 && errno != EEXIST) {
        return complain(ERR_IO, options->out, strerror(errno));
    }
    int code = seal_find(options, &seal);
    if (code != 0) {
        return code;
    }
    int rc = writer_port_open(options->data, options->socket, &port, why);
    if (rc < 0) {
        code = complain(rc, "run", why);
    } else {
        code = run_each(port, seal, options, &settings);
        port->close(port);
    }
    seal_close(seal);
    return code;
}

/* ---- verify, show, preview ---- */

/* The files to read are an input: what is not there, or may not be read, is no trouble of our own.
 * Returns 0 and sets @is_dir, or an exit code after a line. */
static int target_find(const char *path, bool *is_dir)
{
    struct stat stat_of;
    if (stat(path, &stat_of) != 0 || access(path, R_OK) != 0) {
        return complain(ERR_CONFIG, path, strerror(errno));
    }
    *is_dir = S_ISDIR(stat_of.st_mode);
    return 0;
}

static int command_verify(const struct options *options)
{
    struct verify verify = {.report = stdout, .quiet = options->quiet};
    bool is_dir = false;
    int code = target_find(options->target, &is_dir);
    if (code != 0) {
        return code;
    }
    if (options->data != NULL) {
        int rc = kv_lmdb_open_readonly(options->data, &verify.kv);
        if (rc < 0) {
            return complain(rc, options->data, err_text(rc));
        }
    }
    int rc = is_dir ? verify_dir(&verify, options->target) : verify_file(&verify, options->target);
    if (verify.kv != NULL) {
        kv_lmdb_close(verify.kv);
    }
    if (rc == ERR_USAGE) {
        return complain(ERR_CONFIG, options->target,
                        "is neither a directory, nor an .ipm or _manifest.json file");
    }
    if (rc < 0) {
        return complain(rc, options->target, rc == ERR_IO ? strerror(errno) : err_text(rc));
    }
    if (is_dir && options->data == NULL && verify.days == 0 && verify.faults == 0) {
        return complain(ERR_CONFIG, options->target,
                        "there is nothing to verify: it has no _manifest.json of a day");
    }
    (void)printf("%s: %u days, %" PRIu64 " items, %u faults\n", verify.faults == 0 ? "good" : "BAD",
                 verify.days, verify.items, verify.faults);
    return verify.faults == 0 ? EXIT_GOOD : EXIT_BAD;
}

static int command_show(const struct options *options)
{
    char why[WHY_LEN] = "";
    bool is_dir = false;
    int code = target_find(options->target, &is_dir);
    if (code != 0) {
        return code;
    }
    if (is_dir) {
        return complain(ERR_CONFIG, options->target, "is a directory, not an .ipm file");
    }
    int rc = report_file(options->target, stdout, why);
    if (rc < 0) {
        (void)fprintf(stderr, "swclear: %s\n", why);
    }
    return rc == 0 ? EXIT_GOOD : rc == ERR_IO ? EXIT_DISK : EXIT_BAD;
}

static int preview_each(struct kv *kv, struct seal *seal, const struct options *options)
{
    static const enum day_state states[] = {DAY_DRAINED, DAY_DRAINING, DAY_OPEN};
    uint32_t days[DAYS_MAX];
    uint64_t exceptions = 0;
    uint64_t sum = 0;
    int rc = 0;
    for (size_t state = 0; state < ARRAY_COUNT(states) && rc == 0; state++) {
        size_t count = 1;
        days[0] = options->day;
        rc = options->day == 0 ? run_days(kv, states[state], days, DAYS_MAX, &count) : 0;
        for (size_t i = 0; i < count && rc == 0; i++) {
            rc = report_preview(kv, seal, days[i], stdout, &exceptions);
            sum += exceptions;
        }
        if (options->day != 0) {
            break;
        }
    }
    if (rc < 0) {
        return complain(rc, options->data, rc == ERR_NOT_FOUND ? "no such day" : err_text(rc));
    }
    return sum == 0 ? EXIT_GOOD : EXIT_BAD;
}

static int command_preview(const struct options *options)
{
    struct kv *kv = NULL;
    struct seal *seal = NULL;
    int code = seal_find(options, &seal);
    if (code != 0) {
        return code;
    }
    int rc = kv_lmdb_open_readonly(options->data, &kv);
    if (rc < 0) {
        code = complain(rc, options->data, err_text(rc));
    } else {
        code = preview_each(kv, seal, options);
        kv_lmdb_close(kv);
    }
    seal_close(seal);
    return code;
}

/* To add a command: a row, and a line in the help text below. */
static const struct command {
    const char *name;
    int (*run)(const struct options *options);
    bool needs_data;
    bool needs_out;
    bool needs_target;
} commands[] = {
    {"run", command_run, true, true, false},
    {"verify", command_verify, false, false, true},
    {"show", command_show, false, false, true},
    {"preview", command_preview, true, false, false},
};

static const char help_text[] =
    "Cut business days into clearing files, and check the files.\v"
    "  run      --data DIR --out DIR  write and publish every drained day\n"
    "  verify   OUTDIR|FILE           recompute everything from the files; with\n"
    "                                 --data DIR the journal and totals, too\n"
    "  show     FILE                  the records of an .ipm file, PANs masked\n"
    "  preview  --data DIR            what a cut would present now\n"
    "\n"
    "A run may be repeated at any time: it finishes what was begun and gives the\n"
    "same bytes. Exit codes: 0 good, 1 bad (not drained, does not balance, faults\n"
    "found), 2 usage, 3 an input is wrong, 4 the daemon cannot be reached, 5 disk\n"
    "or store.\n";

int main(int argc, char **argv)
{
    static struct options options = {.processor = "00000000000"};
    static const struct argp argp = {.options = option_rows,
                                     .parser = option_parse,
                                     .args_doc = "run|verify|show|preview [FILE]",
                                     .doc = help_text};
    argp_err_exit_status = EXIT_USED_WRONG;
    if (argp_parse(&argp, argc, argv, 0, NULL, &options) != 0) {
        return EXIT_USED_WRONG;
    }
    for (size_t i = 0; options.command != NULL && i < ARRAY_COUNT(commands); i++) {
        const struct command *command = &commands[i];
        if (strcmp(command->name, options.command) != 0) {
            continue;
        }
        if ((command->needs_data && options.data == NULL) ||
            (command->needs_out && options.out == NULL) ||
            command->needs_target != (options.target != NULL)) {
            break;
        }
        return command->run(&options);
    }
    argp_help(&argp, stderr, ARGP_HELP_STD_USAGE, argv[0]);
    return EXIT_USED_WRONG;
}
