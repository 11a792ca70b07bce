/* A stream of frames is cut at every place, and must come out the same whatever the pieces. */
#include "iso8583/frame.h"

#include "tests/unit/iso8583/suite.h"

#define BYTES(...) span_make((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static const uint8_t tpdu_in[TPDU_LEN] = {0x60, 0x00, 0x10, 0x80, 0x25};

static struct span tpdu_of(const struct framing *framing)
{
    return span_make(tpdu_in, framing->tpdu);
}

static void put_frame(const struct framing *framing, struct span message, struct writer *out)
{
    uint8_t head[FRAME_HEAD_LEN_MAX];
    int len = frame_head(framing, tpdu_of(framing), message.len, head);
    ck_assert_int_ge(len, 0);
    ck_assert_int_eq(len, framing->width + framing->tpdu);
    writer_put(out, head, (size_t)len);
    writer_span(out, message);
}

static int next(const char *name, struct span bytes, struct span *message)
{
    const struct framing *framing = framing_find(name);
    ck_assert_ptr_nonnull(framing);
    struct reader in = reader_make(bytes);
    struct span tpdu;
    int result = frame_next(framing, &in, &tpdu, message);
    ck_assert_uint_eq(reader_offset(&in), result == 1 ? bytes.len : 0);
    return result;
}

START_TEST(every_named_framing_is_there_once)
{
    static const char *const names[] = {"none", "len2", "len2i", "len4", "bcd2", "ascii4", "hex4"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        char with[16] = "";
        ck_assert_ptr_nonnull(framing_find(names[i]));
        ck_assert_uint_eq(framing_find(names[i])->tpdu, 0);
        memcpy(with, names[i], strlen(names[i]));
        memcpy(with + strlen(names[i]), "+tpdu", 6);
        ck_assert_ptr_nonnull(framing_find(with));
        ck_assert_uint_eq(framing_find(with)->tpdu, TPDU_LEN);
    }
    size_t count = 0;
    for (; framing_at(count) != NULL; count++) {
        const struct framing *framing = framing_at(count);
        ck_assert_ptr_eq(framing_find(framing->name), framing);
        ck_assert_uint_le(framing->width + (size_t)framing->tpdu, FRAME_HEAD_LEN_MAX);
    }
    ck_assert_uint_eq(count, 2 * ARRAY_COUNT(names));
    ck_assert_ptr_null(framing_find("len3"));
}
END_TEST

START_TEST(known_prefixes_read_as_they_should)
{
    struct span message;
    int rc; /* outside the macro: the bytes live as long as the block that they stand in */
    rc = next("len2", BYTES(0, 2, 'a', 'b'), &message);
    ck_assert_int_eq(rc, 1);
    ck_assert_span_text(message, "ab");
    rc = next("len2i", BYTES(0, 4, 'a', 'b'), &message);
    ck_assert_int_eq(rc, 1);
    ck_assert_span_text(message, "ab");
    rc = next("len4", BYTES(0, 0, 0, 2, 'a', 'b'), &message);
    ck_assert_int_eq(rc, 1);
    rc = next("bcd2", BYTES(0x00, 0x11, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11), &message);
    ck_assert_int_eq(rc, 1);
    ck_assert_uint_eq(message.len, 11);
    ck_assert_int_eq(next("ascii4", span_text("0002ab"), &message), 1);
    ck_assert_int_eq(next("hex4", span_text("000aabcdefghij"), &message), 1);
    ck_assert_uint_eq(message.len, 10);
    ck_assert_int_eq(next("none", span_text("anything"), &message), 1);
    ck_assert_span_text(message, "anything");
    ck_assert_int_eq(next("none", SPAN_NONE, &message), 0);
}
END_TEST

static void assert_split(const struct framing *framing, struct span stream, size_t cut,
                         const struct span *messages, size_t count)
{
    size_t seen = 0;
    size_t consumed = 0;
    size_t arrived = cut;
    for (;;) {
        struct reader in = reader_make(span_skip(span_first(stream, arrived), consumed));
        struct span tpdu;
        struct span message;
        int result;
        while ((result = frame_next(framing, &in, &tpdu, &message)) == 1) {
            ck_assert_uint_lt(seen, count);
            ck_assert(span_equal(message, messages[seen]));
            ck_assert_uint_eq(tpdu.len, framing->tpdu);
            seen++;
        }
        ck_assert_int_eq(result, 0);
        consumed += reader_offset(&in);
        if (arrived == stream.len) {
            break;
        }
        arrived = stream.len;
    }
    ck_assert_uint_eq(seen, count);
    ck_assert_uint_eq(consumed, stream.len);
}

START_TEST(every_split_of_a_stream_gives_the_same_frames)
{
    static uint8_t big[300];
    memset(big, 'x', sizeof big);
    struct span messages[] = {span_text("a"), span_make(big, sizeof big), span_text("0200")};
    for (size_t i = 0; framing_at(i) != NULL; i++) {
        const struct framing *framing = framing_at(i);
        uint8_t buffer[512];
        struct writer out = writer_make(buffer, sizeof buffer);
        if (framing->width == 0) {
            continue; /* not for streams */
        }
        for (size_t j = 0; j < ARRAY_COUNT(messages); j++) {
            put_frame(framing, messages[j], &out);
        }
        ck_assert(!out.overflow);
        for (size_t cut = 0; cut <= out.len; cut++) {
            assert_split(framing, writer_written(&out), cut, messages, ARRAY_COUNT(messages));
        }
    }
}
END_TEST

START_TEST(bytes_one_by_one_never_give_a_frame_early)
{
    for (size_t i = 0; framing_at(i) != NULL; i++) {
        const struct framing *framing = framing_at(i);
        uint8_t buffer[64];
        struct writer out = writer_make(buffer, sizeof buffer);
        if (framing->width == 0) {
            continue;
        }
        put_frame(framing, span_text("0800abc"), &out);
        for (size_t len = 0; len <= out.len; len++) {
            struct reader in = reader_make(span_make(buffer, len));
            struct span tpdu;
            struct span message;
            ck_assert_int_eq(frame_next(framing, &in, &tpdu, &message), len == out.len);
            ck_assert_uint_eq(reader_offset(&in), len == out.len ? len : 0);
        }
    }
}
END_TEST

START_TEST(answer_turns_the_tpdu_round)
{
    const struct framing *framing = framing_find("len2+tpdu");
    uint8_t head[FRAME_HEAD_LEN_MAX];
    ck_assert_int_eq(frame_head(framing, span_make(tpdu_in, TPDU_LEN), 3, head), 7);
    ck_assert(span_equal(span_make(head, 7), BYTES(0, 8, 0x60, 0x80, 0x25, 0x00, 0x10)));
    ck_assert_int_eq(frame_head(framing, SPAN_NONE, 3, head), 7);
    ck_assert(span_equal(span_make(head, 7), BYTES(0, 8, 0x60, 0, 0, 0, 0)));
    struct span tpdu;
    struct span message;
    uint8_t stream[] = {0, 8, 0x60, 0x80, 0x25, 0x00, 0x10, 'a', 'b', 'c'};
    struct reader in = reader_make(span_make(stream, sizeof stream));
    ck_assert_int_eq(frame_next(framing, &in, &tpdu, &message), 1);
    ck_assert(span_equal(tpdu, BYTES(0x60, 0x80, 0x25, 0x00, 0x10)));
    ck_assert_span_text(message, "abc");
}
END_TEST

START_TEST(zero_length_is_an_empty_message)
{
    struct span message;
    ck_assert_int_eq(next("len2", BYTES(0, 0), &message), 1);
    ck_assert_uint_eq(message.len, 0);
    ck_assert_int_eq(next("len2+tpdu", BYTES(0, 0), &message), 1);
    ck_assert_uint_eq(message.len, 0);
    ck_assert_int_eq(next("len2i", BYTES(0, 2), &message), 1);
    ck_assert_uint_eq(message.len, 0);
    ck_assert_int_eq(next("ascii4", span_text("0000"), &message), 1);
    ck_assert_uint_eq(message.len, 0);
}
END_TEST

START_TEST(bad_lengths_lose_the_stream_as_soon_as_they_are_seen)
{
    struct span message;
    ck_assert_int_eq(next("len2", BYTES(0x10, 0x01), &message), ERR_FRAME_LENGTH);
    ck_assert_int_eq(next("len2", BYTES(0x10, 0x00), &message), 0);
    ck_assert_int_eq(next("len4", BYTES(0xFF, 0xFF, 0xFF, 0xFF), &message), ERR_FRAME_LENGTH);
    ck_assert_int_eq(next("ascii4", span_text("4097"), &message), ERR_FRAME_LENGTH);
    ck_assert_int_eq(next("len2i", BYTES(0, 1), &message), ERR_FRAME_LENGTH);
    ck_assert_int_eq(next("len2+tpdu", BYTES(0, 4, 0x60, 0, 0, 0), &message), ERR_FRAME_LENGTH);
    ck_assert_int_eq(next("bcd2", BYTES(0x0A, 0x00), &message), ERR_FORMAT);
    ck_assert_int_eq(next("bcd2", BYTES(0x00, 0xA0), &message), ERR_FORMAT);
    ck_assert_int_eq(next("ascii4", span_text("00a0"), &message), ERR_FORMAT);
    ck_assert_int_eq(next("hex4", span_text("00g0"), &message), ERR_FORMAT);
}
END_TEST

START_TEST(longest_frame_passes_and_one_more_byte_does_not)
{
    static uint8_t buffer[FRAME_LEN_MAX + FRAME_HEAD_LEN_MAX];
    static uint8_t body[FRAME_LEN_MAX];
    for (size_t i = 0; framing_at(i) != NULL; i++) {
        const struct framing *framing = framing_at(i);
        uint8_t head[FRAME_HEAD_LEN_MAX];
        size_t len = (size_t)FRAME_LEN_MAX - framing->tpdu;
        ck_assert_int_eq(frame_head(framing, SPAN_NONE, len + 1, head), ERR_FRAME_LENGTH);
        struct writer out = writer_make(buffer, sizeof buffer);
        put_frame(framing, span_make(body, len), &out);
        struct reader in = reader_make(writer_written(&out));
        struct span tpdu;
        struct span message;
        ck_assert_int_eq(frame_next(framing, &in, &tpdu, &message), 1);
        ck_assert_uint_eq(message.len, len);
    }
}
END_TEST

SUITE_MAIN("frame", every_named_framing_is_there_once, known_prefixes_read_as_they_should,
           every_split_of_a_stream_gives_the_same_frames, bytes_one_by_one_never_give_a_frame_early,
           answer_turns_the_tpdu_round, zero_length_is_an_empty_message,
           bad_lengths_lose_the_stream_as_soon_as_they_are_seen,
           longest_frame_passes_and_one_more_byte_does_not)
