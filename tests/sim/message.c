#include "tests/sim/message.h"

#include <stdio.h>

#include "iso8583/base/calendar.h"
#include "iso8583/mti.h"
#include "tests/sim/hsm.h"

/* Texts that a message borrows until it is encoded. */
struct texts {
    char amount[13];
    char stan[7];
    char pan[20];
    char track[38];
    char currency[4];
    char sale[7];
    char original[43];
    char replacement[43];
    char terminal[9];
    uint8_t pin[8];
    uint8_t chip[32];
};

const struct sale_kind *sale_kind_at(unsigned kind)
{
    static const struct sale_kind kinds[KIND_COUNT] = {
        [KIND_purchase] = {0x0200, "000000", true}, [KIND_cash] = {0x0200, "010000", true},
        [KIND_refund] = {0x0200, "200000", true},   [KIND_authorization] = {0x0100, "000000", true},
        [KIND_balance] = {0x0200, "310000", false},
    };
    return &kinds[kind];
}

static const struct group_settings *group_at(const struct world *world, uint16_t terminal)
{
    return &world->plan.groups[world->plan.terminals[terminal].group];
}

static bool is_signed(const struct world *world, uint16_t terminal)
{
    return world->plan.terminals[terminal].tak.text[0] != '\0';
}

void message_stamp(const struct world *world, uint16_t terminal, char de7[11], char time[7],
                   char date[5])
{
    uint16_t group = world->plan.terminals[terminal].group;
    bool off = group == PLAN_GROUP_CLOCK_OFF || group == PLAN_GROUP_CLOCK_OFF + 1;
    struct civil now = civil_from_ms(world_wall_ms(world) + (off ? world->plan.clock_off_ms : 0));
    uint8_t text[11] = {0};
    digits_put(text, 2, (uint64_t)now.month);
    digits_put(text + 2, 2, (uint64_t)now.day);
    digits_put(text + 4, 2, (uint64_t)now.hour);
    digits_put(text + 6, 2, (uint64_t)now.minute);
    digits_put(text + 8, 2, (uint64_t)now.second);
    memcpy(de7, text, 11);
    time[0] = '\0';
    date[0] = '\0';
    if (group_at(world, terminal)->identity != IDENTITY_DAY) {
        memcpy(date, text, 4);
        date[4] = '\0';
        memcpy(time, text + 4, 7);
    }
}

/* The MAC is the last field, over all that stands before it: DE128 if there is a second bitmap. */
static void finish(struct world *world, uint16_t terminal, bool forged, struct iso_msg *msg,
                   struct telegram *out)
{
    static const uint8_t none[8] = {0};
    const struct iso_dialect *dialect = world->plan.listeners[terminal % PLAN_LISTENERS].dialect;
    struct writer w = writer_make(out->bytes, sizeof out->bytes);
    struct iso_error error;
    bool sign = is_signed(world, terminal);
    if (sign) {
        iso_set(msg, msg->present[1] != 0 ? 128 : 64, span_make(none, sizeof none));
    }
    int result = iso_encode(msg, dialect, &w, &error);
    CHECK(result == 0);
    out->len = w.len;
    if (!sign) {
        return;
    }
    uint8_t mac[8];
    bool hex = dialect->field[64].coding == ISO_HEX;
    size_t at = out->len - (hex ? 16 : 8);
    sim_mac(span_make(out->bytes, at), mac);
    mac[3] = (uint8_t)(mac[3] ^ (forged ? 0x40u : 0u));
    if (hex) {
        hex_encode(span_make(mac, sizeof mac), out->bytes + at);
    } else {
        memcpy(out->bytes + at, mac, sizeof mac);
    }
}

static void set_text(struct iso_msg *msg, unsigned de, const char *text)
{
    if (text[0] != '\0') {
        iso_set(msg, de, span_text(text));
    }
}

/* What a request and its reversal have in common. */
static void set_common(struct world *world, const struct sale *sale, uint32_t stan,
                       struct texts *texts, struct iso_msg *msg)
{
    const struct terminal_settings *terminal = &world->plan.terminals[sale->terminal];
    const struct card_settings *card = &world->plan.cards[sale->card];
    snprintf(texts->amount, sizeof texts->amount, "%012llu",
             (unsigned long long)sale->amount_minor % 1000000000000ull);
    snprintf(texts->stan, sizeof texts->stan, "%06u", stan % 1000000);
    snprintf(texts->currency, sizeof texts->currency, "%03u", sale->currency % 1000u);
    snprintf(texts->sale, sizeof texts->sale, "%06u", sale->id % 1000000);
    memcpy(texts->pan, card->pan, sizeof texts->pan);
    memcpy(texts->terminal, terminal->id, sizeof texts->terminal);
    if (sale->bad_card) {
        size_t last = strlen(texts->pan) - 1;
        texts->pan[last] = (char)('0' + (texts->pan[last] - '0' + 1) % 10);
    }
    if (sale->track) {
        snprintf(texts->track, sizeof texts->track, "%s=%s2010000", texts->pan, card->expiry);
        set_text(msg, 35, texts->track);
    } else {
        set_text(msg, 2, texts->pan);
        set_text(msg, 14, card->expiry);
    }
    set_text(msg, 3, sale_kind_at(sale->kind)->proc);
    set_text(msg, 4, texts->amount);
    set_text(msg, 11, texts->stan);
    set_text(msg, 22, "051");
    set_text(msg, 25, "00");
    if (sale->acquirer) {
        set_text(msg, 32, world->plan.groups[terminal->group].acquirer);
    }
    set_text(msg, 37, sale->rrn);
    set_text(msg, 41, texts->terminal);
    if (sale->merchant) {
        set_text(msg, 42, terminal->merchant);
    }
    set_text(msg, 49, texts->currency);
    set_text(msg, 62, texts->sale);
}

/* 9F26 and 9F36: part of what makes two messages the same. */
static void set_chip(const struct sale *sale, struct texts *texts, struct iso_msg *msg)
{
    static const uint8_t tags[] = {0x9F, 0x26, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0x9F, 0x36, 2, 0, 0};
    memcpy(texts->chip, tags, sizeof tags);
    be32_put(texts->chip + 7, sale->id);
    be16_put(texts->chip + 14, (uint16_t)sale->id);
    iso_set(msg, 55, span_make(texts->chip, sizeof tags));
}

void message_request(struct world *world, const struct sale *sale, bool repeat_mark,
                     struct telegram *out)
{
    struct texts texts;
    struct iso_msg msg;
    uint16_t mti = sale_kind_at(sale->kind)->mti;
    iso_init(&msg, repeat_mark ? mti_repeat(mti) : mti);
    set_common(world, sale, sale->stan, &texts, &msg);
    set_text(&msg, 7, sale->de7);
    set_text(&msg, 12, sale->time);
    set_text(&msg, 13, sale->date);
    if (sale->chip) {
        set_chip(sale, &texts, &msg);
    }
    if (sale->pin) {
        static const uint8_t wrong[] = {'4', '7', '1', '2'};
        struct secret_span pin =
            sale->pin_wrong ? (struct secret_span){wrong, sizeof wrong} : sim_pin();
        sim_pin_block(pin, texts.pan, texts.pin);
        iso_set(&msg, 52, span_make(texts.pin, sizeof texts.pin));
    }
    finish(world, sale->terminal, sale->forged, &msg, out);
}

static void set_original(struct texts *texts, uint16_t mti, uint32_t stan, const char *de7,
                         struct iso_msg *msg)
{
    snprintf(texts->original, sizeof texts->original, "%04X%06u%s%022d", (unsigned)mti,
             stan % 1000000, de7, 0);
    set_text(msg, 90, texts->original);
}

void message_reversal(struct world *world, const struct sale *sale, bool repeat_mark,
                      int64_t replacement_minor, struct telegram *out)
{
    struct texts texts;
    struct iso_msg msg;
    uint16_t mti = sale->reversal.mti;
    iso_init(&msg, repeat_mark ? mti_repeat(mti) : mti);
    set_common(world, sale, sale->reversal.stan, &texts, &msg);
    set_text(&msg, 7, sale->reversal.de7);
    set_text(&msg, 12, sale->reversal.time);
    set_text(&msg, 13, sale->reversal.date);
    if (sale->reversal.naming == NAMED_DE90) {
        set_original(&texts, sale_kind_at(sale->kind)->mti, sale->stan, sale->reversal.original_de7,
                     &msg);
    }
    if (sale->rrn[0] == '\0') {
        set_text(&msg, 37, sale->first.rrn);
    }
    if (replacement_minor != 0) {
        snprintf(texts.replacement, sizeof texts.replacement, "%012llu%030d",
                 (unsigned long long)replacement_minor % 1000000000000ull, 0);
        set_text(&msg, 95, texts.replacement);
    }
    finish(world, sale->terminal, false, &msg, out);
}

void message_reversal_of_reversal(struct world *world, const struct sale *sale, uint32_t stan,
                                  struct telegram *out)
{
    struct texts texts;
    struct iso_msg msg;
    iso_init(&msg, 0x0400);
    set_common(world, sale, stan, &texts, &msg);
    set_text(&msg, 7, sale->reversal.de7);
    set_text(&msg, 12, sale->reversal.time);
    set_text(&msg, 13, sale->reversal.date);
    iso_unset(&msg, 37);
    set_original(&texts, sale->reversal.mti, sale->reversal.stan, sale->reversal.de7, &msg);
    finish(world, sale->terminal, false, &msg, out);
}

int message_read(const struct world *world, uint16_t terminal, struct span bytes,
                 struct writer *scratch, struct iso_msg *msg)
{
    const struct iso_dialect *dialect = world->plan.listeners[terminal % PLAN_LISTENERS].dialect;
    struct iso_error error;
    uint8_t mac[8];
    TRY(iso_decode(dialect, bytes, scratch, msg, &error));
    if (!is_signed(world, terminal)) {
        return 0;
    }
    if (!iso_has(msg, 64)) {
        return ERR_CRYPTO;
    }
    sim_mac(span_first(bytes, msg->field[64].at), mac);
    return span_equal(iso_get(msg, 64), span_make(mac, sizeof mac)) ? 0 : ERR_CRYPTO;
}
