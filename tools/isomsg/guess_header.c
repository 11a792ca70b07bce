#include "tools/isomsg/guess_header.h"

#include <stdio.h>

#include "iso8583/mti.h"
#include "tools/isomsg/redact.h"
#include "tools/isomsg/weigh.h"

enum { HEADER_SEEN = 64 }; /* bytes of a message in which a card number would touch a header */

/* Whether an MTI that is one stands at @wire as @dialect writes it, and a bitmap could follow. */
static bool begins_here(const struct iso_dialect *dialect, struct span wire)
{
    uint8_t digits[4];
    if (wire.len < 12) {
        return false;
    }
    if (dialect->mti_coding == ISO_BCD) {
        return (wire.ptr[1] & 15) <= 9 && wire.ptr[0] >> 4 <= 9 && (wire.ptr[0] & 15) <= 9 &&
               wire.ptr[1] >> 4 <= 9 && mti_is_plausible(be16_get(wire.ptr));
    }
    for (size_t i = 0; i < sizeof digits; i++) {
        digits[i] = wire.ptr[i];
        if (dialect->mti_coding != ISO_ASCII) {
            if (wire.ptr[i] < 0xF0) {
                return false;
            }
            digits[i] = (uint8_t)(wire.ptr[i] - 0xF0 + '0');
        }
    }
    return mti_is_plausible(mti_parse(digits));
}

/* Whether a header that is told as text may be: only characters that a framing's name can have. */
static bool is_text(struct span header)
{
    for (size_t i = 0; i < header.len; i++) {
        if (header.ptr[i] <= ' ' || header.ptr[i] >= 0x7F || header.ptr[i] == '+') {
            return false;
        }
    }
    return header.len < 2 || header.ptr[0] != '0' || header.ptr[1] != 'x';
}

/* Whether a card number in @text, the front of a message, touches its first @len characters. A
 * number that begins where its run does needs no length before it. */
static bool text_holds_card_data(struct span text, size_t len)
{
    struct secret secret;
    return (secret_next(text, 0, SEARCH_EXACT, &secret) && secret.at < len) ||
           (secret_next(text, 0, SEARCH_WIDE, &secret) && secret.at == 0);
}

/* Whether a card number of @wire touches its first @len bytes: that is no header, and must not be
 * told. Text is no BCD, and its digits as hex would be a number now and then. */
static bool holds_card_data(struct span wire, size_t len)
{
    uint8_t hex[2 * HEADER_SEEN];
    uint8_t marks[2 * HEADER_SEEN] = {0};
    struct span seen = span_first(wire, HEADER_SEEN);
    if (is_text(span_first(wire, len))) {
        return text_holds_card_data(seen, len);
    }
    hex_encode(seen, hex);
    text_mark(span_make(hex, 2 * seen.len), SEARCH_EXACT, marks);
    for (size_t i = 0; i < 2 * len && i < sizeof marks; i++) {
        if (marks[i] != 0) {
            return true;
        }
    }
    return text_holds_card_data(seen, len) ||
           text_holds_card_data(span_make(hex, 2 * seen.len), 2 * len);
}

bool header_name(const struct cutting *cutting, size_t len, struct framing *framing)
{
    char name[FRAMING_NAME_LEN_MAX + 1];
    struct span header = span_first(cutting->messages[0], len);
    size_t base = strcspn(cutting->framing.name, "+");
    char hex[2 * FRAMING_HEADER_LEN_MAX + 1] = "";
    hex_encode(header, (uint8_t *)hex);
    if (holds_card_data(cutting->messages[0], len)) {
        return false;
    }
    for (size_t i = 1; i < cutting->count; i++) {
        if (!span_equal(header, span_first(cutting->messages[i], len))) {
            return false;
        }
    }
    int made =
        is_text(header)
            ? snprintf(name, sizeof name, "%.*s+header:%.*s%s", (int)base, cutting->framing.name,
                       (int)len, (const char *)header.ptr, cutting->framing.name + base)
            : snprintf(name, sizeof name, "%.*s+header:0x%.*s%s", (int)base, cutting->framing.name,
                       (int)(2 * len), hex, cutting->framing.name + base);
    return made > 0 && (size_t)made < sizeof name && framing_parse(span_text(name), framing) == 0;
}

bool header_fits(const struct cutting *cutting, const struct iso_dialect *dialect, size_t len)
{
    if (len != 0 && (cutting->framing.tpdu != 0 || dialect->header.len != 0)) {
        return false;
    }
    for (size_t i = 0; i < cutting->count; i++) {
        if (!begins_here(dialect, span_skip(cutting->messages[i], len))) {
            return false;
        }
    }
    return true;
}
