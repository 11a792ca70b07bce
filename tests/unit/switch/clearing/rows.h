/* Rows by hand, and an independent reader of IPM-style files to hold against the one that writes.
 */
#pragma once

#include <check.h>

#include "switch/clearing/presentment.h"

/* A sale of 12.50 in 978 by the PAN 4111111111111111, item 7 and record 2 of day 20261120. */
struct clearing_row row_sale(void);

/* A file of that day: number 3, processor 12345678901, test. */
struct clearing_file row_file(void);

int row_main(Suite *suite);

/* ---- ipm_oracle.c: shares no code and no table with switch/clearing ---- */

enum { ORACLE_ELEMENT_MAX = 1000 };

struct oracle_record {
    char mti[5];
    size_t len;
    size_t at[129]; /* offset of the element, with its length digits; 0: absent */
    char element[129][ORACLE_ELEMENT_MAX]; /* without length digits, NUL-terminated */
};

struct oracle {
    uint8_t *stream; /* the blocks without their tails */
    size_t len;
    size_t offset;
};

/* Take the file apart into blocks: size, tails. Fails the test if one is wrong. */
void oracle_open(struct oracle *oracle, const uint8_t *file, size_t len);
void oracle_close(struct oracle *oracle);
/* The next record by its own table of elements: true, or false at the end, after which only 40 is
 * left, less than a block of it. */
bool oracle_next(struct oracle *oracle, struct oracle_record *record);
/* One record's data. */
void oracle_parse(const uint8_t *data, size_t len, struct oracle_record *record);
/* Subelement @tag ("0105") of DE48, NUL-terminated in @out; false if absent. */
bool oracle_pds(const struct oracle_record *record, const char *tag, char out[100]);
