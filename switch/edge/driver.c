#include "switch/edge/driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "iso8583/base/log.h"
#include "switch/edge/hsm_client.h"
#include "switch/edge/issuer.h"
#include "switch/edge/log_limit.h"
#include "switch/edge/terminal.h"

enum { ASKS_MAX = 64 };

/* Who waits for an answer of the book that is no transaction's: its ref has the top bit set. */
struct ask {
    void (*done)(void *context, const struct book_answer *answer);
    void *context;
};

static const uint64_t ASK_REF = 1ull << 63;

struct driver {
    struct driver_parts parts;
    struct terminal_edge *terminals;
    struct issuer_edge *issuers;
    struct hsm_client *hsm;
    uv_timer_t timer;
    int64_t armed_ms;       /* what the timer is set to, INT64_MAX: not running */
    uv_timer_t limit_timer; /* runs while lines that were left out are to be told */
    struct log_limit limit;
    bool stopped;
    struct figures figures;
    struct strays *strays;
    struct ask asks[ASKS_MAX];
    struct actions actions;
};

static int64_t wall_clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void on_deadline(uv_timer_t *timer)
{
    struct driver *driver = timer->data;
    struct event event = {.kind = EV_TICKED};
    driver->armed_ms = INT64_MAX;
    driver_feed(driver, &event);
}

struct driver *driver_new(const struct driver_parts *parts)
{
    struct driver *driver = calloc(1, sizeof *driver);
    if (driver == NULL) {
        return NULL;
    }
    driver->strays = strays_new(parts->config->core.link_count);
    if (driver->strays == NULL) {
        free(driver);
        return NULL;
    }
    driver->parts = *parts;
    driver->armed_ms = INT64_MAX;
    uv_timer_init(parts->loop, &driver->timer);
    driver->timer.data = driver;
    uv_timer_init(parts->loop, &driver->limit_timer);
    driver->limit_timer.data = driver;
    return driver;
}

static void tell_left_out(struct driver *driver, int64_t now_ms)
{
    struct log_limit_row row;
    while (log_limit_next(&driver->limit, now_ms, &row)) {
        struct log_line line;
        log_begin(&line, LOG_WARN, "log.left_out");
        log_text(&line, "event", row.event);
        log_text(&line, "subject", row.subject);
        log_number(&line, "lines", (int64_t)row.left_out);
        log_end(&line);
    }
}

static void on_limit_second(uv_timer_t *timer)
{
    struct driver *driver = timer->data;
    tell_left_out(driver, (int64_t)uv_now(timer->loop));
    if (!log_limit_waits(&driver->limit)) {
        uv_timer_stop(timer);
    }
}

void driver_free(struct driver *driver)
{
    strays_free(driver->strays);
    free(driver);
}

void driver_stop(struct driver *driver)
{
    driver->stopped = true;
    tell_left_out(driver, INT64_MAX);
    uv_close((uv_handle_t *)&driver->timer, NULL);
    uv_close((uv_handle_t *)&driver->limit_timer, NULL);
}

void driver_connect(struct driver *driver, struct terminal_edge *terminals,
                    struct issuer_edge *issuers, struct hsm_client *hsm)
{
    driver->terminals = terminals;
    driver->issuers = issuers;
    driver->hsm = hsm;
}

const struct figures *driver_figures(const struct driver *driver)
{
    return &driver->figures;
}

const struct strays *driver_strays(const struct driver *driver)
{
    return driver->strays;
}

const struct driver_parts *driver_parts(const struct driver *driver)
{
    return &driver->parts;
}

bool driver_may_log(struct driver *driver, const char *event, const char *subject)
{
    int64_t now_ms = (int64_t)uv_now(driver->parts.loop);
    if (log_limit_takes(&driver->limit, event, subject, now_ms)) {
        return true;
    }
    if (!uv_is_active((uv_handle_t *)&driver->limit_timer) &&
        !uv_is_closing((uv_handle_t *)&driver->limit_timer)) {
        uv_timer_start(&driver->limit_timer, on_limit_second, LOG_LIMIT_MS, LOG_LIMIT_MS);
    }
    return false;
}

bool alarm_tells_mti(const char *name)
{
    static const enum alarm alarms[] = {ALARM_MESSAGE_INCOMPLETE, ALARM_MESSAGE_UNEXPECTED,
                                        ALARM_ANSWER_UNMATCHED};
    for (size_t i = 0; i < ARRAY_COUNT(alarms); i++) {
        if (strcmp(name, alarm_name(alarms[i])) == 0) {
            return true;
        }
    }
    return false;
}

void driver_alarm_why(struct driver *driver, const char *name, const char *subject, int64_t number,
                      const char *why)
{
    struct log_line line;
    /* A neighbour that we hang up on in an orderly stop is gone, too, but nobody needs to look. */
    bool is_good_news = driver->stopped || strcmp(name, alarm_name(ALARM_LINK_UP)) == 0;
    figures_alarm(&driver->figures, name, subject, number, wall_clock_ms());
    if (!driver_may_log(driver, name, subject)) {
        return;
    }
    log_begin(&line, is_good_news ? LOG_INFO : LOG_WARN, name);
    log_text(&line, "subject", subject);
    if (alarm_tells_mti(name)) {
        char mti[5];
        snprintf(mti, sizeof mti, "%04X", (unsigned)number & 0xFFFFu);
        log_text(&line, "mti", mti);
    } else {
        log_number(&line, "number", number);
    }
    if (why != NULL) {
        log_text(&line, "why", why);
    }
    log_end(&line);
}

void driver_alarm(struct driver *driver, const char *name, const char *subject, int64_t number)
{
    driver_alarm_why(driver, name, subject, number, NULL);
}

static void log_trace(const struct trace *trace)
{
    struct log_line line;
    log_begin(&line, LOG_DEBUG, "transaction");
    log_number(&line, "trace", (int64_t)trace->seq);
    log_text(&line, "kind", trace->kind);
    log_text(&line, "end", trace->end);
    log_text(&line, "terminal", trace->terminal);
    log_text(&line, "stan", trace->stan);
    log_text(&line, "rrn", trace->rrn);
    log_text(&line, "pan", trace->pan_masked);
    log_text(&line, "issuer", trace->issuer);
    log_text(&line, "code", trace->code);
    log_number(&line, "amount", trace->amount_minor);
    log_number(&line, "currency", trace->currency);
    log_number(&line, "us", trace->total_us);
    log_end(&line);
}

/* The store hears of a PAN only sealed. CLOSE changes nothing that is sealed: it needs no seal. */
static void store_request(struct driver *driver, struct book_request *request)
{
    int result = 0;
    if (request->op == BOOK_OPEN || request->op == BOOK_REVERSAL) {
        result = seal_record(driver->parts.seal, &request->record);
    }
    bytes_wipe(request->record.pan, sizeof request->record.pan);
    if (result == 0) {
        result = store_submit(driver->parts.store, request);
    }
    /* The queue is sized for every slot, and our own disk is never silent: anything else is a bug.
     */
    CHECK(result == 0);
}

static void perform(struct driver *driver, struct action *action)
{
    switch (action->kind) {
    case ACT_SEND_TERMINAL:
        terminal_send(driver->terminals, action->u.terminal.listener, action->u.terminal.conn,
                      action->u.terminal.tpdu, action->u.terminal.message);
        break;
    case ACT_SEND_ISSUER:
        issuer_send(driver->issuers, action->u.issuer.link, action->u.issuer.message);
        break;
    case ACT_CUT_ISSUER:
        issuer_cut(driver->issuers, action->u.issuer.link);
        break;
    case ACT_ASK_HSM:
        hsm_client_ask(driver->hsm, action->u.hsm.token, (enum event_kind)action->u.hsm.question,
                       &action->u.hsm.command);
        break;
    case ACT_STORE:
        store_request(driver, &action->u.book);
        break;
    case ACT_TRACE:
        figures_trace(&driver->figures, &action->u.trace);
        if (log_wants(LOG_DEBUG)) {
            log_trace(&action->u.trace);
        }
        break;
    case ACT_ALARM:
        driver_alarm(driver, alarm_name(action->u.alarm.alarm), action->u.alarm.subject,
                     action->u.alarm.number);
        break;
    case ACT_STRAY:
        strays_add(driver->strays, &action->u.stray, wall_clock_ms());
        break;
    case ACT_UNREADABLE:
        terminal_unreadable(driver->terminals, action->u.terminal.listener,
                            action->u.terminal.conn);
        break;
    default:
        CHECK(action->kind < ACTION_COUNT);
        break;
    }
}

static void arm(struct driver *driver, int64_t now_ms)
{
    int64_t deadline = core_deadline_ms(driver->parts.core);
    if (deadline == driver->armed_ms) {
        return;
    }
    driver->armed_ms = deadline;
    if (deadline == INT64_MAX) {
        uv_timer_stop(&driver->timer);
        return;
    }
    uint64_t wait = deadline > now_ms ? (uint64_t)(deadline - now_ms) : 0;
    uv_timer_start(&driver->timer, on_deadline, wait, 0);
}

void driver_feed(struct driver *driver, struct event *event)
{
    event->now_ms = (int64_t)uv_now(driver->parts.loop);
    event->now_us = (int64_t)(uv_hrtime() / 1000);
    event->wall_ms = wall_clock_ms();
    core_step(driver->parts.core, event, &driver->actions);
    for (uint32_t i = 0; i < driver->actions.count; i++) {
        perform(driver, &driver->actions.list[i]);
    }
    arm(driver, event->now_ms);
}

static enum event_kind event_of(const struct book_answer *answer)
{
    switch (answer->result) {
    case BOOK_IS_DRAWN:
        return EV_REVERSAL_DUE;
    case BOOK_IS_DRAW_END:
        return EV_DRAW_ENDED;
    default:
        break;
    }
    switch (answer->op) {
    case BOOK_OPEN:
    case BOOK_REVERSAL:
        return EV_OPENED;
    case BOOK_CLOSE:
        return EV_CLOSED;
    case BOOK_SETTLE:
        return EV_SETTLED;
    default:
        return EV_NOTED;
    }
}

void driver_on_stored(void *context, const struct book_answer *answer)
{
    struct driver *driver = context;
    struct book_answer opened;
    struct event event = {.kind = event_of(answer), .u.book = answer};
    if ((answer->ref & ASK_REF) != 0) {
        struct ask ask = driver->asks[answer->ref & (ASKS_MAX - 1)];
        driver->asks[answer->ref & (ASKS_MAX - 1)].done = NULL;
        ask.done(ask.context, answer);
        return;
    }
    if (event.kind == EV_REVERSAL_DUE) {
        opened = *answer;
        if (seal_open_pan(driver->parts.seal, &opened.record) != 0) {
            driver_alarm(driver, "seal.broken", opened.due_issuer, (int64_t)opened.record.seq);
        }
        event.u.book = &opened;
        driver_feed(driver, &event);
        bytes_wipe(&opened, sizeof opened);
        return;
    }
    driver_feed(driver, &event);
}

int driver_ask_book(struct driver *driver, struct book_request *request,
                    void (*done)(void *context, const struct book_answer *answer), void *context)
{
    for (uint64_t i = 0; i < ASKS_MAX; i++) {
        if (driver->asks[i].done == NULL) {
            request->ref = ASK_REF | i;
            request->wall_ms = wall_clock_ms();
            TRY(store_submit(driver->parts.store, request));
            driver->asks[i] = (struct ask){done, context};
            return 0;
        }
    }
    return ERR_FULL;
}
