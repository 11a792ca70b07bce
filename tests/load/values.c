#include "tests/load/values.h"

#include "tests/load/prng.h"

int value_percent(const char *text, uint32_t *ppm)
{
    struct span all = span_text(text);
    if (all.len < 2 || all.ptr[all.len - 1] != '%') {
        return ERR_FORMAT;
    }
    uint64_t value = 0;
    size_t decimals = 0;
    bool point = false;
    for (size_t i = 0; i + 1 < all.len; i++) {
        uint8_t byte = all.ptr[i];
        if (byte == '.' && !point && i > 0) {
            point = true;
        } else if (byte_is_digit(byte) && decimals < 4 && value <= PPM_ALL) {
            value = value * 10 + (uint64_t)(byte - '0');
            decimals += point;
        } else {
            return ERR_FORMAT;
        }
    }
    for (; decimals < 4; decimals++) {
        value *= 10;
    }
    if (value > PPM_ALL) {
        return ERR_RANGE;
    }
    *ppm = (uint32_t)value;
    return 0;
}

int value_duration(const char *text, uint32_t *ms)
{
    /* To add a unit, add a row. */
    static const struct {
        const char *suffix;
        uint64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"", 1000}};
    size_t digits = strspn(text, "0123456789");
    uint64_t value = 0;
    TRY(span_number(span_make(text, digits), &value));
    for (size_t i = 0; i < ARRAY_COUNT(units); i++) {
        if (strcmp(text + digits, units[i].suffix) == 0) {
            if (value > UINT32_MAX / units[i].ms) {
                return ERR_RANGE;
            }
            *ms = (uint32_t)(value * units[i].ms);
            return 0;
        }
    }
    return ERR_FORMAT;
}

int value_count(const char *text, uint64_t max, uint64_t *count)
{
    uint64_t value = 0;
    TRY(span_number(span_text(text), &value));
    if (value > max) {
        return ERR_RANGE;
    }
    *count = value;
    return 0;
}

int value_range(const char *text, uint64_t max, uint64_t *low, uint64_t *high)
{
    size_t digits = strspn(text, "0123456789");
    uint64_t first = 0;
    TRY(span_number(span_make(text, digits), &first));
    uint64_t last = first;
    if (text[digits] == '-') {
        TRY(span_number(span_text(text + digits + 1), &last));
    } else if (text[digits] != '\0') {
        return ERR_FORMAT;
    }
    if (last > max || first > last) {
        return ERR_RANGE;
    }
    *low = first;
    *high = last;
    return 0;
}
