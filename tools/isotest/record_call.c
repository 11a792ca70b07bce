/* Which conversation of a terminal has made the switch call which issuer; and the tests, in which
 * both stand in the order of time. */
#include <stdlib.h>

#include "iso8583/mti.h"
#include "tools/isotest/record_write_state.h"

enum {
    CALLERS_LOOK_BACK_MAX = 4096, /* messages of terminals in front of what an issuer is asked */
    MTI_CLASS_REVERSAL = 4,
    ALONE_WAIT_S = 60,
};

/* Network messages between two that have no conversation belong to nobody, too. */
static bool is_caller(const struct message *message)
{
    return message->head != TALK_NONE && mti_is_request(message->mti) &&
           mti_class(message->mti) != MTI_CLASS_NETWORK;
}

static bool party_equal(const struct party *a, const struct party *b)
{
    return a->id_len > 0 && a->id_len == b->id_len && memcmp(a->id, b->id, a->id_len) == 0;
}

/* Whether @message has the retrieval number of @asked. */
static bool rrn_equal(const struct message *message, const struct message *asked)
{
    const struct note_text *a = &message->note[NOTE_RRN];
    const struct note_text *b = &asked->note[NOTE_RRN];
    return a->len > 0 && a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

/* How sure it is that @caller made the switch ask @asked: 2 by terminal and retrieval number, which
 * the answer may give; 1 by terminal, card and amount; 0 not at all. */
static int caller_rank(const struct talk *callers, const struct message *caller,
                       const struct talk *issuers, const struct message *asked)
{
    const struct party *terminal = &callers->parties[caller->party];
    const struct party *told = &issuers->parties[asked->party];
    bool same_terminal = party_equal(terminal, told);
    bool same_rrn =
        rrn_equal(caller, asked) ||
        (caller->answer != TALK_NONE && rrn_equal(&callers->messages[caller->answer], asked));
    bool same_class = mti_class(caller->mti) == mti_class(asked->mti) ||
                      mti_class(asked->mti) == MTI_CLASS_REVERSAL;
    if (same_rrn && same_terminal) {
        return 2;
    }
    return same_class && (same_terminal || told->id_len == 0 || terminal->id_len == 0) &&
                   caller->card != CARD_NONE && caller->card == asked->card &&
                   caller->amount == asked->amount
               ? 1
               : 0;
}

/* The terminals' conversation for which @issuer was asked @asked, or TALK_NONE. */
static int32_t caller_find(const struct talk *callers, const struct talk *issuer,
                           const struct message *asked)
{
    int32_t found = TALK_NONE;
    uint32_t first =
        asked->heard > CALLERS_LOOK_BACK_MAX ? asked->heard - CALLERS_LOOK_BACK_MAX : 0;
    for (uint32_t i = asked->heard; i-- > first;) {
        const struct message *caller = &callers->messages[i];
        int rank = is_caller(caller) ? caller_rank(callers, caller, issuer, asked) : 0;
        if (rank == 2) {
            return caller->head;
        }
        if (rank == 1 && found == TALK_NONE) {
            found = caller->head;
        }
    }
    return found;
}

static void call_add(struct write *w, struct played *issuer, int32_t head, int32_t caller)
{
    struct call *call = &w->calls[w->call_count];
    int32_t *at = &w->terminals->talk.messages[caller].call;
    while (*at != TALK_NONE) {
        at = &w->calls[*at].next;
    }
    *call = (struct call){issuer, head, TALK_NONE};
    *at = (int32_t)w->call_count++;
}

int calls_find(struct write *w)
{
    size_t heads = 0;
    for (size_t i = 0; i < w->side_count; i++) {
        heads += w->sides[i].talk.count;
    }
    w->calls = calloc(heads + 1, sizeof *w->calls);
    if (w->calls == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < w->side_count; i++) {
        struct played *issuer = &w->sides[i];
        for (uint32_t k = 0; issuer != w->terminals && k < issuer->talk.count; k++) {
            const struct message *message = &issuer->talk.messages[k];
            if (message->head != (int32_t)k) {
                continue;
            }
            if (!is_worth_rules(issuer, (int32_t)k)) {
                w->counts->network_only++;
                continue;
            }
            int32_t caller = w->terminals == NULL
                                 ? TALK_NONE
                                 : caller_find(&w->terminals->talk, &issuer->talk, message);
            if (caller != TALK_NONE) {
                call_add(w, issuer, (int32_t)k, caller);
            } else if (w->terminals != NULL) {
                w->counts->uncalled++;
            }
        }
    }
    return 0;
}

/* --- a test --------------------------------------------------------------------------------------
 */

static int32_t request_from(const struct talk *talk, int32_t at)
{
    while (at != TALK_NONE && !mti_is_request(talk->messages[at].mti)) {
        at = talk->messages[at].next;
    }
    return at;
}

static const struct message *due_message(const struct call *due)
{
    return &due->issuer->talk.messages[due->head];
}

/* In what follows a call's @head moves to its next request to come, at the end to TALK_NONE: which
 * of
 * @due comes first, or NULL. */
static struct call *due_first(struct call *due, size_t count)
{
    struct call *first = NULL;
    for (size_t i = 0; i < count; i++) {
        if (due[i].head == TALK_NONE) {
            continue;
        }
        const struct message *message = due_message(&due[i]);
        if (first == NULL || message->heard < due_message(first)->heard ||
            (message->heard == due_message(first)->heard &&
             message->at_us < due_message(first)->at_us)) {
            first = &due[i];
        }
    }
    return first;
}

void asking_put(struct write *w, int32_t head)
{
    struct talk *talk = &w->terminals->talk;
    struct call due[CALLS_MAX];
    size_t count = 0;
    int64_t last_us = talk->messages[head].at_us;
    references_mark(talk, head);
    title_put(w, talk, head);
    for (int32_t i = talk->messages[head].call; i != TALK_NONE; i = w->calls[i].next) {
        if (count < CALLS_MAX) {
            due[count++] = w->calls[i];
        } else {
            w->counts->uncalled++;
        }
    }
    rules_put(w, due, count);
    int32_t at = head;
    struct call *next = due_first(due, count);
    while (at != TALK_NONE || next != NULL) {
        if (next != NULL && (at == TALK_NONE || due_message(next)->heard <= (uint32_t)at)) {
            const struct message *asked = due_message(next);
            asked_put(w, next->issuer, asked, patience_s(asked->at_us - last_us));
            last_us = asked->at_us;
            next->head = request_from(&next->issuer->talk, asked->next);
            next = due_first(due, count);
        } else {
            if (mti_is_request(talk->messages[at].mti)) {
                send_put(w, at);
            } else {
                expect_put(w, at, count > 0);
            }
            last_us = talk->messages[at].at_us;
            at = talk->messages[at].next;
        }
    }
    fputs("}\n", w->out);
}

void answering_put(struct write *w, struct played *issuer, int32_t head)
{
    struct talk *talk = &issuer->talk;
    if (!is_worth_rules(issuer, head)) {
        return;
    }
    title_put(w, talk, head);
    rules_put(w, &(struct call){issuer, head, TALK_NONE}, 1);
    for (int32_t at = request_from(talk, head); at != TALK_NONE;
         at = request_from(talk, talk->messages[at].next)) {
        asked_put(w, issuer, &talk->messages[at], ALONE_WAIT_S);
    }
    fputs("}\n", w->out);
}
