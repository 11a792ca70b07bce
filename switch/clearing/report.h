/* What people read on stdout: tables of totals, the records of a file. PANs are masked. */
#pragma once

#include <stdio.h>

#include "switch/clearing/totals.h"

/* A table: issuer, acquirer, currency, counts and amounts. */
void report_totals(struct totals *totals, FILE *out);

/* Every record of the IPM-style file @path, element by element. 0, ERR_IO, or what is wrong with
 * it, after what could be read; @why (256 bytes) gets a sentence. */
MUST_USE int report_file(const char *path, FILE *out, char why[256]);

/* What a cut of @day would present now, and what could not be presented and why. 0 (also if there
 * are exceptions: @exceptions counts them) or an error of the store. @seal NULL: the records are
 * not tried. */
MUST_USE int report_preview(struct kv *kv, struct seal *seal, uint32_t day, FILE *out,
                            uint64_t *exceptions);
