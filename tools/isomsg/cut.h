/* Messages cut out of bytes: one frame after the other, keep-alives passed over, blocks of a file
 * taken apart first. The one place where isomsg cuts. */
#pragma once

#include "iso8583/frame.h"

enum { CUT_WHY_LEN = 160 };

struct cutter {
    const struct framing *framing;
    struct reader in;
    size_t index; /* messages so far */
    uint32_t keepalives;
    bool ended; /* a file's end mark, or an error */
};

struct cut {
    struct span wire; /* the message */
    struct span tpdu; /* or label; may be empty */
    size_t index;     /* 0 for the first message */
    size_t at;        /* where the frame begins; of a file in blocks: without their ends */
};

/* Cut @bytes by @framing (which must live as long). A file in blocks is unblocked in place: so the
 * memory of @bytes must be the caller's to change. 0, or ERR_FORMAT with @why. */
MUST_USE int cutter_open(struct cutter *cutter, const struct framing *framing, struct span bytes,
                         char why[CUT_WHY_LEN]);

/* The next message. Returns 1 and sets @cut (its spans borrow the bytes), 0 at the end,
 * ERR_TRUNCATED if the last frame is not whole, or an error of frame_next(); with @why where it is.
 */
MUST_USE int cutter_next(struct cutter *cutter, struct cut *cut, char why[CUT_WHY_LEN]);
