/* For conn.c (one stream) and conn_pool.c (all of them: memory, time, turns) alone. */
#pragma once

#include "iso8583/base/list.h"
#include "iso8583/net/address.h"
#include "iso8583/net/conn.h"
#include "iso8583/net/owner.h"
#include "iso8583/net/ring.h"

enum { FIRST_LEN_MAX = 64 };

/* FREE -> ACQUIRED -> OPEN -> (DRAINING ->) CLOSING -> FREE; any but FREE may go to CLOSING. */
enum conn_state {
    STATE_FREE,
    STATE_ACQUIRED, /* its owner connects it */
    STATE_OPEN,
    STATE_DRAINING, /* the ring is sent, then our end is shut, then the peer's end is awaited */
    STATE_CLOSING,  /* uv_close() was called */
};

struct conn {
    uv_tcp_t tcp;
    uv_write_t write;
    uv_shutdown_t shutdown;
    struct list taken; /* in pool->taken while not free, else in pool->free */
    struct list dirty; /* in pool->dirty if the ring holds what no write carries yet */
    struct list held;  /* in pool->held if its turn was over before its messages: it is not read */
    struct conn_pool *pool;
    struct conn_owner *owner;
    const struct endpoint *endpoint;
    uint32_t generation;
    enum conn_state state;
    enum conn_reason reason;
    int error;
    bool opened;          /* on_open was told: on_close is owed */
    bool ended;           /* the peer sends no more */
    bool full;            /* the last conn_send() found no room */
    bool unread;          /* reading is stopped */
    uint32_t taken_count; /* messages, in turn @turn */
    uint64_t turn;
    size_t in_len;      /* bytes of an incomplete frame */
    size_t writing_len; /* bytes that the write in flight carries */
    uint8_t *in;
    struct ring out;
    uint64_t frame_ms; /* when the incomplete frame began */
    uint64_t heard_ms; /* when the last byte came */
    uint64_t drain_ms; /* when draining began */
    size_t first_len;
    uint8_t first[FIRST_LEN_MAX];
    char peer[ADDRESS_TEXT_LEN];
};

struct conn_pool {
    uv_loop_t *loop;
    struct conn_limits limits;
    uv_prepare_t prepare;
    uv_idle_t idle; /* runs while anybody is held: then a turn waits for nothing */
    uv_timer_t sweep;
    uint64_t turn;     /* of the loop */
    uint64_t sweep_ms; /* interval */
    uint64_t swept_ms; /* when last */
    uint32_t handles;  /* of prepare, idle and sweep, those not yet closed */
    uint32_t count;
    bool shut;
    struct list taken;
    struct list free;
    struct list dirty;
    struct list held; /* who waited longest comes first */
    uint8_t *buffers;
    struct conn *conns;
};

/* Close at once. The reason that was given first stays. */
void conn_abort(struct conn *conn, enum conn_reason reason, int error);

/* The same for one whose reason is set. */
void conn_handle_close(struct conn *conn);

/* Send the ring: what the kernel takes at once costs one system call and no callback. */
void conn_flush(struct conn *conn);

/* Hand out whole messages of the buffer, as many as the turn allows. Then it is held, or read. */
void conn_take(struct conn *conn);

/* A turn of those that are held: the idle handle's callback. */
void conn_pool_turn(uv_idle_t *idle);

/* Start the timer of the pool, whose first connection was acquired. */
void conn_pool_wake(struct conn_pool *pool);
