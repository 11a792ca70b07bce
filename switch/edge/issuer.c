#include "switch/edge/issuer.h"

#include <stdlib.h>

#include "iso8583/base/log.h"
#include "iso8583/net/dial.h"
#include "switch/edge/wire_log.h"

enum { LINK_IN_LEN = 262144, LINK_OUT_LEN = 1048576, LOOK_MS = 500 };

struct wire {
    struct issuer_edge *edge;
    struct endpoint endpoint;
    struct dialler *dialler;
    uint16_t index;
    uint64_t stuck_since_ms; /* its ring has held bytes at every look since; 0: not */
};

struct issuer_edge {
    struct driver *driver;
    struct conn_pool *pool;
    uv_timer_t look;
    uint32_t wire_count;
    struct wire wires[];
};

static void feed(struct wire *wire, enum event_kind kind, struct span message)
{
    struct event event = {.kind = kind};
    event.u.issuer.link = wire->index;
    event.u.issuer.message = message;
    driver_feed(wire->edge->driver, &event);
}

static void show(const struct wire *wire, const char *direction, struct span message)
{
    const struct link_settings *link =
        &driver_parts(wire->edge->driver)->config->core.links[wire->index];
    wire_log("link.message", direction, link->name, link->dialect, message);
}

static void on_open(void *user, conn_id conn, const char *peer)
{
    (void)conn;
    (void)peer;
    feed(user, EV_ISSUER_OPENED, SPAN_NONE);
}

static void on_message(void *user, conn_id conn, struct span tpdu, struct span message)
{
    struct wire *wire = user;
    (void)conn;
    (void)tpdu;
    dialler_healthy(wire->dialler);
    if (message.len != 0) {
        show(wire, "from", message);
        feed(wire, EV_ISSUER_FRAME, message);
    }
}

static void on_close(void *user, conn_id conn, enum conn_reason reason, int error,
                     struct span first)
{
    (void)conn;
    (void)reason;
    (void)error;
    (void)first;
    feed(user, EV_ISSUER_CLOSED, SPAN_NONE);
}

static const struct conn_events events = {
    .on_open = on_open, .on_message = on_message, .on_close = on_close};

static void on_failure(void *user, int uv_error, uint32_t wait_ms)
{
    struct wire *wire = user;
    const struct link_settings *link =
        &driver_parts(wire->edge->driver)->config->core.links[wire->index];
    struct log_line line;
    log_begin(&line, LOG_WARN, "link.unreachable");
    log_text(&line, "link", link->name);
    log_text(&line, "address", link->address);
    log_text(&line, "why", uv_strerror(uv_error));
    log_number(&line, "retry_ms", wait_ms);
    log_end(&line);
}

struct issuer_edge *issuer_edge_new(struct driver *driver)
{
    const struct driver_parts *parts = driver_parts(driver);
    const struct core_settings *settings = &parts->config->core;
    struct conn_limits limits = {.count_max = settings->link_count + 1,
                                 .in_len = LINK_IN_LEN,
                                 .out_len = LINK_OUT_LEN,
                                 .frame_ms = parts->config->frame_ms};
    struct issuer_edge *edge =
        calloc(1, sizeof *edge + settings->link_count * sizeof edge->wires[0]);
    if (edge == NULL) {
        return NULL;
    }
    edge->driver = driver;
    edge->wire_count = settings->link_count;
    edge->pool = conn_pool_new(parts->loop, &limits);
    for (uint32_t i = 0; i < edge->wire_count; i++) {
        edge->wires[i].edge = edge;
        edge->wires[i].index = (uint16_t)i;
        const struct link_settings *link = &settings->links[i];
        edge->wires[i].endpoint = (struct endpoint){.framing = &link->framing,
                                                    .events = &events,
                                                    .user = &edge->wires[i],
                                                    .answers_keepalives = link->answers_keepalives};
    }
    if (edge->pool == NULL) {
        free(edge);
        return NULL;
    }
    return edge;
}

/* A ring that does not drain within the issuer's answer time cuts its link: what is in it would be
 * reversed before the issuer has even seen it. */
static void on_look(uv_timer_t *timer)
{
    struct issuer_edge *edge = timer->data;
    const struct core_settings *settings = &driver_parts(edge->driver)->config->core;
    uint64_t now_ms = uv_now(driver_parts(edge->driver)->loop);
    conn_flush_all(edge->pool);
    for (uint32_t i = 0; i < edge->wire_count; i++) {
        struct wire *wire = &edge->wires[i];
        conn_id conn = wire->dialler == NULL ? 0 : dialler_conn(wire->dialler);
        if (conn_pending(edge->pool, conn) == 0) {
            wire->stuck_since_ms = 0;
        } else if (wire->stuck_since_ms == 0) {
            wire->stuck_since_ms = now_ms;
        } else if (now_ms - wire->stuck_since_ms > settings->links[i].answer_ms) {
            wire->stuck_since_ms = 0;
            driver_alarm(edge->driver, "link.stuck", settings->links[i].name, 0);
            conn_close(edge->pool, conn, false);
        }
    }
}

int issuer_edge_dial(struct issuer_edge *edge)
{
    const struct core_settings *settings = &driver_parts(edge->driver)->config->core;
    uv_timer_init(driver_parts(edge->driver)->loop, &edge->look);
    edge->look.data = edge;
    uv_timer_start(&edge->look, on_look, LOOK_MS, LOOK_MS);
    for (uint32_t i = 0; i < edge->wire_count; i++) {
        struct wire *wire = &edge->wires[i];
        TRY(dialler_open(edge->pool, settings->links[i].address, (struct dial_backoff){200, 30000},
                         &wire->endpoint, on_failure, &wire->dialler));
    }
    return 0;
}

void issuer_edge_shutdown(struct issuer_edge *edge)
{
    conn_flush_all(edge->pool);
    uv_close((uv_handle_t *)&edge->look, NULL);
    for (uint32_t i = 0; i < edge->wire_count; i++) {
        if (edge->wires[i].dialler != NULL) {
            dialler_close(edge->wires[i].dialler);
            edge->wires[i].dialler = NULL;
        }
    }
    conn_pool_shutdown(edge->pool);
}

void issuer_edge_free(struct issuer_edge *edge)
{
    conn_pool_free(edge->pool);
    free(edge);
}

void issuer_cut(struct issuer_edge *edge, uint16_t link)
{
    struct dialler *dialler = edge->wires[link].dialler;
    if (dialler != NULL) {
        conn_flush_all(edge->pool);
        conn_close(edge->pool, dialler_conn(dialler), false);
    }
}

void issuer_send(struct issuer_edge *edge, uint16_t link, struct span message)
{
    struct dialler *dialler = edge->wires[link].dialler;
    show(&edge->wires[link], "to", message);
    conn_id conn = dialler == NULL ? 0 : dialler_conn(dialler);
    int result = conn_send(edge->pool, conn, SPAN_NONE, message);
    if (result != 0) {
        driver_alarm_why(edge->driver, "link.undelivered",
                         driver_parts(edge->driver)->config->core.links[link].name, 0,
                         conn_unsent_text(result));
        conn_close(edge->pool, conn, false);
    }
}
