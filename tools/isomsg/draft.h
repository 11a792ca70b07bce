/* A message to be written: from arguments DE=VALUE, PATH=VALUE (55.9F26=...), or from JSON as
 * `isomsg view --json --unmask` prints it.
 *
 * Values are canonical (message.h) as text; of bytes, and of parts that the dialect has no row for,
 * hex. A value of JSON may also be an object of the parts of its element. */
#pragma once

#include "iso8583/dialect.h"
#include "iso8583/frame.h"

struct draft;

/* A message without elements. ERR_MEMORY. */
MUST_USE int draft_open(const struct iso_dialect *dialect, struct draft **out);
void draft_close(struct draft *draft); /* wipes it */

/* Forget what was said. */
void draft_clear(struct draft *draft);

/* Let it be of this MTI, or have this element or part: @path "2" or "127.22.3", or "mti". Returns
 * 0, or ERR_USAGE with the reason told on stderr. */
MUST_USE int draft_set(struct draft *draft, const char *path, struct span value);

/* The same from one argument "PATH=VALUE". */
MUST_USE int draft_argument(struct draft *draft, const char *text);

/* The same from the next JSON object of @text (NUL-terminated), from *@at on, which goes behind it.
 * Returns 1, 0 at the end, or ERR_USAGE (told on stderr). */
MUST_USE int draft_json(struct draft *draft, const char *name, const char *text, size_t *at);

/* Encode it into @out. 0, or ERR_USAGE (told on stderr). */
MUST_USE int draft_write(struct draft *draft, struct writer *out);

/* The frame around @message into @out: length, header, TPDU (@tpdu turned round, or empty), tail. 0
 * or ERR_FRAME_LENGTH. */
MUST_USE int frame_write(const struct framing *framing, struct span tpdu, struct span message,
                         struct writer *out);
