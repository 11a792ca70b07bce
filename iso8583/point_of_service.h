/* How a card was read, and where: DE22 and DE25 of ISO 8583:1987 (a terminal's "051" and "00"), and
 * the twelve positions of DE22 that 1993 and IPM have for both. */
#pragma once

#include "iso8583/base/bytes.h"

enum { POINT_OF_SERVICE_LEN = 12 };

/* The twelve positions of @entry (DE22, n3) and @condition (DE25, n2); either may be empty. */
void point_of_service(const char *entry, const char *condition, uint8_t out[POINT_OF_SERVICE_LEN]);

/* The reverse, as near as the three digits and the two come: both NUL-terminated. */
void point_of_service_1987(const uint8_t positions[POINT_OF_SERVICE_LEN], char entry[4],
                           char condition[3]);

/* Whether @entry says that the card was typed into a web page. */
bool entry_is_ecommerce(const char *entry);
