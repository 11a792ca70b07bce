/* isotest fmt: lay scripts out anew. */
#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "iso8583/base/source.h"
#include "tools/exit_code.h"
#include "tools/isotest/fmt.h"
#include "tools/isotest/paths.h"
#include "tools/isotest/verb.h"

enum { OPTION_CHECK = 'c' };

struct asked {
    struct paths paths;
    bool only_check;
    bool from_stdin;
    int missing;
};

static void on_report(void *context, const char *text)
{
    (void)context;
    fprintf(stderr, "%s\n", text);
}

static error_t on_option(int key, char *arg, struct argp_state *state)
{
    struct asked *asked = state->input;
    switch (key) {
    case OPTION_CHECK:
        asked->only_check = true;
        return 0;
    case ARGP_KEY_ARG:
        if (strcmp(arg, "-") == 0) {
            asked->from_stdin = true;
        } else if (paths_add(&asked->paths, arg) < 0) {
            fprintf(stderr, "isotest fmt: there is no script '%s'\n", arg);
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

static bool write_all(int fd, struct span text)
{
    while (text.len > 0) {
        ssize_t len = write(fd, text.ptr, text.len);
        if (len < 0 && errno == EINTR) {
            continue;
        }
        if (len <= 0) {
            return false;
        }
        text = span_skip(text, (size_t)len);
    }
    return true;
}

/* Put @text in the place of @path, whole or not at all. */
static int file_put(const char *path, struct span text)
{
    char name[PATH_MAX];
    struct stat status;
    int len = snprintf(name, sizeof name, "%s.XXXXXX", path);
    if (len < 0 || (size_t)len >= sizeof name || stat(path, &status) != 0) {
        fprintf(stderr, "%s: error: cannot be rewritten\n", path);
        return EXIT_IO;
    }
    int fd = mkstemp(name);
    bool good = fd >= 0 && write_all(fd, text) && fchmod(fd, status.st_mode & 07777u) == 0 &&
                fsync(fd) == 0;
    good = (fd < 0 || close(fd) == 0) && good;
    if (good && rename(name, path) == 0) {
        return EXIT_GOOD;
    }
    fprintf(stderr, "%s: error: cannot be rewritten: %s\n", path, strerror(errno));
    if (fd >= 0) {
        (void)unlink(name);
    }
    return EXIT_IO;
}

/* The same where @path may be a link: what it names is replaced, and it stays a link. */
static int file_replace(const char *path, struct span text)
{
    char *target = realpath(path, NULL);
    int code = file_put(target == NULL ? path : target, text);
    free(target);
    return code;
}

static int file_fmt(const char *path, bool only_check)
{
    struct span text;
    struct span laid;
    if (source_load(path, on_report, NULL, &text) < 0) {
        return EXIT_INPUT;
    }
    int status = fmt_text(path, text, on_report, NULL, &laid);
    int code = status < 0 ? EXIT_INPUT : EXIT_GOOD;
    if (status == 0 && !span_equal(text, laid)) {
        if (only_check) {
            printf("%s\n", path);
            code = EXIT_BAD;
        } else {
            code = file_replace(path, laid);
        }
    }
    if (status == 0) {
        free((void *)(uintptr_t)laid.ptr);
    }
    free((void *)(uintptr_t)text.ptr);
    return code;
}

static int stdin_fmt(bool only_check)
{
    struct span text;
    struct span laid;
    if (source_load("/dev/stdin", on_report, NULL, &text) < 0) {
        return EXIT_IO;
    }
    int code = fmt_text("-", text, on_report, NULL, &laid) < 0 ? EXIT_INPUT : EXIT_GOOD;
    if (code == EXIT_GOOD) {
        if (only_check) {
            code = span_equal(text, laid) ? EXIT_GOOD : EXIT_BAD;
        } else if (fwrite(laid.ptr, 1, laid.len, stdout) != laid.len || fflush(stdout) != 0) {
            code = EXIT_IO;
        }
        free((void *)(uintptr_t)laid.ptr);
    }
    free((void *)(uintptr_t)text.ptr);
    return code;
}

int verb_fmt(int argc, char **argv)
{
    static const struct argp_option rows[] = {
        {"check", OPTION_CHECK, NULL, 0, "change nothing; name the files that would change", 0},
        {0},
    };
    static const struct argp argp = {
        rows,
        on_option,
        "FILE|DIR...\n-",
        "Lay scripts out anew, in place; - reads stdin and writes stdout.\vExit codes: 0 done, 1 "
        "--check: some would change, 2 usage, 3 a script cannot be read, 5 I/O.",
        NULL,
        NULL,
        NULL};
    struct asked asked = {0};
    argp_err_exit_status = EXIT_CALLED_WRONG;
    if (argp_parse(&argp, argc, argv, 0, NULL, &asked) != 0) {
        return EXIT_CALLED_WRONG;
    }
    int code = asked.missing > 0 ? EXIT_INPUT : EXIT_GOOD;
    for (size_t i = 0; i < asked.paths.count; i++) {
        int one = file_fmt(asked.paths.path[i], asked.only_check);
        code = one > code ? one : code;
    }
    if (asked.from_stdin) {
        int one = stdin_fmt(asked.only_check);
        code = one > code ? one : code;
    }
    paths_free(&asked.paths);
    return code;
}
