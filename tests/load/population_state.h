/* For population.c and population_open.c alone: what a population is made of. */
#pragma once

#include <uv.h>

#include "iso8583/net/dial.h"
#include "tests/load/population.h"

/* How long an exchange waits decides where: each lane is a FIFO, because all in it wait equally
 * long; its head expires first. */
enum lane { LANE_REPEAT, LANE_REVERSAL, LANE_COUNT };

struct seat;

struct link {
    struct seat *seat;
    struct endpoint endpoint;
    struct dialler *dialler;
    conn_id conn; /* 0: down */
};

/* A terminal and its connections. */
struct seat {
    struct population *population;
    struct terminal terminal;
    struct link *links;
    uint32_t link_next;
    uint32_t links_up;
};

struct population {
    struct population_plan plan;
    const struct dataset *dataset;
    struct tdes_ciphers ciphers;
    struct journal journal;
    struct summary summary;
    uv_loop_t loop;
    uv_timer_t tick;
    uv_prepare_t turn;
    uv_signal_t signals[2];
    struct conn_pool *pool;
    struct seat *seats;
    struct exchange *exchanges;
    struct past *past;
    struct link *links;
    struct stamp now;
    uint64_t now_ms;
    uint64_t now_us;
    struct list idle; /* exchanges of connected terminals that could begin */
    struct list ready;
    struct list lane[LANE_COUNT];
    uint32_t lane_ms[LANE_COUNT];
    uint64_t busy_count;
    uint64_t start_us;
    uint64_t stop_ms;     /* when stopping began */
    uint64_t progress_ms; /* of the next line */
    int result;
    bool stopping;
    bool settled; /* everything is being closed */
};

/* Read both clocks into @p. */
void population_clock(struct population *p);

/* What the connections of a population tell it. */
extern const struct conn_events population_events;
