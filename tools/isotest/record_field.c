#include "iso8583/base/currency.h"
#include "iso8583/field.h"
#include "tools/isotest/record_write_state.h"

/* Fields that vendors and countries fill, with whatever they like: a PIN block, a CVV2, a name.
 * They are left out unless somebody who knows them wants them, and then kept as bytes. */
static bool is_private(unsigned de)
{
    return (de >= 46 && de <= 48) || (de >= 56 && de <= 63) || de >= 105;
}

bool is_word(struct span bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t lower = bytes.ptr[i] | 0x20u;
        if (!byte_is_digit(bytes.ptr[i]) && (lower < 'a' || lower > 'z')) {
            return false;
        }
    }
    return bytes.len > 0;
}

/* Whether @bytes can be "quoted": printable, and no {{...}}. */
static bool is_quotable(struct span bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        bool doubled = i > 0 && bytes.ptr[i] == '{' && bytes.ptr[i - 1] == '{';
        if (bytes.ptr[i] < 0x20 || bytes.ptr[i] > 0x7E || doubled) {
            return false;
        }
    }
    return true;
}

void hex_put(FILE *out, struct span bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        fprintf(out, "%02X", bytes.ptr[i]);
    }
}

void value_put(FILE *out, const struct iso_field_row *row, unsigned de, struct span bytes)
{
    bool is_text = row->content != ISO_B && !is_private(de);
    while (is_text && row->prefix == 0 && bytes.len > 1 && bytes.ptr[bytes.len - 1] == ' ') {
        bytes.len--; /* A fixed field is filled with spaces in any case. */
    }
    if (is_text && is_word(bytes)) {
        fprintf(out, "%.*s", (int)bytes.len, (const char *)bytes.ptr);
    } else if (is_text && is_quotable(bytes)) {
        fputc('"', out);
        for (size_t i = 0; i < bytes.len; i++) {
            fprintf(out, "%s%c", bytes.ptr[i] == '"' || bytes.ptr[i] == '\\' ? "\\" : "",
                    bytes.ptr[i]);
        }
        fputc('"', out);
    } else {
        fputs("x'", out);
        hex_put(out, bytes);
        fputc('\'', out);
    }
}

const char *why_left_out(const struct write *w, const struct iso_dialect *dialect, unsigned de,
                         struct span bytes)
{
    const struct iso_field_row *row = &dialect->field[de];
    bool exact = row->prefix == 0 && (row->content == ISO_B || row->content == ISO_Z);
    if (row->mask != ISO_SHOW) {
        return "what it holds is nobody's business";
    }
    if (is_private(de) && !w->options->keep[de]) {
        return "it is private, what it holds is not known; --keep writes it";
    }
    if (cards_stand_in(w->cards, bytes)) {
        return "a card number stands in it, or what looks like one";
    }
    if (row->content == ISO_NONE || bytes.len > row->len || (exact && bytes.len != row->len) ||
        field_count_valid(row->content, bytes) < bytes.len) {
        return "its bytes are none of its format";
    }
    return NULL;
}

void field_put(struct write *w, const struct iso_msg *msg, unsigned de, const char *operator)
{
    struct span bytes = iso_get(msg, de);
    const char *why = why_left_out(w, msg->dialect, de, bytes);
    if (why != NULL) {
        fprintf(w->out, "# DE%u is left out: %s\n", de, why);
        return;
    }
    fprintf(w->out, "%u %s", de, operator);
    value_put(w->out, &msg->dialect->field[de], de, bytes);
    fputc('\n', w->out);
}

void field_remove(struct write *w, unsigned de)
{
    fprintf(w->out, "%u -\n", de);
}

const struct currency *currency_of(const struct iso_msg *msg)
{
    uint64_t numeric = 0;
    struct span amount = iso_get(msg, 4);
    bool good = amount.len == 12 && span_is_digits(amount) && iso_get(msg, 49).len == 3 &&
                span_number(iso_get(msg, 49), &numeric) == 0;
    return good ? currency_find((uint16_t)numeric) : NULL;
}

void money_put(FILE *out, const struct iso_msg *msg, const struct currency *currency)
{
    struct span digits = iso_get(msg, 4);
    struct span whole = span_first(digits, digits.len - currency->exponent);
    struct span decimals = span_skip(digits, whole.len);
    while (whole.len > 1 && whole.ptr[0] == '0') {
        whole = span_skip(whole, 1);
    }
    fprintf(out, "%.*s%s%.*s %s", (int)whole.len, (const char *)whole.ptr,
            decimals.len > 0 ? "." : "", (int)decimals.len, (const char *)decimals.ptr,
            currency->alpha);
}

unsigned patience_s(int64_t took_us)
{
    int64_t seconds = took_us > 0 && took_us < 300000000 ? took_us / 500000 + 1 : 0;
    return seconds < ANSWER_WAIT_S ? ANSWER_WAIT_S : (unsigned)seconds;
}

/* --- two messages --------------------------------------------------------------------------------
 */

void answer_compare(struct talk *talk, const struct message *answer, struct compared *compared,
                    struct iso_msg *msg)
{
    enum { COMPARED_LEN_MAX = 64 };
    static uint8_t room[ISO_DE_MAX + 1][COMPARED_LEN_MAX];
    struct span asked[ISO_DE_MAX + 1];
    talk_decode(talk, &talk->messages[answer->question], msg);
    for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
        struct span bytes = iso_get(msg, de);
        compared->is_there[de] = iso_has(msg, de);
        asked[de] = span_make(room[de], bytes.len);
        if (bytes.len > 0 && bytes.len <= COMPARED_LEN_MAX) {
            memcpy(room[de], bytes.ptr, bytes.len);
        }
    }
    talk_decode(talk, answer, msg);
    for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
        compared->is_same[de] = compared->is_there[de] && iso_has(msg, de) &&
                                asked[de].len <= COMPARED_LEN_MAX &&
                                span_equal(iso_get(msg, de), asked[de]);
    }
    bytes_wipe(room, sizeof room);
}
