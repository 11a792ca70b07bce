#include "switch/edge/hsm_client.h"

#include <stdlib.h>

#include "iso8583/base/log.h"
#include "iso8583/net/dial.h"

enum {
    QUESTIONS_MAX = 4096, /* unanswered at one time; a power of two */
    HSM_IN_LEN = 262144,
    HSM_OUT_LEN = 1048576,
    TRAILER_LEN = 24, /* epoch 8H, token 16H */
    HEADER_LEN_MAX = 16,
};

struct question {
    bool open;
    uint8_t asks; /* enum event_kind of its answer */
    uint16_t code;
    uint32_t number; /* what its header says */
    uint64_t token;
    uint64_t asked_ns;
};

struct hsm_client {
    struct driver *driver;
    struct conn_pool *pool;
    struct dialler *dialler;
    struct endpoint endpoint;
    size_t header_len;
    uint32_t number_mask; /* how many numbers the header can tell apart */
    uint32_t next;
    struct hsm_figures figures;
    struct histogram times_us;
    struct question questions[QUESTIONS_MAX];
};

/* The counter as upper-case hex, as wide as the header is. */
static void write_header(const struct hsm_client *client, uint32_t number, uint8_t *out)
{
    for (size_t i = client->header_len; i-- > 0;) {
        out[i] = hex_digit(number & 15u);
        number >>= 4;
    }
}

static void write_trailer(const struct hsm_client *client, uint64_t token, uint8_t *out)
{
    uint8_t raw[12];
    be32_put(raw, driver_parts(client->driver)->epoch);
    be64_put(raw + 4, token);
    hex_encode(span_make(raw, sizeof raw), out);
}

static struct question *question_of(struct hsm_client *client, const struct hsm_envelope *envelope,
                                    uint16_t reply_code)
{
    uint8_t expected[TRAILER_LEN];
    uint32_t number = 0;
    for (size_t i = 0; i < envelope->header.len; i++) {
        int digit = hex_value(envelope->header.ptr[i]);
        if (digit < 0) {
            return NULL;
        }
        number = number << 4 | (uint32_t)digit;
    }
    struct question *question = &client->questions[number & (QUESTIONS_MAX - 1)];
    if (!question->open || question->number != number ||
        hsm_reply_code(question->code) != reply_code) {
        return NULL;
    }
    write_trailer(client, question->token, expected);
    return span_equal(envelope->trailer, span_make(expected, sizeof expected)) ? question : NULL;
}

static void cut(struct hsm_client *client, conn_id conn, const char *why)
{
    client->figures.mismatched++;
    driver_alarm(client->driver, "hsm.mismatch", why, 0);
    conn_close(client->pool, conn, false);
}

static void on_message(void *user, conn_id conn, struct span tpdu, struct span message)
{
    struct hsm_client *client = user;
    struct hsm_reply reply;
    struct hsm_envelope envelope;
    (void)tpdu;
    dialler_healthy(client->dialler);
    if (hsm_reply_decode(message, client->header_len, &reply, &envelope) != 0) {
        cut(client, conn, "an answer that is no reply");
        return;
    }
    struct question *question = question_of(client, &envelope, reply.code);
    if (question == NULL) {
        cut(client, conn, "an answer to another question");
        return;
    }
    question->open = false;
    client->figures.answered++;
    histogram_add(&client->times_us, (uv_hrtime() - question->asked_ns) / 1000);
    struct event event = {.kind = (enum event_kind)question->asks};
    event.u.hsm.token = question->token;
    event.u.hsm.reply = &reply;
    driver_feed(client->driver, &event);
}

static void on_open(void *user, conn_id conn, const char *peer)
{
    struct hsm_client *client = user;
    struct log_line line;
    (void)conn;
    client->figures.connected = true;
    log_begin(&line, LOG_INFO, "hsm.up");
    log_text(&line, "peer", peer);
    log_end(&line);
}

static void on_close(void *user, conn_id conn, enum conn_reason reason, int error,
                     struct span first)
{
    struct hsm_client *client = user;
    (void)conn;
    (void)error;
    (void)first;
    client->figures.connected = false;
    for (size_t i = 0; i < QUESTIONS_MAX; i++) {
        client->questions[i].open = false; /* their steps will find silence */
    }
    driver_alarm(client->driver, "hsm.down", "connection lost", (int64_t)reason);
}

static const struct conn_events events = {
    .on_open = on_open, .on_message = on_message, .on_close = on_close};

static void on_failure(void *user, int uv_error, uint32_t wait_ms)
{
    struct hsm_client *client = user;
    struct log_line line;
    log_begin(&line, LOG_WARN, "hsm.unreachable");
    log_text(&line, "address", driver_parts(client->driver)->config->hsm_address);
    log_text(&line, "why", uv_strerror(uv_error));
    log_number(&line, "retry_ms", wait_ms);
    log_end(&line);
}

struct hsm_client *hsm_client_new(struct driver *driver)
{
    const struct driver_parts *parts = driver_parts(driver);
    struct conn_limits limits = {.count_max = 2, .in_len = HSM_IN_LEN, .out_len = HSM_OUT_LEN};
    struct hsm_client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        return NULL;
    }
    client->driver = driver;
    client->header_len = parts->config->hsm_header_len;
    client->number_mask = client->header_len >= 8 ? UINT32_MAX : (1u << 4 * client->header_len) - 1;
    client->endpoint =
        (struct endpoint){.framing = framing_find("len2"), .events = &events, .user = client};
    client->pool = conn_pool_new(parts->loop, &limits);
    if (client->pool == NULL || client->header_len > HEADER_LEN_MAX) {
        free(client);
        return NULL;
    }
    return client;
}

int hsm_client_dial(struct hsm_client *client)
{
    return dialler_open(client->pool, driver_parts(client->driver)->config->hsm_address,
                        (struct dial_backoff){100, 2000}, &client->endpoint, on_failure,
                        &client->dialler);
}

void hsm_client_shutdown(struct hsm_client *client)
{
    if (client->dialler != NULL) {
        dialler_close(client->dialler);
        client->dialler = NULL;
    }
    conn_pool_shutdown(client->pool);
}

void hsm_client_free(struct hsm_client *client)
{
    conn_pool_free(client->pool);
    free(client);
}

void hsm_client_ask(struct hsm_client *client, uint64_t token, enum event_kind answer,
                    const struct hsm_command *command)
{
    uint8_t buffer[HSM_MESSAGE_LEN_MAX + 64];
    uint8_t header[HEADER_LEN_MAX];
    uint8_t trailer[TRAILER_LEN];
    uint32_t number = client->next & client->number_mask;
    struct question *question = &client->questions[number & (QUESTIONS_MAX - 1)];
    struct writer out = writer_make(buffer, sizeof buffer);
    conn_id conn = client->dialler == NULL ? 0 : dialler_conn(client->dialler);
    write_header(client, number, header);
    write_trailer(client, token, trailer);
    struct hsm_envelope envelope = {span_make(header, client->header_len),
                                    span_make(trailer, sizeof trailer)};
    if (hsm_command_encode(command, &envelope, &out) != 0 ||
        conn_send(client->pool, conn, SPAN_NONE, writer_written(&out)) != 0) {
        client->figures.unsent++;
        bytes_wipe(buffer, out.len);
        return;
    }
    bytes_wipe(buffer, out.len);
    client->next++;
    client->figures.asked++;
    /* One that was never answered is forgotten here: should its answer still come, it is foreign.
     */
    *question = (struct question){true, (uint8_t)answer, command->code, number, token, uv_hrtime()};
}

struct hsm_figures hsm_client_figures(const struct hsm_client *client)
{
    struct hsm_figures figures = client->figures;
    figures.p99_us = histogram_percentile(&client->times_us, 9900);
    return figures;
}
