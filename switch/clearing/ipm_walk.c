#include "switch/clearing/ipm_walk.h"

#include "switch/clearing/presentment.h"

static int fail(struct ipm_walk *walk, int err, const char *why)
{
    walk->why = why;
    return err;
}

void ipm_walk_open(struct ipm_walk *walk, FILE *file)
{
    memset(walk, 0, sizeof *walk);
    block_open(&walk->blocks, file);
    walk->why = "";
}

bool ipm_is_reversal(const struct ipm_record *record)
{
    struct span value;
    return pds_find(record->de[48], PDS_REVERSAL, &value) && value.len == 7 && value.ptr[0] == 'R';
}

static bool is_function(const struct ipm_record *record, const char *mti, const char *function)
{
    return span_equal_text(record->mti, mti) && span_equal_text(record->de[24], function);
}

/* One record of any kind with the next number: 1, or 0 at the end of the file. */
static int record_next(struct ipm_walk *walk, struct ipm_record *record)
{
    struct span bytes;
    uint64_t number = 0;
    int rc = block_next(&walk->blocks, walk->buffer, sizeof walk->buffer, &bytes);
    if (rc <= 0) {
        return rc < 0 ? fail(walk, rc, walk->blocks.why) : 0;
    }
    walk->records++;
    rc = ipm_decode(bytes, record, &walk->fault);
    if (rc < 0) {
        return fail(walk, rc, err_text(rc));
    }
    if (span_number(record->de[71], &number) != 0 || number != walk->records) {
        return fail(walk, ERR_FORMAT, "DE71 is not the number of the record");
    }
    return 1;
}

static int header_check(struct ipm_walk *walk, const struct ipm_record *record)
{
    struct span id;
    struct span mode;
    if (!is_function(record, "1644", "697")) {
        return fail(walk, ERR_FORMAT, "the first record is not a header 1644/697");
    }
    if (!pds_find(record->de[48], PDS_FILE_ID, &id) || id.len != FILE_ID_LEN ||
        !span_is_digits(id)) {
        return fail(walk, ERR_FORMAT, "the header has no file id PDS0105 of 25 digits");
    }
    if (!pds_find(record->de[48], PDS_FILE_MODE, &mode) ||
        !(span_equal_text(mode, "T") || span_equal_text(mode, "P"))) {
        return fail(walk, ERR_FORMAT, "the header has no T or P in PDS0122");
    }
    memcpy(walk->file_id, id.ptr, FILE_ID_LEN);
    walk->production = mode.ptr[0] == 'P';
    return 1;
}

static int trailer_check(struct ipm_walk *walk, const struct ipm_record *record)
{
    struct span id;
    struct span total;
    struct span count;
    uint64_t number = 0;
    if (!pds_find(record->de[48], PDS_FILE_ID, &id) || !span_equal_text(id, walk->file_id)) {
        return fail(walk, ERR_FORMAT, "the trailer's file id is not the header's");
    }
    if (!pds_find(record->de[48], PDS_HASH_TOTAL, &total) || total.len != 16 ||
        span_number(total, &number) != 0 || number != walk->hash_total) {
        return fail(walk, ERR_FORMAT, "the hash total PDS0301 is not the sum of DE4");
    }
    if (!pds_find(record->de[48], PDS_RECORD_COUNT, &count) || count.len != 8 ||
        span_number(count, &number) != 0 || number != walk->records) {
        return fail(walk, ERR_FORMAT, "the count PDS0306 is not the number of records");
    }
    walk->ended = true;
    return 1;
}

static int presentment_check(struct ipm_walk *walk, const struct ipm_record *record)
{
    static const uint8_t needed[] = {2, 3, 4, 12, 24, 31, 41, 48, 49, 71, 93, 94};
    uint64_t amount = 0;
    for (size_t i = 0; i < sizeof needed; i++) {
        if (record->de[needed[i]].ptr == NULL) {
            walk->fault.de = needed[i];
            return fail(walk, ERR_FORMAT, "a presentment lacks this element");
        }
    }
    struct span arn = record->de[31];
    if (arn.len != ARN_LEN || luhn_digit(span_first(arn, ARN_LEN - 1)) != arn.ptr[ARN_LEN - 1]) {
        walk->fault.de = 31;
        return fail(walk, ERR_FORMAT, "the acquirer reference does not pass the Luhn test");
    }
    TRY(span_number(record->de[4], &amount));
    walk->hash_total += amount;
    walk->items++;
    return 1;
}

int ipm_walk_next(struct ipm_walk *walk, struct ipm_record *record)
{
    int rc = record_next(walk, record);
    if (rc == 1 && walk->records == 1) {
        rc = header_check(walk, record);
        rc = rc == 1 ? record_next(walk, record) : rc;
    }
    if (rc < 0) {
        return rc;
    }
    if (rc == 0) {
        return fail(walk, ERR_FORMAT, "the file ends without a trailer 1644/695");
    }
    if (is_function(record, "1240", "200")) {
        return presentment_check(walk, record);
    }
    if (!is_function(record, "1644", "695")) {
        return fail(walk, ERR_FORMAT, "a record is neither 1240/200 nor the trailer 1644/695");
    }
    rc = trailer_check(walk, record);
    rc = rc == 1 ? record_next(walk, record) : rc;
    return rc == 1 ? fail(walk, ERR_FORMAT, "a record follows the trailer") : rc;
}
