#include "tests/bench/bench_world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/load/setup.h"

enum { TERMINALS = 192, CARDS = 512, PORT_FIRST = 20000, PORT_LAST = 31000 };

const char *world_path(const struct world *world, const char *name, char out[WORLD_PATH_MAX])
{
    int len = snprintf(out, WORLD_PATH_MAX, "%s/%s", world->dir, name);
    CHECK(len > 0 && len < WORLD_PATH_MAX);
    return out;
}

static int failed(const char *what, const char *name)
{
    fprintf(stderr, "bench: %s %s: %s\n", what, name, strerror(errno));
    return ERR_IO;
}

int world_port(void)
{
    static unsigned turn;
    unsigned base = (unsigned)getpid() * 7919u + (unsigned)time(NULL);
    for (unsigned tries = 0; tries < PORT_LAST - PORT_FIRST; tries++) {
        unsigned port = PORT_FIRST + (base + turn++) % (PORT_LAST - PORT_FIRST);
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_port = htons((uint16_t)port),
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        bool is_free = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
        if (fd >= 0) {
            close(fd);
        }
        if (is_free) {
            return (int)port;
        }
    }
    return -1;
}

/* --- Processes -------------------------------------------------------------------------------- */

/* In the child: what follows is the program's. */
static _Noreturn void become(const struct world *world, const char *name, const char *const *argv)
{
    char text[WORLD_PATH_MAX];
    char log[WORLD_TEXT_MAX];
    snprintf(log, sizeof log, "%s.log", name);
    int fd = open(world_path(world, log, text), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* should the bench be killed */
    if (fd >= 0 && dup2(fd, STDOUT_FILENO) >= 0 && dup2(fd, STDERR_FILENO) >= 0) {
        execv(argv[0], (char *const *)(uintptr_t)argv);
    }
    _exit(127);
}

/* The path of a program beside this one. */
static int beside(const char *name, char out[WORLD_PATH_MAX])
{
    char self[WORLD_PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    if (len <= 0) {
        return ERR_IO;
    }
    self[len] = '\0';
    *strrchr(self, '/') = '\0';
    return snprintf(out, WORLD_PATH_MAX, "%s/%s", self, name) < WORLD_PATH_MAX ? 0 : ERR_LENGTH;
}

int world_run(struct world *world, const char *name, const char *const *argv)
{
    char path[WORLD_PATH_MAX];
    const char *args[WORLD_ARGS_MAX + 1] = {path};
    CHECK(world->process_count < WORLD_PROCESSES_MAX);
    if (strchr(argv[0], '/') != NULL) {
        args[0] = argv[0];
    } else {
        TRY(beside(argv[0], path));
    }
    for (size_t i = 1; argv[i] != NULL; i++) {
        CHECK(i < WORLD_ARGS_MAX);
        args[i] = argv[i];
    }
    pid_t pid = fork();
    if (pid == 0) {
        become(world, name, args);
    }
    if (pid < 0) {
        return failed("cannot start", name);
    }
    world->processes[world->process_count++] = (struct process){name, pid};
    return 0;
}

void world_stop(struct world *world)
{
    while (world->process_count > 0) {
        struct process *process = &world->processes[--world->process_count];
        kill(process->pid, SIGTERM);
        while (waitpid(process->pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
}

/* Fields 14 and 15 of /proc/PID/stat are ticks; the name in field 2 may hold anything but ')'. */
double world_cpu(const struct world *world, const char *name)
{
    for (uint32_t i = 0; i < world->process_count; i++) {
        char path[WORLD_TEXT_MAX];
        char text[1024];
        unsigned long user = 0;
        unsigned long system = 0;
        if (strcmp(world->processes[i].name, name) != 0) {
            continue;
        }
        snprintf(path, sizeof path, "/proc/%ld/stat", (long)world->processes[i].pid);
        FILE *file = fopen(path, "r");
        size_t len = file == NULL ? 0 : fread(text, 1, sizeof text - 1, file);
        if (file != NULL) {
            fclose(file);
        }
        text[len] = '\0';
        const char *end = strrchr(text, ')');
        if (end != NULL && sscanf(end + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                                  &user, &system) == 2) {
            return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
        }
    }
    return 0;
}

/* --- Files ------------------------------------------------------------------------------------ */

static int remove_one(const char *path, const struct stat *stat, int kind, struct FTW *ftw)
{
    (void)stat;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static void remove_tree(const char *path)
{
    (void)nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* The line ZPK_VISA= of the set's keys. */
static int zpk_read(struct world *world)
{
    char path[WORLD_PATH_MAX];
    char line[WORLD_TEXT_MAX + 16];
    FILE *file = fopen(world_path(world, "set/keys.env", path), "r");
    if (file == NULL) {
        return failed("cannot read", path);
    }
    while (fgets(line, sizeof line, file) != NULL) {
        (void)sscanf(line, "ZPK_VISA=%63s", world->zpk);
    }
    fclose(file);
    return world->zpk[0] != '\0' ? 0 : failed("no ZPK_VISA in", path);
}

static int write_text(const struct world *world, const char *name, const char *text)
{
    char path[WORLD_PATH_MAX];
    FILE *file = fopen(world_path(world, name, path), "w");
    if (file == NULL || fputs(text, file) < 0) {
        return failed("cannot write", path);
    }
    return fclose(file) == 0 ? 0 : failed("cannot write", path);
}

int world_make(struct world *world, const char *base)
{
    char set[WORLD_PATH_MAX];
    *world = (struct world){0};
    if (mkdir(base, 0777) != 0 && errno != EEXIST) {
        return failed("cannot make", base);
    }
    if (snprintf(world->dir, sizeof world->dir - WORLD_TEXT_MAX, "%s/world-XXXXXX", base) >=
            (int)sizeof world->dir - WORLD_TEXT_MAX ||
        mkdtemp(world->dir) == NULL) {
        world->dir[0] = '\0';
        return failed("cannot make a directory in", base);
    }
    struct setup setup = {world_path(world, "set", set), 20261120, TERMINALS, CARDS};
    TRY(setup_make(&setup));
    TRY(zpk_read(world));
    return write_text(world, "set/bins.csv", "prefix,issuer\n4,visa\n");
}

static int configure(const struct world *world, int hsm, int issuer, unsigned preallocate_mib)
{
    char text[2048];
    int len =
        snprintf(text, sizeof text,
                 "store:\n  map: 8GiB\n  preallocate: %uMiB\n"
                 "hsm:\n  address: 127.0.0.1:%d\n"
                 "files:\n  terminals: terminals.csv\n  bins: bins.csv\n"
                 "listeners:\n  pos:\n    address: 127.0.0.1:%d\n    frame: len2\n"
                 "    dialect: iso87_ascii\n    connections: 2000\n"
                 "groups:\n"
                 "  shops:\n    identity: de12\n    acquirer: \"10000000001\"\n    mac: required\n"
                 "  kiosks:\n    identity: de12\n    acquirer: \"10000000001\"\n    mac: optional\n"
                 "issuers:\n  visa:\n    id: \"40000000001\"\n    pin: translate\n"
                 "    zpk: %s\n"
                 "links:\n  visa1:\n    issuer: visa\n    address: 127.0.0.1:%d\n"
                 "    frame: len2\n    dialect: iso87_ascii\n    answer: 10s\n",
                 preallocate_mib, hsm, world->port, world->zpk, issuer);
    CHECK(len > 0 && len < (int)sizeof text);
    return write_text(world, "set/switch.yml", text);
}

void world_show_log(const struct world *world, const char *name)
{
    char path[WORLD_PATH_MAX];
    char log[WORLD_TEXT_MAX];
    char line[512];
    snprintf(log, sizeof log, "%s.log", name);
    FILE *file = fopen(world_path(world, log, path), "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        fprintf(stderr, "  %s: %s", name, line);
    }
    if (file != NULL) {
        fclose(file);
    }
}

/* switchd --init, which ends by itself. */
static int store_make(struct world *world, const char *config, const char *data)
{
    const char *const argv[] = {"switchd", "-c", config, "--data", data, "--init", NULL};
    int status = 0;
    remove_tree(data);
    TRY(world_run(world, "init", argv));
    pid_t pid = world->processes[--world->process_count].pid;
    if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        world_show_log(world, "init");
        return ERR_IO;
    }
    return 0;
}

int world_start(struct world *world, unsigned preallocate_mib)
{
    char config[WORLD_PATH_MAX];
    char data[WORLD_PATH_MAX];
    char accounts[WORLD_PATH_MAX];
    char hsm_address[WORLD_TEXT_MAX];
    char issuer_address[WORLD_TEXT_MAX];
    int hsm = world_port();
    int issuer = world_port();
    world->port = world_port();
    snprintf(hsm_address, sizeof hsm_address, "127.0.0.1:%d", hsm);
    snprintf(issuer_address, sizeof issuer_address, "127.0.0.1:%d", issuer);
    world_path(world, "set/switch.yml", config);
    world_path(world, "data", data);
    world_path(world, "set/accounts-visa.csv", accounts);
    const char *const hsm_argv[] = {"hsm-sim", "--listen", hsm_address, NULL};
    /* The PIN block is the HSM's work once, on its way; an issuer would ask an HSM of its own. */
    const char *const issuer_argv[] = {
        "issuer-stub", "--listen",     issuer_address, "--accounts",
        accounts,      "--no-journal", "--rule",       "when mti == 0200 then approve",
        NULL};
    const char *const switch_argv[] = {"switchd", "-c", config, "--data", data, NULL};
    TRY(configure(world, hsm, issuer, preallocate_mib));
    TRY(store_make(world, config, data));
    TRY(world_run(world, "hsm", hsm_argv));
    TRY(world_run(world, "issuer", issuer_argv));
    return world_run(world, "switch", switch_argv);
}

void world_end(struct world *world)
{
    world_stop(world);
    if (world->dir[0] != '\0') {
        remove_tree(world->dir);
        world->dir[0] = '\0';
    }
}
