/* A draft from JSON: {"mti":"0200","fields":{"2":"...","55":{"9F26":"..."}}}. */
#include <jansson.h>
#include <stdio.h>

#include "tools/isomsg/draft.h"
#include "tools/isomsg/redact.h"
#include "tools/isomsg/reveal.h"

/* One object of parts that is being gone through: explicit, so that depth is bounded. */
struct level {
    json_t *object;
    void *at; /* jansson's place in it */
    char path[64];
};

static int value_set(struct draft *draft, const char *name, const char *path, const json_t *value)
{
    if (!json_is_string(value)) {
        fprintf(stderr, "isomsg: %s: the value of %.40s is no text\n", name, text_told(path));
        return ERR_USAGE;
    }
    return draft_set(draft, path, span_make(json_string_value(value), json_string_length(value)));
}

static int fields_set(struct draft *draft, const char *name, json_t *fields)
{
    struct level levels[PARTS_DEPTH_MAX + 1];
    size_t depth = 0;
    levels[0] = (struct level){.object = fields, .at = json_object_iter(fields)};
    for (;;) {
        struct level *level = &levels[depth];
        if (level->at == NULL) {
            if (depth-- == 0) {
                return 0;
            }
            continue;
        }
        char path[64];
        json_t *value = json_object_iter_value(level->at);
        int len = snprintf(path, sizeof path, "%s%s%s", level->path,
                           level->path[0] == '\0' ? "" : ".", json_object_iter_key(level->at));
        level->at = json_object_iter_next(level->object, level->at);
        if (len < 0 || (size_t)len >= sizeof path) {
            fprintf(stderr, "isomsg: %s: a name is too long\n", name);
            return ERR_USAGE;
        }
        if (!json_is_object(value)) {
            TRY(value_set(draft, name, path, value));
        } else if (depth == PARTS_DEPTH_MAX) {
            fprintf(stderr, "isomsg: %s: parts stand too deep in %.40s\n", name, text_told(path));
            return ERR_USAGE;
        } else {
            levels[++depth] = (struct level){.object = value, .at = json_object_iter(value)};
            memcpy(levels[depth].path, path, sizeof path);
        }
    }
}

static int whole_set(struct draft *draft, const char *name, json_t *whole)
{
    json_t *mti = json_object_get(whole, "mti");
    json_t *fields = json_object_get(whole, "fields");
    const json_t *error = json_object_get(whole, "error");
    if (error != NULL && json_object_get(error, "path") == NULL) {
        fprintf(stderr, "isomsg: %s: a message that could not be read whole cannot be written\n",
                name);
        return ERR_USAGE;
    }
    if (!json_is_object(fields) || (mti != NULL && !json_is_string(mti))) {
        fprintf(stderr, "isomsg: %s: {\"mti\":\"0200\",\"fields\":{...}} is wanted\n", name);
        return ERR_USAGE;
    }
    if (mti != NULL) {
        TRY(value_set(draft, name, "mti", mti));
    }
    return fields_set(draft, name, fields);
}

int draft_json(struct draft *draft, const char *name, const char *text, size_t *at)
{
    *at += strspn(text + *at, " \t\r\n");
    if (text[*at] == '\0') {
        return 0;
    }
    json_error_t error;
    json_t *whole = json_loads(
        text + *at, JSON_DISABLE_EOF_CHECK | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    if (whole == NULL) {
        fprintf(stderr, "isomsg: %s:%d:%d: %s\n", name, error.line, error.column,
                text_told(error.text));
        return ERR_USAGE;
    }
    *at += (size_t)error.position;
    int result = whole_set(draft, name, whole);
    json_decref(whole);
    return result < 0 ? result : 1;
}
