/* sim: run worlds by their seeds, or the mutants.
 *
 *   sim --seed S [--count N] [--verbose] [--minutes M] [--twice] [--marks]
 *   sim --mutants [--seed S] [--count N]
 *
 * Exit: 0 all is well, 1 an invariant was violated (or a mutant survived), 2 usage. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/sim/hsm.h"
#include "tests/sim/mutants.h"
#include "tests/sim/world.h"

struct options {
    uint64_t seed;
    uint64_t count;
    uint64_t minutes; /* 0: no limit of time */
    bool verbose;
    bool twice; /* each seed again: the same actions? */
    bool marks; /* every row of the table must be reached */
    bool mutants;
};

static void report(const struct world *world, uint64_t seed)
{
    printf("seed %llu: VIOLATED %s: %s\n", (unsigned long long)seed, world->fault_name,
           world->fault_text);
    printf("  replay: sim --seed %llu --verbose\n", (unsigned long long)seed);
}

static bool run_seed(const struct options *options, uint64_t seed, uint64_t *hash)
{
    static struct world world;
    bool fine = world_run(&world, seed, options->verbose);
    uint64_t first = world.hash;
    if (!fine) {
        report(&world, seed);
    }
    world_free(&world);
    if (fine && options->twice) {
        fine = world_run(&world, seed, false) && world.hash == first;
        if (!fine) {
            printf("seed %llu: VIOLATED replay: the same seed gave other actions\n",
                   (unsigned long long)seed);
        }
        world_free(&world);
    }
    *hash = (*hash ^ first) * 0x100000001B3ull;
    if (options->verbose) {
        printf("seed %llu: actions %016llx\n", (unsigned long long)seed, (unsigned long long)first);
    }
    return fine;
}

static int run_seeds(const struct options *options)
{
    uint64_t hash = 0xCBF29CE484222325ull;
    uint64_t done = 0;
    time_t begin = time(NULL);
    bool fine = true;
    while (fine && (options->minutes != 0 || done < options->count)) {
        fine = run_seed(options, options->seed + done, &hash);
        done++;
        if (options->minutes != 0 && time(NULL) - begin >= (time_t)options->minutes * 60) {
            break;
        }
    }
    if (options->marks) {
        marks_print();
        fine = marks_complete() && fine;
    }
    printf("%llu worlds from seed %llu, actions %016llx: %s\n", (unsigned long long)done,
           (unsigned long long)options->seed, (unsigned long long)hash, fine ? "fine" : "FAILED");
    sim_hsm_close();
    return fine ? EXIT_SUCCESS : EXIT_FAILURE;
}

static bool read_number(int argc, char **argv, int *at, uint64_t *out)
{
    ++*at;
    return *at < argc && span_number(span_text(argv[*at]), out) == 0;
}

static bool read_options(int argc, char **argv, struct options *options)
{
    for (int i = 1; i < argc; i++) {
        struct span word = span_text(argv[i]);
        bool good = true;
        if (span_equal_text(word, "--seed")) {
            good = read_number(argc, argv, &i, &options->seed);
        } else if (span_equal_text(word, "--count")) {
            good = read_number(argc, argv, &i, &options->count);
        } else if (span_equal_text(word, "--minutes")) {
            good = read_number(argc, argv, &i, &options->minutes);
        } else if (span_equal_text(word, "--verbose")) {
            options->verbose = true;
        } else if (span_equal_text(word, "--twice")) {
            options->twice = true;
        } else if (span_equal_text(word, "--marks")) {
            options->marks = true;
        } else if (span_equal_text(word, "--mutants")) {
            options->mutants = true;
        } else {
            good = false;
        }
        if (!good) {
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    struct options options = {.seed = 1, .count = 1};
    if (!read_options(argc, argv, &options)) {
        fprintf(stderr,
                "usage: sim --seed S [--count N] [--verbose] [--minutes M] [--twice] [--marks]\n"
                "       sim --mutants [--seed S] [--count N]\n");
        return 2;
    }
    if (options.mutants) {
        return mutants_run(options.seed, options.count > 1 ? options.count : 2000);
    }
    return run_seeds(&options);
}
