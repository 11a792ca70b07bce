/* Input: a byte that chooses the framing, then a stream.
 *
 * Whatever the bytes: a frame taken moves the stream on and lies within it; the first is not given
 * before its last byte; and a head made for it reads back as the same lengths. */
#include "iso8583/frame.h"
#include "tests/fuzz/fuzz.h"

/* No frame may come out of a stream that lacks the last byte of it; "none" knows no end. */
static void check_not_early(const struct framing *framing, struct span stream, size_t frame_len)
{
    struct reader in = reader_make(span_first(stream, frame_len - 1));
    struct span tpdu;
    struct span message;
    if (framing->width != 0) {
        CHECK(frame_next(framing, &in, &tpdu, &message) == 0);
        CHECK(reader_offset(&in) == 0);
    }
}

static void check_head(const struct framing *framing, struct span tpdu, struct span message)
{
    uint8_t frame[FRAME_HEAD_LEN_MAX + FRAME_LEN_MAX];
    struct span tpdu_again;
    struct span message_again;
    int head = frame_head(framing, tpdu, message.len, frame);
    CHECK(head == framing->width + framing->tpdu);
    if (message.len != 0) {
        memcpy(frame + head, message.ptr, message.len);
    }
    struct reader in = reader_make(span_make(frame, (size_t)head + message.len));
    int result = frame_next(framing, &in, &tpdu_again, &message_again);
    CHECK(result == (head + (int)message.len > 0));
    if (result == 0) {
        return;
    }
    CHECK(reader_left(&in) == 0);
    CHECK(span_equal(message, message_again));
    CHECK(tpdu_again.len == framing->tpdu);
    if (tpdu.len != 0) {
        CHECK(tpdu_again.ptr[0] == tpdu.ptr[0]);
        CHECK(memcmp(tpdu_again.ptr + 1, tpdu.ptr + 3, 2) == 0);
        CHECK(memcmp(tpdu_again.ptr + 3, tpdu.ptr + 1, 2) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t framings = 0;
    while (framing_at(framings) != NULL) {
        framings++;
    }
    if (size < 1) {
        return 0;
    }
    const struct framing *framing = framing_at(data[0] % framings);
    struct reader in = reader_make(span_make(data + 1, size - 1));
    for (;;) {
        struct span tpdu;
        struct span message;
        struct span stream = span_make(in.ptr, reader_left(&in));
        int result = frame_next(framing, &in, &tpdu, &message);
        if (result <= 0) {
            CHECK(result == 0 || result == ERR_FRAME_LENGTH || result == ERR_FORMAT);
            CHECK(in.ptr == stream.ptr);
            return 0;
        }
        size_t len = (size_t)(in.ptr - stream.ptr);
        CHECK(len > 0 && len <= stream.len);
        CHECK(message.len <= FRAME_LEN_MAX);
        CHECK(len == framing->width + tpdu.len + message.len);
        CHECK(tpdu.len == framing->tpdu || (tpdu.len == 0 && message.len == 0));
        check_not_early(framing, stream, len);
        check_head(framing, tpdu, message);
    }
}
