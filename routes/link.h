/* One issuer link as a pure state machine: sign-on, echo, who is waiting for which answer, and whom
 * a late answer belongs to. It sends nothing: it says what is needed, and the core sends it.
 *
 *   down --opened--> connected --0810 00 to our sign-on--> signed-on --ordered--> draining
 *     ^------------------------------closed, cut----------------------------------------'
 *
 * An answer pairs by what is on the wire: MTI class + DE11 + DE7 + DE37 (BEHAVIOUR 5). */
#pragma once

#include "iso8583/base/map.h"
#include "iso8583/dialect.h"
#include "iso8583/message.h"

enum link_state { LINK_IS_DOWN, LINK_IS_CONNECTED, LINK_IS_SIGNED_ON, LINK_IS_DRAINING };

/* What the link needs from its owner after something happened. */
enum link_need {
    LINK_NEEDS_NOTHING,
    LINK_NEEDS_SIGN_ON,  /* send 0800 DE70=001 */
    LINK_NEEDS_SIGN_OFF, /* send 0800 DE70=002, then cut */
    LINK_NEEDS_ECHO,     /* send 0800 DE70=301 */
    LINK_NEEDS_CUT,      /* close the connection: it does not answer */
};

/* class 1, DE11 6, DE7 10, DE37 12 (zero filled): one layout for requests, reversals and 08xx. */
enum { PAIR_KEY_LEN = 29, LINK_LATE_MAX = 4096, LINK_ECHO_MISSES = 2 };

struct pair_key {
    uint8_t bytes[PAIR_KEY_LEN];
};

/* A part of the key: a data element, or DE 0 for the MTI's class. */
enum { PAIR_PART_COUNT = 4 };
struct pair_part {
    uint8_t de;
    uint8_t at; /* in the key */
    uint8_t len;
};
extern const struct pair_part pair_parts[PAIR_PART_COUNT];

struct link_rules {
    const struct iso_dialect *dialect;
    uint32_t answer_ms;
    uint32_t echo_ms;
    uint32_t pending_max;
};

/* An 0200 that became UNKNOWN: its answer, should it still come, belongs to this record. */
struct late_entry {
    struct pair_key key;
    uint64_t seq;
};

struct link {
    struct link_rules rules;
    enum link_state state;
    bool wanted; /* staff wants it up */
    int64_t since_ms;
    int64_t heard_ms; /* last frame in */
    int64_t asked_ms; /* our last 08xx that is not answered yet, 0: none */
    uint32_t misses;
    uint32_t network_stan;
    struct map pending; /* pair_key -> slot */
    struct map late;    /* pair_key -> index in late_ring */
    struct late_entry *late_ring;
    uint32_t late_next;
    uint64_t sent, answered, timed_out, late_count, unmatched;
};

/* Bytes a link needs for its maps; link_init() takes them (zeroed or not, owned by the caller). */
size_t link_memory(const struct link_rules *rules);
void link_init(struct link *link, const struct link_rules *rules, void *memory);

/* The key of a message that goes out or came in: MTI class, DE11, DE7, DE37 of @msg. */
struct pair_key pair_key_of(const struct iso_msg *msg);
struct pair_key pair_key_make(unsigned mti_class, const char *stan, const char *de7,
                              const char *rrn);

MUST_USE enum link_need link_opened(struct link *link, int64_t now_ms);
void link_closed(struct link *link, int64_t now_ms);
/* A frame came in, whatever it says: the peer lives. */
void link_heard(struct link *link, int64_t now_ms);
/* An 0810 to our last 08xx with DE39 @code. True if the link has just signed on. */
bool link_network_answered(struct link *link, struct span code, int64_t now_ms);
MUST_USE enum link_need link_order(struct link *link, bool up, bool drain, int64_t now_ms);
/* Time passed. Call when link_deadline_ms() is reached. */
MUST_USE enum link_need link_tick(struct link *link, int64_t now_ms);
int64_t link_deadline_ms(const struct link *link);

/* The next 08xx: fill MTI, DE7, DE11, DE70 of @msg; its bytes live in @scratch (40 bytes). Marks it
 * as asked. */
void link_network_message(struct link *link, const char *function, const char *de7, int64_t now_ms,
                          struct iso_msg *msg, uint8_t *scratch);

/* Remember who waits. ERR_FULL (pending_max), ERR_EXISTS (the key is pending already). */
MUST_USE int link_await(struct link *link, const struct pair_key *key, uint32_t slot);
/* Take who waits for this answer; false: nobody. */
bool link_take(struct link *link, const struct pair_key *key, uint32_t *slot);
/* Nobody waits any more; its answer, if it comes, belongs to record @seq (0: to nobody). The newest
 * LINK_LATE_MAX are remembered. */
void link_forget(struct link *link, const struct pair_key *key, uint64_t seq);
/* Take the record a late answer belongs to; false: none. */
bool link_take_late(struct link *link, const struct pair_key *key, uint64_t *seq);

/* Who is nearest to an answer that pairs with nobody: the pending request that shares most of DE11,
 * DE7 and DE37; of equals the one of the same class, then that with the same DE37, DE11, DE7, then
 * the lowest key. False if no pending request shares any of the three. Looks at all that is
 * pending: only for answers that pair with nothing. */
bool link_nearest(const struct link *link, const struct pair_key *key, struct pair_key *nearest,
                  uint32_t *slot);
/* True if part @part (an index of pair_parts) of two keys agrees. */
bool pair_part_agrees(const struct pair_key *a, const struct pair_key *b, unsigned part);

const char *link_state_name(enum link_state state);
