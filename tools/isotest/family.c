/* Strands and their families: how they begin, branch, fail and end, and whose turn it is. */
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "tools/isotest/control.h"
#include "tools/isotest/engine_state.h"
#include "tools/isotest/spawn.h"

/* --- strands ---------------------------------------------------------------------------------- */

strand_id strand_id_of(const struct strand *strand)
{
    return (uint64_t)strand->generation << 32 | (uint64_t)(strand - strand->engine->strands + 1);
}

struct strand *strand_find(struct engine *engine, strand_id id)
{
    uint32_t index = (uint32_t)id - 1;
    if (index >= engine->strand_max) {
        return NULL;
    }
    struct strand *strand = &engine->strands[index];
    bool is_current = strand->generation == (uint32_t)(id >> 32) && strand->wait != WAIT_FREE;
    return is_current ? strand : NULL;
}

struct strand_view strand_view_of(const struct strand *strand)
{
    return (struct strand_view){.id = strand_id_of(strand),
                                .root = strand_id_of(strand->root),
                                .test = strand->routine->test,
                                .index = strand->index,
                                .intended_us = strand->root->intended_us,
                                .started_us = strand->root->started_us,
                                .tag = strand->root->tag,
                                .answers = strand->answers};
}

static const struct held *held_of(const struct kept *kept)
{
    return kept == NULL ? NULL : &kept->held;
}

int64_t engine_wall_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t engine_look(struct engine *engine)
{
    engine->clock_us = engine_now_us();
    return engine->clock_us;
}

struct scope scope_of(struct strand *strand)
{
    struct engine *engine = strand->engine;
    if (engine->clock_us - engine->wall_us >= 1000) {
        engine->wall_us = engine->clock_us;
        engine->wall_ms = engine_wall_ms();
    }
    return (struct scope){.script = engine->script,
                          .variables = strand->variables,
                          .row = strand->has_row ? strand->row : NULL,
                          .sent = held_of(strand->sent),
                          .asked = held_of(strand->asked),
                          .got = held_of(strand->got),
                          .index = strand->round,
                          .random = &strand->random,
                          .counters = engine->counters,
                          .wall_ms = engine->wall_ms};
}

void strand_ready(struct strand *strand)
{
    strand->wait = WAIT_TURN;
    list_remove(&strand->ready);
    list_append(&strand->engine->ready, &strand->ready);
    turn_begin(strand->engine);
}

uint64_t seed_mix(uint64_t seed)
{
    /* splitmix64: neighbours get unlike states. */
    seed += 0x9E3779B97F4A7C15ull;
    seed = (seed ^ seed >> 30) * 0xBF58476D1CE4E5B9ull;
    seed = (seed ^ seed >> 27) * 0x94D049BB133111EBull;
    return seed ^ seed >> 31;
}

/* A free slot, wiped of what was there, or NULL. */
static struct strand *strand_take_slot(struct engine *engine)
{
    struct list *node = list_first(&engine->free);
    if (node == NULL) {
        engine->counts.refused++;
        return NULL;
    }
    struct strand *strand = LIST_OWNER(node, struct strand, ready);
    list_remove(node);
    engine->counts.strands++;
    strand->depth = 0;
    strand->children = 0;
    strand->at = NULL;
    strand->from = NULL;
    strand->taken_at = NULL;
    strand->latency_us = -1;
    strand->answers = 0;
    strand->begun = false;
    strand->any_answer = false;
    strand->asked_taken = false;
    strand->has_row = false;
    strand->room_len = 0;
    strand->random = seed_mix(engine->options.seed ^ seed_mix(engine->seeds++));
    return strand;
}

static void strand_release(struct strand *strand)
{
    struct engine *engine = strand->engine;
    timed_clear(engine, &strand->timed);
    control_forget(engine->control, strand);
    spawn_forget(strand->job);
    strand->job = NULL;
    for (unsigned i = 0; i < COPIES_MAX; i++) {
        kept_put(engine, &strand->copies[i].message, NULL);
    }
    pair_forget(strand);
    kept_put(engine, &strand->sent, NULL);
    kept_put(engine, &strand->asked, NULL);
    kept_put(engine, &strand->asked_before, NULL);
    kept_put(engine, &strand->got, NULL);
    list_remove(&strand->waiting);
    list_remove(&strand->member);
    list_remove(&strand->ready);
    bytes_wipe(strand->room, strand->room_len);
    strand->wait = WAIT_FREE;
    strand->generation++;
    if (engine->sender == strand) {
        engine->sender = NULL;
    }
    if (engine->newest == strand) {
        engine->newest = NULL;
    }
    engine->counts.strands--;
    /* The slot that was used last is the next: its memory is warm. */
    list_append(engine->free.next, &strand->ready);
}

void family_end(struct strand *root, bool passed)
{
    struct engine *engine = root->engine;
    struct strand_view view = strand_view_of(root);
    while (!list_is_empty(&root->family)) {
        strand_release(LIST_OWNER(list_first(&root->family), struct strand, member));
    }
    strand_release(root);
    if (engine->observer.on_end != NULL && !engine->closing) {
        engine->observer.on_end(engine->observer.context, &view, passed);
    }
}

void strand_done(struct strand *strand)
{
    struct strand *parent = strand->parent;
    if (parent == NULL) {
        family_end(strand, true);
        return;
    }
    strand_release(strand);
    CHECK(parent->children > 0);
    if (--parent->children == 0) {
        strand_next(parent);
    }
}

struct strand *strand_fork(struct strand *parent, uint32_t op, uint32_t index, uint32_t round)
{
    struct engine *engine = parent->engine;
    struct strand *strand = strand_take_slot(engine);
    if (strand == NULL) {
        return NULL;
    }
    strand->root = parent->root;
    strand->parent = parent;
    strand->routine = parent->routine;
    strand->op = op;
    strand->index = index;
    strand->round = round;
    strand->from = parent->from;
    /* Borrowed from the parent, which stands still until its branches are done. */
    memcpy(strand->variables, parent->variables,
           engine->script->variable_count * sizeof *strand->variables);
    strand->has_row = parent->has_row;
    memcpy(strand->row, parent->row, engine->script->column_count * sizeof *strand->row);
    kept_put(engine, &strand->sent, parent->sent);
    kept_put(engine, &strand->asked, parent->asked);
    kept_put(engine, &strand->asked_before, parent->asked);
    kept_put(engine, &strand->got, parent->got);
    list_append(&parent->root->family, &strand->member);
    parent->children++;
    strand_ready(strand);
    return strand;
}

void strand_fail(struct strand *strand, struct failure *failure)
{
    struct engine *engine = strand->engine;
    struct strand_view view = strand_view_of(strand);
    if (failure->stmt == NULL) {
        failure->stmt = engine->program.ops[strand->op].stmt;
        failure->spot = failure->stmt->spot;
    }
    failure->waited_us = engine_now_us() - strand->step_us;
    if (engine->observer.on_failure != NULL) {
        engine->observer.on_failure(engine->observer.context, &view, failure);
    }
    /* The observer may have cancelled it itself. */
    if (strand_find(engine, view.id) == strand) {
        family_end(strand->root, false);
    }
}

void strand_fail_text(struct strand *strand, enum failure_kind kind, const char *format, ...)
{
    struct failure failure = {.kind = (uint8_t)kind, .peer = strand->at};
    va_list args;
    va_start(args, format);
    (void)vsnprintf(failure.text, sizeof failure.text, format, args);
    va_end(args);
    strand_fail(strand, &failure);
}

static bool room_owns(const struct strand *strand, struct span value)
{
    return value.ptr != NULL && value.ptr >= strand->room &&
           value.ptr < strand->room + strand->engine->room_cap;
}

/* Move the variables of this strand together. */
static void room_pack(struct strand *strand)
{
    static uint8_t packed[1 << 20];
    struct writer out = writer_make(packed, sizeof packed);
    CHECK(strand->engine->room_cap <= sizeof packed);
    for (uint32_t i = 0; i < strand->engine->script->variable_count; i++) {
        struct span value = strand->variables[i];
        if (room_owns(strand, value)) {
            strand->variables[i].ptr = strand->room + out.len;
            writer_span(&out, value);
        }
    }
    memcpy(strand->room, packed, out.len);
    strand->room_len = (uint32_t)out.len;
    bytes_wipe(packed, out.len);
}

bool strand_set(struct strand *strand, uint32_t slot, struct span value)
{
    CHECK(slot < strand->engine->script->variable_count);
    struct span old = strand->variables[slot];
    if (room_owns(strand, old) && old.len >= value.len) {
        memmove((uint8_t *)(uintptr_t)old.ptr, value.ptr, value.len);
        strand->variables[slot].len = value.len;
        return true;
    }
    if (strand->engine->room_cap - strand->room_len < value.len) {
        strand->variables[slot] = SPAN_NONE;
        room_pack(strand);
    }
    if (strand->engine->room_cap - strand->room_len < value.len) {
        return false;
    }
    uint8_t *at = strand->room + strand->room_len;
    if (value.len != 0) {
        memcpy(at, value.ptr, value.len);
    }
    strand->variables[slot] = span_make(at, value.len);
    strand->room_len += (uint32_t)value.len;
    return true;
}

/* --- turns ------------------------------------------------------------------------------------ */

static void on_turn(uv_idle_t *idle)
{
    struct engine *engine = idle->data;
    (void)engine_look(engine);
    /* Those that become ready meanwhile have their turn in the next: sockets are read between. */
    struct list now;
    list_init(&now);
    while (!list_is_empty(&engine->ready)) {
        struct list *node = list_first(&engine->ready);
        list_remove(node);
        list_append(&now, node);
    }
    while (!list_is_empty(&now)) {
        struct strand *strand = LIST_OWNER(list_first(&now), struct strand, ready);
        list_remove(&strand->ready);
        strand_run(strand);
    }
    if (list_is_empty(&engine->ready)) {
        uv_idle_stop(idle);
        engine->turning = false;
    }
}

void turn_begin(struct engine *engine)
{
    if (!engine->turning && !engine->closing) {
        engine->turning = true;
        CHECK(uv_idle_start(&engine->turn, on_turn) == 0);
    }
}

int engine_start(struct engine *engine, const struct test *test, uint32_t index,
                 int64_t intended_us, uint64_t tag, strand_id *out)
{
    const struct routine *routine = program_find(&engine->program, test);
    CHECK(routine != NULL);
    struct strand *strand = engine->closing ? NULL : strand_take_slot(engine);
    if (strand == NULL) {
        return ERR_FULL;
    }
    if (engine->options.keep_messages && engine->counts.strands == 1) {
        heard_forget_all(engine);
    }
    if (engine->options.keep_messages) {
        /* A run: each test draws from the seed and its own line, so that it draws the same alone.
         */
        engine->seeds = seed_mix(test->spot.line);
        strand->random = seed_mix(engine->options.seed ^ seed_mix(engine->seeds++));
    }
    strand->root = strand;
    strand->parent = NULL;
    strand->routine = routine;
    strand->op = routine->first_op;
    strand->index = index;
    strand->round = index;
    strand->tag = tag;
    strand->started_us = engine_look(engine);
    strand->intended_us = intended_us != 0 ? intended_us : strand->started_us;
    memcpy(strand->variables, engine->variables,
           engine->script->variable_count * sizeof *strand->variables);
    memset(strand->rule_left, 0, routine->rule_count * sizeof *strand->rule_left);
    engine->newest = strand;
    engine->last_routine = engine->options.keep_messages ? NULL : routine;
    strand_ready(strand);
    *out = strand_id_of(strand);
    return 0;
}

void engine_cancel(struct engine *engine, strand_id id)
{
    struct strand *strand = strand_find(engine, id);
    if (strand != NULL) {
        family_end(strand->root, false);
    }
}
