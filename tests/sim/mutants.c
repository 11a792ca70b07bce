#include "tests/sim/mutants.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "iso8583/base/check.h"

enum { SECONDS_MAX = 120, OUTPUT_MAX = 8192 };

/* Where CMake put them: one executable each. */
static const char folder[] = SIM_MUTANTS;

static int is_mutant(const struct dirent *file)
{
    return strncmp(file->d_name, "sim-", 4) == 0;
}

/* In the child: the mutant, its words into @pipe_out. A mutant may hang, so it has an alarm. */
static void become(const char *name, int pipe_out, uint64_t seed, uint64_t count)
{
    char path[512];
    char seed_text[24];
    char count_text[24];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    snprintf(seed_text, sizeof seed_text, "%llu", (unsigned long long)seed);
    snprintf(count_text, sizeof count_text, "%llu", (unsigned long long)count);
    dup2(pipe_out, STDOUT_FILENO);
    dup2(pipe_out, STDERR_FILENO);
    close(pipe_out);
    alarm(SECONDS_MAX);
    execl(path, path, "--seed", seed_text, "--count", count_text, (char *)NULL);
    _exit(127);
}

static void read_all(int pipe_in, char *out)
{
    size_t len = 0;
    char rest[256];
    for (;;) {
        bool full = len + 1 >= OUTPUT_MAX;
        ssize_t got = full ? read(pipe_in, rest, sizeof rest)
                           : read(pipe_in, out + len, OUTPUT_MAX - 1 - len);
        if (got <= 0) {
            break;
        }
        len += full ? 0 : (size_t)got;
    }
    out[len] = '\0';
}

/* The line that tells what was violated, or the CHECK that stopped it. */
static void print_verdict(const char *name, const char *output, int status)
{
    const char *line = strstr(output, "VIOLATED");
    const char *seed = strstr(output, "seed ");
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        printf("%-32s SURVIVED\n", name + 4);
    } else if (line != NULL && seed != NULL) {
        printf("%-32s seed %-5ld %.*s\n", name + 4, strtol(seed + 5, NULL, 10),
               (int)strcspn(line + 9, "\n"), line + 9);
    } else {
        printf("%-32s stopped:   %.*s\n", name + 4, (int)strcspn(output, "\n"), output);
    }
    fflush(stdout);
}

static bool run_one(const char *name, uint64_t seed, uint64_t count)
{
    static char output[OUTPUT_MAX];
    int ends[2];
    int status = 0;
    CHECK(pipe(ends) == 0);
    fflush(stdout);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        close(ends[0]);
        become(name, ends[1], seed, count);
    }
    close(ends[1]);
    read_all(ends[0], output);
    close(ends[0]);
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(!(WIFEXITED(status) && WEXITSTATUS(status) == 127));
    print_verdict(name, output, status);
    return !(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int mutants_run(uint64_t seed, uint64_t count)
{
    struct dirent **files = NULL;
    int found = scandir(folder, &files, is_mutant, alphasort);
    int survived = 0;
    for (int i = 0; i < found; i++) {
        survived += run_one(files[i]->d_name, seed, count) ? 0 : 1;
        free(files[i]);
    }
    free(files);
    printf("%d mutants, %d survived\n", found, survived);
    return found > 0 && survived == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
