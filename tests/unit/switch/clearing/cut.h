/* Runs on the real store of store_day.h, and looks at what they left. */
#pragma once

#include "switch/clearing/run.h"
#include "tests/unit/switch/clearing/rows.h"
#include "tests/unit/switch/clearing/store_day.h"

enum { FILE_MAX = 65536, NEXT_DAY = 20261121, NEXT_NEXT_DAY = 20261122 };

/* Of the test that runs, between cut_setup() and cut_teardown(). */
extern struct store_day *day;
extern struct run_result result; /* of the last run */
extern uint8_t bytes[2][FILE_MAX];

void cut_setup(void);
void cut_teardown(void);

int run_to(uint32_t business_day, enum run_step last, const char *processor, int64_t wall_ms);
int run(uint32_t business_day);

/* Files of the output directory. */
size_t file_read(const char *name, uint8_t *to);
void file_write(const char *name, const uint8_t *from, size_t len);
size_t files_count(const char *end); /* whose names end so */

/* Faults found in the files, with the store or without. The report goes to @text. */
unsigned faults(bool with_store, char *text, size_t cap);

/* Sales of two issuers and currencies, a refund, a netted sale, a declined one; then a cutover. */
void busy_day(void);
