/* What an issuer was asked and answered: rules, and what the script expects to be asked. */
#include "iso8583/mti.h"
#include "iso8583/tlv.h"
#include "tools/isotest/record_write_state.h"

enum { LATE_US = 500000 /* an answer that took longer comes late in the script, too */ };

/* What an issuer's answer repeats of itself (isot(5)), and what stands there where it was another
 * one: NULL is the field as it was. To add a field: a row. */
static const struct repeated {
    uint8_t de;
    const char *made; /* anew; "": whatever it was, it is repeated */
} repeated_rows[] = {
    {2, ""},           {3, NULL},
    {4, NULL},         {7, "now(MMDDhhmmss)"},
    {11, ""},          {12, "now(hhmmss)"},
    {13, "now(MMDD)"}, {15, NULL},
    {32, NULL},        {37, "rand(digits 12)"},
    {41, NULL},        {42, NULL},
    {49, NULL},        {70, NULL},
};

static const struct repeated *repeated_find(unsigned de)
{
    for (size_t i = 0; i < ARRAY_COUNT(repeated_rows); i++) {
        if (repeated_rows[i].de == de) {
            return &repeated_rows[i];
        }
    }
    return NULL;
}

/* A repeated field of @answer, where it differs from what is repeated. */
static void repeated_put(struct write *w, const struct repeated *row,
                         const struct compared *compared, const struct iso_msg *answer)
{
    unsigned de = row->de;
    if (!iso_has(answer, de)) {
        if (compared->is_there[de]) {
            field_remove(w, de);
        }
    } else if (!compared->is_same[de] && row->made == NULL) {
        field_put(w, answer, de, "");
    } else if (!compared->is_same[de] && row->made[0] != '\0') {
        fprintf(w->out, "%u %s\n", de, row->made);
    }
}

/* " reply MTI", behind an "on", with what it needs. */
static void reply_put(struct write *w, struct played *issuer, const struct message *question)
{
    const struct message *answer = &issuer->talk.messages[question->answer];
    int64_t took_us = answer->at_us - question->at_us;
    struct compared compared;
    struct iso_msg msg;
    struct span tag;
    answer_compare(&issuer->talk, answer, &compared, &msg);
    fprintf(w->out, " reply %04x", answer->mti);
    if (took_us >= LATE_US && took_us < (int64_t)24 * 3600 * 1000000) {
        fprintf(w->out, " after %lldms", (long long)took_us / 1000);
    }
    fputc('\n', w->out);
    for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
        const struct repeated *row = repeated_find(de);
        if (de == 64 || de == 65 || de == 128) {
            continue;
        }
        if (row != NULL) {
            repeated_put(w, row, &compared, &msg);
        } else if (de == 55 && iso_has(&msg, de)) {
            if (compared.is_there[55] && question->card != CARD_NONE &&
                tlv_find(iso_get(&msg, 55), 0x91, &tag) == 0) {
                fprintf(w->out, "55.91 arpc c%u\n", question->card + 1);
                cards_at(w->cards, question->card)->is_used = true;
                w->needs_imk = true;
            }
        } else if (iso_has(&msg, de)) {
            field_put(w, &msg, de, "");
        }
    }
    if (issuer->has_mac && answer->mac_field == 0 && mti_class(answer->mti) != MTI_CLASS_NETWORK) {
        field_remove(w, 64);
    }
}

/* Whether the tool answers @question so of itself: sign-on, echo, with 00. */
static bool is_answered_alone(struct talk *talk, const struct message *question)
{
    struct iso_msg msg;
    if (mti_class(question->mti) != MTI_CLASS_NETWORK || question->answer == TALK_NONE) {
        return false;
    }
    talk_decode(talk, &talk->messages[question->answer], &msg);
    return span_equal_text(iso_get(&msg, 39), "00");
}

bool is_worth_rules(struct played *issuer, int32_t head)
{
    const struct message *messages = issuer->talk.messages;
    for (int32_t at = head; at != TALK_NONE; at = messages[at].next) {
        if (mti_is_request(messages[at].mti) && !is_answered_alone(&issuer->talk, &messages[at])) {
            return true;
        }
    }
    return false;
}

/* --- rules ---------------------------------------------------------------------------------------
 */

/* Requests that one rule answers: of one type and, where a test has several, one amount. */
struct kind {
    struct played *issuer;
    const struct message *question; /* the first that is answered, or NULL */
    uint64_t amount;
    uint32_t drops; /* requests in front of it */
    uint16_t mti;
};

enum { KINDS_MAX = 2 * CALLS_MAX };

static struct kind *kind_find(struct kind *kinds, size_t *count, struct played *issuer,
                              const struct message *message)
{
    uint16_t mti = mti_original(message->mti);
    for (size_t i = 0; i < *count; i++) {
        if (kinds[i].issuer == issuer && kinds[i].mti == mti &&
            kinds[i].amount == message->amount) {
            return &kinds[i];
        }
    }
    if (*count == KINDS_MAX) {
        return NULL;
    }
    kinds[*count] = (struct kind){.issuer = issuer, .mti = mti, .amount = message->amount};
    return &kinds[(*count)++];
}

static bool is_only_one(const struct kind *kinds, size_t count, const struct kind *kind)
{
    size_t alike = 0;
    for (size_t i = 0; i < count; i++) {
        alike += kinds[i].issuer == kind->issuer && kinds[i].mti == kind->mti;
    }
    return alike == 1;
}

/* "on ISSUER MTI", and the amount if there is another one. */
static void on_put(struct write *w, const struct kind *kind, bool is_only)
{
    fprintf(w->out, "on %s %04x", kind->issuer->side->name, kind->mti);
    if (!is_only && kind->amount != AMOUNT_NONE) {
        fprintf(w->out, " where 4 == %012llu", (unsigned long long)kind->amount);
    }
}

/* Before the first answer of a kind come the requests that were lost; behind it nothing: a rule
 * that replies is never used up. */
void rules_put(struct write *w, const struct call *calls, size_t call_count)
{
    struct kind kinds[KINDS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < call_count; i++) {
        struct played *issuer = calls[i].issuer;
        struct talk *talk = &issuer->talk;
        for (int32_t at = calls[i].head; at != TALK_NONE; at = talk->messages[at].next) {
            const struct message *message = &talk->messages[at];
            bool is_asked = mti_is_request(message->mti) && !is_answered_alone(talk, message);
            struct kind *kind = is_asked ? kind_find(kinds, &count, issuer, message) : NULL;
            if (kind != NULL && kind->question == NULL) {
                kind->drops += message->answer == TALK_NONE;
                kind->question = message->answer == TALK_NONE ? NULL : message;
            }
        }
    }
    for (size_t i = 0; i < count; i++) {
        const struct kind *kind = &kinds[i];
        bool is_only = is_only_one(kinds, count, kind);
        if (kind->drops > 0) {
            on_put(w, kind, is_only);
            fputs(" drop", w->out);
            if (kind->question != NULL) {
                fprintf(w->out, " times %u", kind->drops);
            }
            fputc('\n', w->out);
        }
        if (kind->question != NULL) {
            on_put(w, kind, is_only);
            reply_put(w, kind->issuer, kind->question);
        }
    }
}

void asked_put(struct write *w, struct played *issuer, const struct message *message,
               unsigned patience)
{
    static const uint8_t values[] = {3, 4, 49, 70};
    static const uint8_t there[] = {52, 55};
    struct iso_msg msg;
    talk_decode(&issuer->talk, message, &msg);
    fprintf(w->out, "expect %04x at %s within %us\n", message->mti, issuer->side->name, patience);
    for (size_t i = 0; i < ARRAY_COUNT(values); i++) {
        if (iso_has(&msg, values[i])) {
            field_put(w, &msg, values[i], "== ");
        }
    }
    for (size_t i = 0; i < ARRAY_COUNT(there); i++) {
        if (iso_has(&msg, there[i])) {
            fprintf(w->out, "%u present\n", there[i]);
        }
    }
    if (message->mac_field != 0) {
        fputs("mac valid\n", w->out);
    }
}
