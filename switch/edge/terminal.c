#include "switch/edge/terminal.h"

#include <stdio.h>
#include <stdlib.h>

#include "iso8583/base/log.h"
#include "iso8583/base/map.h"
#include "iso8583/edition.h"
#include "iso8583/net/listen.h"
#include "switch/edge/wire_log.h"

enum {
    UNREADABLE_MAX = 100, /* in a row; then the connection is closed */
    TURN_MAX = 32,        /* messages of one connection; then others have their turn */
    UNREAD_MS = 20000,    /* for a peer to acknowledge what it was sent */
};

/* One configured listener: what its connections' callbacks get as @user. */
struct gate {
    struct terminal_edge *edge;
    struct endpoint endpoint;
    struct listener *listener;
    uint16_t index;
};

struct terminal_edge {
    struct driver *driver;
    struct conn_pool *pool;
    struct map unreadable; /* conn (8 bytes) -> messages in a row that nothing could be read of */
    void *unreadable_memory;
    bool readable; /* the message that is being fed */
    uint32_t gate_count;
    struct gate gates[];
};

static void show(const struct gate *gate, const char *direction, struct span message)
{
    const struct listener_settings *listener =
        &driver_parts(gate->edge->driver)->config->core.listeners[gate->index];
    wire_log("terminal.message", direction, listener->name, listener->dialect, message);
}

static void on_message(void *user, conn_id conn, struct span tpdu, struct span message)
{
    struct gate *gate = user;
    struct event event = {.kind = EV_TERMINAL_FRAME};
    if (message.len == 0) {
        return; /* a keep-alive */
    }
    show(gate, "from", message);
    event.u.terminal.conn = conn;
    event.u.terminal.listener = gate->index;
    event.u.terminal.tpdu = tpdu;
    event.u.terminal.message = message;
    gate->edge->readable = true;
    driver_feed(gate->edge->driver, &event);
    if (gate->edge->readable && gate->edge->unreadable.count != 0) {
        map_remove(&gate->edge->unreadable, &conn);
    }
}

/* The bytes that could not be framed may hold card data: only the first four, where a length would
 * stand, are told, and what they look like. */
static const char *guess(struct span first)
{
    if (first.len >= 4 && span_is_digits(span_first(first, 4))) {
        return "4-digit ASCII length";
    }
    if (first.len >= 3 && first.ptr[0] == 0x16 && first.ptr[1] == 0x03) {
        return "a TLS handshake";
    }
    if (first.len >= 4 &&
        (memcmp(first.ptr, "GET ", 4) == 0 || memcmp(first.ptr, "POST", 4) == 0)) {
        return "HTTP";
    }
    return "no framing that is known";
}

static void log_close(const struct gate *gate, enum conn_reason reason, struct span first)
{
    static const char *const reasons[] = {
        [CONN_PEER_CLOSED] = "peer closed",     [CONN_FRAME_ERROR] = "framing lost",
        [CONN_FRAME_TIMEOUT] = "frame timeout", [CONN_IDLE_TIMEOUT] = "idle",
        [CONN_IO_ERROR] = "io error",           [CONN_RING_FULL] = "peer does not read",
        [CONN_LOCAL] = "closed by us",          [CONN_UNREAD_TIMEOUT] = "peer does not read",
    };
    const struct config *config = driver_parts(gate->edge->driver)->config;
    const char *listener = config->core.listeners[gate->index].name;
    bool is_usual = reason == CONN_PEER_CLOSED || reason == CONN_LOCAL;
    struct log_line line;
    if (!is_usual && !driver_may_log(gate->edge->driver, "terminal.closed", listener)) {
        return;
    }
    log_begin(&line, is_usual ? LOG_DEBUG : LOG_WARN, "terminal.closed");
    log_text(&line, "listener", listener);
    log_text(&line, "reason", reasons[reason]);
    if (first.len != 0) {
        log_span(&line, "first", span_first(first, 4));
        log_text(&line, "looks_like", guess(first));
    }
    log_end(&line);
}

static void on_close(void *user, conn_id conn, enum conn_reason reason, int error,
                     struct span first)
{
    struct gate *gate = user;
    struct event event = {.kind = EV_TERMINAL_CLOSED};
    (void)error;
    log_close(gate, reason, first);
    map_remove(&gate->edge->unreadable, &conn);
    event.u.terminal.conn = conn;
    event.u.terminal.listener = gate->index;
    driver_feed(gate->edge->driver, &event);
}

static void on_refused(void *user)
{
    const struct gate *gate = user;
    const struct listener_settings *listener =
        &driver_parts(gate->edge->driver)->config->core.listeners[gate->index];
    driver_alarm(gate->edge->driver, "terminal.refused", listener->name, listener->connections_max);
}

static const struct conn_events events = {.on_message = on_message, .on_close = on_close};

struct terminal_edge *terminal_edge_new(struct driver *driver)
{
    const struct driver_parts *parts = driver_parts(driver);
    const struct core_settings *settings = &parts->config->core;
    struct conn_limits limits = {.in_len = CONFIG_CONN_IN_LEN,
                                 .out_len = CONFIG_CONN_OUT_LEN,
                                 .frame_ms = parts->config->frame_ms,
                                 .idle_ms = parts->config->idle_ms,
                                 .turn_max = TURN_MAX,
                                 .unread_ms = UNREAD_MS};
    for (uint32_t i = 0; i < settings->listener_count; i++) {
        limits.count_max += settings->listeners[i].connections_max;
    }
    struct terminal_edge *edge =
        calloc(1, sizeof *edge + settings->listener_count * sizeof edge->gates[0]);
    if (edge == NULL) {
        return NULL;
    }
    edge->driver = driver;
    edge->gate_count = settings->listener_count;
    edge->pool = conn_pool_new(parts->loop, &limits);
    edge->unreadable_memory = malloc(map_memory(limits.count_max, sizeof(conn_id)));
    for (uint32_t i = 0; i < edge->gate_count; i++) {
        struct gate *gate = &edge->gates[i];
        gate->edge = edge;
        gate->index = (uint16_t)i;
        const struct listener_settings *row = &settings->listeners[i];
        gate->endpoint = (struct endpoint){.framing = &row->framing,
                                           .events = &events,
                                           .user = gate,
                                           .answers_keepalives = row->answers_keepalives};
    }
    if (edge->pool == NULL || edge->unreadable_memory == NULL) {
        free(edge->unreadable_memory);
        free(edge);
        return NULL;
    }
    map_init(&edge->unreadable, edge->unreadable_memory, limits.count_max, sizeof(conn_id));
    return edge;
}

int terminal_edge_listen(struct terminal_edge *edge)
{
    const struct core_settings *settings = &driver_parts(edge->driver)->config->core;
    for (uint32_t i = 0; i < edge->gate_count; i++) {
        const struct listener_settings *row = &settings->listeners[i];
        int uv_error = 0;
        int result = listener_open(edge->pool, row->address, row->connections_max,
                                   &edge->gates[i].endpoint, &edge->gates[i].listener, &uv_error);
        if (result != 0) {
            struct log_line line;
            log_begin(&line, LOG_ERROR, "listener.failed");
            log_text(&line, "listener", row->name);
            log_text(&line, "address", row->address);
            log_text(&line, "why", uv_error != 0 ? uv_strerror(uv_error) : err_text(result));
            log_end(&line);
            return result;
        }
        listener_tell_refused(edge->gates[i].listener, on_refused);
    }
    return 0;
}

void terminal_edge_stop_listening(struct terminal_edge *edge)
{
    for (uint32_t i = 0; i < edge->gate_count; i++) {
        if (edge->gates[i].listener != NULL) {
            listener_close(edge->gates[i].listener);
            edge->gates[i].listener = NULL;
        }
    }
}

void terminal_edge_shutdown(struct terminal_edge *edge)
{
    terminal_edge_stop_listening(edge);
    conn_flush_all(edge->pool);
    conn_pool_shutdown(edge->pool);
}

void terminal_edge_free(struct terminal_edge *edge)
{
    conn_pool_free(edge->pool);
    free(edge->unreadable_memory);
    free(edge);
}

/* Tell of an answer that cannot be sent: whose it was (its DE41) and why. */
static void undelivered(const struct gate *gate, conn_id conn, int result, struct span message)
{
    struct driver *driver = gate->edge->driver;
    const struct listener_settings *listener =
        &driver_parts(driver)->config->core.listeners[gate->index];
    uint8_t digits[2 * FRAME_LEN_MAX + EDITION_ROOM];
    struct writer scratch = writer_make(digits, sizeof digits);
    struct iso_msg msg;
    struct iso_error error;
    char subject[48];
    char why[120];
    int decoded = edition_read(listener->dialect, message, &scratch, &msg, &error);
    struct span terminal = decoded == 0 ? iso_get(&msg, 41) : SPAN_NONE;
    const char *peer = conn_peer(gate->edge->pool, conn);
    snprintf(subject, sizeof subject, "%s/%.*s", listener->name, (int)terminal.len,
             terminal.len == 0 ? "" : (const char *)terminal.ptr);
    snprintf(why, sizeof why, "%s%s%s", conn_unsent_text(result), peer[0] == '\0' ? "" : ": ",
             peer);
    bytes_wipe(digits, scratch.len);
    driver_alarm_why(driver, "terminal.undelivered", subject, 0, why);
}

void terminal_send(struct terminal_edge *edge, uint16_t listener, uint64_t conn, struct span tpdu,
                   struct span message)
{
    show(&edge->gates[listener], "to", message);
    int result = conn_send(edge->pool, conn, tpdu, message);
    if (result == ERR_FULL) {
        /* One turn may answer more than a ring holds: whether the peer reads, the kernel knows. */
        conn_flush_all(edge->pool);
        result = conn_send(edge->pool, conn, tpdu, message);
    }
    if (result != 0) {
        undelivered(&edge->gates[listener], conn, result, message);
        conn_close(edge->pool, conn, false);
    }
}

void terminal_unreadable(struct terminal_edge *edge, uint16_t listener, uint64_t conn)
{
    uint32_t count = 0;
    edge->readable = false;
    if (map_find(&edge->unreadable, &conn, &count)) {
        map_remove(&edge->unreadable, &conn);
    }
    count++;
    int added = map_add(&edge->unreadable, &conn, count);
    CHECK(added == 0); /* one a connection: on_close removes it */
    if (count >= UNREADABLE_MAX) {
        const struct core_settings *settings = &driver_parts(edge->driver)->config->core;
        driver_alarm(edge->driver, "terminal.nonsense", settings->listeners[listener].name, count);
        conn_close(edge->pool, conn, false);
    }
}

uint32_t terminal_edge_connected(const struct terminal_edge *edge)
{
    return conn_pool_count(edge->pool);
}

int terminal_edge_port(const struct terminal_edge *edge, uint32_t index)
{
    const struct listener *listener = edge->gates[index].listener;
    return listener == NULL ? 0 : listener_port(listener);
}
