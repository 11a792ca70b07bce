#include "tests/load/population.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "iso8583/mti.h"
#include "tests/load/message.h"
#include "tests/load/population_state.h"

enum { TICK_MS = 1, TICK_SLOW_MS = 10, PROGRESS_MS = 5000 };

void population_clock(struct population *p)
{
    struct timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);
    stamp_make(&p->now, (int64_t)wall.tv_sec * 1000 + wall.tv_nsec / 1000000);
    p->now_us = uv_hrtime() / 1000;
    p->now_ms = p->now_us / 1000;
}

static struct seat *seat_of(const struct exchange *x)
{
    return LIST_OWNER(x->terminal, struct seat, terminal);
}

/* --- Journal ---------------------------------------------------------------------------------- */

static void journal_tell(struct population *p, const struct exchange *x, enum journal_event event)
{
    bool reversing = x->state == EXCHANGE_REVERSING && event != JOURNAL_ANSWER;
    journal_put(&p->journal, &(struct journal_line){
                                 .time_ms = p->now.wall_ms,
                                 .event = event,
                                 .terminal = x->terminal->row->id,
                                 .stan = x->stan,
                                 .sent_stan = reversing ? x->reversal_stan : x->stan,
                                 .mti = event == JOURNAL_ANSWER     ? mti_answer(kind_mti(x->kind))
                                        : event == JOURNAL_REVERSED ? mti_answer(x->wire_mti)
                                                                    : x->wire_mti,
                                 .date = x->began.date,
                                 .time = x->began.time,
                                 .de7 = x->de7_sent[(x->sendings - 1) % DE7_KEPT],
                                 .amount_minor = event == JOURNAL_ANSWER && x->approved_minor != 0
                                                     ? x->approved_minor
                                                     : x->amount_minor,
                                 .currency = x->terminal->rules->currency,
                                 .proc = kind_proc(x->kind),
                                 .pan_masked = x->card->masked,
                                 .pan_hash = x->card->pan_hash,
                                 .code = event == JOURNAL_ANSWER ? x->code : NULL,
                                 .auth = x->auth,
                                 .rrn = x->rrn,
                             });
}

/* --- Sending ---------------------------------------------------------------------------------- */

static conn_id seat_conn(struct seat *seat)
{
    uint32_t count = seat->population->plan.connections;
    for (uint32_t i = 0; i < count; i++) {
        struct link *link = &seat->links[seat->link_next];
        seat->link_next = (seat->link_next + 1) % count;
        if (link->conn != 0) {
            return link->conn;
        }
    }
    return 0;
}

static void lane_join(struct population *p, struct exchange *x)
{
    enum lane lane = LANE_REPEAT;
    if (x->state == EXCHANGE_ASKED && x->tries > p->plan.repeats) {
        lane = LANE_REVERSAL;
    }
    list_remove(&x->waiting);
    x->deadline_ms = p->now_ms + p->lane_ms[lane];
    list_append(&p->lane[lane], &x->waiting);
}

/* The message in @x's wire is to go out at the end of this turn. @made: what making it returned. */
static void exchange_send(struct population *p, struct exchange *x, int made,
                          enum journal_event event)
{
    if (made != 0) {
        fprintf(stderr, "terminal-sim: error: making a message: %s\n", err_text(made));
        abort(); /* Our own data and tables: nothing that a peer can cause. */
    }
    journal_tell(p, x, event);
    list_remove(&x->ready);
    list_append(&p->ready, &x->ready);
    lane_join(p, x);
}

static void exchange_finish(struct population *p, struct exchange *x, bool reversed)
{
    exchange_end(x, reversed);
    p->busy_count--;
    list_remove(&x->waiting);
    list_remove(&x->ready);
    if (seat_of(x)->links_up != 0) {
        list_append(&p->idle, &x->waiting);
    }
}

static void exchange_take_back(struct population *p, struct exchange *x)
{
    p->summary.reversals++;
    exchange_send(p, x, exchange_reverse(x, &p->now), JOURNAL_REVERSAL);
}

/* --- Waiting ---------------------------------------------------------------------------------- */

/* Its wait is over without an answer, and there is a connection. */
static void exchange_expire(struct population *p, struct exchange *x)
{
    x->stalled = false;
    if (x->state == EXCHANGE_ASKED && x->tries > p->plan.repeats) {
        exchange_take_back(p, x);
    } else if (x->state == EXCHANGE_ASKED) {
        p->summary.repeats++;
        exchange_send(p, x, exchange_repeat(x, &p->now), JOURNAL_REPEAT);
    } else {
        p->summary.reversals_again++;
        exchange_send(p, x, exchange_repeat(x, &p->now), JOURNAL_REVERSAL);
    }
}

static void lanes_expire(struct population *p)
{
    for (int i = 0; i < LANE_COUNT; i++) {
        struct list *head = list_first(&p->lane[i]);
        while (head != NULL) {
            struct exchange *x = LIST_OWNER(head, struct exchange, waiting);
            if (x->deadline_ms > p->now_ms) {
                break;
            }
            list_remove(&x->waiting);
            if (seat_of(x)->links_up == 0) {
                x->stalled = true; /* on_open goes on with it */
            } else {
                exchange_expire(p, x);
            }
            head = list_first(&p->lane[i]);
        }
    }
}

/* --- Hearing ---------------------------------------------------------------------------------- */

static void answer_took(struct population *p, const struct exchange *x)
{
    histogram_add(&p->summary.latency_us,
                  p->now_us > x->intended_us ? p->now_us - x->intended_us : 0);
    journal_tell(p, x, JOURNAL_ANSWER);
}

static void exchange_give_up(struct population *p, struct exchange *x)
{
    p->summary.gave_up++;
    p->summary.left_open += x->state == EXCHANGE_ASKED;
    journal_tell(p, x, JOURNAL_GAVE_UP);
    exchange_finish(p, x, false);
}

static void heard_act(struct population *p, struct exchange *x, enum heard heard)
{
    switch (heard) {
    case HEARD_APPROVED:
        answer_took(p, x);
        if (exchange_wants_reversal(x)) {
            exchange_take_back(p, x);
        } else {
            p->summary.approved++;
            exchange_finish(p, x, false);
        }
        break;
    case HEARD_DECLINED:
        answer_took(p, x);
        summary_decline(&p->summary, x->code);
        exchange_finish(p, x, false);
        break;
    case HEARD_REVERSED:
        p->summary.reversed++;
        journal_tell(p, x, JOURNAL_REVERSED);
        exchange_finish(p, x, true);
        break;
    case HEARD_REVERSAL_AGAIN:
        if (x->refusals >= REFUSALS_MAX) {
            exchange_give_up(p, x);
        }
        break;
    case HEARD_LATE:
        if (x != NULL) {
            answer_took(p, x);
        }
        break;
    default:
        break;
    }
}

static void on_message(void *user, conn_id conn, struct span tpdu, struct span message)
{
    (void)conn;
    (void)tpdu;
    struct link *link = user;
    struct population *p = link->seat->population;
    struct exchange *x = NULL;
    char code[3];
    population_clock(p);
    enum heard heard = terminal_hear(&link->seat->terminal, message, &x, code);
    p->summary.heard[heard]++;
    if (heard_is_broken(heard) && !p->plan.quiet) {
        fprintf(stderr, "terminal-sim: BROKEN: %s: terminal %s stan %06u code %s\n",
                heard_name(heard), link->seat->terminal.row->id, x != NULL ? x->stan : 0, code);
    }
    heard_act(p, x, heard);
    dialler_healthy(link->dialler);
}

/* --- Connections ------------------------------------------------------------------------------ */

static void on_open(void *user, conn_id conn, const char *peer)
{
    (void)peer;
    struct link *link = user;
    struct seat *seat = link->seat;
    struct population *p = seat->population;
    link->conn = conn;
    p->summary.connects++;
    seat->links_up++;
    if (seat->links_up != 1) {
        return;
    }
    population_clock(p);
    for (uint32_t i = 0; i < seat->terminal.window; i++) {
        struct exchange *x = &seat->terminal.exchanges[i];
        if (x->state == EXCHANGE_IDLE) {
            list_remove(&x->waiting);
            list_append(&p->idle, &x->waiting);
        } else if (x->stalled) {
            exchange_expire(p, x);
        }
    }
}

static void on_close(void *user, conn_id conn, enum conn_reason reason, int error,
                     struct span first)
{
    (void)error;
    (void)first;
    struct link *link = user;
    struct seat *seat = link->seat;
    CHECK(link->conn == conn && seat->links_up > 0);
    link->conn = 0;
    seat->links_up--;
    seat->population->summary.losses += reason != CONN_LOCAL;
    for (uint32_t i = 0; i < seat->terminal.window && seat->links_up == 0; i++) {
        if (seat->terminal.exchanges[i].state == EXCHANGE_IDLE) {
            list_remove(&seat->terminal.exchanges[i].waiting);
        }
    }
}

const struct conn_events population_events = {
    .on_open = on_open, .on_message = on_message, .on_close = on_close};

/* --- The turn --------------------------------------------------------------------------------- */

/* How many transactions should have begun by now. */
static uint64_t due_count(const struct population *p)
{
    uint64_t due = UINT64_MAX;
    if (p->plan.rate != 0) {
        due = (p->now_us - p->start_us) * p->plan.rate / 1000000 + 1;
    }
    return p->plan.count != 0 && due > p->plan.count ? p->plan.count : due;
}

static void transactions_begin(struct population *p)
{
    uint64_t due = due_count(p);
    struct list *head = list_first(&p->idle);
    while (head != NULL && p->summary.started < due && !p->stopping) {
        struct exchange *x = LIST_OWNER(head, struct exchange, waiting);
        x->intended_us = p->now_us;
        if (p->plan.rate != 0) {
            x->intended_us = p->start_us + p->summary.started * 1000000 / p->plan.rate;
            p->summary.late_starts += p->now_us > x->intended_us + 1000;
        }
        p->summary.started++;
        p->busy_count++;
        exchange_send(p, x, exchange_begin(x, &p->now), JOURNAL_SENT);
        head = list_first(&p->idle);
    }
}

static void ready_send(struct population *p)
{
    struct list *head = list_first(&p->ready);
    while (head != NULL) {
        struct exchange *x = LIST_OWNER(head, struct exchange, ready);
        list_remove(&x->ready);
        conn_id conn = seat_conn(seat_of(x));
        if (conn != 0 &&
            conn_send(p->pool, conn, SPAN_NONE, span_make(x->wire, x->wire_len)) == 0) {
            p->summary.messages_sent++;
        } /* Else it is lost, as on any line: the wait runs. */
        head = list_first(&p->ready);
    }
}

static void stop_begin(struct population *p)
{
    if (!p->stopping) {
        p->stopping = true;
        p->stop_ms = p->now_ms;
    }
}

static void handles_close(struct population *p)
{
    p->settled = true;
    p->summary.ended_us = p->now_us;
    for (uint32_t i = 0; i < p->plan.terminal_count * p->plan.connections; i++) {
        dialler_close(p->links[i].dialler);
    }
    conn_pool_shutdown(p->pool);
    uv_close((uv_handle_t *)&p->tick, NULL);
    uv_close((uv_handle_t *)&p->turn, NULL);
    uv_close((uv_handle_t *)&p->signals[0], NULL);
    uv_close((uv_handle_t *)&p->signals[1], NULL);
}

/* The end, if it is reached: nothing in flight, or no more patience, or no use in going on. */
static void end_check(struct population *p)
{
    uint64_t elapsed_ms = p->now_ms - p->start_us / 1000;
    if (p->summary.connects == 0 && elapsed_ms >= p->plan.connect_ms && p->result == 0) {
        p->result = ERR_CONNECT;
    }
    if ((p->plan.count != 0 && p->summary.started >= p->plan.count) ||
        (p->plan.duration_ms != 0 && elapsed_ms >= p->plan.duration_ms)) {
        stop_begin(p);
    }
    bool patient = p->now_ms - p->stop_ms < p->plan.settle_ms;
    if (p->result == 0 && (!p->stopping || (p->busy_count != 0 && patient))) {
        return;
    }
    uint64_t exchange_count = (uint64_t)p->plan.terminal_count * p->plan.window;
    for (uint64_t i = 0; i < exchange_count; i++) {
        if (p->exchanges[i].state != EXCHANGE_IDLE) {
            exchange_give_up(p, &p->exchanges[i]);
        }
    }
    int synced = journal_sync(&p->journal);
    p->result = p->result == 0 ? synced : p->result;
    handles_close(p);
}

static void on_turn(uv_prepare_t *handle)
{
    struct population *p = handle->data;
    population_clock(p);
    transactions_begin(p);
    int synced = journal_sync(&p->journal);
    if (synced != 0) {
        p->result = p->result == 0 ? synced : p->result;
    } else {
        ready_send(p);
        conn_flush_all(p->pool);
    }
    end_check(p);
}

static void on_tick(uv_timer_t *handle)
{
    struct population *p = handle->data;
    population_clock(p);
    lanes_expire(p);
    if (!p->plan.quiet && p->now_ms >= p->progress_ms) {
        const struct summary *s = &p->summary;
        p->progress_ms = p->now_ms + PROGRESS_MS;
        fprintf(stderr,
                "terminal-sim: %" PRIu64 " s begun %" PRIu64 " approved %" PRIu64
                " declined %" PRIu64 " reversed %" PRIu64 " in flight %" PRIu64 "\n",
                (p->now_us - p->start_us) / 1000000, s->started, s->approved, s->declined,
                s->reversed, p->busy_count);
    }
}

static void on_signal(uv_signal_t *handle, int number)
{
    (void)number;
    struct population *p = handle->data;
    if (p->stopping) {
        p->plan.settle_ms = 0;
    }
    stop_begin(p);
}

int population_run(struct population *p)
{
    uint64_t tick_ms = p->plan.rate != 0 ? TICK_MS : TICK_SLOW_MS;
    CHECK(uv_prepare_start(&p->turn, on_turn) == 0);
    CHECK(uv_timer_start(&p->tick, on_tick, tick_ms, tick_ms) == 0);
    CHECK(uv_signal_start(&p->signals[0], on_signal, SIGTERM) == 0);
    CHECK(uv_signal_start(&p->signals[1], on_signal, SIGINT) == 0);
    population_clock(p);
    p->start_us = p->now_us;
    p->summary.began_us = p->now_us;
    p->progress_ms = p->now_ms + PROGRESS_MS;
    uv_run(&p->loop, UV_RUN_DEFAULT);
    CHECK(p->settled);
    return p->result;
}

const struct summary *population_summary(const struct population *p)
{
    return &p->summary;
}

void population_close(struct population *p)
{
    if (p->pool != NULL && p->settled) {
        conn_pool_free(p->pool);
        CHECK(uv_loop_close(&p->loop) == 0);
    }
    journal_close(&p->journal);
    for (uint32_t i = 0; p->seats != NULL && i < p->plan.terminal_count; i++) {
        terminal_deinit(&p->seats[i].terminal);
    }
    if (p->exchanges != NULL) {
        size_t count = (size_t)p->plan.terminal_count * p->plan.window;
        bytes_wipe(p->exchanges, count * sizeof *p->exchanges);
    }
    free(p->seats);
    free(p->exchanges);
    free(p->past);
    free(p->links);
    tdes_ciphers_deinit(&p->ciphers);
    free(p);
}
