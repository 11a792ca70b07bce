/* The configuration as one immutable result: switch.yml with its terminals, bins and cards.
 *
 * Everything is checked here and told at once, each problem with file, line and column; what comes
 * out is whole and consistent, and the rest of the daemon checks nothing of it again. Paths in the
 * file are relative to the file's own folder. The shape of the file is in config_yaml.c, a table
 * row a key. */
#pragma once

#include <stdio.h>

#include "iso8583/base/log.h"
#include "iso8583/base/source.h"
#include "switch/core/settings.h"

enum {
    HSM_UNITS_MAX = 8,
    CONFIG_PATH_LEN_MAX = 1023,
    CONFIG_SOCKET_LEN_MAX = 107, /* sockaddr_un.sun_path */
    /* Buffers of one connection (struct conn_limits), for the pool and for the memory plan. */
    CONFIG_CONN_IN_LEN = 8192,
    CONFIG_CONN_OUT_LEN = 16384,
};

struct config {
    /* seed is 0: the daemon copies this struct and draws one. Its arrays are the config's. */
    struct core_settings core;

    char hsm_addresses[HSM_UNITS_MAX][ADDRESS_LEN_MAX + 1];
    uint32_t hsm_count;
    uint32_t hsm_header_len;                      /* characters before the command code */
    uint32_t hsm_in_flight;                       /* questions that one HSM has at a time */
    char admin_socket[CONFIG_SOCKET_LEN_MAX + 1]; /* relative to the data directory, or absolute */

    uint64_t store_map_bytes;
    uint64_t store_prealloc_bytes;
    uint32_t store_queue_max; /* requests waiting or in a batch */
    uint32_t store_batch_max; /* requests a commit */
    int64_t window_ms;        /* how old a request may be and still answer a repeat */
    int64_t window_day_ms;    /* the same for groups of identity `day` */

    uint32_t frame_ms; /* from the first byte of a frame to its last */
    uint32_t idle_ms;  /* a terminal's silence until it is closed */
    uint32_t drain_ms; /* how long a stopping daemon waits for what is under way */

    uint8_t log_level; /* enum log_level */
    bool log_json;

    /* As opened: with the configuration's folder before them. Cards may be "". */
    char terminals_path[CONFIG_PATH_LEN_MAX + 1];
    char bins_path[CONFIG_PATH_LEN_MAX + 1];
    char cards_path[CONFIG_PATH_LEN_MAX + 1];
};

/* Read @path and the files that it names. @report is called for each problem (PROBLEM_COUNT_MAX at
 * most), also for files that cannot be read, with one or three lines without newline at the end.
 * Returns 0 and sets @out (config_free() it), ERR_CONFIG, ERR_IO if a file cannot be read, or
 * ERR_MEMORY. */
MUST_USE int config_load(const char *path, struct config **out, source_report report,
                         void *context);

/* The same of a switch.yml in memory, named @name in problems, without reading the files that it
 * names: for tests and fuzzing. */
MUST_USE int config_parse(struct span text, const char *name, struct config **out,
                          source_report report, void *context);

/* Wipe and free. NULL is allowed. */
void config_free(struct config *config);

/* Print what memory the limits of @config take, a line each and the sum. @core_bytes:
 * core_memory() of the settings; the store's and the connections' shares are computed. */
void config_memory_plan(const struct config *config, size_t core_bytes, FILE *out);
