/* bench [--json] [NAME [ARGUMENT...]]: run one bench, or all of the table. */
#include "tests/bench/bench.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "iso8583/base/check.h"

/* To add a bench: a file bench_x.c, its declaration in bench.h, one row here. */
static const struct {
    const char *name;
    bench_run *run;
    const char *about;
} benches[] = {
    {"codec", bench_codec,
     "decode, encode and answer a 0200 of 344 bytes, and others: [LOOPS] [ROUNDS]"},
    {"switch", bench_switch, "whole authorizations a second, with real processes: --help"},
};

uint64_t bench_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void bench_print(bool json, const char *bench, const char *what, double value, const char *unit)
{
    const char *format = json
                             ? "{\"bench\":\"%s\",\"what\":\"%s\",\"value\":%.1f,\"unit\":\"%s\"}\n"
                             : "%-8s %-24s %10.1f %s\n";
    printf(format, bench, what, value, unit);
}

static int usage(void)
{
    fprintf(stderr, "usage: bench [--json] [NAME [ARGUMENT...]]\n");
    for (size_t i = 0; i < ARRAY_COUNT(benches); i++) {
        fprintf(stderr, "  %-8s %s\n", benches[i].name, benches[i].about);
    }
    return 2;
}

/* Take --json out of the arguments, wherever it stands. */
static bool json_take(int *argc, char **argv)
{
    int kept = 0;
    for (int i = 0; i < *argc; i++) {
        if (i == 0 || strcmp(argv[i], "--json") != 0) {
            argv[kept++] = argv[i];
        }
    }
    bool was_there = kept < *argc;
    *argc = kept;
    argv[kept] = NULL;
    return was_there;
}

int main(int argc, char **argv)
{
    bool json = json_take(&argc, argv);
    argc--;
    argv++;
    if (argc > 0) {
        for (size_t i = 0; i < ARRAY_COUNT(benches); i++) {
            if (strcmp(benches[i].name, argv[0]) == 0) {
                return benches[i].run(argc, argv, json);
            }
        }
        return usage();
    }
    int worst = 0;
    for (size_t i = 0; i < ARRAY_COUNT(benches); i++) {
        char *only_name[] = {(char *)(uintptr_t)benches[i].name, NULL};
        int code = benches[i].run(1, only_name, json);
        worst = code > worst ? code : worst;
    }
    return worst;
}
