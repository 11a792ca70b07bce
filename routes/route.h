/* Which issuer a card belongs to: an immutable, sorted table of disjoint ranges, binary search.
 *
 * Rows are prefixes of 1-11 digits or ranges of equal length; the narrowest row that holds the PAN
 * wins, two rows of the same range are an error, leading zeros count. The table is replaced whole
 * on a reload and borrowed for the run of one event. */
#pragma once

#include "iso8583/base/bytes.h"

struct routes;

enum { ROUTE_DIGITS_MAX = 11, ROUTE_NONE = -1 };

/* One row as read: digits and the issuer's index. @low and @high have the same length. */
struct route_row {
    char low[ROUTE_DIGITS_MAX + 1];
    char high[ROUTE_DIGITS_MAX + 1];
    uint16_t issuer;
    uint32_t line; /* of the file, for messages */
};

/* Build a table from @rows (copied). Returns 0 and @out (routes_free() it), ERR_EXISTS if two rows
 * are the same range, or overlap and are equally wide (@first and @second are their lines, the
 * smaller first), ERR_FORMAT for bad digits (@first is its
 * line), ERR_MEMORY. */
MUST_USE int routes_build(const struct route_row *rows, size_t count, struct routes **out,
                          uint32_t *first, uint32_t *second);
void routes_free(struct routes *routes);

/* The issuer's index for @pan (digits), or ROUTE_NONE. @line (may be NULL): the row that decided.
 */
int routes_find(const struct routes *routes, struct span pan, uint32_t *line);
size_t routes_count(const struct routes *routes);
