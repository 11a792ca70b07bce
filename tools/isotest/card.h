/* The cards of a script at one station: what they show, their keys, and their chips (chip.c). */
#pragma once

#include "tools/isotest/draft.h"

enum { PAN_PSN_LEN_MAX = 24 };

/* A cryptogram version: what the card signs, with what, and how it is answered. */
struct cvn_row {
    uint8_t cvn;
    bool has_session;     /* signs with the session key, answered by method 2 */
    uint8_t padding;      /* enum mac_padding */
    bool signs_whole_iad; /* else only the card verification results in it */
    const char *iad;      /* hex; zeros behind up to @iad_len */
    uint8_t iad_len;
};

/* To add something that a script says of a card: a member, and its name in card.c. */
enum card_fact {
    CARD_PAN,
    CARD_EXP,
    CARD_SVC,
    CARD_PSN,
    CARD_PIN,
    CARD_TRACK2,
    CARD_IMK,
    CARD_CVN,
    CARD_ATC,
    CARD_CVV,
    CARD_FACTS
};

/* A card at one station: its counter goes on there. */
struct card_state {
    const struct card *card;
    const struct value *fact[CARD_FACTS]; /* NULL: not said */
    const struct cvn_row *cvn;
    uint16_t atc; /* of its next transaction */
    bool has_imk;
    struct key_label imk_label;
    struct tdes imk;
    struct tdes key; /* derived for the PAN and PSN in @key_of, kept */
    uint8_t key_of[PAN_PSN_LEN_MAX];
    uint8_t key_of_len;
};

/* The state of @card at this station, or NULL. */
struct card_state *station_card(struct station *station, const struct card *card);

/* Open the states of all cards of the script. 0, or a negative enum err with @fault filled. */
MUST_USE int cards_open(struct station *station, struct scope *scope, struct fault *fault);
void cards_close(struct station *station);

/* What a card gives to a message, as text; in the draft's room. */
struct card_face {
    struct span pan, exp, svc, psn, pin, track2;
};

/* Evaluate @state's card for the draft. 0, or a negative enum err with the draft's fault filled. */
MUST_USE int card_face(struct draft *draft, const struct card_state *state, struct card_face *face);

/* The key that signs transaction @atc (2 bytes): the card key of @face, or its session key; valid
 * until the station's next one. 0 or a negative enum err. */
MUST_USE int card_signing_key(struct station *station, struct card_state *state,
                              const struct card_face *face, const uint8_t *atc, struct tdes **out);

/* DE55 of a chip transaction, with its cryptogram, at the end of the draft's room; the card's ATC
 * goes on. 0, or a negative enum err (the draft's fault may be filled). */
MUST_USE int chip_make(struct draft *draft, struct card_state *state, const struct card_face *face,
                       const struct card_line *overrides, struct span *de55);

/* Tag 91 for the request @asked, whose answer has the response code @arc. 0, or a negative enum err
 * with the draft's fault filled. */
MUST_USE int chip_answer(struct draft *draft, struct card_state *state, const struct held *asked,
                         struct span arc, struct span *tag91);

/* Whether tag 91 of @got answers the cryptogram of @sent (may be NULL); in @why "valid", "absent",
 * "wrong" or what is missing. */
bool chip_answer_is_good(struct station *station, struct card_state *state, struct scope *scope,
                         const struct held *sent, const struct held *got, char *why, size_t cap);
