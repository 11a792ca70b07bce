/* What the files that write a recorded script share: record_field.c values and fields,
 * record_step.c what terminals send and expect, record_rule.c what issuers are asked and answer,
 * record_call.c which of that belongs to which, record_write.c tests and declarations. */
#pragma once

#include "tools/isotest/record_write.h"

enum { ANSWER_WAIT_S = 2, CALLS_MAX = 32 /* in a test */ };

/* A conversation with an issuer that one of a terminal has called for. */
struct call {
    struct played *issuer;
    int32_t head;
    int32_t next; /* index of the next of the same test, or TALK_NONE */
};

struct write {
    struct played *sides;
    size_t side_count;
    struct played *terminals; /* NULL: there is no such side */
    struct cards *cards;
    const struct record_options *options;
    FILE *out; /* the tests */
    struct written *counts;
    struct call *calls; /* by struct message.call of the terminals' heads */
    uint32_t call_count;
    bool needs_imk;
};

struct currency;

/* --- record_field.c ----------------------------------------------------------------------------
 */

/* Whether @bytes are a bare word of the language. */
bool is_word(struct span bytes);

void hex_put(FILE *out, struct span bytes);

/* @bytes of a field of @row as a value of the language. */
void value_put(FILE *out, const struct iso_field_row *row, unsigned de, struct span bytes);

/* Why DE @de with @bytes of a message in @dialect is not written, or NULL. */
const char *why_left_out(const struct write *w, const struct iso_dialect *dialect, unsigned de,
                         struct span bytes);

/* "DE value", or "DE OPERATOR value", of @msg; or, as a comment, why not. */
void field_put(struct write *w, const struct iso_msg *msg, unsigned de, const char *operator);

/* "DE -" */
void field_remove(struct write *w, unsigned de);

/* The currency of DE4, or NULL if it is not known; "12.50 EUR" with it. */
const struct currency *currency_of(const struct iso_msg *msg);
void money_put(FILE *out, const struct iso_msg *msg, const struct currency *currency);

/* Seconds to wait for what took this long. */
unsigned patience_s(int64_t took_us);

/* What of a message is compared with another one, which is decoded in the same room. */
struct compared {
    bool is_there[ISO_DE_MAX + 1];
    bool is_same[ISO_DE_MAX + 1]; /* in both, and equal */
};

/* Compare @answer's fields with its question's, and leave @answer decoded in @msg. */
void answer_compare(struct talk *talk, const struct message *answer, struct compared *compared,
                    struct iso_msg *msg);

/* --- record_step.c ------------------------------------------------------------------------------
 */

/* Note what of the conversation @head is captured for its later messages. Before send_put(). */
void references_mark(struct talk *talk, int32_t head);

/* Message @at of a terminal: its request as a send, an answer as an expect. @by_issuer: an issuer
 * of the script makes the answer. */
void send_put(struct write *w, int32_t at);
void expect_put(struct write *w, int32_t at, bool by_issuer);

/* --- record_rule.c ------------------------------------------------------------------------------
 */

/* Whether there is something in the conversation @head that @issuer does not answer of itself, as
 * it does sign-on and echo. */
bool is_worth_rules(struct played *issuer, int32_t head);

/* How issuers answer what they are asked in the conversations @calls. */
void rules_put(struct write *w, const struct call *calls, size_t call_count);

/* What @issuer is asked with @message; to be waited for so long. */
void asked_put(struct write *w, struct played *issuer, const struct message *message,
               unsigned patience);

/* --- record_call.c ------------------------------------------------------------------------------
 */

/* Find for whom the issuers were called. ERR_MEMORY. */
MUST_USE int calls_find(struct write *w);

/* The test of the terminals' conversation @head; of one with an issuer, where nobody plays the
 * terminals. */
void asking_put(struct write *w, int32_t head);
void answering_put(struct write *w, struct played *issuer, int32_t head);

/* --- record_write.c -----------------------------------------------------------------------------
 */

/* test "..." { of the conversation that begins with @head. */
void title_put(struct write *w, struct talk *talk, int32_t head);
