/* CHECK: what the message itself decides, the same for every repeat: 30, 12, 13, 14.
 *
 * It also fills the record, because it reads the same fields. */
#include "iso8583/base/calendar.h"
#include "iso8583/base/pan.h"
#include "iso8583/mti.h"
#include "iso8583/tlv.h"
#include "switch/core/core_state.h"
#include "switch/core/identity.h"

#include <stdlib.h>

static enum verdict refuse(struct txn *t, const char *code, const char *diagnosis)
{
    memcpy(t->outcome.code, code, 3);
    TEXT_SET(t->outcome.diagnosis, span_text(diagnosis));
    t->end = "refused";
    return DECLINE;
}

/* The PAN of DE2 or of track 2. */
static struct span pan_of(const struct iso_msg *msg)
{
    if (iso_has(msg, 2)) {
        return iso_get(msg, 2);
    }
    struct span track = iso_get(msg, 35);
    const uint8_t *end = track.len == 0 ? NULL : memchr(track.ptr, '=', track.len);
    return end == NULL ? SPAN_NONE : span_make(track.ptr, (size_t)(end - track.ptr));
}

static struct span expiry_of(const struct iso_msg *msg)
{
    if (iso_has(msg, 14)) {
        return iso_get(msg, 14);
    }
    struct span track = iso_get(msg, 35);
    const uint8_t *end = track.len == 0 ? NULL : memchr(track.ptr, '=', track.len);
    return end == NULL ? SPAN_NONE : span_first(span_skip(track, (size_t)(end - track.ptr) + 1), 4);
}

/* ISO/IEC 7812-1 annex B. */
static bool luhn_holds(struct span pan)
{
    unsigned sum = 0;
    for (size_t i = 0; i < pan.len; i++) {
        unsigned digit = (unsigned)(pan.ptr[pan.len - 1 - i] - '0');
        unsigned doubled = i % 2 == 1 ? digit * 2 : digit;
        sum += doubled > 9 ? doubled - 9 : doubled;
    }
    return sum % 10 == 0;
}

static void mask_pan(char *out, struct span pan)
{
    for (size_t i = 0; i < pan.len; i++) {
        out[i] = pan_shows(pan.len, i) ? (char)pan.ptr[i] : '*';
    }
    out[pan.len] = '\0';
}

/* 9F26 (8) and 9F36 (2) of DE55, where it has them: part of the fingerprint. */
static void read_cryptogram(const struct iso_msg *msg, struct record *record)
{
    struct span value;
    if (!iso_has(msg, 55)) {
        return;
    }
    if (tlv_find(iso_get(msg, 55), 0x9F26, &value) == 0 && value.len == 8) {
        memcpy(record->cryptogram, value.ptr, 8);
    }
    if (tlv_find(iso_get(msg, 55), 0x9F36, &value) == 0 && value.len == 2) {
        memcpy(record->cryptogram + 8, value.ptr, 2);
    }
}

static void fill_texts(struct core *core, struct txn *t)
{
    const struct iso_msg *msg = &t->intake.msg;
    struct record *record = &t->record;
    const struct terminal_settings *terminal = terminal_of(core, t);
    const struct group_settings *group = group_of(core, t);
    record->mti = mti_original(msg->mti);
    record->money = t->kind->money;
    record->opened_ms = core->wall_ms;
    TEXT_SET(record->group, span_text(group->name));
    TEXT_SET(record->acquirer, iso_has(msg, 32) ? iso_get(msg, 32) : span_text(group->acquirer));
    bool other_acquirer = strcmp(record->acquirer, group->acquirer) != 0;
    record->sent = (uint8_t)((iso_has(msg, 32) ? SENT_ACQUIRER : 0) |
                             (other_acquirer ? SENT_OTHER_ACQUIRER : 0) |
                             (iso_has(msg, 42) ? SENT_MERCHANT : 0));
    memcpy(record->terminal, terminal->id, sizeof record->terminal);
    TEXT_SET(record->merchant, iso_has(msg, 42) ? iso_get(msg, 42) : span_text(terminal->merchant));
    TEXT_SET(record->stan, iso_get(msg, 11));
    TEXT_SET(record->de7, iso_get(msg, 7));
    TEXT_SET(record->time, iso_get(msg, 12));
    TEXT_SET(record->date, iso_get(msg, 13));
    TEXT_SET(record->proc, iso_get(msg, 3));
    TEXT_SET(record->mcc, iso_has(msg, 18) ? iso_get(msg, 18) : span_text(terminal->mcc));
    TEXT_SET(record->entry, iso_get(msg, 22));
    TEXT_SET(record->condition, iso_get(msg, 25));
    TEXT_SET(record->location, iso_get(msg, 43));
    TEXT_SET(record->expiry, expiry_of(msg));
    if (span_says(iso_get(msg, 37))) {
        TEXT_SET(record->rrn, iso_get(msg, 37));
    }
    read_cryptogram(msg, record);
}

/* DE90: original MTI 4, STAN 6, DE7 10, acquirer 11, forwarder 11. Zeros mean "not known". */
static void fill_original(struct txn *t)
{
    struct span original = iso_get(&t->intake.msg, 90);
    uint64_t stan;
    uint64_t de7;
    if (original.len < 20 || span_number(span_first(span_skip(original, 4), 6), &stan) != 0 ||
        span_number(span_first(span_skip(original, 10), 10), &de7) != 0) {
        return;
    }
    TEXT_SET(t->record.original_mti, span_first(original, 4));
    if (stan != 0) {
        TEXT_SET(t->record.original_stan, span_first(span_skip(original, 4), 6));
    }
    if (de7 != 0) {
        TEXT_SET(t->record.original_de7, span_first(span_skip(original, 10), 10));
    }
    if (original.len == EDITION_ORIGINAL_LEN && span_says(span_last(original, 10))) {
        TEXT_SET(t->record.original_local, span_last(original, 10));
    }
}

static const char *missing_field(const struct txn *t, char *text, size_t cap)
{
    for (size_t i = 0; i < REQUIRED_MAX && t->kind->required[i] != 0; i++) {
        unsigned de = t->kind->required[i];
        bool there = de == 2 ? pan_of(&t->intake.msg).len != 0 : iso_has(&t->intake.msg, de);
        if (!there) {
            struct writer w = writer_make(text, cap - 1);
            writer_text(&w, "F");
            writer_digits(&w, de >= 100 ? 3 : de >= 10 ? 2 : 1, de);
            writer_text(&w, " is required");
            text[w.len] = '\0';
            return text;
        }
    }
    return NULL;
}

static enum verdict check_amounts(struct txn *t)
{
    uint64_t number = 0;
    struct record *record = &t->record;
    if (iso_has(&t->intake.msg, 4)) {
        if (iso_number(&t->intake.msg, 4, &number) != 0 || number > 999999999999ull) {
            return refuse(t, "30", "F4 is not an amount");
        }
        record->amount_minor = (int64_t)number;
    }
    if (iso_has(&t->intake.msg, 49)) {
        if (iso_number(&t->intake.msg, 49, &number) != 0 || number > 999) {
            return refuse(t, "30", "F49 is not a numeric currency");
        }
        record->currency = (uint16_t)number;
    }
    if (iso_has(&t->intake.msg, 95)) {
        if (span_number(span_first(iso_get(&t->intake.msg, 95), 12), &number) != 0) {
            return refuse(t, "30", "F95 is not an amount");
        }
        record->replacement_minor = (int64_t)number;
    }
    if (record->amount_minor == 0 && !t->kind->amount_may_be_zero) {
        return refuse(t, "13", "F4 is zero");
    }
    return GO;
}

enum verdict check_enter(struct core *core, struct txn *t)
{
    char text[32];
    fill_texts(core, t);
    const char *missing = missing_field(t, text, sizeof text);
    if (missing != NULL) {
        return refuse(t, "30", missing);
    }
    if (mti_class(t->record.mti) == 8) {
        return GO;
    }
    struct span pan = pan_of(&t->intake.msg);
    if (pan.len < 8 || pan.len > 19 || !span_is_digits(pan) || !luhn_holds(pan)) {
        return refuse(t, "14", "F2 is no card number");
    }
    TEXT_SET(t->record.pan, pan);
    mask_pan(t->record.pan_masked, pan);
    if (mti_class(t->record.mti) == 4) {
        fill_original(t);
    }
    enum verdict verdict = check_amounts(t);
    if (verdict != GO) {
        return verdict;
    }
    uint8_t identity = group_of(core, t)->identity;
    t->record.identity = identity;
    bool other_acquirer = (t->record.sent & SENT_OTHER_ACQUIRER) != 0;
    if (identity_key(&t->record, identity, other_acquirer, core->wall_ms, t->record.key,
                     t->record.key_other) != 0) {
        return refuse(t, "30",
                      identity == IDENTITY_DE12 ? "F12 and F13 are required" : "F7 is required");
    }
    return GO;
}
