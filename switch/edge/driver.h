/* The driver: feed an event to the core, perform its actions, keep the figures.
 *
 * The one place where clocks are read, the one uv_timer of the core's deadline, and the one place
 * that logs a transaction. Edge files translate (bytes -> event, action -> bytes) and decide
 * nothing. */
#pragma once

#include <uv.h>

#include "switch/config/config.h"
#include "switch/core/core.h"
#include "switch/edge/figures.h"
#include "switch/edge/strays.h"
#include "switch/store/seal.h"
#include "switch/store/store.h"

struct driver;
struct terminal_edge;
struct issuer_edge;
struct hsm_client;

/* What the driver stands between; all outlive it. */
struct driver_parts {
    uv_loop_t *loop;
    const struct config *config;
    struct core *core;
    struct store *store;
    struct seal *seal;
    uint32_t epoch; /* of this process: in every HSM token */
};

/* NULL if memory is short. */
struct driver *driver_new(const struct driver_parts *parts);
void driver_free(struct driver *driver);

/* Give it the edges it performs actions on (after both are made; each needs the other). */
void driver_connect(struct driver *driver, struct terminal_edge *terminals,
                    struct issuer_edge *issuers, struct hsm_client *hsm);

/* One event: clocks are filled in here. Not from within an action. */
void driver_feed(struct driver *driver, struct event *event);

/* The store's answers (store_start()'s callback). @context is the driver. */
void driver_on_stored(void *context, const struct book_answer *answer);

/* Ask the book for something that is no transaction (cutover, files): @done is called with the
 * answer on the loop thread. ERR_FULL if too many are asked at once. */
MUST_USE int driver_ask_book(struct driver *driver, struct book_request *request,
                             void (*done)(void *context, const struct book_answer *answer),
                             void *context);

/* May an edge write a line of @event about @subject now, or have there been too many
 * (log_limit.h)? How many were left out is told by the driver. */
bool driver_may_log(struct driver *driver, const char *event, const char *subject);

/* Count an alarm that an edge raised, and log it unless there have been too many: at WARN, after
 * driver_stop() at INFO. */
void driver_alarm(struct driver *driver, const char *name, const char *subject, int64_t number);

/* The same with a reason for people, in the log. */
void driver_alarm_why(struct driver *driver, const char *name, const char *subject, int64_t number,
                      const char *why);

/* Is the number of alarm @name an MTI? It is shown by its four digits then. */
bool alarm_tells_mti(const char *name);

const struct figures *driver_figures(const struct driver *driver);
const struct strays *driver_strays(const struct driver *driver);
const struct driver_parts *driver_parts(const struct driver *driver);

/* Stop the timers; call before the loop is closed. What closes from now on was our own doing. */
void driver_stop(struct driver *driver);
