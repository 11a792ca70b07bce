/* The first messages of streams as one framing cuts them, and what that weighs: the first half of a
 * guess (guess.h). */
#pragma once

#include "tools/isomsg/cut.h"

enum { CUTTING_MESSAGES_MAX = 24 }; /* the first ones tell enough */

struct cutting {
    struct framing framing;
    struct span messages[CUTTING_MESSAGES_MAX];
    size_t count;
    size_t left;    /* bytes of a last frame that is not whole */
    int32_t tenths; /* weigh.h */
    uint8_t *copy;  /* of a file in blocks */
};

/* Cut @streams (@count of them); false if @framing does not cut all of them into messages. The
 * messages borrow the streams, or the copy, which cutting_free() frees (in any case). */
bool streams_cut(const struct framing *framing, const struct span *streams, size_t count,
                 struct cutting *cutting);
void cutting_free(struct cutting *cutting);
