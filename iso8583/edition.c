#include "iso8583/edition.h"

#include "iso8583/edition_turn.h"
#include "iso8583/frame.h"
#include "iso8583/mti.h"

enum { MTI_VERSION_MASK = 0xF000, ORIGIN_OTHER = 4, CLASS_NETWORK = 8 };

/* Card, processing code, expiry, country, sequence, institutions, tracks, numbers, private data,
 * PIN, chip, accounts, MAC. */
const uint8_t edition_same[] = {2,   3,   7,   14,  19,  23,  32,  33,  35,  36,  37,  38, 40,  43,
                                44,  45,  47,  48,  52,  55,  59,  60,  61,  62,  63,  64, 100, 102,
                                103, 104, 120, 121, 122, 123, 124, 125, 126, 127, 128, 0};
const uint8_t edition_same_1993[] = {4, 5, 6, 11, 41, 42, 49, 50, 51, 54, 0};

/* To add an element: a row. They are applied in this order. */
static const struct edition_rule rules[] = {
    {ONLY_2003, read_stan, write_stan},          {ONLY_2003, read_terminal, write_terminal},
    {ONLY_2003, read_amount, write_amount},      {ONLY_2003, read_balance, write_balance},
    {SINCE_1993, read_datetime, write_datetime}, {SINCE_1993, read_day, write_day},
    {SINCE_1993, read_category, write_category}, {ONLY_1993, read_entry, write_entry},
    {ONLY_2003, read_entry_2003, NULL},          {SINCE_1993, read_code, write_code},
    {SINCE_1993, read_original, write_original}, {SINCE_1993, read_replacement, write_replacement},
    {SINCE_1993, read_function, write_function}, {SINCE_1993, NULL, write_reason},
};

/* What 1987 says and the later editions have no place for, though nobody misses it: DE13 stands in
 * DE12, DE22 of 2003 tells devices apart, DE25 is in DE22, DE24 was the network's, DE26 was of PIN
 * pads, DE39 may have no counterpart, DE53 was of PIN blocks. */
static const uint8_t left_out[] = {12, 13, 15, 18, 22, 24, 25, 26, 39, 53, 70, 90, 95, 0};

static bool is_among(const uint8_t *elements, unsigned de)
{
    while (*elements != 0 && *elements != de) {
        elements++;
    }
    return *elements != 0;
}

uint8_t *turn_room(struct turn *turn, size_t len)
{
    uint8_t *room = writer_room(turn->room, len);
    if (room == NULL && turn->result == 0) {
        turn->result = iso_fail(turn->error, ERR_SPACE, "room");
    }
    return room;
}

int turn_fail(struct turn *turn, int code, unsigned de, const char *what)
{
    if (turn->result == 0) {
        (void)iso_fail_at(turn->error, code, turn->from->field[de].at, what);
        turn->error->de = (uint8_t)de;
        turn->result = code;
    }
    return code;
}

int turn_put(struct turn *turn, unsigned de, struct span bytes)
{
    uint8_t *room = turn_room(turn, bytes.len);
    if (room == NULL) {
        return ERR_SPACE;
    }
    if (bytes.len != 0) {
        memcpy(room, bytes.ptr, bytes.len);
    }
    iso_set(turn->to, de, span_make(room, bytes.len));
    return 0;
}

static void copy_all(struct turn *turn, const uint8_t *elements)
{
    for (; *elements != 0; elements++) {
        if (iso_has(turn->from, *elements)) {
            turn->to->field[*elements] = turn->from->field[*elements];
            turn->to->present[(*elements - 1u) >> 6] |= 1ull << (63u - ((*elements - 1u) & 63u));
        }
    }
}

/* 1804 of 1993 is 0800 of 1987. */
static uint16_t mti_1987(uint16_t mti)
{
    uint16_t plain = (uint16_t)(mti & ~MTI_VERSION_MASK);
    bool is_other = mti_class(plain) == CLASS_NETWORK && mti_origin(plain) >= ORIGIN_OTHER;
    return (uint16_t)(plain - (is_other ? ORIGIN_OTHER : 0));
}

static uint16_t mti_of(uint16_t mti, unsigned edition)
{
    unsigned other = mti_class(mti) == CLASS_NETWORK ? ORIGIN_OTHER : 0;
    return (uint16_t)(edition << 12 | (mti + other));
}

int edition_from(const struct iso_msg *native, const struct iso_dialect *dialect,
                 struct writer *room, struct iso_msg *msg, struct iso_error *error)
{
    if (dialect->edition == ISO_1987) {
        *msg = *native;
        return 0;
    }
    iso_init(msg, mti_1987(native->mti));
    msg->dialect = native->dialect;
    msg->header = native->header;
    msg->reached = native->reached;
    struct turn turn = {.from = native,
                        .to = msg,
                        .room = room,
                        .error = error,
                        .edition = dialect->edition,
                        .is_answer = !mti_is_request(msg->mti)};
    *error = (struct iso_error){0};
    copy_all(&turn, edition_same);
    if (dialect->edition == ISO_1993) {
        copy_all(&turn, edition_same_1993);
    }
    for (size_t i = 0; i < ARRAY_COUNT(rules); i++) {
        if ((rules[i].editions >> turn.edition & 1u) != 0 && rules[i].read != NULL) {
            (void)rules[i].read(&turn); /* in turn.result */
        }
    }
    return turn.result;
}

int edition_read(const struct iso_dialect *dialect, struct span wire, struct writer *scratch,
                 struct iso_msg *msg, struct iso_error *error)
{
    if (dialect->edition == ISO_1987) {
        return iso_decode(dialect, wire, scratch, msg, error);
    }
    struct iso_msg native;
    struct iso_error second;
    int decoded = iso_decode(dialect, wire, scratch, &native, error);
    int turned = edition_from(&native, dialect, scratch, msg, decoded == 0 ? error : &second);
    return decoded != 0 ? decoded : turned;
}

/* --- writing ---------------------------------------------------------------------------------- */

static const uint8_t echoed[] = {2, 3, 4, 7, 11, 12, 24, 32, 33, 37, 41, 42, 49, 0};

/* What an answer says of its request is as it came, be it right or wrong. */
static void echo(struct iso_msg *to, const struct iso_msg *asked, const struct iso_msg *canonical,
                 const struct iso_dialect *dialect)
{
    bool is_partial = span_equal_text(iso_get(canonical, 39), "10");
    for (const uint8_t *de = echoed; *de != 0; de++) {
        bool says = (iso_has(canonical, *de) || iso_has(to, *de) || *de == 24) &&
                    dialect->field[*de].mask != ISO_MASK_ALL; /* 2003's DE49 is of the card */
        if (says && !(*de == 4 && is_partial && iso_has(to, 4))) {
            iso_copy(to, asked, *de);
        }
    }
}

/* Nothing goes missing: an element that no rule knows has no place there. */
static int known_check(struct turn *turn)
{
    for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
        if (iso_has(turn->from, de) && !is_among(edition_same, de) &&
            !is_among(edition_same_1993, de) && !is_among(left_out, de)) {
            return turn_fail(turn, ERR_FIELD_UNKNOWN, de, "an element of this edition");
        }
    }
    return 0;
}

int edition_to(const struct iso_msg *msg, const struct iso_dialect *dialect, int64_t wall_ms,
               struct writer *room, struct iso_msg *native, struct iso_error *error)
{
    if (dialect->edition == ISO_1987) {
        *native = *msg;
        return 0;
    }
    struct turn turn = {.from = msg,
                        .to = native,
                        .room = room,
                        .error = error,
                        .wall_ms = wall_ms,
                        .edition = dialect->edition,
                        .is_answer = !mti_is_request(msg->mti)};
    iso_init(native, mti_of(msg->mti, dialect->edition));
    native->header = msg->header;
    *error = (struct iso_error){0};
    TRY(known_check(&turn));
    copy_all(&turn, edition_same);
    if (dialect->edition == ISO_1993) {
        copy_all(&turn, edition_same_1993);
    }
    for (size_t i = 0; i < ARRAY_COUNT(rules); i++) {
        if ((rules[i].editions >> dialect->edition & 1u) != 0 && rules[i].write != NULL) {
            (void)rules[i].write(&turn); /* in turn.result */
        }
    }
    return turn.result;
}

int edition_write(const struct iso_msg *msg, struct span request, const struct iso_dialect *dialect,
                  int64_t wall_ms, struct writer *out, struct iso_error *error)
{
    if (dialect->edition == ISO_1987) {
        return iso_encode(msg, dialect, out, error);
    }
    uint8_t bytes[EDITION_ROOM];
    uint8_t asked_bytes[2 * FRAME_LEN_MAX];
    struct writer room = writer_make(bytes, sizeof bytes);
    struct writer asked_room = writer_make(asked_bytes, sizeof asked_bytes);
    struct iso_msg native;
    struct iso_msg asked;
    int turned = edition_to(msg, dialect, wall_ms, &room, &native, error);
    if (turned != 0 && (request.len == 0 || !is_among(echoed, error->de))) {
        return turned; /* What cannot be said of the request is said as it came. */
    }
    if (request.len != 0) {
        struct iso_error ignored; /* What could not be read of it is not echoed. */
        if (iso_decode(dialect, request, &asked_room, &asked, &ignored) == 0 || asked.mti != 0) {
            native.mti = mti_answer(asked.mti);
            echo(&native, &asked, msg, dialect);
        }
    }
    int encoded = iso_encode(&native, dialect, out, error);
    bytes_wipe(bytes, room.len);
    bytes_wipe(asked_bytes, asked_room.len);
    return encoded;
}
