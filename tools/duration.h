/* Durations of the command line: 500ms 10s 5m. */
#pragma once

#include "iso8583/base/bytes.h"

/* Returns 0 and sets @ms, or ERR_USAGE (also above a day). */
MUST_USE static inline int duration_parse(const char *text, uint32_t *ms)
{
    static const struct {
        const char *name;
        uint64_t factor;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    size_t digits = strspn(text, "0123456789");
    uint64_t number = 0;
    if (span_number(span_make(text, digits), &number) < 0 || number > 86400000) {
        return ERR_USAGE;
    }
    for (size_t i = 0; i < ARRAY_COUNT(units); i++) {
        if (strcmp(text + digits, units[i].name) == 0 && number * units[i].factor <= 86400000) {
            *ms = (uint32_t)(number * units[i].factor);
            return 0;
        }
    }
    return ERR_USAGE;
}
