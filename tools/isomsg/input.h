/* Bytes from a file, from stdin, or from hex on the command line, into memory of this file's own.
 */
#pragma once

#include "iso8583/base/bytes.h"

enum { INPUT_LEN_MAX = 16 << 20 };

/* Read @path ("-": stdin). Returns 0, ERR_IO (errno tells), ERR_LENGTH above INPUT_LEN_MAX, or
 * ERR_MEMORY. @out lives until the next input call. */
MUST_USE int input_read(const char *path, struct span *out);

/* @hex with or without spaces. Returns 0, ERR_FORMAT, ERR_LENGTH, ERR_MEMORY. */
MUST_USE int input_hex(const char *hex, struct span *out);
