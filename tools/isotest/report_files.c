/* Results as files for machines: JUnit XML, TAP, NDJSON. */
#include <jansson.h>

#include "tools/isotest/report.h"

/* --- JUnit ------------------------------------------------------------------------------------ */

static void xml_text(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '&':
            fputs("&amp;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            /* Control characters are no XML, escaped or not. */
            fputc((unsigned char)*text < 0x20 && *text != '\n' && *text != '\t' ? '?' : *text, out);
        }
    }
}

static void xml_seconds(FILE *out, int64_t us)
{
    fprintf(out, "%lld.%03lld", (long long)(us / 1000000), (long long)(us / 1000 % 1000));
}

static void xml_case(FILE *out, const struct result *result)
{
    fputs("    <testcase classname=\"", out);
    xml_text(out, result->file);
    fputs("\" name=\"", out);
    xml_text(out, result->title);
    fprintf(out, "\" line=\"%u\" time=\"", result->line);
    xml_seconds(out, result->took_us);
    if (result->passed) {
        fputs("\"/>\n", out);
        return;
    }
    if (result->skipped) {
        fputs("\"><skipped message=\"a test before it failed\"/></testcase>\n", out);
        return;
    }
    const char *element = result->is_error ? "error" : "failure";
    const char *end = strchr(result->text, '\n');
    size_t len = end == NULL ? strlen(result->text) : (size_t)(end - result->text);
    char first[200];
    (void)snprintf(first, sizeof first, "%.*s", (int)(len < 190 ? len : 190), result->text);
    fprintf(out, "\">\n      <%s message=\"", element);
    xml_text(out, first + strspn(first, " "));
    fputs("\">", out);
    xml_text(out, result->text);
    if (result->rerun[0] != '\0') {
        fputs("  rerun: ", out);
        xml_text(out, result->rerun);
        fputs("\n", out);
    }
    fprintf(out, "</%s>\n    </testcase>\n", element);
}

static uint32_t errors_count(const struct report *report)
{
    uint32_t errors = 0;
    for (uint32_t i = 0; i < report->count; i++) {
        errors += report->results[i].is_error;
    }
    return errors;
}

int report_junit(const struct report *report)
{
    FILE *out = fopen(report->options.junit, "we");
    if (out == NULL) {
        return ERR_IO;
    }
    fprintf(out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
            "  <testsuite name=\"isotest\" tests=\"%u\" failures=\"%u\" errors=\"%u\" "
            "skipped=\"%u\" time=\"",
            report->count, report_failed(report) - errors_count(report), errors_count(report),
            report_skips(report));
    xml_seconds(out, engine_now_us() - report->began_us);
    fprintf(out, "\">\n    <properties><property name=\"seed\" value=\"%llu\"/></properties>\n",
            (unsigned long long)report->options.seed);
    for (uint32_t i = 0; i < report->count; i++) {
        xml_case(out, &report->results[i]);
    }
    fputs("  </testsuite>\n</testsuites>\n", out);
    bool is_bad = ferror(out) != 0;
    return fclose(out) != 0 || is_bad ? ERR_IO : 0;
}

/* --- TAP -------------------------------------------------------------------------------------- */

void report_tap_line(const struct report *report, uint32_t index)
{
    const struct result *result = &report->results[index];
    FILE *out = report->options.out;
    bool is_good = result->passed || result->skipped;
    fprintf(out, "%sok %u - %s: %s%s\n", is_good ? "" : "not ", index + 1, result->file,
            result->title, result->skipped ? " # SKIP a test before it failed" : "");
    for (const char *line = result->text; !is_good && *line != '\0';) {
        size_t len = strcspn(line, "\n");
        fprintf(out, "# %.*s\n", (int)len, line);
        line += len + (line[len] == '\n');
    }
    if (result->rerun[0] != '\0') {
        fprintf(out, "# rerun: %s\n", result->rerun);
    }
    (void)fflush(out);
}

/* --- NDJSON ----------------------------------------------------------------------------------- */

/* One document as a line; it is released. */
static int line_write(json_t *document, FILE *out)
{
    int err = document == NULL || json_dumpf(document, out, JSON_COMPACT) != 0 ? ERR_IO : 0;
    json_decref(document);
    return fputc('\n', out) == EOF ? ERR_IO : err;
}

int report_json(const struct report *report, FILE *out)
{
    for (uint32_t i = 0; i < report->count; i++) {
        const struct result *result = &report->results[i];
        TRY(line_write(json_pack("{s:i,s:s,s:s,s:s,s:i,s:b,s:b,s:b,s:i,s:I,s:s,s:s}", "v", 1,
                                 "type", "test", "file", result->file, "title", result->title,
                                 "line", (int)result->line, "passed", result->passed, "skipped",
                                 result->skipped, "error", result->is_error, "kind",
                                 result->passed ? 0 : (int)result->kind + 1, "took_us",
                                 (json_int_t)result->took_us, "text", result->text, "rerun",
                                 result->rerun),
                       out));
    }
    return line_write(json_pack("{s:i,s:s,s:i,s:i,s:i,s:I,s:I}", "v", 1, "type", "summary", "tests",
                                (int)report->count, "failed", (int)report_failed(report), "skipped",
                                (int)report_skips(report), "took_us",
                                (json_int_t)(engine_now_us() - report->began_us), "seed",
                                (json_int_t)report->options.seed),
                      out);
}
