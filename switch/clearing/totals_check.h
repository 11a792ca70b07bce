/* A totals file against sums that were counted independently of it. */
#pragma once

#include <stdio.h>

#include "switch/clearing/totals.h"

/* Read the totals file @file: its rows must be the sums of @counted (from the lines of the CSV), no
 * row of them may be missing, and the proof of every issuer, acquirer and currency must hold. 0
 * with
 * @why NULL if all is good, else with a static sentence and its @line; ERR_IO, ERR_MEMORY. */
MUST_USE int totals_check(FILE *file, struct totals *counted, const char *file_id, uint64_t *line,
                          const char **why);
