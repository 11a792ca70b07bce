/* Dates without a clock: UTC milliseconds to civil time and back, proleptic Gregorian calendar. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "iso8583/base/error.h"

struct civil {
    int year;
    int month; /* 1..12 */
    int day;   /* 1..31 */
    int hour;
    int minute;
    int second;
    int day_of_year; /* 1..366 */
};

/* @wall_ms since 1970-01-01T00:00:00Z. */
struct civil civil_from_ms(int64_t wall_ms);
int64_t civil_to_ms(const struct civil *civil);

/* Business days are numbers like 20261121. The day after @day; @day must be a real date. */
uint32_t day_next(uint32_t day);
bool day_is_valid(uint32_t day);

/* The year of a date without one (MMDDhhmmss as in DE7, or DE13 + DE12): the year that puts it
 * nearest to @wall_ms. Returns 0 and @year, and @other: the neighbour year if that is nearly as
 * near (the flip lies within a week), else the same. ERR_FORMAT if @mmddhhmmss (10 digits) is no
 * date. */
MUST_USE int year_nearest(const char *mmddhhmmss, int64_t wall_ms, int *year, int *other);

/* The moment that MMDDhhmmss (UTC, as in DE7) means, in the year nearest to @wall_ms. 0 and @ms, or
 * ERR_FORMAT. */
MUST_USE int ms_nearest(const char *mmddhhmmss, int64_t wall_ms, int64_t *ms);
