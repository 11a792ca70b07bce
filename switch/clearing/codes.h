/* ISO code tables that a clearing file needs: currency exponents (4217), countries (3166). */
#pragma once

#include <stdint.h>

/* Decimal places of the minor unit of numeric @currency; 2 for one that the table does not name. */
unsigned currency_exponent(uint16_t currency);

/* Three-letter code of the two-letter country at @alpha2 (two upper-case letters, no NUL needed);
 * "ZZZ" (user-assigned: unknown) if there is none. Static. */
const char *country_alpha3(const char *alpha2);
