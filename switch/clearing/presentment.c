#include "switch/clearing/presentment.h"

#include "iso8583/base/currency.h"
#include "iso8583/point_of_service.h"
#include "switch/clearing/country.h"

enum { NAME_LEN = 25, CITY_LEN = 13, COUNTRY_LEN = 2, HASH_TOTAL_DIGITS = 16 };

#define HASH_TOTAL_MAX 9999999999999999ull
#define AMOUNT_MAX     999999999999ll

/* Characters on which the code pages 500 and 037 agree; others become a space. */
static uint8_t letter_plain(uint8_t byte)
{
    if (byte >= 'a' && byte <= 'z') {
        return (uint8_t)(byte - 'a' + 'A');
    }
    bool plain = (byte >= 'A' && byte <= 'Z') || byte_is_digit(byte) ||
                 (byte != '\0' && strchr(".,-'/&", byte) != NULL);
    return plain ? byte : ' ';
}

static void text_plain(struct span text, const char *empty, struct writer *out)
{
    size_t len = text.len;
    size_t start = 0;
    while (len > 0 && letter_plain(text.ptr[len - 1]) == ' ') {
        len--;
    }
    while (start < len && letter_plain(text.ptr[start]) == ' ') {
        start++;
    }
    for (size_t i = start; i < len; i++) {
        writer_u8(out, letter_plain(text.ptr[i]));
    }
    if (start == len) {
        writer_text(out, empty);
    }
}

void ipm_location(const char *location, struct writer *out)
{
    struct span text = span_text(location);
    char country[COUNTRY_LEN + 1] = "  ";
    struct span last = span_first(span_skip(text, NAME_LEN + CITY_LEN), COUNTRY_LEN);
    if (last.len == COUNTRY_LEN) {
        memcpy(country, last.ptr, COUNTRY_LEN);
    }
    /* Readers split at the backslashes and want a byte between two of them. */
    text_plain(span_first(text, NAME_LEN), "UNKNOWN", out);
    writer_text(out, "\\ \\");
    text_plain(span_first(span_skip(text, NAME_LEN), CITY_LEN), " ", out);
    writer_text(out, "\\             "); /* postcode and state: not sent online */
    writer_text(out, country_alpha3(country));
}

void clearing_file_identify(struct clearing_file *file)
{
    uint8_t *id = (uint8_t *)file->id;
    uint64_t processor = 0;
    CHECK(span_number(span_text(file->processor), &processor) == 0);
    digits_put(id, 3, 2);
    digits_put(id + 3, 6, file->day);
    digits_put(id + 9, PROCESSOR_LEN, processor);
    digits_put(id + 20, 5, file->file_seq);
    file->id[FILE_ID_LEN] = '\0';
}

const char *clearing_file_issuer(const struct clearing_file *file, const char *issuer)
{
    for (uint32_t i = 0; i < file->issuer_count; i++) {
        if (strcmp(file->issuers[i].name, issuer) == 0) {
            return file->issuers[i].id;
        }
    }
    return "0";
}

unsigned clearing_exponent(uint16_t currency)
{
    const struct currency *row = currency_find(currency);
    return row == NULL ? 2 : row->exponent;
}

/* Header and trailer: both have DE24, DE48 and DE71. */
static int ipm_bracket(const char *function, const struct writer *de48, uint64_t number,
                       struct writer *out)
{
    uint8_t de71[8];
    struct ipm_record record = {.mti = SPAN_LITERAL("1644")};
    if (number > IPM_DE71_MAX) {
        return ERR_RANGE;
    }
    digits_put(de71, sizeof de71, number);
    record.de[24] = span_text(function);
    record.de[48] = writer_written(de48);
    record.de[71] = span_make(de71, sizeof de71);
    return ipm_encode(&record, out);
}

int ipm_header(const struct clearing_file *file, struct writer *out)
{
    uint8_t bytes[64];
    struct writer de48 = writer_make(bytes, sizeof bytes);
    pds_put(&de48, PDS_FILE_ID, span_text(file->id));
    pds_put(&de48, PDS_FILE_MODE, span_text(file->production ? "P" : "T"));
    return ipm_bracket("697", &de48, 1, out);
}

int ipm_trailer(const struct clearing_file *file, uint64_t hash_total, uint64_t records,
                struct writer *out)
{
    uint8_t bytes[96];
    uint8_t total[HASH_TOTAL_DIGITS];
    uint8_t count[8];
    struct writer de48 = writer_make(bytes, sizeof bytes);
    if (hash_total > HASH_TOTAL_MAX) {
        return ERR_RANGE;
    }
    digits_put(total, sizeof total, hash_total);
    digits_put(count, sizeof count, records);
    pds_put(&de48, PDS_FILE_ID, span_text(file->id));
    pds_put(&de48, PDS_HASH_TOTAL, span_make(total, sizeof total));
    pds_put(&de48, PDS_RECORD_COUNT, span_make(count, sizeof count));
    return ipm_bracket("695", &de48, records, out);
}

static void presentment_de48(const struct clearing_row *row, struct writer *out)
{
    const struct record *record = &row->record;
    bool ecommerce = entry_is_ecommerce(record->entry) || strcmp(record->condition, "59") == 0;
    uint8_t exponents[4];
    uint8_t reversal[7] = {'R'};
    const char *terminal = "POI";
    if (strncmp(record->proc, "01", 2) == 0) {
        terminal = "ATM";
    } else if (ecommerce) {
        terminal = "CT6";
    } else if (strncmp(record->entry, "01", 2) == 0) {
        terminal = "MAN";
    }
    digits_put(exponents, 3, row->item.currency);
    digits_put(exponents + 3, 1, clearing_exponent(row->item.currency));
    pds_put(out, PDS_TERMINAL_TYPE, span_text(terminal));
    if (row->kind == CLEARING_SR || row->kind == CLEARING_RR) {
        digits_put(reversal + 1, 6, record->day);
        pds_put(out, PDS_REVERSAL, span_make(reversal, sizeof reversal));
    }
    if (ecommerce) {
        pds_put(out, PDS_ECOMMERCE, SPAN_LITERAL("210"));
    }
    pds_put(out, PDS_EXPONENTS, span_make(exponents, sizeof exponents));
    pds_put(out, PDS_SETTLEMENT, SPAN_LITERAL("M"));
}

/* @text as exactly @len characters, spaces behind; unprintable ones become spaces. */
static struct span text_fixed(const char *text, size_t len, uint8_t *out)
{
    size_t have = strnlen(text, len);
    for (size_t i = 0; i < len; i++) {
        bool printable = i < have && text[i] >= ' ' && text[i] <= '~';
        out[i] = printable ? (uint8_t)text[i] : ' ';
    }
    return span_make(out, len);
}

/* The digits of @text; an identification without any is 0. */
static struct span text_digits(const char *text, uint8_t out[12])
{
    size_t len = 0;
    for (; *text != '\0' && len < 11; text++) {
        if (byte_is_digit((uint8_t)*text)) {
            out[len++] = (uint8_t)*text;
        }
    }
    if (len == 0) {
        out[len++] = '0';
    }
    return span_make(out, len);
}

static struct span digits_or_none(const char *text, size_t len)
{
    struct span digits = span_text(text);
    return digits.len == len && span_is_digits(digits) ? digits : SPAN_NONE;
}

/* Where the parts of a presentment are put together. */
struct presentment_scratch {
    uint8_t amount[12];
    uint8_t original[24];
    uint8_t pos[12];
    uint8_t acquirer[12];
    uint8_t rrn[12];
    uint8_t auth[6];
    uint8_t terminal[8];
    uint8_t merchant[15];
    uint8_t location[99];
    uint8_t de48[128];
    uint8_t currency[3];
    uint8_t number[8];
};

int ipm_presentment(const struct clearing_file *file, const struct clearing_row *row,
                    struct writer *out)
{
    const struct record *record = &row->record;
    struct presentment_scratch at;
    struct ipm_record ipm = {.mti = SPAN_LITERAL("1240")};
    struct writer location = writer_make(at.location, sizeof at.location);
    struct writer de48 = writer_make(at.de48, sizeof at.de48);
    if (row->item.amount_minor < 0 || row->item.amount_minor > AMOUNT_MAX ||
        record->amount_minor < 0 || record->amount_minor > AMOUNT_MAX || row->de71 > IPM_DE71_MAX ||
        row->item.currency > 999) {
        return ERR_RANGE;
    }
    digits_put(at.amount, sizeof at.amount, (uint64_t)row->item.amount_minor);
    digits_put(at.original, sizeof at.original, 0);
    digits_put(at.original, 12, (uint64_t)record->amount_minor);
    digits_put(at.currency, sizeof at.currency, row->item.currency);
    digits_put(at.number, sizeof at.number, row->de71);
    point_of_service(record->entry, record->condition, at.pos);
    ipm_location(record->location, &location);
    presentment_de48(row, &de48);
    ipm.de[2] = span_text(record->pan);
    ipm.de[3] = span_text(record->proc);
    ipm.de[4] = span_make(at.amount, sizeof at.amount);
    ipm.de[12] = span_make(row->local + 2, 12);
    ipm.de[14] = digits_or_none(record->expiry, 4);
    ipm.de[22] = span_make(at.pos, sizeof at.pos);
    ipm.de[24] = SPAN_LITERAL("200");
    ipm.de[26] = digits_or_none(record->mcc, 4);
    if (row->item.amount_minor != record->amount_minor) {
        ipm.de[30] = span_make(at.original, sizeof at.original);
    }
    ipm.de[31] = span_make(row->arn, ARN_LEN);
    ipm.de[32] = text_digits(row->item.acquirer, at.acquirer);
    ipm.de[37] = text_fixed(record->rrn, 12, at.rrn);
    if (record->auth[0] != '\0') {
        ipm.de[38] = text_fixed(record->auth, 6, at.auth);
    }
    ipm.de[41] = text_fixed(record->terminal, 8, at.terminal);
    ipm.de[42] = text_fixed(record->merchant, 15, at.merchant);
    ipm.de[43] = writer_written(&location);
    ipm.de[48] = writer_written(&de48);
    ipm.de[49] = span_make(at.currency, sizeof at.currency);
    ipm.de[71] = span_make(at.number, sizeof at.number);
    ipm.de[93] = span_text(clearing_file_issuer(file, row->item.issuer));
    ipm.de[94] = ipm.de[32];
    return ipm_encode(&ipm, out);
}
