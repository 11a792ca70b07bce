/* A byte ring in the caller's memory: bytes are copied in at the end and taken from the front. What
 * lies in it stays where it is until it is dropped, so a write in flight may borrow it. */
#pragma once

#include <uv.h>

#include "iso8583/base/bytes.h"

struct ring {
    uint8_t *ptr;
    size_t cap;
    size_t head; /* of the first byte */
    size_t len;  /* bytes held */
};

static inline size_t ring_room(const struct ring *ring)
{
    return ring->cap - ring->len;
}

/* Copy @bytes to the end; there is room. */
static inline void ring_put(struct ring *ring, struct span bytes)
{
    CHECK(bytes.len <= ring_room(ring));
    size_t at = ring->head + ring->len;
    at = at >= ring->cap ? at - ring->cap : at;
    size_t straight = ring->cap - at < bytes.len ? ring->cap - at : bytes.len;
    if (straight != 0) {
        memcpy(ring->ptr + at, bytes.ptr, straight);
    }
    if (straight < bytes.len) {
        memcpy(ring->ptr, bytes.ptr + straight, bytes.len - straight);
    }
    ring->len += bytes.len;
}

/* All bytes in order as one or two buffers (the wrap). Returns how many; 0 if empty. They borrow
 * from the ring until they are dropped. */
static inline unsigned ring_bufs(const struct ring *ring, uv_buf_t bufs[2])
{
    size_t to_end = ring->cap - ring->head;
    size_t straight = ring->len < to_end ? ring->len : to_end;
    bufs[0] = uv_buf_init((char *)ring->ptr + ring->head, (unsigned)straight);
    bufs[1] = uv_buf_init((char *)ring->ptr, (unsigned)(ring->len - straight));
    return ring->len == 0 ? 0 : ring->len > straight ? 2 : 1;
}

/* Take @len bytes from the front. */
static inline void ring_drop(struct ring *ring, size_t len)
{
    CHECK(len <= ring->len);
    ring->len -= len;
    ring->head += len;
    ring->head = ring->head >= ring->cap ? ring->head - ring->cap : ring->head;
    if (ring->len == 0) {
        ring->head = 0; /* An empty ring starts anew, so that most writes are one buffer. */
    }
}
