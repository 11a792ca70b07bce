/* The connections of the stations. */
#include <stdio.h>

#include "tools/isotest/engine_state.h"

enum { BACKOFF_FIRST_MS = 100, BACKOFF_MAX_MS = 1000 };

static void connection_tell(struct peer *peer, bool is_open, const char *text)
{
    const struct engine_observer *observer = &peer->engine->observer;
    if (observer->on_connection != NULL && !peer->engine->closing) {
        observer->on_connection(observer->context, peer, is_open, text);
    }
}

static void on_open(void *user, conn_id conn, const char *address)
{
    struct peer *peer = user;
    if (peer->conn_count == ISSUER_CONNS_MAX) {
        memmove(peer->conns, peer->conns + 1, sizeof peer->conns - sizeof peer->conns[0]);
        peer->conn_count--;
    }
    peer->conns[peer->conn_count++] = conn;
    peer->signed_us = engine_now_us();
    peer->answered_sign_on = false;
    connection_tell(peer, true, address);
    /* Those that wait to send. strand_ready() takes no step, so the list does not change below. */
    for (struct list *node = peer->waiting.next; node != &peer->waiting;) {
        struct strand *strand = LIST_OWNER(node, struct strand, waiting);
        node = node->next;
        if (strand->wait == WAIT_OPEN) {
            strand_stop_waiting(strand);
            strand_ready(strand);
        }
    }
}

static void on_message(void *user, conn_id conn, struct span tpdu, struct span message)
{
    pair_arrived(user, conn, tpdu, message);
}

static bool conn_remove(struct peer *peer, conn_id conn)
{
    for (uint32_t i = 0; i < peer->conn_count; i++) {
        if (peer->conns[i] == conn) {
            memmove(peer->conns + i, peer->conns + i + 1,
                    (peer->conn_count - i - 1) * sizeof peer->conns[0]);
            peer->conn_count--;
            return true;
        }
    }
    return false;
}

static void on_close(void *user, conn_id conn, enum conn_reason reason, int error,
                     struct span first)
{
    static const char *const reasons[] = {
        [CONN_PEER_CLOSED] = "closed by the peer",
        [CONN_FRAME_ERROR] = "what came is not framed as declared",
        [CONN_FRAME_TIMEOUT] = "a frame did not end",
        [CONN_IDLE_TIMEOUT] = "idle",
        [CONN_IO_ERROR] = "reset",
        [CONN_RING_FULL] = "the peer does not read",
        [CONN_LOCAL] = "closed",
    };
    struct peer *peer = user;
    (void)error;
    if (!conn_remove(peer, conn)) {
        return; /* `disconnect` was quicker. */
    }
    peer->engine->counts.connections_lost++;
    char text[200];
    int len = snprintf(text, sizeof text, "%s", reasons[reason]);
    if (first.len >= 4) {
        /* Length and TPDU, no card data yet. */
        (void)snprintf(text + len, sizeof text - (size_t)len,
                       " (frame %s; it begins %02X %02X %02X %02X)", peer->decl->framing->name,
                       first.ptr[0], first.ptr[1], first.ptr[2], first.ptr[3]);
    }
    connection_tell(peer, false, text);
}

static void on_dial_failure(void *user, int uv_error, uint32_t wait_ms)
{
    (void)wait_ms;
    struct peer *peer = user;
    char text[200];
    peer->engine->counts.connect_failed++;
    (void)snprintf(text, sizeof text, "could not connect to %s: %s", station_address(peer->station),
                   uv_strerror(uv_error));
    connection_tell(peer, false, text);
    for (;;) {
        /* Each failure ends a family: begin anew. */
        struct strand *found = NULL;
        for (struct list *node = peer->waiting.next; node != &peer->waiting && found == NULL;
             node = node->next) {
            struct strand *strand = LIST_OWNER(node, struct strand, waiting);
            found = strand->wait == WAIT_OPEN ? strand : NULL;
        }
        if (found == NULL) {
            return;
        }
        strand_fail_text(found, FAIL_CONNECT, "%s", text);
    }
}

static const struct conn_events events = {on_open, on_message, on_close};

int peer_connect(struct peer *peer)
{
    if (peer->dialler != NULL || peer->decl->listens) {
        return 0;
    }
    struct dial_backoff backoff = {BACKOFF_FIRST_MS, BACKOFF_MAX_MS};
    return dialler_open(peer->engine->pool, station_address(peer->station), backoff,
                        &peer->endpoint, on_dial_failure, &peer->dialler);
}

int peer_open(struct peer *peer, struct fault *fault)
{
    peer->endpoint =
        (struct endpoint){.framing = peer->decl->framing, .events = &events, .user = peer};
    const char *address = station_address(peer->station);
    int uv_error = 0;
    int err = 0;
    if (peer->decl->listens) {
        err = listener_open(peer->engine->pool, address, peer->engine->issuer_conns_max,
                            &peer->endpoint, &peer->listener, &uv_error);
    } else if (peer->decl->is_issuer) {
        err = peer_connect(peer);
    }
    if (err < 0) {
        fault->spot = peer->decl->address.spot;
        (void)snprintf(fault->text, sizeof fault->text, "%s cannot %s %s: %s", peer->name,
                       peer->decl->listens ? "listen on" : "connect to", address,
                       uv_error != 0 ? uv_strerror(uv_error)
                                     : "not an address like 127.0.0.1:9001");
    }
    return err;
}

void peer_disconnect(struct peer *peer)
{
    if (peer->dialler != NULL) {
        dialler_close(peer->dialler);
        peer->dialler = NULL;
    }
    while (peer->conn_count > 0) {
        conn_id conn = peer->conns[--peer->conn_count];
        conn_close(peer->engine->pool, conn, true);
    }
}

void peer_close(struct peer *peer)
{
    peer_disconnect(peer);
    if (peer->listener != NULL) {
        listener_close(peer->listener);
        peer->listener = NULL;
    }
}

conn_id peer_conn(struct peer *peer)
{
    return peer->conn_count == 0 ? 0 : peer->conns[peer->conn_count - 1];
}

int peer_send(struct peer *peer, conn_id conn, struct span tpdu, const struct held *held)
{
    int err = conn_send(peer->engine->pool, conn, tpdu, span_make(held->wire, held->wire_len));
    if (err == ERR_FULL) {
        /* Perhaps only this turn's: hand the ring to the system, then once more. */
        conn_flush_all(peer->engine->pool);
        peer->engine->counts.ring_full++;
    }
    return err;
}

struct peer *peer_of(struct engine *engine, const struct peer_decl *decl, uint32_t index)
{
    const struct decl_use *use = &engine->uses[decl->index];
    uint32_t at =
        index >= decl->first && index - decl->first < use->peer_count ? index - decl->first : 0;
    return &engine->peers[use->peer_first + at];
}

struct station *peer_station(const struct peer *peer)
{
    return peer->station;
}

const char *peer_name(const struct peer *peer)
{
    return peer->name;
}

bool peer_is_open(const struct peer *peer)
{
    return peer->conn_count > 0;
}

bool peer_heard(const struct peer *peer, uint32_t index, const struct held **held, uint8_t *fate)
{
    for (struct list *node = peer->heard.prev; node != &peer->heard; node = node->prev) {
        if (index-- == 0) {
            const struct heard *heard = LIST_OWNER(node, struct heard, in_peer);
            *held = &heard->got->held;
            *fate = heard->fate;
            return true;
        }
    }
    return false;
}
