#include "tools/isotest/paths.h"

#include <fts.h>
#include <stdlib.h>

static int path_add(struct paths *paths, const char *name)
{
    if (paths->count == paths->cap) {
        size_t cap = paths->cap == 0 ? 16 : paths->cap * 2;
        char **larger = realloc(paths->path, cap * sizeof *larger);
        if (larger == NULL) {
            return ERR_MEMORY;
        }
        paths->path = larger;
        paths->cap = cap;
    }
    char *copy = strdup(name);
    if (copy == NULL) {
        return ERR_MEMORY;
    }
    paths->path[paths->count++] = copy;
    return 0;
}

static bool is_script(const char *name)
{
    size_t len = strlen(name);
    return len > 5 && strcmp(name + len - 5, ".isot") == 0;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

int paths_add(struct paths *paths, const char *name)
{
    char *copy = strdup(name);
    if (copy == NULL) {
        return ERR_MEMORY;
    }
    char *roots[] = {copy, NULL};
    FTS *walk = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, by_name);
    size_t before = paths->count;
    int status = walk == NULL ? ERR_IO : 0;
    const FTSENT *entry;
    while (status == 0 && (entry = fts_read(walk)) != NULL) {
        if (entry->fts_info == FTS_NS || entry->fts_info == FTS_SLNONE) {
            status = ERR_NOT_FOUND;
        } else if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR) {
            status = ERR_IO;
        } else if (entry->fts_info == FTS_F &&
                   (entry->fts_level == FTS_ROOTLEVEL || is_script(entry->fts_name))) {
            status = path_add(paths, entry->fts_path);
        }
    }
    if (walk != NULL) {
        (void)fts_close(walk);
    }
    free(copy);
    return status == 0 && paths->count == before ? ERR_NOT_FOUND : status;
}

void paths_free(struct paths *paths)
{
    for (size_t i = 0; i < paths->count; i++) {
        free(paths->path[i]);
    }
    free(paths->path);
    *paths = (struct paths){0};
}
