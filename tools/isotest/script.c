#include "tools/isotest/script.h"

#include <stdlib.h>

#include "tools/isotest/parse.h"
#include "tools/isotest/regex.h"

enum { TREE_LEN_MAX = 1 << 30, TREE_LEN_MAX_ALONE = 64 << 20 /* without files: the fuzzer */ };

void script_free(struct script *script)
{
    if (script == NULL) {
        return;
    }
    regexes_free(script->regexes);
    for (uint32_t i = 0; i < script->file_count; i++) {
        free((void *)(uintptr_t)script->files[i].text.ptr);
    }
    arena_deinit(script->arena);
    free(script->arena);
    free(script);
}

const struct key *script_key(const struct script *script, struct span name)
{
    return names_find(script->key_names, name);
}

static void on_nothing(void *context, const char *text)
{
    (void)context;
    (void)text;
}

/* @script has its first file: parse and check. */
static int script_read(struct script *script, const struct script_options *options)
{
    struct teller teller = {.script = script,
                            .report = options->report != NULL ? options->report : on_nothing,
                            .context = options->context};
    struct script_options told = *options;
    told.report = teller.report;
    struct parser *parser = calloc(1, sizeof *parser);
    struct checker *checker = calloc(1, sizeof *checker);
    if (parser != NULL && checker != NULL) {
        *parser = (struct parser){
            .script = script, .arena = script->arena, .teller = &teller, .options = &told};
        parser_run(parser);
        struct names empty = {.arena = script->arena};
        *checker = (struct checker){.script = script,
                                    .arena = script->arena,
                                    .teller = &teller,
                                    .options = &told,
                                    .peers = empty,
                                    .cards = empty,
                                    .datas = empty,
                                    .keys = empty,
                                    .titles = empty,
                                    .rules = empty};
        checker->variables.names = checker->columns.names = checker->counters.names = empty;
        script->key_names = arena_take(script->arena, sizeof *script->key_names);
        /* What is wrong with the words makes names unknown that are not: one thing at a time. */
        if (teller.count == 0 && !script->arena->failed) {
            script_check(checker);
        }
    }
    bool failed = parser == NULL || checker == NULL || script->arena->failed;
    free(parser);
    free(checker);
    return failed ? ERR_MEMORY : teller.count > 0 ? ERR_CONFIG : 0;
}

/* A script of the file @path with @text, which becomes the script's. */
static int script_make(const char *path, struct span text, const struct script_options *options,
                       struct script **out)
{
    struct script *script = calloc(1, sizeof *script);
    struct arena *arena = malloc(sizeof *arena);
    if (script == NULL || arena == NULL) {
        free(script);
        free(arena);
        free((void *)(uintptr_t)text.ptr);
        return ERR_MEMORY;
    }
    arena_init(arena, options->no_files ? TREE_LEN_MAX_ALONE : TREE_LEN_MAX);
    script->arena = arena;
    script->files[0].text = text;
    script->file_count = 1;
    const char *copy = path_beside(arena, "", span_text(path));
    script->files[0].path = copy;
    int status = script_read(script, options);
    if (status < 0) {
        script_free(script);
        return status;
    }
    *out = script;
    return 0;
}

int script_load(const char *path, const struct script_options *options, struct script **out)
{
    struct span text;
    TRY(source_load(path, options->report != NULL ? options->report : on_nothing, options->context,
                    &text));
    return script_make(path, text, options, out);
}

int script_parse_text(const char *name, struct span text, const struct script_options *options,
                      struct script **out)
{
    uint8_t *copy = malloc(text.len > 0 ? text.len : 1);
    if (copy == NULL) {
        return ERR_MEMORY;
    }
    if (text.len > 0) {
        memcpy(copy, text.ptr, text.len);
    }
    return script_make(name, span_make(copy, text.len), options, out);
}
