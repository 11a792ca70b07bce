/* A strand's way through the program: loops, branches, variables, and when it goes on. */
#include <stdio.h>

#include "tools/isotest/engine_state.h"

/* --- values ----------------------------------------------------------------------------------- */

bool strand_value(struct strand *strand, const struct value *value, struct span *out)
{
    struct engine *engine = strand->engine;
    struct writer room = writer_make(engine->scratch, sizeof engine->scratch);
    struct scope scope = scope_of(strand);
    struct span missing = SPAN_NONE;
    int err = value_eval(value, &scope, NULL, 0, &room, out, &missing);
    if (err == 0) {
        return true;
    }
    struct failure failure = {
        .kind = FAIL_COMPOSE, .stmt = engine->program.ops[strand->op].stmt, .spot = value->spot};
    if (err == ERR_NOT_FOUND) {
        (void)snprintf(failure.text, sizeof failure.text, "there is no %.*s here", (int)missing.len,
                       (const char *)missing.ptr);
    } else {
        (void)snprintf(failure.text, sizeof failure.text, "this value cannot be made: %s",
                       err_text(err));
    }
    strand_fail(strand, &failure);
    return false;
}

/* --- loops ------------------------------------------------------------------------------------ */

/* The loop of the op that the strand stands at: the one it is in, or a new one. */
static struct loop *loop_at(struct strand *strand)
{
    if (strand->depth > 0 && strand->loops[strand->depth - 1].op == strand->op) {
        return &strand->loops[strand->depth - 1];
    }
    CHECK(strand->depth < SCRIPT_DEPTH_MAX);
    struct loop *loop = &strand->loops[strand->depth++];
    *loop = (struct loop){.op = strand->op, .began_us = engine_now_us(), .round = strand->round};
    return loop;
}

static enum step loop_leave(struct strand *strand, const struct op *op)
{
    strand->round = strand->loops[--strand->depth].round;
    strand->op = op->target;
    return STEP_JUMP;
}

static enum step step_repeat(struct strand *strand, const struct op *op)
{
    struct loop *loop = loop_at(strand);
    uint64_t count = op->stmt->u.repeat.count;
    int64_t for_us = (int64_t)op->stmt->u.repeat.for_ms * 1000;
    uint32_t rate = op->stmt->u.repeat.rate;
    int64_t now_us = rate == 0 && for_us == 0 ? 0 : engine_now_us();
    int64_t due_us = rate == 0 ? 0 : loop->began_us + (int64_t)(loop->done * 1000000 / rate);
    int64_t begins_us = due_us > now_us ? due_us : now_us;
    if ((count > 0 && loop->done >= count) ||
        (for_us > 0 && begins_us - loop->began_us >= for_us)) {
        return loop_leave(strand, op);
    }
    strand->round = (uint32_t)loop->done + 1;
    strand->op++;
    if (due_us <= now_us) {
        return STEP_JUMP;
    }
    strand->wait = WAIT_TIME;
    timed_set(strand->engine, &strand->timed, due_us);
    return STEP_WAIT;
}

static void row_load(struct strand *strand, const struct data *data, uint32_t row)
{
    for (uint32_t i = 0; i < data->column_count; i++) {
        strand->row[data->columns[i]] = data->cells[(size_t)row * data->column_count + i];
    }
    strand->has_row = true;
}

static enum step step_rows(struct strand *strand, const struct op *op)
{
    const struct data *data = op->stmt->u.rows.data;
    struct loop *loop = loop_at(strand);
    if (loop->done >= data->row_count) {
        return loop_leave(strand, op);
    }
    row_load(strand, data, (uint32_t)loop->done);
    strand->round = (uint32_t)loop->done + 1;
    return STEP_NEXT;
}

static enum step step_again(struct strand *strand, const struct op *op)
{
    CHECK(strand->depth > 0);
    strand->loops[strand->depth - 1].done++;
    strand->op = op->target;
    return STEP_JUMP;
}

static uint64_t random_next(uint64_t *state)
{
    /* xorshift64*. */
    *state += *state == 0;
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545F4914F6CDD1Dull;
}

static enum step step_next(struct strand *strand, const struct op *op)
{
    const struct data *data = op->stmt->u.rows.data;
    uint32_t *cursor = strand->engine->cursors;
    for (const struct data *at = strand->engine->script->datas; at != data; at = at->next) {
        cursor++;
    }
    if (data->row_count == 0 || (data->order == DATA_UNIQUE && *cursor >= data->row_count)) {
        strand_fail_text(strand, FAIL_STEP, "%.*s has only %u rows, and each is given once",
                         (int)data->path.len, (const char *)data->path.ptr, data->row_count);
        return STEP_GONE;
    }
    uint32_t row = data->order == DATA_RANDOM
                       ? (uint32_t)(random_next(&strand->random) % data->row_count)
                       : (*cursor)++ % data->row_count;
    row_load(strand, data, row);
    return STEP_NEXT;
}

/* --- branches --------------------------------------------------------------------------------- */

static enum step step_if(struct strand *strand, const struct op *op)
{
    struct scope scope = scope_of(strand);
    struct writer room = writer_make(strand->engine->scratch, sizeof strand->engine->scratch);
    struct span got = SPAN_NONE;
    struct span missing;
    struct fault fault = {0};
    /* What is not there is no failure here: `if sent.38 absent`. */
    bool is_there =
        value_eval(&op->stmt->u.branch.value, &scope, NULL, 0, &room, &got, &missing) == 0;
    if (pred_holds(&op->stmt->u.branch.pred, &scope, is_there, got, NULL, 0, &fault)) {
        return STEP_NEXT;
    }
    strand->op = op->target;
    return STEP_JUMP;
}

static enum step step_jump(struct strand *strand, const struct op *op)
{
    strand->op = op->target;
    return STEP_JUMP;
}

static enum step step_fork(struct strand *strand, const struct op *op)
{
    const struct peer_decl *decl = op->stmt->u.parallel.peer;
    uint32_t count =
        decl == NULL ? op->stmt->u.parallel.count : strand->engine->uses[decl->index].peer_count;
    uint32_t first = decl == NULL ? 1 : decl->first;
    uint32_t body = strand->op + 1;
    if (count == 0) {
        return step_jump(strand, op);
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t index = decl == NULL ? strand->index : first + i;
        if (strand_fork(strand, body, index, first + i) == NULL) {
            strand_fail_text(strand, FAIL_FULL, "no strand is free for branch %u of %u", i + 1,
                             count);
            return STEP_GONE;
        }
    }
    /* Where it stands when its branches are done: their end. */
    strand->op = op->target - 1;
    strand->wait = WAIT_JOIN;
    return STEP_WAIT;
}

static enum step step_done(struct strand *strand, const struct op *op)
{
    (void)op;
    strand_done(strand);
    return STEP_GONE;
}

/* --- the rest that stays inside --------------------------------------------------------------- */

static enum step step_set(struct strand *strand, const struct op *op)
{
    struct span value;
    if (!strand_value(strand, &op->stmt->u.set.value, &value)) {
        return STEP_GONE;
    }
    if (!strand_set(strand, op->stmt->u.set.slot, value)) {
        strand_fail_text(strand, FAIL_FULL, "the variables hold too many bytes");
        return STEP_GONE;
    }
    return STEP_NEXT;
}

static enum step step_on(struct strand *strand, const struct op *op)
{
    const struct on *on = &op->stmt->u.on;
    bool is_counted = on->kind == ON_DROP && on->times != 0;
    strand->root->rule_left[op->rule] = is_counted ? on->times : UINT32_MAX;
    return STEP_NEXT;
}

/* --- going on --------------------------------------------------------------------------------- */

/* By enum op_kind. */
static enum step (*const steps[OP_COUNT])(struct strand *strand, const struct op *op) = {
    [OP_SEND] = step_send,
    [OP_EXPECT] = step_expect,
    [OP_ON] = step_on,
    [OP_CAPTURE] = step_capture,
    [OP_WAIT] = step_wait,
    [OP_ADMIN] = step_admin,
    [OP_EXEC] = step_exec,
    [OP_REPEAT] = step_repeat,
    [OP_ROWS] = step_rows,
    [OP_FORK] = step_fork,
    [OP_IF] = step_if,
    [OP_SET] = step_set,
    [OP_DISCONNECT] = step_disconnect,
    [OP_NEXT] = step_next,
    [OP_AGAIN] = step_again,
    [OP_JOIN] = step_done,
    [OP_JUMP] = step_jump,
    [OP_END] = step_done,
};

/* A statement begins: false if the observer has ended the strand. */
static bool step_begin(struct strand *strand, const struct op *op)
{
    const struct engine_observer *observer = &strand->engine->observer;
    strand->begun = true;
    strand->step_us = strand->engine->clock_us;
    if (observer->on_step == NULL || op->stmt == NULL || op->kind == OP_AGAIN) {
        return true;
    }
    struct strand_view view = strand_view_of(strand);
    observer->on_step(observer->context, &view, op->stmt);
    return strand_find(strand->engine, view.id) == strand;
}

void strand_run(struct strand *strand)
{
    const struct op *ops = strand->engine->program.ops;
    for (unsigned i = 0; i < BUDGET_OPS; i++) {
        const struct op *op = &ops[strand->op];
        if (!strand->begun && !step_begin(strand, op)) {
            return;
        }
        switch (steps[op->kind](strand, op)) {
        case STEP_NEXT:
            strand->op++;
            strand->begun = false;
            break;
        case STEP_JUMP:
            strand->begun = false;
            break;
        case STEP_WAIT:
        case STEP_GONE:
            return;
        }
    }
    strand_ready(strand);
}

void strand_next(struct strand *strand)
{
    strand->op++;
    strand->begun = false;
    strand_ready(strand);
}

void strand_stop_waiting(struct strand *strand)
{
    list_remove(&strand->waiting);
    timed_clear(strand->engine, &strand->timed);
}

static void expect_timed_out(struct strand *strand)
{
    struct failure failure = {
        .kind = FAIL_TIMEOUT,
        .peer = strand->at,
        .sent = strand->sent == NULL || strand->at != strand->from ? NULL : &strand->sent->held};
    strand_fail(strand, &failure);
}

void strand_due(struct strand *strand)
{
    list_remove(&strand->waiting);
    switch ((enum strand_wait)strand->wait) {
    case WAIT_MESSAGE:
        expect_timed_out(strand);
        break;
    case WAIT_NONE:
        strand_next(strand);
        break;
    case WAIT_OPEN:
        strand_fail_text(strand, FAIL_CONNECT,
                         strand->at->decl->listens ? "nobody has connected to %s (%s)"
                                                   : "no connection from %s to %s",
                         strand->at->name, station_address(strand->at->station));
        break;
    case WAIT_ROOM:
        strand_ready(strand);
        break;
    case WAIT_TIME:
        strand->begun = false;
        strand_ready(strand);
        break;
    case WAIT_POLL:
        step_poll(strand);
        break;
    case WAIT_CONTROL:
        strand_fail_text(strand, FAIL_STEP, "the switch did not answer on its admin socket");
        break;
    case WAIT_EXEC:
    case WAIT_JOIN:
    case WAIT_TURN:
    case WAIT_FREE:
        CHECK(false); /* They have no time. */
    }
}
