#include "tools/isomsg/cut.h"

#include <stdio.h>

int cutter_open(struct cutter *cutter, const struct framing *framing, struct span bytes,
                char why[CUT_WHY_LEN])
{
    *cutter = (struct cutter){.framing = framing, .in = reader_make(bytes)};
    if (!framing->blocked) {
        return 0;
    }
    /* The caller's own memory, by the contract above. */
    struct writer out = writer_make((uint8_t *)(uintptr_t)bytes.ptr, bytes.len);
    size_t at = 0;
    if (frame_unblock(bytes, &out, &at) < 0) {
        (void)snprintf(why, CUT_WHY_LEN, "byte %zu: no block of %d bytes that end with 40 40", at,
                       FRAME_BLOCK_LEN);
        return ERR_FORMAT;
    }
    cutter->in = reader_make(writer_written(&out));
    return 0;
}

int cutter_next(struct cutter *cutter, struct cut *cut, char why[CUT_WHY_LEN])
{
    while (!cutter->ended && reader_left(&cutter->in) > 0) {
        cut->at = reader_offset(&cutter->in);
        int result = frame_next(cutter->framing, &cutter->in, &cut->tpdu, &cut->wire);
        if (result <= 0) {
            cutter->ended = true;
            size_t at = result < 0 && cut->wire.ptr != NULL
                            ? (size_t)(cut->wire.ptr - cutter->in.start)
                            : cut->at;
            (void)snprintf(why, CUT_WHY_LEN, "byte %zu: %s in framing %s", at,
                           result == 0 ? "the frame is not whole" : err_text(result),
                           cutter->framing->name);
            return result == 0 ? ERR_TRUNCATED : result;
        }
        if (cut->wire.len != 0) {
            cut->index = cutter->index++;
            return 1;
        }
        cutter->ended = cutter->framing->file;
        cutter->keepalives += !cutter->framing->file;
    }
    return 0;
}
