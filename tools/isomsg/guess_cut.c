#include "tools/isomsg/guess_cut.h"

#include <stdlib.h>

/* In tenths of a bit, as weigh.h has them. */
enum {
    COST_PARTIAL = 100, /* the last frame is not whole */
    COST_LENGTH = 90,   /* any length of message is as likely: what a right one does not tell */
    LENGTH_BYTE = 80,
    TPDU_RIGHT = 60,
    TPDU_WRONG = -250,
    COST_FORM = 20, /* a framing that is seldom met */
};

/* What the bytes around the message of @cut weigh. */
static int32_t frame_weigh(const struct framing *framing, const struct cut *cut)
{
    int32_t sum = 0;
    if (framing->width != 0) {
        sum += framing->width * LENGTH_BYTE - COST_LENGTH;
    }
    if (framing->tpdu == TPDU_LEN) {
        sum += cut->tpdu.len == TPDU_LEN && (cut->tpdu.ptr[0] == 0x60 || cut->tpdu.ptr[0] == 0x68)
                   ? TPDU_RIGHT
                   : TPDU_WRONG;
    }
    sum += framing->etx != 0 ? LENGTH_BYTE - COST_FORM : 0;
    sum -= framing->inclusive || framing->behind || framing->file ? COST_FORM : 0;
    return sum;
}

/* What is cut: @stream itself, or a copy of it, since a file in blocks is unblocked in place. */
static struct span bytes_of(struct cutting *cutting, struct span stream, size_t count)
{
    if (!cutting->framing.blocked) {
        return stream;
    }
    if (count != 1 || stream.len % FRAME_BLOCK_LEN != 0) {
        return SPAN_NONE;
    }
    cutting->copy = malloc(stream.len);
    if (cutting->copy == NULL) {
        return SPAN_NONE;
    }
    memcpy(cutting->copy, stream.ptr, stream.len);
    return span_make(cutting->copy, stream.len);
}

bool streams_cut(const struct framing *framing, const struct span *streams, size_t count,
                 struct cutting *cutting)
{
    char why[CUT_WHY_LEN];
    *cutting = (struct cutting){.framing = *framing};
    for (size_t i = 0; i < count; i++) {
        struct cutter cutter;
        struct cut cut;
        int result = 0;
        size_t before = cutting->count;
        struct span bytes = bytes_of(cutting, streams[i], count);
        if (bytes.len == 0 || cutter_open(&cutter, &cutting->framing, bytes, why) < 0) {
            return false;
        }
        while (cutting->count < CUTTING_MESSAGES_MAX &&
               (result = cutter_next(&cutter, &cut, why)) == 1) {
            if (cut.wire.len > FRAME_LEN_MAX) {
                return false;
            }
            cutting->messages[cutting->count++] = cut.wire;
            cutting->tenths += frame_weigh(&cutting->framing, &cut);
        }
        if (result == ERR_TRUNCATED && cutting->count > before) {
            cutting->left += reader_left(&cutter.in);
            cutting->tenths -= COST_PARTIAL;
        } else if (result < 0) {
            return false;
        }
    }
    return cutting->count != 0;
}

void cutting_free(struct cutting *cutting)
{
    free(cutting->copy);
}
