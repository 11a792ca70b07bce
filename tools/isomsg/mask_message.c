#include "tools/isomsg/mask_message.h"

#include <stdio.h>

#include "tools/isomsg/meaning.h"
#include "tools/isomsg/redact.h"
#include "tools/isomsg/reveal.h"

enum { DE_EXPIRY = 14, DE_TRACK1 = 45 };

struct masking {
    struct reveal reveal;
    struct cards *cards;
    const struct iso_field_row *element; /* at work */
    uint8_t *value;                      /* of the element at work: a copy that is changed */
};

/* --- values ------------------------------------------------------------------------------------
 */

/* BCD digits as characters (a nibble D is '=', others end it), changed, and back. */
static void bcd_replace(struct cards *cards, uint8_t *bytes, size_t len, bool is_track)
{
    uint8_t text[2 * 64];
    size_t count = 0;
    if (len > 64) {
        memset(bytes, 0, len);
        return;
    }
    for (; count < 2 * len; count++) {
        unsigned nibble = count % 2 == 0 ? bytes[count / 2] >> 4 : bytes[count / 2] & 15u;
        if (nibble > 9 && !(is_track && nibble == 0xD)) {
            break;
        }
        text[count] = nibble == 0xD ? '=' : (uint8_t)('0' + nibble);
    }
    if (is_track) {
        track_replace(cards, text, count, "=");
    } else {
        card_replace(cards, text, count);
    }
    for (size_t i = 0; i < count; i++) {
        unsigned nibble = text[i] == '=' ? 0xDu : (unsigned)(text[i] - '0');
        uint8_t *at = &bytes[i / 2];
        *at = (uint8_t)(i % 2 == 0 ? nibble << 4 | (*at & 15u) : (*at & 0xF0u) | nibble);
    }
    bytes_wipe(text, sizeof text);
}

/* Replace all of @bytes by what says nothing and is of its content. */
static void bytes_blank(const struct iso_field_row *row, uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        switch (row == NULL ? ISO_B : row->content) {
        case ISO_B:
        case ISO_NONE:
            bytes[i] = 0;
            break;
        case ISO_N:
            bytes[i] = '0';
            break;
        case ISO_Z:
        case ISO_XN:
            bytes[i] = byte_is_digit(bytes[i]) ? '0' : bytes[i];
            break;
        case ISO_A:
        case ISO_AN:
            bytes[i] = byte_is_digit(bytes[i]) ? '0' : 'X';
            break;
        default:
            bytes[i] = '*';
            break;
        }
    }
}

/* The tags of chip data that hold numbers; the other hidden ones are blanked. To add one: a row. */
static const struct {
    uint32_t tag;
    bool is_track;
} number_tags[] = {{0x5A, false}, {0x57, true}, {0x9F6B, true}};

static void tag_replace(struct masking *masking, uint64_t tag, uint8_t *bytes, size_t len)
{
    static const uint8_t expiry[] = {0x49, 0x12, 0x31};
    for (size_t i = 0; i < ARRAY_COUNT(number_tags); i++) {
        if (number_tags[i].tag == tag) {
            bcd_replace(masking->cards, bytes, len, number_tags[i].is_track);
            return;
        }
    }
    if (tag == 0x5F24 && len == sizeof expiry) {
        memcpy(bytes, expiry, len);
        return;
    }
    memset(bytes, 0, len);
}

static void part_replace(void *context, const struct part_visit *at)
{
    struct masking *masking = context;
    const struct iso_part *part = &at->part;
    size_t place = at->value_at != SIZE_MAX ? at->value_at : at->raw_at;
    size_t len = at->value_at != SIZE_MAX ? part->value.len : part->raw.len;
    if (place == SIZE_MAX || !part_is_hidden(masking->element, at->parts, part)) {
        return;
    }
    if (at->parts->layout == ISO_BER) {
        tag_replace(masking, part->tag, masking->value + place, len);
    } else if (part->row != NULL && part->row->mask == ISO_MASK_PAN && at->value_at != SIZE_MAX) {
        card_replace(masking->cards, masking->value + place, len);
    } else {
        bytes_blank(part->row, masking->value + place, len);
    }
}

/* Card numbers in what is no card element become test cards, too. */
static void leftovers_replace(struct masking *masking, const struct iso_field_row *row,
                              uint8_t *bytes, size_t len)
{
    struct secret secret;
    size_t from = 0;
    if (row->content != ISO_ANS && row->content != ISO_AN && row->content != ISO_B) {
        return;
    }
    while (secret_next(span_make(bytes, len), from, SEARCH_EXACT, &secret)) {
        if (secret.kind == SECRET_PAN) {
            card_replace(masking->cards, bytes + secret.at, secret.len);
        } else {
            track_replace(masking->cards, bytes + secret.at, secret.len, "=Dd^");
        }
        from = secret.at + secret.len;
    }
}

/* The value of DE @de in masking->value, replaced by test data. */
static void element_replace(struct masking *masking, unsigned de, size_t len)
{
    const struct iso_field_row *row = &masking->reveal.dialect->field[de];
    uint8_t *value = masking->value;
    masking->element = row;
    if (parts_of(row, de) != NULL) {
        if (parts_visit(&masking->reveal, de, part_replace, masking) < 0) {
            bytes_blank(row, value, len); /* what does not parse may be anything */
        }
    } else if (row->content == ISO_Z) {
        track_replace(masking->cards, value, len, "=Dd");
    } else if (de == DE_TRACK1 && len > 1) {
        track_replace(masking->cards, value + 1, len - 1, "^");
    } else if (row->mask == ISO_MASK_PAN) {
        card_replace(masking->cards, value, len);
    } else if (row->mask == ISO_MASK_ALL) {
        bytes_blank(row, value, len);
    } else if (de == DE_EXPIRY && len == 4) {
        memcpy(value, "4912", 4);
    } else {
        leftovers_replace(masking, row, value, len);
    }
}

/* --- messages ----------------------------------------------------------------------------------
 */

static int with_cards(struct masking *masking, uint8_t *wire, size_t len, char why[MASK_WHY_LEN])
{
    static uint8_t values[2 * UINT16_MAX];
    static uint8_t out_room[UINT16_MAX];
    struct writer room = writer_make(values, sizeof values);
    struct writer out = writer_make(out_room, sizeof out_room);
    struct iso_msg masked = *masking->reveal.msg;
    struct iso_error error;
    for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
        struct span value = iso_get(masking->reveal.msg, de);
        if (value.len == 0) {
            continue;
        }
        masking->value = writer_room(&room, value.len);
        CHECK(masking->value != NULL);
        memcpy(masking->value, value.ptr, value.len);
        element_replace(masking, de, value.len);
        if (memcmp(masking->value, value.ptr, value.len) != 0) {
            iso_set(&masked, de, span_make(masking->value, value.len));
        }
    }
    int result = iso_encode(&masked, masking->reveal.dialect, &out, &error);
    if (result < 0 || out.len != len) {
        (void)snprintf(why, MASK_WHY_LEN, "it cannot be written again as long as it was");
        result = ERR_FORMAT;
    } else {
        memcpy(wire, out_room, len);
    }
    bytes_wipe(values, sizeof values);
    return result;
}

/* Stars over the characters on the wire that reveal.h hides. */
static int with_stars(struct masking *masking, uint8_t *wire, size_t len, char why[MASK_WHY_LEN])
{
    for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
        const struct iso_field_row *row = &masking->reveal.dialect->field[de];
        struct span value = iso_get(masking->reveal.msg, de);
        const char *shown =
            iso_has(masking->reveal.msg, de) ? reveal_field(&masking->reveal, de) : "";
        if (strchr(shown, '*') == NULL) {
            continue;
        }
        bool is_text = row->content != ISO_B && row->coding == ISO_ASCII &&
                       strlen(shown) == value.len && value.ptr >= wire && value.ptr < wire + len;
        if (!is_text) {
            (void)snprintf(why, MASK_WHY_LEN,
                           "DE%u is no characters, and cannot be stars: use --with cards", de);
            return ERR_FORMAT;
        }
        uint8_t *to = wire + (value.ptr - wire);
        for (size_t i = 0; i < value.len; i++) {
            to[i] = shown[i] == '*' ? '*' : to[i];
        }
    }
    return 0;
}

int message_mask(const struct iso_dialect *dialect, struct cards *cards, enum mask_with with,
                 uint8_t *wire, size_t len, char why[MASK_WHY_LEN])
{
    static uint8_t scratch[2 * UINT16_MAX];
    static struct iso_msg msg;
    struct writer room = writer_make(scratch, sizeof scratch);
    struct iso_error error;
    if (iso_decode(dialect, span_make(wire, len), &room, &msg, &error) < 0) {
        (void)iso_error_text(&error, dialect, why, MASK_WHY_LEN);
        return ERR_FORMAT;
    }
    struct masking masking = {
        .reveal = {.dialect = dialect, .msg = &msg, .wire = span_make(wire, len)},
        .cards = cards,
    };
    int result = with == MASK_CARDS ? with_cards(&masking, wire, len, why)
                                    : with_stars(&masking, wire, len, why);
    bytes_wipe(scratch, sizeof scratch);
    return result;
}
