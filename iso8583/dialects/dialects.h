/* The tables that dialect.c lists; everyone else asks dialect_find(). */
#pragma once

#include "iso8583/dialect.h"

extern const struct iso_dialect iso87_ascii;
extern const struct iso_dialect iso87_asciihex;
extern const struct iso_dialect iso87_bcd;
extern const struct iso_dialect iso87_ebcdic;
extern const struct iso_dialect iso93_ascii;
extern const struct iso_dialect iso93_bcd;
extern const struct iso_dialect iso2003;
extern const struct iso_dialect base1;
extern const struct iso_dialect ipm_ascii;
extern const struct iso_dialect ipm_ebcdic;
