#include "switch/config/config.h"

#include <inttypes.h>
#include <stdlib.h>

#include "routes/route_file.h"
#include "switch/config/card_file.h"
#include "switch/config/config_yaml.h"
#include "switch/config/terminal_file.h"
#include "switch/core/book.h"

/* Passes problems on, up to the maximum over all files. */
struct telling {
    source_report report;
    void *context;
    uint32_t count;
};

static void tell(void *context, const char *text)
{
    struct telling *telling = context;
    if (telling->count++ < PROBLEM_COUNT_MAX) {
        telling->report(telling->context, text);
    }
}

/* What has gone wrong so far, the first of it. */
static int first_of(int err, int next)
{
    return err != 0 ? err : next;
}

static void text_free(struct span text)
{
    uint8_t *writable = (uint8_t *)(uintptr_t)text.ptr; /* From source_load(): ours to free. */
    if (writable != NULL) {
        bytes_wipe(writable, text.len);
        free(writable);
    }
}

/* Make @name relative to the folder of @config_path. */
static int path_resolve(const char *config_path, char name[CONFIG_PATH_LEN_MAX + 1])
{
    char whole[CONFIG_PATH_LEN_MAX + 1];
    const char *slash = strrchr(config_path, '/');
    if (name[0] == '\0' || name[0] == '/' || slash == NULL) {
        return 0;
    }
    int len =
        snprintf(whole, sizeof whole, "%.*s/%s", (int)(slash - config_path), config_path, name);
    if (len < 0 || (size_t)len >= sizeof whole) {
        return ERR_LENGTH;
    }
    memcpy(name, whole, (size_t)len + 1);
    return 0;
}

static int paths_resolve(const char *path, struct config *config, struct telling *telling)
{
    if (path_resolve(path, config->terminals_path) < 0 ||
        path_resolve(path, config->bins_path) < 0 || path_resolve(path, config->cards_path) < 0) {
        tell(telling, "a path of 'files' is too long");
        return ERR_CONFIG;
    }
    return 0;
}

static int terminals_load(struct config_yaml *yaml, struct telling *telling)
{
    const char *path = yaml->config.terminals_path;
    struct terminal_settings *terminals = NULL;
    struct span text = SPAN_NONE;
    TRY(source_load(path, tell, telling, &text));
    int err = terminal_file_parse(text, path, yaml->groups.items, yaml->groups.count, tell, telling,
                                  &terminals, &yaml->config.core.terminal_count);
    yaml->config.core.terminals = terminals;
    text_free(text);
    return err;
}

static int cards_load(struct config_yaml *yaml, struct telling *telling)
{
    const char *path = yaml->config.cards_path;
    struct card_settings *cards = NULL;
    struct span text = SPAN_NONE;
    TRY(source_load(path, tell, telling, &text));
    int err = card_file_parse(text, path, tell, telling, &cards, &yaml->config.core.card_count);
    yaml->config.core.cards = cards;
    text_free(text);
    return err;
}

static int bins_load(struct config_yaml *yaml, struct telling *telling)
{
    const struct issuer_settings *issuers = yaml->issuers.items;
    uint32_t count = yaml->issuers.count;
    const char **names = calloc(count + 1, sizeof *names);
    if (names == NULL) {
        return ERR_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        names[i] = issuers[i].name;
    }
    struct routes *routes = NULL;
    int err = routes_read(yaml->config.bins_path, names, count, tell, telling, &routes);
    yaml->config.core.routes = err == 0 ? routes : NULL;
    free(names);
    return err;
}

/* Read the files that @yaml names, as far as it names them. Returns the first error. */
static int files_load(struct config_yaml *yaml, const char *path, struct telling *telling)
{
    struct config *config = &yaml->config;
    TRY(paths_resolve(path, config, telling));
    int err = 0;
    if (config->terminals_path[0] != '\0') {
        err = first_of(err, terminals_load(yaml, telling));
    }
    if (config->bins_path[0] != '\0') {
        err = first_of(err, bins_load(yaml, telling));
    }
    if (config->cards_path[0] != '\0') {
        err = first_of(err, cards_load(yaml, telling));
    }
    return err;
}

/* Move what was bound into @out; the arrays go with it. */
static int config_take(struct config_yaml *yaml, struct config **out)
{
    struct config *config = malloc(sizeof *config);
    if (config == NULL) {
        return ERR_MEMORY;
    }
    struct core_settings *core = &yaml->config.core;
    core->listeners = yaml->listeners.items;
    core->listener_count = yaml->listeners.count;
    core->groups = yaml->groups.items;
    core->group_count = yaml->groups.count;
    core->issuers = yaml->issuers.items;
    core->issuer_count = yaml->issuers.count;
    core->links = yaml->links.items;
    core->link_count = yaml->links.count;
    *config = yaml->config;
    memset(yaml, 0, sizeof *yaml);
    *out = config;
    return 0;
}

static void free_items(const void *items, size_t len)
{
    void *writable = (void *)(uintptr_t)items; /* Made by calloc() here; const for its readers. */
    if (writable != NULL) {
        bytes_wipe(writable, len);
        free(writable);
    }
}

static void files_free(struct core_settings *core)
{
    free_items(core->terminals, core->terminal_count * sizeof core->terminals[0]);
    free_items(core->cards, core->card_count * sizeof core->cards[0]);
    if (core->routes != NULL) {
        routes_free((struct routes *)(uintptr_t)core->routes);
    }
}

int config_parse(struct span text, const char *name, struct config **out, source_report report,
                 void *context)
{
    struct config_yaml yaml;
    *out = NULL;
    int err = config_yaml_read(text, name, &yaml, report, context);
    err = err == 0 ? config_take(&yaml, out) : err;
    config_yaml_deinit(&yaml);
    return err;
}

int config_load(const char *path, struct config **out, source_report report, void *context)
{
    struct telling telling = {.report = report, .context = context};
    struct config_yaml yaml = {0};
    struct span text = SPAN_NONE;
    *out = NULL;
    TRY(source_load(path, report, context, &text));
    int err = config_yaml_read(text, path, &yaml, tell, &telling);
    text_free(text);
    err = first_of(err, files_load(&yaml, path, &telling));
    err = err == 0 ? config_take(&yaml, out) : err;
    if (err != 0) {
        files_free(&yaml.config.core);
    }
    config_yaml_deinit(&yaml);
    return err;
}

void config_free(struct config *config)
{
    if (config == NULL) {
        return;
    }
    struct core_settings *core = &config->core;
    files_free(core);
    free_items(core->listeners, core->listener_count * sizeof core->listeners[0]);
    free_items(core->groups, core->group_count * sizeof core->groups[0]);
    free_items(core->issuers, core->issuer_count * sizeof core->issuers[0]);
    free_items(core->links, core->link_count * sizeof core->links[0]);
    bytes_wipe(config, sizeof *config);
    free(config);
}

void config_memory_plan(const struct config *config, size_t core_bytes, FILE *out)
{
    const struct core_settings *core = &config->core;
    uint64_t connections = core->link_count + 1; /* The HSM's is the one. */
    for (uint32_t i = 0; i < core->listener_count; i++) {
        connections += core->listeners[i].connections_max;
    }
    const struct {
        const char *what;
        uint64_t count;
        uint64_t bytes;
    } rows[] = {
        {"transaction slots", core->slots_max, core_bytes},
        {"store requests", config->store_queue_max,
         config->store_queue_max *
             (uint64_t)(sizeof(struct book_request) + sizeof(struct book_answer))},
        {"connections", connections, connections * (CONFIG_CONN_IN_LEN + CONFIG_CONN_OUT_LEN)},
        {"terminals", core->terminal_count, core->terminal_count * sizeof core->terminals[0]},
        {"cards", core->card_count, core->card_count * sizeof core->cards[0]},
    };
    uint64_t sum = 0;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        sum += rows[i].bytes;
        fprintf(out, "  %-18s %8" PRIu64 " %8.1f MiB\n", rows[i].what, rows[i].count,
                (double)rows[i].bytes / 1048576.0);
    }
    fprintf(out, "  %-18s %8s %8.1f MiB, and %.1f GiB of address space for the store\n", "together",
            "", (double)sum / 1048576.0, (double)config->store_map_bytes / 1073741824.0);
}
