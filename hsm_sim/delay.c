#include "hsm_sim/delay.h"

#include <stdlib.h>

#include "iso8583/base/list.h"

struct held {
    struct list node;
    uint64_t due_ms;
    conn_id conn;
    size_t len;
    uint8_t bytes[HSM_MESSAGE_LEN_MAX];
};

struct delay {
    uv_timer_t timer;
    void (*send)(void *user, conn_id conn, struct span answer);
    void *user;
    struct list free;
    struct list by_due; /* soonest first */
    struct held held[DELAY_COUNT_MAX];
};

static void on_timer(uv_timer_t *timer);

static void timer_arm(struct delay *delay)
{
    if (list_is_empty(&delay->by_due)) {
        return;
    }
    const struct held *first = LIST_OWNER(list_first(&delay->by_due), struct held, node);
    uint64_t now_ms = uv_now(delay->timer.loop);
    uint64_t wait_ms = first->due_ms > now_ms ? first->due_ms - now_ms : 0;
    CHECK(uv_timer_start(&delay->timer, on_timer, wait_ms, 0) == 0);
}

static void on_timer(uv_timer_t *timer)
{
    struct delay *delay = timer->data;
    uint64_t now_ms = uv_now(timer->loop);
    while (!list_is_empty(&delay->by_due)) {
        struct held *held = LIST_OWNER(list_first(&delay->by_due), struct held, node);
        if (held->due_ms > now_ms) {
            break;
        }
        delay->send(delay->user, held->conn, span_make(held->bytes, held->len));
        list_remove(&held->node);
        list_append(&delay->free, &held->node);
    }
    timer_arm(delay);
}

struct delay *delay_open(uv_loop_t *loop,
                         void (*send)(void *user, conn_id conn, struct span answer), void *user)
{
    struct delay *delay = calloc(1, sizeof *delay);
    if (delay == NULL) {
        return NULL;
    }
    CHECK(uv_timer_init(loop, &delay->timer) == 0);
    delay->timer.data = delay;
    delay->send = send;
    delay->user = user;
    list_init(&delay->free);
    list_init(&delay->by_due);
    for (size_t i = 0; i < DELAY_COUNT_MAX; i++) {
        list_append(&delay->free, &delay->held[i].node);
    }
    return delay;
}

int delay_add(struct delay *delay, conn_id conn, struct span answer, uint64_t wait_ms)
{
    CHECK(answer.len <= HSM_MESSAGE_LEN_MAX);
    if (list_is_empty(&delay->free)) {
        return ERR_FULL;
    }
    struct held *held = LIST_OWNER(list_first(&delay->free), struct held, node);
    list_remove(&held->node);
    held->due_ms = uv_now(delay->timer.loop) + wait_ms;
    held->conn = conn;
    held->len = answer.len;
    memcpy(held->bytes, answer.ptr, answer.len);
    /* Jitter puts a newcomer only a few places from the end. */
    struct list *before = delay->by_due.prev;
    while (before != &delay->by_due &&
           LIST_OWNER(before, struct held, node)->due_ms > held->due_ms) {
        before = before->prev;
    }
    list_append(before->next, &held->node);
    timer_arm(delay);
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void delay_close(struct delay *delay)
{
    uv_close((uv_handle_t *)&delay->timer, on_closed);
}
