#include "iso8583/dialect_file.h"

#include <stdio.h>
#include <stdlib.h>

#include "iso8583/dialect_entry.h"

enum { FILE_LEN_MAX = 4 << 20, WORDS_MAX = 32 };

/* One file of a chain of them, the first extends the second, and so on. */
struct link {
    char path[DIALECT_PATH_LEN];
    char whole[DIALECT_PATH_LEN]; /* without links and dots: what cycles are found by */
    struct span text;             /* owned */
    char why_not[160];            /* why what it extends cannot be had, or empty */
};

/* --- files that extend files -------------------------------------------------------------------
 */

bool dialect_name_is_path(const char *name)
{
    return strpbrk(name, "./") != NULL;
}

/* @name as it is seen from the folder of the file @beside. */
static int path_join(const char *beside, const char *name, char out[DIALECT_PATH_LEN])
{
    const char *slash = beside == NULL || name[0] == '/' ? NULL : strrchr(beside, '/');
    size_t folder_len = slash == NULL ? 0 : (size_t)(slash + 1 - beside);
    size_t name_len = strlen(name);
    if (folder_len >= DIALECT_PATH_LEN || name_len >= DIALECT_PATH_LEN - folder_len) {
        return ERR_LENGTH;
    }
    memcpy(out, folder_len == 0 ? name : beside, folder_len);
    memcpy(out + folder_len, name, name_len + 1);
    return 0;
}

/* Keep the reason of source_load() only: "PATH: error: REASON". */
static void keep_reason(void *context, const char *text)
{
    struct link *link = context;
    const char *reason = strstr(text, ": error: ");
    (void)snprintf(link->why_not, sizeof link->why_not, "it cannot be read: %.100s",
                   reason == NULL ? text : reason + strlen(": error: "));
}

static int link_read(struct link *link, source_report report, void *context)
{
    TRY(source_load(link->path, report, context, &link->text));
    if (link->text.len > FILE_LEN_MAX) {
        char text[DIALECT_PATH_LEN + 64];
        (void)snprintf(text, sizeof text, "%s: error: the file is too large", link->path);
        report(context, text);
        return ERR_LENGTH;
    }
    char *whole = realpath(link->path, NULL);
    (void)snprintf(link->whole, sizeof link->whole, "%s", whole == NULL ? link->path : whole);
    free(whole);
    return 0;
}

/* Find out what @links[@count - 1] extends. Returns true with the next link read if that is a file;
 * what stands in the way is kept as its why_not. */
static bool link_next(struct link *links, size_t count)
{
    struct link *last = &links[count - 1];
    struct link *next = &links[count];
    char extends[DIALECT_PATH_LEN];
    if (dialect_file_extends(last->text, extends) < 0 || !dialect_name_is_path(extends)) {
        return false;
    }
    if (count == DIALECT_EXTENDS_MAX) {
        (void)snprintf(last->why_not, sizeof last->why_not, "more than %d files one above another",
                       DIALECT_EXTENDS_MAX);
        return false;
    }
    if (path_join(last->path, extends, next->path) < 0) {
        (void)snprintf(last->why_not, sizeof last->why_not, "the path is too long");
        return false;
    }
    if (link_read(next, keep_reason, last) < 0) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(links[i].whole, next->whole) == 0) {
            (void)snprintf(last->why_not, sizeof last->why_not,
                           "it extends itself: %.100s is already below", links[i].path);
            return false;
        }
    }
    return true;
}

/* Read @links, of which @count are good. Returns 0 and sets @out. */
static int links_build(struct link *links, size_t count, source_report report, void *context,
                       struct dialect_file **out)
{
    struct dialect_file *base = NULL;
    for (size_t i = count; i-- > 0;) {
        struct dialect_file *file = dialect_file_make(links[i].path);
        if (file == NULL) {
            dialect_file_free(base);
            return ERR_MEMORY;
        }
        file->base = base;
        base = file;
        int err = dialect_file_read(file, links[i].text, links[i].why_not, report, context);
        if (err != 0) {
            dialect_file_free(file);
            return err;
        }
        file->text = links[i].text;
        links[i].text = SPAN_NONE;
    }
    *out = base;
    return 0;
}

/* Read the file @path and those it extends; @known: what was read of it before, or NULL. Returns 0
 * and sets @out: @known if the files are what they were. */
static int load(const char *path, struct dialect_file *known, source_report report, void *context,
                struct dialect_file **out)
{
    struct link *links = calloc(DIALECT_EXTENDS_MAX + 1, sizeof *links);
    if (links == NULL) {
        return ERR_MEMORY;
    }
    size_t count = 1;
    int err = path_join(NULL, path, links[0].path);
    err = err == 0 ? link_read(&links[0], report, context) : err;
    while (err == 0 && link_next(links, count)) {
        count++;
    }
    struct dialect_file *same = known;
    for (size_t i = 0; i < count && same != NULL; i++) {
        bool is_same = strcmp(same->path, links[i].path) == 0 &&
                       span_equal(same->text, links[i].text) &&
                       (same->base == NULL) == (i + 1 == count);
        same = i + 1 == count && is_same ? known : is_same ? same->base : NULL;
    }
    if (err == 0 && same != NULL) {
        *out = known;
    } else if (err == 0) {
        err = links_build(links, count, report, context, out);
    }
    for (size_t i = 0; i <= DIALECT_EXTENDS_MAX; i++) {
        free((void *)(uintptr_t)links[i].text.ptr);
    }
    free(links);
    return err;
}

int dialect_load(const char *path, source_report report, void *context, struct iso_dialect **out)
{
    struct dialect_file *file = NULL;
    *out = NULL;
    TRY(load(path, NULL, report, context, &file));
    *out = &file->dialect;
    return 0;
}

/* --- by name -----------------------------------------------------------------------------------
 */

/* Every file that was loaded, newest first, for the life of the process. */
static struct known {
    struct known *next;
    struct dialect_file *file;
} * known_files;

static int report_unknown(const char *name, source_report report, void *context)
{
    const char *words[WORDS_MAX];
    char list[512] = "";
    struct writer out = writer_make(list, sizeof list - 1);
    size_t count = 0;
    for (; dialect_at(count) != NULL; count++) {
        CHECK(count < WORDS_MAX);
        words[count] = dialect_at(count)->name;
        writer_text(&out, count == 0 ? "" : ", ");
        writer_text(&out, words[count]);
    }
    char quote[QUOTE_LEN];
    char text[SOURCE_TEXT_LEN_MAX];
    const char *near = source_suggest(span_text(name), words, count);
    (void)snprintf(text, sizeof text,
                   "unknown dialect '%s'%s%s%s: there are %s, and files (mine.yml)",
                   problem_quote(span_text(name), quote), near == NULL ? "" : "; did you mean '",
                   near == NULL ? "" : near, near == NULL ? "" : "'?", list);
    report(context, text);
    return ERR_NOT_FOUND;
}

int dialect_get(const char *name, const char *beside, source_report report, void *context,
                const struct iso_dialect **out)
{
    char path[DIALECT_PATH_LEN];
    *out = dialect_find(name);
    if (*out != NULL) {
        return 0;
    }
    if (!dialect_name_is_path(name)) {
        return report_unknown(name, report, context);
    }
    TRY(path_join(beside, name, path));
    struct known *known = known_files;
    while (known != NULL && strcmp(known->file->path, path) != 0) {
        known = known->next;
    }
    struct dialect_file *file = NULL;
    TRY(load(path, known == NULL ? NULL : known->file, report, context, &file));
    *out = &file->dialect;
    if (known != NULL && known->file == file) {
        return 0;
    }
    struct known *newest = malloc(sizeof *newest);
    if (newest == NULL) {
        dialect_file_free(file);
        return ERR_MEMORY;
    }
    *newest = (struct known){known_files, file};
    known_files = newest;
    return 0;
}
