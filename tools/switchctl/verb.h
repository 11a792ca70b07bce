/* The verbs of switchctl: words, the daemon's command, and how its answer is shown to people. The
 * shapes of requests and answers are in switch/edge/admin.h. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Options that some verbs take; "" or 0: not given. */
struct verb_options {
    const char *terminal;
    const char *stan;
    const char *rrn;
    const char *day;   /* YYYY-MM-DD */
    const char *after; /* saf list: "next" of the page before */
    uint32_t last;
    uint32_t limit;
    bool force;
};

struct verb {
    const char *first;  /* word */
    const char *second; /* word, or NULL */
    const char *cmd;    /* of the request */
    const char *arg;    /* what one more word is called, or NULL; optional in "[ ]" */
    const char *help;
    /* Add the request's members. Returns NULL, or what is wrong with the call. */
    const char *(*build)(json_t *request, const char *arg, const struct verb_options *options);
    /* Show the answer on stdout. Returns the exit code: bad if the answer is bad news. */
    int (*print)(const json_t *answer);
    const char *warning; /* of a dangerous verb: asked for confirmation; or NULL */
};

/* The verb that begins @words (@count of them), or NULL; @used: how many words it took. */
const struct verb *verb_find(char *const *words, int count, int *used);

/* The verbs by index, NULL past the last. */
const struct verb *verb_at(size_t index);
