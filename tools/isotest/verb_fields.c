/* isotest fields: what a script may call the fields of a dialect. */
#include <argp.h>
#include <stdio.h>

#include "iso8583/dialect_file.h"
#include "tools/exit_code.h"
#include "tools/isotest/verb.h"

static const char *const content_names[] = {
    [ISO_NONE] = "-",  [ISO_N] = "n", [ISO_A] = "a", [ISO_AN] = "an",
    [ISO_ANS] = "ans", [ISO_B] = "b", [ISO_Z] = "z", [ISO_XN] = "x+n",
};

static error_t on_option(int key, char *arg, struct argp_state *state)
{
    const char **name = state->input;
    switch (key) {
    case ARGP_KEY_ARG:
        if (*name != NULL) {
            argp_usage(state);
        }
        *name = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void tell(void *context, const char *text)
{
    (void)context;
    fprintf(stderr, "%s\n", text);
}

static void names_print(FILE *out)
{
    fprintf(out, "dialects:");
    for (size_t i = 0; dialect_at(i) != NULL; i++) {
        fprintf(out, " %s", dialect_at(i)->name);
    }
    fprintf(out, "\n");
}

static void fields_print(const struct iso_dialect *dialect)
{
    printf("%-4s %-28s %-4s %s\n", "DE", "alias", "", "length");
    printf("%-4s %-28s %-4s %s\n", "-", "mti", "n", "4");
    printf("%-4s %-28s %-4s %s\n", "-", "hdr.tpdu", "b", "5");
    for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
        const struct iso_field_row *row = &dialect->field[de];
        if (row->content != ISO_NONE) {
            printf("%-4u %-28s %-4s %s%u\n", de, row->name, content_names[row->content],
                   row->prefix == 0   ? ""
                   : row->prefix == 2 ? ".."
                                      : "...",
                   (unsigned)row->len);
        }
    }
}

int verb_fields(int argc, char **argv)
{
    static const struct argp argp = {
        NULL,
        on_option,
        "[DIALECT]",
        "Print the fields of a dialect: number, alias, format, length (.. and ...: up to). Without "
        "DIALECT, the dialects.",
        NULL,
        NULL,
        NULL};
    const char *name = NULL;
    argp_err_exit_status = EXIT_CALLED_WRONG;
    if (argp_parse(&argp, argc, argv, 0, NULL, &name) != 0) {
        return EXIT_CALLED_WRONG;
    }
    if (name == NULL) {
        names_print(stdout);
        return EXIT_GOOD;
    }
    const struct iso_dialect *dialect = dialect_find(name);
    if (dialect == NULL && !dialect_name_is_path(name)) {
        fprintf(stderr, "isotest fields: there is no dialect '%s'; ", name);
        names_print(stderr);
        return EXIT_CALLED_WRONG;
    }
    int err = dialect_get(name, NULL, tell, NULL, &dialect);
    if (err < 0) {
        return err == ERR_IO ? EXIT_IO : EXIT_INPUT;
    }
    fields_print(dialect);
    return EXIT_GOOD;
}
