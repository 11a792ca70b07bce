/* What an issuer of the script does with a request: the `on` rules of a test, and their answers. */
#include <stdio.h>

#include "iso8583/mti.h"
#include "tools/isotest/engine_state.h"

/* --- rules ------------------------------------------------------------------------------------ */

/* What the rules of a test make of a request. */
struct verdict {
    const struct on *reply; /* NULL: none */
    const struct stmt *stmt;
    bool matched;
    bool drop;
    bool close;
    bool garble;
    uint32_t copies;
};

static bool rule_fits(const struct on *on, const struct peer *peer, const struct held *request,
                      struct scope *scope)
{
    uint16_t mti = request->msg.mti;
    if (on->issuer != peer->decl || (on->mti != mti && on->mti != mti_original(mti))) {
        return false;
    }
    if (!on->has_where) {
        return true;
    }
    uint8_t room[4];
    struct span value = SPAN_NONE;
    struct fault fault;
    bool is_there = path_get(&on->where_path, &request->msg, SPAN_NONE, room, &value);
    return pred_holds(&on->where, scope, is_there, value, peer->decl->dialect, on->where_path.de,
                      &fault);
}

/* Go through the rules in the order of the text; the first that settles it ends it. */
static struct verdict rules_ask(struct peer *peer, struct strand *owner, const struct held *request,
                                struct scope *scope)
{
    struct engine *engine = peer->engine;
    struct verdict verdict = {.copies = 1};
    struct strand *root = owner != NULL ? owner->root : engine->newest;
    const struct routine *routine = root != NULL ? root->routine : engine->last_routine;
    for (uint32_t i = 0; routine != NULL && i < routine->rule_count; i++) {
        const struct stmt *stmt = engine->program.rules[routine->rule_first + i];
        const struct on *on = &stmt->u.on;
        bool in_force = root != NULL ? root->rule_left[i] > 0 : on->kind == ON_REPLY;
        if (!in_force || !rule_fits(on, peer, request, scope)) {
            continue;
        }
        verdict.matched = true;
        if (root != NULL && root->rule_left[i] != UINT32_MAX) {
            root->rule_left[i]--;
        }
        switch ((enum on_kind)on->kind) {
        case ON_REPLY:
            verdict.reply = on;
            verdict.stmt = stmt;
            return verdict;
        case ON_DROP:
            verdict.drop = true;
            return verdict;
        case ON_CLOSE:
            verdict.close = true;
            return verdict;
        case ON_DUPLICATE:
            verdict.copies += on->times == 0 ? 1 : on->times;
            break;
        case ON_GARBLE:
            verdict.garble = true;
            break;
        }
    }
    return verdict;
}

/* --- answers of issuers ----------------------------------------------------------------------- */

static void reply_send(struct peer *peer, conn_id conn, struct span tpdu, struct kept *reply,
                       uint32_t copies)
{
    for (uint32_t i = 0; i < copies; i++) {
        if (peer_send(peer, conn, tpdu, &reply->held) == 0) {
            peer->engine->counts.replied++;
        }
    }
}

void delayed_free(struct engine *engine, struct delayed *delayed)
{
    timed_clear(engine, &delayed->timed);
    kept_drop(engine, delayed->message);
    kept_drop(engine, delayed->request);
    delayed->message = NULL;
    delayed->request = NULL;
    delayed->next = engine->delayed_free;
    engine->delayed_free = delayed;
    engine->counts.delayed--;
}

void delayed_due(struct delayed *delayed)
{
    struct engine *engine = delayed->peer->engine;
    struct kept *message = delayed->message;
    message->held.at_us = engine_now_us();
    reply_send(delayed->peer, delayed->conn, span_make(delayed->tpdu, delayed->tpdu_len), message,
               delayed->copies);
    message_tell(engine, NULL, delayed->peer, MESSAGE_REPLIED, &message->held,
                 &delayed->request->held, NULL);
    delayed_free(engine, delayed);
}

static void reply_delay(struct peer *peer, conn_id conn, struct span tpdu, struct kept *request,
                        struct kept *reply, uint32_t copies, uint32_t after_ms)
{
    struct engine *engine = peer->engine;
    struct delayed *delayed = engine->delayed_free;
    engine->delayed_free = delayed->next;
    engine->counts.delayed++;
    delayed->peer = peer;
    delayed->conn = conn;
    delayed->copies = copies;
    delayed->tpdu_len = (uint8_t)(tpdu.len <= TPDU_LEN ? tpdu.len : 0);
    if (delayed->tpdu_len != 0) {
        memcpy(delayed->tpdu, tpdu.ptr, delayed->tpdu_len);
    }
    kept_hold(reply);
    kept_hold(request);
    delayed->message = reply;
    delayed->request = request;
    timed_set(engine, &delayed->timed, engine_now_us() + (int64_t)after_ms * 1000);
}

/* Bytes that no dialect reads: the bitmap claims what is not there. */
static void garble(struct held *held)
{
    for (uint16_t i = held->wire_len / 4; i < held->wire_len; i++) {
        held->wire[i] = (uint8_t)(held->wire[i] ^ 0xA5u);
    }
}

static void reply_make(struct peer *peer, conn_id conn, struct span tpdu, struct strand *owner,
                       struct kept *kept, struct scope *scope, const struct verdict *verdict)
{
    const struct held *request = &kept->held;
    struct engine *engine = peer->engine;
    const struct on *on = verdict->reply;
    uint32_t after_ms = on == NULL ? 0 : on->after_ms;
    bool is_later = after_ms > 0 && engine->delayed_free != NULL;
    struct kept *reply = is_later ? kept_take(engine) : &engine->reply;
    struct fault fault = {0};
    if (reply == NULL) {
        reply = &engine->reply;
        is_later = false;
    }
    int err = compose_reply(peer->station, on, scope, request, &reply->held, &fault);
    if (err < 0) {
        if (owner != NULL) {
            struct failure failure = {.kind = FAIL_COMPOSE,
                                      .stmt = verdict->stmt,
                                      .spot = fault.spot,
                                      .peer = peer,
                                      .sent = request};
            (void)snprintf(failure.text, sizeof failure.text, "%s", fault.text);
            strand_fail(owner, &failure);
        }
    } else {
        if (verdict->garble) {
            garble(&reply->held);
        }
        reply->held.at_us = engine->clock_us;
        if (is_later) {
            reply_delay(peer, conn, tpdu, kept, reply, verdict->copies, after_ms);
        } else {
            reply_send(peer, conn, tpdu, reply, verdict->copies);
            message_tell(engine, owner, peer, MESSAGE_REPLIED, &reply->held, request, NULL);
        }
        if (mti_class(request->msg.mti) == 8) {
            peer->answered_sign_on = true;
            peer->signed_us = engine->clock_us;
        }
    }
    if (is_later) {
        kept_drop(engine, reply);
    }
}

/* --- what becomes of a request ---------------------------------------------------------------- */

static struct scope scope_base(struct engine *engine)
{
    return (struct scope){.script = engine->script,
                          .variables = engine->variables,
                          .random = &engine->random,
                          .counters = engine->counters,
                          .wall_ms = engine_wall_ms()};
}

struct rule_outcome rule_apply(struct peer *peer, conn_id conn, struct span tpdu,
                               struct strand *owner, struct kept *kept)
{
    struct engine *engine = peer->engine;
    struct scope scope = owner != NULL ? scope_of(owner) : scope_base(engine);
    scope.asked = &kept->held;
    struct verdict verdict = rules_ask(peer, owner, &kept->held, &scope);
    struct rule_outcome outcome = {.is_silent = verdict.drop || verdict.close,
                                   .is_automatic = !verdict.matched && peer->decl->is_issuer &&
                                                   mti_class(kept->held.msg.mti) == 8};
    message_tell(engine, owner, peer, outcome.is_silent ? MESSAGE_DROPPED : MESSAGE_ASKED,
                 &kept->held, NULL, NULL);
    if (verdict.close) {
        conn_close(engine->pool, conn, false);
    } else if (!outcome.is_silent &&
               (verdict.reply != NULL || outcome.is_automatic || verdict.garble)) {
        reply_make(peer, conn, tpdu, owner, kept, &scope, &verdict);
    }
    return outcome;
}
