/* DE55: what a card's chip and the terminal say, and the issuer's answer to it. */
#include <stdio.h>

#include "iso8583/base/calendar.h"
#include "iso8583/tlv.h"
#include "tools/isotest/card.h"

enum { CHIP_TAGS_MAX = 64 };

enum tag {
    TAG_AIP = 0x82,
    TAG_AID = 0x84,
    TAG_ISSUER_AUTHENTICATION = 0x91,
    TAG_TVR = 0x95,
    TAG_DATE = 0x9A,
    TAG_TYPE = 0x9C,
    TAG_CURRENCY = 0x5F2A,
    TAG_PSN = 0x5F34,
    TAG_AMOUNT = 0x9F02,
    TAG_AMOUNT_OTHER = 0x9F03,
    TAG_IAD = 0x9F10,
    TAG_COUNTRY = 0x9F1A,
    TAG_CRYPTOGRAM = 0x9F26,
    TAG_CRYPTOGRAM_INFO = 0x9F27,
    TAG_CAPABILITIES = 0x9F33,
    TAG_CVM = 0x9F34,
    TAG_TERMINAL_TYPE = 0x9F35,
    TAG_ATC = 0x9F36,
    TAG_UNPREDICTABLE = 0x9F37,
};

/* Tag bytes written as hex ("9F26") to a number; 0 if it is no tag. */
static uint32_t tag_parse(struct span text)
{
    uint8_t bytes[4] = {0};
    uint32_t tag = 0;
    if (text.len < 2 || text.len > 2 * sizeof bytes || hex_decode(text, bytes) < 0) {
        return 0;
    }
    for (size_t i = 0; i < text.len / 2; i++) {
        tag = tag << 8 | bytes[i];
    }
    return tag;
}

/* The tags of a DE55 in the making, in their order; values in the draft's room. */
struct chip {
    struct writer *room;
    unsigned count;
    struct tlv tag[CHIP_TAGS_MAX];
};

static struct span chip_get(const struct chip *chip, uint32_t tag)
{
    for (unsigned i = 0; i < chip->count; i++) {
        if (chip->tag[i].tag == tag) {
            return chip->tag[i].value;
        }
    }
    return SPAN_NONE;
}

/* Set @tag; the first time it goes to the end. Too many are dropped. */
static void chip_set(struct chip *chip, uint32_t tag, struct span value)
{
    unsigned at = 0;
    while (at < chip->count && chip->tag[at].tag != tag) {
        at++;
    }
    if (at < CHIP_TAGS_MAX) {
        chip->tag[at] = (struct tlv){tag, value};
        chip->count += at == chip->count;
    }
}

/* @digits as BCD in @len bytes, zeros in front. */
static void chip_set_digits(struct chip *chip, uint32_t tag, struct span digits, size_t len)
{
    uint8_t *to = writer_room(chip->room, len);
    if (to == NULL) {
        return;
    }
    memset(to, 0, len);
    for (size_t i = 0; i < digits.len && i < 2 * len; i++) {
        unsigned digit = digits.ptr[digits.len - 1 - i] & 15u;
        to[len - 1 - i / 2] = (uint8_t)(to[len - 1 - i / 2] | digit << (i % 2 * 4));
    }
    chip_set(chip, tag, span_make(to, len));
}

static void chip_set_hex(struct chip *chip, uint32_t tag, const char *hex, size_t len)
{
    uint8_t *to = writer_room(chip->room, len);
    if (to != NULL) {
        memset(to, 0, len);
        CHECK(hex_decode(span_text(hex), to) == 0);
        chip_set(chip, tag, span_make(to, len));
    }
}

/* What a terminal and a card say that know nothing special. */
static void chip_begin(struct chip *chip, struct draft *draft, struct card_state *state,
                       const struct card_face *face, bool has_pin)
{
    char date[8];
    struct civil now = civil_from_ms(draft->scope->wall_ms);
    bool is_mastercard = face->pan.ptr[0] == '5' || face->pan.ptr[0] == '2';
    digits_put((uint8_t *)date, 2, (uint64_t)now.year);
    digits_put((uint8_t *)date + 2, 2, (uint64_t)now.month);
    digits_put((uint8_t *)date + 4, 2, (uint64_t)now.day);
    chip_set_hex(chip, TAG_CRYPTOGRAM, "", EMV_AC_LEN);
    chip_set_hex(chip, TAG_CRYPTOGRAM_INFO, "80", 1);
    chip_set_hex(chip, TAG_IAD, state->cvn->iad, state->cvn->iad_len);
    uint8_t *unpredictable = writer_room(chip->room, 4);
    if (unpredictable != NULL) {
        be32_put(unpredictable, (uint32_t)(random_next(draft->scope->random) >> 32));
        chip_set(chip, TAG_UNPREDICTABLE, span_make(unpredictable, 4));
    }
    uint8_t *atc = writer_room(chip->room, 2);
    if (atc != NULL) {
        be16_put(atc, state->atc);
        chip_set(chip, TAG_ATC, span_make(atc, 2));
    }
    chip_set_hex(chip, TAG_TVR, "0080008000", 5);
    chip_set_digits(chip, TAG_DATE, span_make(date, 6), 3);
    chip_set_digits(chip, TAG_TYPE, span_first(iso_get(draft->msg, 3), 2), 1);
    chip_set_digits(chip, TAG_AMOUNT, iso_get(draft->msg, 4), 6);
    chip_set_digits(chip, TAG_CURRENCY, iso_get(draft->msg, 49), 2);
    chip_set_hex(chip, TAG_AIP, "3900", 2);
    chip_set_digits(chip, TAG_COUNTRY,
                    iso_has(draft->msg, 19) ? iso_get(draft->msg, 19) : SPAN_LITERAL("056"), 2);
    chip_set_hex(chip, TAG_AMOUNT_OTHER, "", 6);
    chip_set_hex(chip, TAG_CAPABILITIES, "E0F8C8", 3);
    chip_set_hex(chip, TAG_CVM, has_pin ? "420300" : "1F0302", 3);
    chip_set_hex(chip, TAG_TERMINAL_TYPE, "22", 1);
    chip_set_hex(chip, TAG_AID, is_mastercard ? "A0000000041010" : "A0000000031010", 7);
    chip_set_digits(chip, TAG_PSN, face->psn, 1);
}

/* The tags of the terminal's declaration (55.9F1A 0826): of chip messages only. */
static int chip_declared(struct chip *chip, struct draft *draft)
{
    enum { DE_CHIP = 55 };
    const struct station *station = draft->station;
    struct span value;
    struct span missing;
    for (uint32_t i = 0; i < station->line_count; i++) {
        const struct field_line *line = station->lines[i].line;
        if (line->path.kind != PATH_TAG || line->path.de != DE_CHIP || line->remove) {
            continue;
        }
        int status = value_eval_binary(&line->value, draft->scope, &draft->room, &value, &missing);
        if (status < 0) {
            fault_set(draft->fault, line->spot, "tag %X cannot be made", line->path.tag);
            return status;
        }
        chip_set(chip, line->path.tag, value);
    }
    return 0;
}

static int chip_override(struct chip *chip, struct draft *draft, const struct card_line *line)
{
    struct span value;
    struct span missing;
    for (; line != NULL; line = line->next) {
        uint32_t tag = tag_parse(line->name);
        if (tag == 0) {
            continue; /* pan, exp, ...: no tag */
        }
        int status = value_eval_binary(&line->value, draft->scope, &draft->room, &value, &missing);
        if (status < 0) {
            fault_set(draft->fault, line->spot, "tag %.*s cannot be made", (int)line->name.len,
                      (const char *)line->name.ptr);
            return status;
        }
        chip_set(chip, tag, value);
    }
    return 0;
}

/* What the cryptogram covers (Visa's CVN 10, 18, 22). */
static struct span chip_signed_data(struct chip *chip, const struct cvn_row *cvn)
{
    static const uint32_t tags[] = {TAG_AMOUNT,   TAG_AMOUNT_OTHER, TAG_COUNTRY, TAG_TVR,
                                    TAG_CURRENCY, TAG_DATE,         TAG_TYPE,    TAG_UNPREDICTABLE,
                                    TAG_AIP,      TAG_ATC};
    enum { CVR_AT = 3, CVR_LEN = 4 };
    size_t start = chip->room->len;
    for (size_t i = 0; i < ARRAY_COUNT(tags); i++) {
        writer_span(chip->room, chip_get(chip, tags[i]));
    }
    struct span iad = chip_get(chip, TAG_IAD);
    if (!cvn->signs_whole_iad) {
        iad = span_first(span_skip(iad, CVR_AT), CVR_LEN);
    }
    writer_span(chip->room, iad);
    return span_make(chip->room->ptr + start, chip->room->len - start);
}

static int chip_sign(struct chip *chip, struct draft *draft, struct card_state *state,
                     const struct card_face *face)
{
    struct tdes *key = NULL;
    struct span atc = chip_get(chip, TAG_ATC);
    struct span data = chip_signed_data(chip, state->cvn);
    uint8_t *arqc = writer_room(chip->room, EMV_AC_LEN);
    if (arqc == NULL) {
        return ERR_SPACE;
    }
    if (atc.len != 2) {
        fault_set(draft->fault, state->card->spot, "tag 9F36 (ATC) has 2 bytes");
        return ERR_FORMAT;
    }
    TRY(card_signing_key(draft->station, state, face, atc.ptr, &key));
    TRY(emv_cryptogram(key, (enum mac_padding)state->cvn->padding, data, arqc));
    chip_set(chip, TAG_CRYPTOGRAM, span_make(arqc, EMV_AC_LEN));
    if (draft->station->tell != NULL) {
        char hex[2 * VALUE_LEN_MAX / 8 + 1] = "";
        char ac[2 * EMV_AC_LEN + 1] = "";
        hex_encode(span_first(data, sizeof hex / 2), (uint8_t *)hex);
        hex_encode(span_make(arqc, EMV_AC_LEN), (uint8_t *)ac);
        station_tell(draft->station, "ARQC CVN %u over %zu bytes, %s padding: %s", state->cvn->cvn,
                     data.len, state->cvn->padding == MAC_PAD_BIT ? "80" : "zero", ac);
        station_tell(draft->station, "ARQC data %s", hex);
    }
    return 0;
}

int chip_make(struct draft *draft, struct card_state *state, const struct card_face *face,
              const struct card_line *overrides, struct span *de55)
{
    struct chip chip;
    chip.room = &draft->room;
    chip.count = 0;
    chip_begin(&chip, draft, state, face, iso_has(draft->msg, 52));
    TRY(chip_declared(&chip, draft));
    TRY(chip_override(&chip, draft, state->card->lines));
    TRY(chip_override(&chip, draft, overrides));
    bool is_given = false; /* a cryptogram of the script's own */
    for (const struct card_line *line = overrides; line != NULL; line = line->next) {
        is_given = is_given || tag_parse(line->name) == TAG_CRYPTOGRAM;
    }
    if (state->has_imk && !is_given) {
        TRY(chip_sign(&chip, draft, state, face));
    }
    state->atc++;
    size_t start = draft->room.len;
    for (unsigned i = 0; i < chip.count; i++) {
        tlv_put(&draft->room, chip.tag[i].tag, chip.tag[i].value);
    }
    *de55 = span_make(draft->room.ptr + start, draft->room.len - start);
    return draft->room.overflow ? ERR_SPACE : 0;
}

/* --- answers ---------------------------------------------------------------------------------- */

/* The cryptogram of @asked and the key that it was made with. @why if there is none. */
static int question_key(struct draft *draft, struct card_state *state, const struct held *asked,
                        struct span *arqc, struct tdes **key, const char **why)
{
    struct card_face face;
    struct span atc;
    struct span de55 = iso_get(&asked->msg, 55);
    *why = "the request has no 9F26 and 9F36";
    if (tlv_find(de55, TAG_CRYPTOGRAM, arqc) < 0 || arqc->len != EMV_AC_LEN ||
        tlv_find(de55, TAG_ATC, &atc) < 0 || atc.len != 2) {
        return ERR_NOT_FOUND;
    }
    *why = "the card has no imk";
    if (!state->has_imk) {
        return ERR_NOT_FOUND;
    }
    *why = "the card's key cannot be derived";
    TRY(card_face(draft, state, &face));
    return card_signing_key(draft->station, state, &face, atc.ptr, key);
}

int chip_answer(struct draft *draft, struct card_state *state, const struct held *asked,
                struct span arc, struct span *tag91)
{
    /* EMV Book 3, annex C: the issuer approves (byte 2, bit 8), or not. */
    static const uint8_t approves[EMV_CSU_LEN] = {0x00, 0x80, 0x00, 0x00};
    static const uint8_t refuses[EMV_CSU_LEN] = {0};
    struct tdes *key = NULL;
    struct span arqc;
    const char *why = "";
    if (arc.len != EMV_ARC_LEN) {
        arc = SPAN_LITERAL("00");
    }
    int status = question_key(draft, state, asked, &arqc, &key, &why);
    if (status < 0) {
        fault_set(draft->fault, state->card->spot, "arpc: %s", why);
        return status;
    }
    uint8_t *out = writer_room(&draft->room, EMV_AC_LEN + EMV_ARC_LEN);
    if (out == NULL) {
        return ERR_SPACE;
    }
    if (!state->cvn->has_session) {
        TRY(emv_arpc1(key, arqc.ptr, arc.ptr, out));
        memcpy(out + EMV_AC_LEN, arc.ptr, EMV_ARC_LEN);
        *tag91 = span_make(out, EMV_AC_LEN + EMV_ARC_LEN);
    } else {
        const uint8_t *csu = span_equal_text(arc, "00") ? approves : refuses;
        TRY(emv_arpc2(key, arqc.ptr, csu, SPAN_NONE, out));
        memcpy(out + EMV_ARPC2_LEN, csu, EMV_CSU_LEN);
        *tag91 = span_make(out, EMV_ARPC2_LEN + EMV_CSU_LEN);
    }
    station_tell(draft->station, "ARPC method %d for response code %.2s",
                 state->cvn->has_session ? 2 : 1, (const char *)arc.ptr);
    return 0;
}

/* Whether @answer (tag 91) is what @key gives for @arqc and what the answer itself says. */
static bool answer_is_of(struct tdes *key, bool is_method2, struct span arqc, struct span answer)
{
    uint8_t mac[EMV_AC_LEN];
    if (is_method2) {
        struct span extra = span_skip(answer, EMV_ARPC2_LEN + EMV_CSU_LEN);
        return answer.len >= EMV_ARPC2_LEN + EMV_CSU_LEN &&
               emv_arpc2(key, arqc.ptr, answer.ptr + EMV_ARPC2_LEN, extra, mac) == 0 &&
               memcmp(mac, answer.ptr, EMV_ARPC2_LEN) == 0;
    }
    return answer.len == EMV_AC_LEN + EMV_ARC_LEN &&
           emv_arpc1(key, arqc.ptr, answer.ptr + EMV_AC_LEN, mac) == 0 &&
           memcmp(mac, answer.ptr, EMV_AC_LEN) == 0;
}

bool chip_answer_is_good(struct station *station, struct card_state *state, struct scope *scope,
                         const struct held *sent, const struct held *got, char *why, size_t cap)
{
    uint8_t room[256]; /* of the card's face: a draft for its sake */
    struct draft draft = {
        .station = station, .scope = scope, .room = writer_make(room, sizeof room)};
    struct tdes *key = NULL;
    struct span arqc;
    struct span answer;
    const char *reason = "absent";
    bool is_good = false;
    if (sent == NULL || !sent->present) {
        reason = "nothing was sent";
    } else if (tlv_find(iso_get(&got->msg, 55), TAG_ISSUER_AUTHENTICATION, &answer) == 0 &&
               question_key(&draft, state, sent, &arqc, &key, &reason) == 0) {
        is_good = answer_is_of(key, state->cvn->has_session, arqc, answer);
        reason = "wrong";
    }
    bytes_wipe(room, sizeof room);
    (void)snprintf(why, cap, "%s", is_good ? "valid" : reason);
    return is_good;
}
