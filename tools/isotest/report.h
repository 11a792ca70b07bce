/* What a run of tests tells: a line a test and a block a failure on the console, and the same in
 * files (JUnit XML, TAP, NDJSON). Everything is masked: messages are shown by diff.h alone, and all
 * text goes through conceal.h. What is no test but can go wrong (a file that cannot be run, its
 * money check) is a result like a test's, without a line. */
#pragma once

#include <stdio.h>

#include "tools/isotest/engine.h"

enum { TIMELINE_MAX = 32, TIMELINE_TEXT_MAX = 140, MOMENT_WIRE_MAX = 1024 };

/* One test that was run. */
struct result {
    char *file;
    char *title;
    unsigned line;
    bool passed;
    bool skipped;  /* left out, because one before it failed */
    bool is_error; /* of a file that could not be run at all */
    uint8_t kind;  /* enum failure_kind, if not passed */
    int64_t took_us;
    char *text;  /* of the failure; "" */
    char *rerun; /* the command that runs it again; "" */
};

struct report_options {
    FILE *out;          /* the console: data */
    bool color;         /* on @out */
    bool progress;      /* stderr is a terminal: a line that is rewritten; else one every 10 s */
    bool tap;           /* TAP on @out instead */
    const char *junit;  /* file, or NULL */
    const char *json;   /* file, "-": @out */
    const char *socket; /* the switch's, for its own trace of a failed message; or NULL */
    const char *rerun;  /* options that a rerun needs, quoted: " --data x" */
    uint64_t seed;
};

/* A message or connection of the test that runs. A message is kept as its bytes, and put into words
 * only if it is to be shown: most tests pass. */
struct moment {
    int64_t at_us;
    const struct peer *peer;
    uint8_t fate;      /* enum message_fate */
    uint16_t wire_len; /* 0: @text */
    uint8_t wire[MOMENT_WIRE_MAX];
    char text[TIMELINE_TEXT_MAX];
};

struct report {
    struct report_options options;
    struct result *results;
    uint32_t count;
    uint32_t cap;
    int64_t began_us;
    /* of the test that runs */
    char marks[1024]; /* options more that its rerun needs: where its counters stood */
    const char *file;
    const struct script *script;
    const struct test *test;
    int64_t test_us;
    const struct stmt *step;
    int64_t told_us; /* progress */
    bool progress_shown;
    struct moment timeline[TIMELINE_MAX]; /* a ring */
    uint32_t moment_count;
    char *failure; /* its text, or NULL */
    uint8_t failure_kind;
};

void report_open(struct report *report, const struct report_options *options);
void report_close(struct report *report);

void report_test_begin(struct report *report, const char *file, const struct script *script,
                       const struct test *test);
void report_message(struct report *report, const struct engine_message *message);
void report_connection(struct report *report, const struct peer *peer, const char *text);
void report_step(struct report *report, const struct stmt *stmt);
/* A moment has passed: show progress if the test takes long. */
void report_tick(struct report *report);
void report_failure(struct report *report, const struct engine *engine,
                    const struct strand_view *strand, const struct failure *failure);
/* The test could not even begin. */
void report_failure_text(struct report *report, uint8_t kind, const char *text);
void report_test_end(struct report *report, bool passed);
/* A result that was made elsewhere (a child process): its texts are copied. */
void report_add(struct report *report, const struct result *result);

/* Something about @file that is no test: @title (line 0), with the reason in @text. */
void report_file(struct report *report, const char *file, const char *title, bool is_error,
                 const char *text);
/* A test that was left out. */
void report_skipped(struct report *report, const char *file, const struct script *script,
                    const struct test *test);

/* The money check of a file, in lines. */
void report_money(const struct report *report, const char *text);

/* The summary line, and the files. @interrupted: said so. 0 or ERR_IO (told on stderr). */
MUST_USE int report_finish(struct report *report, bool interrupted);

uint32_t report_failed(const struct report *report);
uint32_t report_skips(const struct report *report);
/* All that failed did so for want of a connection. */
bool report_is_connect_only(const struct report *report);

/* The words of a moment. */
void moment_text(const struct moment *moment, char *text, size_t cap);

/* --- report_failure.c, report_files.c --------------------------------------------------------- */

/* The block of a failure: malloc'ed text, or NULL. */
char *failure_block(const struct report *report, const struct engine *engine,
                    const struct strand_view *strand, const struct failure *failure);
MUST_USE int report_junit(const struct report *report);
MUST_USE int report_json(const struct report *report, FILE *out);
void report_tap_line(const struct report *report, uint32_t index);
/* @text as one word of a shell, appended to the @cap bytes at @to. */
void shell_word(char *to, size_t cap, const char *text);
/* "12 ms", "19.2 s". */
const char *took_text(int64_t us, char text[24]);
