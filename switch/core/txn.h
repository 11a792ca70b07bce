/* One transaction: a slot of the slab, its bytes, its message, its place in a flow.
 *
 * Not a god-struct: each part has one writer, named beside it; a step reads what earlier steps
 * wrote and writes its own. Who waits outside (HSM, store, issuer) holds a token and never a
 * pointer: a late answer meets a new generation and is counted, not obeyed. */
#pragma once

#include "iso8583/base/list.h"
#include "iso8583/edition.h"
#include "iso8583/frame.h"
#include "iso8583/message.h"
#include "routes/link.h"
#include "switch/core/action.h"
#include "switch/core/event.h"

struct core;
struct txn;

/* What may be said and what must be undone depends on how far it went (BEHAVIOUR 1). */
enum phase {
    PHASE_FRESH,  /* nothing recorded: a refusal is only told */
    PHASE_OPENED, /* recorded, nobody asked: a refusal is recorded, then told */
    PHASE_ASKED,  /* the issuer may hold the money: a refusal needs a reversal */
    PHASE_JUDGED, /* the issuer's answer is an outcome */
    PHASE_CLOSED, /* durable: can only go on or be dropped */
};

enum verdict { VERDICT_NONE, GO, WAIT, DECLINE, REPEAT, AGAIN, DROP };

enum {
    SLOT_NONE = UINT32_MAX,
    TXN_BYTES_MAX = 3 * FRAME_LEN_MAX + EDITION_ROOM, /* the frame, and its canonical digits */
    TXN_OUT_MAX = FRAME_LEN_MAX,
    PASSED_MAX = 12,
    PASSED_LEN_MAX = 2048,
};

struct txn {
    uint32_t slot;
    uint32_t generation; /* even: free */

    /* Where it stands: core/steps.c alone writes. */
    const uint8_t *flow;
    uint8_t flow_at;
    uint8_t phase;  /* enum phase */
    uint8_t awaits; /* enum event_kind, EVENT_COUNT: nothing */
    struct list wait;
    int64_t deadline_ms;
    int64_t began_us;
    int64_t stage_began_us;
    uint32_t stage_us[STAGE_COUNT];
    const struct kind *kind;
    const char *end;

    struct { /* core/intake.c */
        uint64_t conn;
        bool conn_lost;
        uint16_t listener;
        int32_t terminal; /* index, -1: a reversal drawn from the store */
        uint8_t tpdu[TPDU_LEN];
        uint8_t tpdu_len;
        bool repeat_mark;
        size_t frame_len;
        uint32_t follower; /* slot of the newest repeat, which is to get the answer */
        struct iso_msg msg;
    } intake;

    struct { /* step_pin */
        bool translated;
        uint8_t pin_block[8];
    } hsm;

    struct { /* step_route, step_issuer, step_reverse */
        int32_t issuer;
        int32_t link; /* that it was handed to; -1: none */
        bool stans_held;
        bool pending; /* in its link's table of who waits */
        struct pair_key key;
        int32_t issuer_of_pump; /* a reversal of ours: whose window it fills */
    } route;

    struct { /* the step that decides: DE39 and what goes with it */
        char code[3];
        char auth[7];
        char balance[121];
        struct passed { /* what the issuer says that is the terminal's own business */
            uint8_t de;
            uint16_t at;
            uint16_t len;
        } passed[PASSED_MAX];
        uint8_t passed_count;
        uint16_t passed_len; /* used of the bytes: wiped at release */
        uint8_t passed_bytes[PASSED_LEN_MAX];
        uint8_t state; /* enum record_state intended at CLOSE */
        int64_t approved_minor;
        bool repeat; /* told from the record */
        char diagnosis[ISO_TEXT_LEN_MAX];
    } outcome;

    struct { /* step_reverse: a reversal of ours */
        uint64_t due_seq;
        uint32_t tries;
        uint32_t agains;  /* tries that were not acknowledged */
        uint32_t backoff; /* of them since its issuer last signed on */
        bool overtaken;   /* its request was answered while this was on its way */
        bool dead;
        bool was_dead; /* a dead letter that is tried once more */
    } reverse;

    bool marked; /* a reversal of it arrived while it was open (core.c) */
    struct record record;

    size_t bytes_len; /* used of bytes: wiped at release */
    size_t out_len;
    size_t mac_at;  /* offset of the MAC in out, 0: none */
    uint8_t mac_de; /* 64 or 128 */
    uint8_t out[TXN_OUT_MAX];
    uint8_t bytes[TXN_BYTES_MAX];
};

/* A token names a transaction and the question it asked: generation, event kind, slot. */
static inline uint64_t token_make(const struct txn *t, enum event_kind question)
{
    return (uint64_t)t->generation << 32 | (uint64_t)question << 24 | t->slot;
}

static inline uint32_t token_slot(uint64_t token)
{
    return (uint32_t)(token & 0xFFFFFFu);
}

static inline enum event_kind token_question(uint64_t token)
{
    return (enum event_kind)(token >> 24 & 0xFFu);
}

static inline uint32_t token_generation(uint64_t token)
{
    return (uint32_t)(token >> 32);
}

/* The slab: a fixed array and a free list threaded through @wait. */
struct slab {
    struct txn *slots;
    uint32_t count;
    uint32_t used;
    uint32_t peak;
    struct list free;
};

void slab_init(struct slab *slab, struct txn *slots, uint32_t count);

/* A free slot with a new generation and everything reset, or NULL. */
struct txn *slab_acquire(struct slab *slab);

/* Wipe what it held and give it back. It must wait nowhere. */
void slab_release(struct slab *slab, struct txn *t);

/* The transaction that a token names, or NULL if it is gone. */
struct txn *slab_find(const struct slab *slab, uint64_t token);
