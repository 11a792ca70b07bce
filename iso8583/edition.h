/* Messages in the elements of ISO 8583:1987, whatever edition their dialect is of.
 *
 * The switch thinks in 1987's elements. 1993 and 2003 say the same with other ones: the date stands
 * in DE12, a merchant's category in DE26, what a network message wants in DE24, an original in DE56
 * (2003: an amount has its currency in front). edition_read() is iso_decode() and then that;
 * edition_write() is the reverse and then iso_encode(). With a dialect of 1987 they are just those
 * two.
 *
 * What 1987 has no element for is left out when a message is read (its frame still has it), and
 * what the later edition has none for is an error when it is written: nothing goes missing in
 * silence. To add an element, add a row to `rules` in edition.c. */
#pragma once

#include "iso8583/dialect.h"

enum {
    EDITION_ROOM = 512,       /* bytes that turning a message may take */
    EDITION_ORIGINAL_LEN = 52 /* DE90 made of DE56: 42 digits as in 1987, DE7 zeros; then the
                                 original's local date and time, MMDDhhmmss or zeros */
};

/* Turn @native, read in or made for @dialect, into @msg with the elements of 1987. 0, or ERR_RANGE,
 * ERR_LENGTH, ERR_SPACE with @error: @msg has what was turned before. Values that are made go to
 * @room, the others are borrowed from @native. */
MUST_USE int edition_from(const struct iso_msg *native, const struct iso_dialect *dialect,
                          struct writer *room, struct iso_msg *msg, struct iso_error *error);

/* The reverse: also ERR_FIELD_UNKNOWN (an element that the edition has no place for) and ERR_FORMAT
 * (a date that is none; a reversal goes without). @wall_ms: UTC ms, now; dates without a year get
 * the nearest that lies no more than a week ahead. */
MUST_USE int edition_to(const struct iso_msg *msg, const struct iso_dialect *dialect,
                        int64_t wall_ms, struct writer *room, struct iso_msg *native,
                        struct iso_error *error);

/* iso_decode() in the elements of 1987: same results, and ERR_RANGE where an element says what 1987
 * cannot (a STAN of more than six digits). @scratch also takes EDITION_ROOM bytes. */
MUST_USE int edition_read(const struct iso_dialect *dialect, struct span wire,
                          struct writer *scratch, struct iso_msg *msg, struct iso_error *error);

/* iso_encode() of @msg, which has the elements of 1987. @request: the frame in @dialect that it
 * answers (what an answer echoes is then as it came), or SPAN_NONE. @wall_ms: as above. */
MUST_USE int edition_write(const struct iso_msg *msg, struct span request,
                           const struct iso_dialect *dialect, int64_t wall_ms, struct writer *out,
                           struct iso_error *error);
