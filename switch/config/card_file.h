/* cards.csv: what the switch must know of a card to verify its PIN itself.
 *
 *     pan,expiry,pvki,pvv
 *     4111111111111111,2812,1,1234
 *
 * expiry is YYMM, or empty: not checked. A PAN is shown in problems as 411111******1111. */
#pragma once

#include "iso8583/base/source.h"
#include "switch/core/settings.h"

enum { CARD_COUNT_MAX = 1000000 };

/* Read @text, named @name in problems, which are reported by @report (SOURCE_ERRORS_MAX at most), a
 * line each: rows are not quoted. Returns 0 and sets @out (malloc'ed, sorted by pan, the caller
 * wipes and frees it) and @count; ERR_CONFIG, ERR_MEMORY. */
MUST_USE int card_file_parse(struct span text, const char *name, source_report report,
                             void *context, struct card_settings **out, uint32_t *count);
