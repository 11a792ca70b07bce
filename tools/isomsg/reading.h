/* A message as it is told of: read, and where it is wrong also why. */
#pragma once

#include "iso8583/dialect.h"

/* The scratch that message_read() needs for @len bytes. */
#define READING_SCRATCH_LEN(len) (4 * (size_t)(len))

/* Read @wire as iso_decode() does. If that fails, @error also names the earlier element that is
 * likelier to blame (iso_blame()); if not, the parts of all elements are checked, and @error is the
 * first fault in one: its byte counts in @wire, too, and its path names the part.
 *
 * Returns 0, or the negative enum err of @error. @msg borrows from @wire and @scratch; it was read
 * to its end unless @error is without a path. Slow where a message is wrong. */
MUST_USE int message_read(const struct iso_dialect *dialect, struct span wire,
                          struct writer *scratch, struct iso_msg *msg, struct iso_error *error);

/* Check the parts of all elements of @msg, which was read from @wire. 0, or the error of the first
 * fault as above. @scratch is given back as it was. */
MUST_USE int message_parts_check(const struct iso_dialect *dialect, struct span wire,
                                 const struct iso_msg *msg, struct writer *scratch,
                                 struct iso_error *error);
