/* issuer-stub: the process. Options to settings, files to accounts and rules, then server_run(). */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "iso8583/base/log.h"
#include "iso8583/dialect_file.h"
#include "routes/stub_server.h"

enum exit_code { EXIT_USAGE = 2, EXIT_INPUT = 3, EXIT_IO = 5 };

enum { RULE_OPTIONS_MAX = RULES_MAX, PPM_WHOLE = 1000000 };

struct options {
    struct server_settings server;
    struct stub_settings stub;
    const char *accounts;
    const char *rules;
    const char *rule[RULE_OPTIONS_MAX];
    size_t rule_count;
    const char *journal;
    bool no_journal;
    bool json;
    enum log_level level;
};

static void report(void *context, const char *text)
{
    (void)context;
    (void)fprintf(stderr, "%s\n", text);
}

/* Options without a letter. */
enum {
    OPTION_DIALECT = 0x100,
    OPTION_FRAME,
    OPTION_KEEPALIVE,
    OPTION_JOURNAL,
    OPTION_NO_JOURNAL,
    OPTION_NAME,
    OPTION_HSM,
    OPTION_ZPK,
    OPTION_PVK,
    OPTION_PVKI,
    OPTION_RULE,
    OPTION_RULES,
    OPTION_SEED,
    OPTION_DELAY,
    OPTION_JITTER,
    OPTION_DROP,
    OPTION_LATE,
    OPTION_LATE_BY,
    OPTION_DUPLICATE,
    OPTION_UNKNOWN,
    OPTION_REMEMBER,
    OPTION_CONNECTIONS,
    OPTION_DELAYED,
    OPTION_JSON,
};

static const struct argp_option argp_options[] = {
    {"listen", 'l', "ADDR:PORT", 0, "where to listen (127.0.0.1:9001; port 0: any)", 1},
    {"dialect", OPTION_DIALECT, "NAME", 0, "of the messages, or a dialect file (iso87_ascii)", 1},
    {"frame", OPTION_FRAME, "NAME", 0, "around the messages (len2)", 1},
    {"keepalive", OPTION_KEEPALIVE, "answer|swallow", 0, "frames without a message (swallow)", 1},
    {"name", OPTION_NAME, "NAME", 0, "of this issuer, in its output (issuer)", 1},
    {"connections", OPTION_CONNECTIONS, "N", 0, "at most (64)", 1},
    {"accounts", 'a', "FILE", 0,
     "pan,expiry,status,balance_minor,limit_minor,currency,pvv (none: every card is unknown)", 2},
    {"journal", OPTION_JOURNAL, "FILE", 0, "what is posted; read again at the next start", 2},
    {"no-journal", OPTION_NO_JOURNAL, NULL, 0, "forget everything at the end (benchmarks)", 2},
    {"remember", OPTION_REMEMBER, "N", 0, "transactions known for repeats and reversals (1048576)",
     2},
    {"hsm", OPTION_HSM, "ADDR:PORT", 0, "that verifies PINs; without it a DE52 is answered 96", 3},
    {"zpk", OPTION_ZPK, "KEY", 0, "PIN key shared with the switch, under the LMK", 3},
    {"pvk", OPTION_PVK, "KEY", 0, "PIN verification key pair, under the LMK", 3},
    {"pvki", OPTION_PVKI, "N", 0, "its index (1)", 3},
    {"rule", OPTION_RULE, "RULE", 0,
     "e.g. 'when amount == 6600 then drop'; repeatable, the first that matches decides", 4},
    {"rules", OPTION_RULES, "FILE", 0, "rules, one a line, behind those of --rule", 4},
    {"seed", OPTION_SEED, "N", 0, "of all chances (1)", 5},
    {"delay", OPTION_DELAY, "TIME", 0, "of every answer: 30ms, 2s (0)", 5},
    {"delay-jitter", OPTION_JITTER, "TIME", 0, "up to this much more (0)", 5},
    {"drop", OPTION_DROP, "RATE", 0, "of messages as if never received: 0.1% (0)", 5},
    {"late", OPTION_LATE, "RATE", 0, "of answers that are late (0)", 5},
    {"late-by", OPTION_LATE_BY, "TIME", 0, "how late (15s)", 5},
    {"duplicate", OPTION_DUPLICATE, "RATE", 0, "of answers sent twice (0)", 5},
    {"delayed-max", OPTION_DELAYED, "N", 0, "answers waiting at once, more are lost (16384)", 5},
    {"unknown-reversal", OPTION_UNKNOWN, "00|25", 0, "answer where the original is unknown (00)",
     5},
    {"quiet", 'q', NULL, 0, "log warnings and errors only", 6},
    {"verbose", 'v', NULL, 0, "log more", 6},
    {"json", OPTION_JSON, NULL, 0, "log as JSON", 6},
    {0},
};

/* "30ms", "2s", or bare milliseconds. */
static bool time_read(const char *text, uint32_t *out)
{
    size_t digits = strspn(text, "0123456789");
    const char *unit = text + digits;
    uint64_t number = 0;
    if (span_number(span_make(text, digits), &number) < 0 || number > 24ull * 3600 * 1000) {
        return false;
    }
    if (strcmp(unit, "s") == 0) {
        number *= 1000;
    } else if (strcmp(unit, "ms") != 0 && *unit != '\0') {
        return false;
    }
    *out = (uint32_t)number;
    return number <= 24ull * 3600 * 1000;
}

/* "0.1%" to parts of a million: up to four digits behind the point. */
static bool rate_read(const char *text, uint32_t *out)
{
    size_t whole = strspn(text, "0123456789");
    const char *rest = text + whole;
    size_t decimals = *rest == '.' ? strspn(rest + 1, "0123456789") : 0;
    uint64_t percent = 0;
    uint64_t part = 0;
    if (span_number(span_make(text, whole), &percent) < 0 || percent > 100 || decimals > 4) {
        return false;
    }
    if (*rest == '.') {
        if (span_number(span_make(rest + 1, decimals), &part) < 0) {
            return false;
        }
        rest += decimals + 1;
    }
    for (size_t i = decimals; i < 4; i++) {
        part *= 10;
    }
    *out = (uint32_t)(percent * 10000 + part);
    return strcmp(rest, "%") == 0 && *out <= PPM_WHOLE;
}

static bool count_read(const char *text, uint64_t max, uint32_t *out)
{
    uint64_t number = 0;
    bool good = span_number(span_text(text), &number) == 0 && number > 0 && number <= max;
    *out = (uint32_t)number;
    return good;
}

static bool unknown_read(const char *text, bool *out)
{
    *out = strcmp(text, "25") == 0;
    return *out || strcmp(text, "00") == 0;
}

static bool rule_keep(const char *text, struct options *options)
{
    if (options->rule_count == RULE_OPTIONS_MAX) {
        return false;
    }
    options->rule[options->rule_count++] = text;
    return true;
}

/* Options whose value must be read. Sets @good, or returns ARGP_ERR_UNKNOWN. */
static error_t value_parse(int key, const char *value, struct options *options, bool *good)
{
    struct stub_settings *stub = &options->stub;
    switch (key) {
    case OPTION_SEED:
        *good = span_number(span_text(value), &stub->seed) == 0;
        return 0;
    case OPTION_DELAY:
        *good = time_read(value, &stub->delay_ms);
        return 0;
    case OPTION_JITTER:
        *good = time_read(value, &stub->delay_jitter_ms);
        return 0;
    case OPTION_LATE_BY:
        *good = time_read(value, &stub->late_ms);
        return 0;
    case OPTION_DROP:
        *good = rate_read(value, &stub->drop_ppm);
        return 0;
    case OPTION_LATE:
        *good = rate_read(value, &stub->late_ppm);
        return 0;
    case OPTION_DUPLICATE:
        *good = rate_read(value, &stub->duplicate_ppm);
        return 0;
    case OPTION_UNKNOWN:
        *good = unknown_read(value, &stub->unknown_is_25);
        return 0;
    case OPTION_REMEMBER:
        *good = count_read(value, 1 << 22, &stub->posted_max);
        return 0;
    case OPTION_CONNECTIONS:
        *good = count_read(value, 10000, &options->server.conns_max);
        return 0;
    case OPTION_DELAYED:
        *good = count_read(value, 1 << 20, &options->server.delayed_max);
        return 0;
    case OPTION_RULE:
        *good = rule_keep(value, options);
        return 0;
    case OPTION_DIALECT:
        *good = dialect_get(value, NULL, report, NULL, &options->server.dialect) == 0;
        return 0;
    case OPTION_FRAME:
        *good = framing_parse(span_text(value), &options->server.framing) == 0 &&
                !options->server.framing.file;
        return 0;
    case OPTION_KEEPALIVE:
        options->server.answers_keepalives = strcmp(value, "answer") == 0;
        *good = options->server.answers_keepalives || strcmp(value, "swallow") == 0;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* Options that are taken as they are. */
static error_t text_parse(int key, char *value, struct options *options)
{
    switch (key) {
    case 'l':
        options->server.listen = value;
        return 0;
    case 'a':
        options->accounts = value;
        return 0;
    case OPTION_NAME:
        options->server.name = value;
        return 0;
    case OPTION_JOURNAL:
        options->journal = value;
        return 0;
    case OPTION_NO_JOURNAL:
        options->no_journal = true;
        return 0;
    case OPTION_HSM:
        options->server.hsm = value;
        return 0;
    case OPTION_ZPK:
        options->stub.zpk = value;
        return 0;
    case OPTION_PVK:
        options->stub.pvk = value;
        return 0;
    case OPTION_PVKI:
        options->stub.pvki = value;
        return 0;
    case OPTION_RULES:
        options->rules = value;
        return 0;
    case 'q':
        options->level = LOG_WARN;
        return 0;
    case 'v':
        options->level = LOG_DEBUG;
        return 0;
    case OPTION_JSON:
        options->json = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const char *option_name(int key)
{
    for (const struct argp_option *option = argp_options; option->name != NULL; option++) {
        if (option->key == key) {
            return option->name;
        }
    }
    return "?";
}

static error_t option_parse(int key, char *value, struct argp_state *state)
{
    struct options *options = state->input;
    if (key == ARGP_KEY_ARG) {
        argp_error(state, "unexpected argument '%s'", value);
        return EINVAL;
    }
    if (key == ARGP_KEY_END) {
        if ((options->journal != NULL) == options->no_journal) {
            argp_error(state, "one of --journal FILE and --no-journal is needed");
        }
        bool has_keys = options->stub.zpk != NULL && options->stub.pvk != NULL;
        if ((options->server.hsm != NULL) != has_keys) {
            argp_error(state, "--hsm, --zpk and --pvk belong together");
        }
        return 0;
    }
    bool good = true;
    error_t status = value_parse(key, value, options, &good);
    if (!good) {
        argp_error(state, "--%s: '%s' is not a value for it", option_name(key), value);
    }
    return status == 0 ? 0 : text_parse(key, value, options);
}

static enum exit_code input_failed(int status)
{
    return status == ERR_CONFIG || status == ERR_LENGTH ? EXIT_INPUT : EXIT_IO;
}

static int rules_load(const struct options *options, struct rules *rules)
{
    for (size_t i = 0; i < options->rule_count; i++) {
        struct source source = {
            .name = "--rule", .text = span_text(options->rule[i]), .report = report};
        TRY(rules_parse(rules, &source, true));
    }
    if (options->rules == NULL) {
        return 0;
    }
    struct source source = {.name = options->rules, .report = report};
    TRY(source_load(options->rules, report, NULL, &source.text));
    int status = rules_parse(rules, &source, false);
    free((void *)(uintptr_t)source.text.ptr);
    return status;
}

static int accounts_load(const char *path, struct stub_account **accounts, size_t *count)
{
    struct source source = {.name = path, .report = report};
    TRY(source_load(path, report, NULL, &source.text));
    int status = accounts_parse(&source, accounts, count);
    bytes_wipe((void *)(uintptr_t)source.text.ptr, source.text.len);
    free((void *)(uintptr_t)source.text.ptr);
    return status;
}

/* Accounts and rules to a stub. Returns 0, or the exit code after saying why. */
static int stub_make(const struct options *options, struct stub **out)
{
    static struct rules rules; /* large, and copied by the stub */
    struct stub_account *accounts = NULL;
    size_t count = 0;
    int status = rules_load(options, &rules);
    if (status == 0 && options->accounts != NULL) {
        status = accounts_load(options->accounts, &accounts, &count);
    }
    if (status < 0) {
        return (int)input_failed(status);
    }
    size_t duplicate = 0;
    status = stub_open(&options->stub, accounts, count, &rules, out, &duplicate);
    if (status == ERR_EXISTS) {
        (void)fprintf(stderr, "%s: error: card number %zu is there twice\n", options->accounts,
                      duplicate + 1);
    }
    free(accounts);
    return status == 0 ? 0 : status == ERR_EXISTS ? EXIT_INPUT : EXIT_IO;
}

static int journal_make(const struct options *options, struct stub *stub, struct stub_journal **out)
{
    if (options->journal == NULL) {
        return 0;
    }
    int status = journal_open(options->journal, stub, report, NULL, out);
    if (status == ERR_IO) {
        (void)fprintf(stderr, "%s: error: %s\n", options->journal, strerror(errno));
    }
    return status == 0 ? 0 : (int)input_failed(status);
}

static void version_print(FILE *stream, struct argp_state *state)
{
    (void)state;
    (void)fprintf(stream, "issuer-stub %s\n", SWITCH_VERSION);
}

int main(int argc, char **argv)
{
    static const struct argp argp = {
        .options = argp_options,
        .parser = option_parse,
        .doc = "A simulated card issuer: authorizes, books and reverses, and misbehaves as told.\v"
               "Rules: when FIELD OP VALUE [and ...] then VERB [ARGUMENT] [times N]\n"
               "  fields  mti pan proc amount stan mcc rrn terminal merchant currency network\n"
               "  ops     == != prefix, and < > <= >= for amount and stan\n"
               "  verbs   approve, decline CODE, partial AMOUNT, drop, close, silent, delay MS,\n"
               "          late MS, duplicate\n"
               "Exit: 0 stopped by a signal, 2 usage, 3 an input file is wrong, 4 cannot listen, "
               "5 input or output failed.",
    };
    argp_program_version_hook = version_print;
    argp_err_exit_status = EXIT_USAGE;
    struct options options = {
        .server = {.name = "issuer",
                   .listen = "127.0.0.1:9001",
                   .dialect = dialect_find("iso87_ascii"),
                   .framing = *framing_find("len2"),
                   .conns_max = 64,
                   .delayed_max = 16384},
        .stub = {.seed = 1, .late_ms = 15000, .pvki = "1"},
        .level = LOG_INFO,
    };
    (void)argp_parse(&argp, argc, argv, 0, NULL, &options);
    log_setup(options.level, options.json, NULL, NULL);
    if (options.server.hsm == NULL) {
        (void)fprintf(stderr, "issuer-stub: no --hsm: a request with a PIN is answered 96\n");
    }
    struct stub *stub = NULL;
    struct stub_journal *journal = NULL;
    int code = stub_make(&options, &stub);
    if (code == 0) {
        code = journal_make(&options, stub, &journal);
    }
    if (code == 0) {
        code = (int)server_run(&options.server, stub, journal);
    }
    journal_close(journal);
    stub_close(stub);
    return code;
}
