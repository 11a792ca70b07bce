/* What staff and tools may ask of the running daemon: a table of admin commands. Shapes are in
 * admin.h; anything that writes goes through the store's writer like every other change. */
#include <stdio.h>
#include <stdlib.h>

#include "iso8583/base/calendar.h"
#include "switch/edge/daemon.h"
#include "switch/edge/search.h"
#include "switch/edge/tables.h"

enum {
    REVERSALS_MAX = 4096,    /* under way, whose tries saf.list corrects */
    CUTOVER_AHEAD_MAX = 7,   /* days; a weekend and some holidays */
    CUTOVER_FORCED_MAX = 31, /* days: what is further is no holiday, but a slip of the pen */
    OLDER_MAX = 16,          /* transactions of one name, told beside the newest */
};

static json_t *link_json(const struct daemon *daemon, uint16_t index)
{
    struct link_figures figures = core_link_figures(daemon->core, index);
    const struct link_settings *row = &daemon->settings.links[index];
    int64_t now = (int64_t)uv_now(&daemon->loop);
    return json_pack("{s:s,s:s,s:s,s:I,s:i,s:i,s:I,s:I,s:I,s:I,s:I}", "name", row->name, "issuer",
                     daemon->settings.issuers[row->issuer].name, "state", figures.state, "since_ms",
                     (json_int_t)(now - figures.since_ms), "pending", (int)figures.pending,
                     "reversals", (int)figures.reversals, "sent", (json_int_t)figures.sent,
                     "answered", (json_int_t)figures.answered, "timed_out",
                     (json_int_t)figures.timed_out, "late", (json_int_t)figures.late, "unmatched",
                     (json_int_t)figures.unmatched);
}

static json_t *links_json(const struct daemon *daemon)
{
    json_t *links = json_array();
    for (uint16_t i = 0; i < daemon->settings.link_count; i++) {
        json_array_append_new(links, link_json(daemon, i));
    }
    return links;
}

static json_t *alarms_json(const struct daemon *daemon)
{
    const struct figures *figures = driver_figures(daemon->driver);
    json_t *alarms = json_array();
    for (uint32_t i = 0; i < figures->alarm_count; i++) {
        const struct alarm_count *row = &figures->alarms[i];
        json_t *alarm = json_pack("{s:s,s:s,s:I,s:I,s:I}", "name", row->name, "subject",
                                  row->subject, "number", (json_int_t)row->number, "count",
                                  (json_int_t)row->count, "at_ms", (json_int_t)row->wall_ms);
        if (alarm_tells_mti(row->name)) {
            json_object_set_new(alarm, "mti",
                                json_sprintf("%04X", (unsigned)row->number & 0xFFFFu));
        }
        json_array_append_new(alarms, alarm);
    }
    return alarms;
}

static json_t *totals_json(const struct figures *figures)
{
    json_t *totals = json_array();
    for (uint32_t i = 0; i < figures->code_count; i++) {
        const struct code_count *row = &figures->codes[i];
        json_array_append_new(totals, json_pack("{s:s,s:s,s:I,s:I}", "kind", row->kind, "code",
                                                row->code, "count", (json_int_t)row->count,
                                                "repeats", (json_int_t)row->repeats));
    }
    return totals;
}

static json_t *stage_json(const char *name, const struct histogram *times)
{
    uint64_t mean = times->count == 0 ? 0 : times->sum / times->count;
    return json_pack(
        "{s:s,s:I,s:I,s:I,s:I,s:I,s:I}", "stage", name, "count", (json_int_t)times->count,
        "mean_us", (json_int_t)mean, "p50_us", (json_int_t)histogram_percentile(times, 5000),
        "p99_us", (json_int_t)histogram_percentile(times, 9900), "p999_us",
        (json_int_t)histogram_percentile(times, 9990), "max_us", (json_int_t)times->largest);
}

static json_t *latency_json(const struct figures *figures)
{
    static const char *const names[] = {
#define STAGE_NAME(name) #name,
        STAGE_MAP(STAGE_NAME)
#undef STAGE_NAME
    };
    json_t *latency = json_array();
    json_array_append_new(latency, stage_json("whole", &figures->total_us));
    for (unsigned i = 0; i < STAGE_COUNT; i++) {
        json_array_append_new(latency, stage_json(names[i], &figures->stage_us[i]));
    }
    return latency;
}

static json_t *store_json(const struct daemon *daemon)
{
    struct store_figures figures = store_figures(daemon->store);
    return json_pack("{s:i,s:I,s:I,s:i,s:i}", "used_permille", (int)figures.used_permille,
                     "commits", (json_int_t)figures.commits, "requests",
                     (json_int_t)figures.requests, "batch_largest", (int)figures.batch_largest,
                     "waiting", (int)figures.waiting);
}

static json_t *hsm_figures_json(const struct hsm_unit_figures *figures)
{
    return json_pack("{s:s,s:I,s:I,s:I,s:I,s:I,s:I}", "state", hsm_state_name(figures->state),
                     "asked", (json_int_t)figures->asked, "answered", (json_int_t)figures->answered,
                     "in_flight", (json_int_t)figures->in_flight, "overdue",
                     (json_int_t)figures->overdue, "mismatched", (json_int_t)figures->mismatched,
                     "p99_us", (json_int_t)figures->p99_us);
}

static json_t *hsm_json(const struct daemon *daemon)
{
    struct hsm_unit_figures all = hsm_client_figures(daemon->hsm);
    json_t *json = hsm_figures_json(&all);
    json_t *units = json_array();
    const struct hsm_unit *unit;
    for (size_t i = 0; (unit = hsm_client_unit(daemon->hsm, i)) != NULL; i++) {
        struct hsm_unit_figures figures = hsm_unit_figures(unit);
        json_t *one = hsm_figures_json(&figures);
        json_object_set_new(one, "address", json_string(hsm_unit_address(unit)));
        json_array_append_new(units, one);
    }
    json_object_set_new(json, "unsent", json_integer((json_int_t)hsm_client_unsent(daemon->hsm)));
    json_object_set_new(json, "units", units);
    return json;
}

static json_t *run_status(void *context, admin_id id, const json_t *request, const char **error)
{
    struct daemon *daemon = context;
    const struct figures *figures = driver_figures(daemon->driver);
    struct core_figures core = core_figures(daemon->core);
    char day[11];
    (void)id;
    (void)request;
    (void)error;
    tables_print_day(tables_current_day(store_kv(daemon->store)), day);
    json_t *answer = json_pack(
        "{s:s,s:I,s:{s:s,s:s},s:{s:i},s:{s:i,s:i,s:i}}", "version", SWITCH_VERSION, "uptime_ms",
        (json_int_t)(daemon_clock_ms() - daemon->started_ms), "day", "current", day, "state",
        daemon->stopping ? "DRAINING DAEMON" : "OPEN", "terminals", "connected",
        (int)terminal_edge_connected(daemon->terminals), "slots", "used", (int)core.slots_used,
        "free", (int)core.slots_free, "peak", (int)core.slots_peak);
    json_object_set_new(answer, "hsm", hsm_json(daemon));
    json_object_set_new(answer, "links", links_json(daemon));
    json_object_set_new(answer, "store", store_json(daemon));
    json_object_set_new(answer, "totals", totals_json(figures));
    json_object_set_new(answer, "latency", latency_json(figures));
    json_object_set_new(answer, "alarms", alarms_json(daemon));
    return answer;
}

static json_t *run_links(void *context, admin_id id, const json_t *request, const char **error)
{
    (void)id;
    (void)request;
    (void)error;
    return json_pack("{s:o}", "links", links_json(context));
}

static json_t *run_alarms(void *context, admin_id id, const json_t *request, const char **error)
{
    (void)id;
    (void)request;
    (void)error;
    return json_pack("{s:o}", "alarms", alarms_json(context));
}

/* The index of the link that @request names, or -1 with @error set. */
static int link_named(const struct daemon *daemon, const json_t *request, const char **error)
{
    const char *name = json_string_value(json_object_get(request, "name"));
    for (uint16_t i = 0; name != NULL && i < daemon->settings.link_count; i++) {
        if (strcmp(daemon->settings.links[i].name, name) == 0) {
            return i;
        }
    }
    *error = "there is no link of this name";
    return -1;
}

static json_t *run_link_show(void *context, admin_id id, const json_t *request, const char **error)
{
    struct daemon *daemon = context;
    int index = link_named(daemon, request, error);
    (void)id;
    if (index < 0) {
        return NULL;
    }
    return json_pack("{s:o,s:o}", "link", link_json(daemon, (uint16_t)index), "strays",
                     strays_json(driver_strays(daemon->driver), (uint16_t)index));
}

static json_t *order_link(struct daemon *daemon, const json_t *request, enum link_wish wish,
                          const char **error)
{
    struct event event = {.kind = EV_LINK_ORDERED};
    int index = link_named(daemon, request, error);
    if (index < 0) {
        return NULL;
    }
    event.u.issuer.link = (uint16_t)index;
    event.u.issuer.wish = wish;
    driver_feed(daemon->driver, &event);
    return json_object();
}

static json_t *run_link_up(void *context, admin_id id, const json_t *request, const char **error)
{
    (void)id;
    return order_link(context, request, LINK_UP, error);
}

static json_t *run_link_down(void *context, admin_id id, const json_t *request, const char **error)
{
    (void)id;
    return order_link(context, request, LINK_DOWN, error);
}

static json_t *run_link_drain(void *context, admin_id id, const json_t *request, const char **error)
{
    (void)id;
    return order_link(context, request, LINK_DRAIN, error);
}

static json_t *run_stop(void *context, admin_id id, const json_t *request, const char **error)
{
    (void)id;
    (void)request;
    (void)error;
    daemon_stop(context);
    return json_object();
}

/* A tx.show that is looked up or searched for: its client waits. */
struct wanted {
    struct daemon *daemon;
    admin_id id;
    struct record like;
    uint64_t found[1 + OLDER_MAX]; /* newest first */
    uint32_t count;
};

static json_t *older_json(const struct wanted *wanted)
{
    json_t *older = json_array();
    for (uint32_t i = 1; i < wanted->count; i++) {
        json_array_append_new(older, json_integer((json_int_t)wanted->found[i]));
    }
    return older;
}

static void on_searched(void *context, int result, uint64_t seq)
{
    struct wanted *wanted = context;
    const char *error = result == ERR_NOT_FOUND ? "there is no such transaction"
                        : result == ERR_CLOSED  ? "the switch is stopping"
                                                : "the store cannot be read";
    json_t *answer = NULL;
    if (wanted->daemon->admin == NULL) {
        free(wanted);
        return;
    }
    if (result == 0) {
        answer = tables_tx_show(store_kv(wanted->daemon->store), seq, &error);
    }
    if (answer != NULL && wanted->count > 1) {
        json_object_set_new(answer, "older", older_json(wanted));
        json_object_set_new(answer, "older_more",
                            json_boolean(wanted->count == ARRAY_COUNT(wanted->found)));
    }
    admin_complete(wanted->daemon->admin, wanted->id, answer, error);
    free(wanted);
}

static void search_begin(struct wanted *wanted)
{
    struct daemon *daemon = wanted->daemon;
    int result = search_start(&daemon->loop, store_kv(daemon->store), &daemon->stopping,
                              &wanted->like, on_searched, wanted);
    if (result < 0) {
        on_searched(wanted, result, 0);
    }
}

static void on_looked(void *context, const struct book_answer *answer)
{
    struct wanted *wanted = context;
    if (answer->result == BOOK_IS_FOUND) {
        wanted->found[wanted->count++] = answer->record.seq;
        struct book_request ask = {.op = BOOK_LOOK, .record = wanted->like};
        ask.record.seq = answer->record.seq;
        if (wanted->count < ARRAY_COUNT(wanted->found) && !wanted->daemon->stopping &&
            driver_ask_book(wanted->daemon->driver, &ask, on_looked, wanted) == 0) {
            return; /* is there an older one? */
        }
    }
    if (wanted->count > 0) {
        on_searched(wanted, 0, wanted->found[0]);
    } else {
        search_begin(wanted);
    }
}

/* By its sequence, at once; by its terminal, through the index; or else by a search. */
static json_t *run_tx_show(void *context, admin_id id, const json_t *request, const char **error)
{
    struct daemon *daemon = context;
    struct book_request ask = {.op = BOOK_LOOK};
    if (tables_tx_named(request, &ask.record, error) != 0) {
        return NULL;
    }
    if (ask.record.seq != 0) {
        return tables_tx_show(store_kv(daemon->store), ask.record.seq, error);
    }
    struct wanted *wanted = malloc(sizeof *wanted);
    *error = "too many requests at once: try again";
    if (wanted == NULL || daemon->stopping) {
        free(wanted);
        return NULL;
    }
    *wanted = (struct wanted){.daemon = daemon, .id = id, .like = ask.record};
    if (ask.record.terminal[0] == 0) {
        search_begin(wanted);
    } else if (driver_ask_book(daemon->driver, &ask, on_looked, wanted) != 0) {
        free(wanted);
        return NULL;
    }
    return ADMIN_PENDING;
}

static json_t *run_tx_list(void *context, admin_id id, const json_t *request, const char **error)
{
    struct daemon *daemon = context;
    (void)id;
    return tables_tx_list(store_kv(daemon->store), request, error);
}

static json_t *run_day_show(void *context, admin_id id, const json_t *request, const char **error)
{
    struct daemon *daemon = context;
    (void)id;
    return tables_day_show(store_kv(daemon->store), request, error);
}

/* The store counts draws; how often what is under way was sent, the core knows. */
static void tries_correct(const struct daemon *daemon, json_t *rows)
{
    static struct core_reversal under_way[REVERSALS_MAX];
    uint32_t count = core_reversals(daemon->core, under_way, REVERSALS_MAX);
    size_t index;
    json_t *row;
    json_array_foreach(rows, index, row)
    {
        json_int_t due_seq = json_integer_value(json_object_get(row, "due_seq"));
        for (uint32_t i = 0; i < count; i++) {
            if ((json_int_t)under_way[i].due_seq == due_seq) {
                json_object_set_new(row, "tries", json_integer(under_way[i].tries));
            }
        }
    }
}

static json_t *run_saf_list(void *context, admin_id id, const json_t *request, const char **error)
{
    struct daemon *daemon = context;
    (void)id;
    json_t *answer = tables_saf_list(store_kv(daemon->store), request, error);
    tries_correct(daemon, json_object_get(answer, "saf"));
    return answer;
}

/* A request of the book that an admin's client waits for. */
struct pending {
    struct daemon *daemon;
    admin_id id;
    bool raw; /* a refusal is an answer with its code, not an error for people */
};

static const char *why_not(const struct book_answer *answer)
{
    static const struct {
        const char *code;
        const char *text;
    } reasons[] = {
        {"da", "there is no such business day"},
        {"dr",
         "the day is not drained yet: a cutover must end it, and its open transactions finish"},
        {"cu", "the day is not cut yet: its clearing file is not published"},
        {"du", "reversals of that day are still due"},
        {"dl", "there is no dead letter of that sequence"},
        {"fi", "there is no such file, or it is not in that state"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(reasons); i++) {
        if (strcmp(reasons[i].code, answer->code) == 0) {
            return reasons[i].text;
        }
    }
    return "not allowed now";
}

static void on_booked(void *context, const struct book_answer *answer)
{
    struct pending *pending = context;
    char day[11];
    if (answer->result != BOOK_IS_STORED && !pending->raw) {
        admin_complete(pending->daemon->admin, pending->id, NULL, why_not(answer));
    } else {
        tables_print_day(answer->day, day);
        admin_complete(pending->daemon->admin, pending->id,
                       json_pack("{s:s,s:s,s:s,s:I,s:I}", "result",
                                 book_result_name(answer->result), "code", answer->code, "day", day,
                                 "file_seq", (json_int_t)answer->file_seq, "created_ms",
                                 (json_int_t)answer->file_created_ms),
                       NULL);
    }
    free(pending);
}

static json_t *ask_book(struct daemon *daemon, admin_id id, struct book_request *ask, bool raw,
                        const char **error)
{
    struct pending *pending = malloc(sizeof *pending);
    if (pending == NULL) {
        *error = "out of memory";
        return NULL;
    }
    *pending = (struct pending){daemon, id, raw};
    if (driver_ask_book(daemon->driver, ask, on_booked, pending) != 0) {
        free(pending);
        *error = "too many requests at once: try again";
        return NULL;
    }
    return ADMIN_PENDING;
}

/* Days from @a to @b. */
static int64_t days_between(uint32_t a, uint32_t b)
{
    const uint32_t days[] = {a, b};
    int64_t at_ms[2];
    for (size_t i = 0; i < ARRAY_COUNT(days); i++) {
        struct civil civil = {.year = (int)(days[i] / 10000),
                              .month = (int)(days[i] / 100 % 100),
                              .day = (int)(days[i] % 100)};
        at_ms[i] = civil_to_ms(&civil);
    }
    return (at_ms[1] - at_ms[0]) / 86400000;
}

/* A day cannot be taken back: what looks like a mistake is asked about. NULL, or why it is refused;
 * static. */
static const char *cutover_refusal(uint32_t today, uint32_t day, bool is_forced)
{
    static char why[160];
    char now[11];
    char next[11];
    tables_print_day(today, now);
    tables_print_day(day, next);
    int64_t ahead = days_between(today, day);
    if (ahead <= 0) {
        snprintf(why, sizeof why, "%s is not later than the open business day, %s", next, now);
        return why;
    }
    if (ahead > CUTOVER_FORCED_MAX) {
        snprintf(why, sizeof why,
                 "%s is %lld days after the open business day, %s: more than %d are never taken",
                 next, (long long)ahead, now, CUTOVER_FORCED_MAX);
        return why;
    }
    if (ahead > CUTOVER_AHEAD_MAX && !is_forced) {
        snprintf(why, sizeof why,
                 "%s is %lld days after the open business day, %s: if you mean it, say --force",
                 next, (long long)ahead, now);
        return why;
    }
    return NULL;
}

static json_t *run_cutover(void *context, admin_id id, const json_t *request, const char **error)
{
    struct daemon *daemon = context;
    struct book_request ask = {.op = BOOK_CUTOVER};
    const json_t *day = json_object_get(request, "day");
    uint32_t today = tables_current_day(store_kv(daemon->store));
    ask.day = day == NULL ? day_next(today) : tables_parse_day(day);
    if (ask.day == 0) {
        *error = "day is not a date like 2026-11-21";
        return NULL;
    }
    const char *why =
        cutover_refusal(today, ask.day, json_is_true(json_object_get(request, "force")));
    if (why != NULL) {
        *error = why;
        return NULL;
    }
    return ask_book(daemon, id, &ask, false, error);
}

static json_t *run_saf_resolve(void *context, admin_id id, const json_t *request,
                               const char **error)
{
    json_int_t seq = json_integer_value(json_object_get(request, "seq"));
    struct book_request ask = {.op = BOOK_SETTLE, .settle = SETTLE_STAFF, .seq = (uint64_t)seq};
    if (seq <= 0) {
        *error = "seq is the sequence of a dead letter, as saf.list shows it";
        return NULL;
    }
    return ask_book(context, id, &ask, false, error);
}

static json_t *run_sign_off(void *context, admin_id id, const json_t *request, const char **error)
{
    struct daemon *daemon = context;
    struct book_request ask = {.op = BOOK_SIGN_OFF};
    const json_t *day = json_object_get(request, "day");
    ask.day = day == NULL ? tables_oldest_cut(store_kv(daemon->store)) : tables_parse_day(day);
    if (ask.day == 0) {
        *error = day == NULL ? "no day is cut" : "day is not a date like 2026-11-21";
        return NULL;
    }
    return ask_book(daemon, id, &ask, false, error);
}

/* swclear's writes while the daemon runs (switch/clearing/writer_port.h). */
static json_t *run_book(void *context, admin_id id, const json_t *request, const char **error)
{
    struct book_request ask;
    if (tables_book_request(request, &ask, error) != 0) {
        return NULL;
    }
    return ask_book(context, id, &ask, true, error);
}

const struct admin_command daemon_commands[] = {
    {"status", "what is going on", run_status},
    {"tx.show", "one transaction with its journal", run_tx_show},
    {"tx.list", "the newest transactions", run_tx_list},
    {"day.show", "business days and their totals", run_day_show},
    {"day.cutover", "begin the next business day", run_cutover},
    {"day.sign_off", "close a day that is cut", run_sign_off},
    {"link.list", "links to issuers", run_links},
    {"link.show", "a link, and answers that paired with nothing", run_link_show},
    {"link.up", "sign a link on", run_link_up},
    {"link.down", "sign a link off and close it", run_link_down},
    {"link.drain", "no new requests on a link", run_link_drain},
    {"saf.list", "reversals that are due", run_saf_list},
    {"saf.resolve", "end a dead letter that staff settled by other means", run_saf_resolve},
    {"alarms", "what staff should see", run_alarms},
    {"book", "a step of the clearing program", run_book},
    {"stop", "drain and stop", run_stop},
    {0},
};
