/* Words and queries of scripts as requests of the admin socket, and what is picked from answers. */
#include <stdio.h>
#include <stdlib.h>

#include "tools/isotest/control.h"
#include "tools/isotest/query_words.h"

enum { WORDS_MAX = 16, WORD_LEN_MAX = 128 };

/* --- words ------------------------------------------------------------------------------------ */

/* To add a verb of switchctl: a row. @arg: the member that a bare word fills, or NULL. */
static const struct verb {
    const char *first;
    const char *second; /* or NULL */
    const char *cmd;
    const char *arg;
} verbs[] = {
    {"status", NULL, "status", NULL},
    {"tx", "show", "tx.show", "seq"},
    {"tx", "list", "tx.list", NULL},
    {"day", "show", "day.show", NULL},
    {"day", "cutover", "day.cutover", NULL},
    {"day", "sign-off", "day.sign_off", NULL},
    {"link", "list", "link.list", NULL},
    {"link", "show", "link.show", "name"},
    {"link", "up", "link.up", "name"},
    {"link", "down", "link.down", "name"},
    {"link", "drain", "link.drain", "name"},
    {"saf", "list", "saf.list", NULL},
    {"saf", "resolve", "saf.resolve", "seq"},
    {"alarms", NULL, "alarms", NULL},
    {"stop", NULL, "stop", NULL},
};

/* Options with a value, and the member each fills. */
static const struct option {
    const char *name;
    const char *member;
    bool is_number;
} options[] = {
    {"--stan", "stan", false}, {"--terminal", "terminal", false}, {"--rrn", "rrn", false},
    {"--day", "day", false},   {"--last", "last", true},
};

struct words {
    uint32_t count;
    char word[WORDS_MAX][WORD_LEN_MAX];
};

static bool words_split(struct span text, struct words *words)
{
    size_t at = 0;
    words->count = 0;
    for (;;) {
        while (at < text.len && text.ptr[at] == ' ') {
            at++;
        }
        if (at == text.len) {
            return true;
        }
        size_t len = 0;
        char quote = text.ptr[at] == '"' || text.ptr[at] == '\'' ? (char)text.ptr[at++] : ' ';
        if (words->count == WORDS_MAX) {
            return false;
        }
        char *word = words->word[words->count++];
        while (at < text.len && text.ptr[at] != (uint8_t)quote && len + 1 < WORD_LEN_MAX) {
            word[len++] = (char)text.ptr[at++];
        }
        word[len] = '\0';
        at += at < text.len && quote != ' ';
    }
}

static void member_set(json_t *request, const char *name, const char *value, bool is_number)
{
    uint64_t number = 0;
    bool is_good = span_number(span_text(value), &number) == 0 && number <= INT64_MAX;
    json_t *member = is_number && is_good ? json_integer((json_int_t)number) : json_string(value);
    (void)json_object_set_new(request, name, member);
}

/* The word at *@at and what belongs to it into @request. */
static bool word_take(json_t *request, const struct verb *verb, const struct words *words,
                      uint32_t *at)
{
    const char *word = words->word[(*at)++];
    if (strcmp(word, "--yes") == 0 || strcmp(word, "-y") == 0 || strcmp(word, "--json") == 0) {
        return true; /* Nobody is asked here, and all is JSON. */
    }
    for (size_t i = 0; i < ARRAY_COUNT(options); i++) {
        if (strcmp(word, options[i].name) == 0 && *at < words->count) {
            member_set(request, options[i].member, words->word[(*at)++], options[i].is_number);
            return true;
        }
    }
    if (word[0] == '-' || verb->arg == NULL || json_object_get(request, verb->arg) != NULL) {
        return false;
    }
    member_set(request, verb->arg, word, strcmp(verb->arg, "seq") == 0);
    return true;
}

json_t *control_request(struct span command, const char **error)
{
    static struct words words;
    *error = "there is no such verb; see switchctl --help";
    if (!words_split(command, &words) || words.count == 0) {
        return NULL;
    }
    uint32_t at = strcmp(words.word[0], "switchctl") == 0 ? 1 : 0;
    for (size_t i = 0; i < ARRAY_COUNT(verbs); i++) {
        const struct verb *verb = &verbs[i];
        uint32_t used = at + (verb->second == NULL ? 1 : 2);
        if (used > words.count || strcmp(words.word[at], verb->first) != 0 ||
            (verb->second != NULL && strcmp(words.word[at + 1], verb->second) != 0)) {
            continue;
        }
        json_t *request = json_pack("{s:s}", "cmd", verb->cmd);
        while (used < words.count) {
            if (!word_take(request, verb, &words, &used)) {
                *error = "the verb does not take this word; see switchctl --help";
                json_decref(request);
                return NULL;
            }
        }
        return request;
    }
    return NULL;
}

/* --- paths ------------------------------------------------------------------------------------ */

/* The next name or index of @path. False at its end. */
static bool path_step(struct span *path, struct span *name)
{
    while (path->len > 0 && (path->ptr[0] == '.' || path->ptr[0] == '[' || path->ptr[0] == ']')) {
        *path = span_skip(*path, 1);
    }
    size_t len = 0;
    while (len < path->len && path->ptr[len] != '.' && path->ptr[len] != '[' &&
           path->ptr[len] != ']') {
        len++;
    }
    *name = span_first(*path, len);
    *path = span_skip(*path, len);
    return len > 0;
}

/* The first entry of a list whose "name", or where they have none whose "issuer", this is. */
static const json_t *list_find(const json_t *list, struct span name)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *entry = json_array_get(list, i);
        const char *called = json_string_value(json_object_get(entry, "name"));
        const char *issuer = json_string_value(json_object_get(entry, "issuer"));
        if ((called != NULL && span_equal_text(name, called)) ||
            (called == NULL && issuer != NULL && span_equal_text(name, issuer))) {
            return entry;
        }
    }
    return NULL;
}

static const json_t *path_walk(const json_t *at, struct span path)
{
    struct span name;
    while (at != NULL && path_step(&path, &name)) {
        uint64_t index = 0;
        if (json_is_array(at)) {
            at = span_number(name, &index) == 0 ? json_array_get(at, (size_t)index)
                                                : list_find(at, name);
            continue;
        }
        char key[WORD_LEN_MAX];
        if (name.len >= sizeof key) {
            return NULL;
        }
        memcpy(key, name.ptr, name.len);
        key[name.len] = '\0';
        at = json_object_get(at, key);
    }
    return at;
}

static int value_print(const json_t *value, char *text, size_t cap)
{
    int len = -1;
    if (json_is_string(value)) {
        len = snprintf(text, cap, "%s", json_string_value(value));
    } else if (value != NULL) {
        char *dump = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        len = dump == NULL ? -1 : snprintf(text, cap, "%s", dump);
        free(dump);
    }
    return len >= (int)cap ? (int)cap - 1 : len;
}

int json_pick(const json_t *answer, struct span path, char *text, size_t cap)
{
    const json_t *found = path_walk(answer, path);
    const json_t *only = NULL;
    uint32_t objects = 0;
    const char *key;
    json_t *value;
    json_t *members = (json_t *)(uintptr_t)answer; /* jansson's walk is not const; nothing is set */
    json_object_foreach(members, key, value)
    {
        if (json_is_object(value)) {
            only = value;
            objects++;
        }
    }
    if (found == NULL && objects == 1) {
        found = path_walk(only, path);
    }
    return value_print(found, text, cap);
}

/* --- queries ---------------------------------------------------------------------------------- */

static int pick_depth(const json_t *answer, struct span middle, char *text, size_t cap)
{
    const json_t *list = json_object_get(answer, "saf");
    int count = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *issuer = json_string_value(json_object_get(json_array_get(list, i), "issuer"));
        count +=
            middle.len == 0 || (issuer != NULL && strlen(issuer) == middle.len &&
                                strncasecmp(issuer, (const char *)middle.ptr, middle.len) == 0);
    }
    return snprintf(text, cap, "%d", count);
}

static int pick_link(const json_t *answer, struct span path, char *text, size_t cap)
{
    return value_print(path_walk(json_object_get(answer, "links"), path), text, cap);
}

static int pick_date(const json_t *answer, struct span path, char *text, size_t cap)
{
    (void)path;
    return value_print(path_walk(answer, SPAN_LITERAL("days.0.day")), text, cap);
}

/* The newest day (day.state) or the one before it (day.previous.state). */
static int pick_day(const json_t *answer, struct span path, char *text, size_t cap)
{
    return value_print(path_walk(path_walk(answer, SPAN_LITERAL("days.0")), path), text, cap);
}

static int pick_previous(const json_t *answer, struct span path, char *text, size_t cap)
{
    return value_print(path_walk(path_walk(answer, SPAN_LITERAL("days.1")), path), text, cap);
}

static int pick_status(const json_t *answer, struct span path, char *text, size_t cap)
{
    return value_print(path_walk(answer, path), text, cap);
}

/* To add a query: a row; the first whose beginning and end fit wins. What stands between them is
 * given to @pick. */
static const struct query {
    const char *begin;
    const char *end;
    const char *cmd;
    int (*pick)(const json_t *answer, struct span middle, char *text, size_t cap);
} queries[] = {
    {"saf.", ".depth", "saf.list", pick_depth},
    {"saf.", "depth", "saf.list", pick_depth},
    {"day.business_date", "", "day.show", pick_date},
    {"day.previous.", "", "day.show", pick_previous},
    {"day.", "", "day.show", pick_day},
    {"link.", "", "link.list", pick_link},
    {"status.", "", "status", pick_status},
};

static const struct query *query_find(struct span text, struct span *middle)
{
    for (size_t i = 0; i < ARRAY_COUNT(queries); i++) {
        struct span begin = span_text(queries[i].begin);
        struct span end = span_text(queries[i].end);
        if (text.len >= begin.len + end.len && span_equal(span_first(text, begin.len), begin) &&
            span_equal(span_last(text, end.len), end)) {
            *middle = span_skip(span_first(text, text.len - end.len), begin.len);
            return &queries[i];
        }
    }
    return NULL;
}

json_t *query_request(struct span query)
{
    struct span middle;
    const struct query *row = query_find(query, &middle);
    return row == NULL ? NULL : json_pack("{s:s}", "cmd", row->cmd);
}

int query_pick(struct span query, const json_t *answer, char *text, size_t cap)
{
    struct span middle;
    const struct query *row = query_find(query, &middle);
    return row == NULL ? -1 : row->pick(answer, middle, text, cap);
}

const char *query_names(void)
{
    static char list[400];
    size_t used = 0;
    for (size_t i = 0; i < query_word_count && used < sizeof list; i++) {
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i == 0 ? "" : ", ",
                                 query_words[i]);
    }
    return list;
}
