/* The processes of the switch bench: an HSM, an issuer, the switch on a fresh store, each started
 * by fork and exec from the folder of this program, on free ports of 127.0.0.1. */
#pragma once

#include <sys/types.h>

#include "iso8583/base/bytes.h"

enum { WORLD_PATH_MAX = 512, WORLD_TEXT_MAX = 64, WORLD_PROCESSES_MAX = 4, WORLD_ARGS_MAX = 24 };

struct process {
    const char *name; /* static */
    pid_t pid;
};

struct world {
    char dir[WORLD_PATH_MAX]; /* private, removed by world_end() */
    char zpk[WORLD_TEXT_MAX]; /* of the set's keys, under the LMK */
    int port;                 /* where the switch listens */
    struct process processes[WORLD_PROCESSES_MAX];
    uint32_t process_count;
};

/* Make a private directory below @base (made if it is not there) and in it a set of terminals and
 * cards, "set". Returns 0 or an error after a line on stderr; world_end() in any case. */
MUST_USE int world_make(struct world *world, const char *base);

/* Start hsm-sim, issuer-stub and switchd with a fresh store, preallocated to @preallocate_mib. 0,
 * or an error after a line on stderr; world_stop() in any case. It does not wait until the switch
 * answers. */
MUST_USE int world_start(struct world *world, unsigned preallocate_mib);

/* Start @argv[0] (a path, or the name of a program beside this one) with its output to
 * DIR/NAME.log. 0 or ERR_IO. */
MUST_USE int world_run(struct world *world, const char *name, const char *const *argv);

/* Stop what was started, newest first, and wait for it. */
void world_stop(struct world *world);

/* world_stop(), and remove the directory. */
void world_end(struct world *world);

/* A port of 127.0.0.1 below 32768 that nobody listens on, or -1. */
int world_port(void);

/* The CPU that the process @name has used, user and system, in seconds; 0 if there is none. */
double world_cpu(const struct world *world, const char *name);

/* Print what the process @name said, to stderr. */
void world_show_log(const struct world *world, const char *name);

/* Join @name to the world's directory; returns @out. */
const char *world_path(const struct world *world, const char *name, char out[WORLD_PATH_MAX]);
