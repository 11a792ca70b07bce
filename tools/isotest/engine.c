#include "tools/isotest/engine.h"

#include <stdio.h>
#include <stdlib.h>

#include "iso8583/mti.h"
#include "tools/isotest/control.h"
#include "tools/isotest/engine_state.h"

enum {
    STRANDS_SPARE = 8,
    STRANDS_MAX = 1 << 20,
    HEARD_DEFAULT = 256,
    KEPT_PER_STRAND = 6, /* sent, asked, got, and some that wait in its inbox or for an answer */
    PENDING_PER_STRAND = 4,
    ROOM_LEN = 1024,
    TERMINALS_MANY = 64, /* have smaller rings: 30000 of them are to fit into a machine */
    ROOM_PER_VARIABLE = 96,
};

int64_t engine_now_us(void)
{
    return (int64_t)(uv_hrtime() / 1000);
}

/* --- opening ---------------------------------------------------------------------------------- */

static void fault_set(struct fault *fault, struct spot spot, const char *text)
{
    fault->spot = spot;
    (void)snprintf(fault->text, sizeof fault->text, "%s", text);
}

/* Zeroed, or NULL only if memory is short. */
static void *many(size_t count, size_t size)
{
    return calloc(count + 1, size);
}

static int pools_open(struct engine *engine)
{
    uint32_t strands = engine->strand_max;
    uint32_t pendings = strands * PENDING_PER_STRAND;
    uint32_t heards = engine->options.heard_count_max;
    uint32_t variables = engine->script->variable_count;
    uint32_t columns = engine->script->column_count;
    uint32_t buckets = 64;
    while (buckets < strands * 2 * TRACES_MAX) {
        buckets *= 2;
    }
    engine->bucket_mask = buckets - 1;
    engine->kept_max = strands * KEPT_PER_STRAND + heards * 2 + 16;
    engine->room_cap = ROOM_LEN + ROOM_PER_VARIABLE * variables;
    engine->strands = many(strands, sizeof *engine->strands);
    engine->heap_max = strands * (2u + PENDING_PER_STRAND);
    engine->heap = many(engine->heap_max, sizeof *engine->heap);
    engine->kepts = many(engine->kept_max, sizeof *engine->kepts);
    engine->pending_slab = many(pendings, sizeof *engine->pending_slab);
    engine->buckets = many(buckets, sizeof *engine->buckets);
    engine->traces = many(buckets, sizeof *engine->traces);
    engine->heard_slab = many(heards, sizeof *engine->heard_slab);
    engine->delayed_slab = many(strands, sizeof *engine->delayed_slab);
    engine->variables = many(variables, sizeof *engine->variables);
    engine->span_slab = many((size_t)strands * (variables + columns), sizeof *engine->span_slab);
    engine->room_slab = many(strands, engine->room_cap);
    engine->counters = many(engine->script->counter_count, sizeof *engine->counters);
    if (engine->strands == NULL || engine->heap == NULL || engine->kepts == NULL ||
        engine->pending_slab == NULL || engine->buckets == NULL || engine->traces == NULL ||
        engine->heard_slab == NULL || engine->delayed_slab == NULL || engine->variables == NULL ||
        engine->span_slab == NULL || engine->room_slab == NULL || engine->counters == NULL) {
        return ERR_MEMORY;
    }
    for (uint32_t i = 0; i < pendings; i++) {
        engine->pending_slab[i].timed.kind = TIMED_REVERSAL;
        pending_free(engine, &engine->pending_slab[i]);
    }
    for (uint32_t i = 0; i < heards; i++) {
        list_append(&engine->heard_free, &engine->heard_slab[i].order);
        list_init(&engine->heard_slab[i].in_peer);
        list_init(&engine->heard_slab[i].in_strand);
    }
    for (uint32_t i = 0; i < strands; i++) {
        struct strand *strand = &engine->strands[i];
        engine->delayed_slab[i].timed.kind = TIMED_REPLY;
        engine->delayed_slab[i].next = engine->delayed_free;
        engine->delayed_free = &engine->delayed_slab[i];
        strand->engine = engine;
        strand->timed.kind = TIMED_STRAND;
        strand->generation = 1;
        strand->variables = engine->span_slab + (size_t)i * (variables + columns);
        strand->row = strand->variables + variables;
        strand->room = engine->room_slab + (size_t)i * engine->room_cap;
        list_init(&strand->waiting);
        list_init(&strand->member);
        list_init(&strand->family);
        list_init(&strand->pendings);
        list_init(&strand->inbox);
        list_append(&engine->free, &strand->ready);
    }
    return 0;
}

/* The variables that every strand begins with. */
static int variables_open(struct engine *engine, struct fault *fault)
{
    const struct script *script = engine->script;
    struct scope scope = {.script = script,
                          .variables = engine->variables,
                          .random = &engine->random,
                          .counters = engine->counters,
                          .wall_ms = engine_wall_ms()};
    uint32_t given = 0;
    for (uint32_t i = 0; i < script->variable_count; i++) {
        if (engine->options.variable != NULL) {
            engine->variables[i] =
                engine->options.variable(engine->options.variable_context, script->variables[i]);
            given += engine->variables[i].ptr != NULL;
        }
    }
    size_t cap = VALUE_LEN_MAX;
    for (const struct setting *setting = script->settings; setting; setting = setting->next) {
        cap += VALUE_LEN_MAX;
    }
    engine->variable_bytes = malloc(cap);
    if (engine->variable_bytes == NULL) {
        return ERR_MEMORY;
    }
    struct writer out = writer_make(engine->variable_bytes, cap);
    for (const struct setting *setting = script->settings; setting; setting = setting->next) {
        struct span result;
        struct span missing = SPAN_NONE;
        if (engine->variables[setting->slot].ptr != NULL && given > 0) {
            given--;
            continue; /* --var is stronger. */
        }
        int err = value_eval(&setting->value, &scope, NULL, 0, &out, &result, &missing);
        if (err < 0) {
            fault_set(fault, setting->spot, "this value cannot be made");
            return ERR_CONFIG;
        }
        engine->variables[setting->slot] = result;
    }
    return 0;
}

static void expects_note(struct engine *engine)
{
    for (uint32_t i = 0; i < engine->program.op_count; i++) {
        const struct op *op = &engine->program.ops[i];
        if (op->kind != OP_EXPECT) {
            continue;
        }
        const struct expect *expect = &op->stmt->u.expect;
        uint32_t classes = expect->kind == EXPECT_MESSAGE    ? 1u << mti_class(expect->mti)
                           : expect->kind == EXPECT_REVERSAL ? 1u << 4
                                                             : UINT32_MAX & ~(1u << 8);
        for (const struct peer_decl *decl = engine->script->peers; decl; decl = decl->next) {
            if (expect->at == decl ||
                (expect->at == NULL && expect->kind == EXPECT_REVERSAL && decl->is_issuer)) {
                engine->uses[decl->index].expected |= classes;
            }
        }
    }
}

static void explain_told(void *context, const char *line)
{
    const struct engine_observer *observer = context;
    if (observer->on_explain != NULL) {
        observer->on_explain(observer->context, line);
    }
}

static int peers_open(struct engine *engine, struct fault *fault)
{
    struct scope scope = {.script = engine->script,
                          .variables = engine->variables,
                          .random = &engine->random,
                          .counters = engine->counters,
                          .wall_ms = engine_wall_ms()};
    for (const struct peer_decl *decl = engine->script->peers; decl; decl = decl->next) {
        struct decl_use *use = &engine->uses[decl->index];
        use->peer_first = engine->peer_count;
        use->peer_count = decl->last == 0 ? 1 : decl->last - decl->first + 1;
        for (uint32_t i = 0; i < use->peer_count; i++) {
            struct peer *peer = &engine->peers[engine->peer_count];
            uint32_t index = decl->last == 0 ? 0 : decl->first + i;
            peer->engine = engine;
            peer->decl = decl;
            peer->index = engine->peer_count;
            list_init(&peer->waiting);
            list_init(&peer->heard);
            (void)snprintf(peer->name, sizeof peer->name, decl->last == 0 ? "%.*s" : "%.*s[%u]",
                           (int)decl->name.len, (const char *)decl->name.ptr, index);
            scope.index = index;
            TRY(station_open(decl, index, &scope, &peer->station, fault));
            engine->peer_count++;
            if (engine->options.explain) {
                station_explain(peer->station, explain_told, &engine->observer);
            }
        }
    }
    for (uint32_t i = 0; i < engine->peer_count; i++) {
        TRY(peer_open(&engine->peers[i], fault));
    }
    for (uint32_t i = 0; i < engine->peer_count; i++) {
        for (uint32_t k = 0; engine->peers[i].decl->is_issuer && k < engine->peer_count; k++) {
            engine->peers[i].is_local |= !engine->peers[k].decl->is_issuer &&
                                         strcmp(station_address(engine->peers[k].station),
                                                station_address(engine->peers[i].station)) == 0;
        }
    }
    return 0;
}

static int net_open(struct engine *engine)
{
    uint32_t terminals = 0;
    uint32_t issuers = 0;
    uint32_t decls = 0;
    uint32_t datas = 0;
    for (const struct peer_decl *decl = engine->script->peers; decl; decl = decl->next) {
        uint32_t count = decl->last == 0 ? 1 : decl->last - decl->first + 1;
        terminals += decl->is_issuer ? 0 : count;
        issuers += decl->is_issuer ? count : 0;
        decls++;
    }
    for (const struct data *data = engine->script->datas; data; data = data->next) {
        datas++;
    }
    /* Twice the terminals: a closed connection keeps its place until libuv is done with it. They
     * may all connect to issuers of the script itself. */
    if (engine->options.ring_len == 0) {
        engine->options.ring_len = terminals > TERMINALS_MANY ? 64u << 10 : 256u << 10;
    }
    engine->issuer_conns_max = ISSUER_CONNS_MAX + terminals;
    uint32_t conns = terminals * 3 + issuers * ISSUER_CONNS_MAX + 8;
    struct conn_limits limits = {.count_max = conns,
                                 .in_len = conns < 256 ? 1u << 16 : 1u << 13,
                                 .out_len = engine->options.ring_len,
                                 .frame_ms = 0,
                                 .idle_ms = 0};
    engine->pool = conn_pool_new(engine->loop, &limits);
    engine->peers = many(terminals + issuers, sizeof *engine->peers);
    engine->uses = many(decls, sizeof *engine->uses);
    engine->cursors = many(datas, sizeof *engine->cursors);
    return engine->pool == NULL || engine->peers == NULL || engine->uses == NULL ||
                   engine->cursors == NULL
               ? ERR_MEMORY
               : 0;
}

static void lists_init(struct engine *engine)
{
    list_init(&engine->free);
    list_init(&engine->ready);
    list_init(&engine->pendings);
    list_init(&engine->heard);
    list_init(&engine->heard_free);
}

static int engine_prepare(struct engine *engine, struct fault *fault)
{
    TRY(program_init(&engine->program, engine->script));
    uint32_t families = engine->options.family_count_max;
    uint64_t strands =
        (uint64_t)engine->program.strands_per_test_max * (families == 0 ? 1 : families);
    if (strands > STRANDS_MAX) {
        fault_set(fault, (struct spot){0}, "these are too many tests and branches at once");
        return ERR_RANGE;
    }
    engine->strand_max = (uint32_t)strands + STRANDS_SPARE;
    TRY(pools_open(engine));
    TRY(net_open(engine));
    expects_note(engine);
    TRY(variables_open(engine, fault));
    TRY(control_open(engine->loop, engine->options.socket, strand_answered, &engine->control));
    return peers_open(engine, fault);
}

/* Of a file's name without its folders: the same from wherever it is run. */
static uint64_t name_hash(const char *path)
{
    const char *slash = path == NULL ? NULL : strrchr(path, '/');
    uint64_t hash = 0xCBF29CE484222325ull;
    for (const char *at = slash != NULL ? slash + 1 : path; at != NULL && *at != '\0'; at++) {
        hash = (hash ^ (uint8_t)*at) * 0x100000001B3ull;
    }
    return hash;
}

int engine_open(uv_loop_t *loop, const struct script *script, const struct engine_options *options,
                struct engine **out, struct fault *fault)
{
    struct engine *engine = calloc(1, sizeof *engine);
    *out = engine;
    if (engine == NULL) {
        fault_set(fault, (struct spot){0}, err_text(ERR_MEMORY));
        return ERR_MEMORY;
    }
    fault_set(fault, (struct spot){0}, "");
    engine->loop = loop;
    engine->script = script;
    engine->options = *options;
    engine->observer = options->observer;
    if (options->heard_count_max == 0) {
        engine->options.heard_count_max = HEARD_DEFAULT;
    }
    /* Scripts that run at once with one seed must not begin with the same STANs. */
    engine->options.seed ^= name_hash(script->files[0].path);
    engine->random = seed_mix(engine->options.seed);
    lists_init(engine);
    CHECK(uv_timer_init(loop, &engine->timer) == 0);
    CHECK(uv_idle_init(loop, &engine->turn) == 0);
    engine->timer.data = engine;
    engine->turn.data = engine;
    engine->handles = 2;
    int err = engine_prepare(engine, fault);
    if (err < 0 && fault->text[0] == '\0') {
        fault_set(fault, (struct spot){0}, err_text(err));
    }
    return err;
}

static void on_closed(uv_handle_t *handle)
{
    struct engine *engine = handle->data;
    engine->handles--;
}

void engine_close(struct engine *engine)
{
    if (engine->closing) {
        return;
    }
    engine->closing = true;
    for (uint32_t i = 0; engine->strands != NULL && i < engine->strand_max; i++) {
        if (engine->strands[i].wait != WAIT_FREE &&
            engine->strands[i].root == &engine->strands[i]) {
            family_end(&engine->strands[i], false);
        }
    }
    for (uint32_t i = 0; i < engine->peer_count; i++) {
        peer_close(&engine->peers[i]);
    }
    if (engine->pool != NULL) {
        conn_pool_shutdown(engine->pool);
    }
    control_close(engine->control);
    uv_close((uv_handle_t *)&engine->timer, on_closed);
    uv_close((uv_handle_t *)&engine->turn, on_closed);
}

void engine_free(struct engine *engine)
{
    CHECK(engine->handles == 0);
    if (engine->pool != NULL) {
        conn_pool_free(engine->pool);
    }
    for (uint32_t i = 0; i < engine->peer_count; i++) {
        station_close(engine->peers[i].station);
    }
    control_free(engine->control);
    program_deinit(&engine->program);
    if (engine->kepts != NULL) {
        bytes_wipe(engine->kepts, (size_t)engine->kept_fresh * sizeof *engine->kepts);
    }
    free(engine->peers);
    free(engine->uses);
    free(engine->cursors);
    free(engine->strands);
    free(engine->heap);
    free(engine->kepts);
    free(engine->pending_slab);
    free(engine->buckets);
    free(engine->traces);
    free(engine->heard_slab);
    free(engine->delayed_slab);
    free(engine->variables);
    free(engine->variable_bytes);
    free(engine->span_slab);
    free(engine->room_slab);
    free(engine->counters);
    bytes_wipe(engine, sizeof *engine);
    free(engine);
}

/* --- readers ---------------------------------------------------------------------------------- */

void engine_counts(const struct engine *engine, struct engine_counts *out)
{
    *out = engine->counts;
    out->connections = conn_pool_count(engine->pool);
}

const struct script *engine_script(const struct engine *engine)
{
    return engine->script;
}

struct peer *engine_peer(const struct engine *engine, uint32_t index)
{
    return index < engine->peer_count ? &engine->peers[index] : NULL;
}

bool engine_mark(const struct engine *engine, uint32_t index, char *name, size_t cap,
                 uint64_t *number)
{
    const struct script *script = engine->script;
    if (index < script->counter_count) {
        *number = engine->counters[index];
        (void)snprintf(name, cap, "seq.%.*s", (int)script->counters[index].len,
                       (const char *)script->counters[index].ptr);
        return true;
    }
    index -= script->counter_count;
    const struct data *data = script->datas;
    for (uint32_t i = 0; data != NULL && i < index; i++) {
        data = data->next;
    }
    if (data == NULL) {
        return false;
    }
    *number = engine->cursors[index];
    (void)snprintf(name, cap, "data.%.*s", (int)data->name.len, (const char *)data->name.ptr);
    return true;
}

int engine_mark_set(struct engine *engine, struct span name, uint64_t number)
{
    uint32_t counters = engine->script->counter_count;
    char known[200];
    uint64_t unused;
    if (number > UINT32_MAX) {
        return ERR_RANGE;
    }
    for (uint32_t i = 0; engine_mark(engine, i, known, sizeof known, &unused); i++) {
        if (!span_equal_text(name, known)) {
            continue;
        }
        if (i < counters) {
            engine->counters[i] = number;
        } else {
            engine->cursors[i - counters] = (uint32_t)number;
        }
        return 0;
    }
    return ERR_NOT_FOUND;
}

void engine_connect_all(struct engine *engine)
{
    for (uint32_t i = 0; i < engine->peer_count; i++) {
        if (!engine->peers[i].decl->is_issuer && peer_connect(&engine->peers[i]) < 0) {
            engine->counts.connect_failed++;
        }
    }
}

/* What an op needs: the issuer that must be there before it. */
static const struct peer_decl *op_issuer(const struct op *op)
{
    const struct peer_decl *decl = NULL;
    if (op->kind == OP_ON) {
        decl = op->stmt->u.on.issuer;
    } else if (op->kind == OP_EXPECT) {
        decl = op->stmt->u.expect.at;
    } else if (op->kind == OP_SEND) {
        decl = op->stmt->u.send.from;
    }
    return decl != NULL && decl->is_issuer ? decl : NULL;
}

enum { SETTLE_US = 300000 }; /* for a sign-on to come, and for its answer to be taken in */

bool engine_is_ready(const struct engine *engine, const struct test *test, struct peer **waiting)
{
    const struct routine *routine = program_find(&engine->program, test);
    CHECK(routine != NULL);
    for (uint32_t i = routine->first_op; engine->program.ops[i].kind != OP_END; i++) {
        const struct peer_decl *decl = op_issuer(&engine->program.ops[i]);
        if (decl == NULL) {
            continue;
        }
        struct peer *peer = &engine->peers[engine->uses[decl->index].peer_first];
        int64_t since_us = engine_now_us() - peer->signed_us;
        if (!peer->is_local && (peer->conn_count == 0 ||
                                since_us < (peer->answered_sign_on ? SETTLE_US / 6 : SETTLE_US))) {
            if (waiting != NULL) {
                *waiting = peer;
            }
            return false;
        }
    }
    return true;
}
