#include "iso8583/base/calendar.h"

#include <stdlib.h>
#include <string.h>

#include "iso8583/base/check.h"

enum { MS_PER_DAY = 86400000 };

/* Days since 1970-01-01 of a civil date. The year is taken to begin in March, so that the leap day
 * is its last and a 400-year era has a constant number of days. */
static int64_t days_from_civil(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

struct civil civil_from_ms(int64_t wall_ms)
{
    int64_t days = wall_ms / MS_PER_DAY;
    int64_t rest = wall_ms % MS_PER_DAY;
    if (rest < 0) {
        rest += MS_PER_DAY;
        days--;
    }
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153;
    struct civil out = {.day = (int)(day_of_year - (153 * month + 2) / 5 + 1),
                        .month = (int)(month < 10 ? month + 3 : month - 9),
                        .hour = (int)(rest / 3600000),
                        .minute = (int)(rest / 60000 % 60),
                        .second = (int)(rest / 1000 % 60)};
    out.year = (int)(year_of_era + era * 400 + (out.month <= 2));
    out.day_of_year = (int)(days - days_from_civil(out.year, 1, 1)) + 1;
    return out;
}

int64_t civil_to_ms(const struct civil *civil)
{
    return days_from_civil(civil->year, civil->month, civil->day) * MS_PER_DAY +
           civil->hour * 3600000ll + civil->minute * 60000ll + civil->second * 1000ll;
}

static int64_t day_ms(uint32_t day)
{
    struct civil civil = {
        .year = (int)(day / 10000), .month = (int)(day / 100 % 100), .day = (int)(day % 100)};
    return civil_to_ms(&civil);
}

static uint32_t day_of_ms(int64_t wall_ms)
{
    struct civil civil = civil_from_ms(wall_ms);
    return (uint32_t)(civil.year * 10000 + civil.month * 100 + civil.day);
}

bool day_is_valid(uint32_t day)
{
    uint32_t month = day / 100 % 100;
    return day >= 19700101 && day <= 99991231 && month >= 1 && month <= 12 && day % 100 >= 1 &&
           day % 100 <= 31 && day_of_ms(day_ms(day)) == day;
}

uint32_t day_next(uint32_t day)
{
    CHECK(day_is_valid(day));
    return day_of_ms(day_ms(day) + MS_PER_DAY);
}

static int two_digits(const char *text)
{
    int tens = text[0] - '0';
    int ones = text[1] - '0';
    return tens < 0 || tens > 9 || ones < 0 || ones > 9 ? -1 : tens * 10 + ones;
}

/* MMDDhhmmss without its year; ERR_FORMAT. */
static int civil_parse(const char *mmddhhmmss, struct civil *at)
{
    if (strnlen(mmddhhmmss, 10) != 10) {
        return ERR_FORMAT;
    }
    *at = (struct civil){.month = two_digits(mmddhhmmss),
                         .day = two_digits(mmddhhmmss + 2),
                         .hour = two_digits(mmddhhmmss + 4),
                         .minute = two_digits(mmddhhmmss + 6),
                         .second = two_digits(mmddhhmmss + 8)};
    bool good = at->month >= 1 && at->month <= 12 && at->day >= 1 && at->day <= 31 &&
                at->hour >= 0 && at->hour <= 23 && at->minute >= 0 && at->minute <= 59 &&
                at->second >= 0 && at->second <= 59;
    return good ? 0 : ERR_FORMAT;
}

int year_nearest(const char *mmddhhmmss, int64_t wall_ms, int *year, int *other)
{
    struct civil at;
    TRY(civil_parse(mmddhhmmss, &at));
    int now_year = civil_from_ms(wall_ms).year;
    int64_t best = INT64_MAX;
    int64_t second = INT64_MAX;
    *year = now_year;
    *other = now_year;
    for (int y = now_year - 1; y <= now_year + 1; y++) {
        at.year = y;
        int64_t distance = llabs(civil_to_ms(&at) - wall_ms);
        if (distance < best) {
            second = best;
            *other = *year;
            best = distance;
            *year = y;
        } else if (distance < second) {
            second = distance;
            *other = y;
        }
    }
    if (second - best > 7ll * MS_PER_DAY) {
        *other = *year;
    }
    return 0;
}

int ms_nearest(const char *mmddhhmmss, int64_t wall_ms, int64_t *ms)
{
    struct civil at;
    int neighbour = 0;
    TRY(civil_parse(mmddhhmmss, &at));
    TRY(year_nearest(mmddhhmmss, wall_ms, &at.year, &neighbour));
    *ms = civil_to_ms(&at);
    return 0;
}
