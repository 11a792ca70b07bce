/* A core of one listener, terminal, issuer and link, for tests that look inside it. */
#pragma once

#include <check.h>
#include <stdlib.h>

#include "switch/core/core_state.h"
#include "tests/unit/iso8583/suite.h"

enum { SMALL_NOW_MS = 5000 };
#define SMALL_WALL_MS 1795262400000LL /* 2026-11-21T12:00:00Z */

struct small_core {
    struct listener_settings listener;
    struct group_settings group;
    struct terminal_settings terminal;
    struct issuer_settings issuer;
    struct link_settings link;
    struct core_settings settings;
    struct routes *routes;
    void *memory;
    struct core *core;
    struct actions out;
};

static inline void small_core_step(struct small_core *s, struct event *event)
{
    event->now_ms = event->now_ms != 0 ? event->now_ms : SMALL_NOW_MS;
    event->wall_ms = SMALL_WALL_MS;
    core_step(s->core, event, &s->out);
}

static inline struct small_core *small_core_open(void)
{
    struct small_core *s = calloc(1, sizeof *s);
    struct route_row row = {.low = "411111", .high = "411111", .issuer = 0, .line = 1};
    uint32_t first = 0;
    uint32_t second = 0;
    ck_assert_ptr_nonnull(s);
    ck_assert_int_eq(routes_build(&row, 1, &s->routes, &first, &second), 0);
    const struct iso_dialect *dialect = dialect_find("iso87_ascii");
    s->listener = (struct listener_settings){
        .name = "gate", .framing = *framing_find("len2"), .dialect = dialect, .connections_max = 4};
    s->group = (struct group_settings){.name = "group", .acquirer = "100001"};
    s->terminal = (struct terminal_settings){.id = "TERM0001"};
    s->issuer = (struct issuer_settings){
        .name = "visa", .approve = {"00", "08", "10", "77"}, .doubt = {"91"}};
    s->link = (struct link_settings){.name = "link",
                                     .framing = *framing_find("len2"),
                                     .dialect = dialect,
                                     .answer_ms = 10000,
                                     .echo_ms = 30000,
                                     .pending_max = 8};
    s->settings = (struct core_settings){.listeners = &s->listener,
                                         .groups = &s->group,
                                         .terminals = &s->terminal,
                                         .issuers = &s->issuer,
                                         .links = &s->link,
                                         .routes = s->routes,
                                         .listener_count = 1,
                                         .group_count = 1,
                                         .terminal_count = 1,
                                         .issuer_count = 1,
                                         .link_count = 1,
                                         .slots_max = 8,
                                         .slots_reserved = 2,
                                         .reversals_max = 4,
                                         .hsm_ms = 1000,
                                         .reversal_answer_ms = 2000,
                                         .retry_first_ms = 1000,
                                         .retry_max_ms = 8000,
                                         .agains_max = 20,
                                         .dead_retry_ms = 3600000,
                                         .seed = 1,
                                         .stan_first = 1,
                                         .stan_last = 999};
    s->memory = calloc(1, core_memory(&s->settings));
    ck_assert_ptr_nonnull(s->memory);
    s->core = core_init(s->memory, &s->settings, SMALL_WALL_MS);
    return s;
}

static inline void small_core_close(struct small_core *s)
{
    routes_free(s->routes);
    free(s->memory);
    free(s);
}

/* The first action of @kind of the last step, or NULL. */
static inline const struct action *small_core_did(const struct small_core *s, enum action_kind kind)
{
    for (uint32_t i = 0; i < s->out.count; i++) {
        if (s->out.list[i].kind == kind) {
            return &s->out.list[i];
        }
    }
    return NULL;
}
