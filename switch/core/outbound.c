#include "switch/core/outbound.h"

#include "iso8583/coding.h"
#include "iso8583/edition.h"
#include "iso8583/field.h"
#include "iso8583/mti.h"
#include "iso8583/parts.h"
#include "switch/core/core_state.h"

/* What an issuer is told of the request, beside what we set ourselves. Track data, EMV and private
 * data pass through; they are held by nobody else. */
static const uint8_t passed_on[] = {
    2,  3,  4,  12, 13, 14, 18, 19, 22, 23, 25,  26,  28,  32,  35,  36,  41,  42,  43,  45,  46,
    47, 48, 49, 54, 55, 59, 60, 61, 62, 63, 102, 103, 104, 120, 121, 122, 123, 124, 125, 126, 127};

/* What a terminal is told of its own request. */
static const uint8_t echoed[] = {2, 3, 4, 7, 11, 12, 13, 24, 32, 37, 41, 42, 49, 70};

/* MMDD of a business day, in the actions' bytes. */
static struct span month_day(struct core *core, uint32_t day)
{
    uint8_t *text = core_bytes(core, 4);
    digits_put(text, 4, day % 10000);
    return span_make(text, 4);
}

int outbound_encode(struct core *core, const struct iso_msg *msg, struct span request,
                    const struct iso_dialect *dialect, struct span *bytes, struct iso_error *error)
{
    struct writer *bytes_of = &core->out->bytes;
    struct writer out = writer_make(bytes_of->ptr + bytes_of->len, bytes_of->cap - bytes_of->len);
    TRY(edition_write(msg, request, dialect, core->wall_ms, &out, error));
    bytes_of->len += out.len;
    *bytes = writer_written(&out);
    return 0;
}

void outbound_request(struct core *core, struct txn *t, struct iso_msg *msg)
{
    const struct record *record = &t->record;
    iso_init(msg, record->mti);
    for (size_t i = 0; i < ARRAY_COUNT(passed_on); i++) {
        iso_copy(msg, &t->intake.msg, passed_on[i]);
    }
    if (iso_has(msg, 22)) { /* BASE I has a fourth digit, which says nothing. */
        iso_set(msg, 22, span_first(iso_get(msg, 22), 3));
    }
    iso_set(msg, 7, span_text(record->link_de7));
    iso_set(msg, 11, span_text(record->link_stan));
    iso_set(msg, 15, month_day(core, record->day));
    iso_set(msg, 32, span_text(record->acquirer));
    iso_set(msg, 37, span_text(record->rrn));
    if (record->mcc[0] != '\0') {
        iso_set(msg, 18, span_text(record->mcc));
    }
    if (record->merchant[0] != '\0') {
        iso_set(msg, 42, span_text(record->merchant));
    }
    if (t->hsm.translated) {
        iso_set(msg, 52, span_make(t->hsm.pin_block, sizeof t->hsm.pin_block));
    }
}

int outbound_check(struct core *core, const struct txn *t, const struct iso_msg *msg,
                   const struct iso_dialect *dialect, struct iso_error *error)
{
    static const uint8_t private_data[] = {46, 47, 48, 59, 60, 61, 62, 63, 123, 124, 125, 126, 127};
    const struct iso_dialect *said = core->settings->listeners[t->intake.listener].dialect;
    for (size_t i = 0; i < ARRAY_COUNT(private_data); i++) {
        unsigned de = private_data[i];
        const struct iso_field_row *row = &dialect->field[de];
        if (row->parts == NULL || row->parts == said->field[de].parts || !iso_has(msg, de)) {
            continue;
        }
        uint8_t bytes[2 * FRAME_LEN_MAX];
        struct writer scratch = writer_make(bytes, sizeof bytes);
        int result = parts_check(row, iso_get(msg, de), &scratch, NULL, error);
        bytes_wipe(bytes, scratch.len);
        if (result != 0) {
            error->de = (uint8_t)de;
            return result;
        }
    }
    return 0;
}

/* DE90: MTI 4, STAN 6, DE7 10, acquirer 11, forwarder 11, all of the 0200 that the issuer saw. */
static struct span original_data(struct core *core, const struct record *record)
{
    uint8_t *text = core_bytes(core, 42);
    size_t acquirer_len = strlen(record->acquirer);
    memset(text, '0', 42);
    mti_print(record->mti, text);
    memcpy(text + 4, record->link_stan, 6);
    memcpy(text + 10, record->link_de7, 10);
    memcpy(text + 20 + 11 - acquirer_len, record->acquirer, acquirer_len);
    return span_make(text, 42);
}

static void set_amounts(struct core *core, struct iso_msg *msg, const struct record *record)
{
    uint8_t *text = core_bytes(core, 15);
    digits_put(text, 12, (uint64_t)record->amount_minor);
    digits_put(text + 12, 3, record->currency);
    iso_set(msg, 4, span_make(text, 12));
    iso_set(msg, 49, span_make(text + 12, 3));
}

static void set_if(struct iso_msg *msg, unsigned de, const char *text)
{
    if (text[0] != '\0') {
        iso_set(msg, de, span_text(text));
    }
}

void outbound_reversal(struct core *core, struct txn *t, struct iso_msg *msg)
{
    const struct record *record = &t->record;
    iso_init(msg, t->reverse.tries == 0 ? 0x0420 : 0x0421);
    set_amounts(core, msg, record);
    set_if(msg, 2, record->pan);
    set_if(msg, 3, record->proc);
    set_if(msg, 7, record->link_de7);
    set_if(msg, 11, record->reversal_stan);
    set_if(msg, 12, record->time);
    set_if(msg, 13, record->date);
    iso_set(msg, 15, month_day(core, record->day));
    set_if(msg, 18, record->mcc);
    set_if(msg, 22, record->entry);
    set_if(msg, 25, record->condition);
    set_if(msg, 32, record->acquirer);
    set_if(msg, 37, record->rrn);
    set_if(msg, 38, record->auth);
    set_if(msg, 41, record->terminal);
    set_if(msg, 42, record->merchant);
    iso_set(msg, 90, original_data(core, record));
}

/* DE44 tells what was wrong, where the group wants that: "F64 is required". At most 25 characters
 * in the 1987 table. */
static void set_diagnosis(struct core *core, struct txn *t, struct iso_msg *msg)
{
    if (t->outcome.diagnosis[0] != '\0' && group_of(core, t)->diagnostics) {
        iso_set(msg, 44, span_first(span_text(t->outcome.diagnosis), 25));
    }
}

int outbound_answer(struct core *core, struct txn *t, bool sign)
{
    static const uint8_t no_mac[8] = {0};
    const struct iso_dialect *dialect = core->settings->listeners[t->intake.listener].dialect;
    struct iso_msg msg;
    struct iso_error error;
    iso_init(&msg, mti_answer(t->intake.msg.mti));
    msg.header = t->intake.msg.header;
    for (size_t i = 0; i < ARRAY_COUNT(echoed); i++) {
        iso_copy(&msg, &t->intake.msg, echoed[i]);
    }
    if (t->outcome.code[0] == '1' && t->outcome.code[1] == '0') {
        uint8_t *amount = core_bytes(core, 12);
        digits_put(amount, 12, (uint64_t)t->outcome.approved_minor);
        iso_set(&msg, 4, span_make(amount, 12));
    }
    if (t->record.day != 0) {
        iso_set(&msg, 15, month_day(core, t->record.day));
    }
    if (!iso_has(&msg, 37)) {
        set_if(&msg, 37, t->record.rrn);
    }
    set_if(&msg, 38, t->outcome.auth);
    set_if(&msg, 39, t->outcome.code);
    set_if(&msg, 54, t->outcome.balance);
    for (size_t i = 0; i < t->outcome.passed_count; i++) {
        const struct passed *passed = &t->outcome.passed[i];
        iso_set(&msg, passed->de, span_make(t->outcome.passed_bytes + passed->at, passed->len));
    }
    set_diagnosis(core, t, &msg);
    /* The MAC is the last field: behind DE70 (DE24 in later editions) that is DE128. */
    unsigned mac_de = dialect->edition == ISO_1987 && msg.present[1] != 0 ? 128 : 64;
    if (sign) {
        iso_set(&msg, mac_de, span_make(no_mac, sizeof no_mac));
    }
    struct span request = span_make(t->bytes, t->intake.frame_len);
    struct writer out = writer_make(t->out, sizeof t->out);
    int written = edition_write(&msg, request, dialect, core->wall_ms, &out, &error);
    /* What the issuer says that this dialect cannot is left out: the outcome must be heard. */
    while (written != 0 && error.de > 1 && error.de != 39 && iso_has(&msg, error.de)) {
        core_alarm(core, ALARM_ANSWER_SHORTENED, t->record.terminal, error.de);
        iso_unset(&msg, error.de);
        out = writer_make(t->out, sizeof t->out);
        written = edition_write(&msg, request, dialect, core->wall_ms, &out, &error);
    }
    TRY(written);
    t->out_len = out.len;
    if (sign) {
        size_t mac_len = coding_wire_len(&dialect->field[mac_de], sizeof no_mac);
        CHECK(out.len > mac_len);
        t->mac_at = out.len - mac_len;
        t->mac_de = (uint8_t)mac_de;
    }
    return 0;
}

int outbound_put_mac(struct core *core, struct txn *t, struct span hex)
{
    const struct iso_dialect *dialect = core->settings->listeners[t->intake.listener].dialect;
    uint8_t mac[8];
    struct iso_error error;
    CHECK(t->mac_at != 0 && hex.len == 2 * sizeof mac);
    TRY(hex_decode(hex, mac));
    struct writer out = writer_make(t->out + t->mac_at, t->out_len - t->mac_at);
    return field_encode(&dialect->field[t->mac_de], span_make(mac, sizeof mac), &out, &error);
}
