#include <stdio.h>
#include <stdlib.h>

#include "iso8583/base/map.h"
#include "iso8583/frame.h"
#include "tests/load/population_state.h"

enum {
    IN_LEN = FRAME_LEN_MAX + FRAME_HEAD_LEN_MAX,
    OUT_LEN = 16384,
    DIAL_FIRST_MS = 50,
    DIAL_MAX_MS = 1000,
};

struct resume {
    struct population *population;
    struct map seats; /* terminal id -> index */
};

static void on_journal_line(void *user, struct span terminal, uint32_t stan)
{
    struct resume *resume = user;
    uint32_t index = 0;
    if (terminal.len == 8 && map_find(&resume->seats, terminal.ptr, &index)) {
        terminal_resume(&resume->population->seats[index].terminal, stan);
    }
}

/* Open the journal; what it says of STANs is where the terminals go on. */
static int journal_resume(struct population *p)
{
    struct resume resume = {.population = p};
    void *memory = malloc(map_memory(p->plan.terminal_count, 8));
    if (memory == NULL) {
        return ERR_MEMORY;
    }
    map_init(&resume.seats, memory, p->plan.terminal_count, 8);
    int result = 0;
    for (uint32_t i = 0; i < p->plan.terminal_count && result == 0; i++) {
        result = map_add(&resume.seats, p->seats[i].terminal.row->id, i);
    }
    if (result == 0) {
        result = journal_open(&p->journal, p->plan.journal_path, on_journal_line, &resume);
    }
    free(memory);
    return result;
}

static int seats_build(struct population *p, const struct terminal_rules *rules)
{
    const struct population_plan *plan = &p->plan;
    uint32_t past_count = PAST_COUNT_MIN + 2 * plan->window;
    size_t count = plan->terminal_count;
    p->seats = calloc(count, sizeof *p->seats);
    p->exchanges = calloc(count * plan->window, sizeof *p->exchanges);
    p->past = calloc(count * past_count, sizeof *p->past);
    p->links = calloc(count * plan->connections, sizeof *p->links);
    if (p->seats == NULL || p->exchanges == NULL || p->past == NULL || p->links == NULL) {
        return ERR_MEMORY;
    }
    for (uint32_t i = 0; i < plan->terminal_count; i++) {
        struct seat *seat = &p->seats[i];
        uint32_t index = plan->terminal_first + i;
        seat->population = p;
        seat->links = &p->links[(size_t)i * plan->connections];
        seat->terminal.exchanges = &p->exchanges[(size_t)i * plan->window];
        seat->terminal.window = plan->window;
        seat->terminal.past = &p->past[(size_t)i * past_count];
        seat->terminal.past_count = past_count;
        TRY(terminal_init(&seat->terminal, rules, p->dataset, &p->dataset->terminals[index],
                          &p->ciphers, prng_fork(plan->seed, index).state));
        /* Without a journal nothing tells which STANs the last process used: each second of the
         * day begins elsewhere. */
        seat->terminal.stan = (uint32_t)(p->now.wall_ms / 1000 * 11 % STAN_MAX);
        for (uint32_t k = 0; k < plan->connections; k++) {
            struct link *link = &seat->links[k];
            *link = (struct link){.seat = seat};
            link->endpoint = (struct endpoint){
                .framing = &p->plan.framing, .events = &population_events, .user = link};
        }
    }
    return 0;
}

static int network_open(struct population *p)
{
    uint32_t count = p->plan.terminal_count * p->plan.connections;
    struct conn_limits limits = {.count_max = count, .in_len = IN_LEN, .out_len = OUT_LEN};
    CHECK(uv_loop_init(&p->loop) == 0);
    CHECK(uv_timer_init(&p->loop, &p->tick) == 0);
    CHECK(uv_prepare_init(&p->loop, &p->turn) == 0);
    p->tick.data = p;
    p->turn.data = p;
    for (int i = 0; i < 2; i++) {
        CHECK(uv_signal_init(&p->loop, &p->signals[i]) == 0);
        p->signals[i].data = p;
    }
    p->pool = conn_pool_new(&p->loop, &limits);
    if (p->pool == NULL) {
        return ERR_MEMORY;
    }
    struct dial_backoff backoff = {DIAL_FIRST_MS, DIAL_MAX_MS};
    for (uint32_t i = 0; i < count; i++) {
        TRY(dialler_open(p->pool, p->plan.address, backoff, &p->links[i].endpoint, NULL,
                         &p->links[i].dialler));
    }
    return 0;
}

int population_open(const struct population_plan *plan, const struct terminal_rules *rules,
                    struct dataset *dataset, struct population **out)
{
    struct population *p = calloc(1, sizeof *p);
    if (p == NULL) {
        return ERR_MEMORY;
    }
    p->plan = *plan;
    p->dataset = dataset;
    p->journal.fd = -1;
    p->lane_ms[LANE_REPEAT] = plan->repeat_ms;
    p->lane_ms[LANE_REVERSAL] = plan->reversal_ms;
    list_init(&p->idle);
    list_init(&p->ready);
    for (int i = 0; i < LANE_COUNT; i++) {
        list_init(&p->lane[i]);
    }
    population_clock(p);
    int result = tdes_ciphers_init(&p->ciphers);
    result = result == 0 ? seats_build(p, rules) : result;
    result = result == 0 ? journal_resume(p) : result;
    result = result == 0 ? dataset_hash(dataset, p->journal.salt) : result;
    result = result == 0 ? network_open(p) : result;
    if (result != 0) {
        fprintf(stderr, "terminal-sim: error: setting up: %s\n", err_text(result));
    }
    *out = p;
    return result;
}
