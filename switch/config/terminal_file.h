/* terminals.csv: text to the sorted table of terminals.
 *
 *     id,merchant,mcc,group,state,tpk,tak
 *     TERM0001,000000000000001,5411,shops,active,U0123...,U4567...
 *
 * id is filled with spaces to 8 characters; merchant, mcc and keys may be empty. Keys are
 * cryptograms under the LMK and never shown in a problem. */
#pragma once

#include "iso8583/base/source.h"
#include "switch/core/settings.h"

enum { TERMINAL_COUNT_MAX = 1000000 };

/* Read @text, named @name in problems; @groups are @group_count settings that rows name. Problems
 * are reported by @report (SOURCE_ERRORS_MAX at most), a line each: rows are not quoted. Returns 0
 * and sets @out (malloc'ed, sorted by id, the caller frees it) and @count; ERR_CONFIG, ERR_MEMORY.
 */
MUST_USE int terminal_file_parse(struct span text, const char *name,
                                 const struct group_settings *groups, uint32_t group_count,
                                 source_report report, void *context,
                                 struct terminal_settings **out, uint32_t *count);
