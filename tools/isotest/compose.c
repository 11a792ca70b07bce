#include "iso8583/base/calendar.h"
#include "iso8583/edition.h"
#include "iso8583/mti.h"
#include "tools/isotest/card.h"

enum { DE_PIN = 52, DE_CHIP = 55, MTI_CLASS_NETWORK = 8, STAN_MAX = 999999, ACQUIRER_LEN = 11 };

/* --- the parts of a message ------------------------------------------------------------------- */

/* MMDDhhmmss, UTC, made once a second. */
static const uint8_t *clock_text(struct station *station, int64_t wall_ms)
{
    int64_t second = wall_ms / 1000;
    if (second != station->clock_s) {
        struct civil c = civil_from_ms(wall_ms);
        int numbers[] = {c.month, c.day, c.hour, c.minute, c.second};
        for (size_t i = 0; i < ARRAY_COUNT(numbers); i++) {
            digits_put(station->clock + 2 * i, 2, (uint64_t)numbers[i]);
        }
        station->clock_s = second;
    }
    return station->clock;
}

/* What a terminal sets of itself: 7 and 11, and in all but network messages 12, 13 and 37. */
static void automatic_put(struct draft *draft)
{
    struct station *station = draft->station;
    int64_t wall_ms = draft->scope->wall_ms;
    uint32_t stan = station->stan;
    station->stan = stan == STAN_MAX ? 1 : stan + 1;
    uint8_t *clock = writer_room(&draft->room, CLOCK_LEN);
    uint8_t *number = writer_room(&draft->room, 6);
    uint8_t *rrn = writer_room(&draft->room, 12); /* YDDDHH and the STAN, as acquirers make it */
    if (rrn == NULL) {
        return; /* draft_end() tells */
    }
    memcpy(clock, clock_text(station, wall_ms), CLOCK_LEN);
    digits_put(number, 6, stan);
    bool is_later = station->decl->dialect->edition != ISO_1987;
    struct iso_msg turned;
    struct iso_msg *msg = is_later ? &turned : draft->msg;
    if (is_later) {
        iso_init(&turned, (uint16_t)(draft->msg->mti & 0x0FFFu));
    }
    iso_set(msg, 7, span_make(clock, CLOCK_LEN));
    iso_set(msg, 11, span_make(number, 6));
    if (mti_class(msg->mti) != MTI_CLASS_NETWORK) {
        struct civil c = civil_from_ms(wall_ms);
        digits_put(rrn, 1, (uint64_t)c.year);
        digits_put(rrn + 1, 3, (uint64_t)c.day_of_year);
        digits_put(rrn + 4, 2, (uint64_t)c.hour);
        memcpy(rrn + 6, number, 6);
        iso_set(msg, 12, span_make(clock + 4, 6)); /* the terminal's own time is UTC here */
        iso_set(msg, 13, span_make(clock, 4));
        iso_set(msg, 37, span_make(rrn, 12));
    }
    if (is_later) {
        draft_put_1987(draft, &turned, wall_ms);
    }
}

/* Fields of an amount have their currency in another one. */
static unsigned currency_of(unsigned de)
{
    return de == 4 ? 49 : de == 5 ? 50 : de == 6 ? 51 : 0;
}

static int line_value(struct draft *draft, const struct field_line *line, struct span *out)
{
    const struct value *value = &line->value;
    bool has_field = line->path.kind == PATH_FIELD || line->path.kind == PATH_TAG;
    struct span missing;
    if (value_bytes_known(value)) {
        *out = value->bytes;
        return 0;
    }
    if (line->path.kind == PATH_TPDU || line->path.kind == PATH_TAG) {
        int status = value_eval_binary(value, draft->scope, &draft->room, out, &missing);
        if (status == 0) {
            return 0;
        }
    }
    return value_need(value, draft->scope, draft->station->decl->dialect,
                      has_field ? line->path.de : 0, &draft->room, out, draft->fault);
}

/* DE4 of 2003 has its currency in it. */
static void amount_put_2003(struct draft *draft, struct span digits, uint16_t currency)
{
    enum { AMOUNT_LEN = 12 };
    struct iso_msg msg;
    struct span amount = span_last(digits, AMOUNT_LEN);
    uint8_t *room = writer_room(&draft->room, AMOUNT_LEN + 3);
    if (room != NULL) {
        memset(room, '0', AMOUNT_LEN);
        memcpy(room + AMOUNT_LEN - amount.len, amount.ptr, amount.len);
        digits_put(room + AMOUNT_LEN, 3, currency);
        iso_init(&msg, 0x0810); /* an answer: nothing else comes with it */
        iso_set(&msg, 4, span_make(room, AMOUNT_LEN));
        iso_set(&msg, 49, span_make(room + AMOUNT_LEN, 3));
        draft_put_1987(draft, &msg, 0);
    }
}

/* Set what @line says, but a tag: those come when their field is whole. */
static int line_put(struct draft *draft, const struct field_line *line, struct span bytes)
{
    unsigned de = line->path.de;
    switch ((enum path_kind)line->path.kind) {
    case PATH_FIELD:
        if (line->remove) {
            iso_unset(draft->msg, de);
            return 0;
        }
        if (line->value.kind == VALUE_AMOUNT && de == 4 &&
            draft->station->decl->dialect->edition == ISO_2003) {
            amount_put_2003(draft, bytes, line->value.currency);
            return 0;
        }
        draft_put(draft, de, bytes);
        if (line->value.kind == VALUE_AMOUNT && currency_of(de) != 0 &&
            !draft_says(draft, currency_of(de))) {
            draft_put_digits(draft, currency_of(de), 3, line->value.currency);
        }
        return 0;
    case PATH_MTI:
        draft->msg->mti = bytes.len == 4 ? mti_parse(bytes.ptr) : 0;
        if (draft->msg->mti == 0) {
            fault_set(draft->fault, line->spot, "an MTI has four digits");
            return ERR_FORMAT;
        }
        return 0;
    case PATH_TPDU:
        if (bytes.len != TPDU_LEN && bytes.len != draft->station->decl->framing->tpdu) {
            fault_set(draft->fault, line->spot, "a TPDU has %d bytes", TPDU_LEN);
            return ERR_FORMAT;
        }
        draft->tpdu = bytes;
        return 0;
    case PATH_TAG:
        break;
    }
    return 0;
}

/* The declaration's lines: in every message (its tags: chip.c). */
static int station_lines_put(struct draft *draft)
{
    struct station *station = draft->station;
    struct scope *scope = draft->scope;
    struct scope own;
    if (scope != NULL) {
        own = *scope; /* {{n}} of a declaration is the station's number, not a loop's */
        own.index = station->index;
        draft->scope = &own;
    }
    int status = 0;
    for (uint32_t i = 0; i < station->line_count && status == 0; i++) {
        const struct fixed_line *fixed = &station->lines[i];
        struct span bytes = fixed->bytes;
        if (!fixed->is_constant && !fixed->line->remove) {
            if (scope == NULL) {
                continue; /* a reversal has no statement to take values from */
            }
            status = line_value(draft, fixed->line, &bytes);
        }
        status = status < 0 ? status : line_put(draft, fixed->line, bytes);
    }
    draft->scope = scope;
    return status;
}

/* The step's lines. What an ARPC or a tag needs is there only later: step_tags_put(). */
static int step_lines_put(struct draft *draft, const struct field_line *lines)
{
    struct span bytes;
    for (const struct field_line *line = lines; line != NULL; line = line->next) {
        if (line->path.kind == PATH_FIELD) {
            draft_note(draft, line->path.de);
        }
    }
    for (const struct field_line *line = lines; line != NULL; line = line->next) {
        if (line->path.kind == PATH_TAG || line->value.kind == VALUE_ARPC) {
            continue;
        }
        bytes = SPAN_NONE;
        if (!line->remove) {
            TRY(line_value(draft, line, &bytes));
        }
        TRY(line_put(draft, line, bytes));
    }
    return 0;
}

static int step_tags_put(struct draft *draft, const struct field_line *lines,
                         const struct held *asked)
{
    for (const struct field_line *line = lines; line != NULL; line = line->next) {
        struct span bytes = SPAN_NONE;
        bool is_arpc = line->value.kind == VALUE_ARPC && !line->remove;
        if (line->path.kind != PATH_TAG && !is_arpc) {
            continue;
        }
        uint32_t tag = line->path.kind == PATH_TAG ? line->path.tag : 0x91;
        if (is_arpc) {
            struct card_state *state = station_card(draft->station, line->value.card);
            if (state == NULL || asked == NULL) {
                fault_set(draft->fault, line->spot, "an ARPC answers a request");
                return ERR_NOT_FOUND;
            }
            TRY(chip_answer(draft, state, asked, iso_get(draft->msg, 39), &bytes));
        } else if (!line->remove) {
            TRY(line_value(draft, line, &bytes));
        }
        draft_put_tag(draft, line->path.de, tag, line->remove ? NULL : &bytes);
    }
    return 0;
}

/* --- card, PIN, chip -------------------------------------------------------------------------- */

/* How a card was entered: DE22 without the PIN capability, and what else that gives. */
static const struct {
    char entry[3];
    bool has_track;
    bool has_chip;
} entries[] = {
    [ENTRY_CHIP] = {"05", true, true},
    [ENTRY_MAGSTRIPE] = {"02", true, false},
    [ENTRY_MANUAL] = {"01", false, false},
    [ENTRY_ECOM] = {"81", false, false},
};

/* DE22, as the dialect's edition has it. */
static void entry_put(struct draft *draft, struct span entry)
{
    if (draft->station->decl->dialect->edition == ISO_1987) {
        draft_put(draft, 22, entry);
        return;
    }
    struct iso_msg msg;
    iso_init(&msg, (uint16_t)(draft->msg->mti & 0x0FFFu));
    iso_set(&msg, 22, entry);
    iso_set(&msg, 25, SPAN_LITERAL("00"));
    draft_put_1987(draft, &msg, draft->scope->wall_ms);
}

static void card_put(struct draft *draft, const struct send *send, const struct card_face *face)
{
    uint8_t *entry = writer_room(&draft->room, 3);
    draft_put(draft, 2, face->pan);
    if (face->exp.len != 0) {
        draft_put(draft, 14, face->exp);
    }
    if (entry != NULL) {
        bool has_pad = draft->station->crypt.has_pin && send->entry != ENTRY_ECOM;
        memcpy(entry, entries[send->entry].entry, 2);
        entry[2] = has_pad ? '1' : '2';
        entry_put(draft, span_make(entry, 3));
    }
    if (entries[send->entry].has_chip) {
        draft_put(draft, 23, face->psn);
    }
    if (entries[send->entry].has_track) {
        draft_put(draft, 35, face->track2);
    }
}

static int pin_put(struct draft *draft, const struct send *send)
{
    struct card_face face;
    struct crypt *crypt = &draft->station->crypt;
    const struct peer_decl *decl = draft->station->decl;
    const struct card_state *state = station_card(draft->station, send->pin);
    if (!crypt->has_pin) {
        fault_set(draft->fault, decl->spot, "%.*s has no `pin` key", (int)decl->name.len,
                  (const char *)decl->name.ptr);
        return ERR_NOT_FOUND;
    }
    CHECK(state != NULL);
    TRY(card_face(draft, state, &face));
    uint8_t *block = writer_room(&draft->room, 8);
    int status = ERR_SPACE;
    if (block != NULL) {
        status = crypt_pin_block(crypt, (struct secret_span){face.pin.ptr, face.pin.len}, face.pan,
                                 draft->scope->random, block);
    }
    if (status < 0) {
        fault_set(draft->fault, state == NULL ? decl->spot : send->pin->spot, "PIN block: %s",
                  status == ERR_FORMAT  ? "the card's pin or pan cannot be one"
                  : status == ERR_RANGE ? "the terminal has no KSN left"
                                        : err_text(status));
        return status;
    }
    draft_put(draft, DE_PIN, span_make(block, 8));
    station_tell(draft->station, "PIN block ISO-%u, key %s kcv %s%s", crypt->pin_format,
                 crypt->pin_label.name, crypt->pin_label.kcv, crypt->is_dukpt ? ", DUKPT" : "");
    if (crypt->is_dukpt && !draft_says(draft, decl->ksn_field)) {
        size_t start = draft->room.len;
        struct span ksn = span_make(crypt->dukpt.ksn, DUKPT_KSN_LEN);
        if (decl->dialect->field[decl->ksn_field].content == ISO_B) {
            writer_span(&draft->room, ksn);
        } else {
            writer_hex(&draft->room, ksn);
        }
        draft_put(draft, decl->ksn_field,
                  span_make(draft->room.ptr + start, draft->room.len - start));
    }
    return 0;
}

static int card_and_pin_put(struct draft *draft, const struct send *send)
{
    struct card_face face;
    struct span de55;
    if (send->pin != NULL && !draft_says(draft, DE_PIN)) {
        TRY(pin_put(draft, send));
    }
    bool by_card = send->card != NULL && entries[send->entry].has_chip;
    const struct card *chip = send->emv != NULL ? send->emv : by_card ? send->card : NULL;
    if (chip == NULL || draft_says(draft, DE_CHIP)) {
        return 0;
    }
    struct card_state *state = station_card(draft->station, chip);
    CHECK(state != NULL);
    TRY(card_face(draft, state, &face));
    int status = chip_make(draft, state, &face, send->emv_lines, &de55);
    if (status < 0 && draft->fault != NULL && draft->fault->text[0] == '\0') {
        fault_set(draft->fault, chip->spot, "chip data: %s", err_text(status));
    }
    TRY(status);
    draft_put(draft, DE_CHIP, de55);
    return 0;
}

/* --- what the runs call ----------------------------------------------------------------------- */

/* `raw`: bytes as they are, decoded for whoever looks at them later. */
static int raw_put(struct draft *draft, const struct send *send)
{
    struct held *held = draft->held;
    struct writer out = writer_make(held->wire, sizeof held->wire);
    struct iso_error unused;
    struct span bytes;
    struct span missing;
    int status = value_eval_binary(&send->raw, draft->scope, &out, &bytes, &missing);
    if (status < 0) {
        fault_set(draft->fault, send->raw.spot, "raw: %s", err_text(status));
        return status;
    }
    if (held_read(held, draft->station->decl->dialect, bytes, &unused) < 0) {
        station_tell(draft->station, "raw bytes that are no message of %s",
                     draft->station->decl->dialect->name);
    }
    return 0;
}

static int send_fields_put(struct draft *draft, const struct send *send, const struct held *copied)
{
    struct card_face face;
    if (copied != NULL) {
        /* The same message again: nothing is new in it but what the step says (and the MAC). */
        for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
            if (de != 64 && de != 128 && de != 65) {
                draft_copy(draft, &copied->msg, de);
            }
        }
    } else {
        automatic_put(draft);
        TRY(station_lines_put(draft));
    }
    if (send->card != NULL) {
        const struct card_state *state = station_card(draft->station, send->card);
        CHECK(state != NULL);
        TRY(card_face(draft, state, &face));
        card_put(draft, send, &face);
    }
    TRY(step_lines_put(draft, send->fields));
    TRY(card_and_pin_put(draft, send));
    return step_tags_put(draft, send->fields, NULL);
}

int compose_send(struct station *station, const struct send *send, struct scope *scope,
                 const struct held *copied, struct held *composed, struct span *tpdu_out,
                 struct fault *fault)
{
    uint16_t mti = send->mti == 0 && copied != NULL ? copied->msg.mti : send->mti;
    struct draft draft = draft_make(station, scope, composed, mti, fault);
    *tpdu_out = draft.tpdu;
    if (send->is_raw) {
        return raw_put(&draft, send);
    }
    TRY(send_fields_put(&draft, send, copied));
    *tpdu_out = draft.tpdu;
    enum mac_wish wish = MAC_NONE;
    bool has_key = station->crypt.has_mac;
    if (send->mac_bad) {
        wish = MAC_BAD;
    } else if (send->mac || (has_key && mti_class(draft.msg->mti) != MTI_CLASS_NETWORK)) {
        wish = MAC_GOOD;
    }
    if (wish != MAC_NONE && !has_key) {
        fault_set(fault, station->decl->spot, "%.*s has no `mac` key", (int)station->decl->name.len,
                  (const char *)station->decl->name.ptr);
        return ERR_NOT_FOUND;
    }
    if (draft_says(&draft, 64) || draft_says(&draft, 128)) {
        wish = MAC_NONE; /* the step has its own, or wants none */
    }
    return draft_end(&draft, wish);
}

int compose_reply(struct station *station, const struct on *on, struct scope *scope,
                  const struct held *request, struct held *composed, struct fault *fault)
{
    /* What an answer repeats, as the networks have it: who and what (2 3 4 32 41 42 49), when (7 12
     * 13 15) and the numbers that find it (11 37), the sort of a network message (70). Not the
     * track, PIN or chip data, and not 90: an 0430 is found by its own numbers. */
    static const uint8_t repeated[] = {2, 3, 4, 7, 11, 12, 13, 15, 32, 37, 41, 42, 49, 70};
    bool is_later = station->decl->dialect->edition != ISO_1987;
    uint16_t mti = mti_answer(request->msg.mti);
    if (on != NULL && on->reply_mti != 0) {
        mti = on->reply_mti;
    }
    struct draft draft = draft_make(station, scope, composed, mti, fault);
    for (size_t i = 0; i < ARRAY_COUNT(repeated); i++) {
        draft_copy(&draft, &request->msg, repeated[i]);
    }
    if (is_later) { /* its 13 and 70 mean other things; 24 is what 70 was */
        draft_copy(&draft, &request->msg, 24);
        iso_unset(draft.msg, 13);
        iso_unset(draft.msg, 70);
    }
    bool is_network = mti_class(mti) == MTI_CLASS_NETWORK;
    if (is_network) {
        struct iso_msg good;
        iso_init(&good, 0x0810);
        iso_set(&good, 39, SPAN_LITERAL("00"));
        draft_put_1987(&draft, &good, 0);
    }
    TRY(station_lines_put(&draft));
    const struct field_line *lines = on == NULL ? NULL : on->fields;
    TRY(step_lines_put(&draft, lines));
    TRY(step_tags_put(&draft, lines, request));
    bool has_own = draft_says(&draft, 64) || draft_says(&draft, 128);
    return draft_end(&draft,
                     station->crypt.has_mac && !is_network && !has_own ? MAC_GOOD : MAC_NONE);
}

/* DE90: MTI, STAN and time of the original, its acquirer and its forwarder (11 digits each). */
static void original_put(struct writer *room, struct iso_msg *msg, const struct iso_msg *original)
{
    static const struct {
        uint8_t de;
        uint8_t len;
    } parts[] = {{11, 6}, {7, 10}, {32, ACQUIRER_LEN}, {33, ACQUIRER_LEN}};
    enum { ORIGINAL_LEN = 42 };
    uint8_t *to = writer_room(room, ORIGINAL_LEN);
    if (to == NULL) {
        return;
    }
    memset(to, '0', ORIGINAL_LEN);
    mti_print(mti_original(original->mti), to);
    uint8_t *end = to + 4;
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
        struct span bytes = span_last(iso_get(original, parts[i].de), parts[i].len);
        end += parts[i].len;
        if (bytes.len != 0) {
            memcpy(end - bytes.len, bytes.ptr, bytes.len);
        }
    }
    iso_set(msg, 90, span_make(to, ORIGINAL_LEN));
}

int compose_reversal(struct station *station, const struct held *original, bool repeat,
                     struct held *composed, struct fault *fault)
{
    /* The terminal's own numbers, the card and the money of the original; never PIN or chip data.
     */
    static const uint8_t repeated[] = {2,  3,  4,  7,  11, 12, 13, 14, 18,
                                       22, 23, 25, 32, 33, 37, 41, 42, 49};
    const struct iso_dialect *dialect = station->decl->dialect;
    uint16_t version = (uint16_t)(original->msg.mti & 0xF000u);
    struct draft draft = draft_make(station, NULL, composed,
                                    (uint16_t)(version | (repeat ? 0x0421 : 0x0420)), fault);
    struct iso_msg said; /* in the elements of 1987 */
    struct iso_msg msg;
    struct iso_error error;
    TRY(station_lines_put(&draft));
    TRY(edition_from(&original->msg, dialect, &draft.room, &said, &error));
    iso_init(&msg, draft.msg->mti & 0x0FFFu);
    for (size_t i = 0; i < ARRAY_COUNT(repeated); i++) {
        iso_copy(&msg, &said, repeated[i]);
    }
    if (!iso_has(&msg, 2)) {
        iso_copy(&msg, &said, 35); /* the card is known by its track alone */
    }
    original_put(&draft.room, &msg, &said);
    draft_put_1987(&draft, &msg, 0);
    return draft_end(&draft, station->crypt.has_mac ? MAC_GOOD : MAC_NONE);
}
