#include "switch/clearing/extract.h"

#include "iso8583/base/calendar.h"
#include "switch/clearing/ipm.h"

enum { ITEM_KEY_LEN = 12, NOON_MS = 43200000 };

/* One row a kind, in the order of enum clearing_kind; @item is item_row.kind. */
static const struct {
    const char *name;
    uint8_t item;
    int sign;
} kinds[CLEARING_KIND_COUNT] = {
    [CLEARING_S] = {"S", 'S', 1},
    [CLEARING_SR] = {"SR", 'V', -1},
    [CLEARING_R] = {"R", 'R', -1},
    [CLEARING_RR] = {"RR", 'W', 1},
};

const char *clearing_kind_name(enum clearing_kind kind)
{
    return kinds[kind].name;
}

int clearing_kind_sign(enum clearing_kind kind)
{
    return kinds[kind].sign;
}

static int kind_of_item(uint8_t item, enum clearing_kind *kind)
{
    for (unsigned i = 0; i < CLEARING_KIND_COUNT; i++) {
        if (kinds[i].item == item) {
            *kind = (enum clearing_kind)i;
            return 0;
        }
    }
    return ERR_CORRUPT;
}

void extract_open(struct extract *extract, struct snapshot *snapshot, struct seal *seal,
                  uint32_t day, uint64_t file_seq)
{
    *extract = (struct extract){.snapshot = snapshot,
                                .seal = seal,
                                .day = day,
                                .file_seq = file_seq,
                                .next_item = 0,
                                .de71 = 1};
}

void extract_wipe(struct clearing_row *row)
{
    bytes_wipe(row->record.pan, sizeof row->record.pan);
}

bool extract_is_in_file(const struct extract *extract, const struct clearing_row *row)
{
    return row->item.file_seq == extract->file_seq && row->item.state != ITEM_NETTED;
}

static struct civil civil_of_day(uint32_t day)
{
    struct civil civil = {
        .year = (int)(day / 10000), .month = (int)(day / 100 % 100), .day = (int)(day % 100)};
    return civil_from_ms(civil_to_ms(&civil));
}

/* Mixed use 0, last six digits of the acquirer, YDDD, sequence, Luhn. The sequence is the global
 * item number and not the STAN: STANs repeat within a day. */
static void arn_make(const char *acquirer, uint32_t day, uint64_t item_seq, char out[ARN_LEN + 1])
{
    struct civil civil = civil_of_day(day);
    uint8_t *arn = (uint8_t *)out;
    uint64_t number = 0;
    for (const char *at = acquirer; *at != '\0'; at++) {
        if (byte_is_digit((uint8_t)*at)) {
            number = (number * 10 + (uint64_t)(*at - '0')) % 1000000;
        }
    }
    digits_put(arn, 1, 0);
    digits_put(arn + 1, 6, number);
    digits_put(arn + 7, 1, (uint64_t)civil.year);
    digits_put(arn + 8, 3, (uint64_t)civil.day_of_year);
    digits_put(arn + 11, 11, item_seq);
    arn[ARN_LEN - 1] = luhn_digit(span_make(arn, ARN_LEN - 1));
    out[ARN_LEN] = '\0';
}

/* The terminal's date and time with the year that puts them nearest to the business day, so that 31
 * December cleared on 1 January is of the old year. A terminal that sends neither: when it arrived,
 * UTC. Through milliseconds and back, so that an impossible 0229 becomes a date. */
static void local_make(const struct record *record, char out[15])
{
    char text[11] = {0};
    int year = 0;
    int other = 0;
    struct civil at = civil_from_ms(record->opened_ms);
    struct civil noon = civil_of_day(record->day);
    memcpy(text, record->date, 4);
    memcpy(text + 4, record->time, 6);
    if (strlen(record->date) == 4 && strlen(record->time) == 6 &&
        span_is_digits(span_make(text, 10)) &&
        year_nearest(text, civil_to_ms(&noon) + NOON_MS, &year, &other) == 0) {
        at = (struct civil){.year = year,
                            .month = (text[0] - '0') * 10 + text[1] - '0',
                            .day = (text[2] - '0') * 10 + text[3] - '0',
                            .hour = (text[4] - '0') * 10 + text[5] - '0',
                            .minute = (text[6] - '0') * 10 + text[7] - '0',
                            .second = (text[8] - '0') * 10 + text[9] - '0'};
        at = civil_from_ms(civil_to_ms(&at));
    }
    uint8_t *to = (uint8_t *)out;
    digits_put(to, 4, (uint64_t)at.year);
    digits_put(to + 4, 2, (uint64_t)at.month);
    digits_put(to + 6, 2, (uint64_t)at.day);
    digits_put(to + 8, 2, (uint64_t)at.hour);
    digits_put(to + 10, 2, (uint64_t)at.minute);
    digits_put(to + 12, 2, (uint64_t)at.second);
    out[14] = '\0';
}

void clearing_row_derive(struct clearing_row *row)
{
    const struct item_row *item = &row->item;
    bool reversal = row->kind == CLEARING_SR || row->kind == CLEARING_RR;
    arn_make(item->acquirer, row->record.day, reversal ? item->original_item : item->item_seq,
             row->arn);
    local_make(&row->record, row->local);
}

/* A reversal item may name the reversal or what it reversed; what is presented is the latter. */
static int record_read(struct extract *extract, struct clearing_row *row)
{
    struct record *record = &row->record;
    TRY(book_get(extract->snapshot->txn, row->item.seq, record));
    if ((record->mti & 0x0F00) == 0x0400 && record->original_seq != 0) {
        TRY(book_get(extract->snapshot->txn, record->original_seq, record));
    }
    if (!day_is_valid(record->day)) {
        return ERR_CORRUPT;
    }
    return extract->seal == NULL ? 0 : seal_open_pan(extract->seal, record);
}

int extract_next(struct extract *extract, struct clearing_row *row)
{
    uint8_t key[ITEM_KEY_LEN];
    struct span found;
    struct span value;
    be32_put(key, extract->day);
    be64_put(key + 4, extract->next_item);
    TRY(snapshot_turn(extract->snapshot));
    int rc = kv_seek(extract->snapshot->txn, KV_items, span_make(key, sizeof key), &found, &value);
    TRY(rc);
    if (rc == 0 || found.len != ITEM_KEY_LEN || be32_get(found.ptr) != extract->day) {
        return 0;
    }
    TRY(item_row_decode(value, &row->item));
    if (row->item.item_seq != be64_get(found.ptr + 4) || row->item.day != extract->day) {
        return ERR_CORRUPT;
    }
    extract->next_item = row->item.item_seq + 1;
    TRY(kind_of_item(row->item.kind, &row->kind));
    if (!extract_is_in_file(extract, row)) {
        return 1;
    }
    row->de71 = ++extract->de71;
    TRY(record_read(extract, row));
    clearing_row_derive(row);
    return 1;
}
