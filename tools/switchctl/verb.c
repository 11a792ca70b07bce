#include "tools/switchctl/verb.h"

#include <string.h>

#include "iso8583/base/bytes.h"
#include "tools/switchctl/print.h"

static const char *build_nothing(json_t *request, const char *arg,
                                 const struct verb_options *options)
{
    (void)request;
    (void)arg;
    (void)options;
    return NULL;
}

static const char *build_name(json_t *request, const char *arg, const struct verb_options *options)
{
    (void)options;
    (void)json_object_set_new(request, "name", json_string(arg));
    return NULL;
}

static const char *build_tx_show(json_t *request, const char *arg,
                                 const struct verb_options *options)
{
    uint64_t seq = 0;
    bool by_stan = options->terminal != NULL && options->stan != NULL;
    bool by_half = options->stan != NULL && options->terminal == NULL;
    bool by_other = arg != NULL && options->terminal != NULL;
    if (by_half || by_other || (arg != NULL) + by_stan + (options->rrn != NULL) != 1) {
        return "name one transaction: ID, or --terminal and --stan, or --rrn";
    }
    if (arg != NULL && (span_number(span_text(arg), &seq) < 0 || seq > INT64_MAX)) {
        return "an ID is a number, as `tx list` shows it";
    }
    if (by_stan && (strlen(options->stan) != 6 || !span_is_digits(span_text(options->stan)))) {
        return "--stan takes six digits, as DE11 has them";
    }
    if (arg != NULL) {
        (void)json_object_set_new(request, "seq", json_integer((json_int_t)seq));
    } else if (by_stan) {
        (void)json_object_set_new(request, "terminal", json_string(options->terminal));
        (void)json_object_set_new(request, "stan", json_string(options->stan));
    } else {
        (void)json_object_set_new(request, "rrn", json_string(options->rrn));
        if (options->terminal != NULL) {
            (void)json_object_set_new(request, "terminal", json_string(options->terminal));
        }
    }
    return NULL;
}

static const char *build_tx_list(json_t *request, const char *arg,
                                 const struct verb_options *options)
{
    (void)arg;
    (void)json_object_set_new(request, "last",
                              json_integer(options->last == 0 ? 20 : options->last));
    return NULL;
}

static const char *build_saf(json_t *request, const char *arg, const struct verb_options *options)
{
    (void)arg;
    if (options->limit != 0) {
        (void)json_object_set_new(request, "limit", json_integer(options->limit));
    }
    if (options->after != NULL) {
        (void)json_object_set_new(request, "after", json_string(options->after));
    }
    return NULL;
}

static const char *build_seq(json_t *request, const char *arg, const struct verb_options *options)
{
    uint64_t seq = 0;
    (void)options;
    if (arg == NULL || span_number(span_text(arg), &seq) < 0 || seq > INT64_MAX) {
        return "SEQ is a number, as `saf list` shows it";
    }
    (void)json_object_set_new(request, "seq", json_integer((json_int_t)seq));
    return NULL;
}

static const char *build_day(json_t *request, const char *arg, const struct verb_options *options)
{
    (void)arg;
    const char *day = options->day;
    if (options->force) {
        (void)json_object_set_new(request, "force", json_true());
    }
    if (day == NULL) {
        return NULL;
    }
    bool is_good = strlen(day) == 10;
    for (size_t i = 0; is_good && i < 10; i++) {
        is_good = i == 4 || i == 7 ? day[i] == '-' : byte_is_digit((uint8_t)day[i]);
    }
    if (!is_good) {
        return "--day takes YYYY-MM-DD";
    }
    (void)json_object_set_new(request, "day", json_string(day));
    return NULL;
}

/* To add a verb: a row. Its answer's printer is in print.c. */
/* clang-format off */
static const struct verb verbs[] = {
    {"status",  NULL,       "status",       NULL,   "how the switch is",                  build_nothing, print_status, NULL},
    {"tx",      "show",     "tx.show",      "[ID]", "one transaction and its journal",    build_tx_show, print_tx,     NULL},
    {"tx",      "list",     "tx.list",      NULL,   "the newest transactions",            build_tx_list, print_txs,    NULL},
    {"day",     "show",     "day.show",     NULL,   "business days and their totals",     build_day,     print_days,   NULL},
    {"day",     "cutover",  "day.cutover",  NULL,   "begin the next business day",        build_day,     print_day,    "begin the next business day"},
    {"day",     "sign-off", "day.sign_off", NULL,   "close a day that was cut",           build_day,     print_day,    NULL},
    {"link",    "list",     "link.list",    NULL,   "links and their state",              build_nothing, print_links,  NULL},
    {"link",    "show",     "link.show",    "NAME", "a link, and answers that pair with nothing", build_name, print_link, NULL},
    {"link",    "up",       "link.up",      "NAME", "sign on",                            build_name,    print_done,   NULL},
    {"link",    "down",     "link.down",    "NAME", "sign off and disconnect",            build_name,    print_done,   NULL},
    {"link",    "drain",    "link.drain",   "NAME", "give it nothing new",                build_name,    print_done,   NULL},
    {"saf",     "list",     "saf.list",     NULL,   "reversals and advices that are due", build_saf,     print_saf,    NULL},
    {"saf",     "resolve",  "saf.resolve",  "SEQ",  "end a dead letter that was settled by other means", build_seq, print_done, "end this dead letter: nothing will be sent to the issuer any more"},
    {"alarms",  NULL,       "alarms",       NULL,   "alarms and their counts",            build_nothing, print_alarms, NULL},
    {"stop",    NULL,       "stop",         NULL,   "finish what is under way and end",   build_nothing, print_done,   "stop the switch"},
};
/* clang-format on */

const struct verb *verb_at(size_t index)
{
    return index < ARRAY_COUNT(verbs) ? &verbs[index] : NULL;
}

const struct verb *verb_find(char *const *words, int count, int *used)
{
    for (size_t i = 0; i < ARRAY_COUNT(verbs); i++) {
        const struct verb *verb = &verbs[i];
        if (count < 1 || strcmp(words[0], verb->first) != 0) {
            continue;
        }
        if (verb->second == NULL || (count >= 2 && strcmp(words[1], verb->second) == 0)) {
            *used = verb->second == NULL ? 1 : 2;
            return verb;
        }
    }
    return NULL;
}
