/* A file that appears whole or not at all: written as NAME.tmp with a running SHA-256, made
 * durable, renamed by a later step. Mode 0600. */
#pragma once

#include "iso8583/base/bytes.h"

enum { OUTPUT_NAME_LEN_MAX = 63, OUTPUT_HASH_LEN = 32 };

struct output; /* a file being written */

/* What a finished file is. */
struct output_file {
    char name[OUTPUT_NAME_LEN_MAX + 1];
    uint64_t bytes;
    uint8_t sha256[OUTPUT_HASH_LEN];
};

/* Begin NAME.tmp in the directory @dir_fd, in place of one that a crash left. ERR_IO (errno tells),
 * ERR_CRYPTO, ERR_MEMORY. */
MUST_USE int output_open(int dir_fd, const char *name, struct output **out);

/* Append @bytes (copied). ERR_IO with errno: ENOSPC among them. */
MUST_USE int output_write(struct output *output, struct span bytes);

/* Flush, fsync, close, free: what it is goes to @file. After an error the file is gone. */
MUST_USE int output_finish(struct output *output, struct output_file *file);

/* Close, remove the file, free. NULL is fine. */
void output_discard(struct output *output);

/* NAME.tmp becomes NAME (what had that name is replaced); NAME.tmp goes. */
MUST_USE int output_publish(int dir_fd, const char *name);
void output_remove(int dir_fd, const char *name);
