/* The scripts that a command line names: files, and the *.isot below directories, sorted. */
#pragma once

#include "iso8583/base/bytes.h"

struct paths {
    char **path;
    size_t count;
    size_t cap;
};

/* Add @name: a file as it is, of a directory every *.isot below it. Returns 0, ERR_NOT_FOUND (there
 * is no such file, or no script in the directory), ERR_IO or ERR_MEMORY. Free with paths_free() in
 * any case. */
MUST_USE int paths_add(struct paths *paths, const char *name);
void paths_free(struct paths *paths);
