/* The statements that ask the switch and run programs. */
#include <stdio.h>

#include "tools/isotest/control.h"
#include "tools/isotest/engine_state.h"
#include "tools/isotest/spawn.h"

enum {
    CONTROL_US = 10000000, /* for the switch's answer */
    WITHIN_MS_DEFAULT = 10000,
    POLL_US = 50000,
    TEXT_MAX = 4096,
    COMPLAINT_MAX = 250,
};

/* --- asking ----------------------------------------------------------------------------------- */

static void control_begin(struct strand *strand, json_t *request)
{
    int err = control_ask(strand->engine->control, strand, request);
    if (err == ERR_NOT_FOUND) {
        strand_fail_text(strand, FAIL_STEP,
                         "the switch's admin socket is not known: --switch-socket or --data");
        return;
    }
    if (err < 0 && strand->wait != WAIT_POLL) {
        strand_fail_text(strand, FAIL_STEP, "the admin socket cannot be asked: %s", err_text(err));
        return;
    }
    if (err < 0) {
        timed_set(strand->engine, &strand->timed, engine_now_us() + POLL_US);
        return;
    }
    strand->wait = WAIT_CONTROL;
    timed_set(strand->engine, &strand->timed, engine_now_us() + CONTROL_US);
}

enum step trace_ask(struct strand *strand)
{
    const struct iso_msg *msg = strand->sent == NULL ? NULL : &strand->sent->held.msg;
    if (msg == NULL || !iso_has(msg, 11) || !iso_has(msg, 41)) {
        strand_fail_text(strand, FAIL_STEP, "nothing with DE11 and DE41 was sent yet");
        return STEP_GONE;
    }
    struct span stan = iso_get(msg, 11);
    struct span terminal = iso_get(msg, 41);
    while (terminal.len > 0 && terminal.ptr[terminal.len - 1] == ' ') {
        terminal.len--;
    }
    control_begin(strand, json_pack("{s:s,s:s%,s:s%}", "cmd", "tx.show", "stan", stan.ptr, stan.len,
                                    "terminal", terminal.ptr, terminal.len));
    return STEP_WAIT;
}

/* --- the admin socket ------------------------------------------------------------------------- */

static void until_ask(struct strand *strand)
{
    struct span query = strand->engine->program.ops[strand->op].stmt->u.wait.query;
    json_t *request = query_request(query);
    if (request == NULL) {
        strand_fail_text(strand, FAIL_STEP, "there is no such query; there are: %s", query_names());
        return;
    }
    strand->wait = WAIT_POLL; /* A question that cannot be asked now is asked again. */
    control_begin(strand, request);
}

enum step step_wait(struct strand *strand, const struct op *op)
{
    if (op->stmt->u.wait.until) {
        until_ask(strand);
        return STEP_WAIT;
    }
    strand->op++;
    strand->wait = WAIT_TIME;
    timed_set(strand->engine, &strand->timed,
              engine_now_us() + (int64_t)op->stmt->u.wait.ms * 1000);
    return STEP_WAIT;
}

void step_poll(struct strand *strand)
{
    until_ask(strand);
}

static void until_answered(struct strand *strand, const struct stmt *stmt, const json_t *answer,
                           const char *error)
{
    char text[TEXT_MAX] = "";
    struct scope scope = scope_of(strand);
    struct fault fault = {0};
    int len = answer == NULL ? -1 : query_pick(stmt->u.wait.query, answer, text, sizeof text);
    struct span got = span_make(text, len < 0 ? 0 : (size_t)len);
    if (answer != NULL && pred_holds(&stmt->u.wait.pred, &scope, len >= 0, got, NULL, 0, &fault)) {
        strand_next(strand);
        return;
    }
    uint32_t within_ms = stmt->u.wait.within_ms == 0 ? WITHIN_MS_DEFAULT : stmt->u.wait.within_ms;
    if (engine_now_us() - strand->step_us >= (int64_t)within_ms * 1000) {
        const char *what = answer == NULL ? error : len < 0 ? "there is no such thing" : text;
        strand_fail_text(strand, FAIL_STEP, "after %u ms %.*s is still: %.200s", within_ms,
                         (int)stmt->u.wait.query.len, (const char *)stmt->u.wait.query.ptr, what);
        return;
    }
    strand->wait = WAIT_POLL;
    timed_set(strand->engine, &strand->timed, engine_now_us() + POLL_US);
}

enum step step_admin(struct strand *strand, const struct op *op)
{
    struct span command;
    if (!strand_value(strand, &op->stmt->u.admin.command, &command)) {
        return STEP_GONE;
    }
    const char *error = "";
    json_t *request = control_request(command, &error);
    if (request == NULL) {
        strand_fail_text(strand, FAIL_STEP, "%s", error);
        return STEP_GONE;
    }
    control_begin(strand, request);
    return STEP_WAIT;
}

/* A check of a line does not hold. */
static void line_fail(struct strand *strand, struct spot spot, const char *what, const char *got)
{
    struct failure failure = {
        .kind = FAIL_STEP, .stmt = strand->engine->program.ops[strand->op].stmt, .spot = spot};
    (void)snprintf(failure.text, sizeof failure.text, "%.90s %.300s", what, got);
    strand_fail(strand, &failure);
}

static bool asks_for_ok(const struct json_line *lines)
{
    for (; lines != NULL; lines = lines->next) {
        if (span_equal_text(lines->path, ".ok") || span_equal_text(lines->path, ".error")) {
            return true;
        }
    }
    return false;
}

static void admin_answered(struct strand *strand, const struct stmt *stmt, const json_t *answer)
{
    const struct json_line *lines = stmt->u.admin.lines;
    if (!json_is_true(json_object_get(answer, "ok")) && !asks_for_ok(lines)) {
        const char *why = json_string_value(json_object_get(answer, "error"));
        line_fail(strand, stmt->spot, "the switch says:", why == NULL ? "no" : why);
        return;
    }
    for (const struct json_line *line = lines; line != NULL; line = line->next) {
        char text[TEXT_MAX] = "";
        struct fault fault = {0};
        struct scope scope = scope_of(strand);
        int len = json_pick(answer, line->path, text, sizeof text);
        struct span got = span_make(text, len < 0 ? 0 : (size_t)len);
        if (line->name.len != 0) {
            if (len < 0 || !strand_set(strand, line->slot, got)) {
                line_fail(strand, line->spot, "the answer has no such member", "");
                return;
            }
        } else if (!pred_holds(&line->pred, &scope, len >= 0, got, NULL, 0, &fault)) {
            line_fail(strand, line->spot, "got", len < 0 ? "nothing: no such member" : text);
            return;
        }
    }
    strand_next(strand);
}

static void trace_answered(struct strand *strand, const struct stmt *stmt, const json_t *answer)
{
    char text[64];
    int len = json_pick(answer, SPAN_LITERAL(".tx.seq"), text, sizeof text);
    for (const struct capture_line *line = stmt->u.captures; line != NULL; line = line->next) {
        if (line->kind == CAPTURE_TRACE &&
            (len < 0 || !strand_set(strand, line->slot, span_make(text, (size_t)len)))) {
            line_fail(strand, line->spot, "the switch has no record of it", "");
            return;
        }
    }
    strand_next(strand);
}

void strand_answered(struct strand *strand, const json_t *answer, const char *error)
{
    const struct stmt *stmt = strand->engine->program.ops[strand->op].stmt;
    timed_clear(strand->engine, &strand->timed);
    (void)engine_look(strand->engine);
    if (stmt->kind == STMT_WAIT) {
        until_answered(strand, stmt, answer, error);
    } else if (answer == NULL) {
        line_fail(strand, stmt->spot, "the admin socket:", error);
    } else if (stmt->kind == STMT_ADMIN) {
        admin_answered(strand, stmt, answer);
    } else {
        trace_answered(strand, stmt, answer);
    }
}

/* --- exec ------------------------------------------------------------------------------------- */

enum step step_exec(struct strand *strand, const struct op *op)
{
    struct engine *engine = strand->engine;
    struct span command;
    if (!engine->options.allow_exec) {
        strand_fail_text(strand, FAIL_STEP, "programs are run only with --allow-exec");
        return STEP_GONE;
    }
    if (!strand_value(strand, &op->stmt->u.exec.command, &command)) {
        return STEP_GONE;
    }
    int err = spawn_start(engine->loop, strand, &strand->job, command, strand_exited);
    if (err < 0) {
        strand_fail_text(strand, FAIL_STEP, "it cannot be run: %s",
                         err == ERR_NOT_FOUND ? "there is no such program" : err_text(err));
        return STEP_GONE;
    }
    strand->wait = WAIT_EXEC;
    return STEP_WAIT;
}

static bool exit_holds(const struct pred *pred, int64_t code)
{
    switch (pred->kind) {
    case PRED_EQ:
        return code == pred->number;
    case PRED_NE:
        return code != pred->number;
    case PRED_LT:
        return code < pred->number;
    case PRED_LE:
        return code <= pred->number;
    case PRED_GT:
        return code > pred->number;
    default:
        return code >= pred->number;
    }
}

/* The cell of a `csv` line into @text; its length, -1 after a failure. */
static int csv_pick(struct strand *strand, const struct exec_line *line, char *text)
{
    char path[TEXT_MAX];
    char where[TEXT_MAX];
    struct span value;
    const char *error = "";
    if (!strand_value(strand, &line->file, &value)) {
        return -1;
    }
    (void)snprintf(path, sizeof path, "%.*s", (int)value.len, (const char *)value.ptr);
    if (!strand_value(strand, &line->where_value, &value)) {
        return -1;
    }
    int where_len = snprintf(where, sizeof where, "%.*s", (int)value.len, (const char *)value.ptr);
    int len = table_cell(path, line->where_column, span_make(where, (size_t)where_len),
                         line->column, text, TEXT_MAX, &error);
    if (len < 0) {
        line_fail(strand, line->spot, path, error);
    }
    return len;
}

/* False after a failure. */
static bool exec_line_holds(struct strand *strand, const struct exec_line *line, int64_t code,
                            struct span out, struct span err)
{
    char text[TEXT_MAX];
    struct scope scope = scope_of(strand);
    struct fault fault = {0};
    if (line->kind == EXEC_EXIT) {
        if (!exit_holds(&line->pred, code)) {
            (void)snprintf(text, sizeof text, "%lld: %.*s", (long long)code, (int)err.len,
                           (const char *)err.ptr);
            line_fail(strand, line->spot, "it ended with", text);
            return false;
        }
        return true;
    }
    struct span got = out;
    if (line->kind == EXEC_CSV) {
        int len = csv_pick(strand, line, text);
        if (len < 0) {
            return false;
        }
        got = span_make(text, (size_t)(len < TEXT_MAX ? len : TEXT_MAX - 1));
    }
    if (!pred_holds(&line->pred, &scope, true, got, NULL, 0, &fault)) {
        char shown[300];
        (void)snprintf(shown, sizeof shown, "%.*s", (int)(got.len < 280 ? got.len : 280),
                       (const char *)got.ptr);
        line_fail(strand, line->spot, "got", shown);
        return false;
    }
    return true;
}

/* The end of what a program complained of, as one line. */
static struct span complaint_of(struct span err, char text[COMPLAINT_MAX + 1])
{
    struct span last = span_last(err, COMPLAINT_MAX);
    while (last.len > 0 && last.ptr[last.len - 1] == '\n') {
        last.len--;
    }
    for (size_t i = 0; i < last.len; i++) {
        text[i] = last.ptr[i] == '\n' ? '|' : (char)last.ptr[i];
    }
    return span_make(text, last.len);
}

void strand_exited(struct strand *strand, int64_t code, struct span out, struct span err)
{
    const struct stmt *stmt = strand->engine->program.ops[strand->op].stmt;
    bool asks_exit = false;
    char line_text[COMPLAINT_MAX + 1];
    err = complaint_of(err, line_text);
    while (out.len > 0 && (out.ptr[out.len - 1] == '\n' || out.ptr[out.len - 1] == '\r')) {
        out.len--;
    }
    for (const struct exec_line *line = stmt->u.exec.lines; line != NULL; line = line->next) {
        asks_exit = asks_exit || line->kind == EXEC_EXIT;
        if (!exec_line_holds(strand, line, code, out, err)) {
            return;
        }
    }
    if (!asks_exit && code != 0) {
        char text[400];
        (void)snprintf(text, sizeof text, "%lld: %.*s", (long long)code, (int)err.len,
                       (const char *)err.ptr);
        line_fail(strand, stmt->spot, "it ended with", text);
        return;
    }
    strand_next(strand);
}
