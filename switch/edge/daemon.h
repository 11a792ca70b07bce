/* The daemon: all parts, made in order and taken down in reverse. Composition, no decisions. */
#pragma once

#include "switch/edge/admin.h"
#include "switch/edge/driver.h"
#include "switch/edge/hsm_client.h"
#include "switch/edge/issuer.h"
#include "switch/edge/terminal.h"

struct daemon {
    uv_loop_t loop;
    const char *config_path;
    const char *data_dir;
    struct config *config;
    struct core_settings settings; /* the config's, with this process's seed */
    void *core_memory;
    struct core *core;
    struct store *store;
    struct seal *seal;
    struct driver *driver;
    struct terminal_edge *terminals;
    struct issuer_edge *issuers;
    struct hsm_client *hsm;
    struct admin *admin;
    uv_signal_t terminate;
    uv_signal_t interrupt;
    uv_prepare_t turn; /* end of each loop turn: hand what gathered to the writer */
    uv_timer_t drain;
    int64_t drain_until_ms;
    struct book_recovered recovered;
    char orphan[NAME_LEN_MAX + 1]; /* an issuer with reversals due that is not configured */
    int64_t started_ms;            /* monotonic */
    int exit_code;
    bool stopping;
};

/* Open the store, finish what a stop left open, start everything and say "ready". Returns 0, or the
 * exit code of the process after saying why on stderr. */
MUST_USE int daemon_start(struct daemon *daemon);

/* Run until told to stop; then drain, close and free. Returns the exit code. */
int daemon_run(struct daemon *daemon);

/* Begin to drain: no new requests, what is under way is finished, then the loop ends. */
void daemon_stop(struct daemon *daemon);

/* Milliseconds of a clock that nobody sets, for what lasts. */
int64_t daemon_clock_ms(void);

/* Settings of the store in @data_dir by @config. */
struct store_settings daemon_store_settings(const struct config *config, const char *data_dir);

/* Where the admin socket stands by @config and @data_dir: 0 and @out; or the exit code of the
 * process, after saying on stderr that the path is longer than a socket's may be. */
MUST_USE int daemon_admin_path(const struct config *config, const char *data_dir,
                               char out[ADMIN_PATH_LEN_MAX + 1]);

/* The admin commands (commands.c), ended by a row without a name. */
extern const struct admin_command daemon_commands[];
