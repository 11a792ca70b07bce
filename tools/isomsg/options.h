/* What `isomsg` was called with. One table says which option belongs to which verb; a verb is a row
 * of verbs[] in main.c. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "iso8583/dialect.h"
#include "iso8583/frame.h"

enum { OPTION_HEX_MAX = 2, IGNORED_MAX = 64 };

struct options {
    const char *verb;
    char **args; /* behind the verb's options */
    int arg_count;
    const struct framing *framing;        /* default: none */
    const struct framing *framing_second; /* of diff; default: as @framing */
    const struct iso_dialect *dialect;    /* NULL: not given */
    const struct iso_dialect *dialect_second;
    const char *hex[OPTION_HEX_MAX];
    int hex_count;
    const char *connect;
    const char *mti;
    const char *from;   /* a JSON file */
    const char *output; /* NULL: stdout */
    const char *with;   /* mask: "stars" or "cards" */
    const char *ignore; /* diff: "7,11" */
    const char *tpdu;   /* hex */
    uint32_t timeout_ms;
    uint16_t port; /* of a capture; 0: all */
    bool json;
    bool unmask;
    bool binary;
    bool text;
    bool all;
};

/* One verb: its name, how it is called, what it does, and the options it takes as letters of
 * option_letters in options.c. */
struct verb {
    const char *name;
    int (*run)(const struct options *options); /* returns the exit code */
    const char *letters;
    const char *args;  /* for --help: "[FILE]" */
    const char *about; /* for --help */
    int arg_count_min;
    int arg_count_max;
    bool needs_dialect;
};

/* Read the options of @verb (argv[0] is its name) into @options. A wrong call is told and ends the
 * program with EXIT_CALLED_WRONG, as --help does with EXIT_GOOD. */
void options_parse(const struct verb *verb, int argc, char **argv, struct options *options);

/* Say on stderr that card data will be shown, if it will be. */
void unmask_warn(const struct options *options);

/* The verbs; each returns the exit code. */
int view_run(const struct options *options);
int diff_run(const struct options *options);
int pack_run(const struct options *options);
int doctor_run(const struct options *options);
int send_run(const struct options *options);
int mask_run(const struct options *options);
int fields_run(const struct options *options);
int import_run(const struct options *options);
