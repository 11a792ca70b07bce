/* What terminals sent, and what the script expects for it. */
#include "iso8583/base/currency.h"
#include "iso8583/mti.h"
#include "iso8583/tlv.h"
#include "tools/isotest/record_write_state.h"

enum {
    NOTED_MAX = 16, /* messages of a conversation that later ones may refer to */
    ORIGINAL_LEN = 42,
};

/* --- references to earlier messages --------------------------------------------------------------
 */

/* Which of a conversation's first messages has @note as @bytes: its place from 1, or 0. Answers
 * give DE38 and DE37, requests all but DE38. With @marks it is noted to be captured there; without,
 * only one that was noted counts. */
static unsigned noted_find(struct talk *talk, int32_t head, int32_t before, enum note note,
                           struct span bytes, bool marks)
{
    struct message *messages = talk->messages;
    int32_t at = head;
    for (unsigned place = 1; place <= NOTED_MAX && at != TALK_NONE && at != before; place++) {
        struct message *message = &messages[at];
        const struct note_text *text = &message->note[note];
        bool is_request = mti_is_request(message->mti);
        bool is_source =
            is_request ? note != NOTE_APPROVAL : note == NOTE_APPROVAL || note == NOTE_RRN;
        if (is_source && bytes.len > 0 && span_equal(span_make(text->text, text->len), bytes) &&
            (marks || (message->captures >> note & 1u) != 0)) {
            message->captures |= marks ? 1u << note : 0;
            return place;
        }
        at = message->next;
    }
    return 0;
}

/* The parts of DE90 that are an original's. */
static const struct original_part {
    uint8_t at;
    uint8_t len;
    enum note note;
} original_parts[] = {{4, 6, NOTE_STAN}, {10, 10, NOTE_TIME}};

void references_mark(struct talk *talk, int32_t head)
{
    struct iso_msg msg;
    struct message *messages = talk->messages;
    for (int32_t at = messages[head].next; at != TALK_NONE; at = messages[at].next) {
        const struct message *message = &messages[at];
        if (!mti_is_request(message->mti)) {
            continue;
        }
        for (int note = 0; note < NOTES_MAX; note++) {
            struct span bytes = span_make(message->note[note].text, message->note[note].len);
            (void)noted_find(talk, head, at, (enum note)note, bytes, true);
        }
        talk_decode(talk, message, &msg);
        struct span original = iso_get(&msg, 90);
        for (size_t i = 0; original.len == ORIGINAL_LEN && i < ARRAY_COUNT(original_parts); i++) {
            const struct original_part *part = &original_parts[i];
            (void)noted_find(talk, head, at, part->note,
                             span_first(span_skip(original, part->at), part->len), true);
        }
    }
}

static void original_put(struct write *w, const struct message *message, int32_t at,
                         const struct iso_msg *msg)
{
    struct span original = iso_get(msg, 90);
    size_t done = 0;
    if (original.len != ORIGINAL_LEN || why_left_out(w, msg->dialect, 90, original) != NULL) {
        field_put(w, msg, 90, "");
        return;
    }
    fputs("90 \"", w->out);
    for (size_t i = 0; i < ARRAY_COUNT(original_parts); i++) {
        const struct original_part *part = &original_parts[i];
        struct span bytes = span_first(span_skip(original, part->at), part->len);
        unsigned place =
            noted_find(&w->terminals->talk, message->head, at, part->note, bytes, false);
        fprintf(w->out, "%.*s", (int)(part->at - done), (const char *)original.ptr + done);
        if (place != 0) {
            fprintf(w->out, "{{%s%u}}", note_rows[part->note].name, place);
        } else {
            fprintf(w->out, "%.*s", (int)part->len, (const char *)bytes.ptr);
        }
        done = (size_t)part->at + part->len;
    }
    fprintf(w->out, "%.*s\"\n", (int)(original.len - done), (const char *)original.ptr + done);
}

/* What the message captures for later ones, behind its step. */
static void captures_put(struct write *w, const struct message *message, int32_t at)
{
    unsigned place = 1;
    if (message->captures == 0) {
        return;
    }
    for (int32_t i = message->head; i != at; i = w->terminals->talk.messages[i].next) {
        place++;
    }
    fputs("capture\n", w->out);
    for (unsigned note = 0; note < NOTES_MAX; note++) {
        if ((message->captures >> note & 1u) != 0) {
            fprintf(w->out, "%s%u = %s%u\n", note_rows[note].name, place,
                    mti_is_request(message->mti) ? "sent." : "", note_rows[note].de);
        }
    }
}

/* --- send ----------------------------------------------------------------------------------------
 */

/* A field of a number or a time: as an earlier message had it, else as a terminal makes it. */
static void note_put(struct write *w, const struct message *message, int32_t at, enum note note,
                     const struct iso_msg *msg)
{
    unsigned de = note_rows[note].de;
    bool is_network = mti_class(message->mti) == MTI_CLASS_NETWORK;
    bool is_automatic = note == NOTE_STAN || note == NOTE_TIME || (!is_network && de != 38);
    struct span bytes = span_make(message->note[note].text, message->note[note].len);
    unsigned place = noted_find(&w->terminals->talk, message->head, at, note, bytes, false);
    if (!iso_has(msg, de)) {
        if (is_automatic) {
            field_remove(w, de);
        }
    } else if (place != 0) {
        fprintf(w->out, "%u {{%s%u}}\n", de, note_rows[note].name, place);
    } else if (note == NOTE_APPROVAL) {
        field_put(w, msg, de, "");
    } else if (!is_automatic) {
        fprintf(w->out, "%u %s\n", de,
                note == NOTE_LOCAL_TIME   ? "now(hhmmss)"
                : note == NOTE_LOCAL_DATE ? "now(MMDD)"
                                          : "rand(digits 12)");
    }
}

/* The tags that a terminal says of itself; what the card makes is made anew. */
static void emv_put(struct write *w, uint32_t card, const struct iso_msg *msg)
{
    static const uint32_t kept[] = {0x82, 0x84, 0x95, 0x9F1A, 0x9F27, 0x9F33, 0x9F34, 0x9F35};
    enum { TAG_LEN_MAX = 32 };
    bool begun = false;
    for (size_t i = 0; i < ARRAY_COUNT(kept); i++) {
        struct span value;
        if (tlv_find(iso_get(msg, 55), kept[i], &value) < 0 || value.len == 0 ||
            value.len > TAG_LEN_MAX || cards_stand_in(w->cards, value)) {
            continue;
        }
        if (!begun) {
            fprintf(w->out, "emv c%u", card + 1);
            begun = true;
        }
        fprintf(w->out, " %X ", kept[i]);
        hex_put(w->out, value);
    }
    fputs(begun ? "\n" : "", w->out);
}

static const char *entry_mode(const struct iso_msg *msg)
{
    struct span entry = span_first(iso_get(msg, 22), 2);
    if (iso_has(msg, 55)) {
        return "chip";
    }
    if (iso_has(msg, 35) || iso_has(msg, 36) || iso_has(msg, 45)) {
        return "magstripe";
    }
    return span_equal_text(entry, "81") || span_equal_text(entry, "10") ? "ecom" : "manual";
}

/* 2 14 22 23 35 52 55, by a test card. */
static void card_put(struct write *w, uint32_t index, const struct iso_msg *msg)
{
    struct recorded_card *card = cards_at(w->cards, index);
    const char *mode = entry_mode(msg);
    bool by_chip = strcmp(mode, "chip") == 0;
    bool has_track = by_chip || strcmp(mode, "magstripe") == 0;
    card->is_used = true;
    w->needs_imk = w->needs_imk || by_chip;
    fprintf(w->out, "card c%u by %s\n", index + 1, mode);
    if (!iso_has(msg, 2)) {
        field_remove(w, 2);
    }
    if (!iso_has(msg, 14)) {
        field_remove(w, 14);
    }
    if (iso_has(msg, 22)) {
        field_put(w, msg, 22, "");
    } else {
        field_remove(w, 22);
    }
    if (by_chip && !iso_has(msg, 23)) {
        field_remove(w, 23);
    } else if (!by_chip && iso_has(msg, 23)) {
        field_put(w, msg, 23, "");
    }
    if (has_track && !iso_has(msg, 35)) {
        field_remove(w, 35);
    }
    if (by_chip) {
        emv_put(w, index, msg);
    }
    if (iso_has(msg, 52)) {
        fprintf(w->out, "pin c%u\n", index + 1);
    }
}

/* Who and where: 41 and 42, if the terminal's declaration does not say it so. */
static void place_put(struct write *w, const struct party *party, const struct iso_msg *msg)
{
    struct span merchant = span_make(party->merchant, party->merchant_len);
    if (!iso_has(msg, 41) && party->id_len > 0) {
        field_remove(w, 41);
    }
    if (iso_has(msg, 42) && !span_equal(iso_get(msg, 42), merchant)) {
        field_put(w, msg, 42, "");
    } else if (!iso_has(msg, 42) && merchant.len > 0) {
        field_remove(w, 42);
    }
}

/* Whether the fields behind the first are this function's to write: what is none of them has been
 * written, is made anew or is not written at all. */
static bool is_plain(unsigned de, const struct iso_msg *msg, bool has_card)
{
    static const uint8_t others[] = {2, 3, 4, 7, 11, 12, 13, 37, 38, 41, 42, 64, 65, 90, 128};
    static const uint8_t of_cards[] = {14, 22, 23, 35, 52, 55};
    for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
        if (others[i] == de) {
            return false;
        }
    }
    for (size_t i = 0; has_card && i < ARRAY_COUNT(of_cards); i++) {
        if (of_cards[i] == de) {
            return false;
        }
    }
    return iso_has(msg, de) && (de != 49 || currency_of(msg) == NULL);
}

void send_put(struct write *w, int32_t at)
{
    struct talk *talk = &w->terminals->talk;
    const struct message *message = &talk->messages[at];
    const struct party *party = &talk->parties[message->party];
    struct iso_msg msg;
    talk_decode(talk, message, &msg);
    const struct currency *currency = currency_of(&msg);
    bool is_network = mti_class(message->mti) == MTI_CLASS_NETWORK;
    fprintf(w->out, "send %04x from %s\n", message->mti, party->name);
    for (int note = 0; note < NOTES_MAX; note++) {
        note_put(w, message, at, (enum note)note, &msg);
    }
    if (iso_has(&msg, 3)) {
        field_put(w, &msg, 3, "");
    }
    if (currency != NULL) {
        fputs("4 amount ", w->out);
        money_put(w->out, &msg, currency);
        fputc('\n', w->out);
    } else if (iso_has(&msg, 4)) {
        field_put(w, &msg, 4, "");
    }
    if (message->card != CARD_NONE) {
        card_put(w, message->card, &msg);
    } else if (iso_has(&msg, 2)) {
        fputs("# DE2 is left out: it is no card number\n", w->out);
    }
    place_put(w, party, &msg);
    for (unsigned de = 5; de <= ISO_DE_MAX; de++) {
        if (is_plain(de, &msg, message->card != CARD_NONE)) {
            field_put(w, &msg, de, "");
        }
    }
    if (iso_has(&msg, 90)) {
        original_put(w, message, at, &msg);
    }
    if (message->mac_field != 0 && is_network) {
        fputs("mac\n", w->out);
    } else if (message->mac_field == 0 && !is_network && party->has_mac) {
        field_remove(w, 64);
    }
    if (message->answer == TALK_NONE) {
        fputs("# no answer was captured\n", w->out);
    }
    captures_put(w, message, at);
}

/* --- expect --------------------------------------------------------------------------------------
 */

/* What is checked of an answer, and how, if it is there. To add a field: a row. */
static const struct checked {
    uint8_t de;
    enum { CHECKED_VALUE, CHECKED_SAME, CHECKED_THERE } how;
} checked_rows[] = {
    {39, CHECKED_VALUE}, {38, CHECKED_THERE}, {54, CHECKED_THERE}, {55, CHECKED_THERE},
    {3, CHECKED_SAME},   {4, CHECKED_SAME},   {7, CHECKED_SAME},   {11, CHECKED_SAME},
    {12, CHECKED_SAME},  {13, CHECKED_SAME},  {32, CHECKED_SAME},  {37, CHECKED_SAME},
    {41, CHECKED_SAME},  {42, CHECKED_SAME},  {49, CHECKED_SAME},  {70, CHECKED_SAME},
};

void expect_put(struct write *w, int32_t at, bool by_issuer)
{
    struct talk *talk = &w->terminals->talk;
    const struct message *answer = &talk->messages[at];
    const struct message *question = &talk->messages[answer->question];
    struct compared compared;
    struct iso_msg got;
    unsigned same_count = 0;
    answer_compare(talk, answer, &compared, &got);
    fprintf(w->out, "expect %04x at %s within %us\n", answer->mti,
            talk->parties[question->party].name, patience_s(answer->at_us - question->at_us));
    for (size_t i = 0; i < ARRAY_COUNT(checked_rows); i++) {
        const struct checked *row = &checked_rows[i];
        if (!iso_has(&got, row->de)) {
            continue;
        }
        if (row->how == CHECKED_VALUE) {
            field_put(w, &got, row->de, "== ");
        } else if (row->how == CHECKED_THERE || (row->de == 37 && !compared.is_same[37])) {
            fprintf(w->out, "%u present\n", row->de);
        }
    }
    for (size_t i = 0; i < ARRAY_COUNT(checked_rows); i++) {
        unsigned de = checked_rows[i].de;
        if (checked_rows[i].how == CHECKED_SAME && compared.is_same[de]) {
            fprintf(w->out, "%s%u", same_count++ == 0 ? "same " : ", ", de);
        }
    }
    fputs(same_count > 0 ? " as sent\n" : "", w->out);
    struct span tag;
    if (by_issuer && question->card != CARD_NONE && iso_has(&got, 55) &&
        tlv_find(iso_get(&got, 55), 0x91, &tag) == 0) {
        fprintf(w->out, "arpc c%u\n", question->card + 1); /* It is made by the script. */
    }
    if (answer->mac_field != 0) {
        fputs("mac valid\n", w->out);
    }
    captures_put(w, answer, at);
}
