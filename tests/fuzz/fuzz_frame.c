/* Input: the name of a framing up to a newline, then a stream. A first byte above 7F chooses the
 * framing by its index instead, so that a short input is a stream in any of them.
 *
 * Whatever the bytes: a frame taken moves the stream on and lies within it; the first is not given
 * before its last byte; an error has its place in what came; and a head made for a message reads
 * back as the same. Blocks are taken out of any bytes. */
#include "iso8583/frame.h"
#include "tests/fuzz/fuzz.h"

/* No frame may come out of a stream that lacks the last byte of it; what cuts files knows no end.
 */
static void check_not_early(const struct framing *framing, struct span stream, size_t frame_len)
{
    struct reader in = reader_make(span_first(stream, frame_len - 1));
    struct span tpdu;
    struct span message;
    if (!framing->file) {
        CHECK(frame_next(framing, &in, &tpdu, &message) == 0);
        CHECK(reader_offset(&in) == 0);
    }
}

/* What answers a message with @tpdu: read again, with the TPDU turned, or the label as it was. */
static void check_head(const struct framing *framing, struct span tpdu, struct span message)
{
    uint8_t frame[FRAME_HEAD_LEN_MAX + FRAME_LEN_MAX + 1];
    struct span tpdu_again;
    struct span message_again;
    int head = frame_head(framing, tpdu, message.len, frame);
    CHECK(head >= framing->width + framing->header_len && head <= FRAME_HEAD_LEN_MAX);
    struct writer out = writer_make(frame + head, sizeof frame - (size_t)head);
    writer_span(&out, message);
    writer_span(&out, frame_tail(framing));
    CHECK(!out.overflow);
    struct reader in = reader_make(span_make(frame, (size_t)head + out.len));
    CHECK(frame_next(framing, &in, &tpdu_again, &message_again) == 1);
    CHECK(reader_left(&in) == 0);
    CHECK(span_equal(message, message_again));
    CHECK(tpdu.len == framing->tpdu && tpdu_again.len == tpdu.len);
    if (tpdu.len == TPDU_LEN) {
        CHECK(tpdu_again.ptr[0] == tpdu.ptr[0]);
        CHECK(memcmp(tpdu_again.ptr + 1, tpdu.ptr + 3, 2) == 0);
        CHECK(memcmp(tpdu_again.ptr + 3, tpdu.ptr + 1, 2) == 0);
    } else {
        CHECK(span_equal(tpdu, tpdu_again));
    }
}

/* The framing that @data begins with; @data is what is left. */
static bool framing_take(struct span *data, struct framing *framing)
{
    size_t framings = 0;
    while (framing_at(framings) != NULL) {
        framings++;
    }
    if (data->len != 0 && data->ptr[0] > 0x7F) {
        *framing = *framing_at((size_t)(data->ptr[0] & 0x7F) % framings);
        *data = span_skip(*data, 1);
        return true;
    }
    const uint8_t *newline = data->len == 0 ? NULL : memchr(data->ptr, '\n', data->len);
    if (newline == NULL) {
        return false;
    }
    struct span name = span_first(*data, (size_t)(newline - data->ptr));
    *data = span_skip(*data, name.len + 1);
    int err = framing_parse(name, framing);
    CHECK(err == 0 || err == ERR_NOT_FOUND || err == ERR_FORMAT);
    if (err == 0) {
        CHECK(span_equal_text(name, framing->name));
        CHECK(framing->header_len <= FRAMING_HEADER_LEN_MAX);
    }
    return err == 0;
}

static void check_blocks(struct span bytes)
{
    static uint8_t room[1 << 20];
    struct writer out = writer_make(room, sizeof room);
    size_t at = 0;
    bytes = span_first(bytes, sizeof room);
    if (frame_unblock(bytes, &out, &at) == 0) {
        CHECK(out.len * FRAME_BLOCK_LEN == bytes.len * FRAME_BLOCK_DATA_LEN);
    } else {
        CHECK(at <= bytes.len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span bytes = span_make(data, size);
    struct framing framing;
    if (!framing_take(&bytes, &framing)) {
        return 0;
    }
    check_blocks(bytes);
    struct reader in = reader_make(bytes);
    for (;;) {
        struct span tpdu;
        struct span message;
        struct span stream = span_make(in.ptr, reader_left(&in));
        int result = frame_next(&framing, &in, &tpdu, &message);
        if (result <= 0) {
            CHECK(result == 0 || result == ERR_FRAME_LENGTH || result == ERR_FORMAT);
            CHECK(in.ptr == stream.ptr);
            CHECK(result == 0 || (message.len > 0 && message.ptr >= stream.ptr &&
                                  message.ptr + message.len <= stream.ptr + stream.len));
            return 0;
        }
        size_t len = (size_t)(in.ptr - stream.ptr);
        CHECK(len > 0 && len <= stream.len);
        check_not_early(&framing, stream, len);
        if (message.len == 0) {
            continue;
        }
        CHECK(message.len <= FRAME_LEN_MAX);
        CHECK(message.ptr >= stream.ptr && message.ptr + message.len <= in.ptr);
        check_head(&framing, tpdu, message);
    }
}
