/* The statements that send, expect and remember messages. */
#include <stdio.h>

#include "iso8583/mti.h"
#include "tools/isotest/engine_state.h"

enum {
    OPEN_US = 10000000, /* for a connection */
    WITHIN_MS_DEFAULT = 10000,
    ROOM_US = 1000,
    TEXT_MAX = 4096,
};

static void wait_at(struct strand *strand, struct peer *peer, enum strand_wait wait, int64_t us)
{
    strand->at = peer;
    strand->wait = (uint8_t)wait;
    list_remove(&strand->waiting);
    list_append(&peer->waiting, &strand->waiting);
    timed_set(strand->engine, &strand->timed, strand->engine->clock_us + us);
}

/* --- send ------------------------------------------------------------------------------------- */

/* Whom `send` sends from, or NULL after a failure. */
static struct peer *send_peer(struct strand *strand, const struct send *send)
{
    uint64_t index = strand->index;
    if (send->from_index.parts != NULL || send->from_index.bytes.len != 0) {
        struct span text;
        if (!strand_value(strand, &send->from_index, &text)) {
            return NULL;
        }
        if (span_number(text, &index) < 0 || index < send->from->first ||
            index > send->from->last) {
            strand_fail_text(strand, FAIL_COMPOSE, "there is no terminal %.*s[%.*s]",
                             (int)send->from->name.len, (const char *)send->from->name.ptr,
                             (int)(text.len < 20 ? text.len : 20), (const char *)text.ptr);
            return NULL;
        }
    }
    return peer_of(strand->engine, send->from, (uint32_t)index);
}

/* The message that `copy NAME` names: of this strand, else of those it was forked from. */
static struct kept *copy_find(const struct strand *strand, uint32_t slot)
{
    for (; strand != NULL; strand = strand->parent) {
        for (unsigned i = 0; i < COPIES_MAX; i++) {
            if (strand->copies[i].message != NULL && strand->copies[i].slot == slot) {
                return strand->copies[i].message;
            }
        }
    }
    return NULL;
}

static enum step compose_failed(struct strand *strand, struct peer *peer, const struct fault *fault)
{
    struct failure failure = {
        .kind = FAIL_COMPOSE, .stmt = strand->engine->program.ops[strand->op].stmt, .peer = peer};
    /* What cannot be encoded is told of the declaration: here it is the step's. */
    bool is_here =
        fault->spot.line != 0 && !(peer != NULL && fault->spot.file == peer->decl->spot.file &&
                                   fault->spot.line == peer->decl->spot.line);
    failure.spot = is_here ? fault->spot : failure.stmt->spot;
    (void)snprintf(failure.text, sizeof failure.text, "%s", fault->text);
    strand_fail(strand, &failure);
    return STEP_GONE;
}

static enum step message_send(struct strand *strand, const struct send *send, struct peer *peer,
                              conn_id conn, struct kept *sent)
{
    struct engine *engine = strand->engine;
    struct scope scope = scope_of(strand);
    struct span tpdu = SPAN_NONE;
    struct fault fault = {0};
    struct kept *copied = NULL;
    if (send->copy.len != 0) {
        copied = copy_find(strand, send->copy_slot);
        if (copied == NULL) {
            strand_fail_text(strand, FAIL_COMPOSE, "no message is kept as %.*s",
                             (int)send->copy.len, (const char *)send->copy.ptr);
            return STEP_GONE;
        }
    }
    if (compose_send(peer->station, send, &scope, copied == NULL ? NULL : &copied->held,
                     &sent->held, &tpdu, &fault) < 0) {
        return compose_failed(strand, peer, &fault);
    }
    sent->held.at_us = engine_look(engine);
    int err = peer_send(peer, conn, tpdu, &sent->held);
    if (err < 0) {
        strand->at = peer;
        strand_fail_text(strand, FAIL_CONNECT, "%s could not send: %s", peer->name, err_text(err));
        return STEP_GONE;
    }
    engine->counts.sent++;
    kept_put(engine, &strand->sent, sent);
    strand->from = peer;
    pair_sent(strand, peer, sent);
    strand_id id = strand_id_of(strand);
    message_tell(engine, strand, peer, MESSAGE_SENT, &sent->held, NULL, NULL);
    return strand_find(engine, id) == NULL ? STEP_GONE : STEP_NEXT;
}

enum step step_send(struct strand *strand, const struct op *op)
{
    struct engine *engine = strand->engine;
    const struct send *send = &op->stmt->u.send;
    struct peer *peer = send_peer(strand, send);
    if (peer == NULL) {
        return STEP_GONE;
    }
    conn_id conn = peer_conn(peer);
    if (conn == 0) {
        wait_at(strand, peer, WAIT_OPEN, OPEN_US);
        if (peer_connect(peer) < 0) {
            strand_stop_waiting(strand);
            strand_fail_text(strand, FAIL_CONNECT, "%s: not an address like 127.0.0.1:8583",
                             station_address(peer->station));
            return STEP_GONE;
        }
        return STEP_WAIT;
    }
    if (conn_pending(engine->pool, conn) + FRAME_LEN_MAX + FRAME_HEAD_LEN_MAX >
        engine->options.ring_len) {
        engine->counts.ring_full++;
        wait_at(strand, peer, WAIT_ROOM, ROOM_US);
        return STEP_WAIT;
    }
    struct kept *sent = kept_take(engine);
    if (sent == NULL) {
        strand_fail_text(strand, FAIL_FULL, "no room for one more message");
        return STEP_GONE;
    }
    enum step step = message_send(strand, send, peer, conn, sent);
    kept_drop(engine, sent);
    return step;
}

/* --- expect ----------------------------------------------------------------------------------- */

bool strand_wants(const struct strand *strand, uint16_t mti)
{
    const struct expect *expect = &strand->engine->program.ops[strand->op].stmt->u.expect;
    return expect->kind == EXPECT_REVERSAL ? mti_class(mti) == 4 && mti_is_request(mti)
                                           : mti == expect->mti;
}

/* Where `expect` looks. */
static struct peer *expect_peer(struct strand *strand, const struct expect *expect)
{
    struct engine *engine = strand->engine;
    const struct peer_decl *decl = expect->at;
    if (decl == NULL && expect->kind == EXPECT_REVERSAL) {
        for (decl = engine->script->peers; decl != NULL && !decl->is_issuer; decl = decl->next) {
        }
    }
    if (strand->from != NULL && (decl == NULL || strand->from->decl == decl)) {
        return strand->from;
    }
    return decl == NULL ? &engine->peers[0] : peer_of(engine, decl, strand->index);
}

void strand_take(struct strand *strand, struct peer *peer, struct kept *got, struct kept *sent,
                 int64_t latency_us, uint64_t number)
{
    struct engine *engine = strand->engine;
    const struct stmt *stmt = engine->program.ops[strand->op].stmt;
    struct scope scope = scope_of(strand);
    struct miss misses[MISSES_MAX];
    kept_put(engine, &strand->got, got);
    scope.got = &got->held;
    bool is_asked = peer->decl->is_issuer && mti_is_request(got->held.msg.mti);
    if (is_asked && !strand->asked_taken) {
        scope.asked = strand->asked_before == NULL ? NULL : &strand->asked_before->held;
    }
    strand->taken_at = peer;
    strand->taken_number = number;
    strand->latency_us = latency_us;
    strand->answers += sent != NULL;
    /* A request that an issuer got is compared with what our terminal sent. */
    const struct kept *about = sent != NULL ? sent : strand->sent;
    const struct held *asked = about == NULL ? NULL : &about->held;
    int count = stmt->u.expect.checks == NULL ? 0
                                              : judge(peer->station, &stmt->u.expect, &scope, asked,
                                                      &got->held, latency_us, misses);
    /* From now on it is what the issuer was asked; its own checks still saw the one before. */
    if (is_asked) {
        kept_put(engine, &strand->asked, got);
        strand->asked_taken = true;
    }
    if (count > 0) {
        struct failure failure = {.kind = FAIL_CHECK,
                                  .stmt = stmt,
                                  .spot = misses[0].check->spot,
                                  .peer = peer,
                                  .sent = asked,
                                  .got = &got->held,
                                  .misses = misses,
                                  .miss_count = count,
                                  .latency_us = latency_us};
        strand_fail(strand, &failure);
        return;
    }
    if (engine->observer.on_matched != NULL) {
        struct strand_view view = strand_view_of(strand);
        engine->observer.on_matched(engine->observer.context, &view, stmt, peer,
                                    sent == NULL ? NULL : &sent->held, &got->held, latency_us);
        if (strand_find(engine, view.id) != strand) {
            return;
        }
    }
    strand_next(strand);
}

static enum step expect_none(struct strand *strand, struct peer *peer, int64_t within_us)
{
    struct heard *heard = pair_unwanted(strand, peer);
    if (heard == NULL) {
        wait_at(strand, peer, WAIT_NONE, within_us);
        return STEP_WAIT;
    }
    struct failure failure = {.kind = FAIL_UNWANTED,
                              .peer = peer,
                              .sent = heard->sent == NULL ? NULL : &heard->sent->held,
                              .got = &heard->got->held};
    strand_fail(strand, &failure);
    return STEP_GONE;
}

enum step step_expect(struct strand *strand, const struct op *op)
{
    struct engine *engine = strand->engine;
    const struct expect *expect = &op->stmt->u.expect;
    struct peer *peer = expect_peer(strand, expect);
    int64_t within_us =
        (int64_t)(expect->within_ms == 0 ? WITHIN_MS_DEFAULT : expect->within_ms) * 1000;
    if (expect->kind == EXPECT_NONE) {
        return expect_none(strand, peer, within_us);
    }
    struct heard *heard = pair_find(strand, peer);
    if (heard == NULL) {
        wait_at(strand, peer, WAIT_MESSAGE, within_us);
        return STEP_WAIT;
    }
    struct kept *got = heard->got;
    struct kept *sent = heard->sent;
    int64_t latency_us = heard->latency_us;
    uint64_t number = heard->number;
    kept_hold(got);
    if (sent != NULL) {
        kept_hold(sent);
    }
    heard_free(engine, heard);
    strand_take(strand, peer, got, sent, latency_us, number);
    kept_drop(engine, got);
    kept_drop(engine, sent);
    return STEP_WAIT; /* strand_take() has said how it goes on. */
}

enum step step_disconnect(struct strand *strand, const struct op *op)
{
    peer_disconnect(peer_of(strand->engine, op->stmt->u.disconnect.peer, strand->index));
    return STEP_NEXT;
}

/* --- capture ---------------------------------------------------------------------------------- */

static bool copy_keep(struct strand *strand, uint32_t slot)
{
    int free_at = -1;
    for (int i = 0; i < COPIES_MAX; i++) {
        if (strand->copies[i].message == NULL) {
            free_at = free_at < 0 ? i : free_at;
        } else if (strand->copies[i].slot == slot) {
            free_at = i;
            break;
        }
    }
    if (free_at < 0 || strand->sent == NULL) {
        strand_fail_text(strand, FAIL_STEP,
                         free_at < 0 ? "only %d messages can be kept" : "nothing was sent yet",
                         COPIES_MAX);
        return false;
    }
    strand->copies[free_at].slot = slot;
    kept_put(strand->engine, &strand->copies[free_at].message, strand->sent);
    return true;
}

/* The value of one line; false after a failure. */
static bool capture_value(struct strand *strand, const struct capture_line *line, char *text,
                          struct span *out)
{
    uint8_t mti[4];
    switch ((enum capture_kind)line->kind) {
    case CAPTURE_VALUE:
        return strand_value(strand, &line->value, out);
    case CAPTURE_LATENCY:
        *out = span_make(
            text, (size_t)snprintf(text, TEXT_MAX, "%lld", (long long)(strand->latency_us / 1000)));
        return true;
    case CAPTURE_FIELD:
        if (strand->got != NULL &&
            path_get(&line->path, &strand->got->held.msg, SPAN_NONE, mti, out)) {
            if (out->ptr == mti) {
                *out = span_make(memcpy(text, mti, 4), 4);
            }
            return true;
        }
        break;
    case CAPTURE_TRACE:
    case CAPTURE_MESSAGE:
        return true;
    }
    struct failure failure = {.kind = FAIL_STEP,
                              .stmt = strand->engine->program.ops[strand->op].stmt,
                              .spot = line->spot};
    (void)snprintf(failure.text, sizeof failure.text, "%s has no such field",
                   strand->got == NULL ? "nothing was received yet: it" : "the last message taken");
    strand_fail(strand, &failure);
    return false;
}

enum step step_capture(struct strand *strand, const struct op *op)
{
    bool asks = false;
    for (const struct capture_line *line = op->stmt->u.captures; line != NULL; line = line->next) {
        char text[TEXT_MAX];
        struct span value = SPAN_NONE;
        if (line->kind == CAPTURE_MESSAGE) {
            if (!copy_keep(strand, line->slot)) {
                return STEP_GONE;
            }
            continue;
        }
        asks = asks || line->kind == CAPTURE_TRACE;
        if (!capture_value(strand, line, text, &value)) {
            return STEP_GONE;
        }
        if (!strand_set(strand, line->slot, value)) {
            strand_fail_text(strand, FAIL_FULL, "the variables hold too many bytes");
            return STEP_GONE;
        }
    }
    return asks ? trace_ask(strand) : STEP_NEXT;
}
