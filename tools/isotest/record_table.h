/* Test cards from a table: a CSV file with the column `pan` and, where they are known, `expiry` (or
 * `exp`, YYMM), `svc`, `psn` and `pin`. Other columns are passed over. */
#pragma once

#include "tools/isotest/arena.h"
#include "tools/isotest/record_card.h"
#include "tools/isotest/script.h"

/* Read the table @path. Everything in @tests lives in @arena. Returns 0, or ERR_CONFIG after
 * reports, which quote nothing of it (there are PINs), ERR_MEMORY. */
MUST_USE int test_cards_read(const char *path, script_report report, void *context,
                             struct arena *arena, struct test_card **tests, uint32_t *count);
