/* Programs that `exec` runs: from the loop, bounded output, killed when the strand ends. */
#pragma once

#include <uv.h>

#include "tools/isotest/script.h"

struct strand;

enum { SPAWN_OUTPUT_MAX = 64 << 10 };

/* A program has ended. @code: its exit code, 128 + signal. @out: what it printed (the first
 * SPAWN_OUTPUT_MAX bytes), @err: the last of its errors' bytes. Borrowed. */
typedef void (*spawn_told)(struct strand *strand, int64_t code, struct span out, struct span err);

/* Run @command for @strand: words and quotes as in a shell, nothing else of it; the program is
 * looked for beside ourselves, then in PATH. 0, ERR_FORMAT (no word, an open quote), ERR_NOT_FOUND,
 * ERR_MEMORY, ERR_IO. */
MUST_USE int spawn_start(uv_loop_t *loop, struct strand *strand, void **job, struct span command,
                         spawn_told told);

/* The strand ends: its program is killed, and told nothing of. */
void spawn_forget(void *job);

/* A cell of a CSV file with a heading: of @column in the first row whose @where_column is
 * @where_value. Writes text, returns its length, or -1 with *@error (static). */
int table_cell(const char *path, struct span where_column, struct span where_value,
               struct span column, char *text, size_t cap, const char **error);
