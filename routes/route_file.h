/* bins.csv: text to a routing table, with file:line:col errors.
 *
 * Header `prefix,issuer`; then rows like `411111,visa` or `222100-272099,mc`; '#' begins a comment
 * line; the last line must end with a newline (a missing one means a truncated file). */
#pragma once

#include "routes/route.h"
#include "iso8583/base/source.h"

/* Read @path. @issuers are the configured names (@issuer_count, the index is what routes hold).
 * Returns 0 and @out (routes_free() it), or ERR_CONFIG / ERR_IO / ERR_MEMORY after calling @report
 * for each error found (up to 20) with a text "PATH:LINE:COL: error: ...", the line and a caret
 * below it, without a newline at the end. */
MUST_USE int routes_read(const char *path, const char *const *issuers, size_t issuer_count,
                         source_report report, void *context, struct routes **out);

/* The same for a text in memory; @name stands for the path in errors. */
MUST_USE int routes_parse(struct span text, const char *name, const char *const *issuers,
                          size_t issuer_count, source_report report, void *context,
                          struct routes **out);
