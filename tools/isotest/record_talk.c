#include "tools/isotest/record_talk.h"

#include <stdio.h>
#include <stdlib.h>

#include "iso8583/base/map.h"
#include "iso8583/mti.h"
#include "iso8583/tlv.h"

enum {
    LOOK_BACK_MAX = 256, /* requests in front of an answer, and of one that names an earlier one */
    CARRY_LEN = FRAME_LEN_MAX + FRAME_HEAD_LEN_MAX,
    SCRATCH_LEN = 2 * FRAME_LEN_MAX,
    PARTY_KEY_LEN = 16,
};

/* By enum note. */
const struct note_row note_rows[NOTES_MAX] = {
    {11, "stan"},       {7, "time"}, {12, "local_time"},
    {13, "local_date"}, {37, "rrn"}, {38, "approval"},
};

/* What is under way in a connection. */
struct line {
    int32_t last_request;
    int32_t party; /* the last that was named */
    struct carry {
        uint8_t *bytes; /* CARRY_LEN: a frame that is not whole yet */
        size_t len;
        bool searching; /* the framing was lost: nothing is taken but a message that is good */
    } carry[2];
};

int talk_open(struct talk *talk, const struct framing *framing, const struct iso_dialect *dialect,
              struct cards *cards, const struct talk *before)
{
    *talk = (struct talk){.before = before, .framing = framing, .dialect = dialect, .cards = cards};
    talk->party_memory = malloc(map_memory(PARTIES_MAX, PARTY_KEY_LEN));
    talk->party_index = malloc(sizeof *talk->party_index);
    talk->parties = calloc(PARTIES_MAX, sizeof *talk->parties);
    talk->scratch = malloc(SCRATCH_LEN);
    if (talk->party_memory == NULL || talk->party_index == NULL || talk->parties == NULL ||
        talk->scratch == NULL) {
        return ERR_MEMORY;
    }
    map_init(talk->party_index, talk->party_memory, PARTIES_MAX, PARTY_KEY_LEN);
    return 0;
}

static void carry_free(struct carry *carry)
{
    if (carry->bytes != NULL) {
        bytes_wipe(carry->bytes, CARRY_LEN);
    }
    free(carry->bytes);
    carry->bytes = NULL;
    carry->len = 0;
}

void talk_close(struct talk *talk)
{
    for (uint32_t i = 0; i < talk->count; i++) {
        bytes_wipe(talk->messages[i].wire, talk->messages[i].wire_len);
        free(talk->messages[i].wire);
    }
    for (uint32_t i = 0; i < 2 * talk->line_cap; i++) {
        carry_free(&talk->lines[i / 2].carry[i % 2]);
    }
    if (talk->scratch != NULL) {
        bytes_wipe(talk->scratch, SCRATCH_LEN);
    }
    free(talk->messages);
    free(talk->parties);
    free(talk->lines);
    free(talk->party_index);
    free(talk->party_memory);
    free(talk->scratch);
    *talk = (struct talk){0};
}

/* --- parties -------------------------------------------------------------------------------------
 */

static bool name_is_taken(const struct talk *talk, const char *name)
{
    for (uint32_t i = 0; i < talk->party_count; i++) {
        if (strcmp(talk->parties[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* A name of the language: the DE41 if it can be one, else T and a number. */
static void party_name(const struct talk *talk, struct party *party)
{
    struct span id = span_make(party->id, party->id_len);
    while (id.len > 0 && id.ptr[id.len - 1] == ' ') {
        id.len--;
    }
    bool good = id.len > 0 && id.len < PARTY_NAME_LEN;
    for (size_t i = 0; i < id.len && good; i++) {
        uint8_t lower = id.ptr[i] | 0x20u;
        good = (lower >= 'a' && lower <= 'z') || (i > 0 && byte_is_digit(id.ptr[i]));
    }
    if (good) {
        memcpy(party->name, id.ptr, id.len);
        party->name[id.len] = '\0';
        good = !name_is_taken(talk, party->name);
    }
    if (!good || cards_stand_in(talk->cards, id)) {
        (void)snprintf(party->name, sizeof party->name, "%s-%u", party->id_len == 0 ? "Line" : "T",
                       party->id_len == 0 ? party->connection + 1 : talk->party_count + 1);
    }
}

static int32_t party_add(struct talk *talk, struct span id, uint32_t connection)
{
    if (talk->party_count == PARTIES_MAX) {
        return TALK_NONE;
    }
    struct party *party = &talk->parties[talk->party_count];
    *party = (struct party){.connection = connection, .last_request = TALK_NONE};
    if (id.len > 0) {
        memcpy(party->id, id.ptr, id.len);
        party->id_len = (uint8_t)id.len;
    }
    party_name(talk, party);
    return (int32_t)talk->party_count++;
}

/* Who @msg is about: its DE41, else who was spoken of on this connection, else the connection. */
static int32_t party_find(struct talk *talk, const struct iso_msg *msg, uint32_t connection)
{
    uint8_t key[PARTY_KEY_LEN] = {0};
    uint32_t at = 0;
    struct span id = iso_get(msg, 41);
    struct line *line = &talk->lines[connection];
    if (id.len == 0 || id.len >= PARTY_KEY_LEN) {
        if (line->party == TALK_NONE) {
            line->party = party_add(talk, SPAN_NONE, connection);
        }
        return line->party;
    }
    key[0] = (uint8_t)id.len;
    memcpy(key + 1, id.ptr, id.len);
    if (map_find(talk->party_index, key, &at)) {
        line->party = (int32_t)at;
        return line->party;
    }
    int32_t party = party_add(talk, id, connection);
    if (party != TALK_NONE) {
        line->party = map_add(talk->party_index, key, (uint32_t)party) < 0 ? TALK_NONE : party;
    }
    return party;
}

/* --- messages ------------------------------------------------------------------------------------
 */

void talk_decode(struct talk *talk, const struct message *message, struct iso_msg *msg)
{
    struct iso_error unused;
    struct writer scratch = writer_make(talk->scratch, SCRATCH_LEN);
    CHECK(iso_decode(talk->dialect, span_make(message->wire, message->wire_len), &scratch, msg,
                     &unused) == 0);
}

/* The digits in front of the separator of a track, and behind the format code of track 1. */
static struct span track_pan(struct span track)
{
    size_t from = track.len > 0 && !byte_is_digit(track.ptr[0]) ? 1 : 0;
    size_t len = 0;
    while (from + len < track.len && byte_is_digit(track.ptr[from + len])) {
        len++;
    }
    return span_first(span_skip(track, from), len);
}

/* The card numbers in the chip data are not to be written, either. */
static void chip_see(struct talk *talk, struct span chip, struct recorded_card *card)
{
    struct reader in = reader_make(chip);
    struct tlv tlv;
    while (tlv_next(&in, &tlv) == 1) {
        if (tlv.tag == 0x57 || tlv.tag == 0x5A) {
            uint8_t digits[2 * 64];
            size_t len = 0;
            for (size_t i = 0; i < 2 * tlv.value.len && len < sizeof digits; i++) {
                uint8_t nibble = nibble_at(tlv.value, i);
                if (nibble > 9) {
                    break;
                }
                digits[len++] = (uint8_t)('0' + nibble);
            }
            cards_shun(talk->cards, span_make(digits, len));
        } else if (card != NULL && tlv.tag == 0x9F10 && tlv.value.len > 2) {
            uint8_t cvn = tlv.value.ptr[0] == 0x1F ? tlv.value.ptr[1] : tlv.value.ptr[2];
            card->cvn = cvn == 0x0A ? 10 : cvn == 0x12 ? 18 : cvn == 0x22 ? 22 : card->cvn;
        }
    }
}

/* What the message says of a card. Which card that is: DE2, else the tracks. */
static uint32_t card_see(struct talk *talk, const struct iso_msg *msg)
{
    static const uint8_t sources[] = {2, 35, 45, 36, 34};
    uint32_t found = CARD_NONE;
    for (size_t i = 0; i < ARRAY_COUNT(sources); i++) {
        struct span pan = track_pan(iso_get(msg, sources[i]));
        if (found == CARD_NONE && sources[i] != 36 && sources[i] != 34) {
            found = cards_see(talk->cards, pan);
        }
        cards_shun(talk->cards, pan);
    }
    struct recorded_card *card = found == CARD_NONE ? NULL : cards_at(talk->cards, found);
    chip_see(talk, iso_get(msg, 55), card);
    if (card == NULL) {
        return CARD_NONE;
    }
    card->has_chip = card->has_chip || iso_has(msg, 55);
    card->has_pin = card->has_pin || iso_has(msg, 52);
    return found;
}

static bool message_room(struct talk *talk)
{
    if (talk->count < talk->cap) {
        return true;
    }
    uint32_t cap = talk->cap == 0 ? 256 : talk->cap * 2;
    struct message *more =
        talk->count >= MESSAGES_MAX ? NULL : realloc(talk->messages, cap * sizeof *talk->messages);
    if (more == NULL) {
        return false;
    }
    talk->messages = more;
    talk->cap = cap;
    return true;
}

static void message_add(struct talk *talk, struct stream_id id, int64_t at_us, struct span tpdu,
                        struct span wire, const struct iso_msg *msg)
{
    bool has_room = wire.len <= WIRE_LEN_MAX - talk->wire_len && message_room(talk);
    uint8_t *copy = has_room ? malloc(wire.len) : NULL;
    int32_t party = copy == NULL ? TALK_NONE : party_find(talk, msg, id.connection);
    if (party == TALK_NONE) {
        talk->counts.left_out++;
        free(copy);
        return;
    }
    struct message *message = &talk->messages[talk->count++];
    *message = (struct message){.wire = copy,
                                .wire_len = (uint16_t)wire.len,
                                .mti = msg->mti,
                                .from_client = id.from_client,
                                .has_pin = iso_has(msg, 52),
                                .mac_field = iso_has(msg, 128)  ? 128
                                             : iso_has(msg, 64) ? 64
                                                                : 0,
                                .has_high = (msg->present[1] & ~1ull) != 0,
                                .at_us = at_us,
                                .connection = id.connection,
                                .heard = talk->before == NULL ? 0 : talk->before->count,
                                .card = card_see(talk, msg),
                                .amount = AMOUNT_NONE,
                                .party = party,
                                .answer = TALK_NONE,
                                .question = TALK_NONE,
                                .head = TALK_NONE,
                                .next = TALK_NONE,
                                .last = TALK_NONE,
                                .previous = TALK_NONE,
                                .earlier = TALK_NONE,
                                .caller = TALK_NONE,
                                .call = TALK_NONE};
    if (iso_number(msg, 4, &message->amount) < 0) {
        message->amount = AMOUNT_NONE;
    }
    memcpy(copy, wire.ptr, wire.len);
    talk->wire_len += wire.len;
    if (tpdu.len == TPDU_LEN) {
        memcpy(message->tpdu, tpdu.ptr, TPDU_LEN);
        message->tpdu_len = TPDU_LEN;
    }
    for (size_t i = 0; i < NOTES_MAX; i++) {
        struct span bytes = iso_get(msg, note_rows[i].de);
        if (bytes.len > 0 && bytes.len <= NOTE_LEN_MAX) {
            memcpy(message->note[i].text, bytes.ptr, bytes.len);
            message->note[i].len = (uint8_t)bytes.len;
        }
    }
    talk->counts.requests += mti_is_request(msg->mti);
}

/* --- frames --------------------------------------------------------------------------------------
 */

static bool line_room(struct talk *talk, uint32_t connection)
{
    if (connection < talk->line_cap) {
        return true;
    }
    uint32_t cap = talk->line_cap == 0 ? 16 : talk->line_cap;
    while (cap <= connection) {
        cap *= 2;
    }
    struct line *more = realloc(talk->lines, cap * sizeof *talk->lines);
    if (more == NULL) {
        talk->out_of_memory = true;
        return false;
    }
    for (uint32_t i = talk->line_cap; i < cap; i++) {
        more[i] = (struct line){.last_request = TALK_NONE, .party = TALK_NONE};
    }
    talk->lines = more;
    talk->line_cap = cap;
    return true;
}

/* What stands in a frame. False: no message of the dialect. */
static bool frame_take(struct talk *talk, struct stream_id id, int64_t at_us, struct span tpdu,
                       struct span wire, struct iso_error *error)
{
    struct iso_msg msg;
    struct writer scratch = writer_make(talk->scratch, SCRATCH_LEN);
    if (wire.len == 0) {
        return true; /* a keep-alive */
    }
    if (iso_decode(talk->dialect, wire, &scratch, &msg, error) < 0) {
        return false;
    }
    if (msg.mti == 0) { /* The language has no such type. */
        *error = (struct iso_error){.code = ERR_FORMAT, .what = "message type"};
        return false;
    }
    message_add(talk, id, at_us, tpdu, wire, &msg);
    return true;
}

/* Take what is whole out of @carry. False: the frames are lost in it. */
static bool frames_take(struct talk *talk, struct stream_id id, int64_t at_us, struct carry *carry)
{
    struct reader in = reader_make(span_make(carry->bytes, carry->len));
    struct span tpdu;
    struct span wire;
    int status = 0;
    while ((status = frame_next(talk->framing, &in, &tpdu, &wire)) == 1) {
        struct iso_error error = {0};
        bool good = frame_take(talk, id, at_us, tpdu, wire, &error);
        if (!good && carry->searching) {
            return false;
        }
        carry->searching = carry->searching && wire.len == 0;
        if (!good && talk->counts.broken++ == 0) {
            (void)iso_error_text(&error, talk->dialect, talk->error, sizeof talk->error);
        }
    }
    carry->len = reader_left(&in);
    memmove(carry->bytes, in.ptr, carry->len);
    return status == 0;
}

/* The frames are lost in @carry: what stands in it is passed over. */
static void carry_lose(struct talk *talk, struct carry *carry)
{
    talk->counts.lost += !carry->searching;
    talk->counts.skipped_len += carry->len;
    carry->searching = true;
    carry->len = 0;
}

static struct carry *carry_of(struct talk *talk, struct stream_id id)
{
    if (!line_room(talk, id.connection)) {
        return NULL;
    }
    struct carry *carry = &talk->lines[id.connection].carry[id.from_client];
    if (carry->bytes == NULL) {
        carry->bytes = malloc(CARRY_LEN);
        talk->out_of_memory = talk->out_of_memory || carry->bytes == NULL;
    }
    return carry->bytes == NULL ? NULL : carry;
}

void talk_bytes(struct talk *talk, struct stream_id id, int64_t at_us, struct span bytes)
{
    struct carry *carry = carry_of(talk, id);
    if (carry == NULL) {
        return;
    }
    bool begins = carry->searching && carry->len > 0; /* A message may begin with @bytes, too. */
    struct span rest = bytes;
    while (rest.len > 0) {
        struct span part = span_first(rest, CARRY_LEN - carry->len);
        CHECK(part.len > 0);
        memcpy(carry->bytes + carry->len, part.ptr, part.len);
        carry->len += part.len;
        rest = span_skip(rest, part.len);
        if (frames_take(talk, id, at_us, carry)) {
            continue;
        }
        begins = begins && carry->searching;
        carry_lose(talk, carry);
        if (!begins) {
            talk->counts.skipped_len += rest.len;
            break;
        }
        begins = false;
        rest = bytes;
    }
    if (carry->len == 0) {
        carry_free(carry);
    }
}

void talk_lost(struct talk *talk, struct stream_id id, uint32_t len)
{
    struct carry *carry = carry_of(talk, id);
    talk->counts.holes += len > 0;
    talk->counts.hole_len += len;
    if (carry != NULL) {
        carry->searching = true; /* The loss is a hole's, not the framing's. */
        carry_lose(talk, carry);
        carry_free(carry);
    }
}

/* --- what belongs together -----------------------------------------------------------------------
 */

static bool note_equal(const struct message *a, const struct message *b, enum note note)
{
    const struct note_text *x = &a->note[note];
    const struct note_text *y = &b->note[note];
    return x->len > 0 && x->len == y->len && memcmp(x->text, y->text, x->len) == 0;
}

/* The question that @answer answers, or TALK_NONE. */
static int32_t question_find(const struct talk *talk, const struct message *answer)
{
    int32_t at = talk->lines[answer->connection].last_request;
    for (int i = 0; i < LOOK_BACK_MAX && at != TALK_NONE; i++) {
        const struct message *request = &talk->messages[at];
        bool has_number = request->note[NOTE_STAN].len > 0 || answer->note[NOTE_STAN].len > 0;
        if (request->from_client != answer->from_client && request->answer == TALK_NONE &&
            mti_answer(request->mti) == answer->mti && request->party == answer->party &&
            (!has_number || note_equal(request, answer, NOTE_STAN))) {
            return at;
        }
        at = request->earlier;
    }
    return TALK_NONE;
}

/* Whether @later is about the same as @earlier: its repeat, its reversal, what has its DE37. */
static bool is_about(struct talk *talk, const struct message *later, const struct message *earlier)
{
    enum { ORIGINAL_STAN_AT = 4, STAN_LEN = 6 };
    struct iso_msg msg;
    if (mti_is_repeat(later->mti) && mti_original(later->mti) == mti_original(earlier->mti) &&
        note_equal(later, earlier, NOTE_STAN)) {
        return true;
    }
    if (later->mti == earlier->mti && note_equal(later, earlier, NOTE_STAN) &&
        note_equal(later, earlier, NOTE_LOCAL_TIME)) {
        return true; /* a repeat that does not say so */
    }
    if (mti_class(later->mti) != MTI_CLASS_NETWORK &&
        (note_equal(later, earlier, NOTE_RRN) ||
         (earlier->answer != TALK_NONE &&
          note_equal(later, &talk->messages[earlier->answer], NOTE_RRN)))) {
        return true; /* The number is the terminal's own, or one that it was given. */
    }
    if (mti_class(later->mti) != 4) {
        return false;
    }
    talk_decode(talk, later, &msg);
    struct span stan = span_first(span_skip(iso_get(&msg, 90), ORIGINAL_STAN_AT), STAN_LEN);
    return stan.len == STAN_LEN && earlier->note[NOTE_STAN].len == STAN_LEN &&
           memcmp(stan.ptr, earlier->note[NOTE_STAN].text, STAN_LEN) == 0;
}

static void conversation_add(struct talk *talk, int32_t head, int32_t at)
{
    struct message *messages = talk->messages;
    messages[at].head = head;
    if (head != at) {
        messages[messages[head].last].next = at;
    }
    messages[head].last = at;
}

static void request_join(struct talk *talk, int32_t at)
{
    struct message *message = &talk->messages[at];
    struct party *party = &talk->parties[message->party];
    int32_t head = at;
    int32_t earlier = party->last_request;
    for (int i = 0; i < LOOK_BACK_MAX && earlier != TALK_NONE; i++) {
        if (talk->messages[earlier].from_client == message->from_client &&
            is_about(talk, message, &talk->messages[earlier])) {
            head = talk->messages[earlier].head;
            break;
        }
        earlier = talk->messages[earlier].previous;
    }
    conversation_add(talk, head, at);
    message->previous = party->last_request;
    party->last_request = at;
}

void talk_join(struct talk *talk, bool from_client)
{
    for (uint32_t i = 0; i < talk->count; i++) {
        struct message *message = &talk->messages[i];
        struct line *line = &talk->lines[message->connection];
        int32_t at = (int32_t)i;
        if (mti_is_request(message->mti)) {
            message->earlier = line->last_request;
            line->last_request = at;
            if (message->from_client == from_client) {
                request_join(talk, at);
            }
            continue;
        }
        message->question = question_find(talk, message);
        if (message->question == TALK_NONE) {
            talk->counts.unpaired++;
            continue;
        }
        struct message *question = &talk->messages[message->question];
        question->answer = at;
        if (question->head != TALK_NONE) {
            conversation_add(talk, question->head, at);
        }
    }
    for (uint32_t i = 0; i < talk->count; i++) {
        const struct message *message = &talk->messages[i];
        talk->counts.unanswered += message->head != TALK_NONE && mti_is_request(message->mti) &&
                                   message->answer == TALK_NONE;
    }
}

bool talk_client_asks(const struct talk *talk)
{
    uint32_t by_client = 0;
    uint32_t by_server = 0;
    for (uint32_t i = 0; i < talk->count; i++) {
        const struct message *message = &talk->messages[i];
        bool asks = mti_is_request(message->mti) && mti_class(message->mti) != MTI_CLASS_NETWORK;
        by_client += asks && message->from_client;
        by_server += asks && !message->from_client;
    }
    return by_client >= by_server;
}
