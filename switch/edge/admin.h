/* The admin socket: one JSON object a line in, one a line out, in order.
 *
 *     {"cmd":"link.down","name":"visa1"}   ->   {"v":1,"ok":true}
 *     {"cmd":"nonsense"}                   ->   {"v":1,"ok":false,"error":"no command ..."}
 *
 * Only the owner of the process may open it (mode 0600). Clients, requests and patience are
 * bounded: ADMIN_CLIENT_COUNT_MAX clients, ADMIN_REQUEST_LEN_MAX bytes a request, one request of a
 * client at a time, and a client that does not take its answer within ADMIN_WRITE_MS is closed.
 *
 * Commands are a table of the user's. `help` is built in. A command answers at once, or later
 * (what must ask the store): it returns ADMIN_PENDING and calls admin_complete() with its id.
 *
 * What the daemon's commands are asked and answer ("v" and "ok" are added here; times are
 * wall-clock ms, money is minor units with the currency's ISO code; * = optional in a request):
 *
 *  cmd          request                      answer
 *  status       -                            version, uptime_ms, day {current, state},
 *                                            links [LINK], terminals {connected},
 *                                            hsm HSM with unsent, units [HSM with address],
 *                                            store {used_permille, commits, requests,
 *                                              batch_largest, waiting},
 *                                            slots {used, free, peak},
 *                                            totals [{kind, code, count, repeats}],
 *                                            latency [{stage, count, mean_us, p50_us, p99_us,
 *                                              p999_us, max_us}]  (stage "whole" first),
 *                                            alarms [ALARM]
 *  tx.show      seq | terminal, stan |       tx: TX with journal [{seq, at_ms, what, text}]
 *               terminal*, rrn               (the newest; a reversal only if nothing else has the
 *                                            number. With a terminal it is looked up; rrn alone,
 *                                            and what the index has not, takes seconds of search)
 *  tx.list      last*  (20, at most 1000)    txs [TX]  (newest first)
 *  day.show     day*                         days [DAY]  (newest first)
 *  day.cutover  day*   (the next), force*    day  (refused: not later than the open one, and more
 *                                            than a week after it unless force is true)
 *  day.sign_off day*   (the oldest CUT)      day
 *  link.list    -                            links [LINK]
 *  link.show    name                         link LINK, strays [STRAY]  (newest first, at most 32)
 *  link.up      name                         -    (link.down and link.drain alike)
 *  saf.list     limit*  (100, at most 1000)  saf [{due_seq, seq, issuer, since_ms, tries, dead,
 *               after*  (a "next")             amount_minor, currency, pan, terminal}],
 *                                            total, next (text; not there on the last page)
 *  saf.resolve  seq    (of a dead letter)    day
 *  alarms       -                            alarms [ALARM]
 *  stop         -                            -    (the daemon drains and ends)
 *
 *  LINK   name, issuer, state, since_ms (how long in this state), pending, reversals, sent,
 *         answered, timed_out, late, unmatched
 *  HSM    state (up, tripped, down), asked, answered, in_flight, overdue, mismatched, p99_us
 *  STRAY  an answer that paired with nothing: at_ms, mti, stan, rrn, code, near {seq, stan, rrn}
 *         (the nearest pending request; not there: none is near), differs [{field ("DE11", "MTI"),
 *         expected, got}] (none, with a near: that request has its answer already)
 *  ALARM  name, subject, number, mti (where the number is one: "0210"), count, at_ms
 *  TX     seq, state, kind, mti, day, opened_ms, handed_ms, closed_ms, group, acquirer, terminal,
 *         merchant, stan, rrn, proc, mcc, pan (masked), amount_minor, approved_minor,
 *         remaining_minor, currency, issuer, link, link_stan, reversal_stan, code, auth, marked,
 *         asked, original_seq, item_seq, due_seq
 *  DAY    day, state, opened_ms, closed_ms, open_count, due_count, dead_count, totals [{issuer,
 *         acquirer, currency, sales_count, sales_minor, refunds_count, refunds_minor,
 *         sales_reversed_count, sales_reversed_minor, refunds_reversed_count,
 *         refunds_reversed_minor, declined_count, unknown_count, reversal_done_count, late_count,
 *         net_minor}] */
#pragma once

#include <jansson.h>
#include <uv.h>

#include "iso8583/base/error.h"

enum {
    ADMIN_CLIENT_COUNT_MAX = 16,
    ADMIN_REQUEST_LEN_MAX = 64 << 10,
    ADMIN_PATH_LEN_MAX = 107, /* sockaddr_un.sun_path, with its NUL */
    ADMIN_WRITE_MS = 5000,    /* for a client to take its answer */
    ADMIN_IDLE_MS = 120000,   /* between requests */
};

struct admin;

/* A request in hand: a client and a generation. Stale once the client is gone. */
typedef uint64_t admin_id;

/* To be returned by a command that answers later. */
#define ADMIN_PENDING json_null()

/* To add a command: a row in the user's table (a row without a name ends it), a row in the table
 * above, and one in tools/switchctl/verb.c. */
struct admin_command {
    const char *name;
    const char *help; /* one line */
    /* @request is the whole object, borrowed for the call. Returns a new object with the members of
     * the answer (json_object() if there are none), or NULL after setting @error (its text must
     * live until the call has returned), or ADMIN_PENDING. */
    json_t *(*run)(void *daemon, admin_id id, const json_t *request, const char **error);
};

/* Listen at @path. A socket file that nobody listens on is replaced. @commands and @daemon outlive
 * it. Returns 0 and sets @out; ERR_EXISTS if somebody listens there or it is no socket, ERR_LENGTH
 * if the path is longer than a socket's may be, ERR_IO (errno tells), ERR_MEMORY. */
MUST_USE int admin_open(uv_loop_t *loop, const char *path, const struct admin_command *commands,
                        void *daemon, struct admin **out);

/* Answer a pending request: @answer is taken over (NULL: the answer is @error). If the client is
 * gone it is dropped. */
void admin_complete(struct admin *admin, admin_id id, json_t *answer, const char *error);

/* Clients now. */
uint32_t admin_client_count(const struct admin *admin);

/* Stop listening, remove the socket file, close all clients (an answer being written is lost);
 * frees itself when the loop has closed its handles. */
void admin_close(struct admin *admin);
