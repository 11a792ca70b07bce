/* One record of an IPM-style file: MTI, binary bitmap, data elements in ascending order, in ASCII.
 *
 * "IPM-style" and never "IPM": the layout comes from public code, not from a scheme's manual. Only
 * data elements are known here that the reader in widest public use (cardutil, with its default
 * configuration) knows; it refuses a whole file for one other bit.
 *
 * PDS: a subelement of DE48: tag (4 digits), length (3 digits), value. */
#pragma once

#include "iso8583/base/bytes.h"

enum { IPM_RECORD_LEN_MAX = 6000, IPM_DE_MAX = 128, IPM_HEAD_LEN = 20, IPM_DE48_LEN_MAX = 999 };

enum ipm_form { IPM_FIXED, IPM_LL, IPM_LLL };

enum ipm_chars { IPM_DIGITS, IPM_TEXT /* printable ASCII */, IPM_BYTES };

struct ipm_field {
    uint8_t de;
    uint8_t form;  /* enum ipm_form */
    uint16_t len;  /* fixed, or the most */
    uint8_t chars; /* enum ipm_chars */
    const char *name;
};

/* The rows of the table in ascending order; @count is set. Static. */
const struct ipm_field *ipm_fields(size_t *count);

/* A record in parts. An absent element has a NULL ptr. Spans borrow from whoever set them. */
struct ipm_record {
    struct span mti; /* 4 digits */
    struct span de[IPM_DE_MAX + 1];
};

/* Where a record is wrong. Never says what the bytes are. */
struct ipm_fault {
    unsigned de;   /* 0: MTI or bitmap */
    size_t offset; /* in the record */
};

/* Append @record to @out. Elements must be of the length and characters of their row (our own bug
 * otherwise: ERR_LENGTH, ERR_FORMAT; ERR_FIELD_UNKNOWN for one without a row); ERR_SPACE. */
MUST_USE int ipm_encode(const struct ipm_record *record, struct writer *out);

/* The reverse, strictly: ERR_TRUNCATED, ERR_LENGTH, ERR_FORMAT, ERR_FIELD_UNKNOWN, ERR_TRAILING.
 * @out borrows from @bytes. @fault (may be NULL) says where. */
MUST_USE int ipm_decode(struct span bytes, struct ipm_record *out, struct ipm_fault *fault);

/* Append one subelement to @de48. */
void pds_put(struct writer *de48, unsigned tag, struct span value);

/* Find subelement @tag in @de48 (a whole DE48). True and @value, which borrows from @de48. False if
 * it is not there or what stands before it is malformed. */
bool pds_find(struct span de48, unsigned tag, struct span *value);

/* The check digit that makes @digits + digit pass the Luhn test. */
uint8_t luhn_digit(struct span digits);
