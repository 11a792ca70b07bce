#include <errno.h>
#include <stdlib.h>

#include "tools/isotest/conceal.h"
#include "tools/isotest/run.h"

enum {
    MONEY_SETTLE_US = 5000000,
    MONEY_ALONE_US = 500000,
    MONEY_QUIET_US = 200000,
    MONEY_EXTRAS_SHOWN = 5
};

/* --- what the engine tells -------------------------------------------------------------------- */

static void on_message(void *context, const struct engine_message *message)
{
    struct run *run = context;
    report_message(&run->report, message);
    if (run->money != NULL) {
        money_message(run->money, message);
    }
}

static void on_failure(void *context, const struct strand_view *strand,
                       const struct failure *failure)
{
    struct run *run = context;
    report_failure(&run->report, run->engine, strand, failure);
}

static void on_step(void *context, const struct strand_view *strand, const struct stmt *stmt)
{
    struct run *run = context;
    (void)strand;
    report_step(&run->report, stmt);
}

static void on_end(void *context, const struct strand_view *root, bool passed)
{
    struct run *run = context;
    (void)root;
    run->passed = passed;
    run->strand = 0;
}

static void on_connection(void *context, struct peer *peer, bool is_open, const char *text)
{
    struct run *run = context;
    char line[220];
    (void)snprintf(line, sizeof line, "%s: %.200s", is_open ? "opened" : "none", text);
    report_connection(&run->report, peer, line);
}

static void on_explain(void *context, const char *line)
{
    const struct run *run = context;
    char text[2048];
    fprintf(stderr, "     %s\n",
            conceal_span(run->report.script, span_text(line), text, sizeof text));
}

/* --- one test --------------------------------------------------------------------------------- */

/* "smoke,!slow": one of the plain tags is there (if any is named), and none of those with '!'. */
static bool tags_fit(const struct test *test, const char *tags)
{
    bool is_wanted = true;
    bool has_one = false;
    bool names_one = false;
    while (tags != NULL && *tags != '\0') {
        size_t len = strcspn(tags, ",");
        struct span word = span_make(tags, len);
        bool is_not = len > 0 && tags[0] == '!';
        bool found = false;
        word = is_not ? span_skip(word, 1) : word;
        for (const struct span_list *tag = test->tags; tag != NULL; tag = tag->next) {
            found = found || span_equal(tag->text, word);
        }
        is_wanted = is_wanted && !(is_not && found);
        names_one = names_one || !is_not;
        has_one = has_one || (!is_not && found);
        tags += len + (tags[len] == ',');
    }
    return is_wanted && (has_one || !names_one);
}

/* The test that stands at or above --from's line. */
static const struct test *test_at(const struct script *script, unsigned line)
{
    const struct test *found = NULL;
    for (const struct test *test = script->tests; test != NULL; test = test->next) {
        if (test->spot.line <= line && (found == NULL || test->spot.line > found->spot.line)) {
            found = test;
        }
    }
    return found;
}

/* Wait until the issuers that the test plays are connected to and signed on. NULL, or one that is
 * not; NULL, too, if the run is over. */
static struct peer *issuers_await(struct run *run, const struct test *test)
{
    int64_t until_us = engine_now_us() + (int64_t)run->options->settle_ms * 1000;
    struct peer *waiting = NULL;
    while (!engine_is_ready(run->engine, test, &waiting)) {
        if (run_is_over(run)) {
            return NULL;
        }
        if (engine_now_us() >= until_us) {
            return waiting;
        }
        (void)uv_run(&run->loop, UV_RUN_ONCE);
    }
    return NULL;
}

/* Nobody has come to @waiting: the test fails without having begun. */
static void nobody_came(struct run *run, struct peer *waiting)
{
    char text[300];
    (void)snprintf(
        text, sizeof text, "nobody has connected to issuer %s at %s within %u ms (--settle)",
        peer_name(waiting), station_address(peer_station(waiting)), run->options->settle_ms);
    report_failure_text(&run->report, FAIL_CONNECT, text);
}

/* "seq.ids=4" of --at. */
static void marks_set(struct run *run)
{
    for (uint32_t i = 0; i < run->options->at_count; i++) {
        const char *at = run->options->at[i];
        size_t len = strcspn(at, "=");
        uint64_t number = 0;
        if (at[len] == '\0' || span_number(span_text(at + len + 1), &number) < 0 ||
            engine_mark_set(run->engine, span_make(at, len), number) < 0) {
            fprintf(stderr, "isotest: --at '%s': there is no such seq.NAME or data.NAME\n", at);
            run->called_wrong = true;
        }
    }
}

/* The same as options, of where they stand now. */
static void marks_note(struct run *run)
{
    char *marks = run->report.marks;
    size_t cap = sizeof run->report.marks;
    char name[200];
    uint64_t number;
    marks[0] = '\0';
    for (uint32_t i = 0; engine_mark(run->engine, i, name, sizeof name, &number); i++) {
        size_t len = strlen(marks);
        if (number != 0) {
            (void)snprintf(marks + len, cap - len, " --at %s=%llu", name,
                           (unsigned long long)number);
        }
    }
}

static bool test_run(struct run *run, const char *path, const struct script *script,
                     const struct test *test)
{
    struct peer *waiting = issuers_await(run, test);
    if (run_is_over(run)) {
        return false;
    }
    if (waiting != NULL) {
        report_test_begin(&run->report, path, script, test);
        nobody_came(run, waiting);
        report_test_end(&run->report, false);
        return false;
    }
    report_test_begin(&run->report, path, script, test);
    marks_note(run);
    run->passed = false;
    if (engine_start(run->engine, test, 0, 0, 0, &run->strand) < 0) {
        report_failure_text(&run->report, FAIL_FULL, "no strand is free");
        run->strand = 0;
    }
    while (run->strand != 0) {
        (void)uv_run(&run->loop, UV_RUN_ONCE);
        if (run_is_over(run) && run->strand != 0) {
            engine_cancel(run->engine, run->strand);
        }
    }
    report_test_end(&run->report, run->passed);
    return run->passed;
}

/* --- the money check -------------------------------------------------------------------------- */

static const char *socket_of(const struct run *run)
{
    return run->options->has_socket ? run->options->socket : NULL;
}

/* When nothing is under way any more, as far as can be seen: what issuers of the script will still
 * answer has come, and what was not answered has had a moment to be. */
static int64_t quiet_at(const struct run *run, int64_t now_us, int64_t quiet_us)
{
    struct engine_counts counts;
    engine_counts(run->engine, &counts);
    bool is_first = quiet_us == 0;
    return counts.delayed > 0 || (is_first && counts.unanswered > 0) ? now_us + MONEY_QUIET_US
           : is_first                                                ? now_us
                                                                     : quiet_us;
}

/* Reversals may still be on their way: compare until it is right, or time is up. */
static void money_settle(struct run *run, const char *path, const struct script *script)
{
    static char line[MONEY_TEXT_MAX * (MONEY_EXTRAS_SHOWN + 1)];
    struct money_result result;
    int64_t quiet_us = 0;
    int64_t until_us =
        engine_now_us() + (run->options->has_socket ? MONEY_SETTLE_US : MONEY_ALONE_US);
    for (;;) {
        int err = money_compare(run->money, script, socket_of(run), &result);
        if (err < 0) {
            (void)snprintf(line, sizeof line,
                           "MONEY CHECK  not made, the switch cannot be asked: %s", err_text(err));
            report_money(&run->report, line);
            return;
        }
        int64_t now_us = engine_now_us();
        quiet_us = quiet_at(run, now_us, quiet_us);
        if ((result.is_balanced && now_us >= quiet_us) || now_us >= until_us || run_is_over(run)) {
            break;
        }
        for (int i = 0; i < 3; i++) {
            (void)uv_run(&run->loop, UV_RUN_ONCE);
        }
    }
    if (!result.has_switch && !result.has_issuers) {
        return; /* One party alone proves nothing. */
    }
    char text[MONEY_TEXT_MAX];
    int len = snprintf(line, sizeof line, "%s", money_text(&result, text));
    for (uint32_t i = 0;
         !result.is_balanced && i < MONEY_EXTRAS_SHOWN && money_extra(run->money, i, text); i++) {
        len += snprintf(line + len, sizeof line - (size_t)len, "\n  differs: %s", text);
    }
    run->unbalanced = run->unbalanced || !result.is_balanced;
    conceal_text(script, line);
    report_money(&run->report, line);
    if (!result.is_balanced) {
        report_file(&run->report, path, "money check", false, line);
    }
}

static void money_start(struct run *run)
{
    if (run->options->no_money) {
        return;
    }
    run->money = money_open(1u << 15);
    int err = run->money == NULL ? ERR_MEMORY : money_begin(run->money, socket_of(run));
    if (err < 0) {
        fprintf(stderr, "isotest: no money check: %s: %s\n",
                run->options->has_socket ? run->options->socket : "", err_text(err));
        money_close(run->money);
        run->money = NULL;
    }
}

/* --- one file --------------------------------------------------------------------------------- */

static void script_told(void *context, const char *text)
{
    struct run *run = context;
    size_t len = strlen(run->told);
    (void)snprintf(run->told + len, sizeof run->told - len, "%s\n", text);
    fprintf(stderr, "%s\n", text);
}

/* Tell that @path cannot be run: why is in run->told. */
static void file_failed(struct run *run, const char *path)
{
    conceal_text(NULL, run->told);
    report_file(&run->report, path, "the file can be run", true, run->told);
}

/* The run's seed for the file @path: another for each by its name, or the files of one folder would
 * send the same numbers within one second, and the switch take one's messages for another's. */
static uint64_t seed_of(const struct run *run, const char *path)
{
    const char *name = strrchr(path, '/');
    uint64_t hash = run->options->seed;
    for (name = name == NULL ? path : name + 1; *name != '\0'; name++) {
        hash = (hash ^ (uint8_t)*name) * 0x100000001B3u; /* FNV-1a */
    }
    return hash;
}

static bool engine_begin(struct run *run, const char *path, const struct script *script)
{
    struct engine_options options = {
        .seed = seed_of(run, path),
        .allow_exec = run->options->allow_exec,
        .socket = socket_of(run),
        .variable = run_variable,
        .variable_context = run,
        .explain = run->options->explain,
        .keep_messages = true,
        .observer = {.context = run,
                     .on_message = on_message,
                     .on_failure = on_failure,
                     .on_step = on_step,
                     .on_end = on_end,
                     .on_connection = on_connection,
                     .on_explain = on_explain},
    };
    struct fault fault;
    int err = engine_open(&run->loop, script, &options, &run->engine, &fault);
    if (err == 0) {
        return true;
    }
    if (fault.spot.line != 0) {
        script_tell(script, fault.spot, script_told, run, "%s", fault.text);
    } else {
        char text[300];
        (void)snprintf(text, sizeof text, "isotest: %s", fault.text);
        script_told(run, text);
    }
    file_failed(run, path);
    run->script_wrong = run->script_wrong || err != ERR_IO;
    run->io_wrong = run->io_wrong || err == ERR_IO;
    return false;
}

/* Run the loop until the engine's handles are closed; ours (tick, signals) stay. */
static void engine_end(struct run *run)
{
    uv_handle_t *ours[] = {(uv_handle_t *)&run->tick, (uv_handle_t *)&run->on_int,
                           (uv_handle_t *)&run->on_term};
    if (run->engine == NULL) {
        return;
    }
    engine_close(run->engine);
    for (size_t i = 0; i < ARRAY_COUNT(ours); i++) {
        uv_unref(ours[i]);
    }
    (void)uv_run(&run->loop, UV_RUN_DEFAULT);
    for (size_t i = 0; i < ARRAY_COUNT(ours); i++) {
        uv_ref(ours[i]);
    }
    engine_free(run->engine);
    run->engine = NULL;
}

static bool file_has_work(const struct run *run, const struct script *script)
{
    for (const struct test *test = script->tests; test != NULL; test = test->next) {
        if (tags_fit(test, run->options->tags)) {
            return true;
        }
    }
    return false;
}

static uint32_t lines_count(struct span text)
{
    uint32_t lines = 1;
    for (size_t i = 0; i < text.len; i++) {
        lines += text.ptr[i] == '\n';
    }
    return lines;
}

static void tests_run(struct run *run, const char *path, const struct script *script)
{
    unsigned line = run->options->from_line;
    const struct test *only = line == 0 ? NULL : test_at(script, line);
    bool has_failed = false;
    if (line != 0 && (only == NULL || line > lines_count(script->files[0].text))) {
        fprintf(stderr, "isotest: %s has no test at line %u\n", path, line);
        run->called_wrong = true;
        return;
    }
    for (const struct test *test = script->tests; test != NULL && !run_is_over(run);
         test = test->next) {
        if ((line != 0 && test != only) || (only == NULL && !tags_fit(test, run->options->tags))) {
            continue;
        }
        if (has_failed) {
            report_skipped(&run->report, path, script, test);
        } else if (!test_run(run, path, script, test)) {
            has_failed = !run->options->keep_going;
        }
    }
}

void run_file(struct run *run, const char *path)
{
    struct script_options options = {.report = script_told,
                                     .variable = run_variable,
                                     .context = run,
                                     .allow_exec = run->options->allow_exec};
    struct script *script = NULL;
    run->told[0] = '\0';
    int err = script_load(path, &options, &script);
    if (err < 0) {
        if (err != ERR_CONFIG) {
            char text[RUN_PATH_LEN + 100];
            (void)snprintf(text, sizeof text, "isotest: %s: %s", path,
                           err == ERR_IO ? strerror(errno) : err_text(err));
            script_told(run, text);
        }
        file_failed(run, path);
        run->script_wrong = true;
        return;
    }
    run->report.script = script;
    if (file_has_work(run, script)) {
        if (engine_begin(run, path, script)) {
            marks_set(run);
            money_start(run);
            tests_run(run, path, script);
        }
        if (run->money != NULL) {
            money_settle(run, path, script);
        }
        engine_end(run);
        money_close(run->money);
        run->money = NULL;
    }
    run->report.script = NULL;
    script_free(script);
}
