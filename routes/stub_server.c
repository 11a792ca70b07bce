#include "routes/stub_server.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "iso8583/base/log.h"
#include "iso8583/edition.h"
#include "iso8583/mti.h"
#include "iso8583/net/listen.h"
#include "routes/stub_hsm.h"

enum {
    ANSWER_LEN_MAX = 640, /* every field an answer can have, in the widest encoding */
    BATCH_MAX = 512,
    IN_LEN = 4 * FRAME_LEN_MAX,
    OUT_LEN = 256 << 10,
    FRAME_MS = 5000,
};

/* One encoded answer, on its way. */
struct outgoing {
    conn_id conn;
    uint64_t due_ms;
    uint64_t seq; /* of two that are due at once, the older goes first */
    uint32_t delay_ms;
    bool is_duplicate;
    uint8_t tpdu_len;
    uint16_t len;
    uint8_t tpdu[TPDU_LEN];
    uint8_t bytes[ANSWER_LEN_MAX];
};

/* Those that wait for their time: a pool of slots, and a heap of indices into it, the first due on
 * top. Indices behind @count are the free slots. */
struct delayed {
    struct outgoing *slot;
    uint32_t *heap;
    uint32_t count;
    uint32_t cap;
};

struct server {
    struct server_settings settings;
    struct stub *stub;
    struct stub_journal *journal;
    uv_loop_t loop;
    struct conn_pool *pool;
    struct listener *listener;
    struct endpoint endpoint;
    struct stub_hsm *hsm;
    uv_prepare_t prepare;
    uv_check_t check;
    uv_timer_t timer;
    uv_signal_t sigterm;
    uv_signal_t sigint;
    bool is_stopping;
    enum server_end end;
    uint64_t bad_count;
    uint64_t lost_count;
    uint64_t seq;
    uint32_t batch_count;
    struct outgoing *batch;
    struct delayed delayed;
    struct iso_msg request;
    struct stub_verdict verdict;
    uint8_t scratch[2 * FRAME_LEN_MAX + EDITION_ROOM];
};

/* --- Answers that wait ------------------------------------------------------------------------ */

static bool is_before(const struct delayed *delayed, uint32_t a, uint32_t b)
{
    const struct outgoing *left = &delayed->slot[a];
    const struct outgoing *right = &delayed->slot[b];
    return left->due_ms != right->due_ms ? left->due_ms < right->due_ms : left->seq < right->seq;
}

static void delayed_push(struct delayed *delayed, const struct outgoing *outgoing)
{
    uint32_t at = delayed->count++;
    uint32_t index = delayed->heap[at];
    delayed->slot[index] = *outgoing;
    for (; at > 0 && is_before(delayed, index, delayed->heap[(at - 1) / 2]); at = (at - 1) / 2) {
        delayed->heap[at] = delayed->heap[(at - 1) / 2];
    }
    delayed->heap[at] = index;
}

/* The slot of what was on top stays readable until the next push. */
static const struct outgoing *delayed_pop(struct delayed *delayed)
{
    CHECK(delayed->count > 0);
    uint32_t top = delayed->heap[0];
    uint32_t last = delayed->heap[--delayed->count];
    uint32_t at = 0;
    for (uint32_t child = 1; child < delayed->count; child = 2 * at + 1) {
        if (child + 1 < delayed->count &&
            is_before(delayed, delayed->heap[child + 1], delayed->heap[child])) {
            child++;
        }
        if (!is_before(delayed, delayed->heap[child], last)) {
            break;
        }
        delayed->heap[at] = delayed->heap[child];
        at = child;
    }
    delayed->heap[at] = last;
    delayed->heap[delayed->count] = top;
    return &delayed->slot[top];
}

/* --- Sending ---------------------------------------------------------------------------------- */

static void send_one(struct server *server, const struct outgoing *outgoing)
{
    struct span tpdu = span_make(outgoing->tpdu, outgoing->tpdu_len);
    struct span message = span_make(outgoing->bytes, outgoing->len);
    for (int i = 0; i < (outgoing->is_duplicate ? 2 : 1); i++) {
        int status = conn_send(server->pool, outgoing->conn, tpdu, message);
        if (status == ERR_FULL) {
            conn_close(server->pool, outgoing->conn, false); /* It does not read. */
        }
        server->lost_count += status < 0 ? 1 : 0;
    }
}

static void on_due(uv_timer_t *timer);

static void timer_arm(struct server *server)
{
    const struct delayed *delayed = &server->delayed;
    if (delayed->count == 0) {
        (void)uv_timer_stop(&server->timer);
        return;
    }
    uint64_t due_ms = delayed->slot[delayed->heap[0]].due_ms;
    uint64_t now_ms = uv_now(&server->loop);
    CHECK(uv_timer_start(&server->timer, on_due, due_ms > now_ms ? due_ms - now_ms : 0, 0) == 0);
}

static void on_due(uv_timer_t *timer)
{
    struct server *server = timer->data;
    struct delayed *delayed = &server->delayed;
    uint64_t now_ms = uv_now(&server->loop);
    while (delayed->count > 0 && delayed->slot[delayed->heap[0]].due_ms <= now_ms) {
        send_one(server, delayed_pop(delayed));
    }
    conn_flush_all(server->pool);
    timer_arm(server);
}

static void delay_one(struct server *server, struct outgoing *outgoing)
{
    if (server->delayed.count == server->delayed.cap) {
        server->lost_count++;
        return;
    }
    outgoing->due_ms = uv_now(&server->loop) + outgoing->delay_ms;
    outgoing->seq = server->seq++;
    delayed_push(&server->delayed, outgoing);
}

static void stop(struct server *server, enum server_end end);

/* What this turn decided becomes durable; then it is told. */
static void commit(struct server *server)
{
    if (server->is_stopping) {
        return;
    }
    if (server->journal != NULL && journal_sync(server->journal) < 0) {
        struct log_line line;
        log_begin(&line, LOG_ERROR, "journal.failed");
        log_text(&line, "error", strerror(errno));
        log_end(&line);
        stop(server, SERVER_IO); /* Nothing of this turn is answered, and nothing more ever. */
        return;
    }
    if (server->batch_count == 0) {
        return;
    }
    bool has_delayed = false;
    for (uint32_t i = 0; i < server->batch_count; i++) {
        if (server->batch[i].delay_ms == 0) {
            send_one(server, &server->batch[i]);
        } else {
            delay_one(server, &server->batch[i]);
            has_delayed = true;
        }
    }
    server->batch_count = 0;
    conn_flush_all(server->pool);
    if (has_delayed) {
        timer_arm(server);
    }
}

/* Both ends of the waiting for I/O: a turn's messages are committed right behind it, what timers
 * decided before it. */
static void on_check(uv_check_t *check)
{
    commit(check->data);
}

static void on_prepare(uv_prepare_t *prepare)
{
    commit(prepare->data);
}

/* --- Messages --------------------------------------------------------------------------------- */

static int64_t wall_ms(void)
{
    uv_timeval64_t now;
    CHECK(uv_gettimeofday(&now) == 0);
    return now.tv_sec * 1000 + now.tv_usec / 1000;
}

/* @request: the frame that it answers. */
static void answer_gather(struct server *server, conn_id conn, struct span tpdu,
                          struct span request, const struct iso_msg *answer,
                          const struct stub_plan *plan)
{
    if (server->batch_count == BATCH_MAX) {
        commit(server);
    }
    if (server->batch_count == BATCH_MAX) {
        return; /* The journal has failed. */
    }
    struct outgoing *outgoing = &server->batch[server->batch_count];
    struct writer out = writer_make(outgoing->bytes, sizeof outgoing->bytes);
    struct iso_error error;
    if (edition_write(answer, request, server->settings.dialect, wall_ms(), &out, &error) < 0) {
        char text[ISO_TEXT_LEN_MAX];
        struct log_line line;
        log_begin(&line, LOG_ERROR, "answer.unencodable");
        log_text(&line, "error",
                 iso_error_text(&error, server->settings.dialect, text, sizeof text));
        log_end(&line);
        server->lost_count++;
        return;
    }
    outgoing->conn = conn;
    outgoing->delay_ms = plan->delay_ms;
    outgoing->is_duplicate = plan->is_duplicate;
    outgoing->len = (uint16_t)out.len;
    outgoing->tpdu_len = (uint8_t)tpdu.len;
    if (tpdu.len > 0) {
        memcpy(outgoing->tpdu, tpdu.ptr, tpdu.len);
    }
    server->batch_count++;
}

static void verdict_perform(struct server *server, conn_id conn, struct span tpdu,
                            struct span message)
{
    struct stub_verdict *verdict = &server->verdict;
    if (verdict->fate == STUB_ASK_PIN) {
        struct stub_hsm_waiter waiter = {conn, tpdu, message, verdict->plan};
        if (server->hsm == NULL || hsm_ask(server->hsm, &verdict->pin_command, &waiter) < 0) {
            stub_verdict_wipe(verdict);
            stub_resume(server->stub, &server->request, &waiter.plan, STUB_HSM_SILENT, wall_ms(),
                        verdict);
        }
    }
    stub_verdict_wipe(verdict);
    for (unsigned i = 0; i < verdict->entry_count && server->journal != NULL; i++) {
        journal_append(server->journal, &verdict->entry[i]);
    }
    if (verdict->fate == STUB_ANSWER) {
        answer_gather(server, conn, tpdu, message, &verdict->answer, &verdict->plan);
    } else if (verdict->fate == STUB_HANG_UP) {
        conn_close(server->pool, conn, false);
    }
}

/* A message that does not decode is answered 30 if we know whom to answer. */
static void message_refuse(struct server *server, conn_id conn, struct span tpdu,
                           struct span message, const struct iso_error *error)
{
    char text[ISO_TEXT_LEN_MAX];
    struct log_line line;
    log_begin(&line, LOG_WARN, "message.bad");
    log_text(&line, "error", iso_error_text(error, server->settings.dialect, text, sizeof text));
    log_end(&line);
    server->bad_count++;
    const struct iso_msg *request = &server->request;
    if (error->de <= 11 || !iso_has(request, 11) || !mti_is_request(request->mti)) {
        return;
    }
    static const uint8_t echoed[] = {3, 4, 7, 11, 12, 13, 32, 37, 41, 42, 49};
    struct iso_msg *answer = &server->verdict.answer;
    struct stub_plan plan = {0};
    iso_init(answer, mti_answer(request->mti));
    for (size_t i = 0; i < ARRAY_COUNT(echoed) && echoed[i] < error->de; i++) {
        iso_copy(answer, request, echoed[i]);
    }
    iso_set(answer, 39, SPAN_LITERAL("30"));
    answer_gather(server, conn, tpdu, message, answer, &plan);
}

static bool message_decode(struct server *server, struct span message, struct iso_error *error)
{
    struct writer scratch = writer_make(server->scratch, sizeof server->scratch);
    return edition_read(server->settings.dialect, message, &scratch, &server->request, error) == 0;
}

static void on_message(void *user, conn_id conn, struct span tpdu, struct span message)
{
    struct server *server = user;
    struct iso_error error = {0};
    if (server->is_stopping) {
        return;
    }
    if (!message_decode(server, message, &error)) {
        message_refuse(server, conn, tpdu, message, &error);
        return;
    }
    stub_answer(server->stub, &server->request, wall_ms(), &server->verdict);
    verdict_perform(server, conn, tpdu, message);
}

static void on_pin_verdict(void *user, const struct stub_hsm_waiter *waiter, int hsm_error)
{
    struct server *server = user;
    struct iso_error error = {0};
    if (server->is_stopping) {
        return;
    }
    CHECK(message_decode(server, waiter->message, &error)); /* It did before. */
    stub_resume(server->stub, &server->request, &waiter->plan, hsm_error, wall_ms(),
                &server->verdict);
    verdict_perform(server, waiter->conn, waiter->tpdu, waiter->message);
}

static void log_conn(const char *event, const char *peer, int64_t reason, struct span first)
{
    struct log_line line;
    log_begin(&line, LOG_INFO, event);
    log_text(&line, "peer", peer);
    log_number(&line, "reason", reason);
    log_number(&line, "unframed_bytes", (int64_t)first.len);
    log_end(&line);
}

static void on_open(void *user, conn_id conn, const char *peer)
{
    (void)user;
    (void)conn;
    log_conn("conn.open", peer, 0, SPAN_NONE);
}

static void on_close(void *user, conn_id conn, enum conn_reason reason, int error,
                     struct span first)
{
    struct server *server = user;
    (void)error;
    log_conn("conn.close", conn_peer(server->pool, conn), reason, first);
}

static const struct conn_events conn_events = {
    .on_open = on_open, .on_message = on_message, .on_close = on_close};

/* --- The process ------------------------------------------------------------------------------ */

static void announce(void *user)
{
    struct server *server = user;
    const char *colon = strrchr(server->settings.listen, ':');
    (void)printf("issuer-stub %s listening on %.*s:%d\n", server->settings.name,
                 (int)(colon - server->settings.listen), server->settings.listen,
                 listener_port(server->listener));
    (void)fflush(stdout);
}

static void stop(struct server *server, enum server_end end)
{
    if (server->is_stopping) {
        return;
    }
    server->is_stopping = true;
    server->end = end;
    listener_close(server->listener);
    if (server->hsm != NULL) {
        hsm_close(server->hsm);
    }
    uv_close((uv_handle_t *)&server->prepare, NULL);
    uv_close((uv_handle_t *)&server->check, NULL);
    uv_close((uv_handle_t *)&server->timer, NULL);
    uv_close((uv_handle_t *)&server->sigterm, NULL);
    uv_close((uv_handle_t *)&server->sigint, NULL);
    conn_pool_shutdown(server->pool);
}

static void on_signal(uv_signal_t *handle, int number)
{
    (void)number;
    struct server *server = handle->data;
    commit(server); /* What this turn has decided is still told. */
    stop(server, SERVER_STOPPED);
}

static int memory_take(struct server *server)
{
    const struct server_settings *settings = &server->settings;
    struct conn_limits limits = {
        .count_max = settings->conns_max + 1, /* and the HSM */
        .in_len = IN_LEN,
        .out_len = OUT_LEN,
        .frame_ms = FRAME_MS,
    };
    CHECK(uv_loop_init(&server->loop) == 0);
    server->pool = conn_pool_new(&server->loop, &limits);
    server->batch = calloc(BATCH_MAX, sizeof *server->batch);
    server->delayed.cap = settings->delayed_max;
    server->delayed.slot = calloc(settings->delayed_max + 1, sizeof *server->delayed.slot);
    server->delayed.heap = calloc(settings->delayed_max + 1, sizeof *server->delayed.heap);
    if (server->pool == NULL || server->batch == NULL || server->delayed.slot == NULL ||
        server->delayed.heap == NULL) {
        return ERR_MEMORY;
    }
    for (uint32_t i = 0; i < settings->delayed_max; i++) {
        server->delayed.heap[i] = i;
    }
    return 0;
}

static void handles_start(struct server *server)
{
    uv_loop_t *loop = &server->loop;
    CHECK(uv_prepare_init(loop, &server->prepare) == 0);
    CHECK(uv_check_init(loop, &server->check) == 0);
    CHECK(uv_timer_init(loop, &server->timer) == 0);
    CHECK(uv_signal_init(loop, &server->sigterm) == 0);
    CHECK(uv_signal_init(loop, &server->sigint) == 0);
    server->prepare.data = server->check.data = server->timer.data = server;
    server->sigterm.data = server->sigint.data = server;
    CHECK(uv_prepare_start(&server->prepare, on_prepare) == 0);
    CHECK(uv_check_start(&server->check, on_check) == 0);
    CHECK(uv_signal_start(&server->sigterm, on_signal, SIGTERM) == 0);
    CHECK(uv_signal_start(&server->sigint, on_signal, SIGINT) == 0);
}

/* Listen, dial the HSM; the announcement waits until that try has ended. */
static enum server_end serve(struct server *server)
{
    const struct server_settings *settings = &server->settings;
    int uv_error = 0;
    server->endpoint = (struct endpoint){.framing = &settings->framing,
                                         .events = &conn_events,
                                         .user = server,
                                         .answers_keepalives = settings->answers_keepalives};
    int status = listener_open(server->pool, settings->listen, settings->conns_max,
                               &server->endpoint, &server->listener, &uv_error);
    if (status < 0) {
        (void)fprintf(stderr, "issuer-stub: cannot listen on %s: %s\n", settings->listen,
                      status == ERR_IO ? uv_strerror(uv_error) : err_text(status));
        conn_pool_shutdown(server->pool);
        return status == ERR_USAGE ? SERVER_USAGE : status == ERR_IO ? SERVER_BIND : SERVER_IO;
    }
    handles_start(server);
    if (settings->hsm == NULL) {
        announce(server);
        return SERVER_STOPPED;
    }
    struct stub_hsm_events events = {on_pin_verdict, announce, server};
    status = hsm_open(server->pool, &server->loop, settings->hsm, &events, &server->hsm);
    if (status < 0) {
        (void)fprintf(stderr, "issuer-stub: HSM address %s: %s\n", settings->hsm, err_text(status));
        stop(server, status == ERR_USAGE ? SERVER_USAGE : SERVER_IO);
    }
    return server->end;
}

static void summarize(const struct server *server)
{
    const struct stub_counts *counts = stub_counts(server->stub);
    (void)printf("issuer-stub %s stopped:", server->settings.name);
#define COUNT_PRINT(name) (void)printf(" " #name "=%llu", (unsigned long long)counts->name);
    STUB_COUNT_MAP(COUNT_PRINT)
#undef COUNT_PRINT
    (void)printf(" bad=%llu lost=%llu\n", (unsigned long long)server->bad_count,
                 (unsigned long long)server->lost_count);
    (void)fflush(stdout);
}

enum server_end server_run(const struct server_settings *settings, struct stub *stub,
                           struct stub_journal *journal)
{
    struct server *server = calloc(1, sizeof *server);
    if (server == NULL) {
        return SERVER_IO;
    }
    server->settings = *settings;
    server->stub = stub;
    server->journal = journal;
    enum server_end end = SERVER_IO;
    if (memory_take(server) == 0) {
        end = serve(server);
        CHECK(uv_run(&server->loop, UV_RUN_DEFAULT) == 0);
        end = server->listener != NULL ? server->end : end;
        if (server->listener != NULL) {
            summarize(server);
        }
        conn_pool_free(server->pool);
        CHECK(uv_loop_close(&server->loop) == 0);
    }
    hsm_free(server->hsm);
    free(server->delayed.slot);
    free(server->delayed.heap);
    free(server->batch);
    bytes_wipe(server->scratch, sizeof server->scratch);
    free(server);
    return end;
}
