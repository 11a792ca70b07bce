#include "tests/load/summary.h"

#include <inttypes.h>
#include <stdio.h>

void summary_decline(struct summary *summary, const char *code)
{
    summary->declined++;
    for (size_t i = 0; i < CODES_MAX; i++) {
        if (summary->codes[i].count == 0) {
            memcpy(summary->codes[i].code, code, sizeof summary->codes[i].code);
        }
        if (strcmp(summary->codes[i].code, code) == 0) {
            summary->codes[i].count++;
            return;
        }
    }
}

bool summary_is_broken(const struct summary *summary)
{
    uint64_t broken = 0;
    for (int i = 0; i < HEARD_COUNT; i++) {
        broken += heard_is_broken((enum heard)i) ? summary->heard[i] : 0;
    }
    return broken != 0;
}

/* To add a figure, add a row. */
struct figure {
    const char *key;
    const char *text;
    uint64_t value;
};

enum { FIGURES_MAX = 40 };

static size_t figures_make(const struct summary *s, struct figure *figures)
{
    uint64_t us = s->ended_us > s->began_us ? s->ended_us - s->began_us : 1;
    uint64_t answered = s->latency_us.count;
    const struct figure rows[] = {
        {"started", "transactions begun", s->started},
        {"answered", "answered", answered},
        {"approved", "approved, final", s->approved},
        {"declined", "declined", s->declined},
        {"reversed", "reversed", s->reversed},
        {"gave_up", "given up", s->gave_up},
        {"left_open", "  of them without a reversal", s->left_open},
        {"messages", "messages sent", s->messages_sent},
        {"repeats", "requests repeated", s->repeats},
        {"reversals", "reversals begun", s->reversals},
        {"reversals_again", "reversals sent again", s->reversals_again},
        {"late", "answers after the reversal", s->heard[HEARD_LATE]},
        {"duplicates", "answers heard twice", s->heard[HEARD_DUPLICATE]},
        {"unmatched", "answers too old to match", s->heard[HEARD_UNMATCHED]},
        {"bad_macs", "BROKEN: bad MACs", s->heard[HEARD_BAD_MAC]},
        {"echo_mismatches", "BROKEN: echo mismatches", s->heard[HEARD_ECHO]},
        {"invented", "BROKEN: answers to nothing sent", s->heard[HEARD_INVENTED]},
        {"contradicted", "BROKEN: two different answers", s->heard[HEARD_CONTRADICTED]},
        {"garbled", "BROKEN: not a message", s->heard[HEARD_GARBLED]},
        {"connects", "connections made", s->connects},
        {"losses", "connections lost", s->losses},
        {"late_starts", "begun late (over 1 ms)", s->late_starts},
        {"elapsed_ms", "elapsed, ms", us / 1000},
        {"per_second", "answers a second", answered * 1000000 / us},
        {"p50_us", "latency p50, us", histogram_at(&s->latency_us, 500)},
        {"p99_us", "latency p99, us", histogram_at(&s->latency_us, 990)},
        {"p999_us", "latency p99.9, us", histogram_at(&s->latency_us, 999)},
        {"max_us", "latency max, us", s->latency_us.max},
    };
    static_assert(ARRAY_COUNT(rows) <= FIGURES_MAX, "the caller's array holds all figures");
    memcpy(figures, rows, sizeof rows);
    return ARRAY_COUNT(rows);
}

void summary_print(const struct summary *summary, bool json)
{
    struct figure figures[FIGURES_MAX];
    size_t count = figures_make(summary, figures);
    if (json) {
        printf("{\"v\":1");
    }
    for (size_t i = 0; i < count; i++) {
        if (json) {
            printf(",\"%s\":%" PRIu64, figures[i].key, figures[i].value);
        } else {
            printf("%-32s %12" PRIu64 "\n", figures[i].text, figures[i].value);
        }
    }
    if (json) {
        printf(",\"declined_by_code\":{");
    }
    for (size_t i = 0; i < CODES_MAX && summary->codes[i].count != 0; i++) {
        const char *format = json ? "%s\"%s\":%" PRIu64 : "%sdeclined %-23s %12" PRIu64 "\n";
        printf(format, json && i != 0 ? "," : "", summary->codes[i].code, summary->codes[i].count);
    }
    if (json) {
        printf("},\"broken\":%s}\n", summary_is_broken(summary) ? "true" : "false");
    }
    fflush(stdout);
}
