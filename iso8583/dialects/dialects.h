/* The tables that dialect.c lists; everyone else asks dialect_find(). */
#pragma once

#include "iso8583/dialect.h"

extern const struct iso_dialect iso87_ascii;
extern const struct iso_dialect iso87_asciihex;
extern const struct iso_dialect iso87_bcd;
