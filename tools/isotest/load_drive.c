/* The clock of a load run: what begins when, and from when to when it counts. */
#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "tools/isotest/load.h"
#include "tools/isotest/screen.h"

enum {
    TICK_MS = 20,
    LINE_US = 5000000,
    SECOND_US = 1000000,
    DUE_US_MIN = 50, /* arrivals closer together than this begin together */
    DRAIN_US = 60000000,
};

/* --- beginning transactions ------------------------------------------------------------------- */

static bool is_open_model(const struct load *load)
{
    return load->options->per_s != 0;
}

static bool may_begin(const struct load *load)
{
    return !load->is_paused && (load->phase == LOAD_WARMUP || load->phase == LOAD_MEASURING);
}

static void terminal_give(struct load *load, uint32_t terminal)
{
    CHECK(load->free_count < load->free_cap);
    load->free_terminals[(load->free_head + load->free_count++) % load->free_cap] = terminal;
}

uint32_t load_pick(struct load *load)
{
    uint32_t best = 0;
    int64_t sum = 0;
    for (uint32_t i = 0; i < load->test_count; i++) {
        struct load_test *test = &load->tests[i];
        sum += test->weight;
        test->credit += test->weight;
        best = test->credit > load->tests[best].credit ? i : best;
    }
    load->tests[best].credit -= sum;
    return best;
}

/* Begin one that was due at @intended_us. There is a free terminal. */
static void transaction_begin(struct load *load, int64_t intended_us)
{
    strand_id id = 0;
    uint32_t terminal = load->free_terminals[load->free_head];
    uint32_t test = load_pick(load);
    /* What is due at the end belongs to the time, so what is due at its beginning does not. */
    bool is_measured =
        is_open_model(load) ? intended_us > load->measure_us : intended_us >= load->measure_us;
    load->free_head = (load->free_head + 1) % load->free_cap;
    load->free_count--;
    /* There are as many families as free places of terminals: it cannot be refused. */
    CHECK(engine_start(load->engine, load->tests[test].test, load->terminal_first + terminal,
                       intended_us, load_tag(test, terminal, is_measured), &id) == 0);
    load->under_way++;
}

static void due_arm(struct load *load, int64_t now_us)
{
    int64_t due_us = load->began_us + rate_due_us(&load->rate);
    int64_t at_us = due_us > now_us + DUE_US_MIN ? due_us : now_us + DUE_US_MIN;
    struct itimerspec when = {
        .it_value = {.tv_sec = at_us / 1000000, .tv_nsec = at_us % 1000000 * 1000}};
    (void)timerfd_settime(load->due_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

static void phase_step(struct load *load, int64_t now_us);

/* Open model: begin what is due. What finds no free terminal stays due. */
static void due_begin(struct load *load, int64_t now_us)
{
    while (may_begin(load) && load->free_count > 0) {
        int64_t due_us = load->began_us + rate_due_us(&load->rate);
        if (due_us > now_us || due_us > load->end_us) {
            break; /* The one that is due at the end is the last: N a second are N. */
        }
        rate_next(&load->rate);
        transaction_begin(load, due_us);
    }
}

static void arrivals_begin(struct load *load)
{
    int64_t now_us = engine_now_us();
    phase_step(load, now_us);
    due_begin(load, now_us);
    if (may_begin(load) && load->free_count > 0) {
        due_arm(load, now_us);
    }
}

static void on_due(uv_poll_t *poll, int status, int events)
{
    struct load *load = poll->data;
    uint64_t rung = 0;
    (void)status;
    (void)events;
    if (read(load->due_fd, &rung, sizeof rung) == (ssize_t)sizeof rung && is_open_model(load)) {
        arrivals_begin(load);
    }
}

/* Closed model: how many may be under way; fewer while it ramps. */
static uint64_t places(const struct load *load, int64_t now_us)
{
    int64_t ramp_us = (int64_t)load->options->ramp_ms * 1000;
    int64_t passed_us = now_us - load->began_us;
    return passed_us >= ramp_us ? load->free_cap
                                : 1 + (uint64_t)(passed_us * (int64_t)load->free_cap / ramp_us);
}

static void places_fill(struct load *load, int64_t now_us)
{
    phase_step(load, now_us);
    uint64_t most = places(load, now_us);
    while (may_begin(load) && load->free_count > 0 && load->under_way < most &&
           now_us < load->end_us) {
        transaction_begin(load, now_us);
    }
}

void load_ended(struct load *load, uint64_t tag)
{
    load->under_way--;
    load->over++;
    terminal_give(load, (uint32_t)tag);
    if (is_open_model(load)) {
        if (load->free_count == 1) {
            arrivals_begin(load); /* It may be what one that is due has waited for. */
        }
    } else if (may_begin(load)) {
        places_fill(load, engine_now_us());
    }
}

/* --- keys and signals ------------------------------------------------------------------------- */

void load_rate_by(struct load *load, int by)
{
    double per_s = load->per_s + by;
    if (is_open_model(load) && may_begin(load)) {
        load->per_s = per_s < 1 ? 1 : per_s;
        rate_change(&load->rate, load->per_s, engine_now_us() - load->began_us);
        arrivals_begin(load);
    }
}

void load_pause(struct load *load)
{
    int64_t now_us = engine_now_us();
    load->is_paused = !load->is_paused;
    if (!load->is_paused && is_open_model(load)) {
        rate_skip(&load->rate, now_us - load->began_us);
        arrivals_begin(load);
    } else if (!load->is_paused) {
        places_fill(load, now_us);
    }
}

void load_stop(struct load *load)
{
    int64_t now_us = engine_now_us();
    load->stops++;
    if (load->phase < LOAD_DRAINING) {
        load->end_us = now_us;
    }
    if (load->stops > 1) {
        load->drain_us = now_us;
    }
}

static void on_signal(uv_signal_t *handle, int signal)
{
    struct load *load = handle->data;
    load->stop_signal = signal;
    load_stop(load);
}

/* --- phases ----------------------------------------------------------------------------------- */

static void measure_begin(struct load *load, int64_t now_us)
{
    load->phase = LOAD_MEASURING;
    load->cpu_start_us = load_cpu_us();
    load->cpu_us = 0;
    load->memory_start = load_memory();
    load->second_us = now_us;
    load->second_cpu_us = load->cpu_start_us;
    load->over_at_start = load->over;
    engine_counts(load->engine, &load->at_start);
}

/* Arrivals that were due and found no terminal until the end. */
static void left_count(struct load *load)
{
    if (!is_open_model(load) || load->is_paused) {
        return;
    }
    while (load->began_us + rate_due_us(&load->rate) <= load->end_us) {
        load->not_begun += load->began_us + rate_due_us(&load->rate) > load->measure_us;
        rate_next(&load->rate);
    }
}

static void drain_begin(struct load *load, int64_t now_us)
{
    if (load->phase == LOAD_WARMUP) {
        load->measure_us = load->end_us; /* stopped before it began */
    } else {
        load->cpu_us = load_cpu_us() - load->cpu_start_us;
        load->done = load->over - load->over_at_start;
    }
    if (is_open_model(load)) {
        due_begin(load, now_us); /* of the last moment; no terminal is free for what is left then */
    }
    load->phase = LOAD_DRAINING;
    load->ended_us = now_us;
    load->memory_end = load_memory();
    load->drain_us = load->drain_us == 0 ? now_us + DRAIN_US : load->drain_us;
    left_count(load);
}

static void phase_step(struct load *load, int64_t now_us)
{
    if (load->phase == LOAD_WARMUP && now_us >= load->measure_us &&
        load->measure_us < load->end_us) { /* not stopped before */
        measure_begin(load, now_us);
    }
    if ((load->phase == LOAD_WARMUP || load->phase == LOAD_MEASURING) && now_us >= load->end_us) {
        drain_begin(load, now_us);
    }
    if (load->phase == LOAD_DRAINING && (load->under_way == 0 || now_us >= load->drain_us)) {
        load->phase = LOAD_OVER;
    }
}

static void on_tick(uv_timer_t *timer)
{
    struct load *load = timer->data;
    int64_t now_us = engine_now_us();
    if (load->phase == LOAD_CONNECTING) {
        return;
    }
    phase_step(load, now_us);
    if (may_begin(load) && !is_open_model(load)) {
        places_fill(load, now_us);
    }
    if (now_us - load->second_us >= SECOND_US && load->phase < LOAD_OVER) {
        load_second(load, now_us);
    }
    if (load->screen != NULL) {
        screen_turn(load->screen, load, now_us);
    } else if (now_us - load->line_us >= LINE_US && load->phase < LOAD_OVER) {
        load->line_us = now_us;
        load_line(load, stderr);
    }
}

void load_begin(struct load *load)
{
    const struct load_options *options = load->options;
    int64_t now_us = engine_now_us();
    load->began_us = now_us;
    load->second_us = now_us;
    load->line_us = now_us;
    load->second_cpu_us = load_cpu_us();
    load->measure_us = now_us + ((int64_t)options->ramp_ms + options->warmup_ms) * 1000;
    load->end_us = load->measure_us + (int64_t)options->duration_ms * 1000;
    load->per_s = options->per_s;
    load->phase = LOAD_WARMUP;
    phase_step(load, now_us);
    if (is_open_model(load)) {
        rate_init(&load->rate, load->per_s, (int64_t)options->ramp_ms * 1000, options->is_poisson,
                  options->seed);
        arrivals_begin(load);
    } else {
        places_fill(load, now_us);
    }
}

/* --- opening and closing ---------------------------------------------------------------------- */

void load_drive_open(struct load *load)
{
    CHECK(uv_timer_init(&load->loop, &load->tick) == 0);
    CHECK(uv_signal_init(&load->loop, &load->on_int) == 0);
    CHECK(uv_signal_init(&load->loop, &load->on_term) == 0);
    load->due_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    CHECK(load->due_fd >= 0);
    CHECK(uv_poll_init(&load->loop, &load->due, load->due_fd) == 0);
    load->tick.data = load;
    load->due.data = load;
    load->on_int.data = load;
    load->on_term.data = load;
    CHECK(uv_timer_start(&load->tick, on_tick, TICK_MS, TICK_MS) == 0);
    CHECK(uv_poll_start(&load->due, UV_READABLE, on_due) == 0);
    CHECK(uv_signal_start(&load->on_int, on_signal, SIGINT) == 0);
    CHECK(uv_signal_start(&load->on_term, on_signal, SIGTERM) == 0);
}

void load_drive_close(struct load *load)
{
    uv_close((uv_handle_t *)&load->tick, NULL);
    uv_close((uv_handle_t *)&load->due, NULL);
    uv_close((uv_handle_t *)&load->on_int, NULL);
    uv_close((uv_handle_t *)&load->on_term, NULL);
}
