/* day-audit: do the terminals, the issuers and the clearing files say the same of a day? */
#include <argp.h>
#include <stdio.h>

#include "tests/load/audit.h"

enum { EXIT_DIFFERENT = 1, EXIT_USAGE = 2, EXIT_INPUT = 3 };

const char *argp_program_version = "day-audit " SWITCH_VERSION;

static const struct argp_option options[] = {
    {"terminals", 't', "FILE", 0, "a terminal journal (again for each)", 0},
    {"issuer", 'i', "FILE", 0, "an issuer stub's journal (again for each)", 0},
    {"clearing", 'c', "FILE", 0, "a clearing CSV (again for each; without: two books only)", 0},
    {"totals", 'T', "FILE", 0, "a totals.csv (again for each)", 0},
    {"allow-open", 'o', NULL, 0,
     "what was in flight when a terminal died may have gone either way, if issuer and clearing "
     "agree",
     0},
    {0}};

struct parsing {
    struct audit *audit;
    int result;
    unsigned books; /* bit 0: terminals, bit 1: issuers */
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct parsing *parsing = state->input;
    int result = 0;
    switch (key) {
    case 't':
        parsing->books |= 1;
        result = audit_read_terminals(parsing->audit, arg);
        break;
    case 'i':
        parsing->books |= 2;
        result = audit_read_issuer(parsing->audit, arg);
        break;
    case 'c':
        result = audit_read_clearing(parsing->audit, arg);
        break;
    case 'T':
        result = audit_read_totals(parsing->audit, arg);
        break;
    case 'o':
        parsing->audit->allow_open = true;
        break;
    case ARGP_KEY_ARG:
        argp_usage(state);
        break;
    case ARGP_KEY_END:
        if (parsing->books != 3) {
            argp_error(state, "--terminals and --issuer are needed");
        }
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    parsing->result = parsing->result == 0 ? result : parsing->result;
    return 0;
}

int main(int argc, char **argv)
{
    static const struct argp argp = {
        options,
        parse,
        NULL,
        "Compare terminal journals, issuer journals and clearing files of a day.\v"
        "Prints each difference and the sums; the last line is 'difference N'. "
        "Exit status: 0 none, 1 some, 3 a file is wrong.",
        NULL,
        NULL,
        NULL};
    struct audit audit;
    audit_init(&audit);
    struct parsing parsing = {.audit = &audit};
    argp_err_exit_status = EXIT_USAGE;
    (void)argp_parse(&argp, argc, argv, 0, NULL, &parsing);
    audit.out = stdout;
    int64_t count = parsing.result == 0 ? audit_compare(&audit) : parsing.result;
    audit_deinit(&audit);
    if (count < 0) {
        fprintf(stderr, "day-audit: error: %s\n", err_text((int)count));
        return EXIT_INPUT;
    }
    return count == 0 ? 0 : EXIT_DIFFERENT;
}
