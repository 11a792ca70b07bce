/* Headers in front of messages, for doctor: bytes before the MTI that every message of a cutting
 * has.
 */
#pragma once

#include "iso8583/dialect.h"
#include "tools/isomsg/guess_cut.h"

/* Whether what could be an MTI stands behind @len bytes of every message. With a TPDU between
 * header and message none is looked for: the header would stand before the TPDU. */
bool header_fits(const struct cutting *cutting, const struct iso_dialect *dialect, size_t len);

/* The framing of @cutting with the @len bytes that its messages begin with as its header. False if
 * they differ, if no name can be made of them, or if card data stands there, which must not be
 * told.
 */
bool header_name(const struct cutting *cutting, size_t len, struct framing *framing);
