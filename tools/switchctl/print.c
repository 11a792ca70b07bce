#include "tools/switchctl/print.h"

#include <inttypes.h>
#include <stdio.h>

#include "iso8583/base/calendar.h"
#include "iso8583/base/currency.h"
#include "tools/exit_code.h"

enum { TIME_LEN = 32 };

/* --- members -----------------------------------------------------------------------------------
 */

static int64_t number(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static const char *text(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value == NULL ? "" : value;
}

static const char *text_or_dash(const json_t *object, const char *key)
{
    const char *value = text(object, key);
    return value[0] == '\0' ? "-" : value;
}

/* The amount @key with the object's "currency", a number of ISO 4217. */
static const char *money(const json_t *object, const char *key, char out[MONEY_TEXT_LEN])
{
    int64_t numeric = number(object, "currency");
    return money_format(number(object, key), (uint16_t)(numeric & 0x3FF), out);
}

static const char *time_format(int64_t wall_ms, char out[TIME_LEN])
{
    if (wall_ms <= 0) {
        return "-";
    }
    struct civil c = civil_from_ms(wall_ms);
    (void)snprintf(out, TIME_LEN, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", c.year % 10000, c.month,
                   c.day, c.hour, c.minute, c.second, (int)(wall_ms % 1000));
    return out;
}

/* "3 d 04:11:09". */
static const char *span_format(int64_t ms, char out[TIME_LEN])
{
    int64_t s = ms < 0 ? 0 : ms / 1000;
    int hour = (int)(s / 3600 % 24);
    int minute = (int)(s / 60 % 60);
    if (s >= 86400) {
        (void)snprintf(out, TIME_LEN, "%" PRId64 " d %02d:%02d:%02d", s / 86400, hour, minute,
                       (int)(s % 60));
    } else {
        (void)snprintf(out, TIME_LEN, "%02d:%02d:%02d", hour, minute, (int)(s % 60));
    }
    return out;
}

/* --- links and alarms --------------------------------------------------------------------------
 */

/* Links that carry nothing though nobody asked for that. */
static size_t links_print(const json_t *links)
{
    size_t index;
    size_t bad_count = 0;
    const json_t *link;
    printf("%-15s %-15s %-11s %-14s %9s %9s %9s %8s %8s %6s %6s\n", "LINK", "ISSUER", "STATE",
           "SINCE", "SENT", "ANSWERED", "TIMED OUT", "PENDING", "REVERSAL", "LATE", "UNMATCH");
    json_array_foreach(links, index, link)
    {
        char since[TIME_LEN];
        bool is_up = strcmp(text(link, "state"), "signed-on") == 0;
        bool is_meant = strcmp(text(link, "state"), "draining") == 0;
        bad_count += !is_up && !is_meant;
        printf("%-15s %-15s %-11s %-14s %9" PRId64 " %9" PRId64 " %9" PRId64 " %8" PRId64
               " %8" PRId64 " %6" PRId64 " %6" PRId64 "\n",
               text(link, "name"), text(link, "issuer"), text(link, "state"),
               span_format(number(link, "since_ms"), since), number(link, "sent"),
               number(link, "answered"), number(link, "timed_out"), number(link, "pending"),
               number(link, "reversals"), number(link, "late"), number(link, "unmatched"));
    }
    return bad_count;
}

static void alarms_print(const json_t *alarms)
{
    size_t index;
    const json_t *alarm;
    printf("%-24s %8s %-24s %12s  %s\n", "ALARM", "COUNT", "SUBJECT", "NUMBER/MTI", "NEWEST");
    json_array_foreach(alarms, index, alarm)
    {
        char at[TIME_LEN];
        char shown[24];
        (void)snprintf(shown, sizeof shown, "%" PRId64, number(alarm, "number"));
        printf("%-24s %8" PRId64 " %-24s %12s  %s\n", text(alarm, "name"), number(alarm, "count"),
               text_or_dash(alarm, "subject"),
               text(alarm, "mti")[0] != '\0' ? text(alarm, "mti") : shown,
               time_format(number(alarm, "at_ms"), at));
    }
}

int print_links(const json_t *answer)
{
    return links_print(json_object_get(answer, "links")) > 0 ? EXIT_BAD : EXIT_GOOD;
}

static void stray_print(const json_t *stray)
{
    char at[TIME_LEN];
    size_t index;
    const json_t *row;
    const json_t *near = json_object_get(stray, "near");
    const json_t *differs = json_object_get(stray, "differs");
    printf("  %-24s  %-4s  %-6s  %-12s  %-4s  ", time_format(number(stray, "at_ms"), at),
           text(stray, "mti"), text_or_dash(stray, "stan"), text_or_dash(stray, "rrn"),
           text_or_dash(stray, "code"));
    if (near == NULL) {
        printf("nothing pending is near\n");
        return;
    }
    printf("ID %" PRId64 " (stan %s rrn %s): ", number(near, "seq"), text_or_dash(near, "stan"),
           text_or_dash(near, "rrn"));
    json_array_foreach(differs, index, row)
    {
        printf("%s%s is %s, not %s", index == 0 ? "" : ", ", text(row, "field"),
               text_or_dash(row, "got"), text_or_dash(row, "expected"));
    }
    printf("%s\n", json_array_size(differs) == 0 ? "has its answer already" : "");
}

int print_link(const json_t *answer)
{
    size_t index;
    const json_t *stray;
    const json_t *strays = json_object_get(answer, "strays");
    json_t *links = json_pack("[O]", json_object_get(answer, "link"));
    size_t bad_count = links_print(links);
    json_decref(links);
    if (json_array_size(strays) > 0) {
        printf("\nANSWERS THAT PAIR WITH NOTHING, newest first\n  %-24s  %-4s  %-6s  %-12s  %-4s  "
               "%s\n",
               "TIME", "MTI", "STAN", "RRN", "CODE", "NEAREST PENDING REQUEST");
    }
    json_array_foreach(strays, index, stray)
    {
        stray_print(stray);
    }
    return bad_count > 0 ? EXIT_BAD : EXIT_GOOD;
}

int print_alarms(const json_t *answer)
{
    const json_t *alarms = json_object_get(answer, "alarms");
    if (json_array_size(alarms) == 0) {
        printf("no alarms\n");
    } else {
        alarms_print(alarms);
    }
    return EXIT_GOOD;
}

/* --- status ------------------------------------------------------------------------------------
 */

static void totals_print(const json_t *totals)
{
    size_t index;
    const json_t *row;
    if (json_array_size(totals) == 0) {
        return;
    }
    printf("\n%-16s %4s %12s %12s\n", "KIND", "CODE", "COUNT", "REPEATS");
    json_array_foreach(totals, index, row)
    {
        printf("%-16s %4s %12" PRId64 " %12" PRId64 "\n", text(row, "kind"),
               text_or_dash(row, "code"), number(row, "count"), number(row, "repeats"));
    }
}

static void latency_print(const json_t *latency)
{
    size_t index;
    const json_t *row;
    if (json_array_size(latency) == 0) {
        return;
    }
    printf("\n%-10s %12s %10s %10s %10s %10s %10s\n", "STAGE", "COUNT", "MEAN ms", "p50", "p99",
           "p99.9", "MAX");
    json_array_foreach(latency, index, row)
    {
        static const char *const keys[] = {"mean_us", "p50_us", "p99_us", "p999_us", "max_us"};
        printf("%-10s %12" PRId64, text(row, "stage"), number(row, "count"));
        for (size_t i = 0; i < ARRAY_COUNT(keys); i++) {
            int64_t us = number(row, keys[i]);
            printf(" %6" PRId64 ".%03d", us / 1000, (int)(us % 1000));
        }
        printf("\n");
    }
}

int print_status(const json_t *answer)
{
    char up[TIME_LEN];
    const json_t *day = json_object_get(answer, "day");
    const json_t *hsm = json_object_get(answer, "hsm");
    const json_t *store = json_object_get(answer, "store");
    const json_t *slots = json_object_get(answer, "slots");
    const json_t *alarms = json_object_get(answer, "alarms");
    printf("switchd %s  up %s  day %s %s\n", text(answer, "version"),
           span_format(number(answer, "uptime_ms"), up), text_or_dash(day, "current"),
           text(day, "state"));
    size_t down_count = links_print(json_object_get(answer, "links"));
    printf("TERMINALS %" PRId64 " connected   HSM %s  asked %" PRId64 " answered %" PRId64
           " p99 %" PRId64 " us\n",
           number(json_object_get(answer, "terminals"), "connected"), text_or_dash(hsm, "state"),
           number(hsm, "asked"), number(hsm, "answered"), number(hsm, "p99_us"));
    int64_t permille = number(store, "used_permille");
    printf("STORE %d.%d %% used  %" PRId64 " commits for %" PRId64
           " requests, largest batch %" PRId64 ", %" PRId64 " waiting\n",
           (int)(permille / 10), (int)(permille % 10), number(store, "commits"),
           number(store, "requests"), number(store, "batch_largest"), number(store, "waiting"));
    printf("SLOTS %" PRId64 " used, %" PRId64 " free, peak %" PRId64 "\n", number(slots, "used"),
           number(slots, "free"), number(slots, "peak"));
    totals_print(json_object_get(answer, "totals"));
    latency_print(json_object_get(answer, "latency"));
    if (json_array_size(alarms) > 0) {
        printf("\n");
        alarms_print(alarms);
    }
    bool hsm_is_up = strcmp(text(hsm, "state"), "up") == 0;
    size_t problem_count = down_count + (hsm_is_up ? 0 : 1);
    if (problem_count > 0) {
        printf("\n%zu problem%s: %zu link%s not signed on%s\n", problem_count,
               problem_count == 1 ? "" : "s", down_count, down_count == 1 ? "" : "s",
               hsm_is_up ? "" : ", no HSM that answers");
    }
    return problem_count > 0 ? EXIT_BAD : EXIT_GOOD;
}

/* --- transactions ------------------------------------------------------------------------------
 */

/* The rows of `tx show`, in this order; a member that is absent or empty is left out. */
static const char *const tx_texts[] = {"group", "acquirer",  "merchant",     "mcc",
                                       "proc",  "stan",      "rrn",          "issuer",
                                       "link",  "link_stan", "reversal_stan"};

static void tx_line(const json_t *tx)
{
    char amount[MONEY_TEXT_LEN];
    printf("%-10" PRId64 " %-6s %-7s %16s  %-19s  %-8s  %-12s", number(tx, "seq"), text(tx, "mti"),
           text(tx, "proc"), money(tx, "amount_minor", amount), text_or_dash(tx, "pan"),
           text(tx, "terminal"), text(tx, "state"));
    printf("  %s\n", text_or_dash(tx, "code"));
}

int print_txs(const json_t *answer)
{
    size_t index;
    const json_t *tx;
    printf("%-10s %-6s %-7s %16s  %-19s  %-8s  %-12s  %s\n", "ID", "MTI", "PROC", "AMOUNT", "CARD",
           "TERMINAL", "STATE", "CODE");
    json_array_foreach(json_object_get(answer, "txs"), index, tx)
    {
        tx_line(tx);
    }
    return EXIT_GOOD;
}

int print_tx(const json_t *answer)
{
    char value[MONEY_TEXT_LEN];
    char at[TIME_LEN];
    size_t index;
    const json_t *row;
    const json_t *tx = json_object_get(answer, "tx");
    tx_line(tx);
    printf("  %-14s %s\n", "day", text_or_dash(tx, "day"));
    printf("  %-14s %s\n", "opened", time_format(number(tx, "opened_ms"), at));
    printf("  %-14s %s\n", "handed", time_format(number(tx, "handed_ms"), at));
    printf("  %-14s %s\n", "closed", time_format(number(tx, "closed_ms"), at));
    printf("  %-14s %s\n", "approved", money(tx, "approved_minor", value));
    printf("  %-14s %s\n", "remaining", money(tx, "remaining_minor", value));
    printf("  %-14s %s\n", "auth", text_or_dash(tx, "auth"));
    for (size_t i = 0; i < ARRAY_COUNT(tx_texts); i++) {
        if (text(tx, tx_texts[i])[0] != '\0') {
            printf("  %-14s %s\n", tx_texts[i], text(tx, tx_texts[i]));
        }
    }
    const json_t *older = json_object_get(answer, "older");
    if (json_array_size(older) > 0) {
        printf("  %-14s %zu of the same name:", "older", json_array_size(older));
        json_array_foreach(older, index, row)
        {
            printf(" %" PRId64, (int64_t)json_integer_value(row));
        }
        printf("%s\n", json_is_true(json_object_get(answer, "older_more")) ? " and more" : "");
    }
    if (number(tx, "original_seq") != 0) {
        printf("  %-14s %" PRId64 "\n", "reverses", number(tx, "original_seq"));
    }
    if (number(tx, "due_seq") != 0) {
        printf("  %-14s %" PRId64 "\n", "reversal due", number(tx, "due_seq"));
    }
    json_array_foreach(json_object_get(tx, "journal"), index, row)
    {
        printf("  %s  %-9s %s\n", time_format(number(row, "at_ms"), at), text(row, "what"),
               text(row, "text"));
    }
    return EXIT_GOOD;
}

int print_saf(const json_t *answer)
{
    size_t index;
    const json_t *row;
    const json_t *rows = json_object_get(answer, "saf");
    if (json_array_size(rows) == 0) {
        printf("nothing is due\n");
        return EXIT_GOOD;
    }
    printf("%-10s %-10s %-15s %-24s %5s %-5s %16s  %-19s  %s\n", "DUE", "ID", "ISSUER", "SINCE",
           "TRIES", "STATE", "AMOUNT", "CARD", "TERMINAL");
    json_array_foreach(rows, index, row)
    {
        char since[TIME_LEN];
        char amount[MONEY_TEXT_LEN];
        bool is_dead = json_is_true(json_object_get(row, "dead"));
        printf("%-10" PRId64 " %-10" PRId64 " %-15s %-24s %5" PRId64 " %-5s %16s  %-19s  %s\n",
               number(row, "due_seq"), number(row, "seq"), text(row, "issuer"),
               time_format(number(row, "since_ms"), since), number(row, "tries"),
               is_dead ? "DEAD" : "due", money(row, "amount_minor", amount),
               text_or_dash(row, "pan"), text(row, "terminal"));
    }
    printf("%zu of %" PRId64 "\n", json_array_size(rows), number(answer, "total"));
    if (json_object_get(answer, "next") != NULL) {
        printf("the others: --after %s\n", text(answer, "next"));
    }
    return EXIT_GOOD;
}

/* --- days --------------------------------------------------------------------------------------
 */

static void day_totals_print(const json_t *totals)
{
    size_t index;
    const json_t *row;
    if (json_array_size(totals) == 0) {
        return;
    }
    printf("  %-15s %-11s %7s %17s %7s %17s %7s %17s %17s\n", "ISSUER", "ACQUIRER", "SALES",
           "AMOUNT", "REFUNDS", "AMOUNT", "UNDONE", "AMOUNT", "NET");
    json_array_foreach(totals, index, row)
    {
        char sales[MONEY_TEXT_LEN];
        char refunds[MONEY_TEXT_LEN];
        char undone[MONEY_TEXT_LEN];
        char net[MONEY_TEXT_LEN];
        /* Sales undone lower the net, refunds undone raise it: shown as one figure. */
        json_t *both =
            json_pack("{s:I, s:I}", "currency", (json_int_t)number(row, "currency"), "minor",
                      (json_int_t)(number(row, "sales_reversed_minor") -
                                   number(row, "refunds_reversed_minor")));
        printf("  %-15s %-11s %7" PRId64 " %17s %7" PRId64 " %17s %7" PRId64 " %17s %17s\n",
               text(row, "issuer"), text(row, "acquirer"), number(row, "sales_count"),
               money(row, "sales_minor", sales), number(row, "refunds_count"),
               money(row, "refunds_minor", refunds),
               number(row, "sales_reversed_count") + number(row, "refunds_reversed_count"),
               money(both, "minor", undone), money(row, "net_minor", net));
        json_decref(both);
    }
}

int print_days(const json_t *answer)
{
    size_t index;
    const json_t *day;
    json_array_foreach(json_object_get(answer, "days"), index, day)
    {
        printf("%s %-9s %" PRId64 " open, %" PRId64 " due, %" PRId64 " dead\n",
               text_or_dash(day, "day"), text(day, "state"), number(day, "open_count"),
               number(day, "due_count"), number(day, "dead_count"));
        day_totals_print(json_object_get(day, "totals"));
    }
    return EXIT_GOOD;
}

int print_day(const json_t *answer)
{
    printf("day %s\n", text_or_dash(answer, "day"));
    return EXIT_GOOD;
}

int print_done(const json_t *answer)
{
    (void)answer;
    printf("done\n");
    return EXIT_GOOD;
}
