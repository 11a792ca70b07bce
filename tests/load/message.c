#include "tests/load/message.h"

#include "hsm_sim/engine/mac.h"
#include "hsm_sim/engine/pinblock.h"
#include "iso8583/edition.h"
#include "iso8583/mti.h"

/* To add a kind: a constant in enum exchange_kind, a row here, a draw in terminal.c. */
static const struct {
    uint16_t mti;
    const char *proc;
} kinds[EXCHANGE_KIND_COUNT] = {
    [EXCHANGE_SALE] = {0x0200, "000000"},
    [EXCHANGE_REFUND] = {0x0200, "200000"},
    [EXCHANGE_BALANCE] = {0x0100, "310000"},
};

/* The digits of one message, as long as it is being encoded. */
struct fields {
    uint8_t amount[12];
    uint8_t stan[6];
    uint8_t currency[3];
    uint8_t original[42]; /* DE90 */
    uint8_t pin[PIN_BLOCK_LEN];
};

static const uint8_t mac_empty[MAC_LEN];

uint16_t kind_mti(enum exchange_kind kind)
{
    return kinds[kind].mti;
}

const char *kind_proc(enum exchange_kind kind)
{
    return kinds[kind].proc;
}

bool code_approves(const char *code)
{
    return strcmp(code, "00") == 0 || strcmp(code, "10") == 0;
}

/* --- Writing ---------------------------------------------------------------------------------- */

static bool signs(const struct terminal *terminal)
{
    return terminal->rules->mac && terminal->row->has_tak;
}

/* How many bytes DE64 and DE128 take in @dialect. */
static size_t mac_wire_len(const struct iso_dialect *dialect, unsigned de)
{
    return dialect->field[de].coding == ISO_HEX ? 2 * MAC_LEN : MAC_LEN;
}

/* Put the MAC of what is in front of it at the end of the wire. */
static int wire_sign(struct exchange *x, unsigned de)
{
    struct terminal *t = x->terminal;
    size_t len = mac_wire_len(t->rules->dialect, de);
    uint8_t mac[MAC_LEN] = {0};
    struct mac_plan plan = {MAC_ALGORITHM_3, MAC_PAD_ZEROS, true};
    CHECK(x->wire_len > len);
    uint8_t *at = x->wire + (x->wire_len - len);
    TRY(mac_update(&t->tak, plan, span_make(x->wire, x->wire_len - len), mac));
    if (len == MAC_LEN) {
        memcpy(at, mac, MAC_LEN);
    } else {
        hex_encode(span_make(mac, MAC_LEN), at);
    }
    return 0;
}

/* ISO 9564 format 0 under the clear TPK. */
static int pin_set(struct exchange *x, struct iso_msg *msg, struct fields *fields)
{
    struct pin pin = {.len = (uint8_t)strlen(x->card->pin)};
    struct random unused = random_make(1);
    struct span pan = span_text(x->card->pan);
    struct span account = span_last(span_first(pan, pan.len - 1), PIN_ACCOUNT_LEN);
    for (size_t i = 0; i < pin.len; i++) {
        pin.digit[i] = (uint8_t)(x->card->pin[i] - '0');
    }
    if (x->wrong_pin) {
        pin.digit[0] = (uint8_t)((pin.digit[0] + 1) % 10);
    }
    int result =
        pin_encode(pin_format_find(SPAN_LITERAL("01")), &pin, account, &unused, fields->pin);
    bytes_wipe(&pin, sizeof pin);
    TRY(result);
    TRY(tdes_block(&x->terminal->tpk, TDES_ENCRYPT, fields->pin, fields->pin));
    iso_set(msg, 52, span_make(fields->pin, PIN_BLOCK_LEN));
    return 0;
}

/* What requests and reversals have alike. */
static void message_fill(struct exchange *x, struct iso_msg *msg, struct fields *fields,
                         const struct stamp *began, uint32_t stan, const char *de7)
{
    const struct terminal *t = x->terminal;
    digits_put(fields->amount, sizeof fields->amount, x->amount_minor);
    digits_put(fields->stan, sizeof fields->stan, stan);
    digits_put(fields->currency, sizeof fields->currency, t->rules->currency);
    if (x->track) {
        iso_set(msg, 35, span_text(x->card->track2));
    } else {
        iso_set(msg, 2, span_text(x->card->pan));
        iso_set(msg, 14, span_text(x->card->expiry));
    }
    iso_set(msg, 3, span_text(kinds[x->kind].proc));
    iso_set(msg, 4, span_make(fields->amount, sizeof fields->amount));
    iso_set(msg, 7, span_make(de7, 10));
    iso_set(msg, 11, span_make(fields->stan, sizeof fields->stan));
    iso_set(msg, 12, span_make(began->time, 6));
    iso_set(msg, 13, span_make(began->date, 4));
    iso_set(msg, 22, x->pin ? SPAN_LITERAL("051") : SPAN_LITERAL("021"));
    iso_set(msg, 25, SPAN_LITERAL("00"));
    iso_set(msg, 41, span_make(t->row->id, 8));
    iso_set(msg, 42, span_text(t->row->merchant));
    iso_set(msg, 49, span_make(fields->currency, sizeof fields->currency));
}

static int message_encode(struct exchange *x, struct iso_msg *msg)
{
    struct terminal *t = x->terminal;
    /* What stands behind DE64 here, DE90, stands before it in later editions. */
    bool is_behind = t->rules->dialect->edition == ISO_1987 && msg->present[1] != 0;
    unsigned mac_de = is_behind ? 128 : 64;
    if (signs(t)) {
        iso_set(msg, mac_de, span_make(mac_empty, MAC_LEN));
    }
    struct writer out = writer_make(x->wire, sizeof x->wire);
    struct iso_error error;
    TRY(edition_write(msg, SPAN_NONE, t->rules->dialect, x->began.wall_ms, &out, &error));
    x->wire_len = out.len;
    x->wire_mti = msg->mti;
    return signs(t) ? wire_sign(x, mac_de) : 0;
}

int message_request(struct exchange *x, const char *de7, bool repeat)
{
    struct iso_msg msg;
    struct fields fields;
    uint16_t mti = kinds[x->kind].mti;
    iso_init(&msg, repeat ? mti_repeat(mti) : mti);
    message_fill(x, &msg, &fields, &x->began, x->stan, de7);
    if (x->pin) {
        TRY(pin_set(x, &msg, &fields));
    }
    return message_encode(x, &msg);
}

int message_reversal(struct exchange *x, const char *de7, bool repeat)
{
    struct iso_msg msg;
    struct fields fields;
    iso_init(&msg, repeat ? 0x0401 : 0x0400);
    message_fill(x, &msg, &fields, &x->reversal_began, x->reversal_stan, de7);
    memset(fields.original, '0', sizeof fields.original);
    mti_print(kinds[x->kind].mti, fields.original);
    digits_put(fields.original + 4, 6, x->stan);
    memcpy(fields.original + 10, x->began.de7, 10);
    iso_set(&msg, 90, span_make(fields.original, sizeof fields.original));
    if (x->rrn[0] != '\0') {
        iso_set(&msg, 37, span_text(x->rrn));
    }
    if (x->auth[0] != '\0') {
        iso_set(&msg, 38, span_text(x->auth));
    }
    return message_encode(x, &msg);
}

/* --- Reading ---------------------------------------------------------------------------------- */

/* Copy a text without its trailing spaces; @out has room for the field's fixed length. */
static void text_take(const struct iso_msg *msg, unsigned de, char *out, size_t cap)
{
    struct span value = iso_get(msg, de);
    size_t len = value.len < cap ? value.len : cap - 1;
    while (len > 0 && value.ptr[len - 1] == ' ') {
        len--;
    }
    if (len > 0) {
        memcpy(out, value.ptr, len);
    }
    out[len] = '\0';
}

static struct span spaces_cut(struct span text)
{
    while (text.len > 0 && text.ptr[text.len - 1] == ' ') {
        text.len--;
    }
    return text;
}

static bool mac_is_good(struct terminal *terminal, const struct iso_msg *msg, struct span message)
{
    unsigned de = iso_has(msg, 128) ? 128 : 64;
    struct span theirs = iso_get(msg, de);
    size_t len = mac_wire_len(terminal->rules->dialect, de);
    uint8_t mac[MAC_LEN] = {0};
    struct mac_plan plan = {MAC_ALGORITHM_3, MAC_PAD_ZEROS, true};
    return theirs.len == MAC_LEN && message.len > len &&
           mac_update(&terminal->tak, plan, span_first(message, message.len - len), mac) == 0 &&
           memcmp(mac, theirs.ptr, MAC_LEN) == 0;
}

int answer_read(struct terminal *terminal, struct span message, struct answer *answer)
{
    struct iso_msg msg;
    struct iso_error error;
    struct writer scratch = writer_make(answer->scratch, sizeof answer->scratch);
    if (edition_read(terminal->rules->dialect, message, &scratch, &msg, &error) != 0) {
        return ERR_FORMAT;
    }
    uint64_t stan = 0;
    answer->mti = msg.mti;
    answer->to_reversal = msg.mti == 0x0410;
    if ((msg.mti != 0x0110 && msg.mti != 0x0210 && msg.mti != 0x0410) ||
        iso_number(&msg, 11, &stan) != 0 || iso_get(&msg, 39).len != 2) {
        return ERR_FORMAT;
    }
    answer->stan = (uint32_t)stan;
    answer->amount_minor = 0;
    if (iso_has(&msg, 4) && iso_number(&msg, 4, &answer->amount_minor) != 0) {
        return ERR_FORMAT;
    }
    answer->proc = iso_get(&msg, 3);
    answer->de7 = iso_get(&msg, 7);
    answer->terminal = spaces_cut(iso_get(&msg, 41));
    answer->merchant = spaces_cut(iso_get(&msg, 42));
    text_take(&msg, 39, answer->code, sizeof answer->code);
    text_take(&msg, 38, answer->auth, sizeof answer->auth);
    text_take(&msg, 37, answer->rrn, sizeof answer->rrn);
    answer->mac_good = !signs(terminal) || mac_is_good(terminal, &msg, message);
    return 0;
}
