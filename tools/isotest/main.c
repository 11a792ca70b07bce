/* isotest: the tester's script language. */
#include <argp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "iso8583/base/check.h"
#include "tools/exit_code.h"
#include "tools/isotest/verb.h"

const char *argp_program_version = "isotest " SWITCH_VERSION;

/* To add a verb: a row. */
static const struct {
    const char *name;
    const char *called; /* argv[0] of its options */
    int (*run)(int argc, char **argv);
    const char *help;
} verbs[] = {
    {"run", "isotest run", verb_run, "run the tests of scripts"},
    {"load", "isotest load", verb_load, "run a script's tests as load"},
    {"check", "isotest check", verb_check, "read scripts and say what is wrong with them"},
    {"fmt", "isotest fmt", verb_fmt, "lay scripts out"},
    {"record", "isotest record", verb_record, "make a script of captured traffic"},
    {"fields", "isotest fields", verb_fields, "a dialect's fields and their names"},
};

static void usage(FILE *out)
{
    fputs("usage: isotest VERB [OPTION]... [FILE]...\n\nVerbs:\n", out);
    for (size_t i = 0; i < ARRAY_COUNT(verbs); i++) {
        fprintf(out, "  %-8s %s\n", verbs[i].name, verbs[i].help);
    }
    fputs("\nisotest VERB --help tells its options; the language is described in isot(5).\n", out);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        usage(stderr);
        return EXIT_CALLED_WRONG;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-?") == 0) {
        usage(stdout);
        return EXIT_GOOD;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        printf("%s\n", argp_program_version);
        return EXIT_GOOD;
    }
    for (size_t i = 0; i < ARRAY_COUNT(verbs); i++) {
        if (strcmp(argv[1], verbs[i].name) == 0) {
            static char called[32];
            (void)snprintf(called, sizeof called, "%s", verbs[i].called);
            argv[1] = called;
            int code = verbs[i].run(argc - 1, argv + 1);
            bool is_lost = fflush(stdout) != 0 || ferror(stdout) != 0;
            if (is_lost) {
                fputs("isotest: stdout cannot be written\n", stderr);
            }
            return is_lost && code < EXIT_IO ? EXIT_IO : code;
        }
    }
    fprintf(stderr, "isotest: there is no verb '%s'\n\n", argv[1]);
    usage(stderr);
    return EXIT_CALLED_WRONG;
}
