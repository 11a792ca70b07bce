/* What the engine tells, counted. */
#include <stdlib.h>

#include "tools/isotest/conceal.h"
#include "tools/isotest/load.h"

enum { LATE_US = 1000 };

int load_count_open(struct load *load)
{
    for (const struct test *test = load->script->tests; test != NULL; test = test->next) {
        if (load->test_count == LOAD_TESTS_MAX) {
            return ERR_FULL;
        }
        struct load_test *row = &load->tests[load->test_count++];
        *row = (struct load_test){.test = test, .weight = test->weight == 0 ? 1 : test->weight};
        (void)conceal_span(load->script, test->title, row->title, sizeof row->title);
    }
    load->latency = calloc(1, sizeof *load->latency);
    load->service = calloc(1, sizeof *load->service);
    load->second = calloc(1, sizeof *load->second);
    for (uint32_t i = 0; i < LOAD_STEPS_MAX; i++) {
        load->steps[i].service = calloc(1, sizeof *load->steps[i].service);
        if (load->steps[i].service == NULL) {
            return ERR_MEMORY;
        }
    }
    return load->latency == NULL || load->service == NULL || load->second == NULL ? ERR_MEMORY : 0;
}

void load_count_close(struct load *load)
{
    for (uint32_t i = 0; i < LOAD_STEPS_MAX; i++) {
        free(load->steps[i].service);
    }
    free(load->latency);
    free(load->service);
    free(load->second);
}

static bool tag_is_measured(uint64_t tag)
{
    return tag >> 63 != 0;
}

static struct load_test *tag_test(struct load *load, uint64_t tag)
{
    return &load->tests[tag >> 32 & 0x7FFFFFFFu];
}

/* The step's row; made when it is first reached. NULL: there are too many. */
static struct load_step *step_of(struct load *load, const struct stmt *stmt, uint64_t tag)
{
    for (uint32_t i = 0; i < load->step_count; i++) {
        if (load->steps[i].stmt == stmt) {
            return &load->steps[i];
        }
    }
    if (load->step_count == LOAD_STEPS_MAX) {
        return NULL;
    }
    struct load_step *step = &load->steps[load->step_count++];
    step->stmt = stmt;
    step->test = (uint32_t)(tag >> 32 & 0x7FFFFFFFu);
    return step;
}

static void code_count(struct load *load, struct load_counts *counts, struct span code)
{
    static const char *const approvals[] = {"00", "08", "10", "11"};
    bool is_approved = false;
    for (size_t i = 0; i < ARRAY_COUNT(approvals); i++) {
        is_approved = is_approved || memcmp(approvals[i], code.ptr, 2) == 0;
    }
    counts->approved += is_approved;
    counts->declined += !is_approved;
    for (uint32_t i = 0; i < load->code_count; i++) {
        if (span_equal_text(code, load->codes[i].text)) {
            load->codes[i].count++;
            return;
        }
    }
    if (load->code_count < LOAD_CODES_MAX) {
        struct load_code *row = &load->codes[load->code_count++];
        memcpy(row->text, code.ptr, 2);
        row->count = 1;
    }
}

static void on_message(void *context, const struct engine_message *message)
{
    struct load *load = context;
    const struct strand_view *strand = message->strand;
    if (load->money != NULL) {
        money_message(load->money, message);
    }
    if (strand == NULL || !tag_is_measured(strand->tag)) {
        return;
    }
    struct load_counts *counts = &tag_test(load, strand->tag)->counts;
    counts->sent += message->fate == MESSAGE_SENT;
    counts->reversed += message->fate == MESSAGE_REVERSED;
    if (message->fate == MESSAGE_ANSWER) {
        struct span code = iso_get(&message->held->msg, 39);
        counts->answered++;
        if (code.len == 2) {
            code_count(load, counts, code);
        }
    }
}

/* An answer was taken, whatever its checks say: a slow one must not drop out of the figures because
 * it was expected to be quick. */
static void latency_count(struct load *load, const struct strand_view *strand,
                          struct load_step *step, const struct held *got, int64_t latency_us)
{
    /* What was sent at the very start was meant for the intended start. */
    bool is_first = strand->answers == 1;
    int64_t intended_us = is_first ? got->at_us - strand->intended_us : latency_us;
    histogram_add(load->latency, intended_us);
    histogram_add(load->service, latency_us);
    histogram_add(load->second, intended_us);
    if (step != NULL) {
        histogram_add(step->service, latency_us);
    }
}

static void on_matched(void *context, const struct strand_view *strand, const struct stmt *stmt,
                       struct peer *peer, const struct held *sent, const struct held *got,
                       int64_t latency_us)
{
    struct load *load = context;
    (void)peer;
    if (!tag_is_measured(strand->tag)) {
        return;
    }
    struct load_step *step = step_of(load, stmt, strand->tag);
    load->matched++;
    if (step != NULL) {
        step->taken++;
    }
    if (sent != NULL && latency_us >= 0) {
        latency_count(load, strand, step, got, latency_us);
    }
}

static void why_text(const struct script *script, const struct failure *failure, char *text,
                     size_t cap)
{
    static const char *const kinds[] = {
        [FAIL_TIMEOUT] = "no answer in time",
        [FAIL_CHECK] = "not as expected",
        [FAIL_UNWANTED] = "a message came that was not expected",
        [FAIL_CONNECT] = "no connection",
        [FAIL_COMPOSE] = "it could not be made",
        [FAIL_STEP] = "the step failed",
        [FAIL_FULL] = "no room",
    };
    if (failure->kind == FAIL_CHECK && failure->miss_count > 0) {
        char path[32] = "latency";
        const struct miss *miss = &failure->misses[0];
        if (miss->path != NULL && miss->path->kind == PATH_FIELD) {
            (void)snprintf(path, sizeof path, "DE%u", miss->path->de);
        } else if (miss->path != NULL) {
            (void)snprintf(path, sizeof path, "a field");
        }
        (void)snprintf(text, cap, "%s expected %s, got %s", path, miss->expected, miss->got);
    } else {
        (void)snprintf(text, cap, "%s%s%.200s", kinds[failure->kind],
                       failure->text[0] == '\0' ? "" : ": ", failure->text);
    }
    conceal_text(script, text);
}

static void on_failure(void *context, const struct strand_view *strand,
                       const struct failure *failure)
{
    struct load *load = context;
    if (!tag_is_measured(strand->tag)) {
        return;
    }
    struct load_counts *counts = &tag_test(load, strand->tag)->counts;
    struct load_step *step =
        failure->stmt->kind == STMT_EXPECT ? step_of(load, failure->stmt, strand->tag) : NULL;
    counts->timed_out += failure->kind == FAIL_TIMEOUT;
    counts->unconnected += failure->kind == FAIL_CONNECT;
    counts->wrong += failure->kind == FAIL_CHECK;
    if (step != NULL) {
        step->failed++;
    }
    /* (What an issuer is asked has no latency.) */
    if (failure->kind == FAIL_CHECK && failure->latency_us >= 0) {
        latency_count(load, strand, step, failure->got, failure->latency_us);
    }
    for (uint32_t i = 0; i < load->why_count; i++) {
        if (load->whys[i].stmt == failure->stmt && load->whys[i].kind == failure->kind) {
            load->whys[i].count++;
            return;
        }
    }
    if (load->why_count < LOAD_WHYS_MAX) {
        struct load_why *why = &load->whys[load->why_count++];
        why->stmt = failure->stmt;
        why->kind = failure->kind;
        why->count = 1;
        why_text(load->script, failure, why->text, sizeof why->text);
    }
}

static void on_end(void *context, const struct strand_view *root, bool passed)
{
    struct load *load = context;
    if (tag_is_measured(root->tag)) {
        struct load_counts *counts = &tag_test(load, root->tag)->counts;
        counts->ended++;
        counts->passed += passed;
        counts->failed += !passed;
        counts->late += root->started_us - root->intended_us > LATE_US;
    }
    load_ended(load, root->tag);
}

struct engine_observer load_observer(struct load *load)
{
    return (struct engine_observer){.context = load,
                                    .on_message = on_message,
                                    .on_matched = on_matched,
                                    .on_failure = on_failure,
                                    .on_end = on_end};
}

static void counts_sum(struct load *load)
{
    load->all = (struct load_counts){0};
    for (uint32_t i = 0; i < load->test_count; i++) {
        const struct load_counts *from = &load->tests[i].counts;
        load->all.ended += from->ended;
        load->all.passed += from->passed;
        load->all.failed += from->failed;
        load->all.timed_out += from->timed_out;
        load->all.unconnected += from->unconnected;
        load->all.wrong += from->wrong;
        load->all.sent += from->sent;
        load->all.answered += from->answered;
        load->all.approved += from->approved;
        load->all.declined += from->declined;
        load->all.reversed += from->reversed;
        load->all.late += from->late;
    }
}

void load_second(struct load *load, int64_t now_us)
{
    int64_t cpu_us = load_cpu_us();
    double passed_s = (double)(now_us - load->second_us) / 1e6;
    counts_sum(load);
    if (load->phase == LOAD_MEASURING) {
        load->cpu_us = cpu_us - load->cpu_start_us;
    }
    if (passed_s > 0) {
        load->rate_now = (double)(load->over - load->second_over) / passed_s;
        load->cpu_now = (double)(cpu_us - load->second_cpu_us) / 1e6 / passed_s;
    }
    if (load->history_count == LOAD_HISTORY_MAX) {
        memmove(load->history, load->history + 1, sizeof load->history - sizeof load->history[0]);
        load->history_count--;
    }
    load->history[load->history_count++] = load->rate_now;
    if (load->ndjson != NULL) {
        load_record(load, now_us);
    }
    histogram_reset(load->second);
    load->second_counts = load->all;
    load->second_us = now_us;
    load->second_cpu_us = cpu_us;
    load->second_over = load->over;
    engine_counts(load->engine, &load->second_engine);
}
