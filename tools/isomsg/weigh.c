#include "tools/isomsg/weigh.h"

#include <stdio.h>

#include "iso8583/mti.h"
#include "iso8583/parts.h"
#include "iso8583/tlv.h"
#include "tools/isomsg/meaning.h"
#include "tools/isomsg/redact.h"

/* The first element of @msg behind @de; 0: there is none. */
static unsigned element_behind(const struct iso_msg *msg, unsigned de)
{
    while (de < ISO_DE_MAX) {
        uint64_t left = msg->present[de / 64] << de % 64; /* the bit of @de + 1 is the top one */
        if (left != 0) {
            return de + 1 + (unsigned)__builtin_clzll(left);
        }
        de = (de / 64 + 1) * 64;
    }
    return 0;
}

/* --- characters ---------------------------------------------------------------------------------
 * What a byte or nibble weighs in an element of each kind: 10 * log2(256 * p), with p the share of
 * such characters in elements of that kind (guessed from the messages at hand; only their order of
 * size matters). */

enum { DIGIT_ASCII = 47, DIGIT_BCD = 7, TRACK_ASCII = 44, TRACK_BCD = 4, HEX_BYTE = 80 };

static int32_t character_weigh(uint8_t byte)
{
    if (byte_is_digit(byte)) {
        return 35;
    }
    if (byte == ' ') {
        return 50;
    }
    if (byte >= 'A' && byte <= 'Z') {
        return 12;
    }
    if (byte >= 'a' && byte <= 'z') {
        return 2;
    }
    return byte >= 0x20 && byte < 0x7F ? 0 : -45;
}

int32_t text_weigh(struct span text)
{
    int32_t sum = 0;
    for (size_t i = 0; i < text.len; i++) {
        sum += character_weigh(text.ptr[i]);
    }
    return sum;
}

/* Bytes may be anything, text too: then they weigh as much, less one bit for having to say so. */
static int32_t bytes_weigh(struct span value)
{
    int32_t as_text = text_weigh(value) - 10;
    return as_text > 0 ? as_text : 0;
}

static int32_t value_weigh(const struct iso_field_row *row, struct span value)
{
    int32_t len = (int32_t)value.len;
    switch (row->content) {
    case ISO_N:
    case ISO_XN:
        return len * (row->coding == ISO_BCD ? DIGIT_BCD : DIGIT_ASCII);
    case ISO_Z:
        return len * (row->coding == ISO_BCD ? TRACK_BCD : TRACK_ASCII);
    case ISO_A:
    case ISO_AN:
    case ISO_ANS:
        return text_weigh(value);
    default:
        return row->coding == ISO_BINARY ? bytes_weigh(value) : len * HEX_BYTE;
    }
}

/* What a length prefix of so many digits or bytes weighs that was in its bounds. */
static int32_t prefix_weigh(const struct iso_field_row *row)
{
    switch (row->prefix_coding) {
    case ISO_BCD:
        return row->prefix > 2 ? 60 : 35;
    case ISO_BINARY:
        return row->prefix > 1 ? 60 : 20;
    default:
        return row->prefix * DIGIT_ASCII;
    }
}

/* --- the bitmap: how often an element is there ---------------------------------------------------
 */

enum often { RARE, TIMES, OFTEN };

/* What an element weighs that the bitmap names, and one that it does not. */
static const struct {
    int8_t named;
    int8_t absent;
} rates[] = {[RARE] = {-50, 10}, [TIMES] = {-23, 9}, [OFTEN] = {0, 0}};

/* To move an element: its word. All others are rare. */
/* clang-format off */
static const uint8_t often[129] = {
    [2] = OFTEN, [3] = OFTEN, [4] = OFTEN, [5] = TIMES, [6] = TIMES, [7] = OFTEN, [9] = TIMES,
    [10] = TIMES, [11] = OFTEN, [12] = OFTEN, [13] = OFTEN, [14] = OFTEN, [15] = TIMES,
    [16] = TIMES, [17] = TIMES, [18] = OFTEN, [19] = TIMES, [22] = OFTEN, [23] = TIMES,
    [24] = OFTEN, [25] = OFTEN, [26] = TIMES, [28] = TIMES, [32] = OFTEN, [33] = TIMES,
    [35] = OFTEN, [36] = TIMES, [37] = OFTEN, [38] = OFTEN, [39] = OFTEN, [40] = TIMES,
    [41] = OFTEN, [42] = OFTEN, [43] = OFTEN, [44] = TIMES, [45] = TIMES, [46] = TIMES,
    [48] = OFTEN, [49] = OFTEN, [50] = TIMES, [51] = TIMES, [52] = OFTEN, [53] = TIMES,
    [54] = OFTEN, [55] = OFTEN, [56] = TIMES, [57] = TIMES, [58] = TIMES, [59] = TIMES,
    [60] = OFTEN, [61] = OFTEN, [62] = OFTEN, [63] = OFTEN, [64] = OFTEN, [70] = OFTEN,
    [71] = TIMES, [72] = TIMES, [90] = OFTEN, [94] = TIMES, [95] = TIMES, [100] = TIMES,
    [102] = TIMES, [103] = TIMES, [111] = TIMES, [120] = TIMES, [121] = TIMES, [122] = TIMES,
    [123] = TIMES, [124] = TIMES, [125] = TIMES, [126] = TIMES, [127] = TIMES, [128] = OFTEN,
};
/* clang-format on */

static int32_t bitmap_weigh(const struct iso_dialect *dialect, const struct iso_msg *msg)
{
    int32_t sum = 0;
    unsigned last = msg->named[1] != 0 || dialect->bitmap_fixed ? 128 : 64;
    for (unsigned de = 2; de <= last; de++) {
        bool named = iso_state(msg, de) != ISO_STATE_ABSENT;
        sum += named ? rates[often[de]].named : rates[often[de]].absent;
    }
    if (dialect->bitmap_coding != ISO_BINARY) {
        sum += (int32_t)last / 4 * 40; /* a hex character tells half of what its byte could */
    }
    return sum;
}

/* --- elements that can be right or wrong ---------------------------------------------------------
 */

static void fact_weigh(struct weight *weight, enum fact fact, int right, int32_t if_right,
                       int32_t if_wrong)
{
    if (right < 0) {
        return;
    }
    weight->tenths += right ? if_right : if_wrong;
    weight->facts |= right ? 1u << fact : 0;
}

static int two_digits(const uint8_t *at)
{
    return (at[0] - '0') * 10 + at[1] - '0';
}

/* Whether @digits are what @shape says: MM month, DD day, hh mm ss; Y, x: any digit. */
static bool date_fits(struct span digits, const char *shape)
{
    static const uint8_t days[13] = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int month = 0;
    for (size_t i = 0; i + 1 < digits.len; i += 2) {
        int number = two_digits(digits.ptr + i);
        switch (shape[i]) {
        case 'M':
            month = number;
            if (month < 1 || month > 12) {
                return false;
            }
            break;
        case 'D':
            if (number < 1 || number > days[month]) {
                return false;
            }
            break;
        case 'h':
            if (number > 23) {
                return false;
            }
            break;
        case 'm':
        case 's':
            if (number > 59) {
                return false;
            }
            break;
        default:
            break;
        }
    }
    return true;
}

/* Dates and times by element and length. To add one: a row. @tenths: what a right one weighs. */
static const struct date_row {
    uint8_t de;
    const char *shape;
    int16_t tenths;
} dates[] = {
    {7, "MMDDhhmmss", 83}, {12, "hhmmss", 35}, {12, "YYMMDDhhmmss", 83}, {13, "MMDD", 48},
    {14, "YYMM", 30},      {15, "MMDD", 48},   {15, "YYMMDD", 48},       {16, "MMDD", 48},
    {17, "MMDD", 48},      {28, "YYMMDD", 48}, {73, "YYMMDD", 48},
};

static void dates_weigh(const struct iso_msg *msg, struct weight *weight)
{
    for (size_t i = 0; i < ARRAY_COUNT(dates); i++) {
        struct span value = iso_get(msg, dates[i].de);
        if (value.len == strlen(dates[i].shape) && span_is_digits(value)) {
            fact_weigh(weight, FACT_DATES, date_fits(value, dates[i].shape), dates[i].tenths, -80);
        }
    }
}

static void cards_weigh(const struct iso_msg *msg, struct weight *weight)
{
    struct span pan = iso_get(msg, 2);
    struct span track = iso_get(msg, 35);
    if (pan.len >= 12 && span_is_digits(pan)) {
        fact_weigh(weight, FACT_LUHN, luhn_is_good(pan), 33, -15);
        weight->tenths += pan_is_likely(pan) ? 30 : 0;
    } else if (iso_has(msg, 2)) {
        weight->tenths -= 40; /* no card number is as short as that */
    }
    if (track.len == 0) {
        return;
    }
    const uint8_t *mark = memchr(track.ptr, '=', track.len);
    if (mark == NULL) {
        mark = memchr(track.ptr, 'D', track.len);
    }
    struct span number = span_first(track, mark == NULL ? 0 : (size_t)(mark - track.ptr));
    bool is_track = number.len >= 12 && number.len <= 19;
    fact_weigh(weight, FACT_TRACK, is_track, pan.len != 0 && span_equal(pan, number) ? 150 : 30,
               -60);
}

static void codes_weigh(const struct iso_msg *msg, struct weight *weight)
{
    static const uint8_t coded[] = {3, 22, 24, 25, 39, 70};
    for (size_t i = 0; i < ARRAY_COUNT(coded); i++) {
        if (iso_has(msg, coded[i])) {
            fact_weigh(weight, FACT_CODES, field_is_known(msg, coded[i]), 30, -20);
        }
    }
    for (unsigned de = 49; de <= 51; de++) {
        if (iso_has(msg, de)) {
            fact_weigh(weight, FACT_CURRENCY, field_is_known(msg, de), 25, -40);
        }
    }
}

/* Amounts begin with zeros: few cost billions. */
static void amounts_weigh(const struct iso_msg *msg, struct weight *weight)
{
    for (unsigned de = 4; de <= 6; de++) {
        struct span value = iso_get(msg, de);
        size_t zeros = 0;
        while (zeros < value.len && value.ptr[zeros] == '0') {
            zeros++;
        }
        if (value.len == 12) {
            weight->tenths += zeros >= 3 ? 80 : -40;
        }
    }
}

/* DE90 begins with the MTI of the original, which is one. */
static void original_weigh(const struct iso_msg *msg, struct weight *weight)
{
    struct span value = iso_get(msg, 90);
    if (value.len == 42) {
        fact_weigh(weight, FACT_ORIGINAL, mti_is_plausible(mti_parse(value.ptr)), 60, -60);
    }
}

static void chip_weigh(const struct iso_msg *msg, struct weight *weight)
{
    if (iso_get(msg, 55).len == 0) {
        return;
    }
    struct reader in = reader_make(iso_get(msg, 55));
    struct tlv tlv;
    int result = 1;
    unsigned known = 0;
    unsigned unknown = 0;
    while ((result = tlv_next(&in, &tlv)) == 1) {
        bool is_known = chip_tag_find(tlv.tag) != NULL;
        known += is_known;
        unknown += !is_known;
    }
    bool good = result == 0 && known > unknown;
    fact_weigh(weight, FACT_CHIP, good, 50, -60);
    weight->tenths += (int32_t)known * 60 - (int32_t)unknown * 20;
    weight->chip_tags += known;
}

/* Elements whose parts read to their end (chip data has its own say). */
static void parts_weigh(const struct iso_dialect *dialect, const struct iso_msg *msg,
                        struct weight *weight)
{
    static uint8_t room[4 * UINT16_MAX];
    for (unsigned de = 1; (de = element_behind(msg, de)) != 0;) {
        const struct iso_field_row *row = &dialect->field[de];
        struct writer scratch = writer_make(room, sizeof room);
        struct iso_error error;
        unsigned unknown = 0;
        if (row->parts != NULL && iso_get(msg, de).len != 0 && de != 55) {
            int result = parts_check(row, iso_get(msg, de), &scratch, &unknown, &error);
            weight->tenths += result == 0 ? 40 : -80;
        }
    }
}

/* --- whole messages ----------------------------------------------------------------------------
 */

bool mti_is_plausible(uint16_t mti)
{
    return mti_version(mti) <= 2 && mti_class(mti) >= 1 && mti_class(mti) <= 8 &&
           mti_function(mti) <= 7 && mti_origin(mti) <= 5;
}

/* The version that a dialect's messages have, by the beginning of its name. To add one: a row; the
 * others are of 1987. */
static const struct {
    const char *name;
    unsigned version;
} versions[] = {{"iso93", 1}, {"ipm", 1}, {"iso2003", 2}};

static unsigned version_of(const struct iso_dialect *dialect)
{
    for (size_t i = 0; i < ARRAY_COUNT(versions); i++) {
        if (strncmp(dialect->name, versions[i].name, strlen(versions[i].name)) == 0) {
            return versions[i].version;
        }
    }
    return 0;
}

static void mti_weigh(const struct iso_dialect *dialect, const struct iso_msg *msg,
                      struct weight *weight)
{
    weight->tenths += dialect->mti_coding == ISO_BCD ? 90 : 250;
    fact_weigh(weight, FACT_VERSION, mti_version(msg->mti) == version_of(dialect), 20, -300);
    if (mti_function(msg->mti) > 3 || mti_origin(msg->mti) > 1) {
        weight->tenths -= 40;
    }
}

void message_weigh(const struct iso_dialect *dialect, const struct iso_msg *msg,
                   struct weight *weight)
{
    if (!mti_is_plausible(msg->mti)) {
        weight->tenths -= 400;
        return;
    }
    mti_weigh(dialect, msg, weight);
    if ((msg->named[0] | msg->present[0] | msg->present[1]) == 0) {
        return; /* not even the bitmap was read */
    }
    weight->tenths += bitmap_weigh(dialect, msg);
    for (unsigned de = 1; (de = element_behind(msg, de)) != 0;) {
        const struct iso_field_row *row = &dialect->field[de];
        weight->tenths += value_weigh(row, iso_get(msg, de));
        weight->tenths += row->prefix != 0 ? prefix_weigh(row) : 0;
    }
    dates_weigh(msg, weight);
    cards_weigh(msg, weight);
    codes_weigh(msg, weight);
    amounts_weigh(msg, weight);
    original_weigh(msg, weight);
    chip_weigh(msg, weight);
    parts_weigh(dialect, msg, weight);
}

const char *facts_text(const struct weight *weight, char *buf, size_t cap)
{
    static const char *const texts[FACTS] = {
        [FACT_LUHN] = "DE2 has a good check digit",
        [FACT_TRACK] = "DE35 is a track",
        [FACT_DATES] = "dates are dates",
        [FACT_CODES] = "codes are known",
        [FACT_CURRENCY] = "the currency is one",
        [FACT_CHIP] = "DE55 is chip data",
        [FACT_ORIGINAL] = "DE90 names a message",
        [FACT_VERSION] = "", /* what every message of its dialect has is worth no word */
    };
    size_t len = 0;
    buf[0] = '\0';
    for (size_t i = 0; i < FACTS && len < cap; i++) {
        if ((weight->facts >> i & 1u) != 0 && texts[i][0] != '\0') {
            len += (size_t)snprintf(buf + len, cap - len, "%s%s", len == 0 ? "" : ", ", texts[i]);
        }
    }
    return buf;
}
