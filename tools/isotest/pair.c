/* What comes, and whom it is for. */
#include "iso8583/mti.h"
#include "tools/isotest/engine_state.h"

enum { REVERSAL_MS_DEFAULT = 30000, REVERSAL_REPEATS_MAX = 5 };

void message_tell(struct engine *engine, struct strand *strand, struct peer *peer,
                  enum message_fate fate, const struct held *held, const struct held *about,
                  const struct iso_error *error)
{
    if (engine->observer.on_message == NULL || engine->closing) {
        return;
    }
    struct strand_view view;
    struct engine_message message = {
        .peer = peer, .fate = (uint8_t)fate, .held = held, .about = about, .error = error};
    if (strand != NULL) {
        view = strand_view_of(strand);
        message.strand = &view;
    }
    engine->observer.on_message(engine->observer.context, &message);
}

/* --- questions that wait for answers ---------------------------------------------------------- */

static uint64_t key_at(const struct peer *peer, const struct iso_msg *msg)
{
    return match_key(peer->station, msg) ^ (peer->index + 1u) * 0x9E3779B97F4A7C15ull;
}

static struct pending **bucket_of(struct engine *engine, uint64_t key)
{
    return &engine->buckets[(key ^ key >> 32) & engine->bucket_mask];
}

void pending_free(struct engine *engine, struct pending *pending)
{
    if (pending->key != 0) {
        engine->counts.unanswered--;
        struct pending **at = bucket_of(engine, pending->key);
        while (*at != pending) {
            at = &(*at)->next;
        }
        *at = pending->next;
        list_remove(&pending->order);
        list_remove(&pending->in_strand);
        timed_clear(engine, &pending->timed);
        kept_drop(engine, pending->sent);
        kept_drop(engine, pending->reverses);
    }
    pending->key = 0;
    pending->sent = NULL;
    pending->reverses = NULL;
    pending->next = engine->pending_free;
    engine->pending_free = pending;
}

/* @strand may be NULL. */
static struct pending *pending_add(struct peer *peer, struct strand *strand, struct kept *sent)
{
    struct engine *engine = peer->engine;
    if (engine->pending_free == NULL) {
        pending_free(engine, LIST_OWNER(list_first(&engine->pendings), struct pending, order));
    }
    struct pending *pending = engine->pending_free;
    engine->pending_free = pending->next;
    engine->counts.unanswered++;
    kept_hold(sent);
    pending->key = key_at(peer, &sent->held.msg);
    pending->key += pending->key == 0;
    pending->peer = peer;
    pending->strand = strand;
    pending->sent = sent;
    pending->repeats = 0;
    struct pending **bucket = bucket_of(engine, pending->key);
    pending->next = *bucket;
    *bucket = pending;
    list_init(&pending->in_strand);
    list_append(&engine->pendings, &pending->order);
    if (strand != NULL) {
        list_append(&strand->pendings, &pending->in_strand);
    }
    return pending;
}

static struct pending *pending_find(struct peer *peer, const struct iso_msg *msg)
{
    uint64_t key = key_at(peer, msg);
    key += key == 0;
    struct pending *pending = *bucket_of(peer->engine, key);
    while (pending != NULL && (pending->key != key || pending->peer != peer)) {
        pending = pending->next;
    }
    return pending;
}

/* --- traces: whose transaction a request is --------------------------------------------------- */

static uint64_t bytes_hash(uint64_t hash, struct span bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        hash = (hash ^ bytes.ptr[i]) * 0x100000001B3ull;
    }
    return hash;
}

static uint64_t trace_key(const struct iso_msg *msg, unsigned de)
{
    uint64_t hash = bytes_hash(0xCBF29CE484222325ull ^ de, iso_get(msg, de));
    hash = bytes_hash(hash, iso_get(msg, 41));
    hash ^= hash >> 29;
    return hash == 0 ? 1 : hash;
}

static void trace_remove(struct engine *engine, struct trace *trace)
{
    if (trace->key == 0) {
        return;
    }
    struct trace **at = &engine->traces[trace->key & engine->bucket_mask];
    while (*at != trace) {
        at = &(*at)->next;
    }
    *at = trace->next;
    trace->key = 0;
}

static void trace_add(struct strand *strand, const struct iso_msg *msg)
{
    struct engine *engine = strand->engine;
    unsigned de = iso_has(msg, 37) ? 37 : 11;
    if (!iso_has(msg, de)) {
        return;
    }
    struct trace *trace = &strand->traces[strand->trace_at++ % TRACES_MAX];
    trace_remove(engine, trace);
    trace->strand = strand;
    trace->key = trace_key(msg, de);
    struct trace **bucket = &engine->traces[trace->key & engine->bucket_mask];
    trace->next = *bucket;
    *bucket = trace;
}

static struct strand *trace_find(struct engine *engine, const struct iso_msg *msg)
{
    for (unsigned de = 37; de != 0; de = de == 37 ? 11 : 0) {
        uint64_t key = trace_key(msg, de);
        for (struct trace *at = engine->traces[key & engine->bucket_mask];
             at != NULL && iso_has(msg, de); at = at->next) {
            if (at->key == key) {
                return at->strand;
            }
        }
    }
    /* One test at a time: it is its. */
    return engine->options.keep_messages
               ? (engine->sender != NULL ? engine->sender : engine->newest)
               : NULL;
}

/* --- what nobody has taken yet ---------------------------------------------------------------- */

void heard_free(struct engine *engine, struct heard *heard)
{
    list_remove(&heard->order);
    list_remove(&heard->in_peer);
    list_remove(&heard->in_strand);
    kept_drop(engine, heard->got);
    kept_drop(engine, heard->sent);
    heard->got = NULL;
    heard->sent = NULL;
    list_append(&engine->heard_free, &heard->order);
}

void heard_forget_all(struct engine *engine)
{
    while (!list_is_empty(&engine->heard)) {
        heard_free(engine, LIST_OWNER(list_first(&engine->heard), struct heard, order));
    }
}

/* What has come and how it was found to belong. */
struct arrival {
    struct peer *peer;
    struct strand *strand;
    struct kept *got;
    struct kept *sent;
    int64_t latency_us;
    enum message_fate fate;
    bool automatic;
};

static void heard_add(const struct arrival *arrival)
{
    struct engine *engine = arrival->peer->engine;
    if (list_is_empty(&engine->heard_free)) {
        engine->counts.forgotten++;
        heard_free(engine, LIST_OWNER(list_first(&engine->heard), struct heard, order));
    }
    struct heard *heard = LIST_OWNER(list_first(&engine->heard_free), struct heard, order);
    list_remove(&heard->order);
    list_append(&engine->heard, &heard->order);
    list_append(&arrival->peer->heard, &heard->in_peer);
    if (arrival->strand != NULL) {
        list_append(&arrival->strand->inbox, &heard->in_strand);
    }
    kept_hold(arrival->got);
    if (arrival->sent != NULL) {
        kept_hold(arrival->sent);
    }
    heard->strand = arrival->strand;
    heard->peer = arrival->peer;
    heard->got = arrival->got;
    heard->sent = arrival->sent;
    heard->latency_us = arrival->latency_us;
    heard->number = engine->heard_number;
    heard->fate = (uint8_t)arrival->fate;
    heard->automatic = arrival->automatic;
}

static bool heard_is_wanted(const struct strand *strand, const struct heard *heard)
{
    uint16_t mti = heard->got->held.msg.mti;
    return heard->fate != MESSAGE_BROKEN && strand_wants(strand, mti) &&
           (heard->strand == strand || mti_is_request(mti) || strand->any_answer);
}

struct heard *pair_find(struct strand *strand, struct peer *peer)
{
    struct heard *found = NULL;
    for (struct list *node = strand->inbox.next; node != &strand->inbox && found == NULL;
         node = node->next) {
        struct heard *heard = LIST_OWNER(node, struct heard, in_strand);
        found = heard->peer == peer && heard_is_wanted(strand, heard) ? heard : NULL;
    }
    for (struct list *node = peer->heard.next; node != &peer->heard && found == NULL;
         node = node->next) {
        struct heard *heard = LIST_OWNER(node, struct heard, in_peer);
        found = heard->strand == NULL && heard_is_wanted(strand, heard) ? heard : NULL;
    }
    return found;
}

struct heard *pair_unwanted(struct strand *strand, struct peer *peer)
{
    if (strand->taken_at != peer) {
        return NULL;
    }
    for (struct list *node = peer->heard.next; node != &peer->heard; node = node->next) {
        struct heard *heard = LIST_OWNER(node, struct heard, in_peer);
        if (heard->number > strand->taken_number && !heard->automatic &&
            (heard->strand == NULL || heard->strand->root == strand->root)) {
            return heard;
        }
    }
    return NULL;
}

void pair_forget(struct strand *strand)
{
    struct engine *engine = strand->engine;
    for (unsigned i = 0; i < TRACES_MAX; i++) {
        trace_remove(engine, &strand->traces[i]);
    }
    while (!list_is_empty(&strand->pendings)) {
        struct pending *pending =
            LIST_OWNER(list_first(&strand->pendings), struct pending, in_strand);
        list_remove(&pending->in_strand);
        pending->strand = NULL;
    }
    while (!list_is_empty(&strand->inbox)) {
        struct heard *heard = LIST_OWNER(list_first(&strand->inbox), struct heard, in_strand);
        list_remove(&heard->in_strand);
        heard->strand = NULL;
        if (!engine->options.keep_messages) {
            heard_free(engine, heard);
        }
    }
}

/* --- giving it to a strand -------------------------------------------------------------------- */

/* Who waits at the peer for what has come, or NULL. */
static struct strand *waiter_find(const struct arrival *arrival)
{
    uint16_t mti = arrival->got->held.msg.mti;
    struct strand *owner = arrival->strand;
    if (owner != NULL && owner->wait == WAIT_MESSAGE && owner->at == arrival->peer &&
        strand_wants(owner, mti)) {
        return owner;
    }
    if (!mti_is_request(mti) && owner != NULL) {
        return NULL; /* An answer is for who asked. */
    }
    for (struct list *node = arrival->peer->waiting.next; node != &arrival->peer->waiting;
         node = node->next) {
        struct strand *strand = LIST_OWNER(node, struct strand, waiting);
        if (strand->wait == WAIT_MESSAGE && strand_wants(strand, mti) &&
            (mti_is_request(mti) || strand->any_answer) &&
            (owner == NULL || owner->root == strand->root)) {
            return strand;
        }
    }
    return NULL;
}

/* Who waits at the peer for nothing to come, or NULL. */
static struct strand *objector_find(const struct arrival *arrival)
{
    for (struct list *node = arrival->peer->waiting.next; node != &arrival->peer->waiting;
         node = node->next) {
        struct strand *strand = LIST_OWNER(node, struct strand, waiting);
        if (strand->wait == WAIT_NONE && !arrival->automatic &&
            (arrival->strand == NULL || arrival->strand->root == strand->root)) {
            return strand;
        }
    }
    return NULL;
}

static bool heard_is_useful(const struct arrival *arrival)
{
    const struct engine *engine = arrival->peer->engine;
    uint16_t mti = arrival->got->held.msg.mti;
    return engine->options.keep_messages || arrival->fate == MESSAGE_ANSWER ||
           (mti_is_request(mti) &&
            (engine->uses[arrival->peer->decl->index].expected >> mti_class(mti) & 1) != 0);
}

static void arrival_give(const struct arrival *arrival)
{
    struct engine *engine = arrival->peer->engine;
    engine->heard_number++;
    if (arrival->fate != MESSAGE_BROKEN) {
        struct strand *strand = waiter_find(arrival);
        if (strand != NULL) {
            strand_stop_waiting(strand);
            strand_take(strand, arrival->peer, arrival->got, arrival->sent, arrival->latency_us,
                        engine->heard_number);
            return;
        }
    }
    struct strand *objector = objector_find(arrival);
    if (objector != NULL) {
        struct failure failure = {.kind = FAIL_UNWANTED,
                                  .peer = arrival->peer,
                                  .sent = arrival->sent == NULL ? NULL : &arrival->sent->held,
                                  .got = &arrival->got->held};
        strand_fail(objector, &failure);
        return;
    }
    if (heard_is_useful(arrival)) {
        heard_add(arrival);
    }
}

/* --- arrivals --------------------------------------------------------------------------------- */

/* A request has come. */
static void request_arrived(struct peer *peer, conn_id conn, struct span tpdu, struct kept *kept)
{
    struct engine *engine = peer->engine;
    struct strand *owner = trace_find(engine, &kept->held.msg);
    uint64_t owner_id = owner == NULL ? 0 : strand_id_of(owner);
    if (owner != NULL && !owner->asked_taken) {
        kept_put(engine, &owner->asked, kept);
    }
    engine->counts.asked++;
    struct rule_outcome outcome = rule_apply(peer, conn, tpdu, owner, kept);
    /* Its strand may have failed over the answer. */
    struct arrival arrival = {.peer = peer,
                              .strand = strand_find(engine, owner_id),
                              .got = kept,
                              .latency_us = -1,
                              .fate = outcome.is_silent ? MESSAGE_DROPPED : MESSAGE_ASKED,
                              .automatic = outcome.is_automatic};
    arrival_give(&arrival);
}

/* An answer has come. */
static void answer_arrived(struct peer *peer, struct kept *kept)
{
    struct engine *engine = peer->engine;
    struct pending *pending = pending_find(peer, &kept->held.msg);
    struct arrival arrival = {
        .peer = peer, .got = kept, .latency_us = -1, .fate = MESSAGE_UNMATCHED};
    if (pending != NULL) {
        arrival.strand = pending->strand;
        arrival.sent = pending->sent;
        kept_hold(pending->sent);
        arrival.latency_us = kept->held.at_us - pending->sent->held.at_us;
        arrival.fate =
            pending->strand != NULL || pending->reverses != NULL ? MESSAGE_ANSWER : MESSAGE_LATE;
        pending_free(engine, pending);
    }
    engine->counts.answered += arrival.fate == MESSAGE_ANSWER;
    engine->counts.late += arrival.fate == MESSAGE_LATE;
    engine->counts.unmatched += arrival.fate == MESSAGE_UNMATCHED;
    message_tell(engine, arrival.strand, peer, arrival.fate, &kept->held,
                 arrival.sent == NULL ? NULL : &arrival.sent->held, NULL);
    arrival_give(&arrival);
    kept_drop(engine, arrival.sent);
}

void pair_arrived(struct peer *peer, conn_id conn, struct span tpdu, struct span wire)
{
    struct engine *engine = peer->engine;
    struct kept *kept = kept_take(engine);
    struct iso_error error = {0};
    if (kept == NULL) {
        engine->counts.forgotten++;
        return;
    }
    int err = held_read(&kept->held, peer->decl->dialect, wire, &error);
    kept->held.at_us = engine_look(engine);
    if (err < 0) {
        engine->counts.broken++;
        message_tell(engine, NULL, peer, MESSAGE_BROKEN, &kept->held, NULL, &error);
        struct arrival arrival = {
            .peer = peer, .got = kept, .latency_us = -1, .fate = MESSAGE_BROKEN};
        arrival_give(&arrival);
    } else if (mti_is_request(kept->held.msg.mti)) {
        request_arrived(peer, conn, tpdu, kept);
    } else {
        answer_arrived(peer, kept);
    }
    kept_drop(engine, kept);
}

/* --- what was sent ---------------------------------------------------------------------------- */

static int64_t reversal_us(const struct peer *peer)
{
    uint32_t ms = peer->decl->reversal_ms == 0 ? REVERSAL_MS_DEFAULT : peer->decl->reversal_ms;
    return (int64_t)ms * 1000;
}

void pair_sent(struct strand *strand, struct peer *peer, struct kept *sent)
{
    struct engine *engine = strand->engine;
    uint16_t mti = sent->held.msg.mti;
    engine->sender = strand;
    strand->asked_taken = false;
    kept_put(engine, &strand->asked_before, strand->asked);
    strand->any_answer = mti == 0;
    if (mti == 0 || !mti_is_request(mti)) {
        return;
    }
    struct pending *pending = pending_add(peer, strand, sent);
    if (!peer->decl->is_issuer) {
        trace_add(strand, &sent->held.msg);
    }
    if (peer->decl->reversal_auto && mti_function(mti) == 0 &&
        (mti_class(mti) == 1 || mti_class(mti) == 2)) {
        timed_set(engine, &pending->timed, engine_now_us() + reversal_us(peer));
    }
}

/* A question of a terminal with `reversal auto` was not answered in time. */
void pending_due(struct pending *pending)
{
    struct peer *peer = pending->peer;
    struct engine *engine = peer->engine;
    struct kept *original = pending->reverses != NULL ? pending->reverses : pending->sent;
    struct strand *strand = pending->strand;
    uint32_t repeats = pending->repeats;
    conn_id conn = peer_conn(peer);
    struct kept *reversal = conn == 0 ? NULL : kept_take(engine);
    struct fault fault;
    if (conn == 0 && peer_connect(peer) < 0) {
        engine->counts.connect_failed++;
    }
    if (reversal == NULL) {
        timed_set(engine, &pending->timed, engine_now_us() + reversal_us(peer));
        return;
    }
    int err = compose_reversal(peer->station, &original->held, pending->reverses != NULL,
                               &reversal->held, &fault);
    reversal->held.at_us = engine_now_us();
    if (err == 0 && peer_send(peer, conn, peer->decl->tpdu, &reversal->held) == 0) {
        kept_hold(original);
        if (pending->reverses != NULL) {
            pending_free(engine, pending);
        } else {
            pending->strand = NULL; /* An answer to it is late from now on. */
            list_remove(&pending->in_strand);
        }
        struct pending *next = pending_add(peer, strand, reversal);
        next->reverses = original;
        next->repeats = repeats + 1;
        if (next->repeats <= REVERSAL_REPEATS_MAX) {
            timed_set(engine, &next->timed, engine_now_us() + reversal_us(peer));
        }
        message_tell(engine, strand, peer, MESSAGE_REVERSED, &reversal->held, &original->held,
                     NULL);
    }
    kept_drop(engine, reversal);
}
