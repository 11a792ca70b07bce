#include "tools/isotest/report.h"

#include <errno.h>
#include <stdlib.h>

#include "tools/isotest/conceal.h"
#include "tools/isotest/diff.h"

/* One more than an engine tells of. */
enum { MESSAGE_CONNECTION = MESSAGE_BROKEN + 1 };

enum { TITLE_MAX = 256, RERUN_MAX = 16384 };
enum { PROGRESS_AFTER_US = 1500000, PROGRESS_TTY_US = 250000, PROGRESS_PLAIN_US = 10000000 };

const char *took_text(int64_t us, char text[24])
{
    if (us < 10000000) {
        (void)snprintf(text, 24, "%lld ms", (long long)((us + 500) / 1000));
    } else {
        (void)snprintf(text, 24, "%lld.%lld s", (long long)(us / 1000000),
                       (long long)(us / 100000 % 10));
    }
    return text;
}

void report_open(struct report *report, const struct report_options *options)
{
    *report = (struct report){.options = *options, .began_us = engine_now_us()};
}

void report_close(struct report *report)
{
    for (uint32_t i = 0; i < report->count; i++) {
        free(report->results[i].file);
        free(report->results[i].title);
        free(report->results[i].text);
        free(report->results[i].rerun);
    }
    free(report->results);
    free(report->failure);
    bytes_wipe(report->timeline, sizeof report->timeline);
}

/* --- the test that runs ----------------------------------------------------------------------- */

void report_test_begin(struct report *report, const char *file, const struct script *script,
                       const struct test *test)
{
    report->file = file;
    report->script = script;
    report->test = test;
    report->test_us = engine_now_us();
    report->told_us = report->test_us;
    report->step = NULL;
    report->moment_count = 0;
    free(report->failure);
    report->failure = NULL;
}

static struct moment *moment_add(struct report *report, int64_t at_us)
{
    struct moment *moment = &report->timeline[report->moment_count++ % TIMELINE_MAX];
    moment->at_us = at_us;
    return moment;
}

/* How each fate is drawn: from the peer's side. By enum message_fate. */
static const struct {
    const char *arrow;
    const char *note;
} fates[] = {
    [MESSAGE_SENT] = {"->", ""},
    [MESSAGE_REPLIED] = {"->", ""},
    [MESSAGE_REVERSED] = {"->", "  (reversal auto)"},
    [MESSAGE_ANSWER] = {"<-", ""},
    [MESSAGE_ASKED] = {"<-", ""},
    [MESSAGE_DROPPED] = {"<-", "  (dropped)"},
    [MESSAGE_UNMATCHED] = {"<-", "  (answers nothing that was sent)"},
    [MESSAGE_LATE] = {"<-", "  (late)"},
    [MESSAGE_BROKEN] = {"<-", ""},
    [MESSAGE_CONNECTION] = {"  ", ""},
};

void report_message(struct report *report, const struct engine_message *message)
{
    if (report->test == NULL) {
        return;
    }
    struct moment *moment = moment_add(report, message->held->at_us);
    const struct held *held = message->held;
    moment->peer = message->peer;
    moment->fate = message->fate;
    moment->wire_len = held->wire_len <= MOMENT_WIRE_MAX ? held->wire_len : 0;
    memcpy(moment->wire, held->wire, moment->wire_len);
    if (moment->wire_len == 0) {
        (void)snprintf(moment->text, sizeof moment->text, "a message of %u bytes",
                       (unsigned)held->wire_len);
    }
}

void report_connection(struct report *report, const struct peer *peer, const char *text)
{
    if (report->test != NULL) {
        struct moment *moment = moment_add(report, engine_now_us());
        moment->peer = peer;
        moment->fate = MESSAGE_CONNECTION;
        moment->wire_len = 0;
        (void)snprintf(moment->text, sizeof moment->text, "connection %.100s", text);
    }
}

void moment_text(const struct moment *moment, char *text, size_t cap)
{
    static struct held held;
    const struct iso_dialect *dialect = station_decl(peer_station(moment->peer))->dialect;
    char line[TIMELINE_TEXT_MAX];
    struct iso_error error;
    if (moment->wire_len == 0) {
        (void)snprintf(line, sizeof line, "%s", moment->text);
    } else if (held_read(&held, dialect, span_make(moment->wire, moment->wire_len), &error) < 0) {
        char why[ISO_TEXT_LEN_MAX];
        (void)snprintf(line, sizeof line, "cannot be read: %.100s",
                       iso_error_text(&error, dialect, why, sizeof why));
    } else {
        message_line(dialect, &held.msg, line, sizeof line);
    }
    bytes_wipe(&held, sizeof held);
    (void)snprintf(text, cap, "%-6.12s %s %s%s", peer_name(moment->peer), fates[moment->fate].arrow,
                   line, fates[moment->fate].note);
}

void report_step(struct report *report, const struct stmt *stmt)
{
    report->step = stmt;
}

static void progress_wipe(struct report *report)
{
    if (report->progress_shown) {
        fputs("\r\x1b[K", stderr);
        report->progress_shown = false;
    }
}

void report_tick(struct report *report)
{
    int64_t now_us = engine_now_us();
    int64_t every_us = report->options.progress ? PROGRESS_TTY_US : PROGRESS_PLAIN_US;
    if (report->test == NULL || now_us - report->test_us < PROGRESS_AFTER_US ||
        now_us - report->told_us < every_us) {
        return;
    }
    char text[24];
    char title[TITLE_MAX];
    report->told_us = now_us;
    (void)took_text(now_us - report->test_us, text);
    fprintf(stderr, "%s  %s: %s, line %u, %s%s", report->options.progress ? "\r\x1b[K" : "",
            report->file, conceal_span(report->script, report->test->title, title, sizeof title),
            report->step == NULL ? 0 : (unsigned)report->step->spot.line, text,
            report->options.progress ? "" : "\n");
    (void)fflush(stderr);
    report->progress_shown = report->options.progress;
}

void report_failure(struct report *report, const struct engine *engine,
                    const struct strand_view *strand, const struct failure *failure)
{
    if (report->failure == NULL) { /* The first of a family is the cause. */
        report->failure = failure_block(report, engine, strand, failure);
        if (report->failure != NULL) {
            conceal_text(report->script, report->failure);
        }
        report->failure_kind = failure->kind;
    }
}

void report_failure_text(struct report *report, uint8_t kind, const char *text)
{
    if (report->failure == NULL) {
        char *copy = NULL;
        if (asprintf(&copy, "  %s\n", text) >= 0) {
            conceal_text(report->script, copy);
            report->failure = copy;
        }
        report->failure_kind = kind;
    }
}

/* --- results ---------------------------------------------------------------------------------- */

/* A line like " ✓ echo.isot   echo    12 ms", and below it why it failed. */
static void result_show(const struct report *report, const struct result *result)
{
    static const struct {
        const char *plain;
        const char *colored;
    } marks[] = {{"✗", "\x1b[31m✗\x1b[0m"}, {"✓", "\x1b[32m✓\x1b[0m"}, {"-", "-"}};
    FILE *out = report->options.out;
    char took[24];
    const char *slash = strrchr(result->file, '/');
    size_t which = result->skipped ? 2 : result->passed;
    const char *mark = report->options.color ? marks[which].colored : marks[which].plain;
    if (result->line == 0) {
        return; /* Its words were told where they belong. */
    }
    fprintf(out, " %s %-24s %-44s %9s\n", mark, slash == NULL ? result->file : slash + 1,
            result->title, result->skipped ? "left out" : took_text(result->took_us, took));
    if (!result->passed && !result->skipped) {
        fprintf(out, "FAIL %s:%u  %s\n%s", result->file, result->line, result->title, result->text);
        fprintf(out, "  rerun: %s\n", result->rerun);
    }
    (void)fflush(out);
}

void shell_word(char *to, size_t cap, const char *text)
{
    size_t len = strlen(to);
    size_t room = cap - len;
    if (text[0] != '\0' && text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                             "0123456789_-+=.,:/@%")] == '\0') {
        (void)snprintf(to + len, room, "%s", text);
        return;
    }
    struct writer out = writer_make((uint8_t *)to + len, room);
    writer_u8(&out, '\'');
    for (; *text != '\0'; text++) {
        writer_span(&out, *text == '\'' ? SPAN_LITERAL("'\\''") : span_make(text, 1));
    }
    writer_span(&out, SPAN_LITERAL("'"));
    writer_u8(&out, '\0');
    if (out.overflow) {
        to[len] = '\0';
    }
}

/* The command that runs a test again, as a shell takes it. */
static void rerun_make(const struct report *report, const struct result *result, char *text,
                       size_t cap)
{
    (void)snprintf(text, cap, "isotest run ");
    shell_word(text, cap, result->file);
    size_t len = strlen(text);
    (void)snprintf(text + len, cap - len, " --from %u --seed %llu%s%s", result->line,
                   (unsigned long long)report->options.seed, report->marks,
                   report->options.rerun == NULL ? "" : report->options.rerun);
    conceal_text(report->script, text);
}

void report_add(struct report *report, const struct result *result)
{
    if (report->count == report->cap) {
        uint32_t cap = report->cap == 0 ? 64 : report->cap * 2;
        struct result *grown = realloc(report->results, cap * sizeof *grown);
        CHECK(grown != NULL);
        report->results = grown;
        report->cap = cap;
    }
    struct result *copy = &report->results[report->count++];
    *copy = *result;
    copy->file = strdup(result->file);
    copy->title = strdup(result->title);
    copy->text = strdup(result->text);
    copy->rerun = strdup(result->rerun == NULL ? "" : result->rerun);
    CHECK(copy->file != NULL && copy->title != NULL && copy->text != NULL && copy->rerun != NULL);
    if (report->options.tap) {
        report_tap_line(report, report->count - 1);
    } else if (report->options.json == NULL || strcmp(report->options.json, "-") != 0) {
        result_show(report, copy);
    }
}

void report_test_end(struct report *report, bool passed)
{
    progress_wipe(report);
    if (report->test == NULL) {
        return;
    }
    char title[TITLE_MAX];
    char file[4096];
    static char rerun[RERUN_MAX];
    (void)conceal_span(report->script, report->test->title, title, sizeof title);
    (void)snprintf(file, sizeof file, "%s", report->file);
    char none[] = "";
    char stopped[] = "  it was stopped before its end\n";
    struct result result = {.file = file,
                            .title = title,
                            .line = report->test->spot.line,
                            .passed = passed,
                            .kind = report->failure_kind,
                            .took_us = engine_now_us() - report->test_us,
                            .text = passed                    ? none
                                    : report->failure == NULL ? stopped
                                                              : report->failure};
    if (!passed) {
        rerun_make(report, &result, rerun, sizeof rerun);
        result.rerun = rerun;
    }
    report->test = NULL;
    report_add(report, &result);
}

void report_file(struct report *report, const char *file, const char *title, bool is_error,
                 const char *text)
{
    struct result result = {.file = (char *)(uintptr_t)file,
                            .title = (char *)(uintptr_t)title,
                            .is_error = is_error,
                            .kind = FAIL_STEP,
                            .text = (char *)(uintptr_t)text};
    report_add(report, &result);
}

void report_skipped(struct report *report, const char *file, const struct script *script,
                    const struct test *test)
{
    char title[TITLE_MAX];
    char none[] = "";
    struct result result = {.file = (char *)(uintptr_t)file,
                            .title = title,
                            .line = test->spot.line,
                            .skipped = true,
                            .text = none};
    (void)conceal_span(script, test->title, title, sizeof title);
    report_add(report, &result);
}

uint32_t report_failed(const struct report *report)
{
    uint32_t failed = 0;
    for (uint32_t i = 0; i < report->count; i++) {
        failed += !report->results[i].passed && !report->results[i].skipped;
    }
    return failed;
}

uint32_t report_skips(const struct report *report)
{
    uint32_t skips = 0;
    for (uint32_t i = 0; i < report->count; i++) {
        skips += report->results[i].skipped;
    }
    return skips;
}

bool report_is_connect_only(const struct report *report)
{
    for (uint32_t i = 0; i < report->count; i++) {
        const struct result *result = &report->results[i];
        if (!result->passed && !result->skipped && result->kind != FAIL_CONNECT) {
            return false;
        }
    }
    return report_failed(report) > 0;
}

static int json_write(const struct report *report)
{
    if (strcmp(report->options.json, "-") == 0) {
        return report_json(report, report->options.out);
    }
    FILE *file = fopen(report->options.json, "we");
    int err = file == NULL ? ERR_IO : report_json(report, file);
    if (file != NULL && fclose(file) != 0) {
        err = ERR_IO;
    }
    return err;
}

/* Where people read: not among what machines read. */
static FILE *words_out(const struct report *report)
{
    bool json_only = report->options.json != NULL && strcmp(report->options.json, "-") == 0;
    return report->options.tap || json_only ? stderr : report->options.out;
}

void report_money(const struct report *report, const char *text)
{
    fprintf(words_out(report), "%s\n", text);
    (void)fflush(words_out(report));
}

int report_finish(struct report *report, bool interrupted)
{
    uint32_t failed = report_failed(report);
    char took[24];
    progress_wipe(report);
    if (report->options.tap) {
        fprintf(report->options.out, "1..%u\n", report->count);
    }
    FILE *out = words_out(report);
    uint32_t skips = report_skips(report);
    uint32_t count = report->count - skips;
    fprintf(out, "%u test%s  %u passed  %u failed  ", count, count == 1 ? "" : "s", count - failed,
            failed);
    if (skips > 0) {
        fprintf(out, "%u left out  ", skips);
    }
    fprintf(out, "%s%s", took_text(engine_now_us() - report->began_us, took),
            interrupted ? "  (interrupted)" : "");
    fprintf(out, "  seed %llu\n", (unsigned long long)report->options.seed);
    int err = report->options.junit == NULL ? 0 : report_junit(report);
    if (err < 0) {
        fprintf(stderr, "isotest: %s: %s\n", report->options.junit, strerror(errno));
    }
    if (report->options.json != NULL && json_write(report) < 0) {
        fprintf(stderr, "isotest: %s: %s\n", report->options.json, strerror(errno));
        err = ERR_IO;
    }
    return err;
}
