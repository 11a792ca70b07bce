#include "switch/edge/hsm_unit.h"

#include <stdlib.h>

#include "iso8583/base/log.h"
#include "iso8583/net/dial.h"

enum {
    HSM_IN_LEN = 262144,
    HSM_OUT_LEN = 1048576,
    TRAILER_LEN = 24, /* epoch 8H, token 16H */
    HEADER_LEN_MAX = 16,
};

enum question_state { QUESTION_FREE, QUESTION_OPEN, QUESTION_OVERDUE };

struct question {
    uint8_t state; /* enum question_state */
    bool is_probe;
    uint8_t asks; /* enum event_kind of its answer */
    uint16_t code;
    uint32_t number; /* what its header says */
    uint64_t token;
    uint64_t asked_ns;
};

struct hsm_unit {
    struct driver *driver;
    const char *address;
    struct conn_pool *pool;
    struct dialler *dialler;
    struct endpoint endpoint;
    size_t header_len;
    uint32_t number_mask; /* how many numbers the header can tell apart */
    uint32_t in_flight_max;
    uint32_t oldest; /* all before it are no longer open */
    uint32_t next;
    uint32_t failures; /* in a row */
    bool tripped;
    uint64_t probed_ns; /* when the last NC was sent */
    bool connected;
    struct hsm_unit_figures figures;
    struct histogram times_us;
    struct question questions[HSM_IN_FLIGHT_MAX]; /* by number; a power of two */
};

static void tell(const struct hsm_unit *unit, const char *name)
{
    struct log_line line;
    log_begin(&line, LOG_INFO, name);
    log_text(&line, "address", unit->address);
    log_end(&line);
}

/* --- how well it does ------------------------------------------------------------------------- */

static void failed(struct hsm_unit *unit)
{
    unit->failures++;
    if (unit->failures == HSM_FAILURES_MAX && !unit->tripped) {
        unit->tripped = true;
        unit->probed_ns = uv_hrtime();
        driver_alarm(unit->driver, "hsm.tripped", unit->address, unit->failures);
    }
}

static void did_well(struct hsm_unit *unit)
{
    unit->failures = 0;
    if (unit->tripped) {
        unit->tripped = false;
        tell(unit, "hsm.recovered");
    }
}

static struct question *question_at(struct hsm_unit *unit, uint32_t number)
{
    return &unit->questions[number & unit->number_mask & (HSM_IN_FLIGHT_MAX - 1)];
}

/* The window begins behind what is answered. */
static void window_move(struct hsm_unit *unit)
{
    while (unit->oldest != unit->next && question_at(unit, unit->oldest)->state != QUESTION_OPEN) {
        unit->oldest++;
    }
}

static void overdue_find(struct hsm_unit *unit)
{
    uint64_t patience_ns =
        (uint64_t)driver_parts(unit->driver)->config->core.hsm_ms * UINT64_C(1000000);
    uint64_t now_ns = uv_hrtime();
    for (; unit->oldest != unit->next; unit->oldest++) {
        struct question *question = question_at(unit, unit->oldest);
        if (question->state != QUESTION_OPEN) {
            continue;
        }
        if (now_ns - question->asked_ns < patience_ns) {
            break;
        }
        question->state = QUESTION_OVERDUE; /* Its answer may still come, and is no mismatch. */
        unit->figures.in_flight--;
        unit->figures.overdue++;
        failed(unit);
    }
}

/* --- asking ----------------------------------------------------------------------------------- */

/* The counter as upper-case hex, as wide as the header is. */
static void write_header(const struct hsm_unit *unit, uint32_t number, uint8_t *out)
{
    for (size_t i = unit->header_len; i-- > 0;) {
        out[i] = hex_digit(number & 15u);
        number >>= 4;
    }
}

static void write_trailer(const struct hsm_unit *unit, uint64_t token, uint8_t *out)
{
    uint8_t raw[12];
    be32_put(raw, driver_parts(unit->driver)->epoch);
    be64_put(raw + 4, token);
    hex_encode(span_make(raw, sizeof raw), out);
}

static bool ask(struct hsm_unit *unit, uint64_t token, uint8_t answer, bool is_probe,
                const struct hsm_command *command)
{
    uint8_t buffer[HSM_MESSAGE_LEN_MAX + 64];
    uint8_t header[HEADER_LEN_MAX];
    uint8_t trailer[TRAILER_LEN];
    uint32_t number = unit->next & unit->number_mask;
    struct writer out = writer_make(buffer, sizeof buffer);
    conn_id conn = unit->dialler == NULL ? 0 : dialler_conn(unit->dialler);
    write_header(unit, number, header);
    write_trailer(unit, token, trailer);
    struct hsm_envelope envelope = {span_make(header, unit->header_len),
                                    span_make(trailer, sizeof trailer)};
    bool sent = hsm_command_encode(command, &envelope, &out) == 0 &&
                conn_send(unit->pool, conn, SPAN_NONE, writer_written(&out)) == 0;
    bytes_wipe(buffer, out.len);
    if (!sent) {
        return false;
    }
    /* One that was never answered is forgotten here: should its answer still come, it is foreign.
     */
    *question_at(unit, number) = (struct question){
        QUESTION_OPEN, is_probe, answer, command->code, number, token, uv_hrtime()};
    unit->next++;
    unit->figures.asked++;
    unit->figures.in_flight++;
    return true;
}

static bool has_room(const struct hsm_unit *unit)
{
    return unit->connected && unit->next - unit->oldest < unit->in_flight_max;
}

uint32_t hsm_unit_in_flight(const struct hsm_unit *unit)
{
    return unit->figures.in_flight;
}

bool hsm_unit_takes(const struct hsm_unit *unit)
{
    return has_room(unit) && !unit->tripped;
}

bool hsm_unit_ask(struct hsm_unit *unit, uint64_t token, enum event_kind answer,
                  const struct hsm_command *command)
{
    return ask(unit, token, (uint8_t)answer, false, command);
}

void hsm_unit_tick(struct hsm_unit *unit)
{
    uint64_t probe_ns = HSM_PROBE_MS * UINT64_C(1000000);
    overdue_find(unit);
    if (unit->tripped && has_room(unit) && uv_hrtime() - unit->probed_ns >= probe_ns) {
        struct hsm_command command = {.code = HSM_CODE('N', 'C')};
        unit->probed_ns = uv_hrtime();
        (void)ask(unit, 0, 0, true, &command);
    }
}

/* --- answers ---------------------------------------------------------------------------------- */

static struct question *question_of(struct hsm_unit *unit, const struct hsm_envelope *envelope,
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
    struct question *question = question_at(unit, number);
    if (question->state == QUESTION_FREE || question->number != number ||
        hsm_reply_code(question->code) != reply_code) {
        return NULL;
    }
    write_trailer(unit, question->token, expected);
    return span_equal(envelope->trailer, span_make(expected, sizeof expected)) ? question : NULL;
}

static void cut(struct hsm_unit *unit, conn_id conn, const char *why)
{
    unit->figures.mismatched++;
    driver_alarm_why(unit->driver, "hsm.mismatch", unit->address, 0, why);
    conn_close(unit->pool, conn, false);
}

static void on_message(void *user, conn_id conn, struct span tpdu, struct span message)
{
    struct hsm_unit *unit = user;
    struct hsm_reply reply;
    struct hsm_envelope envelope;
    (void)tpdu;
    dialler_healthy(unit->dialler);
    if (hsm_reply_decode(message, unit->header_len, &reply, &envelope) != 0) {
        cut(unit, conn, "an answer that is no reply");
        return;
    }
    struct question *question = question_of(unit, &envelope, reply.code);
    if (question == NULL) {
        cut(unit, conn, "an answer to another question");
        return;
    }
    bool in_time = question->state == QUESTION_OPEN;
    question->state = QUESTION_FREE;
    unit->figures.in_flight -= in_time;
    unit->figures.answered++;
    histogram_add(&unit->times_us, (uv_hrtime() - question->asked_ns) / 1000);
    window_move(unit);
    if (in_time && reply.error == HSM_INTERNAL) {
        failed(unit);
    } else if (in_time && (question->is_probe || !unit->tripped)) {
        did_well(unit);
    }
    if (question->is_probe) {
        return;
    }
    struct event event = {.kind = (enum event_kind)question->asks};
    event.u.hsm.token = question->token;
    event.u.hsm.reply = &reply;
    driver_feed(unit->driver, &event);
}

/* --- the connection --------------------------------------------------------------------------- */

static void on_open(void *user, conn_id conn, const char *peer)
{
    struct hsm_unit *unit = user;
    (void)conn;
    (void)peer;
    unit->connected = true;
    unit->failures = 0;
    unit->tripped = false;
    tell(unit, "hsm.up");
}

static void on_close(void *user, conn_id conn, enum conn_reason reason, int error,
                     struct span first)
{
    struct hsm_unit *unit = user;
    (void)conn;
    (void)error;
    (void)first;
    unit->connected = false;
    for (size_t i = 0; i < HSM_IN_FLIGHT_MAX; i++) {
        unit->questions[i].state = QUESTION_FREE; /* their steps will find silence */
    }
    unit->oldest = unit->next;
    unit->figures.in_flight = 0;
    driver_alarm_why(unit->driver, "hsm.down", unit->address, (int64_t)reason, "connection lost");
}

static const struct conn_events events = {
    .on_open = on_open, .on_message = on_message, .on_close = on_close};

static void on_failure(void *user, int uv_error, uint32_t wait_ms)
{
    struct hsm_unit *unit = user;
    struct log_line line;
    log_begin(&line, LOG_WARN, "hsm.unreachable");
    log_text(&line, "address", unit->address);
    log_text(&line, "why", uv_strerror(uv_error));
    log_number(&line, "retry_ms", wait_ms);
    log_end(&line);
}

struct hsm_unit *hsm_unit_new(struct driver *driver, const char *address)
{
    const struct driver_parts *parts = driver_parts(driver);
    struct conn_limits limits = {.count_max = 2, .in_len = HSM_IN_LEN, .out_len = HSM_OUT_LEN};
    struct hsm_unit *unit = calloc(1, sizeof *unit);
    if (unit == NULL) {
        return NULL;
    }
    unit->driver = driver;
    unit->address = address;
    unit->header_len = parts->config->hsm_header_len;
    unit->number_mask = unit->header_len >= 8 ? UINT32_MAX : (1u << 4 * unit->header_len) - 1;
    unit->in_flight_max = parts->config->hsm_in_flight;
    if (unit->number_mask < unit->in_flight_max) {
        unit->in_flight_max = unit->number_mask;
    }
    unit->endpoint =
        (struct endpoint){.framing = framing_find("len2"), .events = &events, .user = unit};
    unit->pool = conn_pool_new(parts->loop, &limits);
    if (unit->pool == NULL || unit->header_len > HEADER_LEN_MAX) {
        free(unit);
        return NULL;
    }
    return unit;
}

int hsm_unit_dial(struct hsm_unit *unit)
{
    return dialler_open(unit->pool, unit->address, (struct dial_backoff){100, 2000},
                        &unit->endpoint, on_failure, &unit->dialler);
}

void hsm_unit_shutdown(struct hsm_unit *unit)
{
    if (unit->dialler != NULL) {
        dialler_close(unit->dialler);
        unit->dialler = NULL;
    }
    conn_pool_shutdown(unit->pool);
}

void hsm_unit_free(struct hsm_unit *unit)
{
    if (unit != NULL) {
        conn_pool_free(unit->pool);
        free(unit);
    }
}

struct hsm_unit_figures hsm_unit_figures(const struct hsm_unit *unit)
{
    struct hsm_unit_figures figures = unit->figures;
    figures.state = !unit->connected ? HSM_IS_DOWN : unit->tripped ? HSM_IS_TRIPPED : HSM_IS_UP;
    figures.p99_us = histogram_percentile(&unit->times_us, 9900);
    return figures;
}

const char *hsm_unit_address(const struct hsm_unit *unit)
{
    return unit->address;
}

const char *hsm_state_name(enum hsm_state state)
{
    static const char *const names[] = {
        [HSM_IS_DOWN] = "down", [HSM_IS_TRIPPED] = "tripped", [HSM_IS_UP] = "up"};
    return names[state];
}
