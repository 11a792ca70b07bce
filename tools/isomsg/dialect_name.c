#include "tools/isomsg/dialect_name.h"

#include <stdio.h>

#include "iso8583/dialect_file.h"
#include "tools/isomsg/keep.h"
#include "tools/isomsg/redact.h"

static void on_problem(void *context, const char *text)
{
    (void)context;
    fprintf(stderr, "isomsg: %s\n", text_told(text));
}

/* The dialect in front of the first +. */
static const struct iso_dialect *base_find(const char *name)
{
    const struct iso_dialect *found = NULL;
    return dialect_get(name, NULL, on_problem, NULL, &found) == 0 ? found : NULL;
}

/* A copy of @base that is called @text, with the tweaks @rest. */
static const struct iso_dialect *changed_make(const struct iso_dialect *base, const char *text,
                                              const char *rest)
{
    struct iso_dialect *changed = keep_new(sizeof *changed);
    char *name = keep(strdup(text));
    if (changed == NULL || name == NULL) {
        fprintf(stderr, "isomsg: out of memory\n");
        return NULL;
    }
    *changed = *base;
    changed->name = name;
    while (*rest != '\0') {
        char why[TWEAK_WHY_LEN];
        size_t len = strcspn(rest, "+");
        if (tweak_apply(changed, span_make(rest, len), why) < 0) {
            fprintf(stderr, "isomsg: %s\n", text_told(why));
            return NULL;
        }
        rest += len + (rest[len] == '+');
    }
    return changed;
}

const struct iso_dialect *dialect_spelled(const char *text)
{
    char name[DIALECT_NAME_LEN];
    size_t len = strcspn(text, "+");
    if (len >= sizeof name) {
        fprintf(stderr, "isomsg: the name of the dialect is too long\n");
        return NULL;
    }
    memcpy(name, text, len);
    name[len] = '\0';
    const struct iso_dialect *base = base_find(name);
    if (base == NULL || text[len] == '\0') {
        return base;
    }
    return changed_make(base, text, text + len + 1);
}

bool dialect_is_file(const char *text)
{
    char name[DIALECT_NAME_LEN];
    (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(text, "+"), text);
    return dialect_name_is_path(name);
}
