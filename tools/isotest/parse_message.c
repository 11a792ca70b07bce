/* The steps about messages: send, expect, on. */
#include "tools/isotest/parse.h"

/* --- send ----------------------------------------------------------------------------------------
 */

static bool send_from(struct parser *parser, struct send *send)
{
    if (!take_name(parser, "the name of a terminal", &send->from_name)) {
        return false;
    }
    if (!take_if(parser, "[")) {
        return true;
    }
    return take_value(parser, "which terminal of the range", &send->from_index) &&
           take(parser, "]");
}

static bool send_head(struct parser *parser, struct send *send)
{
    static const char *const words[] = {"from", "copy", "raw"};
    bool verbatim = word_index(peek(parser), words, ARRAY_COUNT(words)) > 0;
    if (!verbatim && !take_mti(parser, &send->mti)) {
        return false;
    }
    while (more(parser)) {
        switch (take_word_of(parser, words, ARRAY_COUNT(words))) {
        case 0:
            if (!send_from(parser, send)) {
                return false;
            }
            break;
        case 1:
            if (!take_name(parser, "the name of a captured message", &send->copy)) {
                return false;
            }
            break;
        case 2:
            if (peek(parser)->kind != TOKEN_HEX) {
                return fail_expected(parser, "bytes (x'0800...')");
            }
            send->is_raw = true;
            if (!take_value(parser, "bytes", &send->raw)) {
                return false;
            }
            break;
        default:
            return false;
        }
    }
    return true;
}

static bool send_card(struct parser *parser, struct send *send)
{
    /* By enum entry_mode. */
    static const char *const modes[] = {"chip", "magstripe", "manual", "ecom"};
    if (!take_name(parser, "the name of a card", &send->card_name) || !take(parser, "by")) {
        return false;
    }
    int mode = take_word_of(parser, modes, ARRAY_COUNT(modes));
    send->entry = (uint8_t)(mode < 0 ? 0 : mode);
    return mode >= 0;
}

static bool send_emv(struct parser *parser, struct send *send)
{
    struct card_line **tail = &send->emv_lines;
    if (!take_name(parser, "the name of a card", &send->emv_name)) {
        return false;
    }
    while (more(parser)) {
        struct card_line *line = NEW(parser, struct card_line);
        const struct token *token = peek(parser);
        if (token->kind != TOKEN_WORD) {
            return fail_expected(parser, "a tag (9F33)");
        }
        line->name = token->text;
        line->spot = token->spot;
        parser->at++;
        if (!take_value(parser, "the tag's value (hex digits)", &line->value)) {
            return false;
        }
        *tail = line;
        tail = &line->next;
    }
    return true;
}

static bool send_mac(struct parser *parser, struct send *send)
{
    send->mac = true;
    send->mac_bad = take_if(parser, "bad");
    return true;
}

void send_parse(struct parser *parser, struct stmt *stmt)
{
    static const char *const words[] = {"card", "pin", "emv", "mac"};
    static const struct open_lines open = {words, ARRAY_COUNT(words), true, false, false};
    struct send *send = &stmt->u.send;
    struct field_line **tail = &send->fields;
    line_done(parser, send_head(parser, send));
    while (child_next(parser, &open)) {
        int word = word_index(peek(parser), words, ARRAY_COUNT(words));
        bool mac_field = word == 3 && parser->line.count > 1 &&
                         !token_is(&parser->line.token[1], "bad"); /* mac x'...': DE64 */
        if (word < 0 || mac_field) {
            line_done(parser, take_field_line(parser, false, &tail));
            continue;
        }
        parser->at++;
        line_done(parser, word == 0   ? send_card(parser, send)
                          : word == 1 ? take_name(parser, "the name of a card", &send->pin_name)
                          : word == 2 ? send_emv(parser, send)
                                      : send_mac(parser, send));
    }
}

/* --- expect --------------------------------------------------------------------------------------
 */

static bool expect_head(struct parser *parser, struct expect *expect)
{
    static const char *const words[] = {"at", "within"};
    if (take_if(parser, "none")) {
        expect->kind = EXPECT_NONE;
    } else if (take_if(parser, "reversal")) {
        expect->kind = EXPECT_REVERSAL;
    } else if (peek(parser)->kind != TOKEN_WORD || !span_is_digits(peek(parser)->text)) {
        return fail_expected(parser, "a message type (0210), none or reversal");
    } else if (!take_mti(parser, &expect->mti)) {
        return false;
    }
    while (more(parser)) {
        int word = take_word_of(parser, words, ARRAY_COUNT(words));
        if (word < 0 ||
            (word == 0 &&
             !take_name(parser, "the name of a terminal or an issuer", &expect->at_name)) ||
            (word == 1 && !take_duration(parser, &expect->within_ms))) {
            return false;
        }
    }
    return true;
}

static bool check_latency(struct parser *parser, struct check *check)
{
    uint32_t ms = 0;
    check->kind = CHECK_LATENCY;
    size_t first = parser->at;
    if (!take_relop(parser, &check->pred.kind) || !take_duration(parser, &ms)) {
        return false;
    }
    check->pred.relop = check->pred.kind;
    check->pred.number = ms;
    check->pred.spot = spot_from(parser, first);
    return true;
}

static bool check_line(struct parser *parser, struct check ***tail)
{
    struct check *check = NEW(parser, struct check);
    const struct token *next = peek_behind(parser);
    check->spot = peek(parser)->spot;
    bool good = false;
    if (token_is(peek(parser), "mac") && token_is(next, "valid")) {
        parser->at += 2;
        check->kind = CHECK_MAC_VALID;
        check->pred.spot = next->spot;
        good = true;
    } else if (take_if(parser, "arpc")) {
        check->kind = CHECK_ARPC;
        check->pred.spot = peek(parser)->spot;
        good = take_name(parser, "the name of a card", &check->card_name);
    } else if (take_if(parser, "latency")) {
        good = check_latency(parser, check);
    } else if (take_if(parser, "same")) {
        check->kind = CHECK_SAME;
        good = take_path_list(parser, &check->same) && take(parser, "as") && take(parser, "sent");
        check->pred.spot = check->spot;
    } else {
        check->kind = CHECK_FIELD;
        good = take_path(parser, &check->path, &check->spot);
        if (good && path_is_secret(&check->path)) {
            line_hide(parser);
        }
        good = good && take_pred(parser, &check->pred);
    }
    if (good) {
        **tail = check;
        *tail = &check->next;
    }
    return good;
}

void expect_parse(struct parser *parser, struct stmt *stmt)
{
    static const char *const words[] = {"mac", "arpc", "latency", "same"};
    static const struct open_lines open = {words, ARRAY_COUNT(words), true, false, false};
    struct expect *expect = &stmt->u.expect;
    struct check **tail = &expect->checks;
    expect->within_ms = 10000;
    line_done(parser, expect_head(parser, expect));
    while (child_next(parser, &open)) {
        line_done(parser, check_line(parser, &tail));
    }
}

/* --- on ------------------------------------------------------------------------------------------
 */

static bool on_head(struct parser *parser, struct on *on)
{
    /* By enum on_kind. */
    static const char *const kinds[] = {"reply", "drop", "duplicate", "close", "garble"};
    struct spot spot;
    uint64_t times = 0;
    if (!take_name(parser, "the name of an issuer", &on->issuer_name) ||
        !take_mti(parser, &on->mti)) {
        return false;
    }
    if (take_if(parser, "where")) {
        on->has_where = true;
        if (!take_path(parser, &on->where_path, &spot) || !take_pred(parser, &on->where)) {
            return false;
        }
    }
    int kind = take_word_of(parser, kinds, ARRAY_COUNT(kinds));
    on->kind = (uint8_t)(kind < 0 ? ON_DROP : kind);
    if (kind == ON_REPLY && peek(parser)->kind == TOKEN_WORD &&
        span_is_digits(peek(parser)->text) && !take_mti(parser, &on->reply_mti)) {
        return false;
    }
    if (kind == ON_REPLY && take_if(parser, "after")) {
        return take_duration(parser, &on->after_ms);
    }
    if (kind == ON_DUPLICATE && peek(parser)->kind == TOKEN_END) {
        return true;
    }
    if ((kind == ON_DROP && take_if(parser, "times")) || kind == ON_DUPLICATE) {
        if (!take_number(parser, "how often", 1, 1000000, &times)) {
            return false;
        }
        on->times = (uint32_t)times;
    }
    return kind >= 0;
}

void on_parse(struct parser *parser, struct stmt *stmt)
{
    static const struct open_lines open = {NULL, 0, true, false, false};
    struct on *on = &stmt->u.on;
    struct field_line **tail = &on->fields;
    line_done(parser, on_head(parser, on));
    while (on->kind == ON_REPLY && child_next(parser, &open)) {
        line_done(parser, take_field_line(parser, true, &tail));
    }
}
