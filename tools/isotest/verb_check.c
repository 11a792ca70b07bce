/* isotest check: find what is wrong with scripts without running them. */
#include <argp.h>
#include <stdio.h>

#include "tools/exit_code.h"
#include "tools/isotest/paths.h"
#include "tools/isotest/script.h"
#include "tools/isotest/verb.h"

enum { VARS_MAX = 256, OPTION_EXEC = 0x100 };

struct asked {
    struct paths paths;
    const char *vars[VARS_MAX]; /* NAME=VALUE */
    size_t var_count;
    bool quiet;
    bool allow_exec;
    int missing; /* names that are no file */
};

static struct span var_find(void *context, struct span name)
{
    const struct asked *asked = context;
    for (size_t i = asked->var_count; i-- > 0;) {
        struct span row = span_text(asked->vars[i]);
        if (row.len > name.len && row.ptr[name.len] == '=' &&
            span_equal(span_first(row, name.len), name)) {
            return span_skip(row, name.len + 1);
        }
    }
    return SPAN_NONE;
}

static void on_report(void *context, const char *text)
{
    (void)context;
    fprintf(stderr, "%s\n", text);
}

static error_t on_option(int key, char *arg, struct argp_state *state)
{
    struct asked *asked = state->input;
    switch (key) {
    case 'v':
        if (strchr(arg, '=') == NULL || asked->var_count == VARS_MAX) {
            argp_error(state, "--var is NAME=VALUE");
        } else {
            asked->vars[asked->var_count++] = arg;
        }
        return 0;
    case 'q':
        asked->quiet = true;
        return 0;
    case OPTION_EXEC:
        asked->allow_exec = true;
        return 0;
    case ARGP_KEY_ARG:
        if (paths_add(&asked->paths, arg) < 0) {
            fprintf(stderr, "isotest check: there is no script '%s'\n", arg);
            asked->missing++;
        }
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_usage(state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static uint32_t tests_count(const struct script *script)
{
    uint32_t count = 0;
    for (const struct test *test = script->tests; test != NULL; test = test->next) {
        count++;
    }
    return count;
}

static bool script_is_good(struct asked *asked, const char *path, uint32_t *tests)
{
    struct script_options options = {.report = on_report,
                                     .context = asked,
                                     .variable = var_find,
                                     .allow_exec = asked->allow_exec};
    struct script *script;
    if (script_load(path, &options, &script) < 0) {
        return false;
    }
    *tests += tests_count(script);
    if (script->uses_exec && !asked->allow_exec) {
        char where[512];
        fprintf(stderr, "%s: note: 'exec' runs only with --allow-exec\n",
                script_spot_text(script, script->exec_spot, where, sizeof where));
    }
    script_free(script);
    return true;
}

int verb_check(int argc, char **argv)
{
    static const struct argp_option rows[] = {
        {"var", 'v', "NAME=VALUE", 0, "a variable that is given from outside", 0},
        {"quiet", 'q', NULL, 0, "say nothing if all is good", 0},
        {"allow-exec", OPTION_EXEC, NULL, 0, "no note about 'exec'", 0},
        {0},
    };
    static const struct argp argp = {
        rows,
        on_option,
        "FILE|DIR...",
        "Find what is wrong with scripts without running them.\vExit codes: 0 all good, 2 usage, "
        "3 something is wrong.",
        NULL,
        NULL,
        NULL};
    struct asked asked = {0};
    argp_err_exit_status = EXIT_CALLED_WRONG;
    if (argp_parse(&argp, argc, argv, 0, NULL, &asked) != 0) {
        return EXIT_CALLED_WRONG;
    }
    uint32_t tests = 0;
    size_t wrong = (size_t)asked.missing;
    for (size_t i = 0; i < asked.paths.count; i++) {
        wrong += !script_is_good(&asked, asked.paths.path[i], &tests);
    }
    if (!asked.quiet && wrong == 0) {
        printf("%zu script%s, %u test%s: good\n", asked.paths.count,
               asked.paths.count == 1 ? "" : "s", (unsigned)tests, tests == 1 ? "" : "s");
    }
    paths_free(&asked.paths);
    return wrong == 0 ? EXIT_GOOD : EXIT_INPUT;
}
