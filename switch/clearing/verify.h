/* The files of a day against each other and, if there is a store, against it. From the files alone:
 * hashes, framing, record counts, totals; every line of the CSV against its record. */
#pragma once

#include <stdio.h>

#include "switch/clearing/manifest.h"

struct verify {
    FILE *report;    /* a line for each fault, and one for each file that is good */
    struct kv *kv;   /* the store as a snapshot, or NULL */
    unsigned faults; /* found so far */
    bool quiet;      /* only faults are reported */
    uint32_t days;
    uint64_t items;
};

/* All days that have a manifest in directory @path; with a store also the chain of its journal and
 * every day that it has cut. 0 whether or not faults were found (verify->faults), or ERR_IO,
 * ERR_MEMORY if something cannot be read at all. */
MUST_USE int verify_dir(struct verify *verify, const char *path);

/* One .ipm file by itself, or the day of one _manifest.json. ERR_USAGE for another name. */
MUST_USE int verify_file(struct verify *verify, const char *path);
