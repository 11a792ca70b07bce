#include "switch/clearing/ipm.h"

/* To add a data element: a row, in ascending order, if the readers of the file know it. */
/* clang-format off */
static const struct ipm_field fields[] = {
    {2,   IPM_LL,    19,  IPM_DIGITS, "pan"},
    {3,   IPM_FIXED, 6,   IPM_DIGITS, "processing code"},
    {4,   IPM_FIXED, 12,  IPM_DIGITS, "amount"},
    {5,   IPM_FIXED, 12,  IPM_DIGITS, "amount, reconciliation"},
    {6,   IPM_FIXED, 12,  IPM_DIGITS, "amount, cardholder billing"},
    {9,   IPM_FIXED, 8,   IPM_DIGITS, "rate, reconciliation"},
    {10,  IPM_FIXED, 8,   IPM_DIGITS, "rate, cardholder billing"},
    {12,  IPM_FIXED, 12,  IPM_DIGITS, "local date and time"},
    {14,  IPM_FIXED, 4,   IPM_DIGITS, "expiry"},
    {22,  IPM_FIXED, 12,  IPM_TEXT,   "point of service"},
    {23,  IPM_FIXED, 3,   IPM_DIGITS, "card sequence"},
    {24,  IPM_FIXED, 3,   IPM_DIGITS, "function"},
    {25,  IPM_FIXED, 4,   IPM_DIGITS, "reason"},
    {26,  IPM_FIXED, 4,   IPM_DIGITS, "merchant category"},
    {30,  IPM_FIXED, 24,  IPM_DIGITS, "original amounts"},
    {31,  IPM_LL,    23,  IPM_DIGITS, "acquirer reference"},
    {32,  IPM_LL,    11,  IPM_DIGITS, "acquirer"},
    {33,  IPM_LL,    11,  IPM_DIGITS, "forwarder"},
    {37,  IPM_FIXED, 12,  IPM_TEXT,   "retrieval reference"},
    {38,  IPM_FIXED, 6,   IPM_TEXT,   "approval"},
    {40,  IPM_FIXED, 3,   IPM_DIGITS, "service code"},
    {41,  IPM_FIXED, 8,   IPM_TEXT,   "terminal"},
    {42,  IPM_FIXED, 15,  IPM_TEXT,   "merchant"},
    {43,  IPM_LL,    99,  IPM_TEXT,   "name and location"},
    {48,  IPM_LLL,   999, IPM_TEXT,   "additional data"},
    {49,  IPM_FIXED, 3,   IPM_DIGITS, "currency"},
    {50,  IPM_FIXED, 3,   IPM_DIGITS, "currency, reconciliation"},
    {51,  IPM_FIXED, 3,   IPM_DIGITS, "currency, cardholder billing"},
    {54,  IPM_LLL,   240, IPM_TEXT,   "additional amounts"},
    {55,  IPM_LLL,   255, IPM_BYTES,  "chip data"},
    {62,  IPM_LLL,   999, IPM_TEXT,   "additional data 2"},
    {63,  IPM_LLL,   16,  IPM_TEXT,   "life-cycle id"},
    {71,  IPM_FIXED, 8,   IPM_DIGITS, "record number"},
    {72,  IPM_LLL,   999, IPM_TEXT,   "data record"},
    {73,  IPM_FIXED, 6,   IPM_DIGITS, "action date"},
    {93,  IPM_LL,    11,  IPM_DIGITS, "destination"},
    {94,  IPM_LL,    11,  IPM_DIGITS, "originator"},
    {95,  IPM_LL,    10,  IPM_TEXT,   "issuer reference"},
    {100, IPM_LL,    11,  IPM_DIGITS, "receiver"},
    {111, IPM_LLL,   999, IPM_TEXT,   "conversion assignment"},
    {123, IPM_LLL,   999, IPM_TEXT,   "additional data 3"},
    {124, IPM_LLL,   999, IPM_TEXT,   "additional data 4"},
    {125, IPM_LLL,   999, IPM_TEXT,   "additional data 5"},
    {127, IPM_LLL,   999, IPM_TEXT,   "network data"},
};
/* clang-format on */

enum { MTI_LEN = 4, BITMAP_LEN = 16 };

const struct ipm_field *ipm_fields(size_t *count)
{
    *count = ARRAY_COUNT(fields);
    return fields;
}

static bool chars_fit(const struct ipm_field *field, struct span value)
{
    if (field->chars == IPM_BYTES) {
        return true;
    }
    for (size_t i = 0; i < value.len; i++) {
        uint8_t byte = value.ptr[i];
        if (field->chars == IPM_DIGITS ? !byte_is_digit(byte) : byte < 0x20 || byte > 0x7E) {
            return false;
        }
    }
    return true;
}

int ipm_encode(const struct ipm_record *record, struct writer *out)
{
    CHECK(record->mti.len == MTI_LEN);
    writer_span(out, record->mti);
    uint8_t *bitmap = writer_room(out, BITMAP_LEN);
    if (bitmap == NULL) {
        return ERR_SPACE;
    }
    memset(bitmap, 0, BITMAP_LEN);
    bitmap[0] = 0x80; /* bit 1: the second half of the bitmap is there */
    for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
        const struct ipm_field *field = &fields[i];
        struct span value = record->de[field->de];
        if (value.ptr == NULL) {
            continue;
        }
        if (field->form == IPM_FIXED ? value.len != field->len
                                     : value.len > field->len || value.len == 0) {
            return ERR_LENGTH;
        }
        if (!chars_fit(field, value)) {
            return ERR_FORMAT;
        }
        if (field->form != IPM_FIXED) {
            writer_digits(out, field->form == IPM_LL ? 2 : 3, value.len);
        }
        writer_span(out, value);
        bitmap[(field->de - 1) / 8] |= (uint8_t)(0x80 >> (field->de - 1) % 8);
    }
    return out->overflow ? ERR_SPACE : 0;
}

static int field_take(struct reader *in, const struct ipm_field *field, struct span *value)
{
    uint64_t len = field->len;
    if (field->form != IPM_FIXED) {
        struct span prefix;
        TRY(reader_take(in, field->form == IPM_LL ? 2 : 3, &prefix));
        TRY(span_number(prefix, &len));
        if (len > field->len) {
            return ERR_LENGTH;
        }
    }
    TRY(reader_take(in, (size_t)len, value));
    return chars_fit(field, *value) ? 0 : ERR_FORMAT;
}

static bool bit_is_set(struct span bitmap, unsigned de)
{
    return (bitmap.ptr[(de - 1) / 8] & 0x80 >> (de - 1) % 8) != 0;
}

int ipm_decode(struct span bytes, struct ipm_record *out, struct ipm_fault *fault)
{
    struct ipm_fault ignored;
    struct reader in = reader_make(bytes);
    struct span bitmap;
    fault = fault == NULL ? &ignored : fault;
    *fault = (struct ipm_fault){0, 0};
    memset(out, 0, sizeof *out);
    TRY(reader_take(&in, MTI_LEN, &out->mti));
    if (!span_is_digits(out->mti)) {
        return ERR_FORMAT;
    }
    fault->offset = MTI_LEN;
    TRY(reader_take(&in, BITMAP_LEN, &bitmap));
    if (!bit_is_set(bitmap, 1)) {
        return ERR_FORMAT;
    }
    size_t row = 0;
    for (unsigned de = 2; de <= IPM_DE_MAX; de++) {
        bool known = row < ARRAY_COUNT(fields) && fields[row].de == de;
        if (bit_is_set(bitmap, de)) {
            *fault = (struct ipm_fault){de, reader_offset(&in)};
            if (!known) {
                return ERR_FIELD_UNKNOWN;
            }
            TRY(field_take(&in, &fields[row], &out->de[de]));
        }
        row += known;
    }
    *fault = (struct ipm_fault){0, reader_offset(&in)};
    return reader_left(&in) == 0 ? 0 : ERR_TRAILING;
}

void pds_put(struct writer *de48, unsigned tag, struct span value)
{
    CHECK(tag <= 9999 && value.len <= 999);
    writer_digits(de48, 4, tag);
    writer_digits(de48, 3, value.len);
    writer_span(de48, value);
}

bool pds_find(struct span de48, unsigned tag, struct span *value)
{
    struct reader in = reader_make(de48);
    while (reader_left(&in) > 0) {
        struct span head;
        uint64_t found = 0;
        uint64_t len = 0;
        if (reader_take(&in, 7, &head) != 0 || span_number(span_first(head, 4), &found) != 0 ||
            span_number(span_skip(head, 4), &len) != 0 ||
            reader_take(&in, (size_t)len, value) != 0) {
            return false;
        }
        if (found == tag) {
            return true;
        }
    }
    return false;
}

uint8_t luhn_digit(struct span digits)
{
    unsigned sum = 0;
    bool doubled = true;
    for (size_t i = digits.len; i-- > 0; doubled = !doubled) {
        unsigned digit = (unsigned)(digits.ptr[i] - '0') * (doubled ? 2 : 1);
        sum += digit > 9 ? digit - 9 : digit;
    }
    return (uint8_t)('0' + (10 - sum % 10) % 10);
}
