/* What a load run tells: a line now and then, a record a second, the report at the end. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "iso8583/dialect.h"
#include "tools/isotest/diff.h"
#include "tools/isotest/load.h"

enum { CPU_BUSY_PERCENT = 90, LATE_MANY_PERCENT = 1 };

/* The percentiles that are shown everywhere, in this order. To add one: a row. */
static const struct {
    const char *name;
    const char *key; /* of a record */
    uint32_t per_million;
} percentiles[] = {
    {"p50", "p50_us", 500000},    {"p90", "p90_us", 900000},      {"p99", "p99_us", 990000},
    {"p99.9", "p999_us", 999000}, {"p99.99", "p9999_us", 999900},
};

const char *count_text(uint64_t count, char buf[32])
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)count);
    int at = 0;
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0) {
            buf[at++] = ' ';
        }
        buf[at++] = digits[i];
    }
    buf[at] = '\0';
    return buf;
}

const char *phase_text(enum load_phase phase)
{
    static const char *const texts[] = {[LOAD_CONNECTING] = "connecting",
                                        [LOAD_WARMUP] = "warm-up",
                                        [LOAD_MEASURING] = "measuring",
                                        [LOAD_DRAINING] = "draining",
                                        [LOAD_OVER] = "over"};
    return texts[phase];
}

int64_t load_measured_us(const struct load *load, int64_t now_us)
{
    int64_t end_us = load->phase >= LOAD_DRAINING ? load->ended_us : now_us;
    return end_us > load->measure_us ? end_us - load->measure_us : 0;
}

static double percent(uint64_t part, uint64_t all)
{
    return all == 0 ? 0 : 100 * (double)part / (double)all;
}

/* What the tool has sent and received itself since the clock of the measured time began. */
static struct engine_counts messages_since(const struct load *load)
{
    struct engine_counts now;
    const struct engine_counts *then = &load->at_start;
    engine_counts(load->engine, &now);
    now.sent -= then->sent;
    now.replied -= then->replied;
    now.answered -= then->answered;
    now.asked -= then->asked;
    now.unmatched -= then->unmatched;
    now.late -= then->late;
    now.broken -= then->broken;
    now.connections_lost -= then->connections_lost;
    now.connect_failed -= then->connect_failed;
    now.ring_full -= then->ring_full;
    return now;
}

/* --- what held it back ------------------------------------------------------------------------ */

static double cpu_percent(const struct load *load)
{
    int64_t us = load_measured_us(load, load->second_us);
    return us == 0 ? 0 : 100 * (double)load->cpu_us / (double)us;
}

static double late_percent(const struct load *load)
{
    return percent(load->all.late + load->not_begun, load->all.ended + load->not_begun);
}

const char *load_held_back(const struct load *load)
{
    bool is_behind = load->options->per_s != 0 && late_percent(load) > LATE_MANY_PERCENT;
    if (cpu_percent(load) > CPU_BUSY_PERCENT) {
        return "THIS TOOL IS THE BOTTLENECK: it had no processor time left; the peer may be faster "
               "than this";
    }
    if (is_behind && load->not_begun > 0) {
        return "BEHIND SCHEDULE: no terminal was free in time (--terminals, --window), the peer is "
               "too slow for this rate";
    }
    return is_behind ? "BEHIND SCHEDULE: terminals were not free in time, or this machine was busy "
                       "with other things"
                     : NULL;
}

/* --- the line --------------------------------------------------------------------------------- */

void load_line(const struct load *load, FILE *out)
{
    int64_t now_us = engine_now_us();
    char text[LATENCY_TEXT_LEN];
    fprintf(out,
            "%5lld s  %s  %.0f/s  %llu passed  %llu failed  %llu under way  p99 %s  late %.1f %%  "
            "cpu %.0f %%\n",
            (long long)((now_us - load->began_us) / 1000000), phase_text(load->phase),
            load->rate_now, (unsigned long long)load->all.passed,
            (unsigned long long)load->all.failed, (unsigned long long)load->under_way,
            latency_text(histogram_at(load->latency, 990000), text),
            percent(load->all.late, load->all.ended), 100 * load->cpu_now);
    (void)fflush(out);
}

/* --- records ---------------------------------------------------------------------------------- */

static json_int_t number(uint64_t value)
{
    return (json_int_t)value;
}

static void percentiles_put(json_t *to, const struct histogram *histogram)
{
    json_object_set_new(to, "count", json_integer(number(histogram->count)));
    json_object_set_new(to, "min_us", json_integer(histogram->min_us));
    for (size_t i = 0; i < ARRAY_COUNT(percentiles); i++) {
        json_object_set_new(to, percentiles[i].key,
                            json_integer(histogram_at(histogram, percentiles[i].per_million)));
    }
    json_object_set_new(to, "max_us", json_integer(histogram->max_us));
}

static void record_write(struct load *load, json_t *record)
{
    if (record == NULL || json_dumpf(record, load->ndjson, JSON_COMPACT) < 0 ||
        fputc('\n', load->ndjson) == EOF || fflush(load->ndjson) != 0) {
        load->io_wrong = true;
    }
    json_decref(record);
}

static json_t *counts_json(const struct load_counts *counts)
{
    return json_pack(
        "{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "transactions", number(counts->ended),
        "passed", number(counts->passed), "failed", number(counts->failed), "timed_out",
        number(counts->timed_out), "not_connected", number(counts->unconnected), "not_as_expected",
        number(counts->wrong), "sent", number(counts->sent), "answered", number(counts->answered),
        "approved", number(counts->approved), "declined", number(counts->declined), "reversed",
        number(counts->reversed), "late", number(counts->late));
}

static void counts_less(struct load_counts *counts, const struct load_counts *before)
{
    counts->ended -= before->ended;
    counts->passed -= before->passed;
    counts->failed -= before->failed;
    counts->timed_out -= before->timed_out;
    counts->unconnected -= before->unconnected;
    counts->wrong -= before->wrong;
    counts->sent -= before->sent;
    counts->answered -= before->answered;
    counts->approved -= before->approved;
    counts->declined -= before->declined;
    counts->reversed -= before->reversed;
    counts->late -= before->late;
}

void load_record(struct load *load, int64_t now_us)
{
    struct load_counts counts = load->all;
    counts_less(&counts, &load->second_counts);
    json_t *record = counts_json(&counts);
    json_object_set_new(record, "v", json_integer(1));
    json_object_set_new(record, "elapsed_ms", json_integer((now_us - load->began_us) / 1000));
    json_object_set_new(record, "phase", json_string(phase_text(load->phase)));
    json_object_set_new(record, "under_way", json_integer(number(load->under_way)));
    json_object_set_new(record, "target_per_s", json_real(load->per_s));
    json_object_set_new(record, "cpu_percent", json_real(100 * load->cpu_now));
    json_object_set_new(record, "latency", json_object());
    percentiles_put(json_object_get(record, "latency"), load->second);
    record_write(load, record);
}

static json_t *codes_json(const struct load *load)
{
    json_t *codes = json_object();
    for (uint32_t i = 0; i < load->code_count; i++) {
        const struct load_code *code = &load->codes[i];
        json_object_set_new(codes, code->text, json_integer(number(code->count)));
    }
    return codes;
}

static json_t *steps_json(const struct load *load)
{
    json_t *steps = json_array();
    for (uint32_t i = 0; i < load->step_count; i++) {
        const struct load_step *step = &load->steps[i];
        char spot[128];
        json_t *row = json_pack("{s:s,s:I,s:I}", "at",
                                script_spot_text(load->script, step->stmt->spot, spot, sizeof spot),
                                "taken", number(step->taken), "failed", number(step->failed));
        json_object_set_new(row, "service", json_object());
        percentiles_put(json_object_get(row, "service"), step->service);
        json_array_append_new(steps, row);
    }
    return steps;
}

static json_t *generator_json(const struct load *load)
{
    const char *held_back = load_held_back(load);
    return json_pack("{s:f,s:f,s:I,s:I,s:s?}", "cpu_percent", cpu_percent(load), "late_percent",
                     late_percent(load), "memory_start", number(load->memory_start), "memory_end",
                     number(load->memory_end), "held_back", held_back);
}

static void summary_record(struct load *load, bool holds)
{
    json_t *record = counts_json(&load->all);
    json_object_set_new(record, "v", json_integer(1));
    json_object_set_new(record, "phase", json_string("summary"));
    json_object_set_new(record, "measured_ms",
                        json_integer(load_measured_us(load, load->ended_us) / 1000));
    json_object_set_new(record, "not_begun", json_integer(number(load->not_begun)));
    json_object_set_new(record, "thresholds_hold", json_boolean(holds));
    json_object_set_new(record, "money",
                        load->money_line[0] == '\0' ? json_null()
                                                    : json_boolean(!load->unbalanced));
    json_object_set_new(record, "latency", json_object());
    json_object_set_new(record, "service", json_object());
    percentiles_put(json_object_get(record, "latency"), load->latency);
    percentiles_put(json_object_get(record, "service"), load->service);
    json_object_set_new(record, "codes", codes_json(load));
    json_object_set_new(record, "steps", steps_json(load));
    json_object_set_new(record, "generator", generator_json(load));
    record_write(load, record);
}

/* --- the report ------------------------------------------------------------------------------- */

static int64_t rate_milli(const struct load *load)
{
    bool is_open = load->options->per_s != 0;
    int64_t us = is_open ? load->end_us - load->measure_us : load_measured_us(load, load->ended_us);
    /* Of an open model what was due in the time counts, though its answer came a moment after: at
     * rate N the rate is N. What no terminal was free for has not begun, and is missing. */
    uint64_t count = is_open ? load->all.ended : load->done;
    return us <= 0 ? 0 : (int64_t)((__int128)count * 1000000000 / us);
}

static bool thresholds_report(const struct load *load, FILE *out)
{
    struct threshold_figures figures = {.latency = load->latency,
                                        .passed = load->all.passed,
                                        .failed = load->all.failed + load->not_begun,
                                        .rate_milli = rate_milli(load)};
    bool all_hold = true;
    for (uint32_t i = 0; i < load->options->threshold_count; i++) {
        const struct threshold *threshold = &load->options->thresholds[i];
        char got[THRESHOLD_TEXT_LEN];
        bool holds = threshold_judge(threshold, &figures, got);
        fprintf(out, "%s  %s %-16s %s\n", i == 0 ? "THRESHOLDS\n" : "", holds ? "✓" : "✗",
                threshold->text, got);
        all_hold = all_hold && holds;
    }
    return all_hold;
}

static void result_report(const struct load *load, FILE *out)
{
    const struct load_counts *all = &load->all;
    struct engine_counts messages = messages_since(load);
    char one[32];
    char two[32];
    char three[32];
    double seconds = (double)load_measured_us(load, load->ended_us) / 1e6;
    uint64_t sent = messages.sent + messages.replied;
    uint64_t came =
        messages.answered + messages.asked + messages.unmatched + messages.late + messages.broken;
    fprintf(out, "RESULT  %s.%lld tx/s for %.1f s: %s transactions, %s passed, ",
            count_text((uint64_t)rate_milli(load) / 1000, one),
            (long long)(rate_milli(load) % 1000 / 100), seconds, count_text(all->ended, two),
            count_text(all->passed, three));
    fprintf(out, "%llu failed (%llu timed out, %llu without connection, %llu not as expected",
            (unsigned long long)all->failed, (unsigned long long)all->timed_out,
            (unsigned long long)all->unconnected, (unsigned long long)all->wrong);
    uint64_t told = all->timed_out + all->unconnected + all->wrong;
    if (all->failed > told) {
        fprintf(out, ", %llu otherwise", (unsigned long long)(all->failed - told));
    }
    fprintf(out, ")");
    if (load->under_way != 0) {
        fprintf(out, ", %llu given up", (unsigned long long)load->under_way);
    }
    fprintf(out, "\nMESSAGES  %s sent (%s requests, %s answers)", count_text(sent, one),
            count_text(messages.sent, two), count_text(messages.replied, three));
    fprintf(out, ", %s received, %s of them checked; %s/s sent", count_text(came, one),
            count_text(load->matched, two),
            count_text(seconds > 0 ? (uint64_t)((double)sent / seconds) : 0, three));
    fprintf(out,
            "\n          %llu unmatched, %llu late answers, %llu undecodable, %llu reversals, "
            "%llu connections lost, %llu refused\n",
            (unsigned long long)messages.unmatched, (unsigned long long)messages.late,
            (unsigned long long)messages.broken, (unsigned long long)all->reversed,
            (unsigned long long)messages.connections_lost,
            (unsigned long long)messages.connect_failed);
}

static void latency_report(const struct histogram *histogram, const char *title, FILE *out)
{
    fprintf(out, "%s  min %.2f", title, (double)histogram->min_us / 1000);
    for (size_t i = 0; i < ARRAY_COUNT(percentiles); i++) {
        fprintf(out, "  %s %.2f", percentiles[i].name,
                (double)histogram_at(histogram, percentiles[i].per_million) / 1000);
    }
    fprintf(out, "  max %.2f\n", (double)histogram->max_us / 1000);
}

const char *load_step_text(const struct load_step *step, char buf[40])
{
    const struct expect *expect = &step->stmt->u.expect;
    if (expect->kind == EXPECT_MESSAGE) {
        (void)snprintf(buf, 40, "expect %04x%s%.*s", expect->mti,
                       expect->at_name.len == 0 ? "" : " at ",
                       (int)(expect->at_name.len < 12 ? expect->at_name.len : 12),
                       (const char *)expect->at_name.ptr);
    } else {
        (void)snprintf(buf, 40, "expect %s", expect->kind == EXPECT_NONE ? "none" : "reversal");
    }
    return buf;
}

static void steps_report(const struct load *load, FILE *out)
{
    if (load->test_count > 1) {
        fprintf(out, "TESTS\n");
        for (uint32_t i = 0; i < load->test_count; i++) {
            const struct load_test *test = &load->tests[i];
            fprintf(out, "  %-32s weight %lld  %llu transactions  %llu failed\n", test->title,
                    (long long)test->weight, (unsigned long long)test->counts.ended,
                    (unsigned long long)test->counts.failed);
        }
    }
    fprintf(out, "STEPS (ms, from sending)\n");
    for (uint32_t i = 0; i < load->step_count; i++) {
        const struct load_step *step = &load->steps[i];
        char spot[128];
        char text[40];
        fprintf(out, "  %s  %-22s %10llu taken %6llu failed",
                script_spot_text(load->script, step->stmt->spot, spot, sizeof spot),
                load_step_text(step, text), (unsigned long long)step->taken,
                (unsigned long long)step->failed);
        if (step->service->count != 0) {
            fprintf(out, "   p50 %.2f  p99 %.2f  max %.2f",
                    (double)histogram_at(step->service, 500000) / 1000,
                    (double)histogram_at(step->service, 990000) / 1000,
                    (double)step->service->max_us / 1000);
        }
        fprintf(out, "\n");
    }
}

static void codes_report(const struct load *load, FILE *out)
{
    for (uint32_t i = 0; i < load->code_count; i++) {
        const struct load_code *code = &load->codes[i];
        const char *words = response_words(span_text(code->text));
        fprintf(out, "%s  %.2s %llu%s%s%s", i == 0 ? "CODES" : "", code->text,
                (unsigned long long)code->count, words[0] == '\0' ? "" : " (", words,
                words[0] == '\0' ? "" : ")");
    }
    fputs(load->code_count == 0 ? "" : "\n", out);
    for (uint32_t i = 0; i < load->why_count; i++) {
        const struct load_why *why = &load->whys[i];
        char spot[128];
        fprintf(out, "%s  %s  %llu times: %s\n", i == 0 ? "FAILED\n" : "",
                script_spot_text(load->script, why->stmt->spot, spot, sizeof spot),
                (unsigned long long)why->count, why->text);
    }
}

/* The run against what its cryptography alone would allow. */
static void crypto_report(const struct load *load, FILE *out)
{
    if (load->crypto_us <= 0 || load->over == 0 || load->cpu_us <= 0) {
        return;
    }
    double each_us = load->crypto_us / (double)load->over;
    char text[32];
    fprintf(out,
            "           %.1f PIN blocks and %.1f MACs a transaction (%.1f us): alone they allow %s "
            "tx/s on a core; they are %.0f %% of this run's processor time\n",
            (double)load->crypto.pin_blocks / (double)load->over,
            (double)load->crypto.macs / (double)load->over, each_us,
            count_text((uint64_t)(1e6 / each_us), text),
            each_us * (double)load->done / (double)load->cpu_us * 100);
}

static void generator_report(const struct load *load, FILE *out)
{
    struct engine_counts messages = messages_since(load);
    const char *held_back = load_held_back(load);
    char text[32];
    fprintf(out, "GENERATOR  cpu %.0f %% of a core, memory %.1f MiB, grown by %.1f MiB",
            cpu_percent(load), (double)load->memory_end / 1048576,
            ((double)load->memory_end - (double)load->memory_start) / 1048576);
    if (load->cpu_us > 0) {
        fprintf(out, "; %s messages sent per second of processor time",
                count_text((uint64_t)((double)(messages.sent + messages.replied) /
                                      ((double)load->cpu_us / 1e6)),
                           text));
    }
    fprintf(out, "\n");
    crypto_report(load, out);
    if (load->options->per_s != 0) {
        fprintf(out, "           %.2f %% began more than 1 ms late, %llu not at all\n",
                late_percent(load), (unsigned long long)load->not_begun);
    }
    if (held_back != NULL) {
        fprintf(out, "           %s\n", held_back);
    }
}

bool load_report(struct load *load, FILE *out)
{
    bool holds = thresholds_report(load, out);
    result_report(load, out);
    latency_report(load->latency, "LATENCY (ms, intended start)", out);
    latency_report(load->service, "SERVICE (ms, actual sending)", out);
    steps_report(load, out);
    codes_report(load, out);
    generator_report(load, out);
    if (load->money_line[0] != '\0') {
        fprintf(out, "%s\n", load->money_line);
    }
    for (uint32_t i = 0; i < load->money_extra_count; i++) {
        fprintf(out, "  differs: %s\n", load->money_extras[i]);
    }
    if (load->options->hgrm != NULL || load->options->out != NULL) {
        fprintf(out, "wrote %s%s%s\n", load->options->hgrm == NULL ? "" : load->options->hgrm,
                load->options->hgrm != NULL && load->options->out != NULL ? " " : "",
                load->options->out == NULL ? "" : load->options->out);
    }
    if (load->ndjson != NULL) {
        summary_record(load, holds);
    }
    (void)fflush(out);
    return holds;
}
