/* A station: one terminal (T[7] of terminal T[1..200]) or one issuer of a script, as far as it
 * makes and judges messages: its fields, keys and counters. No sockets here; lane.h of the run
 * connects it.
 *
 * The path of a message: value.c gives bytes for what a script wrote, compose.c puts a message
 * together from the automatic fields, the station's, the step's, card, PIN, chip data and, last,
 * the MAC; judge.c compares an answer with what is expected; crypt.c has the arithmetic
 * (OpenSSL and hsm_sim/engine). Nothing allocates after station_open(). */
#pragma once

#include "iso8583/message.h"
#include "tools/isotest/script.h"

enum {
    MESSAGE_ROOM = 2 * FRAME_LEN_MAX, /* canonical bytes of one message */
    VALUE_LEN_MAX = 999,
};

/* A message that is kept: views into its own room. Copying one by assignment is a mistake. */
struct held {
    bool present;
    struct iso_msg msg;
    uint16_t wire_len;
    uint16_t room_len;
    int64_t at_us; /* when it was sent or came, steady clock */
    uint8_t wire[FRAME_LEN_MAX];
    uint8_t room[MESSAGE_ROOM];
};

/* Decode @wire (copied) in @dialect. 0, or a negative enum err with @error filled; what was decoded
 * before the error is in held->msg. */
MUST_USE int held_read(struct held *held, const struct iso_dialect *dialect, struct span wire,
                       struct iso_error *error);

/* What values are made from, where a statement stands: a strand's own. Borrowed pointers. */
struct scope {
    const struct script *script;
    struct span *variables;  /* by slot; SPAN_NONE: not set */
    const struct span *row;  /* by column slot, or NULL: no data row yet */
    const struct held *sent; /* any may be NULL or not present */
    const struct held *asked;
    const struct held *got;
    uint32_t index;     /* {{n}} */
    uint64_t *random;   /* the run's generator state, seeded */
    uint64_t *counters; /* by counter slot */
    int64_t wall_ms;    /* UTC */
};

/* The bytes of @value appended to @out and shown in @result. 0; ERR_NOT_FOUND if it refers to what
 * is not there (*@missing names it: "row.pan", "sent.38"; valid while the script is), ERR_FORMAT,
 * ERR_RANGE, ERR_SPACE. For field @de of @dialect (0: none) hex digits that a template gives become
 * bytes where the field is binary. */
MUST_USE int value_eval(const struct value *value, const struct scope *scope,
                        const struct iso_dialect *dialect, unsigned de, struct writer *out,
                        struct span *result, struct span *missing);

/* What a field path names in @msg, as text or bytes: empty and false if absent. TAG looks into the
 * TLV; MTI gives four digits in @mti_room. */
bool path_get(const struct path *path, const struct iso_msg *msg, struct span tpdu,
              uint8_t mti_room[4], struct span *out);

/* What could not be composed, judged or opened: where and why, no card data. */
struct fault {
    struct spot spot;
    char text[240];
};

struct station; /* struct crypt, counters, compiled fields */

/* The station @index of @decl (0: the only one). @scope as it is at the start of a run. 0, or a
 * negative enum err with @fault filled. Free with station_close(), which wipes keys. */
MUST_USE int station_open(const struct peer_decl *decl, uint32_t index, struct scope *scope,
                          struct station **out, struct fault *fault);
void station_close(struct station *station);
const struct peer_decl *station_decl(const struct station *station);
uint32_t station_index(const struct station *station);

/* HOST:PORT of the station, evaluated once. */
const char *station_address(const struct station *station);

/* Make the message of a `send` step: composed->msg, composed->wire (without framing); @tpdu_out as
 * framing wants it (empty: the default). @copied is the message that `copy NAME` names (NULL: the
 * step has none): its fields are taken (copied), the automatic ones are not made. A `raw` step's
 * bytes go as they are; composed->msg is what of them decodes. The station's STAN counter, KSN and
 * ATC of the card go on. @composed borrows from script and station, and is none of the messages in
 * @scope. 0, or a negative enum err with @fault filled. */
MUST_USE int compose_send(struct station *station, const struct send *send, struct scope *scope,
                          const struct held *copied, struct held *composed, struct span *tpdu_out,
                          struct fault *fault);

/* Make the answer of an `on ... reply` (@on may be NULL: the automatic answer to sign-on and echo)
 * to @request: what an answer carries is copied from it, then @on's fields. */
MUST_USE int compose_reply(struct station *station, const struct on *on, struct scope *scope,
                           const struct held *request, struct held *composed, struct fault *fault);

/* The terminal's reversal of @original (reversal auto): 0420 with DE90, same 3 4 7 11 41 42 49,
 * card. */
MUST_USE int compose_reversal(struct station *station, const struct held *original, bool repeat,
                              struct held *composed, struct fault *fault);

/* Whether @pred holds of @got (@is_there: the field is). For an amount, number or text alike. */
bool pred_holds(const struct pred *pred, const struct scope *scope, bool is_there, struct span got,
                const struct iso_dialect *dialect, unsigned de, struct fault *fault);

/* One check that did not hold. */
struct miss {
    const struct check *check;
    const struct path *path; /* of the field that it is about (of `same`: which); NULL: latency */
    char expected[120];      /* "00 (approved)"; masked as the field is */
    char got[120];
};

enum { MISSES_MAX = 32 };

/* Compare what came with @expect's checks; @sent (may be NULL) for `same ... as sent`. Returns the
 * number of misses written to @misses (at most MISSES_MAX), 0 if all hold. */
int judge(struct station *station, const struct expect *expect, struct scope *scope,
          const struct held *sent, const struct held *got, int64_t latency_us, struct miss *misses);

/* The pairing key of a message at this station (`match`, default mti class, 11, 41), as a hash; the
 * same for a request and its answer. Hash 0 is never returned. */
uint64_t match_key(const struct station *station, const struct iso_msg *msg);

/* What a station's keys were used for since it was opened. */
struct station_work {
    uint64_t pin_blocks; /* made */
    uint64_t macs;       /* made and checked */
    uint64_t mac_bytes;  /* that they covered */
};
struct station_work station_work(const struct station *station);

/* Make @pin_blocks PIN blocks and @macs MACs over @mac_len bytes, and throw them away: to be timed.
 * A DUKPT station's KSN goes on. 0, or ERR_NOT_FOUND without the key, or what crypt.h returns. */
MUST_USE int station_exercise(struct station *station, uint32_t pin_blocks, uint32_t macs,
                              size_t mac_len);

/* Told each step of a computation under --explain: "ARQC input  000000001250...", "session key KCV
 * 8CA64D". Clear keys and PINs never. NULL: off. */
void station_explain(struct station *station, void (*tell)(void *context, const char *line),
                     void *context);
