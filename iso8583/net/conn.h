/* A framed TCP stream on libuv: bytes in, whole messages out; messages in, bytes out.
 *
 * A connection owns one fixed input buffer and one fixed output ring, both taken from a pool that
 * is allocated at start, so a peer can neither make us allocate nor hold more than its share.
 * Writing copies into the ring; one write is in flight, and it carries all that has gathered:
 * conn_flush_all() at the end of each loop turn (a uv_prepare handle of the pool does it) sends
 * what the turn produced with one system call a connection. A ring without room is ERR_FULL: the
 * caller's policy decides (the switch closes a terminal that does not read).
 *
 * (What another prepare or idle handle of the same loop sends after ours has run waits for the next
 * turn: call conn_flush_all() there.)
 *
 * Callbacks only translate: they are called with whole messages, and nothing is decided in them.
 * A conn is named by a handle with a generation; a stale handle is answered ERR_CLOSED, never
 * obeyed. */
#pragma once

#include <uv.h>

#include "iso8583/base/bytes.h"
#include "iso8583/frame.h"

struct conn_pool;

/* Index and generation: 0 is never a connection. */
typedef uint64_t conn_id;

enum conn_reason {
    CONN_PEER_CLOSED,
    CONN_FRAME_ERROR,   /* framing lost: @error tells; the first bytes are in @first */
    CONN_FRAME_TIMEOUT, /* a frame began and did not end in time */
    CONN_IDLE_TIMEOUT,
    CONN_IO_ERROR,
    CONN_RING_FULL,      /* conn_close() after an ERR_FULL: the peer does not read */
    CONN_LOCAL,          /* conn_close() */
    CONN_UNREAD_TIMEOUT, /* what it was sent was not acknowledged in time: it does not read */
};

/* What a user of the pool is told. All are optional but on_message. @user is the endpoint's. */
struct conn_events {
    void (*on_open)(void *user, conn_id conn, const char *peer);
    /* @tpdu and @message borrow from the input buffer, for the call. A message without bytes is a
     * keep-alive: it counts as heard, is answered if the endpoint says so, and is not told. */
    void (*on_message)(void *user, conn_id conn, struct span tpdu, struct span message);
    /* Called exactly once for each on_open, never from within a call of the user's; the id is dead
     * after it. @error: an enum err for CONN_FRAME_ERROR and CONN_IO_ERROR, else 0. @first: up to
     * 64 first bytes of what could not be framed (CONN_FRAME_ERROR), else empty. */
    void (*on_close)(void *user, conn_id conn, enum conn_reason reason, int error,
                     struct span first);
};

struct conn_limits {
    uint32_t count_max; /* connections of this pool */
    size_t in_len;      /* bytes of each input buffer, at least FRAME_LEN_MAX + 16 */
    size_t out_len;     /* bytes of each output ring */
    uint32_t frame_ms;  /* from the first byte of a frame to its last; 0: no limit */
    uint32_t idle_ms;   /* without any byte from the peer; 0: no limit */
    /* Messages of one connection in one turn of the loop; 0: no limit. One who sends more is read
     * no further until its next turn, so that a few who flood do not keep the others waiting. */
    uint32_t turn_max;
    uint32_t unread_ms; /* without an acknowledgement of what it was sent; 0: the system's limit */
};

/* What a connection belongs to: a listener's or a dialler's settings. The caller's; outlives them.
 */
struct endpoint {
    const struct framing *framing;
    const struct conn_events *events;
    void *user;
    /* With the same bytes, the TPDU turned round; else they are swallowed. On one side of a
     * connection only: between two, a keep-alive would go round for ever. */
    bool answers_keepalives;
};

/* A pool on @loop; NULL if memory is short. Close every listener and dialler, shut the pool down,
 * run the loop until nothing is left, then free. The process ignores SIGPIPE from then on. */
struct conn_pool *conn_pool_new(uv_loop_t *loop, const struct conn_limits *limits);
void conn_pool_free(struct conn_pool *pool);
uint32_t conn_pool_count(const struct conn_pool *pool);
/* Begin closing every connection (reason CONN_LOCAL) and the pool's own handles. */
void conn_pool_shutdown(struct conn_pool *pool);

/* Queue one message, framed (@tpdu: of the request that it answers, or empty). Returns 0,
 * ERR_CLOSED for a stale id, ERR_FULL if the ring has no room (nothing queued), ERR_FRAME_LENGTH.
 */
MUST_USE int conn_send(struct conn_pool *pool, conn_id conn, struct span tpdu, struct span message);

/* Why conn_send() did not take it, for logs and alarms. Static. */
const char *conn_unsent_text(int result);

/* Begin closing: nothing more is accepted or told but on_close. If @drain, what is in the ring is
 * sent and the peer's end awaited first, for 2 s at most; else it is lost. A stale id is ignored.
 */
void conn_close(struct conn_pool *pool, conn_id conn, bool drain);

/* Send what every ring holds now (called by the pool's own prepare handle each turn). */
void conn_flush_all(struct conn_pool *pool);

/* Bytes waiting in the ring, 0 for a stale id. */
size_t conn_pending(const struct conn_pool *pool, conn_id conn);

/* The peer's address as text ("127.0.0.1:40112"), "" for a stale id; valid until the connection
 * closes. */
const char *conn_peer(const struct conn_pool *pool, conn_id conn);
