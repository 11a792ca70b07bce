#include "switch/core/record.h"

#include <stddef.h>

#include "iso8583/base/check.h"

/* How one member of struct record is stored. */
enum field_kind {
    FIELD_NUMBER, /* 1, 2, 4 or 8 bytes, big-endian */
    FIELD_FLAG,   /* 1 byte, 0 or 1 */
    FIELD_BYTES,  /* as they are */
    FIELD_SPARSE, /* one byte 0 if all are zero, else 1 and the bytes */
    FIELD_TEXT,   /* one byte of length, the characters */
    FIELD_FIXED,  /* the characters, zero-filled: what CLOSE sets keeps its length in the store */
};

struct field {
    uint16_t offset;
    uint16_t size;
    uint8_t kind;
};

#define ROW(kind_, name)                                                                           \
    {                                                                                              \
        offsetof(struct record, name), sizeof(((struct record *)0)->name), FIELD_##kind_           \
    }

/* The stored form, in order, behind its version byte. To add a member: append a row here, raise
 * RECORD_VERSION, and let the decoder accept the version before with the member zero. What CLOSE
 * changes is of fixed length, so that its row overwrites that of OPEN in place. */
/* clang-format off */
static const struct field fields[] = {
    ROW(NUMBER, seq),            ROW(NUMBER, state),          ROW(NUMBER, money),
    ROW(NUMBER, identity),       ROW(FLAG,   marked),         ROW(FLAG,   asked),
    ROW(NUMBER, mti),            ROW(NUMBER, day),            ROW(BYTES,  key),
    ROW(SPARSE, key_other),      ROW(NUMBER, opened_ms),      ROW(NUMBER, handed_ms),
    ROW(NUMBER, closed_ms),      ROW(TEXT,   group),          ROW(TEXT,   acquirer),
    ROW(TEXT,   terminal),       ROW(TEXT,   merchant),       ROW(TEXT,   stan),
    ROW(TEXT,   de7),            ROW(TEXT,   time),           ROW(TEXT,   date),
    ROW(TEXT,   proc),           ROW(TEXT,   mcc),            ROW(TEXT,   entry),
    ROW(TEXT,   condition),      ROW(TEXT,   location),       ROW(TEXT,   expiry),
    ROW(NUMBER, currency),       ROW(NUMBER, amount_minor),   ROW(NUMBER, approved_minor),
    ROW(NUMBER, remaining_minor),ROW(SPARSE, cryptogram),     ROW(SPARSE, pan_sealed),
    ROW(SPARSE, pan_token),      ROW(BYTES,  fingerprint),    ROW(NUMBER, seal_key_id),
    ROW(TEXT,   pan_masked),     ROW(TEXT,   issuer),         ROW(TEXT,   link),
    ROW(TEXT,   link_stan),      ROW(TEXT,   reversal_stan),  ROW(TEXT,   link_de7),
    ROW(TEXT,   rrn),            ROW(FIXED,  code),           ROW(FIXED,  auth),
    ROW(TEXT,   balance),        ROW(TEXT,   original_mti),   ROW(TEXT,   original_stan),
    ROW(TEXT,   original_de7),   ROW(NUMBER, replacement_minor), ROW(NUMBER, original_seq),
    ROW(NUMBER, item_seq),       ROW(NUMBER, due_seq),
};
/* clang-format on */

static_assert(sizeof(struct record) < RECORD_LEN_MAX,
              "no stored form is longer than its struct and its length bytes");

static void number_put(struct writer *out, const uint8_t *at, size_t size)
{
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    switch (size) {
    case 1:
        writer_u8(out, *at);
        return;
    case 2:
        memcpy(&two, at, sizeof two);
        writer_be16(out, two);
        return;
    case 4:
        memcpy(&four, at, sizeof four);
        writer_be32(out, four);
        return;
    default:
        CHECK(size == 8);
        memcpy(&eight, at, sizeof eight);
        writer_be64(out, eight);
    }
}

static int number_get(struct reader *in, uint8_t *at, size_t size)
{
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    switch (size) {
    case 1:
        return reader_u8(in, at);
    case 2:
        TRY(reader_be16(in, &two));
        memcpy(at, &two, sizeof two);
        return 0;
    case 4:
        TRY(reader_be32(in, &four));
        memcpy(at, &four, sizeof four);
        return 0;
    default:
        CHECK(size == 8);
        TRY(reader_be64(in, &eight));
        memcpy(at, &eight, sizeof eight);
        return 0;
    }
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
    uint8_t any = 0;
    for (size_t i = 0; i < len; i++) {
        any |= bytes[i];
    }
    return any == 0;
}

static void field_put(struct writer *out, const struct field *field, const uint8_t *at)
{
    size_t len = 0;
    bool zero = false;
    switch ((enum field_kind)field->kind) {
    case FIELD_NUMBER:
    case FIELD_FLAG:
        number_put(out, at, field->size);
        return;
    case FIELD_SPARSE:
        zero = is_zero(at, field->size);
        writer_u8(out, zero ? 0 : 1);
        writer_put(out, at, zero ? 0 : field->size);
        return;
    case FIELD_BYTES:
        writer_put(out, at, field->size);
        return;
    case FIELD_TEXT:
        len = strnlen((const char *)at, field->size);
        CHECK(len < field->size);
        writer_u8(out, (uint8_t)len);
        writer_put(out, at, len);
        return;
    case FIELD_FIXED:
        CHECK(at[field->size - 1] == 0);
        writer_put(out, at, field->size - 1u);
        return;
    }
}

static int field_get(struct reader *in, const struct field *field, uint8_t *at)
{
    uint8_t len = 0;
    switch ((enum field_kind)field->kind) {
    case FIELD_NUMBER:
        return number_get(in, at, field->size);
    case FIELD_FLAG:
        TRY(reader_u8(in, &len));
        *at = len;
        return len <= 1 ? 0 : ERR_CORRUPT;
    case FIELD_SPARSE:
        TRY(reader_u8(in, &len));
        if (len > 1) {
            return ERR_CORRUPT;
        }
        return len == 0 ? 0 : reader_copy(in, at, field->size);
    case FIELD_BYTES:
        return reader_copy(in, at, field->size);
    case FIELD_TEXT:
        TRY(reader_u8(in, &len));
        if (len >= field->size) {
            return ERR_CORRUPT;
        }
        TRY(reader_copy(in, at, len));
        return memchr(at, 0, len) == NULL ? 0 : ERR_CORRUPT;
    case FIELD_FIXED:
        return reader_copy(in, at, field->size - 1u);
    }
    return ERR_CORRUPT;
}

int record_encode(const struct record *record, struct writer *out)
{
    writer_u8(out, RECORD_VERSION);
    for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
        field_put(out, &fields[i], (const uint8_t *)record + fields[i].offset);
    }
    return out->overflow ? ERR_SPACE : 0;
}

int record_decode(struct span bytes, struct record *record)
{
    struct reader in = reader_make(bytes);
    uint8_t version = 0;
    memset(record, 0, sizeof *record);
    if (reader_u8(&in, &version) < 0 || version != RECORD_VERSION) {
        return ERR_CORRUPT;
    }
    for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
        if (field_get(&in, &fields[i], (uint8_t *)record + fields[i].offset) < 0) {
            return ERR_CORRUPT;
        }
    }
    bool known = record->state == STATE_NONE || record_state_name(record->state)[0] != '?';
    return known && reader_left(&in) == 0 ? 0 : ERR_CORRUPT;
}

bool code_approves(const char *code)
{
    static const char approvals[][3] = {"00", "08", "10", "11", "16", "85"};
    for (size_t i = 0; i < ARRAY_COUNT(approvals); i++) {
        if (strcmp(code, approvals[i]) == 0) {
            return true;
        }
    }
    return false;
}

const char *record_state_name(uint8_t state)
{
    switch ((enum record_state)state) {
    case STATE_NONE:
        return "none";
    case STATE_OPEN:
        return "open";
    case STATE_APPROVED:
        return "approved";
    case STATE_DECLINED:
        return "declined";
    case STATE_UNKNOWN:
        return "unknown";
    case STATE_REVERSAL_DUE:
        return "reversal-due";
    case STATE_REVERSED:
        return "reversed";
    }
    return "?";
}
