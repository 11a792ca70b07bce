/* Values as options write them: "30%", "500ms", "100-20000", "2000/s". Integers only: no money and
 * no probability passes through floating point. */
#pragma once

#include "iso8583/base/bytes.h"

/* "30%" or "0.25%" to parts per million. 0, ERR_FORMAT, or ERR_RANGE above 100 %. */
MUST_USE int value_percent(const char *text, uint32_t *ppm);

/* "500ms", "10s", "2m", "1h" to milliseconds ("10" alone: seconds). 0, ERR_FORMAT, ERR_RANGE. */
MUST_USE int value_duration(const char *text, uint32_t *ms);

/* A count, 0 .. @max. 0, ERR_FORMAT, ERR_RANGE. */
MUST_USE int value_count(const char *text, uint64_t max, uint64_t *count);

/* "100-20000" or "500" (both ends alike), ascending. 0, ERR_FORMAT, ERR_RANGE. */
MUST_USE int value_range(const char *text, uint64_t max, uint64_t *low, uint64_t *high);
