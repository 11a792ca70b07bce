#include "tools/isotest/record_write.h"

#include <stdlib.h>

#include "iso8583/base/currency.h"
#include "iso8583/mti.h"
#include "tools/isotest/record_write_state.h"

/* What stands where a key is to be filled in: of no use but to be found. */
#define KEY_TO_FILL_IN "0123456789ABCDEFFEDCBA9876543210"

/* --- tests ---------------------------------------------------------------------------------------
 */

void title_put(struct write *w, struct talk *talk, int32_t head)
{
    const struct message *message = &talk->messages[head];
    struct iso_msg msg;
    talk_decode(talk, message, &msg);
    const struct currency *currency = currency_of(&msg);
    fprintf(w->out, "\ntest \"%u: %04x", ++w->counts->tests, message->mti);
    if (currency != NULL) {
        fputc(' ', w->out);
        money_put(w->out, &msg, currency);
    }
    fprintf(w->out, ", %s", talk->parties[message->party].name);
    if (message->answer != TALK_NONE) {
        talk_decode(talk, &talk->messages[message->answer], &msg);
        struct span response = iso_get(&msg, 39);
        if (is_word(response)) {
            fprintf(w->out, ", answered %.*s", (int)response.len, (const char *)response.ptr);
        }
    } else {
        fputs(", not answered", w->out);
    }
    fputs("\" tags recorded {\n", w->out);
}

static void tests_put(struct write *w)
{
    for (size_t i = 0; i < w->side_count; i++) {
        struct played *played = &w->sides[i];
        for (uint32_t k = 0; k < played->talk.count; k++) {
            const struct message *message = &played->talk.messages[k];
            bool is_head = message->head == (int32_t)k;
            if (is_head && played == w->terminals) {
                asking_put(w, (int32_t)k);
            } else if (is_head && w->terminals == NULL) {
                answering_put(w, played, (int32_t)k);
            }
            w->counts->of_other_side += mti_is_request(message->mti) && message->head == TALK_NONE;
        }
    }
}

/* --- what is known before the first test is written ----------------------------------------------
 */

/* What the first request of @party says of it. */
static void party_begin(struct write *w, struct talk *talk, const struct message *message,
                        struct party *party)
{
    struct iso_msg msg;
    party->is_used = true;
    party->tpdu_len = message->tpdu_len;
    memcpy(party->tpdu, message->tpdu, message->tpdu_len);
    talk_decode(talk, message, &msg);
    struct span merchant = iso_get(&msg, 42);
    if (merchant.len <= MERCHANT_LEN_MAX && merchant.len > 0 &&
        why_left_out(w, talk->dialect, 42, merchant) == NULL) {
        memcpy(party->merchant, merchant.ptr, merchant.len);
        party->merchant_len = (uint8_t)merchant.len;
    }
}

static void parties_learn(struct write *w, struct played *played)
{
    struct talk *talk = &played->talk;
    for (uint32_t i = 0; i < talk->count; i++) {
        const struct message *message = &talk->messages[i];
        struct party *party = &talk->parties[message->party];
        party->has_mac = party->has_mac || message->mac_field != 0;
        played->has_mac = played->has_mac || message->mac_field != 0;
        if (message->head == TALK_NONE || !mti_is_request(message->mti)) {
            continue;
        }
        party->mac_in_64 = party->mac_in_64 || (message->mac_field == 64 && message->has_high);
        party->has_pin = party->has_pin || (message->has_pin && message->card != CARD_NONE);
        if (!party->is_used) {
            party_begin(w, talk, message, party);
        }
    }
}

/* --- declarations --------------------------------------------------------------------------------
 */

static void wire_put(const struct record_side *side, FILE *out, struct span tpdu)
{
    fprintf(out, "dialect %s\nframe %s", side->dialect->name, side->framing->name);
    if (tpdu.len > 0) {
        fputc(' ', out);
        hex_put(out, tpdu);
    }
    fputc('\n', out);
}

static void terminal_put(struct write *w, FILE *out, const struct party *party)
{
    const struct iso_dialect *dialect = w->terminals->side->dialect;
    struct span id = span_make(party->id, party->id_len);
    fprintf(out, "\nterminal %s {\nconnect {{switch_at}}\n", party->name);
    wire_put(w->terminals->side, out, span_make(party->tpdu, party->tpdu_len));
    if (party->has_pin) {
        fprintf(out, "pin tpk:%s\n", party->name);
    }
    if (party->has_mac) {
        fprintf(out, "mac tak:%s x9.19%s\n", party->name, party->mac_in_64 ? " in 64" : "");
    }
    fputs("reversal off\n", out);
    if (id.len > 0 && why_left_out(w, dialect, 41, id) == NULL) {
        fputs("41 ", out);
        value_put(out, &dialect->field[41], 41, id);
        fputc('\n', out);
    }
    if (party->merchant_len > 0) {
        fputs("42 ", out);
        value_put(out, &dialect->field[42], 42, span_make(party->merchant, party->merchant_len));
        fputc('\n', out);
    }
    fputs("}\n", out);
}

static void issuer_put(const struct played *issuer, FILE *out)
{
    const char *name = issuer->side->name;
    fprintf(out, "\nissuer %s {\n%s {{%s_at}}\n", name,
            issuer->asker_is_client ? "listen" : "connect", name);
    wire_put(issuer->side, out, SPAN_NONE);
    if (issuer->has_mac) {
        fprintf(out, "mac zak:%s x9.19\n", name);
    }
    fputs("}\n", out);
}

static void fact_put(FILE *out, const char *name, struct span value)
{
    if (value.len > 0) {
        fprintf(out, "%s %.*s\n", name, (int)value.len, (const char *)value.ptr);
    }
}

/* What @table says of the card, else what is made up. */
static struct span fact(struct span table, const char *made_up)
{
    return table.len > 0 ? table : span_text(made_up);
}

static void cards_put(struct write *w, FILE *out)
{
    static const struct test_card nothing;
    for (uint32_t i = 0; i < cards_count(w->cards); i++) {
        const struct recorded_card *card = cards_at(w->cards, i);
        const struct test_card *test = card->test == NULL ? &nothing : card->test;
        if (!card->is_used) {
            continue;
        }
        fprintf(out, "\ncard c%u {\n", i + 1);
        fact_put(out, "pan", span_text((const char *)card->test_pan));
        fact_put(out, "exp", fact(test->expiry, "4912"));
        fact_put(out, "svc", fact(test->service, card->has_chip ? "201" : "101"));
        fact_put(out, "psn", fact(test->psn, card->has_chip ? "01" : ""));
        fact_put(out, "pin", card->has_pin ? fact(test->pin, "1234") : SPAN_NONE);
        if (card->has_chip && w->needs_imk) {
            fputs("imk imk-ac:cards\n", out);
            if (card->cvn != 0) {
                fprintf(out, "cvn %u\n", (unsigned)card->cvn);
            }
            fputs("atc 1\n", out);
        }
        fputs("}\n", out);
    }
}

static void key_put(FILE *out, const char *kind, const char *id)
{
    fprintf(out, "key %s:%s " KEY_TO_FILL_IN "\n", kind, id);
}

static void keys_put(struct write *w, FILE *out)
{
    if (w->options->keys != NULL) {
        fprintf(out, "keys \"%s\"\n", w->options->keys);
    }
    if (w->needs_imk) {
        key_put(out, "imk-ac", "cards"); /* of cards that are made up: of nobody's system */
    }
    for (size_t i = 0; i < w->side_count && w->options->keys == NULL; i++) {
        const struct played *played = &w->sides[i];
        if (played != w->terminals) {
            if (played->has_mac) {
                key_put(out, "zak", played->side->name);
            }
            continue;
        }
        for (uint32_t k = 0; k < played->talk.party_count; k++) {
            const struct party *party = &played->talk.parties[k];
            if (party->is_used && party->has_pin) {
                key_put(out, "tpk", party->name);
            }
            if (party->is_used && party->has_mac) {
                key_put(out, "tak", party->name);
            }
        }
    }
}

static void head_put(struct write *w, FILE *out)
{
    fprintf(out,
            "# Recorded: %u test%s.\n#\n"
            "# No card of the capture stands here. Cards are %s; times, trace\n"
            "# numbers, PIN blocks, MACs and cryptograms are made anew.%s\n"
            "# Elsewhere: isotest run --var NAME_at=HOST:PORT.\n",
            w->counts->tests, w->counts->tests == 1 ? "" : "s",
            w->options->cards != NULL ? "those of a table" : "made up: the other side knows none",
            w->options->keys != NULL
                ? ""
                : "\n# Keys are placeholders: put in those of your test system.");
    for (size_t i = 0; i < w->side_count; i++) {
        const struct record_side *side = w->sides[i].side;
        fprintf(out, "set %s_at = 127.0.0.1:%u\n", side->name == NULL ? "switch" : side->name,
                (unsigned)side->port);
    }
    keys_put(w, out);
    for (size_t i = 0; i < w->side_count; i++) {
        const struct played *played = &w->sides[i];
        if (played != w->terminals) {
            issuer_put(played, out);
        }
        for (uint32_t k = 0; played == w->terminals && k < played->talk.party_count; k++) {
            if (played->talk.parties[k].is_used) {
                terminal_put(w, out, &played->talk.parties[k]);
            }
        }
    }
    cards_put(w, out);
}

/* --- the whole -----------------------------------------------------------------------------------
 */

/* Tests first: what they need is declared in front of them. */
static int script_put(struct write *w, FILE *whole)
{
    char *tests = NULL;
    size_t len = 0;
    w->out = open_memstream(&tests, &len);
    int status = w->out == NULL ? ERR_MEMORY : calls_find(w);
    if (status == 0) {
        for (size_t i = 0; i < w->side_count; i++) {
            parties_learn(w, &w->sides[i]);
        }
        tests_put(w);
    }
    if (w->out != NULL && fclose(w->out) != 0) {
        status = ERR_MEMORY;
    }
    if (status == 0) {
        head_put(w, whole);
        status = fwrite(tests, 1, len, whole) == len ? 0 : ERR_MEMORY;
    }
    free(tests);
    return status;
}

int record_write(struct played *sides, size_t count, struct cards *cards,
                 const struct record_options *options, struct written *out)
{
    struct write w = {
        .sides = sides, .side_count = count, .cards = cards, .options = options, .counts = out};
    char *text = NULL;
    size_t len = 0;
    *out = (struct written){0};
    for (size_t i = 0; i < count; i++) {
        w.terminals = sides[i].side->name == NULL ? &sides[i] : w.terminals;
    }
    FILE *whole = open_memstream(&text, &len);
    int status = whole == NULL ? ERR_MEMORY : script_put(&w, whole);
    if (whole != NULL && fclose(whole) != 0) {
        status = ERR_MEMORY;
    }
    free(w.calls);
    if (status < 0) {
        free(text);
        return status;
    }
    out->text = span_make(text, len);
    return 0;
}
