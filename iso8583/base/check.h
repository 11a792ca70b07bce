/* CHECK: our own bugs stop the process, always.
 *
 * A switch that goes on in a wrong state moves money wrongly, so these are never compiled out. The
 * world's faults (bytes, peers, disks) are not checked but returned: see error.h. */
#pragma once

#include <assert.h>

/* Say which condition failed and where, on stderr, then abort(). Never returns. */
_Noreturn void check_failed(const char *condition, const char *file, int line);

/* Stop unless @x holds. One condition each. */
#define CHECK(x) ((x) ? (void)0 : check_failed(#x, __FILE__, __LINE__))

/* Stop if @a holds and @b does not. */
#define CHECK_IMPLIES(a, b)                                                                        \
    ((!(a) || (b)) ? (void)0 : check_failed(#a " => " #b, __FILE__, __LINE__))

#define ARRAY_COUNT(a) (sizeof(a) / sizeof((a)[0]))
