/* What is inside the composite elements of the built-in dialects. */
#pragma once

#include "iso8583/parts.h"

extern const struct iso_parts parts_emv;       /* DE55: EMV tags as BER-TLV */
extern const struct iso_parts parts_pds;       /* PDS of IPM: tag of 4 digits, length of 3, text */
extern const struct iso_parts parts_original;  /* DE90 of 1987: MTI, STAN, DE7, two institutions */
extern const struct iso_parts parts_base1_62;  /* payment service fields, own bitmap */
extern const struct iso_parts parts_base1_63;  /* network fields, own bitmap of 3 bytes */
extern const struct iso_parts parts_base1_126; /* private use fields, own bitmap */
