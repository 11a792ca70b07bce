/* `isotest load`: the tests of a script as transactions, many at once.
 *
 * Open model (--rate): arrivals are due by a schedule (rate.h), whatever the answers do. One that
 * finds no free terminal waits for it: its latency counts from when it was due, and it is counted
 * as late; what has not begun at the end is counted as not begun.
 *
 * Closed model (--closed, --max): a terminal begins its next transaction when one of its own has
 * ended.
 *
 * latency       of an answer, from the intended start of its transaction for the first answer (of
 *               later ones, whose sending waited for an answer: from the sending)
 * service time  of an answer, from its actual sending
 * warm-up       transactions that were due before its end are left out of all figures but the money
 *
 * load_drive.c begins transactions, load_count.c is told by the engine and counts, load_report.c
 * tells people and files, screen.c draws. Nothing is allocated once the clock runs. */
#pragma once

#include "tools/isotest/histogram.h"
#include "tools/isotest/money.h"
#include "tools/isotest/rate.h"
#include "tools/isotest/threshold.h"

enum {
    LOAD_VARS_MAX = 64,
    LOAD_PATH_LEN = 4096,
    LOAD_TESTS_MAX = 32,
    LOAD_STEPS_MAX = 64,  /* `expect` of all tests that are told of by themselves */
    LOAD_CODES_MAX = 32,  /* response codes */
    LOAD_WHYS_MAX = 16,   /* reasons why transactions failed */
    LOAD_HISTORY_MAX = 60 /* seconds of the screen's curve */
};

struct load_options {
    const char *path;
    const char *vars[LOAD_VARS_MAX];
    uint32_t var_count;
    uint32_t per_s; /* 0: --max or --closed */
    bool is_closed;
    bool is_poisson;
    bool no_screen;
    bool no_money;
    uint32_t terminals; /* 0: as the script declares */
    uint32_t window;    /* transactions of a terminal at once; 0: so that 64 are under way */
    uint32_t ramp_ms;
    uint32_t warmup_ms;
    uint32_t duration_ms;
    uint32_t settle_ms;
    struct threshold thresholds[THRESHOLDS_MAX];
    uint32_t threshold_count;
    const char *hgrm;
    const char *out;
    uint64_t seed;
    char socket[LOAD_PATH_LEN];
    bool has_socket;
};

/* What is counted of a test; also of all tests. */
struct load_counts {
    uint64_t ended;
    uint64_t passed;
    uint64_t failed;
    uint64_t timed_out; /* of the failed */
    uint64_t unconnected;
    uint64_t wrong; /* answers that are not as expected */
    uint64_t sent;
    uint64_t answered;
    uint64_t approved; /* of the answers with DE39 */
    uint64_t declined;
    uint64_t reversed;
    uint64_t late; /* begun more than 1 ms after they were due */
};

struct load_test {
    const struct test *test;
    char title[80]; /* masked */
    int64_t weight;
    int64_t credit; /* of the mix */
    struct load_counts counts;
};

struct load_step {
    const struct stmt *stmt; /* an `expect` */
    uint32_t test;
    uint64_t taken;
    uint64_t failed;
    struct histogram *service; /* NULL: a request that an issuer takes */
};

struct load_code {
    char text[3]; /* DE39 */
    uint64_t count;
};

/* One reason, by statement and kind. */
struct load_why {
    const struct stmt *stmt;
    uint8_t kind; /* enum failure_kind */
    uint64_t count;
    char text[300]; /* of the first, masked */
};

enum load_phase { LOAD_CONNECTING, LOAD_WARMUP, LOAD_MEASURING, LOAD_DRAINING, LOAD_OVER };

struct load {
    const struct load_options *options;
    const struct script *script;
    struct engine *engine;
    struct money *money; /* NULL: no check */
    uv_loop_t loop;
    uv_timer_t tick;
    uv_poll_t due; /* on a timerfd: libuv's own timers know whole milliseconds only */
    int due_fd;
    int64_t due_armed_us;
    uv_signal_t on_int;
    uv_signal_t on_term;
    char seed_text[24];
    /* the schedule */
    enum load_phase phase;
    struct rate rate;
    double per_s;       /* as it is now: keys change it */
    bool is_paused;     /* by key */
    int64_t began_us;   /* steady clock */
    int64_t measure_us; /* from here on it counts, */
    int64_t end_us;     /* up to here */
    int64_t ended_us;   /* it really did */
    int64_t drain_us;   /* what is under way is given up then */
    int stop_signal;
    uint32_t stops; /* how often it was asked to stop */
    /* terminals that may begin one: a ring of their numbers */
    uint32_t *free_terminals;
    uint32_t free_cap;
    uint32_t free_head;
    uint32_t free_count;
    uint32_t terminal_first;
    uint32_t terminal_count;
    uint32_t window;
    uint32_t started_terminals; /* closed model, while it ramps */
    /* figures */
    struct load_test tests[LOAD_TESTS_MAX];
    uint32_t test_count;
    struct load_step steps[LOAD_STEPS_MAX];
    uint32_t step_count;
    struct load_code codes[LOAD_CODES_MAX];
    uint32_t code_count;
    struct load_why whys[LOAD_WHYS_MAX];
    uint32_t why_count;
    struct load_counts all;
    uint64_t under_way;
    uint64_t not_begun;
    uint64_t over; /* transactions that ended, measured or not */
    uint64_t over_at_start;
    uint64_t done;    /* of them, in the measured time, whenever they began */
    uint64_t matched; /* messages that an `expect` took */
    struct histogram *latency;
    struct histogram *service;
    struct histogram *second;      /* of the present second */
    struct engine_counts at_start; /* of the measured time */
    struct station_work crypto;    /* of all stations, in all the time */
    double crypto_us;              /* that it takes by itself */
    /* the machine */
    int64_t cpu_start_us;
    int64_t cpu_us;
    uint64_t memory_start; /* bytes resident */
    uint64_t memory_end;
    /* a second ago */
    int64_t second_us;
    int64_t line_us;
    struct load_counts second_counts;
    struct engine_counts second_engine;
    int64_t second_cpu_us;
    uint64_t second_over;
    double rate_now;
    double cpu_now;
    double history[LOAD_HISTORY_MAX];
    uint32_t history_count;
    FILE *ndjson;
    bool io_wrong;
    struct screen *screen;
    bool unbalanced;
    char money_line[MONEY_TEXT_MAX];
    char money_extras[5][MONEY_TEXT_MAX];
    uint32_t money_extra_count;
};

/* --- load.c ----------------------------------------------------------------------------------- */

/* Run it all; an exit code. */
int load_run(const struct load_options *options);
/* Resident bytes, processor time of this process. */
uint64_t load_memory(void);
int64_t load_cpu_us(void);

/* --- load_drive.c ----------------------------------------------------------------------------- */

/* The timers and signals of @load->loop; load_drive_close() before it runs for the last time. */
void load_drive_open(struct load *load);
void load_drive_close(struct load *load);
/* The clock runs from now on. */
void load_begin(struct load *load);
/* The next test of the mix, an index: each gains its weight, the richest pays for all. So they come
 * in the ratio of their weights, evenly mixed, and the same in every run. */
uint32_t load_pick(struct load *load);
/* The keys: a change of the rate by @by a second, a pause, an end (the second time at once). */
void load_rate_by(struct load *load, int by);
void load_pause(struct load *load);
void load_stop(struct load *load);

/* --- load_crypto.c ---------------------------------------------------------------------------- */

/* Measure @load->crypto_us, for some ten milliseconds a kind of station with keys. Afterwards DUKPT
 * stations stand at another KSN. */
void load_crypto_time(struct load *load);

/* --- load_count.c ----------------------------------------------------------------------------- */

/* The tags that engine_start() is given: which test, which terminal, whether it is measured. */
static inline uint64_t load_tag(uint32_t test, uint32_t terminal, bool is_measured)
{
    return (uint64_t)is_measured << 63 | (uint64_t)test << 32 | terminal;
}

/* Make the tables: tests, steps. 0 or ERR_MEMORY, ERR_FULL (more tests than LOAD_TESTS_MAX). */
MUST_USE int load_count_open(struct load *load);
void load_count_close(struct load *load);
/* What the engine is to tell. */
struct engine_observer load_observer(struct load *load);
/* A transaction of @load->tests[tag] is over (load.c goes on). */
void load_ended(struct load *load, uint64_t tag);
/* A second is over: the rates, its record. */
void load_second(struct load *load, int64_t now_us);

/* --- load_report.c ---------------------------------------------------------------------------- */

/* The plain line of stderr. */
void load_line(const struct load *load, FILE *out);
/* A second's record of --out. */
void load_record(struct load *load, int64_t now_us);
/* The end: what is printed and written. True if all thresholds hold. */
bool load_report(struct load *load, FILE *out);
/* Words about what held the run back, most of all this tool itself; NULL: nothing did. */
const char *load_held_back(const struct load *load);
/* "expect 0210 at VISA". */
const char *load_step_text(const struct load_step *step, char buf[40]);
/* "64 012". */
const char *count_text(uint64_t count, char buf[32]);
const char *phase_text(enum load_phase phase);
/* Measured time so far. */
int64_t load_measured_us(const struct load *load, int64_t now_us);
