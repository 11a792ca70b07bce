#include "tools/isotest/card.h"

#include <stdlib.h>

enum { CVN_DEFAULT = 18, ATC_DEFAULT = 1 };

/* To add a cryptogram version: a row. The issuer's data (9F10) names it in hex: 10 is 0A. */
static const struct cvn_row cvn_rows[] = {
    {10, false, MAC_PAD_ZEROS, false, "06010A03A0A000", 7},
    {18, true, MAC_PAD_BIT, true, "06011203A0A000", 7},
    {22, true, MAC_PAD_BIT, true, "1F220103A0A00000", 32},
};

static const char *const fact_names[CARD_FACTS] = {
    [CARD_PAN] = "pan", [CARD_EXP] = "exp",       [CARD_SVC] = "svc", [CARD_PSN] = "psn",
    [CARD_PIN] = "pin", [CARD_TRACK2] = "track2", [CARD_IMK] = "imk", [CARD_CVN] = "cvn",
    [CARD_ATC] = "atc", [CARD_CVV] = "cvv",
};

/* --- the states of the cards ------------------------------------------------------------------ */

struct card_state *station_card(struct station *station, const struct card *card)
{
    for (uint32_t i = 0; i < station->card_count; i++) {
        if (station->cards[i].card == card) {
            return &station->cards[i];
        }
    }
    return NULL;
}

/* A number that a card's line gives, up to @max. */
static int fact_number(const struct card_state *state, enum card_fact fact, uint64_t max,
                       struct scope *scope, uint64_t *number, struct fault *fault)
{
    uint8_t room[32];
    struct writer out = writer_make(room, sizeof room);
    struct span text;
    if (state->fact[fact] == NULL) {
        return 0;
    }
    TRY(value_need(state->fact[fact], scope, NULL, 0, &out, &text, fault));
    if (span_number(text, number) < 0 || *number > max) {
        fault_set(fault, state->fact[fact]->spot, "%s is a number up to %llu", fact_names[fact],
                  (unsigned long long)max);
        return ERR_CONFIG;
    }
    return 0;
}

static int imk_open(struct station *station, struct card_state *state, struct scope *scope,
                    struct fault *fault)
{
    uint8_t clear[CLEAR_KEY_LEN_MAX];
    uint8_t unused[EMV_AC_LEN];
    static const uint8_t zeros[2 * DES_BLOCK_LEN];
    const struct value *value = state->fact[CARD_IMK];
    struct crypt *crypt = &station->crypt;
    if (value == NULL) {
        return 0;
    }
    int len = crypt_clear_key(value, scope, &state->imk_label, clear, fault);
    TRY(len);
    if (len != EMV_KEY_LEN) {
        bytes_wipe(clear, sizeof clear);
        fault_set(fault, value->spot, "an issuer master key has %d bytes", EMV_KEY_LEN);
        return ERR_CONFIG;
    }
    int status =
        tdes_set_key(&state->imk, &crypt->ciphers, (struct secret_span){clear, (size_t)len});
    bytes_wipe(clear, sizeof clear);
    TRY(status);
    TRY(crypt_kcv(&state->imk, state->imk_label.kcv));
    state->has_imk = true;
    /* The contexts of the keys to come are made now, under keys that nobody has. */
    struct tdes *later[] = {&state->key, &crypt->session};
    for (size_t i = 0; i < ARRAY_COUNT(later); i++) {
        TRY(tdes_set_key(later[i], &crypt->ciphers, (struct secret_span){zeros, sizeof zeros}));
        TRY(emv_cryptogram(later[i], MAC_PAD_BIT, span_make(zeros, sizeof zeros), unused));
    }
    return 0;
}

static int card_open(struct station *station, struct card_state *state, struct scope *scope,
                     struct fault *fault)
{
    uint64_t cvn = CVN_DEFAULT;
    uint64_t atc = ATC_DEFAULT;
    for (const struct card_line *line = state->card->lines; line != NULL; line = line->next) {
        for (size_t i = 0; i < CARD_FACTS; i++) {
            if (span_equal_text(line->name, fact_names[i])) {
                state->fact[i] = &line->value;
            }
        }
    }
    TRY(fact_number(state, CARD_ATC, UINT16_MAX, scope, &atc, fault));
    TRY(fact_number(state, CARD_CVN, 99, scope, &cvn, fault));
    state->atc = (uint16_t)atc;
    for (size_t i = 0; i < ARRAY_COUNT(cvn_rows); i++) {
        if (cvn_rows[i].cvn == cvn) {
            state->cvn = &cvn_rows[i];
        }
    }
    if (state->cvn == NULL) {
        fault_set(fault, state->fact[CARD_CVN]->spot, "a cryptogram version is 10, 18 or 22");
        return ERR_CONFIG;
    }
    return imk_open(station, state, scope, fault);
}

int cards_open(struct station *station, struct scope *scope, struct fault *fault)
{
    for (const struct card *card = station->script->cards; card != NULL; card = card->next) {
        station->card_count++;
    }
    station->cards = calloc(station->card_count + 1, sizeof *station->cards);
    if (station->cards == NULL) {
        station->card_count = 0;
        return ERR_MEMORY;
    }
    struct card_state *state = station->cards;
    for (struct card *card = station->script->cards; card != NULL; card = card->next, state++) {
        state->card = card;
        TRY(card_open(station, state, scope, fault));
    }
    return 0;
}

void cards_close(struct station *station)
{
    for (uint32_t i = 0; i < station->card_count; i++) {
        tdes_deinit(&station->cards[i].imk);
        tdes_deinit(&station->cards[i].key);
    }
    free(station->cards);
    station->cards = NULL;
    station->card_count = 0;
}

/* --- what a card shows ------------------------------------------------------------------------ */

static int fact_text(struct draft *draft, const struct card_state *state, enum card_fact fact,
                     struct span *out)
{
    *out = SPAN_NONE;
    if (state->fact[fact] == NULL) {
        return 0;
    }
    return value_need(state->fact[fact], draft->scope, NULL, 0, &draft->room, out, draft->fault);
}

/* PAN = expiry service code, and behind a key index and a PVV, which nobody checks there, the CVV.
 */
static int track2_make(struct draft *draft, const struct card_state *state, struct card_face *face)
{
    struct span cvv;
    TRY(fact_text(draft, state, CARD_TRACK2, &face->track2));
    if (face->track2.len != 0) {
        return 0;
    }
    TRY(fact_text(draft, state, CARD_CVV, &cvv));
    size_t start = draft->room.len;
    writer_span(&draft->room, face->pan);
    writer_text(&draft->room, "=");
    writer_span(&draft->room, face->exp);
    writer_span(&draft->room, face->svc);
    writer_text(&draft->room, "00000");
    writer_span(&draft->room, cvv);
    face->track2 = span_make(draft->room.ptr + start, draft->room.len - start);
    return draft->room.overflow ? ERR_SPACE : 0;
}

int card_face(struct draft *draft, const struct card_state *state, struct card_face *face)
{
    TRY(fact_text(draft, state, CARD_PAN, &face->pan));
    TRY(fact_text(draft, state, CARD_EXP, &face->exp));
    TRY(fact_text(draft, state, CARD_SVC, &face->svc));
    TRY(fact_text(draft, state, CARD_PSN, &face->psn));
    TRY(fact_text(draft, state, CARD_PIN, &face->pin));
    if (face->pan.len == 0) {
        fault_set(draft->fault, state->card->spot, "card %.*s has no pan",
                  (int)state->card->name.len, (const char *)state->card->name.ptr);
        return ERR_NOT_FOUND;
    }
    if (face->psn.len == 0) {
        face->psn = SPAN_LITERAL("00");
    }
    return track2_make(draft, state, face);
}

/* --- keys ------------------------------------------------------------------------------------- */

/* Let state->key be the card key of @pan and @psn; nothing to do if it is. */
static int card_key_derive(struct station *station, struct card_state *state, struct span pan,
                           struct span psn)
{
    uint8_t of[PAN_PSN_LEN_MAX];
    uint8_t clear[EMV_KEY_LEN];
    char kcv[KCV_TEXT_LEN];
    struct writer w = writer_make(of, sizeof of);
    writer_span(&w, pan);
    writer_u8(&w, '-');
    writer_span(&w, psn);
    if (w.overflow) {
        return ERR_FORMAT;
    }
    if (!span_equal(writer_written(&w), span_make(state->key_of, state->key_of_len))) {
        TRY(emv_card_key(&state->imk, pan, psn, clear));
        TRY(tdes_set_key(&state->key, &station->crypt.ciphers,
                         (struct secret_span){clear, sizeof clear}));
        bytes_wipe(clear, sizeof clear);
        memcpy(state->key_of, of, w.len);
        state->key_of_len = (uint8_t)w.len;
    }
    if (station->tell != NULL) {
        TRY(crypt_kcv(&state->key, kcv));
        station_tell(station, "card key of %s (kcv %s) by option A: kcv %s", state->imk_label.name,
                     state->imk_label.kcv, kcv);
    }
    return 0;
}

int card_signing_key(struct station *station, struct card_state *state,
                     const struct card_face *face, const uint8_t *atc, struct tdes **out)
{
    uint8_t r[DES_BLOCK_LEN] = {atc[0], atc[1]};
    uint8_t clear[EMV_KEY_LEN];
    char kcv[KCV_TEXT_LEN];
    struct crypt *crypt = &station->crypt;
    TRY(card_key_derive(station, state, face->pan, face->psn));
    *out = &state->key;
    if (!state->cvn->has_session) {
        return 0;
    }
    TRY(emv_session_key(&state->key, r, clear));
    *out = &crypt->session;
    TRY(tdes_set_key(*out, &crypt->ciphers, (struct secret_span){clear, sizeof clear}));
    bytes_wipe(clear, sizeof clear);
    if (station->tell != NULL) {
        TRY(crypt_kcv(*out, kcv));
        station_tell(station, "session key of ATC %02X%02X: kcv %s", atc[0], atc[1], kcv);
    }
    return 0;
}
