/* DE39 in the editions of ISO 8583: two characters in 1987, an action code of three digits in 1993
 * and of four in 2003. Sources: ISO 8583:1993 table of action codes; the 2003 codes as public
 * implementations have them (1993's 1xx is 10xx, 9xx is 91xx). */
#pragma once

#include "iso8583/dialect.h"

enum { ACTION_CODE_LEN_MAX = 4 };

/* The action code of a message of class @class (mti_class()) that says @code (two characters):
 * digits into @out; returns how many: 3 or 4. What 1987 has no counterpart for is a general decline;
 * an approval is never made of what is none. */
size_t action_code_of(struct span code, unsigned class, enum iso_edition edition, uint8_t *out);

/* The reverse: static text of two characters, or NULL for what is neither an approval nor a decline
 * that we know: a receiver must take that for silence. */
const char *action_code_1987(struct span digits, unsigned class);
