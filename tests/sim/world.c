#include "tests/sim/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "iso8583/base/calendar.h"
#include "tests/sim/audit.h"
#include "tests/sim/clearing.h"

enum {
    CALM_MS_MAX = 40 * 60 * 1000, /* faults over: all must be terminal by then */
    TICKS_MAX = 10000,            /* of one moment: more is a core that goes round in circles */
    TASKS_MAX = 400000,
};

/* --- Reports ---------------------------------------------------------------------------------- */

void world_fail(struct world *world, const char *invariant, const char *format, ...)
{
    if (world->fault_name[0] != '\0') {
        return;
    }
    va_list list;
    va_start(list, format);
    snprintf(world->fault_name, sizeof world->fault_name, "%s", invariant);
    vsnprintf(world->fault_text, sizeof world->fault_text, format, list);
    va_end(list);
    world_say(world, "VIOLATED %s: %s", world->fault_name, world->fault_text);
}

void world_say(const struct world *world, const char *format, ...)
{
    if (world->verbose) {
        va_list list;
        va_start(list, format);
        printf("%9.3f ", (double)world->now_ms / 1000);
        vprintf(format, list);
        printf("\n");
        va_end(list);
    }
}

void *world_grow(void *array, size_t count, size_t *cap, size_t size)
{
    if (count < *cap) {
        return array;
    }
    *cap = *cap == 0 ? 64 : 2 * *cap;
    void *more = realloc(array, *cap * size);
    CHECK(more != NULL);
    return more;
}

/* --- Time ------------------------------------------------------------------------------------- */

static bool is_before(const struct task *a, const struct task *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void heap_up(struct world *world, size_t at)
{
    struct task moved = world->heap[at];
    while (at > 0 && is_before(&moved, &world->heap[(at - 1) / 2])) {
        world->heap[at] = world->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    world->heap[at] = moved;
}

static struct task heap_pop(struct world *world)
{
    struct task first = world->heap[0];
    struct task last = world->heap[--world->heap_count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= world->heap_count) {
            break;
        }
        bool right = child + 1 < world->heap_count &&
                     is_before(&world->heap[child + 1], &world->heap[child]);
        child += right ? 1 : 0;
        if (!is_before(&world->heap[child], &last)) {
            break;
        }
        world->heap[at] = world->heap[child];
        at = child;
    }
    world->heap[at] = last;
    return first;
}

void world_later(struct world *world, int64_t delay_ms, task_fn *run, uint64_t a, uint64_t b,
                 struct span bytes)
{
    CHECK(delay_ms >= 0);
    world->heap = world_grow(world->heap, world->heap_count, &world->heap_cap, sizeof *world->heap);
    struct task *task = &world->heap[world->heap_count++];
    *task = (struct task){.at_ms = world->now_ms + delay_ms,
                          .order = world->order++,
                          .run = run,
                          .a = a,
                          .b = b,
                          .len = bytes.len};
    if (bytes.len != 0) {
        task->bytes = malloc(bytes.len);
        CHECK(task->bytes != NULL);
        memcpy(task->bytes, bytes.ptr, bytes.len);
    }
    heap_up(world, world->heap_count - 1);
}

int64_t world_wall_ms(const struct world *world)
{
    return world->plan.start_wall_ms + world->now_ms + world->wall_offset_ms;
}

/* --- The switch's life ------------------------------------------------------------------------ */

static void on_due(void *context, const struct record *original)
{
    struct world *world = context;
    struct event event = {.kind = EV_RECOVERED_DUE, .u.record = original};
    world_feed(world, &event);
    CHECK(world->actions->count == 0); /* no link stands yet: nothing can be drawn */
}

static void start(struct world *world, const struct task *task);

static void stop(struct world *world)
{
    world->up = false;
    world->life++;
    memset(world->in_flight, 0, sizeof world->in_flight);
    kv_memory_crash(world->kv);
    book_free(world->book);
    world->book = NULL;
    free(world->core_memory);
    world->core_memory = NULL;
    world->core = NULL;
    disk_crash(world);
    net_crash(world);
}

void world_crash(struct world *world, enum mark_world why)
{
    if (world->core_memory == NULL) {
        return; /* it is down already */
    }
    mark_world(why);
    world_say(world, "--- the switch is killed");
    clearing_crash(world);
    stop(world);
    int64_t down_ms = dice_between(&world->dice_fate, 100, 15000);
    world_later(world, down_ms, start, 0, 0, SPAN_NONE);
}

/* Load and recover, as edge/daemon.c does. False: it was killed again on the way. */
static bool recover(struct world *world)
{
    struct book_recovered found;
    bool fails = dice_hits(&world->dice_fate, world->plan.rates.crash_in_recovery);
    bool durable = dice_hits(&world->dice_fate, 500);
    int result = book_load(world->kv, &world->plan.book, &world->book);
    if (result != 0) {
        world_fail(world, "I10", "the book does not load after a crash: %s", err_name(result));
        return false;
    }
    audit_totals(world);
    kv_memory_fail_commit(world->kv, fails && world->faults ? 1 : 0, durable);
    result = book_recover(world->book, world_wall_ms(world), on_due, world, &found);
    kv_memory_fail_commit(world->kv, 0, false);
    if (result != 0) {
        mark_world(WORLD_CRASH_IN_RECOVERY);
        return false;
    }
    world_say(world, "--- recovered: %llu open, %llu due in all",
              (unsigned long long)found.open_count, (unsigned long long)found.due_count);
    uint32_t stan = 0;
    result = book_last_stan(world->book, &stan);
    CHECK(result == 0);
    core_resume_stan(world->core, stan);
    return true;
}

static void start(struct world *world, const struct task *task)
{
    (void)task;
    world->settings.seed = world->plan.seed + world->life;
    world->core_memory = calloc(1, core_memory(&world->settings));
    CHECK(world->core_memory != NULL);
    world->core = core_init(world->core_memory, &world->settings, world_wall_ms(world));
    world->up = true;
    if (!recover(world)) {
        stop(world);
        if (world->fault_name[0] == '\0') {
            world_later(world, 1000, start, 0, 0, SPAN_NONE);
        }
        return;
    }
    world_say(world, "--- the switch is up");
    net_dial_all(world);
}

/* --- Fate: what befalls the world and not one neighbour --------------------------------------- */

static void fate_crash(struct world *world, const struct task *task)
{
    (void)task;
    if (world->faults) {
        world_crash(world, WORLD_CRASH);
    }
}

static void fate_cutover(struct world *world, const struct task *task)
{
    (void)task;
    if (world->up) {
        struct book_request ask = {.op = BOOK_CUTOVER,
                                   .ref = UINT64_MAX,
                                   .wall_ms = world_wall_ms(world),
                                   .day = day_next(book_current_day(world->book))};
        mark_world(WORLD_CUTOVER);
        world_say(world, "--- cutover to %u", ask.day);
        disk_submit(world, &ask);
        clearing_after_cutover(world);
    }
}

static void fate_clock(struct world *world, const struct task *task)
{
    (void)task;
    mark_world(WORLD_CLOCK_STEPPED);
    world->wall_offset_ms += dice_between(&world->dice_fate, -2000, 2000);
}

static void fate_reload(struct world *world, const struct task *task)
{
    (void)task;
    mark_world(WORLD_RELOADED);
    world_say(world, "--- tables reloaded");
    world->settings = world->plan.reloaded;
    if (world->up) {
        core_reload(world->core, &world->settings);
    }
}

static void order_link(struct world *world, uint16_t link, enum link_wish wish)
{
    struct event event = {.kind = EV_LINK_ORDERED};
    event.u.issuer.link = link;
    event.u.issuer.wish = wish;
    if (world->up) {
        world_feed(world, &event);
    }
}

static void fate_order(struct world *world, const struct task *task)
{
    (void)task;
    static const enum link_wish wishes[] = {LINK_DOWN, LINK_DRAIN, LINK_UP};
    enum link_wish wish = wishes[dice_below(&world->dice_fate, 3)];
    uint32_t link = dice_below(&world->dice_fate, world->settings.link_count);
    mark_world(WORLD_LINK_ORDERED);
    if (world->faults) {
        order_link(world, (uint16_t)link, wish);
    }
}

/* Nothing goes wrong from here on, and what was ordered down is ordered up. */
static void fate_calm(struct world *world, const struct task *task)
{
    (void)task;
    world_say(world, "--- the faults are over");
    world->faults = false;
    struct rates calm = {.terminal_ms = 5, .link_ms = 5, .disk_ms = 2, .issuer_ms = 5};
    world->plan.rates = calm;
    if (world->plan.book.bury_permille < BOOK_SETTINGS_DEFAULT.bury_permille) {
        /* Staff raise the map: who repeats a reversal is heard at last. */
        world->plan.book.bury_permille = BOOK_SETTINGS_DEFAULT.bury_permille;
        world->plan.book.ends_permille = BOOK_SETTINGS_DEFAULT.ends_permille;
        world_crash(world, WORLD_CRASH);
    }
    for (uint32_t i = 0; i < world->settings.link_count; i++) {
        order_link(world, (uint16_t)i, LINK_UP);
    }
}

static void fate_draw(struct world *world, task_fn *run, uint32_t times)
{
    for (uint32_t i = 0; i < times; i++) {
        int64_t at_ms = dice_between(&world->dice_fate, 1000, world->plan.faults_ms);
        world_later(world, at_ms, run, 0, 0, SPAN_NONE);
    }
}

/* --- The run ---------------------------------------------------------------------------------- */

static void begin(struct world *world, uint64_t seed, bool verbose)
{
    memset(world, 0, sizeof *world);
    plan_init(&world->plan, seed);
    world->verbose = verbose;
    world->faults = true;
    world->now_ms = 1000;
    world->settings = world->plan.settings;
    world->hash = 0xCBF29CE484222325ull;
    world->dice_net = dice_make(seed, 2);
    world->dice_disk = dice_make(seed, 3);
    world->dice_hsm = dice_make(seed, 4);
    world->dice_issuer = dice_make(seed, 5);
    world->dice_terminal = dice_make(seed, 6);
    world->dice_fate = dice_make(seed, 7);
    world->dice_clearing = dice_make(seed, 8);
    world->actions = malloc(sizeof *world->actions);
    CHECK(world->actions != NULL);
    world->kv = kv_memory_open(64u << 20);
    int result = book_create(world->kv, world->plan.start_day, world_wall_ms(world));
    CHECK(result == 0);
    issuers_open(world);
    terminals_begin(world);
    fate_draw(world, fate_crash, world->plan.rates.crash_count);
    fate_draw(world, fate_cutover, world->plan.rates.cutover_count);
    fate_draw(world, fate_clock, world->plan.rates.step_count);
    fate_draw(world, fate_order, world->plan.rates.order_count);
    fate_draw(world, fate_reload, world->plan.rates.reload_count);
    world_later(world, world->plan.faults_ms, fate_calm, 0, 0, SPAN_NONE);
    if (verbose) {
        plan_print(&world->plan);
    }
    start(world, NULL);
}

/* One thing happens: the next task, or the core's deadline. */
static void turn(struct world *world)
{
    int64_t deadline = world->up ? core_deadline_ms(world->core) : INT64_MAX;
    if (world->heap_count > 0 && world->heap[0].at_ms < deadline) {
        struct task task = heap_pop(world);
        world->now_ms = task.at_ms;
        world->ticks_in_row = 0;
        task.run(world, &task);
        free(task.bytes);
        return;
    }
    if (deadline == INT64_MAX) {
        world->now_ms += CALM_MS_MAX; /* nobody will ever do anything */
        return;
    }
    struct event event = {.kind = EV_TICKED};
    world->ticks_in_row = deadline > world->now_ms ? 0 : world->ticks_in_row + 1;
    world->now_ms = deadline > world->now_ms ? deadline : world->now_ms;
    if (world->ticks_in_row > TICKS_MAX) {
        world_fail(world, "I12", "the core's deadline stands still");
        return;
    }
    world_feed(world, &event);
}

static bool is_at_rest(const struct world *world)
{
    return !world->faults && world->up && world->heap_count == 0 && terminals_done(world) &&
           core_figures(world->core).slots_used == 0 && audit_due_alive(world) == 0;
}

bool world_run(struct world *world, uint64_t seed, bool verbose)
{
    begin(world, seed, verbose);
    while (world->fault_name[0] == '\0' && !is_at_rest(world)) {
        if (world->now_ms > world->plan.faults_ms + CALM_MS_MAX || world->order > TASKS_MAX) {
            audit_stuck(world);
            break;
        }
        turn(world);
    }
    if (world->fault_name[0] == '\0') {
        clearing_rest(world);
    }
    if (world->fault_name[0] == '\0') {
        audit_rest(world);
    }
    return world->fault_name[0] == '\0';
}

void world_free(struct world *world)
{
    for (size_t i = 0; i < world->heap_count; i++) {
        free(world->heap[i].bytes);
    }
    free(world->heap);
    book_free(world->book);
    kv_memory_close(world->kv);
    free(world->core_memory);
    free(world->actions);
    free(world->queue);
    free(world->answers);
    free(world->wires);
    free(world->postings);
    free(world->requests);
    free(world->sales);
    issuers_close(world);
    plan_deinit(&world->plan);
}
