/* What the files of `isotest run` share. */
#pragma once

#include "tools/isotest/money.h"
#include "tools/isotest/report.h"

enum { RUN_PASS_MAX = 128, RUN_VARS_MAX = 64, RUN_PATH_LEN = 4096 };

struct run_options {
    char **paths; /* files and folders */
    int path_count;
    const char *tags; /* "smoke,!slow", or NULL */
    const char *vars[RUN_VARS_MAX];
    uint32_t var_count;
    const char *pass[RUN_PASS_MAX]; /* options that a child process is given as well */
    uint32_t pass_count;
    char rerun[8192];             /* " --data x": what a rerun needs of them, quoted */
    const char *at[RUN_VARS_MAX]; /* "seq.NAME=N", "data.NAME=N": where counters begin */
    uint32_t at_count;
    bool is_child; /* of --jobs: the parent tells what there is to say */
    const char *junit;
    const char *json;
    bool tap;
    bool keep_going;
    bool allow_exec;
    bool explain;
    bool keep_tmp;
    bool no_money;
    uint32_t jobs;
    unsigned from_line;
    uint64_t seed;
    uint32_t timeout_ms; /* of the whole run; 0: none */
    uint32_t settle_ms;  /* for issuers to be connected to */
    char socket[RUN_PATH_LEN];
    bool has_socket;
};

/* What is done, over all files. */
struct run {
    const struct run_options *options;
    struct report report;
    struct money *money; /* NULL: no check */
    uv_loop_t loop;
    uv_timer_t tick;
    uv_signal_t on_int;
    uv_signal_t on_term;
    int64_t deadline_us; /* 0: none */
    int stop_signal;     /* 0: none */
    bool timed_out;
    bool called_wrong;
    bool script_wrong;
    bool io_wrong;
    bool unbalanced;
    char seed_text[24];
    char tmp[RUN_PATH_LEN]; /* "": not made */
    /* of the file that runs */
    char told[4096]; /* what stderr was told of it */
    struct engine *engine;
    strand_id strand; /* 0: none runs */
    bool passed;
};

/* Whether nothing more is to be begun: a signal, the time. */
bool run_is_over(const struct run *run);

/* --- run_file.c: one file in this process ----------------------------------------------------- */
void run_file(struct run *run, const char *path);

/* --- run_jobs.c: which files, and several at once --------------------------------------------- */

/* The scripts that @options names: files as they are, of folders all *.isot below, in the order of
 * their names. malloc'ed list of malloc'ed paths. 0, or ERR_NOT_FOUND, ERR_MEMORY (told). */
MUST_USE int files_find(const struct run_options *options, char ***files, uint32_t *count);
void files_free(char **files, uint32_t count);

/* Whether no two of @files listen on one address: then they may run at once. False is told. */
bool files_are_apart(const struct run_options *options, char *const *files, uint32_t count);

/* Each file in a process of its own, options->jobs at once; their results are added to the report.
 */
void run_jobs(struct run *run, char *const *files, uint32_t count);

/* A variable from outside: --var, {{seed}}, {{tmp}} (struct script_options.variable). @context:
 * struct run. */
struct span run_variable(void *context, struct span name);
