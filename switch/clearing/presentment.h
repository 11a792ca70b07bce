/* What is said in the three kinds of record of an IPM-style file, and from which data: the header
 * 1644/697, a presentment 1240/200 for each item, the trailer 1644/695. */
#pragma once

#include "switch/clearing/extract.h"
#include "switch/clearing/ipm.h"

enum { FILE_ID_LEN = 25, PROCESSOR_LEN = 11, ISSUER_ID_LEN_MAX = 11 };

enum {
    IPM_DE71_MAX = 99999999,
    PDS_TERMINAL_TYPE = 23,
    PDS_REVERSAL = 25,
    PDS_ECOMMERCE = 52,
    PDS_FILE_ID = 105,
    PDS_FILE_MODE = 122,
    PDS_EXPONENTS = 148,
    PDS_SETTLEMENT = 165,
    PDS_HASH_TOTAL = 301,
    PDS_RECORD_COUNT = 306,
};

/* DE93 of an issuer, by its name in the configuration. */
struct issuer_id {
    char name[RECORD_NAME_LEN + 1];
    char id[ISSUER_ID_LEN_MAX + 1];
};

/* What all records of a file have in common. */
struct clearing_file {
    uint32_t day;
    uint64_t file_seq;
    int64_t created_ms;
    char id[FILE_ID_LEN + 1]; /* PDS0105 */
    char processor[PROCESSOR_LEN + 1];
    bool production;
    const struct issuer_id *issuers; /* the caller's, as long as the file is made */
    uint32_t issuer_count;
};

/* Fill @file->id from day, processor and file_seq: 002 (member to network), YYMMDD, processor,
 * sequence mod 100000. */
void clearing_file_identify(struct clearing_file *file);

/* DE93 of @issuer: "0" if the file's list does not have it. Borrows from @file or static. */
const char *clearing_file_issuer(const struct clearing_file *file, const char *issuer);

/* Decimal places of @currency's minor unit; 2 for a number that is no currency. */
unsigned clearing_exponent(uint16_t currency);

/* Append one record to @out. ERR_RANGE if a number does not fit its digits; ERR_LENGTH, ERR_FORMAT
 * if the store has what a record cannot say; ERR_SPACE. */
MUST_USE int ipm_header(const struct clearing_file *file, struct writer *out);
MUST_USE int ipm_presentment(const struct clearing_file *file, const struct clearing_row *row,
                             struct writer *out);
/* @hash_total: sum of DE4 of every record, without sign or currency; @records: with header and this
 * trailer. */
MUST_USE int ipm_trailer(const struct clearing_file *file, uint64_t hash_total, uint64_t records,
                         struct writer *out);

/* DE43 from the 1987 one (name 25, city 13, country 2): NAME\STREET\CITY\ postcode (10), state (3),
 * country (3). */
void ipm_location(const char *location, struct writer *out);
