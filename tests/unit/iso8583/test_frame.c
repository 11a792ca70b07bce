/* Goal: what a framing says is what is cut and what is written, whatever the pieces in which it
 * comes. Known frames are tried both ways; then every framing, with and without a header, is tried
 * with the same stream cut at every place, with every length at an edge, and with every byte that
 * is wrong. Streams are read from memory of exactly their length: a sanitizer sees a read behind
 * it. */
#include "iso8583/frame.h"

#include <stdio.h>

#include "tests/unit/iso8583/suite.h"

enum { HEX_MAX = 512 };

/* As ck_assert_msg(), but silent while it holds: Check notes each assertion, and these are
 * millions. */
#define EXPECT(holds, name)                                                                        \
    do {                                                                                           \
        if (!(holds)) {                                                                            \
            ck_abort_msg("%s: not so: " #holds, name);                                             \
        }                                                                                          \
    } while (0)

/* --- framings and bytes ----------------------------------------------------------------------- */

/* Each named framing, then each with a header of text, then with one of bytes. */
static bool framing_nth(size_t index, struct framing *framing)
{
    static const char *const headers[] = {"", "+header:ISO026000050", "+header:0x2B00FF"};
    size_t count = 0;
    while (framing_at(count) != NULL) {
        count++;
    }
    if (index >= count * ARRAY_COUNT(headers)) {
        return false;
    }
    char name[FRAMING_NAME_LEN_MAX + 1];
    const char *row = framing_at(index % count)->name;
    (void)snprintf(name, sizeof name, "%.*s%s%s", (int)strcspn(row, "+"), row,
                   headers[index / count], row + strcspn(row, "+"));
    ck_assert_int_eq(framing_parse(span_text(name), framing), 0);
    ck_assert_str_eq(framing->name, name);
    return true;
}

static struct span unhex(const char *hex, uint8_t bytes[HEX_MAX])
{
    uint8_t text[2 * HEX_MAX];
    size_t len = 0;
    for (; *hex != '\0'; hex++) {
        if (*hex != ' ') {
            text[len++] = (uint8_t)*hex;
        }
    }
    ck_assert_int_eq(hex_decode(span_make(text, len), bytes), 0);
    return span_make(bytes, len / 2);
}

static const uint8_t tpdu_in[TPDU_LEN] = {0x60, 0x00, 0x10, 0x80, 0x25};
static const uint8_t tpdu_turned[TPDU_LEN] = {0x60, 0x80, 0x25, 0x00, 0x10};
static const uint8_t label[FRAME_LABEL_LEN] = {0x00, 0x14};

/* What a request brings beside its message, and what stands in the frame that answers it. */
static struct span tpdu_of(const struct framing *framing)
{
    return framing->tpdu == FRAME_LABEL_LEN ? span_make(label, sizeof label)
                                            : span_make(tpdu_in, framing->tpdu);
}
static struct span answer_tpdu_of(const struct framing *framing)
{
    return framing->tpdu == FRAME_LABEL_LEN ? tpdu_of(framing)
                                            : span_make(tpdu_turned, framing->tpdu);
}

/* The longest message of a framing, by what its name says. */
static size_t message_len_max(const struct framing *framing)
{
    size_t digits = strncmp(framing->name, "ascii2", 6) == 0   ? 99
                    : strncmp(framing->name, "ascii3", 6) == 0 ? 999
                                                               : FRAME_LEN_MAX;
    return digits - framing->header_len - framing->etx -
           (framing->tpdu == TPDU_LEN ? (size_t)TPDU_LEN : 0);
}

static int put_frame(const struct framing *framing, struct span message, struct writer *out)
{
    uint8_t head[FRAME_HEAD_LEN_MAX];
    int len = frame_head(framing, tpdu_of(framing), message.len, head);
    TRY(len);
    writer_put(out, head, (size_t)len);
    writer_span(out, message);
    writer_span(out, frame_tail(framing));
    ck_assert(!out->overflow);
    return 0;
}

/* A length of 0, and what stands behind a length. */
static void put_keepalive(const struct framing *framing, struct writer *out)
{
    bool is_text = strncmp(framing->name, "ascii", 5) == 0 || strncmp(framing->name, "hex", 3) == 0;
    size_t behind = strncmp(framing->name, "len2z", 5) == 0 || framing->tpdu == FRAME_LABEL_LEN;
    memset(writer_room(out, framing->width), is_text ? '0' : 0, framing->width);
    memset(writer_room(out, 2 * behind), 0, 2 * behind);
}

/* frame_next() on a copy of exactly these bytes; @tpdu, @message and the place of an error (@at)
 * refer to @bytes. */
static int next(const struct framing *framing, struct span bytes, struct span *tpdu,
                struct span *message, size_t *at)
{
    uint8_t *room = malloc(bytes.len + 1);
    EXPECT(room != NULL, framing->name);
    const uint8_t *copy = room + 1; /* ends where the room ends */
    if (bytes.len != 0) {
        memcpy(room + 1, bytes.ptr, bytes.len);
    }
    struct reader in = reader_make(span_make(copy, bytes.len));
    int result = frame_next(framing, &in, tpdu, message);
    *at = reader_offset(&in);
    EXPECT(result == 1 || *at == 0, framing->name);
    if (result < 0) {
        EXPECT(message->len > 0, framing->name);
        *at = (size_t)(message->ptr - copy);
        EXPECT(*at + message->len <= bytes.len, framing->name);
    }
    if (result == 1 && message->len != 0) {
        *message = span_make(bytes.ptr + (message->ptr - copy), message->len);
    }
    if (result == 1 && tpdu->len != 0) {
        *tpdu = span_make(bytes.ptr + (tpdu->ptr - copy), tpdu->len);
    }
    free(room);
    return result;
}

/* --- names ------------------------------------------------------------------------------------ */

START_TEST(every_named_framing_is_there_once)
{
    static const char *const bases[] = {"len2",   "len2i",   "len3",   "len3i",  "len4",
                                        "len4i",  "len2z",   "len2zi", "bcd2",   "bcd2i",
                                        "ascii4", "ascii4i", "hex4",   "hex4i",  "ascii2",
                                        "ascii3", "ascii5",  "ascii6", "ascii7", "ascii8"};
    static const char *const forms[] = {"", "+tpdu", "+etx", "+tpdu+etx"};
    static const char *const others[] = {"none", "none+tpdu", "vap", "vml", "rdw", "rdw1014"};
    for (size_t i = 0; i < ARRAY_COUNT(bases); i++) {
        for (size_t k = 0; k < ARRAY_COUNT(forms); k++) {
            char name[32];
            (void)snprintf(name, sizeof name, "%s%s", bases[i], forms[k]);
            const struct framing *framing = framing_find(name);
            ck_assert_msg(framing != NULL, "%s", name);
            ck_assert_uint_eq(framing->tpdu, k % 2 == 1 ? TPDU_LEN : 0);
            ck_assert_uint_eq(framing->etx, k >= 2);
            ck_assert_uint_eq(framing->file, 0);
        }
    }
    for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
        ck_assert_msg(framing_find(others[i]) != NULL, "%s", others[i]);
    }
    size_t count = 0;
    for (; framing_at(count) != NULL; count++) {
        ck_assert_ptr_eq(framing_find(framing_at(count)->name), framing_at(count));
    }
    ck_assert_uint_eq(count, ARRAY_COUNT(bases) * ARRAY_COUNT(forms) + ARRAY_COUNT(others));
    const char *names[FRAMING_COUNT_MAX];
    ck_assert_uint_eq(framing_names(false, names), count - 4); /* none twice and rdw cut files */
    ck_assert_uint_eq(framing_names(true, names), ARRAY_COUNT(bases) + 2);
}
END_TEST

START_TEST(name_with_a_header_holds_it)
{
    struct framing framing;
    ck_assert_int_eq(framing_parse(SPAN_LITERAL("len2+header:ISO026000050+tpdu+etx"), &framing), 0);
    ck_assert_str_eq(framing.name, "len2+header:ISO026000050+tpdu+etx");
    ck_assert_uint_eq(framing.header_len, 12);
    ck_assert_mem_eq(framing.header, "ISO026000050", 12);
    ck_assert_uint_eq(framing.tpdu, TPDU_LEN);
    ck_assert_uint_eq(framing.etx, 1);
    ck_assert_int_eq(framing_parse(SPAN_LITERAL("ascii4+header:0x00fF2b"), &framing), 0);
    ck_assert_uint_eq(framing.header_len, 3);
    ck_assert_mem_eq(framing.header, "\x00\xFF+", 3);
    ck_assert_int_eq(framing_parse(SPAN_LITERAL("vap+header:x"), &framing), 0);
    ck_assert_uint_eq(framing.header_len, 1);
    ck_assert_int_eq(framing_parse(SPAN_LITERAL("len2+tpdu"), &framing), 0);
    ck_assert_mem_eq(&framing, framing_find("len2+tpdu"), sizeof framing);
    /* The longest there is. */
    ck_assert_int_eq(framing_parse(SPAN_LITERAL("ascii4i+header:0x000102030405060708090A0B0C0D0E0F+"
                                                "tpdu+etx"),
                                   &framing),
                     0);
    ck_assert_uint_eq(framing.header_len, FRAMING_HEADER_LEN_MAX);
}
END_TEST

START_TEST(name_that_is_none_is_refused)
{
    static const struct {
        const char *name;
        int err;
    } rows[] = {
        {"", ERR_NOT_FOUND},
        {"len5", ERR_NOT_FOUND},
        {"len", ERR_NOT_FOUND},
        {"len2+", ERR_NOT_FOUND},
        {"len2+tpd", ERR_NOT_FOUND},
        {"+tpdu", ERR_NOT_FOUND},
        {"len2+etx+tpdu", ERR_NOT_FOUND}, /* as they stand on the wire */
        {"len2+tpdu+header:ISO", ERR_NOT_FOUND},
        {"len2+header:ISO+header:ISO", ERR_NOT_FOUND},
        {"lan2+header:ISO", ERR_NOT_FOUND},
        {"vap+tpdu", ERR_NOT_FOUND},
        {"len2+header", ERR_NOT_FOUND},
        {"len2+header:", ERR_FORMAT},
        {"len2+header:+tpdu", ERR_FORMAT},
        {"len2+header:A B", ERR_FORMAT},
        {"len2+header:0x", ERR_FORMAT},
        {"len2+header:0x123", ERR_FORMAT},
        {"len2+header:0x1G", ERR_FORMAT},
        {"len2+header:12345678901234567", ERR_FORMAT},
        {"len2+header:0x0001020304050607080910111213141516", ERR_FORMAT},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct framing framing;
        int err = framing_parse(span_text(rows[i].name), &framing);
        ck_assert_msg(err == rows[i].err, "%s: %d", rows[i].name, err);
        ck_assert_msg(framing_find(rows[i].name) == NULL, "%s", rows[i].name);
    }
}
END_TEST

/* --- known frames ----------------------------------------------------------------------------- */

/* @head and @tail are what a framing adds to "0800" (or @message). A TPDU is that of the answer: it
 * reads as it stands, and is written when it is turned. */
static const struct {
    const char *framing;
    const char *head;
    const char *message;
    const char *tail;
} known[] = {
    /* jPOS PostChannel; moov-io/iso8583 network.Binary2Bytes */
    {"len2", "0004", "30383030", ""},
    {"len2", "0028",
     "30303030303030303030303030303030303030303030303030303030303030303030303030303030", ""},
    /* jPOS AmexChannel: the length counts its own two bytes */
    {"len2i", "0006", "30383030", ""},
    {"len3", "000004", "30383030", ""},
    {"len3i", "000007", "30383030", ""},
    /* jPOS RawChannel */
    {"len4", "00000004", "30383030", ""},
    {"len4i", "00000008", "30383030", ""},
    /* jPOS CSChannel: the length, then 00 00 */
    {"len2z", "00040000", "30383030", ""},
    /* z/OS DFSMS Using Data Sets: the record descriptor word, LL counting its four bytes, then 00
       00 */
    {"len2zi", "00080000", "30383030", ""},
    /* jPOS NACChannel: length, TPDU, message */
    {"len2+tpdu", "0009 6080250010", "30383030", ""},
    /* jPOS BCDChannel, moov-io/iso8583 network.BCD2Bytes: 12 is 00 12 */
    {"bcd2", "0012", "303830303038303030383030", ""},
    {"bcd2i", "0014", "303830303038303030383030", ""},
    /* jPOS NCCChannel, as M01 of tests/vectors/messages.json: 36 bytes with the TPDU */
    {"bcd2+tpdu", "0009 6080250010", "30383030", ""},
    /* jPOS ASCIIChannel, with 4 digits and with others */
    {"ascii4", "30303034", "30383030", ""},
    {"ascii4i", "30303038", "30383030", ""},
    {"ascii2", "3034", "30383030", ""},
    {"ascii3", "303034", "30383030", ""},
    {"ascii5", "3030303034", "30383030", ""},
    {"ascii6", "303030303034", "30383030", ""},
    {"ascii7", "30303030303034", "30383030", ""},
    {"ascii8", "3030303030303034", "30383030", ""},
    /* M15a of tests/vectors/messages.json: ASCIIChannel and a header */
    {"ascii4+header:demoJMeter", "30303134 64656D6F4A4D65746572", "30383030", ""},
    /* jPOS HEXChannel; moov-io/iso8583 network.Hex4Bytes: 12 is 000C */
    {"hex4", "30303043", "303830303038303030383030", ""},
    {"hex4i", "30303130", "303830303038303030383030", ""},
    /* M10 of tests/vectors/messages.json: 2 bytes and the header "0110000000" */
    {"len2+header:0110000000", "000E 30313130303030303030", "30383030", ""},
    /* jPOS BASE24TCPChannel: 03 behind the message, counted; with BASE24's usual header */
    {"len2+etx", "0005", "30383030", "03"},
    {"len2+header:ISO026000050+etx", "0011 49534F303236303030303530", "30383030", "03"},
    {"len2+header:0x0102+tpdu+etx", "000C 0102 6080250010", "30383030", "03"},
    {"ascii4+tpdu+etx", "30303130 6080250010", "30383030", "03"},
    /* jPOS VAPChannel: the length and two bytes that belong to the network */
    {"vap", "0004 0014", "30383030", ""},
    /* moov-io/iso8583 network.VMLH: a reserved byte, then format and platform; format 2 is control
     */
    {"vml", "0004 0014", "30383030", ""},
    {"rdw", "00000004", "30383030", ""},
    {"rdw1014", "00000004", "30383030", ""},
    {"none", "", "30383030", ""},
    {"none+tpdu", "6080250010", "30383030", ""},
};

START_TEST(known_frames_are_read_and_written)
{
    for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
        struct framing framing;
        uint8_t bytes[HEX_MAX], room[HEX_MAX], message_bytes[HEX_MAX];
        char hex[HEX_MAX];
        struct span tpdu, message;
        size_t at;
        ck_assert_int_eq(framing_parse(span_text(known[i].framing), &framing), 0);
        (void)snprintf(hex, sizeof hex, "%s%s%s", known[i].head, known[i].message, known[i].tail);
        struct span frame = unhex(hex, bytes);
        struct span wanted = unhex(known[i].message, message_bytes);
        ck_assert_msg(next(&framing, frame, &tpdu, &message, &at) == 1, "%s", framing.name);
        ck_assert_msg(at == frame.len, "%s: %zu", framing.name, at);
        ck_assert_msg(span_equal(message, wanted), "%s", framing.name);
        ck_assert_msg(span_equal(tpdu, answer_tpdu_of(&framing)), "%s", framing.name);
        struct writer out = writer_make(room, sizeof room);
        ck_assert_int_eq(put_frame(&framing, wanted, &out), 0);
        ck_assert_msg(span_equal(writer_written(&out), frame), "%s", framing.name);
    }
}
END_TEST

START_TEST(frame_without_a_message_is_a_keep_alive)
{
    static const struct {
        const char *framing;
        const char *hex;
        size_t tpdu_len;
    } rows[] = {
        {"len2", "0000", 0},
        {"len2+tpdu", "0000", 0},
        {"len2+tpdu", "0005 6000108025", TPDU_LEN},
        {"len2i", "0002", 0},
        {"len2i", "0000", 0}, /* jPOS AmexChannel's poll */
        {"len3", "000000", 0},
        {"len4i", "00000000", 0},
        {"len2z", "00000000", 0}, /* jPOS CSChannel's */
        {"len2zi", "00040000", 0},
        {"len2zi", "00000000", 0},
        {"bcd2", "0000", 0},
        {"ascii4", "30303030", 0},
        {"ascii4i", "30303034", 0},
        {"hex4", "30303030", 0},
        {"len2+etx", "0000", 0}, /* jPOS BASE24TCPChannel's */
        {"len2+etx", "000103", 0},
        {"len2+header:AB", "0000", 0},
        {"len2+header:AB+etx", "0003 4142 03", 0},
        {"vap", "00000000", FRAME_LABEL_LEN}, /* jPOS VAPChannel's poll */
        {"vap", "0000 0010", FRAME_LABEL_LEN},
        {"vml", "0000 0000", FRAME_LABEL_LEN},
        /* moov-io/iso8583 network/vml_header_test.go: 15 bytes of session control */
        {"vml", "000F 0020 000102030405060708090A0B0C0D0E", FRAME_LABEL_LEN},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct framing framing;
        uint8_t bytes[HEX_MAX];
        struct span tpdu, message;
        size_t at;
        ck_assert_int_eq(framing_parse(span_text(rows[i].framing), &framing), 0);
        struct span frame = unhex(rows[i].hex, bytes);
        for (size_t len = 0; len <= frame.len; len++) {
            int rc = next(&framing, span_first(frame, len), &tpdu, &message, &at);
            ck_assert_msg(rc == (len == frame.len), "%s %s: %d", framing.name, rows[i].hex, rc);
        }
        ck_assert_uint_eq(at, frame.len);
        ck_assert_uint_eq(message.len, 0);
        ck_assert_msg(tpdu.len == rows[i].tpdu_len, "%s %s", framing.name, rows[i].hex);
    }
}
END_TEST

/* --- wrong bytes ------------------------------------------------------------------------------ */

START_TEST(wrong_bytes_are_told_as_soon_as_they_are_there)
{
    static const struct {
        const char *framing;
        const char *hex; /* the error shows with its last byte, not before */
        int err;
        size_t at;
    } rows[] = {
        {"len2", "1001", ERR_FRAME_LENGTH, 0},
        {"len3", "FFFFFF", ERR_FRAME_LENGTH, 0},
        {"len4", "FFFFFFFF", ERR_FRAME_LENGTH, 0},
        {"len4i", "00001005", ERR_FRAME_LENGTH, 0},
        {"len4i", "FFFFFFFF", ERR_FRAME_LENGTH, 0},
        {"ascii4", "34303937", ERR_FRAME_LENGTH, 0},
        {"ascii8", "3939393939393939", ERR_FRAME_LENGTH, 0},
        {"bcd2", "4097", ERR_FRAME_LENGTH, 0},
        {"hex4", "31303031", ERR_FRAME_LENGTH, 0},
        {"len2i", "0001", ERR_FRAME_LENGTH, 0},
        {"len2zi", "0003", ERR_FRAME_LENGTH, 0},
        {"ascii4i", "30303033", ERR_FRAME_LENGTH, 0},
        {"len2+tpdu", "0004", ERR_FRAME_LENGTH, 0},
        {"len2+tpdu+etx", "0005", ERR_FRAME_LENGTH, 0},
        {"len2+header:ABC", "0002", ERR_FRAME_LENGTH, 0},
        {"bcd2", "0A00", ERR_FORMAT, 0},
        {"bcd2", "00A0", ERR_FORMAT, 1},
        {"ascii4", "30306130", ERR_FORMAT, 2},
        {"ascii4", "3030303A", ERR_FORMAT, 3},
        {"ascii2", "2030", ERR_FORMAT, 0},
        {"hex4", "30306730", ERR_FORMAT, 2},
        {"len2z", "00040001", ERR_FORMAT, 3},
        {"len2z", "00040100", ERR_FORMAT, 2},
        {"len2z", "00000001", ERR_FORMAT, 3},
        {"len2+header:ISO", "0007 4A", ERR_FORMAT, 2},
        {"len2+header:ISO", "0007 4953 30", ERR_FORMAT, 4},
        {"ascii4+header:0x00FF+tpdu", "30303131 00FE", ERR_FORMAT, 5},
        {"len2+etx", "0002 4104", ERR_FORMAT, 3},
        {"len2+header:I+tpdu+etx", "0008 49 6000000000 41 00", ERR_FORMAT, 9},
        {"none+tpdu", "6000", ERR_FRAME_LENGTH, 0},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct framing framing;
        uint8_t bytes[HEX_MAX];
        struct span tpdu, message;
        size_t at;
        ck_assert_int_eq(framing_parse(span_text(rows[i].framing), &framing), 0);
        struct span stream = unhex(rows[i].hex, bytes);
        bool is_stream = framing.width != 0;
        for (size_t len = 0; is_stream && len < stream.len; len++) {
            int rc = next(&framing, span_first(stream, len), &tpdu, &message, &at);
            ck_assert_msg(rc == 0, "%s %s at %zu: %d", framing.name, rows[i].hex, len, rc);
        }
        int rc = next(&framing, stream, &tpdu, &message, &at);
        ck_assert_msg(rc == rows[i].err, "%s %s: %d", framing.name, rows[i].hex, rc);
        ck_assert_msg(at == rows[i].at, "%s %s: %zu", framing.name, rows[i].hex, at);
    }
}
END_TEST

START_TEST(any_one_wrong_byte_is_an_error_or_another_frame)
{
    struct framing framing;
    for (size_t i = 0; framing_nth(i, &framing); i++) {
        uint8_t bytes[64];
        struct writer out = writer_make(bytes, sizeof bytes);
        ck_assert_int_eq(put_frame(&framing, SPAN_LITERAL("0800abc"), &out), 0);
        for (size_t at = 0; at < out.len; at++) {
            uint8_t good = bytes[at];
            for (unsigned bit = 1; bit < 256; bit <<= 1) {
                struct span tpdu, message;
                size_t place;
                bytes[at] = (uint8_t)(good ^ bit);
                int rc = next(&framing, writer_written(&out), &tpdu, &message, &place);
                EXPECT(rc == 1 || rc == 0 || rc == ERR_FORMAT || rc == ERR_FRAME_LENGTH,
                       framing.name);
                EXPECT(rc != 1 || place <= out.len, framing.name);
                bool in_header = at >= (size_t)framing.width && framing.header_len != 0 &&
                                 framing.tpdu != FRAME_LABEL_LEN &&
                                 at < (size_t)framing.width + framing.header_len &&
                                 strncmp(framing.name, "len2z", 5) != 0;
                EXPECT(!in_header || (rc == ERR_FORMAT && place == at), framing.name);
            }
            bytes[at] = good;
        }
    }
}
END_TEST

/* --- streams ---------------------------------------------------------------------------------- */

struct expected {
    struct span message;
    struct span tpdu;
};

/* The stream arrives up to @cuts[0], then up to @cuts[1]... ; what comes out must be @expected. */
static void assert_pieces(const struct framing *framing, struct span stream, const size_t *cuts,
                          size_t cut_count, const struct expected *expected, size_t count)
{
    size_t seen = 0;
    size_t consumed = 0;
    for (size_t i = 0; i < cut_count; i++) {
        struct span tpdu, message;
        size_t len;
        int rc;
        while ((rc = next(framing, span_skip(span_first(stream, cuts[i]), consumed), &tpdu,
                          &message, &len)) == 1) {
            consumed += len;
            EXPECT(seen < count, framing->name);
            EXPECT(span_equal(message, expected[seen].message), framing->name);
            if (message.len != 0) {
                EXPECT(span_equal(tpdu, expected[seen].tpdu), framing->name);
            }
            seen++;
        }
        EXPECT(rc == 0, framing->name);
    }
    EXPECT(seen == count, framing->name);
    EXPECT(consumed == stream.len, framing->name);
}

START_TEST(every_split_of_a_stream_gives_the_same_frames)
{
    static uint8_t big[260];
    struct framing framing;
    memset(big, 'x', sizeof big);
    for (size_t i = 0; framing_nth(i, &framing); i++) {
        uint8_t buffer[640];
        struct writer out = writer_make(buffer, sizeof buffer);
        if (framing.file) {
            continue;
        }
        size_t big_len =
            message_len_max(&framing) < sizeof big ? message_len_max(&framing) : sizeof big;
        struct span turned = answer_tpdu_of(&framing);
        struct expected expected[] = {
            {SPAN_LITERAL("a"), turned},    {SPAN_NONE, SPAN_NONE},
            {SPAN_NONE, SPAN_NONE},         {span_make(big, big_len), turned},
            {SPAN_LITERAL("0200"), turned}, {SPAN_NONE, SPAN_NONE},
        };
        for (size_t k = 0; k < ARRAY_COUNT(expected); k++) {
            if (expected[k].message.len == 0) {
                put_keepalive(&framing, &out);
            } else {
                ck_assert_int_eq(put_frame(&framing, expected[k].message, &out), 0);
            }
        }
        ck_assert(!out.overflow);
        size_t each[sizeof buffer];
        for (size_t cut = 0; cut <= out.len; cut++) {
            size_t cuts[] = {cut, out.len};
            each[cut] = cut;
            assert_pieces(&framing, writer_written(&out), cuts, 2, expected, ARRAY_COUNT(expected));
        }
        assert_pieces(&framing, writer_written(&out), each, out.len + 1, expected,
                      ARRAY_COUNT(expected));
    }
}
END_TEST

START_TEST(what_is_written_is_read_back_at_every_edge)
{
    static uint8_t buffer[FRAME_HEAD_LEN_MAX + FRAME_LEN_MAX + 1], body[FRAME_LEN_MAX + 1];
    struct framing framing;
    memset(body, 0x03, sizeof body); /* as an ETX, which it is not */
    for (size_t i = 0; framing_nth(i, &framing); i++) {
        size_t max = message_len_max(&framing);
        size_t lens[] = {1,   9,   10,  15,   16,   77,   78,      99,  100,     255,
                         256, 257, 999, 1000, 1012, 1024, max - 1, max, max + 1, FRAME_LEN_MAX + 1};
        for (size_t k = 0; k < ARRAY_COUNT(lens); k++) {
            struct writer out = writer_make(buffer, sizeof buffer);
            struct span message = span_make(body, lens[k]);
            struct span tpdu, read;
            size_t at;
            int rc = put_frame(&framing, message, &out);
            ck_assert_msg(rc == (lens[k] <= max ? 0 : ERR_FRAME_LENGTH), "%s %zu: %d", framing.name,
                          lens[k], rc);
            if (rc < 0) {
                continue;
            }
            rc = next(&framing, writer_written(&out), &tpdu, &read, &at);
            ck_assert_msg(rc == 1, "%s %zu: %d", framing.name, lens[k], rc);
            ck_assert_uint_eq(at, out.len);
            ck_assert(span_equal(read, message));
            ck_assert(span_equal(tpdu, answer_tpdu_of(&framing)));
            if (framing.width != 0) {
                ck_assert_int_eq(next(&framing, span_make(buffer, out.len - 1), &tpdu, &read, &at),
                                 0);
            }
        }
    }
}
END_TEST

START_TEST(answer_without_a_request_is_unaddressed)
{
    uint8_t head[FRAME_HEAD_LEN_MAX];
    ck_assert_int_eq(frame_head(framing_find("len2+tpdu"), SPAN_NONE, 3, head), 7);
    ck_assert_mem_eq(head, "\x00\x08\x60\x00\x00\x00\x00", 7);
    ck_assert_int_eq(frame_head(framing_find("vap"), SPAN_NONE, 3, head), 4);
    ck_assert_mem_eq(head, "\x00\x03\x00\x00", 4);
    /* What is no TPDU of this framing is not written into it. */
    ck_assert_int_eq(frame_head(framing_find("vap"), span_make(tpdu_in, TPDU_LEN), 3, head), 4);
    ck_assert_mem_eq(head, "\x00\x03\x00\x00", 4);
    ck_assert_int_eq(frame_head(framing_find("len2+tpdu"), span_make(label, sizeof label), 3, head),
                     7);
    ck_assert_mem_eq(head, "\x00\x08\x60\x00\x00\x00\x00", 7);
    ck_assert_int_eq(frame_head(framing_find("len2"), span_make(tpdu_in, TPDU_LEN), 3, head), 2);
    ck_assert_mem_eq(head, "\x00\x03", 2);
}
END_TEST

/* --- files ------------------------------------------------------------------------------------ */

START_TEST(file_ends_with_a_length_of_0_and_only_filling_behind_it)
{
    uint8_t bytes[HEX_MAX];
    struct span tpdu, message;
    size_t at;
    const struct framing *rdw = framing_find("rdw");
    struct span end = unhex("00000000 40404040", bytes);
    ck_assert_int_eq(next(rdw, end, &tpdu, &message, &at), 1);
    ck_assert_uint_eq(message.len, 0);
    ck_assert_uint_eq(at, 8);
    end = unhex("00000000", bytes);
    ck_assert_int_eq(next(rdw, end, &tpdu, &message, &at), 1);
    ck_assert_uint_eq(at, 4);
    end = unhex("00000000 40404100", bytes);
    ck_assert_int_eq(next(rdw, end, &tpdu, &message, &at), ERR_FORMAT);
    ck_assert_uint_eq(at, 6);
    ck_assert_int_eq(next(framing_find("none"), SPAN_NONE, &tpdu, &message, &at), 0);
}
END_TEST

START_TEST(blocks_lose_their_ends_in_place)
{
    static uint8_t bytes[2 * FRAME_BLOCK_LEN];
    size_t at = 0;
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = i % FRAME_BLOCK_LEN < FRAME_BLOCK_DATA_LEN ? (uint8_t)(i / FRAME_BLOCK_LEN + 1)
                                                              : FRAME_FILL;
    }
    struct writer out = writer_make(bytes, sizeof bytes);
    ck_assert_int_eq(frame_unblock(span_make(bytes, sizeof bytes), &out, &at), 0);
    ck_assert_uint_eq(out.len, 2 * FRAME_BLOCK_DATA_LEN);
    for (size_t i = 0; i < out.len; i++) {
        ck_assert_uint_eq(bytes[i], i / FRAME_BLOCK_DATA_LEN + 1);
    }
}
END_TEST

START_TEST(block_that_ends_otherwise_is_told_by_its_byte)
{
    static uint8_t bytes[2 * FRAME_BLOCK_LEN], room[2 * FRAME_BLOCK_LEN];
    size_t at = 0;
    memset(bytes, FRAME_FILL, sizeof bytes);
    struct writer out = writer_make(room, sizeof room);
    ck_assert_int_eq(frame_unblock(span_make(bytes, sizeof bytes - 1), &out, &at), ERR_FORMAT);
    ck_assert_uint_eq(at, sizeof bytes - 1);
    bytes[FRAME_BLOCK_LEN + FRAME_BLOCK_DATA_LEN + 1] = 0;
    out = writer_make(room, sizeof room);
    ck_assert_int_eq(frame_unblock(span_make(bytes, sizeof bytes), &out, &at), ERR_FORMAT);
    ck_assert_uint_eq(at, FRAME_BLOCK_LEN + FRAME_BLOCK_DATA_LEN + 1);
    out = writer_make(room, sizeof room);
    ck_assert_int_eq(frame_unblock(SPAN_NONE, &out, &at), 0);
    ck_assert_uint_eq(out.len, 0);
}
END_TEST

SUITE_MAIN("frame", every_named_framing_is_there_once, name_with_a_header_holds_it,
           name_that_is_none_is_refused, known_frames_are_read_and_written,
           frame_without_a_message_is_a_keep_alive, wrong_bytes_are_told_as_soon_as_they_are_there,
           any_one_wrong_byte_is_an_error_or_another_frame,
           every_split_of_a_stream_gives_the_same_frames,
           what_is_written_is_read_back_at_every_edge, answer_without_a_request_is_unaddressed,
           file_ends_with_a_length_of_0_and_only_filling_behind_it, blocks_lose_their_ends_in_place,
           block_that_ends_otherwise_is_told_by_its_byte)
