/* terminal-sim: a plain, fast population of payment terminals, with journals of their own. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

#include "iso8583/dialect_file.h"
#include "iso8583/frame.h"
#include "iso8583/net/address.h"
#include "tests/load/population.h"
#include "tests/load/setup.h"
#include "tests/load/values.h"

enum { EXIT_BAD = 1, EXIT_USAGE = 2, EXIT_INPUT = 3, EXIT_CONNECT = 4, EXIT_IO = 5 };

const char *argp_program_version = "terminal-sim " SWITCH_VERSION;

/* An enum err as the exit code that all programs of the project share. */
static int exit_code(int result)
{
    switch (result) {
    case 0:
        return 0;
    case ERR_USAGE:
        return EXIT_USAGE;
    case ERR_CONFIG:
    case ERR_LENGTH:
        return EXIT_INPUT;
    case ERR_CONNECT:
        return EXIT_CONNECT;
    default:
        return EXIT_IO;
    }
}

/* --- make ------------------------------------------------------------------------------------- */

enum { OPT_LMK = 0x100 };

static const struct argp_option make_options[] = {
    {"terminals", 'n', "N", 0, "terminals (default 8)", 0},
    {"cards", 'm', "M", 0, "cards (default 12)", 0},
    {"seed", 's', "S", 0, "everything follows from it (default 1)", 0},
    {"hsm-lmk", OPT_LMK, "LMK", 0, "'test', the published variant LMK: there is no other", 0},
    {0}};

static error_t make_parse(int key, char *arg, struct argp_state *state)
{
    struct setup *setup = state->input;
    uint64_t number = 0;
    switch (key) {
    case 'n':
    case 'm':
        if (value_count(arg, SETUP_TERMINALS_MAX, &number) != 0 || number == 0) {
            argp_error(state, "'%s' is not a count", arg);
        }
        *(key == 'n' ? &setup->terminal_count : &setup->card_count) = (uint32_t)number;
        return 0;
    case 's':
        if (value_count(arg, UINT64_MAX, &setup->seed) != 0) {
            argp_error(state, "'%s' is not a number", arg);
        }
        return 0;
    case OPT_LMK:
        if (strcmp(arg, "test") != 0) {
            argp_error(state, "the only LMK is 'test'");
        }
        return 0;
    case ARGP_KEY_ARG:
        if (setup->dir != NULL) {
            argp_usage(state);
        }
        setup->dir = arg;
        return 0;
    case ARGP_KEY_END:
        if (setup->dir == NULL) {
            argp_usage(state);
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int make_main(int argc, char **argv)
{
    static const struct argp argp = {
        make_options, make_parse,
        "DIR",        "Write a set of terminals, cards, accounts and keys to DIR.",
        NULL,         NULL,
        NULL};
    struct setup setup = {.seed = 1, .terminal_count = 8, .card_count = 12};
    if (argp_parse(&argp, argc, argv, 0, NULL, &setup) != 0) {
        return EXIT_USAGE;
    }
    return exit_code(setup_make(&setup));
}

/* --- run -------------------------------------------------------------------------------------- */

struct run {
    struct population_plan plan;
    struct terminal_rules rules;
    const char *data;
    const char *group;
    const char *frame;
    const char *dialect;
    bool no_journal;
    bool json;
    uint64_t terminal_count; /* 0: all */
    uint64_t terminal_first; /* from 1 */
};

/* What an option's value is, and where it goes: most of them are rows of this table. To add an
 * option: a row, and its default in run_main(). */
enum kind_of_value { VALUE_TEXT, VALUE_COUNT, VALUE_COUNT32, VALUE_MS, VALUE_MS64, VALUE_PPM };

#define AT(member) offsetof(struct run, member)

static const struct run_option {
    const char *name;
    const char *arg;
    const char *help;
    enum kind_of_value kind;
    size_t at;
} run_table[] = {
    {"connect", "ADDR:PORT", "the switch", VALUE_TEXT, AT(plan.address)},
    {"frame", "NAME", "framing (len2+tpdu)", VALUE_TEXT, AT(frame)},
    {"dialect", "NAME", "dialect, or a dialect file (iso87_bcd)", VALUE_TEXT, AT(dialect)},
    {"data", "DIR", "a set by 'terminal-sim make'", VALUE_TEXT, AT(data)},
    {"group", "NAME", "only its terminals", VALUE_TEXT, AT(group)},
    {"journal", "FILE", "append to this journal", VALUE_TEXT, AT(plan.journal_path)},
    {"terminals", "N", "how many of the set (all)", VALUE_COUNT, AT(terminal_count)},
    {"first", "K", "the first of them (1)", VALUE_COUNT, AT(terminal_first)},
    {"window", "W", "outstanding transactions of a terminal (1)", VALUE_COUNT32, AT(plan.window)},
    {"connections-per-terminal", "N", "(1)", VALUE_COUNT32, AT(plan.connections)},
    {"rate", "R", "transactions a second, open model; default: closed", VALUE_COUNT, AT(plan.rate)},
    {"count", "N", "transactions to begin", VALUE_COUNT, AT(plan.count)},
    {"duration", "TIME", "how long to begin new ones", VALUE_MS64, AT(plan.duration_ms)},
    {"seed", "S", "of everything random (1)", VALUE_COUNT, AT(plan.seed)},
    {"repeat-after", "TIME", "unanswered: repeat (3s)", VALUE_MS, AT(plan.repeat_ms)},
    {"repeats", "N", "then this often (2)", VALUE_COUNT32, AT(plan.repeats)},
    {"reversal-after", "TIME", "then reverse (as repeat-after)", VALUE_MS, AT(plan.reversal_ms)},
    {"settle", "TIME", "at the end wait for answers (20s)", VALUE_MS, AT(plan.settle_ms)},
    {"connect-wait", "TIME", "no connection at all: exit 4 (5s)", VALUE_MS, AT(plan.connect_ms)},
    {"pin", "P%", "sales with a PIN (30%)", VALUE_PPM, AT(rules.pin_ppm)},
    {"wrong-pin", "P%", "of them with a wrong one (1%)", VALUE_PPM, AT(rules.wrong_pin_ppm)},
    {"reversals", "P%", "approved sales taken back (5%)", VALUE_PPM, AT(rules.reversal_ppm)},
    {"refunds", "P%", "(2%)", VALUE_PPM, AT(rules.refund_ppm)},
    {"balance", "P%", "balance inquiries (2%)", VALUE_PPM, AT(rules.balance_ppm)},
};

enum {
    OPT_FIRST = 0x200,
    OPT_MAC = 0x300,
    OPT_AMOUNTS,
    OPT_RESTAMP,
    OPT_REPEAT_MTI,
    OPT_NO_JOURNAL,
    OPT_JSON
};

static int value_store(const struct run_option *option, const char *text, struct run *run)
{
    void *at = (char *)run + option->at;
    uint64_t number = 0;
    switch (option->kind) {
    case VALUE_TEXT:
        memcpy(at, &text, sizeof text);
        return 0;
    case VALUE_COUNT:
        return value_count(text, UINT64_MAX, at);
    case VALUE_COUNT32:
        TRY(value_count(text, UINT32_MAX, &number));
        *(uint32_t *)at = (uint32_t)number;
        return 0;
    case VALUE_MS:
        return value_duration(text, at);
    case VALUE_MS64: {
        uint32_t ms = 0;
        TRY(value_duration(text, &ms));
        *(uint64_t *)at = ms;
        return 0;
    }
    case VALUE_PPM:
        return value_percent(text, at);
    }
    return ERR_USAGE;
}

static void tell(void *context, const char *text)
{
    (void)context;
    fprintf(stderr, "%s\n", text);
}

/* What the table and the data set cannot check one by one. */
static void run_check(struct run *run, struct argp_state *state)
{
    struct population_plan *plan = &run->plan;
    struct sockaddr_storage address;
    if (plan->address == NULL || run->data == NULL) {
        argp_error(state, "--connect and --data are needed");
    }
    if (address_parse(plan->address, &address) != 0) {
        argp_error(state, "'%s' is not ADDR:PORT", plan->address);
    }
    int found = dialect_get(run->dialect, NULL, tell, NULL, &run->rules.dialect);
    if (framing_parse(span_text(run->frame), &plan->framing) < 0 || plan->framing.file) {
        argp_error(state, "there is no framing '%s'", run->frame);
    }
    if (found < 0) {
        argp_error(state, "there is no dialect '%s'", run->dialect);
    }
    if ((plan->journal_path != NULL) == run->no_journal) {
        argp_error(state, "one of --journal FILE and --no-journal is needed");
    }
    if (plan->window == 0 || plan->window > WINDOW_MAX || plan->connections == 0 ||
        plan->connections > 64 || run->terminal_first == 0) {
        argp_error(state, "--window is 1 to %d, --connections-per-terminal 1 to 64, --first from 1",
                   WINDOW_MAX);
    }
    if (plan->reversal_ms == 0) {
        plan->reversal_ms = plan->repeat_ms;
    }
}

static error_t run_parse(int key, char *arg, struct argp_state *state)
{
    struct run *run = state->input;
    if (key >= OPT_FIRST && key < OPT_FIRST + (int)ARRAY_COUNT(run_table)) {
        const struct run_option *option = &run_table[key - OPT_FIRST];
        if (value_store(option, arg, run) != 0) {
            argp_error(state, "--%s: '%s' is not %s", option->name, arg, option->arg);
        }
        return 0;
    }
    switch (key) {
    case OPT_MAC:
        run->rules.mac = strcmp(arg, "auto") == 0;
        if (!run->rules.mac && strcmp(arg, "off") != 0) {
            argp_error(state, "--mac is auto or off");
        }
        return 0;
    case OPT_AMOUNTS:
        if (value_range(arg, 999999999999, &run->rules.amount_low_minor,
                        &run->rules.amount_high_minor) != 0) {
            argp_error(state, "--amounts: '%s' is not LOW-HIGH in minor units", arg);
        }
        return 0;
    case OPT_REPEAT_MTI:
        run->rules.repeat_mti = strcmp(arg, "xx01") == 0;
        if (!run->rules.repeat_mti && strcmp(arg, "same") != 0) {
            argp_error(state, "--repeat-mti is same or xx01");
        }
        return 0;
    case OPT_RESTAMP:
        run->rules.restamp = true;
        return 0;
    case OPT_NO_JOURNAL:
        run->no_journal = true;
        return 0;
    case OPT_JSON:
        run->json = true;
        return 0;
    case 'q':
        run->plan.quiet = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_usage(state);
        return 0;
    case ARGP_KEY_END:
        run_check(run, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option run_flags[] = {
    {"mac", OPT_MAC, "auto|off", 0, "auto: sign where the terminal has a TAK", 0},
    {"amounts", OPT_AMOUNTS, "LOW-HIGH", 0, "minor units (100-20000)", 0},
    {"restamp-de7", OPT_RESTAMP, NULL, 0, "a repeat has a new DE7", 0},
    {"repeat-mti", OPT_REPEAT_MTI, "same|xx01", 0, "of a repeat (same)", 0},
    {"no-journal", OPT_NO_JOURNAL, NULL, 0, "for speed: no witness", 0},
    {"json", OPT_JSON, NULL, 0, "the summary as one JSON document", 0},
    {"quiet", 'q', NULL, 0, "no progress lines", 0}};

/* Cut the wanted terminals out of the set, and run them. */
static int run_population(struct run *run, struct dataset *dataset)
{
    uint64_t first = run->terminal_first - 1;
    uint64_t left = first < dataset->terminal_count ? dataset->terminal_count - first : 0;
    uint64_t count = run->terminal_count == 0 ? left : run->terminal_count;
    if (count == 0 || count > left) {
        fprintf(stderr, "terminal-sim: error: the set has only %u such terminals\n",
                dataset->terminal_count);
        return ERR_CONFIG;
    }
    run->plan.terminal_first = (uint32_t)first;
    run->plan.terminal_count = (uint32_t)count;
    struct population *population = NULL;
    int result = population_open(&run->plan, &run->rules, dataset, &population);
    if (result == 0) {
        result = population_run(population);
        if (result == ERR_CONNECT) {
            fprintf(stderr, "terminal-sim: error: cannot connect to %s\n", run->plan.address);
        }
        summary_print(population_summary(population), run->json);
        if (result == 0 && summary_is_broken(population_summary(population))) {
            result = EXIT_BAD;
        }
    }
    if (population != NULL) {
        population_close(population);
    }
    return result;
}

static int run_main(int argc, char **argv)
{
    static struct argp_option options[ARRAY_COUNT(run_table) + ARRAY_COUNT(run_flags) + 1];
    for (size_t i = 0; i < ARRAY_COUNT(run_table); i++) {
        options[i] = (struct argp_option){
            run_table[i].name, OPT_FIRST + (int)i, run_table[i].arg, 0, run_table[i].help, 0};
    }
    memcpy(options + ARRAY_COUNT(run_table), run_flags, sizeof run_flags);
    struct argp argp = {options, run_parse, NULL, "Run terminals of a set against a switch.",
                        NULL,    NULL,      NULL};
    struct run run = {.frame = "len2+tpdu", .dialect = "iso87_bcd", .terminal_first = 1};
    run.plan = (struct population_plan){.window = 1,
                                        .connections = 1,
                                        .seed = 1,
                                        .repeat_ms = 3000,
                                        .repeats = 2,
                                        .settle_ms = 20000,
                                        .connect_ms = 5000};
    run.rules = (struct terminal_rules){.currency = 978,
                                        .mac = true,
                                        .pin_ppm = 300000,
                                        .wrong_pin_ppm = 10000,
                                        .reversal_ppm = 50000,
                                        .refund_ppm = 20000,
                                        .balance_ppm = 20000,
                                        .amount_low_minor = 100,
                                        .amount_high_minor = 20000};
    if (argp_parse(&argp, argc, argv, 0, NULL, &run) != 0) {
        return EXIT_USAGE;
    }
    struct dataset dataset;
    int code = EXIT_INPUT;
    if (dataset_read(run.data, run.group, &dataset) == 0) {
        int result = run_population(&run, &dataset);
        code = result > 0 ? result : exit_code(result);
    }
    dataset_free(&dataset);
    return code;
}

/* To add a command, add a row. */
static const struct command {
    const char *name;
    char *title; /* argp prints it */
    int (*main)(int argc, char **argv);
} commands[] = {{"make", "terminal-sim make", make_main}, {"run", "terminal-sim run", run_main}};

int main(int argc, char **argv)
{
    argp_err_exit_status = EXIT_USAGE;
    for (size_t i = 0; i < ARRAY_COUNT(commands) && argc > 1; i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            argv[1] = commands[i].title;
            return commands[i].main(argc - 1, argv + 1);
        }
    }
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("%s\n", argp_program_version);
        return 0;
    }
    bool help = argc == 2 && strcmp(argv[1], "--help") == 0;
    fprintf(help ? stdout : stderr, "Usage: terminal-sim make|run [OPTION...]\n"
                                    "'terminal-sim make --help' and 'run --help' tell more.\n");
    return help ? 0 : EXIT_USAGE;
}
