/* ISO 3166-1: the countries by two and by three letters. */
#pragma once

/* Three-letter code of the two-letter country at @alpha2 (two upper-case letters, no NUL needed);
 * "ZZZ" (user-assigned: unknown) if there is none. Static. */
const char *country_alpha3(const char *alpha2);
