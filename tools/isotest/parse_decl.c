#include "iso8583/dialect_file.h"
#include "tools/isotest/parse.h"

/* --- keys of a terminal or an issuer -------------------------------------------------------------
 */

static bool take_keyref(struct parser *parser, struct keyref *key)
{
    if (peek(parser)->kind != TOKEN_WORD) {
        return fail_expected(parser, "the name of a key (tpk:T1)");
    }
    return take_value(parser, "the name of a key (tpk:T1)", &key->name);
}

static bool pin_line(struct parser *parser, struct peer_decl *peer)
{
    static const char *const words[] = {"iso0", "iso3", "dukpt", "in", "ksn"};
    uint64_t field = 62;
    if (!take_keyref(parser, &peer->pin)) {
        return false;
    }
    while (more(parser)) {
        switch (take_word_of(parser, words, peer->pin_dukpt ? 5 : 3)) {
        case 0:
            peer->pin_format = 0;
            break;
        case 1:
            peer->pin_format = 3;
            break;
        case 2:
            peer->pin_dukpt = true;
            break;
        case 3:
            if (!take_number(parser, "a field for the KSN", 53, 62, &field)) {
                return false;
            }
            if (field != 53 && field != 62) {
                return fail(parser, peek(parser)[-1].spot, "the KSN is in 53 or 62");
            }
            break;
        case 4:
            if (!take_value(parser, "a KSN (20 hex digits)", &peer->ksn)) {
                return false;
            }
            break;
        default:
            return false;
        }
    }
    peer->ksn_field = peer->pin_dukpt ? (uint8_t)field : 0;
    if (peer->pin_dukpt && peer->ksn.spot.line == 0) {
        return fail_expected(parser, "ksn HEX (that of the first message)");
    }
    return true;
}

static bool mac_line(struct parser *parser, struct peer_decl *peer)
{
    /* By enum mac_name. */
    static const char *const words[] = {"x9.19",       "x9.9", "iso9797-1/1",
                                        "iso9797-1/3", "cmac", "in"};
    uint64_t field = 0;
    if (!take_keyref(parser, &peer->mac)) {
        return false;
    }
    while (more(parser)) {
        int word = take_word_of(parser, words, ARRAY_COUNT(words));
        if (word < 0) {
            return false;
        }
        if (word <= MAC_CMAC) {
            peer->mac_name = (uint8_t)word;
            continue;
        }
        if (!take_number(parser, "a field for the MAC", 64, 128, &field)) {
            return false;
        }
        if (field != 64 && field != 128) {
            return fail(parser, peek(parser)[-1].spot, "the MAC is in 64 or 128");
        }
    }
    peer->mac_field = (uint8_t)field;
    return true;
}

/* --- the other lines -----------------------------------------------------------------------------
 */

static bool connect_line(struct parser *parser, struct peer_decl *peer)
{
    if (peer->address.spot.line != 0) {
        return fail(parser, parser->line.token[0].spot, "there is an address already");
    }
    peer->listens = token_is(&parser->line.token[0], "listen");
    if (!take_value(parser, "HOST:PORT", &peer->address)) {
        return false;
    }
    if (token_is(peek(parser), "tls")) {
        return fail(parser, peek(parser)->spot, "TLS is not supported yet");
    }
    return true;
}

/* A dialect file, in quotes, beside the script. */
static bool dialect_file_take(struct parser *parser, struct peer_decl *peer)
{
    char name[512];
    struct span text;
    struct spot spot = peek(parser)->spot;
    if (!take_string(parser, "the path of a dialect file in quotes", &text)) {
        return false;
    }
    if (parser->options->no_files) {
        return fail(parser, spot, "files are not read here");
    }
    if (text.len >= sizeof name || memchr(text.ptr, '\0', text.len) != NULL) {
        return fail(parser, spot, "the path is too long");
    }
    memcpy(name, text.ptr, text.len);
    name[text.len] = '\0';
    const char *beside = parser->script->files[parser->lexer->file].path;
    if (dialect_get(name, beside, parser->options->report, parser->options->context,
                    &peer->dialect) < 0) {
        peer->dialect = NULL;
        return fail(parser, spot, "there is no good dialect file '%.200s'", name);
    }
    return true;
}

static bool dialect_line(struct parser *parser, struct peer_decl *peer)
{
    const char *names[32];
    size_t count = 0;
    if (peek(parser)->kind == TOKEN_STRING) {
        return dialect_file_take(parser, peer);
    }
    while (count < ARRAY_COUNT(names) && dialect_at(count) != NULL) {
        names[count] = dialect_at(count)->name;
        count++;
    }
    int index = take_word_of(parser, names, count);
    if (index >= 0) {
        peer->dialect = dialect_at((size_t)index);
    }
    return index >= 0;
}

/* The word is no framing of a stream ("none" is for files). */
static bool framing_fail(struct parser *parser, int err)
{
    const struct token *token = peek(parser);
    const char *names[FRAMING_COUNT_MAX];
    char list[LIST_LEN];
    char hint[HINT_LEN] = "";
    (void)list_make(names, framing_names(true, names), list);
    if (token->kind != TOKEN_WORD) {
        return fail_expected(parser, list);
    }
    if (err == ERR_FORMAT) {
        return fail(parser, token->spot,
                    "the header of a frame is 1 to %d characters, or 0x and "
                    "hex digits",
                    FRAMING_HEADER_LEN_MAX);
    }
    (void)hint_make(token->text, names, framing_names(false, names), hint);
    return fail(parser, token->spot,
                "expected %s, with +header:TEXT, +tpdu, +etx or not, not '" WORD_FORMAT "'%s", list,
                WORD(token->raw), hint);
}

static bool frame_line(struct parser *parser, struct peer_decl *peer)
{
    const struct token *token = peek(parser);
    struct framing *framing = arena_take(parser->arena, sizeof *framing);
    int err = token->kind == TOKEN_WORD ? framing_parse(token->text, framing) : ERR_NOT_FOUND;
    if (err < 0 || framing->file) {
        return framing_fail(parser, err);
    }
    peer->framing = framing;
    parser->at++;
    token = peek(parser);
    size_t len = framing->tpdu;
    if (token->kind == TOKEN_END || len == 0) {
        return true;
    }
    uint8_t *tpdu = arena_take(parser->arena, TPDU_LEN);
    if (token->kind != TOKEN_WORD || token->text.len != 2 * len ||
        hex_decode(token->text, tpdu) < 0) {
        return fail_expected(parser, len == TPDU_LEN
                                         ? "a TPDU (10 hex digits, like 6000010000)"
                                         : "the 2 bytes behind the length (4 hex digits)");
    }
    peer->tpdu = span_make(tpdu, len);
    parser->at++;
    return true;
}

static bool reversal_line(struct parser *parser, struct peer_decl *peer)
{
    static const char *const words[] = {"auto", "off"};
    int word = take_word_of(parser, words, ARRAY_COUNT(words));
    peer->reversal_auto = word == 0;
    return word == 1 || (word == 0 && (peek(parser)->kind == TOKEN_END ||
                                       take_duration(parser, &peer->reversal_ms)));
}

static bool match_line(struct parser *parser, struct peer_decl *peer)
{
    return take_path_list(parser, &peer->match);
}

/* To add a line of terminals and issuers: a function and a row. What is no row is a field. */
static const struct peer_row {
    const char *word;
    bool (*take)(struct parser *parser, struct peer_decl *peer);
} peer_rows[] = {
    {"connect", connect_line}, {"dialect", dialect_line}, {"frame", frame_line},
    {"pin", pin_line},         {"mac", mac_line},         {"reversal", reversal_line},
    {"match", match_line},     {"listen", connect_line}, /* issuers only: the last row */
};

static void peer_line(struct parser *parser, struct peer_decl *peer, struct field_line ***tail)
{
    const char *words[ARRAY_COUNT(peer_rows) + 1];
    size_t count = ARRAY_COUNT(peer_rows) - (peer->is_issuer ? 0 : 1);
    for (size_t i = 0; i < count; i++) {
        words[i] = peer_rows[i].word;
    }
    const struct token *token = peek(parser);
    int word = word_index(token, words, count);
    bool good = false;
    if (word >= 0) {
        parser->at++;
        good = peer_rows[word].take(parser, peer);
    } else if (token->kind == TOKEN_WORD && text_is_path(token->text)) {
        good = take_field_line(parser, false, tail);
    } else {
        words[count] = "a field";
        (void)fail_words(parser, words, count + 1);
    }
    if (good) {
        (void)line_end(parser);
    } else {
        line_skip(parser);
    }
}

/* --- blocks of lines -----------------------------------------------------------------------------
 */

/* Whether there is another line in the block that began at @opened; takes its '}'. */
static bool block_next(struct parser *parser, struct spot opened)
{
    if (!parser_line(parser) || line_is_top(parser)) {
        if (!parser->unclosed_told && !teller_is_full(parser->teller)) {
            teller_tell(parser->teller, opened, "the block that begins here is not closed by '}'");
        }
        parser->unclosed_told = true;
        return false;
    }
    if (!token_is(&parser->line.token[0], "}")) {
        return true;
    }
    parser->at = 1;
    (void)line_end(parser);
    return false;
}

/* [1..200] behind a terminal's name. */
static bool range_take(struct parser *parser, struct peer_decl *peer)
{
    const struct token *token = peek(parser);
    const uint8_t *points =
        token->kind == TOKEN_WORD ? memmem(token->text.ptr, token->text.len, "..", 2) : NULL;
    size_t len = points != NULL ? (size_t)(points - token->text.ptr) : 0;
    uint64_t first = 0;
    uint64_t last = 0;
    if (points == NULL || span_number(span_first(token->text, len), &first) < 0 ||
        span_number(span_skip(token->text, len + 2), &last) < 0) {
        return fail_expected(parser, "a range (1..200)");
    }
    if (first < 1 || last < first || last > SCRIPT_RANGE_MAX) {
        return fail(parser, token->spot, "a range goes up, from 1 to at most %d", SCRIPT_RANGE_MAX);
    }
    peer->first = (uint32_t)first;
    peer->last = (uint32_t)last;
    parser->at++;
    return take(parser, "]");
}

static void peer_parse(struct parser *parser, bool is_issuer)
{
    struct peer_decl *peer = NEW(parser, struct peer_decl);
    struct field_line **tail = &peer->fields;
    peer->is_issuer = is_issuer;
    peer->spot = peek(parser)->spot;
    peer->reversal_ms = 10000;
    if (take_name(parser, is_issuer ? "the name of the issuer" : "the name of the terminal",
                  &peer->name) &&
        !is_issuer && take_if(parser, "[")) {
        (void)range_take(parser, peer);
    }
    if (!line_open(parser)) {
        return;
    }
    while (block_next(parser, peer->spot)) {
        peer_line(parser, peer, &tail);
    }
    if (peer->name.len > 0) {
        *parser->peers_tail = peer;
        parser->peers_tail = &peer->next;
    }
}

void terminal_parse(struct parser *parser)
{
    peer_parse(parser, false);
}

void issuer_parse(struct parser *parser)
{
    peer_parse(parser, true);
}

/* NAME VALUE */
static void card_line_parse(struct parser *parser, struct card_line ***tail)
{
    static const char *const secrets[] = {"pin", "track1", "track2", "cvv", "cvv2", "cvc", "cvc2"};
    struct card_line *line = NEW(parser, struct card_line);
    const struct token *token = peek(parser);
    line->spot = token->spot;
    line->name = token->text;
    if (token->kind != TOKEN_WORD) {
        (void)fail_expected(parser, "what the card has (pan, exp, pin)");
        line_skip(parser);
        return;
    }
    parser->at++;
    if (word_index(token, secrets, ARRAY_COUNT(secrets)) >= 0) {
        line_hide(parser);
    }
    if (take_value(parser, "a value", &line->value)) {
        (void)line_end(parser);
        **tail = line;
        *tail = &line->next;
    } else {
        line_skip(parser);
    }
}

void card_parse(struct parser *parser)
{
    struct card *card = NEW(parser, struct card);
    struct card_line **tail = &card->lines;
    card->spot = peek(parser)->spot;
    (void)take_name(parser, "the name of the card", &card->name);
    if (!line_open(parser)) {
        return;
    }
    while (block_next(parser, card->spot)) {
        card_line_parse(parser, &tail);
    }
    if (card->name.len > 0) {
        *parser->cards_tail = card;
        parser->cards_tail = &card->next;
    }
}
