/* Which files a run has, and several of them at once. */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <jansson.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/isotest/run.h"

extern char **environ;

enum { FILES_MAX = 10000, JOBS_MAX = 64, ARGS_MAX = RUN_PASS_MAX + 16, ADDRESSES_MAX = 1024 };

/* --- files ------------------------------------------------------------------------------------ */

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static bool is_script(const char *name)
{
    size_t len = strlen(name);
    return len > 5 && strcmp(name + len - 5, ".isot") == 0;
}

int files_find(const struct run_options *options, char ***files, uint32_t *count)
{
    char **list = calloc(FILES_MAX, sizeof *list);
    char *here[] = {(char[]){"."}, NULL};
    FTS *walk = list == NULL ? NULL
                             : fts_open(options->path_count == 0 ? here : options->paths,
                                        FTS_NOCHDIR | FTS_COMFOLLOW | FTS_PHYSICAL, by_name);
    FTSENT *entry;
    int err = walk == NULL ? ERR_MEMORY : 0;
    *files = list;
    *count = 0;
    while (err == 0 && (entry = fts_read(walk)) != NULL) {
        bool is_named = entry->fts_level == FTS_ROOTLEVEL;
        if (entry->fts_info == FTS_NS || entry->fts_info == FTS_DNR) {
            fprintf(stderr, "isotest: %s: %s\n", entry->fts_path, strerror(entry->fts_errno));
            err = ERR_NOT_FOUND;
        } else if (entry->fts_info == FTS_F && (is_named || is_script(entry->fts_name)) &&
                   *count < FILES_MAX) {
            list[*count] = strdup(entry->fts_path);
            err = list[*count] == NULL ? ERR_MEMORY : 0;
            *count += err == 0;
        }
    }
    if (walk != NULL) {
        (void)fts_close(walk);
    }
    return err;
}

void files_free(char **files, uint32_t count)
{
    for (uint32_t i = 0; files != NULL && i < count; i++) {
        free(files[i]);
    }
    free(files);
}

/* --- whether they may run at once ------------------------------------------------------------- */

static void not_told(void *context, const char *text)
{
    (void)context;
    (void)text;
}

/* The variables of a script as a run begins with them. */
struct begun {
    struct span *variables;
    uint64_t *counters;
    uint64_t random;
    uint8_t *bytes;
    struct writer out;
    struct scope scope;
};

static void begun_close(struct begun *begun)
{
    free(begun->variables);
    free(begun->counters);
    free(begun->bytes);
}

static bool begun_open(struct begun *begun, const struct script *script, struct run *run)
{
    size_t cap = VALUE_LEN_MAX;
    for (const struct setting *setting = script->settings; setting; setting = setting->next) {
        cap += VALUE_LEN_MAX;
    }
    *begun = (struct begun){.variables = calloc(script->variable_count + 1, sizeof(struct span)),
                            .counters = calloc(script->counter_count + 1, sizeof(uint64_t)),
                            .bytes = malloc(cap)};
    if (begun->variables == NULL || begun->counters == NULL || begun->bytes == NULL) {
        return false;
    }
    begun->out = writer_make(begun->bytes, cap);
    begun->scope = (struct scope){.script = script,
                                  .variables = begun->variables,
                                  .random = &begun->random,
                                  .counters = begun->counters};
    for (uint32_t i = 0; i < script->variable_count; i++) {
        begun->variables[i] = run_variable(run, script->variables[i]);
    }
    for (const struct setting *setting = script->settings; setting; setting = setting->next) {
        struct span *variable = &begun->variables[setting->slot];
        struct span missing;
        if (run_variable(run, setting->name).ptr == NULL &&
            value_eval(&setting->value, &begun->scope, NULL, 0, &begun->out, variable, &missing) <
                0) {
            return false;
        }
    }
    return true;
}

/* The text that an address is in a run. */
static bool address_text(struct begun *begun, const struct value *address, char *text, size_t cap)
{
    uint8_t room[VALUE_LEN_MAX];
    struct writer out = writer_make(room, sizeof room);
    struct span got;
    struct span missing;
    if (value_eval(address, &begun->scope, NULL, 0, &out, &got, &missing) < 0) {
        return false;
    }
    (void)snprintf(text, cap, "%.*s", (int)got.len, (const char *)got.ptr);
    return true;
}

struct addresses {
    uint32_t count;
    struct {
        char text[100];
        const char *file;
    } row[ADDRESSES_MAX];
};

/* Add what @path listens on; false if another file does already. */
static bool addresses_add(struct addresses *addresses, const struct script *script,
                          struct begun *begun, const char *path)
{
    for (const struct peer_decl *decl = script->peers; decl != NULL; decl = decl->next) {
        char text[100];
        begun->scope.index = decl->first;
        if (!decl->listens || addresses->count == ADDRESSES_MAX ||
            !address_text(begun, &decl->address, text, sizeof text)) {
            continue; /* One that cannot be made fails where it runs. */
        }
        for (uint32_t i = 0; i < addresses->count; i++) {
            if (strcmp(addresses->row[i].text, text) == 0 && addresses->row[i].file != path) {
                fprintf(stderr,
                        "isotest: %s and %s both listen on %s: files run one after the other\n",
                        addresses->row[i].file, path, text);
                return false;
            }
        }
        memcpy(addresses->row[addresses->count].text, text, sizeof text);
        addresses->row[addresses->count++].file = path;
    }
    return true;
}

bool files_are_apart(const struct run_options *options, char *const *files, uint32_t count)
{
    static struct addresses addresses;
    bool are_apart = true;
    addresses.count = 0;
    for (uint32_t i = 0; i < count && are_apart; i++) {
        struct run run = {.options = options};
        struct script_options load = {.report = not_told,
                                      .variable = run_variable,
                                      .context = &run,
                                      .allow_exec = options->allow_exec};
        struct script *script = NULL;
        if (script_load(files[i], &load, &script) == 0) {
            struct begun begun;
            are_apart = !begun_open(&begun, script, &run) ||
                        addresses_add(&addresses, script, &begun, files[i]);
            begun_close(&begun);
            script_free(script);
        }
    }
    return are_apart;
}

/* --- processes -------------------------------------------------------------------------------- */

struct child {
    pid_t pid; /* 0: none */
    char json[RUN_PATH_LEN];
};

static int child_start(struct run *run, struct child *child, const char *file, uint32_t number)
{
    const struct run_options *options = run->options;
    const char *args[ARGS_MAX] = {"isotest",         "run",    file,           "--json",
                                  child->json,       "--seed", run->seed_text, "--no-money-check",
                                  "--quiet-children"};
    uint32_t count = 9;
    posix_spawn_file_actions_t actions;
    for (uint32_t i = 0; i < options->pass_count; i++) {
        args[count++] = options->pass[i];
    }
    args[count] = NULL;
    (void)snprintf(child->json, sizeof child->json, "%.4000s/job-%u.json", run->tmp, number);
    args[4] = child->json;
    if (posix_spawn_file_actions_init(&actions) != 0) {
        return ERR_MEMORY;
    }
    int err = posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    err = err != 0 ? err
                   : posix_spawn(&child->pid, "/proc/self/exe", &actions, NULL,
                                 (char *const *)(uintptr_t)args, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    if (err != 0) {
        child->pid = 0;
        errno = err;
        return ERR_IO;
    }
    return 0;
}

/* The results that a child has written. */
static void child_collect(struct run *run, struct child *child, int status)
{
    FILE *file = fopen(child->json, "re");
    json_t *row;
    json_error_t error;
    while (file != NULL && (row = json_loadf(file, JSON_DISABLE_EOF_CHECK, &error)) != NULL) {
        const char *type = json_string_value(json_object_get(row, "type"));
        const char *name = json_string_value(json_object_get(row, "file"));
        const char *title = json_string_value(json_object_get(row, "title"));
        const char *text = json_string_value(json_object_get(row, "text"));
        const char *rerun = json_string_value(json_object_get(row, "rerun"));
        if (type != NULL && strcmp(type, "test") == 0 && name != NULL && title != NULL &&
            text != NULL) {
            int64_t kind = json_integer_value(json_object_get(row, "kind"));
            struct result result = {.file = (char *)(uintptr_t)name,
                                    .title = (char *)(uintptr_t)title,
                                    .line =
                                        (unsigned)json_integer_value(json_object_get(row, "line")),
                                    .passed = json_is_true(json_object_get(row, "passed")),
                                    .skipped = json_is_true(json_object_get(row, "skipped")),
                                    .is_error = json_is_true(json_object_get(row, "error")),
                                    .kind = (uint8_t)(kind > 0 ? kind - 1 : 0),
                                    .took_us = json_integer_value(json_object_get(row, "took_us")),
                                    .text = (char *)(uintptr_t)text,
                                    .rerun = (char *)(uintptr_t)rerun};
            report_add(&run->report, &result);
        }
        json_decref(row);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
    run->script_wrong = run->script_wrong || code == 3;
    run->io_wrong = run->io_wrong || code == 5 || code >= 128;
    child->pid = 0;
}

static volatile sig_atomic_t stopped_by;

static void on_stop(int signal)
{
    stopped_by = signal;
}

static void children_stop(const struct child *children, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (children[i].pid != 0) {
            (void)kill(children[i].pid, SIGTERM);
        }
    }
}

void run_jobs(struct run *run, char *const *files, uint32_t count)
{
    static struct child children[JOBS_MAX];
    uint32_t jobs = run->options->jobs < JOBS_MAX ? run->options->jobs : JOBS_MAX;
    uint32_t started = 0;
    uint32_t running = 0;
    struct sigaction action = {.sa_handler = on_stop}; /* without SA_RESTART: it ends waitpid() */
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    while (running > 0 || (started < count && stopped_by == 0)) {
        for (uint32_t i = 0; i < jobs && started < count && stopped_by == 0; i++) {
            if (children[i].pid == 0) {
                if (child_start(run, &children[i], files[started], started) < 0) {
                    fprintf(stderr, "isotest: %s: %s\n", files[started], strerror(errno));
                    run->io_wrong = true;
                } else {
                    running++;
                }
                started++;
            }
        }
        int status = 0;
        pid_t pid = running == 0 ? 0 : waitpid(-1, &status, 0);
        if (pid < 0 && errno == EINTR) {
            children_stop(children, jobs);
        }
        for (uint32_t i = 0; i < jobs && pid > 0; i++) {
            if (children[i].pid == pid) {
                child_collect(run, &children[i], status);
                running--;
            }
        }
    }
    run->stop_signal = stopped_by;
}
