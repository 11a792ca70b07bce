/* For the tests of stations: a script from text, its stations, and a scope to make values in. */
#pragma once

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/isotest/station.h"

/* 2026-11-21 10:15:30.250 UTC, the 325th day. */
#define WORLD_WALL_MS 1795256130250LL

#define KEY_LINES                                                                                  \
    "key tpk:T1 0123456789ABCDEFFEDCBA9876543210\n"                                                \
    "key tak:T1 13345779133457791334577913345779\n"                                                \
    "key imk:test 0123456789ABCDEFFEDCBA9876543210\n"

#define T1_BEGIN                                                                                   \
    "terminal T1 {\n connect 127.0.0.1:8583\n dialect iso87_bcd\n frame len2+tpdu 6000010000\n"    \
    " 41 TERM0001\n 42 MERCHANT0000001\n"
#define T1   T1_BEGIN "}\n"
#define VISA "issuer VISA {\n listen 127.0.0.1:9001\n dialect iso87_ascii\n frame len2\n}\n"
#define CARD_BEGIN                                                                                 \
    "card gold {\n pan 4111111111111111\n exp 2912\n svc 201\n psn 01\n pin 1234\n"                \
    " imk imk:test\n atc 1\n"
#define CARD CARD_BEGIN "}\n"

/* Bodies of a test: the script's text is what it needs, then this. */
#define TEST(body) "test \"t\" {\n" body "}\n"

enum { WORLD_VARIABLES_MAX = 64 };

struct world {
    struct script *script;
    struct span variables[WORLD_VARIABLES_MAX];
    struct span row[WORLD_VARIABLES_MAX];
    uint64_t counters[WORLD_VARIABLES_MAX];
    uint64_t random;
    struct scope scope;
    struct station *station[4]; /* in the order of the declarations */
    struct held sent, asked, got, made;
    struct fault fault;
    struct span tpdu;
    char told[8192];
};

static inline void world_report(void *context, const char *text)
{
    (void)context;
    (void)fprintf(stderr, "%s\n", text);
}

static inline void world_told(void *context, const char *line)
{
    struct world *w = context;
    size_t len = strlen(w->told);
    (void)snprintf(w->told + len, sizeof w->told - len, "%s\n", line);
}

/* Parse @text; open no station yet. */
static inline struct world *world_parse(const char *text)
{
    struct world *w = calloc(1, sizeof *w);
    struct script_options options = {.report = world_report};
    ck_assert_ptr_nonnull(w);
    ck_assert_int_eq(script_parse_text("t.isot", span_text(text), &options, &w->script), 0);
    ck_assert_uint_le(w->script->variable_count, WORLD_VARIABLES_MAX);
    ck_assert_uint_le(w->script->column_count, WORLD_VARIABLES_MAX);
    ck_assert_uint_le(w->script->counter_count, WORLD_VARIABLES_MAX);
    w->random = 1;
    w->scope = (struct scope){.script = w->script,
                              .variables = w->variables,
                              .sent = &w->sent,
                              .asked = &w->asked,
                              .got = &w->got,
                              .random = &w->random,
                              .counters = w->counters,
                              .wall_ms = WORLD_WALL_MS};
    return w;
}

static inline struct world *world_open(const char *text)
{
    struct world *w = world_parse(text);
    unsigned at = 0;
    for (struct peer_decl *peer = w->script->peers; peer != NULL; peer = peer->next, at++) {
        ck_assert_uint_lt(at, 4);
        ck_assert_msg(station_open(peer, peer->first, &w->scope, &w->station[at], &w->fault) == 0,
                      "%s", w->fault.text);
        station_explain(w->station[at], world_told, w);
    }
    return w;
}

static inline void world_close(struct world *w)
{
    for (unsigned i = 0; i < 4; i++) {
        station_close(w->station[i]);
    }
    script_free(w->script);
    free(w);
}

/* Statement @index (from 0) of the only test. */
static inline struct stmt *world_stmt(const struct world *w, unsigned index)
{
    struct stmt *stmt = w->script->tests->body;
    while (index-- > 0) {
        stmt = stmt->next;
    }
    ck_assert_ptr_nonnull(stmt);
    return stmt;
}

/* What statement @index sends, in w->made. */
static inline int world_try_send(struct world *w, unsigned index)
{
    struct stmt *stmt = world_stmt(w, index);
    ck_assert_int_eq(stmt->kind, STMT_SEND);
    return compose_send(w->station[0], &stmt->u.send, &w->scope, NULL, &w->made, &w->tpdu,
                        &w->fault);
}

static inline void world_send(struct world *w, unsigned index)
{
    ck_assert_msg(world_try_send(w, index) == 0, "%s", w->fault.text);
    ck_assert(w->made.present);
}

/* Let @to be what comes out at the other end of the wire of @from, in @dialect's reading. */
static inline void world_carry(const struct held *from, const char *dialect, struct held *to)
{
    struct iso_error error;
    ck_assert_int_eq(
        held_read(to, dialect_find(dialect), span_make(from->wire, from->wire_len), &error), 0);
}

static inline const char *text_of(const struct held *held, unsigned de)
{
    static char text[8][1024];
    static unsigned next;
    char *to = text[next++ % 8];
    struct span bytes = iso_get(&held->msg, de);
    bool is_text = held->msg.dialect->field[de].content != ISO_B;
    if (!iso_has(&held->msg, de)) {
        return "absent";
    }
    if (is_text) {
        (void)snprintf(to, 1024, "%.*s", (int)bytes.len, (const char *)bytes.ptr);
    } else {
        hex_encode(bytes, (uint8_t *)to);
        to[2 * bytes.len] = '\0';
    }
    return to;
}

static inline int run_tests(const char *name, const TTest *const *tests, size_t count)
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);
    suite_add_tcase(suite, tcase);
    for (size_t i = 0; i < count; i++) {
        tcase_add_test(tcase, tests[i]);
    }
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
