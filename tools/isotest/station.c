#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "iso8583/mti.h"
#include "tools/isotest/card.h"

enum { STAN_MAX = 999999, STAN_START_MAX = 900000 };

void fault_set(struct fault *fault, struct spot spot, const char *format, ...)
{
    if (fault == NULL) {
        return;
    }
    va_list args;
    va_start(args, format);
    fault->spot = spot;
    (void)vsnprintf(fault->text, sizeof fault->text, format, args);
    va_end(args);
}

void station_tell(const struct station *station, const char *format, ...)
{
    char line[512];
    if (station->tell == NULL) {
        return;
    }
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    station->tell(station->tell_context, line);
}

int held_read(struct held *held, const struct iso_dialect *dialect, struct span wire,
              struct iso_error *error)
{
    held->present = false;
    iso_init(&held->msg, 0);
    if (wire.len > sizeof held->wire) {
        *error = (struct iso_error){.code = ERR_LENGTH, .what = "message"};
        return ERR_LENGTH;
    }
    if (wire.len != 0) {
        memmove(held->wire, wire.ptr, wire.len);
    }
    struct writer room = writer_make(held->room, sizeof held->room);
    int status = iso_decode(dialect, span_make(held->wire, wire.len), &room, &held->msg, error);
    held->present = true;
    held->wire_len = (uint16_t)wire.len;
    held->room_len = (uint16_t)room.len;
    return status;
}

/* Evaluate what is the same in every message, once. */
static int lines_open(struct station *station, const struct scope *scope, struct fault *fault)
{
    const struct peer_decl *decl = station->decl;
    struct writer room = writer_make(station->room, sizeof station->room);
    for (const struct field_line *line = decl->fields; line != NULL; line = line->next) {
        station->line_count++;
    }
    station->lines = calloc(station->line_count + 1, sizeof *station->lines);
    if (station->lines == NULL) {
        return ERR_MEMORY;
    }
    struct fixed_line *to = station->lines;
    for (const struct field_line *line = decl->fields; line != NULL; line = line->next, to++) {
        to->line = line;
        to->is_constant = !line->remove && value_is_constant(&line->value);
        if (to->is_constant) {
            TRY(value_need(
                &line->value, scope, decl->dialect,
                line->path.kind == PATH_FIELD || line->path.kind == PATH_TAG ? line->path.de : 0,
                &room, &to->bytes, fault));
        }
    }
    return 0;
}

static int address_open(struct station *station, const struct scope *scope, struct fault *fault)
{
    struct writer out = writer_make(station->address, sizeof station->address - 1);
    struct span text;
    if (value_is_absent(&station->decl->address)) {
        return 0;
    }
    TRY(value_need(&station->decl->address, scope, NULL, 0, &out, &text, fault));
    station->address[text.len] = '\0';
    return 0;
}

/* A KSN is hex: it fits bytes, or text of 20 characters. */
static int ksn_field_check(const struct peer_decl *decl, struct fault *fault)
{
    if (!decl->pin_dukpt || value_is_absent(&decl->pin.name)) {
        return 0;
    }
    const struct iso_field_row *row = &decl->dialect->field[decl->ksn_field];
    bool fits = row->content == ISO_B ? row->len >= DUKPT_KSN_LEN
                                      : (row->content == ISO_AN || row->content == ISO_ANS) &&
                                            row->len >= 2 * DUKPT_KSN_LEN;
    if (!fits) {
        fault_set(fault, decl->ksn.spot, "DE%u of %s cannot hold a KSN (20 hex digits)",
                  decl->ksn_field, decl->dialect->name);
    }
    return fits ? 0 : ERR_CONFIG;
}

int station_open(const struct peer_decl *decl, uint32_t index, struct scope *scope,
                 struct station **out, struct fault *fault)
{
    struct scope own = *scope;
    own.index = index;
    struct station *station = calloc(1, sizeof *station);
    if (fault != NULL) {
        *fault = (struct fault){.spot = decl->spot};
    }
    if (station == NULL) {
        return ERR_MEMORY;
    }
    station->decl = decl;
    station->script = scope->script;
    station->index = index;
    station->clock_s = INT64_MIN;
    /* Two runs in one second must not repeat each other's messages, two of one seed must. */
    station->stan = 1 + (uint32_t)((random_next(own.random) >> 32) * STAN_START_MAX >> 32);
    int status = ksn_field_check(decl, fault);
    status = status < 0 ? status : address_open(station, &own, fault);
    status = status < 0 ? status : lines_open(station, &own, fault);
    status = status < 0 ? status : crypt_open(&station->crypt, decl, &own, fault);
    status = status < 0 ? status : cards_open(station, &own, fault);
    if (status < 0) {
        if (fault != NULL && fault->text[0] == '\0') {
            fault_set(fault, decl->spot, "%s", err_text(status));
        }
        station_close(station);
        return status;
    }
    *out = station;
    return 0;
}

void station_close(struct station *station)
{
    if (station == NULL) {
        return;
    }
    cards_close(station);
    crypt_close(&station->crypt);
    free(station->lines);
    bytes_wipe(station, sizeof *station);
    free(station);
}

const struct peer_decl *station_decl(const struct station *station)
{
    return station->decl;
}

uint32_t station_index(const struct station *station)
{
    return station->index;
}

const char *station_address(const struct station *station)
{
    return station->address;
}

void station_explain(struct station *station, void (*tell)(void *context, const char *line),
                     void *context)
{
    station->tell = tell;
    station->tell_context = context;
}

struct station_work station_work(const struct station *station)
{
    const struct crypt *crypt = &station->crypt;
    return (struct station_work){crypt->pin_count, crypt->mac_count, crypt->mac_bytes};
}

int station_exercise(struct station *station, uint32_t pin_blocks, uint32_t macs, size_t mac_len)
{
    static const uint8_t covered[FRAME_LEN_MAX];
    struct crypt *crypt = &station->crypt;
    struct secret_span pin = {(const uint8_t *)"1234", 4};
    uint64_t random = 1;
    uint8_t out[MAC_FIELD_LEN]; /* a PIN block is as long */
    if ((pin_blocks != 0 && !crypt->has_pin) || (macs != 0 && !crypt->has_mac)) {
        return ERR_NOT_FOUND;
    }
    for (uint32_t i = 0; i < pin_blocks; i++) {
        TRY(crypt_pin_block(crypt, pin, SPAN_LITERAL("4111111111111111"), &random, out));
    }
    for (uint32_t i = 0; i < macs; i++) {
        TRY(crypt_mac(crypt, span_make(covered, mac_len < sizeof covered ? mac_len : 64), out));
    }
    return 0;
}

/* --- pairing ---------------------------------------------------------------------------------- */

static uint64_t hash_byte(uint64_t hash, uint8_t byte)
{
    return (hash ^ byte) * 0x100000001B3u; /* FNV-1a */
}

/* An absent field is told from an empty one, and one field from the next, by the number in front.
 */
static uint64_t hash_span(uint64_t hash, unsigned number, bool is_there, struct span bytes)
{
    hash = hash_byte(hash, (uint8_t)number);
    hash = hash_byte(hash, is_there);
    for (size_t i = 0; i < bytes.len; i++) {
        hash = hash_byte(hash, bytes.ptr[i]);
    }
    return hash;
}

uint64_t match_key(const struct station *station, const struct iso_msg *msg)
{
    uint64_t hash = 0xCBF29CE484222325u;
    /* Version, class and whether it is a request or an advice: the same for the answer. */
    hash = hash_byte(hash, (uint8_t)(msg->mti >> 8));
    hash = hash_byte(hash, (uint8_t)(mti_function(msg->mti) / 2));
    const struct path_list *paths = station->decl->match;
    if (paths == NULL) {
        hash = hash_span(hash, 11, iso_has(msg, 11), iso_get(msg, 11));
        hash = hash_span(hash, 41, iso_has(msg, 41), iso_get(msg, 41));
    }
    for (; paths != NULL; paths = paths->next) {
        uint8_t mti[4];
        struct span bytes;
        if (paths->path.kind != PATH_MTI) {
            bool is_there = path_get(&paths->path, msg, SPAN_NONE, mti, &bytes);
            hash = hash_span(hash, paths->path.de, is_there, bytes);
        }
    }
    return hash == 0 ? 1 : hash;
}
