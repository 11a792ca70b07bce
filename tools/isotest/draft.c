#include "tools/isotest/draft.h"

#include <stdio.h>

#include "iso8583/coding.h"
#include "iso8583/edition.h"
#include "iso8583/field.h"
#include "iso8583/tlv.h"

struct draft draft_make(struct station *station, struct scope *scope, struct held *held,
                        uint16_t mti, struct fault *fault)
{
    held->present = false;
    iso_init(&held->msg, mti);
    held->msg.dialect = station->decl->dialect;
    if (fault != NULL) {
        fault->spot = station->decl->spot;
        fault->text[0] = '\0';
    }
    return (struct draft){.station = station,
                          .scope = scope,
                          .held = held,
                          .msg = &held->msg,
                          .room = writer_make(held->room, sizeof held->room),
                          .tpdu = station->decl->tpdu,
                          .fault = fault};
}

void draft_put(struct draft *draft, unsigned de, struct span bytes)
{
    const struct iso_field_row *row = &draft->station->decl->dialect->field[de];
    bool is_short = row->prefix == 0 && bytes.len < row->len && row->content != ISO_B &&
                    row->content != ISO_XN && row->content != ISO_NONE;
    if (is_short) {
        uint8_t *to = writer_room(&draft->room, row->len);
        if (to == NULL) {
            return; /* the encoder tells */
        }
        bool is_usual = row->fill == ISO_FILL_USUAL;
        bool is_front = is_usual
                            ? row->content == ISO_N
                            : row->fill == ISO_FILL_SPACE_FRONT || row->fill == ISO_FILL_ZERO_FRONT;
        bool is_zero = is_usual
                           ? row->content == ISO_N
                           : row->fill == ISO_FILL_ZERO_FRONT || row->fill == ISO_FILL_ZERO_BEHIND;
        memset(to, is_zero ? '0' : ' ', row->len);
        if (bytes.len != 0) {
            memcpy(to + (is_front ? row->len - bytes.len : 0), bytes.ptr, bytes.len);
        }
        bytes = span_make(to, row->len);
    }
    iso_set(draft->msg, de, bytes);
}

void draft_put_digits(struct draft *draft, unsigned de, size_t count, uint64_t value)
{
    uint8_t *to = writer_room(&draft->room, count);
    if (to != NULL) {
        digits_put(to, count, value);
        draft_put(draft, de, span_make(to, count));
    }
}

void draft_copy(struct draft *draft, const struct iso_msg *from, unsigned de)
{
    if (iso_has(from, de)) {
        struct span bytes = iso_get(from, de);
        size_t start = draft->room.len;
        writer_span(&draft->room, bytes);
        if (!draft->room.overflow) {
            draft_put(draft, de, span_make(draft->room.ptr + start, bytes.len));
        }
    }
}

bool draft_says(const struct draft *draft, unsigned de)
{
    return (draft->said[(de - 1) >> 6] >> (63u - ((de - 1) & 63u)) & 1u) != 0;
}

void draft_note(struct draft *draft, unsigned de)
{
    draft->said[(de - 1) >> 6] |= 1ull << (63u - ((de - 1) & 63u));
}

void draft_put_1987(struct draft *draft, const struct iso_msg *msg, int64_t wall_ms)
{
    const struct iso_dialect *dialect = draft->station->decl->dialect;
    struct iso_msg native;
    struct iso_error error;
    if (dialect->edition != ISO_1987) { /* of 1987 it stands as it is: no copy on the hot path */
        if (edition_to(msg, dialect, wall_ms, &draft->room, &native, &error) != 0) {
            draft->room.overflow = draft->room.overflow || error.code == ERR_SPACE;
            return;
        }
        msg = &native;
    }
    for (unsigned word = 0; word < ISO_BITMAPS; word++) {
        for (uint64_t bits = msg->present[word]; bits != 0;
             bits &= ~(1ull << 63 >> __builtin_clzll(bits))) {
            draft_copy(draft, msg, 64 * word + (unsigned)__builtin_clzll(bits) + 1);
        }
    }
}

void draft_put_tag(struct draft *draft, unsigned de, uint32_t tag, const struct span *value)
{
    struct span old = iso_get(draft->msg, de);
    struct reader in = reader_make(old);
    struct tlv tlv;
    bool done = value == NULL;
    size_t start = draft->room.len;
    while (tlv_next(&in, &tlv) == 1) {
        if (tlv.tag != tag) {
            tlv_put(&draft->room, tlv.tag, tlv.value);
        } else if (!done) {
            tlv_put(&draft->room, tag, *value);
            done = true;
        }
    }
    if (!done) {
        tlv_put(&draft->room, tag, *value);
    }
    if (!draft->room.overflow) {
        iso_set(draft->msg, de, span_make(draft->room.ptr + start, draft->room.len - start));
    }
}

static int mac_put(struct draft *draft, unsigned de, enum mac_wish wish, uint8_t *mac)
{
    const struct iso_field_row *row = &draft->station->decl->dialect->field[de];
    size_t field_len = coding_wire_len(row, MAC_FIELD_LEN);
    struct iso_error unused;
    struct station *station = draft->station;
    struct held *held = draft->held;
    struct span covered = span_make(held->wire, held->wire_len - field_len);
    TRY(crypt_mac(&station->crypt, covered, mac));
    station_tell(station, "MAC %s covers bytes 0..%zu, key %s kcv %s",
                 crypt_mac_text(station->crypt.mac_name), covered.len - 1,
                 station->crypt.mac_label.name, station->crypt.mac_label.kcv);
    if (wish == MAC_BAD) {
        mac[0] ^= 0xFF;
        station_tell(station, "MAC made wrong in DE%u, as asked", de);
    }
    struct writer to = writer_make(held->wire + covered.len, field_len);
    return field_encode(row, span_make(mac, MAC_FIELD_LEN), &to, &unused);
}

int draft_end(struct draft *draft, enum mac_wish wish)
{
    const struct peer_decl *decl = draft->station->decl;
    struct held *held = draft->held;
    struct iso_error error;
    uint8_t *mac = NULL;
    unsigned de = decl->mac_field != 0 ? decl->mac_field : draft->msg->present[1] != 0 ? 128 : 64;
    if (wish != MAC_NONE) {
        if (de == 64 && draft->msg->present[1] != 0) {
            fault_set(draft->fault, decl->spot, "a MAC in DE64 must be the last field");
            return ERR_CONFIG;
        }
        mac = writer_room(&draft->room, MAC_FIELD_LEN);
        if (mac != NULL) {
            memset(mac, 0, MAC_FIELD_LEN);
            iso_set(draft->msg, de, span_make(mac, MAC_FIELD_LEN));
        }
    }
    struct writer out = writer_make(held->wire, sizeof held->wire);
    int status =
        draft->room.overflow ? ERR_SPACE : iso_encode(draft->msg, decl->dialect, &out, &error);
    if (status < 0) {
        char text[ISO_TEXT_LEN_MAX] = "the message is too long";
        if (!draft->room.overflow) {
            (void)iso_error_text(&error, decl->dialect, text, sizeof text);
        }
        fault_set(draft->fault, decl->spot, "%s", text);
        return status;
    }
    held->wire_len = (uint16_t)out.len;
    held->room_len = (uint16_t)draft->room.len;
    if (wish != MAC_NONE) {
        TRY(mac_put(draft, de, wish, mac));
    }
    held->present = true;
    return 0;
}
