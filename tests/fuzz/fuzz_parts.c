/* Input: what a composite is (a layout and its columns), then its bytes.
 *
 * Whatever the bytes: each part moves on and lies within; paths lead to what the walk found; and
 * the parts written one after the other are read as the same. */
#include "iso8583/parts.h"
#include "tests/fuzz/fuzz.h"

enum { HEAD_LEN = 10, BYTES_LEN_MAX = 2048, PARTS_MAX = 1024 };

static const struct iso_parts inner = {.layout = ISO_BER};

/* Of every kind one. */
static const struct iso_part_row rows[] = {
    {1, {.name = "n", .len = 5, .content = ISO_N, .coding = ISO_BCD, .pad = ISO_PAD_0_FRONT}},
    {2, {.name = "var", .len = 99, .content = ISO_ANS, .coding = ISO_CP500, .prefix = 2}},
    {3, {.name = "z", .len = 37, .content = ISO_Z, .prefix = 1, .prefix_coding = ISO_BINARY}},
    {4, {.name = "hex", .len = 4, .content = ISO_B, .coding = ISO_HEX}},
    {5, {.name = "token", .len = 50, .content = ISO_ANS, .extent = ISO_EXTENT_TOKEN, .token = ';'}},
    {64,
     {.name = "tags",
      .parts = &inner,
      .len = 999,
      .content = ISO_B,
      .coding = ISO_BINARY,
      .prefix = 2,
      .prefix_coding = ISO_BINARY}},
    {70, {.name = "sign", .len = 9, .content = ISO_XN, .coding = ISO_CP037}},
    {0x9F26, {.name = "b", .len = 8, .content = ISO_B, .coding = ISO_BINARY}},
};

static struct iso_parts parts_of(const uint8_t *data)
{
    static const uint8_t tag_codings[] = {ISO_ASCII, ISO_BINARY, ISO_CP500, ISO_BCD};
    static const uint8_t length_codings[] = {ISO_ASCII, ISO_BINARY, ISO_CP500, ISO_BCD};
    static const uint8_t bitmap_codings[] = {ISO_BINARY, ISO_HEX, ISO_HEX_EBCDIC};
    struct iso_parts parts = {.layout = data[0] % (ISO_DATASETS + 1),
                              .bitmap_coding = bitmap_codings[data[1] % 3],
                              .bitmap_len = (uint8_t)(1 + data[2] % PARTS_BITMAP_LEN_MAX),
                              .bitmap_grows = data[3] % 2,
                              .tag_coding = tag_codings[data[4] % 4],
                              .tag_len = (uint8_t)(1 + data[5] % PARTS_TAG_LEN_MAX),
                              .length_coding = length_codings[data[6] % 4],
                              .length_len = (uint8_t)(1 + data[7] % 3),
                              .length_with_tag = data[8] % 2,
                              .count = ARRAY_COUNT(rows),
                              .rows = rows};
    parts.tag_len &= parts.tag_coding == ISO_BCD ? 0xFE : 0xFF;
    parts.tag_len = parts.tag_len == 0 ? 2 : parts.tag_len;
    parts.other = data[9] % 2 == 0 ? rows[1].row : (struct iso_field_row){.name = NULL};
    return parts;
}

/* Walk over @bytes and keep what was found. Returns the number of parts, or a negative enum err. */
static int walk_over(const struct iso_parts *parts, struct span bytes, uint8_t *scratch_bytes,
                     struct iso_part_value *values)
{
    struct writer scratch = writer_make(scratch_bytes, 2 * bytes.len + 2);
    struct parts_walk walk = parts_walk(parts, bytes);
    struct iso_part part;
    struct iso_error error;
    int count = 0;
    size_t at = 0;
    for (;;) {
        int result = parts_next(&walk, &scratch, &part, &error);
        CHECK(result != ERR_SPACE);
        if (result < 0) {
            CHECK(error.code == result && error.at <= bytes.len && error.what != NULL);
            return result;
        }
        if (result == 0) {
            CHECK(walk.count == (unsigned)count && walk.unknown <= walk.count);
            return count;
        }
        CHECK(part.at >= at && part.raw.ptr == bytes.ptr + part.at);
        CHECK(part.raw.len <= bytes.len - part.at);
        at = part.at + part.raw.len;
        if (count == PARTS_MAX) {
            return ERR_FULL;
        }
        values[count++] = (struct iso_part_value){part.tag, part.value};
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct iso_part_value first[PARTS_MAX];
    static struct iso_part_value second[PARTS_MAX];
    static uint8_t scratch_a[2 * BYTES_LEN_MAX + 2];
    static uint8_t scratch_b[64 * BYTES_LEN_MAX];
    static uint8_t scratch_c[8 * BYTES_LEN_MAX];
    static uint8_t out_bytes[16 * BYTES_LEN_MAX];
    if (size < HEAD_LEN || size > BYTES_LEN_MAX) {
        return 0;
    }
    struct iso_parts parts = parts_of(data);
    struct span bytes = span_make(data + HEAD_LEN, size - HEAD_LEN);
    struct iso_field_row holder = {.name = "x", .parts = &parts, .len = 999, .content = ISO_B};
    struct iso_error error;
    struct iso_part part;
    struct writer scratch = writer_make(scratch_c, sizeof scratch_c);
    int deep = parts_check(&holder, bytes, &scratch, NULL, &error);
    CHECK(deep == 0 || (error.code == deep && strlen(error.path) < ISO_PATH_LEN_MAX));
    int count = walk_over(&parts, bytes, scratch_a, first);
    if (count < 0) {
        return 0;
    }
    for (int i = 0; i < count && i < 8; i++) {
        char path[ISO_PATH_LEN_MAX];
        uint64_t tag;
        (void)parts_tag_text(&parts, first[i].tag, path, sizeof path);
        scratch.len = 0;
        if (parts_tag_parse(&parts, span_text(path), &tag) == 0 && tag == first[i].tag) {
            CHECK(parts_find(&holder, bytes, path, &scratch, &part, &error) == 0);
            CHECK(part.tag == tag);
        }
    }
    struct writer out = writer_make(out_bytes, sizeof out_bytes);
    int result = parts_encode(&parts, first, (size_t)count, &out, &error);
    if (result < 0) {
        CHECK(error.code == result);
        return 0; /* a part too long for its row where the layout let it pass */
    }
    int again = walk_over(&parts, writer_written(&out), scratch_b, second);
    CHECK(again == count);
    for (int i = 0; i < count; i++) {
        CHECK(first[i].tag == second[i].tag);
    }
    return 0;
}
