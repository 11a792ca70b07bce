#include "switch/core/identity.h"

#include "iso8583/base/calendar.h"
#include "iso8583/mti.h"

static void put_bcd(uint8_t *out, size_t bytes, const char *digits)
{
    size_t len = strlen(digits);
    memset(out, 0, bytes);
    for (size_t i = 0; i < len && i < 2 * bytes; i++) {
        size_t place = i; /* from the right */
        uint8_t digit = (uint8_t)(digits[len - 1 - i] - '0') & 15u;
        out[bytes - 1 - place / 2] |= (uint8_t)(place % 2 == 0 ? digit : digit << 4);
    }
}

/* Time first, so that the store's insert touches few and warm pages. */
static void write_key(uint8_t key[RECORD_KEY_LEN], const struct record *record, bool with_acquirer,
                      int year, const char *mmddhhmmss)
{
    char time[15];
    digits_put((uint8_t *)time, 4, (uint64_t)year);
    memcpy(time + 4, mmddhhmmss, 10);
    time[14] = '\0';
    put_bcd(key, 7, time);
    bool reversal = mti_class(record->mti) == 4;
    unsigned function = reversal ? 2 : mti_function(record->mti) >= 2 ? 1 : 0;
    key[7] = (uint8_t)(mti_class(record->mti) << 4 | function);
    put_bcd(key + 8, 6, with_acquirer ? record->acquirer : "");
    memcpy(key + 14, record->terminal, 8);
    put_bcd(key + 22, 3, record->stan);
    be64_put(key + 25, record->replacement_minor > 0 ? (uint64_t)record->replacement_minor : 0);
}

int identity_key(const struct record *record, enum identity identity, bool with_acquirer,
                 int64_t wall_ms, uint8_t key[RECORD_KEY_LEN], uint8_t other[RECORD_KEY_LEN])
{
    char at[11] = "0000000000";
    int year = 0;
    int neighbour = 0;
    memset(other, 0, RECORD_KEY_LEN);
    switch (identity) {
    case IDENTITY_DAY:
        write_key(key, record, with_acquirer, 0, at);
        return 0;
    case IDENTITY_DE12:
        if (record->date[0] == '\0' || record->time[0] == '\0') {
            return ERR_NOT_FOUND;
        }
        memcpy(at, record->date, 4);
        memcpy(at + 4, record->time, 6);
        break;
    case IDENTITY_DE7:
        if (record->de7[0] == '\0') {
            return ERR_NOT_FOUND;
        }
        memcpy(at, record->de7, 10);
        break;
    }
    TRY(year_nearest(at, wall_ms, &year, &neighbour));
    write_key(key, record, with_acquirer, year, at);
    if (neighbour != year) {
        write_key(other, record, with_acquirer, neighbour, at);
    }
    return 0;
}
