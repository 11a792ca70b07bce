#include "routes/stub_hsm.h"

#include <stdlib.h>
#include <unistd.h>

#include "iso8583/base/list.h"
#include "iso8583/base/log.h"

enum {
    WAITERS_MAX = 1024,
    ANSWER_MS = 1000,
    TOKEN_LEN = 16, /* epoch, slot, generation: 8 + 3 + 5 hex characters */
    SLOT_DIGITS = 3,
    GENERATION_DIGITS = 5,
    GENERATION_MASK = 0xFFFFF,
};

static_assert(WAITERS_MAX <= 1 << 4 * SLOT_DIGITS, "a slot fits its hex digits");
static_assert((int)TOKEN_LEN <= (int)HSM_TRAILER_LEN_MAX, "the token fits the trailer");

struct waiter {
    struct list node; /* in free, or in waiting: oldest first, all wait equally long */
    bool is_waiting;
    uint32_t generation;
    uint64_t deadline_ms;
    uint8_t header[HSM_HEADER_LEN_DEFAULT];
    conn_id conn;
    struct stub_plan plan;
    size_t tpdu_len;
    size_t message_len;
    uint8_t tpdu[TPDU_LEN];
    uint8_t message[FRAME_LEN_MAX];
};

struct stub_hsm {
    struct conn_pool *pool;
    uv_loop_t *loop;
    struct dialler *dialler;
    struct endpoint endpoint;
    struct stub_hsm_events events;
    uv_timer_t timer;
    bool is_settled;
    uint32_t epoch;
    uint32_t counter;
    struct list free;
    struct list waiting;
    struct waiter waiter[WAITERS_MAX];
};

/* Free the slot, then tell: the asker may ask again from within. */
static void waiter_tell(struct stub_hsm *hsm, struct waiter *waiter, int hsm_error)
{
    struct stub_hsm_waiter told = {waiter->conn, span_make(waiter->tpdu, waiter->tpdu_len),
                                   span_make(waiter->message, waiter->message_len), waiter->plan};
    waiter->is_waiting = false;
    waiter->generation = (waiter->generation + 1) & GENERATION_MASK;
    list_remove(&waiter->node);
    hsm->events.on_verdict(hsm->events.user, &told, hsm_error);
    bytes_wipe(waiter->message, waiter->message_len);
    list_append(&hsm->free, &waiter->node);
}

static void timer_arm(struct stub_hsm *hsm);

static void on_timer(uv_timer_t *timer)
{
    struct stub_hsm *hsm = timer->data;
    uint64_t now_ms = uv_now(hsm->loop);
    for (struct list *node = list_first(&hsm->waiting); node != NULL;
         node = list_first(&hsm->waiting)) {
        struct waiter *waiter = LIST_OWNER(node, struct waiter, node);
        if (waiter->deadline_ms > now_ms) {
            break;
        }
        waiter_tell(hsm, waiter, STUB_HSM_SILENT);
    }
    timer_arm(hsm);
}

static void timer_arm(struct stub_hsm *hsm)
{
    struct list *node = list_first(&hsm->waiting);
    if (node == NULL) {
        (void)uv_timer_stop(&hsm->timer);
        return;
    }
    uint64_t deadline_ms = LIST_OWNER(node, struct waiter, node)->deadline_ms;
    uint64_t now_ms = uv_now(hsm->loop);
    CHECK(uv_timer_start(&hsm->timer, on_timer, deadline_ms > now_ms ? deadline_ms - now_ms : 0,
                         0) == 0);
}

static void hex_put(uint8_t *out, size_t digits, uint32_t value)
{
    for (size_t i = digits; i-- > 0; value >>= 4) {
        out[i] = hex_digit(value);
    }
}

static uint32_t hex_get(const uint8_t *in, size_t digits)
{
    uint32_t value = 0;
    for (size_t i = 0; i < digits; i++) {
        value = value << 4 | (uint32_t)(hex_value(in[i]) & 15);
    }
    return value;
}

static void token_write(const struct stub_hsm *hsm, const struct waiter *waiter, uint8_t *out)
{
    hex_put(out, 8, hsm->epoch);
    hex_put(out + 8, SLOT_DIGITS, (uint32_t)(waiter - hsm->waiter));
    hex_put(out + 8 + SLOT_DIGITS, GENERATION_DIGITS, waiter->generation);
}

static void cut(struct stub_hsm *hsm, const char *why)
{
    struct log_line line;
    log_begin(&line, LOG_ERROR, "hsm.cut");
    log_text(&line, "why", why);
    log_end(&line);
    conn_close(hsm->pool, dialler_conn(hsm->dialler), false);
}

static void on_message(void *user, conn_id conn, struct span tpdu, struct span message)
{
    (void)conn;
    (void)tpdu;
    struct stub_hsm *hsm = user;
    struct hsm_reply reply = {0};
    struct hsm_envelope envelope = {SPAN_NONE, SPAN_NONE};
    int status = hsm_reply_decode(message, HSM_HEADER_LEN_DEFAULT, &reply, &envelope);
    struct span token = envelope.trailer;
    if (token.len != TOKEN_LEN || hex_get(token.ptr, 8) != hsm->epoch ||
        hex_get(token.ptr + 8, SLOT_DIGITS) >= WAITERS_MAX) {
        cut(hsm, "an answer to no question of ours");
        return;
    }
    struct waiter *waiter = &hsm->waiter[hex_get(token.ptr + 8, SLOT_DIGITS)];
    uint32_t generation = hex_get(token.ptr + 8 + SLOT_DIGITS, GENERATION_DIGITS);
    if (!waiter->is_waiting || waiter->generation != generation) {
        return; /* Too late: its question was given up. */
    }
    if (!span_equal(envelope.header, span_make(waiter->header, sizeof waiter->header))) {
        cut(hsm, "header and token of different questions");
        return;
    }
    bool is_good = status == 0 && reply.code == hsm_reply_code(HSM_CODE('E', 'C'));
    dialler_healthy(hsm->dialler);
    waiter_tell(hsm, waiter, is_good ? reply.error : HSM_INTERNAL);
    timer_arm(hsm);
}

static void settle(struct stub_hsm *hsm)
{
    if (!hsm->is_settled) {
        hsm->is_settled = true;
        hsm->events.on_settled(hsm->events.user);
    }
}

static void on_open(void *user, conn_id conn, const char *peer)
{
    (void)conn;
    struct log_line line;
    log_begin(&line, LOG_INFO, "hsm.up");
    log_text(&line, "peer", peer);
    log_end(&line);
    settle(user);
}

static void on_close(void *user, conn_id conn, enum conn_reason reason, int error,
                     struct span first)
{
    (void)conn;
    (void)error;
    (void)first;
    struct stub_hsm *hsm = user;
    struct log_line line;
    log_begin(&line, LOG_WARN, "hsm.down");
    log_number(&line, "reason", reason);
    log_end(&line);
    for (struct list *node = list_first(&hsm->waiting); node != NULL;
         node = list_first(&hsm->waiting)) {
        waiter_tell(hsm, LIST_OWNER(node, struct waiter, node), STUB_HSM_SILENT);
    }
}

static void on_failure(void *user, int uv_error, uint32_t wait_ms)
{
    struct log_line line;
    log_begin(&line, LOG_WARN, "hsm.unreachable");
    log_text(&line, "error", uv_strerror(uv_error));
    log_number(&line, "retry_ms", wait_ms);
    log_end(&line);
    settle(user);
}

static const struct conn_events conn_events = {
    .on_open = on_open, .on_message = on_message, .on_close = on_close};

int hsm_open(struct conn_pool *pool, uv_loop_t *loop, const char *address,
             const struct stub_hsm_events *events, struct stub_hsm **out)
{
    struct stub_hsm *hsm = calloc(1, sizeof *hsm);
    if (hsm == NULL) {
        return ERR_MEMORY;
    }
    hsm->pool = pool;
    hsm->loop = loop;
    hsm->events = *events;
    hsm->epoch = (uint32_t)uv_hrtime() ^ (uint32_t)getpid() << 16;
    hsm->endpoint =
        (struct endpoint){.framing = framing_find("len2"), .events = &conn_events, .user = hsm};
    list_init(&hsm->free);
    list_init(&hsm->waiting);
    for (size_t i = 0; i < WAITERS_MAX; i++) {
        list_append(&hsm->free, &hsm->waiter[i].node);
    }
    struct dial_backoff backoff = {200, 2000}; /* ms: an HSM that is back is needed at once */
    int status = dialler_open(pool, address, backoff, &hsm->endpoint, on_failure, &hsm->dialler);
    if (status < 0) {
        free(hsm);
        return status;
    }
    CHECK(uv_timer_init(loop, &hsm->timer) == 0);
    hsm->timer.data = hsm;
    *out = hsm;
    return 0;
}

int hsm_ask(struct stub_hsm *hsm, const struct hsm_command *command,
            const struct stub_hsm_waiter *asked)
{
    struct list *node = list_first(&hsm->free);
    conn_id conn = dialler_conn(hsm->dialler);
    if (conn == 0) {
        return ERR_CLOSED;
    }
    if (node == NULL || asked->message.len > FRAME_LEN_MAX || asked->tpdu.len > TPDU_LEN) {
        return ERR_FULL;
    }
    struct waiter *waiter = LIST_OWNER(node, struct waiter, node);
    uint8_t token[TOKEN_LEN];
    token_write(hsm, waiter, token);
    digits_put(waiter->header, sizeof waiter->header, hsm->counter++);
    struct hsm_envelope envelope = {span_make(waiter->header, sizeof waiter->header),
                                    span_make(token, sizeof token)};
    uint8_t bytes[512];
    struct writer out = writer_make(bytes, sizeof bytes);
    int status = hsm_command_encode(command, &envelope, &out);
    if (status == 0) {
        status = conn_send(hsm->pool, conn, SPAN_NONE, writer_written(&out));
    }
    bytes_wipe(bytes, sizeof bytes);
    TRY(status);
    waiter->is_waiting = true;
    waiter->deadline_ms = uv_now(hsm->loop) + ANSWER_MS;
    waiter->conn = asked->conn;
    waiter->plan = asked->plan;
    waiter->tpdu_len = asked->tpdu.len;
    waiter->message_len = asked->message.len;
    memcpy(waiter->message, asked->message.ptr, asked->message.len);
    if (asked->tpdu.len > 0) {
        memcpy(waiter->tpdu, asked->tpdu.ptr, asked->tpdu.len);
    }
    list_remove(&waiter->node);
    list_append(&hsm->waiting, &waiter->node);
    if (list_first(&hsm->waiting) == &waiter->node) {
        timer_arm(hsm);
    }
    return 0;
}

void hsm_close(struct stub_hsm *hsm)
{
    /* Nobody is told any more: the answers could not leave. */
    while (!list_is_empty(&hsm->waiting)) {
        struct list *node = list_first(&hsm->waiting);
        list_remove(node);
        list_append(&hsm->free, node);
    }
    uv_close((uv_handle_t *)&hsm->timer, NULL);
    dialler_close(hsm->dialler);
}

void hsm_free(struct stub_hsm *hsm)
{
    if (hsm != NULL) {
        bytes_wipe(hsm->waiter, sizeof hsm->waiter);
        free(hsm);
    }
}
