/* EBCDIC code pages: 256 bytes to Latin-1 (whose first half is ASCII) and back, byte for byte. */
#pragma once

#include <stdint.h>

#include "iso8583/dialect.h"

/* What each byte of the page stands for; of ISO_CP037 or ISO_CP1047, else of ISO_CP500 (letters
 * and digits are the same in all). Static, 256 bytes. */
const uint8_t *ebcdic_from(enum iso_coding coding);

/* The reverse. Static, 256 bytes. */
const uint8_t *ebcdic_to(enum iso_coding coding);
