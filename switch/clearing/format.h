/* The table of formats that a day is written in. Every format gets the same rows in the same order;
 * what it writes is a pure function of them and of the file's description.
 *
 * To add a format: a file format_x.c with begin, item and end, its state in struct format_state,
 * and a row in format.c. */
#pragma once

#include "switch/clearing/block.h"
#include "switch/clearing/output.h"
#include "switch/clearing/presentment.h"

/* What a format remembers between rows. Zeroed before begin. */
struct format_state {
    struct block_writer block; /* ipm */
    uint64_t hash_total;       /* ipm: sum of DE4 */
    uint64_t records;          /* ipm: with the header */
};

struct format {
    const char *name;
    const char *extension; /* of <day>_<seq> */
    int (*begin)(struct format_state *state, const struct clearing_file *file, struct output *out);
    int (*item)(struct format_state *state, const struct clearing_file *file,
                const struct clearing_row *row, struct output *out);
    int (*end)(struct format_state *state, const struct clearing_file *file, struct output *out);
};

enum { FORMAT_COUNT = 2, FORMAT_IPM = 0, FORMAT_CSV = 1 };
extern const struct format *const formats[FORMAT_COUNT];

extern const struct format format_ipm;
extern const struct format format_csv;

/* The header row of the CSV, without line end; the columns are those of the README. */
extern const char format_csv_header[];

/* One line of the CSV, with line end. ERR_SPACE. What format_csv.item writes. */
MUST_USE int csv_line(const struct clearing_file *file, const struct clearing_row *row,
                      struct writer *out);

/* @text as one CSV cell, without comma: quoted if need be, and with a ' in front if a spreadsheet
 * would take it for a formula. */
void csv_text(struct writer *out, struct span text);

/* Index of a column of format_csv_header that has @name. CHECKs that there is one. */
unsigned csv_column(const char *name);
