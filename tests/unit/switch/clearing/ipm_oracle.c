/* Written from the offsets of public readers, so that a mistake of the writer is not read back as
 * right. The table is of text: "element, kind, length". */
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/switch/clearing/rows.h"

static const char layout[] = "2v2 3f6 4f12 5f12 6f12 9f8 10f8 12f12 14f4 22f12 23f3 24f3 25f4 26f4 "
                             "30f24 31v2 32v2 33v2 37f12 38f6 40f3 41f8 42f15 43v2 48v3 49f3 50f3 "
                             "51f3 54v3 55v3 62v3 63v3 71f8 72v3 73f6 93v2 94v2 95v2 100v2 111v3 "
                             "123v3 124v3 125v3 127v3 ";

void oracle_open(struct oracle *oracle, const uint8_t *file, size_t len)
{
    ck_assert_uint_gt(len, 0);
    ck_assert_uint_eq(len % 1014, 0);
    oracle->stream = malloc(len);
    ck_assert_ptr_nonnull(oracle->stream);
    oracle->len = 0;
    oracle->offset = 0;
    for (size_t block = 0; block < len; block += 1014) {
        memcpy(oracle->stream + oracle->len, file + block, 1012);
        oracle->len += 1012;
        ck_assert_mem_eq(file + block + 1012, "@@", 2);
    }
}

void oracle_close(struct oracle *oracle)
{
    free(oracle->stream);
}

bool oracle_next(struct oracle *oracle, struct oracle_record *record)
{
    ck_assert_uint_le(oracle->offset + 4, oracle->len);
    const uint8_t *at = oracle->stream + oracle->offset;
    size_t len = (size_t)at[0] * 16777216 + (size_t)at[1] * 65536 + (size_t)at[2] * 256 + at[3];
    oracle->offset += 4;
    if (len == 0) {
        ck_assert_uint_lt(oracle->len - oracle->offset, 1012);
        for (; oracle->offset < oracle->len; oracle->offset++) {
            ck_assert_uint_eq(oracle->stream[oracle->offset], '@');
        }
        return false;
    }
    ck_assert_uint_le(len, 6000);
    ck_assert_uint_le(oracle->offset + len, oracle->len);
    oracle_parse(at + 4, len, record);
    oracle->offset += len;
    return true;
}

/* "v2" (length of so many digits in front) or "f12" of element @de, or NULL. */
static const char *layout_of(unsigned de)
{
    char wanted[8];
    const char *found = layout;
    int len = snprintf(wanted, sizeof wanted, "%u", de);
    for (; found != NULL; found = strchr(found, ' ')) {
        found += *found == ' ';
        if (strncmp(found, wanted, (size_t)len) == 0 && (found[len] == 'v' || found[len] == 'f')) {
            return found + len;
        }
    }
    return NULL;
}

void oracle_parse(const uint8_t *data, size_t len, struct oracle_record *record)
{
    size_t at = 20;
    memset(record, 0, sizeof *record);
    ck_assert_uint_ge(len, 20);
    memcpy(record->mti, data, 4);
    record->len = len;
    for (unsigned de = 2; de <= 128; de++) {
        unsigned bit = de - 1;
        if ((data[4 + bit / 8] >> (7 - bit % 8) & 1) == 0) {
            continue;
        }
        const char *how = layout_of(de);
        ck_assert_msg(how != NULL, "no bit config available for %u", de);
        size_t number = strtoul(how + 1, NULL, 10);
        record->at[de] = at;
        if (*how == 'v') {
            char digits[4] = {0};
            ck_assert_uint_le(at + number, len);
            memcpy(digits, data + at, number);
            at += number;
            number = strtoul(digits, NULL, 10);
        }
        ck_assert_uint_le(at + number, len);
        ck_assert_uint_lt(number, ORACLE_ELEMENT_MAX);
        memcpy(record->element[de], data + at, number);
        at += number;
    }
    ck_assert_uint_eq(at, len);
    ck_assert_uint_eq(data[4] & 0x80, 0x80);
}

bool oracle_pds(const struct oracle_record *record, const char *tag, char out[100])
{
    const char *at = record->element[48];
    while (*at != '\0') {
        char digits[4] = {at[4], at[5], at[6], 0};
        size_t len = strtoul(digits, NULL, 10);
        ck_assert_uint_lt(len, 100);
        if (strncmp(at, tag, 4) == 0) {
            memcpy(out, at + 7, len);
            out[len] = '\0';
            return true;
        }
        at += 7 + len;
    }
    return false;
}
