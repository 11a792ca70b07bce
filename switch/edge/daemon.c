#include "switch/edge/daemon.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "iso8583/base/log.h"

enum {
    EXIT_CONFIG = 3,
    EXIT_ADDRESS = 4,
    EXIT_STORE = 5,
    DRAIN_POLL_MS = 20,
    LOCK_TRIES = 60,
    LOCK_WAIT_MS = 50
};

static int64_t wall_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t daemon_clock_ms(void)
{
    return (int64_t)(uv_hrtime() / 1000000);
}

struct store_settings daemon_store_settings(const struct config *config, const char *data_dir)
{
    struct book_settings book = BOOK_SETTINGS_DEFAULT;
    book.window_ms = config->window_ms;
    book.window_day_ms = config->window_day_ms;
    return (struct store_settings){
        .path = data_dir,
        .map_bytes = config->store_map_bytes,
        .prealloc_bytes = config->store_prealloc_bytes,
        .queue_max = config->store_queue_max,
        .batch_max = config->store_batch_max,
        .book = book,
    };
}

/* What was told by the system where it was told something: a full disk, and not a failed read. */
static const char *reason(int err)
{
    if (err != ERR_IO || errno == 0) {
        return err_text(err);
    }
    /* A disk that fills up within a write tells so only to the next one. */
    return errno == EIO ? "Input/output error, or No space left on device" : strerror(errno);
}

#define MAP_HINT " (the store is full: raise store.map in the configuration, and start again)"

/* The writer thread calls this when a commit failed: nothing more may be approved. It says why with
 * what is safe on any thread, and the process is gone before another word leaves it. */
static void fail_stop(void *context, int err, const char *what)
{
    (void)context;
    fprintf(stderr,
            "switchd: STOPPED: %s: %s%s; nothing was approved that is not durable (exit 5)\n", what,
            reason(err), err == ERR_FULL ? MAP_HINT : "");
    _exit(EXIT_STORE);
}

static bool has_file(const char *data_dir, const char *name)
{
    char path[1200];
    snprintf(path, sizeof path, "%s/%s", data_dir, name);
    return access(path, F_OK) == 0;
}

/* What whoever reads the refusal should look at. Nothing is said of the key but where it is. */
static const char *store_hint(const char *data_dir, int result)
{
    switch (result) {
    case ERR_NOT_FOUND:
        return has_file(data_dir, "data.mdb") ? " (its file `key` is missing: it is in your backup)"
               : has_file(data_dir, "unfinished")
                   ? " (an --init was stopped half-way: run it again)"
                   : " (make one with --init)";
    case ERR_CONFIG:
        return " (its file `key` must hold the key alone, mode 0400 or 0600)";
    case ERR_CORRUPT:
        return " (it is damaged, or its file `key` is of another store)";
    case ERR_FULL:
        return MAP_HINT;
    case ERR_VERSION:
        return " (finish its days with that one, then make another with --init)";
    default:
        return "";
    }
}

static int open_store(struct daemon *daemon)
{
    struct store_settings settings = daemon_store_settings(daemon->config, daemon->data_dir);
    int result = store_open(&settings, &daemon->store);
    /* A predecessor that was killed holds the lock until the kernel has buried it. */
    for (int tries = 0; result == ERR_EXISTS && tries < LOCK_TRIES; tries++) {
        uv_sleep(LOCK_WAIT_MS);
        result = store_open(&settings, &daemon->store);
    }
    if (result != 0) {
        fprintf(stderr, "switchd: %s: cannot open the store: %s%s\n", daemon->data_dir,
                result == ERR_EXISTS ? "another process has it" : reason(result),
                store_hint(daemon->data_dir, result));
        return EXIT_STORE;
    }
    daemon->seal = store_seal(daemon->store);
    return 0;
}

/* What the recovery tells before there is a driver: straight to the core. */
static void on_due(void *context, const struct record *original)
{
    struct daemon *daemon = context;
    static struct actions ignored;
    bool known = original->issuer[0] == '\0' /* a dead letter that is only for staff */ ||
                 original->state == STATE_REVERSED;
    for (uint32_t i = 0; i < daemon->settings.issuer_count; i++) {
        known = known || strcmp(daemon->settings.issuers[i].name, original->issuer) == 0;
    }
    if (!known) {
        memcpy(daemon->orphan, original->issuer, sizeof daemon->orphan);
    }
    struct event event = {.kind = EV_RECOVERED_DUE,
                          .now_ms = (int64_t)uv_now(&daemon->loop),
                          .wall_ms = wall_now_ms(),
                          .u.record = original};
    core_step(daemon->core, &event, &ignored);
    CHECK(ignored.count == 0); /* no link stands yet: nothing can be drawn */
}

static int make_core(struct daemon *daemon)
{
    daemon->settings = daemon->config->core;
    if (getrandom(&daemon->settings.seed, sizeof daemon->settings.seed, 0) < 0) {
        return EXIT_STORE;
    }
    daemon->core_memory = calloc(1, core_memory(&daemon->settings));
    if (daemon->core_memory == NULL) {
        fprintf(stderr, "switchd: not enough memory for the limits in %s\n", daemon->config_path);
        return EXIT_STORE;
    }
    daemon->core = core_init(daemon->core_memory, &daemon->settings, wall_now_ms());
    return 0;
}

/* Finish what the last stop left open, aloud, before anybody is listened to. */
static int recover(struct daemon *daemon)
{
    struct book *book = store_book(daemon->store);
    int result = book_recover(book, wall_now_ms(), on_due, daemon, &daemon->recovered);
    uint32_t stan = 0;
    result = result != 0 ? result : book_last_stan(book, &stan);
    core_resume_stan(daemon->core, stan);
    if (result != 0) {
        fprintf(stderr, "switchd: %s: recovery failed: %s%s\n", daemon->data_dir, reason(result),
                result == ERR_FULL ? MAP_HINT : "");
        return EXIT_STORE;
    }
    if (daemon->orphan[0] != '\0') {
        fprintf(
            stderr,
            "switchd: %s: error: reversals are due to issuer '%s', which is not configured; keep "
            "it until they are done\n",
            daemon->config_path, daemon->orphan);
        return EXIT_CONFIG;
    }
    const struct book_recovered *found = &daemon->recovered;
    uint32_t day = book_current_day(book);
    fprintf(stderr, "  data      %s   business day %04u-%02u-%02u\n", daemon->data_dir, day / 10000,
            day / 100 % 100, day % 100);
    fprintf(stderr,
            "  recovered %llu open transactions: %llu reversals due, %llu declined; "
            "%llu reversals due in all\n",
            (unsigned long long)found->open_count, (unsigned long long)found->unknown_count,
            (unsigned long long)found->declined_count, (unsigned long long)found->due_count);
    return 0;
}

static void on_turn(uv_prepare_t *prepare)
{
    struct daemon *daemon = prepare->data;
    store_flush(daemon->store);
}

static void on_signal(uv_signal_t *signal, int number)
{
    (void)number;
    daemon_stop(signal->data);
}

static int make_edges(struct daemon *daemon)
{
    struct driver_parts parts = {.loop = &daemon->loop,
                                 .config = daemon->config,
                                 .core = daemon->core,
                                 .store = daemon->store,
                                 .seal = daemon->seal};
    if (getrandom(&parts.epoch, sizeof parts.epoch, 0) < 0) {
        return EXIT_STORE;
    }
    daemon->driver = driver_new(&parts);
    if (daemon->driver == NULL) {
        return EXIT_STORE;
    }
    daemon->terminals = terminal_edge_new(daemon->driver);
    daemon->issuers = issuer_edge_new(daemon->driver);
    daemon->hsm = hsm_client_new(daemon->driver);
    if (daemon->terminals == NULL || daemon->issuers == NULL || daemon->hsm == NULL) {
        fprintf(stderr, "switchd: not enough memory for the connections\n");
        return EXIT_STORE;
    }
    driver_connect(daemon->driver, daemon->terminals, daemon->issuers, daemon->hsm);
    return 0;
}

int daemon_admin_path(const struct config *config, const char *data_dir,
                      char out[ADMIN_PATH_LEN_MAX + 1])
{
    const char *name = config->admin_socket;
    bool is_absolute = name[0] == '/';
    int len = snprintf(out, ADMIN_PATH_LEN_MAX + 1, "%s%s%s", is_absolute ? "" : data_dir,
                       is_absolute ? "" : "/", name);
    if (len <= ADMIN_PATH_LEN_MAX) {
        return 0;
    }
    fprintf(stderr,
            "switchd: %s/%s: the path of the admin socket has %d characters, and a socket's may "
            "have %d: take a shorter --data, or an absolute admin.socket in the configuration\n",
            data_dir, name, len, ADMIN_PATH_LEN_MAX);
    return EXIT_ADDRESS;
}

static int open_admin(struct daemon *daemon)
{
    char path[ADMIN_PATH_LEN_MAX + 1];
    int code = daemon_admin_path(daemon->config, daemon->data_dir, path);
    if (code != 0) {
        return code;
    }
    int result = admin_open(&daemon->loop, path, daemon_commands, daemon, &daemon->admin);
    if (result != 0) {
        fprintf(stderr, "switchd: %s: cannot listen on the admin socket: %s\n", path,
                err_text(result));
        return EXIT_ADDRESS;
    }
    fprintf(stderr, "  admin     %s\n", path);
    return 0;
}

static int go_online(struct daemon *daemon)
{
    if (store_start(daemon->store, &daemon->loop, driver_on_stored, fail_stop, daemon->driver) !=
        0) {
        fprintf(stderr, "switchd: cannot start the writer thread\n");
        return EXIT_STORE;
    }
    uv_prepare_init(&daemon->loop, &daemon->turn);
    daemon->turn.data = daemon;
    uv_prepare_start(&daemon->turn, on_turn);
    uv_timer_init(&daemon->loop, &daemon->drain);
    daemon->drain.data = daemon;
    uv_signal_init(&daemon->loop, &daemon->terminate);
    uv_signal_init(&daemon->loop, &daemon->interrupt);
    daemon->terminate.data = daemon;
    daemon->interrupt.data = daemon;
    uv_signal_start(&daemon->terminate, on_signal, SIGTERM);
    uv_signal_start(&daemon->interrupt, on_signal, SIGINT);
    if (hsm_client_dial(daemon->hsm) != 0 || issuer_edge_dial(daemon->issuers) != 0) {
        fprintf(stderr, "switchd: cannot dial: check the addresses in %s\n", daemon->config_path);
        return EXIT_ADDRESS;
    }
    if (terminal_edge_listen(daemon->terminals) != 0) {
        return EXIT_ADDRESS;
    }
    return 0;
}

static void say_ready(const struct daemon *daemon)
{
    const struct core_settings *settings = &daemon->settings;
    for (uint32_t i = 0; i < settings->listener_count; i++) {
        const struct listener_settings *row = &settings->listeners[i];
        fprintf(stderr, "  listen    %-8s %s  frame %s  dialect %s\n", row->name, row->address,
                row->framing.name, row->dialect->name);
    }
    for (uint32_t i = 0; i < settings->link_count; i++) {
        const struct link_settings *row = &settings->links[i];
        fprintf(stderr, "  link      %-8s %s  frame %s  dialect %s  issuer %s\n", row->name,
                row->address, row->framing.name, row->dialect->name,
                settings->issuers[row->issuer].name);
    }
    for (uint32_t i = 0; i < daemon->config->hsm_count; i++) {
        fprintf(stderr, "  hsm       %s\n", daemon->config->hsm_addresses[i]);
    }
    fprintf(stderr, "ready in %lld ms\n", (long long)(daemon_clock_ms() - daemon->started_ms));
}

/* Keys pass through this process only as cryptograms, PANs in clear: no core dumps. */
static void forbid_core_dumps(void)
{
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);
}

int daemon_start(struct daemon *daemon)
{
    daemon->started_ms = daemon_clock_ms();
    forbid_core_dumps();
    fprintf(stderr, "switchd %s  pid %ld  %s\n", SWITCH_VERSION, (long)getpid(),
            daemon->config_path);
    if (uv_loop_init(&daemon->loop) != 0) {
        return EXIT_STORE;
    }
    int (*const steps[])(struct daemon *) = {open_store, make_core,  recover,
                                             make_edges, open_admin, go_online};
    for (size_t i = 0; i < ARRAY_COUNT(steps); i++) {
        int code = steps[i](daemon);
        if (code != 0) {
            return code;
        }
    }
    say_ready(daemon);
    return 0;
}

static void finish(struct daemon *daemon)
{
    uv_timer_stop(&daemon->drain);
    hsm_client_shutdown(daemon->hsm);
    issuer_edge_shutdown(daemon->issuers);
    terminal_edge_shutdown(daemon->terminals);
    store_stop(daemon->store);
    admin_close(daemon->admin);
    daemon->admin = NULL; /* who still searches has nobody to answer */
    driver_stop(daemon->driver);
    uv_close((uv_handle_t *)&daemon->turn, NULL);
    uv_close((uv_handle_t *)&daemon->drain, NULL);
    uv_close((uv_handle_t *)&daemon->terminate, NULL);
    uv_close((uv_handle_t *)&daemon->interrupt, NULL);
}

/* Wait for what terminals have under way; our own reversals are durable and go on after a restart.
 */
static void on_drain(uv_timer_t *timer)
{
    struct daemon *daemon = timer->data;
    uint32_t left = core_figures(daemon->core).terminal_slots;
    if (left == 0 || (int64_t)uv_now(&daemon->loop) >= daemon->drain_until_ms) {
        fprintf(stderr, "drained: %u transactions left open\n", left);
        finish(daemon);
    }
}

void daemon_stop(struct daemon *daemon)
{
    if (daemon->stopping) {
        return;
    }
    daemon->stopping = true;
    daemon->drain_until_ms = (int64_t)uv_now(&daemon->loop) + daemon->config->drain_ms;
    fprintf(stderr, "draining\n");
    terminal_edge_stop_listening(daemon->terminals);
    core_drain(daemon->core, true);
    uv_timer_start(&daemon->drain, on_drain, 0, DRAIN_POLL_MS);
}

int daemon_run(struct daemon *daemon)
{
    uv_run(&daemon->loop, UV_RUN_DEFAULT);
    terminal_edge_free(daemon->terminals);
    issuer_edge_free(daemon->issuers);
    hsm_client_free(daemon->hsm);
    driver_free(daemon->driver);
    store_close(daemon->store);
    bytes_wipe(daemon->core_memory, core_memory(&daemon->settings));
    free(daemon->core_memory);
    uv_loop_close(&daemon->loop);
    fprintf(stderr, "stopped\n");
    return daemon->exit_code;
}
